"""Checks and data for the exercises of the chapter on probability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- probability-1: turn the bar round (with variants) ------------------------------------------------------


@dataclass(frozen=True)
class Factory:
    """Data of ``probability-1``: three machines' shares of the output, and how often each makes a faulty piece."""

    shares: np.ndarray
    faulty: np.ndarray


def factory(seed: int) -> Factory:
    """Draw shares in steps of 5 % and faults in whole per cent, such that every typical slip shows."""
    rng = CounterRNG(seed, stream=1)
    while True:
        first, second = (5 * int(rng.integers(3, 10)) for _ in range(2))
        shares = np.array([first, second, 100 - first - second]) / 100
        faulty = np.array([int(rng.integers(1, 13)) for _ in range(3)]) / 100
        puzzle = Factory(shares, faulty)
        values = [third_given_faulty(puzzle), *(slip.answer for slip in _factory_slips(puzzle))]
        gaps = [abs(a - b) / b for a in values for b in values if a is not b]
        if shares[2] >= 0.1 and min(gaps) > 0.03:
            return puzzle


def third_given_faulty(puzzle: Factory) -> float:
    """Return p(third machine | faulty) by Bayes' rule."""
    column = puzzle.shares * puzzle.faulty
    return float(column[2] / column.sum())


def _factory_slips(puzzle: Factory) -> tuple[Slip, ...]:
    shares, faulty = puzzle.shares, puzzle.faulty
    right = third_given_faulty(puzzle)
    return (
        Slip(faulty[2], "that is p(faulty | third); the bar is still to be turned round."),
        Slip(shares[2] * faulty[2], "that is the joint probability; divide it by the sum of its column."),
        Slip(shares[2], "that is the third machine's share before anything was known about the piece."),
        Slip(
            faulty[2] / faulty.sum(), "this treats the machines as equally busy; weigh them by their shares."
        ),
        Slip(float(shares @ faulty), "that is p(faulty), the sum of the column; it is what one divides by."),
        Slip(1 - right, "that is the probability that it was one of the other two."),
    )


@exercise("probability-1", variant=factory)
def check_factory(answer: Any, puzzle: Factory) -> Verdict:
    """Which machine made the faulty piece."""
    return grade_number(
        "probability-1",
        answer,
        third_given_faulty(puzzle),
        what="p(third machine | faulty)",
        slips=_factory_slips(puzzle),
        right="The shares went in as the prior, and the column adds up to one.",
    )


# --- probability-2: a density in other units ----------------------------------------------------------------

PER_MINUTE = 1 / math.sqrt(2 * math.pi * 3**2)
UNIT_SLIPS = (
    Slip(PER_MINUTE, "this is per minute; an hour holds sixty times as much."),
    Slip(PER_MINUTE / 60, "turned round: a longer unit holds more probability, not less."),
    Slip(PER_MINUTE * 3600, "one factor of 60 is enough: σ = 0.05 hours stands in it once, not squared."),
    Slip(1 / (2 * math.pi * 0.05**2), "the square root in front of the bell is missing."),
    Slip(1 / 0.05, "this is 1/σ; the factor 1/√(2π) is missing."),
    Slip(1 / math.sqrt(2 * math.pi * 0.05), "the bell has σ² under the root, not σ."),
)


@exercise("probability-2")
def check_unit(answer: Any) -> Verdict:
    """The peak of a normal density, per hour."""
    return grade_number(
        "probability-2",
        answer,
        60 * PER_MINUTE,
        what="the peak per hour",
        slips=UNIT_SLIPS,
        right="Well above one, as a density may be: nearly all of it lies within twenty minutes.",
    )


# --- probability-3: maximum likelihood with two faces tied --------------------------------------------------


def tied(counts: Sequence[float]) -> np.ndarray:
    """Return the best p with p₁ = p₂: frequencies, the first two replaced by their mean."""
    p = np.asarray(counts, dtype=float) / np.sum(counts)
    p[:2] = p[:2].mean()
    return p


def _first_two(counts: Sequence[float], value: float) -> np.ndarray:
    """Frequencies, with both first faces at ``value`` rolls."""
    s = np.asarray(counts, dtype=float)
    return np.concatenate([[value, value], s[2:]])


def _untied(counts: Sequence[float]) -> np.ndarray:
    return np.asarray(counts, dtype=float) / np.sum(counts)


def _price_of_one(counts: Sequence[float]) -> np.ndarray:
    return _first_two(counts, counts[0] + counts[1]) / np.sum(counts)


def _normalized_afterwards(counts: Sequence[float]) -> np.ndarray:
    rolls = _first_two(counts, counts[0] + counts[1])
    return rolls / rolls.sum()


def _geometric(counts: Sequence[float]) -> np.ndarray:
    rolls = _first_two(counts, math.sqrt(counts[0] * counts[1]))
    return rolls / rolls.sum()


TIED_SLIPS = (
    Slip(_untied, "These are the frequencies; the first two faces have to be equally likely."),
    Slip(_price_of_one, "The sum exceeds 1: a stands twice in the budget, so its derivative contains 2λ."),
    Slip(
        _normalized_afterwards, "It adds up to 1, but a costs 2λ; dividing at the end changes the others too."
    ),
    Slip(_geometric, "The logarithms add: ln a comes s₁ + s₂ times. No square root of a product arises."),
    Slip(
        lambda s: tied(s) * np.sum(s), "Those are counts; the price λ, their sum, makes them probabilities."
    ),
    Slip(lambda s: float(tied(s)[0]), "That is a alone; return the probabilities of all V faces."),
)


@exercise("probability-3")
def check_tied(answer: Any) -> Verdict:
    """The maximum-likelihood law of a die whose first two faces are equally likely, as a function."""
    inputs = ((1, 2, 0, 1), (3, 5, 2, 10), (0, 8, 2), (4, 0, 0, 0, 4), (7, 1), (30, 20, 25, 25, 0, 50))
    return grade_function(
        "probability-3",
        answer,
        tied,
        [Case(f"counts {counts}", (list(counts),)) for counts in inputs],
        slips=TIED_SLIPS,
        signature="tied_mle(counts)",
        right="Right: the two faces share their frequency, and the price is still the number of rolls.",
    )


# --- probability-4: the log-likelihood of a die -------------------------------------------------------------


def die_log_likelihood(rolls: Sequence[int], p: Sequence[float]) -> float:
    """Return Σ s_v ln p_v over the faces that came."""
    counts = np.bincount(rolls, minlength=len(p))
    return float(sum(s * math.log(q) for s, q in zip(counts, p, strict=True) if s))


def _with_orders(rolls: Sequence[int], p: Sequence[float]) -> float:
    counts = np.bincount(rolls, minlength=len(p))
    orders = math.lgamma(len(rolls) + 1) - sum(math.lgamma(s + 1) for s in counts)
    return die_log_likelihood(rolls, p) + orders


DIE_SLIPS = (
    Slip(lambda y, p: -die_log_likelihood(y, p), "That is the negative log-likelihood; a sign too many."),
    Slip(lambda y, p: math.exp(die_log_likelihood(y, p)), "That is the likelihood itself, which underflows."),
    Slip(lambda y, p: die_log_likelihood(y, p) / len(y), "That is the mean per roll; the sum is asked."),
    Slip(lambda y, p: die_log_likelihood(y, p) / math.log(2), "Natural logarithms, please; that is in bits."),
    Slip(lambda y, p: die_log_likelihood(y, p) / math.log(10), "That is with log10; take the natural one."),
    Slip(_with_orders, "The number of orders has crept in; these rolls came in one order, so it is 1."),
)


@exercise("probability-4")
def check_die(answer: Any) -> Verdict:
    """The log-likelihood of rolls, as a function."""
    four, many = np.array([0.1, 0.2, 0.3, 0.4]), CounterRNG(4, stream=1)
    cases = [
        Case("rolls (0, 1, 1, 3), p = (0.1, 0.2, 0.3, 0.4)", (np.array([0, 1, 1, 3]), four)),
        Case("the same rolls in another order", (np.array([1, 3, 0, 1]), four)),
        Case("one roll", (np.array([2]), four)),
        Case("100,000 rolls", (np.asarray(many.integers(0, 4, size=100_000)), four)),
        Case("a face with p = 0 that never came", (np.array([0, 2, 2]), np.array([0.5, 0.0, 0.5]))),
        Case("the last faces never came", (np.array([0, 0, 1]), four)),
    ]
    return grade_function(
        "probability-4",
        answer,
        die_log_likelihood,
        cases,
        slips=DIE_SLIPS,
        signature="log_likelihood(rolls, p)",
        right="Right, even where the product of the probabilities is far below what a computer can hold.",
    )


# --- probability-6: ten more tosses -------------------------------------------------------------------------


def heads_variance(a: float, b: float, n: int) -> float:
    """Return the variance of the number of heads in n tosses of a coin that follows Beta(a, b)."""
    mean, spread = _beta_moments(a, b)
    return n * mean * (1 - mean) + n * (n - 1) * spread


def _beta_moments(a: float, b: float) -> tuple[float, float]:
    return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))


def _plug_in(a: float, b: float, n: int) -> float:
    mean, _ = _beta_moments(a, b)
    return n * mean * (1 - mean)


HEADS_SLIPS = (
    Slip(
        _plug_in,
        "That is the plug-in variance: it takes μ for known. Tosses that are independent given μ are not so "
        "when μ is unknown, for each tells something about the others.",
    ),
    Slip(
        lambda a, b, n: _plug_in(a, b, n) + n**2 * _beta_moments(a, b)[1],
        "The noise is ⟨nμ(1 − μ)⟩, and ⟨μ²⟩ is larger than the square of ⟨μ⟩ by Var μ.",
    ),
    Slip(lambda a, b, n: n**2 * _beta_moments(a, b)[1], "That is the ignorance alone; add the mean noise."),
    Slip(
        lambda a, b, n: _plug_in(a, b, n) - n * _beta_moments(a, b)[1],
        "That is the mean noise alone; add what comes from not knowing μ.",
    ),
    Slip(
        lambda a, b, n: n**2 * _plug_in(a, b, 1),
        "That is n times the same toss; n tosses of the same coin share μ, but not their noise.",
    ),
    Slip(lambda a, b, n: math.sqrt(heads_variance(a, b, n)), "That is the standard deviation."),
)


@exercise("probability-6")
def check_heads(answer: Any) -> Verdict:
    """The predictive variance of the number of heads, as a function."""
    inputs = ((4, 1, 10), (1, 1, 2), (2, 3, 5), (50, 50, 10), (0.5, 2.5, 7), (4, 1, 1))
    return grade_function(
        "probability-6",
        answer,
        heads_variance,
        [Case(f"a = {a:g}, b = {b:g}, n = {n}", (a, b, n)) for a, b, n in inputs],
        slips=HEADS_SLIPS,
        signature="predictive_variance(a, b, n)",
        right="Right. For n = 1 it is the plug-in, and for large n it grows as n².",
    )


# --- probability-7: a sampler -------------------------------------------------------------------------------


def drawn(weights: Sequence[float], u: float) -> int:
    """Return the smallest index whose cumulative sum is greater than u times the whole."""
    ends = np.cumsum(weights)
    return int(np.searchsorted(ends, u * ends[-1], side="right"))


def _lower_bound(weights: Sequence[float], u: float) -> int:
    ends = np.cumsum(weights)
    return int(np.searchsorted(ends, u * ends[-1], side="left"))


DRAW_SLIPS = (
    Slip(_lower_bound, "That is the lower bound: at an end it takes the plank that has just stopped."),
    Slip(
        lambda w, u: int(np.searchsorted(np.cumsum(w), u, side="right")),
        "Scale u by the whole length: the weights need not add up to one.",
    ),
    Slip(lambda w, u: drawn(w, u) + 1, "Indices count from 0."),
    Slip(lambda w, u: int(u * len(w)), "That draws every index equally often; the weights are not used."),
    Slip(lambda w, u: int(np.argmax(w)), "That always takes the heaviest; u is not used."),
)


@exercise("probability-7")
def check_draw(answer: Any) -> Verdict:
    """Drawing by cumulative sum, as a function."""
    cases = [Case(f"(0.2, 0.5, 0.3) at u = {u:g}", ([0.2, 0.5, 0.3], u)) for u in (0.1, 0.5, 0.9, 0.69999)]
    cases += [
        Case("(0.2, 0.5, 0.3) at u = 0.2, an end", ([0.2, 0.5, 0.3], 0.2)),
        Case("(0.2, 0.5, 0.3) at u = 0.7, an end", ([0.2, 0.5, 0.3], 0.7)),
        Case("(2, 5, 3) at u = 0.75: weights that do not add up to one", ([2, 5, 3], 0.75)),
        Case("(0, 0.6, 0.4) at u = 0: the first is impossible", ([0.0, 0.6, 0.4], 0.0)),
        Case("(0.5, 0, 0.5) at u = 0.5: the second is impossible", ([0.5, 0.0, 0.5], 0.5)),
        Case("(1, 1, 0) at u just below 1: the last is impossible", ([1, 1, 0], 1 - 2**-53)),
    ]
    return grade_function(
        "probability-7",
        answer,
        drawn,
        cases,
        slips=DRAW_SLIPS,
        signature="draw(weights, u)",
        right="Right, at the ends too: no outcome with weight zero is ever drawn.",
    )


# --- probability-8: one more digit --------------------------------------------------------------------------

HIT = math.pi / 4
DARTS = 16 * HIT * (1 - HIT) / 0.001**2
DARTS_SLIPS = (
    Slip(DARTS / 16, "that makes the error of the *share* 0.001; the estimate of π is four times the share."),
    Slip(DARTS / 4, "the factor 4 stands in σ, so σ² has 16."),
    Slip(math.sqrt(DARTS), "N is the *square* of σ over the error."),
    Slip(16 * HIT / 0.001**2, "the variance of a hit is μ(1 − μ), not μ."),
    Slip(16 * math.sqrt(HIT * (1 - HIT)) / 0.001**2, "that has σ where σ² belongs."),
    Slip(1 / 0.001**2, "that is 1/error²; the spread σ of a single dart is missing."),
)


@exercise("probability-8")
def check_darts(answer: Any) -> Verdict:
    """How many darts an error of 0.001 takes."""
    return grade_number(
        "probability-8",
        answer,
        DARTS,
        what="the number of darts",
        rtol=0.01,
        slips=DARTS_SLIPS,
        right="Between two and three million; the digits of pi come cheaper by other means.",
    )


# --- probability-9: the best bell ---------------------------------------------------------------------------


def best_bell(data: Sequence[float]) -> np.ndarray:
    """Return the maximum-likelihood mean and variance."""
    data = np.asarray(data, dtype=float)
    return np.array([data.mean(), ((data - data.mean()) ** 2).mean()])


def _with_spread(spread: Any) -> Any:
    return lambda data: np.array([np.mean(data), spread(np.asarray(data, dtype=float))])


def _unbiased(x: np.ndarray) -> float:
    return float(np.sum((x - x.mean()) ** 2) / max(x.size - 1, 1))


BELL_SLIPS = (
    Slip(_with_spread(_unbiased), "Dividing by N − 1 removes a bias, but has less likelihood."),
    Slip(_with_spread(np.std), "The second value is σ; the variance σ² is asked."),
    Slip(_with_spread(lambda x: np.sum((x - x.mean()) ** 2)), "Divide the sum of squares by N."),
    Slip(_with_spread(lambda x: np.mean(x**2)), "Take the squares of the distances from the mean."),
    Slip(_with_spread(lambda x: np.mean(np.abs(x - x.mean()))), "Squared distances, not their sizes."),
    Slip(
        lambda x: np.array([np.median(x), np.var(x)]), "The bell's best centre is the mean, not the median."
    ),
)


@exercise("probability-9")
def check_bell(answer: Any) -> Verdict:
    """The maximum-likelihood mean and variance of a normal law, as a function."""
    normal = np.asarray(CounterRNG(9, stream=1).standard_normal(50))
    cases = [
        Case("data (1, 2, 6)", ([1.0, 2.0, 6.0],)),
        Case("fifty draws around 3 with deviation 2", (3 + 2 * normal,)),
        Case("all alike", ([4.0, 4.0, 4.0],)),
        Case("one number", ([7.0],)),
    ]
    return grade_function(
        "probability-9",
        answer,
        best_bell,
        cases,
        slips=BELL_SLIPS,
        signature="fit_bell(data)",
        right="Right: the mean, and the mean squared deviation. Its bias, the factor 1 − 1/N, is small.",
    )
