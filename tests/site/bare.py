"""Makes a small site of its own from widgets: the book's host, bundles and policy, and nothing else."""

import html
import json
import shutil
import subprocess
from pathlib import Path

import ipywidgets

from book_ext.page import POLICY
from book_lib.explorables import bundle

ROOT = Path(__file__).resolve().parents[2]
ESBUILD = ROOT / "node_modules" / ".bin" / "esbuild"

PAGE = """<!doctype html>
<html lang="{lang}" data-theme="{theme}"><head><meta charset="utf-8"><title>kit</title>
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="kit.css"><link rel="stylesheet" href="page.css">
<script type="application/vnd.jupyter.widget-state+json">{state}</script></head>
<body><main><h1>Kit</h1>
{views}
<p id="end">The end.</p></main>
{scripts}</body></html>
"""
VIEW = """<div class="explorable"><div class="explorable-still"><p>a picture</p></div>
<div class="explorable-live"></div>
<script type="application/vnd.jupyter.widget-view+json">{{"model_id": "{model_id}"}}</script></div>"""
STYLE = """body { margin: 0; padding: 1rem; background: var(--xp-paper); color: var(--xp-ink); }
main { max-width: 44rem; margin: auto; } #end { padding-top: 150vh; }
.is-live .explorable-still { display: none; }"""


def escaped(value: object) -> str:
    """JSON inside a script element."""
    return json.dumps(value).replace("</", "<\\/")


def widget_state(widgets: list[ipywidgets.Widget]) -> dict:
    """What myst-nb embeds, with the book's modules by name."""
    state = ipywidgets.Widget.get_manager_state(widgets=widgets)["state"]
    for model in state.values():
        inner = model["state"]
        name = inner.get("_anywidget_id", "")
        if name.startswith("book_lib.explorables."):
            inner["_esm"] = "#" + name.split(".")[2]
            inner.pop("_css", None)
    return state


def bundled(source: Path) -> str:
    """A module of the tests with what it imports."""
    command = [str(ESBUILD), str(source), "--bundle", "--format=esm", "--log-level=warning"]
    return subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout


def write_site(folder: Path, widgets: list[ipywidgets.Widget], *, name: str = "index.html", lang: str = "en",
               theme: str = "light", twice: bool = False) -> Path:
    """Write a page with these widgets, one below the other.

    Args:
        twice: load the host twice, as a careless page might.
    """
    bundle.update()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(bundle.DIST / "kit.css", folder)
    shutil.copy(bundle.DIST / "host.js", folder)
    (folder / "page.css").write_text(STYLE)
    scripts = []
    for path in sorted(bundle.DIST.glob("*.js")):
        if path.name == "host.js":
            continue
        text = path.read_text(encoding="utf-8")
        entry = f'(globalThis.bookModules ??= {{}})["{path.stem}"] = {escaped(text)};\n'
        (folder / f"module-{path.name}").write_text(entry, encoding="utf-8")
        scripts.append(f'<script defer src="module-{path.name}"></script>')
    scripts += ['<script defer src="host.js"></script>'] * (2 if twice else 1)
    page = PAGE.format(
        lang=lang, theme=theme, policy=html.escape(POLICY), state=escaped({"state": widget_state(widgets)}),
        views="\n".join(VIEW.format(model_id=w.model_id) for w in widgets if hasattr(w, "_esm")),
        scripts="\n".join(scripts),
    )  # fmt: skip
    path = folder / name
    path.write_text(page, encoding="utf-8")
    return path
