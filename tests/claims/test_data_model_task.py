"""The claims of the chapter on data, model and task, against values that share no code with what they test."""

import itertools
import math
import re

import numpy as np
import pytest
from numpy.polynomial import legendre as peer
from numpy.polynomial import polynomial as powers

from book_lib import clustering, exercises, learning, polynomials
from book_lib.rng import CounterRNG


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("data_model_task")


def plain(words):
    """Words without roles, emphasis and line breaks."""
    words = re.sub(r"\{\w+\}`([^<`]+?)( <[^`]*>)?`", r"\1", words)
    return " ".join(words.replace("*", "").split())


def table(source, name):
    """The cells of a list-table, row by row, without markup; the header is left out."""
    block = re.search(rf"```\{{list-table\}}[^\n]*\n:name: {name}\n(.*?)^```", source, re.S | re.M).group(1)
    rows = re.findall(r"^\* - (.*?)(?=^\* - |\Z)", block, re.S | re.M)
    return [[plain(cell) for cell in re.split(r"^  - ", row, flags=re.M)] for row in rows][1:]


# ---------------------------------------------------------------------------- G-01, G-02: fitting a function


@pytest.mark.claim("G-01")
def test_the_worked_loss_is_the_mean_of_its_squares(here):
    assert here.numbers["hand_loss"] == pytest.approx((0**2 + 1**2 + 1**2) / 3)
    assert here.numbers["hand_twice"] == here.numbers["hand_loss"]
    assert r"\frac1N \sum_{i=1}^{N} \ell\bigl( f(x_i; w),\, t_i \bigr)" in here.section("sec-model-loss")


@pytest.mark.claim("G-01")
@pytest.mark.parametrize("seed", range(5))
def test_the_loss_of_a_perfect_model_is_nought_and_repeats_change_nothing(seed):
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(20, 3)), rng.normal(size=3)
    recipe = learning.Recipe((x, x @ w), lambda w, x: x @ w, learning.squared_error, np.zeros(3))
    assert recipe.objective(w) == 0
    wrong = w + [0.5, 0.0, -1.0]
    doubled = learning.Recipe(
        (np.tile(x, (2, 1)), np.tile(x @ w, 2)), recipe.model, recipe.loss, recipe.start
    )
    assert recipe.objective(wrong) == pytest.approx(doubled.objective(wrong))
    assert recipe.objective(wrong) == pytest.approx(sum((a @ wrong - a @ w) ** 2 for a in x) / 20)


@pytest.mark.claim("G-01")
def test_the_best_constant_is_the_mean():
    targets = np.array([1.0, 2.0, 6.0])
    found = learning.fit(lambda c, x: c + 0 * x, learning.squared_error, (np.zeros(3), targets), 0.0)
    assert found.weights == pytest.approx(3, abs=1e-5)
    trials = np.linspace(0, 8, 801)
    assert trials[np.argmin([np.abs(targets - c).sum() for c in trials])] == pytest.approx(2)


@pytest.mark.claim("G-02")
def test_every_rule_fits_both_pairs_and_they_differ_at_four(here):
    rules = here.names["rules"]
    for name, rule in rules.items():
        assert (rule(2), rule(3)) == pytest.approx((4, 9), abs=1e-12), name
    assert (here.numbers["square_4"], here.numbers["line_4"]) == (16, 14)
    assert (
        len({round(float(rule(4)), 6) for rule in rules.values()}) == 4
    )  # the wavy one agrees with x² there
    assert rules["x² + 3 sin πx"](2.5) != pytest.approx(2.5**2, abs=1)


@pytest.mark.claim("G-02")
def test_two_pairs_of_rules_are_twins_at_whole_numbers_and_no_others():
    from book_lib.explorables.guess_rule import KINDS, Round

    game, whole = Round(2, 4, 5, 0), range(-1, 6)
    twins = [
        {a, b}
        for a, b in itertools.combinations(KINDS, 2)
        if all(abs(game.value(a, x) - game.value(b, x)) < 1e-9 for x in whole)
    ]
    assert twins == [{"quadratic", "wave"}, {"remainder", "parity"}]
    assert [game.value("remainder", x) for x in whole] == [(5 * x - 6) % 10 for x in whole]
    assert [game.value("parity", x) for x in whole] == [9 if x % 2 else 4 for x in whole]


@pytest.mark.claim("G-02")
def test_the_family_holds_the_straight_line_and_any_answer():
    """x² + c (x − 2)(x − 3), as lists of coefficients."""
    product = powers.polymul([-2, 1], [-3, 1])
    for c in (-1.0, 0.0, 0.5, -8.0):
        member = powers.polyadd([0, 0, 1], c * product)
        assert powers.polyval([2, 3, 4], member) == pytest.approx([4, 9, 16 + 2 * c])
    assert powers.polyadd([0, 0, 1], -product)[:2] == pytest.approx([-6, 5])
    assert exercises.check("data_model_task-8", lambda i, x, f, w: (w - f) / math.prod(x - np.array(i)))


# ---------------------------------------------------------------------------- G-03: Legendre

PRINTED = {  # coefficients of x^n, x^(n−2), … and the denominator, from tables
    0: ([1], 1), 1: ([1], 1), 2: ([3, -1], 2), 3: ([5, -3], 2), 4: ([35, -30, 3], 8), 5: ([63, -70, 15], 8),
    6: ([231, -315, 105, -5], 16), 7: ([429, -693, 315, -35], 16), 8: ([6435, -12012, 6930, -1260, 35], 128),
    9: ([12155, -25740, 18018, -4620, 315], 128), 10: ([46189, -109395, 90090, -30030, 3465, -63], 256),
}  # fmt: skip


@pytest.mark.claim("G-03")
@pytest.mark.parametrize("degree", PRINTED)
def test_every_row_of_the_list_is_right(here, degree):
    numbers, below = PRINTED[degree]
    expected = np.zeros(degree + 1)
    expected[degree::-2] = np.array(numbers) / below
    assert [float(c) for c in polynomials.legendre_powers(degree)] == pytest.approx(expected)
    x = np.linspace(-1.5, 1.5, 31)
    value = powers.polyval(x, expected)
    assert polynomials.legendre(x, 10)[:, degree] == pytest.approx(value, abs=1e-10)
    if degree:
        assert here.names["legendre_by_hand"](x, degree)[degree] == pytest.approx(value, abs=1e-10)
    text = here.names["formula"](degree)
    assert text.endswith(f")/{below}") == (below > 1) and str(numbers[0] if numbers[0] > 1 else "") in text


@pytest.mark.claim("G-03")
def test_they_are_one_at_one_and_orthogonal(here):
    assert polynomials.legendre(1.0, 20) == pytest.approx(np.ones(21))
    x = np.linspace(-1, 1, 20_001)
    stock = polynomials.legendre(x, 10)
    gram = np.trapezoid(stock[:, :, None] * stock[:, None, :], x, axis=0)
    assert gram == pytest.approx(np.diag(2 / (2 * np.arange(11) + 1)), abs=1e-6)
    assert here.numbers["p_4"] == pytest.approx(2 / 9) and here.numbers["p_4_one"] == pytest.approx(1)
    assert here.numbers["off"] < 50  # in units of 10⁻¹⁵


@pytest.mark.claim("G-03")
def test_more_knobs_fit_the_points_better_and_new_points_worse(here):
    train, new = here.names["train_error"], here.names["new_error"]
    assert (np.diff(train) < 0).all()
    assert new.argmin() == here.numbers["best_degree"] == 3
    assert (np.diff(new[3:]) > 0).all() and new[10] > 100 * new[3]
    assert new.min() > 0.09 > train[3]


@pytest.mark.claim("G-03")
def test_the_errors_of_the_text_are_those_of_numpys_fit(here):
    """Other draws and another library; medians of 300 differ a little."""
    grid = np.linspace(-1, 1, 2001)
    errors = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-1, 1, 15)
        t = np.sin(np.pi * x) + 0.3 * rng.standard_normal(15)
        fits = [peer.legfit(x, t, k) for k in (0, 3, 7)]
        errors.append([np.mean((peer.legval(grid, w) - np.sin(np.pi * grid)) ** 2) + 0.09 for w in fits])
    again = np.median(errors, axis=0)
    assert [here.numbers[f"new_{k}"] for k in (0, 3, 7)] == pytest.approx(again, rel=0.25)


@pytest.mark.claim("G-03")
def test_a_fit_uses_up_some_noise_and_swings_beyond_its_points(here):
    """Mean training errors of right families: the noise of the N − k − 1 directions that are left."""
    grid = np.linspace(-1, 1, 2001)
    for k in (3, 10):
        rng = np.random.default_rng(k)
        left = []
        for _ in range(2000):  # the truth is nought, which every family holds
            x, noise = rng.uniform(-1, 1, 15), 0.3 * rng.standard_normal(15)
            left.append(np.mean((peer.legval(x, peer.legfit(x, noise, k)) - noise) ** 2))
        assert np.mean(left) == pytest.approx(here.numbers[f"left_{k}"], rel=0.05)
        assert here.numbers[f"train_{k}"] == pytest.approx(here.numbers[f"left_{k}"], rel=0.2)
    outside = []
    for seed in range(100):
        x, t = polynomials.noisy_wave(15, rng=seed)
        off = (peer.legval(grid, peer.legfit(x, t, 10)) - np.sin(np.pi * grid)) ** 2
        outside.append(off[(grid < x.min()) | (grid > x.max())].sum() / off.sum())
    assert np.median(outside) > 0.9


# ---------------------------------------------------------------------------- G-04, G-05: ingredients, triangle


@pytest.mark.claim("G-04")
def test_the_recipe_exposes_data_model_training_and_inference(here):
    assert [row[0] for row in table(here.source, "tab-model-ingredients")] == [
        "data", "model", "training", "inference",
    ]  # fmt: skip
    for recipe in (here.names["recipe"], here.names["spring"]):
        inputs, targets = recipe.data
        assert len(inputs) == len(targets) and callable(recipe.model) and callable(recipe.train)
        trained = recipe.train()
        assert trained.loss < recipe.objective(recipe.start)
        assert trained.predict(inputs) == pytest.approx(recipe.model(trained.weights, inputs))


@pytest.mark.claim("G-04")
def test_training_found_the_least_squares_cubic(here):
    x, t = here.names["recipe"].data
    assert here.names["trained"].weights == pytest.approx(peer.legfit(x, t, 3), abs=1e-4)
    assert here.numbers["cubic_gap"] < 1e-4
    assert here.numbers["cubic_half"] == pytest.approx(peer.legval(0.5, peer.legfit(x, t, 3)), abs=1e-4)


@pytest.mark.claim("G-04")
def test_a_minimum_need_not_be_the_deepest(here):
    """The loss of y = sin wx on a grid of w has a valley at each of the two places, and one is deeper."""
    x, t = polynomials.noisy_wave(40, rng=5)
    grid = np.arange(0, 12, 0.01)
    loss = np.array([np.mean((np.sin(w * x) - t) ** 2) for w in grid])
    valleys = grid[1:-1][(loss[1:-1] < loss[:-2]) & (loss[1:-1] < loss[2:])]
    for name in ("near", "far"):
        assert min(abs(valleys - here.numbers[f"sine_{name}"])) < 0.02
    assert here.numbers["sine_near_loss"] == pytest.approx(loss.min(), abs=1e-3)
    assert here.numbers["sine_far_loss"] > 5 * loss.min()


@pytest.mark.claim("G-05")
def test_every_part_with_a_model_is_registered(here):
    index = (here.path.parents[1] / "index.md").read_text(encoding="utf-8")
    parts = re.findall(r"^\| (\d+) ([^|]+) \|", index, re.M)
    titles = {int(n): re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title) for n, title in parts}
    registered = [row[0].lower() for row in table(here.source, "tab-model-triangle")]
    wanted = [titles[n].lower() for n in range(3, 15)]
    assert len(wanted) == 12
    for title, row in itertools.zip_longest(wanted, registered):
        assert row.replace("the outlook", "outlook")[:12] in title.replace("the outlook", "outlook"), (
            title,
            row,
        )
    assert all(len(row) == 4 and all(row) for row in table(here.source, "tab-model-triangle"))


@pytest.mark.claim("G-05")
def test_the_lectures_examples_are_matched(here):
    prose = here.prose("sec-model-triangle")
    for word in ("audio", "speech recognition", "face recognition", "object detection", "machine translation",
                 "CNN", "RNN", "LSTM"):  # fmt: skip
        assert word in prose, word
    from book_lib.exercises.data_model_task import TRIANGLES

    solved = here.names["triangles"]
    assert exercises.check("data_model_task-6", solved).right
    assert set(TRIANGLES) >= {
        "speech recognition",
        "face recognition",
        "object detection",
        "machine translation",
    }
    for task, (data, _) in solved.items():
        for other in {pair[0] for pair in solved.values()} - {data}:
            assert not exercises.check("data_model_task-6", solved | {task: (other, solved[task][1])})


# ---------------------------------------------------------------------------- G-06, G-07: paradigms, clusters


@pytest.mark.claim("G-06")
def test_the_sorter_has_one_answer_to_each_and_knows_every_kind(here):
    from book_lib.explorables import Choice

    assert here.names  # runs the cells, so that the questions are made
    kinds = {"supervised", "unsupervised", "reinforcement"}
    asked = [arguments for name, arguments, _ in here.made if name == "Choice" and set(arguments[1]) == kinds]
    right = []
    for question, options in asked:
        state = Choice(question, options).state()
        right += [option["text"] for option in state["options"] if option["right"]]
        assert all(option["reply"] for option in state["options"])
        assert all(option["misconception"] for option in state["options"] if not option["right"])
    assert len(right) == len(asked) >= 4 and set(right) == kinds


@pytest.mark.claim("G-06")
def test_both_lists_fit_into_one_table(here):
    rows = table(here.source, "tab-model-paradigms")
    assert [row[1] for row in rows] == ["supervised", "unsupervised", "reinforcement"]
    assert all(len(row) == 4 and all(row) for row in rows)  # each kind with and without a generative model
    prose = plain(here.prose("sec-model-paradigms"))
    for word in ("generative model", "self-supervised", '"generative" is not a fourth kind'):
        assert word in prose


@pytest.mark.claim("G-07")
def test_the_groups_of_uses_are_named(here):
    prose = plain(here.prose("sec-model-paradigms"))
    for word in ("regression", "linear", "bent", "classification", "clustering", "translation",
                 "generation of text"):  # fmt: skip
        assert word in prose, word


@pytest.mark.claim("G-07")
def test_the_sum_of_squares_never_increases(here):
    sums = here.names["sums"]
    assert (np.diff(sums) <= 1e-9).all() and sums[-1] < sums[0]
    for seed in range(20):
        points = np.random.default_rng(seed).normal(size=(25, 2)) * [1, 2]
        centers = start = points[:4]
        seen = []
        for _ in range(10):
            nearest = [min(range(4), key=lambda k: math.dist(p, centers[k])) for p in points]
            seen.append(sum(math.dist(p, centers[k]) ** 2 for p, k in zip(points, nearest, strict=True)))
            labels, centers = here.names["kmeans_round"](points, centers)
            assert labels.tolist() == nearest
        assert (np.diff(seen) <= 1e-9).all()
        found = clustering.kmeans(points, 4, start=start, steps=9)
        assert found.history[::2][:10] == pytest.approx(seen[: len(found.history[::2])])
        assert (np.diff(found.history) <= 1e-9).all()


@pytest.mark.claim("G-07")
def test_shares_follow_the_law_and_cold_is_kmeans(here):
    points, soft, hard = here.names["heaps"], here.names["soft"], here.names["library"]
    found = clustering.soft_kmeans(points, 2, 3.0, start=points[:2], steps=1)
    for n in range(3):
        energies = [math.dist(points[n], center) ** 2 for center in found.centers]
        weights = [math.exp(-energy / 3.0) for energy in energies]
        assert found.shares[n] == pytest.approx(np.array(weights) / sum(weights))
    assert soft[0.01].centers == pytest.approx(hard.centers, abs=1e-3)
    assert here.numbers["cold_gap"] < 1e-3 and here.numbers["cold_share"] > 0.99
    assert here.numbers["warm_share"] < 0.95


@pytest.mark.claim("G-07")
def test_centres_merge_above_the_temperature_of_the_text(here):
    rng = np.random.default_rng(4)
    heaps = np.array([[0, 0], [4, 0], [2, 3.5]])
    points = np.concatenate([heap + 0.7 * rng.standard_normal((40, 2)) for heap in heaps])
    centred = points - points.mean(axis=0)
    variances = [np.mean((centred @ [math.cos(a), math.sin(a)]) ** 2) for a in np.linspace(0, math.pi, 2001)]
    assert here.numbers["t_merge"] == pytest.approx(2 * max(variances), rel=1e-5)
    assert 5 < here.numbers["t_merge"] < 8 and here.numbers["hot_span"] < 0.01 < 1 < here.numbers["warm_span"]


# ---------------------------------------------------------------------------- G-08, G-09, G-10: splits, recipe, words


@pytest.mark.claim("G-08")
def test_the_three_sets_are_disjoint_and_complete(here):
    parts = [set(here.names[name].tolist()) for name in ("train", "validation", "test")]
    # the chapter's last word on `train` and `test` is the split of the wave
    assert all(a.isdisjoint(b) for a, b in itertools.combinations(parts, 2))
    assert set().union(*parts) == set(range(100))
    assert [len(p) for p in parts] == [here.numbers[k] for k in ("n", "m", "L")] == [30, 30, 40]
    for seed in range(20):
        again = learning.split(57, (0.5, 0.25, 0.25), rng=seed)
        assert sorted(np.concatenate(again).tolist()) == list(range(57))


@pytest.mark.claim("G-08")
def test_the_degree_was_chosen_by_validation_and_judged_by_the_rest(here):
    x, t = polynomials.noisy_wave(100, rng=3)
    train, validation, test = learning.split(100, (0.3, 0.3, 0.4), rng=1)
    fits = [peer.legfit(x[train], t[train], k) for k in range(11)]
    errors = [
        [np.mean((peer.legval(x[part], w) - t[part]) ** 2) for w in fits] for part in (validation, test)
    ]
    chosen = int(np.argmin(errors[0]))
    assert here.numbers["chosen"] == chosen
    assert here.numbers["validated"] == pytest.approx(errors[0][chosen])
    assert here.numbers["tested"] == pytest.approx(errors[1][chosen])
    assert here.numbers["trained"] == pytest.approx(
        np.mean((peer.legval(x[train], fits[chosen]) - t[train]) ** 2)
    )
    assert here.numbers["tested"] < 0.09 < here.numbers["tested"] + 2 * here.numbers["tested_error"]


@pytest.mark.claim("G-08")
def test_the_best_of_a_thousand_coins_is_no_genius(here):
    """The best of 1000 binomial(50, ½) scores lies between 34 and 42 but once in a thousand; afterwards 25 ± 3.5."""
    assert 34 <= here.numbers["best_first"] <= 42
    assert abs(here.numbers["best_second"] - 25) < 4 * math.sqrt(12.5)


@pytest.mark.claim("G-08")
def test_a_leak_makes_noise_look_like_knowledge(here):
    assert here.numbers["honest"] == pytest.approx(50, abs=3)
    assert here.numbers["leaked"] > 75
    rng = np.random.default_rng(99)  # the same in other words: each kept feature with a vote of its own
    scores = {False: [], True: []}
    for leak in (False, True) * 150:
        features, labels = rng.choice([-1, 1], (60, 500)), rng.choice([-1, 1], 60)
        seen = slice(0, 60) if leak else slice(0, 30)
        agreement = (features[seen] == labels[seen, None]).mean(axis=0)
        kept = sorted(range(500), key=lambda j: -abs(agreement[j] - 0.5))[:5]
        flips = [1 if (features[:30, j] == labels[:30]).mean() > 0.5 else -1 for j in kept]
        votes = features[30:, kept] @ flips
        scores[leak].append((np.where(votes >= 0, 1, -1) == labels[30:]).mean())
    assert np.mean(scores[False]) == pytest.approx(0.5, abs=0.04)
    assert 100 * np.mean(scores[True]) == pytest.approx(here.numbers["leaked"], abs=3)


@pytest.mark.claim("G-08")
def test_more_features_leak_more_and_a_larger_test_set_less():
    from book_lib.explorables import Leakage

    kept = [Leakage(leak=True, kept=k).scores(40).mean(axis=0) for k in (1, 5, 20)]
    tests = [Leakage(leak=True, test=size).scores(40).mean(axis=0) for size in (20, 60, 120)]
    assert kept[0][1] < kept[1][1] < kept[2][1] and tests[0][1] > tests[1][1] > tests[2][1] > 0.6
    for validation, test, new in kept + tests:
        assert test == pytest.approx(validation, abs=0.06) and new == pytest.approx(0.5, abs=0.03)


@pytest.mark.claim("G-09")
def test_the_recipe_for_a_line_gives_least_squares(here):
    load, length = (np.asarray(part) for part in here.names["spring"].data)
    slope, intercept = np.polyfit(load, length, 1)
    assert (here.numbers["w_0"], here.numbers["w_1"]) == pytest.approx((intercept, slope))
    assert here.names["downhill"] == pytest.approx([intercept, slope], abs=1e-4)
    assert here.names["w"] == pytest.approx([intercept, slope], abs=0.02)  # one example at a time
    assert here.numbers["fit_gap"] < 1e-4 and here.numbers["sgd_gap"] < 0.02
    assert here.numbers["spring_at"] == pytest.approx(intercept + 2.5 * slope, abs=1e-4)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x, t = rng.normal(size=(2, 30))
        found = learning.Recipe(
            (x, t), lambda w, x: w[0] + w[1] * x, learning.squared_error, [3.0, -3.0]
        ).train()
        assert found.weights == pytest.approx(np.polyfit(x, t, 1)[::-1], abs=1e-5)


@pytest.mark.claim("G-09")
def test_the_card_has_four_steps(here):
    rows = table(here.section("sec-model-recipe"), "tab-model-recipe")
    assert [row[0][:2] for row in rows] == ["1.", "2.", "3.", "4."]
    assert r"\arg\min_w \frac1N \sum_i" in here.section("sec-model-recipe")
    assert re.search(r"w \\leftarrow w - \\eta", here.section("sec-model-recipe"))


@pytest.mark.claim("G-10")
def test_a_text_makes_one_pair_fewer_than_tokens(here):
    text = here.names["text"]
    assert here.numbers["tokens"] == len(text) == here.numbers["pairs"] + 1
    assert learning.next_word_pairs(text, 1) == [((a,), b) for a, b in itertools.pairwise(text)]
    for length in range(1, 8):
        assert len(learning.next_word_pairs(list(range(length)))) == length - 1
    for before, word in learning.next_word_pairs(list(range(9)), 3):
        assert list(before) == list(range(max(0, word - 3), word))


@pytest.mark.claim("G-10")
def test_one_word_of_context_is_not_enough_and_two_learn_by_heart(here):
    """By counting: of each word's followers all but the commonest are mistakes."""
    text = here.names["text"]
    followers = {}
    for a, b in itertools.pairwise(text):
        followers.setdefault(a, []).append(b)
    wrong = sum(len(words) - max(map(words.count, words)) for words in followers.values())
    assert here.numbers["mistakes_1"] == pytest.approx(wrong / (len(text) - 1)) == pytest.approx(0.2)
    assert here.numbers["mistakes_2"] == 0
    assert here.names["best_table"]([("a", 1), ("b", 3), ("a", 2), ("a", 2)]) == {"a": 2, "b": 3}


# ---------------------------------------------------------------------------- G-11, G-12, G-13: prediction


@pytest.mark.claim("G-11")
def test_the_largest_of_two_is_the_one_above_a_half(here):
    from book_lib.probability import softmax

    assert here.numbers["disagree"] == 0
    scores = np.random.default_rng(1).normal(size=(5000, 2)) * 5
    for (a, b), p in zip(scores, softmax(scores), strict=True):
        assert p.argmax() == (1 / (1 + math.exp(a - b)) > 0.5)
    three = here.names["three"]
    assert three.sum() == pytest.approx(1) and three.argmax() == 0 and here.numbers["top"] < 0.5


@pytest.mark.claim("G-11")
def test_the_band_holds_nine_in_ten_where_data_are_alike(here):
    x, t = polynomials.noisy_wave(50, rng=11)
    sizes = sorted(abs(here.names["predict"](x) - t))
    assert here.numbers["margin"] == pytest.approx(sizes[46 - 1])  # k = ⌈0.9 · 51⌉ = 46
    assert here.numbers["covered"] == pytest.approx(100 * 46 / 51, abs=4 * 100 * 0.042 / 20)
    assert here.numbers["promised"] == pytest.approx(100 * 46 / 51)
    assert here.numbers["far"] < 60 < 80 < here.numbers["inside"]


@pytest.mark.claim("G-12")
@pytest.mark.parametrize("seed", range(8))
def test_no_line_set_by_hand_beats_the_optimiser(seed):
    from book_lib.explorables import HandFit

    game = HandFit(seed=seed)
    x, t = game.data()
    machine = learning.fit(lambda w, x: w[0] + w[1] * x, learning.squared_error, (x, t), [0.0, 0.0])
    assert machine.loss == pytest.approx(game.loss(*game.best()), abs=1e-9)
    rng = CounterRNG(seed, stream=5)
    for slope, intercept in zip(6 * rng.random(200) - 3, 10 * rng.random(200) - 4, strict=True):
        assert machine.loss <= np.mean((slope * x + intercept - t) ** 2)


@pytest.mark.claim("G-12")
def test_each_step_takes_away_a_fixed_share_so_a_silly_start_costs_few_more():
    from book_lib.explorables import HandFit

    for seed in range(5):
        steps = []
        for start in ({"slope": 0.0}, {"slope": 3.0, "intercept": -4.0}):
            game = HandFit(seed=seed, **start)
            above = np.array([game.loss(*place) for place in game.race(300)]) - game.loss(*game.best())
            seen = above > 1e-10
            assert (above[1:][seen[1:]] < 0.97 * above[:-1][seen[1:]]).all()
            steps.append(int(np.argmin(above > 1e-3)))
        assert 5 < steps[0] <= steps[1] + 15 and steps[1] < 3 * steps[0] + 15


@pytest.mark.claim("G-12")
def test_the_race_is_in_the_text_and_so_are_its_limits(here):
    assert here.names and [made[0] for made in here.made if made[0] == "HandFit"] == ["HandFit"]
    prose = plain(here.prose("sec-model-tuning"))
    assert "the slogan is true of step 4" in prose
    for limit in ("did not choose the twelve points", "that a line is a good idea", "take fewer knobs"):
        assert limit in prose


@pytest.mark.claim("G-13")
def test_each_line_of_the_check_leads_to_a_section_that_exists(here):
    section = here.section("sec-model-prerequisites")
    fields = [row[0] for row in table(section, "tab-model-check")]
    assert {"calculus", "linear algebra", "probability and statistics", "physics", "neuroscience",
            "computer science"} <= set(fields)  # fmt: skip
    block = re.search(r":name: tab-model-check\n(.*?)^```", section, re.S | re.M).group(1)
    links = re.findall(r"\{ref\}`[^`]*<([\w-]+)>`", block)
    assert len(links) == len(fields)
    root = here.path.parents[1]
    pages = [*(root / "chapters").glob("*.md"), *(root / "appendix").glob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for label in links:
        assert text.count(f"\n({label})=\n") == 1, label
