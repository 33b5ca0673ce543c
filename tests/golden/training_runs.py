"""Golden vectors of the explorables of pre-training: stored runs, what a training costs, and models by date."""

from __future__ import annotations

from typing import Any

import numpy as np

from book_lib.explorables import LearningRateRuns, Timeline, TrainingCalculator
from book_lib.explorables.timeline import place_names, year_of
from book_lib.explorables.training_calculator import lasting
from book_lib.pipeline.pretrain import find_spikes, spike_scores
from book_lib.rng import CounterRNG

RATES, WARMUPS, KEPT = (1e-4, 1e-3, 0.00316227766, 0.03), (0, 20), 60


def made_up(seed: int = 0) -> dict[str, Any]:
    """A grid of runs that look like trainings: too slow, good, with a spike, broken off, and risen; never trained."""
    rng = CounterRNG(seed)
    steps = np.arange(1, KEPT + 1) * 5
    rows = {"learning_rate": [], "warmup": [], "loss": [], "norm": []}
    for warmup in WARMUPS:
        for rate in RATES:
            speed = 8 * rate / (1 + (rate / 0.004) ** 2)
            loss = (
                2.5 + 3.7 * np.exp(-speed * np.maximum(steps - warmup, 0)) + 0.05 * rng.standard_normal(KEPT)
            )
            norm = 0.4 + 3 * np.exp(-speed * steps) + 0.02 * rng.random(KEPT)
            if rate == 1e-3:
                loss[40], norm[40:42] = loss[40] + 3.3, (9.0, 4.0)
            if rate > 0.01:
                loss, norm = loss + np.linspace(0, 4, KEPT), norm * 30
            if rate > 0.01 and not warmup:
                loss[25:], norm[25:] = np.nan, np.nan
            for name, value in (("learning_rate", rate), ("warmup", warmup), ("loss", loss), ("norm", norm)):
                rows[name].append(value)
    return {**rows, "steps": steps, "clip": 1.0}


SHOWN: list[dict[str, Any]] = [
    {"threshold": 8.0},
    {"learning_rate": 1e-3, "warmup": 20, "threshold": 4.0, "window": 20},
    {"learning_rate": 1e-3, "watch": "norm", "threshold": 2.0, "window": 9},
    {"learning_rate": 0.03, "threshold": 3.0, "window": 3},
    {"learning_rate": 0.03, "warmup": 20, "window": 60},
]
SERIES: list[tuple[list[float], int]] = [
    ([1.0, 3.0, 2.0, 5.0], 3),
    ([2.0] * 8 + [2.0 + 1e-12, 3.0, 2.0], 5),
    ([0.0, 0.0, 0.0, 0.0, 1e300, 0.0], 4),
    ([*np.sin(np.arange(30.0)).tolist(), 20.0, *np.cos(np.arange(10.0)).tolist()], 8),
]


def runs() -> dict[str, Any]:
    """Ends, what diverged, the best, and the spikes of several runs; scores of short series."""
    given, cases = made_up(), []
    for settings in SHOWN:
        box = LearningRateRuns(given, **settings)
        traits = ("learning_rate", "warmup", "watch", "threshold", "window")
        cases.append(
            {
                "traits": {name: getattr(box, name) for name in traits},
                "run": box.index(),
                "spikes": box.spikes(),
                "scores": spike_scores(box.curve(box.watch), box.window).tolist(),
            }
        )
    return {
        "runs": box.runs,
        "ends": [None if np.isnan(end) else end for end in box.ends().tolist()],
        "diverged": box.diverged().tolist(),
        "level": 3.2,
        "fates": LearningRateRuns({**given, "level": 3.2}).fates(),
        "best": list(box.best()),
        "cases": cases,
        "series": [
            {"values": values, "window": window, "scores": spike_scores(values, window).tolist(),
             "found": find_spikes(values, window, 3.0)}
            for values, window in SERIES
        ],
    }  # fmt: skip


TRAININGS: list[dict[str, Any]] = [
    {},
    {"parameters": 7e9, "tokens": 2e12, "devices": 2048, "precision": "float32", "utilization": 0.5},
    {
        "parameters": 400_000.0,
        "tokens": 409_600.0,
        "peak": 5e10,
        "devices": 1,
        "price": 0.1,
        "device_memory": 16,
    },
    {"parameters": 1e13, "tokens": 1e14, "peak": 1e8, "utilization": 0.01, "devices": 1, "price": 1000},
]


def costs() -> dict[str, Any]:
    """Operations, bytes, seconds, money and devices of several trainings; times in words."""
    names = ("parameters", "tokens", "peak", "utilization", "devices", "price", "precision", "device_memory")
    cases = [
        {
            "traits": {name: getattr(box, name) for name in names} | {"prediction": ""},
            "compute": box.compute(),
            "ratio": box.tokens_per_parameter(),
            "bytes": box.memory(),
            "seconds": box.seconds(),
            "cost": box.cost(),
            "least": box.devices_to_hold(),
        }
        for box in (TrainingCalculator(**settings) for settings in TRAININGS)
    ]
    times = [1e-3, 0.5, 1.0, 59.0, 90.0, 7200.0, 8.64e4, 7.69e6, 3.2e7, 7.875e9]
    return {"cases": cases, "times": [[seconds, lasting(seconds)] for seconds in times]}


MODELS: list[dict[str, Any]] = [
    {"name": "Big", "date": "2020-05-28", "parameters": 175e9, "source": "A paper", "open": False, "maker": "Ours"},
    {"name": "First", "date": "2019-02", "parameters": 1.5e9, "source": "A report", "open": True, "checked": False},
    {"name": "Silent", "date": "2022-11-30", "parameters": None, "source": "A page", "open": "on request"},
    {"name": "Sparse", "date": "2024-02-29", "parameters": 671e9, "active": 37e9, "source": "A card", "open": True,
     "remark": "many experts"},
    {"name": "Small", "date": "2024-12-31", "parameters": 3e8, "source": "A card", "open": "open"},
]  # fmt: skip


def timeline() -> dict[str, Any]:
    """Dates as numbers, and ratios, months and doublings of every pair."""
    days = ["2000-01-01", "2019-02", "2020-02-29", "2020-12-31", "2023-07-02", "2100-03-01"]
    pairs = []
    for base in MODELS:
        for one in MODELS:
            box = Timeline(MODELS, base=base["name"], chosen=one["name"])
            pairs.append([box.base, box.chosen, box.ratio(), box.months(), box.doubling()])
    crowd = [(20.0 + 22 * i, 60.0 + 13 * (i % 3), 50.0) for i in range(12)]
    names = {"points": crowd, "box": (0, 300, 0, 200), "places": place_names(crowd, (0, 300, 0, 200))}
    return {
        "names": names,
        "models": box.models,
        "years": [[day, year_of(day)] for day in days],
        "pairs": pairs,
    }
