"""Ways to step downhill behind one interface, re-exported by :mod:`book_lib.optimization`.

A method is a frozen set of numbers. What changes from step to step is a :class:`State`, so that a method can serve any
number of descents: ``state = method.begin(weights)``, then ``state = method.step(state, gradient, k)`` for k = 0, 1 ….
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._optimization_schedules import Schedule

Function = Callable[[NDArray], float]


@dataclass(frozen=True, eq=False)
class State:
    """Where a descent is, and what its method remembers.

    Args:
        weights: any shape.
        velocity: the running sum or mean of gradients, the shape of the weights; None for methods without memory.
        square: the running mean of squared gradients, for Adam.
    """

    weights: NDArray[np.float64]
    velocity: NDArray[np.float64] | None = None
    square: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class GradientDescent:
    """w ← w − η g, the whole of it. On a quadratic of largest curvature L it converges for η < 2/L, and only then.

    See the section :ref:`sec-opt-descent`.

    Args:
        learning_rate: η > 0, or a schedule, a function of the step's number k = 0, 1 ….

    Raises:
        ValueError: if η is not above 0 or not finite.
        TypeError: if it is neither a number nor a function.

    >>> method = GradientDescent(learning_rate=0.25)
    >>> method.step(method.begin(np.array([4.0])), np.array([8.0]), 0).weights
    array([2.])
    """

    learning_rate: float | Schedule = 0.1

    def __post_init__(self) -> None:
        _check_rate(self)

    def begin(self, weights: ArrayLike) -> State:
        """Return the state before the first step."""
        return State(_checks.finite_array("weights", weights).copy())

    def step(self, state: State, gradient: NDArray, k: int, function: Function | None = None) -> State:
        """Return the state after step k, given the gradient g at the weights."""
        return replace(state, weights=state.weights - rate_at(self, k) * gradient)

    def at_rest(self, state: State, gradient: NDArray, tolerance: float) -> bool:
        """Tell whether neither the slope nor the momentum exceeds ``tolerance`` in any direction."""
        moving = 0.0 if state.velocity is None else np.abs(state.velocity).max(initial=0.0)
        return bool(max(moving, np.abs(gradient).max(initial=0.0)) <= tolerance)


@dataclass(frozen=True)
class Momentum(GradientDescent):
    """Heavy ball: v ← βv + g, w ← w − ηv. Along a steady slope it gathers speed up to 1/(1 − β) times the plain step.

    Source: :cite:`polyak1964some`, in torch's convention, where η multiplies the whole of v. See the section
    :ref:`sec-opt-momentum`.

    Args:
        learning_rate: η > 0, or a schedule.
        momentum: β, 0 ≤ β < 1; at 0 it is gradient descent.

    Raises:
        ValueError: if η is not above 0 or β outside its range.
        TypeError: if one is of the wrong kind.

    >>> method = Momentum(learning_rate=0.1, momentum=0.5)
    >>> state = method.begin(np.array([0.0]))
    >>> for k in range(3):
    ...     state = method.step(state, np.array([1.0]), k)
    >>> state.velocity, state.weights.round(6)
    (array([1.75]), array([-0.425]))
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_share(self, "momentum")

    def begin(self, weights: ArrayLike) -> State:
        """Return the state before the first step, at rest."""
        state = super().begin(weights)
        return replace(state, velocity=np.zeros_like(state.weights))

    def step(self, state: State, gradient: NDArray, k: int, function: Function | None = None) -> State:
        """Return the state after step k, given the gradient g at the weights."""
        velocity = self.momentum * state.velocity + gradient
        return replace(state, weights=state.weights - rate_at(self, k) * velocity, velocity=velocity)


@dataclass(frozen=True)
class Nesterov(Momentum):
    """Look ahead, then correct: v ← βv + g, w ← w − η(g + βv).

    Written in terms of the point looked ahead to, as torch writes it, so that the gradient is always the one at w
    (:cite:`nesterov1983method`; :cite:`sutskever2013importance`, section 2). See :ref:`sec-opt-momentum`.

    Args and errors are those of :class:`Momentum`.

    >>> method = Nesterov(learning_rate=0.1, momentum=0.5)
    >>> method.step(method.begin(np.array([0.0])), np.array([1.0]), 0).weights.round(6)
    array([-0.15])
    """

    def step(self, state: State, gradient: NDArray, k: int, function: Function | None = None) -> State:
        """Return the state after step k, given the gradient g at the weights."""
        velocity = self.momentum * state.velocity + gradient
        ahead = gradient + self.momentum * velocity
        return replace(state, weights=state.weights - rate_at(self, k) * ahead, velocity=velocity)


@dataclass(frozen=True)
class Adam(GradientDescent):
    """A step of about η in each direction, whatever the gradient's unit: w ← w − η m̂/(√ŝ + ε).

    m ← β₁m + (1 − β₁)g and s ← β₂s + (1 − β₂)g² start at 0 and so are too small at first; m̂ = m/(1 − β₁ᵏ⁺¹) and
    ŝ = s/(1 − β₂ᵏ⁺¹) make up for it (:cite:`kingma2015adam`, algorithm 1). Where gradients are mere noise the steps do
    not shrink: their length stays at η√((1 − β₁)/(1 + β₁)), 0.23 η. See :ref:`sec-opt-adam`.

    Args:
        learning_rate: η > 0, or a schedule.
        beta1, beta2: 0 ≤ β < 1, how much of the old means stays.
        epsilon: ε > 0, against a division by 0.

    Raises:
        ValueError: if an argument is out of its range.
        TypeError: if one is of the wrong kind.

    >>> method = Adam(learning_rate=0.01)
    >>> method.step(method.begin(np.array([1.0, 1.0])), np.array([1e-3, -5e4]), 0).weights.round(5)
    array([0.99, 1.01])
    """

    learning_rate: float | Schedule = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_share(self, "beta1")
        _check_share(self, "beta2")
        object.__setattr__(self, "epsilon", _checks.positive("epsilon", self.epsilon))

    def begin(self, weights: ArrayLike) -> State:
        """Return the state before the first step, with empty means."""
        weights = super().begin(weights).weights
        return State(weights, np.zeros_like(weights), np.zeros_like(weights))

    def step(self, state: State, gradient: NDArray, k: int, function: Function | None = None) -> State:
        """Return the state after step k, given the gradient g at the weights."""
        mean = self.beta1 * state.velocity + (1 - self.beta1) * gradient
        square = self.beta2 * state.square + (1 - self.beta2) * gradient**2
        corrected = mean / (1 - self.beta1 ** (k + 1))
        size = np.sqrt(square / (1 - self.beta2 ** (k + 1)))
        return State(state.weights - rate_at(self, k) * corrected / (size + self.epsilon), mean, square)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam that forgets: before each step the weights shrink, w ← (1 − ηλ)w, past the means and not through them.

    Adding λw to the gradient instead would divide it by √ŝ as well, and so punish least where gradients are largest
    (:cite:`loshchilov2019decoupled`, algorithm 2, with λ multiplied by η as in torch). See :ref:`sec-opt-adam`.

    Args:
        learning_rate, beta1, beta2, epsilon: as for :class:`Adam`.
        weight_decay: λ ≥ 0; at 0 it is Adam.

    Raises:
        ValueError: if an argument is out of its range.
        TypeError: if one is of the wrong kind.

    >>> method = AdamW(learning_rate=0.1, weight_decay=0.5)
    >>> method.step(method.begin(np.array([2.0])), np.array([0.0]), 0).weights
    array([1.9])
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        decay = _checks.finite("weight_decay", self.weight_decay)
        if decay < 0:
            raise ValueError(f"weight_decay must be at least 0, got {decay:g}")
        object.__setattr__(self, "weight_decay", decay)

    def step(self, state: State, gradient: NDArray, k: int, function: Function | None = None) -> State:
        """Return the state after step k, given the gradient g at the weights."""
        shrunk = (1 - rate_at(self, k) * self.weight_decay) * state.weights
        return super().step(replace(state, weights=shrunk), gradient, k)

    def at_rest(self, state: State, gradient: NDArray, tolerance: float) -> bool:
        """Tell whether nothing moves the weights any more, their own shrinking included."""
        shrinking = self.weight_decay * np.abs(state.weights).max(initial=0.0)
        return bool(shrinking <= tolerance) and super().at_rest(state, gradient, tolerance)


@dataclass(frozen=True)
class Newton:
    """Jump to where the local parabola has its minimum, w ← w − αH⁻¹g; α is halved until the loss falls enough.

    Where the Hessian H is not positive definite its curvatures count by their size, |h|, and at least 1e-8 of the
    largest, so that the direction still points downhill (:cite:`nocedal2006numerical`, section 3.4). Enough is Armijo's
    rule with c = 1e-4, α = 1, ½, ¼ … (section 3.1 there). See :ref:`sec-opt-newton`.

    Args:
        hessian: takes weights, shape (D,), gives H, shape (D, D).

    Raises:
        TypeError: if ``hessian`` cannot be called.

    >>> method = Newton(hessian=lambda w: np.diag([1.0, 100.0]))
    >>> state = method.begin(np.array([3.0, 3.0]))
    >>> method.step(state, np.array([3.0, 300.0]), 0, lambda w: w @ (w * [0.5, 50.0])).weights
    array([0., 0.])
    """

    hessian: Callable[[NDArray], ArrayLike]

    def __post_init__(self) -> None:
        if not callable(self.hessian):
            raise TypeError(f"hessian must be a function of the weights, got {self.hessian!r}")

    def begin(self, weights: ArrayLike) -> State:
        """Return the state before the first step.

        Raises:
            ValueError: if the weights are not of shape (D,).
        """
        weights = _checks.finite_array("weights", weights)
        if weights.ndim != 1:
            raise ValueError(f"weights must have shape (D,) for Newton's method, got {weights.shape}")
        return State(weights.copy())

    def step(self, state: State, gradient: NDArray, k: int, function: Function | None = None) -> State:
        """Return the state after a step, given the gradient g at the weights and the function itself.

        Raises:
            ValueError: if the Hessian is not a finite symmetric matrix of the right shape.
            TypeError: if the function is missing: the line search asks for its values.
        """
        if not callable(function):
            raise TypeError(f"function must be a function of the weights for a line search, got {function!r}")
        direction = self._direction(state.weights, gradient)
        here, slope, alpha = function(state.weights), float(gradient @ direction), 1.0
        # subtle: near the minimum the loss falls by less than its last digit; a step that keeps it counts as enough.
        slack = 4 * np.finfo(float).eps * abs(here)
        with np.errstate(all="ignore"):
            while not function(state.weights + alpha * direction) <= here + 1e-4 * alpha * slope + slack:
                alpha /= 2
                if alpha < 1e-20:
                    return state
        return replace(state, weights=state.weights + alpha * direction)

    def at_rest(self, state: State, gradient: NDArray, tolerance: float) -> bool:
        """Tell whether no slope exceeds ``tolerance``."""
        return bool(np.abs(gradient).max(initial=0.0) <= tolerance)

    def _direction(self, weights: NDArray, gradient: NDArray) -> NDArray[np.float64]:
        hessian = _checks.finite_array("hessian", self.hessian(weights))
        if hessian.shape != (weights.size, weights.size):
            raise ValueError(f"hessian must have shape {(weights.size,) * 2}, got {hessian.shape}")
        if not np.allclose(hessian, hessian.T, rtol=1e-8, atol=1e-8 * np.abs(hessian).max()):
            raise ValueError("hessian must be symmetric, got one that differs from its transpose")
        curvatures, axes = np.linalg.eigh(hessian)
        sizes = np.abs(curvatures)
        if not sizes.max():  # flat: nothing but the slope to go by
            return -gradient
        return -axes @ ((axes.T @ gradient) / np.maximum(sizes, 1e-8 * sizes.max()))


def rate_at(method: Any, k: int) -> float:
    """Return η of step k, asking the schedule where there is one; 0 is allowed there, as an end."""
    rate = method.learning_rate
    if not callable(rate):
        return rate
    value = _checks.finite("the value of learning_rate", rate(k))
    if value < 0:
        raise ValueError(f"learning_rate must not fall below 0, its schedule gave {value:g} at step {k}")
    return value


def _check_rate(method: GradientDescent) -> None:
    if not callable(method.learning_rate):
        object.__setattr__(method, "learning_rate", _checks.positive("learning_rate", method.learning_rate))


def _check_share(method: GradientDescent, name: str) -> None:
    value = _checks.finite(name, getattr(method, name))
    if not 0 <= value < 1:
        raise ValueError(f"{name} must lie in 0 ≤ {name} < 1, got {value:g}")
    object.__setattr__(method, name, value)
