"""A Gaussian in the plane: its ellipse, its marginals, and a slice through it."""

import numpy as np

from book_lib.explorables.base import Explorable, Real, Whole

REACH = 4.5  # both axes run from −4.5 to 4.5


class CovarianceEllipse(Explorable):
    """Two Gaussian variables: pull the axes of the ellipse, read the covariance matrix, cut a slice.

    Args:
        sigma1, sigma2: standard deviations of x₁ and x₂, 0.3 to 2.
        rho: the correlation, −0.99 to 0.99; at ±1 the matrix is no longer positive definite.
        slice: the value c of x₁ at which x₂ is looked at, −4 to 4.
        samples: how many points are shown at first, 0 to 2000.
        seed: of the counter-based generator; `draw` draws the same points.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> CovarianceEllipse(sigma1=2, sigma2=1, rho=0.5).covariance.tolist()
    [[4.0, 1.0], [1.0, 1.0]]
    """

    sigma1 = Real(1.5, least=0.3, most=2).tag(sync=True)
    sigma2 = Real(1.0, least=0.3, most=2).tag(sync=True)
    rho = Real(0.6, least=-0.99, most=0.99).tag(sync=True)
    slice = Real(1.0, least=-4, most=4).tag(sync=True)
    samples = Whole(200, least=0, most=2000).tag(sync=True)

    @property
    def covariance(self) -> np.ndarray:
        """Σ, shape (2, 2)."""
        both = self.rho * self.sigma1 * self.sigma2
        return np.array([[self.sigma1**2, both], [both, self.sigma2**2]])

    def distribution(self):
        """The law, a `book_lib.probability.MultivariateNormal` around 0."""
        from book_lib.probability import MultivariateNormal

        return MultivariateNormal(np.zeros(2), self.covariance)

    def draw(self, size: int) -> np.ndarray:
        """The first points that the page shows, shape (size, 2)."""
        from book_lib.rng import CounterRNG

        return self.distribution().sample(size, CounterRNG(self.seed))

    def conditional(self) -> tuple[float, float]:
        """Mean and variance of x₂ where x₁ = c: ρ(σ₂/σ₁)c and σ₂²(1 − ρ²)."""
        mean = self.rho * self.sigma2 / self.sigma1 * self.slice
        return mean, self.sigma2**2 * (1 - self.rho**2)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        long, short = np.linalg.eigvalsh(self.covariance)[::-1]
        mean, variance = self.conditional()
        return (
            f"A cloud of {self.samples} points from a Gaussian with standard deviations {self.sigma1:g} and "
            f"{self.sigma2:g} and correlation {self.rho:g}, with ellipses at one and two standard deviations; the "
            f"half axes of the inner one are {long**0.5:.2f} and {short**0.5:.2f} long. On the line "
            f"x₁ = {self.slice:g}, x₂ has mean {mean:.2f} and standard deviation {variance**0.5:.2f}."
        )

    def still(self) -> tuple:
        """Points, two ellipses and the slice."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, axes = plotting.figure(width=3.8, height=3.8)
        points = self.draw(self.samples) if self.samples else np.zeros((0, 2))
        axes.scatter(*points.T, s=6, color=colors.simulation, alpha=0.6, linewidth=0)
        angle = np.linspace(0, 2 * np.pi, 121)
        circle = np.stack([np.cos(angle), np.sin(angle)])
        root = np.linalg.cholesky(self.covariance)
        for radius, line in ((1, "-"), (2, "--")):
            axes.plot(*(radius * root @ circle), line, color=colors.theory)
        axes.axvline(self.slice, color=colors.mean_field, linewidth=1)
        mean, variance = self.conditional()
        axes.errorbar(self.slice, mean, variance**0.5, fmt="o", color=colors.mean_field, capsize=4)
        axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xlabel="x₁", ylabel="x₂", aspect="equal")
        return plotting.still(figure)
