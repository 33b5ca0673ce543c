"""The receptive field and AlexNet's calculator in the page: their integers are the library's."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import AlexNetCalculator, ReceptiveField
from tests.site.driver import Live

PAGE = "chapters/vision.html"


@pytest.fixture
def field(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    x = live(open_page(PAGE, alone="receptive_field"), "receptive_field")
    return x.set(layers=[3, 1, 3, 1], unit=20)


@pytest.fixture
def calculator(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    x = live(open_page(PAGE, alone="alexnet_calculator"), "alexnet_calculator")
    library = AlexNetCalculator()
    return x.set(layers=library.layers, shape=library.shape, chosen=0)


# -- the receptive field


@pytest.mark.parametrize("layers", [[(3, 1), (3, 1)], [(5, 2), (3, 1), (2, 2)], [(1, 2)], [(3, 1)] * 5, [(5, 2)] * 5])
def test_fields_and_cones_are_the_librarys(field: Live, layers: list) -> None:
    wanted = ReceptiveField(layers, unit=0)
    shown = field.set(layers=wanted.layers, unit=0).readouts()
    assert shown["field"] == wanted.field()
    assert (shown["first"], shown["last"]) == wanted.cone()[0]
    assert shown["units"] == wanted.sizes()[-1]
    assert f"= {wanted.field()}: unit 0" in field.box.locator(".xp-caption").inner_text()
    last = ReceptiveField(layers, unit=wanted.sizes()[-1] - 1)
    shown = field.set(unit=last.unit).readouts()
    assert (shown["first"], shown["last"]) == last.cone()[0]


def test_layers_are_added_edited_and_removed(field: Live) -> None:
    field.button("Add a layer").press("Enter")
    assert field.settle().readouts()["field"] == 7
    box = field.box.get_by_label("stride of layer 1")
    box.fill("2")
    box.press("Enter")
    assert field.settle().get("layers") == [3, 2, 3, 1, 3, 1]
    assert (field.readouts()["field"], field.readouts()["jump"]) == (11, 2)
    for _ in range(2):
        field.button("Add a layer").click()
    expect(field.button("Add a layer")).to_be_disabled()
    for _ in range(4):
        field.button("Remove the last").click()
    assert field.settle().get("layers") == [3, 2]
    expect(field.button("Remove the last")).to_be_disabled()


def test_the_unit_is_moved_and_stays_within_the_layer(field: Live) -> None:
    grip = field.box.get_by_role("slider", name="Unit of the last layer")
    grip.press("ArrowRight")
    assert field.settle().get("unit") == 21
    assert grip.get_attribute("aria-valuetext") == "unit 21, pixels 21 to 25"
    grip.press("End")
    assert field.settle().get("unit") == 59
    box = grip.bounding_box()
    field.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    field.page.mouse.down()
    field.page.mouse.move(box["x"] - 150, box["y"], steps=4)
    field.page.mouse.up()
    assert field.settle().get("unit") < 55
    field.set(unit=59)
    field.button("Stride 2 first").click()
    assert field.settle().get("unit") == 28


# -- AlexNet's integers


def test_totals_are_the_librarys(calculator: Live) -> None:
    network = AlexNetCalculator().network()
    shown = calculator.readouts()
    assert [shown[key] for key in ("parameters", "units", "multiplications")] == [
        60_965_224, 659_272, network.multiplications,
    ]  # fmt: skip
    assert (shown["conv"], shown["dense"]) == (2_334_080, 58_631_144)
    rows = calculator.box.locator(".xp-an-table tbody tr").all_inner_texts()
    assert len(rows) == 13
    for text, row in zip(rows[1:-1], network.rows, strict=True):
        cells = text.split("\t")
        assert cells[1] == " × ".join(map(str, row.shape))
        assert [int(cell.replace(",", "")) for cell in cells[2:]] == [row.parameters, row.units, row.multiplications]


def test_a_layer_is_chosen_and_edited(calculator: Live) -> None:
    calculator.box.get_by_label("Layer to edit").select_option(index=2)
    groups = calculator.box.get_by_label("Groups")
    groups.fill("1")
    groups.press("Enter")
    calculator.settle()
    layers = AlexNetCalculator().layers
    layers[2 * 6 + 5] = 1
    assert calculator.get("layers") == layers
    assert calculator.readouts()["parameters"] == 60_965_224 + 307_200
    calculator.box.get_by_label("Layer to edit").select_option(index=8)
    assert calculator.box.get_by_label("Kernel").count() == 0
    units = calculator.box.get_by_label("Units", exact=True)
    assert units.input_value() == "4096"


def test_a_layer_that_does_not_fit_is_named(calculator: Live) -> None:
    box = calculator.box.get_by_label("Input height and width")
    box.fill("16")
    box.press("Enter")
    expect(calculator.box.locator(".xp-caption")).to_contain_text("does not fit its input of")
    assert calculator.settle().readouts()["parameters"] == "–"
    assert calculator.readouts()["conv"] == "–"
    calculator.button("For 28 × 28 digits").press("Enter")
    assert calculator.settle().readouts()["parameters"] == 61_706


def test_a_dense_layer_becomes_a_pooling_over_all_places(calculator: Live) -> None:
    """What the chapter asks to try: 61 million parameters shrink to 2.6."""
    menu = calculator.box.get_by_label("Layer to edit")
    menu.select_option(index=9)
    calculator.button("Remove this layer").click()
    menu.select_option(index=8)
    calculator.box.get_by_label("Kind").select_option("pool")
    box = calculator.box.get_by_label("Kernel")
    box.fill("6")
    box.press("Enter")
    assert calculator.settle().readouts()["parameters"] == 2_334_080 + 257_000


def test_layers_are_repeated_and_removed(calculator: Live) -> None:
    calculator.box.get_by_label("Layer to edit").select_option(index=4)
    calculator.button("Repeat this layer").click()
    assert len(calculator.settle().get("layers")) == 72
    assert calculator.get("chosen") == 5
    calculator.button("Remove this layer").press("Enter")
    assert calculator.settle().readouts()["parameters"] == 60_965_224


MISFITS = [
    ("Padding", 0, "11", "a padding of 11 is not less than the kernel of 11"),
    ("Groups", 4, "7", "7 groups do not divide 256 channels"),
    ("Kernel", 4, "16", "the kernel of 16 is larger than 13 + 2·1 pixels"),
]


@pytest.mark.parametrize(("label", "layer", "typed", "words"), MISFITS, ids=["padding", "groups", "kernel"])
def test_what_does_not_fit_is_said_and_can_be_undone(
    calculator: Live, label: str, layer: int, typed: str, words: str
) -> None:
    calculator.box.get_by_label("Layer to edit").select_option(index=layer)
    box = calculator.box.get_by_label(label, exact=True)
    before = box.input_value()
    box.fill(typed)
    box.press("Enter")
    caption = calculator.box.locator(".xp-caption")
    expect(caption).to_contain_text(f"Layer {layer + 1}, conv, does not fit")
    expect(caption).to_contain_text(words)
    twin = AlexNetCalculator()
    twin.layers = calculator.get("layers")
    with pytest.raises(ValueError, match=rf"layer {layer + 1} \(conv\)|groups must divide"):
        twin.network()
    box.fill(before)
    box.press("Enter")
    assert calculator.settle().readouts()["parameters"] == 60_965_224


def test_a_pooling_after_a_dense_layer_does_not_fit(calculator: Live) -> None:
    calculator.box.get_by_label("Layer to edit").select_option(index=9)
    calculator.box.get_by_label("Kind").select_option("pool")
    expect(calculator.box.locator(".xp-caption")).to_contain_text("there is no image left")


def test_whole_numbers_stand_in_full_in_the_table(calculator: Live) -> None:
    calculator.button("Show as table").click()
    expect(calculator.box.locator(".xp-table")).to_contain_text("37752832")
    expect(calculator.box.locator(".xp-table")).to_contain_text("60965224")


def test_the_network_in_the_address_comes_back(calculator: Live, live: Callable[..., Live]) -> None:
    calculator.button("For 28 × 28 digits").click()
    calculator.box.get_by_label("Layer to edit").select_option(index=3)
    expect(calculator.page).to_have_url(re.compile("chosen=3"))
    calculator.page.reload()
    again = live(calculator.page, "alexnet_calculator")
    expect(again.box.locator(".xp-caption")).to_contain_text("61,706 parameters")
    expect(again.box.locator(".xp-caption")).to_contain_text("Layer 4, pool")


def test_the_stack_in_the_address_comes_back(field: Live, live: Callable[..., Live]) -> None:
    field.button("Stride 2 first").click()
    field.box.get_by_role("slider", name="Unit of the last layer").press("Home")
    expect(field.page).to_have_url(re.compile("unit=0"))
    field.page.reload()
    again = live(field.page, "receptive_field")
    expect(again.box.locator(".xp-caption")).to_contain_text("= 7: unit 0 of the last layer sees pixels 0 to 6")


@pytest.mark.parametrize(
    ("name", "boxes"),
    [
        ("kernel_editor", ["Kernel, row 1, column 3", "Kernel, row 3, column 2"]),
        ("receptive_field", ["stride of layer 1", "kernel of layer 2"]),
        ("alexnet_calculator", ["Kernel", "Stride", "Input height and width"]),
    ],
)
def test_messages_stay_on_a_narrow_page(open_page: Callable[..., Page], name: str, boxes: list[str]) -> None:
    page = open_page(PAGE, alone=name, width=360)
    root = page.locator(f"[data-explorable={name}]")
    for label in boxes:
        box = root.get_by_label(label, exact=True)
        box.fill("999")
        box.press("Enter")
        error = box.locator("xpath=following-sibling::*[contains(@class, 'xp-error')]")
        expect(error).to_contain_text("from")
        here, there = box.bounding_box(), error.bounding_box()
        assert there["x"] >= 0 and there["x"] + there["width"] <= 360
        assert 0 <= there["y"] - (here["y"] + here["height"]) <= 12  # right under its box
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
