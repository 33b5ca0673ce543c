"""The normal law of several numbers, re-exported by :mod:`book_lib.probability`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib._probability_laws import LOG_2PI, set_field
from book_lib.rng import RandomLike, as_generator


@dataclass(frozen=True, eq=False)
class MultivariateNormal:
    """The normal law 𝒩(μ, Σ) of D numbers, of density exp(−½(x − μ)ᵀΣ⁻¹(x − μ))/√det(2πΣ).

    Source: :cite:`bishop2006pattern`, equation 2.43. See the section :ref:`sec-prob-multivariate`.

    Args:
        mean: μ, shape (D,).
        covariance: Σ, shape (D, D), symmetric and positive definite.

    Raises:
        ValueError: if the shapes do not fit, an entry is not finite, or Σ is not symmetric or not
            positive definite (to rounding).

    >>> MultivariateNormal([0.0, 0.0], [[4.0, 0.0], [0.0, 1.0]]).variance
    array([4., 1.])
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def __post_init__(self) -> None:
        mean = _checks.finite_array("mean", self.mean)
        if mean.ndim != 1 or len(mean) == 0:
            raise ValueError(f"mean must have shape (D,), got {mean.shape}")
        covariance = _positive_definite("covariance", self.covariance, len(mean))
        set_field(self, "mean", arrays.frozen(mean))
        set_field(self, "covariance", arrays.frozen(covariance))
        set_field(self, "_root", arrays.frozen(np.linalg.cholesky(covariance)))  # L, with Σ = LLᵀ

    @property
    def variance(self) -> NDArray[np.float64]:
        """The diagonal of Σ, shape (D,)."""
        return np.diagonal(self.covariance).copy()

    def log_prob(self, x: ArrayLike) -> NDArray[np.float64] | float:
        """Return the logarithm of the density at points ``x``, shape (…, D) → (…).

        Raises:
            ValueError: if ``x`` is not finite or its last axis is not D long.
        """
        x = _checks.finite_array("x", x)
        if x.ndim == 0 or x.shape[-1] != len(self.mean):
            raise ValueError(f"x must have shape (..., {len(self.mean)}), got {x.shape}")
        # With Σ = LLᵀ the exponent is a sum of squares of L⁻¹(x − μ).
        white = np.linalg.solve(self._root, (x - self.mean).reshape(-1, x.shape[-1]).T)  # (D, points)
        with np.errstate(over="ignore"):  # so far away that the density is 0
            squares = (white**2).sum(axis=0).reshape(x.shape[:-1])
        return arrays.result(-(squares + self._log_det_2pi()) / 2)

    def sample(self, size: int | tuple[int, ...] | None, rng: RandomLike) -> NDArray[np.float64]:
        """Draw points, shape (*size, D) (None: one point, shape (D,)): μ + L times standard normal ones."""
        standard = as_generator(rng).standard_normal((*arrays.shape(size), len(self.mean)))
        return self.mean + standard @ self._root.T

    def entropy(self, base: float = math.e) -> float:
        """Return the differential entropy ½ ln det(2πeΣ)."""
        return (self._log_det_2pi() + len(self.mean)) / 2 / arrays.log_base(base)

    def _log_det_2pi(self) -> float:
        return len(self.mean) * LOG_2PI + 2 * float(np.log(np.diagonal(self._root)).sum())


def _positive_definite(name: str, matrix: ArrayLike, dimension: int) -> NDArray[np.float64]:
    array = _checks.finite_array(name, matrix)
    if array.shape != (dimension, dimension):
        raise ValueError(f"{name} must have shape ({dimension}, {dimension}), got {array.shape}")
    spread = np.sqrt(np.maximum(np.diagonal(array), 0))
    skew = np.abs(array / 2 - array.T / 2)  # halves, as twice 1e308 is no float
    skewed = skew > 0.5e-9 * np.maximum(np.abs(array), np.outer(spread, spread))
    if skewed.any():
        i, j = (int(index) for index in np.argwhere(skewed)[0])
        raise ValueError(
            f"{name} must be symmetric, got {array[i, j]:g} at {(i, j)} and {array[j, i]:g} at {(j, i)}"
        )
    if (spread == 0).any():
        raise ValueError(
            f"{name} must be positive definite, got {np.diagonal(array).min():g} on its diagonal"
        )
    array = array / 2 + array.T / 2
    # subtle: the correlations are judged, so that a millimetre beside a light year is no fault.
    smallest = np.linalg.eigvalsh(array / spread[:, None] / spread)[0]
    if smallest <= dimension * np.finfo(float).eps:
        raise ValueError(f"{name} must be positive definite, got correlations of eigenvalue {smallest:.3g}")
    return array
