"""Hopfield's network: couplings that learn, and a memory that recalls by going downhill.

See :mod:`book_lib.hopfield`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.rng import RandomLike, as_generator

State = NDArray[np.int8]
RULES = ("hebb", "pseudo-inverse")
LARGEST = math.isqrt(_checks.LONGEST)  # units, with as many couplings as an array holds
_REACH = 1e300  # the largest energy: a float holds a few times as much
_ROUNDING = 1e-12  # of the largest value there can be: less is what rounding leaves of 1/3 − 1/3


def spins(name: str, values: ArrayLike, n: int | None = None, rows: bool = False) -> State:
    """Return ±1 as a new int8 array, shape (n,), or (P, n) with ``rows``; refuse all else.

    Raises:
        TypeError: if the entries are no numbers.
        ValueError: for entries other than ±1, another shape, or nothing at all.
    """
    array = _checks.regular(name, values)
    if array.size == 0:
        what = "pattern" if rows else "unit"
        raise ValueError(f"{name} must hold at least one {what}, got shape {array.shape}")
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold the numbers -1 and +1, got {array.dtype.name} entries")
    if array.ndim != (2 if rows else 1) or (n is not None and array.shape[-1] != n):
        length = "N" if n is None else n
        wanted = f"(P, {length})" if rows else f"({length},)"
        raise ValueError(f"{name} must have shape {wanted}, got {array.shape}")
    strange = array[(array != 1) & (array != -1)]
    if strange.size:
        raise ValueError(f"{name} must hold only -1 and +1, got {strange[0]}")
    return array.astype(np.int8)


def symmetric(name: str, values: ArrayLike, least: int = 1, why: str = "") -> NDArray[np.float64]:
    """Return a new symmetric matrix with a zero diagonal, at least ``least`` wide; refuse all else.

    Raises:
        TypeError: if it is no array of real numbers.
        ValueError: for another shape, an entry that is not finite, a diagonal (``why`` says why not), or a
            pair that differs.
    """
    array = _checks.finite_array(name, values)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < least:
        raise ValueError(f"{name} must be a square matrix, at least {least} wide, got shape {array.shape}")
    if np.diag(array).any():
        i = int(np.flatnonzero(np.diag(array))[0])
        raise ValueError(f"{name} must have a zero diagonal{why}, got {array[i, i]} at [{i}, {i}]")
    if not np.array_equal(array, array.T):
        i, j = (int(k) for k in np.argwhere(array != array.T)[0])
        pair = f"{array[i, j]} at [{i}, {j}] and {array[j, i]} at [{j}, {i}]"
        raise ValueError(f"{name} must be symmetric, got {pair}")
    return array.copy()


def vector(name: str, values: ArrayLike | None, n: int) -> NDArray[np.float64]:
    """Return n finite numbers as a new array; zeros for None.

    Raises:
        TypeError, ValueError: for another shape, or entries that are no finite numbers.
    """
    array = np.zeros(n) if values is None else _checks.finite_array(name, values)
    if array.shape != (n,):
        raise ValueError(f"{name} must have shape {(n,)}, got {array.shape}")
    return array.copy()


def bounded(name: str, values: ArrayLike, most: float = _REACH) -> None:
    """Refuse numbers whose sizes add up to more than ``most``: energies would be infinite, or no numbers.

    Raises:
        ValueError: if they do.
    """
    with np.errstate(over="ignore"):
        size = float(np.abs(values).sum())
    if size > most:
        raise ValueError(f"{name} must stay within {most:g} in all, got {size:g}")


@dataclass(frozen=True, eq=False)
class Recall:
    """What :meth:`Hopfield.recall` did.

    Args:
        state: where it ended, ±1, shape (N,).
        sweeps: how many sweeps were made, the last one without a change if it converged.
        converged: whether no unit wants to change.
        period: 1 at a stable state, 2 where all units updated together go to and fro, 0 if stopped before
            either.
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
    symmetric with a zero diagonal, so that no update of one unit raises E: see the section
    :ref:`sec-hop-descent`. θ is the field of the Ising model, not a threshold to be overcome: that is −θ.

    A field counts as 0 below 10⁻¹² of the largest that the unit can feel, Σ_j |w_ij| + |θ_i|: sums such as
    0.1 + 0.2 − 0.3 leave that much by rounding alone.

    Args:
        n: the number of units, 1 … 2²⁴.
        thresholds: θ, shape (n,); zero if not given.

    Raises:
        ValueError: if n is out of range, or θ is of another shape, not finite or beyond 10³⁰⁰ in all.
        TypeError: if an argument is of the wrong kind.

    >>> memory = Hopfield(3).store([[1, -1, 1]])
    >>> memory.recall([1, 1, 1]).state
    array([ 1, -1,  1], dtype=int8)
    >>> round(memory.energy([1, 1, 1]), 6), round(memory.energy([1, -1, 1]), 6)
    (0.333333, -1.0)
    """

    def __init__(self, n: int, thresholds: ArrayLike | None = None) -> None:
        n = _checks.integer("n", n, 1, LARGEST)
        self._weights = np.zeros((n, n))
        self.thresholds = np.zeros(n) if thresholds is None else thresholds
        self._forget_origin()

    def _forget_origin(self) -> None:
        self._stored = np.empty((0, self.n), np.int8)
        self._rule: str | None = None  # what made the weights; None while nothing has

    def __repr__(self) -> str:
        return f"Hopfield(n={self.n}, stored={len(self._stored)})"

    @property
    def n(self) -> int:
        """The number of units, fixed."""
        return len(self._weights)

    @property
    def weights(self) -> NDArray[np.float64]:
        """W, shape (n, n): a copy; assign a symmetric matrix with a zero diagonal to replace it.

        What was stored is then forgotten, as nobody knows what such weights remember.

        Raises:
            TypeError: on assignment of what is no array of real numbers.
            ValueError: on assignment of another shape, of what is not finite, not symmetric or beyond 10³⁰⁰
                in all, or of a diagonal that is not zero: a unit that is coupled to itself may hold on to a
                worse state.
        """
        return self._weights.copy()

    @weights.setter
    def weights(self, value: ArrayLike) -> None:
        array = symmetric("weights", value, why=", or a unit may hold on to a worse state")
        if len(array) != self.n:
            raise ValueError(f"weights must have shape {(self.n, self.n)}, got {array.shape}")
        bounded("weights", array)
        self._weights = array
        self._forget_origin()
        self._rule = "hebb" if array.any() else None  # more can be added; a projection would wipe it out

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """θ, shape (n,): a copy; assign to replace it.

        Raises:
            TypeError, ValueError: on assignment of another shape, or of what is not finite or beyond 10³⁰⁰ in
                all.
        """
        return self._thresholds.copy()

    @thresholds.setter
    def thresholds(self, value: ArrayLike) -> None:
        array = vector("thresholds", _checks.finite_array("thresholds", value), self.n)
        bounded("thresholds", array)
        self._thresholds = array

    @property
    def stored(self) -> State:
        """The patterns that :meth:`store` was given, shape (P, n)."""
        return self._stored.copy()

    def store(self, patterns: ArrayLike, rule: str = "hebb") -> Hopfield:
        """Add patterns to the memory and return it.

        "hebb": w_ij grows by (1/N) Σ_p ξ_i ξ_j for i ≠ j (:cite:`hopfield1982neural`, without the 1/N, after
        an idea of :cite:`hebb1949organization`). "pseudo-inverse": W = Ξ⁺Ξ without its diagonal, the
        projection onto the patterns, which recalls correlated ones too (:cite:`personnaz1985information`); it
        is worked out anew for all patterns stored so far, so that one stored twice counts once.

        Args:
            patterns: ±1, shape (P, n), P ≥ 1, a row a pattern.
            rule: "hebb" or "pseudo-inverse".

        Raises:
            TypeError: if the patterns are no numbers.
            ValueError: for entries other than ±1, no pattern, patterns of another length, an unknown rule, or
                one that does not go with the weights that are there: the pseudo-inverse would wipe out what
                was assigned or added, and an addition would spoil its projection.

        See the sections :ref:`sec-hop-hebb` and :ref:`sec-hop-correlated`.
        """
        new = spins("patterns", patterns, self.n, rows=True)
        _checks.one_of("rule", rule, RULES)
        if self._rule not in (None, rule):
            raise ValueError(
                f"rule must be {self._rule!r}, which goes with the weights that are there, got {rule!r}; "
                "a new Hopfield is free to take either"
            )
        together = np.concatenate([self._stored, new])
        if rule == "hebb":
            x = new.astype(float)
            self._add("weights with these patterns", x.T @ x / self.n)
        else:
            self._weights = _projection(together)
        self._stored, self._rule = together, rule
        return self

    def learn(self, pattern: ArrayLike, rate: float | None = None) -> Hopfield:
        """Add Δw_ij = η s_i s_j for one pattern, Hebb's rule step by step, and return the network.

        Args:
            pattern: ±1, shape (n,).
            rate: η; 1/N if not given, the share of one pattern in :meth:`store`. A negative one unlearns.

        Raises:
            TypeError, ValueError: if the pattern is not ±1 of shape (n,), or the rate not finite or so large
                that the weights go beyond 10³⁰⁰ in all.

        See the section :ref:`sec-hop-hebb`.

        >>> bool((Hopfield(3).learn([1, -1, 1]).weights == Hopfield(3).store([[1, -1, 1]]).weights).all())
        True
        """
        s = spins("pattern", pattern, self.n).astype(float)
        eta = 1 / self.n if rate is None else _checks.finite("rate", rate)
        self._add("weights at this rate", eta * np.outer(s, s))
        self._rule = "hebb"
        return self

    def forget(self, pattern: ArrayLike, rate: float | None = None) -> Hopfield:
        """Take Δw_ij = η s_i s_j away again, the opposite of :meth:`learn`, and return the network.

        Arguments and errors are those of :meth:`learn`.
        """
        return self.learn(pattern, -1 / self.n if rate is None else -_checks.finite("rate", rate))

    def _add(self, name: str, change: NDArray[np.float64]) -> None:
        np.fill_diagonal(change, 0)
        # subtle: a new array, not +=, which would teach a shallow copy of the network the same.
        weights = self._weights + change
        bounded(name, weights)
        self._weights = weights

    def energy(self, state: ArrayLike) -> float:
        """Return E = −½ sᵀWs − θ·s = −Σ_{i<j} w_ij s_i s_j − Σ_i θ_i s_i.

        See the section :ref:`sec-hop-energy`.

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,).
        """
        return float(self._energies(spins("state", state, self.n)[None])[0])

    def _energies(self, states: State) -> NDArray[np.float64]:
        """Return E of each of several states, shape (K, n)."""
        s = states.astype(float)
        # subtle: 0.0 − …, as −0.5 times no energy at all would be printed as -0.0.
        return 0.0 - 0.5 * np.einsum("ki,ki->k", s @ self._weights, s) - s @ self._thresholds

    def field(self, state: ArrayLike) -> NDArray[np.float64]:
        """Return h = Ws + θ, what each unit feels, shape (n,).

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,).
        """
        return self._field(spins("state", state, self.n))

    def _field(self, s: State) -> NDArray[np.float64]:
        return self._weights @ s.astype(float) + self._thresholds

    def wishes(self, state: ArrayLike) -> State:
        """Return what each unit would become now: the sign of its field, or what it is where the field is 0.

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,).
        """
        return self._wishes(spins("state", state, self.n), self._tie())

    def _wishes(self, s: State, tie: NDArray[np.float64]) -> State:
        return np.where(self._field(s) * s < -tie, -s, s)

    def _tie(self) -> NDArray[np.float64]:
        """Return the fields, shape (n,), up to which a unit's field counts as 0."""
        return _ROUNDING * (np.abs(self._weights).sum(1) + np.abs(self._thresholds))

    def update(self, state: ArrayLike, unit: int) -> State:
        """Return the state after one unit has followed its field.

        Args:
            state: ±1, shape (n,).
            unit: 0 … n − 1.

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,), or there is no such unit.

        >>> Hopfield(3).store([[1, -1, 1]]).update([1, 1, 1], 1)
        array([ 1, -1,  1], dtype=int8)
        """
        s = spins("state", state, self.n)
        unit = _checks.integer("unit", unit, 0, self.n - 1)
        s[unit] = self._wishes(s, self._tie())[unit]
        return s

    def is_stable(self, state: ArrayLike) -> bool:
        """Return whether no unit wants to change.

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,).
        """
        s = spins("state", state, self.n)
        return bool((self._wishes(s, self._tie()) == s).all())

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
            order: "cyclic" (0, 1, … n − 1), "random" (anew each sweep), or the units in an order of your own;
                of no account if all update at once.
            max_sweeps: when to give up, ≥ 1; one sweep updates each unit once.
            synchronous: update all units at once, from the same fields: E may rise, and the end may be a
                cycle of two states, but of no more (:cite:`goles1985decreasing`).
            rng: a seed or a generator, for "random".

        Raises:
            TypeError, ValueError: if the state is not ±1 of shape (n,), an order is not a permutation of the
                units, or ``max_sweeps`` is below 1.

        See the sections :ref:`sec-hop-descent` and :ref:`sec-hop-cycles`.
        """
        s = spins("state", state, self.n)
        max_sweeps = _checks.integer("max_sweeps", max_sweeps, 1)
        order, generator = self._order(order), as_generator(rng)
        path, period, tie = [s], 0, self._tie()
        while not period and len(path) <= max_sweeps:
            if synchronous:
                path.append(self._wishes(path[-1], tie))
            else:
                units = generator.permutation(self.n) if order is None else order
                path.append(self._sweep(path[-1], units, tie))
            period = _period(path)
        states = np.array(path)
        return Recall(path[-1].copy(), len(path) - 1, period == 1, period, self._energies(states), states)

    def _order(self, order: str | Sequence[int]) -> NDArray[np.intp] | None:
        """Return the units in the order asked for; None for a new one each sweep."""
        if isinstance(order, str):
            known = _checks.one_of("order", order, ("cyclic", "random"))
            return np.arange(self.n) if known == "cyclic" else None
        return permutation("order", order, self.n, "unit")

    def _sweep(self, s: State, units: NDArray[np.intp], tie: NDArray[np.float64]) -> State:
        """Return the state after one unit after another has followed its field."""
        values = s.astype(float)
        follow(self._weights, self._field(s), values, units, tie)
        return values.astype(np.int8)


def follow(weights: NDArray, h: NDArray, s: NDArray, units: NDArray[np.intp], tie: NDArray) -> None:
    """Let each unit, in this order, follow its field, in place: ``s`` of ±1 and the fields ``h``, shape (n,).

    Units that agree with their fields are passed over in one step, so that the work goes with the turns.
    """
    start = 0
    while start < len(units):
        rest = units[start:]
        against = h[rest] * s[rest] < -tie[rest]
        first = int(against.argmax())
        if not against[first]:
            return
        unit = rest[first]
        s[unit] = -s[unit]
        h += 2 * s[unit] * weights[unit]
        start += first + 1


def permutation(name: str, order: Sequence[int], n: int, what: str) -> NDArray[np.intp]:
    """Return 0 … n − 1 in an order of the caller's; refuse all else.

    Raises:
        ValueError: if a number is missing, twice there, out of range or no integer.
    """
    array = _checks.regular(name, order)
    whole = array.dtype.kind in "iu" and array.shape == (n,)
    if not whole or not np.array_equal(np.sort(array), np.arange(n)):
        raise ValueError(f"{name} must name each {what} 0 … {n - 1} once, got {order!r}")
    return array.astype(np.intp)


def _period(path: list[State]) -> int:
    """Return 1 if the last sweep changed nothing, 2 if it undid the one before, 0 otherwise.

    Units that change one by one undo nothing, as every change lowers E.
    """
    if (path[-1] == path[-2]).all():
        return 1
    return 2 if len(path) > 2 and (path[-1] == path[-3]).all() else 0


def _projection(patterns: State) -> NDArray[np.float64]:
    """Return the projection onto the rows, without its diagonal."""
    _, scale, directions = np.linalg.svd(patterns.astype(float), full_matrices=False)
    basis = directions[scale > _ROUNDING * scale[0]]  # a row that others add up to brings no new direction
    weights = basis.T @ basis
    # subtle: where the exact entry is 0 rounding leaves ±1e-17, which a unit without others would obey.
    weights[np.abs(weights) < _ROUNDING] = 0
    np.fill_diagonal(weights, 0)
    return (weights + weights.T) / 2


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
    a = spins("a", a, len(b), rows=_checks.regular("a", a).ndim == 2)
    m = (a.astype(int) @ b.astype(int)) / len(b)
    return float(m) if m.ndim == 0 else m


def share_of(name: str, value: float) -> float:
    """Return a number of 0 … 1; refuse all else.

    Raises:
        TypeError, ValueError: if it is no number, or outside.
    """
    share = _checks.finite(name, value)
    if not 0 <= share <= 1:
        raise ValueError(f"{name} must be in 0 … 1, got {share}")
    return share


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
    s, share = spins("pattern", pattern), share_of("share", share)
    turned = as_generator(rng).permutation(len(s))[: round(share * len(s))]
    s[turned] *= -1
    return s


def mixture(patterns: ArrayLike) -> State:
    """Return the majority of an odd number of patterns, unit by unit: a state that nobody stored.

    Args:
        patterns: ±1, shape (P, N), P odd.

    Raises:
        TypeError, ValueError: if the entries are not ±1, or P is even: then some units may have no majority.

    See the section :ref:`sec-hop-spurious`.

    >>> mixture([[1, 1, 1], [1, -1, -1], [-1, 1, -1]])
    array([ 1,  1, -1], dtype=int8)
    """
    rows = spins("patterns", patterns, rows=True)
    if len(rows) % 2 == 0:
        raise ValueError(f"patterns must be odd in number, so that there is a majority, got {len(rows)}")
    return np.sign(rows.sum(0, dtype=int)).astype(np.int8)
