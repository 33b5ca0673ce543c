"""How much a Hopfield network remembers: theory and experiment; see :mod:`book_lib.hopfield`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._hopfield_network import Hopfield, corrupt, overlap
from book_lib.rng import RandomLike, as_generator


def bit_error(n: int, p: int) -> float:
    """Return the chance that a unit of a stored random pattern wants to turn, exactly.

    The field on unit i of pattern 1, times ξ_i, is (N − 1)/N plus a crosstalk: the sum of (N − 1)(P − 1) signs over N,
    which are independent and fair. The unit turns if more than half of (N − 1)P of them, in all, are against it: a tail
    of the binomial law. Where the field is 0 it stays.

    Args:
        n: N ≥ 2.
        p: P ≥ 1.

    Raises:
        TypeError, ValueError: if they are no integers in range.

    See the section :ref:`sec-hop-capacity`.

    >>> bit_error(3, 1)
    0.0
    """
    n, p = _checks.integer("n", n, 2), _checks.integer("p", p, 1)
    from scipy.stats import binom  # the same tail, to 16 digits, as adding up its terms

    signs, own = (n - 1) * (p - 1), n - 1
    # against − for > own, with against + for = signs: against > (signs + own)/2
    return float(binom.sf((signs + own) // 2, signs, 0.5))


def bit_error_gauss(load: float) -> float:
    """Return ½ erfc(1/√(2α)), what :func:`bit_error` becomes for many units at a load α = P/N.

    Raises:
        TypeError, ValueError: if the load is not a positive number.

    >>> round(bit_error_gauss(0.138), 5)
    0.00355
    """
    return 0.5 * math.erfc(1 / math.sqrt(2 * _checks.positive("load", load)))


def _load_at(y: float) -> float:
    """Return the load α at which the theory's fixed point is y: √(2α) = erf(y)/y − (2/√π) e^{−y²}."""
    root = math.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y)
    return root * root / 2


def critical_load() -> float:
    """Return α_c ≈ 0.1379, above which no state near a pattern is stable, for N → ∞ at T = 0
    (:cite:`amit1985storing`).

    >>> round(critical_load(), 4)
    0.1379
    """
    return _load_at(_peak())


def _peak() -> float:
    """Return the y of the largest load, by golden-section search: the load has one maximum in y."""
    low, high, ratio = 0.5, 4.0, (math.sqrt(5) - 1) / 2
    while high - low > 1e-9:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (a, high) if _load_at(a) < _load_at(b) else (low, b)
    return (low + high) / 2


def retrieval_overlap(load: ArrayLike) -> NDArray[np.float64] | float:
    """Return the overlap m = erf(y) at which recall ends, for N → ∞ at T = 0 (:cite:`amit1985storing`).

    y solves erf(y)/y − (2/√π) e^{−y²} = √(2α), the larger solution; above α_c there is none, and m is 0.

    Args:
        load: α = P/N > 0, any shape.

    Raises:
        TypeError, ValueError: if a load is not a positive number.

    See the section :ref:`sec-hop-capacity`.

    >>> round(retrieval_overlap(0.1), 4), retrieval_overlap(0.2)
    (0.998, 0.0)
    """
    loads = _checks.finite_array("load", load)
    if (loads <= 0).any():
        raise ValueError(f"load must be greater than 0, got {loads.min()}")
    result = np.array([_overlap_at(float(alpha)) for alpha in loads.ravel()]).reshape(loads.shape)
    return float(result) if result.ndim == 0 else result


def _overlap_at(load: float) -> float:
    low, high = _peak(), 40.0  # the load falls from its peak to 0 as y grows
    if load > _load_at(low):
        return 0.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _load_at(middle) > load else (low, middle)
    return math.erf(low)


def capacity_experiment(
    n: int, loads: ArrayLike, noise: float = 0.0, repeats: int = 4, rng: RandomLike = 0, max_sweeps: int = 50
) -> NDArray[np.float64]:
    """Store round(αN) random patterns, start near the first, and see how near recall ends.

    Args:
        n: N ≥ 2.
        loads: α > 0, shape (A,); at least one pattern is stored.
        noise: share of the units that are turned at the start, 0 … 1.
        repeats: fresh patterns for each load, ≥ 1.
        rng: a seed or a generator.
        max_sweeps: when to give up.

    Returns:
        Overlaps with the first pattern, shape (A, repeats).

    Raises:
        TypeError, ValueError: if an argument is out of range.

    See the section :ref:`sec-hop-capacity`.
    """
    n, repeats = _checks.integer("n", n, 2), _checks.integer("repeats", repeats, 1)
    loads = np.atleast_1d(_checks.finite_array("loads", loads))
    if loads.ndim != 1 or (loads <= 0).any():
        raise ValueError(f"loads must be positive, of shape (A,), got shape {loads.shape}, least {loads.min()}")
    generator = as_generator(rng)
    overlaps = np.empty((len(loads), repeats))
    for index in np.ndindex(*overlaps.shape):
        count = max(1, round(float(loads[index[0]]) * n))
        patterns = 2 * generator.integers(0, 2, size=(count, n)) - 1
        start = corrupt(patterns[0], noise, generator)
        end = Hopfield(n).store(patterns).recall(start, "random", max_sweeps, rng=generator)
        overlaps[index] = overlap(patterns[0], end.state)
    return overlaps
