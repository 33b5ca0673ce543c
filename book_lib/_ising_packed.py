"""Bit-packed checkerboard sweeps: 64 spins are updated by one machine word; public through :mod:`book_lib.ising`.

A spin is a bit, and a word of 64 bits does in one instruction what bytes do in 64 lanes of a loop. Two
arrangements share the code below:

* one lattice (:class:`PackedLattice`): bit b of word (r, j) is row b·L/64 + r. Rows above and below are then
  plain slices; only at the seams, r = 0 and r = L/64 − 1, the neighbour sits in the next bit of the word;
* 64 lattices (:class:`PackedReplicas`): bit b of word (r, j) is site (r, j) of replica b.

A step needs, for each spin, an event of probability p = e^{−4/T} and one of e^{−8/T}, as bits. They are
drawn digit by digit: if the word w holds digit i of 64 uniform numbers u, the bits of "u < p" follow from
the last digit to the first by B ← B | w where digit i of p is 1 and B ← B & w where it is 0 (w and its
complement are equally likely, which saves the complement).

Sixteen digits cut p to a multiple of 2⁻¹⁶. The cut is rounded up or down by chance, afresh for each colour of
each sweep, so that *each spin's probability is exactly p*; what remains is that the spins of one step share the
rounding, which moves their common probability by less than 2⁻¹⁶ and averages out from step to step.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from book_lib._ising_kernels import sigmoid
from book_lib.rng import Generator, raw_uint32

Words = NDArray[np.uint64]
DIGITS = 16
BITS = 64
_BLOCK = 4096  # words of a colour updated at a time: random words and spare arrays then stay in the cache
_ONE, _LAST = np.uint64(1), np.uint64(BITS - 1)
_ALL = np.uint64(2**64 - 1)


def raw_words(rng: Generator, n: int) -> Words:
    """Return ``n`` uniform words of 64 bits."""
    return raw_uint32(rng, 2 * n).view(np.uint64)


def pack(bits: NDArray[np.uint8]) -> Words:
    """Turn bits of shape (64, …) into words of shape (…): bit b of a word is entry b of the first axis."""
    octets = np.packbits(bits, axis=0, bitorder="little")  # (8, …)
    return np.ascontiguousarray(np.moveaxis(octets, 0, -1)).view("<u8")[..., 0].astype(np.uint64)


def unpack(words: Words) -> NDArray[np.uint8]:
    """Undo :func:`pack`: words of shape (…) become bits of shape (64, …)."""
    octets = np.ascontiguousarray(words).astype("<u8")[..., None].view(np.uint8)
    return np.moveaxis(np.unpackbits(octets, axis=-1, bitorder="little"), -1, 0)


def rounded(probability: float, word: int) -> int:
    """Round p·2¹⁶ down or up, up with a chance equal to the part that rounding down cuts off.

    Args:
        probability: p, 0 … 1.
        word: a uniform word of 64 bits, which decides; its upper half does.

    >>> rounded(0.25, 2**64 - 1), rounded(0.25 + 2**-17, 0), rounded(0.25 + 2**-17, 2**64 - 1)
    (16384, 16384, 16385)
    """
    # subtle: with all 64 bits the sum would round to the next integer, and p = ¼ sometimes become more.
    return math.floor(probability * 2**DIGITS + (word >> 32) / 2**32)


def bernoulli(digits: Words, level: int, out: Words) -> Words:
    """Set each bit of ``out`` with probability level/2¹⁶.

    Args:
        digits: uniform words, shape (16, …): row i holds digit i of each bit's uniform number, last digit first.
        level: 0 … 2¹⁶. Of two levels the events of the smaller are among those of the larger.
        out: where to put the bits, shape (…).
    """
    if level in (0, 2**DIGITS):
        out.fill(_ALL if level else 0)
        return out
    first = (level & -level).bit_length() - 1  # the digits behind the last 1 change nothing
    np.copyto(out, digits[first])
    for i in range(first + 1, DIGITS):
        step = np.bitwise_or if level >> i & 1 else np.bitwise_and
        step(out, digits[i], out=out)
    return out


def metropolis_chances(temperature: float, coupling: float) -> tuple[float, float]:
    """Return e^{−4|J|/T} and e^{−8|J|/T}: one bond of four is unsatisfied, or none is."""
    return math.exp(-4 * abs(coupling) / temperature), math.exp(-8 * abs(coupling) / temperature)


def heat_bath_chances(temperature: float, coupling: float) -> tuple[float, float]:
    """Return the chances of going against neighbours that are three to one, or of one mind."""
    return sigmoid(-4 * abs(coupling) / temperature), sigmoid(-8 * abs(coupling) / temperature)


class _Packed:
    """Two colours of words, each with a row to spare above and below; what both arrangements share.

    Site (r, 2j + r mod 2) is word (r, j) of black, site (r, 2j + 1 − r mod 2) is word (r, j) of white, so
    that the neighbours of word (r, j) are, in the other colour, (r, j), one beside it, and those above and
    below. The number of rows is even.

    Args:
        black, white: words of shape (rows, columns).
    """

    def __init__(self, black: Words, white: Words) -> None:
        self.rows, self.columns = black.shape
        self._padded = [np.empty((self.rows + 2, self.columns), np.uint64) for _ in range(2)]
        for padded, words in zip(self._padded, (black, white), strict=True):
            padded[1:-1] = words
        self._height = min(self.rows, max(2, _BLOCK // self.columns // 2 * 2))  # even, like the rows
        self._spare = np.empty((6, self._height, self.columns), np.uint64)

    def _seam(self, padded: Words) -> None:
        """Fill the spare rows with the neighbours across the seam."""
        padded[0], padded[-1] = padded[-2], padded[1]

    def _digits(self, rng: Generator, shape: tuple[int, ...]) -> Words:
        return raw_words(rng, DIGITS * math.prod(shape)).reshape(DIGITS, *shape)

    def _around(self, colour: int, low: int, high: int, side: Words) -> tuple[Words, Words, Words, Words]:
        """Return the four neighbours of rows ``low`` … ``high`` − 1 of a colour: beside (two), above, below.

        ``low`` is even. Three of them are views of the other colour; the fourth is written to ``side``.
        """
        other = self._padded[1 - colour]
        near = other[low + 1 : high + 1]
        left, right = (0, 1) if colour == 0 else (1, 0)  # the rows whose second neighbour is j−1, j+1
        side[left::2, 1:], side[left::2, 0] = near[left::2, :-1], near[left::2, -1]
        side[right::2, :-1], side[right::2, -1] = near[right::2, 1:], near[right::2, 0]
        return near, side, other[low:high], other[low + 2 : high + 2]

    def _unsatisfied(self, own: Words, around: tuple[Words, ...], sign: int) -> tuple[Words, ...]:
        """Return where each of the four bonds costs energy: unequal spins if J > 0, equal ones if J < 0."""
        a, b, c, d, spare, _ = self._spare[:, : len(own)]
        if sign < 0:
            own = np.invert(own, out=spare)
        for neighbour, out in zip(around, (a, b, c, d), strict=True):
            np.bitwise_xor(own, neighbour, out=out)
        return a, b, c, d

    def _blocks(self, colour: int) -> list[tuple[int, int]]:
        """Return the row ranges in which a colour is updated, after filling the other's seam."""
        self._seam(self._padded[1 - colour])
        starts = range(0, self.rows, self._height)
        return [(low, min(low + self._height, self.rows)) for low in starts]

    def metropolis(self, chances: object, coupling: float, rng: Generator) -> None:
        """Make one Metropolis sweep; ``chances`` from :func:`metropolis_chances`."""
        for colour in (0, 1):
            levels = self._levels(chances, rng)
            for low, high in self._blocks(colour):
                own = self._padded[colour][low + 1 : high + 1]
                around = self._around(colour, low, high, self._spare[1, : high - low])
                a, b, c, d = self._unsatisfied(own, around, 1 if coupling >= 0 else -1)
                both, either = self._spare[4:, : high - low]
                np.bitwise_and(a, b, out=both)  # at least two: ab, or cd, or one of each pair
                np.bitwise_or(a, b, out=either)
                np.bitwise_and(c, d, out=a)
                np.bitwise_or(c, d, out=b)
                both |= a
                np.bitwise_and(either, b, out=a)
                both |= a
                either |= b  # at least one
                rare, rarer = self._events(levels, self._digits(rng, own.shape), (c, d))
                rare &= either
                rare |= both
                rare |= rarer
                own ^= rare

    def heat_bath(self, chances: object, coupling: float, rng: Generator) -> None:
        """Make one heat-bath sweep; ``chances`` from :func:`heat_bath_chances`.

        A spin follows the majority of its neighbours, but for a rare event; where they are two against
        two, a fair digit decides.
        """
        for colour in (0, 1):
            levels = self._levels(chances, rng)
            for low, high in self._blocks(colour):
                own = self._padded[colour][low + 1 : high + 1]
                near, side, above, below = self._around(colour, low, high, self._spare[1, : high - low])
                pair, some, pair2, some2, rare, rarer = self._spare[:, : high - low]
                np.bitwise_and(near, side, out=pair)
                np.bitwise_or(near, side, out=some)
                np.bitwise_and(above, below, out=pair2)
                np.bitwise_or(above, below, out=some2)
                digits = self._digits(rng, own.shape)
                self._events(levels, digits, (rare, rarer))
                # mixed: neither four up nor four down; three up: a pair and one of the other; tie: two up
                rare &= (some | some2) ^ (pair & pair2)
                rare |= rarer
                three = (pair & some2) | (pair2 & some)
                tie = (pair | pair2 | (some & some2)) ^ three
                three ^= rare
                np.bitwise_xor(three, digits[-1], out=own)
                own &= tie
                own ^= three
                if coupling < 0:
                    np.invert(own, out=own)

    def _levels(self, chances: object, rng: Generator) -> object:
        """Return the levels of the two rare events for one step, rounded by chance."""
        raise NotImplementedError

    def _events(self, levels: object, digits: Words, out: tuple[Words, Words]) -> tuple[Words, Words]:
        """Draw the two rare events, the rarer one within the other."""
        raise NotImplementedError


class PackedLattice(_Packed):
    """One torus of L×L spins, L a multiple of 128: bit b of word (r, j) is in row b·L/64 + r of the lattice."""

    def __init__(self, spins: NDArray[np.int8]) -> None:
        self.size = len(spins)
        up = (spins > 0).view(np.uint8).reshape(BITS, self.size // BITS, self.size)
        super().__init__(*_colours(pack(up)))

    def spins(self) -> NDArray[np.int8]:
        """Return the lattice as ±1, shape (L, L)."""
        words = _lattice(self._padded[0][1:-1], self._padded[1][1:-1])
        return 2 * unpack(words).reshape(self.size, self.size).view(np.int8) - 1

    def totals(self) -> tuple[int, int]:
        """Return (Σ_<ij> s s′, Σ s)."""
        sites, unequal = self.size**2, 0
        for low, high in self._blocks(0):
            around = self._around(0, low, high, self._spare[1, : high - low])
            bonds = self._unsatisfied(self._padded[0][low + 1 : high + 1], around, 1)
            unequal += sum(int(np.bitwise_count(bond).sum(dtype=np.int64)) for bond in bonds)
        up = sum(int(np.bitwise_count(padded[1:-1]).sum(dtype=np.int64)) for padded in self._padded)
        return 2 * sites - 2 * unequal, 2 * up - sites

    def _seam(self, padded: Words) -> None:
        last, first = padded[-2], padded[1]
        padded[0] = (last << _ONE) | (last >> _LAST)  # row b·L/64 − 1 is the last word's bit b − 1
        padded[-1] = (first >> _ONE) | (first << _LAST)

    def _levels(self, chances: tuple[float, float], rng: Generator) -> tuple[int, int]:
        word = int(raw_words(rng, 1)[0])
        return rounded(chances[0], word), rounded(chances[1], word)

    def _events(self, levels: tuple[int, int], digits: Words, out: tuple[Words, Words]) -> tuple[Words, Words]:
        return bernoulli(digits, levels[0], out[0]), bernoulli(digits, levels[1], out[1])


class PackedReplicas(_Packed):
    """64 tori of L×L spins, L even: bit b of each word belongs to replica b, which has chances of its own.

    Args:
        spins: ±1, shape (64, L, L).
    """

    def __init__(self, spins: NDArray[np.int8]) -> None:
        self.size = spins.shape[-1]
        super().__init__(*_colours(pack((spins > 0).view(np.uint8))))

    def spins(self) -> NDArray[np.int8]:
        """Return the lattices as ±1, shape (64, L, L)."""
        return 2 * unpack(_lattice(self._padded[0][1:-1], self._padded[1][1:-1])).view(np.int8) - 1

    def totals(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (Σ_<ij> s s′, Σ s) of each replica, shape (64,) both."""
        sites, unequal = self.size**2, np.zeros(BITS, np.int64)
        for low, high in self._blocks(0):
            around = self._around(0, low, high, self._spare[1, : high - low])
            for bond in self._unsatisfied(self._padded[0][low + 1 : high + 1], around, 1):
                unequal += lane_counts(bond)
        up = lane_counts(self._padded[0][1:-1]) + lane_counts(self._padded[1][1:-1])
        return 2 * sites - 2 * unequal, 2 * up - sites

    def _levels(self, chances: NDArray[np.float64], rng: Generator) -> NDArray[np.uint64]:
        """Return masks, shape (2, 17): bit b of mask i is digit i of replica b's level.

        Each replica rounds by a word of its own: a common one would tie the replicas together.
        """
        uniform = (raw_words(rng, BITS) >> np.uint64(32)) / 2**32
        levels = np.floor(chances * 2**DIGITS + uniform).astype(np.int64)  # (2, 64)
        digits = (levels >> np.arange(DIGITS + 1)[:, None, None]) & 1  # (17, 2, 64)
        return pack(np.moveaxis(digits, 2, 0).astype(np.uint8)).T

    def _events(self, levels: Words, digits: Words, out: tuple[Words, Words]) -> tuple[Words, Words]:
        for masks, events in zip(levels, out, strict=True):
            masks = masks.reshape(-1, 1, 1)
            with_ones, with_zeros = digits | masks[:-1], digits & masks[:-1]
            events.fill(0)
            for ones, zeros in zip(with_ones, with_zeros, strict=True):
                events &= ones  # a digit 1 of the level: B | w; a digit 0: B & w
                events |= zeros
            events |= masks[-1]  # a level of 2¹⁶ is a certain event
        return out


def lane_counts(words: Words) -> NDArray[np.int64]:
    """Return, for each of the 64 bit places, in how many of the words it is set."""
    octets = np.ascontiguousarray(words).reshape(-1).astype("<u8").view(np.uint8)
    bits = np.unpackbits(octets, bitorder="little").reshape(-1, BITS)
    whole = len(bits) // 128 * 128  # sums of 128 bits fit a byte, and bytes add up many at a time
    sums = bits[:whole].reshape(-1, 128, BITS).sum(1, dtype=np.uint8).sum(0, dtype=np.int64)
    return sums + bits[whole:].sum(0, dtype=np.int64)


def _colours(words: Words) -> tuple[Words, Words]:
    """Split the words of a lattice, shape (rows, L), into black and white, (rows, L/2) each."""
    black, white = (np.empty((len(words), words.shape[1] // 2), np.uint64) for _ in range(2))
    black[0::2], black[1::2] = words[0::2, 0::2], words[1::2, 1::2]
    white[0::2], white[1::2] = words[0::2, 1::2], words[1::2, 0::2]
    return black, white


def _lattice(black: Words, white: Words) -> Words:
    """Undo :func:`_colours`."""
    words = np.empty((len(black), 2 * black.shape[1]), np.uint64)
    words[0::2, 0::2], words[1::2, 1::2] = black[0::2], black[1::2]
    words[0::2, 1::2], words[1::2, 0::2] = white[0::2], white[1::2]
    return words
