"""How a computer draws from a list of probabilities: a stair, a uniform number, and a search."""

import numpy as np

from book_lib.explorables.base import Explorable, OneOf, Real
from book_lib.explorables.lists import Numbers


class CumulativeSampler(Explorable):
    """Inverting the cumulative sum, one comparison at a time.

    The weights p need not sum to 1: with s their cumulative sum and S its last entry, a number u in [0, 1) is
    stretched to u·S, and the outcome is the smallest i with s_i > u·S.

    Args:
        p: 3 to 6 weights, 0 to 1 each and not all 0.
        u: the uniform number that is looked up, 0 to 1; 1 itself is what a generator must never give.
        rule: "upper" (s_i > u·S) or "lower" (s_i ≥ u·S, a common slip).
        bits: of the random numbers: "32", or "4", so coarse that the edges of the stair are met often.
        seed: of the counter-based generator; `draw` makes the same draws.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    >>> [CumulativeSampler(p=[0.2, 0.5, 0.3], u=u).outcome() for u in (0, 0.2, 0.69999, 0.7)]
    [0, 1, 1, 2]
    >>> CumulativeSampler(p=[0.0, 1.0])
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: p must hold 3 to 6 finite numbers of at least 0 and of at most 1 whose sum is above 0, not [0.0, 1.0]
    """  # noqa: E501

    p = Numbers([0.2, 0.5, 0.3], length=(3, 6), least=0, most=1, sum_above=0).tag(sync=True)
    u = Real(0.45, least=0, most=1).tag(sync=True)
    rule = OneOf(["upper", "lower"], default_value="upper").tag(sync=True)
    bits = OneOf(["32", "4"], default_value="32").tag(sync=True)

    def outcome(self) -> int | None:
        """The index that u leads to; None at u = 1, where no step of the stair is high enough."""
        stair = np.cumsum(self.p)
        place = self.u * stair[-1]
        hit = stair > place if self.rule == "upper" else stair >= place
        return int(hit.argmax()) if hit.any() else None

    def draw(self, size: int) -> np.ndarray:
        """The first outcomes that the page draws by the right rule, shape (size,)."""
        from book_lib.probability import sample_categorical
        from book_lib.rng import CounterRNG

        return sample_categorical(np.array(self.p) / sum(self.p), size, CounterRNG(self.seed))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        stair = np.cumsum(self.p)
        outcome = self.outcome()
        end = "which is beyond the last step" if outcome is None else f"which belongs to outcome {outcome}"
        return (
            f"A stair with {len(self.p)} steps of heights {', '.join(f'{one:g}' for one in self.p)}, so that it "
            f"stands at {', '.join(f'{one:.3g}' for one in stair)}. The uniform number {self.u:g} lies at height "
            f"{self.u * stair[-1]:.3g}, {end}."
        )

    def still(self) -> tuple:
        """The stair, and the level of u."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, axes = plotting.figure(height=2.8)
        k = np.arange(len(self.p))
        stair = np.cumsum(self.p)
        chosen = [colors.simulation if i == self.outcome() else colors.rule for i in k]
        axes.bar(k, self.p, bottom=stair - self.p, width=0.9, color=chosen, edgecolor=colors.muted)
        axes.step([-0.5, *(k + 0.5)], [0, *stair], where="pre", color=colors.theory)
        axes.axhline(self.u * stair[-1], color=colors.mean_field, linestyle="--")
        axes.set(
            xlabel="outcome i", ylabel="cumulative sum s", xticks=k, xlim=(-0.5, k[-1] + 0.5), ylim=(0, None)
        )
        return plotting.still(figure)
