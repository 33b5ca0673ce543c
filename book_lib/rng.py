"""Random numbers that Python and JavaScript draw alike: Threefry-2x32, a counter-based generator.

A usual generator carries a state that each draw disturbs. A *counter-based* one has none: draw number
n is a scrambled function of n and of a key made from the seed, like the n-th page of an endless book
that anyone can open anywhere. Hence draws can be made by the thousand in one NumPy expression, a
position can be stored in one integer, and `core/rng.js` turns the same pages in the browser, bit for
bit. The scrambler is Threefry-2x32 with 20 rounds (`salmon2011random`).

:class:`CounterRNG` is accepted wherever the library takes ``rng``; so are a seed and a NumPy generator.
The last two are faster in Python, the first is the one to use when a run must match the page.
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks

__all__ = ["CounterRNG", "Generator", "RandomLike", "as_generator", "raw_uint32", "threefry2x32"]

_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA  # Skein's constant: a key of zeros must not leave the words unstirred.
_WORD = 2**32
_END = 2**64  # words in a stream
_CHUNK = 8192  # blocks scrambled at a time: four arrays of this many words stay in the L2 cache


def threefry2x32(
    counter: tuple[ArrayLike, ArrayLike], key: tuple[int, int], rounds: int = 20
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Scramble pairs of 32-bit words with Threefry-2x32 (:cite:`salmon2011random`, section 4.2).

    Each round is ``x₀ += x₁``, ``x₁ = rotate(x₁, r)``, ``x₁ ^= x₀``; after every fourth the key is added.

    Args:
        counter: two words 0 … 2³² − 1, or two arrays of them, of shapes that broadcast.
        key: two words.
        rounds: 20 is the authors' default; 13 is the fewest that passed their tests.

    Returns:
        Two uint32 arrays of the counter's shape.

    Raises:
        TypeError: if a word of the key or ``rounds`` is not an integer.
        ValueError: if a word is not an integer in 0 … 2³² − 1, there are not two of them, or ``rounds``
            is not in 1 … 32.

    >>> [f"{int(word):08x}" for word in threefry2x32((0, 0), (0, 0))]
    ['6b200159', '99ba4efe']
    """
    _checks.integer("rounds", rounds, 1, 32)
    if np.shape(key) != (2,):
        raise ValueError(f"key must be two words, got {key!r}")
    k0, k1 = (_checks.integer("key", word, 0, _WORD - 1) for word in key)
    x0, x1 = _counter_words(counter)
    shape = x0.shape
    x0, x1 = x0.reshape(-1), x1.reshape(-1)
    _scramble(x0, x1, (k0, k1, k0 ^ k1 ^ _PARITY), rounds)
    return x0.reshape(shape), x1.reshape(shape)


def _counter_words(counter: tuple[ArrayLike, ArrayLike]) -> list[NDArray[np.uint32]]:
    """Return copies of the two words of a counter as uint32 arrays of one shape."""
    if not isinstance(counter, (tuple, list, np.ndarray)) or len(counter) != 2:
        raise ValueError(f"counter must be two words or two arrays of words, got {counter!r}")
    words = [_checks.regular("counter", word) for word in counter]
    for word in words:
        # subtle: a cast to uint32 would cut 1.9 and 2³² down to other counters, and so repeat their blocks.
        if word.size and (word.dtype.kind not in "iu" or word.min() < 0 or word.max() >= _WORD):
            raise ValueError(f"counter must hold integers from 0 to 2**32 - 1, got {word}")
    try:
        together = np.broadcast_arrays(*words)
    except ValueError:
        shapes = " and ".join(str(word.shape) for word in words)
        raise ValueError(f"counter must hold two arrays whose shapes broadcast, got {shapes}") from None
    return [np.array(word, dtype=np.uint32, order="C") for word in together]


def _scramble(x0: NDArray, x1: NDArray, key: tuple[int, int, int], rounds: int) -> None:
    """Scramble two uint32 arrays in place; ``key`` is the key with its parity word."""
    spare = np.empty_like(x1)
    x0 += np.uint32(key[0])
    x1 += np.uint32(key[1])
    for turn in range(rounds):
        rotation = _ROTATIONS[turn % 8]
        x0 += x1
        np.right_shift(x1, np.uint32(32 - rotation), out=spare)
        x1 <<= np.uint32(rotation)
        x1 |= spare
        x1 ^= x0
        if turn % 4 == 3:
            group = turn // 4 + 1
            x0 += np.uint32(key[group % 3])
            x1 += np.uint32((key[(group + 1) % 3] + group) % _WORD)


class CounterRNG:
    """A generator whose draw number n depends on the seed, the stream and n alone.

    Draw n is word n mod 2 of the scrambled block number ⌊n/2⌋; the key is (seed, stream). The methods
    bear NumPy's names and meanings, so that most code takes either generator.

    Args:
        seed: 0 … 2³² − 1.
        stream: 0 … 2³² − 1. Streams of one seed are independent: one for each worker or replica.

    Raises:
        TypeError: if a number is not an integer.
        ValueError: if it is outside its range.

    >>> rng = CounterRNG(7)
    >>> first = rng.uint32(4)
    >>> rng.counter = 2
    >>> bool((rng.uint32(2) == first[2:]).all())
    True
    """

    def __init__(self, seed: int = 0, stream: int = 0) -> None:
        seed = _checks.integer("seed", seed, 0, _WORD - 1)
        stream = _checks.integer("stream", stream, 0, _WORD - 1)
        self._key = (seed, stream, seed ^ stream ^ _PARITY)
        self._counter = 0

    def __repr__(self) -> str:
        return f"CounterRNG(seed={self.seed}, stream={self.stream}, counter={self._counter})"

    @property
    def seed(self) -> int:
        """The seed, fixed."""
        return self._key[0]

    @property
    def stream(self) -> int:
        """The stream, fixed: another one is another generator."""
        return self._key[1]

    @property
    def counter(self) -> int:
        """How many 32-bit words have been drawn, 0 … 2⁶⁴; set it to go to any place in the stream."""
        return self._counter

    @counter.setter
    def counter(self, value: int) -> None:
        self._counter = _checks.integer("counter", value, 0, _END)

    def uint32(self, n: int | None = None) -> NDArray[np.uint32] | int:
        """Return the next ``n`` words as a uint32 array, or one word as an int if ``n`` is None.

        Raises:
            TypeError: if ``n`` is not an integer.
            ValueError: if it is negative, or more than are left of the 2⁶⁴ words of a stream.
        """
        count = 1 if n is None else _checks.integer("n", n, 0)
        start = self._counter
        if start + count > _END:
            raise ValueError(f"the stream ends after 2**64 words: n must be at most {_END - start}, got {count}")
        first, last = start // 2, (start + count + 1) // 2
        words = np.empty((last - first, 2), dtype=np.uint32)
        for low in range(first, last, _CHUNK):
            high = min(low + _CHUNK, last)
            block = np.arange(low, high, dtype=np.uint64)
            x0, x1 = block.astype(np.uint32), (block >> np.uint64(32)).astype(np.uint32)
            _scramble(x0, x1, self._key, 20)
            words[low - first : high - first, 0] = x0
            words[low - first : high - first, 1] = x1
        self._counter = start + count
        drawn = words.reshape(-1)[start % 2 : start % 2 + count]
        return int(drawn[0]) if n is None else drawn

    def random(self, size: int | tuple[int, ...] | None = None) -> NDArray[np.float64] | float:
        """Return uniform numbers u/2³² in [0, 1), one word each.

        Raises:
            TypeError: if ``size`` is not an integer or a tuple of them.
            ValueError: if it is negative or more than the stream holds; so too for the methods below.

        >>> 0 <= CounterRNG(1).random() < 1
        True
        """
        return self._shaped(self._words(size) / _WORD, size)

    def integers(
        self, low: int, high: int | None = None, size: int | tuple[int, ...] | None = None
    ) -> NDArray[np.int64] | int:
        """Return integers from ``low`` up to but not including ``high`` (from 0 to ``low`` if None).

        One word u each: ``low + ⌊u·n/2³²⌋`` with n = high − low. A value's chance differs from 1/n by at
        most a factor 1 ± n/2³²: for a lattice of 512² sites, less than one part in ten thousand.

        Raises:
            ValueError: if the range is empty or longer than 2³².
        """
        low, high = (0, low) if high is None else (low, high)
        low, high = _checks.integer("low", low), _checks.integer("high", high)
        span = high - low
        if not 0 < span <= _WORD:
            raise ValueError(f"integers needs 0 < high - low <= 2**32, got low={low}, high={high}")
        scaled = (self._words(size).astype(np.uint64) * np.uint64(span)) >> np.uint64(32)
        return self._shaped(scaled.astype(np.int64) + low, size)

    def standard_normal(self, size: int | tuple[int, ...] | None = None) -> NDArray[np.float64] | float:
        """Return standard normal numbers by Box and Muller's method, two words each.

        √(−2 ln u) cos(2πv) for uniform u in (0, 1] and v in [0, 1). With 32 bits the tails end at 6.7
        standard deviations.

        Raises:
            TypeError, ValueError: as :meth:`random`.
        """
        words = self._words(size, each=2).reshape(-1, 2)
        radius = np.sqrt(-2 * np.log((words[:, 0] + 1.0) / _WORD))
        return self._shaped(radius * np.cos(2 * np.pi * (words[:, 1] / _WORD)), size)

    def permutation(self, x: int | ArrayLike) -> NDArray:
        """Return 0 … x−1, or the rows of ``x``, in random order: the order that sorts one word for each.

        Raises:
            TypeError: if ``x`` is neither an integer nor a sequence.
            ValueError: if it is negative.
        """
        items = np.arange(_checks.integer("x", x, 0)) if np.ndim(x) == 0 else np.asarray(x)
        return items[np.argsort(self.uint32(len(items)), kind="stable")]

    def choice(
        self,
        a: int | ArrayLike,
        size: int | tuple[int, ...] | None = None,
        replace: bool = True,
        p: ArrayLike | None = None,
    ) -> Any:
        """Return items of ``a`` (or of 0 … a−1), uniformly or with probabilities ``p``.

        Raises:
            TypeError: if ``a`` is neither an integer nor a sequence.
            ValueError: if there is nothing to choose from, ``p`` does not fit or does not sum to 1, or
                more items are asked for without replacement than there are.
        """
        items = np.arange(_checks.integer("a", a)) if np.ndim(a) == 0 else np.asarray(a)
        if len(items) == 0:
            raise ValueError(f"a must be a positive integer or a non-empty sequence, got {a!r}")
        count = _count(size)
        if not replace:
            if p is not None:
                raise ValueError("choice with both p and replace=False is not supported")
            if count > len(items):
                raise ValueError(f"cannot choose {count} of {len(items)} items without replacement")
            picked = self.permutation(len(items))[:count]
            return items[picked[0]] if size is None else items[picked.reshape(size)]
        if p is None:
            return items[self.integers(len(items), size=size)]
        if np.shape(p) != (len(items),):
            raise ValueError(f"p must hold a probability for each of {len(items)} items, got shape {np.shape(p)}")
        from book_lib.probability import sample_categorical

        return items[sample_categorical(p, size, self)]

    def _words(self, size: int | tuple[int, ...] | None, each: int = 1) -> NDArray[np.uint32]:
        return self.uint32(_count(size) * each)

    @staticmethod
    def _shaped(values: NDArray, size: int | tuple[int, ...] | None) -> Any:
        return values[0].item() if size is None else values.reshape(size)


def _count(size: int | tuple[int, ...] | None) -> int:
    """Return how many numbers an array of this size holds, refusing what is no size."""
    axes = () if size is None else size if isinstance(size, (tuple, list)) else (size,)
    return math.prod(_checks.integer("size", axis, 0) for axis in axes)


Generator: TypeAlias = np.random.Generator | CounterRNG
RandomLike: TypeAlias = int | np.random.Generator | CounterRNG


def as_generator(rng: RandomLike) -> Generator:
    """Turn what a caller gives as ``rng`` into a generator; every function of the library does so.

    Args:
        rng: a seed (a non-negative integer, which makes a NumPy generator), or a generator, which is
            returned as it is and so moves on with each use.

    Raises:
        TypeError: for anything else, None included: randomness without a seed cannot be repeated.
        ValueError: for a negative seed.

    >>> bool(as_generator(3).integers(10) == as_generator(3).integers(10))
    True
    """
    if isinstance(rng, (np.random.Generator, CounterRNG)):
        return rng
    if isinstance(rng, Integral) and not isinstance(rng, bool):
        # SFC64 gives raw words faster than NumPy's default and passes the same test batteries.
        return np.random.Generator(np.random.SFC64(_checks.integer("rng", rng, 0)))
    raise TypeError(
        "rng must be a seed (an integer), a numpy.random.Generator or a book_lib.rng.CounterRNG, "
        f"got {rng!r} ({type(rng).__name__})"
    )


_RAW_64_BITS = (np.random.SFC64, np.random.PCG64, np.random.PCG64DXSM, np.random.Philox)


def raw_uint32(rng: Generator, n: int) -> NDArray[np.uint32]:
    """Return ``n`` uniform 32-bit words from either kind of generator, as fast as it can give them.

    Args:
        rng: a generator; :func:`as_generator` makes one of a seed.
        n: how many words, ≥ 0.

    Raises:
        TypeError: if ``rng`` is not a generator or ``n`` not an integer.
        ValueError: if ``n`` is negative.

    >>> raw_uint32(as_generator(0), 3).dtype
    dtype('uint32')
    """
    if isinstance(rng, CounterRNG):
        return rng.uint32(n)
    n = _checks.integer("n", n, 0)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a generator, got {rng!r} ({type(rng).__name__})")
    if isinstance(rng.bit_generator, _RAW_64_BITS):
        return rng.bit_generator.random_raw((n + 1) // 2).view(np.uint32)[:n]
    return rng.integers(0, _WORD, size=n, dtype=np.uint32)  # e.g. MT19937, whose raw words are shorter
