"""Counting n-grams by sorting: the tables behind :class:`book_lib.ngram.NGram`.

Five tokens of a vocabulary of 50,000 do not fit one machine word. But a text of N tokens holds at most N
different n-grams, so each gets a number below N, and an (n+1)-gram is a pair: the number of the n-gram that
it extends, and one token more. Packed as number · V + token, pairs are whole numbers that NumPy sorts, counts
and looks up by the thousand; and what follows one context lies side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from book_lib import _probability_arrays as arrays

Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Level:
    """What was seen after contexts of one length; contexts are numbered 0 … C − 1 in sorted order.

    Args:
        vocab_size: V.
        keys: context · V + token of each different continuation, sorted, shape (K,).
        counts: how often each was seen, shape (K,).
        starts: the continuations of context c are those from starts[c] to starts[c + 1], shape (C + 1,).
        totals: how often each context was continued, shape (C,).
    """

    vocab_size: int
    keys: Ids
    counts: Ids
    starts: Ids
    totals: Ids

    @property
    def kinds(self) -> Ids:
        """How many different tokens follow each context, shape (C,)."""
        return np.diff(self.starts)

    def find(self, contexts: Ids, tokens: Ids) -> Ids:
        """Return where each continuation stands in ``keys``, shape (N,); −1 for one that is not there."""
        if not len(self.keys):
            return np.full(len(tokens), -1)
        wanted = contexts * self.vocab_size + tokens
        place = np.searchsorted(self.keys, wanted).clip(max=len(self.keys) - 1)
        return np.where((contexts >= 0) & (self.keys[place] == wanted), place, -1)

    def followers(self, context: int) -> tuple[Ids, Ids]:
        """Return the tokens that follow a context, in order, and their counts."""
        part = slice(self.starts[context], self.starts[context + 1])
        return self.keys[part] - context * self.vocab_size, self.counts[part]


def token_sequences(name: str, sequences: Any, vocab_size: int) -> tuple[Ids, Ids]:
    """Return all tokens in one row and the place of each in its own sequence, both of shape (N,).

    Args:
        name: what to call them in a complaint.
        sequences: one sequence of ids 0 … V − 1, or an iterable of such sequences.
        vocab_size: V.

    Raises:
        TypeError: if they are text, no sequences, or not of integers.
        ValueError: if an id is not in 0 … V − 1, or sequences are nested deeper.
    """
    # subtle: an array without a shape calls itself iterable, and is not.
    if isinstance(sequences, (str, bytes)) or not isinstance(sequences, Iterable) or _shapeless(sequences):
        raise TypeError(f"{name} must be ids or sequences of ids, got {type(sequences).__name__}")
    together = sequences if isinstance(sequences, np.ndarray) and sequences.ndim == 1 else list(sequences)
    one = len(together) == 0 or not isinstance(together[0], Iterable) or _shapeless(together[0])
    rows = [arrays.indices(name, row, vocab_size) for row in ([together] if one else together)]
    for row in rows:
        if row.ndim != 1:
            raise ValueError(f"{name} must be ids or sequences of ids, got one of shape {row.shape}")
    lengths = [len(row) for row in rows]
    starts = np.cumsum([0, *lengths[:-1]])
    ids = np.concatenate(rows)
    return ids, np.arange(len(ids)) - np.repeat(starts, lengths)


def _shapeless(value: Any) -> bool:
    return getattr(value, "shape", None) == ()


def count_levels(ids: Ids, places: Ids, order: int, vocab_size: int) -> list[Level]:
    """Return the tables of the contexts of 0 … order − 1 tokens; no n-gram reaches over a sequence's end.

    Args:
        ids: tokens 0 … V − 1, shape (N,).
        places: the place of each in its own sequence, shape (N,).
        order: n ≥ 1.
        vocab_size: V.
    """
    levels, contexts = [], 1
    gram = np.zeros(len(ids), dtype=np.int64)  # the number of the n-gram that ends here: the empty one first
    for length in range(order):
        at = np.flatnonzero(places >= length)
        packed = gram[at - 1] * vocab_size + ids[at]
        keys, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
        kinds = np.bincount(keys // vocab_size, minlength=contexts)
        starts = np.concatenate([[0], np.cumsum(kinds)])
        totals = np.diff(np.concatenate([[0], np.cumsum(counts)])[starts])
        levels.append(Level(vocab_size, keys, counts.astype(np.int64), starts, totals))
        gram = np.full(len(ids), -1)
        gram[at] = inverse
        contexts = len(keys)
    return levels


def trace(levels: list[Level], ids: Ids, places: Ids) -> Iterator[tuple[Ids, Ids]]:
    """For each length, yield the context before each token and the token's place in its level, both (N,).

    −1 stands for a context that is not there (too near the beginning, or never seen), and for a
    continuation that was never seen.
    """
    gram = np.zeros(len(ids), dtype=np.int64)
    for length, level in enumerate(levels):
        # subtle: places[0] is 0, so that the last entry, which roll brings to the front, is used for the
        # empty context alone, where all entries are 0.
        contexts = np.where(places >= length, np.roll(gram, 1), -1)
        gram = level.find(contexts, ids)
        yield contexts, gram
