"""Golden vectors of the explorables of optimisation: landscapes and races, two wells and their walkers."""

from __future__ import annotations

from typing import Any

import numpy as np

from book_lib.explorables import descent_race, learning_rate_temperature
from book_lib.optimization import noisy_descent, stationary_temperature
from book_lib.rng import CounterRNG

# landscape, learning rate, momentum, noise, seed
RACES = [
    ("quadratic", 0.1, 0.9, 0.0, 0),
    ("quadratic", 0.5, 0.5, 0.0, 0),
    ("quadratic", 0.55, 0.9, 0.0, 0),
    ("quadratic", 0.1, 0.9, 1.0, 7),
    ("ravine", 0.0196, 0.9, 0.0, 0),
    ("ravine", 0.03, 0.0, 0.2, 3),
    ("rosenbrock", 0.001, 0.9, 0.0, 0),
    ("rosenbrock", 0.003, 0.95, 0.0, 0),
    ("double_well", 0.1, 0.9, 0.0, 0),
    ("double_well", 0.3, 0.8, 0.3, 11),
    ("saddle", 0.1, 0.9, 0.0, 0),
    ("saddle", 0.05, 0.5, 0.1, 2**32 - 1),
]
STEPS = 100
SEEN = (1, 2, 5, 12, 20)  # steps that are compared: later ones of Newton are rounding


def raced(landscape: str, rate: float, momentum: float, noise: float, seed: int) -> dict[str, Any]:
    """One race: where each was after some steps, and when it diverged, if it did."""
    race = descent_race.DescentRace(
        landscape=landscape, learning_rate=rate, momentum=momentum, batch_noise=noise, seed=seed
    )
    racers = {}
    for name, one in race.race(STEPS).items():
        racers[name] = {
            "diverged": one.diverged,
            "seen": [[k, *one.points[k].tolist(), float(one.losses[k])] for k in SEEN if k < len(one.losses)],
        }
    course = {"landscape": landscape, "rate": rate, "momentum": momentum, "noise": noise, "seed": seed}
    return {**course, "start": race.start, "critical": race.critical_rate, "racers": racers}


def descent() -> dict[str, Any]:
    """Values, slopes and curvatures of the landscapes, and races over them."""
    places = [[-2.5, 1.5], [0.0, 0.0], [0.3, -0.7], [1.0, 1.0], [-1.2, 1.0]]
    surfaces = {}
    for name in descent_race.SCENES:
        surface = descent_race.DescentRace(landscape=name).surface
        surfaces[name] = {
            "minimum": surface.minimum.tolist(),
            "points": [
                {"w": w, "value": surface.value(w), "gradient": surface.gradient(w).tolist(),
                 "hessian": surface.hessian(w).ravel().tolist(), "largest": surface.largest_curvature(w)}
                for w in places
            ],
        }  # fmt: skip
    return {"landscapes": surfaces, "races": [raced(*one) for one in RACES]}


def walked(depth: float, width: float, rate: float, batch: int, walkers: int, seed: int) -> dict[str, Any]:
    """Some walkers on their way."""
    one = learning_rate_temperature.LearningRateTemperature(
        depth=depth, width=width, learning_rate=rate, batch_size=batch, walkers=walkers, seed=seed
    )
    settings = {"depth": depth, "width": width, "rate": rate, "noise": one.noise, "walkers": walkers, "seed": seed}
    return {**settings, "states": [{"steps": n, "w": one.walk(n)[::9].tolist()} for n in (0, 1, 10, 300)]}


def annealed() -> dict[str, Any]:
    """Walkers under a drawn schedule."""
    drawn = [round(0.02 - 0.0006 * k, 4) for k in range(learning_rate_temperature.PLACES)]
    rates = learning_rate_temperature.scheduled(drawn)
    one = learning_rate_temperature.LearningRateTemperature(mode="schedule", schedule=drawn, walkers=60, seed=5)
    return {
        "schedule": drawn,
        "rates": [[k, float(rates[k])] for k in (0, 1, 667, 1234, 9999, 39_999)],
        "walkers": 60,
        "seed": 5,
        "states": [{"steps": n, "w": one.walk(n)[::9].tolist()} for n in (1, 900)],
    }


def wells() -> dict[str, Any]:
    """Energies, slopes, laws and walkers."""
    places = [-7.5, -3.0, -1.1, -0.2, 0.0, 0.4, 1.0, 1.7, 4.0]
    shapes = []
    for depth, width in [(0.6, 1.0), (0.0, 3.0), (1.5, 0.6)]:
        shape = learning_rate_temperature.Wells(depth, width)
        shapes.append(
            {"depth": depth, "width": width, "w": places, "energy": shape.value(places).tolist(),
             "slope": shape.gradient(places).tolist(), "curvatures": list(shape.curvatures),
             "shares": [[t, shape.share(t)] for t in (0.05, 0.3, 0.64, 5.0)],
             "relaxations": [[t, shape.relaxation(t)] for t in (0.05, 0.32, 0.64, 5.0)]}
        )  # fmt: skip
    parabola = [(0.5, 2.0, 1.0), (0.02, 12.8, 64.0), (0.15, 12.8, 64.0)]
    start = np.array([0.3, -2.0, 0.9])
    end = noisy_descent(learning_rate_temperature.Wells(), start, 0, 0.1, 1.0, CounterRNG(1))
    assert (end == start).all()  # the library takes starts as they are
    return {
        "shapes": shapes,
        "temperatures": [[*one, stationary_temperature(*one)] for one in parabola],
        "walks": [
            walked(0.6, 1.0, 0.02, 4, 50, 0),
            walked(1.5, 0.6, 0.005, 1, 77, 3),
            walked(0.2, 2.5, 0.2, 64, 100, 2**32 - 1),
        ],
        "annealed": annealed(),
    }
