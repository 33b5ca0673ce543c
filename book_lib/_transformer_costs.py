"""What a decoder-only transformer costs: where its parameters sit, the memory it takes and the arithmetic it asks for;
and, on hardware of given numbers, the time and the money.

The one home of such sums, and the twin of ``explorables/core/transformer_costs.js``.
"""

from __future__ import annotations

import math

from book_lib import _checks
from book_lib._transformer_model import GPTConfig
from book_lib._transformer_tools import count_parameters

BYTES = {"float32": 4, "bfloat16": 2, "int8": 1}
PRESETS = {
    "toy": (2, 16, 2, 27, 8),
    "page": (4, 128, 4, 512, 128),
    "small": (12, 768, 12, 50_257, 1024),
    "xl": (48, 1600, 25, 50_257, 1024),
    "gpt3": (96, 12_288, 96, 50_257, 2048),
}
"""Layers, width, heads, vocabulary and context of a toy, of the model in the page, of GPT-2 small and XL, of GPT-3."""


def preset(name: str, tied: bool = True) -> GPTConfig:
    """Return the sizes of one of `PRESETS`.

    Raises:
        ValueError: if there is none of that name.

    >>> preset("page").width
    128
    """
    layers, width, heads, vocabulary, context = PRESETS[_checks.one_of("name", name, PRESETS)]
    return GPTConfig(vocabulary, context, width, layers, heads, tied=tied)


def where_they_sit(config: GPTConfig) -> dict[str, int]:
    """Return the parameters by the part of the architecture that holds them; they sum to the model's size.

    Args:
        config: sizes of a :class:`GPTConfig`.

    Returns:
        "tokens", "positions", "attention", "feed_forward", "norms", "unembedding" (0 if tied).

    >>> where_they_sit(preset("small"))["feed_forward"]
    56669184
    """
    counts = count_parameters(config)
    parts = {
        "tokens": ["token_embedding"],
        "positions": ["position_embedding"],
        "attention": ["attention.qkv", "attention.out"],
        "feed_forward": ["mlp.up", "mlp.down"],
        "norms": ["norm1", "norm2", "final_norm"],
        "unembedding": ["unembedding"],
    }
    return {part: sum(counts.get(name, 0) for name in names) for part, names in parts.items()}


def activations_per_token(config: GPTConfig, stored: bool = False) -> int:
    """Return how many numbers the forward pass keeps for the backward pass, for each token.

    In a block: the inputs of both norms, of the four matrices and of the activation, and queries, keys and values:
    8 d + 2 m; with attention's weights stored, a row of T for each head besides. At the end 2 d and the V logits.
    Counted as in :cite:`korthikanti2023reducing`, section 4.1, without dropout, and with attention computed anew on the
    way back unless ``stored``.

    >>> activations_per_token(preset("page"))
    8960
    """
    rows = config.heads * config.context if stored else 0
    return config.layers * (8 * config.width + 2 * config.hidden + rows) + 2 * config.width + config.vocab_size


def state_bytes(parameters: float, precision: str = "float32") -> dict[str, float]:
    """Return the bytes that training keeps for the parameters alone, without activations: 16 for each, either way.

    Args:
        parameters: N > 0.
        precision: of weights and gradients, "float32" or "bfloat16"; Adam keeps its two moments in float32, and with
            bfloat16 a float32 copy of the weights as well.

    Returns:
        "weights", "gradients", "adam": 4, 4 and 8 bytes for each parameter, or 2, 2 and 12. Source of the latter:
        :cite:`rajbhandari2020zero`, section 3.1.

    Raises:
        TypeError, ValueError: if N is no positive number, or the precision is unknown.

    >>> sum(state_bytes(175e9, "bfloat16").values()) / 1e12  # TB
    2.8
    """
    _checks.positive("parameters", parameters)
    size = BYTES[_checks.one_of("precision", precision, ("float32", "bfloat16"))]
    moments = 8 if precision == "float32" else 12
    return {"weights": size * parameters, "gradients": size * parameters, "adam": moments * parameters}


def memory(config: GPTConfig, precision: str = "float32", cache: str | None = None, batch: int = 1,
           stored: bool = False) -> dict[str, int]:  # fmt: skip
    """Return the bytes that training and generation take.

    Args:
        config: sizes of a :class:`GPTConfig`.
        precision: of weights, gradients and activations, "float32" or "bfloat16"; Adam keeps its two moments in
            float32, and with bfloat16 a float32 copy of the weights as well.
        cache: of keys and values while it writes: a precision, or "int8"; that of the weights if None.
        batch: texts of full length at once, ≥ 1.
        stored: whether attention's weights are kept for the backward pass.

    Returns:
        "weights", "gradients", "adam", "activations" (training: all four; generation: the weights), "cache".

    Raises:
        TypeError, ValueError: for an unknown precision or a batch that is no positive integer.

    >>> memory(preset("gpt3"), "bfloat16")["weights"] / 1e9  # GB
    349.208518656
    """
    _checks.one_of("precision", precision, ("float32", "bfloat16"))
    per_entry = BYTES[_checks.one_of("cache", precision if cache is None else cache, BYTES)]
    batch = _checks.integer("batch", batch, 1)
    n, size = sum(count_parameters(config).values()), BYTES[precision]
    texts = batch * config.context
    return {
        **state_bytes(n, precision),
        "activations": size * texts * activations_per_token(config, stored),
        "cache": 2 * config.layers * config.width * texts * per_entry,
    }


def flops(config: GPTConfig, tokens: float) -> dict[str, float]:
    """Return floating-point operations: 6 N D to train, 2 N for each token written, and attention's share on top.

    Args:
        config: sizes of a :class:`GPTConfig`.
        tokens: D > 0, tokens that training sees.

    Returns:
        "training" (6 N D), "token" (2 N, forward), "attention" (4 L d T: a token that looks at a full context), and
        "share", attention's over 2 N. Source: Kaplan and others,
        "Scaling laws for neural language models", 2020, section 2.1, with all parameters in N.

    Raises:
        TypeError, ValueError: if ``tokens`` is no positive number.

    >>> f"{flops(preset('gpt3'), 300e9)['training']:.3g}"
    '3.14e+23'
    """
    n = sum(count_parameters(config).values())
    attention = 4 * config.layers * config.width * config.context
    return {"training": training_flops(n, tokens), "token": 2 * n, "attention": attention, "share": attention / (2 * n)}


def training_flops(parameters: float, tokens: float) -> float:
    """Return the floating-point operations of a training: C = 6 N D, for any N, whatever its architecture.

    A token costs 2 N on the way forward (a multiplication and an addition with each parameter) and twice that on the
    way back, for the gradients of the inputs and of the weights. Attention's own share is left out. Source:
    :cite:`kaplan2020scaling`, section 2.1. See the section :ref:`sec-llm-compute`.

    Args:
        parameters: N > 0.
        tokens: D > 0, each counted as often as it is read.

    Raises:
        TypeError, ValueError: if an argument is no positive number.

    >>> f"{training_flops(175e9, 300e9):.3g}"  # GPT-3
    '3.15e+23'
    """
    return 6.0 * _checks.positive("parameters", parameters) * _checks.positive("tokens", tokens)


def training_seconds(flops: float, peak: float, utilization: float = 1.0, devices: int = 1) -> float:
    """Return how long a training takes: t = C / (devices · peak · utilization).

    Args:
        flops: C > 0, operations in all.
        peak: operations a second that a device could do, > 0.
        utilization: the share of them that the training makes use of, above 0, at most 1.
        devices: that share the work, ≥ 1.

    Raises:
        TypeError, ValueError: if an argument is out of its range.

    See the section :ref:`sec-llm-compute`.

    >>> round(training_seconds(3.15e23, peak=1e14, utilization=0.4, devices=1024) / 86_400)  # days
    89
    """
    share = _checks.positive("utilization", utilization)
    if share > 1:
        raise ValueError(f"utilization must be at most 1, got {utilization!r}")
    speed = _checks.integer("devices", devices, 1) * _checks.positive("peak", peak) * share
    return _checks.positive("flops", flops) / speed


def training_cost(seconds: float, devices: int, price: float) -> float:
    """Return what the devices cost for that long, in the currency of the price.

    Args:
        seconds: of the training, > 0.
        devices: that are paid for, ≥ 1.
        price: of a device for an hour, ≥ 0.

    Raises:
        TypeError, ValueError: if an argument is out of its range.

    See the section :ref:`sec-llm-compute`.

    >>> training_cost(7200, devices=8, price=2.5)
    40.0
    """
    if _checks.finite("price", price) < 0:
        raise ValueError(f"price must not be negative, got {price!r}")
    return _checks.positive("seconds", seconds) / 3600 * _checks.integer("devices", devices, 1) * price


def devices_to_hold(bytes_: float, memory: float) -> int:
    """Return how many devices hold so many bytes between them, if each holds an even share.

    Args:
        bytes_: > 0.
        memory: of a device, in bytes, > 0.

    Raises:
        TypeError, ValueError: if an argument is no positive number.

    >>> devices_to_hold(2.8e12, memory=80e9)
    35
    """
    return math.ceil(_checks.positive("bytes_", bytes_) / _checks.positive("memory", memory))
