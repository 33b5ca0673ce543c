"""The n-gram model in the page: it writes, counts and is surprised as the library is."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import NgramText
from book_lib.explorables.ngram_text import SHOWN
from tests.site.driver import Live

PAGE = "chapters/language_models.html"
FRESH = {"order": 3, "smoothing": "add", "amount": 0.1, "start": "the ", "prediction": "skipped", "seed": 0}


@pytest.fixture
def ngram(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="ngram_text"), "ngram_text")


def start(x: Live, **settings: object) -> Live:
    """Known settings, with as many letters as at first."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def twin(x: Live, **settings: object) -> NgramText:
    """The library's answer on the page's own text."""
    return NgramText(train_text=x.get("train_text"), held_out_text=x.get("held_out_text"), **FRESH | settings)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


def numbers(text: str) -> list[float]:
    return [float(one.replace("Infinity", "inf")) for one in text.split()]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"amount": 2.5, "order": 5},
        {"smoothing": "witten-bell", "order": 4},
        {"smoothing": "none", "order": 2},
    ],
)
def test_perplexities_are_the_librarys(ngram: Live, settings: dict) -> None:
    shown = start(ngram, **settings).readouts()
    wanted = twin(ngram, **settings)
    train, held = zip(*wanted.perplexities(), strict=True)
    np.testing.assert_allclose(numbers(shown["train"]), train, rtol=1e-10)
    np.testing.assert_allclose(numbers(shown["held_out"]), held, rtol=1e-10)
    assert shown["train_perplexity"] == pytest.approx(train[wanted.order - 1])
    assert shown["contexts"] == wanted.model().num_contexts


@pytest.mark.parametrize(
    "settings",
    [
        {"order": 1},
        {"order": 3, "seed": 4},
        {"order": 5, "smoothing": "witten-bell"},
        {"smoothing": "none", "order": 4},
    ],
)
def test_it_writes_what_the_library_writes(ngram: Live, settings: dict) -> None:
    start(ngram, **settings).step(40)
    shown = ngram.readouts()
    assert shown["written"] == twin(ngram, **settings).write(SHOWN + 40)
    assert shown["characters"] == len(shown["written"])
    assert ngram.box.locator(".xp-ng-text").inner_text().startswith("the ")


def test_the_bars_are_the_law_of_the_next_letter(ngram: Live) -> None:
    start(ngram, order=4)
    wanted = twin(ngram, order=4)
    law = wanted.model().probabilities(wanted.ids("the " + wanted.write(SHOWN)))
    values = [float(text) for text in ngram.box.locator(".xp-bars .xp-bar-value").all_inner_texts()]
    np.testing.assert_allclose(values, np.sort(law)[::-1][: len(values)], atol=6e-4)


def test_more_context_is_better_only_up_to_a_point(ngram: Live) -> None:
    """Held out, the least is neither at order 1 nor at 5, and a larger k moves it down."""
    least = []
    for amount in (0.1, 10):
        held = numbers(start(ngram, amount=amount).readouts()["held_out"])
        least.append(1 + held.index(min(held)))
    assert 2 <= least[1] < least[0] < 5
    train = numbers(ngram.set(amount=0.01).readouts()["train"])
    assert train == sorted(train, reverse=True)
    start(ngram, smoothing="none", order=4)
    assert ngram.readouts()["held_out_perplexity"] in (None, math.inf)
    assert "perplexity ∞" in caption(ngram)


def test_the_bet_comes_first(ngram: Live) -> None:
    start(ngram, prediction="")
    ask = ngram.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    assert "see after your bet" in caption(ngram)
    assert ngram.box.locator(".xp-legend", has_text="held out").count() == 0
    held = [pair[1] for pair in twin(ngram).perplexities()]
    best = held.index(min(held)) + 1
    ngram.box.locator(".xp-bet").get_by_role("button", name=str(best), exact=True).click()
    assert ngram.settle().get("prediction") == str(best)
    expect(ask).to_have_count(0)
    assert "You bet right" in caption(ngram)
    expect(ngram.box.locator(".xp-legend", has_text="held out")).to_have_count(1)
    assert "You bet on order 1" in caption(ngram.set(prediction="1"))


def test_the_amount_is_only_there_where_it_counts(ngram: Live) -> None:
    start(ngram)
    amount = ngram.box.locator("[data-trait=amount]")
    expect(amount).to_be_visible()
    ngram.box.get_by_text("Witten–Bell", exact=True).click()
    expect(amount).to_be_hidden()
    assert ngram.settle().get("smoothing") == "witten-bell"


def test_a_start_waits_for_the_input_method_and_drops_what_is_unknown(ngram: Live) -> None:
    start(ngram)
    box = ngram.box.get_by_role("textbox", name="Begin with")
    box.evaluate(
        "(el) => { el.value = 'zi'; el.dispatchEvent(new InputEvent('input', {isComposing: true, data: 'zi'})); }"
    )
    assert ngram.settle().get("start") == "the "
    box.evaluate("(el) => { el.value = '字'; el.dispatchEvent(new CompositionEvent('compositionend')); }")
    assert ngram.settle().get("start") == "字"
    assert ngram.readouts()["written"] == twin(ngram, start="").write(SHOWN)
    note = ngram.box.get_by_text("Left out, as no text here has them")
    expect(note).to_have_text("Left out, as no text here has them: 字")
    box.fill("an obj")
    expect(note).to_have_count(0)
    assert ngram.settle().readouts()["written"] == twin(ngram, start="an obj").write(SHOWN)


def test_without_smoothing_an_unknown_context_ends_the_writing(ngram: Live) -> None:
    start(ngram, smoothing="none", order=3, start="zz")
    assert ngram.readouts()["written"] == ""
    assert "it has no law" in ngram.box.locator(".xp-ng-text").inner_text()
