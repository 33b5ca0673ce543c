"""Golden vectors of the explorables of data preparation, for core/*.js and the explorables' states to repeat.

Nothing here depends on the documentation of this Python: no language is scored, and the passages are our own.
"""

from __future__ import annotations

import math
from typing import Any

from book_lib.explorables import DataFunnel, MinHashCurve
from book_lib.pipeline._minhash import shingle_rows, words_of
from book_lib.pipeline.data import Document, FilterConfig, Truth, jaccard, judge, measure, minhash, shingles

PROSE = (
    "The miller and the baker have to be early on the bridge, for that is where the cart of the morning "
    "stops with flour, and nobody waits."
)
TEXTS = [
    PROSE,
    "",
    "   \n\t\u3000\n",
    "one two three",
    "{{0x1f}} ## @@ => %d | [%s] == <a/> ~ x = y + z; " * 3,
    "the same line\n  the same line\t\n\nthe same line\nand that one of the others",
    "Das Kind sucht den roten Apfel hinter dem Haus.\nDer Müller vergisst ihn. " * 2,
    "学而时习之，不亦说乎？\n有朋自远方来，不亦乐乎？",
    "naïve café x² ½ Ⅷ ٣ __init__ don't\x85re-do\x1cit 🙂€ ΣΊΣΥΦΟΣ İ",
    "TO BE, OR NOT TO BE: that IS the question of all who HAVE to choose with care.",
]
LABELS = ["good", "letters", "letters", "good", "boilerplate", "repeats", "language", "language", "mention", "toxic"]
CONFIGS = [
    {"min_language": 0},
    {"min_words": 3, "max_words": 60, "min_language": 0, "min_letters": 0.8, "min_word_length": 2, "max_word_length": 5,
     "max_repeated_lines": 0.5, "max_symbols": 0.05, "min_stop_words": 1},
    {"min_words": 0, "max_words": 100_000, "min_language": 0, "min_letters": 0, "min_word_length": 0,
     "max_word_length": 20, "max_repeated_lines": 1, "max_symbols": 1, "min_stop_words": 0},
    {"min_language": 0, "min_letters": 1, "max_repeated_lines": 0, "max_symbols": 0, "min_stop_words": 8},
]  # fmt: skip
PAIRS = [
    ("a rose is a rose is a rose", "A rose is a nose, is a rose."),
    ("one two three four five six", "three four five six seven eight"),
    ("学而时习之，不亦说乎？", "学而时习之，不亦悦乎！"),
    ("ab", "ab cd"),
    ("", "nothing"),
    ("", ""),
    (f"{'w' * 300} a b c", f"{'w' * 300} a b c"),
    (PROSE, PROSE.replace("flour", "bread")),
]
SETTINGS = [(1, 1, 0.5), (16, 8, 0.8), (32, 16, 0.9), (5, 3, 0.3), (32, 1, 0.05), (1, 16, 0.95)]


def finite(value: float) -> float | None:
    """A number for JSON, which has no NaN."""
    return value if math.isfinite(value) else None


def filters() -> dict[str, Any]:
    """What the rules measure, whom they reject, what is left, and what that is worth."""
    cases = []
    for config in CONFIGS:
        documents = [Document(text, f"text {k}") for k, text in enumerate(TEXTS)]
        box = DataFunnel(documents=documents, truth=[Truth(label) for label in LABELS], **config)
        reasons = [[[r.rule, r.value, r.bound] for r in judge(text, FilterConfig(**config))] for text in TEXTS]
        listed = {}
        for show in ("rejected", "lost", "missed"):
            box.show = show
            listed[show] = box.listed()
        cases.append(
            {
                "bounds": {name: getattr(box.config(), name) for name in FilterConfig.__dataclass_fields__},
                "reasons": reasons,
                "stages": [stage.documents for stage in box.stages()],
                "scores": {name: finite(value) for name, value in box.scores().items()},
                "kinds": {label: list(pair) for label, pair in box.kinds().items()},
                "listed": listed,
            }
        )
    numbers = [{name: value for name, value in measure(text).items() if name != "language"} for text in TEXTS]
    usual = {name: getattr(FilterConfig(), name) for name in FilterConfig.__dataclass_fields__}
    return {"texts": TEXTS, "labels": LABELS, "measures": numbers, "usual": usual, "cases": cases}


def signatures() -> list[dict[str, Any]]:
    """Words, shingles and signatures of some texts."""
    found = []
    for text in [*TEXTS, *(text for pair in PAIRS for text in pair)]:
        for words, seed in ((1, 0), (3, 7), (5, 2**32 - 1)):
            found.append(
                {
                    "text": text,
                    "words": words,
                    "seed": seed,
                    "split": words_of(text),
                    "shingles": [str(value) for value in shingle_rows([text], words)[0].tolist()],
                    "signature": minhash([text], 12, seed, words)[0].tolist(),
                }
            )
    return found


def minhash_curve() -> dict[str, Any]:
    """Signatures; pairs with their similarity and agreement; the curve, its errors, and two texts."""
    passages = [" ".join(f"w{i}x{(k * k + 3 * i) % 97}" for k in range(60)) for i in range(5)]
    box = MinHashCurve(documents=passages, seed=3)
    pairs = box.pairs(12)
    curves = []
    for bands, rows, threshold in SETTINGS:
        box.bands, box.rows, box.threshold = bands, rows, threshold
        places = [0.0, 1e-6, 0.1, 0.5, 0.8, 0.999, 1.0]
        curves.append(
            {
                "bands": bands,
                "rows": rows,
                "threshold": threshold,
                "curve": [[s, float(box.curve(s))] for s in places],
                "errors": box.errors(),
                "counts": box.counts(12),
                "points": box.points(12).tolist(),
            }
        )
    texts = []
    for a, b in PAIRS:
        one = MinHashCurve(documents=passages, text_a=a, text_b=b, words=2, bands=8, rows=2, seed=5)
        sets = [shingles(text, 2) for text in (a, b)]
        texts.append(
            {
                "a": a,
                "b": b,
                "sizes": [len(sets[0] - sets[1]), len(sets[0] & sets[1]), len(sets[1] - sets[0])],
                "similarity": jaccard(*sets),
                "estimate": one.estimate(),
                "full": one.full_bands().tolist(),
            }
        )
    return {
        "signatures": signatures(),
        "passages": list(box.passages),
        "pairs": [[s, "".join("01"[int(bit)] for bit in agree)] for s, agree in pairs],
        "curves": curves,
        "texts": texts,
    }
