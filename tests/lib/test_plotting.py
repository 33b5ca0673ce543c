"""Figures: sizes, colours, both drawings, and words for those who do not see them."""

import re
import subprocess
import sys
from dataclasses import asdict
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from book_lib import plotting

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def drawn() -> Figure:
    """A figure with a line, dots, words and mathematics."""
    figure, axes = plotting.figure()
    axes.plot([1, 2, 3], [1, 0.9, 0], color=plotting.COLORS.theory, label="theory")
    axes.plot([1, 2, 3], [0.9, 0.9, 0.1], "o", color=plotting.COLORS.simulation, label="simulation")
    axes.set(xlabel="temperature $T/J$ → η", ylabel=r"$\langle |m| \rangle$ ≈ −1")
    axes.legend()
    return figure


def test_figure_fits_the_page():
    figure, axes = plotting.figure()
    width, height = figure.get_size_inches()
    assert width <= plotting.PAGE_WIDTH
    assert width / height == pytest.approx(plotting.GOLDEN)
    assert not isinstance(axes, np.ndarray)
    _, panels = plotting.figure(rows=2, columns=3, sharex=True)
    assert panels.shape == (2, 3)


@pytest.mark.parametrize(
    ("sizes", "word"),
    [({"width": 12}, "width"), ({"width": 0}, "width"), ({"width": float("nan")}, "width"), ({"height": -1}, "height")],
)
def test_figure_refuses_sizes(sizes, word):
    with pytest.raises(ValueError, match=word):
        plotting.figure(**sizes)


@pytest.mark.parametrize(
    ("sizes", "error", "word"),
    [({"width": "5"}, TypeError, "width"), ({"columns": 0}, ValueError, "columns"), ({"rows": 1.5}, TypeError, "rows")],
)
def test_figure_refuses_panels(sizes, error, word):
    with pytest.raises(error, match=f"{word} must be"):
        plotting.figure(**sizes)


def test_text_is_legible():
    figure, axes = plotting.figure()
    axes.set(xlabel="x", title="t")
    figure.draw_without_rendering()
    sizes = [text.get_fontsize() for text in figure.findobj(lambda a: hasattr(a, "get_fontsize")) if text.get_text()]
    assert sizes
    assert min(sizes) >= 9


def test_svg_is_the_same_each_time(drawn):
    first = plotting.svg(drawn)
    assert plotting.svg(drawn) == first
    assert plotting.svg(drawn, dark=True) == plotting.svg(drawn, dark=True)
    assert plotting.svg(drawn) == first, "the dark drawing leaves no trace"


def test_svg_carries_no_date_name_script_or_foreign_address(drawn):
    text = plotting.svg(drawn)
    root = ElementTree.fromstring(text)
    assert root.tag == SVG + "svg"
    assert not re.search(r"matplotlib\.org|<metadata|<script|<text|\d{4}-\d{2}-\d{2}", text)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', text)) | set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)


def test_dark_exchanges_every_color(drawn):
    light, dark = plotting.svg(drawn), plotting.svg(drawn, dark=True)
    assert len(light) == len(dark)
    ours = set(asdict(plotting.COLORS).values())
    assert set(re.findall(r"#[0-9a-f]{6}\b", light)) <= ours
    assert not set(re.findall(r"#[0-9a-f]{6}\b", dark)) & ours
    assert re.sub(r"#[0-9a-f]{6}\b", "", light) == re.sub(r"#[0-9a-f]{6}\b", "", dark)


def test_a_still_is_the_three_drawings_in_one_layout(drawn):
    """The same drawings as one by one, and the figure goes on laying itself out."""
    engine = drawn.get_layout_engine()
    light, dark, paper = plotting.still(drawn)
    assert drawn.get_layout_engine() is engine
    alone = plotting.svg(drawn), plotting.svg(drawn, dark=True), plotting.png(drawn)
    assert (paper[:8], alone[2][:8]) == (b"\x89PNG\r\n\x1a\n",) * 2
    for together, single in zip((light, dark), alone, strict=False):
        numbers = [np.array(re.findall(r"-?\d+\.\d+", text), float) for text in (together, single)]
        assert re.sub(r"-?\d+(\.\d+)?", "", together) == re.sub(r"-?\d+(\.\d+)?", "", single)
        assert len(numbers[0]) == len(numbers[1])
        np.testing.assert_allclose(*numbers, atol=2, err_msg="points: text is measured at another resolution")


def test_a_still_exchanges_the_colors_of_spins():
    figure, axes = plotting.figure()
    plotting.lattice(axes, np.array([[1, -1], [-1, 1]]))
    light, dark, _ = plotting.still(figure)
    assert re.search("base64,([^\"]+)", light)[1] != re.search("base64,([^\"]+)", dark)[1]


def test_palette_has_no_two_alike():
    """The dark drawing exchanges colours, so each must say which it is."""
    for colors in (plotting.COLORS, plotting.DARK_COLORS):
        values = list(asdict(colors).values())
        assert len(values) == len(set(values))
        assert all(re.fullmatch("#[0-9a-f]{6}", value) for value in values)


def test_temperature_scale():
    assert plotting.temperature_color(1, 1, 3) == plotting.COLORS.cold
    assert plotting.temperature_color(2, 1, 3) in plotting._steps(plotting.COLORS)[126:130]
    assert plotting.temperature_color(9, 1, 3) == plotting.COLORS.hot, "beyond the scale is its end"
    for bad in [(np.nan, 0, 1), (0, 1, 1), (0, 2, 1), (0, -np.inf, 1)]:
        with pytest.raises(ValueError, match="low < high"):
            plotting.temperature_color(*bad)


def test_temperature_scale_has_a_dark_twin():
    figure, axes = plotting.figure()
    axes.bar([0], [1], color=plotting.temperature_color(2.5, 0, 4))
    dark = plotting.svg(figure, dark=True)
    assert plotting.temperature_color(2.5, 0, 4) not in dark


def test_lattice_draws_one_square_a_site():
    figure, axes = plotting.figure()
    spins = np.array([[1, -1, 1], [1, 1, -1]], dtype=np.int8)
    plotting.lattice(axes, spins)
    image = axes.images[0]
    assert image.get_array().shape == (2, 3)
    pixels = image.to_rgba(image.get_array(), bytes=True)
    as_hex = ["#{:02x}{:02x}{:02x}".format(*pixels[i][:3]) for i in ((0, 0), (0, 1))]
    assert as_hex == [plotting.SPIN_UP, plotting.SPIN_DOWN]
    assert plotting.svg(figure) != plotting.svg(figure, dark=True)
    assert image.get_cmap() is plotting.spin_cmap


@pytest.mark.parametrize("spins", [
    np.ones(4), np.zeros((2, 2)), np.full((2, 2), np.nan), [[1, 2]], np.ones((2, 2), bool), np.ones((0, 3)),
    [[1], [1, 1]],
])  # fmt: skip
def test_lattice_refuses(spins):
    with pytest.raises(ValueError, match="spins"):
        plotting.lattice(plotting.figure()[1], spins)


def test_bundle_has_all_formats_when_the_book_is_built(drawn, monkeypatch):
    monkeypatch.setenv("BOOK_BUILD", "1")
    bundle = plotting.mime_bundle(drawn, "A line that falls, and dots beside it.")
    assert set(bundle) == {"image/svg+xml", plotting.DARK_SVG, "image/png", "text/plain"}
    assert bundle["text/plain"] == "A line that falls, and dots beside it."
    monkeypatch.delenv("BOOK_BUILD")
    live = plotting.mime_bundle(drawn, "A line that falls, and dots beside it.")
    assert set(live) == {"image/svg+xml", "text/plain"}
    assert plotting.COLORS.paper in live["image/svg+xml"]


@pytest.mark.parametrize("alt", ["", "  ", "x", "<Figure size 640x480 with 1 Axes>", None])
def test_a_picture_without_words_is_refused(drawn, alt):
    with pytest.raises(ValueError, match="alt"):
        plotting.show(drawn, alt=alt)


def test_show_needs_a_figure_and_words(drawn):
    with pytest.raises(TypeError, match="Figure"):
        plotting.show("a figure", alt="A line that falls.")
    with pytest.raises(TypeError):
        plotting.show(drawn)


def test_a_dark_drawing_that_fails_leaves_the_light_colours(monkeypatch):
    figure, axes = plotting.figure()
    plotting.lattice(axes, np.ones((2, 2)))
    monkeypatch.setattr(figure, "savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        plotting.svg(figure, dark=True)
    assert axes.images[0].get_cmap() is plotting.spin_cmap


@pytest.mark.parametrize("draw", [plotting.svg, plotting.png, plotting.still])
def test_drawings_are_of_figures(draw):
    with pytest.raises(TypeError, match="drawn must be a matplotlib Figure; got str"):
        draw("figure")


def test_only_plotting_imports_matplotlib():
    code = (
        "import sys, book_lib, book_lib.probability, book_lib.rng, book_lib.ising, book_lib.runs, "
        "book_lib.exercises; print('matplotlib' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
