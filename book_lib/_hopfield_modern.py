"""The modern Hopfield network, whose update is attention; see :mod:`book_lib.hopfield`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.probability import softmax


def modern_update(patterns: ArrayLike, state: ArrayLike, beta: float) -> NDArray[np.float64]:
    """Return ξ′ = Xᵀ softmax(βXξ): the patterns, averaged with Boltzmann weights of energy −x·ξ at T = 1/β
    (:cite:`ramsauer2021hopfield`).

    With the patterns as keys and as values, and the state as query, this is attention; β = 1/√d there.

    Args:
        patterns: X, a row a pattern, real numbers, shape (P, d).
        state: ξ, shape (d,), or a row for each of several states, shape (M, d).
        beta: β > 0.

    Returns:
        The new state or states, of the same shape.

    Raises:
        TypeError, ValueError: if the shapes do not match, numbers are not finite, or β is not positive.

    See the section :ref:`sec-hop-attention`.

    >>> modern_update([[1.0, 0.0], [0.0, 1.0]], [0.6, 0.4], beta=100).round(3)
    array([1., 0.])
    """
    patterns, state = _matching(patterns, state)
    return softmax(state @ patterns.T, temperature=1 / _checks.positive("beta", beta)) @ patterns


def modern_energy(patterns: ArrayLike, state: ArrayLike, beta: float) -> NDArray[np.float64] | float:
    """Return E = −(1/β) ln Σ_p e^{βx_p·ξ} + ½ |ξ|², which :func:`modern_update` never raises.

    The first term is a free energy, −T ln Z with T = 1/β.

    Args and errors as :func:`modern_update`; one energy for each state.
    """
    patterns, state = _matching(patterns, state)
    beta = _checks.positive("beta", beta)
    z = beta * (state @ patterns.T)
    top = z.max(-1)
    free = (top + np.log(np.exp(z - top[..., None]).sum(-1))) / beta
    energy = 0.5 * (state * state).sum(-1) - free
    return float(energy) if energy.ndim == 0 else energy


def _matching(patterns: ArrayLike, state: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    patterns, state = _checks.finite_array("patterns", patterns), _checks.finite_array("state", state)
    if patterns.ndim != 2 or patterns.size == 0:
        raise ValueError(f"patterns must have shape (P, d) with P, d ≥ 1, got {patterns.shape}")
    if state.ndim not in (1, 2) or state.shape[-1] != patterns.shape[1]:
        raise ValueError(f"state must have shape ({patterns.shape[1]},) or (M, {patterns.shape[1]}), got {state.shape}")
    return patterns, state
