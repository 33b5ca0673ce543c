"""The Kullback–Leibler divergence both ways: bars that can be dragged, and one bell fitted to two humps."""

import math
from typing import Any

import numpy as np

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real
from book_lib.explorables.lists import Numbers

HUMP = 0.6  # standard deviation of each hump of p
HALF_GRID, CELLS = 9.0, 2000  # the integrals run over so many widths on either side, in so many steps


class KLBothWays(Explorable):
    """KL(p‖q) and KL(q‖p), which differ: for two laws of a few outcomes, or for a bell q and two humps p.

    In the view "fit", p = ½ 𝒩(−d, 0.6²) + ½ 𝒩(d, 0.6²) and q = 𝒩(mean, width²).

    Args:
        view: "bars" or "fit".
        p, q: probabilities of the same 2 to 6 outcomes, each summing to 1.
        mean: of the bell q, −4 to 4.
        width: its standard deviation, 0.2 to 4.
        distance: d, the distance of each hump from the middle, 0 to 3.
        units: "nats" or "bits".
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these, or if p and q differ in number.

    >>> [round(value, 5) for value in KLBothWays().divergences()]
    [0.37339, 0.42197]
    >>> KLBothWays(p=[0.5, 0.6])
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: p must sum to 1, not 1.1
    """

    view = OneOf(["bars", "fit"], default_value="bars").tag(sync=True)
    p = Numbers([0.7, 0.2, 0.1], length=(2, 6), least=0, most=1).tag(sync=True)
    q = Numbers([0.3, 0.3, 0.4], length=(2, 6), least=0, most=1).tag(sync=True)
    mean = Real(1.0, least=-4, most=4).tag(sync=True)
    width = Real(1.0, least=0.2, most=4).tag(sync=True)
    distance = Real(2.0, least=0, most=3).tag(sync=True)
    units = OneOf(["nats", "bits"], default_value="nats").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        for name in ("p", "q"):
            total = sum(getattr(self, name))
            if abs(total - 1) > 1e-9:
                raise ArgumentError(f"{name} must sum to 1, not {total:g}")
        if len(self.p) != len(self.q):
            raise ArgumentError(f"q must have as many outcomes as p, {len(self.p)}, not {len(self.q)}")

    def divergences(self) -> tuple[float, float]:
        """KL(p‖q) and KL(q‖p) of the present view, in nats."""
        from book_lib.probability import kl_divergence

        if self.view == "bars":
            return kl_divergence(self.p, self.q), kl_divergence(self.q, self.p)
        return forward(self.mean, self.width, self.distance), reverse(self.mean, self.width, self.distance)

    def best(self, way: str = "pq") -> tuple[float, float]:
        """Mean and width of the bell that is best for KL(p‖q), "pq", or next to the present one for KL(q‖p), "qp".

        Raises:
            ValueError: if `way` is neither.
        """
        if way == "pq":
            return 0.0, math.hypot(self.distance, HUMP)  # the mean and the variance of p
        if way != "qp":
            raise ArgumentError(f"way must be 'pq' or 'qp', not {way!r}")
        return descend(self.mean, self.width, self.distance)[-1]

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        ways = [f"{value:.3f} nats" if value < math.inf else "infinite" for value in self.divergences()]
        if self.view == "bars":
            p, q = (", ".join(f"{value:.2g}" for value in law) for law in (self.p, self.q))
            what = f"Bars of two laws with {len(self.p)} outcomes, p = ({p}) and q = ({q})"
        else:
            what = (
                f"Two humps p at {-self.distance:g} and {self.distance:g}, and a bell q with mean {self.mean:g} "
                f"and width {self.width:g}"
            )
        return f"{what}. KL of p from q is {ways[0]}, KL of q from p is {ways[1]}."

    def still(self) -> tuple:
        """The two laws, and what each outcome adds to the two divergences, or the divergences against the mean."""
        from book_lib import plotting

        figure, axes = plotting.figure(height=2.6, columns=2)
        (_still_bars if self.view == "bars" else _still_fit)(self, axes)
        for axis in axes:
            axis.legend(fontsize=9)
        return plotting.still(figure)


def log_humps(x: np.ndarray, distance: float) -> np.ndarray:
    """ln p of the two humps at x, any shape."""
    from book_lib.probability import Normal

    left, right = (Normal(sign * distance, HUMP).log_prob(x) for sign in (-1, 1))
    return np.logaddexp(left, right) - math.log(2)


def forward(mean: float, width: float, distance: float) -> float:
    """KL(p‖q) of two humps from a bell, in nats, by the trapezoid rule."""
    from book_lib.probability import Normal

    spread = distance + HALF_GRID * HUMP
    x = np.linspace(-spread, spread, CELLS + 1)
    log_p = log_humps(x, distance)
    return float(np.exp(log_p) @ (log_p - Normal(mean, width).log_prob(x)) * (x[1] - x[0]))


def reverse(mean: float, width: float, distance: float) -> float:
    """KL(q‖p) of a bell from two humps, in nats, by the trapezoid rule."""
    from book_lib.probability import Normal

    x = mean + width * np.linspace(-HALF_GRID, HALF_GRID, CELLS + 1)
    log_q = Normal(mean, width).log_prob(x)
    return float(np.exp(log_q) @ (log_q - log_humps(x, distance)) * (x[1] - x[0]))


def slope(mean: float, width: float, distance: float) -> tuple[float, float]:
    """The gradient of KL(q‖p) by the mean and by ln width.

    With x = mean + width·ε the entropy of q is ln width plus a constant, and the rest is −⟨ln p(x)⟩: so the two
    slopes are ⟨g(x)⟩ and ⟨width·ε·g(x)⟩ − 1, where g = −(ln p)′ = (x − distance·tanh(distance·x/HUMP²))/HUMP².
    """
    e = np.linspace(-HALF_GRID, HALF_GRID, CELLS + 1)
    weight = np.exp(-(e**2) / 2) * (e[1] - e[0]) / math.sqrt(2 * math.pi)
    x = mean + width * e
    g = (x - distance * np.tanh(distance * x / HUMP**2)) / HUMP**2
    return float(weight @ g), float(weight @ (width * e * g)) - 1


NUDGE = 0.01  # from the exact middle, where neither hump pulls


def descend(mean: float, width: float, distance: float) -> list[tuple[float, float]]:
    """The way of gradient descent on KL(q‖p) from a bell to the next minimum: (mean, width) after each step.

    The length of a step is Barzilai and Borwein's (IMA J. Numer. Anal. 8, 141, 1988), halved until it gains.
    """
    here = np.array([mean if abs(mean) > NUDGE else NUDGE, math.log(width)])
    value = reverse(here[0], width, distance)
    down, step = np.array(slope(here[0], width, distance)), 0.1
    way = [(float(here[0]), width)]
    while len(way) <= 200 and down @ down > 1e-16:
        step = min(
            step, 0.7 / math.sqrt(down @ down)
        )  # subtle: a longer one could jump over into the other hump
        while (new := _at(here - step * down, distance))[0] > value + 1e-13 and step > 1e-9:
            step /= 2
        move, turn = -step * down, new[1] - down
        here, (value, down) = here + move, new
        step = min(2.0, max(0.01, (move @ move) / max(abs(move @ turn), 1e-300)))
        way.append((float(here[0]), math.exp(here[1])))
    return way


def _at(place: np.ndarray, distance: float) -> tuple[float, np.ndarray]:
    """KL(q‖p) and its slopes at (mean, ln width)."""
    width = math.exp(place[1])
    return reverse(place[0], width, distance), np.array(slope(place[0], width, distance))


def _still_bars(widget: KLBothWays, axes: Any) -> None:
    from book_lib.plotting import COLORS

    k = np.arange(1, len(widget.p) + 1)
    p, q = np.array(widget.p), np.array(widget.q)
    axes[0].bar(k - 0.2, p, width=0.38, color=COLORS.theory, label="p")
    axes[0].bar(k + 0.2, q, width=0.38, facecolor="none", edgecolor=COLORS.simulation, linewidth=2, label="q")
    axes[0].set(xlabel="outcome", ylabel="probability", xticks=k, yticks=[0, 0.5, 1], ylim=(0, 1))
    sums = ((p, q, -0.2, COLORS.theory, "p ln(p/q)"), (q, p, 0.2, COLORS.simulation, "q ln(q/p)"))
    for a, b, shift, color, label in sums:
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(a > 0, a * np.log(a / b), 0.0)
        axes[1].bar(k + shift, np.where(np.isinf(terms), 2, terms), width=0.38, color=color, label=label)
    axes[1].axhline(0, color=COLORS.muted, linewidth=0.8)
    axes[1].set(xlabel="outcome", ylabel="its part of the divergence", xticks=k)
    axes[1].locator_params(axis="y", nbins=4)


def _still_fit(widget: KLBothWays, axes: Any) -> None:
    from book_lib.plotting import COLORS
    from book_lib.probability import Normal

    x = np.linspace(-6, 6, 301)
    bell = np.exp(Normal(widget.mean, widget.width).log_prob(x))
    axes[0].plot(x, np.exp(log_humps(x, widget.distance)), color=COLORS.theory, label="p")
    axes[0].plot(x, bell, color=COLORS.simulation, linestyle="--", label="q")
    axes[0].set(xlabel="x", ylabel="density", ylim=(0, None), xticks=[-4, 0, 4])
    axes[0].locator_params(axis="y", nbins=4)
    means = np.linspace(-4, 4, 41)
    for way, color, style, label in (
        (forward, COLORS.theory, "-", "KL(p‖q)"),
        (reverse, COLORS.simulation, "--", "KL(q‖p)"),
    ):
        values = [way(m, widget.width, widget.distance) for m in means]
        axes[1].plot(means, values, color=color, linestyle=style, label=label)
        axes[1].plot(widget.mean, way(widget.mean, widget.width, widget.distance), "o", color=color)
    axes[1].set(
        xlabel="mean of q", ylabel="divergence in nats", ylim=(0, 8), xticks=[-4, 0, 4], yticks=[0, 4, 8]
    )
