"""Entropy, cross-entropy and divergence, re-exported by :mod:`book_lib.probability`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _probability_arrays as arrays


def entropy(p: ArrayLike, base: float = math.e, axis: int = -1) -> NDArray[np.float64] | float:
    """Return S = −Σ p ln p, the mean surprise; 0 ln 0 = 0.

    Source: :cite:`shannon1948mathematical`, section 6. See the section :ref:`sec-info-entropy`.

    Args:
        p: probabilities, summing to 1 along ``axis``.
        base: of the logarithm; 2 gives bits.
        axis: the axis summed over.

    Raises:
        ValueError: if ``p`` has negative or non-finite entries or does not sum to 1, or if ``base`` is
            not a finite number above 0 other than 1.

    >>> entropy([0.5, 0.5], base=2)
    1.0
    """
    p = arrays.distribution("p", p, axis)
    return arrays.result(-arrays.xlogy(p, p).sum(axis=axis) / arrays.log_base(base))


def cross_entropy(
    p: ArrayLike, q: ArrayLike, base: float = math.e, axis: int = -1
) -> NDArray[np.float64] | float:
    """Return H(p, q) = −Σ p ln q: the mean surprise of q's believer in p's world; ∞ where q forbids p.

    Arguments and errors are those of :func:`entropy`, for both distributions. Their shapes must agree or
    broadcast, and if one has fewer axes, ``axis`` must count from the end. H(p, q) = S(p) + KL(p‖q). See
    the section :ref:`sec-info-cross`.

    >>> round(cross_entropy([0.5, 0.5], [0.25, 0.75], base=2), 4)
    1.2075
    """
    p, q = _pair(p, q, axis)
    return arrays.result(-arrays.xlogy(p, q).sum(axis=axis) / arrays.log_base(base))


def kl_divergence(
    p: ArrayLike, q: ArrayLike, base: float = math.e, axis: int = -1
) -> NDArray[np.float64] | float:
    """Return KL(p‖q) = Σ p ln(p/q) ≥ 0, the surprise that believing q adds; 0 only for p = q.

    Arguments and errors are those of :func:`cross_entropy`. It is not a distance: it is not symmetric.

    Source: :cite:`kullback1951information`; :cite:`cover2006elements`, theorem 2.6.3, for the inequality.
    See the section :ref:`sec-info-kl`.

    >>> kl_divergence([1.0, 0.0], [0.5, 0.5], base=2)
    1.0
    """
    p, q = _pair(p, q, axis)
    # subtle: Σ(p ln p − p ln q) term by term, so that equal distributions give 0 and not 1e-17.
    terms = arrays.xlogy(p, p) - arrays.xlogy(p, q)
    nats = np.maximum(terms.sum(axis=axis), 0.0)  # Gibbs' inequality: only rounding can fall below 0
    return arrays.result(nats / arrays.log_base(base))


def _pair(p: ArrayLike, q: ArrayLike, axis: int) -> tuple[NDArray, NDArray]:
    p, q = arrays.distribution("p", p, axis), arrays.distribution("q", q, axis)
    arrays.matching("p", p, "q", q, axis)
    return p, q
