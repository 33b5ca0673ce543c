"""Guards at the door of the library: each names the argument, what came and what was expected.

Nothing is silently clipped or converted: a NaN temperature or a fractional size is a mistake in the
caller's program, and the sooner it hears so, the shorter the hunt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def finite(name: str, value: Any) -> float:
    """Return ``value`` as a float, refusing what is not a finite real number."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a real number, got {value!r} ({type(value).__name__})")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return float(value)


def positive(name: str, value: Any) -> float:
    """Return ``value`` as a float, refusing zero, negative and non-finite numbers."""
    number = finite(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be greater than 0, got {value!r}")
    return number


def integer(name: str, value: Any, minimum: int | None = None, maximum: int | None = None) -> int:
    """Return ``value`` as an int, refusing fractions and what lies outside ``minimum … maximum``."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {value!r} ({type(value).__name__})")
    if minimum is not None and value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    if maximum is not None and value > maximum:
        raise ValueError(f"{name} must be at most {maximum}, got {value}")
    return int(value)


def one_of(name: str, value: Any, options: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``options``."""
    known = tuple(options)
    if not isinstance(value, str) or value not in known:
        listed = ", ".join(repr(option) for option in known)
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")
    return value


def real_array(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return ``values`` as a float64 array, refusing anything not made of real numbers; NaN and ∞ pass.

    subtle: NumPy would read "1.5" as a number, True as 1, and drop an imaginary part or a mask.
    """
    if np.ma.isMaskedArray(values):
        raise TypeError(f"{name} must be an array of real numbers, got a masked array")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:  # ragged rows, for one
        raise TypeError(f"{name} must be an array of real numbers: {error}") from None
    if array.dtype.kind == "O":  # integers beyond 64 bits, fractions
        wrong = [x for x in array.flat if isinstance(x, bool) or not isinstance(x, Real)]
        if wrong:
            raise TypeError(f"{name} must be an array of real numbers, got {wrong[0]!r}")
    elif array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be an array of real numbers, got an array of {array.dtype}")
    try:
        return array.astype(np.float64, copy=False)
    except (TypeError, OverflowError) as error:
        raise TypeError(f"{name} must be an array of real numbers: {error}") from None


def finite_array(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return ``values`` as a float64 array, refusing NaN, infinities and anything not numeric."""
    array = real_array(name, values)
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{name} must be finite, got {array[where]} at index {where}")
    return array


def spin_lattice(name: str, spins: ArrayLike) -> NDArray[np.int8]:
    """Return ``spins`` as an int8 array of shape (L, L), L ≥ 3, refusing entries other than ±1."""
    array = np.asarray(spins)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"{name} must be a square lattice of shape (L, L), got shape {array.shape}")
    if array.shape[0] < 3:
        # subtle: on a torus of width 2 the left and the right neighbour are one and the same spin.
        raise ValueError(f"{name} must be at least 3 wide, got {array.shape[0]}")
    if array.dtype.kind not in "iuf" or not np.isin(array, (-1, 1)).all():
        raise ValueError(f"{name} must hold only -1 and +1")
    return array.astype(np.int8)
