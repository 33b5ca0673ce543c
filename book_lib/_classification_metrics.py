"""Counting right and wrong answers, at one threshold or at all; re-exported by :mod:`book_lib.classification`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _classification_labels as guard
from book_lib import _probability_arrays as arrays

MOST = 1000  # classes: a larger table fits no page, and a stray label would fill the memory


def confusion_matrix(
    labels: ArrayLike, predictions: ArrayLike, classes: int | None = None
) -> NDArray[np.int64]:
    """Return how often class i (row) was called class j (column). The diagonal holds what was right.

    See the section :ref:`sec-class-base-rate`.

    Args:
        labels, predictions: 0 … K−1, shape (N,), N ≥ 1.
        classes: K, at most 1000; None: one more than the largest number that occurs.

    Returns:
        Shape (K, K).

    Raises:
        ValueError: if the shapes differ, there is nothing, or a number is not one of K classes.
        TypeError: if one holds no integers.

    >>> confusion_matrix([0, 0, 1, 1, 1], [0, 1, 1, 1, 0])
    array([[1, 1],
           [1, 2]])
    """
    limit = MOST if classes is None else _checks.integer("classes", classes, 1, MOST)
    t = arrays.indices("labels", arrays.without_booleans(labels), limit)
    y = arrays.indices("predictions", arrays.without_booleans(predictions), limit)
    _same_length("labels", t, "predictions", y)
    count = int(max(t.max(), y.max())) + 1 if classes is None else limit
    return np.bincount(t * count + y, minlength=count * count).reshape(count, count).astype(np.int64)


def accuracy(labels: ArrayLike, predictions: ArrayLike) -> float:
    """Return the share of right answers. See the section :ref:`sec-class-base-rate` for what it hides.

    Args:
        labels, predictions: whole numbers, truth values or words, shape (N,), N ≥ 1.

    Raises:
        ValueError: if the shapes differ, there is nothing, or a number is not whole, as a probability is not.
        TypeError: if one holds words and the other numbers.

    >>> accuracy([0, 1, 1, 0], [0, 1, 0, 0])
    0.75
    """
    t, y = _answers("labels", labels), _answers("predictions", predictions)
    _same_length("labels", t, "predictions", y)
    if (t.dtype.kind in "US") != (y.dtype.kind in "US"):
        raise TypeError(f"labels and predictions must be of one kind, got {t.dtype.name} and {y.dtype.name}")
    return float((t == y).mean())


def precision_recall(
    labels: ArrayLike, predictions: ArrayLike, convention: str = "01"
) -> tuple[float, float]:
    """Return (precision, recall): what share of the alarms was true, and what share of the true cases gave alarm.

    Precision depends on how common the cases are, recall does not (:ref:`sec-class-base-rate`).

    Args:
        labels, predictions: shape (N,), in one convention.
        convention: "01" or "pm1".

    Returns:
        Two numbers 0 … 1. Where there was no alarm, precision is NaN: a share of nothing; recall likewise without
        a true case.

    Raises:
        ValueError: if the shapes differ, there is nothing, or a label is outside the convention.
        TypeError: if one is not numeric.

    >>> precision_recall([0, 0, 1, 1], [0, 1, 1, 1])
    (0.6666666666666666, 1.0)
    """
    t, y = (
        guard.binary(name, values, convention) == 1
        for name, values in (("labels", labels), ("predictions", predictions))
    )
    _same_length("labels", t, "predictions", y)
    hits, alarms, cases = int((t & y).sum()), int(y.sum()), int(t.sum())
    return hits / alarms if alarms else math.nan, hits / cases if cases else math.nan


def precision_at(base_rate: float, true_positive_rate: float, false_positive_rate: float) -> float:
    """Return P(case | alarm) = πr/(πr + (1 − π)f) by Bayes' rule: how a rare case makes most alarms false.

    See the section :ref:`sec-class-base-rate`.

    Args:
        base_rate: π, the share of cases among all.
        true_positive_rate: r, the recall.
        false_positive_rate: f.

    Returns:
        A number 0 … 1; NaN where there is never an alarm.

    Raises:
        ValueError: if one lies outside 0 … 1.
        TypeError: if one is no real number.

    >>> round(precision_at(base_rate=0.001, true_positive_rate=0.99, false_positive_rate=0.008), 4)
    0.1102
    """
    pi, hit, false = (
        _share(name, value)
        for name, value in (
            ("base_rate", base_rate),
            ("true_positive_rate", true_positive_rate),
            ("false_positive_rate", false_positive_rate),
        )
    )
    alarms = pi * hit + (1 - pi) * false
    return pi * hit / alarms if alarms else math.nan


@dataclass(frozen=True, eq=False)
class ROC:
    """What every threshold would do, from "never alarm" to "always alarm".

    Args:
        thresholds: ∞, then each score that occurs, falling; alarm is given at scores ≥ the threshold; shape (M,).
        false_positive_rate: the share of negatives with alarm, rising from 0 to 1, shape (M,).
        true_positive_rate: the share of positives with alarm, likewise.
    """

    thresholds: NDArray[np.float64]
    false_positive_rate: NDArray[np.float64]
    true_positive_rate: NDArray[np.float64]


def roc_curve(labels: ArrayLike, scores: ArrayLike, convention: str = "01") -> ROC:
    """Return the receiver operating characteristic: the true against the false alarms, for every threshold.

    Only the order of the scores matters. See the section :ref:`sec-class-base-rate`.

    Args:
        labels: shape (N,), of both classes.
        scores: larger for likelier cases, shape (N,).
        convention: "01" or "pm1".

    Raises:
        ValueError: if the shapes differ, a label is outside the convention or all are of one class, or a score is not
            finite.
        TypeError: if one is not numeric.

    >>> curve = roc_curve([0, 1, 0, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.thresholds, curve.false_positive_rate, curve.true_positive_rate
    (array([ inf, 0.8 , 0.4 , 0.35, 0.1 ]), array([0. , 0. , 0. , 0.5, 1. ]), array([0. , 0.5, 1. , 1. , 1. ]))
    """
    cases, s = _scored(labels, scores, convention)
    order = np.argsort(-s, kind="stable")
    s, cases = s[order], cases[order]
    ends = np.append(np.flatnonzero(s[1:] != s[:-1]), len(s) - 1)  # ties give alarm together
    hits, alarms = np.cumsum(cases)[ends], ends + 1
    rates = (np.append(0, alarms - hits) / (~cases).sum(), np.append(0, hits) / cases.sum())
    return ROC(np.append(np.inf, s[ends]), *rates)


def auc(labels: ArrayLike, scores: ArrayLike, convention: str = "01") -> float:
    """Return the area under the ROC curve: the chance that a random case scores above a random non-case, ties half.

    Source: :cite:`fawcett2006introduction`, section 7. See the section :ref:`sec-class-base-rate`.

    Args and errors are those of :func:`roc_curve`.

    >>> auc([0, 1, 0, 1], [0.1, 0.4, 0.35, 0.8]), auc([0, 1], [0.5, 0.5])
    (1.0, 0.5)
    """
    cases, s = _scored(labels, scores, convention)
    others = np.sort(s[~cases])
    below = np.searchsorted(others, s[cases], "left") + np.searchsorted(others, s[cases], "right")
    return float(below.mean() / (2 * len(others)))


def threshold_for(
    labels: ArrayLike,
    scores: ArrayLike,
    *,
    false_positive_rate: float | None = None,
    recall: float | None = None,
    convention: str = "01",
) -> float:
    """Return the threshold that keeps a promise at the least price: alarm at scores ≥ it.

    Choose it on data that are neither trained nor tested on. See the section :ref:`sec-class-half`.

    Args:
        labels, scores, convention: as for :func:`roc_curve`.
        false_positive_rate: give the lowest threshold with no more false alarms than this; ∞ if none has so few.
        recall: or give the highest threshold that finds at least this share of the cases.

    Raises:
        ValueError: as :func:`roc_curve`; if a rate lies outside 0 … 1.
        TypeError: if not exactly one of the two is given.

    >>> labels, scores = [0, 1, 0, 1], [0.1, 0.4, 0.35, 0.8]
    >>> threshold_for(labels, scores, false_positive_rate=0.5), threshold_for(labels, scores, recall=0.5)
    (0.35, 0.8)
    """
    if (false_positive_rate is None) == (recall is None):
        raise TypeError("threshold_for needs either false_positive_rate or recall")
    curve = roc_curve(labels, scores, convention)
    if recall is None:
        allowed = curve.false_positive_rate <= _share("false_positive_rate", false_positive_rate) + 1e-12
        return float(curve.thresholds[allowed][-1])
    enough = curve.true_positive_rate >= _share("recall", recall) - 1e-12
    return float(curve.thresholds[enough][0])


def _answers(name: str, values: ArrayLike) -> NDArray:
    array = _checks.regular(name, values)
    if array.dtype.kind == "f":
        broken = ~(np.isfinite(array) & (array == np.floor(array)))
        if broken.any():
            raise ValueError(f"{name} must be classes, whole numbers or words, got {array[broken].flat[0]:g}")
    return array


def _scored(labels: ArrayLike, scores: ArrayLike, convention: str) -> tuple[NDArray, NDArray]:
    cases, s = guard.two_sided("labels", labels, convention), _checks.finite_array("scores", scores)
    _same_length("labels", cases, "scores", s)
    return cases, s


def _same_length(first: str, a: NDArray, second: str, b: NDArray) -> None:
    if a.shape != b.shape or a.ndim != 1 or len(a) == 0:
        raise ValueError(f"{first} and {second} must both have shape (N,), N ≥ 1, got {a.shape} and {b.shape}")


def _share(name: str, value: float | None) -> float:
    number = _checks.finite(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {number:g}")
    return number
