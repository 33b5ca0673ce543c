"""Error bars for correlated series; public through :mod:`book_lib.ising`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks


@dataclass(frozen=True)
class Series:
    """Measurements along a run, one entry for each.

    Attributes:
        energy_per_spin: E/N, shape (n,).
        magnetization: mean spin m, shape (n,).
    """

    energy_per_spin: NDArray[np.float64]
    magnetization: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.magnetization)


@dataclass(frozen=True)
class Estimate:
    """A mean with the error that a correlated series deserves.

    Attributes:
        mean: the average.
        error: its standard error, from blocks longer than the memory of the run.
        correlation_time: τ = ½(error/naive error)², in measurements: n/2τ of them count as independent.
        block_sizes: the block lengths 1, 2, 4, … that were tried.
        block_errors: the standard error that each would give; it grows until the blocks are long enough.
        block_size: the one chosen.
    """

    mean: float
    error: float
    correlation_time: float
    block_sizes: tuple[int, ...] = ()
    block_errors: tuple[float, ...] = ()
    block_size: int = 1

    def __str__(self) -> str:
        return f"{self.mean:.6g} ± {self.error:.2g}"


@dataclass(frozen=True)
class Observables:
    """What a run says about a magnet of N spins at temperature T.

    Attributes:
        energy_per_spin: u = ⟨E⟩/N.
        abs_magnetization: ⟨|m|⟩.
        specific_heat: N(⟨e²⟩ − ⟨e⟩²)/T², e = E/N.
        susceptibility: N(⟨m²⟩ − ⟨|m|⟩²)/T.
        binder: 1 − ⟨m⁴⟩/(3⟨m²⟩²); NaN where all m are 0.
    """

    energy_per_spin: Estimate
    abs_magnetization: Estimate
    specific_heat: Estimate
    susceptibility: Estimate
    binder: Estimate


_FEWEST_BLOCKS = 16  # an error estimated from B blocks is itself uncertain by 1/√(2B)


def blocking(series: ArrayLike) -> Estimate:
    """Average a correlated series and estimate its error by blocking (:cite:`flyvbjerg1989error`).

    Means of longer and longer blocks are less and less correlated, so the naive error of the block
    means rises to the true one and stays there. The shortest block B with B³ > 2n (error_B/error_1)⁴ is
    taken, which balances what is left of the correlation against the noise of few blocks
    (:cite:`wolff2004monte`).

    Args:
        series: measurements, shape (n,), n ≥ 2.

    Returns:
        An :class:`Estimate`. Where even the longest block is too short, its error is a lower bound.

    Raises:
        ValueError: for fewer than two measurements, another shape, NaN or infinity.

    See the section :ref:`sec-ising-errors`.

    >>> blocking([1.0, 2.0, 3.0]).mean
    2.0
    """
    x = _checks.finite_array("series", series)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"series must hold at least two measurements, shape (n,), got shape {x.shape}")
    sizes = [1]
    while len(x) // (2 * sizes[-1]) >= _FEWEST_BLOCKS:
        sizes.append(2 * sizes[-1])
    errors = [_error(_blocks(x, size)) for size in sizes]
    naive = errors[0]
    if np.ptp(x) == 0:  # subtle: the mean of 0.1, …, 0.1 is not 0.1, so that rounding would pass for an error
        return Estimate(float(x[0]), 0.0, 0.5, tuple(sizes), (0.0,) * len(sizes))
    if naive == 0:
        return Estimate(float(x.mean()), 0.0, 0.5, tuple(sizes), tuple(errors))
    chosen = len(sizes) - 1
    for index, (size, error) in enumerate(zip(sizes, errors, strict=True)):
        if size**3 > 2 * len(x) * (error / naive) ** 4:
            chosen = index
            break
    error = errors[chosen]
    time = 0.5 * (error / naive) ** 2
    return Estimate(float(x.mean()), error, time, tuple(sizes), tuple(errors), sizes[chosen])


def _blocks(x: NDArray, size: int) -> NDArray:
    """Return the means of consecutive blocks; what does not fill a block at the start is left out."""
    count = len(x) // size
    return x[len(x) - count * size :].reshape(count, size).mean(1)


def _error(blocks: NDArray) -> float:
    return float(blocks.std(ddof=1) / np.sqrt(len(blocks)))


def summarize(series: Series, size: int, temperature: float) -> Observables:
    """Turn a run into observables with error bars.

    The averages are blocked; functions of averages (specific heat, susceptibility, Binder cumulant) get
    a jackknife over the blocks, which carries the blocks' errors through any formula and takes away
    most of its bias.

    Args:
        series: what :meth:`Ising.measure` returned.
        size: L of the lattice measured.
        temperature: T of the run.

    Raises:
        TypeError: if ``series`` is not a :class:`Series` of real numbers.
        ValueError: for fewer than two measurements, NaN or infinity, columns of different lengths, or a size
            or temperature out of range.

    See the section :ref:`sec-ising-errors`.

    >>> flat = Series(np.full(8, -2.0), np.ones(8))
    >>> summarize(flat, size=4, temperature=1.0).abs_magnetization.mean
    1.0
    """
    sites = _checks.integer("size", size, 3) ** 2
    t = _checks.positive("temperature", temperature)
    e, m = _columns(series)
    energy, magnetization = blocking(e), blocking(np.abs(m))
    length = max(energy.block_size, magnetization.block_size, blocking(m**2).block_size)
    # Differences from the mean: ⟨e²⟩ − ⟨e⟩² of numbers near −2 would lose half their digits.
    columns = np.stack([e - energy.mean, (e - energy.mean) ** 2, np.abs(m), m**2, m**4])
    return Observables(
        energy_per_spin=energy,
        abs_magnetization=magnetization,
        specific_heat=_jackknife(columns, lambda x: sites * (x[1] - x[0] ** 2) / t / t, length),
        susceptibility=_jackknife(columns, lambda x: sites / t * (x[3] - x[2] ** 2), length),
        binder=_jackknife(columns, _binder, length),
    )


def _columns(series: Series) -> tuple[NDArray, NDArray]:
    """Return the energies and magnetisations of a run, checked."""
    if not isinstance(series, Series):
        raise TypeError(f"series must be a Series of Ising.measure, got {type(series).__name__}")
    e = _checks.finite_array("series.energy_per_spin", series.energy_per_spin)
    m = _checks.finite_array("series.magnetization", series.magnetization)
    if e.shape != m.shape:
        raise ValueError(f"series must have columns of one shape, got {e.shape} and {m.shape}")
    return e, m


def _binder(moments: NDArray) -> NDArray:
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN, documented, where all m are 0
        return 1 - moments[4] / (3 * moments[3] ** 2)


def _jackknife(columns: NDArray, function: Callable[[NDArray], NDArray], length: int) -> Estimate:
    """Estimate a function of the columns' means by leaving out one block of ``length`` at a time."""
    mean, error = _leave_one_out(np.stack([_blocks(column, length) for column in columns]), function)
    _, naive = _leave_one_out(columns, function)
    time = 0.5 * (error / naive) ** 2 if naive > 0 else 0.5
    return Estimate(mean, error, time, (1, length), (naive, error), length)


def _leave_one_out(blocks: NDArray, function: Callable[[NDArray], NDArray]) -> tuple[float, float]:
    """Return the jackknife's bias-corrected value and its error; ``blocks`` is (moment, block)."""
    count = blocks.shape[1]
    values = function((blocks.sum(1, keepdims=True) - blocks) / (count - 1))
    whole = float(function(blocks.mean(1)))
    return count * whole - (count - 1) * float(values.mean()), float(np.sqrt((count - 1) * values.var()))
