"""The order in which gradients flow, and a picture of the graph they flow through; see :mod:`book_lib.autograd`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from operator import attrgetter
from typing import Any, Protocol, TypeVar


class Numbered(Protocol):
    """What an ordering asks of a node: the nodes it was made from, and how many were made before it."""

    @property
    def parents(self) -> tuple[Any, ...]: ...

    @property
    def number(self) -> int: ...


N = TypeVar("N", bound=Numbered)


def topological_order(output: N) -> list[N]:
    """Return all that ``output`` was computed from, itself included, parents before their children.

    No node can be made before the nodes it is made from: the order of creation is a topological order already. So
    it is enough to collect the nodes and to sort them by number; nothing recurses, and a chain of a million is as good
    as one of three. See the section :ref:`sec-bp-algorithm`.

    Args:
        output: a :class:`Value`, a Tensor, or whatever has ``parents`` and a ``number`` counted at creation.

    >>> from book_lib.autograd import Value
    >>> x = Value(2.0, label="x")
    >>> [node.operation or node.label for node in topological_order(x * x + x)]
    ['x', '*', '+']
    """
    seen, waiting = {output}, [output]
    while waiting:
        for parent in waiting.pop().parents:
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return sorted(seen, key=attrgetter("number"))


@dataclass(frozen=True)
class Node:
    """One number of a computation.

    Args:
        id: its place in the topological order, from 0.
        operation: what made it: "+", "tanh", …; "" for a leaf.
        label: the name it was given, "" if none.
        value: v, of the forward pass.
        gradient: v̄ = ∂output/∂v, of the last backward pass; 0 before it.
    """

    id: int
    operation: str
    label: str
    value: float
    gradient: float


@dataclass(frozen=True)
class Edge:
    """One use of a number by an operation. A number used twice by one operation, as in x·x, has two edges to it.

    Args:
        source: id of the number that is used.
        target: id of the number it makes.
        derivative: the local one, ∂target/∂source, of this use alone.
    """

    source: int
    target: int
    derivative: float


@dataclass(frozen=True)
class Graph:
    """A computation as nodes, in topological order, and edges, each from an earlier node to a later."""

    nodes: tuple[Node, ...] = field(repr=False)
    edges: tuple[Edge, ...] = field(repr=False)

    def as_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Return the same as lists and dicts, ready for JSON."""
        return {
            "nodes": [asdict(node) for node in self.nodes],
            "edges": [asdict(edge) for edge in self.edges],
        }


def trace(output: Any) -> Graph:
    """Return the computation behind a :class:`Value` as a :class:`Graph`, with the values and gradients of now.

    A gradient is the sum, over the edges that leave a node, of the local derivative times the gradient at the edge's
    other end: the rule of the section :ref:`sec-bp-fanout`, on which the explorable of that chapter runs.

    Args:
        output: a :class:`Value`.

    Raises:
        TypeError: if it is none.

    >>> from book_lib.autograd import Value
    >>> x, y = Value(2.0, label="x"), Value(3.0, label="y")
    >>> z = x * y
    >>> z.backward()
    >>> for node in trace(z).nodes:
    ...     print(node)
    Node(id=0, operation='', label='x', value=2.0, gradient=3.0)
    Node(id=1, operation='', label='y', value=3.0, gradient=2.0)
    Node(id=2, operation='*', label='', value=6.0, gradient=1.0)
    >>> trace(z).edges
    (Edge(source=0, target=2, derivative=3.0), Edge(source=1, target=2, derivative=2.0))
    """
    if isinstance(output, type) or not hasattr(output, "slopes"):
        raise TypeError(f"output must be a Value, got {output!r} ({type(output).__name__})")
    order = topological_order(output)
    place = {node: i for i, node in enumerate(order)}
    nodes = tuple(Node(i, v.operation, v.label, v.data, v.grad) for i, v in enumerate(order))
    edges = tuple(
        Edge(place[parent], place[child], slope)
        for child in order
        for parent, slope in zip(child.parents, child.slopes, strict=True)
    )
    return Graph(nodes, edges)
