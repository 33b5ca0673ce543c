"""Drawing from a law and integrating by chance, re-exported by :mod:`book_lib.probability`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib.rng import Generator, RandomLike, as_generator

_CHUNK = 16_384  # draws at a time: their arrays stay in the processor's cache


def sample_categorical(
    p: ArrayLike, size: int | tuple[int, ...] | None, rng: RandomLike
) -> NDArray[np.int64] | int:
    """Draw outcomes 0 … K−1 with probabilities ``p`` by inverting the cumulative sum.

    With s = cumsum(p) and u uniform in [0, 1), the outcome is the smallest i with s_i > u·s_{K−1}. The
    intervals [s_{i−1}, s_i) are half-open: an outcome with p = 0 has an empty one and is never drawn.

    Source: :cite:`devroye1986nonuniform`, section III.2. See the section :ref:`sec-prob-sampling`.

    Args:
        p: probabilities, shape (K,).
        size: the shape of the draw; None for one outcome as an int.
        rng: a seed or a generator; one uniform number is used for each outcome.

    Raises:
        ValueError: if ``p`` is not a distribution over one axis, or ``size`` is negative.
        TypeError: if ``rng`` is neither a seed nor a generator, or ``size`` is not made of integers.

    >>> sample_categorical([0.0, 1.0], 3, rng=0)
    array([1, 1, 1])
    """
    p = arrays.distribution("p", p)
    if p.ndim != 1:
        raise ValueError(f"p must have shape (K,), got {p.shape}")
    shape = arrays.shape(size)
    uniform = as_generator(rng).random(shape)
    outcome = invert_cumulative(np.cumsum(p), np.ravel(uniform)).reshape(shape)
    return int(outcome) if size is None else outcome


def invert_cumulative(edges: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the smallest i with edges[i] > u·edges[−1] for each u in [0, 1), shape (N,).

    A search halves the table over and over, and the processor guesses each turn wrong every other time.
    For many draws it is quicker to read off from a guide table where to begin: place j holds the answer
    for u = j/M, which most u of that place share (:cite:`devroye1986nonuniform`, section III.2.4).
    """
    places = 1 << (16 * len(edges) - 1).bit_length()  # M: a power of two, so that u·M is exact
    # subtle: scaled by the last edge, which may be 1 − 1e-16, so that no draw falls past the end.
    if len(uniform) < 4 * places:
        return np.searchsorted(edges, uniform * edges[-1], side="right").astype(np.int64, copy=False)
    begin = np.arange(places) / places * edges[-1]
    guide = np.searchsorted(edges, begin, side="right").astype(np.int64, copy=False)
    outcome = np.empty(len(uniform), dtype=np.int64)
    for start in range(0, len(uniform), _CHUNK):
        u = uniform[start : start + _CHUNK]
        position = u * edges[-1]
        # As u < 1 there is nothing to clip: the mode spares a copy.
        found = guide.take((u * places).astype(np.int64), out=outcome[start : start + _CHUNK], mode="clip")
        late = np.flatnonzero(edges.take(found) <= position)
        found[late] = np.searchsorted(edges, position[late], side="right")
    return outcome


@dataclass(frozen=True)
class Estimate:
    """A number found by chance, with its standard error. See the section :ref:`sec-prob-monte-carlo`.

    Attributes:
        mean: the estimate.
        error: how far it is likely to be off: within one such error in about 68 of 100 repetitions.
    """

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:.6g} ± {self.error:.2g}"


def monte_carlo_integral(
    function: Callable[[NDArray], ArrayLike],
    low: ArrayLike,
    high: ArrayLike,
    samples: int,
    rng: RandomLike,
) -> Estimate:
    """Return ∫ f over a box as volume × mean of f at random points, with its standard error.

    The error is V·σ/√N, σ being the standard deviation of f over the points: it falls like 1/√N in any
    dimension. For an area, f is 1 (or True) inside and 0 outside.

    Source: :cite:`metropolis1949monte`. See the section :ref:`sec-prob-monte-carlo`.

    Args:
        function: takes points, shape (N, D), and returns their values, shape (N,).
        low, high: the corners of the box, shape (D,); a number for one dimension.
        samples: N ≥ 2, the number of points.
        rng: a seed or a generator; D uniform numbers are used for each point.

    Raises:
        ValueError: if the corners do not make a box, ``samples`` is less than 2, or the function returns
            another shape or something that is not finite or too large to be averaged.
        TypeError: for arguments of the wrong kind.

    >>> quarter = monte_carlo_integral(lambda x: (x**2).sum(axis=1) < 1, [0, 0], [1, 1], 10_000, rng=0)
    >>> abs(4 * quarter.mean - math.pi) < 4 * 4 * quarter.error
    True
    """
    if not callable(function):
        raise TypeError(f"function must be callable, got {function!r}")
    low, high = _box(low, high)
    samples = _checks.integer("samples", samples, 2, _checks.LONGEST)
    points = low + (high - low) * as_generator(rng).random((samples, len(low)))
    values = _checks.finite_array("values of function", arrays.without_booleans(function(points)))
    if values.shape != (samples,):
        raise ValueError(f"function must return one value a point, shape ({samples},), got {values.shape}")
    volume = float(np.prod(high - low))
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = volume * float(values.mean()), volume * float(values.std(ddof=1))
    if not (math.isfinite(mean) and math.isfinite(spread)):
        largest = np.abs(values).max()
        raise ValueError(f"values of function must be small enough to be averaged, got {largest:g}")
    return Estimate(mean, spread / math.sqrt(samples))


def _box(low: ArrayLike, high: ArrayLike) -> tuple[NDArray, NDArray]:
    low, high = (np.atleast_1d(_checks.finite_array(*end)) for end in (("low", low), ("high", high)))
    if low.ndim != 1 or low.shape != high.shape or len(low) == 0:
        raise ValueError(f"low and high must both have shape (D,), got {low.shape} and {high.shape}")
    if not (high > low).all():
        raise ValueError(f"high must be above low, got low={low} and high={high}")
    with np.errstate(over="ignore"):
        if not np.prod(high - low) < np.inf:
            raise ValueError(f"high must be above low by a finite volume, got low={low} and high={high}")
    return low, high


def log_gamma_variates(
    shapes: NDArray[np.float64], size: tuple[int, ...], rng: Generator
) -> NDArray[np.float64]:
    """Return logarithms of Gamma(α, 1) variates, shape (*size, K) for α of shape (K,).

    Marsaglia and Tsang's rejection (ACM TOMS 26, 363, 2000). Logarithms, because for a small α the
    variates themselves round to 0.
    """
    alpha = np.broadcast_to(shapes, (*size, len(shapes)))
    # A variate for α is one for α + 1 times u^{1/α}; the rejection needs α ≥ 1.
    boost = np.where(alpha < 1, np.log1p(-rng.random(alpha.shape)) / np.minimum(alpha, 1), 0.0)
    d = np.where(alpha < 1, alpha + 1, alpha) - 1 / 3
    out = np.empty(alpha.shape)
    waiting = np.ones(alpha.shape, dtype=bool)
    while count := int(waiting.sum()):
        here = d[waiting]
        x, u = rng.standard_normal(count), rng.random(count)
        v = np.maximum(1 + x / np.sqrt(9 * here), 1e-300) ** 3
        accepted = (v > 0) & (np.log1p(-u) < x * x / 2 + here * (1 - v + np.log(np.maximum(v, 1e-300))))
        places = np.flatnonzero(waiting)[accepted]
        out.flat[places] = np.log(here[accepted] * v[accepted])
        waiting.flat[places] = False
    return out + boost
