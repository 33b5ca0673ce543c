"""The funnel in the page: it measures, judges and counts as the library does; truth comes only after the bet."""

import math
import re
from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import DataFunnel
from book_lib.pipeline.data import Document, Truth
from tests.site.driver import Live

PAGE = "chapters/llm_pipeline.html"
FRESH = {
    "min_words": 25, "max_words": 100_000, "min_language": 0.04, "min_letters": 0.6, "min_word_length": 2.5,
    "max_word_length": 10, "max_repeated_lines": 0.3, "max_symbols": 0.2, "min_stop_words": 2,
    "rule": "min_language", "show": "rejected", "passage": 0, "prediction": "skipped",
}  # fmt: skip
RULES = ("min_words", "max_words", "min_language", "min_letters", "min_word_length", "max_word_length",
         "max_repeated_lines", "max_symbols", "min_stop_words")  # fmt: skip
FAULTS = {
    "min_words": "too short", "max_words": "too long", "min_language": "not English", "min_letters": "few letters",
    "min_word_length": "short words", "max_word_length": "long words", "max_repeated_lines": "repeated lines",
    "max_symbols": "many symbols", "min_stop_words": "no frequent words",
}  # fmt: skip
STRICT = {"min_words": 35, "max_words": 80, "min_language": 0.1, "min_letters": 0.8, "max_symbols": 0.05}


@pytest.fixture
def funnel(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="data_funnel"), "data_funnel")


def start(x: Live, **settings: object) -> Live:
    """Known settings."""
    return x.set(**FRESH | settings)


def twin(x: Live, **settings: object) -> DataFunnel:
    """The library's answer on the page's own passages."""
    documents = [Document(text, source) for text, source in zip(x.get("texts"), x.get("sources"), strict=True)]
    return DataFunnel(documents=documents, truth=[Truth(label) for label in x.get("labels")], **FRESH | settings)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


def numbers(text: str) -> list[int]:
    return [int(one) for one in text.split()]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        STRICT,
        {"min_stop_words": 0, "show": "lost"},
        {"max_repeated_lines": 0, "max_word_length": 5.5, "show": "missed"},
        {"min_words": 0, "min_language": 0, "min_letters": 0, "max_repeated_lines": 1, "min_word_length": 0,
         "max_symbols": 1, "max_word_length": 20, "min_stop_words": 0},
    ],
)  # fmt: skip
def test_stages_and_scores_are_the_librarys(funnel: Live, settings: dict) -> None:
    shown = start(funnel, **settings).readouts()
    wanted = twin(funnel, **settings)
    assert numbers(shown["stages"]) == [stage.documents for stage in wanted.stages()]
    assert numbers(shown["listed"]) == wanted.listed()
    assert shown["first_rules"].split() == [found[0].rule if found else "-" for found in wanted.reasons()]
    for name, value in wanted.scores().items():
        if math.isnan(value):
            assert shown[name] in (None, "NaN") or math.isnan(shown[name])
        else:
            assert shown[name] == pytest.approx(value, abs=1e-12)
    assert shown["left"] == wanted.stages()[-1].documents


def test_the_table_counts_every_kind(funnel: Live) -> None:
    start(funnel)
    rows = funnel.box.locator(".xp-small-table tbody tr")
    box = twin(funnel)
    wanted, reasons, labels = box.kinds(), box.reasons(), box.labels
    kinds = list(wanted)
    assert rows.count() == len(wanted)
    for i, (count, gone) in enumerate(wanted.values()):
        cells = rows.nth(i).locator("td").all_inner_texts()
        assert cells[:2] == [str(count), str(gone)]
        first = Counter(
            found[0].rule for found, label in zip(reasons, labels, strict=True) if found and label == kinds[i]
        )
        assert cells[2] == (FAULTS[first.most_common(1)[0][0]] if first else "–")
    assert "Hardly found: selling, insults" in caption(funnel)


def test_bars_are_what_is_left(funnel: Live) -> None:
    start(funnel)
    box = twin(funnel)
    gone = [RULES.index(found[0].rule) if found else len(RULES) for found in box.reasons()]
    before = len(gone)
    for k in range(len(RULES)):
        stage = funnel.box.locator(".xp-df-stage").nth(k)
        left, junk = sum(g > k for g in gone), sum(g > k and bad for g, bad in zip(gone, box.junk(), strict=True))
        words = f"{left} left, {before - left} go here; junk left: {junk}"
        assert stage.locator(".xp-df-count").inner_text() == words
        shares = stage.locator(".xp-bar-fill").evaluate_all("nodes => nodes.map(n => parseFloat(n.style.inlineSize))")
        assert shares == pytest.approx([100 * (left - junk) / len(gone), 100 * junk / len(gone)], abs=1e-3)
        before = left


def test_a_bound_is_drawn_where_it_lies(funnel: Live) -> None:
    line = funnel.box.locator(".xp-plot-svg .xp-vline path")
    axis = funnel.box.locator(".xp-plot-svg path.xp-axis").first  # M left bottom h width
    for rule, bound, end, lines in (
        ("min_language", 0.1, 0.5, 1),
        ("max_words", 100, 125, 2),  # the lower bound is drawn, too
        ("min_stop_words", 3, 9, 1),
    ):
        start(funnel, rule=rule, **{rule: bound})
        left, width = (float(n) for n in re.match(r"M([\d.]+) [\d.]+h([\d.]+)", axis.get_attribute("d")).groups())
        expect(line).to_have_count(lines)
        at = float(re.match(r"M([\d.]+)", line.last.get_attribute("d"))[1])
        assert at == pytest.approx(left + width * bound / end, abs=0.1)
    start(funnel, rule="max_words")  # no bound, no line
    expect(line).to_have_count(1)


def test_a_reject_says_which_rule_and_which_number(funnel: Live) -> None:
    start(funnel)
    wanted = twin(funnel)
    reasons = wanted.reasons()
    for _ in range(5):
        place = funnel.readouts()["shown"]
        assert funnel.box.locator(".xp-df-text").inner_text().split() == funnel.get("texts")[place].split()
        why = funnel.box.locator(".xp-df-why").inner_text()
        first = reasons[place][0]
        label = funnel.box.locator(f"[data-trait={first.rule}] .xp-label").inner_text()
        value = f"{first.value:.3g}" if first.value % 1 else f"{first.value:.0f}"
        assert why.startswith(f"{label}: {value}, and the bound is {first.bound:g}")
        assert ("Also" in why) == (len(reasons[place]) > 1)
        funnel.button("Next").click()
        funnel.settle()
    funnel.button("Previous").click()
    assert funnel.settle().get("passage") == 4


def test_what_comes_up_is_said_aloud(funnel: Live) -> None:
    """A press of Next changes no number of the caption; a listener has to hear the passage that it brings."""
    start(funnel)
    said = funnel.box.get_by_role("status")
    count = len(twin(funnel).listed())
    funnel.button("Next").click()
    expect(said).to_have_text(re.compile(rf"^2 of {count}: .*the bound is"))
    funnel.box.get_by_text("Junk that stays").click()
    expect(said).to_have_text(re.compile(r"^1 of \d+: planted, .*\. No rule rejects it\.$"))
    funnel.box.get_by_role("slider", name="Frequent words, at least").press("End")
    expect(said).to_have_text(re.compile(r"^\d+ of 208 passages stay\. .*a precision of \d+ %\.( Hardly found: .*)?$"))


def test_a_bound_that_was_moved_can_be_found_again(funnel: Live) -> None:
    start(funnel)
    funnel.button("All off").click()
    usual = funnel.settle().box.locator(".xp-df-usual").all_inner_texts()
    wanted = [f"usual: {'no bound' if name == 'max_words' else format(FRESH[name], 'g')}" for name in RULES]
    assert usual == wanted
    for name, words in zip(RULES, usual, strict=True):
        expect(funnel.box.locator(f"[data-trait={name}] input[type=range]")).to_have_accessible_description(words)


def test_lists_wrap_round_and_an_empty_one_says_so(funnel: Live) -> None:
    start(funnel, show="missed")
    listed = twin(funnel, show="missed").listed()
    funnel.button("Previous").click()
    assert funnel.settle().readouts()["shown"] == listed[-1]
    assert "No rule rejects it." in funnel.box.locator(".xp-df-why").inner_text()
    start(funnel, show="lost", min_words=0, min_language=0, min_letters=0, max_repeated_lines=1, min_word_length=0,
          max_symbols=1, max_word_length=20, min_stop_words=0)  # fmt: skip
    assert "There is none." in funnel.box.locator(".xp-df-reader").inner_text()
    expect(funnel.box.get_by_role("button", name="Next", exact=True)).to_be_disabled()
    assert "Every passage stays" in caption(funnel)


def test_what_a_rule_counted_is_marked(funnel: Live) -> None:
    """A passage of repeated lines: all but the first of them stand under a mark."""
    start(funnel)
    wanted = twin(funnel)
    listed, reasons = wanted.listed(), wanted.reasons()
    place = next(i for i, k in enumerate(listed) if reasons[k][0].rule == "max_repeated_lines")
    funnel.set(passage=place)
    lines = [line.strip() for line in wanted.texts[listed[place]].split("\n") if line.strip()]
    marked = funnel.box.locator(".xp-df-text mark").all_inner_texts()
    assert len(marked) == len(lines) - len(set(lines))


def test_truth_comes_after_the_bet(funnel: Live) -> None:
    start(funnel, prediction="", min_words=50)
    ask = funnel.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    expect(funnel.box.locator(".xp-df-reader")).to_be_hidden()
    assert "after your bet" in caption(funnel) and "junk" not in funnel.box.locator(".xp-df-stages").inner_text()
    assert funnel.readouts()["listed"] == ""
    funnel.button("About 60 %").click()
    assert (funnel.settle().get("prediction"), funnel.get("min_words")) == ("part", 25)
    expect(ask).to_have_count(0)
    recall = 100 * twin(funnel).scores()["recall"]
    assert f"You bet right: {recall:.0f} %" in caption(funnel)
    expect(funnel.box.get_by_role("status")).to_have_text(re.compile(r"You bet right: \d+ % at the usual bounds\.$"))
    assert "You bet “Nearly all”" in caption(funnel.set(prediction="all"))
    start(funnel, prediction="").button("Nearly all").click()  # the bounds stay, and the first passage is no news yet
    words = r"a precision of \d+ %\..* You bet “Nearly all”; at the usual bounds it is \d+ %\.$"
    expect(funnel.box.get_by_role("status")).to_have_text(re.compile(words))


def test_a_stricter_rule_leaves_less_and_is_drawn(funnel: Live) -> None:
    start(funnel, passage=3)
    before = numbers(funnel.readouts()["stages"])
    slider = funnel.box.get_by_role("slider", name="Frequent words, at least")
    slider.press("End")
    after = numbers(funnel.settle().readouts()["stages"])
    assert after[:-1] == before[:-1] and after[-1] < before[-1]
    assert (funnel.get("rule"), funnel.get("passage")) == ("min_stop_words", 0)
    assert funnel.box.get_by_role("combobox", name="Rule in the picture").input_value() == "8"


def test_presets_trade_recall_for_precision(funnel: Live) -> None:
    start(funnel)
    usual = funnel.readouts()
    funnel.button("Strict").click()
    strict = funnel.settle().readouts()
    assert strict["recall"] > usual["recall"] and strict["precision"] < usual["precision"]
    funnel.button("All off").click()
    assert funnel.settle().readouts()["recall"] == 0
    funnel.button("Usual").click()
    assert funnel.settle().readouts()["recall"] == usual["recall"]
