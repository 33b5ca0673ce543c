"""Ridge: weights and errors are the library's, and the choice is the validation points', not the training points'."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import RidgePath
from tests.site.driver import Live

FRESH = {"penalty": 1e-6, "degree": 12, "points": 15, "noise": 0.3, "test": "hidden", "seed": 0}


@pytest.fixture
def ridge(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/linear_regression.html", alone="ridge_path"), "ridge_path")


def start(x: Live, **settings: object) -> Live:
    return x.set(**FRESH | settings)


CASES = [{}, {"penalty": 0.1}, {"penalty": 1e3, "degree": 3}, {"noise": 0.0, "seed": 7}, {"points": 60, "degree": 1}]


def test_errors_and_weights_are_the_librarys(ridge: Live) -> None:
    for settings in CASES:
        shown = start(ridge, test="shown", **settings).readouts()
        expected = RidgePath(**settings)
        train, validation, test = expected.errors()
        assert shown["train_error"] == pytest.approx(train, rel=1e-6)
        assert shown["validation_error"] == pytest.approx(validation, rel=1e-6)
        assert shown["test_error"] == pytest.approx(test, rel=1e-6)
        assert shown["chosen_penalty"] == pytest.approx(expected.chosen(), rel=1e-9)
        for k, weight in enumerate(expected.weights()):
            assert shown[f"w{k}"] == pytest.approx(weight, rel=1e-6, abs=1e-7)
        assert shown["length"] == pytest.approx(np.linalg.norm(expected.weights()[1:]), rel=1e-6)
        assert shown["prior"] == pytest.approx(expected.noise / expected.penalty**0.5)


def test_the_choice_has_the_least_validation_error_and_not_the_least_training_error(ridge: Live) -> None:
    first = start(ridge, seed=2).readouts()
    ridge.button("Choose by validation").click()
    shown = ridge.settle().readouts()
    assert ridge.get("penalty") == pytest.approx(RidgePath(seed=2).chosen(), rel=1e-9)
    assert shown["validation_error"] == pytest.approx(RidgePath(seed=2).path()[:, 1].min(), rel=1e-6)
    assert shown["validation_error"] < first["validation_error"]
    assert shown["train_error"] > first["train_error"]
    expect(ridge.box.locator(".xp-caption")).to_contain_text("would have chosen no penalty")


def test_the_slider_shrinks_the_weights(ridge: Live) -> None:
    slider = start(ridge).box.get_by_role("slider", name="Penalty")
    slider.press("End")
    small = ridge.settle().readouts()["length"]
    assert ridge.get("penalty") == 1000
    slider.press("Home")
    assert ridge.settle().get("penalty") == 1e-6
    assert ridge.readouts()["length"] > 100 * small


def test_the_test_error_is_shown_when_asked(ridge: Live) -> None:
    assert np.isnan(start(ridge).readouts()["test_error"])
    lines = ridge.box.locator(".xp-plot-svg").nth(1).locator("path.xp-line")
    before = lines.count()
    ridge.box.get_by_text("Shown", exact=True).click()
    assert ridge.settle().readouts()["test_error"] > 0
    assert lines.count() == before + 1
    expect(ridge.box.locator(".xp-caption")).to_contain_text("1000 points")


def test_a_press_in_the_plot_sets_the_penalty(ridge: Live) -> None:
    plot = start(ridge).box.locator(".xp-plot-svg").nth(1)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    plot.click(position={"x": 56 + (box["width"] - 72) * 6 / 9, "y": 0.5 * box["height"]})
    assert ridge.settle().get("penalty") == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("settings", [{}, {"noise": 0.0, "points": 60}, {"noise": 1.0, "points": 14, "seed": 3}])
def test_no_error_lies_beyond_the_plot(ridge: Live, settings: dict) -> None:
    """A curve that was cut off at the top would look as if the error stayed where it is."""
    start(ridge, test="shown", **settings)
    lines = ridge.box.locator(".xp-plot-svg").nth(1).locator("path.xp-line")
    heights = lines.evaluate_all(
        """all => all.map(p => [...p.getAttribute('d').matchAll(/[ML][\\d.-]+ ([\\d.-]+)/g)].map(m => Number(m[1])))"""
    )
    assert len(heights) == 3
    path = np.log10(RidgePath(**settings).path())
    drawn = np.array(heights).T  # pixels down from the top
    assert drawn.min() >= 12 and drawn.max() <= 250 - 46
    slope, offset = np.polyfit(path.ravel(), drawn.ravel(), 1)
    np.testing.assert_allclose(drawn, slope * path + offset, atol=0.2)


def test_every_picture_is_described(ridge: Live) -> None:
    start(ridge, penalty=1000)
    described = ridge.box.locator("svg.xp-plot-svg > desc")
    for i in range(3):
        expect(described.nth(i)).to_contain_text("pressed the weights down")


def test_seeds_are_other_points(ridge: Live) -> None:
    errors = {start(ridge, penalty=0.1, seed=seed).readouts()["train_error"] for seed in range(4)}
    assert len(errors) == 4
