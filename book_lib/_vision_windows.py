"""Windows on images: where they lie, cutting them out (im2col) and laying them back; see :mod:`book_lib.vision`.

:mod:`book_lib.tensor` uses :func:`im2col` and :func:`col2im`, which are adjoint to each other, for its convolution.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from book_lib import _checks


def output_size(n: int, kernel: int, stride: int = 1, padding: int = 0) -> int:
    """Return how many places a kernel has along a side: ⌊(n + 2·padding − kernel)/stride⌋ + 1.

    See the section :ref:`sec-vis-kernels`.

    Args:
        n: pixels along the side, ≥ 1.
        kernel: pixels that it covers, 1 … n + 2·padding.
        stride: by how many pixels it moves on, ≥ 1.
        padding: rings of zeros around the image, 0 … kernel − 1: more would add places where it sees only zeros.

    Raises:
        ValueError: if a number is out of its range, or the kernel larger than the padded image.
        TypeError: if one is not an integer.

    >>> output_size(224, kernel=11, stride=4, padding=2)
    55
    """
    return _places(n, kernel, stride, padding, "kernel")


def _places(n: int, size: int, stride: int, padding: int, name: str) -> int:
    """Return :func:`output_size` for a window of ``size`` that its caller knows as ``name``."""
    n, size = _checks.integer("n", n, 1), _checks.integer(name, size, 1)
    stride, padding = _checks.integer("stride", stride, 1), _checks.integer("padding", padding, 0)
    if padding >= size:
        raise ValueError(
            f"padding must be less than the {name}, 0 … {size - 1}, got {padding}: "
            "beyond that it sees nothing but zeros"
        )
    if size > n + 2 * padding:
        raise ValueError(
            f"{name} must not be larger than the padded image, got {size} for {n} + 2·{padding} pixels"
        )
    return (n + 2 * padding - size) // stride + 1


def pair(name: str, value: Any) -> tuple[int, int]:
    """Return a size given as one integer or as (height, width), at least 1 each."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{name} must be an integer or a pair (height, width), got {value!r}")
        return _checks.integer(name, value[0], 1), _checks.integer(name, value[1], 1)
    side = _checks.integer(name, value, 1)
    return side, side


def geometry(
    shape: tuple[int, int], size: tuple[int, int], stride: int, padding: int, name: str = "kernel"
) -> tuple[int, int]:
    """Return the height and width of what a window of ``size``, called ``name``, gives on an image of ``shape``."""
    height = _places(shape[0], size[0], stride, padding, name)
    return height, _places(shape[1], size[1], stride, padding, name)


def pad(images: NDArray, padding: int) -> NDArray:
    """Return images, shape (…, H, W), inside ``padding`` rings of zeros; the same array where there are none."""
    if not padding:
        return images
    *lead, height, width = images.shape
    wide = np.zeros((*lead, height + 2 * padding, width + 2 * padding), dtype=images.dtype)
    wide[..., padding:-padding, padding:-padding] = images
    return wide


def im2col(images: NDArray, size: tuple[int, int], stride: int = 1, padding: int = 0) -> NDArray:
    """Return the windows of images as columns: (N, C, H, W) → (N, C·kh·kw, places), in the order of torch's unfold.

    Row c·kh·kw + i·kw + j holds what pixel (i, j) of the window sees in channel c, place after place, row by row.
    """
    (n, channels), (rows, columns) = images.shape[:2], geometry(images.shape[2:], size, stride, padding)
    wide = pad(images, padding)
    cut = np.empty((n, channels, *size, rows, columns), dtype=images.dtype)
    for i in range(size[0]):
        for j in range(size[1]):
            # subtle: one slice for each pixel of the window, not one for each place: kh·kw copies of whole images.
            cut[:, :, i, j] = wide[..., _reach(i, rows, stride), _reach(j, columns, stride)]
    return cut.reshape(n, channels * size[0] * size[1], rows * columns)


def col2im(
    columns: NDArray, shape: tuple[int, ...], size: tuple[int, int], stride: int = 1, padding: int = 0
) -> NDArray:
    """Add windows up where they were cut from: the adjoint of :func:`im2col`, for images of ``shape`` (N, C, H, W).

    Adjoint means Σ im2col(x)·y = Σ x·col2im(y) for all x and y, and so the gradient takes this way back.
    """
    n, channels, height, width = shape
    rows, across = geometry((height, width), size, stride, padding)
    cut = columns.reshape(n, channels, *size, rows, across)
    wide = np.zeros((n, channels, height + 2 * padding, width + 2 * padding), dtype=columns.dtype)
    for i in range(size[0]):
        for j in range(size[1]):
            wide[..., _reach(i, rows, stride), _reach(j, across, stride)] += cut[:, :, i, j]
    return wide[..., padding : padding + height, padding : padding + width]


def _reach(first: int, count: int, stride: int) -> slice:
    """Return the ``count`` pixels that one pixel of the window meets, from ``first`` in strides."""
    return slice(first, first + (count - 1) * stride + 1, stride)
