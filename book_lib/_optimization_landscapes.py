"""Landscapes to race on, each with its value, gradient and Hessian; re-exported by :mod:`book_lib.optimization`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks


class _Landscape:
    """What all have: points of shape (…, D), values (…), gradients (…, D), Hessians (…, D, D)."""

    minimum: NDArray[np.float64]

    def hessian(self, weights: ArrayLike) -> NDArray[np.float64]:
        raise NotImplementedError

    def largest_curvature(self, weights: ArrayLike | None = None) -> float:
        """Return L, the largest eigenvalue of the Hessian at ``weights``, shape (D,); at the minimum if None.

        Near there gradient descent holds on for η < 2/L, and no longer.

        Raises:
            ValueError: if ``weights`` is not one point, or not finite.
        """
        hessian = self.hessian(self.minimum if weights is None else _checks.finite_array("weights", weights))
        if hessian.ndim != 2:
            raise ValueError(f"weights must be one point, shape (D,), got shape {np.shape(weights)}")
        return float(np.linalg.eigvalsh(hessian)[-1])


@dataclass(frozen=True, eq=False)
class Quadratic(_Landscape):
    """½ Σ a_j w_j²: a bowl, a ravine or a saddle, as its curvatures are.

    See the section :ref:`sec-opt-descent`.

    Args:
        curvatures: a_j, shape (D,); negative ones bend downwards.

    Raises:
        ValueError: if they are not finite, or there is none.
        TypeError: if they are not numeric.

    >>> bowl = Quadratic([1.0, 4.0])
    >>> bowl.value([2.0, 1.0]), bowl.gradient([2.0, 1.0]), bowl.largest_curvature()
    (4.0, array([2., 4.]), 4.0)
    """

    curvatures: NDArray[np.float64]

    def __post_init__(self) -> None:
        curvatures = np.array(_checks.finite_array("curvatures", self.curvatures))
        if curvatures.ndim != 1 or len(curvatures) == 0:
            raise ValueError(f"curvatures must have shape (D,), D ≥ 1, got {curvatures.shape}")
        curvatures.setflags(write=False)
        object.__setattr__(self, "curvatures", curvatures)

    @property
    def minimum(self) -> NDArray[np.float64]:
        """The lowest point, if all curvatures are positive: the origin, shape (D,)."""
        return np.zeros(len(self.curvatures))

    def value(self, weights: ArrayLike) -> NDArray[np.float64] | float:
        """Return ½ Σ a_j w_j² of points (…, D)."""
        w = _points(weights, len(self.curvatures))
        return _number(0.5 * (self.curvatures * w**2).sum(axis=-1))

    def gradient(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Return a_j w_j, shape (…, D)."""
        return self.curvatures * _points(weights, len(self.curvatures))

    def hessian(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Return the curvatures on a diagonal, shape (…, D, D), everywhere the same."""
        w = _points(weights, len(self.curvatures))
        return np.broadcast_to(np.diag(self.curvatures), (*w.shape, w.shape[-1])).copy()


def ravine(ratio: float = 100.0) -> Quadratic:
    """Return ½(x² + ratio·y²): steep across, nearly flat along. The ratio is its condition number if it is above 1.

    See the section :ref:`sec-opt-ravine`.

    Raises:
        ValueError: if ``ratio`` is not above 0.

    >>> ravine(25.0).largest_curvature()
    25.0
    """
    return Quadratic(np.array([1.0, _checks.positive("ratio", ratio)]))


@dataclass(frozen=True)
class Rosenbrock(_Landscape):
    """(a − x)² + b(y − x²)²: a curved ravine with its minimum 0 at (a, a²).

    Source: :cite:`nocedal2006numerical`, equation 2.22. See the section :ref:`sec-opt-newton`.

    Args:
        a: where the minimum is.
        b: how steep the walls are, > 0.

    Raises:
        ValueError: if an argument is out of range.

    >>> Rosenbrock().value([0.0, 1.0]), Rosenbrock().gradient([1.0, 1.0])
    (101.0, array([0., 0.]))
    """

    a: float = 1.0
    b: float = 100.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", _checks.finite("a", self.a))
        object.__setattr__(self, "b", _checks.positive("b", self.b))

    @property
    def minimum(self) -> NDArray[np.float64]:
        """(a, a²)."""
        return np.array([self.a, self.a**2])

    def value(self, weights: ArrayLike) -> NDArray[np.float64] | float:
        """Return the height at points (…, 2)."""
        x, y = _coordinates(weights)
        return _number((self.a - x) ** 2 + self.b * (y - x**2) ** 2)

    def gradient(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Return the slopes, shape (…, 2)."""
        x, y = _coordinates(weights)
        across = self.b * (y - x**2)
        return np.stack([2 * (x - self.a) - 4 * x * across, 2 * across], axis=-1)

    def hessian(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Return the curvatures, shape (…, 2, 2)."""
        x, y = _coordinates(weights)
        return _symmetric(2 - 4 * self.b * (y - 3 * x**2), -4 * self.b * x, 2 * self.b + 0 * x)


@dataclass(frozen=True)
class DoubleWell(_Landscape):
    """barrier·(x² − 1)² + tilt·x + ½y²: two wells near x = ±1, and a pass near x = 0; the left is deeper for tilt > 0.

    See the section :ref:`sec-opt-basins`.

    Args:
        barrier: > 0, the height of the pass above the wells where there is no tilt.
        tilt: small enough, |tilt| < 8·barrier/√27, to leave two wells.

    Raises:
        ValueError: if an argument is out of range.

    >>> well = DoubleWell(barrier=0.25, tilt=0.0)
    >>> well.value([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    array([0.  , 0.25, 0.  ])
    """

    barrier: float = 0.25
    tilt: float = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "barrier", _checks.positive("barrier", self.barrier))
        object.__setattr__(self, "tilt", _checks.finite("tilt", self.tilt))
        steepest = 8 * self.barrier / 27**0.5
        if abs(self.tilt) >= steepest:
            raise ValueError(
                f"tilt must stay below {steepest:g} in size to leave two wells, got {self.tilt:g}"
            )

    @property
    def stationary(self) -> NDArray[np.float64]:
        """The three x where the slope is 0: left well, pass, right well; shape (3,)."""
        return np.sort(np.roots([4 * self.barrier, 0.0, -4 * self.barrier, self.tilt]).real)

    @property
    def minimum(self) -> NDArray[np.float64]:
        """The bottom of the deeper well; of the left one if they are equally deep."""
        left, _, right = self.stationary
        return np.array([right if self.tilt < 0 else left, 0.0])

    def value(self, weights: ArrayLike) -> NDArray[np.float64] | float:
        """Return the height at points (…, 2)."""
        x, y = _coordinates(weights)
        return _number(self.barrier * (x**2 - 1) ** 2 + self.tilt * x + y**2 / 2)

    def gradient(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Return the slopes, shape (…, 2)."""
        x, y = _coordinates(weights)
        return np.stack([4 * self.barrier * x * (x**2 - 1) + self.tilt, y], axis=-1)

    def hessian(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Return the curvatures, shape (…, 2, 2)."""
        x, y = _coordinates(weights)
        return _symmetric(self.barrier * (12 * x**2 - 4), 0 * x, 1 + 0 * y)


@dataclass(frozen=True)
class Saddle(_Landscape):
    """(x² − y²)/2 + y⁴/4: level at the origin, uphill along x and downhill along y, to minima at (0, ±1).

    See the section :ref:`sec-opt-basins`.

    >>> Saddle().gradient([0.0, 0.0]), np.linalg.eigvalsh(Saddle().hessian([0.0, 0.0]))
    (array([0., 0.]), array([-1.,  1.]))
    """

    @property
    def minimum(self) -> NDArray[np.float64]:
        """(0, 1), one of two."""
        return np.array([0.0, 1.0])

    def value(self, weights: ArrayLike) -> NDArray[np.float64] | float:
        """Return the height at points (…, 2)."""
        x, y = _coordinates(weights)
        return _number((x**2 - y**2) / 2 + y**4 / 4)

    def gradient(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Return the slopes, shape (…, 2)."""
        x, y = _coordinates(weights)
        return np.stack([x, y**3 - y], axis=-1)

    def hessian(self, weights: ArrayLike) -> NDArray[np.float64]:
        """Return the curvatures, shape (…, 2, 2)."""
        x, y = _coordinates(weights)
        return _symmetric(1 + 0 * x, 0 * x, 3 * y**2 - 1)


def _points(weights: ArrayLike, dimension: int) -> NDArray[np.float64]:
    # subtle: a descent that blows up passes through ∞, and must be free to ask for the height there.
    array = _checks.real_array("weights", weights)
    if array.ndim == 0 or array.shape[-1] != dimension:
        raise ValueError(f"weights must be points of shape (…, {dimension}), got {array.shape}")
    return array


def _coordinates(weights: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = _points(weights, 2)
    return points[..., 0], points[..., 1]


def _symmetric(xx: NDArray, xy: NDArray, yy: NDArray) -> NDArray[np.float64]:
    return np.stack([np.stack([xx, xy], axis=-1), np.stack([xy, yy], axis=-1)], axis=-2)


def _number(values: NDArray) -> NDArray[np.float64] | float:
    return float(values) if np.ndim(values) == 0 else values
