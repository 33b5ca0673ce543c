"""Merging pairs of symbols, for encoding: the cheapest first, in a chunk of any length."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise

SHORT = 256  # bytes; below, searching a short list again and again is quicker than keeping a heap
CHUNKS = 2**16  # chunks remembered
CHUNK = 64  # characters of the longest that is
NONE = sys.maxsize  # later than any symbol: what a pair becomes that no merge joins
END = -1  # no symbol: the text ends here, or the symbol was merged away

Pair = tuple[int, int]


def merge_all(ids: Sequence[int], pair: Pair, new: int) -> list[int]:
    """Return ``ids`` with every occurrence of ``pair``, from the left, replaced by ``new``.

    >>> merge_all([1, 1, 1, 2], (1, 1), 9)
    [9, 1, 2]
    """
    out: list[int] = []
    k = 0
    while k < len(ids):
        if k + 1 < len(ids) and (ids[k], ids[k + 1]) == pair:
            out.append(new)
            k += 2
        else:
            out.append(ids[k])
            k += 1
    return out


def merge(ids: list[int], merges: dict[Pair, int]) -> list[int]:
    """Return ``ids`` after all merges that apply: again and again the earliest made, at its leftmost place.

    Args:
        ids: symbols of one chunk.
        merges: pair → the symbol that replaces it; a lower one was made earlier.
    """
    return (merge_short if len(ids) < SHORT else merge_long)(ids, merges)


def merge_short(ids: list[int], merges: dict[Pair, int]) -> list[int]:
    """:func:`merge` by searching the list of candidates: O(n²), with a small constant."""
    ids, rank = list(ids), merges.get
    ranks = [rank(pair, NONE) for pair in pairwise(ids)]
    while ranks and (best := min(ranks)) != NONE:
        k = ranks.index(best)
        ids[k : k + 2] = (best,)
        del ranks[k]
        if k:
            ranks[k - 1] = rank((ids[k - 1], best), NONE)
        if k < len(ranks):
            ranks[k] = rank((best, ids[k + 1]), NONE)
    return ids


def merge_long(ids: list[int], merges: dict[Pair, int]) -> list[int]:
    """:func:`merge` by a heap of (symbol, place) over a linked list: O(n log n)."""
    heap = [(merges[pair], place) for place, pair in enumerate(pairwise(ids)) if pair in merges]
    heapq.heapify(heap)
    ids = [*ids, END]  # subtle: place −1, before the first, is this one too, and no merge joins it
    after, before = list(range(1, len(ids) + 1)), list(range(-1, len(ids) - 1))
    while heap:
        new, left = heapq.heappop(heap)
        right = after[left]
        # subtle: the heap is not told when a neighbour is merged away; what it says is checked here instead.
        if merges.get((ids[left], ids[right])) != new:
            continue
        ids[left], ids[right] = new, END
        after[left] = following = after[right]
        before[following] = left
        for place, pair in ((before[left], (ids[before[left]], new)), (left, (new, ids[following]))):
            if pair in merges:
                heapq.heappush(heap, (merges[pair], place))
    return [symbol for symbol in ids if symbol != END]


class Remembered(dict[str, tuple[int, ...]]):
    """Chunk → ids, found by ``encode`` when first asked for, and remembered while there is room.

    Text repeats its words: the many chunks of a book are a few thousand distinct ones.
    """

    def __init__(self, encode: Callable[[str], tuple[int, ...]]) -> None:
        super().__init__()
        self.encode = encode

    def __missing__(self, chunk: str) -> tuple[int, ...]:
        found = self.encode(chunk)
        if len(chunk) <= CHUNK:
            if len(self) >= CHUNKS:
                self.clear()
            self[chunk] = found
        return found
