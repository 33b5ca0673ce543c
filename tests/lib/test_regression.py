"""book_lib.regression against NumPy, scikit-learn, closed forms, finite differences and exact integration."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import linear_model, metrics, preprocessing

from book_lib import regression
from book_lib.learning import numerical_gradient
from book_lib.probability import MultivariateNormal, Normal


def table(rows=12, columns=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, columns)), rng.normal(size=rows)


# ---------------------------------------------------------------------------- tables


def test_the_design_is_numpys_vandermonde():
    x = np.linspace(-2, 2, 7)
    assert regression.design(x, degree=5) == pytest.approx(np.vander(x, 6, increasing=True))
    assert regression.design(x, bias=False, degree=2) == pytest.approx(np.column_stack([x, x**2]))


def test_the_design_of_several_columns_puts_ones_first():
    X = table()[0]
    assert np.array_equal(regression.design(X), np.column_stack([np.ones(12), X]))
    bare = regression.design(X, bias=False)
    bare[:] = 0
    assert X.any()  # a copy


@given(st.integers(0, 50))
def test_standardising_is_scikit_learns(seed):
    X = table(seed=seed)[0] * [1, 1e3, 1e-3] + [0, 5, -7]
    units, peer = regression.standardize(X), preprocessing.StandardScaler().fit(X)
    new = table(4, seed=seed + 1)[0]
    assert units.apply(new) == pytest.approx(peer.transform(new))
    assert units.apply(X).mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-9)
    assert units.apply(X).std(axis=0) == pytest.approx(np.ones(3))


def test_a_constant_column_is_only_centred():
    """Whatever its mean rounds to: the mean of ten times 0.1 is not 0.1."""
    units = regression.standardize(np.full((10, 1), 0.1))
    assert units.scale == [1] and (units.apply(np.full((10, 1), 0.1)) == 0).all()


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1e200, 1e307])
def test_columns_whose_squares_fit_no_float_are_standardised_too(size):
    """No warning, and the same numbers as for the columns divided by their size."""
    X = table()[0] / 8
    assert regression.standardize(X * size).apply(X * size) == pytest.approx(
        preprocessing.StandardScaler().fit_transform(X)
    )


def test_weights_go_back_to_the_old_units():
    X, t = table()
    X = X * [1, 100, 0.01] + [3, 5, 7]
    units = regression.standardize(X)
    scaled = regression.design(units.apply(X))
    fitted = regression.least_squares(scaled, t)
    back = units.weights_back(fitted.weights)
    assert regression.design(X) @ back == pytest.approx(scaled @ fitted.weights)
    assert back == pytest.approx(regression.least_squares(regression.design(X), t).weights)
    without = units.weights_back(fitted.weights[1:])
    assert without[1:] == pytest.approx(back[1:])
    assert regression.design(X) @ without == pytest.approx(units.apply(X) @ fitted.weights[1:])


# ---------------------------------------------------------------------------- least squares


@given(st.integers(0, 200), st.integers(1, 5), st.integers(5, 40))
def test_least_squares_is_scikit_learns(seed, columns, rows):
    X, t = table(rows, columns, seed)
    ours = regression.least_squares(X, t)
    peer = linear_model.LinearRegression(fit_intercept=False).fit(X, t)
    assert ours.weights == pytest.approx(peer.coef_, rel=1e-6, abs=1e-9)
    assert ours.residuals == pytest.approx(t - peer.predict(X), abs=1e-9)
    assert ours.predict(X) == pytest.approx(peer.predict(X), abs=1e-9)
    assert ours.mse == pytest.approx(metrics.mean_squared_error(t, peer.predict(X)))
    assert ours.condition_number == pytest.approx(np.linalg.cond(X))
    assert ours.rank == columns and ours.note == ""


def test_the_errors_of_the_best_fit_stand_at_right_angles_to_every_column():
    X, t = table()
    found = regression.least_squares(X, t)
    assert X.T @ found.residuals == pytest.approx(np.zeros(3), abs=1e-12)
    assert regression.normal_equations_residual(X, t, found.weights) == pytest.approx(np.zeros(3), abs=1e-12)


def test_the_normal_equations_are_the_slope_of_half_the_squared_error():
    X, t = table()
    w = np.array([0.3, -2.0, 1.0])
    slope = numerical_gradient(lambda w: float(((X @ w - t) ** 2).sum()) / 2, w)
    assert regression.normal_equations_residual(X, t, w) == pytest.approx(slope, abs=1e-6)


def test_qr_keeps_the_digits_that_the_normal_equations_lose():
    """cond(X) = 1e7: XᵀX has 1e14, and leaves two digits; QR leaves eight."""
    x = np.linspace(0, 1, 40)
    X = np.column_stack([np.ones(40), 1 + 1e-7 * x])
    t = X @ [1.0, 2.0]
    found = regression.least_squares(X, t)
    assert found.weights == pytest.approx([1, 2], rel=1e-6)
    assert found.rank == 2 and found.condition_number > 1e7


def test_units_do_not_change_the_fit():
    X, t = table()
    found = regression.least_squares(X, t)
    other = regression.least_squares(X * [1e-30, 1.0, 1e30], t)
    assert other.rank == 3 and other.note == ""
    assert other.weights * [1e-30, 1, 1e30] == pytest.approx(found.weights)


@given(st.integers(0, 100))
def test_where_columns_depend_the_shortest_solution_is_returned_and_reported(seed):
    X, t = table(10, 4, seed)
    X[:, 3] = X[:, 0] - 2 * X[:, 1]
    found = regression.least_squares(X, t)
    assert found.weights == pytest.approx(np.linalg.pinv(X) @ t, abs=1e-9)
    assert found.rank == 3 and found.condition_number == math.inf
    assert found.note == (
        "rank 3 of 4: columns of X depend on one another; of all that fit equally well, the shortest is returned"
    )


@given(st.integers(0, 100))
def test_fewer_rows_than_weights_are_reported(seed):
    X, t = table(3, 5, seed)
    found = regression.least_squares(X, t)
    assert found.weights == pytest.approx(np.linalg.pinv(X) @ t, abs=1e-8)
    assert found.residuals == pytest.approx(np.zeros(3), abs=1e-8)
    assert found.rank == 3 and found.note.startswith("rank 3 of 5: 3 rows cannot determine 5 weights")


def test_the_rank_is_that_of_columns_of_equal_size():
    """Two copies of one column beside another 1e20 times as large: rank 2, and the copies share the weight."""
    u, v = table(8, 2)[0].T
    found = regression.least_squares(np.column_stack([1e20 * u, v, v]), u + 4 * v)
    assert found.rank == 2
    assert found.weights == pytest.approx([1e-20, 2, 2], rel=1e-9)


@pytest.mark.parametrize("size", [1e-200, 1e-150, 1e150, 1e200])
def test_no_size_of_columns_or_targets_breaks_the_fit(size):
    X, t = table()
    expected = np.linalg.lstsq(X, t)[0]
    for fit in (lambda X, t: regression.least_squares(X, t).weights, lambda X, t: regression.ridge(X, t, 0.0)):
        assert fit(X * size, t) * size == pytest.approx(expected)
        assert fit(X, t * size) / size == pytest.approx(expected)


def test_a_constant_column_beside_the_ones_is_reported():
    X, t = table()
    X = regression.design(np.column_stack([X, np.full(12, 7.0)]))
    found = regression.least_squares(X, t)
    assert found.rank == 4 and found.note.startswith("rank 4 of 5: columns of X depend on one another")
    assert found.weights == pytest.approx(np.linalg.pinv(X) @ t)
    assert found.weights[4] == pytest.approx(7 * found.weights[0])  # the shortest way to share a constant


def test_a_table_may_be_of_any_kind_and_stays_as_it_is():
    X, t = np.arange(12).reshape(6, 2) % 5, np.arange(6) ** 2
    expected = regression.least_squares(X.astype(float), t.astype(float)).weights
    strided, frozen = np.repeat(X, 2, axis=0)[::2], X.astype(np.float32)
    frozen.setflags(write=False)
    for other in (X, X.tolist(), np.asfortranarray(X), strided, frozen):
        for fit in (
            lambda X: regression.least_squares(X, t).weights,
            lambda X: regression.ridge(X, t, 0.0),
            lambda X: regression.BayesianLinearRegression(1e-14, 1.0).fit(X, t).mean,
        ):
            assert fit(other) == pytest.approx(expected, rel=1e-10) and fit(other).dtype == np.float64
    A = np.column_stack([np.ones(6), X])
    before = A.copy()
    for call in (regression.least_squares, lambda A, t: regression.ridge(A, t, 1.0)):
        call(A, t)
        assert np.array_equal(A, before)
    assert regression.standardize(A).apply(A)[:, 1:] == pytest.approx(regression.standardize(X).apply(X))
    assert np.array_equal(A, before)


def test_columns_of_zeros_get_no_weight():
    found = regression.least_squares([[0.0, 1.0], [0.0, 2.0]], [1.0, 2.0])
    assert found.weights == pytest.approx([0, 1]) and found.rank == 1
    nothing = regression.least_squares([[0.0], [0.0]], [1.0, 2.0])
    assert nothing.rank == 0 and nothing.weights == [0] and nothing.mse == 2.5


# ---------------------------------------------------------------------------- one loss, two faces


@given(st.integers(0, 100))
def test_squared_error_is_scikit_learns(seed):
    t, y = np.random.default_rng(seed).normal(size=(2, 9))
    assert regression.mean_squared_error(t, y) == pytest.approx(metrics.mean_squared_error(t, y))


@given(st.integers(0, 100), st.floats(0.1, 10))
def test_the_likelihood_is_a_product_of_normal_laws(seed, s):
    t, y = np.random.default_rng(seed).normal(size=(2, 9))
    each = [Normal(y_n, s).log_prob(t_n) for t_n, y_n in zip(t, y, strict=True)]
    assert regression.gaussian_nll(t, y, s) == pytest.approx(-sum(each))


def test_losses_beyond_all_floats_are_infinite_and_warn_of_nothing():
    assert regression.mean_squared_error([1e200], [-1e200]) == math.inf
    assert regression.mean_squared_error([1e308], [-1e308]) == math.inf
    assert regression.gaussian_nll([1e200], [0.0], 1.0) == math.inf


# ---------------------------------------------------------------------------- ridge


@given(st.integers(0, 100), st.floats(1e-3, 1e3))
def test_ridge_is_scikit_learns(seed, penalty):
    X, t = table(seed=seed)
    peer = linear_model.Ridge(alpha=penalty, fit_intercept=False).fit(X, t)
    assert regression.ridge(X, t, penalty) == pytest.approx(peer.coef_, rel=1e-6, abs=1e-9)
    peer = linear_model.Ridge(alpha=penalty).fit(X, t)
    ours = regression.ridge(regression.design(X), t, penalty)
    assert ours == pytest.approx([peer.intercept_, *peer.coef_], rel=1e-6, abs=1e-9)


def test_a_penalised_bias_is_a_column_like_any_other():
    X, t = table()
    X = regression.design(X)
    exact = np.linalg.solve(X.T @ X + 2.5 * np.eye(4), X.T @ t)
    assert regression.ridge(X, t, 2.5, penalize_bias=True) == pytest.approx(exact)


def test_a_free_bias_lets_all_answers_follow_a_shift_of_all_targets():
    X, t = table()
    X = regression.design(X)
    moved = regression.ridge(X, t + 100, 3.0) - regression.ridge(X, t, 3.0)
    assert moved == pytest.approx([100, 0, 0, 0], abs=1e-9)
    pulled = regression.ridge(X, t + 100, 3.0, penalize_bias=True)
    assert abs(pulled[0] - 100) > 5


def test_no_penalty_is_least_squares_and_the_limit_where_data_do_not_decide():
    X, t = table()
    assert regression.ridge(X, t, 0.0) == pytest.approx(regression.least_squares(X, t).weights)
    X[:, 2] = X[:, 1]
    limit = regression.ridge(X, t, 0.0)
    assert limit == pytest.approx(np.linalg.pinv(X) @ t)
    assert regression.ridge(X, t, 1e-9) == pytest.approx(limit, abs=1e-6)
    assert regression.ridge(X, t, 1e-40) == pytest.approx(limit)  # rounding is not blown up


@given(st.integers(0, 100))
def test_a_path_is_ridge_after_ridge_and_shrinks(seed):
    X, t = table(seed=seed)
    penalties = [0.0, 0.1, 1.0, 10.0]
    path = regression.ridge_path(X, t, penalties)
    assert path.shape == (4, 3)
    for penalty, weights in zip(penalties, path, strict=True):
        assert weights == pytest.approx(regression.ridge(X, t, penalty))
    assert (np.diff(np.linalg.norm(path, axis=1)) < 0).all()


def test_a_column_of_ones_alone_is_the_mean_whatever_the_penalty():
    path = regression.ridge_path(np.ones((3, 1)), [1.0, 2.0, 6.0], [0.0, 100.0])
    assert path == pytest.approx(np.array([[3.0], [3.0]]))


def test_huge_columns_do_not_overflow():
    assert regression.ridge([[1e200], [2e200]], [1.0, 2.0], 1.0) * 1e200 == pytest.approx([1])
    assert regression.ridge([[1e-200], [2e-200]], [1.0, 2.0], 1e300) == [0]


def test_without_a_penalty_units_do_not_matter():
    X, t = table(columns=2)
    found = regression.ridge_path(X * [1e-10, 1e10], t, [0.0, 1e-3])
    assert found[0] * [1e-10, 1e10] == pytest.approx(np.linalg.lstsq(X, t)[0])
    assert found[1, 0] * 1e-10 == pytest.approx(0, abs=1e-9)  # a penalty shrinks the small column most


def test_more_weights_than_rows_share_the_answer_as_the_exact_solution_does():
    X, t = table(3, 6)
    dual = X.T @ np.linalg.solve(X @ X.T + 0.3 * np.eye(3), t)
    assert regression.ridge(X, t, 0.3) == pytest.approx(dual)


# ---------------------------------------------------------------------------- Bayes


@pytest.mark.parametrize("rows", [2, 12])
def test_the_posterior_is_the_textbooks(rows):
    X, t = table(rows, 4)
    alpha, beta = 0.7, 3.0
    found = regression.BayesianLinearRegression(alpha, beta).fit(X, t)
    precision = alpha * np.eye(4) + beta * X.T @ X
    assert found.covariance == pytest.approx(np.linalg.inv(precision))
    assert found.mean == pytest.approx(np.linalg.solve(precision, beta * X.T @ t))
    assert found.mean == pytest.approx(regression.ridge(X, t, alpha / beta, penalize_bias=True))


@pytest.mark.parametrize("rows", [1, 3, 12])
def test_the_evidence_is_the_normal_law_of_all_targets_at_once(rows):
    X, t = table(rows, 3)
    alpha, beta = 0.7, 3.0
    joint = MultivariateNormal(np.zeros(rows), np.eye(rows) / beta + X @ X.T / alpha)
    found = regression.BayesianLinearRegression(alpha, beta).fit(X, t)
    assert found.log_evidence == pytest.approx(float(joint.log_prob(t)))


def test_the_evidence_is_a_chain_of_predictions():
    """ln p(t₁, t₂, …) = Σ ln p(t_n | those before): each predictive law is tried on the next target."""
    X, t = table(6, 2)
    model = regression.BayesianLinearRegression(0.5, 2.0)
    total = float(Normal(0.0, math.sqrt(1 / 2 + X[0] @ X[0] / 0.5)).log_prob(t[0]))
    for n in range(1, 6):
        mean, variance = model.fit(X[:n], t[:n]).predict(X[n : n + 1])
        total += float(Normal(mean[0], math.sqrt(variance[0])).log_prob(t[n]))
    assert model.fit(X, t).log_evidence == pytest.approx(total)


def test_predictions_are_those_of_weights_drawn_from_the_posterior():
    X, t = table(8, 2)
    found = regression.BayesianLinearRegression(1.0, 4.0).fit(X, t)
    rng = np.random.default_rng(3)
    drawn = rng.multivariate_normal(found.mean, found.covariance, size=200_000)
    answers = drawn @ [1.5, -2.0] + rng.normal(0, 0.5, 200_000)
    mean, variance = found.predict([[1.5, -2.0]])
    assert answers.mean() == pytest.approx(mean[0], abs=4 * math.sqrt(variance[0] / 200_000))
    assert answers.var() == pytest.approx(variance[0], rel=4 * math.sqrt(2 / 200_000))


@pytest.mark.parametrize("alpha", [1e-18, 1e-12])
def test_ignorance_along_one_direction_spoils_no_other(alpha):
    """Two equal columns and a prior that says next to nothing: w₁ − w₂ may be anything, and where both count alike it
    does not matter. The band is that of one column with twice the prior variance, and never below the noise."""
    X, t = table(8, 2)
    twice = np.column_stack([X, X[:, 0]])
    variance = regression.BayesianLinearRegression(alpha, 1.0).fit(twice, t).predict(twice)[1]
    exact = 1 + np.einsum("nd,de,ne->n", X, np.linalg.inv(X.T @ X), X)  # the limit of a flat prior
    assert variance == pytest.approx(exact)
    off = regression.BayesianLinearRegression(alpha, 1.0).fit(twice, t).predict([[1.0, 0.0, -1.0]])[1]
    assert off[0] == pytest.approx(2 / alpha)


@pytest.mark.parametrize("size", [1e-200, 1e150, 1e200])
def test_the_posterior_of_columns_of_any_size(size):
    """Beside huge columns the prior says nothing: least squares, and ln p(t) as if s were the unit of x."""
    X, t = table(8, 2)
    found = regression.BayesianLinearRegression(1.0, 1.0).fit(X * size, t)
    if size < 1:
        assert found.mean == pytest.approx([0, 0], abs=1e-190)
        assert found.log_evidence == pytest.approx(-(t @ t) / 2 - 4 * math.log(2 * math.pi))
        return
    best, rest = np.linalg.lstsq(X, t)[:2]
    assert found.mean * size == pytest.approx(best)
    half_log_det = math.log(np.linalg.det(X.T @ X)) / 2 + 2 * math.log(size)
    assert found.log_evidence == pytest.approx(-rest[0] / 2 - 4 * math.log(2 * math.pi) - half_log_det)
    assert found.predict(X * size)[1] == pytest.approx(1 + np.diag(X @ np.linalg.inv(X.T @ X) @ X.T))


@given(st.integers(0, 100))
def test_data_only_narrow_the_band_and_never_below_the_noise(seed):
    X, t = table(10, 2, seed)
    model, at = regression.BayesianLinearRegression(1.0, 4.0), np.array([[0.3, -1.0], [5.0, 5.0]])
    widths = np.array([model.fit(X[:n], t[:n]).predict(at)[1] for n in range(1, 11)])
    assert (np.diff(widths, axis=0) <= 1e-12).all() and (widths > 1 / 4).all()


def test_it_is_scikit_learns_bayesian_ridge_at_the_precisions_that_it_finds():
    X, t = table(60, 3)
    peer = linear_model.BayesianRidge(fit_intercept=False, tol=1e-12, max_iter=5000).fit(X, t)
    found = regression.BayesianLinearRegression(peer.lambda_, peer.alpha_).fit(X, t)
    assert found.mean == pytest.approx(peer.coef_, rel=1e-5)
    mean, spread = peer.predict(X[:4], return_std=True)
    assert found.predict(X[:4])[0] == pytest.approx(mean, rel=1e-5)
    assert np.sqrt(found.predict(X[:4])[1]) == pytest.approx(spread, rel=1e-5)


# ---------------------------------------------------------------------------- bad input

X, T = [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 2.0, 4.0]
UNITS = regression.standardize(X)
BAYES = regression.BayesianLinearRegression(1.0, 1.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: regression.design([math.nan]), ValueError, "x must be finite, got nan at index"),
        (lambda: regression.design(3.0), ValueError, r"x must have shape \(N, D\)"),
        (lambda: regression.design([]), ValueError, "x must have shape .* with a row and a column"),
        (lambda: regression.design(["a"]), TypeError, "x must be an array of real numbers"),
        (lambda: regression.design([1.0], degree=0), ValueError, "degree must be at least 1, got 0"),
        (lambda: regression.design([1.0], degree=1.5), TypeError, "degree must be an integer"),
        (lambda: regression.design([1.0], bias=1), TypeError, "bias must be True or False, got 1"),
        (lambda: regression.design(X, degree=2), ValueError, "degree needs a single column x, got 2"),
        (lambda: regression.design([1e200], degree=2), ValueError, "the powers of x must be finite"),
        (lambda: regression.standardize([1.0]), ValueError, r"X must have shape \(N, D\)"),
        (lambda: UNITS.apply([[1.0]]), ValueError, r"X must have shape \(N, 2\), the columns that were fitted"),
        (lambda: UNITS.weights_back([1.0]), ValueError, r"weights must have shape \(2,\) or \(3,\), got \(1,\)"),
        (lambda: UNITS.weights_back([1.0, math.inf]), ValueError, "weights must be finite"),
        (lambda: regression.least_squares(X, [1.0]), ValueError, r"t must have shape \(3,\), one number for each row"),
        (lambda: regression.least_squares(X, [T]), ValueError, r"t must have shape \(3,\).*got \(1, 3\)"),
        (lambda: regression.least_squares(X, [[t] for t in T]), ValueError, r"t must have shape \(3,\).*\(3, 1\)"),
        (lambda: regression.least_squares([1.0], [1.0]), ValueError, r"X must have shape \(N, D\)"),
        (lambda: regression.least_squares(np.ones((0, 2)), []), ValueError, r"got \(0, 2\)"),
        (lambda: regression.least_squares([[math.nan]], [1.0]), ValueError, r"X must be finite, got nan at index"),
        (lambda: regression.least_squares([[1.0]], [math.inf]), ValueError, "t must be finite, got inf at"),
        (lambda: regression.least_squares([["a"]], [1.0]), TypeError, "X must be an array of real numbers"),
        (lambda: regression.least_squares(X, T).predict([[1.0]]), ValueError, r"X must have shape \(N, 2\)"),
        (lambda: regression.normal_equations_residual(X, T, [1.0]), ValueError, r"w must have shape \(2,\)"),
        (lambda: regression.mean_squared_error([1.0], [1.0, 2.0]), ValueError, r"got \(1,\) and \(2,\)"),
        (lambda: regression.mean_squared_error([], []), ValueError, r"t and y must both have shape \(N,\), N ≥ 1"),
        (lambda: regression.mean_squared_error([math.nan], [1.0]), ValueError, "t must be finite"),
        (lambda: regression.gaussian_nll([1.0], [1.0], 0.0), ValueError, "standard_deviation must be greater than 0"),
        (lambda: regression.gaussian_nll([1.0], [math.nan], 1.0), ValueError, "y must be finite"),
        (lambda: regression.ridge(X, T, -1.0), ValueError, "penalty must be at least 0, got -1: below it"),
        (lambda: regression.ridge(X, T, math.nan), ValueError, "penalty must be finite, got nan"),
        (lambda: regression.ridge(X, T, "1"), TypeError, "penalty must be a real number"),
        (lambda: regression.ridge(X, T[:2], 1.0), ValueError, r"t must have shape \(3,\)"),
        (lambda: regression.ridge(X, T, 1.0, penalize_bias=None), TypeError, "penalize_bias must be True or False"),
        (lambda: regression.ridge_path(X, T, [1.0, -2.0]), ValueError, "penalty must be at least 0, got -2"),
        (lambda: regression.ridge_path(X, T, 1.0), ValueError, r"penalties must have shape \(P,\), got \(\)"),
        (
            lambda: regression.BayesianLinearRegression(0.0, 1.0),
            ValueError,
            "prior_precision must be greater than 0",
        ),
        (
            lambda: regression.BayesianLinearRegression(1.0, math.inf),
            ValueError,
            "noise_precision must be finite",
        ),
        (lambda: regression.BayesianLinearRegression("1", 1.0), TypeError, "prior_precision must be a real"),
        (lambda: BAYES.fit(X, [1.0, 2.0]), ValueError, r"t must have shape \(3,\)"),
        (lambda: BAYES.fit(X, T).predict([1.0, 2.0]), ValueError, r"X must have shape \(N, D\)"),
        (lambda: BAYES.fit(X, T).predict([[1.0]]), ValueError, r"X must have shape \(N, 2\)"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
