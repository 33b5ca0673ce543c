"""The explorables of the model in the page, in Python: what they take, refuse, compute and show."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pytest

from book_lib.explorables import MeltSentence, PageGPT, assets, page_model
from book_lib.explorables.base import ArgumentError
from book_lib.probability import entropy, softmax
from book_lib.quantization import page_arrays
from book_lib.rng import CounterRNG
from book_lib.sampling import generate, gumbel, gumbel_max, next_distribution
from tests.golden import page_model as golden
from tests.lib.pictures import check_pictures

WORDS = golden.tokenizer()
ARRAYS = page_arrays(golden.model(), WORDS)
NAME = "golden-gpt"
MELT = {"asset": NAME, "prompt": "the cat", "length": 8}
PAGE = {"asset": NAME, "prompt": "the cat"}


@pytest.fixture(autouse=True)
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that has shipped the golden model and nothing else."""
    monkeypatch.setattr(assets, "_shipped", {})
    monkeypatch.delenv("BOOK_ASSETS", raising=False)
    assets.asset(NAME, ARRAYS)


BAD = [
    (PageGPT, {"temperature": -0.1}, "temperature must"),
    (PageGPT, {"temperature": 3.5}, "temperature must"),
    (PageGPT, {"temperature": math.nan}, "temperature must"),
    (PageGPT, {"top_k": 0}, "top_k must"),
    (PageGPT, {"top_p": 0}, "top_p must"),
    (PageGPT, {"top_p": 1.01}, "top_p must"),
    (PageGPT, {"layer": 0}, "layer must"),
    (PageGPT, {"layer": 3}, "layer must be a whole number from 1 to 2, not 3"),
    (PageGPT, {"head": 3}, "head must be a whole number from 1 to 2, not 3"),
    (PageGPT, {"prompt": "QWERTYUIOPASDFGHJKL"}, "prompt must have 1 to 15 tokens, not 19"),
    (PageGPT, {"prompt": "a" * 2001}, "prompt must have at most 2000 letters"),
    (PageGPT, {"asset": "nothing"}, "asset must name a model that this kernel has shipped"),
    (MeltSentence, {"temperature": -1}, "temperature must"),
    (MeltSentence, {"temperature": 4.1}, "temperature must"),
    (MeltSentence, {"length": 3}, "length must"),
    (MeltSentence, {"length": 60}, "length must leave room for the prompt's"),
    (MeltSentence, {"prediction": "maybe"}, "prediction must"),
    (MeltSentence, {"asset": "nothing"}, "asset must name a model"),
]


@pytest.mark.parametrize(("kind", "arguments", "message"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**(PAGE if kind is PageGPT else MELT) | arguments)


def test_an_asset_that_is_no_model_is_refused() -> None:
    assets.asset("squares", np.arange(3.0))
    with pytest.raises(ArgumentError, match="asset 'squares' must be a model from page_arrays: arrays must hold"):
        PageGPT(asset="squares")


def test_a_default_is_shipped_with_its_arrays_once_for_both() -> None:
    page = PageGPT(arrays=ARRAYS, prompt="the cat")
    melt = MeltSentence(prompt="the cat", length=5)
    assert page.asset == melt.asset == page_model.ASSET
    assert page.top_k == 300


def test_the_size_that_is_told_is_that_of_the_scripts() -> None:
    _, body = assets._shipped[NAME]
    small = len(gzip.compress(body, 9))
    sent = small if small < 0.9 * len(body) else len(body)
    assert PageGPT(**PAGE).transfer == pytest.approx(sent * 4 / 3, abs=4)


def test_the_page_model_is_the_one_that_was_shipped() -> None:
    model, words = page_model.load(NAME)
    assert words == WORDS
    read = golden.read(ARRAYS)
    np.testing.assert_allclose(model.next_logits(golden.IDS), read["logits"][-1], atol=1e-4)


def test_what_it_writes_is_drawn_by_the_library() -> None:
    page = PageGPT(**PAGE, temperature=0.8, top_k=40, top_p=0.9, seed=4)
    model, _ = page_model.load(NAME)
    given = WORDS.encode("the cat")
    written = page.write(9)
    wanted = generate(model, given, 9, 0.8, 40, 0.9, CounterRNG(4), WORDS.special_tokens.values())
    assert [*given, *written] == wanted[: 16]
    assert len(page.write(1000)) <= 16 - len(given)
    np.testing.assert_allclose(page.law(), next_distribution(model.next_logits(given), 0.8, 40, 0.9))


def test_an_empty_prompt_begins_a_document() -> None:
    page = PageGPT(asset=NAME, prompt="")
    assert page.example[0] == ["<|end|>", None]


def test_the_example_holds_tokens_and_their_energies() -> None:
    page = PageGPT(**PAGE, seed=2)
    ids = [*WORDS.encode("the cat"), *page.write(40)]
    assert [text for text, _ in page.example] == [page_model.shown(WORDS.token_bytes(i)) for i in ids]
    model, _ = page_model.load(NAME)
    given = len(WORDS.encode("the cat"))
    assert all(energy is None for _, energy in page.example[:given])
    for k in range(given, len(ids)):
        p = softmax(model.next_logits(ids[:k]))
        assert page.example[k][1] == pytest.approx(-math.log(p[ids[k]]), abs=1e-4)


@pytest.mark.parametrize("temperature", [0.0, 0.6, 1.0, 4.0])
def test_the_melted_sentence_is_a_race_of_logits_and_noise(temperature: float) -> None:
    one = MeltSentence(**MELT, temperature=temperature, seed=5)
    model, _ = page_model.load(NAME)
    ids, noise = WORDS.encode("the cat"), gumbel((8, 300), CounterRNG(5))
    np.testing.assert_array_equal(one.noise(), noise)
    laws = []
    for g in noise:
        z = model.next_logits(ids).astype(float)
        laws.append(softmax(z, temperature))
        ids.append(gumbel_max(z, temperature, noise=g))
    assert one.sentence() == ids[-8:]
    S, C = one.thermal()
    assert S == pytest.approx(np.mean([entropy(p) for p in laws]), abs=1e-4)
    assert (C > 0) == (temperature > 0)


def test_heat_is_the_slope_of_entropy() -> None:
    """Var E/T² = T dS/dT for the same contexts: a small step of T that flips no token."""
    one, step = MeltSentence(**MELT, seed=1), 1e-3
    a, b = one.melt(1.0), one.melt(1.0 + step)
    assert a[0] == b[0]
    slope = (one.thermal(1.0 + step)[0] - one.thermal(1.0)[0]) / step
    assert slope == pytest.approx(one.thermal(1.0)[1], rel=0.01)


def test_noise_keeps_its_choice_until_another_token_wins() -> None:
    one = MeltSentence(**MELT, seed=3)
    before = one.sentence(1.0)
    after = one.sentence(1.6)
    flips = [k for k in range(8) if before[k] != after[k]]
    assert after[: flips[0]] == before[: flips[0]] if flips else True
    assert one.sentence(1.0) == before


WIDGETS = [
    lambda: PageGPT(**PAGE),
    lambda: PageGPT(**PAGE, temperature=0, top_k=5, layer=2, head=2),
    lambda: MeltSentence(**MELT),
    lambda: MeltSentence(**MELT, temperature=0.0),
]


@pytest.mark.parametrize("make", WIDGETS)
def test_pictures_for_readers_without_scripts(make) -> None:
    check_pictures(make())


def test_alt_text_can_be_given() -> None:
    assert PageGPT(**PAGE, alt="A figure.").describe() == "A figure."
    assert MeltSentence(**MELT, alt="A figure.").describe() == "A figure."


def test_the_description_says_what_was_written() -> None:
    page = PageGPT(**PAGE)
    assert f"{page.law().max():.1%}" in page.describe()
    assert repr(WORDS.decode([*WORDS.encode("the cat"), *page.write(40)])) in page.describe()
    melt = MeltSentence(**MELT)
    assert repr(WORDS.decode(melt.sentence(2.0))) in melt.describe()
