"""The predictive band: mean and width are the library's; points are dragged, added and removed."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import PredictiveBand
from book_lib.explorables.predictive_band import START
from book_lib.polynomials import legendre
from tests.site.driver import Live

FRESH = {"noise": 0.2, "prior": 1, "degree": 5, "at": 0.7, "curves": 3, "seed": 0}
FLAT = [float(value) for pair in START for value in pair]
SHOWN = "el => [...el.querySelectorAll('.xp-pb-point')].filter(g => g.style.display !== 'none').length"


@pytest.fixture
def band(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/linear_regression.html", alone="predictive_band"), "predictive_band")


def start(x: Live, points: list | None = None, **settings: object) -> Live:
    return x.set(points=FLAT if points is None else points, **FRESH | settings)


CASES = [
    {},
    {"points": [], "at": -1},
    {"points": [0.1, -0.5], "degree": 8, "prior": 10},
    {"noise": 1, "prior": 0.1, "at": -0.25},
    {"noise": 0.05, "degree": 1, "at": 1},
]


def test_prediction_is_the_librarys(band: Live) -> None:
    for settings in CASES:
        shown = start(band, **settings).readouts()
        expected = PredictiveBand(**{"points": FLAT} | FRESH | settings)
        (mean,), (variance,) = expected.predict([expected.at])
        assert shown["mean"] == pytest.approx(mean, rel=1e-8, abs=1e-9)
        assert shown["sd"] ** 2 == pytest.approx(variance, rel=1e-8)
        assert shown["sd"] ** 2 - shown["own"] ** 2 == pytest.approx(expected.noise**2, rel=1e-7)
        model = expected.model()
        assert shown["log_evidence"] == pytest.approx(model.log_evidence if model else 0, rel=1e-8, abs=1e-12)


def test_the_bands_are_drawn_where_they_are(band: Live) -> None:
    """The areas of both bands, in the plot's units, are the sums of 4 standard deviations along x."""
    start(band, points=[-0.9, 0, -0.5, 0.3, 0, 0, 0.5, -0.4, 0.9, 0.2], noise=0.3)
    areas = band.box.evaluate(
        """el => {
            const unit = (el.querySelector('.xp-plot-svg').width.baseVal.value - 72) * (330 - 58) / 2 / 5;
            const size = path => {
                const all = [...path.matchAll(/([\\d.-]+) ([\\d.-]+)/g)].map(m => [Number(m[1]), Number(m[2])]);
                return Math.abs(all.reduce((sum, [x, y], i) => {
                    const [u, v] = all[(i + 1) % all.length];
                    return sum + (x * v - u * y) / 2;
                }, 0)) / unit;
            };
            return ['simulation', 'mean_field'].map(kind => el.querySelector(`.xp-area.xp-${kind}`).getAttribute('d')
                .split('M').slice(1).map(size));
        }"""
    )
    (above, below), (narrow,) = areas
    x = np.linspace(-1, 1, 121)
    widget = PredictiveBand(points=band.get("points"), noise=0.3)
    variance = widget.predict(x)[1]
    assert above == pytest.approx(below, rel=0.01)
    assert above + narrow + below == pytest.approx(np.trapezoid(4 * np.sqrt(variance), x), rel=0.01)
    assert narrow == pytest.approx(np.trapezoid(4 * np.sqrt(variance - 0.3**2), x), rel=0.01)


def test_curves_are_draws_from_the_posterior(band: Live) -> None:
    """The mean over many seeds of a drawn curve at x = 1 is the posterior's, and so is its spread."""
    start(band, curves=1)
    drawn = [band.set(seed=seed).readouts()["first_curve"] for seed in range(60)]
    model = PredictiveBand().model()
    end = legendre(1.0, 5)
    mean, sd = end @ model.mean, np.sqrt(end @ model.covariance @ end)
    assert np.mean(drawn) == pytest.approx(mean, abs=4 * sd / np.sqrt(60))
    assert 0.6 * sd < np.std(drawn) < 1.5 * sd
    pieces = "el => el.querySelector('.xp-plot-svg path.xp-line.xp-faint').getAttribute('d').match(/M/g).length"
    assert band.box.evaluate(pieces) == 1
    band.box.get_by_role("slider", name="Curves drawn").press("End")
    assert band.settle().box.evaluate(pieces) == 20


def test_points_by_keyboard(band: Live) -> None:
    point = start(band).box.get_by_role("slider", name="Point 2", exact=True)
    point.press("ArrowRight")
    point.press("ArrowUp")
    assert band.settle().get("points")[2:4] == [pytest.approx(-0.5), pytest.approx(-0.9)]
    point.press("Delete")
    assert band.settle().get("points") == [*FLAT[:2], *FLAT[4:]]
    assert band.box.evaluate(SHOWN) == 4


def test_points_by_pointer(band: Live) -> None:
    grip = start(band).box.get_by_role("slider", name="Point 5", exact=True)
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = band.readouts()["mean"]
    band.page.mouse.move(x, y)
    band.page.mouse.down()
    band.page.mouse.move(x + 60, y + 90, steps=4)
    band.page.mouse.up()
    moved = band.settle().get("points")
    assert moved[8] > FLAT[8] and moved[9] < FLAT[9]
    assert band.readouts()["mean"] < before
    assert band.get("at") == 0.7  # a point was held, not the line


def test_a_point_is_added_where_one_looks_and_makes_sure(band: Live) -> None:
    wide = start(band).readouts()["own"]
    band.button("Add a point").click()
    assert band.settle().get("points")[10] == 0.7
    assert band.readouts()["own"] < 0.2 < wide
    assert band.readouts()["points"] == 6
    band.button("Remove the point").click()
    assert band.settle().get("points") == FLAT
    start(band, points=[0.0, 0.0] * 12)
    expect(band.button("Add a point")).to_be_disabled()
    band.box.get_by_role("button", name="No points").click()
    assert band.settle().get("points") == []
    expect(band.button("Remove the point")).to_be_disabled()
    expect(band.box.locator(".xp-caption")).to_contain_text("the prior alone")


def test_the_nearest_point_is_taken_where_targets_overlap(band: Live) -> None:
    start(band, points=[0.0, 0.0, 0.04, 0.0, 0.5, 0.5])  # 11 pixels apart, and each is 44 wide
    plot = band.box.locator(".xp-plot-svg")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    x, y = box["x"] + 56 + (box["width"] - 72) / 2, box["y"] + 12 + (330 - 58) / 2
    for i, place in ((0, x), (1, x + 0.02 * (box["width"] - 72))):
        start(band, points=[0.0, 0.0, 0.04, 0.0, 0.5, 0.5])
        band.page.mouse.move(place, y)
        band.page.mouse.down()
        band.page.mouse.move(place, y - 50, steps=3)
        band.page.mouse.up()
        assert [v > 0.5 for v in band.settle().get("points")[1::2][:2]] == [i == 0, i == 1]


def test_no_points_come_back_from_the_address(band: Live, open_page: Callable[..., Page], live: Callable) -> None:
    start(band).box.get_by_role("button", name="No points").click()
    expect(band.page).to_have_url(re.compile(r"points=(&|$)"))
    address = band.page.evaluate("location.hash")
    other = live(open_page("chapters/linear_regression.html" + address, alone="predictive_band"), "predictive_band")
    assert other.get("points") == []
    assert other.box.evaluate(SHOWN) == 0


def test_the_keyboard_is_not_lost_with_the_last_point(band: Live) -> None:
    start(band, points=[0.0, 0.0]).box.get_by_role("slider", name="Point 1", exact=True).press("Delete")
    assert band.settle().get("points") == []
    expect(band.button("Add a point")).to_be_focused()


def test_a_press_in_the_plot_looks_there(band: Live) -> None:
    plot = start(band).box.locator(".xp-plot-svg")
    box = plot.bounding_box()
    plot.click(position={"x": 56 + (box["width"] - 72) * 0.95, "y": 30})
    assert band.settle().get("at") == pytest.approx(0.9, abs=0.03)
