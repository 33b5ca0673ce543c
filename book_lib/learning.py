"""Learning as fitting: a loss that is a mean, a fit that goes downhill, splits, pairs, and the four-step recipe.

This is the shell that every chapter fills: `data`, `model`, training and prediction (:ref:`sec-model-ingredients`,
:ref:`sec-model-recipe`). It asks nothing of a model but that it can be called, and so it is slow; chapters to come
replace the numerical slope by a derived one.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.rng import RandomLike, as_generator

__all__ = [
    "Fit",
    "Recipe",
    "error_margin",
    "fit",
    "mean_loss",
    "next_word_pairs",
    "numerical_gradient",
    "split",
    "squared_error",
    "zero_one_error",
]

Loss = Callable[[NDArray, NDArray], ArrayLike]
Model = Callable[[NDArray, NDArray], ArrayLike]
Data = tuple[ArrayLike, ArrayLike]

SHORTEST = 1e-12  # relative to the weights: a step this short has met the last digits of the loss


def squared_error(predictions: ArrayLike, targets: ArrayLike) -> NDArray[np.float64]:
    """Return ℓ = |y − t|² of each example, summed over the entries of a vector-valued answer.

    Args:
        predictions: y, shape (N,) or (N, D).
        targets: t, the same shape.

    Returns:
        Shape (N,); ∞ where the square is larger than any float.

    Raises:
        ValueError: if the shapes differ or an entry is not finite.
        TypeError: if an argument is not numeric.

    >>> squared_error([1.0, 2.0], [1.0, 5.0])
    array([0., 9.])
    """
    y, t = _checks.finite_array("predictions", predictions), _checks.finite_array("targets", targets)
    if y.shape != t.shape or y.ndim == 0:
        raise ValueError(f"predictions and targets must have one shape (N, …), got {y.shape} and {t.shape}")
    with np.errstate(over="ignore"):
        return ((y - t) ** 2).reshape(len(y), math.prod(y.shape[1:])).sum(axis=1)


def zero_one_error(predictions: ArrayLike, targets: ArrayLike) -> NDArray[np.float64]:
    """Return 1 for each wrong answer and 0 for each right one; its mean is the share of mistakes.

    Args:
        predictions, targets: answers that can be compared, numbers or words, shape (N,).

    Returns:
        Shape (N,).

    Raises:
        ValueError: if the shapes differ or are not (N,), or an answer is NaN, which equals nothing.
        TypeError: if an argument holds neither numbers nor words, or one holds words and the other does not.

    >>> zero_one_error(["a", "b"], ["a", "c"])
    array([0., 1.])
    """
    y, t = _answers("predictions", predictions), _answers("targets", targets)
    if y.shape != t.shape or y.ndim != 1:
        raise ValueError(f"predictions and targets must both have shape (N,), got {y.shape} and {t.shape}")
    if (y.dtype.kind == "U") != (t.dtype.kind == "U"):
        raise TypeError(f"predictions and targets must both be words or neither, got {y.dtype} and {t.dtype}")
    return (y != t).astype(np.float64)


def _answers(name: str, values: ArrayLike) -> NDArray:
    array = _checks.regular(name, values)
    if array.dtype.kind not in "biufU":
        raise TypeError(f"{name} must be numbers or words, got {array.dtype} entries")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"{name} must not be NaN, got one at index {int(np.isnan(array).argmax())}")
    return array


def mean_loss(loss: Loss, predictions: ArrayLike, targets: ArrayLike) -> float:
    """Return L = (1/N) Σ ℓ(y_i, t_i), the number that training makes small.

    Being a mean, it does not change when every example is repeated, nor when examples are shuffled.
    See the section :ref:`sec-model-functions`.

    Args:
        loss: takes predictions and targets and returns one number per example, shape (N,).
        predictions: shape (N,) or (N, …).
        targets: N of them.

    Raises:
        ValueError: if there is no example, or the loss does not return N finite numbers with a finite mean.
        TypeError: if ``loss`` cannot be called.

    >>> mean_loss(squared_error, [1.0, 2.0], [1.0, 5.0])
    4.5
    """
    if not callable(loss):
        raise TypeError(f"loss must be a function of predictions and targets, got {loss!r}")
    count = _count("targets", targets)
    if count == 0:
        raise ValueError("targets must hold at least one example: there is no mean of nothing")
    losses = _checks.finite_array("the values of loss", loss(predictions, targets))
    if losses.shape != (count,):
        raise ValueError(f"loss must return one number per example, shape ({count},), got {losses.shape}")
    with np.errstate(over="ignore"):
        return _checks.finite("the mean of loss", losses.mean())


def _count(name: str, examples: ArrayLike) -> int:
    """Return N of an array of shape (N, …)."""
    array = _checks.regular(name, examples)
    if array.ndim == 0:
        raise ValueError(f"{name} must hold one entry per example, shape (N, …), got shape ()")
    return len(array)


def numerical_gradient(function: Callable[[NDArray], float], weights: ArrayLike) -> NDArray[np.float64]:
    """Return the slopes (f(w + h e_j) − f(w − h e_j)) / 2h along each weight, h = 6e-6 · max(1, |w_j|).

    The step is near the cube root of the machine precision, where rounding and curvature err about equally.

    Args:
        function: takes weights, gives a number.
        weights: any shape.

    Returns:
        The shape of ``weights``.

    Raises:
        ValueError: if a weight is not finite, or the function gives something that is not.
        TypeError: if ``weights`` is not numeric, or ``function`` cannot be called or gives no number.

    >>> numerical_gradient(lambda w: float(w @ w), [1.0, -2.0]).round(6)
    array([ 2., -4.])
    """
    if not callable(function):
        raise TypeError(f"function must be a function of the weights, got {function!r}")
    weights = _checks.finite_array("weights", weights)
    gradient = np.empty(weights.size)
    for j in range(weights.size):
        step = np.zeros(weights.size)
        step[j] = 6e-6 * max(1.0, abs(weights.flat[j]))
        step = step.reshape(weights.shape)
        above, below = (_checks.finite("the value of function", function(weights + h)) for h in (step, -step))
        gradient[j] = (above - below) / (2 * step.flat[j])
    return gradient.reshape(weights.shape)


@dataclass(frozen=True, eq=False)
class Fit:
    """A trained model.

    Args:
        model: as given to :func:`fit`.
        weights: w*, the shape of the start.
        history: the mean loss before the first step and after each step; it never rises.
        converged: whether training ended because nothing was left to gain, and not because steps ran out.
    """

    model: Model = field(repr=False)
    weights: NDArray[np.float64]
    history: NDArray[np.float64] = field(repr=False)
    converged: bool

    @property
    def loss(self) -> float:
        """The mean loss on the training data at the end."""
        return float(self.history[-1])

    def predict(self, inputs: ArrayLike) -> NDArray | np.floating:
        """Return the model's answers to new inputs, one for each; a plain number for a single one."""
        return np.asarray(self.model(self.weights, np.asarray(inputs)))[()]


def fit(
    model: Model,
    loss: Loss,
    data: Data,
    start: ArrayLike,
    *,
    gradient: Callable[[NDArray], ArrayLike] | None = None,
    learning_rate: float = 0.1,
    steps: int = 1000,
    tolerance: float = 1e-6,
) -> Fit:
    """Make the mean loss small by steps against its slope, w ← w − η ∇L, that never go uphill.

    A step that does not lower the loss by at least η|∇L|²/10 (Armijo's rule, :cite:`nocedal2006numerical`,
    section 3.1) is taken back and tried with half the η; one that does, makes η grow by half. This finds a valley,
    which need not be the deepest. See the section :ref:`sec-model-recipe`.

    Args:
        model: model(weights, inputs) → predictions, N of them.
        loss: loss(predictions, targets) → one number per example, shape (N,), such as :func:`squared_error`.
        data: inputs and targets, N of each.
        start: the first weights, any shape.
        gradient: gradient(weights) → ∇L, the shape of the weights; without it, :func:`numerical_gradient`.
        learning_rate: η of the first try.
        steps: at most so many.
        tolerance: enough is enough when no slope is larger than this.

    Raises:
        ValueError: if inputs and targets are not equally many, a number is out of range, or the loss or the
            gradient does not return what it must.
        TypeError: if something that must be called cannot be.

    >>> line = lambda w, x: w[0] + w[1] * x
    >>> x = np.array([0.0, 1.0, 2.0])
    >>> fit(line, squared_error, (x, 1 + 3 * x), start=[0.0, 0.0]).weights.round(4)
    array([1., 3.])
    """
    recipe = Recipe(data, model, loss, start)
    if not (gradient is None or callable(gradient)):
        raise TypeError(f"gradient must be a function of the weights or None, got {gradient!r}")
    slope = gradient or (lambda w: numerical_gradient(recipe.objective, w))
    weights = _checks.finite_array("start", start).copy()
    rate = _checks.positive("learning_rate", learning_rate)
    tolerance = _checks.positive("tolerance", tolerance)
    history, converged = [recipe.objective(weights)], False
    for _ in range(_checks.integer("steps", steps, 0)):
        downhill = -_slope(slope, weights)
        converged = bool(np.abs(downhill).max(initial=0.0) <= tolerance)
        if not converged:
            rate, lower = _short_enough(recipe, weights, downhill, rate, history[-1])
            converged = lower is None
        if converged:
            break
        weights = weights + rate * downhill
        history.append(lower)
        rate = min(1.5 * rate, sys.float_info.max)
    return Fit(model, weights, np.array(history), converged)


def _slope(gradient: Callable[[NDArray], ArrayLike], weights: NDArray) -> NDArray[np.float64]:
    slope = _checks.finite_array("gradient", gradient(weights))
    if slope.shape != weights.shape:
        raise ValueError(f"gradient must have the shape of the weights, {weights.shape}, got {slope.shape}")
    return slope


def _short_enough(
    recipe: Recipe, weights: NDArray, downhill: NDArray, rate: float, loss: float
) -> tuple[float, float | None]:
    """Halve η until its step lowers the loss by η|∇L|²/10; return it and the loss there, None if η got too short."""
    with np.errstate(all="ignore"):
        squared, steepest = float((downhill**2).sum()), float(np.abs(downhill).max())
        while rate * steepest >= SHORTEST * max(1.0, float(np.abs(weights).max())):
            lower = _loss_after(recipe, weights + rate * downhill)
            if lower <= loss - 0.1 * rate * squared:
                return rate, lower
            rate /= 2
    return rate, None


def _loss_after(recipe: Recipe, weights: NDArray) -> float:
    """Return the loss at the end of a step, ∞ if the step was so long that it overflows."""
    try:
        return recipe.objective(weights)
    except (ValueError, OverflowError):
        return math.inf


@dataclass(frozen=True, eq=False)
class Recipe:
    """The four steps: data, a model with a loss, a goal, and training. Each chapter fills in its own.

    Args:
        data: inputs and targets, N of each.
        model: model(weights, inputs) → predictions.
        loss: loss(predictions, targets) → one number per example.
        start: the first weights.

    Raises:
        ValueError: if there are no data, or inputs and targets are not equally many.
        TypeError: if ``model`` or ``loss`` cannot be called.

    >>> recipe = Recipe(([1.0, 2.0], [2.0, 4.0]), lambda w, x: w * np.asarray(x), squared_error, 0.0)
    >>> recipe.objective(2.0), round(float(recipe.train().predict(10.0)), 3)
    (0.0, 20.0)
    """

    data: Data
    model: Model
    loss: Loss
    start: ArrayLike

    def __post_init__(self) -> None:
        for name in ("model", "loss"):
            if not callable(getattr(self, name)):
                raise TypeError(f"{name} must be a function, got {getattr(self, name)!r}")
        if not isinstance(self.data, (tuple, list)) or len(self.data) != 2:
            raise TypeError(f"data must be a pair (inputs, targets), got {type(self.data).__name__}")
        counts = [_count(name, part) for name, part in zip(("inputs", "targets"), self.data, strict=True)]
        if counts[0] != counts[1] or counts[0] == 0:
            raise ValueError(
                f"data must hold as many inputs as targets, at least one, got {counts[0]} and {counts[1]}"
            )

    def objective(self, weights: ArrayLike) -> float:
        """The goal: the mean loss of the model with these weights on the data."""
        inputs, targets = (np.asarray(part) for part in self.data)
        return mean_loss(self.loss, self.model(np.asarray(weights), inputs), targets)

    def train(self, **options: Any) -> Fit:
        """Training: :func:`fit`, with its options."""
        return fit(self.model, self.loss, self.data, self.start, **options)


def split(
    n: int, fractions: Sequence[float] = (0.6, 0.2, 0.2), rng: RandomLike = 0
) -> tuple[NDArray[np.int64], ...]:
    """Deal the indices 0 … n−1 at random into parts that do not overlap and leave nothing out.

    With three fractions the parts are for training, validation and test (section :ref:`sec-model-splits`). A part
    has n times its fraction, rounded so that all add up to n.

    Args:
        n: how many examples there are.
        fractions: positive numbers that sum to 1.
        rng: a seed or a generator.

    Returns:
        One ascending array of indices for each fraction.

    Raises:
        ValueError: if a fraction is not positive, they do not sum to 1, or a part would be empty.
        TypeError: if ``n`` is not an integer or ``rng`` neither a seed nor a generator.

    >>> [len(part) for part in split(10, rng=1)]
    [6, 2, 2]
    """
    n = _checks.integer("n", n, 1, _checks.LONGEST)
    shares = _checks.finite_array("fractions", fractions)
    between = shares.ndim == 1 and ((shares > 0) & (shares <= 1)).all()
    if not between or abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"fractions must be positive and sum to 1, got {fractions!r}")
    # subtle: 0.6 + 0.2 ends a hair beside 0.8, and n times it must not round to different sides.
    ends = np.floor(np.cumsum(shares) * n + 0.5 - 1e-9).astype(np.int64)
    ends[-1] = n
    if (np.diff(ends, prepend=0) < 1).any():
        raise ValueError(f"n must be large enough to leave no part empty, got {n} for {fractions!r}")
    order = as_generator(rng).permutation(n)
    return tuple(np.sort(part).astype(np.int64) for part in np.split(order, ends[:-1]))


def next_word_pairs(tokens: Sequence[Any], context: int | None = None) -> list[tuple[tuple[Any, ...], Any]]:
    """Turn a text into ordinary supervised pairs: what came before, and the word that follows.

    T tokens give T − 1 pairs, since the first has nothing before it. See the section :ref:`sec-model-next-word`.

    Args:
        tokens: words, or their numbers, in order; at least one.
        context: how many of the latest tokens an input holds; None for all of them.

    Returns:
        (input, target) pairs; an input is a tuple of tokens, oldest first.

    Raises:
        ValueError: if there is no token, or ``context`` is below 1.
        TypeError: if ``tokens`` is no sequence: a set has no order, and a single string would be cut into letters.

    >>> next_word_pairs(["a", "cold", "magnet"])
    [(('a',), 'cold'), (('a', 'cold'), 'magnet')]
    """
    if isinstance(tokens, (str, bytes)):
        raise TypeError("tokens must be a list of words, got one string; split it first")
    if not isinstance(tokens, (Sequence, np.ndarray)) or isinstance(tokens, np.ndarray) and tokens.ndim == 0:
        raise TypeError(f"tokens must be a sequence of words, got {type(tokens).__name__}")
    tokens = list(tokens)
    if not tokens:
        raise ValueError("tokens must hold at least one token, got none")
    longest = len(tokens) if context is None else _checks.integer("context", context, 1)
    return [(tuple(tokens[max(0, i - longest) : i]), tokens[i]) for i in range(1, len(tokens))]


def error_margin(errors: ArrayLike, coverage: float = 0.9) -> float:
    """Return the half-width c such that y ± c holds a new target with at least the given probability.

    Of n + 1 exchangeable errors each is equally likely to be the new one; so it is among the k smallest of them with
    probability at least k/(n + 1), and c is the k-th smallest of |errors|, k = ⌈coverage (n + 1)⌉
    (:cite:`lei2018distribution`, section 2.2). See the section :ref:`sec-model-prediction`.

    Args:
        errors: y − t on n examples that the model was not fitted to, shape (n,).
        coverage: between 0 and 1; n must be at least coverage/(1 − coverage).

    Raises:
        ValueError: if an error is not finite, ``coverage`` is not inside (0, 1), or there are too few errors.
        TypeError: if an argument is not numeric.

    >>> error_margin([0.1, -0.4, 0.2, 0.3], coverage=0.5)
    0.3
    """
    errors = _checks.finite_array("errors", errors)
    coverage = _checks.finite("coverage", coverage)
    if errors.ndim != 1:
        raise ValueError(f"errors must have shape (n,), got {errors.shape}")
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must lie between 0 and 1, got {coverage}")
    # subtle: 0.9 · 10 is a hair above 9 in binary, and must not be rounded up to 10.
    rank = math.ceil(coverage * (len(errors) + 1) - 1e-9)
    if rank > len(errors):
        raise ValueError(
            f"errors must be at least {math.ceil(coverage / (1 - coverage) - 1e-9)}, got {len(errors)}"
        )
    return float(np.sort(np.abs(errors))[rank - 1])
