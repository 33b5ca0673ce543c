"""Messages and conversations: who says what, in which order, and how they are read from a file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from book_lib import _checks

ROLES = ("system", "user", "assistant")
FIELDS = ("role", "content")


@dataclass(frozen=True)
class Message:
    """What one side of a conversation says.

    Args:
        role: "system" (how the assistant shall behave), "user" or "assistant".
        content: the text, in which nothing has a special meaning.

    Raises:
        TypeError: if one of them is no text. Roles and empty texts are for :func:`check_conversation`, which can tell
            where they stand.

    See the section :ref:`sec-align-template`.

    >>> Message("user", "Tell me about the list.").role
    'user'
    """

    role: str
    content: str

    def __post_init__(self) -> None:
        for name in FIELDS:
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} must be text, got {getattr(self, name)!r}")


Conversation: TypeAlias = tuple[Message, ...]


def check_conversation(messages: Sequence[Message], for_training: bool = True) -> Conversation:
    """Return a conversation as a tuple if its order is right: perhaps a system message, then user, assistant, user, …

    Args:
        messages: M of them.
        for_training: whether it must end with an answer of the assistant, to learn from; otherwise it is a prompt,
            which ends with the user's message, to be answered.

    Raises:
        TypeError: if it is no sequence of :class:`Message`.
        ValueError: if there is none; if a role is unknown or not the one that must stand there; if a text is empty;
            if it ends with the wrong side. The message is named by its index.

    See the section :ref:`sec-align-template`.

    >>> len(check_conversation([Message("user", "Hello?"), Message("assistant", "Hello.")]))
    2
    """
    if isinstance(messages, (str, bytes)) or not isinstance(messages, Sequence):
        raise TypeError(f"messages must be a sequence of Message, got {type(messages).__name__}")
    if not messages:
        raise ValueError("messages must hold at least one message, got none")
    for index, message in enumerate(messages):
        if not isinstance(message, Message):
            raise TypeError(f"messages[{index}] must be a Message, got {message!r}")
        _checks.one_of(f"messages[{index}].role", message.role, ROLES)
        _require_turn(index, message.role, messages[index - 1].role if index else None)
        if not message.content.strip():
            raise ValueError(f"messages[{index}].content must not be empty (role {message.role!r}), "
                             f"got {message.content!r}")  # fmt: skip
    last = messages[-1].role
    if for_training and last != "assistant":
        raise ValueError(f"messages[{len(messages) - 1}] must be followed by the assistant's answer, to learn from; "
                         f"the conversation ends with role {last!r}")  # fmt: skip
    if not for_training and last != "user":
        raise ValueError(f"messages[{len(messages) - 1}] must be the user's, to be answered; got role {last!r}")
    return tuple(messages)


def _require_turn(index: int, role: str, before: str | None) -> None:
    """See to it that a role may stand where it does."""
    expected = "assistant" if before == "user" else "user"
    if role == expected or before is None and role == "system":
        return
    options = "'system' or 'user'" if before is None else repr(expected)
    place = "at the beginning" if before is None else f"after {before!r}"
    raise ValueError(f"messages[{index}].role must be {options} {place}, got {role!r}")


def load_chats(path: str | os.PathLike[str]) -> list[Conversation]:
    """Read conversations from JSON lines: ``{"messages": [{"role": "user", "content": "…"}, …]}``, one a line.

    Args:
        path: of a file in UTF-8; empty lines are passed over, and so are other keys than "messages".

    Returns:
        The conversations, checked by :func:`check_conversation`; one at least.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not UTF-8, holds none, or a line is something else; the file and the line are named.

    See the section :ref:`sec-align-template`.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "chats.jsonl")
    >>> turn = '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}'
    >>> _ = path.write_text(turn, encoding="utf-8")
    >>> load_chats(path)[0][1].content
    'Hello.'
    """
    found = [conversation for _, conversation in placed_chats(path)]
    if not found:
        raise ValueError(f"{path} must hold at least one conversation, got none")
    return found


def placed_chats(path: str | os.PathLike[str]) -> Iterator[tuple[str, Conversation]]:
    """Yield where each conversation of a file stands, "FILE, line N", and the conversation; errors as `load_chats`."""
    for place, row in json_lines(path):
        try:
            conversation = check_conversation(messages_of("messages", _field(row, "messages")))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{place}: {error}") from None
        yield place, conversation


def json_lines(path: str | os.PathLike[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where each JSON object of a file stands, "FILE, line N", and the object; empty lines are passed over.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not UTF-8, or a line is no JSON object; the file and the line are named.
    """
    path = Path(path)
    try:
        # subtle: not splitlines, which also cuts at signs that JSON allows inside a text, such as U+2028.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be UTF-8: {error}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:  # the latter of ten thousand brackets
            raise ValueError(f"{place}: must be a JSON object: {error}") from None
        if not isinstance(row, dict):
            raise ValueError(f"{place}: must be a JSON object, got {type(row).__name__}")
        yield place, row


def messages_of(name: str, value: Any) -> list[Message]:
    """Return JSON objects with "role" and "content" as messages.

    Raises:
        TypeError, ValueError: if they are something else; the index is named.
    """
    if not isinstance(value, list):
        raise TypeError(f"{name} must be a list of objects with role and content, got {type(value).__name__}")
    found = []
    for index, one in enumerate(value):
        if not isinstance(one, dict) or set(one) != set(FIELDS):
            got = sorted(one) if isinstance(one, dict) else type(one).__name__
            raise ValueError(f"{name}[{index}] must be an object with role and content, got {got}")
        for key in FIELDS:
            if not isinstance(one[key], str):
                raise TypeError(f"{name}[{index}].{key} must be text, got {one[key]!r}")
        found.append(Message(one["role"], one["content"]))
    return found


def _field(row: dict[str, Any], name: str) -> Any:
    if name not in row:
        raise ValueError(f"there must be a field {name!r}, got {', '.join(map(repr, row)) or 'none'}")
    return row[name]
