"""Two bells of scores and a threshold between them: four counts, and what a rare class does to precision."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, OneOf, Real, Whole

LOWEST, HIGHEST = -4.0, 9.0  # scores in the picture
MILLION = 1_000_000


class Threshold(Explorable):
    """A detector whose scores are N(0, 1) for negatives and N(d, 1) for positives; it says yes above a threshold.

    Args:
        threshold: θ, −4 to 9.
        base_rate: the probability π of a positive, 10⁻⁶ to 0.5.
        separation: d, 0 to 6.
        temperature: T by which the reported log-odds are divided, 0.2 to 5; at 1 the probabilities are right.
        curve: the plot beside the bells, "roc", "precision" (against recall) or "calibration".
        people: how many examples are drawn beside the theory, 100 to 10000.
        seed: of the counter-based generator; `book_lib.datasets.scores` draws the same.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-class-base-rate`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> faces = Threshold(threshold=2.409, base_rate=1e-6, separation=4.818)
    >>> round(faces.rates()[1], 4)  # false alarms
    0.008
    """

    threshold = Real(1.0, least=LOWEST, most=HIGHEST).tag(sync=True)
    base_rate = Real(0.1, least=1e-6, most=0.5).tag(sync=True)
    separation = Real(2.0, least=0, most=6).tag(sync=True)
    temperature = Real(1.0, least=0.2, most=5).tag(sync=True)
    curve = OneOf(["roc", "precision", "calibration"], default_value="roc").tag(sync=True)
    people = Whole(1000, least=100, most=10_000, step=100).tag(sync=True)

    def rates(self, threshold: float | None = None) -> tuple[float, float]:
        """Recall, the share of positives above the threshold, and the false-alarm rate, that of negatives."""
        theta = self.threshold if threshold is None else threshold
        return upper_tail(theta - self.separation), upper_tail(theta)

    def confusion(self) -> NDArray:
        """Expected shares of all examples: rows truth (0, 1), columns answer (no, yes), shape (2, 2)."""
        recall, alarms = self.rates()
        shares = np.array([[1 - alarms, alarms], [1 - recall, recall]])
        return shares * np.array([[1 - self.base_rate], [self.base_rate]])

    def precision(self) -> float:
        """The share of yes answers that are right, by Bayes' rule; NaN where none is ever given."""
        said = self.confusion()[:, 1]
        return float(said[1] / said.sum()) if said.sum() > 0 else math.nan

    def auc(self) -> float:
        """Area under the ROC curve: the probability that a positive scores above a negative, Φ(d/√2)."""
        return upper_tail(-self.separation / math.sqrt(2))

    def log_odds(self, scores: NDArray) -> NDArray:
        """ln p/(1 − p) of a positive at these scores, d (s − d/2) + ln π/(1 − π), before any temperature."""
        middle = np.asarray(scores) - self.separation / 2
        return self.separation * middle + math.log(self.base_rate) - math.log1p(-self.base_rate)

    def sample(self) -> tuple[NDArray, NDArray]:
        """Scores and labels that the page draws, of shapes (people,)."""
        from book_lib.datasets import scores
        from book_lib.rng import CounterRNG

        drawn = scores(self.people, self.base_rate, self.separation, CounterRNG(self.seed))
        return drawn.scores, drawn.labels

    def counts(self) -> NDArray:
        """How many of the sample fall into each cell, as in `confusion`; a score at the threshold says yes."""
        scores, labels = self.sample()
        return np.bincount(2 * labels + (scores >= self.threshold), minlength=4).reshape(2, 2)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        recall, alarms = self.rates()
        (_, false), (_, true) = MILLION * self.confusion()
        return (
            f"Two bells of scores, of negatives around 0 and of positives around {self.separation:g}, and a threshold "
            f"at {self.threshold:g}: it finds {100 * recall:.1f} % of the positives and is wrongly alarmed by "
            f"{100 * alarms:.2f} % of the negatives. Where {self.base_rate:.3g} of all are positive, a million give "
            f"{true:.0f} right alarms and {false:.0f} false ones: precision {self.precision():.3g}. Beside them the "
            f"ROC curve, with an area of {self.auc():.3f} under it."
        )

    def still(self) -> tuple:
        """The bells with the threshold; the ROC curve with its point."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, (left, right) = plotting.figure(height=2.7, columns=2, width_ratios=[1.4, 1])
        s = np.linspace(LOWEST, HIGHEST, 401)
        for mean, color, style, name in ((0, colors.theory, "--", "negatives"),
                                         (self.separation, colors.simulation, "-", "positives")):  # fmt: skip
            bell = np.exp(-((s - mean) ** 2) / 2) / math.sqrt(2 * math.pi)
            left.plot(s, bell, style, color=color, label=name)
            left.fill_between(s, bell, where=s >= self.threshold, color=color, alpha=0.2, linewidth=0)
        left.axvline(self.threshold, color=colors.reader)
        left.set(xlabel="score s", ylabel="density", ylim=(0, None))
        left.legend()
        recall, alarms = np.array([self.rates(theta) for theta in s]).T
        right.plot([0, 1], [0, 1], ":", color=colors.muted)
        right.plot(alarms, recall, color=colors.simulation)
        right.plot(*self.rates()[::-1], "o", color=colors.reader)
        right.set(xlabel="false-alarm rate", ylabel="recall", aspect="equal")
        return plotting.still(figure)


def upper_tail(z: float) -> float:
    """The probability that a standard normal variable exceeds z."""
    return math.erfc(z / math.sqrt(2)) / 2
