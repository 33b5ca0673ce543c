"""Dreams in the page: the machine that is shipped makes the same steps here as the library's."""

import base64
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.boltzmann import RBM
from book_lib.explorables import RbmDreams
from book_lib.explorables.rbm_dreams import ASSET, pixels
from tests.site.driver import Live

PAGE = "chapters/boltzmann_machines.html"
FRESH = {"temperature": 1, "start": "noise", "digit": 3, "drawing": "0" * 16, "clamp": "none", "prediction": "skipped",
         "seed": 0}  # fmt: skip


@pytest.fixture(scope="module")
def machine(site_folder: Path) -> RBM:
    """The machine beside the page, read from what the page loads."""
    folder = site_folder / "_static" / "assets"
    header = json.loads((folder / f"{ASSET}.js").read_text().partition(" = ")[2].rstrip().rstrip(";"))
    texts = [re.search(r'= "([^"]*)"', (folder / f"{part}.js").read_text())[1] for part in header["parts"]]
    body = b"".join(map(base64.b64decode, texts))
    if header["zipped"]:
        body = gzip.decompress(body)
    parts = {}
    for entry in header["arrays"]:
        count = int(np.prod(entry["shape"]))
        parts[entry["name"]] = np.frombuffer(body, entry["dtype"], count, entry["offset"]).reshape(entry["shape"])
    assert len(body) <= 60_000
    return RBM(*(parts[name].astype(float) for name in ("weights", "visible_bias", "hidden_bias")))


@pytest.fixture
def dreams(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="rbm_dreams"), "rbm_dreams")


def start(x: Live, **settings: object) -> Live:
    """Known settings, at step 0."""
    expect(x.box.locator(".xp-rd-units")).to_be_visible()
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-rd > .xp-caption").inner_text()


CASES = [
    {},
    {"temperature": 2.5, "clamp": "left", "start": "digit", "digit": 8, "seed": 5},
    {"temperature": 0.3, "start": "drawing", "drawing": "183c66061c3060fe", "clamp": "top", "seed": 2**32 - 1},
]


@pytest.mark.parametrize("settings", CASES, ids=["noise", "digit", "drawing"])
def test_steps_are_the_librarys(dreams: Live, machine: RBM, settings: dict) -> None:
    wanted = RbmDreams(machine=machine, **FRESH | settings)
    path = wanted.dream(30)
    start(dreams, **settings)
    taken = 0
    for steps in (0, 1, 5, 30):
        shown = dreams.step(steps - taken).readouts() if steps else dreams.readouts()
        taken = steps
        np.testing.assert_array_equal(pixels(shown["pixels"]), path[steps])
        assert shown["free_energy"] == pytest.approx(wanted.free_energy(path[steps]), rel=1e-9)
    assert shown["changed"] == (path[30] != path[29]).sum()
    cells = dreams.box.locator(".xp-px-pad .xp-px-ink")
    drawn = cells.evaluate_all("all => all.map(c => +c.getAttribute('fill-opacity'))")
    np.testing.assert_array_equal(drawn, path[30])


def test_from_noise_come_digits_and_heat_takes_them_away(dreams: Live) -> None:
    start(dreams, prediction="digits")
    mean, spread = (float(v.replace("−", "-")) for v in dreams.readouts()["digits"].split(" ± "))
    assert dreams.readouts()["free_energy"] > mean + 4 * spread
    free = []
    for _ in range(10):
        free.append(dreams.step(60).readouts()["free_energy"])
    assert np.mean(np.array(free) < mean + 2 * spread) >= 0.7
    for _ in range(20):
        if "as good as a digit" in caption(dreams.step(5)):
            break
    assert "You bet right" in caption(dreams)
    start(dreams, temperature=5).step(100)
    assert dreams.readouts()["free_energy"] > mean + 4 * spread
    assert "Far from a digit" in caption(dreams)


def test_cold_it_stays_in_one_picture(dreams: Live) -> None:
    start(dreams, temperature=0.05).step(400)
    assert "it stays near one picture" in caption(dreams)


def test_the_bet_comes_first(dreams: Live) -> None:
    start(dreams, prediction="").step(60)
    ask = dreams.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    assert "once you have bet" in caption(dreams)
    dreams.button("Noise, as before").click()
    assert dreams.settle().get("prediction") == "noise"
    expect(ask).to_have_count(0)
    for _ in range(20):
        if "as good as a digit" in caption(dreams.step(5)):
            break
    assert "You bet otherwise" in caption(dreams)


def test_a_drawing_is_made_by_pointer_and_by_keys(dreams: Live) -> None:
    start(dreams)
    dreams.button("Empty the picture").click()
    assert dreams.settle().get("start") == "drawing"
    pad = dreams.box.locator(".xp-px-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    at = [(box["x"] + box["width"] * (c + 0.5) / 8, box["y"] + box["height"] * 2.5 / 8) for c in (1, 6)]
    dreams.page.mouse.move(*at[0])
    dreams.page.mouse.down()
    dreams.page.mouse.move(*at[1], steps=12)
    dreams.page.mouse.up()
    assert pixels(dreams.settle().get("drawing")).reshape(8, 8)[2].tolist() == [0, 1, 1, 1, 1, 1, 1, 0]
    pad.press("ArrowDown")
    pad.press("Space")
    drawn = pixels(dreams.settle().get("drawing")).reshape(8, 8)
    assert drawn[3].tolist() == [0, 0, 0, 0, 0, 0, 1, 0]
    assert dreams.readouts()["pixels"] == dreams.get("drawing")
    assert dreams.readouts()["step"] == 0


def test_a_held_half_is_marked_and_stays(dreams: Live) -> None:
    start(dreams, start="digit", digit=0)
    first = pixels(dreams.readouts()["pixels"]).reshape(8, 8)
    dreams.box.get_by_text("Left", exact=True).click()
    assert dreams.settle().get("clamp") == "left"
    assert dreams.box.locator(".xp-px-hold").get_attribute("d")
    shown = pixels(dreams.step(40).readouts()["pixels"]).reshape(8, 8)
    np.testing.assert_array_equal(shown[:, :4], first[:, :4])
    assert "The left half is held" in caption(dreams)


def test_hidden_units_are_chosen_and_framed_where_on(dreams: Live, machine: RBM) -> None:
    start(dreams).step(3)
    on = dreams.box.locator(".xp-rd-unit.xp-on")
    assert on.count() == dreams.readouts()["hidden_on"] == dreams.readouts()["hidden"].count("1")
    units = dreams.box.get_by_role("listbox")
    units.press("Home")
    units.press("ArrowRight")
    said = dreams.box.locator(".xp-rd-said")
    expect(said).to_contain_text("Hidden unit 2:")
    v = pixels(dreams.readouts()["pixels"])
    field = float(v @ machine.weights[:, 1] + machine.hidden_bias[1])
    expect(said).to_contain_text(f"field {field:.2f}".replace("-", "−"))
    dreams.box.get_by_role("option").nth(4).click()
    expect(said).to_contain_text("Hidden unit 5:")
    expect(dreams.box.locator("figcaption", has_text="unit 5")).to_be_visible()


def test_a_digit_is_chosen_from_the_menu(dreams: Live) -> None:
    start(dreams)
    dreams.box.get_by_role("combobox").select_option(label="7")
    assert (dreams.settle().get("digit"), dreams.get("start")) == (7, "digit")
    np.testing.assert_array_equal(pixels(dreams.readouts()["pixels"]), RbmDreams(start="digit", digit=7).first())


def test_from_disk_too(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    x = live(open_page(PAGE, disk=True, alone=None), "rbm_dreams")
    expect(x.box.locator(".xp-rd-units")).to_be_visible()
    assert x.step(2).readouts()["step"] == 2


def test_without_its_machine_the_picture_stays(watched_page: Callable[..., Page], site: str) -> None:
    page = watched_page()
    page.watch.allowed += [ASSET, "ERR_FAILED"]
    page.route(f"**/{ASSET}*", lambda route: route.abort())
    page.goto(site + PAGE)
    page.wait_for_selector("html[data-explorables=ready]", state="attached")
    place = page.locator(".explorable.is-failed")
    expect(place.locator(".xp-failed")).to_contain_text("you see its picture")
    expect(page.locator(".is-live [data-explorable=stochastic_units]")).to_be_visible()


def test_state_in_the_address_comes_back(dreams: Live, live: Callable[..., Live]) -> None:
    start(dreams, start="drawing", drawing="183c66061c3060fe", clamp="top")
    dreams.box.get_by_role("slider", name="Temperature").press("ArrowRight")
    heat = dreams.settle().get("temperature")
    dreams.page.wait_for_function("() => location.hash.includes('rbm_dreams.drawing=183c66061c3060fe')")
    dreams.page.reload()
    again = live(dreams.page, "rbm_dreams")
    expect(again.box.locator(".xp-caption")).to_contain_text("Your drawing.")
    assert (again.get("drawing"), again.get("clamp"), again.get("temperature")) == ("183c66061c3060fe", "top", heat)


def test_the_free_energy_is_drawn_beside_that_of_the_digits(dreams: Live) -> None:
    start(dreams, prediction="").step(40)
    band = dreams.box.locator(".xp-legend", has_text="the digits")
    expect(band).to_have_count(0)
    dreams.set(prediction="digits")
    expect(band).to_have_count(1)
    line = dreams.box.locator(".xp-plot-svg path.xp-line").get_attribute("d")
    assert len(re.findall("[ML]", line)) == 41
    dreams.step(400)
    assert len(re.findall("[ML]", dreams.box.locator(".xp-plot-svg path.xp-line").get_attribute("d"))) == 201
