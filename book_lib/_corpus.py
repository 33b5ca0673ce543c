"""English text that is always at hand: Python's own reference and the docstrings of its standard library.

Nothing is downloaded and nothing but one file of data is imported: docstrings are read from the source with
:mod:`ast`. What a Python lacks (some are shipped without a part of their sources) is left out, so that the text
depends on the version of Python, and on nothing else.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import platform
import re
import sysconfig
import warnings
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

SKIPPED = frozenset(
    # Tests, other programs and other people's packages; `encodings` says one sentence a hundred times.
    ("__pycache__", "dist-packages", "encodings", "ensurepip", "idlelib", "lib-dynload", "lib2to3", "pydoc_data",
     "site-packages", "test", "tests", "turtledemo")
)  # fmt: skip
PASSAGE = 80  # characters; a paragraph as long as this is kept the first time only
DOCUMENT = 200  # characters; what is shorter is no document
RUN = 12  # words in a row; a held-out paragraph that shares as many with training is dropped
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.\w")
WORD = re.compile(r"[a-z]{4,}")


@dataclass(frozen=True)
class Corpus:
    """Documents to learn from, and others to be judged by.

    Args:
        train: nine tenths of the documents, or nearly.
        held_out: the others. No paragraph of 80 characters or more comes twice, in whichever part, and none of these
            shares twelve words in a row with ``train``.
        origin: where the text comes from.
    """

    train: tuple[str, ...] = field(repr=False)
    held_out: tuple[str, ...] = field(repr=False)
    origin: str

    @cached_property
    def train_text(self) -> str:
        """The documents of ``train`` in a row, with an empty line between two."""
        return "\n\n".join(self.train)

    @cached_property
    def held_out_text(self) -> str:
        """The documents of ``held_out`` in a row, with an empty line between two."""
        return "\n\n".join(self.held_out)

    def words(self) -> frozenset[str]:
        """Return the words of four letters a–z or more that ``train`` holds, in lower case.

        >>> "python" in corpus().words(), "qwxz" in corpus().words()
        (True, False)
        """
        return self._words

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(WORD.findall(self.train_text.lower()))


@cache
def corpus() -> Corpus:
    """Return Python's reference and the docstrings of its standard library, about 1.9 million characters of English.

    A document is a topic of ``pydoc_data.topics`` (what ``help("if")`` shows) or all docstrings of one module, in their
    order. A paragraph of 80 characters or more that occurred before is dropped, whatever its line breaks, and so is one
    with somebody's address. A document goes to ``held_out`` if the checksum of its name says so, about one in ten; it
    stays where it is when Python changes around it. There, paragraphs are dropped too that share twelve words in a row
    with ``train``: modules quote one another. Read once in a process, in a few seconds. See the section
    :ref:`sec-lm-document`.

    Raises:
        RuntimeError: if this Python has been shipped without all of it.

    >>> text = corpus()
    >>> len(text.train) > 9 * len(text.held_out) * 0.6
    True
    >>> corpus() is text
    True
    """
    return build(topics(), Path(sysconfig.get_path("stdlib")))


def build(reference: dict[str, str], library: Path) -> Corpus:
    """Return a corpus of these topics and of the modules below the folder ``library``.

    Raises:
        RuntimeError: if that leaves either part without a document.
    """
    named = [(f"topic {name}", reference[name]) for name in sorted(reference)]
    named += ((name, "\n\n".join(docstrings(source))) for name, source in modules(library))
    parts: tuple[list[str], list[str]] = ([], [])
    for name, text in without_repeats(named):
        parts[held_out(name)].append(text)
    parts = parts[0], unseen(parts[1], parts[0])
    if not all(parts):
        raise RuntimeError(
            f"corpus() needs pydoc_data.topics or the sources of the standard library, and found {len(reference)} "
            f"topics and {len(named) - len(reference)} sources in {library}; another build of Python has them"
        )
    version = f"Python {platform.python_version()}"
    return Corpus(*map(tuple, parts), f"reference and docstrings of {version}; Python Software Foundation License")


def topics() -> dict[str, str]:
    """Return the topics of Python's reference, name → text, or none where they are not installed."""
    try:
        known = importlib.import_module("pydoc_data.topics").topics
    except (ImportError, AttributeError):
        return {}
    return {name: text for name, text in known.items() if isinstance(name, str) and isinstance(text, str)}


def modules(library: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (module, source) for what can be read below ``library``, in an order that no file system changes."""
    for folder, below, files in os.walk(library):
        below[:] = sorted(name for name in below if name not in SKIPPED and not name.startswith("config-"))
        for file in sorted(name for name in files if name.endswith(".py") and not name.startswith("_sysconfigdata")):
            path = Path(folder, file)
            name = ".".join(path.relative_to(library).with_suffix("").parts).removesuffix(".__init__")
            try:
                yield name, path.read_bytes()
            except OSError:
                continue


def docstrings(source: bytes) -> Iterator[str]:
    """Yield the docstrings of a module, its classes and its functions in their order, without their indentation."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes such as "\d", which are the library's affair
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    waiting: list[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef] = [tree]
    while waiting:
        node = waiting.pop()
        text = ast.get_docstring(node, clean=False)
        if text:
            yield inspect.cleandoc(text)
        waiting += reversed([child for child in node.body if isinstance(child, definitions)])


def without_repeats(documents: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield (name, text) with every long paragraph where it occurs first, and without documents that are too short."""
    seen: set[str] = set()
    for name, text in documents:
        kept = [passage for passage in paragraphs(text) if is_new(passage, seen)]
        whole = "\n\n".join(kept)
        if len(whole) >= DOCUMENT:
            yield name, whole


def paragraphs(text: str) -> list[str]:
    """Return what empty lines separate, without spaces at the ends of lines, and without control characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs()
    text = "".join(character for character in text if character == "\n" or character.isprintable())
    lines = [line.rstrip() for line in text.split("\n")]
    return [passage for passage in re.split(r"\n{2,}", "\n".join(lines).strip("\n")) if passage]


def is_new(passage: str, seen: set[str]) -> bool:
    """Whether a paragraph may stay; a long one is entered into ``seen``, and stays the first time only."""
    if EMAIL.search(passage):
        return False
    # subtle: one topic quotes another with a different indentation and other line breaks.
    words = " ".join(passage.split())
    if len(words) < PASSAGE:
        return True
    if words in seen:
        return False
    seen.add(words)
    return True


def unseen(documents: Iterable[str], train: Iterable[str]) -> list[str]:
    """Return documents without the paragraphs that share a long run of words with ``train``."""
    split = [paragraphs(text) for text in documents]
    asked = {run for passages in split for passage in passages for run in runs(passage)}
    shared = {run for text in train for run in runs(text) if run in asked}
    kept = ("\n\n".join(part for part in parts if shared.isdisjoint(runs(part))) for parts in split)
    return [text for text in kept if len(text) >= DOCUMENT]


def runs(text: str) -> Iterator[tuple[str, ...]]:
    """Yield every twelve words in a row."""
    words = text.split()
    return zip(*(words[k:] for k in range(RUN)), strict=False)


def held_out(name: str) -> bool:
    """Whether the document of this name is kept from training: one in ten, by its CRC-32."""
    # subtle: some tenths are a third one module (tkinter, decimal); in this one, none is more than a twelfth.
    return zlib.crc32(name.encode()) % 10 == 1
