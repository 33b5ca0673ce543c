"""Learning from rewards: a policy answers, is judged, and makes what was judged well more likely, on a leash.

* :func:`tilt` is where all of it leads, π* ∝ π_ref e^{r/β}, and :func:`tilted_value` what it is worth; a
  :func:`bandit` finds it by REINFORCE.
* :func:`rollout` lets a policy answer, with its memory, and :func:`sequence_logprobs` looks up how probable answers
  were; :func:`kl_estimates` says how far the policy has gone.
* :func:`gae`, :func:`group_advantages` and :func:`leave_one_out` say what each token, or each answer, was worth;
  :func:`ppo_loss` and :func:`value_loss` are what is descended.
* :func:`align` does it all: REINFORCE, PPO or GRPO, with :class:`AlignConfig`; it can be watched, and killed at any
  round. :class:`Aligned` is what comes out, and :func:`assess` judges any policy.
* :class:`Standardized` puts a reward on the scale of the reference's answers.
* :func:`best_of_n` does without learning: it draws n answers and takes the best; :func:`best_of_n_kl` is how far that
  may lead, and :func:`best_of_n_law` where, if it can be enumerated.

See the section :ref:`sec-align-ppo`.

>>> from book_lib.pipeline.chat import Message
>>> from book_lib.tokenizer import BPETokenizer
>>> from book_lib.transformer import GPTConfig
>>> template = ChatTemplate(BPETokenizer())
>>> policy = GPT(GPTConfig(template.vocab_size, context=16, width=16, layers=1, heads=2))
>>> def short(prompts, answers):
...     return [-len(answer) for answer in answers]
>>> config = AlignConfig(iterations=15, learning_rate=0.01, beta=0.0, max_new_tokens=6, final_answers=0, device="cpu")
>>> done = align(policy, template, [(Message("user", "Yes?"),)], short, config)
>>> bool(done.column("reward")[-1] > done.column("reward")[0] + 1)
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from book_lib import _checks
from book_lib._transformer_model import at_rest
from book_lib.pipeline._advantages import (
    gae,
    group_advantages,
    kl_estimates,
    leave_one_out,
    whitened,
)
from book_lib.pipeline._align_config import AlignConfig, as_config
from book_lib.pipeline._align_learner import Aligned
from book_lib.pipeline._align_loop import (
    STAGE,
    Actor,
    Alignment,
    Reward,
    judged,
    look_up,
    numbers,
    ppo_loss,
    summary,
    value_loss,
)
from book_lib.pipeline._chat_messages import Conversation
from book_lib.pipeline._chat_template import ChatTemplate
from book_lib.pipeline._pretrain_config import pick_device
from book_lib.pipeline._pretrain_loop import DivergedError
from book_lib.pipeline._rollouts import Rollout, prompt_rows, rollout, sequence_logprobs
from book_lib.pipeline._tilt import Bandit, bandit, best_of_n_kl, best_of_n_law, tilt, tilted_value
from book_lib.pipeline.chat import save_chat
from book_lib.pipeline.run import Row, RunFolder
from book_lib.rng import RandomLike, as_generator
from book_lib.transformer import GPT

__all__ = [
    "AlignConfig",
    "Aligned",
    "Bandit",
    "BestOfN",
    "DivergedError",
    "Rollout",
    "Standardized",
    "align",
    "assess",
    "bandit",
    "best_of_n",
    "best_of_n_kl",
    "best_of_n_law",
    "gae",
    "group_advantages",
    "kl_estimates",
    "leave_one_out",
    "ppo_loss",
    "rollout",
    "sequence_logprobs",
    "tilt",
    "tilted_value",
    "value_loss",
    "whitened",
]

LEAST_SPREAD = 1e-8  # of a reward that can be standardised


def align(
    policy: GPT,
    template: ChatTemplate,
    prompts: Sequence[Conversation],
    reward: Reward,
    config: AlignConfig,
    run: RunFolder | None = None,
    progress: bool = False,
    each: Callable[[Row], None] | None = None,
    *,
    judge: Reward | None = None,
    sources: Mapping[str, Any] | None = None,
) -> Aligned:
    """Teach a policy to give answers with a larger reward, without going far from what it was.

    What is climbed is ⟨r⟩ − β KL(π‖π_ref), whose best policy is the :func:`tilt` of the reference. In each round the
    policy answers ``batch`` prompts, and the answers are judged. Then, by method:

    * "reinforce" makes one step along ⟨A ∇ln π⟩, where A is the reward still to come less the mean of the other
      answers' (:cite:`williams1992simple`, :cite:`kool2019buy`);
    * "ppo" makes several clipped ones (:func:`ppo_loss`), with advantages from a value that is learnt beside
      (:func:`gae`), brought to mean 0 and standard deviation 1 (:cite:`schulman2017proximal`,
      :cite:`ouyang2022training`);
    * "grpo" has groups of answers to one prompt instead of a value (:func:`group_advantages`), and k3 of
      :func:`kl_estimates` in the loss (:cite:`shao2024deepseekmath`); here each token counts the same, rather than
      each answer.

    In the first two the price of divergence, β (ln π − ln π_ref), is taken from the reward of each token. The reference
    is the policy as it comes. Weights depend on the policy, the prompts, the reward, the settings, the number of
    threads and the machine, and on nothing else.

    Args:
        policy: before; it stays as it is. It has the template's vocabulary.
        template: of the conversations.
        prompts: P ≥ 1, each ending with the user's message.
        reward: a function of N prompts and N answers (texts) that returns N numbers: a reward model's score
            (:class:`Standardized`), or a rule that a program can check.
        config: see :class:`AlignConfig`.
        run: a folder for metrics, checkpoints and the model, made if it is not there. If a training with the same
            settings was cut short there, this one goes on to the same weights, bit by bit; if it was finished, it is
            read back.
        progress: show a bar.
        each: called with each row of the metrics as it comes.
        judge: a function like the reward, which nothing is learnt from, to be compared with it.
        sources: JSON values that are written down with the settings, such as where the reward came from.

    Returns:
        The policy and the metrics. Each round has a row, about the policy that answered, with "step" (from 1),
        "reward", "oracle" (of the judge, if there is one), "kl" (nats an answer; the mean of k1), "kl_k3", "entropy"
        (nats a token), "length" (tokens), "ended" (share of answers), "gradient_norm" (before it was shortened), the
        "clip_fraction" of tokens whose ratio left 1 ± ε, the largest ratio "ratio_max", and "ratio_start", how far a
        ratio was from 1 before the first step: 0, but for rounding. A last one, "final", judges what came out.

    Raises:
        TypeError, ValueError: if an argument is of another kind; if a prompt is none or fills the context (its index is
            told); if vocabularies do not fit; if the reward gives something else than a number to each answer; if the
            run holds another training, or a checkpoint that is damaged.
        DivergedError: if a reward, the loss or the gradient is no finite number; that step is not made, and the last
            checkpoint stands.
        RunInUseError: if somebody else writes into the run folder.

    See the section :ref:`sec-align-ppo`.
    """
    as_config(config)
    if run is not None and not isinstance(run, RunFolder):
        raise TypeError(f"run must be a RunFolder or None, got {run!r}")
    for name, function in (("reward", reward), ("judge", judge)):
        if not callable(function) and (name == "reward" or function is not None):
            raise TypeError(f"{name} must be a function of prompts and answers, got {function!r}")
    device = pick_device(config.device)
    learner = Alignment(policy, template, prompts, reward, config, device, run, each, judge, sources)
    learner.complete(progress, lambda held: save_chat(held, STAGE, learner.actor.policy, template))
    model = learner.actor.policy
    return Aligned(model, template, config, tuple(learner.rows))


def assess(
    policy: GPT,
    reference: GPT,
    template: ChatTemplate,
    prompts: Sequence[Conversation],
    config: AlignConfig,
    rng: RandomLike,
    **rewards: Reward,
) -> dict[str, float]:
    """Let a policy answer each prompt once, and return what that is worth and how far it is from a reference.

    Args:
        policy, reference: of the template's vocabulary.
        template: of the conversations.
        prompts: N of them.
        config: its ``max_new_tokens`` and ``temperature`` count.
        rng: a seed or a generator.
        rewards: functions as in :func:`align`, by the name under which their mean is returned.

    Returns:
        "kl" (k1, nats an answer), "kl_k3", "entropy" (nats a token), "length", "ended", and the rewards' means.

    Raises:
        TypeError, ValueError: as :func:`align`.

    See the section :ref:`sec-align-hacking`.
    """
    said = rollout(policy, template, prompts, config, rng)
    rollout_fits(reference, policy)
    actor = Actor(policy, with_value=False)
    with at_rest(reference):
        past = look_up(actor, reference, said, config.temperature)
    means = {name: float(_finite(name, function, said).mean()) for name, function in rewards.items()}
    return {**summary(said, past), **means}


def rollout_fits(reference: GPT, policy: GPT) -> None:
    """See to it that a reference can read what a policy has said.

    Raises:
        ValueError: if it has another vocabulary, or a smaller context.
    """
    if not isinstance(reference, GPT):
        raise TypeError(f"reference must be a GPT, got {reference!r}")
    if reference.config.vocab_size != policy.config.vocab_size or reference.context < policy.context:
        ours, theirs = ((one.config.vocab_size, one.context) for one in (policy, reference))
        raise ValueError(f"reference must have the policy's vocabulary and context, {ours[0]} and {ours[1]} tokens, "
                         f"got {theirs[0]} and {theirs[1]}")  # fmt: skip


# ---------------------------------------------------------------------------------------------- the reward


@dataclass(frozen=True)
class Standardized:
    """A reward on a scale on which the reference's answers have mean 0 and standard deviation 1.

    A reward model knows differences only: a constant added to its scores changes no preference. Their scale decides
    what a β means; so it is fixed by answers of the policy that learning begins with.

    Args:
        reward: a function as in :func:`align`.
        mean: of its values.
        spread: their standard deviation.

    See the section :ref:`sec-align-ppo`.

    >>> def length(prompts, answers):
    ...     return [len(answer) for answer in answers]
    >>> Standardized.on(length, [(), ()], ["a", "abc"])([()], ["abcd"]).tolist()
    [2.0]
    """

    reward: Reward
    mean: float
    spread: float

    def __post_init__(self) -> None:
        _checks.finite("mean", self.mean)
        _checks.positive("spread", self.spread)

    @classmethod
    def on(cls, reward: Reward, prompts: Sequence[Conversation], answers: Sequence[str]) -> Standardized:
        """Take mean and spread from N answers to N prompts.

        Raises:
            TypeError, ValueError: if the reward is not finite, or the same for all.
        """
        values = _checks.finite_array("reward", numbers("reward", reward(prompts, answers)))
        if values.shape != (len(answers),) or not len(values):
            raise ValueError(f"reward must give one number to each of {len(answers)} answers, one at least, "
                             f"got shape {values.shape}")  # fmt: skip
        if values.std() < LEAST_SPREAD:
            raise ValueError(f"reward must differ from answer to answer, got {values[0]:g} for all {len(values)}")
        return cls(reward, float(values.mean()), float(values.std()))

    def __call__(self, prompts: Sequence[Conversation], answers: Sequence[str]) -> NDArray[np.float64]:
        """Return (r − mean)/spread for each of N answers, shape (N,)."""
        return (numbers("reward", self.reward(prompts, answers)) - self.mean) / self.spread


# ------------------------------------------------------------------------------------------- the best of n


@dataclass(frozen=True, eq=False)
class BestOfN:
    """The best of n answers to each of P prompts; see :func:`best_of_n`.

    Args:
        answers: the best of each, P of them.
        rewards: theirs, shape (P,).
        candidates: all answers, P times n.
        scores: the rewards of all, shape (P, n).
    """

    answers: tuple[str, ...]
    rewards: NDArray[np.float64] = field(repr=False)
    candidates: tuple[tuple[str, ...], ...] = field(repr=False)
    scores: NDArray[np.float64] = field(repr=False)


def best_of_n(
    policy: GPT,
    template: ChatTemplate,
    prompts: Sequence[Conversation],
    reward: Reward,
    n: int,
    config: AlignConfig,
    rng: RandomLike,
) -> BestOfN:
    """Draw n answers to each prompt, and take the one with the largest reward; of equals the first.

    Nothing is learnt: the price is paid with each answer, and the divergence is :func:`best_of_n_kl` at most
    (:cite:`stiennon2020learning`, :cite:`gao2023scaling`).

    Args:
        policy: of the template's vocabulary.
        template: of the conversations.
        prompts: P of them.
        reward: a function as in :func:`align`.
        n: answers to each, ≥ 1.
        config: its ``max_new_tokens``, ``temperature`` and ``end_penalty`` count.
        rng: a seed or a generator.

    Raises:
        TypeError, ValueError: as :func:`align`; if n is not a positive integer, or a reward is not finite.

    See the section :ref:`sec-align-bestofn`.
    """
    n = _checks.integer("n", n, 1)
    prompt_rows(policy, template, prompts, as_config(config).max_new_tokens)  # errors tell the caller's index
    said = rollout(policy, template, [prompt for prompt in prompts for _ in range(n)], config, as_generator(rng))
    scores = _finite("reward", reward, said) - config.end_penalty * ~said.ended
    scores = scores.reshape(-1, n)
    best = scores.argmax(1)  # (P,)
    candidates = tuple(said.answers[first : first + n] for first in range(0, len(said), n))
    chosen = tuple(row[place] for row, place in zip(candidates, best.tolist(), strict=True))
    return BestOfN(chosen, scores[np.arange(len(best)), best], candidates, scores)


def _finite(name: str, function: Reward, said: Rollout) -> NDArray[np.float64]:
    return _checks.finite_array(name, judged(name, function, said))
