"""Whether a probability means what it says, and one number that mends it; see :mod:`book_lib.classification`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _classification_labels as guard
from book_lib import _probability_arrays as arrays


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram: what was promised and what came, bin by bin.

    Args:
        edges: of the bins, shape (bins + 1,); a bin holds its upper edge, the first its lower one too.
        counts: examples in each bin, shape (bins,).
        confidence: the mean of the promised probabilities, shape (bins,); NaN in an empty bin.
        frequency: how often it came true, likewise.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    frequency: NDArray[np.float64]


def reliability(p: ArrayLike, labels: ArrayLike, bins: int = 10) -> Reliability:
    """Group predictions of like probability and compare the promise with the truth.

    Source: :cite:`guo2017calibration`, section 2. See the section :ref:`sec-class-calibration`.

    Args:
        p: probabilities of "yes", shape (N,), or of K classes, shape (N, K), rows summing to 1. Of the latter the
            largest of each row is judged.
        labels: 0 and 1, or 0 … K−1, shape (N,).
        bins: equally wide ones on 0 … 1, ≥ 1.

    Raises:
        ValueError: if p is not made of probabilities, the shapes do not match, there is nothing, a label is not
            one of the classes, or ``bins`` is below 1.
        TypeError: if an argument is of the wrong kind.

    >>> found = reliability([0.1, 0.15, 0.9, 0.95], [0, 1, 1, 1], bins=2)
    >>> found.counts, found.confidence, found.frequency
    (array([2, 2]), array([0.125, 0.925]), array([0.5, 1. ]))
    """
    promised, came = _promises(p, labels)
    bins = _checks.integer("bins", bins, 1, 10**6)
    # subtle: k/bins and not k·(1/bins), so that p = 0.35 = 7/20, as people write it, stands exactly on its edge.
    edges = np.arange(bins + 1) / bins
    which = np.searchsorted(edges[1:-1], promised, "left")
    counts = np.bincount(which, minlength=bins)
    filled = np.where(counts > 0, counts, 1)
    sums = (np.bincount(which, weights, minlength=bins) for weights in (promised, came))
    confidence, frequency = (np.where(counts > 0, total / filled, np.nan) for total in sums)
    return Reliability(edges, counts, confidence, frequency)


def expected_calibration_error(p: ArrayLike, labels: ArrayLike, bins: int = 10) -> float:
    """Return Σ (n_b/N) |frequency − confidence| over the bins: the mean distance between promise and truth.

    With few examples a bin errs by chance, so that even a perfect model is not at 0, and the number depends on the
    bins (:cite:`guo2017calibration`, equation 3). See the section :ref:`sec-class-calibration`.

    Arguments and errors are those of :func:`reliability`.

    >>> round(expected_calibration_error([0.1, 0.15, 0.9, 0.95], [0, 1, 1, 1], bins=2), 6)
    0.225
    """
    found = reliability(p, labels, bins)
    filled = found.counts > 0
    gaps = np.abs(found.frequency[filled] - found.confidence[filled])
    return float(found.counts[filled] @ gaps / found.counts.sum())


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """Return the T > 0 that makes the mean cross-entropy of softmax(z/T) smallest: temperature scaling.

    In β = 1/T the loss is convex, with the slope Σ(⟨z⟩_β − z_label). So at the best T the mean logit of the true class
    equals the mean that the model expects: moments match, by the lemma. The order of the logits, hence every answer,
    stays. Fit it on validation data (:cite:`guo2017calibration`, section 4.2). See :ref:`sec-class-temperature`.

    Args:
        logits: shape (N, K), or log-odds of "yes", shape (N,).
        labels: 0 … K−1, or 0 and 1, shape (N,).

    Raises:
        ValueError: if the shapes do not match, a logit is not finite or a label not one of the classes; if logits do
            not differ, as then all T fit alike; if each label has the largest logit, as then no T is too cold; if the
            true logits are on average no larger than the others, as then none is too hot.
        TypeError: if an argument is of the wrong kind.

    >>> round(fit_temperature([3.0, 3.0, 3.0, 3.0], [1, 1, 1, 0]), 4)  # promised 95 %, came true 75 %
    2.7307
    """
    z, t = _logits(logits, labels)
    size = 2.0 ** (math.frexp(np.abs(z).max())[1] - 1)  # a power of 2, so that nothing is rounded, or overflows
    z = z / size
    z -= z.max(axis=1, keepdims=True)
    unit = np.abs(z).max()
    if unit == 0:
        raise ValueError("logits must differ within a row: here they do not, and every T fits alike")
    true = z[np.arange(len(z)), t].mean()
    if true == 0:
        raise ValueError("labels must differ somewhere from the largest logit: all agree, and the best T is 0")
    if true <= z.mean():
        raise ValueError(
            "labels must have larger logits than other classes on average: here they have not, and the best T is ∞"
        )
    return size * float(unit / _inverse_temperature(z / unit, true / unit))


def _inverse_temperature(z: NDArray, true: float) -> float:
    """Return β with ⟨z⟩_β = true on average, z ≤ 0: Newton's steps, kept inside a bracket that bisection shrinks."""

    def excess(beta: float) -> tuple[float, float]:
        p = np.exp(beta * z)
        p /= p.sum(axis=1, keepdims=True)
        mean = (p * z).sum(axis=1)
        return float(mean.mean()) - true, float(((p * z**2).sum(axis=1) - mean**2).mean())

    low, high = 0.0, 1.0
    while excess(high)[0] < 0:
        low, high = high, 2 * high
    beta = (low + high) / 2
    for _ in range(200):
        gap, slope = excess(beta)
        if gap == 0:
            return beta
        low, high = (beta, high) if gap < 0 else (low, beta)
        following = beta - gap / slope if slope > 0 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - beta) <= 1e-14 * beta:
            return following
        beta = following
    return beta


def _logits(logits: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    z = _checks.finite_array("logits", logits)
    if z.ndim == 1:
        z = np.column_stack([np.zeros(len(z)), z])
    if z.ndim != 2 or len(z) == 0 or z.shape[1] < 2:
        raise ValueError(f"logits must have shape (N,) or (N, K), N ≥ 1, K ≥ 2, got {np.shape(logits)}")
    t = arrays.indices("labels", arrays.without_booleans(labels), z.shape[1])
    if t.shape != (len(z),):
        raise ValueError(f"labels must have shape ({len(z)},), one for each row of logits, got {t.shape}")
    return z, t


def _promises(p: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the probability that was promised for each example, and 1.0 where it came true."""
    p = _checks.finite_array("p", p)
    if p.ndim not in (1, 2) or len(p) == 0:
        raise ValueError(f"p must have shape (N,) or (N, K), N ≥ 1, got {p.shape}")
    if p.ndim == 1:
        if (p < 0).any() or (p > 1).any():
            wrong = p[(p < 0) | (p > 1)][0]
            raise ValueError(f"p must lie between 0 and 1, got {wrong:g}")
        return p, guard.binary("labels", labels, "01", p.shape)
    arrays.distribution("p", p)  # subtle: only to be refused or not; what it divides out would push 0.7 off its edge
    t = arrays.indices("labels", labels, p.shape[1])
    if t.shape != (len(p),):
        raise ValueError(f"labels must have shape ({len(p)},), one for each row of p, got {t.shape}")
    return np.minimum(p.max(axis=1), 1.0), (p.argmax(axis=1) == t).astype(np.float64)
