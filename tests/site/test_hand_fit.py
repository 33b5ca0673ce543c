"""A line by hand: the losses are Python's, the race is gradient descent, and nobody beats least squares."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import HandFit
from tests.site.driver import Live

FRESH = {"residuals": "squares", "map": "hidden"}


@pytest.fixture
def game(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/data_model_task.html", alone="hand_fit"), "hand_fit")


def start(x: Live, slope: float = 0.0, intercept: float = 0.0, seed: int = 0, **settings: object) -> Live:
    """A line of the reader's, before the race."""
    x.set(slope=slope, intercept=intercept, seed=seed)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.set(**FRESH | settings)


LINES = [(0.0, 0.0, 0), (-3.0, 6.0, 1), (1.5, -4.0, 77)]


def test_race_is_gradient_descent_and_ends_at_least_squares(game: Live) -> None:
    for slope, intercept, seed in LINES:
        follow_race(game, slope, intercept, seed)


def follow_race(game: Live, slope: float, intercept: float, seed: int) -> None:
    """Step by step against the library; at the end, against the closed form and NumPy's."""
    start(game, slope, intercept, seed)
    expected = HandFit(slope=slope, intercept=intercept, seed=seed)
    way = expected.race()
    for more, steps in ((1, 1), (9, 10), (40, 50)):
        shown = game.step(more).readouts()
        assert shown["steps"] == steps
        np.testing.assert_allclose(
            [shown["optimiser_slope"], shown["optimiser_intercept"]], way[steps], rtol=1e-10
        )
    shown = game.step(400).readouts()
    x, t = expected.data()
    best = np.mean((t - np.polyval(np.polyfit(x, t, 1), x)) ** 2)
    assert shown["reader_loss"] == pytest.approx(expected.loss(slope, intercept), rel=1e-12)
    assert shown["best_loss"] == pytest.approx(best, rel=1e-12)
    assert shown["optimiser_loss"] == pytest.approx(best, rel=1e-7)
    assert shown["optimiser_loss"] <= shown["reader_loss"]
    expect(game.box.locator(".xp-caption")).to_contain_text("You are")


def test_nobody_beats_least_squares(game: Live) -> None:
    start(game)
    rng = np.random.default_rng(5)
    for slope, intercept in rng.uniform((-3, -4), (3, 6), (12, 2)):
        shown = game.set(slope=float(slope), intercept=float(intercept)).readouts()
        assert shown["reader_loss"] >= shown["best_loss"]
    slope, intercept = HandFit().best()
    shown = game.set(slope=slope, intercept=intercept).readouts()
    assert shown["reader_loss"] == pytest.approx(shown["best_loss"], rel=1e-12)


def test_the_mean_area_of_the_squares_is_the_loss(game: Live) -> None:
    start(game, 0.6, 0.4)
    areas = game.box.evaluate(
        "el => [...el.querySelectorAll('.xp-hf-square')].map(r => r.width.baseVal.value * r.height.baseVal.value)"
    )
    pixels = (300 - 12 - 46) / 12.5  # of one unit on the vertical axis
    assert len(areas) == 12
    assert np.mean(areas) / pixels**2 == pytest.approx(game.readouts()["reader_loss"], rel=1e-6)
    game.box.get_by_text("Bars", exact=True).click()
    game.settle()
    assert game.box.locator(".xp-hf-square").count() == 0
    assert game.box.locator(".xp-hf-miss").count() == 12


def test_the_race_shows_the_map(game: Live) -> None:
    start(game)
    drawn = "el => [...el.querySelectorAll('.xp-hf-map .xp-faint')].some(p => p.getAttribute('d'))"
    assert not game.box.evaluate(drawn)
    assert np.isnan(game.readouts()["optimiser_loss"])
    game.button("Step").click()
    assert game.settle().get("map") == "shown"
    assert game.box.evaluate(drawn)
    game.button("Reset").click()
    assert game.settle().readouts()["steps"] == 0


def test_handles_by_keyboard(game: Live) -> None:
    """An end of the line is lifted; the other stays where it was."""
    start(game)
    right = game.box.get_by_role("slider", name="Right end of your line")
    for _ in range(4):
        right.press("ArrowUp")
    slope, intercept = game.settle().get("slope"), game.get("intercept")
    assert (slope, intercept) == (pytest.approx(0.1), pytest.approx(0.1))
    assert intercept - slope == pytest.approx(0)
    place = game.box.get_by_role("slider", name="Your line on the map")
    place.press("ArrowLeft")
    place.press("ArrowUp")
    assert (game.settle().get("slope"), game.get("intercept")) == (pytest.approx(0), pytest.approx(0.2))


def test_handles_by_pointer(game: Live) -> None:
    start(game)
    handle = game.box.get_by_role("slider", name="Left end of your line")
    handle.scroll_into_view_if_needed()
    grip = handle.bounding_box()
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
    game.page.mouse.move(x, y)
    game.page.mouse.down()
    game.page.mouse.move(x, y + 40, steps=4)
    game.page.mouse.up()
    slope, intercept = game.settle().get("slope"), game.get("intercept")
    assert slope > 0.3
    assert slope * 3 + intercept == pytest.approx(0, abs=0.05)
    plane = game.box.locator(".xp-hf-map svg").first
    size = plane.bounding_box()
    plane.click(position={"x": 0.85 * size["width"], "y": 0.2 * size["height"]})
    assert game.settle().get("slope") > 1.5
    assert game.get("intercept") > 2


def test_the_reader_goes_on_while_the_race_runs(game: Live) -> None:
    start(game, -2.0, 5.0)
    game.step(3).set(slope=1.0, intercept=1.0)
    shown = game.step(2).readouts()
    way = HandFit(slope=-2.0, intercept=5.0).race(5)
    assert shown["optimiser_slope"] == pytest.approx(way[5, 0], rel=1e-10)
    assert shown["reader_loss"] == pytest.approx(HandFit().loss(1.0, 1.0), rel=1e-12)
