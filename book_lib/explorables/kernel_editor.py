"""A kernel of 3 × 3 that is edited by hand, on real photographs, with the arithmetic of one pixel beside it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from book_lib.explorables.base import Explorable, OneOf, Whole
from book_lib.explorables.lists import Rows

SIDE = 128  # pixels of a crop
CROPS = {"brick": (0, 0, 3), "cat": (16, 70, 2), "coins": (40, 100, 2), "moon": (64, 64, 3)}
"""Top, left, and how many pixels of the photograph make one of ours, either way."""
ASSET = "kernel-photographs"
SOBEL = (-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0)
WHITE = 255.0


class KernelEditor(Explorable):
    """A photograph, what a kernel makes of it, and the nine products behind one pixel.

    Args:
        photograph: "brick", "cat", "coins" or "moon", of `book_lib.datasets.photograph`, cut to 128 × 128 greys from 0
            to 255.
        kernel: shape (3, 3), entries −10 to 10.
        row, column: the pixel whose arithmetic is shown, 1 to 126.
        flip: whether the kernel is turned by 180° first, which is the convolution of mathematics; without, it is
            cross-correlation, which networks call convolution.
        view: how sums are shown: "clipped" to 0 … 255, "absolute" (their size), or "signed" (0 is grey).
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-vis-kernels`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> editor = KernelEditor(kernel=[[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    >>> bool((editor.result() == editor.image()[1:-1, 1:-1]).all())
    True
    """

    photograph = OneOf(list(CROPS), default_value="cat").tag(sync=True)
    kernel = Rows(list(SOBEL), width=3, rows=(3, 3), limits=[(-10.0, 10.0)] * 3).tag(sync=True)
    row = Whole(45, least=1, most=SIDE - 2).tag(sync=True)
    column = Whole(47, least=1, most=SIDE - 2).tag(sync=True)
    flip = traitlets.Bool(False).tag(sync=True)
    view = OneOf(["clipped", "absolute", "signed"], default_value="absolute").tag(sync=True)
    asset = traitlets.Unicode("").tag(sync=True)
    """Where the front-end finds the photographs."""

    def __init__(self, *, kernel: ArrayLike | None = None, **traits: Any) -> None:
        from book_lib.explorables.assets import asset

        if kernel is not None:
            traits["kernel"] = np.asarray(kernel).tolist()
        super().__init__(**traits | {"asset": asset(ASSET, dict(crops()))})

    def image(self) -> NDArray[np.float64]:
        """The crop, shape (128, 128), 0 to 255."""
        return crops()[self.photograph].astype(np.float64)

    def used(self) -> NDArray[np.float64]:
        """The kernel as it lies on the image, shape (3, 3): turned if `flip`."""
        kernel = np.array(self.kernel, dtype=np.float64).reshape(3, 3)
        return kernel[::-1, ::-1] if self.flip else kernel

    def result(self) -> NDArray[np.float64]:
        """The sums, shape (126, 126); entry (r, c) is that of pixel (r + 1, c + 1)."""
        from book_lib.vision import conv2d

        return conv2d(self.image()[None, None], self.used()[None, None])[0, 0]

    def products(self) -> NDArray[np.float64]:
        """The nine products at the pixel, shape (3, 3)."""
        window = self.image()[self.row - 1 : self.row + 2, self.column - 1 : self.column + 2]
        return window * self.used()

    def shown(self) -> NDArray[np.float64]:
        """The sums as greys from 0 to 255, before they are rounded; what lies beyond is cut off."""
        return np.clip(self._light(), 0, WHITE)

    def cut(self) -> int:
        """How many sums lie beyond the greys of the view, and are shown as plain black or white."""
        return int((abs(self._light() - WHITE / 2) > WHITE / 2 + 1e-6).sum())  # rounding is no cut

    def _light(self) -> NDArray[np.float64]:
        y = self.result()
        return {"clipped": y, "absolute": abs(y), "signed": (WHITE + y) / 2}[self.view]

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        rows = "; ".join(" ".join(f"{v:.3g}" for v in row) for row in self.used())
        y = self.result()
        return (
            f"The photograph {self.photograph}, 128 by 128 pixels, and what the kernel {rows} makes of it: sums from "
            f"{y.min():.0f} to {y.max():.0f}, {self.cut()} of {y.size} of them beyond the greys. At row {self.row}, "
            f"column {self.column} the nine products add up to {self.products().sum():.7g}."
        )

    def still(self) -> tuple:
        """The photograph and the result, the pixel marked."""
        from book_lib import plotting

        figure, panels = plotting.figure(height=3.2, columns=2)
        pictures = (self.image(), "photograph"), (self.shown(), "after the kernel")
        for axes, (picture, title) in zip(panels, pictures, strict=True):
            shift = (SIDE - picture.shape[0]) / 2
            extent = (shift - 0.5, SIDE - shift - 0.5, SIDE - shift - 0.5, shift - 0.5)
            axes.imshow(picture, cmap="gray", vmin=0, vmax=WHITE, interpolation="nearest", extent=extent)
            axes.plot(self.column, self.row, "s", markersize=5, markerfacecolor="none", color=plotting.COLORS.accent)
            axes.set(xlabel=title, xticks=[], yticks=[], xlim=(-0.5, SIDE - 0.5), ylim=(SIDE - 0.5, -0.5))
        return plotting.still(figure)


@cache
def crops() -> dict[str, NDArray[np.uint8]]:
    """The photographs by name, each shape (128, 128): means of small squares of pixels, as greys from 0 to 255."""
    from book_lib.datasets import photograph

    cut = {}
    for name, (top, left, step) in CROPS.items():
        part = photograph(name)[top : top + SIDE * step, left : left + SIDE * step]
        cut[name] = np.rint(WHITE * part.reshape(SIDE, step, SIDE, step).mean(axis=(1, 3))).astype(np.uint8)
        cut[name].setflags(write=False)
    return cut
