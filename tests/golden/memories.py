"""Golden vectors of the explorables of Hopfield networks, for core/*.js to repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from book_lib import hopfield as library
from book_lib.explorables import AssociativeMemory, HopfieldCube, ModernHopfield
from book_lib.explorables.associative_memory import Named, encode, name_state
from book_lib.explorables.hopfield_cube import STATES, fraction, place
from book_lib.rng import CounterRNG

RECALLS: list[dict[str, Any]] = [
    {},
    {"stored": "ACHJLTXZ", "chosen": "T"},
    {"stored": "ACHJLTXZ", "chosen": "T", "rule": "pseudo-inverse", "share": 0.3, "seed": 2},
    {"patterns": "digits", "stored": list(range(10)), "chosen": 3, "rule": "pseudo-inverse"},
    {"patterns": "digits", "chosen": 1, "share": 0.05},
    {"stored": "AHTX", "chosen": "H", "corruption": "cover", "share": 0.5},
    {"stored": "ACH", "share": 0.3, "seed": 7},  # a mixture
    {"stored": "ACHJ", "share": 0.3, "seed": 7},  # nothing that has a name
    {"stored": "AC", "share": 0.5, "seed": 5, "asynchronous": False},  # to and fro
    {"stored": "AHT", "rule": "pseudo-inverse", "share": 0.4, "seed": 7, "asynchronous": False},
    {"share": 1.0},  # the negative
    {"extra": 20, "seed": 2**32 - 1},
    {"patterns": "own", "stored": [0, 2], "chosen": 2, "cue": "0" * 25},
]


def random_patterns(count: int, n: int, seed: int) -> np.ndarray:
    """Fair signs, shape (count, n)."""
    words = CounterRNG(seed).uint32(count * n).reshape(count, n)
    return np.where(words < 2**31, 1, -1)


def hopfield() -> dict[str, Any]:
    """Couplings, energies, fields, mixtures, and the theory of the load."""
    cases = []
    for count, n, seed in [(1, 3, 1), (3, 8, 2), (5, 12, 3), (6, 4, 4)]:
        patterns = random_patterns(count, n, seed)
        state = random_patterns(1, n, 100 + seed)[0]
        networks = {rule: library.Hopfield(n).store(patterns, rule) for rule in ("hebb", "pseudo-inverse")}
        cases.append(
            {
                "patterns": patterns.tolist(),
                "state": state.tolist(),
                **{
                    rule: {
                        "weights": network.weights.ravel().tolist(),
                        "energy": network.energy(state),
                        "field": network.field(state).tolist(),
                        "wishes": network.wishes(state).tolist(),
                    }
                    for rule, network in networks.items()
                },
                "overlaps": library.overlap(patterns, state).tolist(),
                "mixture": library.mixture(patterns[: count - (count + 1) % 2]).tolist(),
            }
        )
    loads = [0.001, 0.02, 0.05, 0.1, 0.13, 0.137, 0.14, 0.5]
    return {
        "cases": cases,
        "critical_load": library.critical_load(),
        "loads": loads,
        "retrieval_overlap": library.retrieval_overlap(loads).tolist(),
    }


def named(one: Named) -> dict[str, Any]:
    """A name, as JavaScript writes it."""
    return {"kind": one.kind, "of": list(one.of), "signs": list(one.signs), "overlap": one.overlap}


def memory() -> dict[str, Any]:
    """Starts, recalls and their ends, and names of states."""
    runs = []
    for settings in RECALLS:
        box = AssociativeMemory(**settings)
        done = box.recall()
        traits = ("stored", "extra", "rule", "chosen", "corruption", "share", "cue", "asynchronous", "seed")
        runs.append(
            {
                "settings": {name: getattr(box, name) for name in traits} | {"patterns": box.patterns, "own": box.own},
                "start": encode(box.start()),
                "last": encode(box.kept()[-1]),
                "end": encode(done.state),
                "path": [encode(state) for state in done.path[:6]],
                "energies": done.energies.tolist(),
                "period": done.period,
                "sweeps": done.sweeps,
                "named": named(box.name()),
                "trials": box.trials(3),
            }
        )
    patterns = random_patterns(5, 40, 9)
    states = [patterns[3], -patterns[1], library.mixture(patterns[:3]), library.mixture(patterns)]
    states += [library.mixture(patterns[[0, 2, 4]] * [[1], [-1], [1]]), random_patterns(1, 40, 10)[0]]
    twice = patterns.copy()
    twice[4] = np.where(patterns[3] == states[2], patterns[4], states[2])  # so that the last two never outvote three
    return {
        "bank": AssociativeMemory().bank,
        "twice": twice.tolist(),
        "twice_named": named(name_state(states[2], twice)),
        "runs": runs,
        "patterns": patterns.tolist(),
        "names": [{"state": s.tolist(), "named": named(name_state(s, patterns))} for s in states],
    }


def cube() -> dict[str, Any]:
    """Energies, fields, arrows and ways of the three units, by every rule."""
    cases = []
    for settings in (
        {},
        {"theta1": 1.0, "sign": "minus"},
        {"theta1": 0.5, "theta2": -0.1, "theta3": 0.3, "order": "312", "start": [-1, -1, -1]},
        {"theta2": -2.0, "sign": "minus", "tie": "plus", "order": "321"},
        {"tie": "minus"},
        {"tie": "plus", "pattern": [-1, -1, 1], "order": "213", "start": [1, -1, 1]},
    ):
        box = HopfieldCube(**settings)
        traits = ("pattern", "sign", "tie", "order", "start")
        cases.append(
            {
                "rules": {name: getattr(box, name) for name in traits} | {"theta": box.theta.tolist()},
                "energies": [box.energy(state) for state in STATES],
                "written": [fraction(box.energy(state)) for state in STATES],
                "fields": [[box.field(state, unit) for unit in range(3)] for state in STATES],
                "arrows": [[list(a), list(b), unit] for a, b, unit in box.arrows()],
                "rises": box.rises(),
                "at_rest": [list(state) for state in box.at_rest()],
                "path": [list(state) for state in box.path(60)],
            }
        )
    return {"states": [list(state) for state in STATES], "places": [place(state) for state in STATES], "cases": cases}


def modern() -> dict[str, Any]:
    """Weights, energies and ways of the state that asks."""
    cases = []
    for settings in (
        {},
        {"beta": 0.1},
        {"beta": 100.0, "state": [-0.3, 0.2]},
        {"patterns": [1.0, 0.5, 0.7, 0.9, -1.0, -0.6], "beta": 2.5, "state": [0.0, 0.0]},
        {"patterns": [1.0, 0.0, -1.0, 0.0], "beta": 1.0, "state": [0.1, 1.0]},
    ):
        box = ModernHopfield(**settings)
        path = box.path(500)
        cases.append(
            {
                "patterns": box.points().tolist(),
                "state": box.state,
                "beta": box.beta,
                "weights": box.weights().tolist(),
                "energy": box.energy(),
                "updates": len(path) - 1,
                "path": path[:8].tolist(),
                "rest": path[-1].tolist(),
                "outcome": box.outcome(),
            }
        )
    return {"cases": cases}
