"""Curves that a front-end draws: measured points with error bars, theory, mean field."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from book_lib import _checks
from book_lib.explorables.base import ArgumentError, arguments

KINDS = ("simulation", "theory", "mean_field")


@dataclass(frozen=True)
class Series:
    """One revealed curve.

    Args:
        name: written beside it.
        x, y: numbers of equal count, shape (n,), x ascending.
        kind: "simulation" (points that arrive one by one), "theory" or "mean_field" (lines).
        error: standard errors of y, ≥ 0, shape (n,), drawn as bars; simulation only.

    Raises:
        ValueError: for an unknown kind, unequal counts, x that does not ascend, a negative error, or what is no
            finite real number.

    >>> Series("exact", [0, 1], [1, 0], kind="theory").state()["y"]
    [1.0, 0.0]
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    kind: str = "simulation"
    error: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ArgumentError(f"name of a series must be a text, not {self.name!r}")
        if self.kind not in KINDS:
            raise ArgumentError(f"kind of series {self.name!r} must be one of {', '.join(KINDS)}, not {self.kind!r}")
        with arguments():
            columns = {label: _checks.finite_array(f"{label} of series {self.name!r}", values)
                       for label, values in self._columns().items()}  # fmt: skip
        count = max(2, columns["x"].size)
        for label, column in columns.items():
            if column.shape != (count,):
                raise ArgumentError(f"{label} of series {self.name!r} must have shape ({count},), not {column.shape}")
        if (np.diff(columns["x"]) <= 0).any():
            raise ArgumentError(f"x of series {self.name!r} must ascend")
        if self.error is not None and columns["error"].min() < 0:
            raise ArgumentError(f"error of series {self.name!r} must not be negative, got {columns['error'].min()}")

    def _columns(self) -> dict[str, Sequence[float]]:
        return {"x": self.x, "y": self.y} | ({} if self.error is None else {"error": self.error})

    def state(self) -> dict[str, Any]:
        """As the front-end reads it; six digits are more than a screen shows."""
        numbers = {label: [float(f"{float(v):.6g}") for v in values] for label, values in self._columns().items()}
        return {"name": self.name, "kind": self.kind, **numbers}


def draw(axes: Any, curves: Sequence[Series]) -> None:
    """Draw curves on matplotlib axes as kit/plot.js does: simulation as points, theory full, mean field dashed."""
    from book_lib.plotting import COLORS

    for one in curves:
        if one.kind == "simulation":
            axes.errorbar(one.x, one.y, one.error, fmt="o", color=COLORS.simulation, label=one.name)
        elif one.kind == "theory":
            axes.plot(one.x, one.y, color=COLORS.theory, label=one.name)
        else:
            axes.plot(one.x, one.y, color=COLORS.mean_field, linestyle="--", label=one.name)
