"""k-means, and soft k-means, which is k-means at a temperature.

The section :ref:`sec-model-clustering`. Both alternate two steps, each of which can only lower one and the same number:
give every point to its nearest centre (or, when warm, to all centres, in shares e^{−E/T}), then move every centre to
the mean of its points. As T → 0 the shares become certainties, and soft k-means becomes k-means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.probability import softmax
from book_lib.rng import Generator, RandomLike, as_generator

__all__ = ["Clusters", "SoftClusters", "kmeans", "kmeans_start", "soft_kmeans", "within_cluster_sum"]


@dataclass(frozen=True, eq=False)
class Clusters:
    """What :func:`kmeans` found.

    Args:
        centers: shape (K, D).
        labels: the cluster of each point, 0 … K−1, shape (N,).
        history: the within-cluster sum of squares after each half-step (points given, centres moved, points given …).
        converged: whether the labels had stopped changing.
    """

    centers: NDArray[np.float64]
    labels: NDArray[np.int64]
    history: NDArray[np.float64]
    converged: bool


@dataclass(frozen=True, eq=False)
class SoftClusters:
    """What :func:`soft_kmeans` found.

    Args:
        centers: shape (K, D).
        shares: how much of point n belongs to centre k, shape (N, K); rows sum to 1.
        history: the free energy Σ r E + T Σ r ln r after each half-step (shares given, centres moved, …).
        converged: whether the free energy had stopped falling.
    """

    centers: NDArray[np.float64]
    shares: NDArray[np.float64]
    history: NDArray[np.float64]
    converged: bool

    @property
    def labels(self) -> NDArray[np.int64]:
        """The centre with the largest share of each point, shape (N,)."""
        return self.shares.argmax(axis=1)


def within_cluster_sum(data: ArrayLike, labels: ArrayLike, centers: ArrayLike) -> float:
    """Return Φ = Σ_n |x_n − μ_{k(n)}|², the number that k-means makes small.

    Args:
        data: shape (N, D).
        labels: shape (N,), 0 … K−1.
        centers: shape (K, D).

    Raises:
        ValueError: if shapes do not fit or a label is not in 0 … K−1.
        TypeError: if an argument is not numeric.

    >>> within_cluster_sum([[0.0], [2.0], [9.0]], [0, 0, 1], [[1.0], [9.0]])
    2.0
    """
    points = _points(data)
    centers = _centers("centers", centers, points)
    labels = _checks.regular("labels", labels)
    if labels.shape != (len(points),) or labels.dtype.kind not in "iu":
        raise ValueError(f"labels must be {len(points)} integers, got shape {labels.shape}, {labels.dtype}")
    if labels.min() < 0 or labels.max() >= len(centers):
        raise ValueError(f"labels must lie in 0 … {len(centers) - 1}, got {labels.min()} … {labels.max()}")
    return float(_squares(points - centers[labels]).sum())


def kmeans_start(data: ArrayLike, clusters: int, rng: RandomLike = 0) -> NDArray[np.float64]:
    """Choose points as first centres, far apart: each next one with probability ∝ its squared distance so far.

    This is k-means++ (:cite:`arthur2007kmeans`, section 2.2). Its expected sum of squares is within a factor
    8 (ln K + 2) of the best there is.

    Args:
        data: shape (N, D).
        clusters: K, at most the number of different points.
        rng: a seed or a generator; one uniform number for each centre.

    Returns:
        Shape (K, D).

    Raises:
        ValueError: if ``data`` is not of shape (N, D) or holds fewer different points than clusters.
        TypeError: if an argument is of the wrong kind.

    >>> kmeans_start([[0.0], [0.0], [5.0]], 2, rng=1).ravel().tolist() in ([0.0, 5.0], [5.0, 0.0])
    True
    """
    points = _points(data)
    clusters = _cluster_count(clusters, points)
    generator = as_generator(rng)
    chosen = [_draw(np.ones(len(points)), generator)]
    nearest = _squares(points - points[chosen[0]])
    while len(chosen) < clusters:
        # subtle: 1e-200 squared is 0; where all squares are, any point that is not yet chosen will do.
        chosen.append(_draw(nearest if nearest.any() else _unlike(points, points[chosen]), generator))
        nearest = np.minimum(nearest, _squares(points - points[chosen[-1]]))
    return points[chosen]


def kmeans(
    data: ArrayLike, clusters: int, rng: RandomLike = 0, start: ArrayLike | None = None, steps: int = 300
) -> Clusters:
    """Group points around K centres: give each to the nearest, move each centre to its mean, until nothing changes.

    This is Lloyd's algorithm (:cite:`lloyd1982least`). The sum of squares Φ never rises, and there are finitely many
    ways to label, so it ends; where it ends depends on the start. A centre left without points takes the point that
    is farthest from its own, which lowers Φ too.

    Args:
        data: shape (N, D).
        clusters: K, at most the number of different points.
        rng: a seed or a generator, for :func:`kmeans_start`; not used if ``start`` is given.
        start: first centres, shape (K, D).
        steps: at most so many rounds.

    Raises:
        ValueError: if shapes do not fit or there are fewer different points than clusters.
        TypeError: if an argument is of the wrong kind.

    >>> sorted(kmeans([[0.0], [1.0], [9.0], [10.0]], 2, rng=3).centers.ravel().tolist())
    [0.5, 9.5]
    """
    points, centers = _prepared(data, clusters, rng, start)
    rows = np.arange(len(points))
    distances = _squared_distances(points, centers)
    labels = distances.argmin(axis=1)
    history, converged = [float(distances[rows, labels].sum())], False
    for _ in range(_checks.integer("steps", steps, 1)):
        labels = _without_empty(labels, distances)
        centers = np.array([points[labels == k].mean(axis=0) for k in range(len(centers))])
        distances = _squared_distances(points, centers)
        nearest = distances.argmin(axis=1)
        own, least = distances[rows, labels], distances[rows, nearest]
        # A tie keeps the present centre: else two of them could exchange a point for ever.
        labels = np.where(own <= least, labels, nearest)
        history += [float(own.sum()), float(least.sum())]
        converged = bool((own <= least).all())
        if converged:
            break
    return Clusters(centers, labels, np.array(history), converged)


def soft_kmeans(
    data: ArrayLike,
    clusters: int,
    temperature: float,
    rng: RandomLike = 0,
    start: ArrayLike | None = None,
    steps: int = 300,
    tolerance: float = 1e-10,
) -> SoftClusters:
    """Group points in shares: r_nk = e^{−E_nk/T}/Σ_j e^{−E_nj/T} with the energy E_nk = |x_n − μ_k|².

    Then each centre moves to the weighted mean Σ_n r_nk x_n/Σ_n r_nk, and so on. Each half-step makes the free
    energy Σ r E + T Σ r ln r as small as it can (:cite:`rose1990statistical`). As T → 0 this is :func:`kmeans`.
    With λ the largest variance of the data in any direction, centres that lie together part below T = 2 λ and not
    above (there, far outliers may still keep a centre of their own, if the start gave them one).
    See the section :ref:`sec-model-clustering`.

    Args:
        data: shape (N, D).
        clusters: K, at most the number of different points.
        temperature: T, 0 … 1e300/(N K), in units of a squared distance; at 0 the nearest centres share a point evenly.
        rng: a seed or a generator, for :func:`kmeans_start`; not used if ``start`` is given.
        start: first centres, shape (K, D).
        steps: at most so many rounds.
        tolerance: end when a round lowers the free energy by no more than this share of Σ|x − mean|².

    Raises:
        ValueError: if shapes do not fit, ``temperature`` is out of range, or there are too few points.
        TypeError: if an argument is of the wrong kind.

    >>> soft = soft_kmeans([[0.0], [1.0], [9.0], [10.0]], 2, temperature=0.1, rng=3)
    >>> sorted(soft.centers.ravel().round(3).tolist())
    [0.5, 9.5]
    """
    points, centers = _prepared(data, clusters, rng, start)
    temperature = _temperature(temperature, len(points) * len(centers))
    least = _checks.positive("tolerance", tolerance) * float(_squares(points - points.mean(axis=0)).sum())
    energies = _squared_distances(points, centers)
    shares = softmax(-energies, temperature)
    history, converged = [_free_energy(shares, energies, temperature)], False
    for _ in range(_checks.integer("steps", steps, 1)):
        centers = _weighted_means(points, shares, centers)
        energies = _squared_distances(points, centers)
        history.append(_free_energy(shares, energies, temperature))
        shares = softmax(-energies, temperature)
        history.append(_free_energy(shares, energies, temperature))
        converged = history[-3] - history[-1] <= least
        if converged:
            break
    return SoftClusters(centers, shares, np.array(history), bool(converged))


def _points(data: ArrayLike) -> NDArray[np.float64]:
    points = _checks.finite_array("data", data)
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(f"data must have shape (N, D) with N, D ≥ 1, got {points.shape}")
    _require_near("data", points, points)
    return points


def _centers(name: str, centers: ArrayLike, points: NDArray) -> NDArray[np.float64]:
    centers = _checks.finite_array(name, centers)
    if centers.ndim != 2 or centers.shape[1] != points.shape[1] or len(centers) == 0:
        raise ValueError(f"{name} must have shape (K, {points.shape[1]}), got {centers.shape}")
    _require_near(name, centers, points)
    return centers


def _require_near(name: str, places: NDArray, points: NDArray) -> None:
    """Refuse places so far from the points that no float holds the sum of squared distances."""
    with np.errstate(over="ignore"):
        farthest = np.abs(places - points[0]).max() * 2  # from any point to any place, up to the root of D
        if not np.isfinite(farthest**2 * points.size):
            raise ValueError(f"{name} must lie close enough to sum squares, got {farthest / 2:g} apart")


def _temperature(value: float, shares: int) -> float:
    """Return T, refusing what is negative, or so hot that no float holds the free energy."""
    number = _checks.finite("temperature", value)
    if not 0 <= number <= 1e300 / shares:
        side = "at least 0" if number < 0 else f"at most 1e300/(N K) = {1e300 / shares:g}"
        raise ValueError(f"temperature must be {side}, got {value}")
    return number


def _cluster_count(clusters: int, points: NDArray) -> int:
    """Return the number of clusters, refusing more than there are different points."""
    clusters, rest = _checks.integer("clusters", clusters, 1), points
    for different in range(clusters):
        if len(rest) == 0:
            raise ValueError(
                f"clusters must be at most {different}, the number of different points, got {clusters}"
            )
        rest = rest[(rest != rest[0]).any(axis=1)]
    return clusters


def _prepared(
    data: ArrayLike, clusters: int, rng: RandomLike, start: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the points and the first centres, checked."""
    points = _points(data)
    if start is None:
        return points, kmeans_start(points, clusters, rng)
    clusters = _cluster_count(clusters, points)
    first = _checks.finite_array("start", start)
    if first.shape != (clusters, points.shape[1]):
        raise ValueError(f"start must have shape ({clusters}, {points.shape[1]}), got {first.shape}")
    return points, _centers("start", first, points).copy()


def _unlike(points: NDArray, chosen: NDArray) -> NDArray[np.float64]:
    """Return 1 for each point that differs from all the chosen ones, else 0."""
    return np.all([(points != place).any(axis=1) for place in chosen], axis=0).astype(np.float64)


def _draw(weights: NDArray, generator: Generator) -> int:
    """Draw an index with probability ∝ weights, from one uniform number."""
    edges = np.cumsum(weights)
    place = float(generator.random()) * edges[-1]
    # subtle: the product may round up to the last edge, and no draw may fall past the last weight above 0.
    return min(int(np.searchsorted(edges, place, side="right")), int(np.flatnonzero(weights)[-1]))


def _squares(differences: NDArray) -> NDArray[np.float64]:
    """Return the squared length of each row, shape (N, D) → (N,)."""
    return np.einsum("nd,nd->n", differences, differences)


def _squared_distances(points: NDArray, centers: NDArray) -> NDArray[np.float64]:
    """Return |x_n − μ_k|², shape (N, K); by differences, since x² − 2xμ + μ² loses digits."""
    return np.stack([_squares(points - center) for center in centers], axis=1)


def _without_empty(labels: NDArray, distances: NDArray) -> NDArray[np.int64]:
    """Give each centre that has no points the point farthest from its own centre."""
    labels, sizes = labels.copy(), np.bincount(labels, minlength=distances.shape[1])
    for k in np.flatnonzero(sizes == 0):
        own = distances[np.arange(len(labels)), labels]
        # subtle: a point alone in its cluster must stay, or that cluster would be the next to be empty.
        farthest = int(np.where(sizes[labels] == 1, -1.0, own).argmax())
        sizes[labels[farthest]] -= 1
        labels[farthest], sizes[k] = k, 1
    return labels


def _weighted_means(points: NDArray, shares: NDArray, centers: NDArray) -> NDArray[np.float64]:
    """Return Σ r x/Σ r for each centre; one that owns nothing at all stays where it is."""
    totals = shares.sum(axis=0)[:, None]
    return np.where(totals > 0, shares.T @ points / np.where(totals > 0, totals, 1.0), centers)


def _free_energy(shares: NDArray, energies: NDArray, temperature: float) -> float:
    logarithms = np.log(np.where(shares > 0, shares, 1.0))  # r ln r → 0
    return float((shares * energies).sum() + temperature * (shares * logarithms).sum())
