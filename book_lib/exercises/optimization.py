"""Checks and data for the exercises of the chapter on optimisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- optimization-1: the fastest rate that does not blow up (with variants) ---------------------------------


@dataclass(frozen=True)
class Bowl:
    """Data of ``optimization-1``: the matrix of the bowl ½ wᵀA w, row by row."""

    rows: tuple[tuple[float, float], tuple[float, float]]


def bowl_puzzle(seed: int) -> Bowl:
    """Draw a symmetric positive matrix with whole entries, such that every typical slip shows."""
    rng = CounterRNG(seed, stream=1)
    while True:
        steep, flat, mixed = int(rng.integers(3, 16)), int(rng.integers(1, 9)), int(rng.integers(1, 7))
        if steep * flat <= mixed**2 + 1:  # not a bowl, or hardly one
            continue
        puzzle = Bowl(((float(steep), float(mixed)), (float(mixed), float(flat))))
        values = sorted([bowl_limit(puzzle), *(slip.answer for slip in _bowl_slips(puzzle))])
        if all(high - low > 0.04 * abs(low) for low, high in zip(values, values[1:], strict=False)):
            return puzzle


def bowl_limit(puzzle: Bowl) -> float:
    """Return 2/λ_max, the learning rate below which descent in the bowl goes down."""
    return float(2 / np.linalg.eigvalsh(np.array(puzzle.rows)).max())


def _bowl_slips(puzzle: Bowl) -> tuple[Slip, ...]:
    matrix = np.array(puzzle.rows)
    low, high = np.linalg.eigvalsh(matrix)
    return (
        Slip(1 / high, "that is 1/L, at which the steep direction is done in one step; the limit is twice it."),
        Slip(2 / low, "that is what the flattest direction allows; the steepest one blows up first."),
        Slip(2 / np.trace(matrix), "the trace is the sum of both curvatures; only the largest counts."),
        Slip(2 / matrix.diagonal().max(), "that is the steeper of the two axes; between the axes it is steeper still."),
        Slip(2 / (low + high) * 2, "twice 2/(λ₁ + λ₂) is too long a step for the steep direction."),
        Slip(high, "that is the largest curvature L; the limit is 2/L."),
    )  # fmt: skip


@exercise("optimization-1", variant=bowl_puzzle)
def check_bowl(answer: Any, puzzle: Bowl) -> Verdict:
    """The learning rate above which gradient descent in a bowl blows up."""
    return grade_number(
        "optimization-1",
        answer,
        bowl_limit(puzzle),
        what="the learning rate at which descent begins to blow up",
        rtol=2e-3,
        slips=_bowl_slips(puzzle),
        right="Two over the largest eigenvalue: below it every direction shrinks.",
    )


# --- optimization-2: gradient descent -----------------------------------------------------------------------


def descent_path(gradient: Callable, start: np.ndarray, learning_rate: float, steps: int) -> np.ndarray:
    """Return the points that gradient descent visits, the start first, shape (steps + 1, D)."""
    path = [np.array(start, dtype=float)]
    for _ in range(steps):
        path.append(path[-1] - learning_rate * np.asarray(gradient(path[-1])))
    return np.array(path)


def _uphill(gradient: Callable, start: np.ndarray, learning_rate: float, steps: int) -> np.ndarray:
    return descent_path(gradient, start, -learning_rate, steps)


def _stuck(gradient: Callable, start: np.ndarray, learning_rate: float, steps: int) -> np.ndarray:
    """The gradient is taken once, at the start, and used for ever."""
    slope = np.asarray(gradient(np.array(start, dtype=float)))
    return np.array([start - learning_rate * n * slope for n in range(steps + 1)])


DESCENT_SLIPS = (
    Slip(_uphill, "The sign: that climbs. The step goes against the gradient."),
    Slip(
        lambda g, w, r, n: descent_path(g, w, r, n)[-1],
        "That is only where it ends; the whole path is asked.",
    ),
    Slip(lambda g, w, r, n: descent_path(g, w, r, n)[1:], "The start is the first point of the path."),
    Slip(lambda g, w, r, n: descent_path(g, w, r, n)[:-1], "One step is missing: n steps have n + 1 points."),
    Slip(_stuck, "The gradient must be taken anew at each point."),
    Slip(
        lambda g, w, r, n: np.repeat(descent_path(g, w, r, n)[-1:], n + 1, axis=0),
        "All points are the last one: the list holds one array again and again. Append a copy, or a new array.",
    ),
)


def _ravine_slope(w: np.ndarray) -> np.ndarray:
    return np.array([1.0, 10.0]) * w


def _cubic_slope(w: np.ndarray) -> np.ndarray:
    return w**3 - w


@exercise("optimization-2")
def check_descent(answer: Any) -> Verdict:
    """Gradient descent, as a function that returns its path."""
    cases = [
        Case(
            "a ravine with curvatures 1 and 10, η = 0.1, 3 steps",
            (_ravine_slope, np.array([2.0, 1.0]), 0.1, 3),
        ),
        Case("the same with η = 0.15, 5 steps", (_ravine_slope, np.array([2.0, -1.0]), 0.15, 5)),
        Case("the double well, η = 0.2, 4 steps", (_cubic_slope, np.array([0.5]), 0.2, 4)),
        Case("no step at all", (_ravine_slope, np.array([2.0, 1.0]), 0.1, 0)),
    ]
    return grade_function(
        "optimization-2",
        answer,
        descent_path,
        cases,
        slips=DESCENT_SLIPS,
        signature="descend(gradient, start, learning_rate, steps)",
        rtol=1e-9,
        right="Right: the start, and a point after each step.",
    )


# --- optimization-3: how much further with momentum ---------------------------------------------------------


def momentum_limit(curvature: float, momentum: float) -> float:
    """Return 2(1 + β)/a, the learning rate below which descent with momentum does not blow up."""
    return 2 * (1 + momentum) / curvature


LIMIT_SLIPS = (
    Slip(lambda a, b: 2 / a, "That is the limit without momentum."),
    Slip(lambda a, b: 2 * (1 - b) / a, "The sign of β: momentum allows longer steps, not shorter ones."),
    Slip(lambda a, b: 2 / (a * (1 - b)), "In the long run a step is 1/(1 − β) times as long, but that is no limit."),
    Slip(lambda a, b: (1 + np.sqrt(b)) ** 2 / a, "Up to there the roots are complex; beyond, they are still small."),
    Slip(lambda a, b: (1 + b) / a, "There both roots are ±i√β; it blows up when a root reaches −1."),
    Slip(lambda a, b: 2 * (1 + b), "The curvature is missing: what counts is ηa."),
)  # fmt: skip


@exercise("optimization-3")
def check_momentum_limit(answer: Any) -> Verdict:
    """The learning rate above which descent with momentum blows up, as a function."""
    inputs = ((1, 0.5), (4, 0.9), (4, 0.2), (100, 0.81), (0.5, 0.0))
    return grade_function(
        "optimization-3",
        answer,
        momentum_limit,
        [Case(f"a = {a:g}, β = {b:g}", (float(a), float(b))) for a, b in inputs],
        slips=LIMIT_SLIPS,
        signature="largest_rate(curvature, momentum)",
        rtol=1e-6,
        right="Right: at 2(1 + β)/a one of the roots reaches −1.",
    )


# --- optimization-5: noise that grows with the distance -----------------------------------------------------


def growing_variance(curvature: float, learning_rate: float, noise: float, growth: float) -> float:
    """Return the stationary variance v = η²σ² / (1 − (1 − ηa)² − η²c) for a noise of variance σ² + c w²."""
    rate = learning_rate
    return rate**2 * noise / (1 - (1 - rate * curvature) ** 2 - rate**2 * growth)


GROWING_SLIPS = (
    Slip(lambda a, r, s, c: growing_variance(a, r, s, 0.0), "That is the spread without the growing part, c = 0."),
    Slip(lambda a, r, s, c: growing_variance(a, r, s, -c), "The sign of c: more noise, more spread."),
    Slip(lambda a, r, s, c: a * growing_variance(a, r, s, c), "That is a·v, the temperature; the variance is asked."),
    Slip(lambda a, r, s, c: r * s / (2 * a - r * c), "The square of ηa is missing: (1 − ηa)² is not 1 − 2ηa."),
    Slip(lambda a, r, s, c: growing_variance(a, r, s, c / r), "The growing noise is multiplied by η², too."),
    Slip(lambda a, r, s, c: np.sqrt(growing_variance(a, r, s, c)), "That is its root; give the variance."),
)  # fmt: skip


@exercise("optimization-5")
def check_growing(answer: Any) -> Verdict:
    """The stationary variance of a walker whose noise grows with its distance, as a function."""
    inputs = ((1, 0.1, 1, 0), (1, 0.1, 1, 4), (2, 0.5, 3, 1), (4, 0.2, 0.5, 5), (1, 0.01, 2, 10))
    words = "a = {:g}, η = {:g}, σ² = {:g}, c = {:g}"
    return grade_function(
        "optimization-5",
        answer,
        growing_variance,
        [Case(words.format(*one), tuple(map(float, one))) for one in inputs],
        slips=GROWING_SLIPS,
        signature="variance(curvature, learning_rate, noise, growth)",
        rtol=1e-6,
        right="Right. And it is finite only if η < 2a/(a² + c): noise that grows lowers the limit.",
    )


# --- optimization-6: AdamW ----------------------------------------------------------------------------------

FIRST, SECOND, TINY = 0.9, 0.999, 1e-8


def adamw_run(start: np.ndarray, gradients: np.ndarray, learning_rate: float, decay: float) -> np.ndarray:
    """Return the weights after a step of AdamW for each row of ``gradients``, shape of ``start``."""
    return _adam_like(start, gradients, learning_rate, decay)


def _adam_like(
    start: np.ndarray,
    gradients: np.ndarray,
    learning_rate: float,
    decay: float,
    corrected: bool = True,
    decoupled: bool = True,
    first: float = FIRST,
) -> np.ndarray:
    """AdamW, or a mistake that looks like it."""
    w = np.array(start, dtype=float)
    mean, square = np.zeros_like(w), np.zeros_like(w)
    for t, row in enumerate(np.asarray(gradients, dtype=float), start=1):
        g = row if decoupled else row + decay * w
        mean = first * mean + (1 - first) * g
        square = SECOND * square + (1 - SECOND) * g**2
        m = mean / (1 - first**t) if corrected else mean
        s = square / (1 - SECOND**t) if corrected else square
        if decoupled:
            w = w * (1 - learning_rate * decay)
        w = w - learning_rate * m / (np.sqrt(s) + TINY)
    return w


def _whole_decay(start: np.ndarray, gradients: np.ndarray, learning_rate: float, decay: float) -> np.ndarray:
    return _adam_like(start, gradients, learning_rate, decay / learning_rate)


ADAM_SLIPS = (
    Slip(
        lambda w, g, r, d: _adam_like(w, g, r, d, corrected=False),
        "The bias correction is missing: divide by 1 − β₁ᵗ and 1 − β₂ᵗ, with t = 1 at the first step.",
    ),
    Slip(
        lambda w, g, r, d: _adam_like(w, g, r, d, decoupled=False),
        "That is Adam with λw in the gradient; in AdamW the decay goes past the division.",
    ),
    Slip(lambda w, g, r, d: _adam_like(w, g, r, 0.0), "The weights do not decay: λ is not used."),
    Slip(_whole_decay, "The decay is ηλ a step, not λ."),
    Slip(lambda w, g, r, d: _adam_like(w, g, r, d, first=0.0), "The first average is missing: β₁ = 0.9."),
    Slip(lambda w, g, r, d: _adam_like(w, g, -r, -d), "The sign: that climbs."),
)


@exercise("optimization-6")
def check_adamw(answer: Any) -> Verdict:
    """AdamW, as a function of the gradients that it is given."""
    two = np.array([1.0, -2.0])
    slopes = np.array([[1.0, 100.0], [0.5, -50.0], [0.2, 80.0], [-0.3, 10.0]])
    cases = [
        Case("one step, no decay", (two, slopes[:1], 0.1, 0.0)),
        Case("four steps, no decay", (two, slopes, 0.1, 0.0)),
        Case("one step, λ = 0.1", (two, slopes[:1], 0.1, 0.1)),
        Case("four steps, λ = 0.5", (two, slopes, 0.01, 0.5)),
        Case("a gradient of zero, λ = 0.1", (two, np.zeros((2, 2)), 0.1, 0.1)),
    ]
    return grade_function(
        "optimization-6",
        answer,
        adamw_run,
        cases,
        slips=ADAM_SLIPS,
        signature="adamw(start, gradients, learning_rate, decay)",
        rtol=1e-7,
        right="Right; with λ = 0 this is Adam.",
    )


# --- optimization-7: how noisy a batch is -------------------------------------------------------------------


def batch_variance(slopes: np.ndarray, size: int) -> float:
    """Return the variance of the mean of ``size`` different examples: σ²/B · (N − B)/(N − 1)."""
    slopes = np.asarray(slopes, dtype=float)
    count = len(slopes)
    return float(slopes.var() / size * (count - size) / (count - 1))


BATCH_SLIPS = (
    Slip(lambda s, b: s.var() / b, "That holds if an example may come twice; here the B examples differ."),
    Slip(lambda s, b: s.var(ddof=1) / b, "σ² is the mean square over all N (divide by N); and the B examples differ."),
    Slip(lambda s, b: s.var(), "That is the variance of one example; a mean of B has less."),
    Slip(lambda s, b: np.sqrt(batch_variance(s, b)), "That is its root; give the variance."),
    Slip(lambda s, b: s.var() / b * (1 - b / len(s)), "Nearly: the factor is (N − B)/(N − 1)."),
    Slip(lambda s, b: s.var() / b**2, "The variance falls with B; it is the standard deviation that has a root."),
)  # fmt: skip


@exercise("optimization-7")
def check_batch_variance(answer: Any) -> Verdict:
    """The variance of a batch's slope, drawn without replacement, as a function."""
    six = np.array([1.0, 4.0, -2.0, 0.5, 3.0, 7.0])
    cases = [
        Case("six slopes, B = 2", (six, 2)),
        Case("the same, B = 3", (six, 3)),
        Case("two hundred slopes, B = 32", (np.sin(np.arange(200.0)), 32)),
        Case("the same, B = 1", (np.sin(np.arange(200.0)), 1)),
        Case("six slopes, B = 6", (six, 6)),
    ]
    return grade_function(
        "optimization-7",
        answer,
        batch_variance,
        cases,
        slips=BATCH_SLIPS,
        signature="batch_variance(slopes, size)",
        rtol=1e-7,
        atol=1e-12,
        right="Right; and a batch of everything is not noisy at all.",
    )


# --- optimization-8: which well wins ------------------------------------------------------------------------


def turning_temperature(depth: float, narrow: float, wide: float) -> float:
    """Return T = 2ΔE / ln(a_narrow/a_wide), above which the wider, higher well holds more walkers."""
    return float(2 * depth / np.log(narrow / wide))


TURNING_SLIPS = (
    Slip(
        lambda d, n, w: turning_temperature(d, n, w) / 2,
        "A factor 2: a bell's area goes with the root of 1/a.",
    ),
    Slip(
        lambda d, n, w: -turning_temperature(d, n, w),
        "The sign: the ratio under the logarithm is upside down.",
    ),
    Slip(lambda d, n, w: 1 / turning_temperature(d, n, w), "That is 1/T."),
    Slip(
        lambda d, n, w: 2 * d / (n - w), "Areas are compared by their ratio: a logarithm, not a difference."
    ),
    Slip(lambda d, n, w: d, "That is the difference in depth alone; how wide the wells are counts as well."),
)


@exercise("optimization-8")
def check_turning(answer: Any) -> Verdict:
    """The temperature at which a deep narrow well and a shallow wide one hold as many walkers, as a function."""
    inputs = ((0.1, 8, 1), (0.1, 100, 1), (0.5, 3, 2), (0.02, 50, 4))
    return grade_function(
        "optimization-8",
        answer,
        turning_temperature,
        [Case(f"ΔE = {d:g}, a = {n:g} and {w:g}", (float(d), float(n), float(w))) for d, n, w in inputs],
        slips=TURNING_SLIPS,
        signature="turning_temperature(depth, narrow, wide)",
        rtol=1e-6,
        right="Right: above it the wide well wins, below it the deep one.",
    )


# --- optimization-9: over the barrier in one step -----------------------------------------------------------

JUMP = 1 / 3  # 2 − η(8 − 2) = 0
JUMP_SLIPS = (
    Slip(1.0, "that is 2/L at the minimum, where the curvature is 2; the start is far from it."),
    Slip(
        2 / 11, "that is 2/L with the curvature at the start, 11. At that rate the first step lands at 0.91."
    ),
    Slip(
        1 / 11, "that is 1/L with the curvature at the start: below it nobody jumps, but one can go further."
    ),
    Slip(0.5, "at 0.5 the first step lands on −1; the barrier is passed before."),
    Slip(3.0, "turn it over."),
)


@exercise("optimization-9")
def check_jump(answer: Any) -> Verdict:
    """The learning rate at which the first step from w = 2 lands on the barrier of the double well."""
    return grade_number(
        "optimization-9",
        answer,
        JUMP,
        what="the rate at which the first step from 2 reaches the barrier",
        rtol=1e-3,
        slips=JUMP_SLIPS,
        right="The slope at 2 is 6, and a step of 2 reaches the barrier.",
    )
