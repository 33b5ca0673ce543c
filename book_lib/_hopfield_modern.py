"""The modern Hopfield network, whose update is attention; see :mod:`book_lib.hopfield`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.probability import softmax

_REACH = 1e150  # of a number: its square, summed over a row, is still one that a float holds


def modern_update(patterns: ArrayLike, state: ArrayLike, beta: float) -> NDArray[np.float64]:
    """Return ξ′ = Xᵀ softmax(βXξ), an average of the patterns (:cite:`ramsauer2021hopfield`).

    They are weighted by Boltzmann's law for the energies −x·ξ at T = 1/β. With the patterns as keys and as
    values, and the state as query, this is attention; β = 1/√d there.

    Args:
        patterns: X, a row a pattern, real numbers within ±10¹⁵⁰, shape (P, d).
        state: ξ, shape (d,), or a row for each of several states, shape (M, d); within ±10¹⁵⁰, too.
        beta: β > 0.

    Returns:
        The new state or states, of the same shape.

    Raises:
        TypeError, ValueError: if the shapes do not match, numbers are not finite or too large, or β is not
            positive.

    See the section :ref:`sec-hop-attention`.

    >>> modern_update([[1.0, 0.0], [0.0, 1.0]], [0.6, 0.4], beta=100).round(3)
    array([1., 0.])
    """
    patterns, state = _matching(patterns, state)
    beta = _checks.positive("beta", beta)
    # subtle: for the smallest β there are 1/β is infinite, and all patterns weigh the same, as they should.
    return softmax(state @ patterns.T, temperature=1 / beta) @ patterns


def modern_energy(patterns: ArrayLike, state: ArrayLike, beta: float) -> NDArray[np.float64] | float:
    """Return E = −(1/β) ln Σ_p e^{βx_p·ξ} + ½ |ξ|², which :func:`modern_update` never raises.

    The first term is a free energy, −T ln Z with T = 1/β (:cite:`ramsauer2021hopfield`, less its constants).

    Args:
        patterns: as in :func:`modern_update`.
        state: as there.
        beta: β > 0.

    Returns:
        A number, or one for each of several states, shape (M,); −∞ for so small a β that no float holds E.

    Raises:
        TypeError, ValueError: as :func:`modern_update`.

    See the section :ref:`sec-hop-attention`.

    >>> round(modern_energy([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], beta=1.0), 4)  # −ln 2
    -0.6931
    """
    patterns, state = _matching(patterns, state)
    beta = _checks.positive("beta", beta)
    match = state @ patterns.T  # (…, P)
    best = match.max(-1)
    with np.errstate(over="ignore"):  # a large β sends gaps to −inf, their shares to 0; a tiny one F to −inf
        shares = np.exp(beta * (match - best[..., None])).sum(-1)
        energy = 0.5 * (state * state).sum(-1) - best - np.log(shares) / beta
    return float(energy) if energy.ndim == 0 else energy


def _matching(patterns: ArrayLike, state: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    patterns, state = _checks.finite_array("patterns", patterns), _checks.finite_array("state", state)
    if patterns.ndim != 2 or patterns.size == 0:
        raise ValueError(f"patterns must have shape (P, d) with P, d ≥ 1, got {patterns.shape}")
    d = patterns.shape[1]
    if state.ndim not in (1, 2) or state.shape[-1] != d:
        raise ValueError(f"state must have shape ({d},) or (M, {d}), got {state.shape}")
    for name, values in (("patterns", patterns), ("state", state)):
        largest = np.abs(values).max(initial=0)
        if largest > _REACH:
            raise ValueError(f"{name} must lie within ±{_REACH:g}, got {largest:g} in size")
    return patterns, state
