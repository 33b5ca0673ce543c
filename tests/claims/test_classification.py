"""The claims of the chapter on classification, against values that share no code with what they test."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

from book_lib import classification, datasets, probability
from book_lib.explorables import Boundaries, Threshold


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("classification")


def spelled_out(logits, label):
    """−ln p of one label, term by term."""
    return math.log(sum(math.exp(z) for z in logits)) - logits[label]


# ---------------------------------------------------------------------------- K-21, K-01: labels


@pytest.mark.claim("K-21")
def test_the_target_decides_what_kind_of_task_it_is(here):
    assert here.right_option("A camera reads the postcode") == "classification"
    assert here.right_option("From a photograph of a cat: how heavy").startswith("regression")
    assert here.right_option("Which of 60,000 people").startswith("classification")
    digits = datasets.digits()
    assert digits.targets.dtype.kind == "i" and set(digits.targets) == set(range(10))
    assert datasets.diabetes().targets.dtype.kind == "f"
    with pytest.raises((ValueError, TypeError), match="labels"):
        classification.SoftmaxRegression(1.0).fit([[0.0], [1.0], [2.0]], [0.3, 1.0, 2.0])


@pytest.mark.claim("K-01")
def test_the_two_animals_are_encoded(here):
    code, kinds = here.names["two"], here.names["kinds"]
    assert kinds.tolist() == [1, 0]  # the long one is the dog
    assert code[:, 0].tolist() == [1, 1]
    assert code[:, 1:3].tolist() == [[100, 30], [40, 20]]
    ears, coats = code[:, 3:5], code[:, 5:7]
    for one_hot in (ears, coats):
        assert one_hot.sum(axis=1).tolist() == [1, 1]
        assert (one_hot @ one_hot.T).tolist() == [[1, 0], [0, 1]]  # names are alike or not, never in between
    third = here.names["encode"]((80, "pointed", 28, "white"))
    assert third.tolist() == [1, 80, 28, 0, 1, 0, 1]
    assert "80 cm long, pointed ears, a tail of 28 cm, white" in here.prose("sec-class-labels")


# ---------------------------------------------------------------------------- K-02: the hard threshold


@pytest.mark.claim("K-02")
def test_a_step_has_no_slope_and_a_soft_step_has_one(here):
    length, t = here.names["cm"][:, 0], here.names["t"]
    assert here.numbers["flat"] == here.numbers["tries"] == 161
    for cut, share in zip(here.names["cuts"][::10], here.names["shares"][::10], strict=True):
        wrong = sum((x > cut) != label for x, label in zip(length, t, strict=True))
        assert share == pytest.approx(wrong / 60)
    assert here.numbers["best_share"] == round(60 * min(here.names["shares"]))
    lengths = np.sort(length)  # between two neighbours nothing changes, so that these gaps are all there is
    gaps = [(((length > (a + b) / 2) != t).sum(), a, b) for a, b in zip(lengths, lengths[1:], strict=False)]
    tied = [gap for gap in gaps if gap[0] == min(gaps)[0]]
    assert tied[0][0] == here.numbers["best_share"]
    assert tied[0][1] < here.numbers["cut_low"] < tied[0][1] + 0.25  # the grid's step
    assert tied[-1][2] > here.numbers["cut_high"] > tied[-1][2] - 0.25
    levels = set(here.names["shares"])
    assert len(levels) < 40 and all(abs(60 * level - round(60 * level)) < 1e-9 for level in levels)

    def surprise(cut):
        z = (length - cut) / 8
        return -np.log(np.where(t == 1, special.expit(z), special.expit(-z))).mean()

    slopes = [(surprise(cut + 0.01) - surprise(cut - 0.01)) / 0.02 for cut in (45.0, 50.0, 60.0, 75.0)]
    assert slopes[0] < slopes[1] < 0 < slopes[2] < slopes[3]
    bottom = optimize.minimize_scalar(surprise, bounds=(40, 80), method="bounded").x
    assert here.numbers["bowl_bottom"] == pytest.approx(bottom, abs=0.25)  # the grid's step
    assert here.names["bowl"][::20] == pytest.approx([surprise(cut) for cut in here.names["cuts"][::20]])
    assert here.numbers["cut_low"] - 5 < bottom < here.numbers["cut_high"] + 5


@pytest.mark.claim("K-02")
def test_the_step_is_the_limit_of_cold_sigmoids():
    z = np.array([-1.0, -0.1, 0.1, 1.0])
    assert classification.sigmoid(z / 0.01) == pytest.approx([0, 0, 1, 1], abs=1e-4)


# ---------------------------------------------------------------------------- K-03, K-04: the sigmoid and its kin


@pytest.mark.claim("K-03")
def test_the_sigmoid(here):
    sigmoid = here.names["sigmoid"]
    z = np.linspace(-20, 20, 81)
    assert sigmoid(z) == pytest.approx([1 / (1 + math.exp(-one)) for one in z], rel=1e-12)
    assert sigmoid(0.0) == 0.5
    assert sigmoid(-z) == pytest.approx(1 - sigmoid(z), abs=1e-15)
    step = 1e-6
    quotients = (sigmoid(z + step) - sigmoid(z - step)) / (2 * step)
    assert quotients == pytest.approx(sigmoid(z) * (1 - sigmoid(z)), abs=1e-9)
    assert quotients.argmax() == 40 and quotients.max() == pytest.approx(0.25)
    assert (sigmoid(1000.0), sigmoid(-1000.0)) == (1.0, 0.0)
    assert here.numbers["rate"] == pytest.approx(here.numbers["product"], abs=1e-9)


@pytest.mark.claim("K-03")
def test_the_sigmoid_is_boltzmanns_law_and_its_score_the_log_odds(here):
    for z, temperature in ((0.7, 1.0), (-2.0, 0.5), (3.0, 4.0)):
        dog, other = probability.boltzmann([-z, 0.0], temperature)
        assert dog == pytest.approx(special.expit(z / temperature))
        assert math.log(dog / other) == pytest.approx(z / temperature)
    section = here.section("sec-class-sigmoid")
    assert r"z = \ln \frac{p}{1 - p}" in section
    assert r"\sigma'(z) = \sigma(z)\bigl(1 - \sigma(z)\bigr)" in section
    assert r"\sigma(z) &= \frac{1}{1 + e^{-z}}" in section and "{eq}`eq-info-boltzmann`" in section
    assert r"p &= \frac{e^{z/T}}{e^{z/T} + 1} = \sigma(z/T)" in section
    assert r"$e^{-z} = (1 - p)/p$" in section and r"$e^{-z}/(1 + e^{-z})^2 = p^2 \cdot (1 - p)/p$" in section


@pytest.mark.claim("K-04")
def test_other_soft_steps(here):
    links = here.names["links"]
    z = np.linspace(-6, 6, 121)
    references = {
        "logistic": special.expit(z),
        "probit": stats.norm.cdf(z),
        "tanh": (1 + np.tanh(z)) / 2,
    }
    assert set(references) == set(links)
    for name, wanted in references.items():
        values = links[name](z)
        assert values == pytest.approx(wanted, abs=1e-12)
        assert (np.diff(values) > 0).all() and 0 < values[0] < values[-1] < 1
    assert here.numbers["same_tanh"] < 1e-12
    assert links["tanh"](z) == pytest.approx(special.expit(2 * z))
    assert "call the *inverse*, from $p$ back to $z$" in here.prose("sec-class-sigmoid")


# ---------------------------------------------------------------------------- K-05, K-06: likelihood and loss


@pytest.mark.claim("K-05")
def test_exponents_say_if(here):
    names = here.names
    assert names["with_if"] == pytest.approx(names["with_power"], rel=1e-12)
    score = (names["cm"][:, 0] - 53) / 8
    log_likelihood = sum(
        math.log(special.expit(z)) if label else math.log(1 - special.expit(z))
        for z, label in zip(score, names["t"], strict=True)
    )
    assert here.numbers["log_likelihood"] == pytest.approx(log_likelihood)
    for p in (0.1, 0.5, 0.9):
        for t in (0, 1):
            assert p**t * (1 - p) ** (1 - t) == pytest.approx(p if t else 1 - p)
    section = here.section("sec-class-likelihood")
    assert r"P(t) &= \prod_i p_i^{\,t_i} (1 - p_i)^{1 - t_i}" in section
    assert r"-\ln P(t) &= -\sum_i \bigl[ t_i \ln p_i" in section


@pytest.mark.claim("K-06")
def test_the_loss_is_a_cross_entropy_and_a_surprise(here):
    rng = np.random.default_rng(1)
    scores, labels = 3 * rng.normal(size=50), rng.integers(0, 2, size=50)
    losses = classification.binary_cross_entropy(scores, labels)
    for z, t, loss in zip(scores, labels, losses, strict=True):
        p = special.expit(z)
        wanted = -(t * math.log(p) + (1 - t) * math.log(1 - p))
        assert loss == pytest.approx(wanted)
        assert probability.cross_entropy([t, 1 - t], [p, 1 - p]) == pytest.approx(wanted)
        assert stats.entropy([t, 1 - t], [p, 1 - p]) == pytest.approx(
            wanted
        )  # the divergence, as the label is sure
    assert losses.mean() == pytest.approx(-np.log(stats.bernoulli.pmf(labels, special.expit(scores))).mean())
    assert here.numbers["sure_ratio"] == pytest.approx(3)
    assert (here.numbers["wrong"], here.numbers["sure_wrong"]) == pytest.approx((2.302585, 6.907755))
    assert "Minus the bracket in {eq}`eq-class-likelihood` is" in here.prose("sec-class-cross-entropy")
    section = here.section("sec-class-cross-entropy")
    assert r"\mathcal{L} = {}& {-\frac1N} \sum_i \bigl[ t_i \ln p_i" in section
    assert r"+ (1 - t_i) \ln (1 - p_i) \bigr]" in section


@pytest.mark.claim("K-06")
def test_the_loss_against_the_score(here):
    numbers = here.numbers
    right, off = -math.log(special.expit(6)), -math.log(special.expit(-6))
    assert (numbers["sure_right"], numbers["sure_off"]) == pytest.approx((right, off))
    far = here.names["loss_signs"](-30.0, 1) - here.names["loss_signs"](-29.0, 1)
    assert far == pytest.approx(1, abs=1e-9)  # a straight line where it errs


# ---------------------------------------------------------------------------- K-07: two conventions


@pytest.mark.claim("K-07")
def test_the_conventions_agree_and_survive(here):
    printed = ((-3.0, 0, 0.048587), (0.5, 1, 0.474077), (4.0, 0, 4.018150))
    for z, t, wanted in printed:
        assert here.names["loss_signs"](z, 2 * t - 1) == pytest.approx(wanted, abs=5e-7)
        assert classification.binary_cross_entropy(z, t) == pytest.approx(wanted, abs=5e-7)
        assert classification.binary_cross_entropy(z, 2 * t - 1, convention="pm1") == pytest.approx(
            wanted, abs=5e-7
        )
    grid = np.linspace(-30, 30, 601)
    for t in (0, 1):
        s = 2 * t - 1
        exact = np.logaddexp(0, -s * grid)
        labels = np.full(601, t)
        assert classification.binary_cross_entropy(grid, labels) == pytest.approx(exact)
        assert classification.binary_cross_entropy(grid, 2 * labels - 1, convention="pm1") == pytest.approx(
            exact
        )
        assert here.names["loss_signs"](grid, s) == pytest.approx(exact)
    far = here.names["loss_signs"](np.array([1000.0, -1000.0]), np.array([-1, -1]))
    assert far.tolist() == [1000.0, 0.0]
    with np.errstate(all="ignore"):
        assert not np.isfinite(here.names["loss_01"](1000.0, 0)) and not np.isfinite(
            here.names["loss_01"](-1000.0, 0)
        )
    assert (here.numbers["convention_gap"], here.numbers["far_wrong"]) == pytest.approx((0, 1000), abs=1e-12)
    section = here.section("sec-class-signs")
    assert r"\ell = \ln\bigl(1 + e^{-sz}\bigr)" in section
    assert "\\max(a, 0) \\\\\n&+ \\ln\\bigl(1 + e^{-|a|}\\bigr)" in section
    for a in (-700.0, -0.5, 0.0, 3.0, 700.0):
        assert max(a, 0) + math.log(1 + math.exp(-abs(a))) == pytest.approx(np.logaddexp(0, a))


@pytest.mark.claim("K-07")
def test_a_nought_among_signs_teaches_nothing(here):
    assert here.names["loss_signs"](np.array([-5.0, 0.0, 7.0]), 0) == pytest.approx([math.log(2)] * 3)
    with pytest.raises(ValueError, match="labels must hold only -1 and \\+1"):
        classification.binary_cross_entropy([0.5], [0], convention="pm1")


# ---------------------------------------------------------------------------- K-08: the descent


@pytest.mark.claim("K-08")
def test_the_step_of_the_solution_is_the_slope(here):
    step = here.names["step"]
    rng = np.random.default_rng(6)
    X, s, w = rng.normal(size=(9, 4)), np.where(rng.random(9) < 0.5, -1, 1), rng.normal(size=4)

    def loss(w):
        return np.log(1 + np.exp(-s * (X @ w))).mean()

    quotients = [(loss(w + h) - loss(w - h)) / 2e-6 for h in 1e-6 * np.eye(4)]
    assert (w - step(w, X, s, 0.3)) / 0.3 == pytest.approx(quotients, abs=1e-8)
    prediction = special.expit(X @ w) - (s + 1) / 2
    assert quotients == pytest.approx(X.T @ prediction / 9, abs=1e-8)
    assert max(here.numbers["sixty_rise"], here.numbers["two_rise"]) < 1e-15  # the largest change of the loss
    assert np.isfinite(step(np.array([1000.0]), np.array([[1.0], [-1.0]]), np.array([-1, 1]), 1.0)).all()


@pytest.mark.claim("K-08")
def test_the_descent_finds_what_an_optimiser_finds(here):
    numbers, X, t = here.numbers, here.names["X"], here.names["t"]
    sign = 2 * t - 1
    found = optimize.minimize(lambda w: np.logaddexp(0, -sign * (X @ w)).mean(), np.zeros(3), tol=1e-12)
    assert (numbers["w_0"], numbers["w_1"], numbers["w_2"]) == pytest.approx(found.x, abs=2e-3)
    assert numbers["fit_loss"] == pytest.approx(found.fun, abs=1e-6)
    assert numbers["fit_gap"] < 1e-4
    assert numbers["fit_right"] == ((X @ found.x > 0) == (t == 1)).sum()


@pytest.mark.claim("K-08")
def test_the_loss_is_convex_with_the_curvature_told(here):
    X, rng = here.names["X"], np.random.default_rng(2)
    largest = np.linalg.svd(X, compute_uv=False)[0] ** 2 / len(X) / 4
    assert here.numbers["limit"] == pytest.approx(2 / largest)
    for _ in range(50):
        p = special.expit(X @ (3 * rng.normal(size=3)))
        curvatures = np.linalg.eigvalsh(X.T * (p * (1 - p)) @ X / len(X))
        assert 0 <= curvatures[0] + 1e-15 and curvatures[-1] <= largest


@pytest.mark.claim("K-08")
def test_separable_weights_grow_as_the_logarithm_of_time(here):
    losses, norms, _ = zip(*here.names["seen"].values(), strict=True)
    assert list(losses) == sorted(losses, reverse=True) and losses[-1] < 2e-4
    gains = np.diff(norms)[1:]
    assert gains == pytest.approx([gains[-1]] * 3, rel=0.02)  # the same for each factor of ten
    assert here.numbers["two_late"] > 50 * here.numbers["sixty_late"] >= 0
    X, s = here.names["centred"], 2 * here.names["kinds"] - 1
    w, sure = np.zeros(7), []
    for step in range(10_000):
        w = w + 0.05 * X.T @ (s / (1 + np.exp(s * (X @ w))))
        if step + 1 in (100, 10_000):
            sure.append(
                100 / (1 + math.exp(-(w @ ([1, 80, 28, 0, 1, 0, 1] - here.names["two"].mean(axis=0)) / 10)))
            )
    assert (here.numbers["third_2"], here.numbers["third_4"]) == pytest.approx(sure)
    assert here.numbers["norm_4"] == pytest.approx(np.linalg.norm(w))
    with pytest.raises(ValueError, match="penalty"):
        classification.LogisticRegression(penalty=0.0).fit(here.names["centred"], here.names["kinds"])


@pytest.mark.claim("K-08")
def test_as_many_columns_as_examples_can_have_any_scores():
    rng = np.random.default_rng(1)
    X, s = rng.normal(size=(20, 20)), np.where(rng.random(20) < 0.5, -1.0, 1.0)
    assert s * (X @ np.linalg.solve(X, s)) == pytest.approx(np.ones(20))


@pytest.mark.claim("K-08")
def test_a_dog_among_the_cats_tilts_the_line_and_a_far_one_turns_it(here):
    """As the text says of the explorable: within the picture it stays wrong, at x₁ = −20 its lever wins."""
    assert here.calls("Boundaries")[0][2] == {"view": "two"}
    widget = Boundaries(view="two")
    inputs, labels = widget.data()
    dog = int(np.flatnonzero(labels)[0])

    def probability_there(*place):
        moved = inputs.copy()
        moved[dog] = place
        signs = 2 * labels - 1
        table = np.column_stack([np.ones(len(moved)), moved])
        found = optimize.minimize(lambda w: np.logaddexp(0, -signs * (table @ w)).sum(), np.zeros(3))
        return special.expit(table[dog] @ found.x)

    assert max(probability_there(a, b) for a in (-2.0, -3.0) for b in (-0.7, 0.0, 0.4)) < 0.5
    assert probability_there(-20.0, 0.5) > 0.5
    assert "A dog at $x_1 = -20$" in here.prose("sec-class-separable")


@pytest.mark.claim("K-08")
def test_the_worked_and_the_faded_slope(here):
    numbers = here.numbers
    p = 1 / (1 + math.e)
    assert (numbers["slope_1"], numbers["slope_2"]) == pytest.approx((p - 1, 2 * (p - 1)))
    assert numbers["z_after"] == pytest.approx((1 - p) + 2 * (-0.5 + 2 * (1 - p)))
    prose = here.prose("sec-class-gradient")
    assert "$p = \\sigma(-1) = 0.269$" in prose and "gradient is $(-0.731, -1.462)$" in prose
    assert "score 2.655, $p = 0.934$" in prose and f"{numbers['p_after']:.3f}" == "0.934"
    z = 0.8
    for s in (1, -1):
        quotient = (np.logaddexp(0, -s * (z + 1e-6)) - np.logaddexp(0, -s * (z - 1e-6))) / 2e-6
        assert quotient == pytest.approx(-s * special.expit(-s * z), abs=1e-9)
    assert here.right_option("▢₁ is") == "−σ(−z)"
    assert here.right_option("▢₂ is") == "−s σ(−sz)"
    section = here.section("sec-class-gradient")
    assert r"\frac{\partial \ell}{\partial z} &= p - t" in section and "{eq}`eq-info-learning`" in section
    assert r"\nabla_{\!w}\, \mathcal{L} &= \frac1N \sum_i (p_i - t_i)\, x_i" in section


# ---------------------------------------------------------------------------- K-09, K-18: decisions


@pytest.mark.claim("K-09")
def test_one_half_is_the_sign_of_the_score(here):
    rng = np.random.default_rng(3)
    X, t = rng.normal(size=(200, 2)), rng.integers(0, 2, size=200)
    model = classification.LogisticRegression(penalty=1.0).fit(X, t)
    said = model.predict(X)
    assert (said == (model.logits(X) >= 0)).all() and (said == (model.predict_proba(X) >= 0.5)).all()
    assert 0 < said.sum() < 200
    assert r"p > \frac{a}{a + b}" in here.section("sec-class-half")


@pytest.mark.claim("K-09")
@pytest.mark.parametrize(("false_alarm", "miss"), [(1.0, 1.0), (1.0, 9.0), (4.0, 1.0)])
def test_the_threshold_of_least_cost(false_alarm, miss):
    """Tried out on calibrated probabilities: no other threshold is cheaper."""
    rng = np.random.default_rng(8)
    p = rng.random(400_000)
    came = rng.random(400_000) < p
    cuts = np.linspace(0.02, 0.98, 49)
    costs = [np.where(p > cut, false_alarm * ~came, miss * came).mean() for cut in cuts]
    assert cuts[int(np.argmin(costs))] == pytest.approx(false_alarm / (false_alarm + miss), abs=0.03)


@pytest.mark.claim("K-18")
def test_the_false_alarms_among_a_million(here):
    numbers = here.numbers
    assert numbers["alarms"] == 8000
    assert 0.992 + 0.008 == 1
    assert numbers["found"] / 100 == pytest.approx(1e-6 / (1e-6 + (1 - 1e-6) * 0.008))
    assert numbers["odds"] == pytest.approx(-13.8155, abs=1e-4)
    assert numbers["nats"] == pytest.approx(4.8283, abs=1e-4)
    assert special.logit(numbers["found"] / 100) == pytest.approx(numbers["odds"] + numbers["nats"], abs=1e-5)
    assert classification.precision_at(1e-6, 1.0, 0.008) == pytest.approx(numbers["found"] / 100)
    odds = 1e-6 / (1 - 1e-6) / 0.008**3  # three alarms that err independently
    assert numbers["three"] / 100 == pytest.approx(odds / (1 + odds))


@pytest.mark.claim("K-18")
@pytest.mark.parametrize("one_in", [2, 10, 100, 1000])
def test_precision_falls_with_the_base_rate(here, one_in):
    rate, tail = 1 / one_in, stats.norm.sf
    wanted = rate * tail(-1.5) / (rate * tail(-1.5) + (1 - rate) * tail(1.5))
    alarms = 200_000 * (rate * tail(-1.5) + (1 - rate) * tail(1.5))
    error = math.sqrt(wanted * (1 - wanted) / alarms)
    assert abs(here.numbers[f"precision_{one_in}"] - wanted) < 4 * error


@pytest.mark.claim("K-18")
def test_the_roc_curve_does_not_know_the_base_rate(here):
    for rate in (0.5, 0.1, 0.02):
        drawn = datasets.scores(200_000, rate, separation=3.0, rng=5)
        assert classification.auc(drawn.labels, drawn.scores) == pytest.approx(
            stats.norm.cdf(3 / math.sqrt(2)), abs=2e-3
        )
    assert here.numbers["area_own"] == pytest.approx(here.numbers["area_library"], abs=1e-12)
    cut = optimize.brentq(lambda c: 0.01 * stats.norm.sf(c - 3) - 0.99 * stats.norm.sf(c), 0, 6)
    assert here.numbers["half_cut"] == pytest.approx(cut)
    assert here.numbers["half_missed"] == pytest.approx(100 * stats.norm.cdf(cut - 3))
    assert len(here.calls("Threshold")) == 1 and here.calls("Threshold")[0][2]["separation"] == 3.0


# ---------------------------------------------------------------------------- K-10 … K-16: many classes


@pytest.mark.claim("K-10")
def test_softmax_makes_a_law(here):
    laws, Z = here.names["laws"], here.names["Z"]
    for row, z in zip(laws, Z, strict=True):
        weights = [math.exp(one) for one in z]
        assert row == pytest.approx([w / sum(weights) for w in weights])
    assert here.numbers["law_gap"] < 1e-12
    far = probability.softmax(np.array([1000.0, 999.0, -1000.0]))
    assert far == pytest.approx([special.expit(1), special.expit(-1), 0], abs=1e-12)
    for a, b in ((0.3, -1.0), (1000.0, 1001.0)):
        assert probability.softmax(np.array([a, b]))[0] == pytest.approx(special.expit(a - b))
    section = here.section("sec-class-softmax")
    assert r"p_1 = \frac{e^{z_1}}{e^{z_1} + e^{z_2}} = \sigma(z_1 - z_2)" in section
    assert r"p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad z = Wx" in section


@pytest.mark.claim("K-11")
def test_scores_are_no_law(here):
    Z = here.names["Z"]
    assert (Z < 0).any() and (Z > 1).any()
    assert np.abs(Z.sum(axis=1) - 1).min() > 0.1
    assert (probability.softmax(Z) > 0).all()


@pytest.mark.claim("K-12")
def test_the_shapes_of_linear_scores(here):
    W, inputs, Z = (here.names[name] for name in ("W", "inputs", "Z"))
    assert W.shape == (3, 5) and inputs.shape == (4, 5) and Z.shape == (4, 3)
    assert Z[2, 1] == pytest.approx(sum(w * x for w, x in zip(W[1], inputs[2], strict=True)))
    digits = datasets.digits().take(np.arange(300))
    model = classification.SoftmaxRegression(1.0).fit(digits.inputs, digits.targets)
    assert model.weights.shape == (10, 64) and model.bias.shape == (10,)
    x = digits.inputs[7]
    by_hand = [
        sum(w * v for w, v in zip(row, x, strict=True)) + c
        for row, c in zip(model.weights, model.bias, strict=True)
    ]
    assert model.logits(digits.inputs)[7] == pytest.approx(by_hand)
    assert "$Z = XW^\\top$" in here.prose("sec-class-softmax")


@pytest.mark.claim("K-13")
def test_the_loss_of_many_classes_and_its_slope(here):
    rng = np.random.default_rng(9)
    for size in (2, 3, 10):
        z, label = 2 * rng.normal(size=size), int(rng.integers(size))
        loss = classification.softmax_cross_entropy(z[None], [label])[0]
        assert loss == pytest.approx(spelled_out(z, label)) and loss > 0
        steps = 1e-6 * np.eye(size)
        quotients = [(spelled_out(z + h, label) - spelled_out(z - h, label)) / 2e-6 for h in steps]
        assert classification.cross_entropy_gradient(z[None], [label])[0] == pytest.approx(
            quotients, abs=1e-8
        )
    assert np.isfinite(classification.softmax_cross_entropy([[1000.0, 0.0]], [1])).all()
    assert r"\ell = -\ln p_y = \ln \sum_j e^{z_j} - z_y" in here.section("sec-class-pooled")
    section = here.section("sec-class-slope")
    assert r"\frac{\partial \ell}{\partial z_k} &= p_k - t_k" in section
    assert (
        r"\frac{\partial \ell}{\partial W} &= (p - t)\, x^\top" in section
        and "{eq}`eq-info-learning`" in section
    )
    slope = here.names["slope"]
    W, X, labels = rng.normal(size=(3, 4)), rng.normal(size=(5, 4)), np.array([0, 1, 2, 2, 1])

    def mean(W):
        return np.mean([spelled_out(W @ x, y) for x, y in zip(X, labels, strict=True)])

    for k, d in ((0, 0), (1, 3), (2, 2)):
        h = np.zeros((3, 4))
        h[k, d] = 1e-6
        assert slope(W, X, labels)[k, d] == pytest.approx((mean(W + h) - mean(W - h)) / 2e-6, abs=1e-8)
    assert np.abs(slope(W, X, labels).sum(axis=0)).max() < 1e-15


@pytest.mark.claim("K-13")
def test_the_softmax_loss_is_convex_and_curves_least_gently_at_the_start(here):
    """Along u the curvature is the variance of u under p, at the start at most |u|²/K."""
    rng = np.random.default_rng(3)
    for p in (np.full(10, 0.1), rng.dirichlet(np.ones(10))):
        curvatures = np.linalg.eigvalsh(np.diag(p) - np.outer(p, p))
        assert curvatures[0] > -1e-12 and curvatures[-1] <= 0.5
        u, z = rng.normal(size=10), np.log(p)
        second = (
            special.logsumexp(z + 1e-3 * u) - 2 * special.logsumexp(z) + special.logsumexp(z - 1e-3 * u)
        ) / 1e-6
        assert second == pytest.approx(p @ u**2 - (p @ u) ** 2, rel=1e-4)
    train = here.names["train"]
    X, T = np.column_stack([np.ones(len(train)), train.inputs]), np.eye(10)[train.targets]
    largest = np.linalg.svd(X, compute_uv=False)[0] ** 2 / len(X)
    assert here.numbers["start_limit"] == pytest.approx(2 / (largest / 10 + 1 / len(X))) and largest > 0
    assert here.numbers["start_limit"] > 1.5
    W, free, losses = np.zeros((10, 65)), np.r_[0, np.ones(64)], []
    for _ in range(250):  # the loop of the text: it falls at every step
        z = X @ W.T
        losses.append((special.logsumexp(z, axis=1) - (T * z).sum(axis=1)).sum() + (free * W**2).sum() / 2)
        W = W - 1.5 * ((special.softmax(z, axis=1) - T).T @ X + free * W) / len(X)
    assert (np.diff(losses) < 0).all()
    assert W == pytest.approx(here.names["weights"], abs=1e-9)


@pytest.mark.claim("K-14")
def test_the_largest_score_decides(here):
    z = np.random.default_rng(4).normal(size=(10_000, 6)) * 5
    assert (special.softmax(z, axis=1).argmax(axis=1) == z.argmax(axis=1)).all()
    best, test = here.names["best"], here.names["test"]
    logits = best.logits(test.inputs)
    assert (best.predict(test.inputs) == special.softmax(logits, axis=1).argmax(axis=1)).all()


@pytest.mark.claim("K-15")
def test_the_weather_is_a_die_for_each_sky(here):
    blue, grey, black = here.names["weather"]
    assert (blue[0], blue[2], grey[1], black[2]) == (0.9, 0.1, 0.7, 0.9)
    for law in (blue, grey, black):
        assert (law >= 0).all() and law.sum() == pytest.approx(1)
    foreseen = -math.log(blue[0]) - math.log(grey[1]) - math.log(black[2])
    assert f"{foreseen:.3f}" == "0.567" and "= 0.567$" in here.prose("sec-class-pooled")
    assert blue[1] == 0  # so the pooled loss with the blue sky's law is infinite


@pytest.mark.claim("K-16")
def test_any_scores_make_a_law():
    rng = np.random.default_rng(7)
    for scale in (1e-3, 1.0, 1e3):
        laws = probability.softmax(scale * rng.normal(size=(100, 5)) + rng.normal())
        assert (laws >= 0).all() and laws.sum(axis=1) == pytest.approx(np.ones(100))
        assert laws == pytest.approx(probability.softmax(np.log(laws + 1e-300)), abs=1e-9)


@pytest.mark.claim("K-17")
def test_pooled_counts_forget_the_inputs(here):
    numbers = here.numbers
    told = [f"{numbers[name]:.4f}" for name in ("each", "pooled_1", "pooled_2", "pooled_3")]
    assert told == ["5.3620", "4.9776", "6.1551", "5.8045"]
    logits, labels = here.names["scores"], here.names["seen_classes"]
    each = sum(spelled_out(z, y) for z, y in zip(logits, labels, strict=True))
    assert numbers["each"] == pytest.approx(each)
    for n, z in enumerate(logits, 1):
        assert numbers[f"pooled_{n}"] == pytest.approx(sum(spelled_out(z, y) for y in labels))
    same = [spelled_out(logits[0], y) for y in labels]  # equal when every input is the same
    counts = np.bincount(labels, minlength=4)
    assert sum(same) == pytest.approx(-counts @ special.log_softmax(logits[0]))
    assert classification.softmax_cross_entropy(logits, labels).sum() == pytest.approx(each)


@pytest.mark.claim("K-17")
def test_the_best_pooled_forecast_never_looks_out(here):
    """Minimise −Σ s_v ln p_v over one law: the frequencies, whatever the skies."""
    found = optimize.minimize(lambda g: -np.array([1, 1, 1]) @ special.log_softmax(g), [1.0, 0, -1])
    assert special.softmax(found.x) == pytest.approx([1 / 3] * 3, abs=1e-4)
    assert "a forecaster who never looks out of the window" in here.prose("sec-class-pooled")


# ---------------------------------------------------------------------------- K-19, K-20: faces and templates


@pytest.mark.claim("K-19")
def test_the_nearest_of_forty(here):
    names, numbers = here.names, here.numbers
    nearest = [np.linalg.norm(names["people"] - photo, axis=1).argmin() for photo in names["photos"][:100]]
    assert (names["nearest"][:100] == nearest).all()
    assert numbers["face_right"] > 10 * 2.5  # guessing
    assert numbers["face_same"] == 1000
    assert abs(numbers["face_sure"] - numbers["face_right"]) < 4 * 100 * math.sqrt(0.25 / 1000)


@pytest.mark.claim("K-20")
def test_a_better_match_is_more_probable(here):
    match, p = here.names["match"], here.names["templates"]
    assert (np.diff(np.take_along_axis(p, np.argsort(match, axis=1), axis=1), axis=1) >= 0).all()
    i = 17
    bells = [
        math.exp(-np.sum((here.names["photos"][i] - who) ** 2) / (2 * 1.5**2)) for who in here.names["people"]
    ]
    assert p[i] == pytest.approx(np.array(bells) / sum(bells), rel=1e-9)  # Bayes' rule for normal noise


# ---------------------------------------------------------------------------- digits and calibration (no row)


def test_the_digits_are_read(here):
    numbers, test = here.numbers, here.names["test"]
    assert numbers["right"] >= 95
    assert numbers["wrong_ones"] == (here.names["best"].predict(test.inputs) != test.targets).sum()
    assert numbers["right"] == pytest.approx(100 * (1 - numbers["wrong_ones"] / len(test)))
    assert numbers["same"] > 97 and numbers["hand_right"] > 94
    assert numbers["chosen"] == min(here.names["valid_losses"], key=here.names["valid_losses"].get)
    train, valid = here.names["train"], here.names["valid"]
    assert len(train) + len(valid) + len(test) == 1797
    seen = [set(map(bytes, part.inputs)) for part in (train, valid, test)]
    assert not (seen[0] & seen[1] or seen[0] & seen[2] or seen[1] & seen[2])
    for penalty, told in here.names["valid_losses"].items():  # of the validation set, and of this λ
        other = classification.SoftmaxRegression(penalty).fit(train.inputs, train.targets)
        log_p = special.log_softmax(other.logits(valid.inputs), axis=1)
        assert told == pytest.approx(-log_p[np.arange(len(valid)), valid.targets].mean(), abs=1e-6)


def test_the_weights_are_pictures_and_the_mistakes_looked_at(here):
    best, test, numbers = here.names["best"], here.names["test"], here.numbers
    assert np.abs(best.weights.sum(axis=0)).max() < 1e-6  # the ten add up to zero at each pixel
    nought = best.weights[0].reshape(8, 8)
    # a hole, and a ring that speaks for it
    assert nought[3:5, 3:5].sum() < 0 < nought.sum() - nought[2:6, 2:6].sum()
    said, p = best.predict(test.inputs), best.predict_proba(test.inputs)
    wrong = [i for i in range(len(test)) if said[i] != test.targets[i]]
    pairs = [(int(test.targets[i]), int(said[i])) for i in wrong]
    commonest = max(set(pairs), key=pairs.count)
    assert (numbers["true_digit"], numbers["said_digit"]) == commonest
    assert numbers["confused"] == pairs.count(commonest)
    assert list(here.names["wrong"]) == sorted(wrong, key=lambda i: -p[i].max())
    assert numbers["wrong_sure"] == pytest.approx(100 * np.mean([p[i].max() for i in wrong]))
    kept = np.setdiff1d(np.arange(len(test)), wrong)
    assert numbers["right_sure"] == pytest.approx(100 * p[kept].max(axis=1).mean())


def test_digits_agree_with_scikit_learn(here):
    linear_model = pytest.importorskip("sklearn.linear_model")
    train, test = here.names["train"], here.names["test"]
    other = linear_model.LogisticRegression(C=1 / here.numbers["chosen"], max_iter=5000, tol=1e-8)
    other.fit(train.inputs, train.targets)
    ours = here.names["best"].predict_proba(test.inputs)
    assert ours == pytest.approx(other.predict_proba(test.inputs), abs=2e-3)


def test_where_training_ends_the_moments_match(here):
    """The mean of (p − t) over the data is zero for every class: each is predicted as often as it occurs."""
    best, train = here.names["best"], here.names["train"]
    p = best.predict_proba(train.inputs)
    assert p.sum(axis=0) == pytest.approx(np.bincount(train.targets), abs=0.05)


def test_the_best_temperature_matches_the_logits(here):
    z, labels, numbers = here.names["check_logits"], here.names["check"].targets, here.numbers

    def surprise(t):
        return (special.logsumexp(z / t, axis=1) - z[np.arange(len(z)), labels] / t).mean()

    found = optimize.minimize_scalar(surprise, bounds=(0.2, 20), method="bounded", options={"xatol": 1e-9})
    assert numbers["best_T"] == pytest.approx(found.x, abs=1e-4)
    assert numbers["expected_T"] == pytest.approx(numbers["true_logit"], abs=1e-9)
    assert numbers["expected_1"] > numbers["true_logit"] and numbers["best_T"] > 1
    for b in (0.2, 0.5, 1.0):
        slope = (surprise(1 / (b + 1e-5)) - surprise(1 / (b - 1e-5))) / 2e-5
        expected = (special.softmax(b * z, axis=1) * z).sum(axis=1).mean()
        assert slope == pytest.approx(expected - numbers["true_logit"], abs=1e-6)
    section = here.section("sec-class-temperature")
    assert (
        r"\frac{\mathrm{d} \mathcal{L}}{\mathrm{d} b} = \frac1N \sum_i \bigl( \langle z_i \rangle_b - z_{i y_i} \bigr)"
        in section
    )
    assert "{eq}`eq-info-lemma`" in section and "{eq}`eq-info-fall`" in section
    assert r"\ln \sum_j e^{z_{ij}/T} - \frac{z_{i y_i}}{T} \Bigr]" in section


def test_the_small_temperatures_in_the_text(here):
    three = np.array([[2.0, 0.0]] * 3)
    assert classification.fit_temperature(three, [0, 0, 1]) == pytest.approx(2 / math.log(2))
    assert f"{2 / math.log(2):.2f}" == "2.89" and "T = 2/\\ln 2 = 2.89" in here.prose("sec-class-temperature")
    ten = classification.fit_temperature(np.array([[3.0, 0.0]] * 10), [0] * 9 + [1])
    (wanted,), (shown,) = here.answers("▢₂ is"), here.answers("▢₁ is")
    assert ten == pytest.approx(wanted, abs=1e-3) == pytest.approx(3 / math.log(9))
    assert shown == pytest.approx(2.7)


def test_a_temperature_mends_confidence_and_no_answer(here):
    numbers = here.numbers
    assert numbers["cold_right"] == numbers["mended_right"] == pytest.approx(numbers["is_right"])
    assert numbers["cold_says"] - numbers["cold_right"] > 4
    assert abs(numbers["mended_says"] - numbers["mended_right"]) < 2
    assert numbers["mended_error"] < numbers["cold_error"] / 2
    assert numbers["mended_loss"] < numbers["cold_loss"]
    logits, rest = here.names["logits"], here.names["rest"]
    p = special.softmax(logits, axis=1)
    bins = np.ceil(p.max(axis=1) * 8)
    gaps = [
        abs((p.max(axis=1)[bins == b] - (p.argmax(axis=1) == rest.targets)[bins == b]).sum())
        for b in set(bins)
    ]
    assert numbers["cold_error"] == pytest.approx(100 * sum(gaps) / len(rest))
    used = [set(map(bytes, part.inputs)) for part in (here.names["few"], here.names["check"], rest)]
    assert sum(len(part) for part in (here.names["few"], here.names["check"], rest)) == 1797
    assert not (used[0] & used[1] or used[1] & used[2] or used[0] & used[2])
    assert 0 < numbers["luck"] < numbers["luck_high"]
    assert numbers["mended_error"] < numbers["luck_high"]  # "may well be luck"
    assert numbers["luck"] == pytest.approx(1.5, abs=0.15)


def test_the_mended_points_lie_near_the_diagonal(here):
    z, t = here.names["logits"] / here.numbers["best_T"], here.names["rest"].targets
    p = special.softmax(z, axis=1)
    sure, hit = p.max(axis=1), p.argmax(axis=1) == t
    which = np.minimum((sure * 8).astype(int), 7)
    away = []
    for b in range(8):
        here_too = which == b
        if here_too.sum() >= 8:
            share = hit[here_too].mean()
            error = math.sqrt(share * (1 - share) / here_too.sum())
            away.append(abs(share - sure[here_too].mean()) / error)
    assert here.numbers["points"] == len(away)
    assert here.numbers["close"] == sum(one < 2 for one in away) >= len(away) - 1


def test_the_detector_of_the_explorable_is_honest_at_one():
    """As the text says of its calibration: too sure below T = 1, too modest above."""
    rates = {}
    for temperature in (0.5, 1.0, 2.0):
        s = datasets.scores(200_000, 0.3, separation=2.0, rng=3)
        p = special.expit(s.log_odds() / temperature)
        rates[temperature] = s.labels[p > 0.9].mean() - p[p > 0.9].mean()
    assert rates[0.5] < -0.02 and abs(rates[1.0]) < 0.01 and rates[2.0] > 0.02
    assert Threshold().temperature == 1.0


def test_calibration_holds_where_the_data_are_alike(here):
    assert here.numbers["turned_says"] > 70 and here.numbers["turned_right"] < 25
    turned, rest = here.names["turned"], here.names["rest"]
    assert (turned[3].reshape(8, 8) == np.rot90(rest.inputs[3].reshape(8, 8), -1)).all()


def test_the_sketch_shows_what_was_measured(here):
    assert here.calls("Sketch")[0][1][0] == "reliability-of-digits"
    measured = next(one for one in here.calls("Series") if one[1][0] == "measured")
    confidence, share = map(np.asarray, measured[1][1:3])
    assert len(confidence) >= 4 and (share < confidence).all()
    p, truth = special.softmax(here.names["logits"], axis=1), here.names["rest"].targets
    sure, hit = p.max(axis=1), p.argmax(axis=1) == truth
    sixth_eighth = (sure > 6 / 8) & (sure <= 7 / 8)  # the last bin but one
    assert here.numbers["stated"] == pytest.approx(100 * sure[sixth_eighth].mean())
    assert here.numbers["came"] == pytest.approx(100 * hit[sixth_eighth].mean())
    assert here.numbers["says"] == pytest.approx(100 * sure.mean())


# ---------------------------------------------------------------------------- the rest of the exercises


def test_two_bells_have_straight_log_odds(here):
    d, rate = 3.0, 0.2
    for x in (-1.0, 0.5, 2.0):
        odds = rate * stats.norm.pdf(x, d) / ((1 - rate) * stats.norm.pdf(x))
        assert math.log(odds) == pytest.approx(d * (x - d / 2) + math.log(rate / (1 - rate)))
    numbers = here.numbers
    assert numbers["exact_2"] == pytest.approx(special.expit(1.5))
    assert numbers["fit_2"] == pytest.approx(numbers["exact_2"], abs=0.02)
    moved = special.expit(special.logit(numbers["fit_2"]) + math.log(0.01 / 0.99))
    assert numbers["moved_2"] == pytest.approx(moved)


def test_the_area_is_a_probability():
    def height(x):
        return stats.norm.sf(stats.norm.isf(x) - 3)

    assert integrate.quad(height, 0, 1)[0] == pytest.approx(stats.norm.cdf(3 / math.sqrt(2)), abs=1e-6)
