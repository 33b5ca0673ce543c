"""book_lib.learning: means, descents, splits and pairs, against closed forms, SciPy and scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import optimize

from book_lib import learning
from book_lib.rng import CounterRNG

NUMBERS = arrays(np.float64, st.integers(1, 8), elements=st.floats(-100, 100))


def line(w, x):
    return w[0] + w[1] * x


def spring(n=20, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 4, n)
    return x, 10 + 2 * x + 0.3 * rng.standard_normal(n)


# ---------------------------------------------------------------------------- losses


@given(NUMBERS)
def test_a_perfect_model_has_no_loss(t):
    assert learning.mean_loss(learning.squared_error, t, t) == 0
    assert learning.mean_loss(learning.zero_one_error, t, t) == 0


@given(NUMBERS, st.integers(1, 5), st.integers(0, 100))
def test_the_loss_is_a_mean(t, times, seed):
    rng = np.random.default_rng(seed)
    y = t + rng.normal(size=t.shape)
    once = learning.mean_loss(learning.squared_error, y, t)
    assert once == pytest.approx(((y - t) ** 2).sum() / len(t))
    assert learning.mean_loss(learning.squared_error, np.tile(y, times), np.tile(t, times)) == pytest.approx(
        once
    )
    order = rng.permutation(len(t))
    assert learning.mean_loss(learning.squared_error, y[order], t[order]) == pytest.approx(once)


def test_the_loss_is_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")
    y, t = np.random.default_rng(1).normal(size=(2, 50))
    ours = learning.mean_loss(learning.squared_error, y, t)
    assert ours == pytest.approx(metrics.mean_squared_error(t, y))
    ours = learning.mean_loss(learning.zero_one_error, y > 0, t > 0)
    assert ours == pytest.approx(metrics.zero_one_loss(t > 0, y > 0))


def test_vector_answers_are_summed_over_their_entries():
    y, t = np.random.default_rng(2).normal(size=(2, 4, 3))
    assert learning.squared_error(y, t) == pytest.approx(np.linalg.norm(y - t, axis=1) ** 2)


# ---------------------------------------------------------------------------- slopes and descents


def test_the_numerical_gradient_is_scipys():
    point = np.array([[0.3, -2.0], [40.0, 0.0]])

    def function(w):
        return float(np.sin(w).sum() + (w**2).sum() + w.flat[0] * w.flat[3])

    exact = np.cos(point) + 2 * point + np.array([[0.0, 0.0], [0.0, 0.3]])
    assert learning.numerical_gradient(function, point) == pytest.approx(exact, abs=1e-7)
    flat = optimize.approx_fprime(point.ravel(), lambda w: function(w.reshape(2, 2)))
    assert learning.numerical_gradient(function, point).ravel() == pytest.approx(flat, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_a_line_is_scikit_learns(seed):
    linear = pytest.importorskip("sklearn.linear_model")
    x, t = spring(seed=seed)
    found = learning.fit(line, learning.squared_error, (x, t), [0.0, 0.0])
    peer = linear.LinearRegression().fit(x[:, None], t)
    assert found.converged
    assert found.weights == pytest.approx([peer.intercept_, peer.coef_[0]], abs=1e-5)
    assert found.predict([2.5]) == pytest.approx(peer.predict([[2.5]]), abs=1e-5)
    assert found.loss == pytest.approx(np.mean((peer.predict(x[:, None]) - t) ** 2))


@given(st.integers(0, 200), st.floats(1e-3, 1e3))
def test_the_loss_never_rises_whatever_the_first_step(seed, learning_rate):
    x, t = spring(8, seed)
    found = learning.fit(
        line, learning.squared_error, (x, t), [50.0, -9.0], learning_rate=learning_rate, steps=40
    )
    assert (np.diff(found.history) <= 0).all()
    assert found.loss == found.history[-1] <= found.history[0]
    assert found.history[0] == pytest.approx(np.mean((50 - 9 * x - t) ** 2))


def test_a_given_gradient_is_used():
    x, t = spring()
    calls = []

    def gradient(w):
        calls.append(1)
        error = line(w, x) - t
        return 2 * np.array([error.mean(), (error * x).mean()])

    with_it = learning.fit(line, learning.squared_error, (x, t), [0.0, 0.0], gradient=gradient)
    without = learning.fit(line, learning.squared_error, (x, t), [0.0, 0.0])
    assert calls and with_it.weights == pytest.approx(without.weights, abs=1e-6)


def test_no_steps_leave_the_start():
    found = learning.fit(line, learning.squared_error, spring(), [1.0, 2.0], steps=0)
    assert not found.converged and len(found.history) == 1
    assert (found.weights == [1, 2]).all()


def test_a_slope_within_the_tolerance_is_the_end():
    found = learning.fit(line, learning.squared_error, spring(), [1.0, 2.0], tolerance=1e3)
    assert found.converged and len(found.history) == 1


def test_the_start_is_not_changed():
    start = np.zeros(2)
    learning.fit(line, learning.squared_error, spring(), start)
    assert (start == 0).all()


def test_a_descent_may_end_in_a_valley_that_is_not_the_deepest():
    x = np.linspace(-1, 1, 60)
    t = np.sin(np.pi * x)
    near, far = (
        learning.fit(lambda w, x: np.sin(w * x), learning.squared_error, (x, t), start, learning_rate=0.01)
        for start in (2.0, 10.0)
    )
    assert near.weights == pytest.approx(math.pi, abs=1e-4) and near.loss < 1e-8
    assert far.converged and far.loss > 0.3
    assert np.shape(far.weights) == ()


def test_a_step_that_overflows_is_taken_back():
    x = np.array([1.0, 2.0])
    found = learning.fit(
        lambda w, x: np.exp(w * x), learning.squared_error, (x, np.exp(-x)), 5.0, learning_rate=100.0
    )
    assert found.weights == pytest.approx(-1, abs=1e-3)


# ---------------------------------------------------------------------------- the recipe


def test_the_recipe_holds_four_things_that_work():
    x, t = spring()
    recipe = learning.Recipe((x, t), line, learning.squared_error, np.zeros(2))
    trained = recipe.train(steps=500)
    assert recipe.objective(trained.weights) == trained.loss
    assert recipe.objective([10.0, 2.0]) == pytest.approx(np.mean((10 + 2 * x - t) ** 2))
    assert trained.predict(x) == pytest.approx(line(trained.weights, x))


# ---------------------------------------------------------------------------- splits


@given(st.integers(5, 300), st.integers(0, 1000))
def test_a_split_is_disjoint_and_complete(n, seed):
    parts = learning.split(n, rng=seed)
    together = np.concatenate(parts)
    assert len(parts) == 3
    assert sorted(together.tolist()) == list(range(n))
    for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
        assert abs(len(part) - share * n) <= 1
        assert (np.diff(part) > 0).all()


def test_sizes_are_those_asked_for():
    assert [len(p) for p in learning.split(100, (0.3, 0.3, 0.4))] == [30, 30, 40]
    assert [len(p) for p in learning.split(10, (0.1,) * 10)] == [1] * 10
    assert [len(p) for p in learning.split(7, (1.0,))] == [7]


def test_every_index_is_as_likely_to_be_tested():
    counts = np.zeros(10)
    for seed in range(2000):
        counts[learning.split(10, (0.8, 0.2), rng=seed)[1]] += 1
    assert counts / 2000 == pytest.approx(np.full(10, 0.2), abs=4 * math.sqrt(0.16 / 2000))


def test_the_same_seed_splits_alike():
    one, other = (learning.split(20, rng=CounterRNG(4)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))
    third = learning.split(20, rng=CounterRNG(5))
    assert any((a != b).any() for a, b in zip(one, third, strict=True))


# ---------------------------------------------------------------------------- words


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12))
def test_a_text_makes_one_pair_fewer_than_tokens(tokens):
    pairs = learning.next_word_pairs(tokens)
    assert len(pairs) == len(tokens) - 1
    for i, (before, word) in enumerate(pairs, 1):
        assert list(before) == tokens[:i] and word == tokens[i]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(1, 5))
def test_a_context_keeps_the_latest_tokens(tokens, context):
    whole = learning.next_word_pairs(tokens)
    cut = learning.next_word_pairs(tokens, context)
    assert cut == [(before[-context:], word) for before, word in whole]


# ---------------------------------------------------------------------------- the band


@given(NUMBERS.filter(lambda e: len(e) >= 3), st.floats(0.05, 0.74))
def test_the_margin_is_the_smallest_that_holds_enough(errors, coverage):
    margin = learning.error_margin(errors, coverage)
    rank = math.ceil(coverage * (len(errors) + 1) - 1e-9)
    assert (abs(errors) <= margin).sum() >= rank > (abs(errors) < margin).sum()


def test_a_band_holds_as_often_as_promised():
    """Whatever the law of the errors: here a lopsided one with a long tail."""
    rng = np.random.default_rng(6)
    errors = rng.exponential(size=(20_000, 20)) ** 2 * rng.choice([-0.2, 1.0], size=(20_000, 20))
    inside = [abs(row[19]) <= learning.error_margin(row[:19]) for row in errors]
    assert np.mean(inside) == pytest.approx(18 / 20, abs=4 * math.sqrt(0.09 / 20_000))


def test_round_numbers_are_not_rounded_away():
    assert learning.error_margin(np.arange(1.0, 10.0), 0.9) == 9  # ⌈0.9 · 10⌉ = 9, not 10


# ---------------------------------------------------------------------------- bad input


def test_recipes_and_fits_are_compared_as_objects():
    recipe = learning.Recipe(GOOD, line, learning.squared_error, np.zeros(2))
    assert recipe == recipe and recipe != learning.Recipe(GOOD, line, learning.squared_error, np.zeros(2))
    assert recipe.train(steps=1) != recipe.train(steps=1)


def test_each_loss_is_asked_for_once():
    """A step that was tried and taken is not tried again."""
    tried = []

    def model(w, x):
        tried.append(float(w))
        return w * x

    found = learning.fit(
        model, learning.squared_error, ([1.0], [3.0]), 0.0, gradient=lambda w: 2 * (w - 3), steps=5
    )
    assert len(tried) == len(set(tried)) == len(found.history) == 6


@pytest.mark.parametrize("learning_rate", [1e-3, 1e15, 1e300])
def test_no_first_step_is_so_long_and_no_data_so_large_that_the_start_passes_for_the_end(learning_rate):
    x = np.array([0.0, 1e7, 2e7])
    found = learning.fit(
        lambda w, x: w * x, learning.squared_error, (x, 3 * x), 0.0, learning_rate=learning_rate
    )
    assert found.weights == pytest.approx(3, rel=1e-6)


def test_a_step_must_lower_the_loss_by_a_tenth_of_what_the_slope_promises():
    """From w = 1 on w², slope 2: a first step η = 0.95 lowers it to 0.81, by 0.19, less than 0.095 · 4 = 0.38."""
    taken = learning.fit(
        lambda w, x: w * x, learning.squared_error, ([1.0], [0.0]), 1.0, learning_rate=0.95, steps=1
    )
    assert taken.weights == pytest.approx(1 - 2 * 0.475, abs=1e-6)
    taken = learning.fit(
        lambda w, x: w * x, learning.squared_error, ([1.0], [0.0]), 1.0, learning_rate=0.85, steps=1
    )
    assert taken.weights == pytest.approx(1 - 2 * 0.85, abs=1e-6)


def test_a_model_that_overflows_in_python_or_divides_by_zero_is_taken_back():
    for model in (
        lambda w, x: [math.exp(w) * v for v in x],
        lambda w, x: x * np.exp(w) + 0 / np.where(w > 9, 0, 1),
    ):
        found = learning.fit(model, learning.squared_error, ([1.0], [3.0]), 2.0, learning_rate=1e308)
        assert found.weights == pytest.approx(math.log(3), abs=1e-4)


def test_losses_beyond_all_floats_are_infinite_and_warn_of_nothing():
    assert learning.squared_error([1e308, 0.0], [-1e308, 0.0]).tolist() == [math.inf, 0]
    assert learning.squared_error(np.empty((3, 0)), np.empty((3, 0))).tolist() == [0, 0, 0]


def test_the_step_of_a_slope_grows_with_its_weight():
    """At 1e9 a step of 6e-6 would be lost in rounding."""
    assert learning.numerical_gradient(lambda w: float(w[0] ** 2), [1e9]) == pytest.approx([2e9], rel=1e-6)


def test_a_half_is_dealt_the_same_way_whatever_the_fractions_round_to():
    assert [len(p) for p in learning.split(5, (0.5, 0.5))] == [2, 3]
    assert [len(p) for p in learning.split(15, (0.1, 0.2, 0.7))] == [1, 3, 11]


GOOD = ([1.0, 2.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: learning.mean_loss(learning.squared_error, [], []),
            ValueError,
            "targets must hold at least one",
        ),
        (lambda: learning.mean_loss("mse", [1.0], [1.0]), TypeError, "loss must be a function"),
        (lambda: learning.mean_loss(lambda y, t: 1.0, [1.0], [1.0]), ValueError, "one number per example"),
        (
            lambda: learning.mean_loss(lambda y, t: [math.nan], [1.0], [1.0]),
            ValueError,
            "values of loss must be",
        ),
        (lambda: learning.squared_error([1.0], [1.0, 2.0]), ValueError, r"\(1,\) and \(2,\)"),
        (lambda: learning.squared_error(1.0, 2.0), ValueError, "one shape"),
        (
            lambda: learning.mean_loss(learning.squared_error, 1.0, 2.0),
            ValueError,
            "targets must hold one entry",
        ),
        (
            lambda: learning.mean_loss(learning.squared_error, [1.0], [[1], [1, 2]]),
            ValueError,
            "targets must be an",
        ),
        (
            lambda: learning.mean_loss(lambda y, t: [1.7e308] * 9, [0.0] * 9, [0.0] * 9),
            ValueError,
            "mean of loss",
        ),
        (lambda: learning.zero_one_error([[1], [1, 2]], [1, 2]), ValueError, "predictions must be an array"),
        (lambda: learning.zero_one_error(["a"], [1]), TypeError, "must both be words or neither"),
        (
            lambda: learning.zero_one_error([1.0], [math.nan]),
            ValueError,
            "targets must not be NaN, got one at index 0",
        ),
        (lambda: learning.zero_one_error([None], [1]), TypeError, "predictions must be numbers or words"),
        (
            lambda: learning.zero_one_error(np.ma.array([1], mask=[1]), [1]),
            TypeError,
            "predictions must be .* gaps",
        ),
        (lambda: learning.numerical_gradient(3, [1.0]), TypeError, "function must be a function"),
        (
            lambda: learning.numerical_gradient(lambda w: math.nan, [1.0]),
            ValueError,
            "value of function must be fin",
        ),
        (
            lambda: learning.numerical_gradient(lambda w: w, [1.0]),
            TypeError,
            "value of function must be a real",
        ),
        (
            lambda: learning.fit(line, learning.squared_error, GOOD, [0.0, 0.0], gradient=3),
            TypeError,
            "gradient must be a function of the weights or None, got 3",
        ),
        (
            lambda: learning.Recipe((1.0, 2.0), line, learning.squared_error, 0.0),
            ValueError,
            "inputs must hold one",
        ),
        (
            lambda: learning.Recipe(([[1], [1, 2]], [1, 2]), line, max, 0.0),
            ValueError,
            "inputs must be an array",
        ),
        (lambda: learning.split(10**400), ValueError, "n must be at most"),
        (lambda: learning.split(9, (1e308, 1e308)), ValueError, "fractions must be positive"),
        (lambda: learning.split(1, (0.5, 0.5)), ValueError, "n must be large enough"),
        (
            lambda: learning.next_word_pairs({"a", "b"}),
            TypeError,
            "tokens must be a sequence of words, got set",
        ),
        (lambda: learning.next_word_pairs(3), TypeError, "tokens must be a sequence of words, got int"),
        (
            lambda: learning.error_margin([0.1] * 4, 0.8 + 1e-6),
            ValueError,
            "errors must be at least 5, got 4",
        ),
        (lambda: learning.zero_one_error([1], [[1]]), ValueError, "must both have shape"),
        (lambda: learning.numerical_gradient(sum, [math.nan]), ValueError, "weights must be finite"),
        (lambda: learning.fit(1, learning.squared_error, GOOD, 0.0), TypeError, "model must be a function"),
        (lambda: learning.fit(line, None, GOOD, 0.0), TypeError, "loss must be a function"),
        (
            lambda: learning.fit(line, learning.squared_error, GOOD, [math.inf, 0]),
            ValueError,
            "start must be finite",
        ),
        (
            lambda: learning.fit(line, learning.squared_error, GOOD, [0.0, 0.0], steps=-1),
            ValueError,
            "steps must be",
        ),
        (
            lambda: learning.fit(line, learning.squared_error, GOOD, [0.0, 0.0], learning_rate=0.0),
            ValueError,
            "learning_rate must be greater than 0",
        ),
        (
            lambda: learning.fit(line, learning.squared_error, GOOD, [0.0, 0.0], gradient=lambda w: [1.0]),
            ValueError,
            "gradient must have the shape of the weights",
        ),
        (
            lambda: learning.Recipe(([1.0], [1.0, 2.0]), line, learning.squared_error, 0.0),
            ValueError,
            "got 1 and 2",
        ),
        (lambda: learning.Recipe(([], []), line, learning.squared_error, 0.0), ValueError, "at least one"),
        (lambda: learning.Recipe([1.0], line, learning.squared_error, 0.0), TypeError, "must be a pair"),
        (lambda: learning.split(10, (0.5, 0.4)), ValueError, "fractions must be positive and sum to 1"),
        (lambda: learning.split(10, (1.5, -0.5)), ValueError, "fractions must be positive"),
        (lambda: learning.split(2), ValueError, "n must be large enough"),
        (lambda: learning.split(10.0), TypeError, "n must be an integer"),
        (lambda: learning.split(10, rng=None), TypeError, "rng must be a seed"),
        (lambda: learning.next_word_pairs("a cold magnet"), TypeError, "got one string; split it first"),
        (lambda: learning.next_word_pairs([]), ValueError, "at least one token"),
        (lambda: learning.next_word_pairs(["a", "b"], 0), ValueError, "context must be at least 1"),
        (lambda: learning.error_margin([0.1] * 8), ValueError, "errors must be at least 9, got 8"),
        (lambda: learning.error_margin([0.1], 1.0), ValueError, "coverage must lie between 0 and 1"),
        (lambda: learning.error_margin([[0.1]]), ValueError, r"errors must have shape \(n,\)"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
