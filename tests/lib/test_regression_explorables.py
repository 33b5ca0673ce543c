"""The explorables of chapter 3 in Python: what they take, refuse, compute and show."""

import numpy as np
import pytest
import traitlets
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from book_lib.explorables import HousePrices, PredictiveBand, RidgePath
from book_lib.explorables.lists import Rows
from book_lib.explorables.ridge_path import GRID
from tests.lib.pictures import check_pictures

BAD = [
    (HousePrices, {"price_per_m2": -0.1}, "price_per_m2"),
    (HousePrices, {"penalty_per_km": float("nan")}, "penalty_per_km"),
    (HousePrices, {"base": "much"}, "base"),
    (RidgePath, {"penalty": 0}, "penalty"),
    (RidgePath, {"degree": 13}, "degree"),
    (RidgePath, {"points": 13}, "points"),
    (RidgePath, {"noise": -0.1}, "noise"),
    (RidgePath, {"test": True}, "test"),
    (PredictiveBand, {"points": [(0, 1), (2, 0)]}, "points"),
    (PredictiveBand, {"points": [0.5]}, "points"),
    (PredictiveBand, {"points": [(0, float("inf"))]}, "points"),
    (PredictiveBand, {"points": [(0, 0)] * 13}, "points"),
    (PredictiveBand, {"noise": 0}, "noise"),
    (PredictiveBand, {"prior": 0}, "prior"),
    (PredictiveBand, {"degree": 0}, "degree"),
    (PredictiveBand, {"curves": 0}, "curves"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        kind(**arguments)


def test_an_unknown_argument_is_answered_with_the_known_ones() -> None:
    with pytest.raises(TypeError, match="HousePrices has no argument 'price'; it takes .*price_per_m2"):
        HousePrices(price=3.5)


WIDGETS = [
    HousePrices(),
    HousePrices(fifth=True),
    RidgePath(),
    RidgePath(penalty=2.0, noise=0.0),
    PredictiveBand(),
    PredictiveBand(points=[]),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


def test_alt_text_can_be_given() -> None:
    assert all(kind(alt="A figure.").describe() == "A figure." for kind in (HousePrices, RidgePath, PredictiveBand))


# -- house prices: numbers of the syllabus, rows


def test_hand_weights_on_four_and_five_rows() -> None:
    hand = HousePrices()
    np.testing.assert_allclose(hand.predictions(), [880, 825, 1095, 680])
    assert hand.mse() == 23612.5
    five = HousePrices(fifth=True)
    assert five.predictions()[4] == 1370
    assert five.mse() == 1402270
    np.testing.assert_allclose(five.unit_prices(), [15, 10, 5, 5, 20])


@pytest.mark.parametrize(
    ("fifth", "weights", "mse"),
    [(False, (6.2849, -34.0372, 567.386), 474.07), (True, (16.1085, -103.1224, 565.92), 188230.97)],
)
def test_least_squares_is_the_syllabuss_and_numpys(fifth: bool, weights: tuple, mse: float) -> None:
    widget = HousePrices(fifth=fifth)
    inputs, targets = widget.data()
    best = widget.best()
    np.testing.assert_allclose(best, weights, rtol=2e-5)
    np.testing.assert_allclose(best, np.linalg.lstsq(np.c_[inputs, np.ones(len(inputs))], targets)[0], rtol=1e-9)
    assert widget.mse(best) == pytest.approx(mse, abs=0.005)
    knobs = dict(zip(("price_per_m2", "penalty_per_km", "base"), best, strict=True))
    assert HousePrices(fifth=fifth, **knobs).mse() == widget.mse(best)  # the best knobs lie within the sliders


def test_the_fifth_row_makes_a_price_below_nothing() -> None:
    widget = HousePrices(fifth=True)
    np.testing.assert_allclose(widget.predictions(widget.best()), [1326.2, 868.5, 1531.7, -207.8, 3581.4], atol=0.05)


# -- ridge


@pytest.mark.parametrize("penalty", [1e-6, 0.1, 10.0, 1e3])
def test_ridge_is_scikit_learns(penalty: float) -> None:
    widget = RidgePath(penalty=penalty, seed=3)
    (x, t), validation, test = widget.data()
    basis = FunctionTransformer(lambda v: np.polynomial.legendre.legvander(v[:, 0], 12)[:, 1:])
    model = make_pipeline(basis, Ridge(alpha=penalty, solver="svd")).fit(x[:, None], t)
    expected = [np.mean((b - model.predict(a[:, None])) ** 2) for a, b in ((x, t), validation, test)]
    np.testing.assert_allclose(widget.errors(), expected, rtol=1e-6)
    np.testing.assert_allclose(widget.weights()[1:], model[-1].coef_, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_training_error_rises_weights_shrink_and_validation_chooses(seed: int) -> None:
    widget = RidgePath(seed=seed)
    path = widget.path()
    assert (np.diff(path[:, 0]) > -1e-12).all()
    lengths = [np.linalg.norm(widget.weights(penalty)[1:]) for penalty in GRID]
    assert (np.diff(lengths) < 1e-9).all()
    assert widget.chosen() == GRID[path[:, 1].argmin()]
    assert path[:, 0].argmin() == 0  # the training points would choose the weakest penalty
    np.testing.assert_allclose(path[7], widget.errors(GRID[7]), rtol=1e-7)


def test_the_three_sets_are_different_points() -> None:
    sets = [x for x, _ in RidgePath().data()]
    assert [len(x) for x in sets] == [15, 30, 1000]
    assert not np.isin(sets[0], sets[1]).any() and not np.isin(sets[1], sets[2]).any()


def test_the_descriptions_numbers() -> None:
    """A reader without the picture hears the same numbers as one with it."""
    houses = HousePrices(fifth=True).describe()
    assert "4000 (1370)" in houses and "1402270.0" in houses and "188230.97" in houses
    ridge = RidgePath(penalty=0.1, seed=3)
    text = ridge.describe()
    x, t = ridge.data()[0]
    model = Ridge(alpha=0.1, solver="svd").fit(np.polynomial.legendre.legvander(x, 12)[:, 1:], t)
    assert f"whose length is {np.linalg.norm(model.coef_):.3g}:" in text
    assert f"others by {ridge.errors()[1]:.3f}." in text
    band = PredictiveBand(at=0.2)
    mean, variance = gaussian_conditional(band, 0.2)
    expected = f"{mean:.2f} ± {variance**0.5:.2f}, of which the noise is 0.2 and the curve's own uncertainty "
    assert f"{expected}{(variance - 0.04) ** 0.5:.2f}." in band.describe()


# -- predictive band


def gaussian_conditional(widget: PredictiveBand, at: float) -> tuple[float, float]:
    """Mean and variance at one x by conditioning the joint Gaussian of all targets: no weights anywhere."""
    x, t = widget.data()
    basis = np.polynomial.legendre.legvander(np.append(x, at), widget.degree)
    joint = widget.prior**2 * basis @ basis.T + widget.noise**2 * np.eye(len(basis))
    known, cross = joint[:-1, :-1], joint[-1, :-1]
    return cross @ np.linalg.solve(known, t), joint[-1, -1] - cross @ np.linalg.solve(known, cross)


@pytest.mark.parametrize("at", [-1.0, -0.3, 0.7])
@pytest.mark.parametrize(("noise", "prior", "degree"), [(0.2, 1.0, 5), (1.0, 0.1, 8), (0.05, 10.0, 1)])
def test_prediction_is_the_conditional_gaussian(at: float, noise: float, prior: float, degree: int) -> None:
    widget = PredictiveBand(noise=noise, prior=prior, degree=degree)
    (mean,), (variance,) = widget.predict([at])
    expected = gaussian_conditional(widget, at)
    assert (mean, variance) == (pytest.approx(expected[0], rel=1e-7), pytest.approx(expected[1], rel=1e-6))


def test_a_point_never_widens_the_band() -> None:
    x = np.linspace(-1, 1, 41)
    before = PredictiveBand(points=[(-0.5, 0.3), (0.2, 0.1)]).predict(x)[1]
    after = PredictiveBand(points=[(-0.5, 0.3), (0.2, 0.1), (0.9, -2.0)]).predict(x)[1]
    assert (after <= before + 1e-12).all()
    assert (after >= 0.2**2).all()
    prior = PredictiveBand(points=[]).predict(x)[1]
    assert (before < prior).all()


def test_points_come_in_rows_or_in_one_list() -> None:
    assert PredictiveBand(points=np.array([[0, 1], [0.5, -1]])).points == [0.0, 1.0, 0.5, -1.0]
    assert PredictiveBand(points=[0, 1, 0.5, -1]).data()[1].tolist() == [1.0, -1.0]


def test_rows_with_whole_columns() -> None:
    class Cloud(traitlets.HasTraits):
        points = Rows(width=2, rows=(1, 3), limits=[(-1.0, 1.0), (0, 2)])

    assert Cloud(points=[(0.5, 2.0)]).points == [0.5, 2]
    for bad in ([(0.5, 1.5)], [(0.5, 3)], [(1.5, 1)], [], [(0, 0)] * 4, [(0, True)], "abc", 3):
        with pytest.raises(ValueError, match="points must hold 1 to 3 rows of 2 numbers"):
            Cloud(points=bad)
