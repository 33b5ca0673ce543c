"""A neuron that leaks, integrates and fires; re-exported by :mod:`book_lib.neural`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._neural_modules import plain

MOST_SPIKES = 10_000_000  # more of them would take minutes, or for ever where a spike follows at once
MOST_STEPS = 100_000_000  # more of them would fill the memory


def firing_rate(
    current: ArrayLike, tau: float = 0.02, refractory: float = 0.002, threshold: float = 1.0
) -> NDArray[np.float64] | float:
    """Return how often a leaky integrate-and-fire neuron fires under a constant current, in Hz.

    Between spikes τ dV/dt = I − V (:cite:`gerstner2014neuronal`, section 1.3), from V = 0. So V = I(1 − e^{−t/τ}) meets
    V_th after τ ln(I/(I − V_th)), and f = 1/(t_ref + τ ln(I/(I − V_th))) for a current above the rheobase, I > V_th;
    below it the neuron is silent. See the section :ref:`sec-net-neuron`.

    Args:
        current: I, in units of the voltage it would drive the neuron to, any shape.
        tau: τ > 0, the membrane's time constant in seconds.
        refractory: t_ref ≥ 0, seconds of silence after a spike.
        threshold: V_th > 0, where it fires; afterwards V = 0.

    Returns:
        The shape of ``current``; ∞ where no float holds the rate, which takes a refractory time of 0.

    Raises:
        ValueError: if a current is not finite or another argument out of its range.
        TypeError: if an argument is no number.

    >>> round(firing_rate(2.0), 2), firing_rate(1.0)
    (63.04, 0.0)
    """
    current = _checks.finite_array("current", current)
    tau, refractory, threshold = _membrane(tau, refractory, threshold)
    fires = current > threshold
    with np.errstate(divide="ignore", over="ignore"):
        # ln(I/(I − V_th)) = ln(1 + V_th/(I − V_th)), which keeps its digits where I is large or hardly above V_th
        climb = tau * np.log1p(threshold / np.where(fires, current - threshold, threshold))
        return plain(np.where(fires, 1 / (refractory + climb), 0.0))


@dataclass(frozen=True, eq=False)
class SpikeTrain:
    """What :func:`integrate_and_fire` saw.

    Args:
        times: the ends of the steps in seconds, shape (steps,).
        voltage: V there, shape (steps,); 0 while the neuron rests after a spike.
        spikes: when it fired, in seconds.
    """

    times: NDArray[np.float64] = field(repr=False)
    voltage: NDArray[np.float64] = field(repr=False)
    spikes: NDArray[np.float64]

    @property
    def rate(self) -> float:
        """Spikes per second, over the whole time."""
        return len(self.spikes) / float(self.times[-1])


def integrate_and_fire(
    current: ArrayLike,
    duration: float = 1.0,
    step: float = 1e-4,
    tau: float = 0.02,
    refractory: float = 0.002,
    threshold: float = 1.0,
) -> SpikeTrain:
    """Let a leaky integrate-and-fire neuron run: τ dV/dt = I − V, a spike at V_th, V = 0 and silence for t_ref.

    Within a step the current is constant and the voltage exact, I + (V − I)e^{−t/τ}; so is the moment of a spike.
    See :func:`firing_rate` and the section :ref:`sec-net-neuron`.

    Args:
        current: I, a number, or one for each step, shape (steps,), and then ``duration`` is not asked.
        duration: seconds, rounded to whole steps, of which there is at least one.
        step: seconds, > 0.
        tau, refractory, threshold: as for :func:`firing_rate`.

    Raises:
        ValueError: if a current is not finite, there is none, or another argument is out of its range.
        TypeError: if an argument is no number.

    >>> integrate_and_fire(2.0, duration=0.05).spikes.round(4)
    array([0.0139, 0.0297, 0.0456])
    """
    currents, step = _currents(current, duration, step)
    tau, refractory, threshold = _membrane(tau, refractory, threshold)
    expected = firing_rate(currents.max(), tau, refractory, threshold) * len(currents) * step
    if expected > MOST_SPIKES:
        raise ValueError(f"current must give at most {MOST_SPIKES:,} spikes, got {currents.max():g} for {expected:g}")
    voltages, spikes = np.empty(len(currents)), []
    voltage, awake = 0.0, 0.0  # awake: when the rest after the last spike is over
    for k, drive in enumerate(currents.tolist()):
        now, end = max(k * step, awake), (k + 1) * step
        while now < end:
            left = drive + (voltage - drive) * math.exp(-(end - now) / tau)
            if left < threshold or drive <= threshold:  # a current at the rheobase gets there only by rounding
                voltage, now = left, end
            else:
                now += tau * math.log((drive - voltage) / (drive - threshold))
                spikes.append(min(now, end))
                voltage, now = 0.0, now + refractory
                awake = now
        voltages[k] = voltage
    return SpikeTrain(step * np.arange(1, len(currents) + 1), voltages, np.array(spikes))


def _membrane(tau: float, refractory: float, threshold: float) -> tuple[float, float, float]:
    refractory = _checks.finite("refractory", refractory)
    if refractory < 0:
        raise ValueError(f"refractory must be at least 0 seconds, got {refractory:g}")
    return _checks.positive("tau", tau), refractory, _checks.positive("threshold", threshold)


def _currents(current: ArrayLike, duration: float, step: float) -> tuple[NDArray[np.float64], float]:
    """Return one current for each step, and the step."""
    step, currents = _checks.positive("step", step), _checks.finite_array("current", current)
    if currents.ndim == 0:
        steps = _checks.positive("duration", duration) / step
        if not 0.5 < steps <= MOST_STEPS:
            raise ValueError(f"duration must be 1 … {MOST_STEPS:,} steps of {step:g} s, got {duration:g} s")
        currents = np.full(round(steps), currents)
    if currents.ndim != 1 or not len(currents):
        raise ValueError(f"current must be a number or have shape (steps,), got {currents.shape}")
    return currents, step
