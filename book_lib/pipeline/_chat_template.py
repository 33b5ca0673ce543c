"""How a conversation becomes one row of tokens, which of them are to be learnt, and how rows become a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from book_lib import _checks
from book_lib._tokenizer_vocabulary import known_ids
from book_lib.pipeline._chat_messages import ROLES, Conversation, Message, check_conversation
from book_lib.tokenizer import BPETokenizer

END, PAD = "<|end|>", "<|pad|>"
SPECIAL = (*(f"<|{role}|>" for role in ROLES), END, PAD)
NOTHING_ASKED = -1  # the target of a place that is not to be learnt


@dataclass(frozen=True, eq=False)
class Encoded:
    """A conversation as tokens.

    Args:
        ids: int64, shape (T,).
        answer: True where a token belongs to an answer of the assistant, or is the ``<|end|>`` that closes one; bool,
            shape (T,).

    Raises:
        ValueError: if they are not two rows of one length.

    See the section :ref:`sec-align-mask`.

    >>> len(Encoded([256, 72, 105], [False, True, True]))
    3
    """

    ids: NDArray[np.int64] = field(repr=False)
    answer: NDArray[np.bool_] = field(repr=False)

    def __post_init__(self) -> None:
        ids, answer = np.asarray(self.ids, dtype=np.int64), np.asarray(self.answer, dtype=bool)
        if ids.ndim != 1 or ids.shape != answer.shape:
            raise ValueError(f"ids and answer must have one shape (T,), got {ids.shape} and {answer.shape}")
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "answer", answer)

    def __len__(self) -> int:
        return len(self.ids)


class ChatTemplate:
    """Conversations as rows of tokens: each message is ``<|role|>``, its text, and ``<|end|>``.

    The five special tokens are added behind a tokenizer's own, so that its ids stay. What stands in a message is text:
    who writes ``<|end|>`` there writes seven signs, and ends nothing. ``<|pad|>`` is not ``<|end|>``: a model that
    takes one for the other never learns to stop.

    Args:
        tokenizer: with all five special tokens, as a template before has made it, or with none of them.

    Attributes:
        tokenizer: with the five.
        roles: role → id of its token.
        end: the id that closes a message.
        pad: the id that fills a row of a batch.

    Raises:
        TypeError: if it is no :class:`BPETokenizer`.
        ValueError: if it has some of the five, but not all.

    Templates of this kind are what chat models are trained on (:cite:`ouyang2022training` has an earlier one). See the
    section :ref:`sec-align-template`.

    >>> template = ChatTemplate(BPETokenizer())
    >>> encoded = template.encode([Message("user", "Hi<|end|>"), Message("assistant", "Ho")])
    >>> template.tokenizer.decode(encoded.ids)
    '<|user|>Hi<|end|><|end|><|assistant|>Ho<|end|>'
    >>> template.tokenizer.decode(encoded.ids[encoded.answer])
    'Ho<|end|>'
    """

    def __init__(self, tokenizer: BPETokenizer) -> None:
        if not isinstance(tokenizer, BPETokenizer):
            raise TypeError(f"tokenizer must be a BPETokenizer, got {tokenizer!r}")
        known = tokenizer.special_tokens
        missing = [name for name in SPECIAL if name not in known]
        if missing and len(missing) < len(SPECIAL):
            raise ValueError(f"tokenizer must have all of {', '.join(SPECIAL)} or none, got one without "
                             f"{', '.join(missing)}")  # fmt: skip
        if missing:
            new = {name: tokenizer.vocab_size + k for k, name in enumerate(SPECIAL)}
            known = {**known, **new}
            tokenizer = BPETokenizer(tokenizer.merges, known, tokenizer.split, tokenizer.token_ids)
        self.tokenizer = tokenizer
        self.roles = {role: known[f"<|{role}|>"] for role in ROLES}
        self.end, self.pad = known[END], known[PAD]

    def __repr__(self) -> str:
        return f"ChatTemplate(vocab_size={self.vocab_size})"

    @property
    def vocab_size(self) -> int:
        """V, with the special tokens."""
        return self.tokenizer.vocab_size

    # ------------------------------------------------------------------------------------------ into tokens

    def encode(self, messages: Sequence[Message]) -> Encoded:
        """Return a conversation as tokens, and which of them are to be learnt.

        Args:
            messages: in the right order, the last one the assistant's; see :func:`check_conversation`.

        Raises:
            TypeError, ValueError: as :func:`check_conversation`; or if a text holds half of a surrogate pair.
        """
        return self._join(check_conversation(messages))

    def answered(self, messages: Sequence[Message], answer: str) -> Encoded:
        """Return a prompt and an answer to it as tokens; only the last answer is to be learnt.

        Args:
            messages: a prompt, which ends with the user's message.
            answer: whatever a model has said; it may be empty.

        Raises:
            TypeError, ValueError: as :func:`check_conversation`; if the answer is no text.
        """
        if not isinstance(answer, str):
            raise TypeError(f"answer must be text, got {answer!r}")
        prompt, said = self.prompt(messages), [*self._text("answer", answer), self.end]
        learnt = np.repeat([False, True], [len(prompt), len(said)])
        return Encoded(np.concatenate([prompt, np.array(said)]), learnt)

    def prompt(self, messages: Sequence[Message]) -> NDArray[np.int64]:
        """Return a prompt as tokens up to ``<|assistant|>``, behind which a model answers; int64, shape (T,).

        Raises:
            TypeError, ValueError: as :func:`check_conversation`.

        >>> template = ChatTemplate(BPETokenizer())
        >>> template.tokenizer.decode(template.prompt([Message("user", "Hi")]))
        '<|user|>Hi<|end|><|assistant|>'
        """
        ids = self._join(check_conversation(messages, for_training=False)).ids
        return np.append(ids, self.roles["assistant"])

    def _join(self, messages: Conversation) -> Encoded:
        ids: list[int] = []
        answer: list[bool] = []
        for index, message in enumerate(messages):
            content = [*self._text(f"messages[{index}].content", message.content), self.end]
            ids += [self.roles[message.role], *content]
            # subtle: the end is part of the answer. Without it in the loss, nothing teaches the model to stop.
            answer += [False] + [message.role == "assistant"] * len(content)
        return Encoded(np.array(ids), np.array(answer))

    def _text(self, name: str, text: str) -> list[int]:
        try:
            return self.tokenizer.encode(text)  # subtle: no special token is looked for in what somebody has written
        except ValueError as error:
            raise ValueError(f"{name} must be text that UTF-8 can write: {error}") from None

    # ------------------------------------------------------------------------------------------------- back

    def decode(self, ids: ArrayLike) -> Conversation:
        """Return the messages that a row of tokens holds.

        Args:
            ids: integers, shape (T,): of :meth:`encode`, perhaps with ``<|pad|>`` behind. The last message may have
                been cut off before its ``<|end|>``.

        Raises:
            TypeError: if they are not integers.
            ValueError: if one is not in the vocabulary or stands where it cannot; its index is told.

        >>> template = ChatTemplate(BPETokenizer())
        >>> template.decode(template.encode([Message("user", "Hi"), Message("assistant", "Ho")]).ids)
        (Message(role='user', content='Hi'), Message(role='assistant', content='Ho'))
        """
        row = known_ids("ids", ids, self.vocab_size)
        while row and row[-1] == self.pad:
            row.pop()
        names = {number: role for role, number in self.roles.items()}
        special = set(self.tokenizer.special_tokens.values())
        messages, place = [], 0
        while place < len(row):
            if row[place] not in names:
                raise ValueError(f"ids[{place}] must begin a message with one of {', '.join(SPECIAL[:3])}, "
                                 f"got {self._called(row[place])}")  # fmt: skip
            stop = next((k for k in range(place + 1, len(row)) if row[k] in special), len(row))
            if stop < len(row) and row[stop] != self.end:
                raise ValueError(f"ids[{stop}] must be text or {END}, got {self._called(row[stop])}")
            messages.append(Message(names[row[place]], self.tokenizer.decode(row[place + 1 : stop])))
            place = stop + 1
        return tuple(messages)

    def _called(self, number: int) -> str:
        return repr(self.tokenizer.decode([number]))


# ------------------------------------------------------------------------------------------------- batches


def pad_batch(encoded: Sequence[Encoded], pad: int, context: int) -> tuple[Tensor, Tensor]:
    """Return conversations as a batch: rows filled up behind, and what each place is to predict.

    Args:
        encoded: B of them, of T₁, …, T_B tokens.
        pad: the id to fill with.
        context: the most tokens of a row.

    Returns:
        ids, (B, T) with T the largest of the lengths; targets, (B, T): ``ids[b, t + 1]`` where this belongs to an
        answer, and −1 elsewhere, so in the last column everywhere. Both int64.

    Raises:
        TypeError: if they are no conversations.
        ValueError: if there is none, or one is longer than the context; it is named.

    See the section :ref:`sec-align-mask`.

    >>> ids, targets = pad_batch([Encoded([7, 1, 8, 2, 9], [0, 0, 0, 1, 1]), Encoded([7, 8, 9], [0, 0, 1])], 0, 16)
    >>> ids.tolist(), targets.tolist()
    ([[7, 1, 8, 2, 9], [7, 8, 9, 0, 0]], [[-1, -1, 2, 9, -1], [-1, 9, -1, -1, -1]])
    """
    if isinstance(encoded, Encoded) or not isinstance(encoded, Sequence):
        raise TypeError(f"encoded must be a sequence of Encoded, got {type(encoded).__name__}")
    if not encoded:
        raise ValueError("encoded must hold at least one conversation, got none")
    pad, context = _checks.integer("pad", pad, 0), _checks.integer("context", context, 1)
    for index, one in enumerate(encoded):
        if not isinstance(one, Encoded):
            raise TypeError(f"encoded[{index}] must be Encoded, got {one!r}")
        if len(one) > context:
            raise ValueError(f"encoded[{index}] must have at most {context} tokens, the context, got {len(one)}")
    ids = torch.full((len(encoded), max(map(len, encoded))), pad)  # (B, T)
    targets = torch.full_like(ids, NOTHING_ASKED)
    for row, one in enumerate(encoded):
        tokens, asked = torch.from_numpy(one.ids), torch.from_numpy(one.answer)
        ids[row, : len(one)] = tokens
        # subtle: the place before a token predicts it, so that mask and ids both move by one.
        targets[row, : max(len(one) - 1, 0)] = tokens[1:].masked_fill(~asked[1:], NOTHING_ASKED)
    return ids, targets
