"""The claims of the chapter on alignment, against values that share no code with what they test."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from scipy import optimize, special, stats

from book_lib import _alignment_runs as runs
from book_lib.pipeline._align_loop import ppo_loss
from book_lib.pipeline.chat import Message, answer_loss, replies
from book_lib.pipeline.ppo import bandit, best_of_n_kl, gae, group_advantages, kl_estimates, tilt
from book_lib.pipeline.reward import fit_strengths, preference_loss
from book_lib.pipeline.safety import SafetyLayer, precision_at_base_rate, toy_filter

FIRST, SECOND = {"fast", "neat", "slow", "bad"}, {"clear", "simple", "dull", "hard"}
PRAISED = {"fast", "neat", "clear", "simple"}


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("alignment")


def worth(noun, answer):
    """The oracle, from the words of an answer."""
    form = rf"(The|A) {noun} is (\w+)( and |\. It is also )(\w+)\."
    found = re.fullmatch(form, answer)
    if not found or found[2] not in FIRST or found[4] not in SECOND:
        return -2
    return sum(1 if word in PRAISED else -1 for word in (found[2], found[4]))


# ---------------------------------------------------------------------------- L-11: learning to answer


@pytest.mark.claim("L-11")
def test_only_answers_and_their_ends_carry_loss(here):
    names, numbers = here.names, here.numbers
    template, encoded = names["template"], names["encoded"]
    text = template.tokenizer.decode(encoded.ids[encoded.answer])
    assert text == "".join(f"{message.content}<|end|>" for message in names["talk"] if message.role == "assistant")
    assert numbers["talk_tokens"] == len(encoded) and numbers["sly_ends"] == 2 and numbers["new_tokens"] == 5
    assert numbers["elsewhere"] == 0.0 and numbers["least_asked"] > 0 and numbers["mask_gap"] < 1e-5
    size, asked = names["size"], names["asked"]
    assert ((size > 0) == asked).all()
    mark = [False, *encoded.answer[1:].tolist()]  # a place is asked for the token behind it
    expected = [int(encoded.ids[t + 1]) if mark[t + 1] else -1 for t in range(len(encoded) - 1)]
    assert names["wanted"][0, : len(expected)].tolist() == expected
    ends = sum(message.role == "assistant" for messages in (names["talk"], names["talk"][:2]) for message in messages)
    assert numbers["ends"] == ends == 3 and numbers["learnt"] == asked.sum()
    assert numbers["talk_share"] == pytest.approx(100 * sum(mark) / len(encoded))
    # through the weights: turning a token of the last question of the padded row's filling changes no loss
    model, ids, targets = names["assistant"], names["ids"], names["wanted"]
    other = ids.clone()
    other[1, -1] = 7
    with torch.no_grad():
        same, changed = (answer_loss(model, row[1:], targets[1:]).item() for row in (ids, other))
    assert same == pytest.approx(changed, abs=1e-7)
    # the slope by the logits is prediction minus target over the count, where something is asked
    logits = names["logits"].detach().double()
    grad = names["logits"].grad.double()
    row, place = (int(k) for k in torch.nonzero(asked)[0])
    expected = torch.softmax(logits[row, place], 0)
    expected[targets[row, place]] -= 1
    assert torch.allclose(grad[row, place], expected / int(asked.sum()), atol=1e-6)


@pytest.mark.claim("L-11")
def test_the_assistant_answers_in_several_turns_near_the_floor(here):
    numbers, names = here.numbers, here.names
    answers = {f"{article} {noun} is {a}{link}{b}." for noun in ("list",) for article in ("The", "A")
               for link in (" and ", ". It is also ") for a in ("fast", "neat", "slow", "bad")
               for b in ("clear", "simple", "dull", "hard")}  # fmt: skip
    assert set(names["about"]) == answers and numbers["answers"] == 64
    tokens = [len(names["template"].tokenizer.encode(answer)) + 1 for answer in answers]
    assert numbers["floor"] == pytest.approx(math.log(64) / np.mean(tokens), rel=0.05)  # other nouns, other lengths
    assert numbers["floor"] - 0.01 < numbers["last_said"] < numbers["floor"] + 0.02 < numbers["first_said"]
    told = [worth(names["toy"].noun_of(p), a) for p, a in zip(names["asks"], names["said_all"], strict=True)]
    assert numbers["said_worth"] == pytest.approx(np.mean(told))
    assert numbers["formed"] > 90 and numbers["formed_later"] > 85
    assert "50k–100k demonstrations" in here.prose("sec-align-toy")
    assert runs.TUNING["batch"] == 8  # as the words say, and one row in eight replayed
    assert runs.VARIANTS["replayed"]["replay"] == 1 / 8


@pytest.mark.claim("L-11")
def test_forgetting_is_measured_and_mended(here):
    numbers, names = here.numbers, here.names
    ids = torch.from_numpy(np.asarray(names["held_out"][: 128 * 20 + 1]))
    rows = torch.stack([ids[k : k + 129] for k in range(0, 128 * 20, 128)])
    nats = {}
    for name, model in (("base", names["base"]), *((k, runs.assistant(k).model) for k in ("plain", "replayed"))):
        with torch.no_grad():
            law = torch.log_softmax(model(rows[:, :-1]), 2)
        nats[name] = -law.gather(2, rows[:, 1:, None]).mean().item()
    for name in ("plain", "replayed"):
        assert numbers[f"lost_{name}"] == pytest.approx(nats[name] - nats["base"], rel=0.1, abs=0.1)  # a piece
    assert numbers["lost_plain"] > 4 * numbers["lost_replayed"] > 0
    assert numbers["manual"] + numbers["lost_plain"] > numbers["vocabulary"]  # worse than who knows nothing
    assert abs(numbers["said_plain"] - numbers["said_replayed"]) < 0.01  # the answers cost nothing


# ---------------------------------------------------------------------------- L-12: comparisons


@pytest.mark.claim("L-12")
def test_bradley_terry_and_its_numbers(here):
    numbers = here.numbers
    assert (round(numbers["sigma_1"], 4), round(numbers["sigma_2"], 4)) == (0.7311, 0.8808)
    prose = here.prose("sec-align-preferences")
    assert "$\\sigma(1) = 0.7311$" in prose and "$\\sigma(2) = 0.8808$" in prose and "10k+ comparisons" in prose
    assert here.right_options("▢₁ is") == ["σ(d) − 1"]
    lead = torch.tensor([0.0, 1.0, 2.0])
    each = [preference_loss(lead[k : k + 1], torch.zeros(1)).item() for k in range(3)]
    assert each == pytest.approx([-math.log(p) for p in (0.5, 0.731058, 0.880797)], abs=1e-5)
    shifted = [preference_loss(lead[k : k + 1] + 7, torch.full((1,), 7.0)).item() for k in range(3)]
    assert shifted == pytest.approx(each, abs=1e-6) and numbers["shift"] < 1e-12
    assert -0.1192 in here.answers("▢₃ is")


@pytest.mark.claim("L-12")
def test_the_order_is_recovered(here):
    names, numbers = here.names, here.numbers
    wins = names["wins"]

    def surprise(free):  # scipy's own search, the last strength from the mean 0
        s = np.append(free, -free.sum())
        return -(wins * special.log_expit(s[:, None] - s[None, :])).sum()

    found = optimize.minimize(surprise, np.zeros(5), method="BFGS").x
    assert names["strengths"] == pytest.approx(np.append(found, -found.sum()), abs=1e-3)
    assert numbers["recovered"] == pytest.approx(stats.pearsonr(names["true"], names["strengths"])[0])
    assert numbers["recovered"] > 0.95
    assert stats.spearmanr(names["true"], names["strengths"])[0] == pytest.approx(1)
    assert fit_strengths(3 * wins) == pytest.approx(names["strengths"], abs=1e-6)  # shares alone decide


@pytest.mark.claim("L-12")
def test_the_reward_model_orders_answers_and_says_how_sure_it_is(here):
    names, numbers = here.names, here.numbers
    truth = np.array([worth("list", answer) for answer in names["about"]])
    assert numbers["order"] == pytest.approx(stats.pearsonr(names["by_score"], truth)[0]) and numbers["order"] > 0.85
    means = [names["by_score"][truth == w].mean() for w in (-2, 0, 2)]
    assert means == sorted(means)
    agree = np.mean([lead > 0 for lead in names["lead"]])
    assert numbers["agree"] == pytest.approx(100 * agree) and numbers["agree"] <= numbers["ceiling"] + 5
    assert numbers["agree_truth"] > 90
    # the judge prefers with σ(Δ/2): the ceiling is the mean of that over the pairs asked
    expected = 100 * np.mean(special.expit(np.abs(names["delta"]) / 2))
    assert numbers["ceiling"] == pytest.approx(expected, abs=6)  # 400 throws
    assert 0.3 < numbers["scale"] < 0.7  # the judge has a half
    promised = 1 / (1 + np.exp(-names["shown"]))
    groups = np.array_split(np.argsort(promised, kind="stable"), 6)
    gaps = [abs(promised[group].mean() - names["won"][group].mean()) for group in groups]
    assert numbers["miscalibrated"] == pytest.approx(np.mean(gaps), abs=0.03) and numbers["miscalibrated"] < 0.12


# ---------------------------------------------------------------------------- L-13: the tilt, and the climb


@pytest.mark.claim("L-13")
def test_the_tilt_is_the_best_law_and_has_its_limits(here):
    names, numbers = here.names, here.numbers
    reference, reward = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.3, -1.0, 1.5, 2.0])

    def worse(logits, beta):  # minus the objective, through a softmax, for scipy to search
        law = special.softmax(logits)
        return -(law @ reward) + beta * special.rel_entr(law, reference).sum()

    for beta in (0.3, 1.0, 4.0):
        found = optimize.minimize(worse, np.zeros(4), args=(beta,), method="BFGS", options={"gtol": 1e-9})
        assert tilt(reference, reward, beta) == pytest.approx(special.softmax(found.x), abs=1e-4)
        by_hand = [p * math.exp(r / beta) for p, r in zip(reference, reward, strict=True)]
        assert tilt(reference, reward, beta) == pytest.approx(np.array(by_hand) / math.fsum(by_hand))
        assert -found.fun == pytest.approx(beta * math.log(math.fsum(by_hand)), abs=1e-6)
    assert tilt(reference, reward, math.inf) == pytest.approx(reference)
    assert tilt(reference, reward, 1e9) == pytest.approx(reference, abs=1e-6)
    assert tilt(reference, reward, 0.0) == pytest.approx([0, 0, 0, 1])
    assert numbers["grid_off"] < 0.005 and numbers["grid_best"] <= numbers["exact_best"] + 1e-9
    assert numbers["bandit_off"] < 0.02 and numbers["exact_off"] < 1e-4 and numbers["flat"] < 1e-9
    by_hand = [p * math.exp(r / 0.8) for p, r in zip((0.6, 0.3, 0.1), (0.0, 1.0, 3.0), strict=True)]
    assert numbers["flat_value"] == pytest.approx(0.8 * math.log(math.fsum(by_hand))) == numbers["exact_best"]
    half = 0.2 * math.e / (0.8 + 0.2 * math.e)  # β = 2
    assert here.answers("▢₂ is")[-1] == pytest.approx(0.8 + 0.2 * math.e, abs=1e-4)
    assert here.answers("▢₃ is")[-1] == pytest.approx(half, abs=1e-4)
    steady = bandit(reference, reward, 0.7, method="exact", steps=2000)
    assert steady.law == pytest.approx(tilt(reference, reward, 0.7), abs=1e-4)
    weights = 0.8, 0.2 * math.e**2
    assert round(weights[1] / sum(weights), 3) == 0.649 and "(0.351, 0.649)" in here.prose("sec-align-tilt")
    front = names["frontier"]
    assert (np.diff(front[:, 0]) < 0).all() and (np.diff(front[:, 1]) < 0).all()  # hotter: less reward, nearer
    assert numbers["cold_kl"] == pytest.approx(math.log(4), abs=0.1) and numbers["cold_worth"] > 1.99
    assert 0 <= numbers["else_share"] < 10


@pytest.mark.claim("L-13")
def test_samples_are_reweighted_to_the_tilt(here):
    names, numbers = here.names, here.numbers
    told = [worth(runs.ASKED[0], answer) for answer in names["samples"]["answer"]]
    for beta, tag in ((10, "10"), (1, "1"), (0.1, "0_1")):
        weights = [math.exp((one - 2) / beta) for one in told]
        size = math.fsum(weights) ** 2 / math.fsum(w * w for w in weights)
        assert numbers[f"size_{tag}"] == pytest.approx(size)
        mean = sum(w * one for w, one in zip(weights, told, strict=True)) / math.fsum(weights)
        assert numbers[f"worth_{tag}"] == pytest.approx(mean, abs=1e-9)
    assert numbers["size_10"] > numbers["size_1"] > numbers["size_0_1"] == pytest.approx(told.count(2), rel=1e-6)
    assert numbers["worth_10"] < numbers["worth_1"] < numbers["worth_0_1"] <= 2
    dice = np.random.default_rng(0)  # a weighted mean scatters as one of so many equal samples does
    weights = dice.exponential(size=50)
    means = dice.normal(size=(20_000, 50)) @ weights / weights.sum()
    assert 1 / means.var() == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=0.05)


@pytest.mark.claim("L-13")
def test_divergences_are_estimated_and_never_negative_in_the_mean(here):
    numbers, names = here.numbers, here.names
    exact = special.rel_entr(names["near"], names["law"]).sum()
    assert numbers["kl_exact"] == pytest.approx(exact)
    for name in ("k1", "k3"):
        assert abs(numbers[f"{name}_mean"] - exact) < 4 * numbers[f"{name}_spread"] / math.sqrt(4000)
    assert numbers["k1_low"] < 0 <= numbers["k3_low"]
    means = {}
    for name, sample in (("k1", lambda d: d), ("k3", lambda d: math.expm1(-d) + d)):  # the means, added up
        gaps = np.log(names["near"]) - np.log(names["law"])
        means[name] = sum(p * sample(d) for p, d in zip(names["near"], gaps, strict=True))
    assert means["k1"] == pytest.approx(exact) == pytest.approx(means["k3"])
    assert kl_estimates([0.0], [0.0])["k3"][0] == 0
    assert numbers["rollout_gap"] < 5e-5 and numbers["rollout_pad"] == 0


@pytest.mark.claim("L-13")
def test_the_policy_gradient_and_its_baseline(here):
    names, numbers = here.names, here.numbers
    policy, rewards = names["policy"], names["rewards"]

    def mean_reward(logits):
        return special.softmax(logits) @ rewards

    by_differences = optimize.approx_fprime(np.log(policy), mean_reward, 1e-7)
    for b in (0.0, policy @ rewards, 99.0):
        drawn = [(rewards[a] - b) * (np.eye(3)[a] - policy) for a in range(3)]
        assert sum(p * d for p, d in zip(policy, drawn, strict=True)) == pytest.approx(by_differences, abs=1e-5)
    assert numbers["var_mean"] < 0.1 * numbers["var_none"]
    assert (numbers["gae_first"], numbers["gae_blind"]) == pytest.approx((0.225, 0.5))
    surprise = [0.1, 0.1, 0.3]
    advantages, _ = gae([0, 0, 1], [0.5, 0.6, 0.7], np.ones(3, dtype=bool), 1.0, 0.5)
    assert advantages == pytest.approx([sum(0.5**k * d for k, d in enumerate(surprise[t:])) for t in range(3)])


@pytest.mark.claim("L-13")
def test_clipping_stops_what_went_far_enough_and_lets_come_back_what_went_wrong(here):
    for advantage, ratio, value, slope in ((1, 1.5, 1.2, 0), (-1, 1.5, -1.5, -1), (1, 0.5, 0.5, 1), (-1, 0.5, -0.8, 0)):
        rho = torch.tensor([float(ratio)], dtype=torch.float64, requires_grad=True)
        term = -ppo_loss(rho.log(), torch.zeros(1, dtype=torch.float64), torch.tensor([float(advantage)]), 0.2)
        term.backward()
        assert term.item() == pytest.approx(value) == min(ratio * advantage, min(max(ratio, 0.8), 1.2) * advantage)
        assert rho.grad.item() == pytest.approx(slope)
    prose = here.prose("sec-align-ppo")
    for words in ("$\\min(1.5, 1.2) = 1.2$", "$\\min(-1.5, -1.2) = -1.5$", "$\\min(0.5, 0.8) = 0.5$"):
        assert words in prose, words
    right = here.right_option("A = −1 and ρ = 0.5, ε = 0.2. The term of the objective is")
    assert right == "−0.8, without a slope"


@pytest.mark.claim("L-13")
def test_ppo_pleases_the_oracle_on_three_seeds_and_is_hacked_without_a_price(here):
    names, numbers = here.names, here.numbers
    for seed, one in enumerate(names["seeds"]):
        assert numbers[f"ppo_{seed}"] - one.rows["oracle"][0] >= 1
        assert 0 < numbers[f"ppo_kl_{seed}"] < 10 and one.rows["kl"].mean() > 0
        assert one.rows["ratio_start"].max() < 1e-3
        asked = [runs.question(noun) for noun in runs.ASKED]
        said = replies(one.model, names["template"], asked * 16, seed, max_new_tokens=20)
        told = np.mean([worth(noun, answer) for noun, answer in zip(runs.ASKED * 16, said, strict=True)])
        assert told == pytest.approx(numbers[f"ppo_{seed}"], abs=0.5)
    ends = names["ends"]
    assert numbers["free_reward"] == ends["reward"][0] == ends["reward"].max() and numbers["best_price"] > 0
    answers = names["sweep"][0.0].answers
    assert any(worth(noun, answer) == -2 for noun, answer in zip(runs.ASKED, answers, strict=True))
    assert numbers["free_oracle"] < numbers["best_oracle"] - 0.3  # what is climbed is up, what is wanted is down
    assert ends["kl"][0] == ends["kl"].max() and ends["kl"][-1] == ends["kl"].min()
    assert numbers["weak_agree"] < numbers["agree_truth"] and numbers["weak_loss"] < 0.01  # known by heart


@pytest.mark.claim("L-13")
def test_without_a_reward_model(here):
    names, numbers = here.names, here.numbers
    assert numbers["dpo_first"] == pytest.approx(math.log(2), abs=1e-4)
    assert numbers["dpo"] > names["start"] + 0.7 and numbers["dpo_rejected"] < numbers["dpo_chosen"] < 0
    reference, reward = np.array([0.5, 0.3, 0.2]), np.array([0.3, -1.0, 1.5])
    gains = 0.7 * np.log(tilt(reference, reward, 0.7) / reference)  # the reward, but for β ln Z
    assert gains - gains[0] == pytest.approx(reward - reward[0])
    for n in (1, 2, 4, 16):
        middle = (np.arange(100_000) + 0.5) / 100_000
        density = n * middle ** (n - 1)
        assert best_of_n_kl(n) == pytest.approx(special.xlogy(density, density).mean(), abs=1e-4)
    assert numbers["finite_4"] == pytest.approx(numbers["kl_4"], abs=2e-3)
    assert (np.diff(names["drawn"]["oracle"]) > -0.1).all() and numbers["best_16"] > 1
    assert abs(numbers["kl_8"] - numbers["dpo_kl"]) < 0.3 and numbers["best_8"] > numbers["dpo"]  # at about equal ones
    reached = [*zip(names["bound"], names["drawn"]["oracle"], strict=True), (numbers["dpo_kl"], numbers["dpo"]),
               *((one.final["kl"], one.final["oracle"]) for one in names["seeds"])]  # fmt: skip
    for divergence, value in reached[1:]:  # the first is a single answer, at 0 nats, from another sample
        assert value < np.interp(divergence, *names["frontier"][::-1, ::-1].T) + 0.1
    assert group_advantages([0, 1, 1, 1], 4) == pytest.approx([-math.sqrt(3), *[1 / math.sqrt(3)] * 3])
    assert numbers["grpo_to"] > numbers["grpo_from"] + 30
    pairs = [re.search(r"is (\w+).* (\w+)\.$", answer).groups() for answer in names["ruled"].answers]
    assert sum(first < second for first, second in pairs) >= len(runs.ASKED) - 1
    assert abs(numbers["grpo_oracle"] - names["start"]) < 1  # what was not asked has hardly moved
    prose = here.prose("sec-align-grpo")
    assert "February 2024" in prose and "January 2025" in prose


# ---------------------------------------------------------------------------- L-14: a guard


@pytest.mark.claim("L-14")
def test_confusion_counts_base_rates_and_evasions(here):
    names, numbers = here.names, here.numbers
    flagged = [score >= 0.5 for score in names["harm"]]
    counts = dict.fromkeys(itertools.product((0, 1), (False, True)), 0)
    for label, flag in zip(names["harmful"].tolist(), flagged, strict=True):
        counts[label, bool(flag)] += 1
    assert counts == {(0, False): numbers["passed"], (0, True): numbers["accused"], (1, False): numbers["missed"],
                      (1, True): numbers["caught"]}  # fmt: skip
    recall = counts[1, True] / (counts[1, True] + counts[1, False])
    alarm = counts[0, True] / (counts[0, True] + counts[0, False])
    for base in (0.5, 0.001):
        million = 1e6 * base * recall, 1e6 * (1 - base) * alarm
        share = precision_at_base_rate(recall, alarm, base)
        assert share == pytest.approx(million[0] / sum(million))
    assert numbers["rare"] == pytest.approx(100 * share) and numbers["rare"] < 0.5 * numbers["half"]
    assert numbers["slip_half"] == pytest.approx(100 * 95 / 97)
    stopped = [score > numbers["strict"] for score in names["harm"]]
    by_label = [[stop for stop, label in zip(stopped, names["harmful"], strict=True) if label == k] for k in (0, 1)]
    assert not any(by_label[0]) and numbers["strict_recall"] == pytest.approx(100 * np.mean(by_label[1]))
    layer = SafetyLayer(toy_filter())
    refused = layer.guard(lambda messages: "never asked")([Message("user", "Shut up, you smelly snizzler!")])
    assert refused.refused and "never asked" not in refused.text
    withheld = layer.guard(lambda messages: "You are a worthless snizzler!")([Message("user", "And the list?")])
    assert withheld.refused and len(withheld.verdicts) == 2
    rates = {one.name: one for one in names["rates"]}
    assert numbers["tricks"] == len(rates) - 1 and 0 < numbers["mended"] < numbers["hit"] <= numbers["tricks"]
    assert numbers["worst"] < 100 * rates["none"].caught - 20


# ---------------------------------------------------------------------------- L-15: the grid


@pytest.mark.claim("L-15")
def test_the_whole_grid(here, chapter):
    first = chapter("llm_pipeline")
    assert first.right_option("Which data does pre-training need?") == "Text, as it is"
    assert first.right_option("What is the task in pre-training?") == "To predict the next token"
    assert here.right_option("Which data does supervised fine-tuning need?") == "Questions with answers"
    assert here.right_option("Which data does the reward model need?") == "Pairs of answers, the better one marked"
    assert here.right_option("What is the task in learning from preferences?") == "A large reward, near the reference"
    assert here.right_option("Which model is there in the third stage only?") == "One that scores"
    table = [row.split("|")[2:-1] for row in here.section("sec-align-triangle").splitlines() if row.startswith("| **")]
    key = (
        ("text, without labels", "questions with answers", "the better one marked"),
        ("random weights", "the same", "RM"),
        ("next token of any text", "answers, and their end", "near the reference"),
    )
    assert len(table) == 4  # the last is what it costs
    for row, words in zip(table[:3], key, strict=True):
        assert all(word in cell for cell, word in zip(row, words, strict=True))
    assert "RW" in here.prose("sec-align-reward")  # the slip of a slide, named
