"""Learning merges: the trainer that one would write first, and one that does only the work that changes something.

Both count the pairs of neighbours within chunks, join the most frequent pair everywhere, and begin again. Of pairs
that are equally frequent the one with the smallest ids wins, as in Hugging Face's `tokenizers`.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from book_lib._tokenizer_merging import END, Pair, merge_all


def rescan(chunks: Iterable[bytes], byte_ids: Sequence[int]) -> Iterator[Pair]:
    """Yield one merge after the other, counting all pairs of the text anew for each: clear, and slow.

    Args:
        chunks: the pieces of the text, in its order, as often as they occur.
        byte_ids: the ids of the 256 bytes; the first merge makes id 256, the next 257, and so on.
    """
    texts = [[byte_ids[byte] for byte in chunk] for chunk in chunks]
    new = 256
    while True:
        counts = Counter(pair for ids in texts for pair in pairwise(ids))
        if not counts:
            return
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        yield best
        texts = [merge_all(ids, best, new) for ids in texts]
        new += 1


def incremental(counts: Mapping[bytes, int], byte_ids: Sequence[int]) -> Iterator[Pair]:
    """Yield the merges of :func:`rescan`, touching only the places that a merge changes.

    Each distinct chunk is looked at once, and counts as often as it occurs. The symbols of all chunks stand in one
    linked list; for each pair we know its count and where it may be found; a heap says which is the most frequent.

    Args:
        counts: chunk → how often it occurs.
        byte_ids: as :func:`rescan`.
    """
    text = LinkedText(counts, byte_ids)
    heap = [(-count, pair) for pair, count in text.counts.items()]
    heapq.heapify(heap)
    new = 256
    while heap:
        claimed, pair = heapq.heappop(heap)
        count = text.counts.get(pair, 0)
        if count != -claimed:  # subtle: counts that fell are corrected only when their pair comes up
            if count:
                heapq.heappush(heap, (-count, pair))
            continue
        yield pair
        for other in text.merge(pair, new):
            if count := text.counts[other]:  # none is left of a pair that was born and merged away in one pass
                heapq.heappush(heap, (-count, other))
        new += 1


class LinkedText:
    """All distinct chunks as one linked list of symbols, and where its pairs are.

    Args:
        counts: chunk → how often it occurs.
        byte_ids: the ids of the 256 bytes.
    """

    def __init__(self, counts: Mapping[bytes, int], byte_ids: Sequence[int]) -> None:
        self.ids: list[int] = []  # the symbol at each place, END between two chunks and where one was merged away
        self.weights: list[int] = []  # how often the chunk of that place occurs
        for chunk, count in counts.items():
            self.ids += [byte_ids[byte] for byte in chunk]
            self.ids.append(END)
            self.weights += [count] * (len(chunk) + 1)
        self.after = list(range(1, len(self.ids) + 1))
        self.before = list(range(-1, len(self.ids) - 1))  # subtle: place −1 is the last one, and holds END
        self.counts: defaultdict[Pair, int] = defaultdict(int)
        self.places: defaultdict[Pair, list[int]] = defaultdict(list)  # of left symbols; some are out of date
        for place, pair in enumerate(pairwise(self.ids)):
            if END not in pair:
                self.counts[pair] += self.weights[place]
                self.places[pair].append(place)

    def merge(self, pair: Pair, new: int) -> Iterable[Pair]:
        """Replace ``pair`` by ``new`` everywhere, from the left, and return the pairs that came into being."""
        ids, after, before, counts = self.ids, self.after, self.before, self.counts
        first, second = pair
        born: defaultdict[Pair, list[int]] = defaultdict(list)
        # subtle: in order, without sorting: all places of a pair were found in one pass, from left to right.
        for left in self.places.pop(pair):
            right = after[left]
            if ids[left] != first or ids[right] != second:
                continue
            weight, previous, following = self.weights[left], before[left], after[right]
            ids[left], ids[right] = new, END
            after[left], before[following] = following, left
            if (neighbour := ids[previous]) != END:
                counts[neighbour, first] -= weight
                counts[neighbour, new] += weight
                born[neighbour, new].append(previous)
            if (neighbour := ids[following]) != END:
                counts[second, neighbour] -= weight
                counts[new, neighbour] += weight
                born[new, neighbour].append(left)
        del counts[pair]
        self.places.update(born)
        return born
