"""The loop around a network: batches, steps, validation, early stop, interrupts; see :mod:`book_lib.neural`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _neural_checkpoints as checkpoints
from book_lib._neural_modules import Module, as_array, boolean
from book_lib._optimization_descent import BLOW_UP
from book_lib._optimization_methods import rate_at
from book_lib.optimization import Adam, Diverged, Method, Newton, batches
from book_lib.rng import Generator, RandomLike, as_generator
from book_lib.runs import Checkpoint
from book_lib.tensor import Tensor, no_grad

Loss = Callable[[Tensor, NDArray], Tensor]
AT_ONCE = 256  # examples that are evaluated together: convolutions of more would fill the memory


class NotFinite(Diverged):
    """Raised by :func:`fit` when a loss, a gradient or the step it leads to is no finite number any more.

    Args:
        step: after how many steps.
        loss: the value there.
        learning_rate: η of the last step, or of the one that leads nowhere; None before the first.
        what: "loss", "gradient", "step" or "validation loss".

    Attributes:
        history: the :class:`History` so far.
    """

    def __init__(self, step: int, loss: float, learning_rate: float | None, what: str = "loss") -> None:
        super().__init__(step, loss, learning_rate)
        advice = "no step was made yet, so look at the inputs, the targets and the loss"
        if learning_rate is not None:
            advice = f"try a learning rate below {learning_rate:g}, or look at what the loss does with large outputs"
        value = f"{loss:g}" if "loss" in what else "not finite"
        self.args = (f"training stopped at step {step}: the {what} is {value}; {advice}",)


@dataclass(frozen=True, eq=False)
class History:
    """How a training went.

    Args:
        losses: the mean loss of each epoch, over its batches as they came, shape (epochs,).
        validation_losses: after each epoch, shape (epochs,); None without validation data.
        step_losses: the loss of each step on its batch, before the step, shape (steps,).
        best_epoch: the index of the lowest validation loss; None without.
        stopped: "epochs" (all were made), "patience", "callback", "interrupted", or "diverged" in an error's history.
    """

    losses: NDArray[np.float64] = field(repr=False)
    validation_losses: NDArray[np.float64] | None = field(repr=False)
    step_losses: NDArray[np.float64] = field(repr=False)
    best_epoch: int | None
    stopped: str

    @property
    def epochs(self) -> int:
        """How many whole epochs were made."""
        return len(self.losses)

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.step_losses)


@dataclass(frozen=True, eq=False)
class Epoch:
    """What a callback is told after each epoch.

    Args:
        epoch: how many are done, 1 after the first.
        steps: how many steps in all.
        loss: the mean over the epoch's batches.
        validation_loss: None without validation data.
        model: the model being trained, with its weights of now.
    """

    epoch: int
    steps: int
    loss: float
    validation_loss: float | None
    model: Module = field(repr=False)


def fit(
    model: Module,
    inputs: ArrayLike,
    targets: ArrayLike,
    loss: Loss,
    *,
    method: Method | None = None,
    epochs: int = 10,
    batch_size: int | None = 32,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    patience: int | None = None,
    callbacks: Callable[[Epoch], Any] | Sequence[Callable[[Epoch], Any]] = (),
    progress: bool = False,
    rng: RandomLike = 0,
    checkpoint: str | PathLike | Checkpoint | None = None,
) -> History:
    """Train a model: deal mini-batches, go a step downhill on each, epoch after epoch. The model is changed.

    An interrupt (Ctrl-C, the notebook's stop button) ends it after the last whole step and returns what there is. With
    a checkpoint the same call goes on where it stopped, to the last bit as if nothing had happened. See the section
    :ref:`sec-net-training`.

    Args:
        model: a module; it is called with a tensor of inputs.
        inputs: X, shape (N, …).
        targets: t, N of them: numbers or class labels, as the loss wants them.
        loss: takes outputs (a tensor) and targets (an array), gives the mean over the batch, a tensor that is a number.
        method: one of :mod:`book_lib.optimization`'s, but for Newton's; Adam(0.001) if None. It sees all weights in
            one row.
        epochs: how often to go through the data, ≥ 0.
        batch_size: examples to a step, ≥ 1; all of them if None, or if there are fewer.
        validation: (X, t), on which the loss is measured after each epoch.
        patience: stop when the validation loss has found no new minimum for so many epochs, ≥ 1. The model then ends
            with the weights of the best epoch, whatever it was that ended the training, an error too.
        callbacks: called with an :class:`Epoch` after each; one that returns True ends the training.
        progress: show a bar.
        rng: a seed or a generator for the batches.
        checkpoint: a file, or a :class:`book_lib.runs.Checkpoint`; written in one step, every ten seconds and at the
            end. Where it is there already, training goes on from it; one that was complete returns at once, and so
            does one that a callback ended. Model, loss (by its name), data, method, batch size and seed must be the
            same; epochs, patience and callbacks may differ.

    Raises:
        NotFinite: if a loss, a gradient or a step is NaN or infinite; it says at which step. Without patience the
            model is left with the weights at the end of the last whole epoch, or where a checkpoint has brought it if
            that is later; ``error.history`` holds the way there.
        Diverged: if the loss has grown by a factor of 1e10 (from 1 at least); likewise.
        ValueError: if an argument is out of range, shapes do not match, or the checkpoint is of another training.
        TypeError: if an argument is of the wrong kind.

    >>> from book_lib.neural import MLP
    >>> from book_lib.tensor import mse
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> history = fit(MLP([1, 16, 1], "tanh", rng=1), X, X**2, mse, method=Adam(0.02), epochs=60, rng=1)
    >>> history.stopped, bool(history.losses[-1] < 0.01 * history.losses[0])
    ('epochs', True)
    """
    if not isinstance(model, Module):
        raise TypeError(f"model must be a Module, such as MLP([2, 8, 1]), got {model!r}")
    X, t = _examples(("inputs", "targets"), (inputs, targets))
    held_out = None if validation is None else _examples(("validation[0]", "validation[1]"), validation)
    if patience is not None:
        patience = _checks.integer("patience", patience, 1)
        if held_out is None:
            raise ValueError("patience needs validation data to be patient about, got validation=None")
    size = len(X) if batch_size is None else min(len(X), _checks.integer("batch_size", batch_size, 1))
    epochs, loss, method = _checks.integer("epochs", epochs, 0), _callable("loss", loss), _method(method)
    callbacks, rng, checkpoint = _callbacks(callbacks), as_generator(rng), _checkpoint(checkpoint)
    training = _Training(model, X, t, loss, method, size, held_out, patience, callbacks, rng, checkpoint)
    return training.run(epochs, boolean("progress", progress))


@dataclass
class _Training:
    """A training between its first and its last step; the arguments are those of :func:`fit`, checked."""

    model: Module
    inputs: NDArray
    targets: NDArray
    loss: Loss
    method: Method
    size: int
    held_out: tuple[NDArray, NDArray] | None
    patience: int | None
    callbacks: list[Callable[[Epoch], Any]]
    rng: Generator
    checkpoint: Checkpoint | None

    def __post_init__(self) -> None:
        named = dict(self.model.named_parameters())
        if not named:
            raise ValueError(f"model must have a parameter to learn, got {self.model!r}, which has none")
        self.parameters = list(named.values())
        data = {"inputs": self.inputs, "targets": self.targets}
        data |= dict(zip(("validation inputs", "validation targets"), self.held_out or (), strict=False))
        shapes = {name: parameter.data.shape for name, parameter in named.items()}
        self.recipe = checkpoints.describe(
            self.model, self.loss, self.method, shapes, data, self.size, self.rng
        )
        state = self.method.begin(np.concatenate([p.data.ravel() for p in self.parameters]))
        self.now = checkpoints.Progress(state, checkpoints.generator_state(self.rng))
        self.curves = checkpoints.Curves([], [], [])
        stored = self.checkpoint.load() if self.checkpoint else None
        if stored is not None:
            self.now, self.curves = checkpoints.unpack(stored, self.recipe, self.method, self.checkpoint.path)
            checkpoints.restore_generator(self.rng, self.now.dealt)
            if self.now.stopped == "patience" and not self._tired(self.now):
                self.now = replace(self.now, stopped="")  # this call has more patience
        self.anchor = self.now.state.weights  # where to return to if the running epoch diverges

    def run(self, epochs: int, progress: bool) -> History:
        """Train until there are so many epochs in all, or a reason to stop before."""
        try:
            self._go(epochs, progress)
            self._leave()
        except KeyboardInterrupt:
            self._leave()  # once more, if it was this that was interrupted
        except Diverged as error:
            self._settle(self.anchor)
            error.history = self._history("diverged")
            raise
        except BaseException:
            if self.now.steps:  # a fault in the first step leaves nothing to go on from
                self._leave()
            raise
        return self._history(self.now.stopped or ("epochs" if self.now.epochs >= epochs else "interrupted"))

    def _go(self, epochs: int, progress: bool) -> None:
        self._write(self.now.state.weights)
        with np.errstate(all="ignore"), _bar(progress, epochs, self.now.epochs) as bar:
            while self.now.epochs < epochs and not self.now.stopped:
                self._epoch()
                bar.set_postfix(loss=f"{self.curves.epochs[-1]:.4g}", refresh=False)
                bar.update()

    def _leave(self) -> None:
        """Leave the model and the checkpoint as they should be found."""
        self.curves.cut(self.now)
        self._settle(self.now.state.weights)  # before the disk, which may be full
        if self.checkpoint:
            self.checkpoint.save(self._packed, force=True)

    def _settle(self, weights: NDArray) -> None:
        """Give the model these weights for good, or those of the best epoch if there was patience."""
        best = self.now.best_weights
        self._write(weights if self.patience is None or best is None else best)

    def _tired(self, now: checkpoints.Progress) -> bool:
        """Tell whether the validation loss has found no new minimum for too long."""
        return bool(self.patience) and now.epochs - 1 - now.best_epoch >= self.patience

    def _epoch(self) -> None:
        for number, batch in enumerate(self._dealt()):
            if number >= self.now.batch:  # those before it were done before an interruption
                self._step(batch)
                if self.checkpoint:
                    self.checkpoint.save(self._packed)
        self._close_epoch()

    def _dealt(self) -> Iterator[NDArray | slice]:
        """Return the batches of an epoch; one of everything stays in order, so that no digit depends on chance."""
        return iter([slice(None)]) if self.size == len(self.inputs) else batches(len(self.inputs), self.size, self.rng)

    def _step(self, batch: NDArray | slice) -> None:
        now, inputs = self.now, self.inputs[batch]
        for parameter in self.parameters:
            parameter.grad = None
        loss = self._loss_of(inputs, self.targets[batch])
        value = loss.item()
        self._require_finite(value, "loss")
        if value > BLOW_UP * max(1.0, abs(self.curves.steps[0] if self.curves.steps else value)):
            raise Diverged(now.steps, value, self._rate(now.steps - 1))
        loss.backward()
        gradient = self._gradient()
        if not np.isfinite(gradient).all():
            raise NotFinite(now.steps, value, self._rate(now.steps - 1), "gradient")
        state = self.method.step(now.state, gradient, now.steps)
        if not np.isfinite(state.weights).all():
            raise NotFinite(now.steps, value, self._rate(now.steps), "step")
        self.curves.steps.append(value)
        total = now.total + value * len(inputs)
        # subtle: one assignment, so that an interrupt finds the state before the step or after it, never between.
        self.now = replace(now, state=state, steps=now.steps + 1, batch=now.batch + 1, total=total)
        self._write(state.weights)

    def _close_epoch(self) -> None:
        """Measure, compare with the best, tell the callbacks."""
        now = self.now
        number, loss = now.epochs + 1, now.total / len(self.inputs)
        seen = None if self.held_out is None else self._validate()
        if seen is not None and seen < now.best:
            now = replace(now, best=seen, best_epoch=now.epochs, best_weights=now.state.weights)
        self.curves.epochs.append(loss)
        self.curves.validation.extend([] if seen is None else [seen])
        told = Epoch(number, now.steps, loss, seen, self.model)
        verdicts = [callback(told) for callback in self.callbacks]
        now = replace(now, dealt=checkpoints.generator_state(self.rng), epochs=number, batch=0, total=0.0)
        stopped = "patience" if self._tired(now) else "callback" if any(map(_is_true, verdicts)) else ""
        self.now = replace(now, stopped=stopped)
        self.anchor = now.state.weights

    def _validate(self) -> float:
        """Return the mean loss on the validation data."""
        (inputs, targets), total = self.held_out, 0.0
        with no_grad():
            for first in range(0, len(inputs), AT_ONCE):
                part = slice(first, first + AT_ONCE)
                total += self._loss_of(inputs[part], targets[part]).item() * len(inputs[part])
        self._require_finite(total / len(inputs), "validation loss")
        return total / len(inputs)

    def _loss_of(self, inputs: NDArray, targets: NDArray) -> Tensor:
        loss = self.loss(self.model(Tensor(inputs)), targets)
        if not isinstance(loss, Tensor) or loss.data.size != 1:
            came = f"one of shape {loss.shape}" if isinstance(loss, Tensor) else repr(loss)
            raise TypeError(f"loss must return a tensor that is one number, the mean over the batch, got {came}")
        return loss

    def _require_finite(self, value: float, what: str) -> None:
        if not math.isfinite(value):
            raise NotFinite(self.now.steps, value, self._rate(self.now.steps - 1), what)

    def _rate(self, step: int) -> float | None:
        """Return the learning rate of a step; None before the first, or if the method has none."""
        return rate_at(self.method, step) if step >= 0 and hasattr(self.method, "learning_rate") else None

    def _gradient(self) -> NDArray[np.float64]:
        """Return all gradients in one row; zeros for a parameter that the loss does not depend on."""
        slopes = [np.zeros(p.data.size) if p.grad is None else p.grad.ravel() for p in self.parameters]
        return np.concatenate(slopes).astype(np.float64, copy=False)

    def _write(self, weights: NDArray) -> None:
        """Put all weights from one row into the parameters."""
        first = 0
        for parameter in self.parameters:
            last = first + parameter.data.size
            parameter.data[...] = weights[first:last].reshape(parameter.data.shape)
            first = last

    def _packed(self) -> dict:
        return checkpoints.pack(self.now, self.curves, self.recipe, self.method)

    def _history(self, stopped: str) -> History:
        measured = self.held_out is not None
        return History(
            np.array(self.curves.epochs),
            np.array(self.curves.validation) if measured else None,
            np.array(self.curves.steps),
            self.now.best_epoch if measured and self.now.best_epoch >= 0 else None,
            stopped,
        )


def _examples(names: tuple[str, str], pair: Any) -> tuple[NDArray, NDArray]:
    """Return inputs and their targets."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        came = f"{len(pair)} of them" if isinstance(pair, (tuple, list)) else type(pair).__name__
        raise TypeError(f"validation must be a pair (inputs, targets), got {came}")
    inputs, targets = (_rows(name, values) for name, values in zip(names, pair, strict=True))
    if len(inputs) != len(targets):
        raise ValueError(f"{names[1]} must hold one entry for each of {len(inputs)} {names[0]}, got {len(targets)}")
    return inputs, targets


def _rows(name: str, values: ArrayLike) -> NDArray:
    """Return examples as an array of our own; floats of 32 bits stay so, and integers may be labels."""
    array = _checks.regular(name, as_array(values))
    checked = _checks.finite_array(name, array)
    if array.ndim == 0 or not len(array):
        raise ValueError(f"{name} must hold at least one example, shape (N, …), got shape {array.shape}")
    return np.array(array if array.dtype.kind in "iu" or array.dtype == np.float32 else checked)


def _method(method: Any) -> Method:
    method = Adam() if method is None else method
    if isinstance(method, type) or not all(hasattr(method, name) for name in ("begin", "step")):
        raise TypeError(f"method must be one such as Adam(0.001), got {method!r}")
    if isinstance(method, Newton):
        raise TypeError("method must go by gradients alone, got Newton, whose Hessian a network does not give")
    return method


def _callable(name: str, value: Any) -> Callable:
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {value!r}")
    return value


def _is_true(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_)) and bool(value)  # NumPy's comparisons give its own True


def _callbacks(callbacks: Any) -> list[Callable]:
    listed = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
    return [_callable("callbacks", callback) for callback in listed]


def _checkpoint(checkpoint: Any) -> Checkpoint | None:
    if checkpoint is None or isinstance(checkpoint, Checkpoint):
        return checkpoint
    if not isinstance(checkpoint, (str, PathLike)):
        raise TypeError(f"checkpoint must be a path or a runs.Checkpoint, got {checkpoint!r}")
    if Path(checkpoint).is_dir():
        raise ValueError(f"checkpoint must be a file, got the folder {checkpoint}")
    return Checkpoint(Path(checkpoint))


def _bar(progress: bool, epochs: int, done: int) -> Any:
    """Return a bar of tqdm's, one that does nothing if none is wanted."""
    from tqdm import tqdm

    return tqdm(total=epochs, initial=min(done, epochs), unit="epoch", disable=not progress)
