"""Three units that remember one pattern: eight states on a cube, with energies, and every update as an arrow."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole
from book_lib.explorables.lists import Numbers
from book_lib.hopfield import Hopfield

ORDERS = ("123", "132", "213", "231", "312", "321")
MOST = 2.0  # of a field θ
LONGEST = 60  # updates
DENOMINATOR = 60  # the largest that a number is written with
TIE = 1e-12

State = tuple[int, int, int]
STATES: tuple[State, ...] = tuple((a, b, c) for a, b, c in product((-1, 1), repeat=3))


def fraction(value: float) -> str:
    """A number as a fraction where it is one with a small denominator, with a true minus; else three decimals.

    >>> fraction(1 / 3), fraction(-1.0), fraction(0.1 - 1 / 3)
    ('1/3', '−1', '−7/30')
    """
    exact = Fraction(value).limit_denominator(DENOMINATOR)
    return (str(exact) if abs(value - exact) < 1e-9 else f"{value:.3f}").replace("-", "−")


def signs(state: State) -> str:
    """A state in signs: (+−+)."""
    return "(" + "".join("+" if s > 0 else "−" for s in state) + ")"


class HopfieldCube(Explorable):
    """Hebb's rule for one pattern of three units: a cube of eight states, each update an arrow, to go step by step.

    The weights are those of :meth:`book_lib.hopfield.Hopfield.store`; E = −½ sᵀWs − θ·s throughout. With the sign
    "plus" and the tie "keep" the update is the library's. The others are what a slide once printed (θ with a minus
    in the update), and what other rules for h = 0 would do.

    Args:
        pattern: the pattern to store, three times ±1.
        theta1, theta2, theta3: θ, −2 to 2 each.
        sign: how θ enters the update: "plus" (h = Ws + θ) or "minus" (Ws − θ).
        tie: what a unit does where h = 0: "keep" its state, become "plus" +1 or "minus" −1.
        order: in which order units are updated: "123", "132", "213", "231", "312" or "321".
        start: the first state, three times ±1.
        steps: updates taken at first sight, 0 to 60.
        predict: where the reader expects it to come to rest: "pattern", "negative" or "other"; "" before they say.
        alt: text for readers who see no picture; made from the settings unless given.

    See the sections :ref:`sec-hop-three` and :ref:`sec-hop-sign`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> cube = HopfieldCube()
    >>> cube.path(3)
    [(1, 1, 1), (1, 1, 1), (1, -1, 1), (1, -1, 1)]
    >>> [fraction(cube.energy(state)) for state in cube.path(3)]
    ['1/3', '1/3', '−1', '−1']
    """

    pattern = Numbers([1, -1, 1], length=3, least=-1, most=1, whole=True).tag(sync=True)
    theta1 = Real(0.0, least=-MOST, most=MOST).tag(sync=True)
    theta2 = Real(0.0, least=-MOST, most=MOST).tag(sync=True)
    theta3 = Real(0.0, least=-MOST, most=MOST).tag(sync=True)
    sign = OneOf(["plus", "minus"], default_value="plus").tag(sync=True)
    tie = OneOf(["keep", "plus", "minus"], default_value="keep").tag(sync=True)
    order = OneOf(ORDERS, default_value="123").tag(sync=True)
    start = Numbers([1, 1, 1], length=3, least=-1, most=1, whole=True).tag(sync=True)
    steps = Whole(0, least=0, most=LONGEST).tag(sync=True)
    predict = OneOf(["", "pattern", "negative", "other"], default_value="").tag(sync=True)

    def __init__(self, **traits) -> None:
        super().__init__(**traits)
        for name in ("pattern", "start"):
            if 0 in getattr(self, name):
                raise ArgumentError(f"{name} must hold −1 and +1 only, not {getattr(self, name)}")

    @property
    def theta(self) -> NDArray[np.float64]:
        """θ, shape (3,)."""
        return np.array([self.theta1, self.theta2, self.theta3])

    def network(self) -> Hopfield:
        """The library's network."""
        network = Hopfield(3, self.theta)
        return network.store([self.pattern])

    def energy(self, state: State) -> float:
        """E = −½ sᵀWs − θ·s, whatever the update does with θ."""
        return self.network().energy(state)

    def field(self, state: State, unit: int) -> float:
        """What a unit feels: the sum of its neighbours plus θ, or minus θ by the other sign."""
        way = 1 if self.sign == "plus" else -1
        return float(self.network().weights[unit] @ np.array(state) + way * self.theta[unit])

    def update(self, state: State, unit: int) -> State:
        """The state after one unit has followed its field."""
        h = self.field(state, unit)
        tied = {"keep": state[unit], "plus": 1, "minus": -1}[self.tie]
        turned = tied if abs(h) <= TIE * (2 / 3 + abs(self.theta[unit])) else (1 if h > 0 else -1)
        return tuple(turned if i == unit else s for i, s in enumerate(state))

    def unit(self, step: int) -> int:
        """Which unit an update is of: the first is update 0."""
        return int(self.order[step % 3]) - 1

    def path(self, steps: int) -> list[State]:
        """The states before and after so many updates; none are made after three without a change."""
        states, calm = [tuple(self.start)], 0
        for step in range(steps):
            if calm == 3:
                break
            states.append(self.update(states[-1], self.unit(step)))
            calm = calm + 1 if states[-1] == states[-2] else 0
        return states

    def end(self) -> State:
        """Where it comes to rest. It always does: by either sign each turn lowers an energy, or obeys the tie rule."""
        return self.path(LONGEST)[-1]

    def arrows(self) -> list[tuple[State, State, int]]:
        """Every update that changes a state: from, to, and the unit."""
        moves = [(state, self.update(state, unit), unit) for state in STATES for unit in range(3)]
        return [move for move in moves if move[0] != move[1]]

    def rises(self) -> int:
        """How many of them raise E: none by the sign "plus"."""
        return sum(self._up(before, after) for before, after, _ in self.arrows())

    def at_rest(self) -> list[State]:
        """The states that no update changes."""
        return [state for state in STATES if all(self.update(state, unit) == state for unit in range(3))]

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        energies = ", ".join(f"{signs(state)} {fraction(self.energy(state))}" for state in STATES)
        rest = " and ".join(signs(state) for state in self.at_rest()) or "nowhere"
        path = self.path(LONGEST)
        return (
            f"A cube whose corners are the eight states of three units that store {signs(tuple(self.pattern))}. "
            f"Energies: {energies}. {len(self.arrows())} updates change a state and {self.rises()} of them raise "
            f"the energy; at rest are {rest}. From {signs(path[0])} it comes to {signs(path[-1])}."
        )

    def still(self) -> tuple:
        """The cube with its arrows, and the energy along the way."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, (left, right) = plotting.figure(6.2, 2.9, columns=2, width_ratios=[1.4, 1])
        self._draw_cube(left)
        path = self.path(LONGEST)
        right.plot([self.energy(state) for state in path], "o-", color=colors.simulation)
        right.set(xlabel="updates", ylabel="E", xticks=range(0, len(path), 2))
        right.locator_params(axis="y", nbins=4)
        return plotting.still(figure)

    def _draw_cube(self, axes) -> None:
        """Corners with signs and energies; updates as arrows, in another colour where they raise the energy."""
        from book_lib import plotting

        colors = plotting.COLORS
        x, y = np.array([place(state) for state in STATES]).T
        pieces = np.array([(*place(a), *place(b)) for a, b in edges()])
        axes.plot(pieces[:, ::2].T, pieces[:, 1::2].T, color=colors.rule, linewidth=0.8, zorder=0)
        moves = self.arrows()
        if moves:
            tails, tips = (np.array([place(move[k]) for move in moves]) for k in (0, 1))
            lengths = np.hypot(*(tips - tails).T)[:, None]
            ways = (tips - tails) * (1 - 0.68 / lengths)  # a corner has a radius of 0.3
            begin = tails + (tips - tails) * 0.34 / lengths
            color = [colors.mean_field if self._up(a, b) else colors.simulation for a, b, _ in moves]
            axes.quiver(*begin.T, *ways.T, angles="xy", scale_units="xy", scale=1, color=color, width=0.009)
        rest = [state in self.at_rest() for state in STATES]
        edge = [colors.ink if one else colors.muted for one in rest]
        widths = [2.4 if one else 0.8 for one in rest]
        axes.scatter(x, y, s=800, color=colors.paper, edgecolors=edge, linewidths=widths, zorder=3)
        style = {"ha": "center", "va": "center", "size": 8.5, "linespacing": 1, "zorder": 4}
        for state in STATES:
            axes.text(*place(state), f"{signs(state)[1:-1]}\n{fraction(self.energy(state))}", **style)
        axes.set(xlim=(-1.8, 1.8), ylim=(-1.65, 1.65), aspect="equal")
        axes.axis("off")

    def _up(self, before: State, after: State) -> bool:
        return self.energy(after) > self.energy(before) + 1e-9


def place(state: State) -> tuple[float, float]:
    """Where a corner of the cube is drawn: s₁ to the right, s₂ up, s₃ away. Mirrored in `core/cube.js`."""
    a, b, c = state
    return 0.9 * a + 0.45 * c, 0.8 * b + 0.4 * c


def edges() -> list[tuple[State, State]]:
    """The twelve pairs of states that differ in one unit."""
    return [(a, b) for a in STATES for b in STATES if a < b and sum(x != y for x, y in zip(a, b, strict=True)) == 1]
