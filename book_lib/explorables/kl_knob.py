"""The KL knob: stored runs of PPO over the penalty β. What the oracle says of them is drawn by the reader first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib import _checks
from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, arguments

CURVES = ("reward", "oracle", "kl", "entropy", "clip_fraction")
KEYS = ("beta", "iterations", *CURVES, "samples")
SAMPLE = ("prompt", "answer", "reward", "oracle")
FEWEST, MOST = 3, 12  # runs
MOST_NUMBERS = 8000  # in all curves
MOST_SAMPLES, MOST_REFERENCE = 12, 2000
LONGEST = 300  # letters of a prompt or an answer
POINTS = 61  # of the sketch
LAST = 10  # the mean of the last tenth is called the end
DIGITS = 5  # significant, of what is shipped
SAME = 0.05  # of the oracle's range: a smaller difference says nothing
COUNTING = 10  # answers of the reference that must count for the tilt to be drawn
LADDER = 80


class KLKnob(Explorable):
    """Runs that were made before the page was built, with one setting that differs: β, the price of a nat of KL.

    The reader draws how good the policies will truly be, the oracle against β, before it is shown.

    Args:
        runs: a dict of what was measured, a row for each run, as the rows of
            :func:`book_lib.pipeline.ppo.align` give it: "beta", shape (R,), 3 to 12 different ones, ≥ 0; "iterations",
            shape (S,), ascending, of the values that are kept; "reward" (what was learnt from), "oracle" (the true
            worth), "kl" (to the reference, nats an answer), "entropy" (nats a token) and "clip_fraction", shape (R, S)
            each, NaN from where a run broke off; and "samples", for each run a list of dicts of "prompt", "answer",
            "reward" and "oracle": answers of its last policy. Besides, if there are such: "reference", a dict of
            "reward" and "oracle", shape (N,) each, of answers of the policy that all runs began with; from them comes
            the most reward that any policy can have at a divergence, that of the tilt (a bound that is reached for
            answers to one prompt; for several, the tilt of prompts and answers together). Numbers are kept to 5
            significant digits.
        beta: of the run that is shown; unless given, the largest.
        watch: the curve below, "kl", "entropy" or "clip_fraction".
        sketch: the oracle at 61 places from the smallest to the largest β, evenly spaced in log₁₀ β (β = 0 stands half
            a power of ten before the others), None where nothing is drawn.
        revealed: whether the runs' oracle is shown.
        alt: text for readers who see no picture; made from the runs unless given.

    See the section :ref:`sec-align-hacking`.

    Raises:
        ValueError: for a bad value of one of these; it is named.

    >>> rows = [[0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 1.5, 2.0], [0.0, 0.1, 0.2, 0.3]]
    >>> runs = {"beta": [0, 0.1, 1], "iterations": [1, 2, 3, 4], "reward": rows, "oracle": [[0, 0, 0, -2], *rows[1:]],
    ...         "kl": rows, "entropy": rows, "clip_fraction": np.zeros((3, 4)), "samples": [[], [], []]}
    >>> knob = KLKnob(runs)
    >>> knob.best(), knob.fates()
    (0.1, ['hacked', 'best', 'held'])
    """

    runs = traitlets.Dict().tag(sync=True)
    beta = Real(1.0, least=0).tag(sync=True)
    watch = OneOf(list(CURVES[2:]), default_value="kl").tag(sync=True)
    sketch = traitlets.List().tag(sync=True)
    revealed = traitlets.Bool(False).tag(sync=True)

    def __init__(self, runs: Mapping[str, Any], **traits: Any) -> None:
        with arguments():
            kept = _kept(runs)
        traits.setdefault("beta", max(kept["beta"]))
        super().__init__(runs=kept, **traits)

    @traitlets.validate("beta")
    def _a_stored_beta(self, proposal: Any) -> float:
        value, known = proposal["value"], self.runs["beta"]
        found = next((one for one in known if abs(one - value) <= 1e-4 * one), None)
        if found is None:
            raise ArgumentError(f"beta must be one of {', '.join(f'{one:g}' for one in known)}, not {value!r}")
        return found

    @traitlets.validate("sketch")
    def _whole_sketch(self, proposal: Any) -> list:
        values = proposal["value"]
        if len(values) not in (0, POINTS):
            raise ArgumentError(f"sketch must hold {POINTS} numbers (None where nothing is drawn), not {len(values)}")
        with arguments():
            return [None if value is None else _checks.finite("sketch", value) for value in values]

    # ------------------------------------------------------------------------------------------ the runs

    def index(self) -> int:
        """The place of the shown run among the runs."""
        return self.runs["beta"].index(self.beta)

    def curve(self, name: str, run: int | None = None) -> NDArray[np.float64]:
        """A curve of the shown run, or of another, as far as it goes: shape (≤ S,).

        Raises:
            ValueError: for another name.
        """
        with arguments():
            _checks.one_of("name", name, CURVES)
        row = self.runs[name][self.index() if run is None else run]
        return np.array([value for value in row if value is not None])

    def ends(self, name: str = "oracle") -> NDArray[np.float64]:
        """The mean over the last tenth of the kept iterations, shape (R,); NaN for a run that broke off.

        Raises:
            ValueError: for another name.
        """
        count = len(self.runs["iterations"])
        last = max(1, count // LAST)
        rows = [self.curve(name, run) for run in range(len(self.runs["beta"]))]
        return np.array([row[-last:].mean() if len(row) == count else np.nan for row in rows])

    def best(self) -> float | None:
        """The β of the run whose oracle ends highest; None if all broke off."""
        ends = self.ends()
        return None if np.isnan(ends).all() else self.runs["beta"][int(np.nanargmax(ends))]

    def fates(self) -> list[str]:
        """What became of each run beside the best.

        "best" if its oracle is as high, to a twentieth of the oracle's range; else "held" if its β is larger: it was
        held back; else "hacked" if its reward is no lower than that of the best; else "worse"; and "broke" if it has no
        end.
        """
        oracle, reward, best = self.ends(), self.ends("reward"), self.best()
        if best is None:
            return ["broke"] * len(oracle)
        top = self.runs["beta"].index(best)
        low, high = self.limits()
        near, paid = oracle >= oracle[top] - SAME * (high - low), reward >= reward[top]
        fates = ["best" if near[i] else "held" if beta > best else "hacked" if paid[i] else "worse"
                 for i, beta in enumerate(self.runs["beta"])]  # fmt: skip
        return ["broke" if math.isnan(end) else fate for end, fate in zip(oracle, fates, strict=True)]

    def limits(self) -> tuple[float, float]:
        """Whole numbers between which all lies that the oracle says."""
        values = [value for run in range(len(self.runs["beta"])) for value in self.curve("oracle", run)]
        values += self.runs["reference"]["oracle"] if self.runs["reference"] else []
        low, high = math.floor(min(values)), math.ceil(max(values))
        return (low, high) if high > low else (low - 1, high + 1)

    def place(self, beta: float) -> float:
        """Where a β stands on the axis: log₁₀ β, and β = 0 half a power of ten before the smallest of the others."""
        return math.log10(beta) if beta > 0 else math.log10(min(b for b in self.runs["beta"] if b > 0)) - 0.5

    def frontier(self) -> NDArray[np.float64]:
        """KL, mean reward and mean oracle of the reference's answers tilted by e^(r/β), shape (M, 3), β falling.

        Of all policies at that divergence this one has the most reward. It ends where fewer than ten of the answers
        count; it has no rows if there is no reference.
        """
        if not self.runs["reference"]:
            return np.empty((0, 3))
        reward, oracle = (np.array(self.runs["reference"][name]) for name in ("reward", "oracle"))
        spread = float(reward.std()) or 1.0
        rows = []
        for beta in np.geomspace(100 * spread, 0.01 * spread, LADDER):
            powers = np.exp((reward - reward.max()) / beta)
            law = powers / powers.sum()
            if 1 / (law**2).sum() >= COUNTING:
                some = law[law > 0]
                kl = max(0.0, math.log(len(law)) + float(some @ np.log(some)))
                rows.append((kl, float(law @ reward), float(law @ oracle)))
        return np.array(rows).reshape(-1, 3)

    # -------------------------------------------------------------------------------------- without scripts

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        words = {"best": "", "held": ", held back", "hacked": ", hacked", "worse": ", worse", "broke": ", broke off"}
        oracle, reward, kl = self.ends(), self.ends("reward"), self.ends("kl")
        listed = "; ".join(
            f"{beta:g}{words[fate]}" + ("" if fate == "broke" else f": oracle {o:.2f}, reward {r:.2f}, KL {k:.1f} nats")
            for beta, fate, o, r, k in zip(self.runs["beta"], self.fates(), oracle, reward, kl, strict=True)
        )
        best = self.best()
        told = "All broke off." if best is None else f"The oracle is highest at β = {best:g}."
        return f"How {len(oracle)} runs of PPO end, by the price β of divergence from the reference: {listed}. {told}"

    def still(self) -> tuple:
        """Oracle and reward against β, and reward and oracle against the divergence."""
        from book_lib import plotting

        figure, (left, right) = plotting.figure(height=2.7, columns=2)
        self._draw_ends(left)
        self._draw_divergence(right)
        return plotting.still(figure)

    def _draw_ends(self, axes: Any) -> None:
        from book_lib import plotting

        betas = self.runs["beta"]
        places = [self.place(beta) for beta in betas]
        axes.plot(places, self.ends(), "o-", color=plotting.COLORS.simulation, label="oracle")
        axes.plot(places, self.ends("reward"), "s--", color=plotting.COLORS.mean_field, label="reward")
        shown = [0, len(betas) // 2, len(betas) - 1]
        axes.set(xlabel="β", ylabel="at the end", xticks=[places[i] for i in shown])
        axes.set_xticklabels([f"{betas[i]:g}" for i in shown])
        axes.legend()

    def _draw_divergence(self, axes: Any) -> None:
        from book_lib import plotting

        kl, colors, tilted = np.sqrt(np.maximum(self.ends("kl"), 0)), plotting.COLORS, self.frontier()
        if len(tilted):
            axes.plot(np.sqrt(tilted[:, 0]), tilted[:, 1], color=colors.theory, label="tilt")
        axes.plot(kl, self.ends("reward"), "s", color=colors.mean_field, label="reward")
        axes.plot(kl, self.ends(), "o", color=colors.simulation, label="oracle")
        axes.set(xlabel="√KL", ylabel="at the end")
        axes.legend()


# ---------------------------------------------------------------------------------------------- what comes in


def _kept(runs: Any) -> dict[str, Any]:
    """The runs as the page reads them: β ascending, plain numbers, None from where a run broke off."""
    if not isinstance(runs, Mapping) or not set(KEYS) <= set(runs) <= {*KEYS, "reference"}:
        came = ", ".join(map(str, runs)) if isinstance(runs, Mapping) else repr(runs)
        raise ArgumentError(f"runs must be a dict of {', '.join(KEYS)}, perhaps reference, not of {came}")
    betas, steps = _column("beta", runs["beta"]), _column("iterations", runs["iterations"])
    plain = [float(f"{beta:.{DIGITS}g}") for beta in betas]
    if not FEWEST <= len(set(plain)) <= MOST or len(set(plain)) < len(plain) or min(plain) < 0:
        raise ArgumentError(f"beta of the runs must hold {FEWEST} to {MOST} different numbers ≥ 0, not {plain}")
    if len(steps) < 4 or (np.diff(steps) <= 0).any() or (steps != np.round(steps)).any():
        came = steps.tolist()[:8]
        raise ArgumentError(f"iterations of the runs must be at least 4 whole numbers that ascend, not {came}")
    curves = {name: _table(name, runs[name], (len(plain), len(steps))) for name in CURVES}
    _require_sizes(curves)
    order = sorted(range(len(plain)), key=plain.__getitem__)
    ends = [min(_length(curves[name][run]) for name in CURVES) for run in range(len(plain))]
    if not min(ends):
        raise ArgumentError(f"runs must hold finite numbers at the first iteration, not so run {ends.index(0)}")
    samples = _samples(runs["samples"], len(plain))
    return {"beta": [plain[i] for i in order], "iterations": steps.astype(int).tolist(),
            **{name: [_plain(table[i], ends[i]) for i in order] for name, table in curves.items()},
            "samples": [samples[i] for i in order], "reference": _reference(runs.get("reference"))}  # fmt: skip


def _column(name: str, values: Any) -> NDArray[np.float64]:
    """A list of numbers of the runs."""
    column = _checks.finite_array(f"{name} of the runs", values)
    if column.ndim != 1 or not column.size:
        raise ArgumentError(f"{name} of the runs must be a list of numbers, not of shape {column.shape}")
    return column


def _table(name: str, values: Any, shape: tuple[int, int]) -> NDArray[np.float64]:
    """A curve for each run."""
    if isinstance(values, Sequence) and not isinstance(values, str):  # as the page keeps them: None for NaN
        values = [[np.nan if v is None else v for v in row] if isinstance(row, Sequence) else row for row in values]
    table = _checks.real_array(f"{name} of the runs", values)
    if table.shape != shape:
        raise ArgumentError(f"{name} of the runs must have shape {shape}, a row for each run, not {table.shape}")
    if name in ("entropy", "clip_fraction") and (table < 0).any():
        raise ArgumentError(f"{name} of the runs must not be negative, got {np.nanmin(table):g}")
    return table


def _require_sizes(curves: Mapping[str, NDArray]) -> None:
    """No more than a page should carry."""
    count = sum(table.size for table in curves.values())
    if count > MOST_NUMBERS:
        raise ArgumentError(f"runs may hold {MOST_NUMBERS} numbers in their curves, not {count}: keep fewer iterations")


def _length(row: NDArray[np.float64]) -> int:
    """How many numbers come before the first that is none, or is infinite."""
    bad = np.flatnonzero(~np.isfinite(row))
    return int(bad[0]) if bad.size else len(row)


def _plain(row: NDArray[np.float64], end: int) -> list[float | None]:
    """As JSON holds it."""
    return [float(f"{value:.{DIGITS}g}") if i < end else None for i, value in enumerate(row)]


def _samples(samples: Any, runs: int) -> list[list[dict[str, Any]]]:
    """Answers of each run's last policy."""
    if isinstance(samples, str) or not isinstance(samples, Sequence) or len(samples) != runs:
        raise ArgumentError(f"samples of the runs must be a list for each of {runs} runs, not {str(samples)[:60]}")
    return [_of_one_run(f"samples[{run}]", one) for run, one in enumerate(samples)]


def _of_one_run(name: str, answers: Any) -> list[dict[str, Any]]:
    if not isinstance(answers, Sequence) or isinstance(answers, str) or len(answers) > MOST_SAMPLES:
        came = str(answers)[:60]
        raise ArgumentError(f"{name} of the runs must be a list of at most {MOST_SAMPLES} answers, not {came}")
    kept = []
    for i, one in enumerate(answers):
        if not isinstance(one, Mapping) or set(one) != set(SAMPLE):
            came = ", ".join(map(str, one)) if isinstance(one, Mapping) else repr(one)
            raise ArgumentError(f"{name}[{i}] of the runs must be a dict of {', '.join(SAMPLE)}, not of {came}")
        for key in SAMPLE[:2]:
            if not isinstance(one[key], str) or len(one[key]) > LONGEST:
                raise ArgumentError(
                    f"{name}[{i}][{key!r}] of the runs must be a text of at most {LONGEST} letters, not {one[key]!r}"
                )
        numbers = {key: _checks.finite(f"{name}[{i}][{key!r}] of the runs", one[key]) for key in SAMPLE[2:]}
        kept.append({**{key: one[key] for key in SAMPLE[:2]},
                     **{key: float(f"{value:.{DIGITS}g}") for key, value in numbers.items()}})  # fmt: skip
    return kept


def _reference(reference: Any) -> dict[str, list[float]] | None:
    """Rewards and oracle of the answers of the policy that all runs began with."""
    if reference is None:
        return None
    if not isinstance(reference, Mapping) or set(reference) != {"reward", "oracle"}:
        raise ArgumentError(f"reference of the runs must be a dict of reward and oracle, not {str(reference)[:60]}")
    columns = {name: _column(f"reference[{name!r}]", reference[name]) for name in ("reward", "oracle")}
    counts = [len(column) for column in columns.values()]
    if counts[0] != counts[1] or not COUNTING <= counts[0] <= MOST_REFERENCE:
        raise ArgumentError(
            f"reference of the runs must hold {COUNTING} to {MOST_REFERENCE} rewards and as many oracles, not {counts}"
        )
    return {name: [float(f"{value:.{DIGITS}g}") for value in column] for name, column in columns.items()}
