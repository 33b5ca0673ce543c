"""Checks and data for the exercises of the chapter on neural networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- neural_networks-1: the current for a rate (with variants) ----------------------------------------------


@dataclass(frozen=True)
class Cell:
    """Data of ``neural_networks-1``: a leaky neuron, and how often it is to fire.

    Args:
        tau: the membrane's time constant, seconds.
        refractory: the pause after a spike, seconds.
        threshold: of the voltage.
        rate: hertz.
    """

    tau: float
    refractory: float
    threshold: float
    rate: float


def cell_puzzle(seed: int) -> Cell:
    """Draw a neuron and a rate that it can reach, such that every typical slip shows."""
    rng = CounterRNG(seed, stream=1)
    while True:
        tau, refractory = int(rng.integers(8, 31)) / 1000, int(rng.integers(2, 7)) / 1000
        cell = Cell(tau, refractory, int(rng.integers(2, 9)) / 2, float(rng.integers(20, 91)))
        if 1 / cell.rate - refractory < 0.2 * tau:  # hardly time to climb
            continue
        values = sorted([needed_current(cell), *(slip.answer for slip in _cell_slips(cell))])
        if all(high - low > 0.03 * abs(low) for low, high in zip(values, values[1:], strict=False)):
            return cell


def needed_current(cell: Cell) -> float:
    """Return V_th/(1 − e^{−t/τ}) with the climb t = 1/f − t_ref."""
    climb = 1 / cell.rate - cell.refractory
    return -cell.threshold / math.expm1(-climb / cell.tau)


def _cell_slips(cell: Cell) -> tuple[Slip, ...]:
    climb = 1 / cell.rate - cell.refractory
    share = -math.expm1(-climb / cell.tau)
    no_pause = cell.threshold / -math.expm1(-1 / (cell.rate * cell.tau))
    return (
        Slip(no_pause, "the pause is missing: the climb lasts 1/f − t_ref."),
        Slip(
            cell.threshold / -math.expm1(-(1 / cell.rate + cell.refractory) / cell.tau),
            "the pause is part of the time between two spikes: subtract it.",
        ),
        Slip(1 / share, "that is the current in units of the threshold; the threshold is missing."),
        Slip(cell.threshold / (1 - share), "that is V_th e^(t/τ); the voltage climbs as I(1 − e^(−t/τ))."),
        Slip(cell.threshold * share, "turn it over: I(1 − e^(−t/τ)) must be the threshold."),
        Slip(cell.threshold, "that is the rheobase, at which it never fires."),
    )


@exercise("neural_networks-1", variant=cell_puzzle)
def check_current(answer: Any, cell: Cell) -> Verdict:
    """The constant current at which a leaky neuron fires at a given rate."""
    return grade_number(
        "neural_networks-1",
        answer,
        needed_current(cell),
        what="the current that makes it fire at that rate",
        rtol=2e-3,
        slips=_cell_slips(cell),
        right="The climb takes what the pause leaves of 1/f, and I(1 − e^(−t/τ)) is then the threshold.",
    )


# --- neural_networks-2: through all points ------------------------------------------------------------------


def interpolate(x: np.ndarray, t: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return t₁ + Σ aᵢ ReLU(at − xᵢ) through the points, shape of ``at``."""
    order = np.argsort(x)
    x, t = np.asarray(x, dtype=float)[order], np.asarray(t, dtype=float)[order]
    changes = np.diff(np.diff(t) / np.diff(x), prepend=0.0)
    return _hinges(x[:-1], changes, at) + t[0]


def _hinges(places: np.ndarray, weights: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.maximum(np.asarray(at, dtype=float)[:, None] - places, 0) @ weights


def _unsorted(x: np.ndarray, t: np.ndarray, at: np.ndarray) -> np.ndarray:
    return t[0] + _hinges(x[:-1], np.diff(np.diff(t) / np.diff(x), prepend=0.0), at)


def _with_slopes(x: np.ndarray, t: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The weights of the hinges are slopes in place of changes of slope."""
    order = np.argsort(x)
    x, t = x[order], t[order]
    return t[0] + _hinges(x[:-1], np.diff(t) / np.diff(x), at)


def _level(x: np.ndarray, t: np.ndarray, at: np.ndarray) -> np.ndarray:
    order = np.argsort(x)
    return np.interp(at, x[order], t[order])


def _rises(x: np.ndarray, t: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The rise of each piece is taken for its slope."""
    order = np.argsort(x)
    x, t = x[order], t[order]
    return t[0] + _hinges(x[:-1], np.diff(np.diff(t), prepend=0.0), at)


INTERPOLATE_SLIPS = (
    Slip(_unsorted, "The points come in any order: sort both lists by x first."),
    Slip(_with_slopes, "Each hinge goes on for ever, so the next one needs the change of slope, not the slope."),
    Slip(_level, "Beyond the last point no hinge switches off: the last piece goes on. np.interp is level there."),
    Slip(lambda x, t, at: interpolate(x, t, at) - t[np.argmin(x)], "It starts at 0 in place of the first value."),
    Slip(_rises, "A slope is rise over run: the points are not 1 apart."),
)


@exercise("neural_networks-2")
def check_interpolate(answer: Any) -> Verdict:
    """A sum of hinges through given points, as a function."""
    x, t = np.array([0.0, 1.0, 3.0, 4.5]), np.array([5.0, 3.0, 4.0, -2.0])
    mixed = np.array([2, 0, 3, 1])
    between = np.array([0.25, 0.5, 1.7, 2.0, 3.5, 4.4])
    cases = [
        Case("four points, at the points themselves", (x, t, x)),
        Case("between them", (x, t, between)),
        Case("the same points in another order", (x[mixed], t[mixed], between)),
        Case("to the left of all points", (x, t, np.array([-3.0, -0.1]))),
        Case("to the right of all points", (x, t, np.array([5.0, 8.0]))),
        Case("two points only", (np.array([2.0, -1.0]), np.array([1.0, 7.0]), np.array([0.0, 1.5]))),
    ]
    return grade_function(
        "neural_networks-2",
        answer,
        interpolate,
        cases,
        slips=INTERPOLATE_SLIPS,
        signature="interpolate(x, t, at)",
        rtol=1e-9,
        right="Right: N − 1 hinges, each with the change of slope at its place.",
    )


# --- neural_networks-3: all repairs of the hinge ------------------------------------------------------------

LARGEST_REPAIR = 215 / 73
REPAIR_SLIPS = (
    Slip(2.0, "that is the repair of the text; larger ones work as well."),
    Slip(-15.0, "that is the smallest one, where row 4 stands at 0."),
    Slip(2150 / 960, "the b in row 3 depends on a as well: 160a + 23b + 600 with b = −(125 + 5a)/3."),
    Slip(5.0, "that is the weight in h₁; the hinge has its own."),
    Slip(12.0, "that is the printed weight, with which rows 1 and 2 cannot both be exact and row 3 off."),
    Slip(-215 / 73, "the sign."),
)


@exercise("neural_networks-3")
def check_repair(answer: Any) -> Verdict:
    """The largest weight of the area with which one hinge with a bias makes four houses exact."""
    return grade_number(
        "neural_networks-3",
        answer,
        LARGEST_REPAIR,
        what="the largest a that works",
        rtol=1e-3,
        slips=REPAIR_SLIPS,
        right="There row 3 stands exactly at the edge of the hinge.",
    )


# --- neural_networks-5: the perceptron ----------------------------------------------------------------------


def perceptron_weights(X: np.ndarray, t: np.ndarray, rounds: int) -> np.ndarray:
    """Return the weights after at most ``rounds`` rounds, the bias last, shape (D + 1,)."""
    return _perceptron(X, t, rounds)


def _perceptron(
    X: np.ndarray, t: np.ndarray, rounds: int, *, strict: bool = False, always: bool = False, sign: int = 1
) -> np.ndarray:
    """The perceptron, or a mistake that looks like it."""
    X = np.column_stack([np.asarray(X, dtype=float), np.ones(len(X))])
    w = np.zeros(X.shape[1])
    for _ in range(rounds):
        for x, label in zip(X, t, strict=True):
            score = label * (w @ x)
            if always or score < 0 or (score == 0 and not strict):
                w = w + sign * label * x
    return w


def _batch(X: np.ndarray, t: np.ndarray, rounds: int) -> np.ndarray:
    """All updates of a round with the weights from its beginning."""
    X = np.column_stack([X, np.ones(len(X))])
    w = np.zeros(X.shape[1])
    for _ in range(rounds):
        wrong = t * (X @ w) <= 0
        w = w + (t[wrong, None] * X[wrong]).sum(axis=0)
    return w


def _without_bias(X: np.ndarray, t: np.ndarray, rounds: int) -> np.ndarray:
    w = np.zeros(X.shape[1])
    for _ in range(rounds):
        for x, label in zip(X, t, strict=True):
            if label * (w @ x) <= 0:
                w = w + label * x
    return w


def _bias_first(X: np.ndarray, t: np.ndarray, rounds: int) -> np.ndarray:
    return np.roll(_perceptron(X, t, rounds), 1)


PERCEPTRON_SLIPS = (
    Slip(
        lambda X, t, n: _perceptron(X, t, n, strict=True),
        "At the start every score is 0, and that must count as a mistake: ≤, not <.",
    ),
    Slip(lambda X, t, n: _perceptron(X, t, n, always=True), "Update only where the answer is wrong."),
    Slip(lambda X, t, n: _perceptron(X, t, n, sign=-1), "The sign: add tx, so that t(w·x) grows."),
    Slip(lambda X, t, n: _perceptron(X, t, 1), "That is one round; go on, up to the number given."),
    Slip(_batch, "Each update counts at once, for the next example already; here a round uses old weights."),
    Slip(_bias_first, "The bias comes last."),
    Slip(_without_bias, "The bias is missing: put a column of ones behind X, and return D + 1 weights."),
)


@exercise("neural_networks-5")
def check_perceptron(answer: Any) -> Verdict:
    """The perceptron, as a function."""
    corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    line = np.array([[2.0], [-1.0], [3.5], [0.5]])
    cases = [
        Case("AND, 100 rounds", (corners, np.array([-1, -1, -1, 1]), 100)),
        Case("OR, 100 rounds", (corners, np.array([-1, 1, 1, 1]), 100)),
        Case("AND, 3 rounds", (corners, np.array([-1, -1, -1, 1]), 3)),
        Case("points on a line, 50 rounds", (line, np.array([1, -1, 1, -1]), 50)),
        Case("one example, one round", (np.array([[1.0, 2.0, 3.0]]), np.array([-1]), 1)),
    ]
    return grade_function(
        "neural_networks-5",
        answer,
        perceptron_weights,
        cases,
        slips=PERCEPTRON_SLIPS,
        signature="perceptron(X, t, rounds)",
        right="Right: it changes its mind only when it errs.",
    )


# --- neural_networks-6: barely right is not enough ----------------------------------------------------------


def most_updates(R: float, gamma: float, m: float) -> float:
    """Return (R² + 2m)/γ²."""
    return (R**2 + 2 * m) / gamma**2


UPDATES_SLIPS = (
    Slip(lambda R, gamma, m: (R / gamma) ** 2, "That is the bound for m = 0: where does m enter the length of w?"),
    Slip(
        lambda R, gamma, m: (R**2 + m) / gamma**2, "The middle term of |w + tx|² is 2t(w·x): a factor 2 for m."
    ),
    Slip(lambda R, gamma, m: (R**2 - 2 * m) / gamma**2, "The sign: more updates, not fewer."),
    Slip(lambda R, gamma, m: (R**2 + 2 * m) / gamma, "k²γ² ≤ k(R² + 2m): γ is squared."),
    Slip(lambda R, gamma, m: R**2 / (gamma - m) ** 2, "Along u each update still adds γ; m enters the length."),
    Slip(lambda R, gamma, m: ((R + 2 * m) / gamma) ** 2, "It is R² that gets 2m added, not R."),
)


@exercise("neural_networks-6")
def check_most_updates(answer: Any) -> Verdict:
    """The most updates of a perceptron that wants a margin, as a function."""
    inputs = ((2, 0.5, 0), (2, 0.5, 1), (1, 0.1, 3), (3, 0.25, 0.5), (10, 1, 20))
    return grade_function(
        "neural_networks-6",
        answer,
        most_updates,
        [Case(f"R = {R:g}, γ = {g:g}, m = {m:g}", (float(R), float(g), float(m))) for R, g, m in inputs],
        slips=UPDATES_SLIPS,
        signature="most_updates(R, gamma, m)",
        right="Right: m buys a distance, and costs updates.",
    )


# --- neural_networks-7: the slope of the squared error ------------------------------------------------------


def _softmax(z: np.ndarray) -> np.ndarray:
    weights = np.exp(np.asarray(z, dtype=float) - np.max(z))
    return weights / weights.sum()


def squared_slope(z: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return the gradient of ½|p − t|² by the logits: p ⊙ (v − p·v), v = p − t."""
    p = _softmax(z)
    gap = p - t
    return p * (gap - p @ gap)


SLOPE_SLIPS = (
    Slip(lambda z, t: _softmax(z) - t, "That is the slope of the cross-entropy, or that by p; J is missing."),
    Slip(
        lambda z, t: _softmax(z) * (1 - _softmax(z)) * (_softmax(z) - t),
        "That is the diagonal of J alone: each logit moves the other probabilities, too.",
    ),
    Slip(lambda z, t: -squared_slope(z, t), "The sign: p − t, not t − p."),
    Slip(lambda z, t: 2 * squared_slope(z, t), "A factor 2: it is half the squared error."),
    Slip(lambda z, t: _softmax(z) * (_softmax(z) - t), "The second part of J is missing: minus p (p · v)."),
)


@exercise("neural_networks-7")
def check_squared_slope(answer: Any) -> Verdict:
    """The gradient of half the squared error of a softmax by its logits, as a function."""
    cases = [
        Case("logits 0, 0, class 1", (np.zeros(2), np.array([1.0, 0.0]))),
        Case("three logits, class 2", (np.array([1.0, 0.0, -1.0]), np.array([0.0, 1.0, 0.0]))),
        Case("sure and wrong", (np.array([8.0, 0.0, -1.0]), np.array([0.0, 1.0, 0.0]))),
        Case("sure and right", (np.array([8.0, 0.0, -1.0]), np.array([1.0, 0.0, 0.0]))),
        Case("logits of ±1000", (np.array([1000.0, -1000.0]), np.array([0.0, 1.0]))),
    ]
    return grade_function(
        "neural_networks-7",
        answer,
        squared_slope,
        cases,
        slips=SLOPE_SLIPS,
        signature="slope(z, t)",
        rtol=1e-7,
        atol=1e-12,
        right="Right; its entries add up to zero, as only differences of logits count.",
    )


# --- neural_networks-8: how many numbers --------------------------------------------------------------------


def parameter_count(sizes: Sequence[int], bias: bool = True) -> int:
    """Return Σ C(D + 1) over the layers, or Σ CD without biases."""
    return sum(outputs * (inputs + bool(bias)) for inputs, outputs in zip(sizes, sizes[1:], strict=False))


COUNT_SLIPS = (
    Slip(lambda sizes, bias=True: parameter_count(sizes, False), "Each unit has a bias as well."),
    Slip(lambda sizes, bias=True: parameter_count(sizes, True), "Without biases there are fewer: use `bias`."),
    Slip(
        lambda sizes, bias=True: parameter_count(sizes, False) + bool(bias) * sum(sizes),
        "The inputs are no units: they have no biases.",
    ),
    Slip(
        lambda sizes, bias=True: parameter_count(sizes, False) + bool(bias) * (len(sizes) - 1),
        "A layer has a bias for each of its units, not one in all.",
    ),
    Slip(lambda sizes, bias=True: sum(sizes), "That counts units; each has a weight for each of its inputs."),
)


@exercise("neural_networks-8")
def check_count(answer: Any) -> Verdict:
    """How many parameters an MLP has, as a function of its layer sizes."""
    cases = [
        Case("64, 32, 10", ([64, 32, 10],)),
        Case("784, 128, 64, 10", ([784, 128, 64, 10],)),
        Case("64, 32, 10 without biases", ([64, 32, 10], False)),
        Case("a single layer, 5 to 1", ([5, 1],)),
    ]
    return grade_function(
        "neural_networks-8",
        answer,
        parameter_count,
        cases,
        slips=COUNT_SLIPS,
        signature="count(sizes, bias=True)",
        right="Right: a row of weights and a bias for each unit.",
    )


# --- neural_networks-9: how wide for a thousandth -----------------------------------------------------------

WIDTH_SLIPS = (
    Slip(70.0, "that is 70.2 rounded down, and with 70 pieces the error is just above 0.001."),
    Slip(2 * math.pi / math.sqrt(0.008), "that is where the bound is 0.001; there are whole pieces only."),
    Slip(100.0, "the bound is s²/8, not s²/4."),
    Slip(99.0, "the bound is s²/8, not s²/4."),
    Slip(199.0, "the bound is s²/8, not s²."),
    Slip(36.0, "that is for half of a wave."),
    Slip(786.0, "the error falls as the square of the spacing."),
)


@exercise("neural_networks-9")
def check_width(answer: Any) -> Verdict:
    """How many equal pieces match a wave of sine to within a thousandth."""
    return grade_number(
        "neural_networks-9",
        answer,
        math.ceil(2 * math.pi / math.sqrt(0.008)),
        what="the number of pieces",
        rtol=1e-9,
        slips=WIDTH_SLIPS,
        right="71 pieces, so 71 hidden units: (2π/71)²/8 is just below 0.001.",
    )
