"""Where the text comes from: a folder of the reader's, or what every Python brings along."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from book_lib import _checks
from book_lib._corpus import corpus, topics
from book_lib._tokenizer_text import as_path, as_text

SUFFIXES = (".txt", ".md", ".rst", ".text")
LONGEST = 20_000  # characters; a longer file becomes several documents
# subtle: the mark of UTF-32 begins with that of UTF-16.
MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Document:
    """A piece of text that is kept or rejected as a whole.

    Args:
        text: what it says.
        source: where it comes from, for people: a file, or a title.
        kind: what sort of source that is, such as "file"; may be empty.

    Raises:
        TypeError: if one of them is no text.
        ValueError: if ``text`` holds half of a surrogate pair, which UTF-8 cannot write, or ``source`` is empty.

    See the section :ref:`sec-llm-sources`.

    >>> Document("Magnets remember.", "notes.txt")
    Document(source='notes.txt', kind='', 17 characters)
    """

    text: str = field(repr=False)
    source: str
    kind: str = ""

    def __post_init__(self) -> None:
        for name in ("text", "source", "kind"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise TypeError(f"{name} must be text (str), got {value!r:.40} ({type(value).__name__})")
        as_text("text", self.text)
        if not self.source:
            raise ValueError("source must say where the text comes from, got an empty text")

    def __repr__(self) -> str:
        return f"Document(source={self.source!r}, kind={self.kind!r}, {len(self.text)} characters)"


def read_folder(
    path: str | Path,
    suffixes: Sequence[str] | None = SUFFIXES,
    encoding: str = "utf-8",
    longest: int | None = LONGEST,
) -> Iterator[Document]:
    """Yield the texts of a folder and of the folders below it, file by file in the order of their names.

    Files and folders whose names begin with a dot are passed over, and so are other suffixes, and folders that are
    links, which may lead round in a ring. A file that is longer than ``longest`` is cut at empty lines, and a longer
    paragraph at its line ends, so that a whole book in one file becomes documents that can be filtered and held out.

    Args:
        path: a folder, or a single file, which is read whatever its suffix.
        suffixes: of the files to read; None reads all.
        encoding: of the files. A byte-order mark of UTF-8 is dropped.
        longest: characters of a document, unless one line alone has more; None leaves files whole.

    Raises:
        FileNotFoundError: if there is nothing at ``path``.
        OSError: if a file or a folder cannot be read.
        ValueError: if no file has one of the suffixes, if a file is binary, no plain file, or not in the encoding,
            which is named, or if there is no such encoding of text.
        TypeError: if an argument is of another kind.

    See the section :ref:`sec-llm-sources`.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "poem.txt").write_text("So many spins, so little time.", encoding="utf-8")
    >>> list(read_folder(folder))
    [Document(source='poem.txt', kind='file', 30 characters)]
    """
    path = as_path("path", path)
    wanted = None if suffixes is None else _suffixes(suffixes)
    _known_encoding(encoding)
    if longest is not None:
        _checks.integer("longest", longest, 1)
    if not path.exists():
        raise FileNotFoundError(f"path must be a folder or a file, and there is nothing at {path}")
    files = [path] if not path.is_dir() else _files(path, wanted)
    return _read(path, files, encoding, longest)


def _suffixes(suffixes: Sequence[str]) -> tuple[str, ...]:
    several = isinstance(suffixes, Iterable) and not isinstance(suffixes, str)
    if not several or not all(isinstance(suffix, str) for suffix in suffixes):
        raise TypeError(f"suffixes must be several texts such as ('.txt', '.md'), got {suffixes!r}")
    if not suffixes:
        raise ValueError("suffixes must hold one at least, such as '.txt'; None takes all files")
    return tuple(suffix.lower() for suffix in suffixes)


def _known_encoding(encoding: str) -> None:
    if not isinstance(encoding, str):
        raise TypeError(f"encoding must be the name of one, such as 'utf-8', got {encoding!r}")
    try:
        "".encode(encoding)  # subtle: codecs.lookup knows "hex", too, which is no encoding of text
    except (LookupError, ValueError):
        raise ValueError(f"encoding must be one that Python knows, such as 'utf-8', got {encoding!r}") from None


def _files(folder: Path, suffixes: tuple[str, ...] | None) -> list[Path]:
    """Return the files to read, in an order that no file system changes."""
    found, others = [], []
    for place, below, names in os.walk(folder, onerror=_raise):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            file = Path(place, name)
            (found if suffixes is None or file.suffix.lower() in suffixes else others).append(file)
    for file in found:
        if file.exists() and not file.is_file():  # a pipe that nobody writes to would be waited for, for ever
            raise ValueError(f"{file} must be a plain file, and is none")
    if not found:
        listed = "of any kind" if suffixes is None else f"ending in {', '.join(suffixes)}"
        rest = f"only others, such as {others[0].name}" if others else "none at all"
        raise ValueError(f"path must hold text files {listed}, and {folder} holds {rest}")
    return found


def _raise(error: OSError) -> None:
    raise error  # a folder that may not be listed: os.walk would pass over it


def _read(root: Path, files: list[Path], encoding: str, longest: int | None) -> Iterator[Document]:
    for file in files:
        text = decoded(file, encoding)
        name = file.name if file == root else file.relative_to(root).as_posix()
        parts = [text] if longest is None else cut(text, longest)
        for number, part in enumerate(parts, 1):
            yield Document(part, name if len(parts) == 1 else f"{name}, part {number}", "file")


def decoded(file: Path, encoding: str) -> str:
    """Return the text of a file, refusing bytes that are none, and naming the file."""
    data = file.read_bytes()
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    began = next((name for mark, name in MARKS if data.startswith(mark)), None)
    if not wide and began:
        raise ValueError(f"{file} must be {encoding}, and begins as {began.upper()} does: say encoding={began!r}")
    # subtle: many bytes of a picture are letters in some encoding, but no text holds the byte 0.
    if not wide and b"\0" in data:
        raise ValueError(f"{file} must be text, and is binary: byte 0 at offset {data.index(0)}")
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        where = f"byte {data[error.start]:#04x} at offset {error.start}" if hasattr(error, "start") else str(error)
        raise ValueError(f"{file} must be {encoding}, got {where}; say encoding='latin-1', or which it is") from None
    if "\0" in text:  # two bytes 0, or four: of a picture, or of another width
        raise ValueError(f"{file} must be {encoding}, and is not: character 0 at place {text.index(chr(0))}")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def cut(text: str, longest: int) -> list[str]:
    """Return a text in parts of at most ``longest`` characters, cut at empty lines, or else at lines' ends.

    A line stays whole.
    """
    if len(text) <= longest:
        return [text]
    pieces = (one for part in text.split("\n\n") for one in _lines(part, longest))
    return _grouped(pieces, "\n\n", longest) or [""]


def _lines(paragraph: str, longest: int) -> list[str]:
    """Return a paragraph, or groups of its lines if it is too long."""
    return [paragraph] if len(paragraph) <= longest else _grouped(paragraph.split("\n"), "\n", longest)


def _grouped(pieces: Iterable[str], gap: str, longest: int) -> list[str]:
    """Return neighbouring pieces joined, as many as ``longest`` characters have room for."""
    groups: list[list[str]] = []
    size = 0
    for piece in filter(None, pieces):
        size += len(gap) + len(piece)
        if not groups or size > longest:
            groups.append([])
            size = len(piece)
        groups[-1].append(piece)
    return [gap.join(group) for group in groups]


def standard_documents() -> list[Document]:
    """Return the text of :func:`book_lib.datasets.corpus`, document by document: about 400 of them, in English.

    They are Python's own reference ("reference") and the docstrings of its standard library, one document for a module
    ("docstrings"), without repeats. A source is numbered and named after its first line.

    Raises:
        RuntimeError: if this Python has been shipped without all of it.

    See the section :ref:`sec-llm-sources`.

    >>> documents = standard_documents()
    >>> sorted({document.kind for document in documents})
    ['docstrings', 'reference']
    """
    # subtle: the corpus squeezes topics, so that only their first lines can be recognised.
    openings = {_title(text) for text in topics().values()}
    found = []
    for number, text in enumerate(corpus().train + corpus().held_out, 1):
        title = _title(text)
        kind = "reference" if title in openings else "docstrings"
        found.append(Document(text, f"{kind} {number}: {title[:50]}", kind))
    return found


def _title(text: str) -> str:
    return " ".join(next((line for line in text.split("\n") if line.strip()), "untitled").split())


def documents_of(name: str, documents: Iterable[Document]) -> list[Document]:
    """Return several documents, refusing anything else."""
    if isinstance(documents, (str, bytes, Document)) or not isinstance(documents, Iterable):
        raise TypeError(f"{name} must be several documents, got {type(documents).__name__}")
    found = list(documents)
    for k, document in enumerate(found):
        if not isinstance(document, Document):
            raise TypeError(f"{name}[{k}] must be a Document, got {type(document).__name__}")
    return found


def texts_of(name: str, documents: Iterable[str | Document]) -> list[str]:
    """Return the texts of documents, or of texts, refusing anything else."""
    if isinstance(documents, (str, bytes, Document)) or not isinstance(documents, Iterable):
        raise TypeError(f"{name} must be several documents or texts, got {type(documents).__name__}")
    return [text_of(f"{name}[{k}]", document) for k, document in enumerate(documents)]


def text_of(name: str, document: str | Document) -> str:
    """Return the text of a document, or a text."""
    if isinstance(document, Document):
        return document.text  # which was looked at when it was made
    if not isinstance(document, str):
        raise TypeError(f"{name} must be a Document or text (str), got {type(document).__name__}")
    return as_text(name, document)
