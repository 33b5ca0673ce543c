"""Learning from preferences directly: against a formula written independently, enumeration, and plain readings."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from book_lib.pipeline import _dpo_loop
from book_lib.pipeline.chat import ChatTemplate, Message, load_chat
from book_lib.pipeline.dpo import DivergedError, DPOConfig, dpo, dpo_loss, implied_rewards
from book_lib.pipeline.ppo import sequence_logprobs, tilt
from book_lib.pipeline.run import RunFolder
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPT, GPTConfig

TEMPLATE = ChatTemplate(BPETokenizer())
QUESTION = (Message("user", "Yes?"),)
LONGER = (*QUESTION, Message("assistant", "Ho"), Message("user", "And?"))
PAIRS = [SimpleNamespace(prompt=prompt, chosen=chosen, rejected=rejected)
         for prompt, chosen, rejected in ((QUESTION, "Yes.", "No"), (LONGER, "Hm", "No way."), (QUESTION, "", "Never"),
                                          (LONGER, "Yes, yes.", "N"))]  # fmt: skip
SMALL = {"steps": 6, "batch": 3, "beta": 0.3, "learning_rate": 0.01, "checkpoint_every": 2, "device": "cpu",
         "threads": 1}  # fmt: skip


def small(seed=0, vocab=None, context=40):
    return GPT(GPTConfig(vocab or TEMPLATE.vocab_size, context, width=16, layers=2, heads=2), seed=seed).eval()


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def timeless(rows):
    return [{key: value for key, value in row.items() if key != "pairs_per_second"} for row in rows]


def alone(model, prompt, answer):
    """Return ln π(answer and its end | prompt), token by token, each from a reading of its own."""
    before = TEMPLATE.prompt(prompt).tolist()
    total = 0.0
    for token in [*TEMPLATE.tokenizer.encode(answer), TEMPLATE.end]:
        total += float(torch.from_numpy(model.next_logits(before)).double().log_softmax(0)[token])
        before.append(token)
    return total


# ------------------------------------------------------------------------------------------------ the loss


def independent(chosen, rejected, ref_chosen, ref_rejected, beta):
    """Return −ln of the likelihood, from probabilities rather than their logarithms, and its gradient by hand."""
    ratio = (np.exp(chosen) / np.exp(ref_chosen)) / (np.exp(rejected) / np.exp(ref_rejected))
    wins = ratio**beta / (1 + ratio**beta)  # Bradley–Terry
    return -np.log(wins).mean(), -beta * (1 - wins) / len(wins)


@pytest.mark.parametrize("beta", [0.1, 1.0, 3.0])
def test_loss_and_gradient_are_those_of_an_independent_formula(beta):
    given = -np.random.default_rng(0).exponential(2, (4, 7))
    policy = [torch.tensor(row, requires_grad=True) for row in given[:2]]
    loss = dpo_loss(*policy, *given[2:], beta)
    loss.backward()
    expected, slope = independent(*given, beta)
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    assert np.allclose(policy[0].grad, slope, rtol=1e-10) and np.allclose(policy[1].grad, -slope, rtol=1e-10)
    references = [torch.tensor(row, dtype=torch.float64, requires_grad=True) for row in given]
    assert torch.autograd.gradcheck(lambda *rows: dpo_loss(*rows, beta), references)


def test_where_policy_and_reference_agree_the_loss_is_ln_2():
    row, other = torch.tensor([-1.0, -5.0]), torch.tensor([-2.0, -30.0])
    assert dpo_loss(row, other, row, other, 0.5).item() == pytest.approx(math.log(2))


def test_the_loss_does_not_overflow():
    far = torch.tensor([-1e4])
    assert dpo_loss(far, torch.zeros(1), torch.zeros(1), torch.zeros(1), 1.0).item() == pytest.approx(1e4)
    assert dpo_loss(torch.zeros(1), far, torch.zeros(1), torch.zeros(1), 1.0).item() == 0


def test_weights_count_pairs():
    given = np.random.default_rng(1).normal(size=(4, 3))
    repeated = np.repeat(given, [2, 0, 1], axis=1)
    assert dpo_loss(*given, 0.4, weights=[2.0, 0.0, 1.0]).item() == pytest.approx(dpo_loss(*repeated, 0.4).item())


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_on_all_preferences_it_recovers_the_tilt(beta):
    """A law over five answers, and all pairs with the probabilities of Bradley–Terry: the best policy is the tilt."""
    reference = np.array([0.4, 0.1, 0.25, 0.2, 0.05])
    reward = np.array([0.0, 1.0, -1.0, 0.5, 2.0])
    pairs = list(itertools.permutations(range(5), 2))
    first, second = (torch.tensor(row) for row in zip(*pairs, strict=True))
    chance = [1 / (1 + math.exp(reward[j] - reward[i])) for i, j in pairs]
    log_reference = torch.tensor(reference).log()
    logits = log_reference.clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS([logits], max_iter=300, tolerance_grad=1e-12, tolerance_change=0,
                                  line_search_fn="strong_wolfe")  # fmt: skip

    def closure():
        optimizer.zero_grad()
        logp = logits.log_softmax(0)
        loss = dpo_loss(logp[first], logp[second], log_reference[first], log_reference[second], beta, chance)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert np.allclose(logits.softmax(0).detach(), tilt(reference, reward, beta), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.0], [0.0], [0.0], [0.0], 0.0), "beta must be greater than 0"),
        (([0.0], [0.0, 1.0], [0.0], [0.0], 0.1), "policy_rejected must have the shape of policy_chosen"),
        (([[0.0]], [0.0], [0.0], [0.0], 0.1), r"policy_chosen must have shape \(B,\)"),
        (([], [], [], [], 0.1), "B at least 1"),
        (([0.0], [0.0], [0.0], [0.0], 0.1, [-1.0]), "weights must be 1 numbers that are not negative"),
        (([0.0], [0.0], [0.0], [0.0], 0.1, [0.0]), "not all 0"),
    ],
)
def test_bad_losses_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        dpo_loss(*arguments)


# ------------------------------------------------------------------------------------------------ the pairs


def test_whole_answers_are_looked_up_as_one_by_one():
    pairs, model = _dpo_loop.Pairs.of(TEMPLATE, PAIRS, 40), small()
    ids, mask = pairs.take(np.array([3, 0, 2, 1]), torch.device("cpu"))
    found = sequence_logprobs(model, ids, mask).sum(1).view(2, 4).detach().numpy()
    for column, index in enumerate((3, 0, 2, 1)):
        pair = PAIRS[index]
        for row, answer in enumerate((pair.chosen, pair.rejected)):
            assert found[row, column] == pytest.approx(alone(model, pair.prompt, answer), abs=1e-4)


def test_only_the_last_answer_and_its_end_count():
    pairs = _dpo_loop.Pairs.of(TEMPLATE, PAIRS[1:2], 40)
    assert [TEMPLATE.tokenizer.decode(row[asked].numpy()) for row, asked in zip(pairs.ids, pairs.mask, strict=True)] \
        == ["Hm<|end|>", "No way.<|end|>"]  # fmt: skip


def test_padding_touches_no_weight():
    """A pair alone, and the same beside a longer one that weighs nothing: the same gradient."""
    gradients = []
    for chosen in ([0], [0, 3]):
        model = small()
        pairs = _dpo_loop.Pairs.of(TEMPLATE, PAIRS, 40)
        ids, mask = pairs.take(np.array(chosen), torch.device("cpu"))
        ours = sequence_logprobs(model, ids, mask).sum(1).view(2, -1)
        zero = torch.zeros_like(ours)
        dpo_loss(*ours, *zero, 0.3, weights=[1.0, 0.0][: len(chosen)]).backward()
        gradients.append(torch.cat([weight.grad.flatten() for weight in model.parameters()]))
    assert (gradients[0] - gradients[1]).abs().max() < 1e-5 * gradients[0].abs().max()


# ------------------------------------------------------------------------------------------------ learning


def test_two_steps_are_those_of_torch():
    config = DPOConfig(**{**SMALL, "steps": 2, "warmup": 0, "max_norm": 0.5})
    done = dpo(small(), TEMPLATE, PAIRS, config)
    model, reference, rng = small(), small(), np.random.default_rng(0)
    optimizer = torch.optim.Adam(model.parameters(), eps=1e-5)
    for step in range(2):
        drawn = [PAIRS[index] for index in rng.choice(4, 3, replace=False)]
        gaps = []
        for pair in drawn:
            logs = []
            for answer in (pair.chosen, pair.rejected):
                ids = torch.from_numpy(TEMPLATE.answered(pair.prompt, answer).ids)[None]
                start = len(TEMPLATE.prompt(pair.prompt))
                both = [one(ids[:, :-1]).log_softmax(2)[0, start - 1 :].gather(1, ids[0, start:, None]).sum()
                        for one in (model, reference)]  # fmt: skip
                logs.append(both[0] - both[1].detach())
            gaps.append(logs[0] - logs[1])
        loss = -torch.nn.functional.logsigmoid(0.3 * torch.stack(gaps)).mean()
        assert done.column("loss")[step] == pytest.approx(loss.item(), abs=1e-5)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.param_groups[0]["lr"] = config.schedule(step)
        optimizer.step()
    for name, value in done.model.state_dict().items():
        assert torch.allclose(value, model.state_dict()[name], atol=2e-5), name


def test_it_learns_what_was_preferred():
    model = small()
    before = weights(model)
    done = dpo(model, TEMPLATE, PAIRS, DPOConfig(**{**SMALL, "steps": 40, "batch": 4}))
    assert done.column("loss")[0] == pytest.approx(math.log(2), abs=1e-6) and done.column("loss")[-1] < 0.1
    assert done.column("accuracy")[-1] == 1 and done.column("margin")[-1] > 2
    chosen, rejected = done.column("chosen"), done.column("rejected")
    assert np.allclose(done.column("margin"), 0.3 * (chosen - rejected), atol=1e-4)
    assert same(weights(model), before)
    prompts = [pair.prompt for pair in PAIRS]
    for name, sign in (("chosen", 1), ("rejected", -1)):
        answers = [getattr(pair, name) for pair in PAIRS]
        found = implied_rewards(done.model, model, TEMPLATE, prompts, answers, 0.3)
        exact = [0.3 * (alone(done.model, p, a) - alone(model, p, a)) for p, a in zip(prompts, answers, strict=True)]
        assert np.allclose(found, exact, atol=1e-4)
        assert sign * found.mean() > 0


def test_before_the_first_step_all_pairs_are_ties():
    """Also where what the reference says was looked up in other parts, and differs by a rounding."""
    pairs = [SimpleNamespace(prompt=QUESTION, chosen="Yes" * (k % 5), rejected="No" * (k % 7 + 1)) for k in range(40)]
    done = dpo(small(), TEMPLATE, pairs, DPOConfig(**{**SMALL, "steps": 1, "batch": 21}))
    assert done.column("accuracy").tolist() == [0.5]


def test_implied_rewards_silence_nothing():
    model = GPT(GPTConfig(TEMPLATE.vocab_size, 40, 16, 1, 2, dropout=0.5)).train()
    found = implied_rewards(model, model, TEMPLATE, [QUESTION] * 2, ["Yes", "No"], 1.0)
    assert found.tolist() == [0.0, 0.0] and model.training


def test_a_training_that_was_stopped_goes_on_to_the_same_bits(tmp_path):
    unbroken = dpo(small(), TEMPLATE, PAIRS, DPOConfig(**SMALL))

    def stop(row):
        if row["step"] == 5:
            raise KeyboardInterrupt

    run = RunFolder(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        dpo(small(), TEMPLATE, PAIRS, DPOConfig(**SMALL), run, each=stop)
    done = dpo(small(), TEMPLATE, PAIRS, DPOConfig(**SMALL), run)
    assert same(weights(done.model), weights(unbroken.model)) and timeless(done.rows) == timeless(unbroken.rows)
    assert same(weights(load_chat(run, "dpo")[0]), weights(unbroken.model))
    with pytest.raises(ValueError, match="another configuration: beta was 0.3, now it is 0.4"):
        dpo(small(), TEMPLATE, PAIRS, DPOConfig(**{**SMALL, "beta": 0.4}), run)
    with pytest.raises(ValueError, match="another material: preferences was 4, now it is 3"):
        dpo(small(), TEMPLATE, PAIRS[:3], DPOConfig(**SMALL), run)


def test_a_loss_that_is_no_number_stops_at_the_step_and_keeps_the_checkpoint(tmp_path, monkeypatch):
    calls = []

    def faulty(*arguments):
        calls.append(1)
        return dpo_loss(*arguments) * (math.nan if len(calls) == 4 else 1)

    run = RunFolder(tmp_path / "run")
    monkeypatch.setattr(_dpo_loop, "dpo_loss", faulty)
    with pytest.raises(DivergedError, match="the loss is nan at step 4") as caught:
        dpo(small(), TEMPLATE, PAIRS, DPOConfig(**SMALL), run)
    assert caught.value.step == 4 and len(run.metrics("dpo")) == 3
    assert [path.name for path in run.checkpoints("dpo")] == ["dpo-00000002.safetensors"]
    monkeypatch.setattr(_dpo_loop, "dpo_loss", dpo_loss)
    done = dpo(small(), TEMPLATE, PAIRS, DPOConfig(**SMALL), run)
    assert same(weights(done.model), weights(dpo(small(), TEMPLATE, PAIRS, DPOConfig(**SMALL)).model))


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps"), ({"batch": 0}, "batch"), ({"beta": 0}, "beta must be greater than 0"),
        ({"beta": math.inf}, "beta must be finite"), ({"learning_rate": -1}, "learning_rate"),
        ({"steps": 5, "warmup": 5}, "warmup must be less than steps, 5"), ({"max_norm": 0}, "max_norm"),
        ({"seed": -1}, "seed"),
    ],
)  # fmt: skip
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        DPOConfig(**settings)
    with pytest.raises(TypeError, match="device"):
        DPOConfig(device=None)


def test_bad_pairs_and_models_are_named():
    def attempt(pairs, model=None):
        return dpo(model or small(), TEMPLATE, pairs, DPOConfig(**SMALL))

    with pytest.raises(ValueError, match="at least one pair"):
        attempt([])
    with pytest.raises(TypeError, match=r"preferences\[1\] must be a Preference, got \('a', 'b'\)"):
        attempt([PAIRS[0], ("a", "b")])
    with pytest.raises(TypeError, match="preferences must be a sequence"):
        attempt(iter(PAIRS))
    long = SimpleNamespace(prompt=QUESTION, chosen="Yes", rejected="x" * 60)
    with pytest.raises(ValueError, match=r"preferences\[1\], rejected, must have at most 40 tokens"):
        attempt([PAIRS[0], long])
    answered = SimpleNamespace(prompt=(*QUESTION, Message("assistant", "b")), chosen="Yes", rejected="No")
    with pytest.raises(ValueError, match=r"preferences\[0\], chosen: messages\[1\] must be the user's"):
        attempt([answered])
    with pytest.raises(ValueError, match="model must have the template's vocabulary, 261 tokens, got 300"):
        attempt(PAIRS, small(vocab=300))
    with pytest.raises(TypeError, match="config must be a DPOConfig"):
        dpo(small(), TEMPLATE, PAIRS, SMALL)
    with pytest.raises(ValueError, match="answers must be one to each of 1 prompts"):
        implied_rewards(small(), small(), TEMPLATE, [QUESTION], [], 0.1)
