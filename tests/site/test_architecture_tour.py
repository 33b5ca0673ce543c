"""The tour of the architecture in the page: boxes, shapes and parameters are the library's; keys lead in and out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import ArchitectureTour
from book_lib.explorables.architecture_tour import LEVELS
from tests.site.driver import Live, wait_ready

PAGE = "chapters/transformers.html"
NAME = "architecture_tour"
FRESH = {"preset": "page", "level": "whole", "norm": "pre", "chosen": "", "prediction": "skipped"}
Opener = Callable[..., Page]
Finder = Callable[..., Live]


@pytest.fixture
def tour(open_page: Opener, live: Finder) -> Live:
    return live(open_page(PAGE, alone=NAME), NAME).set(**FRESH)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


@pytest.mark.parametrize("preset", ["page", "gpt3"])
@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("level", LEVELS)
def test_boxes_are_the_librarys(tour: Live, preset: str, norm: str, level: str) -> None:
    wanted = ArchitectureTour(preset, level=level, norm=norm)
    boxes = [box for row in wanted.rows() for box in row]
    shown = tour.set(preset=preset, level=level, norm=norm).readouts()
    assert shown["boxes"] == "; ".join(f"{b.id} {'x'.join(map(str, b.shape))} {b.parameters}" for b in boxes)
    assert (shown["total"], shown["here"]) == (wanted.total(), sum(box.parameters for box in boxes))
    drawn = tour.box.get_by_role("group", name="The boxes of this level").get_by_role("button")
    assert drawn.count() == len(boxes)
    for box, label in zip(boxes, drawn.evaluate_all("all => all.map(one => one.ariaLabel)"), strict=True):
        assert " × ".join(f"{n:,}" for n in box.shape) in label
        assert (f"{box.parameters:,} parameters" in label) is (box.parameters > 0)


def test_keys_lead_in_and_out(tour: Live) -> None:
    def at() -> tuple[str, str]:
        tour.settle()
        return tour.get("level"), tour.get("chosen")

    tour.box.locator("[data-box=ids]").focus()
    press = tour.page.keyboard.press
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown"):
        press(key)
    assert at() == ("whole", "block")
    press("Enter")
    assert at() == ("block", "")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter", "End", "ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        press(key)
    assert at() == ("head", "")
    for wanted in (("attention", "heads"), ("block", "attention"), ("whole", "block"), ("whole", "block")):
        press("Escape")
        assert at() == wanted
    assert tour.page.evaluate("document.activeElement.dataset.box") == "block"


def test_arrows_walk_along_a_row_and_between_rows(tour: Live) -> None:
    tour.set(level="head", chosen="stream").box.locator("[data-box=stream]").focus()
    reached = []
    for way in ("Up", "Right", "Down", "Right", "Right", "Right", "Left", "Down"):
        tour.page.keyboard.press(f"Arrow{way}")
        reached.append(tour.settle().get("chosen"))
    assert reached == ["stream", "stream", "Q", "K", "V", "V", "K", "scores"]


def test_pressing_opens_or_explains(tour: Live) -> None:
    tour.box.locator("[data-box=embedding]").click()
    told = tour.box.locator(".xp-tour-told")
    assert "V·d = 65,536" in told.inner_text()
    tour.box.locator("[data-box=unembedding]").click()
    assert "the embedding's matrix, transposed" in told.inner_text()
    tour.box.locator("[data-box=block]").click()
    assert tour.settle().get("level") == "block"
    assert tour.box.locator(".xp-tour-skip").count() == 2


def test_only_one_box_is_in_the_way_of_tab(tour: Live) -> None:
    assert tour.box.locator("[data-box][tabindex='0']").count() == 1
    tour.set(chosen="final")
    assert tour.box.locator("[data-box][tabindex='0']").get_attribute("data-box") == "final"


def test_post_norm_normalises_the_sums(tour: Live) -> None:
    before = tour.readouts()["total"]
    tour.box.get_by_text("after (post-norm)", exact=True).click()
    assert before - tour.settle().readouts()["total"] == 256
    assert "no last normalisation" in caption(tour)
    tour.set(level="block")
    order = tour.box.locator("[data-box]").evaluate_all("all => all.map(one => one.dataset.box)")
    assert order == ["stream", "attention", "add1", "norm1", "mlp", "add2", "norm2"]


def test_the_bet_opens_the_block(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME), NAME)
    x.button("about a third").press("Enter")
    assert x.settle().get("level") == "block"
    assert "Attention holds 33.3 % of it: 4d² of 12d². You foretold: about a third. Right." in caption(x)


@pytest.mark.parametrize("address", ["preset=gpt4", "level=neuron", "norm=none", "chosen=<b>", "prediction=yes"])
def test_a_foreign_address_changes_nothing(open_page: Opener, live: Finder, address: str) -> None:
    plain = live(open_page(PAGE, alone=NAME), NAME)
    x = live(open_page(f"{PAGE}#xp:{NAME}.{address}", alone=NAME), NAME)
    assert {name: x.get(name) for name in FRESH} == {name: plain.get(name) for name in FRESH}


def test_a_reload_comes_back_to_the_same_box(tour: Live) -> None:
    tour.box.get_by_text("One head", exact=True).click()
    tour.box.locator("[data-box=mask]").click()
    tour.page.wait_for_function("() => location.hash.includes('chosen')")
    tour.page.reload()
    wait_ready(tour.page)
    assert (tour.get("level"), tour.get("chosen")) == ("head", "mask")


def test_it_fits_a_phone(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME)
    for level in LEVELS:
        x.set(**FRESH | {"preset": "gpt3", "level": level})
        assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
        box = x.box.locator("[data-box]").nth(1)
        expect(box).to_be_visible()
        assert box.locator("rect").last.bounding_box()["height"] >= 43.5
