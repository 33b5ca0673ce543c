"""The explorables of the loss mask and of the safety layer in Python: what they take, refuse, compute and show."""

import json
import math

import numpy as np
import pytest

from book_lib.explorables import LossMask, SafetyThreshold
from book_lib.explorables.base import ArgumentError
from book_lib.explorables.loss_mask import EXAMPLE, LONGEST, MASKS, MOST, packed, toy_tokenizer
from book_lib.explorables.safety_threshold import LONGEST as LONGEST_OWN
from book_lib.explorables.safety_threshold import WAYS, log_odds
from book_lib.pipeline import safety
from book_lib.pipeline.chat import ChatTemplate, Message, check_conversation, load_chats
from book_lib.pipeline.data import ToxicityFilter
from book_lib.rng import CounterRNG
from book_lib.tokenizer import BPETokenizer
from tests.lib.pictures import check_pictures, check_pictures_are_quick

FEW = ["Tell me about the list.", "How do you spell the word flumpwit?", "You smelly flumpwit!", "Get lost, droopsock!"]
TRUTH = [0, 0, 1, 1]
DISORDER = [("system", "Be brief."), ("assistant", "Yes."), ("user", "Why?")]

BAD = [
    (LossMask, {"messages": []}, "messages must be 1 to 8 messages, not 0"),
    (LossMask, {"messages": [("user", "x")] * 9}, "messages must be 1 to 8 messages, not 9"),
    (LossMask, {"messages": [("poet", "x")]}, r"messages\[0\].role must be one of system, user, assistant, not 'poet'"),
    (LossMask, {"messages": [("user", "x"), ("assistant",)]}, r"messages\[1\] must be a Message or a pair"),
    (LossMask, {"messages": ["user"]}, r"messages\[0\] must be a Message or a pair"),
    (LossMask, {"messages": [("user", 3)]}, r"messages\[0\] must be a Message or a pair"),
    (LossMask, {"messages": [("user", "x" * 241)]}, r"messages\[0\].content must have at most 240 characters, not 241"),
    (LossMask, {"messages": [("user", "\ud800")]}, r"messages\[0\].content must be text that UTF-8 can write"),
    (LossMask, {"messages": EXAMPLE, "conversation": packed(EXAMPLE)}, "messages and conversation must not both"),
    (LossMask, {"conversation": "Hello."}, "conversation must be a line such as"),
    (LossMask, {"conversation": "[]"}, "conversation must be a line such as"),
    (LossMask, {"conversation": '{"messages": [{"role": "user"}]}'}, "conversation must be a line such as"),
    (LossMask, {"mask": "prompt"}, "mask must be one of"),
    (LossMask, {"prediction": "perhaps"}, "prediction must be one of"),
    (LossMask, {"tokenizer": "bytes"}, "tokenizer must be a BPETokenizer"),
    (LossMask, {"tokenizer": BPETokenizer(special_tokens=["<|end|>"])}, "tokenizer must have all of"),
    (LossMask, {"tokenizer": BPETokenizer(split=r"\S+|\s+")}, "tokenizer must have ids 0, 1, 2"),
    (LossMask, {"tokenizer": BPETokenizer(token_ids=range(255, -1, -1))}, "tokenizer must have ids 0, 1, 2"),
    (SafetyThreshold, {"requests": FEW}, "requests must come with their labels"),
    (SafetyThreshold, {"labels": TRUTH}, "requests must come with their labels"),
    (SafetyThreshold, {"requests": FEW[:3], "labels": TRUTH[:3]}, "requests must be 4 to 400 texts"),
    (SafetyThreshold, {"requests": [*FEW[:3], 4], "labels": TRUTH}, "requests must be 4 to 400 texts"),
    (SafetyThreshold, {"requests": "four", "labels": TRUTH}, "requests must be 4 to 400 texts"),
    (SafetyThreshold, {"requests": [*FEW[:3], "x" * 60_000], "labels": TRUTH}, "requests must have at most 60000"),
    (SafetyThreshold, {"requests": FEW, "labels": [0, 1, 1]}, "labels must hold 0 or 1 for each of the 4 requests"),
    (SafetyThreshold, {"requests": FEW, "labels": [0, 0, 0, 0]}, "labels must hold 0 or 1 .* and both"),
    (SafetyThreshold, {"requests": FEW, "labels": [0, 1, 2, 1]}, "labels must hold 0 or 1"),
    (SafetyThreshold, {"requests": FEW, "labels": [0, 0.5, 1, 1]}, "labels must hold 0 or 1"),
    (SafetyThreshold, {"toxicity": "strict"}, "toxicity must be a ToxicityFilter, not 'strict'"),
    (SafetyThreshold, {"toxicity": ToxicityFilter()}, "toxicity must be fitted"),
    (SafetyThreshold, {"threshold": 1}, "threshold must"),
    (SafetyThreshold, {"base_rate": 0}, "base_rate must"),
    (SafetyThreshold, {"disguise": "hat"}, "disguise must be one of"),
    (SafetyThreshold, {"own": "x" * 201}, "own must have at most 200 characters, not 201"),
    (SafetyThreshold, {"own": "\udc00"}, "own must be text that UTF-8 can write"),
    (SafetyThreshold, {"prediction": "many"}, "prediction must be one of"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "arguments", "message"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


WIDGETS = [
    LossMask(),
    LossMask(mask="no_end"),
    LossMask(mask="everything", tokenizer=BPETokenizer(split=None), messages=[("user", "学"), ("assistant", "x\ny")]),
    LossMask(messages=DISORDER),
    SafetyThreshold(),
    SafetyThreshold(disguise="homoglyphs", threshold=0.999, base_rate=1e-5),
    SafetyThreshold(requests=FEW, labels=TRUTH, disguise="swapped", normalize=True, threshold=0.9),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


@pytest.mark.parametrize("widget", WIDGETS[::4], ids=lambda widget: type(widget).__name__)
def test_pictures_are_made_soon(widget) -> None:
    check_pictures_are_quick(widget)


@pytest.mark.parametrize("kind", [LossMask, SafetyThreshold])
def test_alt_text_can_be_given(kind: type) -> None:
    assert kind(alt="A figure.").describe() == "A figure."


# -- the loss mask


def test_the_tokens_are_the_templates() -> None:
    box = LossMask()
    template = ChatTemplate(toy_tokenizer())
    encoded = template.encode([Message(*one) for one in EXAMPLE])
    np.testing.assert_array_equal(box.ids(), encoded.ids)
    np.testing.assert_array_equal(box.learnt(), encoded.answer)
    assert box.template().tokenizer.special_tokens == template.tokenizer.special_tokens == box.specials
    assert box.share() == encoded.answer.mean()


@pytest.mark.parametrize("mask", MASKS)
def test_targets_are_those_of_a_batch(mask: str) -> None:
    """For the right mask, what `pad_batch` asks; for the others, what it would ask of a mask that is spoilt so."""
    from book_lib.pipeline.chat import Encoded, pad_batch

    box = LossMask(mask=mask)
    _, targets = pad_batch([Encoded(box.ids(), box.learnt())], box.template().pad, 1000)
    np.testing.assert_array_equal(box.targets(), targets[0].numpy())
    assert (box.targets() >= 0).sum() == box.learnt().sum()


def test_only_what_is_marked_gives_a_gradient() -> None:
    """By the library's own loss: where nothing is asked the logits get none, and without ends nothing pulls at one."""
    import torch

    from book_lib.pipeline.chat import answer_loss
    from book_lib.transformer import GPT, GPTConfig

    size = LossMask().template().vocab_size
    model = GPT(GPTConfig(vocab_size=size, context=128, width=8, layers=1, heads=2))
    kept = []
    model.register_forward_hook(lambda *row: (row[2].retain_grad(), kept.append(row[2])) and None)
    for mask in MASKS:
        box = LossMask(mask=mask)
        answer_loss(model, torch.from_numpy(box.ids())[None], torch.from_numpy(box.targets())[None]).backward()
        pull = kept.pop().grad[0]
        np.testing.assert_array_equal((pull != 0).any(dim=1).numpy(), box.targets() >= 0)
        ends = int((pull[:, box.template().end] < 0).sum())
        assert ends == {"answers": 2, "no_end": 0, "everything": 5}[mask]


def test_the_masks_differ_by_the_ends_and_by_what_is_no_answer() -> None:
    right, cut, all_ = (LossMask(mask=mask) for mask in MASKS)
    ends = right.ids() == right.template().end
    np.testing.assert_array_equal(right.learnt() & ~cut.learnt(), right.learnt() & ends)
    assert (right.learnt() & ends).sum() == 2
    assert not all_.learnt()[0] and all_.learnt()[1:].all()
    assert [mask.share() > 0.9 for mask in (right, cut, all_)] == [False, False, True]


def test_a_text_that_names_a_special_token_stays_text() -> None:
    box = LossMask(messages=[("user", "<|end|>"), ("assistant", "<|pad|>")], tokenizer=BPETokenizer())
    assert (box.ids() == box.template().end).sum() == 2 and box.template().pad not in box.ids()
    assert box.tokens()[:3] == ["<|user|>", "<", "|"]


@pytest.mark.parametrize(
    "messages", [DISORDER, [("user", "x"), ("assistant", " ")], [("user", "x")], [("user", "x"), ("user", "y")]]
)
def test_disorder_is_shown_and_not_learnt_from(messages: list) -> None:
    box = LossMask(messages=messages)
    with pytest.raises(ValueError, match=r"messages\[\d\]") as found:
        check_conversation([Message(*one) for one in messages])
    assert box.problem() == str(found.value) and str(found.value) in box.describe()
    assert math.isnan(box.share()) and not box.learnt().any() and (box.targets() == -1).all()
    assert len(box.ids()) == len(box.tokens()) >= 3


def test_a_conversation_is_a_line_of_a_file_of_chats(tmp_path) -> None:
    box = LossMask(messages=[Message("user", "学 “x”"), Message("assistant", "a\nb")])
    path = tmp_path / "chats.jsonl"
    path.write_text(box.conversation + "\n", encoding="utf-8")
    assert load_chats(path) == [box.messages()]
    assert LossMask(conversation=json.dumps(json.loads(box.conversation))).conversation == box.conversation


def test_limits_are_those_of_the_page() -> None:
    assert len(LossMask(messages=[("user", "x" * LONGEST)] * MOST).messages()) == MOST
    with pytest.raises(ArgumentError, match="at most 240"):
        LossMask().conversation = packed(EXAMPLE).replace("Be brief.", "x" * 300)


def test_the_description_says_what_the_mask_does() -> None:
    told = [LossMask(mask=mask).describe() for mask in MASKS]
    assert "the end token that closes each" in told[0]
    assert "nothing teaches it to stop" in told[1]
    assert "all but the first" in told[2]
    assert f"{LossMask().share():.0%}" in told[0]


# -- the safety layer


def test_the_scores_are_the_layers() -> None:
    """Up to the rounding of the weights to thousandths, for which the filter travels in three kilobytes."""
    box = SafetyThreshold(normalize=True)
    exact = safety.SafetyLayer(safety.toy_filter()).score(box.texts)
    np.testing.assert_allclose(log_odds(box.scores()), log_odds(exact), atol=0.003)
    assert box.words == sorted(safety.toy_filter().words)
    assert SafetyThreshold(toxicity=box.filter()).weights == box.weights


def test_disguises_are_the_librarys_but_for_one_that_needs_a_grammar() -> None:
    assert set(safety.EVASIONS) - {"hidden"} == set(WAYS[1:])
    for way in WAYS[1:]:
        box = SafetyThreshold(disguise=way, seed=3, own="Listen, you hopeless droopsock!")
        assert box.sent(box.own) == safety.EVASIONS[way](box.own, CounterRNG(3)) != box.own
        assert box.read(box.own) == box.sent(box.own)
        box.normalize = True
        assert box.read(box.own) == safety.normalized(box.sent(box.own))


def test_only_the_harmful_are_disguised() -> None:
    plain, dressed = SafetyThreshold(), SafetyThreshold(disguise="homoglyphs")
    labels = np.array(plain.labels)
    np.testing.assert_array_equal(plain.scores()[labels == 0], dressed.scores()[labels == 0])
    assert (plain.scores()[labels == 1] != dressed.scores()[labels == 1]).mean() > 0.9


def test_counts_meet_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    box = SafetyThreshold(threshold=0.2)
    said = box.scores() >= 0.2
    np.testing.assert_array_equal(box.confusion(), metrics.confusion_matrix(box.labels, said))
    assert box.precision() == pytest.approx(metrics.precision_score(box.labels, said))
    assert box.rates()[0] == pytest.approx(metrics.recall_score(box.labels, said))


def test_precision_at_a_base_rate_is_a_count_of_many_requests() -> None:
    """Requests drawn with the base rate, each blocked as often as one of the sample: no use of Bayes' rule."""
    box = SafetyThreshold(threshold=0.05, base_rate=0.02)
    recall, alarms = box.rates()
    assert alarms > 0
    rng = np.random.default_rng(0)
    harmful = rng.random(400_000) < 0.02
    blocked = rng.random(400_000) < np.where(harmful, recall, alarms)
    assert box.precision_at() == pytest.approx(harmful[blocked].mean(), abs=0.02)


def test_what_the_bet_asks() -> None:
    """Precision is high in a sample of halves and low where harm is rare; the layer is the same."""
    box = SafetyThreshold(threshold=0.5, base_rate=0.001)
    recall, alarms = box.rates()
    assert recall > 0.8 and 0 < alarms < 0.2
    assert box.precision() > 0.8 and box.precision_at() < 0.1


def test_no_false_alarm_is_no_proof_of_none() -> None:
    box = SafetyThreshold(threshold=0.999, base_rate=0.01)
    recall, alarms = box.rates()
    assert alarms == 0 < recall
    bound = 3 / box.labels.count(0)
    assert box.precision_at() == pytest.approx(0.01 * recall / (0.01 * recall + 0.99 * bound))
    assert "at least" in box.describe()
    nothing = SafetyThreshold(requests=["", "", "", "x"], labels=[0, 1, 0, 1], threshold=0.999)
    assert math.isnan(nothing.precision()) and math.isnan(nothing.precision_at()) and "nan" not in nothing.describe()


def test_disguises_evade_and_normalising_repairs_some() -> None:
    recall = {(way, on): SafetyThreshold(disguise=way, normalize=on).rates()[0] for way in WAYS for on in (False, True)}
    whole = recall["none", False]
    for way in ("homoglyphs", "zero width", "blanks", "full stops"):
        assert recall[way, False] < 0.5 * whole, way
        assert recall[way, True] > 0.8 * whole, way
    assert recall["backwards", True] < 0.5 * whole
    assert recall["capitals", False] == whole


def test_the_readers_own_text() -> None:
    box = SafetyThreshold(own="You FLUMPWIT, you miserable flumpwit!")
    assert box.own_listed() == ["flumpwit"] and box.own_score() > 0.9
    assert SafetyThreshold(own="").own_score() == 0 and len(SafetyThreshold(own="x" * LONGEST_OWN).own) == LONGEST_OWN


def test_a_page_can_carry_it() -> None:
    import gzip

    state = {name: value for name, value in SafetyThreshold().get_state().items() if not name.startswith("_")}
    assert len(gzip.compress(json.dumps(state).encode(), 6)) < 12_000
