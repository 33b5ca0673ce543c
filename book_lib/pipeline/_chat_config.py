"""How a model is fine-tuned: the settings, and the conversations and texts it reads, checked."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.optimization import cosine
from book_lib.pipeline._chat_messages import Message
from book_lib.pipeline._chat_template import ChatTemplate, Encoded
from book_lib.pipeline._pretrain_config import _ids
from book_lib.transformer import GPT

TOO_LONG = ("error", "skip")
REPLAY = 1 / 8


@dataclass(frozen=True)
class SFTConfig:
    """How a model is fine-tuned on conversations.

    Args:
        steps: updates of the weights.
        batch: rows that a step reads, conversations and windows of replayed text together.
        learning_rate: of AdamW, at its highest.
        warmup: steps in which the learning rate climbs, fewer than all; unless given a tenth of them, 100 at most.
        min_learning_rate: where its cosine ends.
        weight_decay: by which matrices shrink in each step, in units of the learning rate.
        clip: the largest norm of the gradient; a longer one is shortened.
        replay: share of the rows, and of the loss, that is text of the pre-training, at least 0 and less than 1;
            unless given an eighth if there is such text, one row at least.
        too_long: what becomes of a conversation that does not fit into the context: "error" or "skip".
        seed: of the new tokens' rows and of the choice of conversations.
        device: "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1", "mps".
        threads: of the processor, 0 for as many as torch takes by itself.
        checkpoint_every: steps from one checkpoint to the next.
        evaluate_every: steps from one look at what is held out to the next; 0 for none but the first and the last.
        evaluate_tokens: tokens of the old text that such a look reads.

    Raises:
        TypeError, ValueError: if a setting is out of its range; it is named.

    See the section :ref:`sec-align-sft`.

    >>> config = SFTConfig(batch=16, replay=0.25)
    >>> config.windows, config.batch - config.windows
    (4, 12)
    """

    steps: int = 700
    batch: int = 8
    learning_rate: float = 5e-3
    warmup: int | None = None
    min_learning_rate: float = 0.0
    weight_decay: float = 0.0
    clip: float = 1.0
    replay: float | None = None
    too_long: str = "error"
    seed: int = 0
    device: str = "auto"
    threads: int = 0
    checkpoint_every: int = 100
    evaluate_every: int = 100
    evaluate_tokens: int = 10_000

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "checkpoint_every"):
            _checks.integer(name, getattr(self, name), 1)
        for name in ("seed", "threads", "evaluate_every"):
            _checks.integer(name, getattr(self, name), 0)
        _checks.integer("evaluate_tokens", self.evaluate_tokens, 3)
        for name in ("learning_rate", "clip"):
            _checks.positive(name, getattr(self, name))
        if _checks.finite("weight_decay", self.weight_decay) < 0:
            raise ValueError(f"weight_decay must be at least 0, got {self.weight_decay}")
        _checks.one_of("too_long", self.too_long, TOO_LONG)
        self._check_schedule()
        self._check_replay()
        if not isinstance(self.device, str):
            raise TypeError(f"device must be text such as 'cpu', got {self.device!r}")

    def _check_schedule(self) -> None:
        if self.warmup is not None and _checks.integer("warmup", self.warmup, 0) >= self.steps:
            raise ValueError(f"warmup must be less than steps, {self.steps}, got {self.warmup}")
        if not 0 <= _checks.finite("min_learning_rate", self.min_learning_rate) <= self.learning_rate:
            raise ValueError(f"min_learning_rate must lie between 0 and learning_rate, {self.learning_rate:g}, "
                             f"got {self.min_learning_rate:g}")  # fmt: skip

    def _check_replay(self) -> None:
        if self.replay is None:
            return
        if not 0 <= _checks.finite("replay", self.replay) < 1:
            raise ValueError(f"replay must be at least 0 and less than 1, got {self.replay}")
        if self.replay and not 0 < self.windows < self.batch:
            raise ValueError(f"replay must leave one row at least to either kind in a batch of {self.batch}, "
                             f"got {self.replay}")  # fmt: skip

    @property
    def windows(self) -> int:
        """How many of a batch's rows are replayed text."""
        return round((self.replay or 0.0) * self.batch)

    def with_replay(self, there_is_text: bool) -> SFTConfig:
        """Return the settings with a share of replayed text that is a number."""
        if self.replay is not None:
            return self
        rows = max(1, round(REPLAY * self.batch)) if there_is_text and self.batch > 1 else 0
        return replace(self, replay=rows / self.batch)

    @property
    def schedule(self) -> Callable[[int], float]:
        """The learning rate of step 0, 1, …: a climb, then half a cosine; see `book_lib.optimization.cosine`."""
        warmup = min(100, self.steps // 10) if self.warmup is None else self.warmup
        return cosine(self.learning_rate, self.steps, warmup, self.min_learning_rate)


@dataclass(frozen=True, eq=False)
class Material:
    """What a fine-tuning reads, checked.

    Args:
        rows: conversations as tokens.
        held_out: others, to be judged by; there may be none.
        replay: ids of the pre-training text, to be read again, shape (N,); or none.
        text: ids of such text held out, shape (M,), by which forgetting is measured; or none.
        skipped: how many conversations were too long.
    """

    rows: tuple[Encoded, ...]
    held_out: tuple[Encoded, ...]
    replay: NDArray[np.int32]
    text: NDArray[np.int32]
    skipped: int

    @classmethod
    def of(
        cls,
        model: GPT,
        template: ChatTemplate,
        conversations: Sequence[Sequence[Message]],
        config: SFTConfig,
        replay_ids: ArrayLike | None,
        held_out: Sequence[Sequence[Message]],
        text_ids: ArrayLike | None,
    ) -> Material:
        """Check and encode.

        Raises:
            TypeError, ValueError: see :func:`book_lib.pipeline.chat.sft`.
        """
        rows, skipped = encoded("conversations", conversations, template, config, model.context)
        if not rows:
            raise ValueError(f"conversations must hold one at least that fits into the context of {model.context} "
                             f"tokens, got none ({skipped} too long)")  # fmt: skip
        apart, _ = encoded("held_out", held_out, template, config, model.context)
        replay = _text("replay_ids", replay_ids, model)
        if config.replay and len(replay) <= model.context:
            raise ValueError(f"replay_ids must hold more than {model.context} tokens, the context, for a replay of "
                             f"{config.replay:g}; got {len(replay)}")  # fmt: skip
        text = _text("text_ids", text_ids, model)
        if len(text) in (1, 2):
            raise ValueError(f"text_ids must hold at least 3 tokens, to be judged, got {len(text)}")
        return cls(tuple(rows), tuple(apart), replay, text, skipped)

    def about(self, model: GPT, config: SFTConfig) -> dict[str, Any]:
        """What tells this material, and the model that reads it, from others: checksums."""
        crc = 0
        for one in self.rows:
            crc = zlib.crc32(one.answer, zlib.crc32(one.ids, crc))
        start = 0
        for value in model.state_dict().values():
            start = zlib.crc32(np.ascontiguousarray(value.detach().float().cpu().numpy()), start)
        told = {"conversations": len(self.rows), "crc32": crc, "model": start}
        return told | ({"replay": zlib.crc32(self.replay)} if config.replay else {})


def encoded(
    name: str, conversations: Sequence[Sequence[Message]], template: ChatTemplate, config: SFTConfig, context: int
) -> tuple[list[Encoded], int]:
    """Return conversations as tokens, and how many have been left out because they are too long."""
    if isinstance(conversations, (str, bytes)) or not isinstance(conversations, Sequence):
        raise TypeError(f"{name} must be a sequence of conversations, got {type(conversations).__name__}")
    found, skipped = [], 0
    for index, messages in enumerate(conversations):
        try:
            one = template.encode(messages)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}[{index}]: {error}") from None
        if len(one) <= context:
            found.append(one)
        elif config.too_long == "skip":
            skipped += 1
        else:
            raise ValueError(f"{name}[{index}] must have at most {context} tokens, the context, got {len(one)}; "
                             "shorten it, or set too_long to 'skip'")  # fmt: skip
    return found, skipped


def _text(name: str, ids: ArrayLike | None, model: GPT) -> NDArray[np.int32]:
    return _ids(name, np.zeros(0, dtype=np.int32) if ids is None else ids, model.config.vocab_size)
