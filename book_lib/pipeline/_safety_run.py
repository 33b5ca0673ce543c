"""The stage ``safety`` of the command line: fit a filter, count its mistakes, try to evade it, put it round a model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from book_lib import _checks
from book_lib.pipeline import _toy
from book_lib.pipeline._chat_messages import Conversation, Message
from book_lib.pipeline._filters import share
from book_lib.pipeline._quality import ToxicityFilter
from book_lib.pipeline.chat import ChatTemplate, load_chat, reply
from book_lib.pipeline.run import Row, RunFolder
from book_lib.pipeline.safety import (
    REFUSAL,
    STAGE,
    SafetyLayer,
    confusion,
    evasion_rates,
    load_requests,
    precision_at_base_rate,
    rates_of,
    save_safety,
    toy_requests,
)
from book_lib.transformer import GPT

STARTS = ("ppo", "dpo", "sft")  # the first that is there is guarded
KINDS = ("harmless", "harmful")
THRESHOLDS = tuple(k / 20 for k in range(1, 20))
BASES = (0.5, 0.1, 0.01, 0.001)
DISGUISED, ASKED = 200, 2  # texts that are disguised; requests of either kind that the guarded model gets
Labelled = tuple[list[str], NDArray[np.int64]]


@dataclass(frozen=True)
class SafetyConfig:
    """How a model is guarded.

    Args:
        input_threshold: the score from which a user's message is refused, 0 ... 1.
        output_threshold: the score from which an answer is withheld, 0 ... 1.
        refusal: what is said instead.
        normalize: whether disguises are taken off before a text is judged.
        seed: of the toy requests, of the disguises and of the answers.

    Raises:
        TypeError, ValueError: if a setting is out of its range; it is named.

    See the section :ref:`sec-align-safety`.
    """

    input_threshold: float = 0.5
    output_threshold: float = 0.5
    refusal: str = REFUSAL
    normalize: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("input_threshold", "output_threshold"):
            share(name, getattr(self, name))
        if not isinstance(self.refusal, str) or not self.refusal.strip():
            raise ValueError(f"refusal must be text that is not empty, got {self.refusal!r}")
        if not isinstance(self.normalize, bool):
            raise TypeError(f"normalize must be True or False, got {self.normalize!r}")
        _checks.integer("seed", self.seed, 0)

    def layer(self, toxicity: ToxicityFilter) -> SafetyLayer:
        """The checks, with a fitted filter."""
        return SafetyLayer(toxicity, self.input_threshold, self.output_threshold, self.refusal, self.normalize)


@dataclass(frozen=True)
class SafetySources:
    """What the filter learns from, and which model it guards.

    Args:
        requests: a file with one JSON object a line, {"text": "...", "harmful": true}; requests of a toy world if none.
        toy_requests: how many the toy world makes, to learn from and as many to be judged by.
        held_out_share: share of the file's requests that is not learnt, but judged by, between 0 and 1.
        start: the stage whose model is guarded, "ppo", "dpo" or "sft"; the first of them that is there if none.

    Raises:
        TypeError, ValueError: if a setting is out of its range; it is named.
    """

    requests: str | None = None
    toy_requests: int = 1200
    held_out_share: float = 0.5
    start: str | None = None

    def __post_init__(self) -> None:
        if self.requests is not None and not isinstance(self.requests, str):
            raise TypeError(f"requests must be the path of a file, got {self.requests!r}")
        _checks.integer("toy_requests", self.toy_requests, 20)
        if not 0 < _checks.finite("held_out_share", self.held_out_share) < 1:
            raise ValueError(f"held_out_share must be greater than 0 and less than 1, got {self.held_out_share}")
        if self.start is not None:
            _checks.one_of("start", self.start, STARTS)

    def absolute(self) -> SafetySources:
        """The same from wherever the command is called again."""
        if self.requests is None:
            return self
        return replace(self, requests=str(Path(self.requests).expanduser().absolute()))

    def read(self, seed: int) -> tuple[Labelled, Labelled]:
        """Return requests to learn from, and others that are held out, with both kinds in either.

        Raises:
            FileNotFoundError, ValueError: as `load_requests`; if there are fewer than two of a kind.
        """
        if self.requests is None:
            return (toy_requests(self.toy_requests, np.random.default_rng([seed, 0]), known=True),
                    toy_requests(self.toy_requests, np.random.default_rng([seed, 1])))  # fmt: skip
        texts, labels = load_requests(self.requests)
        apart = np.zeros(len(texts), dtype=bool)
        for kind in (0, 1):
            places = np.random.default_rng([seed, kind]).permutation(np.flatnonzero(labels == kind))
            if len(places) < 2:
                raise ValueError(f"{self.requests} must hold two requests of either kind, one to learn from and one "
                                 f"to be judged by; got {len(places)} {KINDS[kind]}")  # fmt: skip
            apart[places[: min(max(1, round(self.held_out_share * len(places))), len(places) - 1)]] = True
        return tuple(([texts[k] for k in np.flatnonzero(part)], labels[part]) for part in (~apart, apart))


def survey(run: RunFolder, config: SafetyConfig, sources: SafetySources) -> list[Row]:
    """Fit the filter, measure it, guard the model, and write it all down in a run folder that is held.

    Returns:
        The rows of the metrics: one of the kind "result", and others of "curve", "base", "evasion" and "answer".

    Raises:
        FileNotFoundError, ValueError: if a file or the model is not there, or holds something else.
    """
    learnt, held_out = sources.read(config.seed)
    start = started(run, sources.start)
    model = None if start is None else load_chat(run, start)
    layer = config.layer(ToxicityFilter().fit(*learnt))
    rows = [*measured(layer, held_out), *evaded(layer, held_out, config.seed)]
    if model is not None:
        rows += answered(layer, *model, questions(sources, held_out), config.seed)
    run.keep(lambda row: row.get("stage") != STAGE)
    run.settle(STAGE, {**asdict(config), "sources": asdict(replace(sources, start=start))}, anew=True)
    save_safety(run, layer)
    rows = [{"stage": STAGE, **row} for row in rows]
    for row in rows:
        run.append(row)
    return rows


def started(run: RunFolder, start: str | None) -> str | None:
    """Return the stage whose model is guarded, or None if none has been finished."""
    return start or next((stage for stage in STARTS if (run.path / stage).is_dir()), None)


def measured(layer: SafetyLayer, held_out: Labelled) -> Iterator[Row]:
    """Yield what the layer gets wrong, at its threshold and at others, and what an alarm means where harm is rare."""
    texts, labels = held_out
    scores = layer.score(texts)
    table = confusion(scores, labels, layer.input_threshold)
    recall, false_alarm = rates_of(table)
    yield {"kind": "result", "threshold": layer.input_threshold, "requests": len(texts), "confusion": table.tolist(),
           "recall": recall, "false_alarm": false_alarm}  # fmt: skip
    for base in BASES:
        precision = precision_at_base_rate(recall, false_alarm, base)
        yield {"kind": "base", "base": base, "precision": None if math.isnan(precision) else precision}
    for threshold in THRESHOLDS:
        yield {"kind": "curve", "threshold": threshold, "confusion": confusion(scores, labels, threshold).tolist()}


def evaded(layer: SafetyLayer, held_out: Labelled, seed: int) -> Iterator[Row]:
    """Yield how often each disguise is seen through, with and without normalizing."""
    harmful = [text for text, label in zip(*held_out, strict=True) if label][:DISGUISED]
    for one in evasion_rates(layer.toxicity, harmful, layer.input_threshold, np.random.default_rng([seed, 2])):
        yield {"kind": "evasion", **asdict(one)}


def questions(sources: SafetySources, held_out: Labelled) -> list[Conversation]:
    """Return some prompts, harmless ones first."""
    texts = {kind: [text for text, label in zip(*held_out, strict=True) if label == kind][:ASKED] for kind in (0, 1)}
    if sources.requests is None:
        texts[0] = [_toy.FIRST[k].format(noun=_toy.NOUNS[k]) for k in range(ASKED)]
    return [(Message("user", text),) for kind in (0, 1) for text in texts[kind]]


def answered(layer: SafetyLayer, model: GPT, template: ChatTemplate, prompts: list[Conversation], seed: int
             ) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield what the guarded model answers to prompts that leave it room."""
    rng = np.random.default_rng([seed, 3])
    guarded = layer.guard(lambda messages: reply(model, template, messages, rng))
    for prompt in prompts:
        if len(template.prompt(prompt)) < model.context:
            said = guarded(prompt)
            yield {"kind": "answer", "asked": prompt[-1].content, "text": said.text, "refused": said.refused,
                   "scores": [verdict.score for verdict in said.verdicts]}  # fmt: skip
