"""Offer each page with code as a notebook, `.ipynb` and `.md`, and a launch link if there is a repository.

The notebooks carry no outputs: whoever runs them gets their own. Their first cell says how to install
`book_lib`. `repository: {url: …, branch: …}` in `_config.yml` turns on the launch link.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import jupytext
import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

FOLDER = "_downloads"
TITLES = {"ipynb": "A Jupyter notebook", "md": "The same as MyST Markdown; Jupyter opens it with Jupytext"}
FOLDED = {"hide-input": "source_hidden", "remove-input": "source_hidden", "hide-output": "outputs_hidden"}


def repository(app: Sphinx) -> dict[str, str]:
    """`url` and `branch` of the repository, from `_config.yml`; empty if none is configured."""
    config = Path(app.confdir, "_config.yml")
    settings = yaml.safe_load(config.read_text(encoding="utf8")) if config.is_file() else {}
    found = (settings or {}).get("repository") or {}
    if not found.get("url"):
        return {}
    return {"url": found["url"].rstrip("/"), "branch": found.get("branch", "main")}


def offer(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    """Put `book_downloads` and `book_launch` into the page's context: href, label and title of each link."""
    if pagename not in getattr(app.env, "book_shown", {}):
        return
    here = app.builder.get_target_uri(pagename)
    context["book_downloads"] = [
        {"href": relative_uri(here, f"{FOLDER}/{pagename}.{kind}"), "label": f".{kind}", "title": title}
        for kind, title in TITLES.items()
    ]
    context["book_launch"] = launch(repository(app), f"{pagename}.md")


def launch(source: dict[str, str], path: str) -> list[dict[str, str]]:
    """Links that run a page elsewhere; none without a repository that such a service can read.

    >>> launch({}, "chapters/ising.md")
    []
    >>> launch({"url": "https://github.com/some/book", "branch": "main"}, "chapters/ising.md")[0]["href"]
    'https://mybinder.org/v2/gh/some/book/main?urlpath=lab/tree/chapters/ising.md'
    """
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?", source.get("url", ""))
    if not match:
        return []
    place = f"{match[1]}/{quote(source['branch'], safe='')}"
    address = f"https://mybinder.org/v2/gh/{place}?urlpath=lab/tree/{quote(path)}"
    return [{"href": address, "label": "Binder", "title": "Run this page on mybinder.org"}]


def introduction(title: str, source: dict[str, str]) -> str:
    """The text of a downloaded notebook's first cell."""
    if source:
        how = f"    pip install git+{source['url']}@{source['branch']}"
        where = "Install it once, in the environment that runs this notebook:"
    else:
        how = "    pip install ."
        where = "Get the book's sources and install it once, in the environment that runs this notebook:"
    return (
        f"*This notebook is a page of* {title}. *Its code uses* `book_lib`*, the book's library.* {where}\n\n"
        f"{how}\n\n"
        "Cross-references and figure captions are written for the website; install `jupyterlab-myst` to see "
        "them here too."
    )


def notebook(text: str, first: str) -> NotebookNode:
    """A page's text as a notebook without outputs, led by a cell that says how to run it."""
    nb = jupytext.reads(text, fmt="md:myst")
    nb.metadata.pop("jupytext", None)
    nb.cells.insert(0, new_markdown_cell(first))
    for number, cell in enumerate(nb.cells):
        cell.id = f"cell-{number}"  # steady, where jupytext draws at random
        for tag in FOLDED.keys() & set(cell.metadata.get("tags", ())):
            cell.metadata.setdefault("jupyter", {})[FOLDED[tag]] = True
    nb.nbformat_minor = max(nb.nbformat_minor, 5)
    return nb


def write_downloads(app: Sphinx, error: Exception | None) -> None:
    """At the end of a build of the site, write both files of every page with code."""
    if error is not None or app.builder.format != "html" or app.builder.name == "epub":
        return
    first = introduction(app.config.project, repository(app))
    for page in getattr(app.env, "book_shown", {}):
        text = Path(app.env.doc2path(page)).read_text(encoding="utf8")
        target = Path(app.outdir, FOLDER, page)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.with_name(f"{target.name}.md").write_text(text, encoding="utf8")
        nb = notebook(text, first)
        target.with_name(f"{target.name}.ipynb").write_text(nbformat.writes(nb) + "\n", encoding="utf8")


def setup(app: Sphinx) -> dict:
    """Register the extension."""
    app.connect("html-page-context", offer)
    app.connect("build-finished", write_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
