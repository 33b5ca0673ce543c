"""Fine-tuning: a model that continues text becomes one that answers.

* :class:`Message` and :func:`check_conversation` say what a conversation is; :func:`load_chats` reads a file of them.
* :class:`ChatTemplate` writes one as a row of tokens and knows which of them are the assistant's; :func:`pad_batch`
  makes a batch of rows, and :func:`answer_loss` is the loss of the answers alone.
* :func:`extend_vocabulary` makes room for the tokens that the template adds.
* :func:`sft` fine-tunes (:class:`SFTConfig` says how, :class:`Tuned` is what comes out), and mixes old text in if
  asked; :func:`forgetting` measures what it cost. :func:`load_chat` reads a model that talks from a run folder.
* :func:`reply` and :func:`replies` let the model answer.

See the section :ref:`sec-align-sft`.

>>> from book_lib.tokenizer import BPETokenizer
>>> from book_lib.transformer import GPTConfig
>>> model = GPT(GPTConfig(vocab_size=256, context=32, width=16, layers=1, heads=2))
>>> chats = [(Message("user", "Yes?"), Message("assistant", "No.")),
...          (Message("user", "No?"), Message("assistant", "Yes."))]
>>> config = SFTConfig(steps=60, batch=4, learning_rate=0.02, device="cpu")
>>> done = sft(model, ChatTemplate(BPETokenizer()), chats, config)
>>> reply(done.model, done.template, [Message("user", "No?")], temperature=0)
'Yes.'
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks, transformer
from book_lib.pipeline._chat_config import Material, SFTConfig
from book_lib.pipeline._chat_messages import ROLES, Conversation, Message, check_conversation, load_chats
from book_lib.pipeline._chat_model import (
    answer_loss,
    as_gpt,
    as_template,
    extend_vocabulary,
    forgetting,
    replies,
    reply,
    require_fit,
)
from book_lib.pipeline._chat_template import ChatTemplate, Encoded, pad_batch
from book_lib.pipeline._chat_training import FOLDER, Tuning
from book_lib.pipeline._pretrain_config import pick_device, repeatable
from book_lib.pipeline._pretrain_loop import DivergedError
from book_lib.pipeline.run import Row, RunFolder
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPT

__all__ = [
    "ROLES",
    "ChatTemplate",
    "Conversation",
    "DivergedError",
    "Encoded",
    "Message",
    "SFTConfig",
    "Tuned",
    "answer_loss",
    "check_conversation",
    "extend_vocabulary",
    "forgetting",
    "load_chat",
    "load_chats",
    "pad_batch",
    "replies",
    "reply",
    "save_chat",
    "sft",
]

TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, eq=False)
class Tuned:
    """A model that has been fine-tuned, and what was measured on the way.

    Args:
        model: in evaluation mode, on the processor that it learned on; it knows the template's tokens.
        template: of the conversations.
        config: how it learned.
        rows: the metrics. Each step has a row with "step" (from 1), "loss" (of the answers, nats a token, before the
            step), "perplexity", "replay_loss" if old text was mixed in, "gradient_norm" (before it was shortened),
            "learning_rate", "answer_tokens" and "tokens_per_second". Each look at what is held out has one with
            "held_out_loss" (of the answers) and "text_loss" (of the old text), whichever was asked for; the first has
            step 0, the last "final".
        skipped: conversations left out because they were too long.

    See the section :ref:`sec-align-sft`.
    """

    model: GPT = field(repr=False)
    template: ChatTemplate = field(repr=False)
    config: SFTConfig
    rows: tuple[Row, ...] = field(repr=False)
    skipped: int = 0

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one of the measurements, for all rows that have it; "step" goes with the steps, not with the looks.

        Raises:
            ValueError: if no row has it.
        """
        found = [row[name] for row in self.rows if name in row and (name != "step" or "loss" in row)]
        if not found:
            known = sorted({key for row in self.rows for key in row} - {"stage", "final"})
            raise ValueError(f"name must be one of {', '.join(known)}, got {name!r}")
        return np.array(found, dtype=np.float64)

    def looks(self, name: str) -> list[tuple[int, float]]:
        """Return what the looks measured: pairs of a step, from 0, and "held_out_loss" or "text_loss"."""
        _checks.one_of("name", name, ("held_out_loss", "text_loss"))
        return [(row["step"], row[name]) for row in self.rows if name in row]


def sft(
    model: GPT,
    template: ChatTemplate,
    conversations: Sequence[Sequence[Message]],
    config: SFTConfig,
    replay_ids: ArrayLike | None = None,
    run: RunFolder | None = None,
    progress: bool = False,
    each: Callable[[Row], None] | None = None,
    *,
    held_out: Sequence[Sequence[Message]] = (),
    text_ids: ArrayLike | None = None,
    sources: Mapping[str, Any] | None = None,
) -> Tuned:
    """Teach a model to answer: supervised fine-tuning on conversations (:cite:`ouyang2022training`, step 1).

    The loss is that of pre-training, −ln p(next token), but its mean is taken over the tokens of the assistant's
    answers and the ``<|end|>`` that closes each, and over no others. With a ``replay`` share α, part of each batch is
    text of the pre-training, and the loss is (1 − α) · answers + α · text: what is rehearsed is not forgotten. Weights
    depend on the model, the conversations, the settings, the number of threads and the machine, and on nothing else.

    Args:
        model: before; it stays as it is. It knows the template's tokens, or those of its tokenizer before it: then it
            is extended, see :func:`extend_vocabulary`.
        template: that makes the tokens.
        conversations: N ≥ 1, each ending with an answer; see :func:`check_conversation`.
        config: see :class:`SFTConfig`.
        replay_ids: text of the pre-training, shape (M,); needed if ``config.replay`` is more than 0.
        run: a folder for metrics, checkpoints and the model, made if it is not there. If a training with the same
            settings was cut short there, this one goes on to the same weights, bit by bit; if it was finished, it is
            read back.
        progress: show a bar.
        each: called with each row of the metrics (see :class:`Tuned`) as it comes.
        held_out: conversations that are not learnt; their loss is measured on the way.
        text_ids: held-out text of the pre-training; its loss is measured on the way, to see what is forgotten.
        sources: JSON values that are written down with the settings, such as where the conversations came from.

    Returns:
        The model and the metrics.

    Raises:
        TypeError, ValueError: if an argument is of another kind; if a conversation is in disorder, without an answer
            or too long (its index is told); if vocabularies do not fit; if there is no old text to be replayed; if the
            run holds another training, or a checkpoint that is damaged. No folder is made then.
        DivergedError: if the loss or the gradient is no finite number any more; the step is not made.
        RunInUseError: if somebody else writes into the run folder.

    See the section :ref:`sec-align-sft`.
    """
    if not isinstance(config, SFTConfig):
        raise TypeError(f"config must be an SFTConfig, got {config!r}")
    if run is not None and not isinstance(run, RunFolder):
        raise TypeError(f"run must be a RunFolder or None, got {run!r}")
    as_gpt(model), as_template(template)
    config = config.with_replay(replay_ids is not None)
    material = Material.of(model, template, conversations, config, replay_ids, held_out, text_ids)
    device = pick_device(config.device)
    tuning = Tuning(model, template, material, config, device, run, each, sources)
    with ExitStack() as stack:
        if run is not None:
            stack.enter_context(run)
            tuning.resume()
        stack.enter_context(repeatable(device, tuning.threads))
        tuning.go(progress)
        if run is not None and not (run.path / FOLDER).exists():
            save_chat(run, FOLDER, tuning.model, template)
    return Tuned(tuning.model.eval(), template, config, tuple(tuning.rows), material.skipped)


def save_chat(run: RunFolder, folder: str, model: GPT, template: ChatTemplate) -> None:
    """Write a model that talks, and its tokenizer, into a folder of a run that is held, all of it at once.

    Raises:
        TypeError, ValueError: if they do not belong together.
    """
    require_fit(model, template)
    with run.folder(folder) as path:
        model.save(path)
        template.tokenizer.save(path / TOKENIZER)


def load_chat(run: RunFolder | str | os.PathLike[str], folder: str = FOLDER) -> tuple[GPT, ChatTemplate]:
    """Read the model that a stage left in its run folder, and its template.

    Args:
        run: the run folder, or its path.
        folder: of the stage: "sft", "ppo" or "dpo".

    Raises:
        FileNotFoundError: if no such stage has been finished there.
        ValueError: if a file is damaged, or they do not belong together.

    See the section :ref:`sec-align-sft`.
    """
    path = (run.path if isinstance(run, RunFolder) else Path(run)) / _checks.slug("folder", folder)
    if not path.is_dir():
        raise FileNotFoundError(f"{path.parent} must hold a model in {folder}/: that stage has not been finished there")
    model, tokenizer = transformer.load(path).eval(), BPETokenizer.load(path / TOKENIZER)
    try:
        template = ChatTemplate(tokenizer)
        require_fit(model, template)
    except ValueError as error:
        raise ValueError(f"{path} must hold a model and its tokenizer: {error}") from None
    return model, template
