"""L-BFGS: Newton's method on a budget, for smooth convex objectives of some thousand weights.

It keeps the last few steps and the changes of slope that they brought, and from these pairs builds the product of the
inverse Hessian with a vector, never the matrix (:cite:`nocedal2006numerical`, algorithms 7.4 and 7.5).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MEMORY = 12  # pairs kept; each costs two vectors, and more than a dozen gain little
Objective = Callable[[NDArray], tuple[float, NDArray]]


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where :func:`minimize_smooth` stopped: weights, value, how many steps, and whether it was the end."""

    weights: NDArray[np.float64]
    value: float
    steps: int
    converged: bool


def minimize_smooth(objective: Objective, start: NDArray, tolerance: float, steps: int) -> Minimum:
    """Go down from ``start``, shape (D,), until no slope is larger than ``tolerance`` or no step helps.

    Args:
        objective: weights → (value, gradient), convex, in coordinates whose curvatures are near 1 (or below).
        start: shape (D,).
        tolerance: > 0.
        steps: at most so many.
    """
    weights, pairs = start, deque(maxlen=MEMORY)
    value, gradient = objective(weights)
    for step in range(steps):
        if np.abs(gradient).max() <= tolerance:
            return Minimum(weights, value, step, True)
        found = _downhill(objective, weights, value, gradient, _direction(gradient, pairs))
        if found is None:
            return Minimum(weights, value, step, bool(np.abs(gradient).max() <= 100 * tolerance))
        moved = found[0] - weights
        turned = found[2] - gradient
        curvature = moved @ turned
        if curvature > 1e-14 * (turned @ turned):  # a flat stretch teaches nothing
            pairs.append((moved, turned, 1 / curvature))
        weights, value, gradient = found
    return Minimum(weights, value, steps, bool(np.abs(gradient).max() <= tolerance))


def _direction(gradient: NDArray, pairs: deque) -> NDArray:
    """Return −H⁻¹g by the two-loop recursion."""
    direction, shares = -gradient, []
    if not pairs:
        return direction
    for moved, turned, inverse in reversed(pairs):
        shares.append(inverse * (moved @ direction))
        direction = direction - shares[-1] * turned
    moved, turned, inverse = pairs[-1]
    direction = direction / (inverse * (turned @ turned))
    for moved, turned, inverse in pairs:
        direction += (shares.pop() - inverse * (turned @ direction)) * moved
    return direction


def _downhill(
    objective: Objective, weights: NDArray, value: float, gradient: NDArray, direction: NDArray
) -> tuple[NDArray, float, NDArray] | None:
    """Return the first point among α = 1, … , shortened by parabolas, that is low enough (Armijo, c = 1e-4)."""
    slope, alpha = float(gradient @ direction), 1.0
    slack = 4 * np.finfo(float).eps * abs(value)  # the last digits of the value are rounding
    while alpha * np.abs(direction).max() > 1e-16 * max(1.0, np.abs(weights).max()):
        there = weights + alpha * direction
        height, upward = objective(there)
        if height <= value + 1e-4 * alpha * slope + slack:
            return there, height, upward
        bend = 2 * (height - value - alpha * slope)  # of the parabola through both heights and the slope here
        alpha *= float(np.clip(-alpha * slope / bend, 0.1, 0.5)) if np.isfinite(bend) else 0.1
    return None
