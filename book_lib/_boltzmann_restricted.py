"""The restricted Boltzmann machine: two layers, no couplings within one; see :mod:`book_lib.boltzmann`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._boltzmann_machine import (
    LARGEST,
    LARGEST_QUOTIENT,
    Array,
    all_states,
    blocks,
    check_quotient,
    log_sum_exp,
    of_units,
    rows_of_units,
    shares,
    sigmoid,
    softplus,
    total,
)
from book_lib._hopfield_network import vector
from book_lib.rng import Generator, RandomLike, as_generator

_WATCHED = 100  # rows of the data whose pseudo-likelihood a fit follows: all would take longer than the fit


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
        reconstruction: mean squared distance of data from p(v | p(h | data)), a value an epoch. It is no
            likelihood, and may fall while that does.
        pseudo_likelihood: :meth:`RBM.pseudo_likelihood` of at most 100 rows of the data, a value an epoch.
    """

    reconstruction: list[float] = field(default_factory=list)
    pseudo_likelihood: list[float] = field(default_factory=list)


class RBM:
    """Visible units v and hidden units h of {0, 1}, coupled across the two layers but not within them.

    The machine is that of :cite:`smolensky1986information`.
    E(v, h) = −vᵀWh − a·v − b·h and p = e^{−E/T}/Z. Given one layer, the units of the other are independent:
    p(h_j = 1 | v) = σ((vW + b)_j/T).

    Args:
        weights: W, shape (V, H).
        visible_bias: a, shape (V,); zero if not given.
        hidden_bias: b, shape (H,); zero if not given.
        temperature: T > 0.

    Raises:
        ValueError: if shapes do not match, numbers are not finite, T is not positive, or so small that no
            float holds E/T.
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
        self._weights = _checks.finite_array("weights", weights).copy()
        if self._weights.ndim != 2 or self._weights.size == 0:
            raise ValueError(f"weights must have shape (V, H) with V, H ≥ 1, got {self._weights.shape}")
        self._visible_bias = vector("visible_bias", visible_bias, self._weights.shape[0])
        self._hidden_bias = vector("hidden_bias", hidden_bias, self._weights.shape[1])
        self.temperature = temperature

    @classmethod
    def random(cls, visible: int, hidden: int, rng: RandomLike, scale: float = 0.01) -> RBM:
        """Return a machine with normal weights of the given scale and no biases, ready to be trained.

        Raises:
            TypeError, ValueError: if a size is below 1, the scale is not positive, one of them is too large, or
                ``rng`` is no seed or generator.

        >>> RBM.random(64, 32, rng=0)
        RBM(visible=64, hidden=32, temperature=1)
        """
        visible = _checks.integer("visible", visible, 1, _checks.LONGEST)
        shape = (visible, _checks.integer("hidden", hidden, 1, _checks.LONGEST // visible))
        return cls(_checks.positive("scale", scale) * as_generator(rng).standard_normal(shape))

    def __repr__(self) -> str:
        visible, hidden = self._weights.shape
        return f"RBM(visible={visible}, hidden={hidden}, temperature={self.temperature:g})"

    @property
    def weights(self) -> Array:
        """W, shape (V, H): a copy; assign a whole matrix to replace it.

        Raises:
            TypeError, ValueError: on assignment of another shape, of what is not finite, or of so large numbers
                that no float holds E/T.
        """
        return self._weights.copy()

    @weights.setter
    def weights(self, value: ArrayLike) -> None:
        array = _checks.finite_array("weights", value)
        if array.shape != self._weights.shape:
            raise ValueError(f"weights must have shape {self._weights.shape}, got {array.shape}")
        check_quotient((array, self._visible_bias, self._hidden_bias), self._temperature)
        self._weights = array.copy()

    @property
    def visible_bias(self) -> Array:
        """a, shape (V,): a copy; assign to replace it.

        Raises:
            TypeError, ValueError: as for :attr:`weights`.
        """
        return self._visible_bias.copy()

    @visible_bias.setter
    def visible_bias(self, value: ArrayLike) -> None:
        name, count = "visible_bias", len(self._visible_bias)
        array = vector(name, _checks.finite_array(name, value), count)
        check_quotient((self._weights, array, self._hidden_bias), self._temperature)
        self._visible_bias = array

    @property
    def hidden_bias(self) -> Array:
        """b, shape (H,): a copy; assign to replace it.

        Raises:
            TypeError, ValueError: as for :attr:`weights`.
        """
        return self._hidden_bias.copy()

    @hidden_bias.setter
    def hidden_bias(self, value: ArrayLike) -> None:
        name, count = "hidden_bias", len(self._hidden_bias)
        array = vector(name, _checks.finite_array(name, value), count)
        check_quotient((self._weights, self._visible_bias, array), self._temperature)
        self._hidden_bias = array

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
        check_quotient(self._parts(), temperature)
        self._temperature = temperature

    def _parts(self) -> tuple[Array, Array, Array]:
        return self._weights, self._visible_bias, self._hidden_bias

    # ------------------------------------------------------------------ the law

    def energy(self, visible: ArrayLike, hidden: ArrayLike) -> Array | float:
        """Return E(v, h) = −vᵀWh − a·v − b·h for each pair of rows, shape (…,).

        Raises:
            TypeError, ValueError: if the units are not 0 and 1 or the lengths do not match.
        """
        v = of_units("visible", visible, self._weights.shape[0], "binary")
        h = of_units("hidden", hidden, self._weights.shape[1], "binary")
        if v.ndim > 1 and h.ndim > 1 and v.shape[:-1] != h.shape[:-1]:
            raise ValueError(f"hidden must have as many rows as visible, got {h.shape} and {v.shape}")
        energy = -((v @ self._weights) * h).sum(-1) - v @ self._visible_bias - h @ self._hidden_bias
        return float(energy) if energy.ndim == 0 else energy

    def hidden_given(self, visible: ArrayLike) -> Array:
        """Return p(h_j = 1 | v), shape (…, H). Visible values between 0 and 1 are taken as they are.

        Raises:
            TypeError, ValueError: if the values lie outside 0 … 1 or the length is not V.

        See the section :ref:`sec-bm-restricted`.
        """
        return self._hidden(_between("visible", visible, self._weights.shape[0]))

    def _hidden(self, v: Array) -> Array:
        return sigmoid(self._hidden_field(v))

    def _hidden_field(self, v: Array) -> Array:
        """Return (vW + b)/T."""
        return (v @ self._weights + self._hidden_bias) / self._temperature

    def visible_given(self, hidden: ArrayLike) -> Array:
        """Return p(v_i = 1 | h), shape (…, V). Hidden values between 0 and 1 are taken as they are.

        Raises:
            TypeError, ValueError: if the values lie outside 0 … 1 or the length is not H.

        See the section :ref:`sec-bm-restricted`.
        """
        return self._visible(_between("hidden", hidden, self._weights.shape[1]))

    def _visible(self, h: Array) -> Array:
        return sigmoid((h @ self._weights.T + self._visible_bias) / self._temperature)

    def free_energy(self, visible: ArrayLike) -> Array | float:
        """Return F(v) = −a·v − T Σ_j ln(1 + e^{(vW + b)_j/T}), so that p(v) = e^{−F(v)/T}/Z.

        The hidden units are summed out by hand: minus T times the logarithm of their Z, given v.

        Raises:
            TypeError, ValueError: if the units are not 0 and 1 or the length is not V.

        See the section :ref:`sec-bm-restricted`.
        """
        v = of_units("visible", visible, self._weights.shape[0], "binary")
        free = -self._temperature * self._exponent(v)
        return float(free) if free.ndim == 0 else free

    def _exponent(self, v: Array) -> Array:
        """Return −F(v)/T."""
        return v @ self._visible_bias / self._temperature + softplus(self._hidden_field(v)).sum(-1)

    # ------------------------------------------------------------------ exactly, where it can be

    def _smaller(self) -> tuple[RBM, bool]:
        """Return the machine with the smaller layer visible, and whether that took turning it round."""
        if min(self._weights.shape) > LARGEST:
            came = f"shape {self._weights.shape}"
            raise ValueError(f"weights must have a layer of at most {LARGEST} units to sum over, got {came}")
        turned = self._weights.shape[1] < self._weights.shape[0]
        if not turned:
            return self, False
        return RBM(self._weights.T, self._hidden_bias, self._visible_bias, self._temperature), True

    def log_partition(self) -> float:
        """Return ln Z: the states of the smaller layer one by one, the other layer summed by hand.

        Raises:
            ValueError: if both layers have more than 20 units.

        See the section :ref:`sec-bm-price`.
        """
        machine, _ = self._smaller()
        return log_sum_exp(machine._exponents())

    def _exponents(self) -> Array:
        """Return −F/T of all states of the visible layer."""
        return np.concatenate([self._exponent(v) for v in blocks(all_states(len(self._weights)))])

    def log_likelihood(self, data: ArrayLike) -> float:
        """Return the mean of ln p(v) over the data, in nats.

        Args:
            data: 0 and 1, shape (N, V).

        Raises:
            TypeError, ValueError: if the data are not 0 and 1 of shape (N, V), or both layers exceed 20
                units.
        """
        return float(self._exponent(self._data("data", data)).mean() - self.log_partition())

    def _data(self, name: str, data: ArrayLike) -> Array:
        return rows_of_units(name, data, self._weights.shape[0], "binary")

    def gradient(self, data: ArrayLike) -> RBMSlope:
        """Return the exact slope of :meth:`log_likelihood`, data minus model.

        ∂/∂w_ij = (⟨v_i h_j⟩_data − ⟨v_i h_j⟩_model)/T, and so for the biases.

        Args:
            data: 0 and 1, shape (N, V).

        Raises:
            TypeError, ValueError: as :meth:`log_likelihood`.

        See the section :ref:`sec-bm-divergence`.
        """
        v = self._data("data", data)
        return _difference(_averages(v, self._hidden(v)), self._model(), self._temperature)

    def _model(self) -> RBMSlope:
        """Return ⟨v_i h_j⟩, ⟨v_i⟩, ⟨h_j⟩ under the law."""
        machine, turned = self._smaller()
        p, start = shares(machine._exponents()), 0
        model = RBMSlope(*(np.zeros_like(part) for part in machine._parts()))
        for v in blocks(all_states(len(machine._weights))):
            part = _averages(v, machine._hidden(v), p[start : start + len(v)])
            model = RBMSlope(*(a + b for a, b in zip(model, part, strict=True)))
            start += len(v)
        return RBMSlope(model.weights.T, model.hidden_bias, model.visible_bias) if turned else model

    # ------------------------------------------------------------------ by chance

    def gibbs(self, visible: ArrayLike, steps: int, rng: RandomLike) -> NDArray[np.int8]:
        """Go to and fro between the layers: hidden given visible, visible given hidden, ``steps`` times.

        Args:
            visible: 0 and 1, shape (N, V): N chains.
            steps: ≥ 1.
            rng: a seed or a generator. A step draws N × H uniform numbers for the hidden units, then N × V.

        Returns:
            The visible units at the end, shape (N, V).

        Raises:
            TypeError, ValueError: if the start is not 0 and 1 of shape (N, V), or ``steps`` below 1.

        See the section :ref:`sec-bm-restricted`.
        """
        v, steps = self._data("visible", visible), _checks.integer("steps", steps, 1)
        return self._walk(v, steps, as_generator(rng)).astype(np.int8)

    def _walk(self, v: Array, steps: int, generator: Generator, chance: Array | None = None) -> Array:
        """Return where the chains end; ``chance`` is p(h | v) at the start, if known."""
        for _ in range(steps):
            h = _toss(self._hidden(v) if chance is None else chance, generator)
            v, chance = _toss(self._visible(h), generator), None
        return v

    def contrastive_divergence(
        self, data: ArrayLike, rng: RandomLike, k: int = 1, chains: ArrayLike | None = None
    ) -> tuple[RBMSlope, NDArray[np.int8]]:
        """Estimate the slope with k steps of Gibbs sampling instead of equilibrium
        (:cite:`hinton2002training`).

        Args:
            data: 0 and 1, shape (N, V).
            rng: a seed or a generator.
            k: ≥ 1. As k grows the estimate becomes unbiased.
            chains: where the steps start, 0 and 1, shape (M, V); at the data if not given. Persistent chains
                go on where the last call ended (:cite:`tieleman2008training`).

        Returns:
            The estimate and the states where the chains ended.

        Raises:
            TypeError, ValueError: if data or chains are not 0 and 1 of V columns, or k is below 1.

        See the section :ref:`sec-bm-divergence`.
        """
        v, k = self._data("data", data), _checks.integer("k", k, 1)
        start = v if chains is None else self._data("chains", chains)
        slope, end = self._divergence(v, start, k, as_generator(rng))
        return slope, end.astype(np.int8)

    def _divergence(self, v: Array, start: Array, k: int, generator: Generator) -> tuple[RBMSlope, Array]:
        h = self._hidden(v)
        end = self._walk(start, k, generator, h if start is v else None)
        model = _averages(end, self._hidden(end))
        return _difference(_averages(v, h), model, self._temperature), end

    def pseudo_likelihood(self, data: ArrayLike) -> float:
        """Return the mean of Σ_i ln p(v_i | the other visible units), in nats: no Z, for any size.

        Args:
            data: 0 and 1, shape (N, V).

        Raises:
            TypeError, ValueError: if the data are not 0 and 1 of shape (N, V).
        """
        v, summed = self._data("data", data), 0.0
        fields = self._hidden_field(v)
        here = softplus(fields)
        weights, biases = self._weights / self._temperature, self._visible_bias / self._temperature
        for i, (row, bias) in enumerate(zip(weights, biases, strict=True)):
            turn = 1 - 2 * v[:, i]
            moved = fields + turn[:, None] * row  # what the hidden units feel if v_i is turned
            gain = turn * bias + (softplus(moved) - here).sum(-1)
            summed -= float(softplus(gain).mean())
        return summed

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
            epochs: ≥ 1; each shows every row once, in a new order.
            rate: η > 0.
            k: steps of Gibbs sampling for each batch, ≥ 1.
            persistent: keep the chains from batch to batch.
            batch_size: rows to a step, ≥ 1; all of them if there are fewer. Where N is no multiple, batches are
                a little smaller.
            rng: a seed or a generator.
            progress: show a bar on the terminal.

        Returns:
            An :class:`RBMHistory`; the machine's own parameters are changed.

        Raises:
            TypeError, ValueError: if the data are not 0 and 1 of shape (N, V) or a number is out of range.
            FloatingPointError: if the weights grow until no float holds E/T; it names the epoch, and the
                machine is left as it was before that.

        See the section :ref:`sec-bm-digits`.
        """
        v, generator, rate = self._data("data", data), as_generator(rng), _checks.positive("rate", rate)
        size, k = min(len(v), _checks.integer("batch_size", batch_size, 1)), _checks.integer("k", k, 1)
        turns, chains, history = range(_checks.integer("epochs", epochs, 1)), None, RBMHistory()
        watched = v[:: -(-len(v) // _WATCHED)]
        if progress:
            from tqdm import tqdm

            turns = tqdm(turns, desc=repr(self))
        for epoch in turns:
            before = [part.copy() for part in self._parts()]
            batches = np.array_split(generator.permutation(len(v)), -(-len(v) // size))
            with np.errstate(over="ignore", invalid="ignore"):  # told below, once
                chains = self._epoch([v[rows] for rows in batches], rate, k, generator, persistent, chains)
            if not total(self._parts()) < LARGEST_QUOTIENT * self._temperature:
                self._weights, self._visible_bias, self._hidden_bias = before
                message = f"weights grew beyond all bounds in epoch {epoch}: lower the rate {rate:g}"
                raise FloatingPointError(message)
            history.reconstruction.append(float(np.mean((v - self._visible(self._hidden(v))) ** 2)))
            history.pseudo_likelihood.append(self.pseudo_likelihood(watched))
        return history

    def _epoch(
        self,
        batches: list[Array],
        rate: float,
        k: int,
        generator: Generator,
        persistent: bool,
        chains: Array | None,
    ) -> Array | None:
        """Climb once for each batch, in place, and return where the chains stand if they go on."""
        for batch in batches:
            slope, end = self._divergence(batch, batch if chains is None else chains, k, generator)
            for part, change in zip(self._parts(), slope, strict=True):
                part += rate * change
            chains = end if persistent else None
        return chains


def _toss(chance: Array, generator: Generator) -> Array:
    """Return 1 with the given chances, else 0."""
    return (generator.random(chance.shape) < chance).astype(float)


def _between(name: str, values: ArrayLike, length: int) -> Array:
    array = _checks.finite_array(name, values)
    if array.ndim == 0 or array.shape[-1] != length or array.size == 0:
        raise ValueError(f"{name} must hold {length} units, shape (…, {length}), got {array.shape}")
    if (array < 0).any() or (array > 1).any():
        raise ValueError(f"{name} must lie in 0 … 1, got {array.min()} … {array.max()}")
    return array


def _averages(v: Array, h: Array, weight: Array | None = None) -> RBMSlope:
    """Return ⟨v_i h_j⟩, ⟨v_i⟩, ⟨h_j⟩ over the rows, each counted alike or by its weight."""
    if weight is None:
        return RBMSlope(v.T @ h / len(v), v.sum(0) / len(v), h.sum(0) / len(v))
    return RBMSlope((weight[:, None] * v).T @ h, weight @ v, weight @ h)


def _difference(data: RBMSlope, model: RBMSlope, temperature: float) -> RBMSlope:
    return RBMSlope(*((a - b) / temperature for a, b in zip(data, model, strict=True)))


@dataclass(frozen=True)
class LogPartition:
    """An estimate of ln Z.

    Args:
        value: the estimate.
        low: one standard error of the mean weight below, on the scale of ln Z; −inf if that reaches 0.
        high: one above.
    """

    value: float
    low: float
    high: float


def annealed_log_partition(rbm: RBM, rng: RandomLike, steps: int = 1000, chains: int = 100) -> LogPartition:
    """Estimate ln Z, where no sum over states can be made, by annealed importance sampling.

    The method is that of :cite:`neal2001annealed`. Chains start from the machine whose hidden units are free,
    with W = 0 and b = 0, whose Z is known, and are led to the real one in small steps; the mean of the ratios
    that they collect estimates Z over the known one. That mean is right on average, however few the steps; its
    logarithm is on average too small, the more the ratios differ.

    Args:
        rbm: the machine.
        rng: a seed or a generator.
        steps: how many machines in all, the first and the last included, ≥ 2.
        chains: how many, side by side, ≥ 2.

    Raises:
        TypeError, ValueError: if ``rbm`` is no RBM or a number is out of range.

    See the section :ref:`sec-bm-price`.

    >>> estimate = annealed_log_partition(RBM([[1.0, -1.0], [0.5, 0.0]]), rng=0, steps=100)
    >>> estimate.low < RBM([[1.0, -1.0], [0.5, 0.0]]).log_partition() < estimate.high
    True
    """
    if not isinstance(rbm, RBM):
        raise TypeError(f"rbm must be an RBM, got {type(rbm).__name__}")
    generator, alone = as_generator(rng), rbm.visible_bias / rbm.temperature
    weights = rbm.weights / rbm.temperature
    steps = _checks.integer("steps", steps, 2, _checks.LONGEST)
    chains = _checks.integer("chains", chains, 2, _checks.LONGEST // len(alone))
    known, log_weight = softplus(alone).sum() + weights.shape[1] * np.log(2), np.zeros(chains)
    v = _toss(np.tile(sigmoid(alone), (chains, 1)), generator)
    ladder = np.linspace(0, 1, steps)
    for before, share in zip(ladder[:-1], ladder[1:], strict=True):
        fields = rbm._hidden_field(v)
        log_weight += (softplus(share * fields) - softplus(before * fields)).sum(1)  # a·v is the same in both
        h = _toss(sigmoid(share * fields), generator)  # a step of the machine with this share of W and b
        v = _toss(sigmoid(share * (h @ weights.T) + alone), generator)
    return _log_mean(log_weight, float(known))


def _log_mean(log_weight: Array, known: float) -> LogPartition:
    """Return ``known`` plus the logarithm of the mean weight, and of one standard error to either side."""
    top = log_weight.max()
    weight = np.exp(log_weight - top)
    mean, error = weight.mean(), weight.std(ddof=1) / np.sqrt(len(weight))
    low = np.log(mean - error) if mean > error else -np.inf
    return LogPartition(*(float(known + top + x) for x in (np.log(mean), low, np.log(mean + error))))
