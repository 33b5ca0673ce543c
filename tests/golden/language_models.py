"""Golden vectors of the explorables of language models, for core/*.js and the explorables' states to repeat."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from book_lib.explorables import BpeSteps, NextToken, NgramText, PerplexityMeter
from book_lib.explorables.next_token import TABLES
from book_lib.ngram import NGram
from book_lib.rng import CounterRNG

TEXTS = [
    ("the cat sat on the mat. the rat sat on the hat. that is that.", True),
    ("the cat sat on the mat. the rat sat on the hat. that is that.", False),
    ("aaabdaaabac", False),
    ("aaaaaaaaaaaaaaaaa aaaa", True),
    ("It's 2026: we'll  see…\n\n\tdon't  \n", True),
    ("学而时习之，不亦说乎？有朋自远方来，不亦乐乎？", True),
    ("学而时习之，不亦说乎？有朋自远方来，不亦乐乎？", False),
    ("naïve \u0085\u00a0\u3000café 🙂🙂🙂 x\ufeffy", True),
    ("x", True),
    ("", False),
]
POEM = "a rose is a rose is a rose, and a nose is a nose; and those who chose a rose compose in prose. " * 2


def bpe_steps() -> dict[str, Any]:
    """Merges, tokens and counts of pairs after some merges, by the library's trainer."""
    cases = []
    for text, split in TEXTS:
        for merges in (0, 1, 5, 20, 60):
            one = BpeSteps(text=text, split=split, merges=merges)
            cases.append(
                {
                    "text": text,
                    "split": split,
                    "asked": merges,
                    "merges": [list(pair) for pair in one.tokenizer().merges],
                    "chunks": one.ids(),
                    "pairs": [list(pair) for pair in one.pairs()[:12]],
                    "bytes": [list(token) for token in one.tokens()[:40]],
                }
            )
    return {"cases": cases}


def ngram() -> dict[str, Any]:
    """Laws, counts and log-likelihoods of every order and smoothing; what the explorable writes."""
    letters = "".join(sorted(set(POEM)))
    ids = [letters.index(letter) for letter in POEM]
    other = CounterRNG(5).integers(0, len(letters), size=40).tolist()
    held = [*ids[30:70], *other, *ids[:9]]
    models = []
    for order in (1, 2, 3, 5):
        for smoothing, amount in (("witten-bell", 1.0), ("add", 1.0), ("add", 0.01), ("none", 1.0)):
            model = NGram(order, len(letters), smoothing, amount).fit(ids)
            contexts = [[], ids[:1], ids[:2], ids[10:17], other[:6]]
            laws = [
                model.probabilities(h).tolist()
                for h in contexts
                if smoothing != "none" or model.counts(h).any()
            ]
            likelihood = model.log_likelihood(held)
            models.append(
                {
                    "order": order,
                    "smoothing": smoothing,
                    "amount": amount,
                    "contexts": [h for h in contexts if smoothing != "none" or model.counts(h).any()],
                    "laws": laws,
                    "num_contexts": model.num_contexts,
                    "surprise": -model.log_likelihood(ids) / len(ids),
                    "held_surprise": -likelihood / len(held) if math.isfinite(likelihood) else None,
                }
            )
    box = {"train_text": POEM, "held_out_text": POEM[40:100] + "sore, one", "start": "a r"}
    written = []
    for settings in (
        {"order": 1}, {"order": 3, "amount": 0.01}, {"order": 5, "smoothing": "witten-bell", "seed": 7},
        {"order": 4, "smoothing": "none", "seed": 2},
    ):  # fmt: skip
        one = NgramText(**box, **settings)
        pairs = [[train, held if math.isfinite(held) else None] for train, held in one.perplexities()]
        traits = ("order", "smoothing", "amount", "seed")
        written.append(
            {**{name: getattr(one, name) for name in traits}, "text": one.write(60), "perplexities": pairs}
        )
    return {
        "vocab_size": len(letters),
        "ids": ids,
        "held": held,
        "models": models,
        "box": box,
        "written": written,
    }


def perplexity() -> dict[str, Any]:
    """Entropies, divergences and running perplexities."""
    cases = []
    for settings in (
        {}, {"model": [1, 1, 1, 1]}, {"source": [0.7, 0.2, 0.1], "model": [0.2, 0.2, 0.6], "seed": 3},
        {"model": [0.5, 0.25, 0.125, 0.125], "seed": 2**32 - 1}, {"source": [1, 1, 2, 0], "model": [3, 2, 1, 1]},
        {"source": [0, 1, 1], "model": [0, 3, 1], "seed": 9},
    ):  # fmt: skip
        one = PerplexityMeter(**settings)
        cases.append(
            {
                **{name: getattr(one, name) for name in ("source", "model", "seed")},
                "floor": one.floor(),
                "limit": one.limit(),
                "gap": one.gap(),
                "draws": one.draws(50).tolist(),
                "running": one.running(50).tolist(),
            }
        )
    return {"cases": cases}


def next_token() -> dict[str, Any]:
    """Laws under temperature, top-k and top-p, and draws from them."""
    cases = []
    for table in TABLES:
        for temperature, k, p, seed in (
            (1.0, 8, 1.0, 0), (0.7, 8, 1.0, 1), (1.5, 8, 1.0, 2), (0.0, 8, 1.0, 3), (0.0, 8, 0.5, 3), (3.0, 3, 1.0, 4),
            (1.0, 8, 0.9, 5), (2.0, 4, 0.7, 6), (0.05, 2, 0.95, 7), (1.0, 1, 0.05, 8),
        ):  # fmt: skip
            settings = {"table": table, "temperature": temperature, "top_k": k, "top_p": p, "seed": seed}
            one = NextToken(**settings)
            draws = one.draw(40)
            said = {"energies": one.energies().tolist(), "law": one.law().tolist(), "draws": draws.tolist()}
            cases.append({"settings": settings, **said, "count": np.bincount(draws, minlength=8).tolist()})
    return {"tables": TABLES, "cases": cases}
