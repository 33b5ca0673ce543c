"""The report of a run: what was done to the text, how the model learned, what it writes, and with which settings."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from book_lib import plotting
from book_lib.pipeline import _stored
from book_lib.pipeline._monitoring import THRESHOLD, WINDOW
from book_lib.pipeline._settings import build
from book_lib.pipeline.pretrain import (
    PretrainConfig,
    find_spikes,
    load_model,
    memory_estimate,
    training_flops,
)
from book_lib.pipeline.run import CONFIG, REPORT, Row, RunFolder
from book_lib.sampling import generate
from book_lib.transformer import count_parameters

COMMAND = "python -m book_lib.pipeline"
LAST = 50  # steps whose mean loss is told
POINTS = 2000  # of a curve that is drawn
SHOWN = 10  # documents that were left out
WATCHED = {"loss": "loss", "gradient_norm": "gradient norm"}
SAMPLES, LENGTH, TEMPERATURE = 3, 120, 0.8
Pair = tuple[str, str]


def write_report(run: RunFolder) -> Path:
    """Write ``report.md`` and its figures from what is in a run folder that is held.

    Returns:
        The report's path.

    Raises:
        ValueError: if the settings or the metrics are damaged.
    """
    config = run.config
    parts = [f"# Report on the run {run.path.resolve().name}"]
    if _stored.is_prepared(run):
        parts += text_part(run)
    if "pretrain" in config:
        parts += pretraining_part(run, config["pretrain"])
    if len(parts) == 1:
        parts.append(f"Nothing has been done yet: `{command('prepare', run)}` is the first stage.")
    if config:
        parts += ["## Settings", "As in `config.json`, which may be handed to `--config`."]
        parts.append(fenced(json.dumps(config, indent=2, ensure_ascii=False), "json"))
    return run.write(REPORT, "\n\n".join(parts) + "\n")


# ----------------------------------------------------------------------------------------------------- the text


def text_part(run: RunFolder) -> Iterator[str]:
    """Yield what became of the text."""
    stored = _stored.load(run)
    about = stored.about
    yield "## The text"
    if about.get("sources"):
        yield "Read from " + ", ".join(f"`{source}`" for source in about["sources"]) + "."
    pairs = [(label, f"{about[key]:,}") for key, label in _stored.COUNTS.items() if key in about]
    pairs += [
        ("tokens to learn from", f"{len(stored.train):,}"),
        ("tokens held out", f"{len(stored.held_out):,}"),
        ("vocabulary", f"{stored.tokenizer.vocab_size:,} tokens"),
    ]
    yield table(pairs)
    funnel = about.get("funnel") or []
    if funnel:
        run.write("figures/funnel.svg", funnel_figure(funnel))
        yield "![What each step of the preparation left, in documents.](figures/funnel.svg)"
        yield table([(step["name"], f"{step['documents']:,}", f"{step['characters']:,}") for step in funnel],
                    ("step", "documents left", "characters left"))  # fmt: skip
    rejected = about.get("rejected") or []
    if rejected:
        yield f"Left out, the first {min(SHOWN, len(rejected))} of {len(rejected):,} (all are in `data/about.json`):"
        yield "\n".join(f"- {one['source']}: {'; '.join(one['reasons'])}" for one in rejected[:SHOWN])


# ------------------------------------------------------------------------------------------------ pre-training


def pretraining_part(run: RunFolder, settings: dict[str, Any]) -> Iterator[str]:
    """Yield how the model learned."""
    rows = run.metrics("pretrain")
    config = build(PretrainConfig, settings, f"{run.path / CONFIG}, pretrain")
    steps = [row for row in rows if "loss" in row]
    yield "## Pre-training"
    done = (run.path / "model").is_dir()
    if not done:
        last = steps[-1]["step"] if steps else 0
        found = run.checkpoints("pretrain")
        place = f"the checkpoint of step {int(found[-1].stem.rpartition('-')[2]):,}" if found else "the beginning"
        yield (f"{last:,} of {config.steps:,} steps have been made; `{command('pretrain', run)}` goes on "
               f"from {place}.")  # fmt: skip
    yield table(costs(run, config) + results(rows))
    if len(steps) > 1:
        run.write("figures/loss.svg", loss_figure(rows))
        run.write("figures/gradient_norm.svg", norm_figure(steps))
        yield "![The loss of each step and on held-out text, in nats a token.](figures/loss.svg)"
        yield "![The norm of the gradient and the learning rate, step by step.](figures/gradient_norm.svg)"
        yield spikes_in_words(steps)
    if done:
        yield "### What it writes"
        yield f"At temperature {TEMPERATURE}, behind the words before the bar."
        for sample in samples(run):
            yield fenced(sample, "text")


def costs(run: RunFolder, config: PretrainConfig) -> list[Pair]:
    """Return what the training costs by reckoning: parameters, arithmetic, memory."""
    model = config.model(_stored.load(run).tokenizer.vocab_size)
    n, memory = sum(count_parameters(model).values()), memory_estimate(model, config.batch)
    return [
        ("parameters, N", f"{n:,}"),
        ("tokens to be read, D", f"{config.tokens:,} ({config.tokens / n:.2f} a parameter)"),
        ("floating-point operations, 6 N D", f"{training_flops(n, config.tokens):.3g}"),
        ("memory, estimated", f"{memory['total'] / 1e6:,.0f} MB, activations {memory['activations'] / 1e6:,.0f} MB"),
    ]


def results(rows: list[Row]) -> list[Pair]:
    """Return what was measured, at the end so far."""
    steps = [row for row in rows if "loss" in row]
    looks = [row for row in rows if "held_out_loss" in row]
    found: list[Pair] = []
    if steps:
        loss = float(np.mean([row["loss"] for row in steps[-LAST:]]))
        seconds = sum(1 / row["tokens_per_second"] for row in steps)  # of a token of each step
        found.append((f"loss, mean of the last {min(LAST, len(steps))} steps", nats(loss)))
        found.append(("speed", f"{len(steps) / seconds:,.0f} tokens a second"))
    if looks:
        last = looks[-1]
        found.append((f"loss on {last['held_out_tokens']:,} held-out tokens", nats(last["held_out_loss"])))
    return found


def nats(loss: float) -> str:
    """Return a loss and its perplexity in words."""
    return f"{loss:.3f} nats a token, perplexity {np.exp(min(loss, 700.0)):,.1f}"


def spikes_in_words(steps: list[Row]) -> str:
    """Return at which steps the monitors saw a spike."""
    found = []
    for name, words in WATCHED.items():
        places = [steps[index]["step"] for index in find_spikes([row[name] for row in steps])]
        listed = ", ".join(map(str, places[:10])) + (f" and {len(places) - 10} more" if len(places) > 10 else "")
        found.append(f"{words}: " + (f"step {listed}" if places else "none"))
    rule = f"{THRESHOLD:g} robust standard deviations above the median of the {WINDOW} steps before"
    return f"Spikes ({rule}): {'; '.join(found)}."


def samples(run: RunFolder) -> Iterator[str]:
    """Yield some texts that the model writes behind a few words of the held-out text."""
    model, tokenizer = load_model(run)
    stored = _stored.load(run)
    ids = stored.held_out if len(stored.held_out) > SAMPLES else stored.train
    length = min(8, model.context // 2, len(ids) // SAMPLES)
    for number in range(SAMPLES):
        start = number * len(ids) // SAMPLES
        prompt = ids[start : start + max(length, 1)].tolist()
        written = generate(model, prompt, LENGTH, temperature=TEMPERATURE, rng=number)
        yield f"{tokenizer.decode(prompt)}|{tokenizer.decode(written[len(prompt) :])}"


# ---------------------------------------------------------------------------------------------------- pictures


def loss_figure(rows: list[Row]) -> str:
    """Draw the losses: each step's as dots, the held-out text's as a line."""
    figure, axes = plotting.figure(6.0)
    steps, looks = ([row for row in rows if name in row] for name in ("loss", "held_out_loss"))
    x, y = thinned([row["step"] for row in steps], [row["loss"] for row in steps])
    each = "each step" if len(x) == len(steps) else f"highest of {stretch_of(len(steps))} steps"
    axes.plot(x, y, ".", color=plotting.COLORS.simulation, markersize=2.5, label=each)
    looks = [row for row in looks if not row.get("final")] or looks  # the final one reads more text than the others
    if looks:
        axes.plot([row["step"] for row in looks], [row["held_out_loss"] for row in looks], "o-",
                  color=plotting.COLORS.mean_field, label="held-out text")  # fmt: skip
    axes.set(xlabel="step", ylabel="loss (nats a token)")
    axes.legend()
    return plotting.svg(figure, ground=plotting.COLORS.paper)


def norm_figure(steps: list[Row]) -> str:
    """Draw the gradient's norm above the learning rate."""
    figure, panels = plotting.figure(6.0, 5.0, rows=2, sharex=True, height_ratios=(2, 1))
    number = [row["step"] for row in steps]
    for axes, name, label, style in zip(panels, ("gradient_norm", "learning_rate"),
                                        ("gradient norm", "learning rate"), (".", "-"), strict=True):  # fmt: skip
        x, y = thinned(number, [row[name] for row in steps])
        axes.plot(x, y, style, color=plotting.COLORS.simulation, markersize=2.5)
        axes.set_ylabel(label)
    norms = [row["gradient_norm"] for row in steps]
    if min(norms) > 0:
        panels[0].set_yscale("log")
        panels[0].yaxis.set_major_formatter("{x:g}")  # 0.5, not 5 × 10⁻¹
        some = "25" if max(norms) > 3 * min(norms) else "123456789"
        panels[0].yaxis.set_minor_formatter(lambda x, place: f"{x:g}" if f"{x:e}"[0] in some else "")
    panels[1].set_xlabel("step")
    return plotting.svg(figure, ground=plotting.COLORS.paper)


def funnel_figure(funnel: list[dict[str, Any]]) -> str:
    """Draw how many documents each step of the preparation left."""
    figure, axes = plotting.figure(6.0, 0.45 * len(funnel) + 0.8)
    counts, names = [step["documents"] for step in funnel], [step["name"] for step in funnel]
    bars = axes.barh(range(len(funnel)), counts, color=plotting.COLORS.simulation)
    axes.bar_label(bars, [f"{count:,}" for count in counts], padding=4)
    axes.set_yticks(range(len(funnel)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(counts, default=1) + 1e-9)
    axes.set_xlabel("documents left")
    return plotting.svg(figure, ground=plotting.COLORS.paper)


def stretch_of(length: int) -> int:
    """Return how many of so many points are drawn as one."""
    return max(1, -(-length // POINTS))


def thinned(x: list[float], y: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return at most so many points as a picture can show, the highest of each stretch: a spike must not get lost."""
    stretch = stretch_of(len(x))
    best = [first + int(np.argmax(y[first : first + stretch])) for first in range(0, len(x), stretch)]
    return np.asarray(x)[best], np.asarray(y)[best]


# ---------------------------------------------------------------------------------------------------- Markdown


def table(rows: Iterable[tuple[str, ...]], heading: tuple[str, ...] = ("", "")) -> str:
    """Return rows as a Markdown table; numbers, which come behind, are flush right."""
    cells = [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]
    lines = [heading, ("---", *("--:" for _ in heading[1:])), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def command(stage: str, run: RunFolder) -> str:
    """Return what is typed for a stage of a run."""
    return f"{COMMAND} {stage} {shlex.quote(str(run.path))}"


def fenced(text: str, language: str) -> str:
    """Return text in a fence that is longer than any row of backticks in it."""
    longest = max((len(found) for found in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"
