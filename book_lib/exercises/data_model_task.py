"""Checks and data for the exercises of the chapter on data, model and task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- data_model_task-1: a mean loss by hand (with variants) -------------------------------------------------


@dataclass(frozen=True)
class Line:
    """Data of ``data_model_task-1``: four pairs, and a line that somebody suggests for them."""

    inputs: np.ndarray
    targets: np.ndarray
    intercept: float
    slope: float


def line_puzzle(seed: int) -> Line:
    """Draw four pairs of small whole numbers and a line, such that every typical slip shows."""
    rng = CounterRNG(seed, stream=1)
    while True:
        inputs = np.sort(np.asarray(rng.permutation(9))[:4]).astype(float)
        intercept, slope = float(rng.integers(-3, 4)), float(rng.integers(1, 4))
        targets = intercept + slope * inputs + np.asarray(rng.integers(-4, 5, size=4))
        puzzle = Line(inputs, targets, intercept, slope)
        values = [line_loss(puzzle), *(slip.answer for slip in _line_slips(puzzle))]
        if all(abs(a - b) > 0.05 * abs(b) + 0.01 for i, a in enumerate(values) for b in values[:i]):
            return puzzle


def line_loss(puzzle: Line) -> float:
    """Return (1/N) Σ (intercept + slope x − t)²."""
    return float(np.mean(_line_errors(puzzle) ** 2))


def _line_errors(puzzle: Line) -> np.ndarray:
    return puzzle.intercept + puzzle.slope * puzzle.inputs - puzzle.targets


def _line_slips(puzzle: Line) -> tuple[Slip, ...]:
    errors = _line_errors(puzzle)
    squares = float((errors**2).sum())
    flat = puzzle.slope * puzzle.inputs - puzzle.targets
    return (
        Slip(squares, "this is the sum of the squares; divide by how many pairs there are."),
        Slip(squares / 8, "there is a factor ½ too many; this loss has none."),
        Slip(math.sqrt(squares / 4), "this is the root of the mean square; leave the root out."),
        Slip(float(np.abs(errors).mean()), "this is the mean absolute error; square before you add."),
        Slip(float(errors.mean()) ** 2, "this squares the mean error; square each error first."),
        Slip(squares / 3, "this divides by N − 1; the mean loss divides by N = 4."),
        Slip(float((flat**2).mean()), "the intercept is missing from the predictions."),
    )


@exercise("data_model_task-1", variant=line_puzzle)
def check_line(answer: Any, puzzle: Line) -> Verdict:
    """The mean squared error of a line on four pairs."""
    return grade_number(
        "data_model_task-1",
        answer,
        line_loss(puzzle),
        what="the mean squared error",
        rtol=1e-6,
        atol=1e-9,
        slips=_line_slips(puzzle),
        right="Predict, subtract, square, average: in this order.",
    )


# --- data_model_task-2: the best centre of a shared heap ----------------------------------------------------


def weighted_mean(points: np.ndarray, shares: np.ndarray) -> float:
    """Return Σ r x/Σ r."""
    points, shares = np.asarray(points, dtype=float), np.asarray(shares, dtype=float)
    return float((shares * points).sum() / shares.sum())


CENTER_SLIPS = (
    Slip(lambda x, r: float(np.mean(x)), "The shares are not used: a point counts with its share."),
    Slip(lambda x, r: float(np.sum(x * r)), "Divide by the sum of the shares; they need not add up to 1."),
    Slip(
        lambda x, r: float(np.mean(x * r)),
        "Divide by the sum of the shares, not by how many points there are.",
    ),
    Slip(lambda x, r: weighted_mean(x, r**2), "The shares are not squared: only the bracket is."),
    Slip(
        lambda x, r: float(np.median(x)),
        "The median makes the absolute error least; here errors are squared.",
    ),
)


@exercise("data_model_task-2")
def check_center(answer: Any) -> Verdict:
    """The minimum of Σ r (x − μ)², as a function."""
    points = np.array([0.0, 1.0, 4.0, 10.0])
    cases = [
        Case("points 0, 1, 4, 10 with shares 0.5, 1, 0.25, 0.1", (points, np.array([0.5, 1.0, 0.25, 0.1]))),
        Case("all shares 1", (points, np.ones(4))),
        Case("shares 0 and 1 (a hard cluster)", (points, np.array([0.0, 1.0, 1.0, 0.0]))),
        Case("a single point", (np.array([3.0]), np.array([0.2]))),
    ]
    return grade_function(
        "data_model_task-2",
        answer,
        weighted_mean,
        cases,
        slips=CENTER_SLIPS,
        signature="best_center(points, shares)",
        right="The weighted mean. In k-means the shares are 0 and 1, and it is the plain mean of the cluster.",
    )


# --- data_model_task-3: Legendre's recurrence ---------------------------------------------------------------


def legendre_value(n: int, x: float) -> float:
    """Return P_n(x) by (k + 1) P_{k+1} = (2k + 1) x P_k − k P_{k−1}."""
    return _recurrence(n, x)


def _recurrence(
    n: int, x: float, plus: bool = False, undivided: bool = False, chebyshev: bool = False
) -> float:
    before, present = 1.0, float(x)
    for k in range(1, n):
        first, second = (2.0 * k + 2, k + 1.0) if chebyshev else (2.0 * k + 1, float(k))
        following = first * x * present + (second if plus else -second) * before
        before, present = present, following / (1 if undivided else k + 1)
    return before if n == 0 else present


LEGENDRE_SLIPS = (
    Slip(
        lambda n, x: _recurrence(n, x, plus=True), "The sign of the last term: minus n times the one before."
    ),
    Slip(
        lambda n, x: _recurrence(n, x, undivided=True), "The left side is (n + 1) P_{n+1}: divide by n + 1."
    ),
    Slip(
        lambda n, x: _recurrence(n, x, chebyshev=True),
        "Those are Chebyshev's: 2x P − P. Look at the factors.",
    ),
    Slip(lambda n, x: legendre_value(n + 1, x), "One step too far: this is P of n + 1."),
    Slip(lambda n, x: legendre_value(max(n - 1, 0), x), "One step too few: this is P of n − 1."),
    Slip(lambda n, x: float(x) ** n, "That is the plain power."),
)


@exercise("data_model_task-3")
def check_legendre(answer: Any) -> Verdict:
    """P_n(x), as a function."""
    inputs = ((2, 0.5), (3, -0.3), (4, 0.7), (6, 0.2), (10, -0.9), (5, 1.0), (1, 0.4), (0, 0.4))
    return grade_function(
        "data_model_task-3",
        answer,
        legendre_value,
        [Case(f"n = {n}, x = {x:g}", (n, x)) for n, x in inputs],
        slips=LEGENDRE_SLIPS,
        signature="legendre_value(n, x)",
        right="Right from n = 0 on, and 1 at x = 1 as it must be.",
    )


# --- data_model_task-5: standardise without peeking ---------------------------------------------------------


def standardized(train: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return (new − mean of train)/deviation of train, feature by feature."""
    return (new - train.mean(axis=0)) / train.std(axis=0)


def _pooled(train: np.ndarray, new: np.ndarray) -> np.ndarray:
    return standardized(np.concatenate([train, new]), new)


STANDARD_SLIPS = (
    Slip(lambda a, b: standardized(b, b), "This looks at the new data: their mean is not known beforehand."),
    Slip(_pooled, "This leaks: the mean and the deviation are those of both sets together."),
    Slip(lambda a, b: (b - b.mean(0)) / a.std(0), "The mean leaks: it must be that of the training set."),
    Slip(
        lambda a, b: (b - a.mean(0)) / b.std(0), "The deviation leaks: it must be that of the training set."
    ),
    Slip(lambda a, b: (b - a.mean()) / a.std(), "Each feature has a mean of its own: axis=0."),
    Slip(lambda a, b: (b - a.mean(0)) / a.var(0), "Divide by the standard deviation, not by the variance."),
    Slip(
        lambda a, b: (b - a.mean(0)) / a.std(0, ddof=1), "Take the plain deviation, dividing by n (ddof=0)."
    ),
    Slip(lambda a, b: b - a.mean(0), "Shifted, but not scaled."),
    Slip(lambda a, b: standardized(a, a), "That is the training set; the new data are asked."),
)


@exercise("data_model_task-5")
def check_standardize(answer: Any) -> Verdict:
    """New data on the scale of the training set, as a function."""
    rng = CounterRNG(5, stream=1)
    train = 3 + np.array([1.0, 20.0, 0.1]) * np.asarray(rng.standard_normal((12, 3)))
    new = 4 + np.array([2.0, 30.0, 0.3]) * np.asarray(rng.standard_normal((5, 3)))
    cases = [
        Case("12 training rows and 5 new ones, 3 features", (train, new)),
        Case("two new rows", (train, new[:2])),
        Case("one feature", (train[:, :1], new[:, :1])),
    ]
    return grade_function(
        "data_model_task-5",
        answer,
        standardized,
        cases,
        slips=STANDARD_SLIPS,
        signature="standardize(train, new)",
        right="The new data are measured with the training set's ruler, and nothing of theirs is used.",
    )


# --- data_model_task-6: match the triangles -----------------------------------------------------------------

TRIANGLES = {
    "speech recognition": ("audio with transcripts", "supervised"),
    "machine translation": ("sentences in pairs", "supervised"),
    "face recognition": ("portraits with names", "supervised"),
    "object detection": ("pictures with boxes", "supervised"),
    "grouping customers": ("purchases", "unsupervised"),
    "next word": ("text", "self-supervised"),
}
_DATA_HINT = {
    "speech recognition": "what goes in is sound",
    "machine translation": "the same sentence is needed in two languages",
    "face recognition": "what should come out is a name",
    "object detection": "it asks what and also where",
    "grouping customers": "nobody says which groups there are",
    "next word": "nothing but the words themselves is needed",
}
_KIND_HINT = {
    "supervised": "people wrote an answer for each input",
    "unsupervised": "no answers come with the data",
    "self-supervised": "the answers are cut from the data themselves",
}


@exercise("data_model_task-6")
def check_triangles(answer: Any) -> Verdict:
    """A dictionary of tasks with their data and their kind of learning."""
    name = "data_model_task-6"
    if not isinstance(answer, Mapping):
        return Verdict(
            name, False, f"Expected a dictionary {{task: (data, kind)}}, got {type(answer).__name__}."
        )
    unknown = [str(task) for task in answer if task not in TRIANGLES]
    if unknown:
        return Verdict(name, False, f"There is no task {unknown[0]!r}; the six are {', '.join(TRIANGLES)}.")
    judged = {task: _judge_triangle(task, answer.get(task)) for task in TRIANGLES}
    passed = tuple(task for task, problem in judged.items() if not problem)
    failed = tuple(f"{task}: {problem}" for task, problem in judged.items() if problem)
    message = "All six triangles close." if not failed else f"{len(passed)} of 6 triangles close."
    return Verdict(name, not failed, message, passed, failed)


def _judge_triangle(task: str, given: Any) -> str:
    if given is None:
        return "no answer yet"
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        return f"expected a pair (data, kind), got {given!r}"
    data, kind = TRIANGLES[task]
    problems = [_DATA_HINT[task]] if given[0] != data else []
    problems += [_KIND_HINT[kind]] if given[1] != kind else []
    return "; ".join(problems)


# --- data_model_task-7: an honest band (with variants) ------------------------------------------------------


def fresh_errors(seed: int) -> np.ndarray:
    """Return 19 errors of either sign, in hundredths, of different sizes."""
    rng = CounterRNG(seed, stream=7)
    while True:
        errors = np.round(50 * np.asarray(rng.standard_normal(19))) / 100
        slips = (errors_margin(errors), *(slip.answer for slip in _margin_slips(errors)))
        if len({round(value, 6) for value in slips}) == len(slips):
            return errors


def errors_margin(errors: np.ndarray) -> float:
    """Return the 18th smallest of the 19 sizes: k = ⌈0.9 · 20⌉."""
    return float(np.sort(np.abs(errors))[17])


def _margin_slips(errors: np.ndarray) -> tuple[Slip, ...]:
    sizes = np.sort(np.abs(errors))
    return (
        Slip(float(sizes[18]), "this is the largest of all: it would promise 19 in 20."),
        Slip(
            float(sizes[16]), "this is number 17; k = ⌈0.9 · (n + 1)⌉ = 18. Mind that Python counts from 0."
        ),
        Slip(
            float(np.sort(errors)[17]),
            "take the sizes before you sort: an error to the left is an error, too.",
        ),
        Slip(
            float(1.645 * errors.std()), "this takes the errors for normal; the argument needs no such thing."
        ),
        Slip(float(sizes.mean()), "this is the mean size; about half of all errors would be larger."),
    )


@exercise("data_model_task-7", variant=fresh_errors)
def check_margin(answer: Any, errors: np.ndarray) -> Verdict:
    """The half-width that holds nine new targets in ten."""
    return grade_number(
        "data_model_task-7",
        answer,
        errors_margin(errors),
        what="the half-width c",
        rtol=1e-6,
        atol=1e-9,
        slips=_margin_slips(errors),
        right="Of 20 sizes, the new one is among the 18 smallest with probability 18/20.",
    )


# --- data_model_task-8: learnt by heart ---------------------------------------------------------------------


def granted_shift(inputs: np.ndarray, x: float, fitted: float, wish: float) -> float:
    """Return (wish − fitted)/Π (x − x_i)."""
    return float((wish - fitted) / np.prod(x - np.asarray(inputs, dtype=float)))


SHIFT_SLIPS = (
    Slip(lambda i, x, f, w: w - f, "That is the change of the value; divide by the product at x."),
    Slip(lambda i, x, f, w: -granted_shift(i, x, f, w), "The sign: the value must rise by wish − fitted."),
    Slip(
        lambda i, x, f, w: w / float(np.prod(x - i)),
        "The fitted function has a value at x already; subtract it.",
    ),
    Slip(lambda i, x, f, w: (w - f) * float(np.prod(x - i)), "Divide by the product; do not multiply."),
    Slip(
        lambda i, x, f, w: (w - f) / float(np.prod(i - x)),
        "The brackets are x − xᵢ; with an odd number of pairs the sign comes out wrong.",
    ),
    Slip(lambda i, x, f, w: (w - f) / float(np.sum(x - i)), "A product of the brackets, not their sum."),
)


@exercise("data_model_task-8")
def check_shift(answer: Any) -> Verdict:
    """The factor of the vanishing product that grants a wish, as a function."""
    cases = [
        Case("pairs at 2 and 3; at 4 from 16 to 14", (np.array([2.0, 3.0]), 4.0, 16.0, 14.0)),
        Case("pairs at −1, 0, 2; at 1 from 0.5 to 3", (np.array([-1.0, 0.0, 2.0]), 1.0, 0.5, 3.0)),
        Case("a pair at 0; at −2 from 1 to 1", (np.array([0.0]), -2.0, 1.0, 1.0)),
        Case("four pairs; at 2.5 from −1 to 1", (np.array([0.0, 1.0, 2.0, 3.0]), 2.5, -1.0, 1.0)),
    ]
    return grade_function(
        "data_model_task-8",
        answer,
        granted_shift,
        cases,
        slips=SHIFT_SLIPS,
        signature="shift(inputs, x, fitted, wish)",
        right="Every wish is granted, and no training pair notices.",
    )


# --- data_model_task-9: where heaps merge (with variants) ---------------------------------------------------


def spread_points(seed: int) -> np.ndarray:
    """Return 200 points of one stretched, turned heap in the plane."""
    rng = CounterRNG(seed, stream=9)
    long, short, angle = 1.5 + rng.random(), 0.4 + 0.4 * rng.random(), np.pi * (0.1 + 0.3 * rng.random())
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (np.asarray(rng.standard_normal((200, 2))) * [long, short]) @ turn


def merging_temperature(points: np.ndarray) -> float:
    """Return T = 2 λ, with λ the largest eigenvalue of the covariance (dividing by N)."""
    return float(2 * np.linalg.eigvalsh(_covariance(points)).max())


def _covariance(points: np.ndarray) -> np.ndarray:
    centred = points - points.mean(axis=0)
    return centred.T @ centred / len(points)


def _merging_slips(points: np.ndarray) -> tuple[Slip, ...]:
    covariance = _covariance(points)
    low, high = np.linalg.eigvalsh(covariance)
    return (
        Slip(float(high), "a factor 2 is missing: one round multiplies δ by 2v/T."),
        Slip(float(4 * high), "a factor 2 too many: one round multiplies δ by 2v/T."),
        Slip(float(2 * low), "this is the narrow direction; the wide one is the last to merge."),
        Slip(float(2 * np.trace(covariance)), "this adds the variances; only the widest direction counts."),
        Slip(
            float(2 * np.diag(covariance).max()), "the heap is turned: look along its own axes (eigenvalues)."
        ),
        Slip(float(2 * math.sqrt(high)), "this has the standard deviation in place of the variance."),
    )


@exercise("data_model_task-9", variant=spread_points)
def check_merging(answer: Any, points: np.ndarray) -> Verdict:
    """The temperature above which two soft centres merge."""
    return grade_number(
        "data_model_task-9",
        answer,
        merging_temperature(points),
        what="the temperature at which two centres merge",
        rtol=7e-3,  # dividing by N − 1 in the covariance is no slip here
        slips=_merging_slips(points),
        right="Twice the variance along the heap's longest axis.",
    )
