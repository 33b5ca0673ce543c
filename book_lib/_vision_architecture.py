"""Counting what a network is made of, layer by layer; re-exported by :mod:`book_lib.vision`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from book_lib import _checks
from book_lib._vision_windows import output_size


@dataclass(frozen=True)
class Conv:
    """A convolutional layer: so many square kernels, each over all channels of its group.

    Args:
        channels: kernels, and so channels of the output, ≥ 1.
        kernel: its side.
        stride, padding: as in :func:`output_size`.
        groups: into so many parts the channels fall, of the input and of the output, that do not see each other.
        name: in a table; "conv" if empty.

    Raises:
        ValueError: if a number is out of its range.
        TypeError: if one is not an integer.
    """

    channels: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    name: str = ""

    def __post_init__(self) -> None:
        for key, least in (("channels", 1), ("kernel", 1), ("stride", 1), ("padding", 0), ("groups", 1)):
            _checks.integer(key, getattr(self, key), least)
        if self.channels % self.groups:
            raise ValueError(f"groups must divide the channels, got {self.groups} for {self.channels}")


@dataclass(frozen=True)
class Pool:
    """A pooling layer, without parameters.

    Args:
        kernel: the side of its window.
        stride: ≥ 1; as long as the window if None.
        name: in a table; "pool" if empty.

    Raises:
        ValueError: if a number is out of its range.
        TypeError: if one is not an integer.
    """

    kernel: int
    stride: int | None = None
    name: str = ""

    def __post_init__(self) -> None:
        _checks.integer("kernel", self.kernel, 1)
        if self.stride is None:
            object.__setattr__(self, "stride", self.kernel)
        _checks.integer("stride", self.stride, 1)


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: each unit sees everything before it.

    Args:
        units: ≥ 1.
        name: in a table; "dense" if empty.

    Raises:
        ValueError: if ``units`` is below 1.
        TypeError: if it is not an integer.
    """

    units: int
    name: str = ""

    def __post_init__(self) -> None:
        _checks.integer("units", self.units, 1)


Layer = Conv | Pool | Dense


@dataclass(frozen=True)
class Row:
    """One layer in numbers.

    Args:
        name: of the layer.
        kind: "conv", "pool" or "dense".
        shape: of its output, (channels, height, width) or (units,).
        parameters: weights and biases.
        units: entries of its output; 0 for pooling, which computes nothing of its own and is not counted.
        multiplications: of weights with inputs, for one image.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    units: int
    multiplications: int


@dataclass(frozen=True)
class Architecture:
    """Layers one after another, and what they add up to. Printed, it is a table.

    Args:
        shape: of the input, (channels, height, width).
        layers: :class:`Conv`, :class:`Pool` and :class:`Dense`; after a dense one only dense ones fit.

    Raises:
        ValueError: if a layer does not fit what comes before it, which is named.
        TypeError: if something is no layer or a size no integer.

    >>> net = Architecture((1, 8, 8), [Conv(4, kernel=3), Pool(2), Dense(10)])
    >>> net.parameters, [row.shape for row in net.rows]
    (410, [(4, 6, 6), (4, 3, 3), (10,)])
    """

    shape: tuple[int, int, int]
    layers: tuple[Layer, ...]
    rows: tuple[Row, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.shape, (tuple, list)) or len(self.shape) != 3:
            raise ValueError(f"shape must be (channels, height, width), got {self.shape!r}")
        object.__setattr__(self, "shape", tuple(_checks.integer("shape", side, 1) for side in self.shape))
        object.__setattr__(self, "layers", _layers(self.layers))
        object.__setattr__(self, "rows", tuple(self._walk()))

    @property
    def parameters(self) -> int:
        """Weights and biases in all."""
        return sum(row.parameters for row in self.rows)

    @property
    def units(self) -> int:
        """Units in all, the input not among them."""
        return sum(row.units for row in self.rows)

    @property
    def multiplications(self) -> int:
        """Products of a weight and an input that one image takes."""
        return sum(row.multiplications for row in self.rows)

    def __str__(self) -> str:
        lines = [("layer", "output", "parameters", "units", "multiplications")]
        lines.append(("input", _times(self.shape), "", "", ""))
        for row in self.rows:
            numbers = (row.parameters, row.units, row.multiplications)
            lines.append((row.name, _times(row.shape), *(f"{number:,}" for number in numbers)))
        totals = (self.parameters, self.units, self.multiplications)
        lines.append(("in all", "", *(f"{number:,}" for number in totals)))
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        sides = "<<>>>"  # words to the left, numbers to the right
        form = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))
        return "\n".join(form.format(*line).rstrip() for line in lines)

    def _walk(self) -> Iterator[Row]:
        shape: tuple[int, ...] = self.shape
        for number, layer in enumerate(self.layers, 1):
            kind = type(layer).__name__.lower()
            try:
                row = _row(layer, kind, shape)
            except ValueError as error:
                where = f"layer {number} ({layer.name or kind})"
                raise ValueError(f"{where} does not fit an input of {_times(shape)}: {error}") from None
            yield row
            shape = row.shape


def count_parameters(layers: Sequence[Layer], shape: tuple[int, int, int] = (3, 224, 224)) -> int:
    """Return the number of weights and biases of layers on an input of this shape.

    A kernel has C/groups·h·w weights and a bias, however large the image; a dense unit one weight for each entry
    before it. See the section :ref:`sec-vis-alexnet`.

    Args:
        layers: :class:`Conv`, :class:`Pool` and :class:`Dense`.
        shape: of the input, (channels, height, width).

    Raises:
        ValueError, TypeError: as :class:`Architecture`.

    >>> count_parameters([Conv(96, kernel=11, stride=4, padding=2)])
    34944
    """
    return Architecture(shape, layers).parameters


def receptive_field(layers: Sequence[Layer | tuple[int, int] | int]) -> int:
    """Return the side of the square of input pixels that one unit of the last layer sees.

    r = 1 + Σ_l (k_l − 1) Π_{m<l} s_m: each layer widens the view by its kernel less one, in steps as long as all
    strides before it together. See the section :ref:`sec-vis-fields`.

    Args:
        layers: :class:`Conv` and :class:`Pool`, pairs (kernel, stride), or kernels alone, of stride 1.

    Raises:
        ValueError: if a number is below 1, or a pair is none.
        TypeError: if something is not a layer.

    >>> receptive_field([3, 3]), receptive_field([(3, 2), (3, 1)])
    (5, 7)
    """
    if isinstance(layers, (Conv, Pool, Dense, str)) or not hasattr(layers, "__iter__"):
        raise TypeError(f"layers must be a list of layers, got {layers!r}")
    field, jump = 1, 1
    for layer in layers:
        kernel, stride = _reach(layer)
        field += (kernel - 1) * jump
        jump *= stride
    return field


def alexnet() -> Architecture:
    """Return the network that won the ImageNet contest of 2012, layer by layer.

    Eight layers that learn, and three that pool; the second, fourth and fifth convolution see half of the channels
    each, because two processors shared the work (:cite:`krizhevsky2012imagenet`, section 3.5). The input is 224 pixels
    wide as printed there, with the padding of 2 that makes 55 places of it. See the section :ref:`sec-vis-alexnet`.

    >>> net = alexnet()
    >>> net.parameters, net.units
    (60965224, 659272)
    """
    return Architecture(
        (3, 224, 224),
        (
            Conv(96, 11, stride=4, padding=2, name="conv1"),
            Pool(3, 2, name="pool1"),
            Conv(256, 5, padding=2, groups=2, name="conv2"),
            Pool(3, 2, name="pool2"),
            Conv(384, 3, padding=1, name="conv3"),
            Conv(384, 3, padding=1, groups=2, name="conv4"),
            Conv(256, 3, padding=1, groups=2, name="conv5"),
            Pool(3, 2, name="pool5"),
            Dense(4096, name="fc6"),
            Dense(4096, name="fc7"),
            Dense(1000, name="fc8"),
        ),
    )


def _row(layer: Layer, kind: str, shape: tuple[int, ...]) -> Row:
    """Return the numbers of a layer on what comes before it."""
    name = layer.name or kind
    if isinstance(layer, Dense):
        weights = layer.units * math.prod(shape)
        return Row(name, kind, (layer.units,), weights + layer.units, layer.units, weights)
    if len(shape) != 3:
        raise ValueError("it needs an image, and after a dense layer there is none")
    channels, *sides = shape
    padding = layer.padding if isinstance(layer, Conv) else 0
    height, width = (output_size(side, layer.kernel, layer.stride, padding) for side in sides)
    if isinstance(layer, Pool):
        return Row(name, kind, (channels, height, width), 0, 0, 0)
    if channels % layer.groups:
        raise ValueError(f"groups must divide the channels, got {layer.groups} for {channels}")
    weights = layer.channels * (channels // layer.groups) * layer.kernel**2
    places = height * width
    return Row(
        name, kind, (layer.channels, height, width), weights + layer.channels, layer.channels * places, weights * places
    )


def _layers(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    if not isinstance(layers, (tuple, list)):
        raise TypeError(f"layers must be a list of layers, got {layers!r}")
    for layer in layers:
        if not isinstance(layer, (Conv, Pool, Dense)):
            raise TypeError(f"layers must hold Conv, Pool and Dense, got {layer!r}")
    return tuple(layers)


def _reach(layer: Layer | tuple[int, int] | int) -> tuple[int, int]:
    """Return kernel and stride."""
    if isinstance(layer, (Conv, Pool)):
        return layer.kernel, layer.stride
    if isinstance(layer, Dense):
        raise TypeError(f"layers must slide over the image, got {layer!r}, which sees all of it")
    values = layer if isinstance(layer, (tuple, list)) else (layer, 1)
    if len(values) != 2:
        raise ValueError(f"layers must be pairs (kernel, stride), got {layer!r}")
    return _checks.integer("kernel", values[0], 1), _checks.integer("stride", values[1], 1)


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
