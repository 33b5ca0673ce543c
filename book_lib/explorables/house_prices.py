"""House prices from area and distance: three knobs with units, what each house is missed by, and the best knobs."""

from __future__ import annotations

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, Real

COLUMNS = 3  # price of a square metre, of a kilometre, and of nothing at all


class HousePrices(Explorable):
    """Four houses, or five, and a price y = w₁·area + w₂·distance + c whose three knobs the reader turns.

    Args:
        price_per_m2: w₁, in 10⁴ yuan a square metre, 0 to 20.
        penalty_per_km: w₂, in 10⁴ yuan a kilometre, −120 to 30.
        base: c, in 10⁴ yuan, 0 to 1500.
        fifth: whether the fifth house, large and in the centre, counts too.
        alt: text for readers who see no picture; made from the settings unless given.

    The houses are those of :func:`book_lib.datasets.houses`. See the section :ref:`sec-reg-houses`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> HousePrices().mse()
    23612.5
    """

    price_per_m2 = Real(3.5, least=0, most=20).tag(sync=True)
    penalty_per_km = Real(-15.0, least=-120, most=30).tag(sync=True)
    base = Real(700.0, least=0, most=1500).tag(sync=True)
    fifth = traitlets.Bool(False).tag(sync=True)

    def data(self) -> tuple[NDArray, NDArray]:
        """X with the columns area (m²) and distance (km), shape (N, 2), and prices (10⁴ yuan), shape (N,)."""
        from book_lib.datasets import houses

        table = houses(5 if self.fifth else 4)
        return table.inputs, table.targets

    def weights(self) -> NDArray:
        """The reader's w₁, w₂, c, shape (3,)."""
        return np.array([self.price_per_m2, self.penalty_per_km, self.base])

    def best(self) -> NDArray:
        """The w₁, w₂, c with the least mean squared error on the houses shown, shape (3,)."""
        from book_lib.regression import least_squares

        inputs, targets = self.data()
        return least_squares(np.column_stack([inputs, np.ones(len(inputs))]), targets).weights

    def predictions(self, weights: NDArray | None = None) -> NDArray:
        """Prices of the houses by the reader's knobs, or by others, shape (N,)."""
        *slopes, base = self.weights() if weights is None else weights
        return self.data()[0] @ np.array(slopes) + base

    def mse(self, weights: NDArray | None = None) -> float:
        """Mean squared error, in (10⁴ yuan)²."""
        return float(np.mean((self.data()[1] - self.predictions(weights)) ** 2))

    def unit_prices(self) -> NDArray:
        """Price over area, in 10⁴ yuan a square metre, shape (N,)."""
        inputs, targets = self.data()
        return targets / inputs[:, 0]

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        w, best = self.weights(), self.best()
        prices = ", ".join(f"{t:g} ({y:.0f})" for t, y in zip(self.data()[1], self.predictions(), strict=True))
        return (
            f"Prices of {len(self.data()[1])} houses in 10⁴ yuan, with what {w[0]:g} a square metre, {w[1]:g} a "
            f"kilometre and {w[2]:g} to begin with make of them in brackets: {prices}. The mean squared error is "
            f"{self.mse():.1f}. The best three knobs, {best[0]:.2f}, {best[1]:.2f} and {best[2]:.1f}, reach "
            f"{self.mse(best):.2f}."
        )

    def still(self) -> tuple:
        """Each price beside what the reader's and the best knobs make of it."""
        from book_lib import plotting
        from book_lib.datasets import houses

        colors = plotting.COLORS
        figure, axes = plotting.figure(height=2.8)
        prices, mine, best = self.data()[1], self.predictions(), self.predictions(self.best())
        place = np.arange(len(prices))
        axes.vlines(place - 0.12, prices, mine, color=colors.simulation, linewidth=2)
        axes.vlines(place + 0.12, prices, best, color=colors.mean_field, linewidth=2, linestyle="--")
        axes.plot(place, prices, "o", color=colors.theory, label="price")
        axes.plot(place - 0.12, mine, "_", color=colors.simulation, markersize=14, label="these knobs")
        axes.plot(place + 0.12, best, "_", color=colors.mean_field, markersize=14, label="least squares")
        names = [name.replace(", ", ",\n") for name in houses(len(prices)).rows]
        axes.set(ylabel="price in 10⁴ yuan", xticks=place, xticklabels=names)
        axes.set_ylim(bottom=1.2 * min(0, *mine, *best))  # a price below nothing is seen, too
        axes.legend(loc="upper left" if self.fifth else "lower center")
        return plotting.still(figure)
