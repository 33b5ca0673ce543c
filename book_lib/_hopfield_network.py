"""Hopfield's network: couplings that learn, and a memory that recalls by going downhill; see :mod:`book_lib.hopfield`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.rng import RandomLike, as_generator

State = NDArray[np.int8]
RULES = ("hebb", "pseudo-inverse")
_TIE = 1e-12  # of the largest field a unit can feel: what rounding leaves of 1/3 − 1/3


def spins(name: str, values: ArrayLike, n: int | None = None, rows: bool = False) -> State:
    """Return ±1 as int8, shape (n,), or (P, n) with ``rows``; refuse all else.

    Raises:
        TypeError: if the entries are no numbers.
        ValueError: for entries other than ±1, another shape, or nothing at all.
    """
    array = _checks.regular(name, values)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold the numbers -1 and +1, got {array.dtype.name} entries")
    axes = 2 if rows else 1
    length = "N" if n is None else n
    wanted = f"(P, {length})" if rows else f"({length},)"
    if array.ndim != axes or (n is not None and array.shape[-1] != n):
        raise ValueError(f"{name} must have shape {wanted}, got {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one {'pattern' if rows else 'unit'}, got shape {array.shape}")
    if not np.isin(array, (-1, 1)).all():
        strange = array[~np.isin(array, (-1, 1))][0]
        raise ValueError(f"{name} must hold only -1 and +1, got {strange}")
    return array.astype(np.int8)


@dataclass(frozen=True, eq=False)
class Recall:
    """What :meth:`Hopfield.recall` did.

    Args:
        state: where it ended, ±1, shape (N,).
        sweeps: how many sweeps were made, the last one without a change if it converged.
        converged: whether no unit wants to change.
        period: 1 at a stable state, 2 where all units updated together go to and fro, 0 if stopped before either.
        energies: E at the start and after each sweep, shape (sweeps + 1,).
        path: the states at the start and after each sweep, shape (sweeps + 1, N).
    """

    state: State
    sweeps: int
    converged: bool
    period: int
    energies: NDArray[np.float64] = field(repr=False)
    path: State = field(repr=False)


class Hopfield:
    """N units of ±1 that are coupled in pairs, with E = −½ sᵀWs − θ·s (:cite:`hopfield1982neural`).

    A unit feels the field h_i = Σ_j w_ij s_j + θ_i and takes its sign; where h_i = 0 it stays as it is. W is
    symmetric with a zero diagonal, so that no update of one unit raises E: see the section :ref:`sec-hop-descent`.
    θ is the field of the Ising model, not a threshold to be overcome: that would be −θ.

    Args:
        n: the number of units, ≥ 1.
        thresholds: θ, shape (n,); zero if not given.

    Raises:
        ValueError: if n is below 1, or θ is of another shape or not finite.
        TypeError: if an argument is of the wrong kind.

    >>> memory = Hopfield(3).store([[1, -1, 1]])
    >>> memory.recall([1, 1, 1]).state
    array([ 1, -1,  1], dtype=int8)
    >>> round(memory.energy([1, 1, 1]), 6), round(memory.energy([1, -1, 1]), 6)
    (0.333333, -1.0)
    """

    def __init__(self, n: int, thresholds: ArrayLike | None = None) -> None:
        n = _checks.integer("n", n, 1)
        self._weights = np.zeros((n, n))
        self._thresholds = np.zeros(n)
        self._stored = np.empty((0, n), np.int8)
        if thresholds is not None:
            self.thresholds = thresholds

    def __repr__(self) -> str:
        return f"Hopfield(n={self.n}, stored={len(self._stored)})"

    @property
    def n(self) -> int:
        """The number of units, fixed."""
        return len(self._weights)

    @property
    def weights(self) -> NDArray[np.float64]:
        """W, shape (n, n): a copy; assign a symmetric matrix with a zero diagonal to replace it.

        Raises:
            ValueError: on assignment of another shape, of what is not finite or not symmetric, or of a diagonal
                that is not zero: a unit that is coupled to itself may hold on to a worse state.
        """
        return self._weights.copy()

    @weights.setter
    def weights(self, value: ArrayLike) -> None:
        array = _checks.finite_array("weights", value)
        if array.shape != (self.n, self.n):
            raise ValueError(f"weights must have shape {(self.n, self.n)}, got {array.shape}")
        if np.diag(array).any():
            i = int(np.flatnonzero(np.diag(array))[0])
            raise ValueError(f"weights must have a zero diagonal, got {array[i, i]} for unit {i}")
        if not np.array_equal(array, array.T):
            i, j = (int(k) for k in np.argwhere(array != array.T)[0])
            raise ValueError(f"weights must be symmetric, got w[{i},{j}] = {array[i, j]}, w[{j},{i}] = {array[j, i]}")
        self._weights = array.copy()
        self._stored = np.empty((0, self.n), np.int8)  # nobody knows what these weights remember

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """θ, shape (n,): a copy; assign to replace it."""
        return self._thresholds.copy()

    @thresholds.setter
    def thresholds(self, value: ArrayLike) -> None:
        array = _checks.finite_array("thresholds", value)
        if array.shape != (self.n,):
            raise ValueError(f"thresholds must have shape {(self.n,)}, got {array.shape}")
        self._thresholds = array.copy()

    @property
    def stored(self) -> State:
        """The patterns that :meth:`store` was given, shape (P, n)."""
        return self._stored.copy()

    def store(self, patterns: ArrayLike, rule: str = "hebb") -> Hopfield:
        """Add patterns to the memory and return it.

        "hebb": w_ij = (1/N) Σ_p ξ_i ξ_j for i ≠ j (:cite:`hebb1949organization`). "pseudo-inverse": W = Ξ⁺Ξ without
        its diagonal, the projection onto the patterns, which recalls correlated ones too
        (:cite:`personnaz1985information`); it is worked out anew for all patterns stored so far.

        Args:
            patterns: ±1, shape (P, n), P ≥ 1, a row a pattern.
            rule: "hebb" or "pseudo-inverse".

        Raises:
            TypeError: if the patterns are no numbers.
            ValueError: for entries other than ±1, no pattern, patterns of another length, an unknown rule, or a rule
                that the patterns stored before were not stored with.

        See the section :ref:`sec-hop-hebb`.
        """
        new = spins("patterns", patterns, self.n, rows=True)
        _checks.one_of("rule", rule, RULES)
        together = np.concatenate([self._stored, new])
        if rule == "hebb":
            self._weights += _without_diagonal(new.T.astype(float) @ new / self.n)
        else:
            self._weights = _without_diagonal(np.linalg.pinv(together.astype(float)) @ together)
            self._weights = (self._weights + self._weights.T) / 2  # rounding left it symmetric to 1e-16 only
        self._stored = together
        return self

    def learn(self, pattern: ArrayLike, rate: float | None = None) -> Hopfield:
        """Add Δw_ij = η s_i s_j for one pattern, Hebb's rule step by step, and return the network.

        Args:
            pattern: ±1, shape (n,).
            rate: η; 1/N if not given, the share of one pattern in :meth:`store`. A negative one unlearns.

        Raises:
            TypeError, ValueError: as :meth:`store`, or if the rate is not finite.
        """
        s = spins("pattern", pattern, self.n).astype(float)
        eta = 1 / self.n if rate is None else _checks.finite("rate", rate)
        self._weights += _without_diagonal(eta * np.outer(s, s))
        return self

    def energy(self, state: ArrayLike) -> float:
        """Return E = −½ sᵀWs − θ·s = −Σ_{i<j} w_ij s_i s_j − Σ_i θ_i s_i; see :ref:`sec-hop-energy`.

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,).
        """
        s = spins("state", state, self.n).astype(float)
        return float(-0.5 * s @ self._weights @ s - self._thresholds @ s)

    def field(self, state: ArrayLike) -> NDArray[np.float64]:
        """Return h = Ws + θ, what each unit feels, shape (n,).

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,).
        """
        return self._weights @ spins("state", state, self.n) + self._thresholds

    def wishes(self, state: ArrayLike) -> State:
        """Return what each unit would become now: the sign of its field, or what it is where the field is 0.

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,).
        """
        s = spins("state", state, self.n)
        return _decide(self.field(s), s, self._tie())

    def is_stable(self, state: ArrayLike) -> bool:
        """Return whether no unit wants to change.

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,).
        """
        s = spins("state", state, self.n)
        return bool((self.wishes(s) == s).all())

    def _tie(self) -> NDArray[np.float64]:
        """Return the fields, shape (n,), below which a unit's field counts as 0."""
        return _TIE * (np.abs(self._weights).sum(1) + np.abs(self._thresholds))

    def recall(
        self,
        state: ArrayLike,
        order: str | Sequence[int] = "cyclic",
        max_sweeps: int = 100,
        synchronous: bool = False,
        rng: RandomLike = 0,
    ) -> Recall:
        """Let the units follow their fields until none wants to change.

        Args:
            state: where to start, ±1, shape (n,).
            order: "cyclic" (0, 1, … n − 1), "random" (a new order each sweep), or the units in an order of your own.
            max_sweeps: when to give up, ≥ 1; one sweep updates each unit once.
            synchronous: update all units at once, from the same fields: E may rise, and the end may be a cycle of two
                states.
            rng: a seed or a generator, for "random".

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,), an order is not a permutation of the units,
                or ``max_sweeps`` is below 1.

        See the section :ref:`sec-hop-descent`.
        """
        s = spins("state", state, self.n)
        max_sweeps = _checks.integer("max_sweeps", max_sweeps, 1)
        order, generator = self._order(order), as_generator(rng)
        path = [s]
        for _ in range(max_sweeps):
            units = generator.permutation(self.n) if order is None else order
            path.append(self.wishes(path[-1]) if synchronous else self._sweep(path[-1], units))
            if (path[-1] == path[-2]).all():
                return self._recalled(path, period=1)
            if synchronous and len(path) > 2 and (path[-1] == path[-3]).all():
                return self._recalled(path, period=2)
        return self._recalled(path, period=0)

    def _order(self, order: str | Sequence[int]) -> NDArray[np.intp] | None:
        """Return the units in the order asked for; None for a new one each sweep."""
        if isinstance(order, str):
            return np.arange(self.n) if _checks.one_of("order", order, ("cyclic", "random")) == "cyclic" else None
        units = np.asarray(order)
        if units.dtype.kind not in "iu" or not np.array_equal(np.sort(units.ravel()), np.arange(self.n)):
            raise ValueError(f"order must name each unit 0 … {self.n - 1} once, got {order!r}")
        return units

    def _sweep(self, s: State, units: NDArray[np.intp]) -> State:
        """Return the state after one unit after another has followed its field; fields follow each change."""
        s, h, tie = s.copy(), self._weights @ s + self._thresholds, self._tie()
        for i in units:
            if h[i] * s[i] < -tie[i]:
                s[i] = -s[i]
                h += 2.0 * s[i] * self._weights[i]
        return s

    def _recalled(self, path: list[State], period: int) -> Recall:
        states = np.array(path)
        energies = np.array([self.energy(s) for s in path])
        return Recall(path[-1], len(path) - 1, period == 1, period, energies, states)


def _without_diagonal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    np.fill_diagonal(matrix, 0)
    return matrix


def _decide(h: NDArray[np.float64], s: State, tie: NDArray[np.float64]) -> State:
    return np.where(np.abs(h) <= tie, s, np.sign(h)).astype(np.int8)


def overlap(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64] | float:
    """Return m = (1/N) Σ a_i b_i: 1 for equal states, 0 for unrelated ones, −1 for a negative.

    Args:
        a: ±1, shape (N,) or (P, N).
        b: ±1, shape (N,).

    Returns:
        A number, or one for each row of ``a``.

    Raises:
        TypeError, ValueError: if the entries are not ±1 or the lengths differ.

    >>> overlap([1, 1, 1, -1], [1, 1, 1, 1])
    0.5
    """
    b = spins("b", b)
    a = spins("a", a, len(b), rows=np.ndim(a) == 2)
    m = a.astype(float) @ b / len(b)
    return float(m) if m.ndim == 0 else m


def corrupt(pattern: ArrayLike, share: float, rng: RandomLike) -> State:
    """Return a copy with round(share·N) units turned, chosen at random.

    Args:
        pattern: ±1, shape (N,).
        share: 0 … 1.
        rng: a seed or a generator.

    Raises:
        TypeError, ValueError: if the pattern is not ±1 or the share outside 0 … 1.

    >>> int((corrupt([1] * 20, 0.15, rng=1) < 0).sum())
    3
    """
    s = spins("pattern", pattern)
    share = _checks.finite("share", share)
    if not 0 <= share <= 1:
        raise ValueError(f"share must be in 0 … 1, got {share}")
    turned = as_generator(rng).permutation(len(s))[: round(share * len(s))]
    s[turned] *= -1
    return s


def mixture(patterns: ArrayLike) -> State:
    """Return the majority of an odd number of patterns, unit by unit: a state that nobody stored.

    Args:
        patterns: ±1, shape (P, N), P odd.

    Raises:
        TypeError, ValueError: if the entries are not ±1, or P is even: then some units have no majority.

    See the section :ref:`sec-hop-spurious`.
    """
    rows = spins("patterns", patterns, rows=True)
    if len(rows) % 2 == 0:
        raise ValueError(f"patterns must be odd in number, so that there is a majority, got {len(rows)}")
    return np.sign(rows.sum(0, dtype=int)).astype(np.int8)
