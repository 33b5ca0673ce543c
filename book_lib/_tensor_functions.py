"""Functions of tensors: activations, losses, and what an image needs; see :mod:`book_lib.tensor`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _vision_windows as windows
from book_lib._probability_arrays import indices
from book_lib._tensor_core import Tensor, _broadcast, as_tensor


def relu(x: Tensor | ArrayLike) -> Tensor:
    """Return max(x, 0) entry by entry; its slope is 1 above 0, and 0 at the kink and below.

    >>> relu([-1.0, 0.0, 2.0])
    Tensor([0., 0., 2.], made by 'relu')
    """
    return as_tensor(x).relu()


def tanh(x: Tensor | ArrayLike) -> Tensor:
    """Return tanh x entry by entry."""
    return as_tensor(x).tanh()


def sigmoid(x: Tensor | ArrayLike) -> Tensor:
    """Return σ(x) = 1/(1 + e^{−x}) entry by entry."""
    return as_tensor(x).sigmoid()


def exp(x: Tensor | ArrayLike) -> Tensor:
    """Return e^x entry by entry."""
    return as_tensor(x).exp()


def log(x: Tensor | ArrayLike) -> Tensor:
    """Return ln x entry by entry. Raises ValueError unless every entry is greater than 0."""
    return as_tensor(x).log()


def maximum(a: Tensor | ArrayLike, b: Tensor | ArrayLike) -> Tensor:
    """Return the larger of a and b, entry by entry, broadcasting; where they are equal each gets half the gradient.

    Raises:
        ValueError: if the shapes do not fit together.

    >>> maximum([1.0, 5.0], 2.0)
    Tensor([2., 5.], made by 'maximum')
    """
    b = as_tensor(b, as_tensor(a).dtype if hasattr(a, "dtype") else None)
    a = as_tensor(a, b.dtype)
    data = _broadcast(np.maximum, "maximum", a, b)
    share = ((a.data > b.data) + 0.5 * (a.data == b.data)).astype(data.dtype)
    return Tensor.of(data, "maximum", (a, lambda g: g * share), (b, lambda g: g * (1 - share)))


def stack(tensors: Sequence[Tensor | ArrayLike], axis: int = 0) -> Tensor:
    """Return tensors of one shape side by side along a new axis.

    Raises:
        ValueError: if there are none, their shapes differ, or there is no place for such an axis.
        TypeError: if tensors are no sequence, or axis no integer.

    >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])], axis=1)
    Tensor([[1., 3.],
            [2., 4.]], made by 'stack')
    """
    if not hasattr(tensors, "__iter__"):
        raise TypeError(f"tensors must be a sequence, got {tensors!r} ({type(tensors).__name__})")
    parts = [as_tensor(part) for part in tensors]
    shapes = {part.shape for part in parts}
    if len(shapes) != 1:
        raise ValueError(f"tensors must be at least one, all of one shape, got the shapes {sorted(shapes)}")
    ndim = parts[0].ndim + 1
    axis = _checks.integer("axis", axis, -ndim, ndim - 1)
    data = np.stack([part.data for part in parts], axis)
    # subtle: k=k, or every rule would send back the slice of the last.
    pairs = [(part, lambda g, k=k: g.take(k, axis)) for k, part in enumerate(parts)]
    return Tensor.of(data, "stack", *pairs)


def softmax_cross_entropy(logits: Tensor | ArrayLike, labels: ArrayLike) -> Tensor:
    """Return the mean over the examples of −ln p(label), p the softmax of the logits, as one node of slope (p − t)/N.

    One node and not five: ln Σ e^z minus the largest z never overflows, and its slope needs no logarithm. See
    :ref:`sec-class-slope`; source: :cite:`bishop2006pattern`, equations 4.108 and 4.109.

    Args:
        logits: shape (N, K).
        labels: integers 0 … K−1, shape (N,).

    Raises:
        ValueError: if shapes do not fit, there are no examples, or a label is not one of K classes.
        TypeError: if labels are no numbers.

    >>> z = Tensor([[0.0, 0.0], [0.0, 0.0]], requires_grad=True)
    >>> loss = softmax_cross_entropy(z, [0, 1])
    >>> loss.backward()
    >>> round(loss.item(), 6), z.grad.tolist()
    (0.693147, [[-0.25, 0.25], [0.25, -0.25]])
    """
    z = as_tensor(logits)
    if z.ndim != 2 or 0 in z.shape:
        raise ValueError(f"logits must have shape (N, K), one row for each example, got {z.shape}")
    labels = indices("labels", labels, z.shape[1])
    if labels.shape != z.shape[:1]:
        raise ValueError(f"labels must have shape {z.shape[:1]}, one for each row of logits, got {labels.shape}")
    rows = np.arange(len(labels))
    gaps = z.data - z.data.max(axis=1, keepdims=True)
    weights = np.exp(gaps)
    totals = weights.sum(axis=1, keepdims=True)
    losses = np.log(totals[:, 0]) - gaps[rows, labels]

    def to_logits(g: NDArray) -> NDArray:
        slope = weights / totals
        slope[rows, labels] -= 1
        return slope * (g / len(labels))

    return Tensor.of(losses.mean(), "softmax_cross_entropy", (z, to_logits))


def mse(predictions: Tensor | ArrayLike, targets: Tensor | ArrayLike) -> Tensor:
    """Return the mean squared difference over all entries.

    Raises:
        ValueError: if the shapes differ: (N, 1) and (N,) would broadcast to N × N differences, almost all of them
            between strangers; or if there are no entries.

    >>> mse([1.0, 2.0], [1.0, 4.0]).item()
    2.0
    """
    predictions = as_tensor(predictions)
    targets = as_tensor(targets, predictions.dtype)
    if predictions.shape != targets.shape:
        raise ValueError(f"targets must have the shape of the predictions, {predictions.shape}, got {targets.shape}")
    return ((predictions - targets) ** 2).mean()


def conv2d(
    x: Tensor | ArrayLike,
    weight: Tensor | ArrayLike,
    bias: Tensor | ArrayLike | None = None,
    stride: int = 1,
    padding: int = 0,
) -> Tensor:
    """Return the cross-correlation of images with kernels, plus a bias: what networks call a convolution.

    Windows become columns (im2col), and the whole is one matrix product for each image; the gradient of the images
    goes the same way back (col2im). See the sections :ref:`sec-vis-kernels` and :ref:`sec-vis-backward`.

    Args:
        x: images, shape (N, C, H, W).
        weight: kernels, shape (F, C, kh, kw).
        bias: shape (F,), or None.
        stride: by how many pixels the window moves on, ≥ 1.
        padding: rings of zeros around the images, 0 … kernel − 1.

    Returns:
        Shape (N, F, H', W'), H' = ⌊(H + 2·padding − kh)/stride⌋ + 1.

    Raises:
        ValueError: if shapes do not fit, a kernel is larger than the padded image, or stride or padding out of range.
        TypeError: if stride or padding is no integer.

    >>> conv2d(np.arange(9.0).reshape(1, 1, 3, 3), [[[[1.0, -1.0]]]]).data
    array([[[[-1., -1.],
             [-1., -1.],
             [-1., -1.]]]])
    """
    x = as_tensor(x)
    weight = as_tensor(weight, x.dtype)
    bias = None if bias is None else as_tensor(bias, x.dtype)
    size, (height, width) = _fit(x, weight, bias, stride, padding)
    columns = windows.im2col(x.data, size, stride, padding)  # (N, C·kh·kw, places)
    flat = weight.data.reshape(len(weight), columns.shape[1])  # (F, C·kh·kw)
    data = (flat @ columns).reshape(len(x), len(weight), height, width)

    def places(g: NDArray) -> NDArray:
        return g.reshape(len(x), len(weight), height * width)

    def to_images(g: NDArray) -> NDArray:
        return windows.col2im(flat.T @ places(g), x.shape, size, stride, padding)

    def to_kernels(g: NDArray) -> NDArray:
        return (places(g) @ columns.swapaxes(1, 2)).sum(axis=0).reshape(weight.shape)

    inputs = [(x, to_images), (weight, to_kernels)]
    if bias is not None:
        data = data + bias.data[:, None, None]
        inputs.append((bias, lambda g: g.sum(axis=(0, 2, 3))))
    return Tensor.of(data, "conv2d", *inputs)


def _fit(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> tuple:
    """Return the kernels' size and the size of what they give, refusing shapes that do not belong together."""
    if x.ndim != 4:
        raise ValueError(f"x must have shape (N, C, H, W), got {x.shape}")
    if weight.ndim != 4 or weight.shape[1] != x.shape[1]:
        raise ValueError(f"weight must have shape (F, {x.shape[1]}, kh, kw) for x {x.shape}, got {weight.shape}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bias must have shape {weight.shape[:1]}, one for each kernel, got {bias.shape}")
    size = weight.shape[2:]
    return size, windows.geometry(x.shape[2:], size, stride, padding)


def max_pool2d(x: Tensor | ArrayLike, size: int, stride: int | None = None) -> Tensor:
    """Return the largest entry of each window; the gradient goes to it alone, to the first among equals.

    See the section :ref:`sec-vis-pooling`.

    Args:
        x: images, shape (N, C, H, W).
        size: side of the window, ≥ 1.
        stride: by how many pixels it moves on, ≥ 1; ``size`` if None.

    Returns:
        Shape (N, C, H', W'); rows and columns at the lower and right edges that fill no window are left out.

    Raises:
        ValueError: if x has another shape, the window is larger than the images, or an argument is out of range.
        TypeError: if size or stride is no integer.

    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2).data
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """
    x = as_tensor(x)
    if x.ndim != 4:
        raise ValueError(f"x must have shape (N, C, H, W), got {x.shape}")
    size = _checks.integer("size", size, 1)
    stride = size if stride is None else _checks.integer("stride", stride, 1)
    places = windows.geometry(x.shape[2:], (size, size), stride, 0, "size")
    shape = (*x.shape[:2], size * size, *places)
    cut = windows.im2col(x.data, (size, size), stride).reshape(shape)
    winners = cut.argmax(axis=2)[:, :, None]

    def back(g: NDArray) -> NDArray:
        routed = np.zeros(shape, dtype=g.dtype)
        np.put_along_axis(routed, winners, g[:, :, None], axis=2)
        return windows.col2im(routed, x.shape, (size, size), stride)

    return Tensor.of(np.take_along_axis(cut, winners, axis=2)[:, :, 0], "max_pool2d", (x, back))
