"""Prepared text in a run folder: written whole by one command, read by the next."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from book_lib.pipeline._pretrain_config import PreparedText
from book_lib.pipeline.run import RunFolder
from book_lib.tokenizer import BPETokenizer

DATA, IDS, TOKENIZER, ABOUT = "data", "tokens.safetensors", "tokenizer.json", "about.json"
FORMAT = "book_lib.pipeline.data.1"
COUNTS = {"documents": "documents read", "characters": "characters read"}  # of what is told, and in which words


@dataclass(frozen=True, eq=False)
class StoredText:
    """What `pretrain` needs of prepared text, and what the report tells of it.

    Args:
        train: ids, shape (N,).
        held_out: ids, shape (M,).
        tokenizer: what made them.
        about: JSON values: what the preparation counted.
    """

    train: NDArray[np.int32]
    held_out: NDArray[np.int32]
    tokenizer: BPETokenizer
    about: Mapping[str, Any]


def is_prepared(run: RunFolder) -> bool:
    """Whether the run folder holds prepared text."""
    return (run.path / DATA / IDS).is_file()


def save(run: RunFolder, prepared: PreparedText, about: Mapping[str, Any]) -> None:
    """Write prepared text into a run folder that is held, all of it at once."""
    with run.folder(DATA) as folder:
        prepared.tokenizer.save(folder / TOKENIZER)
        notes = {"format": FORMAT, "tokenizer": str(zlib.crc32((folder / TOKENIZER).read_bytes()))}
        ids = {name: np.ascontiguousarray(getattr(prepared, name), dtype=np.int32) for name in ("train", "held_out")}
        (folder / IDS).write_bytes(safetensors.numpy.save(ids, notes))
        (folder / ABOUT).write_text(json.dumps(dict(about), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load(run: RunFolder) -> StoredText:
    """Read what :func:`save` wrote.

    Raises:
        FileNotFoundError: if there is none, with what to do.
        ValueError: if a file is damaged, or they do not belong together.
    """
    folder = run.path / DATA
    if not is_prepared(run):
        raise FileNotFoundError(f"{run.path} holds no prepared text: run 'python -m book_lib.pipeline prepare "
                                f"{run.path}' first")  # fmt: skip
    try:
        with safetensors.safe_open(folder / IDS, framework="np") as file:
            notes = file.metadata() or {}
            ids = {name: file.get_tensor(name).copy() for name in ("train", "held_out")}
    except safetensors.SafetensorError as error:
        raise ValueError(f"{folder / IDS} must hold prepared text, and is damaged or cut off ({error}); "
                         "prepare it again with --restart") from None  # fmt: skip
    if not (folder / TOKENIZER).is_file():
        raise ValueError(f"{folder} must hold {TOKENIZER}, and it is gone; prepare it again with --restart")
    tokenizer = BPETokenizer.load(folder / TOKENIZER)
    crc = str(zlib.crc32((folder / TOKENIZER).read_bytes()))
    if notes.get("format") != FORMAT or notes.get("tokenizer") != crc:
        raise ValueError(f"{folder} must hold text and the tokenizer that it was prepared with, and holds others; "
                         "prepare it again with --restart")  # fmt: skip
    return StoredText(ids["train"], ids["held_out"], tokenizer, about(run))


def about(run: RunFolder) -> dict[str, Any]:
    """Read what the preparation counted; nothing if that is lost, as no other stage needs it."""
    try:
        told = json.loads((run.path / DATA / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
