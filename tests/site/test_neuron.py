"""One neuron in the page: z, h and the rows are the library's; its arrow is dragged; XOR stays out of reach."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from book_lib.explorables import Neuron
from tests.site.driver import Live


@pytest.fixture
def one(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/neural_networks.html", alone="neuron"), "neuron")


@pytest.mark.parametrize("data", ["and", "or", "xor", "house"])
def test_rows_are_the_librarys(one: Live, data: str) -> None:
    cases = [(1, 1, -1.5, "step"), (-2.5, 4, 0.3, "sigmoid"), (3, -4, 2, "tanh"), (10, 10, -9, "relu")]
    for w1, w2, bias, activation in cases:
        settings = {"w1": w1, "w2": w2, "bias": bias, "activation": activation, "data": data}
        shown = one.set(**settings).readouts()
        wanted = Neuron(**settings)
        for i, (z, h) in enumerate(zip(wanted.pre_activations(), wanted.outputs(), strict=True), 1):
            assert shown[f"z{i}"] == pytest.approx(z)
            assert shown[f"h{i}"] == pytest.approx(h)
        assert shown["right"] == wanted.right()


def test_weights_that_do_it_are_a_press_away(one: Live) -> None:
    presets = one.box.get_by_role("group", name="Weights that do it")
    for name, rows in (("Solve OR", 4), ("Solve large AND near", 5), ("Solve AND", 4)):
        presets.get_by_role("button", name=name, exact=True).click()
        assert one.settle().readouts()["right"] == rows


def test_the_arrow_is_moved_by_keys_and_by_pointer(one: Live) -> None:
    one.set(w1=1, w2=1)
    arrow = one.box.get_by_role("slider", name="Arrow of the weights")
    arrow.press("ArrowRight")
    arrow.press("ArrowDown")
    assert [one.settle().get("w1"), one.get("w2")] == pytest.approx([1.1, 0.9])
    box = arrow.bounding_box()
    one.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    one.page.mouse.down()
    one.page.mouse.move(box["x"] - 60, box["y"] - 30, steps=4)
    one.page.mouse.up()
    assert one.settle().get("w1") < 0 < one.get("w2")


def test_the_biases_that_do_it_are_told_in_numbers(one: Live) -> None:
    caption = one.box.locator(".xp-caption")
    one.set(data="or", w1=1, w2=3, bias=-1)
    one.set(data="and")
    assert "Turn the weights" in caption.inner_text()  # no numbers before the reader has tried
    one.set(bias=0)
    assert "above −(w₁ + w₂) = −4, and at most −3" in caption.inner_text()
    assert one.set(bias=-3).readouts()["right"] == 4
    one.set(data="or")
    one.set(bias=-2)
    assert "above −1" in caption.inner_text()
    assert one.set(bias=0).readouts()["right"] == 4
    one.set(w1=-1, bias=-0.5)
    assert "no bias will do" in caption.inner_text()


def test_the_width_of_the_soft_step(one: Live) -> None:
    assert one.set(w1=3, w2=-4).readouts()["width"] == pytest.approx(0.2)
    one.set(w1=0, w2=0)
    assert one.box.locator("[data-readout=width]").inner_text() == "∞"


def test_the_address_holds_the_neuron_and_nothing_foreign(
    open_page: Callable[..., Page], live: Callable[..., Live]
) -> None:
    page = "chapters/neural_networks.html#xp:"
    good = "neuron.w1=2.5&neuron.w2=-4&neuron.bias=1.5&neuron.activation=tanh&neuron.data=xor&neuron.guess=3"
    x = live(open_page(page + good, alone="neuron"), "neuron")
    names = ("w1", "w2", "bias", "activation", "data", "guess")
    assert [x.get(name) for name in names] == [2.5, -4, 1.5, "tanh", "xor", 3]
    bad = "neuron.w1=11&neuron.w2=x&neuron.bias=&neuron.activation=gelu&neuron.data=nand&neuron.guess=1&lattice.field=1"
    y = live(open_page(page + bad, alone="neuron"), "neuron")
    assert [y.get(name) for name in names] == [1, 1, -0.5, "sigmoid", "and", 0]


def test_xor_is_foretold_and_explained(one: Live) -> None:
    one.set(data="xor")
    assert "No line" not in one.box.locator(".xp-caption").inner_text()  # not before the reader has tried
    one.set(bias=-0.4)
    assert "No line" in one.box.locator(".xp-caption").inner_text()
    one.set(data="xor", guess=4)
    assert "The most is 3" in one.box.locator(".xp-caption").inner_text()
    one.set(guess=3)
    assert "That is the most" in one.box.locator(".xp-caption").inner_text()
