"""Legendre polynomials: a family of functions with as many knobs as one likes, and the fit that turns them.

The section :ref:`sec-model-functions` builds the family and fits it; the data are a noisy wave, which no member of the
family hits exactly. The recurrence is mirrored in `core/legendre.js`.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.rng import RandomLike, as_generator

HIGHEST = 1000  # degree: far beyond any fit, and still quick

__all__ = ["fit_legendre", "legendre", "legendre_powers", "legendre_series", "noisy_wave"]


def legendre(x: ArrayLike, degree: int) -> NDArray[np.float64]:
    """Return P₀(x) … P_degree(x) by the recurrence (n + 1) P_{n+1} = (2n + 1) x P_n − n P_{n−1}.

    With P₀ = 1 and P₁ = x this is :cite:`dlmf`, 18.9.1 (table 18.9.1). On [−1, 1] the values stay within ±1, and
    ∫ P_m P_n dx = 0 for m ≠ n, 2/(2n + 1) for m = n. See the section :ref:`sec-model-functions`.

    Args:
        x: any shape.
        degree: the highest n, 0 … 1000.

    Returns:
        Shape (…, degree + 1): the polynomials along the last axis.

    Raises:
        ValueError: if ``x`` is not finite, or so far outside [−1, 1] that no float holds P_degree(x), or if
            ``degree`` is out of range.
        TypeError: if ``x`` is not numeric or ``degree`` not an integer.

    >>> legendre(0.5, 3)
    array([ 1.    ,  0.5   , -0.125 , -0.4375])
    """
    x = _checks.finite_array("x", x)
    degree = _checks.integer("degree", degree, 0, HIGHEST)
    values = np.ones((*x.shape, degree + 1))
    if degree > 0:
        values[..., 1] = x
    with np.errstate(over="ignore", invalid="ignore"):
        for n in range(1, degree):
            values[..., n + 1] = ((2 * n + 1) * x * values[..., n] - n * values[..., n - 1]) / (n + 1)
    if not np.isfinite(values).all():
        farthest = x.flat[np.abs(x).argmax()]
        raise ValueError(f"x must be small enough for P_{degree}(x) to be a number, got {farthest:g}")
    return values


def legendre_powers(degree: int) -> list[Fraction]:
    """Return the coefficients of 1, x, x² … in P_degree, exactly, by the same recurrence.

    Args:
        degree: n, 0 … 1000.

    Returns:
        degree + 1 fractions, the constant first.

    Raises:
        ValueError: if ``degree`` is out of range.
        TypeError: if it is not an integer.

    >>> [str(c) for c in legendre_powers(4)]  # (35x⁴ − 30x² + 3)/8
    ['3/8', '0', '-15/4', '0', '35/8']
    """
    degree = _checks.integer("degree", degree, 0, HIGHEST)
    before, present = [Fraction(0)], [Fraction(1)]  # P₋₁ never counts: its factor is n = 0
    for n in range(degree):
        raised = [Fraction(2 * n + 1, n + 1) * c for c in [Fraction(0), *present]]
        lowered = [Fraction(n, n + 1) * c for c in before] + [Fraction(0)] * (n + 2 - len(before))
        before, present = present, [a - b for a, b in zip(raised, lowered, strict=True)]
    return present


def legendre_series(x: ArrayLike, coefficients: ArrayLike) -> NDArray[np.float64] | float:
    """Return y = Σ_n c_n P_n(x): the polynomials are a basis, and a function is a weighted sum of them.

    Args:
        x: any shape.
        coefficients: c₀ … c_degree, shape (degree + 1,), at least one.

    Returns:
        The shape of ``x``; a float for a single number.

    Raises:
        ValueError: if an entry is not finite, no float holds the sum, or ``coefficients`` does not have shape
            (degree + 1,).
        TypeError: if an argument is not numeric.

    >>> legendre_series(0.5, [1.0, 2.0])
    2.0
    """
    coefficients = _checks.finite_array("coefficients", coefficients)
    if coefficients.ndim != 1 or coefficients.size == 0:
        raise ValueError(f"coefficients must have shape (degree + 1,), got {coefficients.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        values = legendre(x, coefficients.size - 1) @ coefficients
    if not np.isfinite(values).all():
        largest = np.abs(coefficients).max()
        raise ValueError(f"coefficients must be small enough to be summed, got {largest:g}")
    return float(values) if np.ndim(values) == 0 else values


def fit_legendre(x: ArrayLike, t: ArrayLike, degree: int) -> NDArray[np.float64]:
    """Return the coefficients with the least mean squared error, (1/N) Σ (t_i − Σ_n c_n P_n(x_i))².

    Least squares, solved by NumPy's singular value decomposition: where points lie so close that rounding blurs
    which of several curves fits best, it is the one with the shortest vector of coefficients. See the section
    :ref:`sec-model-functions`.

    Args:
        x: where the targets were seen, shape (N,).
        t: targets, shape (N,).
        degree: the highest power; at most one less than the number of different x.

    Returns:
        Shape (degree + 1,).

    Raises:
        ValueError: if shapes differ, an entry is not finite, ``degree`` is negative, or there are fewer different
            points than coefficients, so that many curves fit equally well.
        TypeError: if an argument is not numeric.

    >>> fit_legendre([-1.0, 0.0, 1.0], [2.0, 1.0, 2.0], 2)[[0, 2]].round(4)  # 1 + x² = (4 P₀ + 2 P₂)/3
    array([1.3333, 0.6667])
    """
    x, t = _checks.finite_array("x", x), _checks.finite_array("t", t)
    if x.ndim != 1 or x.shape != t.shape:
        raise ValueError(f"x and t must both have shape (N,), got {x.shape} and {t.shape}")
    degree = _checks.integer("degree", degree, 0, HIGHEST)
    different = len(np.unique(x))
    if different < degree + 1:
        raise ValueError(
            f"degree must be at most {different - 1} with {different} different points, got {degree}"
        )
    return np.linalg.lstsq(legendre(x, degree), t, rcond=None)[0]


def noisy_wave(n: int, rng: RandomLike = 0, noise: float = 0.3) -> tuple[NDArray, NDArray]:
    """Draw n points of the wave sin πx with noise: x uniform in [−1, 1), t = sin πx + noise · normal.

    Args:
        n: how many points, 1 or more.
        rng: a seed or a generator; first all x are drawn, then all the noise.
        noise: the standard deviation of the noise, 0 … 1e300.

    Returns:
        x and t, each of shape (n,).

    Raises:
        ValueError: if ``n`` is below 1 or ``noise`` is out of range.
        TypeError: if ``n`` is not an integer or ``rng`` neither a seed nor a generator.

    >>> x, t = noisy_wave(4, rng=1, noise=0.0)
    >>> bool(np.allclose(t, np.sin(np.pi * x)))
    True
    """
    n = _checks.integer("n", n, 1, _checks.LONGEST)
    noise = _checks.finite("noise", noise)
    if not 0 <= noise <= 1e300:
        raise ValueError(f"noise must be at least 0 and at most 1e300, got {noise}")
    generator = as_generator(rng)
    x = 2 * generator.random(n) - 1
    return x, np.sin(np.pi * x) + noise * generator.standard_normal(n)
