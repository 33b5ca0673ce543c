"""Rosenblatt's perceptron, one example at a time: look, predict, and move the line if it was wrong."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Whole
from book_lib.explorables.lists import Rows

LOW, HIGH = -1.0, 2.0  # the plane
MOST = 12  # points of the reader's own
LONGEST = 2000  # looks
CORNERS = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
OWN = [(-0.5, 0.25, 0), (0.75, 1.5, 1), (1.25, -0.5, 0), (1.5, 1.0, 1), (0.5, 0.5, 1)]  # before the reader moves any
TRUTHS = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "xor": (0, 1, 1, 0)}


class PerceptronSteps(Explorable):
    """The perceptron on points of the plane: a step looks at one example and, where it is wrong, adds t·x to w.

    Args:
        data: "and", "or", "xor", or "own" points; "own" where points are given.
        points: rows (x₁, x₂, class), 2 to 12, each coordinate −1 to 2, class 0 (t = −1) or 1 (t = +1); without any,
            "own" begins with five.
        steps: looks taken at first sight, 0 to 2000.
        predict: how many mistakes the reader expects before the end: "few" (under 10), "some" (10 to the bound),
            "never" (it does not end); "" before they say.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-net-perceptron`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> walk = PerceptronSteps(data="and")
    >>> run = walk.run()
    >>> run.mistakes, run.mistakes <= walk.bound()
    (18, True)
    >>> PerceptronSteps(data="xor").bound()  # no line, no bound
    inf
    """

    data = OneOf([*TRUTHS, "own"], default_value="and").tag(sync=True)
    points = Rows(width=3, rows=(0, MOST), limits=[(LOW, HIGH), (LOW, HIGH), (0, 1)]).tag(sync=True)
    steps = Whole(0, least=0, most=LONGEST).tag(sync=True)
    predict = OneOf(["", "few", "some", "never"], default_value="").tag(sync=True)

    def __init__(self, **traits) -> None:
        points = traits.get("points")
        if hasattr(points, "__len__") and len(points):
            traits.setdefault("data", "own")
        super().__init__(**traits)
        if len(self.points) == 3:
            raise ArgumentError(f"points must hold two rows at least, not {self.points}")

    def examples(self) -> tuple[NDArray, NDArray]:
        """X, shape (N, 2), and t of −1 and +1, shape (N,)."""
        if self.data != "own":
            return np.array(CORNERS), 2.0 * np.array(TRUTHS[self.data]) - 1
        table = np.array(self.points or OWN, dtype=np.float64).reshape(-1, 3)
        return table[:, :2], 2 * table[:, 2] - 1

    def run(self, max_epochs: int = 100):
        """The library's `PerceptronRun` on these examples."""
        from book_lib.neural import perceptron

        return perceptron(*self.examples(), max_epochs=max_epochs)

    def separator(self) -> NDArray | None:
        """(w₁, w₂, c) with the widest margin among those that separate, or None: see `widest`."""
        return widest(*self.examples())

    def bound(self) -> float:
        """(R/γ)² with the best γ there is: no run makes more mistakes. ∞ where no line separates."""
        from book_lib.neural import mistake_bound

        best = self.separator()
        return float("inf") if best is None else mistake_bound(*self.examples(), best)

    def weights(self, steps: int) -> tuple[NDArray, int]:
        """(w₁, w₂, c) and the number of mistakes after so many looks; none are taken after a round without mistakes."""
        X, t = self.examples()
        rows, w, mistakes, calm = np.column_stack([X, np.ones(len(X))]), np.zeros(3), 0, 0
        for k in range(steps):
            if calm == len(rows):
                break
            i = k % len(rows)
            calm += 1
            if t[i] * (w @ rows[i]) <= 0:
                w, mistakes, calm = w + t[i] * rows[i], mistakes + 1, 0
        return w, mistakes

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        run, (X, _) = self.run(), self.examples()
        told = f"{len(X)} points of two classes and the line that the perceptron draws between them. "
        if not run.converged:
            return told + f"It never ends: after {run.epochs} rounds it has made {run.mistakes} mistakes."
        w, b = run.weights, run.bias
        return told + (
            f"It ends after {run.mistakes} mistakes in {run.epochs} rounds, at {w[0]:g}x₁ {w[1]:+g}x₂ {b:+g} = 0; "
            f"the bound (R/γ)² allows {self.bound():.1f}."
        )

    def still(self) -> tuple:
        """The points with the last line, and mistakes by look against the bound."""
        from book_lib import plotting

        colors, (X, t), run = plotting.COLORS, self.examples(), self.run(25)
        figure, (left, right) = plotting.figure(height=2.7, columns=2)
        side = np.linspace(LOW, HIGH, 61)
        z = run.weights[0] * side + run.weights[1] * side[:, None] + run.bias
        if z.min() < 0 < z.max():
            left.contourf(side, side, z, [0, np.inf], colors=[colors.simulation], alpha=0.18)
            left.contour(side, side, z, [0.0], colors=colors.theory, linewidths=1.2)
        for sign, color, mark in ((-1, colors.mean_field, "s"), (1, colors.simulation, "o")):
            left.plot(*X[t == sign].T, mark, color=color)
        left.set(xlabel="x₁", ylabel="x₂", aspect="equal", xlim=(LOW, HIGH), ylim=(LOW, HIGH))
        looks = np.arange(run.epochs * len(X) + 1)
        right.plot(looks, [self.weights(k)[1] for k in looks], drawstyle="steps-post", color=colors.simulation)
        if np.isfinite(self.bound()):
            right.axhline(self.bound(), color=colors.theory, linestyle="--", label="(R/γ)²")
            right.legend()
        right.set(xlabel="looks", ylabel="mistakes", ylim=(0, None))
        return plotting.still(figure)


def widest(X: NDArray, t: NDArray) -> NDArray | None:
    """The separating (w₁, w₂, c) of the widest margin γ in the space with a 1 behind each x, of length γ; or None.

    It is the point of the convex hull of the tᵢ(xᵢ, 1) that lies nearest to the origin: the projection onto the
    affine hull of one, two or three of them. Mirrored in `core/perceptron.js`.
    """
    rows = t[:, None] * np.column_stack([X, np.ones(len(X))])
    best, least = None, np.inf
    for size in (1, 2, 3):
        for chosen in combinations(range(len(rows)), size):
            first, edges = rows[chosen[0]], rows[list(chosen[1:])] - rows[chosen[0]]
            gram = edges @ edges.T
            if size > 1 and abs(np.linalg.det(gram)) <= 1e-12 * np.diag(gram).prod():
                continue  # on one line: fewer of them will do
            share = np.linalg.solve(gram, -edges @ first)  # minimises |first + share·edges|
            point = first + share @ edges
            if (share >= -1e-12).all() and share.sum() <= 1 + 1e-12 and point @ point < least:
                best, least = point, float(point @ point)
    return best if least > 1e-12 and (rows @ best >= least * (1 - 1e-6)).all() else None
