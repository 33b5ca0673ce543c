"""Annealed tours in the page: moves are the library's, the shortest of all is brute force's, cities can be moved."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import AnnealedTour
from book_lib.hopfield import tour_length
from tests.site.driver import Live

PAGE = "chapters/boltzmann_machines.html"
FRESH = {"cities": [], "count": 12, "map": 0, "temperature": 20, "schedule": "hold", "sweeps": 200, "drawn": [],
         "prediction": "skipped", "seed": 0}  # fmt: skip


@pytest.fixture
def tours(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="annealed_tour"), "annealed_tour")


def start(x: Live, **settings: object) -> Live:
    """Known settings, at sweep 0."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-at > .xp-caption").inner_text()


def order(text: str) -> list[int]:
    return [int(city) for city in text.split()]


DRAWN = [40.0 - 1.25 * k for k in range(31)]
CASES = [
    {},
    {"count": 30, "map": 5, "schedule": "geometric", "temperature": 35, "seed": 9},
    {"count": 9, "temperature": 0, "seed": 2**32 - 1},
    {"count": 20, "schedule": "drawn", "drawn": DRAWN, "sweeps": 100},
    {"cities": [0, 0, 100, 0, 50, 50.5, 0, 100, 100, 100], "count": 5, "temperature": 40},
]


@pytest.mark.parametrize("settings", CASES, ids=["hold", "cooling", "downhill", "drawn", "own"])
def test_moves_are_the_librarys(tours: Live, settings: dict) -> None:
    chosen = FRESH | settings
    wanted = AnnealedTour(**chosen | {"cities": np.reshape(chosen["cities"], (-1, 2)).tolist()})
    start(tours, **settings)
    shown = tours.readouts()
    assert shown["length"] == pytest.approx(tour_length(wanted.distances(), range(len(wanted.places()))))
    taken = 0
    for sweeps in (1, 10, 60):
        shown = tours.step(sweeps - taken).readouts()
        taken = sweeps
        run = wanted.anneal(sweeps)
        assert order(shown["tour"]) == run.final.tolist()
        assert order(shown["best_tour"]) == run.best.tolist()
        assert shown["length"] == pytest.approx(run.energies[-1], rel=1e-9)
        assert shown["best_length"] == pytest.approx(run.best_energy, rel=1e-12)
        assert shown["downhill"] == pytest.approx(wanted.descend(sweeps).best_energy, rel=1e-9)
        assert shown["temperature"] == pytest.approx(wanted.temperatures(sweeps)[-1], rel=1e-9)
    known = wanted.shortest()
    assert math.isnan(shown["exact"]) if known is None else shown["exact"] == pytest.approx(known[0])


def test_a_cooling_ends_and_finds_the_shortest_of_nine(tours: Live) -> None:
    start(tours, count=9, schedule="geometric", sweeps=500, prediction="cooling")
    shown = tours.step(900).readouts()
    assert shown["sweep"] == 500
    assert shown["best"] == pytest.approx(AnnealedTour(count=9, map=0).shortest()[0])
    assert "shortest of all 20160" in caption(tours)
    assert "Done after 500 sweeps" in caption(tours)


def test_downhill_is_stuck_in_a_local_minimum(tours: Live) -> None:
    start(tours, temperature=0, count=20)
    length = tours.step(400).readouts()["length"]
    assert "a local minimum" in caption(tours)
    assert tours.step(100).readouts()["length"] == pytest.approx(length)


def test_a_race_is_pythons(tours: Live) -> None:
    settings = {"count": 15, "schedule": "geometric", "sweeps": 50, "seed": 4}
    start(tours, **settings)
    tours.button("20 runs of each").click()
    shown = tours.settle().readouts()
    race = AnnealedTour(**FRESH | settings).race(20)
    assert shown["race_cooled"] == pytest.approx(race.cooled.mean(), rel=1e-9)
    assert shown["race_downhill"] == pytest.approx(race.downhill.mean(), rel=1e-9)
    cells = tours.box.locator(".xp-small-table tbody td").all_inner_texts()
    assert float(cells[0]) == pytest.approx(race.cooled.mean(), abs=0.06)
    assert float(cells[4]) == pytest.approx(race.downhill.min(), abs=0.06)
    assert "Over 20 runs of each" in caption(tours)
    tours.set(temperature=3)  # another schedule: the race is no longer true
    assert tours.box.locator(".xp-small-table").count() == 0


def test_the_bet_comes_first(tours: Live) -> None:
    start(tours, prediction="", count=8)
    ask = tours.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    shown = tours.step(30).readouts()
    assert math.isnan(shown["downhill"]) and math.isnan(shown["exact"])
    assert "once you have bet" in caption(tours)
    tours.button("Only downhill").click()
    assert tours.settle().get("prediction") == "downhill"
    assert tours.get("schedule") == "geometric"  # what the bet is about
    expect(ask).to_have_count(0)
    shown = tours.step(300).readouts()
    best, down = shown["best"], shown["downhill"]
    assert ("You bet right" in caption(tours)) == (down < best - 1e-6)


def test_cities_are_moved_by_keys_and_by_pointer(tours: Live) -> None:
    start(tours, count=6)
    first = tours.box.get_by_role("slider", name="City 1", exact=True)
    before = AnnealedTour(count=6, map=0).places()
    first.press("ArrowRight")
    first.press("ArrowUp")
    moved = np.reshape(tours.settle().get("cities"), (-1, 2))
    np.testing.assert_allclose(moved[0], before[0] + 2)
    np.testing.assert_array_equal(moved[1:], before[1:])
    wanted = AnnealedTour(cities=moved.tolist())
    assert tours.readouts()["exact"] == pytest.approx(wanted.shortest()[0])
    first.scroll_into_view_if_needed()
    box = tours.box.locator(".xp-at-sheet").bounding_box()
    spot = first.locator(".xp-handle-dot").bounding_box()
    mouse = tours.page.mouse
    mouse.move(spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2)
    mouse.down()
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.25 * box["height"], steps=6)
    mouse.up()
    x, y = tours.settle().get("cities")[:2]
    assert (x, y) == pytest.approx((50, 75), abs=1.5)


def test_a_moved_city_keeps_the_tour(tours: Live) -> None:
    start(tours, count=10).step(40)
    before = tours.readouts()["tour"]
    tours.box.get_by_role("slider", name="City 3", exact=True).press("ArrowLeft")
    shown = tours.settle().readouts()
    assert shown["tour"] == before
    assert shown["sweep"] == 0


def test_cities_are_added_and_taken_away(tours: Live) -> None:
    start(tours, count=5)
    remove, add = tours.button("Remove the chosen city"), tours.button("Add a city")
    expect(remove).to_be_disabled()
    add.press("Enter")
    assert tours.settle().get("count") == 6 == len(tours.get("cities")) / 2
    sheet = tours.box.locator(".xp-at-sheet")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    tours.page.mouse.click(box["x"] + 3, box["y"] + 3)  # a corner, where no city is
    x, y = tours.settle().get("cities")[-2:]
    assert (x, y) == pytest.approx((0, 100), abs=2)
    assert tours.readouts()["cities"] == 7
    tours.box.get_by_role("slider", name="City 7", exact=True).press("Delete")
    assert tours.settle().get("count") == 6
    remove.click()
    assert tours.settle().get("count") == 5
    expect(remove).to_be_disabled()
    for _ in range(25):
        add.click()
    expect(add).to_be_disabled()
    assert tours.settle().readouts()["cities"] == 30


def test_a_circle_hides_its_tour_and_cooling_finds_it(tours: Live) -> None:
    start(tours, count=9, schedule="geometric", sweeps=500)
    tours.button("On a circle").click()
    shown = tours.settle().step(600).readouts()
    assert shown["exact"] == pytest.approx(9 * 80 * math.sin(math.pi / 9), rel=0.01)
    assert shown["best"] == pytest.approx(shown["exact"])


def test_a_schedule_is_drawn_and_taken_ready_made(tours: Live) -> None:
    start(tours, schedule="drawn")
    assert "Draw T(t)" in caption(tours)
    tours.button("Quench").click()
    drawn = tours.settle().get("drawn")
    assert (drawn[0], drawn[3], drawn[-1]) == (40, 0, 0)
    plot = tours.box.locator(".xp-plot-svg").nth(1)
    handle = plot.get_by_role("slider").first
    handle.focus()
    handle.press("End")
    assert tours.settle().get("drawn")[0] == 60
    assert tours.readouts()["temperature"] == pytest.approx(60)
    tours.button("Draw anew").click()
    assert tours.settle().get("drawn") == []


def test_state_in_the_address_comes_back(tours: Live, live: Callable[..., Live]) -> None:
    start(tours, temperature=3, count=6, sweeps=50)
    tours.box.get_by_role("slider", name="City 2", exact=True).press("ArrowDown")
    cities = tours.settle().get("cities")
    tours.page.wait_for_function("() => location.hash.includes('annealed_tour.cities')")
    tours.page.reload()
    again = live(tours.page, "annealed_tour")
    expect(again.box.locator(".xp-caption")).to_contain_text("6 cities")
    assert (again.get("cities"), again.get("temperature"), again.get("sweeps")) == (cities, 3, 50)


def test_temperature_has_the_scale_and_hides_where_it_is_drawn(tours: Live) -> None:
    start(tours)
    knob = tours.box.get_by_role("slider", name="Temperature", exact=False).first
    expect(tours.box.locator(".xp-temperature")).to_have_count(1)
    knob.press("Home")
    assert tours.settle().get("temperature") == 0
    assert "only downhill" in knob.get_attribute("aria-valuetext")
    tours.set(schedule="drawn", drawn=DRAWN)
    expect(tours.box.locator(".xp-temperature")).to_be_hidden()


def test_a_held_temperature_meets_the_mean_length_of_the_law(tours: Live) -> None:
    start(tours, count=7, schedule="hold", temperature=15)
    law = float(AnnealedTour(count=7, map=FRESH["map"]).mean_length(15.0))
    assert tours.step(3000).readouts()["mean_law"] == pytest.approx(law, rel=1e-12)
    assert tours.readouts()["mean"] == pytest.approx(law, rel=0.03)
    assert "Since T was set, the mean length is" in caption(tours)
    tours.set(temperature=40)
    assert "Since T was set" not in caption(tours)
    assert tours.step(3000).readouts()["mean"] > 1.05 * law


def test_equilibrium_is_drawn_once_the_bet_is_made(tours: Live) -> None:
    start(tours, count=8, prediction="").step(20)
    legend = tours.box.locator(".xp-legend", has_text="mean by e^(−L/T)")
    expect(legend).to_have_count(0)
    tours.set(prediction="even")
    expect(legend).to_have_count(1)
    tours.set(count=10)
    expect(legend).to_have_count(0)
