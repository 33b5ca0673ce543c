"""Text on its way into a tokenizer: is it text, and where may it be cut?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import regex


def pieces(pattern: regex.Pattern | None, text: str) -> list[str]:
    """Return the matches of the pattern and what lies between them, in order: nothing is lost."""
    if pattern is None:
        return [text] if text else []
    # subtle: with groups, findall returns these; a reversed pattern finds the last piece first.
    if not pattern.groups and not pattern.flags & regex.REVERSE:
        found = pattern.findall(text)
        if sum(map(len, found)) == len(text):
            return found if all(found) else [chunk for chunk in found if chunk]
    cuts = sorted({0, len(text), *(end for match in pattern.finditer(text) for end in match.span())})
    return [text[start:end] for start, end in pairwise(cuts)]


def compiled(split: str | None) -> regex.Pattern | None:
    """Return a pattern ready for use, or None for none."""
    if split is not None and not isinstance(split, str):
        raise TypeError(f"split must be a pattern or None, got {split!r} ({type(split).__name__})")
    try:
        return None if split is None else regex.compile(split)
    except regex.error as error:
        raise ValueError(f"split must be a pattern for the package regex, got {split!r}: {error}") from None


def documents(text: str | bytes | Iterable[str | bytes]) -> Iterator[str]:
    """Return a text, or several, one after the other."""
    if isinstance(text, (str, bytes, bytearray)):
        return iter([as_text("text", text)])
    if not isinstance(text, Iterable):
        raise TypeError(f"text must be a text or documents, got {type(text).__name__}")
    return (as_text(f"text[{k}]", document) for k, document in enumerate(text))


def as_text(name: str, text: str | bytes) -> str:
    """Return text that UTF-8 can write."""
    if isinstance(text, (bytes, bytearray)):
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{name} must be UTF-8, got byte {text[error.start]:#04x} at offset {error.start}; "
                "encode_bytes takes any bytes"
            ) from None
    if not isinstance(text, str):
        raise TypeError(f"{name} must be text (str, or bytes in UTF-8), got {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{name} must be text that UTF-8 can write, got {text[error.start]!r}, half of a surrogate pair, "
            f"at index {error.start}"
        ) from None
    return text


def as_path(name: str, path: str | Path) -> Path:
    """Return a path."""
    if not isinstance(path, (str, Path)):
        raise TypeError(f"{name} must be a path, got {path!r} ({type(path).__name__})")
    return Path(path)
