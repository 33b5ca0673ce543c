"""The subcommands ``ppo`` and ``dpo``: learning from rewards and from preferences, behind any fine-tuned model."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from book_lib import _checks
from book_lib.pipeline import _settings
from book_lib.pipeline._chat_messages import Conversation, check_conversation, json_lines, messages_of
from book_lib.pipeline._cli_stage import (
    Stage,
    add_common,
    command,
    existing,
    forget,
    lacking,
    parents,
    require,
    same_sources,
    say_next,
    settings_of,
    table_of,
)
from book_lib.pipeline.run import RunFolder

REWARDS = ("model", "rule")
ROOM = (20, 64)  # tokens of an answer to a prompt of the reader's, at least and at most, unless the reader decides
JUDGED = 256  # answers of the model that learning begins with, by which a reward's scale is fixed


@dataclass(frozen=True)
class PPOSources:
    """Where a policy, its prompts and its rewards come from.

    Args:
        start: the stage whose model learns, "sft" or "dpo".
        prompts: a file of JSON lines, {"messages": [{"role": "user", "content": "..."}]}, each to be answered; unless
            given, questions of the toy world.
        count: how many questions of the toy world.
        longest: messages in such a question, at most.
        reward: "model" (that of the stage reward, standardised) or "rule" (the toy world's, which a program checks).

    Raises:
        TypeError, ValueError: if a setting is out of its range; it is named.

    >>> PPOSources().reward
    'model'
    """

    start: str = "sft"
    prompts: str | None = None
    count: int = 1000
    longest: int = 2
    reward: str = "model"

    def __post_init__(self) -> None:
        _checks.one_of("start", self.start, ("sft", "dpo"))
        _checks.one_of("reward", self.reward, REWARDS)
        _checks.integer("count", self.count, 1)
        _checks.integer("longest", self.longest, 1)
        if self.prompts is not None and self.reward == "rule":
            raise ValueError("reward must be 'model' for prompts of your own: the rule knows the toy world only")


@dataclass(frozen=True)
class DPOSources:
    """Where a policy and the preferences come from.

    Args:
        start: the stage whose model learns, "sft" or "ppo".
        preferences: a file of JSON lines, each a prompt, a chosen and a rejected answer, as for the stage reward;
            unless given, pairs of the toy world.
        count: how many pairs of the toy world.
        noise: how capricious their judge is, at least 0.

    Raises:
        TypeError, ValueError: if a setting is out of its range; it is named.
    """

    start: str = "sft"
    preferences: str | None = None
    count: int = 1000
    noise: float = 1.0

    def __post_init__(self) -> None:
        _checks.one_of("start", self.start, ("sft", "ppo"))
        _checks.integer("count", self.count, 1)
        if _checks.finite("noise", self.noise) < 0:
            raise ValueError(f"noise must be at least 0, got {self.noise}")

    def read(self, seed: int, template: Any, context: int) -> list[Any]:
        """Return the preferences: of the file, or of the toy world.

        Raises:
            FileNotFoundError, ValueError: if the file is not there, or holds something else.
        """
        from book_lib.pipeline._reward_sources import fitting, toy_pairs

        if self.preferences is None:
            return toy_pairs(self.count, self.noise, seed, template, context)
        return fitting(self.preferences, template, context)


def absolute(path: str | None) -> str | None:
    """Return a file's path that holds wherever the command is typed, or None."""
    return None if path is None else str(Path(path).expanduser().absolute())


def load_prompts(path: str | Path) -> list[Conversation]:
    """Read prompts from JSON lines: ``{"messages": [{"role": "user", "content": "…"}]}``, one a line.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not UTF-8, holds none, or a line is something else; the file and the line are named.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "prompts.jsonl")
    >>> _ = path.write_text('{"messages": [{"role": "user", "content": "Hi"}]}', encoding="utf-8")
    >>> load_prompts(path)[0][0].content
    'Hi'
    """
    found = []
    for place, row in json_lines(path):
        try:
            if "messages" not in row:
                raise ValueError(f"there must be a field 'messages', got {', '.join(map(repr, row)) or 'none'}")
            found.append(check_conversation(messages_of("messages", row["messages"]), for_training=False))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{place}: {error}") from None
    if not found:
        raise ValueError(f"{path} must hold at least one prompt, got none")
    return found


# ---------------------------------------------------------------------------------------------------- ppo


def add_ppo(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``ppo``."""
    from book_lib.pipeline._align_config import AlignConfig

    add_common(parser)
    _settings.add_flags(parser, PPOSources, "sources.")
    _settings.add_flags(parser, AlignConfig)


def go_ppo(arguments: argparse.Namespace) -> None:
    """Answer, judge and learn, or go on, and report."""
    from book_lib.pipeline.ppo import AlignConfig, align

    run = existing(arguments.run)
    sources, config = settings_of(arguments, "ppo", run, PPOSources, AlignConfig)
    sources = replace(sources, prompts=absolute(sources.prompts))
    same_sources(run, "ppo", asdict(sources), arguments.restart)
    needed = parents("ppo", {"sources": asdict(sources)})
    by_rule = sources.prompts is None and lacking(run, needed) == ["reward"]
    require(run, "ppo", needed, "or --reward rule, which needs none" if by_rule else "")
    fixed = "max_new_tokens" in table_of(arguments, "ppo", run)

    def learn() -> None:
        told, *matter = material(run, sources, config, fixed)  # before anything is thrown away
        if arguments.restart:
            forget(run, "ppo", needed)
        align(*matter[:-1], told, run, progress=True, judge=matter[-1], sources={"sources": asdict(sources)})

    reported(run, "ppo", learn)


def material(run: RunFolder, sources: PPOSources, config: Any, fixed: bool) -> tuple[Any, ...]:
    """Return the settings, the policy, its template, the prompts, the reward and the judge, or None."""
    from book_lib.pipeline import _toy
    from book_lib.pipeline._rollouts import rollout
    from book_lib.pipeline.chat import load_chat

    policy, template = load_chat(run, sources.start)
    prompts, room = asked_of(sources, policy, template, config.max_new_tokens if fixed else None, config.seed)
    config, judge = replace(config, max_new_tokens=room), None if sources.prompts else by_noun(_toy.oracle)
    print(f"prompts: {len(prompts):,}, answers of at most {room} tokens", flush=True)
    if sources.reward == "rule":
        return config, policy, template, prompts, by_noun(_toy.verifiable), judge
    asked = [prompts[k % len(prompts)] for k in range(JUDGED)]
    said = rollout(policy, template, asked, config, np.random.default_rng([config.seed, 1]))
    return config, policy, template, prompts, of_model(run, said), judge


def asked_of(sources: PPOSources, policy: Any, template: Any, room: int | None, seed: int) -> tuple[list, int]:
    """Return prompts, and how many tokens an answer may have: what is asked for, or else what the prompts leave.

    In the toy world it is what the longest answer needs; prompts that leave less are left out, as the reader cannot
    shorten them.

    Raises:
        FileNotFoundError, ValueError: if the file is not there or holds something else; if a prompt of the reader's
            does not leave room, or none of the toy world does.
    """
    from book_lib.pipeline import _toy
    from book_lib.pipeline._rollouts import prompt_rows

    if sources.prompts is not None:
        prompts = load_prompts(sources.prompts)
        longest = max(len(template.prompt(prompt)) for prompt in prompts)
        room = max(ROOM[0], min(ROOM[1], policy.context - longest)) if room is None else room
        prompt_rows(policy, template, prompts, room)
        return prompts, room
    if room is None:
        texts = (form.format(noun=noun, first=first, second=second)
                 for form, noun, first, second in product(_toy.FORMS, _toy.NOUNS, *_toy.SLOTS))  # fmt: skip
        room = max(len(template.tokenizer.encode(text)) for text in texts) + 1  # its end
    prompts = [prompt for prompt in _toy.prompts(sources.count, seed)
               if len(prompt) <= sources.longest and len(template.prompt(prompt)) + room <= policy.context]  # fmt: skip
    if not prompts:
        raise ValueError(f"no question of the toy world has at most {sources.longest} messages and leaves {room} of "
                         f"{policy.context} tokens to the answer: take more --longest, fewer --max-new-tokens, "
                         "--prompts of your own, or pre-train with a larger --context")  # fmt: skip
    return prompts, room


def of_model(run: RunFolder, said: Any) -> Callable[..., Any]:
    """Return the reward model's score, on the scale of some answers."""
    from book_lib.pipeline.ppo import Standardized
    from book_lib.pipeline.reward import load_reward

    return Standardized.on(load_reward(run).score, said.prompts, said.answers)


def by_noun(function: Callable[[str, str], float]) -> Callable[..., list[float]]:
    """Return a judge of prompts and answers, for one of nouns and answers of the toy world."""
    from book_lib.pipeline import _toy

    def judge(prompts: Any, answers: Any) -> list[float]:
        return [function(_toy.noun_of(prompt), answer) for prompt, answer in zip(prompts, answers, strict=True)]

    return judge


# ---------------------------------------------------------------------------------------------------- dpo


def add_dpo(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``dpo``."""
    from book_lib.pipeline._dpo_loop import DPOConfig

    add_common(parser)
    _settings.add_flags(parser, DPOSources, "sources.")
    _settings.add_flags(parser, DPOConfig)


def go_dpo(arguments: argparse.Namespace) -> None:
    """Learn from preferences, or go on, and report."""
    from book_lib.pipeline._dpo_loop import Pairs
    from book_lib.pipeline.chat import load_chat
    from book_lib.pipeline.dpo import DPOConfig, dpo

    run = existing(arguments.run)
    sources, config = settings_of(arguments, "dpo", run, DPOSources, DPOConfig)
    sources = replace(sources, preferences=absolute(sources.preferences))
    same_sources(run, "dpo", asdict(sources), arguments.restart)
    needed = parents("dpo", {"sources": asdict(sources)})
    require(run, "dpo", needed)

    def learn() -> None:
        model, template = load_chat(run, sources.start)
        pairs = sources.read(config.seed, template, model.context)
        Pairs.of(template, pairs, model.context)  # before anything is thrown away
        if arguments.restart:
            forget(run, "dpo", needed)
        dpo(model, template, pairs, config, run, progress=True, sources={"sources": asdict(sources)})

    reported(run, "dpo", learn)


# ------------------------------------------------------------------------------------------------ common to both


def reported(run: RunFolder, stage: str, learn: Callable[[], None]) -> None:
    """Learn while the run is held, and write the report, also of what was interrupted."""
    from book_lib.pipeline import _report, _report_ppo
    from book_lib.pipeline._pretrain_loop import DivergedError

    with run:
        try:
            learn()
        except (KeyboardInterrupt, DivergedError):
            _report.write_report(run)
            raise
        report = _report.write_report(run)
    for name, value in _report_ppo.results(run.metrics(stage)):
        print(f"{name}: {value}")
    say_next(report, command("safety", run))


STAGES: tuple[Stage, ...] = (
    Stage("ppo", "let the model answer, and learn from rewards (PPO, REINFORCE or GRPO)",
          "Let a fine-tuned model answer prompts, judge the answers by the reward model, and make what was judged well "
          "more likely, at a price for each nat that it moves away. If it is stopped, or killed, at any round, the "
          "same command goes on from the last checkpoint, to the same weights.",
          (("runs/mine", "questions of the toy world, judged by the model of the stage reward"),
           ("runs/mine --prompts prompts.jsonl", 'yours: {"messages": [{"role": "user", "content": …}]} a line'),
           ("runs/mine --restart --beta 0.2", "once more, on a shorter leash"),
           ("runs/mine --method grpo --reward rule", "a rule that a program checks, and no reward model"),
           ("runs/mine --start dpo", "go on from what dpo has learnt")),
          "the same command, without --restart, goes on from the last checkpoint", add_ppo, go_ppo),
    Stage("dpo", "learn from preferences directly, without a reward model",
          "Teach a fine-tuned model to prefer the answers that were preferred, without a reward model and without "
          "drawing an answer. If it is stopped, the same command goes on from the last checkpoint.",
          (("runs/mine", "pairs of the toy world"),
           ("runs/mine --preferences preferences.jsonl", 'yours: {"prompt": …, "chosen": …, "rejected": …} a line'),
           ("runs/mine --restart --beta 0.5", "once more, on a longer leash"),
           ("runs/mine --start ppo", "go on from what ppo has learnt")),
          "the same command, without --restart, goes on from the last checkpoint", add_dpo, go_dpo),
)  # fmt: skip
