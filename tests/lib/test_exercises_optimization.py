"""The checks of the chapter on optimisation: right answers pass, typical slips get their replies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from book_lib.exercises import check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)


def walk(gradient, start, learning_rate, steps):
    points = np.empty((steps + 1, len(start)))
    points[0] = start
    for k in range(steps):
        points[k + 1] = points[k] - learning_rate * gradient(points[k])
    return points


def limit_with_momentum(curvature, momentum):
    """Where the largest eigenvalue of one step, as a matrix, passes one."""

    def excess(rate):
        step = np.array([[1 - rate * curvature, -rate * momentum], [curvature, momentum]])
        return np.abs(np.linalg.eigvals(step)).max() - 1

    return optimize.brentq(excess, 1.5 * (1 + momentum) / curvature, 9 / curvature, xtol=1e-13)


def variance_by_iteration(curvature, learning_rate, noise, growth):
    v = 0.0
    for _ in range(20_000):
        v = (1 - learning_rate * curvature) ** 2 * v + learning_rate**2 * (noise + growth * v)
    return v


def adamw(start, gradients, learning_rate, decay):
    torch = pytest.importorskip("torch")
    w = torch.tensor(np.array(start, dtype=float), requires_grad=True)
    other = torch.optim.AdamW([w], lr=learning_rate, weight_decay=decay)
    for row in np.array(gradients, dtype=float):
        w.grad = torch.tensor(row)
        other.step()
    return w.detach().numpy()


def variance_of_a_batch(slopes, size):
    """From the covariances of the indicators "example n is in the batch"."""
    count = len(slopes)
    share = size / count
    pair = size * (size - 1) / (count * (count - 1)) - share**2
    covariance = np.full((count, count), pair)
    np.fill_diagonal(covariance, share * (1 - share))
    return slopes @ covariance @ slopes / size**2


def tie(depth, narrow, wide):
    def difference(temperature):
        return depth / temperature - 0.5 * math.log(narrow / wide)

    return optimize.brentq(difference, 1e-3, 1e3)


RIGHT = {
    "optimization-2": walk,
    "optimization-3": limit_with_momentum,
    "optimization-5": variance_by_iteration,
    "optimization-6": adamw,
    "optimization-7": variance_of_a_batch,
    "optimization-8": tie,
    "optimization-9": optimize.brentq(lambda rate: 2 - rate * (2**3 - 2), 0, 1),
}


def test_the_chapter_registers_its_checks():
    assert names("optimization") == [f"optimization-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


@given(SEEDS)
def test_every_bowl_has_its_answer_and_shows_every_slip(seed):
    (a, b), (also_b, d) = variant("optimization-1", seed).rows
    assert b == also_b and a * d > b * b  # symmetric, and a bowl
    root = math.hypot((a - d) / 2, b)
    high, low = (a + d) / 2 + root, (a + d) / 2 - root
    assert check("optimization-1", 2 / high, seed=seed).right
    slips = (
        (1 / high, "that is 1/L"),
        (2 / low, "flattest direction"),
        (2 / (a + d), "the trace"),
        (2 / max(a, d), "steeper still"),
        (high, "the limit is 2/L"),
        (4 / (a + d), "too long a step"),
    )
    for wrong, words in slips:
        verdict = check("optimization-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message, (wrong, str(verdict))


@pytest.mark.parametrize("seed", range(5))
def test_the_bowl_blows_up_where_the_answer_says(seed):
    matrix = np.array(variant("optimization-1", seed).rows)
    limit = 2 / np.linalg.eigvalsh(matrix)[1]
    start = np.array([1.0, 0.7])
    for part, ends_small in ((0.98, True), (1.02, False)):
        end = walk(lambda w: matrix @ w, start, part * limit, 600)[-1]
        assert (np.abs(end).max() < 1) == ends_small


def test_the_same_seed_gives_the_same_bowl():
    assert variant("optimization-1", 5) == variant("optimization-1", 5)
    assert len({variant("optimization-1", seed) for seed in range(40)}) > 25


def stuck(gradient, start, learning_rate, steps):
    slope = gradient(start)
    return np.array([start - learning_rate * n * slope for n in range(steps + 1)])


def adam(start, gradients, learning_rate, decay, *, corrected=True):
    """Adam with λw in the gradient."""
    w, m, s = np.array(start), np.zeros(2), np.zeros(2)
    for t, row in enumerate(gradients, start=1):
        g = row + decay * w
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        a, b = (1 - 0.9**t, 1 - 0.999**t) if corrected else (1, 1)
        w = w - learning_rate * (m / a) / (np.sqrt(s / b) + 1e-8)
    return w


def adamw_uncorrected(start, gradients, learning_rate, decay):
    w, m, s = np.array(start), np.zeros(2), np.zeros(2)
    for g in gradients:
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        w = (1 - learning_rate * decay) * w - learning_rate * m / (np.sqrt(s) + 1e-8)
    return w


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("optimization-2", lambda g, w, r, n: walk(g, w, -r, n), "that climbs"),
        ("optimization-2", lambda g, w, r, n: walk(g, w, r, n)[-1], "only where it ends"),
        ("optimization-2", lambda g, w, r, n: walk(g, w, r, n)[1:], "The start is the first"),
        ("optimization-2", lambda g, w, r, n: walk(g, w, r, n)[:-1], "One step is missing"),
        ("optimization-2", stuck, "taken anew"),
        ("optimization-3", lambda a, b: 2 / a, "without momentum"),
        ("optimization-3", lambda a, b: 2 * (1 - b) / a, "sign of β"),
        ("optimization-3", lambda a, b: (1 + math.sqrt(b)) ** 2 / a, "roots are complex"),
        ("optimization-3", lambda a, b: 2 * (1 + b), "curvature is missing"),
        ("optimization-3", lambda a, b: 2 / (a * (1 - b)), "that is no limit"),
        ("optimization-3", lambda a, b: (1 + b) / a, "a root reaches −1"),
        ("optimization-5", lambda a, r, s, c: variance_by_iteration(a, r, s, 0), "c = 0"),
        ("optimization-5", lambda a, r, s, c: a * variance_by_iteration(a, r, s, c), "the temperature"),
        (
            "optimization-5",
            lambda a, r, s, c: math.sqrt(variance_by_iteration(a, r, s, c)),
            "give the variance",
        ),
        ("optimization-5", lambda a, r, s, c: r * s / (2 * a - r * c), "square of ηa"),
        ("optimization-5", lambda a, r, s, c: r * s / (2 * a - r * a * a + r * c), "sign of c"),
        ("optimization-5", lambda a, r, s, c: r * s / (2 * a - r * a * a - c), "multiplied by η²"),
        ("optimization-6", adamw_uncorrected, "bias correction is missing"),
        ("optimization-6", adam, "past the division"),
        ("optimization-6", lambda w, g, r, d: adamw(w, g, r, 0), "do not decay"),
        ("optimization-6", lambda w, g, r, d: adamw(w, g, r, d / r), "ηλ a step"),
        ("optimization-6", lambda w, g, r, d: adamw(w, -g, r, d), "that climbs"),
        ("optimization-7", lambda s, b: np.var(s) / b, "may come twice"),
        ("optimization-7", lambda s, b: np.var(s, ddof=1) / b, "divide by N"),
        ("optimization-7", lambda s, b: np.var(s) / b * (1 - b / len(s)), "Nearly"),
        ("optimization-7", lambda s, b: np.var(s) / b**2, "falls with B"),
        ("optimization-7", lambda s, b: np.var(s), "of one example"),
        ("optimization-7", lambda s, b: math.sqrt(abs(variance_of_a_batch(s, b))), "give the variance"),
        ("optimization-8", lambda d, n, w: tie(d, n, w) / 2, "factor 2"),
        ("optimization-8", lambda d, n, w: -tie(d, n, w), "The sign"),
        ("optimization-8", lambda d, n, w: 2 * d / (n - w), "logarithm, not a difference"),
        ("optimization-8", lambda d, n, w: 1 / tie(d, n, w), "1/T"),
        ("optimization-8", lambda d, n, w: d, "how wide"),
        ("optimization-9", 3.0, "turn it over"),
        ("optimization-9", 0.5, "lands on −1"),
        ("optimization-9", 1.0, "2/L at the minimum"),
        ("optimization-9", 1 / 11, "below it nobody jumps"),
        ("optimization-9", 2 / 11, "lands at 0.91"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_a_descent_that_changes_its_start_is_told():
    def in_place(gradient, start, learning_rate, steps):
        path = [start.copy()]
        for _ in range(steps):
            start -= learning_rate * gradient(start)
            path.append(start.copy())
        return np.array(path)

    verdict = check("optimization-2", in_place)
    assert not verdict.right and "changed its input" in verdict.failed[0]


@pytest.mark.parametrize("name", sorted(RIGHT))
@pytest.mark.parametrize("answer", [None, "two", [1, 2], math.nan, lambda: 1])
def test_what_is_no_answer_gets_a_reply_and_no_traceback(name, answer):
    assert not check(name, answer).right


def test_the_jump_is_where_it_is_said_to_be():
    for rate, lands in ((1 / 3, 0.0), (0.5, -1.0), (2 / 11, 10 / 11)):
        assert 2 - rate * (2**3 - 2) == pytest.approx(lands)
