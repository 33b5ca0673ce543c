"""Cities on a map, and a tour through them that Metropolis's rule shortens while it cools."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from book_lib.explorables.ahead import Ahead
from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole
from book_lib.explorables.lists import Numbers, Rows
from book_lib.hopfield import Annealing, anneal_tour, brute_force_tour, geometric_schedule, tour_length
from book_lib.rng import CounterRNG

SIDE = 100  # of the map
FEWEST, MOST = 5, 30
BRUTE = 9  # cities whose 8!/2 tours are tried one by one
HOTTEST = 60.0
COOLING = 100  # a geometric schedule ends at so many parts of where it began
PLACES = 31  # of a drawn schedule
NEAREST = 8  # cities of a map are no nearer to one another
MARGIN = 4
MAPS = 2  # stream of the places; moves draw from streams 0 (annealed) and 1 (downhill)
RUNS = 10  # the first stream of a race


class Race(NamedTuple):
    """The best lengths of many runs.

    Args:
        cooled: under the schedule, shape (R,).
        downhill: at T = 0, shape (R,).
    """

    cooled: NDArray[np.float64]
    downhill: NDArray[np.float64]


class AnnealedTour(Explorable):
    """A closed tour through cities, shortened by turning pieces of it round; T lets it take detours.

    One sweep tries as many moves as there are cities, by `book_lib.hopfield.anneal_tour`, from the tour 0, 1, 2, …
    Beside it the same is done at T = 0 with random numbers of its own.

    Args:
        cities: rows (x, y), 0 to 100, 5 to 30 of them, or none: then `count` cities of the map `map`.
        count: 5 to 30.
        map: the number of the map, 0 to 999.
        temperature: T, 0 to 60, in units of the map: what is held, or where a geometric schedule begins.
        schedule: "hold" (T as set), "geometric" (from T to T/100 by the same factor each sweep), or "drawn".
        sweeps: of a cooling, 20 to 2000.
        drawn: 31 temperatures, 0 to 60, evenly spread over the sweeps, with straight lines between; while it is empty,
            T is held.
        prediction: who the reader bets on: "", "cooling", "downhill", "even", or "skipped".
        seed: of the moves.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-bm-annealing`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> tour = AnnealedTour(count=8, schedule="geometric")
    >>> round(tour.anneal().best_energy, 6) == round(tour.shortest()[0], 6)
    True
    """

    cities = Rows(width=2, rows=(0, MOST), limits=[(0.0, float(SIDE))] * 2).tag(sync=True)
    count = Whole(20, least=FEWEST, most=MOST).tag(sync=True)
    map = Whole(3, least=0, most=999).tag(sync=True)
    temperature = Real(20.0, least=0, most=HOTTEST).tag(sync=True)
    schedule = OneOf(["hold", "geometric", "drawn"], default_value="geometric").tag(sync=True)
    sweeps = Whole(200, least=20, most=2000).tag(sync=True)
    drawn = Numbers([], length=(0, PLACES), least=0, most=HOTTEST).tag(sync=True)
    prediction = OneOf(["", "cooling", "downhill", "even", "skipped"], default_value="").tag(sync=True)

    @traitlets.validate("cities")
    def _enough_cities(self, proposal: Any) -> list:
        if 0 < len(proposal["value"]) < 2 * FEWEST:
            raise ArgumentError(f"cities must hold {FEWEST} rows at least, or none, not {proposal['value']!r}")
        return proposal["value"]

    @traitlets.validate("drawn")
    def _whole_schedule(self, proposal: Any) -> list:
        if len(proposal["value"]) not in (0, PLACES):
            raise ArgumentError(f"drawn must hold {PLACES} temperatures, or none, not {len(proposal['value'])}")
        return proposal["value"]

    def places(self) -> NDArray[np.float64]:
        """Where the cities are, shape (n, 2)."""
        if self.cities:
            return np.array(self.cities, dtype=float).reshape(-1, 2)
        return cities(self.count, self.map)

    def distances(self) -> NDArray[np.float64]:
        """Straight ones, shape (n, n)."""
        gaps = self.places()[:, None] - self.places()[None]
        return np.sqrt(gaps[..., 0] ** 2 + gaps[..., 1] ** 2)

    def temperatures(self, sweeps: int | None = None) -> NDArray[np.float64]:
        """T of the first sweeps, shape (sweeps,); all of the schedule unless a number is given.

        Raises:
            ValueError: for more sweeps than a schedule has.
        """
        wanted = self.sweeps if sweeps is None else sweeps
        if self.schedule == "geometric" and self.temperature > 0:
            full = geometric_schedule(self.temperature, self.temperature / COOLING, self.sweeps)
        elif self.schedule == "drawn" and self.drawn:
            full = scheduled(self.drawn, self.sweeps)
        else:
            return np.full(wanted, self.temperature)
        if wanted > self.sweeps:
            raise ValueError(f"sweeps must be at most {self.sweeps}, those of the schedule, not {wanted}")
        return full[:wanted]

    def anneal(self, sweeps: int | None = None) -> Annealing:
        """The run of the page, by `book_lib.hopfield.anneal_tour`."""
        return anneal_tour(self.distances(), self.temperatures(sweeps), Ahead(self.seed))

    def descend(self, sweeps: int | None = None) -> Annealing:
        """The same at T = 0, with random numbers of its own: only downhill."""
        steps = self.sweeps if sweeps is None else sweeps
        return anneal_tour(self.distances(), np.zeros(steps), Ahead(self.seed, 1))

    def shortest(self) -> tuple[float, NDArray[np.int64]] | None:
        """The length of the shortest tour and that tour, by trying all; None for more than 9 cities."""
        return brute_force_tour(self.distances()) if len(self.places()) <= BRUTE else None

    def mean_length(self, temperatures: ArrayLike) -> NDArray[np.float64] | None:
        """Σ L e^(−L/T) / Σ e^(−L/T) over all tours, the mean length in equilibrium; None for more than 9 cities.

        Args:
            temperatures: T ≥ 0, any shape; at 0 the mean is the shortest length.

        Returns:
            of the same shape.

        >>> square = AnnealedTour(cities=[(0, 0), (60, 0), (60, 60), (0, 60), (30, 90)])
        >>> square.mean_length([0.0, 1e9]).round(1).tolist()  # of the best, and of all twelve
        [264.9, 342.1]
        """
        if len(self.places()) > BRUTE:
            return None
        lengths = _lengths(self.distances())
        least, heat = lengths.min(), np.asarray(temperatures, dtype=float)
        above, cold = lengths - least, heat[..., None] == 0
        weight = np.where(cold, above < 1e-12, np.exp(-above / np.where(cold, 1.0, heat[..., None])))
        return least + (weight * above).sum(axis=-1) / weight.sum(axis=-1)

    def race(self, runs: int = 20) -> Race:
        """The best lengths of many runs, cooled and downhill, each with random numbers of its own."""
        d, heat = self.distances(), self.temperatures()

        def best(stream: int, temperatures: ArrayLike) -> float:
            return anneal_tour(d, temperatures, Ahead(self.seed, stream)).best_energy

        cooled = [best(RUNS + 2 * r, heat) for r in range(runs)]
        return Race(np.array(cooled), np.array([best(RUNS + 1 + 2 * r, np.zeros(self.sweeps)) for r in range(runs)]))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        d, (run, down) = self.distances(), _shown(self)
        n, heat = len(d), self.temperatures()
        known = self.shortest()
        last = f" The shortest of all {math.factorial(n - 1) // 2} tours has {known[0]:.1f}." if known else ""
        return (
            f"{n} cities on a map of side {SIDE} and a closed tour through them. It began with the length "
            f"{tour_length(d, range(n)):.1f}; after {len(heat)} sweeps, at temperatures from {heat[0]:g} to "
            f"{heat[-1]:.3g}, the best tour met has {run.best_energy:.1f}. Only downhill, at T = 0, it is "
            f"{down.best_energy:.1f}.{last}"
        )

    def still(self) -> tuple:
        """The best tour on the map; the length against the sweep, annealed and downhill."""
        from book_lib import plotting

        colors, places, (run, down) = plotting.COLORS, self.places(), _shown(self)
        figure, (left, right) = plotting.figure(height=2.8, columns=2)
        way = places[np.append(run.best, run.best[0])]
        left.plot(*way.T, color=colors.simulation)
        left.plot(*places.T, "o", color=colors.theory, markersize=4)
        left.set(xlim=(0, SIDE), ylim=(0, SIDE), aspect="equal", xticks=[], yticks=[], xlabel="the best tour met")
        right.plot(run.energies, color=colors.simulation, label="annealed")
        right.plot(down.energies, "--", color=colors.mean_field, label="downhill")
        known = self.shortest()
        if known:
            right.axhline(known[0], color=colors.ink, linewidth=0.6, linestyle=":", label="shortest")
            some = np.linspace(0, len(run.energies) - 1, 31).astype(int)
            means = self.mean_length(self.temperatures()[some])
            right.plot(some, means, color=colors.theory, label=r"mean by $e^{-L/T}$")
        right.set(xlabel="sweep", ylabel="length", ylim=(0, None))
        right.locator_params(nbins=4)
        right.legend(loc="lower right")
        return plotting.still(figure)


@lru_cache(maxsize=4)  # the alt text and the picture show the same runs
def _walked(settings: tuple) -> tuple[Annealing, Annealing]:
    one = AnnealedTour(**{name: list(v) if isinstance(v, tuple) else v for name, v in settings})
    return one.anneal(), one.descend()


def _shown(one: AnnealedTour) -> tuple[Annealing, Annealing]:
    names = ("cities", "count", "map", "temperature", "schedule", "sweeps", "drawn", "seed")
    values = [getattr(one, name) for name in names]
    return _walked(tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in zip(names, values, strict=True)))


def _lengths(d: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of all closed tours, shape ((n − 1)!/2,)."""
    ways = itertools.permutations(range(1, len(d)))
    tours = np.array([(0, *way) for way in ways if way[0] < way[-1]])  # of a tour and the same one backwards
    return d[tours, np.roll(tours, -1, axis=1)].sum(axis=1)


def cities(count: int, number: int) -> NDArray[np.float64]:
    """Places drawn by the number of the map, none nearer than 8 to another, shape (count, 2); see `core/tours.js`.

    >>> cities(5, 0).shape
    (5, 2)
    """
    rng = CounterRNG(number, MAPS)
    places: list[tuple[int, int]] = []
    while len(places) < count:
        x, y = (MARGIN + int(rng.integers(SIDE - 2 * MARGIN + 1)) for _ in range(2))
        if all((a - x) ** 2 + (b - y) ** 2 >= NEAREST**2 for a, b in places):
            places.append((x, y))
    return np.array(places, dtype=float)


def scheduled(drawn: ArrayLike, sweeps: int) -> NDArray[np.float64]:
    """The temperatures of a drawn schedule, shape (sweeps,); mirrored in `core/tours.js`.

    Args:
        drawn: shape (31,), the first at sweep 0, the last at sweep `sweeps`.
        sweeps: ≥ 1.

    Raises:
        ValueError: for another shape.

    >>> scheduled([30.0] * 31, 3).tolist()
    [30.0, 30.0, 30.0]
    """
    points = np.asarray(drawn, dtype=float)
    if points.shape != (PLACES,):
        raise ValueError(f"drawn must hold {PLACES} temperatures, not an array of shape {points.shape}")
    at = np.arange(sweeps) * (PLACES - 1) / sweeps
    low = np.minimum(PLACES - 2, np.floor(at).astype(int))
    return points[low] + (at - low) * (points[low + 1] - points[low])
