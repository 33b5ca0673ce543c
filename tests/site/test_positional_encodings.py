"""Positions in the page: waves, tables and rotations are the library's; without them order does not count."""

import math
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import PositionalEncodings
from tests.site.driver import Live

PAGE = "chapters/transformers.html"
NAME = "positional_encodings"
FRESH = {
    "kind": "sinusoidal", "position": 20, "pair": 4, "base": 10_000, "content": False, "seed": 0,
    "prediction": "skipped",
}  # fmt: skip
Opener = Callable[..., Page]
Finder = Callable[..., Live]


@pytest.fixture
def encodings(open_page: Opener, live: Finder) -> Live:
    return live(open_page(PAGE, alone=NAME), NAME).set(**FRESH)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


@pytest.mark.parametrize("kind", ["none", "learned", "sinusoidal", "rotary"])
@pytest.mark.parametrize("content", [False, True])
def test_scores_gaps_and_moves_are_the_librarys(encodings: Live, kind: str, content: bool) -> None:
    settings = {"kind": kind, "content": content, "position": 33, "pair": 7, "base": 100, "seed": 5}
    wanted = PositionalEncodings(**settings)
    shown = encodings.set(**settings).readouts()
    scores = wanted.scores()
    assert (shown["score"], shown["far"]) == pytest.approx((scores[33], scores[63]), rel=1e-9, abs=1e-9)
    assert shown["gap"] == pytest.approx(wanted.gap(), rel=1e-9, abs=1e-9)
    assert shown["move"] == pytest.approx(wanted.moves().max(), rel=1e-9, abs=1e-9)
    assert shown["wavelength"] == (pytest.approx(wanted.wavelength()) if kind in ("sinusoidal", "rotary") else "")


def test_four_kinds_are_offered_and_named(encodings: Live) -> None:
    kinds = encodings.box.locator("[data-trait=kind] label").all_inner_texts()
    assert kinds == ["None", "Learned", "Sinusoidal", "Rotary"]
    for kind in kinds:
        encodings.box.get_by_text(kind, exact=True).click()
        assert f"One of four kinds: {kind}." in caption(encodings.settle())


def test_nothing_moves_without_positions_and_something_with_each(encodings: Live) -> None:
    moved = encodings.box.locator(".xp-small-table tbody td:last-child")
    encodings.set(kind="none")
    assert moved.all_inner_texts() == ["0.000"] * 3
    for kind in ("learned", "sinusoidal", "rotary"):
        encodings.set(kind=kind)
        assert max(float(text) for text in moved.all_inner_texts()) > 0.05


def test_rotations_depend_on_the_distance_only(encodings: Live) -> None:
    assert encodings.readouts()["gap"] < 1e-9
    encodings.box.get_by_label("Words with content").check()
    assert encodings.settle().readouts()["gap"] > 0.5
    encodings.box.get_by_text("Rotary", exact=True).click()
    assert encodings.settle().readouts()["gap"] < 1e-9
    assert "both curves agree" in caption(encodings)


def test_the_wavelength_follows_pair_and_base(encodings: Live) -> None:
    knob = encodings.box.get_by_role("slider", name="Pair of numbers")
    knob.press("Home")
    assert encodings.settle().readouts()["wavelength"] == pytest.approx(2 * math.pi)
    knob.press("End")
    assert encodings.settle().readouts()["wavelength"] == pytest.approx(2 * math.pi * 10_000 ** (15 / 16))
    assert "hardly turns" in caption(encodings)
    encodings.set(kind="learned")
    expect(knob).to_be_hidden()


def test_the_bet_opens_the_table(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME), NAME)
    expect(x.box.locator(".xp-small-table")).to_be_hidden()
    assert x.readouts()["move"] == ""
    x.button("it becomes another one").press("Enter")
    assert x.settle().get("kind") == "none"
    assert "It was otherwise." in caption(x)
    expect(x.box.locator(".xp-small-table")).to_be_visible()


@pytest.mark.parametrize("address", ["kind=alibi", "position=64", "pair=99", "base=5", "prediction=no"])
def test_a_foreign_address_changes_nothing(open_page: Opener, live: Finder, address: str) -> None:
    plain = live(open_page(PAGE, alone=NAME), NAME)
    x = live(open_page(f"{PAGE}#xp:{NAME}.{address}", alone=NAME), NAME)
    assert {name: x.get(name) for name in FRESH} == {name: plain.get(name) for name in FRESH}


def test_it_fits_a_phone(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME).set(**FRESH)
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
