"""The general Boltzmann machine, exact where its states can be counted; see :mod:`book_lib.boltzmann`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._hopfield_network import Hopfield
from book_lib.rng import RandomLike, as_generator

UNITS = ("binary", "spin")
LARGEST = 20  # units whose 2²⁰ states fit the memory of a laptop
Array = NDArray[np.float64]


class Moments(NamedTuple):
    """Averages under a law.

    Args:
        mean: ⟨x_i⟩, shape (n,).
        correlation: ⟨x_i x_j⟩, shape (n, n).
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
    bits = (np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1
    return (bits if low == 0 else 2 * bits - 1).astype(np.int8)


def log_sum_exp(values: Array) -> float:
    """Return ln Σ e^x without overflow."""
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum()))


def sigmoid(x: Array) -> Array:
    """Return 1/(1 + e^{−x}) without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def of_units(name: str, values: ArrayLike, n: int, units: str) -> Array:
    """Return states as floats, shape (…, n), refusing values that such units do not take."""
    array = _checks.finite_array(name, values)
    if array.ndim == 0 or array.shape[-1] != n or array.size == 0:
        raise ValueError(f"{name} must hold states of {n} units, shape (…, {n}), got {array.shape}")
    allowed = (0, 1) if units == "binary" else (-1, 1)
    if not np.isin(array, allowed).all():
        strange = array[~np.isin(array, allowed)][0]
        raise ValueError(f"{name} must hold only {allowed[0]} and {allowed[1]}, got {strange}")
    return array


class BoltzmannMachine:
    """Units that choose by chance: p(x) = e^{−E(x)/T}/Z with E = −½ xᵀWx − b·x (:cite:`ackley1985learning`).

    Given all others, a unit of {0, 1} is on with probability σ(h/T), one of ±1 is up with σ(2h/T), where h = Wx + b:
    between down and up lies h for the first, 2h for the second.

    Args:
        weights: W, symmetric with a zero diagonal, shape (n, n).
        bias: b, shape (n,); zero if not given.
        units: "binary" (0 and 1) or "spin" (−1 and +1).
        temperature: T > 0.

    Raises:
        ValueError: if W is not symmetric, has a diagonal, or does not match b; numbers that are not finite; T ≤ 0; other
            units.
        TypeError: if an argument is of the wrong kind.

    See the section :ref:`sec-bm-chance`.

    >>> two = BoltzmannMachine([[0, 1], [1, 0]], units="spin")
    >>> [round(float(p), 4) for p in two.distribution()]
    [0.4404, 0.0596, 0.0596, 0.4404]
    """

    def __init__(
        self, weights: ArrayLike, bias: ArrayLike | None = None, units: str = "binary", temperature: float = 1.0
    ) -> None:
        shape = np.shape(weights)
        if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
            raise ValueError(f"weights must be a square matrix, shape (n, n), got shape {shape}")
        checked = Hopfield(shape[0])  # the same matrices serve both
        checked.weights = weights
        self.weights = checked.weights
        self.bias = np.zeros(shape[0]) if bias is None else _checks.finite_array("bias", bias).copy()
        if self.bias.shape != (shape[0],):
            raise ValueError(f"bias must have shape {(shape[0],)}, got {self.bias.shape}")
        self.units = _checks.one_of("units", units, UNITS)
        self.temperature = _checks.positive("temperature", temperature)

    @classmethod
    def of(cls, network: Hopfield, temperature: float) -> BoltzmannMachine:
        """Return a Hopfield network with chance: at T → 0 its units follow their fields again.

        Raises:
            TypeError, ValueError: if ``network`` is no Hopfield network or T is not positive.
        """
        if not isinstance(network, Hopfield):
            raise TypeError(f"network must be a Hopfield network, got {type(network).__name__}")
        return cls(network.weights, network.thresholds, "spin", temperature)

    def __repr__(self) -> str:
        return f"BoltzmannMachine(n={self.n}, units={self.units!r}, temperature={self.temperature:g})"

    @property
    def n(self) -> int:
        """The number of units."""
        return len(self.bias)

    def field(self, states: ArrayLike) -> Array:
        """Return h = Wx + b for each state, shape (…, n).

        Raises:
            TypeError, ValueError: if a state is not of such units or not of length n.
        """
        return of_units("states", states, self.n, self.units) @ self.weights + self.bias

    def energy(self, states: ArrayLike) -> Array | float:
        """Return E = −½ xᵀWx − b·x of each state, shape (…,).

        Raises:
            TypeError, ValueError: if a state is not of such units or not of length n.
        """
        x = of_units("states", states, self.n, self.units)
        energy = -0.5 * (x * (x @ self.weights)).sum(-1) - x @ self.bias
        return float(energy) if energy.ndim == 0 else energy

    def probability_on(self, states: ArrayLike) -> Array:
        """Return, for each unit of each state, the chance of 1 given the others, shape (…, n).

        Raises:
            TypeError, ValueError: if a state is not of such units or not of length n.
        """
        return sigmoid(self._gap() * self.field(states) / self.temperature)

    def _gap(self) -> int:
        """Return how far apart the two values of a unit are."""
        return 1 if self.units == "binary" else 2

    def states(self) -> NDArray[np.int8]:
        """Return all 2ⁿ states, shape (2ⁿ, n), unit 0 changing slowest.

        Raises:
            ValueError: for more than 20 units.
        """
        if self.n > LARGEST:
            raise ValueError(f"the machine must have at most {LARGEST} units to list its states, got {self.n}")
        return all_states(self.n, 0 if self.units == "binary" else -1)

    def log_partition(self) -> float:
        """Return ln Z, the sum over all states made one by one; see :ref:`sec-bm-price`.

        Raises:
            ValueError: for more than 20 units.
        """
        return log_sum_exp(-self.energy(self.states()) / self.temperature)

    def distribution(self) -> Array:
        """Return p of every state in the order of :meth:`states`, shape (2ⁿ,).

        Raises:
            ValueError: for more than 20 units.
        """
        minus = -self.energy(self.states()) / self.temperature
        return np.exp(minus - log_sum_exp(minus))

    def moments(self) -> Moments:
        """Return ⟨x_i⟩ and ⟨x_i x_j⟩, exactly.

        Raises:
            ValueError: for more than 20 units.
        """
        p, x = self.distribution(), self.states().astype(float)
        return Moments(p @ x, x.T @ (p[:, None] * x))

    def log_likelihood(self, data: ArrayLike) -> float:
        """Return the mean of ln p(x) over the data, in nats.

        Args:
            data: shape (N, n).

        Raises:
            TypeError, ValueError: if a state is not of such units or not of length n; for more than 20 units.
        """
        return float(np.mean(-self.energy(_rows(data)) / self.temperature) - self.log_partition())

    def gradient(self, data: ArrayLike) -> Slope:
        """Return the slope of :meth:`log_likelihood`: data minus model, by T (the lemma, :eq:`eq-info-lemma`).

        ∂/∂w_ij = (⟨x_i x_j⟩_data − ⟨x_i x_j⟩_model)/T, ∂/∂b_i = (⟨x_i⟩_data − ⟨x_i⟩_model)/T.

        Args:
            data: shape (N, n).

        Raises:
            TypeError, ValueError: as :meth:`log_likelihood`.

        See the section :ref:`sec-bm-learning`.
        """
        x, model = of_units("data", _rows(data), self.n, self.units), self.moments()
        pairs = (x.T @ x / len(x) - model.correlation) / self.temperature
        np.fill_diagonal(pairs, 0)
        return Slope(pairs, (x.mean(0) - model.mean) / self.temperature)

    def sample(
        self, sweeps: int, rng: RandomLike, chains: int = 1, start: ArrayLike | None = None
    ) -> NDArray[np.int8]:
        """Update one unit after another by chance (Gibbs sampling) in many chains at once.

        Args:
            sweeps: how many, ≥ 1; a sweep updates units 0 … n − 1, each by one uniform number a chain.
            rng: a seed or a generator.
            chains: how many runs beside each other, ≥ 1, if no start is given: they start at random.
            start: states, shape (chains, n).

        Returns:
            The states after each sweep, shape (sweeps, chains, n).

        Raises:
            TypeError, ValueError: if a number is out of range, or a state is not of such units.

        See the section :ref:`sec-bm-gibbs`.
        """
        sweeps, generator = _checks.integer("sweeps", sweeps, 1), as_generator(rng)
        chains = _checks.integer("chains", chains, 1)
        if start is None:
            x = generator.integers(0, 2, size=(chains, self.n)).astype(float) * self._gap() - (self._gap() - 1)
        else:
            x = of_units("start", _rows(start), self.n, self.units).copy()
        path = np.empty((sweeps, *x.shape), np.int8)
        for turn in range(sweeps):
            for i in range(self.n):
                chance = sigmoid(self._gap() * (x @ self.weights[i] + self.bias[i]) / self.temperature)
                x[:, i] = np.where(generator.random(len(x)) < chance, 1, 1 - self._gap())
            path[turn] = x
        return path

    def convert(self, units: str) -> BoltzmannMachine:
        """Return the machine of other units with the same law: x = (1 + s)/2 turns one energy into the other.

        With W′ = W/4 and b′ = b/2 + W1/4 for spins, and W = 4W′ and b = 2b′ − 2W′1 back; see :ref:`sec-bm-units`.

        Raises:
            ValueError: for other units than "binary" and "spin".
        """
        if _checks.one_of("units", units, UNITS) == self.units:
            return BoltzmannMachine(self.weights, self.bias, units, self.temperature)
        rows = self.weights.sum(1)
        if units == "spin":
            return BoltzmannMachine(self.weights / 4, self.bias / 2 + rows / 4, units, self.temperature)
        return BoltzmannMachine(4 * self.weights, 2 * self.bias - 2 * rows, units, self.temperature)


def _rows(data: ArrayLike) -> ArrayLike:
    if np.ndim(data) != 2:
        raise ValueError(f"data must hold a state in each row, shape (N, n), got shape {np.shape(data)}")
    return data


def pseudo_likelihood_fit(samples: ArrayLike, penalty: float = 0.0) -> BoltzmannMachine:
    """Recover couplings from states: the inverse of sampling (:cite:`besag1975statistical`).

    Maximises the mean of Σ_i ln p(s_i | the others) = Σ_i ln σ(2 s_i h_i), which needs no Z, minus λ Σ_{i<j} w_ij². It is
    concave, and its maximum tends to the true W and b as samples grow.

    Args:
        samples: ±1, shape (N, n).
        penalty: λ ≥ 0. Without it a unit that always does as another would get endless weights.

    Returns:
        A machine of spins at T = 1.

    Raises:
        TypeError, ValueError: if the samples are not ±1 of shape (N, n) or λ is negative; if the fit does not converge.

    See the section :ref:`sec-bm-inverse`.
    """
    from scipy.optimize import minimize

    s = of_units("samples", _rows(samples), np.shape(samples)[1], "spin")
    penalty = _checks.finite("penalty", penalty)
    if penalty < 0:
        raise ValueError(f"penalty must be at least 0, got {penalty}")
    n, pairs = s.shape[1], np.triu_indices(s.shape[1], 1)

    def cost(parameters: Array) -> tuple[float, Array]:
        w = np.zeros((n, n))
        w[pairs] = parameters[n:]
        w += w.T
        margin = 2 * s * (s @ w + parameters[:n])
        value = np.logaddexp(0, -margin).sum(1).mean() + penalty * (parameters[n:] ** 2).sum()
        pull = -2 * s * sigmoid(-margin) / len(s)  # ∂/∂h
        slope = s.T @ pull
        return float(value), np.concatenate([pull.sum(0), (slope + slope.T)[pairs] + 2 * penalty * parameters[n:]])

    found = minimize(cost, np.zeros(n + len(pairs[0])), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    if not found.success:
        raise ValueError(f"the couplings do not settle (try a penalty above {penalty:g}): {found.message}")
    w = np.zeros((n, n))
    w[pairs] = found.x[n:]
    return BoltzmannMachine(w + w.T, found.x[:n], "spin")
