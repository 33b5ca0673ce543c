"""The claims of the chapter on vision, against values that share no code with what they test."""

import math

import numpy as np
import pytest
from scipy import integrate, ndimage, optimize, signal, special, stats

from book_lib import classification, datasets, neural, tensor, vision


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("vision")


# ---------------------------------------------------------------------------- C-01: pixels


@pytest.mark.claim("C-01")
def test_a_moved_digit_is_farther_from_itself_than_from_another(here):
    """Every digit of the 1,797, counted one at a time; and the pair of the first paragraph."""
    images, labels = datasets.digits().inputs.reshape(-1, 8, 8), datasets.digits().targets
    farther, nearest = 0, []
    for image, label in zip(images, labels, strict=True):
        beside = np.zeros((8, 8))
        beside[:, 1:] = image[:, :-1]
        others = images[labels != label].reshape(-1, 64) - image.ravel()
        nearest.append(math.sqrt((others**2).sum(axis=1).min()))
        farther += np.linalg.norm(image - beside) > nearest[-1]
    assert here.names["stranger"] == pytest.approx(np.array(nearest))
    assert here.numbers["farther"] == here.numbers["n_digits"] == farther == 1797
    six, five = here.names["six"], here.names["five"]
    assert labels[(images == six).all(axis=(1, 2))].tolist() == [6]
    assert labels[(images == five).all(axis=(1, 2))].tolist() == [5]
    assert here.numbers["lost"] == 0  # no ink leaves the square
    assert here.numbers["own_gap"] == pytest.approx(np.linalg.norm(six - np.roll(six, 1, axis=1)))
    assert here.numbers["other_gap"] == pytest.approx(np.linalg.norm(six - five))
    assert here.numbers["dim_gap"] == pytest.approx(0.4 * np.linalg.norm(six))
    assert here.numbers["other_gap"] < here.numbers["dim_gap"] < here.numbers["own_gap"]
    # the five is near the six as it was written, not near the moved one
    assert np.linalg.norm(np.roll(six, 1, axis=1) - five) > 2 * here.numbers["other_gap"]
    assert "the six is {glue:text}`own_gap:.2f` away from its moved self, and only" in here.source


@pytest.mark.claim("C-01")
def test_the_function_that_moves(here):
    moved, image = here.names["moved"], np.arange(12.0).reshape(3, 4)
    assert moved(image, right=1).tolist() == [[0, 0, 1, 2], [0, 4, 5, 6], [0, 8, 9, 10]]
    assert moved(image, down=-1).tolist() == [[4, 5, 6, 7], [8, 9, 10, 11], [0, 0, 0, 0]]
    assert moved(image[None], down=1, right=-1).tolist() == [[[0, 0, 0, 0], [1, 2, 3, 0], [5, 6, 7, 0]]]
    assert here.numbers["own_mean"] > here.numbers["any_mean"]
    pairs = np.random.default_rng(0).integers(0, 1797, size=(2, 4000))
    flat = datasets.digits().inputs
    assert np.linalg.norm(flat[pairs[0]] - flat[pairs[1]], axis=1).mean() == pytest.approx(
        here.numbers["any_mean"], rel=0.02
    )


# ---------------------------------------------------------------------------- C-02: compression


@pytest.mark.claim("C-02")
def test_principal_components(here):
    decomposition = pytest.importorskip("sklearn.decomposition")
    flat = datasets.digits().inputs
    errors = here.names["errors"]
    assert list(errors) == [0, 1, 2, 4, 8, 16, 32, 64]
    assert (np.diff(list(errors.values())) < 0).all() and errors[64] < 1e-20
    values = np.linalg.eigvalsh(np.cov(flat.T, bias=True))[::-1]
    for kept, error in errors.items():
        assert error == pytest.approx(values[kept:].sum(), abs=1e-10)
    model = decomposition.PCA(16, svd_solver="full").fit(flat)
    theirs = model.inverse_transform(model.transform(flat))
    assert here.names["rebuilt"](16) == pytest.approx(theirs, abs=1e-10)
    assert here.numbers["left_16"] == pytest.approx(100 * (1 - model.explained_variance_ratio_.sum()))
    assert "= \\sum_{k > K} \\lambda_k .\n$$ (eq-vis-pca)" in here.section("sec-vis-compression")


@pytest.mark.claim("C-02")
def test_no_other_sixteen_directions_lose_less(here):
    rng, flat = np.random.default_rng(4), datasets.digits().inputs
    flat = flat - flat.mean(axis=0)
    for _ in range(20):
        basis = np.linalg.qr(rng.normal(size=(64, 16)))[0]
        assert ((flat - flat @ basis @ basis.T) ** 2).sum(axis=1).mean() > here.names["errors"][16]


@pytest.mark.claim("C-02")
def test_compression_does_not_know_the_moved_six(here):
    assert here.numbers["code_own"] > 2 * here.numbers["code_other"]
    assert here.names["code_gap"][64] == pytest.approx((here.numbers["own_gap"], here.numbers["other_gap"]))


# ---------------------------------------------------------------------------- C-03: kernels


@pytest.mark.claim("C-03")
def test_sliding_is_what_scipy_calls_correlation(here):
    rng = np.random.default_rng(3)
    for image, kernel in (((9, 7), (3, 3)), ((6, 6), (2, 4)), ((5, 8), (5, 1))):
        x, k = rng.normal(size=image), rng.normal(size=kernel)
        wanted = signal.correlate2d(x, k, mode="valid")
        assert here.names["slide_slowly"](x, k) == pytest.approx(wanted)
        assert vision.cross_correlate(x, k) == pytest.approx(wanted)
        assert vision.conv2d(x[None, None], k[None, None])[0, 0] == pytest.approx(wanted)
        columns = vision.im2col(x[None, None], k.shape)[0]
        assert (k.ravel() @ columns).reshape(wanted.shape) == pytest.approx(wanted)
        assert vision.convolve(x, k) == pytest.approx(signal.convolve2d(x, k, mode="valid"))
        assert not np.allclose(wanted, signal.convolve2d(x, k, mode="valid"))  # no such kernel is symmetric
    numbers = here.numbers
    assert (numbers["rows"], numbers["places"]) == (9, 58 * 78)
    assert max(numbers["product_gap"], numbers["fast_gap"], numbers["own_loops"]) < 1e-12


@pytest.mark.claim("C-03")
def test_turning_matters_unless_the_kernel_looks_the_same_turned(here):
    numbers, six = here.numbers, here.names["six"]
    edges = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    assert (here.names["sobel"] == edges).all()
    apart = signal.correlate2d(six, edges, "valid") - signal.convolve2d(six, edges, "valid")
    assert numbers["turned_gap"] == pytest.approx(np.abs(apart).max()) and numbers["turned_gap"] > 1
    assert numbers["turned_sum"] < 1e-12 and numbers["blur_gap"] < 1e-12
    section = here.section("sec-vis-kernels")
    assert r"k_{ij}\, x_{r+i,\, c+j}" in section and r"k_{ij}\, x_{r-i,\, c-j}" in section


@pytest.mark.claim("C-03")
def test_the_row_of_the_text_and_the_number_of_places(here):
    row = signal.correlate2d([[0, 0, 1, 1, 1, 0]], [[-1, 1]], "valid")
    assert row.tolist() == [[0, 1, 0, 0, -1]]
    assert "$y = (0, 1, 0, 0, -1)$" in here.prose("sec-vis-kernels")
    for n, k, s, p in ((8, 3, 1, 0), (224, 11, 4, 2), (9, 2, 3, 1), (5, 5, 2, 0)):
        starts = range(-p, n + p - k + 1, s)
        assert vision.output_size(n, k, s, p) == len(starts) == (n + 2 * p - k) // s + 1


def test_sliding_commutes_with_moves_and_nothing_else_does(here):
    """On a ring: the matrices that commute with the shift are the circulant ones, n of n² dimensions."""
    n = 6
    shift = np.roll(np.eye(n), 1, axis=0)
    commutator = np.kron(np.eye(n), shift) - np.kron(shift.T, np.eye(n))
    assert n * n - np.linalg.matrix_rank(commutator) == n
    kernel = np.random.default_rng(0).normal(size=n)
    circulant = np.array([[kernel[(c - r) % n] for c in range(n)] for r in range(n)])
    assert circulant @ shift == pytest.approx(shift @ circulant)
    numbers = here.numbers
    assert max(numbers["shift_gap"], numbers["even_gap"]) < 1e-12 and numbers["odd_gap"] > 0.5
    assert here.answers("▢₁ is")[0] == 2 and here.right_option("▢₂ is").startswith("made from the pixels")
    assert "36 \\cdot 64 = 2304" in here.section("sec-vis-equivariance")


def test_the_way_back_of_a_kernel(here):
    x, k, bars = np.array([1.0, 2, 0, 3]), np.array([1.0, -1]), np.array([1.0, -1, 2])
    assert np.correlate(x, bars, "valid").tolist() == [-1, 8]
    assert np.convolve(bars, k).tolist() == [1, -2, 3, -2]
    numbers = here.numbers
    assert (numbers["k_0"], numbers["k_1"], numbers["x_1"]) == (-1, 8, -2)
    faded = np.correlate([2.0, 1, 0, 1, 3], [1, 0, -1], "valid"), np.convolve([1, 0, -1], [1, 2, 4])
    assert here.answers("▢₁ is")[1] == faded[0][0] and here.answers("▢₂ is")[0] == faded[0][2]
    assert here.answers("▢₃ is")[0] == faded[1][2]
    slips = [one for one in here.calls("Numeric") if one[1][0].startswith("▢₁ is")][1][2]["slips"]
    turned, on_kernel = np.convolve([2.0, 1, 0, 1, 3], [1, 0, -1], "valid")[0], np.dot([1, 0, -1], [1, 2, 4])
    assert set(slips) == {faded[0][1], turned, on_kernel}
    rng = np.random.default_rng(7)
    x, k = (
        tensor.Tensor(rng.normal(size=shape), requires_grad=True) for shape in ((1, 1, 6, 5), (1, 1, 3, 2))
    )
    bars = rng.normal(size=(4, 4))
    tensor.conv2d(x, k).backward(bars[None, None])
    assert k.grad[0, 0] == pytest.approx(signal.correlate2d(x.data[0, 0], bars, "valid"))
    assert x.grad[0, 0] == pytest.approx(signal.convolve2d(bars, k.data[0, 0], "full"))


# ---------------------------------------------------------------------------- C-04: receptive fields, corners


@pytest.mark.claim("C-04")
def test_two_kernels_of_three_see_five(here):
    """Which pixels a unit depends on, by the gradient of the library's engine."""
    rng = np.random.default_rng(2)
    for layers, side in ((((3, 1), (3, 1)), 5), (((3, 2), (3, 1)), 7), (((3, 1), (2, 2), (5, 1)), 12)):
        x = tensor.Tensor(rng.normal(size=(1, 1, 21, 21)), requires_grad=True)
        y = x
        for kernel, stride in layers:
            y = tensor.conv2d(y, rng.normal(size=(1, 1, kernel, kernel)), stride=stride).tanh()
        y[0, 0, 2, 2].backward()
        rows, columns = np.nonzero(x.grad[0, 0])
        assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == side
        assert vision.receptive_field(list(layers)) == side
    assert here.numbers["noticed"] == 25 and here.numbers["field"] == 5
    assert here.answers("▢₁ is")[2] == 7 and here.answers("▢₂ is")[1] == 12
    assert here.calls("ReceptiveField")[0][2]["layers"] == [(3, 1), (3, 1)]


def pixels_seen(layers):
    """From the last unit back: which pixels of a row it depends on."""
    seen = {0}
    for kernel, stride in reversed(layers):
        seen = {place * stride + i for place in seen for i in range(kernel)}
    return max(seen) - min(seen) + 1


@pytest.mark.claim("C-04")
def test_what_to_try_with_receptive_fields(here):
    prose = here.prose("sec-vis-fields")
    assert pixels_seen([(3, 1)] * 5) == pixels_seen([(3, 2), (3, 1), (3, 1)]) == 11
    assert "Five layers see 11 pixels" in prose and "in the first three do, $1 + 2 + 4 + 4$" in prose
    assert pixels_seen([(3, 1)] * 3) == pixels_seen([(5, 1), (3, 1)]) == pixels_seen([(7, 1)]) == 7
    assert (3 * 3**2, 5**2 + 3**2, 7**2) == (27, 34, 49)
    assert r"$3 \cdot 9 = 27$" in prose and "$25 + 9 = 34$" in prose and "would have 49" in prose


@pytest.mark.claim("C-04")
def test_each_slip_of_the_receptive_field_is_one_that_somebody_makes(here):
    """Every answer with a reply of its own comes out of a named mistake, and none of them is the right one."""
    second = [one for one in here.calls("Numeric") if one[1][0].startswith("▢₂ is")][1][2]
    kernels, strides = (3, 2, 5), (1, 2, 1)
    mistakes = {
        "steps are two": 1 + sum(k - 1 for k in kernels),
        "do not add up": sum(kernels),
        "in between widens": pixels_seen([(3, 1), (1, 2), (5, 1)]),
        "own stride": 1 + sum((k - 1) * math.prod(strides[: n + 1]) for n, k in enumerate(kernels)),
    }
    assert {
        words: next(a for a, reply in second["slips"].items() if words in reply) for words in mistakes
    } == mistakes
    assert second["answer"] not in mistakes.values() and second["answer"] == 12


@pytest.mark.claim("C-04")
def test_a_second_layer_makes_corners_of_sides(here):
    """With scipy, and turned by a quarter: each unit finds its own corner, and a straight side none."""
    look, box, half = here.names["look"], here.names["box"], here.names["half"]
    sobel = here.names["sobel"] / 4
    by_hand = [signal.correlate2d(box, kernel, "valid") for kernel in (sobel, -sobel, sobel.T, -sobel.T)]
    assert look(box)[0] == pytest.approx(np.maximum(by_hand, 0))
    assert (look(half)[1] == 0).all() and look(half)[0].max() == 1
    assert here.numbers["edge_corners"] == 0 and here.numbers["box_corners"] == pytest.approx(1.5)
    for corner, quarter in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        map_ = look(box)[1][corner]
        r, c = np.unravel_index(map_.argmax(), map_.shape)
        assert (r >= 6, c >= 6) == quarter
    for turned in (half.T, half[:, ::-1], half[::-1].T):
        assert (look(turned)[1] == 0).all()
    assert look(box.T)[1] == pytest.approx(look(box)[1][[0, 2, 1, 3]].transpose(0, 2, 1))


# ---------------------------------------------------------------------------- C-05: the hierarchy


@pytest.mark.claim("C-05")
def test_the_third_layer_answers_to_the_composed_pattern(here):
    unit, shapes = here.names["box_unit"], here.names["shapes"]
    assert {name: unit(image) > 0 for name, image in shapes.items()} == {
        "box": True,
        "edge": False,
        "bar": False,
        "plus": True,
        "hook": False,
        "scrambled": False,
    }
    corners = {name: here.names["look"](image)[1].max(axis=(1, 2)) for name, image in shapes.items()}
    assert corners["scrambled"] == pytest.approx(corners["box"])  # the same parts
    assert sorted(shapes["scrambled"].ravel()) == sorted(shapes["box"].ravel())
    assert here.numbers["unit_box"] == pytest.approx(1) and here.numbers["unit_scrambled"] == 0


@pytest.mark.claim("C-05")
@pytest.mark.parametrize("turns", range(4))
def test_a_box_without_its_corners_is_no_box(here, turns):
    """Drawn on to the border two corners are out of sight; without a quarter, one has moved."""
    open_end, without_quarter = np.zeros((16, 16)), here.names["box"].copy()
    open_end[:12, 4:12] = 1
    without_quarter[:8, :8] = 0
    assert here.names["box_unit"](np.rot90(open_end, turns)) == 0
    assert here.names["box_unit"](np.rot90(without_quarter, turns)) < here.numbers["unit_box"] / 2
    assert here.names["box_unit"](np.rot90(here.names["box"], turns)) == here.numbers["unit_box"]


def test_pooling_and_the_majority(here):
    rng, numbers = np.random.default_rng(1), here.numbers
    black = rng.random((64, 64, 16, 16)) < 0.1
    once = vision.max_pool(black.astype(float), 2)
    assert once.mean() == pytest.approx(1 - 0.9**4, abs=0.002)
    assert vision.max_pool(once, 2).mean() == pytest.approx(numbers["max_2"], abs=0.005)
    assert numbers["max_2"] == pytest.approx(1 - 0.9**16)
    assert here.names["majority"](0.3) == pytest.approx(stats.binom.sf(4, 9, 0.3))
    assert numbers["half_4"] == pytest.approx(0.5) and numbers["ten_1"] == pytest.approx(
        stats.binom.sf(4, 9, 0.1)
    )
    assert numbers["ratio_pooled_5"] < numbers["ratio_pooled_2"] < numbers["ratio_sides"]
    assert "{eq}`eq-opt-decimation`" in here.section("sec-vis-pooling")
    assert "{ref}`renormalisation <sec-ising-zoom>`" in here.section("sec-vis-pooling")


# ---------------------------------------------------------------------------- C-06: AlexNet


@pytest.mark.claim("C-06")
def test_alexnets_integers(here):
    """Counted with pencil and paper: kernel² × channels seen × kernels + kernels, places × kernels."""
    conv = [(96, 3, 11, 55), (256, 48, 5, 27), (384, 256, 3, 13), (384, 192, 3, 13), (256, 192, 3, 13)]
    dense = [(4096, 6 * 6 * 256), (4096, 4096), (1000, 4096)]
    in_conv = sum(n * (c * k * k + 1) for n, c, k, _ in conv)
    in_dense = sum(n * (before + 1) for n, before in dense)
    units = sum(n * side**2 for n, _, _, side in conv) + sum(n for n, _ in dense)
    numbers = here.numbers
    assert (in_conv, in_dense, units) == (2_334_080, 58_631_144, 659_272)
    assert (numbers["alex_conv"], numbers["alex_dense"], numbers["alex_units"]) == (in_conv, in_dense, units)
    assert numbers["alex_parameters"] == in_conv + in_dense == 60_965_224
    assert f"{numbers['dense_share']:.1f}" == "96.2"
    assert numbers["with_input"] == units + 224 * 224 * 3 == 809_800
    assert (numbers["learned"], numbers["rows_all"]) == (len(conv) + len(dense), 11) == (8, 11)
    work = sum(n * c * k * k * side**2 for n, c, k, side in conv)
    assert numbers["work"] == pytest.approx(100 * work / (work + sum(n * before for n, before in dense)))


@pytest.mark.claim("C-06")
def test_what_to_try_with_alexnet(here):
    """The places of the last pooling, by hand, for another image, other steps, no groups and no dense layers."""

    def last_side(side, step):
        side = (side + 4 - 11) // step + 1
        for _ in range(3):  # the convolutions between the poolings keep the size
            side = (side - 3) // 2 + 1
        return side

    numbers = here.numbers
    for name, side, step in (("224", 224, 4), ("448", 448, 4), ("finer", 224, 2)):
        assert numbers[f"dense_{name}"] == pytest.approx(4096 * (256 * last_side(side, step) ** 2 + 1) / 1e6)
    assert numbers["more"] == 256 * 48 * 5 * 5
    assert numbers["slim"] == pytest.approx((2_334_080 + 1000 * 257) / 1e6)


@pytest.mark.claim("C-06")
def test_the_slip_about_alexnet_is_answered(here):
    assert "AlexNet: 11 layers, 60 million parameters, 0.8 million neurons." in here.source
    prose = here.prose("sec-vis-alexnet")
    assert "the paper says 60 million" in prose and "the paper says 650,000" in prose
    assert (224 - 11) / 4 + 1 == 54.25 and (224 + 2 * 2 - 11) // 4 + 1 == (227 - 11) // 4 + 1 == 55


@pytest.mark.claim("C-06")
def test_alexnet_with_torch(here):
    torch = pytest.importorskip("torch")
    nn = torch.nn
    with torch.device("meta"):  # shapes without memory
        layers = [nn.Conv2d(3, 96, 11, 4, 2), nn.Conv2d(96, 256, 5, padding=2, groups=2)]
        layers += [nn.Conv2d(256, 384, 3, padding=1), nn.Conv2d(384, 384, 3, padding=1, groups=2)]
        layers += [nn.Conv2d(384, 256, 3, padding=1, groups=2)]
        layers += [nn.Linear(9216, 4096), nn.Linear(4096, 4096), nn.Linear(4096, 1000)]
    sizes = [sum(p.numel() for p in layer.parameters()) for layer in layers]
    learned = [row.parameters for row in here.names["alexnet"].rows if row.parameters]
    assert learned == sizes


# ---------------------------------------------------------------------------- C-07: a network that learns


@pytest.mark.claim("C-07")
def test_the_network_reads_digits(here):
    numbers, test = here.numbers, here.names["test"]
    assert numbers["net_right"] >= 97 and numbers["net_right"] > numbers["linear_right"] >= 94
    assert numbers["net_moved"] > numbers["linear_moved"] + 10
    assert numbers["net_wrong"] == round((100 - numbers["net_right"]) / 100 * len(test))
    assert numbers["last_loss"] < 0.05 < 1 < numbers["first_loss"]  # what it knows came from the data
    untrained = vision.SmallCNN((1, 8, 8), classes=10, channels=(8, 16), rng=0).predict(test.inputs)
    assert (untrained.argmax(axis=1) == test.targets).mean() < 0.3
    assert "*found*, from data, by descent" in here.prose("sec-vis-digits")
    said = here.names["net"].predict(test.inputs).argmax(axis=1)
    assert numbers["net_right"] == pytest.approx(100 * (said == test.targets).mean())
    train, valid = here.names["train"], here.names["valid"]
    assert len(train) + len(valid) + len(test) == 1797
    seen = set(map(bytes, train.inputs)) | set(map(bytes, valid.inputs))
    assert sum(bytes(image) in seen for image in test.inputs) == 0


@pytest.mark.claim("C-07")
def test_moved_digits_one_at_a_time(here):
    """The network, before and after it was shown moved digits, on test digits that scipy has moved."""
    numbers, test = here.numbers, here.names["test"]
    ways = ((1, 0), (-1, 0), (0, 1), (0, -1))
    images = [ndimage.shift(test.inputs.reshape(-1, 8, 8), (0, *way), order=0) for way in ways]
    for name, machine in (("net", here.names["net"]), ("net_shown", here.names["taught"])):
        said = machine.predict(np.reshape(images, (-1, 64))).argmax(axis=1)
        assert numbers[f"{name}_moved"] == pytest.approx(100 * (said == np.tile(test.targets, 4)).mean())
    assert numbers["net_shown_moved"] > max(numbers["net_moved"] + 20, numbers["linear_shown_moved"] + 5)
    assert numbers["steps"] == 20 * math.ceil(1078 / 32)
    assert (
        numbers["steps_shown"] == 4 * math.ceil(5 * 1078 / 32) <= numbers["steps"]
    )  # no more practice than before
    assert numbers["linear_shown_right"] < numbers["net_shown_right"] and numbers["net_shown_right"] > 93
    shown, seen = here.names["shown"], set(map(bytes, test.inputs))
    assert len(shown) == 5 * len(here.names["train"]) == len(here.names["labels"])
    assert (shown[: len(shown) // 5] == here.names["train"].inputs).all()
    assert not any(bytes(image) in seen for image in shown)


@pytest.mark.claim("C-07")
def test_what_descent_has_added_to_chance(here):
    """Each kernel beside its start, and what random kernels tell a last layer, both by torch."""
    torch = pytest.importorskip("torch")
    start = vision.SmallCNN((1, 8, 8), classes=10, channels=(8, 16), rng=0)
    both = [torch.tensor(net.layers[0].weight.data.reshape(8, 9)) for net in (start, here.names["net"])]
    cosines = torch.nn.functional.cosine_similarity(*both).numpy()
    numbers = here.numbers
    assert numbers["cosine"] == pytest.approx(cosines.mean())
    assert numbers["cosine_least"] == pytest.approx(cosines.min())
    assert cosines.mean() > 0.8 and cosines.min() < 0.9  # "hardly", and something
    assert numbers["chance_right"] + 5 < numbers["net_right"]
    x = torch.tensor(here.names["test"].inputs.reshape(-1, 1, 8, 8))
    for layer in (start.layers[0], start.layers[3]):
        x = torch.conv2d(x, torch.tensor(layer.weight.data), torch.tensor(layer.bias.data), padding=1)
        x = torch.nn.functional.max_pool2d(torch.relu(x), 2)
    assert here.names["by_chance"](here.names["test"].inputs) == pytest.approx(
        x.reshape(len(x), -1).numpy(), abs=1e-9
    )


@pytest.mark.claim("C-07")
def test_the_network_is_what_it_says(here):
    """Its logits, with torch's layers and the learned weights; its split and its rival, chapter 5's."""
    torch = pytest.importorskip("torch")
    net, test = here.names["net"], here.names["test"]
    weights = [torch.tensor(p.data) for p in net.parameters()]
    assert [tuple(w.shape) for w in weights] == [(8, 1, 3, 3), (8,), (16, 8, 3, 3), (16,), (10, 64), (10,)]
    assert here.numbers["net_size"] == sum(w.numel() for w in weights) == 1898
    x = torch.tensor(test.inputs[:50].reshape(-1, 1, 8, 8))
    for kernel, bias in zip(weights[0:4:2], weights[1:4:2], strict=True):
        x = torch.nn.functional.max_pool2d(torch.relu(torch.conv2d(x, kernel, bias, padding=1)), 2)
    logits = x.reshape(50, -1) @ weights[4].T + weights[5]
    assert net.predict(test.inputs[:50]) == pytest.approx(logits.numpy(), abs=1e-9)


@pytest.mark.claim("C-07")
def test_the_rival_is_that_of_chapter_5(here, chapter):
    fifth = chapter("classification")
    assert fifth.numbers["chosen"] == here.names["linear_penalty"]
    assert (fifth.names["test"].inputs == here.names["test"].inputs).all()
    assert here.numbers["linear_right"] == pytest.approx(fifth.numbers["right"], abs=0.6)


def test_its_temperature(here):
    valid, test = here.names["valid"], here.names["test"]
    z = here.names["net"].predict(valid.inputs)

    def surprise(t, z=z, labels=valid.targets):
        return (special.logsumexp(z / t, axis=1) - z[np.arange(len(z)), labels] / t).mean()

    found = optimize.minimize_scalar(surprise, bounds=(0.1, 20), method="bounded", options={"xatol": 1e-9})
    assert here.numbers["net_T"] == pytest.approx(found.x, abs=1e-4)
    assert (
        0.7 < found.x < 1.5 and abs(here.numbers["says_1"] - here.numbers["net_right"]) < 2
    )  # "little to mend"
    z = here.names["net"].predict(test.inputs)
    assert here.numbers["says_1_loss"] == pytest.approx(surprise(1.0, z, test.targets))


# ---------------------------------------------------------------------------- faces and crowds (no row)


def test_faces_are_told_by_networks_that_had_not_seen_them(here):
    numbers, faces = here.numbers, here.names["faces"]
    score = here.names["score"]
    assert numbers["face_net_false"] == ((score > 0) & (faces.targets == 0)).sum()
    assert numbers["face_net_missed"] == ((score <= 0) & (faces.targets == 1)).sum()
    assert (
        numbers["face_net_right"] == 100 - (numbers["face_net_false"] + numbers["face_net_missed"]) / 2 > 85
    )
    assert numbers["face_line_right"] > 85
    held = np.random.default_rng(0).permutation(200).reshape(5, 40)
    assert sorted(held.ravel()) == list(range(200))
    for part in held[:1]:  # trained again without them, and judged
        again = here.names["trained"](np.setdiff1d(np.arange(200), part))
        assert here.names["log_odds"](again, here.names["light"][part]) == pytest.approx(score[part])
    mistaken = {
        name: np.flatnonzero((here.names[name] > 0) != faces.targets) for name in ("score", "straight")
    }
    assert set(mistaken["score"]) < set(mistaken["straight"])  # "fools both", "the others are faces"
    assert mistaken["score"].size and set(mistaken["score"]) == {i for i in mistaken["straight"] if i >= 100}
    assert numbers["face_net_wrong"] == numbers["face_net_false"] + numbers["face_net_missed"] <= 5


def test_a_temperature_is_fitted_to_mistakes(here):
    score, truth = here.names["score"], here.names["faces"].targets
    right = (score > 0) == truth
    with pytest.raises(ValueError, match="the best T is 0"):
        classification.fit_temperature(score[right], truth[right])


def test_what_the_alarms_of_a_crowd_are_worth(here):
    """Precision by Bayes, from a base rate of thirty windows."""
    numbers = here.numbers
    base = 30 / numbers["n_windows"]
    recall, slip = 1 - numbers["face_net_missed"] / 100, numbers["face_net_false"] / 100
    assert numbers["crowd_right"] == pytest.approx(100 * base * recall / (base * recall + (1 - base) * slip))
    assert numbers["crowd_right"] < 10 < numbers["face_net_right"]
    assert numbers["crowd_found"] == pytest.approx(30 * recall)
    assert numbers["crowd_false"] == pytest.approx((numbers["n_windows"] - 30) * slip)


def test_the_alarms_where_nobody_is(here):
    numbers, heard = here.numbers, here.names["heard"]
    assert set(heard) == {"cat", "brick", "moon"}
    assert numbers["cat_tried"] == len(heard["cat"]) == len(range(0, 276, 15)) * len(range(0, 427, 15))
    assert numbers["n_windows"] == (300 - 24) * (451 - 24)
    assert numbers["cat_alarms"] == (heard["cat"] > 0).sum() > 10
    assert numbers["cat_share"] > 2 * numbers["face_net_false"]  # far above what the hundred others promised
    rate = 30 / numbers["n_windows"]
    assert numbers["odds"] == pytest.approx((1 - rate) / rate)
    assert numbers["kept"] < 90 and numbers["cat_left"] < numbers["cat_alarms"] / 10
    assert numbers["kept"] == (here.names["score"][:100] > numbers["price"]).sum()
    at_price = special.expit(numbers["price"] + special.logit(rate))  # trained half and half
    assert at_price == pytest.approx(0.5)
    assert (1 - numbers["rule_of_three"] / 100) ** 100 == pytest.approx(0.05)
    first = datasets.photograph("cat")[:25, :25].reshape(1, 625) - 0.5
    logits = here.names["detector"].predict(first)[0]
    assert logits[1] - logits[0] == pytest.approx(heard["cat"][0])
    third = datasets.photograph("cat")[:25, 30:55].reshape(1, 625) - 0.5
    assert here.names["log_odds"](here.names["detector"], third)[0] == pytest.approx(heard["cat"][2])
    assert numbers["expected"] == pytest.approx(numbers["n_windows"] * numbers["cat_share"] / 1e5)


def test_the_more_names_the_more_often_the_wrong_one(here):
    numbers = here.numbers
    for people in (2, 100, 10_000, 1_000_000):

        def density(s, people=people):
            return stats.norm.pdf(s, 4) * math.exp((people - 1) * stats.norm.logcdf(s))

        wins = integrate.quad(density, -4, 12, points=[2, 4, 6])[0]
        assert numbers[f"wins_{people}"] == pytest.approx(100 * wins, abs=0.01)
        named = 1 - stats.norm.cdf(3) ** people
        assert numbers[f"named_{people}"] == pytest.approx(100 * named, abs=1e-6)
    assert numbers["wins_2"] == pytest.approx(100 * stats.norm.cdf(4 / math.sqrt(2)), abs=0.01)
    assert numbers["one_in"] == pytest.approx(1 / stats.norm.sf(3))
    assert 1 / (1 - numbers["wins_2"] / 100) > 300  # "once in some hundreds"


# ---------------------------------------------------------------------------- C-08: networks with a memory


@pytest.mark.claim("C-08")
def test_unrolled_is_the_loop(here):
    numbers = here.numbers
    assert max(numbers["loop_gap"], numbers["unrolled_gap"]) < 1e-12
    torch = pytest.importorskip("torch")
    cell, moments = here.names["cell"], here.names["moments"]
    theirs = torch.nn.RNN(3, 4, dtype=torch.float64)
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(theirs, f"{name}_l0").copy_(torch.tensor(getattr(cell, name).data))
    outputs, _ = theirs(torch.tensor(moments))
    assert here.names["states"].data == pytest.approx(outputs.detach().numpy(), abs=1e-12)
    outputs[-1].sum().backward()
    assert here.names["shared"] == pytest.approx(theirs.weight_hh_l0.grad.numpy(), abs=1e-12)


@pytest.mark.claim("C-08")
def test_three_kinds_of_network_are_defined(here):
    prose = here.prose("sec-vis-recurrent")
    assert (
        "{term}`recurrent neural network`** (RNN)" in prose
        and "{term}`long short-term memory`** (LSTM)" in prose
    )
    assert "Convolution shares weights over places." in prose
    section = here.section("sec-vis-recurrent")
    assert r"h_t = \tanh(W x_t + V h_{t-1} + c)" in section
    assert r"c_t &= f \circ c_{t-1} + i \circ g" in section and r"h_t &= o \circ \tanh c_t" in section


@pytest.mark.claim("C-08")
def test_the_lstm_of_the_text_is_the_librarys():
    """A loop written from the equations: four quarters of one affine map are input, forget, news and output."""
    layer, sequence = neural.LSTM(2, 3, rng=1), np.random.default_rng(5).normal(size=(7, 1, 2))
    W, V = layer.weight_ih.data, layer.weight_hh.data
    h, c, states = np.zeros(3), np.zeros(3), []
    for x in sequence[:, 0]:
        i, f, g, o = np.split(W @ x + V @ h + layer.bias_ih.data + layer.bias_hh.data, 4)
        c = special.expit(f) * c + special.expit(i) * np.tanh(g)
        h = special.expit(o) * np.tanh(c)
        states.append(h)
    outputs, (_, cell) = layer(sequence)
    assert outputs.data[:, 0] == pytest.approx(np.array(states), abs=1e-12)
    assert cell.data[0] == pytest.approx(c, abs=1e-12)


@pytest.mark.claim("C-08")
def test_a_plain_state_forgets_and_a_gated_cell_does_not(here):
    fade = here.names["fade"]
    rates = np.log(fade["RNN"][10:40] / fade["RNN"][:30]) / 10
    assert np.median(rates) > 0.2  # like a power: ten steps earlier counts at least seven times less
    assert here.numbers["fade_RNN"] < 1e-4 * here.numbers["fade_LSTM"] and here.numbers["fade_LSTM"] > 0.01
    assert (
        here.names["layers"]["LSTM"].bias_ih.data[16:32] == 4
    ).all()  # the forget gates are the second quarter
    assert special.expit(4) == pytest.approx(0.98, abs=0.003)


# ---------------------------------------------------------------------------- exercises


def test_the_numbers_of_the_solutions(here):
    numbers = here.numbers
    assert numbers["compose_gap"] < 1e-12 and numbers["turn_gap"] < 1e-12 and numbers["turn_fails"] > 0.5
    assert numbers["needed"] == 5 and 1 - 0.999 ** (4**5) > 0.5 > 1 - 0.999 ** (4**4)
    assert here.names["forget_bias"](20) == pytest.approx(special.logit(2 ** (-1 / 20)))
    three_million = math.log(0.05) / math.log1p(-1e-6)
    assert three_million == pytest.approx(3e6, rel=0.01)
