"""What the modules of :mod:`book_lib.probability` share: guards at the door, and 0 ln 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks

TOLERANCE = 1e-6  # how far a row of probabilities may sum from 1 (float32 networks sum to 1 ± 1e-7)


def temperature(value: Any) -> float:
    """Return T as a float, 0 ≤ T ≤ ∞."""
    if isinstance(value, (float, np.floating)) and value == math.inf:
        return math.inf
    number = _checks.finite("temperature", value)
    if number < 0:
        raise ValueError(f"temperature must be at least 0, got {value}")
    return number


def at_least_zero(name: str, value: Any) -> float:
    """Return ``value`` as a float, refusing negative and non-finite numbers."""
    number = _checks.finite(name, value)
    if number < 0:
        raise ValueError(f"{name} must be at least 0, got {value!r}")
    return number


def require_entries(name: str, array: NDArray, axis: int) -> None:
    """Refuse an axis that is not there or has nothing along it."""
    if not -array.ndim <= _checks.integer("axis", axis) < array.ndim or array.shape[axis] == 0:
        raise ValueError(f"{name} must have at least one entry along axis {axis}, got shape {array.shape}")


def logits(values: ArrayLike, axis: int, name: str = "logits") -> NDArray[np.float64]:
    """Return scores as an array of real numbers or −inf, with something along ``axis``."""
    z = _checks.real_array(name, values)
    require_entries(name, z, axis)
    if np.isnan(z).any() or (z == np.inf).any():
        raise ValueError(f"{name} must be real numbers or -inf, got NaN or +inf")
    return z


def energies(values: ArrayLike, axis: int) -> NDArray[np.float64]:
    """Return energies as an array of real numbers or +inf, with a possible state along ``axis``."""
    array = _checks.real_array("energies", values)
    require_entries("energies", array, axis)
    if np.isnan(array).any() or (array == -np.inf).any():
        raise ValueError("energies must be real numbers or +inf, got NaN or -inf")
    if (array.min(axis=axis) == np.inf).any():
        raise ValueError("energies must leave at least one state possible, got only +inf along the axis")
    return array


def distribution(name: str, p: ArrayLike, axis: int = -1) -> NDArray[np.float64]:
    """Return probabilities that are finite, not negative, and sum to 1 along ``axis``.

    Where the sum is off by rounding (up to ``TOLERANCE``) it is divided out: a divergence between rows
    that add up to different numbers could be negative.
    """
    array = _checks.finite_array(name, p)
    require_entries(name, array, axis)
    if (array < 0).any():
        raise ValueError(f"{name} must not be negative, got {array.min()}")
    with np.errstate(over="ignore"):  # 1e308 twice sums to infinity, which is not 1 either
        total = array.sum(axis=axis, keepdims=True)
    worst = total.flat[np.argmax(np.abs(total - 1))] if total.size else 1.0
    if abs(worst - 1) > TOLERANCE:
        raise ValueError(f"{name} must sum to 1 along axis {axis}, got {worst:.9g}")
    return array / total


def matching(first: str, a: NDArray, second: str, b: NDArray, axis: int) -> None:
    """Refuse two arrays that do not list the same outcomes along ``axis``, or do not fit each other."""
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise ValueError(
            f"{first} and {second} must have matching shapes, got {a.shape} and {b.shape}"
        ) from None
    # subtle: shapes are matched from their ends, so axis 0 of a table is not axis 0 of a row.
    if axis >= 0 and a.ndim != b.ndim:
        raise ValueError(
            f"{first} and {second} must have as many axes for axis {axis}, got {a.shape} and {b.shape}: "
            "count the axis from the end"
        )
    if a.shape[axis] != b.shape[axis]:
        raise ValueError(
            f"{first} and {second} must list the same outcomes, got {a.shape[axis]} and {b.shape[axis]}"
        )


def counts(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return counts, shape (…, K): finite and not negative. Fractions pass: data may carry weights."""
    array = _checks.finite_array(name, values)
    require_entries(name, array, -1)
    if (array < 0).any():
        raise ValueError(f"{name} must not be negative, got {array.min():g}")
    return array + 0.0  # −0.0 as well is 0


def total(name: str, weights: NDArray) -> NDArray[np.float64]:
    """Return the sum along the last axis, shape (…, 1), refusing one that no float holds."""
    with np.errstate(over="ignore"):
        sums = weights.sum(axis=-1, keepdims=True)
    if not np.isfinite(sums).all():
        raise ValueError(f"{name} must have a finite sum, got {weights.max():g} among them")
    return sums


def indices(name: str, values: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return outcomes 0 … classes − 1 as integers; whole floats pass, 1.5 and True do not."""
    try:
        array = np.asarray(values)
    except ValueError as error:  # ragged rows
        raise TypeError(f"{name} must be integers: {error}") from None
    if array.size == 0:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iuf" or np.ma.isMaskedArray(values):
        raise TypeError(f"{name} must be integers, got an array of {array.dtype}")
    if not (array == np.floor(array)).all():
        raise ValueError(f"{name} must be integers, got {array[array != np.floor(array)].flat[0]}")
    wrong = (array < 0) | (array >= classes)
    if wrong.any():
        raise ValueError(f"{name} must lie in 0 ... {classes - 1}, got {array[wrong].flat[0]:g}")
    return array.astype(np.int64)


def shape(size: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """Return the shape of a draw; None is a single one."""
    if size is None:
        return ()
    sizes = size if isinstance(size, tuple) else (size,)
    checked = tuple(_checks.integer("size", n, 0, _checks.LONGEST) for n in sizes)
    if math.prod(checked) > _checks.LONGEST:
        raise ValueError(f"size must be at most {_checks.LONGEST} in all, got {size}")
    return checked


def without_booleans(values: ArrayLike) -> ArrayLike:
    """Return an array of truth values as zeros and ones, and anything else as it is."""
    if isinstance(values, np.ma.MaskedArray):
        return values  # for the guards to refuse
    try:
        array = np.asarray(values)
    except ValueError:  # lists of unequal length, likewise
        return values
    return array.astype(np.int64) if array.dtype == bool else values


def frozen(array: NDArray) -> NDArray:
    """Return a copy that nobody can write to, for a field of a frozen dataclass."""
    array = np.array(array)
    array.setflags(write=False)
    return array


def log_base(base: float) -> float:
    """Return ln b of a base b > 0 other than 1."""
    base = _checks.positive("base", base)
    if base == 1:
        raise ValueError("base must differ from 1: no power of 1 is anything but 1")
    return math.log(base)


def xlogy(x: NDArray, y: NDArray) -> NDArray:
    """Return x ln y with 0 ln 0 = 0 and x ln 0 = −inf for x > 0."""
    x, y = np.broadcast_arrays(x, y)
    with np.errstate(divide="ignore"):
        return np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, y)))


def product(p: NDArray, values: NDArray) -> NDArray:
    """Return p·values where what has no weight counts nothing, be it infinite."""
    p, values = np.broadcast_arrays(p, values)
    return np.where(p == 0, 0.0, p * np.where(p == 0, 0.0, values))


def result(values: NDArray) -> NDArray | float:
    """Return an array, or a float where it holds a single number without a shape."""
    # subtle: adding 0 turns the −0.0 of an empty surprise into 0.0.
    values = np.asarray(values) + 0.0
    return float(values) if values.ndim == 0 else values
