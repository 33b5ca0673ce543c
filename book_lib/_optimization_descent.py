"""The loop around a method: descend, record, stop, and say so when it blows up; see :mod:`book_lib.optimization`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._optimization_methods import Function, GradientDescent, State, rate_at
from book_lib._optimization_schedules import batches as one_epoch
from book_lib.rng import RandomLike, as_generator

BLOW_UP = 1e10  # a loss that has grown by this factor will not come back


class Method(Protocol):
    """What :func:`minimize` asks of a method."""

    def begin(self, weights: ArrayLike) -> State: ...

    def step(self, state: State, gradient: NDArray, k: int, function: Function | None = None) -> State: ...

    def at_rest(self, state: State, gradient: NDArray, tolerance: float) -> bool: ...


@dataclass(frozen=True, eq=False)
class Step:
    """One moment of a descent.

    Args:
        number: how many steps were made before it: 0 at the start.
        weights: where it is, any shape.
        loss: the function there.
        gradient: ∇f there, of the batch drawn for it if there are batches, the shape of the weights.
        converged: whether the descent ends here because nothing moves any more.
    """

    number: int
    weights: NDArray[np.float64]
    loss: float
    gradient: NDArray[np.float64] = field(repr=False)
    converged: bool

    @property
    def gradient_norm(self) -> float:
        """|∇f|, also where its square would be larger or smaller than any float."""
        largest = float(np.abs(self.gradient).max(initial=0.0))
        return largest * float(np.linalg.norm(self.gradient / largest)) if largest else 0.0


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The way a descent went, from the start (index 0) to the end.

    Args:
        points: shape (steps + 1, D), or (steps + 1, …) for weights of another shape.
        losses: shape (steps + 1,).
        gradient_norms: |∇f| at each point, shape (steps + 1,); of the batch drawn there, if there are batches.
        converged: whether it ended because nothing moved any more, and not because steps ran out.
    """

    points: NDArray[np.float64] = field(repr=False)
    losses: NDArray[np.float64] = field(repr=False)
    gradient_norms: NDArray[np.float64] = field(repr=False)
    converged: bool

    @property
    def weights(self) -> NDArray[np.float64]:
        """The last point."""
        return self.points[-1]

    @property
    def loss(self) -> float:
        """The last loss."""
        return float(self.losses[-1])

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.losses) - 1


class Diverged(ArithmeticError):
    """Raised by a descent whose loss has grown beyond all bounds, or is no number any more.

    Args:
        step: after how many steps.
        loss: the value there, possibly ∞ or NaN.
        learning_rate: η of the last step; None for a method without one.

    Attributes:
        trajectory: the way there, if :func:`minimize` raised it.
    """

    def __init__(self, step: int, loss: float, learning_rate: float | None) -> None:
        advice = "start elsewhere, or check the gradient"
        if learning_rate is not None:
            advice = (
                f"the learning rate {learning_rate:g} is too large for the curvature here: try a tenth of it "
                "(plain descent on a quadratic of largest curvature L needs it below 2/L), or check the gradient's sign"
            )
        super().__init__(f"diverged at step {step}: the loss is {loss:g}; {advice}")
        self.step, self.loss, self.learning_rate = step, loss, learning_rate
        self.trajectory: Trajectory | None = None


def descend(
    function: Callable[..., float],
    gradient: Callable[..., ArrayLike],
    start: ArrayLike,
    method: Method | None = None,
    *,
    tolerance: float = 1e-9,
    batches: tuple[int, int] | None = None,
    rng: RandomLike | None = None,
) -> Iterator[Step]:
    """Step downhill for ever, or until nothing moves: the generator behind :func:`minimize`, one :class:`Step` each.

    Arguments and errors are those of :func:`minimize`; bad ones are refused at once, before the first step is asked
    for. The start itself is the first step, number 0.

    >>> for step in descend(lambda w: w**2, lambda w: 2 * w, 4.0, GradientDescent(0.25)):
    ...     print(step.number, step.loss)
    ...     if step.loss < 1:
    ...         break
    0 16.0
    1 4.0
    2 1.0
    3 0.25
    """
    for name, value in (("function", function), ("gradient", gradient)):
        if not callable(value):
            raise TypeError(f"{name} must be a function of the weights, got {value!r}")
    method = GradientDescent() if method is None else method
    if isinstance(method, type) or not all(hasattr(method, name) for name in ("begin", "step", "at_rest")):
        raise TypeError(f"method must be one such as GradientDescent(0.1), got {method!r}")
    tolerance = _checks.finite("tolerance", tolerance)
    if tolerance < 0:
        raise ValueError(f"tolerance must be at least 0, got {tolerance:g}")
    state, dealt = method.begin(_checks.finite_array("start", start)), _dealt(batches, rng)
    loss = _value(function, state.weights)
    if not math.isfinite(loss):
        raise ValueError(f"the value of function at the start must be finite, got {loss:g}")
    return _steps(function, gradient, state, loss, method, tolerance, dealt)


def minimize(
    function: Callable[..., float],
    gradient: Callable[..., ArrayLike],
    start: ArrayLike,
    method: Method | None = None,
    *,
    steps: int = 1000,
    tolerance: float = 1e-9,
    batches: tuple[int, int] | None = None,
    rng: RandomLike | None = None,
) -> Trajectory:
    """Step downhill and return the whole way. No step is checked: too large a learning rate diverges, and says so.

    See the section :ref:`sec-opt-descent`.

    Args:
        function: takes weights, gives the loss, a number.
        gradient: takes weights, gives ∇f of their shape; with ``batches`` it is called as gradient(weights, indices).
        start: the first weights, any shape.
        method: :class:`GradientDescent` (0.1 if None), :class:`Momentum`, :class:`Nesterov`, :class:`Adam`,
            :class:`AdamW` or :class:`Newton`.
        steps: at most so many.
        tolerance: it has converged when neither a slope nor the momentum exceeds this. Not asked with batches, whose
            gradients are noise at the minimum.
        batches: (n, size): at each step a mini-batch of the indices 0 … n−1, epoch after epoch (see :func:`batches`).
        rng: a seed or a generator for them.

    Raises:
        Diverged: when the loss is no finite number any more, or has grown by a factor of 1e10 (from 1 at least). Its
            ``trajectory`` holds the way there.
        ValueError: if an argument is out of range, or the function or gradient returns what it must not.
        TypeError: if one is of the wrong kind.

    >>> way = minimize(lambda w: 2 * w @ w, lambda w: 4 * w, [1.0], GradientDescent(0.1))
    >>> way.converged, way.points[:3].ravel().tolist()
    (True, [1.0, 0.6, 0.36])
    >>> minimize(lambda w: 2 * w @ w, lambda w: 4 * w, [1.0], GradientDescent(0.6))
    Traceback (most recent call last):
    Diverged: diverged at step 35: the loss is ...; the learning rate 0.6 is too large for the curvature here: ...
    """
    steps = _checks.integer("steps", steps, 0)
    seen: list[Step] = []
    moments = descend(function, gradient, start, method, tolerance=tolerance, batches=batches, rng=rng)
    try:
        for moment in moments:
            seen.append(moment)
            if moment.number == steps:
                break
    except Diverged as error:
        error.trajectory = _trajectory(seen)
        raise
    return _trajectory(seen)


def _steps(
    function: Callable[..., float],
    gradient: Callable[..., ArrayLike],
    state: State,
    loss: float,
    method: Method,
    tolerance: float,
    dealt: Iterator[NDArray] | None,
) -> Iterator[Step]:
    limit = BLOW_UP * max(1.0, abs(loss))
    for number in itertools.count():
        batch = () if dealt is None else (next(dealt),)
        fine = math.isfinite(loss) and loss <= limit
        slope = _slope(gradient, state.weights, batch) if fine else None
        if slope is None and number == 0:
            raise ValueError("the value of gradient at the start must be finite, got NaN or infinity")
        if slope is None:
            raise Diverged(number, loss, rate_at(method, number - 1) if hasattr(method, "learning_rate") else None)
        rests = dealt is None and method.at_rest(state, slope, tolerance)
        # subtle: copies go out, here and below, so that nobody who writes into them moves the descent, and a gradient
        # that fills one and the same array again and again does not change what was recorded.
        yield Step(number, state.weights.copy(), loss, slope.copy(), rests)
        if rests:
            return
        with np.errstate(all="ignore"):
            state = method.step(state, slope, number, lambda w: _value(function, w))
        loss = _value(function, state.weights)


def _value(function: Callable[..., float], weights: NDArray) -> float:
    """Return the loss as a float, NaN or ∞ included: that is how a divergence shows."""
    if not np.isfinite(weights).all():
        return math.nan
    try:
        with np.errstate(all="ignore"):
            value = function(weights.copy())
    except OverflowError:  # Python's own floats do not become infinite
        return math.inf
    return _real(value)


def _real(value: Any) -> float:
    """Return what a function gave as a float, refusing anything but a single real number."""
    try:
        if isinstance(value, (bool, np.bool_, str)) or np.shape(value) != ():
            raise TypeError
        return float(value)
    except OverflowError:  # an integer that no float holds
        return math.inf
    except (TypeError, ValueError):
        raise TypeError(f"function must return a real number, got {value!r}") from None


def _slope(gradient: Callable[..., ArrayLike], weights: NDArray, batch: tuple) -> NDArray[np.float64] | None:
    """Return ∇f, None where it is not finite."""
    with np.errstate(all="ignore"):
        slope = _checks.real_array("gradient", gradient(weights.copy(), *batch))
    if slope.shape != weights.shape:
        raise ValueError(f"gradient must have the shape of the weights, {weights.shape}, got {slope.shape}")
    return slope if np.isfinite(slope).all() else None


def _dealt(batches: tuple[int, int] | None, rng: RandomLike | None) -> Iterator[NDArray] | None:
    """Return mini-batches without end, each epoch dealt afresh."""
    if batches is None:
        return None
    if not isinstance(batches, (tuple, list)) or len(batches) != 2:
        raise TypeError(f"batches must be a pair (n, size), got {batches!r}")
    generator = as_generator(rng)
    one_epoch(*batches, np.random.default_rng(0))  # refuse bad numbers now, at no draw of the caller's

    def dealt() -> Iterator[NDArray]:
        while True:
            yield from one_epoch(*batches, generator)

    return dealt()


def _trajectory(seen: list[Step]) -> Trajectory:
    return Trajectory(
        np.array([step.weights for step in seen]),
        np.array([step.loss for step in seen]),
        np.array([step.gradient_norm for step in seen]),
        bool(seen and seen[-1].converged),
    )
