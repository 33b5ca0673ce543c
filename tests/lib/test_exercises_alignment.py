"""The checks of the chapter on alignment: right answers pass, typical slips get their replies."""

import itertools
import math
from statistics import fmean, pstdev, stdev

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import xlogy

from book_lib.exercises import check, names, variant

NAME = "alignment"
SEEDS = st.integers(min_value=0, max_value=10_000)


def targets_by_pairs(ids, answer):
    """Each token with its successor, and nothing after the last."""
    found = [after if asked else -1 for after, asked in zip(ids[1:], answer[1:], strict=True)]
    return np.array([*found, -1])


def pull_by_autograd(chosen, rejected):
    up, down = (torch.tensor(values, dtype=torch.float64) for values in (chosen, rejected))
    up.requires_grad_()
    F.binary_cross_entropy_with_logits(up - down, torch.ones_like(up)).backward()
    return up.grad.numpy()


def advantages_by_sums(rewards, values, gamma, lam):
    """Σ (γλ)^l δ_{t+l}, with every surprise written out."""
    later = [*values[1:], 0.0]
    surprise = [r + gamma * w - v for r, v, w in zip(rewards, values, later, strict=True)]
    return [sum((gamma * lam) ** k * d for k, d in enumerate(surprise[t:])) for t in range(len(rewards))]


def dpo_by_bradley_terry(chosen, rejected, ref_chosen, ref_rejected, beta):
    """Two rewards that compete, with the same ln Z = 3.7 in both."""
    good, bad = (beta * (ours - theirs) + 3.7 for ours, theirs in ((chosen, ref_chosen), (rejected, ref_rejected)))
    return math.log1p(math.exp(bad - good))


def most_by_harmonics(budget):
    """The divergence by a Riemann sum of the density n u^(n−1) over fine cells."""

    def divergence(n):
        middle = (np.arange(20_000) + 0.5) / 20_000
        density = n * middle ** (n - 1)
        return float(np.mean(xlogy(density, density)))

    return next(n for n in itertools.count(1) if divergence(n + 1) > budget + 1e-6)


def relative_by_statistics(rewards, group):
    found = []
    for first in range(0, len(rewards), group):
        part = rewards[first : first + group]
        spread = pstdev(part)
        found += [(one - fmean(part)) / spread if spread else 0.0 for one in part]
    return found


RIGHT = {
    f"{NAME}-2": targets_by_pairs,
    f"{NAME}-3": pull_by_autograd,
    f"{NAME}-4": advantages_by_sums,
    f"{NAME}-6": dpo_by_bradley_terry,
    f"{NAME}-7": most_by_harmonics,
    f"{NAME}-8": relative_by_statistics,
}


def test_the_chapter_registers_its_checks():
    assert names(NAME) == [f"{NAME}-{n}" for n in (1, 2, 3, 4, 6, 7, 8)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


@settings(max_examples=30)
@given(SEEDS)
def test_every_tilt_has_its_answer_and_shows_every_slip(seed):
    bent = variant(f"{NAME}-1", seed)
    assert sum(bent.reference) == pytest.approx(1) and min(bent.reference) >= 0.05 and bent.beta > 0
    # by the master identity: energies −r − β ln π_ref at the temperature β, added up in logarithms
    energies = [-r - bent.beta * math.log(p) for p, r in zip(bent.reference, bent.reward, strict=True)]
    powers = [-e / bent.beta for e in energies]
    right = math.exp(powers[-1] - math.log(math.fsum(map(math.exp, powers))))
    assert check(f"{NAME}-1", right, seed=seed).right
    softmax = torch.softmax(torch.tensor(bent.reward, dtype=torch.float64) / bent.beta, 0)[-1].item()
    products = np.array(bent.reference) * np.exp(np.array(bent.reward) * bent.beta)
    inverted = np.array(bent.reference) * np.exp(-np.array(bent.reward) / bent.beta)
    slips = (
        (softmax, "reference is missing"),
        (products[-1] / products.sum(), "temperature"),
        (math.exp(powers[-1]), "divide by the sum"),
        (inverted[-1] / inverted.sum(), "low energy"),
        (bent.reference[-1], "before the tilt"),
    )
    for wrong, words in slips:
        verdict = check(f"{NAME}-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message, (wrong, str(verdict))


def test_the_same_seed_gives_the_same_tilt():
    assert variant(f"{NAME}-1", 5) == variant(f"{NAME}-1", 5)
    assert len({variant(f"{NAME}-1", seed) for seed in range(40)}) >= 38  # few numbers to draw from


def without_ends(ids, answer):
    """The last mark of each run is lost."""
    inner = [mark and t + 1 < len(ids) and answer[t + 1] for t, mark in enumerate(answer)]
    return targets_by_pairs(ids, inner)


def fading(factor, last=False):
    """A chain of surprises that fades by something else than γλ, or goes on believing after the end."""

    def advantages(rewards, values, gamma, lam):
        later = [*values[1:], values[-1] if last else 0.0]
        surprise = [r + gamma * w - v for r, v, w in zip(rewards, values, later, strict=True)]
        fade = factor(gamma, lam)
        return [sum(fade**k * d for k, d in enumerate(surprise[t:])) for t in range(len(rewards))]

    return advantages


def by_groups(rewards, group, spread):
    parts = [rewards[first : first + group] for first in range(0, len(rewards), group)]
    return [(one - fmean(part)) / (spread(part) or 1.0) for part in parts for one in part]


def all_together(rewards, group):
    return [(one - fmean(rewards)) / pstdev(rewards) for one in rewards]


def interleaved(rewards, group):
    count = len(rewards) // group
    parts = [rewards[first::count] for first in range(count)]
    return [(one - fmean(parts[k % count])) / (pstdev(parts[k % count]) or 1.0) for k, one in enumerate(rewards)]


def sigma(x):
    return 1 / (1 + np.exp(-np.array(x)))


def lead(chosen, rejected):
    return np.array(chosen) - np.array(rejected)


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        (2, lambda ids, a: [k if m else -1 for k, m in zip(ids, a, strict=True)], "both move by one"),
        (2, lambda ids, a: [k if m else -1 for k, m in zip([*ids[1:], -1], a, strict=True)], "the marks have not"),
        (2, without_ends, "teaches the model to stop"),
        (2, lambda ids, a: [*ids[1:], -1], "the user's too"),
        (2, lambda ids, a: targets_by_pairs(ids, [not m for m in a]), "answers are to be learnt"),
        (2, lambda ids, a: targets_by_pairs(ids, a)[:-1], "One target for each place"),
        (2, lambda ids, a: np.maximum(targets_by_pairs(ids, a), 0), "0 is a token"),
        (3, lambda c, r: -pull_by_autograd(c, r), "lowers the loss"),
        (3, lambda c, r: sigma(lead(c, r)) - 1, "a share of 1/B"),
        (3, lambda c, r: sigma(lead(c, r)) / len(c), "the target is 1"),
        (3, lambda c, r: -sigma(lead(c, r)) / len(c), "pull most"),
        (3, lambda c, r: np.log(sigma(lead(c, r))) / len(c), "not its slope"),
        (3, lambda c, r: sigma(lead(c, r)) * (sigma(lead(c, r)) - 1) / len(c), "divides by σ(d)"),
        (4, fading(lambda g, m: m), "not with λ alone"),
        (4, fading(lambda g, m: g), "not with γ alone"),
        (4, fading(lambda g, m: 0.0), "surprises δ alone"),
        (4, fading(lambda g, m: g * m, last=True), "V is 0"),
        (4, lambda r, v, g, m: advantages_by_sums(r, v, g, m) + np.array(v), "A + V"),
        (4, lambda r, v, g, m: -np.array(advantages_by_sums(r, v, g, m)), "better than foretold"),
        (6, lambda c, r, p, q, b: -math.log(sigma(b * (c - r))), "reference is missing"),
        (6, lambda c, r, p, q, b: dpo_by_bradley_terry(r, c, q, p, b), "Chosen and rejected"),
        (6, lambda c, r, p, q, b: dpo_by_bradley_terry(c, r, p, q, 1 / b), "not divided"),
        (6, lambda c, r, p, q, b: dpo_by_bradley_terry(c, r, p, q, 1.0), "β is missing"),
        (6, lambda c, r, p, q, b: sigma(b * (c - p - r + q)), "minus its logarithm"),
        (6, lambda c, r, p, q, b: math.log(sigma(b * (c - p - r + q))), "not negative"),
        (6, lambda c, r, p, q, b: dpo_by_bradley_terry(p, q, c, r, b), "policy and reference"),
        (6, lambda c, r, p, q, b: b * (r - q - c + p), "That is the margin"),
        (7, lambda b: math.floor(math.exp(b) + 1e-9), "still to be subtracted"),
        (7, lambda b: math.floor(math.exp(b + 1)), "limit for large n only"),
        (7, lambda b: most_by_harmonics(b) + 1, "limit for large n only"),
        (7, lambda b: max(1, most_by_harmonics(b) - 1), "exactly the budget is allowed"),
        (8, lambda r, g: by_groups(r, g, stdev), "G − 1"),
        (8, lambda r, g: by_groups(r, g, lambda part: 1.0), "divide by the standard deviation"),
        (8, all_together, "Each group by itself"),
        (8, interleaved, "reshape(-1, group)"),
        (8, lambda r, g: np.reshape(relative_by_statistics(r, g), (-1, g)), "one row"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(f"{NAME}-{name}", answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_nothing_foretold_next_is_recognised():
    def blind(rewards, values, gamma, lam):
        surprise = [r - v for r, v in zip(rewards, values, strict=True)]
        return [sum((gamma * lam) ** k * d for k, d in enumerate(surprise[t:])) for t in range(len(rewards))]

    assert "foretold next" in check(f"{NAME}-4", blind).message


def test_a_group_that_agrees_is_the_last_hurdle():
    def careless(rewards, group):
        rows = np.array(rewards).reshape(-1, group)
        return ((rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)).ravel()

    verdict = check(f"{NAME}-8", careless)
    assert not verdict.right and len(verdict.passed) == 3 and "agrees" in verdict.failed[0]


def test_the_answers_of_the_text():
    assert targets_by_pairs([7, 1, 8, 2, 9], [False, False, False, True, True]).tolist() == [-1, -1, 2, 9, -1]
    assert advantages_by_sums([0, 0, 1], [0.5, 0.6, 0.7], 1.0, 0.5) == pytest.approx([0.225, 0.25, 0.3])
    assert advantages_by_sums([0, 0, 1], [0.5, 0.6, 0.7], 1.0, 1.0)[0] == pytest.approx(0.5)
    assert dpo_by_bradley_terry(-1, -2, -1, -2, 0.5) == pytest.approx(math.log(2))
    assert relative_by_statistics([0, 1, 1, 1], 4)[0] == pytest.approx(-math.sqrt(3))
    assert [most_by_harmonics(b) for b in (0.0, 0.2, 1.0)] == [1, 2, 6]


@pytest.mark.parametrize("name", [f"{NAME}-1", *RIGHT])
@pytest.mark.parametrize("answer", [None, "two", [1, 2], math.nan, lambda: 1])
def test_what_is_no_answer_gets_a_reply_and_no_traceback(name, answer):
    assert not check(name, answer).right
