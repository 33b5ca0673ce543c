"""Four ways to say where a word stands: none, a learned table, sinusoids, rotations."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole
from book_lib.rng import CounterRNG

LENGTH = 64  # positions
TABLE, WORDS, PAIR = 1, 2, 3  # streams of the seed: the learned table, the three words, a query and a key
KINDS = ("none", "learned", "sinusoidal", "rotary")
TURNED = (2, 1, 0)  # the order of "man bites dog"


class PositionalEncodings(Explorable):
    """What each of four kinds of positions adds to a word, and what attention makes of it.

    A map of the numbers at 64 positions, the score q·k by distance from two starts, and the outputs of attention for
    three words in two orders. Waves and rotations are those of :func:`book_lib.transformer.sinusoidal_positions` and
    :func:`book_lib.transformer.rotate`; a learned table is shown before training.

    Args:
        kind: "none", "learned", "sinusoidal" or "rotary".
        width: d, numbers of a vector, even, 8 to 64.
        position: where the query of the second curve stands, 0 to 63.
        pair: i, the pair of numbers whose wavelength is read out, from 0, below d/2.
        base: b of the wavelengths 2πb^{2i/d}, 10 to 100,000.
        content: whether query and key are words, too, and not positions alone.
        seed: of the table and of the words.
        prediction: what the reader bets becomes of an output: "", "same", "man", "other", or "skipped".
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-tf-positions`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> PositionalEncodings(kind="none", width=32).moves().max().round(9)
    np.float64(0.0)
    >>> round(PositionalEncodings(width=32, pair=4).wavelength(), 1)
    62.8
    """

    kind = OneOf(KINDS, default_value="sinusoidal").tag(sync=True)
    width = Whole(32, least=8, most=64, step=2).tag(sync=True)
    position = Whole(20, least=0, most=LENGTH - 1).tag(sync=True)
    pair = Whole(4, least=0, most=31).tag(sync=True)
    base = Real(10_000.0, least=10.0, most=100_000.0).tag(sync=True)
    content = traitlets.Bool(False).tag(sync=True)
    prediction = OneOf(["", "same", "man", "other", "skipped"], default_value="").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        if self.pair >= self.width // 2:
            raise ArgumentError(f"pair must be below {self.width // 2}, half the width, not {self.pair}")

    def _normals(self, stream: int, count: int) -> NDArray[np.float64]:
        """Standard normal numbers of the seed, shape (count, d)."""
        return CounterRNG(self.seed, stream).standard_normal(count * self.width).reshape(count, self.width)

    def wavelength(self) -> float:
        """2πb^{2i/d}, in positions."""
        return float(2 * np.pi * self.base ** (2 * self.pair / self.width))

    def placed(self, x: NDArray, positions: NDArray) -> NDArray[np.float64]:
        """The rows of x, shape (n, d), with their positions: what enters a score."""
        from book_lib.transformer import rotate, sinusoidal_positions

        if self.kind == "rotary":
            return rotate(x, positions, base=self.base)
        if self.kind == "learned":
            return x + (self._normals(TABLE, LENGTH) * np.sqrt(0.5))[positions]
        if self.kind == "sinusoidal":
            return x + sinusoidal_positions(LENGTH, self.width, base=self.base)[positions]
        return np.array(x, dtype=float)

    def probes(self) -> NDArray[np.float64]:
        """A query and a key, shape (2, d): words, or what carries a position alone."""
        if self.content:
            return self._normals(PAIR, 2)
        return np.tile([float(self.kind == "rotary"), 0.0], (2, self.width // 2))

    def encoding(self) -> NDArray[np.float64]:
        """The map: what each position makes of a word without content, shape (64, d)."""
        plain = np.tile([float(self.kind == "rotary"), 0.0], (LENGTH, self.width // 2))
        return self.placed(plain, np.arange(LENGTH))

    def scores(self, start: int | None = None) -> NDArray[np.float64]:
        """q·k of the query at `start` (the position unless given) with the key at each position, shape (64,)."""
        query, key = self.probes()
        start = self.position if start is None else start
        keys = self.placed(np.tile(key, (LENGTH, 1)), np.arange(LENGTH))
        return keys @ self.placed(query[None], np.array([start]))[0]

    def gap(self) -> float:
        """By how much the curves from the position and from 0 differ at most, where both have the distance."""
        return float(abs(self.scores()[self.position :] - self.scores(0)[: LENGTH - self.position]).max())

    def outputs(self, order: tuple[int, ...] = (0, 1, 2)) -> NDArray[np.float64]:
        """What attention gives for each of the three words when they stand in this order, shape (3, d)."""
        from book_lib.transformer import attention

        words = 0.5 * self._normals(WORDS, 3)[list(order)]  # longer ones would see themselves alone
        standing = self.placed(words, np.arange(3))
        done, _ = attention(standing, standing, words if self.kind == "rotary" else standing)
        return done[np.argsort(order)]

    def moves(self) -> NDArray[np.float64]:
        """How far each word's output moves when the order is turned round, shape (3,)."""
        return np.linalg.norm(self.outputs() - self.outputs(TURNED), axis=1)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        names = {"none": "no positions", "learned": "a table before training, at random", "sinusoidal": "sinusoids"}
        waves = f" Pair {self.pair} has a wavelength of {self.wavelength():.3g} positions."
        return (
            f"One of four kinds of positions, {names.get(self.kind, 'rotations')}: a map of {self.width} numbers at "
            f"{LENGTH} positions, and the score of a query with a key by their distance, from position 0 and from "
            f"position {self.position}; the two curves differ by {self.gap():.2f} at most."
            + (waves if self.kind in KINDS[2:] else "")
            + f" Turning three words round moves an output of attention by {self.moves().max():.2f} at most."
        )

    def still(self) -> tuple:
        """The map, and the two curves."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, (left, right) = plotting.figure(6.6, 2.7, columns=2)
        left.imshow(self.encoding().T, aspect="auto", cmap="PRGn", vmin=-1.5, vmax=1.5)
        left.set(xlabel="position", ylabel="number", title=self.kind)
        places = np.arange(LENGTH)
        right.plot(places, self.scores(0), color=colors.theory, label="from position 0")
        label = f"from position {self.position}"
        right.plot(places - self.position, self.scores(), "--", color=colors.mean_field, label=label)
        right.set(xlabel="distance, in positions", ylabel="q·k")
        right.legend(fontsize=9)
        return plotting.still(figure)
