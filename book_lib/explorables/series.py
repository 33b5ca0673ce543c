"""Curves that a front-end draws: measured points with error bars, theory, mean field."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from book_lib.explorables.base import ArgumentError

KINDS = ("simulation", "theory", "mean_field")


@dataclass(frozen=True)
class Series:
    """One revealed curve.

    Args:
        name: written beside it.
        x, y: numbers of equal count, shape (n,), x ascending.
        kind: "simulation" (points that arrive one by one), "theory" or "mean_field" (lines).
        error: standard errors of y, shape (n,), drawn as bars; simulation only.

    Raises:
        ValueError: for an unknown kind, unequal counts, x that does not ascend or numbers that are not finite.

    >>> Series("exact", [0, 1], [1, 0], kind="theory").state()["y"]
    [1.0, 0.0]
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    kind: str = "simulation"
    error: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ArgumentError(f"kind of series {self.name!r} must be one of {', '.join(KINDS)}, not {self.kind!r}")
        columns = {"x": self.x, "y": self.y} | ({} if self.error is None else {"error": self.error})
        for label, values in columns.items():
            column = np.asarray(values, dtype=float)
            if column.ndim != 1 or len(column) != len(self.x) or len(column) < 2:
                raise ArgumentError(
                    f"{label} of series {self.name!r} must have shape ({max(2, len(self.x))},), not {column.shape}"
                )
            if not np.isfinite(column).all():
                raise ArgumentError(f"{label} of series {self.name!r} must be finite numbers")
        if (np.diff(np.asarray(self.x, dtype=float)) <= 0).any():
            raise ArgumentError(f"x of series {self.name!r} must ascend")

    def state(self) -> dict[str, Any]:
        """As the front-end reads it; six digits are more than a screen shows."""
        columns = {"x": self.x, "y": self.y} | ({} if self.error is None else {"error": self.error})
        numbers = {label: [float(f"{v:.6g}") for v in values] for label, values in columns.items()}
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
