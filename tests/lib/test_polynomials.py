"""book_lib.polynomials against NumPy's and SciPy's Legendre polynomials, and closed forms."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import legendre as peer
from scipy import special

from book_lib import polynomials
from book_lib.rng import CounterRNG

POINTS = st.lists(st.floats(-1, 1), min_size=1, max_size=6)


@given(POINTS, st.integers(0, 12))
def test_the_recurrence_gives_numpys_polynomials(x, degree):
    assert polynomials.legendre(x, degree) == pytest.approx(peer.legvander(x, degree), abs=1e-12)


def test_outside_the_interval_too():
    assert polynomials.legendre(3.0, 10) == pytest.approx(
        special.eval_legendre(np.arange(11), 3.0), rel=1e-12
    )


def test_at_the_ends_of_the_interval_all_are_one_in_size():
    """Pₙ(±1) = (±1)ⁿ, whatever the degree."""
    assert (polynomials.legendre(1.0, 1000) == 1).all()
    assert polynomials.legendre(-1.0, 1000) == pytest.approx((-1.0) ** np.arange(1001), abs=1e-12)


def test_points_that_rounding_cannot_tell_apart_give_the_shortest_coefficients():
    """At 1e-300 all parabolas look flat: 2 = c₀ − c₂/2, and the shortest such pair lies along (1, −½)."""
    found = polynomials.fit_legendre([1e-300, 2e-300, 3e-300], [1.0, 2.0, 3.0], 2)
    assert found == pytest.approx([1.6, 0, -0.8])


def test_shapes():
    assert polynomials.legendre(0.5, 0).shape == (1,)
    assert polynomials.legendre(np.zeros((2, 3)), 4).shape == (2, 3, 5)
    assert isinstance(polynomials.legendre_series(0.5, [1.0]), float)
    assert polynomials.legendre_series(np.zeros((2, 3)), [1.0, 2.0]).shape == (2, 3)


@pytest.mark.parametrize("degree", range(13))
def test_the_powers_are_exact(degree):
    """By Rodrigues' sum: the coefficient of x^(n−2k) is (−1)^k C(n, k) C(2n − 2k, n)/2^n."""
    expected = [Fraction(0)] * (degree + 1)
    for k in range(degree // 2 + 1):
        binomials = math.comb(degree, k) * math.comb(2 * degree - 2 * k, degree)
        expected[degree - 2 * k] = Fraction((-1) ** k * binomials, 2**degree)
    assert polynomials.legendre_powers(degree) == expected


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=8), POINTS)
def test_a_series_is_numpys(coefficients, x):
    expected = peer.legval(np.array(x), coefficients)
    assert polynomials.legendre_series(x, coefficients) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("degree", range(11))
def test_the_fit_is_numpys(degree):
    x, t = polynomials.noisy_wave(30, rng=degree)
    assert polynomials.fit_legendre(x, t, degree) == pytest.approx(peer.legfit(x, t, degree), abs=1e-8)


@given(st.integers(0, 6), st.integers(0, 1000))
def test_a_fit_recovers_a_mixture(degree, seed):
    rng = np.random.default_rng(seed)
    weights, x = rng.normal(size=degree + 1), np.cos(np.pi * (np.arange(12) + rng.random()) / 13)
    found = polynomials.fit_legendre(x, peer.legval(x, weights), degree)
    assert found == pytest.approx(weights, abs=1e-8)


@given(st.integers(0, 1000))
def test_more_weights_never_fit_the_training_points_worse(seed):
    x, t = polynomials.noisy_wave(15, rng=seed)
    errors = [
        np.mean((polynomials.legendre_series(x, polynomials.fit_legendre(x, t, k)) - t) ** 2)
        for k in range(11)
    ]
    assert (np.diff(errors) < 1e-9).all()


def test_the_residual_is_orthogonal_to_every_polynomial():
    x, t = polynomials.noisy_wave(20, rng=1)
    weights = polynomials.fit_legendre(x, t, 5)
    stock = polynomials.legendre(x, 5)
    assert stock.T @ (stock @ weights - t) == pytest.approx(np.zeros(6), abs=1e-10)


def test_the_noise_is_what_it_says():
    x, t = polynomials.noisy_wave(100_000, rng=3, noise=0.5)
    noise = t - np.sin(np.pi * x)
    assert -1 <= x.min() < -0.999 and 0.999 < x.max() < 1
    assert x.mean() == pytest.approx(0, abs=4 / math.sqrt(3 * 100_000))
    assert noise.mean() == pytest.approx(0, abs=4 * 0.5 / math.sqrt(100_000))
    assert noise.std() == pytest.approx(0.5, rel=4 / math.sqrt(200_000))
    assert abs(np.corrcoef(x, noise)[0, 1]) < 4 / math.sqrt(100_000)


def test_chance_comes_from_the_generator_alone():
    one, other = (polynomials.noisy_wave(5, rng=CounterRNG(2)) for _ in range(2))
    assert (one[0] == other[0]).all() and (one[1] == other[1]).all()
    rng = CounterRNG(2)
    assert (
        one[0] == 2 * rng.random(5) - 1
    ).all()  # first all x, then the noise: core/legendre.js relies on it
    assert (polynomials.noisy_wave(5, rng=rng)[0] != one[0]).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: polynomials.legendre([math.nan], 2), ValueError, "x must be finite"),
        (lambda: polynomials.legendre("a", 2), TypeError, "x must be an array of real numbers"),
        (lambda: polynomials.legendre(0.5, -1), ValueError, "degree must be at least 0, got -1"),
        (lambda: polynomials.legendre(0.5, 1.5), TypeError, "degree must be an integer"),
        (
            lambda: polynomials.legendre([0.0, -1e200], 2),
            ValueError,
            r"x must be small enough for P_2.* got -1e\+200",
        ),
        (lambda: polynomials.legendre(0.5, 10**400), ValueError, "degree must be at most 1000"),
        (lambda: polynomials.legendre_powers(1001), ValueError, "degree must be at most 1000, got 1001"),
        (
            lambda: polynomials.legendre_series(1.0, [1.7e308, 1.7e308]),
            ValueError,
            "coefficients must be small enough",
        ),
        (lambda: polynomials.noisy_wave(3, noise=1e301), ValueError, "noise must be .* at most 1e300"),
        (lambda: polynomials.noisy_wave(10**400), ValueError, "n must be at most"),
        (lambda: polynomials.legendre_powers(-1), ValueError, "degree must be at least 0"),
        (lambda: polynomials.legendre_series(0.5, []), ValueError, "coefficients must have shape"),
        (lambda: polynomials.legendre_series(0.5, [[1.0]]), ValueError, "coefficients must have shape"),
        (lambda: polynomials.fit_legendre([0.0, 1.0], [1.0], 1), ValueError, r"\(2,\) and \(1,\)"),
        (
            lambda: polynomials.fit_legendre([0.0, 1.0, 1.0], [1.0, 2.0, 2.0], 2),
            ValueError,
            "at most 1 with 2",
        ),
        (lambda: polynomials.fit_legendre([0.0, 1.0], [1.0, math.inf], 1), ValueError, "t must be finite"),
        (lambda: polynomials.noisy_wave(0), ValueError, "n must be at least 1"),
        (lambda: polynomials.noisy_wave(3, noise=-1.0), ValueError, "noise must be at least 0"),
        (lambda: polynomials.noisy_wave(3, rng=None), TypeError, "rng must be a seed"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
