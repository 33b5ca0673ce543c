"""A folder for all that one run leaves behind: settings, metrics, checkpoints, figures, a report.

* :class:`RunFolder` makes the folder in one step, keeps others out while it is in use, and writes each file whole or
  not at all, so that a process that is killed leaves nothing half-written.
* :class:`RunInUseError` is what a second process is told.

::

    runs/mine/
      config.json        the settings of each stage; may be handed to --config to do the same again
      metrics.jsonl      one JSON object a line: what was measured at which step
      report.md          what happened, in words, with the pictures in figures/
      checkpoints/       where a stage stood, as safetensors
      data/  model/      what the stages made, once they have

See the section :ref:`sec-llm-run`.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from book_lib import _checks
from book_lib.pipeline._lock import Lock, RunInUseError

__all__ = ["RunFolder", "RunInUseError", "first_difference"]

FORMAT = "book_lib.pipeline.1"
CONFIG, METRICS, REPORT, LOCK = "config.json", "metrics.jsonl", "report.md", "lock"
FOLDERS = ("checkpoints", "figures")
PART = ".part"  # what is being written; nothing that ends so counts
OLD = f".old{PART}"  # a folder whose successor is being put in its place
Row = dict[str, Any]


class RunFolder:
    """A folder of one run. It is read as it is; to write into it, hold it with ``with``.

    ``with RunFolder(path) as run`` makes the folder, in one step, if it is not there; takes its lock, which the system
    gives back even if the process is killed; and clears away what a killed process had begun to write. A folder may be
    held several times over by one object, so that a function that writes may be handed a run that is held already.

    Args:
        path: of the folder, which is there, or is not there yet, or is empty.

    Raises:
        TypeError: if ``path`` is no path.
        ValueError: if it names no folder, as "." does not.

    ``with`` raises :class:`RunInUseError` if another process, or another object, holds the folder, and ValueError if
    the path is something else than a run folder. See the section :ref:`sec-llm-run`.

    >>> import tempfile
    >>> with RunFolder(Path(tempfile.mkdtemp(), "mine")) as run:
    ...     run.append({"stage": "pretrain", "step": 1, "loss": 6.2})
    >>> run.metrics()
    [{'stage': 'pretrain', 'step': 1, 'loss': 6.2}]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"path must be a path, got {path!r}")
        self.path = Path(path)
        if self.path.name in ("", ".."):
            raise ValueError(f"path must name a folder that can be made, such as 'runs/mine', got {str(path)!r}")
        self._lock = Lock(self.path / LOCK)
        self._holds = 0

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    # ------------------------------------------------------------------------------------- making, holding

    def __enter__(self) -> Self:
        if not self._holds:
            self._make()
            self._lock.take()
            try:
                self._tidy()
            except BaseException:
                self._lock.give_back()
                raise
        self._holds += 1
        return self

    def __exit__(self, *exception: object) -> None:
        self._holds -= 1
        if not self._holds:
            self._lock.give_back()

    @property
    def exists(self) -> bool:
        """Whether the folder has been made."""
        return (self.path / CONFIG).is_file()

    def check(self) -> None:
        """See to it, before long work, that the folder is there or can be made, and that one may write there.

        Raises:
            ValueError: if the path is something else than a run folder.
            NotADirectoryError, PermissionError: if it cannot be made, or must not be written to.
        """
        if self.exists:
            self._document()  # refuses another program's config.json
        elif self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())) and not self.exists:
            raise ValueError(f"{self.path} must be a run folder, or not be there yet: it has no {CONFIG}")
        there = next(one for one in (self.path, *self.path.absolute().parents) if one.exists())
        if not there.is_dir():
            raise NotADirectoryError(f"{there} must be a folder, so that {self.path} can be made in it")
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(f"{there} must be a folder that you may write to")

    def _make(self) -> None:
        """Put a whole folder in place, unless there is one."""
        self.check()
        if self.exists:
            return
        if not self._cleared():
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        staged = self.path.with_name(f"{self._staged}{secrets.token_hex(4)}{PART}")
        try:
            self._furnish(staged)
            # subtle: a rename either brings the whole folder or fails, also when another process was quicker.
            staged.rename(self.path)
        except OSError:
            if not self.exists:
                raise
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def _cleared(self) -> bool:
        """Make way by removing an empty folder; false if another process has put a run there meanwhile."""
        try:
            if self.path.is_dir():
                self.path.rmdir()
        except FileNotFoundError:
            pass  # another process has made way
        except OSError:
            if not self.exists:
                raise
            return False
        return True

    @property
    def _staged(self) -> str:
        """What the name of the folder begins with while it is being made, beside its place; eight digits follow."""
        return f".{self.path.name}."

    @staticmethod
    def _furnish(folder: Path) -> None:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        _write(folder / CONFIG, _as_json({"format": FORMAT}))
        _write(folder / METRICS, b"")
        _write(folder / REPORT, b"# Report\n\nNothing has been done yet.\n")

    def _tidy(self) -> None:
        """Clear away what a process that was killed had begun to write."""
        for staged in self.path.parent.glob(f"{glob.escape(self._staged)}{'[0-9a-f]' * 8}{PART}"):
            shutil.rmtree(staged, ignore_errors=True)  # another may be doing the same
        for name in FOLDERS:
            (self.path / name).mkdir(exist_ok=True)
        for old in self.path.glob(f"*{OLD}"):
            # subtle: killed between two renames, the old one has lost its name and the new one has none yet.
            if not (final := old.with_name(old.name.removesuffix(OLD))).exists():
                old.rename(final)
        for path in sorted(self.path.rglob(f"*{PART}")):
            _remove(path)
        metrics = self.path / METRICS
        content = metrics.read_bytes() if metrics.is_file() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content or not metrics.is_file():
            _write(metrics, whole)

    def _require_held(self) -> None:
        if not self._holds:
            raise RuntimeError(f"{self!r} must be held to be written to: with RunFolder(...) as run")

    # -------------------------------------------------------------------------------------------- settings

    @property
    def config(self) -> dict[str, Any]:
        """The settings of each stage that has begun, by its name.

        Raises:
            ValueError: if ``config.json`` is damaged or another program's.
            FileNotFoundError: if there is no run folder.
        """
        return {name: value for name, value in self._document().items() if name != "format"}

    def _document(self) -> dict[str, Any]:
        path = self.path / CONFIG
        if not path.is_file():
            raise FileNotFoundError(f"{self.path} must be a run folder: there is no {path}")
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:  # also of what is not UTF-8
            raise ValueError(f"{path} must be JSON: {error}") from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"{path} must be the settings of a run ('format': {FORMAT!r}), got another file")
        return document

    def settle(self, stage: str, settings: Mapping[str, Any], free: Iterable[str] = (), anew: bool = False) -> None:
        """Write down a stage's settings, or see to it that they are those it began with.

        Args:
            stage: its name.
            settings: JSON values.
            free: settings that may change from one call to the next.
            anew: whether the stage begins, so that what was written down before does not count.

        Raises:
            ValueError: if a setting differs from the one the stage began with; it is named.
        """
        self._require_held()
        document = self._document()
        settings = json.loads(_as_json(settings))
        if stage in document and not anew:
            told = first_difference(document[stage], settings, free)
            if told is not None:
                raise ValueError(f"{self.path} holds another run of {stage}: {told}; "
                                 "take another folder, or begin anew")  # fmt: skip
        self.write(CONFIG, _as_json({**document, _checks.slug("stage", stage): settings}))

    def forget(self, stage: str, *folders: str) -> None:
        """Take a stage's settings, metrics, checkpoints and the folders that it made away: it can begin anew."""
        self._require_held()
        for path in [*self.checkpoints(stage), *(self.path / _checks.slug("folders", name) for name in folders)]:
            _remove(path)
        self.keep(lambda row: row.get("stage") != stage)
        document = self._document()
        document.pop(stage, None)
        self.write(CONFIG, _as_json(document))

    # ------------------------------------------------------------------------------------------ measurements

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a line to the metrics.

        Raises:
            TypeError, ValueError: if a value is none of JSON's; NaN and infinity are none.
        """
        self._require_held()
        line = (json.dumps(dict(row), allow_nan=False, ensure_ascii=False) + "\n").encode()
        with (self.path / METRICS).open("ab", buffering=0) as file:
            end = file.tell()
            try:
                while line:  # a disk that is almost full takes a part
                    line = line[file.write(line) :]
            except BaseException as error:
                file.truncate(end)
                _name(error, self.path / METRICS)
                raise

    def flush(self) -> None:
        """See to it that the metrics are on the disk, as a checkpoint that outlives a power cut says that they are."""
        self._require_held()
        with (self.path / METRICS).open("rb+") as file:
            os.fsync(file.fileno())

    def metrics(self, stage: str | None = None) -> list[Row]:
        """Return the lines of the metrics, of one stage or of all; a last line that was cut off does not count.

        Raises:
            ValueError: if another line is no JSON object; its number is told.
        """
        path = self.path / METRICS
        content = path.read_bytes() if path.is_file() else b""
        rows = []
        for number, line in enumerate(content.split(b"\n")[:-1], 1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}, line {number}, must be a JSON object: {error}") from None
            if not isinstance(row, dict):
                raise ValueError(f"{path}, line {number}, must be a JSON object, got {type(row).__name__}")
            rows.append(row)
        return [row for row in rows if stage is None or row.get("stage") == stage]

    def keep(self, wanted: Callable[[Row], bool]) -> None:
        """Drop the lines of the metrics that are not wanted, in one step."""
        rows = self.metrics()
        kept = [row for row in rows if wanted(row)]
        if len(kept) < len(rows):
            lines = (json.dumps(row, allow_nan=False, ensure_ascii=False) + "\n" for row in kept)
            self.write(METRICS, "".join(lines))

    def checkpoints(self, stage: str) -> list[Path]:
        """Return the checkpoints of a stage, the earliest first."""
        name = re.compile(rf"{re.escape(stage)}-(\d{{8,}})\.safetensors")
        # subtle: only names that `pretrain` and its like give; a copy "…-mine.safetensors" is the reader's own.
        found = ((name.fullmatch(path.name), path) for path in (self.path / "checkpoints").glob(f"{stage}-*"))
        return [path for _, path in sorted((int(match[1]), path) for match, path in found if match)]

    # -------------------------------------------------------------------------------------------- in and out

    def write(self, name: str, content: str | bytes) -> Path:
        """Write one file of the folder: who reads it sees the old content or the new, never a part.

        Args:
            name: such as ``report.md`` or ``figures/loss.svg``.
            content: bytes, or text that becomes UTF-8.

        Returns:
            The file's path.

        Raises:
            ValueError: if the name leads out of the folder.
            RuntimeError: if the run is not held.
        """
        self._require_held()
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"name must stay inside the run folder, got {name!r}")
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content.encode() if isinstance(content, str) else content)
        return path

    @contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        """Fill a folder inside, which appears whole when the ``with`` block ends, in place of an older one.

        Args:
            name: such as "model".

        Yields:
            Where to write meanwhile. If the block raises, all is as it was before.
        """
        self._require_held()
        final = self.path / _checks.slug("name", name)
        staged, old = self.path / f"{name}{PART}", self.path / f"{name}{OLD}"
        _remove(staged)
        staged.mkdir()
        try:
            yield staged
            _flush(staged)
        except BaseException:
            _remove(staged)
            raise
        if final.exists():
            final.rename(old)
        staged.rename(final)
        _remove(old)


def first_difference(then: Mapping[str, Any], now: Mapping[str, Any], free: Iterable[str] = ()) -> str | None:
    """Return in words which setting differs, or None if none does.

    >>> first_difference({"steps": 10, "seed": 1}, {"steps": 20, "seed": 1})
    'steps was 10, now it is 20'
    """
    for key in [*then, *(key for key in now if key not in then)]:
        if key in free or then.get(key) == now.get(key):
            continue
        before, after = then.get(key), now.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            return f"{key}: {first_difference(before, after)}"
        return f"{key} was {before!r}, now it is {after!r}"
    return None


def _as_json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(dict(value), indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    """Write a file in one step; there is one writer only, so that the name of the unfinished file may be known."""
    part = path.with_name(path.name + PART)
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink()
        _name(error, path)
        raise


def _name(error: BaseException, path: Path) -> None:
    """Let an error tell the file, as that of a full disk by itself does not."""
    if isinstance(error, OSError) and error.errno is not None and error.filename is None:
        error.filename = str(path)


def _flush(folder: Path) -> None:
    """See to it that what the files hold is on the disk before their folder gets its name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
