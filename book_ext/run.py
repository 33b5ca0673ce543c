"""Run one chapter in a kernel of its own, and say what happened."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

from . import kernel

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
WARNING = re.compile(r"^.*\b\w+Warning: .*$", re.MULTILINE)
CELL_TIMEOUT = 600  # seconds, unless the front matter says otherwise
SHOWN = 12  # lines of a traceback
EXPECTED = "expect-warning"  # tag of a cell whose warning is part of the lesson


@dataclass
class Chapter:
    """A page with code, as the build sees it.

    Attributes:
        page: name of the document, `chapters/ising`.
        path: its file.
        notebook: its cells; outputs are filled in by a run.
    """

    page: str
    path: Path
    notebook: NotebookNode

    @property
    def options(self) -> dict:
        """The front-matter key `book`: files, budget_s, cell_timeout_s, threads."""
        return self.notebook.metadata.get("book") or {}

    def line(self, index: int, within: int = 1) -> int:
        """The line in the file of a cell's line (both counted from 1)."""
        lines = self.path.read_text(encoding="utf8").splitlines()
        first = self.notebook.cells[index].source.split("\n")[0]
        start = self.notebook.metadata.get("source_map", [0] * (index + 1))[index]
        # subtle: the cell's options come between its fence and its code.
        body = next((n for n in range(start, len(lines)) if lines[n].strip() == first.strip()), start)
        return body + within

    def number(self, index: int) -> int:
        """Which code cell, counted from 1, the cell at an index is."""
        return sum(cell.cell_type == "code" for cell in self.notebook.cells[: index + 1])

    def place(self, index: int, within: int = 1) -> str:
        """A cell, for people: file:line, which cell, which page."""
        where = f"{self.path}:{self.line(index, within)}"
        return f"{where}: code cell {self.number(index)} of {self.page}"


class Failed(Exception):
    """A chapter did not run. The message names file, line, chapter and cell."""


@dataclass
class Result:
    """What a run left behind, beside the outputs in the notebook."""

    seconds: float
    report: dict
    started: float
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def nothing(cls) -> Result:
        """The result of a page without code cells."""
        return cls(0.0, {"files": [], "folders": [], "modules": []}, time.time())


class Client(NotebookClient):
    """Executes a notebook with the interpreter that builds the book.

    Differs from nbclient's in three ways: no kernel specification is looked up; signals stay with
    the build, which cancels the runs and so ends every kernel; what a cell writes to stderr
    (progress bars, warnings) goes to `errors` and to the terminal, never into the outputs.
    """

    def __init__(self, chapter: Chapter, **options: object) -> None:
        super().__init__(chapter.notebook, on_cell_execute=self.note_cell, **options)
        self.chapter, self.index = chapter, 0
        self.errors: dict[int, str] = {}

    def note_cell(self, cell: NotebookNode, cell_index: int) -> None:
        """Remember where we are, for messages."""
        self.index = cell_index

    def create_kernel_manager(self) -> AsyncKernelManager:
        """A manager that starts `kernel.command()`, whatever kernels this machine has."""
        self.km = AsyncKernelManager(kernel_name="python3", config=self.config, shutdown_wait_time=2)
        self.km._kernel_spec = KernelSpec(argv=kernel.command(), language="python", display_name="Python 3")
        return self.km

    @asynccontextmanager
    async def async_setup_kernel(self, **kwargs: object) -> AsyncIterator[None]:
        """Start the kernel; end it, and whatever it started, however the block is left."""
        manager = self.create_kernel_manager()
        self.shutdown_kernel = "immediate"
        try:
            await self.async_start_new_kernel(**kwargs)
            await self.async_start_new_kernel_client()
            yield
            self.shutdown_kernel = "graceful"
        finally:
            group = getattr(manager.provisioner, "pgid", None)
            await self._async_cleanup_kernel()
            end_group(group)

    def output(self, outs: list, msg: dict, display_id: str | None, cell_index: int) -> NotebookNode | None:
        """Take in an output; text on stderr is kept aside and shown in the terminal."""
        content = msg["content"]
        if msg["msg_type"] != "stream" or content["name"] != "stderr":
            return super().output(outs, msg, display_id, cell_index)
        self.errors[cell_index] = (self.errors.get(cell_index, "") + content["text"])[-20_000:]
        show_progress(self.chapter.page, content["text"])
        return None

    async def ask(self, expression: str) -> str:
        """The value, a string, of an expression in the kernel."""
        request = self.kc.execute("", silent=True, user_expressions={"answer": expression})
        reply = await self.async_wait_for_reply(request)
        return ast.literal_eval(reply["content"]["user_expressions"]["answer"]["data"]["text/plain"])

    async def async_execute_cell(self, cell: NotebookNode, cell_index: int, **kwargs: object) -> NotebookNode:
        """Execute a cell; after the last, ask the kernel what the run has read."""
        cell = await super().async_execute_cell(cell, cell_index, **kwargs)
        if cell_index == len(self.nb.cells) - 1:
            self.report = json.loads(await self.ask("__import__('sys').book_watch.report()"))
        return cell


async def run(chapter: Chapter, root: Path, scratch: Path, assets: Path) -> Result:
    """Execute a chapter; its notebook then holds the outputs.

    Raises:
        Failed: a cell raised an error, took too long, or the kernel died.
    """
    started, clock = time.time(), time.perf_counter()
    client = Client(
        chapter,
        timeout=chapter.options.get("cell_timeout_s", CELL_TIMEOUT),
        record_timing=False,  # it writes cell metadata, which is part of the cache's key
        extra_arguments=["--log-level=50"],
    )
    variables = kernel.environment(root, scratch, assets, chapter.options.get("threads", 1))
    with tempfile.TemporaryDirectory(prefix="book-kernel-") as runtime:
        client.config.KernelManager.connection_file = str(Path(runtime, "kernel.json"))
        try:
            await client.async_execute(cwd=str(chapter.path.parent), env=variables)
        except (CellExecutionError, CellTimeoutError, RuntimeError) as error:
            raise Failed(explain(client, error)) from error
    return Result(time.perf_counter() - clock, client.report, started, warnings_of(client))


def explain(client: Client, error: Exception) -> str:
    """Say where and why a run stopped, with the last lines of the traceback."""
    chapter, index = client.chapter, client.index
    if isinstance(error, CellExecutionError):
        text = ANSI.sub("", error.traceback).rstrip()
        reason = f"{error.ename}: {error.evalue}"
    else:
        text = client.errors.get(index, "").rstrip()
        reason = (
            f"it took longer than {client.timeout} s (cell_timeout_s)"
            if isinstance(error, CellTimeoutError)
            else f"its kernel died, often for lack of memory ({error})"
        )
    at = re.findall(r"^\s*Cell In\[\d+\], line (\d+)", text, re.MULTILINE)
    tail = "\n".join("    " + row for row in text.splitlines()[-SHOWN:])
    return f"{chapter.place(index, int(at[0]) if at else 1)} failed: {reason}\n{tail}"


def warnings_of(client: Client) -> list[str]:
    """Python warnings that cells gave, each with file and line, unless a cell's tag expects them."""
    found = []
    for index, text in sorted(client.errors.items()):
        tags = client.nb.cells[index].metadata.get("tags", [])
        for warning in [] if EXPECTED in tags else dict.fromkeys(WARNING.findall(text)):
            found.append(f"{client.chapter.place(index)}: {warning.strip()}")
    return found


def show_progress(page: str, text: str) -> None:
    """Show the last line of a chapter's progress on the terminal, in place."""
    last = re.split(r"[\r\n]", text.rstrip("\r\n"))[-1].strip()
    if last and sys.stderr.isatty():
        print(f"\r\x1b[K  {page}: {last[:100]}", end="\r", file=sys.stderr, flush=True)


def clear_progress() -> None:
    """Wipe what `show_progress` has left on the line."""
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def end_group(group: int | None) -> None:
    """End what a kernel's process group still holds: processes that a chapter left running."""
    if group and hasattr(os, "killpg") and group != os.getpgrp():
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


async def ended_by_signals(work: asyncio.Task) -> None:
    """Wait for `work`; Ctrl-C or SIGTERM cancels it, and with it every kernel.

    Raises:
        KeyboardInterrupt: after the kernels have ended.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, work.cancel)
        except (NotImplementedError, RuntimeError):  # Windows, or not the main thread
            pass
    try:
        await work
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.remove_signal_handler(number)
            except (NotImplementedError, RuntimeError):
                pass
