"""The kernel editor in the page: its sums are the library's, on the photographs that the page loads."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import KernelEditor
from book_lib.vision import kernels
from tests.site.driver import Live

PAGE = "chapters/vision.html"
FRESH = {"photograph": "cat", "kernel": [-1, 0, 1, -2, 0, 2, -1, 0, 1], "row": 45, "column": 47,
         "flip": False, "view": "absolute"}  # fmt: skip


@pytest.fixture
def editor(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="kernel_editor"), "kernel_editor").set(**FRESH)


CASES = [
    {},
    {"photograph": "moon", "kernel": [0.5, -2, 3, 1, 0, 0, -1, 0.25, 7], "row": 1, "column": 126},
    {"photograph": "coins", "kernel": kernels["emboss"].ravel().tolist(), "flip": True, "view": "clipped"},
    {"photograph": "brick", "kernel": kernels["blur"].ravel().tolist(), "view": "signed", "row": 126, "column": 1},
]


@pytest.mark.parametrize("settings", CASES, ids=["cat", "moon", "coins", "brick"])
def test_sums_are_the_librarys(editor: Live, settings: dict) -> None:
    shown = editor.set(**settings).readouts()
    chosen = FRESH | settings
    wanted = KernelEditor(**chosen | {"kernel": np.reshape(chosen["kernel"], (3, 3))})
    result = wanted.result()
    assert shown["sum"] == pytest.approx(wanted.products().sum(), rel=1e-12)
    assert [shown["least"], shown["most"]] == pytest.approx([result.min(), result.max()], rel=1e-12)
    assert shown["total"] == pytest.approx(result.sum(), rel=1e-9)
    assert shown["pixel"] == wanted.image()[wanted.row, wanted.column]
    assert shown["shown"] == np.floor(wanted.shown()[wanted.row - 1, wanted.column - 1] + 0.5)
    assert shown["cut"] == wanted.cut()


def test_the_canvas_shows_the_greys(editor: Live) -> None:
    editor.set(photograph="coins", view="signed")
    drawn = editor.box.locator("canvas").nth(1).evaluate(
        """c => [...c.getContext('2d').getImageData(0, 0, 128, 128).data].filter((_, k) => k % 4 === 0)"""
    )
    wanted = KernelEditor(photograph="coins", view="signed").shown()
    np.testing.assert_array_equal(np.reshape(drawn, (128, 128))[1:-1, 1:-1], np.floor(wanted + 0.5))
    assert editor.readouts()["shown"] == np.reshape(drawn, (128, 128))[45, 47]


def test_nine_products_add_up(editor: Live) -> None:
    cells = editor.box.locator(".xp-ke-product b").all_inner_texts()
    assert len(cells) == 9
    assert sum(float(text.removeprefix("= ").replace("−", "-")) for text in cells) == editor.readouts()["sum"]


def test_the_frame_is_moved_by_keys_pointer_and_click(editor: Live) -> None:
    grip = editor.box.get_by_role("slider", name="The pixel that is computed")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        grip.press(key)
    assert [editor.settle().get("row"), editor.get("column")] == [44, 49]
    before = editor.readouts()["sum"]
    for pane, share in ((1, 0.25), (0, 0.9)):  # in the result, too
        box = editor.box.locator("canvas").nth(pane).bounding_box()
        editor.page.mouse.click(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"])
        column = editor.settle().get("column")
        assert column == pytest.approx(128 * share, abs=2) and editor.get("row") == pytest.approx(64, abs=1)
    assert editor.readouts()["sum"] != before
    box = grip.bounding_box()
    editor.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    editor.page.mouse.down()
    editor.page.mouse.move(box["x"] - 80, box["y"] + 40, steps=4)
    editor.page.mouse.up()
    assert editor.settle().get("column") < 100 and editor.get("row") > 64


def test_an_entry_is_typed_and_the_kernel_is_turned(editor: Live) -> None:
    first = editor.readouts()["sum"]
    editor.box.get_by_text("Turned by 180°", exact=True).click()
    assert editor.settle().readouts()["sum"] == -first  # this kernel changes its sign when turned
    expect(editor.box.locator(".xp-caption")).to_contain_text("convolution of mathematics")
    entry = editor.box.get_by_label("Kernel, row 2, column 2")
    entry.fill("5")
    entry.press("Enter")
    assert editor.settle().get("kernel")[4] == 5
    assert editor.readouts()["sum"] == -first + 5 * editor.readouts()["pixel"]
    error = editor.box.locator(".xp-ke-cell .xp-error").nth(4)
    kernel = editor.get("kernel")
    for bad in ("11", "", "two", "1/0", "1/", "-1e3"):
        entry.fill(bad)
        entry.press("Enter")
        expect(error).to_contain_text("from −10 to 10")
        assert editor.get("kernel") == kernel
    for text, value in (("1/9", 1 / 9), ("−2/3", -2 / 3), ("0,5", 0.5), ("-.25", -0.25)):
        entry.fill(text)
        entry.press("Enter")
        assert editor.get("kernel")[4] == value
        expect(error).to_be_empty()


def test_confirming_what_stands_there_changes_nothing(editor: Live) -> None:
    """A ninth is shown as 1/9, not as 0.1111, which would be another kernel."""
    editor.button("Blur").click()
    entry = editor.box.get_by_label("Kernel, row 3, column 1")
    assert entry.input_value() == "1/9"
    entry.press("Enter")
    assert editor.settle().get("kernel") == [1 / 9] * 9
    editor.set(kernel=[0.1234567, *[0] * 8])
    entry = editor.box.get_by_label("Kernel, row 1, column 1")
    entry.press("Enter")
    assert editor.settle().get("kernel")[0] == 0.1234567


def test_presets_say_what_they_do(editor: Live) -> None:
    editor.button("Blur").press("Enter")
    assert editor.settle().get("kernel") == pytest.approx([1 / 9] * 9)
    expect(editor.box.locator(".xp-caption")).to_contain_text("sum to 1")
    expect(editor.box.locator(".xp-caption")).to_contain_text("both are one")


def test_from_disk_too(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    x = live(open_page(PAGE, disk=True), "kernel_editor")
    assert x.readouts()["most"] == pytest.approx(KernelEditor(photograph=x.get("photograph")).result().max())


def test_state_in_the_address_comes_back(editor: Live, live: Callable[..., Live]) -> None:
    wanted = {"photograph": "moon", "kernel": [1 / 9, -2.5, *[0] * 6, 1], "row": 7, "column": 90,
              "flip": True, "view": "signed"}  # fmt: skip
    editor.set(**wanted)
    editor.button("Blur").click()  # the reader's own change writes the address
    editor.settle().set(**wanted)
    editor.box.get_by_role("slider", name="The pixel that is computed").press("ArrowRight")
    expect(editor.page).to_have_url(re.compile("column=91"))
    editor.page.reload()
    again = live(editor.page, "kernel_editor")
    expect(again.box.locator(".xp-caption")).to_contain_text("Row 7, column 91")
    assert {key: again.get(key) for key in wanted} == wanted | {"column": 91}


def test_without_its_photographs_the_picture_stays(watched_page: Callable[..., Page], site: str) -> None:
    page = watched_page()
    page.watch.allowed += ["kernel-photographs", "ERR_FAILED"]
    page.route("**/kernel-photographs*", lambda route: route.abort())
    page.goto(site + PAGE)
    page.wait_for_selector("html[data-explorables=ready]", state="attached")
    place = page.locator(".explorable.is-failed")
    expect(place.locator(".xp-failed")).to_contain_text("you see its picture")
    picture = place.locator("img, svg").first
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    expect(page.locator(".is-live [data-explorable=receptive_field]")).to_be_visible()


def test_a_slow_connection_holds_nobody_up(
    watched_page: Callable[..., Page], site: str, live: Callable[..., Live]
) -> None:
    page, held = watched_page(), []
    page.route("**/kernel-photographs*.0.js", lambda route: held.append(route))
    page.goto(site + PAGE)
    page.wait_for_selector("html[data-explorables=ready]", state="attached")
    editor = live(page, "kernel_editor")
    expect(editor.box).to_contain_text("Loading the photographs")
    assert live(page, "receptive_field").readouts()["field"] == 5
    held[0].continue_()
    expect(editor.box.locator(".xp-caption")).to_contain_text("nine products")
