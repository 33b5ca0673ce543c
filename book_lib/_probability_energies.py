"""Boltzmann's law at every temperature from 0 to ∞, re-exported by :mod:`book_lib.probability`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib._probability_information import entropy


def softmax(logits: ArrayLike, temperature: float = 1.0, axis: int = -1) -> NDArray[np.float64]:
    """Return p_i = exp(z_i/T) / Σ_j exp(z_j/T): Boltzmann's law for energies −z.

    Source: :cite:`bishop2006pattern`, equation 4.62, for T = 1. See the section :ref:`sec-info-softmax`.

    Args:
        logits: real scores z, any shape; −inf forbids an outcome (but not all of them).
        temperature: 0 ≤ T ≤ ∞. At T = 0 the largest logits share the mass equally, at T = ``math.inf``
            all possible outcomes do.
        axis: the axis over which the probabilities sum to 1.

    Returns:
        Probabilities of the shape of ``logits``.

    Raises:
        ValueError: for a negative temperature or NaN; for NaN or +inf among the logits; if every logit
            along the axis is −inf or there are none.

    >>> softmax([0.0, np.log(3.0)]).round(3)
    array([0.25, 0.75])
    >>> softmax([1.0, 2.0, 2.0], temperature=0)
    array([0. , 0.5, 0.5])
    >>> softmax([1.0, 2.0, -np.inf], temperature=math.inf)
    array([0.5, 0.5, 0. ])
    """
    weights = np.exp(_gaps(*_possible(logits, temperature, axis), axis))
    return weights / weights.sum(axis=axis, keepdims=True)


def log_softmax(logits: ArrayLike, temperature: float = 1.0, axis: int = -1) -> NDArray[np.float64]:
    """Return ln softmax(z/T) without taking the logarithm of a number that has rounded to 0.

    Arguments, shapes and errors are those of :func:`softmax`; an impossible outcome gets −inf. See the
    section :ref:`sec-info-softmax`.

    >>> log_softmax([0.0, -1000.0])
    array([    0., -1000.])
    """
    gaps = _gaps(*_possible(logits, temperature, axis), axis)
    return gaps - np.log(np.exp(gaps).sum(axis=axis, keepdims=True))


def logsumexp(z: ArrayLike, temperature: float = 1.0, axis: int = -1) -> NDArray[np.float64] | float:
    """Return T ln Σ exp(z_i/T), the soft maximum: at T → 0 it is the maximum, and never less.

    For energies E it is minus the free energy: F = −T ln Z = −logsumexp(−E, T). See the section
    :ref:`sec-info-master`.

    Args:
        z: real scores, any shape; −inf counts nothing, and if all are −inf, so is the result (ln 0).
        temperature: 0 ≤ T ≤ ∞. As T grows the result grows like T ln n, n being the number of scores
            above −inf: at T = ``math.inf`` it is +inf, or the score itself where n = 1.
        axis: the axis summed over.

    Raises:
        ValueError: for a negative temperature or NaN; for NaN or +inf in ``z``; if it is empty.

    >>> round(logsumexp([1000.0, 1000.0]), 4)
    1000.6931
    >>> logsumexp([1.0, 2.0, 2.0], temperature=0)
    2.0
    """
    temperature = arrays.temperature(temperature)
    z = arrays.logits(z, axis, "z")
    none = z.max(axis=axis) == -np.inf
    z = np.where(np.expand_dims(none, axis), 0.0, z)  # any number: it keeps −inf − (−inf) out of the gaps
    log_sum = np.log(np.exp(_gaps(z, temperature, axis)).sum(axis=axis))
    with np.errstate(over="ignore"):
        added = arrays.product(log_sum, np.asarray(temperature))  # 0·∞ = 0: a single score is its own limit
        return arrays.result(np.where(none, -np.inf, z.max(axis=axis) + added))


def boltzmann(energies: ArrayLike, temperature: float, axis: int = -1) -> NDArray[np.float64]:
    """Return Boltzmann's law p_i = exp(−E_i/T)/Z, with k_B = 1.

    Source: :cite:`jaynes1957information`, section 2. See the section :ref:`sec-info-law`.

    Args:
        energies: E_i, any shape; +inf forbids a state.
        temperature: 0 ≤ T ≤ ∞; at T = 0 the ground states share the mass, at T = ``math.inf`` all states.
        axis: the axis that lists the states.

    Raises:
        ValueError: for a negative temperature or NaN; for NaN or −inf among the energies; if every state
            along the axis is forbidden or there are none.

    >>> boltzmann([0.0, 1.0], temperature=1.0).round(4)
    array([0.7311, 0.2689])
    """
    return softmax(-arrays.energies(energies, axis), temperature, axis)


def log_partition(energies: ArrayLike, temperature: float, axis: int = -1) -> NDArray[np.float64] | float:
    """Return ln Z = ln Σ exp(−E_i/T), safe from overflow; the free energy is F = −T ln Z.

    Arguments and errors are those of :func:`boltzmann`, but T must be greater than 0. At T = ``math.inf``
    it is ln n, n being the number of possible states. See the section :ref:`sec-info-lemma`.

    >>> round(log_partition([0.0, 0.0], temperature=2.0), 4)
    0.6931
    """
    temperature = arrays.temperature(temperature)
    if temperature == 0:
        raise ValueError("temperature must be greater than 0: ln Z = -E/T has no limit at 0")
    z = -arrays.energies(energies, axis)
    weights = np.exp(_gaps(z, temperature, axis)).sum(axis=axis)
    with np.errstate(over="ignore"):  # as T → 0 it grows beyond all bounds, and so beyond all numbers
        return arrays.result(z.max(axis=axis) / temperature + np.log(weights))


def mean_energy(energies: ArrayLike, temperature: float, axis: int = -1) -> NDArray[np.float64] | float:
    """Return ⟨E⟩ = Σ p_i E_i in Boltzmann's law at T; a forbidden state counts nothing.

    Arguments and errors are those of :func:`boltzmann`. See the section :ref:`sec-info-lemma`.

    >>> round(mean_energy([0.0, 1.0], temperature=1.0), 4)
    0.2689
    """
    energies = arrays.energies(energies, axis)
    return arrays.result(arrays.product(boltzmann(energies, temperature, axis), energies).sum(axis=axis))


def heat_capacity(energies: ArrayLike, temperature: float, axis: int = -1) -> NDArray[np.float64] | float:
    """Return C = ∂⟨E⟩/∂T = Var E/T² ≥ 0, by which the entropy grows as well: ∂S/∂T = C/T.

    Arguments and errors are those of :func:`boltzmann`. Levels a gap apart freeze out, so C → 0 as
    T → 0; and bounded energies cannot grow for ever, so C → 0 as T → ∞. See the section
    :ref:`sec-info-heat`.

    >>> round(heat_capacity([0.0, 1.0], temperature=1.0), 4)
    0.1966
    """
    temperature = arrays.temperature(temperature)
    gaps = _gaps(-arrays.energies(energies, axis), temperature, axis)
    p = np.exp(gaps) / np.exp(gaps).sum(axis=axis, keepdims=True)
    # subtle: the variance of E/T, not Var E divided by T²: at T = 1e-200 that would be 0/0.
    mean = arrays.product(p, gaps).sum(axis=axis, keepdims=True)
    return arrays.result((p * np.where(p == 0, 0.0, gaps - mean) ** 2).sum(axis=axis))


def free_energy(
    q: ArrayLike, energies: ArrayLike, temperature: float, axis: int = -1
) -> NDArray[np.float64] | float:
    """Return F[q] = ⟨E⟩_q − T S(q) of any law q, which only Boltzmann's law makes as small as −T ln Z.

    The master identity says by how much any other misses: F[q] = −T ln Z + T KL(q‖p)
    (:cite:`mackay2003information`, chapter 33). See the section :ref:`sec-info-master`.

    Args:
        q: probabilities, summing to 1 along ``axis``.
        energies: E_i of the same states; +inf forbids a state, and F = +inf if q does not.
        temperature: 0 ≤ T ≤ ∞; at T = 0 F is the mean energy, at ``math.inf`` it is −inf unless S = 0.
        axis: the axis that lists the states.

    Raises:
        ValueError: for a negative temperature or NaN, for energies as :func:`boltzmann`, for q as
            :func:`entropy`, or if the two do not list the same states.

    >>> round(free_energy([0.5, 0.5], [0.0, 1.0], temperature=1.0), 4)
    -0.1931
    """
    temperature = arrays.temperature(temperature)
    energies, q = arrays.energies(energies, axis), arrays.distribution("q", q, axis)
    arrays.matching("q", q, "energies", energies, axis)
    mean = arrays.product(q, energies).sum(axis=axis)
    # ∞ − ∞: a state that costs ∞ does so at every temperature. And T·S may be larger than any float.
    with np.errstate(invalid="ignore", over="ignore"):
        heat = arrays.product(np.asarray(entropy(q, axis=axis)), np.asarray(temperature))
        return arrays.result(np.where(mean == np.inf, np.inf, mean - heat))


def temperature_of(energies: ArrayLike, mean_energy: float) -> float:
    """Return the temperature at which Boltzmann's law has this mean energy: the multiplier's inverse.

    Of all laws with the given mean, Boltzmann's at this T has the largest entropy
    (:cite:`jaynes1957information`). See the section :ref:`sec-info-temperature`.

    Args:
        energies: E_i, shape (K,); +inf forbids a state.
        mean_energy: U, at least the lowest possible energy and below the highest.

    Returns:
        T > 0 for U below the plain mean of the energies; ``math.inf`` at it, where the law is uniform;
        0 for U equal to the lowest energy; and a negative T above the plain mean, where higher levels are
        likelier than lower ones: there p ∝ exp(−E/T) is ``boltzmann(-energies, -T)``.

    Raises:
        ValueError: for energies as :func:`boltzmann` or not of one axis; for U outside lowest ≤ U <
            highest (the highest alone is the limit T → 0 from below); U = E is allowed if all are equal,
            and gives ``math.inf``.

    >>> round(temperature_of([0.0, 1.0], 0.25), 4)
    0.9102
    >>> temperature_of([0.0, 1.0], 0.5), round(temperature_of([0.0, 1.0], 0.75), 4)
    (inf, -0.9102)
    """
    energies = arrays.energies(energies, -1)
    if energies.ndim != 1:
        raise ValueError(f"energies must have shape (K,), got {energies.shape}")
    possible = energies[energies < np.inf]
    target, low, high = _checks.finite("mean_energy", mean_energy), possible.min(), possible.max()
    if not (low <= target < high or low == target == high):
        raise ValueError(f"mean_energy must be at least {low:g} and below {high:g}, got {target:g}")
    # subtle: in units of a power of two, which is exact, as 1e308 − (−1e308) would overflow.
    unit = -math.frexp(max(abs(low), abs(high)))[1]
    possible, target, low, high = (np.ldexp(energy, unit) for energy in (possible, target, low, high))
    middle = possible.mean()
    # subtle: within rounding of the plain mean T would be some ±1e16 of no meaning.
    if abs(target - middle) <= 4 * np.finfo(float).eps * max(abs(low), abs(high), high - low):
        return math.inf
    if target == low:
        return 0.0
    if target < middle:
        found = 1 / _inverse_temperature(possible - low, target - low)
    else:
        found = -1 / _inverse_temperature(high - possible, high - target)
    with np.errstate(over="ignore"):
        return float(np.ldexp(found, -unit))


def _inverse_temperature(levels: NDArray, target: float) -> float:
    """Return β > 0 at which levels ≥ 0 have the mean ``target`` below their plain mean, by bisection."""

    def too_warm(beta: float) -> bool:
        weights = np.exp(-beta * levels)
        return weights @ levels > target * weights.sum()

    low, high = 0.0, 1 / levels.max()
    while too_warm(high):
        low, high = high, 2 * high
    while low < (middle := low + (high - low) / 2) < high:
        low, high = (middle, high) if too_warm(middle) else (low, middle)
    return float(high)


def _possible(logits: ArrayLike, temperature: float, axis: int) -> tuple[NDArray, float]:
    """Return checked logits that leave something possible, and the checked T."""
    temperature = arrays.temperature(temperature)
    z = arrays.logits(logits, axis)
    if (z.max(axis=axis) == -np.inf).any():
        raise ValueError("logits must leave at least one outcome possible, got only -inf along the axis")
    return z, temperature


def _gaps(z: NDArray, temperature: float, axis: int) -> NDArray[np.float64]:
    """Return (z − max z)/T ≤ 0, whose exponentials cannot overflow, with its limits at T = 0 and ∞."""
    top = z.max(axis=axis, keepdims=True)
    if temperature == 0:
        return np.where(z == top, 0.0, -np.inf)
    if temperature == math.inf:
        return np.where(z == -np.inf, -np.inf, 0.0)
    # subtle: halves, as 1e308 − (−1e308) would overflow though it may be nothing beside a large T; and
    # a tiny T sends a gap to −inf, which is its right limit.
    with np.errstate(over="ignore"):
        return (z / 2 - top / 2) / temperature * 2
