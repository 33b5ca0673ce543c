"""The claims of the chapter on Boltzmann machines, against values that share no code with what they test."""

import itertools
import math
import re

import numpy as np
import pytest
from scipy.special import expit, logsumexp

from book_lib import boltzmann, hopfield
from book_lib.boltzmann import RBM, BoltzmannMachine


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("boltzmann_machines")


def states_of(n, low):
    return [np.array(x) for x in itertools.product((low, 1), repeat=n)]


def spelt_out(x, weights, bias):
    """E of one state, pair by pair."""
    pairs = sum(weights[i][j] * x[i] * x[j] for i, j in itertools.combinations(range(len(x)), 2))
    return -pairs - sum(b * value for b, value in zip(bias, x, strict=True))


def law_of(machine):
    """Boltzmann's law of a machine, summed by hand; the states in the order of `itertools.product`."""
    low = 0 if machine.units == "binary" else -1
    states = states_of(machine.n, low)
    minus = -np.array([spelt_out(x, machine.weights, machine.bias) for x in states]) / machine.temperature
    return np.array(states), np.exp(minus - logsumexp(minus))


def rbm_law(rbm):
    """The law of all (v, h) of a restricted machine: states, and a table of probabilities, shape (2^V, 2^H)."""
    V, H = rbm.weights.shape
    v, h = np.array(states_of(V, 0)), np.array(states_of(H, 0))
    minus = (v @ rbm.weights @ h.T + (v @ rbm.visible_bias)[:, None] + h @ rbm.hidden_bias) / rbm.temperature
    return v, h, np.exp(minus - logsumexp(minus))


def random_machine(n, seed, units="spin", temperature=1.0):
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.normal(0, 0.6, (n, n)), 1)
    return BoltzmannMachine(upper + upper.T, rng.normal(0, 0.4, n), units, temperature)


# ---------------------------------------------------------------------------- H-16: two messages


@pytest.mark.claim("H-16")
def test_the_hidden_machine_is_recovered_from_its_states(here):
    truth, found, seen = (here.names[name] for name in ("truth", "found", "seen"))
    upper = np.triu_indices(8, 1)
    for count in (500, 5000):
        assert seen[count].shape == (count, 8) and set(np.unique(seen[count])) == {-1, 1}
        off = found[count].weights[upper] - truth.weights[upper]
        assert here.numbers[f"off_{count}"] == pytest.approx(math.sqrt(np.mean(off**2)))
    assert here.numbers["off_5000"] < 0.06 < here.numbers["off_500"] < 0.4
    assert here.numbers["signs_right"] == here.numbers["clear"] > 15


@pytest.mark.claim("H-16")
@pytest.mark.parametrize("seed", range(3))
def test_other_machines_are_recovered_too(seed):
    machine = random_machine(6, seed)
    states, p = law_of(machine)
    drawn = states[np.random.default_rng(seed).choice(64, size=8000, p=p)]
    found = boltzmann.pseudo_likelihood_fit(drawn)
    strong = np.abs(machine.weights) > 0.15
    assert (np.sign(found.weights) == np.sign(machine.weights))[strong].all()
    assert found.weights == pytest.approx(machine.weights, abs=0.15)
    assert found.bias == pytest.approx(machine.bias, abs=0.15)


@pytest.mark.claim("H-16")
def test_the_pseudo_likelihood_is_highest_at_the_truth():
    """Its mean under the true law, from conditionals made of pairs of joint probabilities, falls in every direction."""
    machine = random_machine(4, 3)
    states, p = law_of(machine)

    def value(weights, bias):
        total = 0.0
        for s, share in zip(states, p, strict=True):
            for i in range(4):
                turned = s.copy()
                turned[i] *= -1
                total -= share * np.logaddexp(0, spelt_out(s, weights, bias) - spelt_out(turned, weights, bias))
        return total

    best, rng = value(machine.weights, machine.bias), np.random.default_rng(1)
    for _ in range(30):
        upper = np.triu(rng.normal(0, 0.2, (4, 4)), 1)
        assert value(machine.weights + upper + upper.T, machine.bias + rng.normal(0, 0.2, 4)) < best


@pytest.mark.claim("H-16")
def test_correlation_is_not_coupling(here):
    assert here.numbers["near"] == pytest.approx(math.tanh(0.8), abs=1e-12)
    assert here.numbers["far"] == pytest.approx(math.tanh(0.8) ** 2, abs=1e-12)
    assert abs(here.numbers["row_far"]) < 0.1 and here.numbers["row_near"] == pytest.approx(0.8, abs=0.1)
    assert "*Correlation is not coupling.*" in here.prose("sec-bm-inverse")


@pytest.mark.claim("H-16")
def test_free_energy_is_least_and_energy_is_not(here):
    truth = here.names["truth"]
    states, p = law_of(truth)
    energies = np.array([spelt_out(s, truth.weights, truth.bias) for s in states])
    assert here.numbers["ground"] == pytest.approx(energies.min())
    assert here.numbers["u"] == pytest.approx(p @ energies) and here.numbers["u"] > energies.min() + 1
    free = p @ energies + p @ np.log(p)
    assert here.numbers["free_p"] == pytest.approx(free) == here.numbers["free_least"]
    for q in np.random.default_rng(2).dirichlet(np.ones(256), size=50):
        assert q @ energies + q @ np.log(q) > free
    assert energies.min() > free  # the law that is sure of the ground state: no entropy
    # Nine magnets at T = 5 (E-54), every bond of the 3 × 3 torus by itself.
    total = weight = 0.0
    for flat in itertools.product((1, -1), repeat=9):
        s = np.reshape(flat, (3, 3))
        energy = -float((s * np.roll(s, 1, 0) + s * np.roll(s, 1, 1)).sum())
        total, weight = total + energy * math.exp(-energy / 5), weight + math.exp(-energy / 5)
    assert here.numbers["magnet_u"] == pytest.approx(total / weight / 9)
    assert f"{here.numbers['magnet_u']:.3f}" == "-0.538"


@pytest.mark.claim("H-16")
def test_slow_cooling_reaches_the_ground_state(here):
    assert here.numbers["reached"] > 85 and here.numbers["reached"] > here.numbers["down"]
    machine = random_machine(10, 8)
    least = min(spelt_out(s, machine.weights, machine.bias) for s in states_of(10, -1))
    network = hopfield.Hopfield(10, machine.bias)
    network.weights = machine.weights
    slow = [hopfield.anneal(network, np.geomspace(3, 0.05, 150), rng=seed).best_energy for seed in range(12)]
    assert np.mean(np.isclose(slow, least)) > 0.8
    for run in (hopfield.anneal(network, np.geomspace(3, 0.05, 30), rng=seed) for seed in range(3)):
        assert run.best_energy == pytest.approx(spelt_out(run.best, machine.weights, machine.bias))
        assert run.best_energy >= least - 1e-9


@pytest.mark.claim("H-16")
def test_the_race_between_cooling_and_descents_is_fair(here):
    """Both spend 200 sweeps; the energies are those of the states, pair by pair."""
    large, runs, descents = (here.names[name] for name in ("large", "runs", "descents"))
    numbers = here.numbers

    def energy(s):
        return -0.5 * float(s @ large.weights @ s) / 400

    assert [energy(run.best) for run in runs] == pytest.approx(here.names["cooled"])
    assert [energy(run.state) for run in descents] == pytest.approx(here.names["depths"])
    assert all(len(run.energies) == 200 for run in runs)
    spent = np.mean([run.sweeps for run in descents])
    assert numbers["tries"] * spent <= 200 < (numbers["tries"] + 1) * spent
    teams = [here.names["depths"][k : k + 16].min() for k in range(0, 64, 16)]
    assert numbers["tries"] == 16 and numbers["teams"] == numbers["coolings"] == 4
    assert max(here.names["cooled"]) < min(teams) and numbers["best_of"] == pytest.approx(np.mean(teams))
    assert numbers["cooled"] == pytest.approx(np.mean(here.names["cooled"]))
    assert numbers["lone_descent"] == pytest.approx(np.mean(here.names["depths"]))
    assert numbers["cooled"] < numbers["best_of"] < numbers["lone_descent"]
    # by halves of T: 1.5 → 1 → 0.5 → 0.1, each time less is gained
    gains = -np.diff([0, numbers["at_one"], numbers["at_half"], numbers["cooled"]])
    assert gains[0] > gains[1] > gains[2] > 0


@pytest.mark.claim("H-16")
def test_the_text_goes_both_ways_and_corrects_the_one_rule(here):
    inverse = here.prose("sec-bm-inverse")
    assert "from question to answer" in inverse and "from answer to question" in inverse
    assert "What is least is the **free energy**" in here.prose("sec-bm-rule")


# ---------------------------------------------------------------------------- H-17: units that choose


@pytest.mark.claim("H-17")
def test_the_two_kinds_of_units_at_the_same_field(here):
    assert f"{here.numbers['chance_binary']:.4f}" == "0.6682" == f"{expit(0.7):.4f}"
    assert f"{here.numbers['chance_spin']:.4f}" == "0.8022" == f"{expit(1.4):.4f}"
    section = here.prose("sec-bm-units")
    for part in (
        "its nodes, its weights and biases, the energy",
        "and Boltzmann's law",
        r"\sigma(1.4) = $ {glue:text}`chance_spin:.4f`",
        r"\sigma(0.7) = $ {glue:text}`chance_binary:.4f`",
    ):
        assert part in section, part


@pytest.mark.claim("H-17")
@pytest.mark.parametrize("units", ["binary", "spin"])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_unit_follows_its_conditional_probability(units, temperature):
    machine = random_machine(4, 11, units, temperature)
    states, p = law_of(machine)
    assert machine.distribution() == pytest.approx(p, abs=1e-13)
    rows = {tuple(x): share for x, share in zip(states, p, strict=True)}
    for x in states:
        for i in range(4):
            on, off = list(x), list(x)
            on[i], off[i] = 1, 0 if units == "binary" else -1
            expected = rows[tuple(on)] / (rows[tuple(on)] + rows[tuple(off)])
            assert machine.probability_on(x)[i] == pytest.approx(expected, abs=1e-12)


@pytest.mark.claim("H-17")
def test_one_law_in_two_languages(here):
    binary, spins = here.names["binary"], here.names["as_spins"]
    assert law_of(spins)[1] == pytest.approx(law_of(binary)[1], abs=1e-13)
    assert spins.weights == pytest.approx(binary.weights / 4)
    assert spins.bias == pytest.approx(binary.bias / 2 + binary.weights.sum(1) / 4)
    assert here.numbers["convert_gap"] < 1e-12
    assert here.names["back"] == pytest.approx(binary.bias)
    again = spins.convert("binary")
    assert again.weights == pytest.approx(binary.weights) and again.bias == pytest.approx(binary.bias)


@pytest.mark.claim("H-17")
def test_gibbs_sampling_visits_states_as_the_law_says(here):
    _, p = law_of(here.names["binary"])
    shares = here.names["shares"]
    assert shares.sum() == pytest.approx(1) and np.abs(shares - p).max() < 0.02
    assert here.numbers["sampled_kl"] == pytest.approx(1e3 * float((shares * np.log(shares / p)).sum()))
    assert (np.array(here.names["ours"]) == here.names["theirs"]).all()


@pytest.mark.claim("H-17")
def test_a_tiny_restricted_machine_visits_states_as_the_law_says():
    rng = np.random.default_rng(4)
    rbm = RBM(rng.normal(0, 1, (3, 2)), rng.normal(0, 0.5, 3), rng.normal(0, 0.5, 2), temperature=1.3)
    v, _, p = rbm_law(rbm)
    ends = rbm.gibbs(np.zeros((40_000, 3), int), 30, rng=5)
    shares = np.array([(ends == row).all(1).mean() for row in v])
    error = np.sqrt(p.sum(1) * (1 - p.sum(1)) / 40_000)
    assert (np.abs(shares - p.sum(1)) < 4.5 * error).all()
    assert np.exp(-rbm.free_energy(v) / 1.3 - rbm.log_partition()) == pytest.approx(p.sum(1))
    given_v = (p @ np.array(states_of(2, 0))) / p.sum(1)[:, None]
    assert rbm.hidden_given(v) == pytest.approx(given_v)


@pytest.mark.claim("H-17")
def test_restricted_is_defined(here):
    prose = here.prose("sec-bm-restricted")
    assert "couplings *between* the layers and **none within a layer**" in prose


PRINTED = {  # what the tests of this file hold for numbers, as the text prints it
    "sec-bm-inverse": r"\frac{e^{s_i h_i/T}}{e^{h_i/T} + e^{-h_i/T}} \\ &= \sigma(2 s_i h_i/T)",
    "sec-bm-units": r"P(x_i = 1) = \sigma(h_i/T) , \\ \{-1, +1\}: \quad & P(s_i = +1) = \sigma(2h_i/T)",
    "sec-bm-gradient": r"\langle x_ix_j\rangle_\text{data} - \langle x_ix_j\rangle_\text{model}}{T}",
    "sec-bm-gap": r"F[\hat q] - (-T\ln Z) = T\,\mathrm{KL}(\hat q \,\Vert\, p)",
    "sec-bm-divergence": r"\langle v_i h_j \rangle_\text{data} - \langle v_i h_j \rangle_{k\text{ steps}}",
}


@pytest.mark.claim("H-17")
def test_the_signs_of_the_printed_formulas(here):
    for section, formula in PRINTED.items():
        assert formula in here.prose(section), section
    assert r"W' = \tfrac14 W, \qquad b' = \tfrac12 b + \tfrac14 W \mathbf{1}" in here.prose("sec-bm-units")
    restricted = here.prose("sec-bm-restricted")
    for formula in (
        r"E(v, h) = -v^\top W h - a \cdot v - b \cdot h",
        r"P(h_j = 1 \mid v) &= \sigma\bigl( (v^\top W + b)_j / T \bigr)",
        r"P(v_i = 1 \mid h) &= \sigma\bigl( (W h + a)_i / T \bigr)",
        r"F(v) &= -a \cdot v \\ & \quad - T \sum_j \ln\bigl( 1 + e^{(v^\top W + b)_j/T} \bigr)",
    ):
        assert formula in restricted, formula


# ---------------------------------------------------------------------------- H-18: the road from Hopfield


@pytest.mark.claim("H-18")
def test_the_cold_unit_is_hopfields():
    rng = np.random.default_rng(6)
    upper = np.triu(rng.normal(0, 1, (12, 12)), 1)
    network = hopfield.Hopfield(12, rng.normal(0, 1, 12))
    network.weights = upper + upper.T
    cold = BoltzmannMachine.of(network, 1e-4)
    warm = BoltzmannMachine.of(network, 20.0)
    for _ in range(200):
        s = 2 * rng.integers(0, 2, 12) - 1
        sign = np.sign(network.weights @ s + network.thresholds)
        assert cold.probability_on(s) == pytest.approx((1 + sign) / 2, abs=1e-6)
        assert (2 * (cold.probability_on(s) > 0.5) - 1 == network.wishes(s)).all()
        assert ((warm.probability_on(s) > 0.01) & (warm.probability_on(s) < 0.99)).all()
    one = 2 * rng.integers(0, 2, 12) - 1
    path = cold.sample(30, rng=1, start=[one])[-1, 0]
    assert (path == network.recall(one).state).all()


@pytest.mark.claim("H-18")
def test_a_tie_is_a_fair_coin_at_every_temperature(here):
    for temperature in (1e-6, 1.0, 50.0):
        machine = BoltzmannMachine([[0.0]], [0.0], "spin", temperature)
        assert machine.probability_on([1])[0] == 0.5
    assert "The sigmoid says one half at every $T$" in here.prose("sec-bm-limit")


@pytest.mark.claim("H-18")
def test_the_law_of_the_memory_freezes_into_its_pattern(here):
    for temperature in (2, 1, 0.1):
        ratio = 3 * math.exp(-4 / (3 * temperature))
        assert here.numbers[f"recalled_{10 * temperature:.0f}"] == pytest.approx(1 / (1 + ratio), abs=1e-12)
    states, p = law_of(BoltzmannMachine.of(here.names["memory"], 0.02))
    assert {tuple(s) for s in states[p > 0.4]} == {(1, -1, 1), (-1, 1, -1)} and p.max() == pytest.approx(0.5)


@pytest.mark.claim("H-18")
def test_descents_stay_in_many_valleys(here):
    glass = here.names["glass"]
    assert here.numbers["valleys"] > 20
    for end in here.names["ends"][:10]:
        h = glass.weights @ end.state
        assert (h * end.state >= 0).all()  # every unit is content, in a valley that is not the deepest
    assert here.numbers["valley_best"] < here.numbers["valley_mean"]


# ---------------------------------------------------------------------------- learning (H-19, and the lemma)


@pytest.mark.claim("H-19")
@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_data_minus_model_is_the_slope_of_the_likelihood(temperature):
    machine = random_machine(4, 21, temperature=temperature)
    data = np.array(states_of(4, -1))[[0, 3, 3, 7, 12]]

    def likelihood(weights, bias):
        minus = [-spelt_out(s, weights, bias) / temperature for s in states_of(4, -1)]
        return np.mean([-spelt_out(s, weights, bias) / temperature for s in data]) - logsumexp(minus)

    def rise(weights, bias):
        w, b = machine.weights, machine.bias
        return (likelihood(w + weights, b + bias) - likelihood(w - weights, b - bias)) / (2 * step)

    slope, step = machine.gradient(data), 1e-5
    for i, j in itertools.combinations(range(4), 2):
        change = np.zeros((4, 4))
        change[i, j] = change[j, i] = step
        assert slope.weights[i, j] == pytest.approx(rise(change, np.zeros(4)), abs=1e-8)
    for i in range(4):
        assert slope.bias[i] == pytest.approx(rise(np.zeros((4, 4)), step * np.eye(4)[i]), abs=1e-8)


@pytest.mark.claim("H-19")
def test_two_spins_learn_the_formula_turned_round(here):
    assert here.numbers["two_spins"] == pytest.approx(math.log(9) / 2)  # artanh 0.8: odds of nine to one
    assert here.numbers["pull_last"] == pytest.approx(0, abs=1e-12)
    for w in (0.0, 0.5, 1.0):
        two = BoltzmannMachine([[0, w], [w, 0]], units="spin")
        alike = math.exp(w) / (math.exp(w) + math.exp(-w))
        slope = two.gradient([[1, 1]] * 9 + [[1, -1]]).weights[0, 1]
        assert slope == pytest.approx(0.8 - (2 * alike - 1)) and slope > 0


@pytest.mark.claim("H-19")
def test_learning_closes_the_gap_of_the_master_identity(here):
    assert here.numbers["climb_last"] > here.numbers["climb_first"] and here.numbers["left"] < 2e-3
    data, learner = here.names["data"], here.names["learner"]
    states, p = law_of(learner)
    model = states.T @ (p[:, None] * states)
    assert data.T.astype(float) @ data / len(data) == pytest.approx(model, abs=2e-3)
    q = np.array([(data == s).all(1).mean() for s in states])
    energies = np.array([spelt_out(s, learner.weights, learner.bias) for s in states])
    free = q @ energies + (q[q > 0] * np.log(q[q > 0])).sum()
    assert here.numbers["gap_after"] == pytest.approx(free + logsumexp(-energies), abs=1e-9)
    assert here.numbers["gap_after"] == pytest.approx((q[q > 0] * np.log(q[q > 0] / p[q > 0])).sum(), abs=1e-9)
    assert here.numbers["gap_before"] == pytest.approx(math.log(256) + (q[q > 0] * np.log(q[q > 0])).sum(), abs=1e-9)
    assert here.numbers["hebb_gap"] < 1e-12 and here.numbers["apart"] < 0.05


@pytest.mark.claim("H-19")
def test_pairs_cannot_say_even_and_hidden_units_can(here):
    assert here.numbers["blank"] == pytest.approx(-3 * math.log(2))
    even = here.names["even"]
    assert (even.T @ even / 4 == 0.25 * (1 + np.eye(3))).all()  # as three fair coins
    v, _, p = rbm_law(here.names["parity"])
    shares = {tuple(row): share for row, share in zip(v, p.sum(1), strict=True)}
    likelihood = np.mean([math.log(shares[tuple(row)]) for row in even])
    assert here.numbers["parity_end"] == pytest.approx(likelihood)
    assert -math.log(4) - 0.05 < likelihood < -math.log(4)


@pytest.mark.claim("H-19")
def test_contrastive_divergence_points_along_the_slope(here):
    """The chapter's mean of CD-k against the library's dice, and its cosine against the exact slope."""
    for turn, rows in here.names["compared"].items():
        assert [row[0] for row in rows] == [1, 2, 5, 10, 30, 100]
        assert all(row[1] > 0.9 for row in rows)
        bias = [row[2] for row in rows]
        assert all(a > b or a < 1e-9 for a, b in itertools.pairwise(bias))
        assert here.numbers[f"bias_{turn}"] == pytest.approx(100 * bias[0])
        assert here.numbers[f"slope_{turn}"] == rows[0][3]
    assert here.numbers["bias_50"] < here.numbers["bias_1500"]
    assert here.numbers["slope_50"] > 5 * here.numbers["slope_1500"]
    norm = np.linalg.norm(here.names["small"].gradient(here.names["pictures"]).weights)
    assert norm == pytest.approx(here.numbers["slope_1500"], rel=0.01)  # one step later
    small, law, pictures = here.names["small"], here.names["law"], here.names["pictures"]
    dice, repeated = np.random.default_rng(3), np.tile(pictures, (2000, 1))
    for k in (1, 3):
        drawn = np.mean([small.contrastive_divergence(repeated, dice, k)[0].weights for _ in range(20)], axis=0)
        assert drawn == pytest.approx(here.names["cd_mean"](small, law, k), abs=0.01)


@pytest.mark.claim("H-19")
def test_the_table_of_steps_keeps_the_law(here):
    rng = np.random.default_rng(9)
    rbm = RBM(rng.normal(0, 1.5, (4, 3)), rng.normal(0, 1, 4), rng.normal(0, 1, 3))
    v, h, p = rbm_law(rbm)
    table = here.names["step_table"](rbm)
    up, down = p / p.sum(1, keepdims=True), (p / p.sum(0)).T
    assert table == pytest.approx(up @ down, abs=1e-12)
    assert p.sum(1) @ table == pytest.approx(p.sum(1), abs=1e-12)
    exact = here.names["exact"](rbm, here.names["law"])
    assert exact == pytest.approx(rbm.gradient(here.names["pictures"]).weights)
    assert here.numbers["exact_gap"] < 1e-12
    assert here.names["cd_mean"](rbm, here.names["law"], 3000) == pytest.approx(exact, abs=1e-6)
    data = here.names["law"] @ np.einsum("vi,vj->vij", v, up @ h).reshape(16, -1)
    model = p.ravel() @ np.einsum("vi,hj->vhij", v, h).reshape(-1, 12)
    assert exact.ravel() == pytest.approx(data - model)


@pytest.mark.claim("H-19")
@pytest.mark.parametrize("seed", range(3))
def test_the_likelihood_rises_by_partial_relaxation(here, seed):
    assert here.numbers["cd_end"] > here.numbers["cd_start"] + 0.5
    assert here.numbers["cd_end"] < here.numbers["data_entropy"]
    pictures = np.tile(here.names["pictures"], (4, 1))
    rbm = RBM.random(4, 3, rng=seed, scale=0.3)
    before = rbm.log_likelihood(pictures)
    rbm.fit(pictures, epochs=300, rate=0.1, batch_size=20, rng=seed)
    v, _, p = rbm_law(rbm)
    shares = {tuple(row): share for row, share in zip(v, p.sum(1), strict=True)}
    after = np.mean([math.log(shares[tuple(row)]) for row in pictures])
    assert after == pytest.approx(rbm.log_likelihood(pictures)) and after > before + 0.3


@pytest.mark.claim("H-19")
def test_reconstruction_is_not_likelihood(here):
    assert here.numbers["copy_error"] < 1e-12
    _, _, p = rbm_law(here.names["copier"])
    assert p.sum(1) == pytest.approx(1 / 16, rel=1e-6)
    assert here.numbers["copy_likelihood"] == pytest.approx(-4 * math.log(2), abs=1e-6)


@pytest.mark.claim("H-19")
def test_the_digits_machine_beats_lone_pixels(here):
    assert here.numbers["gain"] > 3
    slack = here.numbers["z_guess_slack"]
    assert here.numbers["z_exact"] == pytest.approx(here.numbers["z_guess"], abs=3 * slack)
    assert 0.01 < slack < 0.1 and 0.01 < here.numbers["z_slack"] < 0.1
    assert here.numbers["error_last"] < here.numbers["error_first"]
    assert here.numbers["ink_10"] == pytest.approx(here.numbers["ink_data"], abs=5)
    made = [made for made in here.made if made[0] == "RbmDreams"]
    assert len(made) == 1 and made[0][2]["machine"] is here.names["digits"]


@pytest.mark.claim("H-19")
def test_dreams_are_new_and_cold_ones_fall_into_valleys(here):
    numbers, train, dreams = here.numbers, here.names["train"].tolist(), here.names["dreams"]
    assert [len({tuple(v) for v in dreams[T].tolist()}) for T in (0.2, 2.5)] == [numbers["different_2"], 200]
    assert numbers["different_25"] == 200 and numbers["different_2"] < 100
    for v, closest in zip(dreams[1.0].tolist()[:10], here.names["nearest"][:10], strict=True):
        assert closest == min(sum(a != b for a, b in zip(v, w, strict=True)) for w in train)
    assert numbers["copies"] == 0 and numbers["nearest"] > numbers["nearest_new"] > 0
    # first long, then cold: F/T by hand, −a·v/T − Σ ln(1 + e^{z/T}) at T = 0.2
    rbm, depth = here.names["digits"], {}
    for name, v in (("quenched", dreams[0.2]), ("annealed", here.names["slowly"])):
        z = (v @ rbm.weights + rbm.hidden_bias) / 0.2
        depth[name] = -0.2 * (v @ rbm.visible_bias / 0.2 + np.logaddexp(0, z).sum(1)).mean()
        assert numbers[name] == pytest.approx(depth[name])
    assert depth["annealed"] < depth["quenched"] - 0.5 and numbers["different_cooled"] < numbers["different_2"]


# ---------------------------------------------------------------------------- the price of Z (no row; story)


def test_the_price_of_z_counted_both_ways(here):
    assert here.numbers["whole_terms"] == 3**4 and here.numbers["chain_terms"] == 4 * 3
    joint = here.names["joint"]
    weights = {}
    for text in itertools.product(range(3), repeat=4):
        energy = -sum(a == b for a, b in itertools.pairwise(text)) - 0.5 * (text[0] == text[3]) + 0.3 * text.count(2)
        weights[text] = math.exp(-energy)
    Z = sum(weights.values())
    assert joint == pytest.approx([weights[tuple(text)] / Z for text in here.names["texts"]])
    for text, p in zip(here.names["texts"], joint, strict=True):
        by_letter, terms = here.names["probability_of"](text, here.names["scores_of_joint"])
        assert by_letter == pytest.approx(p) and terms == 12
    assert here.numbers["any_total"] == pytest.approx(1, abs=1e-12)
    assert here.numbers["digits_of_texts"] == pytest.approx(1000 * math.log10(50_000))
    digits = round(here.numbers["digits_of_texts"])
    assert 10 ** (digits - 1) <= 50_000**1000 < 10**digits
    assert here.numbers["chain_millions"] == 50
    assert re.search(r"\*\*a softmax is a Boltzmann machine whose \$Z\$ we can afford\*\*", here.prose("sec-bm-price"))
