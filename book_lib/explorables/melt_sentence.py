"""Melt a sentence: noise that stays, a temperature that turns, and the words that change their mind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables import page_model
from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole
from book_lib.rng import CounterRNG

HOTTEST = 4.0
SHOWN = (0.0, 0.5, 1.0, 2.0)  # temperatures of the picture
NUDGE = 1.05  # what the bet turns T = 1 to


class MeltSentence(Explorable):
    """A sentence whose tokens are argmax(z/T + g), the noise g fixed by the seed, beside a magnet at the same T.

    Args:
        asset: the name by which a model's arrays were shipped: ``asset(name, page_arrays(model, tokenizer))``.
        arrays: these arrays, to be shipped under that name, if they have not been.
        prompt: how the sentence begins.
        temperature: T, 0 to 4.
        length: how many tokens are written, 4 to 60; with the prompt they must fit into the context.
        prediction: what the reader bets will change from T = 1 to 1.05: "", "none", "some", "all", or "skipped".
        seed: of the counter-based generator of the noise; `sentence` has the same.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-tf-melt`.

    Raises:
        ValueError: for a bad value of one of these; if no model was shipped by that name.

    >>> from book_lib.quantization import page_arrays
    >>> from book_lib.tokenizer import BPETokenizer
    >>> from book_lib.transformer import GPT, GPTConfig
    >>> small = GPT(GPTConfig(vocab_size=258, context=32, width=8, layers=1, heads=2))
    >>> arrays = page_arrays(small, BPETokenizer.train("abababab", 258))
    >>> len(MeltSentence(asset="small", arrays=arrays, prompt="ab", length=5).sentence())
    5
    """

    asset = traitlets.Unicode(page_model.ASSET).tag(sync=True)
    transfer = Whole(0, least=0).tag(sync=True)
    """About how many bytes the page loads."""
    example = traitlets.List().tag(sync=True)
    """What is shown before that: tokens as text, and −ln p of those that were written."""
    prompt = traitlets.Unicode(page_model.PROMPT).tag(sync=True)
    temperature = Real(1.0, least=0, most=HOTTEST).tag(sync=True)
    length = Whole(40, least=4, most=60).tag(sync=True)
    prediction = OneOf(["", "none", "some", "all", "skipped"], default_value="").tag(sync=True)

    def __init__(self, *, arrays: Mapping[str, NDArray] | None = None, **traits: Any) -> None:
        name = page_model.ship(traits.get("asset", page_model.ASSET), arrays)
        model, tokenizer = page_model.load(name)
        super().__init__(**traits)
        self._given = page_model.prompt_ids(tokenizer, model, self.prompt)
        if len(self._given) + self.length > model.context:
            raise ArgumentError(
                f"length must leave room for the prompt's {len(self._given)} tokens in the context of {model.context}, "
                f"not {self.length}"
            )
        self.transfer = page_model.transfer(name)
        ids = [*self._given, *self.sentence()]
        self.example = [list(piece) for piece in page_model.pieces(model, tokenizer, ids, len(self._given))]

    def noise(self) -> NDArray[np.float64]:
        """The Gumbel noise of each place and token, shape (length, vocabulary)."""
        from book_lib.sampling import gumbel

        model, _ = page_model.load(self.asset)
        return gumbel((self.length, model.config.vocab_size), CounterRNG(self.seed))

    def melt(self, temperature: float | None = None) -> tuple[list[int], NDArray[np.float64]]:
        """The tokens at the temperature of the trait or another one, and the logits they came from, (length, V)."""
        from book_lib.sampling import gumbel_max

        T = self.temperature if temperature is None else temperature
        model, _ = page_model.load(self.asset)
        state = model.start()
        z, ids, rows = state.append(self._given), [], []
        for g in self.noise():
            rows.append(np.asarray(z, dtype=np.float64))
            ids.append(gumbel_max(rows[-1], T, noise=g))
            if len(ids) < self.length:
                z = state.append([ids[-1]])
        return ids, np.array(rows)

    def sentence(self, temperature: float | None = None) -> list[int]:
        """The tokens of `melt`."""
        return self.melt(temperature)[0]

    def thermal(self, temperature: float | None = None) -> tuple[float, float]:
        """Entropy and heat capacity Var E/T² of a token, means over the sentence; E = −z, in nats."""
        from book_lib.probability import entropy, heat_capacity, softmax

        T = self.temperature if temperature is None else temperature
        _, rows = self.melt(T)
        heats = [heat_capacity(z.max() - z, T) if T else 0.0 for z in rows]
        return float(np.mean([entropy(softmax(z, T)) for z in rows])), float(np.mean(heats))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        _, tokenizer = page_model.load(self.asset)
        told = "; ".join(f"at T = {T:g}, {tokenizer.decode(self.sentence(T))!r}" for T in SHOWN)
        S, C = self.thermal()
        return (
            f"One sentence at four temperatures, drawn with the same noise, after {self.prompt!r}: {told}. At "
            f"T = {self.temperature:g} the next token has an entropy of {S:.2f} nats on average, and a heat capacity "
            f"of {C:.2f}. Each token is underlined by its energy."
        )

    def still(self) -> tuple:
        """The sentence at four temperatures."""
        from book_lib import plotting

        model, tokenizer = page_model.load(self.asset)
        figure, axes = plotting.figure(height=4.8)
        row = 0.0
        for T in SHOWN:
            axes.text(0, row, f"T = {T:g}", fontsize=9, color=plotting.COLORS.muted)
            ids = [*self._given, *self.sentence(T)]
            row = page_model.write_out(axes, page_model.pieces(model, tokenizer, ids, len(self._given)), row + 1) + 0.8
        page_model.paper(axes, row)
        return plotting.still(figure)
