"""Checks and data for the exercises of the chapter on language models."""

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

# --- language_models-1: how perplexed? (with variants) ------------------------------------------------------


@dataclass(frozen=True)
class Guesses:
    """Data of ``language_models-1``: what a model gave to each token of a text, one after another."""

    probabilities: tuple[float, ...]


@lru_cache(maxsize=64)  # a good puzzle is drawn for, and a check asks for it again
def guess_puzzle(seed: int) -> Guesses:
    """Draw five to seven probabilities such that every typical slip gives another number."""
    rng = CounterRNG(seed, stream=1)
    while True:
        count = 5 + int(rng.integers(0, 3))
        puzzle = Guesses(tuple((1 + int(rng.integers(0, 90))) / 100 for _ in range(count)))
        values = sorted(math.log(abs(value)) for value in (perplexity(puzzle), *_wrong(puzzle)))
        if min(np.diff(values)) > 0.03:
            return puzzle


def perplexity(puzzle: Guesses) -> float:
    """Return exp(−mean ln p)."""
    return math.exp(-float(np.mean(np.log(puzzle.probabilities))))


def _wrong(puzzle: Guesses) -> tuple[float, ...]:
    p = np.array(puzzle.probabilities)
    right = perplexity(puzzle)
    return (
        1 / float(p.mean()),
        float((1 / p).mean()),
        right ** len(p),
        1 / right,
        math.log(right),
        2 ** math.log(right),
    )


GUESS_REPLIES = (
    "that is one over the mean probability; average the logarithms, not the probabilities.",
    "that is the mean of 1/p; the logarithms are averaged.",
    "that is one over the probability of the whole text; divide its logarithm by the number of tokens.",
    "turn it over: that is the geometric mean of the probabilities.",
    "that is the mean loss in nats; take its exponential.",
    "natural logarithms go with e, logarithms to base two with 2.",
)


@exercise("language_models-1", variant=guess_puzzle)
def check_guesses(answer: Any, puzzle: Guesses) -> Verdict:
    """The perplexity of a model on a short text."""
    return grade_number(
        "language_models-1",
        answer,
        perplexity(puzzle),
        what="the perplexity",
        rtol=2e-3,
        slips=[Slip(value, reply) for value, reply in zip(_wrong(puzzle), GUESS_REPLIES, strict=True)],
        right="One over the geometric mean of the probabilities.",
    )


# --- language_models-2: what forgetting saves ---------------------------------------------------------------


def free_numbers(letters: int, length: int, order: int) -> int:
    """Return V^{min(n, L)} − 1, the free numbers of all tables of a model of order n."""
    return letters ** min(order, length) - 1


FREE_SLIPS = (
    Slip(lambda v, length, n: v**length - 1, "That is the whole table; beginnings that end alike share a row here."),
    Slip(lambda v, length, n: v ** min(n, length), "Each row adds up to one, so one of its entries is not free."),
    Slip(
        lambda v, length, n: v ** (min(n, length) - 1) * (v - 1),
        "That is the largest table alone; short beginnings have tables, too.",
    ),
    Slip(lambda v, length, n: v**n - 1, "No beginning is longer than L − 1 tokens, so n counts up to L at most."),
    Slip(
        lambda v, length, n: v ** min(n - 1, length) - 1,
        "A beginning of n − 1 tokens has V^(n−1) rows, and each row V − 1 free numbers.",
    ),
    Slip(lambda v, length, n: length * (v - 1), "Each position needs a row for each beginning, not one row."),
)


@exercise("language_models-2")
def check_free(answer: Any) -> Verdict:
    """The free numbers of the tables of an n-gram model, as a function."""
    inputs = ((3, 4, 2), (3, 4, 4), (2, 3, 1), (512, 6, 3), (3, 4, 9), (26, 1, 2))
    return grade_function(
        "language_models-2",
        answer,
        free_numbers,
        [Case(f"V = {v}, L = {length}, n = {n}", (v, length, n)) for v, length, n in inputs],
        slips=FREE_SLIPS,
        signature="free_numbers(letters, length, order)",
        right="V^n − 1 in place of V^L − 1.",
    )


# --- language_models-3: encode ------------------------------------------------------------------------------

Pairs = Sequence[tuple[int, int]]


def _merged(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    out: list[int] = []
    i = 0
    while i < len(ids):
        found = tuple(ids[i : i + 2]) == tuple(pair)
        out.append(new if found else ids[i])
        i += 2 if found else 1
    return out


def encode(ids: Sequence[int], merges: Pairs) -> list[int]:
    """Return the tokens of a word: each merge in turn, in the order in which they were learnt."""
    tokens = list(ids)
    for k, pair in enumerate(merges):
        tokens = _merged(tokens, pair, 256 + k)
    return tokens


def _backwards(ids: Sequence[int], merges: Pairs) -> list[int]:
    tokens = list(ids)
    for k in reversed(range(len(merges))):
        tokens = _merged(tokens, merges[k], 256 + k)
    return tokens


def _from_the_left(ids: Sequence[int], merges: Pairs) -> list[int]:
    known = {tuple(pair): 256 + k for k, pair in enumerate(merges)}
    tokens, i = list(ids), 0
    while i + 1 < len(tokens):
        pair = (tokens[i], tokens[i + 1])
        if pair in known:
            tokens[i : i + 2] = [known[pair]]
            i = 0
        else:
            i += 1
    return tokens


def _first_only(ids: Sequence[int], merges: Pairs) -> list[int]:
    tokens = list(ids)
    for k, pair in enumerate(merges):
        for i in range(len(tokens) - 1):
            if (tokens[i], tokens[i + 1]) == tuple(pair):
                tokens[i : i + 2] = [256 + k]
                break
    return tokens


def _off_by_one(ids: Sequence[int], merges: Pairs) -> list[int]:
    moved = [tuple(part + (part > 255) for part in pair) for pair in merges]
    tokens = list(ids)
    for k, pair in enumerate(moved):
        tokens = _merged(tokens, pair, 257 + k)
    return tokens


ENCODE_SLIPS = (
    Slip(_backwards, "The order matters: the merges are applied as they were learnt, first to last."),
    Slip(_from_the_left, "Not the leftmost pair that is known, but the earliest merge, everywhere in the word."),
    Slip(_first_only, "A merge is done wherever its pair occurs, not at the first place only."),
    Slip(_off_by_one, "The first merge makes token 256; bytes are 0 to 255."),
    Slip(lambda ids, merges: list(ids), "These are the bytes; no merge was done."),
)


@exercise("language_models-3")
def check_encode(answer: Any) -> Verdict:
    """A word in tokens, given merges, as a function."""
    magnets = [(101, 116), (32, 109), (97, 103), (257, 258), (110, 256), (259, 260)]
    b, c = (98, 99), (97, 98)
    inputs = (
        ("magnet", list(b" magnet"), magnets),
        ("a word that has no pair", list(b"how"), magnets),
        ("abc, with bc learnt before ab", list(b"abc"), [b, c]),
        ("abcab, with bc learnt before ab", list(b"abcab"), [b, c]),
        ("aaaaa, a pair that overlaps itself", list(b"aaaaa"), [(97, 97), (256, 256)]),
        ("one letter", list(b"a"), magnets),
    )
    return grade_function(
        "language_models-3",
        answer,
        encode,
        [Case(words, (ids, merges)) for words, ids, merges in inputs],
        slips=ENCODE_SLIPS,
        signature="encode(ids, merges)",
        right="In the order of learning, and everywhere in the word.",
    )


# --- language_models-4: something new -----------------------------------------------------------------------


def witten_bell(counts: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    """Return (n_v + d p(v | shorter))/(n + d); the shorter law if nothing was counted."""
    distinct = np.count_nonzero(counts)
    if distinct == 0:
        return shorter
    return (counts + distinct * shorter) / (counts.sum() + distinct)


def _one_of_each(counts: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    return (counts + 1) / (counts.sum() + len(counts))


def _vocabulary_wide(counts: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    return (counts + len(counts) * shorter) / (counts.sum() + len(counts))


def _unmixed(counts: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    distinct = np.count_nonzero(counts)
    return np.where(counts > 0, counts, distinct * shorter) / (counts.sum() + distinct)


WITTEN_SLIPS = (
    Slip(lambda n, p: n / n.sum(), "Those are the shares; nothing is kept for what was not seen."),
    Slip(_one_of_each, "That adds one to each; the rule hands the share of the new to the shorter beginning."),
    Slip(_vocabulary_wide, "d counts the different tokens that were seen after this beginning, not the vocabulary."),
    Slip(
        _unmixed, "Every token gets its part of the shorter law, seen or not; otherwise the row does not add up to one."
    ),
    Slip(lambda n, p: (n + p) / (n.sum() + 1), "Something new was seen d times, not once."),
    Slip(
        lambda n, p: (n + np.count_nonzero(n) * p) / n.sum(), "The d sightings of something new count below, as well."
    ),
)


@exercise("language_models-4")
def check_witten_bell(answer: Any) -> Verdict:
    """A smoothed row, as a function."""
    shorter = np.array([0.4, 0.3, 0.2, 0.1])
    inputs = (
        ("three and one, the book's numbers", [3, 1, 0, 0], [0.25] * 4),
        ("one token ten times", [0, 0, 10, 0], shorter),
        ("all tokens seen", [5, 1, 2, 9], shorter),
        ("a large count", [100_000, 3, 0, 0], shorter),
        ("never seen", [0, 0, 0, 0], shorter),
    )
    cases = [Case(words, (np.array(counts), np.array(law))) for words, counts, law in inputs]
    # subtle: most slips divide by zero where nothing was seen, and would not be recognised there.
    verdict = _graded_row(answer, cases[:-1])
    return _graded_row(answer, cases) if verdict.right else verdict


def _graded_row(answer: Any, cases: list[Case]) -> Verdict:
    return grade_function(
        "language_models-4",
        answer,
        witten_bell,
        cases,
        slips=WITTEN_SLIPS,
        signature="witten_bell(counts, shorter)",
        right="And where nothing was counted, the shorter beginning speaks.",
    )


# --- language_models-6: a nucleus ---------------------------------------------------------------------------


def _kept(p: np.ndarray, count: int) -> np.ndarray:
    order = np.argsort(-p, kind="stable")[:count]
    kept = np.zeros(len(p))
    kept[order] = p[order]
    return kept / kept.sum()


def _size(p: np.ndarray, mass: float) -> int:
    reached = np.cumsum(np.sort(p)[::-1]) >= mass - 1e-12
    return int(np.argmax(reached)) + 1 if reached.any() else len(p)


def nucleus(p: np.ndarray, mass: float) -> np.ndarray:
    """Return the law cut to the fewest entries, the largest first, that hold at least ``mass``."""
    return _kept(p, _size(p, mass))


def _in_place(p: np.ndarray, mass: float) -> np.ndarray:
    count = int(np.argmax(np.cumsum(p) >= mass - 1e-12)) + 1
    kept = np.where(np.arange(len(p)) < count, p, 0.0)
    return kept / kept.sum()


NUCLEUS_SLIPS = (
    Slip(
        lambda p, m: _kept(p, max(_size(p, m) - 1, 1)),
        "The entry that crosses the line belongs to the nucleus: together they have at least the mass.",
    ),
    Slip(lambda p, m: nucleus(p, m) * p[nucleus(p, m) > 0].sum(), "Divide by what was kept: a law adds up to one."),
    Slip(
        lambda p, m: np.sort(nucleus(p, m))[::-1],
        "These are sorted; each probability goes back to its own token.",
    ),
    Slip(_in_place, "Take the largest first; the list comes in the order of the vocabulary."),
    Slip(lambda p, m: _kept(p, min(_size(p, m) + 1, len(p))), "One too many: stop as soon as the mass is reached."),
)


@exercise("language_models-6")
def check_nucleus(answer: Any) -> Verdict:
    """A law cut by top-p, as a function."""
    inputs = (
        ([0.02, 0.9, 0.05, 0.03], 0.96),
        ([0.1, 0.2, 0.4, 0.3], 0.5),
        ([0.1, 0.2, 0.4, 0.3], 0.35),
        ([0.25, 0.25, 0.25, 0.25], 0.5),
        ([0.1] * 10, 0.3),
        ([0.1, 0.6, 0.3], 1.0),
    )
    return grade_function(
        "language_models-6",
        answer,
        nucleus,
        [Case(f"p = {_listed(p)}, mass = {mass}", (np.array(p), mass)) for p, mass in inputs],
        slips=NUCLEUS_SLIPS,
        signature="nucleus(p, mass)",
        right="As few as possible, and together at least the mass.",
    )


def _listed(p: Sequence[float]) -> str:
    return f"{len(p)} × {p[0]:g}" if len(set(p)) == 1 else ", ".join(f"{value:g}" for value in p)


# --- language_models-7: a melting point ---------------------------------------------------------------------


def melting(head: float, tail: float, n: int) -> float:
    """Return T = 1 + ln(h/w)/ln n, where n words that share w have as much as one with h."""
    return 1 + math.log(head / tail) / math.log(n)


MELTING_SLIPS = (
    Slip(lambda h, w, n: math.log(h / w) / math.log(n), "Check T = 1: there the crowd has w, which is less than h."),
    Slip(
        lambda h, w, n: math.log(h * n / w),
        "Divide by ln n: at that temperature the crowd's entropy, ln n each T, pays for its energy.",
    ),
    Slip(
        lambda h, w, n: 1 - math.log(h / w) / math.log(n),
        "The sign: to give the crowd more than it has at T = 1, one must heat.",
    ),
    Slip(
        lambda h, w, n: 1 + math.log(h / w) / n,
        "The entropy of n equal words is ln n, not n.",
    ),
    Slip(
        lambda h, w, n: 1 / melting(h, w, n),
        "Turn it over: that is 1/T.",
    ),
    Slip(
        lambda h, w, n: 1 + math.log2(h / w) / math.log(n),
        "Both logarithms have the same base.",
    ),
)


@exercise("language_models-7")
def check_melting(answer: Any) -> Verdict:
    """The temperature at which a crowd of words outweighs one, as a function."""
    inputs = ((0.9, 0.03, 50_000), (0.9, 0.03, 10), (0.5, 0.5, 100), (0.6, 0.4, 1000), (0.2, 0.7, 50))
    return grade_function(
        "language_models-7",
        answer,
        melting,
        [Case(f"head = {h}, tail = {w}, n = {n}", (h, w, n)) for h, w, n in inputs],
        slips=MELTING_SLIPS,
        signature="melting(head, tail, n)",
        right="There the free energies of the one and of the crowd meet.",
    )


# --- language_models-8: a floor of one's own ----------------------------------------------------------------


def _coin(p: float) -> float:
    return -sum(share * math.log(share) for share in (p, 1 - p) if share > 0)


def entropy_rate(stay_a: float, stay_b: float) -> float:
    """Return π_a H(stay_a) + π_b H(stay_b), in nats."""
    in_a = (1 - stay_b) / (2 - stay_a - stay_b)
    return in_a * _coin(stay_a) + (1 - in_a) * _coin(stay_b)


def _share_of_a(a: float, b: float) -> float:
    return (1 - b) / (2 - a - b)


RATE_SLIPS = (
    Slip(
        lambda a, b: (1 - _share_of_a(a, b)) * _coin(a) + _share_of_a(a, b) * _coin(b),
        "The shares are exchanged: a source that hardly leaves a is mostly at a.",
    ),
    Slip(lambda a, b: (_coin(a) + _coin(b)) / 2, "It is not at each letter half of the time."),
    Slip(
        lambda a, b: _coin(_share_of_a(a, b)),
        "That is the entropy of a single letter; a model with memory knows the one before.",
    ),
    Slip(lambda a, b: entropy_rate(a, b) / math.log(2), "That is in bits; nats are asked, with natural logarithms."),
    Slip(
        lambda a, b: (a * _coin(a) + b * _coin(b)) / (a + b or 1),
        "How often it is at a depends on how often it leaves either letter, 1 − a and 1 − b.",
    ),
    Slip(lambda a, b: math.exp(entropy_rate(a, b)), "That is the perplexity; its logarithm is asked."),
)


@exercise("language_models-8")
def check_rate(answer: Any) -> Verdict:
    """The entropy rate of a Markov source of two letters, as a function."""
    inputs = ((0.9, 0.6), (0.5, 0.5), (0.2, 0.7), (0.99, 0.1), (0.0, 0.0), (0.0, 0.5))
    return grade_function(
        "language_models-8",
        answer,
        entropy_rate,
        [Case(f"stay_a = {a}, stay_b = {b}", (a, b)) for a, b in inputs],
        slips=RATE_SLIPS,
        signature="entropy_rate(stay_a, stay_b)",
        right="The entropy of each row, weighted by how often the source is there.",
    )


# --- language_models-9: cool the whole ----------------------------------------------------------------------


def first_of_whole(first: np.ndarray, endings: np.ndarray, temperature: float) -> np.ndarray:
    """Return p_i^{1/T} n_i^{1 − 1/T}, normalised."""
    weights = endings * (first / endings) ** (1 / temperature)
    return weights / weights.sum()


def _by_token(p: np.ndarray, n: np.ndarray, t: float) -> np.ndarray:
    return p ** (1 / t) / (p ** (1 / t)).sum()


def _normalised(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


WHOLE_SLIPS = (
    Slip(_by_token, "That cools the first token alone, as a chatbot does; temper the whole texts."),
    Slip(
        lambda p, n, t: _normalised((p / n) ** (1 / t)),
        "That is one text of each kind; add up all the texts that begin with token i.",
    ),
    Slip(
        lambda p, n, t: _normalised(n * p ** (1 / t)),
        "Each of the n texts has the probability p/n, not p.",
    ),
    Slip(
        lambda p, n, t: first_of_whole(p, n, 1 / t),
        "The power is 1/T: cold makes it larger than one.",
    ),
    Slip(
        lambda p, n, t: n * (p / n) ** (1 / t),
        "Divide by Z, the sum over all texts.",
    ),
)


@exercise("language_models-9")
def check_whole(answer: Any) -> Verdict:
    """The law of the first token when whole texts are tempered, as a function."""
    inputs = (
        ([0.6, 0.4], [10, 1], 0.5),
        ([0.6, 0.4], [10, 1], 2.0),
        ([0.6, 0.4], [10, 1], 1.0),
        ([0.5, 0.3, 0.2], [4, 4, 4], 0.5),
        ([0.5, 0.3, 0.2], [1, 5, 100], 0.7),
    )
    return grade_function(
        "language_models-9",
        answer,
        first_of_whole,
        [Case(f"first = {p}, endings = {n}, T = {t}", (np.array(p), np.array(n), t)) for p, n, t in inputs],
        slips=WHOLE_SLIPS,
        signature="first_of_whole(first, endings, temperature)",
        right="Below T = 1 it takes from beginnings with many endings, above it gives to them.",
    )
