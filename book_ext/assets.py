"""Write what chapters ship beside their pages (`book_lib.explorables.assets`) as classic scripts.

Each asset lies in the cache record of its chapter, so that a chapter which was not executed ships it too.
Here it becomes `_static/assets/<name>.js`, a few lines that say what it is, and parts of at most half a
megabyte, each registering base64 text. A page loads them when it needs them (kit/assets.js), from a server
or from `file://`, where a script is all that a page may load.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

PART = 384 * 1024  # bytes of data in one script: half a megabyte as base64
SUFFIX = ".asset"
WORTH = 0.9  # compressed data is shipped if it is smaller than this fraction


class AssetError(SphinxError):
    """Two pages ship different data under one name."""

    category = "Asset error"


def collect(folders: dict[str, str]) -> dict[str, Path]:
    """The assets of all pages by name.

    Args:
        folders: page → the folder of its assets, which need not exist.

    Raises:
        AssetError: two pages ship different data under one name.
    """
    found: dict[str, tuple[str, Path]] = {}
    for page, folder in sorted(folders.items()):
        for path in sorted(Path(folder).glob(f"*{SUFFIX}")):
            other, known = found.setdefault(path.stem, (page, path))
            if known.read_bytes() != path.read_bytes():
                raise AssetError(f"asset {path.stem!r}: {other} and {page} ship different data by this name")
    return {name: path for name, (_, path) in found.items()}


def scripts(name: str, content: bytes) -> dict[str, str]:
    """The scripts that bring one asset into a page: file name → text.

    Args:
        name: of the asset.
        content: a line of JSON that says what the rest is, then the rest.
    """
    head, _, body = content.partition(b"\n")
    small = gzip.compress(body, 9, mtime=0)
    zipped = len(small) < WORTH * len(body)
    data = small if zipped else body
    version = hashlib.sha256(content).hexdigest()[:8]  # in the names: a browser may keep old parts
    parts = [data[start : start + PART] for start in range(0, len(data), PART)]
    names = [f"{name}.{version}.{number}" for number in range(len(parts))]
    sizes = [len(part) for part in parts]
    header = {**json.loads(head), "zipped": zipped, "parts": names, "sizes": sizes, "size": len(body)}
    texts = [register(n, base64.b64encode(part).decode()) for n, part in zip(names, parts, strict=True)]
    return {f"{name}.js": register(name, header), **{f"{n}.js": t for n, t in zip(names, texts, strict=True)}}


def register(key: str, value: object) -> str:
    """A classic script that hands a value to whoever asked for it."""
    return f"(globalThis.bookAssets ??= {{}})[{json.dumps(key)}] = {json.dumps(value)};\n"


def write(folder: Path, assets: dict[str, Path]) -> None:
    """Bring the folder of scripts up to date: nothing stale in it, nothing rewritten without need."""
    wanted = {n: t for name, path in assets.items() for n, t in scripts(name, path.read_bytes()).items()}
    for path in folder.glob("*.js"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf8") != text:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf8")


def write_assets(app: Sphinx, error: Exception | None) -> None:
    """At the end of a build of the site, write the scripts of all pages."""
    if error is None and app.builder.format == "html" and app.builder.name != "epub":
        write(Path(app.outdir, "_static", "assets"), collect(getattr(app.env, "book_assets", {})))


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect("env-check-consistency", lambda app, env: collect(getattr(env, "book_assets", {})))
    app.connect("build-finished", write_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
