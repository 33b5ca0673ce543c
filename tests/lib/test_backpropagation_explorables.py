"""The computation graph in Python: its grammar, its bars against closed forms and differences, its layout."""

import math

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from book_lib.autograd import Value, trace
from book_lib.explorables import ComputationGraph, layered
from book_lib.explorables.computation_graph import PRESETS
from book_lib.explorables.formulas import MOST_NODES, FormulaError, parse
from book_lib.probability import softmax
from tests.lib.pictures import check_pictures

BAD = [
    ({"formula": "x +"}, r"formula: line 1, place 4: a number, a name or \( is expected, and the end of the line"),
    ({"formula": "a = 1\nb = a +* 2"}, "formula: line 2, place 8"),
    ({"formula": ""}, "formula: a formula is expected"),
    ({"preset": "lenet"}, "preset must be one of .*logistic.*network"),
    ({"formula": "x^2", "inputs": {"y": 1}}, "inputs must name inputs of the formula, x, not 'y'"),
    ({"formula": "x^2", "inputs": {"x": math.nan}}, r"inputs\['x'\] must be finite"),
    ({"formula": "x^2", "inputs": {"x": "2"}}, r"inputs\['x'\] must be a real number"),
    ({"formula": "x^2", "inputs": {"x": 1001}}, r"inputs\['x'\] must lie between −1000 and 1000, not 1001"),
    ({"formula": "log(x)", "inputs": {"x": -1}}, "inputs must give every node a value: log of -1 has none"),
    ({"formula": "exp(x)", "inputs": {"x": 800}}, "exp of 800 has none; the value or a slope is too large"),
    ({"position": -1}, "position must"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_arguments_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ComputationGraph(**arguments)


def test_a_formula_that_cannot_be_read_leaves_the_old_one() -> None:
    graph = ComputationGraph()
    with pytest.raises(traitlets.TraitError, match="place 2"):
        graph.formula = "x)"
    assert graph.formula == PRESETS["logistic"][0]


@pytest.mark.parametrize("preset", PRESETS)
def test_pictures_for_readers_without_scripts(preset: str) -> None:
    widget = ComputationGraph(preset=preset)
    check_pictures(widget)
    assert "bar" in widget.describe() and len(widget.describe().split()) > 30
    assert ComputationGraph(preset=preset, alt="A graph.").describe() == "A graph."


# -- bars


def test_the_logistic_unit_has_the_chapters_bars() -> None:
    """Syllabus rows B-02 to B-04, by hand."""
    w, x, c, t = 0.7, -1.5, 0.2, 1.0
    bars = ComputationGraph(preset="logistic", inputs={"w": w, "x": x, "c": c, "t": t}).bars()
    y = 1 / (1 + math.exp(-(w * x + c)))
    delta = (y - t) * y * (1 - y)
    assert bars["y"] == pytest.approx(y - t, rel=1e-14)
    assert [bars["w"], bars["x"], bars["c"]] == pytest.approx([delta * x, delta * w, delta], rel=1e-12)


@pytest.mark.parametrize(("t", "slope"), [(1.0, 2.410479), (0.5, 1.943615)])
def test_fan_out_sums_its_paths(t: float, slope: float) -> None:
    """Syllabus row B-05."""
    assert ComputationGraph(preset="fan-out", inputs={"t": t}).bars()["t"] == pytest.approx(slope, abs=5e-7)


def test_softmax_with_cross_entropy_sends_back_what_is_missing() -> None:
    """Syllabus row B-06."""
    z = np.array([2.0, -1.0, 0.5])
    bars = ComputationGraph(preset="softmax", inputs=dict(zip(("z1", "z2", "z3"), z, strict=True))).bars()
    expected = softmax(z) - [0, 1, 0]
    np.testing.assert_allclose([bars["z1"], bars["z2"], bars["z3"]], expected, rtol=1e-12)


def test_the_network_has_the_eight_equations() -> None:
    """Syllabus row B-08, by its matrix form."""
    inputs = PRESETS["network"][1] | {"c1": 0.3, "w22": -0.4}
    bars = ComputationGraph(preset="network", inputs=inputs).bars()
    x = np.array([inputs["x1"], inputs["x2"]])
    W = np.array([[inputs["w11"], inputs["w12"]], [inputs["w21"], inputs["w22"]]])
    h = expit(W @ x + [inputs["c1"], inputs["c2"]])
    v = np.array([inputs["v1"], inputs["v2"]])
    y_bar = v @ h + inputs["d"] - inputs["t"]
    z_bar = y_bar * v * h * (1 - h)
    np.testing.assert_allclose([[bars["w11"], bars["w12"]], [bars["w21"], bars["w22"]]], np.outer(z_bar, x), rtol=1e-12)
    np.testing.assert_allclose([bars["v1"], bars["v2"], bars["d"]], [*(y_bar * h), y_bar], rtol=1e-12)
    np.testing.assert_allclose([bars["x1"], bars["x2"]], W.T @ z_bar, rtol=1e-12)


RULES = ["exp(x)", "log(x)", "tanh(x)", "sigmoid(x)", "relu(x)", "sin(x)", "cos(x)", "x^3", "x^-1.5", "2.5^x", "x^y",
         "x*y - y/x + 3/x", "-(x - 2*y) + 1", "(x + y)*(x + y)"]  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(RULES), st.floats(0.2, 3), st.floats(-2, 2))
def test_every_rule_has_the_slope_of_a_difference(text: str, x: float, y: float) -> None:
    read = parse(text)

    def at(**numbers: float) -> float:
        graph = ComputationGraph(text, {name: numbers[name] for name in read.inputs})
        return graph.values()[read.output].data

    bars = ComputationGraph(text, {name: {"x": x, "y": y}[name] for name in read.inputs}).bars()
    for name in read.inputs:
        step = 1e-6
        up, down = ({"x": x, "y": y} | {name: {"x": x, "y": y}[name] + sign * step} for sign in (1, -1))
        assert bars[name] == pytest.approx((at(**up) - at(**down)) / (2 * step), rel=1e-6, abs=1e-7)


def test_formulas_and_operators_give_the_same_gradients() -> None:
    """One node for a sum, or one for each +: the derivatives of the inputs are the same."""
    for x, y in np.random.default_rng(0).uniform(0.3, 2, (20, 2)):
        bars = ComputationGraph("s = x*y - y^3 + 2*x - 1; tanh(s)/y + exp(-x)", {"x": x, "y": y}).bars()
        a, b = Value(x), Value(y)
        s = a * b - b**3 + 2 * a - 1
        (s.tanh() / b + (-a).exp()).backward()
        assert [bars["x"], bars["y"]] == pytest.approx([a.grad, b.grad], rel=1e-12)


def test_the_graph_exports_like_any_other_of_autograd() -> None:
    graph = ComputationGraph()
    values = graph.values()
    values[graph.graph.output].backward()
    exported = trace(values[graph.graph.output])
    assert [node.label for node in exported.nodes if node.label] == ["w", "x", "c", "z", "y", "t", "L"]
    assert len(exported.edges) == 9


# -- the grammar


def test_powers_signs_and_order() -> None:
    def value(text: str, **inputs: float) -> float:
        graph = ComputationGraph(text, inputs)
        return graph.values()[graph.graph.output].data

    assert value("-x^2", x=3) == -9
    assert value("2^3^2 + 0*x", x=1) == 512
    assert value("x^-2", x=2) == 0.25
    assert value("12 / x / 2", x=3) == 2
    assert value("7 - x - 2", x=3) == 2
    assert value("x*-2", x=3) == -6
    assert value("(-2)^2*x", x=1) == 4
    assert value("ln(x) + σ(0*x)", x=1) == 0.5
    assert value("x² − 2·x ÷ 4", x=3) == 7.5
    assert value("a = x; b = a; b", x=5) == 5
    assert value("2^x^2", x=3) == 512
    assert value("-2^x", x=2) == -4
    assert value("2*-x^2", x=3) == -18
    assert value("x - -x^2", x=3) == 12
    assert value("6/x*2", x=3) == 4
    assert value("e^(2*x) + pi - π", x=0.5) == pytest.approx(math.e)


def test_e_is_the_number_unless_a_line_says_otherwise() -> None:
    read = parse("y + e^(x*y)")
    assert read.inputs == ["y", "x"]
    assert read.nodes[-2].op == "exp"
    assert ComputationGraph("e = x - 1; e^2", {"x": 4}).bars() == {"x": 6, "e": 6}  # the last line has no name


def test_a_tower_of_parentheses_is_refused_before_python_gives_up() -> None:
    """A formula of 600 letters can hold 299 levels, and each is five calls deep."""
    for text in ("(" * 299 + "x" + ")" * 299, "-" * 599 + "x", "^".join("x" * 300), "exp(" * 100 + "x" + ")" * 100):
        with pytest.raises(FormulaError, match="at most 40 levels"):
            parse(text)
    assert len(parse("(" * 39 + "x + 1" + ")" * 39).nodes) == 2


def test_a_bar_too_large_for_a_float_is_refused() -> None:
    """Each slope is 1e200 and each value 0; their product is beyond 1e308."""
    with pytest.raises(ValueError, match="a finite bar"):
        ComputationGraph("1e200*(1e200*x)", {"x": 0})


def test_a_formula_is_kept_line_by_line() -> None:
    assert ComputationGraph(" a = x*x ;; \n a + 1;").formula == "a = x*x\na + 1"
    formula, inputs = PRESETS["logistic"]
    assert ComputationGraph(formula.replace("\n", "; "), inputs).formula == formula


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="xy12.+-*/^()=; \nexplogtah", max_size=30))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        read = parse(text)
    except FormulaError as error:
        assert len(str(error)) > 10
    else:
        assert 0 <= read.output < len(read.nodes) <= MOST_NODES
        assert all(k < i for i, node in enumerate(read.nodes) for k in node.args)


# -- the layout


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000))
def test_layers_run_to_the_right_and_nodes_keep_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names, lines = ["x", "y", "z"], []
    for k in range(rng.integers(1, 9)):
        a, b, c = rng.choice(names, 3)
        lines.append(f"u{k} = " + rng.choice([f"{a} + {b} - {c}", f"{a}*{b}", f"tanh({a})", f"{a}/(1 + {b}^2)"]))
        names.append(f"u{k}")
    read = parse("\n".join(lines))
    depth = layered.layers(read)
    assert all(depth[k] < depth[i] for i, node in enumerate(read.nodes) for k in node.args)
    spots, routes = layered.arrange(read)
    for i, (layer, row) in enumerate(spots):
        assert layer == depth[i] and row >= -1e-9
        assert all(abs(row - there) > 1 - 1e-6 for other, there in spots[:i] if other == layer)
    for way in routes:
        assert [layer for layer, _ in way] == list(range(way[0][0], way[-1][0] + 1))
