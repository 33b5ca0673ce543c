"""Golden vectors of the explorables of regression and classification, for core/*.js to repeat."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from book_lib import datasets, polynomials, regression
from book_lib.explorables import Boundaries, HousePrices, Threshold
from book_lib.explorables.boundaries import cloud, gradient, penalized_loss
from book_lib.explorables.threshold import upper_tail
from book_lib.rng import CounterRNG


def houses() -> dict[str, Any]:
    """The rows, and what several knobs make of them."""
    table = datasets.houses(5)
    cases = []
    for knobs, fifth in [((3.5, -15.0, 700.0), False), ((3.5, -15.0, 700.0), True), ((9.0, 0.0, 0.0), True)]:
        widget = HousePrices(**dict(zip(("price_per_m2", "penalty_per_km", "base"), knobs, strict=True)), fifth=fifth)
        best = widget.best()
        cases.append(
            {
                "knobs": list(knobs),
                "fifth": fifth,
                "predictions": widget.predictions().tolist(),
                "mse": widget.mse(),
                "best": best.tolist(),
                "best_mse": widget.mse(best),
            }
        )
    rows = np.column_stack([table.inputs, table.targets]).tolist()
    return {"rows": rows, "cases": cases}


def regressions() -> dict[str, Any]:
    """Least squares, ridge and the Bayesian law on polynomials of a noisy wave."""
    cases = []
    for seed, points, degree, noise in [(0, 15, 12, 0.3), (3, 14, 4, 0.0), (8, 30, 1, 1.0)]:
        x, t = polynomials.noisy_wave(points, CounterRNG(seed), noise)
        X = polynomials.legendre(x, degree)
        penalties = [1e-6, 1e-3, 0.1, 1.0, 1e3]
        cases.append(
            {
                "seed": seed,
                "points": points,
                "degree": degree,
                "noise": noise,
                "least_squares": regression.least_squares(X, t).weights.tolist(),
                "penalties": penalties,
                "ridge": [regression.ridge(X, t, penalty).tolist() for penalty in penalties],
                "bayes": [bayes(X, t, degree, *widths) for widths in [(1.0, 0.2), (10.0, 0.05), (0.1, 1.0)]],
            }
        )
    return {"cases": cases}


def bayes(X: np.ndarray, t: np.ndarray, degree: int, prior: float, noise: float) -> dict[str, Any]:
    """A posterior, and what it foretells at three places."""
    law = regression.BayesianLinearRegression(prior**-2, noise**-2).fit(X, t)
    at = [-1.0, 0.1, 0.7]
    mean, variance = law.predict(polynomials.legendre(at, degree))
    return {
        "prior": prior,
        "noise": noise,
        "weights": law.mean.tolist(),
        "covariance": law.covariance.tolist(),
        "log_evidence": law.log_evidence,
        "at": at,
        "mean": mean.tolist(),
        "variance": variance.tolist(),
    }


def classify() -> dict[str, Any]:
    """Points, losses, gradients and runs of gradient descent."""
    runs = []
    for view, separation, seed, penalty, rate in [
        ("two", 1.2, 0, 0.0, 1.0),
        ("two", 0.5, 4, 1.0, 20.0),
        ("three", 1.2, 0, 0.1, 2.0),
        ("three", 2.0, 2**32 - 1, 0.0, 0.3),
    ]:
        widget = Boundaries(view=view, separation=separation, seed=seed, penalty=penalty, learning_rate=rate)
        inputs, labels = cloud(view, separation, seed)
        way = widget.descend(40)
        runs.append(
            {
                "view": view,
                "separation": separation,
                "seed": seed,
                "penalty": penalty,
                "rate": rate,
                "points": np.column_stack([inputs, labels]).tolist(),
                "steps": [0, 1, 2, 40],
                "weights": way[[0, 1, 2, 40]].tolist(),
                "losses": [penalized_loss(w, inputs, labels, penalty) for w in way[[0, 1, 2, 40]]],
                "gradient": gradient(way[2], inputs, labels, penalty).tolist(),
                "probabilities": widget.probabilities(way[2], inputs).tolist(),
                "largest_step": widget.largest_step(),
            }
        )
    return {"runs": runs}


def detector() -> dict[str, Any]:
    """Tails of the normal law, rates, counts and draws of the detector with a threshold."""
    z = [-9.0, -3.0, -0.5, 0.0, 0.3, 2.0, 2.9, 4.0, 9.0]
    cases = []
    for threshold, base_rate, separation, seed in [(1.0, 0.1, 2.0, 0), (2.409, 1e-6, 4.818, 1), (-0.5, 0.5, 0.0, 7)]:
        widget = Threshold(threshold=threshold, base_rate=base_rate, separation=separation, seed=seed, people=200)
        scores, labels = widget.sample()
        cases.append(
            {
                "threshold": threshold,
                "base_rate": base_rate,
                "separation": separation,
                "seed": seed,
                "rates": list(widget.rates()),
                "confusion": widget.confusion().tolist(),
                "precision": widget.precision(),
                "auc": widget.auc(),
                "log_odds": widget.log_odds(np.array([-1.0, 0.5, 6.0])).tolist(),
                "scores": scores[:8].tolist(),
                "labels": labels.tolist(),
                "counts": widget.counts().tolist(),
            }
        )
    return {"z": z, "tails": [upper_tail(v) for v in z], "erfc": [math.erfc(v) for v in z], "cases": cases}
