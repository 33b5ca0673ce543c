"""Where the conversations of a run come from: a file of the reader's, or the toy world."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from book_lib import _checks
from book_lib.pipeline import _toy
from book_lib.pipeline._chat_messages import Conversation, load_chats, placed_chats
from book_lib.pipeline._chat_template import ChatTemplate


@dataclass(frozen=True)
class ChatSources:
    """Where the conversations come from.

    Args:
        chats: a file with one JSON object a line, {"messages": [{"role": "user", "content": "…"}, …]}; conversations
            of a toy world about Python's things if none.
        toy_conversations: how many the toy world makes.
        held_out_share: share of the conversations that is not learnt, but judged by, less than 1.
    """

    chats: str | None = None
    toy_conversations: int = 2000
    held_out_share: float = 0.05

    def __post_init__(self) -> None:
        if self.chats is not None and not isinstance(self.chats, str):
            raise TypeError(f"chats must be the path of a file, got {self.chats!r}")
        _checks.integer("toy_conversations", self.toy_conversations, 1)
        if not 0 <= _checks.finite("held_out_share", self.held_out_share) < 1:
            raise ValueError(f"held_out_share must be at least 0 and less than 1, got {self.held_out_share}")

    def absolute(self) -> ChatSources:
        """The same from wherever the command is called again."""
        if self.chats is None:
            return self
        return replace(self, chats=str(Path(self.chats).expanduser().absolute()))

    @property
    def is_toy(self) -> bool:
        """Whether the conversations are those of the toy world."""
        return self.chats is None

    def require_room(self, template: ChatTemplate, context: int, too_long: str = "error") -> None:
        """See to it that the conversations of a file can be written as tokens, and that the context can hold them.

        Args:
            template: that makes the tokens.
            context: the most tokens of a conversation.
            too_long: "skip" if longer ones will be left out.

        Raises:
            FileNotFoundError, ValueError: as :func:`book_lib.pipeline.chat.load_chats`, or if one cannot; the file and
                the line are named.
        """
        for place, messages in () if self.is_toy else placed_chats(self.chats):
            try:
                count = len(template.encode(messages))
            except ValueError as error:
                raise ValueError(f"{place}: {error}") from None
            if count > context and too_long != "skip":
                raise ValueError(f"{place}: the conversation must have at most {context} tokens, the context, got "
                                 f"{count}; shorten it, or leave such ones out (--too-long skip)")  # fmt: skip

    def read(self, seed: int = 0) -> tuple[list[Conversation], list[Conversation]]:
        """Return conversations to learn from, one at least, and others that are held out.

        Raises:
            FileNotFoundError, ValueError: as :func:`book_lib.pipeline.chat.load_chats`.

        >>> [len(part) for part in ChatSources(toy_conversations=100).read()]
        [95, 5]
        """
        rng = np.random.default_rng(seed)
        found = _toy.conversations(self.toy_conversations, rng) if self.is_toy else load_chats(self.chats)
        apart = min(round(self.held_out_share * len(found)), len(found) - 1)
        order = rng.permutation(len(found)).tolist()
        return [found[k] for k in sorted(order[apart:])], [found[k] for k in sorted(order[:apart])]
