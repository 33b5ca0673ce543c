"""Guards for tokens on their way into a transformer; see :mod:`book_lib.transformer`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from book_lib import _checks

if TYPE_CHECKING:
    from book_lib._transformer_model import GPT

_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


def as_ids(
    name: str, ids: ArrayLike | Tensor, model: GPT, shape: str = "(T,) or (B, T)", read: int = 0, batch: int = 0
) -> Tensor:
    """Return ``ids`` as a tensor (B, T) beside the model's weights.

    Args:
        name: of the argument, for complaints.
        ids: a token, (T,) or (B, T); only the last if ``shape`` says so.
        model: whose vocabulary and context count.
        shape: "(B, T)" for a whole batch only.
        read: tokens that take up the context already.
        batch: B that must come, if not 0; one text of a batch of one may come as (T,).

    Raises:
        TypeError: if they are no integers.
        ValueError: if they have another shape, are none, are too many or not in the vocabulary, or the model has
            no weights.
    """
    device = model.token_embedding.weight.device
    if device.type == "meta":
        raise ValueError("model must have weights to read; this one was made with seed=None")
    ids = _integers(name, ids, device)
    came = tuple(ids.shape)
    if ids.ndim < 2 and shape != "(B, T)":
        ids = ids.reshape(1, -1)
    if ids.ndim != 2:
        raise ValueError(f"{name} must have shape {shape}, got {came}")
    if ids.numel() == 0:
        raise ValueError(f"{name} must hold at least one token, got shape {came}")
    if batch and ids.size(0) != batch:
        raise ValueError(f"{name} must have shape ({batch}, T) for a batch of {batch}, got {came}")
    left = model.config.context - read
    if ids.size(1) > left:
        room = f"the context of {model.config.context}" + f", {left} of it left" * (read > 0)
        raise ValueError(f"{name} must fit into {room}: got {ids.size(1)} tokens")
    _within(name, ids, 0, model.config.vocab_size)
    return ids


def as_targets(name: str, targets: ArrayLike | Tensor, logits: Tensor) -> Tensor:
    """Return ``targets`` (B, T) as int64, each −1 or in the vocabulary, for logits (B, T, V).

    Raises:
        TypeError: if they are no integers.
        ValueError: if they have another shape, are not in the vocabulary, or all are −1.
    """
    targets = _integers(name, targets, logits.device).long()
    if targets.shape != logits.shape[:2]:
        raise ValueError(f"{name} must have the ids' shape {tuple(logits.shape[:2])}, got {tuple(targets.shape)}")
    if _within(name, targets, -1, logits.size(2)) < 0:
        raise ValueError(f"{name} must ask for one token at least, got -1 everywhere")
    return targets


def _integers(name: str, values: ArrayLike | Tensor, device: torch.device) -> Tensor:
    if not isinstance(values, Tensor):
        array = _checks.regular(name, values)
        if array.size and array.dtype.kind not in "iu":
            raise TypeError(f"{name} must be integers, got {array.dtype.name} entries")
        if array.dtype == np.uint64 and array.size and array.max() >= 2**63:
            raise ValueError(f"{name} must be in the vocabulary, got {array.max()}")
        values = torch.from_numpy(np.array(array, dtype=np.int64))
    if values.dtype not in _INTEGERS:
        raise TypeError(f"{name} must be integers, got {values.dtype}")
    # int32 and int64 are what an embedding takes
    return values.to(device, None if values.dtype in _INTEGERS[:2] else torch.int64)


def _within(name: str, ids: Tensor, lowest: int, vocab_size: int) -> int:
    """Return the largest id."""
    low, high = (int(end) for end in ids.aminmax())
    if low < lowest or high >= vocab_size:
        besides = " or -1" if lowest else ""
        came = low if low < lowest else high
        raise ValueError(f"{name} must be in 0 ... {vocab_size - 1}{besides} (the vocabulary), got {came}")
    return high
