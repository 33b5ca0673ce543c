"""The computation graph in the page: its numbers are autograd's, step by step; typing, asking, keys and phones."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import ComputationGraph
from book_lib.explorables.computation_graph import PRESETS
from tests.site.driver import Live

PAGE = "chapters/backpropagation.html"


@pytest.fixture
def graph(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return start(live(open_page(PAGE, alone="computation_graph"), "computation_graph"))


def start(x: Live, preset: str = "logistic", position: int = 0, **settings: object) -> Live:
    formula, inputs = PRESETS[preset]
    x.set(**{"formula": formula, "inputs": inputs, "ask": False} | settings)
    return x.set(position=position)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


OWN = [
    ("u = x + y - z + 1\nv = 3 - u*u\nu/v + relu(v)", {"x": 1.0, "y": 2.5, "z": -0.5}),
    ("exp(-x) * sin(3*x) - cos(x/2)", {"x": 0.9}),
]


@pytest.mark.parametrize(("formula", "inputs"), [*PRESETS.values(), *OWN], ids=[*PRESETS, "sums", "waves"])
def test_values_and_bars_are_autograds(graph: Live, formula: str, inputs: dict) -> None:
    start(graph, formula=formula, inputs=inputs, position=1000)
    shown = graph.readouts()
    library = ComputationGraph(formula, inputs)
    values, read = library.values(), library.graph
    for name, bar in library.bars().items():
        value = values[next(i for i, node in enumerate(read.nodes) if node.name == name)].data
        assert shown[f"value_{name}"] == pytest.approx(value, rel=1e-12), name
        if shown[f"bar_{name}"] == "–":  # nothing ever reaches it
            assert bar == 0, name
        else:
            assert shown[f"bar_{name}"] == pytest.approx(bar, rel=1e-10, abs=1e-14), name
    assert shown["output"] == pytest.approx(values[read.output].data, rel=1e-12)
    assert shown["gap"] < 1e-6


def test_steps_go_forward_by_nodes_and_backward_by_edges(graph: Live) -> None:
    start(graph, "fan-out")
    assert "inputs are given" in caption(graph)
    shown = graph.step().readouts()
    assert (shown["step"], shown["value_y"]) == (1, "–")
    assert caption(graph).startswith("x = cos(t) = cos(1) = 0.5403.")
    shown = graph.step(4).readouts()
    assert shown["output"] == pytest.approx(2.716526, abs=1e-6)
    assert "the way back" in caption(graph)
    assert graph.step().readouts()["bar_f"] == 1
    graph.step(5)
    assert "So far the bar of" in caption(graph) or "Summed" in caption(graph)
    shown = graph.step(1000).readouts()
    assert (shown["step"], shown["backward"]) == (13, "7 / 7")
    assert shown["bar_t"] == pytest.approx(2.410479, abs=5e-7)
    assert "Done" in caption(graph)
    graph.button("Back").click()
    assert graph.settle().readouts()["step"] == 12
    graph.button("Reset").click()
    assert graph.settle().get("position") == 0


def test_a_formula_is_typed_and_its_errors_say_where(graph: Live) -> None:
    area = graph.box.get_by_label("Formula")
    area.fill("a = x*x\na + 3*")
    error = graph.box.locator(".xp-cg-top .xp-error")
    expect(error).to_contain_text(
        "Line 2, place 7: a number, a name or “(” is expected, and the end of the line stands there."
    )
    expect(error.locator(".xp-cg-where")).to_have_text("a + 3* ")
    area.fill("y = w*x\nz = y $ 2")
    expect(error.locator("mark")).to_have_text("$")
    area.fill("a = x*x\na + 3*")
    expect(error.locator("mark")).to_have_text(" ")
    assert area.get_attribute("aria-invalid") == "true"
    assert graph.get("formula") == PRESETS["logistic"][0]  # the last one that could be read
    area.press("End")
    area.press_sequentially("y")
    expect(error).to_be_empty()
    assert graph.settle().get("formula") == "a = x*x\na + 3*y"
    graph.button("All backward").click()
    assert graph.settle().readouts()["bar_x"] == pytest.approx(4)  # x was 2 and stays
    assert graph.readouts()["bar_y"] == 3


def test_inputs_are_edited_and_those_without_a_number_are_one(graph: Live) -> None:
    start(graph, formula="p*q^2", inputs={}, position=1000)
    assert graph.readouts()["output"] == 1
    box = graph.box.get_by_label("q", exact=True)
    box.fill("-3")
    box.press("Enter")
    assert graph.settle().get("inputs") == {"q": -3}
    shown = graph.readouts()
    assert [shown["output"], shown["bar_p"], shown["bar_q"]] == [9, 9, -6]
    assert graph.box.locator(".xp-cg-input").count() == 2


def test_a_node_without_a_value_stops_the_way_and_says_why(graph: Live) -> None:
    start(graph, formula="log(x - 2)*x", inputs={"x": 1.0}, position=1000)
    assert caption(graph).startswith("v3 = log(−1) has no value: a logarithm needs a number above 0.")
    assert graph.readouts()["output"] == "–"
    graph.set(inputs={"x": 3.0})
    assert graph.set(position=1000).readouts()["output"] == 0


def test_it_asks_for_the_bar_and_knows_the_usual_slips(graph: Live) -> None:
    start(graph, formula="a = x*y\nb = x + a\na*b", inputs={"x": 2.0, "y": 3.0}, ask=True, position=3)
    assert graph.box.locator(".xp-cg-ask").count() == 0  # the output's own bar is no question
    graph.step(4)  # back from the product to a and b, and from b to x
    answer, reply = graph.box.locator(".xp-cg-ask input"), graph.box.locator(".xp-cg-reply")
    slips = {"": "Enter a number", "6": "Another edge has been here", "-14": "the sign", "1": "local derivative alone",
             "9": "Multiply the bar"}  # fmt: skip
    for typed, said in slips.items():
        answer.fill(typed)
        answer.press("Enter")
        expect(reply).to_contain_text(said)
        assert graph.settle().get("position") == 7
    answer.fill("14")
    answer.press("Enter")
    assert graph.settle().get("position") == 8
    assert "Summed over its 2 edges, the bar of a is 14" in caption(graph)


def test_a_right_answer_takes_the_step_and_is_counted(graph: Live) -> None:
    start(graph, "logistic", ask=True, position=7)
    answer = graph.box.locator(".xp-cg-ask input")
    answer.fill("2")
    graph.button("Check").click()
    expect(graph.box.locator(".xp-cg-reply")).to_contain_text("Not 2")
    assert graph.settle().get("position") == 7
    answer.fill("1/2")
    answer.press("Enter")
    assert graph.settle().get("position") == 8
    expect(graph.box.locator(".xp-cg-reply")).to_contain_text("Right")
    expect(graph.box.locator(".xp-cg-score")).to_contain_text("0 of 1 right at once")
    graph.button("Step").click()  # shows it without an answer
    assert graph.settle().get("position") == 9
    graph.step(1000)
    assert not answer.is_visible()  # there is nothing more to ask
    expect(graph.box.locator(".xp-cg-score")).to_contain_text("0 of 1 right at once")
    graph.button("Reset").click()
    graph.settle()
    assert graph.box.locator(".xp-cg-ask").count() == 0


def test_the_last_answer_leaves_the_focus_in_the_explorable(graph: Live) -> None:
    start(graph, formula="x*y", inputs={"x": 2.0, "y": 3.0}, ask=True, position=3)
    answer = graph.box.locator(".xp-cg-ask input")
    answer.fill("2")
    answer.press("Enter")
    assert graph.settle().get("position") == 4
    expect(graph.button("Back")).to_be_focused()
    expect(graph.box.locator(".xp-cg-reply")).to_contain_text("Right")
    expect(graph.box.locator(".xp-cg-score")).to_contain_text("1 of 1 right at once")


def test_play_waits_for_an_answer(graph: Live) -> None:
    start(graph, "logistic", ask=True, position=6)
    graph.button("Play").click()
    answer = graph.box.locator(".xp-cg-ask input")
    expect(answer).to_be_focused()
    assert graph.settle().get("position") == 7
    expect(graph.button("Play")).to_be_visible()


def test_names_of_javascripts_own_are_names_like_any_other(graph: Live) -> None:
    start(graph, formula="constructor*toString + valueOf", inputs={"constructor": 2.0}, position=1000)
    shown = graph.readouts()
    assert [shown["output"], shown["bar_toString"], shown["bar_constructor"]] == [3, 2, 1]


def test_a_kink_and_the_edge_of_a_domain_are_not_called_agreement(graph: Live) -> None:
    start(graph, formula="relu(x)", inputs={"x": 0.0}, position=1000)
    assert "off by 0.5: the formula has a kink here" in caption(graph)
    start(graph, formula="log(x)", inputs={"x": 1e-7}, position=1000)
    assert "cannot be taken here" in caption(graph)


def test_the_network_fits_its_column_and_a_longer_graph_fades_where_it_goes_on(graph: Live) -> None:
    start(graph, "network")
    scroll = graph.box.locator(".xp-cg-scroll")
    assert scroll.evaluate("el => el.scrollWidth <= el.clientWidth + 1")
    assert graph.box.locator(".xp-cg-value").first.evaluate("el => el.getBoundingClientRect().height") > 9
    start(graph, formula="\n".join(f"a{k + 1} = tanh(a{k}*2)" for k in range(9)), inputs={})
    graph.page.wait_for_function("el => el.classList.contains('xp-cg-after')", arg=scroll.element_handle())
    graph.set(position=1000)
    assert scroll.get_attribute("tabindex") == "0"


def test_presets_by_key(graph: Live) -> None:
    for name, (formula, inputs) in {"Softmax": PRESETS["softmax"], "2-2-1": PRESETS["network"]}.items():
        graph.button(name).press("Enter")
        assert graph.settle().get("formula") == formula
        assert graph.get("inputs") == inputs
        assert graph.button(name).get_attribute("aria-pressed") == "true"
    assert graph.box.locator(".xp-cg-box").count() == 26


def test_the_table_says_all_that_the_picture_shows(graph: Live) -> None:
    start(graph, "logistic", position=1000)
    graph.button("Show as table").press("Enter")
    nodes, edges = graph.box.locator(".xp-table table").nth(0), graph.box.locator(".xp-table table").nth(1)
    rows = [row.split("\t") for row in nodes.locator("tbody tr").all_inner_texts()]
    assert [row[0] for row in rows] == ["w", "x", "v3", "c", "z", "y", "t", "v8", "v9", "L"]
    assert rows[5] == ["y", "sigmoid(z)", "0.73106", "0.73106"]
    assert edges.locator("tbody tr").first.inner_text().split("\t") == ["L → v9", "0.5", "0.5"]
    drawn = graph.box.locator(".xp-cg-box .xp-cg-bar").all_text_contents()
    assert drawn[0] == "0.2875" and len(drawn) == 10


def test_the_address_keeps_all(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    state = {"formula": "p*q%20%2B%20p", "inputs": "p%3A2%2Cq%3A-0.5", "position": "4"}
    address = "&".join(f"computation_graph.{key}={value}" for key, value in state.items())
    x = live(open_page(f"{PAGE}#xp:{address}", alone="computation_graph"), "computation_graph")
    assert (x.get("formula"), x.get("inputs"), x.get("position")) == ("p*q + p", {"p": 2, "q": -0.5}, 4)
    assert x.readouts()["output"] == 1
    x.button("All backward").click()
    x.page.wait_for_function("() => location.hash.includes('position=7')")
    assert "p%3A2%2Cq%3A-0.5" in x.page.evaluate("location.hash")


def test_on_a_phone_the_picture_follows(open_page: Callable[..., Page], live: Callable[..., Live]) -> None:
    x = live(open_page(PAGE, alone="computation_graph", width=360), "computation_graph")
    start(x, "network")
    scroll = x.box.locator(".xp-cg-scroll")
    assert scroll.get_attribute("tabindex") == "0"
    assert x.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    x.button("All forward").click()
    x.settle()
    assert scroll.evaluate("el => el.scrollLeft + el.clientWidth >= el.scrollWidth - 12")
    x.set(position=1000)
    assert scroll.evaluate("el => el.scrollLeft") < 200
    size = x.box.locator(".xp-cg-value").first.evaluate("el => el.getBoundingClientRect().height")
    assert size > 10


def test_play_walks_by_itself_and_stops_at_the_end(graph: Live) -> None:
    graph.button("Play").click()
    handle = graph.box.element_handle()
    graph.page.wait_for_function("el => el.closest('.explorable-live').model.get('position') >= 2", arg=handle)
    graph.button("Pause").click()
    position = graph.settle().get("position")
    graph.page.wait_for_timeout(900)
    assert graph.get("position") == position
