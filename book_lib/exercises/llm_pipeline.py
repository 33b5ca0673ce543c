"""Checks and data for the exercises of the chapter on data and pre-training."""

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

# --- llm_pipeline-1: how alike? (with variants) -------------------------------------------------------------

WORDS = "the cold magnet and warm spin turns slowly while every little arrow listens to its neighbour again".split()


@dataclass(frozen=True)
class Pair:
    """Data of ``llm_pipeline-1``: two sentences that have much in common."""

    first: str
    second: str


@lru_cache(maxsize=64)  # a good puzzle is drawn for, and a check asks for it again
def pair_puzzle(seed: int) -> Pair:
    """Draw a sentence and an edited one such that every typical slip gives another number."""
    rng = CounterRNG(seed, stream=1)
    while True:
        length = 8 + int(rng.integers(0, 4))
        order = [int(k) for k in rng.permutation(len(WORDS))]
        first = [WORDS[k] for k in order[:length]]
        repeated, at = int(rng.integers(0, length - 3)), int(rng.integers(2, length))
        first += first[repeated : repeated + 2]  # a pair that comes twice, and counts once
        second = list(first)
        second[at] = WORDS[order[length]]
        second += [WORDS[k] for k in order[length + 1 : length + 3 + int(rng.integers(0, 2))]]
        puzzle = Pair(" ".join(first), " ".join(second))
        values = [alike(puzzle), *_unlike(puzzle)]
        if all(abs(a - b) > 0.015 for k, a in enumerate(values) for b in values[:k]):
            return puzzle


def _pairs(sentence: str) -> list[tuple[str, str]]:
    words = sentence.split()
    return list(zip(words, words[1:], strict=False))


def alike(puzzle: Pair) -> float:
    """Return |A ∩ B|/|A ∪ B| for the sets of pairs of neighbours."""
    a, b = set(_pairs(puzzle.first)), set(_pairs(puzzle.second))
    return len(a & b) / len(a | b)


def _unlike(puzzle: Pair) -> tuple[float, ...]:
    a, b = set(_pairs(puzzle.first)), set(_pairs(puzzle.second))
    one, other = set(puzzle.first.split()), set(puzzle.second.split())
    return (
        len(a & b) / len(a),
        2 * len(a & b) / (len(a) + len(b)),
        len(one & other) / len(one | other),
        len(a & b) / (len(a) + len(b)),
        1 - alike(puzzle),
    )


ALIKE_REPLIES = (
    "that is the share of the first sentence's shingles; divide by those that are in at least one.",
    "that is Dice's measure, twice the common ones over the sum of both; Jaccard divides by the union.",
    "those are single words; a shingle is two neighbours here.",
    "what is in both sentences counts once in the union, not twice.",
    "that is how different they are.",
)


@exercise("llm_pipeline-1", variant=pair_puzzle)
def check_alike(answer: Any, puzzle: Pair) -> Verdict:
    """The Jaccard similarity of two sentences, with shingles of two words."""
    return grade_number(
        "llm_pipeline-1",
        answer,
        alike(puzzle),
        what="the Jaccard similarity",
        rtol=4e-3,
        slips=[Slip(value, reply) for value, reply in zip(_unlike(puzzle), ALIKE_REPLIES, strict=True)],
        right="Common shingles over all shingles, each counted once.",
    )


# --- llm_pipeline-2: the S-curve ----------------------------------------------------------------------------


def candidate(similarity: float, bands: int, rows: int) -> float:
    """Return 1 − (1 − s^r)^b."""
    return 1 - (1 - similarity**rows) ** bands


CURVE_SLIPS = (
    Slip(lambda s, b, r: (1 - s**r) ** b, "That is the probability that it is missed."),
    Slip(lambda s, b, r: 1 - (1 - s**b) ** r, "Bands and rows are swapped: r entries of a band must all agree."),
    Slip(lambda s, b, r: s**r, "That is one band; any of b is enough."),
    Slip(lambda s, b, r: b * s**r, "Chances of several bands do not add up; at s = 1 this would be b."),
    Slip(lambda s, b, r: (1 - (1 - s) ** b) ** r, "The order: first all entries of a band, then any of the bands."),
    Slip(lambda s, b, r: 1 - (1 - s) ** (b * r), "So one entry would be enough; a whole band must agree."),
    Slip(lambda s, b, r: s ** (b * r), "So all entries would have to agree; one band is enough."),
)


@exercise("llm_pipeline-2")
def check_candidate(answer: Any) -> Verdict:
    """How likely a pair becomes a candidate, as a function."""
    inputs = ((0.5, 2, 2), (0.8, 16, 8), (0.3, 20, 5), (0.7, 5, 3), (1.0, 4, 6), (0.0, 3, 2))
    return grade_function(
        "llm_pipeline-2",
        answer,
        candidate,
        [Case(f"s = {s}, b = {b}, r = {r}", (s, b, r)) for s, b, r in inputs],
        slips=CURVE_SLIPS,
        signature="candidate(similarity, bands, rows)",
        right="All of a band, any of the bands.",
    )


# --- llm_pipeline-3: one survivor ---------------------------------------------------------------------------

Links = Sequence[tuple[int, int]]


def survivors(count: int, pairs: Links) -> list[int]:
    """Return the first of each cluster, in order."""
    cluster = list(range(count))
    for i, j in pairs:
        low, high = sorted((cluster[i], cluster[j]))
        cluster = [low if one == high else one for one in cluster]
    return [k for k in range(count) if cluster[k] == k]


def _without(count: int, dropped: set[int]) -> list[int]:
    return [k for k in range(count) if k not in dropped]


def _one_step(count: int, pairs: Links) -> list[int]:
    cluster = list(range(count))
    for i, j in pairs:
        cluster[max(i, j)] = cluster[min(i, j)]
    return sorted(set(cluster))


def _last(count: int, pairs: Links) -> list[int]:
    return sorted(count - 1 - k for k in survivors(count, [(count - 1 - i, count - 1 - j) for i, j in pairs]))


SURVIVOR_SLIPS = (
    Slip(
        lambda n, pairs: _without(n, {k for pair in pairs for k in pair}),
        "One of each cluster stays; this drops the originals with their copies.",
    ),
    Slip(
        lambda n, pairs: _without(n, {max(pair) for pair in pairs}),
        "Pairs (0, 2) and (1, 2) hang together, and 0 and 1 would both stay: one of a cluster, not one of a pair.",
    ),
    Slip(
        lambda n, pairs: _without(n, {pair[1] for pair in pairs}),
        "The one written second need not be the later one; and what hangs together by several pairs is one cluster.",
    ),
    Slip(_one_step, "When two clusters meet, all members of one must change, not only the one in the pair."),
    Slip(_last, "The first of each cluster stays, and this keeps the last."),
    Slip(
        lambda n, pairs: sorted({k for pair in pairs for k in pair} & set(survivors(n, pairs))),
        "A document that is like no other stays as well.",
    ),
    Slip(lambda n, pairs: list(range(n)), "Nothing was dropped."),
)


@exercise("llm_pipeline-3")
def check_survivors(answer: Any) -> Verdict:
    """One survivor of each cluster, as a function."""
    inputs = (
        (5, [(0, 2), (1, 2)]),
        (6, [(4, 5), (2, 3), (3, 4)]),
        (4, [(3, 1)]),
        (7, [(0, 1), (2, 3), (4, 5), (5, 3), (6, 1)]),
        (3, []),
        (5, [(1, 2), (2, 1), (1, 2)]),
    )
    return grade_function(
        "llm_pipeline-3",
        answer,
        survivors,
        [Case(f"{count} documents, pairs {pairs}", (count, pairs)) for count, pairs in inputs],
        slips=SURVIVOR_SLIPS,
        signature="survivors(count, pairs)",
        right="Exactly one of each cluster.",
    )


# --- llm_pipeline-4: wrongly accused ------------------------------------------------------------------------


def precision(base: float, recall: float, false_alarm: float) -> float:
    """Return the share of toxic documents among the flagged ones."""
    found = base * recall
    return found / (found + (1 - base) * false_alarm)


ACCUSED_SLIPS = (
    Slip(lambda b, r, f: r, "That is the recall: of the toxic ones, how many are flagged."),
    Slip(lambda b, r, f: r / (r + f), "So there would be as many toxic documents as harmless ones; use the base rate."),
    Slip(lambda b, r, f: b * r / (b * r + f), "False alarms come from the harmless ones, a share 1 − base of all."),
    Slip(lambda b, r, f: b * r + (1 - b) * f, "That is how many are flagged in all."),
    Slip(lambda b, r, f: 1 - precision(b, r, f), "That is the share of those who are wrongly accused."),
    Slip(lambda b, r, f: b * r, "That is the share of all that are toxic and flagged; divide by the flagged."),
    Slip(lambda b, r, f: 1 - f, "That is how many harmless ones pass."),
)


@exercise("llm_pipeline-4")
def check_accused(answer: Any) -> Verdict:
    """The precision of a filter at a base rate, as a function."""
    inputs = ((0.001, 0.95, 0.02), (0.01, 0.9, 0.1), (0.2, 0.7, 0.05), (0.5, 0.8, 0.3), (0.03, 1.0, 0.0))
    return grade_function(
        "llm_pipeline-4",
        answer,
        precision,
        [Case(f"base = {b}, recall = {r}, false_alarm = {f}", (b, r, f)) for b, r, f in inputs],
        slips=ACCUSED_SLIPS,
        signature="precision(base, recall, false_alarm)",
        right="Where a fault is rare, most of the accused are innocent.",
    )


# --- llm_pipeline-6: how many days? -------------------------------------------------------------------------

DAY = 86_400


def days(parameters: float, tokens: float, devices: float, speed: float, used: float) -> float:
    """Return 6 N D over the operations of a day."""
    return 6 * parameters * tokens / (devices * speed * used) / DAY


DAYS_SLIPS = (
    Slip(lambda n, d, k, v, u: days(n, d, k, v, u) / 3, "That is the way forth, 2 N D; the way back costs 4 N D more."),
    Slip(lambda n, d, k, v, u: days(n, d, k, v, u) * 2 / 3, "Back costs twice as much as forth: 6 N D, not 4."),
    Slip(lambda n, d, k, v, u: days(n, d, k, v, u) * DAY, "Those are seconds."),
    Slip(lambda n, d, k, v, u: days(n, d, k, v, u) * 24, "Those are hours."),
    Slip(lambda n, d, k, v, u: days(n, d, k, v, 1.0), "The devices do only a share of what they could."),
    Slip(lambda n, d, k, v, u: days(n, d, k, v, 1.0) * u, "A smaller share takes longer: divide by it."),
    Slip(lambda n, d, k, v, u: days(n, d, 1.0, v, u), "They work at the same time; divide by their number."),
    Slip(lambda n, d, k, v, u: days(n, d, k, v, u) / 6, "An operation for each parameter and token is too few: 6 N D."),
)


@exercise("llm_pipeline-6")
def check_days(answer: Any) -> Verdict:
    """The days of a training, as a function."""
    inputs = (
        ("GPT-3 on a thousand devices", (175e9, 300e9, 1000, 1e14, 0.4)),
        ("70 billion parameters, 1.4 · 10¹² tokens", (70e9, 1.4e12, 4000, 3e14, 0.5)),
        ("a small one on one device", (1e6, 2e7, 1, 2e10, 0.25)),
        ("10⁹ parameters on eight", (1e9, 2e10, 8, 1e15, 0.35)),
    )
    return grade_function(
        "llm_pipeline-6",
        answer,
        days,
        [Case(words, arguments) for words, arguments in inputs],
        slips=DAYS_SLIPS,
        signature="days(parameters, tokens, devices, speed, used)",
        right="Operations over operations a day.",
    )


# --- llm_pipeline-7: a detector -----------------------------------------------------------------------------


def spike_scores(values: Sequence[float], window: int) -> np.ndarray:
    """Return (x − m)/(1.4826 d) with the median m and the median distance d of the values before x."""
    return _scored(values, window)


def _scored(
    values: Sequence[float],
    window: int,
    *,
    own: int = 0,
    factor: float = 1.4826,
    robust: bool = True,
    past_only: bool = True,
) -> np.ndarray:
    """The scores, and what becomes of them with a typical slip."""
    series = np.asarray(values, dtype=float)
    result = np.zeros(len(series))
    for t in range(window, len(series)):
        past = series[t - window + own : t + own] if past_only else series
        middle = np.median(past) if robust else np.mean(past)
        spread = factor * np.median(np.abs(past - middle)) if robust else np.std(past)
        result[t] = (series[t] - middle) / max(spread, factor * 1e-9)
    return result


SCORE_SLIPS = (
    Slip(lambda x, w: _scored(x, w, own=1), "The value itself is in its window; only what came before counts."),
    Slip(lambda x, w: _scored(x, w, factor=1.0), "The factor 1.4826 is missing: the median distance is 0.674 σ."),
    Slip(lambda x, w: _scored(x, w, factor=1 / 1.4826), "Multiply the median distance by 1.4826; σ is the larger one."),
    Slip(lambda x, w: _scored(x, w, robust=False), "Those are mean and standard deviation, which a leap moves."),
    Slip(lambda x, w: _scored(x, w, past_only=False), "Only the window before the value, not the whole series."),
    Slip(lambda x, w: np.abs(_scored(x, w)), "A fall is no leap: keep the sign."),
    Slip(lambda x, w: _scored(x, w)[w:], "One score for each value, 0 for the first ones."),
)


@exercise("llm_pipeline-7")
def check_scores(answer: Any) -> Verdict:
    """A detector of spikes, as a function."""
    noise = np.random.default_rng(8).normal(3, 0.1, 40).round(3)
    leap = noise.copy()
    leap[25:27] += 2
    inputs = (
        ("the book's numbers", [3.0, 2.9, 3.1, 3.0, 2.8, 3.5], 5),
        ("a leap of two steps", leap.tolist(), 10),
        ("noise", noise.tolist(), 8),
        ("a window of three", [1.0, 3.0, 2.0, 5.0, 0.0], 3),
        ("a series that stands still", [2.0] * 6 + [2.5], 4),
        ("shorter than the window", [1.0, 2.0], 5),
    )
    cases = [Case(words, (values, window)) for words, values, window in inputs]
    # subtle: with a spread of 0, some slips agree with nothing; ordinary inputs decide which slip it was.
    verdict = _graded_scores(answer, cases[:-2])
    return _graded_scores(answer, cases) if verdict.right else verdict


def _graded_scores(answer: Any, cases: list[Case]) -> Verdict:
    return grade_function(
        "llm_pipeline-7",
        answer,
        spike_scores,
        cases,
        rtol=1e-6,
        slips=SCORE_SLIPS,
        signature="scores(values, window)",
        right="And a leap in the window does not hide the next.",
    )


# --- llm_pipeline-8: small batches enough -------------------------------------------------------------------


def small_batches(stages: int, idle: float) -> int:
    """Return the least m ≥ 1 with (p − 1)/(m + p − 1) ≤ β."""
    return max(1, math.ceil((stages - 1) * (1 - idle) / idle - 1e-9))


BATCH_SLIPS = (
    Slip(
        lambda p, b: max(1, math.ceil((p - 1) / b - 1e-9)),
        "Those are all ticks, m + p − 1; subtract p − 1.",
    ),
    Slip(
        lambda p, b: max(1, math.ceil(p * (1 - b) / b - 1e-9)),
        "A stage waits for the p − 1 others, not for p.",
    ),
    Slip(
        lambda p, b: (p - 1) * (1 - b) / b,
        "Small batches are whole: round up.",
    ),
    Slip(
        lambda p, b: max(1, math.floor((p - 1) * (1 - b) / b + 1e-9)),
        "Rounded down, the bubble is a little too large.",
    ),
    Slip(
        lambda p, b: math.floor((p - 1) * (1 - b) / b + 1e-9) + 1,
        "A share of exactly that much is allowed: one too many.",
    ),
)


@exercise("llm_pipeline-8")
def check_batches(answer: Any) -> Verdict:
    """How many small batches a pipeline needs, as a function."""
    inputs = ((4, 0.2), (8, 0.1), (64, 0.05), (5, 0.3), (3, 0.45), (1, 0.1))
    return grade_function(
        "llm_pipeline-8",
        answer,
        small_batches,
        [Case(f"p = {p}, idle = {b}", (p, b)) for p, b in inputs],
        slips=BATCH_SLIPS,
        signature="batches(stages, idle)",
        right="Four more for each stage, at a fifth.",
    )
