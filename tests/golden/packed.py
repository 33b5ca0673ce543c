"""The packed lattice of `core/ising_packed.js`, spin by spin: slow, and without a single operation on bits of spins."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from book_lib import ising
from book_lib.rng import CounterRNG

BITS = 32
WORD = 2**32
FIRST = 4  # digits that are always drawn

# size, temperature, coupling, algorithm, seed, start
RUNS = [
    (64, 2.269, 1.0, "metropolis", 1, "random"),
    (64, 2.269, 1.0, "heat_bath", 2, "random"),
    (64, 1.5, -0.7, "metropolis", 3, "random"),
    (64, 1.5, -0.7, "heat_bath", 4, "up"),
    (64, 3.0, 0.0, "metropolis", 5, "random"),
    (64, 3.0, 0.0, "heat_bath", 6, "up"),
    (128, 0.05, 1.0, "metropolis", 7, "random"),
    (128, 2.0, 1.0, "heat_bath", 8, "random"),
]


def sfc32(rng: CounterRNG) -> Iterator[int]:
    """Yield the words of a small fast counting generator that three words of ``rng`` start."""
    a, b, c = (int(word) for word in rng.uint32(3))
    n = 1
    for drawn in range(10**12):
        word = (a + b + n) % WORD
        a, b, c = b ^ b >> 9, (c + (c << 3)) % WORD, (((c << 21 | c >> 11) % WORD) + word) % WORD
        n = (n + 1) % WORD
        if drawn >= 12:
            yield word


def digit(number: int, place: int) -> int:
    """The binary digit of a number of 32 digits, counted from the first."""
    return number >> (BITS - 1 - place) & 1


def below(thresholds: list[int], noise: Iterator[int]) -> list[bool]:
    """For each of 32 lanes, whether a uniform number lies below its threshold; below 2³² it always does.

    A threshold of −1 asks for a fair coin: the first digit.
    """
    answers = [threshold == WORD for threshold in thresholds]
    open_lanes = [lane for lane, threshold in enumerate(thresholds) if 0 <= threshold < WORD]
    for place in range(BITS):
        if place >= FIRST and not open_lanes:
            break
        word = next(noise)
        if place == 0:
            coins = [lane for lane, threshold in enumerate(thresholds) if threshold == -1]
            for lane in coins:
                answers[lane] = bool(word >> lane & 1)
        for lane in list(open_lanes):
            own, wanted = word >> lane & 1, digit(thresholds[lane], place)
            if own != wanted:
                answers[lane] = own < wanted
                open_lanes.remove(lane)
    return answers


def scaled(probability: float) -> int:
    """⌊p·2³²⌋."""
    return math.floor(probability * WORD)


def metropolis(spin: int, around: int, temperature: float, coupling: float) -> tuple[int, int]:
    """Return the threshold of turning the spin, and what it is turned from."""
    return scaled(math.exp(min(0.0, -2 * coupling * spin * around / temperature))), spin


def heat_bath(_: int, around: int, temperature: float, coupling: float) -> tuple[int, int]:
    """Return the threshold of leaving the majority's wish, and this wish; in a tie a coin and −sign(J)."""
    sign = -1 if coupling < 0 else 1
    if around == 0:
        return -1, -sign
    against = math.exp(-2 * abs(coupling * around) / temperature)
    return scaled(against / (1 + against)), sign if around > 0 else -sign


def sweep(spins: np.ndarray, rule: Callable, temperature: float, coupling: float, noise: Iterator[int]) -> None:
    """Update black words row by row, then white ones."""
    size = len(spins)
    rows = size // BITS
    for colour, r, j in np.ndindex(2, rows, size // 2):
        column = 2 * j + (r + colour) % 2
        sites = [(bit * rows + r, column) for bit in range(BITS)]
        decisions = []
        for row, col in sites:
            around = spins[row - 1, col] + spins[(row + 1) % size, col]
            around += spins[row, col - 1] + spins[row, (col + 1) % size]
            decisions.append(rule(int(spins[row, col]), int(around), temperature, coupling))
        turned = below([threshold for threshold, _ in decisions], noise)
        for site, (_, base), turn in zip(sites, decisions, turned, strict=True):
            spins[site] = -base if turn else base


def checksum(spins: np.ndarray) -> int:
    """The number by which `core/observables.js` tells pictures apart."""
    return int(np.flatnonzero(spins.ravel() > 0).sum()) * 2654435761 % WORD


def packed() -> dict[str, Any]:
    """Runs of both rules, each after 0, 1 and 4 sweeps; and what Kaufman's formula says of 64 × 64 spins."""
    runs = []
    for size, temperature, coupling, algorithm, seed, start in RUNS:
        rng = CounterRNG(seed)
        spins = np.ones((size, size), dtype=int)
        if start == "random":
            spins = np.where(rng.uint32(size**2) < 2**31, 1, -1).reshape(size, size)
        noise, states = sfc32(rng), []
        rule = metropolis if algorithm == "metropolis" else heat_bath
        for sweeps in (0, 1, 3):
            for _ in range(sweeps):
                sweep(spins, rule, temperature, coupling, noise)
            energy = ising.energy(spins, coupling) / size**2
            state = {"sweeps": sweeps, "checksum": checksum(spins), "energy_per_spin": energy}
            states.append(state | {"magnetization": float(spins.mean())})
        options = {"size": size, "temperature": temperature, "coupling": coupling, "algorithm": algorithm}
        runs.append({**options, "seed": seed, "start": start, "states": states})
    exact = [
        {
            "temperature": temperature,
            "energy_per_spin": ising.kaufman_torus(64, temperature).energy_per_spin,
            "specific_heat": ising.kaufman_torus(64, temperature).specific_heat,
        }
        for temperature in (1.5, 1.9, 2.1, 2.5, 3.0, 4.5)
    ]
    return {"runs": runs, "exact": exact}
