"""The loop that teaches a reward model; see :func:`book_lib.pipeline.reward.train_reward`.

In the comments B is the pairs of a step, P all pairs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from book_lib import _checks
from book_lib.optimization import cosine
from book_lib.pipeline._align_learner import Learner, checksum
from book_lib.pipeline._bradley_terry import calibration, preference_loss
from book_lib.pipeline._chat_model import require_fit
from book_lib.pipeline._chat_template import ChatTemplate
from book_lib.pipeline._dpo_loop import Pairs
from book_lib.pipeline._reward_model import STAGE, TOGETHER, Preference, RewardModel
from book_lib.pipeline.run import Row, RunFolder
from book_lib.transformer import GPT

POOL = 8  # steps whose pairs are sorted by length together
BINS = 10  # of probability, in which a promise is compared with what came


@dataclass(frozen=True)
class RewardConfig:
    """How a reward model learns from preferences.

    Args:
        steps: updates of the weights.
        batch: pairs of answers that a step reads.
        learning_rate: of Adam, at its highest.
        warmup: steps in which the learning rate climbs, fewer than all; unless given a tenth of them. Then it falls
            along a cosine to a tenth.
        max_norm: the largest norm of the gradient; a longer one is shortened.
        seed: of the head's first weights and of the order of the pairs.
        device: "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1", "mps".
        threads: of the processor, 0 for as many as torch takes by itself.
        checkpoint_every: steps from one checkpoint to the next.
        evaluate_every: steps from one look at held-out pairs to the next; 0 for none but the first and the last.

    Raises:
        TypeError, ValueError: if a setting is out of its range; it is named.

    See the section :ref:`sec-align-reward`.

    >>> RewardConfig(steps=100, learning_rate=2e-3).schedule(9)
    0.002
    """

    steps: int = 60
    batch: int = 16
    learning_rate: float = 1e-3
    warmup: int | None = None
    max_norm: float = 1.0
    seed: int = 0
    device: str = "auto"
    threads: int = 0
    checkpoint_every: int = 20
    evaluate_every: int = 20

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "checkpoint_every"):
            _checks.integer(name, getattr(self, name), 1)
        for name in ("seed", "threads", "evaluate_every"):
            _checks.integer(name, getattr(self, name), 0)
        for name in ("learning_rate", "max_norm"):
            _checks.positive(name, getattr(self, name))
        if self.warmup is not None and _checks.integer("warmup", self.warmup, 0) >= self.steps:
            raise ValueError(f"warmup must be less than steps, {self.steps}, got {self.warmup}")
        if not isinstance(self.device, str):
            raise TypeError(f"device must be text such as 'cpu', got {self.device!r}")

    @property
    def schedule(self) -> Callable[[int], float]:
        """The learning rate of step 0, 1, …: a climb, then half a cosine; see `book_lib.optimization.cosine`."""
        warmup = self.steps // 10 if self.warmup is None else self.warmup
        return cosine(self.learning_rate, self.steps, warmup, self.learning_rate / 10)


class Judging(Learner):
    """One training between two steps; the arguments are those of :func:`book_lib.pipeline.reward.train_reward`."""

    def __init__(
        self,
        model: GPT,
        template: ChatTemplate,
        preferences: Sequence[Preference],
        config: RewardConfig,
        held_out: Sequence[Preference] | None,
        device: torch.device,
        run: RunFolder | None = None,
        each: Callable[[Row], None] | None = None,
        sources: Mapping[str, Any] | None = None,
    ) -> None:
        require_fit(model, template)
        self.pairs = as_pairs("preferences", template, preferences, model.context)
        self.apart = as_pairs("held_out", template, held_out, model.context) if held_out else None
        longer = self.pairs.lengths.reshape(-1, 2).max(1)  # (P,)
        self.order = Order(config.seed, longer, config.batch)
        self.model = RewardModel(model, config.seed).to(device)
        about = {"preferences": len(self.pairs), "crc32": self.pairs.checksum(), "model": checksum(model)}
        super().__init__(STAGE, self.model, config, config.steps, about, run, each, sources)

    def go(self, progress: bool) -> None:
        """Look at what is held out, take the steps that are left, and look again."""
        if not self.rows:
            self.judge()
        super().go(progress)

    def once(self) -> Row:
        """Make one step, and tell what was measured."""
        start = time.perf_counter()
        pairs = self.order.of_step(self.step)
        chosen, rejected = self.scores(self.pairs, pairs)  # (B,) each
        rate = self.config.schedule(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, gap = preference_loss(chosen, rejected), (chosen - rejected).detach()
        norm = self.descend([loss])
        self.step += 1
        seconds = time.perf_counter() - start
        row = self.tell(loss=loss.item(), accuracy=float((gap > 0).float().mean()), margin=float(gap.mean()),
                        gradient_norm=norm, learning_rate=rate,
                        pairs_per_second=round(len(pairs) / max(seconds, 1e-9), 1))  # fmt: skip
        every = self.config.evaluate_every
        if every and self.step % every == 0 and self.step < self.steps:
            self.judge()
        return row

    def scores(self, pairs: Pairs, chosen: NDArray[np.int64]) -> torch.Tensor:
        """Return what the two answers of some pairs are worth, shape (2, B)."""
        rows = np.concatenate([2 * chosen, 2 * chosen + 1])
        ids, _ = pairs.take(chosen, self.device)
        return self.model.score(ids, torch.from_numpy(pairs.lengths[rows])).view(2, len(chosen))

    # ------------------------------------------------------------------------------------------- measuring

    def look(self) -> None:
        """Judge the result."""
        self.judge(final=True)

    @torch.no_grad()
    def judge(self, final: bool = False) -> None:
        """Measure how held-out pairs are ranked, if there are any."""
        if self.apart is None:
            return
        order = np.argsort(self.apart.lengths.reshape(-1, 2).max(1), kind="stable")
        parts = [self.scores(self.apart, order[first : first + TOGETHER]).double().cpu()
                 for first in range(0, len(order), TOGETHER)]  # fmt: skip
        chosen, rejected = torch.cat(parts, dim=1)  # (P,) each
        gap = (chosen - rejected).numpy()
        last = {"held_out_pairs": len(gap), "calibration": promises(gap), "final": True} if final else {}
        self.tell(held_out_loss=preference_loss(chosen, rejected).item(), held_out_accuracy=float((gap > 0).mean()),
                  held_out_margin=float(gap.mean()), **last)  # fmt: skip


def promises(gap: NDArray[np.float64]) -> dict[str, list[Any]]:
    """Return how often the favourite of P pairs won, beside what the rewards promised, as JSON values.

    A reward that is not finite promises nothing: then the table is empty.
    """
    if not np.isfinite(gap).all():
        return {"counts": [], "promised": [], "came": []}
    # subtle: in the order chosen, rejected the first has always won; asked of the favourite, the question is open.
    found = calibration(np.abs(gap), gap > 0, BINS)
    filled = found.counts > 0
    return {"counts": found.counts[filled].tolist(), "promised": found.confidence[filled].tolist(),
            "came": found.frequency[filled].tolist()}  # fmt: skip


def as_pairs(name: str, template: ChatTemplate, preferences: Sequence[Preference], context: int) -> Pairs:
    """Return preferences as rows of tokens.

    Raises:
        TypeError, ValueError: if there is none, one is none or does not fit into the context; its index is told.
    """
    if isinstance(preferences, Sequence) and not isinstance(preferences, (str, bytes)):
        for index, pair in enumerate(preferences):
            if not isinstance(pair, Preference):
                raise TypeError(f"{name}[{index}] must be a Preference, got {pair!r}")
    try:
        return Pairs.of(template, preferences, context)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("preferences", name, 1)) from None


class Order:
    """Which pairs each step reads: all once, in random order, before any twice; those of a step of similar length.

    Args:
        seed: from which, with the step, all follows, so that nothing need be kept in a checkpoint.
        lengths: tokens of each pair's longer answer with its prompt, shape (P,).
        batch: B.
    """

    def __init__(self, seed: int, lengths: NDArray[np.int64], batch: int) -> None:
        self.seed, self.lengths, self.batch = seed, lengths, batch
        self.number, self.pool = -1, np.zeros((0, batch), dtype=np.int64)

    def of_step(self, step: int) -> NDArray[np.int64]:
        """Return the pairs of a step, from 0, shape (B,)."""
        number, place = divmod(step, POOL)
        if number != self.number:
            self.number, self.pool = number, self.drawn(number)
        return self.pool[place]

    def drawn(self, number: int) -> NDArray[np.int64]:
        """Return the pairs of the next POOL steps, shape (POOL, B)."""
        count, size = len(self.lengths), POOL * self.batch
        places = np.arange(number * size, (number + 1) * size)
        epochs = range(places[0] // count, places[-1] // count + 1)
        order = np.concatenate([np.random.default_rng([self.seed, 0, epoch]).permutation(count)
                                [places[places // count == epoch] % count] for epoch in epochs])  # fmt: skip
        order = order[np.argsort(self.lengths[order], kind="stable")].reshape(POOL, self.batch)
        return np.random.default_rng([self.seed, 1, number]).permutation(order)
