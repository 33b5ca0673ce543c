"""The loop of learning from preferences without a reward model; see :func:`book_lib.pipeline.dpo.dpo`.

In the comments B is the pairs of a step, T the tokens of a row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from book_lib import _checks
from book_lib.optimization import cosine
from book_lib.pipeline._align_learner import Learner, checksum, checksum_of_rows
from book_lib.pipeline._chat_model import require_fit
from book_lib.pipeline._chat_template import ChatTemplate, Encoded
from book_lib.pipeline._rollouts import sequence_logprobs
from book_lib.pipeline.run import Row, RunFolder
from book_lib.transformer import GPT

STAGE = "dpo"
TOGETHER = 16  # pairs that are read at a time, of similar length, so that little is read of the filling
TIE = 1e-3  # nats: a smaller difference may be rounding, as what the reference says is looked up in other parts


@dataclass(frozen=True)
class DPOConfig:
    """How a policy learns from preferences.

    Args:
        steps: updates of the weights.
        batch: pairs of answers that a step reads.
        beta: price of a nat of divergence from the reference, β > 0, on the scale on which preferences are σ(r⁺ − r⁻).
        learning_rate: of Adam, at its highest.
        warmup: steps in which the learning rate climbs, fewer than all; unless given a tenth of them. Then it falls
            along a cosine to a tenth.
        max_norm: the largest norm of the gradient; a longer one is shortened.
        seed: of the choice of pairs.
        device: "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1", "mps".
        threads: of the processor, 0 for as many as torch takes by itself.
        checkpoint_every: steps from one checkpoint to the next.

    Raises:
        TypeError, ValueError: if a setting is out of its range; it is named.

    See the section :ref:`sec-align-dpo`.

    >>> DPOConfig(steps=100, learning_rate=1e-3).schedule(9)
    0.001
    """

    steps: int = 100
    batch: int = 32
    beta: float = 2.0
    learning_rate: float = 5e-4
    warmup: int | None = None
    max_norm: float = 1.0
    seed: int = 0
    device: str = "auto"
    threads: int = 0
    checkpoint_every: int = 20

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "checkpoint_every"):
            _checks.integer(name, getattr(self, name), 1)
        for name in ("seed", "threads"):
            _checks.integer(name, getattr(self, name), 0)
        for name in ("beta", "learning_rate", "max_norm"):
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


def dpo_loss(
    policy_chosen: ArrayLike | Tensor,
    policy_rejected: ArrayLike | Tensor,
    reference_chosen: ArrayLike | Tensor,
    reference_rejected: ArrayLike | Tensor,
    beta: float,
    weights: ArrayLike | Tensor | None = None,
) -> Tensor:
    """Return the mean of −ln σ(β(Δ⁺ − Δ⁻)), Δ = ln π − ln π_ref of a whole answer, to differentiate.

    The tilt says which reward a policy is best for: r = β ln(π/π_ref) + β ln Z. In the difference of two answers to one
    prompt Z cancels, and Bradley–Terry's σ(r⁺ − r⁻) is the likelihood of a preference
    (:cite:`rafailov2023direct`, equation 7). See the section :ref:`sec-align-dpo`.

    Args:
        policy_chosen, policy_rejected: ln π of the answer that was preferred and of the other, shape (B,).
        reference_chosen, reference_rejected: ln π_ref of them, shape (B,); constants.
        beta: β > 0.
        weights: of the pairs, ≥ 0, shape (B,); equal unless given.

    Returns:
        The loss, in nats a pair, without a shape; ln 2 where policy and reference agree.

    Raises:
        TypeError, ValueError: if β is not positive, the shapes differ, or the weights are negative or all 0.

    >>> round(float(dpo_loss([-1.0], [-2.0], [-1.0], [-2.0], beta=0.1)), 4)
    0.6931
    """
    beta = _checks.positive("beta", beta)
    names = ("policy_chosen", "policy_rejected", "reference_chosen", "reference_rejected")
    given = (policy_chosen, policy_rejected, reference_chosen, reference_rejected)
    rows = [_row(name, value) for name, value in zip(names, given, strict=True)]
    for name, row in zip(names, rows, strict=True):
        if row.shape != rows[0].shape:
            raise ValueError(f"{name} must have the shape of policy_chosen, {tuple(rows[0].shape)}, "
                             f"got {tuple(row.shape)}")  # fmt: skip
    losses = F.softplus(-margin(*rows, beta))  # (B,)
    if weights is None:
        return losses.mean()
    weights = _row("weights", weights).to(losses)
    if weights.shape != losses.shape or bool((weights < 0).any()) or not bool(weights.sum() > 0):
        raise ValueError(f"weights must be {len(losses)} numbers that are not negative, and not all 0")
    return (weights * losses).sum() / weights.sum()


def margin(
    policy_chosen: Tensor, policy_rejected: Tensor, reference_chosen: Tensor, reference_rejected: Tensor, beta: float
) -> Tensor:
    """Return the difference of the rewards that a policy implies, β(Δ⁺ − Δ⁻), shape (B,)."""
    return beta * ((policy_chosen - reference_chosen) - (policy_rejected - reference_rejected))


def _row(name: str, values: ArrayLike | Tensor) -> Tensor:
    row = values if isinstance(values, Tensor) else torch.from_numpy(_checks.real_array(name, values))
    if row.ndim != 1 or not len(row):
        raise ValueError(f"{name} must have shape (B,), B at least 1, got {tuple(row.shape)}")
    return row


# ------------------------------------------------------------------------------------------------- the pairs


@dataclass(frozen=True, eq=False)
class Pairs:
    """Preferences as rows that are filled up behind.

    Args:
        ids: chosen answers in the even rows, the rejected in the odd, int64, shape (2P, T).
        mask: True at the tokens of the answers and their ends, shape (2P, T).
        lengths: tokens of each row, shape (2P,).
    """

    ids: Tensor
    mask: Tensor
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, template: ChatTemplate, preferences: Sequence[Any], context: int) -> Pairs:
        """Encode preferences.

        Raises:
            TypeError, ValueError: if there is none, one is none or does not fit into the context; its index is told.
        """
        if isinstance(preferences, (str, bytes)) or not isinstance(preferences, Sequence):
            raise TypeError(f"preferences must be a sequence of Preference, got {type(preferences).__name__}")
        if not preferences:
            raise ValueError("preferences must hold at least one pair, got none")
        rows = [one for index, pair in enumerate(preferences) for one in _encoded(template, index, pair, context)]
        return cls(*filled(rows, template.pad), np.array([len(row) for row in rows]))

    def __len__(self) -> int:
        return len(self.lengths) // 2

    def take(self, pairs: NDArray[np.int64], device: torch.device) -> tuple[Tensor, Tensor]:
        """Return ids and mask of some pairs, chosen before rejected, (2B, T) each."""
        rows = np.concatenate([2 * pairs, 2 * pairs + 1])
        length = int(self.lengths[rows].max())
        rows = torch.from_numpy(rows)
        return self.ids[rows, :length].to(device), self.mask[rows, :length].to(device)

    def parts(self, pairs: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Yield places among some pairs, shape (B,), in parts of similar length."""
        order = np.argsort(np.maximum(self.lengths[2 * pairs], self.lengths[2 * pairs + 1]), kind="stable")
        yield from (order[first : first + TOGETHER] for first in range(0, len(order), TOGETHER))

    def checksum(self) -> int:
        """A checksum of the tokens."""
        return checksum_of_rows(self.ids[k, :length].numpy() for k, length in enumerate(self.lengths))


def filled(rows: Sequence[Encoded], pad: int) -> tuple[Tensor, Tensor]:
    """Return ids and masks of rows that are filled up behind, (N, T) each."""
    ids = torch.full((len(rows), max(map(len, rows))), pad)
    mask = torch.zeros(ids.shape, dtype=torch.bool)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = torch.from_numpy(row.ids)
        mask[place, : len(row)] = torch.from_numpy(row.answer)
    return ids, mask


def _encoded(template: ChatTemplate, index: int, pair: Any, context: int) -> Iterator[Encoded]:
    for name in ("chosen", "rejected"):
        if not hasattr(pair, name) or not hasattr(pair, "prompt"):
            raise TypeError(f"preferences[{index}] must be a Preference, got {pair!r}")
        try:
            row = template.answered(pair.prompt, getattr(pair, name))
        except (TypeError, ValueError) as error:
            raise type(error)(f"preferences[{index}], {name}: {error}") from None
        if len(row) > context:
            raise ValueError(f"preferences[{index}], {name}, must have at most {context} tokens, the context, with its "
                             f"prompt; got {len(row)}")  # fmt: skip
        yield row


# -------------------------------------------------------------------------------------------------- the loop


class Direct(Learner):
    """One training between two steps; the arguments are those of :func:`book_lib.pipeline.dpo.dpo`."""

    def __init__(
        self,
        model: GPT,
        template: ChatTemplate,
        preferences: Sequence[Any],
        config: DPOConfig,
        device: torch.device,
        run: RunFolder | None = None,
        each: Callable[[Row], None] | None = None,
        sources: Mapping[str, Any] | None = None,
    ) -> None:
        require_fit(model, template)
        self.pairs = Pairs.of(template, preferences, model.context)
        about = {"preferences": len(self.pairs), "crc32": self.pairs.checksum(), "model": checksum(model)}
        self.policy = deepcopy(model).to(device).requires_grad_(True).eval()  # at rest: no dropout, see Actor
        super().__init__(STAGE, self.policy, config, config.steps, about, run, each, sources)
        self.start = deepcopy(model).to(device).requires_grad_(False).eval()
        self.reference = torch.zeros(0)

    def go(self, progress: bool) -> None:
        """Look up what the reference says of all pairs, once; then take the steps that are left."""
        if self.step < self.steps:
            self.reference = self.look_up()
        super().go(progress)

    @torch.no_grad()
    def look_up(self) -> Tensor:
        """Return ln π_ref of the chosen and the rejected answers, shape (2, P)."""
        found, everything = torch.zeros(2, len(self.pairs), device=self.device), np.arange(len(self.pairs))
        for part in self.pairs.parts(everything):
            found[:, torch.from_numpy(part)] = self.logps(self.start, part)
        return found

    def logps(self, model: GPT, pairs: NDArray[np.int64]) -> Tensor:
        """Return ln π of whole answers, chosen and rejected, shape (2, B)."""
        ids, mask = self.pairs.take(pairs, self.device)
        return sequence_logprobs(model, ids, mask).sum(1).view(2, len(pairs))

    def losses(self, pairs: NDArray[np.int64], ours: Tensor, theirs: Tensor) -> Iterator[Tensor]:
        """Yield the losses of a batch, part by part, whose sum is its mean; what they look up is noted in ``ours``."""
        for part in self.pairs.parts(pairs):
            logps, here = self.logps(self.policy, pairs[part]), torch.from_numpy(part)
            ours[:, here] = logps.detach()
            yield dpo_loss(*logps, *theirs[:, here], self.config.beta) * (len(part) / len(pairs))

    def once(self) -> Row:
        """Make one step, and tell what was measured."""
        start = time.perf_counter()
        pairs = self.rng.choice(len(self.pairs), self.config.batch, replace=self.config.batch > len(self.pairs))
        ours, theirs = torch.zeros(2, 2, len(pairs), device=self.device)  # (2, B) each
        theirs += self.reference[:, torch.from_numpy(pairs)]
        rate = self.config.schedule(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        norm = self.descend(self.losses(pairs, ours, theirs))
        self.step += 1
        gap, moved = margin(*ours, *theirs, self.config.beta), (ours - theirs).mean(1)  # (B,), (2,)
        tied = gap.abs() <= TIE * self.config.beta
        right = float(torch.where(tied, 0.5, (gap > 0).float()).mean())
        seconds = time.perf_counter() - start
        return self.tell(loss=F.softplus(-gap).mean().item(), accuracy=right, margin=float(gap.mean()),
                         chosen=float(moved[0]), rejected=float(moved[1]), gradient_norm=norm, learning_rate=rate,
                         pairs_per_second=round(len(pairs) / max(seconds, 1e-9), 1))  # fmt: skip


