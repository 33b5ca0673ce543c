"""What the chapter on alignment computes once and keeps: assistants, judges, and policies that learnt from them.

The model of the chapter before (`book_lib._llm_runs.stored_run`) is fine-tuned on the toy world's conversations
(`sec-align-sft`), with and without text of its past (`sec-align-forgetting`). Two reward models learn from pairs of its
answers, one from many and one from few (`sec-align-reward`). Policies learn from them by PPO with several seeds and
several β (`sec-align-ppo`, `sec-align-hacking`), from the pairs directly (`sec-align-dpo`), and from a rule
(`sec-align-grpo`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from book_lib._llm_runs import stored_run, stored_text
from book_lib.pipeline import _toy
from book_lib.pipeline._chat_messages import Conversation, Message
from book_lib.pipeline.chat import ChatTemplate, SFTConfig, replies, sft
from book_lib.pipeline.dpo import DPOConfig, dpo
from book_lib.pipeline.ppo import (
    AlignConfig,
    Aligned,
    Standardized,
    align,
    assess,
    best_of_n,
    sequence_logprobs,
)
from book_lib.pipeline.reward import Preference, RewardConfig, Rewarder, RewardModel, train_reward
from book_lib.runs import cached
from book_lib.transformer import GPT, GPTConfig

__all__ = ["ASKED", "BETAS", "JUDGES", "NOISE", "RUNS", "VARIANTS", "Assistant", "Policy", "answers_of", "assistant",
           "best_of", "chat_template", "judge", "knob", "law_of", "oracle", "pairs", "policy", "question", "questions",
           "standardized", "taste", "verifiable"]  # fmt: skip

HERE = {"device": "cpu", "threads": 1}
TALKS, HELD_OUT = 2000, 100  # conversations to learn from, and others to judge by
TUNING = {"steps": 600, "batch": 8, "learning_rate": 5e-3, "evaluate_every": 100, "evaluate_tokens": 8000, **HERE}
VARIANTS = {"replayed": {"replay": 0.125}, "plain": {"replay": 0.0}}
"""The assistants by name: one that goes on reading its old text now and then, and one that does not."""
NOISE = 4.0  # of the toy's judge, who prefers with σ(Δ/2): 0.7311 for a difference of 2, 0.8808 for one of 4
JUDGES = {"strong": {"pairs": 2000, "steps": 120}, "weak": {"pairs": 24, "steps": 40}}
"""The reward models by name: what each has learnt from."""
JUDGING = {"batch": 16, "learning_rate": 1e-3, "evaluate_every": 0, **HERE}
HELD_PAIRS, LOOKED_AT = 300, 60  # pairs that are not learnt, and how many of them a training looks at
LEARNING = {"batch": 64, "iterations": 25, "epochs": 2, "learning_rate": 5e-4, "max_new_tokens": 20,
            "final_answers": 256, **HERE}  # fmt: skip
BETAS = (0.0, 0.1, 0.3, 1.0, 3.0)
"""The prices at which policies learn from the weak reward model, all else equal."""
RUNS = {f"seed-{seed}": {"beta": 0.1, "seed": seed} for seed in range(3)} | {"grpo": {"method": "grpo", "beta": 0.05}}
"""The policies by name that learn round by round from a reward model or, the last, from a rule."""
DIRECT = {"steps": 40, "batch": 32, "beta": 0.5, "learning_rate": 4e-4, **HERE}
SEEDS = {"talks": 1, "held_out": 2, "pairs": 3, "held_pairs": 4, "prompts": 5, "scale": 6, "assess": 7, "said": 8}
PROMPTS, ASSESSED = 800, 256
SHORT = 2  # messages of a prompt to learn from at most: one question, perhaps with a system message before it
COLUMNS = ("reward", "oracle", "kl", "entropy", "clip_fraction", "ratio_max", "ratio_start", "length", "ended")
ASKED = ("list", "string", "module", "function")  # what every policy of the sweep is asked about, to be shown


# ------------------------------------------------------------------------------------------------ the judges


def oracle(prompts: Sequence[Conversation], answers: Sequence[str]) -> NDArray[np.float64]:
    """Return what answers are truly worth, shape (N,); see `book_lib.pipeline._toy.oracle`."""
    return np.array([_toy.oracle(_toy.noun_of(p), a) for p, a in zip(prompts, answers, strict=True)])


def verifiable(prompts: Sequence[Conversation], answers: Sequence[str]) -> NDArray[np.float64]:
    """Return 1 for answers that keep to the rule, 0 for others, shape (N,); see `book_lib.pipeline._toy.verifiable`."""
    return np.array([_toy.verifiable(_toy.noun_of(p), a) for p, a in zip(prompts, answers, strict=True)])


def question(noun: str) -> Conversation:
    """Return the plainest prompt about a noun."""
    return (Message("user", _toy.FIRST[0].format(noun=noun)),)


def questions(count: int, seed: int) -> list[Conversation]:
    """Return those of so many prompts that are short."""
    return [prompt for prompt in _toy.prompts(count, seed) if len(prompt) <= SHORT]


@cache
def chat_template() -> ChatTemplate:
    """Return the template of all conversations here, with the tokenizer of the chapter before.

    >>> chat_template().vocab_size
    517
    """
    return ChatTemplate(stored_text().tokenizer)


def _weights(model: nn.Module) -> dict[str, Any]:
    return {f"weight/{name}": value.detach().numpy() for name, value in model.state_dict().items()}


def _load(module: nn.Module, stored: dict[str, Any]) -> Any:
    weights = {key.removeprefix("weight/"): value for key, value in stored.items() if key.startswith("weight/")}
    module.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()})
    return module.eval()


def _shape() -> GPTConfig:
    return stored_run().config.model(chat_template().vocab_size)


# ------------------------------------------------------------------------------------------------ assistants


@dataclass(frozen=True, eq=False)
class Assistant:
    """A model that has learnt to answer.

    Args:
        model: in evaluation mode.
        loss: of the answers in each step, nats a token, shape (steps,).
        held_out: (step, loss on answers that were not learnt), in order, from step 0.
        text: (step, loss on held-out text of the pre-training), in order, from step 0.
    """

    model: GPT = field(repr=False)
    loss: NDArray[np.float64] = field(repr=False)
    held_out: tuple[tuple[int, float], ...] = field(repr=False)
    text: tuple[tuple[int, float], ...] = field(repr=False)


def tune(config: dict[str, Any], talks: int, held_out: int, seeds: list[int]) -> dict[str, Any]:
    """Fine-tune the stored model and return weights and measurements."""
    text, settings = stored_text(), SFTConfig(**config)
    learnt, apart = (_toy.conversations(count, seed) for count, seed in zip((talks, held_out), seeds, strict=True))
    done = sft(stored_run().model, chat_template(), learnt, settings, text.train if settings.replay else None,
               progress=True, held_out=apart, text_ids=text.held_out)  # fmt: skip
    looks = {name: [list(look) for look in done.looks(name)] for name in ("held_out_loss", "text_loss")}
    return {**_weights(done.model), "loss": done.column("loss"), **looks}


@cache
def assistant(variant: str = "replayed") -> Assistant:
    """Return one of :data:`VARIANTS`; a quarter of a minute the first time, then at once.

    Raises:
        KeyError: if there is none of that name.

    Example: ``assistant().held_out[-1]`` (`sec-align-sft` of the book).
    """
    config = {"config": TUNING | VARIANTS[variant], "talks": TALKS, "held_out": HELD_OUT}
    stored = cached(f"align-sft-{variant}", tune, config | {"seeds": [SEEDS["talks"], SEEDS["held_out"]]})
    looks = [tuple((int(step), float(loss)) for step, loss in stored[key]) for key in ("held_out_loss", "text_loss")]
    return Assistant(_load(GPT(_shape()), stored), stored["loss"], *looks)


# ------------------------------------------------------------------------------------------- reward models


@cache
def pairs(count: int, held_out: bool = False) -> list[Preference]:
    """Return preferences of the toy's judge, whose taste wavers by :data:`NOISE`; held-out ones are others."""
    return _toy.preferences(count, SEEDS["held_pairs" if held_out else "pairs"], NOISE)


def train_judge(config: dict[str, Any], count: int, held_out: int) -> dict[str, Any]:
    """Train a reward model on pairs of answers and return weights and measurements."""
    done = train_reward(assistant().model, chat_template(), pairs(count), RewardConfig(**config),
                        pairs(held_out, held_out=True), progress=True)  # fmt: skip
    losses = [row["loss"] for row in done.rows if "loss" in row]
    return {**_weights(done.model), "loss": np.array(losses), "accuracy": done.accuracy}


@cache
def judge(name: str = "strong") -> Rewarder:
    """Return one of :data:`JUDGES`; some seconds the first time, then at once.

    Raises:
        KeyError: if there is none of that name.

    Example: ``judge().accuracy`` (`sec-align-reward` of the book).
    """
    told = JUDGES[name]
    config = JUDGING | {"steps": told["steps"]}
    stored = cached(f"align-judge-{name}", train_judge, {"config": config, "count": told["pairs"],
                                                         "held_out": LOOKED_AT})  # fmt: skip
    rows = tuple({"step": step, "loss": loss} for step, loss in enumerate(stored["loss"].tolist(), 1))
    return Rewarder(_load(RewardModel(GPT(_shape())), stored), chat_template(), rows, stored["accuracy"])


@cache
def standardized(name: str = "strong") -> Standardized:
    """Return a reward model's scores on the scale of the assistant's answers: mean 0, standard deviation 1."""
    asked = questions(ASSESSED, SEEDS["scale"])
    said = replies(assistant().model, chat_template(), asked, SEEDS["scale"], max_new_tokens=20)
    return Standardized.on(judge(name).score, asked, said)


# ------------------------------------------------------------------------------------------------- policies


@dataclass(frozen=True, eq=False)
class Policy:
    """A policy that has learnt, and what was measured on the way.

    Args:
        model: in evaluation mode.
        rows: name → a measurement of each round, shape (rounds,).
        final: the result, judged by answers of its own: "reward", "oracle", "kl", "entropy", "length", "ended".
        answers: one to each of :data:`ASKED`.
    """

    model: GPT = field(repr=False)
    rows: dict[str, NDArray[np.float64]] = field(repr=False)
    final: dict[str, float]
    answers: tuple[str, ...]


def _told(done: Aligned, final: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """Return what is kept of a policy."""
    said = replies(done.model, chat_template(), [question(noun) for noun in ASKED], SEEDS["said"], max_new_tokens=20)
    numbers = {name: value for name, value in final.items() if isinstance(value, float)}
    return {**_weights(done.model), **{f"row/{name}": done.column(name) for name in columns}, "final": numbers,
            "answers": said}  # fmt: skip


def _policy(stored: dict[str, Any]) -> Policy:
    rows = {key.removeprefix("row/"): value for key, value in stored.items() if key.startswith("row/")}
    return Policy(_load(GPT(_shape()), stored), rows, stored["final"], tuple(stored["answers"]))


def train_policy(config: dict[str, Any], judge_name: str, prompts: int, seed: int) -> dict[str, Any]:
    """Let the assistant learn from a reward model, or from the rule if there is none; return what is kept."""
    reward = standardized(judge_name) if judge_name else verifiable
    done = align(assistant().model, chat_template(), questions(prompts, seed), reward, AlignConfig(**config),
                 progress=True, judge=oracle)  # fmt: skip
    return _told(done, done.final, COLUMNS)


def train_direct(config: dict[str, Any], count: int, prompts: int, seed: int) -> dict[str, Any]:
    """Let the assistant learn from preferences themselves; return what is kept."""
    model = assistant().model
    done = dpo(model, chat_template(), pairs(count), DPOConfig(**config), progress=True)
    asked, settings = questions(prompts, seed), AlignConfig(max_new_tokens=20, **HERE)
    final = assess(done.model, model, chat_template(), asked, settings, seed, reward=standardized(), oracle=oracle)
    return _told(done, final, ("loss", "accuracy", "margin", "chosen", "rejected"))


@cache
def policy(name: str) -> Policy:
    """Return one of :data:`RUNS`, "dpo", or "weak-B" for a β of :data:`BETAS`; some seconds the first time each.

    Raises:
        KeyError: if there is none of that name.

    Example: ``policy("seed-0").final["oracle"]`` (`sec-align-ppo` of the book).
    """
    if name == "dpo":
        config = {"config": DIRECT, "count": JUDGES["strong"]["pairs"], "prompts": ASSESSED, "seed": SEEDS["assess"]}
        return _policy(cached("align-dpo", train_direct, config))
    weak = {f"weak-{beta:g}": beta for beta in BETAS}
    settings = LEARNING | ({"beta": weak[name]} if name in weak else RUNS[name])
    teacher = "weak" if name in weak else "" if name == "grpo" else "strong"
    config = {"config": settings, "judge_name": teacher, "prompts": PROMPTS, "seed": SEEDS["prompts"]}
    return _policy(cached(f"align-{name.replace('.', '-')}", train_policy, config))


# ---------------------------------------------------------------------------------- without learning, exactly


def draw_best(sizes: list[int], prompts: int, seed: int) -> dict[str, Any]:
    """Return the oracle's mean for the best of n answers, the first n of as many as the largest n, and all scores."""
    asked, settings = questions(prompts, seed), AlignConfig(max_new_tokens=20, **HERE)
    drawn = best_of_n(assistant().model, chat_template(), asked, standardized(), max(sizes), settings, seed)
    truth = np.array([oracle(asked, row) for row in zip(*drawn.candidates, strict=True)]).T  # (P, n)
    chosen = {n: drawn.scores[:, :n].argmax(1) for n in sizes}
    rows = np.arange(len(asked))
    return {
        "sizes": np.array(sizes),
        "oracle": np.array([truth[rows, chosen[n]].mean() for n in sizes]),
        "reward": np.array([drawn.scores[rows, chosen[n]].mean() for n in sizes]),
    }


@cache
def best_of() -> dict[str, NDArray[np.float64]]:
    """Return reward and oracle of the best of n of the assistant's answers, by the strong reward model.

    Example: ``best_of()["oracle"]`` (`sec-align-bestofn` of the book).
    """
    return cached("align-best-of", draw_best, {"sizes": [1, 2, 4, 8, 16], "prompts": 128, "seed": SEEDS["assess"]})


def answers_of(noun: str) -> list[str]:
    """Return the 64 answers of the toy's grammar about a noun.

    >>> len(set(answers_of("list")))
    64
    """
    return [form.format(noun=noun, first=first, second=second)
            for form in _toy.FORMS for first in _toy.SLOTS[0] for second in _toy.SLOTS[1]]  # fmt: skip


@torch.no_grad()
def law_of(model: GPT, prompt: Conversation, answers: Sequence[str]) -> NDArray[np.float64]:
    """Return how probable each of N answers to a prompt is, with its end, shape (N,)."""
    template = chat_template()
    rows = [template.answered(prompt, answer) for answer in answers]
    ids = torch.full((len(rows), max(map(len, rows))), template.pad)
    mask = torch.zeros(ids.shape, dtype=torch.bool)
    for place, row in enumerate(rows):
        ids[place, : len(row)], mask[place, : len(row)] = torch.from_numpy(row.ids), torch.from_numpy(row.answer)
    return sequence_logprobs(model, ids, mask).sum(1).double().exp().numpy()


# ------------------------------------------------------------------------------------------- for explorables


def knob() -> dict[str, Any]:
    """Return what `KLKnob` shows: the policies that learnt from the weak reward model, one for each β.

    Returns:
        "beta", shape (R,); "iterations", shape (S,); "reward", "oracle", "kl", "entropy", "clip_fraction", shape
        (R, S); "samples", R lists of answers to :data:`ASKED`, with their "reward" and "oracle"; and "reference", these
        two of answers that the assistant gave before.

    Example: ``knob()["oracle"].shape`` (`sec-align-hacking` of the book).
    """
    found, names = [policy(f"weak-{beta:g}") for beta in BETAS], ("reward", "oracle", "kl", "entropy", "clip_fraction")
    asked = questions(ASSESSED, SEEDS["scale"])
    said = replies(assistant().model, chat_template(), asked, SEEDS["scale"], max_new_tokens=20)
    return {
        "beta": np.array(BETAS),
        "iterations": np.arange(1, LEARNING["iterations"] + 1),
        **{name: np.stack([one.rows[name] for one in found]) for name in names},
        "samples": [_samples(one.answers) for one in found],
        "reference": {"reward": standardized("weak")(asked, said), "oracle": oracle(asked, said)},
    }


def _samples(answers: Sequence[str]) -> list[dict[str, Any]]:
    """Return answers to :data:`ASKED` with what they were asked and what they are worth."""
    asked = [question(noun) for noun in ASKED]
    worth = zip(asked, answers, standardized("weak")(asked, answers), oracle(asked, answers), strict=True)
    return [{"prompt": prompt[-1].content, "answer": answer, "reward": float(reward), "oracle": float(truth)}
            for prompt, answer, reward, truth in worth]  # fmt: skip


def taste(count: int = 200) -> dict[str, Any]:
    """Return samples of the assistant's answers to one question, which `TasteTilted` shows.

    Returns:
        "prompt"; "answer", ``count`` texts; "logp", ln π of each with its end, and "oracle", shape (count,).

    Example: ``len(taste()["answer"])`` (`sec-align-taste` of the book).
    """
    asked, model = question(ASKED[0]), assistant().model
    said = replies(model, chat_template(), [asked] * count, SEEDS["said"], max_new_tokens=20)
    return {
        "prompt": asked[-1].content,
        "answer": said,
        "logp": np.log(law_of(model, asked, said)),
        "oracle": oracle([asked] * count, said),
    }
