"""Golden vectors of the explorables of alignment that tilt a law: a reader's taste, and the KL knob.

The policy is made up: every answer that it can give is listed with its probability, so that nothing is trained. It
talks as the toy world does, and sometimes it rambles, which a reward that counts words likes and the oracle does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from book_lib.explorables.kl_knob import KLKnob
from book_lib.explorables.taste_tilted import TasteTilted, count_features
from book_lib.pipeline._tilt import tilt, tilted_value
from book_lib.rng import CounterRNG

PRAISE, BLAME = ("fast", "neat", "clear", "simple"), ("slow", "bad", "dull", "hard")
SLOTS = ((*PRAISE[:2], *BLAME[:2]), (*PRAISE[2:], *BLAME[2:]))
FORMS = ("The {n} is {a} and {b}.", "The {n} is {a}. It is also {b}.", "A {n} is {a} and {b}.",
         "A {n} is {a}. It is also {b}.")  # fmt: skip
RAMBLING = ("The {n} is {a} and {b} and {a}.", "The {n} is {a}. It is also {b}. It is also {a}.")
PROMPT = "Tell me about the list."
WORDS = (*PRAISE, *BLAME)
JUDGES = {"praise": {**dict.fromkeys(PRAISE, 1.0), **dict.fromkeys(BLAME, -1.0)}, "short": {"words": -1.0}}
LEAST_SHARE = 0.2  # of a change of a law, after which it counts as clipped


def outcomes() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Every answer, its probability under the reference, and what the oracle gives it."""
    pairs = [(a, b) for a in SLOTS[0] for b in SLOTS[1]]
    good = [form.format(n="list", a=a, b=b) for form in FORMS for a, b in pairs]
    lost = [FORMS[0].format(n="file", a=a, b=b) for a, b in pairs]
    rambling = [form.format(n="list", a=a, b=b) for form in RAMBLING for a, b in pairs]
    law = np.concatenate([np.full(len(group), share / len(group)) for group, share in
                          ((good, 0.84), (lost, 0.04), (rambling, 0.12))])  # fmt: skip
    worth = [sum(w in PRAISE for w in pair) - sum(w in BLAME for w in pair) for pair in pairs] * len(FORMS)
    return [*good, *lost, *rambling], law, np.array([*worth, *[-2] * (len(law) - len(good))], dtype=float)


def made_up_samples(seed: int = 0, count: int = 200) -> dict[str, Any]:
    """Answers drawn from the reference."""
    texts, law, oracle = outcomes()
    drawn = CounterRNG(seed).choice(len(texts), count, p=law)  # with replacement
    answers = [texts[i] for i in drawn]
    return {"prompt": PROMPT, "answer": answers, "logp": np.log(law[drawn]), "oracle": oracle[drawn],
            **count_features(answers, WORDS)}  # fmt: skip


BETAS, KEPT = (0, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2), 40


def learnt_reward() -> np.ndarray:
    """A reward that counts praise and blame, with a little noise; standardised over the reference."""
    texts, law, _ = outcomes()
    table = count_features(texts, WORDS)["features"]
    plain = table[:, :4].sum(axis=1) - table[:, 4:8].sum(axis=1) + 0.15 * CounterRNG(5).standard_normal(len(texts))
    middle = law @ plain
    return (plain - middle) / np.sqrt(law @ (plain - middle) ** 2)


def made_up_sweep(seed: int = 0) -> dict[str, Any]:
    """Runs that climb ⟨r⟩ − β KL along the natural gradient, a little astray: ln π/π_ref ∝ r (1 − e^(−βt))/β."""
    texts, law, oracle = outcomes()
    reward, rng, times = learnt_reward(), CounterRNG(seed), np.arange(KEPT) / 4
    astray = 0.3 * rng.standard_normal(len(texts))
    runs: dict[str, Any] = {name: [] for name in ("reward", "oracle", "kl", "entropy", "clip_fraction", "samples")}
    for beta in BETAS:
        heights = times if beta == 0 else -np.expm1(-beta * times) / beta
        laws = np.array([tilt(law, reward + astray, np.inf if height == 0 else 1 / height) for height in heights])
        steps = laws[np.minimum(np.arange(KEPT) + 1, KEPT - 1)] / np.maximum(laws, 1e-300)
        runs["reward"].append(laws @ reward + 0.02 * rng.standard_normal(KEPT))
        runs["oracle"].append(laws @ oracle)
        runs["kl"].append((laws * np.log(np.maximum(laws, 1e-300) / law)).sum(axis=1))
        runs["entropy"].append(-(laws * np.log(np.maximum(laws, 1e-300))).sum(axis=1) / 8)
        runs["clip_fraction"].append((laws * (np.abs(steps - 1) > LEAST_SHARE)).sum(axis=1))
        last = rng.choice(len(texts), 4, p=laws[-1])
        runs["samples"].append([{"prompt": PROMPT, "answer": texts[i], "reward": reward[i], "oracle": oracle[i]}
                                for i in last])  # fmt: skip
    first = rng.choice(len(texts), 500, p=law)
    return {"beta": BETAS, "iterations": np.arange(1, KEPT + 1), **runs,
            "reference": {"reward": reward[first], "oracle": oracle[first]}}  # fmt: skip


def broken(runs: dict[str, Any]) -> dict[str, Any]:
    """The same, of which one run broke off and another has risen and fallen."""
    reward, oracle = np.array(runs["reward"]), np.array(runs["oracle"])
    reward[3, 12:] = np.nan
    oracle[2, -8:] = -1.7
    return {**runs, "reward": reward, "oracle": oracle}


RANKED: list[dict[str, Any]] = [
    {},
    {"choices": [1], "beta": 10.0},
    {"choices": [0, 1, 1], "beta": 0.3, "seed": 7, "ridge": 0.01},
    {"ranker": "praise", "beta": 0.1},
    {"ranker": "praise", "beta": 0.02, "seed": 3},
    {"ranker": "short", "beta": 0.05, "ridge": 100.0},
    {"ranker": "coin", "beta": 0.5, "seed": 2**32 - 1},
]
LAWS = [([0.5, 0.3, 0.2], [0.0, 1.0, 2.0]), ([0.25, 0.75, 0.0, 0.0], [1.0, 1.0, 5.0, -3.0]), ([1.0], [700.0]),
        ([0.1, 0.2, 0.7], [1e3, 1e3 - 1, -1e3])]  # fmt: skip


def taste() -> dict[str, Any]:
    """Tilts of listed laws; and pairs, fits, weights and what was missed, for several rankings of made-up answers."""
    samples, cases = made_up_samples(), []
    for settings in RANKED:
        box = TasteTilted(samples, JUDGES, **{k: v for k, v in settings.items() if k != "ranker"})
        if "ranker" in settings:
            box.choices, box.ranker = box.rank(settings["ranker"]), settings["ranker"]
        cases.append(
            {
                "traits": {name: getattr(box, name) for name in ("choices", "ranker", "beta", "ridge", "seed")},
                "pairs": [list(pair) for pair in box.pairs()],
                "judges": {judge: box.rank(judge) for judge in (*JUDGES, "coin")},
                "coefficients": box.coefficients().tolist(),
                "agreement": box.agreement(),
                "kl": box.kl(),
                "size": box.effective_size(),
                "mean": box.mean(),
                "oracle": box.mean("oracle"),
                "winner": box.winner(),
                "beyond": box.beyond(),
                "twins": box.twins(),
            }
        )
    laws = [{"reference": law, "reward": reward,
             "tilts": [[beta, tilt(law, reward, beta).tolist()] for beta in (0.0, 0.01, 0.5, 1.0, 30.0)],
             "values": [[beta, tilted_value(law, reward, beta)] for beta in (0.5, 1.0, 30.0)]}
            for law, reward in LAWS]  # fmt: skip
    return {"laws": laws, "samples": box.samples, "judges": box.judges, "cases": cases}


def knob() -> dict[str, Any]:
    """How runs end, what became of them, and the tilt beside them; some runs are broken."""
    cases = []
    for runs in (made_up_sweep(), broken(made_up_sweep(1)), {**made_up_sweep(2), "reference": None}):
        box = KLKnob(runs)
        ends = {name: box.ends(name).tolist() for name in ("reward", "oracle", "kl", "entropy", "clip_fraction")}
        cases.append(
            {
                "runs": box.runs,
                "ends": {name: [None if v != v else v for v in row] for name, row in ends.items()},
                "best": box.best(),
                "fates": box.fates(),
                "limits": list(box.limits()),
                "places": [box.place(beta) for beta in box.runs["beta"]],
                "frontier": box.frontier().tolist(),
            }
        )
    return {"cases": cases}
