"""The loop of fine-tuning, and its state between two steps; see :func:`book_lib.pipeline.chat.sft`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from book_lib.pipeline import _checkpoints
from book_lib.pipeline._chat_config import Material, SFTConfig
from book_lib.pipeline._chat_model import answer_loss, as_template, fitted, text_loss
from book_lib.pipeline._chat_template import NOTHING_ASKED, ChatTemplate, Encoded, pad_batch
from book_lib.pipeline._checkpoints import Checkpoint
from book_lib.pipeline._pretrain_loop import DivergedError, adamw, perplexity
from book_lib.pipeline.run import Row, RunFolder
from book_lib.transformer import GPT

STAGE = FOLDER = "sft"
# What may change when a training goes on: where it runs, and what it writes down on the way.
FREE = ("device", "threads", "checkpoint_every", "evaluate_every", "evaluate_tokens")
POOL = 8  # steps whose conversations are sorted by length together
ROWS = 64  # held-out conversations at a time


def mean_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean of −ln p over what is asked, for logits (B, T, V) and targets (B, T), −1 where nothing is."""
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=NOTHING_ASKED)


class Tuning:
    """One fine-tuning between two steps.

    Args:
        model: as it is before; it is not changed.
        template: that makes the tokens.
        material: what is read.
        config: how.
        device: where.
        run: held; where metrics and checkpoints go, or None.
        each: called with each row of the metrics, or None.
        sources: written down with the settings.
    """

    def __init__(
        self,
        model: GPT,
        template: ChatTemplate,
        material: Material,
        config: SFTConfig,
        device: torch.device,
        run: RunFolder | None = None,
        each: Callable[[Row], None] | None = None,
        sources: Mapping[str, Any] | None = None,
    ) -> None:
        self.template, self.material, self.config = template, material, config
        self.device, self.run, self.each, self.sources = device, run, each, dict(sources or {})
        self.about = material.about(model, config)
        self.model = fitted(model, as_template(template), config.seed).to(device)
        self.parameters = list(self.model.parameters())
        self.optimizer = adamw(self.model, config)
        self.schedule = config.schedule
        self.rng = np.random.default_rng(config.seed)
        self.ids, self.targets = self.batch(material.rows)  # (N, T) each
        self.lengths = np.array([len(one) for one in material.rows])
        self.pool: tuple[int, NDArray[np.int64]] = (0, self.drawn(0))
        self.replay = torch.from_numpy(material.replay).to(device)
        self.places = torch.arange(model.context + 1, device=device)
        self.step, self.rows, self.threads = 0, [], config.threads or torch.get_num_threads()

    # ------------------------------------------------------------------------------------------- going on

    def resume(self) -> None:
        """Go on where the run's newest checkpoint stands, if there is one.

        Raises:
            ValueError: if it is damaged, or belongs to another training; nothing has been changed then.
        """
        found = _checkpoints.load(self.run, STAGE)
        if found is None and (self.run.path / FOLDER).exists():
            raise ValueError(f"{self.run.path} holds a fine-tuned model whose checkpoints are gone, so that its "
                             "training cannot go on; take another folder, or begin anew")  # fmt: skip
        if found is not None:
            checkpoint, path = found
            _checkpoints.require_same(path, "material", checkpoint.text, self.about)
            _checkpoints.require_same(path, "configuration", checkpoint.settings, self.settings)
            _checkpoints.restore(path, checkpoint.tensors, self.model, self.optimizer)
            self.step = checkpoint.progress["step"]
            self.rng.bit_generator.state = checkpoint.progress["generator"]
            # subtle: sums are split among threads; another number of them would change the last bits.
            self.threads = self.config.threads or checkpoint.progress["threads"]
        settings = asdict(self.config)
        began = {} if found is None else self.run.config.get(STAGE, {})
        sources = self.sources or {name: value for name, value in began.items() if name not in settings}
        # subtle: where they came from may change as long as they are the same, and the checkpoint has told that.
        self.run.settle(STAGE, {**settings, **sources}, (*FREE, *sources), anew=found is None)
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
        _checkpoints.save(self.run, STAGE, Checkpoint(tensors, self.settings, self.about, progress))

    # -------------------------------------------------------------------------------------------- the steps

    def go(self, progress: bool) -> None:
        """Take the steps that are left, and look at what is held out on the way."""
        config = self.config
        bar = tqdm(total=config.steps, initial=self.step, desc=STAGE, unit="step", disable=not progress)
        with bar:
            if not self.rows:
                self.look()
            self.model.train()
            try:
                while self.step < config.steps:
                    row = self.once()
                    bar.update()
                    bar.set_postfix(loss=f"{row['loss']:.3f}", refresh=False)
                    if config.evaluate_every and self.step % config.evaluate_every == 0 and self.step < config.steps:
                        self.look()
                    if self.step % config.checkpoint_every == 0 or self.step == config.steps:
                        self.save()
            finally:
                self.model.eval()
        if not any(row.get("final") for row in self.rows):
            self.look(final=True)

    def once(self) -> Row:
        """Make one step, and tell what was measured."""
        start, number, share = time.perf_counter(), self.step + 1, self.config.replay
        ids, targets = self.conversations()  # (B − R, T) each
        windows, following = self.windows(ids.size(1))  # (R, T) each
        logits = self.model(torch.cat([ids, windows]))  # (B, T, V)
        answers = mean_loss(logits[: len(ids)], targets)
        replayed = mean_loss(logits[len(ids) :], following) if share else answers
        loss = (1 - share) * answers + share * replayed
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.parameters, self.config.clip)
        self.require_finite(number, loss.item(), norm.item())
        rate = self.schedule(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step = number
        extra = {"replay_loss": replayed.item()} if share else {}
        seconds = time.perf_counter() - start
        return self.tell(loss=answers.item(), perplexity=perplexity(answers.item()), **extra,
                         gradient_norm=norm.item(), learning_rate=rate,
                         answer_tokens=int((targets != NOTHING_ASKED).sum()),
                         tokens_per_second=round(logits[..., 0].numel() / max(seconds, 1e-9), 1))  # fmt: skip

    def conversations(self) -> tuple[Tensor, Tensor]:
        """Return the step's conversations, and what is asked of each of their places."""
        pool, place = divmod(self.step, POOL)
        if pool != self.pool[0]:
            self.pool = pool, self.drawn(pool)
        drawn = self.pool[1][place]  # (B,)
        length = int(self.lengths[drawn].max())
        rows = torch.from_numpy(drawn).to(self.device)
        return self.ids[rows, :length], self.targets[rows, :length]

    def drawn(self, pool: int) -> NDArray[np.int64]:
        """Return which conversations the next few steps read, (POOL, B): all once, in random order, before any twice.

        Those of a step are of similar length, so that little is filled up.
        """
        # subtle: it follows from the seed and the step alone, so that nothing of it need be kept in a checkpoint.
        seed, count = self.config.seed, len(self.lengths)
        size = POOL * (self.config.batch - self.config.windows)
        places = np.arange(pool * size, (pool + 1) * size)
        parts = [np.random.default_rng([seed, 0, epoch]).permutation(count)[places[places // count == epoch] % count]
                 for epoch in range(places[0] // count, places[-1] // count + 1)]  # fmt: skip
        order = np.concatenate(parts)
        order = order[np.argsort(self.lengths[order], kind="stable")].reshape(POOL, -1)
        return np.random.default_rng([seed, 1, pool]).permutation(order)

    def windows(self, length: int) -> tuple[Tensor, Tensor]:
        """Return windows of the old text, as long as the conversations, and what follows each of their tokens."""
        if not self.config.windows:
            return self.ids[:0, :length], self.targets[:0, :length]
        starts = self.rng.integers(0, len(self.replay) - length, self.config.windows)
        rows = self.replay[torch.from_numpy(starts).to(self.device)[:, None] + self.places[: length + 1]].long()
        return rows[:, :-1], rows[:, 1:]

    def require_finite(self, number: int, loss: float, norm: float) -> None:
        """See to it that a step may be made."""
        for name, value in (("loss", loss), ("gradient's norm", norm)):
            if not math.isfinite(value):
                raise DivergedError(f"the {name} is {value} at step {number}: begin anew with a lower learning_rate",
                                    number, self.rows)  # fmt: skip

    def batch(self, rows: Sequence[Encoded]) -> tuple[Tensor, Tensor]:
        """Return conversations as one batch on the device."""
        ids, targets = pad_batch(rows, self.template.pad, self.model.context)
        return ids.to(self.device), targets.to(self.device)

    # -------------------------------------------------------------------------------------------- measuring

    def look(self, final: bool = False) -> None:
        """Measure the loss of held-out answers and of the old text, whichever there are."""
        measured: dict[str, Any] = {}
        if self.material.held_out:
            measured["held_out_loss"] = self.held_out_loss()
        text = self.material.text[: self.config.evaluate_tokens]
        if len(text):
            measured["text_loss"] = text_loss(self.model, text)
        if measured:
            self.tell(**measured, **({"final": True} if final else {}))

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Return the mean loss of the tokens of held-out answers, nats."""
        awake, total, count = self.model.training, 0.0, 0
        self.model.eval()
        for first in range(0, len(self.material.held_out), ROWS):
            ids, targets = self.batch(self.material.held_out[first : first + ROWS])
            asked = int((targets != NOTHING_ASKED).sum())
            total += answer_loss(self.model, ids, targets).item() * asked
            count += asked
        self.model.train(awake)
        return total / count

    def tell(self, **measured: Any) -> Row:
        """Note down a row of the metrics."""
        row = {"stage": STAGE, "step": self.step, **measured}
        self.rows.append(row)
        if self.run is not None:
            self.run.append(row)
        if self.each is not None:
            self.each(row)
        return row
