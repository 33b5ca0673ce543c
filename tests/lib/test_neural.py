"""book_lib.neural against torch in double, closed forms, finite differences and its own uninterrupted runs."""

import functools
import math
import signal
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from book_lib import _neural_training, neural, runs
from book_lib.learning import numerical_gradient
from book_lib.neural import MLP, Linear, Module, NotFinite, Sequential, activation, fit
from book_lib.optimization import (
    Adam,
    AdamW,
    Diverged,
    GradientDescent,
    Momentum,
    Nesterov,
    Newton,
    cosine,
    inverse_time,
    minimize,
)
from book_lib.rng import CounterRNG
from book_lib.tensor import Tensor, mse, no_grad, softmax_cross_entropy

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
GATES = {"and": [-1, -1, -1, 1], "or": [-1, 1, 1, 1], "xor": [-1, 1, 1, -1]}


def problem(n=40, seed=0, classes=3):
    """Some points in the plane and the classes of three sectors."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    return X, (np.arctan2(X[:, 1], X[:, 0]) * classes / 7 + classes / 2).astype(int) % classes


def torch_twin(net, torch):
    """Return torch's network with the weights of an MLP."""
    kinds = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid, "identity": torch.nn.Identity}
    layers = []
    for layer in net.layers:
        if isinstance(layer, Linear):
            twin = torch.nn.Linear(*layer.weight.data.shape[::-1], dtype=torch.float64)
            twin.load_state_dict({"weight": torch.tensor(layer.weight.data), "bias": torch.tensor(layer.bias.data)})
            layers.append(twin)
        else:
            layers.append(kinds[layer.name]())
    return torch.nn.Sequential(*layers)


# ---------------------------------------------------------------------------- modules


class Pair(Module):
    """Two layers, a shared one, a list, and things that are no parameters."""

    def __init__(self):
        self.first = Linear(2, 3, rng=1)
        self.again = self.first
        self.scale = Tensor([2.0], requires_grad=True)
        self.constant = Tensor([5.0])
        self.parts = [Linear(3, 1, bias=False, rng=2), "no module", activation("relu")]
        self.size = 3

    def forward(self, x):
        return self.parts[0](self.first(x)) * self.scale + self.constant


def test_parameters_are_found_in_order_each_once_and_nothing_else():
    names = [name for name, _ in Pair().named_parameters()]
    assert names == ["first.weight", "first.bias", "scale", "parts.0.weight"]
    pair = Pair()
    assert pair.parameters()[0] is pair.first.weight and len(pair.parameters()) == 4
    assert [name for name, _ in MLP([2, 3, 1]).named_parameters()] == [
        "layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias",
    ]  # fmt: skip


def test_an_output_kept_for_a_look_is_no_parameter():
    class Keeps(Linear):
        def forward(self, x):
            self.seen = super().forward(x)
            return self.seen

    layer = Keeps(2, 1, rng=0)
    layer(CORNERS)
    assert layer.seen.requires_grad and set(layer.state_dict()) == {"weight", "bias"}


def test_parameters_may_stand_in_lists_and_tuples():
    class Polynomial(Module):
        def __init__(self):
            self.powers = [Tensor([0.0], requires_grad=True) for _ in range(2)]
            self.parts = (Tensor([0.0], requires_grad=True), Tensor([7.0]), Linear(1, 1, bias=False, rng=0))

        def forward(self, x):
            return self.parts[0] + self.powers[0] * x + self.powers[1] * x * x + 0 * self.parts[2](x)

    net, x = Polynomial(), np.linspace(-1, 1, 9)[:, None]
    assert [name for name, _ in net.named_parameters()] == ["powers.0", "powers.1", "parts.0", "parts.2.weight"]
    fit(net, x, 1 + 2 * x + 3 * x**2, mse, method=GradientDescent(0.3), epochs=400, batch_size=None)
    assert [p.data.item() for p in net.parameters()[:3]] == pytest.approx([2, 3, 1], abs=1e-6)


def test_calling_a_module_is_its_forward_pass_on_tensors():
    pair, x = Pair(), np.array([[1.0, 2.0]])
    by_hand = (x @ pair.first.weight.data.T + pair.first.bias.data) @ pair.parts[0].weight.data.T * 2 + 5
    for given_as in (x, x.tolist(), Tensor(x)):
        out = pair(given_as)
        assert isinstance(out, Tensor) and out.requires_grad and out.data == pytest.approx(by_hand)
    predicted = pair.predict(x)
    assert isinstance(predicted, np.ndarray) and np.array_equal(predicted, pair(x).data)
    with pytest.raises(NotImplementedError, match="Module must define forward"):
        Module()(x)


def test_predictions_are_arrays_of_their_own():
    x = np.array([[1.0, -2.0]])
    assert np.array_equal(Linear(2, 1, rng=0).predict(Tensor(x)), Linear(2, 1, rng=0).predict(x))
    for net in (activation("identity"), Sequential(activation("identity"), activation("identity"))):
        predicted = net.predict(x)
        predicted[:] = 5
        assert x.tolist() == [[1.0, -2.0]]
    sequence = np.random.default_rng(0).normal(size=(4, 2, 3))
    for layer in (neural.RNN(3, 2, rng=0), neural.LSTM(3, 2, rng=0)):
        assert np.array_equal(layer.predict(sequence), layer(sequence)[0].data)


def test_gradients_add_up_until_they_are_forgotten():
    layer = Linear(2, 1, rng=0)
    for turn in (1, 2):
        layer(np.ones((1, 2))).sum().backward()
        assert layer.weight.grad.tolist() == [[turn, turn]] and layer.bias.grad.tolist() == [turn]
    layer.zero_grad()
    assert layer.weight.grad is None and layer.bias.grad is None


def test_a_state_goes_around():
    one, two = MLP([2, 4, 3], rng=1), MLP([2, 4, 3], rng=2)
    state = one.state_dict()
    two.load_state_dict(state)
    assert np.array_equal(one.predict(CORNERS), two.predict(CORNERS))
    state["layers.0.weight"][:] = 0
    assert one.layers[0].weight.data.any() and two.layers[0].weight.data.any()  # copies, both times
    kept = two.layers[0].weight.data
    two.load_state_dict(one.state_dict())
    assert two.layers[0].weight.data is kept  # written in place


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda s: s.pop("bias"), ValueError, "state lacks 'bias'"),
        (lambda s: s.update(extra=1.0), ValueError, "state has unknown 'extra'"),
        (lambda s: s.update(bias=np.zeros((2, 1))), ValueError, r"must have shape \(2,\), got \(2, 1\)"),
        (lambda s: s.update(bias=[0.0, math.nan]), ValueError, r"state\['bias'\] must be finite"),
        (lambda s: s.update(bias=["a", "b"]), TypeError, r"state\['bias'\] must be an array of real numbers"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, words):
    layer = Linear(3, 2, rng=0)
    before, state = layer.state_dict(), {name: 0 * values for name, values in layer.state_dict().items()}
    change(state)
    with pytest.raises(error, match=words):
        layer.load_state_dict(state)
    assert all(np.array_equal(before[name], values) for name, values in layer.state_dict().items())


def test_a_state_is_a_dict():
    with pytest.raises(TypeError, match="state must be a dict of arrays, got list"):
        Linear(1, 1).load_state_dict([1.0])


def test_modules_print_themselves():
    assert repr(Linear(2, 3)) == "Linear(2, 3)" and repr(Linear(2, 3, bias=False)) == "Linear(2, 3, bias=False)"
    assert repr(MLP([2, 3, 1], "tanh")) == "MLP(Linear(2, 3), activation('tanh'), Linear(3, 1))"
    assert repr(Pair()).startswith("Pair(first: Linear(2, 3), again: Linear(2, 3), 0: Linear(3, 1, bias=False)")
    assert repr(neural.LSTM(2, 3)) == "LSTM(2, 3)" and repr(neural.RNN(2, 3, bias=False)) == "RNN(2, 3, bias=False)"


# ---------------------------------------------------------------------------- layers


def test_three_forms_of_a_layer_agree():
    layer, x = Linear(3, 2, rng=0), np.array([0.5, -1.0, 2.0])
    W, c = layer.weight.data, layer.bias.data
    by_unit = [sum(W[i, j] * x[j] for j in range(3)) + c[i] for i in range(2)]
    assert layer(x).data == pytest.approx(by_unit) and W @ x + c == pytest.approx(by_unit)
    X = np.stack([x, 2 * x, -x])
    assert layer(X).data == pytest.approx(np.stack([W @ row + c for row in X]))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3), (3,)])
def test_linear_is_torchs_with_its_gradients(bias, shape):
    torch = pytest.importorskip("torch")
    layer, x = Linear(3, 2, bias=bias, rng=3), np.random.default_rng(0).normal(size=shape)
    twin = torch.nn.Linear(3, 2, bias=bias, dtype=torch.float64)
    twin.load_state_dict({name: torch.tensor(values) for name, values in layer.state_dict().items()})
    ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    out, peer = layer(ours), twin(theirs)
    assert out.data == pytest.approx(peer.detach().numpy(), abs=1e-14)
    (out * out).sum().backward()
    (peer**2).sum().backward()
    assert ours.grad == pytest.approx(theirs.grad.numpy(), abs=1e-12)
    for name, parameter in layer.named_parameters():
        assert parameter.grad == pytest.approx(getattr(twin, name).grad.numpy(), abs=1e-12)
    assert (layer.bias is None) is not bias


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "identity"])
@pytest.mark.parametrize("sizes", [[2, 3], [2, 7, 3], [2, 5, 4, 3]])
def test_an_mlp_is_torchs_with_its_gradients(name, sizes):
    torch = pytest.importorskip("torch")
    X, labels = problem()
    net = MLP(sizes, activation=name, rng=5)
    twin = torch_twin(net, torch)
    out, peer = net(X), twin(torch.tensor(X))
    assert out.data == pytest.approx(peer.detach().numpy(), abs=1e-13)
    loss = softmax_cross_entropy(out, labels)
    theirs = torch.nn.functional.cross_entropy(peer, torch.tensor(labels))
    loss.backward()
    theirs.backward()
    assert loss.data == pytest.approx(theirs.item(), abs=1e-13)
    for ours, parameter in zip(net.parameters(), twin.parameters(), strict=True):
        assert ours.grad == pytest.approx(parameter.grad.numpy(), abs=1e-10)


def test_both_losses_have_the_slopes_that_finite_differences_see():
    X, labels = problem(10)
    net = MLP([2, 4, 3], "tanh", rng=0)
    for loss, targets in ((softmax_cross_entropy, labels), (mse, np.eye(3)[labels])):
        net.zero_grad()
        loss(net(X), targets).backward()
        for parameter in net.parameters():
            kept = parameter.data.copy()

            def value(w, p=parameter, loss=loss, targets=targets):
                p.data[...] = w
                return loss(net(X), targets).item()

            seen = numerical_gradient(value, kept)
            parameter.data[...] = kept
            assert parameter.grad == pytest.approx(seen, abs=1e-8)


def test_without_activations_depth_is_one_matrix():
    net = MLP([3, 5, 4, 2], activation="identity", rng=0)
    for layer in net.layers[::2]:
        layer.bias.data[...] = np.arange(len(layer.bias.data))
    X = np.random.default_rng(1).normal(size=(6, 3))
    W, c = np.eye(3), np.zeros(3)
    for layer in net.layers[::2]:
        W, c = layer.weight.data @ W, layer.weight.data @ c + layer.bias.data
    assert net.predict(X) == pytest.approx(X @ W.T + c)
    bent = MLP([3, 5, 4, 2], activation="relu", rng=0)
    assert bent.predict(-X) + bent.predict(X) != pytest.approx(2 * bent.predict(0 * X))


def test_layers_start_where_they_say():
    layer = Linear(400, 300, rng=0)
    limit = 1 / 20
    for values in (layer.weight.data, layer.bias.data):
        assert np.abs(values).max() <= limit
    assert layer.weight.data.std() == pytest.approx(limit / math.sqrt(3), rel=0.01)
    net = MLP([400, 300, 200], "relu", rng=0)
    assert net.layers[0].weight.data.std() == pytest.approx(math.sqrt(2 / 400), rel=0.02)
    assert net.layers[2].weight.data.std() == pytest.approx(math.sqrt(1 / 300), rel=0.02)
    assert MLP([400, 300, 9], "tanh").layers[0].weight.data.std() == pytest.approx(math.sqrt(1 / 400), rel=0.02)
    assert not any(layer.bias.data.any() for layer in net.layers[::2])


def test_relu_keeps_the_width_of_a_signal_through_twenty_layers():
    X = np.random.default_rng(0).normal(size=(200, 100))
    net = MLP([100] * 21, "relu", rng=1)
    hidden = Sequential(*net.layers[:-1]).predict(X)
    assert 0.3 < (hidden**2).mean() / (X**2).mean() < 3


def test_the_start_depends_on_the_seed_alone():
    for make in (lambda rng: MLP([2, 3, 1], rng=rng), lambda rng: neural.LSTM(2, 3, rng=rng)):
        one, two, other = (make(seed).state_dict() for seed in (7, 7, 8))
        assert all(np.array_equal(one[name], two[name]) for name in one)
        assert not any(np.array_equal(one[name], other[name]) for name in one if one[name].any())
        a, b = (make(CounterRNG(3)).state_dict() for _ in range(2))
        assert all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Linear(0, 1), ValueError, "inputs must be at least 1, got 0"),
        (lambda: Linear(2, 1.0), TypeError, "outputs must be an integer"),
        (lambda: Linear(2, 1, bias=1), TypeError, "bias must be True or False, got 1"),
        (lambda: Linear(2, 1, rng=None), TypeError, "rng must be"),
        (lambda: Linear(2, 1)(np.ones((3, 4))), ValueError, r"shape \(…, 2\) for Linear\(2, 1\), got \(3, 4\)"),
        (lambda: Linear(2, 1)(Tensor(1.0)), ValueError, r"x must have shape"),
        (lambda: Linear(2, 1)("abc"), TypeError, "x must be an array or a Tensor, got str"),
        (lambda: MLP([2, 1])((1.0, 2.0)), TypeError, "x must be an array or a Tensor, got tuple"),
        (lambda: Linear(2, 1).predict([[math.nan, 0.0]]), ValueError, "inputs must be finite"),
        (lambda: MLP([2]), ValueError, "sizes must hold the inputs, any hidden widths and the outputs"),
        (lambda: MLP(3), ValueError, "sizes must hold"),
        (lambda: MLP([2, 0, 1]), ValueError, "sizes must be at least 1, got 0"),
        (lambda: MLP([2, 1.5]), TypeError, "sizes must be an integer"),
        (lambda: MLP([[1], [1, 2]]), TypeError, "sizes must be an integer"),
        (lambda: MLP(np.array(3)), ValueError, "sizes must hold"),
        (lambda: MLP([2, 1], activation="step"), ValueError, "activation must be one of 'identity', 'relu'"),
        (lambda: Sequential(), ValueError, "layers must hold at least one module"),
        (lambda: Sequential(Linear(1, 1), np.tanh), TypeError, "layers must be modules"),
        (lambda: activation("softmax"), ValueError, "name must be one of 'identity', 'relu', 'sigmoid', 'tanh'"),
        (lambda: activation("relu")([math.nan]), ValueError, "z must be finite"),
        (lambda: activation("relu").derivative("a"), TypeError, "z must be an array of real numbers"),
    ],
)
def test_layers_refuse_what_does_not_fit(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---------------------------------------------------------------------------- activations


@given(st.floats(-50, 50))
def test_activations_are_what_they_are_called(z):
    assert activation("identity")(z) == z and activation("relu")(z) == max(z, 0)
    assert activation("sigmoid")(z) == pytest.approx(1 / (1 + math.exp(-z)), rel=1e-14)
    assert activation("tanh")(z) == pytest.approx(2 * activation("sigmoid")(2 * z) - 1, abs=1e-15)


@pytest.mark.parametrize("name", ["identity", "relu", "sigmoid", "tanh"])
def test_derivatives_are_torchs_and_what_finite_differences_see(name):
    torch = pytest.importorskip("torch")
    g, z = activation(name), np.append(np.linspace(-6, 6, 49), [40.0, -40.0])
    x = torch.tensor(z, requires_grad=True)
    y = x if name == "identity" else getattr(torch, name)(x)
    y.sum().backward()
    assert g(z) == pytest.approx(y.detach().numpy(), abs=1e-15)
    assert g.derivative(z) == pytest.approx(x.grad.numpy(), abs=1e-15)
    away = z[np.abs(z) > 0.1]
    slopes = [float(numerical_gradient(g, point)) for point in away]
    assert g.derivative(away) == pytest.approx(slopes, abs=1e-8)
    ours = Tensor(z, requires_grad=True)
    out = g(ours)
    out.sum().backward()
    assert isinstance(out, Tensor) and out.data == pytest.approx(g(z), abs=1e-15)
    assert ours.grad == pytest.approx(g.derivative(z), abs=1e-15)


def test_slopes_of_activations():
    assert activation("relu").derivative([-1e-9, 0.0, 1e-9]).tolist() == [0, 0, 1]
    assert activation("sigmoid").derivative(0.0) == 0.25 and activation("tanh").derivative(0.0) == 1
    assert activation("tanh").derivative(20.0) == pytest.approx(4 * math.exp(-40), rel=1e-12, abs=0)  # 1 − tanh² is 0
    assert activation("sigmoid").derivative([-1000.0, 1000.0]).tolist() == [0, 0]
    assert activation("tanh").derivative([-1.7e308, 1.7e308]).tolist() == [0, 0]  # and no warning


def test_numbers_stay_numbers_and_arrays_arrays():
    for name in ("identity", "relu", "sigmoid", "tanh"):
        g = activation(name)
        assert isinstance(g(1), float) and isinstance(g.derivative(1), float)
        assert g(np.zeros((2, 3))).shape == g.derivative(np.zeros((2, 3))).shape == (2, 3)
        z = np.array([-1.0, 1.0])
        assert g(z) is not z and not g.parameters()


# ---------------------------------------------------------------------------- training


def test_on_the_whole_batch_it_is_minimize():
    X, t = np.linspace(-1, 1, 20)[:, None], np.linspace(-1, 1, 20)[:, None] ** 2
    for method in (GradientDescent(0.1), Momentum(0.05), Adam(0.01), AdamW(0.01, weight_decay=0.1)):
        net, twin = MLP([1, 4, 1], "tanh", rng=0), MLP([1, 4, 1], "tanh", rng=0)
        history = fit(net, X, t, mse, method=method, epochs=25, batch_size=None)
        shapes = [p.data.shape for p in twin.parameters()]
        cuts = np.cumsum([math.prod(shape) for shape in shapes])[:-1]

        def write(w, twin=twin, cuts=cuts):
            for parameter, part in zip(twin.parameters(), np.split(w, cuts), strict=True):
                parameter.data[...] = part.reshape(parameter.data.shape)

        def value(w, twin=twin, write=write):
            write(w)
            return mse(twin(X), t).item()

        def slope(w, twin=twin, write=write):
            write(w)
            twin.zero_grad()
            mse(twin(X), t).backward()
            return np.concatenate([p.grad.ravel() for p in twin.parameters()])

        start = np.concatenate([p.data.ravel() for p in twin.parameters()])
        way = minimize(value, slope, start, method, steps=25)
        assert np.array_equal(np.concatenate([p.data.ravel() for p in net.parameters()]), way.weights)
        assert np.array_equal(history.step_losses, way.losses[:-1]) and history.steps == history.epochs == 25


@pytest.mark.parametrize("kind", ["SGD", "Momentum", "Nesterov", "Adam", "AdamW"])
def test_training_is_torchs_step_by_step(kind):
    """The same batches, the same method, double precision: the same weights after 30 steps."""
    torch = pytest.importorskip("torch")
    X, labels = problem()
    net = MLP([2, 6, 3], "tanh", rng=1)
    twin = torch_twin(net, torch)
    ours, make = {
        "SGD": (GradientDescent(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
        "Momentum": (Momentum(0.1, 0.9), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
        "Nesterov": (Nesterov(0.1, 0.9), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True)),
        "Adam": (Adam(0.01), lambda p: torch.optim.Adam(p, lr=0.01)),
        "AdamW": (AdamW(0.01, weight_decay=0.1), lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)),
    }[kind]
    optimizer, seen = make(twin.parameters()), []

    def loss(outputs, targets):
        seen.append((outputs.data, targets))
        return softmax_cross_entropy(outputs, targets)

    spied = Spy(net)
    fit(spied, X, labels, loss, method=ours, epochs=3, batch_size=4, rng=2)
    for inputs, (_, targets) in zip(spied.inputs, seen, strict=True):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(twin(torch.tensor(inputs)), torch.tensor(targets)).backward()
        optimizer.step()
    assert len(seen) == 30
    for mine, theirs in zip(net.parameters(), twin.parameters(), strict=True):
        assert mine.data == pytest.approx(theirs.detach().numpy(), abs=1e-9)


class Spy(Module):
    """A model that remembers what it was asked."""

    def __init__(self, net):
        self.net, self.inputs = net, []

    def forward(self, x):
        self.inputs.append(x.data)
        return self.net(x)


def test_every_epoch_deals_every_example_once_and_anew():
    X = np.arange(10.0)[:, None]
    spy = Spy(Linear(1, 1, rng=0))
    history = fit(spy, X, 0 * X, mse, method=GradientDescent(1e-6), epochs=3, batch_size=4, rng=0)
    assert [len(x) for x in spy.inputs] == [4, 4, 2] * 3 and (history.epochs, history.steps) == (3, 9)
    orders = [np.concatenate(spy.inputs[i : i + 3]).ravel().tolist() for i in (0, 3, 6)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert orders[0] != orders[1] != orders[2]


def test_the_loss_of_an_epoch_is_a_mean_over_examples_not_batches():
    X, t = np.zeros((5, 1)), np.arange(5.0)[:, None]
    history = fit(Linear(1, 1, rng=0), X, t, mse, method=GradientDescent(1e-12), epochs=1, batch_size=2)
    bias = Linear(1, 1, rng=0).bias.data
    assert history.losses[0] == pytest.approx(((t - bias) ** 2).mean(), rel=1e-9)
    sizes = [2, 2, 1]
    assert history.losses[0] == pytest.approx(np.average(history.step_losses, weights=sizes))


def test_a_small_network_learns_and_a_single_unit_cannot_learn_xor():
    labels = np.array([0, 1, 1, 0])
    deep, flat = MLP([2, 8, 2], "tanh", rng=0), MLP([2, 2], rng=0)
    for net in (deep, flat):
        fit(net, CORNERS, labels, softmax_cross_entropy, method=Adam(0.05), epochs=300, batch_size=None)
    assert (deep.predict(CORNERS).argmax(axis=1) == labels).all()
    assert (flat.predict(CORNERS).argmax(axis=1) == labels).mean() <= 0.75


def test_the_same_seed_trains_the_same_network():
    X, labels = problem()
    runs_of = []
    for seed in (3, 3, 4):
        net = MLP([2, 5, 3], rng=0)
        fit(net, X, labels, softmax_cross_entropy, epochs=4, batch_size=8, rng=seed)
        runs_of.append(net.predict(X))
    assert np.array_equal(runs_of[0], runs_of[1]) and not np.array_equal(runs_of[0], runs_of[2])


def test_data_are_copied_and_integers_may_be_labels_or_inputs():
    X, labels = problem(12)
    kept = X.copy(), labels.copy()
    fit(MLP([2, 3], rng=0), X, labels, softmax_cross_entropy, epochs=1)
    assert np.array_equal(X, kept[0]) and np.array_equal(labels, kept[1])
    fit(MLP([2, 3], rng=0), X.round().astype(int), labels, softmax_cross_entropy, epochs=1)
    fit(MLP([2, 3], rng=0), Tensor(X), Tensor(X[:, [0, 1, 1]]), mse, epochs=1)
    spy = Spy(MLP([2, 1], rng=0))
    fit(spy, X.astype(np.float32), X[:, :1], mse, epochs=1)
    assert spy.inputs[0].dtype == np.float32


def test_a_model_that_scribbles_on_its_input_spoils_nothing_of_the_callers():
    class Scribbler(Linear):
        def forward(self, x):
            out = super().forward(x * 1.0)
            x.data[...] = -1
            return out

    X, t = CORNERS.copy(), np.ones((4, 1))
    fit(Scribbler(2, 1, rng=0), X, t, mse, epochs=2, batch_size=None, validation=(X, t))
    assert np.array_equal(X, CORNERS)


def test_batches_larger_than_the_data_are_all_of_it():
    spy = Spy(Linear(2, 1, rng=0))
    fit(spy, CORNERS, np.zeros((4, 1)), mse, epochs=2, batch_size=100)
    assert all(np.array_equal(x, CORNERS) for x in spy.inputs) and len(spy.inputs) == 2


def test_no_epochs_change_nothing():
    net = MLP([2, 3], rng=0)
    before = net.predict(CORNERS)
    history = fit(net, CORNERS, [0, 1, 2, 0], softmax_cross_entropy, epochs=0)
    assert np.array_equal(net.predict(CORNERS), before) and history.losses.shape == (0,)
    assert history.stopped == "epochs" and history.best_epoch is None


def test_a_parameter_that_the_loss_does_not_see_stays():
    class Half(Module):
        def __init__(self):
            self.used, self.unused = Linear(2, 1, rng=0), Linear(2, 1, rng=1)

        def forward(self, x):
            return self.used(x)

    half = Half()
    before = half.unused.weight.data.copy()
    fit(half, CORNERS, np.ones((4, 1)), mse, method=GradientDescent(0.1), epochs=2)
    assert np.array_equal(half.unused.weight.data, before)


def test_a_shared_parameter_is_one_parameter():
    class Twice(Module):
        def __init__(self):
            self.layer = Linear(1, 1, bias=False, rng=0)
            self.again = self.layer

        def forward(self, x):
            return self.again(self.layer(x))  # w² x

    twice = Twice()
    fit(twice, [[1.0]], [[4.0]], mse, method=GradientDescent(0.02), epochs=300)
    assert abs(twice.layer.weight.data.item()) == pytest.approx(2, abs=1e-6)


def test_single_precision_weights_stay_single():
    net = Linear(2, 1, rng=0)
    net.weight = Tensor(net.weight.data.astype(np.float32), requires_grad=True)
    net.bias = Tensor(net.bias.data.astype(np.float32), requires_grad=True)
    fit(net, CORNERS.astype(np.float32), CORNERS[:, :1].astype(np.float32), mse, epochs=2)
    assert net.weight.data.dtype == net.bias.data.dtype == np.float32


def test_a_schedule_is_asked_at_each_step():
    asked = []

    def schedule(k):
        asked.append(k)
        return 0.1 / (1 + k)

    fit(Linear(2, 1, rng=0), CORNERS, np.ones((4, 1)), mse, method=GradientDescent(schedule), epochs=3, batch_size=2)
    assert sorted(set(asked)) == list(range(6))


# ---------------------------------------------------------------------------- validation, patience, callbacks


def test_validation_is_measured_after_each_epoch_on_all_examples():
    X, labels = problem(300, seed=1)
    net, seen = MLP([2, 5, 3], rng=0), []

    def watch(epoch):
        with no_grad():
            seen.append(softmax_cross_entropy(epoch.model(X), labels).item())

    def loss(outputs, targets):
        assert outputs.requires_grad is (len(targets) in (8, 32))  # a training batch; validation notes no slopes
        return softmax_cross_entropy(outputs, targets)

    history = fit(net, X[:40], labels[:40], loss, epochs=4, validation=(X, labels), callbacks=watch)
    assert history.validation_losses == pytest.approx(seen, rel=1e-12)
    assert history.best_epoch == int(np.argmin(seen)) and history.validation_losses.shape == (4,)


class Scripted:
    """A loss whose value on validation data is what a script says, and whose slope is 1 for each weight."""

    def __init__(self, script):
        self.script = list(script)

    def __call__(self, outputs, targets):
        if len(targets) == 1:  # the validation set
            return Tensor(self.script.pop(0))
        return outputs.mean()


@pytest.mark.parametrize(
    ("script", "patience", "epochs", "best", "stopped"),
    [
        ([5, 4, 3, 4, 5, 6, 7], 2, 5, 2, "patience"),
        ([5, 4, 3, 4, 2, 6, 7], 2, 7, 4, "patience"),
        ([5, 4, 3, 2, 1, 0, -1], 1, 7, 6, "epochs"),
        ([5, 6, 7, 8, 9, 9, 9], 1, 2, 0, "patience"),
        ([5, 5, 5, 5, 5, 5, 5], 3, 4, 0, "patience"),
        ([5, 4, 6, 6, 6, 6, 6], 50, 7, 1, "epochs"),
    ],
)
def test_patience_stops_and_goes_back_to_the_best(script, patience, epochs, best, stopped):
    net, weights = Linear(1, 1, rng=0), []
    history = fit(
        net, np.ones((4, 1)), np.zeros((4, 1)), Scripted(map(float, script)), method=GradientDescent(0.1), epochs=7,
        validation=(np.ones((1, 1)), np.zeros((1, 1))), patience=patience,
        callbacks=lambda epoch: weights.append(epoch.model.weight.data.item()),
    )  # fmt: skip
    assert (history.epochs, history.best_epoch, history.stopped) == (epochs, best, stopped)
    assert net.weight.data.item() == weights[best] and len(set(weights)) == epochs


def test_without_patience_the_last_weights_stay():
    net, weights = Linear(1, 1, rng=0), []
    fit(
        net, np.ones((4, 1)), np.zeros((4, 1)), Scripted([1.0, 2.0, 3.0]), epochs=3,
        validation=(np.ones((1, 1)), np.zeros((1, 1))),
        callbacks=[lambda epoch: weights.append(epoch.model.weight.data.item())],
    )  # fmt: skip
    assert net.weight.data.item() == weights[-1]


def test_patience_keeps_the_best_even_where_training_blows_up():
    weights, script = [], Scripted([3.0, 1.0, 2.0])

    def loss(outputs, targets):
        found = script(outputs, targets)
        return found if len(weights) < 3 else Tensor.of(np.array(math.inf), "blow up", (found, lambda g: g))

    with pytest.raises(NotFinite, match="at step 3: the loss is") as caught:
        net = Linear(1, 1, rng=0)
        fit(
            net, np.ones((4, 1)), np.zeros((4, 1)), loss, epochs=9, patience=5,
            validation=(np.ones((1, 1)), np.zeros((1, 1))),
            callbacks=lambda epoch: weights.append(epoch.model.weight.data.item()),
        )  # fmt: skip
    assert net.weight.data.item() == weights[1] and caught.value.history.best_epoch == 1


def test_callbacks_are_told_and_may_stop():
    told, calls = [], []

    def watch(epoch):
        told.append((epoch.epoch, epoch.steps, epoch.validation_loss))

    def stop(epoch):
        calls.append(epoch.loss)
        return epoch.epoch == 2

    net = Linear(2, 1, rng=0)
    history = fit(net, CORNERS, np.ones((4, 1)), mse, epochs=9, batch_size=2, callbacks=[stop, watch])
    assert told == [(1, 2, None), (2, 4, None)] and history.stopped == "callback"
    assert calls == history.losses.tolist() and history.validation_losses is None
    assert fit(net, CORNERS, np.ones((4, 1)), mse, epochs=2, callbacks=lambda epoch: 1).stopped == "epochs"
    for verdict, epochs in ((np.bool_(True), 1), (np.bool_(False), 3), (None, 3), ("stop", 3)):
        history = fit(net, CORNERS, np.ones((4, 1)), mse, epochs=3, callbacks=lambda epoch, v=verdict: v)
        assert history.epochs == epochs and history.stopped == ("callback" if epochs == 1 else "epochs")


@pytest.mark.filterwarnings("error")
def test_a_loss_may_be_a_tensor_of_one_number_in_any_shape():
    losses = []
    for shape in ((), (1,), (1, 1)):
        history = fit(
            Linear(2, 1, rng=0), CORNERS, np.ones((4, 1)), lambda y, t, s=shape: mse(y, t).reshape(s), epochs=2,
            validation=(CORNERS, np.ones((4, 1))),
        )  # fmt: skip
        losses.append([*history.losses, *history.validation_losses])
    assert losses[0] == losses[1] == losses[2]


def test_a_fault_in_a_callback_is_not_swallowed_and_costs_nothing(tmp_path):
    def fault(epoch):
        if epoch.epoch == 3:
            raise RuntimeError("no disk")

    net, path = Linear(2, 1, rng=0), tmp_path / "run.npz"
    with pytest.raises(RuntimeError, match="no disk"):
        fit(net, CORNERS, np.ones((4, 1)), mse, epochs=9, callbacks=fault, checkpoint=path)
    kept = runs.load(path)
    assert kept["steps"] == 3 and kept["epochs"] == 2
    assert np.array_equal(kept["weights"], np.concatenate([p.data.ravel() for p in net.parameters()]))


def test_the_bar_of_a_resumed_training_starts_where_it_stood(capsys, tmp_path):
    settings = {"epochs": 3, "checkpoint": tmp_path / "run.npz", "progress": True}
    for epochs, shown in ((2, "2/2"), (5, "5/5"), (3, "3/3")):
        fit(Linear(2, 1, rng=0), CORNERS, np.ones((4, 1)), mse, **settings | {"epochs": epochs})
        assert shown in capsys.readouterr().err


def test_progress_shows_a_bar_only_when_asked(capsys):
    for progress in (False, True):
        fit(Linear(2, 1, rng=0), CORNERS, np.ones((4, 1)), mse, epochs=3, progress=progress)
        captured = capsys.readouterr()
        assert ("3/3" in captured.err and "loss" in captured.err) is progress and not captured.out


# ---------------------------------------------------------------------------- what is no number any more


class Poisoned:
    """A loss that is multiplied by something at its n-th call."""

    def __init__(self, n, factor):
        self.n, self.factor, self.calls = n, factor, 0

    def __call__(self, outputs, targets):
        self.calls += 1
        loss = mse(outputs, targets)
        if self.calls <= self.n:
            return loss
        with np.errstate(all="ignore"):
            return Tensor.of(loss.data * self.factor, "poison", (loss, lambda g: g * self.factor))


@pytest.mark.parametrize("factor", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("n", [0, 1, 7])
def test_a_loss_that_is_no_number_stops_and_says_at_which_step(n, factor):
    net, weights = Linear(2, 1, rng=0), [Linear(2, 1, rng=0).weight.data.copy()]
    with pytest.raises(NotFinite, match=f"training stopped at step {n}: the loss is") as caught:
        fit(
            net, CORNERS, np.ones((4, 1)), Poisoned(n, factor), method=GradientDescent(0.01), epochs=9, batch_size=2,
            callbacks=lambda epoch: weights.append(epoch.model.weight.data.copy()),
        )  # fmt: skip
    error = caught.value
    assert isinstance(error, Diverged) and error.step == n and not math.isfinite(error.loss)
    assert error.learning_rate == (0.01 if n else None)
    assert ("no step was made yet" in str(error)) == (n == 0)
    assert error.history.steps == n and error.history.epochs == n // 2 and error.history.stopped == "diverged"
    assert np.array_equal(net.weight.data, weights[n // 2])  # the end of the last whole epoch


def test_a_gradient_that_is_no_number_stops_too():
    class Steep(Poisoned):
        def __call__(self, outputs, targets):
            loss = mse(outputs, targets)
            return Tensor.of(loss.data, "steep", (loss, lambda g: g * math.nan))

    with pytest.raises(NotFinite, match="training stopped at step 0: the gradient is not finite"):
        fit(Linear(2, 1, rng=0), CORNERS, np.ones((4, 1)), Steep(0, 1), epochs=1)


def test_a_step_out_of_the_floats_stops_too():
    def steep(outputs, targets):
        return Tensor.of(np.array(1.0), "steep", (outputs, lambda g: np.full(outputs.shape, 1e308)))

    net = Linear(1, 1, bias=False, rng=0)
    with pytest.raises(NotFinite, match="at step 0: the step is not finite; try a learning rate below 100"):
        fit(net, [[1.0]], [[1.0]], steep, method=GradientDescent(100.0), epochs=1)
    assert np.array_equal(net.weight.data, Linear(1, 1, bias=False, rng=0).weight.data)


def test_a_validation_loss_that_is_no_number_stops_too():
    script = Scripted([1.0])
    script.script.append(None)

    def loss(outputs, targets):
        if len(targets) == 1 and len(script.script) == 1:
            return Tensor.of(np.array(math.nan), "nothing")
        return script(outputs, targets)

    with pytest.raises(NotFinite, match="training stopped at step 2: the validation loss is nan"):
        fit(
            Linear(1, 1, rng=0), np.ones((4, 1)), np.zeros((4, 1)), loss, epochs=9,
            validation=(np.ones((1, 1)), np.zeros((1, 1))),
        )  # fmt: skip


def test_too_large_a_learning_rate_diverges_and_leaves_finite_weights():
    net = MLP([2, 8, 1], rng=0)
    with pytest.raises(Diverged, match="the learning rate 50 is too large") as caught:
        fit(net, CORNERS, np.ones((4, 1)), mse, method=GradientDescent(50.0), epochs=500)
    assert all(np.isfinite(p.data).all() for p in net.parameters())
    assert caught.value.history.steps == caught.value.step


def test_a_loss_that_starts_near_0_may_grow_to_1():
    script = [1e-20, 1.0, 9e9]

    def loss(outputs, targets):
        return Tensor.of(np.array(script.pop(0)), "script", (outputs, lambda g: np.zeros(outputs.shape)))

    assert fit(Linear(2, 1, rng=0), CORNERS, np.ones((4, 1)), loss, epochs=3).losses.tolist() == [1e-20, 1.0, 9e9]


# ---------------------------------------------------------------------------- interrupts and checkpoints

METHODS = {
    "gradient descent": GradientDescent(0.1),
    "momentum, cosine": Momentum(cosine(0.1, 20)),
    "nesterov": Nesterov(0.05),
    "adam": Adam(0.02),
    "adamw, inverse time": AdamW(inverse_time(0.02, 0.1), weight_decay=0.1),
}


def train(net, loss=softmax_cross_entropy, epochs=5, n=20, **more):
    X, labels = problem(n)
    arguments = {"batch_size": 6, "validation": problem(9, seed=1), "method": Adam(0.02), "rng": 4} | more
    return fit(net, X, labels, loss, epochs=epochs, **arguments)


class Interrupting:
    """A loss during whose n-th call somebody presses Ctrl-C; it goes by the name of the one that it wraps."""

    def __init__(self, n):
        self.n, self.calls = n, 0
        functools.update_wrapper(self, softmax_cross_entropy)

    def __call__(self, outputs, targets):
        self.calls += 1
        if self.calls == self.n:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run in the background ignores it
            signal.raise_signal(signal.SIGINT)
        return softmax_cross_entropy(outputs, targets)


def assert_same(one, two, net, twin):
    """Two trainings are equal to the last bit."""
    for name in ("losses", "validation_losses", "step_losses"):
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    assert one.best_epoch == two.best_epoch and one.stopped == two.stopped
    for a, b in zip(net.parameters(), twin.parameters(), strict=True):
        assert np.array_equal(a.data, b.data)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rng", ["seed", "pcg", "mersenne", "counter"])
def test_an_interrupted_training_goes_on_to_the_last_bit(tmp_path, method, rng):
    def generator():
        kinds = {"pcg": np.random.PCG64, "mersenne": np.random.MT19937}
        return {"seed": 4, "counter": CounterRNG(4)}.get(rng) or np.random.Generator(kinds[rng](4))

    whole, path = MLP([2, 5, 3], rng=0), tmp_path / "run.npz"
    expected = train(whole, method=METHODS[method], rng=generator())
    for n in (1, 2, 5, 7, 10, 13, 25):  # in the first step, between, at a validation, at the last
        path.unlink(missing_ok=True)
        net = MLP([2, 5, 3], rng=0)
        broken = train(net, Interrupting(n), method=METHODS[method], rng=generator(), checkpoint=path)
        assert broken.stopped == "interrupted" and broken.steps < expected.steps + 1
        assert np.array_equal(broken.step_losses, expected.step_losses[: broken.steps])
        other = MLP([2, 5, 3], rng=99)  # a new process, whose network starts elsewhere
        again = train(other, method=METHODS[method], rng=generator(), checkpoint=path)
        assert_same(again, expected, other, whole)


class Memory(runs.Checkpoint):
    """A checkpoint without a disk, so that hundreds of trainings take a moment."""

    def __init__(self):
        super().__init__(None)
        self.state = None

    def load(self):
        return self.state

    def save(self, state, force=False):
        if force:
            self.state = state()
        return force


class Interrupt:
    """Raise KeyboardInterrupt before the n-th line of the training loop, wherever that is."""

    WHERE = {
        "_go", "_epoch", "_step", "_close_epoch", "_tired", "_validate", "_loss_of", "_gradient", "_write", "_settle",
        "_leave",
    }  # fmt: skip

    def __init__(self, line):
        self.left, self.before = line, sys.gettrace()

    def __enter__(self):
        sys.settrace(self.trace)

    def __exit__(self, *error):
        sys.settrace(self.before)

    def trace(self, frame, event, argument):
        if frame.f_code.co_filename != _neural_training.__file__ or frame.f_code.co_name not in self.WHERE:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self.trace


class EveryStep(Memory):
    """A checkpoint that is due at each step, and keeps all of them."""

    def __init__(self):
        super().__init__()
        self.kept = []

    def save(self, state, force=False):
        self.kept.append((force, state()))
        return super().save(state, force)


def test_a_power_cut_costs_no_more_than_what_came_after_the_last_checkpoint():
    whole, log = MLP([2, 5, 3], rng=0), EveryStep()
    expected = train(whole, epochs=3, checkpoint=log)
    assert [force for force, _ in log.kept] == [False] * expected.steps + [True]
    assert [state["steps"] for _, state in log.kept[:-1]] == list(range(1, expected.steps + 1))
    for _, state in log.kept:
        found, net = Memory(), MLP([2, 5, 3], rng=9)
        found.state = state
        assert_same(train(net, epochs=3, checkpoint=found), expected, net, whole)


def test_an_interrupt_between_any_two_lines_loses_nothing():
    whole = MLP([2, 3], rng=0)
    small = {"epochs": 2, "n": 8}
    expected = train(whole, **small)
    for line in range(1, 1000):
        kept, net, interrupt = Memory(), MLP([2, 3], rng=0), Interrupt(line)
        with interrupt:
            broken = train(net, checkpoint=kept, **small)
        held = kept.state["weights"]
        assert np.array_equal(np.concatenate([p.data.ravel() for p in net.parameters()]), held)
        assert np.array_equal(broken.step_losses, expected.step_losses[: broken.steps])
        other = MLP([2, 3], rng=1)
        assert_same(train(other, checkpoint=kept, **small), expected, other, whole)
        if interrupt.left > 0:  # the end was reached before the line
            break
    assert 100 < line < 999 and broken.stopped == "epochs"


def test_without_a_checkpoint_an_interrupt_keeps_the_weights_of_the_last_whole_step():
    net, other = MLP([2, 5, 3], rng=0), MLP([2, 5, 3], rng=0)
    broken = train(net, Interrupting(7), epochs=50)
    assert broken.stopped == "interrupted" and broken.steps == 5 and broken.epochs == 1  # 4 batches, 1 validation
    seen = []

    class Stop(Exception):
        pass

    def loss(outputs, targets):
        seen.append(len(targets))
        if len(seen) == 7:
            raise Stop
        return softmax_cross_entropy(outputs, targets)

    with pytest.raises(Stop):
        train(other, loss, epochs=50)
    assert all(np.array_equal(a.data, b.data) for a, b in zip(net.parameters(), other.parameters(), strict=True))


def test_more_epochs_may_be_asked_for_later(tmp_path):
    whole, net, path = MLP([2, 5, 3], rng=0), MLP([2, 5, 3], rng=0), tmp_path / "run.npz"
    expected = train(whole, epochs=7)
    train(net, epochs=3, checkpoint=path)
    assert_same(train(net, epochs=7, checkpoint=path), expected, net, whole)


def test_a_training_that_is_complete_returns_at_once(tmp_path):
    net, path = MLP([2, 5, 3], rng=0), tmp_path / "run.npz"
    first = train(net, checkpoint=path)
    other = MLP([2, 5, 3], rng=5)

    @functools.wraps(softmax_cross_entropy)
    def never(outputs, targets):
        raise AssertionError("nothing is left to do")

    assert_same(train(other, never, checkpoint=path), first, other, net)
    again = train(MLP([2, 5, 3], rng=5), never, epochs=2, checkpoint=path)
    assert again.epochs == 5  # what is done is done


def test_patience_survives_an_interrupt(tmp_path):
    whole, net, path = MLP([2, 5, 3], rng=0), MLP([2, 5, 3], rng=0), tmp_path / "run.npz"
    settings = {"epochs": 60, "patience": 2, "method": Adam(0.3)}
    expected = train(whole, **settings)
    assert expected.stopped == "patience"
    train(net, Interrupting(9), **settings, checkpoint=path)
    assert_same(train(net, **settings, checkpoint=path), expected, net, whole)
    assert_same(train(net, **settings, checkpoint=path), expected, net, whole)  # and stays stopped


def test_the_best_is_remembered_by_a_checkpoint(tmp_path):
    script, weights = Scripted([3.0, 1.0, 2.0, 2.5, 1.5]), []
    for epochs in (3, 5):
        net = Linear(1, 1, rng=0)
        history = fit(
            net, np.ones((4, 1)), np.zeros((4, 1)), script, epochs=epochs, patience=9, checkpoint=tmp_path / "run.npz",
            validation=(np.ones((1, 1)), np.zeros((1, 1))),
            callbacks=lambda epoch: weights.append(epoch.model.weight.data.item()),
        )  # fmt: skip
        assert history.best_epoch == 1 and net.weight.data.item() == weights[1]
    assert len(weights) == 5 and history.validation_losses.tolist() == [3, 1, 2, 2.5, 1.5]


def test_more_patience_may_be_asked_for_later(tmp_path):
    whole, net, path = MLP([2, 5, 3], rng=0), MLP([2, 5, 3], rng=0), tmp_path / "run.npz"
    settings = {"epochs": 60, "method": Adam(0.3), "checkpoint": path}
    assert train(net, patience=2, **settings).stopped == "patience"
    again = train(net, patience=9, **settings)
    assert_same(again, train(whole, patience=9, epochs=60, method=Adam(0.3)), net, whole)
    assert again.stopped == "patience" and again.epochs - again.best_epoch == 10


def test_a_fault_in_the_first_step_leaves_no_checkpoint(tmp_path):
    net, path = Linear(2, 1, rng=0), tmp_path / "run.npz"
    with pytest.raises(ValueError, match="shape"):
        fit(net, CORNERS, np.ones(4), mse, epochs=2, checkpoint=path)
    assert not path.exists()
    assert fit(net, CORNERS, np.ones((4, 1)), mse, epochs=2, checkpoint=path).epochs == 2  # mended


def test_a_full_disk_leaves_the_best_weights(tmp_path, monkeypatch):
    def full_disk(*args):
        raise OSError("no space left")

    net, whole, path = MLP([2, 5, 3], rng=0), MLP([2, 5, 3], rng=0), tmp_path / "run.npz"
    settings = {"epochs": 60, "patience": 2, "method": Adam(0.3)}
    train(whole, **settings)
    monkeypatch.setattr(runs.os, "replace", full_disk)
    with pytest.raises(OSError, match="no space left"):
        train(net, checkpoint=path, **settings)
    assert all(np.array_equal(a.data, b.data) for a, b in zip(net.parameters(), whole.parameters(), strict=True))


def test_a_checkpoint_of_runs_serves_as_well(tmp_path):
    kept = runs.Checkpoint(tmp_path / "inner.npz", every=0)
    net = MLP([2, 5, 3], rng=0)
    train(net, Interrupting(7), checkpoint=kept)
    assert kept.load()["steps"] == 5
    whole = MLP([2, 5, 3], rng=0)
    assert_same(train(net, checkpoint=kept), train(whole), net, whole)


def test_checkpoints_are_whole_or_absent_and_hold_no_pickle(tmp_path, monkeypatch):
    path, net = tmp_path / "run.npz", MLP([2, 5, 3], rng=0)
    train(net, epochs=2, checkpoint=str(path))
    before = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        arrays = [np.lib.format.read_array(archive.open(n), allow_pickle=False) for n in names if n.endswith(".npy")]
    assert "scalars.json" in names and len(arrays) == len(names) - 1

    def full_disk(*args):
        raise OSError("no space left")

    monkeypatch.setattr(runs.os, "replace", full_disk)
    with pytest.raises(OSError, match="no space left"):
        train(net, epochs=4, checkpoint=path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_a_damaged_checkpoint_is_no_checkpoint(tmp_path, caplog):
    path, whole, net = tmp_path / "run.npz", MLP([2, 5, 3], rng=0), MLP([2, 5, 3], rng=0)
    path.write_bytes(b"half a file")
    assert_same(train(net, checkpoint=path), train(whole), net, whole)
    assert "damaged" in caplog.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch_size": 7}, "batch_size was 6, now it is 7"),
        ({"method": Adam(0.03)}, "learning_rate was 0.02, now it is 0.03"),
        ({"method": Momentum(0.02)}, "method was 'Adam', now it is 'Momentum'"),
        ({"n": 21}, "inputs was"),
        ({"validation": problem(9, seed=2)}, "validation inputs was"),
        ({"validation": None}, "validation inputs was .* now it is None"),
        ({"rng": CounterRNG(4)}, "generator was 'SFC64, seed 4, .* now it is 'CounterRNG, seed 4, stream 0'"),
        ({"rng": 5}, "generator was 'SFC64, seed 4, .* now it is 'SFC64, seed 5,"),
        ({"loss": lambda outputs, targets: outputs.mean()}, "loss was 'softmax_cross_entropy', now it is .*lambda"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(tmp_path, change, words):
    path = tmp_path / "run.npz"
    train(MLP([2, 5, 3], rng=0), epochs=1, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=f"belongs to another training: {words}"):
        train(MLP([2, 5, 3], rng=0), checkpoint=path, **change)
    with pytest.raises(ValueError, match="parameters was"):
        train(MLP([2, 6, 3], rng=0), checkpoint=path)
    with pytest.raises(ValueError, match=r"model was .*'relu'.*, now it is .*'tanh'"):
        train(MLP([2, 5, 3], "tanh", rng=0), checkpoint=path)
    assert path.read_bytes() == before


def test_validation_may_not_come_later(tmp_path):
    path = tmp_path / "run.npz"
    train(MLP([2, 5, 3], rng=0), epochs=1, validation=None, checkpoint=path)
    with pytest.raises(ValueError, match="validation inputs was None, now it is"):
        train(MLP([2, 5, 3], rng=0), checkpoint=path)


@pytest.mark.parametrize("other", [cosine(0.1, 30), cosine(0.2, 20), inverse_time(0.1, 0.1)])
def test_a_checkpoint_of_another_schedule_is_refused(tmp_path, other):
    path, net = tmp_path / "run.npz", MLP([2, 5, 3], rng=0)
    train(net, epochs=2, method=Momentum(cosine(0.1, 20)), checkpoint=path)
    with pytest.raises(ValueError, match="learning_rate|learning rates"):
        train(net, method=Momentum(other), checkpoint=path)
    assert train(net, method=Momentum(cosine(0.1, 20)), checkpoint=path).epochs == 5


def test_streams_of_one_seed_are_different_generators(tmp_path):
    path, net = tmp_path / "run.npz", MLP([2, 5, 3], rng=0)
    for one, two in (
        (CounterRNG(4, 0), CounterRNG(4, 1)),
        map(np.random.default_rng, np.random.SeedSequence(4).spawn(2)),
    ):
        path.unlink(missing_ok=True)
        train(net, epochs=1, rng=one, checkpoint=path)
        with pytest.raises(ValueError, match="generator was .*, now it is"):
            train(net, rng=two, checkpoint=path)
        train(net, rng=one, checkpoint=path)  # the very generator, though it has moved on


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "run.npz"
    train(MLP([2, 5, 3], rng=0), epochs=1, checkpoint=path)
    ours = runs.load(path)
    for lost in (*ours.keys() - {"velocity", "square", "best_weights"}, None):
        runs.save(path, {key: value for key, value in ours.items() if key != lost} if lost else {"step": 3})
        with pytest.raises(ValueError, match="checkpoint must be one that neural.fit has written"):
            train(MLP([2, 5, 3], rng=0), checkpoint=path)


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(ValueError, match="checkpoint must be a file, got the folder"):
        train(MLP([2, 5, 3], rng=0), checkpoint=tmp_path)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"model": np.tanh}, TypeError, "model must be a Module"),
        ({"model": activation("relu")}, ValueError, "model must have a parameter to learn"),
        ({"inputs": [[math.nan, 0.0]] * 4}, ValueError, "inputs must be finite"),
        ({"inputs": np.zeros((0, 2)), "targets": np.zeros((0, 1))}, ValueError, "inputs must hold at least one"),
        ({"inputs": 1.0}, ValueError, "inputs must hold at least one example"),
        ({"inputs": [["a", "b"]]}, TypeError, "inputs must be an array of real numbers"),
        ({"targets": np.ones((3, 1))}, ValueError, "targets must hold one entry for each of 4 inputs, got 3"),
        ({"targets": np.ones(4)}, ValueError, "shape"),  # mse's own complaint
        ({"loss": "mse"}, TypeError, "loss must be a function, got 'mse'"),
        ({"loss": lambda outputs, targets: 1.0}, TypeError, "loss must return a tensor that is one number"),
        ({"loss": lambda outputs, targets: outputs}, TypeError, r"loss must return .*, got one of shape \(4, 1\)"),
        ({"loss": lambda outputs, targets: Tensor(1.0)}, ValueError, "requires_grad"),
        ({"method": Adam}, TypeError, "method must be one such as Adam"),
        ({"method": 0.1}, TypeError, "method must be one such as Adam"),
        ({"method": Newton(lambda w: np.eye(3))}, TypeError, "method must go by gradients alone"),
        ({"epochs": -1}, ValueError, "epochs must be at least 0"),
        ({"epochs": 1.5}, TypeError, "epochs must be an integer"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
        ({"validation": np.zeros((4, 2))}, TypeError, "validation must be a pair .*, got ndarray"),
        ({"validation": (CORNERS, CORNERS, CORNERS)}, TypeError, "validation must be a pair .*, got 3 of them"),
        ({"validation": (CORNERS, np.zeros((3, 1)))}, ValueError, r"validation\[1\] must hold one entry for each of 4"),
        ({"patience": 2}, ValueError, "patience needs validation data"),
        ({"patience": 0, "validation": (CORNERS, np.zeros((4, 1)))}, ValueError, "patience must be at least 1"),
        ({"callbacks": [3]}, TypeError, "callbacks must be a function, got 3"),
        ({"callbacks": 3}, TypeError, "callbacks must be"),
        ({"progress": "yes"}, TypeError, "progress must be True or False"),
        ({"rng": None}, TypeError, "rng must be"),
        ({"checkpoint": 3}, TypeError, "checkpoint must be a path or a runs.Checkpoint, got 3"),
    ],
)
def test_training_refuses_what_does_not_fit(change, error, words):
    model = Linear(2, 1, rng=0)
    arguments = {"model": model, "inputs": CORNERS, "targets": np.ones((4, 1)), "loss": mse, "epochs": 1} | change
    with pytest.raises(error, match=words):
        fit(**arguments)
    assert np.array_equal(model.weight.data, Linear(2, 1, rng=0).weight.data)


# ---------------------------------------------------------------------------- the perceptron


@pytest.mark.parametrize("gate", ["and", "or"])
def test_the_perceptron_learns_what_a_line_can_separate(gate):
    t = np.array(GATES[gate])
    run = neural.perceptron(CORNERS, t)
    assert run.converged and np.array_equal(run.predict(CORNERS), t)
    w = np.append(run.weights, run.bias)
    assert 0 < run.mistakes <= neural.mistake_bound(CORNERS, t, w)


def test_on_the_line_itself_the_answer_is_no():
    run = neural.perceptron(CORNERS, GATES["and"])
    assert run.weights @ [0, 2] + run.bias == 0 and run.predict([[0.0, 2.0]]).tolist() == [-1]


@pytest.mark.parametrize("epochs", [1, 10, 500])
def test_the_perceptron_never_learns_xor(epochs):
    run = neural.perceptron(CORNERS, GATES["xor"], max_epochs=epochs)
    assert not run.converged and run.epochs == epochs and run.mistakes >= epochs
    assert (run.predict(CORNERS) == GATES["xor"]).mean() <= 0.75
    assert np.abs(run.path).max() < 5  # it goes round in a circle, and not away


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(2, 30))
def test_no_separable_set_takes_more_mistakes_than_the_bound(seed, dimensions, n):
    rng = np.random.default_rng(seed)
    X, w = rng.normal(size=(n, dimensions)), rng.normal(size=dimensions + 1)
    scores = X @ w[:-1] + w[-1]
    assume(np.abs(scores).min() > 0.02 * np.linalg.norm(w))
    t = np.where(scores > 0, 1, -1)
    run = neural.perceptron(X, t, max_epochs=100_000)
    assert run.converged and np.array_equal(run.predict(X), t)
    assert run.mistakes <= neural.mistake_bound(X, t, w)
    assert run.mistakes <= neural.mistake_bound(X, t, run.path[-1])


def test_the_path_is_the_rule_written_down():
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(20, 2)), rng.choice([-1, 1], 20)
    run = neural.perceptron(X, t, max_epochs=7)
    assert run.path.shape == (run.mistakes + 1, 3) and run.examples.shape == (run.mistakes,)
    assert not run.path[0].any()
    for before, after, i in zip(run.path[:-1], run.path[1:], run.examples, strict=True):
        x = np.append(X[i], 1.0)
        assert t[i] * (before @ x) <= 0 and np.array_equal(after, before + t[i] * x)
    assert np.array_equal(run.path[-1], np.append(run.weights, run.bias))


def test_the_bound_is_r_over_gamma_squared():
    X, t = np.array([[3.0, 0.0], [0.0, -1.0]]), [1, -1]
    # without a bias: R = 3, and w = (1, 1) has margins 3 and 1 over √2
    assert neural.mistake_bound(X, t, [1.0, 1.0]) == pytest.approx(9 * 2)
    assert neural.mistake_bound(X, t, [7.0, 7.0]) == pytest.approx(9 * 2)
    # with a bias of 0: each x is as long as √10 and √2
    assert neural.mistake_bound(X, t, [1.0, 1.0, 0.0]) == pytest.approx(10 * 2)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: neural.perceptron([1.0], [1]), ValueError, "X and t must have shapes"),
        (lambda: neural.perceptron(CORNERS, [1, 1]), ValueError, "X and t must have shapes"),
        (lambda: neural.perceptron(np.zeros((0, 2)), []), ValueError, "X and t must have shapes"),
        (lambda: neural.perceptron(CORNERS, [0, 1, 1, 0]), ValueError, r"t must hold only -1 and \+1, got 0"),
        (lambda: neural.perceptron(CORNERS * math.inf, GATES["or"]), ValueError, "X must be finite"),
        (lambda: neural.perceptron(CORNERS, GATES["or"], 0), ValueError, "max_epochs must be at least 1"),
        (lambda: neural.perceptron(CORNERS, GATES["or"]).predict([1.0]), ValueError, r"X must have shape \(N, 2\)"),
        (lambda: neural.mistake_bound(CORNERS, GATES["xor"], [1, 1, 0]), ValueError, "w must separate the classes"),
        (lambda: neural.mistake_bound(CORNERS, GATES["or"], [1, 1, 0]), ValueError, r"w·x\) = -?0 for example 0"),
        (lambda: neural.mistake_bound(CORNERS, GATES["or"], [1.0]), ValueError, r"w must have shape \(2,\)"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_perceptron_refuses_what_does_not_fit(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---------------------------------------------------------------------------- a look-up by hinges


@given(st.integers(0, 10_000), st.integers(2, 40))
def test_n_points_are_met_by_n_minus_1_hinges(seed, n):
    rng = np.random.default_rng(seed)
    x, t = np.linspace(-3, 3, n) + rng.uniform(-1, 1, n) / n, rng.normal(size=n)
    order = rng.permutation(n)
    net = neural.relu_interpolant(x[order], t[order])
    assert net.sizes == (1, n - 1, 1)
    assert net.predict(x[:, None])[:, 0] == pytest.approx(t, abs=1e-9)
    between = np.linspace(x[0], x[-1], 101)
    assert net.predict(between[:, None])[:, 0] == pytest.approx(np.interp(between, x, t), abs=1e-9)
    assert net.predict([[x[0] - 5.0]]).item() == pytest.approx(t[0])
    last = (t[-1] - t[-2]) / (x[-1] - x[-2])
    assert net.predict([[x[-1] + 1.0]]).item() == pytest.approx(t[-1] + last, abs=1e-8)


def test_the_error_on_a_sine_falls_as_the_square_of_the_width():
    grid = np.linspace(0, 2 * np.pi, 20_001)
    found = []
    for pieces in (4, 8, 16, 32, 64):
        x = np.linspace(0, 2 * np.pi, pieces + 1)
        found.append(np.abs(neural.relu_interpolant(x, np.sin(x)).predict(grid[:, None])[:, 0] - np.sin(grid)).max())
    assert found == pytest.approx([0.2105, 0.0704, 0.0188, 0.0048, 0.0012], abs=6e-5)
    bounds = [(2 * np.pi / pieces) ** 2 / 8 for pieces in (4, 8, 16, 32, 64)]  # h² max|f″|/8
    assert (np.array(found) <= bounds).all()


@pytest.mark.parametrize(
    ("x", "t", "words"),
    [
        ([0.0], [1.0], "N of at least 2"),
        ([0.0, 1.0], [1.0], "x and t must both have shape"),
        ([[0.0, 1.0]], [[1.0, 2.0]], "x and t must both have shape"),
        ([0.0, 1.0, 0.0], [1.0, 2.0, 3.0], "x must hold no place twice, got 0 again"),
        ([0.0, math.inf], [1.0, 2.0], "x must be finite"),
    ],
)
def test_the_look_up_refuses_what_is_no_table(x, t, words):
    with pytest.raises(ValueError, match=words):
        neural.relu_interpolant(x, t)


# ---------------------------------------------------------------------------- a neuron that fires


def test_the_rate_of_a_neuron_is_the_closed_form():
    assert neural.firing_rate(2.0) == pytest.approx(63.04, abs=0.005)
    assert neural.firing_rate(2.0) == pytest.approx(1 / (0.002 + 0.02 * math.log(2)))
    rates = neural.firing_rate([-1.0, 0.0, 0.999, 1.0, 1.001, 5.0, 1e12])
    assert rates[:4].tolist() == [0, 0, 0, 0] and (np.diff(rates[3:]) > 0).all()
    assert rates[-1] == pytest.approx(500)  # one spike each refractory time
    assert neural.firing_rate(1e9, refractory=0.0) == pytest.approx(1e9 / 0.02, rel=1e-8)  # f ≈ I/(τ V_th)
    assert neural.firing_rate(1e308, refractory=0.0, threshold=1e-3) == math.inf
    assert neural.firing_rate(np.ones((2, 3))).shape == (2, 3) and isinstance(neural.firing_rate(2), float)
    gap = 2.0**-51  # I − V_th is exact there, and so ln(I/(I − V_th)) should be
    hardly = 1 / (0.002 + 0.02 * (math.log(3) + 51 * math.log(2)))
    assert neural.firing_rate(3 + gap, threshold=3.0) == pytest.approx(hardly, rel=1e-14)


@pytest.mark.parametrize("current", [1.05, 1.5, 2.0, 5.0, 50.0])
@pytest.mark.parametrize("refractory", [0.0, 0.002, 0.01])
def test_the_simulation_fires_at_the_closed_forms_rate(current, refractory):
    run = neural.integrate_and_fire(current, duration=20.0, step=1e-3, refractory=refractory)
    assert run.rate == pytest.approx(neural.firing_rate(current, refractory=refractory), rel=0.01)
    assert run.rate == pytest.approx(len(run.spikes) / 20)
    gaps = np.diff(run.spikes) * neural.firing_rate(current, refractory=refractory)
    assert np.abs(gaps - 1).max() < 1e-9


def test_below_the_rheobase_it_stays_silent_and_the_voltage_is_exact():
    for current in (-2.0, 0.0, 0.5, 1.0):
        run = neural.integrate_and_fire(current, duration=2.0)
        assert run.rate == 0 and run.spikes.size == 0
        assert np.abs(run.voltage - current * (1 - np.exp(-run.times / 0.02))).max() < 1e-12
    assert len(run.times) == 20_000 and run.times[-1] == pytest.approx(2.0)


def test_the_step_does_not_matter():
    coarse, fine = (neural.integrate_and_fire(3.0, duration=1.0, step=step) for step in (0.05, 1e-4))
    assert coarse.spikes == pytest.approx(fine.spikes, abs=1e-9) and len(coarse.times) == 20
    assert len(neural.integrate_and_fire(3.0, duration=0.3, step=0.1).times) == 3  # 0.3/0.1 is 2.9999999999999996


def test_a_current_may_change():
    current = np.repeat([0.0, 2.0, 0.0], 1000)
    run = neural.integrate_and_fire(current, step=1e-4)
    assert 0.1 < run.spikes.min() and run.spikes.max() <= 0.2
    assert run.spikes[0] == pytest.approx(0.1 + 0.02 * math.log(2))
    assert run.voltage[-1] < run.voltage[2001] < 1 and run.times.shape == (3000,)


def test_it_rests_after_a_spike():
    run = neural.integrate_and_fire(10.0, duration=0.1, step=1e-4, refractory=0.005)
    for spike in run.spikes:
        resting = (run.times > spike) & (run.times <= spike + 0.005)
        assert resting.any() and not run.voltage[resting].any()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: neural.firing_rate(math.nan), ValueError, "current must be finite"),
        (lambda: neural.firing_rate("a"), TypeError, "current must be an array of real numbers"),
        (lambda: neural.firing_rate(2.0, tau=0.0), ValueError, "tau must be greater than 0"),
        (lambda: neural.firing_rate(2.0, refractory=-1e-3), ValueError, "refractory must be at least 0"),
        (lambda: neural.firing_rate(2.0, threshold=-1.0), ValueError, "threshold must be greater than 0"),
        (lambda: neural.integrate_and_fire(2.0, step=0.0), ValueError, "step must be greater than 0"),
        (lambda: neural.integrate_and_fire(2.0, duration=-1.0), ValueError, "duration must be greater than 0"),
        (lambda: neural.integrate_and_fire(2.0, duration=4e-5), ValueError, "duration must be 1 … 100,000,000 steps"),
        (lambda: neural.integrate_and_fire(2.0, duration=1e300, step=1e-300), ValueError, "got 1e[+]300 s"),
        (lambda: neural.integrate_and_fire([]), ValueError, r"current must be a number or have shape \(steps,\)"),
        (lambda: neural.integrate_and_fire(np.ones((2, 2))), ValueError, "current must be a number"),
        (lambda: neural.integrate_and_fire(1e300, refractory=0.0), ValueError, "current must give at most 10,000,000"),
    ],
)
def test_a_neuron_refuses_what_is_no_setting(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---------------------------------------------------------------------------- networks with a memory


def recurrent_twin(layer, torch):
    """Return torch's layer with the same weights."""
    kind = {"RNN": torch.nn.RNN, "LSTM": torch.nn.LSTM}[type(layer).__name__]
    twin = kind(layer.input_size, layer.hidden_size, bias=layer.bias_ih is not None, dtype=torch.float64)
    twin.load_state_dict({f"{name}_l0": torch.tensor(values) for name, values in layer.state_dict().items()})
    return twin


@pytest.mark.parametrize("kind", [neural.RNN, neural.LSTM])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("started", [False, True])
def test_recurrent_layers_are_torchs_with_their_gradients_through_time(kind, bias, started):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    layer, x = kind(3, 4, bias=bias, rng=1), rng.normal(size=(6, 2, 3))
    twin = recurrent_twin(layer, torch)
    parts = [rng.normal(size=(2, 4)) for _ in range(2 if kind is neural.LSTM else 1)] if started else None
    state = None if parts is None else tuple(map(Tensor, parts)) if len(parts) == 2 else Tensor(parts[0])
    theirs = None if parts is None else tuple(torch.tensor(p)[None] for p in parts)
    ours, peers = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    outputs, last = layer(ours, state)
    expected, end = twin(peers, theirs if theirs is None or len(theirs) == 2 else theirs[0])
    assert outputs.data == pytest.approx(expected.detach().numpy(), abs=1e-14)
    for mine, other in zip(
        last if kind is neural.LSTM else [last], end if kind is neural.LSTM else [end], strict=True
    ):
        assert mine.data == pytest.approx(other[0].detach().numpy(), abs=1e-14)
    weights = rng.normal(size=(6, 2, 4))
    (outputs * Tensor(weights)).sum().backward()
    (expected * torch.tensor(weights)).sum().backward()
    assert ours.grad == pytest.approx(peers.grad.numpy(), abs=1e-12)
    for name, parameter in layer.named_parameters():
        assert parameter.grad == pytest.approx(getattr(twin, f"{name}_l0").grad.numpy(), abs=1e-12)


@pytest.mark.parametrize("kind", [neural.RNN, neural.LSTM])
def test_recurrent_layers_start_where_they_say(kind):
    for name, values in kind(3, 100, rng=0).state_dict().items():
        assert 0.09 < np.abs(values).max() <= 0.1, name
        assert values.std() == pytest.approx(0.1 / math.sqrt(3), rel=0.15)


def test_unrolled_and_looped_are_one():
    layer, x = neural.RNN(2, 3, rng=0), np.random.default_rng(1).normal(size=(3, 1, 2))
    U, V = layer.weight_ih.data, layer.weight_hh.data
    b = layer.bias_ih.data + layer.bias_hh.data
    h1 = np.tanh(x[0] @ U.T + b)
    h2 = np.tanh(x[1] @ U.T + h1 @ V.T + b)
    h3 = np.tanh(x[2] @ U.T + h2 @ V.T + b)
    outputs, last = layer(x)
    assert outputs.data == pytest.approx(np.stack([h1, h2, h3])) and last.data == pytest.approx(h3)
    state = None
    for step in x:
        state = layer.step(step, state)
    assert np.array_equal(state.data, last.data)


@pytest.mark.parametrize("kind", [neural.RNN, neural.LSTM])
def test_a_sequence_may_be_read_in_two_parts(kind):
    layer, x = kind(2, 3, rng=0), np.random.default_rng(1).normal(size=(7, 2, 2))
    whole, _ = layer(x)
    first, state = layer(x[:4])
    second, _ = layer(x[4:], state)
    assert np.array_equal(np.concatenate([first.data, second.data]), whole.data)


def test_a_state_may_be_arrays_in_a_list():
    layer, x = neural.LSTM(2, 3, rng=0), np.random.default_rng(1).normal(size=(3, 2, 2))
    h, c = np.ones((2, 3)), -np.ones((2, 3))
    for state in ([h, c], (h, c), [Tensor(h), c]):
        assert np.array_equal(layer(x, state)[0].data, layer(x, (Tensor(h), Tensor(c)))[0].data)
    assert np.array_equal(layer(x, (None, None))[0].data, layer(x)[0].data)


def test_an_open_forget_gate_keeps_the_cell():
    layer = neural.LSTM(1, 1, rng=0)
    for parameter in layer.parameters():
        parameter.data[...] = 0
    layer.bias_ih.data[:] = [-50.0, 50.0, 0.0, 50.0]  # i shut, f and o open
    outputs, (h, c) = layer(np.ones((100, 1, 1)), (Tensor([[0.0]]), Tensor([[0.7]])))
    assert c.data.item() == pytest.approx(0.7) and h.data.item() == pytest.approx(math.tanh(0.7))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: neural.RNN(0, 1), ValueError, "input_size must be at least 1"),
        (lambda: neural.LSTM(1, 2.0), TypeError, "hidden_size must be an integer"),
        (lambda: neural.RNN(1, 1, bias="no"), TypeError, "bias must be True or False"),
        (lambda: neural.RNN(2, 1)(np.ones((3, 2))), ValueError, r"sequence must have shape \(T, N, 2\)"),
        (lambda: neural.RNN(2, 1)(np.ones((3, 1, 4))), ValueError, r"sequence must have shape \(T, N, 2\)"),
        (lambda: neural.RNN(2, 1).step(np.ones(2)), ValueError, r"x must have shape \(N, 2\), got \(2,\)"),
        (lambda: neural.RNN(2, 3).step(np.ones((1, 2)), np.ones((1, 2))), ValueError, r"state must have shape"),
        (lambda: neural.LSTM(2, 3).step(np.ones((1, 2)), Tensor([1.0])), ValueError, r"state must be a pair \(h, c\)"),
        (lambda: neural.RNN(2, 3)("abc"), TypeError, "sequence must be an array or a Tensor, got str"),
        (lambda: neural.RNN(2, 3).step("abc"), TypeError, "x must be an array or a Tensor, got str"),
        (lambda: neural.RNN(2, 3)(np.ones((4, 1, 2)), (1, 2)), TypeError, "state must be an array or a Tensor"),
        (lambda: neural.RNN(2, 3)(np.ones((0, 1, 2))), ValueError, "T ≥ 1, got"),
    ],
)
def test_recurrent_layers_refuse_what_does_not_fit(call, error, words):
    with pytest.raises(error, match=words):
        call()
