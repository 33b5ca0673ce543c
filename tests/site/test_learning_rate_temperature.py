"""Learning rate is a temperature, in the page: walkers are the library's, their histogram meets e^(−E/T)."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import LearningRateTemperature
from book_lib.optimization import stationary_temperature
from tests.site.driver import Live

PAGE = "chapters/optimization.html"
FRESH = {"learning_rate": 0.02, "batch_size": 4, "depth": 0.6, "width": 1, "walkers": 500, "mode": "constant",
         "schedule": [], "prediction": "skipped", "seed": 0}  # fmt: skip


@pytest.fixture
def walkers(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="learning_rate_temperature"), "learning_rate_temperature")


def start(x: Live, **settings: object) -> Live:
    """Known settings, at step 0."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-lrt > .xp-caption").inner_text()


def same(shown: dict, places: np.ndarray) -> None:
    """The page's walkers are these."""
    assert shown["deep"] == pytest.approx((places > 0).mean(), abs=1e-12)
    assert shown["mean"] == pytest.approx(places.mean(), rel=1e-9)
    assert shown["mean_square"] == pytest.approx((places**2).mean(), rel=1e-9)
    assert [shown["first_walker"], shown["last_walker"]] == pytest.approx([places[0], places[-1]], rel=1e-9)


def test_walkers_are_the_librarys(walkers: Live) -> None:
    for settings in (
        {},
        {"learning_rate": 0.005, "batch_size": 1, "seed": 7, "width": 0.6},
        {"learning_rate": 0.2, "batch_size": 64, "depth": 1.5, "width": 3, "seed": 2**32 - 1, "walkers": 51},
    ):
        wanted = LearningRateTemperature(**FRESH | settings)
        start(walkers, **settings)
        taken = 0
        for steps in (0, 1, 40, 400):
            shown = walkers.step(steps - taken).readouts() if steps else walkers.readouts()
            taken = steps
            same(shown, wanted.walk(steps))
        assert shown["temperature"] == pytest.approx(wanted.temperature, rel=1e-12)
        assert shown["fair"] == pytest.approx(wanted.wells.share(wanted.temperature), rel=1e-9)


def test_the_histogram_meets_the_law(walkers: Live) -> None:
    """Within what fair draws from e^(−E/T) would miss it by, on average over times far apart."""
    start(walkers, seed=3).step(2500)
    gaps, deep = [], []
    for _ in range(8):
        shown = walkers.step(1500).readouts()
        gaps.append(shown["gap"] / shown["fair_gap"])
        deep.append(shown["deep"])
    assert np.mean(gaps) < 1.2
    fair = shown["fair"]
    assert fair == pytest.approx(0.395, abs=0.001)
    # The steps are not infinitely small: their own law has 38.4 %, and 8 × 500 walkers err by 0.8 %.
    assert np.mean(deep) == pytest.approx(0.384, abs=4 * math.sqrt(0.384 * 0.616 / 4000))


def test_the_temperature_is_eta_sigma_squared_over_two_minus_eta_a(walkers: Live) -> None:
    for rate, batch in ((0.02, 4), (0.1, 16), (0.15, 64)):
        shown = start(walkers, learning_rate=rate, batch_size=batch).readouts()
        variance = 256 / batch
        assert shown["temperature"] == pytest.approx(rate * variance / 2)
        for name, a in (("wide", 8 / 9), ("narrow", 12.8)):
            assert shown[f"temperature_{name}"] == pytest.approx(stationary_temperature(rate, a, variance))


def test_batches_and_rates_cool_alike(walkers: Live) -> None:
    """η and σ² count by their product: half the rate or twice the batch, one law."""
    for settings in ({"learning_rate": 0.01}, {"batch_size": 8}):
        shown = start(walkers, **settings).readouts()
        said = walkers.box.get_by_role("slider", name="Learning rate").get_attribute("aria-valuetext")
        assert said.endswith("temperature 0.32"), said  # a change of the batch is heard there too
        assert shown["temperature"] == pytest.approx(0.32)
        assert shown["fair"] == pytest.approx(LearningRateTemperature().wells.share(0.32), rel=1e-9)


def test_a_link_carries_the_bet(walkers: Live, live: Callable[..., Live]) -> None:
    start(walkers, prediction="")
    bet = walkers.button("The narrow, deep one")
    bet.focus()
    bet.press("Enter")
    expect(walkers.button("Play")).to_be_focused()  # the focus is not lost with the card
    walkers.page.wait_for_function("() => location.hash.includes('learning_rate_temperature.prediction')")
    walkers.page.reload()
    again = live(walkers.page, "learning_rate_temperature").settle()
    assert again.get("prediction") == "deep"
    expect(again.box.locator(".xp-bet")).to_have_count(0)
    assert math.isfinite(again.readouts()["fair"])


def test_the_bet_comes_first_and_is_answered(walkers: Live) -> None:
    start(walkers, prediction="")
    ask = walkers.box.locator(".xp-bet")
    assert ask.is_visible()
    assert math.isnan(walkers.readouts()["fair"])
    assert "once you have bet" in caption(walkers.step(50))
    assert math.isnan(walkers.readouts()["fair"])
    assert walkers.box.locator(".xp-legend", has_text="law").count() == 0
    walkers.button("The narrow, deep one").click()
    assert walkers.settle().get("prediction") == "deep"
    assert ask.count() == 0
    for _ in range(12):
        if "has met" in caption(walkers.step(1000)):
            break
    assert "The wide well wins" in caption(walkers)
    assert "other one" in caption(walkers)
    walkers.set(prediction="wide")
    assert "You bet right" in caption(walkers)


def test_large_steps_are_named(walkers: Live) -> None:
    start(walkers, learning_rate=0.1, batch_size=64).step(10)
    assert "No single T tells all" in caption(walkers)
    start(walkers, learning_rate=0.17, batch_size=64).step(10)
    assert "above 2/a = 0.156" in caption(walkers)


def test_cold_walkers_are_stuck(walkers: Live) -> None:
    start(walkers, learning_rate=0.004).step(6000)
    assert "stuck" in caption(walkers)


def test_the_law_is_met_only_when_the_start_is_forgotten(walkers: Live) -> None:
    tau = LearningRateTemperature().wells.relaxation(0.32) / 0.01
    start(walkers, learning_rate=0.01).step(20_000)  # not twice that time
    assert f"about {float(f'{tau:.2g}'):g} steps to forget the start" in caption(walkers)
    for _ in range(8):
        if "has met" in caption(walkers.step(6000)):
            break
    assert "has met" in caption(walkers)
    assert walkers.readouts()["step"] > 3 * tau
    walkers.set(batch_size=2)  # another law: nothing is met yet
    assert "has met" not in caption(walkers.step(100))


def test_the_law_is_drawn_in_columns_and_none_towers_over_the_picture(walkers: Live) -> None:
    start(walkers, learning_rate=0.005).step(100)
    path = walkers.box.locator(".xp-plot-svg .xp-mark.xp-line.xp-theory").nth(1).get_attribute("d")
    heights = [float(point.split(" ")[1]) for point in path[1:].split("L")]
    assert heights[0::2] == heights[1::2]  # level over each column
    assert min(heights) > 12  # the top of the axes


def test_a_schedule_ready_made_runs_to_its_end_and_is_noted(walkers: Live) -> None:
    start(walkers, mode="schedule", collected=[], walkers=400)
    walkers.button("Slow cooling").click()
    drawn = walkers.settle().get("schedule")
    assert (drawn[0], drawn[-1]) == (0.02, 0.005)
    wanted = LearningRateTemperature(**FRESH | {"mode": "schedule", "schedule": drawn, "walkers": 400})
    same(walkers.step(700).readouts(), wanted.walk(700))
    slow = walkers.step(50_000).readouts()
    assert slow["step"] == 40_000
    (row,) = walkers.get("collected")
    assert row["deep"] == slow["deep"]
    assert row["temperature"] == pytest.approx(drawn[-1] * 32, rel=1e-2)
    walkers.button("Quench").click()
    assert walkers.settle().get("schedule")[:3] == [0.02, 0.005, 0.002]
    quick = walkers.step(40_000).readouts()
    assert len(walkers.get("collected")) == 2
    assert slow["deep"] > quick["deep"] + 0.12  # annealing pays
    assert "frozen" in caption(walkers) or "never got over" in caption(walkers)
    assert walkers.box.locator(".xp-lrt-book tbody tr").count() == 2


def test_a_schedule_is_drawn_by_pen_and_by_keys(walkers: Live) -> None:
    start(walkers, mode="schedule")
    walkers.button("Draw anew").click()
    assert walkers.settle().get("schedule") == []
    plot = walkers.box.locator(".xp-lrt-schedule .xp-plot-svg")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    at = [(box["x"] + (56 + part * (box["width"] - 72)), box["y"] + 40 + 100 * part) for part in (0, 0.3, 0.7, 1)]
    walkers.page.mouse.move(*at[0])
    walkers.page.mouse.down()
    for point in at[1:]:
        walkers.page.mouse.move(*point, steps=5)
    walkers.page.mouse.up()
    drawn = walkers.settle().get("schedule")
    assert len(drawn) == 31
    assert drawn[0] > drawn[15] > drawn[30]
    assert walkers.readouts()["rate"] == pytest.approx(drawn[0], rel=1e-6)
    handle = walkers.box.locator(".xp-lrt-schedule").get_by_role("slider").first
    handle.focus()
    handle.press("End")
    assert walkers.settle().get("schedule")[0] == 0.03
    assert walkers.readouts()["rate"] == pytest.approx(0.03)


def test_the_wells_bend(walkers: Live) -> None:
    shares = []
    for name, trait, end, value in (("Extra depth", "depth", "Home", 0), ("Half-width", "width", "End", 3)):
        start(walkers)
        walkers.box.get_by_role("slider", name=name).press(end)
        assert walkers.settle().get(trait) == value
        shares.append(walkers.readouts()["fair"])
    assert shares[0] < 0.3  # no deeper, only narrower
    assert shares[1] > 0.6  # as wide, and deeper


def test_only_the_histogram_wears_the_colours_of_temperature(walkers: Live) -> None:
    start(walkers)
    heats = []
    for rate in (0.001, 0.2):
        walkers.set(learning_rate=rate)
        layer = walkers.box.locator(".xp-layer-columns")
        heats.append(float(layer.evaluate("el => el.style.getPropertyValue('--heat')")))
    assert heats[0] < 0.1 and heats[1] > 0.9
    assert walkers.box.locator(".xp-temperature").count() == 0


def test_play_walks_and_pause_stops(walkers: Live) -> None:
    start(walkers)
    walkers.button("Play").click()
    handle = walkers.box.element_handle()
    walkers.page.wait_for_function("el => el.closest('.explorable-live').model.get('readouts').step > 500", arg=handle)
    walkers.button("Pause").press("Enter")
    step = walkers.settle().readouts()["step"]
    walkers.page.wait_for_timeout(500)
    assert walkers.readouts()["step"] == step
