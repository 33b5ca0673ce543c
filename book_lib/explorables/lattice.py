"""The living lattice: the Ising model with temperature, field and coupling, beside the curves of theory."""

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, OneOf, Real, Still
from book_lib.ising import (
    CRITICAL_TEMPERATURE,
    MEAN_FIELD_CRITICAL_TEMPERATURE,
    Ising,
    mean_field_magnetization,
    onsager_magnetization,
)
from book_lib.rng import CounterRNG

SIZES = (32, 64, 128, 256, 512)
STILL_SWEEPS = 400
HOTTEST = 5.0
"""The end of the plot's axis of temperature."""
PLACES = 51
"""Points of the reader's sketch: T = 0, 0.1, … 5."""


def checkerboard(size: int) -> NDArray[np.int64]:
    """The ground state of J < 0, +1 where row + column is even, −1 elsewhere, shape (size, size)."""
    return 1 - 2 * (np.indices((size, size)).sum(axis=0) % 2)


def theory(temperatures: NDArray, field: float, coupling: float) -> tuple[NDArray | None, NDArray | None]:
    """The exact curve of |m|, and mean field's; None where no formula holds. As `theory` in parts/magnet.js.

    Below J = 0 it is |m| with every second spin turned over, which has the law of |J|.
    """
    if coupling == 0:
        return np.abs(np.tanh(field / temperatures)), None  # free spins: mean field is exact
    if coupling < 0 and field != 0:
        return None, None
    exact = onsager_magnetization(temperatures, abs(coupling)) if field == 0 else None
    return exact, mean_field_magnetization(temperatures, abs(field), abs(coupling))


class Lattice(Explorable):
    """A square lattice of spins to heat, magnetise and paint, with |m| and energy beside Onsager's curves.

    The energy is E = −J Σ s s′ − h Σ s over the nearest neighbours of a torus, the law p ∝ exp(−E/T). The
    same seed makes the same spins as ``book_lib.ising.Ising(size, …, rng=CounterRNG(seed))`` does; except that from
    256² on, and without a field, the page packs 32 spins to a word (core/ising_packed.js): the same start and the
    same law, but other flips.

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

    Raises:
        ValueError: for a bad value of one of these.

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
        order = "staggered magnetisation" if self.coupling < 0 else "magnetisation"
        return self.alt or (
            f"A lattice of {self.size} by {self.size} spins at temperature {self.temperature:g}, field "
            f"{self.field:g} and coupling {self.coupling:g}, after {STILL_SWEEPS} sweeps; beside it a plot "
            f"of {order} against temperature with {self._curves_in_words()}the point where this lattice is."
        )

    def _curves_in_words(self) -> str:
        """What `theory` has to draw, for `describe`."""
        if self.coupling == 0:
            return "the exact curve of spins without neighbours and "
        if self.field != 0:
            return "the curve of mean field in this field and " if self.coupling > 0 else ""
        exact, approximate = (
            abs(self.coupling) * critical for critical in (CRITICAL_TEMPERATURE, MEAN_FIELD_CRITICAL_TEMPERATURE)
        )
        beyond = ", beyond the end of the axis" if approximate > HOTTEST else ""
        return (
            f"the exact curve, which falls to zero at {exact:.4g}, the curve of mean field, which does so at "
            f"{approximate:g}{beyond}, and "
        )

    def magnet(self) -> Ising:
        """The same magnet in Python: same seed, same flips, up to 128² or in a field.

        >>> Lattice(size=32, seed=3).magnet().sweep(10).spins.shape
        (32, 32)
        """
        start: str | np.ndarray = "random" if self.start == "random" else "up"
        if self.start == "ordered" and self.coupling < 0:
            start = checkerboard(self.size)
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
        close = CRITICAL_TEMPERATURE * abs(self.coupling) * np.array([0.999, 0.9999])
        temperatures = np.sort(np.concatenate([np.linspace(0.05, HOTTEST, 200), close[close > 0]]))
        exact, approximate = theory(temperatures, self.field, self.coupling)
        if exact is not None:
            right.plot(temperatures, exact, color=plotting.COLORS.theory, label="exact")
        if approximate is not None:
            right.plot(temperatures, approximate, "--", color=plotting.COLORS.mean_field, label="mean field")
        turned = magnet.spins * checkerboard(self.size) if self.coupling < 0 else magnet.spins
        right.plot(
            [self.temperature],
            [abs(turned.mean())],
            "o",
            markersize=8,
            color=plotting.COLORS.simulation,
            label="this lattice",
        )
        label = "staggered $|m|$" if self.coupling < 0 else "$|m|$"
        right.set(xlim=(0, HOTTEST), ylim=(0, 1.05), xlabel="$T$", ylabel=label, yticks=[0, 0.5, 1])
        right.legend(loc="upper right")
        return plotting.still(drawn)
