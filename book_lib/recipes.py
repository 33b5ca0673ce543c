"""What a stored result depends on: sources, configuration and versions, in a form that can be compared.

`book_lib.runs` files a result under the digest of its recipe. Comments, docstrings and layout are no part
of it: a correction of the English retrains nothing.
"""

from __future__ import annotations

import ast
import dis
import hashlib
import importlib.metadata
import importlib.util
import inspect
import json
import math
import platform
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np


def describe(function: Callable, config: dict) -> dict:
    """The recipe of a result: function, configuration, sources and versions.

    Raises:
        TypeError: `function` is not a Python function; or a lambda or closure, which share source and name
            with others; or one of a notebook that uses variables which cannot be part of the recipe.
    """
    if not inspect.isfunction(function):
        raise TypeError(f"function must be a Python function, not {type(function).__name__}")
    if function.__closure__ or function.__name__ == "<lambda>":
        raise TypeError(
            f"function must be a def that closes over nothing, not {function.__qualname__}; "
            "hand over in config what it needs"
        )
    if function.__module__ == "__main__":
        sources, imported = notebook_sources(function)
    else:
        sources, imported = project_sources(function.__module__)
    return {
        "function": function.__qualname__,
        "config": config,
        "sources": sources,
        "python": ".".join(platform.python_version_tuple()[:2]),
        "versions": {name: version for module in sorted(imported) for name, version in distributions(module)},
    }


def notebook_sources(function: Callable) -> tuple[dict[str, Any], set[str]]:
    """As `project_sources`, for a function of a notebook: it, and what of the notebook it uses."""
    todo, sources, others = [("", function)], {}, set()
    while todo:
        name, value = todo.pop()
        module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if name in sources:
            continue
        if module == "__main__":
            tree = ast.parse(textwrap.dedent(source_of(value)))
            sources[name] = digest(strip(tree))
            todo += globals_used(tree, function.__globals__)
        elif module and (is_installed(module) or module == "builtins"):
            others.add(module.partition(".")[0])
        elif module:
            found, imported = project_sources(module)
            sources, others = {**sources, **found}, others | imported
        else:
            sources[name] = variable(name, value)
    return dict(sorted(sources.items())), others


def source_of(thing: Any) -> str:
    """The text of a function or class defined in a notebook.

    Raises:
        TypeError: its text cannot be found.
    """
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError) as error:
        raise TypeError(f"{thing!r} has no source text; define it in a module") from error


def globals_used(tree: ast.Module, namespace: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The names that the code of a tree takes from the notebook, with their values."""
    # subtle: the compiler knows which names are global; a parameter may bear the name of a variable.
    names = sorted(set(global_names(compile(tree, "<notebook>", "exec", dont_inherit=True))))
    return [(name, namespace[name]) for name in names if name in namespace]


def global_names(code: CodeType) -> Iterator[str]:
    """The names that code, and the functions and classes in it, look up outside of functions."""
    for step in dis.get_instructions(code):
        if step.opname in {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}:
            yield step.argval
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from global_names(inner)


def variable(name: str, value: Any) -> Any:
    """A variable of the notebook as part of a recipe.

    Raises:
        TypeError: it is not a JSON value.
    """
    try:
        return plain(value, name)
    except TypeError as error:
        raise TypeError(f"function uses the notebook's variable {name!r}: hand it over in config") from error


def is_installed(module: str) -> bool:
    """Whether a module belongs to Python or to an installed distribution, and so goes by version."""
    path = file_of(module)
    own = path is not None and "site-packages" not in path.parts
    return not own or module.partition(".")[0] in sys.stdlib_module_names


def project_sources(module: str) -> tuple[dict[str, str], set[str]]:
    """Digests of a module and of the project's modules it imports; names of other packages imported.

    Imports inside functions count; those made by name at run time (`importlib.import_module`) do not.
    """
    project = module.partition(".")[0]
    todo, sources, others = [module], {}, set()
    while todo:
        name = todo.pop()
        path = None if name in sources else file_of(name)
        if path is None:
            continue
        tree = ast.parse(path.read_text(encoding="utf8"))
        sources[name] = digest(strip(tree))
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for found in imports(tree, package):
            if found.partition(".")[0] == project:
                todo += prefixes(found)
            else:
                others.add(found.partition(".")[0])
    return dict(sorted(sources.items())), others


def imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Every module name that a tree may import, absolute. `from a import b` gives a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [base])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def prefixes(name: str) -> list[str]:
    """A module and the packages it lies in.

    >>> prefixes("a.b.c")
    ['a', 'a.b', 'a.b.c']
    """
    parts = name.split(".")
    return [".".join(parts[: n + 1]) for n in range(len(parts))]


def file_of(name: str) -> Path | None:
    """The source file of a module; None if there is no such module or it is not Python."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        origin = getattr(loaded, "__file__", None)
    else:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return None
        origin = spec.origin if spec else None
    return Path(origin) if origin and origin.endswith(".py") else None


def strip(source: str | ast.AST) -> str:
    """The meaning of Python code: without comments, layout and docstrings.

    >>> strip("x = 1  # one") == strip("x  =  1")
    True
    """
    tree = ast.parse(source) if isinstance(source, str) else source
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if documented and body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            body[0].value.value = ""
    return ast.dump(tree)


@cache
def owners() -> Mapping[str, list[str]]:
    """Which distributions provide each top-level module; slow, asked once."""
    return importlib.metadata.packages_distributions()


def distributions(module: str) -> list[tuple[str, str]]:
    """Names and versions of the distributions that own a top-level module; none for Python's own."""
    if not module or module in sys.stdlib_module_names:
        return []
    return [(name, importlib.metadata.version(name)) for name in sorted(set(owners().get(module, ())))]


def plain(value: Any, where: str, finite: bool = True) -> Any:
    """A copy in JSON's own types: tuples become lists.

    Raises:
        TypeError: for anything that is not a JSON value, naming the key that holds it.
        ValueError: for NaN and infinity, if `finite`.

    >>> plain({"sizes": (8, 16)}, "config")
    {'sizes': [8, 16]}
    """
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return value
    if type(value) is float:
        if finite and not math.isfinite(value):
            raise ValueError(f"{where} is {value!r}; expected a finite number")
        return value
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{where}[{index}]", finite) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{where} has the key {key!r}; expected keys of type str")
        return {key: plain(item, f"{where}[{key!r}]", finite) for key, item in value.items()}
    hint = "; use .item() or .tolist()" if isinstance(value, (np.generic, np.ndarray)) else ""
    raise TypeError(f"{where} is of type {type(value).__name__}; expected a JSON value{hint}")


def digest(value: Any) -> str:
    """Sixteen hexadecimal digits that stand for a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
