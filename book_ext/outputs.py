"""Make a chapter's outputs steady: same run, same bytes, on any machine and in any folder.

A change in this file executes every chapter again.
"""

from __future__ import annotations

import json
import re
import site
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

from nbformat import NotebookNode

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
LIBRARY = "book_lib.explorables."
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+(?=>)")
OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n)")  # what a carriage return wiped from the line


def steady(notebook: NotebookNode, root: Path) -> None:
    """Clean an executed notebook in place: outputs, then the state of its widgets."""
    clean = cleaner(root)
    drop_views(notebook, {view["model_id"] for _, view, _ in dead_views(notebook)})
    for cell in code_cells(notebook):
        cell.outputs = [tidy(output, clean) for output in join_streams(cell.outputs)]
    widgets = notebook.metadata.get("widgets", {}).get(STATE)
    if widgets:
        rename(notebook, widgets)
        widgets["state"] = slim(widgets["state"])


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells of a notebook, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def cleaner(root: Path) -> Callable[[str], str]:
    """A function that strips addresses and this machine's folders from a text."""
    folders = {str(root), str(root.resolve()), *site.getsitepackages(), sysconfig.get_path("stdlib")}
    longest_first = sorted(folders, key=len, reverse=True)
    prefixes = re.compile("|".join(re.escape(f) + r"[/\\]" for f in longest_first))
    return lambda text: ADDRESS.sub("", prefixes.sub("", text))


def tidy(output: NotebookNode, clean: Callable[[str], str]) -> NotebookNode:
    """One output with clean text: streams, text representations, tracebacks."""
    if output.output_type == "stream":
        output.text = OVERWRITTEN.sub("", clean(output.text))
    elif output.output_type == "error":
        output.traceback = [clean(line) for line in output.traceback]
        output.evalue = clean(output.evalue)
    for kind, value in output.get("data", {}).items():
        if kind.startswith("text/") and isinstance(value, str):
            output.data[kind] = clean(value)
    return output


def join_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring pieces of printed text: where they break depends on the clock."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def views(notebook: NotebookNode) -> Iterator[tuple[int, dict]]:
    """Every place where a cell shows a widget: the cell's index, and the view's description."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            if VIEW in output.get("data", {}):
                yield index, output.data[VIEW]


def dead_views(notebook: NotebookNode) -> list[tuple[int, dict, str]]:
    """Widgets that a static page cannot run: all but anywidgets. Cell, view and the model's name."""
    state = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
    shown = [(index, view, state.get(view["model_id"], {})) for index, view in views(notebook)]
    return [
        (index, view, model.get("model_name", "a widget without state"))
        for index, view, model in shown
        if "_esm" not in model.get("state", {})
    ]


def drop_views(notebook: NotebookNode, models: set[str]) -> None:
    """Remove the views of some models; what else the same output shows stays."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.get("data", {}).get(VIEW, {}).get("model_id") in models:
                del output.data[VIEW]


def slim(state: dict) -> dict:
    """The models that a static page can use: anywidgets and the links between them.

    Module and style text of the library's own classes is dropped here: the page takes the module
    from disk under the name that stays in `_esm` (`#lattice`), and links one style sheet.
    """
    kept = {
        identity: model
        for identity, model in state.items()
        if "_esm" in model["state"] or model["model_name"].endswith("LinkModel")
    }
    dropped = {f"IPY_MODEL_{identity}" for identity in state.keys() - kept.keys()}
    for model in kept.values():
        values = {k: v for k, v in model["state"].items() if not (isinstance(v, str) and v in dropped)}
        if name := module_name(values):
            values["_esm"] = f"#{name}"
            values.pop("_css", None)
        model["state"] = values
    return kept


def module_name(values: dict) -> str | None:
    """The bundle of a library explorable (`lattice`); None for any other model.

    >>> module_name({"_esm": "…", "_anywidget_id": "book_lib.explorables.lattice.Lattice"})
    'lattice'
    >>> module_name({"_esm": "…", "_anywidget_id": "__main__.Mine"}) is None
    True
    """
    identity = values.get("_anywidget_id", "")
    if "_esm" not in values or not identity.startswith(LIBRARY):
        return None
    return identity.removeprefix(LIBRARY).partition(".")[0]


def rename(notebook: NotebookNode, widgets: dict) -> None:
    """Number widget models in order of creation; they come with random names."""
    new = {old: f"{i:032x}" for i, old in enumerate(widgets["state"])}
    pattern = re.compile("|".join(map(re.escape, new)) or "(?!)")
    # The names also stand inside the state, in references from one model to another.
    widgets["state"] = json.loads(pattern.sub(lambda match: new[match[0]], json.dumps(widgets["state"])))
    for _, view in views(notebook):
        view["model_id"] = new[view["model_id"]]
