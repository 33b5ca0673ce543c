"""Checks and data for the exercises of the chapter on Hopfield networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function

# --- hopfield-1: one sweep by hand (with variants) ----------------------------------------------------------

UNITS = 6
States = tuple[int, ...]


@dataclass(frozen=True)
class Memory:
    """Data of ``hopfield-1``: two patterns, θ in sixths, and the state to begin with; six units each."""

    patterns: tuple[States, States]
    fields: tuple[int, ...]
    start: States


def sweep_puzzle(seed: int) -> Memory:
    """Draw a memory such that every typical slip ends in another state."""
    rng = CounterRNG(seed, stream=1)
    while True:
        signs = (2 * rng.integers(0, 2, size=(3, UNITS)) - 1).tolist()
        fields = (2 * rng.integers(-1, 2, size=UNITS)).tolist()
        first, second, start = map(tuple, signs)
        puzzle = Memory((first, second), tuple(fields), start)
        ends = [swept(puzzle), *(end for end, _ in _sweep_slips(puzzle))]
        if len(set(ends)) == len(ends):
            return puzzle


def _sixths(puzzle: Memory) -> list[list[int]]:
    """Six times the couplings: whole numbers, so that a tie is a tie."""
    first, second = puzzle.patterns
    return [
        [first[i] * first[j] + second[i] * second[j] if i != j else 0 for j in range(UNITS)]
        for i in range(UNITS)
    ]


def swept(
    puzzle: Memory,
    tie: int | None = None,
    sign: int = 1,
    order: Sequence[int] = range(UNITS),
    at_once: bool = False,
) -> States:
    """Return the state after one sweep, or after one with a slip in it."""
    weights, s = _sixths(puzzle), list(puzzle.start)
    seen = puzzle.start if at_once else s  # subtle: the same list, so that a unit sees those before it change
    for i in order:
        h = sum(w * other for w, other in zip(weights[i], seen, strict=True)) + sign * puzzle.fields[i]
        s[i] = (1 if h > 0 else -1) if h else (s[i] if tie is None else tie)
    return tuple(s)


def _sweep_slips(puzzle: Memory) -> list[tuple[States, str]]:
    return [
        (puzzle.start, "That is the start: some unit's field is against it."),
        (swept(puzzle, at_once=True), "That is all units at once; unit 2 has to see the new unit 1."),
        (swept(puzzle, tie=-1), "You let a tie mean −1. A unit that feels 0 stays as it is."),
        (swept(puzzle, sign=-1), "That is with −θ. Here θ is a field: h = Ws + θ."),
        (swept(puzzle, order=range(UNITS)[::-1]), "That is the order 6 … 1; begin with unit 1."),
    ]


@exercise("hopfield-1", variant=sweep_puzzle)
def check_sweep(answer: Any, puzzle: Memory) -> Verdict:
    """The state of a small memory after one sweep."""
    wanted = f"Expected a list of {UNITS} numbers, each −1 or +1"
    try:
        given = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return Verdict("hopfield-1", False, f"{wanted}; got {type(answer).__name__}.")
    if given.shape != (UNITS,) or not np.isin(given, (-1, 1)).all():
        hint = " A unit is never 0: ties keep what is there." if (given == 0).any() else ""
        return Verdict("hopfield-1", False, f"{wanted}; got {str(answer)[:60]}.{hint}")
    state, right = tuple(int(one) for one in given), swept(puzzle)
    if state == right:
        return Verdict("hopfield-1", True, "One unit after another, each seeing those before it; ties keep.")
    for end, reply in _sweep_slips(puzzle):
        if state == end:
            return Verdict("hopfield-1", False, reply)
    wrong = [str(i + 1) for i in range(UNITS) if state[i] != right[i]]
    return Verdict("hopfield-1", False, f"Look again at unit {', '.join(wrong)}.")


# --- hopfield-2: Hebb's rule --------------------------------------------------------------------------------


def hebb_weights(patterns: NDArray) -> NDArray[np.float64]:
    """Return w_ij = (1/N) Σ_p ξ_i ξ_j off the diagonal and 0 on it, shape (N, N)."""
    patterns = np.asarray(patterns, dtype=float)
    weights = patterns.T @ patterns / patterns.shape[1]
    np.fill_diagonal(weights, 0)
    return weights


def _with_diagonal(patterns: NDArray) -> NDArray[np.float64]:
    return hebb_weights(patterns) + np.eye(patterns.shape[1]) * len(patterns) / patterns.shape[1]


HEBB_SLIPS = (
    Slip(_with_diagonal, "The diagonal: w_ii = 0, and not P/N."),
    Slip(lambda p: hebb_weights(p) * p.shape[1], "Divide by N, the number of units."),
    Slip(lambda p: hebb_weights(p) * p.shape[1] / len(p), "N is the number of units; you divided by P."),
    Slip(lambda p: -hebb_weights(p), "The sign: units that are alike in a pattern shall like to agree."),
    Slip(lambda p: hebb_weights(p[:1]), "That is the first pattern alone; add up all."),
    Slip(lambda p: hebb_weights(p[-1:]), "That is the last pattern alone; add up all."),
    Slip(lambda p: np.triu(hebb_weights(p)), "W is symmetric: the half below the diagonal is missing."),
    Slip(
        lambda p: p @ p.T / p.shape[1], "That compares patterns, P × P; couplings are between units, N × N."
    ),
)


@exercise("hopfield-2")
def check_hebb(answer: Any) -> Verdict:
    """Hebb's rule, as a function."""
    rng = np.random.default_rng(31)
    cases = [
        Case("one pattern of three units", (np.array([[1, -1, 1]]),)),
        Case("two patterns of five", (rng.choice([-1, 1], size=(2, 5)),)),
        Case("four patterns of thirty", (rng.choice([-1, 1], size=(4, 30)),)),
    ]
    return grade_function(
        "hopfield-2",
        answer,
        hebb_weights,
        cases,
        slips=HEBB_SLIPS,
        signature="hebb(patterns)",
        right="Right: symmetric, nothing on the diagonal, and every pattern counts the same.",
    )


# --- hopfield-3: recall -------------------------------------------------------------------------------------


def recalled(
    weights: NDArray,
    thresholds: NDArray,
    state: NDArray,
    tie: int | None = None,
    sign: int = 1,
    sweeps: int = 100,
    at_once: bool = False,
) -> NDArray[np.int64]:
    """Return where sweeps in order come to rest, or where they end with a slip."""
    s = np.array(state)
    for _ in range(sweeps):
        old = s.copy()
        for i in range(len(s)):
            h = weights[i] @ (old if at_once else s) + sign * thresholds[i]
            s[i] = (1 if h > 0 else -1) if h else (s[i] if tie is None else tie)
        if (s == old).all():
            break
    return s


RECALL_SLIPS = (
    Slip(lambda w, t, s: recalled(w, t, s, sign=-1), "That is with −θ: the field is h = Ws + θ."),
    Slip(lambda w, t, s: recalled(w, 0 * t, s), "θ is missing: the field is h = Ws + θ."),
    Slip(
        lambda w, t, s: recalled(w, t, s, at_once=True),
        "All units at once: each has to see the changes of those before it.",
    ),
    Slip(lambda w, t, s: recalled(w, t, s, sweeps=1), "That is a single sweep; go on until nothing changes."),
    Slip(
        lambda w, t, s: recalled(w, t, s, tie=-1),
        "You let a tie mean −1; a unit that feels 0 stays as it is.",
    ),
    Slip(
        lambda w, t, s: recalled(w, t, s, tie=1), "You let a tie mean +1; a unit that feels 0 stays as it is."
    ),
    Slip(lambda w, t, s: recalled(-w, -t, s), "The sign: that climbs."),
)


def _glass(n: int, seed: int) -> tuple[NDArray, NDArray, NDArray]:
    """Whole couplings and fields, so that sums are exact; a state to begin with."""
    rng = np.random.default_rng(seed)
    half = np.triu(rng.integers(-3, 4, size=(n, n)), 1).astype(float)
    return half + half.T, rng.integers(-2, 3, size=n).astype(float), rng.choice([-1, 1], size=n)


@exercise("hopfield-3")
def check_recall(answer: Any) -> Verdict:
    """Sweeps until nothing changes, as a function."""
    three = hebb_weights(np.array([[1, -1, 1]])) * 3
    cases = [
        Case("the three units of the text, from (1, 1, 1)", (three, np.zeros(3), np.array([1, 1, 1]))),
        Case("twelve units with fields", _glass(12, 4)),
        Case("thirty units with fields", _glass(30, 15)),
        Case("two units that agree already", (np.array([[0.0, 1], [1, 0]]), np.zeros(2), np.array([-1, -1]))),
        Case("no couplings and no field: all ties", (np.zeros((3, 3)), np.zeros(3), np.array([1, -1, 1]))),
    ]
    return grade_function(
        "hopfield-3",
        answer,
        recalled,
        cases,
        slips=RECALL_SLIPS,
        signature="recall(weights, thresholds, state)",
        right="Right: it rests only where nobody wants to change.",
    )


# --- hopfield-4: the majority of n patterns -----------------------------------------------------------------


def mixture_overlap(count: int) -> float:
    """Return C(n − 1, (n − 1)/2) / 2ⁿ⁻¹, the overlap of a majority of n with each of them."""
    return math.comb(count - 1, (count - 1) // 2) / 2 ** (count - 1)


MIXTURE_SLIPS = (
    Slip(
        lambda n: (1 + mixture_overlap(n)) / 2,
        "That is the chance to agree; the overlap is twice that, less one.",
    ),
    Slip(lambda n: 1 / n, "Not 1/n: the majority is nearer to each than that."),
    Slip(lambda n: 1 / math.sqrt(n), "Not quite: for many it is √(2/π) of that."),
    Slip(lambda n: math.sqrt(2 / (math.pi * n)), "That is the limit for many; here the count is exact."),
    Slip(lambda n: math.comb(n, n // 2) / 2**n, "The others are n − 1, and divided evenly."),
    Slip(lambda n: 0.5, "That is the mixture of three; which n is asked, the argument says."),
    Slip(lambda n: 2 ** (1 - n), "That is one division of the votes; count all even ones."),
)


@exercise("hopfield-4")
def check_mixture(answer: Any) -> Verdict:
    """The overlap of a mixture of n patterns with each, as a function."""
    return grade_function(
        "hopfield-4",
        answer,
        mixture_overlap,
        [Case(f"n = {n}", (n,)) for n in (3, 5, 7, 21, 1)],
        slips=MIXTURE_SLIPS,
        signature="mixture_overlap(count)",
        rtol=1e-6,
        right="Right: a vote counts only when the others are divided evenly.",
    )


# --- hopfield-6: the load for a given share of errors -------------------------------------------------------


def largest_load(error: float) -> float:
    """Return α = 1/z², where a standard bell has the area ``error`` beyond z."""
    from scipy.special import erfcinv

    return 1 / (2 * float(erfcinv(2 * error)) ** 2)


def _two_sided(error: float) -> float:
    return largest_load(error / 2)


LOAD_SLIPS = (
    Slip(_two_sided, "Only one side turns a unit: crosstalk below −1."),
    Slip(lambda e: math.sqrt(largest_load(e)), "That is 1/z, the width; the load is its square."),
    Slip(lambda e: 1 / largest_load(e), "Turn it over: that is z² = 1/α."),
    Slip(lambda e: math.sqrt(1 / largest_load(e)), "That is z = 1/√α."),
    Slip(lambda e: 2 * largest_load(e), "A factor 2: erfc has z/√2 for an argument."),
    Slip(lambda e: 4 * largest_load(e), "A factor 4: erfc has z/√2 for an argument, and α goes with 1/z²."),
)


@exercise("hopfield-6")
def check_load(answer: Any) -> Verdict:
    """The largest load at which at most a share of the units wants to turn, as a function."""
    return grade_function(
        "hopfield-6",
        answer,
        largest_load,
        [Case(f"ε = {error:g}", (error,)) for error in (0.001, 0.0036, 0.01, 0.1, 1e-6)],
        slips=LOAD_SLIPS,
        signature="largest_load(error)",
        rtol=1e-4,
        right="Right: α = 1/z²; at a thousandth, 0.105.",
    )


# --- hopfield-7: learning from errors -----------------------------------------------------------------------


def conditioned(signals: ArrayLike, food: ArrayLike, rate: float) -> NDArray[np.float64]:
    """Return the strengths after Δw = η (f − w·x) x for each trial, shape (S,)."""
    return _learned(signals, food, rate, lambda w, x, f: (f - w @ x) * x)


def _learned(signals: ArrayLike, food: ArrayLike, rate: float, rule: Callable) -> NDArray[np.float64]:
    rows = np.asarray(signals, dtype=float)
    w = np.zeros(rows.shape[1])
    for x, f in zip(rows, np.asarray(food, dtype=float), strict=True):
        w = w + rate * rule(w, x, f)
    return w


CONDITION_SLIPS = (
    Slip(
        lambda s, f, r: _learned(s, f, r, lambda w, x, t: (t - w) * x),
        "Each signal has an error of its own there; the dog makes one prediction, w · x, from all of them.",
    ),
    Slip(
        lambda s, f, r: _learned(s, f, r, lambda w, x, t: t * x),
        "That is Hebb's rule: the prediction is missing.",
    ),
    Slip(
        lambda s, f, r: _learned(s, f, r, lambda w, x, t: t - w @ x),
        "Only signals that are there learn: multiply by x.",
    ),
    Slip(lambda s, f, r: conditioned(s, f, -r), "The sign: f − w · x, target minus prediction."),
    Slip(lambda s, f, r: conditioned(s[:1], f[:1], r), "That is the first trial alone."),
)


@exercise("hopfield-7")
def check_condition(answer: Any) -> Verdict:
    """Rescorla's and Wagner's rule, as a function."""
    both, bell = np.array([[1, 1]]), np.array([[1, 0]])
    cases = [
        Case("a bell, 5 meals, η = 0.2", (np.ones((5, 1)), np.ones(5), 0.2)),
        Case("5 meals, then 3 bells without", (np.ones((8, 1)), np.array([1] * 5 + [0] * 3), 0.3)),
        Case(
            "a bell, then bell and light",
            (np.concatenate([bell.repeat(8, 0), both.repeat(6, 0)]), np.ones(14), 0.2),
        ),
        Case(
            "a bell with food, bell and light without",
            (np.array([[1, 0], [1, 1]] * 6), np.array([1, 0] * 6), 0.25),
        ),
    ]
    return grade_function(
        "hopfield-7",
        answer,
        conditioned,
        cases,
        slips=CONDITION_SLIPS,
        signature="condition(signals, food, rate)",
        right="Right: what is already predicted teaches nothing.",
    )


# --- hopfield-8: a coupling to itself -----------------------------------------------------------------------


def freezing_diagonal(weights: NDArray) -> float:
    """Return max_i Σ_{j≠i} |w_ij|: a self-coupling from which on every state is stable."""
    off = np.array(weights, dtype=float)
    np.fill_diagonal(off, 0)
    return float(np.abs(off).sum(axis=1).max())


def _off(weights: NDArray) -> NDArray[np.float64]:
    off = np.array(weights, dtype=float)
    np.fill_diagonal(off, 0)
    return off


FREEZING_SLIPS = (
    Slip(lambda w: _off(w).sum(axis=1).max(), "Without the sizes: some state has every sign the worst way."),
    Slip(lambda w: np.abs(_off(w)).sum(axis=1).min(), "That holds the first unit; all have to hold."),
    Slip(
        lambda w: np.abs(_off(w)).max(), "That is the largest coupling; a unit feels all of its own at once."
    ),
    Slip(lambda w: np.abs(_off(w)).sum(), "That adds up the whole matrix; each unit fights for itself."),
    Slip(
        lambda w: np.linalg.eigvalsh(_off(w)).max(), "An eigenvalue allows any real state; ask unit by unit."
    ),
    Slip(
        lambda w: -np.linalg.eigvalsh(_off(w)).min(), "An eigenvalue allows any real state; ask unit by unit."
    ),
    Slip(lambda w: np.abs(w).sum(axis=1).max(), "The old diagonal is not one of the others: leave it out."),
    Slip(lambda w: 2 * freezing_diagonal(w), "A factor 2: compare d with the sum of the others, once."),
)


@exercise("hopfield-8")
def check_freezing(answer: Any) -> Verdict:
    """The self-coupling from which on every state is stable, as a function."""
    loaded = hebb_weights(np.random.default_rng(2).choice([-1, 1], size=(3, 12)))
    cases = [
        Case("two units, w = −2", (np.array([[0.0, -2], [-2, 0]]),)),
        Case("three units, w = 1, −2, ½", (np.array([[0, 1, -2], [1, 0, 0.5], [-2, 0.5, 0]]),)),
        Case("ten random units", (_glass(10, 8)[0],)),
        Case("three patterns in twelve units", (loaded,)),
        Case("the same with a diagonal already there", (loaded + 0.25 * np.eye(12),)),
    ]
    return grade_function(
        "hopfield-8",
        answer,
        freezing_diagonal,
        cases,
        slips=FREEZING_SLIPS,
        signature="freezing_diagonal(weights)",
        right="Right: as much as all others together can pull.",
    )


# --- hopfield-9: what a colouring costs ---------------------------------------------------------------------


def coloring_cost(on: NDArray, edges: Sequence[tuple[int, int]], penalty: float) -> float:
    """Return A Σ_i (Σ_k x_ik − 1)² + Σ_(ij) Σ_k x_ik x_jk."""
    on = np.asarray(on)
    return float(penalty * ((on.sum(axis=1) - 1) ** 2).sum() + sum((on[i] * on[j]).sum() for i, j in edges))


def _linear(on: NDArray, edges: Sequence[tuple[int, int]], penalty: float) -> float:
    return coloring_cost(on, edges, 0) + penalty * np.abs(on.sum(axis=1) - 1).sum()


def _unsquared(on: NDArray, edges: Sequence[tuple[int, int]], penalty: float) -> float:
    return coloring_cost(on, edges, 0) + penalty * (on.sum(axis=1) - 1).sum()


def _by_color(on: NDArray, edges: Sequence[tuple[int, int]], penalty: float) -> float:
    return coloring_cost(on, edges, 0) + penalty * ((on.sum(axis=0) - 1) ** 2).sum()


def _any_clash(on: NDArray, edges: Sequence[tuple[int, int]], penalty: float) -> float:
    return coloring_cost(on, [], penalty) + sum(bool((on[i] * on[j]).any()) for i, j in edges)


COST_SLIPS = (
    Slip(lambda x, e, a: coloring_cost(x, e, 0), "The penalty is missing: each node needs just one colour."),
    Slip(lambda x, e, a: coloring_cost(x, [], a), "The edges are missing."),
    Slip(_unsquared, "A missing colour is paid for by a double one; square the difference."),
    Slip(_linear, "Square the difference, do not take its size: a square of sums is an energy of pairs."),
    Slip(_by_color, "One colour for each node, not one node for each colour: sum over the other axis."),
    Slip(_any_clash, "An edge pays for each colour that its ends share."),
    Slip(lambda x, e, a: coloring_cost(x, [*e, *e], a), "You count each edge twice."),
)


@exercise("hopfield-9")
def check_coloring_cost(answer: Any) -> Verdict:
    """The cost of a colouring, as a function."""
    triangle = [(0, 1), (1, 2), (0, 2)]
    path = [(0, 1), (1, 2), (2, 3)]
    messy = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 0], [0, 1, 0]])
    cases = [
        Case("a triangle in three colours", (np.eye(3, dtype=int), triangle, 2)),
        Case("a triangle in one colour", (np.array([[1, 0, 0]] * 3), triangle, 2)),
        Case("a path, with a node of three colours and one of none", (messy, path, 3)),
        Case("no edges, no colours on", (np.zeros((2, 2), dtype=int), [], 1.5)),
    ]
    return grade_function(
        "hopfield-9",
        answer,
        coloring_cost,
        cases,
        slips=COST_SLIPS,
        signature="coloring_cost(on, edges, penalty)",
        right="Right: a sum over pairs of units, so it is the energy of a network.",
    )
