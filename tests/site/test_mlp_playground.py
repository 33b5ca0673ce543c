"""The playground: its training is the library's, divergence is named, points are drawn, units and temperature shown."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from book_lib.explorables import MlpPlayground
from book_lib.explorables.mlp_playground import flat
from tests.site.driver import Live, wait_ready

PAGE = "chapters/neural_networks.html"
FRESH = {"data": "circles", "points": [], "inputs": "plain", "hidden": [4], "activation": "tanh", "method": "descent",
         "learning_rate": 0.6, "penalty": "l2", "regularization": 0, "batch_size": 10, "noise": 0.2,
         "temperature": 1, "predict": "", "seed": 0}  # fmt: skip
BLOWN = {"hidden": [8, 8], "activation": "relu", "learning_rate": 30}


@pytest.fixture
def play(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="mlp_playground"), "mlp_playground")


def start(x: Live, **settings: object) -> Live:
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


CASES = [
    {},
    {"data": "xor", "hidden": [4, 3], "activation": "relu", "regularization": 0.01, "penalty": "l1"},
    {"data": "spiral", "hidden": [8, 8, 8], "method": "adam", "learning_rate": 0.01, "batch_size": 50, "noise": 0},
    {"data": "xor", "inputs": "products", "hidden": [2], "learning_rate": 0.2},
    {"data": "bells", "hidden": [0], "batch_size": 100, "learning_rate": 1, "seed": 2**32 - 1, "temperature": 2},
    {"data": "circles", "activation": "sigmoid", "noise": 0.6, "regularization": 0.003, "learning_rate": 3},
]


def test_training_is_the_librarys(play: Live) -> None:
    for settings in CASES:
        start(play, **settings)
        wanted = MlpPlayground(**FRESH | settings)
        taken = 0
        for steps in (1, 20, 80):
            shown = play.step(steps - taken).readouts()
            taken = steps
            network = wanted.train(steps).network
            weights = np.concatenate([p.data.ravel() for p in network.parameters() if p.data.ndim == 2])
            assert shown["steps"] == steps
            assert shown["norm"] == pytest.approx(np.linalg.norm(weights), rel=1e-6), (settings, steps)
            assert shown["loss"] == pytest.approx(wanted.loss(network), rel=1e-6)
            assert shown["held_out_loss"] == pytest.approx(wanted.loss(network, held_out=True), rel=1e-6)
            assert shown["right"] == pytest.approx(wanted.accuracy(network))
            assert shown["logit"] == pytest.approx(wanted.logits(network, np.ones((1, 2)))[0], rel=1e-5, abs=1e-7)
        assert shown["parameters"] == wanted.parameters == len(flat(network))


def test_divergence_is_named_with_its_step_and_its_reason(play: Live) -> None:
    start(play, **BLOWN).step(100)
    run = MlpPlayground(**FRESH | BLOWN).train(100)
    shown = play.readouts()
    assert shown["steps"] == run.diverged
    assert shown["diverged"] == run.why
    text = caption(play)
    assert f"Diverged at step {run.diverged}" in text
    assert "2/L" in text and "smaller learning rate" in text
    play.step(5)
    assert play.readouts()["steps"] == run.diverged
    play.set(learning_rate=0.05)  # another rate begins anew: these weights are beyond help
    assert play.readouts()["steps"] == 0
    assert play.step(5).readouts()["diverged"] == ""


def test_the_edge_is_two_over_the_sharpness(play: Live) -> None:
    shown = start(play, hidden=[0], data="bells").step(40).readouts()
    widget = MlpPlayground(**FRESH | {"hidden": [0], "data": "bells"})
    assert shown["largest_step"] == pytest.approx(2 / widget.sharpness(widget.train(40).network), rel=0.02)


def test_xor_needs_a_hidden_layer_and_the_page_says_why(play: Live) -> None:
    shown = start(play, data="xor", hidden=[0], noise=0).step(600).readouts()
    assert shown["right"] <= 0.8
    assert "straight line" in caption(play)
    shown = start(play, data="xor", hidden=[4], noise=0).step(600).readouts()
    assert shown["right"] >= 0.95


def test_a_prediction_is_kept_and_judged_at_step_400(play: Live) -> None:
    start(play, predict="solves")
    assert "You foretold over 95 %" in caption(play)
    play.step(400)
    share = MlpPlayground().accuracy(MlpPlayground().train(400).network)
    assert f"it was {round(100 * share)} %" in caption(play)
    play.step(300)
    assert f"it was {round(100 * share)} %" in caption(play)  # not that of now


def test_a_prediction_belongs_to_one_run_and_comes_before_it(play: Live) -> None:
    start(play).step(400)
    play.box.get_by_text("over 95 %", exact=True).click()
    assert "that is easy" in caption(play.settle())
    play.button("XOR, no hidden layer").click()
    assert play.settle().get("predict") == ""
    play.box.get_by_text("under 75 %", exact=True).click()
    assert "400 steps will tell" in caption(play.step(10))
    play.set(hidden=[3])
    assert play.get("predict") == ""


def test_temperature_changes_the_loss_and_no_answer(play: Live) -> None:
    start(play, noise=0.6, hidden=[8, 8], method="adam", learning_rate=0.03).step(1500)
    before = play.readouts()
    assert before["best_temperature"] > 1.5
    assert "surer than it is right" in caption(play)
    after = play.set(temperature=float(f"{min(10, before['best_temperature']):.4g}")).readouts()
    assert after["held_out_loss"] < before["held_out_loss"]
    assert after["held_out_right"] == before["held_out_right"]
    assert after["logit"] == before["logit"]


def test_knobs_turned_on_the_way_keep_the_network(play: Live) -> None:
    start(play).step(50)
    norm = play.readouts()["norm"]
    play.set(learning_rate=0.1, batch_size=20, regularization=0.01, method="adam")
    shown = play.readouts()
    assert (shown["steps"], shown["norm"]) == (50, norm)
    play.set(method="descent", batch_size=100)
    assert play.step(3).readouts()["rounds"] == 5 + 3  # 50 batches of 10 out of 100, then all three times
    play.set(hidden=[5])
    assert play.readouts()["steps"] == 0


def press(x: Live, plane: Locator, part: float) -> None:
    """A press some way from the left, above the middle."""
    plane.scroll_into_view_if_needed()
    spot = plane.bounding_box()
    x.page.mouse.click(spot["x"] + part * spot["width"], spot["y"] + 0.3 * spot["height"])


def test_points_are_drawn_by_pointer_and_by_keys(play: Live) -> None:
    start(play)
    play.button("Empty plane").click()
    assert play.settle().get("data") == "own"
    assert "nothing to learn" in caption(play)
    play.box.get_by_text("Draw class 1", exact=True).click()
    plane = play.box.locator(".xp-heat .xp-plot-svg")
    for part in (0.4, 0.5, 0.6):
        press(play, plane, part)
    play.box.get_by_text("Draw class 0", exact=True).click()
    cross = play.box.get_by_role("slider", name="Cross in the plane")
    cross.press("ArrowLeft")
    cross.press("Enter")
    points = np.array(play.settle().get("points")).reshape(-1, 3)
    assert points[:, 2].tolist() == [1, 1, 1, 0]
    assert (points[:3, 1] > 0).all()
    assert points[3, :2].tolist() == pytest.approx([0.9, 1.0])
    cross.press("Delete")
    assert len(play.settle().get("points")) == 9
    play.box.get_by_text("Erase", exact=True).click()
    press(play, plane, 0.4)
    assert len(play.settle().get("points")) == 6


def test_the_cross_catches_no_press_that_draws_and_a_far_press_erases_nothing(play: Live) -> None:
    start(play, data="own", points=[-2, -2, 0, 2, 2, 1])
    play.box.get_by_text("Draw class 1", exact=True).click()
    cross = play.box.get_by_role("slider", name="Cross in the plane")
    cross.scroll_into_view_if_needed()
    place = cross.bounding_box()
    play.page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    points = np.array(play.settle().get("points")).reshape(-1, 3)
    assert points[2].tolist() == pytest.approx([1, 1, 1], abs=0.05)
    play.box.get_by_text("Erase", exact=True).click()
    press(play, play.box.locator(".xp-heat .xp-plot-svg"), 0.3)
    assert len(play.settle().get("points")) == 9


def test_drawing_upon_a_data_set_takes_some_of_its_points_along(play: Live) -> None:
    start(play)
    play.box.get_by_text("Draw class 0", exact=True).click()
    play.box.get_by_role("slider", name="Cross in the plane").press("Enter")
    points = np.array(play.settle().get("points")).reshape(-1, 3)
    (inputs, labels), _ = MlpPlayground().sets()
    np.testing.assert_allclose(points[:24, :2], inputs[:24], atol=0.006)
    assert points[:24, 2].tolist() == labels[:24].tolist()
    assert points[24].tolist() == [1, 1, 0]


def test_training_on_own_points_is_the_librarys_too(play: Live) -> None:
    points = [0.5, 1, 1, -1, -0.5, 0, 1.5, -1.25, 1, 0.25, 0.75, 0, -2, 2, 0, 2.5, 2.5, 1]
    shown = start(play, data="own", points=points, batch_size=2).step(30).readouts()
    wanted = MlpPlayground(points=points, batch_size=2)
    network = wanted.train(30).network
    assert shown["loss"] == pytest.approx(wanted.loss(network), rel=1e-7)
    assert shown["held_out_loss"] == pytest.approx(wanted.loss(network, held_out=True), rel=1e-7)


def test_a_unit_shows_what_it_does(play: Live) -> None:
    start(play).step(100)
    unit = play.box.get_by_role("button", name="Unit 2 of layer 1")
    unit.press("Enter")
    play.settle()
    expect(unit).to_have_attribute("aria-pressed", "true")
    layer = MlpPlayground().train(100).network.layers[0]
    (a, b), c = layer.weight.data[1], layer.bias.data[1]
    signed = [f"{'− ' if a < 0 else ''}{abs(a):.2f} x₁", f"{'−' if b < 0 else '+'} {abs(b):.2f} x₂"]
    text = play.box.locator(".xp-mlp-formula").inner_text()
    assert f"tanh({signed[0]} {signed[1]} {'−' if c < 0 else '+'} {abs(c):.2f})" in text
    unit.click()
    assert "z =" in play.settle().box.locator(".xp-mlp-formula").inner_text()


def test_the_mouse_over_a_unit_is_enough(play: Live) -> None:
    start(play).step(20)
    text = play.box.locator(".xp-mlp-formula")
    play.box.get_by_role("button", name="Unit 3 of layer 1").hover()
    expect(text).to_contain_text("The map shows unit 3 of layer 1")
    play.button("Step").hover()
    expect(text).to_contain_text("The map shows the output")
    assert play.box.locator(".xp-mlp-unit[aria-pressed=true]").count() == 0


def test_lines_of_the_network_are_its_weights(play: Live) -> None:
    start(play).step(100)
    network = MlpPlayground().train(100).network
    weights = np.concatenate([p.data.ravel() for p in network.parameters() if p.data.ndim == 2])
    edges = play.box.locator(".xp-mlp-edge")
    negative = edges.evaluate_all("all => all.map(e => e.classList.contains('xp-mean_field'))")
    widths = edges.evaluate_all("all => all.map(e => parseFloat(e.style.strokeWidth))")
    assert negative == (weights < 0).tolist()
    np.testing.assert_allclose(widths, np.minimum(7, 0.4 + 1.6 * np.abs(weights)), atol=0.051)


def test_layers_come_and_go(play: Live) -> None:
    start(play)
    play.box.get_by_role("slider", name="Hidden layers").press("End")
    assert play.settle().get("hidden") == [4, 4, 4]
    play.box.get_by_role("slider", name="Units in layer 2").press("Home")
    assert play.settle().get("hidden") == [4, 1, 4]
    assert play.readouts()["parameters"] == 12 + 5 + 8 + 5
    play.box.get_by_role("slider", name="Hidden layers").press("Home")
    assert play.settle().get("hidden") == [0]
    assert play.readouts()["parameters"] == 3
    assert play.box.get_by_role("slider", name="Units in layer 1").count() == 0


def test_the_address_holds_everything(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    key = "mlp_playground"
    state = {"data": "own", "points": "0.5,1,1,-1,-0.5,0", "hidden": "3,2", "activation": "relu", "method": "adam",
             "learning_rate": "0.01", "batch_size": "7", "regularization": "0.003", "noise": "0.45",
             "temperature": "2.5", "predict": "fails", "seed": "9"}  # fmt: skip
    x = live(open_page(PAGE + "#xp:" + "&".join(f"{key}.{k}={v}" for k, v in state.items()), alone=key), key)
    assert x.get("points") == [0.5, 1, 1, -1, -0.5, 0]
    assert (x.get("hidden"), x.get("batch_size"), x.get("temperature")) == ([3, 2], 7, 2.5)
    assert (x.get("activation"), x.get("method"), x.get("predict"), x.get("seed")) == ("relu", "adam", "fails", 9)
    assert x.readouts()["parameters"] == 9 + 8 + 3
    y = live(open_page(PAGE + f"#xp:{key}.hidden=9,4&{key}.points=7,7,7&{key}.noise=4", alone=key), key)
    assert (y.get("hidden"), y.get("points"), y.get("noise")) == ([4], [], 0.2)


@pytest.mark.parametrize(
    "address",
    ["#xp:mlp_playground.hidden=4,0&mlp_playground.points=1,1", "#xp:mlp_playground.hidden=a&mlp_playground.seed=-1",
     "#xp:mlp_playground.data=moons&mlp_playground.batch_size=2.5&mlp_playground.temperature=0",
     "#xp:mlp_playground.learning_rate=1e9&mlp_playground.predict=yes&mlp_playground.inputs=%E0%A4%A",
     "#xp:lattice.temperature=2.27&nobody.x=1&mlp_playground", "#sec-net-training", "#xp:"],
)  # fmt: skip
def test_a_foreign_address_changes_nothing(
    open_page: Callable[..., Page], live: Callable[..., Live], address: str
) -> None:
    x = live(open_page(PAGE + address, alone="mlp_playground"), "mlp_playground")
    assert {name: x.get(name) for name in FRESH} == FRESH
    assert x.step(5).readouts()["diverged"] == ""


def test_a_reload_brings_back_what_was_chosen(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    x = live(open_page(PAGE, alone="mlp_playground"), "mlp_playground")
    x.button("Spiral").click()  # the recipe
    x.box.get_by_text("Draw class 0", exact=True).click()
    x.box.get_by_role("slider", name="Cross in the plane").press("Enter")
    x.box.get_by_role("slider", name="Regularisation", exact=False).first.press("End")
    x.box.get_by_text("Σ |w|", exact=True).click()
    x.box.get_by_text("and their products", exact=True).click()
    x.page.wait_for_function("() => location.hash.includes('inputs=products')")
    before = {name: x.get(name) for name in FRESH}
    assert (before["data"], before["penalty"], before["regularization"], before["method"]) == ("own", "l1", 1, "adam")
    x.page.reload()
    wait_ready(x.page)
    y = live(x.page, "mlp_playground")
    assert {name: y.get(name) for name in FRESH} == before


def test_play_runs_at_a_good_pace_and_pauses(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    x = live(open_page(PAGE, alone="mlp_playground", reduced=False), "mlp_playground")
    start(x)
    x.button("Play").click()
    handle = x.box.element_handle()
    x.page.wait_for_function("el => el.closest('.explorable-live').model.get('readouts').steps >= 60", arg=handle)
    x.button("Pause").press("Enter")
    steps = x.settle().readouts()["steps"]
    x.page.wait_for_timeout(300)
    assert x.readouts()["steps"] == steps


def test_it_fits_a_phone(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    x = live(open_page(PAGE, alone="mlp_playground", width=360), "mlp_playground")
    start(x, hidden=[8, 8, 8]).step(20)
    assert x.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    boxes = [one.bounding_box() for one in x.box.locator("button.xp-mlp-unit").all()]
    lefts = sorted({round(box["x"]) for box in boxes})
    assert all(b - a >= 44 for a, b in zip(lefts, lefts[1:], strict=False))  # columns do not overlap
    assert all(box["width"] >= 43.5 and box["height"] >= 43.5 for box in boxes)
    assert not math.isnan(x.readouts()["loss"])
