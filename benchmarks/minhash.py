"""MinHash of 100,000 short documents, 128 hash functions, beside `datasketch`.

A document is 12 to 40 words of the corpus; every other one is an edited copy of the one before it, so that there are
similarities of all sizes to estimate. Two kinds of work are timed. *From text*: the document is cut into runs of five
words and hashed; `datasketch` hashes bytes with SHA-1, as it does unless told otherwise. *From numbers*: the runs come
as whole numbers, so that `datasketch` has no hashing left to do, and what is compared is the arithmetic. Processor
time of one thread, rivals in turns, the best of several rounds. Beside it stands how far the estimates are from the
true Jaccard similarities, in the mean over pairs: a quick signature that estimates badly would be no use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.timing import best_times, one_thread
from book_lib.datasets import corpus
from book_lib.pipeline.data import estimated_jaccard, jaccard, minhash, shingles

DOCUMENTS, HASHES, WORDS, ROUNDS = 100_000, 128, 5, 2
PAIRS = 2000  # whose estimates are held against the truth
OURS, THEIRS = "book_lib minhash", "datasketch MinHash.bulk"
TEXT, NUMBERS = "from text", "from numbers"


def documents(count: int = DOCUMENTS, seed: int = 0) -> list[str]:
    """Return short texts; number 2k + 1 is number 2k with up to a quarter of its words replaced."""
    rng = np.random.default_rng(seed)
    words = np.array(corpus().train_text.split())
    found = []
    for _ in range(-(-count // 2)):
        length = int(rng.integers(12, 41))
        first = int(rng.integers(0, len(words) - length))
        original = words[first : first + length]
        copy = original.copy()
        copy[rng.random(length) < rng.uniform(0, 0.25)] = "elsewhere"
        found += [" ".join(original.tolist()), " ".join(copy.tolist())]
    return found[:count]


def runs_of_words(text: str) -> list[bytes]:
    """Return the runs of five words as bytes, in the way that users of `datasketch` write."""
    words = text.lower().split()
    return [" ".join(words[k : k + WORDS]).encode() for k in range(max(1, len(words) - WORDS + 1))]


def unchanged(number: int) -> int:
    """The hash function for what has been hashed already."""
    return number


def rivals(texts: list[str]) -> dict[tuple[str, str], Callable[[], Any]]:
    """Return (work, name) → a call that makes all signatures."""
    calls: dict[tuple[str, str], Callable[[], Any]] = {(TEXT, OURS): lambda: minhash(texts, HASHES, words=WORDS)}
    numbers = [shingles(text, WORDS) for text in texts]
    calls[NUMBERS, OURS] = lambda: minhash(numbers, HASHES)
    try:
        from datasketch import MinHash
    except ImportError:
        return calls
    small = [[number >> 32 for number in row] for row in numbers]  # 32 bits are what it takes
    calls[TEXT, THEIRS] = lambda: MinHash.bulk(map(runs_of_words, texts), num_perm=HASHES)
    calls[NUMBERS, THEIRS] = lambda: MinHash.bulk(small, num_perm=HASHES, hashfunc=unchanged)
    return calls


def error(texts: list[str], signatures: np.ndarray, of: Callable[[str], set]) -> float:
    """Return the mean distance of estimates from true similarities, over pairs of neighbours."""
    sets = [of(text) for text in texts[: 2 * PAIRS]]
    true = np.array([jaccard(sets[k], sets[k + 1]) for k in range(0, len(sets) - 1, 2)])
    signatures = signatures[: 2 * len(true)]
    return float(np.abs(estimated_jaccard(signatures[::2], signatures[1::2]) - true).mean())


def run(rounds: int = ROUNDS, count: int = DOCUMENTS) -> list[dict]:
    """Time all in turns and return the rows of the table; ratios are ours to that of `datasketch`, or none without."""
    texts = documents(count)
    calls = rivals(texts)
    with one_thread():
        seconds = best_times(calls, rounds)
    few = texts[: 2 * PAIRS]
    errors = {OURS: error(few, minhash(few, HASHES, words=WORDS), lambda text: shingles(text, WORDS))}
    if (TEXT, THEIRS) in calls:
        signatures = np.array([one.hashvalues for one in rivals(few)[TEXT, THEIRS]()])
        errors[THEIRS] = error(few, signatures, lambda text: set(runs_of_words(text)))
    return [_row(work, name, seconds, errors) for work in (TEXT, NUMBERS) for name in (THEIRS, OURS)]


def _row(work: str, name: str, seconds: dict[tuple[str, str], float], errors: dict[str, float]) -> dict:
    own, peer = seconds.get((work, name)), seconds.get((work, THEIRS))
    return {
        "work": work,
        "name": name,
        "milliseconds": None if own is None else round(1e3 * own, 1),
        "ratio": None if own is None or peer is None else round(own / peer, 2),
        "error": round(errors[name], 4) if name in errors else None,
    }
