"""Rosenblatt's perceptron, its mistake bound, and a network that looks up a table; see :mod:`book_lib.neural`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._neural_modules import MLP


@dataclass(frozen=True, eq=False)
class PerceptronRun:
    """What :func:`perceptron` did.

    Args:
        weights: w at the end, shape (D,).
        bias: b at the end.
        mistakes: how many updates were made.
        path: (w, b) at the start and after each mistake, shape (mistakes + 1, D + 1), the bias last.
        examples: the row of X of each mistake, shape (mistakes,).
        epochs: how many times it went through the data, the last time without a mistake if it converged.
        converged: whether every example is on its right side now.
    """

    weights: NDArray[np.float64]
    bias: float
    mistakes: int
    path: NDArray[np.float64] = field(repr=False)
    examples: NDArray[np.int64] = field(repr=False)
    epochs: int
    converged: bool

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return +1 where w·x + b > 0 and −1 elsewhere, shape (N,).

        Raises:
            ValueError: if X is not finite or not of shape (N, D).
            TypeError: if it is not numeric.
        """
        X = _checks.finite_array("X", X)
        if X.ndim != 2 or X.shape[1] != len(self.weights):
            raise ValueError(f"X must have shape (N, {len(self.weights)}), got {X.shape}")
        return np.where(X @ self.weights + self.bias > 0, 1, -1)


def perceptron(X: ArrayLike, t: ArrayLike, max_epochs: int = 100) -> PerceptronRun:
    """Learn by mistakes: wherever t(w·x + b) ≤ 0, add tx to w and t to b; go through the rows until none is wrong.

    Where a line separates the classes it ends after (R/γ)² mistakes at most, :func:`mistake_bound`; where none does,
    never, and only ``max_epochs`` stops it (:cite:`rosenblatt1958perceptron`; :cite:`novikoff1962convergence`). The
    rows come in their order and the start is 0, so that nothing is left to chance. See the section
    :ref:`sec-net-perceptron`.

    Args:
        X: shape (N, D).
        t: −1 or +1, shape (N,).
        max_epochs: how often to go through the rows at most, ≥ 1.

    Raises:
        ValueError: if X and t do not match, X is not finite, or a label is neither −1 nor +1.
        TypeError: if an argument is of the wrong kind.

    >>> AND = perceptron([[0, 0], [0, 1], [1, 0], [1, 1]], [-1, -1, -1, 1])
    >>> AND.converged, AND.mistakes, AND.weights, AND.bias
    (True, 18, array([3., 2.]), -4.0)
    """
    X, t = _examples(X, t)
    max_epochs = _checks.integer("max_epochs", max_epochs, 1)
    augmented = np.column_stack([X, np.ones(len(X))])  # (N, D + 1): the bias is the weight of a 1
    w = np.zeros(augmented.shape[1])
    path, examples, epochs, converged = [w], [], 0, False
    while not converged and epochs < max_epochs:
        converged, epochs = True, epochs + 1
        for i, x in enumerate(augmented):
            if t[i] * (w @ x) <= 0:
                w, converged = w + t[i] * x, False
                path.append(w)
                examples.append(i)
    seen = np.array(examples, dtype=np.int64)
    return PerceptronRun(w[:-1], float(w[-1]), len(examples), np.array(path), seen, epochs, converged)


def mistake_bound(X: ArrayLike, t: ArrayLike, w: ArrayLike) -> float:
    """Return (R/γ)², more mistakes than which the perceptron never makes if w separates the classes.

    R = max |x| and γ = min t(w·x)/|w|, the distance of the nearest example from the border. Each mistake adds at least
    γ to the component of the weights along w, and at most R² to the square of their length
    (:cite:`novikoff1962convergence`). See the section :ref:`sec-net-perceptron`.

    Args:
        X: shape (N, D).
        t: −1 or +1, shape (N,).
        w: any weights that separate, shape (D,), or shape (D + 1,) with a bias at the end: then each x counts with a 1
            behind it, as it does for :func:`perceptron`, in R and in γ. The best w gives the sharpest bound.

    Raises:
        ValueError: if w does not separate the classes, or the shapes do not match.
        TypeError: if an argument is of the wrong kind.

    >>> mistake_bound([[0, 0], [0, 1], [1, 0], [1, 1]], [-1, -1, -1, 1], [2, 2, -3])
    51.0
    """
    X, t = _examples(X, t)
    w = _checks.finite_array("w", w)
    if w.shape == (X.shape[1] + 1,):
        X = np.column_stack([X, np.ones(len(X))])
    if w.shape != (X.shape[1],):
        raise ValueError(f"w must have shape ({X.shape[1]},), or one more for a bias, got {w.shape}")
    margins = t * (X @ w)
    if margins.min() <= 0:
        i = int(margins.argmin())
        raise ValueError(f"w must separate the classes, got t(w·x) = {margins[i]:g} for example {i}")
    return float((X**2).sum(axis=1).max() * (w @ w) / margins.min() ** 2)


def relu_interpolant(x: ArrayLike, t: ArrayLike) -> MLP:
    """Return the network of N − 1 hidden ReLU units that goes through all N points, and straight between them.

    y(x) = t₁ + Σ aᵢ ReLU(x − xᵢ), one hinge for each point but the last; aᵢ is the change of slope there. To the left
    of the points it is constant, to the right it goes on straight. See the section :ref:`sec-net-approximation`.

    Args:
        x: where, shape (N,), N ≥ 2, in any order, no two alike.
        t: what it shall give there, shape (N,).

    Returns:
        A network of sizes (1, N − 1, 1).

    Raises:
        ValueError: if the shapes are not (N,), two places are alike, or an entry is not finite.
        TypeError: if an entry is not numeric.

    >>> net = relu_interpolant([0.0, 1.0, 2.0], [5.0, 3.0, 4.0])
    >>> net.predict([[0.0], [1.0], [1.5], [2.0]]).ravel()
    array([5. , 3. , 3.5, 4. ])
    """
    x, t = _checks.finite_array("x", x), _checks.finite_array("t", t)
    if x.ndim != 1 or x.shape != t.shape or len(x) < 2:
        raise ValueError(f"x and t must both have shape (N,) with N of at least 2, got {x.shape} and {t.shape}")
    order = np.argsort(x, kind="stable")
    x, t = x[order], t[order]
    if (np.diff(x) == 0).any():
        raise ValueError(f"x must hold no place twice, got {x[np.argmin(np.diff(x))]:g} again")
    slopes = np.diff(t) / np.diff(x)
    net = MLP([1, len(x) - 1, 1])
    hinges = [np.ones((len(slopes), 1)), -x[:-1], np.diff(slopes, prepend=0.0)[None, :], t[:1]]
    for parameter, values in zip(net.parameters(), hinges, strict=True):
        parameter.data[...] = values
    return net


def _examples(X: ArrayLike, t: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the examples and their labels ±1."""
    X, t = _checks.finite_array("X", X), _checks.finite_array("t", t)
    if X.ndim != 2 or not X.size or t.shape != (len(X),):
        raise ValueError(f"X and t must have shapes (N, D) and (N,), got {X.shape} and {t.shape}")
    if not (np.abs(t) == 1).all():
        raise ValueError(f"t must hold only -1 and +1, got {t[np.abs(t) != 1][0]:g}")
    return X, t
