"""book_lib.vision against torch in double, SciPy, counting by hand and the printed numbers of AlexNet."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from benchmarks import __main__ as command
from benchmarks import conv2d as benchmark
from book_lib import _vision_windows as windows
from book_lib import datasets, vision
from book_lib.learning import numerical_gradient
from book_lib.neural import fit
from book_lib.optimization import Adam
from book_lib.rng import CounterRNG
from book_lib.tensor import Tensor, softmax_cross_entropy
from book_lib.vision import Architecture, Conv, Conv2d, Dense, Pool, SmallCNN

GEOMETRIES = st.tuples(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3)
).filter(lambda g: g[5] < min(g[2], g[3]) and g[2] <= g[0] + 2 * g[5] and g[3] <= g[1] + 2 * g[5])


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# ---------------------------------------------------------------------------- sizes


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 6), st.integers(0, 8))
def test_the_output_has_as_many_places_as_the_kernel_fits_into(n, kernel, stride, padding):
    if padding >= kernel or kernel > n + 2 * padding:
        with pytest.raises(ValueError, match="padding must be less|kernel must not be larger"):
            vision.output_size(n, kernel, stride, padding)
    else:
        starts = range(0, n + 2 * padding - kernel + 1, stride)
        assert vision.output_size(n, kernel, stride, padding) == len(starts)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((5, 6), ValueError, r"kernel must not be larger than the padded image, got 6 for 5 \+ 2·0 pixels"),
        ((5, 3, 0), ValueError, "stride must be at least 1, got 0"),
        ((5, 3, -1), ValueError, "stride must be at least 1"),
        ((5, 3, 1, -1), ValueError, "padding must be at least 0, got -1"),
        ((5, 3, 1, 3), ValueError, "padding must be less than the kernel, 0 … 2, got 3"),
        ((0, 1), ValueError, "n must be at least 1"),
        ((5, 0), ValueError, "kernel must be at least 1"),
        ((5, 3, 1.5), TypeError, "stride must be an integer"),
        ((5.0, 3), TypeError, "n must be an integer"),
        ((5, True), TypeError, "kernel must be an integer"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        vision.output_size(*arguments)


# ---------------------------------------------------------------------------- kernels on images


@given(GEOMETRIES)
def test_the_loops_are_scipys_correlation(geometry):
    height, width, h, w, stride, padding = geometry
    image, kernel = noise(height, width), noise(h, w, seed=1)
    everywhere = signal.correlate2d(np.pad(image, padding), kernel, mode="valid")
    found = vision.cross_correlate(image, kernel, stride, padding)
    assert found == pytest.approx(everywhere[::stride, ::stride], abs=1e-12)
    turned = signal.convolve2d(np.pad(image, padding), kernel, mode="valid")[::stride, ::stride]
    assert vision.convolve(image, kernel, stride, padding) == pytest.approx(turned, abs=1e-12)


@settings(max_examples=50)
@given(GEOMETRIES, st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_the_fast_convolution_is_the_loops_and_torchs(geometry, n, channels, features, biased):
    torch = pytest.importorskip("torch")
    height, width, h, w, stride, padding = geometry
    x, k = noise(n, channels, height, width), noise(features, channels, h, w, seed=1)
    b = noise(features, seed=2) if biased else None
    found = vision.conv2d(x, k, b, stride, padding)
    loops = sum(vision.cross_correlate(plane, part, stride, padding) for plane, part in zip(x[-1], k[-1], strict=True))
    assert found[-1, -1] == pytest.approx(loops + (0 if b is None else b[-1]), abs=1e-12)
    bias = None if b is None else torch.tensor(b)
    peer = torch.nn.functional.conv2d(torch.tensor(x), torch.tensor(k), bias, stride, padding)
    assert found == pytest.approx(peer.numpy(), abs=1e-12)


@settings(max_examples=50)
@given(GEOMETRIES, st.integers(1, 3), st.integers(1, 3))
def test_columns_are_torchs_and_the_way_back_is_the_adjoint(geometry, n, channels):
    torch = pytest.importorskip("torch")
    height, width, h, w, stride, padding = geometry
    x = noise(n, channels, height, width)
    columns = vision.im2col(x, (h, w), stride, padding)
    peer = torch.nn.functional.unfold(torch.tensor(x), (h, w), padding=padding, stride=stride)
    assert np.array_equal(columns, peer.numpy())
    y = noise(*columns.shape, seed=1)
    back = windows.col2im(y, x.shape, (h, w), stride, padding)
    theirs = torch.nn.functional.fold(torch.tensor(y), (height, width), (h, w), padding=padding, stride=stride)
    assert back == pytest.approx(theirs.numpy(), abs=1e-12)
    assert (columns * y).sum() == pytest.approx((x * back).sum(), abs=1e-9)


def test_a_square_window_may_be_given_by_its_side():
    x = noise(1, 1, 5, 5)
    assert np.array_equal(vision.im2col(x, 3), vision.im2col(x, (3, 3)))
    assert np.array_equal(vision.max_pool(x, 2), vision.max_pool(x, (2, 2), 2))


def test_single_precision_stays_single_where_tensors_meet_windows():
    x = noise(2, 3, 6, 6).astype(np.float32)
    columns = windows.im2col(x, (3, 3), 1, 1)
    assert columns.dtype == windows.col2im(columns, x.shape, (3, 3), 1, 1).dtype == np.float32


def test_correlation_and_convolution_differ_for_a_lopsided_kernel_only():
    image = noise(6, 6)
    edges, blur = vision.kernels["vertical edges"], vision.kernels["blur"]
    assert vision.convolve(image, edges) == pytest.approx(-vision.cross_correlate(image, edges))
    assert vision.convolve(image, blur) == pytest.approx(vision.cross_correlate(image, blur))
    emboss = vision.kernels["emboss"]
    assert np.abs(vision.convolve(image, emboss) - vision.cross_correlate(image, emboss)).max() > 1


def test_convolving_twice_is_convolving_with_the_convolution():
    """Associative, as correlation is not: two blurs are one."""
    image, a, b = noise(9, 9), noise(3, 3, seed=1), noise(2, 2, seed=2)
    both = signal.convolve2d(a, b)
    assert vision.convolve(vision.convolve(image, a), b) == pytest.approx(vision.convolve(image, both))


def test_a_moved_image_gives_a_moved_answer():
    image, kernel = noise(8, 8), noise(3, 3, seed=1)
    moved = np.roll(image, 2, axis=1)
    assert vision.cross_correlate(moved, kernel)[:, 2:] == pytest.approx(vision.cross_correlate(image, kernel)[:, :-2])


def test_kernels_do_what_they_are_called():
    flat, k = np.full((5, 5), 7.0), vision.kernels
    for name in k:
        expected = 0 if "edges" in name or name == "laplace" else 7
        assert k[name].shape == (3, 3)
        assert vision.cross_correlate(flat, k[name]) == pytest.approx(np.full((3, 3), expected))
    ramp = np.tile(np.arange(5.0), (5, 1))  # brighter to the right
    assert (vision.cross_correlate(ramp, k["vertical edges"]) == 8).all()
    assert (vision.cross_correlate(ramp, k["horizontal edges"]) == 0).all()
    assert (vision.cross_correlate(ramp.T, k["horizontal edges"]) == 8).all()
    assert vision.cross_correlate(ramp, k["laplace"]) == pytest.approx(np.zeros((3, 3)))
    assert vision.cross_correlate(ramp, k["emboss"]) == pytest.approx(ramp[1:-1, 1:-1] + 6)  # lit from the right
    assert np.array_equal(k["emboss"], k["emboss"].T)  # and from below
    assert np.array_equal(16 * k["gaussian"], np.outer([1, 2, 1], [1, 2, 1]))
    bowl = (np.arange(5.0) - 2) ** 2 + (np.arange(5.0)[:, None] - 2) ** 2
    assert vision.cross_correlate(bowl, k["laplace"]) == pytest.approx(np.full((3, 3), 4.0))  # ∂²x² + ∂²y²
    image = noise(5, 5)
    assert np.array_equal(vision.cross_correlate(image, k["identity"]), image[1:-1, 1:-1])
    sharp = vision.cross_correlate(image, k["identity"]) - vision.cross_correlate(image, k["laplace"])
    assert vision.cross_correlate(image, k["sharpen"]) == pytest.approx(sharp)
    assert vision.cross_correlate(image, k["blur"]).var() < image.var()


def test_nobody_can_spoil_the_kernels():
    with pytest.raises(ValueError, match="read-only"):
        vision.kernels["blur"][0, 0] = 1
    with pytest.raises(TypeError):
        vision.kernels["blur"] = np.ones((3, 3))


@pytest.mark.parametrize("size", [1, 2, 3, (2, 3)])
@pytest.mark.parametrize("stride", [None, 1, 2, 3])
def test_pooling_is_torchs(size, stride):
    torch = pytest.importorskip("torch")
    if stride is None and isinstance(size, tuple):
        return
    x = noise(2, 3, 7, 8)
    for ours, theirs in (
        (vision.max_pool, torch.nn.functional.max_pool2d),
        (vision.average_pool, torch.nn.functional.avg_pool2d),
    ):
        expected = theirs(torch.tensor(x), size, stride).numpy()
        assert ours(x, size, stride) == pytest.approx(expected, abs=1e-15)
        assert ours(x[0, 0], size, stride) == pytest.approx(expected[0, 0], abs=1e-15)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: vision.cross_correlate(np.ones(3), np.ones((2, 2))), ValueError, "image must have shape"),
        (lambda: vision.cross_correlate(np.ones((3, 3)), np.ones(2)), ValueError, "kernel must have shape"),
        (lambda: vision.cross_correlate(np.ones((3, 3)), np.ones((0, 2))), ValueError, "kernel must have shape"),
        (lambda: vision.cross_correlate(np.ones((2, 5)), np.ones((3, 3))), ValueError, "got 3 for 2"),
        (lambda: vision.cross_correlate([[math.nan]], [[1.0]]), ValueError, "image must be finite"),
        (lambda: vision.cross_correlate([["a"]], [[1.0]]), TypeError, "image must be an array of real numbers"),
        (lambda: vision.convolve([[1.0]], [[math.inf]]), ValueError, "kernel must be finite"),
        (lambda: vision.convolve(np.ones((3, 3)), np.ones((2, 2)), stride=0), ValueError, "stride must be at least 1"),
        (lambda: vision.im2col(np.ones((3, 3)), 2), ValueError, r"images must have shape \(N, C, H, W\), got \(3, 3\)"),
        (lambda: vision.im2col(np.ones((1, 1, 3, 3)), 4), ValueError, "^size must not be larger .* got 4 for 3"),
        (lambda: vision.im2col(np.ones((1, 1, 3, 3)), (2, 3), padding=2), ValueError, "padding must be less .* size"),
        (lambda: vision.im2col(np.ones((1, 1, 3, 3)), (2, 2, 2)), ValueError, "size must be an integer or a pair"),
        (lambda: vision.im2col(np.ones((1, 1, 3, 3)), 2.0), TypeError, "size must be an integer"),
        (lambda: vision.im2col(np.ones((1, 1, 3, 3)), (2, 0)), ValueError, "size must be at least 1"),
        (lambda: vision.conv2d(np.ones((1, 2, 3, 3)), np.ones((1, 3, 2, 2))), ValueError, "the images' 2 channels"),
        (lambda: vision.conv2d(np.ones((1, 2, 3, 3)), np.ones((2, 2))), ValueError, r"kernels must have shape \(F, C"),
        (lambda: vision.conv2d(np.ones((1, 1, 3, 3)), np.ones((2, 1, 2, 2)), [1.0]), ValueError, "bias must have"),
        (lambda: vision.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), padding=2), ValueError, "padding must"),
        (lambda: vision.max_pool(np.ones(3), 2), ValueError, r"images must have shape \(…, H, W\)"),
        (lambda: vision.max_pool(np.ones((3, 3)), (2, 1)), ValueError, "stride must be given"),
        (lambda: vision.average_pool(np.ones((3, 3)), 4), ValueError, "^size must not be larger"),
        (lambda: vision.max_pool(np.ones((3, 4)), (2, 5), 1), ValueError, "^size must not be larger .* got 5 for 4"),
        (lambda: vision.average_pool(np.ones((3, 3)), 2, 0), ValueError, "stride must be at least 1"),
    ],
)  # fmt: skip
def test_images_and_kernels_that_do_not_fit_are_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---------------------------------------------------------------------------- counting


def test_alexnets_integers():
    net = vision.alexnet()
    rows = {row.name: row for row in net.rows}
    assert net.parameters == 60_965_224 and net.units == 659_272
    assert sum(row.parameters for row in net.rows if row.kind == "conv") == 2_334_080
    assert sum(row.parameters for row in net.rows if row.kind == "dense") == 58_631_144
    assert net.units + math.prod(net.shape) == 809_800
    assert [row.kind for row in net.rows].count("pool") == 3 and len(net.rows) == 11
    assert [rows[f"conv{i}"].shape for i in (1, 2, 3, 4, 5)] == [
        (96, 55, 55), (256, 27, 27), (384, 13, 13), (384, 13, 13), (256, 13, 13),
    ]  # fmt: skip
    assert rows["pool5"].shape == (256, 6, 6) and rows["fc6"].parameters == (9216 + 1) * 4096
    assert rows["conv1"].parameters == 96 * (3 * 11 * 11 + 1)
    assert rows["conv2"].parameters == 256 * (96 // 2 * 5 * 5 + 1)
    assert rows["conv1"].multiplications == 55 * 55 * 96 * 3 * 11 * 11
    assert net.multiplications == 724_406_816


def test_counts_are_torchs():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    twin = nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=2, padding=1), nn.MaxPool2d(3, 2), nn.Conv2d(8, 6, 3, groups=2), nn.Flatten(),
        nn.LazyLinear(7), nn.Linear(7, 2),
    )  # fmt: skip
    shapes, x = [], torch.zeros(1, 3, 30, 41)
    for layer in twin:
        x = layer(x)
        shapes += [] if isinstance(layer, nn.Flatten) else [tuple(x.shape[1:])]
    layers = [Conv(8, 5, 2, 1), Pool(3, 2), Conv(6, 3, groups=2), Dense(7), Dense(2)]
    net = Architecture((3, 30, 41), layers)
    expected = sum(p.numel() for p in twin.parameters())
    assert net.parameters == expected == vision.count_parameters(layers, (3, 30, 41))
    assert [row.shape for row in net.rows] == shapes
    assert net.units == sum(math.prod(s) for i, s in enumerate(shapes) if i != 1)


def test_an_architecture_prints_as_a_table():
    lines = str(vision.alexnet()).splitlines()
    assert lines[0].split() == ["layer", "output", "parameters", "units", "multiplications"]
    assert lines[1].split() == ["input", "3", "×", "224", "×", "224"] and len(lines) == 14
    assert lines[-1].split() == ["in", "all", "60,965,224", "659,272", "724,406,816"]
    assert len({len(line) for line in lines if "input" not in line}) == 1  # numbers stand under each other, flush right
    assert all(line[0] != " " for line in lines)
    plain = Architecture((1, 8, 8), [Conv(2, 3), Pool(2), Dense(1)])
    assert [row.name for row in plain.rows] == ["conv", "pool", "dense"]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2)), max_size=3))
def test_the_receptive_field_is_what_a_change_of_one_pixel_reaches(layers):
    """Change each pixel in turn, and see which of them move the first unit: a square's, from the corner."""
    side = vision.receptive_field(layers)
    seen = np.eye((side + 2) ** 2).reshape(-1, 1, side + 2, side + 2)  # an image for each pixel
    for kernel, stride in layers:
        seen = vision.conv2d(seen, np.ones((1, 1, kernel, kernel)), stride=stride)
    rows, columns = np.nonzero(seen[:, 0, 0, 0].reshape(side + 2, side + 2))
    assert (rows.min(), columns.min(), rows.max(), columns.max()) == (0, 0, side - 1, side - 1)
    if all(stride <= kernel for kernel, stride in layers):
        assert len(rows) == side**2  # no gaps


def test_receptive_fields_take_layers_and_pairs():
    assert vision.receptive_field([3, 3]) == 5 and vision.receptive_field([]) == 1
    net = vision.alexnet()
    slides = [layer for layer in net.layers if not isinstance(layer, Dense)]
    fields = [vision.receptive_field(slides[:i]) for i in range(1, len(slides) + 1)]
    assert fields == [11, 19, 51, 67, 99, 131, 163, 195]
    assert vision.receptive_field([Conv(8, 3), Pool(2), Conv(8, 3)]) == vision.receptive_field([3, (2, 2), (3, 1)]) == 8


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Conv(0, 3), ValueError, "channels must be at least 1"),
        (lambda: Conv(4, 3, padding=-1), ValueError, "padding must be at least 0"),
        (lambda: Conv(4, 3.0), TypeError, "kernel must be an integer"),
        (lambda: Conv(4, 3, groups=3), ValueError, "groups must divide the channels, got 3 for 4"),
        (lambda: Pool(2, 0), ValueError, "stride must be at least 1"),
        (lambda: Dense(0), ValueError, "units must be at least 1"),
        (lambda: Architecture((8, 8), [Dense(1)]), ValueError, r"shape must be \(channels, height, width\)"),
        (lambda: Architecture((1, 8, 0), [Dense(1)]), ValueError, "shape must be at least 1"),
        (lambda: Architecture((1, 8, 8), Dense(1)), TypeError, "layers must be a list"),
        (lambda: Architecture((1, 8, 8), [3]), TypeError, "layers must hold Conv, Pool and Dense, got 3"),
        (lambda: Architecture((1, 8, 8), [Pool(2), Conv(1, 5)]), ValueError, r"layer 2 \(conv\) .* 1 × 4 × 4"),
        (lambda: Architecture((1, 8, 8), [Dense(3), Pool(2, name="p")]), ValueError, r"layer 2 \(p\) .*image"),
        (lambda: Architecture((3, 8, 8), [Conv(4, 3, groups=2)]), ValueError, "groups must .* 2 for 3"),
        (lambda: vision.count_parameters("abc"), TypeError, "layers must be a list"),
        (lambda: vision.receptive_field([Dense(3)]), TypeError, "layers must slide over the image"),
        (lambda: vision.receptive_field([(3, 1, 1)]), ValueError, "layers must be pairs"),
        (lambda: vision.receptive_field([(3, 0)]), ValueError, "stride must be at least 1"),
        (lambda: vision.receptive_field(3), TypeError, "layers must be a list of layers, got 3"),
        (lambda: vision.receptive_field(Conv(1, 3)), TypeError, "layers must be a list of layers"),
    ],
)  # fmt: skip
def test_layers_that_do_not_fit_are_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---------------------------------------------------------------------------- networks


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 2), (3, 0)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_convolutional_layer_is_torchs_with_its_gradients(stride, padding, bias):
    torch = pytest.importorskip("torch")
    layer, x = Conv2d(2, 3, 3, stride, padding, bias, rng=1), noise(2, 2, 7, 6)
    twin = torch.nn.Conv2d(2, 3, 3, stride, padding, bias=bias, dtype=torch.float64)
    twin.load_state_dict({name: torch.tensor(values) for name, values in layer.state_dict().items()})
    ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    out, peer = layer(ours), twin(theirs)
    assert out.data == pytest.approx(peer.detach().numpy(), abs=1e-13)
    arrays = [layer.weight.data, layer.bias.data if bias else None]
    assert out.data == pytest.approx(vision.conv2d(x, *arrays, stride, padding), abs=1e-13)
    (out * out).sum().backward()
    (peer**2).sum().backward()
    assert ours.grad == pytest.approx(theirs.grad.numpy(), abs=1e-11)
    for name, parameter in layer.named_parameters():
        assert parameter.grad == pytest.approx(getattr(twin, name).grad.numpy(), abs=1e-11)


def small_twin(net, torch):
    """Return torch's network with the weights of a SmallCNN."""
    nn, double = torch.nn, torch.float64
    makers = {
        "Conv2d": lambda features, channels, *_: nn.Conv2d(channels, features, 3, padding=1, dtype=double),
        "Linear": lambda outputs, inputs: nn.Linear(inputs, outputs, dtype=double),
        "Activation": nn.ReLU,
        "MaxPool2d": lambda: nn.MaxPool2d(2),
        "Flatten": nn.Flatten,
    }
    layers = []
    for layer in net.layers:
        state = {name: torch.tensor(values) for name, values in layer.state_dict().items()}
        layers.append(makers[type(layer).__name__](*(state["weight"].shape if state else ())))
        layers[-1].load_state_dict(state)
    return nn.Sequential(*layers)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 5)])
def test_a_small_network_is_torchs_with_its_gradients(shape):
    torch = pytest.importorskip("torch")
    net, x, labels = SmallCNN(shape, classes=4, channels=(3, 5), rng=0), noise(6, *shape), np.array([0, 1, 2, 3, 0, 1])
    twin = small_twin(net, torch)
    out, peer = net(x), twin(torch.tensor(x))
    assert out.data == pytest.approx(peer.detach().numpy(), abs=1e-12)
    softmax_cross_entropy(out, labels).backward()
    torch.nn.functional.cross_entropy(peer, torch.tensor(labels)).backward()
    for ours, theirs in zip(net.parameters(), twin.parameters(), strict=True):
        assert ours.grad == pytest.approx(theirs.grad.numpy(), abs=1e-10)


def test_its_gradient_is_what_finite_differences_see():
    net, x, labels = SmallCNN((1, 4, 4), classes=2, channels=(2, 2), rng=3), noise(3, 1, 4, 4), np.array([0, 1, 1])
    softmax_cross_entropy(net(x), labels).backward()
    for parameter in net.parameters():
        kept = parameter.data.copy()

        def value(w, p=parameter):
            p.data[...] = w
            return softmax_cross_entropy(net(x), labels).item()

        seen = numerical_gradient(value, kept)
        parameter.data[...] = kept
        assert parameter.grad == pytest.approx(seen, abs=1e-8)


def test_rows_and_pictures_are_the_same_to_it():
    net, x = SmallCNN((2, 6, 6), classes=3, rng=0), noise(4, 2, 6, 6)
    assert np.array_equal(net.predict(x), net.predict(x.reshape(4, -1)))


def test_its_size_is_the_calculators():
    for shape, channels in (((1, 8, 8), (8, 16)), ((1, 25, 25), (6, 12)), ((3, 32, 20), (4, 4, 4))):
        net = SmallCNN(shape, 10, channels, rng=0)
        layers = [part for width in channels for part in (Conv(width, 3, padding=1), Pool(2))] + [Dense(10)]
        assert sum(p.data.size for p in net.parameters()) == vision.count_parameters(layers, shape)


def test_it_starts_by_the_seed_alone_and_where_it_says():
    one, two, other = (SmallCNN(rng=seed).state_dict() for seed in (1, 1, 2))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert not np.array_equal(one["layers.0.weight"], other["layers.0.weight"])
    assert np.array_equal(*(SmallCNN(rng=CounterRNG(1)).state_dict()["layers.0.weight"] for _ in range(2)))
    wide = SmallCNN((20, 8, 8), channels=(200, 100), rng=0)
    assert wide.layers[0].weight.data.std() == pytest.approx(math.sqrt(2 / 180), rel=0.02)
    assert wide.layers[3].weight.data.std() == pytest.approx(math.sqrt(2 / 1800), rel=0.02)
    assert wide.layers[-1].weight.data.std() == pytest.approx(math.sqrt(1 / 400), rel=0.05)
    layer = Conv2d(10, 50, 5, rng=0)
    assert np.abs(layer.weight.data).max() <= 1 / math.sqrt(250)


def test_it_tells_the_digits_apart():
    train, test = datasets.digits().split((0.7, 0.3), rng=0)
    net = SmallCNN((1, 8, 8), rng=0)
    history = fit(
        net, train.inputs, train.targets, softmax_cross_entropy, method=Adam(0.01), epochs=3, batch_size=32, rng=0
    )
    assert (net.predict(test.inputs).argmax(axis=1) == test.targets).mean() > 0.93
    assert history.losses[-1] < 0.2 * history.losses[0]


def test_layers_print_themselves():
    assert repr(Conv2d(1, 4, 3)) == "Conv2d(1, 4, kernel=3)"
    assert repr(Conv2d(1, 4, 3, 2, 1, bias=False)) == "Conv2d(1, 4, kernel=3, stride=2, padding=1, bias=False)"
    assert repr(vision.MaxPool2d(2)) == "MaxPool2d(2)" and repr(vision.MaxPool2d(3, 2)) == "MaxPool2d(3, stride=2)"
    assert repr(SmallCNN()).startswith("SmallCNN(Conv2d(1, 8, kernel=3, padding=1), activation('relu'), MaxPool2d(2)")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Conv2d(0, 1, 3), ValueError, "channels must be at least 1"),
        (lambda: Conv2d(1, 0, 3), ValueError, "features must be at least 1"),
        (lambda: Conv2d(1, 1, 3.0), TypeError, "kernel must be an integer, got 3.0"),
        (lambda: Conv2d(1, 1, 0), ValueError, "kernel must be at least 1"),
        (lambda: Conv2d(1, 1, 3, padding=3), ValueError, "padding must be less than the kernel"),
        (lambda: Conv2d(1, 1, 3, stride=0), ValueError, "stride must be at least 1"),
        (lambda: Conv2d(1, 1, 3, bias=None), TypeError, "bias must be True or False"),
        (lambda: Conv2d(1, 1, 3)(np.ones((1, 1, 2, 2))), ValueError, "kernel"),
        (lambda: Conv2d(1, 1, 3)(np.ones((1, 2, 5, 5))), ValueError, "channels|shape"),
        (lambda: vision.MaxPool2d(0), ValueError, "size must be at least 1"),
        (lambda: vision.MaxPool2d(2, 0), ValueError, "stride must be at least 1"),
        (lambda: SmallCNN((8, 8)), ValueError, r"shape must be \(channels, height, width\)"),
        (lambda: SmallCNN((1, 8, 8), channels=()), ValueError, "channels must hold a width for each stage"),
        (lambda: SmallCNN((1, 8, 3), channels=(2, 2)), ValueError, "large enough to be halved 2 times"),
        (lambda: SmallCNN(classes=0), ValueError, "classes must be at least 1"),
        (lambda: SmallCNN().predict(np.ones((2, 63))), ValueError, r"x must have shape \(N, 1, 8, 8\) or \(N, 64\)"),
        (lambda: SmallCNN().predict(np.ones((2, 8, 8))), ValueError, "x must have shape"),
        (lambda: vision.Flatten()(1.0), ValueError, r"x must have shape \(N, …\), got \(\)"),
        (lambda: vision.Flatten()("a cat"), TypeError, "x must be an array or a Tensor, got str"),
        (lambda: SmallCNN()("a cat"), TypeError, "x must be an array or a Tensor, got str"),
    ],
)
def test_networks_refuse_what_does_not_fit(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---------------------------------------------------------------------------- real pictures


def test_faces_are_scikit_images():
    from skimage.data import lfw_subset

    ours, theirs = datasets.faces(), lfw_subset()
    assert ours.inputs.shape == (200, 625) and np.array_equal(ours.inputs.reshape(200, 25, 25), theirs)
    assert (ours.inputs.min(), ours.inputs.max()) == (0, 1)
    assert ours.targets.tolist() == [1] * 100 + [0] * 100 and ours.targets.dtype == np.int64
    assert ours.features[26] == "pixel 1, 1" and "scikit-image" in ours.origin and not ours.rows
    ours.inputs[:] = -1
    assert datasets.faces().inputs.min() == 0


@pytest.mark.parametrize("name", datasets.photographs)
def test_photographs_are_scikit_images(name):
    from skimage import color, data

    ours, theirs = datasets.photograph(name), getattr(data, name)()
    expected = color.rgb2gray(theirs) if theirs.ndim == 3 else theirs / 255
    assert ours.dtype == np.float64 and np.abs(ours - expected).max() < 1e-12
    assert 0 <= ours.min() < ours.max() <= 1 and datasets.photographs[name]
    if name == "cat":
        assert np.array_equal(datasets.photograph(name, color=True), theirs / 255)
    else:
        with pytest.raises(ValueError, match=f"color must be False for '{name}', which is grey"):
            datasets.photograph(name, color=True)


@pytest.mark.parametrize(("arguments", "error", "words"), [
    (("dog",), ValueError, "name must be one of 'brick', 'cat', 'coins', 'moon', got 'dog'"),
    (("cat", 1), TypeError, "color must be True or False, got 1"),
])  # fmt: skip
def test_there_are_no_other_photographs(arguments, error, words):
    with pytest.raises(error, match=words):
        datasets.photograph(*arguments)


# ---------------------------------------------------------------------------- speed


def test_a_product_of_matrices_is_twenty_times_as_fast_as_loops():
    rows = {row["name"]: row for row in benchmark.run(rounds=1)}
    assert rows[benchmark.OURS]["ratio"] >= 20, rows


def test_the_table_of_convolutions_shows_every_rival():
    rows = [{"name": name, "milliseconds": 1.0, "ratio": 2.0} for name in (benchmark.LOOPS, benchmark.THEIRS)]
    entry = {"date": "2000-01-01", "machine": {}, "images": "4 images", "kernels": "8 kernels", "rows": rows}
    text = command.report({"conv2d": entry})
    assert "Convolution, 4 images with 8 kernels" in text and f"| {benchmark.THEIRS} | 1.00 | 2.0 |" in text
