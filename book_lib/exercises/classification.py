"""Checks and data for the exercises of the chapter on classification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- classification-1: what an alarm is worth (with variants) -----------------------------------------------


@dataclass(frozen=True)
class Detector:
    """Data of ``classification-1``: a base rate, and how often a detector cries yes in either case."""

    base_rate: float
    recall: float
    false_alarm: float


def detector_puzzle(seed: int) -> Detector:
    """Draw a detector, one in 10 to one in 100 positive, such that every typical slip shows."""
    rng = CounterRNG(seed, stream=1)
    while True:
        one_in = 5 * int(rng.integers(2, 21))
        recall = 0.70 + 0.01 * int(rng.integers(0, 29))
        false_alarm = 0.01 * int(rng.integers(2, 21))
        puzzle = Detector(1 / one_in, round(recall, 2), round(false_alarm, 2))
        values = sorted([alarm_worth(puzzle), *(slip.answer for slip in _alarm_slips(puzzle))])
        if all(high - low > 0.012 * abs(low) for low, high in zip(values, values[1:], strict=False)):
            return puzzle


def alarm_worth(puzzle: Detector) -> float:
    """Return the probability that an alarm is right, by Bayes' rule."""
    hits = puzzle.base_rate * puzzle.recall
    return hits / (hits + (1 - puzzle.base_rate) * puzzle.false_alarm)


def _alarm_slips(puzzle: Detector) -> tuple[Slip, ...]:
    rate, recall, false = puzzle.base_rate, puzzle.recall, puzzle.false_alarm
    hits, wrong = rate * recall, (1 - rate) * false
    return (
        Slip(recall, "this is P(alarm | positive); asked is P(positive | alarm)."),
        Slip(1 - false, "this is P(no alarm | negative); asked is P(positive | alarm)."),
        Slip(recall / (recall + false), "this is for a base rate of one half; positives are rare."),
        Slip(hits / wrong, "these are the odds; a probability divides by the sum of both."),
        Slip(hits, "this is P(positive and alarm); divide by P(alarm)."),
        Slip(hits + wrong, "this is P(alarm); which share of it is positive?"),
    )


@exercise("classification-1", variant=detector_puzzle)
def check_alarm(answer: Any, puzzle: Detector) -> Verdict:
    """The probability that an alarm of a detector is right."""
    return grade_number(
        "classification-1",
        answer,
        alarm_worth(puzzle),
        what="the probability that an alarm is right",
        rtol=5e-3,
        slips=_alarm_slips(puzzle),
        right="The evidence multiplies the odds; the base rate sets where they start.",
    )


# --- classification-2: the descent of logistic regression ---------------------------------------------------


def descent_step(w: NDArray, X: NDArray, s: NDArray, learning_rate: float) -> NDArray:
    """Return w + (η/N) Σ s_i x_i σ(−s_i x_i·w), shape (D,)."""
    return w + learning_rate * (s * _sigmoid(-s * (X @ w))) @ X / len(s)


def _sigmoid(z: NDArray) -> NDArray:
    z = np.asarray(z, dtype=float)
    return np.exp(-np.logaddexp(0, -z))


def _zero_one_step(w: NDArray, X: NDArray, s: NDArray, learning_rate: float) -> NDArray:
    """The rule p − t with labels ±1 put in for t."""
    return w - learning_rate * (_sigmoid(X @ w) - s) @ X / len(s)


DESCENT_SLIPS = (
    Slip(
        lambda w, X, s, r: 2 * w - descent_step(w, X, s, r), "The sign: this climbs. Step against the slope."
    ),
    Slip(
        lambda w, X, s, r: w + len(s) * (descent_step(w, X, s, r) - w),
        "The mean: divide by N, or the step grows with the number of examples.",
    ),
    Slip(lambda w, X, s, r: descent_step(w, X, s, r) - w, "That is the step alone; return the new weights."),
    Slip(
        lambda w, X, s, r: w + r * (s * _sigmoid(s * (X @ w))) @ X / len(s),
        "The sign inside: the pull is the probability of the wrong answer, σ(−s z).",
    ),
    Slip(
        lambda w, X, s, r: w + r * (s * _sigmoid(X @ w)) @ X / len(s),
        "The label belongs inside the sigmoid, too: σ(−s z).",
    ),
    Slip(
        lambda w, X, s, r: w + r * _sigmoid(-s * (X @ w)) @ X / len(s),
        "A factor s is missing: the inner derivative of −s z.",
    ),
    Slip(_zero_one_step, "That is p − t with t = ±1; it needs labels 0 and 1."),
    Slip(lambda w, X, s, r: descent_step(w, X, s, 1.0), "The learning rate is not used."),
)


@exercise("classification-2")
def check_descent(answer: Any) -> Verdict:
    """One step of gradient descent for logistic regression with labels ±1, as a function."""
    rng = np.random.default_rng(12)
    X, s = rng.normal(size=(6, 3)), np.array([1, -1, 1, 1, -1, -1])
    w = np.array([0.3, -0.7, 0.2])
    cases = [
        Case("six examples, w = 0", (np.zeros(3), X, s, 0.5)),
        Case("the same with other weights", (w, X, s, 0.5)),
        Case("a longer step", (w, X, s, 2.0)),
        Case("a single dog", (w, X[:1], s[:1], 1.0)),
        Case(
            "the two animals of the shelter",
            (np.zeros(2), np.array([[1.0, 3], [1, -3]]), np.array([1, -1]), 1.0),
        ),
        Case(
            "scores of ±1000", (np.array([1000.0]), np.array([[1.0], [1], [-1]]), np.array([1, -1, 1]), 0.5)
        ),
    ]
    return grade_function(
        "classification-2",
        answer,
        descent_step,
        cases,
        slips=DESCENT_SLIPS,
        signature="step(w, X, s, learning_rate)",
        rtol=1e-7,
        right="Each example pulls with the probability that the machine gives to the wrong answer.",
    )


# --- classification-3: the slope of the softmax loss --------------------------------------------------------


def softmax_slope(W: NDArray, X: NDArray, labels: NDArray) -> NDArray:
    """Return the gradient (1/N) (P − T)ᵀ X of the mean cross-entropy, shape (K, D)."""
    return (_softmax(X @ W.T) - np.eye(len(W))[labels]).T @ X / len(X)


def _softmax(z: NDArray) -> NDArray:
    weights = np.exp(z - z.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


SOFTMAX_SLIPS = (
    Slip(lambda W, X, y: -softmax_slope(W, X, y), "The sign: that is the slope of the log-likelihood."),
    Slip(lambda W, X, y: len(X) * softmax_slope(W, X, y), "That is the sum; divide by N for the mean."),
    Slip(lambda W, X, y: softmax_slope(W, X, y).T, "The shape: a slope has the shape of W, (K, D)."),
    Slip(lambda W, X, y: _softmax(X @ W.T).T @ X / len(X), "The target is missing: p − t."),
    Slip(
        lambda W, X, y: (_softmax((X @ W.T).T).T - np.eye(len(W))[y]).T @ X / len(X),
        "The softmax goes along the classes, the last axis of (N, K), and not along the examples.",
    ),
)


@exercise("classification-3")
def check_softmax_slope(answer: Any) -> Verdict:
    """The gradient of the softmax loss by the weights, as a function."""
    rng = np.random.default_rng(31)
    W, X = rng.normal(size=(3, 4)), rng.normal(size=(6, 4))
    labels = np.array([0, 2, 1, 1, 0, 2])
    cases = [
        Case("three classes, W = 0", (np.zeros((3, 4)), X, labels)),
        Case("other weights", (W, X, labels)),
        Case("one example", (W, X[:1], labels[:1])),
        Case("a class that does not occur", (W, X[:3], np.array([0, 1, 1]))),
        Case("scores in the thousands", (1000 * W, X, labels)),
    ]
    return grade_function(
        "classification-3",
        answer,
        softmax_slope,
        cases,
        slips=SOFTMAX_SLIPS,
        signature="slope(W, X, labels)",
        rtol=1e-7,
        right="Prediction minus target, times input; each column adds up to zero.",
    )


# --- classification-5: the best temperature -----------------------------------------------------------------


def best_temperature(logits: NDArray, labels: NDArray) -> float:
    """Return the T at which the mean true logit equals the mean expected logit, by halving in 1/T."""
    logits = np.asarray(logits, dtype=float)
    true = logits[np.arange(len(labels)), labels].mean()
    low, high = 1e-4, 1e4
    for _ in range(200):
        middle = np.sqrt(low * high)
        expected = (_softmax(middle * logits) * logits).sum(axis=1).mean()
        low, high = (low, middle) if expected > true else (middle, high)
    return float(1 / np.sqrt(low * high))


def _by_accuracy(logits: NDArray, labels: NDArray) -> float:
    """The T at which the mean largest probability equals the share of right answers."""
    share = (logits.argmax(axis=1) == labels).mean()
    low, high = 1e-4, 1e4
    for _ in range(200):
        middle = np.sqrt(low * high)
        sure = _softmax(middle * logits).max(axis=1).mean()
        low, high = (low, middle) if sure > share else (middle, high)
    return float(1 / np.sqrt(low * high))


TEMPERATURE_SLIPS = (
    Slip(lambda z, y: 1 / best_temperature(z, y), "That is b = 1/T; turn it over."),
    Slip(lambda z, y: 1.0, "At T = 1 nothing is changed; look for the T of least mean surprise."),
    Slip(
        _by_accuracy,
        "That makes mean confidence equal to the share of right answers; least surprise weighs all classes.",
    ),
)


@exercise("classification-5")
def check_temperature(answer: Any) -> Verdict:
    """The temperature of least mean surprise, as a function of logits and labels."""
    rng = np.random.default_rng(8)
    three = np.array([[2.0, 0], [2, 0], [2, 0]])
    logits = 4 * rng.normal(size=(200, 5))
    noise = rng.gumbel(size=(200, 5))
    cases = [
        Case("three examples, two of them right", (three, np.array([0, 0, 1]))),
        Case("200 examples, too sure", (logits, (logits / 3 + noise).argmax(axis=1))),
        Case("200 examples, too modest", (logits / 8, (logits / 2 + noise).argmax(axis=1))),
        Case("logits a thousand higher", (logits + 1000, (logits / 3 + noise).argmax(axis=1))),
    ]
    return grade_function(
        "classification-5",
        answer,
        best_temperature,
        cases,
        slips=TEMPERATURE_SLIPS,
        signature="temperature(logits, labels)",
        rtol=1e-3,
        right="There the mean logit of the true class equals the mean expected logit.",
    )


# --- classification-6: a threshold for three answers --------------------------------------------------------


def answer_or_ask(p: float, false_alarm: float, miss: float, question: float) -> int:
    """Return 1 (yes), 0 (no) or −1 (ask somebody), whichever costs least on average; ties go to yes, then no."""
    costs = {1: false_alarm * (1 - p), 0: miss * p, -1: question}
    return min(costs, key=costs.get)


ASK_SLIPS = (
    Slip(
        lambda p, a, b, c: min(((a * p, 1), (b * (1 - p), 0), (c, -1)), key=lambda pair: pair[0])[1],
        "Turned round: yes is wrong with the probability 1 − p, no with the probability p.",
    ),
    Slip(
        lambda p, a, b, c: min(((b * (1 - p), 1), (a * p, 0), (c, -1)), key=lambda pair: pair[0])[1],
        "The costs are swapped: a wrong yes is a false alarm, a wrong no is a miss.",
    ),
    Slip(
        lambda p, a, b, c: int(p >= 0.5),
        "One half is right only if both mistakes cost the same; and you may ask.",
    ),
    Slip(lambda p, a, b, c: int(p > a / (a + b)), "You never ask. Asking costs the same whatever p is."),
)


@exercise("classification-6")
def check_ask(answer: Any) -> Verdict:
    """The cheapest of three answers, as a function of p and the three costs."""
    inputs = (
        (0.9, 1, 1, 1),
        (0.2, 1, 1, 1),
        (0.3, 1, 9, 5),
        (0.05, 1, 9, 5),
        (0.5, 1, 1, 0.2),
        (0.85, 1, 1, 0.2),
        (0.1, 1, 1000, 0.5),
        (0.0001, 1, 1000, 0.5),
        (0.7, 9, 1, 5),
        (0.6, 10, 10, 1),
    )
    cases = [
        Case(f"p = {p:g}, costs {a:g}, {b:g}, {c:g}", (p, float(a), float(b), float(c)))
        for p, a, b, c in inputs
    ]
    return grade_function(
        "classification-6",
        answer,
        answer_or_ask,
        cases,
        slips=ASK_SLIPS,
        signature="decide(p, false_alarm, miss, question)",
        right="Ask where both mistakes are dearer than the question.",
    )


# --- classification-7: the area under the ROC curve ---------------------------------------------------------


def area_under_curve(scores: NDArray, labels: NDArray) -> float:
    """Return the probability that a positive outscores a negative, a tie counting one half."""
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels)
    gaps = scores[labels == 1][:, None] - scores[labels == 0]
    return float(((gaps > 0) + 0.5 * (gaps == 0)).mean())


AREA_SLIPS = (
    Slip(lambda s, y: 1 - area_under_curve(s, y), "Turned round: a positive should score above a negative."),
    Slip(
        lambda s, y: float((np.subtract.outer(s[y == 1], s[y == 0]) > 0).mean()),
        "Ties: of two equal scores either may come first, so they count one half.",
    ),
    Slip(
        lambda s, y: float((np.subtract.outer(s[y == 1], s[y == 0]) >= 0).mean()),
        "Ties: of two equal scores either may come first, so they count one half, not one.",
    ),
    Slip(lambda s, y: float(((s > 0.5) == (y == 1)).mean()), "That is the accuracy at one threshold."),
)


@exercise("classification-7")
def check_area(answer: Any) -> Verdict:
    """The area under the ROC curve as a probability, as a function of scores and labels."""
    rng = np.random.default_rng(5)
    labels = (rng.random(40) < 0.3).astype(int)
    cases = [
        Case("four scores", (np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))),
        Case("forty scores", (rng.normal(size=40) + labels, labels)),
        Case("perfect order", (np.array([0.0, 1, 2, 3]), np.array([0, 0, 1, 1]))),
        Case("perfectly wrong order", (np.array([3.0, 2, 1]), np.array([0, 1, 1]))),
        Case("all scores tie", (np.ones(5), np.array([0, 1, 0, 1, 1]))),
        Case("some tie", (np.array([1.0, 2, 2, 3]), np.array([0, 0, 1, 1]))),
    ]
    return grade_function(
        "classification-7",
        answer,
        area_under_curve,
        cases,
        slips=AREA_SLIPS,
        signature="area(scores, labels)",
        right="Ties included; and no threshold is needed.",
    )


# --- classification-8: another base rate --------------------------------------------------------------------


def at_another_base_rate(p: float, trained: float, used: float) -> float:
    """Return the probability that a model trained at one base rate should give at another."""
    odds = p / (1 - p) * (used / (1 - used)) / (trained / (1 - trained))
    return odds / (1 + odds)


def _shift_by_ratio(p: float, trained: float, used: float) -> float:
    """The classes reweighted as if the negatives were as frequent as before."""
    return p * used / trained


SHIFT_SLIPS = (
    Slip(
        lambda p, a, b: at_another_base_rate(p, b, a), "Turned round: divide by the odds it was trained at."
    ),
    Slip(
        lambda p, a, b: p / (1 - p) * (b / (1 - b)) / (a / (1 - a)),
        "Those are the odds; a probability is odds/(1 + odds).",
    ),
    Slip(_shift_by_ratio, "The negatives change their share, too: multiply odds, not probabilities."),
    Slip(
        lambda p, a, b: p * b / (p * b + (1 - p) * (1 - b)),
        "The old base rate is still in p: divide its odds out.",
    ),
    Slip(
        lambda p, a, b: p,
        "Where positives are rarer an alarm is worth less: the likelihood ratio stays, p does not.",
    ),
)


@exercise("classification-8")
def check_shift(answer: Any) -> Verdict:
    """A probability moved from one base rate to another, as a function."""
    inputs = (
        (0.5, 0.5, 0.01),
        (0.9, 0.5, 0.01),
        (0.99, 0.5, 0.001),
        (0.2, 0.01, 0.5),
        (0.3, 0.3, 0.3),
        (0.7, 0.2, 0.6),
    )
    return grade_function(
        "classification-8",
        answer,
        at_another_base_rate,
        [Case(f"p = {p:g}, base rate {a:g} → {b:g}", (p, a, b)) for p, a, b in inputs],
        slips=SHIFT_SLIPS,
        signature="shifted(p, trained, used)",
        rtol=1e-7,
        right="In log-odds a new base rate only adds a constant.",
    )
