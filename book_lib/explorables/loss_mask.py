"""A conversation as tokens, and which of them a model that is fine-tuned learns from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf
from book_lib.explorables.bpe_steps import written

if TYPE_CHECKING:
    from book_lib.pipeline.chat import ChatTemplate, Message
    from book_lib.tokenizer import BPETokenizer

ROLES = ("system", "user", "assistant")
MASKS = ("answers", "no_end", "everything")
NOTHING_ASKED = -1
MOST, LONGEST = 8, 240  # messages, and characters of each
EXAMPLE = (
    ("system", "You talk about Python. Be brief."),
    ("user", "Tell me about the list."),
    ("assistant", "The list is fast and clear."),
    ("user", "And the string?"),
    ("assistant", "A string is slow. It is also simple."),
)  # as in loss_mask.js


class LossMask(Explorable):
    """A conversation that the reader edits, as the tokens of the chat template, and a mark on those that carry loss.

    Args:
        messages: 1 to 8 messages (or pairs of a role and a text of at most 240 characters). They may be in disorder:
            then the page says what is wrong, as :func:`book_lib.pipeline.chat.check_conversation` does.
        tokenizer: that the template's special tokens are added to; a small one that has read some toy conversations
            unless given.
        mask: which tokens carry loss: "answers" with the ``<|end|>`` that closes each; "no_end", the answers alone;
            or "everything".
        prediction: which share of the tokens the reader bets carries loss: "all", "most", "less", "skipped" or "".
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    See the section :ref:`sec-align-mask`.

    >>> box = LossMask(messages=[("user", "Hi"), ("assistant", "Ho")])
    >>> [token for token, learnt in zip(box.tokens(), box.learnt()) if learnt]
    ['H', 'o', '<|end|>']
    """

    conversation = traitlets.Unicode().tag(sync=True)
    """A line of JSON as :func:`book_lib.pipeline.chat.load_chats` reads it."""
    merges = traitlets.List(traitlets.Int()).tag(sync=True)
    """Pairs of ids, one after the other."""
    specials = traitlets.Dict().tag(sync=True)
    split = traitlets.Bool(True).tag(sync=True)
    mask = OneOf(list(MASKS), default_value="answers").tag(sync=True)
    prediction = OneOf(["", "all", "most", "less", "skipped"], default_value="").tag(sync=True)

    def __init__(
        self,
        *,
        messages: Iterable[Message | tuple[str, str]] | None = None,
        tokenizer: BPETokenizer | None = None,
        **traits: Any,
    ) -> None:
        if messages is not None and "conversation" in traits:
            raise ArgumentError("messages and conversation must not both be given: they are the same thing")
        known = _template(toy_tokenizer() if tokenizer is None else tokenizer).tokenizer
        super().__init__(
            **{"conversation": packed(EXAMPLE if messages is None else messages)} | traits,
            merges=[one for pair in known.merges for one in pair],
            specials=known.special_tokens,
            split=known.split is not None,
        )

    @traitlets.validate("conversation")
    def _check_conversation(self, proposal: Any) -> str:
        try:
            found = json.loads(proposal["value"])["messages"]
            return packed([(one["role"], one["content"]) for one in found])
        except (ValueError, TypeError, KeyError, IndexError) as error:
            if isinstance(error, ArgumentError):
                raise
            raise ArgumentError(
                'conversation must be a line such as {"messages": [{"role": "user", "content": "Hi"}]}, '
                f"not {proposal['value']!r}"
            ) from None

    # -- what it computes

    def template(self) -> ChatTemplate:
        """The chat template with its tokenizer."""
        return _rebuilt(tuple(self.merges), tuple(self.specials.items()), self.split)

    def messages(self) -> tuple[Message, ...]:
        """The conversation."""
        from book_lib.pipeline.chat import Message

        return tuple(Message(one["role"], one["content"]) for one in json.loads(self.conversation)["messages"])

    def problem(self) -> str:
        """What the library says against the conversation; "" if it is in order."""
        from book_lib.pipeline.chat import check_conversation

        try:
            check_conversation(self.messages())
        except ValueError as error:
            return str(error)
        return ""

    def rows(self) -> list[list[int]]:
        """The tokens of each message, as ids: role, text, end."""
        template = self.template()
        return [[template.roles[one.role], *template.tokenizer.encode(one.content), template.end]
                for one in self.messages()]  # fmt: skip

    def ids(self) -> NDArray[np.int64]:
        """The tokens of the conversation, shape (T,)."""
        return np.array([token for row in self.rows() for token in row], dtype=np.int64)

    def tokens(self) -> list[str]:
        """The tokens of the conversation as the page writes them."""
        special = {number: name for name, number in self.specials.items()}
        token_bytes = self.template().tokenizer.token_bytes
        return [special.get(token) or written(token_bytes(token)) for token in self.ids().tolist()]

    def learnt(self) -> NDArray[np.bool_]:
        """Which tokens carry loss, shape (T,); none while the conversation is in disorder."""
        if self.problem():
            return np.zeros(len(self.ids()), dtype=bool)
        encoded, end = self.template().encode(self.messages()), self.template().end
        return {
            "answers": encoded.answer,
            "no_end": encoded.answer & (encoded.ids != end),
            "everything": np.arange(len(encoded)) > 0,
        }[self.mask]

    def targets(self) -> NDArray[np.int64]:
        """What each place is to predict, shape (T,): the next token where that carries loss, −1 elsewhere."""
        following, asked = np.roll(self.ids(), -1), np.roll(self.learnt(), -1)
        asked[-1:] = False
        return np.where(asked, following, NOTHING_ASKED)

    def share(self) -> float:
        """The share of the tokens that carries loss; NaN while the conversation is in disorder."""
        return float("nan") if self.problem() else float(self.learnt().mean())

    # -- the picture

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        rows, learnt = self.rows(), self.learnt()
        many = f"{len(rows)} message{'s' * (len(rows) > 1)}"
        begin = f"A conversation of {many} as {len(learnt)} tokens in boxes, a line for each message"
        if problem := self.problem():
            return f"{begin}. No token is marked, for the conversation cannot be learnt from: {problem}."
        which = {
            "answers": "those of the assistant's answers and the end token that closes each",
            "no_end": "those of the assistant's answers without the end token, so that nothing teaches it to stop",
            "everything": "all but the first, before which nothing stands",
        }[self.mask]
        return f"{begin}. Marked are the {learnt.sum()} that carry loss, {self.share():.0%}: {which}."

    def still(self) -> tuple:
        """The tokens in boxes, a message after the other; those that carry loss are bold and underlined."""
        from book_lib import plotting

        lines = _lines(self.rows(), self.tokens(), self.learnt().tolist())
        figure, axes = plotting.figure(height=0.5 + 0.27 * len(lines))
        for y, line in enumerate(lines):
            for x, wide, name, marked in line:
                _box(axes, x + wide / 2, y, name, marked)
                if marked:
                    axes.plot([x + 0.15, x + wide - 0.15], [y + 0.42, y + 0.42], color=plotting.COLORS.accent, lw=2)
        told = "in disorder: nothing can be learnt" if self.problem() else "bold boxes, underlined: carries loss"
        axes.set(xlim=(0, LINE), ylim=(len(lines) - 0.4, -0.6), title=told)
        axes.set_axis_off()
        return plotting.still(figure)


def packed(messages: Iterable[Message | tuple[str, str]]) -> str:
    """Messages as the line of JSON that the page edits.

    Raises:
        ArgumentError: if they are not 1 to 8 messages of known roles and at most 240 characters.

    >>> packed([("user", "Hi")])
    '{"messages":[{"role":"user","content":"Hi"}]}'
    """
    pairs = [_pair(index, one) for index, one in enumerate(messages)]
    if not 1 <= len(pairs) <= MOST:
        raise ArgumentError(f"messages must be 1 to {MOST} messages, not {len(pairs)}")
    rows = [{"role": role, "content": content} for role, content in pairs]
    return json.dumps({"messages": rows}, ensure_ascii=False, separators=(",", ":"))


def _pair(index: int, message: Any) -> tuple[str, str]:
    """A message's role and text."""
    if isinstance(message, (tuple, list)) and len(message) == 2:
        role, content = message
    else:
        role, content = (getattr(message, name, None) for name in ("role", "content"))
    if not (isinstance(role, str) and isinstance(content, str)):
        raise ArgumentError(f"messages[{index}] must be a Message or a pair of role and text, not {message!r}")
    if role not in ROLES:
        raise ArgumentError(f"messages[{index}].role must be one of {', '.join(ROLES)}, not {role!r}")
    if len(content) > LONGEST:
        raise ArgumentError(f"messages[{index}].content must have at most {LONGEST} characters, not {len(content)}")
    if any("\ud800" <= letter <= "\udfff" for letter in content):
        raise ArgumentError(f"messages[{index}].content must be text that UTF-8 can write, not half of a pair")
    return role, content


def _template(tokenizer: Any) -> ChatTemplate:
    """The template of a tokenizer that the page can repeat."""
    from book_lib.pipeline.chat import ChatTemplate
    from book_lib.tokenizer import GPT2_SPLIT

    try:
        template = ChatTemplate(tokenizer)
    except (TypeError, ValueError) as error:
        raise ArgumentError(str(error)) from None
    if tokenizer.token_ids is not None or tokenizer.split not in (None, GPT2_SPLIT):
        raise ArgumentError("tokenizer must have ids 0, 1, 2, … and GPT-2's pattern or none, which the page can repeat")
    return template


@cache
def _rebuilt(merges: Sequence[int], specials: Iterable[tuple[str, int]], split: bool) -> ChatTemplate:
    from book_lib.tokenizer import GPT2_SPLIT, BPETokenizer

    pairs = list(zip(merges[::2], merges[1::2], strict=True))
    return _template(BPETokenizer(pairs, dict(specials), GPT2_SPLIT if split else None))


@cache
def toy_tokenizer() -> BPETokenizer:
    """A tokenizer that knows some of the words of toy conversations, in an instant."""
    from book_lib.pipeline._toy import conversations
    from book_lib.tokenizer import BPETokenizer

    text = "\n".join(message.content for messages in conversations(60, 0) for message in messages)
    return BPETokenizer.train(text, 340)


LINE = 74.0  # letters to a line of the picture
Placed = tuple[float, float, str, bool]


def _lines(rows: list[list[int]], names: list[str], learnt: list[bool]) -> list[list[Placed]]:
    """Where each token stands: lines of (place, width, name, whether it carries loss), new ones for each message."""
    lines: list[list[Placed]] = []
    at = 0
    for row in rows:
        lines.append([])
        x = 0.0
        for name, marked in zip(names[at : at + len(row)], learnt[at : at + len(row)], strict=True):
            wide = 0.9 + (0.7 if name.startswith("<|") else 0.82) * len(name)
            if x + wide > LINE:
                lines.append([])
                x = 2.0
            lines[-1].append((x, wide, name, marked))
            x += wide
        at += len(row)
    return lines


def _box(axes: Any, x: float, y: float, name: str, marked: bool) -> None:
    from book_lib import plotting

    rounded = name.startswith("<|")
    style = {"boxstyle": "round,pad=0.16" if rounded else "square,pad=0.16", "linewidth": 1.2 if marked else 0.6}
    style["edgecolor"] = plotting.COLORS.accent if marked else plotting.COLORS.muted
    style["facecolor"] = "none"
    axes.text(x, y, name, ha="center", va="center", fontsize=8, bbox=style,
              color=plotting.COLORS.ink if marked else plotting.COLORS.muted)  # fmt: skip
