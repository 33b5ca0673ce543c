"""Hopfield networks that search: maximum cut, colouring and tours as energies; see :mod:`book_lib.hopfield`.

An energy of 0/1 variables x becomes one of spins by x = (1 + s)/2. Constraints are penalties; a minimum that pays one
is no solution, and says so (the decoders return None). Descent ends in a local minimum; annealing finds better ones,
and finds the best for certain only at a speed that nobody can wait for (:cite:`hopfield1985neural`,
:cite:`kirkpatrick1983optimization`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._hopfield_network import Hopfield, State, spins
from book_lib.rng import RandomLike, as_generator

_BRUTE = 9  # cities whose 8!/2 tours are soon tried


def _from_binary(quadratic: NDArray[np.float64], linear: NDArray[np.float64]) -> Hopfield:
    """Return the network with E(s) = xᵀQx + c·x + const for x = (1 + s)/2; Q symmetric, with a zero diagonal.

    xᵀQx = ¼ sᵀQs + ½ (Q1)·s + const, so W = −½Q and θ = −½(Q1 + c).
    """
    network = Hopfield(len(quadratic), -0.5 * (quadratic.sum(1) + linear))
    network.weights = -0.5 * quadratic
    return network


def _symmetric(name: str, matrix: ArrayLike) -> NDArray[np.float64]:
    array = _checks.finite_array(name, matrix)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 2:
        raise ValueError(f"{name} must be a square matrix of at least 2 × 2, got shape {array.shape}")
    if not np.array_equal(array, array.T) or np.diag(array).any():
        raise ValueError(f"{name} must be symmetric with a zero diagonal")
    return array


def max_cut_network(adjacency: ArrayLike) -> Hopfield:
    """Return the network whose energy falls by 1 for each unit of weight that the two camps s = ±1 cut.

    cut = ½ Σ_{i<j} A_ij (1 − s_i s_j), so E = −cut + ½ Σ_{i<j} A_ij with W = −½A: an antiferromagnet.

    Args:
        adjacency: A ≥ 0 or not, symmetric with a zero diagonal, shape (n, n), n ≥ 2.

    Raises:
        TypeError, ValueError: if it is no such matrix.

    See the section :ref:`sec-hop-search`.
    """
    array = _symmetric("adjacency", adjacency)
    network = Hopfield(len(array))
    network.weights = -0.5 * array
    return network


def cut_size(adjacency: ArrayLike, state: ArrayLike) -> float:
    """Return the weight of the edges between the camps s = +1 and s = −1.

    Raises:
        TypeError, ValueError: if the matrix is not symmetric with a zero diagonal, or the state not ±1 of its size.

    >>> cut_size([[0, 1, 1], [1, 0, 1], [1, 1, 0]], [1, 1, -1])
    2.0
    """
    array = _symmetric("adjacency", adjacency)
    s = spins("state", state, len(array)).astype(float)
    return float((array.sum() - s @ array @ s) / 4)


def brute_force_max_cut(adjacency: ArrayLike) -> tuple[float, State]:
    """Return the largest cut and a state that makes it, by trying all 2^(n−1); n ≤ 20.

    Raises:
        TypeError, ValueError: if the matrix is not symmetric with a zero diagonal, or larger.
    """
    array = _symmetric("adjacency", adjacency)
    n = _checks.integer("len(adjacency)", len(array), 2, 20)
    bits = (np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1  # the last camp is fixed: −s cuts as s does
    states = 1 - 2 * bits
    cuts = (array.sum() - np.einsum("ki,ki->k", states @ array, states)) / 4
    best = int(cuts.argmax())
    return float(cuts[best]), states[best].astype(np.int8)


def coloring_network(edges: ArrayLike, n: int, colors: int, penalty: float = 2.0) -> Hopfield:
    """Return a network of n·K units, unit (i, k) up where node i has colour k, whose zero-cost states are colourings.

    Cost = A Σ_i (Σ_k x_ik − 1)² + Σ_(ij) Σ_k x_ik x_jk: exactly one colour a node, and none shared along an edge.

    Args:
        edges: pairs of nodes 0 … n − 1, shape (E, 2).
        n: the number of nodes, ≥ 1.
        colors: K ≥ 1.
        penalty: A > 0; with A > 1 no edge is worth a missing colour... of a node with one clash.

    Raises:
        TypeError, ValueError: if an edge leaves the graph or joins a node to itself, or a number is out of range.

    See the section :ref:`sec-hop-search`.
    """
    n, colors = _checks.integer("n", n, 1), _checks.integer("colors", colors, 1)
    penalty = _checks.positive("penalty", penalty)
    graph = np.zeros((n, n))
    for i, j in _edges(edges, n):
        graph[i, j] = graph[j, i] = 1
    one_each = np.kron(np.eye(n), np.ones((colors, colors)) - np.eye(colors))
    quadratic = penalty * one_each + 0.5 * np.kron(graph, np.eye(colors))
    return _from_binary(quadratic, np.full(n * colors, -penalty))


def _edges(edges: ArrayLike, n: int) -> NDArray[np.int64]:
    pairs = np.asarray(edges)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        raise ValueError(f"edges must be pairs of nodes, shape (E, 2), got shape {pairs.shape}")
    if pairs.min() < 0 or pairs.max() >= n or (pairs[:, 0] == pairs[:, 1]).any():
        raise ValueError(f"edges must join two different nodes of 0 … {n - 1}, got {pairs.tolist()}")
    return pairs


def decode_coloring(state: ArrayLike, edges: ArrayLike, n: int) -> NDArray[np.int64] | None:
    """Return the colour of each node, shape (n,); None where a node has none or two, or an edge joins equals.

    Raises:
        TypeError, ValueError: if the state is not ±1 of shape (n·K,), or the edges leave the graph.
    """
    s = spins("state", state)
    if len(s) % n:
        raise ValueError(f"state must hold a multiple of n = {n} units, got {len(s)}")
    up = s.reshape(n, -1) > 0
    if (up.sum(1) != 1).any():
        return None
    color = up.argmax(1)
    pairs = _edges(edges, n)
    return None if (color[pairs[:, 0]] == color[pairs[:, 1]]).any() else color


def tour_network(distances: ArrayLike, penalty: float | None = None) -> Hopfield:
    """Return a network of n² units, unit (c, k) up where city c is the k-th stop.

    Cost = Σ_k Σ_(cd) d_cd x_ck x_d,k+1 + A Σ_c (Σ_k x_ck − 1)² + A Σ_k (Σ_c x_ck − 1)²: the length, if it is a tour.

    Args:
        distances: symmetric with a zero diagonal, shape (n, n), n ≥ 3.
        penalty: A > 0; twice the largest distance if not given.

    Raises:
        TypeError, ValueError: if the matrix is no such matrix or the penalty not positive.

    See the section :ref:`sec-hop-search`.
    """
    d = _symmetric("distances", distances)
    n = _checks.integer("len(distances)", len(d), 3)
    a = 2 * float(d.max()) if penalty is None else _checks.positive("penalty", penalty)
    others = np.ones((n, n)) - np.eye(n)
    following = np.roll(np.eye(n), 1, axis=1)  # k is followed by k + 1
    neighbors = 0.5 * (following + following.T)
    quadratic = np.kron(d, neighbors) + a * (np.kron(np.eye(n), others) + np.kron(others, np.eye(n)))
    return _from_binary(quadratic, np.full(n * n, -2.0 * a))


def decode_tour(state: ArrayLike) -> NDArray[np.int64] | None:
    """Return the cities in the order of their stops, shape (n,); None where the state is no tour.

    Raises:
        TypeError, ValueError: if the state is not ±1 of shape (n²,).
    """
    s = spins("state", state)
    n = math.isqrt(len(s))
    if n * n != len(s):
        raise ValueError(f"state must hold n² units, got {len(s)}")
    up = s.reshape(n, n) > 0
    return up.argmax(0) if (up.sum(0) == 1).all() and (up.sum(1) == 1).all() else None


def tour_length(distances: ArrayLike, tour: Sequence[int]) -> float:
    """Return the length of a closed tour.

    Args:
        distances: symmetric with a zero diagonal, shape (n, n).
        tour: each city 0 … n − 1 once.

    Raises:
        TypeError, ValueError: if the matrix is no such matrix, or the tour leaves a city out.
    """
    d = _symmetric("distances", distances)
    stops = _tour("tour", tour, len(d))
    return float(d[stops, np.roll(stops, -1)].sum())


def _tour(name: str, tour: Sequence[int], n: int) -> NDArray[np.int64]:
    stops = np.asarray(tour)
    if stops.dtype.kind not in "iu" or not np.array_equal(np.sort(stops.ravel()), np.arange(n)):
        raise ValueError(f"{name} must name each city 0 … {n - 1} once, got {tour!r}")
    return stops


def brute_force_tour(distances: ArrayLike) -> tuple[float, NDArray[np.int64]]:
    """Return the shortest tour and its length, by trying all (n − 1)!/2; n ≤ 9.

    Raises:
        TypeError, ValueError: if the matrix is not symmetric with a zero diagonal, or larger.
    """
    d = _symmetric("distances", distances)
    n = _checks.integer("len(distances)", len(d), 3, _BRUTE)
    rest = np.array([p for p in itertools.permutations(range(1, n)) if p[0] < p[-1]])
    tours = np.column_stack([np.zeros(len(rest), int), rest])
    lengths = d[tours, np.roll(tours, -1, axis=1)].sum(1)
    best = int(lengths.argmin())
    return float(lengths[best]), tours[best]


@dataclass(frozen=True, eq=False)
class Annealing:
    """What :func:`anneal` or :func:`anneal_tour` did.

    Args:
        best: the best state or tour that was met.
        best_energy: its energy or length.
        final: the last one.
        energies: E after each sweep, shape (S,).
        temperatures: T of each sweep, shape (S,).
    """

    best: NDArray
    best_energy: float
    final: NDArray
    energies: NDArray[np.float64] = field(repr=False)
    temperatures: NDArray[np.float64] = field(repr=False)


def geometric_schedule(start: float, end: float, sweeps: int) -> NDArray[np.float64]:
    """Return temperatures that fall by the same factor each sweep, from ``start`` to ``end``.

    Raises:
        TypeError, ValueError: if a temperature is not positive, the end is above the start, or sweeps is below 2.

    >>> geometric_schedule(4, 1, 3)
    array([4., 2., 1.])
    """
    start, end = _checks.positive("start", start), _checks.positive("end", end)
    if end > start:
        raise ValueError(f"end must not be above start = {start}, got {end}")
    return np.geomspace(start, end, _checks.integer("sweeps", sweeps, 2))


def _schedule(temperatures: ArrayLike) -> NDArray[np.float64]:
    array = np.atleast_1d(_checks.finite_array("temperatures", temperatures))
    if array.ndim != 1 or array.size == 0 or (array < 0).any():
        raise ValueError(f"temperatures must be 0 or more, shape (S,) with S ≥ 1, got shape {array.shape}")
    return array


def anneal(network: Hopfield, temperatures: ArrayLike, rng: RandomLike, start: ArrayLike | None = None) -> Annealing:
    """Update the units by heat bath, one sweep at each temperature, in a new order each sweep.

    A unit comes up with probability σ(2h/T); at T = 0 it follows its field, as in :meth:`Hopfield.recall`.

    Args:
        network: of n units.
        temperatures: T ≥ 0 of each sweep, shape (S,); see :func:`geometric_schedule`.
        rng: a seed or a generator.
        start: ±1, shape (n,); random if not given.

    Raises:
        TypeError, ValueError: if a temperature is negative or not finite, or the start is not ±1 of shape (n,).

    See the section :ref:`sec-hop-search`.
    """
    schedule, generator = _schedule(temperatures), as_generator(rng)
    n, w = network.n, network.weights
    s = 2 * generator.integers(0, 2, size=n) - 1 if start is None else spins("start", start, n).astype(np.int64)
    h = w @ s + network.thresholds
    best, best_energy, energies = s.copy(), network.energy(s), []
    for t in schedule:
        uniform = generator.random(n)
        for i in generator.permutation(n):
            up = h[i] > 0 or (h[i] == 0 and s[i] > 0) if t == 0 else uniform[i] < _sigmoid(2 * h[i] / t)
            if up != (s[i] > 0):
                s[i] = -s[i]
                h += 2.0 * s[i] * w[i]
        energies.append(network.energy(s))
        if energies[-1] < best_energy:
            best, best_energy = s.copy(), energies[-1]
    return Annealing(best.astype(np.int8), best_energy, s.astype(np.int8), np.array(energies), schedule)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def anneal_tour(
    distances: ArrayLike, temperatures: ArrayLike, rng: RandomLike, start: Sequence[int] | None = None
) -> Annealing:
    """Shorten a tour by turning pieces of it round, accepted by Metropolis's rule: every state is a tour.

    One sweep tries n moves. A move picks two places i < j, each draw one word, and reverses the stops between them.

    Args:
        distances: symmetric with a zero diagonal, shape (n, n), n ≥ 4.
        temperatures: T ≥ 0 of each sweep, shape (S,), in units of distance.
        rng: a seed or a generator; with a CounterRNG `core/tours.js` makes the same moves.
        start: each city once; 0, 1, … if not given.

    Raises:
        TypeError, ValueError: if an argument is out of range.

    See the section :ref:`sec-hop-search`.
    """
    d = _symmetric("distances", distances)
    n = _checks.integer("len(distances)", len(d), 4)
    schedule, generator = _schedule(temperatures), as_generator(rng)
    tour = np.arange(n) if start is None else _tour("start", start, n).copy()
    length = tour_length(d, tour)
    best, best_length, lengths = tour.copy(), length, []
    for t in schedule:
        for _ in range(n):
            length += _try_reversal(d, tour, t, generator)
        lengths.append(length)
        if length < best_length - 1e-12:
            best, best_length = tour.copy(), length
    return Annealing(best, tour_length(d, best), tour, np.array(lengths), schedule)


def _try_reversal(d: NDArray[np.float64], tour: NDArray[np.int64], t: float, generator: object) -> float:
    """Try one move in place and return by how much the tour grew."""
    n = len(tour)
    i, j = sorted((int(generator.integers(n)), int(generator.integers(n))))
    chance = float(generator.random())
    if i == j or (i == 0 and j == n - 1):
        return 0.0  # nothing, or the whole tour backwards: the same tour
    a, b, c, e = tour[i - 1], tour[i], tour[j], tour[(j + 1) % n]
    change = float(d[a, c] + d[b, e] - d[a, b] - d[c, e])
    if change > 0 and (t == 0 or chance >= math.exp(-change / t)):
        return 0.0
    tour[i : j + 1] = tour[i : j + 1][::-1].copy()
    return change
