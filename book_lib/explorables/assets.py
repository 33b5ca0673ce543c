"""Ship a file beside a page: weights, stored runs, tables that are too large for the page itself.

`asset(name, data)` hands data over and gives back the name, which an explorable's front-end passes to
`loadAsset` (kit/assets.js) when the reader asks for it. On the site `book_ext` writes the data as scripts
beside the page, so that it loads from `file://` too; in Jupyter the kernel sends it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from book_lib import _checks
from book_lib.recipes import plain

SUFFIX = ".asset"
ALIGNMENT = 8  # bytes: typed arrays in the browser must start at a multiple of their item's size
DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")
NARROWER = {"bool": "uint8", "int64": "int32", "uint64": "uint32"}

_shipped: dict[str, tuple[dict, bytes]] = {}  # of this kernel, for `answer`


def asset(name: str, data: Any) -> str:
    """Ship `data` beside the page under `name`.

    Args:
        name: lower-case words joined by hyphens, unlike any other asset of the book.
        data: bytes; a NumPy array or a dict of them (whole numbers up to 32 bits, float32 or float64,
            booleans as 0 and 1; int64 is stored as int32 if every value fits); or JSON.

    Returns:
        The name. In the front-end, `loadAsset(name)` gives a Uint8Array, `{data, shape}` (or an object of
        those), or the JSON value.

    Raises:
        ValueError: a bad name; a name that this kernel has given to other data while the book is built; a
            number that does not fit or, in JSON, is not finite.
        TypeError: data of another kind.

    Example:
        >>> asset("first-squares", np.arange(4) ** 2)
        'first-squares'
    """
    _checks.slug("name", name)
    packed = pack(data)
    folder = os.environ.get("BOOK_ASSETS")
    if folder:
        if name in _shipped and _shipped[name] != packed:
            raise ValueError(f"asset {name!r} was shipped before with other data; choose another name")
        header = json.dumps(packed[0], separators=(",", ":")).encode()
        Path(folder, name + SUFFIX).write_bytes(header + b"\n" + packed[1])
    _shipped[name] = packed
    return name


def pack(data: Any) -> tuple[dict, bytes]:
    """A header that says what the bytes are, and the bytes.

    Raises:
        TypeError: `data` is neither bytes nor arrays nor JSON, whose keys are text.
        ValueError: NaN or infinity in JSON; a whole number that does not fit into 32 bits.

    >>> pack({"a": 1})
    ({'kind': 'json'}, b'{"a":1}')
    >>> pack(np.zeros((2, 3), np.float32))[0]["arrays"]
    [{'name': '', 'dtype': 'float32', 'shape': [2, 3], 'offset': 0}]
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        return {"kind": "bytes"}, bytes(data)
    if isinstance(data, np.ndarray):
        return pack_arrays({"": data}, "array")
    if isinstance(data, Mapping) and data and all(isinstance(v, np.ndarray) for v in data.values()):
        return pack_arrays(data, "arrays")
    try:
        text = json.dumps(plain(data, "data"), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    except TypeError as error:
        kind = type(data).__name__
        raise TypeError(f"data must be bytes, arrays or JSON, not {kind} ({error})") from error
    return {"kind": "json"}, text.encode()


def pack_arrays(arrays: Mapping[str, np.ndarray], kind: str) -> tuple[dict, bytes]:
    """Arrays one after the other, little-endian, each at a multiple of eight bytes."""
    entries, body = [], bytearray()
    for name, array in arrays.items():
        body += bytes(-len(body) % ALIGNMENT)
        array = portable(array, name)
        entries.append(
            {"name": name, "dtype": array.dtype.name, "shape": list(array.shape), "offset": len(body)}
        )
        body += array.tobytes()
    return {"kind": kind, "arrays": entries}, bytes(body)


def portable(array: np.ndarray, name: str = "") -> np.ndarray:
    """The array in a type that browsers know, row by row and little-endian.

    Raises:
        TypeError: there is no such type.
        ValueError: a whole number does not fit into 32 bits.
    """
    what = f"array {name!r}" if name else "the array"
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{what} is masked; ship its data and its mask as two arrays")
    known = NARROWER.get(array.dtype.name, array.dtype.name)
    if known not in DTYPES:
        raise TypeError(f"{what} is {array.dtype}; expected bool or one of {', '.join(DTYPES)}")
    dtype = np.dtype(known)
    if dtype.kind in "iu" and array.size and array.dtype.kind != "b":
        limits = np.iinfo(dtype)
        if array.min() < limits.min or array.max() > limits.max:
            raise ValueError(f"{what} has numbers outside {dtype.name}; use float64 or scale them")
    return np.asarray(array, dtype=dtype.newbyteorder("<"), order="C")


def answer(widget: Any, name: str) -> None:
    """Send an asset to the front-end that asked for it; the kernel's side of `loadAsset`.

    Args:
        widget: the one that received the message.
        name: of the asset.
    """
    if name in _shipped:
        header, body = _shipped[name]
        widget.send({"asset": name, "header": header}, [body])
    else:
        widget.send({"asset": name, "error": f"this kernel has shipped no asset {name!r}"})
