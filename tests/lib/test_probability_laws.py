"""The laws of book_lib.probability against scipy, torch, quadrature and their own samples."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from book_lib import probability as pb
from book_lib.rng import CounterRNG

INFINITY, NAN = math.inf, math.nan
COVARIANCE = np.array([[2.0, 0.6, 0.0], [0.6, 0.5, -0.1], [0.0, -0.1, 1.5]])
MEAN = np.array([1.0, -2.0, 0.5])

CONTINUOUS = [
    (pb.Normal(1.5, 0.7), stats.norm(1.5, 0.7), (-8, 11)),
    (pb.Normal(-3, 40), stats.norm(-3, 40), (-500, 500)),
    (pb.Uniform(-1, 3), stats.uniform(-1, 4), (-1, 3)),
    (pb.Beta(1, 1), stats.beta(1, 1), (0, 1)),
    (pb.Beta(2.5, 4), stats.beta(2.5, 4), (0, 1)),
    (pb.Beta(30, 1.2), stats.beta(30, 1.2), (0, 1)),
]
ALL = [law for law, *_ in CONTINUOUS] + [
    pb.Beta(0.3, 0.4),
    pb.Bernoulli(0.3),
    pb.Categorical([0.2, 0.5, 0.0, 0.3]),
    pb.MultivariateNormal(MEAN, COVARIANCE),
    pb.Dirichlet([0.4, 2.0, 7.0]),
]
GENERATORS = [lambda: 5, lambda: np.random.default_rng(5), lambda: CounterRNG(5)]


def one_hot_if_faces(law, drawn):
    return pb.one_hot(drawn, len(law.probabilities)) if isinstance(law, pb.Categorical) else drawn


# --- densities and moments -----------------------------------------------------------------------------


@pytest.mark.parametrize(("law", "peer", "ends"), CONTINUOUS)
def test_densities_moments_and_entropies_are_scipys(law, peer, ends):
    x = np.linspace(*ends, 41)
    np.testing.assert_allclose(law.log_prob(x), peer.logpdf(x), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(
        law.log_prob(x.reshape(1, 41, 1)).ravel(), peer.logpdf(x), rtol=1e-12, atol=1e-12
    )
    assert law.mean == pytest.approx(peer.mean(), rel=1e-12)
    assert law.variance == pytest.approx(peer.var(), rel=1e-12)
    assert law.entropy() == pytest.approx(peer.entropy(), rel=1e-10, abs=1e-12)
    assert law.entropy(base=2) == pytest.approx(peer.entropy() / math.log(2), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize(("law", "peer", "ends"), CONTINUOUS)
def test_densities_hold_mass_one_mean_variance_and_entropy(law, peer, ends):
    """By quadrature of our density alone."""

    def mean_of(f):
        return integrate.quad(lambda x: f(x) * math.exp(law.log_prob(x)), *ends, epsabs=1e-10, limit=200)[0]

    assert mean_of(lambda x: 1) == pytest.approx(1, abs=1e-8)
    assert mean_of(lambda x: x) == pytest.approx(law.mean, abs=1e-6)
    assert mean_of(lambda x: (x - law.mean) ** 2) == pytest.approx(law.variance, rel=1e-6)
    inside = (ends[0] + 1e-9, ends[1] - 1e-9)
    surprise = integrate.quad(lambda x: -law.log_prob(x) * math.exp(law.log_prob(x)), *inside, limit=200)[0]
    assert surprise == pytest.approx(law.entropy(), abs=1e-6)


def test_a_density_outside_its_support_is_zero():
    assert pb.Uniform(0, 2).log_prob([-0.1, 0, 1, 2, 2.1]) == pytest.approx(
        [-INFINITY, *[-math.log(2)] * 3, -INFINITY]
    )
    assert pb.Beta(2, 3).log_prob([-1, 0, 1, 2]).tolist() == [-INFINITY] * 4
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pb.Beta(1, 2).log_prob([0.0, 1.0]) == pytest.approx([math.log(2), -INFINITY])
        assert pb.Beta(0.5, 1).log_prob([0.0, 1.0]) == pytest.approx([INFINITY, math.log(0.5)])


def test_what_is_unthinkably_far_away_has_density_zero_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pb.Normal(0, 1e-3).log_prob(1e200) == -INFINITY
        assert pb.Normal(0, 1e-300).log_prob(1e20) == -INFINITY
        assert pb.MultivariateNormal([0.0, 0.0], np.eye(2)).log_prob([[1e200, 0], [0, 0]])[0] == -INFINITY


def test_numbers_go_in_and_floats_come_out():
    for law in (pb.Normal(), pb.Uniform(), pb.Beta(2, 2), pb.Bernoulli(0.5)):
        assert isinstance(law.log_prob(1), float)
        assert type(law.sample(None, 1)) is (int if isinstance(law, pb.Bernoulli) else float)
        assert isinstance(law.mean, float) and isinstance(law.variance, float)
        assert isinstance(law.entropy(), float)
    assert isinstance(pb.Categorical([0.5, 0.5]).sample(None, 1), int)
    assert isinstance(pb.Categorical([0.5, 0.5]).log_prob(1), float)
    assert pb.MultivariateNormal([0.0, 0], np.eye(2)).sample(None, 1).shape == (2,)
    assert pb.Dirichlet([1.0, 2]).sample(None, 1).shape == (2,)


# --- coins and dice ------------------------------------------------------------------------------------


@given(st.floats(0, 1))
def test_bernoulli_is_scipys(mean):
    coin, peer = pb.Bernoulli(mean), stats.bernoulli(mean)
    assert coin.log_prob([0, 1, 1]) == pytest.approx(peer.logpmf([0, 1, 1]), rel=1e-12, abs=1e-300)
    assert np.exp(coin.log_prob([0, 1])).sum() == pytest.approx(1)
    assert coin.mean == pytest.approx(peer.mean()) and coin.variance == pytest.approx(peer.var(), abs=1e-15)
    assert coin.entropy() == pytest.approx(special.entr(mean) + special.entr(1 - mean), abs=1e-12)
    assert coin.variance <= 0.25 == pb.Bernoulli(0.5).variance


def test_a_sure_coin():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for mean in (0, 1):
            assert pb.Bernoulli(mean).entropy() == 0 == pb.Bernoulli(mean).variance
            assert pb.Bernoulli(mean).log_prob(np.array([True, False])[[1 - mean, mean]]).tolist() == [
                0,
                -INFINITY,
            ]
            assert set(pb.Bernoulli(mean).sample(1000, 3)) == {mean}


def test_categorical_is_scipys_multinomial_of_one():
    p = np.array([0.2, 0.5, 0.0, 0.3])
    die, peer = pb.Categorical(p), stats.multinomial(1, p)
    assert die.log_prob([3, 0]) == pytest.approx(np.log([0.3, 0.2]))
    assert die.log_prob([[2], [1]]).tolist() == [[-INFINITY], [math.log(0.5)]]
    assert np.exp(die.log_prob(np.arange(4))) == pytest.approx(np.prod(p ** pb.one_hot(range(4), 4), axis=-1))
    assert die.mean == pytest.approx(peer.mean())
    assert die.variance == pytest.approx(np.diag(peer.cov()))
    assert die.entropy(base=2) == pytest.approx(stats.entropy(p, base=2))


# --- several dimensions --------------------------------------------------------------------------------


def test_multivariate_normal_is_scipys_and_torchs():
    law, peer = pb.MultivariateNormal(MEAN, COVARIANCE), stats.multivariate_normal(MEAN, COVARIANCE)
    x = np.random.default_rng(0).normal(size=(2, 5, 3)) * 3
    np.testing.assert_allclose(law.log_prob(x), peer.logpdf(x), rtol=1e-12)
    assert law.log_prob(x[0, 0]) == pytest.approx(peer.logpdf(x[0, 0]))
    assert law.entropy() == pytest.approx(peer.entropy(), rel=1e-12)
    assert law.variance.tolist() == [2.0, 0.5, 1.5]
    torch = pytest.importorskip("torch")
    twin = torch.distributions.MultivariateNormal(torch.tensor(MEAN), torch.tensor(COVARIANCE))
    np.testing.assert_allclose(law.log_prob(x), twin.log_prob(torch.tensor(x)).numpy(), rtol=1e-10)
    assert law.entropy() == pytest.approx(twin.entropy().item())


def test_a_diagonal_covariance_is_a_product_and_one_dimension_is_normal():
    x = np.random.default_rng(1).normal(size=(20, 2))
    law = pb.MultivariateNormal([1.0, -1.0], np.diag([4.0, 0.25]))
    product = pb.Normal(1, 2).log_prob(x[:, 0]) + pb.Normal(-1, 0.5).log_prob(x[:, 1])
    np.testing.assert_allclose(law.log_prob(x), product, rtol=1e-12)
    single = pb.MultivariateNormal([0.3], [[9.0]])
    np.testing.assert_allclose(single.log_prob(x[:, :1]), pb.Normal(0.3, 3).log_prob(x[:, 0]), rtol=1e-12)
    assert single.entropy() == pytest.approx(pb.Normal(0.3, 3).entropy())


def test_multivariate_normal_holds_mass_one():
    law = pb.MultivariateNormal([0.5, 0.0], [[1.0, 0.8], [0.8, 2.0]])
    grid = np.stack(np.meshgrid(np.linspace(-9, 10, 400), np.linspace(-12, 12, 400), indexing="ij"), axis=-1)
    density = np.exp(law.log_prob(grid))
    assert density.sum() * (19 / 399) * (24 / 399) == pytest.approx(1, abs=1e-9)


def test_axes_of_very_different_scale_are_no_fault():
    law = pb.MultivariateNormal([0.0, 0.0], [[1e-20, 0.5e-10], [0.5e-10, 1.0]])
    assert law.entropy() == pytest.approx(math.log(2 * math.pi * math.e) + 0.5 * math.log(0.75e-20))


# --- samples -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("law", ALL, ids=repr)
def test_samples_have_the_laws_moments(law, generator):
    n = 20_000
    drawn = one_hot_if_faces(law, law.sample(n, generator()))
    assert len(drawn) == n
    error = np.sqrt(np.asarray(law.variance) / n)
    assert (np.abs(drawn.mean(axis=0) - law.mean) <= 4.5 * error).all()
    assert drawn.var(axis=0) == pytest.approx(np.asarray(law.variance), rel=0.12, abs=1e-12)


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize(("law", "peer", "ends"), [*CONTINUOUS, (pb.Beta(0.3, 0.4), stats.beta(0.3, 0.4), 0)])
def test_samples_pass_kolmogorov_and_smirnov(law, peer, ends, generator):
    assert stats.kstest(law.sample(5000, generator()), peer.cdf).pvalue > 1e-4


def test_multivariate_samples_have_the_covariance():
    law = pb.MultivariateNormal(MEAN, COVARIANCE)
    drawn = law.sample((200, 200), 4)
    assert drawn.shape == (200, 200, 3)
    assert np.cov(drawn.reshape(-1, 3).T) == pytest.approx(COVARIANCE, abs=0.05)


def test_samples_are_the_recipes_that_javascript_repeats():
    normal = CounterRNG(7).standard_normal((4, 3))
    uniform = CounterRNG(7).random(5)
    assert np.array_equal(pb.Normal(2, 3).sample((4, 3), CounterRNG(7)), 2 + 3 * normal)
    assert np.array_equal(pb.Uniform(-1, 3).sample(5, CounterRNG(7)), -1 + 4 * uniform)
    assert np.array_equal(pb.Bernoulli(0.4).sample(5, CounterRNG(7)), (uniform < 0.4).astype(int))
    expected = MEAN + normal @ np.linalg.cholesky(COVARIANCE).T
    np.testing.assert_allclose(pb.MultivariateNormal(MEAN, COVARIANCE).sample(4, CounterRNG(7)), expected)
    p = [0.2, 0.5, 0.3]
    expected = pb.sample_categorical(p, 5, CounterRNG(7))
    assert np.array_equal(pb.Categorical(p).sample(5, CounterRNG(7)), expected)


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_sizes_shapes_and_seeds(law):
    event = (3,) if isinstance(law, (pb.MultivariateNormal, pb.Dirichlet)) else ()
    assert law.sample((2, 3), 1).shape == (2, 3, *event)
    assert law.sample(0, 1).shape == (0, *event)
    assert np.array_equal(law.sample(4, 9), law.sample(4, 9))
    assert not np.array_equal(law.sample(40, 9), law.sample(40, 10))


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_laws_cannot_be_changed_and_copy_what_they_are_given(law):
    for field in law.__dataclass_fields__:
        with pytest.raises(AttributeError):
            setattr(law, field, 1)
    given = np.array([0.5, 0.5])
    die, alpha = pb.Categorical(given), pb.Dirichlet(given)
    given[0] = 7
    assert die.probabilities[0] == 0.5 == alpha.concentration[0]
    with pytest.raises(ValueError, match="read-only"):
        die.probabilities[0] = 1


def test_variances_beyond_all_floats_are_infinite():
    assert pb.Normal(0, 1e200).variance == INFINITY == pb.Uniform(0, 1e200).variance


def test_covariances_near_the_ends_of_the_floats():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scale in (1e-300, 1.0, 1e308):
            law = pb.MultivariateNormal([0.0, 0.0], scale * np.array([[1.0, 0.5], [0.5, 1.0]]))
            assert law.entropy() == pytest.approx(
                math.log(2 * math.pi * math.e) + math.log(scale) + 0.5 * math.log(0.75)
            )


def test_a_covariance_off_symmetry_by_rounding_is_made_symmetric():
    law = pb.MultivariateNormal([0.0, 0.0], [[1.0, 0.5 + 2e-10], [0.5, 1.0]])
    assert law.covariance[0, 1] == law.covariance[1, 0] == pytest.approx(0.5 + 1e-10, abs=1e-15)


@pytest.mark.parametrize("law", ALL, ids=repr)
def test_the_length_of_a_sample_has_a_limit(law):
    for size in (10**400, 2**63, (2**40, 2**40)):
        with pytest.raises(ValueError, match="size must be at most 281474976710656"):
            law.sample(size, 0)


# --- errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: pb.Normal(NAN), ValueError, "mean must be finite, got nan"),
        (lambda: pb.Normal("a"), TypeError, "mean must be a real number"),
        (lambda: pb.Normal(0, 0), ValueError, "standard_deviation must be greater than 0, got 0"),
        (lambda: pb.Normal(0, -1), ValueError, "standard_deviation must be greater than 0, got -1"),
        (lambda: pb.Normal().log_prob(NAN), ValueError, "x must be finite"),
        (lambda: pb.Normal().entropy(base=1), ValueError, "base must differ from 1"),
        (lambda: pb.Normal().entropy(base=0), ValueError, "base must be greater than 0"),
        (lambda: pb.Normal().sample(-1, 0), ValueError, "size must be at least 0, got -1"),
        (lambda: pb.Normal().sample(2.5, 0), TypeError, "size must be an integer, got 2.5"),
        (lambda: pb.Normal().sample(1, None), TypeError, "rng must be a seed"),
        (lambda: pb.Uniform(1, 1), ValueError, "high must be above low .* got low=1.0 and high=1.0"),
        (lambda: pb.Uniform(0, INFINITY), ValueError, "high must be finite"),
        (lambda: pb.Uniform(-1e308, 1e308), ValueError, "high must be above low by a finite"),
        (lambda: pb.Uniform().log_prob(NAN), ValueError, "x must be finite"),
        (lambda: pb.Bernoulli(1.1), ValueError, "mean must lie between 0 and 1, got 1.1"),
        (lambda: pb.Bernoulli(-0.1), ValueError, "mean must lie between 0 and 1, got -0.1"),
        (lambda: pb.Bernoulli(NAN), ValueError, "mean must be finite"),
        (lambda: pb.Bernoulli(0.5).log_prob([0, 2]), ValueError, "x must hold only 0 and 1, got 2"),
        (lambda: pb.Categorical([0.5, 0.6]), ValueError, "probabilities must sum to 1"),
        (lambda: pb.Categorical([-0.5, 1.5]), ValueError, "probabilities must not be negative"),
        (lambda: pb.Categorical([NAN, 1]), ValueError, "probabilities must be finite"),
        (lambda: pb.Categorical([]), ValueError, "probabilities must have at least one entry"),
        (lambda: pb.Categorical([[1.0]]), ValueError, r"probabilities must have shape \(K,\), got \(1, 1\)"),
        (lambda: pb.Categorical([1.0]).log_prob(1), ValueError, "x must lie in 0 ... 0, got 1"),
        (lambda: pb.Categorical([1.0]).log_prob(-1), ValueError, "x must lie in 0 ... 0, got -1"),
        (lambda: pb.Categorical([1.0]).log_prob(0.5), ValueError, "x must be integers, got 0.5"),
        (lambda: pb.Categorical([1.0]).log_prob(NAN), ValueError, "x must be integers, got nan"),
        (lambda: pb.Categorical([1.0]).log_prob("a"), TypeError, "x must be integers"),
        (lambda: pb.MultivariateNormal(1.0, [[1.0]]), ValueError, r"mean must have shape \(D,\)"),
        (lambda: pb.MultivariateNormal([1.0], [1.0]), ValueError, r"covariance must have shape \(1, 1\)"),
        (
            lambda: pb.MultivariateNormal([0.0, 0], [[1, 0.5], [0.4, 1]]),
            ValueError,
            r"must be symmetric, got 0.5 at \(0, 1\) and 0.4 at \(1, 0\)",
        ),
        (lambda: pb.MultivariateNormal([0.0, 0], [[1, 1e-5], [0, 1]]), ValueError, "must be symmetric"),
        (lambda: pb.MultivariateNormal([0.0, 0], [[1, 2], [2, 1]]), ValueError, "must be positive definite"),
        (lambda: pb.MultivariateNormal([0.0, 0], [[0.1, 0.3], [0.3, 0.9]]), ValueError, "positive definite"),
        (
            lambda: pb.MultivariateNormal([0.0, 0], [[1, 0], [0, 0]]),
            ValueError,
            "definite, got 0 on its diag",
        ),
        (lambda: pb.MultivariateNormal([0.0, 0], [[-1, 0], [0, 1]]), ValueError, "definite, got -1 on its"),
        (lambda: pb.MultivariateNormal([0.0], [[NAN]]), ValueError, "covariance must be finite"),
        (lambda: pb.MultivariateNormal([0.0], [[1.0]]).log_prob([1, 2]), ValueError, r"shape \(..., 1\)"),
        (lambda: pb.MultivariateNormal([0.0], [[1.0]]).log_prob(1.0), ValueError, r"shape \(..., 1\)"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
