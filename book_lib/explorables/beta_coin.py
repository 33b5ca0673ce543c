"""A coin of unknown bias: a Beta prior, flips, a posterior, and what it predicts."""

import numpy as np
import traitlets

from book_lib.explorables.base import Explorable, Real, Whole

MOST = 9999  # heads or tails, as in beta_coin.js
HIDDEN = 1  # stream of the random number that bends the coin; flips draw from stream 0


class BetaCoin(Explorable):
    """Flip a coin of hidden bias and watch a belief about it sharpen: Beta(a, b) → Beta(a + heads, b + tails).

    Args:
        a, b: the prior, 0.5 to 30: as if a − 1 heads and b − 1 tails had been seen already.
        heads, tails: what was seen, 0 to 9999.
        reveal: whether the hidden bias is shown.
        seed: bends the coin and flips it; `flip` gives the same flips.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> BetaCoin(a=2, b=2, heads=7, tails=3).posterior()
    Beta(a=9.0, b=5.0)
    """

    a = Real(1.0, least=0.5, most=30).tag(sync=True)
    b = Real(1.0, least=0.5, most=30).tag(sync=True)
    heads = Whole(0, least=0, most=MOST).tag(sync=True)
    tails = Whole(0, least=0, most=MOST).tag(sync=True)
    reveal = traitlets.Bool(False).tag(sync=True)

    @property
    def bias(self) -> float:
        """The hidden probability of heads: uniform from 0.1 to 0.9, by the seed."""
        from book_lib.rng import CounterRNG

        return 0.1 + 0.8 * CounterRNG(self.seed, HIDDEN).random()

    def flip(self, size: int) -> np.ndarray:
        """The first flips of the hidden coin, 1 for heads, shape (size,)."""
        from book_lib.probability import Bernoulli
        from book_lib.rng import CounterRNG

        return Bernoulli(self.bias).sample(size, CounterRNG(self.seed))

    def prior(self):
        """The belief before the flips, a `book_lib.probability.Beta`."""
        from book_lib.probability import Beta

        return Beta(self.a, self.b)

    def posterior(self):
        """The belief after the flips."""
        return self.prior().update(self.heads, self.tails)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        posterior = self.posterior()
        flips = self.heads + self.tails
        seen = f"After {self.heads} heads and {self.tails} tails" if flips else "Before any flip"
        plug_in = f", while the plug-in answer is {self.heads / flips:.3f}" if flips else ""
        return (
            f"{seen}, the density of the coin's bias: prior Beta({self.a:g}, {self.b:g}), posterior "
            f"Beta({posterior.a:g}, {posterior.b:g}) with mean {posterior.mean:.3f} and standard deviation "
            f"{posterior.variance**0.5:.3f}. The next flip is heads with probability {posterior.mean:.3f}{plug_in}."
        )

    def still(self) -> tuple:
        """Prior and posterior."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, axes = plotting.figure(height=2.6)
        x = np.linspace(0.0005, 0.9995, 1000)
        axes.plot(x, np.exp(self.prior().log_prob(x)), "--", color=colors.muted, label="prior")
        if self.heads + self.tails:
            y = np.exp(self.posterior().log_prob(x))
            axes.plot(x, y, color=colors.simulation, label="posterior")
            axes.fill_between(x, y, color=colors.simulation, alpha=0.2)
        axes.set(xlabel="bias μ of the coin", ylabel="density", xlim=(0, 1), ylim=(0, None))
        axes.legend(frameon=False)
        return plotting.still(figure)
