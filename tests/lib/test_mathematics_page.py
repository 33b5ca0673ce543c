"""The refreshers: ten pages of one shape, whose numbers and right answers agree with calculations of another kind."""

import re
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import sympy
from scipy import integrate, linalg, optimize, special, stats

from book_lib.explorables import Choice, Numeric
from tests.book import sources
from tests.claims.conftest import ROOT, Chapter

LABELS = [
    "logarithms",
    "partial-derivatives",
    "taylor",
    "lagrange",
    "vectors",
    "matrix-gradients",
    "eigenvalues",
    "covariance",
    "order",
    "numpy",
]
LEADS = ["What you need it for", "In numbers", "The rule", "An example", "Two questions"]
CHAPTERS = ("data_model_task", "probability", "information", "ising")
every_page = pytest.mark.parametrize("label", LABELS)


@pytest.fixture(scope="module")
def page() -> Chapter:
    return Chapter(ROOT / "appendix" / "mathematics.md")


def cells(page: Chapter, label: str) -> list[sources.Block]:
    found = sources.blocks("mathematics.md", page.section(f"sec-math-{label}"))
    return [block for block in found if block.name == "code-cell"]


def quizzes(page: Chapter) -> dict[str, list]:
    """The questions of each quiz, made anew from what the page gave, by the quiz's name."""
    assert page.names
    waiting, found = [], {}
    for name, arguments, options in page.made:
        if name == "Quiz":
            found[options["name"]] = waiting
            waiting = []
        elif name in ("Choice", "Numeric"):
            waiting.append({"Choice": Choice, "Numeric": Numeric}[name](*arguments, **options))
    return found


def questions(page: Chapter, kind: type) -> list:
    return [one for quiz in quizzes(page).values() for one in quiz if isinstance(one, kind)]


# -------------------------------------------------------------------------------------------- the same shape


def test_the_ten_pages_stand_in_order(page):
    assert re.findall(r"^\(sec-math-([\w-]+)\)=\n## ", page.source, re.M) == LABELS


@every_page
def test_a_page_has_its_five_parts(page, label):
    assert re.findall(r"^\*\*([^*]+)\.\*\*", page.section(f"sec-math-{label}"), re.M) == LEADS


@every_page
def test_a_page_says_what_needs_it(page, label):
    """The first paragraph links to a section of a chapter that exists."""
    first = page.section(f"sec-math-{label}").split("**In numbers.**")[0]
    targets = set(re.findall(r"\{ref\}`[^`]*<([\w-]+)>`", first))
    there = set()
    for slug in CHAPTERS:
        there |= sources.labels_of((ROOT / "chapters" / f"{slug}.md").read_text(encoding="utf-8"))
    assert targets and targets <= there


@every_page
def test_a_page_is_a_page(page, label):
    assert 300 <= len(page.prose(f"sec-math-{label}").split()) <= 450


@every_page
def test_an_example_is_computed_and_quoted(page, label):
    bodies = [cell.body for cell in cells(page, label)]
    noted = set(re.findall(r"(\w+)=", " ".join(re.findall(r"note\((.*?)\)\n", "\n".join(bodies), re.S))))
    quoted = set(re.findall(r"\{glue:text\}`(\w+):[^`]*`", page.section(f"sec-math-{label}")))
    assert quoted and quoted <= noted


@every_page
def test_a_page_ends_in_a_quiz_of_two(page, label):
    assert cells(page, label)[-1].body.startswith("Quiz([")
    assert len(quizzes(page)[f"math-{label}"]) == 2


def test_the_page_keeps_its_budget(page):
    found = list(sources.blocks("mathematics.md", page.source))
    assert sum("show(fig" in block.body for block in found if block.name == "code-cell") <= 5
    assert not re.search(r"\b(torch|scipy)\b", page.source)
    assert re.search(r"^book:\n  budget_s: 15$", page.source, re.M)


@every_page
def test_wrong_options_are_named_misconceptions(page, label):
    """Each has a name and a reply of its own; a number has two typical slips at least."""
    for question in quizzes(page)[f"math-{label}"]:
        if isinstance(question, Numeric):
            replies = list(question.slips.values())
            assert len(replies) >= 2 and question.reply
        else:
            wrong = [verdict for verdict in question.options.values() if verdict[0] is not True]
            names, replies = zip(*wrong, strict=True)
            assert len(wrong) >= 2 and len(set(names)) == len(names) and all(names)
        assert len(set(replies)) == len(replies) and all(replies)


# ------------------------------------------------------------------------------ numbers that the text quotes

A, B, X, Y = sympy.symbols("a b x y", real=True)


def line_loss() -> sympy.Expr:
    """Half the squared errors of the line a + b·x through (0, 1) and (2, 5)."""
    return sum((A + B * x - t) ** 2 for x, t in ((0, 1), (2, 5))) / 2


def slopes() -> list[sympy.Expr]:
    return [sympy.diff(line_loss(), one).subs({A: 0, B: 0}) for one in (A, B)]


def after_a_step() -> sympy.Expr:
    first, second = slopes()
    return line_loss().subs({A: -first / 10, B: -second / 10})


def taylor_error(h: float) -> float:
    """∫₀ʰ s²/(1 + s) ds: what a parabola leaves of ln(1 + h)."""
    return integrate.quad(lambda s: s**2 / (1 + s), 0, h)[0]


def field(budget: float) -> np.ndarray:
    return optimize.minimize(
        lambda w: -w[0] * w[1],
        [1, 1],
        constraints={"type": "eq", "fun": lambda w: w[0] + 2 * w[1] - budget},
        tol=1e-12,
    ).x


LINE = stats.linregress([0, 1, 2, 3], [1, 3, 4, 8])
SPREAD = sympy.Matrix([[2, Fraction(6, 5)], [Fraction(6, 5), 1]])
SMALL, LARGE = sorted(float(value) for value in SPREAD.eigenvals())
ICE, SUN = [1, 2, 3, 6], [1, 3, 2, 6]


def mean(values: list) -> Fraction:
    return Fraction(sum(values), len(values))


COVARIANCE = mean([x * y for x, y in zip(ICE, SUN, strict=True)]) - mean(ICE) * mean(SUN)
EXPECTED: dict[str, Callable[[], float]] = {
    "log_chance": lambda: stats.binom.logpmf(500, 500, 1 / 6),
    "power_of_ten": lambda: sympy.log(sympy.Rational(1, 6) ** 500, 10).evalf(),
    "growth": lambda: Fraction(101, 100) ** 100,
    "euler": lambda: sum(1 / special.factorial(k) for k in range(20)),
    "slope_0": lambda: slopes()[0],
    "slope_1": lambda: slopes()[1],
    "loss_before": lambda: line_loss().subs({A: 0, B: 0}),
    "loss_after": after_a_step,
    "exp_tenth": lambda: sum(0.1**k / special.factorial(k) for k in range(20)),
    "error_large": lambda: taylor_error(0.1),
    "error_small": lambda: taylor_error(0.05),
    "eighth": lambda: taylor_error(0.1) / taylor_error(0.05),
    "x_best": lambda: field(12)[0],
    "y_best": lambda: field(12)[1],
    "area": lambda: np.prod(field(12)),
    "price": lambda: (12.1**2 - 12**2) / 8 / 0.1,
    "bill": lambda: 2 * 3 + 1 * 5,
    "cosine": lambda: np.cos(np.arctan2(1, 2) - np.arctan2(2, 4)),
    "cheapest": lambda: min(6 * (apple + pear) for apple, pear in ((3, 5), (4, 4), (2, 5), (5, 3))),
    "start_0": lambda: -sum([1, 3, 4, 8]),
    "start_1": lambda: -(0 * 1 + 1 * 3 + 2 * 4 + 3 * 8),
    "height": lambda: LINE.intercept,
    "slope": lambda: LINE.slope,
    "flat": lambda: SMALL,
    "steep": lambda: LARGE,
    "condition": lambda: LARGE / SMALL,
    "steps": lambda: np.ceil(np.log(0.01) / np.log(1 - SMALL / LARGE)),
    "covariance": lambda: COVARIANCE,
    "from_sample": lambda: COVARIANCE * Fraction(4, 3),
    "correlation": lambda: stats.pearsonr(ICE, SUN).statistic,
    "var_sum": lambda: mean([(x + y) ** 2 for x, y in zip(ICE, SUN, strict=True)]) - 6**2,
    "var_apart": lambda: mean([x * x for x in ICE]) + mean([y * y for y in SUN]) - 18,
    "pairs": lambda: special.comb(1000, 2),
    "exponent": lambda: np.log2(special.comb(2000, 2) / special.comb(1000, 2)),
    "halvings": lambda: len(bin(999)) - 2,
    "more_halvings": lambda: len(bin(1999)) - 2,
    "sorted_million": lambda: len(bin(10**6 - 1)) - 2,
    "city_0": lambda: mean([3, 5, 10]),
    "city_1": lambda: mean([21, 24, 27]),
    "farthest": lambda: 10 - mean([3, 5, 10]),
    "warm": lambda: sum(one > 8 for one in (3, 5, 10, 21, 24, 27)),
    "changed": lambda: -1,
}


def test_every_number_is_known_and_quoted(page):
    assert set(page.numbers) == set(EXPECTED)
    assert set(re.findall(r"\{glue:text\}`(\w+):", page.source)) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_quoted_number_agrees_with_an_independent_one(page, name):
    assert page.numbers[name] == pytest.approx(float(EXPECTED[name]()), rel=1e-6, abs=1e-7)


# ------------------------------------------------------------------- numbers that the text does by hand


def test_the_slopes_by_hand(page):
    """Raise one weight to 0.01, and the loss is what the text says."""
    text = page.prose("sec-math-partial-derivatives")
    for moved, said in ((A, "12.9401"), (B, "12.9002")):
        value = line_loss().subs({A: 0, B: 0} | {moved: sympy.Rational(1, 100)})
        assert float(value) == pytest.approx(float(said), abs=1e-12) and said in text


def test_the_series_worth_knowing():
    for function, series in (
        (sympy.exp(X), 1 + X + X**2 / 2),
        (sympy.log(1 + X), X - X**2 / 2),
        (sympy.tanh(X), X - X**3 / 3),
        (1 / (1 + sympy.exp(-X)), sympy.Rational(1, 2) + X / 4),
    ):
        degree = sympy.degree(series, X)
        assert sympy.expand(sympy.series(function, X, 0, degree + 1).removeO() - series) == 0


def test_matrix_gradients_entry_by_entry():
    w = sympy.Matrix([A, B])
    square = sympy.Matrix([[2, 1], [1, 3]])
    form = sympy.expand((w.T * square * w)[0])
    assert form == 2 * A**2 + 2 * A * B + 3 * B**2
    assert sympy.Matrix([form]).jacobian(w).T == sympy.expand(2 * square * w)
    data, target = sympy.Matrix([[1, 0], [1, 1], [1, 2], [1, 3]]), sympy.Matrix([1, 3, 4, 8])
    errors = data * w - target
    half = sympy.Matrix([sympy.expand((errors.T * errors)[0] / 2)])
    assert sympy.simplify(half.jacobian(w).T - data.T * errors) == sympy.zeros(2, 1)


def test_the_arrows_and_bills_by_hand():
    square = np.array([[2, 1], [1, 2]])
    assert (square @ [1, 0]).tolist() == [2, 1]
    assert (square @ [1, 1]).tolist() == [3, 3] and (square @ [1, -1]).tolist() == [1, -1]
    assert (np.array([[2, 1], [0, 3], [4, 2]]) @ [3, 5]).tolist() == [11, 15, 22]


# -------------------------------------------------------------------------------------------------- quizzes


def constrained_x() -> float:
    return optimize.minimize_scalar(lambda x: -x * (8 - x) / 4, bounds=(0, 8), method="bounded").x


NUMERIC: dict[str, Callable[[], float]] = {
    "ln 2 = 0.693.": lambda: integrate.quad(lambda x: 1 / x, 1, 8)[0],
    "f(x, y) = x²y.": lambda: sympy.diff(X**2 * Y, X).subs({X: 3, Y: 2}),
    "f(2) = 3,": lambda: np.polyval([6 / 2, 4, 3], 0.1),
    "Make xy as large": constrained_x,
    "What is the dot product": lambda: sympy.Matrix([1, 2, 3]).dot(sympy.Matrix([4, 0, -1])),
    "f(w) = |w − c|²": lambda: sympy.diff((X - 1) ** 2 + (Y - 2) ** 2, X).subs({X: 4, Y: 2}),
    "A has the rows": lambda: linalg.eigvals([[4, 1], [1, 4]]).real.max(),
    "Var x = 4,": lambda: np.ones(2) @ np.array([[4, -3], [-3, 9]]) @ np.ones(2),
    "A method needs": lambda: 2 * 2000**3 / 1000**3,
    "`a = np.arange(6)": lambda: sum(row[1] for row in ([0, 1, 2], [3, 4, 5])),
}


def test_every_numeric_answer_is_right(page):
    found = questions(page, Numeric)
    assert len(found) == len(NUMERIC)
    for start, answer in NUMERIC.items():
        (question,) = [one for one in found if one.question.startswith(start)]
        assert float(answer()) == pytest.approx(question.answer, abs=question.tolerance / 3), start


def logs() -> list[bool]:
    before, after = -special.xlogy(1, 0.1), -special.xlogy(1, 0.01)
    ratio = after / before
    return [np.isclose(ratio, 10), np.isclose(ratio, 2), ratio < 1]


def inner_slope() -> list[bool]:
    options = (-3 * X * sympy.exp(-3 * X - 1), sympy.exp(-3 * X), -3 * sympy.exp(-3 * X))
    slope = sympy.diff(sympy.exp(-3 * X), X)
    return [sympy.simplify(option - slope) == 0 for option in options]


def shrinking() -> list[bool]:
    """The error of 1 + h at h = 0.01 over that at 0.001, to the nearest power of ten."""
    ratio = (special.expm1(0.01) - 0.01) / (special.expm1(0.001) - 0.001)
    return [round(np.log10(ratio)) == power for power in (1, 2, 3)]


def touching() -> list[bool]:
    """At the best field: is ∇(xy) zero, along (2, −1), or at right angles to it?"""
    x, y = field(12)
    gradient, along = np.array([y, x]), np.array([2, -1])
    parallel = abs(gradient[0] * along[1] - gradient[1] * along[0])
    return [np.allclose(gradient, 0), bool(parallel < 1e-6), bool(abs(gradient @ along) < 1e-4)]


def transposed() -> list[bool]:
    shape = np.einsum("nd,dk->kn", np.ones((100, 3)), np.ones((3, 5))).shape
    return [shape == option for option in ((100, 5), (5, 100), (3, 3))]


def fitting() -> list[bool]:
    """Each option against difference quotients, N = 4 and D = 2."""
    rng = np.random.default_rng(1)
    x, w, t = rng.normal(size=(4, 2)), rng.normal(size=2), rng.normal(size=4)
    slope = optimize.approx_fprime(w, lambda w: np.sum((x @ w - t) ** 2) / 2)

    def is_slope(product: Callable[[], np.ndarray]) -> bool:
        try:
            value = product()
        except ValueError:
            return False
        return value.shape == slope.shape and np.allclose(value, slope, atol=1e-6)

    errors = x @ w - t
    return [is_slope(lambda: errors), is_slope(lambda: x @ errors), is_slope(lambda: x.T @ errors)]


def bowl() -> list[bool]:
    """Does every rate just below the bound bring (1, 1) to the ground, and no rate just above it?"""

    def settles(rate: float) -> bool:
        w = np.ones(2)
        for _ in range(3000):
            w = w - rate * np.array([1, 100]) * w
            if np.abs(w).max() > 1e6:
                return False
        return bool(np.abs(w).max() < 1e-6)

    return [settles(0.99 * bound) and not settles(1.01 * bound) for bound in (2, 2 / 50.5, 2 / 100)]


def parabola() -> list[bool]:
    x = [-1, 0, 1]
    joint = {(one, one**2): Fraction(1, 3) for one in x}
    cov = sum(p * a * b for (a, b), p in joint.items()) - mean(x) * mean([a * a for a in x])
    independent = all(
        joint.get((a, b), 0) == Fraction(1, 3) * sum(p for (_, c), p in joint.items() if c == b)
        for a in x
        for b in (0, 1)
    )
    return [independent, cov != 0, cov == 0 and not independent]


def faster() -> list[bool]:
    affordable = {n: len(range(2**n)) for n in range(12, 26)}
    reached = max(n for n, steps in affordable.items() if steps <= 2 * affordable[12])
    return [reached == 24, reached == 13, reached == round(12 * 2**0.5)]


def broadcast() -> list[bool]:
    try:
        shape = np.broadcast_shapes((3,), (3, 1))
    except ValueError:
        shape = None
    return [shape == (3,), shape == (3, 3), shape is None]


CHOICES: dict[str, Callable[[], list[bool]]] = {
    "A probability p falls": logs,
    "The derivative of e^(−3x)": inner_slope,
    "You replace e^h": shrinking,
    "At the best point on the constraint": touching,
    "X has shape (100, 3)": transposed,
    "X is (N, D), w is (D)": fitting,
    "Gradient descent in the bowl": bowl,
    "x is −1, 0 or 1": parabola,
    "Listing the states": faster,
    "`a` has shape (3,)": broadcast,
}


def test_every_choice_is_right_and_only_that(page):
    """Each option in its order, against what a calculation says of it."""
    found = questions(page, Choice)
    assert len(found) == len(CHOICES)
    for start, verdicts in CHOICES.items():
        (question,) = [one for one in found if one.question.startswith(start)]
        said = [verdict[0] is True for verdict in question.options.values()]
        assert said == [bool(one) for one in verdicts()], start


OPTIONS = {
    "A probability p falls": ["ten times as large", "doubles", "falls"],
    "The derivative of e^(−3x)": ["−3x e^(−3x − 1)", "e^(−3x)", "−3 e^(−3x)"],
    "You replace e^h": ["10 times", "100 times", "1000 times"],
    "At the best point on the constraint": ["is zero", "along", "right angles"],
    "X has shape (100, 3)": ["(100, 5)", "(5, 100)", "(3, 3)"],
    "X is (N, D), w is (D)": ["Xw − t", "X(Xw − t)", "Xᵀ(Xw − t)"],
    "Gradient descent in the bowl": ["η < 2,", "η < 2/50.5,", "η < 2/100,"],
    "x is −1, 0 or 1": ["independent", "correlated", "uncorrelated"],
    "Listing the states": ["twice as many", "one spin more", "√2 times"],
    "`a` has shape (3,)": ["(3,)", "(3, 3)", "an error"],
}


@pytest.mark.parametrize("start", CHOICES)
def test_options_stand_in_the_order_that_is_tested(page, start):
    """So that a reordered or reworded question is not judged by the old order."""
    (question,) = [one for one in questions(page, Choice) if one.question.startswith(start)]
    assert len(question.options) == 3
    for words, option in zip(OPTIONS[start], question.options, strict=True):
        assert words in option
