"""Data for a language model: from raw text to tokens, with a reason for whatever is left out.

The first of the pipeline's stages, in the order in which :func:`prepare` takes them:

* :class:`Document`, :func:`read_folder` and :func:`standard_documents` bring text; :func:`seed_faults` plants faults
  in it, so that what the rest finds can be counted.
* :func:`judge` and :func:`funnel` apply the rules of a :class:`FilterConfig`, from numbers that :func:`measure` finds,
  among them :func:`language_score`.
* :func:`deduplicate` keeps one document of each cluster of duplicates. Its parts are :func:`shingles`, :func:`jaccard`,
  :func:`minhash`, :func:`estimated_jaccard`, :func:`candidate_pairs` and :func:`s_curve`.
* :class:`QualityClassifier` ranks texts and :class:`ToxicityFilter` finds insults, both of :func:`word_features`;
  :func:`standard_quality` and :func:`standard_toxicity` are trained ones.
* :func:`prepare` does it all, then learns a tokenizer and returns :class:`Prepared` tokens.

Nothing here needs PyTorch.

>>> kept, clusters = deduplicate(["spins and more spins", "a field", "Spins, and more spins!"])
>>> kept, clusters
([0, 1], [[0, 2]])
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from book_lib import _checks, _corpus
from book_lib.pipeline._faults import INSULTS, JUNK, LABELS, Truth, seed_faults
from book_lib.pipeline._filters import (
    FilterConfig,
    Rejection,
    Stage,
    funnel,
    judge,
    language_score,
    measure,
    share,
    staged,
)
from book_lib.pipeline._minhash import (
    candidate_pairs,
    deduplicate,
    estimated_jaccard,
    first_equal,
    jaccard,
    minhash,
    s_curve,
    shingles,
)
from book_lib.pipeline._quality import (
    QualityClassifier,
    ToxicityFilter,
    standard_quality,
    standard_toxicity,
    word_features,
)
from book_lib.pipeline._sources import Document, documents_of, read_folder, standard_documents
from book_lib.rng import as_generator
from book_lib.tokenizer import BPETokenizer

__all__ = [
    "END",
    "INSULTS",
    "JUNK",
    "LABELS",
    "Document",
    "FilterConfig",
    "PrepareConfig",
    "Prepared",
    "QualityClassifier",
    "Rejected",
    "Rejection",
    "Stage",
    "ToxicityFilter",
    "Truth",
    "candidate_pairs",
    "deduplicate",
    "estimated_jaccard",
    "funnel",
    "jaccard",
    "judge",
    "language_score",
    "measure",
    "minhash",
    "prepare",
    "read_folder",
    "s_curve",
    "seed_faults",
    "shingles",
    "standard_documents",
    "standard_quality",
    "standard_toxicity",
    "word_features",
]

SENTENCE_GAP = re.compile(r"((?<=[.!?])\s+)")

END = "<|endoftext|>"
"""The special token after each document."""


@dataclass(frozen=True)
class PrepareConfig:
    """How to prepare text.

    Args:
        vocab_size: of the tokenizer, 257 or more: bytes, merges, and :data:`END`.
        filters: the bounds of the rules, a :class:`FilterConfig` or its arguments as a dict.
        threshold: the Jaccard similarity from which two documents are duplicates, above 0, at most 1: the
            shingles that both have among those that either has.
        shingle_words: words in a row that are compared as one piece; with more, an edited copy is less alike.
        num_hashes: numbers in a document's signature, by which its near duplicates are looked for; ``bands`` times
            ``rows`` of them are used.
        bands: groups of these numbers; documents that agree in all of one group are compared, so that more groups miss
            fewer duplicates.
        rows: numbers in a group; with more, fewer unlike documents are compared in vain.
        min_quality: the score below which a document is dropped; 0 keeps all and asks no classifier.
        max_toxicity: the score above which one is dropped; 1 keeps all and asks no classifier.
        held_out: the share of the characters that is kept from training.
        seed: of the hash functions and of the choice of what is held out.

    Raises:
        TypeError: if a value is of another kind.
        ValueError: if one is out of its range, which is named.

    See the section :ref:`sec-llm-prepare`.

    >>> PrepareConfig(filters={"min_words": 10}).filters.min_words
    10
    """

    vocab_size: int = 512
    filters: FilterConfig = field(default_factory=FilterConfig)
    threshold: float = 0.8
    shingle_words: int = 5
    num_hashes: int = 128
    bands: int = 16
    rows: int = 8
    min_quality: float = 0.2
    max_toxicity: float = 0.9
    held_out: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.filters, Mapping):
            object.__setattr__(self, "filters", FilterConfig(**self.filters))
        if not isinstance(self.filters, FilterConfig):
            raise TypeError(f"filters must be a FilterConfig, got {type(self.filters).__name__}")
        least = {"vocab_size": 257, "shingle_words": 1, "num_hashes": 1, "bands": 1, "rows": 1, "seed": 0}
        most = {"shingle_words": 100, "num_hashes": 65_536, "seed": 2**32 - 1}
        for name, minimum in least.items():
            _checks.integer(name, getattr(self, name), minimum, most.get(name))
        if self.bands * self.rows > self.num_hashes:
            got = f"{self.bands} · {self.rows}"
            raise ValueError(f"bands · rows must be at most num_hashes, {self.num_hashes}, got {got}")
        for name in ("threshold", "min_quality", "max_toxicity", "held_out"):
            share(name, getattr(self, name))
        for name in ("threshold", "held_out"):
            if getattr(self, name) == 0:
                raise ValueError(f"{name} must be above 0")
        if self.held_out > 0.5:
            raise ValueError(f"held_out must be at most 0.5, got {self.held_out}")


@dataclass(frozen=True)
class Rejected:
    """A document that was left out.

    Args:
        index: its place among the documents.
        source: where it came from.
        reasons: why, at the stage that it did not pass: all broken rules at the filters, and one afterwards.
    """

    index: int
    source: str
    reasons: tuple[Rejection, ...]

    def __str__(self) -> str:
        return f"{self.source}: {'; '.join(map(str, self.reasons))}"


@dataclass(frozen=True, eq=False)
class Prepared:
    """Text that a language model can be trained on, and what became of the rest.

    Args:
        train: ids to train on, int64, shape (T,): document after document, each with :data:`END` behind it.
        held_out: ids to judge by, likewise, shape (H,). No paragraph of it shares twelve words in a row with ``train``.
        tokenizer: learned from the documents of ``train``.
        funnel: what was left after each rule and stage, before it was split.
        rejected: what was left out, in the order of the documents; "quoted" are those that were to be held out and have
            no sentence that the training text has not.
        clusters: duplicates among what passed the filters, as places among the documents; the first of each is kept.
        quality: place → score of each document that is left, from the best to the worst; empty if none was asked for.
        train_documents, held_out_documents: the places of the documents of either part.
        config: how it was done.
    """

    train: NDArray[np.int64] = field(repr=False)
    held_out: NDArray[np.int64] = field(repr=False)
    tokenizer: BPETokenizer
    funnel: tuple[Stage, ...] = field(repr=False)
    rejected: tuple[Rejected, ...] = field(repr=False)
    clusters: tuple[tuple[int, ...], ...] = field(repr=False)
    quality: Mapping[int, float] = field(repr=False)
    train_documents: tuple[int, ...] = field(repr=False)
    held_out_documents: tuple[int, ...] = field(repr=False)
    config: PrepareConfig = field(repr=False)


def prepare(
    documents: Iterable[Document],
    config: PrepareConfig | None = None,
    quality: QualityClassifier | None = None,
    toxicity: ToxicityFilter | None = None,
    progress: bool = False,
) -> Prepared:
    """Filter, de-duplicate, rank, split and tokenise documents.

    In this order: the rules of ``config.filters``; exact, then near duplicates, of which the first stays; a bound on
    quality; a bound on toxicity. What is left is split by chance into two parts, the tokenizer learns from the larger,
    and sentences of the smaller that share twelve words in a row with the larger are dropped.

    Args:
        documents: any number of them; two at least must be left in the end.
        config: ``PrepareConfig()`` unless given.
        quality, toxicity: fitted classifiers; :func:`standard_quality` and :func:`standard_toxicity` unless given.
        progress: whether to show a progress bar for each stage.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if there are fewer than two documents at the beginning or in the end, and then which rule took most;
            if nothing is left to hold out; or if ``vocab_size`` is larger than the text can fill.

    See the section :ref:`sec-llm-prepare`.

    >>> prepared = prepare(standard_documents()[:40], PrepareConfig(vocab_size=300))
    >>> prepared.funnel[0].name, prepared.funnel[0].documents, len(prepared.train) > 5 * len(prepared.held_out) > 0
    ('raw', 40, True)
    >>> prepared.tokenizer.decode(prepared.held_out[-1:])
    '<|endoftext|>'
    """
    config = _config(config)
    work = _Selection(documents, config, progress)
    work.apply_rules()
    work.drop_duplicates()
    scores = work.rank(quality)
    work.drop_toxic(toxicity)
    work.require_some()
    parts = _split([(k, len(work.texts[k])) for k in work.left], config)
    texts = [[work.texts[k] for k in part] for part in parts]
    texts[1] = _unseen(texts[1], texts[0])
    work.drop_quoted([k for k, text in zip(parts[1], texts[1], strict=True) if not text])
    kept = [(k, text) for k, text in zip(parts[1], texts[1], strict=True) if text]
    if not kept:
        raise ValueError("held_out must be larger, or the text: all that was held out is quoted by the rest")
    tokenizer = BPETokenizer.train(texts[0], config.vocab_size, special_tokens=[END])
    return Prepared(
        train=_encoded(tokenizer, texts[0], "train", progress),
        held_out=_encoded(tokenizer, [text for _, text in kept], "held out", progress),
        tokenizer=tokenizer,
        funnel=tuple(work.stages),
        rejected=tuple(sorted(work.rejected, key=lambda one: one.index)),
        clusters=tuple(work.clusters),
        quality={k: scores[k] for k in sorted(scores, key=lambda k: (-scores[k], k)) if k in set(work.left)},
        train_documents=tuple(parts[0]),
        held_out_documents=tuple(k for k, _ in kept),
        config=config,
    )


def _config(config: PrepareConfig | None) -> PrepareConfig:
    if config is not None and not isinstance(config, PrepareConfig):
        raise TypeError(f"config must be a PrepareConfig, got {type(config).__name__}")
    return config or PrepareConfig()


class _Selection:
    """Documents on their way through the stages: what is left, what is not, and why."""

    def __init__(self, documents: Iterable[Document], config: PrepareConfig, progress: bool) -> None:
        found = documents_of("documents", documents)
        if len(found) < 2:
            raise ValueError(f"documents must be two at least, one of them to hold out, got {len(found)}")
        self.texts = [document.text for document in found]
        self.sources = [document.source for document in found]
        self.config, self.bar = config, partial(tqdm, disable=not progress)
        self.left = list(range(len(found)))
        self.stages: list[Stage] = []
        self.rejected: list[Rejected] = []
        self.clusters: list[tuple[int, ...]] = []

    def _drop(self, stage: str, reasons: Mapping[int, tuple[Rejection, ...]]) -> None:
        self._reject(reasons)
        self.stages.append(Stage(stage, len(self.left), sum(len(self.texts[k]) for k in self.left)))

    def _reject(self, reasons: Mapping[int, tuple[Rejection, ...]]) -> None:
        self.rejected += [Rejected(k, self.sources[k], reason) for k, reason in reasons.items()]
        self.left = [k for k in self.left if k not in reasons]

    def apply_rules(self) -> None:
        """Judge each document by its own."""
        filters = self.config.filters
        reasons = [judge(text, filters) for text in self.bar(self.texts, desc="filters", unit=" documents")]
        self.stages += staged(self.texts, reasons)
        self._reject({k: tuple(found) for k, found in enumerate(reasons) if found})

    def drop_duplicates(self) -> None:
        """Keep the first of each cluster; exact copies are counted by themselves."""
        texts = [self.texts[k] for k in self.left]
        first, names = first_equal(texts), list(self.left)
        c = self.config
        _, clusters = deduplicate(texts, c.threshold, c.shingle_words, c.num_hashes, c.bands, c.rows, c.seed)
        exact = {names[k]: (Rejection("exact_duplicate", 1.0, 1.0),) for k, root in enumerate(first) if k != root}
        near: dict[int, tuple[Rejection, ...]] = {}
        for cluster in self.bar(clusters, desc="duplicates", unit=" clusters"):
            kept = shingles(texts[cluster[0]], c.shingle_words)
            for k in cluster[1:]:
                if names[k] not in exact:
                    similarity = jaccard(kept, shingles(texts[k], c.shingle_words))
                    near[names[k]] = (Rejection("near_duplicate", similarity, c.threshold),)
        self.clusters = [tuple(names[k] for k in cluster) for cluster in clusters]
        self._drop("exact_duplicate", exact)
        self._drop("near_duplicate", near)

    def rank(self, classifier: QualityClassifier | None) -> dict[int, float]:
        """Score what is left, and drop the worst."""
        bound = self.config.min_quality
        if not self.left or not (bound or classifier):
            return {}
        if classifier is not None and not isinstance(classifier, QualityClassifier):
            raise TypeError(f"quality must be a QualityClassifier, got {type(classifier).__name__}")
        scores = self._scores(classifier or standard_quality(), "quality")
        self._drop("min_quality", {k: (Rejection("min_quality", s, bound),) for k, s in scores.items() if s < bound})
        return scores

    def drop_toxic(self, classifier: ToxicityFilter | None) -> None:
        """Drop what insults."""
        bound = self.config.max_toxicity
        if not self.left or bound == 1:
            return
        if classifier is not None and not isinstance(classifier, ToxicityFilter):
            raise TypeError(f"toxicity must be a ToxicityFilter, got {type(classifier).__name__}")
        scores = self._scores(classifier or standard_toxicity(), "toxicity")
        self._drop("max_toxicity", {k: (Rejection("max_toxicity", s, bound),) for k, s in scores.items() if s > bound})

    def _scores(self, classifier: QualityClassifier | ToxicityFilter, name: str) -> dict[int, float]:
        return {
            k: float(classifier.score([self.texts[k]])[0]) for k in self.bar(self.left, desc=name, unit=" documents")
        }

    def drop_quoted(self, places: list[int]) -> None:
        """Leave out what was to be held out and is quoted by the rest, all of it."""
        self._reject(dict.fromkeys(places, (Rejection("quoted", 1.0, 1.0),)))

    def require_some(self) -> None:
        """Refuse to go on with fewer than two documents, and say what took the others."""
        if len(self.left) >= 2:
            return
        rule, count = Counter(one.reasons[0].rule for one in self.rejected).most_common(1)[0]
        example = next(one for one in self.rejected if one.reasons[0].rule == rule)
        raise ValueError(
            f"documents must be two at least after filtering, and {len(self.left)} of {len(self.texts)} is left: "
            f"{rule} rejected {count}, such as {example}"
        )


def _split(sizes: list[tuple[int, int]], config: PrepareConfig) -> tuple[list[int], list[int]]:
    """Return which documents are for training and which are held out, given (place, characters) of each."""
    wanted = config.held_out * sum(size for _, size in sizes)
    order = [sizes[k] for k in as_generator(config.seed).permutation(len(sizes)) if sizes[k][1]]  # there is text in it
    chosen, total = set(), 0
    for place, size in order:
        # One that is too long is passed over, so that the part is not the work of a single document.
        if total + size <= wanted:
            chosen.add(place)
            total += size
    if not chosen:
        chosen.add(min(order, key=lambda one: one[1])[0])
    return [k for k, _ in sizes if k not in chosen], [k for k, _ in sizes if k in chosen]


def _unseen(texts: list[str], train: list[str]) -> list[str]:
    """Return texts without the sentences that share twelve words in a row with ``train``; some may be empty."""
    split = [_corpus.paragraphs(text) for text in texts]
    asked = {run for parts in split for part in parts for run in _corpus.runs(part)}
    shared = {run for text in train for run in _corpus.runs(text) if run in asked}
    return ["\n\n".join(kept for part in parts for kept in _without(shared, part)) for parts in split]


def _without(shared: set[tuple[str, ...]], paragraph: str) -> list[str]:
    """Return what is left of a paragraph, in as many parts as that makes."""
    quoted = [False] * len(paragraph.split())
    for k, run in enumerate(_corpus.runs(paragraph)):
        if run in shared:
            quoted[k : k + len(run)] = [True] * len(run)
    pieces, parts, at, last = SENTENCE_GAP.split(paragraph), [], 0, -2
    for k in range(0, len(pieces), 2):  # between two sentences stands the gap between them
        length = len(pieces[k].split())
        if not any(quoted[at : at + length]):
            if k == last + 2 and parts:
                parts[-1] += pieces[k - 1] + pieces[k]
            else:
                parts.append(pieces[k])
            last = k
        at += length
    return parts


def _encoded(tokenizer: BPETokenizer, texts: list[str], name: str, progress: bool) -> NDArray[np.int64]:
    end = tokenizer.special_tokens[END]
    ids: list[int] = []
    for text in tqdm(texts, desc=f"tokens, {name}", unit=" documents", disable=not progress):
        ids += tokenizer.encode(text)
        ids.append(end)
    return np.array(ids, dtype=np.int64)
