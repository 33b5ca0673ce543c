"""Golden vectors of the explorables of chapter 1: rules through two pairs, polynomials, a line, leaky data."""

from __future__ import annotations

from typing import Any

import numpy as np

from book_lib import polynomials
from book_lib.explorables.guess_rule import KINDS, Round
from book_lib.explorables.hand_fit import RATE, descend, least_squares_line, line_data
from book_lib.explorables.leakage import trial
from book_lib.rng import CounterRNG


def guess() -> dict[str, Any]:
    """Rounds, the twelve rules on every question, and what questions tell."""
    rounds = []
    for seed, fresh in [(0, False), (1, True), (2, True), (5, True), (2**32 - 1, True)]:
        game = Round.draw(seed, fresh)
        questions = game.questions()
        rounds.append(
            {
                "seed": seed,
                "fresh": fresh,
                "round": {"p": game.p, "y": game.y, "s": game.s, "hidden": game.hidden},
                "limits": list(game.limits()),
                "values": {kind: [game.value(kind, x) for x in questions] for kind in KINDS},
                "bent": [game.bent(x, -1.5) for x in questions],
                "answers": [[list(pair) for pair in game.answers(KINDS, x)] for x in questions],
                "expected_left": [game.expected_left(KINDS, x) for x in questions],
                "left": [game.left([x, 4.0]) for x in questions],
            }
        )
    return {"kinds": list(KINDS), "questions": Round.draw(0, False).questions(), "rounds": rounds}


def leakage() -> dict[str, Any]:
    """Trials: the chosen features in order, and accuracies."""
    cases = [
        (0, 0, (40, 20, 20), 1000, 10, False),
        (0, 0, (40, 20, 20), 1000, 10, True),
        (3, 7, (32, 32, 32), 100, 1, True),
        (2**32 - 1, 2, (120, 120, 120), 300, 20, True),
        (5, 1, (10, 10, 13), 10, 10, False),
        (6, 4, (1, 10, 10), 10, 3, False),  # one class only
    ]
    trials = []
    for seed, repeat, sizes, features, kept, leak in cases:
        done = trial(seed, repeat, sizes, features, kept, leak)
        settings = dict(zip(("train", "validation", "test"), sizes, strict=True))
        settings |= {"seed": seed, "features": features, "kept": kept, "leak": leak}
        trials.append(
            {
                "settings": settings,
                "repeat": repeat,
                "chosen": done.chosen.tolist(),
                "scores": list(done.scores),
            }
        )
    return {"trials": trials}


def legendre() -> dict[str, Any]:
    """The polynomials, the noisy wave and the fits of every degree."""
    x = [-1.0, -0.7, 0.0, 0.3, 1.0]
    fits = []
    for seed, points, noise in [(0, 15, 0.3), (1, 30, 0.5), (2, 12, 0.0), (9, 100, 1.0)]:
        data = polynomials.noisy_wave(points, CounterRNG(seed), noise)
        weights = [polynomials.fit_legendre(*data, degree).tolist() for degree in range(11)]
        errors = [float(np.mean((data[1] - polynomials.legendre_series(data[0], w)) ** 2)) for w in weights]
        fits.append(
            {
                "seed": seed,
                "points": points,
                "noise": noise,
                "x": data[0].tolist(),
                "t": data[1].tolist(),
                "weights": weights,
                "errors": errors,
            }
        )
    return {"x": x, "values": polynomials.legendre(x, 10).tolist(), "fits": fits}


def line() -> dict[str, Any]:
    """Points, the least-squares line, and the way of gradient descent."""
    runs = []
    for seed, start in [(0, (0.0, 0.0)), (1, (-3.0, 6.0)), (77, (2.5, -4.0))]:
        x, t = line_data(seed)
        way = descend(x, t, start, RATE, 50)
        runs.append(
            {
                "seed": seed,
                "x": x.tolist(),
                "t": t.tolist(),
                "best": list(least_squares_line(x, t)),
                "start": list(start),
                "loss": float(np.mean((t - start[0] * x - start[1]) ** 2)),
                "way": way[[0, 1, 2, 10, 50]].tolist(),
            }
        )
    return {"steps": [0, 1, 2, 10, 50], "runs": runs}
