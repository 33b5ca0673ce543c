"""The checks of the chapter on backpropagation: right answers pass, typical slips get their replies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from book_lib.exercises import backpropagation, check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)


def by_roads(count, edges):
    """Forward, from each number in turn: how much the last one moves."""
    arriving = [[] for _ in range(count)]
    for source, target, slope in edges:
        arriving[int(target)].append((int(source), slope))
    bars = []
    for start in range(count):
        moved = np.zeros(count)
        for k in range(count):
            moved[k] = 1.0 if k == start else sum(moved[s] * slope for s, slope in arriving[k])
        bars.append(moved[-1])
    return bars


def by_quotients(W1, W2, W3, x, t):
    def loss(W):
        return 0.5 * ((W3 @ np.tanh(W2 @ np.tanh(W @ x)) - t) ** 2).sum()

    return quotients(loss, W1)


def by_torch(W1, W2, W3, x, t):
    torch = pytest.importorskip("torch")
    parts = [torch.tensor(np.array(a)) for a in (W1, W2, W3, x, t)]
    parts[0].requires_grad_(True)
    h = torch.tanh(parts[1] @ torch.tanh(parts[0] @ parts[3]))
    (0.5 * ((parts[2] @ h - parts[4]) ** 2).sum()).backward()
    return parts[0].grad.numpy()


def quotients(function, point, h=1e-6):
    out = np.zeros(np.shape(point))
    for place in np.ndindex(out.shape):
        step = np.zeros(out.shape)
        step[place] = h
        out[place] = (function(point + step) - function(point - step)) / (2 * h)
    return out


def by_logs(z, t):
    gaps = z - z.max()
    logs = gaps - math.log(math.fsum(np.exp(gaps)))
    return np.exp(logs) * math.fsum(t) - t


def by_jacobian(x, y_bar):
    length = math.sqrt(math.fsum(x * x))
    jacobian = np.eye(len(x)) / length - np.outer(x, x) / length**3
    return jacobian.T @ y_bar


def by_counting(sizes):
    forward = backward = 0
    for layer in range(len(sizes) - 1):
        products = sizes[layer] * sizes[layer + 1]
        forward += products
        backward += products if layer == 0 else 2 * products
    return forward, backward


def by_bisection(gradient, direction, curvature):
    """Where the bound of eq-bp-angle comes back to where it began."""

    def gain(rate):
        return -rate * gradient @ direction + 0.5 * rate**2 * curvature * direction @ direction

    low, high = 0.0, 1e6
    if gain(1e-9) >= 0:
        return 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if gain(middle) < 0 else (low, middle)
    return low


RIGHT = {
    "backpropagation-2": by_roads,
    "backpropagation-3": by_torch,
    "backpropagation-5": by_logs,
    "backpropagation-6": by_jacobian,
    "backpropagation-7": by_counting,
    "backpropagation-8": by_bisection,
}


def test_the_chapter_registers_its_checks():
    assert names("backpropagation") == [f"backpropagation-{n}" for n in (1, 2, 3, 5, 6, 7, 8)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


def test_the_references_agree_with_difference_quotients():
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape) for shape in ((3, 4), (5, 3), (2, 5), (4,), (2,))]
    assert by_torch(*arrays) == pytest.approx(by_quotients(*arrays), abs=1e-7)
    x, y_bar = rng.standard_normal(4), rng.standard_normal(4)
    assert by_jacobian(x, y_bar) == pytest.approx(
        quotients(lambda x: y_bar @ (x / np.sqrt(x @ x)), x), abs=1e-7
    )


# ---------------------------------------------------------------------------- the unit, with variants


def expected(unit):
    z = unit.weights[0] * unit.inputs[0] + unit.weights[1] * unit.inputs[1] + unit.bias
    y = 0.5 * (1 + math.tanh(z / 2))
    return y, (y - unit.target) * y * (1 - y)


@given(SEEDS)
def test_every_unit_has_its_answer_and_shows_every_slip(seed):
    unit = variant("backpropagation-1", seed)
    y, z_bar = expected(unit)
    one, other = unit.inputs
    assert check("backpropagation-1", z_bar * other, seed=seed).right
    slips = (
        ((y - unit.target) * other, "y(1 − y), is missing"),
        (z_bar * one, "the first weight"),
        (z_bar, "slope by the bias"),
        (-z_bar * other, "the sign"),
        (2 * z_bar * other, "a factor 2"),
        (z_bar * unit.weights[1], "not the weight"),
        ((y - unit.target) * y * other, "y(1 − y), not y"),
    )
    for wrong, words in slips:
        verdict = check("backpropagation-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message, (wrong, str(verdict))


@pytest.mark.parametrize("seed", range(5))
def test_the_answer_is_the_slope_of_the_loss(seed):
    unit = variant("backpropagation-1", seed)
    x = np.array(unit.inputs)

    def loss(w):
        return 0.5 * (1 / (1 + np.exp(-(w @ x + unit.bias))) - unit.target) ** 2

    assert check("backpropagation-1", quotients(loss, np.array(unit.weights))[1], seed=seed).right


def test_the_same_seed_gives_the_same_unit():
    assert variant("backpropagation-1", 5) == variant("backpropagation-1", 5)
    assert variant("backpropagation-1", 5) != variant("backpropagation-1", 6)


# ---------------------------------------------------------------------------- slips get their replies


def overwrite(count, edges):
    bars = [0.0] * count
    bars[-1] = 1.0
    for source, target, slope in sorted(edges, key=lambda e: -e[1]):
        bars[int(source)] = bars[int(target)] * slope
    return bars


def hurry(count, edges):
    bars = [0.0] * count
    bars[-1] = 1.0
    for source, target, slope in edges:
        bars[int(source)] += bars[int(target)] * slope
    return bars


def upright(W1, W2, W3, x, t):
    h1 = np.tanh(W1 @ x)
    h2 = np.tanh(W2 @ h1)
    return np.outer(W2 @ (W3 @ (W3 @ h2 - t) * (1 - h2**2)) * (1 - h1**2), x)


def unbent(W1, W2, W3, x, t):
    h1 = np.tanh(W1 @ x)
    h2 = np.tanh(W2 @ h1)
    return np.outer(W2.T @ (W3.T @ (W3 @ h2 - t) * (1 - h2**2)), x)


def softmax(z):
    p = np.exp(z - z.max())
    return p / p.sum()


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("backpropagation-2", overwrite, "overwrites the first"),
        ("backpropagation-2", hurry, "The order"),
        ("backpropagation-3", upright, "transposed matrices"),
        ("backpropagation-3", unbent, "first layer, 1 − h₁²"),
        ("backpropagation-3", lambda *a: -by_torch(*a), "The sign"),
        ("backpropagation-3", lambda *a: by_torch(*a).T, "shape of its variable"),
        ("backpropagation-5", lambda z, t: softmax(z) - t, "add up to one"),
        ("backpropagation-5", lambda z, t: t - softmax(z) * t.sum(), "The sign"),
        ("backpropagation-6", lambda x, b: b / np.sqrt(x @ x), "add that road"),
        ("backpropagation-6", lambda x, b: np.sqrt(x @ x) * by_jacobian(x, b), "1/|x| is missing"),
        ("backpropagation-7", lambda s: (by_counting(s)[0], 2 * by_counting(s)[0]), "one product less"),
        ("backpropagation-7", lambda s: (by_counting(s)[0],) * 2, "two products"),
        ("backpropagation-8", lambda g, d, c: 2 / c, "gradient itself"),
        ("backpropagation-8", lambda g, d, c: by_bisection(g, d, c) / 2, "promise is best"),
        ("backpropagation-8", lambda g, d, c: 2 * g @ d / (c * d @ d), "give 0"),
    ],
)
def test_typical_slips_get_their_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


@pytest.mark.parametrize(
    ("number", "slips"),
    [(2, "GRAPH"), (3, "LAYER"), (5, "LOGIT"), (6, "LENGTH"), (7, "COST"), (8, "STEP")],
)
def test_each_slip_gets_its_own_reply(number, slips):
    """No slip is a right answer, and none is mistaken for another."""
    for slip in getattr(backpropagation, f"{slips}_SLIPS"):
        verdict = check(f"backpropagation-{number}", slip.answer)
        assert not verdict.right and verdict.message.endswith(slip.reply), (slip.reply, str(verdict))


def test_an_overflow_is_named():
    verdict = check("backpropagation-5", lambda z, t: np.exp(z) / np.exp(z).sum() * t.sum() - t)
    assert not verdict.right and len(verdict.failed) == 1
    assert "logits of a thousand" in verdict.failed[0] and "too large a number" in verdict.failed[0]


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("nonsense", [None, 3.0, "no", lambda *a: None, lambda *a: 1 / 0])
def test_nonsense_gets_a_sentence(name, nonsense):
    verdict = check(name, nonsense)
    assert not verdict.right and verdict.message
