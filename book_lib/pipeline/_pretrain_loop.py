"""The loop of pre-training, and its state between two steps; see :func:`book_lib.pipeline.pretrain.pretrain`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from book_lib.pipeline import _checkpoints
from book_lib.pipeline._checkpoints import Checkpoint
from book_lib.pipeline._pretrain_config import BETAS, PretrainConfig, Text
from book_lib.pipeline.run import Row, RunFolder
from book_lib.transformer import GPT, evaluate

STAGE = "pretrain"
MODEL = "model"  # the folder of the finished one
# What may change when a training goes on: where it runs, and what it writes down on the way.
FREE = ("device", "threads", "checkpoint_every", "evaluate_every", "evaluate_tokens")
HIGHEST = 700.0  # nats: no float holds e to a larger one
SHORTEST = 3  # held-out tokens that `evaluate` can judge


class DivergedError(ValueError):
    """A loss or a gradient that is no finite number any more.

    Args:
        message: what happened.
        step: at which step, from 1; its update has not been made.
        rows: the metrics until then.
    """

    def __init__(self, message: str, step: int, rows: list[Row]) -> None:
        super().__init__(message)
        self.step, self.rows = step, rows


class Training:
    """One training between two steps.

    Args:
        text: what is read.
        config: how.
        device: where.
        run: held; where metrics and checkpoints go, or None.
        each: called with each row of the metrics, or None.
    """

    def __init__(
        self,
        text: Text,
        config: PretrainConfig,
        device: torch.device,
        run: RunFolder | None = None,
        each: Callable[[Row], None] | None = None,
    ) -> None:
        self.text, self.config, self.device, self.run, self.each = text, config, device, run, each
        self.model = GPT(config.model(text.tokenizer.vocab_size), seed=config.seed).to(device)
        self.parameters = list(self.model.parameters())
        self.optimizer = adamw(self.model, config)
        self.schedule = config.schedule
        self.rng = np.random.default_rng(config.seed)
        self.ids = torch.from_numpy(text.train).to(device)
        self.places = torch.arange(config.context + 1, device=device)
        self.step, self.rows, self.threads = 0, [], config.threads or torch.get_num_threads()

    # ------------------------------------------------------------------------------------------- going on

    def resume(self) -> None:
        """Go on where the run's newest checkpoint stands, if there is one.

        Raises:
            ValueError: if it is damaged, or belongs to another training; nothing has been changed then.
        """
        found = _checkpoints.load(self.run, STAGE)
        if found is None and (self.run.path / MODEL).exists():
            raise ValueError(f"{self.run.path} holds a model whose checkpoints are gone, so that its training cannot "
                             "go on; take another folder, or begin anew")  # fmt: skip
        if found is not None:
            checkpoint, path = found
            _checkpoints.require_same(path, "text", checkpoint.text, self.text.about)
            _checkpoints.require_same(path, "configuration", checkpoint.settings, self.settings)
            _checkpoints.restore(path, checkpoint.tensors, self.model, self.optimizer)
            self.step = checkpoint.progress["step"]
            self.rng.bit_generator.state = checkpoint.progress["generator"]
            # subtle: sums are split among threads; another number of them would change the last bits.
            self.threads = self.config.threads or checkpoint.progress["threads"]
        self.run.settle(STAGE, asdict(self.config), FREE, anew=found is None)
        self.run.keep(lambda row: row.get("stage") != STAGE or row["step"] <= self.step and found is not None)
        self.rows = self.run.metrics(STAGE)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that decide about the weights."""
        return {name: value for name, value in asdict(self.config).items() if name not in FREE}

    def save(self) -> None:
        """Write a checkpoint, if there is a run."""
        if self.run is None:
            return
        progress = {"step": self.step, "generator": self.rng.bit_generator.state, "threads": self.threads}
        tensors = _checkpoints.tensors_of(self.model, self.optimizer)
        _checkpoints.save(self.run, STAGE, Checkpoint(tensors, self.settings, self.text.about, progress))

    # -------------------------------------------------------------------------------------------- the steps

    def go(self, progress: bool) -> None:
        """Take the steps that are left, and look at the held-out text on the way."""
        config = self.config
        self.model.train()
        bar = tqdm(total=config.steps, initial=self.step, desc=STAGE, unit="step", disable=not progress)
        try:
            with bar:
                if not self.rows:
                    self.look(config.evaluate_every)
                while self.step < config.steps:
                    row = self.once()
                    bar.update()
                    bar.set_postfix(loss=f"{row['loss']:.3f}", norm=f"{row['gradient_norm']:.2f}", refresh=False)
                    self.look(config.evaluate_every)
                    if self.step % config.checkpoint_every == 0 or self.step == config.steps:
                        self.save()
        finally:
            self.model.eval()
        if not any(row.get("final") for row in self.rows):
            self.look(1, final=True)

    def once(self) -> Row:
        """Make one step, and tell what was measured."""
        start, number = time.perf_counter(), self.step + 1
        ids, targets = self.windows()  # (B, T) each
        rate = self.schedule(self.step)
        if number == self.config.fault_at:
            targets, rate = self.spoilt(targets, rate)
        logits = self.model.unembed(self.model.stream(ids))  # (B, T, V); the ids are checked once, not here
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, self.config.clip)
        measured, length = torch.stack((loss.detach(), norm)).tolist()  # one wait for the device, not two
        self.require_finite(number, measured, length)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step = number
        seconds = time.perf_counter() - start
        speed = ids.numel() / max(seconds, 1e-9)
        return self.tell(loss=measured, perplexity=perplexity(measured), gradient_norm=length, learning_rate=rate,
                         tokens=number * ids.numel(), tokens_per_second=round(speed, 1))  # fmt: skip

    def windows(self) -> tuple[Tensor, Tensor]:
        """Return windows drawn at random and what follows each of their tokens, (B, T) each."""
        starts = self.rng.integers(0, len(self.ids) - self.config.context, self.config.batch)
        rows = self.ids[torch.from_numpy(starts).to(self.device)[:, None] + self.places].long()  # (B, T + 1)
        return rows[:, :-1], rows[:, 1:]

    def spoilt(self, targets: Tensor, rate: float) -> tuple[Tensor, float]:
        """Return the step's targets and learning rate with the fault that is asked for."""
        if self.config.fault == "learning_rate":
            return targets, rate * self.config.fault_factor
        # subtle: a generator of its own, so that the steps after this one read what they would have read.
        order = np.random.default_rng([self.config.seed, self.step]).permutation(targets.numel())
        return targets.flatten()[torch.from_numpy(order).to(self.device)].view_as(targets), rate

    def require_finite(self, number: int, loss: float, norm: float) -> None:
        """See to it that a step may be made."""
        for name, value in (("loss", loss), ("gradient's norm", norm)):
            if not math.isfinite(value):
                raise DivergedError(f"the {name} is {value} at step {number}: begin anew with a lower learning_rate",
                                    number, self.rows)  # fmt: skip

    # -------------------------------------------------------------------------------------------- measuring

    def look(self, every: int, final: bool = False) -> None:
        """Measure the loss on held-out text, if it is time and there is enough of it."""
        held_out = self.text.held_out if final else self.text.held_out[: self.config.evaluate_tokens]
        if not every or self.step % every or len(held_out) < SHORTEST:
            return
        window = min(self.config.context, len(held_out) - 1) // 2 * 2
        with logits_on_cpu(self.model):
            loss = evaluate(self.model, held_out, window)
        self.tell(held_out_loss=loss, held_out_perplexity=perplexity(loss), held_out_tokens=len(held_out),
                  **({"final": True} if final else {}))  # fmt: skip

    def tell(self, **measured: Any) -> Row:
        """Note down a row of the metrics."""
        row = {"stage": STAGE, "step": self.step, **measured}
        self.rows.append(row)
        if self.run is not None:
            self.run.append(row)
        if self.each is not None:
            self.each(row)
        return row


@contextmanager
def logits_on_cpu(model: GPT) -> Iterator[None]:
    """Let a model's logits come back to where `evaluate` has its text, whatever device it runs on."""
    handle = model.register_forward_hook(lambda module, inputs, logits: logits.cpu())
    try:
        yield
    finally:
        handle.remove()


def adamw(model: GPT, config: PretrainConfig) -> torch.optim.AdamW:
    """Return AdamW, which shrinks matrices and tables, but neither biases nor norms."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
    fused = matrices[0].device.type in ("cpu", "cuda")
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=BETAS, fused=fused)


def perplexity(loss: float) -> float:
    """Return e^loss: so many equally likely tokens would be as hard to guess; at most e^700, which a float holds."""
    return math.exp(min(loss, HIGHEST))
