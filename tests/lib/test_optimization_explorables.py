"""The race downhill and the temperature of a learning rate in Python: what they take, refuse, say and show."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from book_lib.explorables import DescentRace, LearningRateTemperature
from book_lib.explorables.learning_rate_temperature import GRID, LENGTH, Wells, scheduled
from tests.lib.pictures import check_pictures

BAD = [
    (DescentRace, {"landscape": "hill"}, "landscape"),
    (DescentRace, {"learning_rate": 0}, "learning_rate"),
    (DescentRace, {"learning_rate": math.nan}, "learning_rate"),
    (DescentRace, {"momentum": 1}, "momentum"),
    (DescentRace, {"batch_noise": -1}, "batch_noise"),
    (DescentRace, {"start": [1.0]}, "start"),
    (DescentRace, {"start": [1.0, 4.0]}, "start"),
    (DescentRace, {"optimizers": []}, "optimizers"),
    (DescentRace, {"optimizers": ["sgd"]}, "optimizers"),
    (DescentRace, {"optimizers": ["adam", "adam"]}, "optimizers"),
    (DescentRace, {"steps": 501}, "steps"),
    (LearningRateTemperature, {"learning_rate": 0.3}, "learning_rate"),
    (LearningRateTemperature, {"batch_size": 5}, "batch_size"),
    (LearningRateTemperature, {"depth": -0.1}, "depth"),
    (LearningRateTemperature, {"width": 0}, "width"),
    (LearningRateTemperature, {"walkers": 2.5}, "walkers"),
    (LearningRateTemperature, {"mode": "cosine"}, "mode"),
    (LearningRateTemperature, {"schedule": [0.01] * 30}, "schedule"),
    (LearningRateTemperature, {"schedule": [0.1] * 31}, "schedule"),
    (LearningRateTemperature, {"prediction": "both"}, "prediction"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        kind(**arguments)


def test_a_landscape_brings_its_start_and_its_rate() -> None:
    ravine = DescentRace(landscape="ravine")
    assert (ravine.start, ravine.learning_rate) == ([-2.5, 0.7], 0.015)
    mine = DescentRace(landscape="ravine", start=[1, -0.5], learning_rate=0.01)
    assert (mine.start, mine.learning_rate) == ([1, -0.5], 0.01)


@pytest.mark.parametrize("landscape", ["quadratic", "ravine"])
def test_gradient_descent_is_its_closed_form(landscape: str) -> None:
    curvatures = np.array([1, 4 if landscape == "quadratic" else 100])
    for part in (0.3, 0.99):
        rate = part * 2 / curvatures[1]
        race = DescentRace(landscape=landscape, learning_rate=rate)
        run = race.run("gradient_descent", 50)
        steps = np.arange(51)[:, None]
        np.testing.assert_allclose(run.points, (1 - rate * curvatures) ** steps * race.start, rtol=1e-9, atol=1e-12)
        assert run.diverged is None
    assert race.critical_rate == pytest.approx(2 / curvatures[1])


@pytest.mark.parametrize("landscape", ["quadratic", "ravine"])
def test_gradient_descent_diverges_above_two_over_l_and_not_below(landscape: str) -> None:
    limit = DescentRace(landscape=landscape).critical_rate
    below = DescentRace(landscape=landscape, learning_rate=0.98 * limit)
    above = DescentRace(landscape=landscape, learning_rate=1.02 * limit)
    assert (below.factor, above.factor) == pytest.approx((-0.96, -1.04))
    assert below.run("gradient_descent", 500).diverged is None
    assert above.run("gradient_descent", 500).diverged > 10


def test_noise_is_the_same_for_all_and_another_for_another_seed() -> None:
    race = DescentRace(batch_noise=1.0, seed=3)
    ends = [race.run("gradient_descent", 20).points[-1] for _ in range(2)]
    np.testing.assert_array_equal(*ends)
    other = DescentRace(batch_noise=1.0, seed=4).run("gradient_descent", 20).points[-1]
    assert np.abs(other - ends[0]).max() > 1e-3


def test_wells_are_smooth_and_the_law_is_an_integral() -> None:
    for wells in (Wells(), Wells(0.0, 3.0), Wells(1.5, 0.6)):
        w = np.linspace(-6, 5, 400)
        slope = (wells.value(w + 1e-6) - wells.value(w - 1e-6)) / 2e-6
        np.testing.assert_allclose(wells.gradient(w), slope, atol=1e-5)
        for a, bottom in zip(wells.curvatures, (-3.0, wells.width), strict=True):
            assert (wells.gradient(bottom + 1e-5) - wells.gradient(bottom - 1e-5)) / 2e-5 == pytest.approx(a, rel=1e-3)
        for temperature in (0.2, 0.64, 3.0):
            def weight(w: float, wells: Wells = wells, T: float = temperature) -> float:
                return math.exp(-(float(wells.value(w)) + 1 + wells.depth) / T)

            left, right = (quad(weight, *ends, points=points, limit=200)[0]
                           for ends, points in (((-30, 0), [-3]), ((0, 20), [wells.width])))
            assert wells.share(temperature) == pytest.approx(right / (left + right), rel=1e-4)
            assert wells.density(0.5, temperature) == pytest.approx(weight(0.5) / (left + right), rel=1e-4)
    assert GRID[len(GRID) // 2] == 0


def transitions(one: LearningRateTemperature, w: np.ndarray) -> np.ndarray:
    """The probabilities of one step on a grid, from column to row."""
    mean = w - one.learning_rate * one.wells.gradient(w)
    kernel = np.exp(-(((w[:, None] - mean) / (one.learning_rate * one.noise)) ** 2) / 2)
    return kernel / kernel.sum(axis=0)


def exact_law(one: LearningRateTemperature) -> tuple[np.ndarray, np.ndarray]:
    """The stationary law of the steps themselves, on a grid: what e^(−E/T) is only the limit of."""
    w = np.linspace(-8, 6, 700)
    balance = transitions(one, w) - np.eye(len(w))
    balance[0] = 1
    return w, np.linalg.solve(balance, np.eye(len(w))[0])


def test_small_steps_have_boltzmanns_law() -> None:
    for rate in (0.01, 0.02):
        one = LearningRateTemperature(learning_rate=rate)
        w, p = exact_law(one)
        q = one.wells.density(w, one.temperature) * (w[1] - w[0])
        assert abs(p - q).sum() / 2 < 0.025
        assert p[w > 0].sum() == pytest.approx(one.wells.share(one.temperature), abs=0.015)


def test_relaxation_is_the_slowest_time_of_the_steps_themselves() -> None:
    w = np.linspace(-8, 6, 561)
    for rate, part in ((0.008, 0.04), (0.01, 0.07)):  # the barrier is 3.9 and 3.1 T high
        one = LearningRateTemperature(learning_rate=rate)
        kernel = transitions(one, w)
        factors = np.sort(np.abs(np.linalg.eigvals(np.linalg.matrix_power(kernel, 64))))
        steps = -64 / math.log(factors[-2])
        assert one.wells.relaxation(one.temperature) / rate == pytest.approx(steps, rel=part)
    assert one.wells.relaxation(0.002) == math.inf


def test_the_wide_well_wins_hot_and_the_deep_one_cold() -> None:
    assert LearningRateTemperature().wells.share(LearningRateTemperature().temperature) < 0.42
    assert LearningRateTemperature().wells.share(0.3) > 0.6


def test_walkers_come_to_their_own_law() -> None:
    one = LearningRateTemperature(walkers=1000, seed=1)
    places = one.walk(3000)
    w, p = exact_law(one)
    share = p[w > 0].sum()
    assert abs((places > 0).mean() - share) < 4 * math.sqrt(share * (1 - share) / 1000)
    deep = places[places > 0.6]  # about the bottom of the narrow well, where the law is nearly normal
    near = w > 0.6
    assert deep.var() == pytest.approx(np.average((w[near] - deep.mean()) ** 2, weights=p[near]), rel=0.2)


def test_batches_cool() -> None:
    hot, cold = (LearningRateTemperature(batch_size=size) for size in (2, 8))
    assert hot.temperature == pytest.approx(4 * cold.temperature)


def test_schedules() -> None:
    drawn = list(np.linspace(0.02, 0.005, 31))
    rates = scheduled(drawn)
    assert rates.shape == (LENGTH,)
    np.testing.assert_allclose(rates, np.interp(np.arange(LENGTH), np.linspace(0, LENGTH, 31), drawn))
    one = LearningRateTemperature(mode="schedule", schedule=drawn, walkers=50)
    np.testing.assert_array_equal(one.rates(10), rates[:10])
    assert (LearningRateTemperature(mode="schedule").rates(5) == 0.02).all()
    with pytest.raises(ValueError, match="^steps must be from 0 to 40000, not 40001"):
        one.walk(LENGTH + 1)
    with pytest.raises(ValueError, match="^schedule must hold 31"):
        scheduled([0.01] * 3)


@pytest.mark.parametrize(
    "widget",
    [
        DescentRace(), DescentRace(landscape="rosenbrock", steps=200), DescentRace(learning_rate=0.6),
        DescentRace(landscape="saddle", optimizers=["newton"]), DescentRace(landscape="double_well", batch_noise=0.5),
        LearningRateTemperature(), LearningRateTemperature(depth=0, width=3, walkers=50),
    ],
    ids=["bowl", "rosenbrock", "diverged", "saddle", "noisy", "wells", "even wells"],
)  # fmt: skip
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


def test_the_picture_is_told_in_numbers() -> None:
    assert "diverged at step" in DescentRace(learning_rate=0.6, steps=200).describe()
    assert "0.1 is below 2/L = 0.5" in DescentRace().describe()
    assert "0.02 is not below 2/L = 0.02" in DescentRace(landscape="ravine", learning_rate=0.02).describe()
    well = DescentRace(landscape="double_well", start=[1.7, 1.2], optimizers=["gradient_descent"], steps=300)
    assert "gradient descent 0.2 above the minimum" in well.describe()  # the other well is as much higher
    text = LearningRateTemperature().describe()
    assert "temperature is 0.64" in text
    assert "the law e to the minus E over T says 40" in text
    assert DescentRace(alt="Mine.").describe() == "Mine."
