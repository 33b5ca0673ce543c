"""Learning rates that change with time, and mini-batches; re-exported by :mod:`book_lib.optimization`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from book_lib import _checks
from book_lib.rng import RandomLike, as_generator

Schedule = Callable[[int], float]


def constant(learning_rate: float) -> Schedule:
    """Return η_k = η: quick, and left with a noise floor. See the section :ref:`sec-opt-floor`.

    Raises:
        ValueError, TypeError: if ``learning_rate`` is not a number above 0.

    >>> constant(0.1)(99)
    0.1
    """
    rate = _checks.positive("learning_rate", learning_rate)
    return lambda k: rate


def inverse_time(learning_rate: float, decay: float) -> Schedule:
    """Return η_k = η/(1 + decay·k): Σ η_k = ∞ reaches any minimum, Σ η_k² < ∞ lets the noise die out.

    The two conditions are those of :cite:`robbins1951stochastic`. See the section :ref:`sec-opt-schedules`.

    Args:
        learning_rate: η > 0 of the first step, k = 0.
        decay: > 0; the rate has halved at k = 1/decay.

    Raises:
        ValueError, TypeError: if an argument is not a number above 0.

    >>> [inverse_time(1.0, 0.5)(k) for k in (0, 2, 8)]
    [1.0, 0.5, 0.2]
    """
    rate, decay = _checks.positive("learning_rate", learning_rate), _checks.positive("decay", decay)
    return lambda k: rate / (1 + decay * k)


def cosine(learning_rate: float, steps: int, warmup: int = 0, floor: float = 0.0) -> Schedule:
    """Return a rate that climbs evenly for ``warmup`` steps, then falls along half a cosine to ``floor``.

    η_k = η (k + 1)/warmup while k < warmup, and after it floor + (η − floor)(1 + cos πu)/2, where u goes from 0 at the
    end of the climb to 1 at k = ``steps``, and stays there (:cite:`loshchilov2017sgdr`, equation 5, without
    restarts). See the section :ref:`sec-opt-schedules`.

    Args:
        learning_rate: η > 0, the highest.
        steps: when the floor is reached, above ``warmup``.
        warmup: how many steps the climb takes, ≥ 0.
        floor: the last rate, 0 ≤ floor ≤ η.

    Raises:
        ValueError, TypeError: if an argument is out of its range or no number.

    >>> schedule = cosine(1.0, steps=10, warmup=2)
    >>> [round(schedule(k), 3) for k in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    rate, floor = _checks.positive("learning_rate", learning_rate), _checks.finite("floor", floor)
    warmup = _checks.integer("warmup", warmup, 0)
    steps = _checks.integer("steps", steps, warmup + 1)
    if not 0 <= floor <= rate:
        raise ValueError(f"floor must lie between 0 and the learning rate {rate:g}, got {floor:g}")

    def schedule(k: int) -> float:
        if k < warmup:
            return rate * (k + 1) / warmup
        u = min(1.0, (k - warmup) / (steps - warmup))
        return floor + (rate - floor) * (1 + math.cos(math.pi * u)) / 2

    return schedule


def step_decay(learning_rate: float, factor: float, every: int) -> Schedule:
    """Return η_k = η·factor^⌊k/every⌋: a staircase downwards. See the section :ref:`sec-opt-schedules`.

    Args:
        learning_rate: η > 0 of the first stair.
        factor: 0 < factor ≤ 1.
        every: steps on a stair, ≥ 1.

    Raises:
        ValueError, TypeError: if an argument is out of its range or no number.

    >>> [step_decay(0.8, 0.5, every=10)(k) for k in (0, 9, 10, 20)]
    [0.8, 0.8, 0.4, 0.2]
    """
    rate, factor = _checks.positive("learning_rate", learning_rate), _checks.positive("factor", factor)
    every = _checks.integer("every", every, 1)
    if factor > 1:
        raise ValueError(f"factor must be at most 1, got {factor:g}")
    return lambda k: rate * factor ** (k // every)


def batches(n: int, size: int, rng: RandomLike) -> Iterator[NDArray[np.int64]]:
    """Deal the indices 0 … n−1 into the mini-batches of one epoch: ⌈n/size⌉ of them, each index in exactly one.

    The last is smaller where ``size`` does not divide n. See the section :ref:`sec-opt-sgd`.

    Args:
        n: how many examples, ≥ 1.
        size: how many of them a batch holds, 1 … n.
        rng: a seed or a generator; pass the same generator again for the next epoch.

    Raises:
        ValueError: if ``n`` or ``size`` is out of range; at once, before the first batch is asked for.
        TypeError: if one is no integer or ``rng`` neither a seed nor a generator.

    >>> [len(batch) for batch in batches(10, 4, rng=1)]
    [4, 4, 2]
    """
    n = _checks.integer("n", n, 1, _checks.LONGEST)
    size = _checks.integer("size", size, 1, n)
    order = np.asarray(as_generator(rng).permutation(n), dtype=np.int64)
    return (order[first : first + size] for first in range(0, n, size))
