"""What a training costs, in the page: every number is the library's."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import TrainingCalculator
from tests.site.driver import Live

PAGE = "chapters/llm_pipeline.html"
NAME = "training_calculator"
FRESH = {"parameters": 1.75e11, "tokens": 3e11, "peak": 1e14, "utilization": 0.4, "devices": 1024, "price": 2,
         "precision": "bfloat16", "device_memory": 80, "prediction": "skipped"}  # fmt: skip


@pytest.fixture
def calculator(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone=NAME), NAME).set(**FRESH)


def caption(x: Live) -> str:
    return x.box.locator(".xp-tc > .xp-caption").inner_text()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"parameters": 7e9, "tokens": 2e12, "devices": 2048, "precision": "float32", "utilization": 0.5},
        {"parameters": 4e5, "tokens": 4e5, "peak": 5e10, "devices": 1, "price": 0.1, "device_memory": 16},
        {
            "parameters": 1e13,
            "tokens": 1e14,
            "peak": 1e8,
            "utilization": 0.01,
            "price": 1000,
            "device_memory": 1,
        },
    ],
    ids=str,
)
def test_every_number_is_the_librarys(calculator: Live, settings: dict) -> None:
    wanted = TrainingCalculator(**FRESH | settings)
    shown = calculator.set(**FRESH | settings).readouts()
    own = {"compute": wanted.compute(), "ratio": wanted.tokens_per_parameter(), "seconds": wanted.seconds(),
           "cost": wanted.cost(), "memory": sum(wanted.memory().values()), "least": wanted.devices_to_hold(),
           "device_hours": wanted.seconds() * wanted.devices / 3600}  # fmt: skip
    assert {name: shown[name] for name in own} == pytest.approx(own, rel=1e-12)
    assert {name: shown[f"bytes_{name}"] for name in wanted.memory()} == pytest.approx(
        wanted.memory(), rel=1e-12
    )


def test_gpt3_takes_3_15e23_operations(calculator: Live) -> None:
    calculator.set(parameters=1e9, tokens=1e9)
    calculator.box.get_by_role("button", name="GPT-3", exact=True).press("Enter")
    assert calculator.settle().readouts()["compute"] == pytest.approx(3.15e23, rel=1e-12)
    told = caption(calculator)
    assert "3.15 × 10²³ operations, with 1.71 tokens for each parameter" in told
    assert "89 days" in told and "2.8 TB" in told and "35 devices" in told


def test_twenty_tokens_for_each_parameter(calculator: Live) -> None:
    calculator.button("20 tokens").click()
    assert calculator.settle().get("tokens") == 3.5e12
    assert calculator.readouts()["ratio"] == 20
    assert "makes the most of a given compute" in caption(calculator)


def test_twenty_tokens_for_each_parameter_within_the_same_operations(calculator: Live) -> None:
    calculator.button("20 tokens each, same 6ND").press("Enter")
    shown = calculator.settle().readouts()
    assert shown["compute"] == pytest.approx(3.15e23, rel=1e-5)
    assert shown["ratio"] == pytest.approx(20, rel=0.01)
    assert calculator.get("parameters") == pytest.approx((3.15e23 / 120) ** 0.5, rel=0.01)


def test_the_start_brings_every_setting_back(open_page: Callable, live: Callable) -> None:
    x = live(open_page(PAGE, alone=NAME), NAME)
    names = [name for name in FRESH if name != "prediction"]
    start = {name: x.get(name) for name in names}
    x.button("25 years").press("Enter")
    x.set(price=7, precision="float32", device_memory=16, peak=1e12, utilization=0.9, tokens=1e6)
    x.button("As the page begins").press("Enter")
    assert {name: x.settle().get(name) for name in names} == start
    assert x.get("prediction") == "decades"


def test_the_ear_hears_the_verdict_once(open_page: Callable, live: Callable) -> None:
    x = live(open_page(PAGE, alone=NAME), NAME)
    said = x.box.get_by_role("status")
    x.button("25 years").press("Enter")
    expect(said).to_have_text("You bet on 25 years; GPT-3 on one such device takes 250 years.")
    x.control("Devices").press("ArrowRight")
    expect(said).to_contain_text("3.15 × 10²³ operations, 125 years")
    assert "bet" not in said.inner_text()


def test_the_place_in_the_plane_is_dragged_and_moved_by_keys(calculator: Live) -> None:
    place = calculator.box.get_by_role("slider", name="This training")
    place.press("ArrowRight")
    place.press("ArrowDown")
    assert calculator.settle().get("parameters") == pytest.approx(1.75e11 * 10**0.1, rel=5e-3)
    assert calculator.get("tokens") == pytest.approx(3e11 / 10**0.1, rel=5e-3)
    assert calculator.readouts()["compute"] == pytest.approx(
        3.15e23, rel=1e-2
    )  # along a line of equal compute
    spot = place.locator(".xp-handle-dot").bounding_box()
    x, y = spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2
    calculator.page.mouse.move(x, y)
    calculator.page.mouse.down()
    calculator.page.mouse.move(x - 100, y + 60, steps=4)
    calculator.page.mouse.up()
    assert calculator.settle().get("parameters") < 1e11 and calculator.get("tokens") < 1e11


def test_twice_the_devices_cost_the_same(calculator: Live) -> None:
    one = calculator.readouts()
    two = calculator.set(devices=2048).readouts()
    assert two["seconds"] == pytest.approx(one["seconds"] / 2)
    assert two["cost"] == pytest.approx(one["cost"])
    assert "too few here" in caption(calculator.set(devices=32))


def test_the_bet_sets_its_case(open_page: Callable, live: Callable) -> None:
    x = live(open_page(PAGE, alone=NAME), NAME)
    x.set(parameters=1e9, tokens=1e9)
    expect(x.box.locator(".xp-bet")).to_be_visible()
    x.button("25 years").press("Enter")
    assert (x.settle().get("devices"), x.get("parameters")) == (1, 1.75e11)
    assert "You bet on 25 years; GPT-3 on one such device takes 250 years." in caption(x)
    assert x.box.locator("[data-readout=seconds]").inner_text() == "250 years"


BAD = [
    "parameters=1",
    "tokens=1e15",
    "utilization=2",
    "devices=3",
    "price=0",
    "precision=int8",
    "prediction=years",
]


@pytest.mark.parametrize("address", BAD)
def test_a_foreign_address_changes_nothing(open_page: Callable, live: Callable, address: str) -> None:
    plain = live(open_page(PAGE, alone=NAME), NAME)
    x = live(open_page(f"{PAGE}#xp:{NAME}.{address}", alone=NAME), NAME)
    assert {name: x.get(name) for name in FRESH} == {name: plain.get(name) for name in FRESH}


def test_it_fits_a_phone(open_page: Callable, live: Callable) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME)
    x.set(**FRESH | {"parameters": 1e13, "tokens": 1e14, "peak": 1e8, "devices": 1, "price": 1000})
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
