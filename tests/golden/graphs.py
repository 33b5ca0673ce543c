"""Golden vectors of the explorables of backpropagation and vision: formulas as graphs, kernels, layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from book_lib import vision
from book_lib.explorables import layered
from book_lib.explorables.computation_graph import PRESETS, ComputationGraph
from book_lib.explorables.formulas import FormulaError, fault, parse
from book_lib.explorables.kernel_editor import crops
from book_lib.rng import CounterRNG

FORMULAS = [
    ("x", {"x": -3.0}),
    ("2*3 + 1", {}),
    ("a = 2; b = a*x; b - a", {"x": 0.25}),
    ("x*x*x - 4*x + 1", {"x": 1.5}),
    ("-x^2 + (-x)^3 - 2^-1", {"x": -0.7}),
    ("x^y / (1 + y^2)", {"x": 1.7, "y": -0.4}),
    ("exp(-x) * sin(3*x) - cos(x/2)", {"x": 0.9}),
    ("relu(x) + relu(-y) + tanh(x*y)", {"x": 2.0, "y": 0.3}),
    ("ln(σ(w·x − c)) ÷ 3²", {"w": -2.0, "x": 1.5, "c": 40.0}),
    ("u = x + y - z + 1\nv = 3 - u - u\nunused = v*x\nu/v", {"x": 1.0, "y": 2.5, "z": -0.5}),
    ("((x + 1) - 2^x) - (3 - x)/x", {"x": 0.6}),
    ("1/x + 5 - 2/(x*x)", {"x": 3.0}),
    ("(-2)^3*x + 2^-1/x - 0^2", {"x": 0.4}),
    (".5e1*x_1 + 2.e-1*α₂", {"x_1": 2.0, "α₂": 1.0}),
    ("y + e^(x*y) - cos(pi*x)/π - e", {"x": 0.5, "y": -1.2}),
    ("e = y - t; e^2/2", {"y": 0.5, "t": 2.0}),
    ("constructor*toString - valueOf", {"constructor": 2.0, "toString": 3.0, "valueOf": -1.0}),
    ("2^x^2 - -x--y", {"x": 1.5, "y": 0.5}),
    ("y*-x^2 - -x^3/-y", {"x": 1.5, "y": 0.5}),
    ("a/b/c*d - a - b - c", {"a": 2.0, "b": 3.0, "c": -4.0, "d": 5.0}),
]
WRONG = [
    "", " \n;\n", "x +", "sin x", "foo(x)", "(x", "x)", "2x", "x y", "y + 1\ny = 2", "x = 1; x = 2", "x = x + 1",
    "exp = 3", "x $ 2", "a = 1\nb = a +* 2", "log(0)", "1/0 + x", "(-8)^0.5", "x^", "= 3", "x == 2",
    "verylongname1 + x", "averyverylong = 2", "log()", "1e999", "σ x", "+".join(f"x*{k}" for k in range(70)), "x" * 601,
    "(" * 41 + "x" + ")" * 41, "-" * 41 + "x", "^".join("x" * 50), "constructor(x)", "toString = ", "x*{y}", "2(x)",
]  # fmt: skip
FAULTS = [
    ("log(x - 1)", {"x": 1.0}),
    ("1 / (x - y)", {"x": 2.0, "y": 2.0}),
    ("x^0.5", {"x": -1.0}),
    ("x^0.5", {"x": 0.0}),
    ("x^(-1)", {"x": 0.0}),
    ("x^y", {"x": -2.0, "y": 2.0}),
    ("exp(x)", {"x": 710.0}),
    ("(2*x)^120", {"x": 1000.0}),
    ("exp(exp(x))", {"x": 7.0}),
]


def graphs() -> dict[str, Any]:
    """Formulas read, evaluated, back-propagated and laid out; what is wrong with others."""
    cases = [(formula, inputs) for formula, inputs in PRESETS.values()] + FORMULAS
    return {
        "presets": {name: {"formula": formula, "inputs": inputs} for name, (formula, inputs) in PRESETS.items()},
        "cases": [one_graph(formula, inputs) for formula, inputs in cases],
        "wrong": [wrong(text) for text in WRONG],
        "faults": [{"formula": text, "inputs": inputs, "fault": first_fault(text, inputs)} for text, inputs in FAULTS],
    }


def one_graph(formula: str, inputs: dict[str, float]) -> dict[str, Any]:
    """A formula as `book_lib.autograd` computes it."""
    widget = ComputationGraph(formula, inputs)
    read, made = widget.graph, widget.values()
    made[read.output].backward()
    spots, routes = layered.arrange(read)
    return {
        "formula": formula,
        "inputs": inputs,
        "output": read.output,
        "nodes": [vars(node) | {"symbol": layered.symbol(node) if node.op else ""} for node in read.nodes],
        "values": [value.data for value in made],
        "slopes": [list(value.slopes) for value in made],
        "bars": [value.grad for value in made],
        "places": spots,
        "routes": routes,
    }


def wrong(text: str) -> dict[str, Any]:
    """What is said of a formula that cannot be read."""
    try:
        parse(text)
    except FormulaError as error:
        return {"formula": text, "code": error.code, "message": str(error), "line": error.line, "column": error.column}
    raise AssertionError(f"{text!r} can be read")


def first_fault(text: str, inputs: dict[str, float]) -> list:
    """The first node without a value, and why."""
    from book_lib.explorables.formulas import apply

    values: list[float] = []
    for i, node in enumerate(parse(text).nodes):
        if node.kind == "input":
            values.append(inputs[node.name])
            continue
        xs = [values[k] for k in node.args]
        if found := fault(node, xs):
            return [i, found]
        values.append(apply(node, xs)[0])
    raise AssertionError(f"{text!r} has a value")


def kernels() -> dict[str, Any]:
    """The library's kernels, and sums over corners of the photographs."""
    cases = []
    for k, (name, picture) in enumerate(sorted(crops().items())):
        corner = picture[40:49, 50:57].astype(np.float64)
        kernel = np.round(CounterRNG(k).standard_normal(9), 2).reshape(3, 3)
        cases.append(
            {
                "name": name,
                "image": corner.ravel().tolist(),
                "width": 7,
                "kernel": kernel.ravel().tolist(),
                "cross_correlation": vision.cross_correlate(corner, kernel).ravel().tolist(),
                "convolution": vision.convolve(corner, kernel).ravel().tolist(),
            }
        )
    return {"kernels": {name: kernel.ravel().tolist() for name, kernel in vision.kernels.items()}, "cases": cases}


def layers() -> dict[str, Any]:
    """Sizes, receptive fields, and architectures layer by layer."""
    from book_lib.explorables.alexnet_calculator import AlexNetCalculator
    from book_lib.vision import Conv, Dense, Pool, output_size, receptive_field

    stacks = [[(3, 1)], [(3, 1), (3, 1)], [(5, 2), (3, 1)], [(3, 2), (3, 2), (3, 2)], [(1, 1), (5, 2), (2, 2), (4, 1)]]
    lenet = [Conv(6, 5, padding=2), Pool(2), Conv(16, 5), Pool(2), Dense(120), Dense(84), Dense(10)]
    nets = [
        AlexNetCalculator(),
        AlexNetCalculator(lenet, shape=[1, 28, 28]),
        AlexNetCalculator([Conv(8, 3, 2, 1, groups=4)], shape=[4, 9, 9]),
    ]
    rows = ("shape", "parameters", "units", "multiplications")
    return {
        "sizes": [[*case, output_size(*case)] for case in [(224, 11, 4, 2), (55, 3, 2, 0), (5, 5, 1, 0), (7, 2, 3, 1)]],
        "fields": [{"pairs": pairs, "field": receptive_field(pairs)} for pairs in stacks],
        "networks": [
            {
                "layers": net.layers,
                "input": net.shape,
                "rows": [{key: getattr(row, key) for key in rows} for row in net.network().rows],
                "parameters": net.network().parameters,
                "units": net.network().units,
                "multiplications": net.network().multiplications,
            }
            for net in nets
        ],
    }
