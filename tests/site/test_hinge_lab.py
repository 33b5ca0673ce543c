"""The hinge lab: numbers stay away until the reader has looked, both repairs are exact, and no bias-free one is."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from book_lib.explorables import HingeLab
from tests.site.driver import Live


@pytest.fixture
def lab(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/neural_networks.html", alone="hinge_lab"), "hinge_lab")


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


def test_first_the_reader_looks(lab: Live) -> None:
    lab.set(a=12, b=-62, bias=0, second=False, suspect=0)
    assert (lab.readouts()["y3"], lab.readouts()["active"]) == ("", "?")
    assert lab.box.locator(".xp-mark.xp-area").first.get_attribute("d") in (None, "")  # the half-plane would tell
    assert "2190" not in lab.box.inner_text()
    lab.box.get_by_text("Row 1", exact=True).click()
    assert "Row 1 is right" in caption(lab.settle())
    lab.box.get_by_text("Row 3", exact=True).click()
    assert "1090" in caption(lab.settle())
    assert lab.readouts()["y3"] == pytest.approx(2190)
    lab.box.get_by_text("Row 4", exact=True).click()
    assert "680" in caption(lab.settle())
    assert "one of two wrong rows" in caption(lab)
    assert lab.readouts()["active"] == "1, 2, 3 and 5"


def test_who_is_left_is_told_rightly(lab: Live) -> None:
    lab.set(a=0, b=0, bias=-10, second=False, suspect=0)
    assert caption(lab) == "The hinge selects nobody: what is left is y = 5x₁."
    lab.set(second=True)
    assert caption(lab) == "The first hinge selects nobody: what is left is y = 5x₁ and the second hinge."


def test_prices_are_the_librarys(lab: Live) -> None:
    for a, b, bias, second in [(2, -45, 570, False), (2, -45, 570, True), (-3, 20, -100, True), (5, 5, 0, False)]:
        settings = {"a": a, "b": b, "bias": bias, "second": second}
        shown = lab.set(**settings).readouts()
        wanted = HingeLab(**settings)
        assert [shown[f"y{i}"] for i in range(1, 6)] == pytest.approx(wanted.prices().tolist())
        assert shown["miss_5"] == pytest.approx(wanted.misses()[4], abs=1e-9)


def test_both_repairs_are_a_press_away(lab: Live) -> None:
    lab.button("Repaired by a bias").click()
    shown = lab.settle().readouts()
    assert (shown["largest_miss"], shown["miss_5"]) == pytest.approx((0, 2120))
    lab.button("Both hinges").press("Enter")
    shown = lab.settle().readouts()
    assert (shown["largest_miss"], shown["miss_5"]) == pytest.approx((0, 0), abs=1e-9)
    assert "all five houses are exact" in caption(lab)


def test_without_a_bias_row_3_goes_with_rows_1_and_2(lab: Live) -> None:
    for a, b in ((12, -62), (20, -100), (1, 1), (3, -20)):
        lab.set(a=a, b=b, bias=0, second=False, suspect=3)
        active = lab.readouts()["active"]
        if "1" in active and "2" in active:
            assert "3" in active
            assert "cannot be mended" in caption(lab)
