"""Probability: the handful of formulas on which the whole book stands.

One law carries everything here, p ∝ exp(−E/T). :func:`boltzmann` states it for energies,
:func:`softmax` for scores (logits z = −E), and the rest measures the result: how spread it is
(:func:`entropy`), how far from another law (:func:`cross_entropy`, :func:`kl_divergence`), and what it
gives when sampled (:func:`sample_categorical`). Natural logarithms unless ``base`` says otherwise.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.rng import RandomLike, as_generator

__all__ = [
    "boltzmann",
    "cross_entropy",
    "entropy",
    "kl_divergence",
    "log_partition",
    "log_softmax",
    "sample_categorical",
    "softmax",
]

_TOLERANCE = 1e-6  # how far a row of probabilities may sum from 1 (float32 networks sum to 1 ± 1e-7)


def softmax(logits: ArrayLike, temperature: float = 1.0, axis: int = -1) -> NDArray[np.float64]:
    """Return p_i = exp(z_i/T) / Σ_j exp(z_j/T): Boltzmann's law for energies −z.

    Args:
        logits: real scores z, any shape; −inf forbids an outcome (but not all of them).
        temperature: T ≥ 0. At T = 0 the largest logits share the mass equally.
        axis: the axis over which the probabilities sum to 1.

    Returns:
        Probabilities of the shape of ``logits``.

    Raises:
        ValueError: for a negative or non-finite temperature; for NaN or +inf among the logits; if every
            logit along the axis is −inf or there are none.

    >>> softmax([0.0, np.log(3.0)]).round(3)
    array([0.25, 0.75])
    >>> softmax([1.0, 2.0, 2.0], temperature=0)
    array([0. , 0.5, 0.5])
    """
    shifted, temperature = _shifted_logits(logits, temperature, axis)
    if temperature == 0:
        weights = (shifted == 0).astype(np.float64)
    else:
        weights = np.exp(_divided(shifted, temperature))
    return weights / weights.sum(axis=axis, keepdims=True)


def log_softmax(logits: ArrayLike, temperature: float = 1.0, axis: int = -1) -> NDArray[np.float64]:
    """Return ln softmax(z/T) without taking the logarithm of a number that has rounded to 0.

    Arguments, shapes and errors are those of :func:`softmax`; an impossible outcome gets −inf.

    >>> log_softmax([0.0, -1000.0])
    array([    0., -1000.])
    """
    shifted, temperature = _shifted_logits(logits, temperature, axis)
    if temperature == 0:
        best = shifted == 0
        return np.where(best, -np.log(best.sum(axis=axis, keepdims=True)), -np.inf)
    scaled = _divided(shifted, temperature)
    return scaled - np.log(np.exp(scaled).sum(axis=axis, keepdims=True))


def _divided(shifted: NDArray, temperature: float) -> NDArray:
    with np.errstate(over="ignore"):  # a tiny temperature sends a gap to −inf, which is its right limit
        return shifted / temperature


def _shifted_logits(logits: ArrayLike, temperature: float, axis: int) -> tuple[NDArray, float]:
    """Return the logits less their maximum (no overflow, same probabilities) and the checked T."""
    temperature = _checks.finite("temperature", temperature)
    if temperature < 0:
        raise ValueError(f"temperature must be at least 0, got {temperature}")
    z = _real_array("logits", logits)
    _require_entries("logits", z, axis)
    if np.isnan(z).any() or (z == np.inf).any():
        raise ValueError("logits must be real numbers or -inf, got NaN or +inf")
    top = z.max(axis=axis, keepdims=True)
    if (top == -np.inf).any():
        raise ValueError("logits must leave at least one outcome possible, got only -inf along the axis")
    with np.errstate(over="ignore"):  # 1e308 above −1e308 is as good as infinitely far above
        return z - top, temperature


def entropy(p: ArrayLike, base: float = math.e, axis: int = -1) -> NDArray[np.float64] | float:
    """Return S = −Σ p ln p, the mean surprise; 0 ln 0 = 0.

    Args:
        p: probabilities, summing to 1 along ``axis``.
        base: of the logarithm; 2 gives bits.
        axis: the axis summed over.

    Raises:
        ValueError: if ``p`` has negative or non-finite entries or does not sum to 1, or if ``base`` is
            not a finite number above 0 other than 1.

    >>> entropy([0.5, 0.5], base=2)
    1.0
    """
    p = _distribution("p", p, axis)
    return _result(-_xlogx(p, p).sum(axis=axis) / _log_base(base))


def cross_entropy(p: ArrayLike, q: ArrayLike, base: float = math.e, axis: int = -1) -> NDArray | float:
    """Return H(p, q) = −Σ p ln q: the mean surprise of q's believer in p's world; ∞ where q forbids p.

    Arguments and errors are those of :func:`entropy`, for both distributions; their shapes must agree
    or broadcast.

    >>> round(cross_entropy([0.5, 0.5], [0.25, 0.75], base=2), 4)
    1.2075
    """
    p, q = _pair(p, q, axis)
    return _result(-_xlogx(p, q).sum(axis=axis) / _log_base(base))


def kl_divergence(p: ArrayLike, q: ArrayLike, base: float = math.e, axis: int = -1) -> NDArray | float:
    """Return KL(p‖q) = Σ p ln(p/q) ≥ 0, the surprise that believing q adds; 0 only for p = q.

    Arguments and errors are those of :func:`cross_entropy`. It is not a distance: it is not symmetric.

    >>> kl_divergence([1.0, 0.0], [0.5, 0.5], base=2)
    1.0
    """
    p, q = _pair(p, q, axis)
    # subtle: Σ(p ln p − p ln q) term by term, so that equal distributions give 0 and not 1e-17.
    return _result((_xlogx(p, p) - _xlogx(p, q)).sum(axis=axis) / _log_base(base))


def boltzmann(energies: ArrayLike, temperature: float, axis: int = -1) -> NDArray[np.float64]:
    """Return Boltzmann's law p_i = exp(−E_i/T)/Z, with k_B = 1.

    Args:
        energies: E_i, any shape; +inf forbids a state.
        temperature: T ≥ 0; at T = 0 the ground states share the mass.
        axis: the axis that lists the states.

    Raises:
        ValueError: as :func:`softmax`, of which this is the case z = −E.

    >>> boltzmann([0.0, 1.0], temperature=1.0).round(4)
    array([0.7311, 0.2689])
    """
    return softmax(-_energies(energies), temperature, axis)


def log_partition(energies: ArrayLike, temperature: float, axis: int = -1) -> NDArray | float:
    """Return ln Z = ln Σ exp(−E_i/T), safe from overflow; the free energy is F = −T ln Z.

    Args and errors as :func:`boltzmann`, but T must be greater than 0.

    >>> round(log_partition([0.0, 0.0], temperature=2.0), 4)
    0.6931
    """
    temperature = _checks.positive("temperature", temperature)
    z = -_energies(energies)
    shifted, _ = _shifted_logits(z, temperature, axis)
    weights = np.exp(_divided(shifted, temperature)).sum(axis=axis)
    return _result(z.max(axis=axis) / temperature + np.log(weights))


def sample_categorical(
    p: ArrayLike, size: int | tuple[int, ...] | None, rng: RandomLike
) -> NDArray[np.int64] | int:
    """Draw outcomes 0 … K−1 with probabilities ``p`` by inverting the cumulative sum.

    Args:
        p: probabilities, shape (K,).
        size: the shape of the draw; None for one outcome as an int.
        rng: a seed or a generator; one uniform number is used for each outcome.

    Raises:
        ValueError: if ``p`` is not a distribution over one axis.
        TypeError: if ``rng`` is neither a seed nor a generator.

    >>> sample_categorical([0.0, 1.0], 3, rng=0)
    array([1, 1, 1])
    """
    p = _distribution("p", p, -1)
    if p.ndim != 1:
        raise ValueError(f"p must have shape (K,), got {p.shape}")
    edges = np.cumsum(p)
    # subtle: the sum may end at 1 − 1e-16, and no draw may fall past the last outcome with p > 0.
    last = int(np.flatnonzero(p)[-1])
    edges[last:] = np.inf
    uniform = as_generator(rng).random(1 if size is None else size)
    outcome = np.searchsorted(edges, uniform, side="right")
    return int(outcome[0]) if size is None else outcome.astype(np.int64)


def _energies(energies: ArrayLike) -> NDArray[np.float64]:
    array = _real_array("energies", energies)
    if np.isnan(array).any() or (array == -np.inf).any():
        raise ValueError("energies must be real numbers or +inf, got NaN or -inf")
    return array


def _real_array(name: str, values: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be an array of real numbers: {error}") from None


def _require_entries(name: str, array: NDArray, axis: int) -> None:
    if not -array.ndim <= _checks.integer("axis", axis) < array.ndim or array.shape[axis] == 0:
        raise ValueError(f"{name} must have at least one entry along axis {axis}, got shape {array.shape}")


def _distribution(name: str, p: ArrayLike, axis: int) -> NDArray[np.float64]:
    array = _checks.finite_array(name, p)
    _require_entries(name, array, axis)
    if (array < 0).any():
        raise ValueError(f"{name} must not be negative, got {array.min()}")
    total = array.sum(axis=axis)
    worst = np.ravel(total)[np.argmax(np.abs(np.ravel(total) - 1))] if total.size else 1.0
    if abs(worst - 1) > _TOLERANCE:
        raise ValueError(f"{name} must sum to 1 along axis {axis}, got {worst:.9g}")
    return array


def _pair(p: ArrayLike, q: ArrayLike, axis: int) -> tuple[NDArray, NDArray]:
    p, q = _distribution("p", p, axis), _distribution("q", q, axis)
    try:
        np.broadcast_shapes(p.shape, q.shape)
    except ValueError:
        raise ValueError(f"p and q must have matching shapes, got {p.shape} and {q.shape}") from None
    if p.shape[axis] != q.shape[axis]:
        raise ValueError(f"p and q must list the same outcomes, got {p.shape[axis]} and {q.shape[axis]}")
    return p, q


def _log_base(base: float) -> float:
    base = _checks.positive("base", base)
    if base == 1:
        raise ValueError("base must differ from 1: no power of 1 is anything but 1")
    return math.log(base)


def _xlogx(x: NDArray, y: NDArray) -> NDArray:
    """Return x ln y with 0 ln 0 = 0 and x ln 0 = −inf for x > 0."""
    x, y = np.broadcast_arrays(x, y)
    with np.errstate(divide="ignore"):
        return np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, y)))


def _result(values: NDArray) -> NDArray | float:
    # subtle: adding 0 turns the −0.0 of an empty surprise into 0.0.
    values = np.asarray(values) + 0.0
    return float(values) if values.ndim == 0 else values
