"""Convolution and pooling on arrays, slow and clear or fast; re-exported by :mod:`book_lib.vision`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _vision_windows as windows


def _kernel(rows: list[list[float]], scale: float = 1.0) -> NDArray[np.float64]:
    array = np.array(rows, dtype=np.float64) / scale
    array.setflags(write=False)
    return array


kernels: Mapping[str, NDArray[np.float64]] = MappingProxyType(
    {
        "identity": _kernel([[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
        "vertical edges": _kernel([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
        "horizontal edges": _kernel([[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
        "blur": _kernel([[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9),
        "gaussian": _kernel([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
        "sharpen": _kernel([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        "emboss": _kernel([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
        "laplace": _kernel([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    }
)
"""Kernels of 3 × 3 by name, read-only. Those that look for edges (Sobel's) and "laplace" sum to 0, the others to 1."""


def cross_correlate(
    image: ArrayLike, kernel: ArrayLike, stride: int = 1, padding: int = 0
) -> NDArray[np.float64]:
    """Slide a kernel over an image and sum up products, loop by loop: y_rc = Σ_ij x_{r+i, c+j} k_ij.

    That is for stride 1; in steps of s, x_{rs+i, cs+j}. This is what neural networks call convolution;
    :func:`convolve` turns the kernel first. The fast twin is :func:`conv2d`. See the section :ref:`sec-vis-kernels`
    (:cite:`goodfellow2016deep`, equation 9.6).

    Args:
        image: shape (H, W).
        kernel: shape (h, w).
        stride: by how many pixels the kernel moves on, ≥ 1.
        padding: rings of zeros around the image, 0 up to one less than the kernel's shorter side.

    Returns:
        Shape (⌊(H + 2·padding − h)/stride⌋ + 1, …).

    Raises:
        ValueError: if an array is not of two axes or not finite, the kernel is larger than the padded image, or
            stride or padding is out of range.
        TypeError: if an argument is not numeric, or stride or padding not an integer.

    >>> cross_correlate([[1, 2, 3], [4, 5, 6]], [[1, -1]])
    array([[-1., -1.],
           [-1., -1.]])
    """
    x, k = _plane("image", image), _plane("kernel", kernel)
    rows, columns = windows.geometry(x.shape, k.shape, stride, padding)
    x = windows.pad(x, padding)
    y = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            for i in range(k.shape[0]):
                for j in range(k.shape[1]):
                    y[r, c] += x[r * stride + i, c * stride + j] * k[i, j]
    return y


def convolve(image: ArrayLike, kernel: ArrayLike, stride: int = 1, padding: int = 0) -> NDArray[np.float64]:
    """Slide a kernel turned by 180° over an image, the convolution of mathematics: y_rc = Σ_ij x_{r−i, c−j} k_ij.

    Only where the kernel lies on the (padded) image: the first entry of the answer is y at r = h − 1, c = w − 1.
    Arguments and errors are those of :func:`cross_correlate`; for a kernel that looks the same turned by 180° both are
    one. See the section :ref:`sec-vis-kernels` (:cite:`goodfellow2016deep`, equation 9.5).

    >>> convolve([[1, 2, 3], [4, 5, 6]], [[1, -1]])
    array([[1., 1.],
           [1., 1.]])
    """
    return cross_correlate(image, _plane("kernel", kernel)[::-1, ::-1], stride, padding)


def im2col(
    images: ArrayLike, size: int | tuple[int, int], stride: int = 1, padding: int = 0
) -> NDArray[np.float64]:
    """Lay each window of the images out as a column, so that sliding a kernel becomes one product of matrices.

    See the section :ref:`sec-vis-kernels`.

    Args:
        images: shape (N, C, H, W).
        size: of the window, h or (h, w).
        stride, padding: as for :func:`cross_correlate`.

    Returns:
        Shape (N, C·h·w, places): channel after channel, row after row; the order of torch's ``unfold``.

    Raises:
        ValueError: if the images are not finite or not of four axes, or a size is out of range.
        TypeError: if an argument is of the wrong kind.

    >>> im2col([[[[1, 2, 3], [4, 5, 6]]]], (2, 2))
    array([[[1., 2.],
            [2., 3.],
            [4., 5.],
            [5., 6.]]])
    """
    x, size = _batch("images", images), windows.pair("size", size)
    windows.geometry(x.shape[2:], size, stride, padding, "size")
    return windows.im2col(x, size, stride, padding)


def conv2d(
    images: ArrayLike, kernels: ArrayLike, bias: ArrayLike | None = None, stride: int = 1, padding: int = 0
) -> NDArray[np.float64]:
    """Return what F kernels see in each of N images: sums over channels and window, by :func:`im2col`.

    y_nfrc = b_f + Σ_cij x_{n, c, r·stride+i, c·stride+j} k_fcij, without the loops of :func:`cross_correlate`. Its
    twin with slopes is :func:`book_lib.tensor.conv2d`. See the section :ref:`sec-vis-kernels`.

    Args:
        images: shape (N, C, H, W).
        kernels: shape (F, C, h, w).
        bias: shape (F,), or None.
        stride, padding: as for :func:`cross_correlate`.

    Returns:
        Shape (N, F, H′, W′).

    Raises:
        ValueError: if shapes do not fit, an entry is not finite, or stride or padding is out of range.
        TypeError: if an argument is of the wrong kind.

    >>> conv2d(np.ones((1, 3, 4, 4)), np.ones((2, 3, 3, 3)), bias=[0.0, 1.0]).squeeze().tolist()
    [[[27.0, 27.0], [27.0, 27.0]], [[28.0, 28.0], [28.0, 28.0]]]
    """
    x, k = _batch("images", images), _batch("kernels", kernels)
    if k.shape[1] != x.shape[1]:
        raise ValueError(f"kernels must have the images' {x.shape[1]} channels, shape (F, C, h, w), got {k.shape}")
    size = windows.geometry(x.shape[2:], k.shape[2:], stride, padding)
    y = k.reshape(len(k), -1) @ windows.im2col(x, k.shape[2:], stride, padding)  # (N, F, places)
    if bias is not None:
        b = _checks.finite_array("bias", bias)
        if b.shape != (len(k),):
            raise ValueError(f"bias must have shape ({len(k)},), one entry for each kernel, got {b.shape}")
        y += b[:, None]
    return y.reshape(len(x), len(k), *size)


def max_pool(
    images: ArrayLike, size: int | tuple[int, int], stride: int | None = None
) -> NDArray[np.float64]:
    """Return the largest entry of each window: where a feature is, to within the window, and how strong.

    See the section :ref:`sec-vis-pooling`.

    Args:
        images: shape (…, H, W).
        size: of the window, h or (h, w).
        stride: by how many pixels it moves on, ≥ 1; if None, by its size, which must then be a square's.

    Returns:
        Shape (…, ⌊(H − h)/stride⌋ + 1, …).

    Raises:
        ValueError: if the images are not finite or have fewer than two axes, or the window is larger than they are.
        TypeError: if an argument is of the wrong kind.

    >>> max_pool([[1, 2, 5, 0], [3, 4, 1, 1]], 2)
    array([[4., 5.]])
    """
    return _pool(images, size, stride, np.max)


def average_pool(
    images: ArrayLike, size: int | tuple[int, int], stride: int | None = None
) -> NDArray[np.float64]:
    """Return the mean of each window. Arguments and errors are those of :func:`max_pool`.

    >>> average_pool([[1, 2, 5, 0], [3, 4, 1, 1]], 2)
    array([[2.5 , 1.75]])
    """
    return _pool(images, size, stride, np.mean)


def _pool(
    images: ArrayLike, size: int | tuple[int, int], stride: int | None, summary: Callable
) -> NDArray[np.float64]:
    x, size = _checks.finite_array("images", images), windows.pair("size", size)
    if x.ndim < 2 or not x.size:
        raise ValueError(f"images must have shape (…, H, W), got {x.shape}")
    if stride is None:
        if size[0] != size[1]:
            raise ValueError(f"stride must be given for a window that is no square, got None for {size}")
        stride = size[0]
    windows.geometry(x.shape[-2:], size, stride, 0, "size")
    cut = np.lib.stride_tricks.sliding_window_view(x, size, axis=(-2, -1))
    return summary(cut[..., ::stride, ::stride, :, :], axis=(-2, -1))


def _plane(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = _checks.finite_array(name, values)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"{name} must have shape (height, width), got {array.shape}")
    return array


def _batch(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = _checks.finite_array(name, values)
    if array.ndim != 4 or not array.size:
        shape = "(N, C, H, W)" if name == "images" else "(F, C, h, w)"
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    return array
