"""Golden vectors of the explorables of Boltzmann machines, for core/{tours,boltzmann,rbm}.js to repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from book_lib.boltzmann import RBM
from book_lib.explorables import AnnealedTour, RbmDreams, StochasticUnits
from book_lib.explorables.annealed_tour import cities
from book_lib.hopfield import tour_length
from book_lib.rng import CounterRNG

DRAWN = [30.0 - k if k < 20 else 0.0 for k in range(31)]
OWN = [(10.0, 10.0), (90.0, 20.5), (50.0, 95.0), (12.5, 80.0), (70.0, 70.0), (33.0, 41.0)]
MEANS = [0.0, 1.0, 20.0, 60.0]  # temperatures of mean lengths
TOURS: list[dict[str, Any]] = [
    {},
    {"count": 12, "schedule": "hold"},
    {"count": 30, "map": 4, "schedule": "geometric", "temperature": 40.0, "sweeps": 60, "seed": 3},
    {"count": 9, "map": 7, "temperature": 0.0, "schedule": "hold", "seed": 2**32 - 1},
    {"count": 20, "schedule": "drawn", "drawn": DRAWN, "sweeps": 50},
    {"cities": OWN, "schedule": "geometric", "temperature": 25.0, "sweeps": 30, "seed": 8},
]


def tours() -> dict[str, Any]:
    """Maps, annealed tours and downhill ones, brute force, and races."""
    maps = [{"count": n, "map": m, "places": cities(n, m).tolist()} for n, m in ((5, 0), (12, 3), (30, 999))]
    return {"maps": maps, "runs": [toured(one) for one in TOURS]}


def toured(settings: dict[str, Any]) -> dict[str, Any]:
    """One explorable's runs."""
    one = AnnealedTour(**settings)
    sweeps = min(one.sweeps, 40)
    hot, cold, race, known = one.anneal(sweeps), one.descend(sweeps), one.race(3), one.shortest()
    names = ("cities", "count", "map", "temperature", "schedule", "sweeps", "drawn", "seed")
    return {
        "settings": {name: getattr(one, name) for name in names},
        "temperatures": one.temperatures(sweeps).tolist(),
        "start": tour_length(one.distances(), range(len(one.places()))),
        "lengths": hot.energies.tolist(),
        "tour": hot.final.tolist(),
        "best": hot.best.tolist(),
        "best_length": hot.best_energy,
        "downhill": cold.energies.tolist(),
        "downhill_best": cold.best_energy,
        "shortest": None if known is None else known[0],
        "means": None if known is None else one.mean_length(MEANS).tolist(),
        "race": {"cooled": race.cooled.tolist(), "downhill": race.downhill.tolist()},
    }


FIVE = [[0, 0.5, -1, 2, 0], [0.5, 0, 1, 0, -0.25], [-1, 1, 0, 0, 0.75], [2, 0, 0, 0, -3], [0, -0.25, 0.75, -3, 0]]
FOUR = [[0, 0.5, -1, 2], [0.5, 0, 1, 0], [-1, 1, 0, 1 / 3], [2, 0, 1 / 3, 0]]
FAIR = [1, 2, 10, 300, 20_000]  # independent draws
MACHINES: list[dict[str, Any]] = [
    {},
    {"weights": FIVE, "biases": [0.1, -0.2, 0.3, 0, 1], "units": "spin", "temperature": 1.7, "chains": 10, "seed": 5},
    {"weights": FIVE, "biases": [0.1, -0.2, 0.3, 0, 1], "units": "binary", "temperature": 0.4, "chains": 3, "seed": 6},
    {"weights": FOUR, "biases": [0.5, 0, 0, -1], "units": "binary", "temperature": 1.0, "chains": 100, "seed": 7},
    {"weights": FOUR, "biases": [0, 0, 0, 0], "units": "spin", "temperature": 0.0, "chains": 6, "seed": 8},
]


def boltzmann() -> dict[str, Any]:
    """Energies, laws, and Gibbs sampling."""
    return {"machines": [sampled(one) for one in MACHINES]}


def sampled(settings: dict[str, Any]) -> dict[str, Any]:
    """One machine: its law, and its states after some sweeps."""
    one = StochasticUnits(**settings)
    names = ("size", "couplings", "biases", "units", "temperature", "chains", "seed")
    path = one.sample(40)
    gap = one.divergence(40)
    return {
        "settings": {name: getattr(one, name) for name in names},
        "weights": one.weights().ravel().tolist(),
        "energies": one.energies().tolist(),
        "law": one.law().tolist(),
        "log_z": one.machine().log_partition() if one.temperature > 0 else None,
        "names": one.names(),
        "chances": None if one.temperature == 0 else one.machine().probability_on(path[-1]).tolist(),
        "states": [{"sweeps": n, "x": path[n - 1].tolist()} for n in (1, 2, 7, 40)],
        "shares": one.histogram(40).tolist(),
        "fair": [one.fair_divergence(draws) for draws in FAIR],
        "divergence": gap if np.isfinite(gap) else None,
    }


def small_machine() -> RBM:
    """A machine with numbers of no meaning, short in the file and strong enough to move pixels."""
    rng = CounterRNG(17)
    weights = np.round(0.6 * np.reshape(rng.standard_normal(64 * 6), (64, 6)), 2)
    return RBM(weights, np.round(rng.standard_normal(64), 2), np.round(rng.standard_normal(6), 2))


DREAMS: list[dict[str, Any]] = [
    {"seed": 4},
    {"temperature": 3.0, "clamp": "left", "seed": 5},
    {"temperature": 0.2, "start": "drawing", "drawing": "00183c66667e6666", "clamp": "top", "seed": 2**32 - 1},
    {"start": "digit", "digit": 7, "clamp": "bottom"},
]


def rbm() -> dict[str, Any]:
    """Both conditionals, free energies, and dreams of a small machine."""
    machine = RbmDreams(machine=small_machine()).machine()
    v = np.array([[int(bit) for bit in f"{word:032b}"] * 2 for word in (0x12345678, 0xFFFF0001)])
    h = np.array([[1, 0, 1, 1, 0, 0], [0, 0, 0, 0, 0, 1]])
    laws = []
    for heat in (0.3, 1.0, 4.0):
        at = RBM(machine.weights, machine.visible_bias, machine.hidden_bias, heat)
        laws.append(
            {
                "temperature": heat,
                "hidden": at.hidden_given(v).tolist(),
                "visible": at.visible_given(h).tolist(),
                "free_energy": np.asarray(at.free_energy(v)).tolist(),
            }
        )
    return {
        "weights": machine.weights.ravel().tolist(),
        "visible_bias": machine.visible_bias.tolist(),
        "hidden_bias": machine.hidden_bias.tolist(),
        "v": v.tolist(),
        "h": h.tolist(),
        "laws": laws,
        "dreams": [dreamt(one) for one in DREAMS],
    }


def dreamt(settings: dict[str, Any]) -> dict[str, Any]:
    """One dream, its pictures as text."""
    one = RbmDreams(machine=small_machine(), **settings)
    path = one.dream(20)
    names = ("temperature", "start", "digit", "drawing", "clamp", "seed")
    return {
        "settings": {name: getattr(one, name) for name in names},
        "states": [{"steps": k, "v": "".join(map(str, path[k]))} for k in (0, 1, 2, 20)],
        "free_energy": one.free_energy(path[20]),
    }

