"""Settings from a file and from flags: both are made from a dataclass and its docstring, so that neither goes stale."""

from __future__ import annotations

import argparse
import inspect
import json
import re
import tomllib
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Settings = TypeVar("Settings")
Table = dict[str, Any]
SIMPLE = (int, float, str)


def read_file(path: str | Path, stages: Iterable[str]) -> dict[str, Table]:
    """Read a file of settings, TOML or JSON: a table for each stage, ``[pretrain]`` and so on.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it cannot be read, or holds something else; what was expected is told.
    """
    path = Path(path)
    readers = {".toml": tomllib.loads, ".json": json.loads}
    if path.suffix.lower() not in readers:
        raise ValueError(f"--config must be a file that ends in .toml or .json, got {path}")
    try:
        document = readers[path.suffix.lower()](path.read_text(encoding="utf-8-sig"))  # some editors say so first
    except FileNotFoundError:
        raise FileNotFoundError(f"--config must be a file, and there is no {path}") from None
    except ValueError as error:  # of both formats, and of what is not UTF-8
        raise ValueError(f"{path} must be {path.suffix[1:].upper()} in UTF-8: {error}") from None
    known = tuple(stages)
    if not isinstance(document, dict):
        raise ValueError(f"{path} must hold a table for each stage ({', '.join(known)}), got {type(document).__name__}")
    document.pop("format", None)  # so that a run's own config.json may come back
    for name, table in document.items():
        if name not in known or not isinstance(table, dict):
            raise ValueError(f"{path} must hold a table for each stage ({', '.join(known)}), got {name!r}")
    return document


def build(cls: type[Settings], table: Mapping[str, Any], where: str) -> Settings:
    """Make a dataclass of settings from a table; what is not there keeps its default.

    Raises:
        ValueError: if the table has a key that is no setting, or a value that is none; the message begins with
            ``where``.
    """
    hints, known = get_type_hints(cls), {field.name for field in fields(cls)}
    values: Table = {}
    for key, value in table.items():
        if key not in known:
            raise ValueError(f"{where}: {key!r} is no setting; there are {', '.join(sorted(known))}")
        if is_dataclass(hints[key]):
            if not isinstance(value, Mapping):
                raise ValueError(f"{where}: {key} must be a table, got {value!r}")
            value = build(hints[key], value, f"{where}, {key}")
        elif isinstance(value, list):
            value = tuple(value)
        values[key] = value
    try:
        return cls(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from None


def merged(*tables: Mapping[str, Any]) -> Table:
    """Return tables laid one over the other, the last on top.

    >>> merged({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 4}})
    {'a': 1, 'b': {'c': 2, 'd': 4}}
    """
    result: Table = {}
    for table in tables:
        for key, value in table.items():
            both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
            result[key] = merged(result[key], value) if both else value
    return result


# ----------------------------------------------------------------------------------------------------- flags


def add_flags(parser: argparse.ArgumentParser, cls: type, prefix: str = "") -> None:
    """Add a flag for each setting of a dataclass, ``--learning-rate`` for learning_rate, with its description.

    Settings of settings come along, in a group of their own; those that are no number, text or truth value are left
    to the file. Flags that are not given leave no trace, so that the file's values hold.
    """
    told, hints = descriptions(cls), get_type_hints(cls)
    group = parser.add_argument_group(prefix.rstrip(".") or "settings")
    for field in fields(cls):
        options = None if is_dataclass(hints[field.name]) else _options(hints[field.name])
        if options is None:
            continue
        flag = f"--{field.name.replace('_', '-')}"
        if flag in parser._option_string_actions:  # subtle: two groups may have a setting of one name
            flag = f"--{(prefix + field.name).replace('.', '-').replace('_', '-')}"
        text = f"{told.get(field.name, '')} ({_default(field)})".replace("%", "%%").strip()
        group.add_argument(flag, dest=f"setting:{prefix}{field.name}", default=argparse.SUPPRESS, help=text, **options)
    for field in fields(cls):  # last, so that the outer settings have the short names
        if is_dataclass(hints[field.name]):
            add_flags(parser, hints[field.name], f"{prefix}{field.name}.")


def given(arguments: argparse.Namespace) -> Table:
    """Return the settings that the command line named, nested as in a file."""
    table: Table = {}
    for key, value in vars(arguments).items():
        if key.startswith("setting:"):
            *outer, last = key.removeprefix("setting:").split(".")
            place = table
            for name in outer:
                place = place.setdefault(name, {})
            place[last] = tuple(value) if isinstance(value, list) else value
    return table


def descriptions(cls: type) -> dict[str, str]:
    """Return what a docstring says of each argument.

    >>> from book_lib.pipeline.pretrain import PretrainConfig
    >>> descriptions(PretrainConfig)["clip"]
    'the largest norm of the gradient; a longer one is shortened'
    """
    text = inspect.getdoc(cls) or ""
    block = re.search(r"^Args:\n((?:[ ]+.*\n?|\n)+)", text, flags=re.MULTILINE)
    if block is None:
        return {}
    found = re.findall(r"^ {4}(\w[\w, ]*): ((?:.*\n?)(?: {5,}.*\n?)*)", block[1], flags=re.MULTILINE)
    return {name: _plain(told) for names, told in found for name in names.split(", ")}


def _plain(told: str) -> str:
    text = re.sub(r":\w+:`~?([^`]*)`", r"\1", " ".join(told.split()))
    return text.replace("`", "").rstrip(".")


def _options(kind: Any) -> dict[str, Any] | None:
    """Return how argparse reads a value of this kind, or None if it cannot."""
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if kind in SIMPLE:
        return {"type": kind, "metavar": _metavar(kind)}
    arguments = get_args(kind)
    if get_origin(kind) is tuple and len(arguments) == 2 and arguments[0] in SIMPLE and arguments[1] is Ellipsis:
        return {"type": arguments[0], "nargs": "+", "metavar": _metavar(arguments[0])}
    if get_origin(kind) in (Union, types.UnionType) and type(None) in arguments:
        rest = [one for one in arguments if one is not type(None)]
        return _options(rest[0]) if len(rest) == 1 and rest[0] in SIMPLE else None
    return None


def _metavar(kind: type) -> str:
    return {int: "N", float: "X", str: "TEXT"}[kind]


def _default(field: Field) -> str:
    """Return a setting's default in words."""
    value = field.default if field.default_factory is MISSING else field.default_factory()
    if value is MISSING:
        return "must be given"
    if value is None or value == ():
        return "not given"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
