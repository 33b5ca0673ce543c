"""Learning from rewards: rollouts against plain readings, each method against its formula, and what a fault leaves."""

import dataclasses
import json
import math
from copy import deepcopy

import numpy as np
import pytest
import torch

from book_lib.pipeline import _align_loop, _rollouts
from book_lib.pipeline._align_learner import Learner
from book_lib.pipeline.chat import ChatTemplate, Message, load_chat
from book_lib.pipeline.ppo import (
    AlignConfig,
    DivergedError,
    Standardized,
    align,
    assess,
    best_of_n,
    kl_estimates,
    ppo_loss,
    rollout,
    sequence_logprobs,
    value_loss,
)
from book_lib.pipeline.run import RunFolder
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPT, GPTConfig

TEMPLATE = ChatTemplate(BPETokenizer())
PROMPTS = [(Message("user", text),) for text in ("a", "What?", "Tell me more", "so", "Why is it so?")]
PROMPTS.append((*PROMPTS[0], Message("assistant", "b"), Message("user", "and?")))
SMALL = {"batch": 12, "iterations": 4, "max_new_tokens": 7, "checkpoint_every": 2, "final_answers": 0,
         "learning_rate": 0.003, "device": "cpu", "threads": 1}  # fmt: skip
CLOSE = 5e-6


def chatty(seed=0, context=48, scale=5.0):
    """Return a random GPT whose answers differ in length: about one token in ten is the end."""
    model = GPT(GPTConfig(TEMPLATE.vocab_size, context, width=16, layers=2, heads=2, tied=False), seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2:
                weight.normal_(0, 0.5 if "unembedding" in name else 0.3, generator=generator)
        model.unembedding.weight[TEMPLATE.end] = 0
        model.unembedding.weight[TEMPLATE.end, 0] = scale
        model.final_norm.bias[0] = 1
    return model.eval()


def brevity(prompts, answers):
    return [-float(len(answer)) for answer in answers]


def loud(prompts, answers):
    return np.array([sum(letter > "m" for letter in answer) for answer in answers], dtype=float)


def said(count=24, seed=0, policy=None, **settings):
    config = AlignConfig(**{**SMALL, **settings})
    prompts = [PROMPTS[k % len(PROMPTS)] for k in range(count)]
    return rollout(policy or chatty(), TEMPLATE, prompts, config, seed)


def learner(method="ppo", policy=None, reward=brevity, **settings):
    config = AlignConfig(**{**SMALL, "method": method, "group": 4, **settings})
    return _align_loop.Alignment(policy or chatty(), TEMPLATE, PROMPTS, reward, config, torch.device("cpu"))


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def timeless(rows):
    return [{key: value for key, value in row.items() if key != "answers_per_second"} for row in rows]


# ------------------------------------------------------------------------------------------------ rollouts


def test_the_fixture_gives_answers_of_many_lengths():
    lengths = said(60).lengths
    assert len(set(lengths.tolist())) > 4 and 0.2 < said(60).ended.mean() < 0.9


@pytest.mark.parametrize("temperature", [1.0, 0.6, 1.7])
def test_cached_and_recomputed_probabilities_agree(temperature):
    policy = chatty()
    found = said(40, policy=policy, temperature=temperature)
    again = sequence_logprobs(policy, found.ids, found.mask, temperature)
    # the logits agree to 3e-6; what divides them by T < 1 multiplies that
    assert (again - found.logps).detach().abs().max() < CLOSE / min(temperature, 1.0)
    assert not found.logps[~found.mask].any() and (found.logps[found.mask] < 0).all()
    # in double precision nothing but the rounding of what a rollout keeps, float32, is left
    policy = chatty().double()
    found = said(40, policy=policy, temperature=temperature)
    again = sequence_logprobs(policy, found.ids, found.mask, temperature)
    assert (again - found.logps).detach().abs().max() < 5e-7


def test_an_answer_does_not_depend_on_its_neighbours():
    """Side by side, filled up in front: token for token what each prompt gets alone, from the model's own cache."""
    policy, rng = chatty(), np.random.default_rng(0)
    rows = [TEMPLATE.prompt(prompt) for prompt in PROMPTS]
    assert len({len(row) for row in rows}) > 4
    uniform = rng.random((len(rows), 9))
    written, logps = _rollouts._write(policy, rows, uniform, TEMPLATE.end, 1.0)
    for index, row in enumerate(rows):
        state = policy.start()
        logits, alone = state.append(row), []
        for u in uniform[index]:
            law = torch.from_numpy(logits).log_softmax(0)
            edges = law.double().exp().cumsum(0).numpy()
            alone.append(int(np.searchsorted(edges, u * edges[-1], side="right")))
            assert abs(float(law[alone[-1]]) - logps[index, len(alone) - 1]) < CLOSE
            if alone[-1] == TEMPLATE.end:
                break
            logits = state.append(alone[-1])
        assert written[index].tolist() == alone + [-1] * (9 - len(alone))


def test_a_rollout_is_what_it_says():
    found = said(30)
    for k, (prompt, answer) in enumerate(zip(found.prompts, found.answers, strict=True)):
        start, length = len(TEMPLATE.prompt(prompt)), int(found.lengths[k])
        row = found.ids[k]
        assert row[:start].tolist() == TEMPLATE.prompt(prompt).tolist()
        assert torch.equal(found.mask[k].nonzero()[:, 0], torch.arange(start, start + length))
        assert bool(row[start + length - 1] == TEMPLATE.end) == found.ended[k]
        assert (row[start : start + length - 1] != TEMPLATE.end).all()
        assert found.ended[k] or length == SMALL["max_new_tokens"]
        text = row[start : start + length - int(found.ended[k])]
        assert answer == TEMPLATE.tokenizer.decode(text.numpy())
        assert (row[start + length :] == TEMPLATE.pad).all()


def test_draws_follow_the_law():
    law = torch.tensor([[0.0, 0.1, 0.0, 0.6, 0.3]], dtype=torch.float64).log()
    uniform = torch.linspace(0, 1 - 1e-9, 10_001, dtype=torch.float64)
    drawn = torch.cat([_rollouts._drawn(law, uniform[k : k + 1]) for k in range(0, 10_001, 10)])
    assert (drawn.bincount(minlength=5) / len(drawn) - law.exp()[0]).abs().max() < 3e-3
    assert _rollouts._drawn(law, torch.tensor([0.0], dtype=torch.float64)) == 1  # what is impossible is never drawn


def test_many_prompts_are_written_in_parts(monkeypatch):
    whole = said(20)
    monkeypatch.setattr(_rollouts, "TOGETHER", 7)
    assert said(20).answers == whole.answers


def test_a_rollout_is_decided_by_its_seed():
    assert said(8, seed=3).answers == said(8, seed=3).answers != said(8, seed=4).answers


def test_dropout_is_at_rest_when_answering():
    policy = GPT(GPTConfig(TEMPLATE.vocab_size, 48, 16, 1, 2, dropout=0.5)).train()
    found = said(4, policy=policy)
    assert policy.training
    assert (sequence_logprobs(policy.eval(), found.ids, found.mask) - found.logps).abs().max() < CLOSE


# ------------------------------------------------------------------------------------------- probabilities


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_sequence_logprobs_are_those_of_each_prefix(temperature):
    policy, found = chatty(), said(6)
    logps = sequence_logprobs(policy, found.ids, found.mask, temperature).detach()
    for row, place in found.mask.nonzero().tolist():
        law = (policy(found.ids[row : row + 1, :place])[0, -1].detach() / temperature).log_softmax(0)
        assert float(logps[row, place]) == pytest.approx(float(law[found.ids[row, place]]), abs=CLOSE)


def test_padding_touches_nothing():
    policy, found = chatty(), said(8)
    ends = (found.mask * torch.arange(1, found.mask.size(1) + 1)).amax(1)
    behind = torch.arange(found.ids.size(1) + 3) >= ends[:, None]
    ids = torch.nn.functional.pad(found.ids, (0, 3)).masked_fill(behind, 65)
    mask = torch.nn.functional.pad(found.mask, (0, 3))
    results = []
    for rows, asked in ((found.ids, found.mask), (ids, mask)):
        policy.zero_grad()
        logps = sequence_logprobs(policy, rows, asked)
        logps.sum().backward()
        results.append((logps[:, : found.ids.size(1)].detach(), policy.blocks[0].mlp.up.weight.grad.clone()))
    assert (results[0][0] - results[1][0]).abs().max() < CLOSE
    assert (results[0][1] - results[1][1]).abs().max() < 1e-4 * results[0][1].abs().max()


@pytest.mark.parametrize(
    ("ids", "mask", "message"),
    [
        ([[1, 2]], [[False, True, True]], "answer_mask must be True or False"),
        ([[1, 2]], [[0, 1]], "answer_mask must be True or False"),
        ([[1, 2]], [[True, True]], "first token"),
        ([[1, 999]], [[False, True]], "ids must be in 0"),
    ],
)
def test_bad_masks_are_named(ids, mask, message):
    with pytest.raises(ValueError, match=message):
        sequence_logprobs(chatty(), ids, mask)
    with pytest.raises(ValueError, match="temperature must be greater than 0"):
        sequence_logprobs(chatty(), [[1, 2]], [[False, True]], temperature=0)


def test_the_divergence_of_one_token_is_that_of_the_whole_vocabulary():
    """k1 and k3 of many answers of one token against the sum over all V tokens."""
    policy, reference = chatty(0), chatty(0)
    with torch.no_grad():
        reference.final_norm.weight.mul_(0.9)
    prompt = PROMPTS[1]
    ours, theirs = (torch.from_numpy(m.next_logits(TEMPLATE.prompt(prompt))).double().log_softmax(0)
                    for m in (policy, reference))  # fmt: skip
    exact = float((ours.exp() * (ours - theirs)).sum())
    found = rollout(policy, TEMPLATE, [prompt] * 4000, AlignConfig(max_new_tokens=1), 0)
    k = kl_estimates(*(sequence_logprobs(m, found.ids, found.mask).sum(1).detach().numpy()
                       for m in (policy, reference)))  # fmt: skip
    for name in ("k1", "k3"):
        assert abs(k[name].mean() - exact) < 5 * k[name].std() / math.sqrt(4000)
    assert k["k3"].std() < k["k1"].std()


# ----------------------------------------------------------------------------------------------- the losses


def test_the_first_gradient_of_ppo_is_the_policy_gradient():
    """At ρ = 1: the gradient of −mean(A ln π), with the same advantages."""
    found, gradients = said(10), []
    advantages = torch.randn(int(found.mask.sum()), generator=torch.Generator().manual_seed(0))
    for loss in (lambda logps: ppo_loss(logps, logps.detach(), advantages, 0.2),
                 lambda logps: -(advantages * logps).mean()):  # fmt: skip
        policy = chatty()
        loss(sequence_logprobs(policy, found.ids, found.mask)[found.mask]).backward()
        gradients.append({name: weight.grad for name, weight in policy.named_parameters()})
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], rtol=1e-5, atol=1e-8), name


@pytest.mark.parametrize("advantage", [2.0, -2.0])
def test_the_clip_stops_only_steps_that_have_been_made(advantage):
    for ratio in (0.5, 0.79, 0.81, 1.0, 1.19, 1.21, 2.0):
        logp = torch.tensor([math.log(ratio)], requires_grad=True)
        loss = ppo_loss(logp, torch.zeros(1), torch.tensor([advantage]), 0.2)
        loss.backward()
        held = min(max(ratio, 0.8), 1.2)
        assert loss.item() == pytest.approx(-min(ratio * advantage, held * advantage))
        gone_far = ratio > 1.2 if advantage > 0 else ratio < 0.8
        assert logp.grad.item() == pytest.approx(0 if gone_far else -ratio * advantage)


def test_the_loss_of_the_value_is_the_larger_of_two():
    values, old, returns = torch.tensor([1.0, 0.1, 3.0]), torch.zeros(3), torch.tensor([2.0, 0.2, 1.0])
    expected = [max((v - r) ** 2, (min(max(v, -0.5), 0.5) - r) ** 2) / 2 for v, r in ((1, 2), (0.1, 0.2), (3, 1))]
    assert value_loss(values, old, returns, 0.5).item() == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("method", ["ppo", "grpo"])
def test_the_loss_of_a_round_is_its_formula(method):
    one = learner(method, beta=0.3, value_coefficient=0.5)
    round_, policy = one.answers(12, np.random.default_rng(1)), one.actor.policy
    ids, mask, watch = round_.ids, round_.mask, _align_loop.Watch(0.2)
    logps = sequence_logprobs(policy, ids, mask)[mask].detach()
    moved, far, values, advantages, returns = torch.randn(5, len(logps), generator=torch.Generator().manual_seed(0))
    moved, far = 0.3 * moved, 0.3 * far
    if method == "ppo":
        torch.nn.init.constant_(one.actor.value.weight, 0.3)
    loss = one.loss(ids, mask, logps - moved, logps - far, values, advantages, returns, watch).item()
    ratio, a, d = (x.double().numpy() for x in (moved.exp(), advantages, far))
    expected = -np.minimum(ratio * a, ratio.clip(0.8, 1.2) * a).mean()
    if method == "ppo":
        foretold = 0.3 * policy.final_norm(policy.stream(ids[:, :-1]))[mask[:, 1:]].sum(1).detach().numpy()
        old, aim = values.numpy(), returns.numpy()
        held = old + (foretold - old).clip(-0.2, 0.2)
        expected += 0.5 * 0.5 * np.maximum((foretold - aim) ** 2, (held - aim) ** 2).mean()
    else:
        expected += 0.3 * (np.exp(-d) - 1 + d).mean()
    assert loss == pytest.approx(expected, abs=1e-4)
    assert watch.clipped == (np.abs(ratio - 1) > 0.2).sum() > (ratio > 1.2).sum() > 0


def test_what_is_measured_is_what_it_is_called():
    one, round_ = learner(), said(6)
    past = _align_loop.look_up(one.actor, one.reference, round_, 1.0)
    for row in range(6):
        place = int(round_.mask[row].nonzero()[0])
        law = one.reference(round_.ids[row : row + 1, :place])[0, -1].softmax(0)
        assert float(past.entropy[row, place]) == pytest.approx(float(-(law * law.log()).sum()), abs=1e-4)
    d = torch.randn(past.logps.shape, generator=torch.Generator().manual_seed(0)) * round_.mask
    found = _align_loop.summary(round_, dataclasses.replace(past, reference=past.logps - d))
    assert found["kl"] == pytest.approx(float(d.sum()) / 6, abs=1e-4)  # nats an answer
    assert found["kl_k3"] == pytest.approx(float((torch.exp(-d) - 1 + d).sum()) / 6, abs=1e-4)
    assert found["entropy"] == pytest.approx(float(past.entropy[round_.mask].mean()), abs=1e-5)  # nats a token


def test_the_parts_of_a_batch_add_up_to_it(monkeypatch):
    """Read in parts of similar length, a batch has the loss and the gradient that it has in one piece."""
    gradients = []
    for together in (4, 100):
        monkeypatch.setattr(_align_loop, "TOGETHER", together)
        one = learner(value_coefficient=0.5)
        round_ = one.answers(24, np.random.default_rng(0))
        past = _align_loop.look_up(one.actor, one.reference, round_, 1.0)
        lesson = one.lesson(round_, np.arange(24.0), past)
        tables = (round_.ids, past.logps, past.reference, past.values, *lesson)
        watch = _align_loop.Watch(0.2)
        losses = list(one.losses(round_.mask, tables, np.arange(24), watch))
        sum(losses).backward()
        assert len(losses) == -(-24 // together) and watch.count == int(round_.mask.sum())
        gradients.append({name: weight.grad for name, weight in one.actor.named_parameters()})
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], rtol=1e-4, atol=1e-7), name


# ----------------------------------------------------------------------------------------------- the lessons


def prepared(method, **settings):
    one = learner(method, beta=0.3, end_penalty=1.5, **settings)
    round_ = one.answers(12, np.random.default_rng(1))
    past = _align_loop.look_up(one.actor, one.reference, round_, 1.0)
    moved = torch.randn(past.logps.shape, generator=torch.Generator().manual_seed(0)) * round_.mask
    past = dataclasses.replace(past, reference=past.logps - moved, values=moved.flip(1) * round_.mask)
    scores = np.random.default_rng(2).normal(size=12)
    return one, round_, past, scores, moved.double().numpy(), scores - 1.5 * ~round_.ended


def test_the_lesson_of_reinforce_is_the_reward_to_come_less_that_of_the_others():
    one, round_, past, scores, moved, penalised = prepared("reinforce")
    advantages, _ = one.lesson(round_, scores, past)
    whole = [penalised[k] - 0.3 * moved[k].sum() for k in range(12)]
    for k in range(12):
        for t in np.flatnonzero(round_.mask[k].numpy()):
            to_come = penalised[k] - 0.3 * moved[k, t:].sum()
            assert float(advantages[k, t]) == pytest.approx(to_come - np.delete(whole, k).mean(), abs=1e-5)
    assert not advantages[~round_.mask].any()


def test_the_lesson_of_ppo_has_the_price_in_each_token_and_the_reward_in_the_last():
    one, round_, past, scores, moved, penalised = prepared("ppo", gamma=0.9, lam=0.8)
    advantages, returns = one.lesson(round_, scores, past)
    raw = np.zeros(round_.mask.shape)
    for k in range(12):
        places = np.flatnonzero(round_.mask[k].numpy())
        v = [*past.values[k, places].tolist(), 0.0]
        r = [-0.3 * moved[k, t] for t in places]
        r[-1] += penalised[k]
        delta = [r[i] + 0.9 * v[i + 1] - v[i] for i in range(len(places))]
        raw[k, places] = [sum(0.72 ** (j - i) * delta[j] for j in range(i, len(places))) for i in range(len(places))]
    mask = round_.mask.numpy()
    assert np.allclose(returns[mask], (raw + past.values.numpy())[mask], atol=1e-5)
    assert np.allclose(advantages[mask], (raw[mask] - raw[mask].mean()) / raw[mask].std(), atol=1e-5)
    assert not advantages[~round_.mask].any()


def test_the_lesson_of_grpo_compares_answers_to_one_prompt():
    one, round_, past, scores, _, penalised = prepared("grpo")
    assert all(len(set(round_.prompts[k : k + 4])) == 1 for k in (0, 4, 8))
    advantages, _ = one.lesson(round_, scores, past)
    rows = penalised.reshape(3, 4)
    expected = ((rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)).ravel()
    assert np.allclose(advantages, expected[:, None] * round_.mask.numpy(), atol=1e-5)


def test_the_gradient_of_reinforce_is_that_of_the_objective():
    """Answers of one token: the gradient of Σ π (r − β ln(π/π_ref)), over all V tokens, against that of many draws."""
    policy, beta, prompt = chatty(), 0.4, PROMPTS[1]
    value = torch.from_numpy(np.random.default_rng(0).normal(size=TEMPLATE.vocab_size)).float()

    def worth(prompts, answers):  # by token; the end leaves an empty text
        return [value[TEMPLATE.tokenizer.encode(a, allow_special=True)[0] if a else TEMPLATE.end] for a in answers]

    one = learner("reinforce", policy, worth, beta=beta, batch=6000, max_new_tokens=1, end_penalty=0.0)
    one.prompts = [prompt]
    with torch.no_grad():  # away from the reference, so that the price counts
        one.actor.policy.final_norm.weight.mul_(0.8)
    exact = deepcopy(one.actor.policy)
    row = torch.from_numpy(TEMPLATE.prompt(prompt))[None]
    log_law, theirs = exact(row)[0, -1].log_softmax(0), policy(row)[0, -1].log_softmax(0).detach()
    # bytes that are no text by themselves come back as another text; leave them out of the comparison's reward
    whole = torch.tensor([len(TEMPLATE.tokenizer.decode([k]).encode()) == 1 or k > 255
                          for k in range(TEMPLATE.vocab_size)])  # fmt: skip
    value[~whole] = 0.0
    fallback = TEMPLATE.tokenizer.encode("�")[0]
    value[fallback] = 0.0
    (-(log_law.exp() * (value - beta * (log_law - theirs))).sum()).backward()
    round_ = one.answers(6000, np.random.default_rng(0))
    past = _align_loop.look_up(one.actor, one.reference, round_, 1.0)
    lesson = one.lesson(round_, one.scores(round_), past)
    tables = (round_.ids, past.logps, past.reference, past.values, *lesson)
    sum(one.losses(round_.mask, tables, np.arange(6000), _align_loop.Watch(0.2))).backward()
    ours, theirs = (torch.cat([p.grad.flatten() for p in m.parameters() if p.grad is not None])
                    for m in (one.actor.policy, exact))  # fmt: skip
    assert torch.nn.functional.cosine_similarity(ours, theirs, dim=0) > 0.97
    assert float(ours.norm() / theirs.norm()) == pytest.approx(1, abs=0.1)


# ----------------------------------------------------------------------------------------------- the rounds


def test_before_the_first_step_all_ratios_are_one():
    done = align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL))
    assert done.column("ratio_start").tolist() == [0.0] * 4  # exactly, with one minibatch
    done = align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL, minibatches=3))
    assert (done.column("ratio_start") < CLOSE).all()
    assert done.column("kl")[0] == done.column("kl_k3")[0] == 0
    assert (done.column("ratio_max") >= 1).all() and (done.column("clip_fraction") <= 1).all()


@pytest.mark.parametrize("method", ["ppo", "reinforce", "grpo"])
def test_each_method_learns_and_pays_with_divergence(method):
    settings = {**SMALL, "iterations": 20, "batch": 32, "final_answers": 200, "learning_rate": 0.01}
    policy = chatty()
    before = weights(policy)
    done = align(policy, TEMPLATE, PROMPTS, brevity, AlignConfig(**settings, method=method, beta=0.01), judge=loud)
    assert done.final["reward"] > done.column("reward")[0] + 1
    assert same(weights(policy), before)  # the caller's model stays
    assert (done.column("kl_k3") >= 0).all() and done.column("kl")[5:].mean() > 0 < done.final["kl"]
    assert len(done.column("oracle")) == 20 and done.final["step"] == 20
    assert done.model.config == policy.config and not done.model.training
    assert json.dumps(done.rows, allow_nan=False)


def test_a_high_price_keeps_the_policy_at_home():
    # A small rate: Adam's steps on advantages of spread 1 have one size, however little there is to gain. At 0.005 the
    # policy staggers about its reference as far away as one that is free (3.2 and 2.8 nats), at 0.001 a quarter as far.
    settings = {**SMALL, "iterations": 12, "batch": 32, "learning_rate": 2e-4, "final_answers": 300}
    cheap, dear = (align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**settings, beta=beta)).final
                   for beta in (0.0, 30.0))  # fmt: skip
    assert dear["kl_k3"] < cheap["kl_k3"] / 10


def test_the_same_settings_give_the_same_bits():
    first, second = (align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL, seed=s)) for s in (1, 1))
    other = align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL, seed=2))
    assert same(weights(first.model), weights(second.model)) and not same(weights(first.model), weights(other.model))
    assert timeless(first.rows) == timeless(second.rows)


def test_the_columns_are_named():
    done = align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**{**SMALL, "final_answers": 4}))
    assert done.column("step").tolist() == [1, 2, 3, 4] and "reward" in done.final
    with pytest.raises(ValueError, match="name must be one of .*clip_fraction.*, got 'oracle'"):
        done.column("oracle")


# ------------------------------------------------------------------------------------ stopping and going on


def test_a_training_that_was_stopped_goes_on_to_the_same_bits(tmp_path):
    unbroken = align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL))

    def stop(row):
        if row["step"] == 3:
            raise KeyboardInterrupt

    run = RunFolder(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL), run, each=stop)
    assert [path.name for path in run.checkpoints("ppo")] == ["ppo-00000002.safetensors"]
    assert not (run.path / "ppo").exists()
    done = align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL), run)
    assert same(weights(done.model), weights(unbroken.model)) and timeless(done.rows) == timeless(unbroken.rows)
    model, template = load_chat(run, "ppo")
    assert same(weights(model), weights(unbroken.model)) and template.tokenizer == TEMPLATE.tokenizer
    read = align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL), run)  # finished: only read
    assert same(weights(read.model), weights(unbroken.model)) and read.rows == done.rows


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_reward_that_is_no_number_stops_at_the_step_and_keeps_the_checkpoint(tmp_path, bad):
    calls = []

    def faulty(prompts, answers):
        calls.append(len(answers))
        rewards = brevity(prompts, answers)
        if len(calls) == 4:
            rewards[5] = bad
        return rewards

    run, config = RunFolder(tmp_path / "run"), AlignConfig(**{**SMALL, "iterations": 5})
    with pytest.raises(DivergedError, match=r"the reward of the answer '.*' is (nan|inf) at step 4: nothing") as caught:
        align(chatty(), TEMPLATE, PROMPTS, faulty, config, run)
    assert caught.value.step == 4 and [row["step"] for row in caught.value.rows] == [1, 2, 3]
    assert [row["step"] for row in run.metrics("ppo")] == [1, 2, 3]
    assert [path.name for path in run.checkpoints("ppo")] == ["ppo-00000002.safetensors"]
    done = align(chatty(), TEMPLATE, PROMPTS, brevity, config, run)  # from the last good one
    unbroken = align(chatty(), TEMPLATE, PROMPTS, brevity, config)
    assert same(weights(done.model), weights(unbroken.model))


def test_a_gradient_that_is_no_number_changes_no_weight(monkeypatch):
    one = learner()
    before = weights(one.actor)
    monkeypatch.setattr(_align_loop, "ppo_loss", lambda *a: torch.tensor(math.nan, requires_grad=True))
    with pytest.raises(DivergedError, match="the loss is nan at step 1: begin anew with a lower learning_rate"):
        one.once()
    assert same(weights(one.actor), before) and not one.rows


def test_a_run_of_something_else_is_refused(tmp_path):
    run = RunFolder(tmp_path / "run")
    align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL), run)
    for policy, prompts, settings, message in (
        (chatty(1), PROMPTS, {}, "another material: model was"),
        (chatty(), PROMPTS[:3], {}, "another material: prompts was 6, now it is 3"),
        (chatty(), PROMPTS, {"beta": 0.5}, "another configuration: beta was 0.05, now it is 0.5"),
    ):
        with pytest.raises(ValueError, match=message):
            align(policy, TEMPLATE, prompts, brevity, AlignConfig(**{**SMALL, **settings}), run)
    for path in run.checkpoints("ppo"):
        path.unlink()
    with pytest.raises(ValueError, match="checkpoints are gone"):
        align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL), run)


def test_a_learner_has_no_step_of_its_own():
    with pytest.raises(NotImplementedError):
        Learner.once(learner())


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "dpo"}, "method must be one of 'ppo', 'reinforce', 'grpo'"),
        ({"iterations": 0}, "iterations"),
        ({"batch": 1}, "batch must be at least 2"),
        ({"epochs": 0}, "epochs"),
        ({"minibatches": 65}, "minibatches must be at most 64"),
        ({"clip": 0}, "clip must be greater than 0 and less than 1"),
        ({"clip": 1.0}, "clip must be greater than 0 and less than 1"),
        ({"clip": math.nan}, "clip must be finite"),
        ({"beta": -0.1}, "beta must be at least 0"),
        ({"beta": math.inf}, "beta must be finite"),
        ({"gamma": 1.1}, "gamma must lie between 0 and 1"),
        ({"lam": -1}, "lam must lie"),
        ({"value_coefficient": -1}, "value_coefficient"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"max_norm": 0}, "max_norm"),
        ({"end_penalty": -1}, "end_penalty"),
        ({"temperature": 0}, "temperature must be greater than 0"),
        ({"max_new_tokens": 0}, "max_new_tokens"),
        ({"seed": -1}, "seed"),
        ({"method": "reinforce", "epochs": 2}, "epochs and minibatches must be 1 for reinforce"),
        ({"method": "reinforce", "minibatches": 2}, "must be 1 for reinforce"),
        ({"method": "grpo", "group": 1}, "group must be at least 2"),
        ({"method": "grpo", "group": 7}, "batch must be a multiple of group, 7"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        AlignConfig(**settings)


@pytest.mark.parametrize("settings", [{"iterations": 1.5}, {"beta": "1"}, {"device": None}, {"clip": True}])
def test_settings_of_another_kind_are_named(settings):
    with pytest.raises(TypeError, match=next(iter(settings))):
        AlignConfig(**settings)


def test_epochs_by_method():
    assert [AlignConfig(method=name).passes for name in ("ppo", "reinforce", "grpo")] == [2, 1, 2]
    assert AlignConfig(epochs=7).passes == 7


def attempt(policy=None, prompts=PROMPTS, reward=brevity, **settings):
    return align(policy or chatty(), TEMPLATE, prompts, reward, AlignConfig(**{**SMALL, **settings}))


def test_bad_prompts_and_models_are_named():
    with pytest.raises(ValueError, match=r"prompts\[2\] must leave room for max_new_tokens, 40, in the context of 48"):
        attempt(max_new_tokens=40)
    long = [*PROMPTS, (Message("user", "x" * 60),)]
    with pytest.raises(ValueError, match=r"prompts\[6\] must leave room .*got a prompt of 63"):
        attempt(prompts=long)
    with pytest.raises(ValueError, match=r"prompts\[1\]: messages\[1\] must be the user's"):
        attempt(prompts=[PROMPTS[0], (*PROMPTS[0], Message("assistant", "b"))])
    with pytest.raises(ValueError, match="prompts must hold at least one"):
        attempt(prompts=[])
    with pytest.raises(TypeError, match="prompts must be a sequence"):
        attempt(prompts="hello")
    with pytest.raises(ValueError, match="model must have the template's vocabulary, 261 tokens, got 300"):
        attempt(GPT(GPTConfig(300, 48, 16, 1, 2)))
    with pytest.raises(TypeError, match="model must be a GPT"):
        attempt(torch.nn.Linear(2, 2))
    with pytest.raises(TypeError, match="config must be an AlignConfig"):
        align(chatty(), TEMPLATE, PROMPTS, brevity, SMALL)
    with pytest.raises(TypeError, match="run must be a RunFolder"):
        align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL), "folder")


def test_a_reward_model_of_another_vocabulary_is_refused():
    class Judge:
        def __init__(self, template):
            self.template = template

        def score(self, prompts, answers):
            return brevity(prompts, answers)

    other = Judge(ChatTemplate(BPETokenizer([(97, 98)])))
    for reward in (other.score, Standardized(other.score, 0.0, 1.0)):
        with pytest.raises(ValueError, match="reward must be a reward model of the policy's vocabulary, 261 .* 262"):
            attempt(reward=reward)
    assert attempt(reward=Judge(TEMPLATE).score, iterations=1).column("reward")[0] < 0


def test_a_standardised_reward_may_come_as_a_tensor():
    def scored(prompts, answers):
        return torch.tensor(brevity(prompts, answers), requires_grad=True)

    found = said(20)
    reward = Standardized.on(scored, found.prompts, found.answers)
    plain = Standardized.on(brevity, found.prompts, found.answers)
    assert np.allclose(reward(found.prompts, found.answers), plain(found.prompts, found.answers), atol=1e-6)


def test_bad_rewards_are_named():
    with pytest.raises(TypeError, match="reward must be a function"):
        attempt(reward=1.0)
    with pytest.raises(ValueError, match=r"reward must give one number to each of 12 answers, got shape \(11,\)"):
        attempt(reward=lambda p, a: np.zeros(11))
    with pytest.raises(TypeError, match="reward must be an array of real numbers"):
        attempt(reward=lambda p, a: ["good"] * len(a))
    with pytest.raises(ValueError, match="judge must be finite"):
        align(chatty(), TEMPLATE, PROMPTS, brevity, AlignConfig(**SMALL), judge=lambda p, a: [math.nan] * len(a))
    tensor = attempt(reward=lambda p, a: torch.zeros(len(a), requires_grad=True), iterations=1)
    assert tensor.column("reward").tolist() == [0.0]


# --------------------------------------------------------------------------------- standardised, best of n


def test_a_standardised_reward_has_mean_0_and_spread_1():
    found = said(50)
    reward = Standardized.on(brevity, found.prompts, found.answers)
    values = reward(found.prompts, found.answers)
    assert values.mean() == pytest.approx(0, abs=1e-12) and values.std() == pytest.approx(1)
    with pytest.raises(ValueError, match="must differ from answer to answer"):
        Standardized.on(lambda p, a: [3.0] * len(a), found.prompts, found.answers)
    with pytest.raises(ValueError, match="one number to each of 50"):
        Standardized.on(lambda p, a: [3.0], found.prompts, found.answers)
    with pytest.raises(ValueError, match="reward must be finite"):
        Standardized.on(lambda p, a: [math.nan] * len(a), found.prompts, found.answers)
    with pytest.raises(ValueError, match="spread"):
        Standardized(brevity, 0.0, 0.0)


def test_the_best_of_n_is_the_best_of_its_candidates():
    found = best_of_n(chatty(), TEMPLATE, PROMPTS, brevity, 5, AlignConfig(max_new_tokens=7), 0)
    assert found.scores.shape == (6, 5) and len(found.candidates) == 6
    for k in range(6):
        assert found.rewards[k] == found.scores[k].max()
        assert found.answers[k] == found.candidates[k][int(found.scores[k].argmax())]
        whole = [-len(answer) for answer in found.candidates[k]]
        assert all(s in (w, w - 1) for s, w in zip(found.scores[k], whole, strict=True))  # less 1 if cut off
    assert (found.scores != [[-len(answer) for answer in row] for row in found.candidates]).any()  # some were
    one = best_of_n(chatty(), TEMPLATE, PROMPTS, brevity, 1, AlignConfig(max_new_tokens=7), 0)
    assert found.rewards.mean() > one.rewards.mean()
    with pytest.raises(ValueError, match="n must be at least 1"):
        best_of_n(chatty(), TEMPLATE, PROMPTS, brevity, 0, AlignConfig(), 0)
    with pytest.raises(ValueError, match=r"prompts\[6\] must leave room"):  # the caller's, not one of its copies
        best_of_n(chatty(), TEMPLATE, [*PROMPTS, (Message("user", "x" * 60),)], brevity, 5, AlignConfig(), 0)
    for call in (lambda: best_of_n(chatty(), TEMPLATE, PROMPTS, brevity, 2, SMALL, 0),
                 lambda: rollout(chatty(), TEMPLATE, PROMPTS, SMALL, 0)):  # fmt: skip
        with pytest.raises(TypeError, match="config must be an AlignConfig"):
            call()


def test_assess_judges_a_policy_against_a_reference():
    policy, config = chatty(), AlignConfig(max_new_tokens=7)
    found = assess(policy, policy, TEMPLATE, PROMPTS * 10, config, 0, short=brevity, loud=loud)
    assert found["kl"] == found["kl_k3"] == 0 and {"short", "loud", "entropy", "length", "ended"} <= found.keys()
    other = assess(policy, chatty(1), TEMPLATE, PROMPTS * 10, config, 0)
    assert other["kl"] > 0 < other["kl_k3"] and other["entropy"] == found["entropy"]
    with pytest.raises(ValueError, match="reference must have the policy's vocabulary and context, 261 and 48"):
        assess(policy, chatty(context=20), TEMPLATE, PROMPTS, config, 0)
    with pytest.raises(TypeError, match="reference must be a GPT"):
        assess(policy, None, TEMPLATE, PROMPTS, config, 0)


def test_nothing_is_silenced_while_a_policy_is_assessed():
    policy = GPT(GPTConfig(TEMPLATE.vocab_size, 48, 16, 1, 2, dropout=0.5)).train()
    found = assess(policy, deepcopy(policy), TEMPLATE, PROMPTS, AlignConfig(max_new_tokens=7), 0)
    assert found["kl"] == found["kl_k3"] == 0 and policy.training
