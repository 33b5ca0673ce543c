"""Execute the chapters whose inputs changed, in parallel, before Sphinx reads them.

myst-nb takes outputs from jupyter-cache (`execute_notebooks: cache`), which finds them by a
chapter's code alone. On `env-get-outdated` this extension decides which results still hold
(`inputs`), executes the other chapters (`run`), makes their outputs steady (`outputs`) and puts them
where myst-nb looks (`store`). A chapter may say in its front matter:

    book:
      files: [data/*.csv]     # read in ways that an audit hook cannot see
      budget_s: 30            # seconds; a run that takes longer is reported
      cell_timeout_s: 600     # seconds for one cell
      threads: 2              # runs alone, with two BLAS threads; 1 otherwise

`BOOK_JOBS` sets how many chapters run at a time (default: the number of processors).
"""

from __future__ import annotations

import asyncio
import copy
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from jupyter_cache.cache.db import NbCacheRecord
from myst_nb.core.execute import cache as myst_cache
from myst_nb.core.read import create_nb_reader
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sqlalchemy.exc import DatabaseError

from .inputs import Inputs
from .outputs import code_cells, dead_views, steady
from .run import EXPECTED, Chapter, Failed, Result, clear_progress, ended_by_signals, run
from .store import Store, is_full

log = logging.getLogger(__name__)
BUDGET = 30  # seconds, unless the front matter says otherwise
OPTIONS = {"files", "budget_s", "cell_timeout_s", "threads"}


@dataclass
class Build:
    """What one build knows: the book's folder, its results and the state of its files."""

    root: Path
    store: Store
    inputs: Inputs

    def stale(self, chapter: Chapter) -> str | None:
        """Why a chapter must be executed; None if its result holds."""
        record = self.store.find(chapter.notebook) or self.adopt(chapter)
        if record is None:
            return "new code" if self.store.earlier(chapter.page) else "not executed before"
        return self.inputs.changed(record.data["inputs"], chapter.options.get("files", ()))

    def adopt(self, chapter: Chapter) -> NbCacheRecord | None:
        """The result of the same code under other cell metadata, moved to this key.

        Captions and the tags that fold a cell are metadata and so part of jupyter-cache's key, but
        they change no output.
        """
        for record in filter(self.store.whole, self.store.earlier(chapter.page)):
            old = self.store.outputs(record)
            if essence(old) == essence(chapter.notebook):
                fresh = copy.deepcopy(chapter.notebook)
                for cell, done in zip(code_cells(fresh), code_cells(old), strict=True):
                    cell.outputs, cell.execution_count = done.outputs, done.execution_count
                kept = {"widgets", "language_info"}
                fresh.metadata.update({k: v for k, v in old.metadata.items() if k in kept})
                folder = self.store.assets(record)
                return self.store.save(chapter.page, fresh, record.data, folder if folder.is_dir() else None)
        return None

    def twins(self, chapters: list[Chapter]) -> str | None:
        """Says which pages in different folders hold the same code: jupyter-cache cannot tell them apart."""
        first: dict[str, Chapter] = {}
        for chapter in chapters:
            other = first.setdefault(self.store.key(chapter.notebook), chapter)
            if code_cells(chapter.notebook) and other.path.parent != chapter.path.parent:
                return (
                    f"{chapter.path}: its code is that of {other.path} in another folder; change one of them"
                )
        return None


def jobs() -> int:
    """How many chapters run at a time.

    Raises:
        SystemExit: BOOK_JOBS is not a number of chapters.
    """
    text = os.environ.get("BOOK_JOBS") or str(os.cpu_count() or 1)
    if not text.isdecimal() or int(text) < 1:
        stop([f"BOOK_JOBS must be a whole number of at least 1, not {text!r}"])
    return int(text)


def essence(notebook: dict) -> list[tuple]:
    """What decides a notebook's outputs: its code, and the tags that change how a cell runs."""
    running = {"raises-exception", "skip-execution", EXPECTED}
    tags = [running.intersection(cell.metadata.get("tags", [])) for cell in code_cells(notebook)]
    return [(cell.source, sorted(own)) for cell, own in zip(code_cells(notebook), tags, strict=True)]


def chapters_of(env: BuildEnvironment) -> list[Chapter]:
    """The pages with code, read as myst-nb will read them."""
    found = []
    for page in sorted(env.found_docs):
        path = Path(env.doc2path(page))
        text = path.read_text(encoding="utf8")
        reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
        if reader:
            found.append(Chapter(page, path, reader.read(text)))
    return found


def check_options(chapter: Chapter) -> None:
    """Reject misspelt or impossible front-matter options.

    Raises:
        Failed: naming the file, the option and what was expected.
    """
    options, problem = chapter.options, None
    if unknown := set(options) - OPTIONS:
        problem = f"unknown option {min(unknown)!r}; there are {', '.join(sorted(OPTIONS))}"
    elif options.get("threads", 1) not in (1, 2):
        problem = f"threads must be 1 or 2, not {options['threads']!r}"
    for name in ("budget_s", "cell_timeout_s"):
        value = options.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            problem = f"{name} must be a number of seconds above 0, not {value!r}"
    files = options.get("files", [])
    if not isinstance(files, list) or not all(isinstance(f, str) for f in files):
        problem = f"files must be a list of names and globs, not {files!r}"
    if problem:
        raise Failed(f"{chapter.path}: front matter, book: {problem}")


def check_files(chapter: Chapter, inputs: Inputs) -> None:
    """Reject declared names that stand for no file of the book: they would declare nothing.

    Raises:
        Failed: naming the file and the name or glob.
    """
    for pattern in chapter.options.get("files", ()):
        if not any(path.is_file() and inputs.relevant(path) for path in inputs.declared([pattern])):
            raise Failed(f"{chapter.path}: front matter, book: files: {pattern!r} is no file of the book")


async def execute(chapter: Chapter, build: Build, gate: asyncio.Semaphore, done: Done) -> str | None:
    """Execute one chapter and store the result. Returns None, or what failed."""
    async with gate:
        scratch = build.root / "_build" / "kernels"
        scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="assets-", dir=scratch) as assets:
            try:
                code = code_cells(chapter.notebook)
                result = await run(chapter, build.root, scratch, Path(assets)) if code else Result.nothing()
                keep(chapter, build, result, Path(assets))
            except Exception as error:
                done.say(chapter, "FAILED")
                if is_full(error):
                    return full_disk(str(chapter.path), build.store.cache.path)
                if isinstance(error, Failed):
                    return str(error)
                raise
    done.say(chapter, spent(chapter, result.seconds))
    return None


def keep(chapter: Chapter, build: Build, result: Result, assets: Path) -> None:
    """Store the outputs of a run with the record of what it depended on."""
    warnings = result.warnings + [
        f"{chapter.place(index)} shows a {model}, which is dead on the site: use an explorable, or tqdm.tqdm"
        for index, _, model in dead_views(chapter.notebook)
    ]
    steady(chapter.notebook, build.root)
    data = {
        "execution_seconds": result.seconds,
        "warnings": warnings,
        "inputs": build.inputs.record(result.report, chapter.options.get("files", ()), result.started),
    }
    build.store.save(chapter.page, chapter.notebook, data, assets)


def full_disk(what: str, build_folder: Path) -> str:
    """What to say when a result could not be stored."""
    return (
        f"{what}: the disk is full: results could not be stored in {build_folder}. "
        "Those stored before are whole; free some space and build again."
    )


def spent(chapter: Chapter, seconds: float) -> str:
    """How long a chapter took, beside its budget."""
    budget = chapter.options.get("budget_s", BUDGET)
    over = "   OVER BUDGET" if seconds > budget else ""
    return f"{seconds:6.1f} s of {budget:g} s{over}"


class Done:
    """Prints one line for each finished chapter."""

    def __init__(self, total: int) -> None:
        self.total, self.count = total, 0

    def say(self, chapter: Chapter, words: str) -> None:
        """Report one chapter."""
        self.count += 1
        clear_progress()
        tell(f"[{self.count}/{self.total}] {chapter.page:<32} {words}")


def tell(line: str) -> None:
    """Print a line of progress, in a quiet build too: executing takes longer than all that Sphinx does."""
    print(line, flush=True)


async def execute_all(stale: list[Chapter], build: Build) -> list[str]:
    """Execute chapters in parallel, then those that want two threads, each alone."""
    done, failed = Done(len(stale)), []
    for threads, width in ((1, jobs()), (2, 1)):
        gate = asyncio.Semaphore(width)
        batch = [c for c in stale if c.options.get("threads", 1) == threads]
        failed += await asyncio.gather(*(execute(chapter, build, gate, done) for chapter in batch))
    return [failure for failure in failed if failure]


async def main(stale: list[Chapter], build: Build) -> list[str]:
    """`execute_all`, ended by Ctrl-C or SIGTERM."""
    work = asyncio.create_task(execute_all(stale, build))
    await ended_by_signals(work)
    return work.result()


def stop(messages: Iterable[str]) -> NoReturn:
    """End the build with exit status 1, saying why.

    Raises:
        SystemExit: a SphinxError would bury the messages under tracebacks.
    """
    log.error("\n\n".join(messages))
    raise SystemExit(1)


def before_reading(app: Sphinx, env: BuildEnvironment, added: set, changed: set, removed: set) -> list[str]:
    """Bring every chapter's results up to date; return the pages whose results are news to Sphinx."""
    if env.mystnb_config.execution_mode != "cache":
        return []
    root, folder = Path(app.srcdir), Path(env.mystnb_config.execution_cache_path)
    try:
        build = Build(root, Store(folder), Inputs(root))
        chapters = chapters_of(env)
        update(decide(chapters, build), build)
        return news(env, chapters, build.store)
    except (OSError, DatabaseError, RuntimeError) as error:
        if not is_full(error):
            raise
        stop([full_disk(str(root), folder)])


def update(stale: list[Chapter], build: Build) -> None:
    """Execute what is stale; end the build if a chapter failed or somebody interrupted it."""
    try:
        failed = asyncio.run(main(stale, build)) if stale else []
    except KeyboardInterrupt:
        log.error("interrupted; chapters that had finished are stored, and no kernel is left")
        raise SystemExit(130) from None
    if failed:
        stop(failed)


def decide(chapters: list[Chapter], build: Build) -> list[Chapter]:
    """Which chapters to execute; says which and why. Longest first, as far as we know."""
    try:
        for chapter in chapters:
            check_options(chapter)
            check_files(chapter, build.inputs)
    except Failed as failure:
        stop([str(failure)])
    if problem := build.twins(chapters):
        stop([problem])
    reasons = {chapter.page: build.stale(chapter) for chapter in chapters}
    stale = [chapter for chapter in chapters if reasons[chapter.page]]
    tell(f"{len(chapters)} pages with code, {len(stale)} to execute, {jobs()} at a time")
    for chapter in stale:
        tell(f"  {chapter.page}: {reasons[chapter.page]}")
    return sorted(stale, key=lambda c: -known_seconds(c, build.store))


def known_seconds(chapter: Chapter, store: Store) -> float:
    """How long a chapter took the last time; a guess for one never run."""
    earlier = store.earlier(chapter.page)
    return earlier[0].data.get("execution_seconds", BUDGET) if earlier else BUDGET


def news(env: BuildEnvironment, chapters: list[Chapter], store: Store) -> list[str]:
    """The pages whose results changed since Sphinx last read them. Repeats the runs' warnings."""
    shown, env.book_shown, env.book_assets = getattr(env, "book_shown", {}), {}, {}
    for chapter in chapters:
        record = store.find(chapter.notebook)
        env.book_shown[chapter.page] = record.data["written"]
        env.book_assets[chapter.page] = str(store.assets(record))
        for warning in record.data.get("warnings", ()):
            log.warning(warning, type="book", subtype="stderr")
    return [page for page, written in env.book_shown.items() if shown.get(page) != written]


def refuse(*args: object, **kwargs: object) -> None:
    """Stands in for myst-nb's own executor: a chapter that gets here changed while the book was built."""
    stop(["a chapter was changed while the book was being built; build again"])


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    myst_cache.single_nb_execution = refuse
    app.connect("env-get-outdated", before_reading)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
