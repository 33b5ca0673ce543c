"""Boundaries: gradient descent is the library's, step by step; regions, classes by hand, and what diverges."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import Boundaries
from tests.site.driver import Live

FRESH = {"view": "two", "separation": 1.2, "penalty": 0, "learning_rate": 1, "seed": 0, "points": []}


@pytest.fixture
def plane(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/classification.html", alone="boundaries"), "boundaries")


def start(x: Live, **settings: object) -> Live:
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def weights(x: Live, classes: int) -> np.ndarray:
    shown = x.readouts()
    return np.array([[shown[f"w{k}{j}"] for j in range(3)] for k in range(classes)])


CASES = [
    {},
    {"learning_rate": 30, "penalty": 0.01, "seed": 3},
    {"view": "three", "learning_rate": 2},
    {"view": "three", "separation": 0.3, "penalty": 0.3, "learning_rate": 0.5, "seed": 2**32 - 1},
]


def test_descent_is_the_librarys(plane: Live) -> None:
    for settings in CASES:
        start(plane, **settings)
        expected = Boundaries(**settings)
        way = expected.descend(40)
        for more, steps in ((1, 1), (9, 10), (30, 40)):
            shown = plane.step(more).readouts()
            assert shown["steps"] == steps
            np.testing.assert_allclose(weights(plane, expected.classes), way[steps], rtol=1e-8, atol=1e-9)
            assert shown["loss"] == pytest.approx(expected.loss(way[steps]), rel=1e-9)
        assert shown["largest_step"] == pytest.approx(expected.largest_step(), rel=1e-9)
        inputs, labels = expected.data()
        assert shown["right"] == (expected.probabilities(way[40], inputs).argmax(axis=1) == labels).sum()


def test_the_least_loss_is_where_descent_ends(plane: Live) -> None:
    for view in ("two", "three"):
        shown = start(plane, view=view, separation=0.5, penalty=1).step(3000).readouts()
        assert shown["loss"] == pytest.approx(shown["least_loss"], rel=1e-8)
        expect(plane.box.locator(".xp-caption")).to_contain_text("the gradient is gone")


def test_the_boundary_is_where_the_logits_are_equal(plane: Live) -> None:
    start(plane).step(50)
    (_, (b, u, v)) = weights(plane, 2)
    ends = plane.box.evaluate(
        """el => {
            const svg = el.querySelector('.xp-plot-svg');
            const d = svg.querySelector('path.xp-line.xp-theory').getAttribute('d');
            const [width, height] = [svg.width.baseVal.value - 72, 298 - 58];
            return [...d.matchAll(/[ML]([\\d.-]+) ([\\d.-]+)/g)].map(m =>
                [6 * (m[1] - 56) / width - 3, 3 - 6 * (m[2] - 12) / height]);
        }"""
    )
    assert len(ends) >= 2
    for x, y in ends:
        assert abs(b + u * x + v * y) < 0.02 * np.hypot(u, v)


def test_probability_nine_tenths_lies_ln_9_over_w_from_the_boundary(plane: Live) -> None:
    start(plane).step(50)
    (_, (b, u, v)) = weights(plane, 2)
    places = plane.box.evaluate(
        """el => {
            const svg = el.querySelector('.xp-plot-svg');
            const d = svg.querySelector('path.xp-line.xp-muted').getAttribute('d');
            const [width, height] = [svg.width.baseVal.value - 72, 298 - 58];
            return [...d.matchAll(/[ML]([\\d.-]+) ([\\d.-]+)/g)].map(m =>
                [6 * (m[1] - 56) / width - 3, 3 - 6 * (m[2] - 12) / height]);
        }"""
    )
    away = np.array([(b + u * x + v * y) / np.hypot(u, v) for x, y in places])
    np.testing.assert_allclose(abs(away), np.log(9) / np.hypot(u, v), atol=0.02)
    assert (away > 0).any() and (away < 0).any()


def test_separable_points_without_a_penalty_have_no_end(plane: Live) -> None:
    start(plane, points=[-1, 0, 0, -2, 1, 0, 1, 0, 1, 2, -1, 1], learning_rate=5)
    first = plane.step(100).readouts()
    later = plane.step(1000).readouts()
    assert later["norm"] > first["norm"] and later["loss"] < first["loss"]
    expect(plane.box.locator(".xp-caption")).to_contain_text("ends nowhere")
    plane.set(penalty=1, learning_rate=1)
    plane.step(2000)
    assert plane.readouts()["norm"] < first["norm"]


def test_too_large_a_rate_is_named(plane: Live) -> None:
    start(plane, learning_rate=100, separation=0.3, penalty=0.1).step(2)
    shown = plane.readouts()
    assert shown["largest_step"] < 100
    expect(plane.box.locator(".xp-caption")).to_contain_text("above 2/L")
    start(plane, learning_rate=100, penalty=10).step(200)
    expect(plane.box.locator(".xp-caption")).to_contain_text("Diverged")
    assert start(plane).readouts()["steps"] == 0


def test_what_is_said_of_a_rise_is_said_of_the_rate_that_rose(plane: Live) -> None:
    """The reader turns the rate down after a rise, or after a divergence: no sentence may speak of the new one."""
    caption = plane.box.locator(".xp-caption")
    start(plane, learning_rate=100, separation=0.3, penalty=0.1).step(2)
    plane.set(learning_rate=0.01)
    expect(caption).to_contain_text("learning rate, 100, is above 2/L")
    plane.step(1)
    expect(caption).to_contain_text("Step 3: loss")
    start(plane, learning_rate=100, penalty=10).step(200)
    plane.set(learning_rate=1)
    expect(caption).to_contain_text("the learning rate 100 times that is 83.3, above 2")
    plane.set(penalty=0.1)  # it does not go on from where it has diverged
    expect(caption).to_contain_text("All weights are 0")
    assert plane.step(5).readouts()["norm"] < 10


def test_separable_is_not_called_a_least_loss_of_nought(plane: Live) -> None:
    start(plane, points=[-0.1, 0, 0, -2, 1, 0, 0.1, 0, 1, 2, -1, 1, 2.5, -3, 0], learning_rate=0.1).step(1)
    expect(plane.box.locator(".xp-caption")).to_contain_text("no loss is the least")


def test_a_dashed_line_is_one_line(plane: Live) -> None:
    """Dashes begin anew at each piece: two classes have two straight lines of probability 0.9, three two or three."""
    pieces = "el => el.querySelector('path.xp-line.xp-muted').getAttribute('d').match(/M/g).length"
    assert start(plane).step(50).box.evaluate(pieces) == 2
    assert start(plane, view="three").step(50).box.evaluate(pieces) <= 3


def test_points_by_keyboard_and_pointer(plane: Live) -> None:
    point = start(plane).box.get_by_role("slider", name="Point 1", exact=True)
    inputs, labels = Boundaries().data()
    point.press("ArrowRight")
    moved = plane.settle().get("points")
    assert moved[:3] == [pytest.approx(inputs[0, 0] + 0.1, abs=1e-3), pytest.approx(inputs[0, 1], abs=1e-3), 0]
    point.press("Enter")
    assert plane.settle().get("points")[2] == 1
    plane.button("Change class").click()
    assert plane.settle().get("points")[2] == 0
    box = point.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    plane.page.mouse.move(x, y)
    plane.page.mouse.down()
    plane.page.mouse.move(x + 30, y - 40, steps=4)
    plane.page.mouse.up()
    after = plane.settle().get("points")
    held = [i for i in range(12) if after[3 * i : 3 * i + 2] != moved[3 * i : 3 * i + 2]]
    assert held == [0]
    assert after[0] > moved[0] and after[1] > moved[1]


def test_other_classes_are_other_points(plane: Live) -> None:
    start(plane, points=[0, 0, 0, 1, 1, 1])
    plane.box.get_by_text("Three", exact=True).click()
    assert plane.settle().get("points") == []
    marks = plane.box.locator(".xp-bd-mark:visible")
    assert marks.evaluate_all("all => new Set(all.map(p => p.getAttribute('d'))).size") == 3
