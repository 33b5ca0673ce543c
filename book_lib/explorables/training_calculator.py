"""What a training costs: operations, memory, time and money, on hardware of the reader's own numbers."""

from __future__ import annotations

import math

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real
from book_lib.explorables.parameter_calculator import sized

GPT3 = {"parameters": 175e9, "tokens": 300e9}  # Brown and others, 2020, tables 2.1 and 2.2
ENOUGH = 20  # tokens a parameter: about what Hoffmann and others, 2022, find best for a given compute
DEVICES = [2**k for k in range(21)]  # as in training_calculator.js
SPANS = (
    ("years", 365.25 * 86_400),
    ("days", 86_400.0),
    ("hours", 3600.0),
    ("minutes", 60.0),
    ("seconds", 1.0),
)


class TrainingCalculator(Explorable):
    """C = 6 N D for any N and D, the bytes that training keeps, and time and price on the reader's own machines.

    The hardware at first is round numbers, nobody's price list.

    Args:
        parameters: N, 10⁴ to 10¹³.
        tokens: D, that training reads, 10⁴ to 10¹⁴.
        peak: operations a second that a device could do, 10⁸ to 10¹⁷.
        utilization: the share of them that training makes use of, 0.01 to 1.
        devices: that share the work, a power of 2 up to 2²⁰.
        price: of a device for an hour, 0.01 to 1000, in any currency.
        precision: of weights and gradients, "float32" or "bfloat16" (mixed: float32 copies for Adam).
        device_memory: of a device, 1 to 1000 GB.
        prediction: what the reader bets: "", "months", "decades", "centuries", or "skipped".
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-llm-compute`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> box = TrainingCalculator()  # GPT-3
    >>> f"{box.compute():.3g}", round(box.tokens_per_parameter(), 2)
    ('3.15e+23', 1.71)
    >>> lasting(box.seconds()), round(box.cost() / 1e6, 2), box.devices_to_hold()
    ('89 days', 4.38, 35)
    """

    parameters = Real(GPT3["parameters"], least=1e4, most=1e13).tag(sync=True)
    tokens = Real(GPT3["tokens"], least=1e4, most=1e14).tag(sync=True)
    peak = Real(1e14, least=1e8, most=1e17).tag(sync=True)
    utilization = Real(0.4, least=0.01, most=1).tag(sync=True)
    devices = OneOf(DEVICES, default_value=1024).tag(sync=True)
    price = Real(2.0, least=0.01, most=1000).tag(sync=True)
    precision = OneOf(["float32", "bfloat16"], default_value="bfloat16").tag(sync=True)
    device_memory = Real(80.0, least=1, most=1000).tag(sync=True)
    prediction = OneOf(["", "months", "decades", "centuries", "skipped"], default_value="").tag(sync=True)

    def compute(self) -> float:
        """Operations of the training, 6 N D."""
        from book_lib._transformer_costs import training_flops

        return training_flops(self.parameters, self.tokens)

    def tokens_per_parameter(self) -> float:
        """D / N."""
        return self.tokens / self.parameters

    def memory(self) -> dict[str, float]:
        """Bytes without activations: weights, gradients, adam."""
        from book_lib._transformer_costs import state_bytes

        return state_bytes(self.parameters, self.precision)

    def devices_to_hold(self) -> int:
        """How many devices hold these bytes between them."""
        from book_lib._transformer_costs import devices_to_hold

        return devices_to_hold(sum(self.memory().values()), 1e9 * self.device_memory)

    def seconds(self) -> float:
        """How long the training takes."""
        from book_lib._transformer_costs import training_seconds

        return training_seconds(self.compute(), self.peak, self.utilization, self.devices)

    def cost(self) -> float:
        """What the devices cost meanwhile, in the currency of the price."""
        from book_lib._transformer_costs import training_cost

        return training_cost(self.seconds(), self.devices, self.price)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        kept, many = sized(sum(self.memory().values())), "" if self.devices == 1 else "s"
        return self.alt or (
            f"Parameters against tokens on logarithmic scales, with lines of equal compute. A model of "
            f"{self.parameters:.3g} parameters that reads {self.tokens:.3g} tokens, {self.tokens_per_parameter():.3g} "
            f"for each parameter, takes {self.compute():.3g} operations: {lasting(self.seconds())} on "
            f"{self.devices:,} device{many} at {100 * self.utilization:.0f} per cent of {self.peak:.3g} operations a "
            f"second, at a cost of {self.cost():.3g}. Weights, gradients and Adam take {kept}."
        )

    def still(self) -> tuple:
        """The plane of parameters and tokens, with lines of equal compute and of 20 tokens a parameter."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, axes = plotting.figure(height=3.4)
        n = [1e4, 1e13]
        for power in range(9, 28, 3):
            axes.plot(n, [10**power / 6 / one for one in n], color=colors.rule, linewidth=0.8)
        axes.plot(n, [self.compute() / 6 / one for one in n], color=colors.theory,
                  label=f"6ND = {self.compute():.3g}")  # fmt: skip
        axes.plot(
            n,
            [ENOUGH * one for one in n],
            "--",
            color=colors.mean_field,
            label=f"{ENOUGH} tokens a parameter",
        )
        axes.plot(*GPT3.values(), "s", color=colors.ink, markersize=5, label="GPT-3")
        axes.plot(
            self.parameters, self.tokens, "o", color=colors.simulation, markersize=8, label="this training"
        )
        axes.set(
            xscale="log", yscale="log", xlim=n, ylim=(1e4, 1e14), xlabel="parameters N", ylabel="tokens D"
        )
        axes.legend(loc="upper left")
        return plotting.still(figure)


def lasting(seconds: float) -> str:
    """A time in the unit that fits it, to two digits or to whole ones.

    Raises:
        ValueError: if the time is not above 0, or no finite number.

    >>> [lasting(t) for t in (0.5, 90, 7200, 7.69e6, 7.9e9)]
    ['0.5 seconds', '1.5 minutes', '2 hours', '89 days', '250 years']
    """
    if not 0 < seconds < math.inf:
        raise ArgumentError(f"seconds must be a finite number above 0, not {seconds!r}")
    unit, length = next(((unit, length) for unit, length in SPANS if seconds >= length), SPANS[-1])
    number = shortened(seconds / length)
    return f"{number} {unit[:-1] if number == '1' else unit}"


def shortened(value: float) -> str:
    """A number to two significant digits, or to a whole one where that tells more; powers of ten from 10⁷ on.

    >>> [shortened(v) for v in (1.26, 89.1, 249.6, 7.896e11)]
    ['1.3', '89', '250', '7.9e+11']
    """
    if value >= 1e7:
        return f"{value:.2g}"
    return f"{value:.0f}" if value >= 10 else f"{float(f'{value:.2g}'):g}"
