"""Where a training stands, as one safetensors file: weights, the optimizer's moments, the generator, the step.

Safetensors is a header that says where which numbers lie, and the numbers: nothing runs when it is read, and a file
that is cut off is known by its length.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor, nn, optim

from book_lib.pipeline.run import RunFolder, first_difference

FORMAT = "book_lib.pipeline.checkpoint.1"
KEPT = 2  # the newest, and one more in case a disk loses it
NOTES = ("settings", "text", "progress")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What is written down between two steps.

    Args:
        tensors: of the model, "model.…", and of the optimizer, "optimizer.…", by name.
        settings: what the training must have in common with the one that goes on from here.
        text: which text it reads.
        progress: "step", the state of the "generator", and what else changes on the way.
    """

    tensors: Mapping[str, Tensor]
    settings: Mapping[str, Any]
    text: Mapping[str, Any]
    progress: Mapping[str, Any]


def save(run: RunFolder, stage: str, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint in one step, and remove all but the newest two."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in checkpoint.tensors.items()}
    notes = {name: json.dumps(dict(getattr(checkpoint, name))) for name in NOTES}
    content = safetensors.torch.save(tensors, {"format": FORMAT, **notes})
    run.flush()
    path = run.write(f"checkpoints/{stage}-{checkpoint.progress['step']:08d}.safetensors", content)
    for old in run.checkpoints(stage)[:-KEPT]:
        old.unlink()
    return path


def load(run: RunFolder, stage: str) -> tuple[Checkpoint, Path] | None:
    """Read the newest checkpoint of a stage, or None if there is none.

    Raises:
        ValueError: if it is truncated or something else; what to do is told.
    """
    paths = run.checkpoints(stage)
    if not paths:
        return None
    path = paths[-1]
    instead = f"from {paths[-2].name}" if len(paths) > 1 else "from the beginning"
    advice = f"; if you delete it, the training goes on {instead}"
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            # subtle: a copy, because what safetensors returns may be the file itself, which could then not be removed.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            notes = file.metadata() or {}
    except safetensors.SafetensorError as error:
        raise ValueError(f"{path} must be a whole checkpoint, and is damaged or cut off ({error}){advice}") from None
    if notes.get("format") != FORMAT:
        raise ValueError(f"{path} must be a checkpoint of the format {FORMAT!r}, got {notes.get('format')!r}{advice}")
    try:
        told = [dict(json.loads(notes[name])) for name in NOTES]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} must tell {', '.join(NOTES)}: {type(error).__name__}: {error}{advice}") from None
    return Checkpoint(tensors, *told), path


def require_same(path: Path, what: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """See to it that a checkpoint belongs to this training.

    Raises:
        ValueError: if it does not; the first difference is told.
    """
    told = first_difference(then, now)
    if told is not None:
        raise ValueError(f"{path} belongs to another training, with another {what}: {told}; "
                         "take another folder, or begin anew")  # fmt: skip


def tensors_of(model: nn.Module, optimizer: optim.Optimizer) -> dict[str, Tensor]:
    """Return the weights and what the optimizer remembers of each, by name."""
    found = {f"model.{name}": value for name, value in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        for slot, value in optimizer.state.get(parameter, {}).items():
            found[f"optimizer.{slot}.{name}"] = value
    return found


def restore(path: Path, tensors: Mapping[str, Tensor], model: nn.Module, optimizer: optim.Optimizer) -> None:
    """Put weights and moments back where they were, on the model's device.

    Raises:
        ValueError: if names or shapes do not fit the model.
    """
    weights = {name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")}
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    if {name: value.shape for name, value in weights.items()} != shapes:
        raise ValueError(f"{path} must hold the weights of this model, and holds others")
    slots: dict[str, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, slot, parameter = name.split(".", 2)
            slots.setdefault(parameter, {})[slot] = value
    parameters = dict(model.named_parameters())
    if slots and slots.keys() != parameters.keys():
        raise ValueError(f"{path} must hold the optimizer's memory of each weight, and lacks some")
    model.load_state_dict(weights)
    order = {id(parameter): name for name, parameter in parameters.items()}
    listed = [order[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]]
    state = {number: slots[name] for number, name in enumerate(listed) if name in slots}
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
