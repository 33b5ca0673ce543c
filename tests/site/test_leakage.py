"""The leak: every score is Python's; without it noise scores as noise, with it all but new samples are fooled."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import Leakage
from tests.site.driver import Live

USUAL = {"leak": False, "features": 1000, "kept": 10, "train": 40, "validation": 20, "test": 20, "seed": 0}
NAMES = ("validation", "test", "new")


@pytest.fixture
def leakage(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/data_model_task.html", alone="leakage"), "leakage")


def start(x: Live, **settings: object) -> Live:
    """Known settings and the first fifty data sets."""
    x.set(**USUAL | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


CASES = [
    {},
    {"leak": True},
    {"leak": True, "features": 10, "kept": 20, "seed": 4},  # more are kept than there are
    {"leak": True, "features": 200, "kept": 1, "train": 120, "validation": 33, "test": 10},
    {"features": 50, "kept": 3, "train": 10, "seed": 2**32 - 1},
]


def test_scores_are_pythons(leakage: Live) -> None:
    for settings in CASES:
        start(leakage, **settings)
        compare(leakage, Leakage(**settings), 50)
    leakage.step(30)
    compare(leakage, Leakage(**CASES[-1]), 80)


def compare(shown: Live, expected: Leakage, repeats: int) -> None:
    """Means and standard errors on all three parts."""
    numbers = shown.readouts()
    scores = expected.scores(repeats)
    assert numbers["repeats"] == repeats
    for k, name in enumerate(NAMES):
        assert numbers[f"{name}_accuracy"] == pytest.approx(scores[:, k].mean(), rel=1e-12)
        error = scores[:, k].std(ddof=1) / np.sqrt(repeats)
        assert numbers[f"{name}_error"] == pytest.approx(error, rel=1e-9)


def test_a_leak_fools_validation_and_test_but_not_new_samples(leakage: Live) -> None:
    """Labels are coin tosses: the truth is one half."""
    honest = start(leakage).step(350).readouts()
    for name in NAMES:
        assert abs(honest[f"{name}_accuracy"] - 0.5) < 4 * honest[f"{name}_error"], name
    leaky = leakage.set(leak=True).readouts()
    assert leaky["repeats"] == 400
    assert leaky["validation_accuracy"] > 0.75
    assert leaky["test_accuracy"] > 0.75
    assert abs(leaky["new_accuracy"] - 0.5) < 4 * leaky["new_error"]


def test_the_caption_says_what_to_believe(leakage: Live) -> None:
    caption = leakage.box.locator(".xp-caption")
    for preset, words in (
        ("Honest", "Only the training set has a say"),
        ("Leak", "Nothing was learned"),
        ("Leak, few features", "tell little about the labels by luck"),
        ("Leak, more samples", "New samples"),
    ):
        leakage.box.get_by_role("button", name=preset, exact=True).click()
        expect(caption).to_contain_text(words)
        shown = leakage.settle().readouts()
        assert f"New samples: {round(100 * shown['new_accuracy'])} %" in caption.inner_text()


def test_bands_are_disjoint_and_as_wide_as_the_sets(leakage: Live) -> None:
    start(leakage, train=60, validation=30, test=10)
    boxes = [leakage.box.locator(f".xp-le-{name}").bounding_box() for name in ("train", "validation", "test")]
    widths = np.array([box["width"] for box in boxes])
    np.testing.assert_allclose(widths / widths.sum(), [0.6, 0.3, 0.1], atol=0.005)
    for left, right in zip(boxes, boxes[1:], strict=False):
        assert left["x"] + left["width"] <= right["x"] + 0.5


def test_the_switch_shows_who_looks_at_what(leakage: Live) -> None:
    start(leakage)
    leaking = leakage.box.locator(".xp-le-leaking")
    assert leaking.count() == 0
    leakage.box.get_by_role("radio", name="Training set only").press("ArrowRight")
    assert leakage.settle().get("leak") is True
    assert leaking.count() == 2
    leakage.box.get_by_text("Training set only", exact=True).click()
    assert leakage.settle().get("leak") is False
    assert leaking.count() == 0


def test_more_choice_makes_the_leak_worse(leakage: Live) -> None:
    scores = []
    slider = leakage.box.get_by_role("slider", name="Features to choose from")
    start(leakage, leak=True)
    for key in ("Home", "End"):
        slider.press(key)
        scores.append(leakage.settle().readouts()["validation_accuracy"])
    assert leakage.get("features") == 2000
    assert scores[1] > scores[0] + 0.2
