"""Checks and data for the exercises of the chapter on the Ising model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ising import CRITICAL_TEMPERATURE
from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- ising-1: what one flip costs (with variants) -----------------------------------------------------------


@dataclass(frozen=True)
class Flip:
    """Data of ``ising-1``: a 5 × 5 torus of spins, a site, a coupling and a field."""

    spins: np.ndarray
    row: int
    column: int
    coupling: float
    field: float


def flip_puzzle(seed: int) -> Flip:
    """Draw a lattice, a site on its edge, a coupling and a field, such that every typical slip shows."""
    rng = CounterRNG(seed, stream=1)
    while True:
        spins = _random_spins(rng, (5, 5), up=0.6)
        row, column = 4 * int(rng.integers(0, 2)), int(rng.integers(0, 5))
        puzzle = Flip(spins, row, column, float(rng.integers(1, 4)), float(rng.integers(1, 8)) / 4)
        values = [flip_cost(puzzle), *(slip.answer for slip in _flip_slips(puzzle))]
        if len(set(values)) == len(values):
            return puzzle


def flip_cost(puzzle: Flip, wrap: bool = True) -> float:
    """Return ΔE = 2 s (J Σ + h); with ``wrap=False`` a site on the edge has no neighbour beyond it."""
    row, column = puzzle.row, puzzle.column
    total = 0
    for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
        if wrap or (0 <= r < 5 and 0 <= c < 5):
            total += int(puzzle.spins[r % 5, c % 5])
    return 2.0 * int(puzzle.spins[row, column]) * (puzzle.coupling * total + puzzle.field)


def _flip_slips(puzzle: Flip) -> tuple[Slip, ...]:
    cost = flip_cost(puzzle)
    field_part = 2.0 * int(puzzle.spins[puzzle.row, puzzle.column]) * puzzle.field
    return (
        Slip(cost / 2, "a flip takes each term from −x to +x, which is twice x; the factor 2 is missing."),
        Slip(-cost, "the sign is reversed: ΔE is the energy after the flip minus the energy before."),
        Slip(flip_cost(puzzle, wrap=False), "a neighbour is missing: the lattice wraps around its edges."),
        Slip(cost - field_part, "the field is missing: a flip also turns the spin against h, or along it."),
        Slip(cost - field_part / 2, "the field's part needs the factor 2 as well: −hs becomes +hs."),
    )


@exercise("ising-1", variant=flip_puzzle)
def check_flip(answer: Any, puzzle: Flip) -> Verdict:
    """The energy change when one spin of a small torus flips."""
    return grade_number(
        "ising-1",
        answer,
        flip_cost(puzzle),
        what="the change of energy",
        rtol=1e-9,
        atol=1e-9,
        slips=_flip_slips(puzzle),
        right="All four neighbours, the field and the factor 2 are in.",
    )


# --- ising-2: three spins on a ring -------------------------------------------------------------------------


def ring_correlation(temperature: float, coupling: float) -> float:
    """Return ⟨s₁s₂⟩ of three mutual neighbours: 2 states with all alike, 6 with one odd spin."""
    alike, odd = 2 * np.exp(3 * coupling / temperature), 6 * np.exp(-coupling / temperature)
    return float((alike - odd / 3) / (alike + odd))


def _ring_uncounted(temperature: float, coupling: float) -> float:
    alike, odd = np.exp(3 * coupling / temperature), np.exp(-coupling / temperature)
    return float((alike - odd / 3) / (alike + odd))


def _ring_all_disagree(temperature: float, coupling: float) -> float:
    alike, odd = 2 * np.exp(3 * coupling / temperature), 6 * np.exp(-coupling / temperature)
    return float((alike - odd) / (alike + odd))


RING_SLIPS = (
    Slip(_ring_uncounted, "Count the arrangements: 2 have all spins alike, 6 have one that differs."),
    Slip(lambda t, j: float(np.tanh(j / t)), "That is two spins alone; the third links them a second time."),
    Slip(lambda t, j: ring_correlation(1.0, j), "The temperature is missing: the weight is exp(−E/T)."),
    Slip(_ring_all_disagree, "With one odd spin, s₁s₂ is −1 in only two cases of three."),
    Slip(lambda t, j: ring_correlation(j, t) if j else np.nan, "T and J have changed places: it is J/T."),
    Slip(lambda t, j: ring_correlation(t, -j), "The sign of the energy: E = −J(s₁s₂ + s₂s₃ + s₃s₁)."),
)


@exercise("ising-2")
def check_ring(answer: Any) -> Verdict:
    """The pair correlation of three spins on a ring, as a function."""
    inputs = ((2, 1), (1, 1), (3, 0.5), (2, 0), (2, -1), (0.1, 1), (0.1, -1), (100, 1))
    return grade_function(
        "ising-2",
        answer,
        ring_correlation,
        [Case(f"T = {t:g}, J = {j:g}", (t, j)) for t, j in inputs],
        slips=RING_SLIPS,
        signature="pair_correlation(temperature, coupling)",
        rtol=1e-6,
        right="Right for both signs of J. For J < 0 it never passes −1/3: three spins cannot all disagree.",
    )


# --- ising-3: the energy of a lattice -----------------------------------------------------------------------


def torus_energy(spins: np.ndarray, coupling: float = 1.0, field: float = 0.0) -> float:
    """Return E = −J Σ ss′ − h Σ s, each bond of the torus counted once."""
    spins = np.asarray(spins, dtype=float)
    bonds = np.sum(spins * np.roll(spins, -1, 0)) + np.sum(spins * np.roll(spins, -1, 1))
    return float(-coupling * bonds - field * np.sum(spins))


def _open_energy(spins: np.ndarray, coupling: float, field: float) -> float:
    spins = np.asarray(spins, dtype=float)
    bonds = np.sum(spins[1:] * spins[:-1]) + np.sum(spins[:, 1:] * spins[:, :-1])
    return float(-coupling * bonds - field * np.sum(spins))


ENERGY_SLIPS = (
    Slip(lambda s, j, h: torus_energy(s, 2 * j, h), "Each bond is counted twice: look right and down only."),
    Slip(_open_energy, "The lattice wraps around: the last row is a neighbour of the first."),
    Slip(lambda s, j, h: torus_energy(s, -j, h), "The sign of J: like neighbours lower E when J > 0."),
    Slip(lambda s, j, h: torus_energy(s, j, -h), "The sign of the field: a spin along h lowers E."),
    Slip(lambda s, j, h: torus_energy(s, -j, -h), "Both signs are reversed: E = −J Σ ss′ − h Σ s."),
    Slip(lambda s, j, h: torus_energy(s, j, h / 2), "The field is halved: only bonds are shared by two sites."),
    Slip(lambda s, j, h: torus_energy(s, j, 0.0), "The field's part, −h Σ s, is missing."),
    Slip(lambda s, j, h: torus_energy(s, 1.0, h), "The coupling J is not used."),
    Slip(lambda s, j, h: torus_energy(s, j, h) / np.size(s), "That is per spin; the whole energy is asked."),
)


@exercise("ising-3")
def check_energy(answer: Any) -> Verdict:
    """The energy of a whole lattice, as a function."""
    rng = CounterRNG(3, stream=1)
    drawn, oblong = _random_spins(rng, (6, 6)), _random_spins(rng, (3, 5))
    cases = [
        Case("a random 6 × 6 lattice with J = 1, h = 0", (drawn, 1.0, 0.0)),
        Case("the same with J = 1, h = 0.3", (drawn, 1.0, 0.3)),
        Case("the same with J = −0.5, h = 0", (drawn, -0.5, 0.0)),
        Case("4 × 4 all up, J = 1, h = 1", (np.ones((4, 4), dtype=np.int8), 1.0, 1.0)),
        Case("a 4 × 4 chessboard, J = 1, h = 1", (_chessboard(4), 1.0, 1.0)),
        Case("12 × 12 all up in int8, J = 1, h = 0", (np.ones((12, 12), dtype=np.int8), 1.0, 0.0)),
        Case("an oblong, 3 × 5, with J = 1, h = −0.2", (oblong, 1.0, -0.2)),
    ]
    return grade_function(
        "ising-3", answer, torus_energy, cases, slips=ENERGY_SLIPS, signature="energy(spins, coupling, field)"
    )


# --- ising-5: mean field on the cubic lattice ---------------------------------------------------------------


def mean_field_root(temperature: float, neighbors: int) -> float:
    """Return the root of m = tanh(z m/T) (J = 1) that iteration from m = 1 reaches."""
    m = 1.0
    for _ in range(2000):
        m = float(np.tanh(neighbors * m / temperature))
    return m


CUBIC_MAGNETIZATION = mean_field_root(4.0, 6)
CUBIC_SLIPS = (
    Slip(0.0, "m = 0 does solve the equation, but below T_c it is a maximum of F, not a minimum."),
    Slip(-CUBIC_MAGNETIZATION, "this root is a minimum as well; the exercise asks for the positive one."),
    Slip(6.0, "this is T_c; the exercise asks for m at T = 4."),
    Slip(np.tanh(1.5), "this is one step of the iteration from m = 1; go on until m stays."),
    Slip(mean_field_root(4.0, 5), "a site of the cubic lattice has two neighbours in each direction."),
    Slip(mean_field_root(4.0, 12), "one spin feels z neighbours, so the slope is zJ/T, with no factor 2."),
    Slip(mean_field_root(4.0, 8), "a cube has eight corners, but a site has six nearest neighbours."),
)


@exercise("ising-5")
def check_cubic(answer: Any) -> Verdict:
    """The mean-field magnetisation of the cubic lattice at T = 4."""
    return grade_number(
        "ising-5",
        answer,
        CUBIC_MAGNETIZATION,
        what="the magnetisation m",
        rtol=2e-3,
        atol=1e-4,
        slips=CUBIC_SLIPS,
        right="Six neighbours give T_c = 6 in mean field, so T = 4 is well inside the ordered phase.",
    )


# --- ising-6: an honest error bar (with variants) -----------------------------------------------------------

SERIES_LENGTH = 4096
SERIES_MEMORY = 0.8  # the share of each deviation that the next measurement keeps
SERIES_NOISE = 0.05


def correlated_series(seed: int) -> np.ndarray:
    """Return 4096 measurements around 0.5; each keeps 0.8 of the deviation before it, from the start."""
    noise = np.asarray(CounterRNG(seed, stream=6).standard_normal(SERIES_LENGTH))
    deviations = np.empty(SERIES_LENGTH)
    deviations[0] = noise[0] / np.sqrt(1 - SERIES_MEMORY**2)
    for step in range(1, SERIES_LENGTH):
        deviations[step] = SERIES_MEMORY * deviations[step - 1] + noise[step]
    return 0.5 + SERIES_NOISE * deviations


def series_error() -> float:
    """Return the exact standard error of the mean of :func:`correlated_series`, the same for every seed."""
    deviation = SERIES_NOISE / np.sqrt(1 - SERIES_MEMORY**2)
    lags = np.arange(1, SERIES_LENGTH)
    inflation = 1 + 2 * np.sum((1 - lags / SERIES_LENGTH) * SERIES_MEMORY**lags)
    return float(deviation * np.sqrt(inflation / SERIES_LENGTH))


SHORT_BLOCKS = "blocks of {} still remember each other: lengthen them until the error stops growing."


def _block_error(series: np.ndarray, length: int) -> float:
    means = series.reshape(-1, length).mean(axis=1)
    return float(np.std(means, ddof=1) / np.sqrt(means.size))


@exercise("ising-6", variant=correlated_series)
def check_blocking(answer: Any, series: np.ndarray) -> Verdict:
    """The standard error of the mean of a correlated series."""
    spread = float(np.std(series))
    slips = (
        Slip(spread / np.sqrt(series.size), "this takes the measurements for independent; they are not."),
        Slip(spread, "this is the spread of single measurements; the mean of many is known better."),
        Slip(float(np.mean(series)), "this is the mean itself; its uncertainty is asked."),
        Slip(series_error() ** 2, "this looks like a variance; take its square root."),
        *(Slip(_block_error(series, length), SHORT_BLOCKS.format(length)) for length in (2, 4, 8)),
    )
    return grade_number(
        "ising-6",
        answer,
        series_error(),
        what="the standard error of the mean",
        rtol=0.35,  # an error bar from a few dozen blocks is itself uncertain by some ten per cent
        slips=slips,
        right="The blocks were long enough to forget one another, and many enough to average.",
    )


# --- ising-7: the order of an antiferromagnet ---------------------------------------------------------------


def staggered(spins: np.ndarray) -> float:
    """Return the mean of (−1)^(row + column) s."""
    spins = np.asarray(spins, dtype=float)
    return float(np.mean(spins * np.where(np.indices(spins.shape).sum(axis=0) % 2, -1, 1)))


def _striped(spins: np.ndarray, axis: int) -> float:
    return float(np.mean(spins * np.where(np.indices(np.shape(spins))[axis] % 2, -1, 1)))


STAGGERED_SLIPS = (
    Slip(lambda s: float(np.mean(s)), "That is the magnetisation; every second square needs a minus sign."),
    Slip(lambda s: _striped(s, 0), "The sign must change along a row too, not only from row to row."),
    Slip(lambda s: _striped(s, 1), "The sign must change from row to row too, not only along a row."),
    Slip(lambda s: -staggered(s), "Right up to the convention: let the corner (0, 0) count as +."),
    Slip(lambda s: abs(staggered(s)), "The sign tells the two chessboards apart; keep it."),
    Slip(lambda s: staggered(s) * np.size(s), "That is the sum over the sites; the mean is asked."),
)


@exercise("ising-7")
def check_staggered(answer: Any) -> Verdict:
    """The order parameter of an antiferromagnet, as a function."""
    chess = _chessboard(6)
    defect = chess.copy()
    defect[2, 3] *= -1
    stripes = np.where(np.indices((6, 6))[0] % 2, -1, 1).astype(np.int8)
    cases = [
        Case("a 6 × 6 chessboard with + in the corner", (chess,)),
        Case("the same with one spin wrong", (defect,)),
        Case("the other chessboard", (-chess,)),
        Case("4 × 4 all up", (np.ones((4, 4), dtype=np.int8),)),
        Case("stripes", (stripes,)),
        Case("a random 8 × 8 lattice", (_random_spins(CounterRNG(7, stream=1), (8, 8)),)),
    ]
    return grade_function(
        "ising-7", answer, staggered, cases, slips=STAGGERED_SLIPS, signature="staggered_magnetization(spins)"
    )


# --- ising-8: the coupling of iron --------------------------------------------------------------------------

BOLTZMANN_MEV = 0.08617333262  # meV per kelvin
IRON_CURIE = 1043.0  # kelvin
IRON_SLIPS = (
    Slip(BOLTZMANN_MEV * IRON_CURIE, "this is k_B T_c itself; on the square lattice k_B T_c = 2.269 J."),
    Slip(BOLTZMANN_MEV * IRON_CURIE * CRITICAL_TEMPERATURE, "divide by 2.269, do not multiply: k_B T_c = 2.269 J."),
    Slip(BOLTZMANN_MEV * IRON_CURIE / 4, "this uses the mean-field value 4 in place of 2.269."),
    Slip(BOLTZMANN_MEV * IRON_CURIE / CRITICAL_TEMPERATURE / 1000, "this is in electronvolts; meV are asked."),
    Slip(BOLTZMANN_MEV * (IRON_CURIE - 273.15) / CRITICAL_TEMPERATURE, "this is with degrees Celsius; take kelvin."),
    Slip(IRON_CURIE / CRITICAL_TEMPERATURE, "this is J/k_B in kelvin; multiply by k_B."),
)


@exercise("ising-8")
def check_iron(answer: Any) -> Verdict:
    """The coupling, in meV, that gives the square lattice iron's Curie temperature."""
    return grade_number(
        "ising-8",
        answer,
        BOLTZMANN_MEV * IRON_CURIE / CRITICAL_TEMPERATURE,
        what="J in meV",
        rtol=2e-2,  # 40, rounded as one rounds meV, is right
        slips=IRON_SLIPS,
        right="Some tens of meV: about a thousand times the energy of two such atoms' dipoles.",
    )


# --- ising-9: renormalising a chain -------------------------------------------------------------------------


def decimated(coupling: float) -> float:
    """Return K′ with tanh K′ = tanh² K, written so that large K keeps its digits."""
    return float(0.5 * (np.logaddexp(2 * coupling, -2 * coupling) - np.log(2)))


DECIMATION_SLIPS = (
    Slip(lambda k: float(np.tanh(k) ** 2), "That is tanh K′; undo the tanh."),
    Slip(lambda k: float(np.cosh(2 * k)), "That is exp(2K′); take half its logarithm."),
    Slip(lambda k: 2 * decimated(k), "A factor 2: the ratio of the two sums is exp(2K′), not exp(K′)."),
    Slip(lambda k: k / 2, "Halving K is not what the sum over the middle spin gives."),
    Slip(lambda k: k * k, "K² is only the limit of small K."),
    Slip(lambda k: k, "Nothing has changed: sum over both signs of the spin in the middle."),
)


@exercise("ising-9")
def check_decimation(answer: Any) -> Verdict:
    """The coupling between every second spin of a chain once the others are summed out."""
    return grade_function(
        "ising-9",
        answer,
        decimated,
        [Case(f"K = {k:g}", (k,)) for k in (0.5, 1.0, 0.1, 2.0, 0.0, -1.0, 5.0)],
        slips=DECIMATION_SLIPS,
        signature="decimate(coupling)",
        rtol=1e-6,
        right="K′ < K for every K > 0: zoomed out, a chain always looks hotter, so it never orders.",
    )


# --- shared data --------------------------------------------------------------------------------------------


def _random_spins(rng: CounterRNG, shape: tuple[int, int], up: float = 0.5) -> np.ndarray:
    return np.where(np.asarray(rng.random(shape)) < up, 1, -1).astype(np.int8)


def _chessboard(size: int) -> np.ndarray:
    return np.where(np.indices((size, size)).sum(axis=0) % 2, -1, 1).astype(np.int8)
