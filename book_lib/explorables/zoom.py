"""Zoom out: three lattices near the critical temperature, and what majority after majority makes of them."""

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib import runs
from book_lib.explorables.base import Explorable, OneOf, Still, Whole
from book_lib.ising import CRITICAL_TEMPERATURE, Ising, majority_rule
from book_lib.rng import CounterRNG

TEMPERATURES = (2.21, CRITICAL_TEMPERATURE, 2.33)
"""Just below, at and just above the critical temperature."""

SWEEPS = (24, 45, 30)
"""Cluster sweeps from all up until the lattice has forgotten it: a critical one takes longest."""

SIZE = 486
SMALLEST = 6
LETTERS = "ABC"


def samples(seed: int, size: int = SIZE) -> list[NDArray[np.int8]]:
    """Grow the three lattices, in the order of `TEMPERATURES`; `parts/samples.js` grows the same ones.

    >>> [spins.shape for spins in samples(seed=1, size=54)]
    [(54, 54), (54, 54), (54, 54)]
    """
    models = [
        Ising(size, temperature, algorithm="swendsen_wang", rng=CounterRNG(seed, stream), start="up")
        for stream, temperature in enumerate(TEMPERATURES)
    ]
    return [model.sweep(sweeps).spins for model, sweeps in zip(models, SWEEPS, strict=True)]


def arrangement(seed: int) -> list[int]:
    """Return which of the three temperatures stands at A, B and C.

    >>> sorted(arrangement(seed=1))
    [0, 1, 2]
    """
    return [int(place) for place in CounterRNG(seed, len(TEMPERATURES)).permutation(len(TEMPERATURES))]


def levels(spins: NDArray[np.int8]) -> list[NDArray[np.int8]]:
    """Return a lattice and what the majority of each 3 × 3 block makes of it, again and again.

    >>> [len(level) for level in levels(np.ones((54, 54), np.int8))]
    [54, 18, 6]
    """
    pictures = [spins]
    while len(pictures[-1]) // 3 >= SMALLEST:
        pictures.append(majority_rule(pictures[-1]))
    return pictures


class ZoomOut(Explorable):
    """Three lattices without labels: guess which is critical, zoom out until only one still looks the same.

    The browser grows them from the seed with Swendsen–Wang's clusters, spin by spin as `samples` does.

    Args:
        seed: of the three lattices and of their order.
        level: how often the picture has been coarse-grained, 0 to 4: 486, 162, 54, 18, 6 spins a side.
        view: "whole", or "window": never more than 54 × 54 spins, so that every zoom has squares of one size.

    Attributes:
        guess: "A", "B", "C", or "" before the reader has chosen.
        revealed: whether the temperatures are shown.

    Raises:
        ValueError: for a bad value of one of these.

    >>> ZoomOut(view="all")
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: view must be one of 'whole', 'window', not 'all'
    """

    seed = Whole(17, least=0, most=2**32 - 1).tag(sync=True)
    level = Whole(0, least=0, most=4).tag(sync=True)
    view = OneOf(("whole", "window"), default_value="whole").tag(sync=True)
    guess = OneOf(("", *LETTERS), default_value="").tag(sync=True)
    revealed = traitlets.Bool(False).tag(sync=True)
    size = traitlets.Int(SIZE, read_only=True).tag(sync=True)

    def describe(self) -> str:
        """The alt text: the author's, or one that says what zooming out shows."""
        return self.alt or (
            "Three lattices, A, B and C, of 486 by 486 spins, and each of them zoomed out to 54 by 54 and "
            "18 by 18. One turns into a single colour, one into noise, and one keeps patches of every size."
        )

    def still(self) -> Still:
        """The three lattices and two of their zooms, for light and dark."""
        from book_lib import plotting

        # Five seconds of work that no edit of prose or plot should repeat.
        grown = runs.cached("zoom-out", pictures, {"seed": self.seed, "size": self.size})
        drawn, axes = plotting.figure(6.2, 6.3, rows=3, columns=3)
        for place, column in zip(arrangement(self.seed), axes.T, strict=True):
            for axis, size in zip(column, (486, 54, 18), strict=True):
                plotting.lattice(axis, grown[f"{place}-{size}"])
        for axis, letter in zip(axes[0], LETTERS, strict=True):
            axis.set_title(letter)
        for axis, size in zip(axes[:, 0], (486, 54, 18), strict=True):
            axis.text(-0.04, 0.5, f"${size}^2$", transform=axis.transAxes, ha="right", va="center")
        return plotting.still(drawn)


def pictures(seed: int, size: int) -> dict[str, NDArray[np.int8]]:
    """Return every level of the three lattices by "place-size", as `runs.cached` stores it."""
    grown = [levels(spins) for spins in samples(seed, size)]
    return {f"{place}-{len(level)}": level for place, own in enumerate(grown) for level in own}
