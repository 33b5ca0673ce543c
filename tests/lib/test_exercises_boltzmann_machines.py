"""The checks of the chapter on Boltzmann machines: right answers pass, typical slips get their replies."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logsumexp

from book_lib.exercises import check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)
NAME = "boltzmann_machines"


def high_by_two_weights(low, high, field, temperature):
    exponents = np.array([low, high]) * field / temperature
    return math.exp(exponents[1] - logsumexp(exponents))


def free_by_counting(v, weights, visible_bias, hidden_bias, temperature):
    """−T ln of the sum over all hidden states of e^{−E/T}."""
    terms = []
    for h in itertools.product((0, 1), repeat=len(hidden_bias)):
        h = np.array(h)
        terms.append((v @ weights @ h + visible_bias @ v + hidden_bias @ h) / temperature)
    return -temperature * logsumexp(terms)


def slope_by_quotient(w, a, b, share):
    def likelihood(w):
        minus = {(v, h): v * h * w + v * a + h * b for v in (0, 1) for h in (0, 1)}
        log_z = logsumexp(list(minus.values()))
        seen = [logsumexp([minus[v, 0], minus[v, 1]]) - log_z for v in (0, 1)]
        return (1 - share) * seen[0] + share * seen[1]

    step = 1e-4  # Richardson: the error is of fourth order
    one = (likelihood(w + step) - likelihood(w - step)) / (2 * step)
    two = (likelihood(w + 2 * step) - likelihood(w - 2 * step)) / (4 * step)
    return (4 * one - two) / 3


def bias_from_energies(weights, bias):
    """The energy of one unit alone at 1, less that of none, with the couplings of the spins."""

    def energy(x):
        s = 2 * np.asarray(x) - 1
        return -0.5 * s @ weights @ s - bias @ s

    n = len(bias)
    return np.array([energy(np.zeros(n)) - energy(row) for row in np.eye(n)])


def pseudo_by_ratios(states, weights, bias):
    """Each conditional probability as p(s)/(p(s) + p(s with one spin turned)), unnormalised."""

    def minus_energy(s):
        return 0.5 * s @ weights @ s + bias @ s

    total = 0.0
    for s in states:
        for i in range(len(bias)):
            turned = np.array(s)
            turned[i] = -turned[i]
            total -= np.logaddexp(0, minus_energy(turned) - minus_energy(s))
    return total / len(states)


def log_z_by_transfer(letters, length, coupling, temperature):
    table = np.ones((letters, letters)) + np.eye(letters) * (math.exp(coupling / temperature) - 1)
    return math.log(np.linalg.matrix_power(table, length - 1).sum())


RIGHT = {
    f"{NAME}-2": high_by_two_weights,
    f"{NAME}-3": free_by_counting,
    f"{NAME}-6": bias_from_energies,
    f"{NAME}-7": pseudo_by_ratios,
    f"{NAME}-8": log_z_by_transfer,
    f"{NAME}-9": (4 / 3) / math.log(297),
}


def closed_slope(w, a, b, share):
    return (share - (math.exp(a) + math.exp(a + b + w)) / (1 + math.exp(a) + math.exp(b) + math.exp(a + b + w))) * (
        1 / (1 + math.exp(-w - b))
    )


def test_the_chapter_registers_its_checks():
    assert names(NAME) == [f"{NAME}-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


@pytest.mark.parametrize("point", [(0.0, 0.0, 0.0, 0.7), (1.0, -0.5, 0.3, 0.2), (-2.0, 0.4, 1.0, 1.0)])
def test_the_smallest_slope_is_that_of_the_likelihood(point):
    assert closed_slope(*point) == pytest.approx(slope_by_quotient(*point), abs=1e-9)


def test_the_slope_in_its_other_form_passes():
    assert check(f"{NAME}-5", closed_slope).right


@settings(max_examples=30)
@given(SEEDS)
def test_every_unit_has_its_answer_and_shows_every_slip(seed):
    unit = variant(f"{NAME}-1", seed)
    low = 0 if unit.units == "binary" else -1
    assert set(unit.others) <= {low, 1}
    energies = []
    for value in (low, 1):
        energies.append(-sum(w * x * value for w, x in zip(unit.weights, unit.others, strict=True)) - unit.bias * value)
    gap = energies[0] - energies[1]
    right = expit(gap / unit.temperature)
    assert check(f"{NAME}-1", right, seed=seed).right
    bias_part = unit.bias * (1 - low)
    slips = (
        (expit(gap * (0.5 if low else 2) / unit.temperature), "the gap is"),
        (expit(gap), "temperature is missing"),
        (1 - right, "lower value"),
        (expit((gap - bias_part) / unit.temperature), "bias is missing"),
        (expit((gap - 2 * bias_part) / unit.temperature), "wrong sign"),
    )
    for wrong, words in slips:
        verdict = check(f"{NAME}-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message, (wrong, str(verdict))


def test_the_same_seed_gives_the_same_unit():
    assert variant(f"{NAME}-1", 5) == variant(f"{NAME}-1", 5)
    drawn = [variant(f"{NAME}-1", seed) for seed in range(40)]
    assert len(set(drawn)) > 35 and {unit.units for unit in drawn} == {"binary", "spin"}


def z(v, w, b, t):
    return (v @ w + b) / t


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        (2, lambda a, b, h, t: expit(h / t), "units of 0 and 1"),
        (2, lambda a, b, h, t: expit(2 * h / t), "for ±1"),
        (2, lambda a, b, h, t: expit((b - a) * h), "temperature is missing"),
        (2, lambda a, b, h, t: expit((a - b) * h / t), "lower value"),
        (2, lambda a, b, h, t: expit((a + b) * h / t), "not a sum"),
        (2, lambda a, b, h, t: expit(b * h / t), "forgets"),
        (2, lambda a, b, h, t: expit((b - a) * h * t), "Divide by T"),
        (3, lambda v, w, a, b, t: free_by_counting(v, w, a, b, 1), "in front and inside"),
        (3, lambda v, w, a, b, t: -v @ a - np.logaddexp(0, z(v, w, b, t)).sum(), "in front of the sum"),
        (3, lambda v, w, a, b, t: -v @ a - t * np.logaddexp(0, z(v, w, b, 1)).sum(), "inside the logarithm"),
        (3, lambda v, w, a, b, t: -free_by_counting(v, w, a, b, t), "The sign: what is probable"),
        (3, lambda v, w, a, b, t: free_by_counting(v, w, -a, b, t), "sign of the visible bias"),
        (3, lambda v, w, a, b, t: free_by_counting(v, w, 0 * a, b, t), "visible biases are missing"),
        (3, lambda v, w, a, b, t: free_by_counting(v, w, a, 0 * b, t), "hidden biases are missing"),
        (3, lambda v, w, a, b, t: -v @ a - np.maximum(z(v, w, b, 1), 0).sum(), "the limit T → 0"),
        (3, lambda v, w, a, b, t: free_by_counting(v, 2 * w, a, 2 * b, t) + (v @ w + b).sum(), "hidden units ±1"),
        (3, lambda v, w, a, b, t: -v @ a - t * np.log(1 + np.exp(z(v, w, b, t))).sum(), "right on 4 of 5"),
        (5, lambda w, a, b, m: -closed_slope(w, a, b, m), "The sign"),
        (5, lambda w, a, b, m: m * expit(w + b), "the data's half"),
        (5, lambda w, a, b, m: closed_slope(w, a, b, m) + m * expit(-w - b), "not always on"),
        (5, lambda w, a, b, m: closed_slope(w, a, b, m) + m * (expit(w) - expit(w + b)), "field is w + b"),
        (5, lambda w, a, b, m: m * expit(w + b) - 1 / 4, "not equally probable"),
        (5, lambda w, a, b, m: m * expit(w + b) - expit(w + a + b), "four terms"),
        (6, lambda w, b: 2 * b, "leave a field behind"),
        (6, lambda w, b: b / 2 + w @ np.ones(len(b)) / 4, "the other way"),
        (6, lambda w, b: 2 * b + 2 * w @ np.ones(len(b)), "sign of the row sums"),
        (6, lambda w, b: 2 * b - 4 * w @ np.ones(len(b)), "halves the two"),
        (6, lambda w, b: 2 * b - w @ np.ones(len(b)), "two cross terms"),
        (6, lambda w, b: b - 2 * w @ np.ones(len(b)), "the bias doubles"),
        (7, lambda s, w, b: pseudo_by_ratios(s, w / 2, b / 2), "half the gap"),
        (7, lambda s, w, b: pseudo_by_ratios(s, -w, -b), "agrees with its field"),
        (7, lambda s, w, b: pseudo_by_ratios(s, w, b) * len(s), "summed over the states"),
        (7, lambda s, w, b: pseudo_by_ratios(s, w, b) / 4, "Sum over the units"),
        (7, lambda s, w, b: -pseudo_by_ratios(s, w, b), "That is the loss"),
        (7, lambda s, w, b: pseudo_by_ratios(s, w, 0 * b), "bias is missing"),
        (7, lambda s, w, b: math.exp(pseudo_by_ratios(s, w, b)), "its logarithm is asked"),
        (7, lambda s, w, b: -np.logaddexp(0, -2 * (s @ w + b)).sum(1).mean(), "needs σ(−2h)"),
        (8, lambda v, n, j, t: log_z_by_transfer(v, n + 1, j, t), "L − 1 pairs"),
        (8, lambda v, n, j, t: log_z_by_transfer(v, n, j, t) - math.log(v), "first letter"),
        (8, lambda v, n, j, t: math.log(v) + (n - 1) * math.log(math.exp(j / t) + v), "not V"),
        (8, lambda v, n, j, t: log_z_by_transfer(v, n, -j, t), "The sign"),
        (8, lambda v, n, j, t: log_z_by_transfer(v, n, j, 1), "temperature is missing"),
        (8, lambda v, n, j, t: math.exp(log_z_by_transfer(v, n, j, t)), "its logarithm is asked"),
        (8, lambda v, n, j, t: t * log_z_by_transfer(v, n, j, t), "T ln Z"),
        (
            8,
            lambda v, n, j, t: math.log(v) + (n - 1) * math.log(math.exp(j / t) + (v - 1) * math.exp(-j / t)),
            "Unlike neighbours",
        ),
        (9, (4 / 3) / math.log(99 * 7), "the pattern alone"),
        (9, (4 / 3) / math.log(99), "count the states"),
        (9, (4 / 3) / math.log(300), "not of 100"),
        (9, (4 / 3) / math.log(33), "three wrong states"),
        (9, 1 / math.log(297), "the gap is 4/3"),
        (9, (2 / 3) / math.log(297), "that took 1 − 1/3"),
        (9, math.log(297) / (4 / 3), "turn it over"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(f"{NAME}-{name}", answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_the_cold_memory_is_right_in_99_per_cent():
    weights = [2 * math.exp(1 / RIGHT[f"{NAME}-9"]), 6 * math.exp(-1 / 3 / RIGHT[f"{NAME}-9"])]
    assert weights[0] / sum(weights) == pytest.approx(0.99, abs=1e-12)


@pytest.mark.parametrize("name", [f"{NAME}-1", f"{NAME}-5", *RIGHT])
@pytest.mark.parametrize("answer", [None, "two", [1, 2], math.nan, lambda: 1])
def test_what_is_no_answer_gets_a_reply_and_no_traceback(name, answer):
    assert not check(name, answer).right
