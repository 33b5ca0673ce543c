"""Learning from preferences directly (DPO): the same tilt as by PPO, without a reward model and without answering.

* :func:`dpo_loss` is what is descended: a logistic regression whose score is β ln(π/π_ref).
* :func:`dpo` does it, with :class:`DPOConfig`; it can be watched, and killed at any step. What comes out is an
  :class:`~book_lib.pipeline.ppo.Aligned`.
* :func:`implied_rewards` are the rewards for which a policy would be the best.

See the section :ref:`sec-align-dpo`.

>>> from book_lib.pipeline.chat import Message
>>> from book_lib.tokenizer import BPETokenizer
>>> from book_lib.transformer import GPTConfig
>>> from types import SimpleNamespace
>>> template = ChatTemplate(BPETokenizer())
>>> model = GPT(GPTConfig(template.vocab_size, context=24, width=16, layers=1, heads=2))
>>> pair = SimpleNamespace(prompt=(Message("user", "Yes?"),), chosen="Yes.", rejected="No.")  # as `reward.Preference`
>>> done = dpo(model, template, [pair], DPOConfig(steps=20, batch=1, learning_rate=0.01, device="cpu"))
>>> round(float(done.column("loss")[0]), 4), bool(done.column("loss")[-1] < 0.6)
(0.6931, True)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from book_lib import _checks
from book_lib._transformer_model import at_rest
from book_lib.pipeline._align_learner import Aligned
from book_lib.pipeline._chat_messages import Conversation
from book_lib.pipeline._chat_model import require_fit
from book_lib.pipeline._chat_template import ChatTemplate
from book_lib.pipeline._dpo_loop import STAGE, Direct, DPOConfig, dpo_loss, filled
from book_lib.pipeline._pretrain_config import pick_device
from book_lib.pipeline._pretrain_loop import DivergedError
from book_lib.pipeline._rollouts import sequence_logprobs
from book_lib.pipeline.chat import save_chat
from book_lib.pipeline.run import Row, RunFolder
from book_lib.transformer import GPT

if TYPE_CHECKING:
    from book_lib.pipeline.reward import Preference

__all__ = ["Aligned", "DPOConfig", "DivergedError", "dpo", "dpo_loss", "implied_rewards"]


def dpo(
    model: GPT,
    template: ChatTemplate,
    preferences: Sequence[Preference],
    config: DPOConfig,
    run: RunFolder | None = None,
    progress: bool = False,
    each: Callable[[Row], None] | None = None,
    *,
    sources: Mapping[str, Any] | None = None,
) -> Aligned:
    """Teach a policy to prefer what was preferred, by :func:`dpo_loss`; the reference is the policy as it comes.

    The best policy for the reward that explains the preferences is reached without that reward and without drawing an
    answer: but only answers that somebody compared teach anything (:cite:`rafailov2023direct`). Weights depend on the
    model, the preferences, the settings, the number of threads and the machine, and on nothing else.

    Args:
        model: before; it stays as it is. It has the template's vocabulary.
        template: of the conversations.
        preferences: P ≥ 1 of `book_lib.pipeline.reward.Preference`: a prompt, and two answers to it.
        config: see :class:`DPOConfig`.
        run: a folder for metrics, checkpoints and the model, made if it is not there. If a training with the same
            settings was cut short there, this one goes on to the same weights, bit by bit; if it was finished, it is
            read back.
        progress: show a bar.
        each: called with each row of the metrics as it comes.
        sources: JSON values that are written down with the settings, such as where the preferences came from.

    Returns:
        The policy and the metrics. Each step has a row, about the policy before it, with "step" (from 1), "loss" (nats
        a pair; ln 2 at first), "accuracy" (share of pairs in which the chosen answer has the larger implied reward; a
        tie counts half, and 0.001 nats are one), "margin" (by how much, β(Δ⁺ − Δ⁻)), "chosen" and "rejected"
        (Δ = ln π − ln π_ref, the mean over pairs; that the chosen one falls as well is common), "gradient_norm" and
        "learning_rate".

    Raises:
        TypeError, ValueError: if an argument is of another kind; if a pair is none or too long (its index is told); if
            vocabularies do not fit; if the run holds another training, or a checkpoint that is damaged.
        DivergedError: if the loss or the gradient is no finite number; that step is not made.
        RunInUseError: if somebody else writes into the run folder.

    See the section :ref:`sec-align-dpo`.
    """
    if not isinstance(config, DPOConfig):
        raise TypeError(f"config must be a DPOConfig, got {config!r}")
    if run is not None and not isinstance(run, RunFolder):
        raise TypeError(f"run must be a RunFolder or None, got {run!r}")
    learner = Direct(model, template, preferences, config, pick_device(config.device), run, each, sources)
    learner.complete(progress, lambda held: save_chat(held, STAGE, learner.policy, template))
    return Aligned(learner.policy, template, config, tuple(learner.rows))


def implied_rewards(
    policy: GPT,
    reference: GPT,
    template: ChatTemplate,
    prompts: Sequence[Conversation],
    answers: Sequence[str],
    beta: float,
) -> NDArray[np.float64]:
    """Return β ln(π/π_ref) of N answers, shape (N,): the rewards it is the best for, up to β ln Z of each prompt.

    Args:
        policy, reference: of the template's vocabulary.
        template: of the conversations.
        prompts: N of them.
        answers: one to each; its end counts as well.
        beta: β > 0.

    Raises:
        TypeError, ValueError: if an argument is of another kind, the numbers differ, or a row is too long.

    See the section :ref:`sec-align-dpo`.
    """
    beta = _checks.positive("beta", beta)
    require_fit(policy, template)
    require_fit(reference, template)
    if len(prompts) != len(answers) or not len(answers):
        raise ValueError(f"answers must be one to each of {len(prompts)} prompts, one at least, got {len(answers)}")
    rows = [template.answered(prompt, answer) for prompt, answer in zip(prompts, answers, strict=True)]
    ids, mask = filled(rows, template.pad)
    with at_rest(policy), at_rest(reference):
        found = [sequence_logprobs(one, ids, mask).sum(1).double().cpu().numpy() for one in (policy, reference)]
    return beta * (found[0] - found[1])
