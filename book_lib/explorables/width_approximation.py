"""How many units a curve takes: a network of one hidden layer that meets a function, and its error against theory."""

from __future__ import annotations

import math

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, OneOf, Whole

END = 2 * math.pi  # the domain is 0 … 2π
FINE = 4096  # pieces of the grid on which the largest error is looked for
STEEP = 24.0  # a sigmoid unit rises within a fraction of a piece: σ(24 u) for u in pieces
WIDTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
FUNCTIONS = ("sin", "corner", "root")


class WidthAndApproximation(Explorable):
    """A function on 0 … 2π and the network of `width` hidden units that is built to meet it, without any training.

    With ReLU it goes straight from point to point; with sigmoids it is a staircase of one step a unit.

    Args:
        function: "sin", "corner" |x − π|/π, or "root" √(x/2π).
        width: hidden units, 1 to 64: so many pieces of equal length.
        activation: "relu" or "sigmoid".
        outside: whether the plot goes on beyond the domain, where nothing is promised.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-net-approximation`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> [round(WidthAndApproximation(width=n).error(), 4) for n in (4, 8, 16, 32, 64)]
    [0.2105, 0.0704, 0.0188, 0.0048, 0.0012]
    """

    function = OneOf(list(FUNCTIONS), default_value="sin").tag(sync=True)
    width = Whole(4, least=1, most=64).tag(sync=True)
    activation = OneOf(["relu", "sigmoid"], default_value="relu").tag(sync=True)
    outside = traitlets.Bool(False).tag(sync=True)
    guess = OneOf(["", "same", "root", "half", "quarter"], default_value="").tag(sync=True)
    """What the reader expects twice the width to divide the error by: 1, √2, 2 or 4; "" before they say."""

    def target(self, x: NDArray) -> NDArray:
        """f(x)."""
        return target(self.function, np.asarray(x, dtype=np.float64))

    def network(self, x: NDArray, width: int | None = None) -> NDArray:
        """What the network gives at x, any shape."""
        x, n = np.asarray(x, dtype=np.float64), width or self.width
        base, places, heights = units(self.function, n, self.activation)
        total = np.full(x.shape, base)
        for place, height in zip(places, heights, strict=True):
            u = x - place
            total = total + height * (np.maximum(u, 0) if self.activation == "relu" else sigmoid(u / (END / n)))
        return total

    def error(self, width: int | None = None) -> float:
        """The largest |f − network| on the grid of 4097 points over the domain."""
        x = END * np.arange(FINE + 1) / FINE
        return float(np.abs(self.target(x) - self.network(x, width)).max())

    def bound(self, width: int | None = None) -> float:
        """What theory promises at most, with pieces of length h: h²/8 max|f″| for straight ones, h/2 max|f′| for steps.

        Where there is no such derivative it is worse: at a corner h/2 times the slope, and at the foot of the root,
        which is vertical there, 1/(4√n) for straight pieces and 1/√(2n) for steps.
        """
        return bound(self.function, width or self.width, self.activation)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        return (
            f"The function {self.function!r} on 0 to 2π and a network of {self.width} {self.activation} units that is "
            f"built to meet it: the largest error is {self.error():.4f}, and theory allows {self.bound():.4f}. With "
            f"twice as many units it is {self.error(2 * self.width):.4f}. Beside it the largest error against the "
            "width, from 1 to 64 units."
        )

    def still(self) -> tuple:
        """Function and network; the largest error against the width."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, (left, right) = plotting.figure(height=2.7, columns=2)
        x = np.linspace(0, END, 801)
        left.plot(x, self.target(x), color=colors.theory, label="function")
        left.plot(x, self.network(x), "--", color=colors.simulation, label="network")
        left.set(xlabel="x", ylabel="f(x)")
        left.legend()
        errors = [max(self.error(n), 1e-6) for n in WIDTHS]
        right.loglog(WIDTHS, errors, "o", color=colors.simulation, label="largest error")
        right.loglog(WIDTHS, [self.bound(n) for n in WIDTHS], color=colors.theory, label="theory")
        right.plot(self.width, max(self.error(), 1e-6), "o", color=colors.reader, fillstyle="none", markersize=9)
        right.set(xlabel="hidden units", ylabel="largest error")
        right.legend()
        return plotting.still(figure)


def target(function: str, x: NDArray) -> NDArray:
    """f(x); the root goes on as 0 to the left of 0."""
    if function == "sin":
        return np.sin(x)
    if function == "corner":
        return np.abs(x - math.pi) / math.pi
    return np.sqrt(np.maximum(x, 0) / END)


def sigmoid(u: NDArray) -> NDArray:
    """σ(24u): a step of about a fifth of a piece."""
    return 1 / (1 + np.exp(-np.clip(STEEP * u, -700, 700)))


def units(function: str, n: int, activation: str) -> tuple[float, NDArray, NDArray]:
    """The constant, and place and outer weight of each hidden unit. Mirrored in `core/width.js`.

    ReLU units stand at the left ends of the pieces and weigh what the slope changes there. Sigmoid units stand between
    stairs, of which there is one more than there are units: n + 1 stairs, the outermost half as long as the others.
    """
    h = END / n
    if activation == "relu":
        values = target(function, h * np.arange(n + 1))
        slopes = np.diff(values) / h
        return float(values[0]), h * np.arange(n), np.diff(slopes, prepend=0.0)
    stairs = target(function, h * np.arange(n + 1))
    return float(stairs[0]), h * (np.arange(n) + 0.5), np.diff(stairs)


def bound(function: str, n: int, activation: str) -> float:
    """What the error cannot exceed; see `WidthAndApproximation.bound`."""
    h = END / n
    if activation == "relu":
        return {"sin": h * h / 8, "corner": h / 2 / math.pi, "root": math.sqrt(1 / n) / 4}[function]
    return {"sin": h / 2, "corner": h / 2 / math.pi, "root": math.sqrt(1 / (2 * n))}[function]
