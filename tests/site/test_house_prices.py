"""House prices: what the knobs make of each house is the library's, and the button finds the least squares."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import HousePrices
from tests.site.driver import READY, Live

HAND = {"price_per_m2": 3.5, "penalty_per_km": -15, "base": 700}
BARS = """el => [...el.querySelectorAll('.xp-layer-misses path')].map(p => {
    const [, from, to] = /M[\\d.]+ ([\\d.-]+)V([\\d.-]+)/.exec(p.getAttribute('d')); return from - to; })"""


@pytest.fixture
def houses(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/linear_regression.html", alone="house_prices"), "house_prices")


def start(x: Live, **settings: object) -> Live:
    return x.set(**HAND | {"fifth": False} | settings)


def test_readouts_are_the_librarys(houses: Live) -> None:
    for settings in ({}, {"fifth": True}, {"price_per_m2": 20, "penalty_per_km": 30, "base": 0}, {"base": 1500}):
        shown = start(houses, **settings).readouts()
        expected = HousePrices(**HAND | settings)
        assert shown["mse"] == pytest.approx(expected.mse(), rel=1e-12)
        assert shown["rms"] ** 2 == pytest.approx(expected.mse(), rel=1e-12)
        for i, price in enumerate(expected.predictions(), start=1):
            assert shown[f"price{i}"] == pytest.approx(price, rel=1e-12)
        assert [shown[f"unit{i}"] for i in range(1, 6)] == [15, 10, 5, 5, 20]


def test_the_least_error_is_told_only_when_it_has_been_reached(houses: Live) -> None:
    """How low can it go? is the question before the picture; the picture must not answer first."""
    page = houses.page
    page.reload()  # as a reader finds it
    page.wait_for_selector(READY, state="attached")
    first = houses.settle().readouts()
    assert np.isnan(first["best_mse"])
    caption = houses.box.locator(".xp-caption")
    expect(caption).to_contain_text("how small can the mean square become?")
    assert "474" not in houses.box.inner_text()
    houses.button("Fit for me").click()
    assert houses.settle().readouts()["best_mse"] == pytest.approx(474.07, abs=0.005)
    houses.button("Knobs by hand").click()
    assert houses.settle().readouts()["best_mse"] == pytest.approx(474.07, abs=0.005)
    expect(caption).to_contain_text("a mean square of 474.071 can be reached")
    assert np.isnan(houses.set(fifth=True).readouts()["best_mse"])  # another question


def test_fit_for_me_goes_to_least_squares_with_four_rows_and_with_five(houses: Live) -> None:
    start(houses).button("Fit for me").click()
    assert houses.settle().readouts()["mse"] == pytest.approx(474.07, abs=0.005)
    weights = [houses.get(name) for name in HAND]
    np.testing.assert_allclose(weights, HousePrices().best(), rtol=1e-9)
    expect(houses.button("Fit for me")).to_be_disabled()
    expect(houses.box.locator(".xp-caption")).to_contain_text("a plane does well")
    houses.box.get_by_label("Add the fifth house").check()
    assert houses.settle().readouts()["mse"] > 1e6
    houses.button("Fit for me").click()
    assert houses.settle().readouts()["mse"] == pytest.approx(188230.97, abs=0.005)
    assert houses.readouts()["price4"] == pytest.approx(-207.8, abs=0.05)
    expect(houses.box.locator(".xp-caption")).to_contain_text("less than nothing")


def test_bars_are_as_long_as_the_misses(houses: Live) -> None:
    start(houses)
    bars = np.array(houses.box.evaluate(BARS))
    misses = HousePrices().data()[1] - HousePrices().predictions()
    scale = (280 - 12 - 46) / 1400  # pixels of 10⁴ yuan
    np.testing.assert_allclose(-bars / scale, misses, atol=1)
    assert len(houses.set(fifth=True).box.evaluate(BARS)) == 5


def test_nobody_beats_least_squares(houses: Live) -> None:
    start(houses)
    rng, least = np.random.default_rng(5), HousePrices().mse(HousePrices().best())
    for knobs in rng.uniform((0, -120, 0), (20, 30, 1500), (8, 3)):
        shown = houses.set(**dict(zip(HAND, map(float, knobs), strict=True))).readouts()
        assert shown["mse"] >= least


def test_the_table_has_the_fifth_row_only_when_asked(houses: Live) -> None:
    table = start(houses).box.locator("table.xp-small-table")
    assert table.locator("tbody tr:visible").count() == 4
    houses.box.get_by_label("Add the fifth house").check()
    houses.settle()
    row = table.locator("tbody tr").nth(4)
    expect(row).to_be_visible()
    assert row.locator("td").all_inner_texts() == ["200", "2", "4000", "1370", "2630", "20.0"]  # t − y, as in the text


def test_a_knob_by_keyboard(houses: Live) -> None:
    start(houses)
    houses.box.get_by_role("slider", name="To begin with").press("ArrowRight")
    assert houses.settle().get("base") == 710
    assert houses.readouts()["price1"] == 890
