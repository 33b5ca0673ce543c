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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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
    points, centers = _points(data), _centers(centers, _points(data))
    labels = np.asarray(labels)
    if labels.shape != (len(points),) or labels.dtype.kind not in "iu":
        raise ValueError(f"labels must be {len(points)} integers, got shape {labels.shape}, {labels.dtype}")
    if labels.min() < 0 or labels.max() >= len(centers):
        raise ValueError(f"labels must lie in 0 … {len(centers) - 1}, got {labels.min()} … {labels.max()}")
    return float(((points - centers[labels]) ** 2).sum())


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
    different = len(np.unique(points, axis=0))
    clusters = _checks.integer("clusters", clusters, 1)
    if clusters > different:
        raise ValueError(
            f"clusters must be at most {different}, the number of different points, got {clusters}"
        )
    generator = as_generator(rng)
    chosen = [_draw(np.ones(len(points)), generator)]
    nearest = _squared_distances(points, points[chosen])[:, 0]
    while len(chosen) < clusters:
        chosen.append(_draw(nearest, generator))
        nearest = np.minimum(nearest, _squared_distances(points, points[chosen[-1:]])[:, 0])
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
    labels = _nearest(points, centers)
    history, converged = [within_cluster_sum(points, labels, centers)], False
    for _ in range(_checks.integer("steps", steps, 1)):
        labels = _without_empty(points, labels, centers)
        centers = np.array([points[labels == k].mean(axis=0) for k in range(len(centers))])
        history.append(within_cluster_sum(points, labels, centers))
        before, labels = labels, _nearest(points, centers, labels)
        history.append(within_cluster_sum(points, labels, centers))
        converged = bool((before == labels).all())
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
        temperature: T ≥ 0, in units of a squared distance; at 0 the nearest centres share a point evenly.
        rng: a seed or a generator, for :func:`kmeans_start`; not used if ``start`` is given.
        start: first centres, shape (K, D).
        steps: at most so many rounds.
        tolerance: end when a round lowers the free energy by no more than this share of Σ|x − mean|².

    Raises:
        ValueError: if shapes do not fit, ``temperature`` is negative or not finite, or there are too few points.
        TypeError: if an argument is of the wrong kind.

    >>> soft = soft_kmeans([[0.0], [1.0], [9.0], [10.0]], 2, temperature=0.1, rng=3)
    >>> sorted(soft.centers.ravel().round(3).tolist())
    [0.5, 9.5]
    """
    points, centers = _prepared(data, clusters, rng, start)
    temperature = _checks.finite("temperature", temperature)
    if temperature < 0:
        raise ValueError(f"temperature must be at least 0, got {temperature}")
    least = _checks.positive("tolerance", tolerance) * float(((points - points.mean(axis=0)) ** 2).sum())
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
    return points


def _centers(centers: ArrayLike, points: NDArray) -> NDArray[np.float64]:
    centers = _checks.finite_array("centers", centers)
    if centers.ndim != 2 or centers.shape[1] != points.shape[1] or len(centers) == 0:
        raise ValueError(f"centers must have shape (K, {points.shape[1]}), got {centers.shape}")
    return centers


def _prepared(
    data: ArrayLike, clusters: int, rng: RandomLike, start: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the points and the first centres, checked."""
    points = _points(data)
    if start is None:
        return points, kmeans_start(points, clusters, rng)
    different = len(np.unique(points, axis=0))
    if _checks.integer("clusters", clusters, 1) > different:
        raise ValueError(
            f"clusters must be at most {different}, the number of different points, got {clusters}"
        )
    first = _checks.finite_array("start", start)
    if first.shape != (clusters, points.shape[1]):
        raise ValueError(f"start must have shape ({clusters}, {points.shape[1]}), got {first.shape}")
    return points, first.copy()


def _draw(weights: NDArray, generator: Generator) -> int:
    """Draw an index with probability ∝ weights, from one uniform number."""
    edges = np.cumsum(weights)
    place = float(generator.random()) * edges[-1]
    # subtle: the product may round up to the last edge, and no draw may fall past the last weight above 0.
    return min(int(np.searchsorted(edges, place, side="right")), int(np.flatnonzero(weights)[-1]))


def _squared_distances(points: NDArray, centers: NDArray) -> NDArray[np.float64]:
    """Return |x_n − μ_k|², shape (N, K); by differences, since x² − 2xμ + μ² loses digits."""
    return np.stack([((points - center) ** 2).sum(axis=1) for center in centers], axis=1)


def _nearest(points: NDArray, centers: NDArray, present: NDArray | None = None) -> NDArray[np.int64]:
    """Return the nearest centre of each point; a tie keeps the present one, else takes the first."""
    distances = _squared_distances(points, centers)
    labels = distances.argmin(axis=1)
    if present is None:
        return labels
    rows = np.arange(len(points))
    return np.where(distances[rows, present] <= distances[rows, labels], present, labels)


def _without_empty(points: NDArray, labels: NDArray, centers: NDArray) -> NDArray[np.int64]:
    """Give each centre that has no points the point farthest from its own centre."""
    labels = labels.copy()
    for k in set(range(len(centers))) - set(labels.tolist()):
        distances = ((points - centers[labels]) ** 2).sum(axis=1)
        # subtle: a point alone in its cluster must stay, or that cluster would be the next to be empty.
        alone = np.bincount(labels, minlength=len(centers))[labels] == 1
        labels[int(np.where(alone, -1.0, distances).argmax())] = k
    return labels


def _weighted_means(points: NDArray, shares: NDArray, centers: NDArray) -> NDArray[np.float64]:
    """Return Σ r x/Σ r for each centre; one that owns nothing at all stays where it is."""
    totals = shares.sum(axis=0)[:, None]
    return np.where(totals > 0, shares.T @ points / np.where(totals > 0, totals, 1.0), centers)


def _free_energy(shares: NDArray, energies: NDArray, temperature: float) -> float:
    logarithms = np.log(np.where(shares > 0, shares, 1.0))  # r ln r → 0
    return float((shares * energies).sum() + temperature * (shares * logarithms).sum())
