"""Special functions behind the Beta and Dirichlet laws of :mod:`book_lib.probability`."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

_TINY = 1e-300


def power(exponent: float, x: NDArray) -> NDArray:
    """Return ln x^exponent with 0⁰ = 1, and the limit ±∞ at 0 for the other exponents."""
    if exponent == 0:
        return np.zeros(x.shape)
    with np.errstate(divide="ignore"):
        return exponent * np.log(x)


def log_beta(alpha: Iterable[float]) -> float:
    """Return ln B(α) = Σ ln Γ(α_v) − ln Γ(Σ α_v)."""
    alpha = list(alpha)
    return math.fsum(math.lgamma(a) for a in alpha) - math.lgamma(math.fsum(alpha))


def digamma(x: float) -> float:
    """Return ψ(x) = d ln Γ(x)/dx for x > 0 by its recurrence and its asymptotic series (DLMF 5.11.2).

    >>> round(digamma(1.0), 6)
    -0.577216
    """
    below = 0.0
    while x < 10:
        below += 1 / x
        x += 1
    s = 1 / (x * x)
    series = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * 691 / 32760)))))
    return math.log(x) - 0.5 / x - series - below


def simplex_entropy(alpha: NDArray) -> float:
    """Return the differential entropy of Dirichlet(α), in nats."""
    total = math.fsum(alpha)
    inner = math.fsum((a - 1) * digamma(a) for a in alpha)
    return log_beta(alpha) + (total - len(alpha)) * digamma(total) - inner


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return I_x(a, b), the chance that a Beta(a, b) variate lies below x (DLMF 8.17.22).

    >>> round(incomplete_beta(1.0, 2.0, 0.5), 6)
    0.75
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # there the fraction converges slowly, and its mirror image quickly
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta((a, b))) / a
    return front * _beta_fraction(a, b, x)


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of I_x(a, b) by Lentz's method, front to back."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 1_000_000):  # about the root of a + b turns suffice
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1 / _away(1 + term * d), _away(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away(x: float) -> float:
    """Keep a denominator off 0."""
    return x if abs(x) > _TINY else _TINY
