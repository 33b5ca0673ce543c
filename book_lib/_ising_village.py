"""Spins on a graph of friendships: the Ising model read as a village that votes.

Public through :mod:`book_lib.ising`. A graph is a tuple of sorted neighbour lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._ising_kernels import heat_bath_thresholds, random_site_updates, threshold, torus_neighbours
from book_lib.rng import RandomLike, as_generator, raw_uint32

Neighbors: TypeAlias = tuple[tuple[int, ...], ...]


def grid_graph(side: int) -> Neighbors:
    """Return the neighbour lists of a ``side`` × ``side`` torus, people numbered row by row.

    Raises:
        ValueError: if ``side`` is below 3.

    >>> grid_graph(3)[0]
    (1, 2, 3, 6)
    """
    return tuple(tuple(sorted(near)) for near in torus_neighbours(_checks.integer("side", side, 3)))


def ring_graph(n: int, k: int = 4) -> Neighbors:
    """Return the neighbour lists of ``n`` people in a ring who know the ``k/2`` nearest on either side.

    Raises:
        ValueError: if ``k`` is odd or below 2, or ``n`` does not exceed ``k``.

    >>> ring_graph(5, 2)[0]
    (1, 4)
    """
    k = _checks.integer("k", k, 2)
    if k % 2:
        raise ValueError(f"k must be even, as many friends on one side as on the other, got {k}")
    n = _checks.integer("n", n, k + 1)
    steps = [step for distance in range(1, k // 2 + 1) for step in (distance, -distance)]
    return tuple(tuple(sorted({(i + step) % n for step in steps})) for i in range(n))


def rewire(neighbors: Any, p: float, rng: RandomLike) -> Neighbors:
    """Move the far end of each friendship to a random person with probability ``p``.

    Watts and Strogatz's road from a neighbourhood to a small world (:cite:`watts1998collective`). Two
    words are drawn for each friendship (u, v), u < v, in ascending order, whatever ``p`` is: one decides,
    one names the new friend. So, with the same seed, the friendships moved at a smaller p are moved at a
    larger one too, though perhaps to someone else: if the person named is u or already u's friend, the
    next in number is taken. If u knows everyone, nothing changes.

    Args:
        neighbors: a graph as :class:`Village` takes it.
        p: 0 … 1.
        rng: a seed or a generator.

    Returns:
        The neighbour lists of the new graph, with as many friendships as before.

    Raises:
        TypeError: if ``p`` is not a real number, or the graph or ``rng`` of no known kind.
        ValueError: if ``p`` lies outside 0 … 1 or the graph is not valid.

    >>> rewire(ring_graph(6, 2), 0.0, rng=1) == ring_graph(6, 2)
    True
    """
    graph = [set(near) for near in neighbor_lists(neighbors)]
    if not 0 <= _checks.finite("p", p) <= 1:
        raise ValueError(f"p must lie between 0 and 1, got {p}")
    n, limit = len(graph), threshold(p)
    edges = [(u, v) for u in range(n) for v in sorted(graph[u]) if u < v]
    words = raw_uint32(as_generator(rng), 2 * len(edges)).tolist()
    for (u, v), accept, target in zip(edges, words[0::2], words[1::2], strict=True):
        if accept >= limit or len(graph[u]) == n - 1:
            continue
        w = (target * n) >> 32
        while w == u or w in graph[u]:
            w = (w + 1) % n
        graph[u].remove(v), graph[v].remove(u)
        graph[u].add(w), graph[w].add(u)
    return tuple(tuple(sorted(near)) for near in graph)


def small_world(n: int, k: int = 4, p: float = 0.1, rng: RandomLike = 0) -> Neighbors:
    """Return :func:`rewire` of :func:`ring_graph`: mostly near friends and a few far ones.

    >>> sum(len(near) for near in small_world(20, 4, 0.2, rng=1))
    80
    """
    return rewire(ring_graph(n, k), p, rng)


def neighbor_lists(graph: Any) -> Neighbors:
    """Return the neighbour lists of a graph given as lists, as a 0/1 matrix or as a networkx graph.

    Raises:
        TypeError: for anything else.
        ValueError: for a loop, a one-sided friendship, a double one, a stranger's number or no one.

    >>> neighbor_lists([[1], [0]])
    ((1,), (0,))
    """
    if hasattr(graph, "adjacency") and hasattr(graph, "nodes"):  # networkx, without importing it
        if graph.is_multigraph():
            raise ValueError("graph must not have parallel edges, got a networkx multigraph; make it a Graph")
        order = {node: index for index, node in enumerate(graph.nodes)}
        lists = [[order[other] for other in graph[node]] for node in graph.nodes]
    elif isinstance(graph, np.ndarray) and graph.ndim == 2:
        if graph.shape[0] != graph.shape[1] or not np.isin(graph, (0, 1)).all():
            raise ValueError(f"graph must be a square matrix of 0 and 1, got shape {graph.shape}")
        lists = [np.flatnonzero(row).tolist() for row in graph]
    elif isinstance(graph, Sequence) and not isinstance(graph, str):
        if not all(isinstance(near, (Sequence, set, frozenset, np.ndarray)) for near in graph):
            raise TypeError(f"graph must be a sequence of neighbour lists, got {graph!r}")
        lists = [[_checks.integer("graph", other) for other in near] for near in graph]
    else:
        raise TypeError(
            "graph must be a networkx graph, a matrix of 0 and 1 or a sequence of neighbour lists, "
            f"got {type(graph).__name__}"
        )
    _check_lists(lists)
    return tuple(tuple(sorted(near)) for near in lists)


def _check_lists(lists: list[list[int]]) -> None:
    if not lists:
        raise ValueError("graph must have at least one person, got none")
    known = [set(near) for near in lists]
    for person, near in enumerate(lists):
        if len(known[person]) != len(near):
            raise ValueError(f"graph names a friend of {person} twice: {near}")
        for other in near:
            if not 0 <= other < len(lists):
                raise ValueError(f"graph has people 0 to {len(lists) - 1}, got friend {other} of {person}")
            if other == person:
                raise ValueError(f"graph must not make {person} a friend of themselves")
            if person not in known[other]:
                raise ValueError(f"graph must be mutual: {person} lists {other}, {other} not {person}")


class Village:
    """People who hold opinion +1 or −1 and now and then reconsider: E = −J Σ_<ij> s s′ − h Σ s on a graph.

    One sweep gives as many people as there are, chosen at random one after another, the occasion to
    draw their opinion anew: +1 with probability σ(2(J Σ neighbours + h)/T). This is heat-bath dynamics,
    one event at a time, as votes are.

    Args:
        graph: a networkx graph, a matrix of 0 and 1, or neighbour lists (:func:`grid_graph`,
            :func:`small_world`).
        temperature: T > 0, how much each goes their own way.
        coupling: J; above 0 friends want to agree, below 0 to differ.
        field: h, a campaign that speaks to all.
        rng: a seed or a generator.
        start: "random", "up", "down", or opinions ±1 of shape (n,).

    Raises:
        TypeError, ValueError: for a graph that :func:`neighbor_lists` refuses, a temperature that is not
            positive and finite, a field or coupling that is not finite, or opinions of another shape.

    See the section :ref:`sec-ising-village`.

    >>> village = Village(grid_graph(4), temperature=0.5, start="up", rng=1)
    >>> village.sweep(10).magnetization
    1.0
    """

    def __init__(
        self,
        graph: Any,
        temperature: float,
        coupling: float = 1.0,
        field: float = 0.0,
        rng: RandomLike = 0,
        start: str | ArrayLike = "random",
    ) -> None:
        self._neighbors = neighbor_lists(graph)
        self._temperature = _checks.positive("temperature", temperature)
        self._coupling = _checks.finite("coupling", coupling)
        self._field = _checks.finite("field", field)
        self._rng = as_generator(rng)
        self._opinions = self._start(start)
        self._limits: list[list[int]] | None = None

    def _start(self, start: str | ArrayLike) -> list[int]:
        count = len(self.neighbors)
        if not isinstance(start, str):
            opinions = _checks.regular("start", start)
            if opinions.shape != (count,):
                raise ValueError(f"start must hold {count} opinions -1 or +1, got shape {opinions.shape}")
            if opinions.dtype.kind not in "iuf" or not np.isin(opinions, (-1, 1)).all():
                raise ValueError(
                    f"start must hold {count} opinions -1 or +1, and no other entries, got {opinions}"
                )
            return opinions.astype(int).tolist()
        if _checks.one_of("start", start, ("random", "up", "down")) == "random":
            return np.where(raw_uint32(self._rng, count) < 2**31, 1, -1).tolist()
        return [1 if start == "up" else -1] * count

    @property
    def neighbors(self) -> Neighbors:
        """Who knows whom, as sorted neighbour lists; fixed."""
        return self._neighbors

    @property
    def temperature(self) -> float:
        """T, settable."""
        return self._temperature

    @temperature.setter
    def temperature(self, value: float) -> None:
        self._temperature, self._limits = _checks.positive("temperature", value), None

    @property
    def coupling(self) -> float:
        """J, settable."""
        return self._coupling

    @coupling.setter
    def coupling(self, value: float) -> None:
        self._coupling, self._limits = _checks.finite("coupling", value), None

    @property
    def field(self) -> float:
        """h, settable."""
        return self._field

    @field.setter
    def field(self, value: float) -> None:
        self._field, self._limits = _checks.finite("field", value), None

    @property
    def opinions(self) -> NDArray[np.int8]:
        """Everyone's opinion, ±1, shape (n,); a copy."""
        return np.array(self._opinions, dtype=np.int8)

    @property
    def magnetization(self) -> float:
        """The mean opinion."""
        return sum(self._opinions) / len(self._opinions)

    @property
    def energy(self) -> float:
        """E of the whole village."""
        bonds = sum(
            own * self._opinions[other]
            for own, near in zip(self._opinions, self.neighbors, strict=True)
            for other in near
        )
        return -self._coupling * bonds / 2 - self._field * sum(self._opinions)

    @property
    def agreement(self) -> float:
        """The share of friendships whose two ends agree (NaN without friendships)."""
        opinions = self._opinions
        agree = [opinions[u] == opinions[v] for u, near in enumerate(self.neighbors) for v in near]
        return sum(agree) / len(agree) if agree else float("nan")

    def sweep(self, n: int = 1) -> Village:
        """Give everyone, on average, ``n`` occasions to reconsider; return the village.

        Raises:
            ValueError: if ``n`` is negative.
        """
        n = _checks.integer("n", n, 0)
        if self._limits is None:
            parameters = (self._temperature, self._field, self._coupling)
            tables = {d: heat_bath_thresholds(*parameters, degree=d) for d in set(map(len, self.neighbors))}
            self._limits = [tables[len(near)] for near in self.neighbors]
        for _ in range(n):
            random_site_updates(self._opinions, self.neighbors, self._limits, self._rng)
        return self
