"""The checks of the chapter on language models: right answers pass, typical slips get their replies."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import gmean

from book_lib.exercises import check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)
NAME = "language_models"


def count_by_listing(letters, length, order):
    """Σ over the lengths of beginnings of rows times free entries, each table counted once."""
    return sum(letters**m * (letters - 1) for m in range(order) if m < length)


def encode_by_ranks(ids, merges):
    """Always the earliest merge that fits, all its places from the left: as tokenizers do it."""
    rank = {tuple(pair): k for k, pair in enumerate(merges)}
    ids = list(ids)
    while True:
        there = [rank[pair] for pair in itertools.pairwise(ids) if pair in rank]
        if not there:
            return ids
        best = min(there)
        text, i = [], 0
        while i < len(ids):
            if i + 1 < len(ids) and rank.get((ids[i], ids[i + 1])) == best:
                text.append(256 + best)
                i += 2
            else:
                text.append(ids[i])
                i += 1
        ids = text


def mixed_with_fractions(counts, shorter):
    """λ times the shares plus (1 − λ) times the shorter law, λ = n/(n + d), in exact numbers."""
    counts = [Fraction(int(count)) for count in counts]
    n, d = sum(counts), sum(count > 0 for count in counts)
    weight = Fraction(n, n + d) if n else Fraction(0)
    shares = [count / n if n else Fraction(0) for count in counts]
    return [float(weight * share + (1 - weight) * Fraction(p)) for share, p in zip(shares, shorter, strict=True)]


def nucleus_by_trying(p, mass):
    """The smallest k whose k largest entries hold the mass, one after another."""
    ranked = sorted(range(len(p)), key=lambda i: (-p[i], i))
    for k in range(1, len(p) + 1):
        total = math.fsum(p[i] for i in ranked[:k])
        if total >= mass - 1e-12 or k == len(p):
            return np.array([p[i] / total if i in ranked[:k] else 0.0 for i in range(len(p))])


def melting_by_search(head, tail, n):
    """Where the logarithm of the odds of one against the crowd is zero, over 1/T."""
    root = brentq(lambda b: b * math.log(head) - math.log(n) - b * math.log(tail / n), 1e-6, 50)
    return 1 / root


def rate_by_powers(stay_a, stay_b):
    """The mean entropy of the rows, with the shares from the left eigenvector."""
    steps = np.array([[stay_a, 1 - stay_a], [1 - stay_b, stay_b]])
    values, vectors = np.linalg.eig(steps.T)
    shares = np.real(vectors[:, np.argmin(abs(values - 1))])
    shares = shares / shares.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = -np.nansum(np.where(steps > 0, steps * np.log(steps), 0), axis=1)
    return float(shares @ rows)


def whole_by_listing(first, endings, temperature):
    """All texts in a list, each to the power 1/T."""
    kinds = [i for i, n in enumerate(endings) for _ in range(int(n))]
    weights = np.array([(first[i] / endings[i]) ** (1 / temperature) for i in kinds])
    return np.bincount(kinds, weights, len(first)) / weights.sum()


RIGHT = {
    f"{NAME}-2": count_by_listing,
    f"{NAME}-3": encode_by_ranks,
    f"{NAME}-4": mixed_with_fractions,
    f"{NAME}-6": nucleus_by_trying,
    f"{NAME}-7": melting_by_search,
    f"{NAME}-8": rate_by_powers,
    f"{NAME}-9": whole_by_listing,
}


def test_the_chapter_registers_its_checks():
    assert names(NAME) == [f"{NAME}-{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


@settings(max_examples=30)
@given(SEEDS)
def test_every_text_has_its_perplexity_and_shows_every_slip(seed):
    p = np.array(variant(f"{NAME}-1", seed).probabilities)
    assert 5 <= len(p) <= 7 and (p > 0).all() and (p <= 0.9).all()
    right = 1 / gmean(p)
    assert check(f"{NAME}-1", right, seed=seed).right
    slips = (
        (1 / p.mean(), "one over the mean probability"),
        ((1 / p).mean(), "the mean of 1/p"),
        (1 / p.prod(), "the whole text"),
        (gmean(p), "turn it over"),
        (math.log(right), "mean loss in nats"),
        (2 ** math.log(right), "go with e"),
    )
    for wrong, words in slips:
        verdict = check(f"{NAME}-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message, (wrong, str(verdict))


def test_the_same_seed_gives_the_same_text():
    assert variant(f"{NAME}-1", 5) == variant(f"{NAME}-1", 5)
    assert len({variant(f"{NAME}-1", seed) for seed in range(40)}) == 40


def encode_backwards(ids, merges):
    for k in range(len(merges) - 1, -1, -1):
        ids = encode_by_ranks(ids, [(-1, -1)] * k + [merges[k]])
    return list(ids)


def leftmost_pair(ids, merges):
    ids = list(ids)
    while True:
        at = next((i for i in range(len(ids) - 1) if (ids[i], ids[i + 1]) in merges), None)
        if at is None:
            return ids
        ids[at : at + 2] = [256 + merges.index((ids[at], ids[at + 1]))]


def in_the_order_given(p, kept):
    return np.where(kept, p, 0) / p[kept].sum()


def smoothed(counts, shorter):
    return np.array(mixed_with_fractions(counts, shorter))


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        (2, lambda v, n, k: v**n - 1, "the whole table"),
        (2, lambda v, n, k: v ** min(k, n), "is not free"),
        (2, lambda v, n, k: v ** (min(k, n) - 1) * (v - 1), "largest table alone"),
        (2, lambda v, n, k: v**k - 1, "counts up to L"),
        (2, lambda v, n, k: v ** min(k - 1, n) - 1, "V^(n−1) rows"),
        (2, lambda v, n, k: n * (v - 1), "not one row"),
        (3, encode_backwards, "order matters"),
        (3, leftmost_pair, "earliest merge"),
        (3, lambda ids, merges: list(ids), "no merge was done"),
        (4, lambda n, p: n / n.sum(), "nothing is kept"),
        (4, lambda n, p: (n + 1) / (n.sum() + 4), "adds one to each"),
        (4, lambda n, p: (n + 4 * p) / (n.sum() + 4), "not the vocabulary"),
        (4, lambda n, p: (n + p) / (n.sum() + 1), "not once"),
        (4, lambda n, p: (n + sum(n > 0) * p) / n.sum(), "count below"),
        (4, lambda n, p: np.where(n > 0, n, sum(n > 0) * p) / (n.sum() + sum(n > 0)), "seen or not"),
        (6, lambda p, m: np.where(nucleus_by_trying(p, m) > 0, p, 0), "adds up to one"),
        (6, lambda p, m: np.array(sorted(nucleus_by_trying(p, m), reverse=True)), "its own token"),
        (6, lambda p, m: in_the_order_given(p, np.cumsum(p) - p < m - 1e-12), "largest first"),
        (7, lambda h, w, n: math.log(h / w, n), "Check T = 1"),
        (7, lambda h, w, n: math.log(n) + math.log(h / w), "Divide by ln n"),
        (7, lambda h, w, n: 2 - melting_by_search(h, w, n), "one must heat"),
        (7, lambda h, w, n: 1 + math.log(h / w) / n, "is ln n, not n"),
        (7, lambda h, w, n: 1 / melting_by_search(h, w, n), "that is 1/T"),
        (7, lambda h, w, n: 1 + math.log2(h / w) / math.log(n), "same base"),
        (8, lambda a, b: rate_by_powers(a, b) / math.log(2), "in bits"),
        (8, lambda a, b: math.exp(rate_by_powers(a, b)), "perplexity"),
        (8, lambda a, b: (rate_by_powers(a, 1 - a) + rate_by_powers(b, 1 - b)) / 2, "half of the time"),
        (8, lambda a, b: rate_by_powers((1 - b) / (2 - a - b), (1 - a) / (2 - a - b)), "a single letter"),
        (9, lambda p, n, t: whole_by_listing(p, np.ones(len(p)), t), "first token alone"),
        (9, lambda p, n, t: (p / n) ** (1 / t) / ((p / n) ** (1 / t)).sum(), "one text of each kind"),
        (9, lambda p, n, t: n * p ** (1 / t) / (n * p ** (1 / t)).sum(), "not p"),
        (9, lambda p, n, t: whole_by_listing(p, n, 1 / t), "power is 1/T"),
        (9, lambda p, n, t: n * (p / n) ** (1 / t), "Divide by Z"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(f"{NAME}-{name}", answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_the_nucleus_keeps_the_one_that_crosses_the_line():
    def short(p, mass):
        ranked = np.argsort(-p, kind="stable")
        count = max(int((np.cumsum(p[ranked]) < mass - 1e-12).sum()), 1)
        kept = np.zeros(len(p))
        kept[ranked[:count]] = p[ranked[:count]]
        return kept / kept.sum()

    assert "crosses the line" in check(f"{NAME}-6", short).message


def test_a_row_that_was_never_seen_is_the_last_hurdle():
    def careless(counts, shorter):
        distinct = np.count_nonzero(counts)
        return (counts + distinct * shorter) / (counts.sum() + distinct)

    verdict = check(f"{NAME}-4", careless)
    assert not verdict.right and len(verdict.passed) == 4 and "never seen" in verdict.failed[0]


def test_the_answers_of_the_text():
    assert whole_by_listing([0.6, 0.4], [10, 1], 0.5)[0] == pytest.approx(0.036 / 0.196)
    assert melting_by_search(0.9, 0.03, 50_000) == pytest.approx(1 + math.log(30) / math.log(50_000))
    assert smoothed([3, 1, 0, 0], [0.25] * 4)[2] == pytest.approx(1 / 12)
    assert count_by_listing(3, 4, 4) == 80


@pytest.mark.parametrize("name", [f"{NAME}-1", *RIGHT])
@pytest.mark.parametrize("answer", [None, "two", [1, 2], math.nan, lambda: 1])
def test_what_is_no_answer_gets_a_reply_and_no_traceback(name, answer):
    assert not check(name, answer).right
