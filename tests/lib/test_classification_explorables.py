"""The explorables of chapter 5 in Python: what they take, refuse, compute and show."""

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, precision_score, roc_auc_score

from book_lib import classification
from book_lib.explorables import Boundaries, Threshold
from book_lib.explorables.boundaries import FAR, cloud, gradient, penalized_loss
from tests.lib.pictures import check_pictures

BAD = [
    (Boundaries, {"view": "four"}, "view"),
    (Boundaries, {"points": [(0, 0)]}, "points"),
    (Boundaries, {"points": [(0, 0, 0.5)]}, "points"),
    (Boundaries, {"points": [(0, 4, 1)]}, "points"),
    (Boundaries, {"points": [(0, 0, 2)]}, "points"),
    (Boundaries, {"separation": 2.1}, "separation"),
    (Boundaries, {"penalty": -0.1}, "penalty"),
    (Boundaries, {"learning_rate": 0}, "learning_rate"),
    (Threshold, {"threshold": float("inf")}, "threshold"),
    (Threshold, {"base_rate": 0}, "base_rate"),
    (Threshold, {"base_rate": 0.6}, "base_rate"),
    (Threshold, {"separation": -1}, "separation"),
    (Threshold, {"temperature": 0}, "temperature"),
    (Threshold, {"curve": "lift"}, "curve"),
    (Threshold, {"people": 150}, "people"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        kind(**arguments)


WIDGETS = [Boundaries(), Boundaries(view="three", penalty=0.1), Threshold(), Threshold(base_rate=1e-6, separation=5)]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


def test_alt_text_can_be_given() -> None:
    assert all(kind(alt="A figure.").describe() == "A figure." for kind in (Boundaries, Threshold))


def test_the_descriptions_numbers() -> None:
    """A reader without the picture hears the same numbers as one with it."""
    plane = Boundaries(view="three", separation=0.5, penalty=1.0, seed=2)
    inputs, labels = plane.data()
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(inputs, labels)
    right = int((peer.predict(inputs) == labels).sum())
    text = plane.describe()
    assert f"from {np.log(3):.3f} to " in text and f"{right} points lie on their own side" in text
    text = Threshold(threshold=1.0, base_rate=0.01, separation=3.0).describe()
    recall, alarms = stats.norm.sf(1.0, loc=3.0), stats.norm.sf(1.0)
    assert f"{100 * recall:.1f} % of the positives" in text and f"{100 * alarms:.2f} % of the negatives" in text
    assert f"{1e4 * recall:.0f} right alarms and {99e4 * alarms:.0f} false ones" in text
    assert f"precision {recall / (recall + 99 * alarms):.3g}." in text


# -- boundaries


@pytest.mark.parametrize("view", ["two", "three"])
def test_gradient_is_the_slope_of_the_loss(view: str) -> None:
    rng = np.random.default_rng(3)
    widget = Boundaries(view=view, penalty=2.0, seed=5)
    weights = rng.standard_normal((widget.classes, 3))
    if view == "two":
        weights[0] = 0
    inputs, labels = widget.data()

    def at(flat: np.ndarray) -> float:
        return penalized_loss(flat.reshape(-1, 3), inputs, labels, 2.0)

    slope = optimize.approx_fprime(weights.ravel(), at, 1e-7).reshape(-1, 3)
    free = slice(1, None) if view == "two" else slice(None)
    np.testing.assert_allclose(gradient(weights, inputs, labels, 2.0)[free], slope[free], atol=1e-6)


@pytest.mark.parametrize("view", ["two", "three"])
def test_descent_ends_at_scikit_learns_minimum_and_the_librarys(view: str) -> None:
    widget = Boundaries(view=view, separation=0.5, penalty=1.0, learning_rate=1.0, seed=2)
    inputs, labels = widget.data()
    peer = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(inputs, labels)
    p = widget.probabilities(widget.descend(4000)[-1], inputs)
    np.testing.assert_allclose(p, peer.predict_proba(inputs), atol=1e-6)
    if view == "two":
        ours = classification.LogisticRegression(penalty=1.0).fit(inputs, labels).predict_proba(inputs)
        np.testing.assert_allclose(p[:, 1], ours, atol=1e-6)
    else:
        ours = classification.SoftmaxRegression(penalty=1.0).fit(inputs, labels).predict_proba(inputs)
        np.testing.assert_allclose(p, ours, atol=1e-6)


def test_two_classes_are_logistic_regression() -> None:
    widget = Boundaries()
    weights = widget.descend(25)[-1]
    assert (weights[0] == 0).all()
    inputs, _ = widget.data()
    z = weights[1, 0] + inputs @ weights[1, 1:]
    np.testing.assert_allclose(widget.probabilities(weights, inputs)[:, 1], 1 / (1 + np.exp(-z)), rtol=1e-12)


@pytest.mark.parametrize("view", ["two", "three"])
def test_below_the_largest_step_the_loss_never_rises(view: str) -> None:
    for seed in range(4):
        widget = Boundaries(view=view, seed=seed, penalty=0.3)
        slow = Boundaries(view=view, seed=seed, penalty=0.3, learning_rate=0.99 * widget.largest_step())
        losses = [slow.loss(weights) for weights in slow.descend(100)]
        assert (np.diff(losses) < 1e-14).all()


@pytest.mark.parametrize(("view", "rival"), [("two", 0.0), ("three", -50.0)])
def test_the_largest_step_is_two_over_the_largest_curvature(view: str, rival: float) -> None:
    """The curvature is largest where two classes are equally likely and the third out of the question."""
    widget = Boundaries(view=view, seed=1)
    inputs, labels = widget.data()
    weights = np.zeros((widget.classes, 3))
    weights[-1, 0] = rival

    def slope(flat: np.ndarray) -> np.ndarray:
        return gradient(flat.reshape(-1, 3), inputs, labels, 0.0).ravel()

    steps = 1e-4 * np.eye(weights.size)
    hessian = np.array([slope(weights.ravel() + s) - slope(weights.ravel() - s) for s in steps]) / 2e-4
    assert 2 / widget.largest_step() == pytest.approx(np.linalg.eigvals(hessian).real.max(), rel=1e-6)
    pressed = Boundaries(view=view, seed=1, penalty=3.0)
    assert 2 / pressed.largest_step() == pytest.approx(2 / widget.largest_step() + 3 / 12, rel=1e-12)


def test_separable_points_make_the_weights_grow() -> None:
    widget = Boundaries(points=[(-1, 0, 0), (-2, 1, 0), (1, 0, 1), (2, -1, 1)], learning_rate=5.0)
    lengths = np.linalg.norm(widget.descend(400)[:, 1], axis=1)
    assert (np.diff(lengths) > 0).all()
    pressed = Boundaries(points=widget.points, learning_rate=0.5, penalty=1.0)
    assert np.linalg.norm(pressed.descend(400)[-1, 1]) < 0.5 * lengths[-1]


def test_clouds_lie_in_the_plane_and_depend_on_the_seed() -> None:
    drawn = [cloud("three", 2.0, seed) for seed in range(50)]
    assert max(abs(inputs).max() for inputs, _ in drawn) <= FAR
    assert len({inputs[0, 0] for inputs, _ in drawn}) == 50
    assert drawn[0][1].tolist() == [0, 1, 2] * 4


# -- threshold


def test_rates_and_area_are_scipys() -> None:
    widget = Threshold(threshold=0.7, separation=1.9)
    recall, alarms = widget.rates()
    assert recall == pytest.approx(stats.norm.sf(0.7, loc=1.9), rel=1e-12)
    assert alarms == pytest.approx(stats.norm.sf(0.7), rel=1e-12)
    assert widget.auc() == pytest.approx(stats.norm.cdf(1.9 / np.sqrt(2)), rel=1e-12)


def test_counts_are_scikit_learns() -> None:
    widget = Threshold(threshold=0.8, base_rate=0.2, separation=1.5, people=5000, seed=4)
    scores, labels = widget.sample()
    answers = scores >= 0.8
    np.testing.assert_array_equal(widget.counts(), confusion_matrix(labels, answers))
    assert precision_score(labels, answers) == pytest.approx(widget.precision(), abs=0.05)
    assert roc_auc_score(labels, scores) == pytest.approx(widget.auc(), abs=0.03)
    shares = widget.confusion()
    assert shares.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(widget.counts() / 5000, shares, atol=0.025)


def test_a_million_faces() -> None:
    """Syllabus row K-18: 0.8 % false alarms of a million are 8000, and one face among them is hardly ever meant."""
    widget = Threshold(threshold=stats.norm.isf(0.008), base_rate=1e-6, separation=2 * stats.norm.isf(0.008))
    recall, alarms = widget.rates()
    assert (recall, alarms) == (pytest.approx(0.992), pytest.approx(0.008))
    (_, false), (_, true) = 1e6 * widget.confusion()
    assert false == pytest.approx(8000, abs=0.01)
    assert widget.precision() == pytest.approx(0.992 / (0.992 + false), rel=1e-9)
    assert widget.precision() < 1 / 8000


def test_log_odds_are_bayess() -> None:
    widget = Threshold(base_rate=0.03, separation=2.5)
    s = np.linspace(-3, 5, 9)
    positive = 0.03 * stats.norm.pdf(s, loc=2.5)
    negative = 0.97 * stats.norm.pdf(s)
    np.testing.assert_allclose(widget.log_odds(s), np.log(positive / negative), rtol=1e-12)


def test_the_roc_curve_knows_no_base_rate_and_precision_does() -> None:
    rare, even = Threshold(base_rate=0.001), Threshold(base_rate=0.5)
    assert rare.rates() == even.rates() and rare.auc() == even.auc()
    assert rare.precision() < 0.01 < 0.8 < even.precision()
