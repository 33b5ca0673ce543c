"""The die in the page: −Σ s ln p, its least value at s/N, the multiplier, the prior, and rolls without an order."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page

from book_lib.explorables import DieSimplex
from book_lib.explorables.die_simplex import TRUE
from book_lib.probability import categorical_log_likelihood, categorical_map, face_counts, sample_categorical
from book_lib.rng import CounterRNG
from tests.site.driver import Live

THIRD = [1 / 3, 1 / 3, 1 / 3]
FRESH = {"counts": [2, 5, 3], "p": THIRD, "pseudo": 0, "seed": 0}


@pytest.fixture
def die(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    x = live(open_page("chapters/probability.html", alone="die_simplex"), "die_simplex")
    return x.set(**FRESH)


def test_value_is_minus_sum_s_ln_p(die: Live) -> None:
    rng = np.random.default_rng(0)
    for counts in ([2, 5, 3], [40, 1, 7], [0, 3, 0]):
        for p in rng.dirichlet([1, 1, 1], 5):
            shown = die.set(counts=counts, p=p.tolist()).readouts()
            expected = -categorical_log_likelihood(counts, p)
            assert shown["nll"] == pytest.approx(expected, rel=1e-12, abs=1e-12)
            assert shown["nll_rolls"] == pytest.approx(expected, rel=1e-9, abs=1e-12)  # roll by roll


def test_no_law_beats_the_shares(die: Live) -> None:
    rng = np.random.default_rng(1)
    for counts in ([2, 5, 3], [17, 2, 31]):
        laws = [*rng.dirichlet([1, 1, 1], 8), *rng.dirichlet(np.array(counts) * 3.0, 8)]
        for p in laws:
            shown = die.set(counts=counts, p=p.tolist()).readouts()
            assert shown["nll"] > shown["nll_best"]
            assert shown["excess"] == pytest.approx(shown["nll"] - shown["nll_best"])
        best = [shown[f"best{k}"] for k in (1, 2, 3)]
        assert best == pytest.approx(np.array(counts) / sum(counts), rel=1e-12)
        assert best == pytest.approx(DieSimplex(counts=counts).mle, rel=1e-12)


def test_pulls_balance_at_the_multiplier(die: Live) -> None:
    """Any guess: Σ p·(s/p) = λ = N. At the best law alone all three are equal to it."""
    shown = die.set(p=[0.5, 0.3, 0.2]).readouts()
    pulls = [shown[f"pull{k}"] for k in (1, 2, 3)]
    assert pulls == pytest.approx([4, 5 / 0.3, 15])
    assert np.dot(pulls, [0.5, 0.3, 0.2]) == pytest.approx(shown["lambda"]) == 10
    die.button("Go to the best").click()
    shown = die.settle().readouts()
    assert [shown[f"pull{k}"] for k in (1, 2, 3)] == pytest.approx([10, 10, 10])
    assert shown["excess"] == pytest.approx(0, abs=1e-12)


def test_prior_adds_rolls_of_each_face(die: Live) -> None:
    shown = die.set(counts=[3, 4, 0], pseudo=1.5).readouts()
    expected = categorical_map([3, 4, 0], np.full(3, 2.5))
    assert [shown[f"map{k}"] for k in (1, 2, 3)] == pytest.approx(expected, rel=1e-12)
    assert shown["map3"] > 0 and shown["best3"] == 0


def test_order_does_not_matter(die: Live) -> None:
    before = die.readouts()
    die.button("Shuffle").click()
    after = die.settle().readouts()
    assert before["rolls"] != after["rolls"] and sorted(before["rolls"]) == sorted(after["rolls"])
    skip = ("rolls", "nll_rolls")
    assert {k: v for k, v in before.items() if k not in skip} == {
        k: v for k, v in after.items() if k not in skip
    }
    assert after["nll_rolls"] == pytest.approx(after["nll"], rel=1e-12)


def test_rolls_are_the_librarys(die: Live) -> None:
    die.set(counts=[0, 0, 0], seed=5)
    die.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    die.set(counts=[0, 0, 0]).step(60)
    rolls = sample_categorical(TRUE, 60, CounterRNG(5))
    assert die.get("counts") == face_counts(rolls, 3).tolist()
    assert die.readouts()["rolls"] == "".join(str(face + 1) for face in rolls)


def test_guess_by_keys_pointer_and_counts_by_hand(die: Live) -> None:
    point = die.box.get_by_role("slider", name="Guess p")
    point.focus()
    for _ in range(40):
        die.page.keyboard.press("ArrowUp")
    p = die.settle().get("p")
    assert p[0] > 0.98 and sum(p) == pytest.approx(1, abs=1e-9) and min(p) >= 0
    board = die.box.locator(".xp-ds-board").bounding_box()
    die.page.mouse.click(board["x"] + board["width"] / 2, board["y"] + board["height"] * 0.8)
    p = die.settle().get("p")
    assert p[0] == pytest.approx(0.2, abs=0.03) and p[1] == pytest.approx(p[2], abs=0.03)
    die.button("+ face 3").click()
    assert die.settle().get("counts") == [2, 5, 4]
    box = die.box.get_by_label("Count of face 1")
    box.fill("-1")
    box.press("Enter")
    assert box.get_attribute("aria-invalid") == "true" and die.get("counts") == [2, 5, 4]


def test_on_an_edge_nothing_points_out_of_the_triangle(die: Live) -> None:
    """A face that never came is at rest at p = 0: the best law has no way down, and its words say which pulls agree."""
    die.set(counts=[3, 4, 0], p=[3 / 7, 4 / 7, 0])
    assert (die.settle().box.locator(".xp-ds-down").first.get_attribute("d") or "") == ""
    assert "of the faces that came" in die.box.locator(".xp-caption").first.inner_text()
    die.set(counts=[3, 4, 0], p=[0.6, 0.4, 0])  # along the edge, from corner 1 towards corner 2
    arrow = die.settle().box.locator(".xp-ds-down").first.get_attribute("d") or ""
    x1, y1, x2, y2 = map(float, re.findall(r"[\d.]+", arrow)[:4])
    assert (y2 - y1) / (x2 - x1) == pytest.approx(-np.sqrt(3), rel=0.03)
    die.set(counts=[2, 5, 3], p=[0.2, 0.5, 0.3])
    assert "All three pulls" in die.settle().box.locator(".xp-caption").first.inner_text()
