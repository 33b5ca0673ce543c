"""The command line: ``python -m book_lib.pipeline prepare|pretrain|sft|reward|ppo|dpo|safety|report RUN``.

Each stage is an entry of :data:`STAGES`: its name, what ``--help`` says of it, a function that adds its flags and one
that does it; see :mod:`book_lib.pipeline._cli_stage`. Whatever a stage imports, it imports when it is asked for, so
that ``--help`` comes at once.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Sequence

from book_lib.pipeline import _cli_chat, _cli_ppo, _cli_reward, _settings
from book_lib.pipeline._cli_stage import (
    NAMES,
    PROGRAM,
    Stage,
    add_common,
    command,
    existing,
    forget,
    say_next,
    table_of,
)
from book_lib.pipeline._lock import RunInUseError
from book_lib.pipeline.run import RunFolder

ABOUT = """From raw text to a small assistant, stage by stage, in a folder that keeps everything.

  python -m book_lib.pipeline prepare runs/mine --text my_texts   # filter, drop duplicates, cut into tokens
  python -m book_lib.pipeline pretrain runs/mine --steps 2000     # train; Ctrl-C, and the same command goes on
  python -m book_lib.pipeline sft runs/mine                       # from conversations: it answers
  python -m book_lib.pipeline reward runs/mine                    # from preferences: what an answer is worth
  python -m book_lib.pipeline ppo runs/mine                       # it learns to give answers that are worth more
  python -m book_lib.pipeline safety runs/mine                    # a layer that checks what goes in and comes out
  python -m book_lib.pipeline report runs/mine                    # write runs/mine/report.md again
"""
CHAIN = """what a stage needs, what it reads, and where it leaves what it makes:

  prepare                          --text: .txt, .md and .rst files          RUN/data
  pretrain  after prepare                                                    RUN/model
  sft       after pretrain         --chats: conversations                    RUN/sft
  reward    after sft              --preferences: pairs of answers           RUN/reward
  ppo       after sft and reward   --prompts: what is to be answered         RUN/ppo
  dpo       after sft              --preferences: pairs of answers           RUN/dpo
  safety    after sft, ppo or dpo  --requests: what may be asked, what not   RUN/safety

Without --text the texts are those that Python brings along. Without files of yours, the stages from sft on talk about
a toy world in which each answer can be judged exactly; so you can try the whole chain with no data at all. Files of
yours hold a JSON object a line:

  chats.jsonl        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
  preferences.jsonl  {"prompt": "Hi", "chosen": "Hello.", "rejected": "What?"}
  prompts.jsonl      {"messages": [{"role": "user", "content": "Hi"}]}
  requests.jsonl     {"text": "Hi, you fool.", "harmful": true}

python -m book_lib.pipeline STAGE --help tells more."""
SETTINGS = """Settings are taken from the command line; where it is silent from --config; where that is silent from
what the run began with; else they have the defaults in brackets. --config is a file that ends in .toml or .json,
with a table for each stage, and in it one for what the stage reads:

  [prepare]
  seed = 1

  [pretrain]
  steps = 2000
  learning_rate = 2e-3

  [sft.sources]
  chats = "chats.jsonl"

The folder RUN holds config.json (the settings; --config takes it, too), metrics.jsonl (a JSON object a line),
report.md with figures/, checkpoints/, and what the stages make. One process at a time may use it.
"""


# ----------------------------------------------------------------------------------------------------- prepare


def add_prepare(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``prepare``."""
    from book_lib.pipeline import _prepare

    add_common(parser)
    _settings.add_flags(parser, _prepare.Sources, "sources.")
    _settings.add_flags(parser, _prepare.PrepareConfig)


def go_prepare(arguments: argparse.Namespace) -> None:
    """Read, filter, drop duplicates, cut into tokens, and write it all down."""
    from book_lib.pipeline import _prepare, _report

    run = RunFolder(arguments.run)
    run.check()
    table = table_of(arguments, "prepare", run)
    done = _prepare.prepare(run, table, arguments.restart)
    with run:
        report = _report.write_report(run)
    print(done)
    say_next(report, command("pretrain", run))


# ---------------------------------------------------------------------------------------------------- pretrain


def add_pretrain(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``pretrain``."""
    from book_lib.pipeline.pretrain import PretrainConfig

    add_common(parser)
    _settings.add_flags(parser, PretrainConfig)


def go_pretrain(arguments: argparse.Namespace) -> None:
    """Train, or go on, and report."""
    from book_lib.pipeline import _report, _stored
    from book_lib.pipeline._pretrain_config import Text
    from book_lib.pipeline.pretrain import DivergedError, PretrainConfig, pick_device, pretrain

    run = existing(arguments.run)
    config = _settings.build(PretrainConfig, table_of(arguments, "pretrain", run), "pretrain")
    with run:
        text, device = _stored.load(run), pick_device(config.device)
        Text.of(text, config)  # before anything is thrown away
        if arguments.restart:
            forget(run, "pretrain")
        for name, value in [*_report.costs(run, config), ("runs on", str(device))]:
            print(f"{name}: {value}", flush=True)
        try:
            done = pretrain(text, config, run, progress=True)
        except (KeyboardInterrupt, DivergedError):
            _report.write_report(run)
            raise
        report = _report.write_report(run)
    for name, value in _report.results(list(done.rows)):
        print(f"{name}: {value}")
    say_next(report, command("sft", run))


# ------------------------------------------------------------------------------------------------------ report


def add_report(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``report``."""
    parser.add_argument("run", metavar="RUN", help="the folder of the run")


def go_report(arguments: argparse.Namespace) -> None:
    """Write the report again."""
    from book_lib.pipeline import _report

    with existing(arguments.run) as run:
        say_next(_report.write_report(run))


OWN = (
    Stage("prepare", "filter texts, drop duplicates, learn tokens and cut the texts into them",
          "Read texts (a folder of yours, or what Python brings along), filter them, drop duplicates, learn a "
          "vocabulary and cut the texts into tokens. Nothing is written before all that has succeeded.",
          (("runs/mine --text my_texts", "a folder of .txt, .md and .rst files, and those below it"),
           ("runs/mine --text a.txt b.txt --min-quality 0", "two files, and no opinion about style"),
           ("runs/mine --text my_texts --restart --vocab-size 1024", "the same texts, with longer tokens")),
          "the same command begins again", add_prepare, go_prepare),
    Stage("pretrain", "train a language model on the tokens; goes on where it was cut short",
          "Train a decoder-only transformer on the prepared text. If it is stopped, or killed, at any step, the same "
          "command goes on from the last checkpoint and comes to the same weights, bit by bit.",
          (("runs/mine", "with the defaults, or as the run began"),
           ("runs/mine --steps 200 --width 64 --layers 2", "a small model, to see that all is well"),
           ("runs/mine --restart --config runs/other/config.json", "what another run did, from the start")),
          "the same command, without --restart, goes on from the last checkpoint", add_pretrain, go_pretrain),
    Stage("report", "write report.md and its figures from what the run holds",
          "Write report.md and its figures again from what the run holds: what became of the text, how the model "
          "learned, what it writes, what it answers, and what that is worth.",
          (("runs/mine", "writes runs/mine/report.md and runs/mine/figures"),), "the same command does it again",
          add_report, go_report),
)  # fmt: skip
STAGES: tuple[Stage, ...] = tuple(
    sorted((*OWN, *_cli_chat.STAGES, *_cli_reward.STAGES, *_cli_ppo.STAGES), key=lambda stage: NAMES.index(stage.name))
)


# ------------------------------------------------------------------------------------------------------ the program


def told_of(stage: Stage) -> str:
    """Return what a stage's help begins with: what it does, and examples."""
    lines = [(f"{PROGRAM} {stage.name} {typed}", does) for typed, does in stage.examples]
    wide = max(len(line) for line, _ in lines)
    return "\n\n".join([textwrap.fill(stage.about, 100), "\n".join(f"  {a:<{wide}}  # {b}" for a, b in lines)])


def parser_of(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; only the stage that is named first has its flags, as those cost an import of torch."""
    parser = argparse.ArgumentParser(PROGRAM, description=ABOUT, epilog=CHAIN,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    stages = parser.add_subparsers(title="stages", metavar="STAGE", required=True, dest="stage")
    for stage in STAGES:
        about, settings = told_of(stage), stage.name != "report"
        # subtle: argparse's own usage puts RUN last, where a flag that takes several values would swallow it.
        usage = f"{PROGRAM} {stage.name} RUN" + " [--config FILE] [--restart] [--setting VALUE ...]" * settings
        one = stages.add_parser(stage.name, help=stage.summary, description=about, usage=usage, allow_abbrev=False,
                                epilog=SETTINGS if settings else None,
                                formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
        one.set_defaults(go=stage.go)
        if stage.name in arguments[:1]:
            stage.add(one)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as the command line says.

    Args:
        arguments: what was typed behind the program's name; ``sys.argv`` unless given.

    Returns:
        0, or 2 after an error that has been told, or 130 if it was interrupted.
    """
    typed = list(sys.argv[1:] if arguments is None else arguments)
    name = typed[0] if typed else ""
    try:
        parser = parser_of(typed)
        chosen, rest = parser.parse_known_args(typed)
        if rest:
            parser.error(f"not understood: {' '.join(rest)}; {PROGRAM} {name} --help tells what there is")
        chosen.go(chosen)
    except (ValueError, OSError, RunInUseError) as error:
        told = str(error).replace("begin anew", "begin anew (with --restart)")
        print(f"{PROGRAM} {name}: error: {told}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        again = next((one.again for one in STAGES if one.name == name), "the same command does it again")
        print(f"{PROGRAM} {name}: stopped; {again}", file=sys.stderr)
        return 130
    return 0
