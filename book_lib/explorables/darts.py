"""An area by darts: count the hits, and watch the error fall like one over the square root of their number."""

import math

import numpy as np

from book_lib.explorables.base import Explorable, OneOf, Whole

MOST = 100_000  # darts of one board
PETAL, WAVE = 0.36, 0.3  # of the flower r = PETAL·(1 + WAVE·cos 5φ) around the middle
AREA = {"quarter": math.pi / 4, "flower": math.pi * PETAL**2 * (1 + WAVE**2 / 2)}


def inside(shape: str, points: np.ndarray) -> np.ndarray:
    """Whether points of the unit square lie in the shape.

    Args:
        shape: "quarter" (of a circle of radius 1 around the corner) or "flower" (five petals).
        points: shape (n, 2).

    Returns:
        booleans, shape (n,).
    """
    x, y = points[:, 0], points[:, 1]
    if shape == "quarter":
        return x * x + y * y <= 1
    u, v = x - 0.5, y - 0.5
    r = np.sqrt(u * u + v * v)
    # subtle: cos 5φ = 16c⁵ − 20c³ + 5c with c = u/r: no cosine, so that the page decides alike to the last bit
    c = np.divide(u, r, out=np.ones_like(r), where=r > 0)
    square = c * c
    return r <= PETAL * (1 + WAVE * (c * ((16 * square - 20) * square + 5)))


class Darts(Explorable):
    """Darts at a square board: the share that hits a shape estimates its area.

    Args:
        shape: "quarter" (of a circle, π/4) or "flower".
        darts: thrown before the first picture, 0 to 100 000.
        seed: of the counter-based generator; `estimate` throws the same darts.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> print(Darts(seed=7).estimate(10_000))
    0.7804 ± 0.0041
    >>> Darts(shape="heart")
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: shape must be one of 'quarter', 'flower', not 'heart'
    """

    shape = OneOf(["quarter", "flower"], default_value="quarter").tag(sync=True)
    darts = Whole(200, least=0, most=MOST).tag(sync=True)

    def estimate(self, darts: int):
        """The area by so many darts, a `book_lib.probability.Estimate`: `monte_carlo_integral` with our seed."""
        from book_lib.probability import monte_carlo_integral
        from book_lib.rng import CounterRNG

        return monte_carlo_integral(
            lambda points: inside(self.shape, points).astype(float),
            [0, 0],
            [1, 1],
            darts,
            CounterRNG(self.seed),
        )

    def points(self, darts: int) -> np.ndarray:
        """Where they land, shape (darts, 2)."""
        from book_lib.rng import CounterRNG

        return CounterRNG(self.seed).random((darts, 2))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        what = "a quarter circle" if self.shape == "quarter" else "a flower with five petals"
        start = f"A square board with {what} of area {AREA[self.shape]:.4f}"
        if self.darts < 2:
            return f"{start}, and no darts yet."
        hits = int(inside(self.shape, self.points(self.darts)).sum())
        seen = self.estimate(self.darts)
        return (
            f"{start}. Of {self.darts} darts {hits} hit it, which estimates the area as {seen.mean:.3f} ± "
            f"{seen.error:.3f}. Beside it, the error falls like one over the square root of the number of darts."
        )

    def still(self) -> tuple:
        """The board with its darts, and the error against their number."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, axes = plotting.figure(height=3.0, columns=2)
        points = self.points(self.darts)
        hit = inside(self.shape, points)
        axes[0].plot(*outline(self.shape), color=colors.theory)
        axes[0].scatter(*points[hit].T, s=9, color=colors.simulation, linewidth=0)
        axes[0].scatter(*points[~hit].T, s=12, marker="x", color=colors.mean_field, linewidth=0.8)
        axes[0].set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[0, 1], yticks=[0, 1])
        area = AREA[self.shape]
        count = np.geomspace(10, MOST, 60).astype(int)
        running = np.cumsum(inside(self.shape, self.points(MOST)))[count - 1] / count
        # logarithms on plain axes: matplotlib's logarithmic ones take their time
        log = np.log10(count)
        axes[1].plot(log, np.log10(np.maximum(np.abs(running - area), 1e-5)), ".", color=colors.simulation)
        axes[1].plot(log, np.log10(np.sqrt(area * (1 - area) / count)), color=colors.theory)
        axes[1].set(xlabel="darts N", ylabel="error of the area", ylim=(-5, 0))
        axes[1].set_xticks([1, 3, 5], ["10", "1000", "100 000"])
        axes[1].set_yticks([-4, -2, 0], ["0.0001", "0.01", "1"])
        return plotting.still(figure)


def outline(shape: str) -> np.ndarray:
    """The rim of the shape, shape (2, n)."""
    if shape == "quarter":
        angle = np.linspace(0, np.pi / 2, 91)
        return np.stack([np.cos(angle), np.sin(angle)])
    angle = np.linspace(0, 2 * np.pi, 361)
    r = PETAL * (1 + WAVE * np.cos(5 * angle))
    return 0.5 + r * np.stack([np.cos(angle), np.sin(angle)])
