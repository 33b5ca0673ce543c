"""The village in the page: its history is Python's, free opinions follow tanh(h/T), contrarians alternate."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from book_lib import ising
from book_lib.rng import CounterRNG
from tests.site.driver import Live

FRESH = {
    "friends": "grid",
    "rewiring": 0,
    "temperature": 2,
    "coupling": 1,
    "field": 0,
    "house": 45,
    "seed": 0,
}


@pytest.fixture
def village(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/ising.html", alone="village"), "village")


def start(x: Live, **settings: float | str) -> Live:
    """Known settings, on day 0."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def python_village(**settings: float | str) -> ising.Village:
    """The same village from the library, on day 0."""
    s = FRESH | settings
    plain = ising.grid_graph(10) if s["friends"] == "grid" else ising.ring_graph(100, 4)
    graph = ising.rewire(plain, s["rewiring"], CounterRNG(s["seed"], 1))
    return ising.Village(graph, s["temperature"], s["coupling"], s["field"], rng=CounterRNG(s["seed"]))


def opinions(x: Live) -> np.ndarray:
    """What the map shows: a gabled house for yes, a square for no."""
    classes = x.box.evaluate(
        "el => [...el.querySelectorAll('.xp-vi-svg .xp-vi-house')].map(p => p.classList.contains('xp-yes'))"
    )
    return np.where(classes, 1, -1)


HISTORIES = [
    {},
    {"coupling": -1.0, "temperature": 0.8, "seed": 3},
    {"friends": "ring", "rewiring": 0.15, "temperature": 1.5, "field": 0.4, "seed": 11},
    {"rewiring": 0.5, "coupling": 0.7, "seed": 2**32 - 1},
]


def test_history_is_the_librarys(village: Live) -> None:
    for settings in HISTORIES:
        compare_history(village, settings)


def compare_history(village: Live, settings: dict) -> None:
    """Day by day, house by house."""
    start(village, **settings)
    expected = python_village(**settings)
    np.testing.assert_array_equal(opinions(village), expected.opinions)
    for days in (1, 7, 50):
        village.step(days)
        expected.sweep(days)
        np.testing.assert_array_equal(opinions(village), expected.opinions)
        shown = village.readouts()
        assert shown["mean_opinion"] == pytest.approx(expected.magnetization, abs=1e-12)
        assert shown["share_yes"] == pytest.approx((1 + expected.magnetization) / 2, abs=1e-12)
        assert shown["agreement"] == pytest.approx(expected.agreement, abs=1e-12)


def test_without_friends_the_mean_is_tanh(village: Live) -> None:
    for temperature, field in itertools.product((0.5, 1.0, 2.0, 5.0), (0.5, -1.2)):
        start(village, coupling=0, temperature=temperature, field=field).step(4000)
        shown = village.readouts()
        theory = math.tanh(field / temperature)
        assert shown["alone"] == pytest.approx(theory, rel=1e-12)
        assert 0 < shown["average_error"] < 0.01
        assert abs(shown["average"] - theory) < 4 * shown["average_error"], (temperature, field)


def test_higher_temperature_answers_the_campaign_less(village: Live) -> None:
    """E-55: individuality makes people harder, not easier, to move."""
    means = []
    for preset in ("Loners", "Individualists"):
        start(village)
        village.button(preset).click()
        village.button("Wait 1000 days").click()
        means.append(village.settle().readouts()["average"])
        assert village.get("field") == 0.5
    assert means[0] == pytest.approx(0.7616, abs=0.02)
    assert means[1] == pytest.approx(0.0997, abs=0.02)


def test_contrarians_alternate_on_streets(village: Live) -> None:
    start(village, coupling=-1, temperature=0.5)
    # A quench can freeze with two phases side by side; some seed in a few orders. Each is deterministic.
    for seed in range(8):
        start(village, coupling=-1, temperature=0.5, seed=seed).step(2000)
        if village.readouts()["checkerboard"] > 0.9:
            break
    shown = village.readouts()
    signs = (-1) ** np.add.outer(np.arange(10), np.arange(10)).ravel()
    assert shown["checkerboard"] == pytest.approx(abs(np.mean(signs * opinions(village))), abs=1e-12)
    assert shown["checkerboard"] > 0.9
    assert abs(shown["mean_opinion"]) < 0.1
    assert shown["agreement"] < 0.1


def test_shortcuts_frustrate_contrarians(village: Live) -> None:
    plain = start(village, coupling=-1, temperature=0.5, seed=1).step(2000).readouts()["agreement"]
    mixed = (
        start(village, coupling=-1, temperature=0.5, seed=1, rewiring=1).step(2000).readouts()["agreement"]
    )
    assert mixed > plain + 0.05


def test_shortcuts_bring_a_ring_to_one_mind(village: Live) -> None:
    """A ring has no order at T > 0; friends far away make one at the same temperature."""
    means = []
    for rewiring in (0, 0.1):
        start(village, friends="ring", temperature=1.8, rewiring=rewiring).step(500)
        sampled = [abs(village.step(40).readouts()["mean_opinion"]) for _ in range(25)]
        means.append(np.mean(sampled))
    assert means[0] < 0.5
    assert means[1] > 0.8


def test_a_house_gives_its_reasons(village: Live) -> None:
    start(village, field=0.5).step(5)
    expected = python_village(field=0.5).sweep(5)
    village.box.get_by_role("slider", name="Look into house").press("Home")
    text = village.settle().box.locator(".xp-vi-reasons").inner_text()
    yes = sum(expected.opinions[j] > 0 for j in expected.neighbors[0])
    chance = 1 / (1 + math.exp(-2 * (2 * yes - 4 + 0.5) / 2))
    assert f"{yes} of its 4 friends say yes" in text
    assert f"probability {round(100 * chance)} %" in text


def test_a_house_can_be_pressed(village: Live) -> None:
    start(village)
    box = village.box.locator(".xp-vi-svg").bounding_box()
    village.page.mouse.click(box["x"] + 0.95 * box["width"], box["y"] + 0.05 * box["height"])
    assert village.settle().get("house") == 10


def test_yes_and_no_differ_in_shape(village: Live) -> None:
    start(village)
    shapes = village.box.evaluate(
        """el => Object.fromEntries(['yes', 'no'].map(k => [k, [...new Set([...el.querySelectorAll(
            `.xp-vi-svg .xp-${k}`)].map(p => p.getAttribute('d')))]]))"""
    )
    assert len(shapes["yes"]) == len(shapes["no"]) == 1
    assert shapes["yes"] != shapes["no"]


def test_the_plot_sets_the_campaign_and_keeps_what_was_measured(village: Live) -> None:
    start(village, coupling=0).step(200)
    plot = village.box.locator(".xp-vi-plot svg").first
    box = plot.bounding_box()
    village.page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.4 * box["height"])
    assert village.settle().get("field") > 0.5
    assert village.box.locator(".xp-legend", has_text="earlier averages").is_visible()


SLIDERS = [
    ("Individuality", "temperature", 0.2, 8),
    ("Friends’ pull", "coupling", -1.5, 1.5),
    ("Campaign", "field", -2, 2),
    ("Shortcuts", "rewiring", 0, 1),
]


def test_sliders_change_the_village(village: Live) -> None:
    """By keyboard to each end: the same coin tosses lead elsewhere."""
    for name, trait, low, high in SLIDERS:
        slider = village.box.get_by_role("slider", name=name)
        results = []
        for key, value in (("Home", low), ("End", high)):
            start(village, field=0.3)
            slider.press(key)
            assert village.settle().get(trait) == value
            village.step(30)
            results.append(tuple(opinions(village)))
        assert results[0] != results[1], name


def test_friendships_by_keyboard_and_pointer(village: Live) -> None:
    start(village)
    grid = village.box.locator(".xp-vi-link").first.get_attribute("d")
    village.box.get_by_role("radio", name="Streets").press("ArrowRight")
    assert village.settle().get("friends") == "ring"
    assert village.box.locator(".xp-vi-link").first.get_attribute("d") != grid
    assert math.isnan(village.readouts()["checkerboard"])
    village.box.get_by_text("Streets", exact=True).click()
    assert village.settle().get("friends") == "grid"


def test_play_lives_on_and_pause_stops(village: Live) -> None:
    start(village)
    village.button("Play").click()
    handle = village.box.element_handle()
    village.page.wait_for_function(
        "el => el.closest('.explorable-live').model.get('readouts').day >= 2", arg=handle
    )
    village.button("Pause").press("Enter")
    day = village.settle().readouts()["day"]
    village.page.wait_for_timeout(600)
    assert village.readouts()["day"] == day
