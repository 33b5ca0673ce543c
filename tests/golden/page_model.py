"""Golden vectors of the model in the page: the GPT, its tokenizer and the sampler, for core/*.js to repeat."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from book_lib import quantization, sampling
from book_lib.probability import entropy, heat_capacity, softmax
from book_lib.rng import CounterRNG
from book_lib.tokenizer import BPETokenizer

TEXT = (
    "The cat sat on the mat, and the rat sat on the cat's hat. It's 12 o'clock; 3.14 is pi.\n\n"
    "def attend(self, other):\n    return other  # 注意力 is all you need: naïve café, 温度与温度计\n"
)
SENTENCES = [
    "",
    "the cat",
    " the  cat\n\n\tsat",
    "It's 12:30, isn't it? we'll see; I'd they've",
    "naïve café 温度 😀👍🏽",
    "x\u0085y\ufeffz\u00a0w\u2028v\u3000u\u001cq",
    "٣٤ ⅷ ²  _a_b__ ",
    "   ",
    "end\n",
]
BROKEN = [[0xE6, 0xB8], [65, 299, 0xFF, 66], [0xEF, 0xBB, 0xBF]]
IDS = [84, 104, 101, 256, 97, 261, 258, 270, 9, 0, 255, 299, 264, 257, 32, 116]


@cache
def tokenizer() -> BPETokenizer:
    """Merges of a short text in two scripts, and one special token."""
    return BPETokenizer.train(TEXT * 4, 300, special_tokens=("<|end|>",))


@cache
def model(second: bool = False) -> Any:
    """A small GPT whose weights are large enough to bend: as a page has it, or without biases, untied and with tanh."""
    import torch

    from book_lib.transformer import GPT, GPTConfig

    sizes = {"vocab_size": 300, "context": 16, "width": 8, "layers": 2, "heads": 2}
    rest = {"hidden": 20, "activation": "gelu_tanh", "bias": False, "tied": False} if second else {}
    made = GPT(GPTConfig(**sizes, **rest), seed=5)
    generator = torch.Generator().manual_seed(6)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            scale = 0.3 if weight.ndim == 1 or "embedding" in name else 0.4
            weight.copy_(torch.round(weight + scale * noise, decimals=3))  # few digits in the file
    return made.eval()


def listed(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Arrays as JSON: as few digits as tell a float32 from its neighbours."""
    return {
        name: {
            "shape": list(array.shape),
            "dtype": array.dtype.name,
            "data": [float(str(v)) for v in array.ravel()] if array.dtype.kind == "f" else array.ravel().tolist(),
        }
        for name, array in arrays.items()
    }


def read(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """What a model makes of the tokens, in double precision."""
    import torch

    made, _ = quantization.from_page_arrays(arrays)
    made = made.double()
    with torch.inference_mode():
        logits = made(torch.tensor([IDS]))[0].numpy()
    return {
        "arrays": listed(arrays),
        "logits": logits[[0, 6, 15]].tolist(),
        "attention": made.attention_weights(IDS)[:, :, 15].tolist(),
    }


def gpt() -> dict[str, Any]:
    """Logits and attention of small models, rounded or not, and the GELU."""
    words = tokenizer()
    xs = [-8.0, -6.4, -3.3, -1.0, -0.01, 0.0, 1e-3, 0.5, 1.7, 4.0, 6.49, 9.0]
    return {
        "ids": IDS,
        "int8": read(quantization.page_arrays(model(), words)),
        "float32": read(quantization.page_arrays(model(True), words, "float32")),
        "gelu": [[x, x * math.erfc(-x / math.sqrt(2)) / 2] for x in xs],
    }


def bpe() -> dict[str, Any]:
    """Tokens of some sentences."""
    words = tokenizer()
    arrays = quantization.page_arrays(model(), words)
    return {
        "merges": [list(pair) for pair in words.merges],
        "specials": words.special_tokens,
        "packed": listed({name: arrays[name] for name in ("merges", "tokenizer")}),
        "sentences": [{"text": text, "ids": words.encode(text)} for text in SENTENCES],
        "broken": [{"ids": ids, "text": words.decode(ids)} for ids in BROKEN],
    }


SETTINGS = [
    {"temperature": 1.0, "top_k": None, "top_p": None},
    {"temperature": 0.5, "top_k": 5, "top_p": None},
    {"temperature": 2.0, "top_k": None, "top_p": 0.9},
    {"temperature": 0.7, "top_k": 6, "top_p": 0.6},
    {"temperature": 0.0, "top_k": None, "top_p": None},
    {"temperature": 0.0, "top_k": 3, "top_p": 0.5},
    {"temperature": 3.0, "top_k": 1, "top_p": 1.0},
    {"temperature": 1.0, "top_k": 30, "top_p": 1e-9},
    {"temperature": 1.0, "top_k": 3, "top_p": 0.5},
]
LOGITS = [
    [2.0, -1.0, 0.5, 2.0, 1.0, 0.0, -3.0, 1.5, 0.25, -0.5],
    [0.0] * 10,
    [1.0, 1.0, 1.0, 0.0, 0.0, -1.0, -1.0, 5.0, 4.9, 4.9],
]


def sampler() -> dict[str, Any]:
    """Laws of the next token, draws from them, noise, and the heat of a law."""
    cases = [
        {"logits": z, **settings, "p": sampling.next_distribution(z, **settings).tolist(),
         "drawn": [sampling.sample(z, **settings, rng=CounterRNG(seed)) for seed in range(8)]}
        for z in LOGITS
        for settings in SETTINGS
    ]  # fmt: skip
    return {
        "cases": cases,
        "noise": sampling.gumbel((3, 10), CounterRNG(9)).tolist(),
        "races": [
            {"logits": LOGITS[0], "temperature": T,
             "chosen": [sampling.gumbel_max(LOGITS[0], T, noise=g) for g in sampling.gumbel((6, 10), CounterRNG(4))]}
            for T in (0.2, 1.0, 3.0)
        ],
        "thermal": [
            {"logits": z, "temperature": T, "entropy": entropy(softmax(z, T)),
             "heat": heat_capacity(max(z) - np.array(z), T)}
            for z in LOGITS for T in (0.1, 1.0, 4.0)
        ],
    }  # fmt: skip
