"""Count what a transformer is made of, and silence parts of it; see :mod:`book_lib.transformer`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from book_lib import _checks
from book_lib._transformer_model import GPT, GPTConfig


def count_parameters(config: GPTConfig) -> dict[str, int]:
    """Return how many numbers each kind of part learns, all layers together; their sum is the model's size.

    A block has 12 d² weights (4 d² in attention, 8 d² in the feed-forward part), 9 d biases and 4 d numbers in its
    norms, if the hidden part is 4 d wide; the tables have V d and ``context`` · d, the last norm 2 d. See the
    section :ref:`sec-tf-count`.

    Args:
        config: any :class:`GPTConfig`; no memory is taken, so that it may be GPT-3's.

    Returns:
        Named as in :class:`GPT`'s ``state_dict``, without the block's number; "unembedding" only if it is not tied.

    Raises:
        TypeError: if ``config`` is no :class:`GPTConfig`.

    >>> gpt3 = GPTConfig(vocab_size=50257, context=2048, width=12288, layers=96, heads=96)
    >>> sum(count_parameters(gpt3).values())
    174604259328
    """
    if not isinstance(config, GPTConfig):
        raise TypeError(f"config must be a GPTConfig, got {config!r}")
    d, bias = config.width, int(config.bias)
    norm = (1 + bias) * d
    block = {
        "norm1": norm,
        "attention.qkv": (d + bias) * 3 * d,
        "attention.out": (d + bias) * d,
        "norm2": norm,
        "mlp.up": (d + bias) * config.hidden,
        "mlp.down": (config.hidden + bias) * d,
    }
    counts = {"token_embedding": config.vocab_size * d, "position_embedding": config.context * d}
    counts |= {name: config.layers * count for name, count in block.items()}
    counts["final_norm"] = norm
    return counts if config.tied else counts | {"unembedding": config.vocab_size * d}


@contextmanager
def ablate(model: GPT, heads: Iterable[tuple[int, int]]) -> Iterator[None]:
    """Silence heads while a ``with`` block lasts: their context vectors become zero, in every way of running.

    What the others say, and the bias of the map behind them, stays. See the section :ref:`sec-tf-induction`.

    Args:
        model: a :class:`GPT`.
        heads: pairs (layer, head), counted from 0.

    Raises:
        TypeError, ValueError: if the model is none, or has no such head.

    >>> from book_lib.transformer import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=10, context=8, width=16, layers=2, heads=4))
    >>> before = model.next_logits([3, 1, 4])
    >>> with ablate(model, heads=[(1, 2)]):
    ...     bool((model.next_logits([3, 1, 4]) == before).all())
    False
    >>> bool((model.next_logits([3, 1, 4]) == before).all())
    True
    """
    if not isinstance(model, GPT):
        raise TypeError(f"model must be a GPT, got {model!r}")
    silent = _by_layer(heads, model.config)
    with ExitStack() as hooks:
        for layer, those in silent.items():
            hook = model.blocks[layer].attention.out.register_forward_pre_hook(_silencer(those, model.config))
            hooks.callback(hook.remove)
        yield


def _by_layer(heads: Iterable[tuple[int, int]], config: GPTConfig) -> dict[int, list[int]]:
    if not isinstance(heads, Iterable):
        raise TypeError(f"heads must be pairs (layer, head), got {heads!r}")
    found: dict[int, list[int]] = {}
    for pair in heads:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"heads must be pairs (layer, head), got {pair!r}")
        layer = _checks.integer("heads: the layer", pair[0], 0, config.layers - 1)
        found.setdefault(layer, []).append(_checks.integer("heads: the head", pair[1], 0, config.heads - 1))
    return found


def _silencer(silent: list[int], config: GPTConfig):
    """Return a hook that wipes the columns in which those heads' context vectors come."""
    keep = torch.ones(config.heads, config.width // config.heads)
    keep[silent] = 0

    def wipe(module: nn.Module, args: tuple[Tensor]) -> tuple[Tensor]:
        return (args[0] * keep.flatten().to(args[0]),)  # (B, T, d)

    return wipe
