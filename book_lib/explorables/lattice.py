"""The living lattice: the Ising model with temperature, field and coupling, beside the curves of theory."""

import numpy as np
import traitlets

from book_lib.explorables.base import Explorable, OneOf, Real, Still
from book_lib.ising import Ising, mean_field_magnetization, onsager_magnetization
from book_lib.rng import CounterRNG

SIZES = (32, 64, 128, 256, 512)
STILL_SWEEPS = 400
PLACES = 51
"""Points of the reader's sketch: T = 0, 0.1, … 5."""


class Lattice(Explorable):
    """A square lattice of spins to heat, magnetise and paint, with |m| and energy beside Onsager's curves.

    The energy is E = −J Σ s s′ − h Σ s over the nearest neighbours of a torus, the law p ∝ exp(−E/T). The
    same seed makes the same spins as ``book_lib.ising.Ising(size, …, rng=CounterRNG(seed))`` does.

    Args:
        temperature: T, above 0 (in units of J/k_B).
        field: h.
        coupling: J of either sign; below 0 neighbours prefer to differ.
        size: spins a side: 32, 64, 128, 256 or 512. A narrow screen starts with 64.
        algorithm: "heat_bath" or "metropolis", both on a checkerboard.
        start: "random", or "ordered" (all up; alternating when J < 0).
        speed: sweeps a frame: 1, 4 or 16.
        predict: whether the reader draws |m|(T) before any curve is shown.
        seed: of the random numbers.

    Attributes:
        sketch: the reader's curve, |m| at T = 0, 0.1, … 5; empty until the reader has drawn it.

    >>> Lattice(size=33)
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: size must be one of 32, 64, 128, 256, 512, not 33
    """

    temperature = Real(2.269, least=0.1, most=5).tag(sync=True)
    field = Real(0.0, least=-2, most=2).tag(sync=True)
    coupling = Real(1.0, least=-2, most=2).tag(sync=True)
    size = OneOf(SIZES, default_value=128).tag(sync=True)
    algorithm = OneOf(("heat_bath", "metropolis"), default_value="heat_bath").tag(sync=True)
    start = OneOf(("random", "ordered"), default_value="random").tag(sync=True)
    speed = OneOf((1, 4, 16), default_value=4).tag(sync=True)
    predict = traitlets.Bool(True).tag(sync=True)
    sketch = traitlets.List(traitlets.Float()).tag(sync=True)

    def describe(self) -> str:
        """The alt text: the author's, or one made from the settings."""
        return self.alt or (
            f"A lattice of {self.size} by {self.size} spins at temperature {self.temperature:g}, field "
            f"{self.field:g} and coupling {self.coupling:g}, after {STILL_SWEEPS} sweeps; beside it a plot "
            "of magnetisation against temperature with the exact curve, which falls to zero at 2.269, the "
            "curve of mean field, which does so at 4, and the point where this lattice is."
        )

    def magnet(self) -> Ising:
        """The same magnet in Python: same seed, same flips.

        >>> Lattice(size=32, seed=3).magnet().sweep(10).spins.shape
        (32, 32)
        """
        start: str | np.ndarray = "random" if self.start == "random" else "up"
        if self.start == "ordered" and self.coupling < 0:
            start = 1 - 2 * (np.indices((self.size, self.size)).sum(axis=0) % 2)
        return Ising(
            self.size,
            self.temperature,
            self.field,
            self.coupling,
            self.algorithm,
            rng=CounterRNG(self.seed),
            start=start,
        )

    def still(self) -> Still:
        """The lattice after some sweeps and its place beside the curves of theory, for light and dark."""
        from book_lib import plotting

        magnet = self.magnet().sweep(STILL_SWEEPS)
        drawn, (left, right) = plotting.figure(6.6, 3.1, columns=2)
        plotting.lattice(left, magnet.spins)
        critical = np.array([2.269185 * abs(self.coupling)])
        temperatures = np.sort(
            np.concatenate([np.linspace(0.05, 5, 200), critical * 0.9999, critical * 0.999])
        )
        temperatures = temperatures[temperatures > 0]
        if self.coupling > 0 and self.field == 0:
            exact = [onsager_magnetization(t, self.coupling) for t in temperatures]
            right.plot(temperatures, exact, color=plotting.COLORS.theory, label="exact")
        if self.coupling > 0:
            approximate = [mean_field_magnetization(t, abs(self.field), self.coupling) for t in temperatures]
            right.plot(temperatures, approximate, "--", color=plotting.COLORS.mean_field, label="mean field")
        right.plot(
            [self.temperature],
            [abs(magnet.magnetization)],
            "o",
            markersize=8,
            color=plotting.COLORS.simulation,
            label="this lattice",
        )
        right.set(xlim=(0, 5), ylim=(0, 1.05), xlabel="$T$", ylabel="$|m|$", yticks=[0, 0.5, 1])
        right.legend(loc="upper right")
        return plotting.svg(drawn), plotting.svg(drawn, dark=True), plotting.png(drawn)
