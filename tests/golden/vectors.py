"""Golden vectors: what the public Python library says, for the JavaScript mirror to repeat.

Each function of ``GOLDEN`` returns what goes into ``tests/golden/<name>.json``. Integers, spins and
other states must be repeated exactly, floats to a relative 1e-12 (``exp`` and ``log`` differ between V8
and libm in the last bit).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from book_lib import _ising_kernels as kernels
from book_lib import ising, probability
from book_lib.rng import CounterRNG, threefry2x32
from tests.golden import (
    boltzmann,
    classical,
    first_chapter,
    graphs,
    information,
    language_models,
    memories,
    networks,
    optimization,
    page_model,
    pipeline,
    training_runs,
    transformers,
)
from tests.golden.laws import laws
from tests.golden.packed import packed

# Random123 1.x, tests/kat_vectors: counter, key, result of threefry2x32 with 20 rounds.
KNOWN_ANSWERS = [
    ("00000000 00000000", "00000000 00000000", "6b200159 99ba4efe"),
    ("ffffffff ffffffff", "ffffffff ffffffff", "1cb996fc bb002be7"),
    ("243f6a88 85a308d3", "13198a2e 03707344", "c4923a9c 483df7a0"),
]


def pattern(spins: np.ndarray) -> str:
    """Write spins as a string, 1 for up and 0 for down."""
    return "".join("1" if spin > 0 else "0" for spin in np.ravel(spins))


def rng() -> dict[str, Any]:
    """Words from several keys and places, and what the methods make of them."""
    streams = []
    for seed, stream, counter in [(0, 0, 0), (7, 3, 1), (2**32 - 1, 2**31, 10**6 + 1), (5, 0, 2**33 - 3)]:
        generator = CounterRNG(seed, stream)
        generator.counter = counter
        streams.append(
            {"seed": seed, "stream": stream, "counter": counter, "words": generator.uint32(9).tolist()}
        )
    spans = [1, 2, 3, 10, 1000, 2**18, 2**31 + 1, 2**32]
    return {
        "known_answers": [
            {"counter": counter.split(), "key": key.split(), "words": words.split()}
            for counter, key, words in KNOWN_ANSWERS
        ],
        "streams": streams,
        "random": CounterRNG(11).random(5).tolist(),
        "integers": [{"n": n, "drawn": CounterRNG(12).integers(n, size=6).tolist()} for n in spans],
        "standard_normal": CounterRNG(13).standard_normal(6).tolist(),
        "permutation": CounterRNG(14).permutation(12).tolist(),
        "avalanche": [int(word) for word in threefry2x32((np.arange(4), 0), (1, 2))[0]],
    }


# size, temperature, field, coupling, algorithm, seed, start
RUNS = [
    (4, 2.269, 0.0, 1.0, "metropolis", 1, "random"),
    (16, 2.269, 0.0, 1.0, "metropolis", 2, "random"),
    (16, 1.0, 0.0, 1.0, "metropolis", 3, "random"),
    (12, 5.0, 0.0, 1.0, "metropolis", 4, "up"),
    (12, 2.0, 0.3, 1.0, "metropolis", 5, "down"),
    (12, 2.0, 0.0, -1.0, "metropolis", 6, "random"),
    (10, 1.5, -0.7, -1.0, "metropolis", 7, "random"),
    (10, 2.0, 0.5, 0.0, "metropolis", 8, "random"),
    (10, 0.05, 0.0, 1.0, "metropolis", 9, "random"),
    (16, 2.269, 0.0, 1.0, "heat_bath", 2, "random"),
    (12, 2.0, 0.3, 1.0, "heat_bath", 5, "down"),
    (10, 1.5, -0.7, -1.0, "heat_bath", 7, "random"),
    (10, 2.0, 0.5, 0.0, "heat_bath", 8, "random"),
    (10, 0.05, 0.0, 1.0, "heat_bath", 9, "random"),
    (3, 2.0, 0.0, 1.0, "glauber", 1, "random"),
    (15, 2.269, 0.1, 1.0, "glauber", 2, "random"),
    (36, 2.269, 0.0, 1.0, "glauber", 3, "up"),
    (12, 2.0, 0.0, -1.0, "glauber", 6, "random"),
]


def trajectory(size, temperature, field, coupling, algorithm, seed, start) -> dict[str, Any]:
    """Run one model and write down what it looks like on the way."""
    model = ising.Ising(size, temperature, field, coupling, algorithm, CounterRNG(seed), start)
    states = []
    for sweeps in (0, 1, 4, 25):
        model.sweep(sweeps)
        states.append(
            {
                "sweeps": sweeps,
                "spins": pattern(model.spins),
                "energy_per_spin": model.energy_per_spin,
                "magnetization": model.magnetization,
            }
        )
    options = {"size": size, "temperature": temperature, "field": field, "coupling": coupling}
    return {**options, "algorithm": algorithm, "seed": seed, "start": start, "states": states}


def knobs() -> dict[str, Any]:
    """A run whose temperature, field, coupling and algorithm change on the way."""
    model = ising.Ising(8, 3.0, rng=CounterRNG(21))
    changes = [
        ("temperature", 1.2),
        ("field", -0.4),
        ("algorithm", "heat_bath"),
        ("coupling", -1.0),
        ("algorithm", "glauber"),
        ("field", 0.0),
        ("algorithm", "metropolis"),
    ]
    states = []
    for name, value in changes:
        setattr(model, name, value)
        states.append({"name": name, "value": value, "spins": pattern(model.sweep(3).spins)})
    return {"size": 8, "temperature": 3.0, "seed": 21, "changes": states}


def ising_runs() -> dict[str, Any]:
    """Trajectories, thresholds, hysteresis, energies and majority blocks."""
    spins = np.where(CounterRNG(31).uint32(81) < 2**31, 1, -1).reshape(9, 9)
    loop_options = {"size": 6, "temperature": 1.5, "amplitude": 2.5, "steps": 8, "sweeps_per_step": 2}
    loop = ising.hysteresis(**loop_options, rng=CounterRNG(41))
    cases = [(2.0, 0.0, 1.0), (1.5, 0.3, -1.0), (0.05, 0.1, 1.0), (100.0, 0.0, 0.5)]
    return {
        "runs": [trajectory(*run) for run in RUNS],
        "knobs": knobs(),
        "thresholds": [
            {
                "temperature": temperature,
                "field": field,
                "coupling": coupling,
                "metropolis": kernels.metropolis_thresholds(temperature, field, coupling),
                "heat_bath": kernels.heat_bath_thresholds(temperature, field, coupling),
            }
            for temperature, field, coupling in cases
        ],
        "majority": {
            "size": 9,
            "spins": pattern(spins),
            "blocks": pattern(ising.majority_rule(spins)),
            "energy": ising.energy(spins, coupling=0.7, field=-0.2),
            "energy_changes": [
                ising.energy_change(spins, row, column, coupling=0.7, field=-0.2)
                for row, column in [(0, 0), (0, 8), (4, 4), (8, 0), (8, 8)]
            ],
        },
        "hysteresis": {
            **loop_options,
            "seed": 41,
            "field": loop.field.tolist(),
            "up": loop.up.tolist(),
            "down": loop.down.tolist(),
            "area": loop.area,
        },
    }


def exact() -> dict[str, Any]:
    """Onsager's curves and mean field's, with the corners."""
    temperatures = [0.1, 0.5, 1.0, 2.0, 2.2, 2.26, ising.CRITICAL_TEMPERATURE, 2.27, 2.5, 4.0, 100.0, 1e6]
    curves = {
        "onsager_magnetization": ising.onsager_magnetization,
        "onsager_energy": ising.onsager_energy,
        "onsager_free_energy": ising.onsager_free_energy,
        "onsager_entropy": ising.onsager_entropy,
    }
    arguments = [(2.0, 0.0, 1.0, 1.0), (2.0, 0.1, 1.0, -1.0), (2.0, 0.5, 1.0, -1.0), (4.0, 0.0, 1.0, 1.0)]
    arguments += [(5.0, 0.3, 1.0, 1.0), (3.99, 0.0, 1.0, -1.0), (1.0, 0.4, -1.0, 1.0), (2.0, 0.0, 1.0, 0.0)]
    return {
        "critical_temperature": ising.CRITICAL_TEMPERATURE,
        "curves": [
            {
                "temperature": t,
                "coupling": coupling,
                **{name: curve(t, coupling) for name, curve in curves.items()},
                # At T_c the specific heat is infinite but for the rounding of T.
                "onsager_specific_heat": None
                if abs(t - ising.CRITICAL_TEMPERATURE) < 1e-9
                else ising.onsager_specific_heat(t, coupling),
            }
            for coupling in (1.0, -1.0)
            for t in temperatures
        ],
        "mean_field": [
            {
                "temperature": t,
                "field": h,
                "coupling": j,
                "start": start,
                "magnetization": ising.mean_field_magnetization(t, h, j, start=start),
                "free_energy": ising.mean_field_free_energy([-1.0, -0.3, 0.0, 0.9, 1.0], t, h, j).tolist(),
            }
            for t, h, j, start in arguments
        ],
    }


def village() -> dict[str, Any]:
    """Graphs, rewired ones, and the votes upon them."""
    rewired = [
        {"n": 20, "k": 4, "p": p, "seed": 3, "neighbors": ising.small_world(20, 4, p, CounterRNG(3))}
        for p in (0.0, 0.1, 0.5, 1.0)
    ]
    torus = ising.rewire(ising.grid_graph(5), 0.3, CounterRNG(8))
    runs = []
    for temperature, coupling, field in [(1.0, 1.0, 0.0), (1.5, -1.0, 0.2), (0.5, 0.0, 0.5)]:
        people = ising.Village(torus, temperature, coupling, field, CounterRNG(9))
        states = []
        for sweeps in (0, 1, 10):
            people.sweep(sweeps)
            states.append(
                {
                    "sweeps": sweeps,
                    "opinions": pattern(people.opinions),
                    "magnetization": people.magnetization,
                    "agreement": people.agreement,
                    "energy": people.energy,
                }
            )
        options = {"temperature": temperature, "coupling": coupling, "field": field, "seed": 9}
        runs.append({**options, "states": states})
    return {
        "grid": ising.grid_graph(4),
        "ring": ising.ring_graph(7, 4),
        "rewired": rewired,
        "torus": torus,
        "runs": runs,
    }


def cluster() -> dict[str, Any]:
    """Swendsen–Wang sweeps from all spins up."""
    runs = []
    for size, temperature, coupling, seed in [(9, 2.269, 1.0, 1), (12, 1.5, -1.0, 2), (16, 4.0, 1.0, 3)]:
        rng = CounterRNG(seed)
        spins, states = np.ones((size, size), dtype=np.int8), []
        for _ in range(4):
            spins = ising.swendsen_wang(spins, temperature, rng, coupling)
            states.append(pattern(spins))
        runs.append(
            {"size": size, "temperature": temperature, "coupling": coupling, "seed": seed, "states": states}
        )
    return {"runs": runs}


def softmax() -> dict[str, Any]:
    """Softmax, its logarithm and the entropy of what it gives."""
    cases = [
        ([0.0, 1.0, 2.0], 1.0),
        ([0.0, 1.0, 2.0], 0.1),
        ([0.0, 1.0, 2.0], 50.0),
        ([3.0, 3.0, 1.0], 0.0),
        ([1000.0, -1000.0, 999.0], 1.0),
        ([0.25, -1.5, 0.75, 0.1, -0.2], 0.7),
    ]
    return {
        "cases": [
            {
                "logits": logits,
                "temperature": temperature,
                "softmax": probability.softmax(logits, temperature).tolist(),
                "log_softmax": [
                    value if np.isfinite(value) else None
                    for value in probability.log_softmax(logits, temperature).tolist()
                ],
                "entropy": probability.entropy(probability.softmax(logits, temperature)),
                "bits": probability.entropy(probability.softmax(logits, temperature), base=2),
            }
            for logits, temperature in cases
        ]
    }


GOLDEN: dict[str, Callable[[], dict[str, Any]]] = {
    "architecture": transformers.architecture,
    "attention": transformers.attention,
    "boltzmann": boltzmann.boltzmann,
    "bpe": page_model.bpe,
    "bpe_steps": language_models.bpe_steps,
    "classify": classical.classify,
    "cluster": cluster,
    "costs": transformers.costs,
    "cube": memories.cube,
    "darts": information.darts,
    "descent": optimization.descent,
    "detector": classical.detector,
    "divergence": information.divergence,
    "exact": exact,
    "filters": pipeline.filters,
    "gpt": page_model.gpt,
    "graphs": graphs.graphs,
    "guess": first_chapter.guess,
    "hinge": networks.hinge,
    "hopfield": memories.hopfield,
    "houses": classical.houses,
    "ising": ising_runs,
    "kernels": graphs.kernels,
    "laws": laws,
    "layers": graphs.layers,
    "leakage": first_chapter.leakage,
    "legendre": first_chapter.legendre,
    "line": first_chapter.line,
    "memory": memories.memory,
    "minhash": pipeline.minhash_curve,
    "mlp": networks.mlp,
    "modern": memories.modern,
    "neuron": networks.neuron,
    "next_token": language_models.next_token,
    "ngram": language_models.ngram,
    "packed": packed,
    "perceptron": networks.perceptron,
    "perplexity": language_models.perplexity,
    "positions": transformers.positions,
    "rbm": boltzmann.rbm,
    "regression": classical.regressions,
    "rng": rng,
    "sampler": page_model.sampler,
    "softmax": softmax,
    "thermal": information.thermal,
    "timeline": training_runs.timeline,
    "tours": boltzmann.tours,
    "training_costs": training_runs.costs,
    "training_runs": training_runs.runs,
    "village": village,
    "wells": optimization.wells,
    "width": networks.width,
}
