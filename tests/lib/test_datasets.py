"""book_lib.datasets: tables as printed, real sets as scikit-learn ships them, synthetic ones by their law."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import datasets as peers

from book_lib import datasets
from book_lib.rng import CounterRNG

EVERY = {
    "houses": lambda: datasets.houses(5),
    "rents": datasets.rents,
    "homes": lambda: datasets.homes(20, rng=1),
    "diabetes": datasets.diabetes,
    "digits": datasets.digits,
}


@pytest.mark.parametrize("name", EVERY)
def test_every_set_says_what_it_holds(name):
    data = EVERY[name]()
    assert data.inputs.shape == (len(data), len(data.features)) and data.targets.shape == (len(data),)
    assert np.isfinite(data.inputs).all() and data.target and data.origin
    assert all(isinstance(words, str) and words for words in data.features)


@pytest.mark.parametrize("name", EVERY)
def test_nobody_can_spoil_a_set_for_the_next_reader(name):
    first = EVERY[name]()
    first.inputs[:] = -1
    first.targets[:] = 0
    again = EVERY[name]()
    assert not (again.inputs == -1).all() and again.targets.any()


def test_what_is_not_measured_says_so():
    assert datasets.homes().origin.startswith("synthetic")
    for table in (datasets.houses(), datasets.rents()):
        assert "made to teach" in table.origin


def test_the_houses_are_those_of_the_lecture():
    five = datasets.houses(5)
    assert five.inputs.tolist() == [[60, 2], [70, 8], [220, 25], [80, 20], [200, 2]]
    assert five.targets.tolist() == [900, 700, 1100, 400, 4000]
    four = datasets.houses()
    assert four.inputs.tolist() == five.inputs[:4].tolist() and four.rows == five.rows[:4]
    assert "m²" in four.features[0] and "km" in four.features[1] and "10⁴ yuan" in four.target


@pytest.mark.parametrize("rows", [3, 6, 4.0, True])
def test_there_are_four_houses_or_five(rows):
    with pytest.raises((ValueError, TypeError), match="rows must be"):
        datasets.houses(rows)


def test_the_rents_are_those_of_the_lecture():
    rents = datasets.rents()
    assert rents.inputs.tolist() == [[80, 8, 0.2, 6], [60, 10, 0.3, 8], [100, 5, 0.2, 5], [70, 10, 0.25, 9]]
    assert rents.targets.tolist() == [10_000, 9_000, 9_000, 12_000]
    assert rents.question.tolist() == [100, 8, 0.35, 8]


def test_homes_follow_their_declared_rule():
    many = datasets.homes(20_000, rng=3)
    area = many.inputs[:, 0]
    line = stats.linregress(area, many.targets)
    assert line.slope == pytest.approx(0.2, abs=4 * line.stderr)
    assert line.intercept == pytest.approx(50, abs=4 * line.intercept_stderr)
    noise = many.targets - (50 + 0.2 * area)
    assert noise.std() == pytest.approx(30, rel=0.03) and abs(stats.skew(noise)) < 0.1
    assert 400 <= area.min() < 410 and 1990 < area.max() <= 2000


def test_homes_depend_on_the_seed_alone():
    one, two = datasets.homes(15, rng=7), datasets.homes(15, rng=7)
    assert (one.inputs == two.inputs).all() and (one.targets == two.targets).all()
    assert not (datasets.homes(15, rng=8).inputs == one.inputs).all()
    assert len(datasets.homes(4, rng=CounterRNG(1))) == 4


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (2.0, TypeError), (2**50, ValueError)])
def test_homes_refuse_what_is_no_number_of_homes(n, error):
    with pytest.raises(error, match="n must be"):
        datasets.homes(n)


def test_diabetes_is_scikit_learns_in_its_own_units():
    ours, scaled = datasets.diabetes(), peers.load_diabetes()
    assert ours.inputs.shape == (442, 10) and (ours.targets == scaled.target).all()
    centred = ours.inputs - ours.inputs.mean(axis=0)
    assert centred / np.sqrt((centred**2).sum(axis=0)) == pytest.approx(scaled.data, abs=1e-6)
    assert 15 < ours.inputs[:, 0].min() < 90 and set(ours.inputs[:, 1]) == {1, 2}


def test_digits_are_scikit_learns_from_0_to_1():
    ours, theirs = datasets.digits(), peers.load_digits()
    assert ours.inputs.shape == (1797, 64) and (ours.inputs * 16 == theirs.data).all()
    assert (ours.inputs.min(), ours.inputs.max()) == (0, 1)
    assert ours.targets.dtype == np.int64 and (ours.targets == theirs.target).all()
    assert ours.features[8] == "pixel 1, 0"


@pytest.mark.parametrize("name", ["diabetes", "digits"])
def test_a_split_shares_nothing_and_leaves_nothing_out(name):
    data = EVERY[name]()
    tagged = datasets.Dataset(np.arange(len(data))[:, None], data.targets, ("index",), "t", "test")
    parts = tagged.split((0.6, 0.2, 0.2), rng=5)
    seen = np.concatenate([part.inputs[:, 0] for part in parts])
    assert sorted(seen) == list(range(len(data)))
    for part in parts:
        assert (part.targets == data.targets[part.inputs[:, 0].astype(int)]).all()
    again = tagged.split((0.6, 0.2, 0.2), rng=5)
    assert all((a.inputs == b.inputs).all() for a, b in zip(parts, again, strict=True))
    assert not (tagged.split(rng=6)[0].inputs == parts[0].inputs).all()


def test_taking_keeps_names_order_and_question():
    part = datasets.houses(5).take([4, 0])
    assert part.rows == ("Xicheng, large", "Xicheng") and part.targets.tolist() == [4000, 900]
    assert datasets.rents().take([1]).question is not None
    assert len(datasets.houses().take([])) == 0


@pytest.mark.parametrize(
    ("indices", "error", "words"),
    [
        ([0.0], TypeError, "indices must be integers"),
        ([True, False], TypeError, "indices must be integers"),
        ([-1], ValueError, "indices must lie in 0 … 3"),
        ([4], ValueError, "indices must lie in 0 … 3"),
    ],
)
def test_taking_refuses_what_is_no_index(indices, error, words):
    with pytest.raises(error, match=words):
        datasets.houses().take(indices)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"inputs": [[math.nan]]}, ValueError, "inputs must be finite"),
        ({"inputs": [1.0]}, ValueError, "shapes"),
        ({"targets": [1.0, 2.0]}, ValueError, "shapes"),
        ({"targets": ["a"]}, TypeError, "targets must be"),
        ({"targets": [math.inf]}, ValueError, "targets must be finite"),
        ({"features": ()}, ValueError, "features must name 1 columns, got 0"),
        ({"rows": ("a", "b")}, ValueError, "rows must name 1 examples or none, got 2"),
    ],
)
def test_a_set_refuses_what_does_not_fit(changes, error, words):
    whole = {"inputs": [[1.0]], "targets": [2.0], "features": ("x",), "target": "t", "origin": "test"}
    with pytest.raises(error, match=words):
        datasets.Dataset(**(whole | changes))


# ---------------------------------------------------------------------------- scores


@pytest.mark.parametrize(("base_rate", "separation"), [(0.5, 2.0), (0.1, 1.0), (0.008, 3.0)])
def test_scores_are_two_bells(base_rate, separation):
    drawn = datasets.scores(100_000, base_rate, separation, rng=2)
    share = drawn.labels.mean()
    assert share == pytest.approx(base_rate, abs=4 * math.sqrt(base_rate * (1 - base_rate) / 1e5))
    for label in (0, 1):
        bell = drawn.scores[drawn.labels == label]
        assert bell.mean() == pytest.approx(label * separation, abs=4 / math.sqrt(len(bell)))
        assert bell.std() == pytest.approx(1, abs=4 / math.sqrt(2 * len(bell)))


@pytest.mark.parametrize(("base_rate", "separation"), [(0.5, 2.0), (0.1, 1.0), (0.9, 0.0)])
def test_log_odds_are_bayes_rule(base_rate, separation):
    drawn = datasets.scores(50, base_rate, separation, rng=1)
    s = np.linspace(-3, 5, 9)
    yes, no = base_rate * stats.norm.pdf(s - separation), (1 - base_rate) * stats.norm.pdf(s)
    assert drawn.log_odds(s) == pytest.approx(np.log(yes / no))
    assert (drawn.log_odds() == drawn.log_odds(drawn.scores)).all()


def test_scores_depend_on_the_seed_alone():
    one, two = (datasets.scores(30, rng=4) for _ in range(2))
    assert (one.scores == two.scores).all() and (one.labels == two.labels).all()
    assert not (datasets.scores(30, rng=5).scores == one.scores).all()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"n": 0}, ValueError, "n must be at least 1"),
        ({"n": 1.5}, TypeError, "n must be an integer"),
        ({"base_rate": 0.0}, ValueError, "base_rate must lie between 0 and 1"),
        ({"base_rate": 1.0}, ValueError, "base_rate must lie between 0 and 1"),
        ({"base_rate": math.nan}, ValueError, "base_rate must be finite"),
        ({"separation": -1.0}, ValueError, "separation must be at least 0"),
        ({"separation": "wide"}, TypeError, "separation must be a real number"),
    ],
)
def test_scores_refuse_what_is_no_setting(arguments, error, words):
    with pytest.raises(error, match=words):
        datasets.scores(**({"n": 10} | arguments))


def test_log_odds_refuse_what_is_no_score():
    with pytest.raises(ValueError, match="scores must be finite"):
        datasets.scores(5).log_odds([math.nan])
