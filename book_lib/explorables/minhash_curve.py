"""Bands and rows of MinHash: the S-curve over pairs of known similarity, and two texts that the reader edits."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib import _checks
from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole

REST = "It was late, and the street was quiet. Nobody came by before the morning."
TEXT_A = f"The cat sat on the mat and looked at the moon. {REST}"
TEXT_B = f"The cat sat on the mat and looked at the stars. {REST}"
LONGEST = 400  # characters of a text, as in minhash_curve.js
MOST_BANDS, MOST_ROWS = 32, 16
HASHES = MOST_BANDS * MOST_ROWS  # entries of a signature, of which b · r are used
RUN = 5  # words of a shingle of the pairs
PASSAGES, WORDS = 16, 100  # that pairs are made of
FEWEST_WORDS = 30
SHOWN = 60  # pairs at first, as in minhash_curve.js
MOST = 400
BINS = 20
SLICES = 1000


class Pair(NamedTuple):
    """A measured pair: its Jaccard similarity, and where its signatures agree, shape (512,)."""

    similarity: float
    agree: NDArray[np.bool_]


class MinHashCurve(Explorable):
    """P(candidate) = 1 − (1 − s^r)^b, measured on pairs of documents, and two texts to try it on.

    Each pair is a passage and a copy whose end is another passage's, so that its similarity is known; it gets hash
    functions of its own, as the probability is one over these.

    Args:
        text_a, text_b: at most 400 characters each; the reader may change them.
        words: in a shingle of these texts, 1 to 5.
        bands: b, 1 to 32.
        rows: r, 1 to 16.
        threshold: the similarity from which two documents should be found, 0.05 to 0.95.
        documents: 3 to 40 texts of at least 30 words, of which the pairs are made; pieces of Python's documentation
            unless given.
        prediction: how often the reader bets a pair of s = 0.5 is found by 16 bands of 8 rows: "few", "half", "sure",
            "skipped" or "".
        seed: of the counter-based generator; `pairs` makes the same pairs.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    See the section :ref:`sec-llm-minhash`.

    >>> box = MinHashCurve(text_a="one two three four", text_b="one two three five", words=2)
    >>> box.similarity()  # two shingles of four
    0.5
    >>> float(box.curve(0.5)).__round__(4)
    0.0607
    """

    text_a = traitlets.Unicode(TEXT_A).tag(sync=True)
    text_b = traitlets.Unicode(TEXT_B).tag(sync=True)
    words = Whole(3, least=1, most=5).tag(sync=True)
    bands = Whole(16, least=1, most=MOST_BANDS).tag(sync=True)
    rows = Whole(8, least=1, most=MOST_ROWS).tag(sync=True)
    threshold = Real(0.8, least=0.05, most=0.95).tag(sync=True)
    passages = traitlets.List(traitlets.Unicode()).tag(sync=True)
    prediction = OneOf(["", "few", "half", "sure", "skipped"], default_value="").tag(sync=True)

    def __init__(self, *, documents: Iterable[str] | None = None, **traits: Any) -> None:
        found = passages() if documents is None else _cut(documents)
        super().__init__(passages=list(found), **traits)

    @traitlets.validate("text_a", "text_b")
    def _check_text(self, proposal: Any) -> str:
        name, text = proposal["trait"].name, proposal["value"]
        if len(text) > LONGEST:
            raise ArgumentError(f"{name} must have at most {LONGEST} characters, not {len(text)}")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ArgumentError(f"{name} must be text that UTF-8 can write, not half of a surrogate pair")
        return text

    # -- the two texts

    def similarity(self) -> float:
        """The Jaccard similarity of the two texts, by the library."""
        from book_lib.pipeline.data import jaccard, shingles

        return jaccard(shingles(self.text_a, self.words), shingles(self.text_b, self.words))

    def agreement(self) -> NDArray[np.bool_]:
        """Where the signatures of the two texts agree, shape (512,)."""
        from book_lib.pipeline.data import minhash

        a, b = minhash([self.text_a, self.text_b], HASHES, self.seed, self.words)
        return a == b

    def estimate(self) -> float:
        """The share of equal entries among the b · r that are used."""
        return float(self.agreement()[: self.bands * self.rows].mean())

    def full_bands(self) -> NDArray[np.bool_]:
        """Which bands agree in all their rows, shape (bands,)."""
        return self._bands(self.agreement())

    def _bands(self, agree: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return agree[: self.bands * self.rows].reshape(self.bands, self.rows).all(axis=1)

    # -- the curve and the pairs

    def curve(self, similarity: Any) -> NDArray[np.float64] | float:
        """The probability of a candidate, of the shape of ``similarity``."""
        from book_lib.pipeline.data import s_curve

        return s_curve(similarity, self.bands, self.rows)

    def errors(self) -> dict[str, float]:
        """Of pairs spread evenly over s: the share "missed" at or above the threshold, and "idle" below it."""
        at, t = (np.arange(SLICES) + 0.5) / SLICES, self.threshold
        return {
            "missed": float(1 - np.mean(self.curve(t + (1 - t) * at))),
            "idle": float(np.mean(self.curve(t * at))),
        }

    def pairs(self, count: int) -> list[Pair]:
        """The first pairs that the page measures."""
        _checks.integer("count", count, 0, MOST)
        return [_measured(tuple(self.passages), self.seed, k) for k in range(count)]

    def counts(self, count: int) -> dict[str, int]:
        """Of so many pairs: at or above the threshold "found" and "missed", below it "idle" and "spared"."""
        counts = dict.fromkeys(("found", "missed", "idle", "spared"), 0)
        for similarity, agree in self.pairs(count):
            names = ("missed", "found") if similarity >= self.threshold else ("spared", "idle")
            counts[names[int(self._bands(agree).any())]] += 1
        return counts

    def points(self, count: int) -> NDArray[np.float64]:
        """Mean similarity, share of candidates and number of pairs of each bin that has any, shape (bins, 3)."""
        pairs = self.pairs(count)
        bins: dict[int, list[tuple[float, bool]]] = {}
        for similarity, agree in pairs:
            place = min(BINS - 1, int(similarity * BINS))
            bins.setdefault(place, []).append((similarity, bool(self._bands(agree).any())))
        rows = [(*np.mean(bins[k], axis=0), len(bins[k])) for k in sorted(bins)]
        return np.array(rows, dtype=float).reshape(-1, 3)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        errors, full = self.errors(), int(self.full_bands().sum())
        return (
            f"The probability that a pair is found by {_counted(self.bands, 'band')} of {_counted(self.rows, 'row')}, "
            f"against its similarity: {float(self.curve(0.5)):.3f} at s = 0.5, {float(self.curve(0.8)):.3f} at 0.8, "
            f"with the shares of {SHOWN} measured pairs as points. With pairs spread evenly, {errors['missed']:.1%} of "
            f"those at or above {self.threshold:g} are missed and {errors['idle']:.1%} of those below are compared. "
            f"Two texts with J = {self.similarity():.3f}, estimated as {self.estimate():.3f}, agree in "
            f"{_counted(full, 'whole band')}."
        )

    def still(self) -> tuple:
        """The curve with the measured pairs; where the signatures of the two texts agree."""
        from book_lib import plotting

        figure, (left, right) = plotting.figure(height=2.9, columns=2, width_ratios=[1.5, 1])
        self._draw_curve(left)
        self._draw_bands(right)
        return plotting.still(figure)

    def _draw_curve(self, axes: Any) -> None:
        from book_lib import plotting

        s, t, colors = np.linspace(0, 1, 201), self.threshold, plotting.COLORS
        p = self.curve(s)
        axes.fill_between(s, 0, p, where=s <= t, color=colors.mean_field, alpha=0.2, linewidth=0)
        axes.fill_between(s, p, 1, where=s >= t, color=colors.simulation, alpha=0.2, linewidth=0)
        axes.plot(s, p, color=colors.theory)
        axes.axvline(t, color=colors.muted, linestyle="--", linewidth=1)
        mean, share, _ = self.points(SHOWN).T
        axes.plot(mean, share, "o", color=colors.simulation, markersize=4)
        axes.set(xlabel="similarity s", ylabel="found", xlim=(0, 1), ylim=(-0.03, 1.03), yticks=(0, 0.5, 1))

    def _draw_bands(self, axes: Any) -> None:
        from book_lib import plotting

        agree = self.agreement()[: self.bands * self.rows].reshape(self.bands, self.rows)
        for band, row in zip(*np.nonzero(agree), strict=True):
            axes.add_patch(_cell(band, row, 1, facecolor=plotting.COLORS.simulation, edgecolor="none"))
        for band in np.flatnonzero(agree.all(axis=1)):
            axes.add_patch(_cell(band, 0, self.rows, facecolor="none", edgecolor=plotting.COLORS.ink))
        axes.set(xlim=(0, self.bands), ylim=(self.rows, 0), xlabel="bands", ylabel="rows", xticks=[], yticks=[])


def _counted(count: int, what: str) -> str:
    """A number of things in words."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _cell(band: int, row: int, height: int, **style: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((float(band), float(row)), 1, height, linewidth=1, **style)


# --------------------------------------------------------------------------------------------------- pairs


@lru_cache(maxsize=2 * MOST)
def _measured(texts: tuple[str, ...], seed: int, k: int) -> Pair:
    """Pair number k, its true similarity and where its signatures agree."""
    from book_lib.pipeline.data import jaccard, minhash, shingles

    first, second, hash_seed = pair(texts, seed, k)
    a, b = minhash([first, second], HASHES, hash_seed, RUN)
    return Pair(jaccard(shingles(first, RUN), shingles(second, RUN)), a == b)


def pair(texts: tuple[str, ...], seed: int, k: int) -> tuple[str, str, int]:
    """The texts of pair number k and the seed of its hash functions.

    The second is the first with another's end, so that c of n shingles stay and J = c/(2n − c): a value that is drawn
    from 0, 0.01, …, 1, but for rounding.
    """
    from book_lib.rng import CounterRNG

    rng = CounterRNG(seed, k)
    i, other = int(rng.integers(len(texts))), int(rng.integers(len(texts) - 1))
    percent = int(rng.integers(101))
    first, second = texts[i].split(), texts[other + (other >= i)].split()
    n = len(first) - RUN + 1
    common = (4 * n * percent + 100 + percent) // (2 * (100 + percent))
    kept = common + RUN - 1 if common else 0
    return " ".join(first), " ".join(first[:kept] + second[kept:]), int(rng.uint32())


def _cut(documents: Any) -> list[str]:
    """A reader's documents as so many words each."""
    from book_lib.pipeline._minhash import words_of

    found = [] if isinstance(documents, str) else list(documents)
    if not all(isinstance(text, str) for text in found) or not 3 <= len(found) <= 40:
        raise ArgumentError(f"documents must be 3 to 40 texts, not {len(found)}")
    words = [words_of(text) for text in found]
    shortest = min(map(len, words))
    if shortest < FEWEST_WORDS:
        place = [len(one) for one in words].index(shortest)
        raise ArgumentError(f"documents[{place}] must have at least {FEWEST_WORDS} words, not {shortest}")
    return [" ".join(one[: min(shortest, WORDS)]) for one in words]


@lru_cache(maxsize=1)
def passages() -> tuple[str, ...]:
    """The first hundred words of some of the standard documents, in which no five words in a row come twice."""
    from book_lib.pipeline._minhash import words_of
    from book_lib.pipeline.data import shingles, standard_documents

    documents = [one.text for one in standard_documents() if len(one.text) > 12 * WORDS]
    some = documents[:: max(1, len(documents) // 40)][:40]
    starts = _cut([text for text in some if len(words_of(text)) >= WORDS])
    whole = [text for text in starts if len(shingles(text, RUN)) == WORDS - RUN + 1]
    return tuple(whole[:PASSAGES])
