"""The architecture as boxes, level by level: the whole, a block, its attention, one head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import traitlets

from book_lib.explorables.base import ArgumentError, Explorable, OneOf
from book_lib.explorables.parameter_calculator import NAMES, TITLES

if TYPE_CHECKING:
    from book_lib.transformer import GPTConfig

LEVELS = ("whole", "block", "attention", "head")
WORDS = {
    "ids": "token numbers", "embedding": "token embedding", "positions": "+ positions", "block": "blocks",
    "final": "last normalisation", "unembedding": "unembedding", "softmax": "softmax", "stream": "residual stream",
    "norm1": "normalisation", "attention": "attention", "add1": "+ residual", "norm2": "normalisation",
    "mlp": "feed-forward", "add2": "+ residual", "qkv": "queries, keys, values", "heads": "heads",
    "concat": "side by side", "out": "output matrix", "Q": "Q", "K": "K", "V": "V", "scores": "scores QKᵀ",
    "mask": "scale and mask", "weights": "softmax of rows", "blend": "weights times V",
}  # fmt: skip


@dataclass(frozen=True)
class Box:
    """One box: what it is called in the front-end, the shape of what leaves it, and how many parameters it holds."""

    id: str
    shape: tuple[int, ...]
    parameters: int = 0


class ArchitectureTour(Explorable):
    """A decoder-only transformer as boxes to walk through, each with the shape that leaves it and its parameters.

    Args:
        preset: whose sizes: "toy", "page" (the model of the page), "small" and "xl" (GPT-2), "gpt3".
        level: "whole", "block", "attention" or "head".
        norm: "pre" (what enters a part is normalised) or "post" (what a part and the stream sum to; then no last
            normalisation follows the blocks).
        chosen: the box that is explained, as :meth:`boxes` names it, or "".
        prediction: what the reader bets attention's share of a block is: "", "third", "half", "most", or "skipped".
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-tf-architecture`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> [box.id for row in ArchitectureTour(level="block").rows() for box in row]
    ['stream', 'norm1', 'attention', 'add1', 'norm2', 'mlp', 'add2']
    >>> ArchitectureTour("gpt3").total()
    174604259328
    """

    preset = OneOf(NAMES, default_value="page").tag(sync=True)
    level = OneOf(LEVELS, default_value="whole").tag(sync=True)
    norm = OneOf(["pre", "post"], default_value="pre").tag(sync=True)
    chosen = traitlets.Unicode("").tag(sync=True)
    prediction = OneOf(["", "third", "half", "most", "skipped"], default_value="").tag(sync=True)

    def __init__(self, preset: str = "page", **traits: Any) -> None:
        super().__init__(preset=preset, **traits)
        known = [box.id for row in self.rows() for box in row]
        if self.chosen and self.chosen not in known:
            raise ArgumentError(f"chosen must be one of {', '.join(map(repr, known))}, not {self.chosen!r}")

    def config(self) -> GPTConfig:
        """The sizes as :class:`book_lib.transformer.GPTConfig` has them."""
        from book_lib._transformer_costs import preset

        return preset(self.preset)

    def total(self) -> int:
        """All parameters; post-norm has no last normalisation."""
        from book_lib.transformer import count_parameters

        counts = count_parameters(self.config())
        return sum(counts.values()) - (counts["final_norm"] if self.norm == "post" else 0)

    def rows(self) -> list[list[Box]]:
        """The boxes of the level, row by row, from top to bottom."""
        made = {"whole": self._whole, "block": self._block, "attention": self._attention, "head": self._head}
        return made[self.level]()

    def _counts(self) -> tuple[GPTConfig, dict[str, int]]:
        """The sizes, and the parameters of one block by part."""
        from book_lib.transformer import count_parameters

        config = self.config()
        counts = count_parameters(config)
        return config, {name: n // config.layers if "." in name or name in ("norm1", "norm2") else n
                        for name, n in counts.items()}  # fmt: skip

    def _whole(self) -> list[list[Box]]:
        config, counts = self._counts()
        stream = (config.context, config.width)
        parts = ("norm1", "attention.qkv", "attention.out", "norm2", "mlp.up", "mlp.down")
        boxes = [
            Box("ids", stream[:1]),
            Box("embedding", stream, counts["token_embedding"]),
            Box("positions", stream, counts["position_embedding"]),
            Box("block", stream, config.layers * sum(counts[name] for name in parts)),
            Box("final", stream, counts["final_norm"]),
            Box("unembedding", (config.context, config.vocab_size), counts.get("unembedding", 0)),
            Box("softmax", (config.context, config.vocab_size)),
        ]
        return [[box] for box in boxes if self.norm == "pre" or box.id != "final"]

    def _block(self) -> list[list[Box]]:
        config, counts = self._counts()
        held = {
            "norm1": counts["norm1"],
            "norm2": counts["norm2"],
            "attention": counts["attention.qkv"] + counts["attention.out"],
            "mlp": counts["mlp.up"] + counts["mlp.down"],
        }
        pre = ("stream", "norm1", "attention", "add1", "norm2", "mlp", "add2")
        post = ("stream", "attention", "add1", "norm1", "mlp", "add2", "norm2")
        order = pre if self.norm == "pre" else post
        return [[Box(name, (config.context, config.width), held.get(name, 0))] for name in order]

    def _attention(self) -> list[list[Box]]:
        config, counts = self._counts()
        n, d, heads = config.context, config.width, config.heads
        boxes = [
            Box("stream", (n, d)),
            Box("qkv", (n, 3 * d), counts["attention.qkv"]),
            Box("heads", (heads, n, d // heads)),
            Box("concat", (n, d)),
            Box("out", (n, d), counts["attention.out"]),
        ]
        return [[box] for box in boxes]

    def _head(self) -> list[list[Box]]:
        config, counts = self._counts()
        n, size = config.context, config.width // config.heads
        share = counts["attention.qkv"] // (3 * config.heads)
        rows = [[Box("stream", (n, config.width))], [Box(name, (n, size), share) for name in "QKV"]]
        rows += [[Box(name, (n, n))] for name in ("scores", "mask", "weights")]
        return [*rows, [Box("blend", (n, size))]]

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        told = [f"{WORDS[box.id]} ({_times(box.shape)}{_count(box)})" for row in self.rows() for box in row]
        level = {"whole": "The whole model", "block": "One block", "attention": "Attention", "head": "One head"}
        return (
            f"{level[self.level]} of {TITLES[self.preset]}, {self.norm}-norm, as boxes from top to bottom, each with "
            f"the shape of what leaves it: {'; '.join(told)}. The model has {self.total():,} parameters in all."
        )

    def still(self) -> tuple:
        """The boxes of the level."""
        from book_lib import plotting

        rows = self.rows()
        figure, axes = plotting.figure(4.6, 0.4 + 0.52 * len(rows))
        for y, row in enumerate(rows):
            for x, box in enumerate(row):
                _draw(axes, box, x / len(row), y, 1 / len(row))
            if y:
                arrow = {"arrowstyle": "-|>", "color": plotting.COLORS.muted, "shrinkA": 0, "shrinkB": 0}
                axes.annotate("", (0.5, y), (0.5, y - 0.3), arrowprops=arrow)
        if self.level == "block":
            _skips(axes, [row[0].id for row in rows])
        axes.set(xlim=(-0.01, 1.06), ylim=(len(rows) - 0.2, -0.1))
        axes.set_axis_off()
        return plotting.still(figure)


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{n:,}" for n in shape)


def _count(box: Box) -> str:
    return f", {box.parameters:,} parameters" if box.parameters else ""


def _skips(axes: Any, names: list[str]) -> None:
    """The two residual lines of a block, beside its boxes."""
    from book_lib import plotting

    second = names.index("add1") if names[1] == "norm1" else names.index("norm1")
    for start, end in ((0, names.index("add1")), (second, names.index("add2"))):
        y = (start + 0.85, end + 0.35)
        axes.plot([0.5, 1.04, 1.04, 0.99], [y[0], y[0], y[1], y[1]], color=plotting.COLORS.simulation)


def _draw(axes: Any, box: Box, x: float, y: float, width: float) -> None:
    """One box with its name, its shape and its parameters."""
    from matplotlib.patches import Rectangle

    from book_lib import plotting

    colors = plotting.COLORS
    place = (x + 0.01, y)
    axes.add_patch(Rectangle(place, width - 0.02, 0.7, facecolor="none", edgecolor=colors.muted, linewidth=0.8))
    text = f"{WORDS[box.id]}   {_times(box.shape)}" if width == 1 else f"{box.id}  {_times(box.shape)}"
    axes.text(x + 0.03, y + 0.35, text, va="center", fontsize=9)
    if width == 1 and box.parameters:
        axes.text(x + width - 0.03, y + 0.35, f"{box.parameters:,}", va="center", ha="right", fontsize=9)
