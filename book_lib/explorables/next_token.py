"""The next token: its probabilities under temperature, top-k and top-p, and a magnet under the same slider."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib import _checks
from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole, arguments
from book_lib.explorables.magnet_words import COUPLING

HOTTEST = 3.0
COLDEST = 0.02  # the magnet's T where the slider's is 0: its limit, as in next_token.js
LARGEST = 8  # tokens in a table
SIZE = 40  # of the magnet
WARM_UP = 400  # sweeps of the magnet before the first picture, as in parts/words.js
MOST = 5000  # draws
HOT = 7.0  # energy at the hot end of the scale of tokens, as in next_token.js

Table = dict[str, Any]
TABLES: dict[str, Table] = {
    "heroes": {
        "prompt": "Not all heroes wear",
        "tokens": ["capes", "pants", "socks", "(the rest)"],
        "probabilities": [0.90, 0.05, 0.02, 0.03],
    },
    "cat": {
        "prompt": "The cat slept on the",
        "tokens": ["sofa", "mat", "roof", "keyboard", "piano", "moon", "volcano", "equation"],
        "probabilities": [0.42, 0.24, 0.14, 0.10, 0.06, 0.025, 0.01, 0.005],
    },
    "animal": {
        "prompt": "My favourite animal is the",
        "tokens": ["dog", "cat", "fox", "owl", "whale", "horse", "hedgehog", "gnu"],
        "probabilities": [0.17, 0.16, 0.14, 0.13, 0.12, 0.11, 0.09, 0.08],
    },
    "sum": {
        "prompt": "2 + 2 =",
        "tokens": ["4", "5", "22", "fish"],
        "probabilities": [0.985, 0.008, 0.006, 0.001],
    },
}


class NextToken(Explorable):
    """A table of next tokens whose energies are E = −ln p, at a temperature that a magnet shares.

    The law is p ∝ e^(−E/T) over the tokens that top-k and top-p leave; the others have E = ∞. The magnet's
    coupling is such that it melts at T = 1.

    Args:
        table: "heroes", "cat", "animal" or "sum": tables of our own; or "own", which the next ones make.
        tokens: 2 to 8 different tokens of an own table.
        probabilities: a number above 0 for each, at T = 1; normalised.
        logits: instead of probabilities, a score for each.
        prompt: what stands before the token, of an own table.
        temperature: T, 0 to 3; 0 is a limit.
        top_k: how many tokens to keep, 1 to 8.
        top_p: the mass to keep, 0.05 to 1.
        prediction: what the reader bets T = 1.5 does to the likeliest token: "", "more", "less", "even", "skipped".
        seed: of the counter-based generator; `draw` makes the same draws.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-lm-temperature`.

    Raises:
        ValueError: for a bad value of one of these, or if tokens and numbers differ in number.

    >>> NextToken(temperature=1.5).law().round(4)
    array([0.7529, 0.1096, 0.0595, 0.078 ])
    >>> NextToken(top_k=2).law().round(4)
    array([0.9474, 0.0526, 0.    , 0.    ])
    """

    NAMES: ClassVar[list[str]] = [*TABLES, "own"]

    table = OneOf(NAMES, default_value="heroes").tag(sync=True)
    tables = traitlets.Dict().tag(sync=True)
    temperature = Real(1.0, least=0, most=HOTTEST).tag(sync=True)
    top_k = Whole(LARGEST, least=1, most=LARGEST).tag(sync=True)
    top_p = Real(1.0, least=0.05, most=1).tag(sync=True)
    prediction = OneOf(["", "more", "less", "even", "skipped"], default_value="").tag(sync=True)

    def __init__(
        self,
        *,
        tokens: Sequence[str] | None = None,
        probabilities: Sequence[float] | None = None,
        logits: Sequence[float] | None = None,
        prompt: str = "…",
        **traits: Any,
    ) -> None:
        tables = dict(TABLES)
        if tokens is not None or probabilities is not None or logits is not None:
            tables["own"] = _own(tokens, probabilities, logits, prompt)
            traits.setdefault("table", "own")
        elif traits.get("table") == "own":
            raise ArgumentError("table must not be 'own' without tokens and their probabilities or logits")
        super().__init__(tables=tables, **traits)

    @property
    def chosen(self) -> Table:
        """The present table: prompt, tokens, probabilities."""
        return self.tables[self.table]

    def energies(self) -> NDArray[np.float64]:
        """E = −ln p of every token at T = 1, in nats, shape (tokens,)."""
        p = np.array(self.chosen["probabilities"])
        return -np.log(p / p.sum())

    def law(self) -> NDArray[np.float64]:
        """The law from which the page draws, shape (tokens,), by the library."""
        from book_lib.sampling import next_distribution

        return next_distribution(-self.energies(), self.temperature, self.top_k, self.top_p)

    def draw(self, size: int) -> NDArray[np.int64]:
        """The first tokens that the page draws, as indices, shape (size,)."""
        from book_lib.probability import sample_categorical
        from book_lib.rng import CounterRNG

        return sample_categorical(self.law(), size, CounterRNG(self.seed))

    def magnet(self, sweeps: int = 0):
        """The magnet as the page first shows it and after more sweeps, a `book_lib.ising.Ising`."""
        from book_lib.ising import Ising
        from book_lib.rng import CounterRNG

        at = max(self.temperature, COLDEST)
        magnet = Ising(
            SIZE, at, coupling=COUPLING, algorithm="heat_bath", rng=CounterRNG(self.seed), start="up"
        )
        return magnet.sweep(WARM_UP + sweeps)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        from book_lib.probability import entropy

        p = self.law()
        listed = ", ".join(
            f"{token} (energy {e:.2f}) {v:.1%}"
            for token, e, v in zip(self.chosen["tokens"], self.energies(), p, strict=True)
        )
        return (
            f"The token after “{self.chosen['prompt']}” at temperature {self.temperature:g}, top-k {self.top_k}, "
            f"top-p {self.top_p:g}: {listed}; entropy {entropy(p, 2):.3f} bits. Beside it a magnet of {SIZE} by {SIZE} "
            f"spins at the same temperature, {abs(self.magnet().magnetization):.0%} magnetised."
        )

    def still(self) -> tuple:
        """The bars and the magnet at the temperature."""
        from book_lib import plotting

        figure, axes = plotting.figure(height=2.6, columns=2, width_ratios=[1.6, 1])
        p = self.law()
        names = [
            f"{token}  E = {e:.2f}" for token, e in zip(self.chosen["tokens"], self.energies(), strict=True)
        ]
        colors = [plotting.temperature_color(e, 0, HOT) for e in self.energies()]
        bars = axes[0].barh(names, p, color=colors, height=0.7)
        axes[0].bar_label(bars, [f"{value:.3f}" for value in p], padding=3, fontsize=9)
        axes[0].invert_yaxis()
        axes[0].set(xlim=(0, 1.2), xticks=[], title=f"{self.chosen['prompt']} …")
        axes[0].spines["bottom"].set_visible(False)
        axes[0].tick_params(left=False)
        plotting.lattice(axes[1], self.magnet().spins)
        axes[1].set(title=f"T = {self.temperature:g}")
        return plotting.still(figure)


def _own(tokens: Any, probabilities: Any, logits: Any, prompt: str) -> Table:
    """A reader's table, checked."""
    names = [] if isinstance(tokens, str) or tokens is None else list(tokens)
    good = all(isinstance(name, str) and name.strip() for name in names)
    if not good or not 2 <= len(names) <= LARGEST or len(set(names)) < len(names):
        raise ArgumentError(f"tokens must be 2 to {LARGEST} different tokens, not {tokens!r}")
    if (probabilities is None) == (logits is None):
        raise ArgumentError("tokens must come with either probabilities or logits")
    name, given = ("logits", logits) if probabilities is None else ("probabilities", probabilities)
    with arguments():
        values = _checks.finite_array(name, given)
    if values.shape != (len(names),):
        raise ArgumentError(
            f"{name} must hold one number for each of the {len(names)} tokens, not {values.size}"
        )
    weights = np.exp(values - values.max()) if probabilities is None else values
    if not (weights > 0).all():
        raise ArgumentError(f"{name} must leave every token a probability above 0, not {given!r}")
    total = math.fsum(weights)
    return {"prompt": str(prompt), "tokens": names, "probabilities": [float(v) / total for v in weights]}
