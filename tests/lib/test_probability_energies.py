"""Boltzmann's law from T = 0 to T = ∞, and its thermodynamics, against closed forms and difference quotients."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special

from book_lib import probability

scores = arrays(np.float64, st.integers(1, 8), elements=st.floats(-20, 20))
levels = arrays(np.float64, st.integers(2, 8), elements=st.integers(-40, 40).map(lambda n: n / 4))
spectra = levels.filter(lambda e: np.ptp(e) > 0)
temperatures = st.floats(0.05, 100)
INFINITY, NAN = math.inf, math.nan


# --- the two ends of the scale -------------------------------------------------------------------------


@given(scores)
def test_infinite_temperature_is_uniform_over_what_is_possible(z):
    z = np.append(z, -INFINITY)
    expected = np.append(np.full(len(z) - 1, 1 / (len(z) - 1)), 0)
    assert probability.softmax(z, INFINITY) == pytest.approx(expected)
    assert probability.boltzmann(-z, np.float64(INFINITY)) == pytest.approx(expected)
    assert probability.log_softmax(z, INFINITY)[:-1] == pytest.approx(-math.log(len(z) - 1))
    assert probability.log_softmax(z, INFINITY)[-1] == -INFINITY
    assert probability.log_partition(-z, INFINITY) == pytest.approx(math.log(len(z) - 1))


@given(scores)
def test_the_hot_limit_is_reached_continuously(z):
    """Each power of ten in T brings the law ten times nearer: the gap is (z − mean)/KT to first order."""
    uniform = probability.softmax(z, INFINITY)
    for temperature in (1e6, 1e9, 1e12):
        gap = probability.softmax(z, temperature) - uniform
        expected = (z - z.mean()) / (len(z) * temperature)
        assert gap == pytest.approx(expected, abs=1e3 / temperature**2 + 1e-15)
    assert probability.softmax(z, 1e308) == pytest.approx(uniform, abs=1e-300)
    assert probability.log_softmax(z, 1e308) == pytest.approx(probability.log_softmax(z, INFINITY), abs=1e-15)


@given(levels)
def test_the_cold_limit_is_reached_continuously(z):
    """Gaps of at least ¼ at T = 1/400 weigh e^{−100}."""
    cold = probability.softmax(z, 0)
    for temperature in (1 / 400, 1e-10, 1e-300, 5e-324):
        assert probability.softmax(z, temperature) == pytest.approx(cold, abs=1e-40)
    best = cold > 0
    assert probability.log_softmax(z, 1 / 400)[best] == pytest.approx(probability.log_softmax(z, 0)[best])


def test_the_gap_of_extreme_scores_is_judged_against_the_temperature():
    """1e308 − (−1e308) is beyond all floats, but no more than 2 in units of T = 1e308."""
    expected = special.softmax([2.0, 0.0])
    assert probability.softmax([1e308, -1e308], 1e308) == pytest.approx(expected)
    assert probability.softmax([1e308, -1e308], INFINITY) == pytest.approx([0.5, 0.5])
    assert probability.softmax([5e-324, 0.0], 0).tolist() == [1, 0]


@given(scores, temperatures)
def test_logsumexp_is_scipys(z, temperature):
    expected = temperature * special.logsumexp(z / temperature)
    assert probability.logsumexp(z, temperature) == pytest.approx(expected, rel=1e-12, abs=1e-9)


@given(scores, temperatures, st.floats(-1e3, 1e3))
def test_logsumexp_moves_with_a_shift_and_bounds_the_maximum(z, temperature, shift):
    soft = probability.logsumexp(z, temperature)
    assert probability.logsumexp(z + shift, temperature) == pytest.approx(soft + shift, abs=1e-8)
    assert z.max() <= soft <= z.max() + temperature * math.log(len(z)) + 1e-12
    assert probability.logsumexp(z, 0) == z.max()
    assert probability.logsumexp(z, 1e-9) == pytest.approx(z.max(), abs=1e-8)


def test_logsumexp_at_its_limits():
    assert probability.logsumexp([3.0, -INFINITY], INFINITY) == 3  # a single score at any temperature
    assert probability.logsumexp([3.0, 2.0], INFINITY) == INFINITY
    for temperature in (0, 1.0, INFINITY):
        assert probability.logsumexp([-INFINITY, -INFINITY], temperature) == -INFINITY
    rows = probability.logsumexp([[0.0, 0.0], [-INFINITY, -INFINITY]], 2.0)
    assert rows == pytest.approx([2 * math.log(2), -INFINITY])
    assert probability.logsumexp(np.zeros((2, 3)), axis=0) == pytest.approx(np.full(3, math.log(2)))


def test_extremes_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert probability.log_partition([-1.0], 1e-320) == INFINITY
        assert probability.log_softmax([0.0, -1.0], 1e-320).tolist() == [0, -INFINITY]
        assert probability.heat_capacity([0.0, 1.0, INFINITY], 1e-320) == 0
        assert probability.logsumexp([1e308, 1e308], 1e308) == pytest.approx(1e308 * (1 + math.log(2)))
        assert probability.free_energy([1.0, 0.0], [2.0, INFINITY], 0) == 2
        assert probability.mean_energy([2.0, INFINITY], INFINITY) == 2


# --- thermodynamics ------------------------------------------------------------------------------------


@given(levels, temperatures)
def test_only_boltzmanns_law_reaches_the_least_free_energy(energies, temperature):
    p = probability.boltzmann(energies, temperature)
    least = -probability.logsumexp(-energies, temperature)
    assert probability.free_energy(p, energies, temperature) == pytest.approx(least, abs=1e-9)
    q = probability.softmax(np.arange(len(energies)) / 3)
    excess = probability.free_energy(q, energies, temperature) - least
    assert excess == pytest.approx(temperature * probability.kl_divergence(q, p), rel=1e-9, abs=1e-9)


def test_free_energy_at_its_limits():
    energies = [1.0, 3.0, INFINITY]
    assert probability.free_energy([0.5, 0.5, 0], energies, 0) == 2
    assert probability.free_energy([0.5, 0.5, 0], energies, INFINITY) == -INFINITY
    assert probability.free_energy([1.0, 0, 0], energies, INFINITY) == 1
    assert probability.free_energy([0.5, 0, 0.5], energies, 1) == INFINITY
    assert probability.free_energy([0.5, 0, 0.5], energies, INFINITY) == INFINITY
    table = probability.free_energy([[0.5, 0.5], [1.0, 0.0]], [0.0, 2.0], 1.0)
    assert table == pytest.approx([1 - math.log(2), 0])


@given(spectra, st.floats(0.3, 20))
def test_heat_capacity_is_the_slope_of_the_mean_energy_and_of_entropy(energies, temperature):
    step = 1e-5 * temperature
    high, low = temperature + step, temperature - step
    slope = (probability.mean_energy(energies, high) - probability.mean_energy(energies, low)) / (2 * step)
    heat = probability.heat_capacity(energies, temperature)
    assert heat == pytest.approx(slope, rel=1e-5, abs=1e-8)
    entropies = [probability.entropy(probability.boltzmann(energies, t)) for t in (high, low)]
    assert (entropies[0] - entropies[1]) / (2 * step) == pytest.approx(heat / temperature, rel=1e-4, abs=1e-8)


@given(levels)
def test_entropy_and_energy_never_fall_as_it_warms(energies):
    laws = [probability.boltzmann(energies, t) for t in (0, *np.geomspace(1e-3, 1e4, 60), INFINITY)]
    assert (np.diff([probability.entropy(p) for p in laws]) >= -1e-12).all()
    assert (np.diff([p @ energies for p in laws]) >= -1e-12).all()


def test_two_levels_have_schottkys_heat_capacity():
    for t in (0.05, 0.417, 1.0, 30.0):
        x = 1 / t
        expected = x**2 * math.exp(-x) / (1 + math.exp(-x)) ** 2
        assert probability.heat_capacity([0.0, 1.0], t) == pytest.approx(expected, rel=1e-10)
        assert probability.mean_energy([0.0, 1.0], t) == pytest.approx(1 / (1 + math.exp(x)), rel=1e-12)
    assert probability.heat_capacity([0.0, 1.0], 0) == 0 == probability.heat_capacity([0.0, 1.0], INFINITY)
    assert probability.heat_capacity([0.0, 1.0], 1e-200) == 0
    assert probability.mean_energy([0.0, 1.0], 0) == 0
    assert probability.mean_energy([0.0, 1.0, INFINITY], INFINITY) == 0.5
    assert probability.heat_capacity(np.array([[0.0, 1.0], [5.0, 5.0]]).T, 1.0, axis=0)[1] == 0


@given(spectra, st.floats(0.2, 50), st.booleans())
def test_temperature_of_a_mean_energy_goes_there_and_back(energies, temperature, inverted):
    sign = -1 if inverted else 1
    mean = sign * probability.mean_energy(sign * energies, temperature)
    assume(min(abs(mean - energies.mean()), mean - energies.min(), energies.max() - mean) > 1e-6)
    found = probability.temperature_of(energies, mean)
    assert found == pytest.approx(sign * temperature, rel=1e-6)


@given(spectra, st.floats(0.05, 0.95))
def test_no_law_of_that_mean_energy_has_more_entropy(energies, share):
    """Mix any law towards the lowest or the highest level until the mean fits: its entropy is less."""
    mean = energies.min() + share * np.ptp(energies)
    temperature = probability.temperature_of(energies, mean)
    sign = 1 if temperature > 0 else -1
    best = probability.boltzmann(sign * energies, sign * temperature)
    assert best @ energies == pytest.approx(mean, abs=1e-9)
    q = probability.softmax(np.cos(np.arange(len(energies))))
    end = np.argmin(energies) if q @ energies > mean else np.argmax(energies)
    weight = (mean - energies[end]) / (q @ energies - energies[end]) if q @ energies != mean else 1
    q = weight * q + (1 - weight) * np.eye(len(energies))[end]
    assert q @ energies == pytest.approx(mean)
    assert probability.entropy(q) <= probability.entropy(best) + 1e-9


def test_temperature_of_special_means():
    two = [0.0, 1.0]
    assert probability.temperature_of(two, 0.25) == pytest.approx(1 / math.log(3))
    assert probability.temperature_of(two, 0.75) == pytest.approx(-1 / math.log(3))
    assert probability.temperature_of(two, 0.5) == INFINITY
    assert probability.temperature_of([0.1, 0.2, 0.3], 0.2) == INFINITY
    assert probability.temperature_of(two, 0) == 0
    assert probability.temperature_of([2.0, 2.0], 2) == INFINITY
    assert probability.temperature_of([0.0, 1.0, INFINITY], 0.25) == pytest.approx(1 / math.log(3))
    assert probability.temperature_of([1e9, 1e9 + 1], 1e9 + 0.25) == pytest.approx(1 / math.log(3), rel=1e-6)
    assert probability.temperature_of(two, 1e-300) == pytest.approx(1 / (300 * math.log(10)))
    assert isinstance(probability.temperature_of(two, 0.25), float)


def test_within_rounding_of_the_plain_mean_the_temperature_is_infinite():
    for seed in range(50):
        energies = np.random.default_rng(seed).normal(size=5)
        for mean in (energies.mean(), sum(energies) / 5, np.nextafter(energies.mean(), [-9, 9])[seed % 2]):
            assert probability.temperature_of(energies, mean) == INFINITY


@pytest.mark.parametrize("unit", [2e-322, 1e-310, 1e-200, 3.0, 1e150, 4e307])
def test_temperature_scales_with_the_energies(unit):
    """Also where their difference is beyond all floats, and where they are nearly the smallest floats."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for shape, mean in (([0.0, 4.0], 1.0), ([-4.0, 4.0], -3.9), ([0.0, 1.0, 2.0], 2.0 - 1.5)):
            expected = probability.temperature_of(shape, mean)
            if unit < 1e-300 and mean == 0.5:
                continue  # half of the smallest float is none
            energies = np.multiply(shape, unit)
            assert probability.temperature_of(energies, mean * unit) / unit == pytest.approx(
                expected, rel=1e-9, abs=0.51 if unit < 1e-300 else 0
            )


@given(spectra, st.floats(0.1, 10), st.sampled_from([0, 1]))
def test_each_axis_is_summed_alone(energies, temperature, axis):
    table = np.stack([energies, energies[::-1] + 1, 2 * energies], axis=1 - axis)
    names = (
        "mean_energy",
        "heat_capacity",
        "log_partition",
        "softmax",
        "log_softmax",
        "boltzmann",
        "logsumexp",
    )
    for function in (getattr(probability, name) for name in names):
        whole = function(table, temperature, axis=axis)
        rows = [function(row, temperature) for row in np.moveaxis(table, axis, -1)]
        rows = np.moveaxis(np.array(rows), -1, axis) if np.ndim(whole) == 2 else rows
        assert whole == pytest.approx(np.array(rows), rel=1e-12, abs=1e-12)


def test_so_hot_that_no_float_holds_it_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert probability.free_energy([0.25] * 4, [1.0, 2.0, 3.0, 4.0], 1.7e308) == -INFINITY
        assert probability.logsumexp([0.0] * 4, 1.7e308) == INFINITY


# --- errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: probability.softmax([1.0], -INFINITY), ValueError, "temperature must be finite, got -inf"),
        (
            lambda: probability.log_softmax([1.0], -0.1),
            ValueError,
            "temperature must be at least 0, got -0.1",
        ),
        (lambda: probability.softmax([1.0], True), TypeError, "temperature must be a real number, got True"),
        (lambda: probability.logsumexp([1.0], -1), ValueError, "temperature must be at least 0, got -1"),
        (lambda: probability.logsumexp([1.0], NAN), ValueError, "temperature must be finite, got nan"),
        (lambda: probability.logsumexp([NAN]), ValueError, "z must be real numbers or -inf"),
        (lambda: probability.logsumexp([INFINITY]), ValueError, "z must be real numbers or -inf"),
        (lambda: probability.logsumexp([]), ValueError, "z must have at least one entry along axis -1"),
        (lambda: probability.softmax(["1", "2"]), TypeError, "logits must be an array of real numbers"),
        (
            lambda: probability.softmax([1j]),
            TypeError,
            "logits must be an array of real numbers, got complex",
        ),
        (lambda: probability.softmax([True]), TypeError, "logits must be .* got bool"),
        (lambda: probability.softmax([[1.0], [1.0, 2.0]]), TypeError, "logits must be an array of real"),
        (lambda: probability.softmax([10**400, 1]), TypeError, "logits must be an array of real numbers"),
        (lambda: probability.softmax([None, 1]), TypeError, "logits must be .* got object"),
        (lambda: probability.softmax(np.ma.array([1.0], mask=[1])), TypeError, "logits must .* masked array"),
        (lambda: probability.boltzmann([], 1), ValueError, "energies must have at least one entry"),
        (lambda: probability.boltzmann([INFINITY], 1), ValueError, "energies must leave at least one state"),
        (lambda: probability.boltzmann([NAN], 1), ValueError, r"energies must be real numbers or \+inf"),
        (lambda: probability.boltzmann([0.0, 1.0], -1), ValueError, "temperature must be at least 0, got -1"),
        (
            lambda: probability.log_partition([INFINITY] * 2, 1),
            ValueError,
            "energies must leave at least one",
        ),
        (lambda: probability.log_partition([0.0], -1), ValueError, "temperature must be at least 0, got -1"),
        (lambda: probability.mean_energy([0.0], -1), ValueError, "temperature must be at least 0"),
        (lambda: probability.mean_energy([-INFINITY], 1), ValueError, "energies must be real numbers"),
        (lambda: probability.heat_capacity([0.0], NAN), ValueError, "temperature must be finite"),
        (lambda: probability.heat_capacity([], 1), ValueError, "energies must have at least one entry"),
        (lambda: probability.free_energy([1.0], [0.0], -1), ValueError, "temperature must be at least 0"),
        (lambda: probability.free_energy([0.5], [0.0], 1), ValueError, "q must sum to 1"),
        (lambda: probability.free_energy([1.0], [NAN], 1), ValueError, "energies must be real numbers"),
        (
            lambda: probability.free_energy([1.0], [0.0, 1.0], 1),
            ValueError,
            "q and energies must list the same outcomes, got 1 and 2",
        ),
        (lambda: probability.temperature_of([0.0, 1.0], 1), ValueError, "at least 0 and below 1, got 1"),
        (
            lambda: probability.temperature_of([0.0, 1.0], -0.1),
            ValueError,
            "at least 0 and below 1, got -0.1",
        ),
        (lambda: probability.temperature_of([2.0, 2.0], 1), ValueError, "at least 2 and below 2, got 1"),
        (
            lambda: probability.temperature_of([[0.0, 1.0]], 0.5),
            ValueError,
            r"energies must have shape \(K,\)",
        ),
        (lambda: probability.temperature_of([0.0, 1.0], NAN), ValueError, "mean_energy must be finite"),
        (lambda: probability.temperature_of([], 0.0), ValueError, "energies must have at least one entry"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
