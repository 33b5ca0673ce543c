"""A leak from the validation set: features are chosen with all labels in sight, and noise scores like knowledge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, Whole
from book_lib.rng import CounterRNG

WORD = 32  # samples in a word of the generator: one bit is one toss of a coin
NEW = 256  # fresh samples, drawn after everything else is settled
FIRST_SIGHT = 50  # data sets scored before the first picture, as in leakage.js


class Leakage(Explorable):
    """Noise that seems to be learned: the best few of many coin-flip features, chosen with or without a leak.

    Labels and features are tosses of fair coins, so that no rule can be right more than half of the time. The
    `kept` features that go best with the label are chosen, on the training part alone or (with the leak) on all
    samples; the nearest class mean is then learned on the training part and scored on the other two and on
    samples that nobody has seen. Every repeat is a data set of its own.

    Args:
        leak: whether all samples take part in the choice of features.
        features: how many there are, 10 to 2000.
        kept: how many are chosen, 1 to 20.
        train, validation, test: sizes n, m and L of the three sets, 10 to 120 each.
        seed: of the counter-based generator; repeat r draws from its stream r.
        alt: text for readers who see no picture; made from the settings unless given.

    `repeats` says how many data sets have been scored.

    Raises:
        ValueError: for a bad value of one of these.

    >>> Leakage(leak=True).scores(50).mean(axis=0).round(1)  # validation, test, new samples
    array([0.8, 0.8, 0.5])
    """

    leak = traitlets.Bool(False).tag(sync=True)
    features = Whole(1000, least=10, most=2000).tag(sync=True)
    kept = Whole(10, least=1, most=20).tag(sync=True)
    train = Whole(40, least=10, most=120).tag(sync=True)
    validation = Whole(20, least=10, most=120).tag(sync=True)
    test = Whole(20, least=10, most=120).tag(sync=True)

    def scores(self, repeats: int = FIRST_SIGHT) -> NDArray[np.float64]:
        """Share of right answers on the validation set, the test set and new samples, shape (repeats, 3)."""
        sizes = (self.train, self.validation, self.test)
        rows = [trial(self.seed, r, sizes, self.features, self.kept, self.leak) for r in range(repeats)]
        return np.array([row.scores for row in rows])

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        validation, test, new = self.scores().mean(axis=0)
        where = "all samples, labels included" if self.leak else "the training set alone"
        return (
            f"{self.kept} of {self.features} coin-flip features are chosen on {where}. Mean accuracy over "
            f"{FIRST_SIGHT} data sets: {validation:.0%} on the validation set, {test:.0%} on the test set, "
            f"{new:.0%} on new samples; chance is 50%."
        )

    def still(self) -> tuple:
        """The accuracies of the first data sets and their means."""
        from book_lib import plotting

        scores, colors = self.scores(), plotting.COLORS
        figure, axes = plotting.figure(height=2.9)
        axes.axhline(0.5, color=colors.muted, linestyle=":", linewidth=1)
        for k, column in enumerate(scores.T):
            places = k + 0.05 * (np.arange(len(column)) % 9 - 4)
            axes.plot(places, column, "o", color=colors.reader, markersize=3, alpha=0.7)
            axes.plot(k, column.mean(), "D", color=colors.simulation, markersize=8)
        axes.set(xlim=(-0.6, 2.6), ylim=(0, 1.02), ylabel="accuracy", title=_title(self.leak))
        axes.set_xticks(range(3), ["validation", "test", "new samples"])
        return plotting.still(figure)


def _title(leak: bool) -> str:
    return "features chosen on all samples" if leak else "features chosen on the training set"


@dataclass(frozen=True)
class Trial:
    """One data set: which features were chosen, and the share of right answers on each part."""

    chosen: NDArray[np.int64]
    scores: tuple[float, float, float]


def trial(seed: int, repeat: int, sizes: tuple[int, int, int], features: int, kept: int, leak: bool) -> Trial:
    """Draw one data set, choose features, learn the nearest class mean, score it; mirrored in `core/leakage.js`.

    Args:
        seed, repeat: key and stream of the generator.
        sizes: samples for training, validation and test.
        features: how many coin-flip features there are.
        kept: how many are chosen.
        leak: choose them on all samples instead of on the training part.

    Returns:
        The chosen features, best first, and the accuracies on validation set, test set and new samples.
    """
    rng = CounterRNG(seed, repeat)
    total = sum(sizes)
    words = -(-total // WORD)
    labels = _bits(rng, 1, words)[0, :total]
    data = _bits(rng, features, words)[:, :total]  # (feature, sample)
    # Samples are tossed one like the other: the first n are as good a random training set as any.
    seen = slice(0, total if leak else sizes[0])
    chosen = np.argsort(-association(data[:, seen], labels[seen]), kind="stable")[:kept]
    right = nearest_mean(data[chosen], labels, sizes[0]) == labels
    new_labels = _bits(rng, 1, NEW // WORD)[0]
    both = np.concatenate([data[chosen, : sizes[0]], _bits(rng, len(chosen), NEW // WORD)], axis=1)
    answers = nearest_mean(both, np.concatenate([labels[: sizes[0]], new_labels]), sizes[0])
    parts = np.split(right, np.cumsum(sizes[:2]))
    new = answers[sizes[0] :] == new_labels
    return Trial(chosen, (float(parts[1].mean()), float(parts[2].mean()), float(new.mean())))


def _bits(rng: CounterRNG, rows: int, words: int) -> NDArray[np.int64]:
    """Coin tosses from the generator's bits, least significant first, shape (rows, 32·words)."""
    drawn = rng.uint32(rows * words).reshape(rows, words, 1)
    return ((drawn >> np.arange(WORD, dtype=np.uint32)) & 1).reshape(rows, -1).astype(np.int64)


def association(data: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """The squared correlation of each feature with the label, shape (features,); 0 where one never changes.

    Args:
        data: of 0 and 1, shape (features, samples).
        labels: of 0 and 1, shape (samples,).
    """
    n, ones = labels.size, labels.sum()
    count = data.sum(axis=1)
    both = data @ labels
    # Whole numbers up to the one division: Python and JavaScript then rank the features alike.
    spread = count * (n - count) * ones * (n - ones)
    return np.where(spread > 0, (n * both - count * ones) ** 2 / np.maximum(spread, 1), 0.0)


def nearest_mean(data: NDArray[np.int64], labels: NDArray[np.int64], train: int) -> NDArray[np.int64]:
    """The class whose mean over the first `train` samples is nearer, for every sample; ties and lone classes: 1.

    Args:
        data: of 0 and 1, shape (features, samples).
        labels: of 0 and 1, shape (samples,); only those of the first `train` are looked at.
        train: how many samples to learn from.
    """
    known = labels[:train]
    ones = int(known.sum())
    zeros = train - ones
    if not ones or not zeros:
        return np.full(data.shape[1], int(ones > 0))
    up = data[:, :train] @ known
    down = data[:, :train].sum(axis=1) - up
    # |x − down/zeros|² − |x − up/ones|², times (ones·zeros)²: whole numbers, so that a tie is a tie.
    slope = 2 * (up * zeros - down * ones) * ones * zeros
    level = (up * zeros) ** 2 - (down * ones) ** 2
    return (slope @ data - level.sum() >= 0).astype(np.int64)
