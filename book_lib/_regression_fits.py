"""Least squares and the two faces of its loss, re-exported by :mod:`book_lib.regression`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _linear_data as data

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """What :func:`least_squares` found.

    Args:
        weights: w, shape (D,).
        residuals: t − Xw, shape (N,).
        mse: the mean of their squares.
        rank: how many columns of X say something that the others do not.
        condition_number: largest over smallest singular value of X; ∞ if the rank is below D.
        note: empty, or what was done because the data do not determine the weights.
    """

    weights: NDArray[np.float64]
    residuals: NDArray[np.float64] = field(repr=False)
    mse: float
    rank: int
    condition_number: float
    note: str = ""

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return y = Xw for new rows, shape (M, D) → (M,).

        Raises:
            ValueError: if X is not of shape (M, D) or not finite.
        """
        return data.table("X", X, len(self.weights)) @ self.weights


def least_squares(X: ArrayLike, t: ArrayLike) -> LeastSquares:
    """Return the weights that make |Xw − t|² smallest, by X = QR and Rw = Qᵀt.

    The normal equations XᵀXw = Xᵀt say the same, but XᵀX squares the condition number, and with it the rounding
    errors (:cite:`hastie2009elements`, section 3.2.3 for QR). Where columns depend on one another, or there are fewer
    rows than columns, infinitely many w fit equally well: the shortest is returned, and ``note`` says so. The rank is
    judged on columns of equal size, so that it does not depend on units. See :ref:`sec-reg-least-squares`.

    Args:
        X: shape (N, D), with its column of ones if there is to be a bias (see :func:`design`).
        t: targets, shape (N,).

    Raises:
        ValueError: if X and t do not match, are empty, or hold NaN or infinity.
        TypeError: if one is not numeric.

    >>> found = least_squares([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 3.0, 5.0])
    >>> found.weights.round(6), found.rank, found.note
    (array([1., 2.]), 2, '')
    >>> least_squares([[1.0, 1.0]], [2.0]).note
    'rank 1 of 2: 1 row cannot determine 2 weights; of all that fit equally well, the shortest is returned'
    """
    X, t = data.pair(X, t)
    rows, columns = X.shape
    size = np.abs(X).max(axis=0)
    size[size == 0] = 1.0
    Q, R = np.linalg.qr(X / size)
    left, singular, right = np.linalg.svd(R)
    rank = int((singular > EPSILON * max(rows, columns) * singular[0]).sum())
    if rank == columns:
        weights = np.linalg.solve(R, Q.T @ t) / size
        own = np.linalg.svd(R * size, compute_uv=False)
        condition, note = float(own[0] / own[-1]) if own[-1] > 0 else math.inf, ""
    else:
        coordinates = (left.T @ (Q.T @ t))[:rank] / singular[:rank]
        weights = _shortest(right[:rank].T @ coordinates / size, right[rank:].T / size[:, None])
        condition, note = math.inf, _deficiency(rank, rows, columns)
    residuals = t - X @ weights
    return LeastSquares(weights, residuals, _mean_square(residuals), rank, condition, note)


def _shortest(weights: NDArray, free: NDArray) -> NDArray[np.float64]:
    """Take from the weights all that lies along the ``free`` directions, shape (D, D − rank), which change no fit."""
    directions = np.linalg.qr(free)[0]
    return weights - directions @ (directions.T @ weights)


def _deficiency(rank: int, rows: int, columns: int) -> str:
    why = "columns of X depend on one another"
    if rank == rows:
        why = f"{rows} row{'s' * (rows > 1)} cannot determine {columns} weights"
    return f"rank {rank} of {columns}: {why}; of all that fit equally well, the shortest is returned"


def _mean_square(errors: NDArray) -> float:
    with np.errstate(over="ignore", under="ignore"):
        return float((errors**2).mean())


def normal_equations_residual(X: ArrayLike, t: ArrayLike, w: ArrayLike) -> NDArray[np.float64]:
    """Return Xᵀ(Xw − t), shape (D,): the gradient of ½|Xw − t|², and 0 exactly where w is a least-squares solution.

    The errors of the best fit stand at right angles to every column. See :ref:`sec-reg-least-squares`.

    Args:
        X: shape (N, D).
        t: targets, shape (N,).
        w: weights, shape (D,).

    Raises:
        ValueError: if the shapes do not match, or an entry is NaN or infinite.
        TypeError: if an argument is not numeric.

    >>> normal_equations_residual([[1.0], [1.0]], [1.0, 3.0], [2.0])
    array([0.])
    """
    X, t = data.pair(X, t)
    return X.T @ (X @ data.vector("w", w, X.shape[1], "column of X") - t)


def mean_squared_error(t: ArrayLike, y: ArrayLike) -> float:
    """Return (1/N) Σ (t − y)², in the square of the target's unit; ∞ if that is larger than any float.

    Args:
        t: targets, shape (N,).
        y: predictions, the same shape.

    Raises:
        ValueError: if the shapes differ, there is nothing, or an entry is not finite.
        TypeError: if an argument is not numeric.

    >>> mean_squared_error([900.0, 700.0], [880.0, 825.0])
    8012.5
    """
    with np.errstate(over="ignore"):
        return _mean_square(_errors(t, y))


def gaussian_nll(t: ArrayLike, y: ArrayLike, standard_deviation: float) -> float:
    """Return −Σ ln 𝒩(t | y, s²) = Σ(t − y)²/2s² + (N/2) ln 2πs²: squared error, as a likelihood.

    Source: :cite:`bishop2006pattern`, equation 3.11. See the section :ref:`sec-reg-gaussian`.

    Args:
        t: targets, shape (N,).
        y: predictions, the same shape.
        standard_deviation: s > 0 of the noise, in the target's unit.

    Raises:
        ValueError: if the shapes differ, there is nothing, an entry is not finite, or s is not above 0.
        TypeError: if an argument is not numeric.

    >>> round(gaussian_nll([1.0, 3.0], [1.0, 2.0], 1.0), 6)
    2.337877
    """
    s = _checks.positive("standard_deviation", standard_deviation)
    with np.errstate(over="ignore"):
        errors = _errors(t, y)
        square = float(((errors / s) ** 2).sum())
    return square / 2 + len(errors) * (math.log(2 * math.pi) / 2 + math.log(s))


def _errors(t: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    t, y = _checks.finite_array("t", t), _checks.finite_array("y", y)
    if t.shape != y.shape or t.ndim != 1 or len(t) == 0:
        raise ValueError(f"t and y must both have shape (N,), N ≥ 1, got {t.shape} and {y.shape}")
    return t - y
