"""The perceptron in the page: every look is the library's, the bound holds, and XOR never ends."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import PerceptronSteps
from tests.site.driver import Live, wait_ready

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
    walk.button("Take it away").click()
    assert len(walk.settle().get("points")) == 12
    box = point.bounding_box()
    walk.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    walk.page.mouse.down()
    walk.page.mouse.move(box["x"] + 50, box["y"] - 30, steps=4)
    walk.page.mouse.up()
    assert walk.settle().get("points")[1] > 0.1


def test_a_press_chooses_and_moves_nothing(walk: Live) -> None:
    start(walk).step(3)
    walk.box.get_by_role("slider", name="Point 3", exact=True).click(position={"x": 30, "y": 12})
    assert (walk.settle().get("data"), walk.readouts()["looks"]) == ("and", 3)
    walk.button("Change the class").click()
    assert walk.settle().get("points")[6:9] == [1, 0, 1]


def test_of_points_close_together_the_nearest_is_taken(walk: Live) -> None:
    start(walk, data="own", points=[0, 0, 0, 0.15, 0, 1, 1, 1, 1])
    first = walk.box.get_by_role("slider", name="Point 1", exact=True).bounding_box()
    walk.page.mouse.move(first["x"] + first["width"] / 2, first["y"] + first["height"] / 2)
    walk.page.mouse.down()
    walk.page.mouse.move(first["x"] + first["width"] / 2, first["y"] - 40, steps=4)
    walk.page.mouse.up()
    points = walk.settle().get("points")
    assert points[1] > 0.3
    assert points[3:] == [0.15, 0, 1, 1, 1, 1]


def test_points_go_by_key_until_two_are_left(walk: Live) -> None:
    start(walk)
    last = walk.box.get_by_role("slider", name="Point 4", exact=True)
    last.press("Delete")
    assert len(walk.settle().get("points")) == 9
    assert walk.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Point 3"
    walk.page.keyboard.press("Backspace")
    assert walk.settle().get("points") == [0, 0, 0, 0, 1, 0]
    walk.page.keyboard.press("Delete")
    assert len(walk.settle().get("points")) == 6
    expect(walk.button("Take it away")).to_be_disabled()
    for _ in range(10):
        walk.button("Add a point").click()
    assert len(walk.settle().get("points")) == 36
    expect(walk.button("Add a point")).to_be_disabled()
    points = walk.get("points")
    assert len({(points[i], points[i + 1]) for i in range(6, 36, 3)}) == 10  # none on top of another


def test_nothing_is_told_before_the_first_look_or_the_prediction(walk: Live) -> None:
    for data in ("and", "xor"):
        start(walk, data=data)
        if data == "and":
            assert walk.readouts()["bound"] == "–"
            assert "margin" not in caption(walk)
    walk.page.reload()
    wait_ready(walk.page)
    walk.box.get_by_text("XOR", exact=True).click()
    assert "separates" not in caption(walk.settle())
    walk.box.get_by_text("it never ends", exact=True).click()
    assert "No line separates" in caption(walk.settle())


def test_a_prediction_belongs_to_its_points_and_comes_before_the_end(walk: Live) -> None:
    start(walk).step(200)
    walk.box.get_by_text("10 or more", exact=True).click()
    assert "when it is known" in caption(walk.settle())
    walk.box.get_by_text("OR", exact=True).click()
    assert walk.settle().get("predict") == ""
    walk.box.get_by_text("fewer than 10", exact=True).click()
    assert "Right." in caption(walk.step(200))


def test_after_2000_looks_it_stops_and_says_so(walk: Live) -> None:
    start(walk, data="xor").step(3000)
    assert walk.readouts()["looks"] == 2000
    assert "2000 looks are taken, and here it stops" in caption(walk)


@pytest.mark.parametrize(
    "address",
    ["#xp:perceptron_steps.data=nor&perceptron_steps.points=1,1,1", "#xp:perceptron_steps.points=0,0,0,1,1,0.5",
     "#xp:perceptron_steps.points=0,0,0,1,7,1&perceptron_steps.predict=yes", "#xp:village.seed=3", "#xp:%"],
)  # fmt: skip
def test_a_foreign_address_changes_nothing(
    open_page: Callable[..., Page], live: Callable[..., Live], address: str
) -> None:
    x = live(open_page("chapters/neural_networks.html" + address, alone="perceptron_steps"), "perceptron_steps")
    assert {name: x.get(name) for name in FRESH} == FRESH
    assert x.step(100).readouts()["mistakes"] == 18


def test_a_reload_brings_back_the_points(walk: Live) -> None:
    walk.button("Add a point").click()
    walk.box.get_by_text("it never ends", exact=True).click()
    walk.page.wait_for_function("() => location.hash.includes('predict')")
    before = walk.get("points")
    walk.page.reload()
    wait_ready(walk.page)
    assert (walk.get("data"), walk.get("points"), walk.get("predict")) == ("own", before, "never")
