"""book_lib.rng: the published answers, the place of every draw, and the laws that draws follow."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from book_lib.rng import CounterRNG, as_generator, raw_uint32, threefry2x32
from tests.golden.vectors import GOLDEN, KNOWN_ANSWERS

# Least squares and descents that are ill-conditioned: another processor's sums, in another order, move them so far.
ILL_CONDITIONED = {"divergence": 1e-7, "legendre": 1e-9, "mlp": 1e-9, "regression": 1e-9}
FOLDER = Path(__file__).resolve().parent.parent / "golden"


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN_ANSWERS)
def test_known_answers_of_random123(counter, key, words):
    numbers = [tuple(int(word, 16) for word in text.split()) for text in (counter, key)]
    assert " ".join(f"{int(word):08x}" for word in threefry2x32(*numbers)) == words


@pytest.mark.parametrize(
    ("key", "words"),
    [(("00000000 00000000"), "9d1c5ec6 8bd50731"), (("ffffffff ffffffff"), "fd36d048 2d17272c")],
)
def test_known_answers_with_13_rounds(key, words):
    pair = tuple(int(word, 16) for word in key.split())
    assert " ".join(f"{int(word):08x}" for word in threefry2x32(pair, pair, rounds=13)) == words


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden_vectors_are_up_to_date(name):
    stored = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    made = json.loads(json.dumps(GOLDEN[name]()))
    differences = list(compare(stored, made, name, ILL_CONDITIONED.get(name, 1e-12)))
    assert not differences, f"run `python -m tests.golden {name}`: {differences[:5]}"


def compare(stored, made, where, tolerance):
    """Yield the places where two trees of JSON differ; floats may differ in the last bits."""
    if isinstance(stored, float) or isinstance(made, float):
        if made != pytest.approx(stored, rel=tolerance, abs=tolerance):
            yield f"{where}: {stored} became {made}"
    elif isinstance(stored, dict) and isinstance(made, dict) and stored.keys() == made.keys():
        for key in stored:
            yield from compare(stored[key], made[key], f"{where}.{key}", tolerance)
    elif isinstance(stored, list) and isinstance(made, list) and len(stored) == len(made):
        for i, pair in enumerate(zip(stored, made, strict=True)):
            yield from compare(*pair, f"{where}[{i}]", tolerance)
    elif stored != made:
        yield f"{where}: {str(stored)[:60]} became {str(made)[:60]}"


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**40), st.lists(st.integers(0, 9), max_size=8))
def test_any_cut_of_the_stream_gives_the_same_words(seed, start, cuts):
    whole, parts = CounterRNG(seed), CounterRNG(seed)
    whole.counter = parts.counter = start
    drawn = np.concatenate([parts.uint32(n) for n in cuts] + [np.empty(0, np.uint32)])
    assert np.array_equal(whole.uint32(sum(cuts)), drawn)
    assert parts.counter == start + sum(cuts)


def test_chunks_join_without_a_seam():
    rng = CounterRNG(1)
    whole = rng.uint32(40_000)
    rng.counter = 16_383  # on both sides of the first chunk's end
    assert np.array_equal(rng.uint32(4), whole[16_383:16_387])


def test_seeds_and_streams_are_unrelated():
    words = {tuple(CounterRNG(seed, stream).uint32(4)) for seed in range(20) for stream in range(20)}
    assert len(words) == 400


def test_words_are_uniform_and_independent_at_a_glance():
    words = CounterRNG(5).uint32(2**18)
    for shift in (0, 12, 24):  # low, middle and high byte
        counts = np.bincount((words >> np.uint32(shift)) & np.uint32(255), minlength=256)
        assert stats.chisquare(counts).pvalue > 1e-4
    pairs = (words[0::2] >> 28) * 16 + (words[1::2] >> 28)
    assert stats.chisquare(np.bincount(pairs, minlength=256)).pvalue > 1e-4


def test_methods_follow_their_laws():
    rng = CounterRNG(6)
    assert stats.kstest(rng.random(20_000), "uniform").pvalue > 1e-4
    assert stats.kstest(rng.standard_normal(20_000), "norm").pvalue > 1e-4
    counts = np.bincount(rng.integers(-2, 5, size=14_000) + 2, minlength=7)
    assert stats.chisquare(counts).pvalue > 1e-4
    assert sorted(rng.permutation(50)) == list(range(50))
    counts = np.bincount(rng.choice(3, size=9_000, p=[0.2, 0.5, 0.3]))
    assert stats.chisquare(counts, [1800, 4500, 2700]).pvalue > 1e-4


def test_shapes_and_types_are_numpys():
    rng, peer = CounterRNG(7), np.random.default_rng(7)
    for ours, theirs in [
        (rng.random(), peer.random()),
        (rng.random((2, 3)), peer.random((2, 3))),
        (rng.integers(5, size=4), peer.integers(5, size=4)),
        (rng.standard_normal((2,)), peer.standard_normal((2,))),
        (rng.permutation(6), peer.permutation(6)),
        (rng.choice(["a", "b"], size=3), peer.choice(["a", "b"], size=3)),
        (rng.choice(9, size=4, replace=False), peer.choice(9, size=4, replace=False)),
    ]:
        assert np.shape(ours) == np.shape(theirs)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype
    assert len(set(rng.choice(9, size=9, replace=False))) == 9
    assert 0 <= rng.integers(3) < 3 and isinstance(rng.integers(3), int)
    assert rng.choice(["only"]) == "only"
    assert isinstance(rng.uint32(), int)


def test_as_generator_takes_seeds_and_generators():
    numpy_rng, counter_rng = np.random.default_rng(0), CounterRNG(0)
    assert as_generator(numpy_rng) is numpy_rng
    assert as_generator(counter_rng) is counter_rng
    assert np.array_equal(as_generator(np.int64(3)).random(4), as_generator(3).random(4))


@pytest.mark.parametrize("bit_generator", [np.random.SFC64, np.random.PCG64, np.random.MT19937])
def test_raw_words_are_uniform_for_any_bit_generator(bit_generator):
    words = raw_uint32(np.random.Generator(bit_generator(1)), 100_001)
    assert words.shape == (100_001,) and words.dtype == np.uint32
    assert stats.kstest(words / 2**32, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("bad", [None, 1.5, "7", True, np.random.RandomState(0)])
def test_as_generator_names_what_came(bad):
    with pytest.raises(TypeError, match=r"rng must be a seed .* got"):
        as_generator(bad)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: as_generator(-1), ValueError, "rng must be at least 0, got -1"),
        (lambda: CounterRNG(-1), ValueError, "seed must be at least 0, got -1"),
        (lambda: CounterRNG(2**32), ValueError, "seed must be at most 4294967295"),
        (lambda: CounterRNG(1.0), TypeError, "seed must be an integer, got 1.0"),
        (lambda: CounterRNG(0, -2), ValueError, "stream must be at least 0"),
        (lambda: setattr(CounterRNG(), "counter", -1), ValueError, "counter must be at least 0"),
        (lambda: CounterRNG().uint32(-1), ValueError, "n must be at least 0"),
        (lambda: CounterRNG().integers(0), ValueError, "0 < high - low"),
        (lambda: CounterRNG().integers(0, 2**32 + 1), ValueError, "0 < high - low"),
        (lambda: CounterRNG().choice(0), ValueError, "a must be a positive integer"),
        (lambda: CounterRNG().choice(3, size=4, replace=False), ValueError, "cannot choose 4 of 3"),
        (lambda: CounterRNG().choice(2, 1, False, [0.5, 0.5]), ValueError, "not supported"),
        (lambda: threefry2x32((0, 0), (0, -1)), ValueError, "key must be at least 0"),
        (lambda: threefry2x32((0, 0), (0, 0), rounds=0), ValueError, "rounds must be at least 1"),
        (lambda: threefry2x32((1.9, 0), (0, 0)), ValueError, "counter must hold integers from 0"),
        (lambda: threefry2x32(("3", 0), (0, 0)), ValueError, "counter must hold integers from 0"),
        (lambda: threefry2x32((2**32, 0), (0, 0)), ValueError, "counter must hold integers .* got 4294967296"),
        (lambda: threefry2x32(([-1, 2], 0), (0, 0)), ValueError, "counter must hold integers from 0"),
        (lambda: threefry2x32(([1, 2], [1, 2, 3]), (0, 0)), ValueError, r"got \(2,\) and \(3,\)"),
        (lambda: threefry2x32((1, 2, 3), (0, 0)), ValueError, "counter must be two words"),
        (lambda: threefry2x32((0, 0), (0,)), ValueError, r"key must be two words, got \(0,\)"),
        (lambda: CounterRNG().choice(5, size=-2), ValueError, "size must be at least 0, got -2"),
        (lambda: CounterRNG().choice(5, size=-2, replace=False), ValueError, "size must be at least 0, got -2"),
        (lambda: CounterRNG().choice(3, p=[0.5, 0.5]), ValueError, r"p must .* 3 items, got shape \(2,\)"),
        (lambda: CounterRNG().choice(2, p=[0.2, 0.3, 0.5]), ValueError, "p must .* 2 items"),
        (lambda: CounterRNG().choice(2, p=[[0.5, 0.5]]), ValueError, "p must .* 2 items"),
        (lambda: CounterRNG().choice(2.5), TypeError, "a must be an integer, got 2.5"),
        (lambda: CounterRNG().random((-1, -1)), ValueError, "size must be at least 0, got -1"),
        (lambda: CounterRNG().random(2.5), TypeError, "size must be an integer, got 2.5"),
        (lambda: CounterRNG().random("3"), TypeError, "size must be an integer, got '3'"),
        (lambda: CounterRNG().random(float("nan")), TypeError, "size must be an integer, got nan"),
        (lambda: CounterRNG().random((2**40, 2**40)), ValueError, "the stream ends after"),
        (lambda: setattr(CounterRNG(), "counter", 2**64 + 1), ValueError, "counter must be at most"),
        (lambda: CounterRNG().permutation(2.5), TypeError, "x must be an integer, got 2.5"),
        (lambda: CounterRNG().permutation(None), TypeError, "x must be an integer, got None"),
        (lambda: CounterRNG().permutation(-3), ValueError, "x must be at least 0, got -3"),
        (lambda: raw_uint32(5, 3), TypeError, "rng must be a generator, got 5"),
        (lambda: raw_uint32(np.random.default_rng(0), -1), ValueError, "n must be at least 0, got -1"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_counter_words_broadcast():
    pairs = threefry2x32(([[1], [2]], [3, 4]), (5, 6))
    assert [word.shape for word in pairs] == [(2, 2), (2, 2)]
    assert pairs[0][1, 0] == threefry2x32((2, 3), (5, 6))[0]


def test_a_stream_ends_after_its_last_word():
    rng = CounterRNG(1)
    rng.counter = 2**64 - 3
    last = rng.uint32(3)
    assert len(last) == 3 and rng.counter == 2**64 and len(rng.uint32(0)) == 0
    with pytest.raises(ValueError, match="the stream ends after 2\\*\\*64 words: n must be at most 0, got 1"):
        rng.uint32()
    block = threefry2x32((2**32 - 1, 2**31 - 1), (1, 0))
    assert [int(word) for word in last[1:]] == [int(word) for word in block]


@pytest.mark.parametrize("name", ["seed", "stream"])
def test_seed_and_stream_are_fixed(name):
    with pytest.raises(AttributeError):
        setattr(CounterRNG(1), name, 2)
