"""The tilt, the best of n, the bandit, and what samples say of divergences and advantages: against enumeration."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax

from book_lib.pipeline.ppo import (
    bandit,
    best_of_n_kl,
    best_of_n_law,
    gae,
    group_advantages,
    kl_estimates,
    leave_one_out,
    tilt,
    tilted_value,
    whitened,
)
from book_lib.probability import kl_divergence

RNG = np.random.default_rng(0)
REFERENCE = np.array([0.4, 0.1, 0.25, 0.2, 0.05])
REWARD = np.array([0.0, 2.0, -1.0, 1.0, 2.0])


def objective(law, beta, reference=REFERENCE, reward=REWARD):
    """Return ⟨r⟩ − β KL(π‖π_ref), term by term."""
    return sum(p * (r - beta * math.log(p / q)) for p, q, r in zip(law, reference, reward, strict=True) if p > 0)


# ------------------------------------------------------------------------------------------------ the tilt


@pytest.mark.parametrize("beta", [0.05, 0.3, 1.0, 4.0])
def test_the_tilt_is_the_best_law_that_a_search_finds(beta):
    found = minimize(lambda z: -objective(softmax(z), beta), np.zeros(5), method="BFGS", options={"gtol": 1e-9})
    law = tilt(REFERENCE, REWARD, beta)
    assert objective(law, beta) >= -found.fun - 1e-12
    assert np.allclose(law, softmax(found.x), atol=2e-4)
    assert tilted_value(REFERENCE, REWARD, beta) == pytest.approx(objective(law, beta), abs=1e-12)


def test_the_tilt_by_enumeration_of_all_short_texts():
    """Three letters, two places: the tilt of a chain's law over nine texts is that of the formula, text by text."""
    first, then = RNG.dirichlet(np.ones(3)), RNG.dirichlet(np.ones(3), 3)
    reward, beta = RNG.normal(size=(3, 3)), 0.7
    weights = {(i, j): first[i] * then[i, j] * math.exp(reward[i, j] / beta) for i in range(3) for j in range(3)}
    total = sum(weights.values())
    law = tilt((first[:, None] * then).ravel(), reward.ravel(), beta).reshape(3, 3)
    assert all(law[text] == pytest.approx(weight / total, rel=1e-12) for text, weight in weights.items())


def test_every_other_law_falls_short_by_beta_times_its_divergence():
    beta, law = 0.6, tilt(REFERENCE, REWARD, 0.6)
    for other in RNG.dirichlet(np.ones(5), 20):
        short = tilted_value(REFERENCE, REWARD, beta) - objective(other, beta)
        assert short == pytest.approx(beta * kl_divergence(other, law), abs=1e-12)


def test_the_limits_of_beta():
    assert np.allclose(tilt(REFERENCE, REWARD, math.inf), REFERENCE, atol=1e-15)
    assert np.allclose(tilt(REFERENCE, REWARD, 1e12), REFERENCE, atol=1e-9)
    assert np.allclose(tilt(REFERENCE, REWARD, 0), [0, 2 / 3, 0, 0, 1 / 3])  # as they share it in the reference
    assert np.allclose(tilt(REFERENCE, REWARD, 1e-300), tilt(REFERENCE, REWARD, 0))
    assert tilted_value(REFERENCE, REWARD, 0) == 2
    assert tilted_value(REFERENCE, REWARD, math.inf) == pytest.approx(REFERENCE @ REWARD)
    variance = REFERENCE @ REWARD**2 - (REFERENCE @ REWARD) ** 2
    for beta in (1e4, 1e7):  # mean + variance/2β + …
        assert tilted_value(REFERENCE, REWARD, beta) == pytest.approx(REFERENCE @ REWARD + variance / 2 / beta,
                                                                      abs=1 / beta**2)  # fmt: skip


def test_what_the_reference_forbids_stays_forbidden():
    law = tilt([0.5, 0.5, 0.0], [0.0, 1.0, 1e6], 0.1)
    assert law[2] == 0 and np.isfinite(law).all()
    assert tilted_value([0.5, 0.5, 0.0], [0.0, 1.0, 1e6], 0) == 1


def test_a_shift_of_the_reward_changes_nothing_and_rows_are_apart():
    assert np.allclose(tilt(REFERENCE, REWARD + 1e3, 0.5), tilt(REFERENCE, REWARD, 0.5))
    both = tilt(np.stack([REFERENCE, REFERENCE]), np.stack([REWARD, -REWARD]), 0.5)
    assert np.allclose(both[1], tilt(REFERENCE, -REWARD, 0.5))
    assert np.allclose(tilted_value(REFERENCE, np.stack([REWARD, -REWARD]), 0.5)[1],
                       tilted_value(REFERENCE, -REWARD, 0.5))  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.6], [0, 1], 1), "reference must sum to 1"),
        (([0.5, 0.5], [0, math.nan], 1), "reward must be finite"),
        (([0.5, 0.5], [0, 1, 2], 1), "reference and reward must"),
        (([0.5, 0.5], [0, 1], -0.1), "beta must be at least 0"),
        (([0.5, 0.5], [0, 1], math.nan), "beta must be finite"),
    ],
)
def test_bad_tilts_are_named(arguments, message):
    for function in (tilt, tilted_value, bandit):
        with pytest.raises(ValueError, match=message):
            function(*arguments)


# ---------------------------------------------------------------------------------------------- best of n


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_best_of_n_is_that_of_all_tuples(n):
    """Enumerate all tuples of n draws; of equal rewards the first counts, which shares them as the reference does."""
    expected = np.zeros(5)
    for place in np.ndindex(*(5,) * n):
        best = max(place, key=lambda k: REWARD[k])  # the first of the largest
        expected[best] += np.prod(REFERENCE[list(place)])
    law = best_of_n_law(REFERENCE, REWARD, n)
    assert np.allclose(law, expected, atol=1e-12)
    assert kl_divergence(law, REFERENCE) <= best_of_n_kl(n) + 1e-12


def test_the_divergence_of_the_best_of_n_is_reached_by_fine_laws():
    for n in (2, 4, 16, 64):
        fine = kl_divergence(best_of_n_law(np.full(20_000, 5e-5), np.arange(20_000), n), np.full(20_000, 5e-5))
        assert best_of_n_kl(n) - 2e-3 * n < fine <= best_of_n_kl(n) + 1e-9
    assert best_of_n_kl(1) == 0
    for n in (0, 1.5):
        with pytest.raises((ValueError, TypeError), match="n must be"):
            best_of_n_kl(n)


def test_the_tilt_is_worth_more_than_the_best_of_n_at_the_same_divergence():
    for n in (2, 4, 8):
        law = best_of_n_law(REFERENCE, REWARD, n)
        divergence = kl_divergence(law, REFERENCE)
        betas = np.geomspace(1e-3, 1e3, 4000)
        near = min(betas, key=lambda b: abs(kl_divergence(tilt(REFERENCE, REWARD, b), REFERENCE) - divergence))
        assert tilt(REFERENCE, REWARD, near) @ REWARD >= law @ REWARD - 1e-3


# ---------------------------------------------------------------------------------------------- the bandit


@pytest.mark.parametrize("method", ["reinforce", "exact"])
@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_the_bandit_comes_to_the_tilt(method, beta):
    done = bandit(REFERENCE, REWARD, beta, method, steps=4000, learning_rate=0.5 / beta, rng=1)
    assert np.allclose(done.law, tilt(REFERENCE, REWARD, beta), atol=2e-3)
    assert done.gap[-1] < 1e-4 < done.gap[0]
    assert (done.gap > -1e-12).all()
    assert done.laws.shape == (4001, 5) and np.allclose(done.laws.sum(1), 1)
    assert done.reward[-1] == pytest.approx(done.law @ REWARD)
    assert done.kl[-1] == pytest.approx(kl_divergence(done.law, REFERENCE))


def test_a_high_price_keeps_the_bandit_at_its_reference():
    done = bandit(REFERENCE, REWARD, 1e4, "exact", steps=200, learning_rate=1e-5)
    assert np.abs(done.laws - REFERENCE).max() < 1e-3


def test_one_draw_of_the_bandit_estimates_its_gradient():
    from book_lib.pipeline import _tilt

    logits, rng = RNG.normal(size=5), np.random.default_rng(3)
    log_law = np.log(softmax(logits))
    returns = REWARD - 0.4 * (log_law - np.log(REFERENCE))
    exact = _tilt._exact(log_law, returns)
    shifted = [(objective(softmax(logits + 1e-6 * e), 0.4) - objective(softmax(logits - 1e-6 * e), 0.4)) / 2e-6
               for e in np.eye(5)]  # fmt: skip
    assert np.allclose(exact, shifted, atol=1e-8)
    draws = np.array([_tilt._tried(log_law, returns, 4, rng) for _ in range(20_000)])
    assert (np.abs(draws.mean(0) - exact) < 5 * draws.std(0) / math.sqrt(len(draws))).all()


def test_at_the_tilt_there_is_no_noise():
    from book_lib.pipeline import _tilt

    log_law = np.log(tilt(REFERENCE, REWARD, 0.8))
    returns = REWARD - 0.8 * (log_law - np.log(REFERENCE))
    assert np.ptp(returns) < 1e-12
    assert np.abs(_tilt._tried(log_law, returns, 8, np.random.default_rng(0))).max() < 1e-12


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"method": "ppo"}, "method"), ({"steps": -1}, "steps"), ({"batch": 1}, "batch"), ({"learning_rate": 0}, "rate")],
)
def test_bad_bandits_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        bandit([0.5, 0.5], [0, 1], 1.0, **settings)
    with pytest.raises(ValueError, match="beta must be finite"):
        bandit([0.5, 0.5], [0, 1], math.inf)
    with pytest.raises(ValueError, match="shape"):
        bandit([[0.5, 0.5]], [[0, 1]], 1.0)


# ----------------------------------------------------------------------------------- estimates of a divergence


def estimates_in_the_mean(ours, theirs):
    """Return the exact means of the three estimates over a small vocabulary, and the exact divergence."""
    found = kl_estimates(np.log(ours), np.log(theirs))
    return {name: ours @ value for name, value in found.items()}, kl_divergence(ours, theirs)


def test_k1_and_k3_are_unbiased_and_k2_is_not():
    for _ in range(10):
        ours, theirs = RNG.dirichlet(np.ones(6)), RNG.dirichlet(np.ones(6))
        means, exact = estimates_in_the_mean(ours, theirs)
        assert means["k1"] == pytest.approx(exact, abs=1e-12)
        assert means["k3"] == pytest.approx(exact, abs=1e-12)
        d = np.log(ours / theirs)
        assert means["k2"] - exact == pytest.approx(ours @ (d**2 / 2 - d), abs=1e-12)
        assert abs(means["k2"] - exact) > 1e-3


def test_the_bias_of_k2_is_of_third_order():
    ours, way = RNG.dirichlet(5 * np.ones(6)), RNG.normal(size=6)
    sizes = np.array([0.04, 0.02, 0.01])
    bias = []
    for size in sizes:
        means, exact = estimates_in_the_mean(ours, softmax(np.log(ours) + size * way))
        bias.append(abs(means["k2"] - exact))
        assert bias[-1] < exact  # the divergence is of second order
    assert np.allclose(np.diff(np.log(bias)) / np.diff(np.log(sizes)), 3, atol=0.1)


def test_k3_is_never_negative_and_scatters_less_where_laws_are_close():
    ours = RNG.dirichlet(3 * np.ones(50))
    theirs = softmax(np.log(ours) + 0.1 * RNG.normal(size=50))
    found = kl_estimates(np.log(ours), np.log(theirs))
    assert (found["k3"] >= 0).all() and (found["k1"] < 0).any()
    variance = {name: ours @ value**2 - (ours @ value) ** 2 for name, value in found.items()}
    assert variance["k3"] < variance["k1"] / 10
    tiny = kl_estimates(-1.0, -1.0 - 1e-8)["k3"]
    assert tiny == pytest.approx(5e-17, rel=1e-6)  # no digit is lost


def test_k3_is_biased_where_the_policy_cannot_go():
    """e^{−d} has mean 1 only if π can draw all that π_ref can: a top-k shuts out the rest."""
    theirs = np.array([0.5, 0.3, 0.2])
    ours = np.array([0.6, 0.4])
    found = kl_estimates(np.log(ours), np.log(theirs[:2]))
    assert ours @ found["k1"] == pytest.approx(kl_divergence([0.6, 0.4, 0], theirs))
    assert ours @ found["k3"] == pytest.approx(kl_divergence([0.6, 0.4, 0], theirs) - 0.2)


def test_bad_estimates_are_named():
    with pytest.raises(ValueError, match="same shape"):
        kl_estimates([0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="logp_ref must be finite"):
        kl_estimates([0.0], [-math.inf])


# ------------------------------------------------------------------------------------------------ advantages


def closed_form(rewards, values, mask, gamma, lam):
    """Return Σ_l (γλ)^l δ_{t+l} by two loops over the tokens that count."""
    result = np.zeros(np.shape(rewards))
    for row in range(len(rewards)):
        places = np.flatnonzero(mask[row])
        v = [*values[row][places], 0.0]
        delta = [rewards[row][p] + gamma * v[k + 1] - v[k] for k, p in enumerate(places)]
        for k, p in enumerate(places):
            result[row, p] = sum((gamma * lam) ** (m - k) * delta[m] for m in range(k, len(places)))
    return result


@pytest.mark.parametrize(("gamma", "lam"), [(1, 0.95), (0.9, 0.7), (1, 1), (0.97, 1), (1, 0), (0.9, 0), (0, 0.5)])
def test_gae_is_its_closed_form(gamma, lam):
    rewards, values = RNG.normal(size=(2, 6, 9))
    mask = RNG.random((6, 9)) < 0.6
    mask[0] = False
    advantages, returns = gae(rewards, values, mask, gamma, lam)
    assert np.allclose(advantages, closed_form(rewards, values, mask, gamma, lam), atol=1e-12)
    assert np.allclose(returns[mask], (advantages + values)[mask]) and not returns[~mask].any()


def test_the_two_ends_of_gae():
    rewards, values = RNG.normal(size=(2, 4, 7))
    mask = np.ones((4, 7), dtype=bool)
    gamma = 0.9
    advantages, returns = gae(rewards, values, mask, gamma, 1.0)
    ahead = np.array([[sum(gamma ** (m - t) * row[m] for m in range(t, 7)) for t in range(7)] for row in rewards])
    assert np.allclose(returns, ahead)  # λ = 1: no value is believed
    assert np.allclose(advantages, ahead - values)
    advantages, _ = gae(rewards, values, mask, gamma, 0.0)
    assert np.allclose(advantages, rewards + gamma * np.pad(values[:, 1:], ((0, 0), (0, 1))) - values)


def test_padding_touches_no_advantage():
    rewards, values = RNG.normal(size=(2, 3, 5))
    mask = np.arange(5) < np.array([[5], [3], [1]])
    clean = gae(rewards, values, mask)
    dirty = gae(np.where(mask, rewards, math.nan), np.where(mask, values, 1e300), mask)
    assert all(np.array_equal(one, other) for one, other in zip(clean, dirty, strict=True))
    longer = gae(*(np.pad(one, ((0, 0), (2, 3))) for one in (rewards, values, mask)))
    assert np.array_equal(longer[0][:, 2:7], clean[0])
    assert np.array_equal(whitened(np.where(mask, rewards, math.nan), mask), whitened(rewards, mask))


def test_groups_baselines_and_whitening():
    rewards = RNG.normal(size=12)
    found = group_advantages(rewards, 4).reshape(3, 4)
    assert np.allclose(found.mean(1), 0) and np.allclose(found.std(1), 1)
    assert np.allclose(group_advantages(3 * rewards + 7, 4), found.ravel(), atol=1e-6)
    assert not group_advantages([0.1, 0.1, 0.1, 5.0, 5.0, 5.0, *[1e8 + 0.1] * 3], 3).any()  # exactly
    assert not whitened([1e8 + 0.1] * 3, [True] * 3).any() and not whitened([2.0, 3.0], [True, False]).any()
    assert np.allclose(leave_one_out(rewards), [np.delete(rewards, k).mean() for k in range(12)])
    mask = RNG.random((4, 6)) < 0.7
    white = whitened(RNG.normal(3, 5, (4, 6)), mask)
    assert white[mask].mean() == pytest.approx(0, abs=1e-12) and white[mask].std() == pytest.approx(1)
    assert not white[~mask].any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gae([1.0], [1.0, 2.0], [True]), "values must have the mask's shape"),
        (lambda: gae([math.nan], [1.0], [True]), "rewards must be finite"),
        (lambda: gae([1.0], [1.0], [True], gamma=1.1), "gamma must lie between 0 and 1"),
        (lambda: gae([1.0], [1.0], [True], lam=-0.1), "lam must lie"),
        (lambda: group_advantages([1.0, 2.0, 3.0], 2), "groups of 2"),
        (lambda: group_advantages([1.0, math.inf], 2), "rewards must be finite"),
        (lambda: leave_one_out([1.0]), "at least 2"),
        (lambda: whitened([1.0], [False]), "True somewhere"),
    ],
)
def test_bad_advantages_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
    with pytest.raises(TypeError, match="mask must be"):
        gae([1.0], [1.0], [1])
