"""A source of known entropy and a model of it: what perplexity measures, and the floor that no model goes below."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf
from book_lib.explorables.lists import Numbers

SYMBOLS = "ABCD"
SOURCE = (0.5, 0.25, 0.125, 0.125)  # 1.75 bits: perplexity 2^1.75 = 3.364
MODEL = (0.125, 0.125, 0.25, 0.5)
MOST = 10_000  # draws, as in perplexity_meter.js
SHOWN = 1000  # draws in the picture for readers without scripts
SAME = 1e-9  # nats: a gap below this is none


class PerplexityMeter(Explorable):
    """Symbols drawn from a source p, and how surprised a model q is by them.

    The running perplexity exp(−(1/n) Σ ln q(x)) tends to exp H(p, q), which is exp H(p) times exp KL(p‖q).

    Args:
        source: three or four weights p of the symbols A, B, C, D, not all 0; normalised.
        model: as many weights q, not all 0; normalised. A symbol of weight 0 is one that the model forbids.
        prediction: what the reader bets the running perplexity tends to: "", "floor", "above", "below" or "skipped".
        seed: of the counter-based generator; `draws` makes the same draws.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-lm-perplexity`.

    Raises:
        ValueError: for a bad value of one of these, or if source and model differ in length.

    >>> meter = PerplexityMeter()
    >>> round(meter.floor(), 3), round(meter.limit(), 3)
    (3.364, 6.169)
    >>> PerplexityMeter(model=[1, 1, 1])
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: model must hold 4 numbers, as source does, not 3
    """

    source = Numbers(list(SOURCE), length=(3, 4), least=0, sum_above=0).tag(sync=True)
    model = Numbers(list(MODEL), length=(3, 4), least=0, sum_above=0).tag(sync=True)
    prediction = OneOf(["", "floor", "above", "below", "skipped"], default_value="").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        if len(self.source) != len(self.model):
            raise ArgumentError(
                f"model must hold {len(self.source)} numbers, as source does, not {len(self.model)}"
            )

    def p(self) -> NDArray[np.float64]:
        """The law of the source, shape (symbols,)."""
        return np.array(self.source) / math.fsum(self.source)

    def q(self) -> NDArray[np.float64]:
        """What the model believes, shape (symbols,)."""
        return np.array(self.model) / math.fsum(self.model)

    def floor(self) -> float:
        """exp H(p): the perplexity of the best model there is, the source itself."""
        from book_lib.probability import entropy

        return math.exp(entropy(self.p()))

    def limit(self) -> float:
        """exp H(p, q): where the running perplexity goes; infinite if the model forbids what the source says."""
        from book_lib.probability import cross_entropy

        return math.exp(cross_entropy(self.p(), self.q()))

    def gap(self) -> float:
        """KL(p‖q) in nats, shape (): the logarithm of limit/floor."""
        from book_lib.probability import kl_divergence

        return kl_divergence(self.p(), self.q())

    def draws(self, size: int) -> NDArray[np.int64]:
        """The first symbols that the page draws, as indices, shape (size,)."""
        from book_lib.probability import sample_categorical
        from book_lib.rng import CounterRNG

        return sample_categorical(self.p(), size, CounterRNG(self.seed))

    def running(self, size: int) -> NDArray[np.float64]:
        """exp of the mean surprise after 1, 2, …, size draws, shape (size,)."""
        with np.errstate(divide="ignore"):
            surprise = -np.log(self.q())
        return np.exp(np.cumsum(surprise[self.draws(size)]) / np.arange(1, size + 1))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        listed = ", ".join(
            f"{name} {p:.3g} and {q:.3g}" for name, p, q in zip(SYMBOLS, self.p(), self.q(), strict=False)
        )
        end = self.running(SHOWN)[-1]
        told = (
            f"is {end:.2f}"
            if math.isfinite(end)
            else "is infinite, since a symbol came that the model forbids"
        )
        limit = (
            f"exp H(p, q) = {self.limit():.2f}" if math.isfinite(self.limit()) else "exp H(p, q), infinite"
        )
        return (
            f"Source and model give their symbols these probabilities: {listed}. After {SHOWN} draws the running "
            f"perplexity {told}; it tends to {limit}. No model can come below the floor exp H(p) = {self.floor():.2f}."
        )

    def still(self) -> tuple:
        """Source beside model; the running perplexity between its two lines."""
        from book_lib import plotting

        figure, (left, right) = plotting.figure(height=2.7, columns=2, width_ratios=[1, 1.9])
        _bars(left, self)
        _run(right, self)
        return plotting.still(figure)


def _bars(axes: Any, meter: PerplexityMeter) -> None:
    from book_lib import plotting

    at = np.arange(len(meter.source))
    axes.barh(at - 0.2, meter.p(), color=plotting.COLORS.theory, height=0.36, label="source p")
    axes.barh(at + 0.2, meter.q(), color=plotting.COLORS.simulation, height=0.36, label="model q")
    axes.set_yticks(at, list(SYMBOLS[: len(at)]))
    axes.invert_yaxis()
    axes.legend(loc="lower right")
    axes.set(xlabel="probability")


def _run(axes: Any, meter: PerplexityMeter) -> None:
    from book_lib import plotting

    colors = plotting.COLORS
    path, limit, floor = meter.running(SHOWN), meter.limit(), meter.floor()
    n = np.log10(np.arange(1, SHOWN + 1))  # on a plain axis: matplotlib's logarithmic one takes its time
    axes.plot(n, np.where(np.isfinite(path), path, np.nan), color=colors.simulation, label="running")
    axes.axhline(floor, color=colors.theory, linestyle="--", label="exp H(p)")
    top = max(len(meter.source), floor)
    if math.isfinite(limit):
        axes.axhline(limit, color=colors.mean_field, label="exp H(p, q)")
        top = max(top, limit)
    axes.set(ylim=(1, 1.5 * top), xlabel="draws n", ylabel="perplexity")
    axes.set_xticks([0, 1, 2, 3], ["1", "10", "100", "1000"])
    axes.legend(loc="upper right", ncols=3, columnspacing=0.8)
