"""The exercises of the chapter on probability: right answers pass, each typical slip gets its own reply."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from book_lib.exercises import check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)


def test_the_chapter_registers_its_checks():
    assert names("probability") == [f"probability-{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9)]


# ---------------------------------------------------------------------------- right answers


@given(SEEDS)
def test_every_factory_has_its_answer_and_shows_every_slip(seed):
    puzzle = variant("probability-1", seed)
    assert puzzle.shares.sum() == pytest.approx(1) and (puzzle.shares > 0).all()
    pieces = [share * fault for share, fault in zip(puzzle.shares, puzzle.faulty, strict=True)]
    right = pieces[2] / sum(pieces)
    assert check("probability-1", right, seed=seed).right
    for wrong, words in (
        (puzzle.faulty[2], "to be turned round"),
        (pieces[2], "joint probability"),
        (puzzle.shares[2], "before anything was known"),
        (puzzle.faulty[2] / sum(puzzle.faulty), "equally busy"),
        (sum(pieces), "what one divides by"),
        (1 - right, "other two"),
    ):
        verdict = check("probability-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message


def tied_by_search(counts):
    """The best die with p₁ = p₂ from a numerical optimiser over free scores."""
    counts = np.asarray(counts, dtype=float)
    if counts[0] + counts[1] == 0 or (counts[2:] == 0).any():
        pytest.skip("the optimum lies at infinity")

    def law(z):
        p = np.exp(z - np.logaddexp.reduce(np.append(z, z[0])))
        return np.insert(p, 0, p[0])

    found = optimize.minimize(lambda z: -counts @ np.log(law(z)), np.zeros(len(counts) - 1), tol=1e-12)
    return law(found.x)


@pytest.mark.parametrize("counts", [(3, 5, 2, 10), (1, 2, 3), (30, 20, 25, 25, 10, 50)])
def test_the_tied_die_is_the_one_that_an_optimiser_finds(counts):
    from book_lib.exercises.probability import tied

    assert tied(counts) == pytest.approx(tied_by_search(counts), abs=1e-4)


def by_hand_tied(counts):
    total, both = sum(counts), counts[0] + counts[1]
    return [both / total / 2] * 2 + [s / total for s in counts[2:]]


def by_scipy_rolls(rolls, p):
    return sum(math.log(p[roll]) for roll in rolls)


def by_loop(weights, u):
    total, seen = sum(weights), 0.0
    for index, weight in enumerate(weights):
        seen += weight
        if seen > u * total:
            return index
    raise AssertionError


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("probability-2", stats.norm.pdf(0.2, 0.2, 0.05)),
        ("probability-3", by_hand_tied),
        ("probability-4", by_scipy_rolls),
        ("probability-6", lambda a, b, n: stats.betabinom(n, a, b).var()),
        ("probability-7", by_loop),
        ("probability-8", (4 * stats.bernoulli(math.pi / 4).std() / 0.001) ** 2),
        ("probability-8", 2_700_000),
        ("probability-9", lambda x: (sum(x) / len(x), sum((y - sum(x) / len(x)) ** 2 for y in x) / len(x))),
        ("probability-9", lambda x: stats.norm.fit(x) ** np.array([1, 2])),
    ],
)
def test_right_answers_pass(name, answer):
    verdict = check(name, answer)
    assert verdict.right, str(verdict)
    assert not verdict.failed


# ---------------------------------------------------------------------------- typical slips


def frequencies(counts):
    return [s / sum(counts) for s in counts]


def unpaid(counts):
    total, both = sum(counts), counts[0] + counts[1]
    return [both / total] * 2 + [s / total for s in counts[2:]]


def rescaled(counts):
    p = unpaid(counts)
    return [x / sum(p) for x in p]


def plug_in(a, b, n):
    return n * a * b / (a + b) ** 2


def spread(a, b):
    return a * b / ((a + b) ** 2 * (a + b + 1))


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("probability-2", stats.norm.pdf(12, 12, 3), "per minute"),
        ("probability-2", stats.norm.pdf(12, 12, 3) / 60, "turned round"),
        ("probability-2", 3600 * stats.norm.pdf(12, 12, 3), "one factor of 60"),
        ("probability-2", 20.0, "1/√(2π) is missing"),
        ("probability-3", frequencies, "equally likely"),
        ("probability-3", unpaid, "2λ"),
        ("probability-3", rescaled, "changes the others"),
        ("probability-3", lambda s: [(s[0] + s[1]) / 2] * 2 + list(s[2:]), "Those are counts"),
        ("probability-3", lambda s: (s[0] + s[1]) / sum(s) / 2, "all V faces"),
        ("probability-4", lambda y, p: -by_scipy_rolls(y, p), "negative log-likelihood"),
        ("probability-4", lambda y, p: math.prod(p[roll] for roll in y), "underflows"),
        ("probability-4", lambda y, p: by_scipy_rolls(y, p) / len(y), "mean per roll"),
        ("probability-4", lambda y, p: sum(math.log2(p[roll]) for roll in y), "in bits"),
        ("probability-4", lambda y, p: sum(math.log10(p[roll]) for roll in y), "log10"),
        ("probability-6", plug_in, "plug-in variance"),
        ("probability-6", lambda a, b, n: plug_in(a, b, n) + n**2 * spread(a, b), "larger than the square"),
        ("probability-6", lambda a, b, n: n**2 * spread(a, b), "ignorance alone"),
        ("probability-6", lambda a, b, n: plug_in(a, b, n) - n * spread(a, b), "mean noise alone"),
        ("probability-6", lambda a, b, n: stats.betabinom(n, a, b).std(), "standard deviation"),
        ("probability-6", lambda a, b, n: n * plug_in(a, b, n), "but not their noise"),
        ("probability-7", lambda w, u: np.searchsorted(np.cumsum(w), u * sum(w)), "lower bound"),
        ("probability-7", lambda w, u: np.searchsorted(np.cumsum(w), u, side="right"), "Scale u"),
        ("probability-7", lambda w, u: by_loop(w, u) + 1, "count from 0"),
        ("probability-7", lambda w, u: int(len(w) * u), "equally often"),
        ("probability-8", 168_548, "*share*"),
        ("probability-8", 1642, "*square*"),
        ("probability-8", 1e6, "single dart"),
        ("probability-9", lambda x: (np.mean(x), np.std(x)), "the variance σ² is asked"),
        ("probability-9", lambda x: (np.mean(x), np.mean(np.square(x))), "distances from the mean"),
        ("probability-9", lambda x: (np.median(x), np.var(x)), "not the median"),
    ],
)
def test_typical_slips_get_their_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right and words in verdict.message, str(verdict)


def test_dividing_by_one_less_is_recognised_even_though_one_number_has_no_spread():
    def unbiased(x):
        return np.mean(x), np.var(x, ddof=1) if len(x) > 1 else 0.0

    verdict = check("probability-9", unbiased)
    assert not verdict.right and "N − 1" in verdict.message and len(verdict.failed) == 2


@pytest.mark.parametrize("name", names("probability"))
@pytest.mark.parametrize("nonsense", [None, "a text", [1, 2, 3], math.nan, lambda: 1])
def test_nonsense_gets_a_sentence(name, nonsense):
    verdict = check(name, nonsense)
    assert not verdict.right and verdict.message.endswith(".")
