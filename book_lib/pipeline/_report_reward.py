"""The parts of a run's report that tell of the reward model and of the safety layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from book_lib import plotting
from book_lib.pipeline import _report, _settings
from book_lib.pipeline._cli_stage import command
from book_lib.pipeline._reward_loop import RewardConfig
from book_lib.pipeline._reward_model import STAGE, Preference
from book_lib.pipeline._reward_sources import RewardSources
from book_lib.pipeline._safety_run import STAGE as SAFETY
from book_lib.pipeline.run import CONFIG, Row, RunFolder

LAST = 20  # steps whose mean is told
SHOWN = 90  # signs of an example


def parts(run: RunFolder) -> Iterator[str]:
    """Yield the paragraphs about the stages reward and safety, whichever there are, of a run that is held.

    Raises:
        ValueError: if the settings or the metrics are damaged.
    """
    config = run.config
    if STAGE in config:
        yield from reward_part(run, config[STAGE])
    if SAFETY in config:
        yield from safety_part(run, config[SAFETY])


# ------------------------------------------------------------------------------------------- the reward model


def reward_part(run: RunFolder, table: dict[str, Any]) -> Iterator[str]:
    """Yield how the reward model learned."""
    where = f"{run.path / CONFIG}, {STAGE}"
    sources = _settings.build(RewardSources, table.get("sources", {}), where)
    config = _settings.build(RewardConfig, {key: table[key] for key in table if key != "sources"}, where)
    rows = run.metrics(STAGE)
    steps = [row for row in rows if "loss" in row]
    yield "## The reward model"
    origin = "of the toy world" if sources.is_toy else f"from `{sources.preferences}`"
    yield f"Preferences {origin}; the model began as that of `sft/`."
    if not (run.path / STAGE).is_dir():
        yield f"{len(steps):,} of {config.steps:,} steps have been made; `{command(STAGE, run)}` goes on."
    told = results(rows)
    if told:
        yield _report.table(told)
    if len(steps) > 1:
        run.write("figures/reward.svg", learning_figure(rows))
        yield "![The loss of a pair, and the share of pairs that are ranked right, step by step.](figures/reward.svg)"
    promised = next((row["calibration"] for row in rows if row.get("final")), None)
    if promised and promised["counts"]:
        run.write("figures/reward_calibration.svg", calibration_figure(promised))
        yield ("![How often the answer that the model favours was preferred, against the probability that it promised.]"
               "(figures/reward_calibration.svg)")  # fmt: skip


def costs(learnt: Sequence[Preference], held_out: Sequence[Preference]) -> list[_report.Pair]:
    """Return how much there is to learn."""
    return [("pairs of answers", f"{len(learnt):,}, {len(held_out):,} more held out")]


def results(rows: list[Row]) -> list[_report.Pair]:
    """Return what was measured, at the end so far."""
    steps = [row for row in rows if "loss" in row]
    looks = [row for row in rows if "held_out_accuracy" in row]
    found: list[_report.Pair] = []
    if steps:
        count = min(LAST, len(steps))
        for name, words, form in (("loss", "loss, nats a pair", ".3f"), ("accuracy", "ranked right", ".1%")):
            mean = float(np.mean([row[name] for row in steps[-LAST:]]))
            found.append((f"{words}, mean of the last {count} steps", format(mean, form)))
    for row, when in ((looks[0], "before"), (looks[-1], "now")) if looks else ():
        found.append((f"held-out pairs ranked right, {when}", f"{row['held_out_accuracy']:.1%}"))
        found.append((f"loss of held-out pairs, {when}", f"{row['held_out_loss']:.3f} nats a pair"))
    return found


def learning_figure(rows: list[Row]) -> str:
    """Draw the loss above the share of pairs ranked right: each step's as dots, the held-out pairs' as lines."""
    figure, panels = plotting.figure(6.0, 5.0, rows=2, sharex=True)
    for axes, name, label in zip(panels, ("loss", "accuracy"), ("loss (nats a pair)", "ranked right"), strict=True):
        steps, looks = ([row for row in rows if key in row] for key in (name, f"held_out_{name}"))
        axes.plot([row["step"] for row in steps], [row[name] for row in steps], ".",
                  color=plotting.COLORS.simulation, markersize=2.5, label="each step")  # fmt: skip
        if looks:
            axes.plot([row["step"] for row in looks], [row[f"held_out_{name}"] for row in looks], "o-",
                      color=plotting.COLORS.mean_field, label="held-out pairs")  # fmt: skip
        axes.set_ylabel(label)
    panels[0].axhline(np.log(2), color=plotting.COLORS.muted, linewidth=0.8, linestyle=":", label="ln 2")
    panels[0].set_ylim(bottom=0)
    panels[0].legend()
    panels[1].set_xlabel("step")
    return plotting.svg(figure, ground=plotting.COLORS.paper)


def calibration_figure(promised: dict[str, list[float]]) -> str:
    """Draw how often the favourite won against what was promised."""
    figure, axes = plotting.figure(5.0, 3.6)
    axes.plot([0.5, 1], [0.5, 1], color=plotting.COLORS.muted, linestyle=":", label="promise kept")
    axes.plot(promised["promised"], promised["came"], "o-", color=plotting.COLORS.simulation, label="held-out pairs")
    for x, y, count in zip(promised["promised"], promised["came"], promised["counts"], strict=True):
        axes.annotate(f"{count:,}", (x, y), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=7)
    axes.set(xlabel="promised", ylabel="favourite preferred", xlim=(0.48, 1.02), ylim=(-0.02, 1.08))
    axes.legend(loc="lower right")
    return plotting.svg(figure, ground=plotting.COLORS.paper)


# --------------------------------------------------------------------------------------------- the safety layer


def safety_part(run: RunFolder, settings: dict[str, Any]) -> Iterator[str]:
    """Yield what the safety layer lets through, what it refuses for nothing, and how it is evaded."""
    rows = run.metrics(SAFETY)
    kinds = {kind: [row for row in rows if row["kind"] == kind] for kind in ("result", "base", "curve", "evasion",
                                                                             "answer")}  # fmt: skip
    yield "## The safety layer"
    if not kinds["result"]:
        yield f"It has not been measured to the end; `{command(SAFETY, run)}` does it again."
        return
    yield _report.table(safety_results(rows))
    (passed, alarms), (missed, caught) = kinds["result"][0]["confusion"]
    yield _report.table([("harmless", f"{passed:,}", f"{alarms:,}"), ("harmful", f"{missed:,}", f"{caught:,}")],
                        ("requests", "let pass", "refused"))  # fmt: skip
    run.write("figures/safety.svg", threshold_figure(kinds["curve"]))
    yield "![Recall, false alarms and precision at each threshold.](figures/safety.svg)"
    yield "### How it is evaded"
    shares = ("caught", "caught_normalized")
    yield _report.table([(row["name"], short(row["example"]), *(f"{row[name]:.0%}" for name in shares))
                         for row in kinds["evasion"]],
                        ("disguise", "example", "caught", "caught, normalized"))  # fmt: skip
    if kinds["answer"]:
        yield "### What the guarded model answers"
        yield f"The model is that of `{settings.get('sources', {}).get('start')}/`."
        yield _report.table([(short(row["asked"]), short(row["text"]), "yes" if row["refused"] else "no")
                             for row in kinds["answer"]], ("asked", "answered", "refused"))  # fmt: skip


def safety_results(rows: list[Row]) -> list[_report.Pair]:
    """Return what was measured of the layer."""
    found: list[_report.Pair] = []
    for row in rows:
        if row["kind"] == "result":
            found.append(("requests held out", f"{row['requests']:,}"))
            found.append((f"recall at the threshold of {row['threshold']:g}", f"{row['recall']:.1%}"))
            found.append(("false alarms", f"{row['false_alarm']:.1%}"))
        if row["kind"] == "base":
            precision = "no alarm" if row["precision"] is None else f"{row['precision']:.1%}"
            found.append((f"precision if {row['base']:.1%} are harmful", precision))
    return found


def threshold_figure(curve: list[Row]) -> str:
    """Draw what each threshold would do to requests of which half are harmful, and of which one in a hundred is."""
    from book_lib.pipeline.safety import precision_at_base_rate, rates_of

    figure, axes = plotting.figure(6.0)
    thresholds = [row["threshold"] for row in curve]
    rates = np.array([rates_of(np.array(row["confusion"])) for row in curve])
    rare = [precision_at_base_rate(recall, false_alarm, 0.01) for recall, false_alarm in rates]
    for values, label, color, style in ((rates[:, 0], "recall", plotting.COLORS.simulation, "-"),
                                        (rates[:, 1], "false alarms", plotting.COLORS.hot, "--"),
                                        (rare, "precision, 1% harmful", plotting.COLORS.mean_field, "-.")):  # fmt: skip
        axes.plot(thresholds, values, style, color=color, label=label)
    axes.set(xlabel="threshold", ylabel="share", xlim=(0, 1), ylim=(-0.03, 1.03))
    axes.legend()
    return plotting.svg(figure, ground=plotting.COLORS.paper)


def short(text: str) -> str:
    """Return a text that fits into a cell of a table."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
