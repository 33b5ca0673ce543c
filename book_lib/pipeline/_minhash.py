"""Duplicates, exact and near: shingles, MinHash, bands, and the Jaccard similarity that has the last word.

A document is the set of its *shingles*, all its runs of five words, each as one whole number. Two documents are near
duplicates if their sets overlap, J = |A ∩ B|/|A ∪ B|. Comparing all pairs of N documents takes N²/2 comparisons;
MinHash compares only those that look alike (Broder, 1997).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib.pipeline._sources import Document, text_of, texts_of
from book_lib.rng import CounterRNG

PRIME = 2**31 - 1  # a Mersenne prime: the remainder takes a shift and an addition, and a product of two fits 64 bits
BLOCK = 16_384  # shingles at a time: three arrays of as many words of 64 bits stay in the L2 cache
# A Chinese character is a word; elsewhere, letters and digits in a row are one.
WORD = re.compile(r"[^\W\u3400-\u9fff]+|[\u3400-\u9fff]")
Shingles = NDArray[np.uint64]


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return WORD.findall(text.lower())


class WordHashes(dict[str, int]):
    """Word → a number of 64 bits that is the same in every process, worked out when it is first asked for."""

    def __missing__(self, word: str) -> int:
        self[word] = value = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
        return value


def hashed_words(texts: Iterable[str]) -> tuple[Shingles, NDArray[np.int64]]:
    """Return the hashes of all words of all texts in one row, and how many words each text has."""
    lookup = WordHashes().__getitem__
    hashes = [list(map(lookup, words_of(text))) for text in texts]
    lengths = np.array([len(row) for row in hashes], dtype=np.int64)
    return np.fromiter(chain.from_iterable(hashes), np.uint64, int(lengths.sum())), lengths


def shingle_rows(texts: Iterable[str], words: int) -> tuple[Shingles, NDArray[np.int64]]:
    """Return the shingles of all texts in one row, shape (M,), and where each text's begin and end, shape (N + 1,).

    A shingle that comes again is there again. A text of fewer words is one shingle, an empty one has none.
    """
    hashes, lengths = hashed_words(texts)
    begins = np.cumsum(lengths) - lengths
    padded = np.concatenate([hashes, np.zeros(words - 1, np.uint64)])
    rolled = _rolled(lambda j: padded[j : j + len(hashes)], words)
    for length in range(1, words):
        short = begins[lengths == length]
        rolled[short] = _rolled(lambda j, short=short: hashes[short + j], length)
    counts = np.where(lengths == 0, 0, np.maximum(lengths - words + 1, 1))
    place = np.arange(len(hashes)) - np.repeat(begins, lengths)
    return rolled[place < np.repeat(counts, lengths)], np.concatenate([[0], np.cumsum(counts)])


def _rolled(word: Callable[[int], Shingles], count: int) -> Shingles:
    """Return a polynomial of ``count`` words, so that their order counts; modulo 2⁶⁴, which is meant."""
    total = word(0).copy()
    for j in range(1, count):
        total *= np.uint64(0x9E3779B97F4A7C15)
        total += word(j)
    return total


def _stirred(values: Shingles) -> Shingles:
    """Return the values with all bits mixed into all others (the last steps of SplitMix64), one to one."""
    for shift, multiplier in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values ^= values >> np.uint64(shift)
        values *= np.uint64(multiplier)
    values ^= values >> np.uint64(31)
    return values


def shingles(text: str | Document, words: int = 5) -> set[int]:
    """Return the runs of ``words`` words of a text, each as a number of 64 bits.

    Words are letters and digits in a row, in lower case, or one Chinese character: white space, signs and capitals do
    not count. The numbers are the same in every process. A text with fewer words than that is a single shingle; one
    without words has none.

    Args:
        text: a text or a document.
        words: how many words a run has, 1 … 100.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if ``words`` is out of its range, or the text cannot be written in UTF-8.

    Source: :cite:`broder1997resemblance`. See the section :ref:`sec-llm-duplicates`.

    >>> len(shingles("to be or not to be", words=2))  # "to be" comes twice
    4
    >>> shingles("Ising model!") == shingles("ising  MODEL")
    True
    """
    _checks.integer("words", words, 1, 100)
    values, _ = shingle_rows([text_of("text", text)], words)
    return set(values.tolist())


def jaccard(a: AbstractSet, b: AbstractSet) -> float:
    """Return J(A, B) = |A ∩ B|/|A ∪ B|, the share that two sets have in common; 1 for two empty sets.

    Raises:
        TypeError: if one is not a set.

    Source: :cite:`broder1997resemblance`. See the section :ref:`sec-llm-duplicates`.

    >>> jaccard({1, 2, 3}, {2, 3, 4})
    0.5
    """
    for name, value in (("a", a), ("b", b)):
        if not isinstance(value, AbstractSet):
            raise TypeError(f"{name} must be a set, got {type(value).__name__}")
    common = len(a & b)
    return common / (len(a) + len(b) - common) if a or b else 1.0


def minhash(
    documents: Iterable[str | Document] | Iterable[AbstractSet[int]],
    num_hashes: int = 128,
    seed: int = 0,
    words: int = 5,
) -> NDArray[np.uint32]:
    """Return MinHash signatures: of each document, the smallest shingle under each of many hash functions.

    The functions are h(x) = (ax + b) mod p with p = 2³¹ − 1 and random 0 < a < p, 0 ≤ b < p
    (:cite:`carter1979universal`), of shingles whose bits are stirred first. If h shuffled them like a fair deck of
    cards, any of A ∪ B would be as likely to be the smallest, so that P(min h(A) = min h(B)) = J(A, B): the share of
    equal entries of two signatures estimates J, with the standard error √(J(1 − J)/num_hashes).

    Args:
        documents: N texts or documents, or N sets of whole numbers 0 … 2⁶⁴ − 1.
        num_hashes: K, 1 … 65536.
        seed: of the functions, 0 … 2³² − 1. Signatures can be compared if it is the same.
        words: as in :func:`shingles`; of no account for sets.

    Returns:
        Shape (N, K), entries 0 … p − 1, and p for an empty set.

    Raises:
        TypeError: if an argument is of another kind, or there are both texts and sets.
        ValueError: if a number is out of its range.

    Source: :cite:`broder1997resemblance`. See the section :ref:`sec-llm-minhash`.

    >>> a, b = set(range(300)), set(range(100, 400))
    >>> signatures = minhash([a, b], num_hashes=1000)
    >>> jaccard(a, b), bool(abs(estimated_jaccard(*signatures) - 0.5) < 0.05)
    (0.5, True)
    """
    _checks.integer("num_hashes", num_hashes, 1, 65_536)
    _checks.integer("seed", seed, 0, 2**32 - 1)
    _checks.integer("words", words, 1, 100)
    values, starts = _shingled(documents, words)
    return signatures_of(values, starts, num_hashes, seed)


def _shingled(documents: Iterable[Any], words: int) -> tuple[Shingles, NDArray[np.int64]]:
    """Return the shingles of documents, or of sets of them, as :func:`shingle_rows` does."""
    if isinstance(documents, (str, bytes, Document, AbstractSet)) or not isinstance(documents, Iterable):
        raise TypeError(f"documents must be several texts, documents or sets, got {type(documents).__name__}")
    together = list(documents)
    sets = [isinstance(document, AbstractSet) for document in together]
    if not any(sets):
        return shingle_rows(texts_of("documents", together), words)
    if not all(sets):
        odd = sets.index(False)
        raise TypeError(f"documents must be all texts or all sets, got {type(together[odd]).__name__} among sets")
    for k, numbers in enumerate(together):
        for number in numbers:
            if not isinstance(number, Integral) or not 0 <= number < 2**64:
                raise ValueError(f"documents[{k}] must hold whole numbers 0 ... 2**64 - 1, got {number!r:.40}")
    lengths = np.array([len(numbers) for numbers in together])
    values = np.fromiter(chain.from_iterable(together), np.uint64, int(lengths.sum()))
    return values, np.concatenate([[0], np.cumsum(lengths)])


def signatures_of(
    values: Shingles, starts: NDArray[np.int64], num_hashes: int, seed: int
) -> NDArray[np.uint32]:
    """Return the signatures, shape (N, K), of what :func:`shingle_rows` returns."""
    rng = CounterRNG(seed)
    a = rng.integers(1, PRIME, num_hashes).astype(np.uint64)
    b = rng.integers(0, PRIME, num_hashes).astype(np.uint64)
    # subtle: ax + b keeps neighbours in order for long stretches; only of numbers without order is it a fair shuffle.
    x = _stirred(values.copy()) % np.uint64(PRIME)
    # subtle: reduceat would give an empty document its neighbour's first shingle.
    filled = np.flatnonzero(np.diff(starts))
    minima = np.full((num_hashes, len(starts) - 1), PRIME, dtype=np.uint32)
    begins = np.append(starts[filled], len(x))
    for first, last in _blocks(begins):
        part = x[begins[first] : begins[last]]
        minima[:, filled[first:last]] = _minima(part, begins[first:last] - begins[first], a, b)
    return np.ascontiguousarray(minima.T)


def _blocks(begins: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of documents that have about ``BLOCK`` shingles together, or one that has more."""
    first, count = 0, len(begins) - 1
    while first < count:
        last = int(np.searchsorted(begins, begins[first] + BLOCK, side="right")) - 1
        last = min(max(last, first + 1), count)
        yield first, last
        first = last


def _minima(x: Shingles, begins: NDArray[np.int64], a: Shingles, b: Shingles) -> Shingles:
    """Return the smallest (ax + b) mod p of each document, shape (K, documents), for 0 ≤ x < p."""
    minima = np.empty((len(a), len(begins)), np.uint64)
    value, high = np.empty_like(x), np.empty_like(x)
    prime, bits = np.uint64(PRIME), np.uint64(31)
    for k in range(len(a)):
        np.multiply(x, a[k], out=value)  # below 2⁶²: with a prime of 61 bits it would wrap round, unnoticed
        value += b[k]
        # 2³¹ ≡ 1 (mod p): what stands above the 31st bit may be added to what stands below.
        np.right_shift(value, bits, out=high)
        value &= prime
        value += high  # now below 2p
        # subtle: value − p wraps round to something enormous where value < p, so that the smaller one is the remainder.
        np.subtract(value, prime, out=high)
        np.minimum(value, high, out=value)
        minima[k] = np.minimum.reduceat(value, begins)
    return minima


def estimated_jaccard(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64] | float:
    """Return the share of equal entries of two signatures, an estimate of the Jaccard similarity.

    Args:
        a, b: signatures of :func:`minhash` with one seed, shapes (…, K) that broadcast.

    Returns:
        A number 0 … 1, or an array of them, shape (…).

    Raises:
        ValueError: if they are not of one length K ≥ 1.

    See the section :ref:`sec-llm-minhash`.

    >>> estimated_jaccard([1, 2, 3, 4], [1, 2, 3, 5])
    0.75
    """
    a, b = _checks.regular("a", a), _checks.regular("b", b)
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[-1] or not a.shape[-1]:
        raise ValueError(f"a and b must be signatures of one length, got shapes {a.shape} and {b.shape}")
    return arrays.result(np.asarray((a == b).mean(axis=-1)))


def s_curve(similarity: ArrayLike, bands: int, rows: int) -> NDArray[np.float64] | float:
    """Return P(s) = 1 − (1 − s^r)^b, how likely a pair of similarity s becomes a candidate.

    A band of r entries agrees with probability s^r, and one of b bands is enough. The curve is steepest near
    (1/b)^{1/r}.

    Args:
        similarity: s, 0 … 1, any shape.
        bands: b ≥ 1.
        rows: r ≥ 1.

    Returns:
        Of the shape of s.

    Raises:
        ValueError: if s lies outside 0 … 1, or b or r is below 1.
        TypeError: if one is no number.

    Source: :cite:`leskovec2020mining`, section 3.4.2. See the section :ref:`sec-llm-minhash`.

    >>> s_curve([0.0, 0.5, 0.8, 1.0], bands=20, rows=5).round(3).tolist()
    [0.0, 0.47, 1.0, 1.0]
    """
    s = _checks.finite_array("similarity", similarity)
    if ((s < 0) | (s > 1)).any():
        raise ValueError(f"similarity must lie in 0 ... 1, got {s[(s < 0) | (s > 1)].flat[0]:g}")
    b, r = _checks.integer("bands", bands, 1), _checks.integer("rows", rows, 1)
    with np.errstate(divide="ignore", under="ignore"):
        # 1 − (1 − x)^b without losing a small x
        return arrays.result(np.asarray(-np.expm1(b * np.log1p(-(s**r)))))


def candidate_pairs(signatures: ArrayLike, bands: int, rows: int) -> NDArray[np.int64]:
    """Return the pairs of documents whose signatures agree in all r entries of at least one of b bands.

    Time grows with N log N and with the number of pairs, not with N².

    Args:
        signatures: of :func:`minhash`, shape (N, K).
        bands: b ≥ 1.
        rows: r ≥ 1; b·r of the K entries are used, at most all.

    Returns:
        Shape (M, 2), each pair (i, j) once, i < j, in order.

    Raises:
        ValueError: if the signatures have not that shape, or b·r is larger than K.
        TypeError: if they are not integers.

    Source: :cite:`leskovec2020mining`, section 3.4.1. See the section :ref:`sec-llm-minhash`.

    >>> signatures = minhash(["one two three four", "five six seven", "One, two, three, four!"])
    >>> candidate_pairs(signatures, bands=16, rows=8).tolist()
    [[0, 2]]
    """
    table = _checks.regular("signatures", signatures)
    if table.ndim != 2:
        raise ValueError(f"signatures must have shape (N, K), got {table.shape}")
    if table.dtype.kind not in "iu":
        raise TypeError(f"signatures must be integers, got {table.dtype} entries")
    b, r = _checks.integer("bands", bands, 1), _checks.integer("rows", rows, 1)
    if b * r > table.shape[1]:
        raise ValueError(f"bands · rows must be at most {table.shape[1]}, the entries of a signature, got {b} · {r}")
    table = table.astype(np.uint64)
    codes = np.empty(0, np.int64)
    for k in range(b):  # band by band: a pair that agrees in all of them is kept once, and not b times
        codes = np.sort(np.concatenate([codes, _equal_pairs(_band_keys(table[:, k * r : (k + 1) * r]))]))
        # subtle: np.unique hashes whole numbers, and takes many times as long for such as these.
        codes = codes[np.append(True, codes[1:] != codes[:-1])] if len(codes) else codes
    return np.stack([codes // max(len(table), 1), codes % max(len(table), 1)], axis=1)


def _band_keys(band: Shingles) -> Shingles:
    """Return one number of 64 bits for each row of a band; different rows share one once in 10¹⁹."""
    return _stirred(_rolled(lambda j: _stirred(band[:, j] + np.uint64(j)), band.shape[1]))


def _equal_pairs(keys: Shingles) -> NDArray[np.int64]:
    """Return i·N + j for all i < j with equal keys."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    at, found, distance = np.arange(len(keys)), [np.empty(0, np.int64)], 1
    while len(at):
        # Equal keys stand side by side: only who equals the one before this can equal the next.
        at = at[at + distance < len(keys)]
        at = at[ranked[at] == ranked[at + distance]]
        found.append(order[at] * len(keys) + order[at + distance])
        distance += 1
    return np.concatenate(found)


def first_equal(texts: Sequence[str]) -> list[int]:
    """Return for each text the place of the first that equals it but for white space."""
    first: dict[bytes, int] = {}
    keys = (hashlib.blake2b(" ".join(text.split()).encode(), digest_size=16).digest() for text in texts)
    return [first.setdefault(key, k) for k, key in enumerate(keys)]


def deduplicate(
    documents: Iterable[str | Document],
    threshold: float = 0.8,
    words: int = 5,
    num_hashes: int = 128,
    bands: int = 16,
    rows: int = 8,
    seed: int = 0,
) -> tuple[list[int], list[list[int]]]:
    """Return which documents to keep, and the clusters of duplicates among them all.

    Texts that are equal but for white space go first. Of the rest, pairs whose signatures agree in a band are
    candidates, and those whose true Jaccard similarity is at least ``threshold`` are duplicates. What hangs together
    by such pairs is a cluster, and the first of each survives; two of a long chain may be less alike than that.

    Args:
        documents: N texts or documents.
        threshold: above 0, at most 1.
        words: in a shingle.
        num_hashes, bands, rows, seed: as in :func:`minhash` and :func:`candidate_pairs`; by :func:`s_curve` they find
            95 % of the pairs with J = 0.8, and hardly one with J = 0.3.

    Returns:
        The places of the documents to keep, in order; and the clusters, lists of two or more places in order, of which
        the first is kept.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if one is out of its range.

    Sources: :cite:`broder1997resemblance`; :cite:`lee2022deduplicating` for its effect. See the section
    :ref:`sec-llm-duplicates`.

    >>> deduplicate(["one two three four", "five six seven", "One, two, three, four!"])
    ([0, 1], [[0, 2]])
    """
    texts = texts_of("documents", documents)
    if not 0 < _checks.finite("threshold", threshold) <= 1:
        raise ValueError(f"threshold must be above 0 and at most 1, got {threshold}")
    _checks.integer("words", words, 1, 100)
    parent = first_equal(texts)
    distinct = [k for k, root in enumerate(parent) if k == root]
    values, starts = shingle_rows([texts[k] for k in distinct], words)
    signatures = signatures_of(values, starts, _checks.integer("num_hashes", num_hashes, 1, 65_536),
                               _checks.integer("seed", seed, 0, 2**32 - 1))  # fmt: skip
    pairs = candidate_pairs(signatures, bands, rows)
    _unite_similar(parent, distinct, pairs, _Sets(values, starts), threshold)
    return _survivors(parent)


class _Sets(dict[int, set[int]]):
    """Document → its shingles as a set, made when it is first asked for."""

    def __init__(self, values: Shingles, starts: NDArray[np.int64]) -> None:
        super().__init__()
        self.values, self.starts = values, starts

    def __missing__(self, k: int) -> set[int]:
        self[k] = found = set(self.values[self.starts[k] : self.starts[k + 1]].tolist())
        return found


def _unite_similar(
    parent: list[int], places: list[int], pairs: NDArray[np.int64], sets: _Sets, threshold: float
) -> None:
    """Put the pairs together that are as similar as that, by their shingles and not by an estimate."""
    for first in range(0, len(pairs), BLOCK):  # a list of all would take ten times the memory of the array
        for i, j in pairs[first : first + BLOCK].tolist():
            # Two that are together already need no look: n alike have n²/2 pairs, and n − 1 of them decide.
            if _root(parent, places[i]) == _root(parent, places[j]):
                continue
            # A text without words shares no words with another: two different ones are no duplicates.
            if sets[i] and jaccard(sets[i], sets[j]) >= threshold:
                _unite(parent, places[i], places[j])


def _root(parent: list[int], k: int) -> int:
    while parent[k] != k:
        parent[k] = parent[parent[k]]  # the way is shorter the next time
        k = parent[k]
    return k


def _unite(parent: list[int], i: int, j: int) -> None:
    first, second = sorted((_root(parent, i), _root(parent, j)))
    parent[second] = first  # the earlier is the root, and so survives


def _survivors(parent: list[int]) -> tuple[list[int], list[list[int]]]:
    members: dict[int, list[int]] = {}
    for k in range(len(parent)):
        members.setdefault(_root(parent, k), []).append(k)
    return list(members), [cluster for cluster in members.values() if len(cluster) > 1]
