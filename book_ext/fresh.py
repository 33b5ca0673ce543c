"""A second build says what a first one would, although Sphinx keeps what it can.

- A change in this extension reads every page again, one in a bundle of the explorables writes every page again.
- After a build that warned, failed or was broken off, the next starts from the sources: Sphinx has kept the pages
  that warned, and would pass over them in silence.
- A page made from a list of files is read again when the list changes (`note_listing`).
- What belongs to a page that has left the table of contents leaves the site.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

ROOT = Path(__file__).resolve().parents[1]
BUNDLES = ROOT / "book_lib" / "explorables" / "dist"
OWN_PAGES = ("search.html", "genindex.html")  # written by Sphinx, from no source
UNFINISHED = "unfinished"


def digest(folder: Path) -> str:
    """Changes with the name or content of any file below a folder."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            total.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


def begin(app: Sphinx) -> None:
    """Forget the pages of a build that did not end well. Comes before Sphinx loads them."""
    mark = Path(app.doctreedir, UNFINISHED)
    if mark.exists():
        mark.with_name("environment.pickle").unlink(missing_ok=True)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def end(app: Sphinx, error: Exception | None) -> None:
    """Remember that this build ended well: without an error, and without a warning."""
    if error is None and not app._warncount:
        Path(app.doctreedir, UNFINISHED).unlink(missing_ok=True)


def note_listing(env: BuildEnvironment, folder: Path, pattern: str) -> None:
    """Have the page that is being read depend on which files a folder holds, not only on what they say."""
    if not hasattr(env, "book_listings"):
        env.book_listings = {}
    env.book_listings.setdefault(env.docname, {})[str(folder), pattern] = listing(folder, pattern)


def listing(folder: Path, pattern: str) -> list[str]:
    """The files below a folder whose names fit a pattern."""
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob(pattern))


def outdated(app: Sphinx, env: BuildEnvironment, *_: set[str]) -> list[str]:
    """The pages that were made from a list of files which has changed."""
    listings = getattr(env, "book_listings", {})
    return [
        page
        for page, lists in listings.items()
        if page in env.found_docs and any(listing(Path(f), p) != old for (f, p), old in lists.items())
    ]


def forget(app: Sphinx, env: BuildEnvironment, page: str) -> None:
    """Drop what is known of a page before it is read again."""
    getattr(env, "book_listings", {}).pop(page, None)


def sweep(app: Sphinx, error: Exception | None) -> None:
    """Take from the site the pages, and their downloads, that no longer belong to the book."""
    if error or app.builder.name != "html":
        return
    out, found = Path(app.outdir), app.env.found_docs
    kept = {Path(app.builder.get_outfilename(page)) for page in found} | {out / name for name in OWN_PAGES}
    downloads = out / "_downloads"
    gone = [page for page in out.rglob("*.html") if page not in kept and downloads not in page.parents]
    gone += [
        file
        for kind in (".md", ".ipynb")
        for file in downloads.rglob(f"*{kind}")
        if file.relative_to(downloads).with_suffix("").as_posix() not in found
    ]
    styles = {f"{page.replace('/', '-')}.css" for page in found}
    gone += [file for file in (out / "_static" / "explorables").glob("*.css") if file.name not in styles]
    for file in gone:
        file.unlink()


def setup(app: Sphinx) -> None:
    """Connect the steps above to the build."""
    app.add_config_value("book_code", digest(Path(__file__).parent), "env")
    app.add_config_value("book_bundles", digest(BUNDLES), "html")
    begin(app)
    app.connect("env-get-outdated", outdated)
    app.connect("env-purge-doc", forget)
    app.connect("build-finished", sweep, priority=940)
    app.connect("build-finished", end, priority=990)
