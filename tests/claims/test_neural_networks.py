"""The claims of the chapter on neural networks, against values that share no code with what they test."""

import itertools
import math
import re
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, optimize

from book_lib import neural, probability, tensor
from book_lib import optimization as methods
from book_lib.explorables import MlpPlayground

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
GATES = {"and": [-1, -1, -1, 1], "or": [-1, 1, 1, 1], "xor": [-1, 1, 1, -1]}
HOUSES = [(60, 2, 900), (70, 8, 700), (220, 25, 1100), (80, 20, 400), (200, 2, 4000)]


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("neural_networks")


def asked(here, section):
    """The answers that the quizzes of a section expect as numbers, each well away from its named slips."""
    written = here.section(section)
    first = here.source[: here.source.index(written)].count('Numeric("')
    found = [options for _, _, options in here.calls("Numeric")][first : first + written.count('Numeric("')]
    for one in found:
        assert all(abs(slip - one["answer"]) > 2 * one["tolerance"] for slip in one["slips"])
    return [one["answer"] for one in found]


def relu(z):
    return max(0, z)


def logistic(z):
    return 1 / (1 + math.exp(-z)) if z > -700 else 0.0


def separable(X, t):
    """Whether some w, c has t(w·x + c) ≥ 1 everywhere: a linear program, without a perceptron."""
    t = np.asarray(t, dtype=float)
    rows = -t[:, None] * np.column_stack([X, np.ones(len(X))])
    found = optimize.linprog(np.zeros(rows.shape[1]), rows, -np.ones(len(X)), bounds=[(None, None)] * rows.shape[1])
    return found.status == 0


# ---------------------------------------------------------------------------- N-01: a unit


@pytest.mark.claim("N-01")
def test_a_unit_is_a_weighted_sum_and_with_the_identity_linear_regression(here):
    by_hand = [3.5 * area - 15 * distance + 700 for area, distance, _ in HOUSES[:4]]
    assert by_hand == [880, 825, 1095, 680]
    assert here.names["as_sum"] == pytest.approx(by_hand)
    assert here.names["as_dot"] == pytest.approx(by_hand)
    unit = neural.Linear(2, 1)
    unit.weight.data[...], unit.bias.data[...] = [[3.5, -15]], [700]
    inputs = np.array([row[:2] for row in HOUSES[:4]], dtype=float)
    assert neural.Sequential(unit, neural.activation("identity")).predict(inputs)[:, 0] == pytest.approx(by_hand)


@pytest.mark.claim("N-01")
def test_with_relu_it_is_not(here):
    """E-36: a ReLU cannot answer what is negative."""
    assert 3.5 * 10 - 15 * 60 + 700 == -165
    assert here.numbers["unit_cold"] == 0 and "$-165$" in here.prose("sec-net-neuron")


# ---------------------------------------------------------------------------- N-02: activations


@pytest.mark.claim("N-02")
@pytest.mark.parametrize("z", [-700.0, -3.0, -0.4, 0.0, 1e-9, 0.7, 5.0, 40.0])
def test_tanh_is_a_sigmoid_in_other_units(z):
    sigmoid, tanh = neural.activation("sigmoid"), neural.activation("tanh")
    assert tanh(z) == pytest.approx(2 * sigmoid(2 * z) - 1, abs=1e-15)
    assert tanh(z) == pytest.approx(math.tanh(z), rel=1e-15)
    assert sigmoid(z) == pytest.approx(logistic(z), rel=1e-14)
    assert neural.activation("relu")(z) == relu(z)


@pytest.mark.claim("N-02")
@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
def test_slopes_of_activations_are_slopes(name):
    g = neural.activation(name)
    places = np.array([-4.0, -1.3, -0.2, 0.3, 1.1, 3.0])
    quotients = [(g(z + 1e-6) - g(z - 1e-6)) / 2e-6 for z in places]
    assert g.derivative(places) == pytest.approx(quotients, abs=1e-8)
    many = g.derivative(np.linspace(-9, 9, 1001))
    if name == "relu":
        assert set(many) == {0.0, 1.0} and g.derivative(0.0) == 0
    else:
        assert many.max() == {"sigmoid": 0.25, "tanh": 1.0}[name]


@pytest.mark.claim("N-02")
def test_the_chapters_activations_are_the_textbooks(here):
    z = np.linspace(-4, 4, 9)
    assert here.names["sigmoid"](z) == pytest.approx([logistic(one) for one in z])
    assert here.names["relu"](z).tolist() == [relu(one) for one in z]
    assert here.numbers["tanh_gap"] < 1e-15


@pytest.mark.claim("N-02")
@pytest.mark.parametrize("temperature", [0.05, 0.3, 1.0])
def test_relu_is_a_frozen_free_energy(temperature):
    """−F = T ln Z of the levels 0 and −z lies between ReLU and ReLU + T ln 2, and its slope is σ(z/T)."""
    for z in (-2.0, -0.3, 0.0, 0.1, 1.5):
        minus_f = temperature * probability.log_partition([0.0, -z], temperature)
        assert relu(z) - 1e-12 <= minus_f <= relu(z) + temperature * math.log(2) + 1e-12
        assert minus_f - relu(z) == pytest.approx(temperature * math.log1p(math.exp(-abs(z) / temperature)), abs=1e-12)
        up, down = (temperature * probability.log_partition([0.0, -z - h], temperature) for h in (1e-5, -1e-5))
        assert (up - down) / 2e-5 == pytest.approx(logistic(z / temperature), abs=1e-7)
    assert temperature * probability.log_partition([0.0, 0.0], temperature) == pytest.approx(temperature * math.log(2))


# ---------------------------------------------------------------------------- N-03: a nerve cell


def climb(current, tau, threshold):
    """Seconds from 0 to the threshold, by integrating the differential equation; infinity if it never gets there."""

    def reached(_, v):
        return v[0] - threshold

    reached.terminal = True
    run = integrate.solve_ivp(
        lambda _, v: (current - v) / tau, (0, 40 * tau), [0.0], events=reached, rtol=1e-10, atol=1e-12
    )
    return run.t_events[0][0] if len(run.t_events[0]) else math.inf


@pytest.mark.claim("N-03")
@pytest.mark.parametrize("current", [0.2, 0.99, 1.02, 1.25, 2.0, 3.7, 25.0])
@pytest.mark.parametrize(("tau", "pause", "threshold"), [(0.02, 0.002, 1.0), (0.01, 0.005, 1.0), (0.03, 0.0, 0.7)])
def test_the_rate_is_that_of_the_differential_equation(current, tau, pause, threshold):
    time = climb(current, tau, threshold)
    rate = neural.firing_rate(current, tau, pause, threshold)
    assert rate == (pytest.approx(1 / (pause + time), rel=1e-6) if math.isfinite(time) else 0)
    if current <= threshold:
        assert rate == 0


@pytest.mark.claim("N-03")
def test_the_chapters_neuron_fires_63_times_a_second(here):
    assert here.numbers["exact_rate"] == pytest.approx(1 / (0.002 + 0.02 * math.log(2)))
    assert f"{here.numbers['exact_rate']:.2f}" == "63.04"
    assert here.numbers["by_hand"] == pytest.approx(here.numbers["exact_rate"], rel=0.01)
    assert here.numbers["silent"] == 0
    assert neural.firing_rate(1e6) == pytest.approx(500, rel=1e-4)  # 1/t_ref
    words = here.prose("sec-net-spikes")
    assert f"$20 \\ln 2 = {20 * math.log(2):.2f}$ ms, with the pause {2 + 20 * math.log(2):.2f} ms; 63.04" in words
    for current in (1.3, 2.0, 4.0):
        exact = 1 / (0.002 + climb(current, 0.02, 1.0))
        assert neural.integrate_and_fire(current, duration=5.0).rate == pytest.approx(exact, rel=0.01)
    assert here.names["rate_by_hand"](1.5) == pytest.approx(neural.firing_rate(1.5), rel=0.01)
    cell, current = here.names["cell"], here.names["current"]  # exercise 1
    assert 1 / (cell.refractory + climb(current, cell.tau, cell.threshold)) == pytest.approx(cell.rate, rel=1e-6)
    assert neural.firing_rate(50.0, refractory=0.0) == pytest.approx((50 - 0.5) / 0.02, rel=1e-3)  # the straight line


@pytest.mark.claim("N-03")
def test_the_neuron_with_gaps_and_its_slips(here):
    """τ = 10 ms, a pause of 5 ms, I = 1.25: the answers in milliseconds and hertz, from the differential equation."""
    up = 1000 * climb(1.25, 0.01, 1.0)
    assert asked(here, "sec-net-spikes") == pytest.approx([up, 1000 / (5 + up)])


# ---------------------------------------------------------------------------- N-04: conjunctions


@pytest.mark.claim("N-04")
@pytest.mark.parametrize(("bias", "gate"), [(-1.5, all), (-0.5, any)])
def test_one_unit_is_and_or_or(here, bias, gate):
    for corner in itertools.product((0, 1), repeat=2):
        z = sum(corner) + bias
        assert (z > 0) == gate(corner)
        assert (logistic(10 * z) > 0.99) == gate(corner)
    name = {all: "and", any: "or"}[gate]
    assert here.names["soft"][name] == pytest.approx([logistic(10 * (sum(x) + bias)) for x in here.names["corners"]])
    assert here.numbers["and_both"] == pytest.approx(logistic(5))
    assert here.numbers["and_one"] == pytest.approx(logistic(-5))
    assert here.calls("Neuron")[0][2] == {"data": "and"}


# ---------------------------------------------------------------------------- N-05: one layer, three forms


@pytest.mark.claim("N-05")
@pytest.mark.parametrize(("n", "d", "c"), [(4, 3, 2), (1, 1, 1), (7, 2, 5), (2, 64, 10)])
def test_three_forms_of_a_layer_agree(n, d, c):
    rng = np.random.default_rng(n * d * c)
    X, layer = rng.normal(size=(n, d)), neural.Linear(d, c, rng=rng)
    W, bias = layer.weight.data, layer.bias.data
    assert W.shape == (c, d) and bias.shape == (c,)
    by_index = [[relu(math.fsum(W[i, j] * x[j] for j in range(d)) + bias[i]) for i in range(c)] for x in X]
    by_vector = [np.maximum(np.einsum("ij,j->i", W, x) + bias, 0) for x in X]
    batch = neural.Sequential(layer, neural.activation("relu")).predict(X)
    assert batch.shape == (n, c)
    assert batch == pytest.approx(np.array(by_index), abs=1e-13)
    assert batch == pytest.approx(np.array(by_vector), abs=1e-13)
    before = layer.predict(X)
    layer.bias.data[...] += 3  # the same bias for every row
    assert layer.predict(X) - before == pytest.approx(np.full((n, c), 3.0))


@pytest.mark.claim("N-05")
def test_the_chapters_three_forms_agree(here):
    assert here.numbers["forms_gap"] < 1e-14 and here.names["by_batch"].shape == (4, 2)
    assert (here.names["by_batch"] > 0).any() and (here.names["by_batch"] == 0).any()
    layer = neural.Linear(64, 10)
    assert layer.predict(np.zeros((32, 64))).shape == (32, 10)
    assert asked(here, "sec-net-layers") == [sum(one.data.size for one in layer.parameters())]


# ---------------------------------------------------------------------------- N-06: layers in a row


@pytest.mark.claim("N-06")
@pytest.mark.parametrize("sizes", [[3, 5, 2], [2, 8, 8, 8, 1], [6, 2, 6]])
def test_without_a_bend_any_depth_is_one_affine_map(sizes):
    rng = np.random.default_rng(len(sizes))
    X = rng.normal(size=(40, sizes[0]))
    for name, straight in (("identity", True), ("relu", False), ("tanh", False), ("sigmoid", False)):
        net = neural.MLP(sizes, activation=name, rng=1)
        for parameter in net.parameters():
            parameter.data[...] = rng.normal(size=parameter.shape)
        answers = net.predict(X)
        fitted, *_ = np.linalg.lstsq(np.column_stack([X, np.ones(40)]), answers, rcond=None)
        rest = np.abs(np.column_stack([X, np.ones(40)]) @ fitted - answers).max()
        assert (rest < 1e-10 * np.abs(answers).max()) == straight


@pytest.mark.claim("N-06")
def test_the_chapters_matrix_is_the_network_and_the_last_layer_has_no_bend(here):
    assert here.numbers["collapse"] < 1e-13 < 1e-3 < here.numbers["bend"]
    bent = here.names["bent"]
    assert isinstance(bent.layers[-1], neural.Linear)
    assert neural.MLP([1, 4, 1], rng=0).predict(np.linspace(-3, 3, 50)[:, None]).shape == (50, 1)
    outputs = np.concatenate([neural.MLP([2, 8, 1], rng=k).predict(CORNERS - 0.5) for k in range(20)])
    assert outputs.min() < 0 < outputs.max()  # E-38
    assert "no $g$" in here.prose("sec-net-depth")


# ---------------------------------------------------------------------------- N-07, N-08: the hinge


@pytest.mark.claim("N-07")
def test_what_the_printed_model_computes(here):
    """In whole numbers, row by row; E-01 and E-02."""
    inside = [12 * area - 62 * distance for area, distance, _ in HOUSES[:4]]
    h2 = [relu(z) for z in inside]
    y = [5 * area + h for (area, _, _), h in zip(HOUSES, h2, strict=False)]
    assert h2 == [596, 344, 1090, 0] and y == [896, 694, 2190, 400]
    _, _, seen_h2, seen_y = here.names["price"](here.names["houses"].inputs, [12, -62])
    assert seen_h2.tolist() == h2 and seen_y.tolist() == y
    numbers = here.numbers
    assert (numbers["h2_third"], numbers["y_third"], numbers["y_fourth"]) == (1090, 2190, 400)
    assert "596, 344, 0, 0" in here.prose("sec-net-hinge") and "896, 694, 1100, 680" in here.prose("sec-net-hinge")
    hook = here.prose("ch-networks").split("In this chapter")[0]
    assert f"$1100 + \\max(0, {12 * 220} - {62 * 25}) = {y[2]}$" in hook and f"$400 + 0 = {y[3]}$" in hook
    assert len(here.calls("HingeLab")) == 1


@pytest.mark.claim("N-07")
def test_both_repairs_are_exact(here):
    for area, distance, wanted in HOUSES[:4]:
        assert 5 * area + relu(2 * area - 45 * distance + 570) == wanted
    for area, distance, wanted in HOUSES:
        third = Fraction(53, 3) * relu(area - 10 * distance - 60)
        assert 5 * area + relu(2 * area - 45 * distance + 570) + third == wanted
    assert here.names["repaired"][:4].tolist() == [900, 700, 1100, 400]
    assert (here.names["repaired"] + here.names["third_hinge"]).tolist() == pytest.approx([900, 700, 1100, 400, 4000])
    assert (here.numbers["fifth"], here.numbers["lacks"]) == (1880, 2120)
    a, b, c = (here.names[name] for name in ("a", "b", "c"))  # exercise 3: the largest a
    assert [5 * x + relu(a * x + b * d + c) for x, d, _ in HOUSES[:4]] == pytest.approx([900, 700, 1100, 400])
    assert a * 220 + b * 25 + c == pytest.approx(0, abs=1e-9)
    family = -1, -40, 740  # with gaps
    assert [5 * x + relu(family[0] * x + family[1] * d + family[2]) for x, d, _ in HOUSES[:4]] == [900, 700, 1100, 400]
    assert asked(here, "sec-net-hinge") == [*family[1:]]


@pytest.mark.claim("N-08")
def test_no_hinge_without_a_bias_selects_the_inner_houses(here):
    rows = np.array([[area, distance] for area, distance, _ in HOUSES[:3]], dtype=float)
    alpha, beta = Fraction(1, 34), Fraction(53, 17)
    for axis in range(2):
        first, second, third = (Fraction(row[axis]) for row in HOUSES[:3])
        assert alpha * first + beta * second == third
    found = optimize.linprog([0, 0], [*-rows[:2], rows[2]], [-1, -1, 0], bounds=[(None, None)] * 2)
    assert found.status == 2  # infeasible
    with_bias = np.column_stack([rows, np.ones(3)])
    assert optimize.linprog([0, 0, 0], [*-with_bias[:2], with_bias[2]], [-1, -1, 0], bounds=[(None, None)] * 3).success
    assert here.numbers["alpha"] == pytest.approx(float(alpha))
    assert here.numbers["beta"] == pytest.approx(float(beta))
    assert here.numbers["bracket"] == pytest.approx(float(1 - alpha - beta)) and here.numbers["bracket"] < 0
    words = here.prose("sec-net-hinge")
    for value in (f"= {float(alpha):.4f}", f"= {float(beta):.4f}", f"${float(1 - alpha - beta):.2f}$"):
        assert value in words
    for weights in itertools.product(range(-30, 31, 3), range(-90, 91, 9)):  # in the plane, not by the proof
        near = [weights[0] * area + weights[1] * distance for area, distance, _ in HOUSES[:3]]
        assert not (near[0] > 0 and near[1] > 0 >= near[2])


@pytest.mark.claim("N-08")
def test_a_hinge_acts_on_part_of_the_data():
    active = [12 * area - 62 * distance > 0 for area, distance, _ in HOUSES[:4]]
    meant = [2 * area - 45 * distance + 570 > 0 for area, distance, _ in HOUSES[:4]]
    assert active == [True, True, True, False] and meant == [True, True, False, False]


# ---------------------------------------------------------------------------- N-09, N-10: approximation


@pytest.mark.claim("N-09")
@pytest.mark.parametrize(
    ("pieces", "printed"), [(4, 0.2105), (8, 0.0704), (16, 0.0188), (32, 0.0048), (64, 0.0012)]
)
def test_the_error_of_straight_pieces(here, pieces, printed):
    """On each piece the largest gap of a sine from its chord is where their slopes agree: no grid."""
    knots = np.linspace(0, 2 * math.pi, pieces + 1)
    largest = 0.0
    for u, v in itertools.pairwise(knots):
        chord = (math.sin(v) - math.sin(u)) / (v - u)
        place = math.acos(chord)
        for x in (place, 2 * math.pi - place):
            if u <= x <= v:
                largest = max(largest, abs(math.sin(x) - math.sin(u) - chord * (x - u)))
    assert here.names["errors"][pieces] == pytest.approx(largest, rel=1e-5)
    assert round(largest, 4) == printed
    assert largest <= (2 * math.pi / pieces) ** 2 / 8


@pytest.mark.claim("N-09")
def test_a_quarter_of_the_error_for_twice_the_width(here):
    assert here.numbers["last_ratio"] == pytest.approx(4, abs=0.03)
    for f, curvature in ((np.exp, math.e), (lambda x: np.cos(3 * x), 9.0)):
        x = np.linspace(0, 1, 5001)
        gaps = []
        for width in (20, 40):
            knots = np.linspace(0, 1, width + 1)
            net = neural.relu_interpolant(knots, f(knots))
            gaps.append(np.abs(net.predict(x[:, None])[:, 0] - f(x)).max())
            assert gaps[-1] <= curvature / (8 * width**2)
        assert gaps[0] / gaps[1] == pytest.approx(4, abs=0.2)


@pytest.mark.claim("N-09")
def test_the_theorem_stands_with_its_conditions(here):
    """E-32 to E-35."""
    words = here.section("sec-net-universal")
    theorem = words.split("```{admonition} The theorem")[1].split("```")[0]
    assert "$g$ be continuous and not a polynomial" in theorem
    for needed in ("closed and bounded", "$f$ continuous on $K$", r"\varepsilon > 0"):
        assert needed in theorem
    assert "x + c_i" in theorem and "*Biases, and a linear output.*" in words
    for reach in (100.0, 1000.0):  # E-34: far out a sum of sigmoids is level, and a sine is not
        far = neural.MLP([1, 30, 1], "sigmoid", rng=2).predict(np.linspace(reach, 2 * reach, 50)[:, None] * 1e3)
        assert np.ptp(far) < 1e-9
    for key in ("cybenko1989approximation", "hornik1989multilayer", "leshno1993multilayer"):
        assert f"{{cite}}`{key}`" in words
    slope = (math.sin(2 * math.pi) - math.sin(2 * math.pi * 63 / 64)) / (2 * math.pi / 64)
    assert here.numbers["beyond"] == pytest.approx(slope * 2 * math.pi, rel=1e-9)  # straight on, while sin 4π = 0


@pytest.mark.claim("N-09")
def test_without_biases_it_scales(here):
    rng = np.random.default_rng(4)
    layers = [neural.Linear(*shape, bias=False, rng=rng) for shape in ((3, 20), (20, 1))]
    bend = neural.activation("relu")
    net = neural.Sequential(layers[0], bend, layers[1], bend)
    X = rng.normal(size=(30, 3))
    assert net.predict(2.5 * X) == pytest.approx(2.5 * net.predict(X), abs=1e-12)
    assert net.predict(np.zeros((1, 3))) == 0
    assert (here.numbers["homogeneous"], here.numbers["at_zero"]) == (0, 0)


@pytest.mark.claim("N-09")
def test_depth_doubles_the_pieces(here):
    assert here.names["turns"] == [2, 4, 8, 16, 32, 64] and here.numbers["pieces_6"] == 64
    tent = here.names["fold"]
    for x in (0.0, 0.25, 0.5, 0.8, 1.0):
        assert tent(x) == pytest.approx(1 - abs(2 * x - 1))


@pytest.mark.claim("N-10")
@pytest.mark.parametrize("n", [2, 3, 12, 60])
def test_n_points_take_n_minus_one_hinges(here, n):
    rng = np.random.default_rng(n)
    x, t = rng.permutation(np.sort(rng.uniform(-5, 5, n))), 10 * rng.normal(size=n)
    net = neural.relu_interpolant(x, t)
    assert net.sizes == (1, n - 1, 1)
    assert net.predict(x[:, None])[:, 0] == pytest.approx(t, abs=1e-8)
    order = np.argsort(x)
    between = rng.uniform(x.min(), x.max(), 200)
    assert net.predict(between[:, None])[:, 0] == pytest.approx(np.interp(between, x[order], t[order]), abs=1e-8)
    assert here.names["interpolate"](x, t, between) == pytest.approx(np.interp(between, x[order], t[order]), abs=1e-8)


@pytest.mark.claim("N-10")
def test_the_chapters_table_is_known_by_heart(here):
    assert here.numbers["table_units"] == 11 and here.numbers["table_miss"] < 1e-12
    assert [5 - 2 * relu(x) + 3 * relu(x - 1) for x in (0, 1, 2)] == [5, 3, 4]
    assert [1 + 2 * relu(x) - 3 * relu(x - 2) for x in (0, 2, 3)] == [1, 5, 4]
    assert asked(here, "sec-net-interpolant") == [2, -3]


# ---------------------------------------------------------------------------- N-11, N-12, N-13: two layers


@pytest.mark.claim("N-11")
@pytest.mark.parametrize("seed", range(3))
def test_the_nested_formula_is_the_code_of_layers(here, seed):
    rng = np.random.default_rng(seed)
    W, c, v, b = rng.normal(size=(4, 2)), rng.normal(size=4), rng.normal(size=4), rng.normal()
    net = neural.MLP([2, 4, 1], activation="sigmoid")
    for parameter, values in zip(net.parameters(), (W, c, v[None, :], [b]), strict=True):
        parameter.data[...] = values
    for x in CORNERS:
        hidden = [logistic(sum(W[i, j] * x[j] for j in range(2)) + c[i]) for i in range(4)]
        formula = logistic(sum(v[i] * hidden[i] for i in range(4)) + b)
        assert logistic(net.predict(x[None])[0, 0]) == pytest.approx(formula, rel=1e-12)
    assert here.numbers["nested_gap"] < 1e-14


@pytest.mark.claim("N-12")
def test_one_unit_gets_three_corners_of_xor_and_two_layers_all(here):
    targets = np.array([0, 1, 1, 0])
    assert not separable(CORNERS, 2 * targets - 1)
    best = 0
    for kept in itertools.combinations(range(4), 3):
        best = max(best, 3 * separable(CORNERS[list(kept)], 2 * targets[list(kept)] - 1))
    assert best == 3 == here.numbers["single_best"]  # 75 %
    hidden = [[logistic(20 * (x1 + x2) - 10), logistic(20 * (x1 + x2) - 30)] for x1, x2 in CORNERS]
    answers = [logistic(20 * either - 20 * both - 10) for either, both in hidden]
    assert [round(answer) for answer in answers] == targets.tolist()
    assert here.names["layered"] == pytest.approx(answers, rel=1e-9)
    assert (here.numbers["xor_least"], here.numbers["xor_most"]) == pytest.approx((answers[1], max(answers[::3])))


@pytest.mark.claim("N-12")
def test_a_second_layer_learns_a_ring():
    """Points inside and outside a circle: a straight boundary does poorly, six hidden units do well."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (300, 2))
    t = ((X**2).sum(axis=1) < 0.64).astype(int)
    shares = {}
    for sizes in ([2, 2], [2, 6, 2]):
        net = neural.MLP(sizes, activation="tanh", rng=1)
        neural.fit(net, X, t, tensor.softmax_cross_entropy, method=methods.Adam(0.05), epochs=80, rng=0)
        shares[len(sizes)] = (net.predict(X).argmax(axis=1) == t).mean()
    assert shares[2] < 0.7 and shares[3] > 0.95


@pytest.mark.claim("N-12")
def test_what_the_text_says_of_the_playgrounds_circles(here):
    """No line gets much more than three quarters of them: every line through two points, and either side."""
    assert here.calls("MlpPlayground") == [("MlpPlayground", (), {})]
    for seed in range(2):
        for X, t in MlpPlayground(data="circles", seed=seed).sets():
            i, j = np.triu_indices(len(X), 1)
            normals = np.column_stack([X[i, 1] - X[j, 1], X[j, 0] - X[i, 0]])
            sides = normals @ X.T - (normals * X[i]).sum(axis=1, keepdims=True) > -1e-12  # (lines, points)
            shares = (sides == t).mean(axis=1)
            assert 0.65 < max(shares.max(), 1 - shares.min()) < 0.8


@pytest.mark.claim("N-12")
@pytest.mark.parametrize(
    ("settings", "least", "most"),
    [
        ({"data": "circles", "hidden": [], "seed": 0}, 0.3, 0.7),
        ({"data": "circles", "hidden": [3], "seed": 0}, 0.9, 1),
        ({"data": "xor", "hidden": [2], "seed": 0}, 0.8, 1),
        ({"data": "xor", "hidden": [2], "seed": 5}, 0.5, 0.78),  # stuck
        ({"data": "circles", "hidden": [], "inputs": "products"}, 0.95, 1),
        ({"data": "xor", "hidden": [], "inputs": "products"}, 0.95, 1),
        ({"data": "spiral", "hidden": [], "inputs": "products"}, 0.3, 0.7),
    ],
)
def test_the_playground_does_what_the_text_says(settings, least, most):
    play = MlpPlayground(**settings)
    net, (X, t) = play.train(600).network, play.sets()[1]
    assert least <= ((forward(net, play.features(X))[:, 0] > 0) == t).mean() <= most


@pytest.mark.claim("N-13")
@pytest.mark.parametrize("outputs", [1, 2, 7])
def test_a_network_is_a_function_from_vectors_to_vectors(here, outputs):
    net = neural.MLP([3, 5, outputs], rng=0)
    X = np.random.default_rng(0).normal(size=(4, 3))
    assert net.predict(X).shape == (4, outputs)
    assert net.predict(X)[2] == pytest.approx(net.predict(X[2:3])[0])  # each row on its own
    assert here.numbers["outputs"] == 2


# ---------------------------------------------------------------------------- N-14, N-15, N-16: training


def forward(net, X):
    """A network's answer with plain NumPy, from its weights."""
    for layer in net.layers:
        if isinstance(layer, neural.Sequential):
            X = forward(layer, X)
        elif isinstance(layer, neural.Linear):
            X = X @ layer.weight.data.T + layer.bias.data
        else:
            X = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh}[layer.name](X)
    return X


def mean_surprise(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return float((np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).mean())


@pytest.mark.claim("N-14")
def test_a_linear_classifier_does_better_on_learned_features(here):
    """With scikit-learn's classifier and principal components in place of ours."""
    linear = pytest.importorskip("sklearn.linear_model")
    decomposition = pytest.importorskip("sklearn.decomposition")
    train, test = here.names["train"], here.names["test"]
    components = decomposition.PCA(2).fit(train.inputs)
    learned = here.names["extractor"]
    shares = []
    for look in (components.transform, lambda x: forward(learned, x)):
        flat = linear.LogisticRegression(C=100, max_iter=5000).fit(look(train.inputs), train.targets)
        shares.append(flat.score(look(test.inputs), test.targets))
    assert shares[1] > shares[0] + 0.2
    assert here.numbers["flat_principal"] == pytest.approx(100 * shares[0], abs=3)
    assert here.numbers["flat_learned"] == pytest.approx(100 * shares[1], abs=3)


@pytest.mark.claim("N-15")
def test_training_lowers_the_mean_loss(here):
    """Odd or even: the network with NumPy from its weights, the straight model with scikit-learn."""
    linear = pytest.importorskip("sklearn.linear_model")
    train, test, net = here.names["train"], here.names["test"], here.names["net"]
    assert mean_surprise(forward(net, train.inputs), train.targets % 2) < 0.05 < math.log(2)
    assert here.numbers["loss_last"] < 0.05 < here.numbers["loss_first"]
    right = (forward(net, test.inputs).argmax(axis=1) == test.targets % 2).mean()
    assert here.numbers["net_right"] == pytest.approx(100 * right)
    flat = linear.LogisticRegression(C=10, max_iter=5000).fit(train.inputs, train.targets % 2)
    assert here.numbers["straight_right"] == pytest.approx(100 * flat.score(test.inputs, test.targets % 2), abs=2)
    assert here.numbers["net_right"] > here.numbers["straight_right"] + 4
    ten = (forward(here.names["names_net"], test.inputs).argmax(axis=1) == test.targets).sum()
    assert here.numbers["names_right"] == ten > 0.95 * len(test)
    share = ten / len(test)
    assert here.numbers["names_bar"] == pytest.approx(math.sqrt(len(test) * share * (1 - share)))
    assert abs(here.numbers["names_right"] - here.numbers["names_straight"]) < 3 * here.numbers["names_bar"]


@pytest.mark.claim("N-15")
def test_the_loss_is_not_convex(here):
    """Hidden units in reverse order: the same network, and halfway between the two a worse one."""
    train, net = here.names["train"], here.names["net"]
    first, last = net.layers[0], net.layers[-1]
    W, c, V, b = (one.data for one in (first.weight, first.bias, last.weight, last.bias))

    def loss(W, c, V):
        return mean_surprise(np.maximum(train.inputs @ W.T + c, 0) @ V.T + b, train.targets % 2)

    own = loss(W, c, V)
    assert loss(W[::-1], c[::-1], V[:, ::-1]) == pytest.approx(own)
    halfway = loss((W + W[::-1]) / 2, (c + c[::-1]) / 2, (V + V[:, ::-1]) / 2)
    assert halfway > 5 * own
    assert here.names["way"] == pytest.approx([own, halfway, own]) and here.numbers["loss_end"] == pytest.approx(own)
    assert here.numbers["halfway"] == pytest.approx(halfway)


@pytest.mark.claim("N-15")
def test_a_tiny_network_learns_a_parabola():
    X = np.linspace(-1, 1, 64)[:, None]
    net = neural.MLP([1, 16, 1], "tanh", rng=1)
    before = float(((forward(net, X) - X**2) ** 2).mean())
    neural.fit(net, X, X**2, tensor.mse, method=methods.Adam(0.02), epochs=60, rng=1)
    assert float(((forward(net, X) - X**2) ** 2).mean()) < 0.02 * before


@pytest.mark.claim("N-15")
def test_the_best_temperature_matches_moments_and_changes_no_answer(here):
    """Boltzmann's law again: at the best T the mean true logit is the mean expected one."""
    numbers, names = here.numbers, here.names
    logits = forward(names["sure"], names["rest"].inputs)
    labels, T = names["rest"].targets, numbers["best_T"]
    check_logits, check_labels = forward(names["sure"], names["check"].inputs), names["check"].targets
    found = optimize.minimize_scalar(
        lambda one: mean_surprise(check_logits / one, check_labels), bounds=(0.2, 20), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    assert pytest.approx(found.x, rel=1e-5) == T and T > 1
    assert numbers["true_logit"] == pytest.approx(numbers["expected_logit"], rel=1e-6)
    assert numbers["mended_right"] == numbers["cold_right"]
    assert numbers["cold_right"] == pytest.approx(100 * (logits.argmax(axis=1) == labels).mean())
    assert mean_surprise(logits / T, labels) < mean_surprise(logits, labels)
    assert abs(numbers["mended_says"] - numbers["mended_right"]) < abs(numbers["cold_says"] - numbers["cold_right"])
    assert numbers["mended_error"] < numbers["cold_error"]


@pytest.mark.claim("N-16")
@pytest.mark.parametrize("z", [[0.0, 0.0], [1.0, 0.0, -1.0], [8.0, 0.0, -1.0], [-2.0, 5.0, 1.0, 0.3]])
def test_gradients_of_both_losses(here, z):
    z = np.array(z)
    t = np.eye(len(z))[1]

    def softmax(z):
        weights = np.exp(z - z.real.max())
        return weights / weights.sum()

    def slope(loss):  # complex steps: exact to rounding
        return np.array([loss(z + 1e-30j * unit).imag / 1e-30 for unit in np.eye(len(z))])

    p = softmax(z)
    jacobian = np.diag(p) - np.outer(p, p)
    assert p - t == pytest.approx(slope(lambda z: -np.log(softmax(z)[1])), abs=1e-12)
    assert jacobian @ (p - t) == pytest.approx(slope(lambda z: 0.5 * ((softmax(z) - t) ** 2).sum()), abs=1e-12)
    assert here.names["slope"](z, t) == pytest.approx(jacobian @ (p - t), abs=1e-12)
    logits = tensor.Tensor(z[None], requires_grad=True)
    tensor.softmax_cross_entropy(logits, [1]).backward()
    assert logits.grad[0] == pytest.approx(p - t, abs=1e-12)


@pytest.mark.claim("N-16")
def test_the_squared_error_gives_up_on_the_sure_and_wrong(here):
    assert here.numbers["push_entropy"] > 0.99 and here.numbers["push_square"] < 1e-3
    assert here.numbers["losses_gap"] < 1e-8


# ---------------------------------------------------------------------------- N-17, N-18: tensors, operators


@pytest.mark.claim("N-17")
def test_sizes_of_tensors(here):
    assert 128 * 512 * 768 == 50_331_648 == here.numbers["hidden_size"]
    assert 50_331_648 * 4 / 1024**2 == 192 == here.numbers["hidden_mib"]
    for shape in ((), (3,), (5, 3)):
        made_one = tensor.Tensor(np.zeros(shape))
        assert made_one.shape == shape and made_one.size == math.prod(shape)


@pytest.mark.claim("N-18")
def test_operators_and_what_slides_call_them(here):
    """E-08, E-39, E-40, and E-37: F.linear has no activation."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    A, B, c = rng.normal(size=(5, 3)), rng.normal(size=(2, 3)), rng.normal(size=2)
    with pytest.raises(RuntimeError, match="1D tensors expected"):
        torch.dot(torch.tensor(A), torch.tensor(B.T))
    with pytest.raises(RuntimeError):
        torch.zeros(2, 3, 4).t()
    assert torch.zeros(2, 3, 4).mT.shape == (2, 4, 3)
    by_index = np.array([[math.fsum(a * b for a, b in zip(x, w, strict=True)) for w in B] for x in A]) + c
    for linear in (
        torch.nn.functional.linear(*map(torch.tensor, (A, B, c))).numpy(),
        (tensor.Tensor(A) @ tensor.Tensor(B).T + c).data,
    ):
        assert linear == pytest.approx(by_index, abs=1e-13)
    assert by_index.min() < 0  # no bend
    U, S, Vh = torch.linalg.svd(torch.tensor(A), full_matrices=False)
    assert (U * S @ Vh).numpy() == pytest.approx(A)
    U, S, V = torch.svd(torch.tensor(A))  # the deprecated one gives V
    assert (U * S @ V.T).numpy() == pytest.approx(A) and (U * S @ V - torch.tensor(A)).abs().max() > 0.01
    assert set(here.names["refused"]) == {"dot", "t"} and "1D tensors expected" in here.names["refused"]["dot"]
    U, S, V = np.linalg.svd(A, full_matrices=False)
    assert np.abs(U * S @ V.T - A).max() > 0.01  # V as the third would be wrong here
    assert here.numbers["svd_gap"] < 1e-13 and here.numbers["linear_gap"] < 1e-13


# ---------------------------------------------------------------------------- N-19, N-21: modules


@pytest.mark.claim("N-19")
def test_our_own_module(here):
    names = here.names
    Linear, ReLU, Sequential = names["Linear"], names["ReLU"], names["Sequential"]
    inner = Sequential(Linear(4, 4, bias=False, rng=1), ReLU(), Linear(4, 2, rng=2))
    net = Sequential(Linear(3, 4, rng=0), ReLU(), inner)
    shapes = {name: array.shape for name, array in net.named_parameters()}
    assert shapes == {
        "0.weight": (4, 3), "0.bias": (4,), "2.0.weight": (4, 4), "2.2.weight": (2, 4), "2.2.bias": (2,)
    }  # fmt: skip
    assert net.size() == 12 + 4 + 16 + 8 + 2
    X = np.random.default_rng(3).normal(size=(6, 3))
    first, second, third = net.__dict__["0"], net.__dict__["2"].__dict__["0"], net.__dict__["2"].__dict__["2"]
    for x, answer in zip(X, net(X), strict=True):
        h = [relu(float(row @ x) + b) for row, b in zip(first.weight, first.bias, strict=True)]
        h = [relu(float(row @ h)) for row in second.weight]
        assert answer == pytest.approx(third.weight @ h + third.bias)
    assert second.bias is None
    assert here.numbers["own_size"] == 32 * 64 + 32 + 10 * 32 + 10
    assert names["count"]([64, 32, 10]) == here.numbers["own_size"] and names["count"]([3, 4], bias=False) == 12
    other = Sequential(Linear(3, 4, rng=5), ReLU(), Sequential(Linear(4, 4, bias=False), ReLU(), Linear(4, 2, rng=6)))
    assert np.abs(other(X) - net(X)).max() > 0.01
    other.load(dict(net.named_parameters()))
    assert (other(X) == net(X)).all() and here.numbers["copied"] == 0
    cells = re.findall(r"```\{code-cell\} ipython3\n(class .*?)```", here.section("sec-net-modules"), re.S)
    lines = [line for cell in cells for line in cell.splitlines() if line.strip()]
    assert len(cells) == 3 and len(lines) <= 40


@pytest.mark.claim("N-19")
def test_the_librarys_module_does_without_a_bias_and_the_printed_class_does_not(here):
    layer = neural.Linear(3, 2, bias=False, rng=0)
    X = np.ones((1, 3))
    assert layer.predict(X)[0] == pytest.approx(layer.weight.data.sum(axis=1))
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    with pytest.raises(AttributeError, match="bias"):  # E-09
        here.names["Broken"](3, 2, bias=False).forward(X)
    assert not callable(here.names["Broken"](3, 2))


@pytest.mark.claim("N-21")
def test_our_modules_compute_what_torch_computes(here):
    torch = pytest.importorskip("torch")
    net = here.names["own"]
    twin = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)).double()
    twin.load_state_dict({name: torch.tensor(array) for name, array in net.named_parameters()})
    X = np.random.default_rng(2).normal(size=(20, 64))
    assert net(X) == pytest.approx(twin(torch.tensor(X)).detach().numpy(), abs=1e-13)
    assert here.numbers["torch_gap"] < 1e-13 < 1e-8 < here.numbers["single_gap"] < 1e-5
    assert here.numbers["loss_gap"] < 1e-13 and here.numbers["slope_gap"] < 1e-13


@pytest.mark.claim("N-21")
def test_ten_steps_of_training_are_torchs(here):
    torch = pytest.importorskip("torch")
    X = np.random.default_rng(2).normal(size=(30, 4))
    t = np.arange(30) % 3
    net = neural.MLP([4, 8, 3], rng=1)
    twin = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)).double()
    for there, ours in zip(twin.parameters(), net.parameters(), strict=True):
        there.data = torch.tensor(ours.data.copy())
    step = torch.optim.SGD(twin.parameters(), lr=0.3)
    for _ in range(10):
        step.zero_grad()
        torch.nn.functional.cross_entropy(twin(torch.tensor(X)), torch.tensor(t)).backward()
        step.step()
    neural.fit(net, X, t, tensor.softmax_cross_entropy, method=methods.GradientDescent(0.3), epochs=10, batch_size=None)
    assert net.predict(X) == pytest.approx(twin(torch.tensor(X)).detach().numpy(), abs=1e-11)


# ---------------------------------------------------------------------------- N-20: the perceptron


def mistakes_by_hand(X, t, rounds):
    w, c, made_so_far, wrong = [0.0] * len(X[0]), 0.0, 0, True
    while wrong and rounds:
        wrong, rounds = False, rounds - 1
        for x, label in zip(X, t, strict=True):
            if label * (sum(a * b for a, b in zip(w, x, strict=True)) + c) <= 0:
                w, c = [a + label * b for a, b in zip(w, x, strict=True)], c + label
                made_so_far, wrong = made_so_far + 1, True
    return made_so_far, not wrong


@pytest.mark.claim("N-20")
@pytest.mark.parametrize("gate", GATES)
def test_it_learns_and_and_or_and_never_xor(here, gate):
    count, ended = mistakes_by_hand(CORNERS.tolist(), GATES[gate], 1000)
    run = neural.perceptron(CORNERS, GATES[gate], max_epochs=1000)
    assert run.converged == ended == separable(CORNERS, GATES[gate]) == (gate != "xor")
    assert run.mistakes == count == here.numbers[f"{gate}_mistakes"]
    own = here.names["perceptron"](CORNERS, GATES[gate], 1000)
    assert own.tolist() == [*run.weights, run.bias]
    if ended:
        assert run.predict(CORNERS).tolist() == GATES[gate]
    else:
        assert run.mistakes == 4 * run.epochs and not run.path[::4].any()  # after every round back at zero
    assert here.calls("PerceptronSteps")[0][2] == {"data": "and"}


@pytest.mark.claim("N-20")
@pytest.mark.parametrize("seed", range(8))
def test_the_mistake_bound_holds(seed):
    rng = np.random.default_rng(seed)
    u = rng.normal(size=4)
    X = rng.normal(size=(200, 3))
    scores = X @ u[:3] + u[3]
    X = X[np.abs(scores) > 0.2 * math.sqrt(u @ u)]
    t = np.sign(X @ u[:3] + u[3])
    full = [(*x, 1.0) for x in X]
    margin = min(s * sum(a * b for a, b in zip(u, x, strict=True)) for s, x in zip(t, full, strict=True))
    bound = max(sum(a * a for a in x) for x in full) * float(u @ u) / margin**2
    run = neural.perceptron(X, t, max_epochs=10_000)
    assert run.converged and run.mistakes <= bound
    assert neural.mistake_bound(X, t, u) == pytest.approx(bound)
    k = np.arange(run.mistakes + 1)
    gamma, R = margin / math.sqrt(u @ u), math.sqrt(max(sum(a * a for a in x) for x in full))
    assert (run.path @ u / math.sqrt(u @ u) >= k * gamma - 1e-9).all()
    assert (np.sqrt((run.path**2).sum(axis=1)) <= R * np.sqrt(k) + 1e-9).all()


@pytest.mark.claim("N-20")
@pytest.mark.parametrize("least", [0.0, 0.5, 3.0])
def test_barely_right_is_not_enough(here, least):
    """Updating up to a score of ``least``, counted here: below the bound, and with the distance of exercise 6."""
    rows = np.array(GATES["and"])[:, None] * np.column_stack([CORNERS, np.ones(4)])  # t·x
    w, updates = np.zeros(3), 0
    while (rows @ w <= least).any():
        for row in rows:
            if row @ w <= least:
                w, updates = w + row, updates + 1
    R, gamma = math.sqrt(3), 1 / math.sqrt(17)
    assert 0 < updates <= here.names["most_updates"](R, gamma, least) == pytest.approx((3 + 2 * least) * 17)
    assert math.sqrt(w @ w) <= (R**2 + 2 * least) / gamma
    assert (rows @ w).min() / math.sqrt(w @ w) >= gamma * least / (R**2 + 2 * least)


@pytest.mark.claim("N-20")
def test_the_chapters_bound_is_the_best_one(here):
    """Search all directions: no unit vector has a larger margin for AND than (2, 2, −3)/√17."""
    rows = np.array(GATES["and"])[:, None] * np.column_stack([CORNERS, np.ones(4)])
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(200_000, 3))
    directions /= np.sqrt((directions**2).sum(axis=1, keepdims=True))
    best = (directions @ rows.T).min(axis=1).max()
    assert best <= 1 / math.sqrt(17) + 1e-12 and best == pytest.approx(1 / math.sqrt(17), rel=0.03)
    assert here.numbers["gamma"] == pytest.approx(1 / math.sqrt(17))
    assert here.numbers["bound"] == pytest.approx(51) and here.numbers["R"] == pytest.approx(math.sqrt(3))
    assert here.numbers["and_mistakes"] <= 51
    R, gamma, k = 2.0, 0.5, 9
    assert asked(here, "sec-net-perceptron") == [k * gamma, R * math.sqrt(k), (R / gamma) ** 2]
