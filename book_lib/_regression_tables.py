"""Tables of inputs: columns of ones, powers and common units; re-exported by :mod:`book_lib.regression`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _linear_data as data


def design(x: ArrayLike, bias: bool = True, degree: int | None = None) -> NDArray[np.float64]:
    """Return the table X whose product with the weights is the prediction: [1, x] or [1, x, x², …].

    Source: :cite:`bishop2006pattern`, equation 3.16. See the section :ref:`sec-reg-least-squares`.

    Args:
        x: one number an example, shape (N,), or several, shape (N, D).
        bias: whether a column of ones comes first; its weight is the prediction at x = 0.
        degree: powers 1 … degree of a single column, degree ≥ 1; None: the columns as they are.

    Returns:
        Shape (N, columns).

    Raises:
        ValueError: for NaN or infinity, a shape other than these, a degree below 1 or with more than one column, or
            a power that no float holds.
        TypeError: if ``x`` is not numeric, ``bias`` no truth value or ``degree`` no integer.

    >>> design([2.0, 3.0], degree=2)
    array([[1., 2., 4.],
           [1., 3., 9.]])
    """
    x = _checks.finite_array("x", x)
    if not isinstance(bias, (bool, np.bool_)):
        raise TypeError(f"bias must be True or False, got {bias!r}")
    columns = data.table("x", x[:, None] if x.ndim == 1 else x)
    if degree is not None:
        degree = _checks.integer("degree", degree, 1)
        if columns.shape[1] != 1:
            raise ValueError(f"degree needs a single column x, got {columns.shape[1]} of them")
        with np.errstate(over="ignore", under="ignore"):
            columns = columns ** np.arange(1, degree + 1)
        _checks.finite_array("the powers of x", columns)
    return np.column_stack([np.ones(len(columns)), columns]) if bias else columns.copy()


@dataclass(frozen=True, eq=False)
class Standardizer:
    """A change of units, learned from one table and applied to all: x → (x − mean)/scale, column by column.

    Args:
        mean: shape (D,).
        scale: the standard deviation of each column, shape (D,); 1 where a column is constant.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    def apply(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return (X − mean)/scale, shape (N, D), of new rows in the *old* table's units.

        Raises:
            ValueError: if X is not of shape (N, D) or not finite.
        """
        return (data.table("X", X, len(self.mean)) - self.mean) / self.scale

    def weights_back(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Return weights for the original columns that predict what these predict for the standardised ones.

        c + Σ w_j (x_j − m_j)/s_j = (c − Σ w_j m_j/s_j) + Σ (w_j/s_j) x_j.

        Args:
            weights: with the bias first, shape (D + 1,), or without one, shape (D,).

        Returns:
            Shape (D + 1,), the bias first.

        Raises:
            ValueError: for any other shape, or entries that are not finite.
        """
        weights = _checks.finite_array("weights", weights)
        columns = len(self.mean)
        if weights.shape not in ((columns,), (columns + 1,)):
            raise ValueError(f"weights must have shape ({columns},) or ({columns + 1},), got {weights.shape}")
        slopes = weights[-columns:] / self.scale
        bias = weights[0] if len(weights) > columns else 0.0
        return np.concatenate([[bias - slopes @ self.mean], slopes])


def standardize(X: ArrayLike) -> Standardizer:
    """Learn the mean and the standard deviation of each column; of the training set alone, or it is a leak.

    A constant column has no width to divide by: it is only centred. See the section :ref:`sec-reg-scaling`.

    Args:
        X: shape (N, D).

    Raises:
        ValueError: if X is not of shape (N, D) or not finite.
        TypeError: if it is not numeric.

    >>> units = standardize([[1.0, 5.0], [3.0, 5.0]])
    >>> units.mean, units.scale
    (array([2., 5.]), array([1., 1.]))
    >>> units.apply([[5.0, 5.0]])
    array([[3., 0.]])
    """
    X = data.table("X", X)
    # A power of 2 that brings each column near 1, exactly: the squares of 1e200 and of 1e-200 fit no float.
    exponent = np.frexp(np.abs(X).max(axis=0))[1]
    near = np.ldexp(X, -exponent)
    # subtle: a column of 0.1 has a mean that is not exactly 0.1, hence a width of 1e-17; ask for constancy itself.
    constant = (X == X[0]).all(axis=0)
    mean = np.where(constant, X[0], np.ldexp(near.mean(axis=0), exponent))
    return Standardizer(mean, np.where(constant, 1.0, np.ldexp(near.std(axis=0), exponent)))
