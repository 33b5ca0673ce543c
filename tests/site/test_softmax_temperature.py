"""Softmax with a temperature: what it shows is the library's, from T = 0 to ∞; shifts change nothing."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib import probability
from book_lib.explorables import SoftmaxTemperature
from book_lib.explorables.softmax_temperature import HOTTEST, LEVELS, LOGITS, WORDS
from book_lib.rng import CounterRNG
from tests.site.driver import Live

PAGE = "chapters/information.html"
TEMPERATURES = [0.0, 0.05, 0.4168, 1.0, 3.7, 50.0, math.inf]
FRESH = {"logits": list(LOGITS), "temperature": 1, "units": "nats", "seed": 0}


@pytest.fixture
def softmax(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="softmax_temperature"), "softmax_temperature")


def start(x: Live, **settings: object) -> Live:
    """Known settings; ∞ travels as the largest number."""
    merged = FRESH | settings
    return x.set(**merged | {"temperature": min(merged["temperature"], HOTTEST)})


def test_all_readouts_are_the_librarys(softmax: Live) -> None:
    for logits in (list(LOGITS), [4, 4, 2, 0], [-7.5, 3.25, 3, 50], [1, 1, 1, 1]):
        for temperature in TEMPERATURES:
            shown = start(softmax, logits=logits, temperature=temperature).readouts()
            energies = max(logits) - np.array(logits)
            for levels, law, prefix in (
                (energies, probability.softmax(logits, temperature), ""),
                (LEVELS, probability.boltzmann(LEVELS, temperature), "level_"),
            ):
                assert shown[f"{prefix}entropy"] == pytest.approx(probability.entropy(law), abs=1e-12)
                mean = probability.mean_energy(levels, temperature)
                assert shown[f"{prefix}{'energy' if prefix else 'mean_energy'}"] == pytest.approx(
                    mean, abs=1e-12
                )
                heat = probability.heat_capacity(levels, temperature)
                assert shown[f"{prefix}heat_capacity"] == pytest.approx(heat, rel=1e-9, abs=1e-12)
            p = [shown[f"p_{word}"] for word in WORDS]
            np.testing.assert_allclose(p, probability.softmax(logits, temperature), rtol=1e-9, atol=1e-12)


def test_bars_are_as_long_as_the_probabilities(softmax: Live) -> None:
    for temperature in TEMPERATURES:
        start(softmax, temperature=temperature)
        widths = softmax.box.evaluate(
            """el => [...el.querySelectorAll('.xp-st-rows .xp-bar-fill')].map(b =>
                b.getBoundingClientRect().width / b.parentElement.getBoundingClientRect().width)"""
        )
        low, high = probability.boltzmann(LEVELS, temperature)
        np.testing.assert_allclose(widths, [*probability.softmax(LOGITS, temperature), high, low], atol=0.01)


@pytest.mark.parametrize("how", ["keyboard", "pointer"])
def test_both_ends_are_reached_and_said(softmax: Live, how: str) -> None:
    start(softmax)
    slider = softmax.box.get_by_role("slider", name="Temperature")
    box = slider.bounding_box()
    for part, key, words, expected in ((0.0, "Home", "argmax", [1, 0, 0, 0]), (1.0, "End", "∞", [0.25] * 4)):
        if how == "keyboard":
            slider.press(key)
        else:
            y = box["y"] + box["height"] / 2
            softmax.page.mouse.click(box["x"] + 2 + part * (box["width"] - 4), y)
        shown = softmax.settle().readouts()
        assert [shown[f"p_{word}"] for word in WORDS] == expected
        assert words in softmax.box.locator(".xp-caption").inner_text()
        assert ("0" if not part else "∞") in slider.get_attribute("aria-valuetext")


def test_buttons_name_the_ends_and_one(softmax: Live) -> None:
    start(softmax, temperature=0.3)
    for name, value in (("T = 0, argmax", 0), ("T = 1", 1), ("T = ∞, uniform", HOTTEST)):
        button = softmax.box.get_by_role("button", name=name, exact=True)
        button.click()
        assert softmax.settle().get("temperature") == value
        expect(button).to_have_attribute("aria-pressed", "true")


def test_ties_share_at_zero(softmax: Live) -> None:
    start(softmax, temperature=0).button("A tie").click()
    shown = softmax.settle().readouts()
    assert [shown[f"p_{word}"] for word in WORDS] == [0.5, 0.5, 0, 0]
    assert shown["entropy"] == pytest.approx(math.log(2))
    assert "mat and sofa" in softmax.box.locator(".xp-caption").inner_text()


def test_adding_to_all_scores_changes_nothing_but_the_scores(softmax: Live) -> None:
    for temperature in (0, 0.4168, 1, math.inf):
        before = start(softmax, temperature=temperature).readouts()
        curves = softmax.box.locator(".xp-line").evaluate_all("all => all.map(p => p.getAttribute('d'))")
        softmax.button("Add 5 to every score").press("Enter")
        assert softmax.settle().get("logits") == [9, 8, 7, 5]
        assert softmax.readouts() == before
        assert (
            softmax.box.locator(".xp-line").evaluate_all("all => all.map(p => p.getAttribute('d'))") == curves
        )
        assert "only differences count" in softmax.box.locator(".xp-caption").inner_text()
        softmax.button("Take 5 from every score").click()
        assert softmax.settle().get("logits") == list(LOGITS)


def test_a_score_is_edited_by_keyboard(softmax: Live) -> None:
    box = start(softmax).box.get_by_role("spinbutton", name="Score of moon")
    box.press("ArrowUp")
    assert softmax.settle().get("logits") == [4, 3, 2, 1]
    box.fill("6")
    box.press("Enter")
    assert softmax.settle().readouts()["p_moon"] == pytest.approx(probability.softmax([4, 3, 2, 6])[3])
    box.fill("99")
    box.press("Enter")
    assert softmax.settle().get("logits") == [4, 3, 2, 6]
    assert softmax.box.get_by_text("from −50 to 50").is_visible()


def test_draws_are_sample_categoricals(softmax: Live) -> None:
    for temperature, seed in ((1.0, 0), (5.0, 7), (0.0, 3), (math.inf, 2**32 - 1)):
        start(softmax, temperature=temperature, seed=seed)
        widget = SoftmaxTemperature(temperature=temperature, seed=seed)
        shown = softmax.readouts()
        assert shown["drawn"].split() == [WORDS[i] for i in widget.draw(12)]
        particles = probability.sample_categorical(widget.occupations(), 40, CounterRNG(seed, 1))
        assert shown["particles_up"] == particles.sum()


def test_pairs_have_the_heat_of_two_levels(softmax: Live) -> None:
    for temperature in (0.2, 0.4168, 2.0):
        start(softmax, temperature=temperature).button("Two pairs").click()
        shown = softmax.settle().readouts()
        assert shown["heat_capacity"] == pytest.approx(shown["level_heat_capacity"], rel=1e-9)
        assert shown["entropy"] == pytest.approx(shown["level_entropy"] + math.log(2), rel=1e-9)


def test_the_bump_is_where_schottky_has_it(softmax: Live) -> None:
    """The slope of the heat capacity changes its sign at T = 0.4168 of the gap."""
    heats = [start(softmax, temperature=T).readouts()["level_heat_capacity"] for T in (0.40, 0.4168, 0.43)]
    assert heats[1] == pytest.approx(0.4392, abs=1e-4)
    assert heats[1] > max(heats[0], heats[2])
    assert "bump" in softmax.box.locator(".xp-caption").inner_text()


def test_bits_are_nats_over_ln_2(softmax: Live) -> None:
    nats = start(softmax).readouts()
    softmax.box.get_by_text("bits", exact=True).click()
    bits = softmax.settle().readouts()
    for name in ("entropy", "level_entropy"):
        assert bits[name] == pytest.approx(nats[name] / math.log(2))
    assert bits["heat_capacity"] == nats["heat_capacity"]


def test_the_plot_sets_the_temperature(softmax: Live) -> None:
    plot = start(softmax).box.locator(".xp-plot-svg").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    softmax.page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"])
    assert 5 < softmax.settle().get("temperature") < 50


def test_the_address_keeps_infinity(softmax: Live) -> None:
    start(softmax).button("T = ∞, uniform").click()
    softmax.page.wait_for_function("() => location.hash.includes('softmax_temperature.temperature=1e')")
    softmax.page.reload()
    softmax.page.wait_for_selector("[data-explorable=softmax_temperature]")
    assert softmax.settle().readouts()["entropy"] == pytest.approx(math.log(4))
