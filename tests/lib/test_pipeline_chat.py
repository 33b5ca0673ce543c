"""Fine-tuning: what is learnt and what is not, the template there and back, forgetting, and going on after a kill."""

import copy
import dataclasses
import json
import math
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from book_lib._llm_runs import stored_run, stored_text
from book_lib.pipeline import _cli, _report_chat, _settings, _stored, _toy
from book_lib.pipeline._chat_config import Material
from book_lib.pipeline._chat_sources import ChatSources
from book_lib.pipeline._chat_training import POOL, Tuning
from book_lib.pipeline.chat import (
    ChatTemplate,
    DivergedError,
    Encoded,
    Message,
    SFTConfig,
    answer_loss,
    check_conversation,
    extend_vocabulary,
    forgetting,
    load_chat,
    load_chats,
    pad_batch,
    replies,
    reply,
    save_chat,
    sft,
)
from book_lib.pipeline.pretrain import PretrainConfig, pretrain
from book_lib.pipeline.run import RunFolder, RunInUseError
from book_lib.sampling import generate
from book_lib.tokenizer import GPT2_BYTE_IDS, BPETokenizer
from book_lib.transformer import GPT, GPTConfig, evaluate

TOKENIZER = BPETokenizer.train("tell me about the list, the string and the file " * 9, 280, special_tokens=["<|x|>"])
TEMPLATE = ChatTemplate(TOKENIZER)
END, PAD = TEMPLATE.end, TEMPLATE.pad
BASE = GPT(GPTConfig(TOKENIZER.vocab_size, context=64, width=16, layers=2, heads=2), seed=1).eval()
MODEL = extend_vocabulary(BASE, TEMPLATE.vocab_size, rng=0)
TEXT = np.random.default_rng(0).integers(97, 123, 500)


def said(*contents, system=None):
    """A conversation of the user and the assistant in turn."""
    roles = ("user", "assistant")
    first = [] if system is None else [Message("system", system)]
    return tuple(first + [Message(roles[k % 2], text) for k, text in enumerate(contents)])


CHATS = [said("list?", "fast."), said("the string?", "slow, and the file"),
         said("Hi", "Ho", "And?", "No.", system="Be."), said("tell me", "no"),
         said("file?", "the file is a file")]  # fmt: skip
TINY = SFTConfig(steps=11, batch=3, learning_rate=0.01, checkpoint_every=4, evaluate_every=3, device="cpu", threads=1)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def timeless(rows):
    return [{key: value for key, value in row.items() if key != "tokens_per_second"} for row in rows]


# ------------------------------------------------------------------------------------------- conversations


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([], "at least one message, got none"),
        ([Message("assistant", "a")], r"messages\[0\].role must be 'system' or 'user' at the beginning, got"),
        ([*said("a", "b"), Message("assistant", "c")], r"messages\[2\].role must be 'user' after 'assistant'"),
        ([*said("a"), Message("user", "c")], r"messages\[1\].role must be 'assistant' after 'user', got 'user'"),
        ([*said("a", "b"), Message("system", "c")], r"messages\[2\].role must be 'user' after"),
        ([Message("system", "a"), Message("assistant", "b")], r"messages\[1\].role must be 'user' after 'system'"),
        ([Message("robot", "a")], r"messages\[0\].role must be one of 'system', 'user', 'assistant', got 'robot'"),
        (said("a", ""), r"messages\[1\].content must not be empty \(role 'assistant'\)"),
        (said("a", "b", " \n", "d"), r"messages\[2\].content must not be empty"),
        (said("a", "b", "c"), r"messages\[2\] must be followed by the assistant's answer"),
        ([Message("system", "a")], r"messages\[0\] must be followed by"),
    ],
)
def test_a_conversation_in_disorder_is_named_by_its_index(messages, message):
    with pytest.raises(ValueError, match=message):
        check_conversation(messages)
    with pytest.raises(ValueError, match=message):
        TEMPLATE.encode(messages)


def test_a_prompt_ends_with_the_user():
    for messages in (said("a"), said("a", "b", "c", system="s")):
        assert check_conversation(list(messages), for_training=False) == messages
    with pytest.raises(ValueError, match=r"messages\[1\] must be the user's, to be answered; got role 'assistant'"):
        check_conversation(said("a", "b"), for_training=False)
    with pytest.raises(ValueError, match=r"messages\[0\] must be the user's"):
        TEMPLATE.prompt([Message("system", "s")])


def test_other_kinds_are_no_conversation():
    for messages, message in (("hello", "sequence of Message"), (None, "sequence"), ([("user", "a")], r"s\[0\]")):
        with pytest.raises(TypeError, match=message):
            check_conversation(messages)
    for role, content, name in ((None, "a", "role"), ("user", 3, "content")):
        with pytest.raises(TypeError, match=f"{name} must be text"):
            Message(role, content)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Message("user", "a").role = "system"


# ------------------------------------------------------------------------------------------------ template


def test_five_tokens_are_added_behind_the_others():
    old = TOKENIZER.vocab_size
    assert TEMPLATE.vocab_size == old + 5 == TEMPLATE.tokenizer.vocab_size
    assert sorted([*TEMPLATE.roles.values(), END, PAD]) == list(range(old, old + 5)) and END != PAD
    text = "tell me about the list<|x|>"
    assert TEMPLATE.tokenizer.encode(text, allow_special=True) == TOKENIZER.encode(text, allow_special=True)
    again = ChatTemplate(TEMPLATE.tokenizer)
    assert again.tokenizer is TEMPLATE.tokenizer and (again.roles, again.end, again.pad) == (TEMPLATE.roles, END, PAD)
    gpt2 = ChatTemplate(BPETokenizer(special_tokens={"<|x|>": 0}, token_ids=[one + 1 for one in GPT2_BYTE_IDS]))
    assert gpt2.tokenizer.special_tokens["<|x|>"] == 0 and gpt2.end == 260
    assert gpt2.decode(gpt2.encode(CHATS[2]).ids) == CHATS[2]


def test_a_template_needs_all_special_tokens_or_none():
    with pytest.raises(ValueError, match=r"all of .* or none, got one without <\|system\|>, .*<\|pad\|>"):
        ChatTemplate(BPETokenizer(special_tokens=["<|end|>"]))
    with pytest.raises(TypeError, match="tokenizer must be a BPETokenizer"):
        ChatTemplate("gpt2")


def by_hand(messages):
    ids, answer = [], []
    for one in messages:
        content = TOKENIZER.encode(one.content)
        ids += [TEMPLATE.roles[one.role], *content, END]
        answer += [False] + [one.role == "assistant"] * (len(content) + 1)
    return ids, answer


@pytest.mark.parametrize("messages", CHATS)
def test_there_and_back(messages):
    encoded = TEMPLATE.encode(messages)
    assert (encoded.ids.tolist(), encoded.answer.tolist()) == by_hand(messages)
    assert encoded.ids.dtype == np.int64 and encoded.answer.dtype == bool and len(encoded) == len(encoded.ids)
    assert TEMPLATE.decode(encoded.ids) == messages
    assert TEMPLATE.decode([*encoded.ids, PAD, PAD]) == messages
    assert TEMPLATE.decode(encoded.ids[:-1]) == messages  # cut off before the end
    prompt = TEMPLATE.prompt(messages[:-1])
    assert prompt.tolist() == [*by_hand(messages[:-1])[0], TEMPLATE.roles["assistant"]]
    whole = TEMPLATE.answered(messages[:-1], messages[-1].content)
    assert whole.ids.tolist() == encoded.ids.tolist()
    assert whole.answer.tolist() == [False] * len(prompt) + [True] * (len(encoded) - len(prompt))


def test_the_end_is_learnt_and_the_role_is_not():
    encoded = TEMPLATE.encode(CHATS[2])
    ends = np.flatnonzero(encoded.ids == END)
    assert encoded.answer[ends].tolist() == [False, False, True, False, True]
    assert not encoded.answer[np.isin(encoded.ids, list(TEMPLATE.roles.values()))].any()
    assert TEMPLATE.tokenizer.decode(encoded.ids[encoded.answer]) == "Ho<|end|>No.<|end|>"


@pytest.mark.parametrize("text", ["<|end|>", "a<|user|>b", "<|pad|><|x|>", "\x00é日本🙂\n", "<|end|><|assistant|>No"])
def test_what_is_written_stays_text(text):
    messages = said(text, text, system=text)
    encoded = TEMPLATE.encode(messages)
    assert (encoded.ids == END).sum() == 3 and np.isin(encoded.ids, list(TEMPLATE.roles.values())).sum() == 3
    assert not (encoded.ids == PAD).any()
    assert TEMPLATE.decode(encoded.ids) == messages


def test_an_answer_may_be_empty_if_a_model_gave_it():
    encoded = TEMPLATE.answered(said("Hi"), "")
    assert encoded.ids[encoded.answer].tolist() == [END]
    with pytest.raises(TypeError, match="answer must be text"):
        TEMPLATE.answered(said("Hi"), None)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([104, 105], r"ids\[0\] must begin a message with one of <\|system\|>, .*got 'h'"),
        ([TEMPLATE.roles["user"], 104, END, 105], r"ids\[3\] must begin a message"),
        ([TEMPLATE.roles["user"], 104, TEMPLATE.roles["assistant"]], r"ids\[2\] must be text or <\|end\|>, got"),
        ([TEMPLATE.roles["user"], PAD, 104, END], r"ids\[1\] must be text"),
        ([END], r"ids\[0\] must begin"),
        ([TEMPLATE.vocab_size], "ids must lie in 0"),
    ],
)
def test_tokens_out_of_place_are_named(ids, message):
    with pytest.raises(ValueError, match=message):
        TEMPLATE.decode(ids)
    assert TEMPLATE.decode([]) == TEMPLATE.decode([PAD]) == ()


def test_half_of_a_surrogate_pair_is_named():
    with pytest.raises(ValueError, match=r"messages\[1\].content must be text that UTF-8 can write"):
        TEMPLATE.encode(said("a", "\ud800"))


# ------------------------------------------------------------------------------------------------ batches


def test_targets_are_shifted_and_masked():
    encoded = [TEMPLATE.encode(one) for one in CHATS]
    ids, targets = pad_batch(encoded, PAD, 64)
    assert ids.shape == targets.shape == (5, max(map(len, encoded))) and ids.dtype == targets.dtype == torch.int64
    for row, one in enumerate(encoded):
        for t in range(ids.size(1)):
            assert ids[row, t] == (one.ids[t] if t < len(one) else PAD)
            asked = t + 1 < len(one) and one.answer[t + 1]
            assert targets[row, t] == (one.ids[t + 1] if asked else -1)
    assert (targets == END).sum() == 6 and not (targets == PAD).any()  # six answers end, and nothing asks for padding


def test_bad_batches_are_named():
    one = TEMPLATE.encode(CHATS[0])
    for encoded, message in (([], "at least one conversation"), ([one, Encoded([1] * 65, [True] * 65)],
                             r"encoded\[1\] must have at most 64 tokens, the context, got 65")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            pad_batch(encoded, PAD, 64)
    for encoded in (one, None, [one, one.ids]):
        with pytest.raises(TypeError, match="encoded"):
            pad_batch(encoded, PAD, 64)
    with pytest.raises(ValueError, match="pad must be at least 0"):
        pad_batch([one], -1, 64)
    with pytest.raises(ValueError, match="one shape"):
        Encoded([1, 2], [True])


# ---------------------------------------------------------------------------------------------- the loss


def gradient_of_logits(ids, targets):
    logits = MODEL(ids).detach().requires_grad_()
    stub = copy.deepcopy(MODEL)
    stub.forward = lambda _: logits
    answer_loss(stub, ids, targets).backward()
    return logits.grad


def test_only_answers_and_their_ends_have_a_gradient():
    encoded = [TEMPLATE.encode(one) for one in CHATS]
    ids, targets = pad_batch(encoded, PAD, 64)
    gradient = gradient_of_logits(ids, targets)
    asked = torch.zeros_like(ids, dtype=torch.bool)
    for row, one in enumerate(encoded):
        asked[row, np.flatnonzero(one.answer) - 1] = True
    assert (gradient[~asked] == 0).all()  # exactly
    assert (gradient[asked].abs().sum(dim=1) > 0).all()
    ends = [(row, len(one) - 2) for row, one in enumerate(encoded)]
    assert all(gradient[place][END] < 0 for place in ends)  # the end is made more likely where an answer ends


def test_the_loss_is_that_of_the_answers_by_hand():
    total, count = 0.0, 0
    for one in map(TEMPLATE.encode, CHATS):
        law = torch.log_softmax(MODEL(one.ids[None])[0].double(), dim=1)
        places = np.flatnonzero(one.answer)
        total -= law[places - 1, one.ids[places]].sum().item()
        count += len(places)
    loss = answer_loss(MODEL, *pad_batch([TEMPLATE.encode(one) for one in CHATS], PAD, 64))
    assert loss.item() == pytest.approx(total / count, rel=1e-6)


def test_padding_touches_nothing():
    encoded = [TEMPLATE.encode(one) for one in CHATS]
    ids, targets = pad_batch(encoded, PAD, 64)
    together = answer_loss(MODEL, ids, targets)
    whole = torch.autograd.grad(together, list(MODEL.parameters()))
    counts = [int(one.answer.sum()) for one in encoded]
    parts = [torch.zeros_like(one) for one in whole]
    for row, one in enumerate(encoded):
        single = answer_loss(MODEL, *pad_batch([one], PAD, 64)) * counts[row] / sum(counts)
        for part, value in zip(parts, torch.autograd.grad(single, list(MODEL.parameters())), strict=True):
            part += value
        assert torch.allclose(MODEL(ids)[row, : len(one)], MODEL(one.ids[None])[0], atol=1e-6)
    assert max(float((a - b).abs().max()) for a, b in zip(whole, parts, strict=True)) < 1e-6
    other = ids.masked_fill(ids == PAD, 0)  # whatever fills the rows up
    assert torch.equal(answer_loss(MODEL, other, targets), together)


def test_a_loss_needs_an_answer():
    ids, targets = pad_batch([TEMPLATE.encode(CHATS[0])], PAD, 64)
    with pytest.raises(ValueError, match="ask for one token at least"):
        answer_loss(MODEL, ids, torch.full_like(targets, -1))
    with pytest.raises(TypeError, match="model must be a GPT"):
        answer_loss(None, ids, targets)


# ------------------------------------------------------------------------------------------------ new tokens


@pytest.mark.parametrize("tied", [True, False])
def test_more_tokens_leave_the_old_logits(tied):
    model = GPT(GPTConfig(50, context=12, width=16, layers=2, heads=2, tied=tied), seed=3)
    ids = np.random.default_rng(0).integers(0, 50, (4, 12))
    before = weights(model)
    longer = extend_vocabulary(model, 55, rng=1)
    assert torch.equal(model(ids), longer(ids)[..., :50])  # bit by bit
    assert same(before, weights(model)) and model.config.vocab_size == 50 and longer.config.vocab_size == 55
    for name, value in longer.state_dict().items():
        old = before[name]
        assert torch.equal(value[: len(old)], old)
        if value.shape != old.shape:
            assert name in ("token_embedding.weight", "unembedding.weight")
            assert ((value[50:] - old.mean(0)).abs() < 0.5 * old.std(0)).all()
            assert len({tuple(row) for row in value[50:].tolist()}) == 5
    assert same(weights(extend_vocabulary(model, 55, rng=1)), weights(longer))
    assert not same(weights(extend_vocabulary(model, 55, rng=2)), weights(longer))
    assert same(weights(extend_vocabulary(model, 50, rng=1)), before)


def test_new_tokens_take_hardly_any_probability():
    ids = TEXT[:64]
    new = torch.softmax(MODEL(ids[None]), dim=2)[..., TOKENIZER.vocab_size :].sum(dim=2)
    assert new.mean().item() == pytest.approx(5 / TEMPLATE.vocab_size, rel=0.1)
    assert abs(forgetting(BASE, MODEL, ids) - math.log(TEMPLATE.vocab_size / TOKENIZER.vocab_size)) < 1e-3


def test_bad_extensions_are_named():
    with pytest.raises(ValueError, match="vocab_size must be at least 280"):
        extend_vocabulary(BASE, 279, 0)
    with pytest.raises(TypeError, match="model must be a GPT"):
        extend_vocabulary(None, 279, 0)
    with pytest.raises(TypeError, match="rng must be a seed"):
        extend_vocabulary(BASE, 290, None)
    with pytest.raises(ValueError, match="model must have weights"):
        extend_vocabulary(GPT(BASE.config, seed=None), 290, 0)


# ----------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"batch": 0}, "batch"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"steps": 10, "warmup": 10}, "warmup must be less than steps, 10"),
        ({"min_learning_rate": 1.0}, "min_learning_rate must lie between 0 and learning_rate"),
        ({"weight_decay": -1}, "weight_decay"),
        ({"clip": 0}, "clip"),
        ({"replay": 1.0}, "replay must be at least 0 and less than 1"),
        ({"replay": -0.1}, "replay must be at least 0"),
        ({"replay": math.nan}, "replay must be finite"),
        ({"batch": 8, "replay": 0.01}, "replay must leave one row at least to either kind in a batch of 8"),
        ({"batch": 8, "replay": 0.99}, "replay must leave one row"),
        ({"too_long": "cut"}, "too_long must be one of 'error', 'skip'"),
        ({"seed": -1}, "seed"),
        ({"evaluate_tokens": 2}, "evaluate_tokens"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        SFTConfig(**settings)


@pytest.mark.parametrize("settings", [{"steps": 1.5}, {"replay": "half"}, {"device": None}, {"batch": True}])
def test_settings_of_another_kind_are_named(settings):
    with pytest.raises(TypeError, match=next(iter(settings))):
        SFTConfig(**settings)


def test_old_text_is_replayed_if_there_is_some():
    config = SFTConfig(batch=8)
    assert config.replay is None and config.with_replay(False).replay == 0 == config.windows
    assert config.with_replay(True).replay == 1 / 8 and config.with_replay(True).windows == 1
    assert SFTConfig(batch=3).with_replay(True).windows == 1 and SFTConfig(batch=1).with_replay(True).replay == 0
    assert SFTConfig(batch=20).with_replay(True).windows == 2
    assert SFTConfig(batch=8, replay=0.5).with_replay(True).windows == 4
    assert SFTConfig(replay=0.0).with_replay(True).replay == 0
    assert [config.schedule(step) for step in (69, 700)] == [5e-3, 0.0]


# ----------------------------------------------------------------------------------------------- one step


def tuning(conversations=CHATS, config=TINY, replay_ids=None):
    config = config.with_replay(replay_ids is not None)
    material = Material.of(BASE, TEMPLATE, conversations, config, replay_ids, (), None)
    return Tuning(BASE, TEMPLATE, material, config, torch.device("cpu"))


def test_all_conversations_are_read_once_before_any_twice():
    chats = [said("a" * k, "b") for k in range(1, 14)]  # 13 are no multiple of 3
    one = tuning(chats, dataclasses.replace(TINY, steps=200))
    drawn = np.concatenate([one.drawn(pool).ravel() for pool in range(13)])
    assert len(drawn) == 13 * POOL * 3
    assert np.bincount(drawn).tolist() == [POOL * 3] * 13
    lengths = [np.ptp(one.lengths[rows]) for rows in one.drawn(0)]
    assert np.mean(lengths) < 3  # of a step: similar


def test_a_step_is_that_of_torch():
    config = dataclasses.replace(TINY, steps=2, batch=4, replay=0.25, warmup=0, clip=0.3, weight_decay=0.1)
    ours = sft(BASE, TEMPLATE, CHATS, config, TEXT)
    one, model = tuning(CHATS, config, TEXT), extend_vocabulary(BASE, TEMPLATE.vocab_size, 0)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.95), fused=False)
    rng = np.random.default_rng(0)
    for number, row in enumerate(row for row in ours.rows if "loss" in row):
        ids, targets = pad_batch([TEMPLATE.encode(CHATS[k]) for k in one.drawn(0)[number]], PAD, 64)
        start = int(rng.integers(0, 500 - ids.size(1), 1)[0])
        window = torch.from_numpy(TEXT[start : start + ids.size(1) + 1])
        answers, old = model.loss(ids, targets), model.loss(window[None, :-1], window[None, 1:])
        for group in optimizer.param_groups:
            group["lr"] = config.schedule(number)
        optimizer.zero_grad()
        (0.75 * answers + 0.25 * old).backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.3)
        optimizer.step()
        assert row["loss"] == pytest.approx(answers.item(), rel=1e-5)
        assert row["replay_loss"] == pytest.approx(old.item(), rel=1e-5)
        assert row["gradient_norm"] == pytest.approx(norm.item(), rel=1e-4)
        assert row["answer_tokens"] == (targets != -1).sum()
    for name, value in ours.model.state_dict().items():
        assert torch.allclose(value, model.state_dict()[name], atol=1e-5), name


@pytest.fixture(scope="module")
def unbroken():
    return sft(BASE, TEMPLATE, CHATS, TINY, TEXT, held_out=CHATS[:2], text_ids=TEXT)


def test_the_metrics_say_what_they_mean(unbroken):
    assert unbroken.column("step").tolist() == list(range(1, 12)) and unbroken.config == TINY.with_replay(True)
    assert [step for step, _ in unbroken.looks("held_out_loss")] == [0, 3, 6, 9, 11]
    assert [step for step, _ in unbroken.looks("text_loss")] == [0, 3, 6, 9, 11]
    assert unbroken.looks("text_loss")[-1][1] == evaluate(unbroken.model, TEXT)
    assert unbroken.looks("text_loss")[0][1] == evaluate(MODEL, TEXT)
    apart = pad_batch([TEMPLATE.encode(one) for one in CHATS[:2]], PAD, 64)
    assert unbroken.looks("held_out_loss")[-1][1] == pytest.approx(answer_loss(unbroken.model, *apart).item(), rel=1e-6)
    assert np.allclose(unbroken.column("perplexity"), np.exp(unbroken.column("loss")))
    assert [row.get("final") for row in unbroken.rows][-1] and not unbroken.model.training
    with pytest.raises(ValueError, match="name must be one of .*loss.*, got 'speed'"):
        unbroken.column("speed")
    with pytest.raises(ValueError, match="name must be one of 'held_out_loss', 'text_loss'"):
        unbroken.looks("loss")


def test_the_model_before_stays_and_looks_change_nothing(unbroken):
    before = weights(BASE)
    rows = []
    plain = sft(BASE, TEMPLATE, CHATS, dataclasses.replace(TINY, evaluate_every=0), TEXT, each=rows.append)
    assert same(weights(plain.model), weights(unbroken.model)) and same(before, weights(BASE))
    assert tuple(rows) == plain.rows and len(rows) == 11
    further = sft(unbroken.model, TEMPLATE, CHATS, dataclasses.replace(TINY, steps=1))  # a model that knows the tokens
    assert further.model.config == unbroken.model.config and not same(weights(further.model), weights(unbroken.model))
    other = sft(BASE, TEMPLATE, CHATS, dataclasses.replace(TINY, seed=1), TEXT)
    assert not same(weights(other.model), weights(unbroken.model))


def test_a_few_conversations_are_learnt_by_heart():
    done = sft(BASE, TEMPLATE, CHATS, dataclasses.replace(TINY, steps=250, learning_rate=0.02, evaluate_every=0))
    assert done.column("loss")[-1] < 0.05
    for chat in CHATS:
        assert reply(done.model, TEMPLATE, chat[:-1], temperature=0) == chat[-1].content


def test_replay_holds_forgetting_down():
    text = np.tile(np.arange(97, 123), 30)
    prepared = SimpleNamespace(train=text, held_out=text[:100], tokenizer=TOKENIZER)
    sizes = {"batch": 4, "context": 64, "width": 16, "layers": 1, "heads": 2, "device": "cpu", "threads": 1}
    base = pretrain(prepared, PretrainConfig(steps=120, learning_rate=0.02, evaluate_every=0, **sizes)).model
    config = dataclasses.replace(TINY, steps=80, batch=4, learning_rate=0.02, evaluate_every=0)
    lost = {replay: forgetting(base, sft(base, TEMPLATE, CHATS, dataclasses.replace(config, replay=replay), text).model,
                               text[:200]) for replay in (0.0, 0.25)}  # fmt: skip
    assert lost[0.0] > 1 and lost[0.25] < 0.2 * lost[0.0]
    slow = dataclasses.replace(config, replay=0.0, learning_rate=0.0005)
    assert forgetting(base, sft(base, TEMPLATE, CHATS, slow).model, text[:200]) < 0.5 * lost[0.0]


# --------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"conversations": []}, "conversations must hold one at least that fits"),
        ({"conversations": [CHATS[0], said("a", "b", "c")]}, r"conversations\[1\]: messages\[2\] must be followed by"),
        ({"conversations": [said("a", " ")]}, r"conversations\[0\]: messages\[1\].content must not be empty"),
        ({"conversations": [CHATS[0], said("q" * 70, "b")]},
         r"conversations\[1\] must have at most 64 tokens, the context, got 75; shorten it, or set too_long"),
        ({"held_out": [said("q" * 70, "b")]}, r"held_out\[0\] must have at most 64 tokens"),
        ({"config": dataclasses.replace(TINY, replay=0.34)}, "replay_ids must hold more than 64 tokens, the context"),
        ({"config": dataclasses.replace(TINY, replay=0.34), "replay_ids": TEXT[:64]}, "replay_ids must hold more"),
        ({"replay_ids": TEXT + 200}, "replay_ids must lie in 0 ... 279"),
        ({"text_ids": TEXT[:2]}, "text_ids must hold at least 3 tokens"),
        ({"text_ids": TEXT[None]}, "text_ids must be token ids in a row"),
        ({"model": GPT(GPTConfig(77, 64, 16, 1, 2))}, "model must have the 285 tokens of the template, or the 280"),
        ({"config": dataclasses.replace(TINY, device="cuda:99")}, "device must be"),
    ],
)  # fmt: skip
def test_bad_input_is_named_before_a_folder_is_made(arguments, message, tmp_path):
    given = {"model": BASE, "template": TEMPLATE, "conversations": CHATS, "config": TINY, **arguments}
    with pytest.raises(ValueError, match=message):
        sft(**given, run=RunFolder(tmp_path / "mine"))
    assert list(tmp_path.iterdir()) == []


def test_other_kinds_are_refused(tmp_path):
    for arguments, message in (({"config": {"steps": 3}}, "config must be an SFT"), ({"run": tmp_path}, "run must"),
                               ({"model": None}, "model must be a GPT"), ({"template": TOKENIZER}, "ChatTemplate"),
                               ({"conversations": "chats"}, "conversations must be a sequence"),
                               ({"conversations": [["hi"]]}, r"conversations\[0\]: messages\[0\]")):  # fmt: skip
        with pytest.raises(TypeError, match=message):
            sft(**{"model": BASE, "template": TEMPLATE, "conversations": CHATS, "config": TINY, **arguments})


def test_what_is_too_long_may_be_skipped():
    chats = [*CHATS, said("q" * 70, "b")]
    config = dataclasses.replace(TINY, too_long="skip")
    done = sft(BASE, TEMPLATE, chats, config)
    assert done.skipped == 1 and same(weights(done.model), weights(sft(BASE, TEMPLATE, CHATS, TINY).model))
    with pytest.raises(ValueError, match=r"got none \(1 too long\)"):
        sft(BASE, TEMPLATE, chats[-1:], config)


def test_a_conversation_may_fill_the_context_to_the_last_token():
    longest = said("q" * (64 - 4 - 5), "b" * 5)
    assert len(TEMPLATE.encode(longest)) == 64
    assert sft(BASE, TEMPLATE, [longest], dataclasses.replace(TINY, steps=1)).column("answer_tokens").tolist() == [18]


# ----------------------------------------------------------------------------------------------- replies


def test_a_reply_is_what_the_model_writes_behind_the_prompt(unbroken):
    model, prompt = unbroken.model, said("list?")
    ids = TEMPLATE.prompt(prompt)
    written = generate(model, ids, 20, 1.0, rng=3, stop=END)[len(ids) :]
    written = written[:-1] if written[-1] == END else written
    assert reply(model, TEMPLATE, prompt, 3, max_new_tokens=20) == TEMPLATE.tokenizer.decode(written)


def test_replies_side_by_side_are_those_one_by_one():
    done = sft(BASE, TEMPLATE, CHATS, dataclasses.replace(TINY, steps=60, learning_rate=0.02, evaluate_every=0))
    prompts = [chat[:-1] for chat in CHATS] * 15
    together = replies(done.model, TEMPLATE, prompts, 0, temperature=0)
    assert together == [reply(done.model, TEMPLATE, prompt, temperature=0) for prompt in prompts]
    assert len({*replies(done.model, TEMPLATE, prompts, 0)}) > 5 and replies(done.model, TEMPLATE, [], 0) == []
    assert replies(done.model, TEMPLATE, prompts, 0) == replies(done.model, TEMPLATE, prompts, 0)


def test_replies_follow_the_models_law():
    prompt = said("list?")
    law = torch.softmax(torch.from_numpy(MODEL.next_logits(TEMPLATE.prompt(prompt))).double(), 0).numpy()
    drawn = replies(MODEL, TEMPLATE, [prompt] * 4000, 5, max_new_tokens=1)
    tokens = np.array([TEMPLATE.tokenizer.decode([k]) for k in range(TEMPLATE.vocab_size)])
    for k in np.argsort(-law)[:20]:
        if tokens[k] != "\ufffd" and k != END:
            count = drawn.count(str(tokens[k]))
            assert abs(count - 4000 * law[k]) < 5 * math.sqrt(4000 * law[k])


def test_a_prompt_must_leave_room():
    for length, fits in ((60, True), (61, False)):
        prompt = said("q" * length)
        assert len(TEMPLATE.prompt(prompt)) == length + 3
        if fits:
            assert isinstance(reply(MODEL, TEMPLATE, prompt, 0), str)
            assert len(replies(MODEL, TEMPLATE, [prompt], 0)) == 1
        else:
            with pytest.raises(ValueError, match="messages must leave room for an answer in the context of 64 tokens"):
                reply(MODEL, TEMPLATE, prompt, 0)
            with pytest.raises(ValueError, match=r"prompts\[1\] must leave room"):
                replies(MODEL, TEMPLATE, [said("a"), prompt], 0)


def test_bad_replies_are_named():
    with pytest.raises(ValueError, match="model must have the template's vocabulary, 285 tokens, got 280"):
        reply(BASE, TEMPLATE, said("a"), 0)
    with pytest.raises(ValueError, match="max_new_tokens must be at least 1"):
        reply(MODEL, TEMPLATE, said("a"), 0, max_new_tokens=0)
    with pytest.raises(TypeError, match="rng"):
        reply(MODEL, TEMPLATE, said("a"))
    with pytest.raises(ValueError, match="must be the user's"):
        reply(MODEL, TEMPLATE, said("a", "b"), 0)


# ---------------------------------------------------------------------------------------------- run folders


class Stop(Exception):
    """What cuts a training short."""


def cut_short(path, number):
    def each(row):
        if row["step"] == number and "loss" in row:
            raise Stop

    run = RunFolder(path)
    with pytest.raises(Stop):
        sft(BASE, TEMPLATE, CHATS, TINY, TEXT, run, each=each, held_out=CHATS[:2], text_ids=TEXT)
    return run


@pytest.mark.parametrize("number", [1, 4, 5, 8, 10, 11])
def test_one_that_was_cut_short_goes_on_to_the_same_bits(unbroken, number, tmp_path):
    run = cut_short(tmp_path / "mine", number)
    done = sft(BASE, TEMPLATE, CHATS, TINY, TEXT, run, held_out=CHATS[:2], text_ids=TEXT)
    assert same(weights(done.model), weights(unbroken.model))
    assert timeless(done.rows) == timeless(unbroken.rows) == timeless(run.metrics("sft"))


def test_a_run_folder_holds_everything(unbroken, tmp_path):
    run = RunFolder(tmp_path / "mine")
    done = sft(BASE, TEMPLATE, CHATS, TINY, TEXT, run, held_out=CHATS[:2], text_ids=TEXT, sources={"sources": "here"})
    assert run.config["sft"] == {**dataclasses.asdict(TINY.with_replay(True)), "sources": "here"}
    assert [path.name for path in run.checkpoints("sft")] == ["sft-00000008.safetensors", "sft-00000011.safetensors"]
    model, template = load_chat(run)
    assert same(weights(model), weights(done.model)) and template.tokenizer == TEMPLATE.tokenizer
    rows = []
    again = sft(BASE, TEMPLATE, CHATS, TINY, TEXT, run, each=rows.append, held_out=CHATS[:2], text_ids=TEXT)
    assert rows == [] and again.rows == done.rows and not list(run.path.rglob("*.part"))


def test_another_training_is_refused(tmp_path):
    run = cut_short(tmp_path / "mine", 6)
    before = run.config
    for arguments, message in (
        ({"conversations": CHATS[::-1]}, "with another material: crc32 was"),
        ({"model": GPT(BASE.config, seed=2)}, "with another material: model was"),
        ({"replay_ids": TEXT[::-1]}, "with another material: replay was"),
        ({"config": dataclasses.replace(TINY, clip=2.0)}, "with another configuration: clip was 1.0"),
    ):
        given = {"model": BASE, "conversations": CHATS, "config": TINY, "replay_ids": TEXT, **arguments}
        with pytest.raises(ValueError, match=message):
            sft(template=TEMPLATE, run=run, **given)
    assert run.config == before
    changed = dataclasses.replace(TINY, checkpoint_every=2, evaluate_every=0)
    assert sft(BASE, TEMPLATE, CHATS, changed, TEXT, run).rows
    for path in run.checkpoints("sft"):
        path.unlink()
    with pytest.raises(ValueError, match="a fine-tuned model whose checkpoints are gone"):
        sft(BASE, TEMPLATE, CHATS, TINY, TEXT, run)


def test_a_training_that_diverges_keeps_its_last_checkpoint(tmp_path):
    run = RunFolder(tmp_path / "mine")
    config = dataclasses.replace(TINY, learning_rate=1e30, checkpoint_every=1, warmup=0)
    with pytest.raises(DivergedError, match="is (nan|inf) at step .*lower learning_rate") as caught:
        sft(BASE, TEMPLATE, CHATS, config, run=run)
    assert caught.value.step >= 2 and not (run.path / "sft").exists()
    assert run.checkpoints("sft")[-1].name == f"sft-{caught.value.step - 1:08d}.safetensors"


def test_a_run_in_use_or_without_a_model_is_told(tmp_path):
    with RunFolder(tmp_path / "mine") as run:
        with pytest.raises(RunInUseError):
            sft(BASE, TEMPLATE, CHATS, TINY, run=RunFolder(run.path))
        with pytest.raises(FileNotFoundError, match=r"must hold a model in ppo/: that stage has not been finished"):
            load_chat(run, "ppo")
        with pytest.raises(ValueError, match="model must have the template's vocabulary"):
            save_chat(run, "sft", BASE, TEMPLATE)
        with run.folder("sft") as folder:
            BASE.save(folder)
            TEMPLATE.tokenizer.save(folder / "tokenizer.json")
    with pytest.raises(ValueError, match="must hold a model and its tokenizer: model must have"):
        load_chat(tmp_path / "mine")


# ------------------------------------------------------------------------------------- a reader's own file


def line(*contents, **more):
    return json.dumps({"messages": [{"role": one.role, "content": one.content} for one in said(*contents)], **more})


def test_a_file_of_conversations_is_read(tmp_path):
    path = tmp_path / "chats.jsonl"
    text = "\ufeff" + line("Hi\u2028there", "Ho") + "\r\n\n" + line("日本", "<|end|>", "c", "d", source="me") + "\n"
    path.write_bytes(text.encode())
    assert load_chats(path) == [said("Hi\u2028there", "Ho"), said("日本", "<|end|>", "c", "d")]
    assert load_chats(str(path)) == load_chats(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must hold at least one conversation, got none"),
        (b"\xff", "must be UTF-8"),
        (line("a", "b").encode() + b"\n{", "chats.jsonl, line 2: must be a JSON object: "),
        (b"[]", "line 1: must be a JSON object, got list"),
        (b"[" * 200_000, "line 1: must be a JSON object: "),
        (b'{"chat": []}', "line 1: there must be a field 'messages', got 'chat'"),
        (b"{}", "line 1: there must be a field 'messages', got none"),
        (b'{"messages": "a"}', "line 1: messages must be a list of objects with role and content, got str"),
        (b'{"messages": [{"role": "user"}]}', r"line 1: messages\[0\] must be an object with role and content"),
        (b'{"messages": [{"role": "user", "content": 3}]}', r"line 1: messages\[0\].content must be text, got 3"),
        (b'{"messages": []}', "line 1: messages must hold at least one message"),
        (b"\n" + line("a").encode(), r"line 2: messages\[0\] must be followed by the assistant's answer"),
        (line("a", "").encode(), r"line 1: messages\[1\].content must not be empty"),
        (line("a", "b").replace("assistant", "bot").encode(), r"line 1: messages\[1\].role must be one of"),
    ],
)
def test_a_bad_file_is_named_with_its_line(content, message, tmp_path):
    path = tmp_path / "chats.jsonl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_chats(path)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*none.jsonl"):
        load_chats(tmp_path / "none.jsonl")


def test_what_the_context_cannot_hold_is_named_with_its_line(tmp_path):
    path = tmp_path / "chats.jsonl"
    path.write_text(line("a", "b") + "\n\n" + line("aaaa", "bbbb", "cccc", "dddd"), encoding="utf-8")
    sources, longest = ChatSources(chats=str(path)), len(TEMPLATE.encode(said("aaaa", "bbbb", "cccc", "dddd")))
    sources.require_room(TEMPLATE, longest)
    sources.require_room(TEMPLATE, longest - 1, too_long="skip")
    ChatSources().require_room(TEMPLATE, 1)  # the toy world's are not the reader's to shorten
    with pytest.raises(ValueError, match=rf"chats.jsonl, line 3: .* at most {longest - 1} tokens.*got {longest};"):
        sources.require_room(TEMPLATE, longest - 1)
    path.write_text(line("a", "b") + "\n" + line("a", "\ud800"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"chats.jsonl, line 2: messages\[1\].content must be text that UTF-8"):
        sources.require_room(TEMPLATE, longest, too_long="skip")


# ------------------------------------------------------------------------------------------ command line


@pytest.fixture
def say():
    """The command line, of words that need be no text."""
    return lambda *words: _cli.main([str(word) for word in words])


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A run folder with a pre-trained model of small sizes; copy it before you write."""
    run = RunFolder(tmp_path_factory.mktemp("runs") / "first")
    text = np.array(TOKENIZER.encode("the file is about the list. tell me of the string, " * 40))
    prepared = SimpleNamespace(train=text, held_out=text[:90], tokenizer=TOKENIZER)
    sizes = {"batch": 2, "context": 128, "width": 16, "layers": 1, "heads": 2, "device": "cpu", "threads": 1}
    with run:
        _stored.save(run, prepared, {})
        run.settle("prepare", {}, anew=True)
        pretrain(prepared, PretrainConfig(steps=5, **sizes), run)
    return run.path


@pytest.fixture
def mine(pretrained, tmp_path):
    """A copy of one's own."""
    return Path(shutil.copytree(pretrained, tmp_path / "mine"))


FLAGS = "--steps 6 --batch 4 --device cpu --threads 1 --checkpoint-every 2 --evaluate-every 3".split()


def report(run):
    with RunFolder(run) as held:
        return "\n\n".join(_report_chat.parts(held))


def test_the_stage_trains_on_the_toy_world_and_reports(say, mine, capsys):
    assert say("sft", mine, *FLAGS, "--toy-conversations", 60) == 0
    told = capsys.readouterr().out
    assert re.search(r"conversations: \d+, \d more held out", told) and re.search(r"too long, left out: \d+", told)
    for words in ("tokens of answers: ", "forgotten: ", "report.md",
                  f"next: python -m book_lib.pipeline reward {mine}"):  # fmt: skip
        assert words in told, words
    settings = RunFolder(mine).config["sft"]
    assert settings["replay"] == 0.25 and settings["sources"]["toy_conversations"] == 60
    rows = RunFolder(mine).metrics("sft")
    assert [row["step"] for row in rows if "text_loss" in row and "held_out_loss" in row] == [0, 3, 6]
    model, template = load_chat(mine)
    assert model.config.vocab_size == template.vocab_size == 285
    text = report(mine)
    for words in ("## Fine-tuning", "of the toy world", "figures/sft_loss.svg", "### What it answers", "\nassistant: ",
                  "| forgotten | ", "well-formed, of "):  # fmt: skip
        assert words in text, words
    assert (mine / "figures" / "sft_loss.svg").read_text(encoding="utf-8").startswith("<svg")
    before = weights(model)
    assert say("sft", mine) == 0  # read back, with the settings that it began with
    assert same(weights(load_chat(mine)[0]), before)


def test_the_stage_reads_a_file_of_the_readers_own(say, mine, tmp_path, capsys):
    path = tmp_path / "chats.jsonl"
    path.write_text("\n".join(line(f"Say {word}", f"{word}!") for word in ("one", "two", "three")), encoding="utf-8")
    assert say("sft", mine, *FLAGS, "--chats", path, "--held-out-share", 0.4) == 0
    assert "conversations: 2, 1 more held out" in capsys.readouterr().out
    assert RunFolder(mine).config["sft"]["sources"]["chats"] == str(path)
    text = report(mine)
    assert f"from `{path}`" in text and "user: Say " in text and "well-formed" not in text
    assert say("sft", mine) == 0  # the file is remembered
    path.write_text(line("Say four", "four!"), encoding="utf-8")
    assert say("sft", mine) == 2
    assert "belongs to another training, with another material: conversations was 2" in capsys.readouterr().err
    path.unlink()
    assert "### What it answers" not in report(mine)
    assert say("sft", mine) == 2 and "there is no file" in capsys.readouterr().err


def test_the_stage_goes_on_after_an_interrupt(say, mine, monkeypatch, capsys):
    once, count = Tuning.once, []

    def interrupted(self):
        count.append(self.step)
        if self.step == 5 and len(count) < 7:
            raise KeyboardInterrupt
        return once(self)

    monkeypatch.setattr(Tuning, "once", interrupted)
    assert say("sft", mine, *FLAGS, "--toy-conversations", 30) == 130
    assert "the same command, without --restart, goes on" in capsys.readouterr().err
    assert "5 of 6 steps have been made" in report(mine) and not (mine / "sft").exists()
    assert say("sft", mine, *FLAGS, "--toy-conversations", 30) == 0
    assert count == [0, 1, 2, 3, 4, 5, 4, 5]


def test_restart_throws_away_what_builds_on_it(say, mine, capsys):
    assert say("sft", mine, *FLAGS, "--toy-conversations", 30) == 0
    with RunFolder(mine) as run:
        run.settle("ppo", {"steps": 3})
        with run.folder("ppo") as folder:
            (folder / "x").write_text("x")
    assert say("sft", mine, *FLAGS, "--toy-conversations", 20) == 2
    assert "begin anew (with --restart)" in capsys.readouterr().err
    assert say("sft", mine, *FLAGS, "--restart", "--batch", 1, "--replay", 0.5) == 2 and (mine / "ppo").exists()
    assert say("sft", mine, *FLAGS, "--restart", "--toy-conversations", 20) == 0
    assert list(RunFolder(mine).config) == ["prepare", "pretrain", "sft"] and not (mine / "ppo").exists()


def test_the_stage_tells_what_is_missing_or_wrong(say, mine, tmp_path, capsys):
    path = tmp_path / "chats.jsonl"
    path.write_text(line("a", "b") + "\n" + line("a"), encoding="utf-8")
    settings = tmp_path / "settings.toml"
    settings.write_text("[sft]\nstep = 3\n")
    for words, message in (
        (("--chats", path), "line 2: messages[0] must be followed by the assistant's answer"),
        (("--chats", tmp_path / "none"), "there is no file"),
        (("--config", settings), "sft: 'step' is no setting; there are "),
        (("--held-out-share", 1), "sft, sources: held_out_share must be at least 0 and less than 1"),
        (("--learning-rate", 0), "sft: learning_rate must be greater than 0"),
    ):
        assert say("sft", mine, *words) == 2
        told = capsys.readouterr().err
        assert told.startswith("python -m book_lib.pipeline sft: error: ") and message in told, told
    shutil.rmtree(mine / "model")
    assert say("sft", mine) == 2 and "sft builds on pretrain" in capsys.readouterr().err
    assert say("sft", tmp_path / "none") == 2 and "there is no run folder" in capsys.readouterr().err
    assert list(RunFolder(mine).config) == ["prepare", "pretrain"] and report(mine) == ""


def test_each_setting_has_a_flag_and_a_description(say, capsys):
    with pytest.raises(SystemExit):
        say("sft", "--help")
    told = " ".join(capsys.readouterr().out.split())
    for cls in (SFTConfig, ChatSources):
        described = _settings.descriptions(cls)
        for field in dataclasses.fields(cls):
            assert f"--{field.name.replace('_', '-')}" in told and described[field.name] in told, field.name


# --------------------------------------------------------------------------------------- the page's model


@pytest.mark.slow
def test_the_recipe_makes_an_assistant_of_the_pages_model():
    text, base = stored_text(), stored_run().model
    template = ChatTemplate(text.tokenizer)
    config = SFTConfig(device="cpu", threads=1, evaluate_every=0)
    done = sft(base, template, _toy.conversations(2000, 1), config, text.train)
    prompts = _toy.prompts(400, 3)
    pairs = [(_toy.noun_of(prompt), answer)
             for prompt, answer in zip(prompts, replies(done.model, template, prompts, 4), strict=True)]  # fmt: skip
    good = [pair for pair in pairs if _toy.is_well_formed(*pair)]
    assert len(good) > 0.93 * len(pairs)
    assert abs(np.mean([_toy.oracle(*pair) for pair in good])) < 0.4
    assert forgetting(base, done.model, text.held_out[:20_000]) < 1
