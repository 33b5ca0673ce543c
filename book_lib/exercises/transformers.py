"""Checks and data for the exercises of the chapter on transformers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..probability import softmax
from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- transformers-1: attention by hand (with variants) ------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """Data of ``transformers-1``: a query of four numbers, three keys of four, three values of one."""

    query: tuple[int, ...]
    keys: tuple[tuple[int, ...], ...]
    values: tuple[int, ...]


def look_puzzle(seed: int) -> Look:
    """Draw small whole numbers such that the answer and every typical slip can be told apart."""
    rng = CounterRNG(seed, stream=1)
    while True:
        numbers = [int(rng.integers(-2, 3)) for _ in range(16)]
        keys = tuple(tuple(numbers[n : n + 4]) for n in (4, 8, 12))
        puzzle = Look(tuple(numbers[:4]), keys, tuple(int(rng.integers(1, 10)) for _ in range(3)))
        values = sorted([looked(puzzle), *(slip.answer for slip in _look_slips(puzzle))])
        scores = np.array(keys) @ numbers[:4]
        apart = all(b - a > 0.03 * (1 + abs(b)) for a, b in zip(values, values[1:], strict=False))
        if apart and len(set(scores)) == 3 and np.ptp(scores) <= 8:
            return puzzle


def looked(puzzle: Look, scale: float = 0.5) -> float:
    """Return Σ_i p_i v_i with p = softmax(scale · k_i · q); 1/√4 is one half."""
    return float(softmax(np.array(puzzle.keys) @ puzzle.query * scale) @ puzzle.values)


def _look_slips(puzzle: Look) -> tuple[Slip, ...]:
    scores = np.array(puzzle.keys) @ puzzle.query / 2
    values = np.array(puzzle.values)
    return (
        Slip(looked(puzzle, 1.0), "that is without 1/√d; d is 4 here, so divide the scores by 2."),
        Slip(looked(puzzle, 0.25), "you divided by d, not by √d."),
        Slip(float(np.exp(scores) @ values), "the weights do not add up to one: divide by their sum."),
        Slip(float(values.mean()), "that is the plain mean; the scores make weights."),
        Slip(float(values[scores.argmax()]), "that is the value of the best key alone: attention at T = 0."),
        Slip(float(scores @ values), "weights are exponentials of the scores, divided by their sum."),
    )


@exercise("transformers-1", variant=look_puzzle)
def check_look(answer: Any, puzzle: Look) -> Verdict:
    """What attention answers to one query."""
    return grade_number(
        "transformers-1",
        answer,
        looked(puzzle),
        what="the weighted average",
        slips=_look_slips(puzzle),
        right="Three scores, one softmax, one average.",
    )


# --- transformers-2: causal attention -----------------------------------------------------------------------


def looked_back(
    queries: NDArray, keys: NDArray, values: NDArray, scale: float | None = None, below: int = 0, axis: int = 1
) -> NDArray:
    """Return softmax(QKᵀ/√d, causal) V, shape (n, m)."""
    n, d = queries.shape
    scores = queries @ keys.T * (1 / math.sqrt(d) if scale is None else scale)
    visible = np.tril(np.ones((n, n), bool), below)
    return softmax(np.where(visible, scores, -1e30), axis=axis) @ values


def _masked_late(queries: NDArray, keys: NDArray, values: NDArray) -> NDArray:
    """Zeros after the softmax: rows no longer add up to one."""
    p = softmax(queries @ keys.T / math.sqrt(queries.shape[1]))
    return np.tril(p) @ values


def _unmasked(queries: NDArray, keys: NDArray, values: NDArray) -> NDArray:
    return softmax(queries @ keys.T / math.sqrt(queries.shape[1])) @ values


def _looks_ahead(queries: NDArray, keys: NDArray, values: NDArray) -> NDArray:
    """The mask the wrong way round."""
    scores = queries @ keys.T / math.sqrt(queries.shape[1])
    return softmax(np.where(np.triu(np.ones(scores.shape, bool)), scores, -1e30)) @ values


BACK_SLIPS = (
    Slip(_unmasked, "The mask is missing: a token sees those after it."),
    Slip(lambda q, k, v: looked_back(q, k, v, scale=1.0), "The 1/√d is missing."),
    Slip(
        lambda q, k, v: looked_back(q, k, v, scale=1 / q.shape[1]),
        "The scores are divided by d; it is √d, the standard deviation.",
    ),
    Slip(_masked_late, "The rows do not add up to one: the mask belongs before the softmax, as −∞."),
    Slip(_looks_ahead, "The mask is the wrong way round: it shows the future and hides the past."),
    Slip(
        lambda q, k, v: looked_back(q, k, v, axis=0),
        "The softmax runs along the wrong axis: each query's weights, a row, add up to one.",
    ),
    Slip(
        lambda q, k, v: looked_back(q, k, v, below=-1),
        "A token may look at itself: keep the diagonal.",
    ),
)


@exercise("transformers-2")
def check_back(answer: Any) -> Verdict:
    """Causal attention, as a function."""
    rng = np.random.default_rng(12)
    large = 40 * rng.normal(size=(3, 4, 5))
    cases = [
        Case("5 tokens, d = 4, values of 3", (*rng.normal(size=(2, 5, 4)), rng.normal(size=(5, 3)))),
        Case("8 tokens, d = 16, values of 2", (*rng.normal(size=(2, 8, 16)), rng.normal(size=(8, 2)))),
        Case("one token", (*rng.normal(size=(2, 1, 3)), rng.normal(size=(1, 2)))),
        Case("scores of some thousands", tuple(large)),
    ]
    return grade_function(
        "transformers-2",
        answer,
        looked_back,
        cases,
        slips=BACK_SLIPS,
        signature="causal_attention(queries, keys, values)",
        right="Scores, root, mask, softmax, average.",
    )


# --- transformers-3: a step among waves ---------------------------------------------------------------------


def wave_step(frequency: float, by: float) -> NDArray:
    """Return the matrix that takes (sin ωp, cos ωp) to (sin ω(p + a), cos ω(p + a))."""
    cos, sin = math.cos(frequency * by), math.sin(frequency * by)
    return np.array([[cos, sin], [-sin, cos]])


STEP_SLIPS = (
    Slip(
        lambda w, a: wave_step(w, -a),
        "That is a step to the left, or one to the right for (cos, sin): check the signs, the sine comes first here.",
    ),
    Slip(lambda w, a: wave_step(1.0, a), "The frequency is missing: the angle is ωa."),
    Slip(lambda w, a: wave_step(w, 1.0), "The length of the step is missing: the angle is ωa."),
    Slip(
        lambda w, a: np.array([[math.cos(w * a), math.sin(w * a)], [math.sin(w * a), math.cos(w * a)]]),
        "A minus sign is missing: cos(x + y) = cos x cos y − sin x sin y.",
    ),
)


@exercise("transformers-3")
def check_step(answer: Any) -> Verdict:
    """The matrix of a step among sinusoidal positions, as a function."""
    inputs = ((0.3, 2), (1.0, 1), (0.01, 100), (0.5, 0), (2.0, -3))
    return grade_function(
        "transformers-3",
        answer,
        wave_step,
        [Case(f"ω = {w}, step {a}", (w, a)) for w, a in inputs],
        slips=STEP_SLIPS,
        signature="step(frequency, by)",
        right="One matrix for all places.",
    )


# --- transformers-4: Gumbel's race --------------------------------------------------------------------------


def race_winner(logits: ArrayLike, uniforms: ArrayLike, temperature: float) -> int:
    """Return argmax_v z_v/T − ln(−ln u_v), or the first argmax of z at T = 0."""
    z = np.asarray(logits, dtype=float)
    if temperature == 0:
        return int(z.argmax())
    return int((z / temperature - np.log(-np.log(np.asarray(uniforms)))).argmax())


def _race(change: Any) -> Any:
    """A wrong race: `change(z, u, T)` gives what is compared."""
    return lambda z, u, T: int(np.argmax(change(np.asarray(z), np.asarray(u), T or 1e-300)))


RACE_SLIPS = (
    Slip(_race(lambda z, u, T: z / T + np.log(-np.log(u))), "The sign: g is −ln(−ln u), not ln(−ln u)."),
    Slip(_race(lambda z, u, T: (z - np.log(-np.log(u))) / T), "T divides the logits, not the noise."),
    Slip(_race(lambda z, u, T: z / T - np.log(u)), "That noise is −ln u; Gumbel's has two logarithms."),
    Slip(_race(lambda z, u, T: z / T + u), "The noise is used bare; Gumbel's is −ln(−ln u)."),
    Slip(_race(lambda z, u, T: z), "The noise is missing: that is T = 0 always."),
    Slip(_race(lambda z, u, T: z * T - np.log(-np.log(u))), "Divide by T: hot makes differences small."),
)


@exercise("transformers-4")
def check_race(answer: Any) -> Verdict:
    """The winner of Gumbel's race, as a function."""
    rng = np.random.default_rng(44)
    cases = [
        Case(f"{n} words, T = {T}, draw {draw + 1}", (rng.normal(size=n) * 2, rng.random(n), T))
        for n, T, draw in [(4, 1.0, 0), *((6, T, draw) for T in (0.5, 1.0, 3.0) for draw in range(6))]
    ]
    cases += [
        Case("T = 0", (np.array([0.1, 2.0, -1.0, 1.9]), np.array([0.5, 0.01, 0.9, 0.999]), 0)),
        Case("T = 0 and a tie", (np.array([1.0, 3.0, 3.0]), np.array([0.9, 0.1, 0.9]), 0)),
    ]
    return grade_function(
        "transformers-4",
        answer,
        race_winner,
        cases,
        slips=RACE_SLIPS,
        signature="winner(logits, uniforms, temperature)",
        right="A race that obeys Boltzmann, and no Z anywhere.",
    )


# --- transformers-6: the count ------------------------------------------------------------------------------


def count(vocabulary: int, context: int, width: int, layers: int) -> int:
    """Return (V + n) D + L (12 D² + 13 D) + 2 D."""
    return (vocabulary + context) * width + layers * (12 * width**2 + 13 * width) + 2 * width


COUNT_SLIPS = (
    Slip(
        lambda V, n, D, L: count(V, n, D, L) + V * D,
        "The unembedding is the embedding (tied): do not count it twice.",
    ),
    Slip(lambda V, n, D, L: count(V, n, D, L) - n * D, "The table of positions is missing, n · D."),
    Slip(lambda V, n, D, L: count(V, n, D, L) - 2 * D, "The last norm is missing, 2 D."),
    Slip(lambda V, n, D, L: count(V, n, D, L) - 13 * L * D, "Biases and norms of the blocks are missing, 13 D each."),
    Slip(
        lambda V, n, D, L: count(V, n, D, L) - 4 * L * D,
        "The two norms of each block are missing, 4 D.",
    ),
    Slip(
        lambda V, n, D, L: count(V, n, D, L) - 9 * L * D,
        "The biases of each block are missing: 4 D in attention, 5 D in the feed-forward part.",
    ),
    Slip(
        lambda V, n, D, L: 12 * L * D**2,
        "Those are the matrices of the blocks; embeddings and the rest come on top.",
    ),
)


@exercise("transformers-6")
def check_count(answer: Any) -> Verdict:
    """The number of parameters of a GPT, as a function."""
    cases = [
        Case("the toy of the text", (10, 8, 4, 2)),
        Case("the smallest GPT-2", (50257, 1024, 768, 12)),
        Case("GPT-2 XL", (50257, 1024, 1600, 48)),
        Case("GPT-3", (50257, 2048, 12288, 96)),
        Case("no blocks", (10, 8, 4, 0)),
    ]
    return grade_function(
        "transformers-6",
        answer,
        count,
        cases,
        slips=COUNT_SLIPS,
        signature="parameters(vocabulary, context, width, layers)",
        rtol=1e-15,
        atol=0.1,
        right="To the last one.",
    )


# --- transformers-7: the divisor ----------------------------------------------------------------------------


def score_std(width: int, query_std: float, key_std: float) -> float:
    """Return √d σ_q σ_k."""
    return math.sqrt(width) * query_std * key_std


STD_SLIPS = (
    Slip(lambda d, q, k: score_std(d, q, k) ** 2, "That is the variance; divide by its root."),
    Slip(lambda d, q, k: math.sqrt(d), "√d is for components of variance 1."),
    Slip(lambda d, q, k: d * q * k, "Independent products: their standard deviations grow with √d, not with d."),
    Slip(
        lambda d, q, k: math.sqrt(d * (q**2 + k**2)),
        "Variances add for a sum; for a product of independent numbers of mean 0 they multiply.",
    ),
    Slip(lambda d, q, k: 1 / score_std(d, q, k), "That is what to multiply by; asked is the divisor."),
)


@exercise("transformers-7")
def check_divisor(answer: Any) -> Verdict:
    """The number that brings the variance of the scores to one, as a function."""
    inputs = ((512, 1.0, 1.0), (16, 2.0, 1.0), (64, 0.5, 3.0), (1, 1.5, 2.0))
    return grade_function(
        "transformers-7",
        answer,
        score_std,
        [Case(f"d = {d}, σ_q = {q}, σ_k = {k}", (d, q, k)) for d, q, k in inputs],
        slips=STD_SLIPS,
        signature="divisor(width, query_std, key_std)",
        right="d products, each of the variance σ_q² σ_k².",
    )


# --- transformers-8: the Jacobian ---------------------------------------------------------------------------


def softmax_slopes(logits: ArrayLike, temperature: float) -> NDArray:
    """Return ∂p_i/∂z_j = p_i (δ_ij − p_j)/T."""
    p = softmax(np.asarray(logits, dtype=float), temperature)
    return (np.diag(p) - np.outer(p, p)) / temperature


SLOPE_SLIPS = (
    Slip(lambda z, T: softmax_slopes(z, T) * T, "The chain rule adds a factor: z/T has the slope 1/T."),
    Slip(lambda z, T: softmax_slopes(z, 1.0) / T, "p itself is taken at T, too."),
    Slip(lambda z, T: softmax_slopes(z, 1.0), "That is for T = 1."),
    Slip(lambda z, T: np.diag(np.diag(softmax_slopes(z, T))), "That is the diagonal only: each p depends on every z."),
    Slip(lambda z, T: -softmax_slopes(z, T), "The sign: more z_i, more p_i."),
    Slip(
        lambda z, T: np.diag(softmax(np.asarray(z, dtype=float), T)) / T,
        "The term −p_i p_j is missing: it comes from ln Z.",
    ),
)


@exercise("transformers-8")
def check_slopes(answer: Any) -> Verdict:
    """The Jacobian of a softmax at temperature T, as a function."""
    cases = [
        Case("three logits, T = 1", (np.array([1.0, 0, -1]), 1.0)),
        Case("two equal, T = 2", (np.array([0.5, 0.5]), 2.0)),
        Case("four logits, T = ½", (np.array([0.3, -1.2, 2.0, 0.0]), 0.5)),
        Case("frozen", (np.array([900.0, 0, 0]), 1.0)),
        Case("one logit", (np.array([3.0]), 0.7)),
    ]
    return grade_function(
        "transformers-8",
        answer,
        softmax_slopes,
        cases,
        slips=SLOPE_SLIPS,
        signature="jacobian(logits, temperature)",
        right="The covariance matrix of the choice, over T.",
    )


# --- transformers-9: the superfluous bias -------------------------------------------------------------------


def without_keys(bias: NDArray) -> NDArray:
    """Return a copy of (b_Q, b_K, b_V) with b_K = 0."""
    return _third(bias, 1)


def _third(bias: NDArray, *parts: int) -> NDArray:
    bias = np.array(bias, dtype=float).reshape(3, -1)
    bias[list(parts)] = 0
    return bias.ravel()


BIAS_SLIPS = (
    Slip(lambda b: _third(b, 0), "b_Q · k_j depends on j: it says which keys are loud for everybody."),
    Slip(lambda b: _third(b, 2), "b_V is added to every output, since the weights add up to one."),
    Slip(lambda b: _third(b, 0, 1), "b_Q matters: b_Q · k_j depends on j."),
    Slip(lambda b: _third(b, 0, 1, 2), "Only one of the three is superfluous."),
    Slip(lambda b: np.array(b, dtype=float), "Nothing was removed."),
)


@exercise("transformers-9")
def check_bias(answer: Any) -> Verdict:
    """The bias of queries, keys and values without the part that does nothing, as a function."""
    cases = [
        Case("D = 4", (np.arange(1.0, 13),)),
        Case("D = 1", (np.array([1.0, 2, 3]),)),
        Case("random, D = 8", (np.random.default_rng(9).normal(size=24),)),
    ]
    return grade_function(
        "transformers-9",
        answer,
        without_keys,
        cases,
        slips=BIAS_SLIPS,
        signature="without_it(bias)",
        right="It adds the same to every score of a row.",
    )


# --- transformers-10: looking and thinking ------------------------------------------------------------------


def even_cost(width: int) -> int:
    """Return 6 D, where 2 n D = 12 D²."""
    return 6 * width


COST_SLIPS = (
    Slip(lambda D: 12 * D, "Scores and averages: 2 n D products, not n D."),
    Slip(lambda D: 4 * D, "The feed-forward part counts, too: 12 D², not 8 D²."),
    Slip(lambda D: 2 * D, "The feed-forward part counts, too: 12 D², not 4 D²."),
    Slip(lambda D: 6 * D**2, "One D cancels: 2 n D = 12 D²."),
    Slip(lambda D: D, "Set 2 n D equal to 12 D²."),
)


@exercise("transformers-10")
def check_cost(answer: Any) -> Verdict:
    """The length from which attention costs more than the matrices, as a function."""
    return grade_function(
        "transformers-10",
        answer,
        even_cost,
        [Case(f"D = {width}", (width,)) for width in (64, 128, 768, 12288)],
        slips=COST_SLIPS,
        signature="break_even(width)",
        right="Six times the width.",
    )
