"""The explorables of chapter 1 in Python: what they take, refuse, compute and show."""

from itertools import combinations

import numpy as np
import pytest

from book_lib.explorables import DegreeFit, GuessRule, HandFit, Leakage
from book_lib.explorables.guess_rule import KINDS, Round
from book_lib.explorables.hand_fit import RATE, descend, line_data
from book_lib.explorables.leakage import association, nearest_mean, trial
from tests.lib.pictures import check_pictures

BAD = [
    (GuessRule, {"x": 5.5}, "x"),
    (GuessRule, {"rule": 12}, "rule"),
    (GuessRule, {"bend": float("nan")}, "bend"),
    (GuessRule, {"asked": [0.3]}, "asked"),
    (GuessRule, {"asked": [float("inf")]}, "asked"),
    (GuessRule, {"asked": [7.0]}, "asked"),
    (DegreeFit, {"degree": 11}, "degree"),
    (DegreeFit, {"points": 10}, "points"),
    (DegreeFit, {"noise": -0.1}, "noise"),
    (DegreeFit, {"weights": [0.0]}, "weights"),
    (DegreeFit, {"weights": [float("nan")] * 11}, "weights"),
    (DegreeFit, {"visited": [3, 11]}, "visited"),
    (HandFit, {"slope": 3.1}, "slope"),
    (HandFit, {"intercept": "high"}, "intercept"),
    (HandFit, {"residuals": "circles"}, "residuals"),
    (HandFit, {"map": True}, "map"),
    (Leakage, {"features": 9}, "features"),
    (Leakage, {"kept": 0}, "kept"),
    (Leakage, {"train": 5.5}, "train"),
    (Leakage, {"seed": -1}, "seed"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        kind(**arguments)


WIDGETS = [
    GuessRule(),
    GuessRule(fresh=True, seed=3, asked=[4.0], rule=7),
    DegreeFit(),
    DegreeFit(degree=6, fitted=False, weights=[0.5] * 11),
    HandFit(),
    Leakage(),
    Leakage(leak=True, features=100, kept=3),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


def test_alt_text_can_be_given() -> None:
    assert all(
        kind(alt="A figure.").describe() == "A figure." for kind in (GuessRule, DegreeFit, HandFit, Leakage)
    )


# -- guess my rule


@pytest.mark.parametrize("seed", range(40))
def test_every_rule_goes_through_both_pairs_and_no_two_are_one(seed: int) -> None:
    game = Round.draw(seed, fresh=True)
    for kind in KINDS:
        assert all(game.fits(kind, x, y) for x, y in game.pairs)
    for a, b in combinations(KINDS, 2):
        assert any(abs(game.value(a, x) - game.value(b, x)) > 1e-3 for x in game.questions()), (a, b)
    low, high = game.limits()
    assert all(low <= game.value(kind, x) <= high for kind in KINDS for x in game.questions())


def test_printed_pairs_hold_the_square_the_line_and_the_family_between() -> None:
    game = Round.draw(0, fresh=False)
    assert game.pairs == [(2.0, 4.0), (3.0, 9.0)]
    for x in game.questions():
        assert game.value("quadratic", x) == x**2
        assert game.value("line", x) == 5 * x - 6
        assert game.value("cubic", x) == x**3 - 4 * x**2 + 6 * x
        assert game.value("remainder", x) == (5 * x - 6) % 10
        assert game.value("exponential", x) == pytest.approx(4 * 2.25 ** (x - 2))
        assert game.bent(x, -1) == 5 * x - 6


def test_questions_rule_out_and_never_the_hidden_rule() -> None:
    for seed in range(30):
        game = Round.draw(seed, fresh=seed % 2 == 0)
        left = len(KINDS)
        for count in range(1, len(game.questions()) + 1):
            kinds = game.left(game.questions()[:count])
            assert KINDS[game.hidden] in kinds
            assert len(kinds) <= left
            left = len(kinds)
        assert left == 1
        assert game.expected_left(KINDS, 2.0) == len(KINDS)


def test_expected_left_is_an_average_over_hidden_rules() -> None:
    rounds = [Round(2, 4, 5, hidden) for hidden in range(len(KINDS))]
    for x in rounds[0].questions():
        mean = np.mean([len(game.left([x])) for game in rounds])
        assert rounds[0].expected_left(KINDS, x) == pytest.approx(mean)


# -- degree and fit


def test_fit_is_the_least_and_falls_with_the_degree() -> None:
    widget = DegreeFit(seed=4, points=20)
    errors = [widget.errors(widget.fit(degree))[0] for degree in range(11)]
    assert (np.diff(errors) < 1e-12).all()
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert widget.errors(widget.fit() + 0.1 * rng.standard_normal(4))[0] > errors[3]


def test_weights_by_hand_are_used_up_to_the_degree() -> None:
    widget = DegreeFit(degree=1, fitted=False, weights=[1.0, 2.0, *[9.0] * 9])
    x, t = widget.data()
    assert widget.errors()[0] == pytest.approx(np.mean((t - 1 - 2 * x) ** 2))


# -- a line by hand


@pytest.mark.parametrize("seed", range(20))
def test_best_line_is_numpys_and_the_race_reaches_it(seed: int) -> None:
    game = HandFit(seed=seed, slope=-3, intercept=6)
    x, t = game.data()
    np.testing.assert_allclose(game.best(), np.polyfit(x, t, 1), rtol=1e-9)
    np.testing.assert_allclose(game.race()[-1], game.best(), atol=1e-10)
    assert game.loss(*game.best()) < game.loss(-3, 6)


def test_points_lie_in_view() -> None:
    for seed in range(300):
        x, t = line_data(seed)
        assert (np.diff(x) > 0).all()
        assert x.min() >= -1
        assert x.max() < 3
        assert t.min() > -5
        assert t.max() < 7.5


def test_descent_follows_the_gradient() -> None:
    x, t = line_data(3)
    game, h = HandFit(seed=3), 1e-6
    start = (0.5, -0.25)
    slope = (game.loss(start[0] + h, start[1]) - game.loss(start[0] - h, start[1])) / (2 * h)
    height = (game.loss(start[0], start[1] + h) - game.loss(start[0], start[1] - h)) / (2 * h)
    np.testing.assert_allclose(
        descend(x, t, start, RATE, 1)[1], start - RATE * np.array([slope, height]), rtol=1e-7
    )


# -- leakage


def test_association_is_the_squared_correlation() -> None:
    rng = np.random.default_rng(2)
    data, labels = rng.integers(0, 2, (30, 50)), rng.integers(0, 2, 50)
    expected = [np.corrcoef(row, labels)[0, 1] ** 2 for row in data]
    np.testing.assert_allclose(association(data, labels), expected, rtol=1e-12)
    assert association(np.ones((1, 50), dtype=int), labels)[0] == 0


def test_nearest_mean_is_the_nearest_mean() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        data, labels = rng.integers(0, 2, (4, 30)), rng.integers(0, 2, 30)
        means = [data[:, :20][:, labels[:20] == k].mean(axis=1, keepdims=True) for k in (0, 1)]
        far = [((data - mean) ** 2).sum(axis=0) for mean in means]
        sure = abs(far[0] - far[1]) > 1e-9
        np.testing.assert_array_equal(nearest_mean(data, labels, 20)[sure], (far[1] < far[0])[sure])


def test_one_class_only_is_answered_by_that_class() -> None:
    data = np.array([[0, 1, 1]])
    assert nearest_mean(data, np.array([1, 1, 0]), 2).tolist() == [1, 1, 1]
    assert nearest_mean(data, np.array([0, 0, 1]), 2).tolist() == [0, 0, 0]


def test_the_leak_makes_noise_score_and_new_samples_tell() -> None:
    honest, leaky = Leakage(seed=5).scores(300), Leakage(seed=5, leak=True).scores(300)
    errors = honest.std(axis=0, ddof=1) / np.sqrt(300)
    assert (abs(honest.mean(axis=0) - 0.5) < 4 * errors).all()
    assert (leaky.mean(axis=0)[:2] > 0.75).all()
    assert abs(leaky[:, 2].mean() - 0.5) < 4 * leaky[:, 2].std(ddof=1) / np.sqrt(300)


def test_an_honest_choice_does_not_look_at_the_other_sets() -> None:
    """The same data set with other sizes behind the training part: the same features are chosen."""
    sizes = [(40, 20, 20), (40, 10, 16), (40, 30, 26)]  # three words of samples each
    chosen = {tuple(trial(1, 0, size, 200, 5, False).chosen) for size in sizes}
    assert len(chosen) == 1
    assert len({tuple(trial(1, 0, size, 200, 5, True).chosen) for size in sizes}) > 1


# -- what sign breaks showed to be untested


def test_the_printed_rules_are_what_the_shelf_says() -> None:
    game = Round(2, 4, 5, 0)
    said = {
        "quadratic": lambda x: x * x,
        "line": lambda x: 5 * x - 6,
        "cubic": lambda x: x**3 - 4 * x**2 + 6 * x,
        "absolute": lambda x: abs(5 * x - 6),
        "wave": lambda x: x * x + 3 * np.sin(np.pi * x),
        "remainder": lambda x: (5 * x - 6) % 10,
        "capped": lambda x: x * x if x <= 3 else 9,
        "exponential": lambda x: 4 * (9 / 4) ** (x - 2),
        "floored": lambda x: x * x if x >= 1 else 1,
        "step": lambda x: 4 if x <= 2 else 9,
        "parity": lambda x: 9 if np.floor(x) % 2 else 4,
        "by_heart": lambda x: {2: 4, 3: 9}.get(x, 0),
    }
    assert set(said) == set(KINDS)
    for kind, rule in said.items():
        for x in game.questions():
            assert game.value(kind, x) == pytest.approx(rule(x), abs=1e-9), (kind, x)


def test_a_tie_between_class_means_goes_to_class_one() -> None:
    flat = np.zeros((2, 6), dtype=np.int64)
    assert nearest_mean(flat, np.array([0, 1, 0, 1, 0, 1]), 4).tolist() == [1] * 6


def test_unseen_points_are_not_those_fitted() -> None:
    widget = DegreeFit(points=15)
    (seen, _), (unseen, _) = widget.data(), widget.test_data()
    assert len(unseen) == 200 and not np.isin(unseen, seen).any()
