"""Rules that filter text, on real passages among which junk was planted: what they find, and what they cost."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import traitlets

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole

if TYPE_CHECKING:
    from book_lib.pipeline.data import Document, FilterConfig, Rejection, Stage, Truth
    from book_lib.rng import Generator

REAL = 160  # passages of the book's corpus
JUNK = 0.25  # as much planted junk, as a share of them
SHORTEST, LONGEST = 100, 360  # characters of a passage
LEAST_PLANTED = 280  # characters: as long as two repeated lines
MOST, MOST_CHARACTERS = 400, 200_000  # of passages that travel with a page
DIGITS = 6  # of a language score on its way to the page
RULES = (
    "min_words", "max_words", "min_language", "min_letters", "min_word_length", "max_word_length",
    "max_repeated_lines", "max_symbols", "min_stop_words",
)  # fmt: skip


class DataFunnel(Explorable):
    """Passages that pass nine rules one after the other, beside the truth about each.

    Junk is what :func:`book_lib.pipeline.data.seed_faults` calls so. The page measures its passages by itself, but for
    the language score, whose model of letters is too large to travel.

    Args:
        documents: 2 to 400 passages, a good one and a piece of junk among them; real ones of Python's documentation
            with planted junk unless given.
        truth: what each of them is; given if and only if ``documents`` are.
        min_words, max_words, min_language, min_letters, min_word_length, max_word_length, max_repeated_lines,
            max_symbols, min_stop_words: the bounds of :class:`book_lib.pipeline.data.FilterConfig`.
        rule: the rule whose numbers are drawn.
        show: which passages can be read: "rejected", "lost" (good and rejected) or "missed" (junk that stays).
        passage: the place of the one that is shown among these, from 0.
        prediction: how much of the junk the reader bets the usual bounds find: "all", "part", "few", "skipped" or "".
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    See the section :ref:`sec-llm-filters`.

    >>> box = DataFunnel()
    >>> box.stages()[0].documents == len(box.texts), box.stages()[-1].documents < len(box.texts)
    (True, True)
    >>> box.kinds()["letters"]  # all of them are found
    (8, 8)
    """

    texts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    sources = traitlets.List(traitlets.Unicode()).tag(sync=True)
    labels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    languages = traitlets.List(traitlets.Float()).tag(sync=True)
    min_words = Whole(25, least=0, most=60).tag(sync=True)
    max_words = Whole(100_000, least=60, most=100_000).tag(sync=True)
    min_language = Real(0.04, least=0, most=0.3).tag(sync=True)
    min_letters = Real(0.6, least=0, most=1).tag(sync=True)
    min_word_length = Real(2.5, least=0, most=5).tag(sync=True)
    max_word_length = Real(10.0, least=5, most=20).tag(sync=True)
    max_repeated_lines = Real(0.3, least=0, most=1).tag(sync=True)
    max_symbols = Real(0.2, least=0, most=1).tag(sync=True)
    min_stop_words = Whole(2, least=0, most=8).tag(sync=True)
    rule = OneOf(list(RULES), default_value="min_language").tag(sync=True)
    show = OneOf(["rejected", "lost", "missed"], default_value="rejected").tag(sync=True)
    passage = Whole(0, least=0).tag(sync=True)
    prediction = OneOf(["", "all", "part", "few", "skipped"], default_value="").tag(sync=True)

    def __init__(
        self,
        *,
        documents: Iterable[Document] | None = None,
        truth: Iterable[Truth] | None = None,
        **traits: Any,
    ) -> None:
        if (documents is None) != (truth is None):
            raise ArgumentError("documents must come with their truth, and truth with its documents")
        found, known = planted() if documents is None else _checked(documents, truth)
        texts = [document.text for document in found]
        super().__init__(
            texts=texts,
            sources=[document.source for document in found],
            labels=[one.label for one in known],
            languages=[round(_language(text), DIGITS) for text in texts],
            **traits,
        )

    def config(self) -> FilterConfig:
        """The bounds, as the library takes them."""
        from book_lib.pipeline.data import FilterConfig

        return FilterConfig(**{name: getattr(self, name) for name in RULES})

    def reasons(self) -> list[list[Rejection]]:
        """Why each passage is rejected, by the library: empty for those that stay."""
        config = self.config()
        return [list(_judged(text, config)) for text in self.texts]

    def stages(self) -> tuple[Stage, ...]:
        """What is left after each rule."""
        from book_lib.pipeline.data import funnel

        return funnel(self.texts, self.config())

    def junk(self) -> list[bool]:
        """Whether each passage is junk in truth."""
        from book_lib.pipeline.data import JUNK as KINDS

        return [label in KINDS for label in self.labels]

    def kinds(self) -> dict[str, tuple[int, int]]:
        """Of each kind of passage, how many there are and how many are rejected."""
        from book_lib.pipeline.data import LABELS

        gone = [bool(found) for found in self.reasons()]
        found = {label: [g for g, own in zip(gone, self.labels, strict=True) if own == label] for label in LABELS}
        return {label: (len(all_), sum(all_)) for label, all_ in found.items() if all_}

    def scores(self) -> dict[str, float]:
        """"precision" and "recall" of rejecting junk, and the share of what is good that is "lost"; NaN of nothing."""
        pairs = list(zip(self.junk(), map(bool, self.reasons()), strict=True))
        caught = sum(junk and gone for junk, gone in pairs)
        rejected, junk = (sum(pair[k] for pair in pairs) for k in (1, 0))
        return {
            "precision": caught / rejected if rejected else math.nan,
            "recall": caught / junk,
            "lost": (rejected - caught) / (len(pairs) - junk),
        }

    def listed(self) -> list[int]:
        """The places of the passages that can be read, in order."""
        gone, junk = [bool(found) for found in self.reasons()], self.junk()
        wanted = {
            "rejected": lambda k: gone[k],
            "lost": lambda k: gone[k] and not junk[k],
            "missed": lambda k: junk[k] and not gone[k],
        }[self.show]
        return [k for k in range(len(self.texts)) if wanted(k)]

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        stages, scores = self.stages(), self.scores()
        left = ", ".join(f"{stage.documents} after {_words(stage.name)}" for stage in stages[1:])
        precise = "" if math.isnan(scores["precision"]) else f"; {scores['precision']:.0%} of the rejects are junk"
        kinds = ", ".join(f"{gone} of {count} {_words(label)}" for label, (count, gone) in self.kinds().items())
        return (
            f"A funnel of {stages[0].documents} passages: {left}. {scores['recall']:.0%} of the junk is rejected"
            f"{precise}. Rejected are {kinds}."
        )

    def still(self) -> tuple:
        """What is left after each rule; of each kind, the part that is rejected."""
        from book_lib import plotting

        figure, (left, right) = plotting.figure(height=3.4, columns=2, width_ratios=[1.25, 1])
        stages = self.stages()
        bars = left.barh([_words(one.name) for one in stages], [one.documents for one in stages], height=0.65,
                         color=plotting.COLORS.simulation)  # fmt: skip
        left.bar_label(bars, padding=3, fontsize=9)
        left.set(xlim=(0, 1.15 * stages[0].documents), xticks=[], title="passages left")
        kinds = self.kinds()
        names = [_words(label) for label in kinds]
        right.barh(names, [1.0] * len(kinds), height=0.65, color=plotting.COLORS.rule)
        shares = right.barh(names, [gone / count for count, gone in kinds.values()], height=0.65,
                            color=plotting.COLORS.mean_field)  # fmt: skip
        right.bar_label(shares, [f"{gone} of {count}" for count, gone in kinds.values()], padding=3, fontsize=9)
        right.set(xlim=(0, 1.35), xticks=[], title="rejected")
        for axes in (left, right):
            axes.invert_yaxis()
            axes.spines["bottom"].set_visible(False)
            axes.tick_params(left=False)
        return plotting.still(figure)


def _words(name: str) -> str:
    """A rule or a kind in words."""
    names = {"letters": "random letters", "language": "in another language", "repeats": "repeated lines"}
    if name.startswith(("min_", "max_")):
        side, what = name.split("_", 1)
        return f"{side}. {what.replace('_', ' ')}"
    return names.get(name, name)


@lru_cache(maxsize=8192)
def _judged(text: str, config: FilterConfig) -> tuple[Rejection, ...]:
    from book_lib.pipeline.data import judge

    return tuple(judge(text, config))


@lru_cache(maxsize=1024)
def _language(text: str) -> float:
    from book_lib.pipeline.data import language_score

    return language_score(text)


def _checked(documents: Any, truth: Any) -> tuple[list[Document], list[Truth]]:
    """A reader's passages and what is true of them."""
    from book_lib.pipeline.data import JUNK as KINDS
    from book_lib.pipeline.data import Document, Truth

    found, known = list(documents), list(truth)
    if not all(isinstance(one, Document) for one in found) or not 2 <= len(found) <= MOST:
        raise ArgumentError(f"documents must be 2 to {MOST} documents, as book_lib.pipeline.data.Document has them")
    if sum(len(one.text) for one in found) > MOST_CHARACTERS:
        raise ArgumentError(f"documents must have at most {MOST_CHARACTERS} characters together")
    if not all(isinstance(one, Truth) for one in known) or len(known) != len(found):
        raise ArgumentError(f"truth must hold a Truth for each of the {len(found)} documents")
    if len({one.label in KINDS for one in known}) < 2:
        raise ArgumentError("truth must name a good passage and a piece of junk, at least")
    return found, known


# ------------------------------------------------------------------------------------------- the book's passages


@lru_cache(maxsize=1)
def planted() -> tuple[list[Document], list[Truth]]:
    """Real passages of the standard documents with planted junk, all of 100 to 360 characters, in random order."""
    from book_lib.pipeline.data import Document, seed_faults, standard_documents
    from book_lib.rng import CounterRNG

    rng = CounterRNG(0)
    pieces = [piece for document in standard_documents() for piece in passages(document)]
    chosen = [pieces[int(k)] for k in rng.permutation(len(pieces))[:REAL]]
    found, truth = seed_faults(chosen, rng, exact=0, near=0, junk=JUNK)
    shorter = [
        one if known.label == "good" else Document(trimmed(one.text, known.label, rng), one.source, one.kind)
        for one, known in zip(found, truth, strict=True)
    ]
    return shorter, truth


def passages(document: Document) -> list[Document]:
    """A document's paragraphs, put together to passages of 100 to 360 characters; what is longer is left out."""
    from book_lib.pipeline.data import Document

    groups: list[list[str]] = [[]]
    for paragraph in filter(str.strip, document.text.split("\n\n")):
        together = sum(len(part) + 2 for part in groups[-1]) + len(paragraph)
        if together > LONGEST:
            groups.append([])
        if len(paragraph) <= LONGEST:
            groups[-1].append(paragraph.strip("\n"))
    texts = ["\n\n".join(group) for group in groups]
    return [Document(text, document.source, document.kind) for text in texts if len(text) >= SHORTEST]


def trimmed(text: str, label: str, rng: Generator) -> str:
    """A planted document as long as a passage, ending with a line, a sentence or a word.

    What makes it what it is stays in it: of an insult or its mention, the sentence before it is the first.
    """
    from book_lib.pipeline.data import INSULTS

    end = "\n" if "\n" in text else r"[.!] |[。]" if re.search(r"[.!] |。", text) else " "
    cuts = [match.end() for match in re.finditer(end, text)]
    start = 0
    if label in ("toxic", "mention"):
        first = min(text.find(word) for word in INSULTS if word in text)
        start = ([0, 0, *(cut for cut in cuts if cut <= first)])[-2]
    bound = start + int(rng.integers(LEAST_PLANTED, LONGEST + 1))
    if len(text) <= bound:
        return text[start:].strip()
    return text[start : max((cut for cut in cuts if start < cut <= bound), default=bound)].strip()
