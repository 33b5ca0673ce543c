"""What a tokenizer is made of, checked: merges, ids and special tokens.

Inside, symbol b is the byte b, and symbol 256 + k what merge k makes; ids are what the outside calls them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from book_lib import _checks
from book_lib._tokenizer_merging import Pair
from book_lib._tokenizer_text import as_text

LONGEST = 2**20  # bytes of a token: each merge can double it


def as_pairs(merges: Iterable[Sequence[int]]) -> list[Pair]:
    """Return merges as pairs of integers."""
    if not isinstance(merges, Iterable):
        raise TypeError(f"merges must be pairs of ids, got {type(merges).__name__}")
    pairs = []
    for k, pair in enumerate(merges):
        if not isinstance(pair, (Sequence, np.ndarray)):
            raise TypeError(f"merges[{k}] must be a pair of ids, got {pair!r}")
        if isinstance(pair, (str, bytes)) or len(pair) != 2:
            raise ValueError(f"merges[{k}] must be a pair of ids, got {pair!r}")
        left, right = (_checks.integer(f"merges[{k}]", part, 0) for part in pair)
        pairs.append((left, right))
    return pairs


def symbols_of(pairs: Sequence[Pair], ids: Sequence[int]) -> list[Pair]:
    """Return pairs of ids as pairs of symbols, refusing what is not made before it is used."""
    symbol = {number: k for k, number in enumerate(ids)}
    found = []
    for k, pair in enumerate(pairs):
        parts = tuple(symbol.get(number, 256 + k) for number in pair)
        if max(parts) >= 256 + k:
            number = pair[0] if parts[0] >= 256 + k else pair[1]
            raise ValueError(f"merges[{k}] must join bytes or what an earlier merge made, got {pair} ({number} is new)")
        found.append(parts)
    return found


def products(symbols: Sequence[Pair]) -> list[bytes]:
    """Return the bytes of each symbol, refusing merges that make the same twice."""
    made = [bytes([byte]) for byte in range(256)]
    known: dict[bytes, int] = {}
    for k, (left, right) in enumerate(symbols):
        if len(made[left]) + len(made[right]) > LONGEST:
            raise ValueError(f"merges[{k}] must make a token of at most {LONGEST:,} bytes")
        content = made[left] + made[right]
        if content in known:
            raise ValueError(f"merges[{k}] must make a new token, got {content!r}, which merges[{known[content]}] made")
        known[content] = k
        made.append(content)
    return made


def numbered(special_tokens: Iterable[str] | Mapping[str, int], first: int) -> dict[str, int]:
    """Return special token → id in the order of the ids, counted from ``first`` where none came."""
    if isinstance(special_tokens, (str, bytes)) or not isinstance(special_tokens, Iterable):
        raise TypeError(f"special_tokens must be several texts, got {special_tokens!r}")
    names = list(special_tokens)
    for k, name in enumerate(names):
        if not isinstance(name, str):
            raise TypeError(f"special_tokens[{k}] must be text, got {name!r} ({type(name).__name__})")
        if not name or name in names[:k]:
            raise ValueError(f"special_tokens[{k}] must be a text that is not empty and comes once, got {name!r}")
        as_text(f"special_tokens[{k}]", name)
    if not isinstance(special_tokens, Mapping):
        return {name: first + k for k, name in enumerate(names)}
    ids = {name: _checks.integer(f"special_tokens[{name!r}]", special_tokens[name], 0) for name in names}
    return dict(sorted(ids.items(), key=lambda item: item[1]))


def whole_numbers(name: str, values: Sequence[int]) -> list[int]:
    """Return integers from 0 as a list."""
    if isinstance(values, (str, bytes)) or not isinstance(values, (Sequence, np.ndarray)):
        raise TypeError(f"{name} must be a sequence of integers, got {type(values).__name__}")
    return [_checks.integer(f"{name}[{k}]", value, 0) for k, value in enumerate(values)]


def require_each_once(numbers: Sequence[int]) -> None:
    """Refuse ids that are not 0 … V − 1, each once."""
    count = Counter(numbers)
    for number in numbers:
        if count[number] > 1:
            raise ValueError(f"ids must belong to one token each, and {number} belongs to {count[number]}")
        if number >= len(numbers):
            raise ValueError(f"ids must be 0 … {len(numbers) - 1} for {len(numbers)} tokens, got {number}")


def known_ids(name: str, ids: ArrayLike, size: int) -> list[int]:
    """Return ids as a list, refusing what is not in the vocabulary."""
    array = _checks.regular(name, ids)
    if array.ndim != 1:
        raise ValueError(f"{name} must be in one row, shape (T,), got shape {array.shape}")
    if not array.size:
        return []
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got {array.dtype} entries")
    # subtle: Python reads −1 as the last token.
    strange = np.flatnonzero((array < 0) | (array >= size))
    if strange.size:
        raise ValueError(f"{name} must lie in 0 … {size - 1}, got {array[strange[0]]} at index {strange[0]}")
    return array.tolist()
