"""Figures in the look of the book: sizes that fit the page, one palette, light and dark at once.

    >>> figure_, axes = figure()
    >>> _ = axes.plot([1, 2, 3], [1.0, 0.9, 0.0], color=COLORS.theory)
    >>> show(figure_, alt="A line that falls from one to nought.")  # doctest: +SKIP

Only this module of the library imports matplotlib. Figures are made without pyplot: there is no current
figure, nothing to close, and nothing appears that was not asked for with `show`.
"""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure

from book_lib import _checks
from book_lib._mime import DARK_SVG

# The measure of the page is 40 rem = 640 px; an inch of figure is 96 px on the page, so 10 pt text is 13 px.
PAGE_WIDTH = 640 / 96
GOLDEN = (1 + 5**0.5) / 2


@dataclass(frozen=True)
class Colors:
    """The book's colours for what is drawn; each says what it stands for.

    A kind of curve always has the same colour, and never that colour alone: simulation is dots, theory a
    full line, mean field a dashed one. The temperature scale is for temperatures and nothing else
    (`temperature_color`).
    """

    ink: str
    muted: str
    rule: str
    paper: str
    simulation: str
    theory: str
    mean_field: str
    reader: str
    accent: str
    spin_up: str
    spin_down: str
    cold: str
    mild: str
    hot: str


COLORS = Colors(
    ink="#22211f",
    muted="#5f5b54",
    rule="#d8d3c8",
    paper="#fffefb",
    simulation="#0b6e63",
    theory="#23211e",
    mean_field="#8a3470",
    reader="#6d675d",
    accent="#17594b",
    spin_up="#3d3a5c",
    spin_down="#e3ddcf",
    cold="#1f62ad",
    mild="#8c877d",
    hot="#c5500c",
)
DARK_COLORS = Colors(
    ink="#e6e2d9",
    muted="#aba59a",
    rule="#3d3b38",
    paper="#191918",
    simulation="#5cc7b4",
    theory="#e5e1d8",
    mean_field="#dd97c6",
    reader="#a59f94",
    accent="#86ccb7",
    spin_up="#55517f",
    spin_down="#cbc5b6",
    cold="#6aaaf0",
    mild="#9d978b",
    hot="#f2914a",
)
SPIN_UP, SPIN_DOWN = COLORS.spin_up, COLORS.spin_down
SERIES = [COLORS.simulation, COLORS.mean_field, COLORS.theory, COLORS.reader]

spin_cmap = ListedColormap([COLORS.spin_down, COLORS.spin_up], name="spins")


def style() -> None:
    """Give every later figure the look of the book; `matplotlib.rcdefaults()` takes it back.

    `figure` calls this, so a chapter need not.
    """
    matplotlib.rcParams.update(_ground_style() | _letter_style() | _axes_style())


def _ground_style() -> dict[str, object]:
    """What lies under and between: the page, the lines, and files that are the same each time."""
    return {
        "figure.dpi": 96,
        "figure.facecolor": "none",
        "figure.constrained_layout.h_pad": 0.03,
        "figure.constrained_layout.w_pad": 0.03,
        "savefig.facecolor": "none",
        "svg.fonttype": "path",
        "svg.hashsalt": "book",
        "lines.linewidth": 1.6,
        "lines.markersize": 4.5,
        "patch.edgecolor": COLORS.paper,
        "image.interpolation": "none",
    }


def _letter_style() -> dict[str, object]:
    """Words and mathematics in the page's typeface where it is at hand, in DejaVu where not."""
    face, *_ = [*faces(), "sans"]
    return {
        "font.family": [*faces(), "DejaVu Sans"],
        "font.size": 11,
        "mathtext.fontset": "custom" if faces() else "dejavusans",
        "mathtext.rm": face,
        "mathtext.it": f"{face}:italic",
        "mathtext.bf": f"{face}:bold",
        "mathtext.cal": f"{face}:italic",
        "mathtext.sf": face,
        "mathtext.fallback": "stixsans",
        "text.color": COLORS.ink,
    }


def _axes_style() -> dict[str, object]:
    """Axes, their marks and their legend."""
    return {
        "axes.facecolor": "none",
        "axes.edgecolor": COLORS.muted,
        "axes.labelcolor": COLORS.ink,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "axes.titlecolor": COLORS.ink,
        "axes.prop_cycle": matplotlib.cycler(color=SERIES),
        "grid.color": COLORS.rule,
        "grid.linewidth": 0.6,
        "xtick.color": COLORS.muted,
        "xtick.labelcolor": COLORS.ink,
        "xtick.labelsize": 10,
        "ytick.color": COLORS.muted,
        "ytick.labelcolor": COLORS.ink,
        "ytick.labelsize": 10,
        "legend.frameon": False,
        "legend.fontsize": 10,
        "legend.handlelength": 1.6,
    }


@cache
def faces() -> list[str]:
    """The interface typeface, where the book's build has left a copy of it; else nothing (DejaVu is used)."""
    root = Path(os.environ.get("BOOK_ROOT") or Path(__file__).resolve().parents[1])
    files = sorted((root / "_build" / "fonts").glob("*.ttf"))
    for file in files:
        font_manager.fontManager.addfont(file)
    return ["Book Sans"] if files else []


def figure(
    width: float = 5.2,
    height: float | None = None,
    rows: int = 1,
    columns: int = 1,
    **options,
) -> tuple[Figure, Axes | np.ndarray]:
    """A figure that fits the page, and its axes.

    Args:
        width: inches on the page, at most `PAGE_WIDTH`; 5.2 stays legible on a phone.
        height: inches; without it, a golden rectangle for each panel.
        rows, columns: panels; more than one gives an array of axes, as `Figure.subplots` does.
        options: passed to `Figure.subplots` (`sharey=True`, `width_ratios=…`).

    Returns:
        The figure and its axes. Colours and sizes are the book's (`style`).

    Raises:
        TypeError: if a size is not a number, or a number of panels not an integer.
        ValueError: if one is not positive or the figure is wider than the page.

    >>> _, axes = figure(columns=2)
    >>> axes.shape
    (2,)
    """
    rows, columns = _checks.integer("rows", rows, 1), _checks.integer("columns", columns, 1)
    width = _checks.finite("width", width)
    if not 0 < width <= PAGE_WIDTH:
        raise ValueError(f"width must lie between 0 and {PAGE_WIDTH:.2f} inches (the page); got {width!r}")
    height = width / columns / GOLDEN * rows if height is None else _checks.positive("height", height)
    style()
    drawn = Figure(figsize=(width, height), layout="constrained")
    return drawn, drawn.subplots(rows, columns, **options)


def temperature_color(temperature: float, low: float, high: float) -> str:
    """The colour of a temperature on the book's scale, cold blue to hot orange, as `#rrggbb`.

    Args:
        temperature: what is below `low` gets the colour of `low`, what is above `high` that of `high`.
        low, high: the ends of the scale.

    Raises:
        ValueError: if `low` is not below `high` or a number is not finite.

    >>> temperature_color(1.0, 1.0, 4.0) == COLORS.cold
    True
    """
    if not (np.isfinite([temperature, low, high]).all() and low < high):
        raise ValueError(f"needs finite numbers with low < high; got {temperature!r} in [{low!r}, {high!r}]")
    return _steps(COLORS)[round(255 * float(np.clip((temperature - low) / (high - low), 0, 1)))]


def lattice(axes: Axes, spins: np.ndarray) -> None:
    """Draw a lattice of spins: one square a site, +1 dark and −1 light (in the dark as well).

    Args:
        axes: where to draw; its ticks and frame are taken away.
        spins: array of shape (rows, columns) with entries +1 and −1.

    Raises:
        ValueError: if `spins` is not two-dimensional, is empty, or holds anything but the numbers +1 and −1.
    """
    spins = _checks.regular("spins", spins)
    if spins.ndim != 2 or not spins.size:
        raise ValueError(f"spins must have shape (rows, columns), one site at least; got shape {spins.shape}")
    if spins.dtype.kind not in "iuf" or not np.isin(spins, (-1, 1)).all():
        raise ValueError(f"spins must be numbers +1 or -1; got {spins.dtype} {spins.ravel()[:4].tolist()} …")
    axes.imshow(spins, cmap=spin_cmap, vmin=-1, vmax=1, interpolation="none")
    axes.set_axis_off()


def show(drawn: Figure, *, alt: str) -> None:
    """Show a figure, with the words that stand for it where it cannot be seen.

    When the book is built the page gets two drawings, for light and dark, and paper gets a third. In
    Jupyter there is one, on paper-coloured ground.

    Args:
        drawn: from `figure`.
        alt: one or two sentences that say what the figure shows, for readers who do not see it.

    Raises:
        TypeError: if `drawn` is not a matplotlib figure.
        ValueError: if `alt` says nothing, or repeats matplotlib's own description.
    """
    from IPython.display import display

    display(mime_bundle(drawn, alt), raw=True)


def mime_bundle(drawn: Figure, alt: str) -> dict[str, str]:
    """The figure in every format the book needs, by MIME type; `show` displays it.

    Raises:
        TypeError, ValueError: as `show`.
    """
    _check_figure(drawn)
    if not isinstance(alt, str) or len(alt.strip()) < 10 or alt.lstrip().startswith("<Figure"):
        raise ValueError(f"alt must say in words what the figure shows; got {alt!r}")
    if os.environ.get("BOOK_BUILD") != "1":
        return {"image/svg+xml": svg(drawn, ground=COLORS.paper), "text/plain": alt}
    light, dark, paper = still(drawn)
    encoded = base64.b64encode(paper).decode()
    return {"image/svg+xml": light, DARK_SVG: dark, "image/png": encoded, "text/plain": alt}


def still(drawn: Figure) -> tuple[str, str, bytes]:
    """The figure as light SVG, dark SVG and PNG: what an explorable's `still` returns.

    Raises:
        TypeError: if `drawn` is not a matplotlib figure.
    """
    _check_figure(drawn)
    with _laid_out(drawn):
        light = svg(drawn)
        dark = svg(drawn, dark=True) if _lattices(drawn) else _in_the_dark(light)
        return light, dark, png(drawn)


@contextmanager
def _laid_out(drawn: Figure) -> Iterator[None]:
    """Place everything once: else each of several drawings would, and that takes longer than the drawing."""
    engine = drawn.get_layout_engine()
    if engine is None:
        yield
        return
    engine.execute(drawn)
    drawn.set_layout_engine(None)  # none at all: even one that does nothing has the figure drawn twice
    try:
        yield
    finally:
        drawn.set_layout_engine(engine)


def _check_figure(drawn: object) -> None:
    if not isinstance(drawn, Figure):
        raise TypeError(f"drawn must be a matplotlib Figure; got {type(drawn).__name__}")


def svg(drawn: Figure, dark: bool = False, ground: str = "none") -> str:
    """The figure as SVG text: the same bytes each time, letters as outlines, no date.

    The dark twin is the same drawing with each of the book's colours exchanged for its partner.

    Raises:
        TypeError: if `drawn` is not a matplotlib figure.
    """
    _check_figure(drawn)
    out = _saved_svg(drawn, dark, ground)
    out = re.sub(r"<metadata>.*?</metadata>\s*", "", out, flags=re.DOTALL)
    out = re.sub(r"^<\?xml.*?<svg", "<svg", out, flags=re.DOTALL)
    out = re.sub(r' d="[^"]*"', _rounded, out)
    # subtle: matplotlib hashes the last bits of a layout into its ids, and those depend on what ran before.
    ids = dict.fromkeys(re.findall(r'\bid="([a-z][0-9a-f]{10})"|url\(#([a-z][0-9a-f]{10})\)', out))
    for number, name in enumerate(dict.fromkeys(a or b for a, b in ids)):
        out = out.replace(name, f"i{number}")
    return _in_the_dark(out) if dark else out


def _in_the_dark(light: str) -> str:
    """SVG text with each of the book's colours exchanged for its partner."""
    partner = _partners()
    return re.sub(r"#[0-9a-f]{6}\b", lambda found: partner.get(found[0], found[0]), light)


def _saved_svg(drawn: Figure, dark: bool, ground: str) -> str:
    """What matplotlib writes; the figure is afterwards as it was before, whatever happens."""
    exchanged = _exchange_maps(drawn, dark)
    text = io.StringIO()
    try:
        with matplotlib.rc_context({"svg.hashsalt": "book", "svg.fonttype": "path"}):
            drawn.savefig(text, format="svg", facecolor=ground, metadata=dict.fromkeys(("Date", "Creator")))
    finally:
        for image, old in exchanged:
            image.set_cmap(old)
    return text.getvalue()


def _rounded(path: re.Match) -> str:
    """An SVG path to a hundredth of a point, which is finer than any screen, on one line."""
    return re.sub(r"(\d\.\d{2})\d+", r"\1", path[0]).replace(" \n", " ").replace("\n", " ")


def png(drawn: Figure) -> bytes:
    """The figure as a picture on white, for the printed book: PNG, 200 dots an inch.

    Raises:
        TypeError: if `drawn` is not a matplotlib figure.
    """
    _check_figure(drawn)
    data = io.BytesIO()
    drawn.savefig(data, format="png", dpi=200, facecolor="white", metadata={"Software": None})
    return data.getvalue()


@cache
def _partners() -> dict[str, str]:
    """What each light colour becomes in the dark."""
    pairs = dict(zip(astuple(COLORS), astuple(DARK_COLORS), strict=True))
    pairs |= dict(zip(_steps(COLORS), _steps(DARK_COLORS), strict=True))
    return pairs | {"#000000": DARK_COLORS.ink, "#ffffff": DARK_COLORS.paper}


@cache
def _steps(colors: Colors) -> list[str]:
    """The temperature scale in 256 steps."""
    scale = LinearSegmentedColormap.from_list("steps", [colors.cold, colors.mild, colors.hot])
    return [matplotlib.colors.to_hex(scale(step)) for step in range(256)]


def _lattices(drawn: Figure) -> list:
    """Images of spins: pixels, which an exchange of colours in the text of an SVG does not reach."""
    found = drawn.findobj(lambda artist: hasattr(artist, "get_cmap") and hasattr(artist, "set_cmap"))
    return [image for image in found if image.get_cmap().name == spin_cmap.name]


def _exchange_maps(drawn: Figure, dark: bool) -> list:
    """Give lattices the dark colour map; returns (image, old map) for giving them back."""
    if not dark:
        return []
    twin = ListedColormap([DARK_COLORS.spin_down, DARK_COLORS.spin_up], name=spin_cmap.name)
    changed = [(image, image.get_cmap()) for image in _lattices(drawn)]
    for image, _ in changed:
        image.set_cmap(twin)
    return changed
