"""A model that gives an answer a number, the preferences that it learns from, and how both are kept.

In the comments B is the rows, T the tokens of a row, d the width.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from book_lib import _checks, transformer
from book_lib._transformer_ids import as_ids
from book_lib.pipeline._chat_messages import (
    Conversation,
    Message,
    check_conversation,
    json_lines,
    messages_of,
)
from book_lib.pipeline._chat_model import as_gpt, as_template, require_fit
from book_lib.pipeline._chat_template import ChatTemplate
from book_lib.pipeline.run import Row, RunFolder
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPT

STAGE = "reward"
FORMAT = "book_lib.pipeline.reward.1"
HEAD, TOKENIZER = "head.safetensors", "tokenizer.json"
TOGETHER = 64  # rows that are read at a time, of similar length


# ------------------------------------------------------------------------------------------- preferences


@dataclass(frozen=True)
class Preference:
    """A prompt, two answers to it, and which of them somebody liked better.

    Args:
        prompt: a conversation that ends with the user's message.
        chosen: the answer that was preferred.
        rejected: the other one.

    Raises:
        TypeError: if one of them is of another kind.
        ValueError: if the prompt is in disorder (its message is named), an answer is empty, or both are the same.

    See the section :ref:`sec-align-preferences`.

    >>> Preference([Message("user", "Yes?")], chosen="Yes.", rejected="No.").prompt[0].content
    'Yes?'
    """

    prompt: Conversation
    chosen: str
    rejected: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", check_conversation(self.prompt, for_training=False))
        for name in ("chosen", "rejected"):
            answer = getattr(self, name)
            if not isinstance(answer, str):
                raise TypeError(f"{name} must be text, got {answer!r}")
            if not answer.strip():
                raise ValueError(f"{name} must not be empty, got {answer!r}")
        if self.chosen == self.rejected:
            raise ValueError(f"chosen and rejected must differ, got {self.chosen!r} for both")


def load_preferences(path: str | os.PathLike[str]) -> list[Preference]:
    """Read preferences from JSON lines: ``{"prompt": [{"role": "user", "content": "…"}], "chosen": "…",
    "rejected": "…"}``, one a line; the prompt may also be a text, which is then the user's one message.

    Args:
        path: of a file in UTF-8; empty lines are passed over, and so are other keys.

    Returns:
        The preferences; one at least.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not UTF-8, holds none, or a line is something else; the file and the line are named.

    See the section :ref:`sec-align-preferences`.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "preferences.jsonl")
    >>> _ = path.write_text('{"prompt": "Yes?", "chosen": "Yes.", "rejected": "No."}', encoding="utf-8")
    >>> load_preferences(path)[0].chosen
    'Yes.'
    """
    found = [pair for _, pair in placed_preferences(path)]
    if not found:
        raise ValueError(f"{path} must hold at least one preference, got none")
    return found


def placed_preferences(path: str | os.PathLike[str]) -> Iterator[tuple[str, Preference]]:
    """Yield where each preference of a file stands, "FILE, line N", and it; errors as `load_preferences`."""
    for place, row in json_lines(path):
        try:
            pair = _preference(row)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{place}: {error}") from None
        yield place, pair


def _preference(row: dict[str, Any]) -> Preference:
    for name in ("prompt", "chosen", "rejected"):
        if name not in row:
            raise ValueError(f"there must be a field {name!r}, got {', '.join(map(repr, row)) or 'none'}")
    prompt = row["prompt"]
    messages = [Message("user", prompt)] if isinstance(prompt, str) else messages_of("prompt", prompt)
    return Preference(tuple(messages), row["chosen"], row["rejected"])


# ------------------------------------------------------------------------------------------------- the model


class RewardModel(nn.Module):
    """A language model that says, in place of the next token, what an answer is worth: one number, at its end.

    The stream at the closing ``<|end|>`` has read prompt and answer; a linear map makes a number of it. The map has
    no constant, as no comparison could tell which. It begins with weights from N(0, 1/(d + 1)), so that scores are of
    the order of 1 (:cite:`stiennon2020learning`, appendix B). Dropout is at rest: it would rank by chance.

    Args:
        backbone: a :class:`GPT`, copied; what it knows of language need not be learnt from comparisons. The table
            that reads off the next token, if it has one of its own, is left behind.
        seed: of the map's first weights.

    Raises:
        TypeError, ValueError: if the backbone is no GPT with weights, or the seed no integer ≥ 0.

    See the section :ref:`sec-align-reward`.

    >>> from book_lib.transformer import GPTConfig
    >>> model = RewardModel(GPT(GPTConfig(vocab_size=10, context=8, width=16, layers=1, heads=2)))
    >>> model.score([[3, 1, 4], [1, 5, 0]], lengths=[3, 2]).shape
    torch.Size([2])
    """

    def __init__(self, backbone: GPT, seed: int = 0) -> None:
        super().__init__()
        like = as_gpt(backbone, "backbone").token_embedding.weight
        self.backbone = GPT(replace(backbone.config, tied=True), seed=0).to(like)
        kept = {name: value for name, value in backbone.state_dict().items() if name != "unembedding.weight"}
        self.backbone.load_state_dict(kept)
        self.head = nn.Linear(backbone.config.width, 1, bias=False)
        generator = torch.Generator().manual_seed(_checks.integer("seed", seed, 0, 2**63 - 1))
        nn.init.normal_(self.head.weight, 0, 1 / math.sqrt(backbone.config.width + 1), generator)
        self.head.to(like)
        self.eval()

    def score(self, ids: ArrayLike | Tensor, lengths: ArrayLike | Tensor) -> Tensor:
        """Return what each row is worth, (B,), to differentiate; what fills a row up behind its end does not count.

        Args:
            ids: prompt, answer, ``<|end|>``, and filling, shape (B, T).
            lengths: tokens of each row up to its ``<|end|>``, 1 … T, shape (B,).

        Raises:
            TypeError, ValueError: if the ids do not fit the model, or the lengths do not fit the ids.
        """
        ids = as_ids("ids", ids, self.backbone, shape="(B, T)")
        last = torch.as_tensor(lengths, device=ids.device)
        if last.is_floating_point() or last.is_complex() or last.dtype == torch.bool:
            raise TypeError(f"lengths must be integers, got {last.dtype}")
        if last.shape != ids.shape[:1] or not 1 <= int(last.min()) <= int(last.max()) <= ids.size(1):
            raise ValueError(f"lengths must be {len(ids)} integers from 1 to {ids.size(1)}, got {last.tolist()}")
        x = self.backbone.stream(ids)[torch.arange(len(ids), device=ids.device), last.long() - 1]  # (B, d)
        return self.head(self.backbone.final_norm(x))[:, 0]


@dataclass(frozen=True, eq=False)
class Rewarder:
    """A reward model with the template of its conversations: it gives answers, as texts, their numbers.

    Args:
        model: on the processor that it learned on.
        template: of its vocabulary.
        rows: the metrics; see :func:`book_lib.pipeline.reward.train_reward`.
        accuracy: share of the held-out pairs that it ranks as they were ranked, or None if there were none.

    Raises:
        TypeError, ValueError: if model and template do not belong together.

    See the section :ref:`sec-align-reward`.
    """

    model: RewardModel = field(repr=False)
    template: ChatTemplate = field(repr=False)
    rows: tuple[Row, ...] = field(default=(), repr=False)
    accuracy: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.model, RewardModel):
            raise TypeError(f"model must be a RewardModel, got {self.model!r}")
        require_fit(self.model.backbone, self.template)

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one of the measurements; "step" goes with the steps, not with the looks at what is held out.

        Raises:
            ValueError: if no row has it.
        """
        found = [row[name] for row in self.rows if name in row and (name != "step" or "loss" in row)]
        if not found:
            known = sorted({key for row in self.rows for key in row} - {"stage", "final", "calibration"})
            raise ValueError(f"name must be one of {', '.join(known)}, got {name!r}")
        return np.array(found, dtype=np.float64)

    @torch.inference_mode()
    def score(self, prompts: Sequence[Sequence[Message]], answers: Sequence[str]) -> NDArray[np.float64]:
        """Return what B answers are worth, shape (B,): a reward for `book_lib.pipeline.ppo.align`.

        A policy may say anything, and its answer may need more tokens when it is read than it took to write: one that
        does not fit into the context is read as far as it fits.

        Args:
            prompts: B of them, each ending with the user's message.
            answers: one to each; it may be empty.

        Raises:
            TypeError, ValueError: if the numbers differ, or a prompt is none or fills the context; its index is told.
        """
        for name, values in (("prompts", prompts), ("answers", answers)):
            if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
                raise TypeError(f"{name} must be a sequence, got {type(values).__name__}")
        if len(prompts) != len(answers):
            raise ValueError(f"answers must be one to each of {len(prompts)} prompts, got {len(answers)}")
        rows = [self._row(index, *one) for index, one in enumerate(zip(prompts, answers, strict=True))]
        return score_rows(self.model, rows, self.template.pad)

    def differences(self, preferences: Sequence[Preference]) -> NDArray[np.float64]:
        """Return r⁺ − r⁻ of P preferences, shape (P,); positive where the model agrees.

        Raises:
            TypeError, ValueError: as :meth:`score`; if one is no :class:`Preference`.
        """
        for index, pair in enumerate(preferences):
            if not isinstance(pair, Preference):
                raise TypeError(f"preferences[{index}] must be a Preference, got {pair!r}")
        prompts = [pair.prompt for pair in preferences]
        chosen = self.score(prompts, [pair.chosen for pair in preferences])
        return chosen - self.score(prompts, [pair.rejected for pair in preferences])

    def _row(self, index: int, prompt: Sequence[Message], answer: str) -> NDArray[np.int64]:
        """Return the tokens of a prompt and an answer, with its end."""
        try:
            row = self.template.answered(prompt, answer)
        except (TypeError, ValueError) as error:
            name = "answers" if str(error).startswith("answer ") else "prompts"
            raise type(error)(f"{name}[{index}]: {error}") from None
        context = self.model.backbone.context
        if len(row) <= context:
            return row.ids
        asked = int((~row.answer).sum())
        if asked >= context:
            raise ValueError(f"prompts[{index}] must leave room for an answer in the context of {context} tokens, "
                             f"got {asked}")  # fmt: skip
        return np.append(row.ids[: context - 1], self.template.end)


def score_rows(model: RewardModel, rows: Sequence[NDArray[np.int64]], pad: int) -> NDArray[np.float64]:
    """Return what rows of tokens are worth, shape (N,), those of similar length side by side."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    device, scores = model.head.weight.device, np.zeros(len(rows))
    order = np.argsort(lengths, kind="stable")
    for first in range(0, len(order), TOGETHER):
        part = order[first : first + TOGETHER]
        ids = np.full((len(part), int(lengths[part[-1]])), pad)
        for place, index in enumerate(part.tolist()):
            ids[place, : lengths[index]] = rows[index]
        found = model.score(torch.from_numpy(ids).to(device), torch.from_numpy(lengths[part]))
        scores[part] = found.double().cpu().numpy()
    return scores


# ------------------------------------------------------------------------------------------------ in and out


def save_reward(run: RunFolder, model: RewardModel, template: ChatTemplate, folder: str = STAGE) -> None:
    """Write a reward model and its tokenizer into a folder of a run that is held, all of it at once.

    Raises:
        TypeError, ValueError: if they do not belong together.
    """
    require_fit(model.backbone, as_template(template))
    with run.folder(folder) as path:
        model.backbone.save(path)
        template.tokenizer.save(path / TOKENIZER)
        head = {"weight": model.head.weight.detach().cpu().contiguous()}
        (path / HEAD).write_bytes(safetensors.torch.save(head, {"format": FORMAT}))


def load_reward(run: RunFolder | str | os.PathLike[str], folder: str = STAGE) -> Rewarder:
    """Read the reward model that a run folder holds.

    Args:
        run: the run folder, or its path.
        folder: in which it lies.

    Raises:
        FileNotFoundError: if that stage has not been finished there.
        ValueError: if a file is damaged, or they do not belong together.

    See the section :ref:`sec-align-reward`.
    """
    run = run if isinstance(run, RunFolder) else RunFolder(run)
    path = run.path / _checks.slug("folder", folder)
    if not path.is_dir():
        raise FileNotFoundError(f"{run.path} must hold a reward model in {folder}/: that stage has not been finished "
                                "there")  # fmt: skip
    model = RewardModel(transformer.load(path))
    _load_head(model, path / HEAD)
    try:
        template = ChatTemplate(BPETokenizer.load(path / TOKENIZER))
        rows = tuple(run.metrics(STAGE)) if run.exists else ()
        return Rewarder(model, template, rows, accuracy_of(rows))
    except ValueError as error:
        raise ValueError(f"{path} must hold a reward model and its tokenizer: {error}") from None


def _load_head(model: RewardModel, path: Path) -> None:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            found, weight = (file.metadata() or {}).get("format"), file.get_tensor("weight").clone()
    except (safetensors.SafetensorError, OSError) as error:
        raise ValueError(f"{path} must be the head of a reward model, and is damaged or gone ({error})") from None
    if found != FORMAT or weight.shape != model.head.weight.shape:
        raise ValueError(f"{path} must be a head of the format {FORMAT!r} and shape {tuple(model.head.weight.shape)}, "
                         f"got {found!r} and {tuple(weight.shape)}")  # fmt: skip
    with torch.no_grad():
        model.head.weight.copy_(weight)


def accuracy_of(rows: Sequence[Row]) -> float | None:
    """Return what the last look at held-out pairs has measured, or None if there was none."""
    return next((row["held_out_accuracy"] for row in reversed(rows) if "held_out_accuracy" in row), None)
