"""Checks and data for the exercises of the chapter on alignment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- alignment-1: three answers, tilted (with variants) -----------------------------------------------------


@dataclass(frozen=True)
class Bent:
    """Data of ``alignment-1``: three answers, how a model gives them, what they earn, and the price of divergence."""

    reference: tuple[float, float, float]
    reward: tuple[float, float, float]
    beta: float


@lru_cache(maxsize=64)  # a good puzzle is drawn for, and a check asks for it again
def bent_puzzle(seed: int) -> Bent:
    """Draw three answers, of which the last is rare and good, such that every typical slip gives another number."""
    rng = CounterRNG(seed, stream=1)
    while True:
        last, first = (int(k) / 20 for k in (rng.integers(1, 7), rng.integers(7, 12)))
        reference = (first, round(1 - first - last, 2), last)
        reward = (0.0, float(rng.integers(-2, 3)) / 2, float(rng.integers(2, 7)) / 2)
        puzzle = Bent(reference, reward, (0.5, 0.8, 1.25, 2.0, 2.5)[int(rng.integers(0, 5))])
        if reference[1] < 0.1:
            continue
        values = [tilted(puzzle), *_unbent(puzzle)]
        if all(abs(a - b) > 0.02 * max(abs(a), abs(b)) for k, a in enumerate(values) for b in values[:k]):
            return puzzle


def _share(weights: Sequence[float]) -> float:
    """Return the last weight over the sum."""
    return weights[-1] / sum(weights)


def tilted(puzzle: Bent) -> float:
    """Return the probability of the last answer, π_ref e^{r/β} over the sum."""
    return _share([p * math.exp(r / puzzle.beta) for p, r in zip(puzzle.reference, puzzle.reward, strict=True)])


def _unbent(puzzle: Bent) -> tuple[float, ...]:
    pairs, beta = list(zip(puzzle.reference, puzzle.reward, strict=True)), puzzle.beta
    last, earned = pairs[-1]
    return (
        _share([math.exp(r / beta) for _, r in pairs]),
        _share([p * math.exp(r * beta) for p, r in pairs]),
        last * math.exp(earned / beta),
        _share([p * math.exp(-r / beta) for p, r in pairs]),
        last,
    )


BENT_REPLIES = (
    "the reference is missing: that is a softmax of the rewards, for which all answers are equally likely before.",
    "a reward counts r/β, not rβ: β is a temperature.",
    "that is its weight; divide by the sum of all three.",
    "the sign: a large reward is a low energy.",
    "that is the reference, before the tilt.",
)


@exercise("alignment-1", variant=bent_puzzle)
def check_bent(answer: Any, puzzle: Bent) -> Verdict:
    """The probability of the last of three answers under the best policy."""
    return grade_number(
        "alignment-1",
        answer,
        tilted(puzzle),
        what="the last answer's probability",
        rtol=4e-3,
        slips=[Slip(value, reply) for value, reply in zip(_unbent(puzzle), BENT_REPLIES, strict=True)],
        right="Reference times e to the reward over β, over the sum.",
    )


# --- alignment-2: the mask ----------------------------------------------------------------------------------

Row, Marks = Sequence[int], Sequence[bool]


def targets(ids: Row, answer: Marks) -> list[int]:
    """Return for each place the next token if that belongs to an answer, −1 otherwise."""
    return [ids[t + 1] if answer[t + 1] else -1 for t in range(len(ids) - 1)] + [-1]


def _without_ends(ids: Row, answer: Marks) -> list[int]:
    ends = [answer[t] and (t + 1 == len(ids) or not answer[t + 1]) for t in range(len(ids))]
    return targets(ids, [mark and not end for mark, end in zip(answer, ends, strict=True)])


TARGET_SLIPS = (
    Slip(
        lambda ids, answer: [one if mark else -1 for one, mark in zip(ids, answer, strict=True)],
        "A place predicts the next token, not itself: tokens and marks both move by one.",
    ),
    Slip(
        lambda ids, answer: [ids[t + 1] if answer[t] else -1 for t in range(len(ids) - 1)] + [-1],
        "The tokens have moved, the marks have not: what is asked is whether the next token belongs to an answer.",
    ),
    Slip(_without_ends, "The end of an answer is part of it; without it nothing teaches the model to stop."),
    Slip(lambda ids, answer: [*ids[1:], -1], "That asks for all tokens, the user's too."),
    Slip(
        lambda ids, answer: targets(ids, [not mark for mark in answer]),
        "Those are the user's tokens; the answers are to be learnt.",
    ),
    Slip(lambda ids, answer: targets(ids, answer)[:-1], "One target for each place; the last predicts nothing, −1."),
    Slip(
        lambda ids, answer: [0 if one == -1 else one for one in targets(ids, answer)],
        "0 is a token; where nothing is asked stands −1.",
    ),
)


@exercise("alignment-2")
def check_targets(answer: Any) -> Verdict:
    """What each place of a conversation is to predict, as a function."""
    inputs = (
        ("one question, one answer", [7, 1, 8, 2, 9], "00011"),
        ("two questions, two answers", [7, 4, 9, 8, 5, 6, 9, 7, 3, 9, 8, 1, 9], "0000111000011"),
        ("a system message before", [6, 3, 9, 7, 1, 9, 8, 2, 5, 9], "0000000111"),
        ("a row filled up behind", [7, 1, 9, 8, 2, 9, 0, 0], "00001100"),
        ("a question only", [7, 1, 9, 8], "0000"),
        ("a token", [7], "0"),
    )
    return grade_function(
        "alignment-2",
        answer,
        targets,
        [Case(words, (ids, [mark == "1" for mark in marks])) for words, ids, marks in inputs],
        slips=TARGET_SLIPS,
        signature="targets(ids, answer)",
        right="Tokens and marks moved by one, ends included.",
    )


# --- alignment-3: three slopes ------------------------------------------------------------------------------


def _sigma(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _lead(chosen: Sequence[float], rejected: Sequence[float]) -> np.ndarray:
    return np.asarray(chosen, dtype=float) - np.asarray(rejected, dtype=float)


def pull(chosen: Sequence[float], rejected: Sequence[float]) -> np.ndarray:
    """Return (σ(d) − 1)/B for each pair."""
    return (_sigma(_lead(chosen, rejected)) - 1) / len(chosen)


PULL_SLIPS = (
    Slip(lambda c, r: -pull(c, r), "The sign: a larger reward of what was chosen lowers the loss."),
    Slip(lambda c, r: len(c) * pull(c, r), "The loss is a mean; each pair has a share of 1/B."),
    Slip(lambda c, r: _sigma(_lead(c, r)) / len(c), "That is σ(d); prediction minus target, and the target is 1."),
    Slip(lambda c, r: -_sigma(_lead(c, r)) / len(c), "An upset must pull most; this pulls most where all is well."),
    Slip(lambda c, r: np.log(_sigma(_lead(c, r))) / len(c), "That is minus the loss itself, not its slope."),
    Slip(
        lambda c, r: -_sigma(_lead(c, r)) * (1 - _sigma(_lead(c, r))) / len(c),
        "That is the slope of −σ(d); the logarithm divides by σ(d).",
    ),
)


@exercise("alignment-3")
def check_pull(answer: Any) -> Verdict:
    """The slopes of the loss of comparisons, as a function."""
    inputs = (
        ("the book's three", [0.0, 2.0, -3.0], [0.0, 0.0, 0.0]),
        ("one pair", [1.0], [0.0]),
        ("rewards with a shift", [7.5, 6.0], [6.0, 7.0]),
        ("five pairs", [0.3, -0.2, 1.4, 0.0, 2.2], [0.1, 0.9, -0.6, 0.0, 2.0]),
    )
    return grade_function(
        "alignment-3",
        answer,
        pull,
        [Case(words, (chosen, rejected)) for words, chosen, rejected in inputs],
        slips=PULL_SLIPS,
        signature="pull(chosen, rejected)",
        right="Prediction minus target, once more.",
    )


# --- alignment-4: advantages --------------------------------------------------------------------------------

Numbers = Sequence[float]


def advantages(rewards: Numbers, values: Numbers, gamma: float, lam: float) -> np.ndarray:
    """Return A_t = δ_t + γλ A_{t+1} with δ_t = r_t + γ V_{t+1} − V_t."""
    return _advantages(rewards, values, gamma, lam)


def _advantages(
    rewards: Numbers, values: Numbers, gamma: float, lam: float, *, fade: float | None = None, last: bool = False,
    following: bool = True,
) -> np.ndarray:  # fmt: skip
    """The advantages, and what becomes of them with a typical slip."""
    result, ahead = np.zeros(len(rewards)), 0.0
    value = values[-1] if last and len(values) else 0.0
    for t in reversed(range(len(rewards))):
        surprise = rewards[t] + (gamma * value if following else 0.0) - values[t]
        ahead = surprise + (gamma * lam if fade is None else fade) * ahead
        result[t], value = ahead, values[t]
    return result


ADVANTAGE_SLIPS = (
    Slip(lambda r, v, g, m: _advantages(r, v, g, m, fade=m), "A of the next token fades with γλ, not with λ alone."),
    Slip(lambda r, v, g, m: _advantages(r, v, g, m, fade=g), "A of the next token fades with γλ, not with γ alone."),
    Slip(lambda r, v, g, m: _advantages(r, v, g, 0.0), "Those are the surprises δ alone; the next ones count, too."),
    Slip(lambda r, v, g, m: _advantages(r, v, g, m, last=True), "After the last token nothing is to come: V is 0."),
    Slip(
        lambda r, v, g, m: _advantages(r, v, g, m, following=False),
        "δ compares with what is foretold next, too: + γ V of the next token.",
    ),
    Slip(lambda r, v, g, m: _advantages(r, v, g, m) + np.asarray(v), "Those are the returns, A + V."),
    Slip(lambda r, v, g, m: -_advantages(r, v, g, m), "The sign: better than foretold is positive."),
)


@exercise("alignment-4")
def check_advantages(answer: Any) -> Verdict:
    """Generalised advantages of one answer, as a function."""
    inputs = (
        ("a discount", ([0.0, 0.0, 1.0], [0.5, 0.6, 0.7], 0.9, 0.5)),
        ("a price at each token", ([-0.1, -0.2, 0.0, 1.5], [0.4, 0.3, 0.9, 1.1], 0.95, 0.8)),
        ("the book's numbers", ([0.0, 0.0, 1.0], [0.5, 0.6, 0.7], 1.0, 0.5)),
        ("only what came", ([0.0, 0.0, 2.0], [1.0, 0.5, 0.2], 1.0, 1.0)),
        ("one token", ([1.0], [0.25], 0.9, 0.9)),
    )
    return grade_function(
        "alignment-4",
        answer,
        advantages,
        [Case(words, arguments) for words, arguments in inputs],
        slips=ADVANTAGE_SLIPS,
        signature="advantages(rewards, values, gamma, lam)",
        right="From the last token to the first.",
    )


# --- alignment-6: without Z ---------------------------------------------------------------------------------


def dpo(chosen: float, rejected: float, ref_chosen: float, ref_rejected: float, beta: float) -> float:
    """Return −ln σ(β(Δ⁺ − Δ⁻)), Δ = ln π − ln π_ref."""
    return float(np.logaddexp(0, -beta * ((chosen - ref_chosen) - (rejected - ref_rejected))))


DPO_SLIPS = (
    Slip(lambda c, r, p, q, b: dpo(c, r, 0.0, 0.0, b), "The reference is missing: the reward is β ln(π/π_ref)."),
    Slip(lambda c, r, p, q, b: dpo(r, c, q, p, b), "Chosen and rejected, or policy and reference, are swapped."),
    Slip(lambda c, r, p, q, b: dpo(c, r, p, q, 1 / b), "The reward is β times the logarithm, not divided by β."),
    Slip(lambda c, r, p, q, b: dpo(c, r, p, q, 1.0), "β is missing."),
    Slip(
        lambda c, r, p, q, b: math.exp(-dpo(c, r, p, q, b)),
        "That is the probability of the preference; the loss is minus its logarithm.",
    ),
    Slip(lambda c, r, p, q, b: -dpo(c, r, p, q, b), "The sign: a loss is not negative."),
    Slip(lambda c, r, p, q, b: -b * ((c - p) - (r - q)), "That is the margin; through −ln σ it becomes a loss."),
)


@exercise("alignment-6")
def check_dpo(answer: Any) -> Verdict:
    """The loss of DPO for one pair, as a function."""
    inputs = (
        (-9.0, -12.0, -10.0, -11.0, 0.5),
        (-8.0, -4.0, -7.5, -6.0, 0.3),
        (-20.0, -30.0, -22.0, -21.0, 0.1),
        (-3.0, -3.5, -4.0, -2.0, 2.0),
        (-1.0, -2.0, -1.0, -2.0, 0.5),
    )
    return grade_function(
        "alignment-6",
        answer,
        dpo,
        [Case("ln π {:g} and {:g}, ln π_ref {:g} and {:g}, β = {:g}".format(*one), one) for one in inputs],
        slips=DPO_SLIPS,
        signature="loss(chosen, rejected, ref_chosen, ref_rejected, beta)",
        right="Z has cancelled, and the policy is its own reward model.",
    )


# --- alignment-7: the price of choosing ---------------------------------------------------------------------


def _most(budget: float, cost: Any) -> int:
    """Return the largest n ≥ 1 whose cost is within the budget."""
    n = 1
    while cost(n + 1) <= budget:
        n += 1
    return n


def most(budget: float) -> int:
    """Return the largest n ≥ 1 with ln n − (n − 1)/n ≤ budget."""
    return _most(budget, lambda n: math.log(n) - (n - 1) / n)


MOST_SLIPS = (
    Slip(lambda b: _most(b, math.log), "That is ln n ≤ budget; (n − 1)/n is still to be subtracted."),
    Slip(
        lambda b: _most(b, lambda n: math.log(n) - 1),
        "One too many: ln n − 1, so e^(budget + 1), is the limit for large n only; a loop returns the last that fits.",
    ),
    Slip(lambda b: max(1, most(b) - 1), "One more can be drawn; exactly the budget is allowed."),
    Slip(lambda b: _most(b, lambda n: math.log2(n) - (n - 1) / n), "Nats: the natural logarithm."),
)


@exercise("alignment-7")
def check_most(answer: Any) -> Verdict:
    """How many answers may be drawn for a divergence, as a function."""
    inputs = (0.5, 1.0, 1.6, 2.0, 3.3, 0.2, 0.0)
    return grade_function(
        "alignment-7",
        answer,
        most,
        [Case(f"budget = {budget}", (budget,)) for budget in inputs],
        slips=MOST_SLIPS,
        signature="most(budget)",
        right="The divergence of the best of n grows like the logarithm.",
    )


# --- alignment-8: a group -----------------------------------------------------------------------------------


def relative(rewards: Numbers, group: int) -> np.ndarray:
    """Return (r − mean)/standard deviation in each group, 0 where all are the same."""
    return _relative(rewards, group)


def _relative(rewards: Numbers, group: int, *, ddof: int = 0, scaled: bool = True, whole: bool = False) -> np.ndarray:
    """The advantages, and what becomes of them with a typical slip."""
    rows = np.asarray(rewards, dtype=float).reshape(1 if whole else -1, len(rewards) if whole else group)
    centred = rows - rows.mean(axis=1, keepdims=True)
    spread = rows.std(axis=1, ddof=ddof, keepdims=True) if scaled else np.ones((len(rows), 1))
    return np.where(spread > 0, centred / np.where(spread > 0, spread, 1.0), 0.0).ravel()


def _columns(rewards: Numbers, group: int) -> np.ndarray:
    rows = np.asarray(rewards, dtype=float).reshape(group, -1)
    return _relative(rows.T.ravel(), group).reshape(-1, group).T.ravel()


def _undefined(rewards: Numbers, group: int) -> np.ndarray:
    rows = np.asarray(rewards, dtype=float).reshape(-1, group)
    return ((rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)).ravel()


GROUP_SLIPS = (
    Slip(_undefined, "A group of equal rewards has spread 0, and 0/0 is no number; it teaches nothing: 0."),
    Slip(lambda r, g: _relative(r, g, ddof=1), "The standard deviation divides by G here, not by G − 1."),
    Slip(lambda r, g: _relative(r, g, scaled=False), "The mean is subtracted; divide by the standard deviation, too."),
    Slip(lambda r, g: _relative(r, g, whole=True), "Each group by itself: another prompt may be easier."),
    Slip(_columns, "Groups come one after the other: reshape(-1, group), and mean and spread of each row."),
    Slip(lambda r, g: _relative(r, g).reshape(-1, g), "The same shape as the rewards: one row."),
)


@exercise("alignment-8")
def check_relative(answer: Any) -> Verdict:
    """Group-relative advantages, as a function."""
    inputs = (
        ("two groups of four", [0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0], 4),
        ("rewards of any size", [3.0, -1.0, 0.5, 10.0, 12.0, 11.0], 3),
        ("groups of two", [0.0, 2.0, 5.0, 1.0, 0.5, 0.25], 2),
        ("a group that agrees", [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 4),
    )
    cases = [Case(words, (rewards, group)) for words, rewards, group in inputs]
    return grade_function(
        "alignment-8",
        answer,
        relative,
        cases,
        slips=GROUP_SLIPS,
        signature="relative(rewards, group)",
        right="The others of the group are the baseline.",
    )
