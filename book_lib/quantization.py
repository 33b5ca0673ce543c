"""A trained model made small enough to travel: a byte for each weight, one scale for each row.

``page_arrays`` packs a :class:`book_lib.transformer.GPT` and its tokenizer into arrays that
:func:`book_lib.explorables.asset` ships beside a page, where ``core/gpt.js`` runs them; ``from_page_arrays`` reads
them back. The page and Python then compute with the same rounded weights.

See the section :ref:`sec-tf-page`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks

if TYPE_CHECKING:
    from book_lib.tokenizer import BPETokenizer
    from book_lib.transformer import GPT, GPTConfig

FORMAT = 1
"""What the arrays are; a page that expects another one refuses them."""

LEVELS = 127  # −127 … 127: −128 stays unused, so that the levels are symmetric about 0
SCALE = ":scale"  # the scales of the rows of `w` are in `w:scale`
TABLE = "token_embedding.weight"
SIZES = ("vocab_size", "context", "width", "layers", "heads", "hidden")
ACTIVATIONS = ("gelu", "gelu_tanh")
MATRICES = ("qkv.weight", "out.weight", "up.weight", "down.weight", "token_embedding.weight", "unembedding.weight")


def quantize(matrix: ArrayLike) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round a matrix to 255 levels a row: w ≈ q·s with s = max|w|/127 in each row.

    No entry moves by more than s/2, half a 127th of the largest in its row.

    Source: symmetric linear quantization, one scale a channel, as in :cite:`jacob2018quantization`.
    See the section :ref:`sec-tf-page`.

    Args:
        matrix: finite numbers, shape (rows, columns).

    Returns:
        q, int8 of the same shape, and s, float32 of shape (rows,); a row of zeros has s = 0.

    Raises:
        ValueError: if it is no matrix, or holds NaN, infinity or a number beyond float32.
        TypeError: if it holds no real numbers.

    >>> levels, scales = quantize([[1.0, -0.5], [0.0, 0.0]])
    >>> levels.tolist()
    [[127, -64], [0, 0]]
    """
    array = _checks.finite_array("matrix", matrix)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"matrix must have shape (rows, columns), got shape {array.shape}")
    most = np.abs(array).max(axis=1)
    if (most > np.finfo(np.float32).max).any():
        raise ValueError(f"matrix must hold numbers that float32 has, got {most.max():g}")
    scales = (most / LEVELS).astype(np.float32)
    # subtle: by the scale as it is shipped; one that has become 0 in float32 leaves a row of zeros
    levels = np.rint(array / np.where(scales > 0, scales, np.inf)[:, None].astype(np.float64))
    return np.clip(levels, -LEVELS, LEVELS).astype(np.int8), scales


def dequantize(levels: ArrayLike, scales: ArrayLike) -> NDArray[np.float32]:
    """Return q·s, the matrix that :func:`quantize` has rounded, as float32 of shape (rows, columns).

    Args:
        levels: q, int8, shape (rows, columns).
        scales: s, shape (rows,), at least 0.

    Raises:
        ValueError: if the shapes do not belong together, or a scale is negative or not finite.
        TypeError: if the levels are not int8.

    See the section :ref:`sec-tf-page`.

    >>> dequantize(np.array([[127, -64]], np.int8), [1 / 127]).round(3).tolist()
    [[1.0, -0.5040000081062317]]
    """
    q = _checks.regular("levels", levels)
    if q.dtype != np.int8:
        raise TypeError(f"levels must be int8, got {q.dtype.name}")
    s = _checks.finite_array("scales", scales)
    if q.ndim != 2 or s.shape != q.shape[:1]:
        raise ValueError(f"scales must have shape (rows,) for levels (rows, columns), got {s.shape} and {q.shape}")
    if (s < 0).any():
        raise ValueError(f"scales must be at least 0, got {s.min():g}")
    return q.astype(np.float32) * s.astype(np.float32)[:, None]


def page_arrays(model: GPT, tokenizer: BPETokenizer, precision: str = "int8") -> dict[str, NDArray]:
    """Pack a model and its tokenizer for :func:`book_lib.explorables.asset`.

    Args:
        model: a :class:`book_lib.transformer.GPT`.
        tokenizer: whose ids the model was trained on.
        precision: "int8" rounds the matrices by :func:`quantize`; "float32" ships all weights as they are.

    Returns:
        ``config`` (int32: format, sizes, and three flags), ``merges`` (int32, (merges, 2)), ``tokenizer`` (JSON as
        bytes), and the weights by their names in ``model.state_dict()``; for a rounded one also ``<name>:scale``.

    Raises:
        TypeError: if either is of another kind.
        ValueError: if the model has no weights (``seed=None``), or such as float32 does not hold; if the tokenizer
            has more ids than the model, ids in an order of its own, or splits text by a pattern that pages do not know.

    See the section :ref:`sec-tf-page`.

    >>> from book_lib.tokenizer import BPETokenizer
    >>> from book_lib.transformer import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=258, context=8, width=8, layers=1, heads=2))
    >>> arrays = page_arrays(model, BPETokenizer.train("abababab", 258))
    >>> arrays["token_embedding.weight"].dtype, arrays["token_embedding.weight:scale"].shape
    (dtype('int8'), (258,))
    """
    from book_lib.tokenizer import BPETokenizer
    from book_lib.transformer import GPT

    _checks.one_of("precision", precision, ("int8", "float32"))
    if not isinstance(model, GPT):
        raise TypeError(f"model must be a GPT, got {type(model).__name__}")
    if not isinstance(tokenizer, BPETokenizer):
        raise TypeError(f"tokenizer must be a BPETokenizer, got {type(tokenizer).__name__}")
    if tokenizer.vocab_size > model.config.vocab_size:
        raise ValueError(
            f"tokenizer must have at most the model's {model.config.vocab_size} ids, got {tokenizer.vocab_size}"
        )
    arrays = {"config": _sizes(model.config)} | _words(tokenizer)
    for name, weight in _weights(model):
        if precision == "int8" and name.endswith(MATRICES):
            arrays[name], arrays[name + SCALE] = quantize(weight)
        else:
            arrays[name] = weight.copy()
    return arrays


def from_page_arrays(arrays: Mapping[str, ArrayLike]) -> tuple[GPT, BPETokenizer]:
    """Read back what :func:`page_arrays` has packed: the model with its rounded weights, and the tokenizer.

    Raises:
        TypeError: if they are no mapping.
        ValueError: if an array is missing, or of another format, shape or kind, or there are not as many blocks as
            layers; names it.

    See the section :ref:`sec-tf-page`.
    """
    import torch

    from book_lib.transformer import GPT

    if not isinstance(arrays, Mapping):
        raise TypeError(f"arrays must be a mapping from names to arrays, got {type(arrays).__name__}")
    model = GPT(_config(arrays), seed=None)
    weights = {}
    for name, tensor in model.state_dict().items():
        weight = _weight(arrays, name)
        if weight.shape != tuple(tensor.shape):
            raise ValueError(f"arrays[{name!r}] must have shape {tuple(tensor.shape)}, got {weight.shape}")
        weights[name] = torch.from_numpy(weight.copy())
    model.load_state_dict(weights, assign=True)
    tokenizer = _tokenizer(arrays)
    if tokenizer.vocab_size > model.config.vocab_size:
        count, most = tokenizer.vocab_size, model.config.vocab_size
        raise ValueError(f"arrays['merges'] must make at most the model's {most} ids, got {count}")
    return model.eval(), tokenizer


def quantized(model: GPT) -> GPT:
    """Return a copy of the model with the weights that a page has: matrices rounded by :func:`quantize`.

    Raises:
        TypeError: if it is no GPT.
        ValueError: if it has no weights (``seed=None``), or such as float32 does not hold.

    See the section :ref:`sec-tf-page`.

    >>> from book_lib.transformer import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=10, context=8, width=8, layers=1, heads=2))
    >>> bool(abs(quantized(model).next_logits([1, 2]) - model.next_logits([1, 2])).max() < 1e-2)
    True
    """
    import torch

    from book_lib.transformer import GPT

    if not isinstance(model, GPT):
        raise TypeError(f"model must be a GPT, got {type(model).__name__}")
    rounded = GPT(model.config)
    weights = {}
    for name, weight in _weights(model):
        weights[name] = torch.from_numpy(
            dequantize(*quantize(weight)) if name.endswith(MATRICES) else weight.copy()
        )
    rounded.load_state_dict(weights)
    return rounded.train(model.training)


# ------------------------------------------------------------------------------------------------------ pieces


def _weights(model: GPT) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """A model's weights by their names, refusing what a page cannot compute with."""
    if model.token_embedding.weight.is_meta:
        raise ValueError("model must have weights; this one was made with seed=None")
    for name, tensor in model.state_dict().items():
        weight = tensor.detach().cpu().float().numpy()
        if not np.isfinite(weight).all():
            raise ValueError(f"model must have weights that float32 holds, got NaN or infinity in {name}")
        yield name, weight


def _sizes(config: GPTConfig) -> NDArray[np.int32]:
    """A model's sizes as ``core/gpt.js`` reads them."""
    numbers = [FORMAT, *(getattr(config, name) for name in SIZES)]
    return np.array([*numbers, ACTIVATIONS.index(config.activation), config.bias, config.tied], dtype=np.int32)


def _config(arrays: Mapping[str, ArrayLike]) -> GPTConfig:
    from book_lib.transformer import GPTConfig

    numbers = np.asarray(_array(arrays, "config"))
    if numbers.shape != (len(SIZES) + 4,) or numbers.dtype.kind not in "iu" or numbers[0] != FORMAT:
        raise ValueError(
            f"arrays['config'] must be of format {FORMAT}, in {len(SIZES) + 4} integers, got {numbers.tolist()}"
        )
    sizes = {name: int(n) for name, n in zip(SIZES, numbers[1:], strict=False)}
    tanh, bias, tied = (int(n) for n in numbers[-3:])
    if not {tanh, bias, tied} <= {0, 1}:
        raise ValueError(f"arrays['config'] must end in three flags, 0 or 1, got {numbers[-3:].tolist()}")
    try:
        config = GPTConfig(**sizes, activation=ACTIVATIONS[tanh], bias=bool(bias), tied=bool(tied))
    except ValueError as error:
        raise ValueError(f"arrays['config'] must hold the sizes of a GPT: {error}") from None
    # subtle: before a model is made; sizes that were damaged could ask for more than any memory.
    blocks = len({name.split(".")[1] for name in arrays if name.startswith("blocks.")})
    if config.layers != blocks:
        raise ValueError(f"arrays must hold as many blocks as layers, {config.layers}, got {blocks}")
    table, shape = np.shape(_array(arrays, TABLE)), (config.vocab_size, config.width)
    if table != shape:
        raise ValueError(f"arrays[{TABLE!r}] must have shape {shape}, got {table}")
    return config


def _array(arrays: Mapping[str, ArrayLike], name: str) -> Any:
    if name not in arrays:
        raise ValueError(f"arrays must hold {name!r}; it has {', '.join(sorted(arrays)) or 'none'}")
    return arrays[name]


def _weight(arrays: Mapping[str, ArrayLike], name: str) -> NDArray[np.float32]:
    """One array as float32."""
    weight = np.asarray(_array(arrays, name))
    if weight.dtype != np.int8:
        # subtle: levels that lost their sign on the way would be weights of some hundreds.
        if weight.dtype.kind != "f":
            raise ValueError(f"arrays[{name!r}] must hold floating-point numbers or int8, got {weight.dtype.name}")
        _checks.finite_array(f"arrays[{name!r}]", weight)
        if np.abs(weight).max(initial=0) > np.finfo(np.float32).max:
            raise ValueError(f"arrays[{name!r}] must hold numbers that float32 has, got {np.abs(weight).max():g}")
        return weight.astype(np.float32)
    try:
        return dequantize(weight, _array(arrays, name + SCALE))
    except (TypeError, ValueError) as error:
        raise ValueError(f"arrays[{name!r}]: {error}") from None


def _words(tokenizer: BPETokenizer) -> dict[str, NDArray]:
    """A tokenizer as ``core/bpe.js`` reads it."""
    from book_lib.tokenizer import GPT2_SPLIT

    if tokenizer.token_ids is not None:
        raise ValueError("tokenizer must count its ids from the bytes 0 … 255 on, got one with ids of its own")
    if tokenizer.split not in (GPT2_SPLIT, None):
        raise ValueError(f"tokenizer must split text by GPT2_SPLIT or not at all, got {tokenizer.split!r}")
    rest = {"specials": dict(tokenizer.special_tokens), "split": tokenizer.split is not None}
    return {
        "merges": np.array(tokenizer.merges, dtype=np.int32).reshape(-1, 2),
        "tokenizer": np.frombuffer(json.dumps(rest).encode(), dtype=np.uint8).copy(),
    }


def _tokenizer(arrays: Mapping[str, ArrayLike]) -> BPETokenizer:
    from book_lib.tokenizer import GPT2_SPLIT, BPETokenizer

    merges = np.asarray(_array(arrays, "merges"))
    if merges.ndim != 2 or merges.shape[1] != 2 or merges.dtype.kind not in "iu":
        raise ValueError(f"arrays['merges'] must be pairs of integers, got {merges.dtype.name} of shape {merges.shape}")
    words = _array(arrays, "tokenizer")
    try:
        # subtle: of a list; an array would take 300 for 44, and 0.5 for 0.
        rest = json.loads(bytes(np.asarray(words).tolist()))
        specials, split = rest["specials"], {True: GPT2_SPLIT, False: None}[rest["split"]]
    except (TypeError, KeyError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"arrays['tokenizer'] must be JSON with specials and split: {error!r}") from None
    pairs = [(int(a), int(b)) for a, b in merges]
    try:
        return BPETokenizer(pairs, special_tokens=specials, split=split)
    except (TypeError, ValueError) as error:
        raise ValueError(f"arrays['merges'] and arrays['tokenizer'] must make a tokenizer: {error}") from None
