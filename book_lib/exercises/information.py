"""Checks and data for the exercises of the chapter on information and energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- information-1: a thermometer (with variants) -----------------------------------------------------------


@dataclass(frozen=True)
class Levels:
    """Data of ``information-1``: the energies of four states, and their mean in equilibrium."""

    energies: tuple[float, ...]
    mean_energy: float


def levels_puzzle(seed: int) -> Levels:
    """Draw four energies from 0 up and a mean energy, T between 0.6 and 4, such that every typical slip shows."""
    rng = CounterRNG(seed, stream=1)
    while True:
        gaps = [int(rng.integers(1, 4)) for _ in range(3)]
        energies = tuple(float(sum(gaps[:n])) for n in range(4))
        wanted = 0.6 + 0.1 * int(rng.integers(0, 35))
        puzzle = Levels(energies, round(_mean_energy(energies, wanted), 4))
        values = sorted([levels_temperature(puzzle), *(slip.answer for slip in _levels_slips(puzzle))])
        if all(high - low > 0.05 * abs(low) for low, high in zip(values, values[1:], strict=False)):
            return puzzle


def levels_temperature(puzzle: Levels) -> float:
    """Return the temperature at which the states have their mean energy, by bisection."""
    low, high = 0.05, 50.0
    for _ in range(100):
        middle = (low + high) / 2
        too_warm = _mean_energy(puzzle.energies, middle) > puzzle.mean_energy
        low, high = (low, middle) if too_warm else (middle, high)
    return (low + high) / 2


def _mean_energy(energies: tuple[float, ...], temperature: float) -> float:
    levels = np.array(energies)
    weights = np.exp(-(levels - levels.min()) / temperature)
    return float(weights @ levels / weights.sum())


def _levels_slips(puzzle: Levels) -> tuple[Slip, ...]:
    temperature = levels_temperature(puzzle)
    return (
        Slip(1 / temperature, "this is 1/T, the price of energy; turn it over."),
        Slip(-temperature, "the sign: here states that cost more are rarer, so T is positive."),
        Slip(temperature * np.log(2), "this is T for powers of two; the law is e^(−E/T)."),
        Slip(puzzle.mean_energy, "this is the mean energy; T is what makes the mean so."),
    )


@exercise("information-1", variant=levels_puzzle)
def check_thermometer(answer: Any, puzzle: Levels) -> Verdict:
    """The temperature of four levels whose mean energy is known."""
    return grade_number(
        "information-1",
        answer,
        levels_temperature(puzzle),
        what="the temperature",
        rtol=2e-3,
        slips=_levels_slips(puzzle),
        right="At this T the four states have the mean energy that was measured.",
    )


# --- information-2: divergence in bits ----------------------------------------------------------------------


def divergence_bits(p: np.ndarray, q: np.ndarray) -> float:
    """Return KL(p‖q) in bits, with 0 ln 0 = 0."""
    p, q = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    some = p > 0
    return float(np.sum(p[some] * np.log2(p[some] / q[some])))


def _cross_bits(p: np.ndarray, q: np.ndarray) -> float:
    return float(-np.sum(p[p > 0] * np.log2(q[p > 0])))


DIVERGENCE_SLIPS = (
    Slip(lambda p, q: divergence_bits(p, q) * np.log(2), "These are nats; divide by ln 2 for bits."),
    Slip(lambda p, q: divergence_bits(q, p), "The order: p is what happens, so p does the averaging."),
    Slip(lambda p, q: divergence_bits(q, p) * np.log(2), "The order of p and q, and nats in place of bits."),
    Slip(lambda p, q: -divergence_bits(p, q), "The sign: the logarithm is of p/q, and a divergence is ≥ 0."),
    Slip(_cross_bits, "That is the cross-entropy; subtract the entropy of p."),
    Slip(lambda p, q: divergence_bits(p, q) / np.log(2), "Divided by ln 2 twice: log2 gives bits already."),
)


@exercise("information-2")
def check_divergence(answer: Any) -> Verdict:
    """The Kullback–Leibler divergence in bits, as a function."""
    pairs = (
        ("p = (½, ¼, ⅛, ⅛), q uniform", [0.5, 0.25, 0.125, 0.125], [0.25] * 4),
        ("p = (.7, .2, .1), q = (.3, .3, .4)", [0.7, 0.2, 0.1], [0.3, 0.3, 0.4]),
        ("the same the other way round", [0.3, 0.3, 0.4], [0.7, 0.2, 0.1]),
        ("two equal laws", [0.6, 0.4], [0.6, 0.4]),
        ("p = (1, 0, 0, 0), q = (.91, .03, .03, .03)", [1.0, 0.0, 0.0, 0.0], [0.91, 0.03, 0.03, 0.03]),
        ("p = (½, ½, 0), q = (½, ½, 0)", [0.5, 0.5, 0.0], [0.5, 0.5, 0.0]),
    )
    cases = [Case(words, (np.array(p), np.array(q))) for words, p, q in pairs]
    return _grade_in_turn(
        "information-2",
        answer,
        divergence_bits,
        cases,
        slips=DIVERGENCE_SLIPS,
        signature="divergence(p, q)",
        right="Right, in bits and with 0 ln 0 = 0.",
    )


def _grade_in_turn(name: str, answer: Any, reference: Any, cases: list[Case], **options: Any) -> Verdict:
    """Grade on the cases without zeros first: with zeros a slip gives infinities, by which none is known."""
    plain = [case for case in cases if all(np.all(argument > 0) for argument in case.arguments)]
    first = grade_function(name, answer, reference, plain, rtol=1e-6, atol=1e-12, **options)
    if not first.right:
        return first
    return grade_function(name, answer, reference, cases, rtol=1e-6, atol=1e-12, **options)


# --- information-3: a spring in a bath ----------------------------------------------------------------------


def spring_spread(stiffness: float, temperature: float) -> float:
    """Return the standard deviation √(T/a) of x under exp(−a x²/2T)/Z."""
    return float(np.sqrt(temperature / stiffness))


SPRING_SLIPS = (
    Slip(lambda a, t: t / a, "That is the variance; the standard deviation is its root."),
    Slip(lambda a, t: np.sqrt(2 * t / a), "A factor 2: compare −a x²/2T with −x²/2σ²."),
    Slip(lambda a, t: np.sqrt(t / (2 * a)), "A factor 2: compare −a x²/2T with −x²/2σ²."),
    Slip(lambda a, t: np.sqrt(a / t), "Upside down: a stiff spring holds x near 0, and heat drives it away."),
    Slip(lambda a, t: 1 / np.sqrt(a), "The temperature is missing: the weight is exp(−E/T)."),
    Slip(lambda a, t: np.sqrt(1 / (a * t)), "T divides the energy in the exponent, so it widens the law."),
)


@exercise("information-3")
def check_spring(answer: Any) -> Verdict:
    """The standard deviation of a point on a spring at temperature T, as a function."""
    inputs = ((1, 1), (2, 1), (1, 2), (0.5, 3), (10, 0.1), (4, 9))
    return grade_function(
        "information-3",
        answer,
        spring_spread,
        [Case(f"a = {a:g}, T = {t:g}", (float(a), float(t))) for a, t in inputs],
        slips=SPRING_SLIPS,
        signature="spread(stiffness, temperature)",
        rtol=1e-6,
        right="Right: a normal law of variance T/a, so that ⟨E⟩ = T/2 whatever the spring.",
    )


# --- information-5: two spins, two coins --------------------------------------------------------------------


def coins_excess(temperature: float, coupling: float) -> float:
    """Return T ln cosh(J/T), written so that a large J/T keeps its digits."""
    x = abs(coupling) / temperature
    return float(temperature * (x + np.log1p(np.exp(-2 * x)) - np.log(2)))


def _coins_without_entropy(temperature: float, coupling: float) -> float:
    return coins_excess(temperature, coupling) + 2 * temperature * np.log(2)


EXCESS_SLIPS = (
    Slip(lambda t, j: coins_excess(t, j) / t, "That is the divergence; the excess is T times as much."),
    Slip(lambda t, j: -coins_excess(t, j), "The sign: the coins pay more than Boltzmann's law, never less."),
    Slip(_coins_without_entropy, "The entropy of the coins, 2 ln 2, is missing from their free energy."),
    Slip(lambda t, j: coins_excess(t, j) + t * np.log(2), "Each of the two coins has the entropy ln 2."),
    Slip(lambda t, j: coins_excess(t, 2 * j), "A factor 2: the four weights are e^(±J/T)."),
    Slip(lambda t, j: coins_excess(1.0, j), "The temperature is missing."),
    Slip(lambda t, j: j, "That is the energy missed at T = 0; at T > 0 entropy makes up for some of it."),
)


@exercise("information-5")
def check_excess(answer: Any) -> Verdict:
    """By how much two fair coins miss the least free energy of two spins, as a function."""
    inputs = ((2, 1), (1, 1), (1, -1), (0.5, 2), (3, 0), (10, 1), (0.05, 1))
    return grade_function(
        "information-5",
        answer,
        coins_excess,
        [Case(f"T = {t:g}, J = {j:g}", (float(t), float(j))) for t, j in inputs],
        slips=EXCESS_SLIPS,
        signature="excess(temperature, coupling)",
        rtol=1e-6,
        right="Right for both signs of J: T ln cosh(J/T) is T times a divergence, and never negative.",
    )


# --- information-6: prediction minus target -----------------------------------------------------------------


def softmax_gradient(logits: np.ndarray, target: int, temperature: float) -> np.ndarray:
    """Return ∂(−ln p_t)/∂z_k = (p_k − [k = t])/T, shape of ``logits``."""
    slopes = _softmax(logits, temperature)
    slopes[target] -= 1
    return slopes / temperature


def _softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    z = np.asarray(logits, dtype=float) / temperature
    weights = np.exp(z - z.max())
    return weights / weights.sum()


GRADIENT_SLIPS = (
    Slip(lambda z, k, t: softmax_gradient(z, k, t) * t, "A factor 1/T: the exponent is z/T."),
    Slip(lambda z, k, t: -softmax_gradient(z, k, t), "The sign: that is the slope of +ln p_t."),
    Slip(lambda z, k, t: _softmax(z, t) / t, "The target is missing: subtract 1 at k = t."),
    Slip(lambda z, k, t: _softmax(z, t), "The target is missing: subtract 1 at k = t; and divide by T."),
    Slip(lambda z, k, t: softmax_gradient(z, k, 1.0), "The temperature is not used."),
    Slip(lambda z, k, t: softmax_gradient(z, k, 1.0) / t, "The probabilities need the temperature too."),
)


@exercise("information-6")
def check_gradient(answer: Any) -> Verdict:
    """The gradient of −ln p_t by the logits of a softmax with temperature, as a function."""
    four = np.array([4.0, 3.0, 2.0, 0.0])
    cases = [
        Case("z = (4, 3, 2, 0), target 0, T = 1", (four, 0, 1.0)),
        Case("the same with T = 2", (four, 0, 2.0)),
        Case("target 3, T = 0.5", (four, 3, 0.5)),
        Case("three equal logits, target 1, T = 1", (np.zeros(3), 1, 1.0)),
        Case("logits a thousand higher, target 1, T = 2", (four + 1000, 1, 2.0)),
    ]
    return grade_function(
        "information-6",
        answer,
        softmax_gradient,
        cases,
        slips=GRADIENT_SLIPS,
        signature="gradient(logits, target, temperature)",
        rtol=1e-6,
        right="Prediction minus target, over T; the slopes add up to zero.",
    )


# --- information-7: a soft maximum --------------------------------------------------------------------------


def soft_maximum(z: np.ndarray, temperature: float) -> float:
    """Return T ln Σ exp(z/T), the largest score subtracted first."""
    z = np.asarray(z, dtype=float)
    return float(z.max() + temperature * np.log(np.sum(np.exp((z - z.max()) / temperature))))


SOFT_SLIPS = (
    Slip(lambda z, t: soft_maximum(z, t) / t, "That is ln Z; T times it is asked."),
    Slip(lambda z, t: soft_maximum(z, 1.0), "The temperature is not used."),
    Slip(lambda z, t: float(np.max(z)), "That is the maximum itself, the limit T → 0."),
    Slip(lambda z, t: soft_maximum(z, t) - np.max(z), "The largest score was subtracted and not put back."),
    Slip(lambda z, t: t * soft_maximum(z, 1.0), "T divides the scores in the exponent as well."),
)


@exercise("information-7")
def check_soft_maximum(answer: Any) -> Verdict:
    """The log-sum-exp with temperature, as a function that does not overflow."""
    cases = [
        Case("z = (4, 3, 2, 0), T = 1", (np.array([4.0, 3.0, 2.0, 0.0]), 1.0)),
        Case("the same with T = 2", (np.array([4.0, 3.0, 2.0, 0.0]), 2.0)),
        Case("three equal scores, T = 0.5", (np.array([1.0, 1.0, 1.0]), 0.5)),
        Case("z = (1000, 999, 0), T = 1", (np.array([1000.0, 999.0, 0.0]), 1.0)),
        Case("z = (−1000, −1001), T = 1", (np.array([-1000.0, -1001.0]), 1.0)),
        Case("z = (3, 2), T = 0.001", (np.array([3.0, 2.0]), 0.001)),
    ]
    return grade_function(
        "information-7",
        answer,
        soft_maximum,
        cases,
        slips=SOFT_SLIPS,
        signature="soft_maximum(z, temperature)",
        rtol=1e-9,
        right="Right, for scores that are far too large for a plain exponential as well.",
    )


# --- information-8: where the hump is -----------------------------------------------------------------------


def _fixed_point(step: Any, start: float) -> float:
    value = start
    for _ in range(200):
        value = float(step(value))
    return value


HUMP = 1 / _fixed_point(lambda x: 2 / np.tanh(x / 2), 2.0)
RISE = 1 / _fixed_point(lambda x: 3 / np.tanh(x / 2), 3.0)  # where Var E/T³, the slope of S, is largest
HUMP_SLIPS = (
    Slip(1 / HUMP, "this is x = 1/T; turn it over."),
    Slip(
        float((0.5 / HUMP / np.cosh(0.5 / HUMP)) ** 2), "this is how high the hump is; where it is, is asked."
    ),
    Slip(RISE, "there the entropy rises most steeply, Var E/T³; the heat capacity is Var E/T²."),
    Slip(1 / np.log(3), "there a quarter is up; the hump lies elsewhere."),
)


@exercise("information-8")
def check_hump(answer: Any) -> Verdict:
    """The temperature, in units of the gap, at which two levels have their largest heat capacity."""
    return grade_number(
        "information-8",
        answer,
        HUMP,
        what="the temperature of the hump",
        rtol=3e-4,
        slips=HUMP_SLIPS,
        right="About 0.42 of the gap: find the hump in a measurement, and you know the gap.",
    )


# --- information-9: mutual information ----------------------------------------------------------------------


def mutual_information(joint: np.ndarray) -> float:
    """Return Σ p(x,y) ln p(x,y)/(p(x)p(y)) in nats, with 0 ln 0 = 0."""
    joint = np.asarray(joint, dtype=float)
    product = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    some = joint > 0
    return float(np.sum(joint[some] * np.log(joint[some] / product[some])))


def _entropy(p: np.ndarray) -> float:
    p = np.asarray(p, dtype=float)
    return float(-np.sum(p[p > 0] * np.log(p[p > 0])))


def _reversed_information(joint: np.ndarray) -> float:
    product = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return float(np.sum(product * np.log(product / joint)))


INFORMATION_SLIPS = (
    Slip(lambda j: -mutual_information(j), "The sign: S(x) + S(y) − S(x, y), which is never negative."),
    Slip(lambda j: mutual_information(j) / np.log(2), "These are bits; nats are asked."),
    Slip(_entropy, "That is the entropy of the table; how much is lost by taking x and y apart?"),
    Slip(
        lambda j: _entropy(j) - _entropy(j.sum(axis=1)), "That is S(x, y) − S(x), the entropy of y given x."
    ),
    Slip(
        lambda j: _entropy(j) - _entropy(j.sum(axis=0)), "That is S(x, y) − S(y), the entropy of x given y."
    ),
    Slip(_reversed_information, "The order: the table is what happens, so the table does the averaging."),
)


@exercise("information-9")
def check_information(answer: Any) -> Verdict:
    """The mutual information of a joint table in nats, as a function."""
    tables = (
        ("a 2 × 2 table", [[0.4, 0.1], [0.2, 0.3]]),
        ("a 2 × 3 table", [[0.1, 0.2, 0.1], [0.3, 0.1, 0.2]]),
        ("independent variables", np.outer([0.3, 0.7], [0.2, 0.5, 0.3])),
        ("x = y, two values", [[0.5, 0.0], [0.0, 0.5]]),
        ("a table with a zero", [[0.5, 0.25], [0.25, 0.0]]),
    )
    return _grade_in_turn(
        "information-9",
        answer,
        mutual_information,
        [Case(words, (np.array(table, dtype=float),)) for words, table in tables],
        slips=INFORMATION_SLIPS,
        signature="mutual_information(joint)",
        right="Right: zero for independent variables, ln 2 when one tells all of the other.",
    )
