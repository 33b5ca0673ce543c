"""Weights in and out: our own file, and GPT-2's as Hugging Face keeps them; see :mod:`book_lib.transformer`.

Both are safetensors: a header that says where which numbers lie, and the numbers, with no code that runs on reading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from book_lib import _checks, runs
from book_lib._transformer_model import GPT, GPTConfig

FILE = "gpt.safetensors"  # ours, in its folder
FORMAT = "book_lib.gpt.1"
ACTIVATIONS = {"gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "gelu": "gelu"}  # GPT-2's names: ours
SIZES = {
    "vocab_size": "vocab_size",
    "context": "n_positions",
    "width": "n_embd",
    "layers": "n_layer",
    "heads": "n_head",
}
REQUIRED = {  # where its family has variants, ours is this one; what a file does not tell is so
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
    "layer_norm_epsilon": 1e-5,
}
# What GPT-2 calls the parts, for what we do; its four maps are kept transposed, as "Conv1D".
TABLES = {"wte": "token_embedding", "wpe": "position_embedding", "ln_f": "final_norm", "lm_head": "unembedding"}
PARTS = {
    "ln_1": "norm1",
    "attn.c_attn": "attention.qkv",
    "attn.c_proj": "attention.out",
    "ln_2": "norm2",
    "mlp.c_fc": "mlp.up",
    "mlp.c_proj": "mlp.down",
}


# ------------------------------------------------------------------------------------------------- our own


def save(model: GPT, folder: str | Path) -> Path:
    """Write a model's sizes and weights into ``folder/gpt.safetensors``, so that readers see the old or the new.

    Args:
        model: a :class:`GPT` with weights.
        folder: where to; made if it is not there.

    Returns:
        The file's path.

    Raises:
        TypeError: if ``model`` is none.
        ValueError: if it has no weights (``seed=None``), or such as are not finite or of several types.
    """
    if not isinstance(model, GPT):
        raise TypeError(f"model must be a GPT, got {model!r}")
    if model.token_embedding.weight.is_meta:
        raise ValueError("model must have weights to be saved; this one was made with seed=None")
    weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    _finite("model", weights)
    if len({value.dtype for value in weights.values()}) > 1:
        raise ValueError("model must have weights of one type to be saved, got several")
    about = {"format": FORMAT, "config": json.dumps(asdict(model.config))}
    path = _folder(folder) / FILE
    runs.replace(path, safetensors.torch.save(weights, about))
    return path


def load(folder: str | Path) -> GPT:
    """Read a model that :func:`save` has written: the same sizes, weights and type of numbers, ready to be used.

    Raises:
        FileNotFoundError: if the folder has no ``gpt.safetensors``.
        ValueError: if it is truncated, of another format, or its weights do not fit its sizes.
    """
    path = _folder(folder) / FILE
    weights, about = _read(path)
    if about.get("format") != FORMAT:
        raise ValueError(f"{path} must be of the format {FORMAT!r}, got {about.get('format')!r}")
    try:
        sizes = json.loads(about["config"])
        config = GPTConfig(**{field.name: sizes[field.name] for field in fields(GPTConfig)})
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} must hold the sizes of a GPT: {type(error).__name__}: {error}") from None
    if len({value.dtype for value in weights.values()}) > 1:
        raise ValueError(f"{path} must hold weights of one type, got several")
    return _filled(config, weights, path).eval()


# ------------------------------------------------------------------------------------------------- GPT-2's


def from_pretrained(folder: str | Path) -> GPT:
    """Read GPT-2's weights from ``config.json`` and ``model.safetensors``, or the parts its index names.

    So Hugging Face's ``save_pretrained`` writes them. Numbers of any floating type become float32; names may
    begin with ``transformer.``; the masks that old files keep are passed over.

    Args:
        folder: that holds the files; nothing is downloaded.

    Returns:
        The model, not in training mode, with ``dropout`` as the residual stream's was.

    Raises:
        FileNotFoundError: if one of the files is not there.
        ValueError: if a file is truncated or of another format, describes a model that :class:`GPT` is not, or
            weights are missing, too many, of the wrong shape or not finite; each is named.
    """
    folder = _folder(folder)
    config = _gpt2_config(folder / "config.json")
    weights, path = _gpt2_weights(folder)
    ours: dict[str, Tensor] = {}
    for theirs, value in weights.items():
        name = _our_name(theirs, config)
        if name is None:
            continue
        if not value.is_floating_point():
            raise ValueError(f"{path}: {theirs} must be floating-point numbers, got {value.dtype}")
        if name in ours:
            raise ValueError(f"{path} must hold {theirs} once, got it with and without 'transformer.'")
        mapped = re.search(r"\.c_(attn|proj|fc)\.weight$", theirs)  # (in, out) there, (out, in) here
        ours[name] = (value.T if mapped and value.ndim == 2 else value).float().contiguous()
    return _filled(config, ours, path).eval()


def _gpt2_config(path: Path) -> GPTConfig:
    """Return the sizes that GPT-2's ``config.json`` tells, refusing what our model does otherwise."""
    told = _json(path)
    kind = told.get("model_type", "gpt2")
    if kind != "gpt2":
        raise ValueError(f"{path}: model_type must be 'gpt2', got {kind!r}")
    for name, value in REQUIRED.items():
        if told.get(name, value) != value:
            raise ValueError(f"{path}: {name} must be {value}, got {told[name]}")
    for name in SIZES.values():
        if name not in told:
            raise ValueError(f"{path} must tell {name}")
    bend = told.get("activation_function", "gelu_new")
    _checks.one_of(f"{path}: activation_function", bend, ACTIVATIONS)
    try:
        return GPTConfig(
            **{ours: told[theirs] for ours, theirs in SIZES.items()},
            hidden=told.get("n_inner"),
            dropout=told.get("resid_pdrop", 0.1),
            activation=ACTIVATIONS[bend],
            tied=told.get("tie_word_embeddings", True),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} must hold the sizes of a GPT-2: {error}") from None


def _gpt2_weights(folder: Path) -> tuple[dict[str, Tensor], Path]:
    """Return all weights by their names, and the file that is to blame for them."""
    whole, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if whole.is_file() or not index.is_file():
        return _read(whole)[0], whole
    places = _json(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(place, str) for place in places.values()):
        raise ValueError(f"{index} must hold a weight_map from names to files")
    parts = {}
    for place in sorted(set(places.values())):
        if Path(place).name != place or "\\" in place:  # subtle: an index from elsewhere may point anywhere
            raise ValueError(f"{index} must name files of its own folder, got {place!r}")
        parts[place] = _read(folder / place)[0]
    lost = sorted(name for name, place in places.items() if name not in parts[place])
    if lost:
        raise ValueError(f"{index} says that {places[lost[0]]} holds {lost[0]}, which it does not")
    return {name: parts[place][name] for name, place in places.items()}, index


def _our_name(theirs: str, config: GPTConfig) -> str | None:
    """Return what we call GPT-2's weight, or None for what we do not need; an unknown name stays as it is."""
    name = theirs.removeprefix("transformer.")
    if re.fullmatch(r"h\.\d+\.attn\.(masked_)?bias", name):  # the causal mask, once kept as a weight
        return None
    if name == "lm_head.weight" and config.tied:  # the same numbers as wte, or not to be used
        return None
    block = re.fullmatch(r"h\.(\d+)\.(.+)\.(weight|bias)", name)
    if block and block[2] in PARTS:
        return f"blocks.{block[1]}.{PARTS[block[2]]}.{block[3]}"
    part, _, last = name.rpartition(".")
    return f"{TABLES[part]}.{last}" if part in TABLES else theirs


# ---------------------------------------------------------------------------------------- what both need


def _filled(config: GPTConfig, weights: dict[str, Tensor], path: Path) -> GPT:
    """Return a model of these sizes with these weights, which must be exactly its own."""
    if config.layers > len(weights):
        raise ValueError(f"{path} must hold the weights of {config.layers} layers, got {len(weights)} in all")
    try:
        model = GPT(config, seed=None)
    except (RuntimeError, TypeError) as error:  # sizes that no integer of torch's holds, multiplied
        raise ValueError(f"{path} must tell sizes that some memory holds: {str(error).splitlines()[0]}") from None
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    for what, names in (("miss", shapes.keys() - weights.keys()), ("hold", weights.keys() - shapes.keys())):
        if names:
            raise ValueError(f"{path} must not {what} {_few(names)}")
    for name, shape in shapes.items():
        if tuple(weights[name].shape) != shape:
            raise ValueError(f"{path}: {name} must have shape {shape}, got {tuple(weights[name].shape)}")
    _finite(str(path), weights)
    model.load_state_dict(weights, assign=True)
    return model


def _finite(owner: str, weights: dict[str, Tensor]) -> None:
    for name, value in weights.items():
        if not value.is_floating_point():
            raise ValueError(f"{owner}: {name} must be floating-point numbers, got {value.dtype}")
        if not value.isfinite().all():
            raise ValueError(f"{owner}: {name} must be finite, got NaN or infinity")


def _few(names: Iterable[str]) -> str:
    first, *more = sorted(names)
    return first + (f" and {len(more)} more" if more else "")


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return a safetensors file's tensors, in memory of their own, and its notes."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            # subtle: a copy, because what safetensors returns may be the file itself, which could then not be replaced.
            return {name: file.get_tensor(name).clone() for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} must be a whole safetensors file: {error}") from None


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # also of what is not UTF-8
        raise ValueError(f"{path} must be JSON: {error}") from None
    if not isinstance(told, dict):
        raise ValueError(f"{path} must hold a JSON object, got {type(told).__name__}")
    return told


def _folder(folder: str | Path) -> Path:
    if not isinstance(folder, (str, Path)):
        raise TypeError(f"folder must be a path, got {folder!r}")
    return Path(folder)
