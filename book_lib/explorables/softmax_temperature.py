"""Softmax with a temperature, beside its physical twin: two levels in the same bath."""

import math
from typing import Any

import numpy as np
import traitlets

from book_lib.explorables.base import ArgumentError, Explorable, OneOf
from book_lib.explorables.lists import Numbers

WORDS = ("mat", "sofa", "roof", "moon")
LOGITS = (4.0, 3.0, 2.0, 0.0)
LEVELS = (0.0, 1.0)  # energies of the twin
HOTTEST = 1e308  # stands for ∞ on the way to the page: JSON has no infinity, and uniform it is at either


class Heat(traitlets.Float):
    """A temperature from 0 to ∞, both ends included.

    Raises:
        ArgumentError: (a ValueError) when the value is no number, negative or not a number at all.
    """

    def __init__(self, default: float = 1.0, **kwargs: Any) -> None:
        super().__init__(default, **kwargs)
        self.tag(
            sync=True,
            to_json=lambda value, widget: min(value, HOTTEST),
            from_json=lambda value, widget: math.inf if value >= HOTTEST else value,
        )

    def validate(self, obj: Any, value: Any) -> float:
        """The temperature as a float."""
        number = isinstance(value, (int, float)) or hasattr(value, "__float__")
        if not number or isinstance(value, (bool, str)) or not value >= 0:
            raise ArgumentError(f"{self.name} must be a number from 0 to inf, not {value!r}")
        return float(value)


class SoftmaxTemperature(Explorable):
    """A few words with scores, and two energy levels, at one temperature: p ∝ e^{z/T} and p ∝ e^{−E/T}.

    Args:
        temperature: T, 0 (the largest scores share everything) to `math.inf` (all alike).
        words: 2 to 6 words, each different.
        logits: a score z for each word, −50 to 50.
        units: of the entropies, "nats" or "bits".
        seed: of the counter-based generator; `draw` makes the same draws.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these, or if words and logits differ in number.

    >>> SoftmaxTemperature(temperature=0, logits=[4, 4, 2, 0]).probabilities()
    array([0.5, 0.5, 0. , 0. ])
    >>> SoftmaxTemperature(temperature=-1)
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: temperature must be a number from 0 to inf, not -1
    """

    temperature = Heat(1.0)
    words = traitlets.List(traitlets.Unicode(), default_value=list(WORDS)).tag(sync=True)
    logits = Numbers(list(LOGITS), length=(2, 6), least=-50, most=50).tag(sync=True)
    units = OneOf(["nats", "bits"], default_value="nats").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        known = all(word.strip() for word in self.words) and len(set(self.words)) == len(self.words)
        if not known or len(self.words) != len(self.logits):
            raise ArgumentError(
                f"words must be {len(self.logits)} different words, one for each logit, not {self.words!r}"
            )

    def probabilities(self) -> np.ndarray:
        """The law of the words at the temperature, shape (words,)."""
        from book_lib.probability import softmax

        return softmax(self.logits, self.temperature)

    def occupations(self) -> np.ndarray:
        """The law of the two levels at the same temperature, shape (2,)."""
        from book_lib.probability import boltzmann

        return boltzmann(LEVELS, self.temperature)

    def draw(self, size: int) -> np.ndarray:
        """The first words that the page draws, as indices, shape (size,)."""
        from book_lib.probability import sample_categorical
        from book_lib.rng import CounterRNG

        return sample_categorical(self.probabilities(), size, CounterRNG(self.seed))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        from book_lib.probability import entropy

        p = self.probabilities()
        listed = ", ".join(
            f"{word} (score {z:g}) {value:.0%}"
            for word, z, value in zip(self.words, self.logits, p, strict=True)
        )
        at = "infinite temperature" if self.temperature == math.inf else f"temperature {self.temperature:.3g}"
        return (
            f"At {at} the words have these probabilities: {listed}; their entropy is {entropy(p):.2f} of at most "
            f"{math.log(len(p)):.2f} nats. Beside them two levels with energies 0 and 1, the upper one occupied "
            f"{self.occupations()[1]:.0%}. Below, entropy rises with temperature on both sides, and the heat capacity "
            "has a bump between cold and hot."
        )

    def still(self) -> tuple:
        """Bars above, entropy and heat capacity against temperature below; words left, levels right."""
        from book_lib import plotting

        figure, axes = plotting.figure(height=4.2, columns=2, rows=2)
        _bars(axes[0][0], self.words, self.probabilities(), "words")
        _bars(axes[0][1], ["E = 1", "E = 0"], self.occupations()[::-1], "two levels")
        top = max(self.logits)
        energies = [top - z for z in self.logits]
        for axis, levels in ((axes[1][0], energies), (axes[1][1], LEVELS)):
            _curves(axis, np.array(levels), self.temperature)
        axes[1][1].legend(loc="upper left")
        return plotting.still(figure)


def _bars(axes: Any, names: list[str], p: np.ndarray, title: str) -> None:
    from book_lib import plotting

    drawn = axes.barh(list(names), p, color=plotting.COLORS.simulation, height=0.6)
    axes.bar_label(drawn, [f"{value:.3f}" for value in p], padding=3, fontsize=9)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.2), xticks=[], title=title)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(left=False)


def _curves(axes: Any, energies: np.ndarray, temperature: float) -> None:
    from book_lib import plotting
    from book_lib.probability import boltzmann, entropy, heat_capacity

    x = np.linspace(-1.7, 1.7, 69)  # log₁₀ T on a plain axis: matplotlib's logarithmic one takes its time
    s = [entropy(boltzmann(energies, T)) for T in 10**x]
    c = [heat_capacity(energies, T) for T in 10**x]
    axes.plot(x, s, color=plotting.COLORS.theory, label="entropy S")
    axes.plot(x, c, color=plotting.COLORS.mean_field, linestyle="--", label="heat capacity")
    at = math.log10(min(max(temperature, 0.02), 50))
    axes.plot(at, entropy(boltzmann(energies, temperature)), "o", color=plotting.COLORS.simulation)
    axes.set(ylim=(0, 1.45), xlabel="temperature T")
    axes.set_xticks([-1, 0, 1], ["0.1", "1", "10"])
    axes.set_yticks([0, 0.5, 1])
