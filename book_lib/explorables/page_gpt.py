"""A small GPT in the page: it writes, and shows whom it attends to and what becomes of a token on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables import page_model
from book_lib.explorables.base import ArgumentError, Explorable, Real, Whole
from book_lib.rng import CounterRNG

HOTTEST = 3.0
WRITTEN = 40  # tokens of the example and of the picture
BARS = 10  # next tokens that are shown


class PageGPT(Explorable):
    """A GPT that the reader loads, prompts and looks into: next tokens, attention, every tensor of one token.

    Args:
        asset: the name by which its arrays were shipped: ``asset(name, page_arrays(model, tokenizer))``.
        arrays: these arrays, to be shipped under that name, if they have not been.
        prompt: what the reader's text is at first; with the model's tokenizer shorter than its context.
        temperature: T, 0 to 3, of the sampler.
        top_k: how many tokens it keeps, at least 1; all of them unless given.
        top_p: what share of the mass it keeps, above 0, at most 1.
        layer, head: whose attention is shown, counted from 1.
        seed: of the counter-based generator; `write` draws the same tokens.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-tf-page`.

    Raises:
        ValueError: for a bad value of one of these; if no model was shipped by that name.

    >>> from book_lib.quantization import page_arrays
    >>> from book_lib.tokenizer import BPETokenizer
    >>> from book_lib.transformer import GPT, GPTConfig
    >>> small = GPT(GPTConfig(vocab_size=258, context=32, width=8, layers=1, heads=2))
    >>> page = PageGPT(asset="small", arrays=page_arrays(small, BPETokenizer.train("abababab", 258)), prompt="ab")
    >>> len(page.write(5))
    5
    """

    asset = traitlets.Unicode(page_model.ASSET).tag(sync=True)
    transfer = Whole(0, least=0).tag(sync=True)
    """About how many bytes the page loads."""
    example = traitlets.List().tag(sync=True)
    """What is shown before that: tokens as text, and −ln p of those that were written."""
    prompt = traitlets.Unicode(page_model.PROMPT).tag(sync=True)
    temperature = Real(0.8, least=0, most=HOTTEST).tag(sync=True)
    top_k = Whole(1, least=1).tag(sync=True)
    top_p = Real(1.0, above=0, most=1).tag(sync=True)
    layer = Whole(1, least=1).tag(sync=True)
    head = Whole(1, least=1).tag(sync=True)

    def __init__(self, *, arrays: Mapping[str, NDArray] | None = None, **traits: Any) -> None:
        name = page_model.ship(traits.get("asset", page_model.ASSET), arrays)
        model, tokenizer = page_model.load(name)
        super().__init__(**{"top_k": model.config.vocab_size} | traits)
        self._given = page_model.prompt_ids(tokenizer, model, self.prompt)
        for one, most in (("layer", model.config.layers), ("head", model.config.heads)):
            if getattr(self, one) > most:
                raise ArgumentError(f"{one} must be a whole number from 1 to {most}, not {getattr(self, one)}")
        self.transfer = page_model.transfer(name)
        ids = [*self._given, *self.write(WRITTEN)]
        self.example = [list(piece) for piece in page_model.pieces(model, tokenizer, ids, len(self._given))]

    def write(self, count: int) -> list[int]:
        """The first tokens that the page writes after the prompt; fewer where the context is full, or a text ends."""
        from book_lib.sampling import generate

        model, tokenizer = page_model.load(self.asset)
        room = min(count, model.context - len(self._given))
        settings = (self.temperature, self.top_k, self.top_p)
        ends = tokenizer.special_tokens.values()
        return generate(model, self._given, room, *settings, CounterRNG(self.seed), ends)[len(self._given) :]

    def law(self, ids: list[int] | None = None) -> NDArray[np.float64]:
        """The law of the next token after ``ids``, or after the prompt, shape (vocabulary,)."""
        from book_lib.sampling import next_distribution

        model, _ = page_model.load(self.asset)
        logits = model.next_logits(ids or self._given)
        return next_distribution(logits, self.temperature, self.top_k, self.top_p)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        model, tokenizer = page_model.load(self.asset)
        ids = [*self._given, *self.write(WRITTEN)]
        p = self.law()
        best = page_model.shown(tokenizer.token_bytes(int(p.argmax())))
        return (
            f"A GPT of {model.num_params():,} parameters has been given the prompt {self.prompt!r} and goes on, at "
            f"temperature {self.temperature:g}: {tokenizer.decode(ids)!r}. Each token is underlined by how little "
            f"it was to be expected. The likeliest token right after the prompt was {best!r}, with a probability of "
            f"{p.max():.1%}."
        )

    def still(self) -> tuple:
        """The text with its energies, and below it the next tokens after the prompt."""
        from book_lib import plotting

        model, tokenizer = page_model.load(self.asset)
        ids = [*self._given, *self.write(WRITTEN)]
        figure, (above, below) = plotting.figure(height=4.6, rows=2, height_ratios=[1.2, 1])
        rows = page_model.write_out(above, page_model.pieces(model, tokenizer, ids, len(self._given)))
        page_model.paper(above, rows)
        p = self.law()
        best = np.argsort(-p, kind="stable")[:BARS]
        bars = below.barh(np.arange(len(best)), p[best], color=plotting.COLORS.simulation, height=0.6)
        below.bar_label(bars, [f"{v:.3f}" for v in p[best]], padding=3, fontsize=8)
        names = [ascii(page_model.shown(tokenizer.token_bytes(int(token)))) for token in best]
        below.set_yticks(np.arange(len(best)), names, fontsize=8, parse_math=False)
        below.invert_yaxis()
        below.set(xlabel="probability after the prompt", xlim=(0, 1.15 * p.max()))
        return plotting.still(figure)
