"""Guards at the door that regression and classification share: a table of inputs and what belongs to its rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks


def table(name: str, values: ArrayLike, columns: int | None = None) -> NDArray[np.float64]:
    """Return a table of shape (N, D), both at least 1, of finite numbers; D = ``columns`` where that is given."""
    array = _checks.finite_array(name, values)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"{name} must have shape (N, D) with a row and a column at least, got {array.shape}")
    if columns is not None and array.shape[1] != columns:
        raise ValueError(f"{name} must have shape (N, {columns}), the columns that were fitted, got {array.shape}")
    return array


def vector(name: str, values: ArrayLike, length: int, of: str) -> NDArray[np.float64]:
    """Return ``length`` finite numbers, shape (N,); ``of`` says what they are one for each of."""
    array = _checks.finite_array(name, values)
    if array.shape != (length,):
        raise ValueError(f"{name} must have shape ({length},), one number for each {of}, got {array.shape}")
    return array


def pair(inputs: ArrayLike, targets: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return X, shape (N, D), and t, shape (N,), refusing a pair that does not match."""
    X = table("X", inputs)
    return X, vector("t", targets, len(X), "row of X")


def penalty(value: Any) -> float:
    """Return λ as a float, λ ≥ 0."""
    number = _checks.finite("penalty", value)
    if number < 0:
        raise ValueError(f"penalty must be at least 0, got {number:g}: below it, larger weights would be rewarded")
    return number
