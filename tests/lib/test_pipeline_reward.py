"""The reward model: its loss and strengths against references, its scores, its training, and what a fault leaves."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression

from book_lib.pipeline import _reward_loop, _toy
from book_lib.pipeline._reward_loop import Order, promises
from book_lib.pipeline._reward_model import score_rows
from book_lib.pipeline._reward_sources import RewardSources
from book_lib.pipeline.chat import ChatTemplate, Message
from book_lib.pipeline.reward import (
    DivergedError,
    Preference,
    RewardConfig,
    Rewarder,
    RewardModel,
    bradley_terry,
    calibration,
    fit_strengths,
    load_preferences,
    load_reward,
    preference_loss,
    train_reward,
)
from book_lib.pipeline.run import RunFolder
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPT, GPTConfig

TEMPLATE = ChatTemplate(BPETokenizer())
ASKED = (Message("user", "Well?"),)
LONGER = (*ASKED, Message("assistant", "So."), Message("user", "And then?"))
WORDS = ("good", "fine", "nice", "dull", "poor", "grim")  # the first three are liked
SMALL = {"steps": 12, "batch": 8, "learning_rate": 5e-3, "checkpoint_every": 4, "evaluate_every": 4, "device": "cpu",
         "threads": 1}  # fmt: skip


def small(seed=0, vocabulary=TEMPLATE.vocab_size, context=64, **sizes):
    return GPT(GPTConfig(vocabulary, context, width=16, layers=2, heads=2, **sizes), seed=seed).eval()


def pairs(count, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        better, worse = WORDS[rng.integers(3)], WORDS[3 + rng.integers(3)]
        form = ("It is {}.", "{}, I think.", "Rather {} now.")[rng.integers(3)]
        found.append(Preference((ASKED, LONGER)[rng.integers(2)], form.format(better), form.format(worse)))
    return found


def train(count=40, run=None, model=None, each=None, held_out=None, **settings):
    config = RewardConfig(**{**SMALL, **settings})
    return train_reward(model or small(), TEMPLATE, pairs(count), config, held_out or pairs(20, 1), run, each=each)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def timeless(rows):
    return [{key: value for key, value in row.items() if key != "pairs_per_second"} for row in rows]


class StopError(Exception):
    """What interrupts a training in a test."""


# --------------------------------------------------------------------------------------------- the preferences


@pytest.mark.parametrize(("difference", "chance"), [(0, 0.5), (1, 0.7311), (2, 0.8808), (-1, 0.2689)])
def test_bradley_terry_is_the_sigmoid(difference, chance):
    assert round(float(bradley_terry(difference)), 4) == chance


def test_the_chances_of_both_sum_to_one():
    d = np.linspace(-30, 30, 61)
    np.testing.assert_allclose(bradley_terry(d) + bradley_terry(-d), 1, atol=1e-15)


def test_the_loss_is_torchs():
    rng = np.random.default_rng(0)
    above, below = torch.from_numpy(3 * rng.normal(size=(2, 50)))
    assert torch.isclose(preference_loss(above, below), -F.logsigmoid(above - below).mean(), rtol=1e-14, atol=0)
    assert preference_loss([1.0], [1.0]).item() == pytest.approx(math.log(2), abs=1e-15)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_loss_and_its_slope_are_stable(dtype):
    above = torch.tensor([1e4, -1e4, 0.0], dtype=dtype, requires_grad=True)
    below = torch.tensor([-1e4, 1e4, 0.0], dtype=dtype)
    loss = preference_loss(above, below)
    loss.backward()
    assert loss.item() == pytest.approx((2e4 + math.log(2)) / 3, rel=1e-6)
    np.testing.assert_allclose(above.grad, [0, -1 / 3, -1 / 6], rtol=1e-6)


def test_the_slope_of_a_pair_by_hand():
    above = torch.tensor([0.3, -1.2], dtype=torch.float64, requires_grad=True)
    below = torch.tensor([1.0, 0.4], dtype=torch.float64, requires_grad=True)
    preference_loss(above, below).backward()
    by_hand = -1 / (1 + np.exp(above.detach().numpy() - below.detach().numpy())) / 2
    np.testing.assert_allclose(above.grad, by_hand, rtol=1e-13)
    np.testing.assert_allclose(below.grad, -by_hand, rtol=1e-13)


def test_a_constant_changes_no_loss():
    rng = np.random.default_rng(1)
    above, below = rng.normal(size=(2, 20))
    shifted = preference_loss(above + 17, below + 17).item()
    assert shifted == pytest.approx(preference_loss(above, below).item(), rel=1e-13)


@pytest.mark.parametrize(("chosen", "rejected", "told"), [
    ([1.0, 2.0], [1.0], r"rejected must have the shape of chosen, \(2,\), got \(1,\)"),
    ([], [], r"chosen must have shape \(B,\)"),
    ([[1.0]], [[1.0]], r"chosen must have shape \(B,\)"),
    ([math.nan], [1.0], "chosen must be finite"),
    (["a"], [1.0], "chosen must be an array"),
])  # fmt: skip
def test_what_is_no_pair_of_rewards(chosen, rejected, told):
    with pytest.raises((TypeError, ValueError), match=told):
        preference_loss(chosen, rejected)


@pytest.mark.parametrize(("fields", "told"), [
    ({"chosen": ""}, "chosen must not be empty"),
    ({"rejected": " \n"}, "rejected must not be empty"),
    ({"chosen": 3}, "chosen must be text, got 3"),
    ({"rejected": "a"}, "chosen and rejected must differ, got 'a'"),
    ({"prompt": ()}, "messages must hold at least one"),
    ({"prompt": (Message("assistant", "Hm"),)}, r"messages\[0\]\.role must be 'system' or 'user'"),
    ({"prompt": (Message("user", "a"), Message("assistant", "b"))}, r"messages\[1\] must be the user's"),
])  # fmt: skip
def test_what_is_no_preference(fields, told):
    with pytest.raises((TypeError, ValueError), match=told):
        Preference(**{"prompt": ASKED, "chosen": "a", "rejected": "b", **fields})


def test_a_prompt_becomes_a_tuple():
    pair = Preference([Message("user", "a")], "b", "c")
    assert pair.prompt == (Message("user", "a"),) and pair in {pair}


# ------------------------------------------------------------------------------------------------ the file


def written(tmp_path, *lines):
    path = tmp_path / "preferences.jsonl"
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines), encoding="utf-8")
    return path


GOOD = {"prompt": [{"role": "user", "content": "Well?"}], "chosen": "Yes.", "rejected": "No."}


def test_a_file_is_read(tmp_path):
    path = written(tmp_path, GOOD, "", {**GOOD, "prompt": "Well\u2028now?", "note": 1})
    first, second = load_preferences(path)
    assert first == Preference(ASKED, "Yes.", "No.")
    assert second.prompt == (Message("user", "Well\u2028now?"),)


@pytest.mark.parametrize(("line", "told"), [
    ("{", "must be a JSON object"),
    ("[1]", "must be a JSON object, got list"),
    ({"prompt": "a", "chosen": "b"}, "there must be a field 'rejected', got 'prompt', 'chosen'"),
    ({}, "there must be a field 'prompt', got none"),
    ({**GOOD, "chosen": None}, "chosen must be text, got None"),
    ({**GOOD, "chosen": ""}, "chosen must not be empty"),
    ({**GOOD, "chosen": "No."}, "chosen and rejected must differ"),
    ({**GOOD, "prompt": 7}, "prompt must be a list"),
    ({**GOOD, "prompt": [{"role": "king", "content": "a"}]}, r"messages\[0\]\.role must be one of"),
    ({**GOOD, "prompt": [{"role": "user"}]}, r"prompt\[0\] must be an object with role and content"),
    ({**GOOD, "prompt": ""}, r"messages\[0\]\.content must not be empty"),
])  # fmt: skip
def test_a_bad_line_is_named(tmp_path, line, told):
    path = written(tmp_path, GOOD, "", line)
    with pytest.raises(ValueError, match=told) as caught:
        load_preferences(path)
    assert str(caught.value).startswith(f"{path}, line 3: ")


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_preferences(tmp_path / "nowhere.jsonl")
    with pytest.raises(ValueError, match="must hold at least one preference, got none"):
        load_preferences(written(tmp_path, ""))
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe{")
    with pytest.raises(ValueError, match="must be UTF-8"):
        load_preferences(tmp_path / "bytes.jsonl")


# ------------------------------------------------------------------------------------------- the strengths


def table(strengths, games, seed):
    """Return drawn wins: each pair meets so often."""
    rng, n = np.random.default_rng(seed), len(strengths)
    wins = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            wins[i, j] = rng.binomial(games, 1 / (1 + np.exp(strengths[j] - strengths[i])))
            wins[j, i] = games - wins[i, j]
    return wins


def test_two_items_have_a_closed_form():
    s = fit_strengths([[0, 30], [10, 0]])
    assert s[0] - s[1] == pytest.approx(math.log(3), abs=1e-10) and abs(s.sum()) < 1e-12


def test_expected_counts_give_the_truth_back():
    truth = np.array([1.5, 0.2, -0.4, -1.3])
    np.testing.assert_allclose(fit_strengths(100 * bradley_terry(truth[:, None] - truth) * (1 - np.eye(4))), truth,
                               atol=1e-9)  # fmt: skip


@pytest.mark.parametrize("prior", [0.0, 0.5, 5.0])
def test_strengths_are_those_of_a_logistic_regression(prior):
    """Each game is a row with +1 for one item and −1 for the other, weighted by how often it came."""
    wins = table(np.linspace(-1, 1, 6), 12, seed=3)
    i, j = np.nonzero(wins)
    rows = np.eye(6)[i] - np.eye(6)[j]
    both = np.concatenate([rows, -rows])  # the classes must be two: a win of one is a defeat of the other
    labels, weight = np.repeat([1, 0], len(rows)), np.tile(wins[i, j] / 2, 2)
    C = 1e10 if prior == 0 else 1 / prior
    fitted = LogisticRegression(C=C, fit_intercept=False, tol=1e-12, max_iter=10_000)
    theirs = fitted.fit(both, labels, sample_weight=weight).coef_[0]
    np.testing.assert_allclose(fit_strengths(wins, prior), theirs - theirs.mean(), atol=2e-5)


def test_at_the_top_wins_are_as_many_as_expected():
    wins = table(np.linspace(-2, 2, 8), 9, seed=1)
    s = fit_strengths(wins, prior=0.1)
    slope = (wins - (wins + wins.T) * bradley_terry(s[:, None] - s)).sum(1) - 0.1 * s
    assert np.abs(slope).max() < 1e-9


def test_the_order_is_recovered():
    truth = np.random.default_rng(0).normal(0, 1.5, 12)
    found = fit_strengths(table(truth, 200, seed=2))
    assert np.corrcoef(found, truth)[0, 1] > 0.99
    assert (np.argsort(found)[[0, -1]] == np.argsort(truth)[[0, -1]]).all()


def test_items_that_did_not_all_meet_are_compared_by_way_of_others():
    truth = np.array([1.0, 0.0, -1.0])
    wins = 50 * bradley_terry(truth[:, None] - truth) * np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    np.testing.assert_allclose(fit_strengths(wins), truth, atol=1e-9)


def test_a_circle_of_wins_makes_all_equal():
    np.testing.assert_allclose(fit_strengths([[0, 1, 0], [0, 0, 1], [1, 0, 0]]), 0, atol=1e-10)


@pytest.mark.parametrize(("wins", "told"), [
    ([[0, 1], [0, 0]], "item 0 never lost to the others"),
    ([[0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 0, 1], [0, 0, 1, 0]], "items 0, 1 never lost to the others"),
    ([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], "items 2, 3 never met the others"),
    ([[0, 1, 0], [1, 0, 0], [0, 0, 0]], "item 2 never met the others"),
    (np.triu(np.ones((9, 9)), 1), "item 0 never lost"),
    (np.zeros((3, 3)), "at least one comparison"),
    ([[1, 1], [1, 0]], "0 on the diagonal, as no item meets itself, got 1 for item 0"),
    ([[0, -1], [1, 0]], r"at least 0, got -1 at index \(0, 1\)"),
    ([[0, math.inf], [1, 0]], "wins must be finite"),
    ([[0]], r"shape \(n, n\), n at least 2"),
    ([[0, 1, 2], [1, 0, 2]], r"shape \(n, n\)"),
    ([["a", 0], [0, 0]], "wins must be an array"),
])  # fmt: skip
def test_what_is_no_table_of_wins(wins, told):
    with pytest.raises((TypeError, ValueError), match=told):
        fit_strengths(wins)


def test_a_prior_makes_sense_of_every_table():
    assert fit_strengths([[0, 5], [0, 0]], prior=1)[0] > 0
    s = fit_strengths([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 2], [0, 0, 1, 0]], prior=1)
    assert abs(s.sum()) < 1e-12 and s[2] > s[0] == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="prior must be at least 0, got -1"):
        fit_strengths([[0, 1], [1, 0]], prior=-1)


def test_lopsided_tables_converge():
    wins = np.array([[0, 1e9, 1e9], [1, 0, 1e9], [1, 1, 0]])
    s = fit_strengths(wins)
    expected = (wins + wins.T) * bradley_terry(s[:, None] - s)
    np.testing.assert_allclose(wins.sum(1), expected.sum(1), rtol=1e-5)


# -------------------------------------------------------------------------------------------- calibration


def test_calibration_is_a_count():
    rng = np.random.default_rng(5)
    d = rng.normal(0, 2, 400)
    won = rng.random(400) < bradley_terry(d)
    found = calibration(d, won, bins=5)
    p = 1 / (1 + np.exp(-d))
    for k in range(5):
        here = (p > k / 5) & (p <= (k + 1) / 5)
        assert found.counts[k] == here.sum()
        assert found.frequency[k] == pytest.approx(won[here].mean())
        assert found.confidence[k] == pytest.approx(p[here].mean())
    assert np.abs(found.frequency - found.confidence).max() < 0.15  # the judge was drawn from the promise


def test_what_cannot_be_calibrated():
    with pytest.raises(ValueError, match=r"must both have shape \(N,\)"):
        calibration([1.0, 2.0], [1])
    with pytest.raises(ValueError, match="N at least 1"):
        calibration([], [])
    with pytest.raises(ValueError, match="differences must be finite"):
        calibration([math.nan], [1])
    with pytest.raises(ValueError, match="labels"):
        calibration([1.0], [2])
    with pytest.raises(ValueError, match="bins"):
        calibration([1.0], [1], bins=0)


def test_promises_ask_of_the_favourite():
    told = promises(np.array([3.0, 2.5, -3.0, 0.1]))
    assert told["counts"] == [1, 3] and told["came"] == pytest.approx([1, 2 / 3])
    assert json.dumps(told)
    assert promises(np.array([1.0, math.nan])) == {"counts": [], "promised": [], "came": []}


# ------------------------------------------------------------------------------------------------ the model


def test_a_score_is_read_off_at_the_end():
    backbone = small()
    model = RewardModel(backbone)
    ids = torch.randint(0, 256, (3, 9), generator=torch.Generator().manual_seed(0))
    lengths = [9, 4, 1]
    found = model.score(ids, lengths)
    for row, length in enumerate(lengths):
        stream = backbone.final_norm(backbone.stream(ids[row : row + 1, :length]))[0, -1]
        assert torch.isclose(found[row], stream @ model.head.weight[0], atol=1e-6)


def test_filling_touches_nothing():
    model = RewardModel(small())
    ids = torch.randint(0, 256, (4, 12), generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([5, 7, 12, 1])
    other = ids.clone()
    for row, length in enumerate(lengths):
        other[row, length:] = TEMPLATE.pad
    assert torch.equal(model.score(ids, lengths), model.score(other, lengths))
    for row, length in enumerate(lengths):
        alone = model.score(ids[row : row + 1, :length], lengths[row : row + 1])
        assert torch.isclose(alone[0], model.score(ids, lengths)[row], atol=1e-6)
    model.score(other, lengths).sum().backward()
    assert not model.backbone.token_embedding.weight.grad[TEMPLATE.pad].any()
    assert not model.backbone.position_embedding.weight.grad[12:].any()


def test_the_head_begins_at_its_scale():
    model = RewardModel(GPT(GPTConfig(10, 8, width=1000, layers=1, heads=1, hidden=10)), seed=4)
    assert float(model.head.weight.detach().std()) == pytest.approx(1 / math.sqrt(1001), rel=0.07)
    assert model.head.bias is None
    assert same(weights(RewardModel(small(), seed=1)), weights(RewardModel(small(), seed=1)))
    assert not torch.equal(RewardModel(small(), seed=1).head.weight, RewardModel(small(), seed=2).head.weight)


def test_the_backbone_is_a_copy_without_what_it_does_not_need():
    backbone = small(tied=False, dropout=0.3).train()
    before = weights(backbone)
    model = RewardModel(backbone)
    assert not any("unembedding" in name for name, _ in model.named_parameters())
    with torch.no_grad():
        model.backbone.token_embedding.weight.zero_()
    assert same(before, weights(backbone)) and backbone.training
    ids = [[1, 2, 3]]
    assert torch.equal(model.score(ids, [3]), model.score(ids, [3])), "dropout must be at rest"


@pytest.mark.parametrize(("ids", "lengths", "told"), [
    ([[1, 2]], [3], r"lengths must be 1 integers from 1 to 2, got \[3\]"),
    ([[1, 2]], [0], "lengths must be 1 integers from 1 to 2"),
    ([[1, 2]], [1, 2], "lengths must be 1 integers"),
    ([[1, 2]], [1.0], "lengths must be integers"),
    ([[1, TEMPLATE.vocab_size]], [2], "ids"),
    ([1, 2], [2], "ids"),
])  # fmt: skip
def test_what_cannot_be_scored(ids, lengths, told):
    with pytest.raises((TypeError, ValueError), match=told):
        RewardModel(small()).score(ids, lengths)


def test_what_is_no_backbone():
    with pytest.raises(TypeError, match="backbone must be a GPT"):
        RewardModel("gpt")
    with pytest.raises(ValueError, match="backbone must have weights"):
        RewardModel(GPT(GPTConfig(10, 8, width=16, layers=1, heads=2), seed=None))


# --------------------------------------------------------------------------------------------- the rewarder


@pytest.fixture(scope="module")
def rewarder():
    return Rewarder(RewardModel(small()), TEMPLATE)


def test_answers_are_scored_one_by_one(rewarder, monkeypatch):
    prompts = [ASKED, LONGER, ASKED, LONGER, ASKED]
    answers = ["Yes.", "No, rather not.", "", "<|end|>", "é"]
    found = rewarder.score(prompts, answers)
    assert found.dtype == np.float64 and found.shape == (5,)
    monkeypatch.setattr("book_lib.pipeline._reward_model.TOGETHER", 2)
    np.testing.assert_allclose(rewarder.score(prompts, answers), found, atol=1e-6)
    for prompt, answer, score in zip(prompts, answers, found, strict=True):
        row = TEMPLATE.answered(prompt, answer)
        assert row.ids[-1] == TEMPLATE.end
        alone = rewarder.model.score(torch.from_numpy(row.ids)[None], [len(row)])
        assert alone.item() == pytest.approx(score, abs=1e-6)
    assert rewarder.score([], []).shape == (0,)


def test_an_answer_that_does_not_fit_is_read_as_far_as_it_fits(rewarder):
    prompt = TEMPLATE.prompt(ASKED)
    room = 64 - len(prompt) - 1
    cut, whole, longer = rewarder.score([ASKED] * 3, ["a" * 500, "a" * room, "a" * (room - 1)])
    assert cut == pytest.approx(whole, abs=1e-6) != longer


def test_what_a_rewarder_refuses(rewarder):
    with pytest.raises(ValueError, match="answers must be one to each of 1 prompts, got 2"):
        rewarder.score([ASKED], ["a", "b"])
    with pytest.raises(TypeError, match="answers must be a sequence, got str"):
        rewarder.score([ASKED], "a")
    with pytest.raises(TypeError, match=r"answers\[1\]: answer must be text"):
        rewarder.score([ASKED, ASKED], ["a", None])
    with pytest.raises(ValueError, match=r"prompts\[0\]: messages must hold at least one"):
        rewarder.score([()], ["a"])
    full = (Message("user", "a" * 70),)
    with pytest.raises(ValueError, match=r"prompts\[0\] must leave room for an answer in the context of 64"):
        rewarder.score([full], ["a"])
    with pytest.raises(TypeError, match=r"preferences\[0\] must be a Preference"):
        rewarder.differences([("a", "b")])


def test_a_reward_model_of_another_vocabulary():
    with pytest.raises(ValueError, match=r"model must have the template's vocabulary, 261 tokens, got 300"):
        Rewarder(RewardModel(small(vocabulary=300)), TEMPLATE)
    with pytest.raises(ValueError, match="model must have the template's vocabulary, 261 tokens, got 256"):
        train(model=small(vocabulary=256))
    with pytest.raises(TypeError, match="model must be a RewardModel"):
        Rewarder(small(), TEMPLATE)


def test_differences_are_those_of_scores(rewarder):
    some = pairs(7)
    prompts = [pair.prompt for pair in some]
    expected = rewarder.score(prompts, [p.chosen for p in some]) - rewarder.score(prompts, [p.rejected for p in some])
    np.testing.assert_array_equal(rewarder.differences(some), expected)


# ---------------------------------------------------------------------------------------------- the training


def test_what_is_liked_is_learnt():
    done = train(60, steps=40, learning_rate=1e-2)
    assert done.accuracy > 0.95 and (done.differences(pairs(30, 7)) > 0).mean() > 0.95
    loss = done.column("loss")
    assert loss[0] == pytest.approx(math.log(2), abs=0.3) and loss[-5:].mean() < 0.3
    assert len(done.column("step")) == len(loss) == 40
    with pytest.raises(ValueError, match="name must be one of accuracy, gradient_norm"):
        done.column("reward")


def test_the_backbone_that_comes_in_stays():
    model = small()
    before = weights(model)
    train(model=model)
    assert same(before, weights(model))


def test_the_first_step_by_hand():
    """The row of step 1 tells of the model before it; the weights behind it are Adam's."""
    done = train(steps=1, warmup=0)
    model = RewardModel(small())
    order = Order(0, np.array([max(len(TEMPLATE.answered(p.prompt, a)) for a in (p.chosen, p.rejected))
                               for p in pairs(40)]), 8).of_step(0)  # fmt: skip
    scores = []
    for name in ("chosen", "rejected"):
        rows = [TEMPLATE.answered(pairs(40)[k].prompt, getattr(pairs(40)[k], name)).ids for k in order]
        scores.append(torch.stack([model.score(row[None], [len(row)])[0] for row in rows]))
    loss = -F.logsigmoid(scores[0] - scores[1]).mean()
    loss.backward()
    row = next(row for row in done.rows if "loss" in row)
    assert row["loss"] == pytest.approx(loss.item(), abs=1e-6)
    assert row["accuracy"] == pytest.approx((scores[0] > scores[1]).float().mean().item())
    norm = torch.stack([p.grad.norm() for p in model.parameters()]).norm()
    assert row["gradient_norm"] == pytest.approx(norm.item(), rel=1e-4)
    grad = model.head.weight.grad * min(1, 1 / norm.item())
    moved = done.model.head.weight - model.head.weight
    np.testing.assert_allclose(moved.detach(), -5e-3 * grad / (grad.abs() + 1e-5), atol=1e-6)


def test_held_out_pairs_are_measured_on_the_way():
    apart = pairs(20, 1)
    done = train(held_out=apart)
    looks = [row for row in done.rows if "held_out_loss" in row]
    assert [row["step"] for row in looks] == [0, 4, 8, 12] and [bool(row.get("final")) for row in looks][-1]
    gap = done.differences(apart)
    assert looks[-1]["held_out_accuracy"] == done.accuracy == (gap > 0).mean()
    assert looks[-1]["held_out_loss"] == pytest.approx(np.logaddexp(0, -gap).mean(), abs=1e-6)
    assert sum(looks[-1]["calibration"]["counts"]) == 20
    alone = train_reward(small(), TEMPLATE, pairs(40), RewardConfig(**SMALL))
    assert alone.accuracy is None and same(weights(alone.model), weights(done.model))


def test_each_pair_is_read_once_before_any_twice():
    lengths = np.random.default_rng(0).integers(5, 60, 37)
    order = Order(3, lengths, 5)
    read = np.concatenate([order.of_step(step) for step in range(4 * _reward_loop.POOL)])
    counts = np.bincount(read, minlength=37)
    assert counts.max() - counts.min() <= 1
    spread = [np.ptp(lengths[order.of_step(step)]) for step in range(_reward_loop.POOL)]
    assert np.mean(spread) < np.ptp(lengths) / 2
    assert (Order(3, lengths, 5).of_step(17) == order.of_step(17)).all()


def test_rows_come_as_they_are_made():
    seen = []
    done = train(each=seen.append)
    assert tuple(seen) == done.rows


@pytest.mark.parametrize("stop", [1, 4, 7, 11])
@pytest.mark.parametrize("tied", [True, False])
def test_going_on_gives_the_same_bits(tmp_path, stop, tied):
    def interrupt(row):
        if row.get("step") == stop and "loss" in row:
            raise StopError

    whole = train(model=small(tied=tied), run=RunFolder(tmp_path / "whole"))
    with pytest.raises(StopError):
        train(model=small(tied=tied), run=RunFolder(tmp_path / "cut"), each=interrupt)
    after = train(model=small(tied=tied), run=RunFolder(tmp_path / "cut"), checkpoint_every=5)
    assert same(weights(whole.model), weights(after.model))
    assert timeless(whole.rows) == timeless(after.rows) == timeless(RunFolder(tmp_path / "cut").metrics("reward"))


def test_a_finished_run_is_read_back(tmp_path):
    run = RunFolder(tmp_path / "run")
    first, again = train(run=run), train(run=run)
    assert same(weights(first.model), weights(again.model)) and first.rows == again.rows
    read = load_reward(tmp_path / "run")
    assert same(weights(first.model), weights(read.model)) and read.accuracy == first.accuracy
    assert read.rows == first.rows
    np.testing.assert_array_equal(read.differences(pairs(5)), first.differences(pairs(5)))
    assert sorted(path.name for path in (tmp_path / "run" / "reward").iterdir()) == [
        "gpt.safetensors", "head.safetensors", "tokenizer.json"]  # fmt: skip


@pytest.mark.parametrize(("settings", "count", "told"), [
    ({"learning_rate": 1e-4}, 40, "another configuration"),
    ({}, 39, "another material"),
])  # fmt: skip
def test_another_training_is_not_mixed_in(tmp_path, settings, count, told):
    run = RunFolder(tmp_path / "run")
    train(run=run)
    with pytest.raises(ValueError, match=f"belongs to another training, with {told}"):
        train(count, run=run, **settings)


def test_a_damaged_folder_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="must hold a reward model in reward/"):
        load_reward(tmp_path)
    run = RunFolder(tmp_path / "run")
    train(run=run)
    head = tmp_path / "run" / "reward" / "head.safetensors"
    head.write_bytes(head.read_bytes()[:-3])
    with pytest.raises(ValueError, match=r"head\.safetensors must be the head of a reward model, and is damaged"):
        load_reward(run)
    head.unlink()
    with pytest.raises(ValueError, match="damaged or gone"):
        load_reward(run)
    checkpoint = run.checkpoints("reward")[-1]
    checkpoint.write_bytes(checkpoint.read_bytes()[:-3])
    with pytest.raises(ValueError, match="must be a whole checkpoint"):
        train(run=run)


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    """A step that would be made of NaN is not made; the last checkpoint stands, and the training can go on from it."""
    run, model = RunFolder(tmp_path / "run"), small()
    original = RewardModel.score

    def poisoned(self, ids, lengths):
        scores = original(self, ids, lengths)
        return scores * math.nan if torch.is_grad_enabled() and len(run.checkpoints("reward")) == 1 else scores

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RewardModel, "score", poisoned)
        with pytest.raises(DivergedError, match="the loss is nan at step 5"):
            train(model=model, run=run)
    assert [path.name for path in run.checkpoints("reward")] == ["reward-00000004.safetensors"]
    assert same(weights(train(model=model, run=run).model), weights(train(model=model).model))


def test_a_backbone_with_nan_is_told():
    model = small()
    with torch.no_grad():
        model.token_embedding.weight[100] = math.nan
    with pytest.raises(DivergedError, match="the loss is nan at step 1"):
        train(model=model)


@pytest.mark.parametrize(("setting", "value", "told"), [
    ("steps", 0, "steps must be at least 1"),
    ("batch", 1.5, "batch must be an integer"),
    ("learning_rate", 0, "learning_rate must be greater than 0"),
    ("learning_rate", math.nan, "learning_rate must be finite"),
    ("max_norm", -1, "max_norm must be greater than 0"),
    ("warmup", 12, "warmup must be less than steps, 12, got 12"),
    ("seed", -1, "seed must be at least 0"),
    ("evaluate_every", -1, "evaluate_every must be at least 0"),
    ("checkpoint_every", 0, "checkpoint_every must be at least 1"),
    ("device", 3, "device must be text"),
    ("device", "abacus", "device must be 'auto', 'cpu' or a processor"),
])  # fmt: skip
def test_settings_out_of_range(setting, value, told):
    with pytest.raises((TypeError, ValueError), match=told):
        train(**{setting: value})


def test_what_cannot_be_learnt_from():
    config = RewardConfig(**SMALL)
    with pytest.raises(ValueError, match="preferences must hold at least one pair, got none"):
        train_reward(small(), TEMPLATE, [], config)
    with pytest.raises(TypeError, match=r"preferences\[1\] must be a Preference, got 'x'"):
        train_reward(small(), TEMPLATE, [*pairs(1), "x"], config)
    with pytest.raises(TypeError, match=r"held_out\[0\] must be a Preference"):
        train_reward(small(), TEMPLATE, pairs(2), config, ["x"])
    long = Preference(ASKED, "a" * 80, "b")
    with pytest.raises(ValueError, match=r"preferences\[1\], chosen, must have at most 64 tokens"):
        train_reward(small(), TEMPLATE, [*pairs(1), long], config)
    with pytest.raises(ValueError, match=r"held_out\[0\], chosen, must have at most 64 tokens"):
        train_reward(small(), TEMPLATE, pairs(1), config, [long])
    with pytest.raises(TypeError, match="config must be a RewardConfig"):
        train_reward(small(), TEMPLATE, pairs(1), SMALL)
    with pytest.raises(TypeError, match="run must be a RunFolder or None"):
        train_reward(small(), TEMPLATE, pairs(1), config, run="here")
    with pytest.raises(TypeError, match="template must be a ChatTemplate"):
        train_reward(small(), TEMPLATE.tokenizer, pairs(1), config)


def test_nothing_is_made_of_a_training_that_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one pair"):
        train_reward(small(), TEMPLATE, [], RewardConfig(**SMALL), run=RunFolder(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


# -------------------------------------------------------------------------------------- where pairs come from


def test_the_toy_world_gives_pairs():
    learnt, apart = RewardSources(toy_preferences=50, held_out_share=0.2).read(0, TEMPLATE, 4096)
    assert (len(learnt), len(apart)) == (40, 10) and not set(learnt) & set(apart)
    again, _ = RewardSources(toy_preferences=50, held_out_share=0.2).read(0, TEMPLATE, 4096)
    assert learnt == again
    good = [_toy.oracle(_toy.noun_of(p.prompt), p.chosen) > _toy.oracle(_toy.noun_of(p.prompt), p.rejected)
            for p in learnt]  # fmt: skip
    assert np.mean(good) > 0.9
    short, _ = RewardSources(toy_preferences=50).read(0, TEMPLATE, 100)
    assert 0 < len(short) < 40
    with pytest.raises(ValueError, match="fits into the context of 16 tokens"):
        RewardSources(toy_preferences=50).read(0, TEMPLATE, 16)


def test_a_file_gives_pairs(tmp_path):
    path = written(tmp_path, *({**GOOD, "chosen": f"Yes {k}."} for k in range(10)))
    sources = RewardSources(preferences=str(path), held_out_share=0.3).absolute()
    learnt, apart = sources.read(0, TEMPLATE, 64)
    assert (len(learnt), len(apart)) == (7, 3) and sources.preferences == str(path.absolute())
    path = written(tmp_path, GOOD, {**GOOD, "chosen": "a" * 90})
    with pytest.raises(ValueError, match=r"preferences\.jsonl, line 2: chosen, must have at most 64 tokens"):
        RewardSources(preferences=str(path)).read(0, TEMPLATE, 64)
    path = written(tmp_path, GOOD)
    learnt, apart = RewardSources(preferences=str(path), held_out_share=0.9).read(0, TEMPLATE, 64)
    assert (len(learnt), len(apart)) == (1, 0)


@pytest.mark.parametrize(("setting", "value"), [("toy_preferences", 0), ("noise", -1.0), ("held_out_share", 1.0),
                                                ("preferences", 3)])  # fmt: skip
def test_sources_out_of_range(setting, value):
    with pytest.raises((TypeError, ValueError), match=setting):
        RewardSources(**{setting: value})


def test_rows_of_no_texts_have_no_scores():
    assert score_rows(RewardModel(small()), [], TEMPLATE.pad).shape == (0,)


def test_a_rewarder_is_frozen(rewarder):
    with pytest.raises(dataclasses.FrozenInstanceError):
        rewarder.accuracy = 1.0
