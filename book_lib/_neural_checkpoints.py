"""Where training stands, written down so that it goes on to the last bit as if nothing had happened.

What :func:`book_lib.neural.fit` keeps between two steps is a :class:`Progress`, beside the :class:`Curves`. Of both
:func:`pack` makes arrays and JSON, which :class:`book_lib.runs.Checkpoint` writes in one step and without pickle, and
:func:`unpack` reads them again.
"""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from book_lib import runs
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


def pack(progress: Progress, curves: Curves, recipe: dict[str, Any]) -> runs.Result:
    """Return arrays and JSON values for a checkpoint; ``recipe`` says which training they belong to."""
    arrays = {name: getattr(progress.state, name) for name in _ARRAYS} | {"best_weights": progress.best_weights}
    arrays |= {f"curve_{name}": np.array(losses, dtype=np.float64) for name, losses in vars(curves).items()}
    numbers = {name: getattr(progress, name) for name in _NUMBERS}
    return numbers | {name: array for name, array in arrays.items() if array is not None} | {"recipe": recipe}


def unpack(result: runs.Result, recipe: dict[str, Any], path: Path) -> tuple[Progress, Curves]:
    """Return where training stood, and its curves.

    Raises:
        ValueError: if the file is no checkpoint of this training, naming the first thing that differs.
    """
    theirs = result.get("recipe")
    if not isinstance(theirs, dict) or "weights" not in result:
        raise ValueError(f"checkpoint must be one that neural.fit has written, got {path}, which is another's")
    for key in [*recipe, *theirs]:
        if theirs.get(key) != recipe.get(key):
            raise ValueError(
                f"checkpoint {path} belongs to another training: {key} was {theirs.get(key)!r}, "
                f"now it is {recipe.get(key)!r}; delete the file to begin anew"
            )
    state = State(*(result.get(name) for name in _ARRAYS))
    numbers = {name: result[name] for name in _NUMBERS}
    curves = Curves(*(result[f"curve_{field.name}"].tolist() for field in fields(Curves)))
    return Progress(state, **numbers, best_weights=result.get("best_weights")), curves


def describe(method: Any, shapes: dict[str, tuple], data: dict[str, NDArray], size: int, rng: Generator) -> dict:
    """Return what must be the same for a training to go on: JSON values, the data by a checksum."""
    known = {field.name: getattr(method, field.name) for field in fields(method)} if is_dataclass(method) else {}
    # subtle: a schedule is a function, whose repr differs from process to process; its name must do.
    settings = {key: getattr(v, "__qualname__", "function") if callable(v) else v for key, v in known.items()}
    return {
        "method": type(method).__name__,
        **settings,
        "parameters": {name: list(shape) for name, shape in shapes.items()},
        "batch_size": size,
        "generator": f"{rng.seed}, {rng.stream}" if isinstance(rng, CounterRNG) else type(rng.bit_generator).__name__,
        **{name: [*array.shape, zlib.crc32(np.ascontiguousarray(array))] for name, array in data.items()},
    }


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
