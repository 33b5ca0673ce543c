"""The attention calculator in the page: weights and blends are the library's, and the slip is recomputed."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import AttentionCalculator
from book_lib.explorables.attention_calculator import KEYS, QUERIES, VALUES
from tests.site.driver import Live, wait_ready

PAGE = "chapters/transformers.html"
NAME = "attention_calculator"
FRESH = {
    "scores": AttentionCalculator().scores, "query_vectors": QUERIES, "key_vectors": KEYS, "values": VALUES,
    "source": "scores", "size": 3, "d": 512, "scaled": False, "causal": False, "temperature": 1, "row": 0, "seed": 0,
    "prediction": "skipped",
}  # fmt: skip
Opener = Callable[..., Page]
Finder = Callable[..., Live]


@pytest.fixture
def calculator(open_page: Opener, live: Finder) -> Live:
    return live(open_page(PAGE, alone=NAME), NAME).set(**FRESH)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"scaled": True},
        {"causal": True, "temperature": 0.3, "row": 2},
        {"source": "vectors", "size": 5, "scaled": True, "row": 4},
        {"source": "random", "size": 4, "d": 128, "causal": True, "row": 3, "seed": 7},
    ],
    ids=str,
)
def test_weights_and_blends_are_the_librarys(calculator: Live, settings: dict) -> None:
    wanted = AttentionCalculator(**settings)
    shown = calculator.set(**FRESH | settings).readouts()
    row = wanted.row
    weights = [shown[f"p{j + 1}"] for j in range(wanted.size)]
    assert weights == pytest.approx(wanted.weights()[row].tolist(), rel=1e-9, abs=1e-15)
    assert [shown["x"], shown["y"]] == pytest.approx(wanted.outputs()[row].tolist(), rel=1e-9, abs=1e-12)
    assert shown["entropy"] == pytest.approx(wanted.entropies()[row], abs=1e-9)
    assert shown["jacobian"] == pytest.approx(wanted.jacobians()[row], abs=1e-7)
    assert [float(total) for total in shown["sums"].split()] == pytest.approx([1] * wanted.size)
    rows = calculator.box.locator(".xp-ac-weights tbody tr")
    cells = rows.nth(row).locator("td").all_inner_texts()[: wanted.size]
    assert [float(text) for text in cells] == pytest.approx(wanted.weights()[row].tolist(), abs=6e-5)


def test_the_slip_is_recomputed_and_the_scale_revives_the_jacobian(calculator: Live) -> None:
    assert "0.9762, 0.0060, 0.0179" in caption(calculator)
    assert "once printed .9, .1, .2 here: these sum to 1.2" in caption(calculator)
    before = calculator.readouts()["jacobian"]
    calculator.button("The same, scaled").click()
    assert "0.3793, 0.3028, 0.3179" in caption(calculator.settle())
    assert calculator.readouts()["heat"] == pytest.approx(math.sqrt(512))
    assert calculator.readouts()["jacobian"] > 10 * before


def test_scaling_is_a_temperature(calculator: Live) -> None:
    scaled = calculator.set(scaled=True, d=256).readouts()
    heated = calculator.set(scaled=False, temperature=16).readouts()
    assert {name: heated[name] for name in ("p1", "p2", "p3", "heat")} == pytest.approx(
        {name: scaled[name] for name in ("p1", "p2", "p3", "heat")}
    )


def test_scores_are_edited_and_bad_ones_refused(calculator: Live) -> None:
    box = calculator.box.get_by_label("Score of query 1 with key 2")
    box.fill("4.1")
    box.press("Enter")
    shown = calculator.settle().readouts()
    assert shown["p1"] == pytest.approx(shown["p2"]) == pytest.approx(1 / (2 + math.exp(-4)), rel=1e-9)
    box.fill("51")
    box.press("Enter")
    expect(calculator.box.get_by_role("alert").filter(has_text="50")).to_be_visible()
    assert calculator.get("scores")[1] == 4.1


def test_the_bet_is_answered_by_the_scaling(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME), NAME)
    x.button("about 40 %: nearly even").press("Enter")
    expect(x.box.locator(".xp-bet")).to_have_count(0)
    assert "You foretold: about 40 %: nearly even." in caption(x.settle())
    x.box.get_by_label("Divide by √d").check()
    assert "Right: 0.3793" in caption(x.settle())


def test_values_are_moved_and_blends_stay_in_their_hull(calculator: Live) -> None:
    calculator.box.get_by_role("slider", name="Value 3").press("ArrowUp")
    assert calculator.settle().get("values")[4:6] == pytest.approx([0.2, 1.6])
    for row in range(3):
        shown = calculator.set(row=row).readouts()
        values = np.reshape(calculator.get("values"), (5, 2))[:3]
        weights = np.linalg.solve(np.vstack([values.T, np.ones(3)]), [shown["x"], shown["y"], 1])
        assert weights.min() >= -1e-9


def test_the_mask_hides_what_comes_later(calculator: Live) -> None:
    calculator.set(causal=True, row=1)
    first = calculator.readouts()
    scores = list(FRESH["scores"])
    scores[7] = -40
    assert calculator.set(scores=scores).readouts()["p1"] == first["p1"]
    assert calculator.box.locator(".xp-ac-tables tbody td").nth(5).inner_text() == "−∞"


def test_a_row_is_picked_and_all_are_shown(calculator: Live) -> None:
    calculator.button("q₂").press("Enter")
    assert calculator.settle().get("row") == 1
    assert calculator.button("q₂").get_attribute("aria-pressed") == "true"
    calculator.button("q₂").click()
    assert calculator.settle().get("row") == -1
    assert "All 3 outputs" in caption(calculator)


BAD = ["scores=1,2", "values=9,9", "row=7", "size=9", "d=3000", "source=none", "temperature=0"]


@pytest.mark.parametrize("address", BAD)
def test_a_foreign_address_changes_nothing(open_page: Opener, live: Finder, address: str) -> None:
    plain = live(open_page(PAGE, alone=NAME), NAME)
    x = live(open_page(f"{PAGE}#xp:{NAME}.{address}", alone=NAME), NAME)
    assert {name: x.get(name) for name in FRESH} == {name: plain.get(name) for name in FRESH}


def test_a_reload_brings_back_the_table(calculator: Live) -> None:
    calculator.button("Queries and keys").click()
    box = calculator.box.get_by_label("Query 1, number 2")
    box.fill("-3")
    box.press("Enter")
    calculator.page.wait_for_function("() => location.hash.includes('query_vectors')")
    before = {name: calculator.get(name) for name in FRESH if name != "prediction"}
    calculator.page.reload()
    wait_ready(calculator.page)
    assert {name: calculator.get(name) for name in before} == before


def test_it_fits_a_phone(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME).set(**FRESH | {"size": 5, "source": "vectors"})
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
    sizes = [box.bounding_box() for box in x.box.locator(".xp-ac-tables input").all()]
    assert min(min(size["width"], size["height"]) for size in sizes) >= 43.5
