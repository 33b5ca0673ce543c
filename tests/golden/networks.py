"""Golden vectors of the explorables of neural networks, for core/*.js to repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from book_lib.explorables import HingeLab, MlpPlayground, Neuron, PerceptronSteps, WidthAndApproximation
from book_lib.explorables.hinge_lab import SECOND
from book_lib.explorables.mlp_playground import flat, sample
from book_lib.explorables.neuron import ACTIVATIONS, activate

OWN = [0.5, 1.0, 1, -1.0, -0.5, 0, 1.5, -1.25, 1, 0.25, 0.75, 0, -2.0, 2.0, 0, 2.5, 2.5, 1]
OWN_LINE = [(0.0, 0.0, 0), (1.0, 2.0, 1), (0.5, -1.0, 0)]
TRAININGS: list[dict[str, Any]] = [
    {},
    {"data": "xor", "hidden": [4, 3], "activation": "relu", "learning_rate": 0.1, "regularization": 0.01, "seed": 3},
    {"data": "spiral", "hidden": [8, 8, 8], "method": "adam", "learning_rate": 0.01, "noise": 0.0, "batch_size": 30},
    {"data": "bells", "hidden": [], "learning_rate": 1.0, "batch_size": 100, "temperature": 2.0, "seed": 2**32 - 1},
    {"data": "circles", "activation": "sigmoid", "penalty": "l1", "regularization": 0.003, "learning_rate": 3.0},
    {"data": "own", "points": OWN, "activation": "identity", "batch_size": 2, "seed": 7},
    {"data": "xor", "inputs": "products", "hidden": [2], "learning_rate": 0.2},
    {"hidden": [8, 8], "activation": "relu", "learning_rate": 30.0},  # diverges
]


def mlp() -> dict[str, Any]:
    """Data, weights, losses and trainings of the playground."""
    names = ("circles", "xor", "bells", "spiral")
    samples = []
    for name in names:
        points, labels = sample(name, 0.3, 5)
        samples.append({"data": name, "points": points[:40].tolist(), "labels": labels[:40].tolist()})
    return {"noise": 0.3, "seed": 5, "samples": samples, "runs": [training(one) for one in TRAININGS]}


def training(settings: dict[str, Any]) -> dict[str, Any]:
    """One run: what the network is at some steps, and what it is worth at the last."""
    play = MlpPlayground(**settings)
    traits = ("data", "points", "inputs", "hidden", "activation", "method", "learning_rate", "penalty")
    more = ("regularization", "batch_size", "noise", "temperature", "seed")
    plain = {name: getattr(play, name) for name in (*traits, *more)}
    steps = [0, 1, 12, 60]
    runs = [play.train(k) for k in steps]
    last = runs[-1]
    result = {
        "settings": plain,
        "steps": steps,
        "losses": last.losses.tolist(),
        "diverged": last.diverged,
        "why": last.why,
    }
    if last.diverged is not None:
        return result
    temperature = play.best_temperature(last.network)
    return result | {
        "theta": [flat(run.network).tolist() for run in runs],
        "loss": [play.loss(last.network), play.loss(last.network, held_out=True)],
        "accuracy": [play.accuracy(last.network), play.accuracy(last.network, held_out=True)],
        "best_temperature": temperature if np.isfinite(temperature) else None,
        "sharpness": play.sharpness(last.network),
    }


def neuron() -> dict[str, Any]:
    """Activations, and what single neurons make of their rows."""
    z = [-800.0, -3.0, -0.5, 0.0, 0.25, 2.0, 40.0]
    cases = []
    for w1, w2, bias, activation, data in [
        (1.0, 1.0, -1.5, "step", "and"),
        (-2.5, 0.5, 1.0, "sigmoid", "xor"),
        (3.0, 4.0, -5.5, "relu", "house"),
        (0.1, -0.2, 0.3, "tanh", "or"),
    ]:
        one = Neuron(w1=w1, w2=w2, bias=bias, activation=activation, data=data)
        cases.append(
            {
                "w1": w1,
                "w2": w2,
                "bias": bias,
                "activation": activation,
                "data": data,
                "inputs": one.inputs().tolist(),
                "targets": one.targets().tolist(),
                "z": one.pre_activations().tolist(),
                "h": one.outputs().tolist(),
                "right": one.right(),
            }
        )
    values = {name: activate(name, np.array(z)).tolist() for name in ACTIVATIONS}
    return {"z": z, "activations": values, "cases": cases}


def hinge() -> dict[str, Any]:
    """What models of houses with one hinge, or two, foretell."""
    cases = []
    for a, b, bias, second in [(12, -62, 0, False), (2, -45, 570, False), (2, -45, 570, True), (-3, 20, -100, True)]:
        lab = HingeLab(a=a, b=b, bias=bias, second=second)
        cases.append(
            {
                "knobs": {"a": a, "b": b, "bias": bias, "second": second},
                "hidden": lab.hidden().tolist(),
                "prices": lab.prices().tolist(),
                "active": lab.active(),
            }
        )
    return {"second": list(SECOND), "cases": cases}


def width() -> dict[str, Any]:
    """Errors of built networks, their bounds, and their values at some places."""
    x = [-1.0, 0.0, 0.1, 2.0, 3.5, 6.2, 8.0]
    cases = []
    for function in ("sin", "corner", "root"):
        for activation in ("relu", "sigmoid"):
            for n in (1, 4, 7, 64):
                one = WidthAndApproximation(function=function, activation=activation, width=n)
                values = one.network(np.array(x)).tolist()
                cases.append(
                    {
                        "function": function,
                        "activation": activation,
                        "width": n,
                        "values": values,
                        "error": one.error(),
                        "bound": one.bound(),
                    }
                )
    return {"x": x, "cases": cases}


def perceptron() -> dict[str, Any]:
    """Runs of the perceptron, look by look, and bounds."""
    cases = []
    for settings in ({"data": "and"}, {"data": "or"}, {"data": "xor"}, {"data": "own"}, {"points": OWN_LINE}):
        walk = PerceptronSteps(**settings)
        run = walk.run(max_epochs=50)
        best = walk.separator()
        bound = walk.bound()
        cases.append(
            {
                "data": walk.data,
                "points": walk.points,
                "mistakes": run.mistakes,
                "path": run.path.tolist(),
                "examples": run.examples.tolist(),
                "epochs": run.epochs,
                "converged": run.converged,
                "separator": None if best is None else best.tolist(),
                "bound": bound if np.isfinite(bound) else None,
            }
        )
    return {"cases": cases}
