"""Byte-pair encoding step by step, on a text that the reader types."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import traitlets

from book_lib.explorables.base import ArgumentError, Explorable, Whole

if TYPE_CHECKING:
    from book_lib.tokenizer import BPETokenizer

TEXT = "the cat sat on the mat. the rat sat on the hat. that is that."
LONGEST = 600  # characters, as in bpe_steps.js
MOST = 60  # merges
BYTES = 256  # ids below are bytes
ROWS = 8  # pairs in the table


class BpeSteps(Explorable):
    """A text as tokens: bytes at first, and after each merge one kind of token more.

    Args:
        text: at most 600 characters; the reader may change it.
        split: whether GPT-2's pattern cuts the text into pieces first, across which nothing merges.
        merges: how many merges are done, 0 to 60; fewer if no pair is left.
        prediction: the pair of ids that the reader bets merges first, "116,104"; "skipped", or "" before the bet.
        alt: text for readers who see no picture; made from the settings unless given.

    Ties: the highest count, then the smallest pair of ids. See the section :ref:`sec-lm-bpe`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> steps = BpeSteps(text="aaabdaaabac", split=False, merges=3)
    >>> steps.tokens()
    [b'aaab', b'd', b'aaab', b'a', b'c']
    """

    text = traitlets.Unicode(TEXT).tag(sync=True)
    split = traitlets.Bool(True).tag(sync=True)
    merges = Whole(0, least=0, most=MOST).tag(sync=True)
    prediction = traitlets.Unicode("").tag(sync=True)

    @traitlets.validate("text")
    def _check_text(self, proposal: Any) -> str:
        text = proposal["value"]
        if len(text) > LONGEST:
            raise ArgumentError(f"text must have at most {LONGEST} characters, not {len(text)}")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ArgumentError("text must be text that UTF-8 can write, not half of a surrogate pair")
        return text

    @traitlets.validate("prediction")
    def _check_prediction(self, proposal: Any) -> str:
        value = proposal["value"]
        ids = value.split(",")
        pair = len(ids) == 2 and all(one.isdecimal() and int(one) < BYTES for one in ids)
        if value not in ("", "skipped") and not pair:
            raise ArgumentError(
                f"prediction must be '', 'skipped' or two bytes such as '116,104', not {value!r}"
            )
        return value

    def tokenizer(self) -> BPETokenizer:
        """The library's tokenizer, trained on the text as far as it has been merged, or can be."""
        from book_lib._tokenizer_training import rescan
        from book_lib.tokenizer import GPT2_SPLIT, BPETokenizer

        found = islice(rescan([chunk.encode() for chunk in self.chunks()], range(BYTES)), self.merges)
        return BPETokenizer(list(found), split=GPT2_SPLIT if self.split else None)

    def chunks(self) -> list[str]:
        """The pieces across which nothing merges."""
        import regex

        from book_lib.tokenizer import GPT2_SPLIT

        return regex.findall(GPT2_SPLIT, self.text) if self.split else [self.text] * bool(self.text)

    def ids(self) -> list[list[int]]:
        """The tokens of each piece, as ids."""
        trained = self.tokenizer()
        return [trained.encode(chunk) for chunk in self.chunks()]

    def tokens(self) -> list[bytes]:
        """The tokens of the text, in its order, as bytes."""
        trained = self.tokenizer()
        return [trained.token_bytes(one) for ids in self.ids() for one in ids]

    def pairs(self) -> list[tuple[int, int, int]]:
        """Pairs of neighbours and their counts, the one that merges next first."""
        counts = Counter(pair for ids in self.ids() for pair in pairwise(ids))
        return sorted(((a, b, n) for (a, b), n in counts.items()), key=lambda one: (-one[2], one[:2]))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        tokens, pairs, trained = self.tokens(), self.pairs(), self.tokenizer()
        told = "No pair is left to merge."
        if pairs:
            a, b, count = pairs[0]
            names = [written(trained.token_bytes(one)) for one in (a, b)]
            times = f"{count} time{'s' * (count > 1)}"
            told = f"The most frequent pair is {names[0]} and {names[1]}, {times}: it merges next."
        cut = "split by the pattern of GPT-2 first" if self.split else "in one piece"
        return (
            f"The text “{self.text}” of {len(self.text)} characters after {len(trained.merges)} merges, {cut}: "
            f"{len(tokens)} tokens in boxes, {len(tokens) / max(1, len(self.text)):.2f} a character. {told}"
        )

    def still(self) -> tuple:
        """The tokens in boxes; the counts of the pairs below."""
        from book_lib import plotting

        figure, (above, below) = plotting.figure(height=3.4, rows=2, height_ratios=[1.2, 1])
        _boxes(above, [written(token) for token in self.tokens()])
        trained = self.tokenizer()
        rows = self.pairs()[:ROWS]
        names = [" + ".join(written(trained.token_bytes(one)) for one in row[:2]) for row in rows]
        bars = below.bar(
            range(len(rows)), [row[2] for row in rows], width=0.6, color=plotting.COLORS.simulation
        )
        below.bar_label(bars, fontsize=9)
        below.set_xticks(range(len(rows)), names)
        below.set(
            yticks=[], title="most frequent pairs: the first merges next" if rows else "no pair is left"
        )
        below.spines["left"].set_visible(False)
        return plotting.still(figure)


def written(token: bytes) -> str:
    """A token as the page writes it: its characters, a space as ␣; bytes that are no character as numbers.

    >>> written(b" the"), written("学".encode()[:2])
    ('␣the', 'e5·ad')
    """
    try:
        text = token.decode()
    except UnicodeDecodeError:
        return "·".join(f"{byte:02x}" for byte in token)
    return text.replace(" ", "␣").replace("\n", "↵").replace("\t", "⇥")


LINE = 46.0  # letters to a line of the picture
ROOM = 6  # lines


def _boxes(axes: Any, names: list[str]) -> None:
    """Tokens one after the other in lines, each in its box; what finds no room ends in dots."""
    from book_lib import plotting

    style = {"boxstyle": "square,pad=0.12", "facecolor": "none", "linewidth": 0.6}
    style["edgecolor"] = plotting.COLORS.muted
    x = y = 0.0
    for name in names:
        wide = 0.75 + 0.72 * len(name)
        if x + wide > LINE:
            x, y = 0.0, y + 1
        if y >= ROOM:
            break
        axes.text(x + wide / 2, y, name, ha="center", va="center", fontsize=9, bbox=style)
        x += wide
    axes.set(xlim=(0, LINE), ylim=(min(ROOM - 0.4, y + 0.6), -0.6))
    axes.set_axis_off()
