"""A model made small: the rounding, its bounds, the arrays that travel, and what is refused."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from book_lib import quantization
from book_lib.quantization import dequantize, from_page_arrays, page_arrays, quantize, quantized
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPT, GPTConfig
from tests.golden import page_model

IDS = page_model.IDS
TOKENIZER = page_model.tokenizer()


def random(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns)) * np.logspace(-4, 3, rows)[:, None]


def test_no_entry_moves_by_more_than_half_a_level() -> None:
    matrix = random(9, 200)
    levels, scales = quantize(matrix)
    assert (levels.dtype, levels.shape, scales.dtype, scales.shape) == (np.int8, (9, 200), np.float32, (9,))
    np.testing.assert_allclose(scales, abs(matrix).max(axis=1) / 127, rtol=1e-6)
    moved = abs(dequantize(levels, scales) - matrix)
    assert (moved <= scales[:, None] * (0.5 + 1e-4)).all()
    assert (abs(levels).max(axis=1) == 127).all()


def test_rows_do_not_disturb_each_other() -> None:
    matrix = random(5, 30, 1)
    alone = np.concatenate([dequantize(*quantize(row[None])) for row in matrix])
    np.testing.assert_array_equal(dequantize(*quantize(matrix)), alone)


def test_rounding_twice_is_rounding_once() -> None:
    once = dequantize(*quantize(random(4, 50, 2)))
    twice = dequantize(*quantize(once))
    np.testing.assert_allclose(twice, once, rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1e-45, 1e-300])
def test_rows_of_nothing_stay_nothing(value: float) -> None:
    levels, scales = quantize([[value, -value], [1.0, -1.0]])
    back = dequantize(levels, scales)
    assert np.isfinite(back).all()
    assert abs(back[0]).max() <= 1e-44
    assert back[1].tolist() == pytest.approx([1, -1])


def test_signs_are_kept_and_the_lowest_level_is_unused() -> None:
    matrix = random(6, 100, 3)
    levels, _ = quantize(-matrix)
    np.testing.assert_array_equal(levels, -quantize(matrix)[0])
    assert levels.min() == -127


BAD = [
    ([1.0, 2.0], ValueError, "matrix must have shape"),
    (np.zeros((0, 3)), ValueError, "matrix must have shape"),
    (np.zeros((2, 0)), ValueError, "matrix must have shape"),
    ([[math.nan]], ValueError, "matrix must be finite"),
    ([[math.inf]], ValueError, "matrix must be finite"),
    ([[1e39]], ValueError, "matrix must hold numbers that float32 has"),
    ([["a"]], TypeError, "matrix must be an array of real numbers"),
    ([[True]], TypeError, "matrix must be an array of real numbers"),
]


@pytest.mark.parametrize(("matrix", "error", "words"), BAD)
def test_what_cannot_be_rounded(matrix: object, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        quantize(matrix)


def test_what_cannot_be_read_back() -> None:
    levels = np.ones((2, 3), np.int8)
    for scales in ([1.0], [[1.0, 1.0]]):
        with pytest.raises(ValueError, match="scales must have shape"):
            dequantize(levels, scales)
    with pytest.raises(ValueError, match="scales must be at least 0, got -1"):
        dequantize(levels, [1.0, -1.0])
    with pytest.raises(ValueError, match="scales must be finite"):
        dequantize(levels, [1.0, math.nan])
    with pytest.raises(TypeError, match="levels must be int8, got int64"):
        dequantize(np.ones((2, 3), np.int64), [1.0, 1.0])


# -- pages


@pytest.mark.parametrize("second", [False, True], ids=["tied", "untied"])
def test_float32_arrays_bring_the_model_back_as_it_was(second: bool) -> None:
    model = page_model.model(second)
    back, tokenizer = from_page_arrays(page_arrays(model, TOKENIZER, "float32"))
    assert back.config == model.config
    assert tokenizer == TOKENIZER
    np.testing.assert_array_equal(back.next_logits(IDS), model.next_logits(IDS))
    assert not back.training


@pytest.mark.parametrize("second", [False, True], ids=["tied", "untied"])
def test_int8_arrays_bring_back_the_rounded_model(second: bool) -> None:
    model = page_model.model(second)
    arrays = page_arrays(model, TOKENIZER)
    matrices = {name for name, array in arrays.items() if array.dtype == np.int8}
    assert len(matrices) == 1 + second + 4 * model.config.layers
    assert {f"{name}:scale" for name in matrices} <= set(arrays)
    assert arrays["position_embedding.weight"].dtype == np.float32
    back, _ = from_page_arrays(arrays)
    rounded = quantized(model)
    np.testing.assert_array_equal(back.next_logits(IDS), rounded.next_logits(IDS))
    for name, weight in rounded.state_dict().items():
        wanted = model.state_dict()[name].numpy()
        step = abs(wanted).max(axis=-1, keepdims=True) / 127 if name in matrices else 0
        assert (abs(weight.numpy() - wanted) <= 0.51 * step).all(), name
    gap = abs(rounded.next_logits(IDS) - model.next_logits(IDS)).max()
    assert 0 < gap < 1


def test_the_model_that_is_rounded_stays_as_it_is() -> None:
    model = page_model.model()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    assert quantized(model.train()).training and model.training
    assert not quantized(model.eval()).training and not model.training
    page_arrays(model, TOKENIZER)
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())


def test_a_page_model_is_about_a_megabyte() -> None:
    words = TOKENIZER
    model = GPT(GPTConfig(vocab_size=512, context=128, width=128, layers=4, heads=4))
    arrays = page_arrays(model, words)
    assert 0.9e6 < sum(array.nbytes for array in arrays.values()) < 1.0e6
    assert arrays["config"].tolist() == [1, 512, 128, 128, 4, 4, 512, 0, 1, 1]
    np.testing.assert_allclose(quantized(model).next_logits([1, 2, 3]), model.next_logits([1, 2, 3]), atol=0.03)


def test_a_tokenizer_without_chunks_travels_too() -> None:
    words = BPETokenizer([(97, 97)], special_tokens=("<|a|>",), split=None)
    model = GPT(GPTConfig(vocab_size=258, context=4, width=4, layers=1, heads=1))
    assert from_page_arrays(page_arrays(model, words))[1] == words


MODEL = page_model.model()


def spoilt(number: float) -> GPT:
    model = GPT(MODEL.config).double()
    with torch.no_grad():
        model.final_norm.bias[0] = number
    return model


FEWER = GPT(GPTConfig(vocab_size=299, context=4, width=4, layers=1, heads=1))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((GPT(MODEL.config, seed=None), TOKENIZER), ValueError, "model must have weights; this one was made with"),
        ((spoilt(math.nan), TOKENIZER), ValueError, "model must have weights that float32 holds"),
        ((spoilt(1e300), TOKENIZER, "float32"), ValueError, "infinity in final_norm.bias"),
        ((None, TOKENIZER), TypeError, "model must be a GPT, got NoneType"),
        ((MODEL, "words"), TypeError, "tokenizer must be a BPETokenizer, got str"),
        ((FEWER, TOKENIZER), ValueError, "tokenizer must have at most the model's 299 ids, got 300"),
        ((MODEL, BPETokenizer(split=r"\w+|\W+")), ValueError, "tokenizer must split text by GPT2_SPLIT or not at all"),
        ((MODEL, BPETokenizer(token_ids=[*range(255, -1, -1)])), ValueError, "tokenizer must count its ids from the"),
        ((MODEL, TOKENIZER, "int4"), ValueError, "precision must be one of 'int8', 'float32'"),
    ],
)
def test_what_cannot_be_packed(arguments: tuple, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        page_arrays(*arguments)


def test_only_a_model_is_rounded() -> None:
    with pytest.raises(TypeError, match="model must be a GPT, got int"):
        quantized(3)
    with pytest.raises(ValueError, match="infinity in final_norm.bias"):
        quantized(spoilt(math.inf))
    with pytest.raises(ValueError, match="seed=None"):
        quantized(GPT(MODEL.config, seed=None))


GAIN, TABLE = "final_norm.weight", "token_embedding.weight"


def config(at: int, value: int) -> np.ndarray:
    numbers = page_arrays(MODEL, TOKENIZER)["config"].copy()
    numbers[at] = value
    return numbers


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config": None}, "arrays must hold 'config'; it has blocks.0"),
        ({"config": config(0, 2)}, r"arrays\['config'\] must be of format 1"),
        ({"config": np.arange(3)}, r"arrays\['config'\] must be of format 1"),
        ({"config": config(7, 2)}, "must end in three flags"),
        ({"config": config(3, 8) + 0.7}, r"arrays\['config'\] must be of format 1, in 10 integers"),
        ({"config": np.array(["1"] * 10)}, r"arrays\['config'\] must be of format 1, in 10 integers"),
        ({"config": config(2, 0)}, r"arrays\['config'\] must hold the sizes of a GPT: context must be at least 1"),
        ({"config": config(3, 2**30)}, r"arrays\['token_embedding.weight'\] must have shape \(300, 1073741824\)"),
        ({"config": config(4, 2**30)}, "as many blocks as layers, 1073741824, got"),
        ({"config": config(4, 1)}, "as many blocks as layers, 1, got"),
        ({"config": config(5, 3)}, "width must be a multiple of heads"),
        ({GAIN: None}, "arrays must hold 'final_norm.weight'"),
        ({GAIN: np.ones(9, np.float32)}, r"arrays\['final_norm.weight'\] must have shape \(8,\), got \(9,\)"),
        ({GAIN: np.ones(8, bool)}, r"arrays\['final_norm.weight'\] must hold floating-point numbers or int8, got bool"),
        ({GAIN: np.ones(8, np.uint8)}, "must hold floating-point numbers or int8, got uint8"),
        ({GAIN: np.full(8, 1e300)}, r"arrays\['final_norm.weight'\] must hold numbers that float32 has"),
        ({GAIN: np.full(8, np.nan)}, r"arrays\['final_norm.weight'\] must be finite"),
        ({f"{TABLE}:scale": None}, "arrays must hold 'token_embedding.weight:scale'"),
        ({f"{TABLE}:scale": np.ones(3)}, r"arrays\['token_embedding.weight'\]: scales must have shape"),
        ({"merges": np.zeros(4, np.int32)}, r"arrays\['merges'\] must be pairs of integers"),
        ({"merges": np.full((43, 2), 400)}, "must make a tokenizer: merges"),
        ({"tokenizer": np.full(3, 300)}, r"arrays\['tokenizer'\] must be JSON"),
        ({"tokenizer": np.full(3, 48.5)}, r"arrays\['tokenizer'\] must be JSON"),
        ({"tokenizer": np.frombuffer(b"[" * 200_000, np.uint8)}, r"arrays\['tokenizer'\] must be JSON"),
        ({"tokenizer": np.frombuffer(b'{"specials": {}, "split": "no"}', np.uint8)}, "must be JSON with specials"),
        ({"tokenizer": np.frombuffer(b'{"specials": {"a": 299, "b": 300}, "split": true}', np.uint8)},
         "must make at most the model's 300 ids, got 301"),
        ({"tokenizer": np.frombuffer(b"{", np.uint8)}, r"arrays\['tokenizer'\] must be JSON"),
        ({"tokenizer": np.frombuffer(json.dumps({"split": True}).encode(), np.uint8)}, "must be JSON with specials"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)  # fmt: skip
def test_damaged_arrays_are_named(changes: dict, words: str) -> None:
    arrays = {**page_arrays(MODEL, TOKENIZER), **changes}
    with pytest.raises(ValueError, match=words):
        from_page_arrays({name: array for name, array in arrays.items() if array is not None})


def test_only_a_mapping_is_read() -> None:
    with pytest.raises(TypeError, match="arrays must be a mapping from names to arrays, got int"):
        from_page_arrays(3)


def test_scales_are_named_as_the_page_reads_them() -> None:
    assert quantization.SCALE == ":scale"
    assert quantization.FORMAT == 1
