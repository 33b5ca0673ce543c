"""The explorables of chapter 6 in Python: what they take, refuse, compute and show."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import optimize
from sklearn.linear_model import LogisticRegression

from book_lib import classification, neural
from book_lib.explorables import HingeLab, MlpPlayground, Neuron, PerceptronSteps, WidthAndApproximation
from book_lib.explorables.mlp_playground import (
    BATCHES,
    FAR,
    cheapest_temperature,
    cross_entropy,
    dealt,
    flat,
    sample,
    smooth,
)
from book_lib.explorables.perceptron_steps import widest
from book_lib.optimization import Adam, Diverged, GradientDescent
from book_lib.rng import CounterRNG
from tests.lib.pictures import check_pictures

BAD = [
    (MlpPlayground, {"data": "moons"}, "data"),
    (MlpPlayground, {"points": [(0, 0)]}, "points"),
    (MlpPlayground, {"points": [(0, 4, 1)]}, "points"),
    (MlpPlayground, {"points": [(0, 0, 2)]}, "points"),
    (MlpPlayground, {"inputs": "sines"}, "inputs"),
    (MlpPlayground, {"hidden": 4}, "hidden"),
    (MlpPlayground, {"points": 3}, "points"),
    (MlpPlayground, {"hidden": [9]}, "hidden"),
    (MlpPlayground, {"hidden": [2.5]}, "hidden"),
    (MlpPlayground, {"hidden": [4, 4, 4, 4]}, "hidden"),
    (MlpPlayground, {"hidden": [4, 0]}, "hidden"),
    (MlpPlayground, {"activation": "gelu"}, "activation"),
    (MlpPlayground, {"method": "sgd"}, "method"),
    (MlpPlayground, {"learning_rate": 0}, "learning_rate"),
    (MlpPlayground, {"learning_rate": math.nan}, "learning_rate"),
    (MlpPlayground, {"penalty": "l0"}, "penalty"),
    (MlpPlayground, {"regularization": -0.1}, "regularization"),
    (MlpPlayground, {"batch_size": 0}, "batch_size"),
    (MlpPlayground, {"noise": 2}, "noise"),
    (MlpPlayground, {"temperature": 0}, "temperature"),
    (MlpPlayground, {"predict": "yes"}, "predict"),
    (Neuron, {"w1": 11}, "w1"),
    (Neuron, {"bias": math.inf}, "bias"),
    (Neuron, {"activation": "softmax"}, "activation"),
    (Neuron, {"data": "nand"}, "data"),
    (HingeLab, {"a": 21}, "a"),
    (HingeLab, {"b": 41}, "b"),
    (HingeLab, {"bias": -1001}, "bias"),
    (HingeLab, {"suspect": 5}, "suspect"),
    (WidthAndApproximation, {"function": "cos"}, "function"),
    (WidthAndApproximation, {"width": 0}, "width"),
    (WidthAndApproximation, {"width": 65}, "width"),
    (WidthAndApproximation, {"activation": "tanh"}, "activation"),
    (PerceptronSteps, {"data": "nor"}, "data"),
    (PerceptronSteps, {"points": [(0, 0, 1)]}, "points"),
    (PerceptronSteps, {"points": 3}, "points"),
    (PerceptronSteps, {"points": [(0, 3, 1), (0, 0, 0)]}, "points"),
    (PerceptronSteps, {"steps": -1}, "steps"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        kind(**arguments)


WIDGETS = [
    MlpPlayground(),
    MlpPlayground(data="own"),
    MlpPlayground(points=[(0, 0, 1), (1, 1, 0)]),
    MlpPlayground(hidden=[8, 8], activation="relu", learning_rate=30),
    Neuron(),
    Neuron(w1=0, w2=0, data="house"),
    HingeLab(),
    HingeLab(a=0, b=0, bias=-1),
    WidthAndApproximation(),
    WidthAndApproximation(function="corner", width=64),
    WidthAndApproximation(function="root", activation="sigmoid"),
    PerceptronSteps(),
    PerceptronSteps(data="xor"),
    PerceptronSteps(data="own"),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


def test_alt_text_can_be_given() -> None:
    kinds = (HingeLab, MlpPlayground, Neuron, PerceptronSteps, WidthAndApproximation)
    assert all(kind(alt="A figure.").describe() == "A figure." for kind in kinds)


# -- the playground


@pytest.mark.parametrize("method", ["descent", "adam"])
@pytest.mark.parametrize("batch_size", [10, 30, 100])
def test_training_is_that_of_the_librarys_fit(method: str, batch_size: int) -> None:
    play = MlpPlayground(data="xor", hidden=[5, 3], method=method, learning_rate=0.05, batch_size=batch_size, seed=4)
    inputs, labels = play.sets()[0]
    network = play.network()
    rule = {"descent": GradientDescent, "adam": Adam}[method](0.05)
    history = neural.fit(network, inputs, labels, cross_entropy, method=rule, epochs=3, batch_size=batch_size,
                         rng=CounterRNG(4, BATCHES))  # fmt: skip
    ours = play.train(history.steps)
    np.testing.assert_allclose(flat(ours.network), flat(network), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours.losses, history.step_losses, rtol=1e-12)


TORCH = [
    {},
    {"data": "xor", "hidden": [4, 3], "activation": "relu", "regularization": 0.01, "penalty": "l1", "batch_size": 30},
    {"data": "spiral", "hidden": [8, 8, 8], "method": "adam", "learning_rate": 0.01, "noise": 0.0},
    {"data": "circles", "activation": "sigmoid", "inputs": "products", "regularization": 0.1, "batch_size": 100},
    {"data": "bells", "hidden": [], "method": "adam", "seed": 2**32 - 1},
]


@pytest.mark.parametrize("settings", TORCH)
def test_training_is_torchs_in_double(settings: dict) -> None:
    play = MlpPlayground(**settings)
    functions = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}
    layers = [torch.nn.Linear(a, b, dtype=torch.float64) for a, b in itertools.pairwise(play.sizes)]
    peer = torch.nn.Sequential(*itertools.chain(*[(layer, functions[play.activation]()) for layer in layers]))[:-1]
    for theirs, ours in zip(peer.parameters(), play.network().parameters(), strict=True):
        theirs.data = torch.tensor(ours.data)
    rule = {"descent": torch.optim.SGD, "adam": torch.optim.Adam}[play.method](peer.parameters(), play.learning_rate)
    X, t = play.sets()[0]
    inputs, labels = torch.tensor(play.features(X)), torch.tensor(t, dtype=torch.float64)
    for batch in itertools.islice(dealt(len(t), play.batch_size, play.seed), 60):
        size = sum((p.abs() if play.penalty == "l1" else p**2 / 2).sum() for p in peer.parameters() if p.ndim == 2)
        rows = torch.arange(len(t))[batch]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(peer(inputs[rows])[:, 0], labels[rows])
        rule.zero_grad()
        (loss + play.regularization * size).backward()
        rule.step()
    theirs = np.concatenate([p.detach().numpy().ravel() for p in peer.parameters()])
    np.testing.assert_allclose(flat(play.train(60).network), theirs, rtol=1e-9, atol=1e-11)


def test_points_and_widths_may_come_as_arrays() -> None:
    points = np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    assert MlpPlayground(points=points, hidden=np.array([3])).sizes == (2, 3, 1)
    assert MlpPlayground(points=points).data == PerceptronSteps(points=points).data == "own"
    assert MlpPlayground(hidden=np.array([])).sizes == (2, 1)


def test_no_hidden_layer_is_logistic_regression() -> None:
    play = MlpPlayground(data="bells", noise=1.0, hidden=[], batch_size=100, learning_rate=1.0, regularization=0.05)
    assert play.parameters == 3
    inputs, labels = play.sets()[0]
    peer = LogisticRegression(C=1 / (100 * 0.05), tol=1e-10, max_iter=10_000).fit(inputs, labels)
    ours = flat(play.train(3000).network)
    np.testing.assert_allclose(ours, [*peer.coef_[0], peer.intercept_[0]], atol=1e-6)
    slopes = [play.loss(play.train(k).network) for k in (0, 10, 100)]
    assert slopes == sorted(slopes, reverse=True)


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_the_penalty_is_added_and_biases_go_free(penalty: str) -> None:
    play = MlpPlayground(penalty=penalty, regularization=0.1, activation="sigmoid")
    network = play.network()
    rng = np.random.default_rng(0)
    for parameter in network.parameters():
        parameter.data[...] = rng.standard_normal(parameter.data.shape)
    weights = np.concatenate([p.data.ravel() for p in network.parameters() if p.data.ndim == 2])
    size = (weights**2).sum() / 2 if penalty == "l2" else np.abs(weights).sum()
    inputs, labels = play.sets()[0]
    assert play.objective(network, inputs, labels).item() == pytest.approx(play.loss(network) + 0.1 * size)


def test_data_sets_are_balanced_within_the_plane_and_repeat() -> None:
    for name in ("circles", "xor", "bells", "spiral"):
        X, t = sample(name, 0.4, 3)
        assert X.shape == (200, 2)
        assert t.sum() == 100
        assert np.abs(X).max() <= FAR
        np.testing.assert_array_equal(X, sample(name, 0.4, 3)[0])
        assert not np.array_equal(X, sample(name, 0.4, 4)[0])
    X, t = sample("circles", 0.0, 0)
    radius = np.hypot(*X.T)
    assert radius[t == 1].max() <= 1.1 < 1.8 <= radius[t == 0].min()
    X, t = sample("xor", 0.0, 0)
    np.testing.assert_array_equal(X.prod(axis=1) < 0, t == 1)


def test_xor_needs_a_hidden_layer() -> None:
    line = MlpPlayground(data="xor", hidden=[], noise=0.0)
    assert line.accuracy(line.train(600).network) <= 0.8
    two = MlpPlayground(data="xor", hidden=[4], noise=0.0)
    assert two.accuracy(two.train(600).network) >= 0.95


def test_products_made_by_hand_spare_the_hidden_layer() -> None:
    play = MlpPlayground(data="circles", inputs="products", hidden=[], noise=0.0, learning_rate=1.0)
    assert play.parameters == 6
    assert play.accuracy(play.train(600).network) >= 0.98
    np.testing.assert_allclose(play.features(np.array([[3.0, -1.0]])), [[3, -1, 3, 1 / 3, -1]])


def test_own_points_hold_every_fourth_out() -> None:
    points = [(0.1 * k, -0.1 * k, k % 2) for k in range(9)]
    play = MlpPlayground(points=points)
    assert play.data == "own"
    (train, _), (test, labels) = play.sets()
    assert len(train) == 7
    np.testing.assert_allclose(test, [points[3][:2], points[7][:2]])
    assert labels.tolist() == [1, 1]
    nobody = MlpPlayground(data="own")
    assert math.isnan(nobody.loss(nobody.network()))
    assert math.isnan(nobody.best_temperature(nobody.network()))


def test_divergence_is_caught_and_says_at_which_step() -> None:
    play = MlpPlayground(hidden=[8, 8], activation="relu", learning_rate=30.0)
    run = play.train(300)
    assert run.diverged == run.steps < 20
    assert run.why in {"loss", "gradient", "growth"}
    assert "diverged at step" in play.describe()
    inputs, labels = play.sets()[0]
    with pytest.raises(Diverged) as caught:
        neural.fit(play.network(), inputs, labels, cross_entropy, method=GradientDescent(30.0), epochs=5, batch_size=10,
                   rng=CounterRNG(0, BATCHES))  # fmt: skip
    assert caught.value.step == run.diverged
    assert play.sharpness(play.network()) > 2 / 30.0  # so η is above 2/L


def test_sharpness_is_the_largest_curvature_of_logistic_regression() -> None:
    play = MlpPlayground(hidden=[], data="bells", regularization=0.3)
    network = play.train(50).network
    inputs, _ = play.sets()[0]
    rows = np.column_stack([inputs, np.ones(len(inputs))])
    p = 1 / (1 + np.exp(-network.predict(inputs)[:, 0]))
    hessian = (rows * (p * (1 - p))[:, None]).T @ rows / len(rows) + 0.3 * np.diag([1, 1, 0])
    assert play.sharpness(network) == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-6)


def test_the_best_temperature_is_the_chapters() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(0, 4, 60)
    t = (rng.random(60) < 1 / (1 + np.exp(-z / 2))).astype(int)
    assert cheapest_temperature(z, t) == pytest.approx(classification.fit_temperature(z, t), rel=1e-9)
    hand = np.where(t, -z, z)
    at = optimize.minimize_scalar(lambda T: np.logaddexp(0, hand / T).mean(), bounds=(0.1, 10), method="bounded")
    assert cheapest_temperature(z, t) == pytest.approx(at.x, rel=1e-4)
    assert cheapest_temperature(np.array([1.0, -2.0]), np.array([1, 0])) == 0
    assert cheapest_temperature(np.array([1.0, -2.0]), np.array([0, 1])) == math.inf
    assert cheapest_temperature(np.zeros(3), np.array([0, 1, 1])) == math.inf


def test_temperature_changes_the_loss_and_no_answer() -> None:
    cold, warm = MlpPlayground(temperature=0.2), MlpPlayground(temperature=3.0)
    network = cold.train(200).network
    assert cold.accuracy(network) == warm.accuracy(network)
    assert cold.loss(network) != warm.loss(network)


def test_a_running_mean() -> None:
    np.testing.assert_allclose(smooth(np.arange(5.0), 2), [0, 0.5, 1.5, 2.5, 3.5])
    assert smooth(np.array([])).shape == (0,)


# -- one neuron


def test_a_neuron_is_a_conjunction_and_never_xor() -> None:
    assert Neuron(w1=1, w2=1, bias=-1.5, data="and").right() == 4
    assert Neuron(w1=1, w2=1, bias=-0.5, data="or").right() == 4
    assert Neuron(w1=4, w2=4, bias=-6.5, data="house").right() == 5
    best = max(
        Neuron(w1=a, w2=b, bias=c, data="xor").right()
        for a in range(-3, 4) for b in range(-3, 4) for c in np.arange(-4, 4.5, 0.5)
    )  # fmt: skip
    assert best == 3


def test_a_neuron_without_activation_is_a_sum() -> None:
    one = Neuron(w1=2, w2=-3, bias=0.5, activation="identity", data="or")
    np.testing.assert_allclose(one.outputs(), [0.5, -2.5, 2.5, -0.5])
    for name in ("sigmoid", "tanh", "relu"):
        two = Neuron(w1=2, w2=-3, bias=0.5, activation=name, data="or")
        np.testing.assert_allclose(two.outputs(), neural.activation(name)(one.outputs()), rtol=1e-12)


# -- the hinge


def test_the_printed_model_fails_on_row_3_and_both_repairs_are_exact() -> None:
    printed = HingeLab()
    np.testing.assert_allclose(printed.hidden()[:4, 1], [596, 344, 1090, 0])
    np.testing.assert_allclose(printed.prices()[:4], [896, 694, 2190, 400])
    assert printed.active() == [1, 2, 3, 5]
    repaired = HingeLab(a=2, b=-45, bias=570)
    np.testing.assert_allclose(repaired.misses(), [0, 0, 0, 0, 2120], atol=1e-9)
    both = HingeLab(a=2, b=-45, bias=570, second=True)
    np.testing.assert_allclose(both.misses(), 0, atol=1e-9)


def test_no_hinge_without_a_bias_tells_row_3_from_rows_1_and_2() -> None:
    for a in np.linspace(-20, 20, 41):
        for b in np.linspace(-120, 40, 41):
            active = HingeLab(a=a, b=b).active()
            assert not ({1, 2} <= set(active) and 3 not in active)


# -- width


def test_errors_are_those_of_the_syllabus_and_below_theory() -> None:
    found = [WidthAndApproximation(width=n).error() for n in (4, 8, 16, 32, 64)]
    np.testing.assert_allclose(found, [0.2105, 0.0704, 0.0188, 0.0048, 0.0012], atol=6e-5)
    for function in ("sin", "corner", "root"):
        for activation in ("relu", "sigmoid"):
            for n in (1, 2, 3, 5, 17, 64):
                one = WidthAndApproximation(function=function, activation=activation, width=n)
                assert one.error() <= one.bound() * (1 + 1e-9) + 1e-12, (function, activation, n)


def test_the_relu_network_is_the_librarys_interpolant() -> None:
    one = WidthAndApproximation(function="root", width=7)
    places = 2 * math.pi * np.arange(8) / 7
    peer = neural.relu_interpolant(places, one.target(places))
    x = np.linspace(0, 2 * math.pi, 101)
    np.testing.assert_allclose(one.network(x), peer.predict(x[:, None])[:, 0], atol=1e-12)


# -- the perceptron


@pytest.mark.parametrize("data", ["and", "or", "xor", "own"])
def test_looks_are_the_librarys_run(data: str) -> None:
    walk = PerceptronSteps(data=data)
    run = walk.run(max_epochs=40)
    weights, mistakes = walk.weights(run.epochs * len(walk.examples()[0]))
    assert mistakes == run.mistakes
    np.testing.assert_allclose(weights, [*run.weights, run.bias])
    assert run.converged == math.isfinite(walk.bound())
    assert run.mistakes <= walk.bound()


def test_the_widest_margin_is_that_of_a_quadratic_programme() -> None:
    rng = np.random.default_rng(5)
    for _ in range(10):
        X = rng.uniform(-1, 2, (7, 2))
        t = np.where(X @ [1.0, -0.7] + 0.1 > 0, 1.0, -1.0)
        rows = t[:, None] * np.column_stack([X, np.ones(7)])
        limits = {"type": "ineq", "fun": lambda w, rows=rows: rows @ w - 1}
        start = widest(X, t)
        peer = optimize.minimize(lambda w: w @ w, start / (start @ start), constraints=[limits], tol=1e-12)
        assert 1 / math.sqrt(peer.fun) == pytest.approx(np.linalg.norm(start), rel=1e-5)


def test_a_margin_is_found_among_points_that_nearly_coincide() -> None:
    X = np.array([[0.5, 0.5], [0.5001, 0.5], [0.5, 0.5001], [0.5001, 0.5003]])
    t = np.array([1.0, 1.0, 1.0, -1.0])
    best = widest(X, t)
    assert (t * (X @ best[:2] + best[2]) > 0).all()
    assert widest(np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([1.0, -1.0])) is None
    np.testing.assert_allclose(widest(np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([1.0, 1.0])), [0.5, 0.5, 1])
