"""Language models by date and by parameters on a logarithmic scale, each with the source that tells its size."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import traitlets

from book_lib import _checks
from book_lib.explorables.base import ArgumentError, Explorable, OneOf, arguments

NEEDED = ("name", "date", "parameters", "source", "open")
OPTIONAL = ("maker", "active", "checked", "remark")
WEIGHTS = ("open", "on request", "closed")
MOST = 60  # models
LETTER = 6.2  # px, about the width of a letter of a name
LONGEST = 120  # characters of a text
PAIR = {"base": "GPT-2", "chosen": "GPT-3"}  # of the book's own list, at first
MARKS = {"open": "o", "on request": "D", "closed": "s"}


class Timeline(Explorable):
    """Models by the date of their source, with the ratio of any two; a model whose size nobody told has no height.

    Args:
        models: what is shown, 2 to 60, a dict each, in any order: "name", unlike any other; "date" of the source,
            "2020-05-28" or "2020-05" or a `datetime.date`; "parameters", in all, or None where the source does not
            tell; "source", in words; "open", True or False for its weights, or "open", "on request", "closed".
            Besides, if known: "maker"; "active", the parameters in use for one token where these are fewer;
            "checked", False for a row that has not been compared with its source; "remark". Unless given, the
            releases of `book_lib.landscape`.
        chosen: the model that is read; unless given, the second one whose size is known (GPT-3 of the book's own).
        base: the model that it is compared with; unless given, the first one whose size is known (GPT-2).
        count: what is drawn and compared: "all" parameters, or those that are "active" for a token.
        weights: which models stand out: "all", "open" (with those on request), "closed".
        prediction: what the reader bets about the ratio of the first two: "", "few", "some", "many", or "skipped".
        alt: text for readers who see no picture; made from the models unless given.

    See the section :ref:`sec-land-timeline`.

    Raises:
        ValueError: for a bad value of one of these; it is named.

    >>> old = {"name": "GPT-2", "date": "2019-02-14", "parameters": 1.5e9, "source": "Radford 2019", "open": True}
    >>> new = {"name": "GPT-3", "date": "2020-05-28", "parameters": 175e9, "source": "Brown 2020", "open": False}
    >>> box = Timeline([new, old])
    >>> box.base, box.chosen, round(box.ratio(), 1)
    ('GPT-2', 'GPT-3', 116.7)
    """

    models = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen = traitlets.Unicode("").tag(sync=True)
    base = traitlets.Unicode("").tag(sync=True)
    count = OneOf(["all", "active"], default_value="all").tag(sync=True)
    weights = OneOf(["all", "open", "closed"], default_value="all").tag(sync=True)
    prediction = OneOf(["", "few", "some", "many", "skipped"], default_value="").tag(sync=True)

    def __init__(self, models: Iterable[Mapping[str, Any]] | None = None, **traits: Any) -> None:
        with arguments():
            rows = _rows(_landscape() if models is None else models)
        if models is None:
            traits = PAIR | traits
        sized = [row["name"] for row in rows if row["parameters"]] or [row["name"] for row in rows]
        traits.setdefault("base", sized[0])
        traits.setdefault("chosen", sized[min(1, len(sized) - 1)])
        super().__init__(models=rows, **traits)

    @traitlets.validate("chosen", "base")
    def _known(self, proposal: Any) -> str:
        names = [row["name"] for row in self.models]
        with arguments():
            return _checks.one_of(proposal["trait"].name, proposal["value"], names)

    def model(self, name: str) -> dict[str, Any]:
        """The row of that name.

        Raises:
            ValueError: if there is none.
        """
        _checks.one_of("name", name, [row["name"] for row in self.models])
        return next(row for row in self.models if row["name"] == name)

    def size(self, name: str) -> float | None:
        """The parameters of a model that count, all or those active for a token; None where they are not known."""
        row = self.model(name)
        return row["active"] if self.count == "active" and row["active"] else row["parameters"]

    def ratio(self) -> float | None:
        """How many times as many parameters the chosen model has as the base; None if a size is not known."""
        one, other = self.size(self.chosen), self.size(self.base)
        return one / other if one and other else None

    def months(self) -> float:
        """From the base's date to the chosen model's; a month is a twelfth of a year."""
        return 12 * (year_of(self.model(self.chosen)["date"]) - year_of(self.model(self.base)["date"]))

    def doubling(self) -> float | None:
        """Months in which sizes would have doubled again and again between the two; None where they did not grow."""
        ratio, months = self.ratio(), self.months()
        return months * math.log(2) / math.log(ratio) if ratio and ratio > 1 and months > 0 else None

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        listed = "; ".join(
            f"{row['name']}, {row['date']}: "
            + (f"{row['parameters']:.3g}" if row["parameters"] else "not told")
            for row in self.models
        )
        return f"Language models by date, with their parameters on a logarithmic scale. {listed}."

    def still(self) -> tuple:
        """Points by date and size, a mark for each kind of weights; below, models whose size was not told."""
        from book_lib import plotting

        colors, rows = plotting.COLORS, [{**row, "parameters": self.size(row["name"])} for row in self.models]
        sizes = [row["parameters"] for row in rows if row["parameters"]]
        low, high = floor_of(sizes), 2.5 * max(sizes, default=1e9)
        tones = {"open": colors.simulation, "on request": colors.reader, "closed": colors.mean_field}
        figure, axes = plotting.figure(width=6.4, height=3.6)
        for weights, mark in MARKS.items():
            mine = [row for row in rows if row["weights"] == weights]
            at, up = [year_of(row["date"]) for row in mine], [row["parameters"] or low / 2.8 for row in mine]
            axes.plot(at, up, mark, color=tones[weights], label=weights)
        axes.axhline(low, color=colors.rule)
        years = [year_of(row["date"]) for row in rows]
        limits = math.floor(years[0]), last_of(years)
        axes.set(yscale="log", ylabel="parameters", ylim=(low / 6, high), xlim=limits)
        axes.text(limits[0] + 0.05, low * 0.55, "size not told", fontsize=9, color=colors.muted)
        axes.xaxis.get_major_locator().set_params(integer=True)
        figure.legend(loc="outside lower center", ncols=3)
        figure.draw_without_rendering()  # constrained layout: only now is it known where points lie
        _write_names(axes, rows, [row["parameters"] or low / 2.8 for row in rows])
        return plotting.still(figure)


def year_of(day: str) -> float:
    """A date as a year and its part that has passed; of a month, its middle. Mirrored in `core/timeline.js`.

    Args:
        day: "2020-05-28" or "2020-05".

    Raises:
        ValueError: if it is no date.

    >>> year_of("2020-07-02"), round(year_of("2019-02"), 4)
    (2020.5, 2019.1233)
    """
    full = day if len(day) == 10 else f"{day}-15"
    at = date.fromisoformat(full)
    first = date(at.year, 1, 1)
    return at.year + (at - first) / (date(at.year + 1, 1, 1) - first)


def _write_names(axes: Any, rows: list[dict[str, Any]], heights: list[float]) -> None:
    """Names beside the points of the picture, where there is room."""
    ends = axes.transData.transform([(year_of(row["date"]), y) for row, y in zip(rows, heights, strict=True)])
    widths = [LETTER * len(row["name"]) for row in rows]
    box, height = axes.get_window_extent(), axes.figure.bbox.height
    room = (box.x0, box.x1 + 12, height - box.y1 - 6, height - box.y0)
    points = [(x, height - y, width) for (x, y), width in zip(ends.tolist(), widths, strict=True)]
    for row, place in zip(rows, place_names(points, room), strict=True):
        if place:
            at = axes.transData.inverted().transform((place[0], height - place[1]))
            axes.text(*at, row["name"], fontsize=8, va="center")


def place_names(
    points: list[tuple[float, float, float]],
    box: tuple[float, float, float, float],
    height: float = 15,
    gap: float = 9,
) -> list[tuple[float, float] | None]:
    """Where names go so that none hides another or a point: right of its point, left, above or below.

    The first ones are served first. Mirrored in `core/timeline.js`.

    Args:
        points: x, y (down) and the width of the name, all in pixels.
        box: left, right, top and bottom of where names may be.
        height: of a name.
        gap: between a point and its name.

    Returns:
        The left end and the middle line of each name; None where there is no room.

    >>> place_names([(150, 100, 40), (295, 100, 40)], (0, 300, 0, 200))
    [(159, 100), (246, 100)]
    """
    left, right, top, bottom = box
    taken: list[tuple[float, float, float]] = []

    def free(x: float, y: float, width: float) -> bool:
        if x < left or x + width > right or y - height / 2 < top or y + height / 2 > bottom:
            return False
        apart = all(x + width + 3 < a or a + w + 3 < x or abs(y - b) >= height for a, b, w in taken)
        return apart and all(
            px < x - gap + 3 or px > x + width + gap - 3 or abs(py - y) > height / 2 + 6
            for px, py, _ in points
        )

    places: list[tuple[float, float] | None] = []
    for x, y, width in points:
        up = gap + height / 2
        tries = [(x + gap, y), (x - gap - width, y), (x - width / 2, y - up), (x - width / 2, y + up)]
        found = next((place for place in tries if free(*place, width)), None)
        places.append(found)
        if found:
            taken.append((*found, width))
    return places


def last_of(years: list[float]) -> float:
    """Where the axis of dates ends: a sixth of their span after the last one, so that its name has room.

    Mirrored in `core/timeline.js`.

    >>> last_of([2019.0, 2025.0])
    2026.0
    """
    return max(years) + max(0.3, (max(years) - min(years)) / 6)


def floor_of(sizes: list[float]) -> float:
    """The power of ten at or below half of the smallest size: there the axis begins, and below it the untold ones.

    >>> floor_of([1.5e9, 175e9])
    100000000.0
    """
    return 10.0 ** math.floor(math.log10(min(sizes, default=1e9) / 2))


def _rows(models: Any) -> list[dict[str, Any]]:
    """The models as the page reads them, in the order of their dates."""
    if isinstance(models, (str, bytes, Mapping)) or not isinstance(models, Iterable):
        raise ArgumentError(f"models must be a list of dicts, not {models!r}")
    rows = [_row(i, model) for i, model in enumerate(models)]
    if not 2 <= len(rows) <= MOST:
        raise ArgumentError(f"models must hold 2 to {MOST} models, not {len(rows)}")
    names = [row["name"] for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ArgumentError(f"models must have different names, not {twice[0]!r} twice")
    return sorted(rows, key=lambda row: (year_of(row["date"]), row["name"]))


def _row(i: int, model: Any) -> dict[str, Any]:
    """One model, checked; `i` is its place, for what is said about a bad one."""
    known = {*NEEDED, *OPTIONAL}
    if not isinstance(model, Mapping) or not set(NEEDED) <= set(model) <= known:
        came = ", ".join(map(str, model)) if isinstance(model, Mapping) else repr(model)
        raise ArgumentError(f"models[{i}] must be a dict of {', '.join(NEEDED)}, perhaps {', '.join(OPTIONAL)}, "
                            f"not of {came}")  # fmt: skip
    name = _text(f"models[{i}]['name']", model["name"])
    row = {"name": name, "date": _day(name, model["date"]), "parameters": _size(name, "parameters", model),
           "source": _text(f"source of {name}", model["source"]), "weights": _weights(name, model["open"]),
           "maker": _text(f"maker of {name}", model.get("maker", ""), empty=True),
           "remark": _text(f"remark of {name}", model.get("remark", ""), empty=True),
           "active": _size(name, "active", model), "checked": model.get("checked", True)}  # fmt: skip
    if not isinstance(row["checked"], bool):
        raise ArgumentError(f"checked of {name} must be True or False, not {row['checked']!r}")
    if row["active"] and not row["active"] <= (row["parameters"] or 0):
        raise ArgumentError(f"active of {name} must be at most its parameters, not {row['active']:g}")
    return row


def _text(name: str, value: Any, empty: bool = False) -> str:
    if not isinstance(value, str) or len(value) > LONGEST or not (empty or value.strip()):
        raise ArgumentError(f"{name} must be a text of at most {LONGEST} characters, not {value!r}")
    return value


def _day(name: str, value: Any) -> str:
    """A date as it is written down."""
    text = value.isoformat()[:10] if isinstance(value, date) else value
    try:
        if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d(-\d\d)?", text):
            raise ValueError
        year_of(text)
    except ValueError:
        raise ArgumentError(f"date of {name} must be such as 2020-05-28 or 2020-05, not {value!r}") from None
    return text


def _size(name: str, what: str, model: Mapping) -> float | None:
    """A number of parameters, or None."""
    value = model.get(what)
    return None if value is None else _checks.positive(f"{what} of {name}", value)


def _weights(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "open" if value else "closed"
    if value not in WEIGHTS:
        raise ArgumentError(
            f"open of {name} must be True, False or one of {', '.join(WEIGHTS)}, not {value!r}"
        )
    return value


def _landscape() -> list[dict[str, Any]]:
    """The book's own list, its sources in words."""
    from book_lib.landscape import RELEASES

    return [
        {"name": one.name, "maker": one.maker, "date": one.day, "parameters": one.parameters, "active": one.active,
         "open": one.weights, "source": _cited(one.source, one.name, one.maker), "checked": one.looked_up,
         "remark": one.remark}
        for one in RELEASES
    ]  # fmt: skip


def _cited(key: str, name: str, maker: str) -> str:
    """A key of the bibliography as a reader would write it: its first word, which may be a maker's, and the year.

    >>> _cited("openai2023gpt4", "GPT-4", "OpenAI"), _cited("brown2020language", "GPT-3", "OpenAI")
    ('OpenAI 2023', 'Brown 2020')
    """
    found = re.match(r"([a-z]+)(\d{4})", key)
    if not found:
        return key
    author, year = found.groups()
    own = next(
        (word for word in (maker, *re.split(r"[ -]", name)) if word.lower() == author), author.capitalize()
    )
    return f"{own} {year}"
