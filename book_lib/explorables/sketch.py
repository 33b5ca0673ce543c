"""Draw it, then reveal: the reader sketches a curve first; then simulation, theory and a sentence on the gap."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import traitlets

from book_lib import _checks
from book_lib.explorables.base import ArgumentError, Explorable, Still, arguments
from book_lib.explorables.series import Series, draw

POINTS = 61
PLACES = {"mean", "max", "x", "name"}
Limits = tuple[float, float, str]


class Sketch(Explorable):
    """Sketch a curve, then see the truth.

    Args:
        name: short and unique in the book: the browser remembers the sketch under it.
        x, y: (smallest, largest, label) of each axis.
        question: what to draw.
        series: what is revealed: `Series`, or dictionaries with their fields.
        gap: the closing sentence, with {mean}, {max} (absolute deviations), {x} (where the largest is) and {name};
            without it, a plain one.
        against: the name of the series that the gap is measured from; else the first theory, or the first of all.
        alt: what the printed picture shows; else made from labels and names.

    Raises:
        ValueError: for limits that are not ascending and finite, no series, an unknown place in `gap`, an
            unknown name in `against`, or a bad series.
    """

    name = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    x = traitlets.Dict().tag(sync=True)
    y = traitlets.Dict().tag(sync=True)
    series = traitlets.List().tag(sync=True)
    gap = traitlets.Unicode().tag(sync=True)
    against = traitlets.Unicode().tag(sync=True)
    sketch = traitlets.List().tag(sync=True)
    """Heights at 61 evenly spaced abscissae, None where nothing is drawn."""
    revealed = traitlets.Bool(False).tag(sync=True)

    def __init__(self, name: str, *, x: Limits, y: Limits, question: str, series: Sequence[Series | Mapping],
                 gap: str = "", against: str = "", alt: str = "", **traits: Any) -> None:
        with arguments():
            _checks.slug("name", name)
        curves = _curves(series)
        if not isinstance(gap, str):
            raise ArgumentError(f"gap must be a sentence, not {gap!r}")
        unknown = set(re.findall(r"\{(\w*)\}", gap)) - PLACES
        if unknown:
            raise ArgumentError(f"gap may use {', '.join(sorted(PLACES))} in braces, not {unknown.pop()!r}")
        super().__init__(
            name=name, question=question, x=_axis("x", x), y=_axis("y", y), alt=alt, gap=gap,
            series=[one.state() for one in curves], against=_reference(curves, against), **traits,
        )

    @traitlets.validate("sketch")
    def _check_sketch(self, proposal: Any) -> list:
        values = proposal["value"]
        if len(values) not in (0, POINTS):
            raise ArgumentError(f"sketch must hold {POINTS} numbers (None where nothing is drawn), not {len(values)}")
        with arguments():
            return [None if value is None else _checks.finite("sketch", value) for value in values]

    def describe(self) -> str:
        """The alt text: what the axes are and which curves the printed picture shows."""
        names = ", ".join(one["name"] for one in self.series)
        return self.alt or f"{self.y['label']} against {self.x['label']}; curves: {names}."

    def still(self) -> Still:
        """The revealed picture, for print and for readers without scripts."""
        from book_lib import plotting

        figure, axes = plotting.figure(width=5.6, height=2.8)
        draw(axes, [Series(**one) for one in self.series])
        axes.set(xlim=_limits(self.x), ylim=_limits(self.y), xlabel=self.x["label"], ylabel=self.y["label"])
        axes.legend()
        return plotting.still(figure)


def _curves(series: Sequence[Series | Mapping]) -> list[Series]:
    """The curves to reveal, checked."""
    if not isinstance(series, (list, tuple)) or not series:
        raise ArgumentError(f"series must be a list that holds at least one curve to reveal, not {series!r}")
    wrong = [one for one in series if not isinstance(one, (Series, Mapping))]
    if wrong:
        raise ArgumentError(f"series must hold Series or dictionaries with their fields, not {wrong[0]!r}")
    try:
        return [one if isinstance(one, Series) else Series(**one) for one in series]
    except TypeError as error:  # a field that there is not, or one that is missing
        known = ", ".join(field.name for field in fields(Series))
        raise ArgumentError(f"series must hold dictionaries with the fields {known}: {error}") from None


def _axis(name: str, limits: Limits) -> dict[str, Any]:
    try:
        low, high, label = limits
        low, high = _checks.finite(name, low), _checks.finite(name, high)
        good = low < high and isinstance(label, str)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ArgumentError(f"{name} must be (smallest, largest, label), not {limits!r}")
    return {"min": low, "max": high, "label": label}


def _limits(axis: dict[str, Any]) -> tuple[float, float]:
    return axis["min"], axis["max"]


def _reference(curves: list[Series], against: str) -> str:
    names = [one.name for one in curves]
    if len(set(names)) < len(names):
        raise ArgumentError(f"series must have different names, not {names}")
    if against and against not in names:
        raise ArgumentError(f"against must be one of {', '.join(names)}, not {against!r}")
    theories = [one.name for one in curves if one.kind == "theory"]
    return against or (theories or names)[0]
