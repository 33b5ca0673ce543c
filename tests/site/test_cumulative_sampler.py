"""The sampler in the page: its half-open intervals, its draws, and the slip that draws what cannot come."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from book_lib.explorables import CumulativeSampler
from book_lib.probability import sample_categorical
from book_lib.rng import CounterRNG
from tests.site.driver import Live

FRESH = {"p": [0.2, 0.5, 0.3], "u": 0.45, "rule": "upper", "bits": "32", "seed": 0}


@pytest.fixture
def sampler(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return start(
        live(open_page("chapters/probability.html", alone="cumulative_sampler"), "cumulative_sampler")
    )


def start(x: Live, **settings: object) -> Live:
    """These settings, nothing drawn."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def counts(x: Live) -> list[int]:
    return [int(one) for one in x.readouts()["counts"].split()]


def test_half_open_intervals(sampler: Live) -> None:
    """P-19: 0, .2, .69999 and .7 give outcomes 0, 1, 1 and 2; with the slip .2 and .7 fall one too low."""
    outcomes = [sampler.set(u=u).readouts()["outcome"] for u in (0, 0.2, 0.69999, 0.7)]
    assert outcomes == [0, 1, 1, 2] == [CumulativeSampler(u=u).outcome() for u in (0, 0.2, 0.69999, 0.7)]
    sampler.set(rule="lower")
    assert [sampler.set(u=u).readouts()["outcome"] for u in (0, 0.2, 0.69999, 0.7)] == [0, 0, 1, 1]


def test_one_itself_falls_off_the_stair(sampler: Live) -> None:
    assert sampler.set(u=1).readouts()["outcome"] == -1
    assert "falls off" in sampler.box.locator(".xp-caption").inner_text()


def test_draws_are_the_librarys(sampler: Live) -> None:
    for p in ([0.2, 0.5, 0.3], [0.0, 0.25, 0.75], [0.1, 0.4, 0.2, 0.1]):
        start(sampler, p=p, seed=11)
        sampler.button("+100").click()
        expected = sample_categorical(np.array(p) / sum(p), 100, CounterRNG(11))
        assert counts(sampler.settle()) == np.bincount(expected, minlength=len(p)).tolist()
        assert CumulativeSampler(p=p, seed=11).draw(100).tolist() == expected.tolist()
        shown = sampler.readouts()
        assert shown["outcome"] == expected[-1]
        fair = np.array(p) / sum(p) * 100
        chi = sum((n - m) ** 2 / m for n, m in zip(counts(sampler), fair, strict=True) if m)
        assert shown["chi_square"] == pytest.approx(chi, rel=1e-9)
        assert shown["freedom"] == np.count_nonzero(p) - 1


def test_search_goes_comparison_by_comparison(sampler: Live) -> None:
    """A step draws u, the next ones compare, from the lowest step up, until one is high enough."""
    first = int(sample_categorical(FRESH["p"], 1, CounterRNG(0))[0])
    sampler.step(1)
    assert sampler.get("u") == CounterRNG(0).random()
    assert sampler.readouts()["draws"] == 0
    assert sampler.box.locator(".xp-cs-search li").count() == 0
    for made in range(1, first + 2):
        sampler.step(1)
        assert sampler.box.locator(".xp-cs-search li").count() == made
    assert sampler.readouts()["draws"] == 1
    assert sampler.readouts()["outcome"] == first
    assert "yes" in sampler.box.locator(".xp-cs-search li").last.inner_text()


def test_only_the_slip_draws_the_impossible(sampler: Live) -> None:
    sampler.button("The slip").click()
    sampler.settle()
    sampler.button("+100").click()
    wrong = counts(sampler.settle())
    assert wrong[0] > 0 and sampler.readouts()["chi_square"] == float("inf")
    start(sampler, p=[0, 0.5, 0.25, 0.25], bits="4")
    sampler.button("+10\u202f000").click()
    right = counts(sampler.settle())
    assert right[0] == 0 and sum(right) == 10_000
    assert sampler.readouts()["chi_square"] < 16.3  # 1 in 1000 for 3 degrees of freedom


def test_bars_can_be_pulled_and_outcomes_added(sampler: Live) -> None:
    sampler.box.get_by_role("slider", name="Probability of outcome 0").focus()
    sampler.page.keyboard.press("Home")
    p = sampler.settle().get("p")
    assert p == pytest.approx([0, 0.625, 0.375])
    sampler.button("+ outcome").click()
    assert len(sampler.settle().get("p")) == 4
    sampler.button("− outcome").click()
    assert sampler.settle().get("p") == pytest.approx([0, 0.625, 0.375])


def test_u_can_be_pulled(sampler: Live) -> None:
    sampler.box.get_by_role("slider", name="Uniform number u").last.focus()
    sampler.page.keyboard.press("Home")
    assert sampler.settle().get("u") == 0
    for _ in range(20):
        sampler.page.keyboard.press("ArrowUp")
    assert sampler.settle().get("u") == pytest.approx(0.2)
    assert sampler.readouts()["outcome"] == 1


def test_few_draws_are_not_judged(sampler: Live) -> None:
    """χ² is compared with its limit only where each outcome is expected five times: after 25 draws of p = 0.2."""
    caption = sampler.box.locator(".xp-caption").first
    sampler.step(20)
    assert "χ² means little" in caption.inner_text()
    sampler.button("+100").click()
    sampler.settle()
    assert "95 of 100 cases" in caption.inner_text() or "5 of 100 cases" in caption.inner_text()
