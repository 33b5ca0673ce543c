"""What the report of a run says about learning from rewards and from preferences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from book_lib import plotting
from book_lib.pipeline import _report
from book_lib.pipeline.chat import ChatTemplate, Conversation, load_chat
from book_lib.pipeline.run import Row, RunFolder
from book_lib.transformer import GPT

ASKED, ROUNDS = 3, 5  # prompts whose answers are shown; rounds whose mean is told
LENGTH, LONGEST = 40, 120  # tokens of an answer, at most or more if more were allowed, and signs that are shown
WORDS = {
    "reward": "reward, mean of an answer",
    "oracle": "the oracle's mean score",
    "kl": "divergence from the reference, nats an answer",
    "entropy": "entropy, nats a token",
    "length": "tokens an answer",
    "ended": "share of answers that end",
    "loss": "loss, nats a pair",
    "accuracy": "share of pairs whose chosen answer is preferred",
    "margin": "difference of the implied rewards",
}
PANELS = {
    "ppo": (("reward", "oracle"), ("kl", "kl_k3"), ("entropy",), ("clip_fraction",)),
    "dpo": (("loss",), ("accuracy",), ("chosen", "rejected")),
}
TITLES = {"ppo": "Learning from rewards", "dpo": "Learning from preferences"}
ALT = {
    "ppo": "Reward and the judge's opinion, divergence, entropy and the share of clipped tokens, round by round.",
    "dpo": "Loss, accuracy and how probable the answers have become, step by step.",
}


def parts(run: RunFolder) -> Iterator[str]:
    """Yield the paragraphs about the stages ppo and dpo, whichever there are, of a run that is held."""
    for stage in ("dpo", "ppo"):
        if stage in run.config:
            yield from of_stage(run, stage)


def of_stage(run: RunFolder, stage: str) -> Iterator[str]:
    """Yield the paragraphs about one of the stages."""
    settings, rows = run.config[stage], run.metrics(stage)
    steps = [row for row in rows if not row.get("final")]
    unit, total = ("rounds", settings["iterations"]) if stage == "ppo" else ("steps", settings["steps"])
    method = settings["method"].upper() if stage == "ppo" else "DPO"
    yield f"## {TITLES[stage]}"
    done = (run.path / stage).is_dir()
    going = "" if done else f"; `{_report.command(stage, run)}` goes on"
    yield (f"By {method} at β = {settings['beta']:g}, from the model of `{started(settings)}/`{told_of(settings)}. "
           f"{steps[-1]['step'] if steps else 0} of {total} {unit} have been made{going}.")  # fmt: skip
    told = results(rows)
    if told:
        yield _report.table(told)
    if len(steps) > 1:
        run.write(f"figures/{stage}.svg", figure_of(stage, steps))
        yield f"![{ALT[stage]}](figures/{stage}.svg)"
    if done and (run.path / started(settings)).is_dir():
        yield from answered(run, stage, settings)


def results(rows: list[Row]) -> list[tuple[str, str]]:
    """Return what was measured: at first, and in the end."""
    steps = [row for row in rows if not row.get("final")]
    final = next((row for row in rows if row.get("final")), None)
    found = []
    for name, words in WORDS.items():
        values = [row[name] for row in steps if name in row]
        if values:
            last = final[name] if final and name in final else float(np.mean(values[-ROUNDS:]))
            found.append((words, f"{values[0]:z.2f} at first, {last:z.2f} in the end"))
    return found


def figure_of(stage: str, rows: list[Row]) -> str:
    """Draw what was measured, a panel for each kind."""
    shown = [[name for name in names if name in rows[0]] for names in PANELS[stage]]
    figure, panels = plotting.figure(6.0, 1.5 * len(shown) + 0.5, rows=len(shown), sharex=True)
    number = [row["step"] for row in rows]
    colors = (plotting.COLORS.simulation, plotting.COLORS.mean_field)
    for axes, names in zip(panels, shown, strict=True):
        for name, color, style in zip(names, colors, ("-", "--"), strict=False):
            axes.plot(number, [row[name] for row in rows], style, color=color, label=name.replace("_", " "))
        axes.set_ylabel(names[0].replace("_", " "))
        if len(names) > 1:
            axes.legend()
    panels[-1].set_xlabel("round" if stage == "ppo" else "step")
    return plotting.svg(figure, ground=plotting.COLORS.paper)


def answered(run: RunFolder, stage: str, settings: dict[str, Any]) -> Iterator[str]:
    """Yield what the model before and the model after answer to some prompts, with the same chance."""
    from book_lib.pipeline.chat import reply

    models = [load_chat(run, folder) for folder in (started(settings), stage)]
    length, rows = max(LENGTH, settings.get("max_new_tokens", 0)), []
    for number, prompt in enumerate(asked(settings, *models[1])):
        said = [reply(*one, prompt, rng=number, max_new_tokens=length) for one in models]
        rows.append(tuple(plain(text) for text in (prompt[-1].content, *said)))
    if rows:
        yield "### What it answers"
        yield _report.table(rows, ("asked", "before", "after"))


def asked(settings: dict[str, Any], model: GPT, template: ChatTemplate) -> list[Conversation]:
    """Return some of the prompts that a stage learnt from, or of the toy world's; none if the reader's file is gone."""
    from book_lib.pipeline import _toy
    from book_lib.pipeline._cli_ppo import load_prompts
    from book_lib.pipeline.reward import load_preferences

    sources = settings.get("sources", {})
    try:
        if sources.get("prompts"):
            found = load_prompts(sources["prompts"])
        elif sources.get("preferences"):
            found = [pair.prompt for pair in load_preferences(sources["preferences"])]
        else:
            found = _toy.prompts(10 * ASKED, 1)
    except (OSError, ValueError):
        return []
    return [prompt for prompt in dict.fromkeys(found) if len(template.prompt(prompt)) < model.context][:ASKED]


def started(settings: dict[str, Any]) -> str:
    """Return the stage whose model learnt."""
    return settings.get("sources", {}).get("start", "sft")


def told_of(settings: dict[str, Any]) -> str:
    """Return in words what a stage learnt from."""
    sources = settings.get("sources", {})
    if "preferences" in sources:
        return f", on pairs of {place(sources['preferences'])}"
    if "prompts" not in sources:
        return ""
    judge = "the reward model" if sources.get("reward") == "model" else "a rule that a program checks"
    return f", on questions of {place(sources['prompts'])}, judged by {judge}"


def place(path: str | None) -> str:
    """Return where something was read."""
    return f"`{path}`" if path else "the toy world"


def plain(text: str) -> str:
    """Return text that stands in one cell of a table and means nothing there."""
    line = " ".join(text.split())
    line = line if len(line) <= LONGEST else line[:LONGEST] + "…"
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#" else sign for sign in line)
