"""A race downhill: gradient descent, momentum, Adam and Newton from one start, over one of five landscapes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole
from book_lib.explorables.lists import Numbers

NAMES = {
    "gradient_descent": "gradient descent",
    "momentum": "momentum",
    "adam": "Adam",
    "newton": "Newton",
}
OPTIMIZERS = tuple(NAMES)
LONGEST = 500  # steps of a race


@dataclass(frozen=True)
class Scene:
    """What the picture of a landscape shows at first: limits of the map, the start and the learning rate."""

    x: tuple[float, float]
    y: tuple[float, float]
    start: tuple[float, float]
    rate: float


SCENES = {
    "quadratic": Scene((-3, 3), (-2, 2), (-2.5, 1.5), 0.1),
    "ravine": Scene((-3, 3), (-1, 1), (-2.5, 0.7), 0.015),
    "rosenbrock": Scene((-2, 2), (-1, 3), (-1.2, 1.0), 0.001),
    "double_well": Scene((-2, 2), (-1.5, 1.5), (1.7, 1.2), 0.1),
    "saddle": Scene((-2, 2), (-2, 2), (-1.8, 0.01), 0.1),
}


@dataclass(frozen=True)
class Run:
    """How one optimiser fared.

    Args:
        points: where it was, the start included, shape (steps + 1, 2).
        losses: E there, shape (steps + 1,).
        diverged: the step at which it blew up; None if it did not.
    """

    points: NDArray[np.float64] = field(repr=False)
    losses: NDArray[np.float64] = field(repr=False)
    diverged: int | None


class DescentRace(Explorable):
    """Optimisers that race from one start over a map of level lines; which diverge is shown, and said in words.

    Args:
        landscape: "quadratic" ½(x² + 4y²), "ravine" ½(x² + 100y²), "rosenbrock", "double_well" or "saddle", as in
            `book_lib.optimization`.
        learning_rate: η of all but Newton, 0.0001 to 2; suits the landscape unless given.
        momentum: β, 0 to 0.99.
        batch_noise: standard deviation of what is added to each slope, the same for all racers, 0 to 5.
        start: [x, y], each −3 to 3; suits the landscape unless given.
        optimizers: which race: any of "gradient_descent", "momentum", "adam", "newton", at least one.
        steps: made at first sight, 0 to 500.
        seed: of the counter-based generator of the noise; `race` makes the same race from it.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> race = DescentRace(learning_rate=0.51)
    >>> race.critical_rate, race.factor
    (0.5, -1.04)
    >>> race.race(500)["gradient_descent"].diverged is not None
    True
    """

    landscape = OneOf(list(SCENES), default_value="quadratic").tag(sync=True)
    learning_rate = Real(0.1, least=0.0001, most=2).tag(sync=True)
    momentum = Real(0.9, least=0, most=0.99).tag(sync=True)
    batch_noise = Real(0.0, least=0, most=5).tag(sync=True)
    start = Numbers([-2.5, 1.5], length=2, least=-3, most=3).tag(sync=True)
    optimizers = traitlets.List(traitlets.Unicode(), list(OPTIMIZERS)).tag(sync=True)
    steps = Whole(40, least=0, most=LONGEST).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        scene = SCENES[self.landscape]
        self.learning_rate = traits.get("learning_rate", scene.rate)
        self.start = traits.get("start", list(scene.start))

    @traitlets.validate("optimizers")
    def _known(self, proposal: Any) -> list:
        names = proposal["value"]
        if not names or len(set(names)) < len(names) or not set(names) <= set(OPTIMIZERS):
            known = ", ".join(map(repr, OPTIMIZERS))
            raise ArgumentError(f"optimizers must hold one or more of {known}, none twice, not {names!r}")
        return [name for name in OPTIMIZERS if name in names]

    @property
    def surface(self) -> Any:
        """The landscape, as `book_lib.optimization` has it."""
        from book_lib import optimization

        made = {
            "quadratic": lambda: optimization.Quadratic(np.array([1.0, 4.0])),
            "ravine": optimization.ravine,
            "rosenbrock": optimization.Rosenbrock,
            "double_well": optimization.DoubleWell,
            "saddle": optimization.Saddle,
        }
        return made[self.landscape]()

    @property
    def critical_rate(self) -> float:
        """2/L, with L the largest curvature at the minimum."""
        return 2 / self.surface.largest_curvature()

    @property
    def factor(self) -> float:
        """1 − ηL, by which a step of gradient descent multiplies the steepest direction near the minimum."""
        return 1 - self.learning_rate * self.surface.largest_curvature()

    def method(self, name: str) -> Any:
        """One of the racers, as `book_lib.optimization` has it.

        Raises:
            ValueError: for an unknown name.
        """
        from book_lib import optimization

        if name not in OPTIMIZERS:
            raise ArgumentError(f"name must be one of {', '.join(map(repr, OPTIMIZERS))}, not {name!r}")
        made = {
            "gradient_descent": lambda: optimization.GradientDescent(self.learning_rate),
            "momentum": lambda: optimization.Momentum(self.learning_rate, self.momentum),
            "adam": lambda: optimization.Adam(self.learning_rate),
            "newton": lambda: optimization.Newton(self.surface.hessian),
        }
        return made[name]()

    def run(self, name: str, steps: int) -> Run:
        """One racer's way over so many steps, or until it rests or diverges.

        Args:
            name: of the optimiser.
            steps: at most, ≥ 0.
        """
        from book_lib import optimization
        from book_lib.rng import CounterRNG

        surface, rng = self.surface, CounterRNG(self.seed)
        diverged = None
        try:
            way = optimization.minimize(
                surface.value,
                lambda w: surface.gradient(w) + self.batch_noise * rng.standard_normal(2),
                self.start,
                self.method(name),
                steps=steps,
            )
        except optimization.Diverged as error:
            way, diverged = error.trajectory, error.step
        return Run(way.points, way.losses, diverged)

    def race(self, steps: int) -> dict[str, Run]:
        """All racers by name."""
        return {name: self.run(name, steps) for name in self.optimizers}

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        lowest = self.surface.value(self.surface.minimum)
        fates = []
        for name, one in self.race(self.steps).items():
            fate = f"{one.losses[-1] - lowest:.2g} above the minimum"
            if one.diverged is not None:
                fate = f"diverged at step {one.diverged}"
            fates.append(f"{NAMES[name]} {fate}")
        side = "below" if self.learning_rate < self.critical_rate else "not below"
        return (
            f"Optimisers on the landscape {self.landscape.replace('_', ' ')} after {self.steps} steps from "
            f"({self.start[0]:g}, {self.start[1]:g}): {', '.join(fates)}. The learning rate "
            f"{self.learning_rate:g} is {side} 2/L = {self.critical_rate:.3g}."
        )

    def still(self) -> tuple:
        """The map with the ways of the racers, and their losses step by step."""
        from book_lib import plotting

        colors, scene, surface = plotting.COLORS, SCENES[self.landscape], self.surface
        figure, (left, right) = plotting.figure(height=3.0, columns=2)
        x, y = np.meshgrid(np.linspace(*scene.x, 81), np.linspace(*scene.y, 81))
        height = surface.value(np.stack([x, y], axis=-1)) - surface.value(surface.minimum)
        levels = height.max() / 3.0 ** np.arange(9)[::-1]
        left.contour(x, y, height, levels, colors=colors.rule, linewidths=0.8)
        looks = dict(zip(OPTIMIZERS, (
            ("-", colors.simulation), ("-.", colors.mean_field), ("--", colors.theory), (":", colors.reader)
        ), strict=True))  # fmt: skip
        for name, one in self.race(self.steps).items():
            line, color = looks[name]
            left.plot(*np.clip(one.points, -20, 20).T, line, color=color, linewidth=1.4)
            gap = np.maximum(one.losses - surface.value(surface.minimum), 1e-10)
            right.plot(np.log10(gap), line, color=color, label=NAMES[name])
        left.plot(*self.start, "o", color=colors.reader)
        left.set(xlim=scene.x, ylim=scene.y, xlabel="x", ylabel="y")
        right.set(xlabel="step", ylabel="loss above the minimum", ylim=(-10.5, 4.5))
        left.locator_params(nbins=4)  # most of the time goes into numbers on axes
        right.locator_params(axis="x", nbins=4)
        right.set_yticks([-10, -6, -2, 2], ["1e-10", "1e-6", "0.01", "100"])
        right.legend()
        return plotting.still(figure)
