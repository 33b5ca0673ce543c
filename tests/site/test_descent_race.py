"""The race downhill in the page: its ways are the library's, and 2/L is where gradient descent gives way."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from book_lib.explorables import DescentRace
from tests.site.driver import Live

PAGE = "chapters/optimization.html"
ALL = ["gradient_descent", "momentum", "adam", "newton"]
FRESH = {"landscape": "quadratic", "learning_rate": 0.1, "momentum": 0.9, "batch_noise": 0, "start": [-2.5, 1.5],
         "optimizers": ALL, "seed": 0}  # fmt: skip


@pytest.fixture
def race(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="descent_race"), "descent_race")


def start(x: Live, **settings: object) -> Live:
    """Known settings, at step 0."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


COURSES = [
    {},
    {"learning_rate": 0.55},
    {"batch_noise": 0.7, "seed": 9},
    {"landscape": "ravine", "learning_rate": 0.019, "start": [-2.5, 0.7]},
    {"landscape": "rosenbrock", "learning_rate": 0.001, "start": [-1.2, 1]},
    {"landscape": "double_well", "start": [1.7, 1.2], "momentum": 0.5},
    {"landscape": "saddle", "start": [-1.8, 0.01], "batch_noise": 0.05, "seed": 2**32 - 1},
]


def test_the_race_is_the_librarys(race: Live) -> None:
    for settings in COURSES:
        wanted = DescentRace(**FRESH | settings)
        start(race, **settings)
        taken = 0
        for steps in (1, 4, 15):
            shown = race.step(steps - taken).readouts()
            taken = steps
            for name, one in wanted.race(steps).items():
                places = [shown[f"{name}_x"], shown[f"{name}_y"]]
                assert places == pytest.approx(one.points[-1].tolist(), rel=1e-7, abs=1e-9), (settings, name, steps)
        assert shown["critical_rate"] == pytest.approx(wanted.critical_rate, rel=1e-9)
        assert shown["factor"] == pytest.approx(wanted.factor, rel=1e-9, abs=1e-12)


def test_two_over_l_is_the_edge(race: Live) -> None:
    """On the bowl and in the ravine: a little below it rests in the end, a little above it blows up, and says why."""
    for landscape, limit in (("quadratic", 0.5), ("ravine", 0.02)):
        start(race, landscape=landscape, learning_rate=0.98 * limit).step(500)
        assert race.readouts()["critical_rate"] == pytest.approx(limit)
        assert race.readouts()["gradient_descent_fate"] != "diverged"
        assert "below 2/L" in caption(race)
        start(race, landscape=landscape, learning_rate=1.02 * limit).step(500)
        shown = race.readouts()
        assert shown["gradient_descent_fate"] == "diverged"
        library = DescentRace(landscape=landscape, learning_rate=1.02 * limit, start=FRESH["start"])
        assert shown["gradient_descent_steps"] == library.run("gradient_descent", 500).diverged
        text = caption(race)
        assert f"above 2/L = {limit:g}" in text
        assert "1 − ηL = −1.040" in text
        assert f"blew up at step {shown['gradient_descent_steps']}" in text


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


def test_buttons_prove_it(race: Live) -> None:
    start(race).step(400)
    race.button("1.02 · 2/L").click()
    assert race.settle().readouts()["gradient_descent_fate"] == "diverged"  # the same steps, raced anew at once
    race.button("0.98 · 2/L").press("Enter")
    assert race.settle().readouts()["gradient_descent_fate"] != "diverged"
    race.button("η = 1/L").click()
    assert race.settle().readouts()["factor"] == pytest.approx(0)


def test_at_the_edge_it_swings_for_ever(race: Live) -> None:
    shown = start(race, learning_rate=0.5).step(300).readouts()
    assert abs(shown["gradient_descent_y"]) == pytest.approx(1.5, rel=1e-12)
    assert "for ever" in caption(race)


def test_newton_needs_one_step_and_momentum_fewer_than_plain_descent(race: Live) -> None:
    shown = start(race, landscape="ravine", learning_rate=0.0198, momentum=0.8).step(500).readouts()
    assert shown["newton_finish"] == 1
    assert shown["momentum_finish"] < shown["gradient_descent_finish"]


def test_a_start_decides_the_well_and_the_words_say_so(race: Live) -> None:
    start(race, landscape="double_well", start=[1.7, 1.2], optimizers=["gradient_descent"]).step(500)
    assert race.readouts()["gradient_descent_x"] == pytest.approx(0.9456, abs=1e-3)
    assert "higher well" in caption(race)
    start(race, landscape="double_well", start=[-1.7, 1.2], optimizers=["gradient_descent"]).step(500)
    assert race.readouts()["gradient_descent_x"] == pytest.approx(-1.0467, abs=1e-3)
    assert "higher well" not in caption(race)


def test_a_runaway_does_not_paint_the_map_over(race: Live) -> None:
    start(race, landscape="ravine", learning_rate=0.0204, start=[-2.5, 0.7]).step(500)
    library = DescentRace(landscape="ravine", learning_rate=0.0204).run("gradient_descent", 500).points
    seen = int((abs(library[:, 1]) <= 2).sum())  # half a map beyond the rim, at most
    path = race.box.locator(".xp-plot-svg").first.locator(".xp-mark.xp-line.xp-simulation").get_attribute("d")
    assert path.count("L") + 1 == seen + 1
    assert race.box.locator(".xp-dr-flag text").all_text_contents()[0] == "∞"


def test_the_start_is_dragged_and_moved_by_keys(race: Live) -> None:
    start(race).step(5)
    grip = race.box.get_by_role("slider", name="Start of the race")
    before = race.readouts()["gradient_descent_x"]
    grip.focus()
    grip.press("ArrowRight")
    assert race.settle().get("start")[0] > -2.5
    assert race.readouts()["gradient_descent_x"] != before
    box = grip.bounding_box()
    race.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    race.page.mouse.down()
    race.page.mouse.move(box["x"] + 90, box["y"] + 60, steps=4)
    race.page.mouse.up()
    x, y = race.settle().get("start")
    assert x > -2.2 and y < 1.4
    wanted = DescentRace(start=[x, y]).run("adam", 5).points[-1]
    assert [race.readouts()["adam_x"], race.readouts()["adam_y"]] == pytest.approx(wanted.tolist(), rel=1e-9)


def test_a_landscape_chosen_brings_its_start_and_rate(race: Live) -> None:
    start(race)
    race.box.get_by_text("Ravine", exact=True).click()
    assert race.settle().get("landscape") == "ravine"
    assert race.get("learning_rate") == 0.015
    assert race.get("start") == [-2.5, 0.7]
    for name, limit in (("Learning", "2/L = 0.02"), ("Momentum", "2(1 + β)/L = 0.038")):
        assert limit in race.box.get_by_role("slider", name=name).get_attribute("aria-valuetext")


def test_boxes_choose_who_races_and_one_stays(race: Live) -> None:
    start(race)
    boxes = race.box.get_by_role("checkbox")
    for i in range(4):
        boxes.nth(i).click(force=True)
    assert race.settle().get("optimizers") == ["newton"]
    assert boxes.nth(3).is_checked()
    boxes.nth(0).press("Space")
    assert race.settle().get("optimizers") == ["gradient_descent", "newton"]


def test_the_seed_is_there_when_there_is_noise(race: Live) -> None:
    start(race)
    assert race.box.get_by_label("Seed", exact=True).count() == 0
    race.box.get_by_role("slider", name="Batch noise").press("End")
    first = race.settle().step(3).readouts()["adam_x"]
    race.button("Next seed").click()
    assert race.settle().get("seed") == 1
    assert race.readouts()["adam_x"] != first


def test_racers_differ_by_more_than_colour(race: Live) -> None:
    start(race).step(8)
    letters = race.box.locator(".xp-dr-flag text").all_text_contents()
    assert letters == ["G", "M", "A", "N"]


def test_table_words_and_play(race: Live) -> None:
    start(race).step(3)
    row = race.box.locator(".xp-small-table tbody tr").nth(3).inner_text()
    assert "Newton" in row and "at rest" in row
    race.button("Play").click()
    handle = race.box.element_handle()
    race.page.wait_for_function("el => el.closest('.explorable-live').model.get('readouts').step >= 6", arg=handle)
    race.button("Pause").press("Enter")
    step = race.settle().readouts()["step"]
    race.page.wait_for_timeout(500)
    assert race.readouts()["step"] == step
