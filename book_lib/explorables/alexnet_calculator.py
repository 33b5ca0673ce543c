"""The integers of a network, layer by layer, each of them editable: AlexNet's to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from book_lib.explorables.base import ArgumentError, Explorable, Whole, arguments
from book_lib.explorables.lists import Numbers, Rows

if TYPE_CHECKING:
    from book_lib.vision import Architecture, Conv, Dense, Pool

KINDS = ("conv", "pool", "dense")
MOST = 16  # layers
WIDEST = 10_000  # channels or units of a layer


class AlexNetCalculator(Explorable):
    """A table of layers: the shape that leaves each, its parameters, units and multiplications, and their sums.

    Args:
        layers: `Conv`, `Pool` and `Dense` of `book_lib.vision`, up to 16; those of AlexNet unless given.
        shape: of the input, (channels, height, width), height and width equal, 1 to 512.
        chosen: which layer is being edited, from 0.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-vis-alexnet`.

    Raises:
        ValueError: for a bad value of one of these, or a layer that does not fit what comes before it.

    >>> calculator = AlexNetCalculator()
    >>> calculator.network().parameters, calculator.network().units
    (60965224, 659272)
    """

    layers = Rows(
        width=6, rows=(1, MOST), limits=[(0, 2), (0, WIDEST), (0, 31), (1, 16), (0, 15), (1, 16)]
    ).tag(sync=True)
    """Rows (kind, channels or units, kernel, stride, padding, groups); kind 0 conv, 1 pool, 2 dense."""
    shape = Numbers([3, 224, 224], length=3, least=1, most=512, whole=True).tag(sync=True)
    chosen = Whole(0, least=0, most=MOST - 1).tag(sync=True)

    def __init__(self, layers: Sequence[Conv | Pool | Dense] | None = None, **traits: Any) -> None:
        from book_lib.vision import alexnet

        stack = alexnet().layers if layers is None else layers
        super().__init__(layers=[_row(one) for one in stack], **traits)
        if self.shape[1] != self.shape[2]:
            raise ArgumentError(f"shape must have equal height and width, not {self.shape!r}")
        if self.chosen >= len(stack):
            raise ArgumentError(f"chosen must be below {len(stack)}, the number of layers, not {self.chosen}")
        with arguments():
            self.network()

    def network(self) -> Architecture:
        """The layers as `book_lib.vision` has them.

        Raises:
            ValueError: a layer does not fit what comes before it.
        """
        from book_lib.vision import Architecture

        rows = [self.layers[i : i + 6] for i in range(0, len(self.layers), 6)]
        return Architecture(tuple(self.shape), tuple(_layer(*row) for row in rows))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        net = self.network()
        kinds = [row.kind for row in net.rows]
        counts = [kinds.count(kind) for kind in KINDS]
        largest = max(net.rows, key=lambda row: row.parameters)
        share = largest.parameters / max(1, net.parameters)
        return (
            f"A network of {counts[0]} convolutional, {counts[1]} pooling and {counts[2]} fully connected layers on an "
            f"input of {' × '.join(map(str, self.shape))}: {net.parameters:,} parameters, {net.units:,} units, "
            f"{net.multiplications:,} multiplications an image. Layer {net.rows.index(largest) + 1} alone holds "
            f"{share:.0%} of the parameters."
        )

    def still(self) -> tuple:
        """Two bars for each layer: its share of the parameters and of the multiplications."""
        from book_lib import plotting

        net, colors = self.network(), plotting.COLORS
        names = [f"{k} {row.kind}" for k, row in enumerate(net.rows, 1)]
        figure, axes = plotting.figure(height=1.0 + 0.24 * len(names))
        bars = ("parameters", -0.18, colors.simulation), ("multiplications", 0.18, colors.mean_field)
        for label, shift, color in bars:
            shares = [100 * getattr(row, label) / max(1, getattr(net, label)) for row in net.rows]
            places = [k + shift for k in range(len(names))]
            # Lines as thick as bars: one thing to draw, and half the time.
            axes.hlines(places, 0, shares, color=color, linewidth=5, label=label)
        axes.set(xlabel="share, %", xlim=(0, None), ylim=(len(names) - 0.4, -0.6))
        axes.set_yticks(range(len(names)), names)
        axes.legend()
        return plotting.still(figure)


def _row(layer: Any) -> list[int]:
    """A layer as numbers."""
    kind = type(layer).__name__.lower()
    if kind not in KINDS:
        raise ArgumentError(f"layers must hold Conv, Pool and Dense, not {layer!r}")
    if kind == "dense":
        return [2, layer.units, 0, 1, 0, 1]
    if kind == "pool":
        return [1, 0, layer.kernel, layer.stride, 0, 1]
    return [0, layer.channels, layer.kernel, layer.stride, layer.padding, layer.groups]


def _layer(kind: int, width: int, kernel: int, stride: int, padding: int, groups: int) -> Conv | Pool | Dense:
    from book_lib.vision import Conv, Dense, Pool

    if KINDS[kind] == "conv":
        return Conv(width, kernel, stride, padding, groups)
    return Pool(kernel, stride) if KINDS[kind] == "pool" else Dense(width)
