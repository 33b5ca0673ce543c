"""One temperature for a magnet and for a next word: the whole book in one slider."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import traitlets

from book_lib import _checks
from book_lib.explorables.base import ArgumentError, Explorable, Real, Whole, arguments

PROMPT = "The cat slept on the"
WORDS = ("sofa", "windowsill", "keyboard", "roof", "piano", "moon", "volcano", "equation")
LOGITS = (0.0, -0.9, -1.5, -2.1, -2.9, -4.3, -5.6, -7.0)
COUPLING = math.log(1 + math.sqrt(2)) / 2
WARM_UP = 400  # sweeps of the magnet before the first picture, as in parts/words.js
HOT = 8.0  # energy at the hot end of the scale of words, as in magnet_words.js


class MagnetAndWords(Explorable):
    """A magnet and the distribution of a next word, side by side, under one temperature.

    Both obey p ∝ exp(−E/T). The energy of a spin picture is −J Σ s s′ with J = ½ ln(1 + √2), so that
    the magnet melts at T = 1; the energy of a word is −ln p at T = 1, so that at T = 1 the words are as
    the logits have them.

    Args:
        temperature: T, 0.2 to 5.
        size: L of the L × L magnet, even, 8 to 128.
        prompt: the sentence that waits for a word.
        words: 2 to 12 candidates, each different.
        logits: a finite number for each word.
        seed: of the counter-based generator: the magnet draws from its stream 0, the words from stream 1.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these, or if words and logits differ in number.

    >>> MagnetAndWords(words=["yes", "no"], logits=[1.0, 0.0]).temperature
    1.0
    >>> MagnetAndWords(words=["yes", "no"])
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: logits must hold one finite number for each of the 2 words, got 8
    """

    temperature = Real(1.0, least=0.2, most=5).tag(sync=True)
    size = Whole(48, least=8, most=128, step=2).tag(sync=True)
    prompt = traitlets.Unicode(PROMPT).tag(sync=True)
    words = traitlets.List(traitlets.Unicode(), default_value=list(WORDS)).tag(sync=True)
    logits = traitlets.List(traitlets.Float(), default_value=list(LOGITS)).tag(sync=True)

    def __init__(self, *, words: Sequence[str] = WORDS, logits: Sequence[float] = LOGITS, **traits) -> None:
        words = _words(words)
        super().__init__(words=words, logits=_logits(logits, len(words)), **traits)

    @traitlets.validate("words")
    def _check_words(self, proposal: Any) -> list[str]:
        return _words(proposal["value"])

    @traitlets.validate("logits")
    def _check_logits(self, proposal: Any) -> list[float]:
        return _logits(proposal["value"])

    def magnet(self, sweeps: int = 0):
        """The magnet as the page first shows it and after more sweeps, a `book_lib.ising.Ising`."""
        from book_lib.ising import Ising
        from book_lib.rng import CounterRNG

        magnet = Ising(
            self.size,
            self.temperature,
            coupling=COUPLING,
            algorithm="heat_bath",
            rng=CounterRNG(self.seed),
            start="up",
        )
        return magnet.sweep(WARM_UP + sweeps)

    def probabilities(self) -> np.ndarray:
        """The law of the next word at the temperature, shape (words,)."""
        from book_lib.probability import softmax

        return softmax(_logits(self.logits, len(self.words)), self.temperature)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        p = self.probabilities()
        best = int(p.argmax())
        return (
            f"At temperature {self.temperature:g}. Left, a magnet of {self.size} by {self.size} spins, "
            f"{abs(self.magnet().magnetization):.0%} magnetised. Right, the probabilities of the word after "
            f"“{self.prompt}”: {self.words[best]} {p[best]:.0%}, and less for "
            f"{len(p) - 1} others down to {self.words[int(p.argmin())]} {p.min():.1%}."
        )

    def still(self) -> tuple:
        """The magnet and the bars at the temperature."""
        from book_lib import plotting
        from book_lib.probability import log_softmax

        p = self.probabilities()
        figure, axes = plotting.figure(height=2.5, columns=2, width_ratios=[1, 1.3])
        plotting.lattice(axes[0], self.magnet().spins)
        colors = [plotting.temperature_color(-log_p, 0, HOT) for log_p in log_softmax(self.logits)]
        bars = axes[1].barh(self.words, p, color=colors, height=0.7)
        axes[1].bar_label(bars, [f"{value:.0%}" for value in p], padding=3, fontsize=9)
        axes[1].invert_yaxis()
        axes[1].set(xlim=(0, 1.12), xticks=[], title=f"{self.prompt} …")
        axes[1].spines["bottom"].set_visible(False)
        axes[1].tick_params(left=False)
        return plotting.still(figure)


def _words(words: Sequence[str]) -> list[str]:
    listed = list(words) if isinstance(words, Iterable) and not isinstance(words, str) else []
    good = all(isinstance(word, str) and word.strip() for word in listed)
    if not good or not 2 <= len(listed) <= 12 or len(set(listed)) < len(listed):
        raise ArgumentError(f"words must be 2 to 12 different words, got {words!r}")
    return listed


def _logits(logits: Sequence[float], count: int | None = None) -> list[float]:
    """Finite numbers; `count` of them, unless words and logits are being replaced one after the other."""
    with arguments():
        values = _checks.finite_array("logits", logits)
    if values.ndim != 1 or count not in (None, len(values)):
        raise ArgumentError(
            f"logits must hold one finite number for each of the {count or ''} words, got {values.size}"
        )
    return values.tolist()
