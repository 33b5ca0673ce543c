"""Softmax regression on scikit-learn's 1,797 digits, beside its own LogisticRegression, to the same loss.

Both make one and the same number smallest, Σ −ln p(t | x) + ½λ|W|², λ = 1/C. Each stops by a rule of its own, so that
equal settings are not enough: ours goes on to a loss no larger than scikit-learn's, and both losses are reported. What
is compared is the time on the clock, one thread each, rivals in turns, the best of several rounds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from book_lib.classification import SoftmaxRegression, softmax_cross_entropy

PENALTY = 1.0  # scikit-learn's default, C = 1
ROUNDS = 7
OURS, THEIRS = "book_lib SoftmaxRegression", "scikit-learn LogisticRegression"


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the pictures, 64 pixels from 0 to 1 each, and what they show."""
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    return pictures / 16, labels


def objective(weights: np.ndarray, bias: np.ndarray, X: np.ndarray, labels: np.ndarray) -> float:
    """Return what both make smallest, per example."""
    losses = softmax_cross_entropy(X @ weights.T + bias, labels)
    return float(losses.mean() + PENALTY / 2 * (weights**2).sum() / len(labels))


def rivals(X: np.ndarray, labels: np.ndarray) -> dict[str, Callable[[], tuple[np.ndarray, np.ndarray, int]]]:
    """Return name → a training, which gives weights, biases and the number of steps."""
    from sklearn.linear_model import LogisticRegression

    def theirs() -> tuple[np.ndarray, np.ndarray, int]:
        model = LogisticRegression(C=1 / PENALTY, max_iter=1000).fit(X, labels)
        return model.coef_, model.intercept_, int(model.n_iter_[0])

    def ours() -> tuple[np.ndarray, np.ndarray, int]:
        model = SoftmaxRegression(PENALTY).fit(X, labels)
        return model.weights, model.bias, model.steps

    return {THEIRS: theirs, OURS: ours}


def run(rounds: int = ROUNDS) -> list[dict]:
    """Time both in turns and return the rows of the table, ratios of time to scikit-learn's."""
    from threadpoolctl import threadpool_limits

    X, labels = digits()
    calls = rivals(X, labels)
    seconds, found = dict.fromkeys(calls, float("inf")), {}
    # subtle: matrices this small gain nothing from threads, which on a busy machine wait for one another instead.
    with threadpool_limits(limits=1):
        for turn in range(rounds + 1):  # the first is not counted
            for name, call in calls.items():
                start = time.perf_counter()
                found[name] = call()
                if turn:
                    seconds[name] = min(seconds[name], time.perf_counter() - start)
    return [
        {
            "name": name,
            "milliseconds": round(1e3 * seconds[name], 1),
            "ratio": round(seconds[name] / seconds[THEIRS], 2),
            "loss": objective(*found[name][:2], X, labels),
            "steps": found[name][2],
        }
        for name in calls
    ]
