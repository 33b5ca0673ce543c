"""Where training stands, written down so that it goes on to the last bit as if nothing had happened.

What :func:`book_lib.neural.fit` keeps between two steps is a :class:`Progress`, beside the :class:`Curves`. Of both
:func:`pack` makes arrays and JSON, which :class:`book_lib.runs.Checkpoint` writes in one step and without pickle, and
:func:`unpack` reads them again.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from book_lib import runs
from book_lib._optimization_methods import rate_at
from book_lib.optimization import State
from book_lib.rng import CounterRNG, Generator


@dataclass(frozen=True, eq=False)
class Progress:
    """Where training stands between two steps; one assignment moves it on, so that no interrupt finds it halfway.

    Args:
        state: weights in one row and what the method remembers.
        dealt: where the generator was before the running epoch was dealt, as text.
        steps: made so far, in all epochs.
        epochs: whole ones so far.
        batch: how many batches of the running epoch are done.
        total: Σ loss × size over them.
        best: the lowest validation loss so far.
        best_epoch: the epoch that had it, −1 before the first.
        best_weights: the weights then.
        stopped: "patience" or "callback" if training ended for that, else "".
    """

    state: State
    dealt: str
    steps: int = 0
    epochs: int = 0
    batch: int = 0
    total: float = 0.0
    best: float = math.inf
    best_epoch: int = -1
    best_weights: NDArray[np.float64] | None = None
    stopped: str = ""


@dataclass
class Curves:
    """The losses so far, which only grow; entries past :class:`Progress`'s counts do not count.

    Args:
        steps: of each step, on its batch.
        epochs: the mean of each whole epoch.
        validation: after each epoch, or empty.
    """

    steps: list[float]
    epochs: list[float]
    validation: list[float]

    def cut(self, progress: Progress) -> None:
        """Forget what an interrupt left behind beyond the last whole step."""
        del self.steps[progress.steps :], self.epochs[progress.epochs :], self.validation[progress.epochs :]


_ARRAYS = ("weights", "velocity", "square")  # of State
_NUMBERS = ("dealt", "steps", "epochs", "batch", "total", "best", "best_epoch", "stopped")


def pack(progress: Progress, curves: Curves, recipe: dict[str, Any], method: Any) -> runs.Result:
    """Return arrays and JSON values for a checkpoint; ``recipe`` and rates say which training they belong to."""
    arrays = {name: getattr(progress.state, name) for name in _ARRAYS} | {"best_weights": progress.best_weights}
    arrays |= {f"curve_{name}": np.array(losses, dtype=np.float64) for name, losses in vars(curves).items()}
    numbers = {name: getattr(progress, name) for name in _NUMBERS}
    kept = {name: array for name, array in arrays.items() if array is not None}
    return numbers | kept | {"recipe": recipe, "rates": _rates(method, progress.steps)}


def unpack(result: runs.Result, recipe: dict[str, Any], method: Any, path: Path) -> tuple[Progress, Curves]:
    """Return where training stood, and its curves.

    Raises:
        ValueError: if the file is no checkpoint of this training, naming the first thing that differs.
    """
    curves = [f"curve_{field.name}" for field in fields(Curves)]
    if not {"recipe", "rates", "weights", *_NUMBERS, *curves} <= result.keys():
        raise ValueError(f"checkpoint must be one that neural.fit has written, got {path}, which is another's")
    theirs = result["recipe"]
    for key in [*recipe, *theirs]:
        _require_same(path, key, theirs.get(key), recipe.get(key))
    _require_same(path, "the schedule of learning rates", result["rates"], _rates(method, result["steps"]))
    state = State(*(result.get(name) for name in _ARRAYS))
    numbers = {name: result[name] for name in _NUMBERS}
    return (
        Progress(state, **numbers, best_weights=result.get("best_weights")),
        Curves(*(result[name].tolist() for name in curves)),
    )


def _require_same(path: Path, what: str, then: Any, now: Any) -> None:
    if then != now:
        raise ValueError(
            f"checkpoint {path} belongs to another training: {what} was {then!r}, now it is {now!r}; "
            "delete the file to begin anew"
        )


def _rates(method: Any, steps: int) -> list[float]:
    """Return the learning rates of some of the steps made, which tell one schedule from another of its kind."""
    if not hasattr(method, "learning_rate"):
        return []
    return [float(rate_at(method, k)) for k in sorted({0, steps // 4, steps // 2, steps - 1}) if 0 <= k < steps]


def describe(
    model: Any,
    loss: Callable,
    method: Any,
    shapes: dict[str, tuple],
    data: dict[str, NDArray],
    size: int,
    rng: Generator,
) -> dict[str, Any]:
    """Return what must be the same for a training to go on: JSON values, the data by a checksum."""
    known = {field.name: getattr(method, field.name) for field in fields(method)} if is_dataclass(method) else {}
    return {
        "method": type(method).__name__,
        **{key: _named(value) if callable(value) else value for key, value in known.items()},
        "parameters": {name: list(shape) for name, shape in shapes.items()},
        "model": repr(model),
        "loss": _named(loss),
        "batch_size": size,
        "generator": _seeded(rng),
        **{name: [*array.shape, zlib.crc32(np.ascontiguousarray(array))] for name, array in data.items()},
    }


def _named(function: Callable) -> str:
    """Return what a function is called; its repr would differ from process to process."""
    return getattr(function, "__qualname__", type(function).__qualname__)


def _seeded(rng: Generator) -> str:
    """Return the kind of a generator and its seed, which stay the same while it moves on."""
    if isinstance(rng, CounterRNG):
        return f"CounterRNG, seed {rng.seed}, stream {rng.stream}"
    seed = getattr(rng.bit_generator, "seed_seq", None)
    known = f", seed {seed.entropy}, stream {seed.spawn_key}" if isinstance(seed, np.random.SeedSequence) else ""
    return type(rng.bit_generator).__name__ + known


def generator_state(rng: Generator) -> str:
    """Return where a generator is, as text."""
    if isinstance(rng, CounterRNG):
        return json.dumps({"seed": rng.seed, "stream": rng.stream, "counter": rng.counter})
    return json.dumps(rng.bit_generator.state, default=_listed)


def restore_generator(rng: Generator, text: str) -> None:
    """Put a generator where :func:`generator_state` found it, or one of its kind."""
    state = json.loads(text)
    if isinstance(rng, CounterRNG):
        rng.counter = state["counter"]
    else:
        rng.bit_generator.state = _unlisted(state)


def _listed(value: Any) -> dict:
    return {"array": np.asarray(value).tolist(), "dtype": np.asarray(value).dtype.name}


def _unlisted(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"array", "dtype"}:
        return np.array(value["array"], dtype=value["dtype"])
    return {key: _unlisted(item) for key, item in value.items()} if isinstance(value, dict) else value
