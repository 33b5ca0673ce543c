"""A Boltzmann machine of three to five units that flip by chance, and the law that their histogram meets."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from book_lib import _checks
from book_lib.boltzmann import BoltzmannMachine
from book_lib.explorables.ahead import Ahead
from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole, arguments
from book_lib.explorables.lists import Numbers
from book_lib.rng import CounterRNG

FEWEST, MOST = 3, 5
PAIRS = MOST * (MOST - 1) // 2
STRONGEST = 4.0
HOTTEST = 5.0
COUPLINGS = (-1.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # three units that store + − +
SHOWN = 400  # sweeps after which the picture for readers without scripts is taken
NEUTRAL = 1.0  # temperature in the middle of the colour scale


class StochasticUnits(Explorable):
    """A few units coupled to one another, each of which is turned on by chance, given the others.

    Args:
        weights: W, symmetric with a zero diagonal, shape (n, n), n from 3 to 5, entries −4 to 4.
        biases: b, shape (n,), −4 to 4; zero if not given.
        size: n; from the weights if these are given.
        couplings: instead of weights, ten numbers w₁₂, w₁₃, w₂₃, w₁₄, …, of which the first n(n − 1)/2 count.
        units: "spin" (−1 and +1) or "binary" (0 and 1).
        temperature: T, 0 to 5. At 0 a unit follows the sign of its field, and keeps its state where that is 0.
        chains: how many copies of the machine run beside each other, 1 to 100; the first one is seen.
        prediction: what the reader bets the histogram will look like: "", "lowest", "law", "even", or "skipped".
        seed: of the counter-based generator; `sample` makes the same states.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-bm-gibbs`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> units = StochasticUnits(weights=[[0, 1, 0], [1, 0, 0], [0, 0, 0]], temperature=1.0)
    >>> round(float(units.law()[0]), 4)  # e/(2 · 2(e + 1/e)): the first two agree, the third is free
    0.2202
    """

    size = Whole(3, least=FEWEST, most=MOST).tag(sync=True)
    couplings = Numbers(list(COUPLINGS), length=PAIRS, least=-STRONGEST, most=STRONGEST).tag(sync=True)
    biases = Numbers([0.0] * MOST, length=MOST, least=-STRONGEST, most=STRONGEST).tag(sync=True)
    units = OneOf(["spin", "binary"], default_value="spin").tag(sync=True)
    temperature = Real(1.5, least=0, most=HOTTEST).tag(sync=True)
    chains = Whole(1, least=1, most=100).tag(sync=True)
    prediction = OneOf(["", "lowest", "law", "even", "skipped"], default_value="").tag(sync=True)

    def __init__(self, *, weights: ArrayLike | None = None, biases: ArrayLike | None = None, **traits: Any) -> None:
        if weights is not None:
            with arguments():
                matrix = _square(weights)
            traits |= {"size": len(matrix), "couplings": _padded(pairs(matrix), PAIRS)}
        if biases is not None:
            with arguments():
                bias = _checks.finite_array("biases", biases)
            n = traits.get("size", FEWEST)
            if bias.shape not in ((n,), (MOST,)):
                raise ArgumentError(f"biases must have shape ({n},), not {bias.shape}")
            traits["biases"] = _padded(bias, MOST)
        super().__init__(**traits)

    def weights(self) -> NDArray[np.float64]:
        """W, shape (n, n)."""
        w = np.zeros((self.size, self.size))
        for j in range(1, self.size):
            w[:j, j] = w[j, :j] = self.couplings[j * (j - 1) // 2 : j * (j + 1) // 2]
        return w

    def bias(self) -> NDArray[np.float64]:
        """b, shape (n,)."""
        return np.array(self.biases[: self.size])

    def machine(self) -> BoltzmannMachine:
        """The library's machine.

        Raises:
            ValueError: at T = 0, where nothing is left to chance.
        """
        return BoltzmannMachine(self.weights(), self.bias(), self.units, self.temperature)

    def energies(self) -> NDArray[np.float64]:
        """E of every state, unit 1 changing slowest, shape (2ⁿ,)."""
        free = BoltzmannMachine(self.weights(), self.bias(), self.units)
        return np.asarray(free.energy(free.states()))

    def law(self) -> NDArray[np.float64]:
        """p = e^(−E/T)/Z of every state, shape (2ⁿ,); at T = 0 the lowest share everything."""
        if self.temperature > 0:
            return self.machine().distribution()
        lowest = self.energies() - self.energies().min() < 1e-9
        return lowest / lowest.sum()

    def sample(self, sweeps: int) -> NDArray[np.int8]:
        """The states after each sweep of the page, shape (sweeps, chains, n), by `BoltzmannMachine.sample`."""
        if self.temperature > 0:
            return self.machine().sample(sweeps, Ahead(self.seed), self.chains)
        low = -1 if self.units == "spin" else 0
        start = CounterRNG(self.seed).integers(0, 2, size=(self.chains, self.size))
        x, w, b = np.where(start, 1, low), self.weights(), self.bias()
        path = np.empty((sweeps, *x.shape), np.int8)
        for turn in range(sweeps):
            for i in range(self.size):
                h = x @ w[i] + b[i]
                x[:, i] = np.where(h > 0, 1, np.where(h < 0, low, x[:, i]))
            path[turn] = x
        return path

    def histogram(self, sweeps: int) -> NDArray[np.float64]:
        """The share of each state among all that were met, shape (2ⁿ,)."""
        return _shares(self.sample(sweeps))

    def divergence(self, sweeps: int) -> float:
        """KL(histogram ‖ law) in nats; infinite where the histogram has a state that the law forbids."""
        return _divergence(self.histogram(sweeps), self.law())

    def fair_divergence(self, draws: int) -> float:
        """KL(histogram ‖ law) in nats of so many independent draws from the law, on average: exact.

        A state of probability p that came n times adds (n/N) ln(n/(Np)). As n of N draws has mean Np, and what
        weighs by n is one draw more than m of the N − 1 others, that is p E[ln((m + 1)/(Np))] on average.

        >>> round(StochasticUnits(temperature=5.0).fair_divergence(100_000) * 2 * 100_000, 2)  # eight states, less one
        7.0
        """
        m, total = np.arange(draws), 0.0
        for p in self.law():
            if 0 < p < 1:
                choose = gammaln(draws) - gammaln(m + 1) - gammaln(draws - m)
                chance = np.exp(choose + m * np.log(p) + (draws - 1 - m) * np.log1p(-p))
                total += float(p * (chance @ np.log((m + 1) / (draws * p))))
        return total

    def names(self) -> list[str]:
        """The states as the page writes them, in the order of `law`."""
        signs = "−+" if self.units == "spin" else "01"
        return ["".join(signs[k >> i & 1] for i in range(self.size)[::-1]) for k in range(2**self.size)]

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        law, seen, names = self.law(), _shares(_shown(self)), self.names()
        top = np.argsort(-law, kind="stable")[:2]
        kinds = "−1 and +1" if self.units == "spin" else "0 and 1"
        gap = _divergence(seen, law)
        told = "is infinite" if np.isinf(gap) else f"is {gap:.3f} nats"
        return (
            f"A Boltzmann machine of {self.size} units of {kinds} at temperature {self.temperature:g}. The law gives "
            + " and ".join(f"the state {names[k]} {law[k]:.1%}" for k in top)
            + f"; after {SHOWN} sweeps of {self.chains} chain{'s' * (self.chains > 1)} they have "
            + " and ".join(f"{seen[k]:.1%}" for k in top)
            + f". The divergence of the histogram from the law {told}; as many independent draws would have "
            + f"{self.fair_divergence(SHOWN * self.chains):.3f} on average."
        )

    def still(self) -> tuple:
        """The units and their couplings; the histogram with the law over it."""
        from book_lib import plotting

        figure, (left, right) = plotting.figure(height=2.8, columns=2, width_ratios=[1, 1.5])
        _draw_units(left, self)
        law, seen, heat = self.law(), _shares(_shown(self)), self.temperature
        color = plotting.temperature_color(heat / (heat + NEUTRAL), 0, 1)
        place = np.arange(len(law))
        right.bar(place, seen, 0.8, color=color)
        right.stairs(law, np.arange(len(law) + 1) - 0.5, color=plotting.COLORS.theory, baseline=None)
        right.set_xticks(place[:: len(law) // 4], self.names()[:: len(law) // 4])
        right.set(xlabel="state", ylabel="share")
        right.locator_params(axis="y", nbins=4)
        return plotting.still(figure)


@lru_cache(maxsize=4)  # the alt text and the picture show the same states
def _met(settings: tuple) -> NDArray[np.int8]:
    return StochasticUnits(**{name: list(v) if isinstance(v, tuple) else v for name, v in settings}).sample(SHOWN)


def _shown(one: StochasticUnits) -> NDArray[np.int8]:
    names = ("size", "couplings", "units", "temperature", "chains", "seed")
    values = [(name, getattr(one, name)) for name in names] + [("biases", one.biases)]
    return _met(tuple((name, tuple(v) if isinstance(v, list) else v) for name, v in values))


def _shares(path: NDArray[np.int8]) -> NDArray[np.float64]:
    n = path.shape[-1]
    number = (path.reshape(-1, n) > 0) @ (1 << np.arange(n)[::-1])
    return np.bincount(number, minlength=2**n) / len(number)


def _divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    met = p > 0
    if (q[met] == 0).any():
        return float("inf")
    return float((p[met] * np.log(p[met] / q[met])).sum())


def _draw_units(axes: Any, one: StochasticUnits) -> None:
    from book_lib import plotting

    colors, n, w = plotting.COLORS, one.size, one.weights()
    turn = 2 * np.pi * np.arange(n) / n
    x, y = np.sin(turn), np.cos(turn)
    for j in range(n):
        for i in range(j):
            if w[i, j]:
                positive = w[i, j] > 0
                color, line = (colors.simulation, "-") if positive else (colors.mean_field, "--")
                axes.plot(x[[i, j]], y[[i, j]], line, color=color, linewidth=1 + abs(w[i, j]), zorder=1)
    up = _shown(one)[-1, 0] > 0
    for on, color in ((up, colors.spin_up), (~up, colors.spin_down)):
        axes.scatter(x[on], y[on], s=220, color=color, edgecolors=colors.ink, zorder=2)
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
    axes.set_axis_off()


def pairs(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The pairs w₁₂, w₁₃, w₂₃, w₁₄, … of a symmetric matrix, shape (n(n − 1)/2,): those of fewer units come first."""
    return np.array([matrix[i, j] for j in range(1, len(matrix)) for i in range(j)])


def _square(weights: ArrayLike) -> NDArray[np.float64]:
    matrix = _checks.finite_array("weights", weights)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not FEWEST <= len(matrix) <= MOST:
        raise ValueError(f"weights must have shape (n, n), n from {FEWEST} to {MOST}, got {matrix.shape}")
    if not np.array_equal(matrix, matrix.T) or np.diag(matrix).any():
        raise ValueError("weights must be symmetric with a zero diagonal")
    if (abs(matrix) > STRONGEST).any():
        raise ValueError(f"weights must lie in −{STRONGEST:g} … {STRONGEST:g}, got {matrix.min()} … {matrix.max()}")
    return matrix


def _padded(values: NDArray[np.float64], length: int) -> list[float]:
    return [*map(float, values), *[0.0] * (length - len(values))]
