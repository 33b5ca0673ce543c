"""The claims of the chapter on linear regression, against values that share no code with what they test."""

import contextlib
import io
import itertools
import math
import re
from fractions import Fraction

import numpy as np
import pytest
from scipy import optimize, special, stats

from book_lib import datasets, exercises, learning, polynomials, regression
from book_lib.explorables import HousePrices, PredictiveBand, RidgePath
from book_lib.rng import CounterRNG

HOUSES = [(60, 2, 900), (70, 8, 700), (220, 25, 1100), (80, 20, 400), (200, 2, 4000)]
RENTS = [
    (80, 8, "0.20", 6, 10_000),
    (60, 10, "0.30", 8, 9_000),
    (100, 5, "0.20", 5, 9_000),
    (70, 10, "0.25", 9, 12_000),
]
ASKED = (100, 8, "0.35", 8)


@pytest.fixture(scope="module")
def here(chapter):
    """The chapter, run afresh with what it prints and what its exercises' checks said kept beside it."""
    known = chapter("linear_regression")
    fresh, said, check = type(known)(known.path), [], exercises.check

    def remembered(name, *arguments, **options):
        said.append((name, check(name, *arguments, **options)))
        return said[-1][1]

    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as printed:
        patch.setattr(exercises, "check", remembered)
        assert fresh.names
    fresh.printed, fresh.said = printed.getvalue(), said
    return fresh


def solve_exactly(rows, right):
    """Gauss's elimination with fractions: no rounding, and no NumPy."""
    table = [[Fraction(a) for a in row] + [Fraction(b)] for row, b in zip(rows, right, strict=True)]
    n = len(table)
    for i in range(n):
        pivot = next(k for k in range(i, n) if table[k][i] != 0)
        table[i], table[pivot] = table[pivot], table[i]
        table[i] = [a / table[i][i] for a in table[i]]
        for k in range(n):
            if k != i:
                table[k] = [a - table[k][i] * b for a, b in zip(table[k], table[i], strict=True)]
    return [row[n] for row in table]


def plane(houses):
    """c, w1, w2 of least squares, as fractions, from the normal equations."""
    rows = [(1, x1, x2) for x1, x2, _ in houses]
    left = [[sum(r[i] * r[j] for r in rows) for j in range(3)] for i in range(3)]
    right = [sum(r[i] * h[2] for r, h in zip(rows, houses, strict=True)) for i in range(3)]
    return solve_exactly(left, right)


def mean_square(weights, houses):
    c, w1, w2 = weights
    return sum((c + w1 * x1 + w2 * x2 - t) ** 2 for x1, x2, t in houses) / len(houses)


# ---------------------------------------------------------------------------- what the cells themselves say


def test_whatever_a_cell_compares_agrees(here):
    """By hand and by library, metres and feet, posterior and formula: a reader must see True each time."""
    assert here.printed.count("True") >= 12 and "False" not in here.printed
    weight, known = next(line for line in here.printed.splitlines() if line.startswith("1.84615")).split()
    assert float(weight) == pytest.approx(24 / 13) == float(known)  # precisions 1 + 3·4, pull 4·(1 + 2 + 3)
    limits = re.findall(r"^(0\.8327\d+) (0\.8327\d+)$", here.printed, re.M)
    assert len(limits) == 1 and float(limits[0][0]) == pytest.approx(float(limits[0][1]), rel=1e-12)


def test_every_solution_passes_its_own_check(here):
    assert [name for name, _ in here.said] == [f"linear_regression-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)]
    assert all(verdict.right for _, verdict in here.said), [str(v) for _, v in here.said if not v.right]


# ---------------------------------------------------------------------------- a line through homes


@pytest.mark.claim("R-01")
def test_the_price_at_800_square_feet_is_computed(here):
    homes = here.names["homes"]
    line = stats.linregress(homes.inputs[:, 0], homes.targets)
    assert len(homes) == 15 and homes.question.tolist() == [800]
    assert here.numbers["asked"] == pytest.approx(line.intercept + 800 * line.slope)
    assert here.numbers["homes_slope"] == pytest.approx(line.slope)
    assert abs(here.numbers["asked"] - 210) < 30 / math.sqrt(15) * 3
    assert here.numbers["homes_rms"] == pytest.approx(
        np.std(homes.targets - line.intercept - line.slope * homes.inputs[:, 0])
    )


@pytest.mark.claim("R-01")
def test_the_homes_are_declared_synthetic(here):
    words = here.prose("sec-reg-homes")
    assert "They are *synthetic*" in words and "$50 + 0.2x$" in words and "standard deviation 30" in words
    assert here.names["homes"].origin.startswith("synthetic")
    assert "the truth, which only we know, is 210" in words and 50 + 0.2 * 800 == 210


@pytest.mark.claim("R-01")
def test_a_line_uses_up_two_of_fifteen_directions(here):
    """Over many draws of the noise the mean square is 900·13/15; the draw shown is kinder than most, by luck."""
    feet = here.names["feet"]
    noise = np.random.default_rng(8).normal(0, 30, (15, 4000))
    X = np.column_stack([np.ones(15), feet])
    left = noise - X @ np.linalg.lstsq(X, noise)[0]
    assert math.sqrt((left**2).mean()) == pytest.approx(here.numbers["expected_rms"], rel=0.01)
    assert here.numbers["expected_rms"] == pytest.approx(27.93, abs=0.01) and round(here.numbers["homes_rms"]) == 22
    assert 0.1 < ((left**2).mean(axis=0) < here.numbers["homes_rms"] ** 2).mean() < 0.3


# ---------------------------------------------------------------------------- by hand


@pytest.mark.claim("R-02")
def test_the_hand_set_rule_and_its_error(here):
    assert here.names["by_hand"].tolist() == [880, 825, 1095, 680]
    assert here.numbers["hand_mse"] == 23612.5 == float(mean_square((700, Fraction("3.5"), -15), HOUSES[:4]))
    assert HousePrices().mse() == 23612.5 and HousePrices().predictions().tolist() == [880, 825, 1095, 680]
    assert "$w_1 = 3.5$, $w_2 = -15$, $c = 700$" in here.prose("sec-reg-houses")
    assert "set them by hand" in here.prose("sec-reg-houses")


@pytest.mark.claim("R-02")
def test_the_table_of_houses_is_the_data(here):
    rows = re.findall(r"^\| \w+ \| (\d+) \| (\d+) \| (\d+) \|$", here.section("sec-reg-houses"), re.M)
    assert [tuple(map(int, row)) for row in rows] == HOUSES[:4]
    table = datasets.houses(5)
    assert np.column_stack([table.inputs, table.targets]).tolist() == [list(map(float, h)) for h in HOUSES]


@pytest.mark.claim("R-02")
def test_lowering_the_base_by_the_mean_error_gains_its_square(here):
    errors = [t - y for (_, _, t), y in zip(HOUSES, (880, 825, 1095, 680), strict=False)]
    assert -sum(errors) / 4 == 95 == here.numbers["too_high"]
    assert here.numbers["lowered"] == 23612.5 - 95**2 == mean_square((605, 3.5, -15), HOUSES[:4])
    assert here.numbers["gained"] == 95**2 and "the variance plus the square of the mean" in here.prose(
        "sec-reg-houses"
    )
    assert np.var(errors) == here.numbers["lowered"]  # what is left is the variance
    left = [e + 95 for e in errors]
    sums = [sum(e * house[d] for e, house in zip(left, HOUSES, strict=False)) for d in (0, 1)]
    assert (here.numbers["pull_area"], here.numbers["pull_distance"]) == tuple(sums) == (12_000, -1210)
    for d, weights in ((0, (605, 3.5001, -15)), (1, (605, 3.5, -14.9999))):  # the fall of the sum, to first order
        fall = 4 * (here.numbers["lowered"] - mean_square(weights, HOUSES[:4]))
        assert fall == pytest.approx(2e-4 * sums[d], rel=0.01)


@pytest.mark.claim("R-03")
def test_square_feet_change_the_price_of_a_foot_and_no_prediction(here):
    """Both the rule and the fit; one foot is 0.3048 m."""
    area, distance = here.names["area"], here.names["distance"]
    feet = area / 0.3048**2
    assert 3.5 * 0.3048**2 * feet - 15 * distance + 700 == pytest.approx(here.names["by_hand"])
    assert here.names["in_feet"] == pytest.approx([880, 825, 1095, 680])
    assert (here.numbers["feet"], here.numbers["per_foot"]) == pytest.approx((10.7639, 3.5 / 10.7639), rel=1e-5)
    metres, other = (
        regression.least_squares(regression.design(np.column_stack([a, distance])), here.names["houses"].targets)
        for a in (area, feet)
    )
    assert other.weights[1] == pytest.approx(metres.weights[1] * 0.3048**2)
    assert other.residuals == pytest.approx(metres.residuals, abs=1e-7)


@pytest.mark.claim("R-03")
def test_the_three_numbers_have_units(here):
    words = here.prose("sec-reg-houses")
    for unit in ("in 10⁴ yuan per m²", "one more kilometre, surely negative", "paid before anything is counted"):
        assert unit in words
    one_more = regression.design([[61.0, 2.0], [60.0, 3.0], [60.0, 2.0]]) @ [700, 3.5, -15]
    assert (one_more[0] - one_more[2], one_more[1] - one_more[2]) == (3.5, -15)


# ---------------------------------------------------------------------------- the fifth row


@pytest.mark.claim("R-04")
def test_the_fifth_house_breaks_the_rule(here):
    numbers = here.numbers
    assert (numbers["fifth_rule"], numbers["fifth_miss"], numbers["fifth_mse"]) == (1370, 2630, 1402270)
    assert mean_square((700, 3.5, -15), HOUSES) == 1402270
    assert HousePrices(fifth=True).mse() == 1402270 and HousePrices(fifth=True).predictions()[4] == 1370
    assert "200 m², 2 km from the centre, 4000" in here.prose("sec-reg-fifth")
    assert "in the same district as the first" in here.prose("sec-reg-fifth")
    assert datasets.houses(5).rows[4].startswith(datasets.houses(5).rows[0])


@pytest.mark.claim("R-05")
def test_prices_per_square_metre(here):
    assert here.names["per_area"].tolist() == [t / x1 for x1, _, t in HOUSES] == [15, 10, 5, 5, 20]
    assert HousePrices(fifth=True).unit_prices().tolist() == [15, 10, 5, 5, 20]
    assert [here.numbers[f"unit_{n}"] for n in range(1, 6)] == [15, 10, 5, 5, 20]


@pytest.mark.claim("R-05")
def test_a_product_of_both_columns_repairs_most_of_it(here):
    rows = [(x1, x1 * x2, t) for x1, x2, t in HOUSES]
    best = plane(rows)
    assert here.numbers["mse_product"] == pytest.approx(float(mean_square(best, rows)))
    assert here.names["fit_product"].weights == pytest.approx([float(w) for w in best])
    assert round(here.numbers["mse_product"]) == 2929 < here.numbers["mse5"] / 60


@pytest.mark.claim("R-05")
def test_a_bend_is_not_linear_in_its_weights(here):
    """With weights inside the bend, the mean of two weights has not the mean of their answers."""
    x = np.array([60.0, 2.0])

    def bent(w):
        return max(0.0, w[:2] @ x + w[2])

    one, two = np.array([3.5, -15.0, 700.0]), -np.array([3.5, -15.0, 700.0])
    assert bent((one + two) / 2) == 0 != (bent(one) + bent(two)) / 2
    assert "there the weights stand inside" in here.prose("sec-reg-least-squares")
    assert "7. It is not linear in $w_1$, $w_2$ and $c$" in here.source


# ---------------------------------------------------------------------------- least squares


@pytest.mark.claim("R-06")
@pytest.mark.parametrize("n", [4, 5])
def test_mean_and_sum_have_one_minimum_and_slopes_that_differ_by_n(here, n):
    data = datasets.houses(n)
    X, t = regression.design(data.inputs), data.targets
    w = np.array([600.0, 5.0, -20.0])
    total = learning.numerical_gradient(lambda v: 0.5 * ((X @ v - t) ** 2).sum(), w)
    mean = learning.numerical_gradient(lambda v: 0.5 * ((X @ v - t) ** 2).mean(), w)
    assert total == pytest.approx(n * mean, rel=1e-5)
    assert regression.normal_equations_residual(X, t, w) == pytest.approx(total, rel=1e-5)
    best = regression.least_squares(X, t).weights
    for factor in (1.0, 1 / n):
        root = math.sqrt(factor)
        found = optimize.least_squares(lambda v, s=root: s * (X @ v - t), w, x_scale=[100, 1, 1], xtol=1e-15)
        assert found.x == pytest.approx(best, rel=1e-5)
    section = here.section("sec-reg-least-squares")
    assert r"\nabla \mathcal L = \frac1N X^\top (Xw - t) = 0" in section
    assert "the second has $N$ times the slope" in here.prose("sec-reg-least-squares")


@pytest.mark.claim("R-07")
def test_the_best_planes_exactly(here):
    """Against fractions: no rounding on the way."""
    for houses, fit in ((HOUSES[:4], here.names["fit"]), (HOUSES, here.names["fit5"])):
        exact = plane(houses)
        assert fit.weights == pytest.approx([float(w) for w in exact], rel=1e-9)
        assert fit.mse == pytest.approx(float(mean_square(exact, houses)), rel=1e-9)
    numbers = here.numbers
    assert f"{numbers['w41']:.4f} {numbers['w42']:.4f} {numbers['c4']:.3f}" == "6.2849 -34.0372 567.386"
    assert f"{numbers['mse4']:.2f} {numbers['mse5']:.2f} {numbers['changping']:.1f}" == "474.07 188230.97 -207.8"
    assert [round(w, 4) for w in here.names["fit5"].weights] == [565.9197, 16.1085, -103.1224]
    X = regression.design(datasets.houses().inputs)
    assert here.names["fit"].predict(X).round(1).tolist() == [876.4, 735.0, 1099.1, 389.4]
    c, w1, w2 = plane(HOUSES[:4])
    misses = [abs(t - c - w1 * x1 - w2 * x2) for x1, x2, t in HOUSES[:4]]
    assert here.numbers["worst"] == pytest.approx(float(misses[1])) and max(misses) == misses[1]  # Haidian's
    assert w1 > 3.5 and w2 < -15  # dearer, and harsher


@pytest.mark.claim("R-07")
def test_the_errors_are_perpendicular_and_nothing_is_better(here):
    rng = np.random.default_rng(1)
    for fit, X, t in ((here.names["fit5"], here.names["X5"], here.names["t5"]),):
        assert (fit.residuals == t - X @ fit.weights).all()
        cosines = X.T @ fit.residuals / np.linalg.norm(X, axis=0) / np.linalg.norm(fit.residuals)
        assert cosines == pytest.approx([0, 0, 0], abs=1e-12)
        assert regression.normal_equations_residual(X, t, fit.weights) == pytest.approx([0, 0, 0], abs=1e-6)
        for v in fit.weights * (1 + 0.3 * rng.standard_normal((200, 3))):
            pythagoras = ((X @ (v - fit.weights)) ** 2).sum() + 5 * fit.mse
            assert ((X @ v - t) ** 2).sum() == pytest.approx(pythagoras) and pythagoras > 5 * fit.mse
    assert r"\lvert Xv - t \rvert^2 &= \lvert X(v - w) \rvert^2 \\" in here.source
    assert "*These four rows do not defeat a linear model at all.*" in here.prose("sec-reg-least-squares")


@pytest.mark.claim("R-07")
def test_the_gaps_are_covariance_over_variance(here):
    right = here.right_options("▢₂ is")
    assert right[0] == "Cov(x, t) / Var x"
    assert here.right_options("▢₁ is")[0] == "the mean of t − w · the mean of x"
    x, t = np.random.default_rng(2).normal(size=(2, 9))
    c, w = regression.least_squares(regression.design(x), t).weights
    covariance = np.cov(x, t, bias=True)
    assert w == pytest.approx(covariance[0, 1] / covariance[0, 0]) and c == pytest.approx(t.mean() - w * x.mean())


# ---------------------------------------------------------------------------- downhill


@pytest.mark.claim("R-08")
def test_the_limit_is_two_over_the_largest_eigenvalue(here):
    A, price, walk = here.names["A"], here.names["price"], here.names["walk"]
    one, two, three = len(A), A[:, 1].sum(), (A[:, 1] ** 2).sum()  # a 2 × 2 matrix, by its trace and determinant
    trace, det = (one + three) / one, (one * three - two**2) / one**2
    steep, flat = (trace + s * math.sqrt(trace**2 - 4 * det) for s in (1, -1))
    assert here.numbers["limit"] == pytest.approx(4 / steep)
    assert here.numbers["kappa"] == pytest.approx(steep / flat)
    line = stats.linregress(A[:, 1], price)
    best = np.array([line.intercept, line.slope])
    assert walk(0.98 * 4 / steep, 3000)[-1] == pytest.approx(best, rel=1e-6)
    far = np.abs(walk(1.02 * 4 / steep, np.arange(400)[-1]) - best).max(axis=1)
    assert far[-1] > 100 * far[200] > 100 * far[100]
    assert here.numbers["off_over"] > 1000 > 10 > here.numbers["off_half"]
    assert here.numbers["off_half"] == pytest.approx(np.abs(walk(2 / steep, 60)[-1] - best).max())
    feet = here.names["feet"]  # κ is nearly ⟨x²⟩²/Var x: the trace over the determinant, squared
    exact = np.linalg.svd(np.column_stack([np.ones(15), feet]), compute_uv=False)
    assert here.numbers["kappa_feet"] * 1e6 == pytest.approx((exact[0] / exact[1]) ** 2, rel=1e-6)
    assert here.numbers["kappa_feet"] * 1e6 == pytest.approx((feet**2).mean() ** 2 / feet.var(), rel=1e-3)


@pytest.mark.claim("R-08")
def test_each_direction_shrinks_by_its_own_factor(here):
    A, price, walk = here.names["A"], here.names["price"], here.names["walk"]
    values, vectors = np.linalg.eigh(A.T @ A / len(A))
    best = np.array(stats.linregress(A[:, 1], price)[:2])[::-1]
    rate = 0.3
    path = (walk(rate, 12) - best) @ vectors
    for k in range(13):
        assert path[k] == pytest.approx((1 - rate * values) ** k * path[0], rel=1e-8)
    assert r"e_k = (1 - \eta\lambda)^k\, e_0 ." in here.section("sec-reg-descent")
    assert r"$\eta < 2/\lambda_{\max}$" in here.prose("sec-reg-descent")


@pytest.mark.claim("R-08")
def test_the_gradient_is_the_slope():
    rng = np.random.default_rng(3)
    X, t, w = rng.normal(size=(7, 3)), rng.normal(size=7), rng.normal(size=3)
    quotients = optimize.approx_fprime(w, lambda v: 0.5 * ((X @ v - t) ** 2).sum(), 1e-7)
    assert regression.normal_equations_residual(X, t, w) == pytest.approx(quotients, abs=1e-5)


# ---------------------------------------------------------------------------- the rents


def exact_rents(green=None, share=1, bias=0):
    """The answer and the weights as fractions; perhaps with another green share of the first flat, or another unit."""
    rows = [[Fraction(a) for a in row[:4]] for row in RENTS]
    if green is not None:
        rows[0][2] = Fraction(green)
    for row in rows:
        row[2] *= share
    weights = solve_exactly(rows, [row[4] - bias for row in RENTS])
    asked = [Fraction(a) for a in ASKED]
    asked[2] *= share
    return bias + sum(a * w for a, w in zip(asked, weights, strict=True)), weights


@pytest.mark.claim("R-09")
def test_the_exact_answer_and_its_nonsense(here):
    answer, weights = exact_rents()
    numbers = here.numbers
    assert numbers["exact"] == pytest.approx(float(answer), rel=1e-9) and f"{float(answer):.2f}" == "9541.67"
    assert here.numbers["ten_points"] == pytest.approx(float(weights[2]) / 10, rel=1e-9)
    assert [f"{float(w):.4f}" for w in weights] == ["68.0556", "444.4444", "-25833.3333", "1027.7778"]
    assert (numbers["green_19"], numbers["green_21"]) == pytest.approx(
        [float(exact_rents(green=g)[0]) for g in ("0.19", "0.21")], rel=1e-9
    )
    table = datasets.rents()
    assert table.inputs.tolist() == [[float(a) for a in row[:4]] for row in RENTS]
    assert table.question.tolist() == [float(a) for a in ASKED]


@pytest.mark.claim("R-09")
def test_with_a_bias_every_answer_fits(here):
    answers = [exact_rents(bias=c)[0] for c in (-20_000, 0, 20_000)]
    assert (here.numbers["high"], here.numbers["low"]) == pytest.approx([float(answers[0]), float(answers[2])])
    assert answers[0] - answers[1] == answers[1] - answers[2] != 0  # so any answer has its c
    assert here.numbers["per_unit"] == pytest.approx(float((answers[2] - answers[1]) / 20_000))
    assert here.names["exact_answer"](5000) == pytest.approx(float(exact_rents(bias=5000)[0]))
    found = regression.least_squares(regression.design(datasets.rents().inputs), datasets.rents().targets)
    assert found.rank == 4 and found.mse < 1e-9 and "4 rows cannot determine 5 weights" in found.note
    shortest = np.linalg.pinv(regression.design(datasets.rents().inputs)) @ datasets.rents().targets
    assert here.names["found"].weights == pytest.approx(shortest, rel=1e-6)
    assert "{eq}`eq-model-family`" in here.prose("sec-reg-rents")


@pytest.mark.claim("R-09")
def test_a_penalty_depends_on_the_unit(here):
    for share, name in ((1, "answer_1_1"), (100, "answer_4_1")):
        rows = [[Fraction(a) * (share if i == 2 else 1) for i, a in enumerate(row[:4])] for row in RENTS]
        left = [[sum(r[i] * r[j] for r in rows) + (i == j) for j in range(4)] for i in range(4)]
        right = [sum(r[i] * row[4] for r, row in zip(rows, RENTS, strict=True)) for i in range(4)]
        asked = [Fraction(a) * (share if i == 2 else 1) for i, a in enumerate(ASKED)]
        answer = sum(a * w for a, w in zip(asked, solve_exactly(left, right), strict=True))
        assert here.numbers[name] == pytest.approx(float(answer), rel=1e-9)
    assert f"{here.numbers['answer_1_1']:.1f}" == "11707.3"
    assert exact_rents(share=100)[0] == exact_rents()[0]  # without a penalty the unit does not matter


@pytest.mark.claim("R-10")
def test_the_rents_are_ill_conditioned(here):
    X, t = here.names["rents"].inputs, here.names["rents"].targets
    singular = np.sqrt(np.roots(np.poly(X.T @ X)).real)
    numbers = here.numbers
    assert numbers["raw_cond"] == pytest.approx(singular.max() / singular.min(), rel=1e-3)
    assert f"{numbers['raw_cond']:.1f}" == "2847.3"
    assert numbers["raw_limit"] == pytest.approx(1e5 * 2 / singular.max() ** 2)
    assert f"{numbers['raw_limit']:.2f}" == "7.90"
    assert numbers["raw_kappa"] * 1e6 == pytest.approx(numbers["raw_cond"] ** 2, rel=1e-9)
    values, vectors = np.linalg.eigh(X.T @ X)  # 100,000 steps at once
    exact = vectors.T @ np.linalg.solve(X, t)
    w = vectors @ ((1 - (1 - values / values[-1]) ** 100_000) * exact)
    assert numbers["walked"] == pytest.approx(here.names["flat_asked"] @ w, rel=1e-6)
    assert f"{numbers['walked']:.1f}" == "11918.9"
    assert 0.5 * 4 * numbers["walked_rms"] ** 2 == pytest.approx(1.018e6, rel=1e-3)


@pytest.mark.claim("R-10")
def test_unequal_columns_make_a_long_valley(here):
    """Each curvature along one weight lies between the least and the largest eigenvalue."""
    numbers, sizes = here.numbers, [math.sqrt(sum(float(row[d]) ** 2 for row in RENTS) / 4) for d in range(4)]
    assert [numbers[f"size_{d}"] for d in range(4)] == pytest.approx(sizes)
    assert numbers["size_ratio"] == pytest.approx((max(sizes) / min(sizes)) ** 2)
    assert numbers["size_ratio"] < 1e6 * numbers["raw_kappa"]
    rng = np.random.default_rng(9)
    for _ in range(50):
        X = rng.normal(size=(5, 3)) * rng.uniform(0.1, 10, 3)
        values, squares = np.linalg.eigvalsh(X.T @ X), (X**2).sum(axis=0)
        assert values[0] <= squares.min() and squares.max() <= values[-1]


@pytest.mark.claim("R-10")
def test_scaling_saves_steps_and_changes_no_exact_answer(here):
    X, t = here.names["rents"].inputs, here.names["rents"].targets
    scaled = X / here.names["sizes"]
    answer = here.names["flat_asked"] / here.names["sizes"] @ np.linalg.solve(scaled, t)
    assert answer == pytest.approx(here.numbers["exact"])

    def walked(table, targets):
        rate, w, steps = 1 / np.linalg.norm(table, 2) ** 2, np.zeros(4), 0
        while np.abs(table @ w - targets).max() >= 1:
            w, steps = w - rate * table.T @ (table @ w - targets), steps + 1
        return steps

    assert here.numbers["steps_scaled"] == walked(scaled, t)
    centred = (X - X.mean(axis=0)) / X.std(axis=0)
    assert here.numbers["steps_centred"] == walked(centred, t - t.mean())
    assert here.numbers["saved"] == 1e6 * here.numbers["steps_raw"] / here.numbers["steps_scaled"]
    left, s, _ = np.linalg.svd(X)  # the step before the last does not do, and later ones all do
    for k, enough in ((-1, False), (0, True), (10**6, True)):
        power = round(1e6 * here.numbers["steps_raw"]) + k
        # the steepest direction is done at once; the others by logarithms
        shrunk = np.r_[0, np.exp(power * np.log1p(-((s[1:] / s[0]) ** 2)))]
        worst = np.abs(left @ (shrunk * (left.T @ t))).max()
        assert (worst < 1) == enough
    assert here.numbers["steps_raw"] * 1e6 > 5000 * here.numbers["steps_scaled"] > 5000 * here.numbers["steps_centred"]
    assert here.numbers["scaled_kappa"] == pytest.approx(np.linalg.cond(scaled.T @ scaled), rel=1e-6)


@pytest.mark.claim("R-10")
def test_standardising_needs_the_training_rows_only():
    rng = np.random.default_rng(4)
    old, new = rng.normal(3, 2, size=(30, 3)), rng.normal(7, 5, size=(4, 3))
    units = regression.standardize(old)
    assert units.apply(new) == pytest.approx((new - old.mean(axis=0)) / old.std(axis=0))


# ---------------------------------------------------------------------------- noise with a bell


@pytest.mark.claim("R-11")
def test_the_negative_log_likelihood_is_the_bells(here):
    rng = np.random.default_rng(5)
    t, y = rng.normal(size=(2, 12))
    for s in (0.2, 1.0, 7.0):
        bells = -stats.norm.logpdf(t, y, s).sum()
        assert regression.gaussian_nll(t, y, s) == pytest.approx(bells)
        assert bells == pytest.approx(((t - y) ** 2).sum() / (2 * s * s) + 6 * math.log(2 * math.pi * s * s))
    assert r"\text{NLL} = \frac{\lvert Xw - t \rvert^2}{2\sigma^2} + \frac N2 \ln (2\pi\sigma^2) ." in here.source


@pytest.mark.claim("R-11")
@pytest.mark.parametrize("s", [15.0, 30.0, 60.0])
def test_least_squares_is_likeliest_for_every_width(here, s):
    x, price = here.names["feet"] / 1000, here.names["price"]
    found = optimize.minimize(lambda w: -stats.norm.logpdf(price, w[0] + w[1] * x, s).sum(), [0.0, 0.0], tol=1e-10)
    line = stats.linregress(x, price)
    assert found.x == pytest.approx([line.intercept, line.slope], rel=1e-3)
    assert here.names["best"] == pytest.approx([line.intercept, line.slope])


@pytest.mark.claim("R-11")
def test_the_likeliest_width_is_the_root_of_the_mean_square(here):
    x, price = here.names["feet"], here.names["price"]
    line = stats.linregress(x, price)
    errors = price - line.intercept - line.slope * x
    found = optimize.minimize_scalar(
        lambda s: -stats.norm.logpdf(errors, 0, s).sum(), bounds=(5, 100), method="bounded", options={"xatol": 1e-9}
    )
    assert here.numbers["best_s"] == pytest.approx(found.x, rel=1e-6)
    assert here.numbers["nll_best"] == pytest.approx(found.fun)
    mean_square, slope = np.mean(errors**2), r"$-\frac{\mathrm{SSE}}{2\sigma^4} + \frac{N}{2\sigma^2}$"
    assert slope in here.prose("sec-reg-gaussian")
    for variance, sign in ((0.9 * mean_square, -1), (mean_square, 0), (1.1 * mean_square, 1)):
        assert np.sign(round(-15 * mean_square / (2 * variance**2) + 15 / (2 * variance), 12)) == sign


# ---------------------------------------------------------------------------- a penalty is a belief


@pytest.mark.claim("R-12")
@pytest.mark.parametrize(("sigma", "tau"), [(0.5, 2.0), (1.0, 1.0), (2.0, 0.3)])
def test_ridge_is_the_top_of_the_posterior(here, sigma, tau):
    rng = np.random.default_rng(6)
    X, t = rng.normal(size=(8, 3)), rng.normal(size=8)

    def minus_log_posterior(w):
        return -stats.norm.logpdf(t, X @ w, sigma).sum() - stats.norm.logpdf(w, 0, tau).sum()

    found = optimize.minimize(minus_log_posterior, np.zeros(3), tol=1e-12)
    assert regression.ridge(X, t, sigma**2 / tau**2) == pytest.approx(found.x, abs=1e-5)
    posterior = regression.BayesianLinearRegression(1 / tau**2, 1 / sigma**2).fit(X, t)
    assert posterior.mean == pytest.approx(found.x, abs=1e-5)
    assert r"\lambda = \frac{\sigma^2}{\tau^2} ." in here.section("sec-reg-ridge")
    assert here.right_options("▢₂ is")[1] == "σ²/τ²" and here.right_options("▢₁ is")[1] == "w²/(2τ²)"


@pytest.mark.claim("R-12")
def test_the_weights_shrink_and_at_nought_are_least_squares():
    rng = np.random.default_rng(7)
    X, t = rng.normal(size=(20, 4)) * [5, 1, 0.3, 1], rng.normal(size=20)
    path = regression.ridge_path(X, t, [0.0, 0.1, 1.0, 10.0, 1e3, 1e9])
    assert path[0] == pytest.approx(np.linalg.lstsq(X, t)[0])
    lengths = np.linalg.norm(path, axis=1)
    assert (np.diff(lengths) < 0).all() and lengths[-1] < 1e-6
    values, vectors = np.linalg.eigh(X.T @ X)  # each direction by its own factor
    for penalty, w in zip((0.1, 1.0, 10.0), path[1:4], strict=True):
        assert vectors.T @ w == pytest.approx(values / (values + penalty) * (vectors.T @ path[0]))


@pytest.mark.claim("R-12")
def test_the_rents_under_a_penalty(here):
    X, t, asked = (np.asarray(here.names[n], dtype=float) for n in ("X", "t", "flat_asked"))
    X = datasets.rents().inputs
    Z, z = (X - X.mean(axis=0)) / X.std(axis=0), (asked - X.mean(axis=0)) / X.std(axis=0)
    rows = np.sqrt(10.0) * np.eye(4)
    w = np.linalg.lstsq(np.vstack([Z, rows]), np.r_[t - t.mean(), np.zeros(4)])[0]
    assert here.numbers["ridge_10000000"] == pytest.approx(t.mean() + z @ w)
    shortest = np.linalg.pinv(Z, rcond=1e-10) @ (t - t.mean())
    assert here.numbers["ridge_1"] == pytest.approx(t.mean() + z @ shortest, rel=1e-5)


# ---------------------------------------------------------------------------- which λ?


@pytest.mark.claim("R-13")
def test_the_choice_minimises_the_validation_and_not_the_training_error(here):
    names = here.names
    on_train, on_valid, chosen = names["on_train"], names["on_valid"], names["chosen"]
    assert chosen == int(np.argmin(on_valid)) and 0 < chosen < len(on_valid) - 1
    assert (np.diff(on_train) > 0).all() and on_train[chosen] > on_train[0]
    assert on_valid[0] > on_valid[chosen] + 500 and on_valid[-1] > on_valid[chosen] + 500
    explorable = RidgePath()
    path = explorable.path()
    assert (np.diff(path[:, 0]) > 0).all()
    least = path[:, 1].min()
    assert explorable.errors(explorable.chosen())[1] == pytest.approx(least)
    assert least < 0.5 * min(path[0, 1], path[-1, 1])
    assert len(here.calls("RidgePath")) == 1


@pytest.mark.claim("R-13")
def test_the_two_hundred_seeds_are_the_explorables(here):
    choices, numbers = here.names["choices"], here.numbers
    for seed in (0, 7, int(numbers["worst_seed"])):
        explorable = RidgePath(seed=seed)
        chosen = explorable.chosen()
        assert choices[seed] == pytest.approx([chosen, *explorable.errors(chosen)[1:]])
    assert len(choices) == 200 and numbers["broken"] == 100 * np.mean(choices[:, 2] > choices[:, 1])
    assert stats.binomtest(round(2 * numbers["broken"]), 200).pvalue < 0.01  # more than half, and not by chance
    inside = (choices[:, 0] >= numbers["tenth"]) & (choices[:, 0] <= numbers["ninetieth"])
    assert 0.78 <= inside.mean() <= 0.9  # ties on the grid


@pytest.mark.claim("R-13")
def test_the_worst_seed_is_wrong_where_nobody_looked(here):
    seed = int(here.numbers["worst_seed"])
    (x, t), (seen, _), (new, truth) = (
        polynomials.noisy_wave(n, CounterRNG(seed, stream), 0.3) for stream, n in enumerate((15, 30, 1000))
    )
    w = regression.ridge(polynomials.legendre(x, 12), t, RidgePath(seed=seed).chosen())
    square = (truth - polynomials.legendre(new, 12) @ w) ** 2
    outside = (new < seen.min()) | (new > seen.max())
    assert square.mean() == pytest.approx(here.numbers["kept"]) == here.names["choices"][:, 2].max()
    assert square[outside].sum() > 0.95 * square.sum() and outside.mean() < 0.2


@pytest.mark.claim("R-13")
def test_the_diabetes_numbers_are_scikit_learns(here):
    linear = pytest.importorskip("sklearn.linear_model")
    train, valid, test = (here.names[n] for n in ("train", "valid", "test"))
    many, ten, numbers = here.names["many"], here.names["ten"], here.numbers

    def errors(model, tables):
        model.fit(tables[0], train.targets)
        return [np.mean((model.predict(x) - p.targets) ** 2) for x, p in zip(tables, (train, valid, test), strict=True)]

    penalised = errors(linear.Ridge(alpha=numbers["penalty"]), many)
    plain = errors(linear.LinearRegression(), ten)
    assert [numbers["ridge_train"], numbers["ridge_valid"], numbers["test_error"]] == pytest.approx(penalised)
    assert [numbers["plain_train"], numbers["plain_valid"], numbers["test_plain"]] == pytest.approx(plain)
    assert numbers["ridge_valid"] < numbers["plain_valid"] and numbers["test_error"] > numbers["test_plain"]
    assert numbers["test_level"] == pytest.approx(np.mean((train.targets.mean() - test.targets) ** 2))


@pytest.mark.claim("R-13")
def test_nothing_leaks_from_the_test_set(here):
    """Other test patients leave the fit, the units and the choice as they were."""
    train, valid, test = (here.names[n] for n in ("train", "valid", "test"))
    assert len(train) + len(valid) + len(test) == here.numbers["patients"] == 442
    assert f"65 columns, {len(train)} training and {len(valid)} validation patients" in here.source
    assert f"On this grid of {len(here.names['penalties'])} penalties" in here.source
    rows = np.vstack([train.inputs, valid.inputs, test.inputs])
    assert sorted(map(tuple, rows)) == sorted(map(tuple, datasets.diabetes().inputs))
    assert here.names["first"].mean == pytest.approx(train.inputs.mean(axis=0))
    assert here.names["second"].mean == pytest.approx(here.names["pairs"](here.names["ten"][0]).mean(axis=0))
    before = here.source.index("that decision is now made")
    assert "test_error" not in here.source[here.source.index("(sec-reg-diabetes)") : before]


# ---------------------------------------------------------------------------- the code of the code slide


@pytest.mark.claim("R-14")
def test_the_code_reproduces_the_tables(here):
    fit = here.names["linear_regression"]
    X = regression.design([[float(x1), float(x2)] for x1, x2, _ in HOUSES[:4]])
    assert fit(X, np.array([880.0, 825.0, 1095.0, 680.0]))(X) == pytest.approx([880, 825, 1095, 680])
    assert here.numbers["answer_1_0"] == pytest.approx(float(exact_rents()[0]), rel=1e-9)
    rents = datasets.rents()
    for penalty in (0.5, 3.0):
        ours = fit(rents.inputs, rents.targets, penalty)(rents.question)
        assert ours == pytest.approx(rents.question @ regression.ridge(rents.inputs, rents.targets, penalty))
    cells = re.findall(r"```\{code-cell\}.*?\n(.*?)```", here.section("sec-reg-code"), re.S)
    assert len(cells) == 1 and "def linear_regression" in cells[0]


# ---------------------------------------------------------------------------- the band, and what the text adds


def test_the_band_is_the_posteriors_by_brute_force(here):
    """The posterior on a fine grid of both weights, normalised by adding up."""
    feet, price = here.names["feet"], here.names["price"]
    x = (feet - 1200) / 500
    c, w = np.meshgrid(np.linspace(200, 380, 400), np.linspace(20, 190, 400), indexing="ij")
    log = sum(stats.norm.logpdf(t, c + w * a, 30) for a, t in zip(x, price, strict=True))
    log = log + stats.norm.logpdf(c, 0, 300) + stats.norm.logpdf(w, 0, 300)
    p = np.exp(log - special.logsumexp(log))
    for place, mean, band in ((800, "mean_800", "band_800"), (5000, None, "band_5000")):
        line = c + w * (place - 1200) / 500
        centre = (p * line).sum()
        assert here.numbers[band] == pytest.approx(math.sqrt(900 + (p * (line - centre) ** 2).sum()), rel=1e-4)
        assert mean is None or here.numbers[mean] == pytest.approx(centre, rel=1e-4)
    assert here.numbers["band_5000"] > 2 * here.numbers["band_800"] > 60


def test_a_target_is_followed_by_its_leverage(here):
    names = here.names
    F, price = names["F"], names["price"]
    moved = [names["m"] @ F[3]]
    for step in (1.0, -2.0):
        other = price + step * np.eye(15)[3]
        w = np.linalg.solve(F.T @ F + (30 / 300) ** 2 * np.eye(2), F.T @ other)
        moved.append((w @ F[3] - moved[0]) / step)
    assert moved[1:] == pytest.approx([here.numbers["leverage_3"]] * 2)
    hat = F @ np.linalg.solve(F.T @ F + (30 / 300) ** 2 * np.eye(2), F.T)
    assert here.numbers["leverage_sum"] == pytest.approx(np.trace(hat))
    assert F == pytest.approx(np.column_stack([np.ones(15), (names["feet"] - 1200) / 500]))
    assert names["by_formula"] == pytest.approx(names["model"].predict(names["places"])[1])
    assert names["leverage"] == pytest.approx(np.diag(hat))


def test_the_band_is_widest_where_the_text_says():
    """At the right-hand edge; a sixth point there pins it down, and a narrow prior flattens every curve."""
    five, x = PredictiveBand(), np.linspace(-1, 1, 101)
    width = np.sqrt(five.predict(x)[1])
    assert width.argmax() == 100
    six = PredictiveBand(points=[*five.points, 1.0, 0.0])
    assert np.sqrt(six.predict(x)[1])[-1] < 0.2 * width[-1]
    flat = PredictiveBand(prior=0.1)
    assert np.abs(flat.predict(x)[0]).max() < 0.4 * np.abs(five.predict(x)[0]).max()
    assert np.sqrt(flat.predict(x)[1] - flat.noise**2).max() < 0.4


def test_the_band_held_as_many_patients_as_the_text_says(here):
    names, numbers = here.names, here.numbers
    assert numbers["share"] == pytest.approx(100 * numbers["inside"] / numbers["n_test"])
    law = stats.binom(int(numbers["n_test"]), 0.95)
    assert (numbers["hoped"], numbers["hoped_spread"]) == pytest.approx((law.mean(), law.std()))
    assert abs(numbers["inside"] - law.mean()) < 2 * law.std()
    train, valid, test = names["many"]
    ridge = np.linalg.inv(train.T @ train + numbers["penalty"] * np.eye(65))
    held, new = (np.trace(table @ ridge @ table.T) / len(table) for table in (valid, test))
    assert numbers["noise_sd"] ** 2 * (1 + held) == pytest.approx(numbers["ridge_valid"])
    assert numbers["ignorance"] == pytest.approx(numbers["noise_sd"] * math.sqrt(new), rel=1e-9)
    width = numbers["noise_sd"] * np.sqrt(1 + np.diag(test @ ridge @ test.T))
    errors = names["test"].targets - names["level"] - test @ names["path"][names["chosen"]]
    assert numbers["inside"] == (np.abs(errors) < stats.norm.ppf(0.975) * width).sum()
    assert numbers["explained"] == pytest.approx(100 - 100 * numbers["test_error"] / numbers["test_level"])


def test_the_validation_error_holds_noise_and_ignorance():
    """Weights from the prior, many times over: new errors have the mean square σ²(1 + g), not σ²."""
    rng = np.random.default_rng(10)
    X, new, sigma, tau = rng.normal(size=(12, 6)), rng.normal(size=(9, 6)), 2.0, 1.5
    inverse = np.linalg.inv(X.T @ X + sigma**2 / tau**2 * np.eye(6))
    w = tau * rng.normal(size=(6, 20_000))
    t = X @ w + sigma * rng.normal(size=(12, 20_000))
    misses = new @ w + sigma * rng.normal(size=(9, 20_000)) - new @ inverse @ X.T @ t
    g = np.trace(new @ inverse @ new.T) / 9
    assert (misses**2).mean() == pytest.approx(sigma**2 * (1 + g), rel=0.02) and g > 0.3


def shape(latex):
    """LaTeX without what only spaces or aligns it."""
    return re.sub(r"\\[,;]|\\quad|\\\\|\\[Bb]igl?r?|&|\s", "", latex)


def equation(here, label):
    """The displayed formula that carries this label."""
    start = here.source.index(f"$$ ({label})")
    return shape(here.source[here.source.rindex("$$", 0, start) : start])


# Each is held against numbers found in another way by a test above or below; here, that the page says the same.
PRINTED = {
    "eq-reg-normal": r"X^\top (Xw - t) = 0",
    "eq-reg-step": r"w - \frac{\eta}{N} X^\top (Xw - t)",
    "eq-reg-descent": r"(1 - \eta\lambda)^k e_0",
    "eq-reg-nll": r"\frac{\lvert Xw - t \rvert^2}{2\sigma^2} + \frac N2 \ln (2\pi\sigma^2)",
    "eq-reg-prior": r"\frac{\lvert Xw - t \rvert^2}{2\sigma^2} + \frac{\lvert w \rvert^2}{2\tau^2}",
    "eq-reg-ridge": r"(X^\top X + \lambda I) w = X^\top t",
    "eq-reg-shrink": r"\frac{s^2}{s^2 + \lambda}",
    "eq-reg-posterior": r"S = A^{-1}, m = S \frac{X^\top t}{\sigma^2}",
    "eq-reg-band": r"\underbrace{\sigma^2}_{\text{noise}} + \underbrace{x^\top S x}_{\text{ignorance}}",
    "eq-reg-boltzmann": r"\tfrac12 \lvert Xw - t\rvert^2 + \tfrac{\lambda}{2} \lvert w \rvert^2",
    "eq-reg-response": r"\frac{\operatorname{Cov}(x \cdot w, x_n \cdot w)}{T} = \frac{x^\top S x_n}{\sigma^2}",
}


@pytest.mark.parametrize("label", PRINTED)
def test_formulas_are_printed_as_they_were_checked(here, label):
    assert shape(PRINTED[label]) in equation(here, label)


def test_inline_formulas_are_printed_as_they_were_checked(here):
    for words in (
        r"$A = \frac{X^\top X}{\sigma^2} + \frac{I}{\tau^2}, \qquad b = \frac{X^\top t}{\sigma^2} .$",
        "the second has $N$ times the slope",
        r"$S = \sigma^2 (X^\top X + \lambda I)^{-1}$",
        r"the validation error should be $\sigma^2 (1 + g)$",
        r"on average, by $(N - D)/N$",
        r"$30\sqrt{13/15} = $",
        r"$0 < \eta < 2/\lambda$",
        r"$x \cdot m = \sum_n x^\top S x_n\, t_n/\sigma^2$",
        r"the energy changes by $-\delta\, x_n \cdot w$",
        r"Then {eq}`eq-reg-normal` reads $R^\top R\, w = R^\top Q^\top t$",
    ):
        assert shape(words).strip("$") in shape(here.source), words


def test_boltzmanns_law_of_the_weights_is_the_posterior():
    """The Z of the energy, by quadrature, gives the evidence of the deeper box; its mean and width are m and S."""
    x, t, sigma, tau = np.array([0.5, -1.0, 2.0]), np.array([1.0, 0.3, 1.5]), 0.7, 1.3
    w = np.linspace(-12, 12, 200_001)
    energy = ((x[:, None] * w - t[:, None]) ** 2).sum(axis=0) / 2 + sigma**2 / tau**2 * w**2 / 2
    weight = np.exp(-energy / sigma**2)
    Z = np.trapezoid(weight, w)
    model = regression.BayesianLinearRegression(1 / tau**2, 1 / sigma**2).fit(x[:, None], t)
    assert math.log(Z / ((2 * math.pi * sigma**2) ** 1.5 * math.sqrt(2 * math.pi * tau**2))) == pytest.approx(
        model.log_evidence
    )
    mean = np.trapezoid(w * weight, w) / Z
    assert mean == pytest.approx(model.mean[0])
    assert np.trapezoid((w - mean) ** 2 * weight, w) / Z == pytest.approx(model.covariance[0, 0])


def test_the_opening_is_computed(here):
    opening = here.source[: here.source.index("## Do you remember?")]
    for name in ("exact", "answer_1_1", "answer_4_1", "walked"):
        assert f"{{glue:text}}`{name}:,.0f`" in opening
    assert len({round(here.numbers[name]) for name in ("exact", "answer_1_1", "answer_4_1", "walked")}) == 4


def test_errors_only_grow_as_columns_go(here):
    """More columns never fit the training patients worse, and here they predict the others worse."""
    numbers = here.numbers
    assert numbers["full_train"] < numbers["plain_train"] and numbers["full_valid"] > numbers["plain_valid"]
    assert numbers["full_rank"] == 64 == np.linalg.matrix_rank(here.names["many"][0])
    pairs = list(itertools.combinations_with_replacement(range(10), 2))
    assert here.names["many"][0].shape[1] == 10 + len(pairs) == 65


def test_the_evidence_is_the_normal_law_of_the_targets(here):
    """t is normal with the covariance τ² X Xᵀ + σ² I: SciPy's density of all targets at once."""
    names = here.names
    X, t = names["many"][0], names["train"].targets - names["level"]
    noise = float(names["noise"])
    grid = names["penalties"]
    ours = [names["evidence"](penalty) for penalty in grid[::8]]
    theirs = [
        stats.multivariate_normal(cov=noise**2 * (X @ X.T / penalty + np.eye(len(t)))).logpdf(t)
        for penalty in grid[::8]
    ]
    assert ours == pytest.approx(theirs, rel=1e-6)
    place = int(np.argmax([names["evidence"](penalty) for penalty in grid]))
    assert here.numbers["evidence_penalty"] == grid[place] and abs(place - names["chosen"]) <= 1
    assert here.numbers["evidence_valid"] == names["on_valid"][place] < 1.01 * here.numbers["ridge_valid"]
    assert "next to it on the grid" in here.prose("sec-reg-diabetes")
