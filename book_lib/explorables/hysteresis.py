"""Hysteresis: a small magnet in a field that is swept up and down, its loop drawn as it happens."""

from functools import lru_cache
from typing import Any

import traitlets

from book_lib import _checks
from book_lib.explorables import base
from book_lib.explorables.base import ArgumentError, Explorable, Real, Whole


@lru_cache(maxsize=4)  # the alt text and the picture show the same loop
def _loop(seed: int, magnet: int, *settings: Any) -> Any:
    from book_lib.ising import hysteresis
    from book_lib.rng import CounterRNG

    return hysteresis(*settings, CounterRNG(seed, magnet))


class Hysteresis(Explorable):
    """A square lattice under random-site Glauber updates while the field goes from −A to A and back.

    Both branches of m(h) appear as they are measured, with the area between them; loops that the reader has
    finished are collected in a table by temperature and sweep rate. A paused loop is measured anew, up to the
    same field, whenever a setting changes.

    Args:
        size: L, for L × L spins on a torus, 3 to 64.
        temperature: T in units of J, 0.5 to 6.
        sweeps_per_step: sweeps at each value of the field, 1 (fast) to 1000 (slow).
        repeats: magnets swept side by side, whose mean is drawn, 1 to 20.
        amplitude: A, the largest field, 0.5 to 6.
        steps: values of the field on each branch, 11 to 201.
        start_at: values already measured at first sight, 0 to 2 × steps; 33, or all if there are fewer.
        seed: of the counter-based generator; each magnet draws from a stream of its own, see `loop`.
        alt: text for readers who see no picture; made from the settings unless given.

    `collected` lists the finished loops as {"temperature", "sweeps_per_step", "loops", "area", "error"}.

    Raises:
        ValueError: for a bad value of one of these.

    >>> Hysteresis(temperature=2.0).sweeps_per_step
    10
    """

    size = Whole(10, least=3, most=64).tag(sync=True)
    temperature = Real(1.5, least=0.5, most=6).tag(sync=True)
    sweeps_per_step = Whole(10, least=1, most=1000).tag(sync=True)
    repeats = Whole(1, least=1, most=20).tag(sync=True)
    amplitude = Real(2.5, least=0.5, most=6).tag(sync=True)
    steps = Whole(51, least=11, most=201).tag(sync=True)
    start_at = Whole(33, least=0, most=402).tag(sync=True)
    collected = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        if "start_at" not in traits:
            self.start_at = min(self.start_at, 2 * self.steps)
        elif self.start_at > 2 * self.steps:
            raise ArgumentError(f"start_at must be at most {2 * self.steps}, twice the steps, not {self.start_at}")

    def loop(self, magnet: int = 0):
        """The first loop that the page measures on one of its magnets, a `book_lib.ising.Loop`.

        Args:
            magnet: which of the repeats, 0 … repeats − 1.

        Raises:
            TypeError: if `magnet` is not an integer.
            ValueError: if there is no such magnet.
        """
        magnet = _checks.integer("magnet", magnet, 0, self.repeats - 1)
        settings = (self.size, self.temperature, self.amplitude, self.steps, self.sweeps_per_step)
        return _loop(self.seed, magnet, *settings)

    def describe(self) -> str:
        """What the picture shows, in words; with the area, which takes a run, where there is a picture."""
        if self.alt:
            return self.alt
        area = f" The two branches enclose an area of {self.loop().area:.2f}." if base.BUILDING else ""
        return (
            f"Magnetisation of a {self.size} by {self.size} lattice at temperature {self.temperature:g} "
            f"while the field rises from {-self.amplitude:g} to {self.amplitude:g} (full line) and falls "
            f"back (dashed).{area}"
        )

    def still(self) -> tuple:
        """The whole loop, as `loop` gives it."""
        from book_lib import plotting

        loop, colors = self.loop(), plotting.COLORS
        figure, axes = plotting.figure(height=3.1)
        axes.fill_between(loop.field, loop.up, loop.down, color=colors.simulation, alpha=0.12, linewidth=0)
        axes.plot(loop.field, loop.up, color=colors.simulation, label="field rising")
        axes.plot(loop.field, loop.down, "--", color=colors.simulation, label="field falling")
        axes.axhline(0, color=colors.rule, linewidth=0.8, zorder=0)
        axes.axvline(0, color=colors.rule, linewidth=0.8, zorder=0)
        axes.set(xlabel="field h", ylabel="mean spin m", ylim=(-1.08, 1.08))
        axes.legend(loc="upper left")
        return plotting.still(figure)
