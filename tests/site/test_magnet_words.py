"""The landing page's figure: the magnet is Python's, the bars are softmax, and one slider moves both."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from book_lib.explorables.magnet_words import COUPLING, LOGITS, WARM_UP, WORDS
from book_lib.ising import Ising, onsager_energy, onsager_free_energy
from book_lib.probability import entropy, softmax
from book_lib.rng import CounterRNG
from tests.site.driver import Live

TEMPERATURES = [0.2, 0.37, 1.0, 1.9, 5.0]


@pytest.fixture
def both(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("index.html"), "magnet_words")


def start(x: Live, temperature: float, seed: int = 0) -> Live:
    x.set(temperature=temperature, seed=seed)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def python_magnet(temperature: float, seed: int = 0) -> Ising:
    """The library's magnet, warmed up."""
    magnet = Ising(
        48, temperature, coupling=COUPLING, algorithm="heat_bath", rng=CounterRNG(seed), start="up"
    )
    return magnet.sweep(WARM_UP)


def python_words(temperature: float, place: int, count: int = 12, seed: int = 0) -> list[str]:
    """The words at these places of the stream: argmax of z/T plus the Gumbel noise of the place."""
    rng = CounterRNG(seed, 1)
    rng.counter = place * len(WORDS)
    draws = rng.uint32(count * len(WORDS)).reshape(count, len(WORDS))
    noise = -np.log(-np.log(draws / 2**32 + 2.0**-33))
    return [WORDS[i] for i in (np.array(LOGITS) / temperature + noise).argmax(axis=1)]


def test_first_sight_is_alive_and_still(both: Live) -> None:
    """Warmed up at T = 1, where patches of every size stand; nothing moves until it is asked to."""
    assert both.get("temperature") == 1
    magnet = python_magnet(1.0)
    shown = both.readouts()
    assert shown["abs_magnetization"] == pytest.approx(abs(magnet.magnetization), abs=1e-12)
    assert 0.2 < shown["abs_magnetization"] < 0.95
    picture = both.box.locator("canvas").evaluate("c => c.toDataURL()")
    both.page.wait_for_timeout(500)
    assert both.box.locator("canvas").evaluate("c => c.toDataURL()") == picture


def test_magnet_is_the_librarys(both: Live) -> None:
    for temperature, seed in ((1.0, 0), (0.6, 9), (3.0, 2**31)):
        compare_magnet(both, temperature, seed)


def compare_magnet(both: Live, temperature: float, seed: int) -> None:
    """Sweep by sweep, and pixel by pixel at the end."""
    start(both, temperature, seed)
    magnet = python_magnet(temperature, seed)
    for sweeps in (0, 1, 25):
        both.step(sweeps)
        magnet.sweep(sweeps)
        shown = both.readouts()
        assert shown["abs_magnetization"] == pytest.approx(abs(magnet.magnetization), abs=1e-12)
        assert shown["energy_per_spin"] == pytest.approx(magnet.energy_per_spin, rel=1e-12, abs=1e-12)
    pixels = both.box.locator("canvas").evaluate(
        """c => {
            const copy = Object.assign(document.createElement("canvas"), {width: c.width, height: c.height});
            const context = copy.getContext("2d", {willReadFrequently: true});
            context.drawImage(c, 0, 0);
            const { data } = context.getImageData(0, 0, c.width, c.height);
            return [...data].filter((_, i) => i % 4 === 0);
        }"""
    )
    up = np.array(pixels).reshape(48, 48)
    spins = np.asarray(magnet.spins)
    assert len(set(up[spins > 0])) == len(set(up[spins < 0])) == 1


def test_bars_are_softmax(both: Live) -> None:
    for temperature in TEMPERATURES:
        compare_bars(both, temperature)


def compare_bars(both: Live, temperature: float) -> None:
    """The numbers to 1e-9, the bars themselves to a pixel."""
    both.set(temperature=temperature)
    shown = both.readouts()
    expected = softmax(LOGITS, temperature)
    for word, p in zip(WORDS, expected, strict=True):
        assert shown[f"p_{word}"] == pytest.approx(p, abs=1e-9)
    assert shown["word_entropy"] == pytest.approx(entropy(expected, base=2), abs=1e-9)
    widths = both.box.evaluate(
        """el => [...el.querySelectorAll('.xp-bar-fill')].map(b =>
            b.getBoundingClientRect().width / b.parentElement.getBoundingClientRect().width)"""
    )
    np.testing.assert_allclose(widths, expected, atol=0.01)
    assert both.box.locator(".xp-bar-label").all_inner_texts() == list(WORDS)


def test_one_law_on_both_sides(both: Live) -> None:
    """p ∝ exp(−E/T): the energy of a word is −ln p at T = 1, and the mean energy rises with T as it must."""
    energies = -np.log(softmax(LOGITS))
    means = []
    for temperature in TEMPERATURES:
        both.set(temperature=temperature)
        shown = both.readouts()
        boltzmann = np.exp(-energies / temperature)
        boltzmann /= boltzmann.sum()
        assert shown["word_energy"] == pytest.approx(boltzmann @ energies, rel=1e-9)
        means.append(shown["word_energy"])
        gap = onsager_energy(temperature, COUPLING) - onsager_free_energy(temperature, COUPLING)
        assert shown["spin_entropy"] == pytest.approx(gap / temperature / np.log(2), abs=1e-9)
    assert means == sorted(means)


def test_words_are_drawn_by_the_odds(both: Live) -> None:
    for temperature in (0.3, 1.0, 5.0):
        compare_words(both, temperature)


def compare_words(both: Live, temperature: float) -> None:
    """At the beginning and five words on."""
    start(both, temperature)
    assert both.readouts()["drawn"].split() == python_words(temperature, 0)
    both.step(12 * 5)
    assert both.readouts()["drawn"].split() == python_words(temperature, 5)
    cells = both.box.locator(".xp-mw-cells li")
    assert cells.count() == 12
    newest = both.box.locator(".xp-mw-cells .xp-newest .xp-mw-token").inner_text()
    assert newest == python_words(temperature, 5)[-1]
    assert f"{both.get('prompt')} {newest}." in both.box.locator(".xp-mw-line").inner_text()


def test_cooling_turns_single_words_towards_likelier_ones(both: Live) -> None:
    """The noise of a place stays: the slider changes the answer, not the toss."""
    start(both, 5.0)
    rank = {word: i for i, word in enumerate(WORDS)}
    before = both.readouts()["drawn"].split()
    for temperature in (2.0, 1.0, 0.5, 0.2):
        words = both.set(temperature=temperature).readouts()["drawn"].split()
        assert all(rank[a] <= rank[b] for a, b in zip(words, before, strict=True))
        before = words
    assert set(before) == {"sofa"}


@pytest.mark.parametrize("how", ["keyboard", "pointer"])
def test_the_slider_moves_both(both: Live, how: str) -> None:
    slider = both.box.get_by_role("slider", name="Temperature")
    box = slider.bounding_box()
    seen = []
    for part, key in ((0.0, "Home"), (1.0, "End")):
        if how == "keyboard":
            slider.press(key)
        else:
            both.page.mouse.click(box["x"] + 2 + part * (box["width"] - 4), box["y"] + box["height"] / 2)
        seen.append(both.settle().readouts())
    cold, hot = seen
    assert cold["abs_magnetization"] > 0.9 > 0.2 > hot["abs_magnetization"]
    assert cold["p_sofa"] > 0.95 > 0.3 > hot["p_sofa"]
    assert hot["energy_per_spin"] > cold["energy_per_spin"]


def test_heat_and_cold_are_said(both: Live) -> None:
    sentences = set()
    for temperature in (0.3, 0.7, 1.0, 1.7, 4.0):
        start(both, temperature)
        sentences.add(both.box.locator(".xp-caption").inner_text().split(":")[0][:20])
        assert both.box.locator("canvas").get_attribute("aria-label").strip()
    assert len(sentences) == 5


def test_a_lively_reader_sees_the_magnet_settle(
    open_page: Callable[..., Page], live: Callable[..., Live]
) -> None:
    """Without reduced motion a turn of the slider sets the magnet moving for a moment, then it rests."""
    x = live(open_page("index.html", reduced=False), "magnet_words")
    slider = x.box.get_by_role("slider", name="Temperature")
    slider.press("End")
    sweeps = x.readouts()["sweeps"]
    counts = [sweeps]
    for _ in range(40):
        x.page.wait_for_timeout(500)
        counts.append(x.readouts()["sweeps"])
        if counts[-1] == counts[-2] > sweeps:
            break
    assert counts[-1] == counts[-2] > sweeps, counts


def test_play_and_pause(both: Live) -> None:
    start(both, 1.0)
    both.button("Play").press("Space")
    both.page.wait_for_function(
        "el => el.closest('.explorable-live').model.get('readouts').sweeps >= 6",
        arg=both.box.element_handle(),
    )
    both.button("Pause").click()
    assert both.readouts()["sweeps"] >= 6
