"""book_lib.tensor against torch in double, finite differences, the scalar engine, and its own promises."""

import copy
import gc
import itertools
import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from benchmarks import tensor_digits
from benchmarks.timing import one_thread
from book_lib import _tensor_core, tensor
from book_lib._tensor_core import unbroadcast
from book_lib.autograd import ScalarMLP, topological_order
from book_lib.classification import cross_entropy_gradient
from book_lib.classification import softmax_cross_entropy as plain_cross_entropy
from book_lib.learning import numerical_gradient
from book_lib.tensor import (
    Tensor,
    as_tensor,
    conv2d,
    max_pool2d,
    maximum,
    mse,
    no_grad,
    softmax_cross_entropy,
    stack,
)

torch = pytest.importorskip("torch")
F = torch.nn.functional


def normal(*shape, seed=0):
    """Return seeded normal numbers, as an array also where the shape is ()."""
    return np.asarray(np.random.default_rng([seed, *shape]).normal(size=shape))


def check(ours, theirs, *arrays, tolerance=1e-10):
    """Hold values and gradients of Σ f(x)·c, c random, against torch's in double."""
    mine = [Tensor(a.copy(), requires_grad=True) for a in arrays]
    others = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
    result, expected = ours(*mine), theirs(*others)
    assert result.shape == tuple(expected.shape)
    assert result.data == pytest.approx(expected.detach().numpy(), rel=tolerance, abs=tolerance)
    seed = normal(*result.shape, seed=9)
    result.backward(seed)
    expected.backward(torch.tensor(seed))
    for x, other in zip(mine, others, strict=True):
        assert x.grad.shape == x.shape and x.grad.dtype == np.float64
        assert x.grad == pytest.approx(other.grad.numpy(), rel=tolerance, abs=tolerance)


def check_slopes(function, *arrays, abs=1e-6):
    """Hold the gradients of Σ f(x)·c against finite differences."""
    tensors = [Tensor(a.copy(), requires_grad=True) for a in arrays]
    result = function(*tensors)
    seed = normal(*result.shape, seed=9)
    result.backward(seed)
    for k, x in enumerate(tensors):

        def loss(moved, k=k):
            moved_one = [Tensor(a) for a in (*arrays[:k], moved, *arrays[k + 1 :])]
            return float((function(*moved_one).data * seed).sum())

        assert x.grad == pytest.approx(numerical_gradient(loss, arrays[k]), abs=abs, rel=1e-5)


# ---------------------------------------------------------------------------- two at a time, with broadcasting

BROADCAST = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((4,), (3, 4)),
    ((3, 1), (1, 4)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((), ()),
    ((2, 3, 4), (3, 1)),
    ((1,), (5,)),
    ((2, 1, 4), (3, 1)),
    ((1, 1), (2, 3, 4)),
    ((0, 3), (3,)),
]
TWO = {
    "+": (lambda x, y: x + y,) * 2,
    "-": (lambda x, y: x - y,) * 2,
    "*": (lambda x, y: x * y,) * 2,
    "/": (lambda x, y: x / (y * y + 1),) * 2,
    "maximum": (maximum, torch.maximum),
}


@pytest.mark.parametrize("name", TWO)
@pytest.mark.parametrize("shapes", BROADCAST, ids=str)
def test_operations_of_two_tensors_are_torchs_in_all_shapes_that_broadcast(name, shapes):
    arrays = [normal(*shape, seed=k) for k, shape in enumerate(shapes)]
    check(*TWO[name], *arrays)
    if 0 not in shapes[0]:
        check_slopes(TWO[name][0], *arrays)


@given(nps.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
def test_what_broadcasting_repeats_is_summed(shapes):
    """The adjoint of broadcasting: Σ broadcast(x)·g = Σ x·unbroadcast(g)."""
    for shape in shapes.input_shapes:
        x, g = normal(*shape), normal(*shapes.result_shape, seed=1)
        back = unbroadcast(g, shape)
        assert back.shape == shape
        assert (np.broadcast_to(x, g.shape) * g).sum() == pytest.approx((x * back).sum(), abs=1e-9)
    check(lambda x, y: x * y, lambda x, y: x * y, *[normal(*s, seed=2) for s in shapes.input_shapes])


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "maximum"])
def test_shapes_that_do_not_broadcast_are_named(sign):
    x, y = Tensor(np.ones((3, 4))), Tensor(np.ones((2, 4)))
    use = {
        "+": lambda: x + y,
        "-": lambda: x - y,
        "*": lambda: x * y,
        "/": lambda: x / y,
        "maximum": lambda: maximum(x, y),
    }
    with pytest.raises(ValueError, match=r"shapes \(3, 4\) and \(2, 4\) do not fit together in '"):
        use[sign]()


def test_equal_entries_share_the_gradient_of_a_maximum_as_torchs_do():
    a = np.array([1.0, 2.0, 3.0, 3.0])
    check(maximum, torch.maximum, a, np.array([2.0, 2.0, 3.0, 1.0]))
    x = Tensor(a, requires_grad=True)
    maximum(x, x).sum().backward()
    assert x.grad.tolist() == [1, 1, 1, 1]


MATRICES = [
    ((3, 4), (4, 5)),
    ((4,), (4,)),
    ((4,), (4, 5)),
    ((3, 4), (4,)),
    ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((5, 1, 3, 4), (2, 4, 2)),
    ((1, 3, 4), (6, 4, 2)),
    ((4,), (2, 4, 5)),
    ((2, 3, 4), (4,)),
    ((1, 1), (1, 1)),
    ((3, 0), (0, 2)),
]


@pytest.mark.parametrize("shapes", MATRICES, ids=str)
def test_matrix_products_of_all_shapes_are_torchs(shapes):
    arrays = [normal(*shape, seed=k) for k, shape in enumerate(shapes)]
    check(lambda x, y: x @ y, lambda x, y: x @ y, *arrays)
    if arrays[0].size:
        check_slopes(lambda x, y: x @ y, *arrays)


@pytest.mark.parametrize("shapes", [((3, 4), (3, 4)), ((4,), (3,)), ((2, 3, 4), (3, 4, 5))], ids=str)
def test_matrix_products_that_do_not_fit_are_named(shapes):
    x, y = (Tensor(np.ones(shape)) for shape in shapes)
    with pytest.raises(ValueError) as caught:
        x @ y
    assert str(caught.value) == f"shapes {shapes[0]} and {shapes[1]} do not fit together in '@'"


def test_a_matrix_product_with_a_number_is_no_product():
    with pytest.raises(ValueError, match=r"@ needs vectors or matrices, got shapes \(2,\) and \(\)"):
        Tensor([1.0, 2.0]) @ 3.0


# ---------------------------------------------------------------------------- one at a time

ONE = {
    "negation": (lambda x: -x, lambda x: -x),
    "square": (lambda x: x**2, lambda x: x**2),
    "power 0": (lambda x: x**0, lambda x: x**0),
    "inverse": (lambda x: x**-1, lambda x: x**-1),
    "relu": (lambda x: x.relu(), torch.relu),
    "tanh": (lambda x: x.tanh(), torch.tanh),
    "sigmoid": (lambda x: x.sigmoid(), torch.sigmoid),
    "exp": (lambda x: x.exp(), torch.exp),
    "log of the square": (lambda x: (x * x).log(), lambda x: (x * x).log()),
    "root of the square": (lambda x: (x * x) ** 0.5, lambda x: (x * x) ** 0.5),
    "number minus": (lambda x: 1 - x, lambda x: 1 - x),
    "number over": (lambda x: 2 / x, lambda x: 2 / x),
    "number plus": (lambda x: 2 + x, lambda x: 2 + x),
    "number times": (lambda x: 2 * x, lambda x: 2 * x),
    "sum": (lambda x: x.sum(), lambda x: x.sum()),
    "sum of an axis": (lambda x: x.sum(1), lambda x: x.sum(1)),
    "sum of the last axis": (lambda x: x.sum(axis=-1, keepdims=True), lambda x: x.sum(-1, keepdim=True)),
    "sum of two axes": (lambda x: x.sum((0, 2)), lambda x: x.sum((0, 2))),
    "sum of no axis": (lambda x: x.sum(()), lambda x: x * 1),
    "mean": (lambda x: x.mean(), lambda x: x.mean()),
    "mean of an axis": (lambda x: x.mean(0), lambda x: x.mean(0)),
    "mean of two axes": (lambda x: x.mean((1, -1), keepdims=True), lambda x: x.mean((1, -1), keepdim=True)),
    "reshape": (lambda x: x.reshape(6, 4), lambda x: x.reshape(6, 4)),
    "reshape by a tuple": (lambda x: x.reshape((-1,)), lambda x: x.reshape(-1)),
    "reshape by a list": (lambda x: x.reshape([4, 6]), lambda x: x.reshape(4, 6)),
    "reshape of T": (lambda x: x.T.reshape(8, 3), lambda x: x.permute(2, 1, 0).reshape(8, 3)),
    "T": (lambda x: x.T, lambda x: x.permute(2, 1, 0)),
    "transpose": (lambda x: x.transpose(1, 2, 0), lambda x: x.permute(1, 2, 0)),
    "transpose by a tuple": (lambda x: x.transpose((2, 0, 1)), lambda x: x.permute(2, 0, 1)),
    "transpose from behind": (lambda x: x.transpose(-1, 0, 1), lambda x: x.permute(2, 0, 1)),
    "used twice": (lambda x: x * x + x, lambda x: x * x + x),
    "centred": (lambda x: x - x.mean(0), lambda x: x - x.mean(0)),
}


@pytest.mark.parametrize("name", ONE)
def test_operations_of_one_tensor_are_torchs(name):
    x = normal(2, 3, 4)
    check(*ONE[name], x)
    check_slopes(ONE[name][0], x, abs=1e-5)


INDICES = {
    "a row": 1,
    "from behind": -1,
    "an entry": (0, 2, 1),
    "a slice": slice(0, 1),
    "a step": (slice(None), slice(None, None, 2)),
    "backwards": (Ellipsis, slice(None, None, -1)),
    "a new axis": (slice(None), None, 0),
    "rows by number": [1, 0, 1, 1],
    "pairs": ([0, 1, 0, 0], [2, 2, 2, 1]),
    "mixed": (slice(None), [0, 0, 2], slice(1, 3)),
    "nothing": slice(0, 0),
    "all": (),
}


@pytest.mark.parametrize("name", INDICES)
def test_indexing_is_torchs_also_where_an_entry_is_asked_for_twice(name):
    index, x = INDICES[name], normal(2, 3, 4)
    if name == "backwards":  # torch knows no negative steps
        check(lambda t: t[index], lambda t: t.flip(-1), x)
    else:
        check(lambda t: t[index], lambda t: t[index], x)
    check_slopes(lambda t: t[index], x)


def test_indexing_by_conditions_and_arrays():
    x = normal(2, 3, 4)
    check(lambda t: t[x > 0], lambda t: t[torch.tensor(x > 0)], x)
    rows = np.array([[0, 1], [1, 1]])
    check(lambda t: t[rows], lambda t: t[torch.tensor(rows)], x)


def test_an_index_is_no_tensor_and_not_out_of_bounds():
    with pytest.raises(TypeError, match="index must be made of integers, .* use its .data"):
        Tensor([1.0, 2.0])[Tensor([0.0])]
    with pytest.raises(IndexError):
        Tensor([1.0, 2.0])[5]


def test_activations_are_functions_and_methods():
    x = normal(5)
    for name in ("relu", "tanh", "sigmoid", "exp"):
        assert (getattr(tensor, name)(x).data == getattr(Tensor(x), name)().data).all()
    assert tensor.log(np.exp(x)).data == pytest.approx(x)


def test_the_kink_of_relu_has_slope_0():
    x = Tensor([0.0, -0.0, 1.0], requires_grad=True)
    x.relu().sum().backward()
    assert x.grad.tolist() == [0, 0, 1]


@pytest.mark.parametrize(("power", "value", "slope"), [(0, 1, 0), (1, 0, 1), (1.5, 0, 0), (2, 0, 0), (3, 0, 0)])
def test_the_power_at_0_where_it_is_smooth(power, value, slope):
    x = Tensor([0.0, -0.0], requires_grad=True)
    y = x**power
    y.sum().backward()
    assert (y.data == value).all() and (x.grad == slope).all()


def test_sigmoid_and_tanh_saturate_without_overflow():
    x = Tensor([-800.0, -40.0, 800.0], requires_grad=True)
    y = x.sigmoid() + x.tanh()
    y.sum().backward()
    assert x.sigmoid().data == pytest.approx([0, np.exp(-40), 1], rel=1e-12) and x.grad[[0, 2]].tolist() == [0, 0]


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_stacking_is_torchs(axis):
    parts = [normal(2, 3, seed=k) for k in range(3)]
    check(lambda *t: stack(t, axis), lambda *t: torch.stack(t, axis), *parts)


def test_stacking_the_same_tensor_twice_adds_its_gradients():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (stack([x, x]) * [[1.0, 2.0], [10.0, 20.0]]).sum().backward()
    assert x.grad.tolist() == [11, 22]


@pytest.mark.parametrize(
    ("parts", "axis", "error", "message"),
    [
        ([], 0, ValueError, "tensors must be at least one"),
        ([[1.0], [1.0, 2.0]], 0, ValueError, r"all of one shape, got the shapes \[\(1,\), \(2,\)\]"),
        ([[1.0]], 2, ValueError, "axis must be at most 1, got 2"),
        ([[1.0]], 0.5, TypeError, "axis must be an integer"),
        (3.0, 0, TypeError, r"tensors must be a sequence, got 3.0 \(float\)"),
        (Tensor(3.0), 0, TypeError, "no entries to go through"),
    ],
)
def test_what_cannot_be_stacked_is_refused(parts, axis, error, message):
    with pytest.raises(error, match=message):
        stack(parts, axis)


EMPTY = {
    "sum": (lambda x: x.sum(), lambda x: x.sum()),
    "sum of an axis": (lambda x: x.sum(0), lambda x: x.sum(0)),
    "sum of the other": (lambda x: x.sum(1, keepdims=True), lambda x: x.sum(1, keepdim=True)),
    "mean of nothing": (lambda x: x.mean(1), lambda x: x.mean(1)),
    "relu": (lambda x: x.relu(), torch.relu),
    "log": (lambda x: x.log(), torch.log),
    "over": (lambda x: 1 / x, lambda x: 1 / x),
    "root": (lambda x: x**0.5, lambda x: x**0.5),
    "T": (lambda x: x.T, lambda x: x.T),
    "reshape": (lambda x: x.reshape(3, 0), lambda x: x.reshape(3, 0)),
    "rows": (lambda x: x[[], 1:], lambda x: x[[], 1:]),
    "maximum": (lambda x: maximum(x, 0), lambda x: torch.maximum(x, torch.zeros(1, dtype=torch.float64))),
    "product": (lambda x: x.T @ x, lambda x: x.T @ x),
    "added to a row": (lambda x: (x + normal(1, 3)).sum(), lambda x: (x + torch.tensor(normal(1, 3))).sum()),
    "stack": (lambda x: stack([x, x], 1), lambda x: torch.stack([x, x], 1)),
}


@pytest.mark.parametrize("name", EMPTY)
def test_of_no_entries_there_are_no_gradients(name):
    check(*EMPTY[name], np.ones((0, 3)))


def test_a_row_that_broadcast_to_nothing_has_gradient_0():
    x = Tensor(normal(1, 3), requires_grad=True)
    (x * np.ones((0, 3))).sum().backward()
    assert x.grad.tolist() == [[0, 0, 0]]


def test_no_images_give_no_images_and_no_gradients():
    kernels = normal(2, 1, 3, 3)
    check(lambda x, w: conv2d(x, w, padding=1), lambda x, w: F.conv2d(x, w, padding=1), np.ones((0, 1, 4, 4)), kernels)
    check(lambda x: max_pool2d(x, 2), lambda x: F.max_pool2d(x, 2), np.ones((0, 1, 4, 4)))


# ---------------------------------------------------------------------------- losses


def test_softmax_cross_entropy_is_torchs_and_classifications():
    z, labels = normal(7, 4) * 3, np.array([0, 3, 1, 1, 2, 0, 3])
    check(
        lambda t: softmax_cross_entropy(t, labels), lambda t: F.cross_entropy(t, torch.tensor(labels)), z
    )
    check_slopes(lambda t: softmax_cross_entropy(t, labels), z)
    logits = Tensor(z, requires_grad=True)
    loss = softmax_cross_entropy(logits, labels)
    loss.backward()
    assert loss.item() == pytest.approx(plain_cross_entropy(z, labels).mean(), rel=1e-14)
    assert logits.grad == pytest.approx(cross_entropy_gradient(z, labels) / 7, rel=1e-12, abs=1e-17)
    assert logits.grad.sum(axis=1) == pytest.approx(np.zeros(7), abs=1e-16)


def test_the_fused_loss_is_the_one_made_of_small_steps():
    z, labels = normal(5, 3), np.array([0, 1, 2, 2, 0])
    gradients = []
    for fused in (True, False):
        x = Tensor(z, requires_grad=True)
        if fused:
            loss = softmax_cross_entropy(x, labels)
        else:
            loss = (x.exp().sum(1).log() - x[np.arange(5), labels]).mean()
        (3 * loss).backward()
        gradients.append((loss.item(), x.grad))
    assert gradients[0][0] == pytest.approx(gradients[1][0])
    assert gradients[0][1] == pytest.approx(gradients[1][1])


def test_logits_of_a_thousand_overflow_nothing():
    z = Tensor([[1000.0, 0.0], [-1000.0, 1000.0]], requires_grad=True)
    loss = softmax_cross_entropy(z, [1, 1])
    loss.backward()
    assert loss.item() == 500 and z.grad.tolist() == [[0.5, -0.5], [0, 0]]


@pytest.mark.parametrize(
    ("logits", "labels", "error", "message"),
    [
        (np.ones(3), [0], ValueError, r"logits must have shape \(N, K\)"),
        (np.ones((0, 3)), [], ValueError, r"logits must have shape \(N, K\)"),
        (np.ones((2, 3)), [0], ValueError, r"labels must have shape \(2,\)"),
        (np.ones((2, 3)), [[0], [1]], ValueError, r"labels must have shape \(2,\)"),
        (np.ones((2, 3)), [0, 3], ValueError, "labels"),
        (np.ones((2, 3)), [0, -1], ValueError, "labels"),
        (np.ones((2, 3)), [0.5, 1], ValueError, "labels must be integers, got 0.5"),
        (np.ones((2, 3)), ["0", "1"], TypeError, "labels must be integers"),
        (np.ones((2, 3)), [True, False], TypeError, "labels must be integers"),
        (np.ones((2, 0)), [0, 0], ValueError, r"logits must have shape \(N, K\)"),
        ([[0.0, np.nan]], [0], ValueError, "data must be finite"),
    ],
)
def test_logits_and_labels_that_do_not_fit_are_refused(logits, labels, error, message):
    with pytest.raises(error, match=message):
        softmax_cross_entropy(logits, labels)


def test_mse_is_torchs_in_both_arguments():
    check(mse, F.mse_loss, normal(4, 3), normal(4, 3, seed=1))
    check_slopes(mse, normal(4, 3), normal(4, 3, seed=1))


def test_mse_does_not_broadcast():
    with pytest.raises(ValueError, match=r"targets must have the shape of the predictions, \(3, 1\), got \(3,\)"):
        mse(np.ones((3, 1)), np.ones(3))
    with pytest.raises(ValueError, match="mean needs at least one entry"):
        mse([], [])


# ---------------------------------------------------------------------------- images

CONVOLUTIONS = [  # x, weight, stride, padding
    ((2, 3, 6, 5), (4, 3, 3, 3), 1, 0),
    ((2, 3, 6, 5), (4, 3, 3, 3), 1, 1),
    ((1, 1, 7, 7), (2, 1, 3, 3), 2, 0),
    ((1, 2, 8, 7), (3, 2, 3, 2), 2, 1),
    ((2, 2, 5, 5), (1, 2, 5, 5), 1, 4),
    ((3, 1, 4, 4), (2, 1, 1, 1), 1, 0),
    ((1, 1, 9, 4), (1, 1, 2, 3), 3, 1),
    ((2, 1, 3, 3), (2, 1, 3, 3), 1, 0),
]


@pytest.mark.parametrize(("x", "weight", "stride", "padding"), CONVOLUTIONS)
def test_convolution_is_torchs_in_images_kernels_and_biases(x, weight, stride, padding):
    arrays = [normal(*x), normal(*weight, seed=1), normal(weight[0], seed=2)]
    for count in (2, 3):

        def ours(*t):
            return conv2d(*t, stride=stride, padding=padding)

        def theirs(*t):
            return F.conv2d(*t, stride=stride, padding=padding)

        check(ours, theirs, *arrays[:count])
    check_slopes(ours, *arrays, abs=1e-5)


POOLS = [  # x, size, stride
    ((2, 3, 6, 6), 2, None),
    ((1, 2, 7, 5), 2, None),
    ((1, 1, 7, 7), 3, 2),
    ((2, 1, 5, 6), 3, 1),
    ((1, 1, 8, 8), 2, 3),
    ((1, 2, 3, 3), 3, None),
    ((1, 1, 4, 4), 1, 1),
]


@pytest.mark.parametrize(("shape", "size", "stride"), POOLS)
def test_pooling_is_torchs(shape, size, stride):
    check(lambda t: max_pool2d(t, size, stride), lambda t: F.max_pool2d(t, size, stride), normal(*shape))
    check_slopes(lambda t: max_pool2d(t, size, stride), normal(*shape))


def test_among_equals_the_first_of_a_window_gets_the_gradient_as_torchs_does():
    flat = np.zeros((1, 1, 4, 4))
    check(lambda t: max_pool2d(t, 2), lambda t: F.max_pool2d(t, 2), flat)
    check(lambda t: max_pool2d(t, 3, 1), lambda t: F.max_pool2d(t, 3, 1), np.round(normal(1, 1, 6, 6)))


def test_two_layers_of_convolution_and_pooling_are_torchs():
    arrays = [normal(2, 1, 8, 8), normal(3, 1, 3, 3), normal(3), normal(4, 3, 2, 2), normal(36, 5)]

    def ours(x, w1, b1, w2, w3):
        h = max_pool2d(conv2d(x, w1, b1, padding=1).relu(), 2)
        return conv2d(h, w2).tanh().reshape(2, -1) @ w3

    def theirs(x, w1, b1, w2, w3):
        h = F.max_pool2d(F.conv2d(x, w1, b1, padding=1).relu(), 2)
        return F.conv2d(h, w2).tanh().reshape(2, -1) @ w3

    check(ours, theirs, *arrays)


X, W = np.ones((1, 2, 4, 4)), np.ones((3, 2, 3, 3))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X[0], W), ValueError, r"x must have shape \(N, C, H, W\), got \(2, 4, 4\)"),
        ((X, W[0]), ValueError, r"weight must have shape \(F, 2, kh, kw\)"),
        ((X, W[:, :1]), ValueError, r"weight must have shape \(F, 2, kh, kw\) for x \(1, 2, 4, 4\)"),
        ((X, W, np.ones(2)), ValueError, r"bias must have shape \(3,\), one for each kernel, got \(2,\)"),
        ((X, np.ones((1, 2, 5, 3))), ValueError, "kernel must not be larger"),
        ((X, W, None, 0), ValueError, "stride must be at least 1"),
        ((X, W, None, 1.5), TypeError, "stride must be an integer"),
        ((X, W, None, 1, -1), ValueError, "padding must be at least 0"),
        ((X, W, None, 1, 3), ValueError, "padding must be less than the kernel"),
        ((X, W, None, 1, 0.5), TypeError, "padding must be an integer"),
        ((X * np.inf, W), ValueError, "data must be finite"),
    ],
)
def test_a_convolution_that_does_not_fit_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        conv2d(*arguments)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((X[0], 2), ValueError, r"x must have shape \(N, C, H, W\)"),
        ((X, 0), ValueError, "size must be at least 1"),
        ((X, 5), ValueError, "size must not be larger"),
        ((X, 2, 0), ValueError, "stride must be at least 1"),
        ((X, 2.0), TypeError, "size must be an integer"),
    ],
)
def test_a_pooling_that_does_not_fit_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        max_pool2d(*arguments)


# ---------------------------------------------------------------------------- random graphs

def larger(a, b):
    return maximum(a, b) if isinstance(a, Tensor) else torch.maximum(a, b)


SHAPES = [(), (3,), (1, 3), (2, 1), (2, 3)]
MIXES = [
    lambda a, b: a + b,
    lambda a, b: a - b * 2,
    lambda a, b: a * b,
    lambda a, b: a / (b * b + 1),
    lambda a, b: a.tanh() + b.sigmoid(),
    lambda a, b: (a.tanh() * 2).exp() - b,
    lambda a, b: (a * a + 0.5).log() * b,
    lambda a, b: (a.tanh() + 2) ** 1.5 + b,
    lambda a, b: a.relu() + b.sum(),
    lambda a, b: a - b.mean(),
    lambda a, b: (a + b).reshape(-1),
    lambda a, b: (a * b).T if (a * b).ndim == 2 else a * b,
    lambda a, b: a.reshape(1, -1) @ a.reshape(-1, 1) * 0.1 + b,
    lambda a, b: larger(a, b * 0.7) ** 2 - a,
]
PLANS = st.lists(
    st.tuples(st.integers(0, len(MIXES) - 1), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=15
)


def grow(leaves, plan):
    """Grow a graph: each step mixes two of the nodes so far whose shapes fit; its tanh keeps the numbers in bounds."""
    nodes = list(leaves)
    for which, i, j in plan:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        try:
            np.broadcast_shapes(tuple(a.shape), tuple(b.shape))
        except ValueError:
            continue
        nodes.append((MIXES[which](a, b) * 0.5).tanh())
    return sum((node.sum() for node in nodes), 0)


@given(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4), PLANS, st.integers(0, 99))
def test_gradients_of_random_graphs_are_torchs(shapes, plan, seed):
    arrays = [normal(*shape, seed=100 * k + seed) for k, shape in enumerate(shapes)]
    check(lambda *t: grow(t, plan), lambda *t: grow(t, plan), *arrays)


def test_a_network_of_tensors_is_the_network_of_values():
    network = ScalarMLP([3, 5, 4, 1], rng=1)
    weights = [Tensor([[w.data for w in unit] for unit in layer], requires_grad=True) for layer in network.weights]
    biases = [Tensor([b.data for b in layer], requires_grad=True) for layer in network.biases]
    points, targets = normal(6, 3), normal(6, 1)
    loss = sum((network(x.tolist()) - float(t[0])) ** 2 for x, t in zip(points, targets, strict=True)) / 6
    loss.backward()
    hidden = Tensor(points)
    for k, (W, b) in enumerate(zip(weights, biases, strict=True)):
        hidden = hidden @ W.T + b
        hidden = hidden.tanh() if k < 2 else hidden
    ours = mse(hidden, targets)
    ours.backward()
    assert ours.item() == pytest.approx(loss.data, rel=1e-14)
    for W, b, layer, offsets in zip(weights, biases, network.weights, network.biases, strict=True):
        assert W.grad == pytest.approx(np.array([[w.grad for w in unit] for unit in layer]), rel=1e-12, abs=1e-15)
        assert b.grad == pytest.approx(np.array([v.grad for v in offsets]), rel=1e-12, abs=1e-15)


# ---------------------------------------------------------------------------- the way back


def test_more_than_one_number_needs_a_gradient_of_its_shape():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    with pytest.raises(ValueError, match=r"backward of a tensor of shape \(2,\) needs a gradient .* \.sum\(\)"):
        y.backward()
    y.backward([1.0, 10.0])
    assert x.grad.tolist() == [2, 40]
    with pytest.raises(ValueError, match=r"gradient must have the shape of the tensor, \(2,\), got \(\)"):
        y.backward(1.0)
    for bad in ([np.nan, 1.0], [1.0, np.inf]):
        with pytest.raises(ValueError, match="gradient must be finite"):
            y.backward(bad)
    with pytest.raises(TypeError, match="gradient must be an array of real numbers"):
        y.backward(["a", "b"])
    assert x.grad.tolist() == [2, 40]  # what was refused has changed nothing


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_single_number_needs_no_gradient_whatever_its_shape(shape):
    x = Tensor(np.full(shape, 3.0), requires_grad=True)
    (x * x).backward()
    assert x.grad.shape == shape and x.grad.item() == 6


def test_backward_needs_something_that_asks_for_gradients():
    for x in (Tensor(1.0), Tensor(1.0) * 2):
        with pytest.raises(ValueError, match="computed from one with requires_grad=True"):
            x.backward()


def test_a_second_backward_adds_to_the_leaves_and_to_nothing_else():
    w, x = Tensor(normal(2, 3), requires_grad=True), Tensor(normal(3), requires_grad=True)
    inner = w @ x
    loss = inner.tanh().sum()
    loss.backward()
    once = [t.grad.copy() for t in (w, x, inner, loss)]
    loss.backward()
    assert (w.grad == 2 * once[0]).all() and (x.grad == 2 * once[1]).all()
    assert (inner.grad == once[2]).all() and (loss.grad == once[3]).all()
    w.grad = x.grad = None
    loss.backward()
    assert (w.grad == once[0]).all() and (x.grad == once[1]).all()


def test_a_leaf_is_its_own_output():
    x = Tensor(5.0, requires_grad=True)
    x.backward()
    x.backward()
    assert x.grad == 2


def test_only_what_was_asked_for_gets_a_gradient():
    w, x = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0])
    y = w * x
    y.sum().backward()
    assert x.grad is None and w.grad.tolist() == [3, 4] and y.parents == (w,) and y.requires_grad
    constant = x * 2
    assert not constant.requires_grad and constant.parents == () and constant.rules == ()


def test_every_leafs_gradient_is_its_own_array():
    """Sums hand the same array to both sides, and that of .sum() cannot even be written to."""
    a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([3.0, 4.0], requires_grad=True)
    given = np.array([1.0, 1.0])
    (a + b).backward(given)
    a.grad *= 10
    assert a.grad.tolist() == [10, 10] and b.grad.tolist() == [1, 1] and given.tolist() == [1, 1]
    c = Tensor(np.ones((2, 2)), requires_grad=True)
    c.sum().backward()
    c.grad += 1
    assert (c.grad == 2).all()


def test_a_gradient_is_an_array_also_where_it_is_one_number_and_was_added_up():
    x = Tensor(3.0, requires_grad=True)
    for _ in range(2):
        y = x * x
        (y + y).backward()
        for t in (x, y):
            assert isinstance(t.grad, np.ndarray) and t.grad.shape == () and t.grad.dtype == np.float64
    x.grad[...] = 0
    assert x.grad == 0


def test_what_the_caller_does_to_the_gradient_it_gave_changes_none():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y, given = x * 3, np.array([1.0, 10.0])
    y.backward(given)
    given[:] = 99
    assert y.grad.tolist() == [1, 10] and x.grad.tolist() == [3, 30]
    y.backward(Tensor([0.0, 1.0]))
    assert x.grad.tolist() == [3, 33]


def test_fan_out_adds_and_does_not_overwrite_what_another_holds():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    a, b = y + 0, y + 0
    ((a + b) * 1 + y).sum().backward()
    assert x.grad.tolist() == [3, 3] and a.grad.tolist() == b.grad.tolist() == [1, 1]


@pytest.mark.parametrize("length", [10_000, 30_000])
def test_a_long_chain_needs_no_recursion(length):
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x
    for _ in range(length):
        y = y + 1.0
    y.sum().backward()
    assert x.grad.tolist() == [1, 1] and len(topological_order(y)) == length + 1


def test_two_to_the_sixtieth_paths_take_sixty_steps():
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60


def test_a_graph_is_freed_at_once_and_leaves_nothing_to_the_collector():
    W, x = Tensor(normal(3, 3), requires_grad=True), Tensor(normal(1, 1, 4, 4))
    gc.collect()
    gc.disable()
    try:
        for _ in range(2):
            loss = softmax_cross_entropy((stack([W @ W, W / 2])[0] ** 2).T, [0, 1, 2])
            loss = loss + max_pool2d(conv2d(x, W.reshape(1, 1, 3, 3), padding=1), 2).mean()
            loss.backward()
        del loss
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x)), copy.copy])
def test_a_copy_counts_as_made_when_it_was_copied(again, monkeypatch):
    x = Tensor([1.0, 2.0], requires_grad=True)
    monkeypatch.setattr(_tensor_core, "_next_number", itertools.count().__next__)
    other = again(x)
    y = (other * other).sum()
    y.backward()
    assert topological_order(y)[0] is other and other.grad.tolist() == [2, 4] and other.requires_grad


def test_a_tensor_of_a_tensor_has_its_array_and_no_history():
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    again = Tensor(y)
    assert again.data is y.data and not again.requires_grad and again.parents == () and again.operation == ""


def test_a_change_in_place_is_seen_by_the_next_forward_pass():
    w = Tensor([1.0, 2.0], requires_grad=True)
    w.data -= 0.5
    (w * w).sum().backward()
    assert w.grad.tolist() == [1, 3]


# ---------------------------------------------------------------------------- nothing remembered


def test_inside_no_grad_nothing_is_remembered():
    w = Tensor(2.0, requires_grad=True)
    with no_grad():
        y = w * w
        with no_grad():
            pass
        z = w * 3
    assert y.data == 4 and not y.requires_grad and not z.requires_grad and y.parents == ()
    assert (w * w).requires_grad


def test_inside_no_grad_nested_or_not_a_leaf_may_still_ask_for_a_gradient():
    with no_grad():
        with pytest.raises(ZeroDivisionError), no_grad():
            raise ZeroDivisionError
        w = Tensor(2.0, requires_grad=True)
        assert w.requires_grad and not (w * 2).requires_grad  # the outer block is not over
    y = w * 3
    with no_grad():
        y.backward()  # what was remembered before goes back in here as anywhere
    assert w.grad == 3


def test_an_error_inside_no_grad_ends_it():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (Tensor(1.0, requires_grad=True) * 2).requires_grad


def test_no_grad_may_decorate_and_does_not_reach_other_threads():
    w = Tensor(2.0, requires_grad=True)

    @no_grad()
    def predict():
        return w * 2

    seen = []
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append((w * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True] and not predict().requires_grad and not predict().requires_grad


# ---------------------------------------------------------------------------- the kinds of numbers


def test_single_precision_stays_single_all_the_way():
    W = Tensor(normal(3, 4).astype(np.float32), requires_grad=True)
    x = np.ones((5, 4), dtype=np.float32)
    steps = [(Tensor(x) @ W.T + 1.0), 2 * Tensor(x) / 3, 1 - Tensor(x), Tensor(x) ** 2, maximum(0, Tensor(x))]
    steps += [steps[0].sigmoid(), steps[0].relu(), steps[0].mean(), steps[0].sum(0), [3.0, 1, 1, 1] * Tensor(x)]
    for y in steps:
        assert y.dtype == np.float32
    for loss in (softmax_cross_entropy(steps[0], [0, 1, 2, 0, 1]), mse(steps[0], np.zeros((5, 3)))):
        loss.backward()
        assert W.grad.dtype == np.float32
    images, kernels = Tensor(normal(1, 1, 4, 4).astype(np.float32)), normal(2, 1, 3, 3).astype(np.float32)
    kernels = Tensor(kernels, requires_grad=True)
    pooled = max_pool2d(conv2d(images, kernels, np.zeros(2, np.float32)), 2)
    pooled.sum().backward()
    assert pooled.dtype == kernels.grad.dtype == np.float32
    assert conv2d(images, [[[[1.0, 2.0]]]], [0.5]).dtype == np.float32
    for pair in ((0, x), (x, 0), (0, Tensor(x)), (x, Tensor(x)), ([0.0] * 4, x)):
        assert maximum(*pair).dtype == np.float32


def test_mixed_precision_is_double_and_each_gradient_has_its_tensors():
    a = Tensor(np.ones(2, np.float32), requires_grad=True)
    b = Tensor(np.ones(2), requires_grad=True)
    y = a * b + a * b
    y.sum().backward()
    assert y.dtype == np.float64 and a.grad.dtype == np.float32 and b.grad.dtype == np.float64


def test_no_number_too_large_for_single_precision_becomes_infinite():
    x = Tensor(np.ones(2, np.float32), requires_grad=True)
    for use in (lambda: x * 1e300, lambda: [1.0, -1e39] + x, lambda: maximum(x, 1e39), lambda: mse(x, [1e39, 1])):
        with pytest.raises(ValueError, match="data must be finite, got -?inf"):
            use()
    assert (x * np.float64(1e300)).dtype == np.float64


def test_numbers_in_whatever_machines_order_or_width_become_our_own():
    for dtype in (">f8", "<f8", ">f4", np.longdouble, np.uint8, np.float16):
        x = Tensor(np.array([1, 2], dtype))
        assert x.dtype in (np.float32, np.float64) and x.dtype.isnative and (x * 2).data.tolist() == [2, 4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gaps_are_no_numbers(dtype):
    with pytest.raises(TypeError, match="data must be an array of real numbers, got a masked array"):
        Tensor(np.ma.masked_array(np.ones(2, dtype), [True, False]))


def test_integers_become_double_and_floats_are_not_copied():
    assert Tensor([1, 2]).dtype == Tensor(3).dtype == Tensor(np.arange(3, dtype=np.int8)).dtype == np.float64
    for dtype in (np.float32, np.float64):
        array = np.ones(3, dtype)
        assert Tensor(array).data is array and Tensor(Tensor(array)).data is array
        assert np.shares_memory(Tensor(array).T.data, array)
    assert Tensor(np.float32(2)).dtype == np.float32 and Tensor(np.ones(2, np.float16)).dtype == np.float64


def test_arrays_and_numbers_may_stand_on_the_left():
    a, x = normal(2, 3), normal(2, 3, seed=1)
    t = Tensor(x)
    for ours, expected in (
        (a + t, a + x),
        (a - t, a - x),
        (a * t, a * x),
        (a / t, a / x),
        (a.T @ t, a.T @ x),
        (np.float64(2) * t, 2 * x),
        (a.tolist() - t, a - x),
    ):
        assert isinstance(ours, Tensor) and ours.data == pytest.approx(expected)


# ---------------------------------------------------------------------------- what it looks like


def test_a_tensor_tells_its_shape_and_its_origin():
    x = Tensor(normal(2, 3), requires_grad=True)
    y = x.tanh()
    assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((2, 3), 2, 6, 2, np.float64)
    assert x.operation == "" and y.operation == "tanh" and y.parents == (x,) and y.number > x.number
    assert repr(Tensor([1.0, 2.5])) == "Tensor([1. , 2.5])"
    assert repr(Tensor([1.0], requires_grad=True) * 2) == "Tensor([2.], made by '*', requires_grad=True)"
    assert Tensor([[4.0]]).item() == 4 and isinstance(Tensor(1).item(), float)
    with pytest.raises(ValueError, match=r"item needs a tensor of one number, got shape \(2, 3\)"):
        x.item()
    for use in (len, list, iter):
        with pytest.raises(TypeError, match="has no length"):
            use(Tensor(1.0))


def test_going_through_a_tensor_gives_its_rows_with_their_gradients():
    x = Tensor(normal(3, 2), requires_grad=True)
    rows = list(x)
    assert len(rows) == 3 and all(isinstance(row, Tensor) and row.shape == (2,) for row in rows)
    sum(k * row for k, row in enumerate(rows)).sum().backward()
    assert x.grad.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert list(Tensor(np.ones((0, 2)))) == []


def test_as_tensor_leaves_tensors_alone():
    x = Tensor([1.0])
    assert as_tensor(x) is x and as_tensor(x, np.dtype("float32")) is x
    assert as_tensor([1.0], np.dtype("float32")).dtype == np.float32
    assert as_tensor(np.ones(1), np.dtype("float32")).dtype == np.float64


def test_an_operation_of_ones_own():
    def cube(x):
        return Tensor.of(x.data**3, "cube", (x, lambda g: 3 * x.data**2 * g))

    check(cube, lambda x: x**3, normal(2, 3))
    assert cube(Tensor(2.0)).operation == "cube"


def test_a_rule_may_give_any_number_or_array_to_which_its_input_broadcasts():
    x = Tensor(2.0, requires_grad=True)
    Tensor.of(np.float64(6.0), "triple", (x, lambda g: 3.0)).backward()
    assert x.grad == 3
    y = Tensor([1.0, 2.0], requires_grad=True)
    spread = Tensor.of(np.ones((3, 2)) * y.data, "spread", (y, lambda g: g))
    spread.sum().backward()
    assert y.grad.tolist() == [3, 3]


@pytest.mark.parametrize(("shape", "sent"), [((2, 2), (4,)), ((2,), ()), ((3, 1), (2, 1)), ((2, 3), (1, 2, 2))])
def test_a_rule_whose_gradient_does_not_fit_is_refused(shape, sent):
    x = Tensor(np.ones(shape), requires_grad=True)
    wrong = Tensor.of(x.data.sum(), "wrong", (x, lambda g: np.ones(sent)))
    with pytest.raises(ValueError, match=r"a rule must give a gradient to which shape \(.*\) broadcasts, got shape \("):
        wrong.backward()


def test_an_operation_that_makes_integers_or_conditions_cuts_no_gradient():
    x = Tensor([0.5, 1.5], requires_grad=True)
    for data in (x.data.astype(int), x.data > 1):
        x.grad = None
        y = Tensor.of(data, "step", (x, lambda g: g))
        assert y.dtype == np.float64
        (y * 0.5).sum().backward()
        assert x.grad.tolist() == [0.5, 0.5]


# ---------------------------------------------------------------------------- the door


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_number_comes_in_that_is_not_finite(bad, dtype):
    array = np.array([[1.0, bad]], dtype=dtype)
    with pytest.raises(ValueError, match=r"data must be finite, got .* at index \(0, 1\)"):
        Tensor(array)
    for use in (lambda t: t + array, lambda t: t * array, lambda t: t @ array.T, lambda t: maximum(t, array)):
        with pytest.raises(ValueError, match="data must be finite"):
            use(Tensor([1.0, 2.0]))


@pytest.mark.parametrize("bad", ["1", None, True, 1j, [[1.0], [1.0, 2.0]], [True], object()])
def test_nothing_comes_in_that_is_no_array_of_numbers(bad):
    with pytest.raises(TypeError, match="data must be an array of real numbers"):
        Tensor(bad)
    with pytest.raises(TypeError, match="data must be an array of real numbers"):
        Tensor([1.0]) + bad


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: (x - 1).log(), ValueError, "log needs numbers greater than 0, got 0"),
        (lambda x: x / [1.0, 0.0], ValueError, "the divisor must not be 0 anywhere"),
        (lambda x: 1 / (x - 2), ValueError, "the divisor must not be 0 anywhere"),
        (lambda x: (-x) ** 0.5, ValueError, "real for integers only, got the exponent 0.5"),
        (lambda x: (x - 1) ** -1, ValueError, "the power -1 has no finite value or slope at 0"),
        (lambda x: (x - 1) ** 0.5, ValueError, "the power 0.5 has no finite value or slope at 0"),
        (lambda x: x ** np.nan, ValueError, "exponent must be finite"),
        (lambda x: x**x, TypeError, "exponent must be a real number"),
        (lambda x: x.sum(1), ValueError, r"axis must be one of the 1 axes of shape \(2,\), got 1"),
        (lambda x: x.sum((0, -1)), ValueError, r"axis must not name an axis twice, got \(0, -1\)"),
        (lambda x: x.mean(0.5), TypeError, "axis must be an integer"),
        (lambda x: x[:0].mean(), ValueError, "mean needs at least one entry"),
        (lambda x: x.reshape(3), ValueError, r"shape \(3,\) does not fit the 2 entries of shape \(2,\)"),
        (lambda x: x.reshape(2.0), TypeError, "shape must be an integer, got 2.0"),
        (lambda x: x.reshape(-2), ValueError, "shape must be at least -1, got -2"),
        (lambda x: x.reshape(-1, -1), ValueError, r"shape \(-1, -1\) does not fit the 2 entries"),
        (lambda x: x.reshape(1, 2).transpose(0), ValueError, "axes must name all 2 axes"),
        (lambda x: x.transpose(0, 0), ValueError, "axis must not name an axis twice"),
    ],
)
def test_an_operation_that_cannot_be_says_so_at_once(make, error, message):
    with pytest.raises(error, match=message):
        make(Tensor([1.0, 2.0], requires_grad=True))


def test_an_overflow_is_named_when_gradients_are_asked_for():
    x = Tensor([1e200, 1.0], requires_grad=True)
    with np.errstate(all="ignore"):
        y = (x * x * 3 - x * x).sum()
    with pytest.raises(ValueError, match=r"NaN or infinity came first from '\*' of shape \(2,\)"):
        y.backward()
    assert x.grad is None
    x.data[1] = np.nan
    with pytest.raises(ValueError, match="came first from 'a leaf' of shape"):
        x.sum().backward()


def test_the_module_offers_what_it_lists():
    assert all(hasattr(tensor, name) for name in tensor.__all__)


# ---------------------------------------------------------------------------- digits, and speed


def test_every_batch_of_digits_trains_as_torchs():
    X, labels = tensor_digits.digits()
    for hidden, batch in ((32, 32), (16, 500)):
        with one_thread():
            losses = [train(X, labels, hidden, batch, 2) for train in tensor_digits.rivals().values()]
        assert len(losses) == 3 and losses == pytest.approx([losses[0]] * 3, rel=1e-10)


def test_an_mlp_learns_the_digits():
    X, labels = tensor_digits.digits()
    parameters = [Tensor(a, requires_grad=True) for a in tensor_digits.start(32, np.float64)]
    W1, b1, W2, b2 = parameters

    def logits(rows):
        return (Tensor(X[rows]) @ W1.T + b1).relu() @ W2.T + b2

    for rows in tensor_digits.batches(1400, 32, 15):
        for p in parameters:
            p.grad = None
        softmax_cross_entropy(logits(rows), labels[rows]).backward()
        for p in parameters:
            p.data -= 0.2 * p.grad
    with no_grad():
        right = logits(np.arange(1400, 1797)).data.argmax(axis=1) == labels[1400:]
    assert right.mean() > 0.9


def test_digits_take_at_most_three_times_torchs_time():
    """To its quicker way, without its optimizer."""
    rows = tensor_digits.run(rounds=3, cases=("digits",))
    ours = [row for row in rows if row["name"] == tensor_digits.OURS]
    assert [row["dtype"] for row in ours] == ["float64", "float32"]
    assert all(row["ratio"] <= 3 for row in ours), rows
