"""What one unit of a stack of layers sees: its cone down to the pixels, and the formula that counts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from book_lib.explorables.base import ArgumentError, Explorable, Whole
from book_lib.explorables.lists import Rows

PIXELS = (64, 128)  # of the line of input: the second where the layers ask for more than the first
MOST = 5  # layers


class ReceptiveField(Explorable):
    """A line of 64 pixels (128 if need be), layers of units above, and the pixels that a unit of the last layer sees.

    Args:
        layers: 1 to 5 pairs (kernel, stride), kernels of 1 to 5, strides of 1 or 2; or `Conv` and `Pool` of
            `book_lib.vision`, of which kernel and stride count.
        unit: which unit of the last layer, from 0; the last one if a later change of layers leaves fewer.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-vis-fields`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> ReceptiveField([(3, 1), (3, 1)]).field()
    5
    """

    layers = Rows([3, 1, 3, 1], width=2, rows=(1, MOST), limits=[(1, 5), (1, 2)]).tag(sync=True)
    unit = Whole(20, least=0, most=PIXELS[1] - 1).tag(sync=True)

    def __init__(self, layers: Sequence | None = None, **traits: Any) -> None:
        if layers is not None:
            pairs = [(one.kernel, one.stride) if hasattr(one, "kernel") else one for one in layers]
            traits["layers"] = pairs
        super().__init__(**traits)
        if self.unit >= self.sizes()[-1]:
            raise ArgumentError(f"unit must be below {self.sizes()[-1]}, the units of the last layer, not {self.unit}")

    def pairs(self) -> list[tuple[int, int]]:
        """(kernel, stride), layer by layer."""
        return [(self.layers[i], self.layers[i + 1]) for i in range(0, len(self.layers), 2)]

    def sizes(self) -> list[int]:
        """Units of the input and of each layer."""
        from book_lib.vision import output_size

        sizes = [PIXELS[self.field() > PIXELS[0]]]
        for kernel, stride in self.pairs():
            sizes.append(output_size(sizes[-1], kernel, stride))
        return sizes

    def field(self) -> int:
        """How many pixels in a line a unit of the last layer sees."""
        from book_lib.vision import receptive_field

        return receptive_field(self.pairs())

    def shown_unit(self) -> int:
        """The unit whose pixels are shown: `unit`, or the last one where there are fewer."""
        return min(self.unit, self.sizes()[-1] - 1)

    def cone(self) -> list[tuple[int, int]]:
        """First and last unit of each layer that the chosen unit sees, from the input up."""
        first = last = self.shown_unit()
        seen = [(first, last)]
        for kernel, stride in reversed(self.pairs()):
            first, last = first * stride, last * stride + kernel - 1
            seen.append((first, last))
        return seen[::-1]

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        stack = ", then ".join(f"a kernel of {kernel} with stride {stride}" for kernel, stride in self.pairs())
        first, last = self.cone()[0]
        field, pixels = self.field(), self.sizes()[0]
        return (
            f"{pixels} pixels in a line and the units of the layers above: {stack}. Unit {self.shown_unit()} of the "
            f"last layer sees the {field} pixels from {first} to {last}; in a picture, a square of {field} by {field}."
        )

    def still(self) -> tuple:
        """Rows of units, the cone of one of them marked."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, axes = plotting.figure(height=0.9 + 0.6 * len(self.sizes()))
        centers = [0.0, 1.0]  # of unit 0, and the distance between units, in pixels
        spots = []
        for level, (size, (first, last)) in enumerate(zip(self.sizes(), self.cone(), strict=True)):
            if level:
                kernel, stride = self.pairs()[level - 1]
                centers = [centers[0] + (kernel - 1) / 2 * centers[1], centers[1] * stride]
            x = [centers[0] + k * centers[1] for k in range(size)]
            axes.plot(x, [level] * size, "s", markersize=3, color=colors.rule)
            axes.plot(x[first : last + 1], [level] * (last - first + 1), "s", markersize=3.5, color=colors.simulation)
            spots.append((x[first], x[last]))
        for side in (0, 1):
            axes.plot([spot[side] for spot in spots], range(len(spots)), color=colors.simulation, linewidth=1)
        axes.set(yticks=range(len(spots)), xlabel="pixel", ylim=(-0.6, len(spots) - 0.4))
        axes.set_yticklabels(["pixels", *(f"layer {k}" for k in range(1, len(spots)))])
        return plotting.still(figure)
