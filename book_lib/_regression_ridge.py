"""Ridge regression for one penalty or many, re-exported by :mod:`book_lib.regression`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _linear_data as data
from book_lib._regression_fits import EPSILON, least_squares


def ridge(X: ArrayLike, t: ArrayLike, penalty: float, penalize_bias: bool = False) -> NDArray[np.float64]:
    """Return the weights that make |Xw − t|² + λ|w|² smallest.

    It is the likeliest w under Gaussian noise of variance s² and a Gaussian prior of variance τ², λ = s²/τ²
    (:cite:`bishop2006pattern`, equations 3.27 and 3.55). Of the singular values σ of X, each direction is shrunk by
    σ²/(σ² + λ) (:cite:`hastie2009elements`, equation 3.47). See the section :ref:`sec-reg-ridge`.

    Args:
        X: shape (N, D). A *leading* column of ones, as :func:`design` makes it, is the bias.
        t: targets, shape (N,).
        penalty: λ ≥ 0, in the square of X's unit. At 0 it is :func:`least_squares`, of the shortest slopes if several
            fit. Above 0 the size of columns matters: standardise them first, or the small ones are shrunk most.
        penalize_bias: whether λ counts the bias too. Usually not: a shift of all targets should shift all answers.

    Returns:
        w, shape (D,).

    Raises:
        ValueError: if X and t do not match or are not finite, or λ is negative or not finite.
        TypeError: if an argument is of the wrong kind.

    >>> ridge([[1.0], [1.0], [2.0]], [1.0, 1.0, 2.0], penalty=6.0, penalize_bias=True)
    array([0.5])
    """
    return ridge_path(X, t, [data.penalty(penalty)], penalize_bias)[0]


def ridge_path(
    X: ArrayLike, t: ArrayLike, penalties: ArrayLike, penalize_bias: bool = False
) -> NDArray[np.float64]:
    """Return :func:`ridge`'s weights for each of P penalties; one singular value decomposition serves them all.

    See the section :ref:`sec-reg-validation`.

    Args:
        X, t, penalize_bias: as for :func:`ridge`.
        penalties: λ ≥ 0, shape (P,).

    Returns:
        Shape (P, D).

    Raises:
        ValueError, TypeError: as :func:`ridge`.

    >>> ridge_path([[1.0], [2.0]], [1.0, 2.0], [0.0, 5.0]).round(6)
    array([[1. ],
           [0.5]])
    """
    X, t = data.pair(X, t)
    if not isinstance(penalize_bias, (bool, np.bool_)):
        raise TypeError(f"penalize_bias must be True or False, got {penalize_bias!r}")
    values = _checks.finite_array("penalties", penalties)
    if values.ndim != 1:
        raise ValueError(f"penalties must have shape (P,), got {values.shape}")
    values = np.array([data.penalty(value) for value in values])
    if penalize_bias or not (X[:, 0] == 1).all():
        return _shrunk(X, t, values)
    # A free bias puts the fit through the point of means; what remains is a problem without one.
    centre, level = X[:, 1:].mean(axis=0), t.mean()
    slopes = _shrunk(X[:, 1:] - centre, t - level, values)
    return np.column_stack([level - slopes @ centre, slopes])


def _shrunk(X: NDArray, t: NDArray, penalties: NDArray) -> NDArray[np.float64]:
    """Return w = Σ v σ/(σ² + λ) uᵀt over the singular triples (u, σ, v), for each λ."""
    if X.shape[1] == 0:  # nothing but a bias
        return np.zeros((len(penalties), 0))
    left, singular, right = np.linalg.svd(X, full_matrices=False)
    # subtle: a singular value that is nothing but rounding would be blown up by a small λ; it counts as 0.
    kept = singular > EPSILON * max(X.shape) * singular[0]
    left, singular, right = left[:, kept], singular[kept], right[kept]
    with np.errstate(over="ignore"):  # λ/σ beyond all floats leaves no weight, as it should
        factors = 1 / (singular + penalties[:, None] / singular)  # (penalties, singular values); σ² could overflow
    weights = (factors * (left.T @ t)) @ right
    if (penalties == 0).any():  # without a penalty units do not matter: there even a column of 1e-20 has its weight
        weights[penalties == 0] = least_squares(X, t).weights
    return weights
