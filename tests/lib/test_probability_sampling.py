"""Drawing from a law and integrating by chance: exact at the edges, right on average."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from book_lib import _probability_sampling as sampling
from book_lib import probability
from book_lib.rng import CounterRNG

NAN = math.nan
ALMOST_ONE = np.nextafter(1, 0)


class Given(CounterRNG):
    """A generator whose next uniform numbers are known."""

    def __init__(self, *numbers):
        super().__init__(0)
        self.numbers = np.array(numbers)

    def random(self, size=None):
        return self.numbers.reshape(size)


def laws(size):
    """Distributions, some with outcomes that never happen."""
    weights = arrays(np.float64, size, elements=st.floats(0, 1).map(lambda x: 0.0 if x < 0.2 else x))
    return weights.filter(lambda w: w.sum() > 0).map(lambda w: w / w.sum())


# --- the discrete law ----------------------------------------------------------------------------------


def test_the_intervals_are_half_open():
    """u·s[-1] on an edge belongs to the outcome above it."""
    drawn = probability.sample_categorical([0.2, 0.5, 0.3], 4, Given(0, 0.2, 0.69999, 0.7))
    assert drawn.tolist() == [0, 1, 1, 2]
    below = np.nextafter([0.2, 0.7, 1], 0)
    assert probability.sample_categorical([0.2, 0.5, 0.3], 3, Given(*below)).tolist() == [0, 1, 2]


def test_what_has_no_mass_is_never_drawn_not_even_on_its_edge():
    p = [0.0, 0.5, 0.0, 0.5, 0.0]
    assert probability.sample_categorical(p, 4, Given(0, 0.5, 0.25, ALMOST_ONE)).tolist() == [1, 3, 1, 3]


def test_no_draw_falls_past_the_end():
    """Ten tenths add up to 1 − 1e-16: a draw between the sum and 1 belongs to the last outcome."""
    p = np.append(np.full(10, 0.1), 0.0)
    assert p.cumsum()[-1] < 1
    assert probability.sample_categorical(p, 1, Given(ALMOST_ONE)) == [9]
    for total in np.nextafter(1, [0, 2, 2]) * [1, 1, 1.0000003]:
        assert sampling.invert_cumulative(np.array([0.5, total, total]), np.array([ALMOST_ONE])) == [1]


@given(laws(st.integers(1, 30)), st.integers(0, 2**32 - 1))
def test_the_guide_table_agrees_with_the_plain_search(p, seed):
    """Also where u is an edge, or the number next to one."""
    edges = np.cumsum(p)
    u = np.concatenate([edges / edges[-1], np.arange(2048) / 2048, np.random.default_rng(seed).random(500)])
    u = np.clip(np.concatenate([u, np.nextafter(u, 0), np.nextafter(u, 1)]), 0, ALMOST_ONE)
    assert len(u) >= 4 * 32 * len(p)  # long enough for the table
    expected = [int(np.flatnonzero(edges > x * edges[-1])[0]) for x in u[:: len(u) // 200]]
    drawn = sampling.invert_cumulative(edges, u)
    assert drawn[:: len(u) // 200].tolist() == expected
    assert np.array_equal(drawn, np.searchsorted(edges, u * edges[-1], side="right"))
    assert (p[drawn] > 0).all()


def test_the_guide_table_survives_a_crowd_in_one_place():
    """A thousand outcomes share one part in a million, within one place of the table or two."""
    p = np.concatenate([[1 - 1e-6], np.full(1000, 1e-9)])
    p /= p.sum()
    u = np.concatenate([np.linspace(0, ALMOST_ONE, 150_000), 1 - 1e-6 * np.linspace(0.001, 1, 1000)])
    edges = np.cumsum(p)
    expected = np.searchsorted(edges, u * edges[-1], side="right")
    assert np.array_equal(sampling.invert_cumulative(edges, u), expected)


@pytest.mark.parametrize("size", [300, 50_000], ids=["search", "table"])
@pytest.mark.parametrize("rng", [3, np.random.default_rng(3), CounterRNG(3)])
def test_samples_follow_their_law(rng, size):
    p = np.array([0.1, 0.0, 0.4, 0.25, 0.25])
    counts = np.bincount(probability.sample_categorical(p, size, rng), minlength=5)
    assert counts[1] == 0
    assert stats.chisquare(counts[p > 0], size * p[p > 0]).pvalue > 1e-4


def test_a_hundred_thousand_rolls_score_as_they_should():
    p = np.array([0.2, 0.5, 0.3])
    counts = probability.face_counts(probability.sample_categorical(p, 100_000, 1), 3)
    assert stats.chisquare(counts, 100_000 * p).pvalue > 1e-4
    assert counts / 100_000 == pytest.approx(
        np.exp(probability.Categorical(p).log_prob([0, 1, 2])), abs=0.006
    )


@given(laws(st.integers(1, 8)), st.integers(0, 1000))
def test_samples_are_possible_outcomes(p, seed):
    drawn = probability.sample_categorical(p, (2, 3), seed)
    assert drawn.shape == (2, 3) and drawn.dtype == np.int64 and (p[drawn] > 0).all()
    one = probability.sample_categorical(p, None, seed)
    assert isinstance(one, int) and p[one] > 0
    assert probability.sample_categorical(p, 0, seed).shape == (0,)


def test_each_outcome_takes_one_uniform_number():
    rng = CounterRNG(5)
    probability.sample_categorical([0.5, 0.5], (3, 4), rng)
    assert rng.counter == 12
    probability.sample_categorical([0.5, 0.5], None, rng)
    assert rng.counter == 13
    long, short = (probability.sample_categorical([0.3, 0.7], n, CounterRNG(1)) for n in (100_000, 50))
    assert np.array_equal(long[:50], short)  # the table and the search are one law


# --- integration ---------------------------------------------------------------------------------------


def quarter_circle(points):
    return (points**2).sum(axis=1) < 1


def test_darts_find_pi_and_know_their_error():
    darts = probability.monte_carlo_integral(quarter_circle, [0, 0], [1, 1], 40_000, rng=2)
    assert abs(4 * darts.mean - math.pi) < 4 * 4 * darts.error
    hits = math.pi / 4
    assert darts.error == pytest.approx(math.sqrt(hits * (1 - hits) / 40_000), rel=0.02)
    assert str(probability.Estimate(3.14159265, 0.0123)) == "3.14159 ± 0.012"


def test_the_error_falls_like_one_over_the_root_of_n():
    """The scatter of 200 repetitions, for N a hundredfold: a tenth; and the stated error is that scatter."""
    scatter = {}
    for n in (100, 10_000):
        runs = [
            probability.monte_carlo_integral(quarter_circle, [0, 0], [1, 1], n, seed) for seed in range(200)
        ]
        scatter[n] = np.std([run.mean for run in runs])
        assert np.mean([run.error for run in runs]) == pytest.approx(scatter[n], rel=0.2)
    assert scatter[100] / scatter[10_000] == pytest.approx(10, rel=0.25)


@pytest.mark.parametrize("rng", [11, np.random.default_rng(11), CounterRNG(11)])
def test_boxes_of_any_dimension(rng):
    line = probability.monte_carlo_integral(lambda x: x[:, 0] ** 2, -1, 3, 20_000, rng)
    assert abs(line.mean - 28 / 3) < 4 * line.error
    box = probability.monte_carlo_integral(lambda x: x.prod(axis=1), [0, 1, 2], [1, 2, 4], 20_000, rng)
    assert abs(box.mean - 0.5 * 1.5 * 6) < 4 * box.error
    flat = probability.monte_carlo_integral(lambda x: np.full(len(x), 2), [0, 0], [3, 5], 10, rng)
    assert (flat.mean, flat.error) == (30, 0)


# --- errors --------------------------------------------------------------------------------------------


def integral(f=quarter_circle, low=(0, 0), high=(1, 1), samples=10, rng=0):
    return probability.monte_carlo_integral(f, low, high, samples, rng)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: probability.sample_categorical([0.5, 0.6], 3, 0), ValueError, "p must sum to 1"),
        (lambda: probability.sample_categorical([0.5, NAN], 3, 0), ValueError, "p must be finite"),
        (lambda: probability.sample_categorical([-0.5, 1.5], 3, 0), ValueError, "p must not be negative"),
        (lambda: probability.sample_categorical([], 3, 0), ValueError, "p must have at least one entry"),
        (
            lambda: probability.sample_categorical(["1"], 3, 0),
            TypeError,
            "p must be an array of real numbers",
        ),
        (lambda: probability.sample_categorical([[1.0]], 3, 0), ValueError, r"p must have shape \(K,\)"),
        (lambda: probability.sample_categorical([1.0], 3, None), TypeError, "rng must be a seed"),
        (
            lambda: probability.sample_categorical([1.0], 2.5, 0),
            TypeError,
            "size must be an integer, got 2.5",
        ),
        (
            lambda: probability.sample_categorical([1.0], (2, -1), 0),
            ValueError,
            "size must be at least 0, got -1",
        ),
        (lambda: integral(samples=1), ValueError, "samples must be at least 2, got 1"),
        (lambda: integral(samples=10.0), TypeError, "samples must be an integer"),
        (lambda: integral(high=(1, 0)), ValueError, "high must be above low"),
        (lambda: integral(high=(1, NAN)), ValueError, "high must be finite"),
        (lambda: integral(low=0), ValueError, r"both have shape \(D,\), got \(1,\) and \(2,\)"),
        (lambda: integral(low=[[0]], high=[[1]]), ValueError, r"both have shape \(D,\)"),
        (lambda: integral(low=[], high=[]), ValueError, r"both have shape \(D,\)"),
        (lambda: integral(lambda x: x), ValueError, r"function must return .* shape \(10,\), got \(10, 2\)"),
        (lambda: integral(lambda x: x[:, 0] * NAN), ValueError, "values of function must be finite"),
        (lambda: integral(lambda x: 1e200 * x[:, 0]), ValueError, "values of function must be small enough"),
        (
            lambda: integral(low=(-1e308, 0), high=(1e308, 1)),
            ValueError,
            "high must be above low by a finite",
        ),
        (lambda: integral(high=(1e200, 1e200)), ValueError, "high must be above low by a finite volume"),
        (lambda: integral(samples=10**400), ValueError, "samples must be at most"),
        (lambda: integral(3), TypeError, "function must be callable"),
        (lambda: integral(rng=None), TypeError, "rng must be a seed"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
