"""The part of a run's report that tells of fine-tuning: how it went, what was forgotten, what the model answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from book_lib import plotting
from book_lib.pipeline import _report, _settings, _toy
from book_lib.pipeline._chat_config import Material, SFTConfig
from book_lib.pipeline._chat_sources import ChatSources
from book_lib.pipeline._chat_training import FOLDER, STAGE
from book_lib.pipeline.chat import ChatTemplate, Conversation, load_chat, replies, reply
from book_lib.pipeline.run import CONFIG, Row, RunFolder
from book_lib.transformer import GPT

LAST = 50  # steps whose mean loss is told
SAMPLES, ASKED = 3, 100  # prompts whose answers are shown, and toy prompts by which answers are counted


def parts(run: RunFolder) -> Iterator[str]:
    """Yield how the model of a run that is held learned to answer; nothing if that stage has not begun.

    Raises:
        ValueError: if the settings or the metrics are damaged.
    """
    table = run.config.get(STAGE)
    if table is None:
        return
    where = f"{run.path / CONFIG}, {STAGE}"
    sources = _settings.build(ChatSources, table.get("sources", {}), where)
    config = _settings.build(SFTConfig, {key: table[key] for key in table if key != "sources"}, where)
    rows = run.metrics(STAGE)
    steps = [row for row in rows if "loss" in row]
    yield "## Fine-tuning"
    yield f"Conversations {'of the toy world' if sources.is_toy else f'from `{sources.chats}`'}."
    done = (run.path / FOLDER).is_dir()
    if not done:
        yield f"{len(steps):,} of {config.steps:,} steps have been made; `{_report.command(STAGE, run)}` goes on."
    yield _report.table(results(rows))
    if len(steps) > 1:
        run.write("figures/sft_loss.svg", loss_figure(rows))
        yield "![The loss of the answers, and of the old text, in nats a token.](figures/sft_loss.svg)"
    if done:
        yield from answers(*load_chat(run), sources, config)


def answers(model: GPT, template: ChatTemplate, sources: ChatSources, config: SFTConfig) -> Iterator[str]:
    """Yield some answers, and in the toy world how many are well-formed."""
    try:
        learnt, held_out = sources.read(config.seed)
    except (OSError, ValueError):  # the reader's file may have gone meanwhile
        return
    yield "### What it answers"
    yield "At temperature 1, to conversations that were held out." if held_out else "At temperature 1."
    for number, conversation in enumerate((held_out or learnt)[:SAMPLES]):
        prompt = conversation[:-1]
        if len(template.prompt(prompt)) < model.context:
            said = reply(model, template, prompt, number)
            yield _report.fenced(dialogue(prompt, said), "text")
    if sources.is_toy:
        yield _report.table(toy_counts(model, template))


def dialogue(prompt: Conversation, answer: str) -> str:
    """Return a conversation as lines."""
    return "\n".join([*(f"{one.role}: {one.content}" for one in prompt), f"assistant: {answer}"])


def toy_counts(model: GPT, template: ChatTemplate) -> list[_report.Pair]:
    """Return how many answers to prompts of the toy world are well-formed, and what the oracle gives them."""
    prompts = _toy.prompts(ASKED, 0)
    prompts = [prompt for prompt in prompts if len(template.prompt(prompt)) < model.context]
    said = replies(model, template, prompts, 0)
    pairs = [(_toy.noun_of(prompt), answer) for prompt, answer in zip(prompts, said, strict=True)]
    if not pairs:
        return [("toy prompts that fit into the context", "0")]
    good = np.mean([_toy.is_well_formed(*pair) for pair in pairs])
    return [(f"well-formed, of {len(pairs)} answers", f"{good:.0%}"),
            ("the oracle's mean score", f"{np.mean([_toy.oracle(*pair) for pair in pairs]):+.2f}")]  # fmt: skip


# ------------------------------------------------------------------------------------------------- numbers


def costs(material: Material) -> list[_report.Pair]:
    """Return how much there is to learn."""
    tokens = sum(len(one) for one in material.rows)
    answer = sum(int(one.answer.sum()) for one in material.rows)
    told = [("conversations", f"{len(material.rows):,}, {len(material.held_out):,} more held out"),
            ("tokens of answers", f"{answer:,} of {tokens:,}")]  # fmt: skip
    return [*told, ("too long, left out", f"{material.skipped:,}")] if material.skipped else told


def results(rows: list[Row]) -> list[_report.Pair]:
    """Return what was measured, at the end so far."""
    steps = [row for row in rows if "loss" in row]
    found: list[_report.Pair] = []
    if steps:
        loss = float(np.mean([row["loss"] for row in steps[-LAST:]]))
        found.append((f"loss of the answers, mean of the last {min(LAST, len(steps))} steps", _report.nats(loss)))
    for name, words in (("held_out_loss", "held-out answers"), ("text_loss", "the old text")):
        looks = [row[name] for row in rows if name in row]
        if looks:
            found.append((f"loss of {words}, before", _report.nats(looks[0])))
            found.append((f"loss of {words}, now", _report.nats(looks[-1])))
            if name == "text_loss":
                found.append(("forgotten", f"{looks[-1] - looks[0]:+.3f} nats a token"))
    return found


def loss_figure(rows: list[Row]) -> str:
    """Draw the losses: each step's as dots, the held-out answers' and the old text's as lines."""
    figure, axes = plotting.figure(6.0)
    steps = [row for row in rows if "loss" in row]
    x, y = _report.thinned([row["step"] for row in steps], [row["loss"] for row in steps])
    axes.plot(x, y, ".", color=plotting.COLORS.simulation, markersize=2.5, label="answers, each step")
    lines: tuple[tuple[str, str, Any], ...] = (
        ("held_out_loss", "held-out answers", {"color": plotting.COLORS.mean_field}),
        ("text_loss", "old text", {"color": plotting.COLORS.ink, "linestyle": "--"}),
    )
    for name, label, style in lines:
        looks = [row for row in rows if name in row]
        if looks:
            axes.plot([row["step"] for row in looks], [row[name] for row in looks], marker="o", label=label, **style)
    axes.set(xlabel="step", ylabel="loss (nats a token)")
    axes.set_ylim(bottom=0)
    axes.legend()
    return plotting.svg(figure, ground=plotting.COLORS.paper)
