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


def stirling_rest(x: float) -> float:
    """Return what Stirling's ln Γ(x) ≈ (x − ½) ln x − x + ½ ln 2π leaves out, about 1/12x (DLMF 5.11.1)."""
    if x < 10:
        return math.lgamma(x) - (x - 0.5) * math.log(x) + x - 0.5 * math.log(2 * math.pi)
    s = 1 / (x * x)
    return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * 691 / 360360))))) / x


def digamma_rest(x: float) -> float:
    """Return ψ(x) − ln x for x > 0, ψ = d ln Γ/dx, by recurrence and asymptotic series (DLMF 5.11.2).

    >>> round(digamma_rest(1.0), 6)
    -0.577216
    """
    at, below = x, 0.0
    while at < 10:
        below += 1 / at
        at += 1
    s = 1 / (at * at)
    series = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * 691 / 32760)))))
    return math.log(at / x) - 0.5 / at - series - below


def simplex_entropy(alpha: Iterable[float]) -> float:
    """Return the differential entropy of Dirichlet(α), in nats.

    It is ln B(α) + (A − K) ψ(A) − Σ (α_v − 1) ψ(α_v) with A = Σ α_v. Written out with Stirling's formula and
    ψ(x) ≈ ln x, all that grows like A ln A drops out beforehand, and no digits are lost for large α.
    """
    alpha = [float(a) for a in alpha]
    total, faces = math.fsum(alpha), len(alpha)
    shape = sum(0.5 * math.log(a / total) + stirling_rest(a) - (a - 1) * digamma_rest(a) for a in alpha)
    scale = (faces - 1) / 2 * math.log(total / (2 * math.pi))
    return shape - scale - stirling_rest(total) + (total - faces) * digamma_rest(total)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return I_x(a, b), the chance that a Beta(a, b) variate lies below x (DLMF 8.17.22).

    >>> round(incomplete_beta(1.0, 2.0, 0.5), 6)
    0.75
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # there the fraction converges slowly, and its mirror image quickly
        return 1 - incomplete_beta(b, a, 1 - x)
    return math.exp(_log_front(a, b, x)) / a * _beta_fraction(a, b, x)


def _log_front(a: float, b: float, x: float) -> float:
    """Return a ln x + b ln(1 − x) − ln B(a, b), by the distance from the mean m, where the terms nearly cancel."""
    total = a + b
    off = b * x - a * (1 - x)  # (a + b)(x − m)
    steep = _log_ratio(off / a, x, a / total) * a + _log_ratio(-off / b, 1 - x, b / total) * b
    flat = 0.5 * (math.log(a) + math.log(b / total) - math.log(2 * math.pi))
    return steep + flat + stirling_rest(total) - stirling_rest(a) - stirling_rest(b)


def _log_ratio(excess: float, x: float, mean: float) -> float:
    """Return ln(x/m) for x = m(1 + excess)."""
    return math.log1p(excess) if abs(excess) < 0.5 else math.log(x) - math.log(mean)


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
