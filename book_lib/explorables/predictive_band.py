"""Bayesian linear regression by hand: points that can be dragged, the curve in the middle and how sure it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, Real, Whole
from book_lib.explorables.lists import Rows

if TYPE_CHECKING:
    from book_lib.regression import BayesianLinearRegression

MOST = 12  # points
HEIGHT = 2.5  # targets lie between −2.5 and 2.5
START = [(-0.8, -0.6), (-0.55, -1.0), (-0.3, -0.75), (0.1, 0.35), (0.25, 0.7)]


class PredictiveBand(Explorable):
    """Points, a polynomial whose weights have a Gaussian prior, and the Gaussian prediction at every x.

    t = w·P(x) + noise with Legendre polynomials P₀ … P_degree, w ~ N(0, τ²), noise ~ N(0, σ²). Then
    p(t | x, data) is Gaussian around the curve, with variance σ² + P(x)ᵀ S P(x).

    Args:
        points: up to 12 pairs (x, t), x in −1 to 1, t in −2.5 to 2.5.
        noise: σ, 0.05 to 1.
        prior: τ, 0.1 to 10.
        degree: the highest polynomial, 1 to 8.
        at: where the readouts are taken, −1 to 1.
        curves: how many curves drawn from the posterior are shown, 1 to 20.
        seed: of the counter-based generator that draws these curves.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-reg-bayes`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> empty = PredictiveBand(points=[], noise=0.5, prior=2.0, degree=1)
    >>> mean, variance = empty.predict([1.0])  # σ² + 2 τ²
    >>> float(variance[0])
    8.25
    """

    points = Rows([value for pair in START for value in pair], width=2, rows=(0, MOST),
                  limits=[(-1.0, 1.0), (-HEIGHT, HEIGHT)]).tag(sync=True)  # fmt: skip
    noise = Real(0.2, least=0.05, most=1).tag(sync=True)
    prior = Real(1.0, least=0.1, most=10).tag(sync=True)
    degree = Whole(5, least=1, most=8).tag(sync=True)
    at = Real(0.7, least=-1, most=1).tag(sync=True)
    curves = Whole(3, least=1, most=20).tag(sync=True)

    def data(self) -> tuple[NDArray, NDArray]:
        """The points x and t, each of shape (N,)."""
        pairs = np.array(self.points, dtype=np.float64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def model(self) -> BayesianLinearRegression | None:
        """The fitted model of :mod:`book_lib.regression`; None without points."""
        from book_lib.polynomials import legendre
        from book_lib.regression import BayesianLinearRegression

        x, t = self.data()
        model = BayesianLinearRegression(1 / self.prior**2, 1 / self.noise**2)
        return model.fit(legendre(x, self.degree), t) if len(x) else None

    def predict(self, x: object) -> tuple[NDArray, NDArray]:
        """Mean and variance of t at each x, shape (M,) each; without points, those of the prior."""
        from book_lib.polynomials import legendre

        basis = legendre(np.asarray(x, dtype=np.float64), self.degree)
        model = self.model()
        if model is None:
            return np.zeros(len(basis)), self.noise**2 + self.prior**2 * (basis**2).sum(axis=1)
        return model.predict(basis)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        (mean,), (variance,) = self.predict([self.at])
        curve = np.sqrt(max(0.0, variance - self.noise**2))
        count = len(self.points) // 2
        return (
            f"{count} points, the mean of all polynomials of degree {self.degree} weighted by how well they go through "
            f"them, and a band of two standard deviations, narrow among the points and wide where there are none. "
            f"At x = {self.at:g} the prediction is {mean:.2f} ± {np.sqrt(variance):.2f}, of which the noise is "
            f"{self.noise:g} and the curve's own uncertainty {curve:.2f}."
        )

    def still(self) -> tuple:
        """The points, the mean and both bands."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, axes = plotting.figure(height=3.0)
        x = np.linspace(-1, 1, 201)
        mean, variance = self.predict(x)
        wide, narrow = 2 * np.sqrt(variance), 2 * np.sqrt(np.maximum(0, variance - self.noise**2))
        for side, name in ((-1, None), (1, "next point, 95 %")):  # only where the narrow band is not
            axes.fill_between(x, mean + side * narrow, mean + side * wide, color=colors.simulation, alpha=0.2,
                              linewidth=0, label=name)  # fmt: skip
        axes.fill_between(x, mean - narrow, mean + narrow, color=colors.mean_field, alpha=0.2, linewidth=0,
                          label="curve, 95 %")  # fmt: skip
        axes.plot(x, mean, color=colors.simulation, label="mean")
        axes.plot(*self.data(), "o", color=colors.theory)
        axes.set(xlabel="x", ylabel="t", ylim=(-HEIGHT, HEIGHT))
        axes.legend(loc="upper left")
        return plotting.still(figure)
