"""Many temperatures in one run, a bit for each; public through :mod:`book_lib.ising`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._ising_packed import BITS, CHANCES, LaneDice, PackedReplicas, raw_words, unpack
from book_lib._ising_statistics import Series
from book_lib.rng import CounterRNG, RandomLike, as_generator


class IsingReplicas:
    """Up to 64 magnets of one size, each at a temperature of its own, that are simulated side by side.

    Bit b of every machine word belongs to replica b, so one sweep updates all of them: a whole phase
    diagram takes little longer than one of its points. No random bit serves two replicas, which makes them
    independent of each other.

    Args:
        size: L ≥ 4, even.
        temperatures: T > 0 of each replica, shape (n,), 1 ≤ n ≤ 64; a temperature may come more than once.
            Fewer than 64 cost as much as 64.
        coupling: J; positive for ferromagnets, negative for antiferromagnets. There is no field.
        algorithm: "metropolis" or "heat_bath" (checkerboard).
        rng: a seed, a NumPy generator or a CounterRNG, which gives the seed of a NumPy generator here.
        start: "random", "up", "down", or spins ±1 of shape (n, L, L).

    Raises:
        TypeError: for an argument of the wrong kind.
        ValueError: for a size below 4 or odd; no temperature or more than 64, or one that is not positive and
            finite; a coupling that is not finite; another algorithm; a start of another shape.

    The chances of all flips are exact to 10⁻¹², at any temperature: see
    :mod:`book_lib._ising_packed`. See the section :ref:`sec-ising-onsager`.

    >>> magnets = IsingReplicas(16, [1.0, 2.0, 8.0], start="up", rng=1).sweep(50)
    >>> bool((magnets.magnetization[:2] > 0.8).all() and abs(magnets.magnetization[2]) < 0.3)
    True
    """

    def __init__(
        self,
        size: int,
        temperatures: ArrayLike,
        coupling: float = 1.0,
        algorithm: str = "metropolis",
        rng: RandomLike = 0,
        start: str | ArrayLike = "random",
    ) -> None:
        self._size = _even("size", size)
        self._temperatures = _temperatures(temperatures)
        self._coupling = _checks.finite("coupling", coupling)
        self._algorithm = _checks.one_of("algorithm", algorithm, tuple(CHANCES))
        self._rng = as_generator(rng)
        if isinstance(self._rng, CounterRNG):
            self._rng = np.random.Generator(np.random.SFC64(self._rng.uint32(8)))
        # Bits to spare repeat the last temperature; nobody looks at them.
        spread = np.pad(self._temperatures, (0, BITS - len(self)), "edge")
        self._dice = LaneDice(CHANCES[self._algorithm](spread, self._coupling))
        self._state = PackedReplicas(self._start(start))

    def __len__(self) -> int:
        return len(self._temperatures)

    def __repr__(self) -> str:
        t = self._temperatures
        return (
            f"IsingReplicas(size={self.size}, {len(self)} temperatures {t.min():g} to {t.max():g}, "
            f"coupling={self._coupling:g}, algorithm={self._algorithm!r})"
        )

    def _start(self, start: str | ArrayLike) -> NDArray[np.int8]:
        """Return the spins of all 64 replicas."""
        shape = (self.size, self.size)
        if not isinstance(start, str):
            return np.pad(self._given(start), ((0, BITS - len(self)), (0, 0), (0, 0)), "edge")
        if _checks.one_of("start", start, ("random", "up", "down")) == "random":
            words = raw_words(self._rng, self.size**2).reshape(shape)
            return 2 * unpack(words).view(np.int8) - 1
        return np.full((BITS, *shape), 1 if start == "up" else -1, dtype=np.int8)

    def _given(self, start: ArrayLike) -> NDArray[np.int8]:
        """Return given spins if they fit."""
        array = _checks.regular("start", start)
        expected = (len(self), self.size, self.size)
        if array.shape != expected:
            raise ValueError(f"start must have shape {expected}, got {array.shape}")
        return np.stack([_checks.spin_lattice("start", lattice) for lattice in array])

    @property
    def size(self) -> int:
        """L, fixed."""
        return self._size

    @property
    def temperatures(self) -> NDArray[np.float64]:
        """T of each replica, shape (n,): a copy; fixed."""
        return self._temperatures.copy()

    @property
    def coupling(self) -> float:
        """J, fixed."""
        return self._coupling

    @property
    def algorithm(self) -> str:
        """The way of updating, fixed."""
        return self._algorithm

    @property
    def spins(self) -> NDArray[np.int8]:
        """The spins as ±1, shape (n, L, L): a copy."""
        return self._state.spins()[: len(self)]

    @property
    def energy_per_spin(self) -> NDArray[np.float64]:
        """E/N of the present spins of each replica, shape (n,)."""
        return self._per_spin(*self._state.totals())[0]

    @property
    def magnetization(self) -> NDArray[np.float64]:
        """The mean spin of each replica, shape (n,)."""
        return self._per_spin(*self._state.totals())[1]

    def _per_spin(self, bonds: NDArray, total: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Turn totals, shape (…, 64), into E/N and m of the replicas asked for, shape (…, n)."""
        sites, used = self.size**2, slice(len(self))
        return -self._coupling * bonds[..., used] / sites, total[..., used] / sites

    def sweep(self, n: int = 1) -> IsingReplicas:
        """Make ``n`` sweeps of every replica and return the replicas, so that calls chain.

        Raises:
            ValueError: if ``n`` is negative.
        """
        step = getattr(self._state, self._algorithm)
        for _ in range(_checks.integer("n", n, 0)):
            step(self._dice, self._coupling, self._rng)
        return self

    def measure(self, sweeps: int, burn_in: int = 0, every: int = 1, progress: bool = False) -> list[Series]:
        """Run and write down energy and magnetisation of every replica.

        Args:
            sweeps: how many sweeps to measure over.
            burn_in: sweeps before, not measured, in which the start is forgotten.
            every: measure after each ``every``-th sweep; the ``sweeps % every`` left over are not made.
            progress: show a bar on the terminal.

        Returns:
            A :class:`Series` of ``sweeps // every`` measurements for each temperature, in order; ``summarize``
            turns each into observables with error bars.

        Raises:
            ValueError: if ``sweeps`` or ``burn_in`` is negative or ``every`` below 1.

        >>> [len(series) for series in IsingReplicas(8, [2.0, 3.0]).measure(100, burn_in=10, every=5)]
        [20, 20]
        """
        count = _checks.integer("sweeps", sweeps, 0) // _checks.integer("every", every, 1)
        self.sweep(_checks.integer("burn_in", burn_in, 0))
        turns = range(count)
        if progress:
            from tqdm import tqdm

            turns = tqdm(turns, desc=repr(self))
        totals = np.array([self.sweep(every)._state.totals() for _ in turns]).reshape(-1, 2, BITS)
        energies, magnetizations = self._per_spin(totals[:, 0], totals[:, 1])
        columns = zip(energies.T.copy(), magnetizations.T.copy(), strict=True)
        return [Series(energy, magnetization) for energy, magnetization in columns]


def _even(name: str, value: int) -> int:
    size = _checks.integer(name, value, 4)
    if size % 2:
        # subtle: on an odd torus two sites of one colour meet across the seam.
        raise ValueError(f"{name} must be even, as the two colours of a checkerboard take turns, got {size}")
    return size


def _temperatures(values: ArrayLike) -> NDArray[np.float64]:
    array = _checks.finite_array("temperatures", values)
    if array.ndim != 1 or not 1 <= len(array) <= BITS:
        raise ValueError(f"temperatures must hold 1 to {BITS} numbers, shape (n,), got shape {array.shape}")
    if (array <= 0).any():
        raise ValueError(f"temperatures must be greater than 0, got {array[array <= 0][0]}")
    return array.copy()
