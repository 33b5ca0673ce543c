"""Logistic and softmax regression, re-exported by :mod:`book_lib.classification`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _classification_labels as guard
from book_lib import _linear_data as data
from book_lib._classification_losses import binary_cross_entropy, sigmoid, softmax_cross_entropy
from book_lib._lbfgs import Minimum, minimize_smooth
from book_lib.probability import softmax

TOLERANCE = 1e-6  # of a slope, as a share of √N, in units in which the curvature is about 1
STEPS = 10_000
SETTLED = 5.0  # a margin, in logits, beyond which an example hardly pulls any more


@dataclass(frozen=True, eq=False)
class BinaryClassifier:
    """A fitted :class:`LogisticRegression`.

    Args:
        weights: w, shape (D,).
        bias: c.
        convention: of its labels, "01" or "pm1".
        loss: the mean cross-entropy on the training set, without the penalty.
        steps: how many the solver made.
        converged: whether it ended because no slope was left, and not because steps ran out.
    """

    weights: NDArray[np.float64]
    bias: float
    convention: str
    loss: float
    steps: int = field(repr=False)
    converged: bool

    def logits(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the log-odds z = Xw + c of "yes", shape (M,), for rows of shape (M, D).

        Raises:
            ValueError: if X is not of shape (M, D) or not finite; so do the two below.
        """
        return data.table("X", X, len(self.weights)) @ self.weights + self.bias

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability σ(z) of "yes", shape (M,)."""
        return np.asarray(sigmoid(self.logits(X)))

    def predict(self, X: ArrayLike, threshold: float = 0.5) -> NDArray[np.int64]:
        """Return the label of "yes" where σ(z) ≥ threshold, and the other elsewhere, shape (M,).

        At the threshold ½ that is the sign of the score.

        Raises:
            ValueError: if ``threshold`` lies outside 0 … 1.
        """
        threshold = _checks.finite("threshold", threshold)
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold must lie between 0 and 1, got {threshold:g}")
        no, yes = guard.CONVENTIONS[self.convention]
        return np.where(self.predict_proba(X) >= threshold, int(yes), int(no))


@dataclass(frozen=True, eq=False)
class SoftmaxClassifier:
    """A fitted :class:`SoftmaxRegression`.

    Args:
        weights: W, shape (K, D): a row for each class.
        bias: shape (K,); zeros if fitted without.
        loss: the mean cross-entropy on the training set, without the penalty.
        steps: how many the solver made.
        converged: whether it ended because no slope was left, and not because steps ran out.
    """

    weights: NDArray[np.float64] = field(repr=False)
    bias: NDArray[np.float64] = field(repr=False)
    loss: float
    steps: int = field(repr=False)
    converged: bool

    def logits(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return z = XWᵀ + c, shape (M, K), for rows of shape (M, D).

        Raises:
            ValueError: if X is not of shape (M, D) or not finite; so do the two below.
        """
        return data.table("X", X, self.weights.shape[1]) @ self.weights.T + self.bias

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return softmax(z), shape (M, K)."""
        return softmax(self.logits(X))

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the class of the largest logit, shape (M,); softmax keeps the order, so that it is the likeliest."""
        return self.logits(X).argmax(axis=1)


@dataclass(frozen=True)
class LogisticRegression:
    """Log-odds that are linear in x, fitted by making Σ −ln p(t | x) + ½λ|w|² smallest; the bias goes free.

    λ is one over the variance of a Gaussian prior on each weight, and one over scikit-learn's C
    (:cite:`bishop2006pattern`, section 4.3.2). See the section :ref:`sec-class-gradient`.

    Args:
        penalty: λ ≥ 0. At 0 there is no best w where a plane separates the classes, be it with points of both on the
            plane: that is an error, not a large w.
        convention: of the labels, "01" or "pm1".
        bias: whether there is one.

    Raises:
        ValueError: if λ is negative or not finite, or the convention unknown.
        TypeError: if an argument is of the wrong kind.

    >>> model = LogisticRegression(penalty=1.0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])
    >>> model.predict([[0.0], [3.0]]), model.converged
    (array([0, 1]), True)
    """

    penalty: float = 1.0
    convention: str = "01"
    bias: bool = True

    def __post_init__(self) -> None:
        _check_settings(self)
        guard.convention(self.convention)

    def fit(self, X: ArrayLike, t: ArrayLike) -> BinaryClassifier:
        """Return the classifier.

        Args:
            X: shape (N, D), without a column of ones.
            t: labels, shape (N,), of both classes.

        Raises:
            ValueError: if X and t do not match or X is not finite, if a label is outside the convention or all are of
                one class, or if λ = 0 and the classes can be separated.
            TypeError: if an argument is not numeric.
        """
        X = data.table("X", X)
        yes = guard.two_sided("t", t, self.convention)
        _require_rows("t", yes, X)
        units = _Units.of(X, self.penalty, self.bias, spread=0.25)
        found = _solve(_binary_objective(units, np.where(yes, 1.0, -1.0)), units, 1)
        halves = np.outer([-0.5, 0.5], found.weights)  # the same model as softmax
        if self.penalty == 0 and _separates(halves, units.table, yes.astype(np.int64)):
            raise ValueError(_SEPARATED)
        weights, bias = (part[0] for part in units.back(found.weights[None, :]))
        loss = float(np.mean(binary_cross_entropy(X @ weights + bias, yes)))
        return BinaryClassifier(weights, float(bias), self.convention, loss, found.steps, found.converged)


@dataclass(frozen=True)
class SoftmaxRegression:
    """Logits that are linear in x, one for each of K classes, fitted by making Σ −ln p(t | x) + ½λ|W|² smallest.

    λ is one over scikit-learn's C; the biases go free (:cite:`bishop2006pattern`, section 4.3.4). See the section
    :ref:`sec-class-digits`.

    Args:
        penalty: λ ≥ 0. At 0 there is no best W where the classes can be separated: that is an error.
        bias: whether each class has one.

    Raises:
        ValueError: if λ is negative or not finite.
        TypeError: if an argument is of the wrong kind.

    >>> model = SoftmaxRegression(penalty=0.1).fit([[0.0], [0.2], [1.0], [1.2], [2.0], [2.2]], [0, 0, 1, 1, 2, 2])
    >>> model.predict([[0.1], [1.1], [2.1]]), model.predict_proba([[1.1]]).sum().round(9)
    (array([0, 1, 2]), np.float64(1.0))
    """

    penalty: float = 1.0
    bias: bool = True

    def __post_init__(self) -> None:
        _check_settings(self)

    def fit(self, X: ArrayLike, labels: ArrayLike) -> SoftmaxClassifier:
        """Return the classifier.

        Args:
            X: shape (N, D), without a column of ones.
            labels: 0 … K−1, shape (N,), each class at least once, K ≥ 2.

        Raises:
            ValueError: if X and the labels do not match or X is not finite, if a class is missing or there is only
                one, or if λ = 0 and the classes can be separated.
            TypeError: if an argument is of the wrong kind.
        """
        X = data.table("X", X)
        classes = guard.classes("labels", labels)
        _require_rows("labels", classes, X)
        count = int(classes.max()) + 1
        units = _Units.of(X, self.penalty, self.bias, spread=(1 - 1 / count) / count)
        found = _solve(_softmax_objective(units, classes, count), units, count)
        rows = found.weights.reshape(count, -1)
        if self.penalty == 0 and _separates(rows, units.table, classes):
            raise ValueError(_SEPARATED)
        weights, bias = units.back(rows)
        loss = float(softmax_cross_entropy(X @ weights.T + bias, classes).mean())
        return SoftmaxClassifier(weights, bias, loss, found.steps, found.converged)


_SEPARATED = (
    "penalty must be above 0 here: weights that separate the classes fit better the larger they are, "
    "so that no finite weights are best"
)


def _check_settings(model: LogisticRegression | SoftmaxRegression) -> None:
    object.__setattr__(model, "penalty", data.penalty(model.penalty))
    if not isinstance(model.bias, (bool, np.bool_)):
        raise TypeError(f"bias must be True or False, got {model.bias!r}")


def _require_rows(name: str, labels: NDArray, X: NDArray) -> None:
    if len(labels) != len(X):
        raise ValueError(f"{name} must have shape ({len(X)},), one label for each row of X, got {labels.shape}")


def _separates(V: NDArray, table: NDArray, classes: NDArray) -> bool:
    """Tell whether the weights, shape (K, D), point where no loss rises and some fall for ever.

    That is so if each example's own logit leads all others. It is so, too, if some stand level on a border: then the
    part of V that moves none of these leads still raises the others. A lead that it does not raise must stand still,
    too, and what remains is tried again.
    """
    rivals = np.arange(len(V))[:, None] != classes  # (K, N)
    lead = _leads(V, table, classes)
    if (lead[rivals] > 0).all():
        return True
    still = rivals & (lead <= SETTLED)
    while (rivals & ~still).any():
        free = _at_right_angles(V, table, classes, still)
        gains = _leads(free, table, classes)
        losers = rivals & ~still & (gains <= 1e-9 * np.abs(lead).max())
        if not losers.any():
            return True
        still |= losers
    return False


def _leads(V: NDArray, table: NDArray, classes: NDArray) -> NDArray[np.float64]:
    """Return by how much each example's own logit leads each class's, shape (K, N)."""
    z = V @ table
    return z[classes, np.arange(len(classes))] - z


def _at_right_angles(V: NDArray, table: NDArray, classes: NDArray, still: NDArray) -> NDArray[np.float64]:
    """Return the part of V that changes none of the leads marked in ``still``, shape (K, N)."""
    example, rival = np.nonzero(still.T)
    free, triangle = V.ravel(), np.zeros((0, V.size))
    # Some pairs at a time, as all together could fill the memory; where nothing is left of V more need not be asked.
    for first in range(0, len(rival), 2 * V.size):
        x, other = example[first : first + 2 * V.size], rival[first : first + 2 * V.size]
        pairs = np.zeros((len(x), *V.shape))
        pairs[np.arange(len(x)), classes[x]] = table[:, x].T
        pairs[np.arange(len(x)), other] = -table[:, x].T
        triangle = np.linalg.qr(np.vstack([triangle, pairs.reshape(len(x), -1)]), mode="r")
        singular, right = np.linalg.svd(triangle, full_matrices=False)[1:]
        right = right[singular > 1e-9 * singular[0]]
        free = V.ravel() - right.T @ (right @ V.ravel())
        if np.abs(free).max() <= 1e-10 * np.abs(V).max():
            break
    return free.reshape(V.shape)


@dataclass(frozen=True, eq=False)
class _Units:
    """Coordinates in which all curvatures are about 1, whatever the units of X, so that the solver needs few steps.

    Args:
        table: the columns, centred if there is a bias, times ``scale``, and one for the bias; shape (D + 1, N).
        centre: what was taken away, shape (D,).
        scale: shape (D,).
        ridge: λ·scale², the penalty on each coordinate, shape (D + 1,), 0 for the bias.
        bias: whether the last row belongs to one.
        height: what the bias's row holds.
    """

    table: NDArray[np.float64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    ridge: NDArray[np.float64]
    bias: bool
    height: float

    @classmethod
    def of(cls, X: NDArray, penalty: float, bias: bool, spread: float) -> _Units:
        """Make them; ``spread`` is p(1 − p) where nothing is known, which times Σx² is the curvature at w = 0."""
        size = np.ldexp(1.0, np.frexp(np.abs(X).max(axis=0))[1] - 1)  # powers of 2: the square of 1e200 fits no float
        near = X / size
        centre = near.mean(axis=0) if bias else np.zeros(X.shape[1])
        # subtle: the mean of ten times 0.1 is not 0.1, and a constant column must not be scaled up to rounding noise.
        moved = np.where(bias & (X == X[0]).all(axis=0), 0.0, near - centre)
        width = size * np.sqrt(spread * np.einsum("nd,nd->d", moved, moved))
        root = np.hypot(width, np.sqrt(penalty))  # of the curvature
        scale = 1 / np.where(root > 0, root, 1.0)
        height = 1 / np.sqrt(spread * len(X))
        table, ridge = (moved * (size * scale)).T, (np.sqrt(penalty) * scale) ** 2
        if bias:
            table, ridge = np.vstack([table, np.full(len(X), height)]), np.append(ridge, 0.0)
        return cls(np.ascontiguousarray(table), centre * size, scale, ridge, bias, height)

    def back(self, found: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return weights (K, D) and biases (K,) in the units of X, from coordinates (K, D + 1)."""
        weights = found[:, : len(self.scale)] * self.scale
        bias = found[:, -1] * self.height if self.bias else np.zeros(len(found))
        return weights, bias - weights @ self.centre


def _solve(objective: Callable, units: _Units, count: int) -> Minimum:
    # A small penalty pulls with a small slope, and where it alone keeps the weights finite that must not be missed:
    # the slope that is left must be a thousandth of it.
    pulls = units.ridge[units.ridge > 0]
    share = np.clip(1e-3 * pulls.min(initial=1.0), 1e-5 * TOLERANCE, TOLERANCE)
    start = np.zeros(count * len(units.table))
    return minimize_smooth(objective, start, float(share * np.sqrt(units.table.shape[1])), STEPS)


def _binary_objective(units: _Units, sign: NDArray) -> Callable[[NDArray], tuple[float, NDArray]]:
    """Return v ↦ Σ ln(1 + e^{−yz}) + ½ Σ ridge v², and its slope, with z = v·table."""

    def objective(v: NDArray) -> tuple[float, NDArray]:
        margin = sign * (v @ units.table)
        small = np.exp(-np.abs(margin))
        loss = float((np.maximum(-margin, 0) + np.log1p(small)).sum())
        wrong = np.where(margin >= 0, small, 1.0) / (1 + small)  # σ(−margin), the probability of the other label
        pull = units.ridge * v
        return loss + float(pull @ v) / 2, pull - units.table @ (sign * wrong)

    return objective


def _softmax_objective(
    units: _Units, classes: NDArray, count: int
) -> Callable[[NDArray], tuple[float, NDArray]]:
    """Return V ↦ Σ (ln Σ e^z − z_label) + ½ Σ ridge V², and its slope p − t times the table, with z = V·table."""
    columns = units.table.T
    flat = classes * len(classes) + np.arange(len(classes))  # where each example's own class stands in (K, N)

    def objective(v: NDArray) -> tuple[float, NDArray]:
        v = v.reshape(count, -1)
        # subtle: classes first, so that sums over them run along memory: (K, N), three times as fast as (N, K).
        z = v @ units.table
        z -= z.max(axis=0)
        own = z.ravel()[flat]
        np.exp(z, out=z)
        total = z.sum(axis=0)
        loss = float((np.log(total) - own).sum())
        z /= total
        z.ravel()[flat] -= 1.0
        pull = units.ridge * v
        return loss + float((pull * v).sum()) / 2, (pull + z @ columns).ravel()

    return objective
