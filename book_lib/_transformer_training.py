"""Training of a `GPT`: batches of windows, Muon for matrices and AdamW for the rest, and a loss to compare.

Muon (Jordan, 2024) steps along the momentum of a matrix with all its singular values made equal, so that rare
directions learn as quickly as frequent ones. For small models and short trainings it needs about half of
AdamW's steps.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from tqdm import tqdm

from book_lib import _checks
from book_lib._transformer_model import GPT
from book_lib.runs import Checkpoint

OPTIMIZERS = ("muon", "adamw")
SCHEDULES = ("linear", "cosine", "constant")
# The polynomial whose powers push every singular value of a matrix towards 1 (Jordan, 2024).
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Args:
        steps: updates of the weights.
        batch_tokens: tokens a step predicts; a multiple of the model's context.
        doublings: the training begins with windows of context/2ᵈ tokens and doubles them d times, at equal
            distances; the number of tokens a step stays the same.
        learning_rate: at its height, for the matrices inside the blocks.
        optimizer: "muon", or "adamw" for all weights.
        rest_learning_rate: AdamW's, for embeddings, norms and biases beside Muon.
        weight_decay: of matrices, in units of 1/step times the learning rate.
        warmup: steps in which the rates rise from 0.
        schedule: how they fall afterwards: "linear" to 0, "cosine" to 0, or "constant".
        clip: the largest norm of the gradient.
        seed: of the choice of windows.

    Raises:
        TypeError: a value of the wrong kind, which is named.
        ValueError: a value outside its range, likewise.
    """

    steps: int
    batch_tokens: int = 1024
    doublings: int = 0
    learning_rate: float = 0.01
    optimizer: str = "muon"
    rest_learning_rate: float = 3e-3
    weight_decay: float = 0.0
    warmup: int = 20
    schedule: str = "linear"
    clip: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        # subtle: past `frozen`, so that NumPy's numbers become plain ones, which a checkpoint can hold.
        for name, least in (("steps", 1), ("batch_tokens", 1), ("doublings", 0), ("warmup", 0), ("seed", 0)):
            object.__setattr__(self, name, _checks.integer(name, getattr(self, name), least))
        for name in ("learning_rate", "rest_learning_rate", "clip"):
            object.__setattr__(self, name, _checks.positive(name, getattr(self, name)))
        object.__setattr__(self, "weight_decay", _checks.finite("weight_decay", self.weight_decay))
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay must be at least 0, got {self.weight_decay}")
        _checks.one_of("optimizer", self.optimizer, OPTIMIZERS)
        _checks.one_of("schedule", self.schedule, SCHEDULES)

    def height(self, step: int) -> float:
        """The share of the learning rates that step 0, 1, … uses.

        >>> [round(TrainConfig(steps=10, warmup=2).height(step), 2) for step in (0, 1, 2, 6, 9)]
        [0.5, 1.0, 1.0, 0.5, 0.12]
        """
        if step < self.warmup:
            return (step + 1) / self.warmup
        done = (step - self.warmup) / max(self.steps - self.warmup, 1)
        return {"linear": 1 - done, "cosine": (1 + math.cos(math.pi * done)) / 2, "constant": 1.0}[self.schedule]

    def window(self, step: int, context: int) -> int:
        """How many tokens a window of this step has.

        >>> [TrainConfig(steps=6, doublings=2).window(step, 128) for step in range(6)]
        [32, 32, 64, 64, 128, 128]
        """
        stage = step * (self.doublings + 1) // self.steps
        return context >> (self.doublings - stage)


@dataclass
class History:
    """What a training left behind.

    Args:
        steps: the steps at which a loss was measured.
        losses: the mean loss of a batch since the measurement before, nats a token.
        held_out: (step, loss) pairs on text that was kept apart, if there was any.
    """

    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)


class Muon(torch.optim.Optimizer):
    """Momentum whose singular values are made equal, for matrices (Jordan, 2024).

    With M ← βM + (1 − β)G, and the look ahead N = βM + (1 − β)G, a step is −η·√max(1, rows/columns)·UVᵀ,
    where N = UΣVᵀ; five steps of a polynomial bring every singular value near 1 without computing U and V.

    Args:
        params: matrices; one of three times as many rows as columns made of queries, keys and values may be
            named by `stacked`, and is stepped as three matrices.
        lr: η.
        momentum: β.
        weight_decay: each step also shrinks the matrix by the factor 1 − η·weight_decay.
        stacked: how many matrices stand one below the other in each of `params`.

    Raises:
        ValueError: a parameter that is no matrix, or rows that cannot be divided by `stacked`.

    >>> weight = nn.Parameter(torch.diag(torch.tensor([5.0, 0.1])))
    >>> weight.grad = torch.diag(torch.tensor([1.0, 0.01]))
    >>> Muon([weight], lr=0.1).step()
    >>> bool(torch.all((torch.diag(weight) - torch.tensor([4.9, 0.0])).abs() < 0.05))
    True
    """

    def __init__(self, params, lr=0.01, momentum=0.95, weight_decay=0.0, stacked=1) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "stacked": stacked})
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.ndim != 2 or len(parameter) % group["stacked"]:
                    raise ValueError(
                        f"params must be matrices with a multiple of {group['stacked']} rows, "
                        f"got shape {tuple(parameter.shape)}"
                    )

    @torch.no_grad()
    def step(self) -> None:
        """One step along the gradients that are there."""
        for group in self.param_groups:
            alike: dict[tuple[int, ...], list[nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault(tuple(parameter.shape), []).append(parameter)
            for parameters in alike.values():
                self._step_alike(group, parameters)

    def _step_alike(self, group: dict, parameters: list[nn.Parameter]) -> None:
        """Matrices of one shape are stepped together: one product of a batch is quicker than many."""
        beta, ahead = group["momentum"], []
        for parameter in parameters:
            state = self.state[parameter]
            momentum = state.setdefault("momentum", torch.zeros_like(parameter))
            momentum.lerp_(parameter.grad, 1 - beta)
            ahead.append(parameter.grad.lerp(momentum, beta))
        rows, columns = parameters[0].shape
        rows //= group["stacked"]
        step = orthogonalized(torch.stack(ahead).view(-1, rows, columns))
        step = step.mul_(-group["lr"] * math.sqrt(max(1, rows / columns))).view(len(parameters), -1, columns)
        for parameter, change in zip(parameters, step, strict=True):
            parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(change)


def orthogonalized(matrices: Tensor, steps: int = 5) -> Tensor:
    """UVᵀ for each UΣVᵀ, nearly: the singular values come to lie between about 0.7 and 1.2.

    Args:
        matrices: shape (batch, rows, columns).
        steps: how often the polynomial aX + bXXᵀX + cXXᵀXXᵀX is applied.

    >>> values = torch.linalg.svdvals(orthogonalized(torch.randn(1, 6, 4, generator=torch.manual_seed(1))))
    >>> bool((values > 0.6).all() and (values < 1.3).all())
    True
    """
    a, b, c = NEWTON_SCHULZ
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)  # the largest singular value is at most 1
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def train(
    model: GPT,
    ids: ArrayLike,
    config: TrainConfig,
    held_out: ArrayLike | None = None,
    checkpoint: Checkpoint | None = None,
    progress: bool = False,
    every: int = 100,
) -> History:
    """Teach a model to predict the next token of a text.

    Args:
        model: changed in place; left in evaluation mode.
        ids: the text, shape (N,), more tokens than the model's context.
        config: see `TrainConfig`.
        held_out: text kept apart; its loss is measured at the end.
        checkpoint: where the state is kept, so that a training that was cut short goes on.
        progress: show a bar.
        every: steps between two entries of the history.

    Returns:
        The losses on the way.

    Raises:
        TypeError: `model` or `config` of another kind.
        ValueError: a text that is too short or has ids beyond the vocabulary; windows that do not fill
            `batch_tokens`; a checkpoint of another training; a loss that is no finite number (the step is named).
    """
    if not isinstance(config, TrainConfig):
        raise TypeError(f"config must be a TrainConfig, got {config!r}")
    apart = None if held_out is None else _tokens("held_out", held_out, model)
    if apart is not None:
        _window("held_out", apart, model)  # before the work, not after it
    run = _Training(model, _tokens("ids", ids, model), config, checkpoint, _checks.integer("every", every, 1))
    model.train()
    try:
        run.go(progress)
    finally:
        model.eval()
    if apart is not None:
        run.history.held_out.append((config.steps, evaluate(model, apart)))
    return run.history


class _Training:
    """The state of one training between two steps."""

    def __init__(
        self, model: GPT, ids: Tensor, config: TrainConfig, checkpoint: Checkpoint | None, every: int
    ) -> None:
        context = model.config.context
        if config.batch_tokens % context or context % (1 << config.doublings):
            raise ValueError(
                f"batch_tokens={config.batch_tokens} must be a multiple of the context, {context}, "
                f"which must be a multiple of 2**doublings={1 << config.doublings}"
            )
        if len(ids) <= context:
            raise ValueError(f"ids must hold more than {context} tokens, the model's context, got {len(ids)}")
        self.model, self.ids, self.config, self.every = model, ids, config, every
        self.checkpoint, self.step, self.sum = checkpoint, 0, 0.0
        self.history = History()
        self.optimizers = optimizers(model, config)
        self.rng = np.random.default_rng(config.seed)
        self.heights = [[group["lr"] for group in o.param_groups] for o in self.optimizers]
        if checkpoint is not None:
            self.restore(checkpoint.load())

    def go(self, progress: bool) -> None:
        """Take the steps that are left."""
        bar = tqdm(total=self.config.steps, initial=self.step, desc="training", disable=not progress)
        with bar:
            while self.step < self.config.steps:
                self.sum += self.once()
                self.step += 1
                if self.step % self.every == 0 or self.step == self.config.steps:
                    since = self.step - (self.history.steps[-1] if self.history.steps else 0)
                    self.history.steps.append(self.step)
                    self.history.losses.append(self.sum / since)
                    self.sum = 0.0
                    bar.set_postfix(loss=f"{self.history.losses[-1]:.2f}")
                    if self.checkpoint is not None:
                        self.checkpoint.save(self.state)
                bar.update()

    def once(self) -> float:
        """One step; the loss before it."""
        window = self.config.window(self.step, self.model.config.context)
        count = self.config.batch_tokens // window
        starts = self.rng.integers(0, len(self.ids) - window, count)
        rows = self.ids[torch.from_numpy(starts)[:, None] + torch.arange(window + 1)]  # (count, window + 1)
        loss = self.model.loss(rows[:, :-1], rows[:, 1:])
        value = loss.item()
        if not math.isfinite(value):
            raise ValueError(f"the loss is {value} at step {self.step}: lower learning_rate")
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        height = self.config.height(self.step)
        for optimizer, rates in zip(self.optimizers, self.heights, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * height
            optimizer.step()
        return value

    def state(self) -> dict:
        """What `restore` needs to go on to the same weights, bit by bit."""
        arrays = {f"weight/{name}": value.numpy() for name, value in self.model.state_dict().items()}
        for number, optimizer in enumerate(self.optimizers):
            for index, slots in optimizer.state_dict()["state"].items():
                for slot, value in slots.items():
                    arrays[f"optimizer/{number}/{index}/{slot}"] = value.numpy()
        generator = json.dumps(self.rng.bit_generator.state)  # text: JSON files here hold no 128-bit numbers
        progress = {"step": self.step, "sum": self.sum, "history": asdict(self.history)}
        return {**arrays, **progress, **self.work(), "generator": generator}

    def work(self) -> dict:
        """What a checkpoint must agree in: settings, sizes of the model, and the text."""
        text = zlib.crc32(self.ids.numpy().tobytes())
        return {"config": asdict(self.config), "model": asdict(self.model.config), "text": text}

    def restore(self, state: dict | None) -> None:
        """Go on where a training with the same settings stopped."""
        if state is None:
            return
        ours = self.work()
        theirs = {name: state.get(name) for name in ours}
        if theirs != ours:
            raise ValueError(f"checkpoint belongs to a training with {theirs}, not {ours}")
        weights = {k.removeprefix("weight/"): torch.from_numpy(v) for k, v in state.items() if k.startswith("weight/")}
        self.model.load_state_dict(weights)
        for number, optimizer in enumerate(self.optimizers):
            slots: dict[int, dict[str, Tensor]] = {}
            for key, value in state.items():
                if key.startswith(f"optimizer/{number}/"):
                    _, _, index, slot = key.split("/")
                    slots.setdefault(int(index), {})[slot] = torch.from_numpy(value)
            optimizer.load_state_dict({**optimizer.state_dict(), "state": slots})
        self.step, self.sum = state["step"], state["sum"]
        history = state["history"]
        self.history = History(history["steps"], history["losses"], [tuple(pair) for pair in history["held_out"]])
        self.rng.bit_generator.state = json.loads(state["generator"])


def optimizers(model: GPT, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks and AdamW for the rest; or AdamW for all."""
    inside = {n: p for n, p in model.named_parameters() if n.startswith("blocks.") and p.ndim == 2}
    rest = [p for n, p in model.named_parameters() if n not in inside]
    settings = {"betas": (0.9, 0.95), "eps": 1e-10, "weight_decay": 0.0, "fused": True}
    if config.optimizer == "adamw":
        groups = [{"params": list(inside.values()), "weight_decay": config.weight_decay}, {"params": rest}]
        return [torch.optim.AdamW(groups, lr=config.learning_rate, **{**settings, "eps": 1e-8})]
    stacked = [p for n, p in inside.items() if ".qkv." in n]
    single = [p for n, p in inside.items() if ".qkv." not in n]
    groups = [{"params": single}, {"params": stacked, "stacked": 3}]
    muon = Muon(groups, lr=config.learning_rate, weight_decay=config.weight_decay)
    return [muon, torch.optim.AdamW(rest, lr=config.rest_learning_rate, **settings)]


@torch.no_grad()
def evaluate(model: GPT, ids: ArrayLike, window: int | None = None, batch: int = 16) -> float:
    """The mean loss on a text, nats a token: each token once, seen from at least half a window.

    Windows overlap by half and only their second half counts (in the first window, all of it), so that no token
    is judged with next to nothing before it. What is left at the end, less than half a window, is not judged.

    Args:
        model: a `GPT`.
        ids: shape (N,), at least three tokens.
        window: tokens a window shows, an even number; unless given, as many as the context and the text have.
        batch: windows at a time.

    Raises:
        TypeError: `model` is no GPT, or `window` or `batch` no integer.
        ValueError: a window that is odd, beyond the context or longer than the text; a text or a context too short
            for any.
    """
    tokens = _tokens("ids", ids, model)
    window, batch = _window("ids", tokens, model, window), _checks.integer("batch", batch, 1)
    half, was_training = window // 2, model.training
    model.eval()
    starts = torch.arange(0, len(tokens) - window, half)
    total, count = 0.0, 0
    for part in starts.split(batch):
        rows = tokens[part[:, None] + torch.arange(window + 1)]
        losses = nn.functional.cross_entropy(
            model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten(), reduction="none"
        ).view(len(part), window)
        first = losses[0, :half] if part[0] == 0 else losses[0, :0]
        total += losses[:, half:].sum().item() + first.sum().item()
        count += losses[:, half:].numel() + first.numel()
    model.train(was_training)
    return total / count


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use so many threads, at most as many as there are cores, and put it back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(count, os.cpu_count() or 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _window(name: str, tokens: Tensor, model: GPT, window: int | None = None) -> int:
    """The window that judges a text, the largest even one unless given, checked."""
    most = min(model.config.context, len(tokens) - 1)
    if most < 2:
        came = f"got {len(tokens)} and {model.config.context}"
        raise ValueError(f"{name} must hold at least 3 tokens, and the model see 2 at once, to be judged; {came}")
    window = most // 2 * 2 if window is None else _checks.integer("window", window, 2, most)
    if window % 2:
        raise ValueError(f"window must be even, got {window}")
    return window


def _tokens(name: str, ids: ArrayLike, model: GPT) -> Tensor:
    """The ids of a text as a tensor of int64, checked."""
    if not isinstance(model, GPT):
        raise TypeError(f"model must be a GPT, got {model!r}")
    array: NDArray = _checks.regular(name, ids)
    if array.ndim != 1 or len(array) < 2 or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be a sequence of at least 2 token ids, got shape {array.shape}, {array.dtype}")
    size = model.config.vocab_size
    if array.min() < 0 or array.max() >= size:
        raise ValueError(f"{name} must lie in [0, {size}), got {array.min()} … {array.max()}")
    return torch.from_numpy(array.astype(np.int64))


__all__ = ["History", "Muon", "TrainConfig", "evaluate", "threads", "train"]
