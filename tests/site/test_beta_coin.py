"""The coin in the page: posterior, interval and prediction are the library's; the density has area one."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from book_lib.explorables import BetaCoin
from book_lib.probability import Beta
from tests.site.driver import Live

FRESH = {"a": 1, "b": 1, "heads": 0, "tails": 0, "reveal": False, "seed": 0}


@pytest.fixture
def coin(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/probability.html", alone="beta_coin"), "beta_coin").set(**FRESH)


def test_posterior_adds_what_was_seen(coin: Live) -> None:
    for a, b, heads, tails in [(1, 1, 0, 0), (2, 5, 7, 3), (10, 10, 300, 700), (30, 0.5, 0, 4)]:
        shown = coin.set(a=a, b=b, heads=heads, tails=tails).readouts()
        law = Beta(a, b).update(heads, tails)
        assert (shown["posterior_a"], shown["posterior_b"]) == (law.a, law.b) == (a + heads, b + tails)
        assert shown["mean"] == pytest.approx(law.mean, rel=1e-12)
        assert shown["variance"] == pytest.approx(law.variance, rel=1e-12)
        assert (shown["interval_low"], shown["interval_high"]) == pytest.approx(law.interval(0.95), rel=1e-9)
        assert shown["predictive"] == pytest.approx(law.predictive().mean, rel=1e-12)
        assert shown["area"] == pytest.approx(1, abs=0.02 if min(law.a, law.b) < 1 else 1e-5)
    assert coin.set(a=2, b=2, heads=7, tails=3).readouts()["map"] == pytest.approx(8 / 12, rel=1e-12)


def test_flips_are_the_librarys(coin: Live) -> None:
    for seed in (0, 7):
        for n in (1, 10, 100, 1000):
            coin.set(seed=seed)
            coin.button(f"After {n} flips").click()
            heads = int(BetaCoin(seed=seed).flip(n).sum())
            assert (coin.settle().get("heads"), coin.get("tails")) == (heads, n - heads)


def test_steps_go_on_where_the_flips_ended(coin: Live) -> None:
    coin.set(seed=3)
    coin.button("After 10 flips").click()
    coin.step(25)
    heads = int(BetaCoin(seed=3).flip(35).sum())
    assert (coin.get("heads"), coin.get("tails")) == (heads, 35 - heads)


def test_belief_narrows_around_the_coin(coin: Live) -> None:
    """Each ten times as many flips make it narrower by about √10; at the end it holds the coin's bias."""
    coin.set(reveal=True)
    widths = []
    for n in (10, 100, 1000):
        coin.button(f"After {n} flips").click()
        widths.append(coin.settle().readouts()["standard_deviation"])
    shown = coin.readouts()
    assert all(2 < old / new < 5 for old, new in zip(widths, widths[1:], strict=False))
    assert shown["bias"] == pytest.approx(BetaCoin().bias, rel=1e-12)
    assert abs(shown["mean"] - shown["bias"]) < 4 * shown["standard_deviation"]


def test_prediction_is_wider_than_a_plugged_in_bias(coin: Live) -> None:
    """Three heads of three: plugged in, tails can never come; averaged over the bias, they can (P-21)."""
    for _ in range(3):
        coin.button("+ heads").click()
    shown = coin.settle().readouts()
    assert (shown["plug_in"], shown["plug_in_sd"]) == (1, 0)
    assert shown["predictive"] == pytest.approx(4 / 5)
    assert shown["predictive_sd"] > 0
    for heads, tails in ((5, 5), (40, 20)):
        shown = coin.set(heads=heads, tails=tails).readouts()
        assert shown["predictive_sd"] > shown["plug_in_sd"]
