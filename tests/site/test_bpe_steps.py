"""Byte-pair encoding in the page: merges are the library's, on any text, however it is typed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import BpeSteps
from book_lib.explorables.bpe_steps import LONGEST, TEXT
from tests.site.driver import Live

PAGE = "chapters/language_models.html"
FRESH = {"text": TEXT, "split": True, "merges": 0, "prediction": "skipped"}
CHINESE = "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？"


@pytest.fixture
def steps(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="bpe_steps"), "bpe_steps")


def start(x: Live, **settings: object) -> Live:
    """Known settings."""
    return x.set(**FRESH | settings)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


@pytest.mark.parametrize(
    "text", [TEXT, CHINESE, "for i in range(10):\n    print(i)\n", "naïve 🙂🙂 don't  stop"]
)
@pytest.mark.parametrize("split", [True, False])
def test_tokens_are_the_librarys_after_every_merge(steps: Live, text: str, split: bool) -> None:
    start(steps, text=text, split=split)
    taken = 0
    for merges in (0, 1, 5, 25, 60):
        steps.step(merges - taken)
        taken = merges
        wanted = BpeSteps(text=text, split=split, merges=merges)
        shown = steps.readouts()
        ids = [token for chunk in wanted.ids() for token in chunk]
        assert shown["ids"].split() == [str(token) for token in ids]
        assert shown["tokens"] == len(ids)
        assert shown["tokens_per_character"] == pytest.approx(len(ids) / len(text))
        assert shown["vocabulary"] == 256 + len(wanted.tokenizer().merges)
        best = wanted.pairs()[:1]
        assert shown["next_pair"] == (" ".join(map(str, best[0])) if best else "")


def test_a_merge_shortens_the_text_by_what_the_table_says(steps: Live) -> None:
    """Each occurrence of the winning pair, where they do not overlap, makes one token of two."""
    start(steps)
    for _ in range(12):
        before = steps.readouts()
        steps.step()
        assert steps.readouts()["tokens"] == before["tokens"] - int(before["next_pair"].split()[2])


def test_the_pattern_keeps_words_apart(steps: Live) -> None:
    together = start(steps, text="he said he said he said", split=False, merges=60)
    assert together.readouts()["tokens"] == 1
    apart = start(steps, text="he said he said he said", split=True, merges=60).readouts()
    assert apart["tokens"] == 6
    assert steps.box.locator(".xp-bpe-chunk").count() == 6
    assert "learnt by heart" in caption(steps)


def test_the_bet_comes_first(steps: Live) -> None:
    start(steps, prediction="")
    ask = steps.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    expect(steps.box.locator(".xp-bpe-pairs")).to_be_hidden()
    assert steps.box.locator(".xp-next").count() == 0
    steps.button("a t").click()
    assert steps.settle().get("prediction") == "97,116"
    expect(ask).to_have_count(0)
    assert "You bet right" in caption(steps)
    expect(steps.box.locator(".xp-bpe-pairs .xp-wins th")).to_have_text("a + t")
    start(steps, prediction="116,104")
    assert "You bet on t h, 6 times; a t comes 8 times and merges first" in caption(steps)


def test_merging_before_the_bet_declines_it(steps: Live) -> None:
    start(steps, prediction="")
    slider = steps.box.get_by_role("slider", name="Merges")
    slider.press("ArrowRight")
    assert steps.settle().get("prediction") == "skipped"
    expect(steps.box.locator(".xp-bet")).to_have_count(0)
    assert slider.get_attribute("aria-valuetext") == "merges done: 1"
    slider.press("End")
    done = 256 + BpeSteps(merges=60).tokenizer().vocab_size - 512
    assert slider.get_attribute("aria-valuetext") == f"merges done: {done}"  # and not 60: no pair was left


def test_another_text_is_another_question(steps: Live) -> None:
    """The bet is on pairs of the text that is there, and says nothing of a text that comes after it."""
    start(steps, prediction="")
    area = steps.box.get_by_role("textbox", name="Text")
    area.fill("banana band")
    answers = steps.settle().box.locator(".xp-bet button")
    best = [f"{chr(a)} {chr(b)}" for a, b, _ in sorted(BpeSteps(text="banana band").pairs()[:3])]
    assert answers.all_inner_texts() == [*best, "Just show me"]
    steps.button("a n").click()
    assert "You bet right: a n merges first" in caption(steps.settle())
    area.fill("toto to")
    assert "bet" not in caption(steps.settle())
    area.fill("banana band")
    assert "You bet right" in caption(steps.settle())


@pytest.mark.parametrize("text", ["", "a", "ab"])
def test_a_text_with_nothing_to_bet_on_hides_nothing(steps: Live, text: str) -> None:
    start(steps, text=text, prediction="")
    expect(steps.box.locator(".xp-bet")).to_have_count(0)
    expect(steps.box.get_by_text("once you have bet")).to_be_hidden()


def test_a_text_is_cropped_between_characters(steps: Live) -> None:
    """Six hundred characters, however many units of UTF-16 they take, and no half of one."""
    area = start(steps).box.get_by_role("textbox", name="Text")
    area.fill("a" + "🙂" * 700)
    wanted = "a" + "🙂" * (LONGEST - 1)
    assert steps.settle().get("text") == wanted == area.input_value()
    assert steps.readouts()["bytes"] == len(wanted.encode())


def test_no_token_breaks_over_two_lines(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    """It would look like two."""
    steps = live(open_page(PAGE, alone="bpe_steps", width=360), "bpe_steps")
    start(steps, text=CHINESE)
    for merges in (0, 10, 60):
        steps.set(merges=merges)
        lines = steps.box.locator(".xp-bpe-token").evaluate_all(
            "all => all.map(el => el.getClientRects().length)"
        )
        assert set(lines) == {1}


def test_typing_waits_for_the_input_method(steps: Live) -> None:
    """While pinyin is being composed nothing is encoded; the characters are, once they stand."""
    start(steps)
    area = steps.box.get_by_role("textbox", name="Text")
    area.evaluate(
        """(el) => {
            el.value = "xue";
            el.dispatchEvent(new CompositionEvent("compositionstart"));
            el.dispatchEvent(new InputEvent("input", {isComposing: true, data: "xue"}));
        }"""
    )
    assert steps.settle().get("text") == TEXT
    area.evaluate(
        "(el) => { el.value = '学'; el.dispatchEvent(new CompositionEvent('compositionend', {data: '学'})); }"
    )
    assert steps.settle().get("text") == "学"
    assert steps.readouts()["bytes"] == 3
    area.fill("aaab")
    assert steps.settle().get("text") == "aaab"
    area.fill("")
    assert "No text" in caption(steps.settle())


def test_what_a_box_is_shows_in_its_shape(steps: Live) -> None:
    start(steps, merges=3)
    newest = steps.box.locator(".xp-newest")
    assert newest.count() > 0
    weights = [
        steps.box.locator(css).first.evaluate("el => getComputedStyle(el).borderRadius")
        for css in (".xp-bpe-token:not(.xp-merged)", ".xp-merged")
    ]
    assert weights[0] == "0px" != weights[1]
    assert steps.box.locator(".xp-next").first.evaluate("el => getComputedStyle(el).outlineStyle") == "dashed"


def test_the_address_keeps_a_text(steps: Live) -> None:
    area = start(steps).box.get_by_role("textbox", name="Text")
    area.fill("学 & =?")
    steps.page.wait_for_function("() => location.hash.includes('bpe_steps.text=')")
    steps.page.reload()
    steps.page.wait_for_selector("[data-explorable=bpe_steps]")
    assert steps.settle().get("text") == "学 & =?"
