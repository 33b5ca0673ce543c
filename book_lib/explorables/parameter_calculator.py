"""What a transformer costs: parameters, memory and arithmetic, from its sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole

if TYPE_CHECKING:
    from book_lib.transformer import GPTConfig

NAMES = ("toy", "page", "small", "xl", "gpt3")
TITLES = {"toy": "a toy", "page": "the model of this page", "small": "GPT-2 small", "xl": "GPT-2 XL", "gpt3": "GPT-3"}
SIZES = ("layers", "width", "heads", "vocabulary", "context")
UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class ParameterCalculator(Explorable):
    """Parameters and where they sit, memory to train and to write, and 6ND, for any sizes of a GPT.

    Args:
        preset: sizes to begin with: "toy", "page" (the model of the page), "small" and "xl" (GPT-2), "gpt3". Sizes
            given beside it replace its own.
        layers: L, 1 to 128.
        width: d, 16 to 16,384, in steps of 16.
        heads: h, 1 to 128, which divide the width.
        vocabulary: V, 27 to 500,000.
        context: T, 8 to 131,072 tokens.
        tied: whether the unembedding is the embedding's transpose.
        precision: of weights, gradients and activations, "float32" or "bfloat16" (mixed: float32 copies for Adam).
        cache: of keys and values while it writes, "float32", "bfloat16" or "int8".
        batch: texts of full length at once, 1 to 1,024.
        tokens: D, that training sees, 10⁶ to 10¹⁴.
        stored: whether attention's weights are kept for the backward pass.
        prediction: what the reader bets: "", "same", "double", "attention", or "skipped".
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-tf-count`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> ParameterCalculator("gpt3").parameters()
    174604259328
    >>> ParameterCalculator("page").parameters()
    875264
    """

    layers = Whole(12, least=1, most=128).tag(sync=True)
    width = Whole(768, least=16, most=16_384, step=16).tag(sync=True)
    heads = Whole(12, least=1, most=128).tag(sync=True)
    vocabulary = Whole(50_257, least=27, most=500_000).tag(sync=True)
    context = Whole(1024, least=8, most=131_072).tag(sync=True)
    tied = traitlets.Bool(True).tag(sync=True)
    precision = OneOf(["float32", "bfloat16"], default_value="float32").tag(sync=True)
    cache = OneOf(["float32", "bfloat16", "int8"], default_value="bfloat16").tag(sync=True)
    batch = Whole(1, least=1, most=1024).tag(sync=True)
    tokens = Real(3e11, least=1e6, most=1e14).tag(sync=True)
    stored = traitlets.Bool(False).tag(sync=True)
    prediction = OneOf(["", "same", "double", "attention", "skipped"], default_value="").tag(sync=True)

    def __init__(self, preset: str = "small", **traits: Any) -> None:
        from book_lib._transformer_costs import PRESETS

        if preset not in NAMES:
            raise ArgumentError(f"preset must be one of {', '.join(map(repr, NAMES))}, not {preset!r}")
        super().__init__(**dict(zip(SIZES, PRESETS[preset], strict=True)) | traits)
        if self.width % self.heads:
            raise ArgumentError(f"heads must divide the width of {self.width}, not {self.heads}")

    def config(self) -> GPTConfig:
        """The sizes as :class:`book_lib.transformer.GPTConfig` has them."""
        from book_lib.transformer import GPTConfig

        return GPTConfig(self.vocabulary, self.context, self.width, self.layers, self.heads, tied=self.tied)

    def counts(self) -> dict[str, int]:
        """The parameters by the part that holds them."""
        from book_lib._transformer_costs import where_they_sit

        return where_they_sit(self.config())

    def parameters(self) -> int:
        """All of them."""
        return sum(self.counts().values())

    def memory(self) -> dict[str, int]:
        """Bytes: weights, gradients, adam, activations, cache."""
        from book_lib._transformer_costs import memory

        return memory(self.config(), self.precision, self.cache, self.batch, self.stored)

    def flops(self) -> dict[str, float]:
        """Operations: training, token, attention, share."""
        from book_lib._transformer_costs import flops

        return flops(self.config(), self.tokens)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        counts, bytes_, total = self.counts(), self.memory(), self.parameters()
        shares = ", ".join(f"{_words(name)} {n / total:.1%}" for name, n in counts.items() if n)
        training = sum(bytes_.values()) - bytes_["cache"]
        return (
            f"A transformer of {self.layers} layers, width {self.width:,}, {self.heads} heads, a vocabulary of "
            f"{self.vocabulary:,} and a context of {self.context:,} has {total:,} parameters: {shares}. Training takes "
            f"{sized(training)}, writing {sized(bytes_['weights'] + bytes_['cache'])}; training on {self.tokens:.3g} "
            f"tokens asks for {self.flops()['training']:.3g} operations."
        )

    def still(self) -> tuple:
        """Three bars in pieces: parameters, memory to train, memory to write."""
        from book_lib import plotting

        counts, bytes_ = self.counts(), self.memory()
        rows = {
            "parameters": {_words(name): n for name, n in counts.items()},
            "to train": {_words(name): bytes_[name] for name in ("weights", "gradients", "adam", "activations")},
            "to write": {name: bytes_[name] for name in ("weights", "cache")},
        }
        figure, axes = plotting.figure(height=2.9)
        for y, pieces in enumerate(rows.values()):
            _pieces(axes, y, {name: n / sum(pieces.values()) for name, n in pieces.items()})
        axes.set(xlabel="share", xlim=(0, 1), ylim=(2.7, -0.5), xticks=(0, 0.5, 1))
        axes.set_yticks(range(3), list(rows))
        return plotting.still(figure)


def sized(count: float) -> str:
    """Bytes in words: 1.4 GB, by thousands, as makers of memory count.

    >>> sized(349_208_518_656)
    '349 GB'
    """
    power = 0
    while count >= 999.5 and power < len(UNITS) - 1:
        count, power = count / 1000, power + 1
    return f"{count:.3g} {UNITS[power]}"


def _words(name: str) -> str:
    """The name of a part in words."""
    words = {"tokens": "token embedding", "positions": "position embedding", "feed_forward": "feed-forward",
             "adam": "Adam"}  # fmt: skip
    return words.get(name, name)


def _pieces(axes: Any, y: int, shares: dict[str, float]) -> None:
    """One bar in pieces, each named where it is long enough."""
    from book_lib import plotting

    colors = plotting.COLORS
    tones = (colors.simulation, colors.rule, colors.mean_field, colors.reader, colors.ink, colors.rule)
    left = 0.0
    for (name, share), tone in zip(shares.items(), tones, strict=False):
        if share > 0:
            axes.barh(y, share, left=left, height=0.45, color=tone, edgecolor=colors.ink, linewidth=0.6)
        if share > 0.13:
            axes.text(left + share / 2, y + 0.4, name, ha="center", va="center", fontsize=9)
        left += share
