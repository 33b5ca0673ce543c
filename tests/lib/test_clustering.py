"""book_lib.clustering against scikit-learn from the same start, and against what defines the two methods."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from book_lib import clustering
from book_lib.rng import CounterRNG


def heaps(seed=0, n=30, spread=0.7):
    rng = np.random.default_rng(seed)
    places = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 3.5]])
    return np.concatenate([place + spread * rng.standard_normal((n, 2)) for place in places])


seeds = st.integers(0, 500)


@pytest.mark.parametrize("seed", range(12))
def test_kmeans_is_scikit_learns_from_the_same_start(seed):
    cluster = pytest.importorskip("sklearn.cluster")
    points = heaps(seed, spread=1.2)
    start = clustering.kmeans_start(points, 3, rng=seed)
    found = clustering.kmeans(points, 3, start=start)
    peer = cluster.KMeans(3, init=start, n_init=1, algorithm="lloyd", tol=0, max_iter=300).fit(points)
    assert found.converged
    assert found.centers == pytest.approx(peer.cluster_centers_, abs=1e-9)
    assert (found.labels == peer.labels_).all()
    assert found.history[-1] == pytest.approx(peer.inertia_)


@given(seeds, st.integers(1, 6))
def test_the_sum_of_squares_never_increases(seed, clusters):
    points = heaps(seed, n=8, spread=1.5)
    found = clustering.kmeans(points, clusters, rng=seed)
    assert (np.diff(found.history) <= 1e-9 * found.history[0]).all()
    assert found.history[-1] == pytest.approx(
        clustering.within_cluster_sum(points, found.labels, found.centers)
    )
    assert set(found.labels.tolist()) == set(range(clusters))


@given(seeds)
def test_at_the_end_nothing_can_be_gained(seed):
    points = heaps(seed, n=8, spread=1.5)
    found = clustering.kmeans(points, 3, rng=seed)
    distances = np.linalg.norm(points[:, None] - found.centers, axis=2)
    assert distances[np.arange(24), found.labels] == pytest.approx(distances.min(axis=1))
    for k in range(3):
        assert found.centers[k] == pytest.approx(points[found.labels == k].mean(axis=0))


@given(seeds)
def test_moving_the_data_moves_the_centres(seed):
    points = heaps(seed, n=8)
    one = clustering.kmeans(points, 3, rng=3)
    other = clustering.kmeans(2 * points + [5.0, -1.0], 3, rng=3)
    assert other.centers == pytest.approx(2 * one.centers + [5.0, -1.0])


def test_a_centre_without_points_takes_the_farthest():
    points = np.array([[0.0], [1.0], [2.0], [50.0]])
    found = clustering.kmeans(points, 2, start=[[1.0], [1e6]])
    assert sorted(found.centers.ravel()) == [1.0, 50.0]
    assert (np.diff(found.history) <= 0).all()


def test_all_but_one_centre_empty():
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    found = clustering.kmeans(points, 4, start=[[5.0], [900.0], [900.0], [900.0]])
    assert sorted(found.centers.ravel()) == [0.0, 1.0, 10.0, 11.0]
    assert found.history[-1] == 0 and (np.diff(found.history) <= 0).all()


def test_as_many_centres_as_different_points():
    points = np.array([[0.0], [0.0], [1.0], [5.0]])
    assert clustering.kmeans(points, 3, rng=1).history[-1] == 0
    assert clustering.kmeans(points, 1).centers[0, 0] == pytest.approx(1.5)


# ---------------------------------------------------------------------------- the start


def test_first_centres_are_drawn_by_squared_distance():
    """From 0 the next centre is 1 with weight 1 and 3 with weight 9; from 1: 1 and 4; from 3: 9 and 4."""
    points = np.array([[0.0], [1.0], [3.0]])
    counts = {}
    for seed in range(2400):
        pair = tuple(clustering.kmeans_start(points, 2, rng=CounterRNG(seed)).ravel())
        counts[pair] = counts.get(pair, 0) + 1
    weights = {(0, 1): 1 / 10, (0, 3): 9 / 10, (1, 0): 1 / 5, (1, 3): 4 / 5, (3, 0): 9 / 13, (3, 1): 4 / 13}
    for pair, weight in weights.items():
        p = weight / 3
        assert counts[pair] / 2400 == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 2400))


def test_the_start_is_repeatable_and_of_the_data():
    points = heaps()
    one, other = (clustering.kmeans_start(points, 3, rng=CounterRNG(1)) for _ in range(2))
    assert (one == other).all()
    assert all((points == center).all(axis=1).any() for center in one)
    assert len(np.unique(one, axis=0)) == 3


# ---------------------------------------------------------------------------- soft k-means


@given(seeds, st.floats(0.05, 20))
def test_shares_are_boltzmanns_and_centres_weighted_means(seed, temperature):
    points = heaps(seed, n=6)
    found = clustering.soft_kmeans(points, 3, temperature, rng=seed, steps=2)
    distances = np.linalg.norm(points[:, None] - found.centers, axis=2)
    for n, k in np.ndindex(found.shares.shape):
        ratio = math.exp(-(distances[n, k] ** 2 - distances[n, 0] ** 2) / temperature)
        assert found.shares[n, k] == pytest.approx(ratio * found.shares[n, 0], rel=1e-9, abs=1e-300)
    assert found.shares.sum(axis=1) == pytest.approx(np.ones(len(points)))
    settled = clustering.soft_kmeans(points, 3, temperature, rng=seed, steps=5000, tolerance=1e-16)
    for k in range(3):
        expected = np.average(points, axis=0, weights=settled.shares[:, k])
        assert settled.centers[k] == pytest.approx(expected, abs=1e-3)


@given(seeds, st.just(0.0) | st.floats(1e-6, 20))
def test_the_free_energy_never_increases(seed, temperature):
    points = heaps(seed, n=6, spread=1.2)
    found = clustering.soft_kmeans(points, 3, temperature, rng=seed)
    scale = np.abs(found.history).max() + 1
    assert (np.diff(found.history) <= 1e-12 * scale).all()
    if temperature > 0:  # after the shares are given, F = −T Σ ln Σ e^{−E/T}
        energies = ((points[:, None] - found.centers) ** 2).sum(axis=2)
        logs = np.logaddexp.reduce(-energies / temperature, axis=1)
        assert found.history[-1] == pytest.approx(-temperature * logs.sum(), rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_cold_is_kmeans(seed):
    points = heaps(seed)
    start = clustering.kmeans_start(points, 3, rng=seed)
    hard = clustering.kmeans(points, 3, start=start)
    for temperature in (0, 1e-3):
        soft = clustering.soft_kmeans(points, 3, temperature, start=start)
        assert soft.centers == pytest.approx(hard.centers, abs=1e-6)
        assert (soft.labels == hard.labels).all()
        assert soft.history[-1] == pytest.approx(hard.history[-1], rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_centres_merge_above_twice_the_largest_variance(seed):
    points = heaps(seed)
    critical = 2 * np.linalg.eigvalsh(np.cov(points.T, bias=True)).max()
    apart, merged = (
        clustering.soft_kmeans(points, 2, factor * critical, rng=seed, steps=20_000, tolerance=1e-15)
        for factor in (0.93, 1.07)
    )
    assert np.linalg.norm(apart.centers[0] - apart.centers[1]) > 0.3
    assert merged.centers == pytest.approx(np.tile(points.mean(axis=0), (2, 1)), abs=1e-3)


def test_infinitely_hot_shares_evenly():
    found = clustering.soft_kmeans(heaps(), 3, 1e12, rng=1)
    assert found.shares == pytest.approx(np.full((90, 3), 1 / 3))


def test_a_centre_too_far_to_own_anything_stays():
    found = clustering.soft_kmeans([[0.0], [1.0]], 2, 0.01, start=[[0.5], [1e6]])
    assert found.centers.ravel() == pytest.approx([0.5, 1e6])


# ---------------------------------------------------------------------------- bad input

POINTS = [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: clustering.kmeans([1.0, 2.0], 1), ValueError, r"data must have shape \(N, D\)"),
        (lambda: clustering.kmeans(np.empty((0, 2)), 1), ValueError, "data must have shape"),
        (lambda: clustering.kmeans([[math.nan]], 1), ValueError, "data must be finite"),
        (lambda: clustering.kmeans(POINTS, 0), ValueError, "clusters must be at least 1"),
        (
            lambda: clustering.kmeans(POINTS, 4),
            ValueError,
            "at most 3, the number of different points, got 4",
        ),
        (lambda: clustering.kmeans([[1.0], [1.0]], 2, start=[[0.0], [1.0]]), ValueError, "at most 1"),
        (lambda: clustering.kmeans(POINTS, 2.0), TypeError, "clusters must be an integer"),
        (
            lambda: clustering.kmeans(POINTS, 2, start=[[0.0], [1.0]]),
            ValueError,
            r"start must have shape \(2, 2\)",
        ),
        (lambda: clustering.kmeans(POINTS, 2, rng=None), TypeError, "rng must be a seed"),
        (lambda: clustering.kmeans(POINTS, 2, steps=0), ValueError, "steps must be at least 1"),
        (lambda: clustering.soft_kmeans(POINTS, 2, -1.0), ValueError, "temperature must be at least 0"),
        (lambda: clustering.soft_kmeans(POINTS, 2, math.nan), ValueError, "temperature must be finite"),
        (
            lambda: clustering.soft_kmeans(POINTS, 2, 1.0, tolerance=0.0),
            ValueError,
            "tolerance must be greater",
        ),
        (lambda: clustering.within_cluster_sum(POINTS, [0, 0], [[0.0, 0.0]]), ValueError, "labels must be 3"),
        (
            lambda: clustering.within_cluster_sum(POINTS, [0, 0, 1], [[0.0, 0.0]]),
            ValueError,
            "labels must lie in",
        ),
        (
            lambda: clustering.within_cluster_sum(POINTS, [0, 0, 0], [[0.0]]),
            ValueError,
            "centers must have shape",
        ),
    ],
)
def test_bad_input_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
