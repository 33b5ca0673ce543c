"""The command line: ``python -m book_lib.pipeline prepare|pretrain|report RUN``.

Each stage is an entry of :data:`STAGES`: its name, what ``--help`` says of it, a function that adds its flags and one
that does it. Whatever a stage imports, it imports when it is asked for, so that ``--help`` comes at once.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from book_lib.pipeline import _settings
from book_lib.pipeline._lock import RunInUseError
from book_lib.pipeline.run import RunFolder

PROGRAM = "python -m book_lib.pipeline"
ABOUT = """From raw text to a small language model, stage by stage, in a folder that keeps everything.

  python -m book_lib.pipeline prepare runs/mine --text my_texts   # filter, drop duplicates, cut into tokens
  python -m book_lib.pipeline pretrain runs/mine --steps 2000     # train; Ctrl-C, and the same command goes on
  python -m book_lib.pipeline report runs/mine                    # write runs/mine/report.md again
"""
SETTINGS = """Settings are taken from the command line; where it is silent from --config; where that is silent from
what the run began with; else they have the defaults in brackets. --config is a file that ends in .toml or .json,
with a table for each stage:

  [prepare]
  seed = 1

  [pretrain]
  steps = 2000
  learning_rate = 2e-3

The folder RUN holds config.json (the settings; --config takes it, too), metrics.jsonl (a JSON object a line),
report.md with figures/, checkpoints/, and what the stages make. One process at a time may use it.
"""


@dataclass(frozen=True)
class Stage:
    """A subcommand.

    Args:
        name: what is typed.
        summary: one line for the list of stages.
        about: what its own ``--help`` begins with.
        examples: what may be typed behind its name, and what that does.
        again: what to do after it was stopped.
        add: adds its flags.
        go: does it.
    """

    name: str
    summary: str
    about: str
    examples: tuple[tuple[str, str], ...]
    again: str
    add: Callable[[argparse.ArgumentParser], None]
    go: Callable[[argparse.Namespace], None]


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
    say_next(report, f"{PROGRAM} pretrain {shlex.quote(str(run.path))}")


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
    from book_lib.pipeline.pretrain import MODEL, DivergedError, PretrainConfig, pick_device, pretrain

    run = existing(arguments.run)
    config = _settings.build(PretrainConfig, table_of(arguments, "pretrain", run), "pretrain")
    with run:
        text, device = _stored.load(run), pick_device(config.device)
        Text.of(text, config)  # before anything is thrown away
        if arguments.restart:
            run.forget("pretrain", MODEL)
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
    say_next(report)


# ------------------------------------------------------------------------------------------------------ report


def add_report(parser: argparse.ArgumentParser) -> None:
    """Add the flags of ``report``."""
    parser.add_argument("run", metavar="RUN", help="the folder of the run")


def go_report(arguments: argparse.Namespace) -> None:
    """Write the report again."""
    from book_lib.pipeline import _report

    with existing(arguments.run) as run:
        say_next(_report.write_report(run))


STAGES = (
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
          "learned, what it writes.",
          (("runs/mine", "writes runs/mine/report.md and runs/mine/figures"),), "the same command does it again",
          add_report, go_report),
)  # fmt: skip


# ------------------------------------------------------------------------------------------- common to stages


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what each stage that has settings understands."""
    parser.add_argument("run", metavar="RUN", help="the folder of the run")
    parser.add_argument("--config", metavar="FILE", help="settings, in TOML or JSON; see below")
    parser.add_argument("--restart", action="store_true",
                        help="throw away what this stage, and those that build on it, have left in the folder, its "
                        "settings included, and begin anew")  # fmt: skip


def table_of(arguments: argparse.Namespace, stage: str, run: RunFolder) -> _settings.Table:
    """Return a stage's settings: what the run began with, below the file's, below the command line's."""
    began = {} if arguments.restart or not run.exists else run.config.get(stage, {})
    names = [one.name for one in STAGES]
    told = {} if arguments.config is None else _settings.read_file(arguments.config, names).get(stage, {})
    return _settings.merged(began, told, _settings.given(arguments))


def existing(path: str) -> RunFolder:
    """Return the run folder of this path, which must be there."""
    run = RunFolder(path)
    run.check()
    if not run.exists:
        command = f"{PROGRAM} prepare {shlex.quote(path)}"
        raise FileNotFoundError(f"there is no run folder {path}; what makes it is: {command}")
    return run


def say_next(report: Path, command: str | None = None) -> None:
    """Tell what to look at, and what to do next."""
    print(f"report: {report}")
    if command is not None:
        print(f"next: {command}")


def told_of(stage: Stage) -> str:
    """Return what a stage's help begins with: what it does, and examples."""
    lines = [(f"{PROGRAM} {stage.name} {typed}", does) for typed, does in stage.examples]
    wide = max(len(line) for line, _ in lines)
    return "\n\n".join([textwrap.fill(stage.about, 100), "\n".join(f"  {a:<{wide}}  # {b}" for a, b in lines)])


def parser_of(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; only the stage that is named first has its flags, as those cost an import of torch."""
    parser = argparse.ArgumentParser(PROGRAM, description=ABOUT, epilog=f"{PROGRAM} STAGE --help tells more.",
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
        chosen = parser_of(typed).parse_args(typed)
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
