"""Four laws of chance: two with masses, two with densities; theory beside a growing sample."""

import numpy as np

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real
from book_lib.explorables.lists import Numbers

LAWS = ("normal", "bernoulli", "categorical", "uniform")
LOADED = [0.1, 0.1, 0.1, 0.1, 0.1, 0.5]
MOST = 100_000  # draws that a page keeps, as in four_laws.js
REACH = 5.0  # the axis of the densities runs from −5 to 5


class FourLaws(Explorable):
    """Bernoulli, categorical (a loaded die), uniform and Gaussian: probabilities, densities and samples.

    Args:
        law: "normal", "bernoulli", "categorical" or "uniform".
        mean: μ of the normal law, −3 to 3.
        standard_deviation: σ of the normal law, 0.1 to 2.5.
        heads: probability that a Bernoulli variable is 1, 0 to 1.
        faces: six probabilities of the die, which sum to 1.
        low: where the uniform law begins, −4 to 1.
        width: how far it reaches, 0.1 to 4.
        left, right: the interval whose probability is shown, −5 to 7 each, in either order.
        seed: of the counter-based generator; `sample` draws the same numbers.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> FourLaws(law="uniform", width=0.5).distribution().variance
    0.020833333333333332
    >>> FourLaws(law="poisson")
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: law must be one of 'normal', 'bernoulli', 'categorical', 'uniform', not 'poisson'
    """  # noqa: E501

    law = OneOf(list(LAWS), default_value="normal").tag(sync=True)
    mean = Real(0.0, least=-3, most=3).tag(sync=True)
    standard_deviation = Real(1.0, least=0.1, most=2.5).tag(sync=True)
    heads = Real(0.3, least=0, most=1).tag(sync=True)
    faces = Numbers(LOADED, length=6, least=0, most=1).tag(sync=True)
    low = Real(-1.0, least=-4, most=1).tag(sync=True)
    width = Real(2.0, least=0.1, most=4).tag(sync=True)
    left = Real(-1.0, least=-REACH, most=REACH + 2).tag(sync=True)
    right = Real(1.0, least=-REACH, most=REACH + 2).tag(sync=True)

    def __init__(self, **traits) -> None:
        super().__init__(**traits)
        if abs(sum(self.faces) - 1) > 1e-6:
            raise ArgumentError(f"faces must sum to 1, got {sum(self.faces):g}")

    def distribution(self):
        """The law of these settings, from `book_lib.probability`."""
        from book_lib import probability

        if self.law == "normal":
            return probability.Normal(self.mean, self.standard_deviation)
        if self.law == "uniform":
            return probability.Uniform(self.low, self.low + self.width)
        if self.law == "bernoulli":
            return probability.Bernoulli(self.heads)
        return probability.Categorical(self.faces)

    def sample(self, size: int) -> np.ndarray:
        """The first draws that the page makes, shape (size,); the die shows 1 to 6."""
        from book_lib.rng import CounterRNG

        return self.distribution().sample(size, CounterRNG(self.seed)) + (self.law == "categorical")

    def interval_probability(self) -> float:
        """The probability that a draw lies between `left` and `right`, ends included."""
        left, right = sorted((self.left, self.right))
        values, p = self._table()
        if values is not None:
            return float(p[(values >= left) & (values <= right)].sum())
        if self.law == "uniform":
            inside = min(right, self.low + self.width) - max(left, self.low)
            return max(0.0, inside / self.width)
        from math import erf, sqrt

        ends = [(x - self.mean) / (self.standard_deviation * sqrt(2)) for x in (left, right)]
        return (erf(ends[1]) - erf(ends[0])) / 2

    def _table(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Values and probabilities of a law with masses."""
        if self.law == "bernoulli":
            return np.array([0, 1]), np.array([1 - self.heads, self.heads])
        if self.law == "categorical":
            return np.arange(1, 7), np.array(self.faces)
        return None, None

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        left, right = sorted((self.left, self.right))
        values, p = self._table()
        chance = (
            f"a draw lies between {left:g} and {right:g} with probability {self.interval_probability():.3f}"
        )
        if values is not None:
            name = "A Bernoulli law" if self.law == "bernoulli" else "A loaded die"
            listed = ", ".join(f"{v}: {q:.3g}" for v, q in zip(values, p, strict=True))
            return f"{name} as bars, whose heights are probabilities ({listed}); {chance}."
        if self.law == "uniform":
            shape = f"a box of height {1 / self.width:.3g} from {self.low:g} to {self.low + self.width:g}"
        else:
            peak = 1 / (self.standard_deviation * (2 * np.pi) ** 0.5)
            shape = f"a bell around {self.mean:g} that reaches {peak:.3g}"
        return f"The density of the {self.law} law, {shape}; the area under it is 1, and {chance}."

    def still(self) -> tuple:
        """The law with its interval filled."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, axes = plotting.figure(height=2.6)
        left, right = sorted((self.left, self.right))
        values, p = self._table()
        if values is None:
            x = np.linspace(-REACH, REACH, 1201)
            y = np.exp(self.distribution().log_prob(x))
            axes.plot(x, y, color=colors.theory)
            axes.fill_between(x, y, where=(x >= left) & (x <= right), color=colors.simulation, alpha=0.3)
            axes.set(xlabel="x", ylabel="density", xlim=(-REACH, REACH), ylim=(0, None))
        else:
            inside = (values >= left) & (values <= right)
            fills = [colors.simulation if one else colors.rule for one in inside]
            bars = axes.bar(values, p, width=0.6, color=fills, edgecolor=colors.theory)
            axes.bar_label(bars, [f"{one:.3g}" for one in p], padding=3, fontsize=9)
            axes.set(xticks=values, xlabel="outcome", ylabel="probability", ylim=(0, 1.15 * p.max()))
        return plotting.still(figure)
