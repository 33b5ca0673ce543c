"""Bayesian linear regression, re-exported by :mod:`book_lib.regression`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _linear_data as data


@dataclass(frozen=True)
class BayesianLinearRegression:
    """Weights with the prior 𝒩(0, I/α), targets with the noise 𝒩(0, 1/β): what may be known after the data?

    The most probable weights are :func:`ridge`'s, bias penalised, with λ = α/β. See :ref:`sec-reg-bayes`.

    Args:
        prior_precision: α > 0, one over the prior variance of each weight.
        noise_precision: β > 0, one over the variance of the noise.

    Raises:
        ValueError: if a precision is not above 0 or not finite.
        TypeError: if one is not a real number.

    >>> posterior = BayesianLinearRegression(prior_precision=1.0, noise_precision=1.0).fit([[1.0]], [2.0])
    >>> posterior.mean, posterior.covariance
    (array([1.]), array([[0.5]]))
    >>> mean, variance = posterior.predict([[2.0]])
    >>> mean, variance
    (array([2.]), array([3.]))
    """

    prior_precision: float
    noise_precision: float

    def __post_init__(self) -> None:
        for name in ("prior_precision", "noise_precision"):
            object.__setattr__(self, name, _checks.positive(name, getattr(self, name)))

    def fit(self, X: ArrayLike, t: ArrayLike) -> Posterior:
        """Return the law of the weights after the data: precision αI + βXᵀX, mean β·covariance·Xᵀt.

        Source: :cite:`bishop2006pattern`, equations 3.53 and 3.54; 3.86 for the evidence.

        Args:
            X: shape (N, D), with its column of ones if there is to be a bias.
            t: targets, shape (N,).

        Raises:
            ValueError: if X and t do not match, are empty, or hold NaN or infinity.
            TypeError: if one is not numeric.
        """
        X, t = data.pair(X, t)
        alpha, beta = self.prior_precision, self.noise_precision
        left, singular, right = np.linalg.svd(X, full_matrices=len(X) < X.shape[1])
        shared = len(singular)
        # subtle: √(α + βσ²), the root of the precision along each direction: σ² itself could overflow.
        roots = np.full(X.shape[1], math.sqrt(alpha))
        roots[:shared] = np.hypot(roots[:shared], math.sqrt(beta) * singular)
        pull = math.sqrt(beta) * singular / roots[:shared] * (math.sqrt(beta) * left[:, :shared].T @ t)
        mean = right[:shared].T @ (pull / roots[:shared])
        with np.errstate(over="ignore"):  # a misfit beyond all floats makes the evidence −∞, as it should
            misfit = beta * float(((t - X @ mean) ** 2).sum()) + alpha * float(mean @ mean)
        volume = 2 * float(np.log(roots / math.sqrt(alpha)).sum()) + len(t) * math.log(2 * math.pi / beta)
        return Posterior(mean, right.T / roots, beta, -(misfit + volume) / 2)


@dataclass(frozen=True, eq=False)
class Posterior:
    """The law of the weights after the data: 𝒩(mean, covariance).

    Args:
        mean: shape (D,).
        root: R of the covariance RRᵀ, shape (D, D).
        noise_precision: β.
        log_evidence: ln p(t | X, α, β), the probability of the data with the weights integrated out.
    """

    mean: NDArray[np.float64]
    root: NDArray[np.float64] = field(repr=False)
    noise_precision: float
    log_evidence: float

    @property
    def covariance(self) -> NDArray[np.float64]:
        """S = (αI + βXᵀX)⁻¹, shape (D, D)."""
        return self.root @ self.root.T

    def predict(self, X: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the mean xᵀm and the variance 1/β + xᵀSx of a new target at each row, shapes (M,) and (M,).

        The first part of the variance is noise and stays; the second is ignorance and goes as data come
        (:cite:`bishop2006pattern`, equation 3.59).

        Raises:
            ValueError: if X is not of shape (M, D) or not finite.
        """
        X = data.table("X", X, len(self.mean))
        # subtle: xᵀSx = |Rᵀx|² cannot come out negative, however little is known; the product with S itself can.
        return X @ self.mean, 1 / self.noise_precision + ((X @ self.root) ** 2).sum(axis=1)
