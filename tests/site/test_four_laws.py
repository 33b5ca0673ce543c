"""Four laws in the page: its numbers are the library's closed forms, its draws the library's draws."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from book_lib.explorables import FourLaws
from book_lib.probability import Bernoulli, Categorical, Normal, Uniform
from tests.site.driver import Live

FRESH = {
    "law": "normal",
    "mean": 0,
    "standard_deviation": 1,
    "heads": 0.3,
    "faces": [0.1, 0.1, 0.1, 0.1, 0.1, 0.5],
    "low": -1,
    "width": 2,
    "left": -1,
    "right": 1,
    "seed": 0,
}
SETTINGS = [
    {},
    {"mean": 1.5, "standard_deviation": 0.2, "left": 1, "right": 5},
    {"law": "uniform", "low": 0, "width": 0.5, "left": 0.4, "right": -1},
    {"law": "bernoulli", "heads": 0.7, "left": 0.5, "right": 2},
    {"law": "bernoulli", "heads": 0, "left": -1, "right": 0},
    {"law": "categorical", "left": 1.5, "right": 6},
    {"law": "categorical", "faces": [0, 0, 0.5, 0.25, 0.25, 0], "left": 3, "right": 3},
]


@pytest.fixture
def laws(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/probability.html", alone="four_laws"), "four_laws")


def start(x: Live, **settings: object) -> dict:
    """These settings, no draws; what they are, all of them."""
    chosen = FRESH | settings
    x.set(**chosen)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    x.settle()
    return chosen


def closed_form(s: dict) -> tuple[float, float, float, float]:
    """Mean, variance, entropy and P(left ≤ x ≤ right) from the library's laws, and what is school mathematics."""
    a, b = sorted((s["left"], s["right"]))
    if s["law"] == "normal":
        law = Normal(s["mean"], s["standard_deviation"])
        z = [(x - law.mean) / law.standard_deviation / math.sqrt(2) for x in (a, b)]
        return law.mean, law.variance, law.entropy(), (math.erf(z[1]) - math.erf(z[0])) / 2
    if s["law"] == "uniform":
        law = Uniform(s["low"], s["low"] + s["width"])
        inside = max(0, min(b, law.high) - max(a, law.low))
        return law.mean, law.variance, law.entropy(), inside / s["width"]
    if s["law"] == "bernoulli":
        law = Bernoulli(s["heads"])
        inside = (1 - law.mean) * (a <= 0 <= b) + law.mean * (a <= 1 <= b)
        return law.mean, law.variance, law.entropy(), inside
    p, faces = np.array(s["faces"]), np.arange(1, 7)
    mean = float(p @ faces)
    inside = float(p[(faces >= a) & (faces <= b)].sum())
    return mean, float(p @ (faces - mean) ** 2), Categorical(p).entropy(), inside


def test_numbers_are_the_closed_forms(laws: Live) -> None:
    for settings in SETTINGS:
        chosen = start(laws, **settings)
        shown = laws.readouts()
        names = ("mean", "variance", "entropy", "probability")
        assert [shown[name] for name in names] == pytest.approx(closed_form(chosen), rel=1e-12, abs=1e-12), (
            settings
        )


def test_draws_are_the_librarys(laws: Live) -> None:
    for settings in SETTINGS:
        chosen = start(laws, **settings, seed=7)
        laws.step(1).step(399)
        x = FourLaws(**chosen).sample(400)
        shown = laws.readouts()
        assert shown["draws"] == 400
        assert shown["sample_mean"] == pytest.approx(x.mean(), abs=1e-12)
        assert shown["sample_variance"] == pytest.approx(x.var(), rel=1e-9, abs=1e-12)
        law = FourLaws(**chosen).distribution()
        surprise = -np.mean(law.log_prob(x - (chosen["law"] == "categorical")))
        assert shown["sample_entropy"] == pytest.approx(surprise, rel=1e-9, abs=1e-12)
        a, b = sorted((chosen["left"], chosen["right"]))
        assert shown["sample_probability"] == pytest.approx(np.mean((x >= a) & (x <= b)), abs=1e-12)


def test_the_sample_comes_to_the_law(laws: Live) -> None:
    """Ten thousand draws: mean, variance and share within four standard errors, histogram near the curve."""
    for settings in SETTINGS:
        start(laws, **settings)
        laws.step(10_000)
        shown = laws.readouts()
        error = 4 * math.sqrt(shown["variance"] / 10_000)
        assert abs(shown["sample_mean"] - shown["mean"]) <= error + 1e-12
        assert shown["sample_variance"] == pytest.approx(shown["variance"], rel=0.06, abs=1e-9)
        p = shown["probability"]
        assert abs(shown["sample_probability"] - p) <= 4 * math.sqrt(p * (1 - p) / 10_000) + 1e-9


def test_a_density_can_be_higher_than_one_and_its_area_cannot(laws: Live) -> None:
    start(laws)
    laws.button("Narrow bell").click()
    laws.settle()
    shown = laws.readouts()
    assert shown["peak"] == pytest.approx(1 / (0.2 * math.sqrt(2 * math.pi)), rel=1e-12)
    assert shown["peak"] > 1
    laws.set(left=-5, right=5)
    assert laws.readouts()["probability"] == pytest.approx(1, abs=1e-12)
    assert shown["entropy"] < 0


def test_interval_ends_can_be_pulled(laws: Live) -> None:
    start(laws)
    end = laws.box.get_by_role("slider", name="Right end of the interval")
    end.focus()
    for _ in range(5):
        laws.page.keyboard.press("ArrowRight")
    assert laws.settle().get("right") == pytest.approx(1.5)
    assert laws.readouts()["probability"] == pytest.approx(
        (math.erf(1.5 / 2**0.5) + math.erf(1 / 2**0.5)) / 2, abs=1e-12
    )
    spot = end.bounding_box()
    x, y = spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2
    laws.page.mouse.move(x, y)
    laws.page.mouse.down()
    laws.page.mouse.move(x + 80, y, steps=4)
    laws.page.mouse.up()
    assert laws.settle().get("right") > 1.9
    laws.page.keyboard.press("Home")
    assert laws.settle().get("right") == -5  # now it is the left end


def test_loading_the_die_keeps_the_sum(laws: Live) -> None:
    start(laws, law="categorical")
    laws.box.get_by_role("slider", name="Probability of face 3").focus()
    for _ in range(10):
        laws.page.keyboard.press("ArrowUp")
    faces = laws.settle().get("faces")
    assert sum(faces) == pytest.approx(1, abs=1e-12)
    assert faces[2] == pytest.approx(0.3)
    assert faces[5] == pytest.approx(5 * faces[0])  # the others keep their proportions
