"""Tokenizers on disk: one JSON file of ours, or the two files of GPT-2."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from book_lib import runs

FORMAT, VERSION = "book_lib.tokenizer", 1
Definition = dict[str, Any]  # the arguments of BPETokenizer

# GPT-2 writes each byte as one visible letter: itself if it is one in Latin-1, or the next free one from 256 on.
# That order of letters is the order of its ids.
_VISIBLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
_ORDER = [*_VISIBLE, *(byte for byte in range(256) if byte not in _VISIBLE)]
_LETTERS = {byte: chr(byte) if byte in _VISIBLE else chr(256 + k - len(_VISIBLE)) for k, byte in enumerate(_ORDER)}
GPT2_BYTE_IDS: tuple[int, ...] = tuple(_ORDER.index(byte) for byte in range(256))
"""The ids of the bytes 0 … 255 in GPT-2's vocabulary: "!" is 0, a space is 220."""


def write(path: Path, definition: Definition) -> None:
    """Write a tokenizer's definition as JSON, in one step."""
    # A merge a line, so that a person can read the file.
    head = {"format": FORMAT, "version": VERSION, **definition}
    lines = ",\n".join(f"  {json.dumps(key)}: {_laid_out(key, value)}" for key, value in head.items())
    runs.replace(path, f"{{\n{lines}\n}}\n".encode())


def _laid_out(key: str, value: Any) -> str:
    if key != "merges" or not value:
        return json.dumps(value)
    return "[\n" + ",\n".join(f"    {json.dumps(pair)}" for pair in value) + "\n  ]"


def read(path: Path) -> Definition:
    """Read what :func:`write` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds something else, naming the file and what was expected.
    """
    data = _json(path, "a tokenizer that save wrote")
    if data.get("format") != FORMAT:
        raise ValueError(f"{path} must hold a tokenizer that save wrote ('format': {FORMAT!r}), got another file")
    if data.get("version") != VERSION:
        raise ValueError(f"{path} must be of version {VERSION} of {FORMAT}, got {data.get('version')!r}")
    wanted = {"format", "version", "merges", "special_tokens", "split", "token_ids"}
    if data.keys() != wanted:
        odd = ", ".join(sorted(data.keys() ^ wanted))
        raise ValueError(f"{path} must hold {', '.join(sorted(wanted))}; missing or unknown: {odd}")
    merges = data["merges"]
    if not isinstance(merges, list) or not all(isinstance(pair, list) for pair in merges):
        raise ValueError(f"{path}: merges must be a list of pairs of ids")
    if not isinstance(data["special_tokens"], dict):
        raise ValueError(f"{path}: special_tokens must name an id for each token")
    return {key: data[key] for key in wanted - {"format", "version"}}


def read_gpt2(folder: Path) -> Definition:
    """Read GPT-2's `vocab.json` and `merges.txt`.

    Raises:
        FileNotFoundError: if one of them is missing.
        ValueError: if one is damaged, or they do not belong together.
    """
    path = folder / "vocab.json"
    vocabulary = _json(path, "GPT-2's vocabulary, token → id")
    for token, number in vocabulary.items():
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValueError(f"{path} must give each token an integer, got {number!r} for {token!r}")
    missing = [letter for letter in _LETTERS.values() if letter not in vocabulary]
    if missing:
        raise ValueError(f"{path} must hold the letters of all 256 bytes, and lacks {len(missing)}: {missing[0]!r}")
    parts = _read_merges(folder / "merges.txt", vocabulary)
    made = [left + right for left, right in parts]
    rest = {token: vocabulary[token] for token in vocabulary.keys() - {*_LETTERS.values(), *made}}
    for token in sorted(rest, key=rest.__getitem__):
        if not re.fullmatch(r"<.+>|\[.+\]", token):
            raise ValueError(
                f"{folder / 'merges.txt'} must make every token of vocab.json but the special ones (<…> or […]), "
                f"and makes no {token!r} (id {rest[token]}): is it cut off?"
            )
    return {
        "merges": [(vocabulary[left], vocabulary[right]) for left, right in parts],
        "special_tokens": dict(sorted(rest.items(), key=lambda item: item[1])),
        "token_ids": [vocabulary[token] for token in [*_LETTERS_IN_ORDER, *made]],
    }


_LETTERS_IN_ORDER = [_LETTERS[byte] for byte in range(256)]


def _read_merges(path: Path, vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    lines = _text(path).split("\n")
    parts: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        # subtle: only the first line may be a remark; later, "# #" is a merge.
        if not line.strip() or (number == 1 and line.startswith("#version")):
            continue
        pair = line.rstrip("\r").split(" ")
        if len(pair) != 2 or not all(pair):
            raise ValueError(f"{path}, line {number}: expected two tokens with a space between, got {line!r}")
        for token in (*pair, "".join(pair)):
            if token not in vocabulary:
                raise ValueError(f"{path}, line {number}: {token!r} is not in vocab.json")
        parts.append((pair[0], pair[1]))
    return parts


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be text in UTF-8, got byte {error.object[error.start]:#04x} "
                         f"at offset {error.start}") from None  # fmt: skip


def _json(path: Path, expected: str) -> dict[str, Any]:
    try:
        data = json.loads(_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} must hold {expected}, as JSON, and is damaged or cut off: {error}") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path} must hold {expected}, as a JSON object, got {type(data).__name__}")
    return data
