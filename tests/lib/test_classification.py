"""book_lib.classification against scikit-learn, torch, SciPy, finite differences and counting by hand."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats
from sklearn import calibration, datasets, linear_model, metrics

from book_lib import _classification_models as models
from book_lib import classification as cl
from book_lib._lbfgs import minimize_smooth
from book_lib.learning import numerical_gradient
from book_lib.probability import softmax

Z = st.floats(-30, 30)


def two_clouds(n=60, seed=0, apart=1.0):
    rng = np.random.default_rng(seed)
    t = np.arange(n) % 2
    return rng.normal(size=(n, 3)) * [1, 100, 0.01] + apart * t[:, None] * [1, 100, 0.01] + [0, 500, 0], t


def three_clouds(n=90, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    return rng.normal(size=(n, 2)) + np.array([[0, 0], [1.5, 0], [0, 1.5]])[labels], labels


# ---------------------------------------------------------------------------- the sigmoid and its relatives


@given(st.floats(-800, 800))
def test_the_sigmoid_and_its_logarithm_are_scipys(z):
    assert cl.sigmoid(z) == pytest.approx(special.expit(z), rel=1e-14, abs=1e-300)
    assert cl.log_sigmoid(z) == pytest.approx(special.log_expit(z), rel=1e-12)
    assert cl.softplus(z) == pytest.approx(np.logaddexp(0, z), rel=1e-12)
    assert cl.sigmoid(z) + cl.sigmoid(-z) == pytest.approx(1)


def test_the_slope_of_the_sigmoid_is_sigma_times_one_minus_sigma():
    for z in np.linspace(-5, 5, 11):
        s = cl.sigmoid(z)
        assert numerical_gradient(cl.sigmoid, z) == pytest.approx(s * (1 - s), abs=1e-8)


def test_the_largest_floats_are_no_trouble():
    for z in (1e308, -1e308):
        assert all(link(z) == (z > 0) for link in cl.links.values())
        assert cl.softplus(z) == max(z, 0) and cl.log_sigmoid(z) == min(z, 0)
    assert cl.softmax_cross_entropy([[1e308, -1e308]], [1]).tolist() == [math.inf]
    assert cl.softmax_cross_entropy([[1e308, -1e308]], [0]).tolist() == [0]
    assert cl.cross_entropy_gradient([[1e308, -1e308]], [1]).tolist() == [[1, -1]]


def test_a_thousand_is_no_trouble():
    z = np.array([-1000.0, 1000.0])
    assert cl.sigmoid(z).tolist() == [0, 1]
    assert cl.log_sigmoid(z).tolist() == [-1000, 0] and cl.softplus(z).tolist() == [0, 1000]
    assert cl.binary_cross_entropy(z, [1, 0]).tolist() == [1000, 1000]
    assert cl.binary_cross_entropy(z, [0, 1]).tolist() == [0, 0]
    assert cl.softmax_cross_entropy([[1000.0, -1000.0, 0.0]], [1]).tolist() == [2000]
    assert cl.cross_entropy_gradient([[1000.0, -1000.0, 0.0]], [1]).tolist() == [[1, -1, 0]]


def test_shapes_and_single_numbers_are_kept():
    assert isinstance(cl.sigmoid(0), float) and cl.sigmoid(np.zeros((2, 3))).shape == (2, 3)
    assert isinstance(cl.binary_cross_entropy(0.0, 1), float)


def test_links_lie_between_zero_and_one_and_rise():
    z = np.linspace(-4, 4, 81)
    peers = {"logistic": special.expit(z), "probit": stats.norm.cdf(z), "tanh": (1 + np.tanh(z)) / 2}
    assert set(cl.links) == set(peers)
    for name, link in cl.links.items():
        p = link(z)
        assert p == pytest.approx(peers[name], abs=1e-14)
        assert (np.diff(p) > 0).all() and p.min() > 0 and p.max() < 1
        assert link(0.0) == 0.5 and link([]).shape == (0,)
    assert cl.links["tanh"](z) == pytest.approx(cl.sigmoid(2 * z))


# ---------------------------------------------------------------------------- losses


@given(Z, st.integers(0, 1))
def test_both_conventions_are_one_loss(z, t):
    p = special.expit(z)
    loss = cl.binary_cross_entropy(z, t)
    assert loss == pytest.approx(-math.log(p**t * special.expit(-z) ** (1 - t)))
    assert loss == cl.binary_cross_entropy(z, 2 * t - 1, convention="pm1")
    assert loss == pytest.approx(cl.softmax_cross_entropy([[0.0, z]], [t])[0])


def test_the_binary_loss_is_torchs_and_scikit_learns():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    z, t = rng.normal(size=50) * 5, rng.integers(0, 2, 50)
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor(z), torch.tensor(t, dtype=torch.float64), reduction="none"
    )
    assert cl.binary_cross_entropy(z, t) == pytest.approx(theirs.numpy())
    assert cl.binary_cross_entropy(z, t == 1).mean() == pytest.approx(metrics.log_loss(t, special.expit(z)))


def test_the_softmax_loss_and_its_slope_are_torchs_in_double():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    z, labels = rng.normal(size=(20, 4)) * 3, rng.integers(0, 4, 20)
    theirs = torch.tensor(z, requires_grad=True)
    losses = torch.nn.functional.cross_entropy(theirs, torch.tensor(labels), reduction="none")
    losses.sum().backward()
    assert cl.softmax_cross_entropy(z, labels) == pytest.approx(losses.detach().numpy())
    assert cl.cross_entropy_gradient(z, labels) == pytest.approx(theirs.grad.numpy(), abs=1e-15)


@given(st.integers(0, 100))
def test_the_slope_is_what_finite_differences_see(seed):
    rng = np.random.default_rng(seed)
    z, labels = rng.normal(size=(3, 4)), rng.integers(0, 4, 3)
    seen = numerical_gradient(lambda z: float(cl.softmax_cross_entropy(z, labels).sum()), z)
    found = cl.cross_entropy_gradient(z, labels)
    assert found == pytest.approx(seen, abs=1e-7) and found.sum(axis=1) == pytest.approx(np.zeros(3))
    soft = rng.dirichlet(np.ones(4), size=3)
    assert cl.cross_entropy_gradient(z, soft) == pytest.approx(softmax(z) - soft)


# ---------------------------------------------------------------------------- models


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("bias", [True, False])
def test_logistic_regression_is_scikit_learns(penalty, bias):
    """In whatever units the columns are; newton-cholesky is exact where its lbfgs stops early."""
    X, t = two_clouds()
    peer = linear_model.LogisticRegression(
        C=1 / penalty, solver="newton-cholesky", tol=1e-12, max_iter=1000, fit_intercept=bias
    ).fit(X, t)
    ours = cl.LogisticRegression(penalty, bias=bias).fit(X, t)
    assert ours.converged
    assert ours.weights == pytest.approx(peer.coef_[0], rel=2e-4, abs=1e-5)
    assert ours.bias == pytest.approx(peer.intercept_[0] if bias else 0, rel=2e-4, abs=1e-6)
    assert ours.predict_proba(X) == pytest.approx(peer.predict_proba(X)[:, 1], abs=1e-4)
    assert ours.loss == pytest.approx(metrics.log_loss(t, peer.predict_proba(X)), rel=1e-4)
    assert ours.logits(X) == pytest.approx(X @ ours.weights + ours.bias)


@pytest.mark.parametrize("penalty", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("bias", [True, False])
def test_softmax_regression_is_scikit_learns(penalty, bias):
    X, labels = three_clouds()
    peer = linear_model.LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000, fit_intercept=bias)
    peer.fit(X, labels)
    ours = cl.SoftmaxRegression(penalty, bias=bias).fit(X, labels)
    assert ours.converged and ours.weights.shape == (3, 2)
    assert ours.weights == pytest.approx(peer.coef_, abs=1e-4)
    assert ours.logits(X) == pytest.approx(X @ ours.weights.T + ours.bias)
    assert ours.predict_proba(X) == pytest.approx(peer.predict_proba(X), abs=1e-4)
    assert (ours.predict(X) == ours.predict_proba(X).argmax(axis=1)).all()
    assert ours.loss == pytest.approx(metrics.log_loss(labels, peer.predict_proba(X)), rel=1e-5)


@pytest.mark.parametrize("penalty", [0.0, 2.0])
def test_at_the_best_weights_the_slope_is_zero(penalty):
    X, t = two_clouds(apart=0.5)
    found = cl.LogisticRegression(penalty).fit(X, t)
    wrong = cl.sigmoid(found.logits(X)) - t
    size = X.std(axis=0) * len(X)
    assert (X.T @ wrong + penalty * found.weights) / size == pytest.approx(np.zeros(3), abs=1e-4)
    assert wrong.mean() == pytest.approx(0, abs=1e-5)  # the mean promise is the share of "yes"


def test_the_objectives_have_the_slopes_that_they_say():
    X, labels = three_clouds(12)
    for bias in (True, False):
        units = models._Units.of(X, 0.7, bias, 0.25)
        width = len(units.table)
        rng = np.random.default_rng(0)
        binary = models._binary_objective(units, np.where(labels == 0, 1.0, -1.0))
        many = models._softmax_objective(units, labels, 3)
        for objective, size in ((binary, width), (many, 3 * width)):
            v = rng.normal(size=size)
            seen = numerical_gradient(lambda v, f=objective: f(v)[0], v)
            assert objective(v)[1] == pytest.approx(seen, abs=1e-6)


def test_both_conventions_fit_one_model():
    X, t = two_clouds()
    one = cl.LogisticRegression(1.0).fit(X, t)
    other = cl.LogisticRegression(1.0, convention="pm1").fit(X, 2 * t - 1)
    assert np.array_equal(one.weights, other.weights) and one.loss == other.loss
    assert np.array_equal(2 * one.predict(X) - 1, other.predict(X))
    assert np.array_equal(cl.LogisticRegression(1.0).fit(X, t == 1).weights, one.weights)


def test_at_one_half_the_answer_is_the_sign_of_the_score_and_higher_thresholds_say_yes_less_often():
    X, t = two_clouds()
    model = cl.LogisticRegression(1.0).fit(X, t)
    assert np.array_equal(model.predict(X), (model.logits(X) >= 0).astype(int))
    even = cl.BinaryClassifier(np.ones(1), 0.0, "pm1", 0.0, 0, True)
    assert even.predict([[0.0], [-1e-9]]).tolist() == [1, -1]
    yes = [model.predict(X, threshold).sum() for threshold in (0.0, 0.3, 0.5, 0.9, 1.0)]
    assert yes[0] == len(X) and yes[-1] == 0 and yes == sorted(yes, reverse=True)


def test_two_classes_of_softmax_are_a_sigmoid_of_the_difference():
    """Weights ±w/2 cost λ|w|²/4: softmax with λ is logistic with λ/2."""
    X, t = two_clouds()
    two = cl.SoftmaxRegression(2.0).fit(X, t)
    one = cl.LogisticRegression(1.0).fit(X, t)
    assert two.predict_proba(X)[:, 1] == pytest.approx(one.predict_proba(X), abs=1e-4)
    assert two.weights[1] - two.weights[0] == pytest.approx(one.weights, rel=1e-3, abs=1e-5)


def test_a_larger_penalty_means_smaller_weights_and_a_larger_loss():
    X, labels = three_clouds()
    found = [cl.SoftmaxRegression(penalty).fit(X, labels) for penalty in (0.1, 1.0, 10.0, 100.0)]
    assert (np.diff([np.linalg.norm(model.weights) for model in found]) < 0).all()
    assert (np.diff([model.loss for model in found]) > 0).all()


def test_digits_are_read_as_well_as_by_scikit_learn():
    X, labels = datasets.load_digits(return_X_y=True)
    X, train = X / 16, np.arange(len(labels)) % 4 != 0
    model = cl.SoftmaxRegression(1.0).fit(X[train], labels[train])
    peer = linear_model.LogisticRegression(tol=1e-8, max_iter=10_000).fit(X[train], labels[train])
    assert cl.accuracy(labels[~train], model.predict(X[~train])) >= 0.95
    assert model.weights == pytest.approx(peer.coef_, abs=2e-3)
    ours, theirs = (
        metrics.log_loss(labels[train], m.predict_proba(X[train])) + (w**2).sum() / 2 / train.sum()
        for m, w in ((model, model.weights), (peer, peer.coef_))
    )
    assert ours == pytest.approx(theirs, rel=1e-7)


def test_what_a_plane_separates_has_no_best_weights_without_a_penalty():
    for model, t in ((cl.LogisticRegression(0.0), [0, 0, 1, 1]), (cl.SoftmaxRegression(0.0), [0, 0, 1, 1])):
        with pytest.raises(ValueError, match="penalty must be above 0 here: weights that separate"):
            model.fit([[0.0], [1.0], [2.0], [3.0]], t)
    with pytest.raises(ValueError, match="penalty must be above 0"):
        cl.LogisticRegression(0.0, convention="pm1", bias=False).fit([[1.0], [2.0], [-1.0]], [1, 1, -1])
    X, t = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]
    peer = linear_model.LogisticRegression(C=np.inf, tol=1e-10).fit(X, t)
    assert cl.LogisticRegression(0.0).fit(X, t).weights == pytest.approx(peer.coef_[0], rel=1e-4)


def test_points_of_both_classes_on_the_plane_do_not_hold_the_weights_back():
    """At x = 1 stands one of each: the loss there is least at z = 0, and the others may go as far as they like."""
    X, t = [[0.0], [1.0], [1.0], [2.0]], [0, 0, 1, 1]
    for model in (cl.LogisticRegression(0.0), cl.SoftmaxRegression(0.0)):
        with pytest.raises(ValueError, match="penalty must be above 0"):
            model.fit(X, t)
    # Two classes mixed, a third far away: no W is best, though no line separates the first two.
    with pytest.raises(ValueError, match="penalty must be above 0"):
        cl.SoftmaxRegression(0.0).fit([[0.0], [0.0], [1.0], [2.0], [1.5], [9.0]], [0, 1, 0, 1, 1, 2])
    # A third far away along another axis, while of the first two, which mix, some are beyond all doubt.
    X = np.array([[-9, 0], [-1, 0], [0.5, 0], [9, 0], [1, 0], [-0.5, 0], [0, 9], [1, 9]])
    with pytest.raises(ValueError, match="penalty must be above 0"):
        cl.SoftmaxRegression(0.0).fit(X, [0, 0, 0, 1, 1, 1, 2, 2])
    assert cl.SoftmaxRegression(0.0).fit(X[:6], [0, 0, 0, 1, 1, 1]).predict_proba([[9.0, 0.0]])[0, 1] > 0.99
    # One "no" in a column where the others are all "yes" suffices, and there is a best w.
    rng = np.random.default_rng(4)
    X, t = np.column_stack([np.arange(40) % 2, rng.normal(size=40)]), (np.arange(40) % 2) | (rng.random(40) < 0.5)
    with pytest.raises(ValueError, match="penalty must be above 0"):
        cl.LogisticRegression(0.0).fit(X, t)
    t[1] = 0
    peer = linear_model.LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(X, t)
    assert cl.LogisticRegression(0.0).fit(X, t).weights == pytest.approx(peer.coef_[0], rel=1e-3)


@given(st.integers(0, 30))
def test_what_can_be_separated_is_what_a_linear_programme_finds(seed):
    """Konis: maximise Σ y(Xw + c) with every y(Xw + c) ≥ 0; it is 0 exactly where the best weights are finite."""
    rng = np.random.default_rng(seed)
    n = 10 + 15 * (seed % 3)
    X, t = rng.integers(0, 4, size=(n, 2)).astype(float), rng.integers(0, 2, n)
    if n > 10:  # a line through points of the grid, with both classes on it, and now and then a label that is wrong
        score = X @ [1, -1] - rng.integers(-1, 2)
        t = np.where(score == 0, t, score > 0) ^ (np.arange(n) == 5) * (seed % 2)
    t[:2] = 0, 1
    signed = np.column_stack([np.ones(n), X]) * (2 * t - 1)[:, None]
    best = optimize.linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(n), bounds=(-1, 1))
    for model in (cl.LogisticRegression(0.0), cl.SoftmaxRegression(0.0)):
        if best.fun < -1e-9:
            with pytest.raises(ValueError, match="penalty must be above 0"):
                model.fit(X, t)
        else:
            found = model.fit(X, t)
            wrong = found.predict_proba(X).reshape(n, -1)[:, -1] - t
            assert found.converged and wrong @ np.column_stack([np.ones(n), X]) == pytest.approx(np.zeros(3), abs=1e-3)


@pytest.mark.parametrize("penalty", [1.0, 1e-4, 1e-8])
def test_a_penalty_however_small_has_its_weights(penalty):
    """Two points at ±1 are separable; the slope 2σ(−w) of the loss meets λw where nothing else holds w back."""
    exact = optimize.brentq(lambda w: penalty * w - 2 * special.expit(-w), 0, 100)
    found = cl.LogisticRegression(penalty).fit([[-1.0], [1.0]], [0, 1])
    assert found.converged and found.weights == pytest.approx([exact], rel=1e-4)
    many = cl.SoftmaxRegression(2 * penalty).fit([[-1.0], [1.0]], [0, 1])
    assert many.converged and many.weights.ravel() == pytest.approx([-exact / 2, exact / 2], rel=1e-4)


@pytest.mark.parametrize("size", [1e-200, 1e-150, 1e150, 1e200])
def test_columns_of_any_size_are_fitted(size):
    X, labels = three_clouds()
    for model, t in ((cl.LogisticRegression(0.0), labels == 1), (cl.SoftmaxRegression(0.0), labels)):
        one, other = model.fit(X, t), model.fit(X * size, t)
        assert other.converged and other.weights * size == pytest.approx(one.weights, rel=1e-3)
        assert other.predict_proba(X * size) == pytest.approx(one.predict_proba(X), abs=1e-4)
    free, huge = cl.LogisticRegression(0.0).fit(X, labels == 1), cl.LogisticRegression(1.0).fit(X * 1e200, labels == 1)
    assert huge.weights * 1e200 == pytest.approx(free.weights, rel=1e-3)  # a penalty that such weights do not feel


def test_a_table_may_be_of_any_kind_and_stays_as_it_is():
    X, labels = np.arange(24).reshape(12, 2) % 7, np.arange(12) % 3
    frozen = X.astype(np.float32)
    frozen.setflags(write=False)
    for model, t in ((cl.LogisticRegression(1.0), labels == 1), (cl.SoftmaxRegression(1.0), labels)):
        expected = model.fit(X.astype(float), t).weights
        for other in (X, X.tolist(), np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], frozen):
            before = np.array(other)
            assert np.array_equal(model.fit(other, t.tolist()).weights, expected)
            assert np.array_equal(np.array(other), before)


def test_more_columns_than_rows_and_equal_columns_share_the_weight():
    X, t = two_clouds(20)
    twice = cl.LogisticRegression(1.0).fit(np.column_stack([X, X[:, 0]]), t)
    assert twice.weights[0] == pytest.approx(twice.weights[3], rel=1e-6)
    wide = np.random.default_rng(0).normal(size=(5, 30))
    model = cl.SoftmaxRegression(1.0).fit(wide, [0, 1, 2, 0, 1])
    assert model.converged and model.weights.sum(axis=0) == pytest.approx(np.zeros(30), abs=1e-6)


def test_the_solver_says_where_it_stopped():
    bowl = np.array([1.0, 0.2])

    def objective(w):
        return float((bowl * w**2).sum()) / 2, bowl * w

    found = minimize_smooth(objective, np.array([3.0, -2.0]), 1e-9, 100)
    assert found.converged is True and found.weights == pytest.approx([0, 0], abs=1e-8)
    short = minimize_smooth(objective, np.array([3.0, -2.0]), 1e-9, 1)
    assert short.converged is False and short.steps == 1
    stuck = minimize_smooth(lambda w: (float(np.abs(w).sum()) - 1, -np.sign(w)), np.array([1.0]), 1e-9, 100)
    assert stuck.converged is False and stuck.weights == [1.0] and stuck.steps == 0  # a slope of the wrong sign


def test_the_solver_takes_no_step_uphill():
    """A curvature just above 2 throws w = 1 to −1.00001, a little higher; the parabola says where its bottom is."""
    found = minimize_smooth(lambda w: (1.000005 * float(w @ w), 2.00001 * w), np.array([1.0]), 1e-9, 1)
    assert found.value < 1e-9 and found.weights == pytest.approx([0], abs=1e-5)


def test_few_steps_suffice_whatever_the_units():
    """What the choice of units and the scaling of the first guess at H⁻¹ are for; without, it is half as many again."""
    X, labels = datasets.load_digits(return_X_y=True)
    assert cl.SoftmaxRegression(1.0).fit(X / 16, labels).steps < 80
    assert cl.LogisticRegression(1.0).fit(*two_clouds()).steps <= 10


def test_rosenbrocks_valley_is_no_trouble_for_the_solver():
    found = minimize_smooth(
        lambda w: (optimize.rosen(w), optimize.rosen_der(w)), np.array([-1.2, 1.0, -1.2, 1.0]), 1e-8, 500
    )
    assert found.converged and found.weights == pytest.approx(np.ones(4), abs=1e-6) and found.steps < 100


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_constant_column_gets_no_weight(penalty):
    X, t = two_clouds(apart=0.5)
    model = cl.LogisticRegression(penalty).fit(np.column_stack([X, np.full(len(X), 0.1)]), t)
    assert model.weights[3] == 0
    assert model.weights[:3] == pytest.approx(cl.LogisticRegression(penalty).fit(X, t).weights, rel=1e-4)


# ---------------------------------------------------------------------------- metrics


@given(st.integers(0, 200), st.integers(2, 5))
def test_counts_are_scikit_learns(seed, classes):
    t, y = np.random.default_rng(seed).integers(0, classes, size=(2, 40))
    t[0] = classes - 1
    assert np.array_equal(cl.confusion_matrix(t, y), metrics.confusion_matrix(t, y, labels=range(classes)))
    assert cl.confusion_matrix(t, y, classes=7).shape == (7, 7)
    assert cl.accuracy(t, y) == pytest.approx(metrics.accuracy_score(t, y))
    t, y = t % 2, y % 2
    if t.any() and y.any():
        precision, recall = cl.precision_recall(t, y)
        assert precision == pytest.approx(metrics.precision_score(t, y))
        assert recall == pytest.approx(metrics.recall_score(t, y))
        assert cl.precision_recall(2 * t - 1, 2 * y - 1, convention="pm1") == (precision, recall)


def test_shares_of_nothing_are_nan():
    precision, recall = cl.precision_recall([0, 1], [0, 0])
    assert math.isnan(precision) and recall == 0
    precision, recall = cl.precision_recall([0, 0], [0, 1])
    assert precision == 0 and math.isnan(recall)
    assert math.isnan(cl.precision_at(0.0, 1.0, 0.0))


def test_words_can_be_right_too():
    assert cl.accuracy(["cat", "dog"], ["cat", "cat"]) == 0.5


@given(st.integers(0, 200), st.booleans())
def test_the_roc_curve_is_scikit_learns(seed, ties):
    rng = np.random.default_rng(seed)
    t = np.append([0, 1], rng.integers(0, 2, 30))
    s = rng.normal(size=32) + t
    s = s.round() if ties else s
    fpr, tpr, thresholds = metrics.roc_curve(t, s, drop_intermediate=False)
    curve = cl.roc_curve(t, s)
    assert curve.false_positive_rate == pytest.approx(fpr) and curve.true_positive_rate == pytest.approx(tpr)
    assert curve.thresholds == pytest.approx(thresholds)
    assert cl.auc(t, s) == pytest.approx(metrics.roc_auc_score(t, s))
    assert cl.auc(t, s) == pytest.approx(np.trapezoid(tpr, fpr))
    assert cl.auc(2 * t - 1, s, convention="pm1") == cl.auc(t, s)
    assert cl.auc(t, s) == pytest.approx(cl.auc(t, s**3 + s))  # only the order matters


def test_scores_of_any_size_are_ranked():
    curve = cl.roc_curve([0, 1, 0, 1], [1e308, -1e308, 0.0, -0.0])
    assert curve.thresholds.tolist() == [math.inf, 1e308, 0, -1e308]
    assert curve.false_positive_rate.tolist() == [0, 0.5, 1, 1]
    assert curve.true_positive_rate.tolist() == [0, 0, 0.5, 1]
    assert cl.auc([0, 1], [0.0, 5e-324]) == 1


def test_a_promise_that_no_score_keeps_is_the_threshold_infinity():
    assert cl.threshold_for([0, 1], [2.0, 2.0], false_positive_rate=0) == math.inf
    assert cl.threshold_for([0, 1], [2.0, 2.0], recall=0) == math.inf
    assert cl.threshold_for([0, 1, 1], [2.0, 2.0, 1.0], recall=0.6) == 1


def test_the_area_is_the_chance_that_a_case_scores_above_another():
    t, s = [0, 0, 1, 1, 1], [1.0, 2.0, 2.0, 3.0, 0.0]
    pairs = [(a > b) + 0.5 * (a == b) for a in (2.0, 3.0, 0.0) for b in (1.0, 2.0)]
    assert cl.auc(t, s) == pytest.approx(np.mean(pairs))


@given(st.integers(0, 200), st.floats(0, 1))
def test_a_threshold_keeps_its_promise_and_its_neighbour_does_not(seed, share):
    rng = np.random.default_rng(seed)
    t = np.append([0, 1], rng.integers(0, 2, 30))
    s = (rng.normal(size=32) + t).round(1)

    def rates(threshold):
        alarm = s >= threshold
        return alarm[t == 0].mean(), alarm[t == 1].mean()

    chosen = cl.threshold_for(t, s, false_positive_rate=share)
    assert rates(chosen)[0] <= share + 1e-9
    lower = s[s < chosen]
    assert lower.size == 0 or rates(lower.max())[0] > share
    chosen = cl.threshold_for(t, s, recall=share)
    assert rates(chosen)[1] >= share - 1e-9
    higher = s[s > chosen]
    assert share == 0 or higher.size == 0 or rates(higher.min())[1] < share


def test_a_rare_case_makes_most_alarms_false():
    """Counted out: a million people, 8 of a thousand false alarms, one case in a thousand."""
    people, cases = 1_000_000, 1000
    true, false = 0.99 * cases, 0.008 * (people - cases)
    assert cl.precision_at(cases / people, 0.99, 0.008) == pytest.approx(true / (true + false))
    assert cl.precision_at(0.5, 0.99, 0.008) > 0.99


# ---------------------------------------------------------------------------- calibration


@given(st.integers(0, 100), st.integers(1, 20))
def test_the_reliability_diagram_is_scikit_learns(seed, bins):
    rng = np.random.default_rng(seed)
    p = rng.random(80)
    t = (rng.random(80) < p).astype(int)
    frequency, confidence = calibration.calibration_curve(t, p, n_bins=bins)
    found = cl.reliability(p, t, bins)
    filled = found.counts > 0
    assert found.frequency[filled] == pytest.approx(frequency)
    assert found.confidence[filled] == pytest.approx(confidence)
    assert np.isnan(found.frequency[~filled]).all() and found.counts.sum() == 80
    assert found.edges == pytest.approx(np.linspace(0, 1, bins + 1))


def test_edges_belong_to_the_bin_below():
    assert cl.reliability([0.0, 0.5, 1.0], [0, 0, 1], bins=2).counts.tolist() == [2, 1]
    assert cl.reliability([0.0, 1.0], [0, 1], bins=1).counts.tolist() == [2]
    for bins in range(1, 101):
        edges = np.array([float(Fraction(k, bins)) for k in range(bins + 1)])
        found = cl.reliability(edges, edges > 0.5, bins)
        assert found.counts.tolist() == [2, *[1] * (bins - 1)] and np.array_equal(found.edges, edges)


def test_of_many_classes_the_largest_probability_is_judged():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.7, 0.1]])
    found = cl.reliability(p, [0, 1, 1], bins=10)
    assert found.counts[5] == 1 and found.counts[6] == 2
    assert found.frequency[[5, 6]] == pytest.approx([0, 1]) and found.confidence[6] == pytest.approx(0.7)
    assert cl.expected_calibration_error(p, [0, 1, 1]) == pytest.approx((0.6 + 2 * 0.3) / 3)


def test_a_model_that_means_what_it_says_has_nearly_no_error():
    rng = np.random.default_rng(0)
    p = rng.random(200_000)
    assert cl.expected_calibration_error(p, rng.random(200_000) < p) < 0.005
    assert cl.expected_calibration_error(np.full(1000, 0.9), np.ones(1000)) == pytest.approx(0.1)


@given(st.integers(0, 60), st.floats(0.2, 5))
def test_the_temperature_is_where_moments_match_and_the_loss_is_least(seed, factor):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(400, 4)) * 2
    labels = np.array([rng.choice(4, p=row) for row in softmax(z)])
    found = cl.fit_temperature(factor * z, labels)
    p = softmax(factor * z, found)
    assert (p * factor * z).sum(axis=1).mean() == pytest.approx(
        factor * z[np.arange(400), labels].mean(), abs=1e-9 * factor
    )
    least = optimize.minimize_scalar(
        lambda log: cl.softmax_cross_entropy(factor * z / math.exp(log), labels).mean(),
        bounds=(-5, 5),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert found == pytest.approx(math.exp(least.x), rel=1e-5)
    assert found == pytest.approx(factor, rel=0.4)  # the labels were drawn at T = 1
    assert np.array_equal(p.argmax(axis=1), z.argmax(axis=1))


def test_logits_of_any_size_have_their_temperature():
    z, labels = np.random.default_rng(1).normal(size=(50, 3)), np.arange(50) % 3
    z[np.arange(50), labels] += 0.5
    one = cl.fit_temperature(z, labels)
    for size in (1e-200, 1e200):
        assert cl.fit_temperature(size * z, labels) / size == pytest.approx(one)
    assert cl.fit_temperature(z + 1000, labels) == pytest.approx(one)
    huge = cl.fit_temperature([[5e307, -5e307]] * 4, [0, 0, 0, 1])  # the difference of 1e308, σ(1e308/T) = ¾
    assert huge / 1e308 == pytest.approx(1 / math.log(3))
    # One example beyond all doubt beside four that are right in three of four cases.
    assert cl.fit_temperature([[1e200, 0], *[[1.0, 0]] * 4], [0, 0, 0, 0, 1]) == pytest.approx(1 / math.log(3))


def test_two_classes_need_only_their_log_odds():
    z, t = np.array([2.0, 1.0, -3.0, 0.5]), [1, 0, 0, 1]
    assert cl.fit_temperature(z, t) == pytest.approx(cl.fit_temperature(np.column_stack([0 * z, z]), t))
    assert cl.fit_temperature([3.0] * 4, [1, 1, 1, 0]) == pytest.approx(3 / math.log(3))  # σ(3/T) = ¾


# ---------------------------------------------------------------------------- bad input

X, T = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]
LOGISTIC, MANY = cl.LogisticRegression(), cl.SoftmaxRegression()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: cl.sigmoid(math.nan), ValueError, "z must be finite, got nan"),
        (lambda: cl.sigmoid("a"), TypeError, "z must be an array of real numbers"),
        (lambda: cl.log_sigmoid([math.inf]), ValueError, "z must be finite"),
        (lambda: cl.softplus([math.nan]), ValueError, "z must be finite"),
        (lambda: cl.links["probit"]([math.nan]), ValueError, "z must be finite"),
        (lambda: cl.links["tanh"]([math.nan]), ValueError, "z must be finite"),
        (
            lambda: cl.binary_cross_entropy([0.0], [-1]),
            ValueError,
            "labels must hold only 0 and 1 with convention='01', got -1; convention='pm1' is for labels -1 and",
        ),
        (lambda: cl.binary_cross_entropy([0.0], [0], "pm1"), ValueError, "only -1 and .* got 0; convention='01' is"),
        (lambda: cl.binary_cross_entropy([0.0], [2]), ValueError, "labels must hold only 0 and 1 .* got 2$"),
        (lambda: cl.binary_cross_entropy([0.0], [0.5]), ValueError, "got 0.5$"),
        (lambda: cl.binary_cross_entropy([0.0], [math.nan]), ValueError, "labels must be finite"),
        (lambda: cl.binary_cross_entropy([0.0], [0], "±1"), ValueError, "convention must be one of '01', 'pm1'"),
        (lambda: cl.binary_cross_entropy([0.0, 1.0], [0]), ValueError, r"labels must have shape \(2,\), got \(1,\)"),
        (lambda: cl.softmax_cross_entropy([0.0], [0]), ValueError, r"z must have shape \(N, K\)"),
        (lambda: cl.softmax_cross_entropy([[0.0, 1.0]], [2]), ValueError, "labels must lie in 0 ... 1, got 2"),
        (lambda: cl.softmax_cross_entropy([[0.0, 1.0]], [0, 1]), ValueError, r"labels must have shape \(1,\)"),
        (lambda: cl.softmax_cross_entropy([[0.0, math.inf]], [0]), ValueError, "z must be finite"),
        (lambda: cl.softmax_cross_entropy([[0.0, 1.0]], ["a"]), TypeError, "labels must be integers"),
        (lambda: cl.cross_entropy_gradient([[0.0, 1.0]], [[0.5, 0.6]]), ValueError, "targets must sum to 1"),
        (lambda: cl.cross_entropy_gradient([[0.0, 1.0]], [[1.0]]), ValueError, "targets must have shape .* got"),
        (lambda: cl.cross_entropy_gradient([[0.0, 1.0]], [5]), ValueError, "labels must lie in 0 ... 1"),
        (lambda: cl.LogisticRegression(-1.0), ValueError, "penalty must be at least 0, got -1"),
        (lambda: cl.SoftmaxRegression(math.nan), ValueError, "penalty must be finite"),
        (lambda: cl.SoftmaxRegression("1"), TypeError, "penalty must be a real number"),
        (lambda: cl.LogisticRegression(convention="10"), ValueError, "convention must be one of"),
        (lambda: cl.LogisticRegression(bias=1), TypeError, "bias must be True or False, got 1"),
        (lambda: LOGISTIC.fit(X, [0, 1]), ValueError, r"t must have shape \(4,\), one label for each row of X"),
        (lambda: LOGISTIC.fit(X, [1, 1, 1, 1]), ValueError, "t must hold both classes, 0 and 1, got only 1"),
        (lambda: LOGISTIC.fit(X, [-1, 1, -1, 1]), ValueError, "t must hold only 0 and 1 .* convention='pm1' is"),
        (lambda: LOGISTIC.fit([1.0, 2.0], [0, 1]), ValueError, r"X must have shape \(N, D\)"),
        (lambda: LOGISTIC.fit([[math.nan], [1.0]], [0, 1]), ValueError, "X must be finite"),
        (lambda: LOGISTIC.fit(X, [T]), ValueError, r"t must have shape \(N,\), got \(1, 4\)"),
        (lambda: LOGISTIC.fit(X, T).predict(X, 1.5), ValueError, "threshold must lie between 0 and 1"),
        (lambda: LOGISTIC.fit(X, T).logits([[1.0, 2.0]]), ValueError, r"X must have shape \(N, 1\)"),
        (lambda: MANY.fit(X, [0, 0, 0, 0]), ValueError, r"labels must hold two classes at least, got \[0\]"),
        (lambda: MANY.fit(X, [0, 2, 0, 2]), ValueError, "every class from 0 to 2, got none of class 1: number them"),
        (lambda: MANY.fit(X, [1, 2, 1, 2]), ValueError, "got none of class 0"),
        (lambda: MANY.fit(X, [0, -1, 0, 1]), ValueError, "labels must lie in"),
        (lambda: MANY.fit(X, [0.5, 1, 0, 1]), ValueError, "labels must be integers, got 0.5"),
        (lambda: MANY.fit(X, ["a", "b", "a", "b"]), TypeError, "labels must be integers"),
        (lambda: MANY.fit(X, [0, 1]), ValueError, r"labels must have shape \(4,\)"),
        (lambda: MANY.fit(X, [[0, 1]]), ValueError, r"labels must have shape \(N,\)"),
        (lambda: MANY.fit(X, T).predict([1.0]), ValueError, r"X must have shape \(N, D\)"),
        (lambda: cl.confusion_matrix([0], [0, 1]), ValueError, r"labels and predictions must both have shape \(N,\)"),
        (lambda: cl.confusion_matrix([], []), ValueError, "N ≥ 1"),
        (lambda: cl.confusion_matrix([0, 3], [0, 1], classes=2), ValueError, "labels must lie in 0 ... 1, got 3"),
        (lambda: cl.confusion_matrix([0, 1000], [0, 1]), ValueError, "labels must lie in 0 ... 999, got 1000"),
        (lambda: cl.accuracy([0, 1], [0.2, 1.0]), ValueError, "predictions must be classes, .* or words, got 0.2"),
        (lambda: cl.accuracy([0, math.nan], [0, 1]), ValueError, "labels must be classes, .* got nan"),
        (lambda: cl.accuracy(["0", "1"], [0, 1]), TypeError, "must be of one kind, got str32 and int64"),
        (lambda: cl.cross_entropy_gradient([[0.0, 1.0]], [[1], [1, 2]]), ValueError, "targets must be an array"),
        (lambda: cl.accuracy([0, 1], [0]), ValueError, r"got \(2,\) and \(1,\)"),
        (lambda: cl.precision_recall([0, 1], [0, 2]), ValueError, "predictions must hold only 0 and 1"),
        (lambda: cl.precision_recall([0, 1], [0]), ValueError, r"got \(2,\) and \(1,\)"),
        (lambda: cl.precision_at(1.5, 0.5, 0.5), ValueError, "base_rate must lie between 0 and 1"),
        (lambda: cl.precision_at(0.5, 0.5, -0.5), ValueError, "false_positive_rate must lie between 0 and 1"),
        (lambda: cl.roc_curve([1, 1], [0.1, 0.2]), ValueError, "labels must hold both classes, 0 and 1, got only 1"),
        (lambda: cl.roc_curve([], []), ValueError, "labels must hold both classes, 0 and 1, got none"),
        (lambda: cl.auc([0, 1], [0.1, math.nan]), ValueError, "scores must be finite"),
        (lambda: cl.auc([0, 1], [0.1]), ValueError, r"labels and scores must both have shape"),
        (lambda: cl.threshold_for([0, 1], [0.1, 0.2]), TypeError, "needs either false_positive_rate or recall"),
        (lambda: cl.threshold_for([0, 1], [0.1, 0.2], recall=2.0), ValueError, "recall must lie between 0 and 1"),
        (lambda: cl.reliability([1.2], [1]), ValueError, "p must lie between 0 and 1, got 1.2"),
        (lambda: cl.reliability([0.2], [-1]), ValueError, "labels must hold only 0 and 1"),
        (lambda: cl.reliability([0.2, 0.3], [1]), ValueError, r"labels must have shape \(2,\)"),
        (lambda: cl.reliability([], []), ValueError, r"p must have shape \(N,\) or \(N, K\), N ≥ 1"),
        (lambda: cl.reliability([[0.2, 0.2]], [1]), ValueError, "p must sum to 1"),
        (lambda: cl.reliability([[0.2, 0.8]], [2]), ValueError, "labels must lie in 0 ... 1, got 2"),
        (lambda: cl.reliability([[0.2, 0.8]], [0, 1]), ValueError, r"labels must have shape \(1,\)"),
        (lambda: cl.expected_calibration_error([0.2], [1], bins=0), ValueError, "bins must be at least 1"),
        (lambda: cl.fit_temperature([[1.0, 0.0]], [0]), ValueError, "labels must differ somewhere .* best T is 0"),
        (lambda: cl.fit_temperature([[1.0, 0.0]], [1]), ValueError, "labels must have larger logits .* best T is ∞"),
        (lambda: cl.fit_temperature([[1.0, 1.0], [2.0, 2.0]], [0, 1]), ValueError, "logits must differ within a row"),
        (lambda: cl.fit_temperature([[1.0, 0.0]] * 2, [0, 1]), ValueError, "labels must have larger .* best T is ∞"),
        (lambda: cl.fit_temperature([0.0, 0.0], [0, 1]), ValueError, "logits must differ within a row"),
        (lambda: cl.fit_temperature([[1.0], [2.0]], [0, 0]), ValueError, r"logits must have shape \(N,\) or \(N, K\)"),
        (lambda: cl.fit_temperature([[1.0, math.nan]], [0]), ValueError, "logits must be finite"),
        (lambda: cl.fit_temperature([[1.0, 0.0]], [2]), ValueError, "labels must lie in 0 ... 1"),
        (lambda: cl.fit_temperature([[1.0, 0.0]], [0, 1]), ValueError, r"labels must have shape \(1,\)"),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
