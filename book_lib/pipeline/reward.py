"""The reward model: from pairs of answers, of which people preferred one, to a number for any answer.

* :class:`Preference` is such a pair; :func:`load_preferences` reads a file of them.
* :func:`bradley_terry` is the probability of a preference, a sigmoid; :func:`preference_loss` is descended;
  :func:`fit_strengths` finds the strengths of a few items from a table of wins, without any network.
* :class:`RewardModel` is a GPT with a head; :func:`train_reward` teaches it (:class:`RewardConfig` says how), and
  what comes out is a :class:`Rewarder`. :func:`load_reward` reads one from a run folder.
* :func:`calibration` compares what rewards promise with what people then preferred.

See the section :ref:`sec-align-reward`.

>>> from book_lib.pipeline.chat import Message
>>> from book_lib.tokenizer import BPETokenizer
>>> from book_lib.transformer import GPTConfig
>>> template = ChatTemplate(BPETokenizer())
>>> model = GPT(GPTConfig(template.vocab_size, context=24, width=16, layers=1, heads=2))
>>> asked = (Message("user", "Yes?"),)
>>> pairs = [Preference(asked, chosen="Yes.", rejected="No.")]
>>> done = train_reward(model, template, pairs, RewardConfig(steps=20, batch=4, learning_rate=0.01, device="cpu"))
>>> yes, no = done.score([asked, asked], ["Yes.", "No."])
>>> bool(yes > no)
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from book_lib.classification import Reliability
from book_lib.pipeline._bradley_terry import bradley_terry, calibration, fit_strengths, preference_loss
from book_lib.pipeline._chat_template import ChatTemplate
from book_lib.pipeline._pretrain_config import pick_device
from book_lib.pipeline._pretrain_loop import DivergedError
from book_lib.pipeline._reward_loop import Judging, RewardConfig
from book_lib.pipeline._reward_model import (
    Preference,
    Rewarder,
    RewardModel,
    accuracy_of,
    load_preferences,
    load_reward,
    save_reward,
)
from book_lib.pipeline.run import Row, RunFolder
from book_lib.transformer import GPT

__all__ = [
    "DivergedError",
    "Preference",
    "Reliability",
    "RewardConfig",
    "RewardModel",
    "Rewarder",
    "bradley_terry",
    "calibration",
    "fit_strengths",
    "load_preferences",
    "load_reward",
    "preference_loss",
    "save_reward",
    "train_reward",
]


def train_reward(
    model: GPT,
    template: ChatTemplate,
    preferences: Sequence[Preference],
    config: RewardConfig,
    held_out: Sequence[Preference] | None = None,
    run: RunFolder | None = None,
    progress: bool = False,
    each: Callable[[Row], None] | None = None,
    *,
    sources: Mapping[str, Any] | None = None,
) -> Rewarder:
    """Teach a reward model to rank answers as people did: descend −ln σ(r⁺ − r⁻) (:cite:`ouyang2022training`, step 2).

    What comes out knows differences only, and only between answers of the kind that was compared: of others it says
    something, too. Weights depend on the model, the preferences, the settings, the number of threads and the machine,
    and on nothing else.

    Args:
        model: a fine-tuned :class:`GPT`, of the template's vocabulary; it stays as it is.
        template: of the conversations.
        preferences: P ≥ 1 of :class:`Preference`.
        config: see :class:`RewardConfig`.
        held_out: others, which are not learnt, but judged by.
        run: a folder for metrics, checkpoints and the model, made if it is not there. If a training with the same
            settings was cut short there, this one goes on to the same weights, bit by bit; if it was finished, it is
            read back.
        progress: show a bar.
        each: called with each row of the metrics as it comes.
        sources: JSON values that are written down with the settings, such as where the preferences came from.

    Returns:
        The model and the metrics. Each step has a row, about the model before it, with "step" (from 1), "loss" (nats a
        pair; ln 2 for one that knows nothing and says nothing), "accuracy" (share of the pairs ranked right), "margin"
        (the mean of r⁺ − r⁻), "gradient_norm", "learning_rate" and "pairs_per_second". Each look at held-out pairs has
        one with "held_out_loss", "held_out_accuracy" and "held_out_margin"; the last, "final", has a "calibration",
        too: how often the favourite won, beside the mean of what was promised, where there were "counts".

    Raises:
        TypeError, ValueError: if an argument is of another kind; if a pair is none or too long (its index is told); if
            vocabularies do not fit; if the run holds another training, or a checkpoint that is damaged.
        DivergedError: if the loss or the gradient is no finite number; that step is not made.
        RunInUseError: if somebody else writes into the run folder.

    See the section :ref:`sec-align-reward`.
    """
    if not isinstance(config, RewardConfig):
        raise TypeError(f"config must be a RewardConfig, got {config!r}")
    if run is not None and not isinstance(run, RunFolder):
        raise TypeError(f"run must be a RunFolder or None, got {run!r}")
    device = pick_device(config.device)
    learner = Judging(model, template, preferences, config, held_out, device, run, each, sources)
    learner.complete(progress, lambda held: save_reward(held, learner.model, template))
    rows = tuple(learner.rows)
    return Rewarder(learner.model, template, rows, accuracy_of(rows))
