"""How much a Hopfield network remembers: theory and experiment; see :mod:`book_lib.hopfield`."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._hopfield_network import LARGEST, corrupt, follow, share_of
from book_lib.rng import Generator, RandomLike, as_generator

_EXACT = 2**24  # whole numbers up to here are exact in single precision


def bit_error(n: int, p: int) -> float:
    """Return the chance that a unit of a stored random pattern wants to turn, exactly.

    The field on unit i of pattern 1, times ξ_i, is (N − 1)/N plus a crosstalk: the sum of (N − 1)(P − 1)
    signs over N, which are independent and fair. The unit turns if more than half of (N − 1)P signs, its
    own N − 1 among them, are against it: a tail of the binomial law. Where the field is 0 it stays.

    Args:
        n: N ≥ 2.
        p: P ≥ 1, and N·P ≤ 2⁴⁸.

    Raises:
        TypeError, ValueError: if they are no integers in range.

    See the section :ref:`sec-hop-crosstalk`.

    >>> bit_error(3, 1), bit_error(2, 3)  # one pattern alone is safe; of two signs both must be against
    (0.0, 0.25)
    """
    n, p = _size("n", n, 2), _size("p", p, 1)
    _size("n · p", n * p, 2)
    from scipy.stats import binom  # here, as it is slow to import and few need it

    signs, own = (n - 1) * (p - 1), n - 1
    # against − for > own, with against + for = signs: against > (signs + own)/2
    return float(binom.sf((signs + own) // 2, signs, 0.5))


def _size(name: str, value: int, least: int) -> int:
    return _checks.integer(name, value, least, _checks.LONGEST)


def bit_error_gauss(load: float) -> float:
    """Return ½ erfc(1/√(2α)), what :func:`bit_error` becomes for many units at a load α = P/N.

    The crosstalk is a sum of many signs, and so normal, with mean 0 and variance α; a unit turns where it is
    below −1.

    Args:
        load: α > 0.

    Raises:
        TypeError, ValueError: if the load is not a positive number.

    See the section :ref:`sec-hop-crosstalk`.

    >>> round(bit_error_gauss(0.138), 5)
    0.00355
    """
    return 0.5 * math.erfc(1 / math.sqrt(2 * _checks.positive("load", load)))


def _load_at(y: float) -> float:
    """Return the load α at which the theory's fixed point is y: √(2α) = erf(y)/y − (2/√π) e^{−y²}."""
    root = math.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y)
    return root * root / 2


def critical_load() -> float:
    """Return α_c ≈ 0.1379, above which no state near a pattern is stable (:cite:`amit1985storing`).

    It holds for N → ∞ at T = 0: the largest load for which :func:`retrieval_overlap` has a solution. See the
    section :ref:`sec-hop-capacity`.

    >>> round(critical_load(), 4)
    0.1379
    """
    return _load_at(_peak())


@functools.cache
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
    low, high = _peak(), 40.0  # the load falls from its peak to 3e-4 as y grows; m is 1 long before
    if load > _load_at(low):
        return 0.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _load_at(middle) > load else (low, middle)
    return math.erf(low)


def capacity_experiment(
    n: int,
    loads: ArrayLike,
    noise: float = 0.0,
    repeats: int = 4,
    rng: RandomLike = 0,
    max_sweeps: int = 50,
) -> NDArray[np.float64]:
    """Store round(αN) random patterns by Hebb's rule, start near the first, and see how near recall ends.

    The same as :meth:`Hopfield.store` and :meth:`Hopfield.recall` in random order, but in whole numbers: N
    times the weights count signs, so that no tie is lost to rounding.

    Args:
        n: N ≥ 2.
        loads: α > 0, shape (A,); at least one pattern is stored, and P patterns and N² weights must fit the
            memory.
        noise: share of the units that are turned at the start, 0 … 1.
        repeats: fresh patterns for each load, ≥ 1.
        rng: a seed or a generator.
        max_sweeps: when to give up, ≥ 1.

    Returns:
        Overlaps with the first pattern, shape (A, repeats).

    Raises:
        TypeError, ValueError: if an argument is out of range.

    See the section :ref:`sec-hop-capacity`.

    >>> capacity_experiment(200, [0.02], noise=0.1, repeats=3).tolist()
    [[1.0, 1.0, 1.0]]
    """
    n, repeats = _checks.integer("n", n, 2, LARGEST), _checks.integer("repeats", repeats, 1)
    noise, max_sweeps = share_of("noise", noise), _checks.integer("max_sweeps", max_sweeps, 1)
    loads = np.atleast_1d(_checks.finite_array("loads", loads))
    if loads.ndim != 1 or loads.size == 0:
        raise ValueError(f"loads must have shape (A,), A ≥ 1, got {loads.shape}")
    if (loads <= 0).any():
        raise ValueError(f"loads must be greater than 0, got {loads.min()}")
    if loads.max() > _checks.LONGEST / n**2:
        raise ValueError(f"loads must be at most 2**48/n² = {_checks.LONGEST / n**2:g}, got {loads.max()}")
    generator = as_generator(rng)
    counts = [max(1, round(load * n)) for load in loads.tolist()]
    return np.array([[_recalled(n, p, noise, generator, max_sweeps) for _ in range(repeats)] for p in counts])


def _recalled(n: int, p: int, noise: float, generator: Generator, max_sweeps: int) -> float:
    """Return the overlap at which recall from p random patterns ends."""
    patterns = 2 * generator.integers(0, 2, size=(p, n)) - 1
    start = corrupt(patterns[0], noise, generator)
    # subtle: sums of signs, exact in single precision, which halves the time of this product: most of it all.
    x = patterns.astype(np.float32 if n * p < _EXACT else np.float64)
    weights = x.T @ x
    np.fill_diagonal(weights, 0)
    s = start.astype(x.dtype)
    h, no_tie = weights @ s, np.zeros_like(s)
    for _ in range(max_sweeps):
        before = s.copy()
        follow(weights, h, s, generator.permutation(n), no_tie)
        if (s == before).all():
            break
    return float(patterns[0] @ s / n)
