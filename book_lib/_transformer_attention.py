"""Attention step by step, on NumPy arrays, and who may look at whom; see :mod:`book_lib.transformer`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks


def attention(
    queries: ArrayLike,
    keys: ArrayLike,
    values: ArrayLike,
    mask: ArrayLike | None = None,
    scale: float | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each query's average of the values, and the weights: softmax(s QKᵀ) V, each row by itself.

    Source: :cite:`vaswani2017attention`, equation 1, where s = 1/√d. See the section :ref:`sec-tf-qkv`.

    Args:
        queries: Q, shape (…, n, d).
        keys: K, shape (…, m, d).
        values: V, shape (…, m, c). Axes in front broadcast: heads, texts of a batch.
        mask: True where query i may look at key j, shape (n, m) or (…, n, m); everywhere by default.
        scale: s; 1/√d by default, 1 for plain products.

    Returns:
        The averages, shape (…, n, c), and the weights, shape (…, n, m), whose rows sum to 1.

    Raises:
        TypeError: if something is not of real numbers, or the mask not of booleans.
        ValueError: if numbers are not finite, so large that their products are not, or shapes do not fit; or if
            a query may look at nothing.

    >>> output, weights = attention([[0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[2.0], [4.0]])
    >>> output, weights
    (array([[3.]]), array([[0.5, 0.5]]))
    """
    q, k, v = (_rows(name, x) for name, x in (("queries", queries), ("keys", keys), ("values", values)))
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(f"keys must be as wide as queries, {q.shape[-1]}, got {k.shape[-1]}")
    if k.shape[-2] != v.shape[-2]:
        raise ValueError(f"values must be as many as keys, {k.shape[-2]}, got {v.shape[-2]}")
    try:
        np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    except ValueError:
        fronts = [x.shape[:-2] for x in (q, k, v)]
        raise ValueError(f"queries, keys and values must have front axes that broadcast, got {fronts}") from None
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else _checks.finite("scale", scale)
    with np.errstate(over="ignore", invalid="ignore"):
        scores = scale * (q @ np.swapaxes(k, -1, -2))  # (…, n, m)
    if not np.isfinite(scores).all():
        raise ValueError("queries and keys must have products that a float holds; these are too large")
    if mask is not None:
        scores = np.where(_mask(mask, scores.shape), scores, -np.inf)
    with np.errstate(over="ignore"):  # a gap too wide for a float is a weight of 0
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights @ v, weights


def causal_mask(n: int) -> NDArray[np.bool_]:
    """Return (n, n) with True where j ≤ i: a token may look at itself and at what came before.

    Raises:
        TypeError, ValueError: if ``n`` is no positive integer.

    See the section :ref:`sec-tf-mask`.

    >>> causal_mask(3).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    """
    return np.tri(_checks.integer("n", n, 1, _checks.LONGEST), dtype=bool)


def local_mask(n: int, radius: int) -> NDArray[np.bool_]:
    """Return (n, n) with True where |i − j| ≤ radius: a band, of local attention.

    Raises:
        TypeError, ValueError: if ``n`` is no positive integer, or ``radius`` no integer ≥ 0.

    See the section :ref:`sec-tf-masks`.

    >>> local_mask(4, 1).astype(int)
    array([[1, 1, 0, 0],
           [1, 1, 1, 0],
           [0, 1, 1, 1],
           [0, 0, 1, 1]])
    """
    places = np.arange(_checks.integer("n", n, 1, _checks.LONGEST))
    return np.abs(places[:, None] - places) <= _checks.integer("radius", radius, 0)


def _rows(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = _checks.finite_array(name, values)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"{name} must have shape (..., rows, width), none of them 0, got {array.shape}")
    return array


def _mask(mask: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    array = _checks.regular("mask", mask)
    if array.dtype != bool:
        raise TypeError(f"mask must hold True and False, got {array.dtype.name} entries")
    try:
        array = np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"mask must broadcast to {shape}, got shape {array.shape}") from None
    empty = ~array.any(axis=-1)
    if empty.any():
        where = tuple(int(i) for i in np.argwhere(empty)[0])
        raise ValueError(f"mask must let each query look at one key at least; row {where} has none")
    return array
