"""The hinge model of house prices: a debugging lab in which a printed table is wrong and a bias mends the model."""

from __future__ import annotations

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, Real, Whole

SLOPE = 5.0  # of the first hidden unit, which is linear: h₁ = 5x₁
SECOND = (53 / 3, 1.0, -10.0, -60.0)  # weight, then a, b, c of the second hinge
PRINTED = {"h2": (596, 344, 0, 0), "y": (896, 694, 1100, 680)}  # a slide's table, rows 1 to 4


class HingeLab(Explorable):
    """Prices y = 5x₁ + ReLU(ax₁ + bx₂ + c) of five houses, beside a printed table that does not follow from the model.

    Args:
        a: weight of the area x₁ in the hinge, −20 to 20.
        b: weight of the distance x₂, −120 to 40.
        bias: c, −1000 to 1000; the printed model has none.
        second: whether a second hinge, (53/3) ReLU(x₁ − 10x₂ − 60), is added: it puts the fifth house right.
        suspect: the row of the printed table that the reader suspects, 1 to 4; 0 before they say.
        alt: text for readers who see no picture; made from the settings unless given.

    The houses are those of :func:`book_lib.datasets.houses`, the printed numbers those that a slide once showed. See
    the section :ref:`sec-net-hinge`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> HingeLab().prices().tolist()[:4]  # printed were 896, 694, 1100, 680
    [896.0, 694.0, 2190.0, 400.0]
    >>> HingeLab(a=2, b=-45, bias=570, second=True).misses().tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0]
    """

    a = Real(12.0, least=-20, most=20).tag(sync=True)
    b = Real(-62.0, least=-120, most=40).tag(sync=True)
    bias = Real(0.0, least=-1000, most=1000).tag(sync=True)
    second = traitlets.Bool(False).tag(sync=True)
    suspect = Whole(0, least=0, most=4).tag(sync=True)

    def houses(self) -> tuple[NDArray, NDArray]:
        """X with the columns area (m²) and distance (km), shape (5, 2), and prices (10⁴ yuan), shape (5,)."""
        from book_lib.datasets import houses

        return houses(5).inputs, houses(5).targets

    def hidden(self) -> NDArray:
        """h₁, h₂ and what the second hinge adds, shape (5, 3)."""
        area, distance = self.houses()[0].T
        weight, *row = SECOND
        extra = weight * hinge(area, distance, *row) if self.second else np.zeros(5)
        return np.column_stack([SLOPE * area, hinge(area, distance, self.a, self.b, self.bias), extra])

    def prices(self) -> NDArray:
        """y of each house, shape (5,)."""
        return self.hidden().sum(axis=1)

    def misses(self) -> NDArray:
        """Price less y, shape (5,)."""
        return self.houses()[1] - self.prices()

    def active(self) -> list[int]:
        """The houses, counted from 1, that the hinge selects: where ax₁ + bx₂ + c > 0."""
        return [i + 1 for i, height in enumerate(self.hidden()[:, 1]) if height > 0]

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        inside = f"{self.a:g}x₁ {self.b:+g}x₂" + (f" {self.bias:+g}" if self.bias else "")
        rows = ", ".join(f"{t:g} ({y:.0f})" for t, y in zip(self.houses()[1], self.prices(), strict=True))
        chosen = " and ".join(map(str, self.active())) or "none"
        more = " with the second hinge" if self.second else ""
        return (
            "Five houses by area and distance, and the half-plane in which the inside of the hinge, "
            f"{inside.replace('-', '−')}, is positive: it selects the houses {chosen}. Prices in 10⁴ yuan, with what "
            f"the model{more} makes of them in brackets: {rows}. A table once printed 896, 694, 1100 and 680 for the "
            "first four of the model without a bias."
        )

    def still(self) -> tuple:
        """The houses with the selecting half-plane; their prices beside the model's."""
        from book_lib import plotting

        colors, (inputs, targets) = plotting.COLORS, self.houses()
        figure, (left, right) = plotting.figure(height=2.7, columns=2)
        area, distance = np.linspace(0, 250, 101), np.linspace(0, 30, 101)
        z = self.a * area + self.b * distance[:, None] + self.bias
        if z.min() < 0 < z.max():
            left.contourf(area, distance, z, [0, np.inf], colors=[colors.simulation], alpha=0.18)
            left.contour(area, distance, z, [0.0], colors=colors.theory, linewidths=1.2)
        left.plot(*inputs.T, "o", color=colors.theory)
        for i, (x, y) in enumerate(inputs):
            left.annotate(str(i + 1), (x, y), xytext=(5, 4), textcoords="offset points")
        left.set(xlabel="area x₁ in m²", ylabel="distance x₂ in km", xlim=(0, 250), ylim=(0, 30))
        place = np.arange(1, 6)
        right.vlines(place, targets, self.prices(), color=colors.reader, linewidth=2)
        right.plot(place, targets, "o", color=colors.theory, label="price")
        right.plot(place, self.prices(), "_", color=colors.simulation, markersize=14, label="model")
        right.set(xlabel="house", ylabel="price in 10⁴ yuan", xticks=place, ylim=(0, None))
        right.legend()
        return plotting.still(figure)


def hinge(area: NDArray, distance: NDArray, a: float, b: float, bias: float) -> NDArray:
    """ReLU(ax₁ + bx₂ + c). Mirrored in `core/hinge.js`."""
    return np.maximum(a * area + b * distance + bias, 0.0)
