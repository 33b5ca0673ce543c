"""An n-gram model of letters: what it writes, and how surprised it is by text that it has not counted."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole

if TYPE_CHECKING:
    from book_lib.ngram import NGram

HIGHEST = 5
LETTERS = 64  # different characters at most, as in ngram_text.js
TRAINED = ("objects", "execmodel", "exceptions")  # topics of Python's own reference
HELD_OUT = ("function", "class", "with", "raise")
SHORTEST = 120  # characters of a paragraph that counts as prose
SIZES = (12_000, 3_000)  # characters of each
LONGEST = 40_000
SHOWN = 80  # characters written at first, as in ngram_text.js
MOST = 600  # characters written at last
START = 40  # characters of a start, as in ngram_text.js
LEAST_AMOUNT, MOST_AMOUNT = 0.01, 10.0


class NgramText(Explorable):
    """Letters counted by the n − 1 before them; a text drawn from the counts; perplexity seen and held out.

    Args:
        train_text: what is counted; Python's own reference in small letters if not given, 100 to 40,000 characters.
        held_out_text: what is only looked at, 20 to 40,000 characters.
        order: n, 1 to 5.
        smoothing: "add", "witten-bell" or "none".
        amount: k of "add", 0.01 to 10.
        start: the text that the writing begins with, at most 40 characters; those that neither text has are left out.
        prediction: the order at which the reader bets the held-out perplexity is least: "1" … "5", "skipped" or "".
        seed: of the counter-based generator; `write` writes the same text.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-lm-ngrams`.

    Raises:
        ValueError: for a bad value of one of these, or more than 64 different characters.

    >>> box = NgramText(train_text="ab" * 60, held_out_text="ab" * 10, order=2, smoothing="none", start="a")
    >>> box.write(5), round(box.perplexities()[1][0], 3)  # the first letter alone is uncertain
    ('babab', 1.006)
    """

    train_text = traitlets.Unicode().tag(sync=True)
    held_out_text = traitlets.Unicode().tag(sync=True)
    order = Whole(3, least=1, most=HIGHEST).tag(sync=True)
    smoothing = OneOf(["add", "witten-bell", "none"], default_value="add").tag(sync=True)
    amount = Real(0.1, least=LEAST_AMOUNT, most=MOST_AMOUNT).tag(sync=True)
    start = traitlets.Unicode("the ").tag(sync=True)
    prediction = OneOf(["", *map(str, range(1, HIGHEST + 1)), "skipped"], default_value="").tag(sync=True)

    @traitlets.default("train_text")
    def _train_text(self) -> str:
        return reference()[0]

    @traitlets.default("held_out_text")
    def _held_out_text(self) -> str:
        return reference()[1]

    @traitlets.validate("train_text", "held_out_text")
    def _check_text(self, proposal: Any) -> str:
        name, text = proposal["trait"].name, proposal["value"]
        least = 100 if name == "train_text" else 20
        if not least <= len(text) <= LONGEST:
            raise ArgumentError(f"{name} must have {least} to {LONGEST} characters, not {len(text)}")
        return text

    @traitlets.validate("start")
    def _check_start(self, proposal: Any) -> str:
        if len(proposal["value"]) > START:
            raise ArgumentError(f"start must have at most {START} characters, not {len(proposal['value'])}")
        return proposal["value"]

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        letters = len(self.alphabet())
        if letters > LETTERS:
            raise ArgumentError(f"train_text must have at most {LETTERS} different characters, not {letters}")

    def alphabet(self) -> str:
        """The characters of both texts, in order: the vocabulary."""
        return "".join(sorted(set(self.train_text) | set(self.held_out_text)))

    def ids(self, text: str) -> NDArray[np.int64]:
        """A text as numbers of its characters, those that are unknown left out, shape (characters,)."""
        number = {letter: i for i, letter in enumerate(self.alphabet())}
        return np.array([number[letter] for letter in text if letter in number], dtype=np.int64)

    def model(self, order: int | None = None) -> NGram:
        """The library's model of the training text, at the explorable's order unless one is given."""
        from book_lib.ngram import NGram

        chosen = self.order if order is None else order
        return NGram(chosen, len(self.alphabet()), self.smoothing, self.amount).fit(self.ids(self.train_text))

    def perplexities(self) -> list[tuple[float, float]]:
        """Perplexity of the training text and of the text held out, at the orders 1 … 5."""
        texts = [self.ids(self.train_text), self.ids(self.held_out_text)]
        models = [self.model(order) for order in range(1, HIGHEST + 1)]
        return [(model.perplexity(texts[0]), model.perplexity(texts[1])) for model in models]

    def write(self, characters: int) -> str:
        """What the page writes after `start`; less where a context has no law, which happens without smoothing."""
        from book_lib.probability import sample_categorical
        from book_lib.rng import CounterRNG

        rng, model, alphabet = CounterRNG(self.seed), self.model(), self.alphabet()
        ids = self.ids(self.start).tolist()
        first = len(ids)
        for _ in range(characters):
            if self.smoothing == "none" and not model.counts(ids).any():
                break
            ids.append(int(sample_categorical(model.probabilities(ids), 1, rng)[0]))
        return "".join(alphabet[i] for i in ids[first:])

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        pairs = self.perplexities()
        held = [pair[1] for pair in pairs]
        best = int(np.argmin(held)) + 1
        now = f"{held[self.order - 1]:.2f}" if math.isfinite(held[self.order - 1]) else "infinite"
        kinds = {"add": f"{self.amount:g} added to each count", "none": "no smoothing"}
        kind = kinds.get(self.smoothing, "Witten–Bell smoothing")
        return (
            f"A model of order {self.order} with {kind}, counted on {len(self.train_text)} characters, writes: "
            f"“{self.start}{self.write(SHOWN)}”. Its perplexity is {pairs[self.order - 1][0]:.2f} on what it has "
            f"counted and {now} on text held out, where order {best} is best."
        )

    def still(self) -> tuple:
        """A piece of the writing; both perplexities against the order."""
        from book_lib import plotting

        figure, (left, right) = plotting.figure(height=2.7, columns=2, width_ratios=[1, 1.1])
        _writing(left, self)
        _curves(right, self.perplexities())
        return plotting.still(figure)


def _writing(axes: Any, box: NgramText) -> None:
    import textwrap

    text = (box.start + box.write(SHOWN)).replace("$", r"\$")
    axes.text(
        0,
        1,
        "\n".join(textwrap.wrap(text, 22)),
        va="top",
        fontsize=9,
        linespacing=1.4,
        transform=axes.transAxes,
    )
    axes.set(title=f"order {box.order} writes")
    axes.set_axis_off()


def _curves(axes: Any, pairs: list[tuple[float, float]]) -> None:
    from book_lib import plotting

    orders = np.arange(1, HIGHEST + 1)
    train, held = (np.array(one) for one in zip(*pairs, strict=True))
    axes.plot(orders, train, "o-", color=plotting.COLORS.simulation, label="counted")
    held = np.where(np.isfinite(held), held, np.nan)
    axes.plot(orders, held, "s--", color=plotting.COLORS.mean_field, label="held out")
    axes.set(xlabel="order n", ylabel="perplexity", ylim=(0, None), xticks=orders)
    axes.legend()


@lru_cache(maxsize=1)
def reference() -> tuple[str, str]:
    """Two texts from Python's own reference, 12,000 and 3,000 characters, as `plain` leaves them."""
    from pydoc_data.topics import topics

    return tuple(plain("\n\n".join(topics[name] for name in names))[:size]
                 for names, size in zip((TRAINED, HELD_OUT), SIZES, strict=True))  # fmt: skip


def plain(text: str) -> str:
    """Its prose in small letters, spaces, commas and stops.

    >>> plain("A *name* (see [1]) is bound, e.g. by an import ." + " It lives in the block." * 4)[:60]
    'a name see is bound, e.g. by an import. it lives in the bloc'
    """
    prose = [
        part
        for part in text.split("\n\n")
        if len(part) > SHORTEST and "::=" not in part and ">>>" not in part
    ]
    letters = re.sub(r"\[\d+\]|[^a-z.,]+", " ", " ".join(prose).lower())
    return re.sub(r" +", " ", re.sub(r" (?=[.,])|\.(?=\.)", "", letters)).strip()
