"""From comparisons to numbers: the law of Bradley and Terry, its loss, the strengths that explain a table of wins."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib.classification import Reliability, reliability, sigmoid, softplus

STEPS, HALVINGS = 200, 60  # of Newton's method, and of one of its steps
FLAT = 1e-13  # slope, for wins that sum to 1, at which the top has been reached
NAMED = 6  # items that an error lists


def bradley_terry(difference: ArrayLike) -> NDArray[np.float64] | float:
    """Return the probability that the first of two answers is preferred: σ(r₁ − r₂).

    Only the difference counts: who adds a constant to all rewards changes no preference.

    Args:
        difference: r₁ − r₂, any shape.

    Returns:
        The same shape; a float for a number.

    Raises:
        TypeError, ValueError: if it is not numeric or not finite.

    Source: :cite:`bradley1952rank`. See the section :ref:`sec-align-preferences`.

    >>> [round(bradley_terry(difference), 4) for difference in (0, 1, 2)]
    [0.5, 0.7311, 0.8808]
    """
    return sigmoid(difference)


def preference_loss(chosen: ArrayLike | Tensor, rejected: ArrayLike | Tensor) -> Tensor:
    """Return the mean of −ln σ(r⁺ − r⁻), to differentiate: the surprise at what was preferred, in nats a pair.

    It is computed as softplus(r⁻ − r⁺) = ln(1 + e^{r⁻ − r⁺}), in which nothing overflows. The slope with respect to
    r⁺ is −σ(r⁻ − r⁺)/B: a pair that is ranked clearly teaches nothing more, one that is ranked clearly wrong pulls
    with a force of 1/B, however wrong it is.

    Args:
        chosen: r⁺ of the answer that was preferred, shape (B,).
        rejected: r⁻ of the other, shape (B,).

    Returns:
        The loss, without a shape; ln 2 where the rewards are equal.

    Raises:
        TypeError, ValueError: if the shapes differ, there is no pair, or an array is not finite.

    Source: :cite:`ouyang2022training`, equation 1, with two answers. See the section :ref:`sec-align-reward`.

    >>> preference_loss([1e4], [-1e4]).item(), preference_loss([-1e4], [1e4]).item()
    (0.0, 20000.0)
    """
    above, below = (_row(name, value) for name, value in (("chosen", chosen), ("rejected", rejected)))
    if above.shape != below.shape:
        raise ValueError(f"rejected must have the shape of chosen, {tuple(above.shape)}, got {tuple(below.shape)}")
    return F.softplus(below - above).mean()


def _row(name: str, values: ArrayLike | Tensor) -> Tensor:
    # subtle: a tensor that a model has made is not looked at; a NaN there is the training's to tell of, with its step.
    row = values if isinstance(values, Tensor) else torch.from_numpy(_checks.finite_array(name, values))
    if row.ndim != 1 or not len(row):
        raise ValueError(f"{name} must have shape (B,), B at least 1, got {tuple(row.shape)}")
    return row


def calibration(differences: ArrayLike, outcomes: ArrayLike, bins: int = 10) -> Reliability:
    """Return what rewards promise, σ(r₁ − r₂), beside how often the first answer was indeed preferred, bin by bin.

    Args:
        differences: r₁ − r₂ of N pairs, shape (N,), in an order that does not depend on who won; or |r₁ − r₂|, if an
            outcome says whether the favourite has won.
        outcomes: 1 where the first was preferred, 0 where the second was, shape (N,).
        bins: of probability, equally wide on 0 … 1.

    Returns:
        Edges, counts, mean promise and frequency; see :class:`book_lib.classification.Reliability`.

    Raises:
        TypeError, ValueError: if the shapes differ, there is no pair, or a number is out of its range.

    Source: :cite:`guo2017calibration`, section 2. See the section :ref:`sec-align-reward`.

    >>> calibration([1.0, 1.0, 1.0, 1.0, -2.0], [1, 1, 1, 0, 0], bins=2).frequency.tolist()
    [0.0, 0.75]
    """
    promised = np.atleast_1d(sigmoid(_checks.finite_array("differences", differences)))
    came = _checks.finite_array("outcomes", arrays.without_booleans(outcomes))
    if promised.ndim != 1 or came.shape != promised.shape or not len(came):
        raise ValueError(f"differences and outcomes must both have shape (N,), N at least 1, got {promised.shape} and "
                         f"{came.shape}")  # fmt: skip
    return reliability(promised, outcomes, bins)


# --------------------------------------------------------------------------------------------- the strengths


def fit_strengths(wins: ArrayLike, prior: float = 0.0) -> NDArray[np.float64]:
    """Return the strengths that make a table of wins most likely: P(i beats j) = σ(s_i − s_j).

    L(s) = Σ w_ij ln σ(s_i − s_j) − λ/2 Σ s_i² is concave, so that Newton's method finds its one top; steps that lead
    down are halved. As only differences count, the mean is 0. Without a prior there is a top only if the items cannot
    be split into two parts of which one never lost to the other (:cite:`ford1957solution`): an item that always won
    would be infinitely strong.

    Args:
        wins: w_ij ≥ 0, how often item i was preferred to item j, shape (n, n), n ≥ 2; 0 on the diagonal.
        prior: λ ≥ 0, the inverse variance of a Gaussian with mean 0 from which strengths are thought to come.

    Returns:
        s, shape (n,), with mean 0.

    Raises:
        TypeError: if an argument is not numeric.
        ValueError: if the table is not square, not finite, negative, has wins on the diagonal or none at all, or
            λ is negative; or if λ = 0 and some items have never been compared with the others, or never lost to them.

    Source: :cite:`bradley1952rank`. See the section :ref:`sec-align-preferences`.

    >>> first, second = fit_strengths([[0, 3], [1, 0]])
    >>> round(bradley_terry(first - second), 9)
    0.75
    """
    wins = _wins(wins)
    if _checks.finite("prior", prior) < 0:
        raise ValueError(f"prior must be at least 0, got {prior}")
    if not prior:
        _require_linked(wins > 0)
    # Scaled so that the wins sum to 1: where the slope counts as 0 does not depend on how often was asked.
    w, weight = wins / wins.sum(), prior / wins.sum()
    s = np.zeros(len(w))
    for _ in range(STEPS):
        slope, bend = _derivatives(w, weight, s)
        if np.abs(slope).max() < FLAT:
            break
        # subtle: along (1, …, 1) nothing bends without a prior; the added matrix keeps that direction still.
        step = np.linalg.solve(bend + np.trace(bend) / len(s) ** 2, slope)
        s, moved = _uphill(w, weight, s, step)
        if not moved:
            break
    return s - s.mean()


def _wins(wins: ArrayLike) -> NDArray[np.float64]:
    table = _checks.finite_array("wins", wins)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or len(table) < 2:
        raise ValueError(f"wins must have shape (n, n), n at least 2, got {table.shape}")
    if (table < 0).any():
        i, j = np.argwhere(table < 0)[0].tolist()
        raise ValueError(f"wins must be at least 0, got {table[i, j]:g} at index ({i}, {j})")
    if table.diagonal().any():
        i = int(np.flatnonzero(table.diagonal())[0])
        raise ValueError(f"wins must be 0 on the diagonal, as no item meets itself, got {table[i, i]:g} for item {i}")
    if not table.any():
        raise ValueError("wins must hold at least one comparison, got none")
    return table


def _require_linked(beats: NDArray[np.bool_]) -> None:
    """See to it that each item has beaten each other one, perhaps by way of others."""
    apart = np.flatnonzero(~_reached(beats | beats.T)[0])
    if len(apart):
        raise ValueError(f"wins must link all items: {_named(apart)} never met the others, so that their strengths "
                         "cannot be compared; ask more pairs, or give a prior above 0")  # fmt: skip
    reached = _reached(beats)
    if not reached.all():
        best = reached.sum(1).argmax()  # who reaches most is beaten by none but those that it has beaten, too
        unbeaten = np.flatnonzero(reached[best] & reached[:, best])
        raise ValueError(f"wins must show each item beaten: {_named(unbeaten)} never lost to the others, so that the "
                         "likelihood grows without end; ask more pairs, or give a prior above 0")  # fmt: skip


def _reached(beats: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return who has beaten whom, perhaps by way of others, shape (n, n); True on the diagonal."""
    reached = beats | np.eye(len(beats), dtype=bool)
    for _ in range(len(beats).bit_length()):  # paths of length 1, 2, 4, …
        reached = reached @ reached
    return reached


def _named(items: NDArray[np.int64]) -> str:
    listed = ", ".join(map(str, items[:NAMED].tolist())) + (", …" if len(items) > NAMED else "")
    return f"{'item' if len(items) == 1 else 'items'} {listed}"


def _derivatives(w: NDArray, weight: float, s: NDArray) -> tuple[NDArray, NDArray]:
    """Return the slope of L, (n,), and the matrix −L″, (n, n)."""
    p = np.asarray(sigmoid(s[:, None] - s))  # (n, n): i beats j
    met = w + w.T
    slope = (w - met * p).sum(1) - weight * s
    bends = met * p * (1 - p)
    return slope, np.diag(bends.sum(1) + weight) - bends


def _uphill(w: NDArray, weight: float, s: NDArray, step: NDArray) -> tuple[NDArray, bool]:
    """Return where a step leads, halved until it does not lead down, and whether there is such a place."""
    before = _cost(w, weight, s)
    for _ in range(HALVINGS):
        if _cost(w, weight, s + step) <= before:
            return s + step, True
        step = step / 2
    return s, False


def _cost(w: NDArray, weight: float, s: NDArray) -> float:
    return float((w * softplus(s - s[:, None])).sum() + weight / 2 * s @ s)
