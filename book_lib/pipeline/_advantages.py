"""What an answer was worth, token by token: divergences from samples, and advantages from rewards and values.

See :mod:`book_lib.pipeline.ppo`. B is the batch, T the tokens.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks

SPREAD = 1e-8  # added to a standard deviation before it divides
LARGEST = 60.0  # nats: e to a larger one is no estimate of anything, and may overflow a float32


def kl_estimates(logp: ArrayLike, logp_ref: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Return three estimates of KL(π‖π_ref) for each sample x drawn from π.

    With d = ln π(x) − ln π_ref(x): k1 = d; k2 = d²/2; k3 = e^{−d} − 1 + d (:cite:`schulman2020approximating`). The
    mean of k1 is the divergence; single ones may be negative. So is the mean of k3, which is never negative and
    scatters less where the laws are close, *if* π can draw whatever π_ref can: e^{−d} has mean 1 then. k2 is never
    negative either, and biased: by ⟨d²⟩/2 − ⟨d⟩, which is of third order in d. None holds for samples from another law
    than π: a top-k, a temperature, or a policy of some steps ago. See the section :ref:`sec-align-kl`.

    Args:
        logp: ln π(x), any shape; a token's, or the sum over an answer's.
        logp_ref: ln π_ref(x), the same shape.

    Returns:
        "k1", "k2", "k3", each of that shape.

    Raises:
        TypeError, ValueError: if something is not a finite number, or the shapes differ.

    >>> {name: round(float(k), 4) for name, k in kl_estimates(np.log(0.5), np.log(0.25)).items()}
    {'k1': 0.6931, 'k2': 0.2402, 'k3': 0.1931}
    """
    ours, theirs = _checks.finite_array("logp", logp), _checks.finite_array("logp_ref", logp_ref)
    if ours.shape != theirs.shape:
        raise ValueError(f"logp and logp_ref must have the same shape, got {ours.shape} and {theirs.shape}")
    d = ours - theirs
    # subtle: expm1, as e^{−d} − 1 + d loses all its digits where d is small.
    return {"k1": d, "k2": d**2 / 2, "k3": np.expm1(np.minimum(-d, LARGEST)) + d}


def gae(
    rewards: ArrayLike, values: ArrayLike, mask: ArrayLike, gamma: float = 1.0, lam: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return generalised advantages, and the returns that the values should have foretold.

    δ_t = r_t + γ V_{t+1} − V_t, and A_t = δ_t + γλ A_{t+1} = Σ_l (γλ)^l δ_{t+l}; behind the last token V and A are 0.
    The return is A_t + V_t. With λ = 0 only the next value is believed, with λ = 1 none: A_t = Σ_l γ^l r_{t+l} − V_t
    (:cite:`schulman2016high`, equations 11 and 16). See the section :ref:`sec-align-gae`.

    Args:
        rewards: r of each token, shape (B, T) or (T,).
        values: V before each token was chosen, the same shape.
        mask: True at the tokens that count; the next of them, not the next place, is t + 1.
        gamma: 0 ≤ γ ≤ 1, what a reward loses with each token that it is ahead.
        lam: 0 ≤ λ ≤ 1.

    Returns:
        Advantages and returns, of that shape; 0 where the mask is False, whatever stands there.

    Raises:
        TypeError, ValueError: if the shapes differ, a number that counts is not finite, or γ or λ is out of range.

    >>> advantages, returns = gae([0.0, 1.0], [0.5, 0.5], [True, True], gamma=1.0, lam=0.5)
    >>> advantages.tolist(), returns.tolist()
    ([0.25, 0.5], [0.75, 1.0])
    """
    mask = as_mask("mask", mask)
    r, v = (_where("rewards", rewards, mask), _where("values", values, mask))
    gamma, lam = share("gamma", gamma), share("lam", lam)
    advantages = np.zeros(mask.shape)
    behind, value = np.zeros(mask.shape[:-1]), np.zeros(mask.shape[:-1])  # A and V of the next token that counts
    for t in reversed(range(mask.shape[-1])):
        here = r[..., t] + gamma * value - v[..., t] + gamma * lam * behind
        behind, value = np.where(mask[..., t], here, behind), np.where(mask[..., t], v[..., t], value)
        advantages[..., t] = np.where(mask[..., t], here, 0.0)
    return advantages, advantages + v


def whitened(values: ArrayLike, mask: ArrayLike) -> NDArray[np.float64]:
    """Return values with mean 0 and standard deviation 1 over the mask, shape (B, T), and 0 outside it; 0 if all agree.

    Raises:
        TypeError, ValueError: if the shapes differ, nothing counts, or what counts is not finite.

    >>> whitened([1.0, 3.0, 7.0], [True, True, False]).round(4).tolist()
    [-1.0, 1.0, 0.0]
    """
    mask = as_mask("mask", mask)
    if not mask.any():
        raise ValueError("mask must be True somewhere, got False everywhere")
    values = _where("values", values, mask)
    inside = values[mask]
    if not np.ptp(inside):
        return np.zeros(mask.shape)
    return np.where(mask, (values - inside.mean()) / (inside.std() + SPREAD), 0.0)


def group_advantages(rewards: ArrayLike, group: int) -> NDArray[np.float64]:
    """Return (r − mean)/standard deviation within each group of answers to one prompt, shape (B,).

    The other answers to the same prompt say what was to be expected, and no value has to be learnt
    (:cite:`shao2024deepseekmath`, section 4.1.2). A group whose rewards are all the same teaches nothing: 0. See the
    section :ref:`sec-align-grpo`.

    Args:
        rewards: of B answers, those to one prompt side by side, shape (B,).
        group: G ≥ 2 answers to a prompt; B is a multiple of it.

    Raises:
        TypeError, ValueError: if the rewards are not finite, or do not come in groups.

    >>> group_advantages([0.0, 1.0, 1.0, 1.0], 2).round(4).tolist()
    [-1.0, 1.0, 0.0, 0.0]
    """
    rewards, group = _row("rewards", rewards), _checks.integer("group", group, 2)
    if len(rewards) % group:
        raise ValueError(f"rewards must come in groups of {group}, got {len(rewards)}")
    rows = rewards.reshape(-1, group)
    result = (rows - rows.mean(axis=1, keepdims=True)) / (rows.std(axis=1, keepdims=True) + SPREAD)
    # subtle: the mean of equal numbers may be off by a rounding, which a spread of a rounding would make a whole one.
    return np.where(np.ptp(rows, axis=1, keepdims=True) > 0, result, 0.0).ravel()


def leave_one_out(returns: ArrayLike) -> NDArray[np.float64]:
    """Return for each of B returns the mean of the others, shape (B,): a baseline that does not know its own answer.

    A baseline that does not depend on the answer leaves the policy gradient's mean as it is (:cite:`kool2019buy`). See
    the section :ref:`sec-align-reinforce`.

    Raises:
        TypeError, ValueError: if the returns are not finite, or fewer than 2.

    >>> leave_one_out([1.0, 2.0, 6.0]).tolist()
    [4.0, 3.5, 1.5]
    """
    returns = _row("returns", returns)
    if len(returns) < 2:
        raise ValueError(f"returns must be at least 2, got {len(returns)}")
    return (returns.sum() - returns) / (len(returns) - 1)


# --------------------------------------------------------------------------------------------------- guards


def share(name: str, value: float) -> float:
    """Return a number from 0 to 1."""
    number = _checks.finite(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {value!r}")
    return number


def as_mask(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    """Return truth values with at least one axis."""
    mask = _checks.regular(name, values)
    if mask.dtype != bool or not mask.ndim:
        raise TypeError(f"{name} must be an array of True and False, got {mask.dtype.name} of shape {mask.shape}")
    return mask


def _where(name: str, values: ArrayLike, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return values of the mask's shape that are finite where it is True, and 0 elsewhere."""
    array = _checks.real_array(name, values)
    if array.shape != mask.shape:
        raise ValueError(f"{name} must have the mask's shape {mask.shape}, got {array.shape}")
    return _checks.finite_array(name, np.where(mask, array, 0.0))


def _row(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = _checks.finite_array(name, values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have shape (B,), got {array.shape}")
    return array
