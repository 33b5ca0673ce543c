"""The kernel side of a chapter's run: how it starts, and what it reads.

This file is run as a script by the interpreter that builds the book (`command`), so no installed
kernel specification is looked up. Before IPython starts, an audit hook begins to note every file
and folder that the run opens; `execute.py` asks for the list (`sys.book_watch.report()`) when the
last cell has run. A change in this file executes every chapter again.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import source_from_cache
from pathlib import Path

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR
PERSONAL = {"PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONUTF8"}  # a user's, not the book's


def command() -> list[str]:
    """The argument vector that starts this kernel with the interpreter now running."""
    # subtle: -P keeps this script's own folder (book_ext) off the kernel's sys.path.
    return [sys.executable, "-P", str(Path(__file__).resolve()), "-f", "{connection_file}"]


def environment(root: Path, scratch: Path, assets: Path, threads: int) -> dict[str, str]:
    """The variables a chapter's kernel gets: same run, same bytes, whatever the user's settings.

    Args:
        root: folder of the book; first on the kernel's module path.
        scratch: folder for settings and caches of IPython and matplotlib, so that the user's own
            (start-up scripts, a matplotlibrc) cannot leak into the pages.
        assets: empty folder where `book_lib.explorables.assets` leaves this run's files.
        threads: threads that BLAS and OpenMP may use.
    """
    path = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **{name: value for name, value in os.environ.items() if name not in PERSONAL},
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "0",
        "BOOK_BUILD": "1",
        "BOOK_ROOT": str(root),
        "BOOK_ASSETS": str(assets),
        "IPYTHONDIR": str(scratch / "ipython"),
        "MPLCONFIGDIR": str(scratch / "matplotlib"),
        "MATPLOTLIBRC": str(Path(__file__).with_name("matplotlibrc")),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # CI often says Agg: no pictures then
        "COLUMNS": "80",
        "TZ": "UTC",
    }


class Watch:
    """Notes the files and folders that this process reads, by means of an audit hook."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.folders: set[str] = set()
        self.handlers = {
            "open": self.on_open,
            "sqlite3.connect": self.on_open,
            "os.listdir": self.on_list,
            "os.scandir": self.on_list,
        }
        sys.addaudithook(self.hook)

    def hook(self, event: str, arguments: tuple) -> None:
        """Hand an audit event to its handler. Must be cheap: it is called for every event."""
        handler = self.handlers.get(event)
        if handler is not None and isinstance(arguments[0], (str, os.PathLike)):
            handler(*arguments)

    def on_open(self, path: str | os.PathLike, mode: object = None, flags: int | None = None) -> None:
        """Note a file opened for reading. Relative names are resolved now: a cell may chdir."""
        if not (flags or 0) & WRITING:
            self.files.add(os.path.abspath(path))

    def on_list(self, path: str | os.PathLike) -> None:
        """Note a folder whose names were listed (globs), unless the import system did it."""
        # subtle: frame 0 is this method, 1 the hook, 2 whoever listed the folder.
        if "importlib" not in sys._getframe(2).f_code.co_filename:
            self.folders.add(os.path.abspath(path))

    def report(self) -> str:
        """JSON: files read, folders listed and top-level modules loaded, sorted."""
        loaded = list(sys.modules.items())
        files = self.files | {file for _, m in loaded if (file := getattr(m, "__file__", None))}
        return json.dumps({
            "files": sorted({source(file) for file in files}),
            "folders": sorted(self.folders),
            "modules": sorted({name.partition(".")[0] for name, _ in loaded}),
        })  # fmt: skip


def source(path: str) -> str:
    """The source file of a cached bytecode file; any other path as it is."""
    try:
        return source_from_cache(path) if path.endswith(".pyc") else path
    except ValueError:  # a .pyc outside __pycache__ stands for itself
        return path


if __name__ == "__main__":
    sys.book_watch = Watch()
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
