"""What a chapter's run depended on: the record that makes the cache honest.

jupyter-cache finds outputs by the code of a chapter alone. Beside them we keep the sha256 of every
file of the book that the run read (modules and data), the names in every folder it listed, the
versions of the distributions it imported, and Python's. Outputs hold only while all of that does.
"""

from __future__ import annotations

import glob
import hashlib
import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

OUTSIDE = {"_build", "node_modules", ".git", ".ipynb_checkpoints", "__pycache__"}
ALWAYS = ("kernel.py", "matplotlibrc", "outputs.py")  # files of this package that shape every output


class Inputs:
    """Reads the present state of a book's files, and compares it with the records of runs.

    One instance serves one build: it reads each file once.

    Args:
        root: folder of the book. Files elsewhere belong to distributions and go by version.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.sha = cache(sha)

    def relevant(self, path: Path) -> bool:
        """Whether a file or folder belongs to the book's sources.

        Bundles and style sheets of the explorables do not: pages take their text from disk
        (`book_ext.assets`), so that a change in JavaScript alone executes nothing.
        """
        if not path.is_relative_to(self.root) or path.is_relative_to(Path(sys.prefix).resolve()):
            return False
        parts = path.relative_to(self.root).parts
        bundle = "explorables" in parts and path.suffix in {".js", ".css", ".map"}
        return not bundle and path.suffix != ".pyc" and not OUTSIDE.intersection(parts)

    def record(self, report: dict, declared: Iterable[str], started: float) -> dict:
        """The inputs of a finished run.

        Args:
            report: what the kernel noted (`book_ext.kernel.Watch.report`).
            declared: names and globs from the chapter's front matter.
            started: time.time() at the start. A file changed since is recorded as unknown:
                the run may have seen its older text, and will be repeated.
        """
        files = {Path(name).resolve() for name in report["files"]} | set(self.declared(declared))
        files = sorted(f for f in files if self.relevant(f) and f.is_file())
        folders = [Path(name).resolve() for name in report["folders"]]
        return {
            "python": platform.python_version(),
            "book_ext": tool_hashes(),
            # subtle: hashed afresh; `self.sha` remembers the state before the chapter's turn came.
            "files": {
                self.name(f): "changed during the run" if changed_since(f, started) else sha(f)
                for f in files
            },
            "folders": {self.name(f): names(f) for f in sorted(folders) if self.relevant(f)},
            "versions": versions(report["modules"]),
        }

    def name(self, path: Path) -> str:
        """A path relative to the book, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    def declared(self, patterns: Iterable[str]) -> list[Path]:
        """The files that front-matter names and globs stand for now, relative to the book."""
        found = [glob.glob(p, root_dir=self.root, recursive=True) for p in patterns]
        return [(self.root / name).resolve() for names in found for name in names]

    def changed(self, old: dict, declared: Iterable[str]) -> str | None:
        """What no longer holds of a record, in words; None if all of it holds."""
        if old.get("python") != platform.python_version():
            return f"Python is {platform.python_version()}, was {old.get('python')}"
        tests: list[tuple[str, dict, Callable[[str], object]]] = [
            ("book_ext/", old["book_ext"], tool_hashes().get),
            ("", old["files"], lambda name: self.sha(self.root / name)),
            ("the names in ", old["folders"], lambda name: names(self.root / name)),
            ("the version of ", old["versions"], version),
        ]
        for what, values, now in tests:
            for name, value in values.items():
                if now(name) != value:
                    return f"{what}{name} changed"
        new = {self.name(f) for f in self.declared(declared) if f.is_file()} - set(old["files"])
        return f"{min(new)} is new among the declared files" if new else None


def changed_since(path: Path, started: float) -> bool:
    """Whether a file was written between `started` and now (a time stamp in the future is no sign)."""
    return started <= path.stat().st_mtime <= time.time()


def sha(path: Path) -> str | None:
    """sha256 of a file, in hexadecimal; None if there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def names(folder: Path) -> str | None:
    """A digest of the names in a folder, caches and hidden files apart; None if there is none."""
    if not folder.is_dir():
        return None
    listed = sorted(p.name for p in folder.iterdir() if p.name[0] != "." and p.name not in OUTSIDE)
    return hashlib.sha256("\0".join(listed).encode()).hexdigest()


@cache
def tool_hashes() -> dict[str, str | None]:
    """Digests of the files of this package that shape every chapter's outputs."""
    return {name: sha(Path(__file__).with_name(name)) for name in ALWAYS}


@cache
def version(distribution: str) -> str | None:
    """The installed version of a distribution, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


@cache
def owners() -> dict[str, list[str]]:
    """Which distributions provide each top-level module. Slow (a third of a second): asked once."""
    return dict(importlib.metadata.packages_distributions())


def versions(modules: Iterable[str]) -> dict[str, str | None]:
    """The version of each distribution that owns one of the top-level `modules`."""
    found = {d for module in modules for d in owners().get(module, ())}
    return {distribution: version(distribution) for distribution in sorted(found, key=str.lower)}
