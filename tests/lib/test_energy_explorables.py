"""Softmax with a temperature, the divergence both ways and darts in Python: what they take, refuse and show."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from scipy.stats import entropy

from book_lib.explorables import Darts, KLBothWays, SoftmaxTemperature, darts
from book_lib.explorables import kl_both_ways as fit
from book_lib.rng import CounterRNG
from tests.lib.pictures import check_pictures

BAD = [
    (SoftmaxTemperature, {"temperature": -0.1}, "temperature"),
    (SoftmaxTemperature, {"temperature": math.nan}, "temperature"),
    (SoftmaxTemperature, {"temperature": "hot"}, "temperature"),
    (SoftmaxTemperature, {"logits": [1.0, 2.0]}, "words"),
    (SoftmaxTemperature, {"logits": [1.0, 2.0, 3.0, 51.0]}, "logits"),
    (SoftmaxTemperature, {"words": ["a", "a", "b", "c"]}, "words"),
    (SoftmaxTemperature, {"units": "bans"}, "units"),
    (KLBothWays, {"p": [0.5, 0.6]}, "p"),
    (KLBothWays, {"q": [0.5, 0.6, -0.1]}, "q"),
    (KLBothWays, {"q": [0.5, 0.5]}, "q"),
    (KLBothWays, {"view": "hills"}, "view"),
    (KLBothWays, {"width": 0}, "width"),
    (KLBothWays, {"distance": 3.1}, "distance"),
    (Darts, {"shape": "heart"}, "shape"),
    (Darts, {"darts": 100_001}, "darts"),
    (Darts, {"seed": -1}, "seed"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        kind(**arguments)


def test_infinity_travels_as_the_largest_number() -> None:
    widget = SoftmaxTemperature(temperature=math.inf)
    assert widget.temperature == math.inf
    assert widget.get_state("temperature") == {"temperature": 1e308}
    widget.set_state({"temperature": 1e308})
    assert widget.temperature == math.inf
    widget.set_state({"temperature": 2.5})
    assert widget.temperature == 2.5
    np.testing.assert_array_equal(SoftmaxTemperature(temperature=math.inf).probabilities(), [0.25] * 4)


def test_softmax_is_scipys_and_the_twin_is_two_levels() -> None:
    widget = SoftmaxTemperature(temperature=0.7)
    np.testing.assert_allclose(widget.probabilities(), softmax(np.array([4, 3, 2, 0]) / 0.7))
    assert widget.occupations()[1] == pytest.approx(1 / (1 + math.exp(1 / 0.7)))
    twin = SoftmaxTemperature(words=["low", "high"], logits=[0, -1], temperature=0.7)
    np.testing.assert_allclose(twin.probabilities(), widget.occupations())
    assert set(SoftmaxTemperature(temperature=0).draw(20)) == {0}


def test_divergences_are_scipys() -> None:
    widget = KLBothWays()
    assert widget.divergences() == pytest.approx((entropy(widget.p, widget.q), entropy(widget.q, widget.p)))
    assert KLBothWays(p=[0.5, 0.5], q=[1, 0]).divergences() == pytest.approx((math.inf, math.log(2)))


def log_humps(x: np.ndarray, d: float) -> np.ndarray:
    """Written out, as a reference."""
    humps = [-((x - side * d) ** 2) / (2 * 0.36) for side in (-1, 1)]
    return logsumexp(humps, axis=0) - math.log(2 * 0.6 * math.sqrt(2 * math.pi))


def test_bells_are_what_chance_says() -> None:
    """By Monte Carlo, within five standard errors."""
    rng = np.random.default_rng(1)
    mean, width, d, n = 0.7, 1.4, 2.0, 400_000

    def log_bell(x: np.ndarray) -> np.ndarray:
        return -(((x - mean) / width) ** 2) / 2 - math.log(width * math.sqrt(2 * math.pi))

    x = mean + width * rng.standard_normal(n)
    gaps = log_bell(x) - log_humps(x, d)
    assert abs(fit.reverse(mean, width, d) - gaps.mean()) < 5 * gaps.std() / math.sqrt(n)
    x = d * rng.choice([-1, 1], n) + 0.6 * rng.standard_normal(n)
    gaps = log_humps(x, d) - log_bell(x)
    assert abs(fit.forward(mean, width, d) - gaps.mean()) < 5 * gaps.std() / math.sqrt(n)


def test_best_bells_are_scipys() -> None:
    widget = KLBothWays(view="fit")
    for way, loss in (("pq", fit.forward), ("qp", fit.reverse)):
        found = minimize(
            lambda z, loss=loss: loss(z[0], math.exp(z[1]), 2.0), [1.0, 0.0], method="Nelder-Mead",
            options={"xatol": 1e-8, "fatol": 1e-13},
        )  # fmt: skip
        assert widget.best(way) == pytest.approx((found.x[0], math.exp(found.x[1])), abs=1e-5)
    with pytest.raises(ValueError, match="way must"):
        widget.best("both")


def test_from_the_middle_the_descent_rests_between_far_humps() -> None:
    mean, width = KLBothWays(view="fit", mean=0, width=2).best("qp")
    assert abs(mean) < 1e-6
    around = [fit.reverse(mean + a, width + b, 2.0) for a in (-0.05, 0, 0.05) for b in (-0.05, 0, 0.05)]
    assert min(around) == around[4] > fit.reverse(2.0, 0.6, 2.0)


def test_darts_are_monte_carlo_integrals() -> None:
    for shape, area in (("quarter", math.pi / 4), ("flower", darts.AREA["flower"])):
        widget = Darts(shape=shape, seed=3)
        seen = widget.estimate(50_000)
        points = CounterRNG(3).random(100_000).reshape(-1, 2)
        assert seen.mean == darts.inside(shape, points).mean()
        assert abs(seen.mean - area) < 4 * seen.error


def test_the_flower_is_its_polar_curve() -> None:
    points = np.random.default_rng(2).random((20_000, 2))
    u, v = (points - 0.5).T
    polar = np.hypot(u, v) <= 0.36 * (1 + 0.3 * np.cos(5 * np.arctan2(v, u)))
    np.testing.assert_array_equal(darts.inside("flower", points), polar)
    x, y = darts.outline("flower")
    area = abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
    assert area == pytest.approx(darts.AREA["flower"], rel=1e-3)


@pytest.mark.parametrize(
    "widget",
    [
        SoftmaxTemperature(), SoftmaxTemperature(temperature=0), SoftmaxTemperature(temperature=math.inf, units="bits"),
        KLBothWays(), KLBothWays(q=[0.5, 0.5, 0]), KLBothWays(view="fit"), Darts(), Darts(shape="flower", darts=0),
    ],
    ids=["softmax", "cold", "hot", "bars", "infinite", "humps", "darts", "no darts"],
)  # fmt: skip
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)
