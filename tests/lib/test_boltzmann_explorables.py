"""The explorables of Boltzmann machines in Python: what they take, refuse, compute and show."""

import itertools
import math

import numpy as np
import pytest

from book_lib import hopfield
from book_lib.boltzmann import RBM, BoltzmannMachine
from book_lib.datasets import digits
from book_lib.explorables import AnnealedTour, RbmDreams, StochasticUnits, assets
from book_lib.explorables.ahead import AHEAD, Ahead
from book_lib.explorables.annealed_tour import COOLING, MARGIN, NEAREST, SIDE, cities, scheduled
from book_lib.explorables.rbm_dreams import ASSET, digits_machine, ink, pixels, sheet, shipped_machine
from book_lib.explorables.stochastic_units import SHOWN
from book_lib.rng import CounterRNG
from tests.lib.pictures import check_pictures, check_pictures_are_quick

SMALL = RBM.random(64, 6, 3, scale=0.5)
BAD = [
    (AnnealedTour, {"cities": [(1, 2), (3, 4)]}, "cities must"),
    (AnnealedTour, {"cities": [(1, 2)] * 31}, "cities must"),
    (AnnealedTour, {"cities": [(1, 2, 3)] * 5}, "cities must"),
    (AnnealedTour, {"cities": [(1, 101)] * 5}, "cities must"),
    (AnnealedTour, {"count": 4}, "count must"),
    (AnnealedTour, {"map": 1000}, "map must"),
    (AnnealedTour, {"temperature": -1}, "temperature must"),
    (AnnealedTour, {"temperature": math.nan}, "temperature must"),
    (AnnealedTour, {"schedule": "linear"}, "schedule must"),
    (AnnealedTour, {"sweeps": 19}, "sweeps must"),
    (AnnealedTour, {"drawn": [1.0] * 30}, "drawn must hold 31 temperatures, or none, not 30"),
    (AnnealedTour, {"drawn": [61.0] * 31}, "drawn must"),
    (StochasticUnits, {"weights": np.zeros((2, 2))}, "weights must have shape"),
    (StochasticUnits, {"weights": np.zeros((6, 6))}, "weights must have shape"),
    (StochasticUnits, {"weights": np.eye(3)}, "weights must be symmetric with a zero diagonal"),
    (StochasticUnits, {"weights": [[0, 1, 0], [2, 0, 0], [0, 0, 0]]}, "weights must be symmetric"),
    (StochasticUnits, {"weights": 5 * (np.ones((3, 3)) - np.eye(3))}, "weights must lie in"),
    (StochasticUnits, {"weights": np.full((3, 3), np.nan)}, "weights must"),
    (StochasticUnits, {"biases": [1, 2]}, "biases must have shape"),
    (StochasticUnits, {"biases": [1, 2, 5]}, "biases must"),
    (StochasticUnits, {"couplings": [1, 2]}, "couplings must"),
    (StochasticUnits, {"size": 6}, "size must"),
    (StochasticUnits, {"units": "ternary"}, "units must"),
    (StochasticUnits, {"temperature": 5.1}, "temperature must"),
    (StochasticUnits, {"chains": 0}, "chains must"),
    (RbmDreams, {"machine": RBM.random(63, 6, 0)}, "machine must have 64 visible"),
    (RbmDreams, {"machine": RBM.random(64, 3, 0)}, "machine must have 64 visible"),
    (RbmDreams, {"machine": SMALL, "temperature": 0}, "temperature must"),
    (RbmDreams, {"machine": SMALL, "start": "sleep"}, "start must"),
    (RbmDreams, {"machine": SMALL, "digit": 10}, "digit must"),
    (RbmDreams, {"machine": SMALL, "drawing": "00"}, "drawing must be 16 hexadecimal digits"),
    (RbmDreams, {"machine": SMALL, "drawing": "g" * 16}, "drawing must be 16 hexadecimal digits"),
    (RbmDreams, {"machine": SMALL, "clamp": "middle"}, "clamp must"),
]


@pytest.mark.parametrize(("kind", "arguments", "message"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


def test_a_machine_is_a_machine() -> None:
    with pytest.raises(TypeError, match="machine must be an RBM, not list"):
        RbmDreams(machine=[1, 2])


DRAWN = [30.0 - k for k in range(31)]
WIDGETS = [
    AnnealedTour(),
    AnnealedTour(count=8, schedule="hold", map=5),
    AnnealedTour(cities=[(0, 0), (100, 0), (50, 50), (0, 100), (100, 100)], temperature=0),
    AnnealedTour(schedule="drawn", drawn=DRAWN),
    StochasticUnits(),
    StochasticUnits(size=5, units="binary", chains=10, biases=[1, 0, 0, -1, 2]),
    StochasticUnits(temperature=0, biases=[0.5, 0, 0]),
    RbmDreams(machine=SMALL),
    RbmDreams(machine=SMALL, start="digit", clamp="top", temperature=0.5),
    RbmDreams(machine=SMALL, start="drawing", drawing="ff818181818181ff"),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


def test_alt_text_can_be_given() -> None:
    assert AnnealedTour(alt="A figure.").describe() == "A figure."
    assert StochasticUnits(alt="A figure.").describe() == "A figure."
    assert RbmDreams(machine=SMALL, alt="A figure.").describe() == "A figure."


@pytest.mark.parametrize("widget", WIDGETS[::3], ids=lambda widget: type(widget).__name__)
def test_pictures_are_made_soon(widget) -> None:
    check_pictures_are_quick(widget)


# -- tours


def test_maps_are_whole_numbers_far_enough_apart() -> None:
    for count, number in itertools.product((5, 17, 30), (0, 1, 999)):
        places = cities(count, number)
        assert places.shape == (count, 2)
        assert (places == places.round()).all()
        assert MARGIN <= places.min() and places.max() <= SIDE - MARGIN
        gaps = np.linalg.norm(places[:, None] - places[None], axis=-1)
        assert gaps[~np.eye(count, dtype=bool)].min() >= NEAREST
        np.testing.assert_array_equal(places[:5], cities(5, number))
    assert not np.array_equal(cities(5, 0), cities(5, 1))


def test_runs_are_the_librarys_with_counter_rngs() -> None:
    for settings in ({}, {"schedule": "hold", "count": 14, "seed": 4}, {"schedule": "drawn", "drawn": DRAWN}):
        one = AnnealedTour(**settings)
        peer = hopfield.anneal_tour(one.distances(), one.temperatures(50), CounterRNG(one.seed))
        run = one.anneal(50)
        np.testing.assert_array_equal(run.energies, peer.energies)
        np.testing.assert_array_equal(run.final, peer.final)
        down = hopfield.anneal_tour(one.distances(), np.zeros(50), CounterRNG(one.seed, 1))
        np.testing.assert_array_equal(one.descend(50).energies, down.energies)


def test_words_drawn_ahead_are_the_same_words() -> None:
    ahead, plain = Ahead(5, 3), CounterRNG(5, 3)
    for k in range(2000):
        assert ahead.integers(30) == plain.integers(30)
        assert ahead.random() == plain.random()
        if k % 100 == 0:
            np.testing.assert_array_equal(ahead.random((3, 7)), plain.random((3, 7)))
            np.testing.assert_array_equal(ahead.integers(2, 9, size=40), plain.integers(2, 9, size=40))
    np.testing.assert_array_equal(ahead.random(2 * AHEAD), plain.random(2 * AHEAD))


def test_schedules() -> None:
    hold = AnnealedTour(temperature=7, schedule="hold")
    assert set(hold.temperatures()) == {7.0} and len(hold.temperatures(900)) == 900
    fall = AnnealedTour(temperature=30, schedule="geometric", sweeps=50).temperatures()
    assert fall[0] == 30 and fall[-1] == pytest.approx(30 / COOLING)
    np.testing.assert_allclose(fall[1:] / fall[:-1], fall[1] / fall[0])
    assert not AnnealedTour(temperature=0, schedule="geometric").temperatures().any()
    drawn = AnnealedTour(schedule="drawn", drawn=DRAWN, sweeps=100).temperatures()
    np.testing.assert_allclose(drawn, 30 - 0.3 * np.arange(100))
    assert set(AnnealedTour(schedule="drawn", temperature=4).temperatures()) == {4.0}
    with pytest.raises(ValueError, match="sweeps must be at most 200, those of the schedule, not 201"):
        AnnealedTour(schedule="geometric").temperatures(201)
    with pytest.raises(ValueError, match="drawn must hold 31 temperatures"):
        scheduled([1.0, 2.0], 20)


def test_the_shortest_tour_is_that_of_all_permutations() -> None:
    one = AnnealedTour(count=7, map=11)
    places = one.places()
    lengths = [
        sum(math.dist(places[a], places[b]) for a, b in itertools.pairwise([0, *order, 0]))
        for order in itertools.permutations(range(1, 7))
    ]
    assert one.shortest()[0] == pytest.approx(min(lengths))
    assert AnnealedTour(count=10).shortest() is None
    slow = AnnealedTour(count=7, map=11, schedule="geometric", sweeps=500)
    assert slow.anneal().best_energy == pytest.approx(min(lengths))


def test_mean_lengths_are_sums_over_all_permutations() -> None:
    tour = AnnealedTour(count=6, map=5)
    d = tour.distances()
    lengths = np.array([hopfield.tour_length(d, one) for one in itertools.permutations(range(6))])
    for heat in (3.0, 20.0):
        weight = np.exp(-lengths / heat)
        assert tour.mean_length(heat) == pytest.approx((weight * lengths).sum() / weight.sum(), rel=1e-12)
    assert tour.mean_length([[0.0, 1e9]])[0] == pytest.approx([tour.shortest()[0], lengths.mean()], rel=1e-7)
    assert AnnealedTour(count=10).mean_length(1.0) is None


def test_a_held_temperature_has_the_mean_length_of_the_law() -> None:
    tour = AnnealedTour(count=6, map=5, schedule="hold", temperature=15.0, seed=2)
    met = tour.anneal(4000).energies[50:]
    assert met.mean() == pytest.approx(float(tour.mean_length(15.0)), rel=0.01)


def test_slow_cooling_beats_going_only_downhill_on_average() -> None:
    race = AnnealedTour(count=30, schedule="geometric", temperature=30, sweeps=200, map=2).race(10)
    assert race.cooled.shape == race.downhill.shape == (10,)
    assert race.cooled.mean() < race.downhill.mean()


# -- units

STORED = np.array([[0, -1, 1], [-1, 0, -1], [1, -1, 0]]) / 3


def test_weights_go_in_and_come_back() -> None:
    rng = np.random.default_rng(0)
    for n in (3, 4, 5):
        w = rng.uniform(-2, 2, (n, n))
        w = np.triu(w, 1) + np.triu(w, 1).T
        b = rng.uniform(-1, 1, n)
        one = StochasticUnits(weights=w, biases=b, units="binary", temperature=0.7)
        assert one.size == n
        np.testing.assert_array_equal(one.weights(), w)
        np.testing.assert_array_equal(one.bias(), b)
        np.testing.assert_array_equal(one.law(), BoltzmannMachine(w, b, "binary", 0.7).distribution())
    assert StochasticUnits(biases=[1, 2, 3]).bias().tolist() == [1, 2, 3]


def test_the_law_is_a_sum_over_states_by_hand() -> None:
    one = StochasticUnits(weights=STORED, biases=[0.1, 0, -0.2], temperature=0.8)
    states = list(itertools.product((-1, 1), repeat=3))
    energies = [
        -sum(STORED[i, j] * s[i] * s[j] for i in range(3) for j in range(i)) - 0.1 * s[0] + 0.2 * s[2] for s in states
    ]
    np.testing.assert_allclose(one.energies(), energies, atol=1e-12)
    weights = np.exp(-np.array(energies) / 0.8)
    np.testing.assert_allclose(one.law(), weights / weights.sum())
    assert one.names() == ["".join("+" if v > 0 else "−" for v in s) for s in states]
    assert StochasticUnits(units="binary").names()[:3] == ["000", "001", "010"]


@pytest.mark.parametrize("units", ["spin", "binary"])
def test_samples_are_the_librarys_and_meet_the_law(units: str) -> None:
    one = StochasticUnits(weights=3 * STORED, units=units, temperature=1.5, chains=50, seed=2)
    path = one.sample(400)
    np.testing.assert_array_equal(path, one.machine().sample(400, CounterRNG(2), 50))
    np.testing.assert_allclose(one.histogram(400), one.law(), atol=0.02)
    assert 0 <= one.divergence(400) < 0.01
    assert one.divergence(400) < one.divergence(4)


def test_without_temperature_it_is_a_hopfield_network() -> None:
    rng = np.random.default_rng(1)
    for seed in range(10):
        w = np.triu(np.round(rng.uniform(-2, 2, (5, 5)), 2), 1)
        w, b = w + w.T, np.round(rng.uniform(-1, 1, 5), 2)
        one = StochasticUnits(weights=w, biases=b, temperature=0, chains=4, seed=seed)
        network = hopfield.Hopfield(5, b)
        network.weights = w
        start = 2 * CounterRNG(seed).integers(0, 2, size=(4, 5)) - 1
        for chain in range(4):
            settled = network.recall(start[chain], order="cyclic").state
            np.testing.assert_array_equal(one.sample(20)[-1, chain], settled)
        up = StochasticUnits(weights=w, biases=b, temperature=0, units="binary", seed=seed).sample(20)[-1, 0]
        h = w @ up + b
        assert ((h >= 0) | (up == 0)).all() and ((h <= 0) | (up == 1)).all()


def test_ties_keep_their_state_without_temperature() -> None:
    idle = StochasticUnits(weights=np.zeros((3, 3)), temperature=0, chains=8)
    path = idle.sample(5)
    assert (path == path[0]).all()
    assert len(np.unique(path[0], axis=0)) > 1
    assert idle.law() == pytest.approx(np.full(8, 1 / 8))
    with pytest.raises(ValueError, match="temperature"):
        idle.machine()


def test_a_trap_is_infinitely_far_from_the_law_without_temperature() -> None:
    w = np.ones((3, 3)) - np.eye(3)
    gaps = {StochasticUnits(weights=w, biases=[0.5] * 3, temperature=0, seed=seed).divergence(20) for seed in range(12)}
    assert math.inf in gaps and 0.0 in gaps
    trapped = [StochasticUnits(weights=w, biases=[0.5] * 3, temperature=0, seed=seed) for seed in range(12)]
    assert any("is infinite" in one.describe() for one in trapped)


def test_independent_draws_are_as_far_from_the_law_as_many_trials_say() -> None:
    units = StochasticUnits(temperature=0.8, biases=[0.3, 0, 0])
    rng, law = np.random.default_rng(5), units.law()
    for draws in (1, 6, 40, 2000):
        shares = rng.multinomial(draws, law, size=4000) / draws
        logs = np.log(np.where(shares > 0, shares, 1.0) / law)
        gaps = (shares * np.where(shares > 0, logs, 0.0)).sum(axis=1)
        error = gaps.std() / np.sqrt(len(gaps))
        assert abs(units.fair_divergence(draws) - gaps.mean()) < 4 * error + 1e-12
    assert StochasticUnits(temperature=0.0, biases=[1, 1, 1]).fair_divergence(9) == 0


def test_the_description_says_what_the_law_says() -> None:
    one = StochasticUnits(weights=3 * STORED, temperature=1.0)
    p = one.law().max()
    assert f"{p:.1%}" in one.describe()
    assert f"after {SHOWN} sweeps of 1 chain they" in one.describe()


# -- dreams


def test_numbers_travel_as_float32_and_stay_small() -> None:
    machine = RBM.random(64, 64, 0)
    dreams = RbmDreams(machine=machine)
    header, body = assets.pack(dreams.arrays())
    assert dreams.asset == ASSET
    assert len(body) <= 60_000
    assert {entry["name"]: tuple(entry["shape"]) for entry in header["arrays"]} == {
        "weights": (64, 64), "visible_bias": (64,), "hidden_bias": (64,), "digits": (10, 64), "free_energy": (2,)
    }  # fmt: skip
    np.testing.assert_array_equal(dreams.machine().weights, dreams.arrays()["weights"].astype(float))
    assert abs(dreams.machine().weights - machine.weights).max() < 1e-8
    np.testing.assert_array_equal(shipped_machine(shipped_machine(machine)).weights, dreams.machine().weights)


def test_the_digits_are_the_data_sets() -> None:
    data = digits()
    np.testing.assert_array_equal(ink(), data.inputs >= 0.5)
    assert data.targets[:10].tolist() == list(range(10))
    for digit in range(10):
        first = RbmDreams(machine=SMALL, start="digit", digit=digit).first()
        np.testing.assert_array_equal(first, data.inputs[digit] >= 0.5)


def test_dreams_are_the_librarys_gibbs_steps() -> None:
    one = RbmDreams(machine=SMALL, temperature=1.3, seed=6)
    path = one.dream(12)
    np.testing.assert_array_equal(path[0], CounterRNG(6, 1).integers(0, 2, size=64))
    np.testing.assert_array_equal(path[12], one.machine().gibbs(path[:1], 12, CounterRNG(6))[0])


@pytest.mark.parametrize("half", ["top", "bottom", "left", "right"])
def test_a_held_half_stays(half: str) -> None:
    one = RbmDreams(machine=SMALL, start="digit", digit=5, clamp=half, temperature=3)
    held, path = one.held(), one.dream(10)
    assert held.sum() == 32
    assert (path[:, held] == path[0, held]).all()
    assert (path[1:, ~held] != path[0, ~held]).any()
    corner = {"top": (0, 63), "bottom": (63, 0), "left": (0, 7), "right": (7, 0)}[half]
    assert [bool(held[k]) for k in corner] == [True, False]


def test_held_pixels_are_conditioned_upon() -> None:
    """The other half follows the exact conditional law: two pixels free, all states of the rest fixed by the start."""
    machine = RBM.random(64, 4, 5, scale=0.8)
    one = RbmDreams(machine=machine, start="digit", digit=2, clamp="top", temperature=1.0, seed=3)
    path = one.dream(4000)[200:]
    top = one.held()
    hidden = np.array(list(itertools.product((0, 1), repeat=4)))
    fields = one.machine().visible_bias[~top] + hidden @ one.machine().weights[~top].T
    energy = -(hidden @ (one.machine().weights[top].T @ path[0, top] + one.machine().hidden_bias))
    weight = np.exp(-energy + np.logaddexp(0, fields).sum(1) - (-energy).max())
    expected = (weight[:, None] / weight.sum() / (1 + np.exp(-fields))).sum(0)
    np.testing.assert_allclose(path[:, ~top].mean(0), expected, atol=0.06)


def test_drawings() -> None:
    assert pixels("8000000000000001").nonzero()[0].tolist() == [0, 63]
    one = RbmDreams(machine=SMALL, start="drawing", drawing="FF00000000000000")
    assert one.drawing == "ff00000000000000"
    assert one.first()[:8].all() and not one.first()[8:].any()


def test_the_free_energy_is_that_of_the_training_temperature() -> None:
    one = RbmDreams(machine=SMALL, temperature=3.0)
    v = one.first()
    assert one.free_energy(v) == pytest.approx(one.machine(1.0).free_energy(v))
    assert one.machine().temperature == 3.0


def test_filters_lie_side_by_side() -> None:
    whole = sheet(SMALL.weights, 8)
    assert whole.shape == (9, 71)
    np.testing.assert_array_equal(whole[:8, 9:17], SMALL.weights[:, 1].reshape(8, 8))
    assert np.isnan(whole[:, 8]).all() and np.isnan(whole[:, 54:]).all()


def test_the_trained_machine_dreams_of_digits() -> None:
    """From noise it comes to pictures whose free energy is that of digits; hot, it stays in noise."""
    one = RbmDreams(seed=1)
    free = np.asarray(one.machine(1.0).free_energy(ink()))
    far, near = free.mean() + 4 * free.std(), free.mean() + 2 * free.std()
    path = one.dream(200)
    assert one.free_energy(path[0]) > far
    dreamt = [one.free_energy(v) for v in path[50:]]
    assert np.mean(np.array(dreamt) < near) > 0.8
    hot = RbmDreams(seed=1, temperature=5.0).dream(200)
    assert one.free_energy(hot[-1]) > far
    moves = [np.diff(RbmDreams(seed=1, temperature=T).dream(200)[-60:].astype(int), axis=0) for T in (0.05, 1.0)]
    cold, warm = (abs(one).sum(1).mean() for one in moves)
    assert cold < 0.5 and warm > 5
    # Pixels on their own, each with its share of ink, come to −25.1 nats.
    assert digits_machine().pseudo_likelihood(ink()[:500]) > -21
