"""What the stages of the command line have in common: how one is described, and which of them builds on which.

Whatever a stage imports, it imports when it is asked for, so that ``--help`` comes at once; nothing here needs torch.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from book_lib.pipeline import _settings
from book_lib.pipeline.run import RunFolder, first_difference

PROGRAM = "python -m book_lib.pipeline"
# The stages in the order in which a reader comes to them, each with the folder in which it leaves what it made.
FOLDERS = {"prepare": "data", "pretrain": "model", "sft": "sft", "reward": "reward", "ppo": "ppo", "dpo": "dpo",
           "safety": "safety"}  # fmt: skip
NAMES = (*FOLDERS, "report")
NEEDS = {"pretrain": ("prepare",), "sft": ("pretrain",), "reward": ("sft",)}  # what the others need, settings tell


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


# ---------------------------------------------------------------------------------------------- flags, settings


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
    told = {} if arguments.config is None else _settings.read_file(arguments.config, NAMES).get(stage, {})
    return _settings.merged(began, told, _settings.given(arguments))


def settings_of(
    arguments: argparse.Namespace, stage: str, run: RunFolder, sources: type[Any], config: type[Any]
) -> tuple[Any, Any]:
    """Return what a stage reads, and its settings.

    Raises:
        ValueError: if there is one that is none, or stands in the wrong table of a file.
    """
    table = dict(table_of(arguments, stage, run))
    inner = table.pop("sources", {})
    for field in fields(sources):
        if field.name in table:
            raise ValueError(f"{stage}: {field.name!r} must stand in the table [{stage}.sources]")
    return _settings.build(sources, inner, f"{stage}, sources"), _settings.build(config, table, stage)


def existing(path: str) -> RunFolder:
    """Return the run folder of this path, which must be there."""
    run = RunFolder(path)
    run.check()
    if not run.exists:
        raise FileNotFoundError(f"there is no run folder {path}; what makes it is: {command('prepare', run)}")
    return run


def same_sources(run: RunFolder, stage: str, sources: Mapping[str, Any], restart: bool) -> None:
    """See to it, before the checksums do, that a stage goes on with what it began with.

    Raises:
        ValueError: if it does not; the first difference is told.
    """
    began = run.config.get(stage, {}).get("sources")
    if restart or began is None or not run.checkpoints(stage):
        return
    told = first_difference(began, sources)
    if told is not None:
        raise ValueError(f"{run.path} holds another run of {stage}: {told}; take another folder, or begin anew")


# ------------------------------------------------------------------------------------- what builds on what


def parents(stage: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the stages whose outcome a stage with these settings reads.

    >>> parents("ppo", {}), parents("ppo", {"sources": {"start": "dpo", "reward": "rule"}}), parents("reward", {})
    (('sft', 'reward'), ('dpo',), ('sft',))
    """
    if stage not in ("ppo", "dpo", "safety"):
        return NEEDS.get(stage, ())
    sources = table.get("sources", {})
    judged = stage == "ppo" and sources.get("reward", "model") == "model"
    return (sources.get("start") or "sft", *(("reward",) if judged else ()))


def heirs(run: RunFolder, stage: str) -> list[str]:
    """Return the stages of a run that have begun and build on this one, the last of them first.

    >>> import tempfile
    >>> with RunFolder(Path(tempfile.mkdtemp(), "mine")) as run:
    ...     run.settle("dpo", {"sources": {"start": "ppo"}})
    ...     run.settle("ppo", {"sources": {"start": "sft", "reward": "rule"}})
    >>> heirs(run, "pretrain"), heirs(run, "ppo"), heirs(run, "reward")
    (['dpo', 'ppo'], ['dpo'], [])
    """
    config, found = run.config, [stage]
    tables = {name: config.get(name, {}) for name in FOLDERS}
    for one in found:  # it grows meanwhile
        found += [name for name in FOLDERS if name not in found and one in parents(name, tables[name])]
    return [name for name in reversed(found[1:]) if name in config]


def forget(run: RunFolder, stage: str, needed: Iterable[str] = ()) -> None:
    """Throw away what a stage of a run that is held, and those that build on it, have left: it begins anew.

    Args:
        run: held.
        stage: its name.
        needed: stages that it will begin from.

    Raises:
        ValueError: if one of those would be thrown away, too; nothing is, then.
    """
    later = heirs(run, stage)
    for name in needed:
        if name in later:
            raise ValueError(f"{stage} cannot start from {name}, which itself has started from {stage} and would be "
                             "thrown away with it")  # fmt: skip
    for name in (*later, stage):  # subtle: in this order, so that a kill on the way leaves nothing without its ground
        run.forget(name, FOLDERS[name])


def require(run: RunFolder, stage: str, needed: Sequence[str], instead: str = "") -> None:
    """See to it that a run holds what a stage builds on.

    Args:
        run: the run folder.
        stage: its name.
        needed: the stages that it builds on.
        instead: what could be done otherwise, "or …".

    Raises:
        FileNotFoundError: if it does not; the command that is to be typed next is told.
    """
    missing = lacking(run, needed)
    if missing:
        told = f", {instead}" if instead else ""
        raise FileNotFoundError(f"{stage} builds on {' and '.join(needed)}, and {run.path} lacks "
                                f"{' and '.join(missing)}; next: {command(missing[0], run)}{told}")  # fmt: skip


def lacking(run: RunFolder, needed: Iterable[str]) -> list[str]:
    """Return which stages have still to be finished before these have been, the first first."""
    found: set[str] = set()
    open_ = [name for name in needed if not finished(run, name)]
    for name in open_:  # it grows meanwhile
        found.add(name)
        open_ += [one for one in parents(name, run.config.get(name, {})) if not finished(run, one)]
    return [name for name in FOLDERS if name in found]


def finished(run: RunFolder, stage: str) -> bool:
    """Whether a run holds what a stage makes."""
    return (run.path / FOLDERS[stage]).is_dir()


# ----------------------------------------------------------------------------------------------------- words


def command(stage: str, run: RunFolder) -> str:
    """Return what is typed for a stage of a run."""
    return f"{PROGRAM} {stage} {shlex.quote(str(run.path))}"


def say_next(report: Path, then: str | None = None) -> None:
    """Tell what to look at, and what to do next."""
    print(f"report: {report}")
    if then is not None:
        print(f"next: {then}")
