"""Hopfield networks that search: maximum cut, colouring and tours as energies; see :mod:`book_lib.hopfield`.

An energy of 0/1 variables x becomes one of spins by x = (1 + s)/2. Constraints are penalties; a minimum that
pays one is no solution, and says so (the decoders return None). Descent ends in a local minimum; annealing
finds better ones, and the best for certain only at a speed that nobody can wait for
(:cite:`hopfield1985neural`, :cite:`kirkpatrick1983optimization`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._hopfield_network import LARGEST, Hopfield, State, bounded, permutation, spins, symmetric
from book_lib._ising_kernels import sigmoid
from book_lib.rng import Generator, RandomLike, as_generator

Tour = NDArray[np.intp]
_REACH = 1e280  # of given numbers in all: the energies made of them stay within a network's
_CITIES = 9  # whose 8!/2 tours are soon tried
_UNITS = 20  # whose 2¹⁹ cuts fit the memory of a laptop


def _from_binary(quadratic: NDArray[np.float64], linear: NDArray[np.float64]) -> Hopfield:
    """Return the network with E(s) = xᵀQx + c·x + const for x = (1 + s)/2; Q symmetric, with a zero diagonal.

    xᵀQx = ¼ sᵀQs + ½ (Q1)·s + const, so W = −½Q and θ = −½(Q1 + c).
    """
    network = Hopfield(len(quadratic), -0.5 * (quadratic.sum(1) + linear))
    network.weights = -0.5 * quadratic
    return network


# ---------------------------------------------------------------------------- the largest cut


def _adjacency(adjacency: ArrayLike) -> NDArray[np.float64]:
    array = symmetric("adjacency", adjacency, 2)
    bounded("adjacency", array, _REACH)
    return array


def max_cut_network(adjacency: ArrayLike) -> Hopfield:
    """Return the network whose energy falls by 1 for each unit of weight that the two camps s = ±1 cut.

    cut = ½ Σ_{i<j} A_ij (1 − s_i s_j), so E = −cut + ½ Σ_{i<j} A_ij with W = −½A: an antiferromagnet.

    Args:
        adjacency: the weights A of the edges, symmetric with a zero diagonal, shape (n, n), n ≥ 2.

    Raises:
        TypeError, ValueError: if it is no such matrix.

    See the section :ref:`sec-hop-search`.

    >>> triangle = [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    >>> max_cut_network(triangle).energy([1, 1, -1])  # 3/2 − a cut of 2
    -0.5
    """
    array = _adjacency(adjacency)
    network = Hopfield(len(array))
    network.weights = -0.5 * array
    return network


def cut_size(adjacency: ArrayLike, state: ArrayLike) -> float:
    """Return the weight of the edges between the camps s = +1 and s = −1.

    Args:
        adjacency: symmetric with a zero diagonal, shape (n, n), n ≥ 2.
        state: ±1, shape (n,).

    Raises:
        TypeError, ValueError: if the matrix is no such matrix, or the state not ±1 of its size.

    >>> cut_size([[0, 1, 1], [1, 0, 1], [1, 1, 0]], [1, 1, -1])
    2.0
    """
    array = _adjacency(adjacency)
    return float(_cuts(array, spins("state", state, len(array))[None])[0])


def _cuts(array: NDArray[np.float64], states: State) -> NDArray[np.float64]:
    s = states.astype(float)
    return (array.sum() - np.einsum("ki,ki->k", s @ array, s)) / 4


def brute_force_max_cut(adjacency: ArrayLike) -> tuple[float, State]:
    """Return the largest cut and a state that makes it, by trying all 2^(n−1).

    Args:
        adjacency: symmetric with a zero diagonal, shape (n, n), 2 ≤ n ≤ 20.

    Raises:
        TypeError, ValueError: if it is no such matrix.

    >>> brute_force_max_cut([[0, 1, 1], [1, 0, 1], [1, 1, 0]])[0]
    2.0
    """
    array = _adjacency(adjacency)
    n = _checks.integer("len(adjacency)", len(array), 2, _UNITS)
    bits = (np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1  # the last camp is fixed: −s cuts as s does
    states = (1 - 2 * bits).astype(np.int8)
    cuts = _cuts(array, states)
    best = int(cuts.argmax())
    return float(cuts[best]), states[best]


# ---------------------------------------------------------------------------- colours


def coloring_network(edges: ArrayLike, n: int, colors: int, penalty: float = 0.5) -> Hopfield:
    """Return a network of n·K units, (i, k) up where node i has colour k; colourings are its lowest states.

    Cost = A Σ_i (Σ_k x_ik − 1)² + Σ_(ij) Σ_k x_ik x_jk, up to a constant: one colour a node, and none shared
    along an edge. Only a colouring costs nothing, whatever A > 0; but A decides where descent may stop. A
    blank node takes a colour that fewer than A of its neighbours have, and drops one that more than A have.

    * Below A = 1 neighbours never clash in the end, and a node is blank only if all K colours are next door.
    * Above 1 nodes rather clash than stay blank. From the largest number of neighbours on every choice of one
      colour for each node is stable, and descent stops at the first that it meets.

    So descent colours better with A below 1, and then alike with every A.

    Args:
        edges: pairs of nodes 0 … n − 1, shape (E, 2); an empty list for none.
        n: the number of nodes, ≥ 1.
        colors: K ≥ 1, and n·K ≤ 2²⁴.
        penalty: A > 0.

    Raises:
        TypeError, ValueError: if an edge leaves the graph or joins a node to itself, or a number is out of
            range.

    See the section :ref:`sec-hop-search`.

    >>> coloring_network([[0, 1]], n=2, colors=2).is_stable([1, -1, -1, 1])
    True
    """
    n, colors = _checks.integer("n", n, 1), _checks.integer("colors", colors, 1)
    _checks.integer("n · colors", n * colors, 1, LARGEST)
    penalty = _penalty(penalty)
    graph = np.zeros((n, n))
    for i, j in _edges(edges, n):
        graph[i, j] = graph[j, i] = 1
    one_each = np.kron(np.eye(n), np.ones((colors, colors)) - np.eye(colors))
    quadratic = penalty * one_each + 0.5 * np.kron(graph, np.eye(colors))
    return _from_binary(quadratic, np.full(n * colors, -penalty))


def _penalty(penalty: float) -> float:
    number = _checks.positive("penalty", penalty)
    bounded("penalty", number, _REACH)
    return number


def _edges(edges: ArrayLike, n: int) -> NDArray[np.intp]:
    pairs = _checks.regular("edges", edges)
    if pairs.size == 0:
        return np.empty((0, 2), np.intp)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        came = f"{pairs.dtype.name} of shape {pairs.shape}"
        raise ValueError(f"edges must be pairs of whole numbers, shape (E, 2), got {came}")
    wrong = pairs[((pairs < 0) | (pairs >= n)).any(1) | (pairs[:, 0] == pairs[:, 1])]
    if len(wrong):
        raise ValueError(f"edges must join two different nodes of 0 … {n - 1}, got {wrong[0].tolist()}")
    return pairs.astype(np.intp)


def decode_coloring(state: ArrayLike, edges: ArrayLike, n: int) -> NDArray[np.intp] | None:
    """Return the colour of each node, shape (n,); None where a node has none or two, or an edge joins equals.

    Args:
        state: ±1, shape (n·K,).
        edges: as in :func:`coloring_network`.
        n: the number of nodes, ≥ 1.

    Raises:
        TypeError, ValueError: if the state is not ±1 of shape (n·K,), or the edges leave the graph.

    >>> decode_coloring([1, -1, -1, 1], [[0, 1]], n=2)
    array([0, 1])
    """
    s, n = spins("state", state), _checks.integer("n", n, 1)
    pairs = _edges(edges, n)
    if len(s) % n:
        raise ValueError(f"state must hold a multiple of n = {n} units, got {len(s)}")
    up = s.reshape(n, -1) > 0
    color = up.argmax(1)
    solved = (up.sum(1) == 1).all() and (color[pairs[:, 0]] != color[pairs[:, 1]]).all()
    return color if solved else None


# ---------------------------------------------------------------------------- tours


def _distances(distances: ArrayLike, least: int) -> NDArray[np.float64]:
    d = symmetric("distances", distances, least)
    if (d < 0).any():
        raise ValueError(f"distances must be 0 or more, got {d.min()}")
    bounded("distances", d, _REACH)
    return d


def tour_network(distances: ArrayLike, penalty: float | None = None) -> Hopfield:
    """Return a network of n² units, unit (c, k) up where city c is the k-th stop.

    Cost = Σ_k Σ_(cd) d_cd x_ck x_d,k+1 + A Σ_c (Σ_k x_ck − 1)² + A Σ_k (Σ_c x_ck − 1)², up to a constant: the
    length, if it is a tour (after :cite:`hopfield1985neural`). With A above the largest distance the lowest
    states are the shortest tours; but every tour is stable then, and so descent takes the first it meets.

    Args:
        distances: symmetric, 0 or more, with a zero diagonal, shape (n, n), n ≥ 3.
        penalty: A > 0; twice the largest distance if not given.

    Raises:
        TypeError, ValueError: if the matrix is no such matrix, all distances are 0, or the penalty is not
            positive.

    See the section :ref:`sec-hop-search`.
    """
    d = _distances(distances, 3)
    if penalty is None and not d.any():
        raise ValueError("distances must not all be 0, or a penalty must be given")
    a = 2 * float(d.max()) if penalty is None else _penalty(penalty)
    n = len(d)
    others = np.ones((n, n)) - np.eye(n)
    following = np.roll(np.eye(n), 1, axis=1)  # k is followed by k + 1
    neighbors = 0.5 * (following + following.T)
    quadratic = np.kron(d, neighbors) + a * (np.kron(np.eye(n), others) + np.kron(others, np.eye(n)))
    return _from_binary(quadratic, np.full(n * n, -2.0 * a))


def decode_tour(state: ArrayLike) -> Tour | None:
    """Return the cities in the order of their stops, shape (n,); None where the state is no tour.

    Args:
        state: ±1, shape (n²,), of :func:`tour_network`.

    Raises:
        TypeError, ValueError: if the state is not ±1 of such a shape.

    >>> decode_tour([-1, 1, -1, 1, -1, -1, -1, -1, 1])
    array([1, 0, 2])
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
        distances: symmetric, 0 or more, with a zero diagonal, shape (n, n), n ≥ 2.
        tour: each city 0 … n − 1 once.

    Raises:
        TypeError, ValueError: if the matrix is no such matrix, or the tour leaves a city out.

    >>> tour_length([[0, 3, 4], [3, 0, 5], [4, 5, 0]], [1, 0, 2])
    12.0
    """
    d = _distances(distances, 2)
    return _length(d, permutation("tour", tour, len(d), "city"))


def _length(d: NDArray[np.float64], tour: Tour) -> float:
    return float(d[tour, np.roll(tour, -1)].sum())


def brute_force_tour(distances: ArrayLike) -> tuple[float, Tour]:
    """Return the length of the shortest tour and that tour, by trying all (n − 1)!/2.

    Args:
        distances: symmetric, 0 or more, with a zero diagonal, shape (n, n), 3 ≤ n ≤ 9.

    Raises:
        TypeError, ValueError: if it is no such matrix.

    See the section :ref:`sec-hop-search`.
    """
    d = _distances(distances, 3)
    n = _checks.integer("len(distances)", len(d), 3, _CITIES)
    rest = np.array([p for p in itertools.permutations(range(1, n)) if p[0] < p[-1]])  # one way round
    tours = np.column_stack([np.zeros(len(rest), np.intp), rest])
    lengths = d[tours, np.roll(tours, -1, axis=1)].sum(1)
    best = int(lengths.argmin())
    return float(lengths[best]), tours[best]


# ---------------------------------------------------------------------------- cooling


@dataclass(frozen=True, eq=False)
class Annealing:
    """What :func:`anneal` or :func:`anneal_tour` did.

    Args:
        best: the best state or tour of those at the start and after each sweep.
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
    """Return temperatures that fall by the same factor each sweep, shape (S,).

    Args:
        start: T > 0 of the first sweep, in units of energy.
        end: T > 0 of the last, at most ``start``.
        sweeps: S ≥ 2.

    Raises:
        TypeError, ValueError: if a temperature is not positive, the end is above the start, or ``sweeps`` is
            out of range.

    See the section :ref:`sec-bm-annealing`.

    >>> geometric_schedule(4, 1, 3)
    array([4., 2., 1.])
    """
    start, end = _checks.positive("start", start), _checks.positive("end", end)
    if end > start:
        raise ValueError(f"end must not be above start = {start}, got {end}")
    return np.geomspace(start, end, _checks.integer("sweeps", sweeps, 2, _checks.LONGEST))


def _schedule(temperatures: ArrayLike) -> NDArray[np.float64]:
    array = np.atleast_1d(_checks.finite_array("temperatures", temperatures)).copy()
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"temperatures must have shape (S,) with S ≥ 1, got {array.shape}")
    if (array < 0).any():
        raise ValueError(f"temperatures must be 0 or more, got {array.min()}")
    return array


def anneal(
    network: Hopfield, temperatures: ArrayLike, rng: RandomLike, start: ArrayLike | None = None
) -> Annealing:
    """Update the units by heat bath, one sweep at each temperature, in a new order each sweep.

    A unit comes up with probability σ(2h/T); at T = 0 it follows its field, as in :meth:`Hopfield.recall`.
    Each sweep draws n uniform numbers, one for each unit, and an order.

    Args:
        network: of n units.
        temperatures: T ≥ 0 of each sweep, shape (S,); see :func:`geometric_schedule`.
        rng: a seed or a generator.
        start: ±1, shape (n,); random if not given.

    Raises:
        TypeError: if the network is none, or numbers are not.
        ValueError: if a temperature is negative or not finite, or the start is not ±1 of shape (n,).

    See the section :ref:`sec-bm-annealing`.

    >>> anneal(Hopfield(3).store([[1, -1, 1]]), geometric_schedule(2, 0.1, 20), rng=0).best_energy
    -1.0
    """
    if not isinstance(network, Hopfield):
        raise TypeError(f"network must be a Hopfield network, got {type(network).__name__}")
    schedule, generator = _schedule(temperatures), as_generator(rng)
    n, w, tie = network.n, network.weights, network._tie()
    s = 2 * generator.integers(0, 2, size=n) - 1 if start is None else spins("start", start, n)
    s = s.astype(np.int8)
    best, best_energy, energies = s.copy(), network.energy(s), []
    for t in schedule.tolist():
        uniform = generator.random(n)
        _heat_bath(w, network._field(s), s, generator.permutation(n), uniform, t, tie)
        energies.append(network.energy(s))
        if energies[-1] < best_energy:
            best, best_energy = s.copy(), energies[-1]
    return Annealing(best, best_energy, s, np.array(energies), schedule)


def _heat_bath(
    w: NDArray, h: NDArray, s: State, order: NDArray[np.intp], uniform: NDArray, t: float, tie: NDArray
) -> None:
    """Update each unit of ``s`` once, in place, with the fields ``h`` kept up to date."""
    for i in order.tolist():
        if t == 0:
            turn = h[i] * s[i] < -tie[i]
        else:
            turn = (uniform[i] < sigmoid(2 * float(h[i]) / t)) != (s[i] > 0)
        if turn:
            s[i] = -s[i]
            h += 2.0 * s[i] * w[i]


def anneal_tour(
    distances: ArrayLike, temperatures: ArrayLike, rng: RandomLike, start: Sequence[int] | None = None
) -> Annealing:
    """Shorten a tour by turning pieces of it round, accepted by Metropolis's rule: every state is a tour.

    One sweep tries n moves (:cite:`kirkpatrick1983optimization`). A move draws two places i ≤ j, reverses the
    stops between them, and draws one uniform number for its acceptance.

    Args:
        distances: symmetric, 0 or more, with a zero diagonal, shape (n, n), n ≥ 4.
        temperatures: T ≥ 0 of each sweep, shape (S,), in units of distance.
        rng: a seed or a generator; with a CounterRNG `core/tours.js` makes the same moves.
        start: each city once; 0, 1, … if not given.

    Raises:
        TypeError, ValueError: if an argument is out of range.

    See the section :ref:`sec-bm-annealing`.

    >>> square = [[0, 1, 1.4, 1], [1, 0, 1, 1.4], [1.4, 1, 0, 1], [1, 1.4, 1, 0]]
    >>> anneal_tour(square, geometric_schedule(1, 0.01, 20), rng=0, start=[0, 2, 1, 3]).best_energy
    4.0
    """
    d = _distances(distances, 4)
    n, schedule, generator = len(d), _schedule(temperatures), as_generator(rng)
    tour = np.arange(n) if start is None else permutation("start", start, n, "city")
    length = _length(d, tour)
    best, best_length, lengths = tour.copy(), length, []
    for t in schedule.tolist():
        for _ in range(n):
            length += _try_reversal(d, tour, t, generator)
        lengths.append(length)
        if length < best_length - 1e-12 * best_length:  # by more than the changes' rounding
            best, best_length = tour.copy(), length
    return Annealing(best, _length(d, best), tour, np.array(lengths), schedule)


def _try_reversal(d: NDArray[np.float64], tour: Tour, t: float, generator: Generator) -> float:
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
