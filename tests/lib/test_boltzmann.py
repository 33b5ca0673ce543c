"""book_lib.boltzmann against enumeration, finite differences, closed forms, slow twins and scikit-learn.

Statistics use fixed seeds and ask for |z| < 4.
"""

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats
from sklearn.neural_network import BernoulliRBM

from book_lib import _boltzmann_machine, _boltzmann_restricted, boltzmann
from book_lib.boltzmann import RBM, BoltzmannMachine
from book_lib.hopfield import Hopfield
from book_lib.rng import CounterRNG

NAN = float("nan")
SEEDS = st.integers(0, 10_000)
UNITS = st.sampled_from(["binary", "spin"])
TEMPERATURES = st.floats(0.3, 5)


def states_of(n, units="binary"):
    return np.array(list(itertools.product([0 if units == "binary" else -1, 1], repeat=n)))


def some_machine(n, seed, units="binary", temperature=1.0, scale=1.0):
    rng = np.random.default_rng(seed)
    w = np.triu(scale * rng.normal(size=(n, n)), 1)
    return BoltzmannMachine(w + w.T, scale * rng.normal(size=n), units, temperature)


def naive_law(machine):
    """The law by loops over pairs, and its energies."""
    w, b, n = machine.weights, machine.bias, machine.n

    def energy(x):
        pairs = sum(w[i, j] * x[i] * x[j] for i in range(n) for j in range(i + 1, n))
        return -pairs - sum(b[i] * x[i] for i in range(n))

    energies = np.array([energy(x) for x in states_of(n, machine.units)])
    weights = [math.exp(-e / machine.temperature) for e in energies]
    return np.array(weights) / sum(weights), energies


# ---------------------------------------------------------------------------- the general machine


@given(st.integers(1, 6), SEEDS, UNITS, TEMPERATURES)
def test_the_law_is_boltzmanns_over_every_state(n, seed, units, temperature):
    machine = some_machine(n, seed, units, temperature)
    p, energies = naive_law(machine)
    x = states_of(n, units)
    assert (machine.states() == x).all() and machine.states().dtype == np.int8
    assert machine.energy(x) == pytest.approx(energies) and type(machine.energy(x[0])) is float
    assert type(machine.log_partition()) is type(machine.log_likelihood(x)) is float
    assert machine.distribution() == pytest.approx(p)
    assert machine.log_partition() == pytest.approx(math.log(sum(np.exp(-energies / temperature))))
    mean, correlation = machine.moments()
    assert mean == pytest.approx(p @ x, abs=1e-12)
    assert correlation == pytest.approx(np.einsum("k,ki,kj->ij", p, x, x), abs=1e-12)
    assert (correlation == correlation.T).all()
    assert machine.log_likelihood(x) == pytest.approx(np.log(p).mean())
    assert machine.log_likelihood(x[-1:]) == pytest.approx(math.log(p[-1]))


@given(st.integers(1, 5), SEEDS, UNITS, TEMPERATURES)
def test_a_unit_has_its_chance_given_the_others(n, seed, units, temperature):
    """Of the two states that differ in one unit alone, by the law itself."""
    machine = some_machine(n, seed, units, temperature)
    p, low = (
        dict(zip(map(tuple, states_of(n, units)), machine.distribution(), strict=True)),
        machine.states()[0, 0],
    )
    chances = machine.probability_on(states_of(n, units))
    fields = machine.field(states_of(n, units))
    for x, chance, field in zip(states_of(n, units).tolist(), chances, fields, strict=True):
        for i in range(n):
            on, off = (p[(*x[:i], value, *x[i + 1 :])] for value in (1, low))
            assert chance[i] == pytest.approx(on / (on + off))
            assert field[i] == pytest.approx(machine.weights[i] @ x + machine.bias[i])
    assert machine.probability_on(states_of(n, units)[0]).shape == (n,)


def test_units_of_two_kinds():
    """E-60: at h = 0.7 a unit of {0, 1} is on with σ(h), one of ±1 with σ(2h)."""
    for units, chance in (("binary", 0.6682), ("spin", 0.8022)):
        machine = BoltzmannMachine([[0.0]], [0.7], units)
        assert machine.probability_on([1])[0] == pytest.approx(chance, abs=5e-5)
        assert machine.distribution()[1] == pytest.approx(chance, abs=5e-5)
    pair = BoltzmannMachine([[0, 1.5], [1.5, 0]], units="spin", temperature=2.0)
    assert pair.moments().correlation[0, 1] == pytest.approx(math.tanh(0.75))
    assert pair.log_partition() == pytest.approx(math.log(4 * math.cosh(0.75)))
    alone = BoltzmannMachine(np.zeros((3, 3)), [0.5, -1, 2], temperature=0.5)
    assert alone.log_partition() == pytest.approx(sum(np.log1p(np.exp([1, -2, 4]))))
    assert alone.moments().mean == pytest.approx(special.expit([1, -2, 4]))


@given(st.integers(1, 6), SEEDS, UNITS, TEMPERATURES)
def test_conversion_keeps_the_law(n, seed, units, temperature):
    machine, other = some_machine(n, seed, units, temperature), "spin" if units == "binary" else "binary"
    turned = machine.convert(other)
    assert (turned.units, turned.temperature, turned.n) == (other, temperature, n)
    assert turned.distribution() == pytest.approx(machine.distribution())
    shift = turned.energy(turned.states()) - machine.energy(machine.states())
    assert shift == pytest.approx(np.full(2**n, shift[0]), abs=1e-9)
    back, same = turned.convert(units), machine.convert(units)
    assert back.weights == pytest.approx(machine.weights) and back.bias == pytest.approx(
        machine.bias, abs=1e-9
    )
    assert (
        same is not machine and (same.weights == machine.weights).all() and (same.bias == machine.bias).all()
    )


@given(st.integers(2, 4), SEEDS, UNITS, TEMPERATURES)
def test_the_slope_is_data_minus_model(n, seed, units, temperature):
    machine = some_machine(n, seed, units, temperature)
    data = states_of(n, units)[np.random.default_rng(seed).integers(2**n, size=7)]
    slope, step = machine.gradient(data), 1e-5
    assert (slope.weights == slope.weights.T).all() and not np.diag(slope.weights).any()

    def moved(weights=0.0, bias=0.0):
        other = BoltzmannMachine(machine.weights + weights, machine.bias + bias, units, temperature)
        return other.log_likelihood(data)

    for i in range(n):
        one = step * np.eye(n)[i]
        assert slope.bias[i] == pytest.approx((moved(bias=one) - moved(bias=-one)) / (2 * step), abs=1e-8)
        for j in range(i):
            pair = np.zeros((n, n))
            pair[i, j] = pair[j, i] = step
            difference = (moved(weights=pair) - moved(weights=-pair)) / (2 * step)
            assert slope.weights[i, j] == pytest.approx(difference, abs=1e-8)


def test_climbing_the_slope_finds_the_law():
    """The likelihood of all that a machine says is largest at the machine itself."""
    rng, target = np.random.default_rng(0), some_machine(3, 1, "spin", scale=0.5)
    data = rng.choice(8, p=target.distribution(), size=4000)
    data = target.states()[data].astype(float)
    machine, before = BoltzmannMachine(np.zeros((3, 3)), units="spin"), -np.inf
    for _ in range(300):
        slope = machine.gradient(data)
        machine.weights += 0.2 * slope.weights
        machine.bias += 0.2 * slope.bias
        now = machine.log_likelihood(data)
        assert now >= before - 1e-12
        before = now
    assert machine.moments().correlation == pytest.approx(data.T @ data / len(data), abs=1e-6)
    assert machine.weights == pytest.approx(target.weights, abs=0.1)


def test_large_energies_neither_overflow_nor_vanish():
    strong = BoltzmannMachine([[0, 5e3], [5e3, 0]], [-1e4, 2e3], temperature=0.5)
    _, energies = np.zeros(4), strong.energy(strong.states())
    assert strong.log_partition() == pytest.approx(-min(energies) / 0.5)
    assert strong.distribution().tolist() == [0, 1, 0, 0]
    assert strong.probability_on([0, 0]).tolist() == [0, 1]
    mild = BoltzmannMachine([[0.0]], [-40.0])  # σ(−40): small, and right to its last digits
    assert mild.probability_on([0])[0] == pytest.approx(special.expit(-40.0), rel=1e-12)
    cold = BoltzmannMachine([[0.0, 1.0], [1.0, 0.0]], units="spin", temperature=1e-200)
    assert cold.distribution().tolist() == [0.5, 0, 0, 0.5]
    assert (cold.sample(3, 0, start=[[1, 1], [-1, -1]])[-1] == [[1, 1], [-1, -1]]).all()
    assert BoltzmannMachine([[0.0]], temperature=1e-310).sample(5, 0).shape == (5, 1, 1)


def test_numbers_at_the_end_of_the_floats_stay_true():
    """2h, a sum of energies or 4W may be beyond all floats where what is asked for is not."""
    hot = BoltzmannMachine([[0.0]], [1.7e308], "spin", 1e308)
    assert hot.probability_on([1])[0] == pytest.approx(special.expit(3.4))
    ups = (hot.sample(1, 0, chains=4000)[0] == 1).mean()
    assert abs(ups - special.expit(3.4)) < 4 * math.sqrt(special.expit(3.4) * special.expit(-3.4) / 4000)
    assert hot.log_likelihood([[1]] * 4) == pytest.approx(math.log(special.expit(3.4)))
    assert hot.gradient([[1]]).bias[0] == pytest.approx((1 - math.tanh(1.7)) / 1e308)
    wide = RBM([[0.0]], [8e307], [8e307], temperature=8e307)
    assert wide.log_partition() == pytest.approx(2 * math.log1p(math.e))
    assert wide.hidden_given([0])[0] == pytest.approx(special.expit(1.0))


@pytest.mark.parametrize("blocks", [2**14, 5])
def test_all_states_are_summed_in_pieces(monkeypatch, blocks):
    monkeypatch.setattr(_boltzmann_machine, "_CHUNK", blocks)
    machine = some_machine(7, 3, "spin", 1.3)
    p, _ = naive_law(machine)
    assert machine.distribution() == pytest.approx(p)
    assert machine.moments().mean == pytest.approx(p @ states_of(7, "spin"))
    rbm = some_rbm(3, 4, 0)
    assert rbm.log_partition() == pytest.approx(math.log(naive_rbm(rbm)[0].sum()))
    weights, v, h = naive_rbm(rbm)
    model = np.einsum("kl,ki,lj->ij", weights / weights.sum(), v, h)
    seen = np.outer([1, 0, 1], rbm.hidden_given([1, 0, 1]))
    assert rbm.gradient([[1, 0, 1]]).weights == pytest.approx(seen - model)


# ---------------------------------------------------------------------------- sampling


def naive_gibbs(machine, sweeps, rng, x):
    """One unit after another, one uniform number for each chain."""
    low, x, path = machine.states()[0, 0], np.array(x), []
    for _ in range(sweeps):
        for i in range(machine.n):
            uniform = rng.random(len(x))
            for row, u in zip(x, uniform, strict=True):
                h = machine.weights[i] @ row + machine.bias[i]
                row[i] = 1 if u < special.expit((1 - int(low)) * h / machine.temperature) else low
        path.append(x.copy())
    return np.array(path)


@pytest.mark.parametrize("units", ["binary", "spin"])
@pytest.mark.parametrize("generator", [np.random.default_rng, CounterRNG])
def test_sampling_is_its_slow_twin(units, generator):
    machine, start = some_machine(4, 2, units, 1.7), states_of(4, units)[[3, 8, 15]].astype(float)
    before = start.copy()
    path = machine.sample(6, generator(5), start=start)
    assert path.shape == (6, 3, 4) and path.dtype == np.int8
    assert (path == naive_gibbs(machine, 6, generator(5), start)).all() and (start == before).all()
    rng = generator(6)
    first = machine.states()[[0, 0]] * 0 + np.where(
        rng.integers(0, 2, size=(2, 4)), 1, machine.states()[0, 0]
    )
    assert (machine.sample(3, generator(6), chains=2) == naive_gibbs(machine, 3, rng, first)).all()
    assert machine.sample(1, 0).shape == (1, 1, 4)
    again = machine.sample(6, generator(5), chains=3, start=start)
    assert (again == path).all() and (machine.sample(2, 8) == machine.sample(2, 8)).all()


@pytest.mark.parametrize("units", ["binary", "spin"])
def test_samples_meet_the_exact_law(units):
    """Row H-17: the stationary law of Gibbs sampling is the enumerated one."""
    machine = some_machine(4, 7, units, 1.5)
    ends = machine.sample(40, 0, chains=4000)[-1]
    codes = (ends > 0) @ [8, 4, 2, 1]
    expected = 4000 * machine.distribution()
    z = (np.bincount(codes, minlength=16) - expected) / np.sqrt(expected * (1 - machine.distribution()))
    assert (abs(z) < 4).all()
    assert abs(ends.mean(0) - machine.moments().mean).max() < 0.1


def test_cold_units_follow_their_fields():
    """Row H-18: as T → 0 chance is gone, and sampling is recall."""
    rng = np.random.default_rng(4)
    network = Hopfield(12, rng.normal(size=12))
    w = np.triu(rng.normal(size=(12, 12)), 1)
    network.weights = w + w.T
    cold = BoltzmannMachine.of(network, 1e-9)
    assert (cold.weights == network.weights).all() and (cold.bias == network.thresholds).all()
    assert cold.units == "spin" and cold.temperature == 1e-9
    start = rng.choice([-1, 1], size=(5, 12))
    ends = cold.sample(50, 0, start=start)
    for chain, state in enumerate(start):
        found = network.recall(state)
        assert (ends[: found.sweeps, chain] == found.path[1:]).all()
        assert (ends[-1, chain] == found.state).all()
        assert cold.energy(state) == pytest.approx(network.energy(state))
    tied = BoltzmannMachine.of(Hopfield(1), 1e-9).sample(400, 0)
    assert abs(tied.mean()) < 4 / 20  # a tie is a fair coin


def test_machines_hand_out_copies_and_check_what_they_are_given():
    weights, bias = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1.0, 2.0])
    machine = BoltzmannMachine(weights, bias)
    weights[:], bias[:] = 9, 9
    machine.weights[0, 1] = machine.bias[0] = 9
    assert machine.weights.tolist() == [[0, 1], [1, 0]] and machine.bias.tolist() == [1, 2]
    mine = np.array([[0.0, 3.0], [3.0, 0.0]])
    machine.weights, machine.bias, machine.temperature = mine, [0, 1], 3
    mine[:] = 9
    assert machine.weights.tolist() == [[0, 3], [3, 0]] and machine.bias.tolist() == [0, 1]
    assert repr(machine) == "BoltzmannMachine(n=2, units='binary', temperature=3)"
    low = "temperature must be at least energy/1e300"
    for name, value, words in [
        ("weights", [[0, 1], [2, 0]], "weights must be symmetric"),
        ("weights", np.zeros((3, 3)), r"weights must have shape \(2, 2\), got \(3, 3\)"),
        ("weights", [[0, 1e301], [1e301, 0]], low),
        ("bias", [1], r"bias must have shape \(2,\)"),
        ("bias", [NAN, 0], "bias must be finite"),
        ("bias", [1e302, 0], low),
        ("temperature", 0, "temperature must be greater than 0"),
        ("temperature", 1e-301, low),
    ]:
        with pytest.raises(ValueError, match=words):
            setattr(machine, name, value)
    with pytest.raises(TypeError):
        machine.bias = None
    with pytest.raises(AttributeError):
        machine.units = "spin"
    assert machine.weights.tolist() == [[0, 3], [3, 0]] and machine.bias.tolist() == [0, 1]
    assert machine.temperature == 3


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda machine: pickle.loads(pickle.dumps(machine))])
def test_a_copy_is_a_machine_of_its_own(copied):
    machine, rbm = some_machine(3, 0, "spin", 1.3), some_rbm(3, 2, 0, 0.7)
    for one, data in ((machine, [[1, -1, 1]]), (rbm, [[1, 0, 1]])):
        other, before = copied(one), one.log_likelihood(data)
        assert repr(other) == repr(one) and other.log_likelihood(data) == before
        other.temperature, other.weights = 2.0, 2 * other.weights
        assert other.log_likelihood(data) != before and one.log_likelihood(data) == before


# ---------------------------------------------------------------------------- the inverse problem


def test_couplings_come_back_from_samples():
    """Row H-16: their sizes, and so their signs."""
    target = some_machine(6, 5, "spin", scale=0.5)
    samples = target.sample(220, 1, chains=100)[20:].reshape(-1, 6)
    found = boltzmann.pseudo_likelihood_fit(samples)
    assert (found.units, found.temperature) == ("spin", 1.0)
    assert found.weights == pytest.approx(target.weights, abs=0.06)
    assert found.bias == pytest.approx(target.bias, abs=0.06)


@pytest.mark.parametrize("penalty", [0.0, 0.07])
def test_the_fit_is_where_the_slope_vanishes(penalty):
    samples = some_machine(3, 8, "spin", scale=0.7).sample(60, 3, chains=5).reshape(-1, 3)
    pairs = [(0, 1), (0, 2), (1, 2)]

    def objective(parameters):
        w = np.zeros((3, 3))
        for (i, j), value in zip(pairs, parameters[:3], strict=True):
            w[i, j] = w[j, i] = value
        total = 0.0
        for s in samples.astype(float):
            for i in range(3):
                total += math.log(special.expit(2 * s[i] * (w[i] @ s + parameters[3 + i])))
        return -total / len(samples) + penalty * sum(parameters[:3] ** 2)

    found = boltzmann.pseudo_likelihood_fit(samples, penalty)
    top = np.array([*(found.weights[pair] for pair in pairs), *found.bias])
    assert optimize.approx_fprime(top, objective, 1e-6) == pytest.approx(np.zeros(6), abs=1e-4)
    rng = np.random.default_rng(0)
    for _ in range(10):
        assert objective(top + 0.05 * rng.normal(size=6)) > objective(top)


@pytest.mark.parametrize("agree", [3, 5, 9])
def test_two_units_have_a_closed_form(agree):
    """Agreeing in a share q of symmetric samples: w = ½ ln(q/(1 − q)), b = 0."""
    samples = [[1, 1], [-1, -1]] * agree + [[1, -1], [-1, 1]] * 2
    found = boltzmann.pseudo_likelihood_fit(samples)
    q = agree / (agree + 2)
    assert found.weights[0, 1] == pytest.approx(0.5 * math.log(q / (1 - q)), abs=1e-6)
    assert found.bias == pytest.approx([0, 0], abs=1e-6)
    alone = boltzmann.pseudo_likelihood_fit([[1]] * 3 + [[-1]])
    assert alone.bias[0] == pytest.approx(0.5 * math.log(3)) and alone.weights.tolist() == [[0]]


def gains(samples):
    """By linear programming: how much all margins 2 s_i h_i can grow together if none shrinks and none exceeds 1.

    Above 0 there is a way to fit ever better, and so no summit."""
    s = np.unique(samples, axis=0).astype(float)
    n, pairs = s.shape[1], list(itertools.combinations(range(s.shape[1]), 2))
    rows = []
    for state, i in itertools.product(s, range(n)):
        others = [state[i] * state[a + b - i] if i in (a, b) else 0 for a, b in pairs]
        rows.append([*(state[i] * np.eye(n)[i]), *others])
    rows = np.array(rows)
    sides = np.vstack([-rows, rows]), np.repeat([0, 1], len(rows))
    return -optimize.linprog(-rows.sum(0), *sides, bounds=(None, None)).fun


def test_a_summit_is_found_just_where_there_is_one():
    """Against linear programming; in half of the samples the others foretell a unit."""
    rng, told = np.random.default_rng(0), []
    for turn in range(48):
        n, count = rng.integers(2, 5), rng.integers(4, 30)
        samples = rng.choice([-1, 1], size=(count, n))
        if turn % 2:
            samples[:, 0] = np.sign(samples[:, 1:] @ rng.normal(size=n - 1) + 0.1 * rng.normal())
        if (samples == samples[0]).all(0).any():
            continue
        endless = bool(gains(samples) > 1e-7)
        told.append(endless)
        if endless:
            with pytest.raises(ValueError, match="the weights grow without end"):
                boltzmann.pseudo_likelihood_fit(samples)
        else:
            assert np.isfinite(boltzmann.pseudo_likelihood_fit(samples).weights).all()
    assert 10 < sum(told) < len(told) - 10


def test_a_unit_that_is_always_foretold_may_still_have_a_summit():
    """The majority of five: what would tell it ever more surely would spoil the five."""
    votes = states_of(5, "spin")
    majority = np.column_stack([votes, np.sign(votes.sum(1))])
    assert gains(majority) == pytest.approx(0, abs=1e-9)
    found = boltzmann.pseudo_likelihood_fit(majority)
    margins = 2 * majority * (majority @ found.weights + found.bias)
    assert (margins[:, 5] > 0).all()
    pull = majority * special.expit(-margins)
    slope = majority.T @ pull
    assert slope + slope.T - np.diag(np.diag(2 * slope)) == pytest.approx(np.zeros((6, 6)), abs=1e-10)
    assert pull.sum(0) == pytest.approx(np.zeros(6), abs=1e-10)


def test_samples_count_as_often_as_they_come(monkeypatch):
    samples = some_machine(4, 2, "spin", scale=0.5).sample(90, 3, chains=5).reshape(-1, 4)
    found = boltzmann.pseudo_likelihood_fit(samples)
    more = boltzmann.pseudo_likelihood_fit(np.repeat(samples[::-1], 3, axis=0))
    assert found.weights == pytest.approx(more.weights, abs=1e-9) and (found.weights == found.weights.T).all()
    monkeypatch.setattr(_boltzmann_machine, "_SURE", 3)  # as for many units: without the last step
    rough = boltzmann.pseudo_likelihood_fit(samples)
    assert rough.weights == pytest.approx(found.weights, abs=1e-4) and (rough.weights != found.weights).any()
    assert rough.bias == pytest.approx(found.bias, abs=1e-4)
    with pytest.raises(ValueError, match="samples must have a most likely machine, but none was found: "):
        boltzmann.pseudo_likelihood_fit(samples, 1e300)


@pytest.mark.parametrize("penalty", [1e10, 1e300])
def test_a_great_penalty_leaves_units_alone(penalty):
    """Then b_i = artanh⟨s_i⟩, and w_ij = (⟨s_i s_j⟩ − ⟨s_i⟩⟨s_j⟩)/λ, to first order in 1/λ."""
    samples = some_machine(3, 6, "spin", scale=0.5).sample(90, 3, chains=5).reshape(-1, 3).astype(float)
    found, means = boltzmann.pseudo_likelihood_fit(samples, penalty), samples.mean(0)
    assert found.bias == pytest.approx(np.arctanh(means), abs=1e-8)
    apart = samples.T @ samples / len(samples) - np.outer(means, means)
    assert penalty * found.weights == pytest.approx(apart - np.diag(np.diag(apart)), rel=1e-6)


def test_samples_that_show_no_maximum_are_refused_or_need_a_penalty():
    always = [[1, 1], [-1, -1]]
    with pytest.raises(
        ValueError, match=r"samples must show units 0 and 1 as \(-1, 1\) too, .* or a penalty"
    ):
        boltzmann.pseudo_likelihood_fit(always)
    weak, strong = (boltzmann.pseudo_likelihood_fit(always, penalty).weights[0, 1] for penalty in (0.01, 1.0))
    assert weak > strong > 0
    votes = states_of(3, "spin")
    majority = np.column_stack([votes, np.sign(votes.sum(1))])
    with pytest.raises(
        ValueError, match="samples must leave every unit in doubt, given the others, or the weights"
    ):
        boltzmann.pseudo_likelihood_fit(majority)
    assert boltzmann.pseudo_likelihood_fit(majority, 0.1).weights[0, 3] > 0
    with pytest.raises(ValueError, match="give more of them, or a larger penalty"):
        boltzmann.pseudo_likelihood_fit(majority, 1e-300)
    with pytest.raises(
        ValueError, match="samples must show every unit in both states, got -1 alone for unit 1"
    ):
        boltzmann.pseudo_likelihood_fit([[1, -1], [-1, -1]], 0.1)


# ---------------------------------------------------------------------------- the restricted machine


def some_rbm(visible, hidden, seed, temperature=1.0, scale=1.0):
    rng = np.random.default_rng(seed)
    shapes = ((visible, hidden), visible, hidden)
    return RBM(*(scale * rng.normal(size=shape) for shape in shapes), temperature)


def naive_rbm(rbm):
    """e^{−E/T} of every pair (v, h), shape (2^V, 2^H), and the states."""
    visible, hidden = (states_of(k) for k in rbm.weights.shape)
    energies = [
        [-v @ rbm.weights @ h - rbm.visible_bias @ v - rbm.hidden_bias @ h for h in hidden] for v in visible
    ]
    return np.exp(-np.array(energies) / rbm.temperature), visible, hidden


@given(st.integers(1, 4), st.integers(1, 4), SEEDS, TEMPERATURES)
def test_the_restricted_law_is_boltzmanns_over_every_pair(visible, hidden, seed, temperature):
    rbm = some_rbm(visible, hidden, seed, temperature)
    weights, v, h = naive_rbm(rbm)
    z = weights.sum()
    assert rbm.log_partition() == pytest.approx(math.log(z))
    assert np.exp(-rbm.free_energy(v) / temperature) / z == pytest.approx(weights.sum(1) / z)
    assert rbm.log_likelihood(v) == pytest.approx(np.log(weights.sum(1) / z).mean())
    assert rbm.hidden_given(v) == pytest.approx(weights @ h / weights.sum(1)[:, None])
    assert rbm.visible_given(h) == pytest.approx(weights.T @ v / weights.sum(0)[:, None])
    for i, j in [(0, 0), (2**visible - 1, 2**hidden - 1)]:
        energy = rbm.energy(v[i], h[j])
        assert math.exp(-energy / temperature) == pytest.approx(weights[i, j]) and type(energy) is float
        assert type(rbm.free_energy(v[i])) is float
        assert rbm.free_energy(v[i]) == pytest.approx(-temperature * math.log(weights[i].sum()))
    many = rbm.energy(np.repeat(v, len(h), axis=0), np.tile(h, (len(v), 1)))
    assert np.exp(-many / temperature) == pytest.approx(weights.ravel())
    assert rbm.energy(v, h[-1]) == pytest.approx(many.reshape(weights.shape)[:, -1])
    assert rbm.energy(v[-1], h) == pytest.approx(many.reshape(weights.shape)[-1])
    conditionals = sum(
        np.log(weights.sum(1) / (weights.sum(1) + weights.sum(1)[np.arange(2**visible) ^ 2**k]))
        for k in range(visible)
    )
    assert rbm.pseudo_likelihood(v) == pytest.approx(conditionals.mean())


@given(st.integers(1, 4), st.integers(1, 4), SEEDS, TEMPERATURES)
def test_two_layers_are_one_machine_with_half_its_couplings(visible, hidden, seed, temperature):
    rbm = some_rbm(visible, hidden, seed, temperature)
    n = visible + hidden
    w = np.zeros((n, n))
    w[:visible, visible:] = rbm.weights
    whole = BoltzmannMachine(w + w.T, [*rbm.visible_bias, *rbm.hidden_bias], temperature=temperature)
    assert rbm.log_partition() == pytest.approx(whole.log_partition())
    both = np.random.default_rng(seed).integers(0, 2, size=(5, n))
    assert rbm.energy(both[:, :visible], both[:, visible:]) == pytest.approx(whole.energy(both))
    chances = whole.probability_on(both)
    assert rbm.hidden_given(both[:, :visible]) == pytest.approx(chances[:, visible:])
    assert rbm.visible_given(both[:, visible:]) == pytest.approx(chances[:, :visible])


@pytest.mark.parametrize(("visible", "hidden"), [(4, 3), (3, 3), (2, 4), (1, 1)])
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_the_restricted_slope_is_data_minus_model(visible, hidden, temperature):
    rbm = some_rbm(visible, hidden, 1, temperature)
    data = np.random.default_rng(2).integers(0, 2, size=(6, visible))
    slope, step = rbm.gradient(data), 1e-5
    for name in ("weights", "visible_bias", "hidden_bias"):
        here = getattr(rbm, name)
        for index in np.ndindex(*here.shape):
            one = np.zeros(here.shape)
            one[index] = step
            sides = []
            for moved in (here + one, here - one):
                setattr(rbm, name, moved)
                sides.append(rbm.log_likelihood(data))
            setattr(rbm, name, here)
            difference = (sides[0] - sides[1]) / (2 * step)
            assert getattr(slope, name)[index] == pytest.approx(difference, abs=1e-8), (name, index)


def test_ln_z_of_a_tall_and_of_a_wide_machine():
    for shape in ((2, 60), (60, 2)):
        free = RBM(np.zeros(shape), np.full(shape[0], 0.3), np.full(shape[1], -0.2))
        assert free.log_partition() == pytest.approx(
            shape[0] * math.log1p(math.exp(0.3)) + shape[1] * math.log1p(math.exp(-0.2))
        )
    tall = some_rbm(50, 3, 4)
    wide = RBM(tall.weights.T, tall.hidden_bias, tall.visible_bias)
    assert tall.log_partition() == pytest.approx(wide.log_partition())
    h = states_of(3)  # the visible units summed out by hand, for each state of the hidden ones
    logs = h @ tall.hidden_bias + np.log1p(np.exp(h @ tall.weights.T + tall.visible_bias)).sum(1)
    assert tall.log_partition() == pytest.approx(special.logsumexp(logs))
    strong = RBM([[1e4, -1e4]], [3e3], [0, 0], temperature=0.5)
    assert strong.log_partition() == pytest.approx(2.6e4)
    assert strong.hidden_given([1]).tolist() == [1, 0] and np.isfinite(strong.gradient([[1]]).weights).all()


def test_the_largest_that_is_summed(monkeypatch):
    for module in (_boltzmann_machine, _boltzmann_restricted):
        monkeypatch.setattr(module, "LARGEST", 3)
    for shape in ((3, 4), (5, 3)):
        assert RBM(np.zeros(shape)).log_partition() == pytest.approx(sum(shape) * math.log(2))
    assert BoltzmannMachine(np.zeros((3, 3))).log_partition() == pytest.approx(3 * math.log(2))
    with pytest.raises(ValueError, match="at most 3 units"):
        RBM(np.zeros((4, 4))).log_partition()
    with pytest.raises(ValueError, match="at most 3 units"):
        BoltzmannMachine(np.zeros((4, 4))).states()


# ---------------------------------------------------------------------------- learning by chance


class Prepared:
    """A generator that hands out what it was given: for a peer that draws by another one."""

    def __init__(self, *arrays):
        self.arrays = list(arrays)

    def uniform(self, size):
        array = self.arrays.pop(0)
        assert array.shape == tuple(size)
        return array


def peer_of(rbm, rate=0.1, batch=5):
    peer = BernoulliRBM(n_components=rbm.weights.shape[1], learning_rate=rate, batch_size=batch)
    peer.components_ = rbm.weights.T.copy()
    peer.intercept_hidden_, peer.intercept_visible_ = rbm.hidden_bias.copy(), rbm.visible_bias.copy()
    return peer


def test_one_persistent_step_is_scikit_learns():
    """Their chains are hidden states, ours visible ones: ours draws h first, and then v by the same words."""
    rbm, rng = some_rbm(6, 4, 0), np.random.default_rng(1)
    data, chains = rng.integers(0, 2, size=(5, 6)), rng.integers(0, 2, size=(5, 6))
    draws = np.random.default_rng(9)
    for_hidden, for_visible, later = draws.random((5, 4)), draws.random((5, 6)), draws.random((5, 4))
    slope, ends = rbm.contrastive_divergence(data, np.random.default_rng(9), chains=chains)

    peer = peer_of(rbm)
    peer.h_samples_ = (for_hidden < peer.transform(chains)).astype(float)
    before = peer.components_.copy(), peer.intercept_visible_.copy(), peer.intercept_hidden_.copy()
    peer._fit(data.astype(float), Prepared(for_visible, later))
    assert (peer.components_ - before[0]).T == pytest.approx(0.1 * slope.weights)
    assert peer.intercept_visible_ - before[1] == pytest.approx(0.1 * slope.visible_bias)
    assert peer.intercept_hidden_ - before[2] == pytest.approx(0.1 * slope.hidden_bias)
    assert (peer.h_samples_ == (later < rbm.hidden_given(ends))).all()


def test_conditionals_free_energy_and_scores_are_scikit_learns():
    rbm = some_rbm(5, 3, 2)
    peer, data = peer_of(rbm), np.random.default_rng(3).integers(0, 2, size=(4, 5))
    assert rbm.hidden_given(data) == pytest.approx(peer.transform(data))
    assert rbm.free_energy(data) == pytest.approx(peer._free_energy(data))
    peer.random_state, rows = 0, 200  # each score is of one unit, drawn by chance: the mean over all is ours
    for v in data:
        scores = peer.score_samples(np.tile(v, (rows, 1)))
        units = np.random.RandomState(0).randint(0, 5, rows)
        assert set(units) == set(range(5))
        by_unit = [scores[units == i][0] / 5 for i in range(5)]
        assert rbm.pseudo_likelihood([v]) == pytest.approx(sum(by_unit))


def exact_divergence(rbm, data, k):
    """The mean of the estimate over all chances: data, and what k steps make of them, by matrices."""
    weights, v, h = naive_rbm(rbm)
    to_hidden, to_visible = weights / weights.sum(1)[:, None], (weights / weights.sum(0)).T
    here = np.zeros(len(v))
    for row in data:
        here[(v == row).all(1)] += 1 / len(data)
    there = here @ np.linalg.matrix_power(to_hidden @ to_visible, k)
    chance = weights @ h / weights.sum(1)[:, None]
    return [
        (np.einsum("k,ki,kj->ij", here - there, v, chance)) / rbm.temperature,
        (here - there) @ v / rbm.temperature,
        (here - there) @ chance / rbm.temperature,
    ]


@pytest.mark.parametrize(("k", "temperature"), [(1, 1.0), (2, 0.7), (60, 1.0)])
def test_contrastive_divergence_has_its_exact_mean(k, temperature):
    rbm = some_rbm(3, 2, 5, temperature)
    data = np.array([[1, 0, 1], [1, 1, 0]])
    runs, rng = [], np.random.default_rng(6)
    for _ in range(200):
        slope, ends = rbm.contrastive_divergence(np.repeat(data, 20, axis=0), rng, k)
        runs.append(np.concatenate([part.ravel() for part in slope]))
        assert ends.shape == (40, 3) and ends.dtype == np.int8 and set(ends.ravel().tolist()) <= {0, 1}
    runs = np.array(runs)
    exact = np.concatenate([part.ravel() for part in exact_divergence(rbm, data, k)])
    z = (runs.mean(0) - exact) / (runs.std(0, ddof=1) / math.sqrt(len(runs)))
    assert (abs(z) < 4).all()
    if k == 60:  # long after: no bias left
        assert exact == pytest.approx(np.concatenate([part.ravel() for part in rbm.gradient(data)]), abs=1e-4)


def test_one_step_points_uphill_though_it_is_biased():
    """Row H-19: a positive cosine with the exact slope, on a machine of 4 × 3."""
    data = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]])
    cosines, biased = [], False
    for seed in range(10):
        rbm = some_rbm(4, 3, seed)
        one, true = (
            np.concatenate([p.ravel() for p in s])
            for s in (exact_divergence(rbm, data, 1), rbm.gradient(data))
        )
        cosines.append(one @ true / np.linalg.norm(one) / np.linalg.norm(true))
        biased |= bool(abs(one - true).max() > 0.01)
    assert min(cosines) > 0 and biased


def test_gibbs_is_its_slow_twin_and_keeps_the_law():
    rbm = some_rbm(3, 2, 8, 1.4)
    start = states_of(3)
    rng, v = np.random.default_rng(2), start.copy()
    for _ in range(4):
        h = (rng.random((8, 2)) < rbm.hidden_given(v)).astype(int)
        v = (rng.random((8, 3)) < rbm.visible_given(h)).astype(int)
    ends = rbm.gibbs(start, 4, np.random.default_rng(2))
    assert (ends == v).all() and ends.dtype == np.int8 and (start == states_of(3)).all()
    weights = naive_rbm(rbm)[0]
    p = weights.sum(1) / weights.sum()
    fair = np.random.default_rng(0).choice(8, p=p, size=6000)
    counts = np.bincount(rbm.gibbs(start[fair], 3, 1) @ [4, 2, 1], minlength=8)
    assert stats.chisquare(counts, 6000 * p).pvalue > 1e-4


class Zeros(CounterRNG):
    """The smallest number that a generator may draw, each time."""

    def random(self, size=None):
        return np.zeros(size)


def test_what_has_no_chance_never_happens():
    assert not RBM([[0.0]], [-1e4], [-1e4]).gibbs([[1]], 1, Zeros()).any()
    for units, low in (("binary", 0), ("spin", -1)):
        never = BoltzmannMachine([[0.0]], [-1e4], units)
        assert never.probability_on([1])[0] == 0 and (never.sample(2, Zeros(), start=[[1]]) == low).all()


BARS = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]])


@pytest.mark.parametrize("persistent", [False, True])
def test_training_raises_the_likelihood(persistent):
    """Row H-19, in the whole: the exact likelihood of what it learns goes up."""
    rbm = RBM.random(4, 3, rng=0, scale=0.5)
    before = rbm.log_likelihood(BARS)
    history = rbm.fit(BARS, epochs=300, rate=0.3, k=1, persistent=persistent, batch_size=4, rng=1)
    assert rbm.log_likelihood(BARS) > before + 0.6
    assert len(history.reconstruction) == len(history.pseudo_likelihood) == 300
    assert history.pseudo_likelihood[-1] == pytest.approx(rbm.pseudo_likelihood(BARS))
    assert history.pseudo_likelihood[-1] > history.pseudo_likelihood[0]
    told = ((BARS - rbm.visible_given(rbm.hidden_given(BARS))) ** 2).mean()
    assert history.reconstruction[-1] == pytest.approx(told)


@pytest.mark.parametrize(("persistent", "k"), [(False, 1), (True, 2)])
def test_an_epoch_is_its_steps(persistent, k):
    """Batch by batch with `contrastive_divergence`, as a reader would write it: 7 rows, 4 and 3 at a time."""
    data = np.random.default_rng(0).integers(0, 2, size=(7, 5))
    rbm, slow = some_rbm(5, 3, 1, 0.8), some_rbm(5, 3, 1, 0.8)
    rbm.fit(data, epochs=2, rate=0.3, k=k, persistent=persistent, batch_size=4, rng=np.random.default_rng(3))
    rng, chains, seen = np.random.default_rng(3), None, []
    for _ in range(2):
        order = rng.permutation(7)
        for rows in (order[:4], order[4:]):
            seen.extend(rows)
            slope, ends = slow.contrastive_divergence(data[rows], rng, k, chains)
            slow.weights += 0.3 * slope.weights
            slow.visible_bias += 0.3 * slope.visible_bias
            slow.hidden_bias += 0.3 * slope.hidden_bias
            chains = ends if persistent else None
    assert sorted(seen) == sorted([*range(7)] * 2)
    for name in ("weights", "visible_bias", "hidden_bias"):
        assert getattr(rbm, name) == pytest.approx(getattr(slow, name), rel=1e-12)


def test_a_fit_follows_some_of_many_rows(monkeypatch, capfd):
    monkeypatch.setattr(_boltzmann_restricted, "_WATCHED", 3)
    data = np.random.default_rng(0).integers(0, 2, size=(7, 4))
    rbm = RBM.random(4, 2, rng=0, scale=0.5)
    history = rbm.fit(data, epochs=1, batch_size=7, progress=True)
    assert history.pseudo_likelihood == [pytest.approx(rbm.pseudo_likelihood(data[::3]))]
    assert "RBM(visible=4, hidden=2, temperature=1)" in capfd.readouterr().err


def test_a_fit_is_repeatable_and_starts_small():
    one, two, other = (RBM.random(6, 4, rng=seed, scale=0.1) for seed in (1, 1, 2))
    assert (one.weights == two.weights).all() and (one.weights != other.weights).any()
    assert not one.visible_bias.any() and not one.hidden_bias.any()
    assert RBM.random(200, 200, rng=0).weights.std() == pytest.approx(0.01, rel=0.02)
    data = np.random.default_rng(0).integers(0, 2, size=(9, 6))
    assert one.fit(data, 3, batch_size=9, rng=4) == two.fit(data, 3, batch_size=9, rng=4)
    assert (one.weights == two.weights).all()


def test_what_is_not_said_is_what_the_signature_says():
    data = np.random.default_rng(0).integers(0, 2, size=(41, 4))  # batches of 14, 14 and 13
    one, two = (RBM.random(4, 2, rng=0, scale=0.5) for _ in range(2))
    said = two.fit(data, epochs=10, rate=0.05, k=1, persistent=False, batch_size=20, rng=0)
    assert one.fit(data) == said and (one.weights == two.weights).all()
    slopes = [one.contrastive_divergence(data, 3, **given)[0].weights for given in ({}, {"k": 1})]
    assert (slopes[0] == slopes[1]).all()
    annealed = boltzmann.annealed_log_partition
    assert annealed(one, 0) == annealed(one, 0, steps=1000, chains=100)


def test_a_fit_of_few_rows_takes_them_all_at_once():
    one, two = (RBM.random(4, 2, rng=0, scale=0.5) for _ in range(2))
    assert one.fit(BARS, 3, rng=1) == two.fit(BARS, 3, batch_size=6, rng=1)
    assert (one.weights == two.weights).all()


def test_a_restricted_machine_checks_what_it_is_given():
    rbm = RBM([[1.0, 2.0]], [3.0], [4.0, 5.0])
    rbm.weights[0, 0] = rbm.visible_bias[0] = rbm.hidden_bias[0] = 9
    mine = np.array([[6.0, 7.0]])
    rbm.weights, rbm.visible_bias, rbm.hidden_bias = mine, [8], [0, 1]
    rbm.hidden_bias += 0.5
    mine[:] = 9

    def parts():
        return rbm.weights.tolist(), rbm.visible_bias.tolist(), rbm.hidden_bias.tolist(), rbm.temperature

    kept = ([[6, 7]], [8], [0.5, 1.5], 1)
    assert parts() == kept
    low = "temperature must be at least energy/1e300"
    for name, value, error, words in [
        ("weights", [[1.0], [2.0]], ValueError, r"weights must have shape \(1, 2\), got \(2, 1\)"),
        ("weights", [[NAN, 0]], ValueError, "weights must be finite"),
        ("weights", [[1e301, 0]], ValueError, low),
        ("visible_bias", [1, 2], ValueError, r"visible_bias must have shape \(1,\), got \(2,\)"),
        ("visible_bias", None, TypeError, "visible_bias must be an array of real numbers"),
        ("visible_bias", [1e301], ValueError, low),
        ("hidden_bias", [1], ValueError, r"hidden_bias must have shape \(2,\), got \(1,\)"),
        ("hidden_bias", [0, math.inf], ValueError, "hidden_bias must be finite"),
        ("hidden_bias", [0, 1e301], ValueError, low),
        ("temperature", 1e-300, ValueError, low),
        ("temperature", NAN, ValueError, "temperature must be finite"),
    ]:
        with pytest.raises(error, match=words):
            setattr(rbm, name, value)
    assert parts() == kept


def test_one_unit_of_weight_does_not_drown_another():
    """ln p(v_1 | v_0) is ln σ(½), however sure v_0 is: a difference of two large numbers would lose it."""
    rbm = RBM([[0.0], [0.0]], [1e17, 0.5])
    assert rbm.pseudo_likelihood([[1, 1]]) == pytest.approx(math.log(special.expit(0.5)))


def test_a_machine_has_arrays_of_its_own():
    given = [np.ones((4, 2)), np.zeros(4), np.zeros(2)]
    rbm = RBM(*given)
    rbm.fit(BARS, epochs=2, batch_size=3, rng=0)
    assert (given[0] == 1).all() and not given[1].any() and not given[2].any()
    assert (rbm.weights != 1).any() and rbm.visible_bias.any()


def test_an_endless_rate_is_told():
    data = [[0, 1], [1, 0], [1, 1]]
    with pytest.raises(
        FloatingPointError, match=r"weights grew beyond all bounds in epoch \d+: lower the rate 1e\+308"
    ):
        RBM.random(2, 2, rng=0).fit(data, epochs=50, rate=1e308, batch_size=1)
    rbm = some_rbm(2, 2, 0)
    before = rbm.weights, rbm.visible_bias, rbm.hidden_bias
    with pytest.raises(FloatingPointError, match="in epoch 0"):
        rbm.fit(data, rate=1e308)
    for was, now in zip(before, (rbm.weights, rbm.visible_bias, rbm.hidden_bias), strict=True):
        assert (was == now).all()


# ---------------------------------------------------------------------------- ln Z by annealing


@pytest.mark.parametrize(("visible", "hidden", "temperature"), [(6, 4, 1.0), (12, 8, 1.5), (30, 5, 0.8)])
def test_annealed_ln_z_is_the_exact_one(visible, hidden, temperature):
    rbm = some_rbm(visible, hidden, 3, temperature, scale=0.7)
    found = boltzmann.annealed_log_partition(rbm, rng=1, steps=400, chains=200)
    assert found.low < found.value < found.high
    error = (found.high - found.low) / 2
    assert abs(found.value - rbm.log_partition()) < 4 * error and error < 0.2


@pytest.mark.parametrize("generator", [np.random.default_rng, CounterRNG])
def test_annealing_is_its_slow_twin(generator):
    """From machine to machine, with the ratio of their weights e^{−F/T} at each state."""
    rbm, rng = some_rbm(4, 3, 2, 0.8), generator(7)
    found = boltzmann.annealed_log_partition(rbm, generator(7), steps=6, chains=5)
    ladder = [
        RBM(x * rbm.weights, rbm.visible_bias, x * rbm.hidden_bias, 0.8) for x in (0, 0.2, 0.4, 0.6, 0.8, 1)
    ]
    v = (rng.random((5, 4)) < special.expit(rbm.visible_bias / 0.8)).astype(int)
    weight = np.ones(5)
    for before, after in itertools.pairwise(ladder):
        weight *= np.exp((before.free_energy(v) - after.free_energy(v)) / 0.8)
        v = after.gibbs(v, 1, rng)
    z = np.exp(ladder[0].log_partition())
    ends = (weight.mean() + side * stats.sem(weight) for side in (0, -1, 1))
    assert (found.value, found.low, found.high) == pytest.approx(tuple(math.log(z * end) for end in ends))


def test_annealed_ln_z_without_couplings_is_exact():
    free = RBM(np.zeros((3, 4)), [0.5, -1, 2], temperature=0.7)
    found = boltzmann.annealed_log_partition(free, rng=0, steps=2, chains=2)
    assert found == boltzmann.LogPartition(*[pytest.approx(free.log_partition())] * 3)


def test_weights_that_differ_widely_have_no_lower_end():
    log_mean = _boltzmann_restricted._log_mean
    found = log_mean(np.array([0.0, -1e9]), 5.0)  # mean ½, error ½
    assert found.value == pytest.approx(5 + math.log(0.5))
    assert found.high == pytest.approx(5) and found.low < -30
    weights = np.array([1.0, 2.0, 4.0, 5.0])
    found, error = log_mean(np.log(weights) + 900, 0.0), stats.sem(weights)
    assert found.value - 900 == pytest.approx(math.log(3))
    assert found.low - 900 == pytest.approx(math.log(3 - error))
    assert found.high - 900 == pytest.approx(math.log(3 + error))


def test_annealing_is_unbiased_in_z():
    """The mean weight over many runs of few steps is Z itself, however bad a single run."""
    rbm = some_rbm(4, 3, 11)
    runs = [boltzmann.annealed_log_partition(rbm, rng=seed, steps=3, chains=50).value for seed in range(200)]
    ratios = np.exp(np.array(runs) - rbm.log_partition())
    assert abs(ratios.mean() - 1) < 4 * ratios.std(ddof=1) / math.sqrt(200)


# ---------------------------------------------------------------------------- bad input

PAIR = [[0.0, 1.0], [1.0, 0.0]]
TWO = RBM([[1.0, -1.0, 0.5], [0.5, 0.0, 0.0]])
BIG = BoltzmannMachine(np.zeros((21, 21)))
WIDE = RBM(np.zeros((21, 22)))
SPINS = BoltzmannMachine(PAIR, units="spin")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: BoltzmannMachine([1.0]), ValueError, "weights must be a square matrix"),
        (lambda: BoltzmannMachine(np.empty((0, 0))),
         ValueError, "weights must be a square matrix, at least 1 wide"),
        (lambda: BoltzmannMachine([[0, 1], [0]]), TypeError, "weights must be an array of real numbers"),
        (lambda: BoltzmannMachine([[0, 1], [2, 0]]), ValueError, "weights must be symmetric"),
        (lambda: BoltzmannMachine([[1.0]]), ValueError, "weights must have a zero diagonal"),
        (lambda: BoltzmannMachine([[NAN]]), ValueError, "weights must be finite"),
        (lambda: BoltzmannMachine(PAIR, [1.0]), ValueError, r"bias must have shape \(2,\), got \(1,\)"),
        (lambda: BoltzmannMachine(PAIR, [1.0, NAN]), ValueError, "bias must be finite"),
        (lambda: BoltzmannMachine(PAIR, units="±1"), ValueError, "units must be one of 'binary', 'spin'"),
        (lambda: BoltzmannMachine(PAIR, temperature=0), ValueError, "temperature must be greater than 0"),
        (lambda: BoltzmannMachine(PAIR, temperature="1"), TypeError, "temperature must be a real number"),
        (lambda: BoltzmannMachine(PAIR, temperature=1e-305),
         ValueError, "temperature must be at least energy/1e300"),
        (lambda: BoltzmannMachine([[0, 1e308], [1e308, 0]]),
         ValueError, "temperature must be at least energy/1e300"),
        (lambda: BoltzmannMachine(PAIR, temperature=NAN), ValueError, "temperature must be finite, got nan"),
        (lambda: BoltzmannMachine(PAIR, temperature=math.inf), ValueError, "temperature must be finite, got"),
        (lambda: BoltzmannMachine(PAIR, temperature=True), TypeError, "temperature must be a real number"),
        (lambda: BoltzmannMachine([[0, 1j], [1j, 0]]), TypeError, "weights must be an array of real numbers"),
        (lambda: BoltzmannMachine(np.zeros((2, 3))), ValueError, "weights must be a square matrix"),
        (lambda: BoltzmannMachine([[0, 6e307], [6e307, 0]], None, "spin", 2e8).convert("binary"),
         ValueError, "weights must be finite"),
        (lambda: BoltzmannMachine(PAIR, units="spin", temperature=3e-300).convert("binary"),
         ValueError, "temperature must be at least energy/1e300"),
        (lambda: BoltzmannMachine.of(PAIR, 1.0), TypeError, "network must be a Hopfield network, got list"),
        (lambda: BoltzmannMachine.of(Hopfield(2), 0.0), ValueError, "temperature must be greater than 0"),
        (lambda: SPINS.energy([0, 1]), ValueError, "states must hold only -1 and 1, got 0.0"),
        (lambda: BoltzmannMachine(PAIR).energy([-1, 1]),
         ValueError, "states must hold only 0 and 1, got -1.0"),
        (lambda: BoltzmannMachine(PAIR).energy([0.5, 1]),
         ValueError, "states must hold only 0 and 1, got 0.5"),
        (lambda: SPINS.energy([1, 1, 1]),
         ValueError, r"states must hold states of 2 units, shape \(…, 2\), got \(3,\)"),
        (lambda: SPINS.energy(1), ValueError, "states must hold states of 2 units"),
        (lambda: SPINS.energy(np.empty((0, 2))), ValueError, "states must hold states of 2 units"),
        (lambda: SPINS.field([1, NAN]), ValueError, "states must be finite"),
        (lambda: SPINS.probability_on([1, 2]), ValueError, "states must hold only"),
        (lambda: BIG.states(), ValueError, "weights must join at most 20 units to list their states, got 21"),
        (lambda: BIG.log_partition(), ValueError, "at most 20 units"),
        (lambda: BIG.moments(), ValueError, "at most 20 units"),
        (lambda: SPINS.log_likelihood([1, 1]), ValueError, "data must hold a state in each row"),
        (lambda: SPINS.log_likelihood([[0, 1]]), ValueError, "data must hold only -1 and 1"),
        (lambda: SPINS.gradient([]), ValueError, "data must hold states of 2 units"),
        (lambda: SPINS.gradient([[1, 1, 1]]), ValueError, "data must hold states of 2 units"),
        (lambda: SPINS.sample(0, 0), ValueError, "sweeps must be at least 1"),
        (lambda: SPINS.sample(1, None), TypeError, "rng must be a seed"),
        (lambda: SPINS.sample(1, -1), ValueError, "rng must be at least 0"),
        (lambda: SPINS.sample(1, 0, chains=0), ValueError, "chains must be at least 1"),
        (lambda: SPINS.sample(1, 0, chains=0, start=[[1, 1]]), ValueError, "chains must be at least 1"),
        (lambda: SPINS.sample(1, 0, chains=2.0), TypeError, "chains must be an integer"),
        (lambda: SPINS.sample(1, 0, chains=3, start=[[1, 1]] * 2),
         ValueError, "start must hold a state for each of the 3 chains, got 2"),
        (lambda: SPINS.sample(2**47, 0, chains=2), ValueError, f"sweeps must be at most {2**46}, got"),
        (lambda: SPINS.sample(1, 0, chains=2**48), ValueError, f"chains must be at most {2**47}, got"),
        (lambda: SPINS.convert(None), ValueError, "units must be one of 'binary', 'spin', got None"),
        (lambda: SPINS.sample(1, 0, start=[1, 1]), ValueError, "start must hold a state in each row"),
        (lambda: SPINS.sample(1, 0, start=[[1, 0]]), ValueError, "start must hold only -1 and 1"),
        (lambda: SPINS.convert("both"), ValueError, "units must be one of"),
        (lambda: boltzmann.pseudo_likelihood_fit([1, -1]),
         ValueError, "samples must hold a state in each row"),
        (lambda: boltzmann.pseudo_likelihood_fit(1),
         ValueError, r"samples must hold a state in each row, shape \(N, n\), got \(\)"),
        (lambda: boltzmann.pseudo_likelihood_fit([]), ValueError, "samples must hold a state in each row"),
        (lambda: boltzmann.pseudo_likelihood_fit(np.empty((0, 3))), ValueError, "samples must hold states"),
        (lambda: boltzmann.pseudo_likelihood_fit(np.empty((3, 0))), ValueError, "samples must hold states"),
        (lambda: boltzmann.pseudo_likelihood_fit([[1, NAN]]), ValueError, "samples must be finite"),
        (lambda: boltzmann.pseudo_likelihood_fit([[1], [-1]], "0"), TypeError, "penalty must be a real"),
        (lambda: boltzmann.pseudo_likelihood_fit([[0, 1]]),
         ValueError, "samples must hold only -1 and 1, got 0.0"),
        (lambda: boltzmann.pseudo_likelihood_fit([["a"]]),
         TypeError, "samples must be an array of real numbers"),
        (lambda: boltzmann.pseudo_likelihood_fit([[1], [-1]], -1),
         ValueError, "penalty must be at least 0, got -1"),
        (lambda: boltzmann.pseudo_likelihood_fit([[1], [-1]], NAN), ValueError, "penalty must be finite"),
        (lambda: RBM([1.0]), ValueError, r"weights must have shape \(V, H\) with V, H ≥ 1, got \(1,\)"),
        (lambda: RBM(np.empty((0, 3))), ValueError, "weights must have shape"),
        (lambda: RBM([[NAN]]), ValueError, "weights must be finite"),
        (lambda: RBM([[1.0]], [1.0, 2.0]), ValueError, r"visible_bias must have shape \(1,\), got \(2,\)"),
        (lambda: RBM([[1.0]], hidden_bias=[1.0, 2.0]),
         ValueError, r"hidden_bias must have shape \(1,\), got \(2,\)"),
        (lambda: RBM([[1.0]], temperature=-1), ValueError, "temperature must be greater than 0"),
        (lambda: RBM([[1.0]], temperature=1e-305), ValueError, "temperature must be at least energy/1e300"),
        (lambda: RBM([[1e308, 1e308]]), ValueError, "temperature must be at least energy/1e300"),
        (lambda: setattr(TWO, "temperature", 0), ValueError, "temperature must be greater than 0"),
        (lambda: RBM.random(0, 1, 0), ValueError, "visible must be at least 1"),
        (lambda: RBM.random(1, 0, 0), ValueError, "hidden must be at least 1"),
        (lambda: RBM.random(1, 1, 0, scale=0), ValueError, "scale must be greater than 0"),
        (lambda: RBM.random(1, 1, None), TypeError, "rng must be a seed"),
        (lambda: RBM.random(2**40, 2**9, 0), ValueError, "hidden must be at most 256, got 512"),
        (lambda: RBM.random(2**49, 1, 0), ValueError, "visible must be at most"),
        (lambda: TWO.energy([1, 2], [1, 1, 1]), ValueError, "visible must hold only 0 and 1"),
        (lambda: TWO.energy([1, 0], [1, 1]), ValueError, "hidden must hold states of 3 units"),
        (lambda: TWO.energy([[1, 0]] * 2, [[1, 1, 1]] * 3),
         ValueError, "hidden must have as many rows as visible"),
        (lambda: TWO.hidden_given([1, 1.1]), ValueError, "visible must lie in 0 … 1, got 1.0 … 1.1"),
        (lambda: TWO.hidden_given([-0.1, 1]), ValueError, "visible must lie in 0 … 1"),
        (lambda: TWO.hidden_given([1, 1, 1]),
         ValueError, r"visible must hold 2 units, shape \(…, 2\), got \(3,\)"),
        (lambda: TWO.hidden_given(1.0), ValueError, "visible must hold 2 units"),
        (lambda: TWO.hidden_given(np.empty((0, 2))), ValueError, "visible must hold 2 units"),
        (lambda: TWO.visible_given([1, 1]), ValueError, "hidden must hold 3 units"),
        (lambda: TWO.visible_given([NAN, 1, 1]), ValueError, "hidden must be finite"),
        (lambda: TWO.free_energy([0.5, 1]), ValueError, "visible must hold only 0 and 1, got 0.5"),
        (lambda: WIDE.log_partition(),
         ValueError, r"weights must have a layer of at most 20 .*got shape \(21, 22\)"),
        (lambda: WIDE.gradient(np.zeros((1, 21))), ValueError, "weights must have a layer of at most 20"),
        (lambda: TWO.log_likelihood([1, 0]), ValueError, "data must hold a state in each row"),
        (lambda: TWO.log_likelihood([[1, 3]]), ValueError, "data must hold only 0 and 1"),
        (lambda: TWO.gradient([]), ValueError, "data must hold states"),
        (lambda: TWO.gibbs([1, 0], 1, 0), ValueError, "visible must hold a state in each row"),
        (lambda: TWO.gibbs([[1, 0]], 0, 0), ValueError, "steps must be at least 1"),
        (lambda: TWO.gibbs([[1, 0]], 1, "seed"), TypeError, "rng must be a seed"),
        (lambda: TWO.contrastive_divergence([[1, 0]], 0, k=0), ValueError, "k must be at least 1"),
        (lambda: TWO.contrastive_divergence([[1, -1]], 0), ValueError, "data must hold only 0 and 1"),
        (lambda: TWO.contrastive_divergence([[1, 0]], 0, chains=[[1]]),
         ValueError, "chains must hold states of 2"),
        (lambda: TWO.pseudo_likelihood([1, 0]), ValueError, "data must hold a state in each row"),
        (lambda: TWO.fit([[1, 0]], rate=NAN), ValueError, "rate must be finite"),
        (lambda: TWO.fit([[1, 0]], epochs=1.5), TypeError, "epochs must be an integer"),
        (lambda: TWO.fit([[1, 0]], rng=None), TypeError, "rng must be a seed"),
        (lambda: TWO.fit([[1, 0]], batch_size=0), ValueError, "batch_size must be at least 1"),
        (lambda: TWO.fit([[1, 0]], epochs=0, batch_size=1), ValueError, "epochs must be at least 1"),
        (lambda: TWO.fit([[1, 0]], rate=0, batch_size=1), ValueError, "rate must be greater than 0"),
        (lambda: TWO.fit([[1, 0]], k=0, batch_size=1), ValueError, "k must be at least 1"),
        (lambda: TWO.fit([[0.5, 0]], batch_size=1), ValueError, "data must hold only 0 and 1, got 0.5"),
        (lambda: TWO.fit(np.empty((0, 2))), ValueError, "data must hold states of 2 units"),
        (lambda: boltzmann.annealed_log_partition(SPINS, 0),
         TypeError, "rbm must be an RBM, got BoltzmannMachine"),
        (lambda: boltzmann.annealed_log_partition(TWO, 0, steps=1), ValueError, "steps must be at least 2"),
        (lambda: boltzmann.annealed_log_partition(TWO, 0, steps=2**49), ValueError, "steps must be at most"),
        (lambda: boltzmann.annealed_log_partition(TWO, 0, chains=2**48),
         ValueError, f"chains must be at most {2**47}"),
        (lambda: boltzmann.annealed_log_partition(TWO, None), TypeError, "rng must be a seed"),
        (lambda: boltzmann.annealed_log_partition(TWO, 0, chains=1), ValueError, "chains must be at least 2"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
