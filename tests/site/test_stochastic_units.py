"""Stochastic units in the page: states are the library's, the histogram meets the law, T = 0 is Hopfield's."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.boltzmann import BoltzmannMachine
from book_lib.explorables import StochasticUnits
from tests.site.driver import Live

PAGE = "chapters/boltzmann_machines.html"
FRESH = {"size": 3, "couplings": [-1, 1, -1, 0, 0, 0, 0, 0, 0, 0], "biases": [0] * 5, "units": "spin", "temperature": 1,
         "chains": 1, "prediction": "skipped", "seed": 0}  # fmt: skip
MIXED = [0.5, -1, 2, 1 / 3, 0, -0.75, 1, 0.25, -2, 0.1]


@pytest.fixture
def units(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="stochastic_units"), "stochastic_units")


def start(x: Live, **settings: object) -> Live:
    """Known settings, at sweep 0."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-su > .xp-caption").inner_text()


def numbers(text: str) -> list[float]:
    return [float(one) for one in text.split()]


CASES = [
    {},
    {"size": 5, "couplings": MIXED, "biases": [0.5, -1, 0, 1, 0.25], "temperature": 1.7, "chains": 10, "seed": 4},
    {"size": 4, "couplings": MIXED, "biases": [0.5, -1, 0, 1, 0], "units": "binary", "temperature": 0.6, "chains": 100},
    {"size": 5, "couplings": MIXED, "units": "binary", "temperature": 0, "seed": 2**32 - 1},
]


@pytest.mark.parametrize("settings", CASES, ids=["default", "five", "binary", "zero"])
def test_states_and_law_are_the_librarys(units: Live, settings: dict) -> None:
    wanted = StochasticUnits(**FRESH | settings)
    start(units, **settings)
    taken = 0
    for sweeps in (1, 5, 60):
        shown = units.step(sweeps - taken).readouts()
        taken = sweeps
        signs = {-1: "−", 0: "0", 1: "1" if wanted.units == "binary" else "+"}
        assert shown["state"] == "".join(signs[int(v)] for v in wanted.sample(sweeps)[-1, 0])
        assert numbers(shown["shares"]) == pytest.approx(wanted.histogram(sweeps), abs=1e-12)
    assert numbers(shown["law"]) == pytest.approx(wanted.law(), rel=1e-10)
    if wanted.temperature:
        assert shown["kl"] == pytest.approx(wanted.divergence(60), rel=1e-8)
        assert shown["log_z"] == pytest.approx(wanted.machine().log_partition())
        assert shown["mean_energy_law"] == pytest.approx(float(wanted.law() @ wanted.energies()))
        states = wanted.sample(60)[-1, 0]
        assert numbers(shown["chances"]) == pytest.approx(wanted.machine().probability_on(states), rel=1e-9)


def test_the_histogram_meets_the_law(units: Live) -> None:
    start(units, size=4, couplings=MIXED, temperature=2, chains=100, prediction="law", seed=1)
    gaps = [units.step(n).readouts()["kl"] for n in (10, 90, 900)]
    assert gaps[0] > 3 * gaps[1] > 9 * gaps[2]
    assert gaps[2] < 12 * units.readouts()["fair_kl"]
    law, met = (np.array(numbers(units.readouts()[name])) for name in ("law", "shares"))
    np.testing.assert_allclose(met, law, atol=0.01)
    for _ in range(20):
        if "has met" in caption(units):
            break
        units.step(300)
    assert "has met" in caption(units) and "You bet right" in caption(units)


def test_one_free_unit_is_a_sigmoid_and_spins_have_twice_the_field(units: Live) -> None:
    """h = 0.7: σ(0.7) = 0.6682 for units of 0 and 1, σ(1.4) = 0.8022 for spins (E-60)."""
    for kind, p in (("binary", 0.6682), ("spin", 0.8022)):
        shown = start(units, couplings=[0] * 10, biases=[0.7, 0, 0, 0, 0], units=kind).readouts()
        assert numbers(shown["chances"]) == pytest.approx([p, 0.5, 0.5], abs=1e-4)
        assert units.box.locator(".xp-su-unit span").first.inner_text() == f"{p:.2f}"


def test_without_temperature_the_network_rests(units: Live) -> None:
    start(units, temperature=0, seed=3)
    units.step(5)
    assert "No unit will move any more" in caption(units)
    assert units.readouts()["state"] in ("+−+", "−+−")
    assert units.readouts()["energy"] == -3


def test_a_local_minimum_traps_it_and_heat_frees_it(units: Live) -> None:
    start(units, couplings=[1] * 3 + [0] * 7, biases=[0.5] * 3 + [0, 0], temperature=0)
    wanted = [StochasticUnits(**FRESH | {"couplings": [1] * 3 + [0] * 7, "biases": [0.5] * 3 + [0, 0], "temperature": 0,
                                         "seed": s}) for s in range(20)]  # fmt: skip
    seed = next(s for s, one in enumerate(wanted) if (one.sample(5)[-1, 0] == -1).all())
    units.set(seed=seed).step(10)
    assert "nothing leads there" in caption(units)
    assert units.readouts()["kl"] == math.inf or units.readouts()["kl"] is None
    units.set(temperature=1.5).step(2000)
    assert numbers(units.readouts()["shares"])[-1] > 0.5


def test_the_bet_comes_first(units: Live) -> None:
    start(units, prediction="", temperature=2).step(20)
    ask = units.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    assert math.isnan(units.readouts()["kl"])
    assert "once you have bet" in caption(units)
    assert units.box.locator(".xp-legend", has_text="e^(−E/T)/Z").count() == 0
    units.button("All in the lowest states").click()
    assert units.settle().get("prediction") == "lowest"
    expect(ask).to_have_count(0)
    for _ in range(30):
        if "has met" in caption(units.step(500)):
            break
    assert "You bet otherwise" in caption(units)


def test_a_unit_is_flipped_by_a_press(units: Live) -> None:
    start(units)
    before = units.readouts()["state"]
    first = units.box.locator(".xp-su-unit").first
    first.press("Enter")
    after = units.settle().readouts()["state"]
    assert after[0] != before[0] and after[1:] == before[1:]
    assert first.get_attribute("aria-pressed") == str(after[0] == "+").lower()
    first.click()
    assert units.settle().readouts()["state"] == before


def test_weights_and_biases_are_typed(units: Live) -> None:
    start(units)
    box = units.box.get_by_label("Weight between units 1 and 3")
    box.fill("-1/3")
    box.press("Enter")
    assert units.settle().get("couplings")[1] == pytest.approx(-1 / 3)
    assert units.box.locator(".xp-su-mirror").nth(1).inner_text() == "−0.333"
    bias = units.box.get_by_label("Bias of unit 2")
    bias.fill("1.5")
    bias.press("Enter")
    assert units.settle().get("biases")[1] == 1.5
    machine = BoltzmannMachine([[0, -1, -1 / 3], [-1, 0, -1], [-1 / 3, -1, 0]], [0, 1.5, 0], "spin", 1.0)
    assert numbers(units.readouts()["law"]) == pytest.approx(machine.distribution(), rel=1e-9)
    bias.fill("9")
    bias.press("Enter")
    expect(units.box.locator(".xp-su-cell .xp-error", has_text="from −4 to 4")).to_have_count(1)
    assert units.get("biases")[1] == 1.5


def test_more_units_have_more_boxes(units: Live) -> None:
    start(units)
    for size, boxes, states in ((3, 6, 8), (5, 15, 32), (4, 10, 16)):
        units.set(size=size)
        assert units.box.locator(".xp-su-cell input").count() == boxes
        assert units.box.locator(".xp-su-unit").count() == size
        assert units.box.locator(".xp-su-column").count() == states
        assert len(numbers(units.readouts()["law"])) == states


def test_other_values_keep_the_law(units: Live) -> None:
    start(units, couplings=[-0.5, 1, -1, 0, 0, 0, 0, 0, 0, 0], biases=[0.25, 0, -0.5, 0, 0], temperature=0.8)
    before = numbers(units.readouts()["law"])
    for kind in ("binary", "spin"):
        units.button("Other values, same law").click()
        assert units.settle().get("units") == kind
        assert numbers(units.readouts()["law"]) == pytest.approx(before, rel=1e-9)
    assert units.get("couplings")[:3] == pytest.approx([-0.5, 1, -1])
    units.box.get_by_text("0, 1", exact=True).click()  # the same numbers, read otherwise: another law
    assert numbers(units.settle().readouts()["law"]) != pytest.approx(before, rel=1e-3)


def test_presets_set_a_whole_machine(units: Live) -> None:
    start(units).step(3)
    for name in ("Magnet", "One unit pushed", "Frustrated triangle", "Stores + − +"):
        units.button(name).click()
        units.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
        units.settle().step(4)
        assert units.readouts()["sweep"] == 4
        traits = {key: units.get(key) for key in FRESH if key != "prediction"}
        wanted = StochasticUnits(**traits)
        assert numbers(units.readouts()["law"]) == pytest.approx(wanted.law(), rel=1e-9)
        assert numbers(units.readouts()["shares"]) == pytest.approx(wanted.histogram(4), abs=1e-12)


def test_state_in_the_address_comes_back(units: Live, live: Callable[..., Live]) -> None:
    start(units, couplings=MIXED, biases=[1, 0, 0, -1, 0], size=4, units="binary", chains=10)
    units.box.get_by_role("slider", name="Temperature").press("ArrowRight")
    units.page.wait_for_function("() => location.hash.includes('stochastic_units.temperature')")
    units.page.reload()
    again = live(units.page, "stochastic_units")
    expect(again.box.locator(".xp-caption")).to_contain_text("4 units, 16 states, T = 1.05")
    assert (again.get("couplings"), again.get("units"), again.get("chains")) == (pytest.approx(MIXED), "binary", 10)


def test_the_histogram_wears_the_colour_of_its_temperature(units: Live) -> None:
    start(units)
    heats = []
    for heat in (0.05, 5):
        units.set(temperature=heat)
        layer = units.box.locator(".xp-layer-columns")
        heats.append(float(layer.evaluate("el => el.style.getPropertyValue('--heat')")))
    assert heats[0] < 0.1 and heats[1] > 0.8
    expect(units.box.locator(".xp-temperature")).to_have_count(1)


def test_states_are_drawn_under_their_columns(units: Live) -> None:
    start(units, size=4)
    stacks = units.box.locator(".xp-layer-stacks > g")
    assert stacks.count() == 16
    drawn = stacks.nth(0b0110).locator("rect").evaluate_all("all => all.map(r => r.getAttribute('class'))")
    assert drawn == ["xp-su-down", "xp-su-up", "xp-su-up", "xp-su-down", "xp-su-frame"]
    for k in (0, 9, 15):
        column = units.box.locator(".xp-su-column").nth(k).bounding_box()
        stack = stacks.nth(k).bounding_box()
        middle = column["x"] + column["width"] / 2
        assert stack["x"] + stack["width"] / 2 == pytest.approx(middle, abs=1)
        assert stack["y"] >= column["y"] + column["height"]


def test_independent_draws_are_the_librarys(units: Live) -> None:
    start(units, chains=10, temperature=0.8).step(30)
    wanted = StochasticUnits(**{**FRESH, "chains": 10, "temperature": 0.8}).fair_divergence(300)
    assert units.readouts()["fair_kl"] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(("width", "wide"), [(800, True), (360, False)])
def test_boxes_stand_beside_the_histogram_where_there_is_room(
    open_page: Callable[..., Page], live: Callable[..., Live], width: int, wide: bool
) -> None:
    x = live(open_page(PAGE, alone="stochastic_units", width=width), "stochastic_units")
    x.set(size=5)
    boxes = x.box.locator(".xp-su-editor")
    assert boxes.evaluate("el => !!el.closest('.xp-stage')") is wide
    play = x.button("Play").bounding_box()
    assert (boxes.bounding_box()["y"] < play["y"]) is wide
    edge = x.box.bounding_box()
    right = [one.bounding_box() for one in x.box.locator(".xp-su-cell, .xp-su-unit").all()]
    assert all(one["x"] + one["width"] <= edge["x"] + edge["width"] + 1 for one in right)
