"""book_lib.ising against enumeration, closed forms and its own slow twin.

Statistics use fixed seeds and ask for |z| < 4, with errors from blocking.
"""

import dataclasses
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from book_lib import _ising_kernels as kernels
from book_lib import ising, probability
from book_lib._ising_exact import _states
from book_lib.explorables import zoom
from book_lib.rng import CounterRNG

TC = ising.CRITICAL_TEMPERATURE
NAN = float("nan")


def random_spins(size, seed=0):
    return np.random.default_rng(seed).choice([-1, 1], size=(size, size)).astype(np.int8)


def z_score(estimate, exact):
    return (estimate.mean - exact) / estimate.error


# ---------------------------------------------------------------------------- energy


@given(st.integers(3, 7), st.integers(0, 99), st.floats(-2, 2), st.floats(-2, 2))
def test_energy_is_the_sum_over_bonds_and_a_flip_changes_it_by_energy_change(size, seed, coupling, field):
    s = random_spins(size, seed).astype(int)
    bonds = sum(
        s[i, j] * (s[(i + 1) % size, j] + s[i, (j + 1) % size]) for i in range(size) for j in range(size)
    )
    total = ising.energy(s, coupling, field)
    assert total == pytest.approx(-coupling * bonds - field * s.sum())
    row, column = seed % size, (seed * 7) % size
    change = ising.energy_change(s, row, column, coupling, field)
    s[row, column] *= -1
    assert ising.energy(s, coupling, field) - total == pytest.approx(change, abs=1e-9)


def test_acceptance():
    assert ising.acceptance([-8.0, 0.0, 4.0], 2.0) == pytest.approx([1, 1, math.exp(-2)])
    assert ising.acceptance(1e9, 0.1) == 0
    assert isinstance(ising.acceptance(1.0, 1.0), float)


# ---------------------------------------------------------------------------- exact results


def test_syllabus_values_of_the_3x3_torus():
    for temperature, energy, magnetization in [
        (1.0, -1.99711, 0.99925),
        (2.269185, -1.61125, 0.87107),
        (5.0, -0.53810, 0.45998),
    ]:
        exact = ising.enumerate_torus(3, temperature)
        assert exact.energy_per_spin == pytest.approx(energy, abs=6e-6)
        assert exact.abs_magnetization == pytest.approx(magnetization, abs=6e-6)


@pytest.mark.parametrize(("temperature", "field", "coupling"), [(2.0, 0.0, 1.0), (1.5, 0.3, -1.0)])
def test_enumeration_is_boltzmanns_law_over_every_state(temperature, field, coupling):
    """The 512 states of the 3×3 torus one by one, through `boltzmann`, with nothing shared."""
    states = [np.array([(code >> k & 1) * 2 - 1 for k in range(9)]).reshape(3, 3) for code in range(512)]
    energies = np.array([ising.energy(s, coupling, field) for s in states])
    p = probability.boltzmann(energies, temperature)
    m = np.array([s.mean() for s in states])
    exact = ising.enumerate_torus(3, temperature, field, coupling)
    expected = {
        "log_partition": probability.log_partition(energies, temperature),
        "energy_per_spin": p @ energies / 9,
        "entropy_per_spin": probability.entropy(p) / 9,
        "specific_heat": (p @ energies**2 - (p @ energies) ** 2) / 9 / temperature**2,
        "magnetization": p @ m,
        "abs_magnetization": p @ abs(m),
        "squared_magnetization": p @ m**2,
        "response": 9 / temperature * (p @ m**2 - (p @ m) ** 2),
        "susceptibility": 9 / temperature * (p @ m**2 - (p @ abs(m)) ** 2),
        "binder": 1 - (p @ m**4) / (3 * (p @ m**2) ** 2),
    }
    for name, value in expected.items():
        assert getattr(exact, name) == pytest.approx(value, rel=1e-10, abs=1e-12), name
    free = exact.energy_per_spin - temperature * exact.entropy_per_spin
    assert exact.free_energy_per_spin == pytest.approx(free, rel=1e-12)


@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize("temperature", [0.7, TC, 6.0])
def test_fluctuations_are_derivatives(size, temperature):
    """c = ∂u/∂T and response = ∂⟨m⟩/∂h, by central differences."""
    step = 1e-4
    exact = ising.enumerate_torus(size, temperature, field=0.1)
    hot, cold = (ising.enumerate_torus(size, temperature + s, 0.1) for s in (step, -step))
    up, down = (ising.enumerate_torus(size, temperature, 0.1 + s) for s in (step, -step))
    slope = (hot.energy_per_spin - cold.energy_per_spin) / (2 * step)
    assert exact.specific_heat == pytest.approx(slope, rel=1e-5, abs=1e-9)
    slope = (up.magnetization - down.magnetization) / (2 * step)
    assert exact.response == pytest.approx(slope, rel=1e-5, abs=1e-9)
    slope = -(hot.free_energy_per_spin - cold.free_energy_per_spin) / (2 * step)
    assert exact.entropy_per_spin == pytest.approx(slope, rel=1e-5, abs=1e-9)


def test_enumeration_in_its_limits():
    assert ising.enumerate_torus(4, 1e6).entropy_per_spin == pytest.approx(math.log(2), rel=1e-9)
    cold = ising.enumerate_torus(4, 0.01)
    assert cold.energy_per_spin == -2 and cold.abs_magnetization == pytest.approx(1)
    assert cold.entropy_per_spin == pytest.approx(math.log(2) / 16)
    free = ising.enumerate_torus(3, 2.0, field=0.5, coupling=0.0)  # no neighbours: m = tanh(h/T)
    assert free.magnetization == pytest.approx(math.tanh(0.25), rel=1e-12)


@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize(
    "temperature", [0.011, 0.1, 0.5, 1.0, 2.0, TC, TC * (1 + 1e-9), 2.5, 5.0, 50.0, 999.0, 1001.0, 1e5]
)
def test_kaufman_is_enumeration(size, temperature):
    kaufman, exact = ising.kaufman_torus(size, temperature), ising.enumerate_torus(size, temperature)
    for field in dataclasses.fields(kaufman):
        value = getattr(kaufman, field.name)
        # Between T = 50 and 1000 the terms begin to cancel; the series beyond is exact again.
        relative = 1e-8 if temperature == 999 else 1e-9
        assert value == pytest.approx(getattr(exact, field.name), rel=relative, abs=1e-12), field.name


def test_numbers_near_the_ends_of_the_floats():
    """Squares of T and quotients by T that no float holds: refused or right, never a warning or NaN."""
    assert ising.enumerate_torus(4, 0.01, coupling=-1.0).binder == -math.inf
    for temperature in (1e-200, 1e200):
        for exact in (ising.enumerate_torus(3, temperature), ising.kaufman_torus(4, temperature)):
            assert exact.specific_heat == 0 and math.isfinite(exact.free_energy_per_spin)
        assert ising.onsager_specific_heat(temperature) == pytest.approx(0)
    flat = ising.Series(np.full(8, -2.0), np.ones(8))
    assert ising.summarize(flat, 4, 1e-200).specific_heat.mean == 0
    assert ising.summarize(flat, 4, 1e200).specific_heat.mean == 0
    assert ising.acceptance(1.0, 1e-320) == 0
    ones = np.ones((4, 4), dtype=int)
    assert np.array_equal(ising.metropolis_reference(ones, 1e-320), ones)
    for curve in (ising.onsager_magnetization, ising.onsager_energy, ising.onsager_free_energy):
        with pytest.raises(ValueError, match="temperature must be at least coupling/1e300, got 1e-310"):
            curve(1e-310)
    for curve in (ising.kaufman_torus, ising.enumerate_torus):
        with pytest.raises(ValueError, match="temperature must be at least coupling/1e300"):
            curve(3, 1e-310)
    with pytest.raises(ValueError, match="temperature must be at least field/1e300"):
        ising.mean_field_magnetization(1e-310, field=1e-5, coupling=0.0, start=0.0)


def test_kaufman_with_other_couplings():
    for temperature, coupling in [(2.0, -1.0), (1.3, 0.5), (3.0, -2.0)]:
        kaufman = ising.kaufman_torus(4, temperature, coupling)
        exact = ising.enumerate_torus(4, temperature, coupling=coupling)
        assert kaufman.energy_per_spin == pytest.approx(exact.energy_per_spin, rel=1e-10)
        assert kaufman.specific_heat == pytest.approx(exact.specific_heat, rel=1e-9)
    assert ising.kaufman_torus(5, 2.0, coupling=0.0).entropy_per_spin == pytest.approx(math.log(2))


@pytest.mark.parametrize("size", [8, 33, 64])
@pytest.mark.parametrize("temperature", [1.0, 2.2, TC, 2.4, 5.0])
def test_kaufmans_derivatives_are_derivatives(size, temperature):
    step = 1e-4
    exact = ising.kaufman_torus(size, temperature)
    hot, cold = (ising.kaufman_torus(size, temperature + s) for s in (step, -step))
    slope = (hot.energy_per_spin - cold.energy_per_spin) / (2 * step)
    assert exact.specific_heat == pytest.approx(slope, rel=1e-4)
    slope = -(hot.free_energy_per_spin - cold.free_energy_per_spin) / (2 * step)
    assert exact.entropy_per_spin == pytest.approx(slope, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("temperature", [0.01, 0.3, 1.5, 2.1, 2.4, 4.0])
def test_kaufman_becomes_onsager(temperature):
    kaufman = ising.kaufman_torus(1000, temperature)
    assert kaufman.energy_per_spin == pytest.approx(ising.onsager_energy(temperature), abs=1e-10)
    assert kaufman.specific_heat == pytest.approx(ising.onsager_specific_heat(temperature), abs=1e-8)
    # Below T_c two phases share the torus: ln 2 more in ln Z.
    extra = temperature * math.log(2) / 1000**2 if temperature < TC else 0
    free = kaufman.free_energy_per_spin + extra
    assert free == pytest.approx(ising.onsager_free_energy(temperature), abs=1e-10)


def test_onsager_values():
    for temperature, value in [(2.0, 0.911319), (2.2, 0.784755), (2.26, 0.613371), (2.5, 0.0)]:
        assert ising.onsager_magnetization(temperature) == pytest.approx(value, abs=6e-7)
    assert ising.onsager_magnetization(1.0) == pytest.approx((1 - math.sinh(2) ** -4) ** 0.125, rel=1e-14)
    assert ising.onsager_energy(TC) == pytest.approx(-math.sqrt(2), abs=1e-12)
    catalan = 0.915965594177219
    expected = -TC * (math.log(2) / 2 + 2 * catalan / math.pi)
    assert ising.onsager_free_energy(TC) == pytest.approx(expected, rel=1e-12)
    assert math.sinh(2 / TC) == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 2.26, 2.28, 3.0, 10.0])
def test_onsager_by_scipys_elliptic_integrals_and_quadrature(temperature):
    k = 1 / temperature
    m = (2 * math.sinh(2 * k) / math.cosh(2 * k) ** 2) ** 2
    first, second = special.ellipk(m), special.ellipe(m)
    second_modulus = 2 * math.tanh(2 * k) ** 2 - 1
    energy = -1 / math.tanh(2 * k) * (1 + 2 / math.pi * second_modulus * first)
    assert ising.onsager_energy(temperature) == pytest.approx(energy, rel=1e-10)
    bracket = 2 * (first - second) - (1 - second_modulus) * (math.pi / 2 + second_modulus * first)
    heat = 2 / math.pi * (k / math.tanh(2 * k)) ** 2 * bracket
    assert ising.onsager_specific_heat(temperature) == pytest.approx(heat, rel=1e-7, abs=1e-12)
    # Onsager's own double integral, with one of the two done.
    c, s = math.cosh(2 * k) ** 2, math.sinh(2 * k)
    inner = lambda x: math.acosh(max(1.0, (c - s * math.cos(x)) / s))  # noqa: E731
    value, _ = integrate.quad(inner, 0, math.pi, epsabs=1e-12, epsrel=1e-12)
    free = -temperature * (math.log(2) + value / (2 * math.pi) + math.log(s / 2) / 2)
    assert ising.onsager_free_energy(temperature) == pytest.approx(free, rel=1e-9)


@pytest.mark.parametrize("temperature", [0.8, 2.0, 2.3, 4.0])
def test_onsagers_curves_are_derivatives_of_one_another(temperature):
    step = 1e-4
    hot, cold = temperature + step, temperature - step
    heat = (ising.onsager_energy(hot) - ising.onsager_energy(cold)) / (2 * step)
    assert ising.onsager_specific_heat(temperature) == pytest.approx(heat, rel=1e-5, abs=1e-8)
    entropy = -(ising.onsager_free_energy(hot) - ising.onsager_free_energy(cold)) / (2 * step)
    assert ising.onsager_entropy(temperature) == pytest.approx(entropy, rel=1e-5, abs=1e-8)


def test_onsager_arrays_signs_and_corners():
    temperatures = np.array([1.0, 2.0, 3.0])
    for curve in (ising.onsager_energy, ising.onsager_specific_heat, ising.onsager_free_energy):
        assert curve(temperatures).shape == (3,)
        assert curve(2.0, coupling=-1.0) == curve(2.0)  # the staggered lattice has the same energies
        assert curve(4.0, coupling=2.0) == pytest.approx(
            curve(2.0) * (1 if curve is ising.onsager_specific_heat else 2)
        )
    assert ising.onsager_magnetization(1.0, coupling=-1.0) == 0
    assert ising.onsager_magnetization(0.001) == 1
    assert ising.onsager_energy(1.0, coupling=0.0) == ising.onsager_specific_heat(1.0, coupling=0.0) == 0
    assert ising.onsager_specific_heat(TC) > 15
    for hot in (1e3, 1e6, 1e9):  # u = −2J²/T and c = 2J²/T², with no digit lost
        assert ising.onsager_energy(hot) == pytest.approx(-2 / hot, rel=3 / hot**2 + 1e-13)
        assert ising.onsager_specific_heat(hot) == pytest.approx(2 / hot**2, rel=9 / hot**2 + 1e-13)


def test_two_spins_and_a_free_one_as_villages():
    """⟨ss′⟩ = tanh(J/T) and m = tanh(h/T), from the definition, by enumeration of a village's states."""
    for temperature, coupling in [(0.7, 1.0), (2.0, -0.5)]:
        states = [(a, b) for a in (-1, 1) for b in (-1, 1)]
        energies = []
        for state in states:
            energies.append(ising.Village([[1], [0]], temperature, coupling, start=state).energy)
        p = probability.boltzmann(energies, temperature)
        assert p @ [a * b for a, b in states] == pytest.approx(math.tanh(coupling / temperature))


# ---------------------------------------------------------------------------- mean field


@given(st.floats(0.2, 12), st.floats(-2, 2), st.floats(-1.5, 1.5), st.sampled_from([-1.0, -0.2, 0.4, 1.0]))
def test_mean_field_solutions_solve_the_equation(temperature, field, coupling, start):
    m = ising.mean_field_magnetization(temperature, field, coupling, start=start)
    assert m == pytest.approx(math.tanh((4 * coupling * m + field) / temperature), abs=1e-9)


@pytest.mark.parametrize("start", [-1.0, -0.3, 0.05, 1.0])
@pytest.mark.parametrize("field", [-0.3, 0.0, 0.2])
def test_mean_field_goes_where_iteration_goes(start, field):
    for temperature in (1.5, 3.0, 3.8, 5.0):
        m = start
        for _ in range(5000):
            m = math.tanh((4 * m + field) / temperature)
        assert ising.mean_field_magnetization(temperature, field, start=start) == pytest.approx(m, abs=1e-9)


def test_mean_field_transition():
    assert ising.mean_field_magnetization(ising.MEAN_FIELD_CRITICAL_TEMPERATURE) == 0
    just_below = 4 * (1 - 1e-6)  # m ≈ √(3(1 − T/T_c))
    assert ising.mean_field_magnetization(just_below) == pytest.approx(math.sqrt(3e-6), rel=1e-3)
    assert ising.mean_field_magnetization([1.0, 5.0]).shape == (2,)
    assert ising.mean_field_magnetization(2.0, start=0.0) == 0  # unstable, but a solution
    assert ising.mean_field_magnetization(6.0, neighbors=8) > 0


def test_mean_field_free_energy_bounds_the_true_one_and_is_stationary_at_the_solution():
    for temperature, field in [(1.0, 0.0), (2.269, 0.1), (5.0, 0.4)]:
        exact = ising.enumerate_torus(4, temperature, field).free_energy_per_spin
        m = np.linspace(-1, 1, 401)
        curve = ising.mean_field_free_energy(m, temperature, field)
        assert curve.min() > exact
        best = ising.mean_field_magnetization(temperature, field)
        assert ising.mean_field_free_energy(best, temperature, field) <= curve.min() + 1e-12
    assert ising.mean_field_free_energy(1.0, 3.0) == -2
    assert ising.mean_field_free_energy(0.0, 3.0) == pytest.approx(-3 * math.log(2))
    assert ising.mean_field_free_energy(0.5, 0.0, field=1.0) == -1.0


# ---------------------------------------------------------------------------- kernels


def test_colour_sublattices_hold_the_lattice():
    spins = random_spins(10, 1)
    board = kernels.Checkerboard(spins)
    assert np.array_equal(board.spins(), spins)
    assert board.totals() == kernels.Torus(spins).totals()
    bonds, total = board.totals()
    assert ising.energy(spins, 0.7, 0.2) == pytest.approx(-0.7 * bonds - 0.2 * total)


@pytest.mark.parametrize("rng", [lambda: CounterRNG(3), lambda: np.random.default_rng(3), lambda: 3])
@pytest.mark.parametrize(
    ("size", "temperature", "field", "coupling"),
    [
        (4, 2.0, 0.0, 1.0),
        (8, TC, 0.0, 1.0),
        (6, 1.5, 0.4, 1.0),
        (6, 1.5, -0.4, 1.0),
        (6, 2.0, 3.0, 1.0),
        (6, 2.0, 12.0, 1.0),
        (6, 2.0, 0.0, -1.0),
        (6, 1.0, 0.5, -0.7),
        (6, 1.0, 0.5, 0.0),
        (6, 1.0, 0.0, 0.0),
        (6, 0.02, 0.0, 1.0),
    ],
)
def test_fast_metropolis_is_its_slow_twin(rng, size, temperature, field, coupling):
    spins = random_spins(size, 2)
    fast = ising.Ising(size, temperature, field, coupling, rng=rng(), start=spins).sweep(5).spins
    slow = ising.metropolis_reference(spins, temperature, field, coupling, rng(), sweeps=5)
    assert np.array_equal(fast, slow)


def slow_heat_bath(spins, temperature, field, coupling, rng, sweeps):
    """Heat bath site by site; the other twin."""
    s, size = spins.astype(int), len(spins)
    for colour in [0, 1] * sweeps:
        for i in range(size):
            for j in range(size):
                if (i + j) % 2 == colour:
                    around = s[i - 1, j] + s[(i + 1) % size, j] + s[i, j - 1] + s[i, (j + 1) % size]
                    p_up = 1 / (1 + math.exp(-2 * (coupling * around + field) / temperature))
                    s[i, j] = 1 if rng.random() < p_up else -1
    return s


@pytest.mark.parametrize(
    ("temperature", "field", "coupling"),
    [(TC, 0.0, 1.0), (1.5, 0.4, 1.0), (2.0, -2.0, 1.0), (2.0, 0.3, -1.0), (1.0, 0.5, 0.0)],
)
def test_fast_heat_bath_is_its_slow_twin(temperature, field, coupling):
    spins = random_spins(6, 4)
    model = ising.Ising(6, temperature, field, coupling, "heat_bath", CounterRNG(5), spins)
    slow = slow_heat_bath(spins, temperature, field, coupling, CounterRNG(5), 5)
    assert np.array_equal(model.sweep(5).spins, slow)


@pytest.mark.parametrize("size", [3, 5, 8, 21])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("p", [0.2, 0.5, 0.9, 1.0])
def test_clusters_are_scipys_connected_components(size, sign, p):
    spins = random_spins(size, 7) if p < 1 else np.ones((size, size), np.int8)
    words, limit, sites = CounterRNG(8).uint32(2 * size**2), kernels.threshold(p), size**2
    rows, columns = [], []
    for bond, (di, dj) in enumerate([(0, 1), (1, 0)]):
        for i in range(size):
            for j in range(size):
                other = ((i + di) % size, (j + dj) % size)
                if spins[i, j] * spins[other] == sign and words[bond * sites + i * size + j] < limit:
                    rows.append(i * size + j), columns.append(other[0] * size + other[1])
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(sites, sites))
    count, theirs = connected_components(graph, directed=False)
    ours = kernels.cluster_labels(spins, limit, sign, words)
    first = [int(np.flatnonzero(theirs == label)[0]) for label in range(count)]
    assert np.array_equal(ours, np.array(first)[theirs])


def test_one_swendsen_wang_sweep_turns_whole_clusters():
    spins = random_spins(6, 9)
    after = ising.swendsen_wang(spins, 1e-3, rng=1)  # cold: every satisfied bond freezes
    labels = kernels.cluster_labels(spins, 2**32, 1, np.zeros(72, np.uint32))
    turned = (after * spins).ravel()
    assert all(len(set(turned[labels == label])) == 1 for label in set(labels))
    assert np.array_equal(ising.swendsen_wang(np.ones((5, 5)), 2.0, CounterRNG(2)).shape, (5, 5))


def test_the_clock_of_each_algorithm():
    """How many words a sweep draws: what `core/ising.js` must repeat."""
    for algorithm, words in [("metropolis", 36), ("heat_bath", 36), ("glauber", 72), ("swendsen_wang", 108)]:
        rng = CounterRNG(1)
        model = ising.Ising(6, 2.0, algorithm=algorithm, rng=rng)
        assert rng.counter == 36
        model.sweep(2)
        assert rng.counter == 36 + 2 * words


@pytest.mark.parametrize("algorithm", ising.ALGORITHMS)
def test_a_transposed_start_moves_like_its_copy(algorithm):
    spins = random_spins(6, 3).T
    one, two = (ising.Ising(6, 50.0, algorithm=algorithm, start=s, rng=1) for s in (spins, spins.copy()))
    assert np.array_equal(one.sweep(3).spins, two.sweep(3).spins)
    assert not np.array_equal(one.spins, spins)


# ---------------------------------------------------------------------------- statistics

CASES = [
    ("metropolis", 4, TC, 0.0, 1.0),
    ("metropolis", 4, 3.0, 0.5, 1.0),
    ("metropolis", 4, 3.0, 0.5, -1.0),
    ("heat_bath", 4, TC, 0.0, 1.0),
    ("heat_bath", 4, 2.0, -0.2, -1.0),
    ("glauber", 4, 2.5, 0.0, 1.0),
    ("glauber", 3, 3.0, 0.2, -1.0),
    ("wolff", 4, TC, 0.0, 1.0),
    ("wolff", 3, 3.0, 0.0, 1.0),
    ("wolff", 3, 2.5, 0.0, -1.0),
    ("swendsen_wang", 4, TC, 0.0, 1.0),
    ("swendsen_wang", 3, 2.5, 0.0, -1.0),
]


@pytest.mark.parametrize(("algorithm", "size", "temperature", "field", "coupling"), CASES)
def test_every_algorithm_samples_boltzmanns_law(algorithm, size, temperature, field, coupling):
    model = ising.Ising(size, temperature, field, coupling, algorithm, rng=11)
    series = model.measure(8_000, burn_in=100)
    seen = ising.summarize(series, size, temperature)
    exact = ising.enumerate_torus(size, temperature, field, coupling)
    for name in ("energy_per_spin", "abs_magnetization", "specific_heat", "susceptibility", "binder"):
        estimate = getattr(seen, name)
        assert abs(z_score(estimate, getattr(exact, name))) < 4, (name, str(estimate))
        assert 0 < estimate.error < 0.1 * max(1, abs(estimate.mean))
    assert abs(z_score(ising.blocking(series.magnetization), exact.magnetization)) < 4


def test_metropolis_visits_each_energy_level_in_proportion():
    """Not the averages alone: how often each level of the 4×4 torus occurs."""
    model = ising.Ising(4, 3.0, rng=5)
    series = model.measure(30_000, burn_in=100, every=3)
    levels = np.round(series.energy_per_spin * 16).astype(int)
    bonds, _, counts = _states(4)
    p = probability.boltzmann(-bonds - 3.0 * np.log(counts), 3.0)
    for level in sorted(set(-bonds)):
        expected = float(p[-bonds == level].sum())
        estimate = ising.blocking((levels == level).astype(float))
        if expected > 1e-3:
            assert abs(z_score(estimate, expected)) < 4, level


def test_larger_lattices_meet_kaufman():
    for algorithm in ("metropolis", "wolff"):
        model = ising.Ising(32, 2.4, algorithm=algorithm, rng=2, start="up")
        seen = ising.summarize(model.measure(6_000, burn_in=300), 32, 2.4)
        exact = ising.kaufman_torus(32, 2.4)
        assert abs(z_score(seen.energy_per_spin, exact.energy_per_spin)) < 4
        assert abs(z_score(seen.specific_heat, exact.specific_heat)) < 4


def test_cold_magnet_meets_onsager():
    model = ising.Ising(64, 2.0, rng=3, start="up")
    seen = ising.summarize(model.measure(2_000, burn_in=200), 64, 2.0)
    assert abs(z_score(seen.abs_magnetization, ising.onsager_magnetization(2.0))) < 4
    assert abs(z_score(seen.energy_per_spin, ising.onsager_energy(2.0))) < 4


def test_susceptibility_peak_grows_with_size():
    peaks = []
    for size in (8, 16, 32):
        model = ising.Ising(size, TC, algorithm="swendsen_wang", rng=4, start="up")
        peaks.append(ising.summarize(model.measure(1500, burn_in=50), size, TC).susceptibility)
    for small, large in zip(peaks, peaks[1:], strict=False):
        ratio = large.mean / small.mean  # L^{7/4}: 3.36 for twice the size
        assert 2.7 < ratio < 4.1
        assert large.mean - small.mean > 4 * math.hypot(large.error, small.error)


def test_same_seed_same_run_and_settable_knobs():
    one, two = (ising.Ising(8, 2.0, rng=CounterRNG(6)) for _ in range(2))
    for model in (one, two):
        model.sweep(3)
        model.temperature, model.field, model.coupling = 1.0, 0.2, -1.0
        model.algorithm = "glauber"
        model.sweep(2)
    assert np.array_equal(one.spins, two.spins)
    assert (one.temperature, one.field, one.coupling, one.algorithm) == (1.0, 0.2, -1.0, "glauber")
    one.spins = np.ones((8, 8))
    assert one.magnetization == 1 and one.spins.dtype == np.int8
    one.spins[0, 0] = -1  # a copy: the model is not touched
    assert one.magnetization == 1
    assert "size=8" in repr(one)


def test_measure_counts_and_measures_the_present_spins():
    model = ising.Ising(6, 2.0, field=0.3, coupling=0.8, rng=7)
    series = model.measure(10, burn_in=2, every=3)
    assert len(series) == 3 and len(model.measure(0)) == 0
    assert model.energy_per_spin == pytest.approx(ising.energy(model.spins, 0.8, 0.3) / 36)
    last = model.measure(4, every=2)
    assert last.magnetization[-1] == model.magnetization == model.spins.mean()
    assert last.energy_per_spin[-1] == model.energy_per_spin


# ---------------------------------------------------------------------------- error bars


def autoregressive(n, correlation, seed):
    """x_t = ρ x_{t−1} + noise, variance 1: the error of its mean is known."""
    noise = np.random.default_rng(seed).normal(size=n) * math.sqrt(1 - correlation**2)
    x = np.empty(n)
    x[0] = noise[0] / math.sqrt(1 - correlation**2)
    for t in range(1, n):
        x[t] = correlation * x[t - 1] + noise[t]
    return x


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_blocking_finds_the_error_of_a_correlated_mean(correlation):
    n = 2**14
    estimates = [ising.blocking(autoregressive(n, correlation, seed)) for seed in range(30)]
    time = 0.5 * (1 + correlation) / (1 - correlation)
    error = math.sqrt(2 * time / n)
    errors = np.array([estimate.error for estimate in estimates])
    assert errors.mean() == pytest.approx(error, rel=0.12)
    times = np.array([estimate.correlation_time for estimate in estimates])
    assert times.mean() == pytest.approx(time, rel=0.2)
    scores = np.array([estimate.mean for estimate in estimates]) / errors
    assert scores.std() == pytest.approx(1, abs=0.45) and abs(scores).max() < 4


def test_blocking_tells_its_curve():
    estimate = ising.blocking(autoregressive(4096, 0.8, 1))
    assert estimate.block_sizes[:3] == (1, 2, 4)
    assert estimate.block_errors[3] > 1.5 * estimate.block_errors[0]
    assert estimate.block_size in estimate.block_sizes
    assert str(ising.Estimate(0.8438, 0.0027, 1.0)) == "0.8438 ± 0.0027"
    for value in (1.0, 0.1):
        flat = ising.blocking([value] * 1000)
        assert (flat.mean, flat.error, flat.correlation_time) == (value, 0, 0.5)


def test_summaries_of_odd_series():
    zero = ising.Series(np.zeros(8), np.zeros(8))
    assert math.isnan(ising.summarize(zero, 4, 1.0).binder.mean)
    with pytest.raises(ValueError, match=r"series must have columns of one shape, got \(8,\) and \(9,\)"):
        ising.summarize(ising.Series(np.ones(8), np.ones(9)), 4, 1.0)
    with pytest.raises(ValueError, match="series.magnetization must be finite"):
        ising.summarize(ising.Series(np.ones(8), np.full(8, NAN)), 4, 1.0)
    with pytest.raises(TypeError, match="series must be a Series"):
        ising.summarize(np.ones(8), 4, 1.0)


def test_jackknife_removes_the_bias_of_a_variance():
    """Specific heat of independent energies of variance 1: N/T² on average, not (1 − 1/n) of it."""
    rng, n = np.random.default_rng(1), 16
    runs = [ising.Series(rng.normal(size=n), np.ones(n)) for _ in range(1500)]
    heats = [ising.summarize(run, size=4, temperature=2.0).specific_heat.mean for run in runs]
    error = np.std(heats) / math.sqrt(len(heats))
    assert abs(np.mean(heats) - 4) < 4 * error < 4 / n  # small enough to see the bias


# ---------------------------------------------------------------------------- excursions


def test_hysteresis_opens_below_the_transition_and_closes_above():
    cold = ising.hysteresis(10, 1.5, 3.0, 31, 4, rng=1)
    hot = ising.hysteresis(10, 5.0, 3.0, 31, 4, rng=1)
    assert cold.area > 2 and abs(hot.area) < 0.6
    assert np.array_equal(cold.field, -cold.field[::-1])
    assert cold.up[0] == -1 and cold.down[-1] == pytest.approx(1)
    assert cold.area == pytest.approx(np.trapezoid(cold.down - cold.up, cold.field))


def test_a_slower_sweep_makes_a_smaller_loop():
    fast, slow = (
        np.mean([ising.hysteresis(10, 1.5, 3.0, 25, sweeps, rng).area for rng in range(8)])
        for sweeps in (1, 16)
    )
    assert 0 < slow < 0.85 * fast


def test_the_loop_is_symmetric_on_average():
    loops = [ising.hysteresis(6, 2.0, 2.5, 11, 2, rng) for rng in range(40)]
    up = np.array([loop.up for loop in loops])
    down = np.array([loop.down for loop in loops])
    # The way down from saturation mirrors the way up from it: m_down(−h) = −m_up(h).
    gap = up.mean(0) + down.mean(0)[::-1]
    error = np.sqrt(up.var(0) + down.var(0)[::-1]) / math.sqrt(40) + 0.01
    assert (abs(gap) < 4 * error).all()


@given(st.integers(0, 50))
@settings(max_examples=20)
def test_majority_rule(seed):
    spins = random_spins(9, seed)
    blocks = ising.majority_rule(spins)
    for i in range(3):
        for j in range(3):
            assert blocks[i, j] == np.sign(spins[3 * i : 3 * i + 3, 3 * j : 3 * j + 3].sum(dtype=int))
    assert np.array_equal(ising.majority_rule(-spins), -blocks)
    assert ising.majority_rule(random_spins(15), block=5).shape == (3, 3)


@pytest.mark.slow
def test_the_lattices_of_zoom_out_have_forgotten_their_start():
    """Mean energies of two seeds meet Kaufman's torus of 486²; after a fifth of the sweeps they are far off."""
    grown = [zoom.samples(seed) for seed in range(2)]
    for place, temperature in enumerate(zoom.TEMPERATURES):
        exact = ising.kaufman_torus(zoom.SIZE, temperature)
        spread = math.sqrt(exact.specific_heat) * temperature / zoom.SIZE  # of the energy of one lattice
        seen = np.mean([ising.energy(lattices[place]) / zoom.SIZE**2 for lattices in grown])
        assert abs(seen - exact.energy_per_spin) < 4 * spread / math.sqrt(len(grown))
        early = ising.Ising(zoom.SIZE, temperature, algorithm="swendsen_wang", start="up", rng=place)
        early.sweep(zoom.SWEEPS[place] // 5)
        assert early.energy_per_spin - exact.energy_per_spin < -4 * spread
    cold, hot = (np.mean([abs(lattices[place].mean()) for lattices in grown]) for place in (0, 2))
    assert cold == pytest.approx(ising.onsager_magnetization(zoom.TEMPERATURES[0]), abs=0.02)
    assert hot < 0.1


# ---------------------------------------------------------------------------- the village


def test_graphs_against_networkx():
    torus = nx.convert_node_labels_to_integers(nx.grid_2d_graph(4, 5, periodic=True), ordering="sorted")
    assert [tuple(sorted(torus[i])) for i in range(20)] != list(ising.grid_graph(4))  # 4×5 is not 4×4
    square = nx.convert_node_labels_to_integers(nx.grid_2d_graph(5, 5, periodic=True), ordering="sorted")
    assert tuple(tuple(sorted(square[i])) for i in range(25)) == ising.grid_graph(5)
    ring = nx.watts_strogatz_graph(12, 4, 0)
    assert tuple(tuple(sorted(ring[i])) for i in range(12)) == ising.ring_graph(12, 4)
    assert ising.neighbor_lists(ring) == ising.ring_graph(12, 4)
    assert ising.neighbor_lists(nx.to_numpy_array(ring)) == ising.ring_graph(12, 4)


@given(st.integers(5, 30), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_rewiring_keeps_the_number_of_friendships(n, p, seed):
    graph = ising.small_world(n, 4, p, CounterRNG(seed))
    assert sum(map(len, graph)) == 4 * n
    assert ising.neighbor_lists(graph) == graph  # mutual, no loops, no doubles


def test_a_small_world_has_short_paths_and_many_triangles():
    ring, world = (
        nx.Graph([(u, v) for u, near in enumerate(g) for v in near])
        for g in (ising.ring_graph(300, 6), ising.small_world(300, 6, 0.1, rng=1))
    )
    assert nx.average_shortest_path_length(world) < 0.3 * nx.average_shortest_path_length(ring)
    assert nx.average_clustering(world) > 0.6 * nx.average_clustering(ring)


def test_a_complete_graph_has_nowhere_to_rewire_to():
    everyone = [[j for j in range(4) if j != i] for i in range(4)]
    assert ising.rewire(everyone, 1.0, rng=1) == ising.neighbor_lists(everyone)


@pytest.mark.parametrize(("temperature", "expected"), [(0.5, 0.7616), (5.0, 0.0997)])
def test_without_friends_the_campaign_alone_decides(temperature, expected):
    village = ising.Village(ising.grid_graph(20), temperature, coupling=0.0, field=0.5, rng=1)
    seen = ising.blocking([village.sweep().magnetization for _ in range(400)])
    assert math.tanh(0.5 / temperature) == pytest.approx(expected, abs=6e-5)
    assert abs(z_score(seen, math.tanh(0.5 / temperature))) < 4


def test_opponents_alternate_and_friends_agree():
    contrary = ising.Village(ising.grid_graph(4), 0.3, coupling=-1.0, rng=3).sweep(200)
    board = contrary.opinions.reshape(4, 4)
    staggered = board * (-1) ** np.add.outer(range(4), range(4))
    assert abs(staggered.mean()) == 1 and contrary.agreement == 0 and contrary.magnetization == 0
    alike = ising.Village(ising.small_world(30, 4, 0.2, rng=2), 0.3, rng=3, start="up").sweep(50)
    assert alike.agreement == 1 and alike.magnetization == 1
    assert alike.energy == -60


def test_village_on_a_torus_is_the_lattice_model():
    people = ising.Village(ising.grid_graph(6), 2.0, 0.9, 0.1, CounterRNG(5))
    model = ising.Ising(6, 2.0, 0.1, 0.9, "glauber", CounterRNG(5))
    assert np.array_equal(people.sweep(7).opinions.reshape(6, 6), model.sweep(7).spins)
    assert people.energy == pytest.approx(model.energy_per_spin * 36)


def test_village_on_any_graph_samples_boltzmanns_law():
    graph = nx.lollipop_graph(4, 3)  # degrees 1 to 4
    states = np.array([[(code >> k & 1) * 2 - 1 for k in range(7)] for code in range(128)])
    energies = [ising.Village(graph, 1.0, 0.6, 0.2, start=state).energy for state in states]
    exact = probability.boltzmann(energies, 1.7) @ states.mean(1)
    village = ising.Village(graph, 1.7, 0.6, 0.2, rng=4)
    seen = ising.blocking([village.sweep().magnetization for _ in range(8000)])
    assert abs(z_score(seen, exact)) < 4


def test_village_knobs():
    village = ising.Village([[1], [0]], 1.0, rng=1)
    village.temperature, village.coupling, village.field = 0.1, 0.0, 5.0
    assert village.sweep(20).magnetization == 1
    assert (village.temperature, village.coupling, village.field) == (0.1, 0.0, 5.0)
    assert math.isnan(ising.Village([[]], 1.0).agreement)


# ---------------------------------------------------------------------------- bad input

GOOD = {"size": 8, "temperature": 2.0}
ONES = np.ones((4, 4), dtype=int)
LOOP = {"size": 6, "temperature": 1.5, "amplitude": 2.0, "steps": 5, "sweeps_per_step": 1, "rng": 0}


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"size": 7}, ValueError, "size must be even for algorithm 'metropolis'.* got 7"),
        ({"size": 9, "algorithm": "heat_bath"}, ValueError, "size must be even for algorithm 'heat_bath'"),
        ({"size": 2}, ValueError, "size must be at least 3, got 2"),
        ({"size": 8.0}, TypeError, "size must be an integer, got 8.0"),
        ({"size": True}, TypeError, "size must be an integer"),
        ({"temperature": 0}, ValueError, "temperature must be greater than 0, got 0"),
        ({"temperature": -1}, ValueError, "temperature must be greater than 0"),
        ({"temperature": math.inf}, ValueError, "temperature must be finite, got inf"),
        ({"temperature": NAN}, ValueError, "temperature must be finite, got nan"),
        ({"temperature": "hot"}, TypeError, "temperature must be a real number, got 'hot'"),
        ({"temperature": None}, TypeError, "temperature must be a real number, got None"),
        ({"field": NAN}, ValueError, "field must be finite"),
        ({"coupling": math.inf}, ValueError, "coupling must be finite"),
        ({"algorithm": "annealing"}, ValueError, "algorithm must be one of 'metropolis', .* got 'annealing'"),
        ({"algorithm": "wolff", "field": 0.1}, ValueError, "field must be 0 for algorithm 'wolff', got 0.1"),
        ({"algorithm": "swendsen_wang", "field": -1}, ValueError, "field must be 0 for algorithm"),
        ({"rng": None}, TypeError, "rng must be a seed"),
        ({"start": "sideways"}, ValueError, "start must be one of 'random', 'up', 'down', got 'sideways'"),
        ({"start": np.ones((4, 4))}, ValueError, r"start must have shape \(8, 8\), got \(4, 4\)"),
        ({"start": np.zeros((8, 8))}, ValueError, "start must hold only -1 and"),
    ],
)
def test_ising_names_bad_arguments(bad, error, message):
    with pytest.raises(error, match=message):
        ising.Ising(**{**GOOD, **bad})


def set_attribute(target, name, value):
    setattr(target, name, value)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ising.Ising(**GOOD).sweep(-1), ValueError, "n must be at least 0, got -1"),
        (lambda: ising.Ising(**GOOD).sweep(1.5), TypeError, "n must be an integer"),
        (lambda: ising.Ising(**GOOD).measure(-1), ValueError, "sweeps must be at least 0"),
        (lambda: ising.Ising(**GOOD).measure(5, burn_in=-1), ValueError, "burn_in must be at least 0"),
        (lambda: ising.Ising(**GOOD).measure(5, every=0), ValueError, "every must be at least 1"),
        (lambda: set_attribute(ising.Ising(**GOOD), "temperature", 0), ValueError, "temperature must be"),
        (lambda: set_attribute(ising.Ising(**GOOD), "field", NAN), ValueError, "field must be finite"),
        (lambda: set_attribute(ising.Ising(**GOOD), "coupling", "J"), TypeError, "coupling must be a real"),
        (lambda: set_attribute(ising.Ising(**GOOD), "algorithm", "x"), ValueError, "algorithm must be one"),
        (
            lambda: set_attribute(ising.Ising(**GOOD, field=0.1), "algorithm", "wolff"),
            ValueError,
            "field must be 0",
        ),
        (
            lambda: set_attribute(ising.Ising(**GOOD, algorithm="wolff"), "field", 0.1),
            ValueError,
            "field must be 0",
        ),
        (
            lambda: set_attribute(ising.Ising(5, 2.0, algorithm="wolff"), "algorithm", "metropolis"),
            ValueError,
            "size must be even",
        ),
        (lambda: set_attribute(ising.Ising(**GOOD), "spins", ONES), ValueError, "spins must have shape"),
        (lambda: set_attribute(ising.Ising(**GOOD), "spins", "up"), ValueError, "spins must have shape"),
        (lambda: set_attribute(ising.Ising(**GOOD), "spins", [[1], [1, 1]]), ValueError, "spins must be an array"),
        (lambda: set_attribute(ising.Ising(**GOOD), "size", 4), AttributeError, "size"),
        (lambda: set_attribute(ising.Village([[]], 1.0), "neighbors", ()), AttributeError, "neighbors"),
        (lambda: ising.metropolis_reference(ONES, 1.0, NAN, sweeps=0), ValueError, "field must be finite"),
        (lambda: ising.Ising(8, 1.0, start=[[1], [1, 1]]), ValueError, "start must be an array, got lists of"),
        (lambda: ising.Village([[1, 2]], 1.0, start=[[1], [1, 1]]), ValueError, "got friend 1 of 0"),
        (lambda: ising.Village([[]], 1.0, start=[[1], [1, 1]]), ValueError, "start must be an array, got lists"),
        (lambda: ising.Village(ising.grid_graph(3), 1.0, start=np.zeros(9)), ValueError, "9 opinions .* no other"),
        (lambda: ising.neighbor_lists([1, 2]), TypeError, r"sequence of neighbour lists, got \[1, 2\]"),
        (lambda: ising.neighbor_lists(nx.MultiGraph([(0, 1)])), ValueError, "must not have parallel edges"),
        (lambda: ising.energy(np.ones((3, 4))), ValueError, r"spins must be a square lattice .* \(3, 4\)"),
        (lambda: ising.energy(np.ones((2, 2))), ValueError, "spins must be at least 3 wide, got 2"),
        (lambda: ising.energy(2 * ONES), ValueError, "spins must hold only -1 and"),
        (lambda: ising.energy(ONES, coupling=NAN), ValueError, "coupling must be finite"),
        (lambda: ising.energy_change(ONES, 4, 0), ValueError, "row must be at most 3, got 4"),
        (lambda: ising.energy_change(ONES, 0, -1), ValueError, "column must be at least 0"),
        (lambda: ising.acceptance(NAN, 1.0), ValueError, "energy_change must be finite"),
        (lambda: ising.acceptance(1.0, 0.0), ValueError, "temperature must be greater than 0"),
        (lambda: ising.metropolis_reference(np.ones((5, 5)), 1.0), ValueError, "size must be even"),
        (lambda: ising.metropolis_reference(ONES, 1.0, sweeps=-1), ValueError, "sweeps must be at least 0"),
        (lambda: ising.swendsen_wang(ONES, -1.0, 0), ValueError, "temperature must be greater than 0"),
        (lambda: ising.swendsen_wang(ONES, 1.0, None), TypeError, "rng must be a seed"),
        (lambda: ising.blocking([1.0]), ValueError, r"at least two measurements.* got shape \(1,\)"),
        (lambda: ising.blocking([[1.0, 2.0]]), ValueError, "series must hold"),
        (lambda: ising.blocking([1.0, NAN]), ValueError, "series must be finite"),
        (lambda: ising.enumerate_torus(5, 1.0), ValueError, "size must be 3 or 4"),
        (lambda: ising.enumerate_torus(3, 0.0), ValueError, "temperature must be greater than 0"),
        (lambda: ising.kaufman_torus(2, 1.0), ValueError, "size must be at least 3"),
        (lambda: ising.kaufman_torus(5, 1.0, -1.0), ValueError, "coupling must not be negative on an odd"),
        (lambda: ising.onsager_energy([1.0, -2.0]), ValueError, "temperature must be greater than 0, got -2"),
        (lambda: ising.onsager_magnetization(NAN), ValueError, "temperature must be finite"),
        (lambda: ising.mean_field_magnetization(0.0), ValueError, "temperature must be greater than 0"),
        (lambda: ising.mean_field_magnetization(1.0, start=2), ValueError, "start must lie between"),
        (lambda: ising.mean_field_magnetization(1.0, neighbors=0), ValueError, "neighbors must be at least"),
        (lambda: ising.mean_field_free_energy(1.5, 1.0), ValueError, "m must lie between -1 and 1, got 1.5"),
        (lambda: ising.mean_field_free_energy(0.5, -1.0), ValueError, "temperature must be at least 0"),
        (lambda: ising.hysteresis(**{**LOOP, "amplitude": 0}), ValueError, "amplitude must be greater"),
        (lambda: ising.hysteresis(**{**LOOP, "steps": 1}), ValueError, "steps must be at least 2"),
        (lambda: ising.hysteresis(**{**LOOP, "sweeps_per_step": 0}), ValueError, "sweeps_per_step must be"),
        (lambda: ising.majority_rule(np.ones((8, 8))), ValueError, "block must divide the lattice size 8"),
        (lambda: ising.majority_rule(ONES, block=2), ValueError, "block must be at least 3"),
        (lambda: ising.majority_rule(np.ones((8, 8)), block=4), ValueError, "block must be odd"),
        (lambda: ising.grid_graph(2), ValueError, "side must be at least 3"),
        (lambda: ising.ring_graph(9, 3), ValueError, "k must be even"),
        (lambda: ising.ring_graph(4, 4), ValueError, "n must be at least 5"),
        (lambda: ising.small_world(9, 4, 1.5), ValueError, "p must lie between 0 and 1"),
        (lambda: ising.Village(3, 1.0), TypeError, "graph must be a networkx graph"),
        (lambda: ising.Village([], 1.0), ValueError, "at least one person"),
        (lambda: ising.Village([[0]], 1.0), ValueError, "friend of themselves"),
        (lambda: ising.Village([[1], []], 1.0), ValueError, "graph must be mutual: 0 lists 1, 1 not 0"),
        (lambda: ising.Village([[1, 1], [0]], 1.0), ValueError, "friend of 0 twice"),
        (lambda: ising.Village([[3]], 1.0), ValueError, "got friend 3 of 0"),
        (lambda: ising.Village([[1.0], [0]], 1.0), TypeError, "graph must be an integer"),
        (lambda: ising.Village(np.ones((2, 3)), 1.0), ValueError, "square matrix of 0 and 1"),
        (lambda: ising.Village([[]], 0.0), ValueError, "temperature must be greater than 0"),
        (lambda: ising.Village([[]], 1.0, start=[0]), ValueError, "start must hold 1 opinions"),
        (lambda: ising.Village([[]], 1.0, start="left"), ValueError, "start must be one of"),
        (lambda: ising.Village([[]], 1.0).sweep(-1), ValueError, "n must be at least 0"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
