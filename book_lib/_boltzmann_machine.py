"""The general Boltzmann machine, exact where its states can be counted; see :mod:`book_lib.boltzmann`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._hopfield_network import Hopfield, symmetric, vector
from book_lib.rng import Generator, RandomLike, as_generator

VALUES = {"binary": (0, 1), "spin": (-1, 1)}
LARGEST = 20  # units whose 2²⁰ states are soon summed
LARGEST_QUOTIENT = 1e300  # of E/T, as in _checks.over_temperature
_SURE = 64  # units whose fit is tested for a summit: beyond, the matrix of curvatures grows out of hand
_REMEDY = ", or the weights grow without end: give more of them, or "
_CHUNK = 2**14  # states that are summed at a time: few enough to stay in the cache
Array = NDArray[np.float64]


class Moments(NamedTuple):
    """Averages under a law.

    Args:
        mean: ⟨x_i⟩, shape (n,).
        correlation: ⟨x_i x_j⟩, symmetric, shape (n, n).
    """

    mean: Array
    correlation: Array


class Slope(NamedTuple):
    """The slope of the mean log-likelihood.

    Args:
        weights: by w_ij, each pair counted once; symmetric, zero diagonal, shape (n, n).
        bias: by b_i, shape (n,).
    """

    weights: Array
    bias: Array


def all_states(n: int, low: int = 0) -> NDArray[np.int8]:
    """Return the 2ⁿ states of n two-valued units, shape (2ⁿ, n); unit 0 changes slowest.

    Args:
        n: 1 … 20.
        low: the lower value, 0 or −1; the upper one is 1.

    >>> all_states(2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    codes, states = np.arange(2**n), np.empty((2**n, n), np.int8)
    for i in range(n):  # column by column: all at once would take eight times the memory
        states[:, i] = np.where(codes >> (n - 1 - i) & 1, 1, low)
    return states


def blocks(states: NDArray[np.int8]) -> Iterator[Array]:
    """Yield the states some thousand at a time, as floats."""
    for start in range(0, len(states), _CHUNK):
        yield states[start : start + _CHUNK].astype(float)


def log_sum_exp(values: Array) -> float:
    """Return ln Σ e^x without overflow."""
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum()))


def shares(values: Array) -> Array:
    """Return e^x / Σ e^x without overflow; they add up to 1, however large the x."""
    weights = np.exp(values - values.max())
    return weights / weights.sum()


def sigmoid(x: Array) -> Array:
    """Return 1/(1 + e^{−x}); far below 0 it is e^x to all digits, until that is 0 too."""
    with np.errstate(over="ignore"):  # e^{−x} may become infinite: one over it is 0, as it should be
        return 1 / (1 + np.exp(-x))


def softplus(x: Array) -> Array:
    """Return ln(1 + e^x) without overflow, in a third of the time of ``np.logaddexp(0, x)``."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def of_units(name: str, values: ArrayLike, n: int, units: str) -> Array:
    """Return states as floats, shape (…, n), refusing values that such units do not take."""
    array = _checks.finite_array(name, values)
    if array.ndim == 0 or array.shape[-1] != n or array.size == 0:
        raise ValueError(f"{name} must hold states of {n} units, shape (…, {n}), got {array.shape}")
    low, high = VALUES[units]
    strange = array[(array != low) & (array != high)]
    if strange.size:
        raise ValueError(f"{name} must hold only {low} and {high}, got {strange[0]}")
    return array


def rows_of_units(name: str, values: ArrayLike, n: int, units: str) -> Array:
    """Return states as floats, shape (N, n), N ≥ 1, refusing all else."""
    array = of_units(name, values, n, units)
    if array.ndim != 2:
        raise ValueError(f"{name} must hold a state in each row, shape (N, {n}), got {array.shape}")
    return array


def total(parts: Iterable[Array]) -> float:
    """Return the sum of all |w| and |b|, which no |E| exceeds; infinity or NaN where no float holds it."""
    with np.errstate(over="ignore"):
        return float(sum(np.abs(part).sum() for part in parts))


def check_quotient(parts: Iterable[Array], temperature: float) -> None:
    """Refuse weights and a temperature for which E/T is more than a float holds with room to spare."""
    _checks.over_temperature("energy", total(parts), temperature)


class BoltzmannMachine:
    """Units that choose by chance: p(x) = e^{−E(x)/T}/Z with E = −½ xᵀWx − b·x (:cite:`ackley1985learning`).

    Given all others, a unit of {0, 1} is on with probability σ(h/T), one of ±1 is up with σ(2h/T), where
    h = Wx + b: turning it on takes the energy down by h, turning it up by 2h.

    Args:
        weights: W, symmetric with a zero diagonal, shape (n, n).
        bias: b, shape (n,); zero if not given.
        units: "binary" (0 and 1) or "spin" (−1 and +1).
        temperature: T > 0.

    Raises:
        ValueError: if W is not symmetric, has a diagonal, or does not match b; for numbers that are not
            finite; for T ≤ 0, or so small that no float holds E/T; for other units.
        TypeError: if an argument is of the wrong kind.

    See the section :ref:`sec-bm-chance`.

    >>> two = BoltzmannMachine([[0, 1], [1, 0]], units="spin")
    >>> [round(float(p), 4) for p in two.distribution()]
    [0.4404, 0.0596, 0.0596, 0.4404]
    """

    def __init__(
        self,
        weights: ArrayLike,
        bias: ArrayLike | None = None,
        units: str = "binary",
        temperature: float = 1.0,
    ) -> None:
        self._weights = symmetric("weights", weights, 1)
        self._bias = vector("bias", bias, len(self._weights))
        self._units = _checks.one_of("units", units, VALUES)
        self.temperature = temperature

    @classmethod
    def of(cls, network: Hopfield, temperature: float) -> BoltzmannMachine:
        """Return a Hopfield network with chance.

        As T → 0 its units follow their fields again, but toss a fair coin where the field is 0.

        Raises:
            TypeError: if ``network`` is no Hopfield network, or T no number.
            ValueError: if T is not positive and finite, or so small that no float holds E/T.

        See the section :ref:`sec-bm-limit`.
        """
        if not isinstance(network, Hopfield):
            raise TypeError(f"network must be a Hopfield network, got {type(network).__name__}")
        return cls(network.weights, network.thresholds, "spin", temperature)

    def __repr__(self) -> str:
        return f"BoltzmannMachine(n={self.n}, units={self.units!r}, temperature={self.temperature:g})"

    @property
    def n(self) -> int:
        """The number of units, fixed."""
        return len(self._bias)

    @property
    def units(self) -> str:
        """ "binary" or "spin", fixed; :meth:`convert` makes a machine of the other."""
        return self._units

    @property
    def weights(self) -> Array:
        """W, shape (n, n): a copy; assign a symmetric matrix with a zero diagonal to replace it.

        Raises:
            TypeError, ValueError: on assignment of anything else, or of so large numbers that no float holds
                E/T.
        """
        return self._weights.copy()

    @weights.setter
    def weights(self, value: ArrayLike) -> None:
        array = symmetric("weights", value, 1)
        if array.shape != self._weights.shape:
            raise ValueError(f"weights must have shape {self._weights.shape}, got {array.shape}")
        check_quotient((array, self._bias), self._temperature)
        self._weights = array

    @property
    def bias(self) -> Array:
        """b, shape (n,): a copy; assign to replace it.

        Raises:
            TypeError, ValueError: on assignment of another shape, of what is not finite, or of so large numbers
                that no float holds E/T.
        """
        return self._bias.copy()

    @bias.setter
    def bias(self, value: ArrayLike) -> None:
        array = vector("bias", _checks.finite_array("bias", value), self.n)
        check_quotient((self._weights, array), self._temperature)
        self._bias = array

    @property
    def temperature(self) -> float:
        """T, settable at any time.

        Raises:
            TypeError, ValueError: on assignment of what is no positive, finite number, or is so small that no
                float holds E/T.
        """
        return self._temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        temperature = _checks.positive("temperature", value)
        check_quotient((self._weights, self._bias), temperature)
        self._temperature = temperature

    # ------------------------------------------------------------------ one state at a time

    def field(self, states: ArrayLike) -> Array:
        """Return h = Wx + b for each state, shape (…, n).

        Raises:
            TypeError, ValueError: if a state is not of such units or not of length n.
        """
        return of_units("states", states, self.n, self.units) @ self._weights + self._bias

    def energy(self, states: ArrayLike) -> Array | float:
        """Return E = −½ xᵀWx − b·x of each state, shape (…,).

        Raises:
            TypeError, ValueError: if a state is not of such units or not of length n.
        """
        energy = self._energy(of_units("states", states, self.n, self.units))
        return float(energy) if energy.ndim == 0 else energy

    def _energy(self, x: Array) -> Array:
        return -0.5 * (x * (x @ self._weights)).sum(-1) - x @ self._bias

    def probability_on(self, states: ArrayLike) -> Array:
        """Return, for each unit of each state, the chance of 1 given the others, shape (…, n).

        Raises:
            TypeError, ValueError: if a state is not of such units or not of length n.

        See the section :ref:`sec-bm-chance`.
        """
        return self._chance(self.field(states))

    def _chance(self, field: Array) -> Array:
        """Return the chance of 1 of units that feel a field; divided first, as no float may hold 2h."""
        return sigmoid(self._gap() * (field / self._temperature))

    def _gap(self) -> int:
        """Return how far apart the two values of a unit are."""
        low, high = VALUES[self.units]
        return high - low

    # ------------------------------------------------------------------ all states at once

    def states(self) -> NDArray[np.int8]:
        """Return all 2ⁿ states, shape (2ⁿ, n), unit 0 changing slowest.

        Raises:
            ValueError: for more than 20 units.
        """
        if self.n > LARGEST:
            raise ValueError(f"weights must join at most {LARGEST} units to list their states, got {self.n}")
        return all_states(self.n, VALUES[self.units][0])

    def _exponents(self) -> Array:
        """Return −E/T of all states."""
        return np.concatenate([-self._energy(x) for x in blocks(self.states())]) / self.temperature

    def log_partition(self) -> float:
        """Return ln Z, the sum over all states made one by one.

        Raises:
            ValueError: for more than 20 units.

        See the section :ref:`sec-bm-price`.
        """
        return log_sum_exp(self._exponents())

    def distribution(self) -> Array:
        """Return p of every state in the order of :meth:`states`, shape (2ⁿ,).

        Raises:
            ValueError: for more than 20 units.
        """
        return shares(self._exponents())

    def moments(self) -> Moments:
        """Return ⟨x_i⟩ and ⟨x_i x_j⟩, exactly.

        Raises:
            ValueError: for more than 20 units.
        """
        p, start = self.distribution(), 0
        mean, correlation = np.zeros(self.n), np.zeros((self.n, self.n))
        for x in blocks(self.states()):
            share = p[start : start + len(x)]
            mean += share @ x
            correlation += x.T @ (share[:, None] * x)
            start += len(x)
        return Moments(mean, (correlation + correlation.T) / 2)

    def log_likelihood(self, data: ArrayLike) -> float:
        """Return the mean of ln p(x) over the data, in nats.

        Args:
            data: shape (N, n).

        Raises:
            TypeError, ValueError: if a state is not of such units or not of length n; for more than 20.
        """
        x = rows_of_units("data", data, self.n, self.units)
        return float(-(self._energy(x) / self.temperature).mean() - self.log_partition())

    def gradient(self, data: ArrayLike) -> Slope:
        """Return the slope of :meth:`log_likelihood`: data minus model, by T (:eq:`eq-info-lemma`).

        ∂/∂w_ij = (⟨x_i x_j⟩_data − ⟨x_i x_j⟩_model)/T, ∂/∂b_i = (⟨x_i⟩_data − ⟨x_i⟩_model)/T.

        Args:
            data: shape (N, n).

        Raises:
            TypeError, ValueError: as :meth:`log_likelihood`.

        See the section :ref:`sec-bm-learning`.
        """
        x, model = rows_of_units("data", data, self.n, self.units), self.moments()
        pairs = (x.T @ x / len(x) - model.correlation) / self.temperature
        np.fill_diagonal(pairs, 0)
        return Slope(pairs, (x.mean(0) - model.mean) / self.temperature)

    # ------------------------------------------------------------------ by chance

    def sample(
        self, sweeps: int, rng: RandomLike, chains: int | None = None, start: ArrayLike | None = None
    ) -> NDArray[np.int8]:
        """Update one unit after another by chance (Gibbs sampling) in many chains at once.

        Args:
            sweeps: how many, ≥ 1; a sweep updates units 0 … n − 1, each by one uniform number a chain.
            rng: a seed or a generator.
            chains: how many runs beside each other, ≥ 1; as many as the start has, or 1.
            start: states, shape (chains, n); each unit by a fair coin if not given.

        Returns:
            The states after each sweep, shape (sweeps, chains, n).

        Raises:
            TypeError, ValueError: if a number is out of range, a state is not of such units, or there are not
                as many of them as chains.

        See the section :ref:`sec-bm-gibbs`.
        """
        generator, (low, high) = as_generator(rng), VALUES[self.units]
        x = self._start(chains, start, generator)
        sweeps = _checks.integer("sweeps", sweeps, 1, _checks.LONGEST // x.size)
        path = np.empty((sweeps, *x.shape), np.int8)
        for turn in range(sweeps):
            for i in range(self.n):
                chance = self._chance(x @ self._weights[i] + self._bias[i])
                x[:, i] = np.where(generator.random(len(x)) < chance, high, low)
            path[turn] = x
        return path

    def _start(self, chains: int | None, start: ArrayLike | None, generator: Generator) -> Array:
        """Return states to begin with, shape (chains, n)."""
        if chains is not None:
            chains = _checks.integer("chains", chains, 1, _checks.LONGEST // self.n)
        if start is None:
            low, high = VALUES[self.units]
            return np.where(generator.integers(0, 2, size=(chains or 1, self.n)), float(high), low)
        x = rows_of_units("start", start, self.n, self.units).copy()
        if chains not in (None, len(x)):
            raise ValueError(f"start must hold a state for each of the {chains} chains, got {len(x)}")
        return x

    def convert(self, units: str) -> BoltzmannMachine:
        """Return the machine of other units with the same law.

        x = (1 + s)/2 turns one energy into the other but for a constant, which changes Z and no probability:
        W′ = W/4 and b′ = b/2 + W1/4 for spins, and W = 4W′ and b = 2b′ − 2W′1 back.

        Raises:
            ValueError: for other units than "binary" and "spin"; if no float holds what the new ones make of
                E/T.

        See the section :ref:`sec-bm-units`.
        """
        w, b = self._weights, self._bias
        if _checks.one_of("units", units, VALUES) != self.units:
            with np.errstate(over="ignore", invalid="ignore"):  # the new machine says what it cannot hold
                rows = w.sum(1)
                w, b = (w / 4, b / 2 + rows / 4) if units == "spin" else (4 * w, 2 * b - 2 * rows)
        return BoltzmannMachine(w, b, units, self.temperature)


def pseudo_likelihood_fit(samples: ArrayLike, penalty: float = 0.0) -> BoltzmannMachine:
    """Recover couplings from states: the inverse of sampling (:cite:`besag1975statistical`).

    Maximises the mean of Σ_i ln p(s_i | the others) = Σ_i ln σ(2 s_i h_i), which needs no Z, minus
    λ Σ_{i<j} w_ij². It is concave, and without a penalty its maximum tends to the true W and b (over T) as
    samples grow.

    Args:
        samples: ±1, shape (N, n).
        penalty: λ ≥ 0.

    Returns:
        A machine of spins at T = 1.

    Raises:
        TypeError: if the samples or the penalty are no numbers.
        ValueError: if the samples are not ±1 of shape (N, n), or λ is negative; if a unit never changes; if
            no maximum is found; and, where the penalty is 0 or next to it, if there is no single best machine,
            most often because ever larger weights fit ever better. Two units that are never seen in one of
            their four states are enough for that; what takes three units or more is found out if there are at
            most 64.

    See the section :ref:`sec-bm-inverse`.
    """
    array = _checks.finite_array("samples", samples)
    if array.ndim != 2:
        raise ValueError(f"samples must hold a state in each row, shape (N, n), got {array.shape}")
    s = of_units("samples", array, array.shape[1], "spin")
    penalty = _checks.finite("penalty", penalty)
    if penalty < 0:
        raise ValueError(f"penalty must be at least 0, got {penalty}")
    still = np.flatnonzero((s == s[0]).all(0))
    if still.size:
        alone = f"{s[0, still[0]]:g} alone for unit {still[0]}"
        raise ValueError(f"samples must show every unit in both states, got {alone}")
    s, counts = np.unique(s, axis=0, return_counts=True)  # the same state many times costs no more than once
    if penalty == 0:
        _check_pairs(s)
    return BoltzmannMachine(*_climb_pseudo_likelihood(s, counts / counts.sum(), penalty), "spin")


def _check_pairs(s: Array) -> None:
    """Refuse samples in which two units miss one of their four states: w and b could fit that ever better."""
    for x, y in itertools.product((-1, 1), repeat=2):
        missing = np.argwhere((s == x).T.astype(float) @ (s == y) == 0)
        for i, j in missing[missing[:, 0] != missing[:, 1]].tolist():
            raise ValueError(f"samples must show units {i} and {j} as ({x}, {y}) too{_REMEDY}a penalty")


@dataclass(frozen=True)
class _PseudoLikelihood:
    """What is made small: minus the pseudo-likelihood, plus the penalty, as a function of b_0 …, w_01 …

    Args:
        s: states, each once, shape (M, n).
        share: of each state among the samples, shape (M, 1).
        penalty: λ.
        place: of b_i among the parameters at [i, i], of w_ij at [i, j], shape (n, n).
    """

    s: Array
    share: Array
    penalty: float
    place: NDArray[np.intp]

    def machine(self, parameters: Array) -> tuple[Array, Array]:
        """Return W and b."""
        w = parameters[self.place]
        np.fill_diagonal(w, 0)
        return w, parameters[: len(w)]

    def margins(self, parameters: Array) -> Array:
        """Return 2 s_i h_i, shape (M, n)."""
        w, b = self.machine(parameters)
        return 2 * self.s * (self.s @ w + b)

    def cost(self, parameters: Array) -> tuple[float, Array]:
        """Return the value and its slope."""
        margin, n = self.margins(parameters), len(self.place)
        pull = -2 * self.s * sigmoid(-margin) * self.share  # ∂/∂h
        slope, pairs = self.s.T @ pull, np.triu_indices(n, 1)
        by_pair = (slope + slope.T)[pairs] + 2 * self.penalty * parameters[n:]
        value = (softplus(-margin) * self.share).sum() + self.penalty * (parameters[n:] ** 2).sum()
        return float(value), np.concatenate([pull.sum(0), by_pair])

    def newton_step(self, parameters: Array) -> Array | None:
        """Return slope by curvature; None where the curvature vanishes in some direction."""
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        margin, n = self.margins(parameters), len(self.place)
        bend = 4 * sigmoid(margin) * sigmoid(-margin) * self.share  # ∂²/∂h²
        curvature = np.diag(np.where(np.arange(len(parameters)) < n, 0, 2 * self.penalty))
        for i, at in enumerate(self.place):
            seen = self.s.copy()
            seen[:, i] = 1  # what b_i is multiplied by
            curvature[np.ix_(at, at)] += seen.T @ (bend[:, i, None] * seen)
        size = np.sqrt(np.diag(curvature))
        if not size.all():
            return None
        try:  # scaled to a diagonal of 1, so that rare states do not look flat
            factor = cho_factor(curvature / np.outer(size, size) - 1e-12 * np.eye(len(size)))
        except LinAlgError:
            return None
        return cho_solve(factor, self.cost(parameters)[1] / size) / size


def _climb_pseudo_likelihood(s: Array, share: Array, penalty: float) -> tuple[Array, Array]:
    """Return W and b of the largest penalised pseudo-likelihood of states that have such shares."""
    from scipy.optimize import minimize

    n, (rows, columns) = s.shape[1], np.triu_indices(s.shape[1], 1)
    place = np.diag(np.arange(n))
    place[rows, columns] = place[columns, rows] = n + np.arange(len(rows))
    target = _PseudoLikelihood(s, share[:, None], penalty, place)
    start = np.concatenate([np.arctanh(share @ s), np.zeros(len(rows))])  # right if the units are independent
    options = {"maxiter": 5000, "maxfun": 50000, "gtol": 1e-8, "ftol": 1e-14}
    found = minimize(target.cost, start, jac=True, method="L-BFGS-B", options=options)
    if n > _SURE:
        if np.abs(found.jac).max() > 1e-4:  # whatever it says: rounding may stop it at the top
            raise ValueError(f"samples must have a most likely machine, but none was found: {found.message}")
        return target.machine(found.x)
    # subtle: near a summit the step is short. On a slope that falls off as e^{−m} slope and curvature are as
    # small as each other, so that a step adds 1 to a margin m, however far out we are.
    step = target.newton_step(found.x)
    if step is None or np.abs(target.margins(step)).max() > 0.5:
        remedy = "a larger penalty" if penalty else "a penalty"
        raise ValueError(f"samples must leave every unit in doubt, given the others{_REMEDY}{remedy}")
    return target.machine(found.x - step)
