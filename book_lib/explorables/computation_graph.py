"""A computation graph that computes and back-propagates, node by node and edge by edge, for any formula typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import traitlets

from book_lib import _checks
from book_lib.autograd import Value
from book_lib.explorables import formulas
from book_lib.explorables.base import ArgumentError, Explorable, Whole, arguments
from book_lib.explorables.formulas import Formula, FormulaError, apply, fault, parse

LARGEST = 1000.0  # of an input
PRESETS: dict[str, tuple[str, dict[str, float]]] = {
    "logistic": ("z = w*x + c\ny = sigmoid(z)\nL = (y - t)^2 / 2", {"w": 1.0, "x": 2.0, "c": -1.0, "t": 0.0}),
    "fan-out": ("x = cos(t)\ny = t^2\nf = y + exp(x*y)", {"t": 1.0}),
    "softmax": (
        "e1 = exp(z1)\ne2 = exp(z2)\ne3 = exp(z3)\nS = e1 + e2 + e3\n"
        "y1 = e1/S\ny2 = e2/S\ny3 = e3/S\nL = -log(y2)",
        {"z1": 2.0, "z2": 1.0, "z3": 0.0},
    ),
    "network": (
        "h1 = sigmoid(w11*x1 + w12*x2 + c1)\nh2 = sigmoid(w21*x1 + w22*x2 + c2)\n"
        "y = v1*h1 + v2*h2 + d\nL = (y - t)^2 / 2",
        {"w11": 1.0, "x1": 2.0, "w12": -2.0, "x2": 1.0, "c1": 0.0, "w21": -1.0, "w22": 2.0, "c2": 0.0,
         "v1": 2.0, "v2": -1.0, "d": 0.0, "t": 1.5},
    ),
}  # fmt: skip


class ComputationGraph(Explorable):
    """A formula as a graph: values forward, node by node; bars (∂output/∂node) backward, edge by edge.

    The grammar is that of `book_lib.explorables.formulas`: numbers, names, + − * / ^, parentheses, exp, log, tanh,
    sigmoid, relu, sin and cos, and lines `name = …`, of which the last is the output. A name that no line defines is
    an input, but for e and π.

    Args:
        formula: the text, kept with a line for each part; that of the preset unless given.
        inputs: {name: number}, each −1000 to 1000; an input without a number is 1. Those of the preset unless a formula
            is given.
        preset: "logistic", "fan-out", "softmax" or "network", where no formula is given.
        position: steps taken at first sight: nodes forward, then the output's own bar, then edges backward.
        ask: whether the reader is asked for each bar before its step is taken.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-bp-algorithm`; the graph is one of :mod:`book_lib.autograd`.

    Raises:
        ValueError: for a formula that cannot be read (where, and what was expected), an unknown preset, numbers that
            are none or name no input, a formula without a value at its inputs.

    >>> graph = ComputationGraph("x = cos(t); y = t^2; f = y + exp(x*y)", {"t": 1})
    >>> round(graph.bars()["t"], 6)
    2.410479
    """

    formula = traitlets.Unicode().tag(sync=True)
    inputs = traitlets.Dict().tag(sync=True)
    position = Whole(0, least=0).tag(sync=True)
    ask = traitlets.Bool(False).tag(sync=True)

    def __init__(self, formula: str | None = None, inputs: Mapping[str, float] | None = None, *,
                 preset: str = "logistic", **traits: Any) -> None:  # fmt: skip
        with arguments():
            text, numbers = PRESETS[_checks.one_of("preset", preset, tuple(PRESETS))]
        if formula is not None:
            text, numbers = formula, {}
        super().__init__(formula=text, inputs=dict(numbers if inputs is None else inputs), **traits)
        read = self.graph
        for name in self.inputs:
            if name not in read.inputs:
                raise ArgumentError(f"inputs must name inputs of the formula, {', '.join(read.inputs)}, not {name!r}")
        self.bars()

    @traitlets.validate("formula")
    def _readable(self, proposal: Any) -> str:
        try:
            parse(proposal["value"])
        except FormulaError as error:
            raise ArgumentError(f"formula: {error}") from None
        return "\n".join(filter(None, map(str.strip, re.split("[;\n]", proposal["value"]))))

    @traitlets.validate("inputs")
    def _numbers(self, proposal: Any) -> dict[str, float]:
        with arguments():
            numbers = {name: _checks.finite(f"inputs[{name!r}]", value) for name, value in proposal["value"].items()}
        for name, value in numbers.items():
            if abs(value) > LARGEST:
                raise ArgumentError(f"inputs[{name!r}] must lie between −{LARGEST:g} and {LARGEST:g}, not {value:g}")
        return numbers

    @property
    def graph(self) -> Formula:
        """The formula, read."""
        return parse(self.formula)

    def values(self) -> list[Value]:
        """The nodes as values of `book_lib.autograd`, in topological order.

        Raises:
            ValueError: a node has no value at these inputs.
        """
        read, made = self.graph, []
        for node in read.nodes:
            if node.kind == "input":
                made.append(Value(self.inputs.get(node.name, 1.0), node.name))
            elif node.kind == "given":
                made.append(Value(node.constant, node.name))
            else:
                made.append(_operation(node, [made[i] for i in node.args]))
        return made

    def bars(self) -> dict[str, float]:
        """∂output/∂node for every node that has a name, by `Value.backward`; 0 where the output feels nothing of it."""
        return {node.name: value.grad for node, value in zip(self.graph.nodes, self._swept(), strict=True) if node.name}

    def _swept(self) -> list[Value]:
        """The nodes after the way back."""
        made = self.values()
        try:
            made[self.graph.output].backward()
        except ValueError as error:  # subtle: all slopes are finite, but their product may not be
            reason = "a product of slopes is too large a number"
            raise ArgumentError(f"inputs must give every node a finite bar; {reason}") from error
        return made

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        made, read, bars = self.values(), self.graph, self.bars()
        text = "; ".join(line.strip() for line in self.formula.splitlines())
        numbers = {name: self.inputs.get(name, 1.0) for name in read.inputs}
        slopes = ", ".join(f"{name} = {value:g} has the bar {bars[name]:.4g}" for name, value in numbers.items())
        return (
            f"The computation graph of {text}: {len(read.nodes)} nodes from the inputs on the left to the output "
            f"{made[read.output].data:.4g} on the right, each with its value and its bar, the derivative of the output "
            f"in it: {slopes}."
        )

    def still(self) -> tuple:
        """The graph with its values and bars, after the whole backward pass."""
        from book_lib import plotting
        from book_lib.explorables.layered import draw

        made, read = self._swept(), self.graph
        figure, axes = plotting.figure(width=6.6, height=3.4)
        draw(axes, read, [value.data for value in made], [value.grad for value in made])
        return plotting.still(figure)


def _operation(node: formulas.Node, parents: list[Value]) -> Value:
    """One operation on values, with its slopes."""
    xs = [parent.data for parent in parents]
    wrong = fault(node, xs)
    if wrong:
        numbers = ", ".join(f"{x:g}" for x in xs)
        reason = formulas.FAULTS[wrong]
        raise ArgumentError(f"inputs must give every node a value: {node.op} of {numbers} has none; {reason}")
    value, slopes = apply(node, xs)
    made = Value.of(value, node.op, *zip(parents, slopes, strict=True))
    made.label = node.name
    return made
