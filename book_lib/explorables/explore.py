"""One line in a chapter makes a function's results explorable: `explore(f, learning_rate=[0.01, 0.1, 1.0])`.

When the book is built, `f` runs over the whole grid and the results travel with the page. In Jupyter a numeric axis
also takes any value between, and `f` runs when asked.
"""

import gzip
import itertools
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import traitlets

from book_lib.explorables import base
from book_lib.explorables.base import ArgumentError, Explorable, Still
from book_lib.explorables.series import Series, draw

MOST_FRAMES = 200
MOST_BYTES = 200_000
Alt = str | Callable[..., str]


class Explore(Explorable):
    """The widget behind `explore`: one trait for each argument of the function."""

    axes = traitlets.List().tag(sync=True)
    """[{name, label, values, numeric, whole}]"""
    title = traitlets.Unicode().tag(sync=True)
    xlabel = traitlets.Unicode().tag(sync=True)
    ylabel = traitlets.Unicode().tag(sync=True)
    limits = traitlets.Dict().tag(sync=True)
    """{x: [min, max], y: [min, max]} over the whole grid; empty when `f` runs live."""
    frames = traitlets.Bytes(b"").tag(sync=True)
    """gzip of a JSON list of results in the order of `itertools.product`; empty when `f` runs live."""

    def __init__(self, function: Callable, axes: list[dict], start: Mapping[str, Any], alt: Alt, **traits: Any) -> None:
        self._function, self._alt = function, alt
        self.add_traits(**{axis["name"]: _trait(axis) for axis in axes})
        super().__init__(axes=axes, **start, **traits)
        self.on_msg(_on_message)

    @property
    def values(self) -> dict[str, Any]:
        """The present argument of the function."""
        return {axis["name"]: _value(axis, getattr(self, axis["name"])) for axis in self.axes}

    def result(self, values: Mapping[str, Any]) -> Any:
        """What the function returns: a matplotlib figure, (x, y), or a list of `Series`."""
        return _curves(self._function(**values))

    def describe(self) -> str:
        """The alt text of the present picture."""
        return _describe(self._alt, self.values)

    def frame(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """One result as the front-end reads it."""
        result = self.result(values)
        alt = _describe(self._alt, values)
        if isinstance(result, list):
            return {"alt": alt, "series": [one.state() for one in result]}
        return {"alt": alt, **_pictures(result)}

    def ship(self) -> None:
        """Run the function over the grid and store the results beside the page.

        Raises:
            ValueError: when they take more than 200 kB compressed, naming the largest axis.
        """
        names = [axis["name"] for axis in self.axes]
        grid = itertools.product(*(axis["values"] for axis in self.axes))
        frames = [self.frame(dict(zip(names, values, strict=True))) for values in grid]
        self.limits = _limits(frames)
        packed = gzip.compress(json.dumps(frames, separators=(",", ":")).encode(), 9, mtime=0)
        if len(packed) > MOST_BYTES:
            raise ArgumentError(
                f"explore: {len(frames)} results take {len(packed) / 1000:.0f} kB compressed, at most "
                f"{MOST_BYTES / 1000:.0f} are allowed; {_largest(self.axes)}"
            )
        self.frames = packed

    def still(self) -> Still:
        """The picture at the present values."""
        from book_lib import plotting

        figure = self.result(self.values)
        if isinstance(figure, list):
            curves = figure
            figure, axes = plotting.figure(width=5.6)
            draw(axes, curves)
            axes.set(xlabel=self.xlabel, ylabel=self.ylabel)
            if len(curves) > 1:
                axes.legend()
        return plotting.still(figure)


def explore(function: Callable, *, alt: Alt, title: str = "", xlabel: str = "", ylabel: str = "",
            labels: Mapping[str, str] | None = None, start: Mapping[str, Any] | None = None,
            **choices: Sequence) -> Explore:
    """Explore a function of a few arguments: sliders for numbers, buttons for words.

    Args:
        function: takes every name in `choices` as a keyword; returns a matplotlib figure, (x, y), or a list of
            `Series`.
        alt: words for readers who see no picture: a template such as "Loss at rate {rate}", or a function of the
            same arguments.
        title, xlabel, ylabel: of the plot, when the function returns curves.
        labels: {name: words on the page} of arguments.
        start: {name: value} at first, a value of the axis; else the middle of each axis. In Jupyter a numeric
            axis also starts at any value between.
        choices: name=[values]: numbers in ascending order, or words; at most 200 combinations.

    Returns:
        a widget with one trait for each name: `w.rate = 0.1` moves the slider.

    Raises:
        ValueError: no axis, an empty or unsorted one, repeated values, more than 200 combinations, more than
            200 kB of results when the book is built (both name the largest axis), curves without labels, an
            unknown name in `labels`, `start` or `alt`, or a start that is no value of its axis.
        TypeError: when the function returns something else.

    >>> w = explore(lambda k: ([0, 1], [0, k]), alt="Line of slope {k}", xlabel="x", ylabel="y", k=[1, 2, 3])
    >>> w.k, w.describe()
    (2, 'Line of slope 2')
    """
    if not choices:
        raise ArgumentError("explore: name at least one argument of the function and its values")
    for what, given in (("labels", labels or {}), ("start", start or {})):
        unknown = sorted(set(given) - set(choices))
        if unknown:
            raise ArgumentError(f"explore: {what} names {unknown[0]!r}, which is no argument; there are "
                                f"{', '.join(choices)}")  # fmt: skip
    axes = [_axis(name, values, (labels or {}).get(name)) for name, values in choices.items()]
    count = math.prod(len(axis["values"]) for axis in axes)
    if count > MOST_FRAMES:
        sizes = " × ".join(str(len(axis["values"])) for axis in axes)
        raise ArgumentError(
            f"explore: {sizes} = {count} combinations, at most {MOST_FRAMES} are allowed; {_largest(axes)}"
        )
    first = {axis["name"]: axis["values"][len(axis["values"]) // 2] for axis in axes} | dict(start or {})
    for axis in axes if base.BUILDING else []:
        if first[axis["name"]] not in axis["values"]:  # the page has no result for it
            raise ArgumentError(
                f"explore: start of {axis['name']} must be one of {axis['values']!r}, not {first[axis['name']]!r}"
            )
    widget = Explore(function, axes, first, alt, title=title, xlabel=xlabel, ylabel=ylabel)
    _check_labels(widget)
    if base.BUILDING:
        widget.ship()
    return widget


def _check_labels(widget: Explore) -> None:
    """A result of each kind has what it needs; a failing function fails here, in the cell that has it."""
    result = widget.result(widget.values)
    if isinstance(result, list) and not (widget.xlabel and widget.ylabel):
        raise ArgumentError("explore: a function that returns curves needs xlabel and ylabel")
    if not widget.describe().strip():
        raise ArgumentError("explore: alt must say what the picture shows")


def _axis(name: str, values: Sequence, label: str | None) -> dict[str, Any]:
    if name != "seed" and (hasattr(Explore, name) or name.startswith("_")):
        raise ArgumentError(f"explore: an argument cannot be called {name!r}, which every widget has already")
    plain = _plain(name, values)
    if not plain or len(set(plain)) < len(plain):
        raise ArgumentError(f"explore: {name} must hold different values, not {plain!r}")
    numeric = all(isinstance(v, Real) and not isinstance(v, bool) for v in plain)
    if numeric and not (all(map(math.isfinite, plain)) and plain == sorted(plain)):
        raise ArgumentError(f"explore: the numbers of {name} must be finite and ascend, not {plain!r}")
    if not numeric and not all(isinstance(v, (str, bool)) for v in plain):
        raise ArgumentError(f"explore: {name} must hold numbers only or words only, not {plain!r}")
    return {
        "name": name,
        "label": label or name.replace("_", " ").capitalize(),
        "values": plain,
        "numeric": numeric,
        "whole": numeric and all(isinstance(v, Integral) for v in plain),
    }


def _plain(name: str, values: Any) -> list:
    """The values of an axis as Python's own numbers and words."""
    listed = list(values) if isinstance(values, Iterable) and not isinstance(values, (str, bytes)) else None
    if listed is None or not all(isinstance(one, (str, Real, np.generic)) for one in listed):
        raise ArgumentError(f"explore: {name} must be a list of numbers or of words, not {values!r}")
    return [one.item() if isinstance(one, np.generic) else one for one in listed]


def _trait(axis: dict[str, Any]) -> traitlets.TraitType:
    low, high = axis["values"][0], axis["values"][-1]
    if axis["whole"]:
        kind = base.Whole(low, least=low, most=high)
    elif axis["numeric"]:
        kind = base.Real(low, least=low, most=high)
    else:
        kind = base.OneOf(axis["values"], axis["values"][0])
    return kind.tag(sync=True)


def _value(axis: dict[str, Any], value: Any) -> Any:
    """The number as the chapter wrote it, so that 1 stays a whole number in the alt text."""
    return next((one for one in axis["values"] if one == value), value)


def _largest(axes: list[dict]) -> str:
    axis = max(axes, key=lambda one: len(one["values"]))
    return f"the largest axis is {axis['name']} with {len(axis['values'])} values"


def _curves(result: Any) -> Any:
    from matplotlib.figure import Figure

    if isinstance(result, Figure):
        return result
    if isinstance(result, tuple) and len(result) == 2:
        return [Series("", result[0], result[1], kind="theory")]
    if isinstance(result, Series):
        return [result]
    if isinstance(result, (list, tuple)) and result and all(isinstance(one, Series) for one in result):
        return list(result)
    raise TypeError(
        "explore: the function must return a matplotlib figure, (x, y) or a list of Series, "
        f"not {type(result).__name__}"
    )


def _describe(alt: Alt, values: Mapping[str, Any]) -> str:
    text = alt(**values) if callable(alt) else alt
    if not isinstance(text, str):
        raise ArgumentError(f"explore: alt must be a text, a template or a function that returns text, not {text!r}")
    try:
        return text if callable(alt) else text.format(**values)
    except (KeyError, IndexError) as error:
        known = ", ".join(values)
        raise ArgumentError(f"explore: alt names {error}, which is no argument; there are {known}") from None
    except (ValueError, AttributeError, TypeError) as error:  # a lone brace, {rate.x}, {name:.2f} of a word
        raise ArgumentError(f"explore: alt must be a template such as 'Rate {{rate}}', not {alt!r}: {error}") from None


def _pictures(figure: Any) -> dict[str, Any]:
    """Light SVG, and what turns it dark: an exchange of colours where that is all, else the dark SVG."""
    from book_lib import plotting

    light, dark = plotting.svg(figure), plotting.svg(figure, dark=True)
    pattern = r"#[0-9a-f]{6}\b"
    pairs = dict(zip(re.findall(pattern, light), re.findall(pattern, dark), strict=False))
    if re.sub(pattern, lambda found: pairs[found[0]], light) == dark:
        return {"svg": light, "exchange": {a: b for a, b in pairs.items() if a != b}}
    return {"svg": light, "dark": dark}


def _limits(frames: list[dict]) -> dict[str, list[float]]:
    """The smallest and the largest x and y of all curves, so that axes stand still."""
    curves = [one for frame in frames for one in frame.get("series", [])]
    if not curves:
        return {}
    return {
        name: [min(min(one[name]) for one in curves), max(max(one[name]) for one in curves)] for name in ("x", "y")
    }


def _on_message(widget: Explore, content: Any, buffers: list) -> None:
    """A front-end in Jupyter asks for the result at some values; whatever goes wrong is shown there."""
    if not isinstance(content, dict) or "ask" not in content:
        return
    try:
        values = {axis["name"]: _value(axis, content["ask"][axis["name"]]) for axis in widget.axes}
        answer = {"frame": widget.frame(values)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    widget.send({"answer": content.get("id"), **answer})
