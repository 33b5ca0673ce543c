"""Real training runs over a grid of learning rates and warm-ups: losses, gradient norms, and which of them diverged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib import _checks
from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole, arguments

KEYS = ("learning_rate", "warmup", "steps", "loss", "norm")
LEVELS = ("level", "clip")  # numbers that may come with the runs
CURVES = ("loss", "norm")
MOST = 8000  # numbers in a table of losses: what a page should carry
MOST_RATES, MOST_WARMUPS = 12, 6
DIGITS = 5  # significant, of what is shipped
RISE = 1.1  # times its first loss: a run that loses more has diverged
LAST = 10  # the mean of the last tenth is called the end


class LearningRateRuns(Explorable):
    """Runs that were trained before the page was built; the reader bets on a learning rate, then walks over the grid.

    Args:
        runs: a dict of what was measured, as `book_lib.pipeline.pretrain.pretrain` gives it run by run:
            "learning_rate" (at its highest) and "warmup" (steps), shape (R,) each, every learning rate with every
            warm-up once; "steps", shape (S,), ascending, of the values that are kept; "loss" (nats a token) and "norm"
            (of the gradient, before it was shortened), shape (R, S), NaN from where a run broke off. Besides, if
            there are such: "level", the loss of a model that knows how often each token occurs and nothing else (the
            entropy of the training text's token counts), which a run should end below; and "clip", the norm to
            which gradients were shortened. Learning rates are kept to 6 significant digits, measurements to 5.
        learning_rate: of the run that is shown, one of the grid; unless given, the lowest.
        warmup: of that run; unless given, the shortest.
        watch: the curve that the spike detector reads, "loss" or "norm".
        threshold: of the detector, 2 to 20 robust standard deviations; unless given, that of `find_spikes`.
        window: kept values before each that the detector looks at, 3 to 200; unless given, that of `find_spikes`, or a
            quarter of all if that is less.
        prediction: the learning rate that the reader bets on, as text; "" before, "skipped" if they do not want to.
        alt: text for readers who see no picture; made from the runs unless given.

    See the section :ref:`sec-llm-rate`.

    Raises:
        ValueError: for a bad value of one of these; it is named.

    >>> steps = np.arange(1, 41)
    >>> rates, loss = [0.001, 0.01], 2 + 3 * np.exp(-np.outer([0.02, 0.2], steps))
    >>> box = LearningRateRuns({"learning_rate": rates, "warmup": [0, 0], "steps": steps, "loss": loss, "norm": loss})
    >>> box.best(), box.ends().round(2).tolist()
    ((0.01, 0), [3.39, 2.0])
    """

    runs = traitlets.Dict().tag(sync=True)
    learning_rate = Real(0.001, above=0).tag(sync=True)
    warmup = Whole(0, least=0).tag(sync=True)
    watch = OneOf(list(CURVES), default_value="loss").tag(sync=True)
    threshold = Real(6.0, least=2, most=20).tag(sync=True)
    window = Whole(50, least=3, most=200).tag(sync=True)
    prediction = traitlets.Unicode("").tag(sync=True)

    def __init__(self, runs: Mapping[str, Any], **traits: Any) -> None:
        from book_lib.pipeline._monitoring import THRESHOLD, WINDOW

        with arguments():
            kept = _kept(runs)
        traits.setdefault("learning_rate", min(kept["learning_rate"]))
        traits.setdefault("warmup", min(kept["warmup"]))
        traits.setdefault("threshold", THRESHOLD)
        traits.setdefault("window", max(3, min(WINDOW, len(kept["steps"]) // 4)))
        super().__init__(runs=kept, **traits)

    @traitlets.validate("learning_rate")
    def _a_stored_rate(self, proposal: Any) -> float:
        return _nearest("learning_rate", proposal["value"], self.runs["learning_rate"])

    @traitlets.validate("warmup")
    def _a_stored_warmup(self, proposal: Any) -> int:
        return int(_nearest("warmup", proposal["value"], self.runs["warmup"]))

    @traitlets.validate("prediction")
    def _a_bet(self, proposal: Any) -> str:
        if proposal["value"] in ("", "skipped"):
            return proposal["value"]
        try:
            _nearest("prediction", float(proposal["value"]), self.runs["learning_rate"])
        except ValueError:
            known = ", ".join(f"'{rate:g}'" for rate in self.rates)
            came = repr(proposal["value"])
            raise ArgumentError(f"prediction must be '', 'skipped' or one of {known}, not {came}") from None
        return proposal["value"]

    @property
    def rates(self) -> list[float]:
        """The learning rates of the grid, ascending."""
        return sorted(set(self.runs["learning_rate"]))

    @property
    def warmups(self) -> list[int]:
        """The warm-ups of the grid, ascending."""
        return sorted(set(self.runs["warmup"]))

    def index(self) -> int:
        """The place of the shown run among the runs."""
        return list(self._grid()).index((self.learning_rate, self.warmup))

    def curve(self, name: str = "loss", run: int | None = None) -> NDArray[np.float64]:
        """A curve of the shown run, or of another, as far as it goes: shape (≤ S,)."""
        row = self.runs[_checks.one_of("name", name, CURVES)][self.index() if run is None else run]
        return np.array([value for value in row if value is not None])

    def ends(self) -> NDArray[np.float64]:
        """The mean loss over the last tenth of the kept steps, shape (R,); NaN for a run that broke off before."""
        count = len(self.runs["steps"])
        last = max(1, count // LAST)
        rows = [self.curve("loss", run) for run in range(len(self.runs["loss"]))]
        return np.array([row[-last:].mean() if len(row) == count else np.nan for row in rows])

    def diverged(self) -> NDArray[np.bool_]:
        """Whether each run broke off, or at some step lost a tenth more than at its first; shape (R,)."""
        rows, count = (
            [self.curve("loss", run) for run in range(len(self.runs["loss"]))],
            len(self.runs["steps"]),
        )
        return np.array([len(row) < count or row.max() > RISE * row[0] for row in rows])

    def fates(self) -> list[str]:
        """Of each run "diverged"; else "counts" if it ends no lower than counting tokens would; else "learns"."""
        level = np.inf if self.runs["level"] is None else self.runs["level"]
        pairs = zip(self.diverged(), self.ends() >= level, strict=True)
        return ["diverged" if bad else "counts" if high else "learns" for bad, high in pairs]

    def best(self) -> tuple[float, int] | None:
        """Learning rate and warm-up of the run that ends lowest; None if all diverged."""
        ends = np.where(self.diverged(), np.inf, self.ends())
        return None if np.isinf(ends).all() else list(self._grid())[int(ends.argmin())]

    def spikes(self) -> list[int]:
        """The steps at which the watched curve jumps up, by :func:`book_lib.pipeline.pretrain.find_spikes`."""
        from book_lib.pipeline.pretrain import find_spikes

        places = find_spikes(self.curve(self.watch), self.window, self.threshold)
        return [self.runs["steps"][place] for place in places]

    def _grid(self) -> Any:
        return zip(self.runs["learning_rate"], self.runs["warmup"], strict=True)

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        ends, fates, best = self.ends(), self.fates(), self.best()
        words = {"diverged": ", diverged", "counts": ", no better than counting tokens", "learns": ""}
        listed = "; ".join(
            f"{rate:g} with a warm-up of {warmup}, {'none' if np.isnan(ends[i]) else f'{ends[i]:.2f}'}{words[fates[i]]}"
            for i, (rate, warmup) in enumerate(self._grid())
        )
        told = "All diverged."
        if best is not None:
            told = f"The lowest is {best[0]:g} with a warm-up of {best[1]} steps."
        return (
            f"Losses at the end of {len(ends)} trainings of one model, nats a token, by learning rate and warm-up: "
            f"{listed}. {told}"
        )

    def still(self) -> tuple:
        """Losses of all runs of the shown warm-up, and how all runs end against the learning rate."""
        from book_lib import plotting

        figure, (left, right) = plotting.figure(height=2.8, columns=2)
        top = self._draw_losses(left)
        self._draw_ends(right, top)
        return plotting.still(figure)

    def _draw_losses(self, axes: Any) -> float:
        """Loss curves of one warm-up, the shown one in front; returns the height of the picture."""
        from book_lib import plotting

        colors, top = plotting.COLORS, 1.1 * max(row[0] for row in self.runs["loss"])
        for run, (rate, warmup) in enumerate(self._grid()):
            if warmup == self.warmup:
                curve, shown = self.curve("loss", run), rate == self.learning_rate
                axes.plot(self.runs["steps"][: len(curve)], curve, color=colors.simulation if shown else colors.muted,
                          linewidth=1.8 if shown else 0.5, zorder=3 if shown else 2)  # fmt: skip
        low = min(self.curve("loss", run).min() for run in range(len(self.runs["loss"])))
        axes.set(xlabel="step", ylabel="loss, nats a token", ylim=(0.95 * low, top))
        return top

    def _draw_ends(self, axes: Any, top: float) -> None:
        """Ends against the learning rate; a cross for one that diverged, at the top if it has none."""
        from book_lib import plotting

        colors, ends, bad = plotting.COLORS, self.ends(), self.diverged()
        grid = np.array(list(self._grid()))
        for warmup in self.warmups:
            mine = [i for i in np.argsort(grid[:, 0]) if grid[i, 1] == warmup and not bad[i]]
            color, style = (colors.simulation, "-") if warmup == self.warmup else (colors.muted, "--")
            axes.plot(grid[mine, 0], ends[mine], style, color=color, marker="o", label=f"warm-up {warmup}")
        heights = np.fmin(np.where(np.isnan(ends), np.inf, ends), 0.98 * top)[bad]
        axes.plot(grid[bad, 0], heights, "x", color=colors.ink, markersize=7)
        if self.runs["level"] is not None:
            axes.axhline(self.runs["level"], linestyle=":", color=colors.muted, label="token counts alone")
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss at the end")
        axes.legend()


def _kept(runs: Any) -> dict[str, Any]:
    """The runs as the page reads them: a whole grid, plain numbers, None from where a run broke off."""
    if not isinstance(runs, Mapping) or not set(KEYS) <= set(runs) <= {*KEYS, *LEVELS}:
        came = ", ".join(map(str, runs)) if isinstance(runs, Mapping) else repr(runs)
        raise ArgumentError(
            f"runs must be a dict of {', '.join(KEYS)}, perhaps level and clip, not of {came}"
        )
    rates = [float(f"{rate:.6g}") for rate in _column(runs, "learning_rate", above=0)]
    warmups = _whole(_column(runs, "warmup", least=0), "warmup")
    if len(rates) != len(warmups):
        raise ArgumentError(
            f"runs must hold a warmup for each of {len(rates)} learning rates, not {len(warmups)}"
        )
    _require_grid(rates, warmups)
    steps = _whole(_column(runs, "steps", least=0), "steps")
    if len(steps) < 4 or (np.diff(steps) <= 0).any():
        raise ArgumentError(f"runs must hold at least 4 steps that ascend, not {steps[:8]}")
    loss, norm = (_table(runs, name, (len(rates), len(steps))) for name in CURVES)
    ends = [min(_length(a), _length(b)) for a, b in zip(loss, norm, strict=True)]
    if not min(ends):
        raise ArgumentError(
            f"runs must hold a finite loss and norm at the first step, not so run {ends.index(0)}"
        )
    levels = {name: None if runs.get(name) is None else _checks.positive(name, runs[name]) for name in LEVELS}
    return {"learning_rate": rates, "warmup": warmups, "steps": steps, **levels,
            "loss": [_plain(*one) for one in zip(loss, ends, strict=True)],
            "norm": [_plain(*one) for one in zip(norm, ends, strict=True)]}  # fmt: skip


def _column(runs: Mapping, name: str, above: float = -1, least: float = -1) -> NDArray[np.float64]:
    """A list of numbers of the runs, checked."""
    values = _checks.finite_array(name, runs[name])
    if values.ndim != 1 or not values.size:
        raise ArgumentError(f"{name} of the runs must be a list of numbers, not of shape {values.shape}")
    if (values <= above).any() or (values < least).any():
        bound = "above" if above >= 0 else "at least"
        raise ArgumentError(f"{name} of the runs must be {bound} 0, not {values.min():g}")
    return values


def _whole(values: NDArray[np.float64], name: str) -> list[int]:
    if (values != np.round(values)).any():
        raise ArgumentError(f"{name} of the runs must hold whole numbers, not {values.tolist()}")
    return values.astype(int).tolist()


def _require_grid(rates: list[float], warmups: list[int]) -> None:
    """Every learning rate must come with every warm-up, once."""
    pairs = set(zip(rates, warmups, strict=True))
    across, down = len(set(rates)), len(set(warmups))
    if not 2 <= across <= MOST_RATES or down > MOST_WARMUPS:
        raise ArgumentError(
            f"runs must hold 2 to {MOST_RATES} learning rates and 1 to {MOST_WARMUPS} warm-ups, not {across} and {down}"
        )
    if len(pairs) != len(rates) or len(pairs) != across * down:
        raise ArgumentError(
            f"runs must hold each of {across} learning rates with each of {down} warm-ups once, not {len(rates)} runs "
            f"of {len(pairs)} pairs"
        )


def _table(runs: Mapping, name: str, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Losses or norms, one row a run."""
    values = _checks.real_array(name, runs[name])
    if values.shape != shape:
        raise ArgumentError(
            f"{name} of the runs must have shape {shape}, a row for each run, not {values.shape}"
        )
    if values.size > MOST:
        raise ArgumentError(
            f"{name} of the runs may hold {MOST} numbers, not {values.size}: keep fewer steps"
        )
    if (values < 0).any():
        raise ArgumentError(f"{name} of the runs must not be negative, got {np.nanmin(values):g}")
    return values


def _length(row: NDArray[np.float64]) -> int:
    """How many numbers come before the first that is none, or is infinite."""
    bad = np.flatnonzero(~np.isfinite(row))
    return int(bad[0]) if bad.size else len(row)


def _plain(row: NDArray[np.float64], end: int) -> list[float | None]:
    """As JSON holds it."""
    return [float(f"{value:.{DIGITS}g}") if i < end else None for i, value in enumerate(row)]


def _nearest(name: str, value: float, known: list) -> float:
    """The stored value that this one is, but for rounding."""
    found = next((one for one in known if abs(one - value) <= 1e-5 * abs(one)), None)
    if found is None:
        listed = ", ".join(f"{one:g}" for one in sorted(set(known)))
        raise ArgumentError(f"{name} must be one of {listed}, not {value!r}")
    return found
