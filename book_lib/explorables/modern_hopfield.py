"""The modern Hopfield network in the plane: patterns to place, a state that softmax moves, and β = 1/T."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, OneOf, Real, Whole
from book_lib.explorables.lists import Numbers, Rows
from book_lib.hopfield import modern_energy, modern_update
from book_lib.probability import softmax

EDGE = 1.5  # the plane reaches from −1.5 to 1.5
MOST = 8  # patterns
COLDEST, HOTTEST = 100.0, 0.1  # β
LONGEST = 500  # updates
CLOSE = 1e-9  # a step so short is none
SURE = 0.95  # weight from which one pattern is recalled
PATTERNS = [1.0, 0.4, -0.2, 1.1, -1.0, -0.5, 0.5, -1.0]  # row after row
NODES = 41  # of the map


class ModernHopfield(Explorable):
    """A state ξ in the plane that moves to Xᵀ softmax(βXξ): attention with itself as query and the patterns as keys.

    Python moves it with :func:`book_lib.hopfield.modern_update`.

    Args:
        patterns: X, rows (x₁, x₂), 2 to 8, each −1.5 to 1.5.
        state: ξ at the start, two numbers from −1.5 to 1.5.
        beta: β = 1/T, 0.1 to 100.
        steps: updates made at first sight, 0 to 500.
        predict: where the reader expects it to end: "one" (at a pattern: its weight is 0.95 or more), "mean" (near the
            mean of all), "between"; "" before they say.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-hop-attention`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> ModernHopfield(beta=50, state=[0.6, 0.1]).rest().round(3)
    array([1. , 0.4])
    >>> ModernHopfield(beta=0.1).weights().round(2)
    array([0.27, 0.26, 0.23, 0.24])
    """

    patterns = Rows(PATTERNS, width=2, rows=(2, MOST), limits=[(-EDGE, EDGE)] * 2).tag(sync=True)
    state = Numbers([0.5, 0.6], length=2, least=-EDGE, most=EDGE).tag(sync=True)
    beta = Real(4.0, least=HOTTEST, most=COLDEST).tag(sync=True)
    steps = Whole(0, least=0, most=LONGEST).tag(sync=True)
    predict = OneOf(["", "one", "mean", "between"], default_value="").tag(sync=True)

    def points(self) -> NDArray[np.float64]:
        """X, shape (P, 2)."""
        return np.array(self.patterns).reshape(-1, 2)

    def weights(self, state: NDArray | None = None) -> NDArray[np.float64]:
        """softmax(βXξ), shape (P,): at the start unless another state is given."""
        return softmax(self.points() @ np.array(self.state if state is None else state), temperature=1 / self.beta)

    def path(self, steps: int) -> NDArray[np.float64]:
        """The states before and after so many updates, shape (updates + 1, 2); none are made once it rests."""
        states = [np.array(self.state)]
        for _ in range(steps):
            states.append(modern_update(self.points(), states[-1], self.beta))
            if np.hypot(*(states[-1] - states[-2])) < CLOSE:
                break
        return np.array(states)

    def rest(self) -> NDArray[np.float64]:
        """Where it comes to rest, shape (2,)."""
        return self.path(LONGEST)[-1]

    def energy(self, state: NDArray | None = None) -> float:
        """E = −(1/β) ln Σ e^{βx·ξ} + ½|ξ|², at the start unless another state is given."""
        return float(modern_energy(self.points(), np.array(self.state if state is None else state), self.beta))

    def outcome(self) -> str:
        """"one", "mean" or "between": what the weights at rest say."""
        return verdict(self.weights(self.rest()))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        rest, path = self.rest(), self.path(LONGEST)
        shares = ", ".join(f"{p:.2f}" for p in self.weights(rest))
        told = {"one": "One pattern is recalled", "mean": "All are averaged", "between": "It rests in between"}
        return (
            f"{len(self.points())} patterns in the plane, an energy landscape at beta {self.beta:g} (temperature "
            f"{1 / self.beta:.3g}), and a state that moves from ({self.state[0]:g}, {self.state[1]:g}) to "
            f"({rest[0]:.2f}, {rest[1]:.2f}) in {len(path) - 1} updates, while its energy falls from "
            f"{self.energy():.3f} to {self.energy(rest):.3f}. The weights there are {shares}. {told[self.outcome()]}."
        )

    def still(self) -> tuple:
        """The landscape with the patterns and the way, and the weights at rest."""
        from book_lib import plotting

        colors, points, path = plotting.COLORS, self.points(), self.path(LONGEST)
        figure, (left, right) = plotting.figure(6.2, 2.9, columns=2, width_ratios=[1.3, 1])
        side = np.linspace(-EDGE, EDGE, NODES)
        grid = np.stack(np.meshgrid(side, side), -1)
        energy = modern_energy(points, grid.reshape(-1, 2), self.beta).reshape(NODES, NODES)
        left.contour(side, side, energy, 14, colors=colors.rule, linewidths=0.8, linestyles="solid")
        left.plot(*points.T, "s", color=colors.mean_field, label="patterns")
        left.plot(*path.T, "o-", color=colors.simulation, label="state")
        left.set(xlabel="x₁", ylabel="x₂", aspect="equal", xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE))
        left.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
        shares = self.weights(path[-1])
        right.barh(range(1, len(shares) + 1), shares, color=colors.simulation)
        right.set(xlabel="weight at rest", xlim=(0, 1), xticks=(0, 0.5, 1))
        right.set(ylabel="pattern", yticks=range(1, len(shares) + 1))
        right.invert_yaxis()
        return plotting.still(figure)


def verdict(weights: NDArray[np.float64]) -> str:
    """"one" where a pattern has 0.95 or more, "mean" where all are within a fifth of equal shares, else "between"."""
    if weights.max() >= SURE:
        return "one"
    return "mean" if abs(weights * len(weights) - 1).max() <= 0.2 else "between"
