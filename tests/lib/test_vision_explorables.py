"""The explorables of chapter 8 in Python: what they take, refuse, compute and show."""

import numpy as np
import pytest
from scipy import ndimage

from book_lib import vision
from book_lib.datasets import photograph
from book_lib.explorables import AlexNetCalculator, KernelEditor, ReceptiveField, assets
from book_lib.explorables.kernel_editor import ASSET, CROPS, SIDE, crops
from book_lib.vision import Conv, Dense, Pool
from tests.lib.pictures import check_pictures

BAD = [
    (KernelEditor, {"photograph": "dog"}, "photograph must"),
    (KernelEditor, {"kernel": [[1, 2], [3, 4]]}, "kernel must"),
    (KernelEditor, {"kernel": [[1, 2, 3], [4, 5, 6], [7, 8, np.nan]]}, "kernel must"),
    (KernelEditor, {"kernel": np.full((3, 3), 11)}, "kernel must"),
    (KernelEditor, {"row": 0}, "row must"),
    (KernelEditor, {"column": 127}, "column must"),
    (KernelEditor, {"view": "blue"}, "view must"),
    (ReceptiveField, {"layers": []}, "layers must"),
    (ReceptiveField, {"layers": [(6, 1)]}, "layers must"),
    (ReceptiveField, {"layers": [(3, 3)]}, "layers must"),
    (ReceptiveField, {"layers": [(3, 1)] * 6}, "layers must"),
    (ReceptiveField, {"unit": 60}, "unit must be below 60, the units of the last layer, not 60"),
    (AlexNetCalculator, {"layers": [3]}, "layers must hold Conv, Pool and Dense, not 3"),
    (AlexNetCalculator, {"layers": []}, "layers must"),
    (AlexNetCalculator, {"shape": [3, 224, 220]}, "shape must have equal height and width"),
    (AlexNetCalculator, {"shape": [3, 5, 5]}, "layer 1 .* does not fit"),
    (AlexNetCalculator, {"chosen": 11}, "chosen must be below 11"),
]


@pytest.mark.parametrize(("kind", "arguments", "message"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


WIDGETS = [KernelEditor(), KernelEditor(photograph="moon", flip=True, view="signed"), ReceptiveField(),
           ReceptiveField([(3, 2), (5, 1), (3, 2)], unit=3), AlexNetCalculator()]  # fmt: skip


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


def test_alt_text_can_be_given() -> None:
    for kind in (KernelEditor, ReceptiveField, AlexNetCalculator):
        assert kind(alt="A figure.").describe() == "A figure."


# -- kernels


@pytest.mark.parametrize("name", CROPS)
def test_crops_are_means_of_the_photograph(name: str) -> None:
    picture = crops()[name]
    assert picture.shape == (SIDE, SIDE) and picture.dtype == np.uint8
    top, left, step = CROPS[name]
    part = photograph(name)[top : top + step, left : left + step]
    assert picture[0, 0] == np.rint(255 * part.mean())
    assert picture.std() > 10


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("name", vision.kernels)
def test_results_are_scipys(name: str, flip: bool) -> None:
    editor = KernelEditor(photograph="coins", kernel=vision.kernels[name], flip=flip)
    peer = ndimage.convolve if flip else ndimage.correlate
    expected = peer(editor.image(), vision.kernels[name])[1:-1, 1:-1]
    np.testing.assert_allclose(editor.result(), expected, atol=1e-9)


def test_nine_products_make_the_pixel() -> None:
    for flip in (False, True):
        editor = KernelEditor(kernel=np.arange(9).reshape(3, 3) - 3, row=17, column=90, flip=flip)
        assert editor.products().sum() == pytest.approx(editor.result()[16, 89], abs=1e-9)


def test_views_are_greys() -> None:
    shown = {view: KernelEditor(view=view).shown() for view in ("clipped", "absolute", "signed")}
    assert all(0 <= picture.min() and picture.max() <= 255 for picture in shown.values())
    result = KernelEditor().result()
    assert (shown["clipped"][result < 0] == 0).all()
    assert shown["signed"][result == 0] == pytest.approx(127.5)


def test_cut_counts_what_the_view_cannot_show() -> None:
    """Against torch's sums, in double."""
    torch = pytest.importorskip("torch")
    kernel = np.array([[1.5, 0, -1], [2, 0.25, -2], [1, 1, -1 / 3]])
    for photograph_name in CROPS:
        editor = KernelEditor(photograph=photograph_name, kernel=kernel)
        image, weight = torch.tensor(editor.image())[None, None], torch.tensor(kernel)[None, None]
        y = torch.nn.functional.conv2d(image, weight)[0, 0].numpy()
        for view, low, high in (("clipped", 0, 255), ("absolute", -255, 255), ("signed", -255, 255)):
            editor.view = view
            assert editor.cut() == ((y < low) | (y > high)).sum()
    blur = KernelEditor(photograph="cat", kernel=vision.kernels["blur"], view="clipped")
    assert blur.cut() == 0
    assert "0 of 15876 of them beyond the greys" in blur.describe()


def test_photographs_are_shipped_once_for_all() -> None:
    assert KernelEditor().asset == KernelEditor(photograph="moon").asset == ASSET
    header, body = assets.pack(crops())
    assert [entry["name"] for entry in header["arrays"]] == list(CROPS)
    assert len(body) == 4 * SIDE * SIDE


# -- layers


def test_fields_are_the_librarys_and_cones_end_there() -> None:
    for layers in ([(3, 1)], [(3, 1), (3, 1)], [(5, 2), (2, 2), (3, 1)], [(5, 2)] * 5):
        widget = ReceptiveField(layers, unit=0)
        first, last = widget.cone()[0]
        assert last - first + 1 == widget.field() == vision.receptive_field(layers)
    conv = ReceptiveField([Conv(8, 3), Pool(2, 2), Conv(8, 3)], unit=0)
    assert conv.pairs() == [(3, 1), (2, 2), (3, 1)] and conv.field() == 8


def test_a_unit_hears_of_its_field_and_of_nothing_else() -> None:
    """The cone against what a change of one pixel does to sums of ones."""
    layers, unit = [(3, 2), (5, 1), (3, 2)], 3
    first, last = ReceptiveField(layers, unit=unit).cone()[0]
    for pixel in range(64):
        line = (np.arange(64) == pixel).astype(float)
        for kernel, stride in layers:
            line = np.convolve(line, np.ones(kernel), "valid")[::stride]
        assert (line[unit] != 0) == (first <= pixel <= last)


def test_a_unit_stays_within_its_layer_when_layers_change() -> None:
    widget = ReceptiveField(unit=59)
    widget.layers = [(5, 2), (5, 2)]
    assert widget.shown_unit() == widget.sizes()[-1] - 1 == 12
    assert widget.cone()[0] == (48, 60)
    assert "Unit 12 " in widget.describe()
    check_pictures(widget)


def test_networks_are_torchs() -> None:
    """Parameters and shapes of torch's own layers, of AlexNet and of one with odd strides and paddings."""
    torch = pytest.importorskip("torch")
    odd = [Conv(12, 5, stride=3, padding=4, groups=3), Pool(3, 2), Conv(8, 2, padding=1, groups=4), Dense(7)]
    for calculator in (AlexNetCalculator(), AlexNetCalculator(odd, shape=[3, 40, 40])):
        network = calculator.network()
        x, parameters = torch.zeros(1, *network.shape), 0
        for layer, row in zip(network.layers, network.rows, strict=True):
            if isinstance(layer, Conv):
                options = {"stride": layer.stride, "padding": layer.padding, "groups": layer.groups}
                made = torch.nn.Conv2d(x.shape[1], layer.channels, layer.kernel, **options)
            elif isinstance(layer, Pool):
                made = torch.nn.MaxPool2d(layer.kernel, layer.stride)
            else:
                x = x.flatten(1)
                made = torch.nn.Linear(x.shape[1], layer.units)
            x = made(x)
            assert tuple(x.shape[1:]) == row.shape
            assert sum(p.numel() for p in made.parameters()) == row.parameters
            parameters += row.parameters
        assert parameters == network.parameters


def test_alexnets_integers() -> None:
    """Syllabus row C-06."""
    network = AlexNetCalculator().network()
    assert (network.parameters, network.units) == (60_965_224, 659_272)
    assert "60,965,224 parameters, 659,272 units" in AlexNetCalculator().describe()


def test_layers_go_there_and_back() -> None:
    layers = [Conv(6, 5, padding=2), Pool(2), Conv(16, 5, stride=2, groups=2), Dense(10)]
    network = AlexNetCalculator(layers, shape=[1, 28, 28]).network()
    expected = vision.Architecture((1, 28, 28), tuple(layers))
    assert network.rows == expected.rows
