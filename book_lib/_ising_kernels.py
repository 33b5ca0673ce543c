"""The inner loops of :mod:`book_lib.ising`: one sweep each, fast, and nothing else.

All of them compare a uniform 32-bit word with an integer threshold ⌊p·2³²⌋, never a float with a raw
``exp``: so the JavaScript mirror, whose ``exp`` differs in the last bit, makes the same flips.

Order of draws (what `core/ising.js` must repeat):

* checkerboard: black sites (row + column even) in row-major order, one word each, then the white ones;
* random-site: for each of L² attempts one word for the site, ⌊u·L²/2³²⌋, then one for the new spin;
* Swendsen–Wang: L² words for the bonds to the right, L² for the bonds down, L² for the clusters.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from book_lib.rng import Generator, raw_uint32

Bytes = NDArray[np.uint8]
ALWAYS = 2**32  # the threshold of a certain event: every 32-bit word lies below it


def threshold(probability: float) -> int:
    """Return ⌊p·2³²⌋: a uniform word lies below it with probability p (to 2⁻³²)."""
    return math.floor(min(probability, 1.0) * ALWAYS)


def metropolis_thresholds(temperature: float, field: float, coupling: float) -> list[list[int]]:
    """Return thresholds of a flip, ``[spin is up][number of agreeing neighbours]``, shape (2, 5)."""
    rows = []
    for spin in (-1, 1):
        changes = [2 * (coupling * (2 * agreeing - 4) + field * spin) for agreeing in range(5)]
        rows.append([threshold(math.exp(min(0.0, -change / temperature))) for change in changes])
    return rows


def sigmoid(x: float) -> float:
    """Return 1/(1 + e^{−x}) without overflow."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))


def heat_bath_thresholds(temperature: float, field: float, coupling: float, degree: int = 4) -> list[int]:
    """Return thresholds of "the new spin is up" for neighbour sums −degree, −degree + 2, … degree."""
    sums = range(-degree, degree + 1, 2)
    return [threshold(sigmoid(2 * (coupling * total + field) / temperature)) for total in sums]


class Checkerboard:
    """The spins of an even torus as two compact colour sublattices of bytes, 1 for up and 0 for down.

    Black site (i, 2j + i mod 2) is ``black[i, j]``; white site (i, 2j + 1 − i mod 2) is ``white[i, j]``.
    A site's neighbours all have the other colour: in row i they are j and a second that depends on the
    parity of i, in the rows above and below they are j. So one colour is updated in whole-array steps
    on bytes, of which a vector register holds many: that is where the speed comes from.
    """

    def __init__(self, spins: NDArray[np.int8]) -> None:
        size = len(spins)
        self.size = size
        up = (spins > 0).view(np.uint8)
        self.black, self.white = (np.empty((size, size // 2), np.uint8) for _ in range(2))
        self.black[0::2], self.black[1::2] = up[0::2, 0::2], up[1::2, 1::2]
        self.white[0::2], self.white[1::2] = up[0::2, 1::2], up[1::2, 0::2]
        self._side, self._sum, self._count, self._spare = (np.empty_like(self.black) for _ in range(4))

    def spins(self) -> NDArray[np.int8]:
        """Return the lattice as ±1, shape (L, L)."""
        up = np.empty((self.size, self.size), np.int8)
        up[0::2, 0::2], up[1::2, 1::2] = self.black[0::2], self.black[1::2]
        up[0::2, 1::2], up[1::2, 0::2] = self.white[0::2], self.white[1::2]
        return 2 * up - 1

    def totals(self) -> tuple[int, int]:
        """Return (Σ_<ij> s s′, Σ s)."""
        unequal = self._disagreements(self.black, self.white, colour=0)
        sites = self.size**2
        up = int(np.count_nonzero(self.black)) + int(np.count_nonzero(self.white))
        return 2 * sites - 2 * int(unequal.sum(dtype=np.int64)), 2 * up - sites

    def _sideways(self, other: Bytes, colour: int) -> Bytes:
        """Return, for each site of a colour, its second neighbour in the same row."""
        side = self._side
        left, right = (0, 1) if colour == 0 else (1, 0)  # the rows whose second neighbour is j−1, j+1
        side[left::2, 1:], side[left::2, 0] = other[left::2, :-1], other[left::2, -1]
        side[right::2, :-1], side[right::2, -1] = other[right::2, 1:], other[right::2, 0]
        return side

    def _disagreements(self, own: Bytes, other: Bytes, colour: int) -> Bytes:
        """Return the number of neighbours, 0 … 4, that differ from each site of a colour."""
        total, spare = self._sum, self._spare
        np.bitwise_xor(own, other, out=total)
        total += np.bitwise_xor(own, self._sideways(other, colour), out=spare)
        np.bitwise_xor(own[1:], other[:-1], out=spare[1:])
        np.bitwise_xor(own[0], other[-1], out=spare[0])
        total += spare
        np.bitwise_xor(own[:-1], other[1:], out=spare[:-1])
        np.bitwise_xor(own[-1], other[0], out=spare[-1])
        total += spare
        return total

    def _neighbours_up(self, other: Bytes, colour: int) -> Bytes:
        """Return the number of neighbours, 0 … 4, that are up."""
        total = self._sum
        np.add(other, self._sideways(other, colour), out=total)
        total[1:] += other[:-1]
        total[0] += other[-1]
        total[:-1] += other[1:]
        total[-1] += other[0]
        return total

    def _count_above(self, words: NDArray[np.uint32], limits: list[int], out: Bytes) -> Bytes:
        """Return, for each word, how many of the thresholds lie above it."""
        out.fill(sum(limit == ALWAYS for limit in limits))
        for limit in limits:
            if 0 < limit < ALWAYS:
                np.less(words, np.uint32(limit), out=self._spare.view(np.bool_))
                out += self._spare
        return out

    def metropolis(self, limits: list[list[int]], coupling: float, rng: Generator) -> None:
        """Make one Metropolis sweep; ``limits`` from :func:`metropolis_thresholds`.

        With J ≥ 0 the threshold falls as more neighbours agree, so "the word lies below the threshold
        of k agreeing neighbours" is "k < how many thresholds lie above the word": comparisons with
        constants and one sum of bytes, with no table look-up. With J < 0 it rises, and disagreeing
        neighbours take the place of agreeing ones.
        """
        for colour, (own, other) in enumerate(((self.black, self.white), (self.white, self.black))):
            words = raw_uint32(rng, own.size).reshape(own.shape)
            count = self._count_above(words, limits[1], self._count)
            if limits[0] != limits[1]:  # a field: spins that are down have thresholds of their own
                down = self._count_above(words, limits[0], np.empty_like(count))
                count -= down  # bytes wrap round, and back: where the spin is up, down + (up − down)
                count *= own
                count += down
            unequal = self._disagreements(own, other, colour)
            flip = self._spare.view(np.bool_)
            if coupling >= 0:
                unequal += count
                np.greater(unequal, 4, out=flip)
            else:
                np.less(unequal, count, out=flip)
            own ^= self._spare

    def heat_bath(self, limits: list[int], coupling: float, rng: Generator) -> None:
        """Make one heat-bath sweep; ``limits`` from :func:`heat_bath_thresholds`."""
        for colour, (own, other) in enumerate(((self.black, self.white), (self.white, self.black))):
            words = raw_uint32(rng, own.size).reshape(own.shape)
            count = self._count_above(words, limits, self._count)
            up = self._neighbours_up(other, colour)
            if coupling >= 0:  # thresholds rise with the number k of up neighbours: up if k + count > 4
                up += count
                np.greater(up, 4, out=own.view(np.bool_))
            else:
                np.less(up, count, out=own.view(np.bool_))


@lru_cache(maxsize=2)  # 512² sites take 100 MB
def torus_neighbours(size: int) -> tuple[tuple[int, int, int, int], ...]:
    """Return for each row-major site of a torus its neighbours (left, right, above, below)."""
    index = np.arange(size * size).reshape(size, size)
    shifted = [np.roll(index, shift, axis) for axis, shift in ((1, 1), (1, -1), (0, 1), (0, -1))]
    return tuple(zip(*(array.ravel().tolist() for array in shifted), strict=True))


class Torus:
    """The spins of a torus of any size ≥ 3 as a plain lattice, for updates that hop about."""

    def __init__(self, spins: NDArray[np.int8]) -> None:
        self.size = len(spins)
        self.lattice = np.array(spins, dtype=np.int8, order="C")  # the updates write through ravel()

    def spins(self) -> NDArray[np.int8]:
        """Return the lattice as ±1, shape (L, L)."""
        return self.lattice.copy()

    def totals(self) -> tuple[int, int]:
        """Return (Σ_<ij> s s′, Σ s)."""
        s = self.lattice
        pairs = (s[1:], s[:-1]), (s[0], s[-1]), (s[:, 1:], s[:, :-1]), (s[:, 0], s[:, -1])
        equal = sum(int(np.count_nonzero(one == other)) for one, other in pairs)
        return 2 * equal - 2 * s.size, 2 * int(np.count_nonzero(s > 0)) - s.size

    def glauber(self, limits: list[int], rng: Generator) -> None:
        """Make L² random-site heat-bath updates, one after another."""
        spins = self.lattice.ravel().tolist()
        random_site_updates(spins, torus_neighbours(self.size), [limits] * len(spins), rng)
        self.lattice.ravel()[:] = spins

    def swendsen_wang(self, limit: int, sign: int, rng: Generator) -> None:
        """Freeze satisfied bonds with probability ``limit``/2³² and redraw every cluster."""
        sites = self.size**2
        first = cluster_labels(self.lattice, limit, sign, raw_uint32(rng, 2 * sites))
        words = raw_uint32(rng, sites)
        spins = self.lattice.ravel()
        target = np.where(words < ALWAYS // 2, 1, -1).astype(np.int8)
        # subtle: a cluster turns as a whole; with J < 0 its spins alternate and cannot be set alike.
        spins *= (target * spins).take(first)

    def wolff(self, limit: int, sign: int, rng: Generator) -> None:
        """Turn the cluster of one random site.

        Wolff grows his cluster from that site, bond by bond. To freeze all bonds first and then pick the
        site gives the same clusters with the same chances, and suits whole-array steps.
        """
        sites = self.size**2
        words = raw_uint32(rng, 2 * sites + 1)
        first = cluster_labels(self.lattice, limit, sign, words[:-1])
        cluster = first == first[(int(words[-1]) * sites) >> 32]
        np.negative(self.lattice, out=self.lattice, where=cluster.reshape(self.lattice.shape))


def cluster_labels(lattice: NDArray[np.int8], limit: int, sign: int, words: NDArray) -> NDArray[np.intp]:
    """Freeze bonds between spins whose product is ``sign`` and name each cluster by its first site.

    Along a row, sites that frozen bonds hold together make a run. Every other frozen bond then hangs the later
    of two runs on the earlier, and chains are cut short, until no frozen bond joins different names. That
    takes a handful of rounds.

    Args:
        lattice: ±1, shape (L, L).
        limit: threshold of freezing a satisfied bond.
        sign: +1 for a ferromagnet, −1 for an antiferromagnet.
        words: 2L² draws: for the bonds to the right, row by row, then for those down.

    Returns:
        For each row-major site, the smallest site of its cluster, shape (L²,).
    """
    size, sites = len(lattice), lattice.size
    frozen = words.reshape(2, size, size) < np.uint64(limit)
    _satisfied(lattice.T, sign, frozen[0].T)
    _satisfied(lattice, sign, frozen[1])
    begins = np.ones((size, size), np.bool_)
    np.logical_not(frozen[0, :, :-1], out=begins[:, 1:])
    starts = np.flatnonzero(begins)
    run = begins.ravel().cumsum() - 1  # of each site
    seam = size * np.flatnonzero(frozen[0, :, -1])
    upper = np.flatnonzero(frozen[1])
    lower = upper + size
    lower[lower >= sites] -= sites
    one = run.take(np.concatenate([seam, upper]))
    two = run.take(np.concatenate([seam + size - 1, lower]))
    return starts.take(_joined(len(starts), one, two)).take(run)


def _satisfied(lattice: NDArray[np.int8], sign: int, bonds: NDArray[np.bool_]) -> None:
    """Keep, of bonds from each row to the next, those whose spins have the product ``sign``."""
    wanted = sign * lattice
    bonds[:-1] &= wanted[:-1] == lattice[1:]
    bonds[-1] &= wanted[-1] == lattice[0]


def _joined(count: int, one: NDArray[np.intp], two: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each of ``count`` things the first that pairs (one, two) join it to, shape (count,)."""
    label = np.arange(count)
    while True:
        apart = np.flatnonzero(one != two)
        if not len(apart):
            return label
        one, two = one.take(apart), two.take(apart)
        # subtle: one that is hung on several takes the one written last; the others follow next round.
        label[np.maximum(one, two)] = np.minimum(one, two)
        label = _flattened(label)
        one, two = label.take(one), label.take(two)


def _flattened(label: NDArray[np.intp]) -> NDArray[np.intp]:
    """Follow every label to the end of its chain, twice as far in each round."""
    while True:
        further = label.take(label)
        if (further == label).all():
            return label
        label = further


def random_site_updates(
    spins: list[int],
    neighbours: tuple[tuple[int, ...], ...],
    limits: list[list[int]],
    rng: Generator,
) -> None:
    """Make as many heat-bath updates of random sites as there are sites, in place, in sequence.

    ``limits[i]`` are the thresholds of :func:`heat_bath_thresholds` for a site of i's degree.
    """
    count = len(spins)
    words = raw_uint32(rng, 2 * count)
    sites = ((words[0::2].astype(np.uint64) * np.uint64(count)) >> np.uint64(32)).tolist()
    for site, word in zip(sites, words[1::2].tolist(), strict=True):
        near = neighbours[site]
        # subtle: a sum of d signs takes the values −d, −d + 2, … d: half of (sum + d) counts them.
        total = len(near)
        for other in near:
            total += spins[other]
        spins[site] = 1 if word < limits[site][total >> 1] else -1
