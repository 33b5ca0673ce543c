"""Checks and data for the exercises of the chapter on backpropagation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..probability import softmax
from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

Edges = Sequence[tuple[int, int, float]]

# --- backpropagation-1: the bars of one unit, by hand (with variants) ---------------------------------------


@dataclass(frozen=True)
class Unit:
    """Data of ``backpropagation-1``: a sigmoid unit with two inputs, and what it should answer."""

    weights: tuple[float, float]
    inputs: tuple[float, float]
    bias: float
    target: float


def unit_puzzle(seed: int) -> Unit:
    """Draw a unit whose score is neither tiny nor large, such that every typical slip shows."""
    rng = CounterRNG(seed, stream=1)
    while True:
        # one draw for all six: a generator in Python takes its time for each
        *halves, one, other, last = (int(number) for number in rng.integers(-4, 5, 6))
        first, second, bias = (half / 2 for half in halves)
        puzzle = Unit((first, second), (float(one), float(other)), bias, float(last > 0))
        score = first * one + second * other + bias
        if not 0.4 < abs(score) < 2.6 or 0 in (first, second, one, other):
            continue
        values = sorted([unit_slope(puzzle), *(float(slip.answer) for slip in _unit_slips(puzzle))])
        if all(high - low > 0.03 * max(abs(high), abs(low)) for low, high in pairwise(values)):
            return puzzle


def unit_bars(puzzle: Unit) -> tuple[float, float, float]:
    """Return y, ȳ and z̄ of the unit, with half the squared error as the loss."""
    (first, second), (one, other) = puzzle.weights, puzzle.inputs
    y = 1 / (1 + math.exp(-(first * one + second * other + puzzle.bias)))
    return y, y - puzzle.target, (y - puzzle.target) * y * (1 - y)


def unit_slope(puzzle: Unit) -> float:
    """Return w̄₂ = z̄ x₂."""
    return unit_bars(puzzle)[2] * puzzle.inputs[1]


def _unit_slips(puzzle: Unit) -> tuple[Slip, ...]:
    y, y_bar, z_bar = unit_bars(puzzle)
    one, other = puzzle.inputs
    return (
        Slip(y_bar * other, "the slope of the sigmoid, y(1 − y), is missing on the way to the score."),
        Slip(z_bar * one, "that is the slope by the first weight; the second goes with the second input."),
        Slip(z_bar, "that is the bar of z, which is the slope by the bias; times the input."),
        Slip(-z_bar * other, "the sign: ȳ is y − t, prediction minus target."),
        Slip(2 * z_bar * other, "a factor 2: half the square has the slope y − t."),
        Slip(z_bar * puzzle.weights[1], "the slope of w·x by the weight is the input, not the weight."),
        Slip(y_bar * y * other, "the slope of the sigmoid is y(1 − y), not y."),
    )


@exercise("backpropagation-1", variant=unit_puzzle)
def check_unit(answer: Any, puzzle: Unit) -> Verdict:
    """The slope of a unit's loss by its second weight."""
    return grade_number(
        "backpropagation-1",
        answer,
        unit_slope(puzzle),
        what="the slope by the second weight",
        rtol=5e-3,
        slips=_unit_slips(puzzle),
        right="Error, times slope of the sigmoid, times input.",
    )


# --- backpropagation-2: the walk back -----------------------------------------------------------------------


def bars_of(count: int, edges: Edges) -> NDArray[np.float64]:
    """Return the bars of all numbers of a graph, shape (count,): ∂(the last)/∂(each)."""
    bars = np.zeros(count)
    bars[-1] = 1.0
    for source, target, slope in sorted(edges, key=lambda edge: -edge[1]):
        bars[int(source)] += bars[int(target)] * slope
    return bars


def _overwritten(count: int, edges: Edges) -> NDArray[np.float64]:
    bars = np.zeros(count)
    bars[-1] = 1.0
    for source, target, slope in sorted(edges, key=lambda edge: -edge[1]):
        bars[int(source)] = bars[int(target)] * slope
    return bars


def _as_they_come(count: int, edges: Edges) -> NDArray[np.float64]:
    bars = np.zeros(count)
    bars[-1] = 1.0
    for source, target, slope in edges:
        bars[int(source)] += bars[int(target)] * slope
    return bars


def _by_source(count: int, edges: Edges) -> NDArray[np.float64]:
    return _as_they_come(count, sorted(edges, key=lambda edge: edge[0]))


def _added_slopes(count: int, edges: Edges) -> NDArray[np.float64]:
    """The blame of the child is forgotten: local slopes are only added up."""
    bars = np.zeros(count)
    bars[-1] = 1.0
    for source, _, slope in edges:
        bars[int(source)] += slope
    return bars


GRAPH_SLIPS = (
    Slip(_overwritten, "Where a number is used twice the second use overwrites the first: add."),
    Slip(_as_they_come, "The order: a number may send only when all that it will receive has come."),
    Slip(_by_source, "The order: begin with the edges into the last number, not out of the first."),
    Slip(_added_slopes, "Those are sums of local slopes; each must be multiplied by the bar of its target."),
    Slip(lambda n, e: bars_of(n, e) - np.eye(n)[-1], "The walk begins with a bar of 1 at the last number."),
)

CHAIN = [(0, 1, 2.0), (1, 2, -3.0), (2, 3, 0.5)]
FAN = [(1, 3, 0.5), (0, 2, 2.0), (0, 3, 7.0), (2, 4, -1.0), (3, 4, 4.0), (1, 4, 0.25)]
DEEP = [(k, k + 1, 1.0 + 0.1 * (k % 3)) for k in range(12)] + [(k, k + 3, -0.5) for k in range(10)]


@exercise("backpropagation-2")
def check_graph(answer: Any) -> Verdict:
    """The bars of all numbers of a graph, as a function of its edges."""
    cases = [
        Case("a chain of four numbers", (4, CHAIN)),
        Case("two inputs, each used more than once", (5, FAN)),
        Case("x·x: two edges between the same numbers", (2, [(0, 1, 3.0), (0, 1, 3.0)])),
        Case("thirteen numbers, 22 edges out of order", (13, DEEP[::-1][::2] + DEEP[::2])),
        Case("an input that nothing uses", (3, [(0, 2, 5.0)])),
    ]
    return grade_function(
        "backpropagation-2",
        answer,
        bars_of,
        cases,
        slips=GRAPH_SLIPS,
        signature="backpropagate(count, edges)",
        right="Right: each edge is walked once, and blame is added.",
    )


# --- backpropagation-3: three layers ------------------------------------------------------------------------


def first_slope(
    first: NDArray, second: NDArray, third: NDArray, inputs: NDArray, targets: NDArray
) -> NDArray[np.float64]:
    """Return W̄₁ of y = W₃ tanh(W₂ tanh(W₁x)) with half the squared error, the shape of W₁."""
    return _layers(first, second, third, inputs, targets)


def _layers(
    first: NDArray,
    second: NDArray,
    third: NDArray,
    inputs: NDArray,
    targets: NDArray,
    *,
    bend_1: bool = True,
    bend_2: bool = True,
    turned: bool = True,
) -> NDArray[np.float64]:
    """The recursion, or a mistake that looks like it: a slope of tanh left out, or matrices not transposed."""
    h1 = np.tanh(first @ inputs)
    h2 = np.tanh(second @ h1)
    error = third @ h2 - targets
    delta = (third.T if turned else third) @ error * ((1 - h2**2) if bend_2 else 1)
    delta = (second.T if turned else second) @ delta * ((1 - h1**2) if bend_1 else 1)
    return np.outer(delta, inputs)


def _untransposed(*arrays: NDArray) -> NDArray[np.float64]:
    try:
        return _layers(*arrays, turned=False)
    except ValueError:  # matrices that are not square cannot even be multiplied so
        return np.zeros(0)


LAYER_SLIPS = (
    Slip(lambda *a: -first_slope(*a), "The sign: ȳ is y − t."),
    Slip(lambda *a: _layers(*a, bend_1=False), "The slope of tanh at the first layer, 1 − h₁², is missing."),
    Slip(lambda *a: _layers(*a, bend_2=False), "The slope of tanh at the second layer, 1 − h₂², is missing."),
    Slip(
        lambda *a: _layers(*a, bend_1=False, bend_2=False), "Both slopes of tanh are missing: entry by entry, 1 − h²."
    ),
    Slip(_untransposed, "Signals go back through the transposed matrices."),
    Slip(lambda *a: first_slope(*a).T, "That is its transpose: a bar has the shape of its variable."),
    Slip(lambda *a: 2 * first_slope(*a), "A factor 2: half the square has the slope y − t."),
)  # fmt: skip


def _network_case(words: str, sizes: tuple[int, int, int, int], seed: int) -> Case:
    rng = np.random.default_rng(seed)
    inputs, one, two, outputs = sizes
    shapes = ((one, inputs), (two, one), (outputs, two), (inputs,), (outputs,))
    return Case(words, tuple(rng.standard_normal(shape) for shape in shapes))


@exercise("backpropagation-3")
def check_layers(answer: Any) -> Verdict:
    """The slopes of the first of three layers, as a function."""
    cases = [
        _network_case("two units everywhere", (2, 2, 2, 2), 0),
        _network_case("three units everywhere", (3, 3, 3, 3), 1),
        _network_case("4 inputs, 3 and 5 units, 2 outputs", (4, 3, 5, 2), 2),
        _network_case("one of each", (1, 1, 1, 1), 3),
    ]
    return grade_function(
        "backpropagation-3",
        answer,
        first_slope,
        cases,
        slips=LAYER_SLIPS,
        signature="first_slope(W1, W2, W3, x, t)",
        right="Right: transposed, entry by entry, and an outer product at the end.",
    )


# --- backpropagation-5: targets that do not add up ----------------------------------------------------------


def logit_slope(logits: NDArray, targets: NDArray) -> NDArray[np.float64]:
    """Return the slope of −Σ t ln softmax(z) by z, p Σt − t."""
    return softmax(logits) * np.sum(targets) - targets


LOGIT_SLIPS = (
    Slip(lambda z, t: softmax(z) - t, "That is p − t, which holds if the targets add up to one."),
    Slip(lambda z, t: t - softmax(z) * np.sum(t), "The sign: the slope points uphill."),
    Slip(lambda z, t: softmax(z) - t / np.sum(t), "Nearly: the sum of the targets multiplies it all."),
    Slip(lambda z, t: -t / softmax(z), "That is the signal at the probabilities; on through the softmax."),
)


@exercise("backpropagation-5")
def check_logits(answer: Any) -> Verdict:
    """The slope of a cross-entropy with targets of any sum by the logits, as a function."""
    three = np.array([1.0, -0.5, 0.3])
    cases = [
        Case("one class is right", (three, np.array([0.0, 1.0, 0.0]))),
        Case("half a target", (three, np.array([0.5, 0.0, 0.0]))),
        Case("two classes, full weight each", (three, np.array([1.0, 0.0, 1.0]))),
        Case("weights that add up to 0.04", (three, np.array([0.01, 0.0, 0.03]))),
        Case("logits of a thousand", (np.array([1000.0, 998.5, 999.0]), np.array([0.2, 0.3, 1.0]))),
    ]
    return grade_function(
        "backpropagation-5",
        answer,
        logit_slope,
        cases,
        slips=LOGIT_SLIPS,
        signature="logit_slope(z, t)",
        right="Right: prediction times the sum of the targets, minus target.",
    )


# --- backpropagation-6: through a length --------------------------------------------------------------------


def unit_length_back(x: NDArray, y_bar: NDArray) -> NDArray[np.float64]:
    """Return x̄ = (ȳ − y (y·ȳ))/|x| for y = x/|x|."""
    length = np.sqrt(x @ x)
    y = x / length
    return (y_bar - y * (y @ y_bar)) / length


def _both(x: NDArray, y_bar: NDArray) -> tuple[float, NDArray]:
    length = np.sqrt(x @ x)
    return length, x / length


LENGTH_SLIPS = (
    Slip(lambda x, b: b / np.sqrt(x @ x), "That takes the length as given; it depends on x: add that road."),
    Slip(lambda x, b: unit_length_back(x, b) * np.sqrt(x @ x), "The factor 1/|x| is missing."),
    Slip(lambda x, b: (b + _both(x, b)[1] * (_both(x, b)[1] @ b)) / _both(x, b)[0], "The sign of the second road."),
    Slip(lambda x, b: (b - _both(x, b)[1] ** 2 * b) / _both(x, b)[0], "Each y depends on all x: sum over the outputs."),
    Slip(lambda x, b: (b - x * (x @ b)) / _both(x, b)[0], "In the second road it is y, not x: divide by the length."),
)  # fmt: skip


@exercise("backpropagation-6")
def check_length(answer: Any) -> Verdict:
    """The error signal through y = x/|x|, as a function."""
    inputs = (
        ("x = (3, 4), ȳ = (1, 0)", (3.0, 4.0), (1.0, 0.0)),
        ("x = (1, −2, 2), ȳ = (0.5, 1, −1)", (1.0, -2.0, 2.0), (0.5, 1.0, -1.0)),
        ("ȳ along x", (0.3, -0.4), (3.0, -4.0)),
        ("a short x, of five entries", (0.01, 0.02, -0.01, 0.0, 0.03), (1.0, 2.0, 3.0, 4.0, 5.0)),
    )
    return grade_function(
        "backpropagation-6",
        answer,
        unit_length_back,
        [Case(words, (np.array(x), np.array(b))) for words, x, b in inputs],
        slips=LENGTH_SLIPS,
        signature="back(x, y_bar)",
        right="Right: the part of the signal along y is taken out, for along x nothing changes.",
    )


# --- backpropagation-7: what it costs -----------------------------------------------------------------------


def multiplications(sizes: Sequence[int]) -> tuple[int, int]:
    """Return the multiplications of one example in the layers of a network, forward and backward."""
    layers = [n * m for n, m in pairwise(sizes)]
    return sum(layers), 2 * sum(layers) - layers[0]


def _forward(sizes: Sequence[int]) -> int:
    return multiplications(sizes)[0]


COST_SLIPS = (
    Slip(
        lambda s: (_forward(s), 2 * _forward(s)), "At the first layer there is one product less: the data need no bar."
    ),
    Slip(lambda s: (_forward(s), _forward(s)), "Backward there are two products for a layer: weights, and below."),
    Slip(lambda s: multiplications(s)[::-1], "Forward first, then backward."),
    Slip(
        lambda s: (_forward(s) + sum(s[1:]), 2 * _forward(s) - s[0] * s[1]), "Biases are added, not multiplied."
    ),
    Slip(
        lambda s: (_forward(s), 2 * _forward(s) - s[-1] * s[-2]), "The first layer saves a product, not the last."
    ),
    Slip(lambda s: (_forward(s), multiplications(s)[1] + _forward(s)), "That is both ways together; backward alone."),
)  # fmt: skip


@exercise("backpropagation-7")
def check_cost(answer: Any) -> Verdict:
    """The multiplications of a network, forward and backward, as a function."""
    inputs = ((64, 32, 10), (3, 1), (2, 2, 1), (784, 128, 64, 10), (64,) * 10 + (10,))
    return grade_function(
        "backpropagation-7",
        answer,
        multiplications,
        [Case(f"sizes {sizes}", (sizes,)) for sizes in inputs],
        slips=COST_SLIPS,
        signature="multiplications(sizes)",
        right="Right: twice the forward pass, less the first layer.",
    )


# --- backpropagation-8: how far with a wrong gradient -------------------------------------------------------


def longest_step(gradient: NDArray, direction: NDArray, curvature: float) -> float:
    """Return 2 g·d/(L|d|²), below which a step against d is sure to go down; 0 if g·d ≤ 0."""
    return max(0.0, float(2 * gradient @ direction / (curvature * (direction @ direction))))


STEP_SLIPS = (
    Slip(lambda g, d, c: longest_step(g, d, c) / 2, "There the promise is best; the loss falls up to twice that."),
    Slip(lambda g, d, c: 2 / c, "That is the limit along the gradient itself, d = g."),
    Slip(lambda g, d, c: float(2 * g @ d / (c * (d @ d))), "At 90° or more there is no such step: give 0."),
    Slip(lambda g, d, c: max(0.0, float(2 * g @ d / (c * (g @ g)))), "The square below is |d|², not |g|²."),
    Slip(lambda g, d, c: max(0.0, float(2 * g @ d / (c * np.sqrt(d @ d)))), "It is |d|², the length squared."),
)  # fmt: skip


@exercise("backpropagation-8")
def check_step(answer: Any) -> Verdict:
    """The learning rate below which a step in a wrong direction is sure to go down, as a function."""
    slope = np.array([3.0, 4.0])
    cases = [
        Case("d = g, L = 4", (slope, slope, 4.0)),
        Case("d at an angle, L = 4", (slope, np.array([4.0, 0.0]), 4.0)),
        Case("d in three dimensions, L = 0.5", (np.array([1.0, -2.0, 2.0]), np.array([2.0, 0.0, 1.0]), 0.5)),
        Case("d uphill", (slope, np.array([-1.0, 0.5]), 1.0)),
    ]
    return grade_function(
        "backpropagation-8",
        answer,
        longest_step,
        cases,
        slips=STEP_SLIPS,
        signature="longest_step(gradient, direction, curvature)",
        right="Right: any direction within 90° will do, if the step is short enough.",
    )
