"""The language model that runs inside the book's page, trained when the book is built.

It is a `GPT` of 875,264 parameters that has read Python's own reference and the standard library's
docstrings, in tokens of a byte-level BPE of 512. `page_gpt` gives it back; the training, of a few minutes on
two cores, is done once and kept by `book_lib.runs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

import torch

from book_lib._transformer_model import GPT, GPTConfig
from book_lib._transformer_positions import with_waves
from book_lib._transformer_training import TrainConfig, evaluate, threads, train
from book_lib.page_text import VOCABULARY, page_tokenizer, page_tokens
from book_lib.runs import Checkpoint, cached
from book_lib.tokenizer import BPETokenizer

__all__ = ["PageModel", "page_gpt"]

MODEL = {"context": 128, "width": 128, "layers": 4, "heads": 4}
TRAINING = {"steps": 2200, "batch_tokens": 1024, "doublings": 2, "learning_rate": 0.01, "weight_decay": 0.1}
WAVES = 0.3  # height of the sinusoids that the learned positions begin as


@dataclass(frozen=True)
class PageModel:
    """The model of the page and what is known of it.

    Args:
        model: the `GPT`, in evaluation mode.
        tokenizer: what turns text into its ids.
        report: ``steps``, ``parameters``, ``tokens`` read in all, ``train_tokens`` and ``held_out_tokens`` of the
            two texts, ``train_loss`` and ``held_out_loss`` in nats a token, and the ``curve``: steps and the
            losses of the batches.
    """

    model: GPT = field(repr=False)
    tokenizer: BPETokenizer = field(repr=False)
    report: Mapping[str, Any] = field(repr=False)


@cache
def page_gpt() -> PageModel:
    """The trained model; a few minutes on two cores the first time, then at once.

    Example: ``page_gpt().report["held_out_loss"]`` (`sec-tf-train` of the book).
    """
    stored = cached("page-gpt", train_page_gpt, {"model": MODEL, "training": TRAINING, "waves": WAVES})
    model = GPT(GPTConfig(VOCABULARY, **MODEL))
    prefix = "weight/"
    weights = {k.removeprefix(prefix): torch.from_numpy(v) for k, v in stored.items() if k.startswith(prefix)}
    model.load_state_dict(weights)
    report = {key: value for key, value in stored.items() if not key.startswith(prefix)}
    return PageModel(model.eval(), page_tokenizer(), MappingProxyType(report))


def train_page_gpt(model: dict, training: dict, waves: float, checkpoint: Checkpoint) -> dict:
    """Weights and report of a training on the corpus."""
    tokens, apart = page_tokens()
    with threads(2):
        gpt = with_waves(GPT(GPTConfig(VOCABULARY, **model), seed=0), waves)
        config = TrainConfig(**training)
        history = train(gpt, tokens, config, checkpoint=checkpoint, progress=True)
        held_out, seen = evaluate(gpt, apart), evaluate(gpt, tokens[: len(apart)])
    report = {
        "steps": config.steps,
        "parameters": gpt.num_params(),
        "tokens": config.steps * config.batch_tokens,
        "train_tokens": len(tokens),
        "held_out_tokens": len(apart),
        "train_loss": seen,
        "held_out_loss": held_out,
        "curve": asdict(history),
    }
    return {**{f"weight/{name}": value.numpy() for name, value in gpt.state_dict().items()}, **report}
