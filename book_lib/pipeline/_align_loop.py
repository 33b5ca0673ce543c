"""The loop of learning from rewards: answer, judge, look up, learn; see :func:`book_lib.pipeline.ppo.align`.

In the comments N is the answers of a round, T the tokens of a row, M those of answers, d the width.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from book_lib import _checks
from book_lib.pipeline._advantages import (
    gae,
    group_advantages,
    kl_estimates,
    leave_one_out,
    whitened,
)
from book_lib.pipeline._align_config import AlignConfig
from book_lib.pipeline._align_learner import Learner, checksum, checksum_of_rows
from book_lib.pipeline._chat_messages import Conversation
from book_lib.pipeline._chat_template import ChatTemplate
from book_lib.pipeline._rollouts import (
    Rollout,
    answer_law,
    answer_stream,
    picked,
    prompt_rows,
    rollout,
    scattered,
)
from book_lib.pipeline.run import Row, RunFolder
from book_lib.rng import Generator
from book_lib.transformer import GPT

STAGE = "ppo"  # whatever the method
TOGETHER = 32  # rows that are read at a time, of similar length, so that little is read of the filling
Reward = Callable[[Sequence[Conversation], Sequence[str]], ArrayLike]


class Actor(nn.Module):
    """A policy, and beside it, if asked for, a head that foretells from the same stream what an answer will be worth.

    Args:
        policy: copied.
        with_value: whether there is a head; it begins at 0.
    """

    def __init__(self, policy: GPT, with_value: bool) -> None:
        super().__init__()
        # subtle: at rest, as dropout would make another policy of every reading.
        self.policy = deepcopy(policy).requires_grad_(True).eval()
        self.value = None
        if with_value:
            like = policy.token_embedding.weight
            self.value = nn.Linear(policy.config.width, 1, device=like.device, dtype=like.dtype)
            for weight in self.value.parameters():
                nn.init.zeros_(weight)

    def foretold(self, stream: Tensor) -> Tensor:
        """Return V before each token, (M,), for a stream (M, d); 0 without a head."""
        if self.value is None:
            return stream.new_zeros(len(stream))
        return self.value(self.policy.final_norm(stream))[:, 0]


@dataclass(frozen=True, eq=False)
class Past:
    """What held of a round's tokens before anything was learnt from them; (N, T) each, 0 outside the answers.

    Args:
        logps: ln π of the policy that answered.
        reference: ln π_ref.
        values: V before each token.
        entropy: of the law that each was drawn from, in nats.
    """

    logps: Tensor
    reference: Tensor
    values: Tensor
    entropy: Tensor


# ------------------------------------------------------------------------------------------------ the losses


def ppo_loss(logps: Tensor, old_logps: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """Return the mean of −min(ρA, clip(ρ, 1 − ε, 1 + ε) A), to differentiate; ρ = π/π_old of each token.

    Where ρ has gone farther than ε in the direction that the advantage asks for, the gradient is 0: the step has been
    made, and the samples know of no more. At ρ = 1 the gradient is the policy gradient, −⟨A ∇ln π⟩
    (:cite:`schulman2017proximal`, equation 7). See the section :ref:`sec-align-ppo`.

    Args:
        logps: ln π of M tokens, shape (M,).
        old_logps: ln π when they were drawn, shape (M,); constants.
        advantages: A, shape (M,); constants.
        clip: ε, in (0, 1).

    >>> ppo_loss(torch.tensor([0.0, 1.0]).log1p(), torch.zeros(2), torch.tensor([1.0, 1.0]), clip=0.2)
    tensor(-1.1000)
    """
    ratio = (logps - old_logps).exp()
    return -torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages).mean()


def value_loss(values: Tensor, old_values: Tensor, returns: Tensor, clip: float) -> Tensor:
    """Return the mean of ½ max((V − R)², (V′ − R)²), to differentiate; V′ is V held within ε of the old one.

    As in the implementation of :cite:`schulman2017proximal`. All of shape (M,). See the section :ref:`sec-align-ppo`.
    """
    held = old_values + (values - old_values).clamp(-clip, clip)
    return 0.5 * torch.maximum((values - returns) ** 2, (held - returns) ** 2).mean()


def k3_loss(logps: Tensor, reference: Tensor) -> Tensor:
    """Return the mean of e^{−d} − 1 + d, d = ln π − ln π_ref, to differentiate (:cite:`shao2024deepseekmath`)."""
    difference = logps - reference
    return (torch.expm1(-difference) + difference).mean()


# ------------------------------------------------------------------------------------------------ looking up


def parts(mask: Tensor, rows: NDArray[np.int64]) -> Iterator[tuple[Tensor, int]]:
    """Yield rows in parts of similar length, shape (N',), and how many places the longest of each fills."""
    places = np.arange(1, mask.size(1) + 1)
    ends = (mask.numpy() * places).max(1)  # (N,)
    order = rows[np.argsort(ends[rows], kind="stable")]
    for first in range(0, len(order), TOGETHER):
        part = order[first : first + TOGETHER]
        yield torch.from_numpy(part), int(ends[part].max())


@torch.no_grad()
def look_up(actor: Actor, reference: GPT, said: Rollout, temperature: float) -> Past:
    """Return what a policy and its reference say of answers that have been given."""
    device = reference.token_embedding.weight.device
    found = torch.zeros(4, *said.mask.shape)
    for rows, length in parts(said.mask, np.arange(len(said))):
        ids, mask = said.ids[rows, :length].to(device), said.mask[rows, :length].to(device)
        stream = answer_stream(actor.policy, ids, mask)
        law = answer_law(actor.policy, stream, temperature)
        theirs = answer_law(reference, answer_stream(reference, ids, mask), temperature)
        measured = (picked(law, ids, mask), picked(theirs, ids, mask), actor.foretold(stream),
                    -(law.exp() * law).sum(1))  # fmt: skip
        for place, flat in enumerate(measured):
            found[place, rows, :length] = scattered(flat.float(), mask).cpu()
    return Past(*found)


def summary(said: Rollout, past: Past) -> dict[str, float]:
    """Return what a round's answers have in common: their divergence, entropy, length, and how many have ended."""
    mask = said.mask.numpy()
    estimates = kl_estimates(past.logps.numpy()[mask], past.reference.numpy()[mask])
    return {
        "kl": float(estimates["k1"].sum() / len(said)),
        "kl_k3": float(estimates["k3"].sum() / len(said)),
        "entropy": float(past.entropy.numpy()[mask].mean()),
        "length": float(said.lengths.mean()),
        "ended": float(said.ended.mean()),
    }


def judged(name: str, function: Reward, said: Rollout) -> NDArray[np.float64]:
    """Return what a function gives to N answers, shape (N,); it may be no finite number.

    Raises:
        TypeError, ValueError: if it gives something else than N numbers.
    """
    values = numbers(name, function(said.prompts, said.answers))
    if values.shape != (len(said),):
        raise ValueError(f"{name} must give one number to each of {len(said)} answers, got shape {values.shape}")
    return values


def numbers(name: str, given: ArrayLike | Tensor) -> NDArray[np.float64]:
    """Return what a function has given, also a tensor on whatever device, as an array; it may be no finite number."""
    return _checks.real_array(name, given.detach().cpu().numpy() if isinstance(given, Tensor) else given)


def require_vocabulary(name: str, function: Reward | None, template: ChatTemplate) -> None:
    """See to it that a reward model, if it is one that judges, has learnt the policy's tokens.

    Raises:
        ValueError: if it has another tokenizer.
    """
    model = getattr(function, "reward", function)  # inside a `Standardized`
    theirs = getattr(getattr(model, "__self__", model), "template", None)
    if isinstance(theirs, ChatTemplate) and theirs.tokenizer != template.tokenizer:
        raise ValueError(f"{name} must be a reward model of the policy's vocabulary, {template.vocab_size} tokens, got "
                         f"one of another, {theirs.vocab_size} tokens")  # fmt: skip


# -------------------------------------------------------------------------------------------------- the loop


class Alignment(Learner):
    """One training between two rounds; the arguments are those of :func:`book_lib.pipeline.ppo.align`."""

    unit = "round"

    def __init__(
        self,
        policy: GPT,
        template: ChatTemplate,
        prompts: Sequence[Conversation],
        reward: Reward,
        config: AlignConfig,
        device: torch.device,
        run: RunFolder | None = None,
        each: Callable[[Row], None] | None = None,
        judge: Reward | None = None,
        sources: Mapping[str, Any] | None = None,
    ) -> None:
        rows = prompt_rows(policy, template, prompts, config.max_new_tokens)
        for name, function in (("reward", reward), ("judge", judge)):
            require_vocabulary(name, function, template)
        about = {"prompts": len(rows), "crc32": checksum_of_rows(rows), "model": checksum(policy)}
        self.template, self.prompts, self.reward, self.judge = template, list(prompts), reward, judge
        self.actor = Actor(policy, config.method == "ppo").to(device)
        self.reference = deepcopy(policy).to(device).requires_grad_(False).eval()
        super().__init__(STAGE, self.actor, config, config.iterations, about, run, each, sources)

    def once(self) -> Row:
        """Answer, judge, look up, learn; and tell what was measured of the policy that answered."""
        start = time.perf_counter()
        said = self.answers(self.config.batch, self.rng)
        scores = self.scores(said)  # (N,)
        past = look_up(self.actor, self.reference, said, self.config.temperature)
        measured = {"reward": float(scores.mean()), **self.opinion(said), **summary(said, past)}
        measured |= self.learn(said, past, *self.lesson(said, scores, past))
        self.step += 1
        seconds = time.perf_counter() - start
        return self.tell(**measured, answers_per_second=round(len(said) / max(seconds, 1e-9), 1))

    def answers(self, count: int, rng: Generator) -> Rollout:
        """Return answers to prompts drawn at random, those to one prompt side by side."""
        group = self.config.group if self.config.method == "grpo" else 1
        wanted = -(-count // group)
        drawn = rng.choice(len(self.prompts), wanted, replace=wanted > len(self.prompts))
        prompts = [self.prompts[index] for index in drawn.tolist() for _ in range(group)]
        return rollout(self.actor.policy, self.template, prompts, self.config, rng)

    def scores(self, said: Rollout) -> NDArray[np.float64]:
        """Return the reward of each answer, shape (N,).

        Raises:
            DivergedError: if one is no finite number; nothing has been learnt from the round then.
        """
        scores = judged("reward", self.reward, said)
        for index in np.flatnonzero(~np.isfinite(scores))[:1]:
            advice = "nothing is learnt from such a reward; the last checkpoint stands"
            self.require_finite(f"reward of the answer {said.answers[index]!r}", scores[index], advice)
        return scores

    def opinion(self, said: Rollout) -> dict[str, float]:
        """Return what the judge thinks of answers, if there is one."""
        if self.judge is None:
            return {}
        return {"oracle": float(_checks.finite_array("judge", judged("judge", self.judge, said)).mean())}

    def lesson(self, said: Rollout, scores: NDArray, past: Past) -> tuple[Tensor, Tensor]:
        """Return advantages and returns of each token, (N, T) each."""
        config, mask = self.config, said.mask.numpy()
        scores = scores - config.end_penalty * ~said.ended
        if config.method == "grpo":
            advantages = group_advantages(scores, config.group)[:, None] * mask
            return torch.from_numpy(advantages).float(), torch.zeros(mask.shape)
        rewards = -config.beta * (past.logps - past.reference).double().numpy()  # k1 of each token
        last = mask.shape[1] - 1 - mask[:, ::-1].argmax(1)
        rewards[np.arange(len(said)), last] += scores
        if config.method == "reinforce":
            _, ahead = gae(rewards, np.zeros(mask.shape), mask, config.gamma, 1.0)
            whole = np.take_along_axis(ahead, mask.argmax(1)[:, None], 1)[:, 0]  # of the first token
            advantages = (ahead - leave_one_out(whole)[:, None]) * mask
            return torch.from_numpy(advantages).float(), torch.from_numpy(ahead).float()
        advantages, returns = gae(rewards, past.values.numpy(), mask, config.gamma, config.lam)
        return torch.from_numpy(whitened(advantages, mask)).float(), torch.from_numpy(returns).float()

    # ------------------------------------------------------------------------------------------- learning

    def learn(self, said: Rollout, past: Past, advantages: Tensor, returns: Tensor) -> dict[str, float]:
        """Make the steps of a round, and return what was measured of them."""
        watch, norms = Watch(self.config.clip), []
        tables = (said.ids, past.logps, past.reference, past.values, advantages, returns)
        for _ in range(self.config.passes):
            for rows in self.minibatches(len(said)):
                norms.append(self.descend(self.losses(said.mask, tables, rows, watch)))
                watch.fresh = False
        return {**watch.seen(), "gradient_norm": float(np.mean(norms))}

    def minibatches(self, count: int) -> list[NDArray[np.int64]]:
        """Return which answers each step of an epoch learns from."""
        if self.config.minibatches == 1:
            return [np.arange(count)]
        return np.array_split(self.rng.permutation(count), self.config.minibatches)

    def losses(
        self, mask: Tensor, tables: tuple[Tensor, ...], rows: NDArray[np.int64], watch: Watch
    ) -> Iterator[Tensor]:
        """Yield the losses of a minibatch, part by part; their sum is the mean over its tokens."""
        count = int(mask[torch.from_numpy(rows)].sum())
        for part, length in parts(mask, rows):
            here = mask[part, :length]
            ids = tables[0][part, :length].to(self.device)
            flat = [table[part, :length][here].to(self.device) for table in tables[1:]]
            yield self.loss(ids, here.to(self.device), *flat, watch) * (int(here.sum()) / count)

    def loss(self, ids: Tensor, mask: Tensor, old: Tensor, reference: Tensor, values: Tensor, advantages: Tensor,
             returns: Tensor, watch: Watch) -> Tensor:  # fmt: skip
        """Return the mean loss of the answers' tokens in rows (N', T'); the others are constants, (M,)."""
        config = self.config
        stream = answer_stream(self.actor.policy, ids, mask)
        logps = picked(answer_law(self.actor.policy, stream, config.temperature), ids, mask)
        watch.see(logps, old)
        if config.method == "reinforce":
            return -(logps * advantages).mean()
        loss = ppo_loss(logps, old, advantages, config.clip)
        if config.method == "grpo":
            return loss + config.beta * k3_loss(logps, reference) if config.beta else loss
        ahead = value_loss(self.actor.foretold(stream), values, returns, config.clip)
        return loss + config.value_coefficient * ahead

    # ------------------------------------------------------------------------------------------- the result

    def look(self) -> None:
        """Judge the policy that has come out, by answers of its own generator."""
        count = self.config.final_answers
        if not count:
            return
        # subtle: a generator of its own, so that the result does not depend on whether it was looked at.
        said = self.answers(max(count, 2), np.random.default_rng([self.config.seed, self.steps]))
        past = look_up(self.actor, self.reference, said, self.config.temperature)
        self.tell(reward=float(self.scores(said).mean()), **self.opinion(said), **summary(said, past), final=True)


class Watch:
    """What becomes of the ratios π/π_old in a round.

    Args:
        clip: ε.
    """

    def __init__(self, clip: float) -> None:
        self.clip, self.clipped, self.count, self.largest, self.start = clip, 0, 0, 0.0, 0.0
        self.fresh = True  # until the first step has been made

    @torch.no_grad()
    def see(self, logps: Tensor, old: Tensor) -> None:
        """Note the ratios of some tokens, (M,) each."""
        ratio = (logps - old).exp()
        self.clipped += int(((ratio - 1).abs() > self.clip).sum())
        self.count += ratio.numel()
        self.largest = max(self.largest, float(ratio.max()))
        if self.fresh:
            self.start = max(self.start, float((ratio - 1).abs().max()))

    def seen(self) -> dict[str, float]:
        """Return the share beyond ε, the largest ratio, and how far those before the first step were from 1."""
        return {"clip_fraction": self.clipped / self.count, "ratio_max": self.largest, "ratio_start": self.start}
