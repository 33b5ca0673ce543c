"""The ellipse in the page: matrix, eigenvalues, slice and points are the library's; its axes can be pulled."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from book_lib.explorables import CovarianceEllipse
from tests.site.driver import Live

FRESH = {"sigma1": 1.5, "sigma2": 1.0, "rho": 0.6, "slice": 1.0, "samples": 200, "seed": 0}
SETTINGS = [
    {},
    {"rho": -0.99, "slice": -2},
    {"sigma1": 0.3, "sigma2": 2, "rho": 0.35, "samples": 500, "seed": 9},
    {"sigma1": 1, "sigma2": 1, "rho": 0},
]


@pytest.fixture
def ellipse(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/probability.html", alone="covariance_ellipse"), "covariance_ellipse")


def start(x: Live, **settings: float) -> CovarianceEllipse:
    """These settings in the page; the same in Python."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    x.settle()
    return CovarianceEllipse(**FRESH | settings)


def test_numbers_are_the_librarys(ellipse: Live) -> None:
    for settings in SETTINGS:
        twin = start(ellipse, **settings)
        shown, law = ellipse.readouts(), twin.distribution()
        matrix = [[shown["s11"], shown["s12"]], [shown["s12"], shown["s22"]]]
        np.testing.assert_allclose(matrix, law.covariance, rtol=1e-12)
        values, vectors = np.linalg.eigh(law.covariance)
        assert [shown["eigenvalue2"], shown["eigenvalue1"]] == pytest.approx(values, rel=1e-9)
        axis = np.array([math.cos(shown["angle"]), math.sin(shown["angle"])])
        if values[1] - values[0] > 1e-6:
            assert abs(axis @ vectors[:, 1]) == pytest.approx(1, abs=1e-9)
        assert (shown["conditional_mean"], shown["conditional_variance"]) == pytest.approx(
            twin.conditional(), rel=1e-9, abs=1e-12
        )


def test_points_are_the_librarys(ellipse: Live) -> None:
    for settings in SETTINGS:
        twin = start(ellipse, **settings)
        ellipse.step(100)
        points = twin.draw(twin.samples + 100)
        shown = ellipse.readouts()
        assert shown["points"] == len(points)
        seen = np.cov(points.T, bias=True)
        assert [shown["sample_s11"], shown["sample_s12"], shown["sample_s22"]] == pytest.approx(
            [seen[0, 0], seen[0, 1], seen[1, 1]], rel=1e-9, abs=1e-12
        )


def test_slice_is_what_points_near_it_say(ellipse: Live) -> None:
    """Independent of the formula: the x₂ of library points whose x₁ lies in a thin strip."""
    twin = start(ellipse, rho=0.8, slice=1.0)
    points = twin.distribution().sample(400_000, 3)
    strip = points[np.abs(points[:, 0] - 1) < 0.05, 1]
    shown = ellipse.readouts()
    assert shown["conditional_mean"] == pytest.approx(strip.mean(), abs=4 * strip.std() / len(strip) ** 0.5)
    assert shown["conditional_variance"] == pytest.approx(strip.var(), rel=0.05)


def test_axes_can_be_pulled(ellipse: Live) -> None:
    start(ellipse, sigma1=1.5, sigma2=0.8, rho=0)
    tip = ellipse.box.locator(".xp-ce-tip").first
    tip.focus()
    before = ellipse.readouts()
    ellipse.page.keyboard.press("ArrowUp")
    longer = ellipse.settle().readouts()
    changed = [name for name in ("eigenvalue1", "eigenvalue2") if abs(longer[name] - before[name]) > 0.05]
    assert len(changed) == 1 and longer[changed[0]] > before[changed[0]]
    for _ in range(9):
        ellipse.page.keyboard.press("ArrowLeft")
    turned = ellipse.settle().readouts()
    assert abs(abs(turned["angle"]) - math.pi / 4) < 0.05  # nine times five degrees
    assert abs(turned["s12"]) > 0.5
    spot = tip.bounding_box()
    x, y = spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2
    ellipse.page.mouse.move(x, y)
    ellipse.page.mouse.down()
    ellipse.page.mouse.move(x + 20, y + 30, steps=5)
    ellipse.page.mouse.up()
    assert ellipse.settle().readouts()["angle"] != turned["angle"]


def test_slice_can_be_pulled(ellipse: Live) -> None:
    start(ellipse)
    ellipse.box.get_by_role("slider", name="Slice", exact=True).focus()
    for _ in range(5):
        ellipse.page.keyboard.press("ArrowRight")
    assert ellipse.settle().get("slice") == pytest.approx(1.5)
    assert ellipse.readouts()["conditional_mean"] == pytest.approx(0.6 / 1.5 * 1.5, rel=1e-9)


def test_a_correlation_above_one_is_refused_in_words(ellipse: Live) -> None:
    start(ellipse)
    before = ellipse.readouts()
    box = ellipse.box.get_by_label("Correlation, as a number")
    box.fill("1.2")
    box.press("Enter")
    words = ellipse.box.locator(".xp-error").filter(has_text="positive definite").inner_text()
    assert "1.2" in words and "−0.99" in words  # the determinant (1.5·1)²(1 − 1.44)
    assert box.get_attribute("aria-invalid") == "true"
    assert ellipse.get("rho") == 0.6
    assert ellipse.readouts() == before


@pytest.mark.parametrize(("typed", "words"), [("1", "on one line"), ("0.995", "stops at ±0.99")])
def test_what_is_a_correlation_is_not_called_none(ellipse: Live, typed: str, words: str) -> None:
    """At 1 there is a law but no density; 0.995 is merely too thin to draw."""
    start(ellipse)
    box = ellipse.box.get_by_label("Correlation, as a number")
    box.fill(typed)
    box.press("Enter")
    said = ellipse.box.locator(".xp-error").filter(has_text="ρ = ").inner_text()
    assert words in said and "no correlation" not in said
    assert ellipse.get("rho") == 0.6
