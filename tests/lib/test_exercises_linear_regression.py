"""The checks of the chapter on linear regression: right answers pass, typical slips get their replies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, optimize, stats

from book_lib.exercises import check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)


def weighted(X, t, widths):
    """Plain least squares on rows divided by their widths."""
    return linalg.lstsq(X / widths[:, None], t / widths)[0]


def rate(X):
    return 2 * len(X) / linalg.norm(X, 2) ** 2


def imagined(X, t, penalty):
    rows = -np.sqrt(penalty) * np.eye(X.shape[1])[::-1]  # sign and order do not matter
    return np.vstack([rows, X]), np.concatenate([np.zeros(len(rows)), t])


def band(x, X, noise, prior):
    """From the joint normal law of old and new targets, without the weights: Var t − k K⁻¹ k."""
    old = prior**2 * X @ X.T + noise**2 * np.eye(len(X))
    cross = prior**2 * X @ x
    return np.sqrt(prior**2 * x @ x + noise**2 - cross @ np.linalg.solve(old, cross))


def ridge_hat(X, penalty):
    """Column by column: how the predictions answer to each target."""
    longer = np.vstack([X, np.sqrt(penalty) * np.eye(X.shape[1])])
    columns = [linalg.lstsq(longer, np.r_[e, np.zeros(X.shape[1])])[0] for e in np.eye(len(X))]
    return X @ np.array(columns).T


def free(X, penalty):
    return float(np.trace(ridge_hat(X, penalty)))


def left_out(X, t, penalty):
    """N fits, each without one example."""
    errors = []
    for n in range(len(X)):
        rest, targets = np.delete(X, n, axis=0), np.delete(t, n)
        longer = np.vstack([rest, np.sqrt(penalty) * np.eye(X.shape[1])])
        errors.append(t[n] - X[n] @ linalg.lstsq(longer, np.r_[targets, np.zeros(X.shape[1])])[0])
    return np.array(errors)


def test_the_chapter_registers_its_checks():
    assert names("linear_regression") == [f"linear_regression-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("linear_regression-2", weighted),
        ("linear_regression-3", rate),
        ("linear_regression-5", imagined),
        ("linear_regression-7", band),
        ("linear_regression-8", free),
        ("linear_regression-9", left_out),
    ],
)
def test_right_answers_pass_however_they_were_found(name, answer):
    verdict = check(name, answer)
    assert verdict.right, str(verdict)
    assert not verdict.failed


@given(SEEDS)
def test_every_line_has_its_answer_and_shows_every_slip(seed):
    puzzle = variant("linear_regression-1", seed)
    x, t = puzzle.inputs, puzzle.targets
    line = stats.linregress(x, t)
    assert check("linear_regression-1", line.slope, seed=seed).right
    slips = (
        (x @ t / (x @ x), "through the origin"),
        (stats.linregress(t, x).slope, "predicts x from t"),
        (line.intercept, "this is the bias"),
        ((t / x).mean(), "mean of the ratios"),
        (-line.slope, "the sign"),
        (line.slope * ((x - x.mean()) ** 2).sum(), "divide by the sum"),
    )
    for wrong, words in slips:
        verdict = check("linear_regression-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message, (wrong, str(verdict))


@given(SEEDS)
def test_every_belief_has_its_answer_and_shows_every_slip(seed):
    puzzle = variant("linear_regression-6", seed)
    x, t, s, tau = puzzle.inputs, puzzle.targets, puzzle.noise, puzzle.prior

    def minus_log_posterior(w):
        return -stats.norm.logpdf(t, w * x, s).sum() - stats.norm.logpdf(w, 0, tau)

    best = optimize.minimize_scalar(minus_log_posterior).x
    assert check("linear_regression-6", best, seed=seed).right
    for penalty, words in ((tau**2 / s**2, "upside down"), (0, "least squares"), (s / tau, "squares are missing"),
                           (1 / tau**2, "noise is missing"), (s**2, "width is missing")):  # fmt: skip
        verdict = check("linear_regression-6", x @ t / (x @ x + penalty), seed=seed)
        assert not verdict.right and words in verdict.message, (penalty, str(verdict))


@pytest.mark.parametrize("name", ["linear_regression-1", "linear_regression-6"])
def test_the_same_seed_gives_the_same_data(name):
    one, two = variant(name, 5), variant(name, 5)
    assert (one.inputs == two.inputs).all() and (one.targets == two.targets).all()
    assert len({tuple(variant(name, seed).targets) for seed in range(40)}) > 30


def test_the_hat_is_half_of_what_leaving_out_needs():
    """The reference itself: N fits against the formula of the exercise."""
    rng = np.random.default_rng(1)
    X, t = rng.normal(size=(7, 3)), rng.normal(size=7)
    hat = ridge_hat(X, 0.7)
    assert left_out(X, t, 0.7) == pytest.approx((t - hat @ t) / (1 - np.diag(hat)))


def test_the_largest_rate_is_where_descent_turns():
    """A little below, distances shrink; a little above, they grow."""
    X = np.random.default_rng(2).normal(size=(9, 3)) * [1, 4, 0.5]
    for factor, shrinks in ((0.999, True), (1.001, False)):
        steps = np.eye(3) - factor * rate(X) * X.T @ X / 9
        assert (np.abs(np.linalg.eigvals(steps)).max() < 1) == shrinks


def half_weighted(X, t, widths):
    rows = X / widths[:, None]
    return linalg.solve(rows.T @ rows, X.T @ t)


def ignorance(x, X, noise, prior):
    """xᵀSx from the joint normal law, as in ``band``."""
    return band(x, X, noise, prior) ** 2 - noise**2


def unpenalised(X, t, penalty):
    return X, t


def rows_of(build, target=0.0):
    def answer(X, t, penalty):
        rows = np.asarray(build(X, penalty))
        return np.vstack([X, rows]), np.concatenate([t, np.full(len(rows), target)])

    return answer


def errors_of(X, t, penalty):
    return t - ridge_hat(X, penalty) @ t


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("linear_regression-2", lambda X, t, s: linalg.lstsq(X, t)[0], "widths are not used"),
        ("linear_regression-2", lambda X, t, s: weighted(X, t, np.sqrt(s)), "not by σ"),
        ("linear_regression-2", lambda X, t, s: weighted(X, t, 1 / s), "Upside down"),
        ("linear_regression-2", lambda X, t, s: weighted(X, t, s**2), "used twice"),
        ("linear_regression-2", lambda X, t, s: weighted(X, t, s**-0.5), "Upside down"),
        ("linear_regression-2", half_weighted, "right-hand side"),
        ("linear_regression-3", lambda X: rate(X) / len(X), "limit for the sum"),
        ("linear_regression-3", lambda X: rate(X) / 2, "lands at once"),
        ("linear_regression-3", lambda X: rate(X) / len(X) / 2, "Two things"),
        ("linear_regression-3", lambda X: 2 * len(X) / linalg.svdvals(X)[-1] ** 2, "flattest"),
        ("linear_regression-3", lambda X: 2 * len(X) / linalg.norm(X, 2), "singular value"),
        ("linear_regression-3", lambda X: 2 * len(X) / linalg.norm(X) ** 2, "adds all eigenvalues"),
        ("linear_regression-5", rows_of(lambda X, p: p * np.eye(X.shape[1])), "√λ in the row"),
        ("linear_regression-5", rows_of(lambda X, p: np.full((1, X.shape[1]), p**0.5)), "row of its own"),
        ("linear_regression-5", rows_of(lambda X, p: np.eye(X.shape[1])), "penalty is not used"),
        ("linear_regression-5", rows_of(lambda X, p: p**0.5 * np.eye(X.shape[1]), 1.0), "targets are 0"),
        ("linear_regression-5", rows_of(lambda X, p: (p * len(X)) ** 0.5 * np.eye(X.shape[1])), "not Nλ"),
        ("linear_regression-5", unpenalised, "Nothing was appended"),
        ("linear_regression-7", lambda x, X, s, p: band(x, X, s, p) ** 2, "variance"),
        ("linear_regression-7", lambda x, X, s, p: np.sqrt(band(x, X, s, p) ** 2 - s**2), "has its own noise"),
        ("linear_regression-7", lambda x, X, s, p: s, "noise alone"),
        (
            "linear_regression-7",
            lambda x, X, s, p: s + np.sqrt(band(x, X, s, p) ** 2 - s**2),
            "standard deviations do not",
        ),
        ("linear_regression-7", lambda x, X, s, p: band(x, X, s, 1 / p), "wide prior says little"),
        ("linear_regression-7", lambda x, X, s, p: np.sqrt(s**2 + ignorance(x, X, 1, p)), "divided by σ²"),
        ("linear_regression-7", lambda x, X, s, p: np.sqrt(s**2 + ignorance(x, X, s, p) / s**2), "factor σ²"),
        ("linear_regression-8", lambda X, p: (linalg.svdvals(X) / (linalg.svdvals(X) + p)).sum(), "squares s²"),
        ("linear_regression-8", lambda X, p: X.shape[1] - free(X, p), "held back"),
        ("linear_regression-8", lambda X, p: free(X, p**2), "λ is not squared"),
        ("linear_regression-8", lambda X, p: float(X.shape[1]), "counts all columns"),
        ("linear_regression-8", lambda X, p: free(X, p) / X.shape[1], "That is the mean"),
        ("linear_regression-8", lambda X, p: free(X, p * len(X)), "not Nλ"),
        ("linear_regression-8", lambda X, p: (ridge_hat(X, p) ** 2).sum(), "Each factor once"),
        ("linear_regression-9", errors_of, "training errors"),
        ("linear_regression-9", lambda X, t, p: left_out(X, t, 0.0), "penalty is not used"),
        ("linear_regression-9", lambda X, t, p: -left_out(X, t, p), "The sign"),
        (
            "linear_regression-9",
            lambda X, t, p: errors_of(X, t, p) * (1 - np.diag(ridge_hat(X, p))),
            "Divide by 1 − h",
        ),
        ("linear_regression-9", lambda X, t, p: errors_of(X, t, p) / (1 - free(X, p) / len(X)), "mean leverage"),
        ("linear_regression-9", lambda X, t, p: errors_of(X, t, p) / np.diag(ridge_hat(X, p)), "not by h"),
        ("linear_regression-9", lambda X, t, p: left_out(X, t, p) ** 2, "not their squares"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda X, t, p: X, "a pair, the longer X and the longer t"),
        (lambda X, t, p: (X, t[:-1]), "do not belong together"),
        (lambda X, t, p: (X.T, t), "do not belong together"),
        (lambda X, t, p: None, "a pair"),
    ],
)
def test_what_is_no_longer_table_is_told(answer, words):
    verdict = check("linear_regression-5", answer)
    assert not verdict.right and all(words in text for text in verdict.failed)


def test_the_value_of_a_function_is_not_the_function():
    assert "itself, not its value" in check("linear_regression-5", 3.0).message


def test_a_band_that_inverts_an_empty_table_is_told():
    def careless(x, X, noise, prior):
        precision = X.T @ X / noise**2  # no prior: singular with few rows
        return np.sqrt(noise**2 + x @ np.linalg.solve(precision, x))

    verdict = check("linear_regression-7", careless)
    assert not verdict.right and any("LinAlgError" in text for text in verdict.failed)
