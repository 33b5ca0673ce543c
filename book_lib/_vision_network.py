"""Layers that learn their kernels, and a small network of them; re-exported by :mod:`book_lib.vision`."""

from __future__ import annotations

import math

from book_lib import _checks
from book_lib._neural_modules import (
    Linear,
    Module,
    Sequential,
    activation,
    boolean,
    require_tensor,
    restart,
    uniform,
)
from book_lib._vision_windows import output_size
from book_lib.rng import RandomLike, as_generator
from book_lib.tensor import Tensor, conv2d, max_pool2d


class Conv2d(Module):
    """A convolutional layer: F kernels that it learns, each of them sliding over all channels.

    Weights and biases start even between ±1/√(C·k²), as torch's do. See the section :ref:`sec-vis-digits`.

    Args:
        channels: C of the input, ≥ 1.
        features: F of the output, ≥ 1.
        kernel: the side k of its kernels, ≥ 1.
        stride: ≥ 1.
        padding: rings of zeros, 0 … k − 1.
        bias: whether each kernel has one.
        rng: a seed or a generator.

    Attributes:
        weight: shape (F, C, k, k).
        bias: shape (F,), or None.

    Raises:
        ValueError: if a number is out of its range.
        TypeError: if an argument is of the wrong kind.

    >>> layer = Conv2d(1, 4, kernel=3, padding=1, rng=0)
    >>> layer(Tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).shape
    (1, 4, 2, 2)
    """

    def __init__(
        self,
        channels: int,
        features: int,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        rng: RandomLike = 0,
    ) -> None:
        channels, features = _checks.integer("channels", channels, 1), _checks.integer("features", features, 1)
        kernel = _checks.integer("kernel", kernel, 1)
        output_size(kernel, kernel, stride, padding)  # refuses what is out of range
        self.stride, self.padding = int(stride), int(padding)
        bias, rng = boolean("bias", bias), as_generator(rng)
        limit = 1 / math.sqrt(channels * kernel**2)
        self.weight = uniform((features, channels, kernel, kernel), limit, rng)
        self.bias = uniform((features,), limit, rng) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return what the kernels see in images of shape (N, C, H, W), shape (N, F, H′, W′).

        Raises:
            ValueError: if the images do not fit.
        """
        return conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def __repr__(self) -> str:
        features, channels, kernel, _ = self.weight.shape
        more = f", stride={self.stride}" * (self.stride > 1) + f", padding={self.padding}" * (self.padding > 0)
        return f"Conv2d({channels}, {features}, kernel={kernel}{more}{'' if self.bias is not None else ', bias=False'})"


class MaxPool2d(Module):
    """The largest entry of each window of each channel. See the section :ref:`sec-vis-pooling`.

    Args:
        size: the window's side, ≥ 1.
        stride: ≥ 1; as long as the window if None.

    Raises:
        ValueError: if a number is below 1.
        TypeError: if one is not an integer.

    >>> MaxPool2d(2)(Tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).data
    array([[[[4.]]]])
    """

    def __init__(self, size: int, stride: int | None = None) -> None:
        self.size = _checks.integer("size", size, 1)
        self.stride = self.size if stride is None else _checks.integer("stride", stride, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the pooled images, shape (N, C, H′, W′) for (N, C, H, W)."""
        return max_pool2d(x, self.size, self.stride)

    def __repr__(self) -> str:
        return f"MaxPool2d({self.size}{'' if self.stride == self.size else f', stride={self.stride}'})"


class Flatten(Module):
    """All axes but the first in one row: (N, C, H, W) → (N, C·H·W).

    >>> Flatten()(Tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).shape
    (1, 4)
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the same entries, shape (N, …).

        Raises:
            ValueError: if x has no axes.
            TypeError: if it is no array.
        """
        x = require_tensor("x", x)
        if not x.shape:
            raise ValueError("x must have shape (N, …), got ()")
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))


class SmallCNN(Sequential):
    """A convolutional network in the manner of LeNet: kernels, ReLU, pooling, once for each width, and linear logits.

    Kernels are 3 × 3 with a ring of zeros, so that they leave the size as it is; pooling halves it. The weights of the
    kernels start normal with variance 2/fan-in (:cite:`he2015delving`), those of the last layer with 1/fan-in; biases
    start at 0. After :cite:`lecun1998gradient`. See the section :ref:`sec-vis-digits`.

    Args:
        shape: of an image, (C, H, W); images that come in rows of C·H·W pixels are put into this shape.
        classes: ≥ 1, the number of logits.
        channels: how many kernels each stage has, one entry a stage.
        rng: a seed or a generator.

    Attributes:
        shape: as given.
        layers: Conv2d, ReLU, MaxPool2d, …, Flatten, Linear.

    Raises:
        ValueError: if a number is below 1, or the image too small to be halved so often.
        TypeError: if an argument is of the wrong kind.

    >>> net = SmallCNN((1, 8, 8), classes=10, channels=(4, 8), rng=0)
    >>> net.predict([[0.0] * 64]).shape, sum(p.data.size for p in net.parameters())
    ((1, 10), 666)
    """

    def __init__(
        self,
        shape: tuple[int, int, int] = (1, 8, 8),
        classes: int = 10,
        channels: tuple[int, ...] = (8, 16),
        rng: RandomLike = 0,
    ) -> None:
        if not isinstance(shape, (tuple, list)) or len(shape) != 3:
            raise ValueError(f"shape must be (channels, height, width), got {shape!r}")
        if not isinstance(channels, (tuple, list)) or not channels:
            raise ValueError(f"channels must hold a width for each stage, at least one, got {channels!r}")
        self.shape = tuple(_checks.integer("shape", side, 1) for side in shape)
        width, *sides = self.shape
        rng, layers = as_generator(rng), []
        for features in channels:
            layers += [Conv2d(width, features, kernel=3, padding=1, rng=rng), activation("relu"), MaxPool2d(2)]
            width, sides = features, [self._half(side, len(channels)) for side in sides]
        entries = width * math.prod(sides)
        super().__init__(*layers, Flatten(), Linear(entries, _checks.integer("classes", classes, 1), rng=rng))
        for layer in self.layers:
            if isinstance(layer, (Conv2d, Linear)):
                restart(layer, 2.0 if isinstance(layer, Conv2d) else 1.0, rng)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape (N, classes), for images of shape (N, C, H, W) or rows (N, C·H·W).

        Raises:
            ValueError: if the images do not fit.
            TypeError: if they are no array.
        """
        x = require_tensor("x", x)
        if x.shape[1:] == (math.prod(self.shape),):
            x = x.reshape(x.shape[0], *self.shape)
        if x.shape[1:] != self.shape:
            expected = f"(N, {', '.join(map(str, self.shape))}) or (N, {math.prod(self.shape)})"
            raise ValueError(f"x must have shape {expected}, got {x.shape}")
        return super().forward(x)

    def _half(self, side: int, stages: int) -> int:
        if side < 2:
            raise ValueError(f"shape must be large enough to be halved {stages} times, got {self.shape}")
        return output_size(side, 2, 2)
