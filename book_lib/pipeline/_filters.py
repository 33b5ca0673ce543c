"""Rules that look at one document, each with a number and a bound, so that a rejection can be explained."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray

from book_lib import _checks
from book_lib._corpus import corpus, topics
from book_lib.ngram import NGram
from book_lib.pipeline._minhash import words_of
from book_lib.pipeline._sources import Document, text_of, texts_of

# The eight of which every English text has two (Rae et al., 2021, appendix A).
STOP_WORDS = frozenset(("the", "be", "to", "of", "and", "that", "have", "with"))
MARKUP = frozenset("#*/\\_@&%[]{}")  # punctuation that prose hardly uses; "<", "|", "=" … are symbols by Unicode
OTHER = 27  # the number of every letter but a–z; the space and what is no letter are 0
LETTERS = 28
ORDER = 4


@dataclass(frozen=True)
class FilterConfig:
    """The bounds of the rules; a document outside one of them is rejected.

    Each rule can be turned off by a bound that nothing breaks: 0 below, 1 above for shares, and large numbers for
    ``max_words`` and ``max_word_length``.

    Args:
        min_words, max_words: how many words a document has.
        min_language: how English it is letter by letter: English scores 0.08 … 0.3, other languages less than 0.02.
        min_letters: letters among its characters without white space, a share.
        min_word_length, max_word_length: the mean number of characters of a word.
        max_repeated_lines: how much of the text stands in lines that were there before: their characters among all,
            without white space, a share. Characters and not lines are counted, so that code and lists, where a short
            line such as ``}`` comes often, may stay.
        max_symbols: signs that prose hardly uses, ``#*/\\_@&%[]{}`` and mathematical ones, among its characters without
            white space, a share.
        min_stop_words: how many of eight frequent words occur, "the", "be", "to", "of", "and", "that", "have", "with".

    Raises:
        TypeError: if a bound is no number.
        ValueError: if it is negative, a share is above 1, or a lower bound lies above the upper.

    Source: after :cite:`rae2021scaling`, appendix A, with bounds for short documents; they bound the share of repeated
    lines by 0.3 and that of the characters in them by 0.2. See the section :ref:`sec-llm-filters`.

    >>> FilterConfig(min_words=20).min_words
    20
    """

    min_words: int = 25
    max_words: int = 100_000
    min_language: float = 0.04
    min_letters: float = 0.6
    min_word_length: float = 2.5
    max_word_length: float = 10.0
    max_repeated_lines: float = 0.3
    max_symbols: float = 0.2
    min_stop_words: int = 2

    def __post_init__(self) -> None:
        for name in ("min_words", "max_words", "min_stop_words"):
            _checks.integer(name, getattr(self, name), 0)
        for name in ("min_letters", "max_repeated_lines", "max_symbols", "min_language"):
            share(name, getattr(self, name))
        for name in ("min_word_length", "max_word_length"):
            if _checks.finite(name, getattr(self, name)) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        for what in ("words", "word_length"):
            low, high = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if low > high:
                raise ValueError(f"min_{what} must be at most max_{what}, {high}, got {low}")


def share(name: str, value: float) -> float:
    """Return a number of 0 … 1."""
    number = _checks.finite(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must lie in 0 ... 1, got {value}")
    return number


@dataclass(frozen=True)
class Rejection:
    """Why a document was rejected.

    Args:
        rule: the bound that it broke, by its name in the configuration.
        value: what was measured.
        bound: what was allowed.

    >>> print(Rejection("min_words", 12, 25))
    min_words: 12 is below 25
    """

    rule: str
    value: float
    bound: float

    def __str__(self) -> str:
        side = "below" if self.value < self.bound else "above" if self.value > self.bound else "at"
        return f"{self.rule}: {_told(self.value, self.bound)} is {side} {_told(self.bound, self.bound)}"


def _told(value: float, bound: float) -> str:
    """Return a number in three digits or few more: as many as it takes to stand on the right side of the bound.

    >>> _told(0.30000001, 0.3), _told(0.1234567, 0.3), _told(123_456, 25)
    ('0.30000001', '0.123', '123456')
    """
    if float(value).is_integer():
        return str(int(value))
    if value == bound or not math.isfinite(value):
        return repr(float(value))
    for digits in range(max(3, len(str(int(abs(value))))), 18):
        shown = f"{value:.{digits}g}"
        if (float(shown) < bound) == (value < bound) and float(shown) != bound:
            break
    return shown


def measure(document: str | Document) -> dict[str, float]:
    """Return the numbers that the rules look at: "words", "letters", "word_length", "repeated_lines", "symbols",
    "stop_words" and "language", as :class:`FilterConfig` explains them; shares of nothing are 0.

    Raises:
        TypeError: if it is neither a document nor text.

    See the section :ref:`sec-llm-filters`.

    >>> numbers = measure("To be, or not to be, that is the question.")
    >>> numbers["words"], numbers["stop_words"], numbers["repeated_lines"]
    (10, 4, 0.0)
    """
    text = text_of("document", document)
    words = words_of(text)
    counts = Counter(text)
    visible = sum(count for sign, count in counts.items() if not sign.isspace())
    letters = sum(count for sign, count in counts.items() if sign.isalpha())
    symbols = sum(count for sign, count in counts.items() if _is_symbol(sign))
    return {
        "words": len(words),
        "letters": letters / visible if visible else 0.0,
        "word_length": sum(map(len, words)) / len(words) if words else 0.0,
        "repeated_lines": _repeated(text) / visible if visible else 0.0,
        "symbols": symbols / visible if visible else 0.0,
        "stop_words": len(STOP_WORDS.intersection(words)),
        "language": language_score(text),
    }


def _repeated(text: str) -> int:
    """Return how many characters, white space aside, stand in lines that were there before."""
    lines = Counter(map(str.strip, text.split("\n")))
    return sum((count - 1) * len("".join(line.split())) for line, count in lines.items() if count > 1)


def _is_symbol(sign: str) -> bool:
    return sign in MARKUP or unicodedata.category(sign)[0] == "S"


def judge(document: str | Document, config: FilterConfig | None = None) -> list[Rejection]:
    """Return every reason to reject a document, in the order of the configuration; none if it may stay.

    Args:
        document: a document or a text.
        config: the bounds; ``FilterConfig()`` unless given.

    Raises:
        TypeError: if an argument is of another kind.

    See the section :ref:`sec-llm-filters`.

    >>> [str(reason) for reason in judge("12345 " * 30, FilterConfig(min_language=0, max_repeated_lines=1))]
    ['min_letters: 0 is below 0.6', 'min_stop_words: 0 is below 2']
    """
    config = _config(config)
    numbers = measure(document)
    found = []
    for bound in fields(config):
        side, what = bound.name.split("_", 1)
        limit, value = getattr(config, bound.name), numbers[what]
        if (value < limit) if side == "min" else (value > limit):
            found.append(Rejection(bound.name, value, limit))
    return found


def _config(config: FilterConfig | None) -> FilterConfig:
    if config is not None and not isinstance(config, FilterConfig):
        raise TypeError(f"config must be a FilterConfig, got {type(config).__name__}")
    return config or FilterConfig()


@dataclass(frozen=True)
class Stage:
    """How much is left after a rule.

    Args:
        name: of the rule, "raw" before the first.
        documents: how many are left.
        characters: how many they have together.
    """

    name: str
    documents: int
    characters: int


def funnel(documents: Iterable[str | Document], config: FilterConfig | None = None) -> tuple[Stage, ...]:
    """Return what is left of documents rule by rule; each goes at the first that rejects it.

    Args:
        documents: documents or texts.
        config: the bounds; ``FilterConfig()`` unless given.

    Raises:
        TypeError: if an argument is of another kind.

    See the section :ref:`sec-llm-filters`.

    >>> [(stage.name, stage.documents) for stage in funnel(["one two three", ""])][:2]
    [('raw', 2), ('min_words', 0)]
    """
    config = _config(config)
    texts = texts_of("documents", documents)
    return staged(texts, [judge(text, config) for text in texts])


def staged(texts: list[str], reasons: list[list[Rejection]]) -> tuple[Stage, ...]:
    """Return the funnel of texts that were judged already."""
    gone = Counter(found[0].rule for found in reasons if found)
    lost: Mapping[str, int] = Counter()
    for text, found in zip(texts, reasons, strict=True):
        if found:
            lost[found[0].rule] += len(text)
    stages = [Stage("raw", len(texts), sum(map(len, texts)))]
    for bound in fields(FilterConfig):
        last = stages[-1]
        stages.append(Stage(bound.name, last.documents - gone[bound.name], last.characters - lost[bound.name]))
    return tuple(stages)


# ----------------------------------------------------------------------------------------------- language


def language_score(text: str | Document) -> float:
    """Return how English a text is letter by letter: the geometric mean of p(letter | the three before it).

    It is one over the perplexity of an n-gram model of characters that has counted Python's reference (the idea of
    :cite:`cavnar1994ngram`, with our :class:`~book_lib.ngram.NGram`). English comes to 0.08 … 0.3, German or French to
    less than 0.02, letters drawn by lot to less than 0.001. Capitals, digits and signs do not count.

    Returns:
        A number 0 … 1, 0 for a text without letters.

    Raises:
        TypeError: if it is neither text nor a document.
        RuntimeError: if this Python has been shipped without any text to count.

    See the section :ref:`sec-llm-filters`.

    >>> language_score("The cat sat on the mat and looked at the moon.") > 0.06
    True
    >>> language_score("Die Katze saß auf der Matte und schaute zum Mond.") < 0.03
    True
    """
    letters = spelled(text_of("text", text))
    if not letters.any():
        return 0.0
    return float(np.exp(_english().log_probabilities(letters).mean()))


def spelled(text: str) -> NDArray[np.int64]:
    """Return a text in 28 letters: a–z are 1 … 26, any other letter is 27, and what lies between words is one 0."""
    points = np.frombuffer(text.lower().encode("utf-32-le"), dtype=np.uint32)
    ids = np.where((points >= ord("a")) & (points <= ord("z")), points.astype(np.int64) - ord("a") + 1, 0)
    foreign = points > 127
    if foreign.any():
        known, inverse = np.unique(points[foreign], return_inverse=True)
        ids[foreign] = np.array([OTHER * chr(point).isalpha() for point in known])[inverse]
    ids = np.concatenate([[0], ids, [0]])  # a text begins and ends with words
    return ids[np.append(True, (ids[1:] != 0) | (ids[:-1] != 0))]


@cache
def _english() -> NGram:
    """The model of English, counted when it is first asked for."""
    reference = "\n\n".join(topics().values()) or corpus().train_text
    return NGram(ORDER, LETTERS).fit(spelled(reference))
