"""Checks and data for the exercises of the chapter on Boltzmann machines."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number


def _sigmoid(x: float) -> float:
    return 0.5 * (1 + math.tanh(0.5 * x))


# --- boltzmann_machines-1: will it come on? (with variants) -------------------------------------------------


@dataclass(frozen=True)
class Unit:
    """Data of ``boltzmann_machines-1``: one unit, what it is coupled to, and the state of the others."""

    weights: tuple[float, ...]
    others: tuple[int, ...]
    bias: float
    temperature: float
    units: str


@lru_cache(maxsize=64)  # a good puzzle is drawn for, and a check asks for it again
def unit_puzzle(seed: int) -> Unit:
    """Draw a unit of either kind such that every typical slip gives another number."""
    rng = CounterRNG(seed, stream=1)
    while True:
        units = ("binary", "spin")[int(rng.integers(0, 2))]
        low = 0 if units == "binary" else -1
        others = tuple(1 if int(rng.integers(0, 2)) else low for _ in range(4))
        weights = tuple((int(rng.integers(0, 17)) - 8) / 4 for _ in range(4))
        bias = (int(rng.integers(0, 9)) - 4) / 4
        puzzle = Unit(weights, others, bias, (0.5, 1.5, 2.0)[int(rng.integers(0, 3))], units)
        values = sorted([chance(puzzle), *(slip.answer for slip in _unit_slips(puzzle))])
        if 0.08 < chance(puzzle) < 0.92 and min(np.diff(values)) > 0.02:
            return puzzle


def _field(puzzle: Unit) -> float:
    return float(np.dot(puzzle.weights, puzzle.others)) + puzzle.bias


def chance(puzzle: Unit) -> float:
    """Return σ(h/T) for units of {0, 1} and σ(2h/T) for ±1."""
    return _sigmoid((1 if puzzle.units == "binary" else 2) * _field(puzzle) / puzzle.temperature)


def _unit_slips(puzzle: Unit) -> tuple[Slip, ...]:
    right, wrong = (1, 2) if puzzle.units == "binary" else (2, 1)
    h, t = _field(puzzle), puzzle.temperature
    other = "that is σ(2h/T), for ±1; these units are 0 and 1, and the gap is h."
    if puzzle.units == "spin":
        other = "that is σ(h/T), for 0 and 1; these units are ±1, and the gap is 2h."
    return (
        Slip(_sigmoid(wrong * h / t), other),
        Slip(_sigmoid(right * h), "the temperature is missing: divide the gap by T."),
        Slip(1 - chance(puzzle), "this is the probability of the lower value; a positive field wants 1."),
        Slip(_sigmoid(right * (h - puzzle.bias) / t), "the bias is missing from the field."),
        Slip(_sigmoid(right * (h - 2 * puzzle.bias) / t), "the bias has the wrong sign: the field is Σ w x + b."),
    )


@exercise("boltzmann_machines-1", variant=unit_puzzle)
def check_unit(answer: Any, puzzle: Unit) -> Verdict:
    """The probability that one unit chooses 1."""
    return grade_number(
        "boltzmann_machines-1",
        answer,
        chance(puzzle),
        what="the probability of 1",
        rtol=2e-3,
        atol=1e-4,
        slips=_unit_slips(puzzle),
        right=f"The field is {_field(puzzle):g}, and the units are {puzzle.units}.",
    )


# --- boltzmann_machines-2: any two values -------------------------------------------------------------------


def chance_high(low: float, high: float, field: float, temperature: float) -> float:
    """Return σ((high − low) h/T), the share of the higher of two values under E = −hx."""
    return _sigmoid((high - low) * field / temperature)


HIGH_SLIPS = (
    Slip(lambda a, b, h, t: _sigmoid(h / t), "That is for units of 0 and 1; here the gap is (high − low) h."),
    Slip(lambda a, b, h, t: _sigmoid(2 * h / t), "That is for ±1; here the gap is (high − low) h."),
    Slip(lambda a, b, h, t: chance_high(a, b, h, 1.0), "The temperature is missing: the weight is exp(−E/T)."),
    Slip(lambda a, b, h, t: 1 - chance_high(a, b, h, t), "That is the lower value: a positive h wants x high."),
    Slip(lambda a, b, h, t: _sigmoid((a + b) * h / t), "The gap is a difference, high − low, not a sum."),
    Slip(lambda a, b, h, t: _sigmoid(b * h / t), "That forgets what the lower value costs: −h·low."),
    Slip(lambda a, b, h, t: _sigmoid((b - a) * h * t), "Divide by T, do not multiply: heat makes the die fairer."),
)


@exercise("boltzmann_machines-2")
def check_high(answer: Any) -> Verdict:
    """The probability of the higher of two values, as a function."""
    inputs = (
        (0, 1, 0.7, 1), (-1, 1, 0.7, 1), (-1, 1, 0.7, 2), (2, 5, -0.4, 0.5), (5, 6, 0.7, 1.5), (-3, 0, 1, 2)
    )  # fmt: skip
    return grade_function(
        "boltzmann_machines-2",
        answer,
        chance_high,
        [Case(f"low = {a}, high = {b}, h = {h}, T = {t}", (a, b, h, t)) for a, b, h, t in inputs],
        slips=HIGH_SLIPS,
        signature="chance_high(low, high, field, temperature)",
        right="Only the difference of the two values counts, in units of T.",
    )


# --- boltzmann_machines-3: the free energy of a picture -----------------------------------------------------


def free_energy(
    v: np.ndarray, weights: np.ndarray, visible_bias: np.ndarray, hidden_bias: np.ndarray, temperature: float
) -> float:
    """Return −a·v − T Σ_j ln(1 + e^{(vW + b)_j/T})."""
    z = (v @ weights + hidden_bias) / temperature
    return float(-v @ visible_bias - temperature * np.logaddexp(0, z).sum())


def _free_at_zero(v: np.ndarray, w: np.ndarray, a: np.ndarray, b: np.ndarray, t: float) -> float:
    return float(-v @ a - np.maximum(v @ w + b, 0).sum())


def _free_spins(v: np.ndarray, w: np.ndarray, a: np.ndarray, b: np.ndarray, t: float) -> float:
    z = (v @ w + b) / t
    return float(-v @ a - t * np.logaddexp(-z, z).sum())


FREE_SLIPS = (
    Slip(lambda v, w, a, b, t: free_energy(v, w, a, b, 1.0), "The temperature is missing, in front and inside."),
    Slip(
        lambda v, w, a, b, t: -v @ a - np.logaddexp(0, (v @ w + b) / t).sum(),
        "There is a T in front of the sum as well: F = −T ln of a sum of weights.",
    ),
    Slip(
        lambda v, w, a, b, t: -v @ a - t * np.logaddexp(0, v @ w + b).sum(),
        "The field is divided by T inside the logarithm: the weight is e^(z/T).",
    ),
    Slip(lambda v, w, a, b, t: -free_energy(v, w, a, b, t), "The sign: what is probable has a low free energy."),
    Slip(lambda v, w, a, b, t: free_energy(v, w, -a, b, t), "The sign of the visible bias: the energy has −a·v."),
    Slip(lambda v, w, a, b, t: free_energy(v, w, 0 * a, b, t), "The visible biases are missing: −a·v."),
    Slip(lambda v, w, a, b, t: free_energy(v, w, a, 0 * b, t), "The hidden biases are missing from the fields."),
    Slip(_free_at_zero, "That is the limit T → 0, the least energy; at T > 0 both values of h_j count."),
    Slip(_free_spins, "That is for hidden units ±1; here they are 0 and 1, with the weights 1 and e^(z/T)."),
)


@exercise("boltzmann_machines-3")
def check_free(answer: Any) -> Verdict:
    """The free energy of one picture under a restricted machine, as a function."""
    rng = CounterRNG(3, stream=1)
    w, a, b = (np.round(np.asarray(rng.standard_normal(size)), 2) for size in ((4, 3), 4, 3))
    one, other = np.array([1.0, 0, 1, 1]), np.array([0.0, 1, 0, 1])
    cases = [
        Case("a machine of 4 and 3 at T = 1", (one, w, a, b, 1.0)),
        Case("the same at T = 2", (one, w, a, b, 2.0)),
        Case("another picture at T = 0.5", (other, w, a, b, 0.5)),
        Case("no ink at all, T = 1.5", (np.zeros(4), w, a, b, 1.5)),
        Case("fields of a thousand, T = 1", (one, 1000 * abs(w), a, b, 1.0)),
    ]
    return grade_function(
        "boltzmann_machines-3",
        answer,
        free_energy,
        cases,
        slips=FREE_SLIPS,
        signature="free_energy(v, weights, visible_bias, hidden_bias, temperature)",
        right="It holds at every temperature, and large fields do it no harm.",
    )


# --- boltzmann_machines-5: the smallest machine -------------------------------------------------------------


def smallest_slope(w: float, a: float, b: float, share: float) -> float:
    """Return the slope by w of the mean ln p(v): share·σ(w + b) − e^{a+b+w}/Z."""
    z = 1 + math.exp(a) + math.exp(b) + math.exp(a + b + w)
    return share * _sigmoid(w + b) - math.exp(a + b + w) / z


SMALLEST_SLIPS = (
    Slip(lambda w, a, b, m: -smallest_slope(w, a, b, m), "The sign: data minus model climbs the likelihood."),
    Slip(lambda w, a, b, m: m * _sigmoid(w + b), "That is the data's half; subtract what the model does by itself."),
    Slip(
        lambda w, a, b, m: smallest_slope(w, a, b, m) + m * (1 - _sigmoid(w + b)),
        "In the data the hidden unit is not always on: given v = 1 it is on with σ(w + b).",
    ),
    Slip(
        lambda w, a, b, m: smallest_slope(w, a, b, m) + m * (_sigmoid(w) - _sigmoid(w + b)),
        "The hidden unit's field is w + b when v = 1.",
    ),
    Slip(
        lambda w, a, b, m: m * _sigmoid(w + b) - 0.25,
        "The four states are not equally probable in the model: both are on with e^(a+b+w)/Z.",
    ),
    Slip(
        lambda w, a, b, m: m * _sigmoid(w + b) - _sigmoid(a + b + w),
        "Z has four terms: 1, e^a, e^b and e^(a+b+w).",
    ),
)


@exercise("boltzmann_machines-5")
def check_smallest(answer: Any) -> Verdict:
    """The slope of the log-likelihood of one visible and one hidden unit, as a function."""
    inputs = (
        (0, 0, 0, 0.7), (1, 0, 0, 0.7), (1, -0.5, 0.3, 0.7), (-2, 0.4, 1, 0.2), (0.5, 1, -1, 1), (0.5, 1, -1, 0)
    )  # fmt: skip
    return grade_function(
        "boltzmann_machines-5",
        answer,
        smallest_slope,
        [Case(f"w = {w}, a = {a}, b = {b}, μ = {m}", (w, a, b, m)) for w, a, b, m in inputs],
        slips=SMALLEST_SLIPS,
        signature="slope(w, a, b, share)",
        right="Data minus model, on four states.",
    )


# --- boltzmann_machines-6: the way back ---------------------------------------------------------------------


def binary_bias(weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return 2b − 2W1, the bias of {0, 1} units with the law of these spins."""
    return 2 * bias - 2 * weights.sum(axis=1)


BACK_SLIPS = (
    Slip(lambda w, b: 2 * b, "Couplings of spins leave a field behind: s = 2x − 1 makes sᵀWs linear in x, too."),
    Slip(lambda w, b: b / 2 + w.sum(axis=1) / 4, "That is the other way, from 0 and 1 to spins."),
    Slip(lambda w, b: 2 * b + 2 * w.sum(axis=1), "The sign of the row sums: (2x − 1) has a minus."),
    Slip(lambda w, b: 2 * b - 4 * w.sum(axis=1), "The ½ in front of sᵀWs halves the two cross terms together."),
    Slip(lambda w, b: 2 * b - w.sum(axis=1), "There are two cross terms, xᵀW1 and 1ᵀWx, and they are equal."),
    Slip(lambda w, b: b - 2 * w.sum(axis=1), "b·s = b·(2x − 1), so the bias doubles."),
)


@exercise("boltzmann_machines-6")
def check_back(answer: Any) -> Verdict:
    """The bias of {0, 1} units with the law of a machine of spins, as a function."""
    rng = CounterRNG(6, stream=1)
    upper = np.triu(np.round(np.asarray(rng.standard_normal((4, 4))), 2), 1)
    bias = np.round(np.asarray(rng.standard_normal(4)), 2)
    pair = np.array([[0.0, 1.0], [1.0, 0.0]])
    cases = [
        Case("two spins, w = 1, no field", (pair, np.zeros(2))),
        Case("two spins, no coupling, fields 0.5 and −1", (0 * pair, np.array([0.5, -1.0]))),
        Case("four spins with fields", (upper + upper.T, bias)),
    ]
    return grade_function(
        "boltzmann_machines-6", answer, binary_bias, cases, slips=BACK_SLIPS, signature="binary_bias(weights, bias)"
    )


# --- boltzmann_machines-7: likelihood without Z -------------------------------------------------------------


def pseudo(states: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> float:
    """Return the mean of Σ_i ln σ(2 s_i h_i)."""
    return float(-np.logaddexp(0, -2 * states * (states @ weights + bias)).sum(axis=1).mean())


def _pseudo_of(factor: float) -> Any:
    def value(states: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> float:
        return float(-np.logaddexp(0, -factor * states * (states @ weights + bias)).sum(axis=1).mean())

    return value


PSEUDO_SLIPS = (
    Slip(_pseudo_of(1.0), "That is σ(s h), half the gap: units of ±1 have σ(2 s h)."),
    Slip(_pseudo_of(-2.0), "The sign: a unit that agrees with its field is probable."),
    Slip(lambda s, w, b: pseudo(s, w, b) * len(s), "That is summed over the states; the mean over them is asked."),
    Slip(lambda s, w, b: pseudo(s, w, b) / s.shape[1], "Sum over the units; take the mean over the states only."),
    Slip(lambda s, w, b: -pseudo(s, w, b), "That is the loss, minus the logarithm."),
    Slip(lambda s, w, b: pseudo(s, w, 0 * b), "The bias is missing from the fields."),
    Slip(lambda s, w, b: math.exp(pseudo(s, w, b)), "That is the probability; its logarithm is asked."),
    Slip(
        lambda s, w, b: float(-np.logaddexp(0, -2 * (s @ w + b)).sum(axis=1).mean()),
        "That is the probability of +1; a unit that is down needs σ(−2h).",
    ),
)


@exercise("boltzmann_machines-7")
def check_pseudo(answer: Any) -> Verdict:
    """The log-pseudo-likelihood of states of spins, as a function."""
    rng = CounterRNG(7, stream=1)
    upper = np.triu(np.round(np.asarray(rng.standard_normal((4, 4))), 2), 1)
    weights, bias = upper + upper.T, np.round(np.asarray(rng.standard_normal(4)), 2)
    states = 2 * np.asarray(rng.integers(0, 2, size=(6, 4))) - 1
    cases = [
        Case("six states of four spins", (states, weights, bias)),
        Case("no couplings, no fields", (states, 0 * weights, 0 * bias)),
        Case("one state", (states[:1], weights, bias)),
        Case("couplings a thousand times as strong", (states, 1000 * weights, bias)),
    ]
    return grade_function(
        "boltzmann_machines-7", answer, pseudo, cases, slips=PSEUDO_SLIPS, signature="pseudo(states, weights, bias)"
    )


# --- boltzmann_machines-8: a cheaper sum --------------------------------------------------------------------


def chain_log_z(letters: int, length: int, coupling: float, temperature: float) -> float:
    """Return ln Z = ln V + (L − 1) ln(e^{J/T} + V − 1)."""
    return math.log(letters) + (length - 1) * math.log(math.exp(coupling / temperature) + letters - 1)


CHAIN_SLIPS = (
    Slip(
        lambda v, n, j, t: chain_log_z(v, n, j, t) + math.log(math.exp(j / t) + v - 1),
        "L letters have L − 1 pairs of neighbours.",
    ),
    Slip(
        lambda v, n, j, t: (n - 1) * math.log(math.exp(j / t) + v - 1),
        "The first letter has V choices as well.",
    ),
    Slip(
        lambda v, n, j, t: math.log(v) + (n - 1) * math.log(math.exp(j / t) + v),
        "One choice is equal, so V − 1 are not, not V.",
    ),
    Slip(lambda v, n, j, t: chain_log_z(v, n, -j, t), "The sign: a rewarded pair has the weight e^(+J/T)."),
    Slip(lambda v, n, j, t: chain_log_z(v, n, j, 1.0), "The temperature is missing: the weight is e^(J/T)."),
    Slip(lambda v, n, j, t: math.exp(chain_log_z(v, n, j, t)), "That is Z; its logarithm is asked."),
    Slip(lambda v, n, j, t: t * chain_log_z(v, n, j, t), "That is T ln Z; ln Z is asked."),
    Slip(
        lambda v, n, j, t: math.log(v) + (n - 1) * math.log(math.exp(j / t) + (v - 1) * math.exp(-j / t)),
        "Unlike neighbours cost nothing here; that is the Ising chain's energy.",
    ),
)


@exercise("boltzmann_machines-8")
def check_chain(answer: Any) -> Verdict:
    """ln Z of texts in which only equal neighbours are rewarded, as a function."""
    inputs = ((3, 4, 1, 1), (3, 4, 1, 2), (26, 10, -0.5, 1), (2, 2, 1.5, 0.5), (5, 1, 1, 3), (4, 6, 0, 1.5))
    return grade_function(
        "boltzmann_machines-8",
        answer,
        chain_log_z,
        [Case(f"V = {v}, L = {n}, J = {j}, T = {t}", (v, n, j, t)) for v, n, j, t in inputs],
        slips=CHAIN_SLIPS,
        signature="log_z(letters, length, coupling, temperature)",
        right="One sum of V terms, used L − 1 times.",
    )


# --- boltzmann_machines-9: how cold is cold? ----------------------------------------------------------------

COLD = (4 / 3) / math.log(297)
COLD_SLIPS = (
    Slip((4 / 3) / math.log(99 * 7), "that is for the pattern alone; its negative counts as well here."),
    Slip((4 / 3) / math.log(99), "count the states: two on one side, six on the other."),
    Slip((4 / 3) / math.log(300), "99 % against 1 % is a ratio of 99, not of 100."),
    Slip((4 / 3) / math.log(33), "there are three wrong states to each right one, so the ratio per state is 297."),
    Slip(1 / math.log(297), "the gap is 4/3, from −1 to +1/3."),
    Slip((2 / 3) / math.log(297), "the gap is 4/3, from −1 to +1/3; that took 1 − 1/3."),
    Slip(math.log(297) / (4 / 3), "turn it over: that is 1/T."),
)


@exercise("boltzmann_machines-9")
def check_cold(answer: Any) -> Verdict:
    """The temperature at which the memory of three units is right in 99 %."""
    return grade_number(
        "boltzmann_machines-9",
        answer,
        COLD,
        what="the temperature",
        rtol=1e-3,
        slips=COLD_SLIPS,
        right="Two states against six, a gap of 4/3, and odds of 99.",
    )
