"""The tilt, π* ∝ π_ref e^{r/β}: what the best compromise between a reward and a reference looks like, where it can be
enumerated; REINFORCE on a bandit, which finds it by trial; and the best of n draws. See :mod:`book_lib.pipeline.ppo`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib.probability import kl_divergence, log_softmax
from book_lib.rng import Generator, RandomLike, as_generator

METHODS = ("reinforce", "exact")


def tilt(reference: ArrayLike, reward: ArrayLike, beta: float) -> NDArray[np.float64]:
    """Return π* = π_ref e^{r/β}/Z, the law with the largest ⟨r⟩ − β KL(π‖π_ref).

    It is Boltzmann's law for the energy −r − β ln π_ref at the temperature β, by the master identity
    (:ref:`sec-info-master`); :cite:`rafailov2023direct`, equation 4. See the section :ref:`sec-align-tilt`.

    Args:
        reference: π_ref, shape (…, K), summing to 1 along the last axis.
        reward: r of each outcome, shape (…, K).
        beta: 0 ≤ β ≤ ∞. At ``math.inf`` the tilt is the reference; at 0 the outcomes with the largest reward share the
            mass as they do in the reference.

    Returns:
        Shape (…, K). What the reference forbids stays forbidden, whatever its reward.

    Raises:
        ValueError: if the reference is no law, a reward is not finite, the shapes do not match, or β is negative.
        TypeError: if something is no number.

    >>> tilt([0.5, 0.5], [0.0, 1.0], beta=1.0).round(4).tolist()
    [0.2689, 0.7311]
    """
    law, reward, beta = _pair(reference, reward, beta)
    weights = law * np.exp(_gaps(law, reward, beta))
    return weights / weights.sum(axis=-1, keepdims=True)


def tilted_value(reference: ArrayLike, reward: ArrayLike, beta: float) -> NDArray[np.float64] | float:
    """Return β ln Σ π_ref e^{r/β}, the largest value that ⟨r⟩ − β KL(π‖π_ref) takes: its value at the tilt.

    Arguments and errors are those of :func:`tilt`. At β = 0 it is the largest reward that the reference allows, at
    β = ∞ the reference's mean. See the section :ref:`sec-align-tilt`.

    Returns:
        Shape (…), a float for one law.

    >>> round(tilted_value([0.5, 0.5], [0.0, 1.0], beta=1.0), 4)
    0.6201
    """
    law, reward, beta = _pair(reference, reward, beta)
    highest = np.where(law > 0, reward, -np.inf).max(axis=-1)
    if beta == 0:
        return arrays.result(highest)
    if beta == math.inf:
        return arrays.result((law * reward).sum(axis=-1))
    gaps = _gaps(law, reward, beta)
    total, missing = (law * np.exp(gaps)).sum(axis=-1), (law * np.expm1(gaps)).sum(axis=-1)  # total = 1 + missing
    # subtle: for large β the total is nearly 1, and β would multiply the rounding of its logarithm.
    return arrays.result(highest + beta * np.where(total > 0.5, np.log1p(np.maximum(missing, -0.9)), np.log(total)))


def _gaps(law: NDArray, reward: NDArray, beta: float) -> NDArray[np.float64]:
    """Return (r − max r)/β over what the law allows, ≤ 0, so that no exponential overflows; −∞ for the rest."""
    gaps = np.where(law > 0, reward, -np.inf)
    gaps = gaps - gaps.max(axis=-1, keepdims=True)
    if beta == 0:
        return np.where(gaps == 0, 0.0, -np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(law > 0, gaps / beta, -np.inf)


def _pair(reference: ArrayLike, reward: ArrayLike, beta: float) -> tuple[NDArray, NDArray, float]:
    """Return a law, finite rewards of the same outcomes, and β."""
    law, values = arrays.distribution("reference", reference), _checks.finite_array("reward", reward)
    arrays.require_entries("reward", values, -1)
    arrays.matching("reference", law, "reward", values, -1)
    return (*np.broadcast_arrays(law, values), strength("beta", beta))


def strength(name: str, value: float) -> float:
    """Return β as a float, 0 ≤ β ≤ ∞."""
    if isinstance(value, (float, np.floating)) and value == math.inf:
        return math.inf
    return arrays.at_least_zero(name, value)


# -------------------------------------------------------------------------------------------- the best of n


def best_of_n_law(reference: ArrayLike, reward: ArrayLike, n: int) -> NDArray[np.float64]:
    """Return the law of the best of n independent draws: that with the largest reward.

    With F the share of the reference whose reward is at most r, and F⁻ the share below it, the largest of n rewards is
    r with probability Fⁿ − (F⁻)ⁿ; outcomes with the same reward share that as they do in the reference. See the section
    :ref:`sec-align-bestofn`.

    Args:
        reference: shape (K,), summing to 1.
        reward: of each outcome, shape (K,).
        n: draws, ≥ 1.

    Raises:
        TypeError, ValueError: if the reference is no law, a reward is not finite, or n is not a positive integer.

    >>> best_of_n_law([0.5, 0.5], [0.0, 1.0], 2).tolist()
    [0.25, 0.75]
    """
    law, reward, _ = _pair(reference, reward, 0.0)
    if law.ndim != 1:
        raise ValueError(f"reference must have shape (K,), got {law.shape}")
    n = _checks.integer("n", n, 1)
    _, place = np.unique(reward, return_inverse=True)  # which of the different rewards, from the lowest
    shares = np.bincount(place, law)
    edges = np.concatenate(([0.0], np.minimum(np.cumsum(shares), 1.0)))
    edges[-1] = 1.0
    mass = np.diff(edges**n)
    return np.where(law > 0, mass[place] * law / np.where(shares > 0, shares, 1.0)[place], 0.0)


def best_of_n_kl(n: int) -> float:
    """Return ln n − (n − 1)/n, in nats: how far the best of n draws may be from a single draw, KL(best‖one).

    It is exact where no two outcomes have the same reward and none has much mass; otherwise it is an upper bound
    (:cite:`beirami2024theoretical`, theorem 1). See the section :ref:`sec-align-bestofn`.

    Raises:
        TypeError, ValueError: if n is not a positive integer.

    >>> best_of_n_kl(1), round(best_of_n_kl(4), 4)
    (0.0, 0.6363)
    """
    n = _checks.integer("n", n, 1)
    return math.log(n) - (n - 1) / n


# -------------------------------------------------------------------------------------------------- a bandit


@dataclass(frozen=True, eq=False)
class Bandit:
    """How a law over K outcomes was changed by trial; see :func:`bandit`.

    Args:
        laws: before each step and after the last, shape (steps + 1, K).
        target: the tilt, shape (K,).
        reward: ⟨r⟩ of each law, shape (steps + 1,).
        kl: KL(π‖π_ref) of each, in nats.
        gap: how much each falls short of the largest ⟨r⟩ − β KL(π‖π_ref).
    """

    laws: NDArray[np.float64] = field(repr=False)
    target: NDArray[np.float64]
    reward: NDArray[np.float64] = field(repr=False)
    kl: NDArray[np.float64] = field(repr=False)
    gap: NDArray[np.float64] = field(repr=False)

    @property
    def law(self) -> NDArray[np.float64]:
        """The law at the end, shape (K,)."""
        return self.laws[-1]


def bandit(
    reference: ArrayLike,
    reward: ArrayLike,
    beta: float,
    method: str = "reinforce",
    steps: int = 500,
    batch: int = 32,
    learning_rate: float = 0.5,
    rng: RandomLike = 0,
) -> Bandit:
    """Climb ⟨r⟩ − β KL(π‖π_ref) with the logits of one softmax, from the reference on.

    An outcome drawn returns R = r − β ln(π/π_ref); its logit rises by R less a baseline, the mean of the others'
    returns (:cite:`williams1992simple`, :cite:`kool2019buy`). At the tilt all outcomes return the same, β ln Z: there
    is nothing left to learn, and no noise. See the section :ref:`sec-align-reinforce`.

    Args:
        reference: π_ref, shape (K,).
        reward: r, shape (K,).
        beta: 0 ≤ β < ∞.
        method: "reinforce" draws; "exact" takes the mean over all outcomes.
        steps: ≥ 0.
        batch: outcomes drawn in a step, ≥ 2.
        learning_rate: η > 0.
        rng: a seed or a generator.

    Raises:
        TypeError, ValueError: as :func:`tilt`, and if a setting is out of its range.

    >>> learned = bandit([0.5, 0.3, 0.2], [0.0, 1.0, 2.0], beta=1.0, steps=400)
    >>> learned.law.round(3).tolist(), learned.target.round(3).tolist()
    ([0.179, 0.292, 0.529], [0.179, 0.292, 0.529])
    """
    law, reward, _ = _pair(reference, reward, beta)
    beta = _checks.finite("beta", beta)
    if law.ndim != 1:
        raise ValueError(f"reference must have shape (K,), got {law.shape}")
    _checks.one_of("method", method, METHODS)
    steps, batch = _checks.integer("steps", steps, 0), _checks.integer("batch", batch, 2)
    rate, rng = _checks.positive("learning_rate", learning_rate), as_generator(rng)
    laws, allowed = np.zeros((steps + 1, len(law))), law > 0
    start = np.log(law[allowed])
    logits = start.copy()
    for step in range(steps + 1):
        log_law = log_softmax(logits)
        laws[step, allowed] = np.exp(log_law)
        returns = reward[allowed] - beta * (log_law - start)
        slope = _exact(log_law, returns) if method == "exact" else _tried(log_law, returns, batch, rng)
        logits = logits + rate * slope
    return _judged(laws, law, reward, beta)


def _exact(log_law: NDArray, returns: NDArray) -> NDArray[np.float64]:
    """Return the gradient for the logits, π(R − ⟨R⟩), shape (K,)."""
    law = np.exp(log_law)
    return law * (returns - (law * returns).sum())


def _tried(log_law: NDArray, returns: NDArray, batch: int, rng: Generator) -> NDArray[np.float64]:
    """Return an estimate of it from a batch of draws, shape (K,), whose mean it is."""
    law = np.exp(log_law)
    drawn = rng.choice(len(law), size=batch, p=law / law.sum())
    advantage = returns[drawn] - (returns[drawn].sum() - returns[drawn]) / (batch - 1)
    # Σ advantage·(1[a] − π) / batch; the advantages add up to 0, so that the π falls out
    return np.bincount(drawn, advantage, minlength=len(law)) / batch


def _judged(laws: NDArray, reference: NDArray, reward: NDArray, beta: float) -> Bandit:
    """Return the laws of a bandit and what they are worth."""
    mean, divergence = laws @ reward, np.asarray(kl_divergence(laws, reference))
    gap = tilted_value(reference, reward, beta) - (mean - beta * divergence)
    return Bandit(laws, tilt(reference, reward, beta), mean, divergence, gap)
