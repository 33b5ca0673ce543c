"""A die with three faces: its laws form a triangle, and the rolls choose a point of it."""

import numpy as np

from book_lib.explorables.base import ArgumentError, Explorable, Real
from book_lib.explorables.lists import Numbers

CORNERS = np.array([[0.5, 3**0.5 / 2], [0.0, 0.0], [1.0, 0.0]])  # of faces 1, 2 and 3, as in core/simplex.js
TRUE = (0.2, 0.5, 0.3)  # the hidden die that the page rolls
MOST = 999


class DieSimplex(Explorable):
    """Counts of a three-faced die, and the negative log-likelihood over all laws it might have.

    Args:
        counts: how often each face came, three whole numbers, 0 to 999.
        p: the reader's guess at the law, three probabilities that sum to 1.
        pseudo: rolls of each face that the prior pretends to have seen, 0 to 20; the posterior's maximum
            (MAP) is (s + pseudo) / (N + 3 pseudo).
        seed: of the generator that rolls the hidden die and shuffles the rolls.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> DieSimplex(counts=[2, 5, 3]).mle.tolist()
    [0.2, 0.5, 0.3]
    >>> DieSimplex(p=[0.5, 0.5, 0.5])
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: p must sum to 1, got 1.5
    """

    counts = Numbers([3, 6, 1], length=3, least=0, most=MOST, whole=True).tag(sync=True)
    p = Numbers([1 / 3, 1 / 3, 1 / 3], length=3, least=0, most=1).tag(sync=True)
    pseudo = Real(0.0, least=0, most=20).tag(sync=True)

    def __init__(self, **traits) -> None:
        super().__init__(**traits)
        if abs(sum(self.p) - 1) > 1e-6:
            raise ArgumentError(f"p must sum to 1, got {sum(self.p):g}")

    @property
    def mle(self) -> np.ndarray | None:
        """s/Σs, the law that makes the rolls most probable, shape (3,); None without rolls."""
        from book_lib.probability import categorical_mle

        return categorical_mle(self.counts) if sum(self.counts) else None

    @property
    def nll(self) -> float:
        """−Σ s ln p at the reader's guess, in nats."""
        from book_lib.probability import categorical_log_likelihood

        return -float(categorical_log_likelihood(self.counts, self.p))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        guess = ", ".join(f"{one:.2f}" for one in self.p)
        text = f"The triangle of all laws of a three-faced die, after {sum(self.counts)} rolls "
        text += (
            f"({', '.join(map(str, self.counts))} of the faces 1, 2, 3). At the guess ({guess}) the negative "
        )
        text += f"log-likelihood is {self.nll:.2f}"
        if self.mle is None:
            return text + "; without rolls every law is as good as any other."
        best = DieSimplex(counts=self.counts, p=self.mle.tolist()).nll
        where = ", ".join(f"{one:.2f}" for one in self.mle)
        return text + f"; it is least, {best:.2f}, at the shares of the faces, ({where})."

    def still(self) -> tuple:
        """The triangle with contours, guess and optimum."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, axes = plotting.figure(width=4.2, height=3.6)
        axes.fill(*CORNERS.T, facecolor="none", edgecolor=colors.muted)
        if self.mle is not None:
            p = np.array([[i, j, 80 - i - j] for i in range(81) for j in range(81 - i)]) / 80
            with np.errstate(divide="ignore", invalid="ignore"):
                loss = -np.where(np.array(self.counts) == 0, 0, np.array(self.counts) * np.log(p)).sum(axis=1)
                least = -np.nansum(np.where(self.mle > 0, self.counts * np.log(self.mle), 0))
            levels = least + np.array([0.5, 2, 4.5, 8, 18, 32])
            axes.tricontour(
                *(p @ CORNERS).T, np.minimum(loss, least + 1e4), levels, colors=colors.muted, linewidths=1
            )
            axes.plot(*(self.mle @ CORNERS), "o", color=colors.theory, label="best: s/N")
        axes.plot(*(np.array(self.p) @ CORNERS), "D", color=colors.simulation, label="guess p")
        for face, (x, y) in enumerate(CORNERS, start=1):
            axes.annotate(f"p{'₁₂₃'[face - 1]} = 1", (x, y + (0.03 if y else -0.08)), ha="center")
        axes.legend(loc="upper left", frameon=False)
        axes.set(aspect="equal", xlim=(-0.15, 1.15), ylim=(-0.12, 0.98))
        axes.set_axis_off()
        return plotting.still(figure)
