"""The perplexity meter in the page: draws and running means are the library's, and meet exp H(p, q)."""

import math
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import PerplexityMeter
from book_lib.explorables.perplexity_meter import MODEL, SOURCE
from tests.site.driver import Live

PAGE = "chapters/language_models.html"
FRESH = {"source": list(SOURCE), "model": list(MODEL), "prediction": "skipped", "seed": 0}


@pytest.fixture
def meter(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="perplexity_meter"), "perplexity_meter")


def start(x: Live, **settings: object) -> Live:
    """Known settings, before any draw."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


@pytest.mark.parametrize(
    "settings",
    [{}, {"source": [0.7, 0.2, 0.1], "model": [0.2, 0.2, 0.6], "seed": 3}, {"model": [4, 3, 2, 1]}],
)
def test_the_running_perplexity_is_the_librarys(meter: Live, settings: dict) -> None:
    wanted = PerplexityMeter(**FRESH | settings)
    start(meter, **settings)
    taken = 0
    for n in (1, 10, 700):
        shown = meter.step(n - taken).readouts()
        taken = n
        assert shown["draws"] == n
        assert shown["perplexity"] == pytest.approx(wanted.running(n)[-1], rel=1e-10)
    assert shown["limit"] == pytest.approx(wanted.limit(), rel=1e-12)
    assert shown["floor"] == pytest.approx(wanted.floor(), rel=1e-12)
    assert shown["kl"] == pytest.approx(wanted.gap(), rel=1e-9)
    assert shown["limit"] == pytest.approx(shown["floor"] * math.exp(shown["kl"]))


def test_draws_meet_theory(meter: Live) -> None:
    start(meter)
    gaps = []
    for n in (10, 10_000):
        shown = meter.step(n).readouts()
        gaps.append(abs(math.log(shown["perplexity"] / shown["limit"])))
    assert gaps[1] < 0.03 and gaps[1] < gaps[0]
    assert shown["floor"] == pytest.approx(2**1.75)


def test_the_sources_own_model_has_no_gap_and_a_fair_one_has_four(meter: Live) -> None:
    start(meter).step(50)
    meter.button("Model: as the source").click()
    shown = meter.settle().readouts()
    assert shown["kl"] == pytest.approx(0, abs=1e-12) and shown["limit"] == pytest.approx(shown["floor"])
    assert "the gap is 0" in caption(meter)
    meter.button("Model: all alike").press("Enter")
    assert meter.settle().readouts()["perplexity"] == pytest.approx(4)
    assert meter.readouts()["draws"] == 50  # the same draws, judged by another model
    meter.button("Model: too sure").click()
    assert meter.settle().readouts()["kl"] > 0.1


def test_what_the_model_forbids_costs_infinitely(meter: Live) -> None:
    start(meter, model=[0, 1, 1, 1]).step(30)
    assert "forbids A" in caption(meter)
    assert meter.readouts()["perplexity"] in (None, math.inf)
    assert meter.box.locator("[data-readout=perplexity]").inner_text() == "∞"


def test_a_models_probability_is_set_and_the_others_make_room(meter: Live) -> None:
    start(meter)
    slider = meter.box.get_by_role("slider", name="Model’s probability of A")
    slider.press("End")
    assert meter.settle().get("model") == [1, 0, 0, 0]
    slider.press("Home")
    assert meter.settle().get("model") == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])
    box = meter.box.get_by_role("spinbutton", name="Model’s probability of B")
    box.fill("0.5")
    box.press("Enter")
    assert meter.settle().get("model") == pytest.approx([0, 0.5, 0.25, 0.25])
    box.fill("2")
    box.press("Enter")
    assert meter.settle().get("model") == pytest.approx([0, 0.5, 0.25, 0.25])
    expect(meter.box.locator(".xp-error", has_text="from 0 to 1")).to_have_count(1)


def test_the_bet_comes_first(meter: Live) -> None:
    start(meter, prediction="")
    ask = meter.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    assert meter.box.locator("[data-readout=limit]").inner_text() == "–"
    expect(meter.box.locator(".xp-legend", has_text="the floor")).to_have_count(0)
    meter.button("To one above it").click()
    meter.step(20)
    assert meter.settle().get("prediction") == "above"
    expect(ask).to_have_count(0)
    assert "You bet right" in caption(meter)
    assert "You bet otherwise" in caption(meter.set(prediction="below"))


@pytest.mark.parametrize("look", ["step", "Model: all alike", "Fair", "slider"])
def test_who_looks_before_betting_has_declined(meter: Live, look: str) -> None:
    """Draws tell the answer, and the question is about the laws that are there."""
    start(meter, prediction="")
    if look == "step":
        meter.step()
    elif look == "slider":
        meter.box.get_by_role("slider", name="Model’s probability of A").press("End")
    else:
        meter.button(look).click()
    assert meter.settle().get("prediction") == "skipped"
    expect(meter.box.locator(".xp-bet")).to_have_count(0)


def test_a_bet_says_nothing_of_other_laws(meter: Live) -> None:
    start(meter, prediction="above").step(50)
    assert "You bet right" in caption(meter)
    meter.button("Model: as the source").click()
    assert "bet" not in caption(meter.settle())


@pytest.mark.parametrize("source", ["½", "Fair", "Three symbols"])
def test_too_sure_is_surer_than_any_source(meter: Live, source: str) -> None:
    start(meter)
    meter.button(source).click()
    meter.button("Model: too sure").click()
    shown = meter.settle().readouts()
    assert max(meter.get("model")) > max(meter.get("source")) and shown["kl"] > 0.1


def test_weights_that_overflow_are_not_taken_from_the_address(
    open_page: Callable[..., Page], live: Callable[..., Live]
) -> None:
    huge = "#xp:perplexity_meter.model=1e308,1e308,1e308,1e308"
    meter = live(open_page(PAGE + huge, alone="perplexity_meter"), "perplexity_meter")
    assert meter.get("model") == list(MODEL)


def test_three_symbols_have_three_rows(meter: Live) -> None:
    start(meter)
    meter.button("Three symbols").click()
    assert meter.settle().get("source") == [0.7, 0.2, 0.1]
    rows = meter.box.locator(".xp-pm-table tbody tr")
    assert [rows.nth(i).is_visible() for i in range(4)] == [True, True, True, False]
    assert meter.readouts()["entropy"] == pytest.approx(-sum(p * math.log(p) for p in (0.7, 0.2, 0.1)))
