"""The parameter calculator in the page: every integer is the library's."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import ParameterCalculator
from tests.site.driver import Live

PAGE = "chapters/transformers.html"
NAME = "parameter_calculator"
FRESH = {
    "layers": 12, "width": 768, "heads": 12, "vocabulary": 50257, "context": 1024, "tied": True,
    "precision": "float32", "cache": "bfloat16", "batch": 1, "tokens": 3e11, "stored": False, "prediction": "skipped",
}  # fmt: skip
Opener = Callable[..., Page]
Finder = Callable[..., Live]


@pytest.fixture
def calculator(open_page: Opener, live: Finder) -> Live:
    return live(open_page(PAGE, alone=NAME), NAME).set(**FRESH)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"precision": "bfloat16", "cache": "int8", "batch": 64, "stored": True, "tied": False},
        {"layers": 96, "width": 12288, "heads": 96, "context": 2048, "precision": "bfloat16"},
        {"layers": 1, "width": 16, "heads": 1, "vocabulary": 27, "context": 8, "tokens": 1e6},
    ],
    ids=str,
)
def test_every_integer_is_the_librarys(calculator: Live, settings: dict) -> None:
    wanted = ParameterCalculator(**settings)
    shown = calculator.set(**FRESH | settings).readouts()
    assert shown["parameters"] == wanted.parameters()
    counts = {name: shown["feedForward" if name == "feed_forward" else name] for name in wanted.counts()}
    assert counts == wanted.counts()
    assert {name: shown[f"bytes_{name}"] for name in wanted.memory()} == wanted.memory()
    assert (shown["flops"], shown["token"]) == pytest.approx((wanted.flops()["training"], wanted.flops()["token"]))


@pytest.mark.parametrize(
    ("button", "total"),
    [
        ("This page's model", 875_264),
        ("GPT-2 small", 124_439_808),
        ("GPT-2 XL", 1_557_611_200),
        ("GPT-3", 174_604_259_328),
    ],
)
def test_presets_have_the_published_totals(calculator: Live, button: str, total: int) -> None:
    calculator.button("A toy").click()
    calculator.button(button).press("Enter")
    assert calculator.settle().readouts()["parameters"] == total
    assert caption(calculator).startswith(f"{total:,} parameters")
    assert f"{total:,}" in calculator.box.locator(".xp-sb-title").first.inner_text()


def test_the_bar_shows_the_shares(calculator: Live) -> None:
    bar = calculator.box.locator(".xp-sb-bar").first
    widths = [piece.bounding_box()["width"] for piece in bar.locator("span").all()]
    counts = [n for n in ParameterCalculator().counts().values() if n]
    wanted = [sum(widths) * n / sum(counts) for n in counts]
    assert widths == pytest.approx(wanted, abs=2.5)


def test_heads_add_no_parameter_and_must_divide_the_width(calculator: Live) -> None:
    before = calculator.readouts()["parameters"]
    after = calculator.set(heads=24).readouts()
    assert (after["parameters"], after["head"]) == (before, 32)
    assert "7 heads do not divide a width of 768" in caption(calculator.set(heads=7))


def test_the_bet_is_answered(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME), NAME)
    x.button("it stays").press("Enter")
    told = caption(x.settle())
    assert "With 24 heads instead of 12 it has 124,439,808 parameters. You foretold: it stays. Right" in told


def test_the_cache_shrinks_with_its_numbers(calculator: Live) -> None:
    cache = calculator.box.locator("[data-trait=cache]")
    shown = []
    for bits in ("32 bits", "16 bits", "8 bits"):
        cache.get_by_text(bits, exact=True).click()
        shown.append(calculator.settle().readouts()["cache"])
    assert shown == [75_497_472, 37_748_736, 18_874_368]


BAD = ["layers=0", "width=100", "heads=1.5", "tokens=1", "precision=int8", "batch=3", "tied=1"]


@pytest.mark.parametrize("address", BAD)
def test_a_foreign_address_changes_nothing(open_page: Opener, live: Finder, address: str) -> None:
    plain = live(open_page(PAGE, alone=NAME), NAME)
    x = live(open_page(f"{PAGE}#xp:{NAME}.{address}", alone=NAME), NAME)
    assert {name: x.get(name) for name in FRESH} == {name: plain.get(name) for name in FRESH}


def test_it_fits_a_phone(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME)
    x.set(**FRESH | {"layers": 128, "width": 16384, "vocabulary": 500_000, "context": 131_072, "batch": 1024})
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(x.box.locator(".xp-sb-bar").first).to_be_visible()
