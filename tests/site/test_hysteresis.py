"""Hysteresis in the page: its loops are Python's, their area behaves as it should, every control bites."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from book_lib.ising import hysteresis
from book_lib.rng import CounterRNG
from tests.site.driver import Live

STEPS = 51
FRESH = {
    "temperature": 1.5,
    "sweeps_per_step": 10,
    "repeats": 1,
    "amplitude": 2.5,
    "steps": STEPS,
    "size": 10,
    "seed": 0,
}


@pytest.fixture
def loops(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/ising.html", alone="hysteresis"), "hysteresis")


def start(x: Live, **settings: float) -> Live:
    """Known settings, from the lowest field."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def python_loops(**settings: float) -> list:
    """The same loops from the library, one for each magnet."""
    s = FRESH | settings
    return [
        hysteresis(
            s["size"],
            s["temperature"],
            s["amplitude"],
            s["steps"],
            s["sweeps_per_step"],
            CounterRNG(s["seed"], stream),
        )
        for stream in range(s["repeats"])
    ]


def whole_loop(x: Live, **settings: float) -> dict:
    """The reader's last line about one whole loop with these settings."""
    start(x, **settings).step(2 * STEPS)
    return x.get("collected")[-1]


def test_loop_is_the_librarys(loops: Live) -> None:
    for temperature, rate, seed in ((1.5, 10, 0), (2.0, 3, 7), (5.0, 1, 2**32 - 1)):
        compare_loop(loops, {"temperature": temperature, "sweeps_per_step": rate, "seed": seed})


def compare_loop(loops: Live, settings: dict) -> None:
    """Field by field, on both branches."""
    (expected,) = python_loops(**settings)
    start(loops, **settings)
    taken = 0
    for step in (1, 20, 34, 38, 42, STEPS, STEPS + 1, 70, 84, 88, 92, 2 * STEPS):
        loops.step(step - taken)
        taken = step
        branch, at = (expected.up, step - 1) if step <= STEPS else (expected.down, 2 * STEPS - step)
        shown = loops.readouts()
        assert shown["field"] == expected.field[at]
        assert shown["magnetization"] == pytest.approx(branch[at], abs=1e-12)
    assert loops.readouts()["area"] == pytest.approx(expected.area, rel=1e-12)


def test_mean_of_several_magnets(loops: Live) -> None:
    """Each magnet has a stream of its own; the mean and its error are those of the library's loops."""
    areas = [loop.area for loop in python_loops(repeats=5, seed=4)]
    row = whole_loop(loops, repeats=5, seed=4)
    assert row["loops"] == 5
    assert row["area"] == pytest.approx(np.mean(areas), rel=1e-12)
    assert row["error"] == pytest.approx(np.std(areas, ddof=1) / math.sqrt(5), rel=1e-9)
    assert loops.readouts()["mean_area"] == row["area"]


def test_area_vanishes_at_high_temperature(loops: Live) -> None:
    cold = whole_loop(loops, temperature=1.5, sweeps_per_step=30, repeats=20)
    hot = whole_loop(loops, temperature=5.0, sweeps_per_step=30, repeats=20)
    assert cold["area"] > 1.5
    assert cold["area"] > 20 * cold["error"]
    assert abs(hot["area"]) < 4 * hot["error"]
    assert hot["error"] < 0.1


def test_area_shrinks_with_slower_sweeps(loops: Live) -> None:
    rows = [whole_loop(loops, sweeps_per_step=rate, repeats=10) for rate in (1, 10, 100)]
    areas = [row["area"] for row in rows]
    assert areas[0] > areas[1] > areas[2] > 0
    for faster, slower in zip(rows, rows[1:], strict=False):
        assert faster["area"] - slower["area"] > 4 * math.hypot(faster["error"], slower["error"])


def test_table_collects_one_line_for_each_setting(loops: Live) -> None:
    start(loops).step(2 * STEPS)
    loops.set(temperature=3.0, sweeps_per_step=1).step(2 * STEPS)
    loops.set(temperature=1.5, sweeps_per_step=10).step(2 * STEPS)
    rows = loops.box.locator(".xp-hy-table tbody tr")
    assert rows.count() == 2
    assert rows.nth(0).locator("th, td").all_inner_texts()[:2] == ["1.5", "10"]
    assert rows.nth(1).locator("th, td").all_inner_texts()[:2] == ["3", "1"]
    loops.button("Reset").click()
    assert rows.count() == 0
    assert loops.box.locator(".xp-hy-empty").is_visible()


def test_strokes_differ_by_more_than_colour(loops: Live) -> None:
    start(loops).step(2 * STEPS)
    dashes = loops.box.evaluate(
        "el => [...el.querySelectorAll('.xp-plot-svg path.xp-line:not(.xp-faint)')]"
        ".filter(p => p.getAttribute('d')).map(p => getComputedStyle(p).strokeDasharray)"
    )
    assert len(dashes) == 2
    assert dashes[0] == "none" != dashes[1]


def drawn(x: Live) -> str:
    return x.box.evaluate(
        "el => [...el.querySelectorAll('.xp-plot-svg path.xp-line')].map(p => p.getAttribute('d')).join()"
    )


def test_a_paused_loop_answers_its_sliders(loops: Live) -> None:
    """By keyboard to both ends, and by pointer: the loop is measured anew up to the same field."""
    for name in ("Temperature", "Sweeps at each field", "Repeats to average"):
        start(loops).step(33)
        answers(loops, name)


def answers(loops: Live, name: str) -> None:
    """Three places of a slider, three pictures."""
    slider = loops.box.get_by_role("slider", name=name)
    field = loops.readouts()["field"]
    seen = set()
    for key in ("Home", "End"):
        slider.press(key)
        loops.box.page.wait_for_timeout(100)
        loops.step(0)  # a slow measurement goes on from frame to frame: let it arrive
        seen.add(drawn(loops))
        assert loops.readouts()["field"] == field
    box = slider.bounding_box()
    loops.page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    loops.step(0)
    seen.add(drawn(loops))
    assert len(seen) == 3


def test_seed_box_gives_other_loops_and_the_same_again(loops: Live) -> None:
    start(loops).step(60)
    first = drawn(loops)
    loops.button("Next seed").click()
    loops.settle()
    second = drawn(loops)
    assert loops.get("seed") == 1
    assert second != first
    loops.box.get_by_label("Seed", exact=True).fill("0")
    loops.box.get_by_label("Seed", exact=True).press("Enter")
    loops.settle()
    assert drawn(loops) == first


def test_play_measures_one_loop_and_stops(loops: Live) -> None:
    start(loops)
    loops.button("Play").press("Enter")
    loops.page.wait_for_function(
        "el => el.closest('.explorable-live').model.get('readouts').loops === 1",
        arg=loops.box.element_handle(),
    )
    loops.button("Play").wait_for()  # again, in place of Pause
    assert loops.readouts()["loops"] == 1


def test_bad_numbers_are_answered(loops: Live) -> None:
    box = loops.box.get_by_label("Temperature, as a number")
    before = loops.get("temperature")
    box.fill("-1")
    box.press("Enter")
    message = loops.box.get_by_role("alert").filter(has_text="Temperature")
    assert "from 0.5 to 6" in message.inner_text()
    assert loops.get("temperature") == before


def test_address_keeps_the_state(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    page = open_page(
        "chapters/ising.html#xp:hysteresis.temperature=3&hysteresis.seed=5&hysteresis.repeats=99",
        alone="hysteresis",
    )
    x = live(page, "hysteresis")
    assert (x.get("temperature"), x.get("seed"), x.get("repeats")) == (3, 5, 1)  # 99 is not on offer
    expected = python_loops(temperature=3.0, seed=5)[0]
    taken = x.get("start_at")
    assert x.readouts()["magnetization"] == pytest.approx(expected.up[taken - 1], abs=1e-12)
