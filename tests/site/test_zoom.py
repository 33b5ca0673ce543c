"""Zoom out on its page: the browser grows the library's lattices, and blocks them as the library does."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from book_lib.explorables.zoom import SWEEPS, TEMPERATURES, ZoomOut, arrangement, levels, samples
from book_lib.ising import onsager_energy, onsager_magnetization
from tests.site.driver import Live

PAGE = "chapters/ising.html"
Opener = Callable[..., Page]
Finder = Callable[..., Live]
LETTERS = "ABC"


@pytest.fixture(scope="module")
def grown() -> list[list[np.ndarray]]:
    """Every level of the three lattices of the shipped seed, by place: below, at, above."""
    return [levels(spins) for spins in samples(ZoomOut().seed)]


@pytest.fixture
def zoom(open_page: Opener, live: Finder) -> Live:
    """The explorable with its lattices grown, at the first picture."""
    return live(open_page(PAGE, alone="zoom"), "zoom").step(0)


def checksum(spins: np.ndarray) -> int:
    """The number by which `core/observables.js` tells pictures apart."""
    return int(np.flatnonzero(spins.ravel() > 0).sum()) * 2654435761 % 2**32


def neighbors(spins: np.ndarray) -> float:
    """Mean of s s′ over nearest neighbours."""
    return float(np.mean([(spins * np.roll(spins, 1, axis)).mean() for axis in (0, 1)]))


def test_the_browser_grows_the_librarys_lattices_and_blocks_them_alike(zoom: Live, grown: list) -> None:
    """All three, spin by spin, at all five zooms: Swendsen–Wang and the majority rule in both languages."""
    places = arrangement(ZoomOut().seed)
    assert sorted(places) == [0, 1, 2]
    for level in range(5):
        zoom.set(level=level)
        shown = zoom.readouts()
        assert shown["side"] == 486 // 3**level
        for letter, place in zip(LETTERS, places, strict=True):
            expected = grown[place][level]
            assert shown[f"checksum_{letter}"] == checksum(expected)
            assert shown[f"m_{letter}"] == pytest.approx(expected.mean(), abs=1e-12)
            assert shown[f"c_{letter}"] == pytest.approx(neighbors(expected), abs=1e-12)


def test_the_lattices_are_near_equilibrium(grown: list) -> None:
    """Energy, and below T_c magnetisation, are Onsager's, within what 486² sites fluctuate."""
    for temperature, own in zip(TEMPERATURES, grown, strict=True):
        assert -2 * neighbors(own[0]) == pytest.approx(onsager_energy(temperature), abs=0.03)
    assert abs(grown[0][0].mean()) == pytest.approx(onsager_magnetization(TEMPERATURES[0]), abs=0.03)
    assert abs(grown[2][0].mean()) < 0.15
    assert len(SWEEPS) == len(TEMPERATURES) == 3


def test_only_the_critical_one_stays_what_it_was(grown: list) -> None:
    """Zoomed out to 54², neighbours agree more in the cold one, less in the hot one; critical changes least."""
    change = [neighbors(own[2]) - neighbors(own[0]) for own in grown]
    assert change[0] > 0.15
    assert change[2] < -0.15
    assert abs(change[1]) < min(change[0], -change[2])


def test_zooming_out_and_in_by_button_key_and_slider(zoom: Live) -> None:
    """486, 162, 54, 18, 6: no further, and back."""
    seen = [zoom.readouts()["side"]]
    while zoom.button("Zoom out").is_enabled():
        zoom.button("Zoom out").press("Enter")
        seen.append(zoom.settle().readouts()["side"])
    assert seen == [486, 162, 54, 18, 6]
    zoom.button("Zoom in").click()
    assert zoom.settle().readouts()["side"] == 18
    zoom.box.locator("input[type=range]").press("Home")
    assert zoom.settle().readouts()["side"] == 486


def test_a_guess_is_judged_and_the_temperatures_come_only_then(zoom: Live) -> None:
    """Nothing on the page names a temperature before the reader asks."""
    critical = LETTERS[arrangement(ZoomOut().seed).index(1)]
    wrong = next(letter for letter in LETTERS if letter != critical)
    assert "T =" not in zoom.box.inner_text()
    zoom.box.get_by_role("radio", name=wrong, exact=True).press("Space")
    assert "T =" not in zoom.settle().box.inner_text()
    zoom.button("Reveal").click()
    text = zoom.settle().box.inner_text()
    assert f"No: {wrong} is at T =" in text
    assert f"{critical} is critical" in text
    assert zoom.readouts()["critical"] == critical
    for temperature in ("2.21", "2.269", "2.33"):
        assert f"T = {temperature}" in text
    zoom.box.get_by_role("radio", name=critical, exact=True).press("Space")
    assert f"Yes, {critical} is critical." in zoom.settle().box.inner_text()


def test_a_picture_can_be_chosen_by_clicking_it(zoom: Live) -> None:
    """The panels are as good as the buttons under them."""
    zoom.box.locator(".xp-panel").nth(2).click()
    assert zoom.get("guess") == "C"
    assert zoom.box.get_by_role("radio", name="C", exact=True).is_checked()


def test_the_window_shows_equally_many_spins(zoom: Live, grown: list) -> None:
    """Through a window of 54 × 54 all first three zooms have squares of one size."""
    zoom.set(view="window")
    sizes = []
    for level in range(5):
        zoom.set(level=level)
        sizes.append(zoom.box.locator("canvas").first.evaluate("c => c.width"))
    assert sizes == [54, 54, 54, 18, 6]


def test_another_seed_makes_other_lattices(zoom: Live) -> None:
    """A new seed starts a new puzzle: first picture, no guess, nothing revealed."""
    zoom.set(level=3, guess="A", revealed=True)
    old = zoom.readouts()
    zoom.button("Next seed").click()
    zoom.step(0)
    new = zoom.readouts()
    assert zoom.get("seed") == ZoomOut().seed + 1
    assert (zoom.get("level"), zoom.get("guess"), zoom.get("revealed")) == (0, "", False)
    assert new["checksum_A"] != old["checksum_A"]


def test_the_page_grows_them_without_being_asked(open_page: Opener, live: Finder) -> None:
    """Once somebody can see them, a slice at a time; the page stays alive meanwhile."""
    box = live(open_page(PAGE, alone="zoom"), "zoom")
    box.page.wait_for_function(
        "el => el.closest('.explorable-live').model.get('readouts').ready === 1",
        arg=box.box.element_handle(),
        timeout=60_000,
    )
    assert "%" not in box.box.locator(".xp-verdict").inner_text()
    label = box.box.locator("canvas").first.get_attribute("aria-label")
    assert "486 by 486" in label
    assert "% point up" in label


def test_python_refuses_bad_input() -> None:
    """The same limits from Python."""
    with pytest.raises(ValueError, match="level"):
        ZoomOut(level=5)
    with pytest.raises(ValueError, match="view"):
        ZoomOut(view="all")
    with pytest.raises(ValueError, match="guess"):
        ZoomOut(guess="D")
