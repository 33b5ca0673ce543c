"""How a language model is pre-trained: the settings, the processor it runs on, and the text it reads."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from book_lib import _checks
from book_lib.optimization import cosine
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPTConfig

FAULTS = ("targets", "learning_rate")
BETAS = (0.9, 0.95)  # AdamW's, as for GPT-3


@dataclass(frozen=True)
class PretrainConfig:
    """How large the model is, and how it learns.

    Args:
        steps: updates of the weights.
        batch: windows of text that a step reads.
        context: tokens in a window, and the most that the model sees at once.
        width: numbers that a token becomes, a multiple of the heads.
        layers: blocks of the transformer.
        heads: attention heads in a block.
        bias: whether linear maps and norms add one.
        learning_rate: of AdamW, at its highest.
        warmup: steps in which the learning rate climbs, fewer than all; unless given a tenth of them, 100 at most.
        min_learning_rate: where its cosine ends; unless given a tenth of the highest.
        weight_decay: by which matrices shrink in each step, in units of the learning rate.
        clip: the largest norm of the gradient; a longer one is shortened.
        seed: of the first weights and of the choice of windows.
        device: "auto" (CUDA where there is one), "cpu", "cuda", "cuda:1", "mps".
        threads: of the processor, 0 for as many as torch takes by itself.
        checkpoint_every: steps from one checkpoint to the next.
        evaluate_every: steps from one look at the held-out text to the next; 0 for one at the end only.
        evaluate_tokens: held-out tokens that such a look reads; the one at the end reads all.
        fault_at: the step, from 1, that is spoilt on purpose, to see what the monitors say.
        fault: how: "targets" shuffles what is to be predicted, "learning_rate" multiplies it by ``fault_factor``.
        fault_factor: by what the learning rate is multiplied then.

    Raises:
        TypeError, ValueError: if a setting is out of its range; it is named.

    See the section :ref:`sec-llm-pretraining`.

    >>> config = PretrainConfig(steps=1000, learning_rate=1e-3)
    >>> [round(1e3 * config.schedule(step), 2) for step in (0, 99, 550, 999)]
    [0.01, 1.0, 0.55, 0.1]
    """

    steps: int = 1000
    batch: int = 8
    context: int = 128
    width: int = 128
    layers: int = 4
    heads: int = 4
    bias: bool = True
    learning_rate: float = 2e-3
    warmup: int | None = None
    min_learning_rate: float | None = None
    weight_decay: float = 0.1
    clip: float = 1.0
    seed: int = 0
    device: str = "auto"
    threads: int = 0
    checkpoint_every: int = 100
    evaluate_every: int = 100
    evaluate_tokens: int = 10_000
    fault_at: int | None = None
    fault: str = "targets"
    fault_factor: float = 30.0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "width", "layers", "heads", "checkpoint_every"):
            _checks.integer(name, getattr(self, name), 1)
        _checks.integer("context", self.context, 2)
        for name in ("seed", "threads", "evaluate_every"):
            _checks.integer(name, getattr(self, name), 0)
        _checks.integer("evaluate_tokens", self.evaluate_tokens, 3)
        for name in ("learning_rate", "clip", "fault_factor"):
            _checks.positive(name, getattr(self, name))
        self.model(1)  # complains about heads that do not divide the width, and a bias that is neither true nor false
        if _checks.finite("weight_decay", self.weight_decay) < 0:
            raise ValueError(f"weight_decay must be at least 0, got {self.weight_decay}")
        self._check_schedule()
        _checks.one_of("fault", self.fault, FAULTS)
        if self.fault_at is not None:
            _checks.integer("fault_at", self.fault_at, 1, self.steps)
        if not isinstance(self.device, str):
            raise TypeError(f"device must be text such as 'cpu', got {self.device!r}")

    def _check_schedule(self) -> None:
        if self.warmup is not None and _checks.integer("warmup", self.warmup, 0) >= self.steps:
            raise ValueError(f"warmup must be less than steps, {self.steps}, got {self.warmup}")
        if self.min_learning_rate is None:
            return
        if not 0 <= _checks.finite("min_learning_rate", self.min_learning_rate) <= self.learning_rate:
            raise ValueError(f"min_learning_rate must lie between 0 and learning_rate, {self.learning_rate}, "
                             f"got {self.min_learning_rate}")  # fmt: skip

    @property
    def schedule(self) -> Callable[[int], float]:
        """The learning rate of step 0, 1, …: a climb, then half a cosine; see `book_lib.optimization.cosine`."""
        warmup = min(100, self.steps // 10) if self.warmup is None else self.warmup
        floor = self.learning_rate / 10 if self.min_learning_rate is None else self.min_learning_rate
        return cosine(self.learning_rate, self.steps, warmup, floor)

    @property
    def tokens(self) -> int:
        """The tokens that the training reads in all, D of :func:`training_flops`.

        >>> PretrainConfig(steps=10, batch=8, context=128).tokens
        10240
        """
        return self.steps * self.batch * self.context

    def model(self, vocab_size: int) -> GPTConfig:
        """The sizes of the model, for a vocabulary of so many tokens."""
        sizes = {name: getattr(self, name) for name in ("context", "width", "layers", "heads", "bias")}
        return GPTConfig(vocab_size, **sizes)


def pick_device(name: str = "auto") -> torch.device:
    """Return the processor of this name, or with "auto" CUDA where there is one.

    Raises:
        ValueError: if there is no such processor here.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).split("\n")[0]
        raise ValueError(f"device must be 'auto', 'cpu' or a processor that torch finds here, got {name!r} "
                         f"({reason})") from None  # fmt: skip
    return device


@contextmanager
def repeatable(device: torch.device, threads: int) -> Iterator[None]:
    """Let torch compute so that the same steps give the same bits, with so many threads; put it back afterwards.

    Sums are split among threads, and so their number decides about the last bit. On CUDA the ways of computing that
    add in a random order are shut, which leaves the environment variable ``CUBLAS_WORKSPACE_CONFIG`` behind.
    """
    before, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    try:
        torch.set_num_threads(threads or before)
        if device.type == "cuda":
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True)
        yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(strict, warn_only=warns)


class PreparedText(Protocol):
    """What pre-training asks of `book_lib.pipeline.data.Prepared`, and of what stands in for it."""

    train: NDArray[np.integer]
    held_out: NDArray[np.integer]
    tokenizer: BPETokenizer


@dataclass(frozen=True, eq=False)
class Text:
    """Checked ids: to learn from, shape (N,), and held out, shape (M,), both int32; and the tokenizer."""

    train: NDArray[np.int32]
    held_out: NDArray[np.int32]
    tokenizer: BPETokenizer

    @classmethod
    def of(cls, prepared: PreparedText, config: PretrainConfig) -> Text:
        """Check prepared text against the settings.

        Raises:
            TypeError: if it is no prepared text.
            ValueError: if there is too little of it, or ids lie outside the vocabulary.
        """
        tokenizer = getattr(prepared, "tokenizer", None)
        if not isinstance(tokenizer, BPETokenizer) or not all(hasattr(prepared, n) for n in ("train", "held_out")):
            raise TypeError(f"prepared must have train, held_out and a tokenizer, got {type(prepared).__name__}")
        size = tokenizer.vocab_size
        train = _ids("prepared.train", prepared.train, size)
        if len(train) <= config.context:
            raise ValueError(f"prepared.train must hold more than {config.context} tokens, the context; got "
                             f"{len(train)}: prepare more text, or choose a smaller context")  # fmt: skip
        return cls(train, _ids("prepared.held_out", prepared.held_out, size), tokenizer)

    @property
    def about(self) -> dict[str, Any]:
        """What tells this text from another: how many tokens, and their checksum."""
        return {"vocabulary": self.tokenizer.vocab_size, "tokens": len(self.train), "crc32": zlib.crc32(self.train)}


def _ids(name: str, ids: object, vocab_size: int) -> NDArray[np.int32]:
    array = _checks.regular(name, ids)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be token ids in a row, got {array.dtype.name} of shape {array.shape}")
    if array.size and not 0 <= array.min() <= array.max() < vocab_size:
        raise ValueError(f"{name} must lie in 0 ... {vocab_size - 1}, got {array.min()} ... {array.max()}")
    return np.ascontiguousarray(array, dtype=np.int32)
