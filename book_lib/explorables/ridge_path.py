"""A penalty on long weight vectors: the curve it makes, training and validation error along the way, the choice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, OneOf, Real, Whole

WEAKEST, STRONGEST = -6, 3  # powers of ten of the penalty
GRID = 10.0 ** (np.arange(6 * WEAKEST, 6 * STRONGEST + 1) / 6)  # six penalties to a power of ten
VALIDATION, UNSEEN = 30, 1000  # points of the streams 1 and 2 of the seed; training points come from stream 0


class RidgePath(Explorable):
    """A noisy wave, a polynomial of high degree, and a penalty λ‖w‖² on its weights, chosen on validation points.

    The weights minimise Σ (t − y)² + λ Σ_{k≥1} w_k²: the constant goes free.

    Args:
        penalty: λ, 10⁻⁶ to 10³.
        degree: the highest Legendre polynomial in use, 1 to 12.
        points: training points, 14 to 60.
        noise: standard deviation σ of the noise on every target, 0 to 1.
        test: "hidden" or "shown": the error on a thousand points that nothing has been fitted to or chosen by.
        seed: of the counter-based generator; `book_lib.polynomials.noisy_wave` draws the same points.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> widget = RidgePath(penalty=1e-6)
    >>> bool(widget.errors()[1] > widget.errors(widget.chosen())[1])  # on the validation points
    True
    """

    penalty = Real(1e-6, least=1e-6, most=1e3).tag(sync=True)
    degree = Whole(12, least=1, most=12).tag(sync=True)
    points = Whole(15, least=14, most=60).tag(sync=True)
    noise = Real(0.3, least=0, most=1).tag(sync=True)
    test = OneOf(["hidden", "shown"], default_value="hidden").tag(sync=True)

    def data(self) -> list[tuple[NDArray, NDArray]]:
        """Training, validation and test points: x and t of each, of shapes (N,)."""
        from book_lib.polynomials import noisy_wave
        from book_lib.rng import CounterRNG

        sizes = (self.points, VALIDATION, UNSEEN)
        return [noisy_wave(n, CounterRNG(self.seed, stream), self.noise) for stream, n in enumerate(sizes)]

    def weights(self, penalty: float | None = None) -> NDArray:
        """The weights at this penalty, shape (degree + 1,)."""
        from book_lib.polynomials import legendre
        from book_lib.regression import ridge

        x, t = self.data()[0]
        return ridge(legendre(x, self.degree), t, self.penalty if penalty is None else penalty)

    def errors(self, penalty: float | None = None) -> tuple[float, float, float]:
        """Mean squared errors on the training, validation and test points."""
        return tuple(self._errors(self.weights(penalty)))

    def path(self) -> NDArray:
        """The three errors at every penalty of `GRID`, shape (55, 3)."""
        from book_lib.polynomials import legendre
        from book_lib.regression import ridge_path

        x, t = self.data()[0]
        return self._errors(ridge_path(legendre(x, self.degree), t, GRID))

    def _errors(self, weights: NDArray) -> NDArray:
        """Mean squared errors of weights of shape (…, degree + 1), shape (…, 3)."""
        from book_lib.polynomials import legendre

        misses = [t - weights @ legendre(x, self.degree).T for x, t in self.data()]
        return np.stack([np.mean(miss**2, axis=-1) for miss in misses], axis=-1)

    def chosen(self) -> float:
        """The penalty of `GRID` with the least validation error."""
        return float(GRID[self.path()[:, 1].argmin()])

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        train, validation, _ = self.errors()
        best = self.chosen()
        return (
            f"A polynomial of degree {self.degree} fitted to {self.points} noisy points of a wave with a penalty of "
            f"{self.penalty:.3g} on its weights, whose length is {np.linalg.norm(self.weights()[1:]):.3g}: it misses "
            f"these points by a mean square of {train:.3f} and {VALIDATION} others by {validation:.3f}. Beside it both "
            f"errors against the penalty: the first only rises, the second is least at {best:.3g}, with "
            f"{self.errors(best)[1]:.3f}."
        )

    def still(self) -> tuple:
        """The curve at the given and at the chosen penalty; the errors along the way."""
        from book_lib import plotting
        from book_lib.polynomials import legendre

        colors = plotting.COLORS
        figure, (left, right) = plotting.figure(height=2.7, columns=2, width_ratios=[1.2, 1])
        x, errors, best = np.linspace(-1, 1, 201), np.log10(self.path()), self.chosen()
        basis = legendre(x, self.degree)
        left.plot(x, np.sin(np.pi * x), color=colors.theory, linewidth=1, label="truth")
        both = ((self.penalty, "-", colors.simulation), (best, "--", colors.mean_field))
        for penalty, style, color in both:
            y = basis @ self.weights(penalty)
            left.plot(x, np.where(abs(y) < 2, y, np.nan), style, color=color, label=f"λ = {plain(penalty)}")
        left.plot(*self.data()[0], "o", color=colors.theory)
        left.set(xlabel="x", ylabel="t", ylim=(-2, 3.4))
        left.legend(loc="upper left")
        right.plot(np.log10(GRID), errors[:, 0], color=colors.simulation, label="training")
        right.plot(np.log10(GRID), errors[:, 1], "--", color=colors.mean_field, label="validation")
        right.axvline(np.log10(best), color=colors.muted, linewidth=0.8)
        # subtle: a logarithmic axis would set its ticks by mathtext, which takes a second
        right.set(xlabel="log₁₀ of the penalty λ", ylabel="log₁₀ of the mean squared error")
        right.legend()
        return plotting.still(figure)


def plain(value: float) -> str:
    """Two digits without an exponent: 0.000001.

    >>> plain(1e-6), plain(0.0464), plain(1000.0)
    ('0.000001', '0.046', '1000')
    """
    return f"{float(f'{value:.2g}'):.10f}".rstrip("0").rstrip(".")
