"""Checks and data for the exercises of the chapter on linear regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- linear_regression-1: a line through four points (with variants) ----------------------------------------


@dataclass(frozen=True, eq=False)
class Points:
    """Data of ``linear_regression-1``: four inputs and their targets."""

    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]


def points_puzzle(seed: int) -> Points:
    """Draw four points with whole coordinates, such that every typical slip shows."""
    rng = CounterRNG(seed, stream=1)
    while True:
        inputs, targets = np.asarray(rng.integers(1, 10, 4)), np.asarray(rng.integers(1, 20, 4))
        if len(set(inputs.tolist())) < 4 or len(set(targets.tolist())) < 2:
            continue
        puzzle = Points(inputs.astype(float), targets.astype(float))
        if _apart([points_slope(puzzle), *(slip.answer for slip in _points_slips(puzzle))]):
            return puzzle


def _apart(values: list[float]) -> bool:
    """Whether no two of these could be taken for one another."""
    ordered = sorted(values)
    return all(
        high - low > 0.012 * max(abs(low), abs(high), 0.1)
        for low, high in zip(ordered, ordered[1:], strict=False)
    )


def points_slope(puzzle: Points) -> float:
    """Return the covariance of inputs and targets over the variance of the inputs."""
    x, t = puzzle.inputs - puzzle.inputs.mean(), puzzle.targets - puzzle.targets.mean()
    return float(x @ t / (x @ x))


def _points_slips(puzzle: Points) -> tuple[Slip, ...]:
    x, t = puzzle.inputs, puzzle.targets
    slope, about = points_slope(puzzle), t - t.mean()
    base = float(t.mean() - slope * x.mean())
    return (
        Slip(float(x @ t / (x @ x)), "this is the line through the origin; subtract both means first."),
        Slip(float((x - x.mean()) @ about / (about @ about)), "this predicts x from t; divide by the spread of x."),
        Slip(base, "this is the bias c; the slope is asked."),
        Slip(float((t / x).mean()), "this is the mean of the ratios t/x, which no squared error asks for."),
        Slip(float((x - x.mean()) @ about), "divide by the sum of (x − x̄)²."),
        Slip(-slope, "the sign: does the line rise or fall?"),
    )


@exercise("linear_regression-1", variant=points_puzzle)
def check_points(answer: Any, puzzle: Points) -> Verdict:
    """The slope of least squares through four points."""
    return grade_number(
        "linear_regression-1",
        answer,
        points_slope(puzzle),
        what="the slope of least squares",
        rtol=2e-3,
        atol=1e-4,
        slips=_points_slips(puzzle),
        right="Covariance over variance; the bias then makes the errors sum to zero.",
    )


# --- linear_regression-2: weighted least squares ------------------------------------------------------------


def weighted_fit(X: NDArray, t: NDArray, widths: NDArray) -> NDArray[np.float64]:
    """Return the w of XᵀRX w = XᵀR t with R the inverse variances."""
    return _weighted(X, t, 1 / np.asarray(widths, dtype=float) ** 2)


def _weighted(X: NDArray, t: NDArray, shares: NDArray) -> NDArray[np.float64]:
    return np.linalg.solve(X.T @ (shares[:, None] * X), X.T @ (shares * t))


WEIGHTED_SLIPS = (
    Slip(lambda X, t, s: _weighted(X, t, np.ones(len(t))), "The widths are not used: all examples count the same."),
    Slip(lambda X, t, s: _weighted(X, t, 1 / s), "Divide each square by σ², not by σ."),
    Slip(lambda X, t, s: _weighted(X, t, s**2), "Upside down: an example with much noise should count little."),
    Slip(lambda X, t, s: _weighted(X, t, s), "Upside down: an example with much noise should count little."),
    Slip(lambda X, t, s: _weighted(X, t, 1 / s**4), "The weights 1/σ² were used twice, as R² in place of R."),
    Slip(
        lambda X, t, s: np.linalg.solve(X.T @ ((1 / s**2)[:, None] * X), X.T @ t),
        "The weights are missing on the right-hand side: XᵀR t.",
    ),
)


@exercise("linear_regression-2")
def check_weighted(answer: Any) -> Verdict:
    """Least squares with a noise of its own for each example, as a function."""
    x = np.array([0.0, 1.0, 2.0, 4.0])
    X, t = np.column_stack([np.ones(4), x]), np.array([1.0, 3.0, 2.0, 8.0])
    cases = [
        Case("a line through 4 points, widths 0.5, 1, 2, 0.2", (X, t, np.array([0.5, 1.0, 2.0, 0.2]))),
        Case("one point known ten times as well", (X, t, np.array([1.0, 1.0, 1.0, 0.1]))),
        Case("equal widths of 3", (X, t, np.full(4, 3.0))),
        Case("a column of ones alone", (X[:, :1], t, np.array([1.0, 2.0, 4.0, 0.5]))),
    ]
    return grade_function(
        "linear_regression-2",
        answer,
        weighted_fit,
        cases,
        rtol=1e-7,
        slips=WEIGHTED_SLIPS,
        signature="weighted_fit(X, t, widths)",
        right="The weighted errors are perpendicular to every column.",
    )


# --- linear_regression-3: how long may a step be? -----------------------------------------------------------


def largest_rate(X: NDArray) -> float:
    """Return 2/λmax of XᵀX/N."""
    return 2 * len(X) * _largest(X, -1)


def _largest(X: NDArray, which: int) -> float:
    """Return one over an eigenvalue of XᵀX."""
    return 1 / float(np.linalg.eigvalsh(X.T @ X)[which])


RATE_SLIPS = (
    Slip(lambda X: 2 * _largest(X, -1), "That is the limit for the sum ½|Xw − t|²; the loss is a mean over N."),
    Slip(lambda X: len(X) * _largest(X, -1), "At 1/λmax the steepest direction lands at once; the limit is 2/λmax."),
    Slip(lambda X: _largest(X, -1), "Two things: the limit is 2/λ, and the loss is a mean over N."),
    Slip(lambda X: 2 * len(X) * _largest(X, 0), "That is the flattest direction; the steepest diverges first."),
    Slip(
        lambda X: 2 * len(X) * _largest(X, -1) ** 0.5,
        "That has the singular value of X; its square is the eigenvalue of XᵀX.",
    ),
    Slip(lambda X: 2 * _largest(X, -1) / len(X), "Multiply by N: the mean is flatter than the sum."),
    Slip(lambda X: 2 * len(X) / float((X**2).sum()), "That adds all eigenvalues up; only the largest counts."),
)


@exercise("linear_regression-3")
def check_rate(answer: Any) -> Verdict:
    """The largest learning rate for the mean squared error, as a function."""
    x = np.array([-1.0, 0.0, 2.0, 3.0, 5.0])
    line = np.column_stack([np.ones(5), x])
    cases = [
        Case("a line through 5 points", (line,)),
        Case("three columns of 8 rows", (np.asarray(CounterRNG(3).standard_normal((8, 3))),)),
        Case("every row twice", (np.vstack([line, line]),)),
        Case("a single column", (x[:, None],)),
        Case("columns in other units", (line * [1.0, 100.0],)),
    ]
    return grade_function(
        "linear_regression-3",
        answer,
        largest_rate,
        cases,
        slips=RATE_SLIPS,
        signature="largest_rate(X)",
        right="Two over the largest eigenvalue of XᵀX/N; the flattest direction then sets the pace.",
    )


# --- linear_regression-5: ridge by imagined data ------------------------------------------------------------


def imagined(X: NDArray, t: NDArray, penalty: float) -> tuple[NDArray, NDArray]:
    """Return X with √λ I below it, and t with as many zeros."""
    rows = np.sqrt(penalty) * np.eye(X.shape[1])
    return np.vstack([X, rows]), np.concatenate([t, np.zeros(len(rows))])


def _sums(appended: Callable) -> Callable:
    """Return the numbers that decide a fit, XᵀX, Xᵀt and tᵀt, of what ``appended`` returns: order and sign do not."""

    def sums(X: NDArray, t: NDArray, penalty: float) -> NDArray:
        made = appended(X, t, penalty)
        if not isinstance(made, (tuple, list)) or len(made) != 2:
            raise ValueError("it must return a pair, the longer X and the longer t")
        longer, targets = np.asarray(made[0], dtype=float), np.asarray(made[1], dtype=float)
        if longer.ndim != 2 or longer.shape[1] != X.shape[1] or targets.shape != (len(longer),):
            raise ValueError(f"the shapes {longer.shape} and {targets.shape} do not belong together")
        return np.concatenate([(longer.T @ longer).ravel(), longer.T @ targets, [targets @ targets]])

    return sums


def _appended(rows: Callable, target: float = 0.0) -> Callable:
    def build(X: NDArray, t: NDArray, penalty: float) -> tuple[NDArray, NDArray]:
        more = np.asarray(rows(X, penalty))
        return np.vstack([X, more]), np.concatenate([t, np.full(len(more), target)])

    return _sums(build)


IMAGINED_SLIPS = (
    Slip(
        _appended(lambda X, p: p * np.eye(X.shape[1])), "Each row's error is squared: √λ in the row makes λ w²."
    ),
    Slip(
        _appended(lambda X, p: np.full((1, X.shape[1]), p**0.5)),
        "One row for all penalises (Σ w)²; each weight needs a row of its own.",
    ),
    Slip(_appended(lambda X, p: np.eye(X.shape[1])), "The penalty is not used."),
    Slip(
        _appended(lambda X, p: p**0.5 * np.eye(X.shape[1]), target=1.0),
        "The imagined targets are 0: the belief is that each weight is near zero.",
    ),
    Slip(
        _appended(lambda X, p: (p * len(X)) ** 0.5 * np.eye(X.shape[1])),
        "Here the errors are a sum, so the penalty is λ, not Nλ.",
    ),
    Slip(_sums(lambda X, t, p: (X, t)), "Nothing was appended."),
)


@exercise("linear_regression-5")
def check_imagined(answer: Any) -> Verdict:
    """Ridge as plain least squares with more rows, as a function."""
    X = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0], [1.0, 1.0]])
    t = np.array([1.0, 0.0, 2.0, -1.0])
    cases = [
        Case("4 rows, 2 columns, λ = 4", (X, t, 4.0)),
        Case("λ = 0.25", (X, t, 0.25)),
        Case("one column", (X[:, :1], t, 9.0)),
        Case("λ = 0", (X, t, 0.0)),
    ]
    return grade_function(
        "linear_regression-5",
        _sums(answer) if callable(answer) else answer,
        _sums(imagined),
        cases,
        slips=IMAGINED_SLIPS,
        signature="imagined(X, t, penalty)",
        right="Judged by XᵀX, Xᵀt and tᵀt of the longer table: the order of the rows is yours.",
    )


# --- linear_regression-6: the λ you believe in (with variants) ----------------------------------------------


@dataclass(frozen=True, eq=False)
class Believed:
    """Data of ``linear_regression-6``: five pairs, the noise's standard deviation σ and the prior's τ."""

    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    noise: float
    prior: float


def belief_puzzle(seed: int) -> Believed:
    """Draw five pairs with a noise and a prior, such that every typical slip shows."""
    rng = CounterRNG(seed, stream=6)
    while True:
        x = np.round(0.3 + 1.2 * np.asarray(rng.random(5)), 1)
        noise = 0.1 * float(rng.integers(6, 25))
        prior = 0.1 * float(rng.integers(4, 15))
        t = np.round((1 + rng.random()) * x + 0.3 * np.asarray(rng.standard_normal(5)), 1)
        puzzle = Believed(x, t, round(noise, 1), round(prior, 1))
        if _apart([likeliest(puzzle), *(slip.answer for slip in _belief_slips(puzzle))]):
            return puzzle


def likeliest(puzzle: Believed) -> float:
    """Return Σ x t/(Σ x² + σ²/τ²)."""
    return _shrunk(puzzle, puzzle.noise**2 / puzzle.prior**2)


def _shrunk(puzzle: Believed, penalty: float) -> float:
    return float(puzzle.inputs @ puzzle.targets / (puzzle.inputs @ puzzle.inputs + penalty))


def _belief_slips(puzzle: Believed) -> tuple[Slip, ...]:
    s, tau = puzzle.noise, puzzle.prior
    return (
        Slip(_shrunk(puzzle, tau**2 / s**2), "λ is upside down: it is noise over prior, σ²/τ²."),
        Slip(_shrunk(puzzle, s / tau), "λ is σ²/τ²: the squares are missing."),
        Slip(_shrunk(puzzle, 0.0), "this is least squares; the prior is not used."),
        Slip(_shrunk(puzzle, 1 / tau**2), "the noise is missing: λ = σ²/τ²."),
        Slip(_shrunk(puzzle, s**2), "the prior's width is missing: λ = σ²/τ²."),
    )


@exercise("linear_regression-6", variant=belief_puzzle)
def check_belief(answer: Any, puzzle: Believed) -> Verdict:
    """The most probable slope under a Gaussian prior."""
    return grade_number(
        "linear_regression-6",
        answer,
        likeliest(puzzle),
        what="the most probable weight",
        rtol=2e-3,
        slips=_belief_slips(puzzle),
        right="Ridge with λ = σ²/τ²: shorter than least squares.",
    )


# --- linear_regression-7: the predictive band ---------------------------------------------------------------


def band(x: NDArray, X: NDArray, noise: float, prior: float) -> float:
    """Return √(σ² + xᵀSx), S⁻¹ = XᵀX/σ² + I/τ²."""
    return float(np.sqrt(noise**2 + _ignorance(x, X, 1 / noise**2, 1 / prior**2)))


def _ignorance(x: NDArray, X: NDArray, data: float, belief: float) -> float:
    precision = data * (X.T @ X) + belief * np.eye(X.shape[1])
    return float(x @ np.linalg.solve(precision, x))


BAND_SLIPS = (
    Slip(lambda x, X, s, p: band(x, X, s, p) ** 2, "That is the variance; take its root."),
    Slip(
        lambda x, X, s, p: np.sqrt(_ignorance(x, X, 1 / s**2, 1 / p**2)),
        "That is how unsure the line is; a new target has its own noise, too.",
    ),
    Slip(lambda x, X, s, p: s, "That is the noise alone; the weights are not known exactly."),
    Slip(
        lambda x, X, s, p: s + np.sqrt(_ignorance(x, X, 1 / s**2, 1 / p**2)),
        "Variances add, standard deviations do not.",
    ),
    Slip(
        lambda x, X, s, p: np.sqrt(s**2 + _ignorance(x, X, 1 / s**2, p**2)),
        "The prior's precision is 1/τ²: a wide prior says little.",
    ),
    Slip(
        lambda x, X, s, p: np.sqrt(s**2 + _ignorance(x, X, 1.0, 1 / p**2)),
        "XᵀX must be divided by σ²: noisy data say less.",
    ),
    Slip(
        lambda x, X, s, p: np.sqrt(s**2 + _ignorance(x, X, 1.0, s**2 / p**2)),
        "S is σ²(XᵀX + λI)⁻¹: the factor σ² is missing.",
    ),
)


@exercise("linear_regression-7")
def check_band(answer: Any) -> Verdict:
    """The standard deviation of a new target, as a function."""
    X = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 4.0]])
    cases = [
        Case("among the data", (np.array([1.0, 1.5]), X, 0.5, 2.0)),
        Case("far outside them", (np.array([1.0, 30.0]), X, 0.5, 2.0)),
        Case("a column of ones", (np.ones(1), X[:, :1], 0.3, 1.5)),
        Case("more weights than rows", (np.array([1.0, 2.0, -1.0]), np.array([[1.0, 0.0, 2.0]]), 0.7, 0.4)),
        Case("no data at all", (np.array([1.0, 2.0]), np.zeros((0, 2)), 0.5, 3.0)),
    ]
    return grade_function(
        "linear_regression-7",
        answer,
        band,
        cases,
        slips=BAND_SLIPS,
        signature="band(x, X, noise, prior)",
        right="Noise plus ignorance; without data it is the prior's own width that speaks.",
    )


# --- linear_regression-8: how many weights are free? --------------------------------------------------------


def free_weights(X: NDArray, penalty: float) -> float:
    """Return Σ s²/(s² + λ) over the singular values of X."""
    squares = _singular(X) ** 2
    return float((squares / (squares + penalty)).sum())


def _singular(X: NDArray) -> NDArray[np.float64]:
    return np.linalg.svd(X, compute_uv=False)


FREE_SLIPS = (
    Slip(
        lambda X, p: (_singular(X) / (_singular(X) + p)).sum(), "The eigenvalues of XᵀX are the squares s²."
    ),
    Slip(
        lambda X, p: (p / (_singular(X) ** 2 + p)).sum(),
        "Those are the weights held back; the free ones are the rest.",
    ),
    Slip(lambda X, p: (_singular(X) ** 2 / (_singular(X) ** 2 + p**2)).sum(), "λ is not squared here, only s is."),
    Slip(lambda X, p: float(X.shape[1]), "That counts all columns; the penalty holds some of them back."),
    Slip(lambda X, p: free_weights(X, p) / X.shape[1], "That is the mean; the sum is asked."),
    Slip(lambda X, p: free_weights(X, p * len(X)), "The penalty stands beside the sum of squares: λ, not Nλ."),
    Slip(
        lambda X, p: ((_singular(X) ** 2 / (_singular(X) ** 2 + p)) ** 2).sum(),
        "Each factor once: that is the sum of the squares of H's entries.",
    ),
)


@exercise("linear_regression-8")
def check_free(answer: Any) -> Verdict:
    """The effective number of parameters, as a function."""
    X = np.asarray(CounterRNG(8).standard_normal((9, 3))) * [3.0, 1.0, 0.2]
    cases = [
        Case("9 rows, columns of sizes 3, 1 and 0.2, λ = 2", (X, 2.0)),
        Case("a weak penalty, λ = 1e-6", (X, 1e-6)),
        Case("a strong one, λ = 1e6", (X, 1e6)),
        Case("two equal columns, λ = 0.5", (X[:, [0, 0]], 0.5)),
    ]
    return grade_function(
        "linear_regression-8",
        answer,
        free_weights,
        cases,
        rtol=1e-7,
        slips=FREE_SLIPS,
        signature="free_weights(X, penalty)",
        right="From the rank of X down to 0 as λ grows.",
    )


# --- linear_regression-9: leave one out ---------------------------------------------------------------------


def left_out(X: NDArray, t: NDArray, penalty: float) -> NDArray[np.float64]:
    """Return (t − y)/(1 − h), y and h of ridge on all examples."""
    hat = _hat(X, penalty)
    return (t - hat @ t) / (1 - np.diag(hat))


def _hat(X: NDArray, penalty: float) -> NDArray[np.float64]:
    return X @ np.linalg.solve(X.T @ X + penalty * np.eye(X.shape[1]), X.T)


LEFT_SLIPS = (
    Slip(lambda X, t, p: t - _hat(X, p) @ t, "Those are the training errors: example n still helped to fit itself."),
    Slip(lambda X, t, p: -left_out(X, t, p), "The sign: target minus prediction."),
    Slip(
        lambda X, t, p: (t - _hat(X, p) @ t) * (1 - np.diag(_hat(X, p))),
        "Divide by 1 − h: left out, an example is missed by more.",
    ),
    Slip(lambda X, t, p: left_out(X, t, 0.0), "The penalty is not used."),
    Slip(
        lambda X, t, p: (t - _hat(X, p) @ t) / (1 - np.diag(_hat(X, p)).mean()),
        "That shares the mean leverage among all; each example has its own.",
    ),
    Slip(
        lambda X, t, p: (t - _hat(X, p) @ t) / np.diag(_hat(X, p)),
        "Divide by 1 − h, not by h.",
    ),
    Slip(lambda X, t, p: left_out(X, t, p) ** 2, "The errors themselves are asked, not their squares."),
)


@exercise("linear_regression-9")
def check_left_out(answer: Any) -> Verdict:
    """All errors of leave-one-out, as a function."""
    x = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 9.0])
    X, t = np.column_stack([np.ones(6), x]), np.array([1.0, 0.0, 2.0, 3.0, 3.0, 12.0])
    cases = [
        Case("a line through 6 points, λ = 0.5", (X, t, 0.5)),
        Case("a strong penalty, λ = 50", (X, t, 50.0)),
        Case("one column, λ = 2", (X[:, :1], t, 2.0)),
        # subtle: with as many columns as rows 1 − h is 0 at λ = 0, and who forgot the penalty could not be told so
        Case("a cubic through 6 points, λ = 1", (np.vander(x / 9, 4), t, 1.0)),
    ]
    return grade_function(
        "linear_regression-9",
        answer,
        left_out,
        cases,
        rtol=1e-6,
        slips=LEFT_SLIPS,
        signature="left_out(X, t, penalty)",
        right="The same numbers as from N fits, for the price of one.",
    )
