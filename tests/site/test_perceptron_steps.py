"""The perceptron in the page: every look is the library's, the bound holds, and XOR never ends."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from book_lib.explorables import PerceptronSteps
from tests.site.driver import Live

FRESH = {"data": "and", "points": [], "steps": 0, "predict": ""}


@pytest.fixture
def walk(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/neural_networks.html", alone="perceptron_steps"), "perceptron_steps")


def start(x: Live, **settings: object) -> Live:
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


@pytest.mark.parametrize("data", ["and", "or", "xor", "own"])
def test_looks_are_the_librarys(walk: Live, data: str) -> None:
    start(walk, data=data)
    wanted = PerceptronSteps(data=data)
    taken = 0
    for looks in (1, 2, 5, 17, 60):
        shown = walk.step(looks - taken).readouts()
        taken = looks
        weights, mistakes = wanted.weights(looks)
        assert [shown["w1"], shown["w2"], shown["c"]] == pytest.approx(weights.tolist())
        assert shown["mistakes"] == mistakes


def test_it_ends_below_the_bound_or_never(walk: Live) -> None:
    shown = start(walk, predict="some").step(200).readouts()
    run = PerceptronSteps().run()
    assert (shown["mistakes"], shown["converged"]) == (run.mistakes, 1)
    assert shown["bound"] == pytest.approx(51)
    assert "it ends after 18 mistakes" in caption(walk)
    assert "Right." in caption(walk)
    shown = start(walk, data="xor", predict="never").step(400).readouts()
    assert (shown["converged"], shown["bound"]) == (0, "")
    assert "No line separates" in caption(walk)
    assert "Right." in caption(walk)


def test_step_play_and_the_next_mistake(walk: Live) -> None:
    start(walk)
    walk.button("Step").press("Enter")
    assert walk.settle().readouts()["looks"] == 1
    walk.button("Next mistake").click()
    assert walk.settle().readouts()["mistakes"] == 2
    walk.button("Play").click()
    handle = walk.box.element_handle()
    walk.page.wait_for_function("el => el.closest('.explorable-live').model.get('readouts').looks >= 6", arg=handle)
    walk.button("Reset").click()
    assert walk.settle().readouts()["looks"] == 0


def test_points_are_moved_turned_added_and_taken_away(walk: Live) -> None:
    start(walk)
    point = walk.box.get_by_role("slider", name="Point 1", exact=True)
    point.press("ArrowRight")
    assert walk.settle().get("data") == "own"
    assert walk.get("points")[:3] == pytest.approx([0.1, 0, 0])
    point.press("Enter")
    assert walk.settle().get("points")[2] == 1
    walk.button("Change the class").click()
    assert walk.settle().get("points")[2] == 0
    walk.button("Add a point").click()
    assert len(walk.settle().get("points")) == 15
    walk.button("Take one away").click()
    assert len(walk.settle().get("points")) == 12
    box = point.bounding_box()
    walk.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    walk.page.mouse.down()
    walk.page.mouse.move(box["x"] + 50, box["y"] - 30, steps=4)
    walk.page.mouse.up()
    assert walk.settle().get("points")[1] > 0.1
