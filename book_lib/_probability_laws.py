"""The laws that the book meets again and again, re-exported by :mod:`book_lib.probability`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib._probability_information import entropy
from book_lib._probability_sampling import sample_categorical
from book_lib.rng import RandomLike, as_generator

LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class Normal:
    """The normal law 𝒩(μ, σ²) with density exp(−(x − μ)²/2σ²)/√(2πσ²).

    Source: :cite:`bishop2006pattern`, equation 1.46. See the section :ref:`sec-prob-normal`.

    Args:
        mean: μ.
        standard_deviation: σ > 0. The second argument is σ, not σ².

    Raises:
        ValueError: if a number is not finite or σ is not above 0.
        TypeError: if one is not a real number.

    >>> round(float(np.exp(Normal().log_prob(0.0))), 4)
    0.3989
    """

    mean: float = 0.0
    standard_deviation: float = 1.0

    def __post_init__(self) -> None:
        set_field(self, "mean", _checks.finite("mean", self.mean))
        set_field(self, "standard_deviation", _checks.positive("standard_deviation", self.standard_deviation))

    @property
    def variance(self) -> float:
        """σ²; ∞ where no float holds it."""
        return self.standard_deviation * self.standard_deviation

    def log_prob(self, x: ArrayLike) -> NDArray[np.float64] | float:
        """Return the logarithm of the density at ``x``, any shape.

        Raises:
            ValueError: if ``x`` is not finite.
        """
        x = _checks.finite_array("x", x)
        with np.errstate(over="ignore"):  # so far away that the density is 0
            square = ((x - self.mean) / self.standard_deviation) ** 2
        return arrays.result(-(square + LOG_2PI) / 2 - math.log(self.standard_deviation))

    def sample(self, size: int | tuple[int, ...] | None, rng: RandomLike) -> NDArray[np.float64] | float:
        """Draw numbers of shape ``size`` (None: one float): μ + σ times standard normal ones."""
        standard = as_generator(rng).standard_normal(arrays.shape(size))
        return arrays.result(self.mean + self.standard_deviation * standard)

    def entropy(self, base: float = math.e) -> float:
        """Return the differential entropy ½ ln(2πeσ²); for σ < 0.242 it is negative."""
        return (0.5 * (1 + LOG_2PI) + math.log(self.standard_deviation)) / arrays.log_base(base)

    def update(self, data: ArrayLike, noise: float) -> Normal:
        """Return what this prior for an unknown mean becomes after measurements of it.

        The precisions add: 1/σ'² = 1/σ² + N/noise², and the new mean is the average of the old one and
        the data's, weighted by them (:cite:`bishop2006pattern`, section 2.3.6).

        Args:
            data: measurements, any shape, at least one.
            noise: the known standard deviation of a measurement about the unknown mean.

        Raises:
            ValueError: for an empty sample, data that are not finite, or a noise that is not above 0.

        >>> round(Normal(0.0, 1.0).update([2.0], noise=1.0).mean, 4)
        1.0
        """
        data = _checks.finite_array("data", data)
        noise = _checks.positive("noise", noise)
        if data.size == 0:
            raise ValueError("data must hold at least one measurement, got an empty sample")
        # The data's weight is Nσ²/(Nσ² + noise²); by a ratio, as squares of tiny or huge numbers are lost.
        ratio = noise / self.standard_deviation / math.sqrt(data.size)
        weight = 1 / (1 + ratio * ratio)
        mean = (1 - weight) * self.mean + weight * float((data / data.size).sum())
        left = ratio / math.hypot(1, ratio) if ratio < math.inf else 1
        return Normal(mean, self.standard_deviation * left)

    def predictive(self, noise: float) -> Normal:
        """Return the law of the next measurement, when this is the law of the unknown mean.

        Its variance is σ² + noise²: never less than the noise² that a plugged-in mean would promise.
        """
        return Normal(self.mean, math.hypot(self.standard_deviation, _checks.positive("noise", noise)))


@dataclass(frozen=True)
class Uniform:
    """The uniform law on an interval, with density 1/(high − low).

    See the section :ref:`sec-prob-density`.

    Args:
        low, high: its ends, low < high.

    Raises:
        ValueError: if an end is not finite or ``high`` is not above ``low``.
        TypeError: if one is not a real number.

    >>> Uniform(0.0, 4.0).entropy(base=2)
    2.0
    """

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        set_field(self, "low", _checks.finite("low", self.low))
        set_field(self, "high", _checks.finite("high", self.high))
        if not 0 < self.high - self.low < math.inf:
            raise ValueError(
                f"high must be above low by a finite amount, got low={self.low} and high={self.high}"
            )

    @property
    def mean(self) -> float:
        """(low + high)/2."""
        return self.low + (self.high - self.low) / 2

    @property
    def variance(self) -> float:
        """(high − low)²/12; ∞ where no float holds it."""
        return (self.high - self.low) * (self.high - self.low) / 12

    def log_prob(self, x: ArrayLike) -> NDArray[np.float64] | float:
        """Return the logarithm of the density at ``x``, any shape; −inf outside the interval.

        Raises:
            ValueError: if ``x`` is not finite.
        """
        x = _checks.finite_array("x", x)
        inside = (self.low <= x) & (x <= self.high)
        return arrays.result(np.where(inside, -math.log(self.high - self.low), -np.inf))

    def sample(self, size: int | tuple[int, ...] | None, rng: RandomLike) -> NDArray[np.float64] | float:
        """Draw numbers of shape ``size`` (None: one float): low + (high − low)·u."""
        return arrays.result(self.low + (self.high - self.low) * as_generator(rng).random(arrays.shape(size)))

    def entropy(self, base: float = math.e) -> float:
        """Return the differential entropy ln(high − low), negative on an interval shorter than 1."""
        return math.log(self.high - self.low) / arrays.log_base(base)


@dataclass(frozen=True)
class Bernoulli:
    """The law of one toss of a coin: P(1) = μ and P(0) = 1 − μ.

    Source: :cite:`bishop2006pattern`, equations 2.2–2.4. See the section :ref:`sec-prob-bernoulli`.

    Args:
        mean: μ, from 0 to 1.

    Raises:
        ValueError: if μ lies outside 0 … 1.
        TypeError: if it is not a real number.

    >>> Bernoulli(0.5).variance, Bernoulli(0.5).entropy(base=2)
    (0.25, 1.0)
    """

    mean: float

    def __post_init__(self) -> None:
        mean = _checks.finite("mean", self.mean)
        if not 0 <= mean <= 1:
            raise ValueError(f"mean must lie between 0 and 1, got {mean}")
        set_field(self, "mean", mean)

    @property
    def variance(self) -> float:
        """μ(1 − μ), at most ¼."""
        return self.mean * (1 - self.mean)

    def log_prob(self, x: ArrayLike) -> NDArray[np.float64] | float:
        """Return ln μ where ``x`` is 1 or True and ln(1 − μ) where it is 0 or False; any shape.

        Raises:
            ValueError: if ``x`` holds anything else.
        """
        x = _checks.finite_array("x", arrays.without_booleans(x))
        if not np.isin(x, (0, 1)).all():
            raise ValueError(f"x must hold only 0 and 1, got {x[~np.isin(x, (0, 1))].flat[0]:g}")
        zero = math.log1p(-self.mean) if self.mean < 1 else -math.inf
        one = math.log(self.mean) if self.mean > 0 else -math.inf
        return arrays.result(np.where(x == 1, one, zero))

    def sample(self, size: int | tuple[int, ...] | None, rng: RandomLike) -> NDArray[np.int64] | int:
        """Draw zeros and ones of shape ``size`` (None: one int): 1 where a uniform number is below μ."""
        ones = np.asarray(as_generator(rng).random(arrays.shape(size)) < self.mean).astype(np.int64)
        return int(ones) if size is None else ones

    def entropy(self, base: float = math.e) -> float:
        """Return −μ ln μ − (1 − μ) ln(1 − μ)."""
        return entropy([self.mean, 1 - self.mean], base)


@dataclass(frozen=True, eq=False)
class Categorical:
    """The law of one roll of a die with K faces, numbered from 0.

    Source: :cite:`bishop2006pattern`, equation 2.26. See the section :ref:`sec-prob-categorical`.

    Args:
        probabilities: p, shape (K,).

    Raises:
        ValueError: if ``probabilities`` is not a distribution over one axis.

    >>> Categorical([0.1, 0.2, 0.3, 0.4]).mean
    array([0.1, 0.2, 0.3, 0.4])
    """

    probabilities: NDArray[np.float64]

    def __post_init__(self) -> None:
        p = arrays.distribution("probabilities", self.probabilities)
        if p.ndim != 1:
            raise ValueError(f"probabilities must have shape (K,), got {p.shape}")
        set_field(self, "probabilities", arrays.frozen(p))

    @property
    def mean(self) -> NDArray[np.float64]:
        """p, shape (K,): the mean of the one-hot code. Faces are names, so their number has no mean."""
        return self.probabilities

    @property
    def variance(self) -> NDArray[np.float64]:
        """p(1 − p), shape (K,): the variance of each entry of the one-hot code."""
        return self.probabilities * (1 - self.probabilities)

    def log_prob(self, x: ArrayLike) -> NDArray[np.float64] | float:
        """Return ln p[x] of outcomes 0 … K − 1, any shape; −inf where p = 0.

        Raises:
            ValueError: if an outcome lies outside 0 … K − 1 or is not whole.
        """
        outcomes = arrays.indices("x", x, len(self.probabilities))
        return arrays.result(arrays.xlogy(np.ones(()), self.probabilities)[outcomes])

    def sample(self, size: int | tuple[int, ...] | None, rng: RandomLike) -> NDArray[np.int64] | int:
        """Draw outcomes of shape ``size`` (None: one int) by :func:`sample_categorical`."""
        return sample_categorical(self.probabilities, size, rng)

    def entropy(self, base: float = math.e) -> float:
        """Return −Σ p ln p, from 0 for a sure thing to ln K for a fair die."""
        return entropy(self.probabilities, base)


def set_field(law: object, field: str, value: object) -> None:
    """Set a field of a frozen dataclass while it is being made."""
    object.__setattr__(law, field, value)
