"""The explorables of language models in Python: what they take, refuse, compute and show."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from book_lib import sampling
from book_lib.explorables import BpeSteps, NextToken, NgramText, PerplexityMeter
from book_lib.explorables.bpe_steps import LONGEST, written
from book_lib.explorables.ngram_text import HIGHEST, SIZES, plain, reference
from book_lib.ngram import NGram, perplexity
from book_lib.probability import entropy
from book_lib.tokenizer import BPETokenizer
from tests.lib.pictures import check_pictures, check_pictures_are_quick

CHINESE = "学而时习之，不亦说乎？有朋自远方来，不亦乐乎？"
SMALL = {"train_text": "a rose is a rose is a rose. " * 5, "held_out_text": "is a nose a rose? so it is."}
BAD = [
    (BpeSteps, {"text": "x" * (LONGEST + 1)}, "text must have at most 600 characters, not 601"),
    (BpeSteps, {"text": "\ud800"}, "text must be text that UTF-8 can write"),
    (BpeSteps, {"merges": 61}, "merges must"),
    (BpeSteps, {"merges": -1}, "merges must"),
    (BpeSteps, {"prediction": "116"}, "prediction must be '', 'skipped' or two bytes"),
    (BpeSteps, {"prediction": "116,300"}, "prediction must"),
    (BpeSteps, {"split": "yes"}, "split"),
    (NgramText, {"order": 0}, "order must"),
    (NgramText, {"order": 6}, "order must"),
    (NgramText, {"smoothing": "laplace"}, "smoothing must be one of"),
    (NgramText, {"amount": 0}, "amount must"),
    (NgramText, {"train_text": "too short"}, "train_text must have 100 to 40000 characters, not 9"),
    (NgramText, {"held_out_text": ""}, "held_out_text must have 20"),
    (
        NgramText,
        {"train_text": "".join(map(chr, range(500, 700)))},
        "train_text must have at most 64 different",
    ),
    (NgramText, {"prediction": "6"}, "prediction must"),
    (NgramText, {"start": "x" * 41}, "start must have at most 40 characters, not 41"),
    (PerplexityMeter, {"source": [1, 1]}, "source must hold 3 to 4"),
    (PerplexityMeter, {"source": [0, 0, 0, 0]}, "source must"),
    (PerplexityMeter, {"model": [1, 1, 1]}, "model must hold 4 numbers, as source does, not 3"),
    (PerplexityMeter, {"model": [1, 1, 1, -1]}, "model must"),
    (PerplexityMeter, {"model": [1, 1, 1, math.nan]}, "model must"),
    (PerplexityMeter, {"prediction": "perhaps"}, "prediction must"),
    (NextToken, {"temperature": -0.1}, "temperature must"),
    (NextToken, {"temperature": math.inf}, "temperature must"),
    (NextToken, {"top_k": 0}, "top_k must"),
    (NextToken, {"top_p": 0}, "top_p must"),
    (NextToken, {"top_p": 1.01}, "top_p must"),
    (NextToken, {"table": "own"}, "table must not be 'own' without tokens"),
    (NextToken, {"table": "none"}, "table must be one of"),
    (NextToken, {"tokens": ["a"], "probabilities": [1]}, "tokens must be 2 to 8 different"),
    (NextToken, {"tokens": ["a", "a"], "probabilities": [1, 1]}, "tokens must be 2 to 8 different"),
    (NextToken, {"tokens": "ab", "probabilities": [1, 1]}, "tokens must be 2 to 8 different"),
    (NextToken, {"tokens": ["a", "b"]}, "tokens must come with either probabilities or logits"),
    (
        NextToken,
        {"tokens": ["a", "b"], "probabilities": [1, 1], "logits": [0, 0]},
        "either probabilities or logits",
    ),
    (
        NextToken,
        {"tokens": ["a", "b"], "probabilities": [1]},
        "probabilities must hold one number for each of the 2",
    ),
    (NextToken, {"tokens": ["a", "b"], "probabilities": [1, 0]}, "probabilities must leave every token"),
    (NextToken, {"tokens": ["a", "b"], "logits": [1, math.inf]}, "logits must"),
]


@pytest.mark.parametrize(("kind", "arguments", "message"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


WIDGETS = [
    BpeSteps(),
    BpeSteps(merges=60),
    BpeSteps(text=CHINESE, merges=4, split=False),
    BpeSteps(text=""),
    NgramText(),
    NgramText(**SMALL, order=5, smoothing="none"),
    NgramText(**SMALL, order=1, smoothing="witten-bell", seed=3),
    PerplexityMeter(),
    PerplexityMeter(source=[1, 2, 1], model=[0, 1, 1]),
    PerplexityMeter(source=[1, 0, 0], model=[1, 0, 0]),
    NextToken(),
    NextToken(table="cat", temperature=0, top_p=0.5),
    NextToken(tokens=["yes", "no"], logits=[1.0, 0.0], prompt="Well,", temperature=3, top_k=1),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


@pytest.mark.parametrize("kind", [BpeSteps, NgramText, PerplexityMeter, NextToken])
def test_alt_text_can_be_given(kind: type) -> None:
    assert kind(alt="A figure.").describe() == "A figure."


@pytest.mark.parametrize("widget", WIDGETS[::3], ids=lambda widget: type(widget).__name__)
def test_pictures_are_made_soon(widget) -> None:
    check_pictures_are_quick(widget)


# -- byte pairs


@pytest.mark.parametrize("text", [BpeSteps().text, CHINESE, "aaabdaaabac aaa  aaaa\n\n aa"])
@pytest.mark.parametrize("split", [True, False])
def test_merges_are_those_of_the_fast_trainer(text: str, split: bool) -> None:
    for merges in (0, 1, 6, 12):
        one = BpeSteps(text=text, split=split, merges=merges)
        done = one.tokenizer()
        fast = BPETokenizer.train(text, 256 + len(done.merges), **({} if split else {"split": None}))
        assert done == fast
        assert [token for ids in one.ids() for token in ids] == fast.encode(text)
        assert b"".join(one.tokens()).decode() == text


def test_counts_of_pairs_by_hand() -> None:
    assert BpeSteps(text="abab ab", split=False).pairs()[0] == (97, 98, 3)
    joined = BpeSteps(text="abab ab", split=False, merges=1)
    assert joined.tokens() == [b"ab", b"ab", b" ", b"ab"]
    assert joined.pairs() == [(32, 256, 1), (256, 32, 1), (256, 256, 1)]
    assert BpeSteps(text="ab ab", split=True).pairs() == [
        (97, 98, 2),
        (32, 97, 1),
    ]  # none reaches over a border


def test_merging_ends_where_no_pair_is_left() -> None:
    over = BpeSteps(merges=60)
    assert over.pairs() == []
    assert [bytes(chunk, "utf-8") for chunk in over.chunks()] == over.tokens()
    assert "No pair is left" in over.describe()


def test_english_letters_are_one_byte_and_chinese_three() -> None:
    assert len(BpeSteps(text="the hat").tokens()) == 7
    assert len(BpeSteps(text=CHINESE).tokens()) == 3 * len(CHINESE)
    assert written(CHINESE[0].encode()) == "学"


# -- n-grams


def test_perplexities_are_the_librarys() -> None:
    for settings in ({}, {"smoothing": "witten-bell"}, {"smoothing": "none"}, {"amount": 2.0}):
        box = NgramText(**SMALL, **settings)
        texts = [box.ids(SMALL["train_text"]), box.ids(SMALL["held_out_text"])]
        for order, pair in enumerate(box.perplexities(), 1):
            model = NGram(order, len(box.alphabet()), box.smoothing, box.amount).fit(texts[0])
            for text, shown in zip(texts, pair, strict=True):
                laws = [
                    model.log_likelihood(text[: i + 1]) - model.log_likelihood(text[:i]) for i in range(1, 6)
                ]
                assert shown == pytest.approx(perplexity(model.log_probabilities(text)))
                if box.smoothing != "none":
                    for i, log_p in enumerate(laws, 1):
                        assert math.exp(log_p) == pytest.approx(model.probabilities(text[:i])[text[i]])


def test_unigrams_are_counts() -> None:
    box = NgramText(**SMALL, order=1, smoothing="none")
    counts = Counter(SMALL["train_text"])
    n = len(SMALL["train_text"])
    surprise = -sum(c / n * math.log(c / n) for c in counts.values())
    assert box.perplexities()[0][0] == pytest.approx(math.exp(surprise))


def test_what_is_written_has_been_read_where_nothing_is_smoothed() -> None:
    for order in (2, 3, 4):
        box = NgramText(**SMALL, order=order, smoothing="none", start="a", seed=order)
        text = "a" + box.write(100)
        assert all(text[i : i + order] in SMALL["train_text"] for i in range(len(text) - order + 1))
    lost = NgramText(**SMALL, order=3, smoothing="none", start="tt")
    assert lost.write(50) == ""
    assert NgramText(**SMALL, start="A!").write(5) == NgramText(**SMALL, start="").write(5)


def test_the_default_text_has_a_lesson() -> None:
    """Held out, the least perplexity lies between the ends, and how much is added to the counts moves it."""
    train, held = reference()
    assert (len(train), len(held)) == SIZES
    assert held not in train and not (set(train) | set(held)) - set("abcdefghijklmnopqrstuvwxyz .,")
    best = {
        k: int(np.argmin([pair[1] for pair in NgramText(amount=k).perplexities()])) + 1
        for k in (0.1, 1.0, 10.0)
    }
    assert 2 < best[0.1] < HIGHEST
    assert best[10.0] < best[0.1]
    seen = [pair[0] for pair in NgramText(amount=0.01).perplexities()]
    assert all(a > b for a, b in itertools.pairwise(seen))
    assert math.isinf(NgramText(smoothing="none").perplexities()[3][1])


def test_prose_is_made_plain() -> None:
    assert plain("short") == ""
    long = "This IS a paragraph, one of words (and more) ... with [1] notes; it goes on and on. " * 2
    assert plain(long + "\n\n   >>> x = 1" + "1" * 200).startswith(
        "this is a paragraph, one of words and more."
    )


# -- perplexity


def test_entropies_by_hand() -> None:
    one = PerplexityMeter()
    assert one.floor() == pytest.approx(2**1.75)
    assert one.limit() == pytest.approx(2 ** (0.5 * 3 + 0.25 * 3 + 0.125 * 2 + 0.125))
    assert math.log(one.limit() / one.floor()) == pytest.approx(one.gap())
    same = PerplexityMeter(model=one.source)
    assert same.limit() == pytest.approx(same.floor()) and same.gap() == pytest.approx(0, abs=1e-15)
    assert PerplexityMeter(model=[1, 1, 1, 1]).running(9) == pytest.approx(np.full(9, 4.0))


def test_the_running_perplexity_tends_to_the_cross_entropys() -> None:
    for seed in range(5):
        one = PerplexityMeter(seed=seed)
        path = one.running(10_000)
        surprise = -np.log(one.q())
        spread = math.sqrt(one.p() @ surprise**2 - (one.p() @ surprise) ** 2)
        assert abs(math.log(path[-1] / one.limit())) < 4 * spread / 100


def test_the_impossible_is_infinitely_surprising() -> None:
    never = PerplexityMeter(source=[1, 1, 1], model=[0, 1, 1])
    assert math.isinf(never.limit()) and math.isinf(never.running(50)[-1])
    assert "infinite" in never.describe()


# -- the next token


def test_the_lectures_table() -> None:
    for temperature, expected, bits in (
        (0.7, [0.9726, 0.0157, 0.0042, 0.0075], 0.219),
        (1.0, [0.90, 0.05, 0.02, 0.03], 0.618),
        (1.5, [0.7529, 0.1096, 0.0595, 0.0780], 1.187),
    ):
        law = NextToken(temperature=temperature).law()
        np.testing.assert_allclose(law, expected, atol=5e-5)
        assert entropy(law, 2) == pytest.approx(bits, abs=5e-4)


def test_cuts_are_infinite_energies() -> None:
    one = NextToken(table="cat", temperature=1.3, top_k=3)
    weights = np.exp(-one.energies() / 1.3)
    weights[3:] = 0
    np.testing.assert_allclose(one.law(), weights / weights.sum())
    assert (NextToken(table="cat", top_p=0.6).law() > 0).sum() == 2
    assert NextToken(table="sum", temperature=0).law().tolist() == [1, 0, 0, 0]


def test_an_own_table_of_logits_or_probabilities() -> None:
    one = NextToken(tokens=["a", "b", "c"], logits=[2.0, 1.0, 0.0], temperature=0.5, prompt="p")
    assert one.table == "own"
    np.testing.assert_allclose(one.law(), sampling.next_distribution([2.0, 1.0, 0.0], 0.5))
    two = NextToken(tokens=["a", "b"], probabilities=[3, 1])
    np.testing.assert_allclose(two.law(), [0.75, 0.25])
    assert NextToken(tokens=["a", "b"], probabilities=[3, 1], table="sum").law().shape == (4,)


def test_draws_meet_the_law() -> None:
    one = NextToken(table="animal", temperature=2, seed=5)
    shares = np.bincount(one.draw(5000), minlength=8) / 5000
    np.testing.assert_allclose(shares, one.law(), atol=4 * math.sqrt(0.25 / 5000))
    assert set(NextToken(temperature=0).draw(50)) == {0}


def test_the_magnet_melts_by_the_same_slider() -> None:
    order = [abs(NextToken(temperature=T).magnet().magnetization) for T in (0, 0.5, 3)]
    assert order[0] == 1 and order[1] > 0.95 and order[2] < 0.2
