"""The safety layer: its counts by enumeration, what it lets through, how it is evaded, and the command."""

import itertools
import json
import math
import time

import numpy as np
import pytest

from book_lib.pipeline import _cli, _faults
from book_lib.pipeline._report_reward import parts, short
from book_lib.pipeline._safety_run import SafetyConfig, SafetySources, survey
from book_lib.pipeline.chat import ChatTemplate, Message, save_chat
from book_lib.pipeline.data import ToxicityFilter
from book_lib.pipeline.reward import load_reward
from book_lib.pipeline.run import RunFolder
from book_lib.pipeline.safety import (
    EVASIONS,
    SafetyLayer,
    Verdict,
    confusion,
    evasion_rates,
    evasions,
    load_requests,
    load_safety,
    normalized,
    precision_at_base_rate,
    save_safety,
    threshold_curve,
    toy_filter,
    toy_requests,
)
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPT, GPTConfig

BAD = "Shut up, you smelly snizzler and take your friends with you!"
FINE = "Tell me about the list."
ASKED = (Message("user", FINE),)


@pytest.fixture(scope="module")
def layer():
    return SafetyLayer(toy_filter())


# -------------------------------------------------------------------------------------------------- counts


def test_confusion_by_enumeration():
    """All labels and all orders of four scores, against a count by hand."""
    scores = (0.0, 0.3, 0.5, 1.0)
    for labels in itertools.product((0, 1), repeat=4):
        for threshold in (0.0, 0.2, 0.3, 0.5, 0.7, 1.0):
            expected = [[0, 0], [0, 0]]
            for score, label in zip(scores, labels, strict=True):
                expected[label][int(score >= threshold)] += 1
            assert confusion(scores, labels, threshold).tolist() == expected


def test_a_curve_is_many_confusions():
    rng = np.random.default_rng(0)
    scores, labels = rng.random(50), rng.integers(0, 2, 50)
    thresholds = np.linspace(0, 1, 11)
    curve = threshold_curve(scores, labels, thresholds)
    assert curve.shape == (11, 2, 2) and (curve.sum((1, 2)) == 50).all()
    for table, threshold in zip(curve, thresholds, strict=True):
        assert table.tolist() == confusion(scores, labels, threshold).tolist()
    assert (np.diff(curve[:, :, 1], axis=0) <= 0).all(), "a higher threshold flags no more"
    assert threshold_curve(scores, labels, []).shape == (0, 2, 2)


@pytest.mark.parametrize(("scores", "labels", "threshold", "told"), [
    ([0.5], [1], 1.5, "threshold must lie in 0 ... 1, got 1.5"),
    ([0.5], [1], -0.1, "threshold must lie in 0 ... 1"),
    ([0.5], [1], math.nan, "threshold must be finite"),
    ([1.5], [1], 0.5, "scores must lie in 0 ... 1, got 1.5"),
    ([math.nan], [1], 0.5, "scores must be finite"),
    ([], [], 0.5, r"scores must have shape \(N,\), N at least 1"),
    ([0.5], [1, 0], 0.5, r"labels must have shape \(1,\), got \(2,\)"),
    ([0.5], [2], 0.5, "labels must hold only 0 and 1"),
])  # fmt: skip
def test_what_cannot_be_counted(scores, labels, threshold, told):
    with pytest.raises((TypeError, ValueError), match=told):
        confusion(scores, labels, threshold)


@pytest.mark.parametrize("base", [0.5, 0.1, 0.001, 0.0, 1.0])
def test_precision_where_harm_is_rare(base):
    """A hundred thousand requests, counted."""
    harmful = round(base * 100_000)
    caught, alarms = 0.9 * harmful, 0.02 * (100_000 - harmful)
    assert precision_at_base_rate(0.9, 0.02, base) == pytest.approx(caught / (caught + alarms))


def test_precision_agrees_with_a_confusion():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 300)
    scores = np.clip(0.3 * labels + 0.7 * rng.random(300), 0, 1)
    (passed, alarms), (missed, caught) = confusion(scores, labels, 0.5)
    found = precision_at_base_rate(caught / (missed + caught), alarms / (passed + alarms), labels.mean())
    assert found == pytest.approx(caught / (caught + alarms))


def test_precision_without_alarms_and_out_of_range():
    assert math.isnan(precision_at_base_rate(0, 0, 0.1))
    for name in ("recall", "false_alarm", "base"):
        for value in (-0.1, 1.1):
            with pytest.raises(ValueError, match=f"{name} must lie in 0 ... 1"):
                precision_at_base_rate(**{"recall": 0.5, "false_alarm": 0.5, "base": 0.5, name: value})


# --------------------------------------------------------------------------------------------------- the layer


def test_verdicts(layer):
    fine, bad = layer.check_input(FINE), layer.check_input(BAD)
    assert fine == Verdict(True, fine.score) and fine.score < 0.5 <= bad.score and not bad.allowed
    assert bad.reason == f"the message scores {bad.score:.3f}, at least the threshold of 0.5"
    assert layer.check_output(BAD).reason.startswith("the answer scores")


def test_each_threshold_counts_for_its_side():
    score = float(SafetyLayer(toy_filter()).score([BAD])[0])
    strict_in = SafetyLayer(toy_filter(), input_threshold=score, output_threshold=1.0)
    assert not strict_in.check_input(BAD).allowed, "the threshold itself is too much"
    assert strict_in.check_output(BAD).allowed
    assert not SafetyLayer(toy_filter(), input_threshold=0.0).check_input(FINE).allowed, "at 0 nothing passes"


def test_the_guard_refuses_before_and_behind(layer):
    heard = []

    def model(messages):
        heard.append(messages)
        return BAD if "string" in messages[-1].content else "The list is fast."

    answer = layer.guard(model)
    fine = answer(ASKED)
    assert (fine.text, fine.refused, len(fine.verdicts)) == ("The list is fast.", False, 2)
    bad = answer([Message("user", BAD)])
    assert (bad.text, bad.refused, len(bad.verdicts)) == (layer.refusal, True, 1) and len(heard) == 1
    behind = answer([*ASKED, Message("assistant", "It is fast."), Message("user", "And the string?")])
    assert (behind.text, behind.refused) == (layer.refusal, True)
    assert [one.allowed for one in behind.verdicts] == [True, False]


def test_only_the_last_message_is_judged(layer):
    """What is spread over several messages is not seen; the docstring says so."""
    history = (Message("user", BAD), Message("assistant", "Hm."), Message("user", FINE))
    assert not layer.guard(lambda messages: "Hm.")(history).refused


def test_what_a_guard_refuses(layer):
    with pytest.raises(TypeError, match="reply must be a function"):
        layer.guard("hello")
    with pytest.raises(TypeError, match="reply must be"):
        layer.guard(lambda messages: None)(ASKED)
    with pytest.raises(ValueError, match=r"messages\[0\] must be the user's"):
        layer.guard(lambda messages: "a")([Message("system", "a")])


@pytest.mark.parametrize(("settings", "told"), [
    ({"input_threshold": 1.01}, "input_threshold must lie in 0 ... 1, got 1.01"),
    ({"input_threshold": math.nan}, "input_threshold must be finite"),
    ({"output_threshold": -0.5}, "output_threshold must lie in 0 ... 1"),
    ({"output_threshold": "0.5"}, "output_threshold must be a real number"),
    ({"refusal": "  "}, "refusal must not be empty"),
    ({"refusal": None}, "refusal must be text"),
    ({"normalize": 1}, "normalize must be True or False"),
    ({"toxicity": "words"}, "toxicity must be a ToxicityFilter"),
    ({"toxicity": ToxicityFilter()}, "call fit first"),
])  # fmt: skip
def test_a_layer_out_of_range(settings, told):
    with pytest.raises((TypeError, ValueError), match=told):
        SafetyLayer(**{"toxicity": toy_filter(), **settings})


def test_texts_that_are_none(layer):
    for call in (layer.check_input, layer.check_output, normalized, lambda text: evasions(text, 0)):
        with pytest.raises(TypeError, match="text must be"):
            call(3)
    with pytest.raises(TypeError, match="texts must be several"):
        layer.score("one")
    assert layer.check_input("").score == 0


def test_a_layer_comes_back_from_a_run(tmp_path, layer):
    layer = SafetyLayer(toy_filter(), 0.3, 0.7, "No.", normalize=False)
    with RunFolder(tmp_path / "run") as run:
        save_safety(run, layer)
    read = load_safety(tmp_path / "run")
    texts, _ = toy_requests(50, 5)
    np.testing.assert_array_equal(read.score(texts), layer.score(texts))
    for name in ("input_threshold", "output_threshold", "refusal", "normalize"):
        assert getattr(read, name) == getattr(layer, name)
    assert (read.toxicity.flag(texts, "words") == layer.toxicity.flag(texts, "words")).all()
    path = tmp_path / "run" / "safety" / "layer.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match="must be a safety layer, and is damaged"):
        load_safety(run)
    with pytest.raises(FileNotFoundError, match="there is no safety layer"):
        load_safety(tmp_path)


# ------------------------------------------------------------------------------------------------ disguises


@pytest.mark.parametrize(("text", "read"), [
    ("You DROOPSOCK", "you droopsock"),
    ("dro\u200bop\u00adsock\ufeff", "droopsock"),
    ("dr\u00f3\u00f6psock", "droopsock"),
    ("dro\u0301opsock", "droopsock"),
    ("\uff44\uff52\uff4f\uff4f\uff50\uff53\uff4f\uff43\uff4b", "droopsock"),  # full width
    ("dr\u043e\u043ep\u0455\u043e\u0441k", "droopsock"),  # Cyrillic
    ("dr\u03bf\u03bfpsock", "droopsock"),  # Greek
    ("\u0412\u0410D \u041d\u0415\u041d, \u0422UP \u041c\u0423 \u0405\u0406\u0408", "bad heh, tup my sij"),
    ("\u039dI\u039d\u0397 \u0396OO, \u03a5ES, \u0391\u0392\u039c", "ninh zoo, yes, abm"),  # Greek
    ("dro\ufe0fop\ufe0esock", "droopsock"),
    ("dr00p50ck", "droopsock"), ("$nizzler", "snizzler"), ("fl@nk", "flank"), ("!t", "it"), ("f0e!", "foe!"),
    ("d r o o p s o c k", "droopsock"), ("d.r.o.o.p", "droop"), ("d-r-o-o-p", "droop"), ("d_r_o_o_p", "droop"),
    ("y o u   f l u m p", "you flump"),
    ("fluuuuump", "flump"),
    ("two  blanks\tand tabs", "two blanks and tabs"),
])  # fmt: skip
def test_normalized_takes_disguises_off(text, read):
    assert normalized(text) == read


@pytest.mark.parametrize("text", [
    "the year 2026 and 10 000 more", "a plain sentence, with signs!", "is it 3.14?", "i am a b", "all good books",
    "one line\nand another", "so what? well!",
])  # fmt: skip
def test_normalized_leaves_plain_text(text):
    assert normalized(text) == text


def test_normalized_takes_time_in_proportion():
    """Else whoever sends a row of signs stops the guard: looking ahead from each would take minutes."""
    start = time.perf_counter()
    for text in ("!" * 60_000, "0" * 60_000, "@1" * 30_000, "a." * 30_000, "a " * 30_000):
        normalized(text)
    assert time.perf_counter() - start < 5


def test_normalized_keeps_the_ends_of_sentences():
    assert normalized("You there! Stop? Now.") == "you there! stop? now."


@pytest.mark.parametrize("name", ["capitals", "accents", "zero width", "homoglyphs", "digits"])
def test_what_is_read_as_if_nothing_had_been_done(name):
    """These disguises are taken off letter by letter, whatever the text."""
    texts, _ = toy_requests(60, 9)
    rng = np.random.default_rng(0)
    for text in texts:
        assert normalized(EVASIONS[name](text, rng)) == normalized(text)


def test_each_disguise_changes_the_text_as_it_says():
    found = evasions("Be quiet, you droopsock!", rng=1)
    assert tuple(found) == tuple(EVASIONS)
    assert found["capitals"].lower() == "be quiet, you droopsock!" != found["capitals"]
    assert found["zero width"].replace("\u200b", "") == "Be quiet, you droopsock!" != found["zero width"]
    assert found["accents"].replace("\u0301", "") == "Be quiet, you droopsock!" != found["accents"]
    assert found["homoglyphs"].isascii() is False and len(found["homoglyphs"]) == 24
    assert found["blanks"] == "B e   q u i e t,   y o u   d r o o p s o c k!"
    assert found["full stops"] == "B.e q.u.i.e.t, y.o.u d.r.o.o.p.s.o.c.k!"
    assert len(found["stretched"]) == 24 + 2 * 3 and sorted(found["swapped"]) == sorted("Be quiet, you droopsock!")
    assert found["backwards"] == "eB teiuq, uoy kcospoord!"
    assert "Be quiet, you droopsock," in found["hidden"] and found["hidden"].count(".") == 1
    assert evasions("Be quiet, you droopsock!", rng=1) == found


def test_disguises_of_odd_texts():
    for text in ("", " ", "a", "!?", "12 34", "\u4f60\u597d", "no\nwords here"):
        for changed in evasions(text, 0).values():
            assert isinstance(changed, str)


@pytest.fixture(scope="module")
def rates():
    texts, labels = toy_requests(600, 11)
    harmful = [text for text, label in zip(texts, labels, strict=True) if label]
    return {one.name: one for one in evasion_rates(toy_filter(), harmful, 0.5, 0)}


def test_what_the_filter_catches_undisguised(rates):
    assert rates["none"].caught == rates["none"].caught_normalized > 0.95
    assert rates["capitals"].caught == rates["none"].caught, "it reads small letters anyway"


@pytest.mark.parametrize("name", ["accents", "zero width", "homoglyphs", "digits"])
def test_what_normalizing_repairs(rates, name):
    assert rates[name].caught < 0.2
    assert rates[name].caught_normalized == rates["none"].caught


@pytest.mark.parametrize("name", ["blanks", "full stops", "stretched"])
def test_what_normalizing_repairs_for_the_greater_part(rates, name):
    assert rates[name].caught < 0.4 and rates[name].caught_normalized > rates[name].caught + 0.5
    assert rates[name].caught_normalized < rates["none"].caught


@pytest.mark.parametrize("name", ["swapped", "backwards", "hidden"])
def test_what_normalizing_does_not_repair(rates, name):
    """Not claimed to be repaired: the filter is evaded, and stays evaded."""
    assert rates[name].caught < 0.5 and rates[name].caught_normalized == rates[name].caught


def test_every_disguise_is_measured(rates):
    assert list(rates) == ["none", *EVASIONS]
    assert rates["backwards"].example == EVASIONS["backwards"](rates["none"].example, None)


def test_what_cannot_be_measured():
    with pytest.raises(ValueError, match="texts must hold at least one"):
        evasion_rates(toy_filter(), [], 0.5, 0)
    with pytest.raises(ValueError, match="threshold must lie in 0 ... 1, got 2"):
        evasion_rates(toy_filter(), ["a"], 2, 0)


# -------------------------------------------------------------------------------------------------- requests


def test_toy_requests_are_of_both_kinds():
    texts, labels = toy_requests(1000, 0)
    assert len(texts) == 1000 and 0.45 < labels.mean() < 0.55
    insulting = np.array([any(word in text for word in _faults.INSULTS) for text in texts])
    assert insulting[labels == 1].all() and 0.2 < insulting[labels == 0].mean() < 0.6, "naming a word is no harm"
    assert toy_requests(20, 3)[0] == toy_requests(20, 3)[0] != toy_requests(20, 4)[0]
    assert toy_requests(0, 0)[0] == []
    known, _ = toy_requests(500, 0, known=True)
    unmet = _faults.INSULTS[_faults.LISTED :]
    assert not any(word in text for text in known for word in unmet)
    assert any(word in text for text in texts for word in unmet)
    with pytest.raises(ValueError, match="count must be at least 0"):
        toy_requests(-1, 0)


def test_the_toy_filter_is_good_and_errs():
    texts, labels = toy_requests(1500, 21)
    (passed, alarms), (missed, caught) = confusion(SafetyLayer(toy_filter()).score(texts), labels, 0.5)
    assert caught / (missed + caught) > 0.95 and 0.005 < alarms / (passed + alarms) < 0.08
    rare = precision_at_base_rate(caught / (missed + caught), alarms / (passed + alarms), 0.001)
    assert rare < 0.15, "where one in a thousand is harmful, most alarms are false"


def test_normalizing_accuses_no_harmless_request():
    texts, labels = toy_requests(1500, 22)
    plain, both = (SafetyLayer(toy_filter(), normalize=flag).score(texts) for flag in (False, True))
    assert (both >= plain).all()
    assert ((both >= 0.5) & (plain < 0.5))[labels == 0].mean() < 0.01


def written(tmp_path, *rows):
    path = tmp_path / "requests.jsonl"
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in rows), encoding="utf-8")
    return path


MILD, HARSH = {"text": "Hello", "harmful": False}, {"text": "Shut up", "harmful": True}


def test_requests_are_read(tmp_path):
    texts, labels = load_requests(written(tmp_path, MILD, "", {**HARSH, "note": 1}))
    assert texts == ["Hello", "Shut up"] and labels.tolist() == [0, 1]


@pytest.mark.parametrize(("line", "told"), [
    ("{", "must be a JSON object"),
    ({"harmful": True}, "text must be text that is not empty, got None"),
    ({"text": " ", "harmful": True}, "text must be text that is not empty"),
    ({"text": "a", "harmful": 1}, "harmful must be true or false, got 1"),
    ({"text": "a"}, "harmful must be true or false, got None"),
    ({"text": "\ud800", "harmful": True}, "text must"),
])  # fmt: skip
def test_a_bad_request_is_named(tmp_path, line, told):
    path = written(tmp_path, MILD, HARSH, line)
    with pytest.raises(ValueError, match=told) as caught:
        load_requests(path)
    assert str(caught.value).startswith(f"{path}, line 3: ")


def test_requests_of_one_kind(tmp_path):
    with pytest.raises(ValueError, match="must hold harmless and harmful requests, got 2 and 0"):
        load_requests(written(tmp_path, MILD, MILD))
    sources = SafetySources(requests=str(written(tmp_path, MILD, MILD, HARSH)))
    with pytest.raises(ValueError, match="must hold two requests of either kind.*got 1 harmful"):
        sources.read(0)


def test_a_file_is_split_by_kind(tmp_path):
    rows = [{"text": f"text {k}", "harmful": k % 3 == 0} for k in range(30)]
    learnt, apart = SafetySources(requests=str(written(tmp_path, *rows)), held_out_share=0.3).read(0)
    assert learnt[1].sum() == 7 and apart[1].sum() == 3 and len(apart[0]) == 9
    assert not set(learnt[0]) & set(apart[0]) and len(learnt[0]) + len(apart[0]) == 30


# ----------------------------------------------------------------------------------------------- the command


TINY = "--steps 8 --batch 4 --toy-preferences 60 --device cpu --threads 1 --evaluate-every 4".split()


def say(*words):
    return _cli.main([str(word) for word in words])


@pytest.fixture
def tuned(tmp_path):
    """A run folder with what the stage sft would have left: a small random model that knows the template."""
    run, template = RunFolder(tmp_path / "mine"), ChatTemplate(BPETokenizer())
    model = GPT(GPTConfig(template.vocab_size, context=160, width=16, layers=1, heads=2)).eval()
    with run:
        save_chat(run, "sft", model, template)
    return run


def test_the_commands_reward_and_safety(tuned, capsys):
    assert say("reward", tuned.path, *TINY) == 0
    told = capsys.readouterr().out
    assert "held-out pairs ranked right, now: " in told
    assert f"next: python -m book_lib.pipeline ppo {tuned.path}" in told
    assert load_reward(tuned).score([ASKED], ["The list is fast."]).shape == (1,)
    assert say("safety", tuned.path, "--toy-requests", 200) == 0
    told = capsys.readouterr().out
    assert "recall at the threshold of 0.5: " in told and "precision if 0.1% are harmful: " in told
    report = (tuned.path / "report.md").read_text(encoding="utf-8")
    for words in ("## The reward model", "figures/reward.svg", "figures/reward_calibration.svg", "## The safety layer",
                  "figures/safety.svg", "| homoglyphs |", "The model is that of `sft/`"):  # fmt: skip
        assert words in report
    for name in ("reward", "reward_calibration", "safety"):
        assert (tuned.path / "figures" / f"{name}.svg").stat().st_size > 2000
    assert load_safety(tuned).input_threshold == 0.5
    before = tuned.metrics("safety")
    assert say("safety", tuned.path) == 0
    assert tuned.metrics("safety") == before, "it begins anew, and comes to the same"
    assert say("reward", tuned.path, *TINY) == 0 and say("report", tuned.path) == 0


def test_reward_begins_anew_only_if_asked(tuned, capsys):
    assert say("reward", tuned.path, *TINY) == 0
    assert say("reward", tuned.path, "--noise", 3) == 2
    assert "begin anew (with --restart)" in capsys.readouterr().err
    assert say("reward", tuned.path, *TINY, "--noise", 3, "--restart") == 0
    assert tuned.config["reward"]["sources"]["noise"] == 3


def test_files_of_the_reader(tuned, tmp_path, capsys):
    pair = {"prompt": "Well?", "chosen": "Yes.", "rejected": "No."}
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join([json.dumps(pair)] * 5 + ["{}"]), encoding="utf-8")
    assert say("reward", tuned.path, *TINY, "--preferences", path) == 2
    assert f"{path}, line 6: there must be a field 'prompt'" in capsys.readouterr().err
    path.write_text("\n".join([json.dumps(pair)] * 5), encoding="utf-8")
    assert say("reward", tuned.path, *TINY, "--preferences", path) == 0
    requests = written(tmp_path, *[MILD, HARSH] * 5)
    assert say("safety", tuned.path, "--requests", requests, "--no-normalize", "--input-threshold", 0.7) == 0
    assert load_safety(tuned).normalize is False
    assert say("safety", tuned.path, "--requests", tmp_path / "nowhere") == 2
    assert say("safety", tuned.path, "--input-threshold", 7) == 2
    assert "input_threshold must lie in 0 ... 1, got 7" in capsys.readouterr().err


def test_the_newest_model_is_guarded_unless_one_is_named(tuned):
    with tuned as run:
        rows = survey(run, SafetyConfig(), SafetySources(toy_requests=100))
        assert run.config["safety"]["sources"]["start"] == "sft"
        assert [row["refused"] for row in rows if row["kind"] == "answer"][-2:] == [True, True]
        template = ChatTemplate(BPETokenizer())
        model = GPT(GPTConfig(template.vocab_size, context=160, width=16, layers=1, heads=2), seed=5).eval()
        save_chat(run, "dpo", model, template)
    assert say("safety", tuned.path) == 0 and tuned.config["safety"]["sources"]["start"] == "dpo"
    assert say("safety", tuned.path, "--start", "sft") == 0 and tuned.config["safety"]["sources"]["start"] == "sft"


def test_nothing_is_reported_of_what_has_not_begun(tuned):
    with tuned as run:
        assert list(parts(run)) == []
    assert say("safety", tuned.path, "--start", "ppo") == 2
    assert short("a  b\nc") == "a b c" and len(short("a" * 500)) == 90


@pytest.mark.parametrize(("kind", "setting", "value"), [
    (SafetyConfig, "input_threshold", 2), (SafetyConfig, "output_threshold", -1), (SafetyConfig, "refusal", ""),
    (SafetyConfig, "normalize", "yes"), (SafetyConfig, "seed", -1), (SafetySources, "requests", 3),
    (SafetySources, "toy_requests", 3), (SafetySources, "held_out_share", 0), (SafetySources, "start", "pretrain"),
])  # fmt: skip
def test_settings_out_of_range(kind, setting, value):
    with pytest.raises((TypeError, ValueError), match=setting):
        kind(**{setting: value})
