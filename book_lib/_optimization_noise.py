"""The learning rate as a temperature, and zooming out in one dimension; see :mod:`book_lib.optimization`."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._optimization_descent import Diverged
from book_lib.rng import RandomLike, as_generator


class Potential(Protocol):
    """What :func:`noisy_descent` asks of a landscape."""

    def gradient(self, weights: NDArray) -> ArrayLike: ...


def stationary_temperature(learning_rate: float, curvature: float, noise_variance: float) -> float:
    """Return T = ησ²/(2 − ηa), at which noisy descent on E = ½aw² ends up with the law ∝ e^{−E/T}.

    w ← w − η(aw + σξ) with standard normal ξ multiplies the variance V by (1 − ηa)² and adds η²σ²; it stands still at
    V = η²σ²/(1 − (1 − ηa)²) = T/a. The law is normal, so the match is exact, at any η < 2/a. In real networks the noise
    differs from direction to direction, and no single T will do (:cite:`mandt2017stochastic`). See
    :ref:`sec-opt-temperature`.

    Args:
        learning_rate: η > 0.
        curvature: a > 0; η must stay below 2/a.
        noise_variance: σ² ≥ 0 of the gradient; for a mini-batch it falls as one over the batch's size.

    Raises:
        ValueError: if an argument is out of range; at η ≥ 2/a nothing is stationary.
        TypeError: if one is no real number.

    >>> stationary_temperature(learning_rate=0.5, curvature=2.0, noise_variance=1.0)
    0.5
    """
    rate, a = _checks.positive("learning_rate", learning_rate), _checks.positive("curvature", curvature)
    variance = _checks.finite("noise_variance", noise_variance)
    if variance < 0:
        raise ValueError(f"noise_variance must be at least 0, got {variance:g}")
    if rate * a >= 2:
        raise ValueError(f"learning_rate must be below 2/curvature = {2 / a:g}, got {rate:g}: it diverges there")
    return rate * variance / (2 - rate * a)


def noisy_descent(
    potential: Potential,
    walkers: int | ArrayLike,
    steps: int,
    learning_rate: float | ArrayLike,
    noise: float,
    rng: RandomLike,
) -> NDArray[np.float64]:
    """Let many walkers descend at once, each pushed by its own noise: w ← w − η(∇E(w) + σξ), ξ standard normal.

    For small η it is Langevin's equation at the temperature ησ²/2. See the section :ref:`sec-opt-temperature`.

    Args:
        potential: anything whose ``gradient(w)`` takes all the walkers and returns their slopes, in the same shape.
        walkers: where they start, shape (n,) or (n, D); or how many start at 0.
        steps: how many, ≥ 0.
        learning_rate: η > 0, or a schedule of one rate a step, shape (steps,), where 0 is allowed.
        noise: σ ≥ 0, the standard deviation of a gradient's noise.
        rng: a seed or a generator; each step draws ``standard_normal`` once, in the walkers' shape.

    Returns:
        Where they are at the end, the walkers' shape.

    Raises:
        ValueError: if an argument is out of range, or the gradient has another shape.
        TypeError: if one is of the wrong kind.
        Diverged: if a walker runs off to infinity.

    >>> from book_lib.optimization import Quadratic
    >>> w = noisy_descent(Quadratic([2.0]), np.zeros((4000, 1)), steps=50, learning_rate=0.5, noise=1.0, rng=1)
    >>> bool(abs(w.var() - 0.5 / 2) < 0.02)  # T/a
    True
    """
    if not callable(getattr(potential, "gradient", None)):
        raise TypeError(f"potential must have a method gradient(weights), got {potential!r}")
    steps = _checks.integer("steps", steps, 0)
    rates, sigma = _rates(learning_rate, steps), _checks.finite("noise", noise)
    if sigma < 0:
        raise ValueError(f"noise must be at least 0, got {sigma:g}")
    weights, generator = _starts(walkers), as_generator(rng)
    with np.errstate(all="ignore"):
        for k, rate in enumerate(rates):
            slope = _checks.real_array("gradient", potential.gradient(weights))
            if slope.shape != weights.shape:
                raise ValueError(f"gradient must have the shape of the walkers, {weights.shape}, got {slope.shape}")
            weights = weights - rate * (slope + sigma * generator.standard_normal(weights.shape))
            if not np.isfinite(weights).all():
                raise Diverged(k + 1, np.inf, float(rate))
    return weights


def _rates(learning_rate: float | ArrayLike, steps: int) -> NDArray[np.float64]:
    if _checks.regular("learning_rate", learning_rate).ndim == 0:
        return np.full(steps, _checks.positive("learning_rate", learning_rate))
    rates = _checks.finite_array("learning_rate", learning_rate)
    if rates.shape != (steps,):
        raise ValueError(f"learning_rate must be a number or have shape ({steps},), got shape {rates.shape}")
    if (rates < 0).any():
        raise ValueError(f"learning_rate must not be negative, got {rates.min():g}")
    return rates


def _starts(walkers: int | ArrayLike) -> NDArray[np.float64]:
    if _checks.regular("walkers", walkers).ndim == 0:
        return np.zeros(_checks.integer("walkers", walkers, 1, _checks.LONGEST))
    starts = _checks.finite_array("walkers", walkers)
    if starts.ndim > 2 or starts.size == 0:
        raise ValueError(f"walkers must be a count or have shape (n,) or (n, D), got shape {starts.shape}")
    return starts.copy()


def decimate(coupling: ArrayLike) -> NDArray[np.float64] | float:
    """Return K' with tanh K' = tanh² K: what couples every second spin of a chain once those between are summed out.

    K = J/T. At any K below ∞ the chain looks hotter from farther away, K → K' → … → 0: no magnet in one dimension
    (:cite:`kadanoff1966scaling` for the idea). See the section :ref:`sec-opt-decimation`.

    Args:
        coupling: K, any real numbers, any shape.

    Returns:
        K' = ½ ln cosh 2K ≥ 0, the same shape.

    Raises:
        ValueError: if K is not finite.
        TypeError: if it is not numeric.

    >>> round(decimate(1.0), 6), decimate(0.0)
    (0.662501, 0.0)
    """
    K = np.abs(_checks.finite_array("coupling", coupling))
    # subtle: cosh 2K is 1 but for its last digits at small K, and overflows at large; each formula has its side.
    near = np.log1p(2 * np.sinh(np.minimum(K, 1.0)) ** 2) / 2
    far = K + (np.log1p(np.exp(-4 * np.clip(K, 1.0, 200.0))) - np.log(2.0)) / 2
    result = np.where(K < 1, near, far)
    return float(result) if result.ndim == 0 else result
