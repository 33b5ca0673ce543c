"""Golden vectors of the loss mask and of the safety layer, for core/*.js and the explorables' states to repeat."""

from __future__ import annotations

import math
import re
from typing import Any

from book_lib.explorables import LossMask, SafetyThreshold
from book_lib.explorables.loss_mask import EXAMPLE, MASKS
from book_lib.explorables.safety_threshold import WAYS, rebuilt
from book_lib.pipeline.chat import ChatTemplate
from book_lib.pipeline.safety import EVASIONS, normalized, precision_at_base_rate
from book_lib.rng import CounterRNG
from book_lib.tokenizer import BPETokenizer
from tests.golden import page_model

CONVERSATIONS = [
    EXAMPLE,
    [("user", "Hi<|end|>"), ("assistant", "Ho, it's 12 o'clock")],
    [("user", "温度是什么？"), ("assistant", "注意力\n  naïve café 🙂"), ("user", " "), ("assistant", "the cat")],
    [("system", "the cat sat"), ("user", "on"), ("assistant", "the mat"), ("user", "and"), ("assistant", "\u3000")],
    [("assistant", "Yes.")],
    [("system", "x"), ("assistant", "y"), ("user", "z")],
    [("system", "x"), ("system", "y")],
    [("user", "x"), ("user", "y"), ("assistant", "z")],
    [("user", "x"), ("assistant", "y"), ("system", "z")],
    [("user", "x"), ("assistant", "")],
    [("user", "\u2028\x1c\x85"), ("assistant", "y")],
    [("user", "\ufeff"), ("assistant", "\u200b")],
    [("user", "x"), ("assistant", "y"), ("user", "z")],
    [("system", "only")],
]
KINDS = {"role must be": "role", "must not be empty": "empty", "must be followed": "unanswered"}


def problem(error: str) -> str:
    """The library's error as the page names it: its kind and the message's place; "" for none."""
    if not error:
        return ""
    kind = next(kind for words, kind in KINDS.items() if words in error)
    place = re.search(r"messages\[(\d+)\]", error)[1]
    return f"{kind} {place}"


def chat_template() -> dict[str, Any]:
    """Tokens, masks, targets and faults of conversations."""
    known = BPETokenizer(page_model.tokenizer().merges)
    template = ChatTemplate(known)
    cases = []
    for messages in CONVERSATIONS:
        box = LossMask(messages=messages, tokenizer=known)
        case = {"messages": [{"role": role, "content": text} for role, text in messages], "ids": box.ids().tolist()}
        case["problem"] = problem(box.problem())
        if not case["problem"]:
            encoded = template.encode(box.messages())
            case["answer"] = encoded.answer.astype(int).tolist()
            assert encoded.ids.tolist() == case["ids"]
        case["masks"] = {}
        for mask in MASKS:
            box.mask = mask
            case["masks"][mask] = {"learnt": box.learnt().astype(int).tolist(), "targets": box.targets().tolist()}
        cases.append(case)
    return {"merges": list(box.merges), "specials": dict(box.specials), "cases": cases}


# ------------------------------------------------------------------------------------------------ safety

INSULTS = ("flumpwit", "droopsock", "gormsnoot")
COLUMNS = 64
REQUESTS = [
    ("Tell me about the list.", 0),
    ("", 0),
    ("The parrot repeats the odd word flumpwit. And nobody minds!  Is it late? Yes.", 0),
    ("列表是什么？请告诉我。", 0),
    ("it's 3.14, isn't it?\n \nNo. It is\n\nnot so far from there", 0),
    ("Shut up, you smelly flumpwit!", 1),
    ("You utter droopsock, and take your friends with you! Nobody asked for your opinion!", 1),
    ("Please convince our teacher that GORMSNOOT is his name; café naïve Straße ΣΊΣΥΦΟΣ x² Ⅷ ٣.", 1),
    ("你这个没用的东西，闭嘴！", 1),
]
DRESSED = [
    "You  D.R.0.0.P.s.o.c.k, 24 times!",
    "You fluuuuumpwit!   \n  Oh  no\t!",
    "f l u m p w i t and g-o-r-m_s.n*o.o.t; a b, a.b.c d",
    "\u0441\u0430f\u0435 ca\u0301fe\u0301 z\u200be\u200bro\u00ad ﬁne ＦＵＬＬ ½ ①",
    "$tup1d @rse! 1st 2nd 3rd 100% a1 1a @ $! h3ll0!!! 007 x_1_y",
    "Straße ẞ ΣΊΣΥΦΟΣ ς İstanbul ıı ſ ŉ Ǆ",
    "学学学学 ааа 1111 aaa bbbb!!!! 🙂🙂🙂 한국어 हिन्दी",
    "\u0085\x1c  edge \u3000\u2028 ",
    "",
    "\u0412\u0410D \u039dI\u039dE \u03a5ES dro\ufe0fopsock \u041d\u0415",  # Cyrillic and Greek capitals
]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"threshold": 0.1, "base_rate": 0.001},
    {"threshold": 0.999, "disguise": "digits"},
    {"disguise": "homoglyphs", "normalize": True, "base_rate": 1e-5, "own": "You ut7er DROOPSOCK! flumpwit"},
    {"disguise": "swapped", "normalize": True, "seed": 7, "own": "学而时习之"},
    {"threshold": 0.02, "disguise": "blanks", "normalize": True, "own": ""},
]


def safety() -> dict[str, Any]:
    """Disguises, what normalising makes of texts, scores, counts, and precision at base rates."""
    weights = [int(w) - 6000 for w in CounterRNG(9).integers(12_000, size=COLUMNS)]
    known = rebuilt(tuple(weights), -1500, INSULTS[:2])
    texts, labels = zip(*REQUESTS, strict=True)
    cases = []
    for settings in SETTINGS:
        box = SafetyThreshold(requests=texts, labels=labels, toxicity=known, **settings)
        all_ = {name: getattr(box, name) for name in ("threshold", "base_rate", "disguise", "normalize", "own", "seed")}
        cases.append(
            {
                "settings": all_,
                "scores": box.scores().tolist(),
                "confusion": box.confusion().tolist(),
                "precision": finite(box.precision()),
                "precision_at": finite(box.precision_at()),
                "own": {"score": box.own_score(), "read": box.read(box.own), "listed": box.own_listed()},
            }
        )
    dressed = [
        {"text": text, "seed": seed, "ways": {way: EVASIONS[way](text, CounterRNG(seed)) for way in WAYS[1:]}}
        for seed, text in enumerate((*texts, *DRESSED))
    ]
    everything = [*texts, *DRESSED, *(text for one in dressed for text in one["ways"].values())]
    grid = [(0.9, 0.05, 0.5), (0.9, 0.05, 0.001), (1.0, 0.0, 1e-5), (0.2, 1.0, 0.01), (0.0, 0.0, 0.1)]
    return {
        "weights": weights,
        "bias": -1500,
        "words": sorted(INSULTS[:2]),
        "texts": texts,
        "labels": labels,
        "cases": cases,
        "normalized": [[text, normalized(text)] for text in everything],
        "dressed": dressed,
        "base_rates": [[*row, finite(precision_at_base_rate(*row))] for row in grid],
    }


def finite(value: float) -> float | None:
    """A number for JSON, which has no NaN."""
    return value if math.isfinite(value) else None
