"""The restricted Boltzmann machine: two layers, no couplings within one; see :mod:`book_lib.boltzmann`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._boltzmann_machine import LARGEST, Array, all_states, log_sum_exp, of_units, sigmoid
from book_lib.rng import Generator, RandomLike, as_generator

_CHUNK = 4096  # states of the smaller layer that are summed over at a time


class RBMSlope(NamedTuple):
    """A slope of the mean log-likelihood, or an estimate of it.

    Args:
        weights: shape (V, H).
        visible_bias: shape (V,).
        hidden_bias: shape (H,).
    """

    weights: Array
    visible_bias: Array
    hidden_bias: Array


@dataclass(frozen=True)
class RBMHistory:
    """What :meth:`RBM.fit` saw.

    Args:
        reconstruction: mean squared distance of data and one step of Gibbs sampling, a value an epoch. It is no
            likelihood, and may fall while that does.
        pseudo_likelihood: mean of Σ_i ln p(v_i | the rest), in nats, a value an epoch.
    """

    reconstruction: list[float] = field(default_factory=list)
    pseudo_likelihood: list[float] = field(default_factory=list)


class RBM:
    """Visible units v and hidden units h of {0, 1}, coupled across but not within the layers (:cite:`smolensky1986`).

    E(v, h) = −vᵀWh − a·v − b·h and p = e^{−E/T}/Z. Given one layer, the units of the other are independent:
    p(h_j = 1 | v) = σ((vW + b)_j/T).

    Args:
        weights: W, shape (V, H).
        visible_bias: a, shape (V,); zero if not given.
        hidden_bias: b, shape (H,); zero if not given.
        temperature: T > 0.

    Raises:
        ValueError: if shapes do not match, numbers are not finite or T is not positive.
        TypeError: if an argument is of the wrong kind.

    See the section :ref:`sec-bm-restricted`.

    >>> round(RBM([[0.0, 0.0]]).log_partition(), 4)  # three free units: ln 8
    2.0794
    """

    def __init__(
        self,
        weights: ArrayLike,
        visible_bias: ArrayLike | None = None,
        hidden_bias: ArrayLike | None = None,
        temperature: float = 1.0,
    ) -> None:
        self.weights = _checks.finite_array("weights", weights).copy()
        if self.weights.ndim != 2 or self.weights.size == 0:
            raise ValueError(f"weights must have shape (V, H), got {self.weights.shape}")
        self.visible_bias = _bias("visible_bias", visible_bias, self.weights.shape[0])
        self.hidden_bias = _bias("hidden_bias", hidden_bias, self.weights.shape[1])
        self.temperature = _checks.positive("temperature", temperature)

    @classmethod
    def random(cls, visible: int, hidden: int, rng: RandomLike, scale: float = 0.01) -> RBM:
        """Return a machine with normal weights of the given scale and no biases, ready to be trained.

        Raises:
            TypeError, ValueError: if a size is below 1 or the scale not positive.
        """
        shape = (_checks.integer("visible", visible, 1), _checks.integer("hidden", hidden, 1))
        return cls(_checks.positive("scale", scale) * as_generator(rng).standard_normal(shape))

    def __repr__(self) -> str:
        visible, hidden = self.weights.shape
        return f"RBM(visible={visible}, hidden={hidden}, temperature={self.temperature:g})"

    # ------------------------------------------------------------------ the law

    def energy(self, visible: ArrayLike, hidden: ArrayLike) -> Array | float:
        """Return E(v, h) = −vᵀWh − a·v − b·h for each pair of rows, shape (…,).

        Raises:
            TypeError, ValueError: if the units are not 0 and 1 or the lengths do not match.
        """
        v, h = self._visible("visible", visible), of_units("hidden", hidden, self.weights.shape[1], "binary")
        energy = -((v @ self.weights) * h).sum(-1) - v @ self.visible_bias - h @ self.hidden_bias
        return float(energy) if energy.ndim == 0 else energy

    def hidden_given(self, visible: ArrayLike) -> Array:
        """Return p(h_j = 1 | v), shape (…, H). Visible values between 0 and 1 are taken as they are.

        Raises:
            TypeError, ValueError: if the values lie outside 0 … 1 or the length is not V.
        """
        v = _between("visible", visible, self.weights.shape[0])
        return sigmoid((v @ self.weights + self.hidden_bias) / self.temperature)

    def visible_given(self, hidden: ArrayLike) -> Array:
        """Return p(v_i = 1 | h), shape (…, V). Hidden values between 0 and 1 are taken as they are.

        Raises:
            TypeError, ValueError: if the values lie outside 0 … 1 or the length is not H.
        """
        h = _between("hidden", hidden, self.weights.shape[1])
        return sigmoid((h @ self.weights.T + self.visible_bias) / self.temperature)

    def free_energy(self, visible: ArrayLike) -> Array | float:
        """Return F(v) = −a·v − T Σ_j ln(1 + e^{(vW + b)_j/T}), so that p(v) = e^{−F(v)/T}/Z.

        The hidden units are summed out by hand: minus T times the logarithm of their Z, given v.

        Raises:
            TypeError, ValueError: if the units are not 0 and 1 or the length is not V.

        See the section :ref:`sec-bm-restricted`.
        """
        free = self._free(self._visible("visible", visible))
        return float(free) if free.ndim == 0 else free

    def _free(self, v: Array) -> Array:
        t = self.temperature
        return -v @ self.visible_bias - t * np.logaddexp(0, (v @ self.weights + self.hidden_bias) / t).sum(-1)

    def _visible(self, name: str, values: ArrayLike) -> Array:
        return of_units(name, values, self.weights.shape[0], "binary")

    # ------------------------------------------------------------------ exactly, where it can be

    def _smaller(self) -> tuple[RBM, bool]:
        """Return the machine with the smaller layer visible, and whether that took turning it round."""
        turned = self.weights.shape[1] < self.weights.shape[0]
        machine = RBM(self.weights.T, self.hidden_bias, self.visible_bias, self.temperature) if turned else self
        if machine.weights.shape[0] > LARGEST:
            raise ValueError(
                f"one layer must have at most {LARGEST} units to sum over its states, got {self.weights.shape}"
            )
        return machine, turned

    def log_partition(self) -> float:
        """Return ln Z: the states of the smaller layer one by one, the other layer summed by hand.

        Raises:
            ValueError: if both layers have more than 20 units.

        See the section :ref:`sec-bm-price`.
        """
        machine, _ = self._smaller()
        states = all_states(len(machine.weights))
        parts = [-machine._free(states[i : i + _CHUNK].astype(float)) for i in range(0, len(states), _CHUNK)]
        return log_sum_exp(np.concatenate(parts) / self.temperature)

    def log_likelihood(self, data: ArrayLike) -> float:
        """Return the mean of ln p(v) over the data, in nats.

        Args:
            data: 0 and 1, shape (N, V).

        Raises:
            TypeError, ValueError: if the data are not 0 and 1 of shape (N, V), or both layers exceed 20 units.
        """
        return float(np.mean(-self._free(self._data(data)) / self.temperature) - self.log_partition())

    def _data(self, data: ArrayLike) -> Array:
        if np.ndim(data) != 2:
            raise ValueError(f"data must hold a state in each row, shape (N, V), got shape {np.shape(data)}")
        return self._visible("data", data)

    def gradient(self, data: ArrayLike) -> RBMSlope:
        """Return the exact slope of :meth:`log_likelihood`, data minus model: ∂/∂w_ij = (⟨v_i h_j⟩_data − ⟨v_i h_j⟩)/T.

        Args:
            data: 0 and 1, shape (N, V).

        Raises:
            TypeError, ValueError: as :meth:`log_likelihood`.

        See the section :ref:`sec-bm-divergence`.
        """
        return _difference(self._correlations(self._data(data)), self._model(), self.temperature)

    def _correlations(self, v: Array, weight: Array | None = None) -> RBMSlope:
        """Return ⟨v_i h_j⟩, ⟨v_i⟩ and ⟨h_j⟩ over rows v, weighted if asked, the hidden units averaged by hand."""
        weight = np.full(len(v), 1 / len(v)) if weight is None else weight
        h = sigmoid((v @ self.weights + self.hidden_bias) / self.temperature)
        return RBMSlope((weight[:, None] * v).T @ h, weight @ v, weight @ h)

    def _model(self) -> RBMSlope:
        machine, turned = self._smaller()
        states, log_z = all_states(len(machine.weights)), self.log_partition()
        total = [np.zeros(shape) for shape in (machine.weights.shape, len(machine.weights), machine.weights.shape[1])]
        for i in range(0, len(states), _CHUNK):
            v = states[i : i + _CHUNK].astype(float)
            p = np.exp(-machine._free(v) / self.temperature - log_z)
            for sum_, part in zip(total, machine._correlations(v, p), strict=True):
                sum_ += part
        pairs, first, second = total
        return RBMSlope(pairs.T, second, first) if turned else RBMSlope(pairs, first, second)

    # ------------------------------------------------------------------ by chance

    def gibbs(self, visible: ArrayLike, steps: int, rng: RandomLike) -> NDArray[np.int8]:
        """Go to and fro between the layers: hidden given visible, visible given hidden, ``steps`` times.

        Args:
            visible: 0 and 1, shape (N, V): N chains.
            steps: ≥ 1.
            rng: a seed or a generator.

        Returns:
            The visible units at the end, shape (N, V).

        Raises:
            TypeError, ValueError: if the start is not 0 and 1 of shape (N, V), or ``steps`` below 1.
        """
        generator, v = as_generator(rng), self._data(visible)
        for _ in range(_checks.integer("steps", steps, 1)):
            v = self._step(v, generator)
        return v.astype(np.int8)

    def _step(self, v: Array, generator: Generator) -> Array:
        h = sigmoid((v @ self.weights + self.hidden_bias) / self.temperature)
        h = (generator.random(h.shape) < h).astype(float)
        p = sigmoid((h @ self.weights.T + self.visible_bias) / self.temperature)
        return (generator.random(p.shape) < p).astype(float)

    def contrastive_divergence(
        self, data: ArrayLike, rng: RandomLike, k: int = 1, chains: ArrayLike | None = None
    ) -> tuple[RBMSlope, NDArray[np.int8]]:
        """Estimate the slope with k steps of Gibbs sampling instead of equilibrium (:cite:`hinton2002training`).

        Args:
            data: 0 and 1, shape (N, V).
            rng: a seed or a generator.
            k: ≥ 1. As k grows the estimate becomes unbiased.
            chains: where the steps start, 0 and 1, shape (M, V); at the data if not given. Persistent chains go on where
                the last call ended (:cite:`tieleman2008training`).

        Returns:
            The estimate and the states where the chains ended.

        Raises:
            TypeError, ValueError: if data or chains are not 0 and 1 of V columns, or k is below 1.

        See the section :ref:`sec-bm-divergence`.
        """
        v = self._data(data)
        end = self.gibbs(v if chains is None else chains, k, rng)
        model = self._correlations(end.astype(float))
        return _difference(self._correlations(v), model, self.temperature), end

    def pseudo_likelihood(self, data: ArrayLike) -> float:
        """Return the mean of Σ_i ln p(v_i | the other visible units), in nats: no Z, for any size.

        Raises:
            TypeError, ValueError: if the data are not 0 and 1 of shape (N, V).
        """
        v, total = self._data(data), 0.0
        free = self._free(v)
        for i in range(v.shape[1]):
            turned = v.copy()
            turned[:, i] = 1 - turned[:, i]
            total += float(-np.logaddexp(0, (free - self._free(turned)) / self.temperature).mean())
        return total

    def fit(
        self,
        data: ArrayLike,
        epochs: int = 10,
        rate: float = 0.05,
        k: int = 1,
        persistent: bool = False,
        batch_size: int = 20,
        rng: RandomLike = 0,
        progress: bool = False,
    ) -> RBMHistory:
        """Climb the estimated slope of :meth:`contrastive_divergence`, batch by batch.

        Args:
            data: 0 and 1, shape (N, V).
            epochs: ≥ 1.
            rate: η > 0.
            k: steps of Gibbs sampling for each batch, ≥ 1.
            persistent: keep the chains from batch to batch.
            batch_size: 1 … N.
            rng: a seed or a generator.
            progress: show a bar on the terminal.

        Returns:
            An :class:`RBMHistory`; the machine's own parameters are changed.

        Raises:
            TypeError, ValueError: if the data are not 0 and 1 of shape (N, V) or a number is out of range.
            FloatingPointError: if the weights stop being finite; it names the epoch.

        See the section :ref:`sec-bm-digits`.
        """
        v, generator, rate = self._data(data), as_generator(rng), _checks.positive("rate", rate)
        size = _checks.integer("batch_size", batch_size, 1, len(v))
        turns, chains, history = range(_checks.integer("epochs", epochs, 1)), None, RBMHistory()
        if progress:
            from tqdm import tqdm

            turns = tqdm(turns, desc=repr(self))
        for epoch in turns:
            order = generator.permutation(len(v))
            for low in range(0, len(v) - size + 1, size):
                slope, end = self.contrastive_divergence(v[order[low : low + size]], generator, k, chains)
                chains = end if persistent else None
                self._climb(slope, rate)
            if not all(np.isfinite(part).all() for part in (self.weights, self.visible_bias, self.hidden_bias)):
                raise FloatingPointError(f"the weights are not finite after epoch {epoch}: lower the rate {rate:g}")
            history.reconstruction.append(float(np.mean((v - self.visible_given(self.hidden_given(v))) ** 2)))
            history.pseudo_likelihood.append(self.pseudo_likelihood(v))
        return history

    def _climb(self, slope: RBMSlope, rate: float) -> None:
        self.weights += rate * slope.weights
        self.visible_bias += rate * slope.visible_bias
        self.hidden_bias += rate * slope.hidden_bias


def _bias(name: str, values: ArrayLike | None, length: int) -> Array:
    array = np.zeros(length) if values is None else _checks.finite_array(name, values).copy()
    if array.shape != (length,):
        raise ValueError(f"{name} must have shape {(length,)}, got {array.shape}")
    return array


def _between(name: str, values: ArrayLike, length: int) -> Array:
    array = _checks.finite_array(name, values)
    if array.ndim == 0 or array.shape[-1] != length:
        raise ValueError(f"{name} must hold {length} units, shape (…, {length}), got {array.shape}")
    if (array < 0).any() or (array > 1).any():
        raise ValueError(f"{name} must lie in 0 … 1, got {array.min()} … {array.max()}")
    return array


def _difference(data: RBMSlope, model: RBMSlope, temperature: float) -> RBMSlope:
    return RBMSlope(*((a - b) / temperature for a, b in zip(data, model, strict=True)))


@dataclass(frozen=True)
class LogPartition:
    """An estimate of ln Z.

    Args:
        value: the estimate.
        low, high: one standard error of the mean weight below and above, on the scale of ln Z.
    """

    value: float
    low: float
    high: float


def annealed_log_partition(rbm: RBM, rng: RandomLike, steps: int = 1000, chains: int = 100) -> LogPartition:
    """Estimate ln Z by annealed importance sampling, where no sum over states can be made (:cite:`neal2001annealed`).

    Chains start from the machine without couplings, whose Z is known, and are led to the real one in small steps; the
    mean of the ratios that they collect is Z over the known one.

    Args:
        rbm: the machine.
        rng: a seed or a generator.
        steps: how many couplings in between, ≥ 2.
        chains: ≥ 2.

    Raises:
        TypeError, ValueError: if ``rbm`` is no RBM or a number is out of range.

    See the section :ref:`sec-bm-price`.
    """
    if not isinstance(rbm, RBM):
        raise TypeError(f"rbm must be an RBM, got {type(rbm).__name__}")
    generator, t = as_generator(rng), rbm.temperature
    steps, chains = _checks.integer("steps", steps, 2), _checks.integer("chains", chains, 2)
    free = RBM(np.zeros_like(rbm.weights), rbm.visible_bias, np.zeros_like(rbm.hidden_bias), t)
    base = np.logaddexp(0, rbm.visible_bias / t).sum() + rbm.weights.shape[1] * np.log(2)
    start = np.broadcast_to(sigmoid(rbm.visible_bias / t), (chains, len(rbm.visible_bias)))
    v = (generator.random(start.shape) < start).astype(float)
    log_weight, before = np.zeros(chains), free
    for share in np.linspace(0, 1, steps)[1:]:
        after = RBM(share * rbm.weights, rbm.visible_bias, share * rbm.hidden_bias, t)
        log_weight += (before._free(v) - after._free(v)) / t
        v, before = after._step(v, generator), after
    top = log_weight.max()
    weight = np.exp(log_weight - top)
    mean, error = weight.mean(), weight.std(ddof=1) / np.sqrt(chains)
    low, high = np.log(max(mean - error, np.finfo(float).tiny)), np.log(mean + error)
    return LogPartition(*(float(base + top + x) for x in (np.log(mean), low, high)))
