"""Degree and fit: points, fits and errors are the library's; a hand's mix is never better than the fit."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import DegreeFit
from tests.site.driver import Live

ZEROS = [0.0] * 11
FRESH = {"degree": 3, "points": 15, "noise": 0.3, "fitted": True, "weights": ZEROS, "order": 1, "seed": 0}


@pytest.fixture
def fit(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/data_model_task.html", alone="degree_fit"), "degree_fit")


def start(x: Live, **settings: object) -> Live:
    return x.set(**FRESH | {"visited": []} | settings)


CASES = [
    {},
    {"degree": 0, "noise": 0.0},
    {"degree": 10, "points": 40, "seed": 3},
    {"degree": 7, "points": 12, "noise": 1.0, "seed": 5},
    {"degree": 5, "points": 100, "seed": 2**32 - 1},
]


def test_fits_and_errors_are_the_librarys(fit: Live) -> None:
    for settings in CASES:
        start(fit, **settings)
        expected = DegreeFit(**settings)
        train, test = expected.errors()
        shown = fit.readouts()
        assert shown["train_error"] == pytest.approx(train, rel=1e-9)
        assert shown["test_error"] == pytest.approx(test, rel=1e-9)
        assert shown["fit_error"] == shown["train_error"]
        for k, weight in enumerate(expected.fit()):
            assert shown[f"w{k}"] == pytest.approx(weight, rel=1e-9, abs=1e-9)


def test_a_mix_by_hand(fit: Live) -> None:
    weights = [0.2, 1.0, -0.5, -1.2, *ZEROS[4:]]
    start(fit, fitted=False, weights=weights)
    shown = fit.readouts()
    train, test = DegreeFit().errors(np.array(weights[:4]))
    assert shown["train_error"] == pytest.approx(train, rel=1e-12)
    assert shown["test_error"] == pytest.approx(test, rel=1e-12)
    assert shown["train_error"] > shown["fit_error"]
    expect(fit.box.locator(".xp-caption")).to_contain_text("Mixed by hand")
    fit.button("Fit").click()
    assert fit.settle().readouts()["train_error"] == shown["fit_error"]
    expect(fit.button("Fit")).to_be_disabled()


def test_a_weight_is_turned_from_the_fit_on(fit: Live) -> None:
    """The others stay as they were fitted; a weight beyond the degree raises the degree."""
    start(fit)
    fitted = DegreeFit().fit()
    slider = fit.box.get_by_role("slider", name="Weight")
    slider.press("End")
    assert fit.settle().get("fitted") is False
    np.testing.assert_allclose(fit.get("weights")[:4], [fitted[0], 4.0, *fitted[2:]], rtol=1e-9)
    fit.box.get_by_label("Weight to turn").select_option(index=6)
    slider.press("Home")
    assert fit.settle().get("degree") == 6
    assert fit.get("weights")[6] == -4
    assert fit.get("weights")[4:6] == [0, 0]


def test_weights_can_be_pulled(fit: Live) -> None:
    start(fit)
    plot = fit.box.locator(".xp-plot-svg").nth(2)
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    fit.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    fit.page.mouse.down()
    fit.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.2 * box["height"], steps=3)
    fit.page.mouse.up()
    order = fit.settle().get("order")
    assert fit.get("weights")[order] > 0.5
    assert fit.get("fitted") is False


def test_training_error_only_falls_and_test_error_does_not(fit: Live) -> None:
    start(fit)
    slider = fit.box.get_by_role("slider", name="Degree", exact=True)
    slider.press("Home")
    errors = []
    for _ in range(11):
        shown = fit.settle().readouts()
        errors.append((shown["train_error"], shown["test_error"]))
        slider.press("ArrowRight")
    train, test = np.array(errors).T
    assert (np.diff(train) < 1e-12).all()
    assert 0 < test.argmin() < 10
    assert fit.readouts()["best_degree"] == test.argmin()
    assert sorted(fit.get("visited")) == list(range(11))
    expect(fit.box.locator(".xp-caption")).to_contain_text(f"degree {test.argmin()} is best on new points")


def test_only_degrees_tried_are_in_the_plot(fit: Live) -> None:
    start(fit, degree=2)
    dots = fit.box.locator(".xp-plot-svg").nth(1).locator("path.xp-points.xp-simulation")
    count = "el => (el.getAttribute('d').match(/M/g) ?? []).length"
    assert dots.evaluate(count) == 1
    fit.set(degree=6)
    assert dots.evaluate(count) == 2
    fit.button("All degrees").click()
    fit.settle()
    assert dots.evaluate(count) == 11
