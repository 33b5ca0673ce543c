"""The modern Hopfield network in the page: an update is attention, cold recalls and hot averages."""

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import ModernHopfield
from tests.site.driver import Live, wait_ready

PAGE = "chapters/hopfield.html"
NAME = "modern_hopfield"
FRESH = {"patterns": [1, 0.4, -0.2, 1.1, -1, -0.5, 0.5, -1], "state": [0.5, 0.6], "beta": 4, "steps": 0, "predict": ""}
Opener = Callable[..., Page]
Finder = Callable[..., Live]


@pytest.fixture
def network(open_page: Opener, live: Finder) -> Live:
    return start(live(open_page(PAGE, alone=NAME), NAME))


def start(x: Live, **settings: object) -> Live:
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


@pytest.mark.parametrize(
    "settings",
    [{}, {"beta": 0.1}, {"beta": 100}, {"beta": 2, "patterns": [1, 0.5, 0.7, 0.9, -1, -0.6], "state": [0, 0]}],
    ids=str,
)
def test_updates_are_the_librarys(network: Live, settings: dict) -> None:
    wanted = ModernHopfield(**settings)
    start(network, **settings)
    path = wanted.path(500)
    for k, at in enumerate(path[:6]):
        shown = network.readouts()
        assert [shown["x"], shown["y"]] == pytest.approx(at.tolist(), rel=1e-9, abs=1e-12)
        assert shown["energy"] == pytest.approx(wanted.energy(at), rel=1e-9)
        weights = [shown[f"p{i + 1}"] for i in range(len(wanted.points()))]
        assert weights == pytest.approx(wanted.weights(at).tolist(), rel=1e-9, abs=1e-300)
        if k < len(path) - 1:
            network.step()
    shown = network.step(500).readouts()
    assert (shown["rest"], shown["outcome"]) == (1, wanted.outcome())
    assert [shown["x"], shown["y"]] == pytest.approx(wanted.rest().tolist(), abs=1e-7)


def test_large_beta_recalls_and_small_beta_averages(network: Live) -> None:
    knob = network.box.get_by_role("slider", name="Inverse temperature")
    knob.press("End")
    assert "T = 0.01" in knob.get_attribute("aria-valuetext")
    network.step(500)
    assert "Cold: pattern 1 has the weight 1.000" in caption(network)
    knob.press("Home")
    shown = network.step(500).readouts()
    mean = np.reshape(FRESH["patterns"], (-1, 2)).mean(0)
    assert math.dist([shown["x"], shown["y"]], mean) < 0.03
    assert "Hot: all weights are near 1/4" in caption(network)
    assert shown["temperature"] == pytest.approx(10)


def test_the_curve_over_beta_waits_until_the_reader_has_seen_it_rest(network: Live) -> None:
    curve = network.box.locator(".xp-plot-svg path.xp-line.xp-theory:not(.xp-faint)")
    assert not curve.get_attribute("d")
    network.step(500)
    drawn = curve.get_attribute("d")
    assert drawn.count("L") == 45
    network.set(beta=2).step()
    assert curve.get_attribute("d") == drawn  # the same start
    network.set(state=[-0.4, 0.9])
    assert not curve.get_attribute("d")


def test_the_plane_is_as_broad_as_high(open_page: Opener, live: Finder) -> None:
    for width in (1280, 360):
        x = live(open_page(PAGE, alone=NAME, width=width), NAME)
        box = x.box.locator(".xp-heat canvas").bounding_box()
        assert 0.8 < box["width"] / box["height"] < 1.25
    x.button("Full screen").click()
    box = x.box.locator(".xp-heat canvas").bounding_box()
    assert 0.8 < box["width"] / box["height"] < 1.25


def test_an_update_is_attention_by_hand(network: Live) -> None:
    start(network, beta=3, state=[-0.4, 0.9])
    X = np.reshape(FRESH["patterns"], (-1, 2))
    scores = np.exp(3 * X @ [-0.4, 0.9])
    wanted = scores / scores.sum() @ X
    shown = network.step().readouts()
    assert [shown["x"], shown["y"]] == pytest.approx(wanted.tolist())


def test_state_and_patterns_are_moved_by_keys_and_by_pointer(network: Live) -> None:
    network.box.get_by_role("slider", name="The state ξ").press("ArrowRight")
    assert network.settle().get("state") == pytest.approx([0.55, 0.6])
    network.box.get_by_role("slider", name="Pattern 2").press("ArrowDown")
    assert network.settle().get("patterns")[2:4] == pytest.approx([-0.2, 1.05])
    grip = network.box.get_by_role("slider", name="The state ξ")
    box = grip.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    network.page.mouse.move(x, y)
    network.page.mouse.down()
    network.page.mouse.move(x - 60, y + 40, steps=4)
    network.page.mouse.up()
    moved = network.settle().get("state")
    assert moved[0] < 0.4
    assert moved[1] < 0.4


def test_what_happens_is_said(network: Live) -> None:
    said = network.box.get_by_role("status")
    network.button("Step").press("Enter")
    expect(said).to_have_text(re.compile(r"^Update 1: ξ = \(0\.60, 0\.61\)"))
    grip = network.box.get_by_role("slider", name="The state ξ")
    grip.press("ArrowLeft")
    network.settle()
    assert grip.get_attribute("aria-valuetext") == "at 0.55, 0.61"


def test_patterns_are_added_and_taken_away(network: Live) -> None:
    for _ in range(4):
        network.button("Add a pattern").click()
    assert len(network.settle().get("patterns")) == 16
    expect(network.button("Add a pattern")).to_be_disabled()
    for _ in range(6):
        network.button("Take one away").click()
    assert len(network.settle().get("patterns")) == 4
    expect(network.button("Take one away")).to_be_disabled()
    assert network.box.locator(".xp-bars li").count() == 2


def test_a_prediction_belongs_to_its_way(network: Live) -> None:
    network.box.get_by_text("at a pattern", exact=True).click()
    assert "Right." in caption(network.step(500))
    network.set(beta=2)
    assert network.get("predict") == ""
    network.set(predict="one").step(500)
    assert "It was otherwise." in caption(network)
    start(network).step(500)
    network.box.get_by_text("in between", exact=True).click()
    assert "when it is known" in caption(network.settle())


def test_play_and_reset(network: Live) -> None:
    network.button("Play").click()
    moved = "el => el.closest('.explorable-live').model.get('readouts').updates >= 3"
    network.page.wait_for_function(moved, arg=network.box.element_handle())
    network.button("Reset").click()
    assert network.settle().readouts()["updates"] == 0


@pytest.mark.parametrize(
    "address",
    [
        "#xp:modern_hopfield.beta=0&modern_hopfield.state=0",
        "#xp:modern_hopfield.patterns=1,1,1&modern_hopfield.predict=no",
        "#xp:modern_hopfield.patterns=0,0,2,0&modern_hopfield.state=2,0",
        "#xp:%",
    ],
)
def test_a_foreign_address_changes_nothing(open_page: Opener, live: Finder, address: str) -> None:
    plain = live(open_page(PAGE, alone=NAME), NAME)
    x = live(open_page(PAGE + address, alone=NAME), NAME)
    assert {name: x.get(name) for name in FRESH} == {name: plain.get(name) for name in FRESH}


def test_a_reload_brings_back_state_and_patterns(network: Live) -> None:
    network.button("Two close, one far").click()
    network.box.get_by_role("slider", name="Pattern 1").press("ArrowLeft")
    network.box.get_by_role("slider", name="The state ξ").press("ArrowUp")
    network.page.wait_for_function("() => location.hash.includes('patterns') && location.hash.includes('state')")
    before = {name: network.get(name) for name in FRESH}
    network.page.reload()
    wait_ready(network.page)
    assert {name: network.get(name) for name in FRESH} == before


def test_it_fits_a_phone(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME)
    x.step(3)
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
