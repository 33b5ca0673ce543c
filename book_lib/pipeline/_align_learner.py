"""What all alignment has in common: a module that learns in steps, may be stopped at any, and goes on to the same bits.

See :func:`book_lib.pipeline.ppo.align` and :func:`book_lib.pipeline.dpo.dpo`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from book_lib.pipeline import _checkpoints
from book_lib.pipeline._chat_template import ChatTemplate
from book_lib.pipeline._checkpoints import Checkpoint
from book_lib.pipeline._pretrain_config import repeatable
from book_lib.pipeline._pretrain_loop import DivergedError
from book_lib.pipeline.run import Row, RunFolder
from book_lib.transformer import GPT

FREE = ("device", "threads", "checkpoint_every")  # what may change when a training goes on
ADAM_EPSILON = 1e-5  # of RLHF's usual recipe: where gradients have nearly vanished, 1e-8 would magnify their noise


@dataclass(frozen=True, eq=False)
class Aligned:
    """A policy that has been aligned, and what was measured on the way.

    Args:
        model: in evaluation mode, on the processor that it learned on.
        template: of the conversations.
        config: how it learned, an `AlignConfig` or a `DPOConfig`.
        rows: the metrics; see :func:`book_lib.pipeline.ppo.align` and :func:`book_lib.pipeline.dpo.dpo`.

    See the section :ref:`sec-align-ppo`.
    """

    model: GPT = field(repr=False)
    template: ChatTemplate = field(repr=False)
    config: Any
    rows: tuple[Row, ...] = field(repr=False)

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one of the measurements, step by step, without the last look at the result.

        Raises:
            ValueError: if no row has it.
        """
        found = [row[name] for row in self.rows if name in row and not row.get("final")]
        if not found:
            known = sorted({key for row in self.rows for key in row} - {"stage", "final"})
            raise ValueError(f"name must be one of {', '.join(known)}, got {name!r}")
        return np.array(found, dtype=np.float64)

    @property
    def final(self) -> Row:
        """What the last look at the result measured; empty if there was none."""
        return next((row for row in self.rows if row.get("final")), {})


class Learner:
    """A training between two steps; a stage of its own fills in :meth:`once`, and perhaps :meth:`look`.

    Args:
        stage: its name, which is that of its folder, too.
        module: what learns, on its device.
        config: a dataclass with ``learning_rate``, ``max_norm``, ``seed``, ``threads`` and ``checkpoint_every``.
        steps: to be made in all.
        about: what tells its material from others; JSON values.
        run: where metrics and checkpoints go, or None.
        each: called with each row of the metrics, or None.
        sources: JSON values written down with the settings.
    """

    unit = "step"

    def __init__(
        self,
        stage: str,
        module: nn.Module,
        config: Any,
        steps: int,
        about: Mapping[str, Any],
        run: RunFolder | None = None,
        each: Callable[[Row], None] | None = None,
        sources: Mapping[str, Any] | None = None,
    ) -> None:
        self.stage, self.module, self.config, self.steps, self.about = stage, module, config, steps, dict(about)
        self.run, self.each, self.sources = run, each, dict(sources or {})
        self.parameters = list(module.parameters())
        self.device = self.parameters[0].device
        self.optimizer = torch.optim.Adam(self.parameters, lr=config.learning_rate, eps=ADAM_EPSILON)
        self.rng = np.random.default_rng(config.seed)
        self.step, self.rows, self.threads = 0, [], config.threads or torch.get_num_threads()

    # ------------------------------------------------------------------------------------------- going on

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that decide about the weights."""
        return {name: value for name, value in asdict(self.config).items() if name not in FREE}

    def resume(self) -> None:
        """Go on where the run's newest checkpoint stands, if there is one.

        Raises:
            ValueError: if it is damaged, or belongs to another training; nothing has been changed then.
        """
        found = _checkpoints.load(self.run, self.stage)
        if found is None and (self.run.path / self.stage).exists():
            raise ValueError(f"{self.run.path} holds an aligned model in {self.stage}/ whose checkpoints are gone, so "
                             "that its training cannot go on; take another folder, or begin anew")  # fmt: skip
        if found is not None:
            checkpoint, path = found
            _checkpoints.require_same(path, "material", checkpoint.text, self.about)
            _checkpoints.require_same(path, "configuration", checkpoint.settings, self.settings)
            _checkpoints.restore(path, checkpoint.tensors, self.module, self.optimizer)
            self.step = checkpoint.progress["step"]
            self.rng.bit_generator.state = checkpoint.progress["generator"]
            # subtle: sums are split among threads; another number of them would change the last bits.
            self.threads = self.config.threads or checkpoint.progress["threads"]
        self.run.settle(self.stage, {**asdict(self.config), **self.sources}, FREE, anew=found is None)
        self.run.keep(lambda row: row.get("stage") != self.stage or row["step"] <= self.step and found is not None)
        self.rows = self.run.metrics(self.stage)

    def save(self) -> None:
        """Write a checkpoint, if there is a run."""
        if self.run is None:
            return
        progress = {"step": self.step, "generator": self.rng.bit_generator.state, "threads": self.threads}
        tensors = _checkpoints.tensors_of(self.module, self.optimizer)
        _checkpoints.save(self.run, self.stage, Checkpoint(tensors, self.settings, self.about, progress))

    # -------------------------------------------------------------------------------------------- the steps

    def complete(self, progress: bool, keep: Callable[[RunFolder], None]) -> None:
        """Take all steps that are left, and keep the result in the run folder, if there is one."""
        with ExitStack() as stack:
            if self.run is not None:
                stack.enter_context(self.run)
                self.resume()
            stack.enter_context(repeatable(self.device, self.threads))
            self.go(progress)
            if self.run is not None and not (self.run.path / self.stage).exists():
                keep(self.run)

    def go(self, progress: bool) -> None:
        """Take the steps that are left, and look at the result."""
        bar = tqdm(total=self.steps, initial=self.step, desc=self.stage, unit=self.unit, disable=not progress)
        with bar:
            while self.step < self.steps:
                bar.set_postfix(self.shown(self.once()), refresh=False)
                bar.update()
                if self.step % self.config.checkpoint_every == 0 or self.step == self.steps:
                    self.save()
        if not any(row.get("final") for row in self.rows):
            self.look()

    def once(self) -> Row:
        """Make one step, and tell what was measured."""
        raise NotImplementedError

    def look(self) -> None:
        """Measure the result at the end."""

    def shown(self, row: Row) -> dict[str, str]:
        """What the bar says."""
        names = ("reward", "oracle", "kl", "loss", "accuracy")
        return {name: f"{row[name]:.2f}" for name in names if name in row}

    def descend(self, losses: Iterable[Tensor]) -> float:
        """Make one step down the sum of losses, and return the gradient's norm before it was shortened.

        Args:
            losses: each is differentiated before the next is asked for, so that only one is in memory.

        Raises:
            DivergedError: if the loss or the gradient is no finite number; the step is not made.
        """
        self.optimizer.zero_grad(set_to_none=True)
        total = 0.0
        for loss in losses:
            loss.backward()
            total += loss.item()
        norm = nn.utils.clip_grad_norm_(self.parameters, self.config.max_norm).item()
        self.require_finite("loss", total)
        self.require_finite("gradient's norm", norm)
        self.optimizer.step()
        return norm

    def require_finite(self, name: str, value: float, advice: str = "begin anew with a lower learning_rate") -> None:
        """See to it that a step may be made."""
        if not math.isfinite(value):
            number = self.step + 1
            raise DivergedError(f"the {name} is {value} at step {number}: {advice}", number, self.rows)

    def tell(self, **measured: Any) -> Row:
        """Note down a row of the metrics."""
        row = {"stage": self.stage, "step": self.step, **measured}
        self.rows.append(row)
        if self.run is not None:
            self.run.append(row)
        if self.each is not None:
            self.each(row)
        return row


def checksum(model: GPT) -> int:
    """Return a checksum of a model's weights."""
    crc = 0
    for value in model.state_dict().values():
        crc = zlib.crc32(np.ascontiguousarray(value.detach().float().cpu().numpy()), crc)
    return crc


def checksum_of_rows(rows: Iterable[NDArray[np.int64]]) -> int:
    """Return a checksum of rows of tokens."""
    crc = 0
    for row in rows:
        crc = zlib.crc32(np.ascontiguousarray(row, dtype=np.int64), zlib.crc32(len(row).to_bytes(8, "little"), crc))
    return crc
