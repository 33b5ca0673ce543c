"""Priors and posteriors of book_lib.probability against scipy, Bayes' rule point by point, and each other."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from book_lib import probability as pb

INFINITY, NAN = math.inf, math.nan
concentrations = st.floats(0.2, 50)


@given(concentrations, concentrations, st.integers(0, 30), st.integers(0, 30))
def test_bayes_rule_turns_a_beta_prior_into_the_updated_one(a, b, heads, tails):
    """Prior × likelihood, divided by its own integral, point by point; the evidence is a ratio of B's."""
    x = np.linspace(0.01, 0.99, 25)
    prior, posterior = pb.Beta(a, b), pb.Beta(a, b).update(heads, tails)
    evidence = special.betaln(a + heads, b + tails) - special.betaln(a, b)
    by_hand = prior.log_prob(x) + heads * np.log(x) + tails * np.log1p(-x) - evidence
    np.testing.assert_allclose(posterior.log_prob(x), by_hand, rtol=1e-9, atol=1e-9)
    assert prior.update(0, 0) == prior


@given(st.floats(1, 20), st.floats(1, 20), st.integers(0, 20), st.integers(0, 20))
def test_a_posterior_integrates_to_one(a, b, heads, tails):
    posterior = pb.Beta(a, b).update(heads, tails)
    edges = np.linspace(0, 1, 41)
    nodes, weights = np.polynomial.legendre.leggauss(30)
    x = edges[:-1, None] + (nodes + 1) / 80
    assert (np.exp(posterior.log_prob(x)) @ weights / 80).sum() == pytest.approx(1, abs=1e-4)


@given(concentrations, concentrations, st.lists(st.booleans(), min_size=1, max_size=12))
def test_updates_come_in_any_order_and_predictions_chain(a, b, tosses):
    """Predict, observe, update: the product of the predictions is the evidence, whatever the order."""
    law, chain = pb.Beta(a, b), 0.0
    for toss in tosses:
        chain += law.predictive().log_prob(int(toss))
        law = law.update(int(toss), int(not toss))
    heads = sum(tosses)
    assert (law.a, law.b) == pytest.approx((a + heads, b + len(tosses) - heads))
    expected = special.betaln(law.a, law.b) - special.betaln(a, b)
    assert chain == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(concentrations, concentrations)
def test_uncertainty_about_the_chance_only_adds_variance(a, b):
    """Var = E[μ(1 − μ)] + Var μ: the second part is what a plugged-in chance leaves out."""
    law = pb.Beta(a, b)
    within = (a * b) / ((a + b) * (a + b + 1))  # E[μ(1 − μ)]
    predictive = law.predictive().variance
    assert predictive == pytest.approx(within + law.variance)
    assert predictive >= within


@given(st.floats(0.5, 5), st.integers(0, 20), st.integers(1, 20))
def test_an_even_handed_prior_is_never_surer_than_the_plugged_in_frequency(a, heads, tails):
    plug_in = pb.Bernoulli(heads / (heads + tails)).variance
    assert pb.Beta(a, a).update(heads, tails).predictive().variance >= plug_in - 1e-12


@given(concentrations, concentrations)
def test_beta_cdf_and_interval_are_scipys(a, b):
    law, peer = pb.Beta(a, b), stats.beta(a, b)
    x = np.linspace(-0.1, 1.1, 25).reshape(5, 5)
    np.testing.assert_allclose(law.cdf(x), peer.cdf(x), rtol=1e-9, atol=1e-12)
    low, high = law.interval(0.9)
    assert (low, high) == pytest.approx(peer.interval(0.9), rel=1e-7, abs=1e-9)
    assert law.cdf(high) - law.cdf(low) == pytest.approx(0.9, abs=1e-9)


def test_beta_entropy_over_many_scales():
    for a in (0.01, 0.5, 1, 3, 9.99, 10, 1e4):
        for b in (0.02, 1, 77.7):
            assert pb.Beta(a, b).entropy() == pytest.approx(stats.beta(a, b).entropy(), rel=1e-9, abs=1e-9)


def test_dirichlet_is_scipys_and_of_two_faces_a_beta():
    alpha = np.array([0.7, 2.0, 5.5])
    law, peer = pb.Dirichlet(alpha), stats.dirichlet(alpha)
    p = np.random.default_rng(0).dirichlet([2, 2, 2], size=7)
    np.testing.assert_allclose(law.log_prob(p), [peer.logpdf(row) for row in p], rtol=1e-10)
    assert law.mean == pytest.approx(peer.mean())
    assert law.variance == pytest.approx(peer.var())
    assert law.entropy() == pytest.approx(peer.entropy(), rel=1e-10)
    two, beta = pb.Dirichlet([2.5, 4.0]), pb.Beta(2.5, 4.0)
    assert two.log_prob([0.3, 0.7]) == pytest.approx(beta.log_prob(0.3))
    assert two.entropy() == pytest.approx(beta.entropy())
    assert two.mean[0] == pytest.approx(beta.mean) and two.variance[0] == pytest.approx(beta.variance)


def test_dirichlet_at_the_edges_of_the_simplex():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pb.Dirichlet([1, 1, 1]).log_prob([1.0, 0.0, 0.0]) == pytest.approx(math.log(2))
        assert pb.Dirichlet([1, 2, 1]).log_prob([1.0, 0.0, 0.0]) == -INFINITY
        assert pb.Dirichlet([1, 0.5, 1]).log_prob([1.0, 0.0, 0.0]) == INFINITY


@given(st.lists(st.integers(0, 20), min_size=4, max_size=4))
def test_bayes_rule_turns_a_dirichlet_prior_into_the_updated_one(counts):
    prior = pb.Dirichlet([0.5, 1.0, 2.0, 3.0])
    posterior = prior.update(counts)
    p = np.random.default_rng(3).dirichlet(np.ones(4), size=6)
    gap = posterior.log_prob(p) - prior.log_prob(p) - pb.categorical_log_likelihood(counts, p)
    np.testing.assert_allclose(gap, gap[0], atol=1e-9)  # −ln evidence, the same everywhere
    alpha = prior.concentration + counts
    assert posterior.predictive().probabilities == pytest.approx(alpha / alpha.sum())


@given(
    st.floats(-5, 5),
    st.floats(0.1, 10),
    st.lists(st.floats(-10, 10), min_size=1, max_size=8),
    st.floats(0.1, 10),
)
def test_bayes_rule_for_an_unknown_mean(mean, spread, data, noise):
    """ln posterior = ln prior + ln likelihood + constant, and 1/σ'² = 1/σ² + N/noise²."""
    prior = pb.Normal(mean, spread)
    posterior = prior.update(data, noise)
    x = posterior.mean + posterior.standard_deviation * np.linspace(-2, 2, 7)
    likelihood = sum(pb.Normal(value, noise).log_prob(x) for value in data)
    gap = posterior.log_prob(x) - prior.log_prob(x) - likelihood
    np.testing.assert_allclose(gap, gap[0], rtol=1e-6, atol=1e-6)
    assert 1 / posterior.variance == pytest.approx(1 / spread**2 + len(data) / noise**2)
    in_turn = prior
    for value in reversed(data):
        in_turn = in_turn.update([value], noise)
    assert in_turn.mean == pytest.approx(posterior.mean, abs=1e-9)
    assert in_turn.variance == pytest.approx(posterior.variance)
    predictive = posterior.predictive(noise)
    assert predictive.variance == pytest.approx(noise**2 + posterior.variance)
    assert (
        predictive.variance >= pb.Normal(posterior.mean, noise).variance and predictive.mean == posterior.mean
    )


def test_extreme_precisions_neither_overflow_nor_divide_by_zero():
    assert pb.Normal(0, 1e-200).update([1.0], noise=1.0).mean == pytest.approx(0)
    assert pb.Normal(0, 1e200).update([1.0, 3.0], noise=1e-100).mean == pytest.approx(2)


def test_gamma_shares_of_dirichlet_follow_their_beta_marginals():
    drawn = pb.Dirichlet([0.4, 2.0, 7.0]).sample((40, 100), 8).reshape(-1, 3)
    assert drawn.sum(axis=1) == pytest.approx(1)
    for k, a in enumerate((0.4, 2.0, 7.0)):
        assert stats.kstest(drawn[:, k], stats.beta(a, 9.4 - a).cdf).pvalue > 1e-4
    tiny = pb.Beta(1e-3, 1e-3).sample(2000, 1)  # both gamma variates round to 0, their logarithms do not
    assert np.isfinite(tiny).all() and abs((tiny > 0.5).mean() - 0.5) < 0.05


@given(st.floats(-2, 11.9), st.floats(-2, 11.9))
def test_entropies_keep_their_digits_for_any_number_of_tosses(log_a, log_b):
    """Against the normal law of the same variance, which a Beta law approaches, and mpmath."""
    mpmath = pytest.importorskip("mpmath")
    a, b = 10**log_a, 10**log_b
    with mpmath.workdps(50):
        x, y = mpmath.mpf(a), mpmath.mpf(b)
        z = x + y
        exact = (
            mpmath.log(mpmath.beta(x, y))
            if z < 1e4
            else mpmath.loggamma(x) + mpmath.loggamma(y) - mpmath.loggamma(z)
        )
        exact += (z - 2) * mpmath.digamma(z) - (x - 1) * mpmath.digamma(x) - (y - 1) * mpmath.digamma(y)
        assert pb.Beta(a, b).entropy() == pytest.approx(float(exact), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("n", [1e2, 1e6, 1e8, 1e10])
def test_many_tosses_of_a_fair_coin_leave_a_normal_law(n):
    """I_½(n, n) = ½ to the last digits, and one standard deviation below lies Φ(−1) up to order 1/n."""
    law = pb.Beta(n, n)
    assert law.cdf(0.5) == pytest.approx(0.5, abs=1e-10)
    assert law.cdf(0.5 - math.sqrt(law.variance)) == pytest.approx(stats.norm.cdf(-1), abs=1e-10 + 0.2 / n)


@pytest.mark.parametrize(
    ("a", "b"), [(1e-3, 50.0), (50.0, 1e-3), (0.02, 3.0), (3, 4), (1e5, 2e4), (0.5, 1e5)]
)
def test_both_ends_of_an_interval_keep_their_digits(a, b):
    tail = (1 - 0.9) / 2
    low, high = pb.Beta(a, b).interval(0.9)
    assert low <= high
    assert low == pytest.approx(stats.beta.ppf(tail, a, b), rel=1e-9, abs=1e-300)
    assert high == pytest.approx(
        1 - stats.beta.ppf(tail, b, a) if b < a else stats.beta.ppf(1 - tail, a, b), rel=1e-9
    )


def test_equal_precisions_meet_half_way_exactly():
    assert pb.Normal(1, 3).update([2.0], noise=3).mean == 1.5
    assert pb.Normal(0, 1).update([1e308, 1e308], noise=1e200).mean == 0
    assert pb.Normal(0, 1e200).update([1.5e308, 1.5e308], noise=1).mean == pytest.approx(1.5e308)


# --- errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pb.Normal().update([], 1), ValueError, "data must hold at least one .* got an empty sample"),
        (lambda: pb.Normal().update([NAN], 1), ValueError, "data must be finite"),
        (lambda: pb.Normal().update([1], 0), ValueError, "noise must be greater than 0"),
        (lambda: pb.Normal().predictive(-1), ValueError, "noise must be greater than 0, got -1"),
        (lambda: pb.Beta(0, 1), ValueError, "a must be greater than 0, got 0"),
        (lambda: pb.Beta(1, NAN), ValueError, "b must be finite"),
        (lambda: pb.Beta(1e308, 1), ValueError, r"a must lie between 1e-300 and 1e\+12, got 1e\+308"),
        (lambda: pb.Beta(1, 1e-310), ValueError, "b must lie between .* got 1e-310"),
        (lambda: pb.Beta(1, 1).update(1e13, 0), ValueError, "a must lie between"),
        (lambda: pb.Dirichlet([1e-310, 1]), ValueError, "concentration must lie between .* got 1e-310"),
        (lambda: pb.Dirichlet([1, 1e13]), ValueError, r"concentration must lie between .* got 1e\+13"),
        (lambda: pb.Beta(1, 1).update(-1, 0), ValueError, "successes must be at least 0, got -1"),
        (lambda: pb.Beta(1, 1).update(0, NAN), ValueError, "failures must be finite"),
        (lambda: pb.Beta(1, 1).log_prob(NAN), ValueError, "x must be finite"),
        (lambda: pb.Beta(1, 1).cdf([NAN]), ValueError, "x must be finite"),
        (lambda: pb.Beta(1, 1).interval(1), ValueError, "mass must lie between 0 and 1, both excluded"),
        (lambda: pb.Dirichlet([1.0]), ValueError, r"concentration must have shape \(K,\), K at least 2"),
        (lambda: pb.Dirichlet([1.0, 0.0]), ValueError, "concentration must be greater than 0, got 0"),
        (lambda: pb.Dirichlet([1.0, NAN]), ValueError, "concentration must be finite"),
        (lambda: pb.Dirichlet([1, 1]).log_prob([0.5, 0.6]), ValueError, "p must sum to 1"),
        (lambda: pb.Dirichlet([1, 1]).log_prob([0.5, 0.3, 0.2]), ValueError, r"p must have shape \(..., 2\)"),
        (lambda: pb.Dirichlet([0.5, 2, 1]).log_prob([0.0, 0.0, 1.0]), ValueError, "density has no limit"),
        (lambda: pb.Dirichlet([1, 1]).update([1, 2, 3]), ValueError, r"counts must have shape \(2,\)"),
        (lambda: pb.Dirichlet([1, 1]).update([1, -2]), ValueError, "counts must not be negative, got -2"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
