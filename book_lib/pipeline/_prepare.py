"""The stage ``prepare`` of the command line: read texts, prepare them, and put the outcome into a run folder."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from book_lib.pipeline import _settings, _stored, data
from book_lib.pipeline._pretrain_loop import MODEL
from book_lib.pipeline._pretrain_loop import STAGE as PRETRAIN
from book_lib.pipeline._sources import SUFFIXES
from book_lib.pipeline.data import Document, PrepareConfig, Prepared
from book_lib.pipeline.run import RunFolder, first_difference

__all__ = ["PrepareConfig", "Sources", "prepare"]

STAGE = "prepare"
STANDARD = "Python's reference and the docstrings of its standard library"


@dataclass(frozen=True)
class Sources:
    """Where the texts are.

    Args:
        text: folders, read with the folders below them, or files; Python's own reference and docstrings if none.
        suffixes: of the files to read in folders.
        encoding: of the files.
    """

    text: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = SUFFIXES
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        for name in ("text", "suffixes"):
            value = getattr(self, name)
            if not isinstance(value, tuple) or not all(isinstance(one, str) for one in value):
                raise TypeError(f"{name} must be several texts, got {value!r}")
        if not isinstance(self.encoding, str):
            raise TypeError(f"encoding must be the name of one, such as 'utf-8', got {self.encoding!r}")

    def absolute(self) -> Sources:
        """The same from wherever the command is called again."""
        return Sources(tuple(str(Path(one).expanduser().absolute()) for one in self.text), self.suffixes, self.encoding)

    def read(self) -> list[Document]:
        """Return all texts.

        Raises:
            FileNotFoundError, ValueError: if there is nothing, or something that is no text; it is named.
        """
        if not self.text:
            try:
                return data.standard_documents()
            except RuntimeError as error:
                raise ValueError(f"--text must name a folder of texts here: {error}") from None
        return [one for path in self.text for one in data.read_folder(path, self.suffixes, self.encoding)]


def prepare(run: RunFolder, table: _settings.Table, restart: bool) -> str:
    """Prepare texts into a run folder; nothing is written before all has succeeded.

    Args:
        run: not held.
        table: settings, those of :class:`Sources` below "sources".
        restart: whether to throw away what the folder holds.

    Returns:
        What was done, in words.

    Raises:
        ValueError: if a setting or a text is none, or the run holds another text or was prepared otherwise.
        RunInUseError: if somebody else uses the folder.
    """
    table = dict(table)
    sources = _settings.build(Sources, table.pop("sources", {}), f"{STAGE}, sources").absolute()
    config = _settings.build(PrepareConfig, table, STAGE)
    settings = {"sources": asdict(sources), **asdict(config)}
    if run.exists:
        with run:  # so that one hears at once if it is in use
            pass
    documents = sources.read()
    told = {"sources": list(sources.text) or [STANDARD], **counted(documents)}
    if run.exists and _stored.is_prepared(run) and not restart:
        again(run, settings, told)
        return "prepared already, from the same text with the same settings"
    prepared = data.prepare(documents, config, progress=True)
    with run:
        if _stored.is_prepared(run) and not restart:
            raise ValueError(f"{run.path} has been prepared by another process meanwhile")
        run.forget(PRETRAIN, MODEL)
        run.forget(STAGE)  # a kill before the settings are written must not leave the old ones beside the new text
        _stored.save(run, prepared, {"settings": settings, **told, **outcome(prepared)})
        run.settle(STAGE, settings, anew=True)
    return (f"{len(documents):,} documents, {prepared.funnel[-1].documents:,} left: {len(prepared.train):,} tokens to "
            f"learn from, {len(prepared.held_out):,} held out")  # fmt: skip


def again(run: RunFolder, settings: dict[str, Any], told: dict[str, Any]) -> None:
    """See to it that what is there is what was asked for.

    Raises:
        ValueError: if it is not; the difference is told.
    """
    with run:
        about = _stored.about(run)
        if about.get("crc32") != told["crc32"]:
            raise ValueError(f"{run.path} was prepared from another text; take another folder, or --restart")
        # subtle: those beside the text, and not those in config.json, which a kill may have kept from being written.
        now = json.loads(json.dumps(settings))
        difference = first_difference(about.get("settings", {}), now, free=("sources",))
        if difference is not None:
            raise ValueError(f"{run.path} was prepared otherwise: {difference}; take another folder, or --restart")
        run.settle(STAGE, settings, anew=True)


def counted(documents: Sequence[Document]) -> dict[str, Any]:
    """Return how much text there is, and its checksum."""
    crc = 0
    for document in documents:
        crc = zlib.crc32(document.text.encode() + b"\0", crc)
    return {"documents": len(documents), "characters": sum(len(one.text) for one in documents), "crc32": crc}


def outcome(prepared: Prepared) -> dict[str, Any]:
    """Return what became of the documents."""
    return {
        "funnel": [asdict(stage) for stage in prepared.funnel],
        "rejected": [{"source": one.source, "reasons": list(map(str, one.reasons))} for one in prepared.rejected],
        "clusters": [list(cluster) for cluster in prepared.clusters],
    }
