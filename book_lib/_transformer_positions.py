"""Where a token stands: waves that are added to it, or angles it is turned by; see :mod:`book_lib.transformer`."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._transformer_model import GPT


def sinusoidal_positions(n: int, width: int, base: float = 10_000.0) -> NDArray[np.float64]:
    """Return waves, of a different length in each pair of columns: sin(p/b^{2i/d}) and cos(p/b^{2i/d}).

    Source: :cite:`vaswani2017attention`, section 3.5. See the section :ref:`sec-tf-positions`.

    Args:
        n: positions p = 0 … n − 1.
        width: d, even; column 2i holds the sine and 2i + 1 the cosine.
        base: b > 0. The wavelengths go from 2π up to almost 2πb tokens.

    Returns:
        Shape (n, width), entries in [−1, 1].

    Raises:
        TypeError, ValueError: if ``n`` is no positive integer, ``width`` no positive even one, or ``base`` not
            positive.

    >>> sinusoidal_positions(2, 4).round(3)
    array([[0.   , 1.   , 0.   , 1.   ],
           [0.841, 0.54 , 0.01 , 1.   ]])
    """
    n = _checks.integer("n", n, 1, _checks.LONGEST)
    angles = _angles(np.arange(n), _even("width", width), base)  # (n, d/2)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(n, width)


def rotate(x: ArrayLike, positions: ArrayLike, base: float = 10_000.0) -> NDArray[np.float64]:
    """Turn each pair of x's numbers by an angle that grows with the position: rotary embedding, RoPE.

    Pair i, made of the entries 2i and 2i + 1, is turned by p/b^{2i/d} radians. Then the product of a query at p and
    a key at p′ depends on p − p′ only. Source: :cite:`su2024roformer`, equations 14 and 15. See the section
    :ref:`sec-tf-positions`.

    Args:
        x: queries or keys, shape (…, n, d), d even.
        positions: p of each row, shape (n,), or any that broadcasts to (…, n); real numbers within ±10⁹.
        base: b > 0.

    Returns:
        The turned rows, of x's shape and lengths.

    Raises:
        TypeError, ValueError: if numbers are not finite, d is odd, or the shapes do not fit.

    >>> rotate([[1.0, 0.0], [1.0, 0.0]], [0, np.pi / 2]).round(3)
    array([[1., 0.],
           [0., 1.]])
    """
    x, positions = _checks.finite_array("x", x), _checks.finite_array("positions", positions)
    if x.ndim == 0 or x.size == 0:
        raise ValueError(f"x must have shape (..., n, d) with n, d ≥ 1, got {x.shape}")
    if np.abs(positions).max(initial=0) > 1e9:  # beyond, an angle's rounding is seen
        raise ValueError(f"positions must lie within ±1e9, got {np.abs(positions).max():g} in size")
    try:
        positions = np.broadcast_to(positions, x.shape[:-1])
    except ValueError:
        raise ValueError(f"positions must broadcast to {x.shape[:-1]}, got shape {positions.shape}") from None
    angles = _angles(positions, _even("the last axis of x", x.shape[-1]), base)  # (…, n, d/2)
    cos, sin, a, b = np.cos(angles), np.sin(angles), x[..., 0::2], x[..., 1::2]
    return np.stack([a * cos - b * sin, a * sin + b * cos], axis=-1).reshape(x.shape)


def with_waves(model: GPT, height: float = 0.3) -> GPT:
    """Let a model's position embedding begin as :func:`sinusoidal_positions` of that height, and return the model.

    It stays learnable. From random beginnings a small model spends its first thousand steps on finding out which
    positions are neighbours; waves tell it. See the section :ref:`sec-tf-positions`.

    Args:
        model: an untrained :class:`GPT` of even width, which is changed.
        height: of the waves, finite.

    Raises:
        TypeError, ValueError: if the model is none, its width is odd, or the height is not finite.

    >>> from book_lib.transformer import GPT, GPTConfig
    >>> model = with_waves(GPT(GPTConfig(vocab_size=10, context=8, width=16, layers=2, heads=4)))
    >>> round(model.position_embedding.weight.max().item(), 3)
    0.3
    """
    if not isinstance(model, GPT):
        raise TypeError(f"model must be a GPT, got {model!r}")
    waves = sinusoidal_positions(model.config.context, model.config.width) * _checks.finite("height", height)
    with torch.no_grad():
        model.position_embedding.weight.copy_(torch.from_numpy(waves))
    return model


def _angles(positions: NDArray, width: int, base: float) -> NDArray[np.float64]:
    """Return p/b^{2i/d}, shape (…, d/2)."""
    lengths = _checks.positive("base", base) ** (np.arange(0, width, 2) / width)
    return positions[..., None] / lengths


def _even(name: str, width: int) -> int:
    width = _checks.integer(name, width, 2)
    if width % 2:
        raise ValueError(f"{name} must be even, got {width}")
    return width
