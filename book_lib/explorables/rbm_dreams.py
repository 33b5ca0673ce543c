"""A restricted Boltzmann machine that has seen handwritten digits, and what it dreams at a temperature."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.boltzmann import RBM
from book_lib.explorables.assets import asset
from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole
from book_lib.rng import CounterRNG

SIDE = 8
PIXELS = SIDE * SIDE
ASSET = "rbm-digits"
HIDDEN = 48
INK = 0.5  # a pixel is on from here
EPOCHS, BATCH, RATE = 40, 100, 0.1
HALVES = ("none", "top", "bottom", "left", "right")
COLDEST, HOTTEST = 0.05, 5.0
SHOWN = (1, 10, 200)  # steps after which pictures for readers without scripts are taken
BLANK = "0" * (PIXELS // 4)
NOISE = 1  # stream of the noise to start from; steps draw from stream 0


class RbmDreams(Explorable):
    """Two layers that answer one another: hidden units given the pixels, pixels given the hidden units, and again.

    Args:
        machine: a `book_lib.boltzmann.RBM` of 64 visible and 4 to 64 hidden units; `digits_machine()` if not given. Its
            numbers travel to the page as float32.
        temperature: T, 0.05 to 5, at which it dreams. It was trained at 1.
        start: "noise", "digit" or "drawing".
        digit: which example, 0 to 9.
        drawing: 64 pixels row by row as 16 hexadecimal digits, the first pixel in the highest bit.
        clamp: "none", or the half that stays as it was at the start: "top", "bottom", "left" or "right".
        prediction: what the reader bets will come of noise: "", "noise", "digits", "one", or "skipped".
        seed: of the counter-based generator; `dream` takes the same steps.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-bm-digits`.

    Raises:
        TypeError: if `machine` is no RBM.
        ValueError: for a bad value of one of these.

    >>> from book_lib.boltzmann import RBM
    >>> dreams = RbmDreams(machine=RBM.random(64, 6, 0), start="digit", digit=3)
    >>> dreams.dream(5).shape
    (6, 64)
    """

    temperature = Real(1.0, least=COLDEST, most=HOTTEST).tag(sync=True)
    start = OneOf(["noise", "digit", "drawing"], default_value="noise").tag(sync=True)
    digit = Whole(3, least=0, most=9).tag(sync=True)
    drawing = traitlets.Unicode(BLANK).tag(sync=True)
    clamp = OneOf(list(HALVES), default_value="none").tag(sync=True)
    prediction = OneOf(["", "noise", "digits", "one", "skipped"], default_value="").tag(sync=True)
    asset = traitlets.Unicode("").tag(sync=True)
    """Where the front-end finds the machine."""

    def __init__(self, *, machine: RBM | None = None, **traits: Any) -> None:
        if machine is not None and not isinstance(machine, RBM):
            raise TypeError(f"machine must be an RBM, not {type(machine).__name__}")
        shape = (PIXELS, HIDDEN) if machine is None else machine.weights.shape
        if shape[0] != PIXELS or not 4 <= shape[1] <= PIXELS:
            raise ArgumentError(f"machine must have {PIXELS} visible and 4 to {PIXELS} hidden units, not {shape}")
        self._machine = shipped_machine(digits_machine() if machine is None else machine)
        super().__init__(**traits | {"asset": asset(ASSET, self.arrays())})

    @traitlets.validate("drawing")
    def _sixteen_digits(self, proposal: Any) -> str:
        text = proposal["value"].lower()
        if len(text) != len(BLANK) or set(text) - set("0123456789abcdef"):
            raise ArgumentError(f"drawing must be {len(BLANK)} hexadecimal digits, not {proposal['value']!r}")
        return text

    def arrays(self) -> dict[str, NDArray]:
        """What is shipped beside the page: the machine, ten digits, and the free energies of the digits at T = 1."""
        one = self._machine
        free = one.free_energy(ink())
        return {
            "weights": one.weights.astype(np.float32),
            "visible_bias": one.visible_bias.astype(np.float32),
            "hidden_bias": one.hidden_bias.astype(np.float32),
            "digits": ink()[:10].astype(np.uint8),
            "free_energy": np.array([np.mean(free), np.std(free)], np.float32),
        }

    def machine(self, temperature: float | None = None) -> RBM:
        """The library's machine, as it is shipped, at the temperature of the trait or another one."""
        one = self._machine
        heat = self.temperature if temperature is None else temperature
        return RBM(one.weights, one.visible_bias, one.hidden_bias, heat)

    def first(self) -> NDArray[np.uint8]:
        """The pixels at the start, shape (64,)."""
        if self.start == "noise":
            return CounterRNG(self.seed, NOISE).integers(0, 2, size=PIXELS).astype(np.uint8)
        return ink()[self.digit].astype(np.uint8) if self.start == "digit" else pixels(self.drawing)

    def held(self) -> NDArray[np.bool_]:
        """The pixels that stay as they were at the start, shape (64,)."""
        row, column = np.divmod(np.arange(PIXELS), SIDE)
        half = SIDE // 2
        halves = {"top": row < half, "bottom": row >= half, "left": column < half, "right": column >= half}
        return halves.get(self.clamp, np.zeros(PIXELS, dtype=bool))

    def dream(self, steps: int) -> NDArray[np.uint8]:
        """The pixels at the start and after each step, shape (steps + 1, 64), by `RBM.gibbs`."""
        machine, rng, held = self.machine(), CounterRNG(self.seed), self.held()
        path = np.empty((steps + 1, PIXELS), np.uint8)
        path[0] = self.first()
        for k in range(steps):
            path[k + 1] = np.where(held, path[0], machine.gibbs(path[k][None], 1, rng)[0])
        return path

    def free_energy(self, visible: NDArray) -> float:
        """F(v) at T = 1, at which the machine was trained."""
        return float(self.machine(1.0).free_energy(visible))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        path, (mean, spread) = self.dream(SHOWN[-1]), self.arrays()["free_energy"]
        begin = {"noise": "noise", "digit": f"the digit {self.digit}", "drawing": "a drawing"}[self.start]
        kept = "" if self.clamp == "none" else f", its {self.clamp} half held fixed"
        told = ", ".join(f"{self.free_energy(path[k]):.0f} after {k}" for k in (0, *SHOWN))
        return (
            f"A restricted Boltzmann machine of {PIXELS} pixels and {self._machine.weights.shape[1]} hidden units, "
            f"trained on handwritten digits, dreams at temperature {self.temperature:g} from {begin}{kept}. The free "
            f"energy at T = 1 of its pictures is {told} steps; that of the digits is {mean:.0f}, give or take "
            f"{spread:.0f}."
        )

    def still(self) -> tuple:
        """Four pictures of the dream, and the filters of the hidden units."""
        from book_lib import plotting

        times = (0, *SHOWN)
        pictures, filters = sheet(self.dream(SHOWN[-1])[list(times)].T, 2), sheet(self.machine().weights, 8)
        figure, (left, right) = plotting.figure(height=2.9, columns=2)
        left.imshow(pictures, cmap="gray_r", vmin=-0.15, vmax=1, interpolation="nearest")
        for k, step in enumerate(times):
            place = (SIDE + 1) * (k % 2) + SIDE / 2 - 0.5, (SIDE + 1) * (k // 2) + SIDE + 0.1
            left.text(*place, "start" if step == 0 else f"step {step}", ha="center", va="center", fontsize=8)
        left.set(xticks=[], yticks=[])
        left.set_axis_off()
        most = np.nanmax(abs(filters))
        right.imshow(filters, cmap="PRGn_r", vmin=-most, vmax=most, interpolation="nearest")
        right.set(xlabel="weights of the hidden units", xticks=[], yticks=[])
        return plotting.still(figure)


def sheet(columns: NDArray, across: int) -> NDArray[np.float64]:
    """Columns of 64 numbers as pictures side by side, so many a row, NaN between them and below."""
    count = columns.shape[1]
    whole = np.full((-(-count // across) * (SIDE + 1), across * (SIDE + 1) - 1), np.nan)
    for j in range(count):
        top, left = (SIDE + 1) * (j // across), (SIDE + 1) * (j % across)
        whole[top : top + SIDE, left : left + SIDE] = columns[:, j].reshape(SIDE, SIDE)
    return whole


def pixels(drawing: str) -> NDArray[np.uint8]:
    """The 64 pixels of a drawing of 16 hexadecimal digits.

    >>> pixels("80" + "0" * 14)[:3].tolist()
    [1, 0, 0]
    """
    return np.unpackbits(np.frombuffer(bytes.fromhex(drawing), np.uint8))


@cache
def ink() -> NDArray[np.float64]:
    """The digits of `book_lib.datasets.digits` in black and white, shape (1797, 64); the first ten are 0 … 9."""
    from book_lib.datasets import digits

    black = (digits().inputs >= INK).astype(np.float64)
    black.setflags(write=False)
    return black


@cache
def digits_machine() -> RBM:
    """A machine of 48 hidden units trained on the digits by persistent contrastive divergence, a second of work.

    Visible biases begin at the logits of the pixels' means, so that weights need not learn what is the same in all.
    """
    data, rng = ink(), np.random.default_rng(7)
    machine = RBM.random(PIXELS, HIDDEN, rng)
    ones = data.sum(axis=0)
    machine.visible_bias = np.log((ones + 1) / (len(data) - ones + 1))
    chains = None
    for epoch in range(EPOCHS):
        order, rate = rng.permutation(len(data)), RATE * (1 - epoch / EPOCHS)
        for low in range(0, len(data) - BATCH + 1, BATCH):
            slope, chains = machine.contrastive_divergence(data[order[low : low + BATCH]], rng, chains=chains)
            machine.weights += rate * slope.weights
            machine.visible_bias += rate * slope.visible_bias
            machine.hidden_bias += rate * slope.hidden_bias
    return machine


def shipped_machine(machine: RBM) -> RBM:
    """The machine with its numbers rounded to float32: Python and the page compute with the same ones."""
    parts = (machine.weights, machine.visible_bias, machine.hidden_bias)
    return RBM(*(part.astype(np.float32).astype(np.float64) for part in parts))
