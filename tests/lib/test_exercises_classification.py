"""The checks of the chapter on classification: right answers pass, typical slips get their replies."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

from book_lib.exercises import check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)


def step(w, X, s, learning_rate):
    """Term by term, from the definition."""
    pull = sum(si * xi * special.expit(-si * (xi @ w)) for xi, si in zip(X, s, strict=True))
    return w + learning_rate * pull / len(s)


def slope(W, X, labels):
    """The mean over examples of outer(p − t, x)."""
    total = np.zeros(W.shape)
    for x, label in zip(X, labels, strict=True):
        p = special.softmax(W @ x)
        p[label] -= 1
        total += np.outer(p, x)
    return total / len(X)


def temperature(logits, labels):
    """The least mean surprise, by an optimiser that knows nothing of moments."""

    def surprise(log_t):
        z = logits / math.exp(log_t)
        return (special.logsumexp(z, axis=1) - z[np.arange(len(z)), labels]).mean()

    return math.exp(
        optimize.minimize_scalar(surprise, bounds=(-4, 4), method="bounded", options={"xatol": 1e-8}).x
    )


def decide(p, a, b, c):
    if c < min(a * (1 - p), b * p):
        return -1
    return int(a * (1 - p) <= b * p)


def area(scores, labels):
    """By the trapezoidal rule under the curve, threshold by threshold."""
    cuts = [math.inf, *sorted(set(scores), reverse=True)]
    false = [np.mean(scores[labels == 0] >= cut) for cut in cuts]
    found = [np.mean(scores[labels == 1] >= cut) for cut in cuts]
    return float(np.trapezoid(found, false))


def shifted(p, trained, used):
    return special.expit(special.logit(p) + special.logit(used) - special.logit(trained))


RIGHT = {
    "classification-2": step,
    "classification-3": slope,
    "classification-5": temperature,
    "classification-6": decide,
    "classification-7": area,
    "classification-8": shifted,
}


def test_the_chapter_registers_its_checks():
    assert names("classification") == [f"classification-{n}" for n in (1, 2, 3, 5, 6, 7, 8)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


def test_the_step_is_against_the_slope_of_the_loss():
    rng = np.random.default_rng(3)
    X, s, w = rng.normal(size=(7, 3)), np.array([1, -1, 1, 1, -1, -1, 1]), rng.normal(size=3)

    def loss(w):
        return np.logaddexp(0, -s * (X @ w)).mean()

    quotients = [(loss(w + h) - loss(w - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    assert w - step(w, X, s, 1.0) == pytest.approx(quotients, abs=1e-8)


def test_the_temperature_matches_moments():
    rng = np.random.default_rng(4)
    logits = 3 * rng.normal(size=(300, 4))
    labels = (logits / 2 + rng.gumbel(size=logits.shape)).argmax(axis=1)
    best = temperature(logits, labels)
    expected = (special.softmax(logits / best, axis=1) * logits).sum(axis=1).mean()
    assert expected == pytest.approx(logits[np.arange(300), labels].mean(), abs=1e-5)


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_every_detector_has_its_answer_and_shows_every_slip(seed):
    case = variant("classification-1", seed)
    assert 0 < case.base_rate <= 0.1 and 0.7 <= case.recall < 1 and 0 < case.false_alarm <= 0.2
    prior = special.logit(case.base_rate)
    worth = special.expit(prior + math.log(case.recall / case.false_alarm))
    assert check("classification-1", worth, seed=seed).right
    hits, wrong = case.base_rate * case.recall, (1 - case.base_rate) * case.false_alarm
    slips = (
        (case.recall, "P(alarm | positive)"),
        (1 - case.false_alarm, "P(no alarm | negative)"),
        (case.recall / (case.recall + case.false_alarm), "base rate of one half"),
        (hits / wrong, "these are the odds"),
        (hits, "divide by P(alarm)"),
        (hits + wrong, "which share of it"),
    )
    for answer, words in slips:
        verdict = check("classification-1", answer, seed=seed)
        assert not verdict.right and words in verdict.message, (answer, str(verdict))


def test_the_same_seed_gives_the_same_detector():
    assert variant("classification-1", 5) == variant("classification-1", 5)
    assert len({variant("classification-1", seed) for seed in range(40)}) > 30


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("classification-2", lambda w, X, s, r: 2 * w - step(w, X, s, r), "this climbs"),
        ("classification-2", lambda w, X, s, r: w + len(s) * (step(w, X, s, r) - w), "divide by N"),
        ("classification-2", lambda w, X, s, r: step(w, X, s, r) - w, "the step alone"),
        ("classification-2", lambda w, X, s, r: step(w, X, s, 1.0), "learning rate is not used"),
        (
            "classification-2",
            lambda w, X, s, r: w + r * X.T @ (s * special.expit(s * (X @ w))) / len(s),
            "probability of the wrong answer",
        ),
        (
            "classification-2",
            lambda w, X, s, r: w + r * X.T @ (s * special.expit(X @ w)) / len(s),
            "label belongs inside",
        ),
        (
            "classification-2",
            lambda w, X, s, r: w + r * X.T @ special.expit(-s * (X @ w)) / len(s),
            "A factor s is missing",
        ),
        (
            "classification-2",
            lambda w, X, s, r: w - r * X.T @ (special.expit(X @ w) - s) / len(s),
            "needs labels 0 and 1",
        ),
        ("classification-3", lambda W, X, y: -slope(W, X, y), "log-likelihood"),
        ("classification-3", lambda W, X, y: len(X) * slope(W, X, y), "divide by N"),
        ("classification-3", lambda W, X, y: slope(W, X, y).T, "shape of W"),
        (
            "classification-3",
            lambda W, X, y: special.softmax(X @ W.T, axis=1).T @ X / len(X),
            "target is missing",
        ),
        (
            "classification-3",
            lambda W, X, y: (special.softmax(X @ W.T, axis=0) - np.eye(len(W))[y]).T @ X / len(X),
            "along the classes",
        ),
        ("classification-5", lambda z, y: 1 / temperature(z, y), "b = 1/T"),
        ("classification-5", lambda z, y: 1.0, "nothing is changed"),
        ("classification-6", lambda p, a, b, c: int(p >= 0.5), "One half"),
        ("classification-6", lambda p, a, b, c: int(p > a / (a + b)), "never ask"),
        ("classification-6", lambda p, a, b, c: decide(p, b, a, c), "costs are swapped"),
        ("classification-7", lambda s, y: 1 - area(s, y), "Turned round"),
        ("classification-7", lambda s, y: np.mean(s[y == 1][:, None] > s[y == 0]), "Ties"),
        ("classification-7", lambda s, y: np.mean(s[y == 1][:, None] >= s[y == 0]), "Ties"),
        ("classification-8", lambda p, a, b: shifted(p, b, a), "Turned round"),
        ("classification-8", lambda p, a, b: math.exp(special.logit(shifted(p, a, b))), "the odds"),
        ("classification-8", lambda p, a, b: p * b / a, "multiply odds"),
        ("classification-8", lambda p, a, b: p * b / (p * b + (1 - p) * (1 - b)), "still in p"),
        ("classification-8", lambda p, a, b: p, "worth less"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_a_naive_step_is_told_where_it_overflows():
    def naive(w, X, s, learning_rate):
        weights = np.exp(-s * (X @ w))
        return w + learning_rate * X.T @ (s * weights / (1 + weights)) / len(s)

    verdict = check("classification-2", naive)
    assert not verdict.right and len(verdict.passed) == 5
    assert "±1000" in verdict.failed[0] and "too large a number on the way" in verdict.failed[0]
