"""Darts: hit by hit monte_carlo_integral's, and the error falls like one over the square root of N."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from book_lib.explorables import Darts
from book_lib.probability import monte_carlo_integral
from book_lib.rng import CounterRNG
from tests.site.driver import Live

PAGE = "chapters/probability.html"


@pytest.fixture
def darts(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="darts"), "darts")


def start(x: Live, shape: str = "quarter", seed: int = 0, darts: int = 0) -> Live:
    x.set(shape=shape, seed=seed, darts=darts)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def test_the_quarter_circle_is_monte_carlo_integrals(darts: Live) -> None:
    def quarter(points: np.ndarray) -> np.ndarray:
        return ((points**2).sum(axis=1) <= 1).astype(float)

    for seed in (0, 7, 2**32 - 1):
        start(darts, seed=seed)
        thrown = 0
        for n in (2, 100, 12_345):
            shown = darts.step(n - thrown).readouts()
            thrown = n
            seen = monte_carlo_integral(quarter, [0, 0], [1, 1], n, CounterRNG(seed))
            assert shown["darts"] == n
            assert shown["estimate"] == pytest.approx(seen.mean, abs=1e-12)
            assert shown["error"] == pytest.approx(seen.error, rel=1e-9)
            assert shown["hits"] == round(seen.mean * n)


def test_the_flower_is_the_classs(darts: Live) -> None:
    start(darts, "flower", 5)
    shown = darts.step(20_000).readouts()
    seen = Darts(shape="flower", seed=5).estimate(20_000)
    assert shown["estimate"] == pytest.approx(seen.mean, abs=1e-12)
    assert shown["exact"] == pytest.approx(math.pi * 0.36**2 * (1 + 0.3**2 / 2), rel=1e-12)
    assert abs(shown["estimate"] - shown["exact"]) < 4 * shown["error"]


def test_pi_within_four_errors_and_the_error_falls_as_it_should(darts: Live) -> None:
    sigma = math.sqrt(math.pi / 4 * (1 - math.pi / 4))
    start(darts, seed=3)
    counts, typical = [10, 100, 1000, 10_000, 100_000], []
    for before, n in itertools.pairwise([0, *counts]):
        shown = darts.step(n - before).readouts()
        typical.append(shown["typical"])
    assert shown["exact"] == math.pi / 4
    assert abs(shown["four_times"] - math.pi) < 4 * 4 * shown["error"]
    assert shown["error"] == pytest.approx(sigma / math.sqrt(100_000), rel=0.01)
    np.testing.assert_allclose(
        typical * np.sqrt(counts), sigma, rtol=0.6
    )  # 20 boards: within 1/√40 or so each
    assert np.polyfit(np.log(counts), np.log(typical), 1)[0] == pytest.approx(-0.5, abs=0.08)


def test_a_board_is_full_at_a_hundred_thousand(darts: Live) -> None:
    start(darts).step(200_000)
    assert darts.readouts()["darts"] == 100_000
    assert "hundred times" in darts.box.locator(".xp-caption").inner_text()


def test_words_before_the_first_darts(darts: Live) -> None:
    assert "No darts yet" in start(darts).box.locator(".xp-caption").inner_text()
    assert "One dart" in darts.step(1).box.locator(".xp-caption").inner_text()
    assert math.isnan(darts.readouts()["error"])


def test_buttons_throw_and_the_board_shows_it(darts: Live) -> None:
    start(darts)
    pictures = [darts.box.locator("canvas").evaluate("c => c.toDataURL()")]
    for name, n in (("Step", 1), ("+100", 101), ("+10\u202f000", 10_101)):
        darts.box.get_by_role("button", name=name, exact=True).click()
        assert darts.settle().readouts()["darts"] == n
        pictures.append(darts.box.locator("canvas").evaluate("c => c.toDataURL()"))
    assert len(set(pictures)) == 4


def test_play_throws_and_pause_stops(darts: Live) -> None:
    start(darts)
    darts.button("Play").click()
    handle = darts.box.element_handle()
    darts.page.wait_for_function(
        "el => el.closest('.explorable-live').model.get('readouts').darts >= 2", arg=handle
    )
    darts.button("Pause").press("Enter")
    count = darts.settle().readouts()["darts"]
    darts.page.wait_for_timeout(500)
    assert darts.readouts()["darts"] == count


def test_the_board_is_told_in_words(darts: Live) -> None:
    for shape, words in (
        ("quarter", "a quarter circle, 50 darts"),
        ("flower", "a flower with five petals, 50 darts"),
    ):
        start(darts, shape, darts=50)
        board = darts.box.get_by_role("img", name="A square board")
        assert words in (board.get_attribute("aria-label") or "")
    assert "Exact area" in darts.box.inner_text()
