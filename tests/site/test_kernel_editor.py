"""The kernel editor in the page: its sums are the library's, on the photographs that the page loads."""

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


def test_the_canvas_shows_the_greys(editor: Live) -> None:
    editor.set(photograph="coins", view="signed")
    drawn = editor.box.locator("canvas").nth(1).evaluate(
        """c => [...c.getContext('2d').getImageData(0, 0, 128, 128).data].filter((_, k) => k % 4 === 0)"""
    )
    wanted = KernelEditor(photograph="coins", view="signed").shown()
    np.testing.assert_allclose(np.reshape(drawn, (128, 128))[1:-1, 1:-1], wanted, atol=0.51)


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
    box = editor.box.locator("canvas").first.bounding_box()
    editor.page.mouse.click(box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"])
    assert editor.settle().get("column") == pytest.approx(115, abs=1) and editor.get("row") == pytest.approx(64, abs=1)
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
    entry.fill("11")
    entry.press("Enter")
    expect(editor.box.locator(".xp-ke-cell .xp-error").nth(4)).to_contain_text("from −10 to 10")


def test_presets_say_what_they_do(editor: Live) -> None:
    editor.button("Blur").press("Enter")
    assert editor.settle().get("kernel") == pytest.approx([1 / 9] * 9)
    expect(editor.box.locator(".xp-caption")).to_contain_text("sum to 1")
    expect(editor.box.locator(".xp-caption")).to_contain_text("both are one")


def test_from_disk_too(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    x = live(open_page(PAGE, disk=True), "kernel_editor")
    assert x.readouts()["most"] == pytest.approx(KernelEditor(photograph=x.get("photograph")).result().max())
