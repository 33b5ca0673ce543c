"""The Ising model on a periodic square lattice: simulate it, measure it, and hold it against what is exact.

Spins s = ±1 on an L×L torus have the energy E = −J Σ_<ij> s s′ − h Σ s (each neighbouring pair once), and
in equilibrium at temperature T a configuration has probability e^{−E/T}/Z, with k_B = 1.

* :class:`Ising` simulates: checkerboard Metropolis and heat bath, random-site Glauber, Wolff and
  Swendsen–Wang clusters. Large lattices without a field are packed, 64 spins to a machine word.
* :class:`IsingReplicas` simulates up to 64 lattices at once, each at a temperature of its own.
* :func:`blocking` and :func:`summarize` put error bars on what it measures.
* :func:`enumerate_torus`, :func:`kaufman_torus` and the ``onsager_…`` functions are exact,
  :func:`mean_field_magnetization` is not, which is its point.
* :func:`hysteresis`, :func:`majority_rule` and :class:`Village` are the chapter's excursions.

With ``rng=CounterRNG(seed)`` the local algorithms make the same flips as `core/ising.js`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _ising_kernels as kernels
from book_lib import _ising_packed as packed
from book_lib._ising_exact import (
    CRITICAL_TEMPERATURE,
    MEAN_FIELD_CRITICAL_TEMPERATURE,
    Exact,
    Thermodynamics,
    enumerate_torus,
    kaufman_torus,
    mean_field_free_energy,
    mean_field_magnetization,
    onsager_energy,
    onsager_entropy,
    onsager_free_energy,
    onsager_magnetization,
    onsager_specific_heat,
)
from book_lib._ising_replicas import IsingReplicas
from book_lib._ising_statistics import Estimate, Observables, Series, blocking, summarize
from book_lib._ising_village import Village, grid_graph, neighbor_lists, rewire, ring_graph, small_world
from book_lib.rng import CounterRNG, RandomLike, as_generator, raw_uint32

__all__ = [
    "ALGORITHMS",
    "CRITICAL_TEMPERATURE",
    "Estimate",
    "Exact",
    "Ising",
    "IsingReplicas",
    "KERNELS",
    "Loop",
    "MEAN_FIELD_CRITICAL_TEMPERATURE",
    "Observables",
    "Series",
    "Thermodynamics",
    "Village",
    "acceptance",
    "blocking",
    "energy",
    "energy_change",
    "enumerate_torus",
    "grid_graph",
    "hysteresis",
    "kaufman_torus",
    "majority_rule",
    "mean_field_free_energy",
    "mean_field_magnetization",
    "metropolis_reference",
    "neighbor_lists",
    "onsager_energy",
    "onsager_entropy",
    "onsager_free_energy",
    "onsager_magnetization",
    "onsager_specific_heat",
    "rewire",
    "ring_graph",
    "small_world",
    "summarize",
    "swendsen_wang",
]

ALGORITHMS = ("metropolis", "heat_bath", "glauber", "wolff", "swendsen_wang")
_CHECKERBOARD = ("metropolis", "heat_bath")
_CLUSTER = ("wolff", "swendsen_wang")
KERNELS = ("auto", "compact", "packed")
_PACKED_FROM = 256  # the size from which a word of 64 spins is faster than bytes


# ---------------------------------------------------------------------------- the energy, plainly


def energy(spins: ArrayLike, coupling: float = 1.0, field: float = 0.0) -> float:
    """Return E = −J Σ_<ij> s s′ − h Σ s of a periodic lattice.

    Args:
        spins: ±1, shape (L, L), L ≥ 3.
        coupling, field: J and h.

    Raises:
        ValueError: for another shape or other entries, or numbers that are not finite.

    See the section :ref:`sec-ising-energy`.

    >>> energy(np.ones((4, 4), dtype=int))
    -32.0
    """
    s = _checks.spin_lattice("spins", spins).astype(np.int64)
    coupling, field = _checks.finite("coupling", coupling), _checks.finite("field", field)
    bonds = (s * (np.roll(s, -1, axis=0) + np.roll(s, -1, axis=1))).sum()
    return float(-coupling * bonds - field * s.sum())


def energy_change(
    spins: ArrayLike, row: int, column: int, coupling: float = 1.0, field: float = 0.0
) -> float:
    """Return ΔE = 2s(J Σ neighbours + h), what flipping one spin would add to the energy.

    Args:
        spins: ±1, shape (L, L).
        row, column: the site, 0 … L − 1.
        coupling, field: J and h.

    Raises:
        ValueError: as :func:`energy`, or if the site is not on the lattice.

    >>> energy_change(np.ones((4, 4), dtype=int), 1, 2)
    8.0
    """
    s = _checks.spin_lattice("spins", spins)
    size = len(s)
    row = _checks.integer("row", row, 0, size - 1)
    column = _checks.integer("column", column, 0, size - 1)
    coupling, field = _checks.finite("coupling", coupling), _checks.finite("field", field)
    near = [s[row - 1, column], s[(row + 1) % size, column], s[row, column - 1], s[row, (column + 1) % size]]
    return float(2 * int(s[row, column]) * (coupling * sum(map(int, near)) + field))


def acceptance(energy_change: ArrayLike, temperature: float) -> NDArray | float:
    """Return Metropolis's probability min(1, e^{−ΔE/T}) of accepting a change (:cite:`metropolis1953equation`).

    Args:
        energy_change: ΔE, a number or an array.
        temperature: T > 0.

    Returns:
        A number in [0, 1], or an array of them of ΔE's shape; 0 where e^{−ΔE/T} is smaller than any float.

    Raises:
        TypeError: if T is not a real number or ΔE not an array of them.
        ValueError: if T is not positive and finite or ΔE is not finite.

    See the section :ref:`sec-ising-metropolis`.

    >>> acceptance([-4.0, 0.0, 4.0], temperature=2.0).round(4)
    array([1.    , 1.    , 0.1353])
    """
    change = _checks.finite_array("energy_change", energy_change)
    temperature = _checks.positive("temperature", temperature)
    with np.errstate(over="ignore"):  # −∞ is right: such a change is never accepted
        probability = np.exp(np.minimum(0.0, -change / temperature))
    return float(probability) if probability.ndim == 0 else probability


def metropolis_reference(
    spins: ArrayLike,
    temperature: float,
    field: float = 0.0,
    coupling: float = 1.0,
    rng: RandomLike = 0,
    sweeps: int = 1,
) -> NDArray[np.int8]:
    """Make Metropolis sweeps the slow and clear way; the twin that the fast one is tested against.

    Args:
        spins: ±1, shape (L, L), L even.
        temperature, field, coupling: T, h and J.
        rng: a seed or a generator; the same words give the same flips as ``Ising(…, kernel="compact")``.
        sweeps: how many.

    Returns:
        The new spins; the argument is left as it was.

    Raises:
        ValueError: as :class:`Ising`.

    >>> metropolis_reference(np.ones((4, 4), dtype=int), temperature=0.1).sum()
    np.int64(16)
    """
    s = _checks.spin_lattice("spins", spins)
    size = len(s)
    _check_checkerboard(size, "metropolis")
    temperature = _checks.positive("temperature", temperature)
    field, coupling = _checks.finite("field", field), _checks.finite("coupling", coupling)
    generator = as_generator(rng)
    for colour in [0, 1] * _checks.integer("sweeps", sweeps, 0):
        sites = [(i, j) for i in range(size) for j in range(size) if (i + j) % 2 == colour]
        words = raw_uint32(generator, len(sites))
        for (row, column), word in zip(sites, words, strict=True):
            change = energy_change(s, row, column, coupling, field)
            if word / 2**32 < acceptance(change, temperature):
                s[row, column] *= -1
    return s


def _check_checkerboard(size: int, algorithm: str) -> None:
    if size % 2:
        # subtle: on an odd torus two sites of one colour meet across the seam.
        raise ValueError(
            f"size must be even for algorithm {algorithm!r}, which updates the two colours of a "
            f"checkerboard in turn, got {size}; 'glauber' and the cluster algorithms take odd sizes"
        )


# ---------------------------------------------------------------------------- the simulation


class Ising:
    """A magnet of L×L spins that can be heated, pulled on by a field, and watched.

    Args:
        size: L ≥ 3; even for "metropolis" and "heat_bath".
        temperature: T > 0.
        field: h.
        coupling: J; positive for a ferromagnet, negative for an antiferromagnet.
        algorithm: "metropolis" or "heat_bath" (checkerboard), "glauber" (random sites, for when time is
            physical), "wolff" or "swendsen_wang" (clusters, for h = 0 near T_c).
        rng: a seed, a NumPy generator or a CounterRNG.
        start: "random", "up", "down", or spins ±1 of shape (L, L).
        kernel: how a checkerboard is held. "packed": 64 spins to a word, for h = 0 and sizes that are
            multiples of 128. "compact": a byte for each spin, for all else. "auto": packed where that can be
            and is faster, from size 256; never with a CounterRNG, whose flips are to be those of JavaScript.
            The two make different flips from one seed, and sample the same law: chances of a flip are exact to
            10⁻¹² (packed) and 2⁻³² (compact).

    Raises:
        TypeError: for an argument of the wrong kind.
        ValueError: for a size below 3, or odd where it must be even; a temperature that is not positive
            and finite; a field or coupling that is not finite; an unknown algorithm or kernel; clusters with
            a field; a kernel asked for by name that cannot serve; a start of another shape.

    See the section :ref:`sec-ising-metropolis`.

    >>> magnet = Ising(16, temperature=1.0, start="up", rng=1).sweep(20)
    >>> magnet.magnetization > 0.99
    True
    """

    def __init__(
        self,
        size: int,
        temperature: float,
        field: float = 0.0,
        coupling: float = 1.0,
        algorithm: str = "metropolis",
        rng: RandomLike = 0,
        start: str | ArrayLike = "random",
        kernel: str = "auto",
    ) -> None:
        self._size = _checks.integer("size", size, 3)
        self._temperature = _checks.positive("temperature", temperature)
        self._field = _checks.finite("field", field)
        self._coupling = _checks.finite("coupling", coupling)
        self._rng = as_generator(rng)
        self._asked = _checks.one_of("kernel", kernel, KERNELS)
        self._algorithm = self._checked(algorithm, self._field)
        self._limits: list | int | packed.Dice | None = None
        self._state = self._hold(self._start(start))

    def __repr__(self) -> str:
        return (
            f"Ising(size={self.size}, temperature={self._temperature:g}, field={self._field:g}, "
            f"coupling={self._coupling:g}, algorithm={self._algorithm!r}, kernel={self.kernel!r})"
        )

    def _checked(self, algorithm: str, field: float) -> str:
        """Return ``algorithm`` if it can serve this size and field."""
        _checks.one_of("algorithm", algorithm, ALGORITHMS)
        if algorithm in _CHECKERBOARD:
            _check_checkerboard(self.size, algorithm)
        if algorithm in _CLUSTER and field != 0:
            raise ValueError(f"field must be 0 for algorithm {algorithm!r}, got {field:g}")
        if self._asked != "auto" and algorithm not in _CHECKERBOARD:
            raise ValueError(f"kernel must be 'auto' for algorithm {algorithm!r}, got {self._asked!r}")
        obstacle = self._obstacle(field)
        if self._asked == "packed" and obstacle:
            raise ValueError(f"{obstacle}; kernel='auto' turns to 'compact' there")
        return algorithm

    def _obstacle(self, field: float) -> str:
        """Return why a checkerboard cannot be packed, or nothing."""
        if self.size % (2 * packed.BITS):
            return f"size must be a multiple of {2 * packed.BITS} for kernel 'packed', got {self.size}"
        if field != 0:
            return f"field must be 0 for kernel 'packed', got {field:g}"
        if isinstance(self._rng, CounterRNG):
            return "rng must be a seed or a NumPy generator for kernel 'packed', got a CounterRNG"
        return ""

    def _given(self, name: str, spins: ArrayLike) -> NDArray[np.int8]:
        """Return given spins if they fit this size."""
        array = _checks.regular(name, spins)
        if array.shape != (self.size, self.size):
            raise ValueError(f"{name} must have shape {(self.size, self.size)}, got {array.shape}")
        return _checks.spin_lattice(name, array)

    def _start(self, start: str | ArrayLike) -> NDArray[np.int8]:
        shape = (self.size, self.size)
        if not isinstance(start, str):
            return self._given("start", start)
        if _checks.one_of("start", start, ("random", "up", "down")) == "random":
            words = raw_uint32(self._rng, self.size**2)
            return np.where(words < 2**31, 1, -1).astype(np.int8).reshape(shape)
        return np.full(shape, 1 if start == "up" else -1, dtype=np.int8)

    def _holder(self) -> type[packed.PackedLattice] | type[kernels.Checkerboard] | type[kernels.Torus]:
        """Return what holds the spins of this size, field and algorithm."""
        if self._algorithm not in _CHECKERBOARD:
            return kernels.Torus
        if self._asked == "auto":
            fits = self.size >= _PACKED_FROM and not self._obstacle(self._field)
            return packed.PackedLattice if fits else kernels.Checkerboard
        return packed.PackedLattice if self._asked == "packed" else kernels.Checkerboard

    def _hold(self, spins: NDArray[np.int8]) -> packed.PackedLattice | kernels.Checkerboard | kernels.Torus:
        return self._holder()(spins)

    def _settle(self) -> None:
        """After a change of field or algorithm: forget thresholds, and hold the spins as is now best."""
        self._limits = None
        if type(self._state) is not self._holder():
            self._state = self._hold(self._state.spins())

    @property
    def size(self) -> int:
        """L, fixed."""
        return self._size

    @property
    def spins(self) -> NDArray[np.int8]:
        """The spins as ±1, shape (L, L): a copy; assign an array to replace them."""
        return self._state.spins()

    @spins.setter
    def spins(self, value: ArrayLike) -> None:
        self._state = self._hold(self._given("spins", value))

    @property
    def temperature(self) -> float:
        """T, settable at any time."""
        return self._temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._temperature, self._limits = _checks.positive("temperature", value), None

    @property
    def field(self) -> float:
        """h, settable at any time (but not away from 0 with a cluster algorithm)."""
        return self._field

    @field.setter
    def field(self, value: float) -> None:
        field = _checks.finite("field", value)
        self._checked(self._algorithm, field)
        self._field = field
        self._settle()

    @property
    def coupling(self) -> float:
        """J, settable at any time."""
        return self._coupling

    @coupling.setter
    def coupling(self, value: float) -> None:
        self._coupling, self._limits = _checks.finite("coupling", value), None

    @property
    def algorithm(self) -> str:
        """The way of updating, settable at any time; the spins stay."""
        return self._algorithm

    @algorithm.setter
    def algorithm(self, value: str) -> None:
        self._algorithm = self._checked(value, self._field)
        self._settle()

    @property
    def kernel(self) -> str:
        """How the spins are held now: "packed", "compact", or "plain" for algorithms without a checkerboard."""
        names = {packed.PackedLattice: "packed", kernels.Checkerboard: "compact", kernels.Torus: "plain"}
        return names[type(self._state)]

    @property
    def energy_per_spin(self) -> float:
        """E/N of the present spins."""
        bonds, total = self._state.totals()
        return self._energy_per_spin(bonds, total)

    @property
    def magnetization(self) -> float:
        """The mean spin, −1 … 1."""
        return self._state.totals()[1] / self.size**2

    def _energy_per_spin(self, bonds: int, total: int) -> float:
        return (-self._coupling * bonds - self._field * total) / self.size**2

    def sweep(self, n: int = 1) -> Ising:
        """Make ``n`` sweeps and return the magnet, so that calls chain.

        A sweep gives each spin one chance ("metropolis", "heat_bath"), or L² random ones ("glauber"),
        or redraws every cluster ("swendsen_wang"). With "wolff" it turns a single cluster: to stop after
        L² turned spins instead would favour moments when clusters are small, and bias every average.

        Raises:
            ValueError: if ``n`` is negative.
        """
        n = _checks.integer("n", n, 0)
        if self._limits is None:
            self._limits = self._thresholds()
        step = getattr(self, "_step_" + self._algorithm)
        for _ in range(n):
            step()
        return self

    def _thresholds(self) -> list | int | packed.Dice:
        if self.kernel == "packed":
            return packed.Dice(packed.CHANCES[self._algorithm](self._temperature, self._coupling))
        if self._algorithm == "metropolis":
            return kernels.metropolis_thresholds(self._temperature, self._field, self._coupling)
        if self._algorithm in _CLUSTER:
            return _bond_threshold(self._temperature, self._coupling)
        return kernels.heat_bath_thresholds(self._temperature, self._field, self._coupling)

    def _step_metropolis(self) -> None:
        self._state.metropolis(self._limits, self._coupling, self._rng)

    def _step_heat_bath(self) -> None:
        self._state.heat_bath(self._limits, self._coupling, self._rng)

    def _step_glauber(self) -> None:
        self._state.glauber(self._limits, self._rng)

    def _step_wolff(self) -> None:
        self._state.wolff(self._limits, 1 if self._coupling >= 0 else -1, self._rng)

    def _step_swendsen_wang(self) -> None:
        self._state.swendsen_wang(self._limits, 1 if self._coupling >= 0 else -1, self._rng)

    def measure(self, sweeps: int, burn_in: int = 0, every: int = 1, progress: bool = False) -> Series:
        """Run and write down energy and magnetisation.

        Args:
            sweeps: how many sweeps to measure over.
            burn_in: sweeps before, not measured, in which the start is forgotten.
            every: measure after each ``every``-th sweep; the ``sweeps % every`` left over are not made.
            progress: show a bar on the terminal.

        Returns:
            A :class:`Series` of ``sweeps // every`` measurements.

        Raises:
            ValueError: if ``sweeps`` or ``burn_in`` is negative or ``every`` below 1.

        >>> len(Ising(8, 2.0).measure(100, burn_in=10, every=5))
        20
        """
        count = _checks.integer("sweeps", sweeps, 0) // _checks.integer("every", every, 1)
        self.sweep(_checks.integer("burn_in", burn_in, 0))
        turns = range(count)
        if progress:
            from tqdm import tqdm

            turns = tqdm(turns, desc=repr(self))
        totals = np.array([self.sweep(every)._state.totals() for _ in turns]).reshape(-1, 2)
        bonds, total = totals[:, 0], totals[:, 1]
        return Series(self._energy_per_spin(bonds, total), total / self.size**2)


def _bond_threshold(temperature: float, coupling: float) -> int:
    """Return the threshold of freezing a satisfied bond, p = 1 − e^{−2|J|/T}."""
    return kernels.threshold(-math.expm1(-2 * abs(coupling) / temperature))


def swendsen_wang(
    spins: ArrayLike, temperature: float, rng: RandomLike, coupling: float = 1.0
) -> NDArray[np.int8]:
    """Make one Swendsen–Wang sweep and return the new spins.

    Satisfied bonds freeze with probability 1 − e^{−2|J|/T}; each cluster they hold together then turns or
    not, with even chances (:cite:`swendsen1987nonuniversal`). Whole islands move at once, so the slowness
    of local updates near T_c all but disappears.

    Args:
        spins: ±1, shape (L, L), L ≥ 3.
        temperature: T > 0.
        rng: a seed or a generator; 3L² words are used.
        coupling: J of either sign.

    Raises:
        ValueError: as :class:`Ising`.

    >>> swendsen_wang(np.ones((4, 4), dtype=int), temperature=0.1, rng=1).std()
    np.float64(0.0)
    """
    s = _checks.spin_lattice("spins", spins)
    return Ising(len(s), temperature, 0.0, coupling, "swendsen_wang", rng, s).sweep().spins


# ---------------------------------------------------------------------------- excursions


@dataclass(frozen=True)
class Loop:
    """A hysteresis loop.

    Attributes:
        field: h of each step, ascending from −amplitude to amplitude, shape (steps,).
        up: m on the way up, at ``field``.
        down: m on the way down, also at ``field`` (so in reverse order of time).
        area: ∮ m dh = ∫ (down − up) dh by trapezoids: the work lost in one cycle, per spin.
    """

    field: NDArray[np.float64]
    up: NDArray[np.float64]
    down: NDArray[np.float64]
    area: float


def hysteresis(
    size: int,
    temperature: float,
    amplitude: float,
    steps: int,
    sweeps_per_step: int,
    rng: RandomLike,
    coupling: float = 1.0,
) -> Loop:
    """Sweep the field from −amplitude up to amplitude and back, and record the magnetisation.

    The magnet starts with all spins down. At each field it makes ``sweeps_per_step`` random-site Glauber
    sweeps (time is physical here, so no checkerboard), after which the mean spin is noted.

    Args:
        size: L ≥ 3.
        temperature: T > 0.
        amplitude: largest field, > 0.
        steps: number of fields on each branch, ≥ 2.
        sweeps_per_step: ≥ 1; more of them means a slower sweep of the field.
        rng: a seed or a generator.
        coupling: J.

    Raises:
        ValueError: for a number out of range.

    See the section :ref:`sec-ising-hysteresis`.

    >>> hysteresis(8, temperature=1.5, amplitude=3.0, steps=21, sweeps_per_step=2, rng=1).area > 0
    True
    """
    amplitude = _checks.positive("amplitude", amplitude)
    steps = _checks.integer("steps", steps, 2)
    sweeps_per_step = _checks.integer("sweeps_per_step", sweeps_per_step, 1)
    # Exactly antisymmetric, and in JavaScript the same to the last bit; linspace is neither.
    field = amplitude * (np.arange(1 - steps, steps, 2) / (steps - 1))
    magnet = Ising(size, temperature, -amplitude, coupling, "glauber", rng, start="down")

    def follow(fields: NDArray) -> NDArray:
        means = np.empty(steps)
        for i, h in enumerate(fields):
            magnet.field = float(h)
            means[i] = magnet.sweep(sweeps_per_step).magnetization
        return means

    up = follow(field)
    down = follow(field[::-1])[::-1]
    return Loop(field, up, down, float(np.trapezoid(down - up, field)))


def majority_rule(spins: ArrayLike, block: int = 3) -> NDArray[np.int8]:
    """Zoom out: replace each ``block`` × ``block`` square by the sign of its sum.

    A step of the renormalisation group in real space, and an approximate one: the blocks' spins obey an
    energy with more couplings than J.

    Args:
        spins: ±1, shape (L, L).
        block: odd, so that no square is undecided, and a divisor of L.

    Returns:
        ±1, shape (L/block, L/block).

    Raises:
        TypeError: if ``block`` is not an integer.
        ValueError: if ``block`` is even, below 3 or no divisor of L, or ``spins`` is not a lattice of ±1.

    The blocks are Kadanoff's (:cite:`kadanoff1966scaling`). See the section :ref:`sec-ising-zoom`.

    >>> majority_rule(np.ones((9, 9), dtype=int)).shape
    (3, 3)
    """
    s = _checks.spin_lattice("spins", spins)
    block = _checks.integer("block", block, 3)
    if block % 2 == 0:
        raise ValueError(f"block must be odd, so that every square has a majority, got {block}")
    if len(s) % block:
        raise ValueError(f"block must divide the lattice size {len(s)}, got {block}")
    count = len(s) // block
    sums = s.reshape(count, block, count, block).sum(axis=(1, 3), dtype=np.int64)
    return np.sign(sums).astype(np.int8)
