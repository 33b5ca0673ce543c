"""Two small classifiers: is this good text, and is it offensive?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _classification_labels as guard
from book_lib.classification import BinaryClassifier, LogisticRegression, confusion_matrix, sigmoid
from book_lib.pipeline import _faults as faults
from book_lib.pipeline._filters import share
from book_lib.pipeline._minhash import hashed_words, words_of
from book_lib.pipeline._sources import Document, standard_documents, texts_of
from book_lib.rng import Generator, as_generator

QUALITY_FEATURES, TOXICITY_FEATURES = 1024, 2048
EXAMPLES = 400  # of each kind, to train the standard classifiers on; four times as many sentences that are real
WINDOW = (40, 400)  # words of an excerpt
SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n\s*\n")
FEWEST = 4  # words of a sentence; of a shorter one a single word would decide
Entries = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def word_features(texts: Iterable[str | Document], features: int = QUALITY_FEATURES) -> NDArray[np.float64]:
    """Return texts as rows of numbers: each word falls into one of ``features`` columns by its hash.

    A column that holds c words of a text gets 1 + ln c, and each row is scaled to length 1, so that neither long texts
    nor frequent words drown the rest. No vocabulary is kept; two words may share a column ("the hashing trick").

    Args:
        texts: N texts or documents.
        features: how many columns, 1 … 2²⁰.

    Returns:
        Shape (N, features), ≥ 0; zeros for a text without words.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if ``features`` is out of its range.

    Source: :cite:`weinberger2009feature`, without signs. See the section :ref:`sec-llm-quality`.

    >>> rows = word_features(["spin up", "Spin up!", ""], features=64)
    >>> bool((rows[0] == rows[1]).all()), (rows**2).sum(axis=1).round(9).tolist()
    (True, [1.0, 1.0, 0.0])
    """
    texts = texts_of("texts", texts)
    row, column, value = _entries(texts, _checks.integer("features", features, 1, 2**20))
    table = np.zeros((len(texts), features))
    table[row, column] = value
    return table


def _entries(texts: Sequence[str], features: int) -> Entries:
    """Return what is not 0 in the table of :func:`word_features`: rows, columns and values, in their order."""
    hashes, lengths = hashed_words(texts)
    columns = (hashes % np.uint64(features)).astype(np.int64)
    rows = np.repeat(np.arange(len(texts)), lengths)
    places, counts = np.unique(rows * features + columns, return_counts=True)
    row, column = places // features, places % features
    value = 1 + np.log(counts)
    norms = np.sqrt(np.bincount(row, value**2, minlength=len(texts)))
    return row, column, value / norms[row]


def _scores(model: BinaryClassifier, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return σ(w·x + c) of each text without writing out its zeros, shape (N,)."""
    row, column, value = _entries(texts, len(model.weights))
    z = np.bincount(row, value * model.weights[column], minlength=len(texts)) + model.bias
    return np.asarray(sigmoid(z), dtype=np.float64).reshape(len(texts))


class QualityClassifier:
    """Which texts look like those that we know to be good: logistic regression on hashed words.

    GPT-3's training set was chosen so, with a larger classifier (:cite:`brown2020language`, appendix A). It prefers
    what resembles its examples, which is not the same as what is good.

    Args:
        features: columns of :func:`word_features`.
        penalty: λ of :class:`book_lib.classification.LogisticRegression`, above 0.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of its range.

    See the section :ref:`sec-llm-quality`.

    >>> model = QualityClassifier(features=64).fit(["the spins align", "the field is weak"], ["buy now", "click here"])
    >>> model.rank(["click now", "the weak spins"]).tolist()
    [1, 0]
    """

    def __init__(self, features: int = QUALITY_FEATURES, penalty: float = 0.1) -> None:
        self.features = _checks.integer("features", features, 1, 2**20)
        self.penalty = _checks.positive("penalty", penalty)
        self._model: BinaryClassifier | None = None

    def __repr__(self) -> str:
        return f"QualityClassifier(features={self.features}, penalty={self.penalty:g})"

    @property
    def model(self) -> BinaryClassifier:
        """The fitted logistic regression.

        Raises:
            ValueError: before :meth:`fit`.
        """
        if self._model is None:
            raise ValueError("the classifier has seen no examples yet: call fit first")
        return self._model

    def fit(self, good: Iterable[str | Document], junk: Iterable[str | Document]) -> QualityClassifier:
        """Learn from examples, in place of what was learned before, and return the classifier.

        Args:
            good: texts or documents that are as they should be, one at least.
            junk: others.

        Raises:
            TypeError: if they are no texts.
            ValueError: if there is none of one kind.
        """
        sides = {"good": texts_of("good", good), "junk": texts_of("junk", junk)}
        for name, texts in sides.items():
            if not texts:
                raise ValueError(f"{name} must hold at least one example, got none")
        labels = np.repeat([1, 0], [len(sides["good"]), len(sides["junk"])])
        table = word_features([*sides["good"], *sides["junk"]], self.features)
        self._model = LogisticRegression(self.penalty).fit(table, labels)
        return self

    def score(self, texts: Iterable[str | Document]) -> NDArray[np.float64]:
        """Return the probability of each text to be good, shape (N,).

        Raises:
            TypeError: if they are no texts.
            ValueError: before :meth:`fit`.
        """
        texts = texts_of("texts", texts)
        return _scores(self.model, texts)

    def rank(self, texts: Iterable[str | Document]) -> NDArray[np.int64]:
        """Return the places of the texts from the best to the worst, shape (N,); errors as in :meth:`score`."""
        return np.argsort(-self.score(texts), kind="stable")


class ToxicityFilter:
    """Which texts insult: by a list of words, or by a classifier of sentences; each errs in its own way.

    The list misses what is not on it, and accuses whoever quotes it. The classifier is
    that of :class:`QualityClassifier`, asked for each sentence; the worst one counts.

    Args:
        words: the list; single words, capitals do not count. Eight invented ones unless given.
        features: columns of :func:`word_features`.
        penalty: λ of :class:`book_lib.classification.LogisticRegression`, above 0.
        threshold: the probability from which the classifier flags, 0 … 1.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of its range, or a word of the list is not a single word.

    See the section :ref:`sec-llm-toxicity`.

    >>> model = ToxicityFilter(words=["droopsock"]).fit(["you droopsock", "you snizzler", "a fine day"], [1, 1, 0])
    >>> model.flag(["A droopsock is a sock."], "words").tolist(), model.flag(["A fine day."]).tolist()
    ([True], [False])
    """

    METHODS = ("words", "classifier", "either")

    def __init__(
        self,
        words: Iterable[str] = faults.INSULTS[: faults.LISTED],
        features: int = TOXICITY_FEATURES,
        penalty: float = 0.03,
        threshold: float = 0.5,
    ) -> None:
        self.words = frozenset(word.lower() for word in texts_of("words", words))
        for word in self.words:
            if words_of(word) != [word]:
                raise ValueError(f"words must be single words without signs, got {word!r}")
        self.features = _checks.integer("features", features, 1, 2**20)
        self.penalty = _checks.positive("penalty", penalty)
        self.threshold = share("threshold", threshold)
        self._model: BinaryClassifier | None = None

    def __repr__(self) -> str:
        return f"ToxicityFilter({len(self.words)} words, features={self.features}, threshold={self.threshold:g})"

    @property
    def model(self) -> BinaryClassifier:
        """The fitted logistic regression.

        Raises:
            ValueError: before :meth:`fit`.
        """
        if self._model is None:
            raise ValueError("the filter has seen no examples yet: call fit first")
        return self._model

    def fit(self, sentences: Iterable[str | Document], labels: ArrayLike) -> ToxicityFilter:
        """Learn from sentences, in place of what was learned before, and return the filter.

        Args:
            sentences: N of them.
            labels: 1 for one that insults, 0 for one that does not, shape (N,), of both kinds.

        Raises:
            TypeError: if an argument is of another kind.
            ValueError: if there is not a label for each sentence, or they are all alike.
        """
        texts = texts_of("sentences", sentences)
        if not texts:
            raise ValueError("sentences must hold at least one of either kind, got none")
        labels = guard.binary("labels", labels, "01")
        self._model = LogisticRegression(self.penalty).fit(word_features(texts, self.features), labels)
        return self

    def score(self, texts: Iterable[str | Document]) -> NDArray[np.float64]:
        """Return the probability of each text's worst sentence, shape (N,); 0 for a text without words.

        Raises:
            TypeError: if they are no texts.
            ValueError: before :meth:`fit`.
        """
        split = [sentences_of(text) for text in texts_of("texts", texts)]
        scores = _scores(self.model, [sentence for part in split for sentence in part])
        ends = np.cumsum([len(part) for part in split])
        return np.array([scores[end - len(part) : end].max(initial=0.0) for part, end in zip(split, ends, strict=True)])

    def flag(self, texts: Iterable[str | Document], method: str = "classifier") -> NDArray[np.bool_]:
        """Return which texts are flagged, shape (N,).

        Args:
            texts: texts or documents.
            method: "words" for the list, "classifier", or "either".

        Raises:
            TypeError: if they are no texts.
            ValueError: if there is no such method, or before :meth:`fit`, which the list does not need.
        """
        _checks.one_of("method", method, self.METHODS)
        texts = texts_of("texts", texts)
        listed = np.array([not self.words.isdisjoint(words_of(text)) for text in texts], dtype=bool)
        if method == "words":
            return listed
        judged = self.score(texts) >= self.threshold
        return judged if method == "classifier" else judged | listed

    def confusion(
        self, texts: Iterable[str | Document], labels: ArrayLike, method: str = "classifier"
    ) -> NDArray[np.int64]:
        """Return how often a harmless (row 0) and a toxic text (row 1) was let pass (column 0) and flagged (column 1).

        Args:
            texts: N ≥ 1 texts or documents.
            labels: 1 for one that insults, 0 for one that does not, shape (N,).
            method: as in :meth:`flag`.

        Returns:
            Shape (2, 2): [[true negatives, false positives], [false negatives, true positives]].

        Raises:
            TypeError: if an argument is of another kind.
            ValueError: as :meth:`flag`, or if there is not a label 0 or 1 for each text.
        """
        truth = guard.binary("labels", labels, "01")
        return confusion_matrix(truth.astype(np.int64), self.flag(texts, method).astype(np.int64), classes=2)


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text that have a word; one of fewer than four is joined to what follows."""
    found, part = [], ""
    for piece in filter(None, SENTENCE.split(text)):
        part = f"{part} {piece}" if part else piece
        if len(words_of(part)) >= FEWEST:
            found.append(part)
            part = ""
    return [*found, part] if words_of(part) else found


# ------------------------------------------------------------------------------- classifiers of our own


@cache
def standard_quality(seed: int = 0) -> QualityClassifier:
    """Return a quality classifier that knows excerpts of :func:`standard_documents` and plain prose from planted junk.

    Trained in a second or two, once in a process, on junk of its own making: what :func:`seed_faults` plants is drawn
    from the same grammars, but hardly the same sentence. It is a classifier of English. Repeated lines and insults are
    not among its junk: their words are those of plain prose, and a rule and a filter of their own find them.

    Raises:
        TypeError, ValueError: if ``seed`` is not a whole number from 0.

    See the section :ref:`sec-llm-quality`.

    >>> standard_quality().score(["Return the number of items in the list, or raise an error if it is empty."]) > 0.5
    array([ True])
    """
    rng = as_generator(seed)
    documents = standard_documents()
    good = [excerpt(documents[int(rng.integers(0, len(documents)))].text, rng) for _ in range(EXAMPLES)]
    good += [faults.made("plain", rng) for _ in range(EXAMPLES // 4)]
    kinds = [label for label in faults.JUNK if label not in ("repeats", "toxic")]
    return QualityClassifier().fit(good, [faults.made(kinds[k % len(kinds)], rng) for k in range(EXAMPLES)])


def excerpt(text: str, rng: Generator) -> str:
    """Return some words in a row, 40 to 400, or all if there are no more."""
    words = text.split()
    length = int(rng.integers(WINDOW[0], WINDOW[1] + 1))
    first = int(rng.integers(0, max(1, len(words) - length + 1)))
    return " ".join(words[first : first + length])


@cache
def standard_toxicity(seed: int = 0) -> ToxicityFilter:
    """Return a toxicity filter that knows planted insults from sentences of :func:`standard_documents` and plain prose.

    Trained in a second or two, once in a process; the list has eight of the twelve invented words.

    Raises:
        TypeError, ValueError: if ``seed`` is not a whole number from 0.

    See the section :ref:`sec-llm-toxicity`.

    >>> standard_toxicity().flag(["The old miller sells a chair. Go away, you smelly gormsnoot!"])
    array([ True])
    """
    rng = as_generator(seed)
    documents = standard_documents()
    toxic = [faults.sentence(faults.INSULTING, rng) for _ in range(EXAMPLES)]
    harmless = [faults.sentence(faults.MENTIONING, rng) for _ in range(EXAMPLES)]
    harmless += [faults.sentence(faults.ENGLISH, rng) for _ in range(EXAMPLES)]
    for _ in range(4 * EXAMPLES):
        found = sentences_of(documents[int(rng.integers(0, len(documents)))].text)
        harmless.append(found[int(rng.integers(0, len(found)))])
    return ToxicityFilter().fit(toxic + harmless, np.repeat([1, 0], [len(toxic), len(harmless)]))
