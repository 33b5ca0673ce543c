"""book_lib.hopfield against enumeration, exact fractions, closed forms, torch's attention and slow twins."""

import copy
import itertools
import math
import pickle
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from book_lib import _hopfield_optimization, _hopfield_theory, hopfield
from book_lib.hopfield import Hopfield
from book_lib.rng import CounterRNG

NAN = float("nan")
SEEDS = st.integers(0, 10_000)


def all_spins(n):
    return np.array(list(itertools.product([-1, 1], repeat=n)))


def whole_network(n, seed, most=3):
    """A network with small whole weights and thresholds, so that sums are exact and ties common."""
    rng = np.random.default_rng(seed)
    w = np.triu(rng.integers(-most, most + 1, size=(n, n)), 1)
    network = Hopfield(n, rng.integers(-1, 2, size=n))
    network.weights = w + w.T
    return network


def naive_energy(w, theta, s):
    n = len(s)
    pairs = sum(w[i][j] * s[i] * s[j] for i in range(n) for j in range(i + 1, n))
    return -pairs - sum(theta[i] * s[i] for i in range(n))


def naive_sweep(w, theta, s, order):
    s = list(s)
    for i in order:
        h = sum(w[i][j] * s[j] for j in range(len(s))) + theta[i]
        if h:
            s[i] = 1 if h > 0 else -1
    return s


# ---------------------------------------------------------------------------- the worked example


def test_three_units_to_the_last_fraction():
    """Rows H-05 to H-07: weights, the repair unit by unit, and the energies of all eight states."""
    pattern, third = [1, -1, 1], Fraction(1, 3)
    memory = Hopfield(3).store([pattern])
    exact = [[0 if i == j else third * pattern[i] * pattern[j] for j in range(3)] for i in range(3)]
    assert memory.weights.tolist() == [[float(x) for x in row] for row in exact]

    state, fields = np.array([1, 1, 1]), []
    for unit in range(3):
        fields.append(memory.field(state)[unit])
        state = memory.update(state, unit)
    assert fields == pytest.approx([0, -2 / 3, 2 / 3], abs=1e-15)
    assert state.tolist() == pattern and state.dtype == np.int8

    for s in all_spins(3):
        energy = naive_energy(exact, [0] * 3, s.tolist())
        assert energy == (-1 if abs(s @ pattern) == 3 else third)
        assert memory.energy(s) == pytest.approx(float(energy), abs=1e-15)
        assert memory.is_stable(s) == (abs(s @ pattern) == 3)
    for order in itertools.permutations(range(3)):
        found = memory.recall([1, 1, 1], order=order)
        assert found.state.tolist() == pattern and found.converged and found.period == 1
        assert found.energies == pytest.approx([1 / 3, -1, -1]) and found.sweeps == 2
        assert found.path.tolist() == [[1, 1, 1], pattern, pattern]


# ---------------------------------------------------------------------------- energy and descent


@given(st.integers(1, 8), SEEDS)
def test_energy_and_field_are_their_sums(n, seed):
    rng = np.random.default_rng(seed)
    w, theta, s = np.triu(rng.normal(size=(n, n)), 1), rng.normal(size=n), rng.choice([-1, 1], size=n)
    network = Hopfield(n, theta)
    network.weights = w = w + w.T
    energy = network.energy(s)
    assert isinstance(energy, float) and energy == pytest.approx(naive_energy(w, theta, s))
    for i in range(n):
        turned = s.copy()
        turned[i] *= -1
        assert network.energy(turned) - energy == pytest.approx(2 * s[i] * network.field(s)[i])


@given(st.integers(1, 7), SEEDS, st.booleans())
def test_recall_is_its_slow_twin_and_never_climbs(n, seed, random):
    network = whole_network(n, seed)
    w, theta = network.weights.astype(int).tolist(), network.thresholds.astype(int).tolist()
    start = np.random.default_rng(seed + 1).choice([-1, 1], size=n)
    found = network.recall(start, order="random" if random else "cyclic", rng=np.random.default_rng(seed))
    generator, path = np.random.default_rng(seed), [start.tolist()]
    while len(path) < 2 or path[-1] != path[-2]:
        order = generator.permutation(n) if random else range(n)
        path.append(naive_sweep(w, theta, path[-1], order))
    assert found.path.tolist() == path and found.path.dtype == np.int8
    assert found.state.tolist() == path[-1] and found.sweeps == len(path) - 1
    assert found.energies.tolist() == [naive_energy(w, theta, s) for s in path]
    assert (np.diff(found.energies) <= 0).all()
    assert found.converged and found.period == 1 and network.is_stable(found.state)


@given(st.integers(2, 30), SEEDS)
def test_descent_with_any_weights(n, seed):
    rng = np.random.default_rng(seed)
    w = np.triu(rng.normal(size=(n, n)), 1)
    network = Hopfield(n, rng.normal(size=n))
    network.weights = w + w.T
    found = network.recall(rng.choice([-1, 1], size=n), "random", max_sweeps=1000, rng=seed)
    assert (np.diff(found.energies) <= 1e-12).all() and found.converged
    assert (found.state * network.field(found.state) >= 0).all()
    assert (network.wishes(found.state) == found.state).all()


@given(st.integers(1, 7), SEEDS)
def test_wishes_are_signs_and_ties_stay(n, seed):
    network, s = whole_network(n, seed), np.random.default_rng(seed).choice([-1, 1], size=n)
    h = network.field(s)
    wishes = network.wishes(s)
    assert wishes.tolist() == np.where(h == 0, s, np.sign(h)).tolist() and wishes.dtype == np.int8
    assert network.is_stable(s) == (wishes == s).all()
    for i in range(n):
        assert network.update(s, i).tolist() == [*s[:i], wishes[i], *s[i + 1 :]]


def test_a_tie_that_rounding_hides_is_a_tie():
    network = Hopfield(4)
    w = np.zeros((4, 4))
    w[0, 1:] = w[1:, 0] = [0.1, 0.2, -0.3]
    network.weights = w
    for first in (-1, 1):
        for state in ([first, 1, 1, 1], [first, -1, -1, -1]):
            assert network.field(state)[0] != 0  # rounding, of either sign
            assert network.wishes(state)[0] == first
            assert network.recall(state, order=[0, 1, 2, 3], max_sweeps=1).path[1, 0] == first
            assert network.recall(state, synchronous=True, max_sweeps=1).path[1, 0] == first
    network.thresholds = [1e-9, 0, 0, 0]  # small, but no rounding
    assert network.wishes([-1, 1, 1, 1])[0] == 1
    assert network.recall([-1, 1, 1, 1], order=[0, 1, 2, 3], max_sweeps=1).path[1, 0] == 1


def test_the_threshold_is_a_field():
    """E-07: with the other sign in the update the energy can rise."""
    network = Hopfield(2, [1.0, 0.0])
    network.weights = [[0, 0.1], [0.1, 0]]
    assert network.energy([1, 1]) == pytest.approx(-1.1)
    assert network.recall([-1, 1]).state.tolist() == [1, 1]
    assert network.thresholds.tolist() == [1, 0]


@given(st.integers(1, 7), SEEDS)
def test_together_units_settle_or_alternate(n, seed):
    """The theorem of Goles, Fogelman-Soulié and Pellegrin, ties kept: period 1 or 2."""
    network = whole_network(n, seed)
    start = np.random.default_rng(seed + 1).choice([-1, 1], size=n)
    found = network.recall(start, synchronous=True, max_sweeps=500)
    for before, after in itertools.pairwise(found.path):
        assert (after == network.wishes(before)).all()
    assert found.period in (1, 2) and found.converged == (found.period == 1)
    last = network.wishes(found.state)
    assert (last == found.path[-found.period]).all()
    assert network.is_stable(found.state) == found.converged


def test_two_units_that_change_together_go_to_and_fro():
    network = Hopfield(2)
    network.weights = [[0, 1], [1, 0]]
    found = network.recall([1, -1], synchronous=True)
    assert found.period == 2 and not found.converged and found.sweeps == 2
    assert found.path.tolist() == [[1, -1], [-1, 1], [1, -1]] and found.energies.tolist() == [1, 1, 1]
    one_by_one = network.recall([1, -1])
    assert one_by_one.converged and one_by_one.energies.tolist() == [1, -1, -1]
    stopped = network.recall([1, -1], synchronous=True, max_sweeps=1)
    assert (stopped.period, stopped.converged, stopped.sweeps) == (0, False, 1)
    assert network.recall([1, -1], max_sweeps=1).period == 0


def test_the_order_decides_and_chance_is_repeatable():
    network = Hopfield(2)
    network.weights = [[0, 1], [1, 0]]
    assert network.recall([1, -1], order=(1, 0)).state.tolist() == [1, 1]
    assert network.recall([1, -1], order=np.array([0, 1])).state.tolist() == [-1, -1]
    assert network.recall([1, -1], "cyclic").state.tolist() == [-1, -1]
    ends = {tuple(network.recall([1, -1], "random", rng=seed).state) for seed in range(20)}
    assert ends == {(1, 1), (-1, -1)}
    for rng in (5, CounterRNG(5)):
        first = network.recall([1, -1], "random", rng=rng).state
        again = network.recall([1, -1], "random", rng=rng if rng == 5 else CounterRNG(5)).state
        assert (first == again).all()


def test_recall_leaves_what_it_was_given():
    network, start = Hopfield(3).store([[1, -1, 1]]), np.array([1, 1, 1], np.int8)
    found = network.recall(start)
    assert start.tolist() == [1, 1, 1]
    found.state[:] = 1
    assert found.path[-1].tolist() == [1, -1, 1]
    assert "path" not in repr(found) and "energies" not in repr(found)


# ---------------------------------------------------------------------------- storing


@given(st.integers(1, 9), st.integers(1, 5), SEEDS)
def test_hebb_is_its_sum_and_batches_are_increments(n, p, seed):
    patterns = np.random.default_rng(seed).choice([-1, 1], size=(p, n))
    memory = Hopfield(n).store(patterns)
    counts = (patterns.T @ patterns * (1 - np.eye(n, dtype=int))).tolist()
    exact = [[Fraction(count, n) for count in row] for row in counts]
    assert memory.weights.tolist() == [[float(x) for x in row] for row in exact]
    assert (memory.stored == patterns).all()
    steps = Hopfield(n)
    for pattern in patterns:
        assert steps.learn(pattern) is steps
    assert steps.weights == pytest.approx(memory.weights) and len(steps.stored) == 0
    parts = Hopfield(n).store(patterns[:1])
    for pattern in patterns[1:]:
        assert parts.store([pattern]) is parts
    assert parts.weights == pytest.approx(memory.weights) and (parts.stored == patterns).all()
    for pattern in patterns:
        memory.forget(pattern)
    assert memory.weights == pytest.approx(np.zeros((n, n)), abs=1e-15)


def test_learning_at_a_rate():
    memory = Hopfield(3).learn([1, -1, 1], rate=0.5)
    assert memory.weights.tolist() == [[0, -0.5, 0.5], [-0.5, 0, -0.5], [0.5, -0.5, 0]]
    assert memory.forget([1, -1, 1], rate=0.5).weights.tolist() == np.zeros((3, 3)).tolist()
    assert memory.learn([1, 1, 1], rate=-1).weights.tolist() == (np.eye(3) - 1).tolist()


def test_what_is_handed_out_is_a_copy():
    memory = Hopfield(2, [0.5, 0]).store([[1, 1]])
    memory.weights[0, 1] = memory.thresholds[0] = 9
    memory.stored[:] = -1
    assert memory.weights[0, 1] == 0.5 and memory.thresholds[0] == 0.5 and memory.stored.tolist() == [[1, 1]]
    mine, field = np.array([[0.0, 2.0], [2.0, 0.0]]), np.ones(2)
    memory.weights, memory.thresholds = mine, field
    mine[:], field[:] = 7, 7
    assert memory.weights.tolist() == [[0, 2], [2, 0]] and memory.thresholds.tolist() == [1, 1]
    assert len(memory.stored) == 0 and memory.n == 2
    assert repr(memory.store([[1, 1]])) == "Hopfield(n=2, stored=1)"


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_learns_alone(twin):
    memory = Hopfield(4, [0, 1, 0, 0]).store([[1, 1, -1, 1]])
    other, before = twin(memory), memory.weights
    assert (other.weights == before).all() and other.thresholds.tolist() == [0, 1, 0, 0]
    other.store([[1, -1, -1, 1]]).learn([1, -1, 1, 1]).thresholds = np.ones(4)
    assert (memory.weights == before).all() and memory.thresholds.tolist() == [0, 1, 0, 0]
    assert len(memory.stored) == 1 and len(other.stored) == 2
    with pytest.raises(ValueError, match="rule must be 'hebb'"):
        twin(memory).store([[1, 1, 1, 1]], "pseudo-inverse")
    found = twin(memory.recall([1, 1, 1, 1]))
    assert found.state.tolist() == memory.recall([1, 1, 1, 1]).state.tolist() and found.converged


def test_no_energy_is_zero_without_a_sign():
    assert str(Hopfield(2).energy([1, -1])) == "0.0"


@given(st.integers(2, 24), st.integers(1, 8), SEEDS)
def test_the_pseudo_inverse_is_numpys_and_holds_every_pattern(n, p, seed):
    patterns = np.random.default_rng(seed).choice([-1, 1], size=(p, n))
    memory = Hopfield(n).store(patterns, "pseudo-inverse")
    projection = np.linalg.pinv(patterns.astype(float), rcond=1e-10) @ patterns
    np.fill_diagonal(projection, 0)
    assert memory.weights == pytest.approx(projection, abs=1e-9)
    assert (memory.weights == memory.weights.T).all() and not np.diag(memory.weights).any()
    for pattern in patterns:
        assert memory.is_stable(pattern) and memory.is_stable(-pattern)
    again = Hopfield(n)
    for pattern in [*patterns, patterns[0], -patterns[0]]:  # one by one, and some once more
        again.store([pattern], "pseudo-inverse")
    assert again.weights == pytest.approx(memory.weights, abs=1e-9) and len(again.stored) == p + 2
    assert all(again.is_stable(pattern) for pattern in patterns)


def test_the_pseudo_inverse_at_its_limits():
    free = Hopfield(3).store([[1, 1, 1], [1, 1, -1]], "pseudo-inverse")  # unit 2 belongs to both
    assert free.weights.tolist() == [[0, pytest.approx(0.5), 0], [pytest.approx(0.5), 0, 0], [0, 0, 0]]
    full = Hopfield(4).store(all_spins(4), "pseudo-inverse")  # every state is remembered, so none
    assert not full.weights.any() and all(full.is_stable(s) for s in all_spins(4))
    one = Hopfield(5).store([[1, -1, 1, 1, -1]], "pseudo-inverse")  # with one pattern both rules agree
    assert one.weights == pytest.approx(Hopfield(5).store([[1, -1, 1, 1, -1]]).weights)


def test_rules_do_not_mix():
    hebb, projected = Hopfield(3).store([[1, 1, 1]]), Hopfield(3).store([[1, 1, 1]], "pseudo-inverse")
    assigned = Hopfield(3)
    assigned.weights = 1 - np.eye(3)
    for memory in (hebb, assigned, Hopfield(3).learn([1, 1, 1])):
        before = memory.weights
        with pytest.raises(ValueError, match="rule must be 'hebb', which goes with .* got 'pseudo-inverse'"):
            memory.store([[1, -1, 1]], "pseudo-inverse")
        memory.store([[1, -1, 1]])
        assert memory.weights - before == pytest.approx(Hopfield(3).store([[1, -1, 1]]).weights)
    with pytest.raises(ValueError, match="rule must be 'pseudo-inverse', which goes with .* got 'hebb'"):
        projected.store([[1, -1, 1]])
    assert projected.stored.tolist() == [[1, 1, 1]]
    projected.learn([1, -1, 1])  # from here on weights are added up
    with pytest.raises(ValueError, match="rule must be 'hebb'"):
        projected.store([[1, -1, 1]], "pseudo-inverse")
    projected.weights = np.zeros((3, 3))  # and from here on nothing is remembered
    assert projected.store([[1, -1, 1]], "pseudo-inverse").stored.tolist() == [[1, -1, 1]]


def test_letters_come_back_from_noise_and_from_halves():
    """Rows H-08 and H-09, and the pseudo-inverse that holds what Hebb's rule does not."""
    few = hopfield.letters("HTZ")
    memory = Hopfield(100).store(few)
    for letter in few:
        noisy = hopfield.corrupt(letter, 0.15, rng=2)
        assert (noisy != letter).sum() == 15
        assert (memory.recall(noisy, "random", rng=0).state == letter).all()
    every = hopfield.letters()
    held = [Hopfield(100).store(every).is_stable(letter) for letter in every]
    assert not all(held)
    projected = Hopfield(100).store(every, "pseudo-inverse")
    assert all(projected.is_stable(letter) for letter in every)
    others = hopfield.letters("ACH")
    memory = Hopfield(100).store(others)
    for letter in others:
        half = letter.copy()
        half[50:] = -1
        assert hopfield.overlap(memory.recall(half).state, letter) > 0.95


# ---------------------------------------------------------------------------- patterns


def test_letters_are_as_drawn():
    assert hopfield.letters().shape == (8, 100) and hopfield.letters().dtype == np.int8
    assert (hopfield.letters("TAT") == hopfield.letters()[[5, 0, 5]]).all()
    pictures = {name: hopfield.letters(name)[0].reshape(10, 10) for name in "ACHJLTXZ"}
    for name in "AHTX":
        assert (pictures[name] == pictures[name][:, ::-1]).all(), name  # left is right
    for name in "CHX":
        assert (pictures[name] == pictures[name][::-1]).all(), name  # up is down
    assert {name: int((p > 0).sum()) for name, p in pictures.items()} == {
        "A": 44, "C": 48, "H": 52, "J": 38, "L": 44, "T": 36, "X": 36, "Z": 52,
    }  # fmt: skip
    assert len({p.tobytes() for p in pictures.values()}) == 8
    assert (pictures["L"][:8, :3] == 1).all() and (pictures["L"][8:] == 1).all()
    assert (pictures["J"][0] == [-1] * 5 + [1] * 5).all()


@given(st.integers(1, 40), st.floats(0, 1), SEEDS)
def test_corruption_turns_exactly_its_share(n, share, seed):
    pattern = np.random.default_rng(seed).choice([-1, 1], size=n).astype(np.int8)
    before = pattern.copy()
    noisy = hopfield.corrupt(pattern, share, seed)
    turned = round(share * n)
    assert (noisy != pattern).sum() == turned and set(noisy.tolist()) <= {-1, 1}
    assert (pattern == before).all()
    assert hopfield.overlap(noisy, pattern) == pytest.approx(1 - 2 * turned / n)
    assert (noisy == hopfield.corrupt(pattern, share, seed)).all()


def test_corruption_favours_no_unit():
    rng = np.random.default_rng(0)
    counts = sum((hopfield.corrupt([1] * 10, 0.3, rng) < 0).astype(int) for _ in range(2000))
    assert stats.chisquare(counts).pvalue > 1e-4


def test_overlap_of_one_and_of_many():
    rows = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [-1, -1, -1, -1]], np.int8)
    assert hopfield.overlap(rows, rows[0]).tolist() == [1, 0, -1]
    assert hopfield.overlap(rows[2], rows[0]) == -1.0
    assert isinstance(hopfield.overlap(rows[0], rows[0]), float)
    assert hopfield.overlap([1] * 1000, [1] * 1000) == 1  # more than an int8 counts


@given(st.sampled_from([1, 3, 5]), st.integers(1, 6), SEEDS)
def test_a_mixture_is_the_majority(p, n, seed):
    patterns = np.random.default_rng(seed).choice([-1, 1], size=(p, n))
    state = hopfield.mixture(patterns)
    assert state.tolist() == [1 if list(column).count(1) * 2 > p else -1 for column in patterns.T]
    assert state.dtype == np.int8
    assert hopfield.mixture(np.ones((201, 2), np.int8)).tolist() == [1, 1]


def test_a_mixture_of_three_is_stable():
    """Row H-12: a minimum that nobody stored, with overlaps of about one half."""
    patterns = np.random.default_rng(3).choice([-1, 1], size=(3, 501))
    memory, state = Hopfield(501).store(patterns), hopfield.mixture(patterns)
    assert memory.is_stable(state)
    assert hopfield.overlap(patterns, state) == pytest.approx([0.5] * 3, abs=0.1)


# ---------------------------------------------------------------------------- capacity


@pytest.mark.parametrize(("n", "p"), [(2, 1), (2, 2), (2, 4), (3, 2), (3, 3), (4, 2), (4, 3), (5, 2)])
def test_bit_error_is_a_count_over_all_patterns(n, p):
    wrong = total = 0
    for flat in itertools.product([-1, 1], repeat=(n - 1) * p):
        others = np.array(flat).reshape(p, n - 1)
        patterns = np.column_stack([np.ones(p, int), others])  # ξ_0 = 1 in all: the law does not mind
        h = patterns[0, 1:] @ (others.T @ patterns[:, 0])
        wrong, total = wrong + (h < 0), total + 1
    assert hopfield.bit_error(n, p) == pytest.approx(wrong / total, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("n", "p"), [(30, 4), (31, 5), (100, 14), (101, 30)])
def test_bit_error_is_its_binomial_tail(n, p):
    signs, own = (n - 1) * (p - 1), n - 1
    tail = sum(math.comb(signs, against) for against in range(signs + 1) if 2 * against - signs > own)
    assert hopfield.bit_error(n, p) == pytest.approx(float(Fraction(tail, 2**signs)), rel=1e-10)


def test_bit_error_is_what_networks_show():
    rng, n, p = np.random.default_rng(1), 60, 12
    shares = []
    for _ in range(300):
        patterns = rng.choice([-1, 1], size=(p, n))
        memory = Hopfield(n).store(patterns)
        shares.append(np.mean([(memory.wishes(pattern) != pattern).mean() for pattern in patterns]))
    z = (np.mean(shares) - hopfield.bit_error(n, p)) / (np.std(shares, ddof=1) / math.sqrt(len(shares)))
    assert abs(z) < 4


def test_bit_error_of_many_units_is_gauss():
    for load in (0.08, 0.138, 0.4):
        gauss = hopfield.bit_error_gauss(load)
        assert gauss == pytest.approx(stats.norm.sf(1 / math.sqrt(load)), rel=1e-12)
        assert hopfield.bit_error(100_001, round(load * 100_001)) == pytest.approx(gauss, rel=5e-3)
    assert hopfield.bit_error_gauss(1e-300) == 0 and hopfield.bit_error_gauss(1e300) == pytest.approx(0.5)


@pytest.mark.parametrize("load", [0.001, 0.02, 0.05, 0.1, 0.13, 0.1379])
def test_retrieval_overlap_solves_the_mean_field_equations(load):
    """Amit, Gutfreund and Sompolinsky's three equations at T = 0: m = erf(y) with y = m/√(2αr),
    C = √(2/(παr)) e^{−y²} and r = (1 − C)^{−2}."""
    reduced = optimize.brentq(
        lambda y: y * (math.sqrt(2 * load) + 2 / math.sqrt(math.pi) * math.exp(-y * y)) - special.erf(y),
        1.5113, 60, xtol=1e-14,
    )  # fmt: skip
    m = hopfield.retrieval_overlap(load)
    assert m == pytest.approx(special.erf(reduced), rel=1e-9)
    r = m**2 / (2 * load * reduced**2)
    c = math.sqrt(2 / (math.pi * load * r)) * math.exp(-(reduced**2))
    assert r == pytest.approx((1 - c) ** -2, rel=1e-8)


def test_critical_load_is_the_top_and_the_overlap_jumps_there():
    found = optimize.minimize_scalar(
        lambda y: -((special.erf(y) / y - 2 / math.sqrt(math.pi) * math.exp(-y * y)) ** 2) / 2,
        bounds=(0.5, 5), method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    top = hopfield.critical_load()
    assert top == pytest.approx(-found.fun, rel=1e-12) and 0.1378 < top < 0.1380
    assert hopfield.retrieval_overlap(top * (1 - 1e-9)) == pytest.approx(special.erf(found.x), abs=1e-3)
    assert hopfield.retrieval_overlap(top * (1 + 1e-9)) == 0
    m = hopfield.retrieval_overlap([[1e-9, 0.05], [0.138, 9.0]])
    assert m.shape == (2, 2) and m[0, 0] == 1 and 0.999 < m[0, 1] < 1 and (m[1] == 0).all()
    assert hopfield.retrieval_overlap(top * (1 - 1e-12)) == pytest.approx(0.967, abs=5e-4)  # 1.6 % wrong
    assert isinstance(hopfield.retrieval_overlap(0.1), float)
    falling = hopfield.retrieval_overlap(np.linspace(0.05, 0.1379, 50))
    assert (np.diff(falling) < 0).all()


@pytest.mark.parametrize("n", [10, 20, 31, 64])
@pytest.mark.parametrize("exact", [2**24, 0])
def test_the_experiment_is_store_corrupt_and_recall(monkeypatch, n, exact):
    """In whole numbers of either precision, and as a reader would write it, draw by draw."""
    monkeypatch.setattr(_hopfield_theory, "_EXACT", exact)
    loads, repeats = [0.01, 0.1, 0.18, 0.3], 5
    fast = hopfield.capacity_experiment(n, loads, 0.1, repeats, np.random.default_rng(4), max_sweeps=7)
    rng, slow = np.random.default_rng(4), []
    for load in loads:
        for _ in range(repeats):
            patterns = 2 * rng.integers(0, 2, size=(max(1, round(load * n)), n)) - 1
            memory, start = Hopfield(n).store(patterns), hopfield.corrupt(patterns[0], 0.1, rng)
            end = memory.recall(start, "random", 7, rng=rng).state
            slow.append(hopfield.overlap(end, patterns[0]))
    assert fast.shape == (4, 5) and fast.ravel().tolist() == pytest.approx(slow, abs=1e-6)


def test_capacity_of_a_few_hundred_units():
    """Row H-12: nothing is lost at a load of 0.05, much at 0.2."""
    low, high = hopfield.capacity_experiment(300, [0.05, 0.2], noise=0.1, repeats=4, rng=0).mean(1)
    assert low > 0.95 and high < 0.85
    near = hopfield.capacity_experiment(600, [0.1], noise=0.05, repeats=4, rng=1).mean()
    assert near == pytest.approx(hopfield.retrieval_overlap(0.1), abs=0.01)
    assert hopfield.capacity_experiment(50, 0.02).shape == (1, 4)
    again = [hopfield.capacity_experiment(50, [0.2], 0.2, 3, rng=seed).tolist() for seed in (1, 1, 2)]
    assert again[0] == again[1] != again[2]


# ---------------------------------------------------------------------------- attention


@pytest.mark.parametrize("beta", [0.1, 1 / math.sqrt(6), 5.0])
def test_the_modern_update_is_attention(beta):
    rng = np.random.default_rng(0)
    patterns, states = rng.normal(size=(9, 6)), rng.normal(size=(4, 6))
    query, key = torch.from_numpy(states)[None], torch.from_numpy(patterns)[None]
    attended = torch.nn.functional.scaled_dot_product_attention(query, key, key, scale=beta)[0].numpy()
    assert hopfield.modern_update(patterns, states, beta) == pytest.approx(attended, rel=1e-12)
    assert hopfield.modern_update(patterns, states[1], beta) == pytest.approx(attended[1], rel=1e-12)


@given(st.integers(1, 6), st.integers(1, 5), SEEDS, st.floats(0.01, 50))
def test_the_modern_energy_never_rises_and_its_slope_is_the_step(p, d, seed, beta):
    rng = np.random.default_rng(seed)
    patterns, state = rng.normal(size=(p, d)), 2 * rng.normal(size=d)

    def energy(x):
        return -special.logsumexp(beta * patterns @ x) / beta + x @ x / 2

    here, new = hopfield.modern_energy(patterns, state, beta), hopfield.modern_update(patterns, state, beta)
    assert here == pytest.approx(energy(state), rel=1e-9, abs=1e-9) and isinstance(here, float)
    assert hopfield.modern_energy(patterns, new, beta) <= here + 1e-12
    slope = optimize.approx_fprime(state, energy, 1e-7)
    assert state - new == pytest.approx(slope, abs=2e-4)
    both = hopfield.modern_energy(patterns, [state, new], beta)
    assert both.tolist() == pytest.approx([here, energy(new)], rel=1e-9, abs=1e-9)


def test_the_modern_network_at_its_limits():
    patterns, state = [[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]], [1.0, 0.2]
    for tiny in (5e-324, 1e-300):
        assert hopfield.modern_update(patterns, state, tiny) == pytest.approx(np.mean(patterns, 0))
    for huge in (1e4, 1e308):
        assert hopfield.modern_update(patterns, state, huge).tolist() == [3, -1]
        assert hopfield.modern_energy(patterns, state, huge) == pytest.approx(1.04 / 2 - 2.8, abs=1e-3)
    assert hopfield.modern_energy(patterns, state, 1e-300) == pytest.approx(-math.log(3) * 1e300)


# ---------------------------------------------------------------------------- questions as energies


def symmetric(n, seed, whole=False):
    rng = np.random.default_rng(seed)
    a = np.triu(rng.integers(-2, 4, size=(n, n)) if whole else rng.random((n, n)), 1)
    return a + a.T


@given(st.integers(2, 7), SEEDS)
def test_cuts_are_networkx_s_and_energies_follow(n, seed):
    a = symmetric(n, seed, whole=True)
    graph, network = nx.from_numpy_array(a), hopfield.max_cut_network(a)
    cuts = []
    for s in all_spins(n):
        camp = [i for i in range(n) if s[i] > 0]
        cuts.append(nx.cut_size(graph, camp, weight="weight"))
        assert hopfield.cut_size(a, s) == cuts[-1]
        assert network.energy(s) == pytest.approx(np.triu(a).sum() / 2 - cuts[-1])
    best, state = hopfield.brute_force_max_cut(a)
    assert best == max(cuts) == hopfield.cut_size(a, state) and state.dtype == np.int8
    found = network.recall(np.ones(n, int))
    assert hopfield.cut_size(a, found.state) <= best and network.is_stable(found.state)


def coloring_cost(x, edges, penalty):
    one_each = penalty * ((x.sum(1) - 1) ** 2).sum()
    return one_each + sum((x[i] * x[j]).sum() for i, j in edges)


@pytest.mark.parametrize("penalty", [0.3, 2.0])
def test_colorings_are_the_lowest_states(penalty):
    edges, n, colors = [[0, 1], [1, 2], [2, 0], [2, 3]], 4, 3
    network = hopfield.coloring_network(edges, n, colors, penalty)
    costs, energies, solved = [], [], []
    for s in all_spins(n * colors):
        x = (s.reshape(n, colors) + 1) // 2
        costs.append(coloring_cost(x, edges, penalty))
        energies.append(network.energy(s))
        decoded = hopfield.decode_coloring(s, edges, n)
        solved.append(decoded is not None)
        if decoded is not None:
            assert (x[np.arange(n), decoded] == 1).all() and x.sum() == n
            assert all(decoded[i] != decoded[j] for i, j in edges)
    shift = np.array(energies) - costs
    assert shift == pytest.approx(np.full(len(shift), shift[0]), abs=1e-9)
    assert ((np.array(costs) == 0) == solved).all()
    ways = sum(all(c[i] != c[j] for i, j in edges) for c in itertools.product(range(colors), repeat=n))
    assert sum(solved) == ways == 12


def test_coloring_details():
    default, doubled = (
        hopfield.coloring_network(edges, 3, 2).weights for edges in ([[0, 1]], [[0, 1], [1, 0], [0, 1]])
    )
    assert (default == doubled).all()  # an edge is an edge, however often it is named
    assert (default == hopfield.coloring_network(np.array([[0, 1]]), 3, 2, penalty=0.5).weights).all()
    for none in ([], np.empty((0, 2), int)):
        free = hopfield.coloring_network(none, 2, 2)
        assert free.is_stable([1, -1, 1, -1])
        assert hopfield.decode_coloring([1, -1, 1, -1], none, 2).tolist() == [0, 0]
    assert hopfield.decode_coloring([-1, -1, 1, -1], [], 2) is None  # node 0 has no colour
    assert hopfield.decode_coloring([1, 1, 1, -1], [], 2) is None  # or two
    assert hopfield.decode_coloring([1, -1, 1, -1], [[0, 1]], 2) is None  # neighbours share one


def descends_to_colorings(penalty):
    graph = nx.petersen_graph()
    network, rng = hopfield.coloring_network(graph.edges, 10, 3, penalty), np.random.default_rng(0)
    ends = [network.recall(rng.choice([-1, 1], size=30), "random", rng=rng).state for _ in range(100)]
    return sum(hopfield.decode_coloring(s, graph.edges, 10) is not None for s in ends)


def test_a_small_penalty_colors_better():
    """What A decides: where descent can stop, by the conditions in the docstring and over all states."""
    edges, n, colors, most = [(0, 1), (1, 2), (2, 0), (2, 3)], 4, 2, 3
    neighbors = nx.Graph(edges)
    small = [hopfield.coloring_network(edges, n, colors, penalty) for penalty in (0.01, 0.5, 0.99)]
    large = [hopfield.coloring_network(edges, n, colors, penalty) for penalty in (most, 10)]
    for s in all_spins(n * colors):
        held = [{k for k in range(colors) if s[i * colors + k] > 0} for i in range(n)]
        clash = any(held[i] & held[j] for i, j in edges)
        surrounded = [set().union(*(held[j] for j in neighbors[i])) == set(range(colors)) for i in range(n)]
        full = all(len(held[i]) == 1 or (not held[i] and surrounded[i]) for i in range(n))
        assert {network.is_stable(s) for network in small} == {full and not clash}
        assert {network.is_stable(s) for network in large} == {all(len(one) == 1 for one in held)}
    rates = [descends_to_colorings(penalty) for penalty in (0.1, 0.9, 2.0)]
    assert rates[0] == rates[1] > 30 and rates[2] < 10


def tour_cost(x, d, a):
    n = len(d)
    length = sum(d[c, e] * x[c, k] * x[e, (k + 1) % n] for c in range(n) for e in range(n) for k in range(n))
    return length + a * ((x.sum(1) - 1) ** 2).sum() + a * ((x.sum(0) - 1) ** 2).sum()


@pytest.mark.parametrize(("n", "penalty"), [(3, 0.7), (3, None), (4, None)])
def test_tour_energies_are_costs(n, penalty):
    d = symmetric(n, 5)
    a = 2 * d.max() if penalty is None else penalty
    network = hopfield.tour_network(d, penalty)
    states = all_spins(n * n)
    if n > 3:  # the tours, and some of the rest
        tours = [np.eye(n)[list(order)].ravel() * 2 - 1 for order in itertools.permutations(range(n))]
        states = np.concatenate([tours, states[:: 2 ** (n * n) // 500]]).astype(int)
    shifts = []
    for s in states:
        x = (s.reshape(n, n) + 1) // 2
        shifts.append(network.energy(s) - tour_cost(x, d, a))
        tour, valid = hopfield.decode_tour(s), (x.sum(0) == 1).all() and (x.sum(1) == 1).all()
        assert (tour is not None) == valid
        if valid:
            assert all(x[tour[k], k] == 1 for k in range(n))
            assert tour_cost(x, d, a) == pytest.approx(hopfield.tour_length(d, tour))
            assert penalty is not None or network.is_stable(s)
    assert shifts == pytest.approx([shifts[0]] * len(shifts), abs=1e-9)


@pytest.mark.parametrize(("n", "share"), [(3, 1.01), (4, 1.01), (4, None)])
def test_the_lowest_states_are_the_shortest_tours(n, share):
    """With a penalty above the largest distance: over all 2⁹ or 2¹⁶ states; and every tour is stable."""
    d = symmetric(n, 8)
    network = hopfield.tour_network(d, share and share * d.max())
    states = all_spins(n * n).astype(float)
    energies = -0.5 * ((states @ network.weights) * states).sum(1) - states @ network.thresholds
    lowest = states[energies < energies.min() + 1e-9].astype(int)
    best, tours = hopfield.brute_force_tour(d)[0], [hopfield.decode_tour(s) for s in lowest]
    assert len({tuple(tour) for tour in tours}) == 2 * n  # from each city, either way round
    assert [hopfield.tour_length(d, tour) for tour in tours] == pytest.approx([best] * (2 * n))
    for order in itertools.permutations(range(n)):
        assert network.is_stable((2 * np.eye(n)[list(order)].ravel() - 1).astype(int))


def test_brute_force_tours():
    for n in (3, 5, 7):
        d = symmetric(n, n)
        lengths = {
            order: sum(d[order[k], order[k - 1]] for k in range(n))
            for order in itertools.permutations(range(n))
        }
        best, tour = hopfield.brute_force_tour(d)
        assert best == pytest.approx(min(lengths.values())) == pytest.approx(lengths[tuple(tour)])
        for order, length in list(lengths.items())[::17]:
            assert hopfield.tour_length(d, order) == pytest.approx(length)
    assert hopfield.tour_length([[0, 2], [2, 0]], [1, 0]) == 4


# ---------------------------------------------------------------------------- cooling


def test_schedules_fall_by_one_factor():
    t = hopfield.geometric_schedule(5.0, 0.2, 40)
    assert t[0] == 5 and t[-1] == 0.2 and t[1:] / t[:-1] == pytest.approx(np.full(39, 0.04 ** (1 / 39)))
    assert hopfield.geometric_schedule(1, 1, 2).tolist() == [1, 1]


@pytest.mark.parametrize("temperature", [0.8, 2.5])
def test_annealing_at_one_temperature_meets_boltzmanns_law(temperature):
    network = whole_network(4, 11)
    network.weights = 0.3 * network.weights
    energies = np.array([network.energy(s) for s in all_spins(4)])
    p = np.exp(-energies / temperature) / np.exp(-energies / temperature).sum()
    run = hopfield.anneal(network, np.full(20_000, temperature), rng=1).energies[500:]
    blocks = run[: len(run) // 100 * 100].reshape(100, -1).mean(1)
    assert abs(blocks.mean() - p @ energies) < 4 * blocks.std(ddof=1) / 10
    squares = (run[: len(run) // 100 * 100] ** 2).reshape(100, -1).mean(1)
    assert abs(squares.mean() - p @ energies**2) < 4 * squares.std(ddof=1) / 10


def naive_anneal(network, temperatures, rng, start):
    w, theta, s = network.weights, network.thresholds, list(start)
    energies = []
    for t in temperatures:
        uniform = rng.random(len(s))
        for i in rng.permutation(len(s)):
            h = w[i] @ s + theta[i]
            if t:
                s[i] = 1 if uniform[i] < special.expit(2 * h / t) else -1
            elif abs(h) > 1e-9:
                s[i] = 1 if h > 0 else -1
        energies.append(naive_energy(w, theta, s))
    return s, energies


@pytest.mark.parametrize("schedule", [[2.0, 1.0, 0.5, 0.0, 0.0], [0.0] * 6, [3.0] * 10])
def test_annealing_is_its_slow_twin(schedule):
    for seed in range(5):
        network = whole_network(6, seed)
        start = np.random.default_rng(seed).choice([-1, 1], size=6)
        run = hopfield.anneal(network, schedule, np.random.default_rng(seed), start)
        state, energies = naive_anneal(network, schedule, np.random.default_rng(seed), start)
        assert run.final.tolist() == state and run.energies.tolist() == pytest.approx(energies)
        assert run.best_energy == pytest.approx(min([network.energy(start), *energies]))
        assert run.best_energy == network.energy(run.best)
        assert run.temperatures.tolist() == schedule
        assert run.best.dtype == run.final.dtype == np.int8
        if not any(schedule):
            assert (np.diff(run.energies) <= 0).all() and network.is_stable(run.final)


def test_what_annealing_returns_shares_no_memory():
    network, start = whole_network(6, 3), np.array([1, -1, 1, 1, -1, 1], np.int8)
    temperatures, order = np.array([0.0, 0.0, 1000.0]), np.arange(6)
    spins = hopfield.anneal(network, temperatures, 0, start)
    tour = hopfield.anneal_tour(symmetric(6, 2), temperatures, 0, order)
    for run, own in ((spins, start), (tour, order)):
        arrays = [run.best, run.final, run.temperatures, run.energies, own, temperatures]
        for a, b in itertools.combinations(arrays, 2):
            assert not np.shares_memory(a, b)
        assert run.energies[-1] > run.best_energy  # so that a best that follows the last is found out
        assert "energies" not in repr(run) and "temperatures" not in repr(run)
    assert spins.best_energy == network.energy(spins.best) and start.tolist() == [1, -1, 1, 1, -1, 1]
    assert tour.best_energy == hopfield.tour_length(symmetric(6, 2), tour.best)
    assert order.tolist() == list(range(6))
    network.weights = 1 - np.eye(6)  # nothing is better than this start, and the heat leaves it
    hot = hopfield.anneal(network, [1000.0], 0, [1] * 6)
    assert hot.best.tolist() == [1] * 6 != hot.final.tolist() and hot.best_energy < hot.energies[0]
    best, short = hopfield.brute_force_tour(symmetric(6, 2))
    far = hopfield.anneal_tour(symmetric(6, 2), [1000.0], 0, short)
    assert far.best.tolist() == short.tolist() != far.final.tolist() and far.best_energy == pytest.approx(
        best
    )
    for rng in (7, CounterRNG):  # one seed, one run
        pair = [hopfield.anneal(network, [2.0, 1.0], rng if rng == 7 else rng(7)).final for _ in range(2)]
        assert (pair[0] == pair[1]).all()


def test_annealing_starts_anywhere_and_leaves_the_start():
    network, start, schedule = whole_network(6, 3), np.ones(6, np.int8), np.array([2.0, 1.0])
    run = hopfield.anneal(network, schedule, 0, start)
    schedule[:] = 9
    assert (start == 1).all() and run.temperatures.tolist() == [2, 1]
    generator = np.random.default_rng(8)
    first = 2 * generator.integers(0, 2, size=6) - 1
    expected = hopfield.anneal(network, [1.0], generator, first)
    assert (hopfield.anneal(network, 1.0, np.random.default_rng(8)).final == expected.final).all()
    cold = hopfield.anneal(network, [0.0] * 9, 0).final
    hot = hopfield.anneal(network, [1e6], 0, cold)
    assert hot.energies[0] > hot.best_energy == network.energy(cold)  # the start counts


def test_annealing_near_zero_and_with_large_fields():
    """No overflow on the way: units follow their fields, and a rounded tie stays one at T = 0."""
    network = Hopfield(2, [1e299, -1e299])
    for t in (0.0, 1e-310, 1e-5, 1.0):
        assert hopfield.anneal(network, [t], 0, [-1, 1]).final.tolist() == [1, -1]
    tied = Hopfield(4)
    w = np.zeros((4, 4))
    w[0, 1:] = w[1:, 0] = [0.1, 0.2, -0.3]
    tied.weights, tied.thresholds = w, [0, 1, 1, 1]
    for first in (-1, 1):
        assert hopfield.anneal(tied, [0.0, 0.0], 0, [first, 1, 1, 1]).final[0] == first


def test_annealing_finds_ground_states():
    """Row H-16: cooled slowly it reaches what enumeration finds, where descent often does not."""
    reached = slower = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        w = np.triu(rng.normal(size=(10, 10)), 1)
        network = Hopfield(10)
        network.weights = w + w.T
        lowest = min(network.energy(s) for s in all_spins(10))
        run = hopfield.anneal(network, hopfield.geometric_schedule(5, 0.05, 150), rng=seed)
        reached += run.best_energy == pytest.approx(lowest)
        quick = network.recall(rng.choice([-1, 1], size=10))
        slower += quick.energies[-1] > lowest + 1e-9
    assert reached >= 5 and slower >= 1


def naive_tour_annealing(d, schedule, rng, tour):
    n, tour, lengths = len(d), list(tour), []

    def length(order):
        return sum(d[order[k - 1], order[k]] for k in range(n))

    for t in schedule:
        for _ in range(n):
            i, j = sorted([int(rng.integers(n)), int(rng.integers(n))])
            u = float(rng.random())
            new = tour[:i] + tour[i : j + 1][::-1] + tour[j + 1 :]
            grown = length(new) - length(tour)
            whole = i == 0 and j == n - 1
            if not whole and (grown <= 1e-12 or (t > 0 and u < math.exp(-grown / t))):
                tour = new
        lengths.append(length(tour))
    return tour, lengths


@pytest.mark.parametrize("schedule", [[1.0, 0.5, 0.2, 0.0], [0.0] * 5, [0.3] * 8])
@pytest.mark.parametrize("generator", [np.random.default_rng, CounterRNG])
def test_tour_annealing_is_its_slow_twin(schedule, generator):
    d = np.triu(np.random.default_rng(2).integers(1, 10, size=(7, 7)), 1).astype(float)
    d, start = d + d.T, [3, 1, 0, 2, 6, 5, 4]  # whole numbers: no change of length is lost to rounding
    run = hopfield.anneal_tour(d, schedule, generator(3), start)
    tour, lengths = naive_tour_annealing(d, schedule, generator(3), start)
    assert run.final.tolist() == tour and run.energies.tolist() == pytest.approx(lengths)
    assert run.best_energy == pytest.approx(min([hopfield.tour_length(d, start), *lengths]))
    assert run.best_energy == hopfield.tour_length(d, run.best) and run.temperatures.tolist() == schedule
    assert start == [3, 1, 0, 2, 6, 5, 4]
    if not any(schedule):
        assert (np.diff(run.energies) <= 1e-12).all()
    plain = hopfield.anneal_tour(d, schedule, generator(3))
    assert plain.final.tolist() == naive_tour_annealing(d, schedule, generator(3), range(7))[0]


class Scripted:
    """A generator that draws what it is told, for one move."""

    def __init__(self, i, j, chance):
        self.places, self.chance = [i, j], chance

    def integers(self, n):
        return self.places.pop(0)

    def random(self):
        return self.chance


def test_moves_of_a_tour_are_in_detailed_balance():
    """Each move and its chance of acceptance, exactly: p(s) P(s → t) = p(t) P(t → s)."""
    d, temperature = symmetric(4, 6), 0.4
    tours = list(itertools.permutations(range(4)))
    lengths = {s: hopfield.tour_length(d, s) for s in tours}
    flow = np.zeros((24, 24))
    for (a, s), i, j in itertools.product(enumerate(tours), range(4), range(4)):
        low, high = min(i, j), max(i, j)
        t = s[:low] + s[low : high + 1][::-1] + s[high + 1 :]
        if (low, high) == (0, 3):
            t = s  # the whole tour backwards is the same tour
        chance = min(1, math.exp((lengths[s] - lengths[t]) / temperature))
        for u, taken in ((0.0, True), (chance - 1e-9, True), (chance + 1e-9, False)):
            tour = np.array(s)
            grown = _hopfield_optimization._try_reversal(d, tour, temperature, Scripted(i, j, u))
            if abs(lengths[t] - lengths[s]) < 1e-12:  # rounding may take it or leave it
                assert tuple(tour) in (s, t) and abs(grown) < 1e-12
            elif u < 1:
                assert tuple(tour) == (t if taken else s)
                assert grown == pytest.approx(lengths[tuple(tour)] - lengths[s], abs=1e-12)
        flow[a, tours.index(t)] += math.exp(-lengths[s] / temperature) * chance / 16
    assert flow == pytest.approx(flow.T, rel=1e-12)
    assert (np.linalg.matrix_power(flow, 24) > 0).all()  # and each tour leads to each


def test_tours_at_one_temperature_meet_boltzmanns_law():
    d, temperature = symmetric(5, 9), 0.4
    lengths = np.array([hopfield.tour_length(d, (0, *rest)) for rest in itertools.permutations(range(1, 5))])
    p = np.exp(-lengths / temperature) / np.exp(-lengths / temperature).sum()
    run = hopfield.anneal_tour(d, np.full(6000, temperature), rng=2).energies
    blocks = run.reshape(60, -1).mean(1)
    assert abs(blocks.mean() - p @ lengths) < 4 * blocks.std(ddof=1) / math.sqrt(60)


def test_tour_annealing_finds_the_shortest_of_eight_cities():
    places = np.random.default_rng(1).random((8, 2))
    d = np.linalg.norm(places[:, None] - places[None], axis=-1)
    d = (d + d.T) / 2
    run = hopfield.anneal_tour(d, hopfield.geometric_schedule(1, 0.01, 100), rng=0)
    assert run.best_energy == pytest.approx(hopfield.brute_force_tour(d)[0])
    heated = hopfield.anneal_tour(d, [0.0] * 20 + [1e6] * 3, rng=0)  # the best is kept, whatever comes later
    assert (
        heated.best_energy == pytest.approx(min(heated.energies)) and heated.best_energy < heated.energies[-1]
    )
    assert heated.best_energy == hopfield.tour_length(d, heated.best)
    cold = hopfield.anneal_tour(d, [1e-310], rng=0)
    assert sorted(cold.final.tolist()) == list(range(8))


def test_annealed_networks_give_tours():
    """Row H-10, told honestly: some runs end in no tour; those that do are no shorter than brute force's."""
    d = symmetric(5, 3)
    best, tours = hopfield.brute_force_tour(d)[0], []
    for seed in range(10):
        run = hopfield.anneal(hopfield.tour_network(d), hopfield.geometric_schedule(3, 0.05, 100), seed)
        tours.append(hopfield.decode_tour(run.best))
    lengths = [hopfield.tour_length(d, tour) for tour in tours if tour is not None]
    assert len(lengths) >= 3 and min(lengths) >= best - 1e-12


# ---------------------------------------------------------------------------- bad input

THREE = [[0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 0.0]]
FOUR = 1.0 - np.eye(4)


def assigned(**values):
    network = Hopfield(2)
    for name, value in values.items():
        setattr(network, name, value)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Hopfield(0), ValueError, "n must be at least 1, got 0"),
        (lambda: Hopfield(2.0), TypeError, "n must be an integer"),
        (lambda: Hopfield(2, [1.0]), ValueError, r"thresholds must have shape \(2,\), got \(1,\)"),
        (lambda: Hopfield(2, [1.0, NAN]), ValueError, "thresholds must be finite"),
        (lambda: assigned(thresholds=None), TypeError, "thresholds must be an array"),
        (lambda: assigned(thresholds=[1]), ValueError, "thresholds must have shape"),
        (lambda: assigned(weights=[[0, 1], [2, 0]]),
         ValueError, "weights must be symmetric, got 1.0 at .0, 1. and 2.0"),
        (lambda: assigned(weights=[[0, 1], [1, 3]]),
         ValueError, "weights must have a zero diagonal, or a unit .* 3.0 at .1, 1."),
        (lambda: assigned(weights=np.zeros((2, 3))), ValueError, "weights must be a square matrix"),
        (lambda: assigned(weights=np.zeros((3, 3))),
         ValueError, r"weights must have shape \(2, 2\), got \(3, 3\)"),
        (lambda: assigned(weights=[[0, NAN], [NAN, 0]]), ValueError, "weights must be finite"),
        (lambda: assigned(weights=[[0, "a"], ["a", 0]]),
         TypeError, "weights must be an array of real numbers"),
        (lambda: Hopfield(3).store([[1, 0, 1]]), ValueError, "patterns must hold only -1 and \\+1, got 0"),
        (lambda: Hopfield(3).store([[1, NAN, 1]]),
         ValueError, "patterns must hold only -1 and \\+1, got nan"),
        (lambda: Hopfield(3).store([[1, 1.5, 1]]),
         ValueError, "patterns must hold only -1 and \\+1, got 1.5"),
        (lambda: Hopfield(3).store([[1, 1]]), ValueError, r"patterns must have shape \(P, 3\), got \(1, 2\)"),
        (lambda: Hopfield(3).store([1, 1, 1]), ValueError, r"patterns must have shape \(P, 3\), got \(3,\)"),
        (lambda: Hopfield(3).store([[1, 1, 1], [1, 1]]),
         ValueError, "patterns must be an array, got lists of unequal"),
        (lambda: Hopfield(3).store([]), ValueError, "patterns must hold at least one pattern"),
        (lambda: Hopfield(3).store(np.empty((0, 3))), ValueError, "patterns must hold at least one pattern"),
        (lambda: Hopfield(3).store([[True, True, True]]),
         TypeError, "patterns must hold the numbers -1 and \\+1, got bool"),
        (lambda: Hopfield(3).store([["1", "1", "1"]]), TypeError, "patterns must hold the numbers"),
        (lambda: Hopfield(3).store([[1, 1, 1]], "oja"),
         ValueError, "rule must be one of 'hebb', 'pseudo-inverse', got 'oja'"),
        (lambda: Hopfield(3).learn([[1, 1, 1]]), ValueError, r"pattern must have shape \(3,\), got \(1, 3\)"),
        (lambda: Hopfield(3).learn([1, 1, 1], NAN), ValueError, "rate must be finite"),
        (lambda: Hopfield(3).forget([1, 1, 1], "1"), TypeError, "rate must be a real number"),
        (lambda: Hopfield(3).energy([1, 1]), ValueError, r"state must have shape \(3,\), got \(2,\)"),
        (lambda: Hopfield(3).field([1, 1, 2]), ValueError, "state must hold only"),
        (lambda: Hopfield(3).wishes([1, 1, 2]), ValueError, "state must hold only"),
        (lambda: Hopfield(3).is_stable([]), ValueError, "state must hold at least one unit"),
        (lambda: Hopfield(3).update([1, 1, 1], 3), ValueError, "unit must be at most 2, got 3"),
        (lambda: Hopfield(3).update([1, 1, 1], -1), ValueError, "unit must be at least 0, got -1"),
        (lambda: Hopfield(3).recall([1, 1]), ValueError, r"state must have shape \(3,\), got \(2,\)"),
        (lambda: Hopfield(3).recall([1, 1, 0]), ValueError, "state must hold only"),
        (lambda: Hopfield(3).recall([1, 1, 1], "backwards"),
         ValueError, "order must be one of 'cyclic', 'random'"),
        (lambda: Hopfield(3).recall([1, 1, 1], [0, 1]), ValueError, "order must name each unit 0 … 2 once"),
        (lambda: Hopfield(3).recall([1, 1, 1], [0, 1, 1]), ValueError, "order must name each unit"),
        (lambda: Hopfield(3).recall([1, 1, 1], [[0], [1], [2]]), ValueError, "order must name each unit"),
        (lambda: Hopfield(3).recall([1, 1, 1], [0.0, 1.0, 2.0]), ValueError, "order must name each unit"),
        (lambda: Hopfield(3).recall([1, 1, 1], max_sweeps=0), ValueError, "max_sweeps must be at least 1"),
        (lambda: Hopfield(3).recall([1, 1, 1], rng=None), TypeError, "rng must be a seed"),
        (lambda: Hopfield(2**24 + 1), ValueError, "n must be at most 16777216, got 16777217"),
        (lambda: Hopfield(2, [1e300, -1e300]),
         ValueError, "thresholds must stay within 1e\\+300 in all, got 2e\\+300"),
        (lambda: assigned(thresholds=[1.7e308] * 2), ValueError, "thresholds must stay within .* got inf"),
        (lambda: assigned(weights=[[0, 1e300], [1e300, 0]]),
         ValueError, "weights must stay within 1e\\+300 in all, got 2e\\+300"),
        (lambda: Hopfield(2).learn([1, 1], 1e300), ValueError, "weights at this rate must stay within"),
        (lambda: hopfield.letters("HQ"), ValueError, "names must be letters of 'ACHJLTXZ', got 'HQ'"),
        (lambda: hopfield.letters(""), ValueError, "names must be letters"),
        (lambda: hopfield.letters(["H"]), TypeError, "names must be a text"),
        (lambda: hopfield.overlap([1, 1], [1]), ValueError, r"a must have shape \(1,\), got \(2,\)"),
        (lambda: hopfield.overlap([[1], [1, 1]], [1]),
         ValueError, "a must be an array, got lists of unequal"),
        (lambda: hopfield.overlap([1], [0]), ValueError, "b must hold only"),
        (lambda: hopfield.corrupt([1, 1], 1.1, 0), ValueError, "share must be in 0 … 1, got 1.1"),
        (lambda: hopfield.corrupt([1, 1], -0.1, 0), ValueError, "share must be in 0 … 1"),
        (lambda: hopfield.corrupt([1, 1], NAN, 0), ValueError, "share must be finite"),
        (lambda: hopfield.corrupt([1, 2], 0.5, 0), ValueError, "pattern must hold only"),
        (lambda: hopfield.mixture([[1, 1], [1, -1]]), ValueError, "patterns must be odd in number, .* got 2"),
        (lambda: hopfield.mixture([1, 1, 1]), ValueError, r"patterns must have shape \(P, N\)"),
        (lambda: hopfield.bit_error(1, 1), ValueError, "n must be at least 2"),
        (lambda: hopfield.bit_error(2, 0), ValueError, "p must be at least 1"),
        (lambda: hopfield.bit_error(2.5, 1), TypeError, "n must be an integer"),
        (lambda: hopfield.bit_error(2**49, 1), ValueError, "n must be at most 281474976710656"),
        (lambda: hopfield.bit_error(2**30, 2**30), ValueError, "n · p must be at most 281474976710656"),
        (lambda: hopfield.bit_error_gauss(0), ValueError, "load must be greater than 0"),
        (lambda: hopfield.retrieval_overlap([0.1, 0.0]), ValueError, "load must be greater than 0, got 0.0"),
        (lambda: hopfield.retrieval_overlap(NAN), ValueError, "load must be finite"),
        (lambda: hopfield.capacity_experiment(1, [0.1]), ValueError, "n must be at least 2"),
        (lambda: hopfield.capacity_experiment(9, []),
         ValueError, r"loads must have shape \(A,\), A ≥ 1, got \(0,\)"),
        (lambda: hopfield.capacity_experiment(9, [[0.1]]), ValueError, r"loads must have shape \(A,\)"),
        (lambda: hopfield.capacity_experiment(9, [0.1, -1]),
         ValueError, "loads must be greater than 0, got -1.0"),
        (lambda: hopfield.capacity_experiment(1000, [1.0, 1e9]),
         ValueError, r"loads must be at most 2\*\*48/n² = 2.81475e\+08, got 1000000000.0"),
        (lambda: hopfield.capacity_experiment(2**25, [1e-9]), ValueError, "n must be at most 16777216"),
        (lambda: hopfield.capacity_experiment(9, [0.1], noise=2),
         ValueError, "noise must be in 0 … 1, got 2.0"),
        (lambda: hopfield.capacity_experiment(9, [0.1], repeats=0), ValueError, "repeats must be at least 1"),
        (lambda: hopfield.capacity_experiment(9, [0.1], max_sweeps=0),
         ValueError, "max_sweeps must be at least 1"),
        (lambda: hopfield.modern_update([1.0], [1.0], 1), ValueError, r"patterns must have shape \(P, d\)"),
        (lambda: hopfield.modern_update(np.empty((0, 2)), [1, 1], 1), ValueError, "patterns must have shape"),
        (lambda: hopfield.modern_update([[1.0]], [1.0, 2.0], 1),
         ValueError, r"state must have shape \(1,\) or \(M, 1\), got \(2,\)"),
        (lambda: hopfield.modern_update([[1.0]], 1.0, 1), ValueError, "state must have shape"),
        (lambda: hopfield.modern_energy([[1.0]], [[[1.0]]], 1), ValueError, "state must have shape"),
        (lambda: hopfield.modern_update([[1.0]], [1.0], 0), ValueError, "beta must be greater than 0"),
        (lambda: hopfield.modern_update([[-1e151]], [1.0], 1),
         ValueError, r"patterns must lie within ±1e\+150, got 1e\+151 in size"),
        (lambda: hopfield.modern_energy([[1.0]], [1e151], 1), ValueError, r"state must lie within ±1e\+150"),
        (lambda: hopfield.modern_energy([[NAN]], [1.0], 1), ValueError, "patterns must be finite"),
        (lambda: hopfield.modern_energy([[1.0]], [1.0], -1), ValueError, "beta must be greater than 0"),
        (lambda: hopfield.max_cut_network([[0]]),
         ValueError, "adjacency must be a square matrix, at least 2 wide"),
        (lambda: hopfield.max_cut_network([[0, 1], [0, 0]]), ValueError, "adjacency must be symmetric"),
        (lambda: hopfield.max_cut_network([[1, 1], [1, 0]]),
         ValueError, "adjacency must have a zero diagonal, got 1.0"),
        (lambda: hopfield.max_cut_network(1e280 * FOUR),
         ValueError, "adjacency must stay within 1e\\+280 in all, got 1.2e\\+281"),
        (lambda: hopfield.cut_size(1e280 * FOUR, [1, 1, 1, -1]), ValueError, "adjacency must stay within"),
        (lambda: hopfield.brute_force_max_cut(1e280 * FOUR), ValueError, "adjacency must stay within"),
        (lambda: hopfield.cut_size(FOUR, [1, 1]), ValueError, r"state must have shape \(4,\)"),
        (lambda: hopfield.cut_size([[0, 1], [2, 0]], [1, 1]), ValueError, "adjacency must be symmetric"),
        (lambda: hopfield.brute_force_max_cut(np.zeros((21, 21))),
         ValueError, r"len\(adjacency\) must be at most 20, got 21"),
        (lambda: hopfield.coloring_network([[0, 2]], 2, 2),
         ValueError, "edges must join two different nodes of 0 … 1"),
        (lambda: hopfield.coloring_network([[0, -1]], 2, 2), ValueError, "edges must join"),
        (lambda: hopfield.coloring_network([[1, 1]], 2, 2), ValueError, "edges must join"),
        (lambda: hopfield.coloring_network([0, 1], 2, 2), ValueError, "edges must be pairs of whole numbers"),
        (lambda: hopfield.coloring_network([[0.0, 1.0]], 2, 2),
         ValueError, "edges must be pairs of whole numbers"),
        (lambda: hopfield.coloring_network([[0, 1, 1]], 2, 2), ValueError, "edges must be pairs"),
        (lambda: hopfield.coloring_network([], 0, 2), ValueError, "n must be at least 1"),
        (lambda: hopfield.coloring_network([], 2, 0), ValueError, "colors must be at least 1"),
        (lambda: hopfield.coloring_network([], 2, 2, 0), ValueError, "penalty must be greater than 0"),
        (lambda: hopfield.coloring_network([], 2, 2, 1e281), ValueError, "penalty must stay within"),
        (lambda: hopfield.coloring_network([], 2**12, 2**13),
         ValueError, "n · colors must be at most 16777216, got 33554432"),
        (lambda: hopfield.coloring_network([[0, 1], [1, 7], [2, 9]], 3, 2),
         ValueError, r"edges must join two different nodes of 0 … 2, got \[1, 7\]"),
        (lambda: hopfield.decode_coloring([1, 1, 1], [], 2),
         ValueError, "state must hold a multiple of n = 2 units, got 3"),
        (lambda: hopfield.decode_coloring([1, 1], [], 0), ValueError, "n must be at least 1"),
        (lambda: hopfield.decode_coloring([1, -1], [[0, 5]], 2), ValueError, "edges must join"),
        (lambda: hopfield.tour_network([[0, 1], [1, 0]]),
         ValueError, "distances must be a square matrix, at least 3"),
        (lambda: hopfield.tour_network(-FOUR), ValueError, "distances must be 0 or more, got -1.0"),
        (lambda: hopfield.tour_network(0 * FOUR), ValueError, "distances must not all be 0"),
        (lambda: hopfield.tour_network(1e280 * FOUR), ValueError, "distances must stay within 1e\\+280"),
        (lambda: hopfield.tour_network(THREE, 1e281), ValueError, "penalty must stay within 1e\\+280"),
        (lambda: hopfield.tour_network(THREE, -1), ValueError, "penalty must be greater than 0"),
        (lambda: hopfield.decode_tour([1, 1, 1]), ValueError, "state must hold n² units, got 3"),
        (lambda: hopfield.tour_length(THREE, [0, 1]), ValueError, "tour must name each city 0 … 2 once"),
        (lambda: hopfield.tour_length(THREE, [0, 1, 1]), ValueError, "tour must name each city"),
        (lambda: hopfield.brute_force_tour(np.zeros((10, 10))),
         ValueError, r"len\(distances\) must be at most 9, got 10"),
        (lambda: hopfield.geometric_schedule(0, 1, 3), ValueError, "start must be greater than 0"),
        (lambda: hopfield.geometric_schedule(1, 0, 3), ValueError, "end must be greater than 0"),
        (lambda: hopfield.geometric_schedule(1, 2, 3),
         ValueError, "end must not be above start = 1.0, got 2.0"),
        (lambda: hopfield.geometric_schedule(2, 1, 1), ValueError, "sweeps must be at least 2"),
        (lambda: hopfield.geometric_schedule(2, 1, 2**49), ValueError, "sweeps must be at most"),
        (lambda: hopfield.anneal("network", [1.0], 0),
         TypeError, "network must be a Hopfield network, got str"),
        (lambda: hopfield.anneal(Hopfield(2), [], 0),
         ValueError, r"temperatures must have shape \(S,\) with S ≥ 1, got \(0,\)"),
        (lambda: hopfield.anneal(Hopfield(2), [[1.0]], 0), ValueError, "temperatures must have shape"),
        (lambda: hopfield.anneal(Hopfield(2), [1.0, -0.1], 0),
         ValueError, "temperatures must be 0 or more, got -0.1"),
        (lambda: hopfield.anneal(Hopfield(2), [NAN], 0), ValueError, "temperatures must be finite"),
        (lambda: hopfield.anneal(Hopfield(2), [1.0], 0, [1]), ValueError, r"start must have shape \(2,\)"),
        (lambda: hopfield.anneal_tour(THREE, [1.0], 0),
         ValueError, "distances must be a square matrix, at least 4"),
        (lambda: hopfield.anneal_tour(FOUR, [-1.0], 0), ValueError, "temperatures must be 0 or more"),
        (lambda: hopfield.anneal_tour(FOUR, [1.0], 0, [0, 1, 2]),
         ValueError, "start must name each city 0 … 3 once"),
        (lambda: hopfield.anneal_tour(-FOUR, [1.0], 0), ValueError, "distances must be 0 or more"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_refused_change_changes_nothing():
    memory = Hopfield(2, [1, 2]).store([[1, 1]])
    for name, value in (
        ("weights", [[0, 1], [2, 0]]),
        ("weights", np.zeros((3, 3))),
        ("thresholds", [NAN, 1]),
    ):
        with pytest.raises(ValueError):
            setattr(memory, name, value)
    with pytest.raises(ValueError):
        memory.store([[1, 0]])
    for call in (lambda: memory.learn([1, 1], 1e301), lambda: memory.store([[1, 1]], "pseudo-inverse")):
        with pytest.raises(ValueError):
            call()
    assert memory.weights.tolist() == [[0, 0.5], [0.5, 0]] and memory.thresholds.tolist() == [1, 2]
    assert memory.stored.tolist() == [[1, 1]]
    generator = np.random.default_rng(0)
    for call in (
        lambda: hopfield.corrupt([1, 1, 1], 2, generator),
        lambda: memory.recall([1, 1], "random", 0, rng=generator),
        lambda: hopfield.anneal(memory, [1.0], generator, [1]),
        lambda: hopfield.anneal_tour(FOUR, [1.0], generator, [1]),
        lambda: hopfield.capacity_experiment(9, [0.1], 2, rng=generator),
    ):
        with pytest.raises(ValueError):
            call()
    assert generator.random() == np.random.default_rng(0).random()  # nor are random numbers used up
