"""The checks of the chapter on Hopfield networks: right answers pass, typical slips get their replies."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from book_lib.exercises import check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)


def hebb(patterns):
    count, n = patterns.shape
    w = np.zeros((n, n))
    for i, j in itertools.permutations(range(n), 2):
        w[i, j] = sum(patterns[p, i] * patterns[p, j] for p in range(count)) / n
    return w


def recall(weights, thresholds, state):
    """By energies: a unit turns only if that makes E smaller."""

    def energy(s):
        return -0.5 * s @ weights @ s - thresholds @ s

    s = np.array(state)
    while True:
        before = s.copy()
        for i in range(len(s)):
            other = s.copy()
            other[i] *= -1
            if energy(other) < energy(s):
                s = other
        if (s == before).all():
            return s


def mixture_overlap(count):
    """The mean of ξ₁ times the majority, over all votes."""
    votes = list(itertools.product((-1, 1), repeat=count)) if count < 10 else None
    if votes:
        return sum(v[0] * (1 if sum(v) > 0 else -1) for v in votes) / len(votes)
    # with v₁ = +1 the majority is + if at least (n − 1)/2 of the others are
    return 2 * stats.binom.sf((count - 1) // 2 - 1, count - 1, 0.5) - 1


def largest_load(error):
    return optimize.brentq(lambda load: stats.norm.sf(1 / math.sqrt(load)) - error, 1e-3, 100, xtol=1e-14)


def condition(signals, food, rate):
    w = [0.0] * len(signals[0])
    for row, reward in zip(signals, food, strict=True):
        miss = reward - sum(a * b for a, b in zip(w, row, strict=True))
        w = [a + rate * miss * b for a, b in zip(w, row, strict=True)]
    return np.array(w)


def freezing_diagonal(weights):
    """By trying: the least d for which no unit of any state is against its field."""
    off = weights - np.diag(np.diag(weights))
    states = np.array(list(itertools.product((-1, 1), repeat=len(off))))
    return -(states * (states @ off)).min()


def coloring_cost(on, edges, penalty):
    cost = 0
    for node in range(on.shape[0]):
        cost += penalty * (sum(on[node]) - 1) ** 2
    for i, j in edges:
        cost += sum(1 for a, b in zip(on[i], on[j], strict=True) if a and b)
    return cost


RIGHT = {
    "hopfield-2": hebb,
    "hopfield-3": recall,
    "hopfield-4": mixture_overlap,
    "hopfield-6": largest_load,
    "hopfield-7": condition,
    "hopfield-8": freezing_diagonal,
    "hopfield-9": coloring_cost,
}


def test_the_chapter_registers_its_checks():
    assert names("hopfield") == [f"hopfield-{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


# ---------------------------------------------------------------------------- hopfield-1, for every seed


def sweep(puzzle, order=range(6), tie=None, sign=1, at_once=False):
    """One sweep by local fields, written once more."""
    s, old = list(puzzle.start), list(puzzle.start)
    first, second = puzzle.patterns
    for i in order:
        look = old if at_once else s
        h = sum((first[i] * first[j] + second[i] * second[j]) * look[j] for j in range(6) if j != i)
        h += sign * puzzle.fields[i]
        if h:
            s[i] = int(math.copysign(1, h))
        elif tie is not None:
            s[i] = tie
    return s


@settings(max_examples=40)
@given(SEEDS)
def test_every_memory_has_its_answer_and_shows_every_slip(seed):
    puzzle = variant("hopfield-1", seed)
    assert check("hopfield-1", sweep(puzzle), seed=seed).right
    slips = (
        (list(puzzle.start), "That is the start"),
        (sweep(puzzle, at_once=True), "all units at once"),
        (sweep(puzzle, tie=-1), "a tie mean −1"),
        (sweep(puzzle, sign=-1), "with −θ"),
        (sweep(puzzle, order=range(5, -1, -1)), "the order 6 … 1"),
    )
    for wrong, words in slips:
        verdict = check("hopfield-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message, (wrong, str(verdict))


@pytest.mark.parametrize("seed", range(4))
def test_the_sweep_is_the_librarys(seed):
    from book_lib.hopfield import Hopfield

    puzzle = variant("hopfield-1", seed)
    network = Hopfield(6, np.array(puzzle.fields) / 6).store(puzzle.patterns)
    assert network.recall(puzzle.start, max_sweeps=1).state.tolist() == sweep(puzzle)
    assert check("hopfield-1", np.array(sweep(puzzle), dtype=float), seed=seed).right


def test_a_wrong_unit_is_named():
    puzzle = variant("hopfield-1", 3)
    known = [sweep(puzzle), list(puzzle.start), sweep(puzzle, at_once=True), sweep(puzzle, tie=-1)]
    known += [sweep(puzzle, sign=-1), sweep(puzzle, order=range(5, -1, -1))]
    for unit in range(6):
        wrong = sweep(puzzle)
        wrong[unit] *= -1
        if wrong not in known:
            assert f"Look again at unit {unit + 1}." in check("hopfield-1", wrong, seed=3).message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([1, 0, 1, -1, 1, 1], "never 0"),
        ([1, 1, 1], "list of 6"),
        ("+-+-+-", "list of 6"),
        (None, "list of 6"),
        ([[1] * 6], "list of 6"),
        ([1, 1, 1, 1, 1, math.nan], "list of 6"),
        ([1, 2, 1, 1, 1, 1], "list of 6"),
    ],
)
def test_what_is_no_state_is_told(answer, words):
    verdict = check("hopfield-1", answer, seed=1)
    assert not verdict.right and words in verdict.message


def test_the_same_seed_gives_the_same_memory():
    assert variant("hopfield-1", 5) == variant("hopfield-1", 5)
    assert len({variant("hopfield-1", seed) for seed in range(20)}) == 20


# ---------------------------------------------------------------------------- slips


def together(weights, thresholds, state):
    s = np.array(state)
    for _ in range(100):
        h = weights @ s + thresholds
        s = np.where(h == 0, s, np.sign(h)).astype(int)
    return s


def once(weights, thresholds, state):
    s = np.array(state)
    for i in range(len(s)):
        if (weights[i] @ s + thresholds[i]) * s[i] < 0:
            s[i] *= -1
    return s


def with_ties(tie):
    def run(weights, thresholds, state):
        s = np.array(state)
        for _ in range(100):
            for i in range(len(s)):
                h = weights[i] @ s + thresholds[i]
                s[i] = tie if h == 0 else np.sign(h)
        return s

    return run


def learned(rule):
    def run(signals, food, rate):
        w = np.zeros(np.shape(signals)[1])
        for x, f in zip(signals, food, strict=True):
            w = w + rate * rule(w, x, f)
        return w

    return run


def unbalanced(count):
    return lambda on, edges, penalty: coloring_cost(on, edges, 0) + penalty * count(on)


def any_clash(on, edges, penalty):
    return coloring_cost(on, [], penalty) + sum(any(on[i] & on[j]) for i, j in edges)


def bare(weights):
    return weights - np.diag(np.diag(weights))


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("hopfield-2", lambda p: p.T @ p / p.shape[1], "The diagonal"),
        ("hopfield-2", lambda p: hebb(p) * p.shape[1], "Divide by N"),
        ("hopfield-2", lambda p: hebb(p) * p.shape[1] / len(p), "divided by P"),
        ("hopfield-2", lambda p: -hebb(p), "The sign"),
        ("hopfield-2", lambda p: hebb(p[:1]), "the first pattern alone"),
        ("hopfield-2", lambda p: hebb(p[-1:]), "the last pattern alone"),
        ("hopfield-2", lambda p: np.triu(hebb(p)), "below the diagonal"),
        ("hopfield-2", lambda p: p @ p.T / p.shape[1], "between units"),
        ("hopfield-3", lambda w, t, s: recall(w, -t, s), "with −θ"),
        ("hopfield-3", lambda w, t, s: recall(w, 0 * t, s), "θ is missing"),
        ("hopfield-3", together, "All units at once"),
        ("hopfield-3", once, "a single sweep"),
        ("hopfield-3", with_ties(-1), "a tie mean −1"),
        ("hopfield-3", with_ties(1), "a tie mean +1"),
        ("hopfield-3", lambda w, t, s: recall(-w, -t, s), "that climbs"),
        ("hopfield-4", lambda n: (1 + mixture_overlap(n)) / 2, "chance to agree"),
        ("hopfield-4", lambda n: 1 / n, "Not 1/n"),
        ("hopfield-4", lambda n: n**-0.5, "√(2/π) of that"),
        ("hopfield-4", lambda n: math.sqrt(2 / math.pi / n), "the limit for many"),
        ("hopfield-4", lambda n: math.comb(n, n // 2) / 2**n, "n − 1, and divided"),
        ("hopfield-4", lambda n: 0.5, "the mixture of three"),
        ("hopfield-4", lambda n: 0.5 ** (n - 1), "count all even ones"),
        ("hopfield-6", lambda e: largest_load(e / 2), "Only one side"),
        ("hopfield-6", lambda e: math.sqrt(largest_load(e)), "the width"),
        ("hopfield-6", lambda e: 1 / largest_load(e), "Turn it over"),
        ("hopfield-6", lambda e: stats.norm.isf(e), "z = 1/√α"),
        ("hopfield-6", lambda e: 2 * largest_load(e), "A factor 2"),
        ("hopfield-6", lambda e: 4 * largest_load(e), "A factor 4"),
        ("hopfield-7", learned(lambda w, x, f: (f - w) * x), "one prediction"),
        ("hopfield-7", learned(lambda w, x, f: f * x), "Hebb's rule"),
        ("hopfield-7", learned(lambda w, x, f: f - w @ x), "multiply by x"),
        ("hopfield-7", lambda s, f, r: condition(s, f, -r), "target minus prediction"),
        ("hopfield-7", lambda s, f, r: condition(s[:1], f[:1], r), "the first trial alone"),
        ("hopfield-8", lambda w: bare(w).sum(1).max(), "Without the sizes"),
        ("hopfield-8", lambda w: np.abs(bare(w)).sum(1).min(), "all have to hold"),
        ("hopfield-8", lambda w: np.abs(bare(w)).max(), "the largest coupling"),
        ("hopfield-8", lambda w: np.abs(bare(w)).sum(), "the whole matrix"),
        ("hopfield-8", lambda w: np.linalg.eigvalsh(bare(w))[-1], "An eigenvalue"),
        ("hopfield-8", lambda w: -np.linalg.eigvalsh(bare(w))[0], "An eigenvalue"),
        ("hopfield-8", lambda w: np.abs(w).sum(1).max(), "The old diagonal"),
        ("hopfield-8", lambda w: 2 * freezing_diagonal(w), "A factor 2"),
        ("hopfield-9", lambda x, e, a: coloring_cost(x, e, 0), "The penalty is missing"),
        ("hopfield-9", lambda x, e, a: coloring_cost(x, [], a), "The edges are missing"),
        ("hopfield-9", unbalanced(lambda x: x.sum() - len(x)), "paid for by a double"),
        ("hopfield-9", unbalanced(lambda x: abs(x.sum(1) - 1).sum()), "do not take its size"),
        ("hopfield-9", unbalanced(lambda x: ((x.sum(0) - 1) ** 2).sum()), "the other axis"),
        ("hopfield-9", any_clash, "each colour"),
        ("hopfield-9", lambda x, e, a: coloring_cost(x, e + e, a), "each edge twice"),
    ],
)  # fmt: skip
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_a_recall_that_changes_its_start_is_told():
    def in_place(weights, thresholds, state):
        for _ in range(50):
            for i in range(len(state)):
                if (weights[i] @ state + thresholds[i]) * state[i] < 0:
                    state[i] *= -1
        return state

    verdict = check("hopfield-3", in_place)
    assert not verdict.right and "changed its input" in verdict.failed[0]


@pytest.mark.parametrize("name", sorted(RIGHT))
@pytest.mark.parametrize("answer", [None, "two", [1, 2], math.nan, lambda: 1])
def test_what_is_no_answer_gets_a_reply_and_no_traceback(name, answer):
    assert not check(name, answer).right
