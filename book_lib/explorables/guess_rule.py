"""Guess my rule: two pairs of numbers, a shelf of rules that all fit them, and questions that tell them apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import traitlets

from book_lib.explorables.base import ArgumentError, Explorable, Real, Whole
from book_lib.rng import CounterRNG

KINDS = (
    "quadratic",
    "line",
    "cubic",
    "absolute",
    "wave",
    "remainder",
    "capped",
    "exponential",
    "floored",
    "step",
    "parity",
    "by_heart",
)
PRINTED = (2, 4, 5)  # the pairs 2 → 4 and 3 → 9
REACH = 3  # questions go this far to both sides of the first pair, in halves
ENOUGH = 1e-9  # two answers closer than this are one


class GuessRule(Explorable):
    """Find a hidden rule by asking for its value where the rules that are left disagree.

    Two pairs are given, 2 → y and 3 → y + s. A shelf holds twelve rules through both, one of them hidden by the
    seed. Each answer rules out those that do not fit it.

    Args:
        fresh: whether the pairs come from the seed too; otherwise they are 2 → 4 and 3 → 9.
        x: where to ask next, in halves from −1 to 5.
        asked: the questions so far.
        rule: the rule on the shelf that is drawn, 0 to 11.
        bend: c of the family x² + c (x − 2)(x − 3), all of which pass through both pairs, −8 to 8.
        revealed: whether the hidden rule is shown.
        seed: of the counter-based generator.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> game = GuessRule()
    >>> [game.round().value(kind, 4.0) for kind in ("quadratic", "line")]  # both go through 2 → 4 and 3 → 9
    [16.0, 14.0]
    """

    fresh = traitlets.Bool(False).tag(sync=True)
    x = Real(4.0, least=PRINTED[0] - REACH, most=PRINTED[0] + REACH).tag(sync=True)
    asked = traitlets.List(traitlets.Float()).tag(sync=True)
    rule = Whole(0, least=0, most=len(KINDS) - 1).tag(sync=True)
    bend = Real(2.0, least=-8, most=8).tag(sync=True)
    revealed = traitlets.Bool(False).tag(sync=True)

    @traitlets.validate("asked")
    def _check_asked(self, proposal) -> list[float]:
        low, high = PRINTED[0] - REACH, PRINTED[0] + REACH
        if not all(low <= x <= high and float(2 * x).is_integer() for x in proposal["value"]):
            raise ArgumentError(f"asked must hold halves from {low} to {high}, not {proposal['value']!r}")
        return proposal["value"]

    def round(self) -> Round:
        """The two pairs and the hidden rule of this seed."""
        return Round.draw(self.seed, self.fresh)

    def left(self) -> list[str]:
        """Kinds of the rules that still fit after the questions so far."""
        return self.round().left(self.asked)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        game = self.round()
        (p, y), (q, z) = game.pairs
        count = len(self.left())
        return (
            f"Twelve curves through the two points {p:g} → {y:g} and {q:g} → {z:g}. "
            f"Nowhere else do all of them agree: at {q + 1:g} they give {len(game.answers(KINDS, q + 1))} "
            f"different answers. After {len(self.asked)} further answers {count} of them still fit."
        )

    def still(self) -> tuple:
        """All rules that are left, the one drawn by default in front, and the two pairs."""
        from book_lib import plotting

        game, colors = self.round(), plotting.COLORS
        figure, axes = plotting.figure(height=3.1)
        low, high = game.limits()
        x = np.linspace(game.p - REACH, game.p + REACH, 481)
        for kind in self.left():
            y = np.array([game.value(kind, v) for v in x])
            y[1:][np.abs(np.diff(y)) > (0.5 if kind in JUMPING else math.inf)] = math.nan
            front = kind == KINDS[self.rule]
            color = colors.theory if front else colors.simulation
            axes.plot(x, y, color=color, linewidth=2 if front else 0.8, zorder=3 if front else 2)
        axes.plot(*zip(*game.pairs, strict=True), "o", color=colors.accent, markersize=8, zorder=4)
        axes.set(xlabel="x", ylabel="answer", ylim=(low, high))
        return plotting.still(figure)


JUMPING = {"remainder", "step", "parity", "by_heart"}


@dataclass(frozen=True)
class Round:
    """Two pairs p → y and p + 1 → y + s, and which rule is hidden; mirrored in `core/guess.js`.

    Args:
        p, y, s: whole numbers.
        hidden: index of the hidden rule in `KINDS`.
    """

    p: int
    y: int
    s: int
    hidden: int

    @classmethod
    def draw(cls, seed: int, fresh: bool) -> Round:
        """The round of a seed: the hidden rule from its stream 0, fresh pairs from its stream 1."""
        hidden = CounterRNG(seed).integers(len(KINDS))
        if not fresh:
            return cls(*PRINTED, hidden)
        rng = CounterRNG(seed, 1)
        p, y = PRINTED[0], rng.integers(2, 6)
        steepest = min(5, y + y // 2)  # an exponential through steeper pairs would leave the plot
        return cls(p, y, rng.integers(2, steepest + 1), hidden)

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """The two pairs that are given."""
        return [(float(self.p), float(self.y)), (float(self.p + 1), float(self.y + self.s))]

    def bent(self, x: float, c: float) -> float:
        """The quadratic rule plus c (x − p)(x − p − 1), which is nought at both pairs."""
        return self.value("quadratic", x) + c * (x - self.p) * (x - self.p - 1)

    def value(self, kind: str, x: float) -> float:
        """What a rule answers at x."""
        p, y, s = self.p, self.y, self.s
        q, z = p + 1, y + s
        line = y + s * (x - p)
        nought = (x - p) * (x - q)
        curve = line + nought
        return float(
            {
                "quadratic": lambda: curve,
                "line": lambda: line,
                "cubic": lambda: curve + x * nought,
                "absolute": lambda: abs(line),
                "wave": lambda: curve + 3 * math.sin(math.pi * x),
                "exponential": lambda: y * (z / y) ** (x - p),
                "remainder": lambda: line - (z + 1) * math.floor(line / (z + 1)),
                "capped": lambda: curve if x <= q else z,
                "floored": lambda: curve if x >= p - 1 else y - s + 2,  # the curve's value at p − 1
                "step": lambda: y if x <= p else z,
                "parity": lambda: z if (math.floor(x) - p) % 2 else y,
                "by_heart": lambda: y if x == p else z if x == q else 0,
            }[kind]()
        )

    def fits(self, kind: str, x: float, answer: float) -> bool:
        """Whether a rule gives this answer at x."""
        return abs(self.value(kind, x) - answer) < ENOUGH

    def answer(self, x: float) -> float:
        """What the hidden rule answers at x."""
        return self.value(KINDS[self.hidden], x)

    def left(self, asked: list[float]) -> list[str]:
        """Kinds of the rules that agree with the hidden one wherever it was asked."""
        return [kind for kind in KINDS if all(self.fits(kind, x, self.answer(x)) for x in asked)]

    def answers(self, kinds: list[str] | tuple[str, ...], x: float) -> list[tuple[float, int]]:
        """The different answers of these rules at x, ascending, each with how many rules give it."""
        groups: list[tuple[float, int]] = []
        for value in sorted(self.value(kind, x) for kind in kinds):
            if groups and value - groups[-1][0] < ENOUGH:
                groups[-1] = (groups[-1][0], groups[-1][1] + 1)
            else:
                groups.append((value, 1))
        return groups

    def expected_left(self, kinds: list[str] | tuple[str, ...], x: float) -> float:
        """How many of these rules will be left on average after asking at x, each as likely as any."""
        return sum(count * count for _, count in self.answers(kinds, x)) / len(kinds)

    def limits(self) -> tuple[int, int]:
        """Multiples of five that hold every answer to every question."""
        values = [self.value(kind, x) for kind in KINDS for x in self.questions()]
        return 5 * math.floor(min(values) / 5), 5 * math.ceil(max(values) / 5)

    def questions(self) -> list[float]:
        """Where one may ask: in halves, three to both sides of p."""
        return [self.p + k / 2 for k in range(-2 * REACH, 2 * REACH + 1)]
