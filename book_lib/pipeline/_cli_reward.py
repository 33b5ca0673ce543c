"""The stages ``reward`` and ``safety`` of the command line: what people preferred, and what nobody is to hear."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace

from book_lib.pipeline import _settings
from book_lib.pipeline._cli_stage import (
    NAMES,
    Stage,
    add_common,
    command,
    existing,
    forget,
    require,
    same_sources,
    say_next,
    settings_of,
)

REWARD, SAFETY = "reward", "safety"


# ------------------------------------------------------------------------------------------------------ reward


def add_reward(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``reward``."""
    from book_lib.pipeline._reward_sources import RewardSources
    from book_lib.pipeline.reward import RewardConfig

    add_common(parser)
    _settings.add_flags(parser, RewardSources, "sources.")
    _settings.add_flags(parser, RewardConfig)


def go_reward(arguments: argparse.Namespace) -> None:
    """Teach a reward model, or go on, and report."""
    from book_lib.pipeline import _report, _report_reward
    from book_lib.pipeline._reward_sources import RewardSources
    from book_lib.pipeline.chat import load_chat
    from book_lib.pipeline.pretrain import pick_device
    from book_lib.pipeline.reward import DivergedError, RewardConfig, train_reward

    run = existing(arguments.run)
    sources, config = settings_of(arguments, REWARD, run, RewardSources, RewardConfig)
    sources = sources.absolute()
    same_sources(run, REWARD, asdict(sources), arguments.restart)
    require(run, REWARD, ("sft",))
    with run:
        model, template = load_chat(run)
        learnt, held_out = sources.read(config.seed, template, model.context)
        device = pick_device(config.device)
        if arguments.restart:  # only now that all has been read
            forget(run, REWARD)
        for name, value in [*_report_reward.costs(learnt, held_out), ("runs on", str(device))]:
            print(f"{name}: {value}", flush=True)
        try:
            done = train_reward(model, template, learnt, config, held_out, run, progress=True,
                                sources={"sources": asdict(sources)})  # fmt: skip
        except (KeyboardInterrupt, DivergedError):
            _report.write_report(run)
            raise
        report = _report.write_report(run)
    for name, value in _report_reward.results(list(done.rows)):
        print(f"{name}: {value}")
    say_next(report, command("ppo", run))


# ------------------------------------------------------------------------------------------------------ safety


def add_safety(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``safety``."""
    from book_lib.pipeline._safety_run import SafetyConfig, SafetySources

    add_common(parser)
    _settings.add_flags(parser, SafetySources, "sources.")
    _settings.add_flags(parser, SafetyConfig)


def go_safety(arguments: argparse.Namespace) -> None:
    """Fit a filter, measure it, guard the model, and report; always anew, as it takes seconds."""
    from book_lib.pipeline import _report, _report_reward
    from book_lib.pipeline._safety_run import SafetyConfig, SafetySources, survey

    run = existing(arguments.run)
    sources, config = settings_of(arguments, SAFETY, run, SafetySources, SafetyConfig)
    sources = sources.absolute()
    if not names_start(arguments):  # subtle: the run remembers which model was guarded, and another may have come
        sources = replace(sources, start=None)
    require(run, SAFETY, (sources.start or "sft",))
    with run:
        rows = survey(run, config, sources)
        report = _report.write_report(run)
    for name, value in _report_reward.safety_results(rows):
        print(f"{name}: {value}")
    say_next(report)


def names_start(arguments: argparse.Namespace) -> bool:
    """Whether the command line, or the file that it names, says which model is to be guarded."""
    told = {} if arguments.config is None else _settings.read_file(arguments.config, NAMES).get(SAFETY, {})
    return _settings.merged(told, _settings.given(arguments)).get("sources", {}).get("start") is not None


STAGES: tuple[Stage, ...] = (
    Stage(REWARD, "learn from preferences what an answer is worth",
          "Teach a reward model from pairs of answers of which one was preferred (a file of yours, or those of a toy "
          "world): a fine-tuned model with a head that gives an answer a number. If it is stopped, or killed, the same "
          "command goes on, to the same weights.",
          (("runs/mine", "pairs of the toy world"),
           ("runs/mine --preferences mine.jsonl", 'yours: {"prompt": …, "chosen": …, "rejected": …} a line'),
           ("runs/mine --restart --toy-preferences 100 --noise 4", "once more, from few pairs and a capricious judge")),
          "the same command, without --restart, goes on from the last checkpoint", add_reward, go_reward),
    Stage(SAFETY, "put filters before and behind the model, and measure what they miss",
          "Fit a filter on requests (a file of yours, or those of a toy world), count its mistakes at each threshold, "
          "tell what an alarm means where harm is rare, try the plain ways to evade it, and let the guarded model "
          "answer. It takes seconds, and begins anew each time.",
          (("runs/mine", "requests of the toy world, around the newest model of ppo, dpo or sft"),
           ("runs/mine --requests requests.jsonl", 'yours: {"text": …, "harmful": true} a line'),
           ("runs/mine --start dpo --input-threshold 0.8", "a milder filter, around the model of dpo")),
          "the same command begins again", add_safety, go_safety),
)  # fmt: skip
