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

from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks

__all__ = ["CounterRNG", "Generator", "RandomLike", "as_generator", "raw_uint32", "threefry2x32"]

_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
_PARITY = 0x1BD11BDA  # Skein's constant: a key of zeros must not leave the words unstirred.
_WORD = 2**32
_CHUNK = 8192  # blocks scrambled at a time: four arrays of this many words stay in the L2 cache


def threefry2x32(
    counter: tuple[ArrayLike, ArrayLike], key: tuple[int, int], rounds: int = 20
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Scramble pairs of 32-bit words with Threefry-2x32 (:cite:`salmon2011random`, section 4.2).

    Each round is ``x₀ += x₁``, ``x₁ = rotate(x₁, r)``, ``x₁ ^= x₀``; after every fourth the key is added.

    Args:
        counter: two words, or two arrays of words of one shape.
        key: two words.
        rounds: 20 is the authors' default; 13 is the fewest that passed their tests.

    Returns:
        Two uint32 arrays of the counter's shape.

    Raises:
        ValueError: if a key word is not in 0 … 2³² − 1, or ``rounds`` is not in 1 … 32.

    >>> [f"{int(word):08x}" for word in threefry2x32((0, 0), (0, 0))]
    ['6b200159', '99ba4efe']
    """
    _checks.integer("rounds", rounds, 1, 32)
    k0, k1 = (_checks.integer("key", word, 0, _WORD - 1) for word in key)
    x0, x1 = (np.array(word, dtype=np.uint32, copy=True, ndmin=1) for word in counter)
    _scramble(x0, x1, (k0, k1, k0 ^ k1 ^ _PARITY), rounds)
    shape = np.broadcast_shapes(np.shape(counter[0]), np.shape(counter[1]))
    return x0.reshape(shape), x1.reshape(shape)


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
        self.seed = _checks.integer("seed", seed, 0, _WORD - 1)
        self.stream = _checks.integer("stream", stream, 0, _WORD - 1)
        self._key = (self.seed, self.stream, self.seed ^ self.stream ^ _PARITY)
        self._counter = 0

    def __repr__(self) -> str:
        return f"CounterRNG(seed={self.seed}, stream={self.stream}, counter={self._counter})"

    @property
    def counter(self) -> int:
        """How many 32-bit words have been drawn; set it to go to any place in the stream."""
        return self._counter

    @counter.setter
    def counter(self, value: int) -> None:
        self._counter = _checks.integer("counter", value, 0, 2**64 - 1)

    def uint32(self, n: int | None = None) -> NDArray[np.uint32] | int:
        """Return the next ``n`` words as a uint32 array, or one word as an int if ``n`` is None."""
        count = 1 if n is None else _checks.integer("n", n, 0)
        start = self._counter
        first, last = start // 2, (start + count + 1) // 2
        words = np.empty((last - first, 2), dtype=np.uint32)
        for low in range(first, last, _CHUNK):
            high = min(low + _CHUNK, last)
            block = np.arange(low, high, dtype=np.uint64)
            x0, x1 = block.astype(np.uint32), (block >> np.uint64(32)).astype(np.uint32)
            _scramble(x0, x1, self._key, 20)
            words[low - first : high - first, 0] = x0
            words[low - first : high - first, 1] = x1
        self._counter = (start + count) % 2**64
        drawn = words.reshape(-1)[start % 2 : start % 2 + count]
        return int(drawn[0]) if n is None else drawn

    def random(self, size: int | tuple[int, ...] | None = None) -> NDArray[np.float64] | float:
        """Return uniform numbers u/2³² in [0, 1), one word each.

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

        With 32 bits the tails end at 6.7 standard deviations.
        """
        words = self._words(size, each=2).reshape(-1, 2)
        radius = np.sqrt(-2 * np.log((words[:, 0] + 1.0) / _WORD))
        return self._shaped(radius * np.cos(2 * np.pi * (words[:, 1] / _WORD)), size)

    def permutation(self, x: int | ArrayLike) -> NDArray:
        """Return 0 … x−1, or the rows of ``x``, in random order: the order that sorts one word for each."""
        items = np.arange(x) if isinstance(x, Integral) else np.asarray(x)
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
            ValueError: if there is nothing to choose from, ``p`` does not fit or does not sum to 1, or
                more items are asked for without replacement than there are.
        """
        items = np.arange(a) if isinstance(a, Integral) else np.asarray(a)
        if items.ndim < 1 or len(items) == 0:
            raise ValueError(f"a must be a positive integer or a non-empty sequence, got {a!r}")
        if not replace:
            if p is not None:
                raise ValueError("choice with both p and replace=False is not supported")
            count = int(np.prod(size)) if size is not None else 1
            if count > len(items):
                raise ValueError(f"cannot choose {count} of {len(items)} items without replacement")
            picked = self.permutation(len(items))[:count]
            return items[picked[0]] if size is None else items[picked.reshape(size)]
        if p is None:
            return items[self.integers(len(items), size=size)]
        from book_lib.probability import sample_categorical

        return items[sample_categorical(p, size, self)]

    def _words(self, size: int | tuple[int, ...] | None, each: int = 1) -> NDArray[np.uint32]:
        count = 1 if size is None else int(np.prod(size, dtype=np.int64))
        return self.uint32(_checks.integer("size", count, 0) * each)

    @staticmethod
    def _shaped(values: NDArray, size: int | tuple[int, ...] | None) -> Any:
        return values[0].item() if size is None else values.reshape(size)


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

    >>> raw_uint32(as_generator(0), 3).dtype
    dtype('uint32')
    """
    if isinstance(rng, CounterRNG):
        return rng.uint32(n)
    if isinstance(rng.bit_generator, _RAW_64_BITS):
        return rng.bit_generator.random_raw((n + 1) // 2).view(np.uint32)[:n]
    return rng.integers(0, _WORD, size=n, dtype=np.uint32)  # e.g. MT19937, whose raw words are shorter
