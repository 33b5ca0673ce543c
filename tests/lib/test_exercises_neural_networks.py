"""The checks of the chapter on neural networks: right answers pass, typical slips get their replies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize

from book_lib.exercises import check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)


def through_points(x, t, at):
    """Straight pieces between sorted points; level to the left, the last piece going on to the right."""
    pairs = sorted(zip(x, t, strict=True))
    (left, first), (before, low), (right, high) = pairs[0], pairs[-2], pairs[-1]
    values = []
    for place in at:
        if place <= left:
            values.append(first)
        elif place >= right:
            values.append(high + (place - right) * (high - low) / (right - before))
        else:
            values.append(np.interp(place, *zip(*pairs, strict=True)))
    return np.array(values)


def largest_repair():
    """Maximise a over (a, b, c) by a linear program."""
    rows = np.array([[60, 2, 1], [70, 8, 1], [220, 25, 1], [80, 20, 1]], dtype=float)
    found = optimize.linprog(
        [-1, 0, 0], A_ub=rows[2:], b_ub=[0, 0], A_eq=rows[:2], b_eq=[600, 350], bounds=[(None, None)] * 3
    )
    return -found.fun


def perceptron(X, t, rounds):
    w, c = np.zeros(X.shape[1]), 0.0
    for _ in range(rounds):
        for i in range(len(X)):
            if t[i] * (X[i] @ w + c) <= 0:
                w, c = w + t[i] * X[i], c + t[i]
    return np.append(w, c)


def updates(R, gamma, m):
    """Where the two bounds meet: k γ = √(k (R² + 2m))."""
    return optimize.brentq(lambda k: k * gamma - math.sqrt(k * (R * R + 2 * m)), 1e-9, 1e9, xtol=1e-13, rtol=1e-14)


def slope_by_differences(z, t):
    """Complex steps: exact to rounding, without a formula."""

    def loss(z):
        shifted = np.exp(z - z.real.max())
        p = shifted / shifted.sum()
        return 0.5 * ((p - t) ** 2).sum()

    return np.array([loss(z + 1e-30j * unit).imag / 1e-30 for unit in np.eye(len(z))])


def count(sizes, bias=True):
    total = 0
    for k in range(1, len(sizes)):
        total += np.zeros((sizes[k], sizes[k - 1])).size + (sizes[k] if bias else 0)
    return total


def pieces():
    n = 1
    while (2 * math.pi / n) ** 2 / 8 > 1e-3:
        n += 1
    return n


RIGHT = {
    "neural_networks-2": through_points,
    "neural_networks-3": largest_repair(),
    "neural_networks-5": perceptron,
    "neural_networks-6": updates,
    "neural_networks-7": slope_by_differences,
    "neural_networks-8": count,
    "neural_networks-9": pieces(),
}


def test_the_chapter_registers_its_checks():
    assert names("neural_networks") == [f"neural_networks-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


def climb_of(cell, current):
    """Seconds from 0 to the threshold, from the differential equation."""

    def reached(_, v):
        return v[0] - cell.threshold

    reached.terminal = True
    run = integrate.solve_ivp(
        lambda _, v: (current - v) / cell.tau, (0, 10), [0.0], events=reached, rtol=1e-10, atol=1e-12
    )
    return run.t_events[0][0]


@pytest.mark.parametrize("seed", range(4))
def test_at_the_current_the_neuron_fires_at_its_rate(seed):
    cell = variant("neural_networks-1", seed)
    current = optimize.brentq(
        lambda one: climb_of(cell, one) + cell.refractory - 1 / cell.rate, 1.0005 * cell.threshold, 60 * cell.threshold
    )
    assert check("neural_networks-1", current, seed=seed).right


@given(SEEDS)
def test_every_neuron_has_its_answer_and_shows_every_slip(seed):
    cell = variant("neural_networks-1", seed)
    left = 1 / cell.rate - cell.refractory
    share = 1 - math.exp(-left / cell.tau)
    assert check("neural_networks-1", cell.threshold / share, seed=seed).right
    slips = (
        (cell.threshold / (1 - math.exp(-1 / (cell.rate * cell.tau))), "the pause is missing"),
        (1 / share, "the threshold is missing"),
        (cell.threshold / (1 - share), "the voltage climbs as"),
        (cell.threshold * share, "turn it over"),
        (cell.threshold, "rheobase"),
    )
    for wrong, words in slips:
        verdict = check("neural_networks-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message, (wrong, str(verdict))


def test_the_same_seed_gives_the_same_neuron():
    assert variant("neural_networks-1", 5) == variant("neural_networks-1", 5)
    assert len({variant("neural_networks-1", seed) for seed in range(40)}) > 30


def unsorted(x, t, at):
    changes = np.diff(np.diff(t) / np.diff(x), prepend=0)
    return t[0] + np.maximum(at[:, None] - x[:-1], 0) @ changes


def hinges(x, t, at, weights):
    """t₁ + Σ wᵢ ReLU(at − xᵢ) over the sorted points, the weights made from the steps in x and in t."""
    x, t = np.sort(x), t[np.argsort(x)]
    return t[0] + np.maximum(at[:, None] - x[:-1], 0) @ weights(np.diff(x), np.diff(t))


def updated(X, t, rounds, *, bias=1.0, stale=False, always=False):
    """The perceptron without a bias, with each round's first weights for all its examples, or updating every time."""
    X = np.column_stack([X, np.full(len(X), bias)]) if bias else X
    w = np.zeros(X.shape[1])
    for _ in range(rounds):
        old = w.copy()
        for x, sign in zip(X, t, strict=True):
            if always or sign * ((old if stale else w) @ x) <= 0:
                w = w + sign * x
    return w


def away(X, t, rounds):
    X = np.column_stack([X, np.ones(len(X))])
    w = np.zeros(X.shape[1])
    for i in list(range(len(X))) * rounds:
        w = w - t[i] * X[i] * (t[i] * (X[i] @ w) <= 0)
    return w


def softmax(z):
    weights = np.exp(z - z.max())
    return weights / weights.sum()


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("neural_networks-2", unsorted, "sort both lists"),
        ("neural_networks-2", lambda x, t, at: np.interp(at, np.sort(x), t[np.argsort(x)]), "level there"),
        ("neural_networks-2", lambda x, t, at: through_points(x, t - t[np.argmin(x)], at), "starts at 0"),
        ("neural_networks-2", lambda x, t, at: hinges(x, t, at, lambda dx, dt: dt / dx), "change of slope"),
        ("neural_networks-2", lambda x, t, at: hinges(x, t, at, lambda _, dt: np.diff(dt, prepend=0)), "rise over run"),
        ("neural_networks-3", (358 + 1 / 3) / 160, "depends on a as well"),  # 160a − 23·125/3 + 600 = 0
        ("neural_networks-3", 5, "weight in h₁"),
        ("neural_networks-3", -215 / 73, "the sign"),
        ("neural_networks-3", 2, "repair of the text"),
        ("neural_networks-3", -15, "smallest one"),
        ("neural_networks-3", 12, "printed weight"),
        ("neural_networks-5", lambda X, t, n: np.zeros(X.shape[1] + 1), "≤, not <"),
        ("neural_networks-5", away, "The sign"),
        ("neural_networks-5", lambda X, t, n: perceptron(X, t, 1), "That is one round"),
        ("neural_networks-5", lambda X, t, n: np.roll(perceptron(X, t, n), 1), "bias comes last"),
        ("neural_networks-5", lambda X, t, n: updated(X, t, n, always=True), "only where the answer is wrong"),
        ("neural_networks-5", lambda X, t, n: updated(X, t, n, stale=True), "uses old weights"),
        ("neural_networks-5", lambda X, t, n: updated(X, t, n, bias=0), "bias is missing"),
        ("neural_networks-6", lambda R, g, m: (R / g) ** 2, "m = 0"),
        ("neural_networks-6", lambda R, g, m: (R**2 - 2 * m) / g**2, "not fewer"),
        ("neural_networks-6", lambda R, g, m: (R / (g - m)) ** 2, "m enters the length"),
        ("neural_networks-6", lambda R, g, m: ((R + 2 * m) / g) ** 2, "not R"),
        ("neural_networks-6", lambda R, g, m: (R**2 + m) / g**2, "factor 2"),
        ("neural_networks-6", lambda R, g, m: updates(R, g, m) * g, "γ is squared"),
        ("neural_networks-7", lambda z, t: softmax(z) - t, "J is missing"),
        ("neural_networks-7", lambda z, t: softmax(z) * (1 - softmax(z)) * (softmax(z) - t), "diagonal of J"),
        ("neural_networks-7", lambda z, t: -slope_by_differences(z, t), "The sign"),
        ("neural_networks-7", lambda z, t: softmax(z) * (softmax(z) - t), "second part of J"),
        ("neural_networks-7", lambda z, t: 2 * slope_by_differences(z, t), "A factor 2"),
        ("neural_networks-8", lambda sizes, bias=True: count(sizes, False), "has a bias as well"),
        ("neural_networks-8", lambda sizes, bias=True: count(sizes, bias) + bias * sizes[0], "no units"),
        ("neural_networks-8", lambda sizes, bias=True: count(sizes, False) + bias * (len(sizes) - 1), "not one in all"),
        ("neural_networks-8", lambda sizes, bias=True: count(sizes), "use `bias`"),
        ("neural_networks-8", lambda sizes, bias=True: sum(sizes), "counts units"),
        ("neural_networks-9", 70, "rounded down"),
        ("neural_networks-9", 2 * math.pi / math.sqrt(0.008), "whole pieces"),
        ("neural_networks-9", 36, "half of a wave"),
        ("neural_networks-9", 786, "square of the spacing"),
        ("neural_networks-9", 100, "s²/8, not s²/4"),
        ("neural_networks-9", 199, "s²/8, not s²"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_a_perceptron_that_changes_its_data_is_told():
    def in_place(X, t, rounds):
        X *= t[:, None]
        return np.zeros(X.shape[1] + 1)

    verdict = check("neural_networks-5", in_place)
    assert not verdict.right and "changed its input" in verdict.failed[0]


@pytest.mark.parametrize("name", sorted(RIGHT))
@pytest.mark.parametrize("answer", [None, "two", [1, 2], math.nan, lambda: 1])
def test_what_is_no_answer_gets_a_reply_and_no_traceback(name, answer):
    assert not check(name, answer).right
