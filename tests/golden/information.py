"""Golden vectors of the explorables of information and energy: levels at a temperature, divergences, darts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from book_lib import probability
from book_lib.explorables import darts as board
from book_lib.explorables import kl_both_ways as fit
from book_lib.rng import CounterRNG


def number(value: float) -> float | str:
    """JSON has no infinity."""
    return "inf" if value == math.inf else value


def thermal() -> dict[str, Any]:
    """Boltzmann's law, entropy, mean energy and heat capacity, from T = 0 to ∞."""
    cases = []
    for energies in (
        [0.0, 1.0, 2.0, 4.0],
        [0.0, 1.0],
        [3.0, 3.0, 5.0],
        [-2.0, 0.5, 7.0],
        [0.0, math.inf, 1.0],
    ):
        for temperature in (0.0, 0.02, 0.4168, 1.0, 7.5, 50.0, math.inf):
            p = probability.boltzmann(energies, temperature)
            cases.append(
                {
                    "energies": [number(e) for e in energies],
                    "temperature": number(temperature),
                    "p": p.tolist(),
                    "entropy": probability.entropy(p),
                    "energy": probability.mean_energy(energies, temperature),
                    "heat": probability.heat_capacity(energies, temperature),
                }
            )
    return {"cases": cases}


def divergence() -> dict[str, Any]:
    """Two laws both ways, and bells against two humps."""
    pairs = [
        ([0.7, 0.2, 0.1], [0.3, 0.3, 0.4]),
        ([1.0, 0.0, 0.0, 0.0], [0.25] * 4),
        ([1.0, 0.0, 0.0, 0.0], [0.91, 0.03, 0.03, 0.03]),
        ([0.5, 0.5, 0.0], [0.5, 0.0, 0.5]),
        ([0.2, 0.3, 0.5], [0.2, 0.3, 0.5]),
    ]
    bells = [
        (1.0, 1.0, 2.0),
        (0.0, 0.2, 3.0),
        (-3.0, 0.3, 2.5),
        (4.0, 4.0, 3.0),
        (0.5, 1.0, 0.3),
        (0.2, 2.0, 2.0),
    ]
    return {
        "pairs": [
            {
                "p": p,
                "q": q,
                "pq": number(probability.kl_divergence(p, q)),
                "qp": number(probability.kl_divergence(q, p)),
                "cross": number(probability.cross_entropy(p, q)),
            }
            for p, q in pairs
        ],
        "bells": [
            {
                "mean": mean,
                "width": width,
                "distance": distance,
                "forward": fit.forward(mean, width, distance),
                "reverse": fit.reverse(mean, width, distance),
                "slope": list(fit.slope(mean, width, distance)),
                "end": list(fit.descend(mean, width, distance)[-1]),
            }
            for mean, width, distance in bells
        ],
    }


def darts() -> dict[str, Any]:
    """Where darts land, which of them hit, and what the library makes of them."""
    boards = []
    for shape, seed in [("quarter", 0), ("quarter", 7), ("flower", 1), ("flower", 2**32 - 1)]:
        points = CounterRNG(seed).random((5000, 2))
        hit = board.inside(shape, points)
        seen = [board.Darts(shape=shape, seed=seed).estimate(n) for n in (2, 100, 5000)]
        boards.append(
            {
                "shape": shape,
                "seed": seed,
                "first": points[:3].tolist(),
                "hits": "".join("1" if one else "0" for one in hit[:200]),
                "estimates": [
                    {"n": n, "mean": one.mean, "error": one.error}
                    for n, one in zip((2, 100, 5000), seen, strict=True)
                ],
            }
        )
    return {
        "boards": boards,
        "area": board.AREA,
        "middle": bool(board.inside("flower", np.array([[0.5, 0.5]]))[0]),
    }
