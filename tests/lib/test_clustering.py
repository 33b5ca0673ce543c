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


def test_two_empty_centres_take_two_points():
    """The second must not take the point that the first has just taken, nor empty a cluster of two."""
    points = np.array([[0.0], [10.0], [30.0]])
    found = clustering.kmeans(points, 3, start=[[0.0], [1e6], [1e6]], steps=1)
    assert sorted(found.labels) == [0, 1, 2] and found.history[-1] == 0


def test_a_tie_keeps_its_centre():
    """The point at 2 is as near to 1 as to 3; either labels end it, and it stays where it was first put."""
    found = clustering.kmeans([[0.0], [2.0], [4.0]], 2, start=[[1.0], [4.0]])
    assert found.labels.tolist() == [0, 0, 1] and found.converged
    settled = clustering.kmeans([[0.0], [2.0], [2.0], [4.0]], 2, start=[[0.0], [2.0]])
    assert settled.converged and len(settled.history) <= 7


@given(seeds, st.integers(2, 6))
def test_the_history_is_the_sum_of_squares_after_each_half_step(seed, clusters):
    """Lloyd's algorithm once more, in the plainest words; no cluster runs empty here."""
    points = heaps(seed, n=8, spread=1.5)
    centers = clustering.kmeans_start(points, clusters, rng=seed)
    found = clustering.kmeans(points, clusters, start=centers)
    nearest = np.linalg.norm(points[:, None] - centers, axis=2).argmin(axis=1)
    expected, labels = [clustering.within_cluster_sum(points, nearest, centers)], None
    while labels is None or (labels != nearest).any():
        labels = nearest
        centers = np.array([points[labels == k].mean(axis=0) for k in range(clusters)])
        expected.append(clustering.within_cluster_sum(points, labels, centers))
        nearest = np.linalg.norm(points[:, None] - centers, axis=2).argmin(axis=1)
        expected.append(clustering.within_cluster_sum(points, nearest, centers))
    assert found.history == pytest.approx(expected) and (found.labels == labels).all()


def test_all_points_alike_make_one_cluster():
    points = np.full((5, 2), 3.0)
    assert clustering.kmeans(points, 1).history.tolist() == [0, 0, 0]
    soft = clustering.soft_kmeans(points, 1, 0.0)
    assert soft.converged and soft.centers.tolist() == [[3.0, 3.0]]


def test_duplicate_centres_share_a_point_evenly_at_any_temperature():
    for temperature in (0.0, 5e-324, 1.0, 1e290):
        found = clustering.soft_kmeans([[0.0], [1.0]], 2, temperature, start=[[0.5], [0.5]], steps=1)
        assert found.shares.tolist() == [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize(
    "points", [[[0.0], [1e-200]], [[0.0], [1e-200], [1.0]], [[5e-324], [0.0], [-5e-324]]]
)
def test_points_whose_squared_distance_rounds_to_zero_are_still_different(points):
    for seed in range(5):
        start = clustering.kmeans_start(points, len(points), rng=seed)
        assert sorted(start.ravel()) == sorted(np.ravel(points))


@pytest.mark.parametrize(
    "find", [lambda p: clustering.kmeans(p, 2, rng=1), lambda p: clustering.soft_kmeans(p, 2, 0.5, rng=1)]
)
def test_results_are_their_own(find):
    """Neither the points nor the start are changed, two results can be compared, and read-only data will do."""
    points = np.asfortranarray(heaps(n=4))
    points.setflags(write=False)
    one = find(points)
    assert (find(points.copy()).centers == one.centers).all()
    assert one == one and one != find(points)


def test_a_point_without_weight_is_never_drawn_not_even_by_a_zero():
    class Zero:
        def random(self):
            return 0.0

    assert clustering._draw(np.array([0.0, 2.0, 0.0, 1.0]), Zero()) == 1


def test_the_tolerance_says_when_enough_is_gained():
    rounds = [
        len(clustering.soft_kmeans(heaps(), 3, 2.0, rng=1, steps=2000, tolerance=share).history)
        for share in (10.0, 1e-3, 1e-6, 1e-9)
    ]
    assert rounds[0] == 3 and rounds == sorted(set(rounds))


def test_the_start_is_not_changed():
    start = np.array([[0.0, 0.0], [1.0, 0.0]])
    for find in (clustering.kmeans, lambda *a, **k: clustering.soft_kmeans(*a, 0.5, **k)):
        find(heaps(), 2, start=start, steps=3).centers[0, 0] = 7.0
        assert start.tolist() == [[0.0, 0.0], [1.0, 0.0]]


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
            lambda: clustering.within_cluster_sum(POINTS, [0, 0, -1], [[0.0, 0.0]]),
            ValueError,
            "labels must lie",
        ),
        (
            lambda: clustering.within_cluster_sum(POINTS, [[0], [0, 1]], POINTS),
            ValueError,
            "labels must be an",
        ),
        (
            lambda: clustering.within_cluster_sum(POINTS, np.ma.array([0, 0, 1], mask=[1, 0, 0]), POINTS),
            TypeError,
            "labels must be an array without gaps",
        ),
        (lambda: clustering.kmeans([[0.0], [1e200]], 1), ValueError, "data must lie close enough"),
        (lambda: clustering.kmeans([[1e308], [-1e308]], 1), ValueError, "data must lie close enough"),
        (
            lambda: clustering.kmeans(POINTS, 1, start=[[1e200, 0.0]]),
            ValueError,
            "start must lie close enough",
        ),
        (lambda: clustering.kmeans(POINTS, 10**400), ValueError, "clusters must be at most 3"),
        (lambda: clustering.kmeans_start([[0.0], [-0.0]], 2), ValueError, "clusters must be at most 1"),
        (lambda: clustering.soft_kmeans(POINTS, 2, 1e308), ValueError, "temperature must be at most 1e300"),
        (lambda: clustering.soft_kmeans(POINTS, 2, math.inf), ValueError, "temperature must be finite"),
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
