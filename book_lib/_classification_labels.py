"""Guards for labels in their two conventions, for the modules of :mod:`book_lib.classification`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays

CONVENTIONS = {"01": (0.0, 1.0), "pm1": (-1.0, 1.0)}  # (no, yes)
NAMES = {"01": "0 and 1", "pm1": "-1 and +1"}


def convention(value: str) -> str:
    """Return the name of a convention: "01" or "pm1"."""
    return _checks.one_of("convention", value, CONVENTIONS)


def binary(name: str, labels: ArrayLike, kind: str, shape: tuple[int, ...] | None = None) -> NDArray[np.float64]:
    """Return yes as 1.0 and no as 0.0, refusing labels outside the convention; truth values pass as 0 and 1."""
    no, yes = CONVENTIONS[convention(kind)]
    array = _checks.finite_array(name, arrays.without_booleans(labels))
    wrong = (array != no) & (array != yes)
    if wrong.any():
        found = f"{name} must hold only {NAMES[kind]} with convention={kind!r}, got {array[wrong].flat[0]:g}"
        other = "pm1" if kind == "01" else "01"
        fits = np.isin(array, CONVENTIONS[other]).all()
        raise ValueError(found + f"; convention={other!r} is for labels {NAMES[other]}" * bool(fits))
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    return (array == yes).astype(np.float64)


def two_sided(name: str, labels: ArrayLike, kind: str) -> NDArray[np.bool_]:
    """Return which of N examples are positive, shape (N,), refusing a single class."""
    array = binary(name, labels, kind)
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (N,), got {array.shape}")
    if not 0 < array.sum() < len(array):
        only = "none" if len(array) == 0 else f"only {CONVENTIONS[kind][int(array[0])]:g}"
        raise ValueError(f"{name} must hold both classes, {NAMES[kind]}, got {only}")
    return array == 1


def classes(name: str, labels: ArrayLike) -> NDArray[np.int64]:
    """Return labels 0 … K − 1, shape (N,), of which each occurs, K ≥ 2."""
    array = arrays.indices(name, labels, 2**31)
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (N,), got {array.shape}")
    present = np.unique(array)
    if len(present) < 2:
        raise ValueError(f"{name} must hold two classes at least, got {present.tolist()}")
    missing = np.setdiff1d(np.arange(len(present)), present)
    if len(missing):
        raise ValueError(
            f"{name} must hold every class from 0 to {present[-1]}, got none of class {missing[0]}: number them anew"
        )
    return array
