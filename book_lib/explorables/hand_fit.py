"""Fit a line by hand, then race gradient descent from where you began: learning is the turning of knobs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, OneOf, Real
from book_lib.rng import CounterRNG

POINTS = 12
LOW, HIGH = -1.0, 3.0  # where the points lie
RATE = 0.1  # learning rate of the race; below 2 over the largest curvature for every seed
LONGEST = 400  # steps of a race


class HandFit(Explorable):
    """Twelve points and a line with two knobs, turned by the reader and, in a race, by gradient descent.

    Args:
        slope: of the reader's line, −3 to 3.
        intercept: of the reader's line, its height at x = 0, −4 to 6.
        residuals: how the misses are drawn, "squares" (whose mean area is the loss) or "bars".
        map: "hidden" or "shown": the loss as contours over slope and intercept. A race shows it.
        seed: of the counter-based generator that draws the points.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> game = HandFit()
    >>> bool(game.loss(*game.best()) < game.loss(0.0, 0.0))
    True
    """

    slope = Real(0.0, least=-3, most=3).tag(sync=True)
    intercept = Real(0.0, least=-4, most=6).tag(sync=True)
    residuals = OneOf(["squares", "bars"], default_value="squares").tag(sync=True)
    map = OneOf(["hidden", "shown"], default_value="hidden").tag(sync=True)

    def data(self) -> tuple[NDArray, NDArray]:
        """The points x and t, each of shape (12,)."""
        return line_data(self.seed)

    def loss(self, slope: float, intercept: float) -> float:
        """The mean squared error of a line on the points."""
        x, t = self.data()
        return float(np.mean((t - slope * x - intercept) ** 2))

    def best(self) -> tuple[float, float]:
        """Slope and intercept of the least-squares line, in closed form."""
        return least_squares_line(*self.data())

    def race(self, steps: int = LONGEST) -> NDArray:
        """Slope and intercept of gradient descent from the reader's line, shape (steps + 1, 2)."""
        return descend(*self.data(), (self.slope, self.intercept), RATE, steps)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        slope, intercept = self.best()
        return (
            f"{POINTS} points and a line of slope {self.slope:g} and intercept {self.intercept:g}, which misses "
            f"them by a mean square of {self.loss(self.slope, self.intercept):.2f}. Gradient descent goes from "
            f"there to the least-squares line, slope {slope:.2f} and intercept {intercept:.2f}, with "
            f"{self.loss(slope, intercept):.2f}."
        )

    def still(self) -> tuple:
        """The points with the reader's line and the best one; the way of gradient descent over the contours."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, (left, right) = plotting.figure(height=2.7, columns=2)
        (x, t), way, ends = self.data(), self.race(), np.array([LOW - 0.3, HIGH + 0.3])
        left.vlines(x, t, self.slope * x + self.intercept, color=colors.reader, linewidth=0.8)
        left.plot(ends, self.slope * ends + self.intercept, "--", color=colors.reader, label="your line")
        left.plot(ends, way[-1, 0] * ends + way[-1, 1], color=colors.simulation, label="gradient descent")
        left.plot(x, t, "o", color=colors.theory)
        left.set(xlabel="x", ylabel="t")
        left.legend(loc="upper left")
        a, b = np.meshgrid(np.linspace(-3, 3, 81), np.linspace(-4, 6, 81))
        height = np.mean((t - a[..., None] * x - b[..., None]) ** 2, axis=-1)
        right.contour(a, b, np.log(height), 12, colors=colors.rule, linewidths=0.8)
        right.plot(*way.T, ".-", color=colors.simulation, linewidth=0.8)
        right.plot(*way[0], "o", color=colors.reader)
        right.set(xlabel="slope", ylabel="intercept")
        return plotting.still(figure)


def line_data(seed: int) -> tuple[NDArray, NDArray]:
    """Twelve points about a line: one x in each twelfth of [−1, 3), then its knobs, then the noise."""
    rng = CounterRNG(seed)
    x = LOW + (HIGH - LOW) * (np.arange(POINTS) + rng.random(POINTS)) / POINTS
    slope, intercept = 0.4 + 1.2 * rng.random(), -0.5 + 2 * rng.random()
    sign = 1 if rng.random() < 0.5 else -1
    return x, sign * slope * x + intercept + (1 - sign) + 0.6 * rng.standard_normal(POINTS)


def least_squares_line(x: NDArray, t: NDArray) -> tuple[float, float]:
    """Slope Σ(x − x̄)(t − t̄)/Σ(x − x̄)² and intercept t̄ − slope·x̄ of the least mean squared error."""
    away = x - x.mean()
    slope = float(away @ (t - t.mean()) / (away @ away))
    return slope, float(t.mean() - slope * x.mean())


def descend(x: NDArray, t: NDArray, start: tuple[float, float], rate: float, steps: int) -> NDArray:
    """Gradient descent on the mean squared error of a line; mirrored in `core/line.js`.

    Args:
        x, t: the points, shape (N,).
        start: slope and intercept.
        rate: learning rate η.
        steps: how many.

    Returns:
        Slope and intercept at the start and after each step, shape (steps + 1, 2).
    """
    way = np.empty((steps + 1, 2))
    way[0] = start
    for k in range(steps):
        miss = way[k, 0] * x + way[k, 1] - t
        gradient = 2 * np.array([np.mean(miss * x), np.mean(miss)])
        way[k + 1] = way[k] - rate * gradient
    return way
