"""The loaded die and the joint table of book_lib.probability, against counting by hand and random trials."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from book_lib import probability as pb

INFINITY, NAN = math.inf, math.nan
rolls = st.lists(st.integers(0, 3), min_size=1, max_size=12)
some_counts = arrays(np.int64, st.integers(2, 6), elements=st.integers(0, 9)).filter(lambda s: s.sum() > 0)


def law(size, seed):
    return np.random.default_rng(seed).dirichlet(np.ones(size))


# --- codes and counts ----------------------------------------------------------------------------------


@given(arrays(np.int64, st.sampled_from([(), (5,), (2, 3), (0,)]), elements=st.integers(0, 3)))
def test_one_hot_is_inverted_by_argmax_and_its_rows_are_orthonormal(indices):
    code = pb.one_hot(indices, 4)
    assert code.shape == (*indices.shape, 4) and code.dtype == np.int64
    assert np.array_equal(code.argmax(axis=-1), indices)
    same = indices.ravel()[:, None] == indices.ravel()
    assert np.array_equal(code.reshape(-1, 4) @ code.reshape(-1, 4).T, same)


@given(rolls)
def test_face_counts_are_the_sum_of_one_hots(faces):
    counts = pb.face_counts(faces, 4)
    assert np.array_equal(counts, pb.one_hot(faces, 4).sum(axis=0))
    assert np.array_equal(counts, np.bincount(faces, minlength=4))
    assert np.array_equal(pb.face_counts(np.array([faces, faces], dtype=float), 4), 2 * counts)


@given(rolls, st.randoms(use_true_random=False))
def test_the_likelihood_sees_the_counts_and_nothing_of_the_order(faces, random):
    p = np.array([0.1, 0.2, 0.3, 0.4])
    shuffled = random.sample(faces, len(faces))
    assert np.array_equal(pb.face_counts(shuffled, 4), pb.face_counts(faces, 4))
    by_counts = pb.categorical_log_likelihood(pb.face_counts(shuffled, 4), p)
    assert by_counts == pytest.approx(pb.Categorical(p).log_prob(faces).sum())
    assert math.exp(by_counts) == pytest.approx(np.prod(p[faces]))


def test_four_rolls_of_the_example():
    counts = pb.face_counts([0, 1, 1, 3], 4)
    assert counts.tolist() == [1, 2, 0, 1]
    assert math.exp(pb.categorical_log_likelihood(counts, [0.1, 0.2, 0.3, 0.4])) == pytest.approx(0.0016)
    assert pb.categorical_mle(counts).tolist() == [0.25, 0.5, 0, 0.25]


@given(some_counts, st.integers(0, 10**6))
def test_the_likelihood_is_scipys_multinomial_without_its_orders(counts, seed):
    p, n = law(len(counts), seed), counts.sum()
    orders = math.lgamma(n + 1) - sum(math.lgamma(s + 1) for s in counts)
    expected = stats.multinomial(n, p).logpmf(counts) - orders
    assert pb.categorical_log_likelihood(counts, p) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_what_never_came_may_be_impossible_and_what_came_may_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pb.categorical_log_likelihood([3, 0], [1.0, 0.0]) == 0
        assert pb.categorical_log_likelihood([3, 1], [1.0, 0.0]) == -INFINITY
    table = pb.categorical_log_likelihood([3, 1], [[1.0, 0.0], [0.5, 0.5]])
    assert table.tolist() == [-INFINITY, 4 * math.log(0.5)]


# --- the best die --------------------------------------------------------------------------------------


@given(some_counts, st.integers(0, 10**6))
def test_no_die_makes_the_counts_likelier_than_the_mle(counts, seed):
    best = pb.categorical_mle(counts)
    assert best.sum() == pytest.approx(1)
    highest = pb.categorical_log_likelihood(counts, best)
    assert highest == pytest.approx(-counts.sum() * pb.entropy(best), abs=1e-9)
    near = best + 1e-3 * (law(len(counts), seed + 1) - best)
    for p in (law(len(counts), seed), near):
        gap = highest - pb.categorical_log_likelihood(counts, p)
        assert gap >= 0
        assert gap == pytest.approx(counts.sum() * pb.kl_divergence(best, p), rel=1e-6, abs=1e-9)


@given(some_counts, st.floats(1.05, 5), st.integers(0, 10**6))
def test_no_die_is_likelier_afterwards_than_the_map(counts, alpha, seed):
    best = pb.categorical_map(counts, alpha)
    posterior = pb.Dirichlet(np.full(len(counts), alpha)).update(counts)
    for p in (law(len(counts), seed), best + 1e-3 * (law(len(counts), seed + 1) - best)):
        assert posterior.log_prob(best) >= posterior.log_prob(p)
    # Lagrange: at the best die the slope ∂/∂p_v = (s_v + α − 1)/p_v is the multiplier, the same for all.
    slopes = (counts + alpha - 1) / best
    assert slopes == pytest.approx((counts + alpha - 1).sum())


@given(some_counts)
def test_the_map_goes_from_the_mle_to_the_fair_die(counts):
    assert pb.categorical_map(counts, 1) == pytest.approx(pb.categorical_mle(counts))
    assert pb.categorical_map(counts, np.ones(len(counts))) == pytest.approx(pb.categorical_mle(counts))
    assert pb.categorical_map(counts, 1e9) == pytest.approx(np.full(len(counts), 1 / len(counts)), abs=1e-6)
    assert pb.categorical_map(counts * 10**9, 3) == pytest.approx(pb.categorical_mle(counts), abs=1e-6)


@given(some_counts, st.permutations(range(6)))
def test_faces_have_no_order(counts, order):
    order = [i for i in order if i < len(counts)]
    assert np.array_equal(pb.categorical_mle(counts[order]), pb.categorical_mle(counts)[order])
    assert pb.categorical_map(counts[order], 2.5) == pytest.approx(pb.categorical_map(counts, 2.5)[order])


def test_many_dice_at_once():
    counts = np.array([[1, 3], [5, 5]])
    assert pb.categorical_mle(counts).tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert pb.categorical_map(counts, [2, 2]) == pytest.approx(np.array([[2 / 6, 4 / 6], [0.5, 0.5]]))
    assert pb.categorical_map([2, 5], 0.5) == pytest.approx([1.5 / 6, 4.5 / 6])  # both s + α > 1


# --- tables --------------------------------------------------------------------------------------------


@given(arrays(np.float64, st.sampled_from([(2, 3), (3, 1), (4, 2, 3), (5,)]), elements=st.floats(0.01, 1)))
def test_a_table_is_marginal_times_conditional_and_bayes_turns_it_round(weights):
    joint = weights / weights.sum()
    sides = pb.marginals(joint)
    assert len(sides) == joint.ndim
    for axis, side in enumerate(sides):
        assert side.sum() == pytest.approx(1) and side.shape == (joint.shape[axis],)
        given_others = pb.conditional(joint, axis)
        assert given_others.sum(axis=axis) == pytest.approx(np.ones(np.delete(joint.shape, axis)))
        assert given_others * joint.sum(axis=axis, keepdims=True) == pytest.approx(joint)
    if joint.ndim == 2:
        x, y = sides
        bayes = pb.conditional(joint, axis=0) * y / x[:, None]
        assert pb.conditional(joint, axis=1) == pytest.approx(bayes) == pb.conditional(joint)


def test_marginals_of_three_variables_come_in_order():
    joint = np.zeros((2, 3, 4))
    joint[1, 2, 0] = joint[1, 0, 0] = 0.5
    assert [side.tolist() for side in pb.marginals(joint)] == [[0, 1], [0.5, 0, 0.5], [1, 0, 0, 0]]


def test_independent_variables_do_not_inform():
    x, y = law(3, 0), law(4, 1)
    joint = np.outer(x, y)
    assert pb.conditional(joint, 1) == pytest.approx(np.tile(y, (3, 1)))
    assert pb.kl_divergence(joint.ravel(), np.outer(*pb.marginals(joint)).ravel()) == pytest.approx(
        0, abs=1e-15
    )


# --- errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pb.one_hot([4], 4), ValueError, r"indices must lie in 0 \.\.\. 3, got 4"),
        (lambda: pb.one_hot([-1], 4), ValueError, r"indices must lie in 0 \.\.\. 3, got -1"),
        (lambda: pb.one_hot([0.5], 4), ValueError, "indices must be integers, got 0.5"),
        (lambda: pb.one_hot([NAN], 4), ValueError, "indices must be integers, got nan"),
        (lambda: pb.one_hot(["a"], 4), TypeError, "indices must be integers, got an array of"),
        (lambda: pb.one_hot([True], 4), TypeError, "indices must be integers, got an array of bool"),
        (lambda: pb.one_hot([[0], [0, 1]], 4), TypeError, "indices must be integers: "),
        (lambda: pb.one_hot([0], 0), ValueError, "classes must be at least 1, got 0"),
        (lambda: pb.one_hot([0], 2.0), TypeError, "classes must be an integer, got 2.0"),
        (lambda: pb.face_counts([], 4), ValueError, "rolls must hold at least one outcome, got an empty"),
        (lambda: pb.face_counts([7], 4), ValueError, r"rolls must lie in 0 \.\.\. 3, got 7"),
        (lambda: pb.categorical_mle([0, 0]), ValueError, "counts must hold at least one observation"),
        (lambda: pb.categorical_mle([]), ValueError, "counts must have at least one entry along axis -1"),
        (lambda: pb.categorical_mle([1, -1]), ValueError, "counts must not be negative, got -1"),
        (lambda: pb.categorical_mle([NAN]), ValueError, "counts must be finite"),
        (lambda: pb.categorical_map([1, 2], 0), ValueError, "concentration must be greater than 0, got 0"),
        (lambda: pb.categorical_map([1, 2], NAN), ValueError, "concentration must be finite"),
        (lambda: pb.categorical_map([0, 2], 0.5), ValueError, "concentration is too small for these counts"),
        (lambda: pb.categorical_map([0, 0], 1), ValueError, "concentration is too small for these counts"),
        (lambda: pb.categorical_map([1, 2], [1, 1, 1]), ValueError, "matching shapes"),
        (lambda: pb.categorical_map([1, 2], [1]), ValueError, "must list the same outcomes, got 2 and 1"),
        (lambda: pb.categorical_log_likelihood([1, 2], [0.5, 0.6]), ValueError, "p must sum to 1"),
        (lambda: pb.categorical_log_likelihood([1], [0.5, 0.5]), ValueError, "same outcomes, got 1 and 2"),
        (lambda: pb.categorical_log_likelihood([-1, 1], [0.5, 0.5]), ValueError, "counts must not be neg"),
        (lambda: pb.marginals([[0.5, 0.6]]), ValueError, "joint must sum to 1, got 1.1"),
        (lambda: pb.marginals([[1.5, -0.5]]), ValueError, "joint must not be negative, got -0.5"),
        (lambda: pb.marginals([[NAN, 1]]), ValueError, "joint must be finite"),
        (lambda: pb.categorical_mle([1e308, 1e308]), ValueError, "counts must have a finite sum, got 1e.308"),
        (
            lambda: pb.categorical_map([1, 1], 1e308),
            ValueError,
            "counts and concentration must have a finite sum",
        ),
        (lambda: pb.one_hot([0], 10**400), ValueError, "classes must be at most"),
        (lambda: pb.face_counts([0], 10**20), ValueError, "classes must be at most"),
        (lambda: pb.marginals([1e308, 1e308]), ValueError, "joint must sum to 1, got inf"),
        (lambda: pb.marginals(1.0), ValueError, "joint must be a table with at least one axis"),
        (lambda: pb.marginals([]), ValueError, "joint must have at least one entry"),
        (lambda: pb.conditional([[0.5, 0.5], [0, 0]], 1), ValueError, r"condition .* got 0 in all of \(1,\)"),
        (lambda: pb.conditional([[0.5, 0.5]], 2), ValueError, "at least one entry along axis 2"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
