"""The claims of the chapter on probability, against values that share no code with what they test."""

import itertools
import math
import re
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from book_lib import probability
from book_lib.rng import CounterRNG

P = (0.1, 0.2, 0.3, 0.4)
ROLLS = (1, 2, 2, 4)


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("probability")


def random_joint(seed, shape=(2, 3)):
    weights = np.random.default_rng(seed).random(shape) + 0.01
    return weights / weights.sum()


def random_dice(faces, number, seed):
    return np.random.default_rng(seed).dirichlet(np.ones(faces), size=number)


# ---------------------------------------------------------------------------- P-01, P-03: densities, moments


def densities(here):
    """Every density of the chapter on a range outside which it has no mass that counts, and its two moments."""
    bell, beta = here.names["bell"], probability.Beta(4, 1)
    return {
        "the wait": (here.names["waiting"], (0, 0.5), (1 / 4, 1 / 48)),
        "a bell": (bell, (-9, 9), (0, 1)),
        "a narrow bell": (lambda x: bell(x, 3.0, 0.1), (2, 4), (3, 0.01)),
        "the coin's posterior": (lambda x: np.exp(beta.log_prob(x)), (0, 1), (4 / 5, 2 / 75)),
        "the library's bell": (
            lambda x: np.exp(probability.Normal(-2.0, 3.0).log_prob(x)),
            (-30, 26),
            (-2, 9),
        ),
        "the library's interval": (
            lambda x: np.exp(probability.Uniform(1, 4).log_prob(x)),
            (1, 4),
            (2.5, 0.75),
        ),
        "a blunt coin": (lambda x: np.exp(probability.Beta(2, 3).log_prob(x)), (0, 1), (2 / 5, 1 / 25)),
    }


@pytest.mark.claim("P-01")
def test_the_area_under_every_density_is_one(here):
    for name, (density, (low, high), _) in densities(here).items():
        assert here.names["area"](density, low, high) == pytest.approx(1, abs=1e-6), name


@pytest.mark.claim("P-01")
@pytest.mark.parametrize(("low", "high"), [(0.0, 2.0), (-1.0, 3.0)])
def test_the_trapezoids_find_areas(here, low, high):
    expected = integrate.quad(lambda x: math.exp(-x) * (2 + math.sin(3 * x)), low, high)[0]
    found = here.names["area"](lambda x: np.exp(-x) * (2 + np.sin(3 * x)), low, high)
    assert found == pytest.approx(expected, rel=1e-7)


@pytest.mark.claim("P-01")
def test_a_density_may_exceed_one_and_its_probabilities_do_not(here):
    assert here.names["waiting"](np.array([0.25]))[0] == 2
    assert here.numbers["sixth"] == pytest.approx(1 / 6, abs=1e-6)
    assert here.numbers["peak"] > 1
    assert here.names["area"](here.names["waiting"], 0.1, 0.1 + 1e-9) < 1e-8  # a point has no probability


@pytest.mark.claim("P-01")
def test_units_divide_a_density_and_squares_keep_the_area(here):
    assert r"p_y(y) = \frac{p_x(x)}{g'(x)}" in here.section("sec-prob-density")
    hours, minutes = probability.Normal(0.2, 0.05), probability.Normal(12.0, 3.0)
    for x in (0.15, 0.2, 0.31):
        assert np.exp(hours.log_prob(x)) == pytest.approx(60 * np.exp(minutes.log_prob(60 * x)))
    squares = np.random.default_rng(1).random(200_000) ** 2
    for a, b in ((0.0, 0.01), (0.25, 0.5), (0.9, 1.0)):
        expected = integrate.quad(lambda y: 1 / (2 * math.sqrt(y)), a, b)[0]
        assert ((a <= squares) & (squares < b)).mean() == pytest.approx(expected, abs=0.005)


@pytest.mark.claim("P-03")
def test_quadrature_finds_the_closed_forms(here):
    for name, (density, (low, high), (mean, variance)) in densities(here).items():
        found = here.names["moments"](density, low, high)
        assert found == pytest.approx((mean, variance), abs=1e-5), name
    assert here.numbers["bus_minutes"] == pytest.approx(15, abs=1e-6)
    assert here.numbers["bus_deviation"] == pytest.approx(60 * math.sqrt(1 / 48), abs=1e-4)


@pytest.mark.claim("P-03")
def test_the_classes_have_the_moments_of_their_own_densities():
    laws = [probability.Normal(1.5, 0.7), probability.Uniform(-1, 2), probability.Beta(2.5, 4)]
    for law in laws:
        low, high = (0, 1) if isinstance(law, probability.Beta) else (-6, 9)
        points = [-1, 2] if isinstance(law, probability.Uniform) else None
        mass, mean, square = (
            integrate.quad(lambda x, k=k, law=law: x**k * np.exp(law.log_prob(x)), low, high, points=points)[
                0
            ]
            for k in range(3)
        )
        assert (mass, mean, square - mean**2) == pytest.approx((1, law.mean, law.variance), abs=1e-7)


@pytest.mark.claim("P-03")
@pytest.mark.parametrize("seed", range(4))
def test_variances_of_independent_quantities_add_and_others_need_the_covariance(seed):
    x, y = np.array([0.0, 1.0]), np.array([-1.0, 0.0, 3.0])
    total = x[:, None] + y

    def variance(values, weights):
        mean = (weights * values).sum()
        return (weights * (values - mean) ** 2).sum()

    joint = random_joint(seed)
    p_x, p_y = probability.marginals(joint)
    apart = np.outer(p_x, p_y)
    assert variance(total, apart) == pytest.approx(variance(x, p_x) + variance(y, p_y))
    covariance = (joint * np.outer(x - p_x @ x, y - p_y @ y)).sum()
    assert variance(total, joint) == pytest.approx(variance(x, p_x) + variance(y, p_y) + 2 * covariance)


# ---------------------------------------------------------------------------- P-02: the table


def cell_by_cell(joint, conditional, given):
    """p(x, y) = p(y | x) p(x) with plain loops; `given` is p(x)."""
    rows, columns = joint.shape
    for r, c in itertools.product(range(rows), range(columns)):
        assert conditional[r][c] * given[r] == pytest.approx(joint[r][c], abs=1e-12)


@pytest.mark.claim("P-02")
def test_the_table_of_the_text(here):
    joint, names = here.names["joint"], here.names
    assert joint.shape == (2, 3) and joint.sum() == pytest.approx(1)
    assert names["p_x"] == pytest.approx([0.40, 0.60]) and names["p_y"] == pytest.approx([0.36, 0.44, 0.20])
    cell_by_cell(joint, names["p_y_given_x"], names["p_x"])
    cell_by_cell(joint.T, names["p_x_given_y"].T, names["p_y"])
    assert names["turned"] == pytest.approx(names["p_x_given_y"], abs=1e-12)
    assert here.numbers["noun_given_the"] == pytest.approx(30 / 40)
    assert here.numbers["the_given_noun"] == pytest.approx(30 / 36)
    assert joint[:, 2] == pytest.approx(names["p_x"] * names["p_y"][2])  # "other" tells nothing
    assert joint[:, 0] != pytest.approx(names["p_x"] * names["p_y"][0])


@pytest.mark.claim("P-02")
@pytest.mark.parametrize("seed", range(5))
def test_any_table_obeys_the_product_rule_and_bayes(seed):
    joint = random_joint(seed)
    p_x, p_y = probability.marginals(joint)
    assert sum(p_x) == pytest.approx(1) and sum(p_y) == pytest.approx(1)
    y_given_x, x_given_y = probability.conditional(joint, axis=1), probability.conditional(joint, axis=0)
    cell_by_cell(joint, y_given_x, p_x)
    cell_by_cell(joint.T, x_given_y.T, p_y)
    for r, c in itertools.product(range(2), range(3)):
        evidence = sum(y_given_x[k][c] * p_x[k] for k in range(2))
        assert x_given_y[r][c] == pytest.approx(y_given_x[r][c] * p_x[r] / evidence)


@pytest.mark.claim("P-02")
def test_the_positive_test_is_counted_right(here):
    """Of 100,000 people: 99 true alarms and 999 false ones."""
    assert here.numbers["ill_percent"] == pytest.approx(100 * 99 / (99 + 999))
    assert "999, is alarmed for nothing" in here.prose("sec-prob-joint")


# ---------------------------------------------------------------------------- P-04, P-05, P-06: laws


@pytest.mark.claim("P-04")
@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (3.0, 0.1), (-2.0, 5.0)])
def test_the_bell_is_the_bell(here, mean, deviation):
    law, bell = probability.Normal(mean, deviation), here.names["bell"]
    peak = 1 / math.sqrt(2 * math.pi * deviation**2)
    assert bell(mean, mean, deviation) == pytest.approx(peak)
    assert np.exp(law.log_prob(mean)) == pytest.approx(peak)
    x = mean + deviation * np.linspace(-6, 6, 25)
    assert bell(x, mean, deviation) == pytest.approx(stats.norm.pdf(x, mean, deviation))
    assert law.log_prob(x) == pytest.approx(stats.norm.logpdf(x, mean, deviation))
    assert (law.mean, law.variance) == pytest.approx((mean, deviation**2))
    drawn = law.sample(100_000, CounterRNG(1))
    assert abs(drawn.mean() - mean) < 4 * deviation / math.sqrt(100_000)
    assert drawn.std() == pytest.approx(deviation, rel=4 / math.sqrt(2 * 100_000))


@pytest.mark.claim("P-04")
def test_the_numbers_of_the_bell(here):
    assert here.numbers["peak"] == pytest.approx(10 / math.sqrt(2 * math.pi))
    assert here.numbers["one_sigma"] == pytest.approx(100 * math.erf(1 / math.sqrt(2)), abs=1e-4)
    assert here.numbers["two_sigma"] == pytest.approx(100 * math.erf(2 / math.sqrt(2)), abs=1e-4)


@pytest.mark.claim("P-04")
@pytest.mark.parametrize("a", [0.3, 0.5, 2.0])
def test_the_slope_of_the_normaliser_is_a_mean(a):
    """The trick of the text: −d ln I/da = ⟨u²⟩ = 1/(2a), with I by quadrature."""

    def normaliser(a):
        return integrate.quad(lambda u: math.exp(-a * u * u), -np.inf, np.inf)[0]

    step = 1e-4
    slope = (math.log(normaliser(a + step)) - math.log(normaliser(a - step))) / (2 * step)
    square = integrate.quad(lambda u: u * u * math.exp(-a * u * u), -np.inf, np.inf)[0] / normaliser(a)
    assert -slope == pytest.approx(square, rel=1e-6)
    assert square == pytest.approx(probability.Normal(0, math.sqrt(1 / (2 * a))).variance)
    assert normaliser(a) == pytest.approx(math.sqrt(math.pi / a))


@pytest.mark.claim("P-05")
def test_the_fair_coin_is_the_hardest(here):
    assert "P(x = 0) = 1 - \\mu" in here.source and r"p(x) = \mu^x (1 - \mu)^{1 - x}" in here.source
    chances = np.linspace(0, 1, 101)
    variances = [probability.Bernoulli(mu).variance for mu in chances]
    for mu, variance in zip(chances, variances, strict=True):
        law = {0: 1 - mu, 1: mu}
        mean = sum(x * p for x, p in law.items())
        assert variance == pytest.approx(sum((x - mean) ** 2 * p for x, p in law.items()), abs=1e-12)
        if 0 < mu < 1:
            logs = probability.Bernoulli(mu).log_prob(np.array([0, 1]))
            assert np.exp(logs) == pytest.approx([1 - mu, mu])
    assert max(variances) == 0.25 and chances[int(np.argmax(variances))] == 0.5


@pytest.mark.claim("P-05")
def test_tosses_have_the_mean_and_the_variance_of_the_law():
    tosses = probability.Bernoulli(0.9).sample(100_000, CounterRNG(2))
    assert tosses.mean() == pytest.approx(0.9, abs=4 * 0.3 / math.sqrt(100_000))
    assert tosses.var() == pytest.approx(0.09, abs=0.004)


@pytest.mark.claim("P-06")
def test_a_normal_law_in_the_plane_has_volume_one(here):
    law = probability.MultivariateNormal(np.array([0.5, -1.0]), here.names["covariance"])
    x, y = np.linspace(-12, 13, 401), np.linspace(-9, 7, 401)
    grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    volume = np.exp(law.log_prob(grid)).sum() * (x[1] - x[0]) * (y[1] - y[0])
    assert volume == pytest.approx(1, abs=1e-6)
    expected = stats.multivariate_normal.logpdf(grid, [0.5, -1.0], here.names["covariance"])
    assert law.log_prob(grid) == pytest.approx(expected)


@pytest.mark.claim("P-06")
def test_it_is_a_product_when_the_covariance_is_diagonal_and_only_then():
    x = np.random.default_rng(3).normal(size=(50, 3))
    means, deviations = [0.0, 1.0, -2.0], [1.0, 0.5, 3.0]
    law = probability.MultivariateNormal(means, np.diag(np.square(deviations)))
    parts = [stats.norm.logpdf(x[:, i], means[i], deviations[i]) for i in range(3)]
    assert law.log_prob(x) == pytest.approx(sum(parts))
    tilted = np.diag(np.square(deviations)) + 0.1
    assert abs(probability.MultivariateNormal(means, tilted).log_prob(x) - sum(parts)).max() > 0.1


@pytest.mark.claim("P-06")
def test_the_ellipse_holds_less_than_the_interval(here):
    assert here.numbers["ellipse_exact"] == pytest.approx(100 * stats.chi2.cdf(1, df=2))
    assert here.numbers["ellipse"] == pytest.approx(100 * stats.chi2.cdf(1, df=2), abs=0.7)
    assert np.cov(here.names["x"].T) == pytest.approx(here.names["covariance"], abs=0.03)
    # The eigenvalues of [[2, 1.2], [1.2, 1]] are (3 ± 2.6)/2.
    assert here.numbers["long_axis"] == pytest.approx(math.sqrt(2.8))
    assert here.numbers["short_axis"] == pytest.approx(math.sqrt(0.2))


# ---------------------------------------------------------------------------- P-07, P-08: one of many


@pytest.mark.claim("P-07")
@pytest.mark.parametrize("seed", range(3))
def test_the_product_form_is_the_look_up(here, seed):
    p = random_dice(5, 1, seed)[0]
    codes = probability.one_hot(range(5), 5)
    for y in range(5):
        product = math.prod(float(p[v]) ** int(codes[y][v]) for v in range(5))
        assert product == pytest.approx(p[y])
        assert probability.Categorical(p).log_prob(y) == pytest.approx(math.log(p[y]))
    text = here.names["p"]
    assert (text ** np.eye(4)).prod(axis=1) == pytest.approx(P) and text == pytest.approx(P)
    assert "with an *index* in the exponent the product is nonsense" in here.prose("sec-prob-categorical")


@pytest.mark.claim("P-07")
def test_one_hot_codes_have_mean_p_and_variance_p_times_one_less_p():
    drawn = probability.Categorical(P).sample(100_000, CounterRNG(7))
    codes = probability.one_hot(drawn, 4)
    assert codes.mean(axis=0) == pytest.approx(P, abs=0.007)
    assert codes.var(axis=0) == pytest.approx([0.09, 0.16, 0.21, 0.24], abs=0.004)
    assert probability.Categorical(P).mean == pytest.approx(P)
    assert probability.Categorical(P).variance == pytest.approx([0.09, 0.16, 0.21, 0.24])


@pytest.mark.claim("P-08")
def test_the_codes_of_four_faces(here):
    faces = {1: (1, 0, 0, 0), 2: (0, 1, 0, 0), 3: (0, 0, 1, 0), 4: (0, 0, 0, 1)}
    for face, code in faces.items():
        found = probability.one_hot([face - 1], 4)[0]
        assert tuple(found) == code and found.argmax() + 1 == face
    codes = probability.one_hot([0, 1, 2, 3], 4)
    assert [[int(a @ b) for b in codes] for a in codes] == [[int(i == j) for j in range(4)] for i in range(4)]
    assert [tuple(row) for row in here.names["codes"]] == [faces[roll] for roll in ROLLS]


# ---------------------------------------------------------------------------- P-13 to P-16: the loaded die


@pytest.mark.claim("P-13")
def test_the_product_underflows_where_the_sum_does_not(here):
    assert here.numbers["product_best"] == 0.0
    exact = 1400 * math.log(0.7) + 600 * math.log(0.3)
    assert here.numbers["log_best"] == pytest.approx(exact)
    likelihood = Fraction(7, 10) ** 1400 * Fraction(3, 10) ** 600
    zeros = len(str(likelihood.denominator // likelihood.numerator)) - 1
    assert here.numbers["digits"] == zeros
    assert here.names["guesses"][here.names["logs"].argmax()] == pytest.approx(0.7)
    assert here.names["product"].max() == 0 and here.names["product"].argmax() == 0


@pytest.mark.claim("P-13")
@pytest.mark.parametrize("heads", [0, 3, 14, 20])
def test_both_have_the_same_maximum_while_both_can_be_computed(heads):
    guesses = np.linspace(0.01, 0.99, 99)
    products = [math.prod([mu] * heads + [1 - mu] * (20 - heads)) for mu in guesses]
    logs = [probability.categorical_log_likelihood([heads, 20 - heads], [mu, 1 - mu]) for mu in guesses]
    assert int(np.argmax(products)) == int(np.argmax(logs))
    assert np.exp(logs) == pytest.approx(products)


@pytest.mark.claim("P-14")
def test_roll_by_roll_and_by_counts(here):
    by_roll = math.prod(P[y - 1] for y in ROLLS)
    counts = probability.face_counts(np.array(ROLLS) - 1, 4)
    by_count = math.prod(p**s for p, s in zip(P, counts, strict=True))
    assert by_roll == pytest.approx(0.0016, abs=1e-15) and by_count == pytest.approx(by_roll)
    assert here.numbers["die_likelihood"] == pytest.approx(0.0016, abs=1e-15)
    assert tuple(here.names["rolls"]) == ROLLS
    assert probability.categorical_log_likelihood(counts, P) == pytest.approx(math.log(0.0016))
    assert here.names["nll"](np.array(P), counts) == pytest.approx(-math.log(0.0016))


@pytest.mark.claim("P-15")
def test_the_statistic_is_the_sum_and_not_the_product(here):
    codes = probability.one_hot(np.array(ROLLS) - 1, 4)
    assert tuple(codes.sum(axis=0)) == (1, 2, 0, 1) == tuple(here.names["counts"])
    assert tuple(codes.prod(axis=0)) == (0, 0, 0, 0)
    assert "They are the *sum* of the one-hot codes" in here.prose("sec-prob-die")
    rolls = np.random.default_rng(4).integers(0, 6, size=200)
    assert probability.one_hot(rolls, 6).sum(axis=0) == pytest.approx(np.bincount(rolls, minlength=6))
    assert probability.face_counts(rolls, 6) == pytest.approx(np.bincount(rolls, minlength=6))


@pytest.mark.claim("P-15")
def test_the_order_of_the_rolls_does_not_matter():
    law = probability.Categorical(P)
    values = {
        round(float(law.log_prob(np.array(order) - 1).sum()), 12) for order in itertools.permutations(ROLLS)
    }
    assert values == {round(math.log(0.0016), 12)}


@pytest.mark.claim("P-16")
def test_the_frequencies_of_the_example_are_the_best_die(here):
    assert here.names["best"] == pytest.approx((0.25, 0.5, 0, 0.25))
    assert probability.categorical_mle([1, 2, 0, 1]) == pytest.approx((0.25, 0.5, 0, 0.25))
    assert here.numbers["nll_best"] == pytest.approx(6 * math.log(2))
    assert here.numbers["nll_equal"] == pytest.approx(8 * math.log(2))
    assert here.numbers["nll_rival"] > here.numbers["nll_best"]


@pytest.mark.claim("P-16")
@pytest.mark.parametrize("counts", [(1, 2, 0, 1), (5, 3, 9), (10, 0, 0), (1, 1, 1, 1, 1)])
def test_no_feasible_die_is_better_and_an_optimiser_finds_none(here, counts):
    counts = np.array(counts)
    best = probability.categorical_mle(counts)
    floor = here.names["nll"](best, counts)
    for rival in random_dice(len(counts), 2000, seed=5):
        assert here.names["nll"](rival, counts) >= floor - 1e-12

    def cost(z):  # free scores, so that the constraint holds by itself
        return -float(counts @ (z - np.logaddexp.reduce(z)))

    assert optimize.minimize(cost, np.zeros(len(counts))).fun == pytest.approx(floor, abs=1e-3)


@pytest.mark.claim("P-16")
def test_the_sign_of_the_multiplier(here):
    """dL/dp = λ − s/p by sympy; with the budget λ = Σ s."""
    sympy = pytest.importorskip("sympy")
    p, s = sympy.symbols("p1:5", positive=True), sympy.symbols("s1:5", positive=True)
    price = sympy.Symbol("lambda", real=True)
    lagrangian = -sum(a * sympy.log(b) for a, b in zip(s, p, strict=True)) + price * (sum(p) - 1)
    solution = sympy.solve([sympy.diff(lagrangian, x) for x in (*p, price)], (*p, price), dict=True)[0]
    assert sympy.simplify(solution[price] - sum(s)) == 0
    assert all(sympy.simplify(solution[b] - a / sum(s)) == 0 for a, b in zip(s, p, strict=True))
    section = here.section("sec-prob-lagrange")
    assert r"\frac{\partial \mathcal{L}}{\partial p_v} = -\frac{s_v}{p_v} + \lambda = 0" in section
    assert "$$ (eq-prob-lagrange)" in section


@pytest.mark.claim("P-16")
def test_at_the_best_die_no_trade_pays(here):
    """Numerically: a little probability moved between two faces that hold some changes the NLL in no first order."""
    counts, best, step = np.array([1, 2, 0, 1]), np.array([0.25, 0.5, 0, 0.25]), 1e-5
    cost = here.names["nll"]
    for giver, taker in itertools.permutations((0, 1, 3), 2):
        moved = best.copy()
        moved[giver] -= step
        moved[taker] += step
        assert 0 < cost(moved, counts) - cost(best, counts) < 10 * 4 * step**2 / 0.25**2
    equal = np.full(4, 0.25)
    earnings = [(cost(equal, counts) - cost(equal + step * np.eye(4)[v], counts)) / step for v in range(4)]
    assert earnings == pytest.approx([4, 8, 0, 4], abs=1e-3)
    assert "face by face 4, 8, 0, 4" in here.prose("sec-prob-lagrange")
    moved = best + step * (np.eye(4)[2] - np.eye(4)[1])  # to a face that never came: a loss in first order
    assert cost(moved, counts) - cost(best, counts) == pytest.approx(4 * step, rel=1e-3)


@pytest.mark.claim("P-16")
def test_the_boxes_have_the_answers_of_the_quiz(here):
    quizzes = [arguments[0] for name, arguments, _ in here.made if name == "Quiz"]
    answers = {arguments[0]: options["answer"] for name, arguments, options in here.made if name == "Numeric"}
    assert len(quizzes) == 4
    p = probability.categorical_map([1, 2, 0, 1], concentration=2)
    assert answers["▢₂ is"] == sum(s + 1 for s in (1, 2, 0, 1)) == 8
    assert answers["▢₃ is"] == p[2] == 1 / 8


# ---------------------------------------------------------------------------- P-12, P-21: learning


@pytest.mark.claim("P-12")
@pytest.mark.parametrize(("a", "b", "heads", "tails"), [(1, 1, 3, 0), (2, 5, 10, 4), (0.5, 0.5, 1, 1)])
def test_the_posterior_is_likelihood_times_prior(a, b, heads, tails):
    posterior = probability.Beta(a, b).update(heads, tails)

    def weight(mu):
        return mu**heads * (1 - mu) ** tails * stats.beta.pdf(mu, a, b)

    evidence = integrate.quad(weight, 0, 1)[0]
    for mu in (0.05, 0.3, 0.5, 0.95):
        assert np.exp(posterior.log_prob(mu)) == pytest.approx(weight(mu) / evidence, rel=1e-6)
    assert integrate.quad(lambda mu: np.exp(posterior.log_prob(mu)), 0, 1)[0] == pytest.approx(1, abs=1e-6)
    assert posterior.mean == pytest.approx((a + heads) / (a + b + heads + tails))
    assert posterior.predictive().mean == pytest.approx(
        integrate.quad(lambda m: m * weight(m), 0, 1)[0] / evidence
    )


@pytest.mark.claim("P-12")
def test_three_heads_leave_room_for_tails(here):
    assert here.numbers["coin_mean"] == pytest.approx(4 / 5)
    assert here.numbers["evidence"] == pytest.approx(1 / 4, abs=1e-8)
    assert here.names["mean"] != 1
    assert probability.categorical_mle([3, 0]) == pytest.approx([1, 0])


@pytest.mark.claim("P-12")
@pytest.mark.parametrize(("a", "b"), [(1, 1), (4, 1), (2.5, 0.7)])
def test_the_slope_of_the_text_gives_the_mean(a, b):
    """μ^a (1 − μ)^b has the slope A(1 − μ) − Bμ times the posterior's shape, and vanishes at both ends."""

    def slope(mu):
        return (a * (1 - mu) - b * mu) * mu ** (a - 1) * (1 - mu) ** (b - 1)

    def whole(mu):
        return mu**a * (1 - mu) ** b

    step = 1e-6
    for mu in (0.2, 0.5, 0.9):
        assert slope(mu) == pytest.approx(
            (whole(mu + step) - whole(mu - step)) / (2 * step), rel=1e-6, abs=1e-8
        )
    assert integrate.quad(slope, 0, 1)[0] == pytest.approx(0, abs=1e-6)
    assert probability.Beta(a, b).mean == pytest.approx(a / (a + b))


@pytest.mark.claim("P-12")
def test_a_firm_prior_needs_seven_heads(here):
    """The explorable's task: the first number of heads at which the mean passes 0.55, from a = b = 30."""
    means = [probability.Beta(30, 30).update(heads, 0).mean for heads in range(10)]
    assert next(heads for heads, mean in enumerate(means) if mean > 0.55) == 7
    assert means[7] == pytest.approx(37 / 67)
    assert "with the seventh head, at 37/67" in here.prose("sec-prob-bayes")


@pytest.mark.claim("P-12")
@pytest.mark.parametrize(("heads", "tails"), [(0, 0), (3, 0), (2, 5), (4, 4)])
def test_the_balls_have_the_normaliser(heads, tails):
    integral = integrate.quad(lambda mu: mu**heads * (1 - mu) ** tails, 0, 1)[0]
    factorial = math.factorial
    assert integral == pytest.approx(factorial(heads) * factorial(tails) / factorial(heads + tails + 1))


@pytest.mark.claim("P-12")
def test_map_and_mean_of_the_die(here):
    counts, alpha = np.array([1, 2, 0, 1]), np.array([2.0, 2, 2, 2])
    best = probability.categorical_map(counts, alpha)
    assert best == pytest.approx(np.array([2, 3, 1, 2]) / 8)
    posterior = probability.Dirichlet(alpha).update(counts)
    for rival in random_dice(4, 2000, seed=6):
        assert posterior.log_prob(rival) <= posterior.log_prob(best) + 1e-12
    assert posterior.predictive().probabilities == pytest.approx(np.array([3, 4, 2, 3]) / 12)
    draws = np.random.default_rng(8).dirichlet(alpha + counts, size=100_000)
    assert draws.mean(axis=0) == pytest.approx(np.array([3, 4, 2, 3]) / 12, abs=0.003)


@pytest.mark.claim("P-21")
def test_ignorance_adds_to_the_noise(here):
    """The number of heads in ten tosses after three heads in three follows a beta-binomial law."""
    exact = stats.betabinom(10, 4, 1)
    assert exact.var() == pytest.approx(4)
    assert here.numbers["predictive_variance"] == pytest.approx(exact.var(), abs=0.08)
    assert here.numbers["plug_in_variance"] == pytest.approx(10 * 0.8 * 0.2, abs=0.03)
    assert here.numbers["noise_and_ignorance"] == pytest.approx(exact.var())
    assert here.numbers["noise"] == pytest.approx(4 / 3) and here.numbers["ignorance"] == pytest.approx(8 / 3)
    assert here.numbers["all_heads"] == pytest.approx(exact.pmf(10), abs=0.005)
    assert here.numbers["all_heads_plug_in"] == pytest.approx(0.8**10, abs=0.004)


@pytest.mark.claim("P-21")
@pytest.mark.parametrize(("a", "b"), [(4, 1), (1, 1), (0.3, 2.0), (60, 20)])
def test_the_predictive_variance_is_never_below_the_mean_noise(a, b):
    coin = probability.Beta(a, b)
    for tosses in (1, 2, 10):
        predictive = stats.betabinom(tosses, a, b).var()
        noise = integrate.quad(lambda m, n=tosses: n * m * (1 - m) * stats.beta.pdf(m, a, b), 0, 1)[0]
        assert predictive >= noise
        assert predictive == pytest.approx(noise + tosses**2 * coin.variance, rel=1e-5)
        plug_in = tosses * coin.mean * (1 - coin.mean)
        assert predictive == pytest.approx(plug_in + tosses * (tosses - 1) * coin.variance)
    assert coin.predictive().variance == pytest.approx(
        coin.mean * (1 - coin.mean)
    )  # one toss: the two are equal


@pytest.mark.claim("P-21")
@pytest.mark.parametrize("center", [0.0, 1.3, -4.0])
def test_a_measured_number_is_predicted_with_noise_and_ignorance(center):
    data, noise, prior = np.array([2.1, 1.7, 2.6]), 0.5, probability.Normal(center, 2.0)
    posterior = prior.update(data, noise)
    assert 1 / posterior.variance == pytest.approx(1 / 4 + 3 / 0.25)
    assert posterior.mean == pytest.approx(posterior.variance * (center / 4 + data.sum() / 0.25))

    def weight(m):
        return stats.norm.pdf(m, center, 2) * math.prod(stats.norm.pdf(data, m, noise))

    mass, mean, square = (integrate.quad(lambda m, k=k: m**k * weight(m), -3, 6)[0] for k in range(3))
    assert posterior.mean == pytest.approx(mean / mass, rel=1e-6)
    assert posterior.variance == pytest.approx(square / mass - (mean / mass) ** 2, rel=1e-5)
    assert posterior.predictive(noise).mean == pytest.approx(posterior.mean)
    assert posterior.predictive(noise).variance == pytest.approx(noise**2 + posterior.variance)
    assert posterior.predictive(noise).variance > noise**2


# ---------------------------------------------------------------------------- P-18: darts


@pytest.mark.claim("P-18")
def test_darts_find_pi_within_four_errors(here):
    assert abs(here.numbers["darts_pi"] - math.pi) < 4 * here.numbers["darts_error"]
    assert abs(here.numbers["library_pi"] - math.pi) < 4 * here.numbers["library_error"]
    expected = 4 * math.sqrt(math.pi / 4 * (1 - math.pi / 4) / 10_000)
    assert here.numbers["darts_error"] == pytest.approx(expected, rel=0.05)
    assert here.numbers["library_error"] == pytest.approx(expected, rel=0.05)
    misses = [
        (here.names["dart_board"](1000, np.random.default_rng(seed))[0] - math.pi)
        / (math.sqrt(10) * expected)
        for seed in range(300)
    ]
    assert np.std(misses) == pytest.approx(1, abs=4 / math.sqrt(600))


@pytest.mark.claim("P-18")
def test_the_error_falls_as_the_root_of_the_number(here):
    def spread(darts):
        estimates = [
            4 * probability.monte_carlo_integral(here.names["quarter"], [0, 0], [1, 1], darts, seed).mean
            for seed in range(300)
        ]
        return np.std(estimates)

    slope = math.log(spread(10_000) / spread(100)) / math.log(100)
    assert slope == pytest.approx(-0.5, abs=0.06)
    assert spread(100) == pytest.approx(4 * math.sqrt(math.pi / 4 * (1 - math.pi / 4) / 100), rel=0.2)


@pytest.mark.claim("P-18")
def test_the_slope_of_the_figure(here):
    """The cell that draws is left out of the run above, so it is run here without its drawing."""
    cell = re.search(r"numbers = np\.array.*?note\(darts_slope=slope\)", here.source, re.S).group()
    here.names["numbers_before"] = dict(here.numbers)
    names = {
        "np": np,
        "dart_board": here.names["dart_board"],
        "note": lambda **numbers: names.update(numbers),
    }
    exec(cell, names)
    assert names["darts_slope"] == pytest.approx(-0.5, abs=0.05)
    line = 4 * np.sqrt(np.pi / 4 * (1 - np.pi / 4) / names["numbers"])
    assert names["misses"] == pytest.approx(line, rel=4 / math.sqrt(400))


@pytest.mark.claim("P-18")
def test_a_box_of_any_size_counts_by_its_volume():
    def ball(points):
        return ((points**2).sum(axis=1) <= 1).astype(float)

    seen = probability.monte_carlo_integral(ball, [-1, -1, -2], [1, 1, 2], 100_000, CounterRNG(3))
    assert abs(seen.mean - 4 / 3 * math.pi) < 4 * seen.error
    share = 4 / 3 * math.pi / 16
    assert seen.error == pytest.approx(16 * math.sqrt(share * (1 - share) / 100_000), rel=0.02)


# ---------------------------------------------------------------------------- P-19, P-20: drawing


@pytest.mark.claim("P-19")
def test_four_positions(here):
    plank = here.names["plank"]
    assert [plank([0.2, 0.5, 0.3], u) for u in (0, 0.2, 0.69999, 0.7)] == [0, 1, 1, 2]
    assert "fall on the planks 0, 1, 1 and 2" in here.prose("sec-prob-sampling")
    assert plank([2, 5, 3], 0.75) == 2  # weights need not add up to one
    assert plank([0.0, 0.6, 0.4], 0.0) == 1  # the impossible first entry
    assert plank([0.5, 0.0, 0.5], 0.5) == 2


class Scripted(np.random.Generator):
    """A generator whose uniform numbers are given."""

    def __init__(self, values):
        super().__init__(np.random.PCG64(0))
        self.values = np.asarray(values, dtype=float)

    def random(self, size=None, dtype=np.float64, out=None):
        values = self.values.reshape(size)
        if out is None:
            return values
        out[...] = values
        return out


@pytest.mark.claim("P-19")
def test_the_library_takes_the_upper_bound():
    draw = probability.sample_categorical
    assert draw([0.2, 0.5, 0.3], 4, Scripted([0, 0.2, 0.69999, 0.7])).tolist() == [0, 1, 1, 2]
    assert draw([0.0, 0.6, 0.4], 2, Scripted([0.0, 0.6])).tolist() == [1, 2]
    assert draw([0.5, 0.5, 0.0], 1, Scripted([1 - 2**-53])).tolist() == [1]


@pytest.mark.claim("P-19")
@pytest.mark.parametrize("p", [(0.2, 0.5, 0.3), (0.0, 0.6, 0.4), (0.25, 0.0, 0.75), P])
def test_a_hundred_thousand_draws_follow_the_law(here, p):
    drawn = probability.sample_categorical(p, 100_000, CounterRNG(11))
    counts = np.bincount(drawn, minlength=len(p))
    possible = np.array(p) > 0
    assert counts[~possible].sum() == 0
    assert stats.chisquare(counts[possible], 100_000 * np.array(p)[possible]).pvalue > 1e-4
    by_hand = [here.names["plank"](p, u) for u in CounterRNG(11).random(500)]
    assert by_hand == drawn[:500].tolist()


@pytest.mark.claim("P-19")
def test_with_four_bits_the_lower_bound_robs_the_last_word(here):
    """The sampler's preset *Impossible first*: all 16 numbers, by both rules."""
    ends, coarse = np.cumsum([0, 0.5, 0.25, 0.25]), np.arange(16) / 16
    upper, lower = (
        np.bincount(np.searchsorted(ends, coarse, side=side), minlength=4) for side in ("right", "left")
    )
    assert upper.tolist() == [0, 8, 4, 4] and lower.tolist() == [1, 8, 4, 3]
    assert "gets a sixteenth, and the last word loses it" in here.prose("sec-prob-sampling")


@pytest.mark.claim("P-19")
def test_a_closed_interval_would_leave_the_list(here):
    assert np.searchsorted(np.cumsum([0.2, 0.5, 0.3]), 1.0, side="right") == 3
    with pytest.raises(IndexError):
        here.names["plank"]([0.2, 0.5, 0.3], 1.0)
    assert max(np.random.default_rng(1).random(100_000)) < 1
    assert "half-open interval" in here.prose("sec-prob-sampling")


@pytest.mark.claim("P-20")
def test_draws_are_as_frequent_as_their_scores(here):
    assert here.numbers["drawn_worst"] < 4
    model = probability.conditional(here.names["joint"], axis=1)
    for row, expected in zip(model, ((0.75, 0.05, 0.2), (0.1, 0.7, 0.2)), strict=True):
        law = probability.Categorical(row)
        scored = np.exp(law.log_prob(np.arange(3)))
        assert scored == pytest.approx(expected)
        shares = np.bincount(law.sample(50_000, CounterRNG(13)), minlength=3) / 50_000
        assert abs(shares - scored).max() < 4 * math.sqrt(0.25 / 50_000)


@pytest.mark.claim("P-20")
def test_scores_add_along_a_text(here):
    assert here.numbers["usual"] == pytest.approx(math.log(0.70 * 0.75))
    assert here.numbers["odd"] == pytest.approx(math.log(0.10 * 0.05))
    assert here.names["score"]([("to", "verb")]) == pytest.approx(math.log(0.42 / 0.60))


# ---------------------------------------------------------------------------- the whole chapter


def test_the_memory_questions_and_the_core_keep_their_bounds(here):
    """At most five explorables before the exercises; a darts board among these."""
    shown = [name for name, _, _ in here.made if name not in ("Quiz", "Choice", "Numeric")]
    assert shown == ["CovarianceEllipse", "FourLaws", "DieSimplex", "BetaCoin", "CumulativeSampler", "Darts"]
    core, rest = here.source.split("## Find the slip")
    assert "Darts()" not in core and "Darts()" in rest


def test_no_torch_and_no_scipy_in_the_cells(here):
    assert not re.search(r"^\s*(import|from) (torch|scipy)", here.source, re.M)
