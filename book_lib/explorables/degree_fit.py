"""How many knobs are enough: Legendre polynomials mixed by hand or by least squares, judged on new data."""

from __future__ import annotations

import math

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, Real, Whole

HIGHEST = 10  # P₀ … P₁₀
UNSEEN = 200  # test points, from stream 1 of the seed; the training points come from stream 0


class DegreeFit(Explorable):
    """A noisy wave and a sum of Legendre polynomials that the reader mixes, or lets be fitted, by degree.

    Args:
        degree: the highest polynomial in use, 0 to 10.
        points: training points, 12 to 100.
        noise: standard deviation of the noise on every target, 0 to 1.
        fitted: whether the weights are those of least squares; otherwise they are `weights`.
        weights: the reader's eleven weights w₀ … w₁₀.
        order: the weight that its slider turns, 0 to 10.
        guess: the reader's guess of the degree with the least test error, 0 to 10.
        seed: of the counter-based generator; `book_lib.polynomials.noisy_wave` draws the same points.
        alt: text for readers who see no picture; made from the settings unless given.

    `visited` lists the degrees whose errors are in the second plot.

    Raises:
        ValueError: for a bad value of one of these.

    >>> DegreeFit(degree=3).fit().shape
    (4,)
    """

    degree = Whole(3, least=0, most=HIGHEST).tag(sync=True)
    points = Whole(15, least=12, most=100).tag(sync=True)
    noise = Real(0.3, least=0, most=1).tag(sync=True)
    fitted = traitlets.Bool(True).tag(sync=True)
    weights = traitlets.List(traitlets.Float(), default_value=[0.0] * (HIGHEST + 1)).tag(sync=True)
    order = Whole(1, least=0, most=HIGHEST).tag(sync=True)
    guess = Whole(5, least=0, most=HIGHEST).tag(sync=True)
    visited = traitlets.List(traitlets.Int()).tag(sync=True)

    @traitlets.validate("weights")
    def _check_weights(self, proposal) -> list[float]:
        values = proposal["value"]
        if len(values) != HIGHEST + 1 or not all(math.isfinite(w) for w in values):
            raise ArgumentError(f"weights must hold {HIGHEST + 1} finite numbers, not {values!r}")
        return values

    @traitlets.validate("visited")
    def _check_visited(self, proposal) -> list[int]:
        if not all(0 <= degree <= HIGHEST for degree in proposal["value"]):
            raise ArgumentError(f"visited must hold degrees from 0 to {HIGHEST}, not {proposal['value']!r}")
        return proposal["value"]

    def data(self) -> tuple[NDArray, NDArray]:
        """The training points x and t, each of shape (points,)."""
        from book_lib.polynomials import noisy_wave
        from book_lib.rng import CounterRNG

        return noisy_wave(self.points, CounterRNG(self.seed), self.noise)

    def test_data(self) -> tuple[NDArray, NDArray]:
        """The unseen points x and t, each of shape (200,)."""
        from book_lib.polynomials import noisy_wave
        from book_lib.rng import CounterRNG

        return noisy_wave(UNSEEN, CounterRNG(self.seed, 1), self.noise)

    def fit(self, degree: int | None = None) -> NDArray:
        """The weights with the least mean squared error on the training points, shape (degree + 1,)."""
        from book_lib.polynomials import fit_legendre

        return fit_legendre(*self.data(), self.degree if degree is None else degree)

    def mixed(self) -> NDArray:
        """The weights in use, shape (degree + 1,)."""
        return self.fit() if self.fitted else np.array(self.weights[: self.degree + 1])

    def errors(self, weights: NDArray | None = None) -> tuple[float, float]:
        """Mean squared errors on the training and on the test points, of the weights in use unless given."""
        from book_lib.polynomials import legendre

        weights = self.mixed() if weights is None else weights
        pairs = (self.data(), self.test_data())
        return tuple(float(np.mean((t - legendre(x, len(weights) - 1) @ weights) ** 2)) for x, t in pairs)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        train, test = self.errors()
        all_tests = [self.errors(self.fit(degree))[1] for degree in range(HIGHEST + 1)]
        return (
            f"{self.points} noisy points of a wave and a polynomial of degree {self.degree}, which misses them by "
            f"a mean square of {train:.3f} and new points by {test:.3f}. Beside it, the errors of the fits of "
            f"degree 0 to {HIGHEST}: on the points used they only fall; on new points they are least at degree "
            f"{int(np.argmin(all_tests))}."
        )

    def still(self) -> tuple:
        """The curve and its points; both errors by degree."""
        from book_lib import plotting
        from book_lib.polynomials import legendre

        colors = plotting.COLORS
        figure, (left, right) = plotting.figure(height=2.6, columns=2, width_ratios=[1.5, 1])
        x = np.linspace(-1, 1, 201)
        left.plot(x, np.sin(np.pi * x), color=colors.theory, linewidth=1, label="truth")
        left.plot(x, legendre(x, self.degree) @ self.mixed(), color=colors.simulation, label="your curve")
        left.plot(*self.data(), "o", color=colors.reader)
        left.set(xlabel="x", ylabel="t", ylim=(-2.2, 2.2))
        left.legend(loc="upper left")
        errors = np.array([self.errors(self.fit(degree)) for degree in range(HIGHEST + 1)])
        right.semilogy(errors[:, 0], "o-", color=colors.simulation, label="training")
        right.semilogy(errors[:, 1], "s--", color=colors.mean_field, label="test")
        right.set(xlabel="degree", ylabel="mean squared error")
        right.legend()
        return plotting.still(figure)
