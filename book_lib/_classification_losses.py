"""The sigmoid, its relatives and the losses they make; re-exported by :mod:`book_lib.classification`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _classification_labels as guard
from book_lib import _probability_arrays as arrays
from book_lib._probability_energies import softmax

Numbers = NDArray[np.float64] | float


def sigmoid(z: ArrayLike) -> Numbers:
    """Return σ(z) = 1/(1 + e^{−z}), the probability of "yes" when z is its log-odds.

    Source: :cite:`bishop2006pattern`, equation 4.59. See the section :ref:`sec-class-sigmoid`.

    Args:
        z: finite, any shape.

    Raises:
        ValueError: if z is not finite.
        TypeError: if it is not numeric.

    >>> sigmoid([0.0, 1000.0, -1000.0])
    array([0.5, 1. , 0. ])
    """
    z = _checks.finite_array("z", z)
    small = np.exp(-np.abs(z))  # never above 1, so that nothing overflows
    return arrays.result(np.where(z >= 0, 1.0, small) / (1 + small))


def log_sigmoid(z: ArrayLike) -> Numbers:
    """Return ln σ(z) = −softplus(−z), also where σ(z) has rounded to 0 or 1.

    Arguments and errors are those of :func:`sigmoid`.

    >>> log_sigmoid([-1000.0, 0.0]).round(6).tolist()
    [-1000.0, -0.693147]
    """
    return arrays.result(-_softplus(-_checks.finite_array("z", z)))


def softplus(z: ArrayLike) -> Numbers:
    """Return ln(1 + e^z), a soft max(z, 0), as max(z, 0) + ln(1 + e^{−|z|}), in which nothing overflows.

    Arguments and errors are those of :func:`sigmoid`.

    >>> softplus([-1000.0, 0.0, 1000.0]).round(6).tolist()
    [0.0, 0.693147, 1000.0]
    """
    return arrays.result(_softplus(_checks.finite_array("z", z)))


def _softplus(z: NDArray) -> NDArray[np.float64]:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def binary_cross_entropy(z: ArrayLike, labels: ArrayLike, convention: str = "01") -> Numbers:
    """Return −ln p(label | z) of each example: the surprise, in nats, of a model whose log-odds are z.

    For labels t in {0, 1} it is −t ln σ(z) − (1 − t) ln(1 − σ(z)); for y = 2t − 1 in {−1, +1} the same number is
    ln(1 + e^{−yz}), and so it is computed. Its mean is :func:`book_lib.learning.mean_loss`'s. See the section
    :ref:`sec-class-signs`.

    Args:
        z: log-odds, any shape.
        labels: the same shape.
        convention: "01" or "pm1".

    Returns:
        The shape of z.

    Raises:
        ValueError: if z is not finite, a label is outside the convention, or the shapes differ.
        TypeError: if an argument is not numeric.

    >>> binary_cross_entropy([-3.0, 0.5, 4.0], [0, 1, 0]).round(6)
    array([0.048587, 0.474077, 4.01815 ])
    >>> binary_cross_entropy([-3.0, 0.5, 4.0], [-1, 1, -1], convention="pm1").round(6)
    array([0.048587, 0.474077, 4.01815 ])
    """
    z = _checks.finite_array("z", z)
    yes = guard.binary("labels", labels, convention, z.shape)
    return arrays.result(_softplus(np.where(yes == 1, -z, z)))


def softmax_cross_entropy(z: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Return ln Σ_k e^{z_k} − z_label of each example: −ln p(label | z) by log-sum-exp.

    Source: :cite:`bishop2006pattern`, equation 4.108. See the section :ref:`sec-class-pooled`.

    Args:
        z: logits, shape (N, K).
        labels: 0 … K−1, shape (N,).

    Returns:
        Shape (N,), not below 0.

    Raises:
        ValueError: if z is not finite or not of shape (N, K), or a label is not one of K classes.
        TypeError: if an argument is of the wrong kind.

    >>> softmax_cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [0, 1]).round(6).tolist()
    [0.693147, 1000.0]
    """
    z = _logits(z)
    labels = _labels(labels, z)
    with np.errstate(over="ignore"):  # logits of ±1e308 lie infinitely far apart
        gaps = z - z.max(axis=1, keepdims=True)
    return np.log(np.exp(gaps).sum(axis=1)) - gaps[np.arange(len(z)), labels]


def cross_entropy_gradient(z: ArrayLike, targets: ArrayLike) -> NDArray[np.float64]:
    """Return p − t, the slope of each example's cross-entropy in its logits, p = softmax(z).

    By the lemma, ln Σ e^{z_j} has the slope p_k, the mean of "is it k?" under the model, and the data subtract their
    own (:ref:`sec-info-lemma`; :cite:`bishop2006pattern`, equation 4.109). See the section :ref:`sec-class-slope`.

    Args:
        z: logits, shape (N, K).
        targets: labels 0 … K−1, shape (N,), or laws over the classes, shape (N, K), rows summing to 1.

    Returns:
        Shape (N, K); each row sums to 0.

    Raises:
        ValueError: if z is not finite or not of shape (N, K), or the targets do not fit it.
        TypeError: if an argument is of the wrong kind.

    >>> cross_entropy_gradient([[0.0, 0.0]], [1])
    array([[ 0.5, -0.5]])
    """
    z = _logits(z)
    if _checks.regular("targets", targets).ndim == 1:
        t = np.eye(z.shape[1])[_labels(targets, z)]
    else:
        t = arrays.distribution("targets", targets)
        if t.shape != z.shape:
            raise ValueError(f"targets must have shape {z.shape[:1]} or {z.shape}, got {t.shape}")
    return softmax(z) - t


def _logits(z: ArrayLike) -> NDArray[np.float64]:
    z = _checks.finite_array("z", z)
    if z.ndim != 2 or 0 in z.shape:
        raise ValueError(f"z must have shape (N, K), one row for each example, got {z.shape}")
    return z


def _labels(labels: ArrayLike, z: NDArray) -> NDArray[np.int64]:
    indices = arrays.indices("labels", labels, z.shape[1])
    if indices.shape != z.shape[:1]:
        raise ValueError(f"labels must have shape {z.shape[:1]}, one for each row of z, got {indices.shape}")
    return indices


def _probit(z: ArrayLike) -> Numbers:
    """Return Φ(z), the normal law's share below z."""
    z = _checks.finite_array("z", z)
    return arrays.result(np.vectorize(math.erfc, otypes=[float])(-z / math.sqrt(2)) / 2 if z.size else z)


def _rescaled_tanh(z: ArrayLike) -> Numbers:
    """Return (1 + tanh z)/2, which is σ(2z)."""
    return sigmoid(2 * np.clip(_checks.finite_array("z", z), -1e300, 1e300))  # beyond, it is 0 or 1 in any case


links: Mapping[str, Callable[[ArrayLike], Numbers]] = MappingProxyType(
    {"logistic": sigmoid, "probit": _probit, "tanh": _rescaled_tanh}
)
"""Ways to bend a score into a probability: "logistic" σ(z), "probit" Φ(z), "tanh" (1 + tanh z)/2 = σ(2z).

See the section :ref:`sec-class-sigmoid`.
"""
