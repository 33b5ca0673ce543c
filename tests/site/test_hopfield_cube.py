"""The cube of eight states in the page: its energies, arrows and ways are Python's, and the slip goes uphill."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import HopfieldCube
from book_lib.explorables.hopfield_cube import STATES, fraction, signs
from tests.site.driver import Live, wait_ready

PAGE = "chapters/hopfield.html"
NAME = "hopfield_cube"
FRESH = {
    "pattern": [1, -1, 1], "theta1": 0, "theta2": 0, "theta3": 0, "sign": "plus", "tie": "keep", "order": "123",
    "start": [1, 1, 1], "steps": 0, "predict": "",
}  # fmt: skip
Opener = Callable[..., Page]
Finder = Callable[..., Live]


@pytest.fixture
def cube(open_page: Opener, live: Finder) -> Live:
    return start(live(open_page(PAGE, alone=NAME), NAME))


def start(x: Live, **settings: object) -> Live:
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


RULES = [
    {},
    {"theta1": 1.0, "sign": "minus"},
    {"theta1": 0.5, "theta2": -0.1, "theta3": 0.3, "order": "312", "start": [-1, -1, -1]},
    {"tie": "minus"},
    {"tie": "plus", "pattern": [-1, -1, 1], "order": "213", "start": [1, -1, 1]},
]


@pytest.mark.parametrize("settings", RULES, ids=str)
def test_energies_arrows_and_ways_are_pythons(cube: Live, settings: dict) -> None:
    wanted = HopfieldCube(**settings)
    start(cube, **settings)
    written = cube.box.locator(".xp-hc-energy").all_text_contents()
    assert written == [fraction(wanted.energy(state)) for state in STATES]
    shown = cube.readouts()
    assert (shown["arrows"], shown["rises"]) == (len(wanted.arrows()), wanted.rises())
    assert shown["at_rest"].split() == [signs(state)[1:-1] for state in wanted.at_rest()]
    for state in wanted.path(60)[1:]:
        shown = cube.step().readouts()
        assert shown["state"] == signs(state)[1:-1]
        assert shown["energy"] == pytest.approx(wanted.energy(state))
    assert shown["done"] == 1
    heads = cube.box.locator(".xp-hc-cube path.xp-hc-head")
    assert heads.count() == len(wanted.arrows())
    assert cube.box.locator(".xp-hc-cube path.xp-hc-head.xp-hc-up").count() == wanted.rises()


def test_arrows_wait_until_the_reader_has_seen_it_rest(cube: Live) -> None:
    heads = cube.box.locator(".xp-hc-cube path.xp-hc-head")
    assert heads.count() == 0
    assert [cube.step() and heads.count() for _ in range(2)] == [0, 1]
    assert cube.step(10) and heads.count() == len(HopfieldCube().arrows())
    cube.button("The slip with θ").click()  # once seen, they stay
    assert cube.settle() and heads.count() == len(HopfieldCube(theta1=1, sign="minus").arrows())


def test_energies_fit_their_corners(cube: Live) -> None:
    start(cube, theta1=2, theta2=1.9, theta3=-0.1)
    for corner in cube.box.locator(".xp-hc-corner").all():
        circle, energy = corner.locator("circle").first.bounding_box(), corner.locator(".xp-hc-energy").bounding_box()
        assert energy["width"] < 0.95 * circle["width"]


def test_the_worked_example_step_by_step(cube: Live) -> None:
    assert "At (+++) E = 1/3." in caption(cube)
    cube.button("Step").press("Enter")
    assert "= 0: s₁ has no say and stays +1. E = 1/3." in caption(cube.settle())
    cube.button("Step").click()
    assert "= −2/3: s₂ turns to −1. E = −1." in caption(cube.settle())
    cube.button("Step").click()
    assert "= 2/3: s₃ stays +1." in caption(cube.settle())
    cube.step(5)
    assert "at rest at (+−+), E = −1. That is ξ. No update raises E: of the 6" in caption(cube)


def test_the_slip_with_theta_goes_uphill(cube: Live) -> None:
    cube.button("The slip with θ").click()
    assert cube.settle().readouts()["rises"] == 4
    assert "another energy" in caption(cube)
    energies = [cube.readouts()["energy"], cube.step().readouts()["energy"]]
    assert energies == pytest.approx([-2 / 3, 4 / 3])
    cube.box.get_by_text("+θ", exact=True).click()
    assert cube.settle().readouts()["rises"] == 0


def test_a_tie_that_becomes_minus_one_ends_elsewhere(cube: Live) -> None:
    cube.button("A tie that becomes −1").click()
    assert "becomes −1 by the rule for ties" in caption(cube.step())
    assert cube.step(10).readouts()["state"] == "−+−"
    assert "That is −ξ" in caption(cube)


def test_corners_and_buttons_choose_where_to_begin(cube: Live) -> None:
    cube.box.locator(".xp-hc-corner", has_text=re.compile("^−−−")).click()
    assert cube.settle().get("start") == [-1, -1, -1]
    cube.button("Turn s₂").press("Enter")
    assert cube.settle().get("start") == [-1, 1, -1]
    cube.button("Turn ξ₃").click()
    assert cube.settle().get("pattern") == [1, -1, -1]
    cube.step(2)
    state = cube.readouts()["state"]
    cube.button("Turn s₁").click()
    shown = cube.settle().readouts()  # the unit of the present state has turned
    assert (shown["state"][1:], shown["updates"]) == (state[1:], 0)
    assert shown["state"][0] != state[0]


def test_a_prediction_belongs_to_its_way(cube: Live) -> None:
    cube.box.get_by_text("−ξ", exact=True).click()
    assert "It was otherwise." in caption(cube.step(10))
    cube.button("Turn s₁").click()
    assert cube.settle().get("predict") == ""
    cube.set(predict="pattern", start=[1, 1, 1], order="321")
    assert "Right." in caption(cube.step(10))
    start(cube).step(10)
    cube.box.get_by_text("elsewhere", exact=True).click()
    assert "when it is known" in caption(cube.settle())


def test_what_happens_is_said(cube: Live) -> None:
    said = cube.box.get_by_role("status")
    for _ in range(2):
        cube.button("Step").press("Enter")
    expect(said).to_have_text(re.compile(r"^h₂ = .* = −2/3: s₂ turns to −1\. E = −1\.$"))
    assert "+−+: −1" in cube.box.locator(".xp-hc-cube").get_attribute("aria-label")


def test_the_table_holds_the_eight_states(cube: Live) -> None:
    cube.button("Show as table").click()
    table = cube.box.locator("table", has=cube.page.locator("caption", has_text="eight states"))
    rows = [row.split("\t") for row in table.locator("tbody tr").all_inner_texts()]
    assert [row[0] for row in rows] == [signs(state)[1:-1] for state in STATES]
    assert rows[5][1:] == ["−1", "2/3", "−2/3", "2/3", "yes"]


@pytest.mark.parametrize(
    "address",
    ["#xp:hopfield_cube.pattern=1,0,1&hopfield_cube.order=112", "#xp:hopfield_cube.theta1=3&hopfield_cube.start=1,1",
     "#xp:hopfield_cube.sign=both&hopfield_cube.tie=toss", "#xp:%"],
)  # fmt: skip
def test_a_foreign_address_changes_nothing(open_page: Opener, live: Finder, address: str) -> None:
    plain = live(open_page(PAGE, alone=NAME), NAME)
    x = live(open_page(PAGE + address, alone=NAME), NAME)
    assert {name: x.get(name) for name in FRESH} == {name: plain.get(name) for name in FRESH}


def test_a_reload_brings_back_the_rules(cube: Live) -> None:
    cube.button("The slip with θ").click()
    cube.box.get_by_text("becomes +1", exact=True).click()
    cube.button("Turn ξ₁").click()
    cube.page.wait_for_function("() => location.hash.includes('pattern') && location.hash.includes('tie')")
    before = {name: cube.get(name) for name in FRESH}
    cube.page.reload()
    wait_ready(cube.page)
    assert {name: cube.get(name) for name in FRESH} == before


def test_it_fits_a_phone(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME)
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
    corner = x.box.locator(".xp-hc-corner").first.bounding_box()
    assert min(corner["width"], corner["height"]) >= 40
