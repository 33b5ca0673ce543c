"""Guards at the door of the library: each names the argument, what came and what was expected.

Nothing is silently clipped or converted: a NaN temperature or a fractional size is a mistake in the
caller's program, and the sooner it hears so, the shorter the hunt.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LONGEST = 2**48  # entries of an array: more fit no memory, and NumPy's own complaint would name no argument


def finite(name: str, value: Any) -> float:
    """Return ``value`` as a float, refusing what is not a finite real number."""
    if not _is_real(value):
        raise TypeError(f"{name} must be a real number, got {value!r} ({type(value).__name__})")
    try:
        number = float(value)
    except OverflowError:  # 10**400 is a real number that no float holds
        number = math.inf
    if not math.isfinite(number):
        came = repr(value)
        raise ValueError(f"{name} must be finite, got {came if len(came) < 40 else came[:36] + '...'}")
    return number


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
    """Return ``values`` as a float64 array, refusing what is no array of real numbers: text, complex
    numbers, booleans, dates, gaps (None, masked arrays) and lists of unequal length."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must be an array of real numbers, got a masked array; fill its gaps first")
    try:
        array = np.asarray(values)
        # subtle: NumPy turns "1", True and a date into floats if asked; the kind tells them from numbers.
        if array.dtype.kind in "iuf" or (array.dtype.kind == "O" and all(map(_is_real, array.flat))):
            with np.errstate(over="ignore"):  # what a long double holds and a float does not becomes infinite
                return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise TypeError(f"{name} must be an array of real numbers: {error}") from None
    raise TypeError(f"{name} must be an array of real numbers, got {array.dtype.name} entries")


def _is_real(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def over_temperature(name: str, value: float, temperature: ArrayLike) -> NDArray[np.float64]:
    """Return ``value``/T, refusing a temperature so low that no float holds a few times the quotient."""
    with np.errstate(over="ignore"):
        quotient = np.asarray(value / np.asarray(temperature, dtype=np.float64))
    if (np.abs(quotient) > 1e300).any():
        lowest = float(np.min(temperature))
        raise ValueError(f"temperature must be at least {name}/1e300, got {lowest} for {name} {value:g}")
    return quotient


def finite_array(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return ``values`` as a float64 array, refusing NaN, infinities and anything not numeric."""
    array = real_array(name, values)
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(f"{name} must be finite, got {array[where]} at index {where}")
    return array


def regular(name: str, values: ArrayLike) -> NDArray:
    """Return ``values`` as an array of whatever type, refusing lists of unequal length and masked arrays."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} must be an array without gaps, got a masked array; fill its gaps first")
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must be an array, got lists of unequal length") from None


def slug(name: str, value: Any) -> str:
    """Return ``value`` if it is lower-case words joined by hyphens, fit for a file's name."""
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", value):
        raise ValueError(f"{name} must be lower-case words joined by hyphens, not {value!r}")
    return value


def spin_lattice(name: str, spins: ArrayLike) -> NDArray[np.int8]:
    """Return ``spins`` as an int8 array of shape (L, L), L ≥ 3, refusing entries other than ±1."""
    array = regular(name, spins)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"{name} must be a square lattice of shape (L, L), got shape {array.shape}")
    if array.shape[0] < 3:
        # subtle: on a torus of width 2 the left and the right neighbour are one and the same spin.
        raise ValueError(f"{name} must be at least 3 wide, got {array.shape[0]}")
    if array.dtype.kind not in "iuf" or not np.isin(array, (-1, 1)).all():
        raise ValueError(f"{name} must hold only -1 and +1")
    # subtle: row by row, also where a transposed lattice came: the kernels write through a flat view.
    return np.array(array, dtype=np.int8, order="C")
