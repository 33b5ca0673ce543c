"""Laws of probabilities: conjugate priors, re-exported by :mod:`book_lib.probability`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib import _probability_special as special
from book_lib._probability_energies import softmax
from book_lib._probability_laws import Bernoulli, Categorical, set_field
from book_lib._probability_sampling import log_gamma_variates
from book_lib.rng import RandomLike, as_generator

# Beyond these the density is a spike at an end or at the mean, and a float has too few digits to tell where.
LEAST, MOST = 1e-300, 1e12


@dataclass(frozen=True)
class Beta:
    """The law of an unknown chance x with density x^{a−1}(1 − x)^{b−1}/B(a, b) on 0 … 1.

    Source: :cite:`bishop2006pattern`, equation 2.13. See the section :ref:`sec-prob-bayes`.

    Args:
        a, b: from 1e-300 to 1e12. Beta(1, 1) is uniform; a − 1 and b − 1 act like successes and failures seen before.

    Raises:
        ValueError: if one is out of range.
        TypeError: if one is not a real number.

    >>> Beta(1, 1).update(successes=2, failures=1).predictive()
    Bernoulli(mean=0.6)
    """

    a: float
    b: float

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            number = _checks.positive(name, getattr(self, name))
            _require_range(name, np.array(number))
            set_field(self, name, number)

    @property
    def mean(self) -> float:
        """a/(a + b)."""
        return self.a / (self.a + self.b)

    @property
    def variance(self) -> float:
        """ab/((a + b)²(a + b + 1))."""
        total = self.a + self.b
        return self.a / total * (self.b / total) / (total + 1)

    def log_prob(self, x: ArrayLike) -> NDArray[np.float64] | float:
        """Return the logarithm of the density at ``x``, any shape; −inf outside 0 … 1.

        At 0 and 1 it is the limit: +inf for an exponent below 0, −inf for one above.

        Raises:
            ValueError: if ``x`` is not finite.
        """
        x = _checks.finite_array("x", x)
        inside = (0 <= x) & (x <= 1)
        inner = np.where(inside, x, 0.5)
        log_density = (
            special.power(self.a - 1, inner)
            + special.power(self.b - 1, 1 - inner)
            - special.log_beta((self.a, self.b))
        )
        return arrays.result(np.where(inside, log_density, -np.inf))

    def sample(self, size: int | tuple[int, ...] | None, rng: RandomLike) -> NDArray[np.float64] | float:
        """Draw chances of shape ``size`` (None: one float): the share of one gamma variate in two."""
        return arrays.result(_shares(np.array([self.a, self.b]), size, rng)[..., 0])

    def entropy(self, base: float = math.e) -> float:
        """Return the differential entropy: 0 for the uniform law, negative for every other."""
        return special.simplex_entropy((self.a, self.b)) / arrays.log_base(base)

    def cdf(self, x: ArrayLike) -> NDArray[np.float64] | float:
        """Return the chance of a value below ``x``, any shape: the regularized incomplete beta function.

        Raises:
            ValueError: if ``x`` is not finite.
        """
        x = _checks.finite_array("x", x)
        below = [special.incomplete_beta(self.a, self.b, float(value)) for value in x.flat]
        return arrays.result(np.array(below).reshape(x.shape))

    def interval(self, mass: float = 0.95) -> tuple[float, float]:
        """Return the equal-tailed interval: as much lies below as above it, and ``mass`` within.

        Raises:
            ValueError: if ``mass`` does not lie between 0 and 1, both excluded.

        >>> tuple(round(end, 3) for end in Beta(1, 1).interval(0.9))
        (0.05, 0.95)
        """
        mass = _checks.finite("mass", mass)
        if not 0 < mass < 1:
            raise ValueError(f"mass must lie between 0 and 1, both excluded, got {mass}")
        tail = (1 - mass) / 2
        # subtle: the upper end from the mirror image, whose tail is a small number and not 1 less one; unless
        # that end is itself so near 0 that 1 less its mirror image has no digits left.
        high = 1 - _quantile(self.b, self.a, tail)
        return _quantile(self.a, self.b, tail), high if high > 0.5 else _quantile(self.a, self.b, 1 - tail)

    def update(self, successes: float, failures: float) -> Beta:
        """Return the posterior Beta(a + successes, b + failures) (:cite:`bishop2006pattern`, section 2.1.1).

        Raises:
            ValueError: if a count is negative or not finite.
        """
        return Beta(
            self.a + arrays.at_least_zero("successes", successes),
            self.b + arrays.at_least_zero("failures", failures),
        )

    def predictive(self) -> Bernoulli:
        """Return the law of the next toss, averaged over what the chance may be: Bernoulli(a/(a + b))."""
        return Bernoulli(self.mean)


@dataclass(frozen=True, eq=False)
class Dirichlet:
    """The law of unknown probabilities p of K faces, with density Π p_v^{α_v−1}/B(α) on the simplex.

    Source: :cite:`bishop2006pattern`, equation 2.38. See the section :ref:`sec-prob-bayes`.

    Args:
        concentration: α, shape (K,), K ≥ 2, from 1e-300 to 1e12; α − 1 acts like counts seen before.

    Raises:
        ValueError: if ``concentration`` has another shape, or an entry that is out of range.

    >>> Dirichlet([1, 1, 1, 1]).update([1, 2, 0, 1]).predictive().probabilities
    array([0.25 , 0.375, 0.125, 0.25 ])
    """

    concentration: NDArray[np.float64]

    def __post_init__(self) -> None:
        alpha = _checks.finite_array("concentration", self.concentration)
        if alpha.ndim != 1 or len(alpha) < 2:
            raise ValueError(f"concentration must have shape (K,), K at least 2, got {alpha.shape}")
        if (alpha <= 0).any():
            raise ValueError(f"concentration must be greater than 0, got {alpha.min():g}")
        _require_range("concentration", alpha)
        set_field(self, "concentration", arrays.frozen(alpha))

    @property
    def mean(self) -> NDArray[np.float64]:
        """α/Σα, shape (K,)."""
        return self.concentration / self.concentration.sum()

    @property
    def variance(self) -> NDArray[np.float64]:
        """m(1 − m)/(Σα + 1) for the mean m, shape (K,)."""
        return self.mean * (1 - self.mean) / (self.concentration.sum() + 1)

    def log_prob(self, p: ArrayLike) -> NDArray[np.float64] | float:
        """Return the logarithm of the density at probabilities ``p``, shape (…, K) → (…).

        It is a density over the first K − 1 of them, since they fix the last.

        Raises:
            ValueError: if ``p`` does not hold distributions over K outcomes.
        """
        p = arrays.distribution("p", p)
        alpha = self.concentration
        if p.shape[-1] != len(alpha):
            raise ValueError(f"p must have shape (..., {len(alpha)}), got {p.shape}")
        powers = np.stack([special.power(a - 1, p[..., k]) for k, a in enumerate(alpha)], axis=-1)
        # subtle: on an edge where one factor is ∞ and another 0 the limit depends on the way there.
        if (powers == np.inf).any() and ((powers == np.inf).any(-1) & (powers == -np.inf).any(-1)).any():
            raise ValueError("p lies on an edge of the simplex where the density has no limit")
        return arrays.result(powers.sum(axis=-1) - special.log_beta(alpha))

    def sample(self, size: int | tuple[int, ...] | None, rng: RandomLike) -> NDArray[np.float64]:
        """Draw distributions, shape (*size, K) (None: one, shape (K,)): shares of K gamma variates."""
        return _shares(self.concentration, size, rng)

    def entropy(self, base: float = math.e) -> float:
        """Return the differential entropy over the first K − 1 probabilities."""
        return special.simplex_entropy(self.concentration) / arrays.log_base(base)

    def update(self, counts: ArrayLike) -> Dirichlet:
        """Return the posterior Dirichlet(α + counts) (:cite:`bishop2006pattern`, section 2.2.1).

        Raises:
            ValueError: if the counts are negative or not finite, or their shape is not (K,).
        """
        counts = arrays.counts("counts", counts)
        if counts.shape != self.concentration.shape:
            raise ValueError(f"counts must have shape {self.concentration.shape}, got {counts.shape}")
        return Dirichlet(self.concentration + counts)

    def predictive(self) -> Categorical:
        """Return the law of the next roll, averaged over what p may be: Categorical(α/Σα)."""
        return Categorical(self.mean)


def _require_range(name: str, alpha: NDArray) -> None:
    if alpha.min() < LEAST or alpha.max() > MOST:
        wrong = alpha.min() if alpha.min() < LEAST else alpha.max()
        raise ValueError(f"{name} must lie between {LEAST:g} and {MOST:g}, got {wrong:g}")


def _shares(alpha: NDArray, size: int | tuple[int, ...] | None, rng: RandomLike) -> NDArray:
    """Return gamma variates divided by their sum, shape (*size, K)."""
    logs = log_gamma_variates(alpha, arrays.shape(size), as_generator(rng))
    return softmax(logs) if logs.size else np.exp(logs)


def _quantile(a: float, b: float, tail: float) -> float:
    """Return the x with I_x(a, b) = ``tail``, by bisection to the last bit."""
    low, high = 0.0, 1.0
    while low < (middle := low + (high - low) / 2) < high:
        low, high = (middle, high) if special.incomplete_beta(a, b, middle) < tail else (low, middle)
    return high
