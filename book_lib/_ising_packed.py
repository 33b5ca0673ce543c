"""Bit-packed checkerboard sweeps: 64 spins are updated by one machine word; public through :mod:`book_lib.ising`.

A spin is a bit, and a word of 64 bits does in one instruction what bytes do in 64 lanes of a loop. Two
arrangements share the code below:

* one lattice (:class:`PackedLattice`): bit b of word (r, j) is in row b·L/64 + r. The rows above and below are
  then plain slices; only at the seams, r = 0 and r = L/64 − 1, the neighbour sits in the next bit of the word;
* 64 lattices (:class:`PackedReplicas`): bit b of word (r, j) is in row r of replica b.

A spin that has fewer than two unsatisfied bonds asks for an event of chance p = e^{−4|J|/T}, or of e^{−8|J|/T}.
The answers, as bits, come in two parts (:class:`Dice`). The first n binary digits of p are met by n random words:
if the word w holds digit i of 64 uniform numbers u, the bits of "u < p" follow from the last digit to the first
by B ← B | w where digit i of p is 1 and B ← B & w where it is 0 (w and its complement are equally likely, which
saves the complement). What the cut leaves, less than 2⁻ⁿ, is rare, so it need not be asked of every spin: a Poisson
number of strays, thrown at random, are the spins that it befalls. Together the two parts have the chance p, at any
temperature, to within 10⁻¹² (where a stray falls is known to the 53 digits of a float, of which the number of its
word takes up to fourteen): nothing is truncated at the n-th digit, and n is chosen for speed alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib.rng import Generator, raw_uint32

Words = NDArray[np.uint64]
BITS = 64
MOST_DIGITS = 16
_STRAY = 12  # what a stray costs, in words of digits: measured, and not critical
_BLOCK = 8192  # words of a colour updated at a time: random words and spare arrays then stay in the cache
_ONE, _SIXTH, _LAST = np.uint64(1), np.uint64(6), np.uint64(BITS - 1)
_BYTES_OF_ONE = np.uint64(0x0101010101010101)


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


def lane_counts(words: Words) -> NDArray[np.int64]:
    """Return, for each of the 64 bit places, in how many of the words it is set, shape (64,)."""
    words = words.reshape(-1)
    padded = np.zeros((-(-len(words) // 128), 128), np.uint64)
    padded.reshape(-1)[: len(words)] = words
    # Bits 0, 8, 16, … of 128 words add up in the bytes of one word, then bits 1, 9, 17, …
    spread = (padded >> np.arange(8, dtype=np.uint64)[:, None, None]) & _BYTES_OF_ONE  # (8, chunks, 128)
    sums = spread.sum(2, dtype=np.uint64).astype("<u8").view(np.uint8).reshape(8, -1, 8)
    return sums.sum(1, dtype=np.int64).T.reshape(BITS)  # place 8·byte + shift


# ---------------------------------------------------------------------------- chance


def metropolis_chances(temperature: ArrayLike, coupling: float) -> NDArray[np.float64]:
    """Return e^{−4|J|/T} and e^{−8|J|/T} (one bond of four is unsatisfied, or none), shape (2, …)."""
    with np.errstate(over="ignore"):  # a quotient too large for a float makes the chance 0, which is right
        x = 4 * abs(coupling) / np.asarray(temperature, dtype=np.float64)
        return np.exp(-np.stack([x, 2 * x]))


def heat_bath_chances(temperature: ArrayLike, coupling: float) -> NDArray[np.float64]:
    """Return the chances 1/(1 + e^{4|J|/T}) and 1/(1 + e^{8|J|/T}) of going against three of four neighbours,
    or against all, shape (2, …)."""
    odds = metropolis_chances(temperature, coupling)
    return odds / (1 + odds)


CHANCES = {"metropolis": metropolis_chances, "heat_bath": heat_bath_chances}


def split(chance: NDArray[np.float64], digits: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Split a chance p ≤ ½ into its first digits and a density of strays for the rest.

    An event of chance k/2ⁿ, *or* one of chance q = (p − k/2ⁿ)/(1 − k/2ⁿ), has the chance p. Of a Poisson number
    of strays, ρ = −ln(1 − q) per spin on average, a spin gets none with chance e^{−ρ} = 1 − q, and what one spin
    gets tells nothing about the others.

    Args:
        chance: p, of any shape, 0 … ½.
        digits: n.

    Returns:
        k = ⌊p·2ⁿ⌋ and ρ, both of p's shape.

    >>> split(np.array([0.375]), 2)
    (array([1]), array([0.18232156]))
    """
    scaled = chance * 2.0**digits
    levels = np.floor(scaled)
    return levels.astype(np.int64), -np.log1p(-(scaled - levels) / (2.0**digits - levels))


class Dice:
    """Answers spins that ask for one of two events, exactly with its chance and each spin on its own.

    Args:
        chances: of the two events, shape (2,); for :class:`LaneDice` of each lane, shape (2, 64).

    Attributes:
        digits: how many words of digits are needed for each word of spins, as few as pays.
    """

    def __init__(self, chances: NDArray[np.float64]) -> None:
        inverted = chances > 0.5  # then what does *not* happen is drawn, which is rarer
        rarer = np.where(inverted, 1 - chances, chances)
        self.digits = min(range(MOST_DIGITS + 1), key=lambda n: n + _STRAY * _strays_per_word(rarer, n))
        levels, rates = split(rarer, self.digits)
        self._per_word = _strays_per_word(rarer, self.digits)
        # The strays of a word are shared out: event by event, and in an event lane by lane.
        shares = np.concatenate([[0.0], np.cumsum(rates.ravel())])
        self._edges = shares / shares[-1] if self._per_word else shares
        self._places = np.linspace(0, 2 * BITS, len(shares))
        self._set(levels, inverted)

    def _set(self, levels: NDArray[np.int64], inverted: NDArray[np.bool_]) -> None:
        first, second = levels.tolist()
        self._level_digits = [(first >> i & 1, second >> i & 1) for i in range(self.digits)]
        self._inverted = inverted.tolist()

    def strays(self, rng: np.random.Generator, blocks: int, words: int) -> list[tuple[NDArray, Words, Words]]:
        """Draw the spins that the rest of the chances befalls, in ``blocks`` blocks of so many words of spins.

        Returns:
            For each block, shape (n,) each: words, 0 … ``words`` − 1; a bit of each; and which event befalls
            that spin, as a mask, 0 for the first and all ones for the second.
        """
        ends = np.cumsum(rng.poisson(self._per_word * words, blocks)).tolist()
        where = rng.random(ends[-1])
        where *= words
        word = np.minimum(where.astype(np.int64), words - 1)  # a number next to 1 may be rounded up
        where -= word  # what is behind the point is uniform too: it chooses the event and the bit
        place = np.minimum(np.interp(where, self._edges, self._places), 2 * BITS - 1).astype(np.uint64)
        marks = (word, _ONE << (place & _LAST), np.negative(place >> _SIXTH))
        return [tuple(mark[i:j] for mark in marks) for i, j in zip([0, *ends], ends, strict=False)]

    def answer(self, digits: Words, strays: tuple[NDArray, Words, Words], asks: Words, room: Words) -> Words:
        """Draw the events that are asked for.

        Args:
            digits: uniform words, last digit first, shape (self.digits or more, rows, columns).
            strays: of :meth:`strays`, for this block.
            asks: bits of the spins that ask for the first event; the others ask for the second.
            room: two spare arrays, shape (2, rows, columns).

        Returns:
            The events as bits, shape (rows, columns), in the first of the spare arrays.
        """
        out = self._dense(digits, asks, room)
        word, bit, event = strays
        np.bitwise_or.at(out.reshape(-1), word, bit & (asks.reshape(-1)[word] ^ event))
        self._turn(asks, room)
        return out

    def _dense(self, digits: Words, asks: Words, room: Words) -> Words:
        """Answer with the chances' first digits: k/2ⁿ."""
        out, so_far, hidden = room[0], None, False
        for (first, second), word in zip(self._level_digits, digits, strict=False):
            # subtle: where the two levels differ in a digit, it must be "or" for some spins and "and" for the
            # others. With B held as its complement where the first event is asked for, one step does both.
            if hidden != (first != second):
                hidden = not hidden
                so_far = asks if so_far is None else np.bitwise_xor(so_far, asks, out=out)
            if so_far is None:
                so_far = word if second else None  # 0 | w, or still 0
            else:
                so_far = (np.bitwise_or if second else np.bitwise_and)(so_far, word, out=out)
        if hidden:
            np.bitwise_xor(so_far, asks, out=out)
        elif so_far is None:
            out.fill(0)
        elif so_far is not out:
            np.copyto(out, so_far)
        return out

    def _turn(self, asks: Words, room: Words) -> None:
        """Turn an event whose complement was drawn."""
        first, second = self._inverted
        if first != second:
            room[0] ^= asks
        if second:
            np.invert(room[0], out=room[0])


class LaneDice(Dice):
    """Dice for 64 lanes that have chances of their own, shape (2, 64)."""

    def _set(self, levels: NDArray[np.int64], inverted: NDArray[np.bool_]) -> None:
        words = [np.zeros((2, 1, 1), np.uint64)] + [_lane_word(levels >> i & 1) for i in range(self.digits)]
        self._changes = [after ^ before for before, after in zip(words, words[1:], strict=False)]
        self._last = words[-1]
        self._inverted = _lane_word(inverted) if inverted.any() else None

    def _dense(self, digits: Words, asks: Words, room: Words) -> Words:
        room.fill(0)
        # subtle: B again, or its complement in lanes whose digit is 1: there B | w is ~(~B & ~w), so that one
        # "and" serves both digits, and only changes from digit to digit cost a step.
        for change, word in zip(self._changes, digits, strict=False):
            room ^= change
            room &= word
        room ^= self._last
        return _select(asks, room)

    def _turn(self, asks: Words, room: Words) -> None:
        if self._inverted is not None:
            first, second = self._inverted
            room[1] = asks & (first ^ second)
            room[1] ^= second
            room[0] ^= room[1]


def _select(asks: Words, pair: Words) -> Words:
    """Return the first of two arrays where a bit of ``asks`` is set and the second elsewhere, in the first."""
    first, second = pair
    first ^= second
    first &= asks
    first ^= second
    return first


def _strays_per_word(chances: NDArray[np.float64], digits: int) -> float:
    """Return how many bits of a word of both events the rest of the chances sets on average."""
    return float(split(chances, digits)[1].mean() * 2 * BITS)


def _lane_word(bits: NDArray) -> Words:
    """Pack what holds for each event, shape (2,), or for each event and lane, (2, 64), into words (2, 1, 1)."""
    return pack(np.broadcast_to(bits.reshape(2, -1).T, (BITS, 2)).astype(np.uint8))[:, None, None]


# ---------------------------------------------------------------------------- sweeps


@dataclass(frozen=True)
class _Block:
    """Some rows of a colour, as views: words to update, their neighbours, and room to work in.

    Attributes:
        own: words to be updated, shape (rows, columns).
        near, above, below: neighbours beside, above and below, in the other colour.
        moves: (target, source) of the copies that put the second neighbour beside into ``room[1]``.
        room: six spare arrays of the shape of ``own``.
        pair: two more, in one piece.
    """

    own: Words
    near: Words
    above: Words
    below: Words
    moves: tuple[tuple[Words, Words], ...]
    room: tuple[Words, ...]
    pair: Words

    def gather(self) -> None:
        """Put the second neighbour beside into ``room[1]``."""
        for target, source in self.moves:
            np.copyto(target, source)

    def compare(self, antiferromagnet: bool) -> tuple[Words, Words, Words, Words]:
        """Return where each of the four bonds costs energy: unequal spins if J > 0, equal ones if J < 0."""
        self.gather()
        own = np.invert(self.own, out=self.room[4]) if antiferromagnet else self.own
        a, b, c, d = self.room[:4]
        np.bitwise_xor(own, self.near, out=a)
        np.bitwise_xor(own, b, out=b)
        np.bitwise_xor(own, self.above, out=c)
        np.bitwise_xor(own, self.below, out=d)
        return a, b, c, d

    def flip(self, answer: Callable[[Words, Words], Words], antiferromagnet: bool) -> None:
        """Flip spins as Metropolis does; ``answer`` is :meth:`Dice.answer` with its first arguments given."""
        a, b, c, d = self.compare(antiferromagnet)
        both = np.bitwise_and(a, b, out=self.room[4])  # at least two: ab, or cd, or one of each pair
        a |= b
        np.bitwise_and(c, d, out=b)
        c |= d
        both |= b
        np.bitwise_and(a, c, out=b)
        both |= b
        a |= c  # at least one
        both |= answer(a, self.pair)
        np.bitwise_xor(self.own, both, out=self.own)

    def redraw(self, answer: Callable[[Words, Words], Words], coin: Words, antiferromagnet: bool) -> None:
        """Set spins as heat bath does.

        A spin follows the majority of its neighbours, but for a rare event; of two against two the coin
        decides.
        """
        self.gather()
        pair, some, pair2, some2, three, mixed = self.room
        np.bitwise_and(self.near, some, out=pair)
        some |= self.near
        np.bitwise_and(self.above, self.below, out=pair2)
        np.bitwise_or(self.above, self.below, out=some2)
        np.bitwise_and(pair, pair2, out=three)
        np.bitwise_or(some, some2, out=mixed)
        mixed ^= three  # neither four up nor four down
        against = answer(mixed, self.pair)
        np.bitwise_and(pair, some2, out=three)
        np.bitwise_and(pair2, some, out=mixed)
        three |= mixed  # at least three up
        pair |= pair2
        some &= some2
        pair |= some
        pair ^= three  # exactly two up
        three ^= against
        np.bitwise_xor(three, coin, out=some)
        some &= pair
        if antiferromagnet:
            np.invert(three, out=three)
        np.bitwise_xor(three, some, out=self.own)


class _Packed:
    """Two colours of words, each with a row to spare above and below; what both arrangements share.

    Site (r, 2j + r mod 2) is word (r, j) of black, site (r, 2j + 1 − r mod 2) is word (r, j) of white, so
    that the neighbours of word (r, j) are, in the other colour, (r, j), one beside it, and those above and
    below. The number of rows is even.

    Args:
        words: the lattice, shape (rows, 2 columns).
    """

    def __init__(self, words: Words) -> None:
        rows, columns = words.shape[0], words.shape[1] // 2
        self._padded = [_aligned(rows + 2, columns) for _ in range(2)]
        black, white = (padded[1:-1] for padded in self._padded)
        black[0::2], black[1::2] = words[0::2, 0::2], words[1::2, 1::2]
        white[0::2], white[1::2] = words[0::2, 1::2], words[1::2, 0::2]
        self._colours = self._blocks(rows, columns)

    def __reduce__(self) -> tuple:
        # subtle: the blocks are views; a copy or a pickle made entry by entry would cut them from their words.
        return type(self), (self.spins(),)

    def spins(self) -> NDArray[np.int8]:
        """Return the spins as ±1."""
        raise NotImplementedError

    def _words(self) -> Words:
        """Return the lattice, shape (rows, 2 columns)."""
        black, white = (padded[1:-1] for padded in self._padded)
        words = np.empty((len(black), 2 * black.shape[1]), np.uint64)
        words[0::2, 0::2], words[1::2, 1::2] = black[0::2], black[1::2]
        words[0::2, 1::2], words[1::2, 0::2] = white[0::2], white[1::2]
        return words

    def _blocks(self, rows: int, columns: int) -> list[list[_Block]]:
        """Cut both colours into blocks of one size, small enough for the cache; they share their room."""
        heights = [height for height in range(2, rows + 1, 2) if rows % height == 0]  # even, like the rows
        height = min(heights, key=lambda height: abs(math.log(height * columns / _BLOCK)))
        room = _aligned(8, height, columns)
        blocks: list[list[_Block]] = [[], []]
        for colour, low in ((colour, low) for colour in (0, 1) for low in range(0, rows, height)):
            high = low + height
            own, other = self._padded[colour], self._padded[1 - colour]
            near = other[low + 1 : high + 1]
            blocks[colour].append(
                _Block(
                    own=own[low + 1 : high + 1],
                    near=near,
                    above=other[low:high],
                    below=other[low + 2 : high + 2],
                    moves=_beside(near, room[1], colour),
                    room=tuple(room[:6]),
                    pair=room[6:],
                )
            )
        return blocks

    def _turn(self, colour: int) -> list[_Block]:
        """Return the blocks of a colour, after filling the spare rows of the other."""
        self._seam(self._padded[1 - colour])
        return self._colours[colour]

    def _seam(self, padded: Words) -> None:
        """Fill the spare rows with the neighbours across the seam."""
        padded[0], padded[-1] = padded[-2], padded[1]

    def _draws(
        self, dice: Dice, rows: int, rng: np.random.Generator
    ) -> Iterator[tuple[_Block, Words, Callable]]:
        """Go through the blocks of both colours, with ``rows`` of digits and answers made from them."""
        count, shape = len(self._colours[0]), self._colours[0][0].own.shape
        size = math.prod(shape)
        # The strays of a whole sweep at once: they are few, and a dozen small steps for each block would tell.
        strays = dice.strays(rng, 2 * count, size)
        for k in range(2 * count):
            block = (self._turn(k // count) if k % count == 0 else self._colours[k // count])[k % count]
            digits = raw_words(rng, rows * size).reshape(rows, *shape)
            yield block, digits, partial(dice.answer, digits, strays[k])

    def metropolis(self, dice: Dice, coupling: float, rng: np.random.Generator) -> None:
        """Make one Metropolis sweep; ``dice`` of :func:`metropolis_chances`."""
        for block, _, answer in self._draws(dice, dice.digits, rng):
            block.flip(answer, coupling < 0)

    def heat_bath(self, dice: Dice, coupling: float, rng: np.random.Generator) -> None:
        """Make one heat-bath sweep; ``dice`` of :func:`heat_bath_chances`."""
        for block, digits, answer in self._draws(dice, max(1, dice.digits), rng):
            # A digit may serve as the coin: spins that toss it do not heed the answer.
            block.redraw(answer, digits[-1], coupling < 0)


class PackedLattice(_Packed):
    """One torus of L×L spins, L a multiple of 128: bit b of word (r, j) is in row b·L/64 + r of the lattice."""

    def __init__(self, spins: NDArray[np.int8]) -> None:
        self.size = len(spins)
        super().__init__(pack((spins > 0).view(np.uint8).reshape(BITS, self.size // BITS, self.size)))

    def spins(self) -> NDArray[np.int8]:
        """Return the lattice as ±1, shape (L, L)."""
        return 2 * unpack(self._words()).reshape(self.size, self.size).view(np.int8) - 1

    def totals(self) -> tuple[int, int]:
        """Return (Σ_<ij> s s′, Σ s)."""
        unequal = sum(_count(bond) for block in self._turn(0) for bond in block.compare(False))
        up = sum(_count(padded[1:-1]) for padded in self._padded)
        return 2 * (self.size**2 - unequal), 2 * up - self.size**2

    def _seam(self, padded: Words) -> None:
        last, first = padded[-2], padded[1]
        # Row b·L/64 − 1 is in bit b − 1 of the last words.
        np.bitwise_or(last << _ONE, last >> _LAST, out=padded[0])
        np.bitwise_or(first >> _ONE, first << _LAST, out=padded[-1])


class PackedReplicas(_Packed):
    """64 tori of L×L spins, L even: bit b of each word belongs to replica b.

    Args:
        spins: ±1, shape (64, L, L).
    """

    def __init__(self, spins: NDArray[np.int8]) -> None:
        self.size = spins.shape[-1]
        super().__init__(pack((spins > 0).view(np.uint8)))

    def spins(self) -> NDArray[np.int8]:
        """Return the lattices as ±1, shape (64, L, L)."""
        return 2 * unpack(self._words()).view(np.int8) - 1

    def totals(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (Σ_<ij> s s′, Σ s) of each replica, shape (64,) both."""
        unequal = sum(lane_counts(np.stack(block.compare(False))) for block in self._turn(0))
        up = sum(lane_counts(padded[1:-1]) for padded in self._padded)
        return 2 * (self.size**2 - unequal), 2 * up - self.size**2


def _beside(near: Words, side: Words, colour: int) -> tuple[tuple[Words, Words], ...]:
    """Return the copies (target, source) that put second neighbours beside, from words ``near``, into ``side``."""
    left, right = (0, 1) if colour == 0 else (1, 0)  # the rows whose second neighbour is j−1, j+1
    return (
        (side[left::2, 1:], near[left::2, :-1]),
        (side[left::2, 0], near[left::2, -1]),
        (side[right::2, :-1], near[right::2, 1:]),
        (side[right::2, -1], near[right::2, 0]),
    )


def _aligned(*shape: int) -> Words:
    """Return an array that begins where a line of the cache does: no vector then straddles two of them."""
    octets = np.empty(8 * math.prod(shape) + 64, np.uint8)
    start = -octets.ctypes.data % 64
    return octets[start : start + 8 * math.prod(shape)].view(np.uint64).reshape(shape)


def _count(words: Words) -> int:
    """Return how many bits of the words are set."""
    return int(np.bitwise_count(words).sum(dtype=np.int64))
