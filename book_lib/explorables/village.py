"""The village that votes: opinions as spins, friends as neighbours, individuality as temperature."""

import numpy as np

from book_lib.explorables.base import Explorable, OneOf, Real, Whole

HOUSES = 100
SHOWN_AFTER = 20  # days after which the page, and the picture, first show the village
REWIRING = 1  # stream of the random numbers that choose new friends; opinions draw from stream 0


class Village(Explorable):
    """One hundred houses whose yes and no are Ising spins: random-site Glauber on a graph of friendships.

    Args:
        friends: "grid" (ten streets and ten avenues, four friends each) or "ring" (the two nearest houses
            on each side), before any friendship is rewired.
        rewiring: share of friendships that are replaced by one with somebody at random (Watts and
            Strogatz), 0 to 1.
        temperature: T, individuality, 0.2 to 8.
        coupling: J, −1.5 (friends are opposed) to 1.5 (friends are followed).
        field: h, the campaign, −2 to 2.
        house: the house whose reasoning is shown, 1 to 100.
        seed: of the counter-based generator; `book_lib.ising.Village` makes the same history from it.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> Village(coupling=-1.0).friends
    'grid'
    >>> Village(friends="family")
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: friends must be one of 'grid', 'ring', not 'family'
    """

    friends = OneOf(["grid", "ring"], default_value="grid").tag(sync=True)
    rewiring = Real(0.0, least=0, most=1).tag(sync=True)
    temperature = Real(2.0, least=0.2, most=8).tag(sync=True)
    coupling = Real(1.0, least=-1.5, most=1.5).tag(sync=True)
    field = Real(0.0, least=-2, most=2).tag(sync=True)
    house = Whole(45, least=1, most=HOUSES).tag(sync=True)

    def poll(self, days: int = 0):
        """The village of these settings after some days, a `book_lib.ising.Village`.

        Args:
            days: each is as many second thoughts as there are houses.
        """
        from book_lib import ising
        from book_lib.rng import CounterRNG

        plain = ising.grid_graph(10) if self.friends == "grid" else ising.ring_graph(HOUSES, 4)
        friendships = ising.rewire(plain, self.rewiring, CounterRNG(self.seed, REWIRING))
        village = ising.Village(
            friendships, self.temperature, self.coupling, self.field, rng=CounterRNG(self.seed)
        )
        return village.sweep(days)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        village = self.poll(SHOWN_AFTER)
        streets = "a grid of streets" if self.friends == "grid" else "a ring"
        yes = int((village.opinions > 0).sum())
        return (
            f"A hundred houses on {streets} after {SHOWN_AFTER} days: {yes} say yes (solid, with a gable), "
            f"{HOUSES - yes} say no (open squares). "
            f"{village.agreement:.0%} of the friendships join two houses that agree."
        )

    def still(self) -> tuple:
        """The village some days after everybody tossed a coin."""
        from book_lib import plotting

        village, colors = self.poll(SHOWN_AFTER), plotting.COLORS
        figure, axes = plotting.figure(width=3.6, height=3.6)
        spots = _places(self.friends)
        for i, friends in enumerate(village.neighbors):
            for j in friends:
                if i < j and abs(spots[i] - spots[j]).max() < 0.8:  # links across the rim are not drawn
                    axes.plot(*spots[[i, j]].T, color=colors.rule, linewidth=0.8, zorder=1)
        yes = village.opinions > 0
        size = 62 if self.friends == "grid" else 28
        axes.scatter(*spots[yes].T, marker=_GABLE, s=1.5 * size, color=colors.spin_up, linewidth=0, zorder=2)
        axes.scatter(
            *spots[~yes].T, marker="s", s=0.6 * size, facecolor=colors.paper, edgecolor=colors.ink, zorder=2
        )
        axes.set(xlim=(0, 1), ylim=(1, 0), aspect="equal")
        axes.set_axis_off()
        return plotting.still(figure)


_GABLE = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.1), (0, 0.6), (-0.5, 0.1), (-0.5, -0.5)]


def _places(friends: str) -> np.ndarray:
    """Where the houses stand in a unit square, shape (100, 2)."""
    house = np.arange(HOUSES)
    if friends == "grid":
        return np.stack([house % 10 + 0.5, house // 10 + 0.5], axis=1) / 10
    angle = 2 * np.pi * house / HOUSES - np.pi / 2
    return 0.5 + 0.455 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
