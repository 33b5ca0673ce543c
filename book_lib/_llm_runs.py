"""What the chapter on pre-training computes once and keeps: a prepared corpus with planted faults, and three trainings.

The text is Python's reference and docstrings with known faults planted in it (`sec-llm-prepare`). On what is left of
it a small GPT is trained (`sec-llm-pretraining`), and two shorter trainings are spoilt on purpose
(`sec-llm-monitoring`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from book_lib.pipeline.data import (
    END,
    Document,
    PrepareConfig,
    Truth,
    prepare,
    seed_faults,
    standard_documents,
)
from book_lib.pipeline.pretrain import DivergedError, PretrainConfig, pretrain
from book_lib.probability import entropy
from book_lib.runs import cached
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPT, evaluate

__all__ = ["FAULT_AT", "RUNS", "StoredRun", "StoredText", "learning_rate_grid", "planted", "stored_run",
           "stored_text"]  # fmt: skip

SEED = 0
SIZES = {"batch": 8, "context": 128, "width": 96, "layers": 3, "heads": 6, "device": "cpu", "threads": 1,
         "learning_rate": 3e-3, "evaluate_tokens": 8_000}  # fmt: skip
STEPS, SHORT, FAULT_AT = 1000, 240, 180
RUNS = {
    "clean": {"steps": STEPS, "evaluate_every": 100},
    "targets": {"steps": SHORT, "evaluate_every": 0, "fault_at": FAULT_AT, "fault": "targets"},
    "learning_rate": {"steps": SHORT, "evaluate_every": 0, "fault_at": FAULT_AT, "fault": "learning_rate",
                      "fault_factor": 30.0},
}  # fmt: skip
"""The trainings by name: one as it should be, and two that are spoilt at the same step."""
COLUMNS = ("loss", "gradient_norm", "learning_rate")
RATES, WARMUPS = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3), (0, 20)
SMALL = {"steps": 120, "batch": 8, "context": 64, "width": 64, "layers": 2, "heads": 4, "device": "cpu", "threads": 1,
         "evaluate_every": 0}  # fmt: skip


@cache
def planted() -> tuple[list[Document], list[Truth]]:
    """Return the standard documents with faults planted among them, and the truth about each.

    >>> documents, truth = planted()
    >>> len(documents) == len(truth) > 500
    True
    """
    return seed_faults(standard_documents(), SEED)


@dataclass(frozen=True, eq=False)
class StoredText:
    """What `pretrain` asks of prepared text, and what became of the documents.

    Args:
        train, held_out: ids, shapes (N,) and (M,).
        tokenizer: what made them.
        funnel: (rule, documents left, characters left), in order.
        reasons: place among the documents → the rules that took it, the first that counted.
    """

    train: NDArray[np.int64] = field(repr=False)
    held_out: NDArray[np.int64] = field(repr=False)
    tokenizer: BPETokenizer
    funnel: tuple[tuple[str, int, int], ...] = field(repr=False)
    reasons: Mapping[int, tuple[str, ...]] = field(repr=False)


def prepare_planted(seed: int, config: dict[str, Any]) -> dict[str, Any]:
    """Prepare the planted documents, and return ids, merges, the funnel and the reasons as arrays and JSON values.

    Args:
        seed: of the faults.
        config: settings of :class:`PrepareConfig`.
    """
    documents, _ = seed_faults(standard_documents(), seed)
    prepared = prepare(documents, PrepareConfig(**config), progress=True)
    return {
        "train": prepared.train.astype(np.uint16),
        "held_out": prepared.held_out.astype(np.uint16),
        "merges": np.array(prepared.tokenizer.merges),
        "funnel": [[stage.name, stage.documents, stage.characters] for stage in prepared.funnel],
        "reasons": [[one.index, [reason.rule for reason in one.reasons]] for one in prepared.rejected],
    }


@cache
def stored_text() -> StoredText:
    """Return the prepared text; some seconds the first time, then at once.

    Example: ``stored_text().funnel`` (`sec-llm-prepare` of the book).
    """
    stored = cached("llm-text", prepare_planted, {"seed": SEED, "config": {"vocab_size": 512}})
    tokenizer = BPETokenizer([tuple(pair) for pair in stored["merges"].tolist()], special_tokens=[END])
    return StoredText(
        stored["train"].astype(np.int64),
        stored["held_out"].astype(np.int64),
        tokenizer,
        tuple((name, documents, characters) for name, documents, characters in stored["funnel"]),
        {index: tuple(rules) for index, rules in stored["reasons"]},
    )


@dataclass(frozen=True, eq=False)
class StoredRun:
    """A training, as it was measured.

    Args:
        model: in evaluation mode.
        config: how it learned.
        loss, gradient_norm, learning_rate: of each step, shape (steps,); the loss in nats a token, before the step.
        looks: (step, loss on held-out text), in order.
        held_out_loss: on all of the held-out text, at the end.
        train_loss: on as much of the training text.
    """

    model: GPT = field(repr=False)
    config: PretrainConfig
    loss: NDArray[np.float64] = field(repr=False)
    gradient_norm: NDArray[np.float64] = field(repr=False)
    learning_rate: NDArray[np.float64] = field(repr=False)
    looks: tuple[tuple[int, float], ...] = field(repr=False)
    held_out_loss: float
    train_loss: float


def train_stored(config: dict[str, Any]) -> dict[str, Any]:
    """Train on the stored text and return weights and measurements; nothing that depends on the clock."""
    text = stored_text()
    done = pretrain(text, PretrainConfig(**config), progress=True)
    report = {name: done.column(name) for name in COLUMNS}
    report |= {"looks": [list(look) for look in done.held_out], "held_out_loss": done.held_out_loss}
    report["train_loss"] = evaluate(done.model, text.train[: len(text.held_out)])
    return {**{f"weight/{name}": value.numpy() for name, value in done.model.state_dict().items()}, **report}


@cache
def stored_run(name: str = "clean") -> StoredRun:
    """Return one of :data:`RUNS`; up to a minute the first time, then at once.

    Raises:
        KeyError: if there is none of that name.

    Example: ``stored_run().held_out_loss`` (`sec-llm-pretraining` of the book).
    """
    config = PretrainConfig(**SIZES, **RUNS[name])
    settings = {key: value for key, value in asdict(config).items() if value is not None}
    stored = cached(f"llm-run-{name.replace('_', '-')}", train_stored, {"config": settings})
    model = GPT(config.model(stored_text().tokenizer.vocab_size))
    weights = {key.removeprefix("weight/"): value for key, value in stored.items() if key.startswith("weight/")}
    model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    looks = tuple((int(step), float(loss)) for step, loss in stored["looks"])
    return StoredRun(model.eval(), config, *(stored[name] for name in COLUMNS), looks, stored["held_out_loss"],
                     stored["train_loss"])  # fmt: skip


def train_grid(rates: list[float], warmups: list[int], small: dict[str, Any]) -> dict[str, Any]:
    """Train a small model with every learning rate and every warm-up, and return what was measured.

    Args:
        rates: learning rates at their highest.
        warmups: steps of the climb.
        small: the other settings.

    Returns:
        "learning_rate", "warmup", shape (R,); "steps", shape (S,); "loss", "norm", shape (R, S), NaN from where a run
        broke off; "level", the loss of a model that knows how often each token occurs and nothing else; "clip".
    """
    text, pairs = stored_text(), [(rate, warmup) for warmup in warmups for rate in rates]
    loss, norm = (np.full((len(pairs), small["steps"]), np.nan) for _ in range(2))
    for row, (rate, warmup) in enumerate(pairs):
        config = PretrainConfig(**small, learning_rate=rate, warmup=warmup)
        try:
            measured = pretrain(text, config).rows
        except DivergedError as error:
            measured = error.rows
        steps = [one for one in measured if "loss" in one]
        loss[row, : len(steps)] = [one["loss"] for one in steps]
        norm[row, : len(steps)] = [one["gradient_norm"] for one in steps]
    return {
        "learning_rate": np.array([rate for rate, _ in pairs]),
        "warmup": np.array([warmup for _, warmup in pairs]),
        "steps": np.arange(1, small["steps"] + 1),
        "loss": loss,
        "norm": norm,
        "level": entropy(np.bincount(text.train) / len(text.train)),
        "clip": PretrainConfig(**small).clip,
    }


@cache
def learning_rate_grid() -> dict[str, Any]:
    """Return what `LearningRateRuns` shows: fourteen trainings of a small model; less than a minute the first time.

    Example: ``learning_rate_grid()["loss"].shape`` (`sec-llm-rate` of the book).
    """
    return cached("llm-rates", train_grid, {"rates": list(RATES), "warmups": list(WARMUPS), "small": SMALL})
