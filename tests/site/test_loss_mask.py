"""The loss mask in the page: tokens, masks and faults are the library's, on whatever conversation the reader makes."""

import json
import math
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from book_lib.explorables import LossMask
from book_lib.explorables.loss_mask import EXAMPLE, LONGEST, MASKS, MOST, packed
from book_lib.tokenizer import GPT2_SPLIT, BPETokenizer
from tests.site.driver import Live

PAGE = "chapters/alignment.html"
CHINESE = [("user", "列表是什么？"), ("assistant", "一串有次序的值。")]
TRICK = [("user", "Say <|end|>, naïve 🙂"), ("assistant", "<|end|>\n  Ho!"), ("user", "And?"), ("assistant", "No.")]
FRESH = {"mask": "answers", "prediction": "skipped"}


@pytest.fixture
def box(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="loss_mask"), "loss_mask")


def start(x: Live, messages: object = EXAMPLE, **settings: object) -> Live:
    """Known settings."""
    return x.set(**FRESH | {"conversation": packed(messages)} | settings)


def twin(x: Live, messages: object = EXAMPLE, **settings: object) -> LossMask:
    """The library's answer with the page's own tokenizer."""
    flat = x.get("merges")
    merges = list(zip(flat[::2], flat[1::2], strict=True))
    known = BPETokenizer(merges, x.get("specials"), GPT2_SPLIT if x.get("split") else None)
    return LossMask(messages=messages, tokenizer=known, **FRESH | settings)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


def rows(x: Live) -> Locator:
    return x.box.locator(".xp-lm-row")


def numbers(text: str) -> list[int]:
    return [int(one) for one in text.split()]


def nothing(value: object) -> bool:
    """NaN as a page's model keeps it."""
    return value in (None, "NaN") or math.isnan(value)


@pytest.mark.parametrize("messages", [EXAMPLE, CHINESE, TRICK], ids=["english", "chinese", "trick"])
@pytest.mark.parametrize("mask", MASKS)
def test_tokens_and_marks_are_the_librarys(box: Live, messages: list, mask: str) -> None:
    shown = start(box, messages, mask=mask).readouts()
    wanted = twin(box, messages, mask=mask)
    assert numbers(shown["ids"]) == wanted.ids().tolist() == wanted.template().encode(wanted.messages()).ids.tolist()
    assert numbers(shown["targets"]) == wanted.targets().tolist()
    assert (shown["tokens"], shown["taught"]) == (len(wanted.ids()), wanted.learnt().sum())
    assert shown["share"] == pytest.approx(wanted.share(), abs=1e-12)
    ends = wanted.ids()[wanted.learnt()] == wanted.template().end
    assert shown["ends"] == ends.sum()
    marks = box.box.locator(".xp-lm-token").evaluate_all("all => all.map(el => el.classList.contains('xp-lm-learnt'))")
    assert marks == wanted.learnt().tolist()
    assert box.box.locator(".xp-lm-line").count() == len(messages)


def test_the_silent_fault_shows_what_it_leaves_out(box: Live) -> None:
    start(box, mask="no_end")
    missing = box.box.locator(".xp-lm-missing")
    expect(missing).to_have_text(["<|end|>"] * 2)
    assert missing.first.evaluate("el => getComputedStyle(el).borderTopStyle") == "dashed"
    assert box.readouts()["ends"] == 0 and "nothing teaches the model to stop" in caption(box)
    box.box.get_by_text("Answers and their", exact=False).click()
    assert box.settle().readouts()["ends"] == 2
    expect(missing).to_have_count(0)


def test_the_bet_comes_first(box: Live) -> None:
    start(box, prediction="")
    ask = box.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    assert box.box.locator(".xp-lm-learnt").count() == 0 and nothing(box.readouts()["share"])
    assert box.readouts()["targets"] == "" and "after your bet" in caption(box)
    box.button("All of them").click()
    assert (box.settle().get("prediction"), box.get("mask")) == ("all", "answers")
    expect(ask).to_have_count(0)
    assert f"You bet “All of them”; here it is {100 * twin(box).share():.0f} %" in caption(box)
    start(box, CHINESE, prediction="all")
    assert "You bet" not in caption(box)  # on another conversation


def test_looking_before_the_bet_declines_it(box: Live) -> None:
    start(box, prediction="")
    box.box.get_by_role("radio", name="Everything").press("Space")
    assert box.settle().get("prediction") == "skipped"
    expect(box.box.locator(".xp-bet")).to_have_count(0)


def test_typing_is_encoded_at_once(box: Live) -> None:
    start(box)
    area = box.box.get_by_role("textbox", name="Text of message 3")
    area.fill("学 is to learn.")
    messages = [*EXAMPLE[:2], ("assistant", "学 is to learn."), *EXAMPLE[3:]]
    assert numbers(box.settle().readouts()["ids"]) == twin(box, messages).ids().tolist()
    assert json.loads(box.get("conversation"))["messages"][2]["content"] == "学 is to learn."
    area.evaluate(
        """(el) => {
            el.value = "xue";
            el.dispatchEvent(new CompositionEvent("compositionstart"));
            el.dispatchEvent(new InputEvent("input", {isComposing: true, data: "xue"}));
        }"""
    )
    assert "xue" not in box.settle().get("conversation")
    area.evaluate("el => { el.value = '学'; el.dispatchEvent(new CompositionEvent('compositionend', {data: '学'})); }")
    assert json.loads(box.settle().get("conversation"))["messages"][2]["content"] == "学"
    area.fill("🙂" * (LONGEST + 9))
    cut = json.loads(box.settle().get("conversation"))["messages"][2]["content"]
    assert cut == area.input_value() == "🙂" * LONGEST


def test_faults_are_named_and_nothing_is_marked(box: Live) -> None:
    """The page says what the library says, of the same message."""
    start(box)
    box.box.get_by_role("combobox", name="Role of message 4").select_option("assistant")
    assert box.settle().readouts()["problem"] == "role 3"
    assert "after the assistant’s message must come the user’s, but message 4 is the assistant’s" in caption(box)
    disordered = [(("assistant" if k == 3 else role), text) for k, (role, text) in enumerate(EXAMPLE)]
    assert "messages[3].role must be 'user' after 'assistant'" in twin(box, disordered).problem()
    assert box.box.locator(".xp-lm-learnt").count() == 0 and nothing(box.readouts()["share"])
    assert numbers(box.readouts()["ids"]) == twin(box, disordered).ids().tolist()
    start(box)
    box.box.get_by_role("textbox", name="Text of message 5").fill("  ")
    assert box.settle().readouts()["problem"] == "empty 4" and "message 5, the assistant’s, is empty" in caption(box)
    box.button("Remove message 5").click()
    assert box.settle().readouts()["problem"] == "unanswered 3"


def test_messages_come_and_go_by_keyboard(box: Live) -> None:
    start(box)
    add = box.button("Add a message")
    add.press("Enter")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert box.settle().page.evaluate(focused) == "Text of message 6"
    assert box.readouts()["problem"] == "empty 5"
    assert box.box.get_by_role("combobox", name="Role of message 6").input_value() == "user"
    for _ in range(MOST - 6):
        add.press("Enter")
    expect(rows(box)).to_have_count(MOST)
    expect(add).to_be_disabled()
    for left in range(MOST - 1, 0, -1):
        box.box.get_by_role("button", name="Remove message 1", exact=True).press("Enter")
        expect(rows(box)).to_have_count(left)
    expect(box.box.get_by_role("button", name="Remove message 1", exact=True)).to_be_disabled()
    assert box.page.evaluate(focused) == "Text of message 1"  # not lost with the button
    box.button("Reset").press("Enter")
    expect(rows(box)).not_to_have_count(1)


def test_examples_in_two_languages(box: Live) -> None:
    start(box)
    box.button("中文").click()
    assert "列表" in box.settle().get("conversation") and box.readouts()["problem"] == ""
    expect(box.box.get_by_role("button", name="中文", exact=True)).to_have_attribute("aria-pressed", "true")
    box.button("Roles out of order").click()
    assert box.settle().readouts()["problem"].startswith("role")
    box.button("A text that says").click()
    assert "is text, of" in caption(box.settle())
    ends = [name for name in box.box.locator(".xp-lm-special").all_inner_texts() if name == "<|end|>"]
    assert len(ends) == len(json.loads(box.get("conversation"))["messages"])


def test_no_token_breaks_over_two_lines(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    """It would look like two."""
    box = live(open_page(PAGE, alone="loss_mask", width=360), "loss_mask")
    start(box, TRICK)
    lines = box.box.locator(".xp-lm-token").evaluate_all("all => all.map(el => el.getClientRects().length)")
    assert set(lines) == {1}


def test_listeners_hear_it(box: Live) -> None:
    start(box)
    label = box.box.locator(".xp-lm-tokens").get_attribute("aria-label")
    assert label.count("<|assistant|>") == 2 and "Carry loss: 0" in label
    status = box.box.locator("[role=status]")
    expect(status).to_contain_text("tokens carry loss")


def test_the_address_keeps_a_conversation(box: Live) -> None:
    start(box)
    box.box.get_by_role("textbox", name="Text of message 2").fill("学 & =?")
    box.page.wait_for_function("() => location.hash.includes('loss_mask.conversation=')")
    kept = box.get("conversation")
    box.page.reload()
    box.page.wait_for_selector("[data-explorable=loss_mask]")
    assert box.settle().get("conversation") == kept
    assert box.box.get_by_role("textbox", name="Text of message 2").input_value() == "学 & =?"
