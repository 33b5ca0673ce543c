"""Stored training runs in the page: ends and spikes are the library's, the bet is answered, the grid is walked."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import LearningRateRuns
from tests.site.driver import Live

PAGE = "chapters/llm_pipeline.html"
NAME = "learning_rate_runs"
STATES = {"learns": "learns", "counts": "no better than counts", "diverged": "diverged"}


@pytest.fixture
def runs(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone=NAME), NAME)


def given(x: Live) -> dict:
    """The page's runs as they were handed over: a row that broke off ends in NaN."""
    kept = x.get("runs")
    table = {
        name: [[float("nan") if v is None else v for v in row] for row in kept[name]]
        for name in ("loss", "norm")
    }
    return {**kept, **table}


def caption(x: Live) -> str:
    return x.box.locator(".xp-runs > .xp-caption").inner_text()


def ends_drawn(x: Live) -> int:
    """How many dots the plot of ends holds."""
    dots = x.box.locator(".xp-runs-ends .xp-plot-svg path.xp-points")
    return sum((path.get_attribute("d") or "").count("M") for path in dots.all())


def test_every_run_and_its_spikes_are_the_librarys(runs: Live) -> None:
    box = LearningRateRuns(given(runs))
    for warmup in box.warmups:
        for rate in box.rates:
            for watch, threshold in (("loss", 3), ("norm", 5)):
                settings = {"learning_rate": rate, "warmup": warmup, "watch": watch, "threshold": threshold}
                wanted = LearningRateRuns(given(runs), **settings, window=runs.get("window"))
                shown = runs.set(**settings).readouts()
                run = wanted.index()
                assert [int(step) for step in shown["spike_steps"].split()] == wanted.spikes()
                assert shown["spikes"] == len(wanted.spikes())
                assert shown["peak"] == wanted.curve("norm").max()
                assert shown["state"] == STATES[wanted.fates()[run]]
                end = wanted.ends()[run]
                assert shown["end"] == ("–" if end != end else pytest.approx(end, rel=1e-12))
    assert shown["diverged"] == box.diverged().sum()
    assert shown["best"] == f"{box.best()[0]:g} {box.best()[1]}"


def test_the_bet_is_answered_and_shows_the_others(runs: Live) -> None:
    box = LearningRateRuns(given(runs))
    card = runs.box.locator(".xp-bet")
    expect(card).to_be_visible()
    assert "lowest" not in caption(runs)
    before = ends_drawn(runs)
    worst = box.rates[0] if box.best()[0] != box.rates[0] else box.rates[1]
    card.get_by_role("button").nth(box.rates.index(worst)).press("Enter")
    expect(card).to_have_count(0)
    assert float(runs.settle().get("prediction")) == worst
    told = caption(runs)
    assert "You bet on" in told and f"{box.ends()[~box.diverged()].min():.2f}" in told
    after = ends_drawn(runs)
    assert (before, after) == (int(not box.diverged()[box.index()]), int((~box.diverged()).sum()))
    assert runs.box.locator(".xp-runs-cross").count() == box.diverged().sum()
    assert "Right" in caption(runs.set(prediction=f"{box.best()[0]:g}"))


def test_the_slider_walks_over_the_grid(runs: Live) -> None:
    box = LearningRateRuns(given(runs))
    slider = runs.box.get_by_role("slider", name="Learning rate")
    slider.press("Home")
    seen = [runs.get("learning_rate")]
    for _ in box.rates[1:]:
        slider.press("ArrowRight")
        seen.append(runs.settle().get("learning_rate"))
    assert seen == box.rates
    runs.set(learning_rate=box.best()[0], warmup=box.best()[1])
    assert f"{box.ends()[~box.diverged()].min():.2f} nats a token" in caption(runs)


def test_a_lower_threshold_never_finds_fewer_spikes(runs: Live) -> None:
    slider = runs.box.get_by_role("slider", name="Threshold")
    counts = []
    for key in ("End", "Home"):
        slider.press(key)
        counts.append(runs.settle().readouts()["spikes"])
    assert counts[0] <= counts[1]
    marks = runs.box.locator(".xp-runs-curves path.xp-points.xp-mean_field").first.get_attribute("d") or ""
    assert marks.count("M") == counts[1]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("tongue", ["en", "zh-Hans"])
def test_nothing_moves_under_the_finger(open_page: Callable, live: Callable, width: int, tongue: str) -> None:
    page = open_page(PAGE, alone=NAME, width=width)
    script = "document.addEventListener('DOMContentLoaded', () => { document.documentElement.lang = '%s'; })"
    page.add_init_script(script % tongue)
    page.reload()
    x = live(page, NAME).set(prediction="skipped")
    places = set()
    for learning_rate in LearningRateRuns(given(x)).rates:
        for watch, threshold in (("loss", 2), ("norm", 2), ("norm", 8), ("loss", 20)):
            x.set(learning_rate=learning_rate, watch=watch, threshold=threshold)
            places.add(x.box.locator("[data-trait=watch]").bounding_box()["y"] + page.evaluate("scrollY"))
    assert len(places) == 1


def test_a_shown_run_that_diverged_wears_its_cross(runs: Live) -> None:
    box = LearningRateRuns(given(runs))
    run = int(box.diverged().argmax())
    runs.set(learning_rate=box.runs["learning_rate"][run], warmup=box.runs["warmup"][run])
    front = """el => {
        const [ring, cross] = ['.xp-marker', '.xp-runs-cross'].map(s => el.querySelector('.xp-runs-ends ' + s));
        return !!(ring.compareDocumentPosition(cross) & Node.DOCUMENT_POSITION_FOLLOWING); }"""
    assert runs.box.evaluate(front)


def test_the_ear_hears_the_verdict_once(runs: Live) -> None:
    said = runs.box.get_by_role("status")
    runs.box.locator(".xp-bet").get_by_role("button").first.press("Enter")
    expect(said).to_contain_text("You bet on")
    runs.box.get_by_role("slider", name="Warm-up").press("End")
    expect(said).to_contain_text("Learning rate")
    assert "bet" not in said.inner_text()


BAD = ["learning_rate=0.123", "warmup=3", "watch=rate", "threshold=1", "prediction=0.123"]


@pytest.mark.parametrize("address", BAD)
def test_a_foreign_address_changes_nothing(open_page: Callable, live: Callable, address: str) -> None:
    names = ("learning_rate", "warmup", "watch", "threshold", "prediction")
    plain = live(open_page(PAGE, alone=NAME), NAME)
    other = live(open_page(f"{PAGE}#xp:{NAME}.{address}", alone=NAME), NAME)
    assert {name: other.get(name) for name in names} == {name: plain.get(name) for name in names}


def test_it_fits_a_phone(open_page: Callable, live: Callable) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME).set(prediction="skipped")
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert x.box.locator(".xp-runs-ends").bounding_box()["width"] > 250
