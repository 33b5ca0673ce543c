"""The checks of the chapter on transformers: right answers pass, typical slips get their replies."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, special

from book_lib.exercises import check, names, variant
from book_lib.exercises import transformers as graded

SEEDS = st.integers(min_value=0, max_value=10_000)


def causal_attention(queries, keys, values):
    """PyTorch's, in double precision."""
    q, k, v = (torch.tensor(part)[None] for part in (queries, keys, values))
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)[0].numpy()


def step(frequency, by):
    """As the exponential of a generator."""
    return linalg.expm(frequency * by * np.array([[0.0, 1], [-1, 0]]))


def winner(logits, uniforms, temperature):
    """As a race of exponential clocks: the first to ring wins."""
    if temperature == 0:
        return max(range(len(logits)), key=lambda v: (logits[v], -v))
    y = np.asarray(logits) / temperature
    return int(np.argmin(-np.log(uniforms) * np.exp(-(y - y.max()))))


def parameters(vocabulary, context, width, layers):
    """Matrix by matrix."""
    attention = 4 * (width * width + width)
    mlp = width * 4 * width + 4 * width + 4 * width * width + width
    return vocabulary * width + context * width + layers * (attention + mlp + 2 * 2 * width) + 2 * width


def divisor(width, query_std, key_std):
    return math.exp(0.5 * math.log(width) + math.log(query_std) + math.log(key_std))


def jacobian(logits, temperature):
    z = torch.tensor(np.asarray(logits, dtype=float))
    return torch.autograd.functional.jacobian(lambda x: torch.softmax(x / temperature, 0), z).numpy()


def without_it(bias):
    D = len(bias) // 3
    return np.concatenate([bias[:D], np.zeros(D), bias[2 * D :]])


RIGHT = {
    "transformers-2": causal_attention,
    "transformers-3": step,
    "transformers-4": winner,
    "transformers-6": parameters,
    "transformers-7": divisor,
    "transformers-8": jacobian,
    "transformers-9": without_it,
    "transformers-10": lambda D: 12 * D**2 / (2 * D),
}


def test_the_chapter_registers_its_checks():
    assert names("transformers") == [f"transformers-{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9, 10)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_every_look_has_its_answer_and_shows_every_slip(seed):
    puzzle = variant("transformers-1", seed)
    scores = [sum(a * b for a, b in zip(puzzle.query, key, strict=True)) / 2 for key in puzzle.keys]
    p = special.softmax(scores)
    assert check("transformers-1", float(p @ puzzle.values), seed=seed).right
    unscaled, too_far = special.softmax(2 * np.array(scores)), special.softmax(np.array(scores) / 2)
    slips = (
        (unscaled @ puzzle.values, "without 1/√d"),
        (too_far @ puzzle.values, "divided by d"),
        (np.exp(scores) @ puzzle.values, "do not add up to one"),
        (np.mean(puzzle.values), "plain mean"),
        (puzzle.values[int(np.argmax(scores))], "best key alone"),
        (np.dot(scores, puzzle.values), "exponentials"),
    )
    for answer, words in slips:
        verdict = check("transformers-1", float(answer), seed=seed)
        assert not verdict.right and words in verdict.message, (answer, str(verdict))


def test_the_same_seed_gives_the_same_look():
    assert variant("transformers-1", 5) == variant("transformers-1", 5)
    assert len({variant("transformers-1", seed) for seed in range(30)}) > 25


def masked_late(q, k, v):
    return np.tril(special.softmax(q @ k.T / math.sqrt(q.shape[1]), axis=1)) @ v


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("transformers-2", graded._unmasked, "mask is missing"),
        ("transformers-2", lambda q, k, v: graded.looked_back(q, k, v, scale=1.0), "1/√d is missing"),
        ("transformers-2", lambda q, k, v: causal_attention(q / math.sqrt(q.shape[1]), k, v), "divided by d"),
        ("transformers-2", masked_late, "before the softmax"),
        ("transformers-2", lambda q, k, v: causal_attention(q[::-1].copy(), k[::-1].copy(), v[::-1].copy())[::-1],
         "wrong way round"),
        ("transformers-2", lambda q, k, v: graded.looked_back(q, k, v, axis=0), "wrong axis"),
        ("transformers-2", lambda q, k, v: graded.looked_back(q, k, v, below=-1), "look at itself"),
        ("transformers-3", lambda w, a: step(w, -a), "step to the left"),
        ("transformers-3", lambda w, a: step(w, a)[::-1, ::-1], "the sine comes first"),
        ("transformers-3", lambda w, a: step(w, a) * [[1, 1], [-1, 1]], "minus sign is missing"),
        ("transformers-3", lambda w, a: step(1.0, a), "frequency is missing"),
        ("transformers-3", lambda w, a: step(w, 1.0), "length of the step"),
        ("transformers-4", lambda z, u, T: winner(z, u, T or 1e-9) if False else int(np.argmax(z)), "noise is missing"),
        ("transformers-4", lambda z, u, T: int(np.argmax(np.asarray(z) / (T or 1e-300) + np.log(-np.log(u)))),
         "The sign"),
        ("transformers-4", lambda z, u, T: int(np.argmax((z - np.log(-np.log(u))) / (T or 1e-300))),
         "not the noise"),
        ("transformers-4", lambda z, u, T: int(np.argmax(np.asarray(z) / (T or 1e-300) - np.log(u))),
         "two logarithms"),
        ("transformers-4", lambda z, u, T: int(np.argmax(np.asarray(z) / (T or 1e-300) + u)), "used bare"),
        ("transformers-6", lambda V, n, D, L: parameters(V, n, D, L) + V * D, "do not count it twice"),
        ("transformers-6", lambda V, n, D, L: parameters(V, 0, D, L), "table of positions"),
        ("transformers-6", lambda V, n, D, L: parameters(V, n, D, L) - 2 * D, "last norm"),
        ("transformers-6", lambda V, n, D, L: (V + n) * D + 12 * L * D**2 + 2 * D, "Biases and norms"),
        ("transformers-6", lambda V, n, D, L: 12 * L * D**2, "matrices of the blocks"),
        ("transformers-7", lambda d, q, k: d * q**2 * k**2, "variance; divide by its root"),
        ("transformers-7", lambda d, q, k: math.sqrt(d), "variance 1"),
        ("transformers-7", lambda d, q, k: d * q * k, "√d, not with d"),
        ("transformers-7", lambda d, q, k: math.sqrt(d * (q * q + k * k)), "they multiply"),
        ("transformers-7", lambda d, q, k: 1 / divisor(d, q, k), "multiply by"),
        ("transformers-8", lambda z, T: jacobian(z, T) * T, "slope 1/T"),
        ("transformers-8", lambda z, T: jacobian(z, 1.0) / T, "taken at T, too"),
        ("transformers-8", lambda z, T: jacobian(z, 1.0), "for T = 1"),
        ("transformers-8", lambda z, T: np.diag(np.diag(jacobian(z, T))), "diagonal only"),
        ("transformers-8", lambda z, T: -jacobian(z, T), "The sign"),
        ("transformers-9", lambda b: np.concatenate([np.zeros(len(b) // 3), b[len(b) // 3 :]]), "depends on j"),
        ("transformers-9", lambda b: np.concatenate([b[: 2 * len(b) // 3], np.zeros(len(b) // 3)]),
         "added to every output"),
        ("transformers-9", np.zeros_like, "Only one"),
        ("transformers-9", np.copy, "Nothing was removed"),
        ("transformers-10", lambda D: 12 * D, "2 n D products"),
        ("transformers-10", lambda D: 4 * D, "not 8 D²"),
        ("transformers-10", lambda D: 6 * D * D, "One D cancels"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


@pytest.mark.parametrize("name", [name for name in RIGHT if name != "transformers-4"])
def test_no_slip_is_the_right_answer_or_another_slip(name):
    slips = {"2": graded.BACK_SLIPS, "3": graded.STEP_SLIPS, "6": graded.COUNT_SLIPS, "7": graded.STD_SLIPS,
             "8": graded.SLOPE_SLIPS, "9": graded.BIAS_SLIPS, "10": graded.COST_SLIPS}[name.split("-")[1]]
    rng = np.random.default_rng(0)
    inputs = {"transformers-2": [(*rng.normal(size=(2, 6, 5)), rng.normal(size=(6, 3)))], "transformers-3": [(0.7, 3)],
              "transformers-6": [(11, 7, 4, 3)], "transformers-7": [(9, 2.0, 5.0)],
              "transformers-8": [(rng.normal(size=4), 0.6)], "transformers-9": [(rng.normal(size=9),)],
              "transformers-10": [(7,)]}[name]
    given = [np.ravel([answer(*one) for one in inputs]) for answer in (RIGHT[name], *(slip.answer for slip in slips))]
    for n, one in enumerate(given):
        assert not any(np.allclose(one, other) for other in given[:n]), n


def test_the_race_obeys_boltzmann():
    """Two ways to run it, and both give the softmax."""
    rng, z = np.random.default_rng(1), np.array([0.5, -1.0, 2.0, 0.0])
    uniforms = rng.random((40_000, 4))
    ours = [graded.race_winner(z, u, 1.5) for u in uniforms]
    assert ours[:2000] == [winner(z, u, 1.5) for u in uniforms[:2000]]
    shares = np.bincount(ours, minlength=4) / len(ours)
    assert shares == pytest.approx(special.softmax(z / 1.5), abs=0.01)


@pytest.mark.parametrize("name", [*RIGHT, "transformers-1"])
@pytest.mark.parametrize("nonsense", [None, "seven", 1.5j, float("nan"), [1, [2]]])
def test_nonsense_is_answered_and_not_raised(name, nonsense):
    assert not check(name, nonsense).right
