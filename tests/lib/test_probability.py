"""book_lib.probability against scipy and torch, and against the properties that define it."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special, stats

from book_lib import probability

sizes = st.integers(1, 8)
scores = arrays(np.float64, sizes, elements=st.floats(-50, 50))
temperatures = st.floats(0.05, 100)


def laws(size=sizes):
    """Distributions, some with outcomes that never happen."""
    weights = arrays(np.float64, size, elements=st.floats(0, 1).map(lambda x: 0.0 if x < 0.1 else x))
    return weights.filter(lambda w: w.sum() > 0).map(lambda w: w / w.sum())


@given(scores, temperatures)
def test_softmax_and_its_logarithm_are_scipys(z, temperature):
    assert probability.softmax(z, temperature) == pytest.approx(special.softmax(z / temperature), rel=1e-12)
    expected = special.log_softmax(z / temperature)
    assert probability.log_softmax(z, temperature) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_softmax_is_torchs_along_each_axis():
    torch = pytest.importorskip("torch")
    z = np.random.default_rng(0).normal(size=(3, 4, 5)) * 10
    for axis in (0, 1, -1):
        expected = torch.softmax(torch.tensor(z) / 0.7, dim=axis).numpy()
        np.testing.assert_allclose(probability.softmax(z, 0.7, axis), expected, rtol=1e-12)
        expected = torch.log_softmax(torch.tensor(z) / 0.7, dim=axis).numpy()
        np.testing.assert_allclose(probability.log_softmax(z, 0.7, axis), expected, rtol=1e-12)


@given(scores, temperatures, st.floats(-1e6, 1e6))
def test_softmax_does_not_see_a_common_shift(z, temperature, shift):
    moved = probability.softmax(z + shift, temperature)
    assert moved == pytest.approx(probability.softmax(z, temperature), abs=1e-6)


@given(scores)
def test_cold_softmax_shares_among_ties_and_hot_is_uniform(z):
    cold = probability.softmax(z, 0)
    assert np.array_equal(cold > 0, z == z.max())
    assert cold == pytest.approx(np.where(z == z.max(), 1 / (z == z.max()).sum(), 0))
    assert probability.softmax(z, 1e9) == pytest.approx(np.full(len(z), 1 / len(z)), abs=1e-6)


def test_softmax_survives_extremes():
    assert probability.softmax([1e308, -1e308]) == pytest.approx([1, 0])
    assert probability.softmax([0.0, 1.0], 1e-320) == pytest.approx([0, 1])
    assert probability.softmax([-np.inf, 0.0, 0.0]) == pytest.approx([0, 0.5, 0.5])
    assert probability.log_softmax([-np.inf, 0.0])[0] == -np.inf
    assert probability.log_softmax([2.0, 2.0, 1.0], 0) == pytest.approx([-math.log(2), -math.log(2), -np.inf])


@given(laws())
def test_entropy_is_scipys_and_bounded(p):
    assert probability.entropy(p) == pytest.approx(stats.entropy(p), abs=1e-12)
    assert probability.entropy(p, base=2) == pytest.approx(stats.entropy(p, base=2), abs=1e-12)
    assert 0 <= probability.entropy(p) <= math.log(len(p)) + 1e-12


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(laws(st.just(n)), laws(st.just(n)))))
def test_cross_entropy_splits_into_entropy_and_divergence(pair):
    p, q = pair
    divergence = probability.kl_divergence(p, q)
    assert divergence == pytest.approx(stats.entropy(p, q), abs=1e-12)
    assert divergence >= 0  # Gibbs's inequality
    assert probability.cross_entropy(p, q) == pytest.approx(probability.entropy(p) + divergence, abs=1e-12)
    assert probability.kl_divergence(p, p) == 0


def test_divergence_is_infinite_where_q_forbids_p_and_ignores_what_p_forbids():
    assert probability.kl_divergence([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert probability.cross_entropy([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert probability.kl_divergence([1.0, 0.0], [0.5, 0.5], base=2) == 1.0


def test_information_along_axes():
    p = np.array([[0.5, 0.5], [1.0, 0.0]])
    assert probability.entropy(p, base=2) == pytest.approx([1, 0])
    assert probability.entropy(p.T, axis=0, base=2) == pytest.approx([1, 0])
    assert probability.cross_entropy(p, np.array([0.25, 0.75]), base=2).shape == (2,)


@given(arrays(np.float64, st.integers(1, 6), elements=st.floats(-20, 20)), st.floats(0.2, 50))
def test_the_master_identity(energies, temperature):
    """F[q] = ⟨E⟩_q − T S(q) = −T ln Z + T KL(q‖p), for Boltzmann's p and any q."""
    p = probability.boltzmann(energies, temperature)
    free = -temperature * probability.log_partition(energies, temperature)
    q = probability.softmax(np.arange(len(energies)) / 3)
    value = q @ energies - temperature * probability.entropy(q)
    assert value == pytest.approx(free + temperature * probability.kl_divergence(q, p), rel=1e-9, abs=1e-9)
    assert value >= free - 1e-9


@given(arrays(np.float64, st.integers(1, 6), elements=st.floats(-5, 5)), st.floats(0.5, 10))
def test_derivatives_of_ln_z_are_averages(energies, temperature):
    """∂ ln Z/∂β = −⟨E⟩: the lemma, by central difference in β."""
    beta, step = 1 / temperature, 1e-5
    high, low = (probability.log_partition(energies, 1 / (beta + s)) for s in (step, -step))
    mean = probability.boltzmann(energies, temperature) @ energies
    assert (high - low) / (2 * step) == pytest.approx(-mean, rel=1e-6, abs=1e-6)


def test_two_levels():
    """A gap of 1: p(excited) = 1/(1 + e^{1/T}); cold picks the ground state, hot is even."""
    for temperature in (0.1, 1.0, 7.0):
        p = probability.boltzmann([0.0, 1.0], temperature)
        assert p[1] == pytest.approx(1 / (1 + math.exp(1 / temperature)), rel=1e-12)
    assert probability.boltzmann([0.0, 1.0], 0).tolist() == [1.0, 0.0]
    assert probability.boltzmann([0.0, np.inf], 5.0).tolist() == [1.0, 0.0]
    assert probability.log_partition([-1e6, 0.0], 1.0) == pytest.approx(1e6)
    assert probability.log_partition([[0.0, 0.0], [0.0, np.inf]], 2.0) == pytest.approx([math.log(2), 0])


def test_rows_that_sum_to_one_within_rounding_do_not_make_a_divergence_negative():
    assert probability.kl_divergence([0.5, 0.5], [0.5000004, 0.5000004]) == 0
    assert probability.kl_divergence([0.5000004, 0.5000004], [0.5, 0.5]) == 0
    assert probability.entropy([1.0000005, 0.0]) == 0


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(laws(st.just(n)), laws(st.just(n)), st.permutations(range(n)))
    )
)
def test_names_of_outcomes_do_not_matter(case):
    p, q, order = case
    assert probability.entropy(p[order]) == pytest.approx(probability.entropy(p), abs=1e-12)
    assert probability.kl_divergence(p[order], q[order]) == pytest.approx(
        probability.kl_divergence(p, q), abs=1e-12
    )


@given(scores, temperatures, st.randoms(use_true_random=False))
def test_softmax_keeps_the_order_of_its_scores_and_mass_one(z, temperature, random):
    order = random.sample(range(len(z)), len(z))
    p = probability.softmax(z, temperature)
    assert probability.softmax(z[order], temperature) == pytest.approx(p[order], abs=1e-15)
    assert p.sum() == pytest.approx(1, abs=1e-12) and (p >= 0).all()
    assert (np.diff(p[np.argsort(z)]) >= 0).all()


def test_cold_and_impossible_outcomes_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert probability.cross_entropy([1.0, 0.0], [1.0, 0.0]) == 0
        assert probability.kl_divergence([0.0, 1.0], [0.5, 0.5]) == pytest.approx(math.log(2))
        assert probability.cross_entropy([0.5, 0.5], [1.0, 0.0]) == np.inf
        assert str(probability.entropy([1.0, 0.0])) == "0.0"  # and not -0.0


NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: probability.softmax([1.0, 2.0], -1), ValueError, "temperature must be at least 0, got -1"),
        (lambda: probability.softmax([1.0, 2.0], NAN), ValueError, "temperature must be finite, got nan"),
        (lambda: probability.softmax([1.0, 2.0], "hot"), TypeError, "temperature must be a real number"),
        (lambda: probability.softmax([1.0, NAN]), ValueError, "logits must be real numbers or -inf"),
        (lambda: probability.softmax([np.inf, 0]), ValueError, "logits must be real numbers or -inf"),
        (lambda: probability.softmax([-np.inf]), ValueError, "at least one outcome possible"),
        (lambda: probability.softmax([]), ValueError, "at least one entry along axis -1"),
        (lambda: probability.softmax(["a"]), TypeError, "logits must be an array of real numbers"),
        (lambda: probability.log_softmax(3.0), ValueError, "at least one entry"),
        (lambda: probability.softmax([1.0], axis=1), ValueError, "at least one entry along axis 1"),
        (lambda: probability.softmax([1.0], axis=0.5), TypeError, "axis must be an integer"),
        (lambda: probability.entropy([0.5, 0.6]), ValueError, "p must sum to 1 along axis -1, got 1.1"),
        (lambda: probability.entropy([1.5, -0.5]), ValueError, "p must not be negative, got -0.5"),
        (lambda: probability.entropy([NAN, 1.0]), ValueError, "p must be finite, got nan at index"),
        (lambda: probability.entropy([1.0], base=1), ValueError, "base must differ from 1"),
        (lambda: probability.entropy([1.0], base=-2), ValueError, "base must be greater than 0"),
        (lambda: probability.cross_entropy([1.0], [0.5, 0.5]), ValueError, "same outcomes, got 1 and 2"),
        (lambda: probability.kl_divergence([0.5, 0.5], [0.9, 0.2]), ValueError, "q must sum to 1"),
        (
            lambda: probability.kl_divergence(np.full((3, 2), 0.5), np.full((2, 2), 0.5)),
            ValueError,
            "matching shapes",
        ),
        (lambda: probability.boltzmann([0.0, -np.inf], 1), ValueError, "energies must be real numbers or"),
        (lambda: probability.log_partition([0.0, 1.0], 0), ValueError, "temperature must be greater than 0"),
        (
            lambda: probability.kl_divergence(np.array([[0.9, 0.9], [0.1, 0.1]]), [0.9, 0.1], axis=0),
            ValueError,
            "as many axes for axis 0, got \\(2, 2\\) and \\(2,\\)",
        ),
        (lambda: probability.entropy([0.5, 0.5], base=0), ValueError, "base must be greater than 0, got 0"),
        (lambda: probability.entropy([0.5, 0.5], base=NAN), ValueError, "base must be finite"),
        (lambda: probability.entropy(["0.5", "0.5"]), TypeError, "p must be an array of real numbers"),
        (lambda: probability.entropy([True, False]), TypeError, "p must be an array of real numbers"),
        (lambda: probability.entropy([]), ValueError, "p must have at least one entry"),
        (
            lambda: probability.entropy([0.500003, 0.5]),
            ValueError,
            "p must sum to 1 along axis -1, got 1.000003",
        ),
        (lambda: probability.entropy([1e308, 1e308]), ValueError, "p must sum to 1 along axis -1, got inf"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
