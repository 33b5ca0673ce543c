"""Four laws, ellipse, die, coin and sampler in Python: what they take, refuse, compute and show."""

import time

import numpy as np
import pytest

from book_lib.explorables import BetaCoin, CovarianceEllipse, CumulativeSampler, DieSimplex, FourLaws
from book_lib.explorables.four_laws import LAWS
from book_lib.rng import CounterRNG
from tests.lib.pictures import check_pictures

BAD = [
    (FourLaws, {"law": "poisson"}, "law"),
    (FourLaws, {"standard_deviation": 0}, "standard_deviation"),
    (FourLaws, {"faces": [0.5, 0.5]}, "faces"),
    (FourLaws, {"faces": [0.5] * 6}, "faces"),
    (FourLaws, {"heads": 1.1}, "heads"),
    (CovarianceEllipse, {"rho": 1}, "rho"),
    (CovarianceEllipse, {"sigma1": -1}, "sigma1"),
    (CovarianceEllipse, {"samples": 2001}, "samples"),
    (DieSimplex, {"counts": [1, 2]}, "counts"),
    (DieSimplex, {"counts": [1, 2, -3]}, "counts"),
    (DieSimplex, {"counts": [1, 2, 2.5]}, "counts"),
    (DieSimplex, {"p": [0.5, 0.5, 0.5]}, "p"),
    (DieSimplex, {"p": "abc"}, "p"),
    (DieSimplex, {"pseudo": -1}, "pseudo"),
    (BetaCoin, {"a": 0}, "a"),
    (BetaCoin, {"heads": -1}, "heads"),
    (CumulativeSampler, {"p": [0.5, 0.5]}, "p"),
    (CumulativeSampler, {"p": [0, 0, 0]}, "p"),
    (CumulativeSampler, {"p": [0.5, float("nan"), 0.5]}, "p"),
    (CumulativeSampler, {"u": 1.5}, "u"),
    (CumulativeSampler, {"rule": "middle"}, "rule"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        kind(**arguments)


def test_lists_are_plain_numbers() -> None:
    die = DieSimplex(counts=np.array([2, 5, 3]), p=np.array([0.2, 0.5, 0.3]))
    assert (die.counts, die.p) == ([2, 5, 3], [0.2, 0.5, 0.3])
    assert type(die.counts[0]) is int and type(die.p[0]) is float
    die.counts = [0, 0, 1]
    with pytest.raises(
        ValueError, match="counts must hold 3 whole numbers of at least 0 and of at most 999, not"
    ):
        die.counts = [0, 0, 1000]
    assert die.counts == [0, 0, 1]


@pytest.mark.parametrize("law", LAWS)
def test_interval_probability_is_the_share_of_many_draws(law: str) -> None:
    widget = FourLaws(law=law, left=1.0, right=-0.25, seed=3)
    x = widget.sample(20_000)
    p = widget.interval_probability()
    assert np.mean((x >= -0.25) & (x <= 1)) == pytest.approx(p, abs=4 * (p * (1 - p) / 20_000) ** 0.5 + 1e-9)


def test_slice_is_the_regression_line() -> None:
    widget = CovarianceEllipse(sigma1=2, sigma2=0.5, rho=-0.8, slice=1.5)
    x = widget.distribution().sample(200_000, CounterRNG(2))
    slope = np.polyfit(*x.T, 1)[0]
    mean, variance = widget.conditional()
    assert mean == pytest.approx(1.5 * slope, abs=0.005)
    assert variance == pytest.approx((x[:, 1] - slope * x[:, 0]).var(), rel=0.02)


def test_die_is_most_probable_at_its_shares() -> None:
    die = DieSimplex(counts=[4, 0, 6])
    best = DieSimplex(counts=[4, 0, 6], p=die.mle)
    assert best.nll < die.nll
    assert best.nll == pytest.approx(-(4 * np.log(0.4) + 6 * np.log(0.6)))
    assert DieSimplex(counts=[0, 0, 0]).mle is None
    assert DieSimplex(counts=[1, 0, 0], p=[0, 0.5, 0.5]).nll == np.inf


def test_hidden_coin_depends_on_the_seed() -> None:
    coins = [BetaCoin(seed=seed) for seed in range(20)]
    biases = [coin.bias for coin in coins]
    assert min(biases) >= 0.1 and max(biases) <= 0.9 and len(set(biases)) == 20
    for coin in coins[:3]:
        assert coin.flip(20_000).mean() == pytest.approx(coin.bias, abs=0.015)


def test_weights_need_not_sum_to_one() -> None:
    few = CumulativeSampler(p=[0.1, 0.25, 0.15], seed=4)
    assert few.draw(200).tolist() == CumulativeSampler(p=[0.2, 0.5, 0.3], seed=4).draw(200).tolist()
    assert CumulativeSampler(p=[0, 0.5, 0.5], u=0).outcome() == 1
    assert CumulativeSampler(p=[0, 0.5, 0.5], u=0, rule="lower").outcome() == 0
    assert CumulativeSampler(u=1).outcome() is None


SHOWN = [
    *(FourLaws(law=law) for law in LAWS),
    CovarianceEllipse(),
    CovarianceEllipse(samples=0, rho=-0.99),
    DieSimplex(),
    DieSimplex(counts=[0, 0, 0]),
    DieSimplex(counts=[0, 0, 9], p=[0.5, 0.5, 0]),
    BetaCoin(),
    BetaCoin(a=0.5, b=0.5, heads=3),
    CumulativeSampler(),
    CumulativeSampler(p=[0, 1, 0, 0], u=1),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("widget", SHOWN, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    begun = time.process_time()
    widget.still()
    assert time.process_time() - begun < 3  # a third of a second on an idle machine
    check_pictures(widget)


def test_alt_text_can_be_given() -> None:
    assert BetaCoin(alt="A coin and two curves.").describe() == "A coin and two curves."
