"""The lattice on its page: it shows what `book_lib.ising` computes, spin by spin, and what theory says."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from book_lib import explorables
from book_lib.explorables.lattice import Lattice
from book_lib.ising import (
    Ising,
    energy_change,
    mean_field_magnetization,
    onsager_energy,
    onsager_magnetization,
)
from tests.site.driver import Live, serve

PAGE = "chapters/ising.html"
Opener = Callable[..., Page]
Finder = Callable[..., Live]
SETTINGS = {"size": 32, "seed": 5, "temperature": 2.0, "field": 0.0, "coupling": 1.0, "start": "random"}


@pytest.fixture
def lattice(open_page: Opener, live: Finder) -> Live:
    """The first lattice of the chapter, at rest, its question skipped."""
    box = live(open_page(PAGE, alone="lattice"), "lattice")
    if box.get("predict"):
        box.button("Just show me").click()
    return box


def start(box: Live, **settings: object) -> Live:
    """Set what the test wants and begin again."""
    box.set(**(SETTINGS | settings))
    box.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return box.settle()


def checksum(spins: np.ndarray) -> int:
    """The number by which `core/observables.js` tells pictures apart."""
    return int(np.flatnonzero(spins.ravel() > 0).sum()) * 2654435761 % 2**32


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"algorithm": "metropolis", "field": 0.3},
        {"coupling": -1.0, "start": "ordered", "temperature": 1.5},
        {"coupling": -0.5, "field": -0.2, "algorithm": "metropolis"},
        {"size": 64, "seed": 2**32 - 1, "temperature": 5.0, "start": "ordered"},
    ],
)
def test_the_same_seed_makes_the_same_spins_as_the_library(lattice: Live, settings: dict) -> None:
    """Sweep by sweep, whatever the rule, the sign of the coupling and the start."""
    chosen = SETTINGS | {"algorithm": "heat_bath"} | settings
    start(lattice, **chosen).step(7)
    expected = Lattice(**chosen).magnet().sweep(7)
    shown = lattice.readouts()
    assert shown["sweeps"] == 7
    assert shown["checksum"] == checksum(expected.spins)
    assert shown["energy"] == pytest.approx(expected.energy_per_spin, rel=1e-12)
    order = expected.spins
    if chosen["coupling"] < 0:
        order = order * (1 - 2 * (np.indices(order.shape).sum(axis=0) % 2))
    assert shown["order"] == pytest.approx(abs(order.mean()), rel=1e-12)


def test_turning_a_dial_keeps_the_spins_and_changes_the_law(lattice: Live) -> None:
    """A dial that is turned half way goes on from the same spins with the same random numbers."""
    start(lattice).step(5)
    lattice.set(temperature=4.0, field=-0.5).step(5)
    magnet = Lattice(**SETTINGS).magnet().sweep(5)
    magnet.temperature, magnet.field = 4.0, -0.5
    assert lattice.readouts()["checksum"] == checksum(magnet.sweep(5).spins)


@pytest.mark.parametrize("temperature", [1.8, 2.0])
def test_averages_below_the_critical_temperature_meet_onsager(lattice: Live, temperature: float) -> None:
    """At 64² the infinite lattice's values hold to a part in ten thousand below T = 2.1."""
    start(lattice, size=64, temperature=temperature, start="ordered", algorithm="heat_bath").step(4096)
    shown = lattice.readouts()
    exact_values = {"order": onsager_magnetization(temperature), "energy": onsager_energy(temperature)}
    for name, exact in exact_values.items():
        error = shown[f"mean_{name}_error"]
        assert 0 < error < 0.01
        assert abs(shown[f"mean_{name}"] - exact) < 4 * error


def test_error_bars_know_about_memory(lattice: Live) -> None:
    """The stated error of the mean is that of a blocked series, far above that of independent sweeps."""
    start(lattice, size=32, temperature=2.269, start="ordered").step(2048)
    shown = lattice.readouts()
    series = Lattice(**(SETTINGS | {"temperature": 2.269, "start": "ordered"})).magnet().measure(2048)
    kept = np.abs(series.magnetization[1024:])
    assert shown["mean_order"] == pytest.approx(kept.mean(), rel=1e-9)
    assert shown["mean_order_error"] > 3 * kept.std() / math.sqrt(len(kept))


def test_temperature_changes_the_picture(lattice: Live) -> None:
    """From nearly all alike in the cold to half and half in the heat."""
    start(lattice, temperature=1.0, start="ordered").step(100)
    cold, cold_picture = lattice.readouts()["order"], picture(lattice)
    lattice.set(temperature=5.0).step(100)
    assert cold > 0.99
    assert lattice.readouts()["order"] < 0.2
    assert picture(lattice) != cold_picture


def picture(box: Live) -> str:
    """The canvas as text."""
    return box.box.locator("canvas").evaluate("c => c.toDataURL()")


def cell(box: Live, row: int, column: int, size: int) -> tuple[float, float]:
    """Where a spin is on the screen."""
    frame = box.box.locator("canvas").bounding_box()
    pitch = frame["width"] / size
    return frame["x"] + (column + 0.5) * pitch, frame["y"] + (row + 0.5) * pitch


@pytest.mark.claim("I-03")
def test_a_flip_costs_what_the_formula_says(lattice: Live) -> None:
    """ΔE = 2s(JΣs′ + h), shown before the flip, is what the total energy changes by."""
    start(lattice, field=0.35, coupling=0.8).step(20)
    magnet = Lattice(**(SETTINGS | {"field": 0.35, "coupling": 0.8})).magnet().sweep(20)
    spins = magnet.spins.copy()
    lattice.page.mouse.move(*cell(lattice, 9, 21, 32))
    lattice.settle()
    expected = energy_change(spins, 9, 21, coupling=0.8, field=0.35)
    before = lattice.readouts()
    assert before["flip_energy"] == pytest.approx(expected, rel=1e-9)
    lattice.page.mouse.down()
    lattice.page.mouse.up()
    spins[9, 21] *= -1
    after = lattice.readouts()
    assert after["checksum"] == checksum(spins)
    assert after["painted_energy"] == pytest.approx(expected, rel=1e-9)
    assert (after["energy"] - before["energy"]) * 32**2 == pytest.approx(expected, abs=1e-8)
    assert after["flip_energy"] == pytest.approx(-expected, rel=1e-9)  # to turn it back


def test_keys_move_the_cursor_and_turn_the_spin_under_it(lattice: Live) -> None:
    """From the middle up twice and left once, then space."""
    start(lattice).step(3)
    spins = Lattice(**SETTINGS).magnet().sweep(3).spins.copy()
    lattice.box.locator(".xp-paint").focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
        lattice.page.keyboard.press(key)
    assert lattice.readouts()["flip_energy"] == pytest.approx(energy_change(spins, 14, 15))
    lattice.page.keyboard.press("Space")
    spins[14, 15] *= -1
    assert lattice.settle().readouts()["checksum"] == checksum(spins)


def test_a_painted_stroke_adds_up(lattice: Live) -> None:
    """The energy of a stroke is the sum over its flips: the difference of the total energy."""
    start(lattice, size=64).step(10)
    before = lattice.readouts()["energy"]
    lattice.page.mouse.move(*cell(lattice, 10, 10, 64))
    lattice.page.mouse.down()
    lattice.page.mouse.move(*cell(lattice, 30, 50, 64), steps=8)
    lattice.page.mouse.up()
    after = lattice.settle().readouts()
    assert after["painted_flips"] > 20
    assert after["painted_energy"] == pytest.approx((after["energy"] - before) * 64**2, abs=1e-6)


def test_chances_of_a_flip_obey_the_rule(lattice: Live) -> None:
    """In an ordered lattice ΔE = 8: heat bath 1/(1 + e^{8/T}), Metropolis e^{−8/T}."""
    start(lattice, start="ordered", temperature=2.0)
    loupe = lattice.box.locator(".xp-odds")
    assert f"{1 / (1 + math.exp(4)):.3f}" in loupe.inner_text()
    start(lattice, start="ordered", temperature=2.0, algorithm="metropolis")
    assert f"{math.exp(-4):.3f}" in loupe.inner_text()


def test_bad_numbers_are_refused_in_words(lattice: Live) -> None:
    """A temperature of zero has no Boltzmann law."""
    box = lattice.box.get_by_label("Temperature, as a number")
    box.fill("0")
    box.press("Enter")
    message = lattice.box.locator(".xp-error", has_text="Temperature")
    assert "0.1" in message.inner_text()
    assert lattice.get("temperature") == 2.269


def test_theory_waits_for_the_readers_curve(open_page: Opener, live: Finder) -> None:
    """Predict first: no curve before the sketch; then measured points; then theory and the gap in words."""
    box = live(open_page(PAGE, alone="lattice"), "lattice")
    if not box.get("predict"):
        pytest.skip("the chapter does not ask for a curve")
    theory = box.box.locator("svg.xp-plot-svg").first.locator(".xp-line.xp-theory, .xp-line.xp-mean_field")
    assert theory.count() == 0
    box.button("Heat the magnet").click()
    assert box.readouts()["phase"] == "asking"  # not without a sketch
    handles = box.box.get_by_role("slider", name="temperature")
    for index in range(handles.count()):
        handles.nth(index).focus()
        box.page.keyboard.press("End" if index < 5 else "Home")
    box.set(size=32)
    box.button("Heat the magnet").click()
    assert box.settle().readouts()["phase"] == "comparing"
    assert theory.count() == 0
    box.step(23 * 256)
    shown = box.readouts()
    assert shown["phase"] == "open"
    assert shown["points"] == 23
    assert theory.count() == 2
    sketch = box.get("sketch")
    exact = [onsager_magnetization(k / 10) if k else 1.0 for k in range(51)]
    gap = np.abs(np.array(sketch) - exact).mean()
    assert f"{gap:.2f}" in box.box.locator(".xp-note").last.inner_text()


def test_the_ladder_measures_the_curve(lattice: Live) -> None:
    """Heated slowly from order, 64² spins lie on Onsager's curve away from the critical temperature."""
    start(lattice, size=64)
    lattice.button("Heat slowly").click()
    lattice.step(23 * 256)
    points = table(lattice, "measured")
    assert len(points) == 23
    for temperature, order, _, energy, *_ in points:
        if not 2.1 < temperature < 2.8:  # between, 64² is too small to lie on the infinite lattice's curve
            assert order == pytest.approx(onsager_magnetization(temperature), abs=0.1)
            assert energy == pytest.approx(onsager_energy(temperature), abs=0.03)


def table(box: Live, caption: str) -> list[list[float]]:
    """The rows of a table that a reader can open; a cell without a number is NaN."""
    if not box.box.locator(".xp-table").is_visible():
        box.button("Show as table").click()
    found = box.box.locator("table", has=box.page.locator("caption", has_text=caption))
    rows = found.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return [[number(text) for text in row] for row in rows]


def number(text: str) -> float:
    """A number as the interface writes it: "−1.25", "1.9 × 10⁻⁵", or "–" for none."""
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    plain = text.replace("−", "-").replace(" × 10", "e").translate(raised)
    return float(plain) if plain.strip("– ") else math.nan


def test_curves_of_theory_are_the_librarys(lattice: Live) -> None:
    """The table behind the plot: Onsager and mean field side by side; in a field, mean field only."""
    start(lattice)
    for temperature, exact, mean_field, energy, _ in table(lattice, "Curves of theory")[1::7]:
        if abs(temperature - 2.269) > 0.02:
            assert exact == pytest.approx(onsager_magnetization(temperature), abs=1e-4)
            assert energy == pytest.approx(onsager_energy(temperature), abs=1e-4)
        assert mean_field == pytest.approx(mean_field_magnetization(temperature), abs=1e-4)
    lattice.set(field=0.5)
    assert lattice.box.locator("svg.xp-plot-svg .xp-line.xp-theory").count() == 0


def test_metropolis_in_the_heat_does_not_flash(open_page: Opener, live: Finder) -> None:
    """Free spins under Metropolis all turn at every sweep; the picture may flash three times a second."""
    box = live(open_page(PAGE, reduced=False, alone="lattice"), "lattice")
    start(box, coupling=0.0, algorithm="metropolis", start="ordered", speed=1)
    box.button("Play").click()
    changes = box.box.locator("canvas").evaluate(
        """async canvas => {
            const copy = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
            const bright = () => (copy.drawImage(canvas, -3, -3), copy.getImageData(0, 0, 1, 1).data[0]);
            let last = bright(), changes = 0;
            const began = performance.now();
            while (performance.now() - began < 2000) {
                await new Promise(requestAnimationFrame);
                if (bright() !== last) { changes++; last = bright(); }
            }
            return changes;
        }"""
    )
    assert box.readouts()["sweeps"] > 20
    assert changes <= 2 * 3 * 2


@pytest.mark.parametrize("algorithm", ["heat_bath", "metropolis"])
@pytest.mark.parametrize("coupling", [1.0, -1.0])
def test_packed_spins_obey_the_same_law(lattice: Live, algorithm: str, coupling: float) -> None:
    """From 256² on 32 spins share a word: far below the critical temperature |m| and energy are Onsager's."""
    start(lattice, size=256, temperature=1.8, start="ordered", algorithm=algorithm, coupling=coupling).step(600)
    shown = lattice.readouts()
    exact_values = {"order": onsager_magnetization(1.8), "energy": onsager_energy(1.8)}
    for name, exact in exact_values.items():
        error = shown[f"mean_{name}_error"]
        assert 0 < error < 0.002
        assert abs(shown[f"mean_{name}"] - exact) < 4 * error


def test_a_field_comes_and_goes_over_packed_spins(lattice: Live) -> None:
    """The picture stays when the dial of the field moves; cold spins then follow the field."""
    start(lattice, size=256, temperature=1.0, start="ordered").step(4)
    before = lattice.readouts()["checksum"]
    lattice.set(field=-2.0)
    assert lattice.readouts()["checksum"] == before
    lattice.step(60)
    turned = lattice.readouts()
    assert turned["order"] > 0.99
    assert turned["energy"] < -3.9  # of bonds −2, of the field another −2
    lattice.set(field=0.0)
    assert lattice.readouts()["checksum"] == turned["checksum"]
    assert lattice.step(5).readouts()["energy"] == pytest.approx(-2, abs=0.02)


def test_packed_spins_can_be_painted(lattice: Live) -> None:
    """A spin turned by hand costs 8, and is still turned when the energy is read from the words."""
    start(lattice, size=256, temperature=0.3, start="ordered").step(2)
    lattice.page.mouse.click(*cell(lattice, 40, 200, 256))
    shown = lattice.settle().readouts()
    assert shown["painted_energy"] == 8
    assert (shown["energy"] + 2) * 256**2 == pytest.approx(8, abs=1e-6)
    assert lattice.step(1).readouts()["energy"] == pytest.approx(-2)  # its neighbours turn it back


SPEED = """async ([plain, packed]) => {
    const {Ising} = await import(plain);
    const {PackedIsing} = await import(packed);
    const speeds = [];
    for (const [Model, sweeps] of [[Ising, 20], [PackedIsing, 200]]) {
        const model = new Model({size: 512, temperature: 2.269185, seed: 1}).sweep(sweeps);
        let best = Infinity;
        for (let round = 0; round < 5; round++) {
            const began = performance.now();
            model.sweep(sweeps);
            best = Math.min(best, performance.now() - began);
        }
        speeds.push(512 * 512 * sweeps / best / 1e3);
    }
    return speeds;
}"""


def test_packing_pays_in_the_browser(browser: Browser, record_property: Callable[[str, object], None]) -> None:
    """Million updates a second of 512² in Chromium are reported; asserted is that packing is several times as fast."""
    core = Path(explorables.__file__).parent / "core"
    with serve(core) as address:
        page = browser.new_page()
        page.goto(f"{address}ising.js")  # any page of this origin: modules may then be imported
        speeds = page.evaluate(SPEED, [f"{address}ising.js", f"{address}ising_packed.js"])
        page.close()
    print("512² in Chromium, million updates a second: plain {:.0f}, packed {:.0f}".format(*speeds))
    record_property("plain", speeds[0])
    record_property("packed", speeds[1])
    assert speeds[1] > 4 * speeds[0]


def test_a_large_lattice_keeps_up(
    open_page: Opener, live: Finder, record_property: Callable[[str, object], None]
) -> None:
    """512² with at least one sweep a frame; the frames a second are reported, not asserted."""
    box = live(open_page(PAGE, reduced=False), "lattice")
    start(box, size=512, temperature=2.269, speed=1)
    measured = box.box.evaluate(
        """el => new Promise(done =>
            el.dispatchEvent(new CustomEvent("xp:benchmark", {detail: {seconds: 3, done}})))"""
    )
    print("512²:", ", ".join(f"{value:.1f} {name.replace('_', ' ')}" for name, value in measured.items()))
    for name, value in measured.items():
        record_property(name, value)
    assert measured["packed"] == 1
    assert measured["sweeps_per_frame"] >= 1
    assert measured["frames_per_second"] > 0


def test_a_phone_starts_with_a_small_lattice(open_page: Opener, live: Finder) -> None:
    """At 360 px, 128² would be 2.5 px a spin."""
    assert live(open_page(PAGE, width=360, alone="lattice"), "lattice").get("size") == 64
    assert live(open_page(f"{PAGE}#xp:lattice.size=32", width=360, alone="lattice"), "lattice").get("size") == 32


def test_the_address_keeps_the_state(open_page: Opener, live: Finder) -> None:
    """What a reader set can be sent to a friend."""
    address = f"{PAGE}#xp:lattice.temperature=1.5&lattice.field=0.25&lattice.seed=9"
    box = live(open_page(address, alone="lattice"), "lattice")
    assert (box.get("temperature"), box.get("field"), box.get("seed")) == (1.5, 0.25, 9)
    box.step(4)
    expected = Lattice(temperature=1.5, field=0.25, seed=9).magnet().sweep(4)
    assert box.readouts()["checksum"] == checksum(expected.spins)


def test_python_twin_has_the_checksum_of_the_page() -> None:
    """The checksum itself: spins 1 and 3 up."""
    spins = np.array([[-1, 1], [-1, 1]])
    assert checksum(spins) == (4 * 2654435761) % 2**32


def test_ising_refuses_what_the_page_refuses() -> None:
    """The same bad input, from Python."""
    with pytest.raises(ValueError, match="temperature"):
        Lattice(temperature=0)
    with pytest.raises(ValueError, match="size"):
        Lattice(size=33)
    with pytest.raises(ValueError, match="algorithm"):
        Lattice(algorithm="wolff")
    with pytest.raises(ValueError, match="temperature"):
        Ising(32, 0.0)
