"""Pre-training: a decoder-only transformer learns, from prepared text, to say what comes next.

* :class:`PretrainConfig` says how large the model is and how it learns; :func:`pretrain` does it, with AdamW, a
  warm-up and a cosine, and the gradient's norm held down. It can be watched, and killed at any step: with a
  :class:`~book_lib.pipeline.run.RunFolder` it goes on from its last checkpoint to the same weights, bit by bit.
* :class:`Pretrained` is what comes out; :func:`load_model` reads it back from a run folder.
* :func:`find_spikes` and :func:`spike_scores` watch a loss or a gradient's norm; :class:`DivergedError` is how a
  training ends that cannot go on.
* :func:`training_flops` and :func:`memory_estimate` reckon before what it will cost.

See the section :ref:`sec-llm-pretraining`.

>>> from book_lib.tokenizer import BPETokenizer
>>> from types import SimpleNamespace
>>> tokenizer = BPETokenizer()
>>> text = np.array(tokenizer.encode("so many spins, so little time. " * 20))
>>> prepared = SimpleNamespace(train=text, held_out=text[:60], tokenizer=tokenizer)  # see book_lib.pipeline.data
>>> tiny = PretrainConfig(steps=20, batch=4, context=16, width=16, layers=1, heads=2, learning_rate=0.01)
>>> done = pretrain(prepared, tiny)
>>> bool(done.column("loss")[0] > done.column("loss")[-1])
True
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from book_lib import transformer
from book_lib._transformer_costs import training_flops
from book_lib.pipeline._monitoring import (
    THRESHOLD,
    WINDOW,
    find_spikes,
    memory_estimate,
    spike_scores,
)
from book_lib.pipeline._pretrain_config import PreparedText, PretrainConfig, Text, pick_device, repeatable
from book_lib.pipeline._pretrain_loop import MODEL, DivergedError, Training
from book_lib.pipeline.run import Row, RunFolder
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPT

__all__ = [
    "DivergedError",
    "PretrainConfig",
    "Pretrained",
    "find_spikes",
    "load_model",
    "memory_estimate",
    "pick_device",
    "pretrain",
    "spike_scores",
    "training_flops",
]

TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A model that has been pre-trained, and what was measured on the way.

    Args:
        model: in evaluation mode, on the processor that it learned on.
        tokenizer: what makes its ids.
        config: how it learned.
        rows: the metrics. Each step has a row with "step" (from 1), "loss" (nats a token, before the step),
            "perplexity", "gradient_norm" (before it was shortened), "learning_rate", "tokens" (read so far) and
            "tokens_per_second"; each look at the held-out text one with "held_out_loss", "held_out_perplexity" and
            "held_out_tokens"; the last of these has "final".
    """

    model: GPT = field(repr=False)
    tokenizer: BPETokenizer = field(repr=False)
    config: PretrainConfig
    rows: tuple[Row, ...] = field(repr=False)

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one of the measurements, for all rows that have it; "step" goes with the steps, not with the looks.

        Raises:
            ValueError: if no row has it.
        """
        known = {key for row in self.rows for key in row} - {"stage", "final"}
        if name not in known:
            raise ValueError(f"name must be one of {', '.join(sorted(known))}, got {name!r}")
        found = [row[name] for row in self.rows if name in row and (name != "step" or "loss" in row)]
        return np.array(found, dtype=np.float64)

    @property
    def held_out(self) -> list[tuple[int, float]]:
        """The looks at the held-out text on the way: pairs of a step and a loss, nats a token."""
        looks = [row for row in self.rows if "held_out_loss" in row and "final" not in row]
        return [(row["step"], row["held_out_loss"]) for row in looks]

    @property
    def held_out_loss(self) -> float | None:
        """The loss on all of the held-out text at the end, nats a token; None if there was too little of it."""
        return next((row["held_out_loss"] for row in self.rows if row.get("final")), None)

    def spikes(self, name: str = "loss", window: int = WINDOW, threshold: float = THRESHOLD) -> list[int]:
        """Return the steps, from 1, at which a measurement jumps up; see :func:`find_spikes`."""
        steps = [row["step"] for row in self.rows if name in row]
        return [steps[index] for index in find_spikes(self.column(name), window, threshold)]


def pretrain(
    prepared: PreparedText,
    config: PretrainConfig,
    run: RunFolder | None = None,
    progress: bool = False,
    each: Callable[[Row], None] | None = None,
) -> Pretrained:
    """Teach a new model to predict the next token of a text.

    The loss is the mean of −ln p(next token) over B windows of T tokens, drawn at random. AdamW
    (:cite:`loshchilov2019decoupled`) shrinks matrices and tables, but neither biases nor norms; its learning rate
    climbs and then falls along a cosine; a gradient whose norm exceeds ``clip`` is shortened to it. Weights depend on
    the text, the settings, the number of threads and the machine, and on nothing else.

    Args:
        prepared: a `book_lib.pipeline.data.Prepared`, or anything with ``train`` and ``held_out``, ids of shapes
            (N,) and (M,), and a ``tokenizer``. Held-out text may be empty: then nothing is measured on it.
        config: see :class:`PretrainConfig`.
        run: a folder for metrics, checkpoints and the model, made if it is not there. If a training with the same
            settings was cut short there, this one goes on to the same weights, bit by bit; if it was finished, it is
            read back.
        progress: show a bar.
        each: called with each row of the metrics (see :class:`Pretrained`) as it comes.

    Returns:
        The model and the metrics.

    Raises:
        TypeError, ValueError: if the text is none, too short, or does not fit its tokenizer; if there is no such
            processor; if the run holds another training, or a checkpoint that is damaged. No folder is made then.
        DivergedError: if the loss or the gradient is no finite number any more.
        RunInUseError: if somebody else writes into the run folder.

    See the section :ref:`sec-llm-pretraining`.
    """
    if not isinstance(config, PretrainConfig):
        raise TypeError(f"config must be a PretrainConfig, got {config!r}")
    if run is not None and not isinstance(run, RunFolder):
        raise TypeError(f"run must be a RunFolder or None, got {run!r}")
    text, device = Text.of(prepared, config), pick_device(config.device)
    training = Training(text, config, device, run, each)
    with ExitStack() as stack:
        if run is not None:
            stack.enter_context(run)
            training.resume()
        stack.enter_context(repeatable(device, training.threads))
        training.go(progress)
        if run is not None and not (run.path / MODEL).exists():
            with run.folder(MODEL) as folder:
                training.model.save(folder)
                text.tokenizer.save(folder / TOKENIZER)
    return Pretrained(training.model, text.tokenizer, config, tuple(training.rows))


def load_model(run: RunFolder | str | os.PathLike[str]) -> tuple[GPT, BPETokenizer]:
    """Read the model that a finished training left in its run folder, and its tokenizer.

    Raises:
        FileNotFoundError: if no training has been finished there.
        ValueError: if a file is damaged.

    See the section :ref:`sec-llm-run`.
    """
    path = run.path if isinstance(run, RunFolder) else Path(run)
    folder = path / MODEL
    if not folder.is_dir():
        raise FileNotFoundError(f"{path} must hold a model: pre-training has not been finished there")
    return transformer.load(folder).eval(), BPETokenizer.load(folder / TOKENIZER)
