"""A million draws from a discrete law, beside NumPy's `Generator.choice` with the same p, one thread each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.timing import best_times
from book_lib.probability import sample_categorical
from book_lib.rng import CounterRNG, Generator

DRAWS = 1_000_000
OUTCOMES = (4, 50, 1000)
ROUNDS = 7


@dataclass(frozen=True)
class Rival:
    """One way to draw from a law.

    Attributes:
        name: what the table says.
        draw: (p, size, generator) → outcomes.
        generator: makes the generator, which then moves on from draw to draw.
        note: what a reader must know to judge the figure.
    """

    name: str
    draw: Callable[[np.ndarray, int, Generator], np.ndarray]
    generator: Callable[[], Generator]
    note: str


def choice(p: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw as NumPy does: it, too, inverts the cumulative sum, by a binary search for each draw."""
    return rng.choice(len(p), size, p=p)


def sfc() -> np.random.Generator:
    """Make the generator that `as_generator` makes of a seed."""
    return np.random.Generator(np.random.SFC64(1))


RIVALS = [
    Rival(
        "NumPy Generator.choice", choice, lambda: np.random.default_rng(1), "PCG64; a search for each draw"
    ),
    Rival("sample_categorical, PCG64", sample_categorical, lambda: np.random.default_rng(1), "guide table"),
    Rival("sample_categorical, SFC64", sample_categorical, sfc, "what a seed gives"),
    Rival(
        "sample_categorical, CounterRNG", sample_categorical, lambda: CounterRNG(1), "draws as in JavaScript"
    ),
]


def law(outcomes: int) -> np.ndarray:
    """Make a law to draw from: uneven, the same in every run."""
    weights = np.random.default_rng(outcomes).random(outcomes)
    return weights / weights.sum()


def run(draws: int = DRAWS, rounds: int = ROUNDS) -> list[dict]:
    """Time all rivals in turns for each number of outcomes; return the table's rows, ratios to the first."""
    rows = [{"name": rival.name, "draws_per_us": {}, "ratio": {}, "note": rival.note} for rival in RIVALS]
    for outcomes in OUTCOMES:
        p, calls = law(outcomes), {}
        for rival in RIVALS:
            rng = rival.generator()
            calls[rival.name] = lambda rival=rival, rng=rng, p=p: rival.draw(p, draws, rng)
        seconds = best_times(calls, rounds)
        for row in rows:
            row["draws_per_us"][str(outcomes)] = round(draws / seconds[row["name"]] * 1e-6, 1)
            row["ratio"][str(outcomes)] = round(seconds[RIVALS[0].name] / seconds[row["name"]], 2)
    return rows
