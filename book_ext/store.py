"""Executed chapters on disk, in the jupyter-cache folder that myst-nb reads.

jupyter-cache writes the database record first and the notebook after it, in place. Here the
notebook is written under another name, moved into place, and only then recorded, so that a build
that is killed or runs out of disk never leaves half a result: at worst the chapter executes again.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.cache.db import NbCacheRecord
from nbformat import NotebookNode
from sqlalchemy.exc import DatabaseError

BROKEN = re.compile("no such table|malformed|not a database")  # what a full disk leaves of a database
KEEP = 3  # records per chapter: going back to an earlier text or branch executes nothing


class Store:
    """The results of chapters, found by their code.

    Args:
        folder: jupyter-cache's folder, `_build/.jupyter_cache`.
    """

    def __init__(self, folder: Path) -> None:
        self.cache = get_cache(folder)
        try:
            NbCacheRecord.records_all(self.cache.db)
        except (DatabaseError, RuntimeError) as error:
            if not BROKEN.search(causes(error)):
                raise
            shutil.rmtree(folder)
            self.cache = get_cache(folder)
        for left in (self.cache.path / "executed").glob("*.new"):  # of a build that was killed
            shutil.rmtree(left, ignore_errors=True)

    def key(self, notebook: NotebookNode) -> str:
        """jupyter-cache's key: code cells with their metadata, and the kernel's name."""
        return self.cache.create_hashed_notebook(notebook)[1]

    def find(self, notebook: NotebookNode) -> NbCacheRecord | None:
        """The record of this notebook, if its outputs are there and whole."""
        try:
            record = self.cache.match_cache_notebook(notebook)
        except KeyError:
            return None
        return record if self.whole(record) else None

    def whole(self, record: NbCacheRecord) -> bool:
        """Whether what we wrote for a record is still there, byte by byte."""
        written = (record.data or {}).get("written", {})
        folder = self.folder(record.hashkey)
        return "base.ipynb" in written and all(
            (folder / name).is_file() and digest(folder / name) == sha for name, sha in written.items()
        )

    def folder(self, key: str) -> Path:
        """Where a result lies: base.ipynb, and artifacts/ with the assets of the chapter."""
        return self.cache.path / "executed" / key

    def assets(self, record: NbCacheRecord) -> Path:
        """The folder of the files that a chapter ships beside its page (it may not exist)."""
        return self.folder(record.hashkey) / "artifacts"

    def earlier(self, page: str) -> list[NbCacheRecord]:
        """The records of a page, newest first."""
        records = NbCacheRecord.records_from_uri(page, self.cache.db)
        return sorted(records, key=lambda record: record.created, reverse=True)

    def save(self, page: str, notebook: NotebookNode, data: dict, assets: Path | None) -> NbCacheRecord:
        """Store an executed notebook and its assets; drop the page's oldest records.

        Args:
            page: name of the document, the record's `uri`.
            data: what to keep beside the outputs; JSON only.
            assets: folder with files to keep, or None.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        hashed, key = self.cache.create_hashed_notebook(notebook)
        target = self.folder(key)
        fresh = target.with_name(f"{key}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            write(fresh, nbformat.writes(hashed, nbformat.NO_CONVERT), assets)
            written = {p.relative_to(fresh).as_posix(): digest(p) for p in files(fresh)}
            self.forget(key)
            os.replace(fresh, target)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        data = {**data, "written": written}
        record = NbCacheRecord.create_record(uri=page, hashkey=key, db=self.cache.db, data=data)
        for old in self.earlier(page)[KEEP:]:
            self.forget(old.hashkey)
        return record

    def forget(self, key: str) -> None:
        """Remove a record, then its files."""
        with suppress(KeyError):
            record = NbCacheRecord.record_from_hashkey(key, self.cache.db)
            NbCacheRecord.remove_record(record.pk, self.cache.db)
        shutil.rmtree(self.folder(key), ignore_errors=True)

    def outputs(self, record: NbCacheRecord) -> NotebookNode:
        """The executed notebook of a record: code cells only."""
        return nbformat.read(self.folder(record.hashkey) / "base.ipynb", nbformat.NO_CONVERT)


def causes(error: BaseException | None) -> str:
    """The messages of an error and of those that led to it."""
    return "" if error is None else f"{error}\n{causes(error.__cause__)}"


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk is full (as the system says it, or as SQLite does)."""
    numbers = (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "errno", None) in numbers or "disk is full" in causes(error)


def write(folder: Path, notebook: str, assets: Path | None) -> None:
    """Write a result into a new folder, and see that it is on the disk."""
    folder.mkdir(parents=True)
    with open(folder / "base.ipynb", "w", encoding="utf8") as file:
        file.write(notebook)
        file.flush()
        os.fsync(file.fileno())  # so that a full disk or a power cut shows now, not after the record
    if assets is not None and any(assets.iterdir()):
        shutil.copytree(assets, folder / "artifacts")


def files(folder: Path) -> list[Path]:
    """All files under a folder, sorted."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def digest(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
