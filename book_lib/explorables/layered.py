"""Where the nodes of a computation graph stand: layers from left to right; mirrored in `core/layered.js`."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import nan
from typing import Any

from book_lib.explorables.formulas import Formula, Node

SWEEPS = 60
HALF = 0.5  # of the height of a node
SLIM = 0.2  # of that of an edge that passes by
CORNERS = ((-0.36, -0.42), (0.36, -0.42), (0.36, 0.42), (-0.36, 0.42), (-0.36, -0.42))
Spot = tuple[int, float]


@dataclass
class Place:
    """A node, or a place where an edge passes a layer: `joined` are the places before and after it."""

    id: int
    layer: int
    half: float
    joined: list[int] = field(default_factory=list)
    row: float = 0.0


@dataclass
class Block:
    """Places of a column that touch: offsets from the first, and the sum of wish − offset."""

    total: float
    members: list[Place]
    offsets: list[float]

    @property
    def start(self) -> float:
        """The row of the first."""
        return self.total / len(self.members)

    def gap(self, other: Block) -> float:
        """From the first of these to the first of those that touch it from below."""
        return self.offsets[-1] + self.members[-1].half + other.members[0].half

    def take(self, other: Block) -> None:
        """Make one block of two."""
        shift = self.gap(other)
        self.total += other.total - shift * len(other.members)
        self.offsets += [offset + shift for offset in other.offsets]
        self.members += other.members


def layers(formula: Formula) -> list[int]:
    """The layer of each node: operations one beyond the last of their arguments, leaves before their first use."""
    depth = [0] * len(formula.nodes)
    for i, node in enumerate(formula.nodes):
        if node.args:
            depth[i] = 1 + max(depth[k] for k in node.args)
    for i, node in enumerate(formula.nodes):
        users = [depth[k] for k, other in enumerate(formula.nodes) if i in other.args]
        if not node.args and users:
            depth[i] = min(users) - 1
    return depth


def arrange(formula: Formula) -> tuple[list[Spot], list[list[Spot]]]:
    """(layer, row) of each node, rows from 0, and the corners of each edge, argument by argument."""
    places, ways = _network(formula)
    columns = [[p for p in places if p.layer == k] for k in range(max(p.layer for p in places) + 1)]
    for column in columns:
        for k, place in enumerate(column):
            place.row = k - (len(column) - 1) / 2
    for _ in range(SWEEPS):
        for column in [*columns, *reversed(columns)]:
            _settle(column, places)
    top = min(p.row for p in places)
    spots = [(p.layer, p.row - top) for p in places]
    return spots[: len(formula.nodes)], [[spots[k] for k in way] for way in ways]


def _network(formula: Formula) -> tuple[list[Place], list[list[int]]]:
    """The nodes, and a slim place in every layer that an edge passes."""
    depth = layers(formula)
    places = [Place(i, d, HALF) for i, d in enumerate(depth)]
    ways = []
    for child, node in enumerate(formula.nodes):
        for parent in node.args:
            way = [parent]
            for layer in range(depth[parent] + 1, depth[child]):
                way.append(len(places))
                places.append(Place(len(places), layer, SLIM))
            way.append(child)
            for a, b in pairwise(way):
                places[a].joined.append(b)
                places[b].joined.append(a)
            ways.append(way)
    return places, ways


def _settle(column: list[Place], places: list[Place]) -> None:
    """Move each place to the mean row of those it is joined to, as far as they keep their distances."""
    wish = {p.id: sum(places[k].row for k in p.joined) / len(p.joined) if p.joined else p.row for p in column}
    column.sort(key=lambda p: (wish[p.id], p.id))
    blocks: list[Block] = []
    for place in column:
        blocks.append(Block(wish[place.id], [place], [0.0]))
        while len(blocks) > 1 and blocks[-2].start + blocks[-2].gap(blocks[-1]) > blocks[-1].start + 1e-9:
            last = blocks.pop()
            blocks[-1].take(last)
    for block in blocks:
        for place, offset in zip(block.members, block.offsets, strict=True):
            place.row = block.start + offset


def symbol(node: Node) -> str:
    """How an operation is written in its node."""
    plain = {"sigmoid": "σ", "negate": "−", "product": "×", "quotient": "÷", "power": "^"}
    if node.op == "sum":
        return _sum_symbol(node)
    sign = plain.get(node.op, node.op)
    if node.constant is None:
        return sign
    number = f"{node.constant:.3g}".replace("-", "−")
    return f"{number}{sign}" if node.first and node.op != "product" else f"{sign}{number}"


def _sum_symbol(node: Node) -> str:
    sign = "+" if min(node.signs) > 0 else "−" if node.signs == (1, -1) else "±"
    if node.constant is None:
        return sign
    number = f"{abs(node.constant):.3g}"
    if len(node.args) > 1:
        return f"{sign} {'−' if node.constant < 0 else '+'}{number}"
    if node.signs[0] < 0:
        return f"{'−' if node.constant < 0 else ''}{number}−"
    return f"{'−' if node.constant < 0 else '+'}{number}"


def draw(axes: Any, formula: Formula, values: list[float], bars: list[float]) -> None:
    """The graph with names, values and bars on matplotlib's axes."""
    from book_lib import plotting

    colors, (spots, routes) = plotting.COLORS, arrange(formula)
    edges, boxes = [], {True: [], False: []}
    for (x0, y0), *passed, (x1, y1) in routes:
        edges += [(x0 + 0.36, y0), *passed, (x1 - 0.36, y1), (nan, nan)]
    for node, (x, y), value, bar in zip(formula.nodes, spots, values, bars, strict=True):
        title = " = ".join(filter(None, [node.name, symbol(node) if node.op else ""]))
        lines = (title, colors.ink), (_number(value), colors.simulation), (_number(bar), colors.mean_field)
        for k, (text, color) in enumerate(lines):
            axes.text(x, y + 0.27 * (k - 1), text, color=color, ha="center", va="center", fontsize=7, in_layout=False)
        boxes[bool(node.op)] += [(x + u, y + v) for u, v in CORNERS] + [(nan, nan)]
    for line, color in ((edges, colors.muted), (boxes[True], colors.rule), (boxes[False], colors.ink)):
        if line:  # one line for all of a kind: fewer things to draw
            axes.plot(*zip(*line, strict=True), color=color, linewidth=0.8, zorder=1)
    deep, tall = max(x for x, _ in spots), max(y for _, y in spots)
    axes.set(xlim=(-0.5, deep + 0.5), ylim=(tall + 0.6, -0.6))
    axes.axis("off")


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
