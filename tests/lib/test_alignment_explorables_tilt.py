"""The explorables of alignment that tilt a law, in Python: what they take, refuse, compute and show."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from sklearn.linear_model import LogisticRegression

from book_lib import probability
from book_lib.explorables import KLKnob, TasteTilted
from book_lib.explorables.taste_tilted import PAIRS, count_features, fit_taste
from book_lib.pipeline._tilt import tilt
from book_lib.rng import CounterRNG
from tests.golden.alignment_tilt import (
    BETAS,
    JUDGES,
    KEPT,
    WORDS,
    broken,
    learnt_reward,
    made_up_samples,
    made_up_sweep,
    outcomes,
)
from tests.lib.pictures import check_pictures

SAMPLES, SWEEP = made_up_samples(), made_up_sweep()
N, K = np.shape(SAMPLES["features"])


def sampled(**columns: object) -> dict:
    """The samples with other columns."""
    return {"samples": {**SAMPLES, **columns}}


def swept(**columns: object) -> dict:
    """The runs with other columns."""
    return {"runs": {**SWEEP, **columns}}


def one_answer(**fields: object) -> dict:
    """The runs, the first of which has one answer that is changed."""
    answer = {"prompt": "And?", "answer": "It is.", "reward": 0.0, "oracle": 0.0, **fields}
    return swept(samples=[[answer], *SWEEP["samples"][1:]])


BAD = [
    (TasteTilted, {"samples": ["It is."]}, "samples"),
    (TasteTilted, {"samples": {"answer": ["It is."]}}, "samples"),
    (TasteTilted, sampled(score=1), "samples"),
    (TasteTilted, sampled(prompt=["Tell me."] * N), "prompt"),
    (TasteTilted, sampled(prompt=" "), "prompt"),
    (TasteTilted, sampled(answer="It is."), "answer"),
    (TasteTilted, sampled(answer=[1] * N), "answer"),
    (TasteTilted, sampled(answer=SAMPLES["answer"][:30]), "answer"),
    (TasteTilted, sampled(answer=["long " * 50] * N), "answer"),
    (TasteTilted, sampled(logp=SAMPLES["logp"][:-1]), "logp"),
    (TasteTilted, sampled(logp=-SAMPLES["logp"]), "logp"),
    (TasteTilted, sampled(logp=np.full(N, -np.inf)), "logp"),
    (TasteTilted, sampled(names=SAMPLES["names"][:-1]), "features"),
    (TasteTilted, sampled(names=["fast"] * K), "names"),
    (TasteTilted, sampled(names="features"), "names"),
    (TasteTilted, sampled(features=np.ones((N, K))), "features"),
    (TasteTilted, sampled(features=np.full((N, K), np.nan)), "features"),
    (TasteTilted, sampled(features="many"), "features"),
    (TasteTilted, sampled(oracle=[1.0]), "oracle"),
    (TasteTilted, {"samples": SAMPLES, "judges": ["praise"]}, "judges"),
    (TasteTilted, {"samples": SAMPLES, "judges": {"coin": {"fast": 1}}}, "judges"),
    (TasteTilted, {"samples": SAMPLES, "judges": {"praise": {"quick": 1}}}, r"judges\['praise'\]"),
    (TasteTilted, {"samples": SAMPLES, "judges": {"praise": {}}}, r"judges\['praise'\]"),
    (TasteTilted, {"samples": SAMPLES, "judges": {"praise": {"fast": math.nan}}}, r"judges\['praise'\]\['fast'\]"),
    (TasteTilted, {"samples": SAMPLES, "choices": [2]}, "choices"),
    (TasteTilted, {"samples": SAMPLES, "choices": [0] * 11}, "choices"),
    (TasteTilted, {"samples": SAMPLES, "ranker": "praise"}, "ranker"),
    (TasteTilted, {"samples": SAMPLES, "beta": 0}, "beta"),
    (TasteTilted, {"samples": SAMPLES, "beta": math.inf}, "beta"),
    (TasteTilted, {"samples": SAMPLES, "ridge": 0}, "ridge"),
    (TasteTilted, {"samples": SAMPLES, "prediction": "all"}, "prediction"),
    (TasteTilted, {"samples": SAMPLES, "seed": -1}, "seed"),
    (KLKnob, {"runs": [1]}, "runs"),
    (KLKnob, {"runs": {"beta": [1]}}, "runs"),
    (KLKnob, swept(method="ppo"), "runs"),
    (KLKnob, swept(beta=[0.1] * len(BETAS)), "beta"),
    (KLKnob, swept(beta=[-0.1, *BETAS[1:]]), "beta"),
    (KLKnob, swept(beta=[math.inf, *BETAS[1:]]), "beta"),
    (KLKnob, swept(beta=BETAS[:-1]), "reward"),
    (KLKnob, swept(iterations=SWEEP["iterations"][::-1]), "iterations"),
    (KLKnob, swept(iterations=[1, 2]), "iterations"),
    (KLKnob, swept(oracle=SWEEP["oracle"][:-1]), "oracle"),
    (KLKnob, swept(oracle="good"), "oracle"),
    (KLKnob, swept(entropy=-np.ones((len(BETAS), KEPT))), "entropy"),
    (KLKnob, swept(reward=np.full((len(BETAS), KEPT), np.nan)), "runs"),
    (KLKnob, swept(samples=[]), "samples"),
    (KLKnob, swept(samples=[[]] * 7 + ["It is."]), r"samples\[7\]"),
    (KLKnob, swept(samples=[[{"answer": "It is."}]] * 8), r"samples\[0\]\[0\]"),
    (KLKnob, one_answer(answer=3), r"samples\[0\]\[0\]\['answer'\]"),
    (KLKnob, one_answer(reward=math.nan), r"samples\[0\]\[0\]\['reward'\]"),
    (KLKnob, swept(reference=[1.0]), "reference"),
    (KLKnob, swept(reference={"reward": [1.0] * 20, "oracle": [1.0]}), "reference"),
    (KLKnob, swept(reference={"reward": ["a"] * 20, "oracle": [1.0] * 20}), r"reference\['reward'\]"),
    (KLKnob, {"runs": SWEEP, "beta": 0.3}, "beta"),
    (KLKnob, {"runs": SWEEP, "watch": "loss"}, "watch"),
    (KLKnob, {"runs": SWEEP, "sketch": [0.0]}, "sketch"),
    (KLKnob, {"runs": SWEEP, "sketch": [math.nan] * 61}, "sketch"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} (of the (runs|samples) )?(must|may)"):
        kind(**arguments)


def test_too_many_numbers_are_refused() -> None:
    long = {name: np.ones((8, 300)) for name in ("reward", "oracle", "kl", "entropy", "clip_fraction")}
    with pytest.raises(ValueError, match="8000 numbers in their curves, not 12000: keep fewer iterations"):
        KLKnob({**SWEEP, **long, "iterations": np.arange(300)})


WIDGETS = [
    TasteTilted(SAMPLES, JUDGES),
    TasteTilted(SAMPLES, JUDGES, choices=[0, 1, 1], beta=0.1),
    TasteTilted({name: value for name, value in SAMPLES.items() if name != "oracle"}, choices=[1], ranker="coin"),
    KLKnob(SWEEP),
    KLKnob(broken(SWEEP), beta=0.1, revealed=True),
    KLKnob({name: value for name, value in SWEEP.items() if name != "reference"}),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


def test_alt_text_can_be_given() -> None:
    widgets = TasteTilted(SAMPLES, alt="A figure."), KLKnob(SWEEP, alt="A figure.")
    assert all(widget.describe() == "A figure." for widget in widgets)


# -- what a reward may see


def test_features_are_counted_word_by_word() -> None:
    texts = ["The list is fast. Fast!", "breakfast, FAST", "", "It is 3.5 fast... Really?"]
    counted = count_features(texts, ["fast", "slow"])
    assert counted["names"] == ["fast", "slow", "sentences", "words"]
    assert counted["features"].tolist() == [[2, 0, 2, 5], [1, 0, 0, 2], [0, 0, 0, 0], [1, 0, 2, 6]]
    for bad in (("fast", ["a"]), (["fast"], "fast"), ([1], ["a"])):
        with pytest.raises(TypeError, match="^(answers|words) must be a list of texts"):
            count_features(*bad)


# -- the fit


@pytest.mark.parametrize("ridge", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("count", [1, 10, 60])
def test_the_fit_is_logistic_regression_without_an_intercept(count: int, ridge: float) -> None:
    rng = CounterRNG(count)
    table = rng.standard_normal((count, 5)) * [3, 1, 0.3, 1, 0]
    turned = np.where(np.arange(count) % 2, -1, 1)  # a choice of the second is the other's of the first
    ours = fit_taste(table, ridge)
    both = np.vstack([table * turned[:, None], -table * turned[:, None]])  # scikit-learn asks for two classes
    theirs = LogisticRegression(C=0.5 / ridge, fit_intercept=False, solver="newton-cg", tol=1e-12, max_iter=1000)
    theirs.fit(both, np.concatenate([turned, -turned]))
    np.testing.assert_allclose(ours, theirs.coef_[0], rtol=1e-6, atol=1e-9)
    doubt = 1 / (1 + np.exp(table @ ours))
    np.testing.assert_allclose(ridge * ours, table.T @ doubt, atol=1e-8)  # nothing is left to gain


def test_the_fit_is_the_smallest_loss_also_where_newton_would_leap() -> None:
    table = np.array([[40.0, 0.0], [-39.0, 1.0], [30.0, 30.0]])

    def loss(w: np.ndarray) -> float:
        return np.logaddexp(0, -table @ w).sum() + 0.005 * w @ w

    found = optimize.minimize(loss, np.zeros(2), method="BFGS", options={"gtol": 1e-9})
    ours = fit_taste(table, 0.01)
    np.testing.assert_allclose(ours, found.x, rtol=1e-4)
    assert loss(ours) <= found.fun + 1e-12


def test_the_fit_refuses_what_is_no_table() -> None:
    for bad in ([1.0], np.empty((3, 0)), [[math.nan]]):
        with pytest.raises(ValueError, match="^differences must"):
            fit_taste(bad)
    with pytest.raises(ValueError, match="^ridge must"):
        fit_taste([[1.0]], 0)
    assert fit_taste(np.empty((0, 3))).tolist() == [0, 0, 0]


def test_more_choices_recover_a_taste() -> None:
    rng = CounterRNG(8)
    taste = np.array([1.5, -1.0, 0.5, 0.0])
    table = rng.standard_normal((4000, 4))
    chosen = rng.random(4000) < 1 / (1 + np.exp(-table @ taste))
    np.testing.assert_allclose(fit_taste(np.where(chosen, 1, -1)[:, None] * table), taste, atol=0.15)


# -- pairs and judges


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_ten_pairs_differ_and_use_each_sample_once(seed: int) -> None:
    box = TasteTilted(SAMPLES, seed=seed)
    places = [i for pair in box.pairs() for i in pair]
    assert len(box.pairs()) == PAIRS and len(set(places)) == 2 * PAIRS
    assert all(box.samples["features"][a] != box.samples["features"][b] for a, b in box.pairs())


def test_pairs_are_found_where_most_samples_are_alike() -> None:
    features = np.zeros((100, 2))
    features[:20, 0] = 1
    few = {**SAMPLES, "answer": SAMPLES["answer"][:100], "logp": SAMPLES["logp"][:100], "names": ["a", "b"],
           "features": features, "oracle": None}  # fmt: skip
    few.pop("oracle")
    assert all(len(TasteTilted(few, seed=seed).pairs()) == PAIRS for seed in range(50))
    features[0] = 0
    with pytest.raises(ValueError, match="^features of the samples must differ: 20 .*, not 19"):
        TasteTilted(few)


def test_judges_choose_what_they_like() -> None:
    box = TasteTilted(SAMPLES, JUDGES, seed=4)
    table = np.array(box.samples["features"], dtype=float)
    praise = table[:, :4].sum(axis=1) - table[:, 4:8].sum(axis=1)
    for scores, name in ((praise, "praise"), (-table[:, -1], "short")):
        for (a, b), choice in zip(box.pairs(), box.rank(name), strict=True):
            assert scores[a] == scores[b] or choice == int(scores[a] < scores[b])
    assert box.rank("coin") == box.rank("coin") and set(box.rank("coin")) == {0, 1}
    with pytest.raises(ValueError, match="^judge must be one of 'coin', 'praise', 'short'"):
        box.rank("kind")


def test_somebody_who_likes_praise_is_understood() -> None:
    box = TasteTilted(SAMPLES, JUDGES)
    box.choices = box.rank("praise")
    weights = dict(zip(box.samples["names"], box.coefficients(), strict=True))
    assert sum(weights[w] for w in WORDS[:4]) > 0.5 > -0.5 > sum(weights[w] for w in WORDS[4:])
    assert box.agreement() >= 8
    assert abs(box.rewards().mean()) < 1e-12


# -- the tilt


@pytest.mark.parametrize("beta", [0.02, 0.3, 1.0, 10.0])
def test_weights_are_the_tilt_of_the_samples(beta: float) -> None:
    box = TasteTilted(SAMPLES, JUDGES, choices=[0, 1, 1, 0, 1, 0, 0, 1], beta=beta, seed=5)
    flat, rewards = np.full(N, 1 / N), box.rewards()
    np.testing.assert_allclose(box.law(), tilt(flat, rewards, beta), rtol=1e-10)
    assert box.kl() == pytest.approx(probability.kl_divergence(box.law(), flat), abs=1e-12)
    assert box.kl() == pytest.approx(math.log(N) - probability.entropy(box.law()), abs=1e-12)
    assert box.effective_size() == pytest.approx(1 / (box.law() ** 2).sum())
    assert box.mean() == pytest.approx(box.law() @ rewards)
    assert box.mean("oracle") == pytest.approx(box.law() @ SAMPLES["oracle"])
    with pytest.raises(ValueError, match="^what must be one of"):
        box.mean("truth")


def test_reweighted_samples_come_near_the_enumerated_tilt() -> None:
    """Averages over 400 weighted draws are those over every answer there is, but for chance."""
    texts, law, oracle = outcomes()
    box = TasteTilted(made_up_samples(3, 400), JUDGES, beta=1.0)
    box.choices = box.rank("praise")
    first = {text: i for i, text in enumerate(box.samples["answer"])}
    known = np.array([first.get(text, -1) for text in texts])
    assert law[known >= 0].sum() > 0.95  # nearly all that the policy says has been drawn
    rewards = box.rewards()[known]
    exact = tilt(np.where(known >= 0, law, 0) / law[known >= 0].sum(), rewards, 1.0)
    error = 4 / math.sqrt(box.effective_size())
    assert box.mean() == pytest.approx(exact @ rewards, abs=error * rewards.std())
    assert box.mean("oracle") == pytest.approx(exact @ oracle, abs=error * oracle.std())
    assert box.kl() == pytest.approx(probability.kl_divergence(exact, law), abs=0.15)


def test_a_lower_beta_gives_more_reward_for_more_divergence() -> None:
    box = TasteTilted(SAMPLES, JUDGES)
    box.choices = box.rank("praise")
    rows = []
    for beta in (10.0, 3.0, 1.0, 0.3, 0.1, 0.03):
        box.beta = beta
        rows.append((box.mean(), box.kl(), -box.effective_size()))
    assert all(a < b for one, two in itertools.pairwise(rows) for a, b in zip(one, two, strict=True))
    assert box.kl() <= math.log(N)


def test_without_a_choice_every_beta_gives_the_reference() -> None:
    box = TasteTilted(SAMPLES, JUDGES, beta=0.02)
    assert (box.kl(), box.effective_size(), box.mean()) == pytest.approx((0, N, 0), abs=1e-9)
    assert box.beyond() == [] and box.mean("oracle") == pytest.approx(SAMPLES["oracle"].mean())


def test_a_reward_that_counts_praise_is_hacked_by_rambling() -> None:
    """At a low β the mass goes to answers with more of the same, and the oracle is not fooled."""
    for seed in range(4):
        box = TasteTilted(SAMPLES, JUDGES, beta=0.02, seed=seed)
        box.choices = box.rank("praise")
        assert box.mean() > box.rewards().std() and box.effective_size() < 10
        assert box.mean("oracle") < np.mean(SAMPLES["oracle"]) - 1
        assert box.samples["oracle"][box.winner()] == -2


def test_what_the_reward_cannot_see() -> None:
    box = TasteTilted(SAMPLES, JUDGES, beta=0.1)
    box.choices = box.rank("short")
    table, won = box.samples["features"], box.winner()
    same = {text for text, row in zip(box.samples["answer"], table, strict=True) if row == table[won]}
    assert set(box.twins()) | {box.samples["answer"][won]} == same
    ranked = np.array([table[i] for pair in box.pairs() for i in pair])
    for name in box.beyond():
        column = box.samples["names"].index(name)
        assert not ranked[:, column].min() <= table[won][column] <= ranked[:, column].max()


def test_equal_texts_share_their_mass_and_ties_go_to_the_probable() -> None:
    samples = {"prompt": "And?", "answer": ["a", "b", "c", "a"] * 20, "logp": [-1.0, -0.5, -3.0, -1.0] * 20,
               "names": ["x"], "features": [[0], [0], [1], [0]] * 20}  # fmt: skip
    box = TasteTilted(samples)
    assert box.winner() == 0  # twice as often as b
    box.choices = [int(box.samples["features"][b][0] == 1) for _, b in box.pairs()]
    assert box.samples["answer"][box.winner()] == "a" or box.coefficients()[0] > 0
    box.beta = 0.02
    assert box.samples["answer"][box.winner()] == "c"
    even = TasteTilted({**samples, "answer": ["a", "b", "c", "d"] * 20})
    assert even.samples["answer"][even.winner()] == "b"


# -- the KL knob


def test_runs_are_kept_in_the_order_of_beta() -> None:
    order = [3, 0, 7, 1, 2, 6, 5, 4]
    mixed = {name: [value[i] for i in order] if name not in ("iterations", "reference") else value
             for name, value in SWEEP.items()}  # fmt: skip
    assert KLKnob(mixed).runs == KLKnob(SWEEP).runs
    box = KLKnob(SWEEP)
    assert box.runs["beta"] == list(BETAS) and box.beta == 2
    for name in ("reward", "oracle", "kl", "entropy", "clip_fraction"):
        for run in range(len(BETAS)):
            np.testing.assert_allclose(box.curve(name, run), SWEEP[name][run], rtol=1e-4, atol=1e-12)
    assert KLKnob(box.runs).runs == box.runs  # what is kept may be given again
    with pytest.raises(ValueError, match="^name must be one of"):
        box.curve("loss")


def test_ends_and_the_best() -> None:
    box = KLKnob(SWEEP)
    for name in ("reward", "oracle", "kl"):
        np.testing.assert_allclose(box.ends(name), np.mean(np.array(SWEEP[name])[:, -4:], axis=1), rtol=1e-4)
    oracle = np.mean(np.array(SWEEP["oracle"])[:, -4:], axis=1)
    assert box.best() == BETAS[int(oracle.argmax())] and 0 < box.best() < 2
    assert box.fates()[0] == "hacked" and box.fates()[-1] == "held"
    assert box.fates()[BETAS.index(box.best())] == "best"
    cut = KLKnob(broken(SWEEP))
    assert cut.fates()[3] == "broke" and np.isnan(cut.ends()[3]) and len(cut.curve("kl", 3)) == 12
    gone = np.array(SWEEP["kl"])
    gone[:, 5:] = np.nan
    assert KLKnob({**SWEEP, "kl": gone}).best() is None
    assert KLKnob({**SWEEP, "kl": gone}).fates() == ["broke"] * len(BETAS)
    assert "All broke off" in KLKnob({**SWEEP, "kl": gone}).describe()


def test_a_run_may_be_worse_without_being_hacked() -> None:
    reward = np.array(SWEEP["reward"])
    reward[0] = -3
    assert KLKnob({**SWEEP, "reward": reward}).fates()[0] == "worse"


def test_places_on_the_axis() -> None:
    box = KLKnob(SWEEP)
    assert [box.place(beta) for beta in (0.02, 0.1, 1)] == pytest.approx([math.log10(0.02), -1, 0])
    assert box.place(0) == pytest.approx(math.log10(0.02) - 0.5)


def test_the_frontier_is_the_enumerated_tilt_and_no_run_is_above_it() -> None:
    """Of all policies at a divergence, the tilt has the most reward."""
    _, law, oracle = outcomes()
    reward = learnt_reward()
    exact = []
    for beta in np.geomspace(50, 0.05, 200):
        tilted = tilt(law, reward, beta)
        exact.append((probability.kl_divergence(tilted, law), tilted @ reward, tilted @ oracle))
    exact = np.array(exact)
    found = KLKnob(SWEEP).frontier()
    assert len(found) > 30 and (np.diff(found[:, 0]) > 0).all() and (np.diff(found[:, 1]) > 0).all()
    early = found[found[:, 0] < 1.0]
    np.testing.assert_allclose(early[:, 1], np.interp(early[:, 0], exact[:, 0], exact[:, 1]), atol=0.15)
    np.testing.assert_allclose(early[:, 2], np.interp(early[:, 0], exact[:, 0], exact[:, 2]), atol=0.3)
    box = KLKnob(SWEEP)
    most = np.interp(box.ends("kl"), exact[:, 0], exact[:, 1])
    assert (box.ends("reward") <= most + 0.03).all()
    assert len(KLKnob({**SWEEP, "reference": None}).frontier()) == 0
