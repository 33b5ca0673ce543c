"""Learning rate is a temperature: 500 walkers under noisy gradient descent, and the law that they come to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole
from book_lib.explorables.lists import Numbers
from book_lib.rng import CounterRNG

NOISE = 16.0  # standard deviation of the gradient of a single example
WIDE = 3.0  # half-width of the wide well, whose depth is 1
PLACES = 31  # of a drawn schedule
LOWEST, HIGHEST = 0.0005, 0.03  # learning rates that can be drawn
LENGTH = 40_000  # steps of a run under a drawn schedule
SHOWN = 1000  # steps after which the picture for readers without scripts is taken
AHEAD = 100  # steps whose noise is drawn at a time
NEUTRAL = 0.45  # temperature in the middle of the colour scale, near which the two wells are even
GRID = np.linspace(-24.0, 24.0, 4801)  # on which e^(−E/T) is summed


@dataclass(frozen=True)
class Wells:
    """Two wells that meet at w = 0 with energy 0: a wide one of depth 1 on the left, a narrow one on the right.

    With u = |w|/x inside a minimum, E = h·u²(u² − 2); outside it, the parabola −h + 4h(u − 1)², which has the
    same value, slope and curvature there. So no walker can run away while the learning rate is below 2/a of the
    wide well. Mirrored in `core/wells.js`.

    Args:
        depth: how much deeper the narrow well is, ≥ 0: its depth is 1 + depth.
        width: half-width of the narrow well, its minimum lies there, > 0.

    >>> wells = Wells(depth=0.6, width=1.0)
    >>> [round(float(e), 3) for e in wells.value([-3.0, 1.0])]
    [-1.0, -1.6]
    >>> wells.curvatures[1]
    12.8
    """

    depth: float = 0.6
    width: float = 1.0

    def _side(self, w: NDArray) -> tuple[NDArray, NDArray]:
        """Depth h and half-width x on the side of each w."""
        return np.where(w > 0, 1 + self.depth, 1.0), np.where(w > 0, self.width, WIDE)

    def value(self, w: ArrayLike) -> NDArray:
        """The energy, shape as w."""
        w = np.asarray(w, dtype=float)
        h, x = self._side(w)
        u = np.abs(w) / x
        return np.where(u < 1, h * (u * u * (u * u - 2)), 4 * h * ((u - 1) * (u - 1)) - h)

    def gradient(self, w: ArrayLike) -> NDArray:
        """dE/dw, shape as w."""
        w = np.asarray(w, dtype=float)
        right = w > 0
        u = np.abs(w) / np.where(right, self.width, WIDE)
        inside = np.minimum(u, 1)  # beyond the bottom the first term is 0, before it the second
        steep = inside * (inside * inside - 1) + 2 * (u - inside)
        return steep * np.where(right, 4 * (1 + self.depth) / self.width, -4 / WIDE)

    @property
    def curvatures(self) -> tuple[float, float]:
        """The curvature 8h/x² at the bottom of the wide and of the narrow well."""
        return 8 / WIDE**2, 8 * (1 + self.depth) / self.width**2

    def _weight(self, w: ArrayLike, temperature: float) -> NDArray:
        return np.exp(-(self.value(w) + 1 + self.depth) / temperature)  # 1 at the lowest point

    def share(self, temperature: float) -> float:
        """The part of the law e^(−E/T) that lies in the narrow well."""
        weights = self._weight(GRID, temperature)
        middle = len(GRID) // 2  # at w = 0: half of it lies on each side
        return float((weights[middle] / 2 + weights[middle + 1 :].sum()) / weights.sum())

    def relaxation(self, temperature: float) -> float:
        """The time, in steps times η, in which small steps forget in which well they began.

        1/τ = T(1/Z₋ + 1/Z₊)/∫e^(E/T), with the weights Z of e^(−E/T) on both sides and the integral from bottom to
        bottom: the rates of Kramers (1940) there and back, for a barrier that is high against T. Mirrored in
        `core/wells.js`.

        >>> round(Wells().relaxation(0.32) / 0.01, -3)  # steps at η = 0.01
        11000.0
        """
        hop = math.exp(-(1 + self.depth) / temperature)
        if not hop:
            return math.inf  # too cold for numbers, and for walkers
        cell, weights = GRID[1] - GRID[0], self._weight(GRID, temperature)
        right = self.share(temperature) * weights.sum() * cell
        left = weights.sum() * cell - right
        first, last = (round((place - GRID[0]) / cell) for place in (-WIDE, self.width))
        barrier = np.exp(self.value(GRID[first : last + 1]) / temperature).sum() * cell
        return float(barrier / (temperature * hop * (1 / left + 1 / right)))

    def density(self, w: ArrayLike, temperature: float) -> NDArray:
        """The law e^(−E/T)/Z, shape as w."""
        return self._weight(w, temperature) / (self._weight(GRID, temperature).sum() * (GRID[1] - GRID[0]))


class LearningRateTemperature(Explorable):
    """Walkers under noisy gradient descent in two wells, and their histogram against e^(−E/T).

    Each step is w ← w − η(E′(w) + σξ) with σ = 16/√batch size and ξ standard normal, which for small η has the
    stationary law e^(−E/T), T = ησ²/2. At the bottom of a well of curvature a it is T = ησ²/(2 − ηa): a narrow
    well is a little hotter, and nobody comes to rest in it once η > 2/a.

    Args:
        learning_rate: η, 0.001 to 0.2, in the mode "constant".
        batch_size: examples in a batch: 1, 2, 4, 8, 16, 32 or 64.
        depth: how much deeper the narrow well is than the wide one, whose depth is 1; 0 to 1.5.
        width: half-width of the narrow well, 0.6 to 3; that of the wide one is 3.
        walkers: how many, 50 to 1000.
        mode: "constant" (η as set) or "schedule" (η(t) as drawn, over 40 000 steps).
        schedule: 31 learning rates, 0.0005 to 0.03, evenly spread over the run, with straight lines between;
            while it is empty, nothing is drawn and `learning_rate` holds.
        prediction: which well the reader bets on: "", "wide", "deep", or "skipped".
        seed: of the counter-based generator; `walk` makes the same walkers from it.
        alt: text for readers who see no picture; made from the settings unless given.

    `collected` lists the finished schedules as {"first", "last", "temperature", "deep", "fair"}.

    Raises:
        ValueError: for a bad value of one of these.

    >>> LearningRateTemperature().temperature
    0.64
    >>> LearningRateTemperature(batch_size=3)
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: batch_size must be one of 1, 2, 4, 8, 16, 32, 64, not 3
    """

    learning_rate = Real(0.02, least=0.001, most=0.2).tag(sync=True)
    batch_size = OneOf([1, 2, 4, 8, 16, 32, 64], default_value=4).tag(sync=True)
    depth = Real(0.6, least=0, most=1.5).tag(sync=True)
    width = Real(1.0, least=0.6, most=3).tag(sync=True)
    walkers = Whole(500, least=50, most=1000).tag(sync=True)
    mode = OneOf(["constant", "schedule"], default_value="constant").tag(sync=True)
    schedule = Numbers([], length=(0, PLACES), least=LOWEST, most=HIGHEST).tag(sync=True)
    prediction = OneOf(["", "wide", "deep", "skipped"], default_value="").tag(sync=True)
    collected = traitlets.List(traitlets.Dict()).tag(sync=True)

    @traitlets.validate("schedule")
    def _whole_schedule(self, proposal: Any) -> list:
        if len(proposal["value"]) not in (0, PLACES):
            count = len(proposal["value"])
            raise ArgumentError(f"schedule must hold {PLACES} learning rates, or none, not {count}")
        return proposal["value"]

    @property
    def noise(self) -> float:
        """Standard deviation σ of the gradient of a batch."""
        return NOISE / self.batch_size**0.5

    @property
    def temperature(self) -> float:
        """T = ησ²/2, of small steps and the η of the mode "constant"."""
        return self.learning_rate * self.noise**2 / 2

    @property
    def wells(self) -> Wells:
        """The energy."""
        return Wells(self.depth, self.width)

    def rates(self, steps: int = LENGTH) -> NDArray:
        """The learning rate of each of the first steps, shape (steps,)."""
        if self.mode == "constant" or not self.schedule:
            return np.full(steps, self.learning_rate)
        return scheduled(self.schedule, steps)

    def start(self) -> NDArray:
        """Where the walkers begin: evenly spread over both wells, shape (walkers,)."""
        low, high = -1.5 * WIDE, 1.5 * self.width
        return low + (high - low) * (np.arange(self.walkers) + 0.5) / self.walkers

    def walk(self, steps: int) -> NDArray:
        """Where the walkers are after so many steps, shape (walkers,), by `book_lib.optimization.noisy_descent`.

        Raises:
            ValueError: beyond the 40 000 steps of a drawn schedule.
        """
        from book_lib import optimization

        rng = _Ahead(self.seed)
        return optimization.noisy_descent(self.wells, self.start(), steps, self.rates(steps), self.noise, rng)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        places = _shown(self)
        deep = 100 * float((places > 0).mean())
        return (
            f"{self.walkers} walkers under noisy gradient descent in two wells, a wide one of depth 1 and a "
            f"narrow one of depth {1 + self.depth:g}. At the learning rate {self.learning_rate:g} the temperature "
            f"is {self.temperature:.2f}. After {SHOWN} steps {deep:.0f} per cent are in the narrow well; "
            f"the law e to the minus E over T says {100 * self.wells.share(self.temperature):.0f}."
        )

    def still(self) -> tuple:
        """The energy with its walkers, and their histogram against e^(−E/T)."""
        from book_lib import plotting

        colors, places, w = plotting.COLORS, _shown(self), np.linspace(-6, 3.5, 400)
        figure, (left, right) = plotting.figure(height=2.8, columns=2)
        energy, heat = self.wells.value(w), self.temperature
        left.plot(w, energy, color=colors.theory)
        lift = 0.7 * (0.618034 * np.arange(self.walkers) % 1)  # so that a crowd looks like one
        left.plot(
            places, self.wells.value(places) + lift, ".", color=colors.simulation, markersize=3, alpha=0.5
        )
        left.set(xlabel="w", ylabel="energy E(w)", xlim=(-6, 3.5), ylim=(-2.8, 3))
        left.set(xticks=[-6, -3, 0, 3], yticks=[-2, 0, 2])  # numbers on axes take most of the time
        edges = np.linspace(-6, 3.5, 39)
        heights = np.histogram(places, edges)[0] / (self.walkers * (edges[1] - edges[0]))
        color = plotting.temperature_color(heat / (heat + NEUTRAL), 0, 1)
        right.bar(edges[:-1], heights, edges[1] - edges[0], align="edge", color=color)
        law = self.wells.density(edges[:-1, None] + np.arange(0.0125, 0.25, 0.025), heat).mean(axis=1)
        right.stairs(law, edges, color=colors.theory, baseline=None)
        right.set(xlabel="w", ylabel="density", xlim=(-6, 3.5), xticks=[-6, -3, 0, 3])
        right.locator_params(axis="y", nbins=4)
        return plotting.still(figure)


class _Ahead(CounterRNG):
    """The same normal numbers, drawn for many steps at a time: five times as fast."""

    _block: NDArray = np.empty((0, 0))

    def standard_normal(self, size: Any = None) -> NDArray:
        (count,) = size
        if not len(self._block):
            self._block = super().standard_normal((AHEAD, count))
        first, self._block = self._block[0], self._block[1:]
        return first


@lru_cache(maxsize=4)  # the alt text and the picture show the same walkers
def _walked(*settings: Any) -> NDArray:
    names = ("learning_rate", "batch_size", "depth", "width", "walkers", "seed")
    return LearningRateTemperature(**dict(zip(names, settings, strict=True))).walk(SHOWN)


def _shown(one: LearningRateTemperature) -> NDArray:
    return _walked(one.learning_rate, one.batch_size, one.depth, one.width, one.walkers, one.seed)


def scheduled(schedule: ArrayLike, steps: int = LENGTH) -> NDArray:
    """The learning rates of the first steps of a drawn schedule; mirrored in `core/wells.js`.

    Args:
        schedule: the rates drawn, shape (31,), the first at step 0, the last at step 40 000.
        steps: how many, 0 to 40 000.

    Returns:
        shape (steps,).

    Raises:
        ValueError: for another shape, or more steps than a run has.

    >>> float(scheduled([0.01] * 30 + [0.02])[-1].round(4))
    0.02
    """
    drawn = np.asarray(schedule, dtype=float)
    if drawn.shape != (PLACES,):
        raise ValueError(f"schedule must hold {PLACES} learning rates, not an array of shape {drawn.shape}")
    if not 0 <= steps <= LENGTH:
        raise ValueError(f"steps must be from 0 to {LENGTH}, not {steps}")
    at = np.arange(steps) * (PLACES - 1) / LENGTH
    low = np.floor(at).astype(int)
    return drawn[low] + (at - low) * (drawn[low + 1] - drawn[low])
