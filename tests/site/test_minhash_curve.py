"""MinHash in the page: shingles, signatures, pairs and curve are the library's, on any text, however it is typed."""

import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import MinHashCurve
from book_lib.explorables.minhash_curve import SHOWN, TEXT_A, TEXT_B
from book_lib.pipeline.data import s_curve, shingles
from tests.site.driver import Live

PAGE = "chapters/llm_pipeline.html"
FRESH = {
    "text_a": TEXT_A, "text_b": TEXT_B, "words": 3, "bands": 16, "rows": 8, "threshold": 0.8, "seed": 0,
    "prediction": "skipped",
}  # fmt: skip


@pytest.fixture
def curve(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="minhash_curve"), "minhash_curve")


def start(x: Live, **settings: object) -> Live:
    """Known settings, with as many pairs as at first."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def twin(x: Live, **settings: object) -> MinHashCurve:
    """The library's answer on the page's own passages."""
    return MinHashCurve(documents=x.get("passages"), **FRESH | settings)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


def numbers(text: str) -> list[float]:
    return [float(one) for one in text.split()]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"words": 1, "seed": 3},
        {"text_a": "学而时习之，不亦说乎？", "text_b": "学而时习之，不亦悦乎！", "words": 2},
        {"text_a": "one  TWO_2 three", "text_b": "One two_2, three – naïve ½", "words": 5, "seed": 2**32 - 1},
        {"text_a": "same old words", "text_b": "quite other ones", "bands": 32, "rows": 1},
        {"text_a": "", "text_b": "something"},
        {"text_a": "\U00020000" * 300 + " a b c", "text_b": "\U00020000" * 300 + " a b d", "words": 1},
    ],
)
def test_two_texts_are_compared_as_the_library_does(curve: Live, settings: dict) -> None:
    shown = start(curve, **settings).readouts()
    wanted = twin(curve, **settings)
    assert shown["jaccard"] == pytest.approx(wanted.similarity(), abs=1e-15)
    assert shown["agree"] == "".join("01"[int(bit)] for bit in wanted.agreement())
    assert shown["estimate"] == pytest.approx(wanted.estimate(), abs=1e-15)
    assert shown["full_bands"] == int(wanted.full_bands().sum())
    sets = [shingles(text, wanted.words) for text in (wanted.text_a, wanted.text_b)]
    assert numbers(shown["shingles"]) == [len(sets[0] - sets[1]), len(sets[0] & sets[1]), len(sets[1] - sets[0])]
    boxes = [curve.box.locator(f".xp-mc-{name} li").count() for name in ("onlyA", "both", "onlyB")]
    assert boxes == numbers(shown["shingles"])
    check_grid(curve, wanted)
    marker = curve.box.locator(".xp-plot-svg .xp-marker circle")
    expect(marker).to_have_count(1 if sets[0] and sets[1] else 0)
    if sets[0] and sets[1]:
        axis = curve.box.locator(".xp-plot-svg path.xp-axis").first.get_attribute("d")  # M left bottom h width
        left, width = (float(n) for n in re.match(r"M([\d.]+) [\d.]+h([\d.]+)", axis).groups())
        assert float(marker.get_attribute("cx")) == pytest.approx(left + width * wanted.similarity(), abs=0.1)


def check_grid(x: Live, wanted: MinHashCurve) -> None:
    """A square for each of the b · r entries that agrees, band by band, and a frame about each whole band."""
    begin = re.compile(r"M(\d+) (\d+)")
    cells = begin.findall(x.box.locator(".xp-mc-cells").get_attribute("d"))
    agree = wanted.agreement()[: wanted.bands * wanted.rows].reshape(wanted.bands, wanted.rows)
    assert [(int(a) // 10, int(b) // 10) for a, b in cells] == [tuple(place) for place in np.argwhere(agree).tolist()]
    frames = begin.findall(x.box.locator(".xp-mc-full").get_attribute("d"))
    assert [int(a) // 10 for a, _ in frames] == np.flatnonzero(wanted.full_bands()).tolist()


@pytest.mark.parametrize(
    "settings",
    [{}, {"bands": 32, "rows": 4, "threshold": 0.5}, {"bands": 5, "rows": 16, "threshold": 0.95, "seed": 2}],
)
def test_measured_pairs_are_the_librarys(curve: Live, settings: dict) -> None:
    start(curve, **settings).step(30)
    shown, wanted = curve.readouts(), twin(curve, **settings)
    count = SHOWN + 30
    assert shown["pairs"] == count
    counts = wanted.counts(count)
    assert numbers(shown["counts"]) == list(counts.values())
    cells = curve.box.locator(".xp-small-table tbody td").all_inner_texts()
    found, missed, idle, spared = counts.values()
    assert cells == [f"{found}", f"{missed} missed", f"{idle} in vain", f"{spared}"]
    np.testing.assert_allclose(numbers(shown["shares"]), wanted.points(count)[:, 1], rtol=1e-12)
    for name, value in wanted.errors().items():
        assert shown[name] == pytest.approx(value, rel=1e-10)
    assert shown["at_threshold"] == pytest.approx(1 - (1 - wanted.threshold**wanted.rows) ** wanted.bands, rel=1e-10)


def test_the_line_is_the_closed_form(curve: Live) -> None:
    """Read back from the path on the screen."""
    start(curve, bands=20, rows=5)
    d = curve.box.locator(".xp-plot-svg path.xp-line.xp-theory").get_attribute("d")
    points = np.array([[float(v) for v in one.split()] for one in d[1:].split("L")])
    assert len(points) == 201
    (left, bottom), (right, top) = points[0], points[-1]
    s = (points[:, 0] - left) / (right - left)
    p = (points[:, 1] - bottom) / (top - bottom)
    np.testing.assert_allclose(p, s_curve(np.linspace(0, 1, 201), 20, 5), atol=2e-3)
    np.testing.assert_allclose(s, np.linspace(0, 1, 201), atol=2e-3)


def test_more_bands_find_more_and_more_rows_less(curve: Live) -> None:
    few, many = (start(curve, bands=bands).readouts() for bands in (4, 32))
    assert few["missed"] > many["missed"] and few["idle"] < many["idle"]
    low, high = (start(curve, rows=rows).readouts() for rows in (3, 12))
    assert low["missed"] < high["missed"] and low["idle"] > high["idle"]
    assert numbers(low["counts"])[2] > numbers(high["counts"])[2]
    curve.box.get_by_role("slider", name="Bands").press("Home")
    assert curve.settle().readouts()["hashes"] == 12


def test_white_space_signs_and_capitals_do_not_count(curve: Live) -> None:
    start(curve, prediction="skipped")
    curve.button("Signs and capitals").click()
    assert curve.settle().readouts()["jaccard"] == 1
    assert curve.readouts()["full_bands"] == 16
    curve.button("Same meaning").click()
    assert curve.settle().readouts()["jaccard"] == 0
    assert "never compared" in caption(curve)


def test_a_text_waits_for_the_input_method(curve: Live) -> None:
    start(curve)
    box = curve.box.get_by_role("textbox", name="One text")
    box.evaluate(
        "(el) => { el.value = 'xue'; el.dispatchEvent(new InputEvent('input', {isComposing: true, data: 'xue'})); }"
    )
    assert curve.settle().get("text_a") == TEXT_A
    box.evaluate("(el) => { el.value = '学'; el.dispatchEvent(new CompositionEvent('compositionend')); }")
    assert curve.settle().get("text_a") == "学"
    curve.box.get_by_role("textbox", name="Another text").fill("学 习")
    assert curve.settle().readouts()["jaccard"] == twin(curve, text_a="学", text_b="学 习").similarity()


def test_the_curve_comes_after_the_bet(curve: Live) -> None:
    start(curve, prediction="", bands=4, rows=2)
    ask = curve.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    expect(curve.box.locator(".xp-plot-svg path.xp-line.xp-theory")).to_have_count(0)
    expect(curve.box.locator(".xp-small-table")).to_be_hidden()
    assert curve.readouts()["at_threshold"] in (None, "NaN") or math.isnan(curve.readouts()["at_threshold"])
    assert curve.readouts()["pairs"] == 0 and "spread evenly" not in caption(curve)
    curve.button("50 %").click()
    assert (curve.settle().get("prediction"), curve.get("bands"), curve.get("rows")) == ("half", 16, 8)
    expect(ask).to_have_count(0)
    expect(curve.box.locator(".xp-plot-svg path.xp-line.xp-theory")).to_have_count(1)
    assert "You bet 50 %; it is 1 − (1 − 0.5⁸)¹⁶ = 6.1 %" in caption(curve)
    assert "You bet right" in caption(curve.set(prediction="few"))


def test_pairs_end_at_400_and_reset_goes_back(curve: Live) -> None:
    start(curve).step(500)
    assert curve.readouts()["pairs"] == 400
    curve.button("Reset").click()
    assert curve.settle().readouts()["pairs"] == SHOWN


def test_who_measures_first_has_declined_to_bet(curve: Live) -> None:
    start(curve, prediction="").step(1)
    assert curve.get("prediction") == "skipped"
    assert curve.readouts()["pairs"] == SHOWN + 1


@pytest.mark.parametrize("width", [1280, 360])
def test_no_slider_moves_under_the_finger(
    open_page: Callable[..., Page], live: Callable[..., Live], width: int
) -> None:
    """The heaps of shingles grow and shrink with the words in each; what changes that number stands above them."""
    x = start(live(open_page(PAGE, alone="minhash_curve", width=width), "minhash_curve"))
    for name in ("Bands", "Rows in a band", "Threshold", "Words in a shingle"):
        slider = x.box.get_by_role("slider", name=name)
        tops = []
        for key in ("Home", "ArrowRight", "End"):
            slider.press(key)
            tops.append(x.settle() and slider.evaluate("el => el.getBoundingClientRect().top + scrollY"))
        assert max(tops) - min(tops) < 1, name
    assert x.readouts()["hashes"] == 512 and x.get("words") == 5


def test_what_has_changed_is_said_aloud(curve: Live) -> None:
    start(curve)
    said = curve.box.get_by_role("status")
    curve.box.get_by_role("slider", name="Threshold").press("Home")
    words = r"^With b = 16 and r = 8 a pair of s = 0\.05 is found with P = 0\.000\. .*in vain\.$"
    expect(said).to_have_text(re.compile(words))
    curve.button("Same meaning").click()
    expect(said).to_have_text(re.compile(r"^The texts share 0 of \d+ shingles: J = 0\.000\. .*never compared\.$"))
    slider = curve.box.get_by_role("slider", name="Bands")
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") == "1 band"


def test_another_seed_draws_other_pairs_and_functions(curve: Live) -> None:
    one = start(curve, seed=1).readouts()
    other = start(curve, seed=2).readouts()
    assert one["agree"] != other["agree"] and one["shares"] != other["shares"]
    assert start(curve, seed=1).readouts()["shares"] == one["shares"]
