"""Pictures: light and dark figures, explorables beside the picture that stands for them, and no picture mute.

A cell of a chapter shows a bundle of formats (`book_lib.plotting.show`, `Explorable`). Before myst-nb picks one
of them, this module pairs what belongs together on the site:

- a figure in two drawings, of which the stylesheet shows the one that fits (`only-light`, `only-dark`);
- an explorable with the same two pictures, which stand in without scripts and on paper.

Other builders get one picture. Every picture must have alternative text, and every figure a caption: the
build says where one is missing.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "book_lib" / "explorables" / "dist"
VIEW = "application/vnd.jupyter.widget-view+json"
LIGHT, DARK, PAPER = "image/svg+xml", "application/vnd.book.dark+svg", "image/png"
PICTURES = (LIGHT, PAPER, "image/jpeg", "image/gif")
OURS = re.compile(r"^book_lib\.explorables\.(\w+)\.\w+$")


class DarkPictures:
    """Lets myst-nb keep the dark drawing, a format it does not know, as a file like any other picture."""

    @staticmethod
    def handle_mime(renderer: NbElementRenderer, data: MimeData, inline: bool):
        """The nodes for a dark drawing; None for everything else."""
        if data.mime_type != DARK:
            return None
        twin = MimeData(LIGHT, data.content, data.cell_metadata, {}, data.cell_index, data.output_index, data.line)
        return renderer.render_image(twin)


class PairPictures(SphinxPostTransform):
    """Runs before myst-nb chooses a format (priority 4)."""

    default_priority = 3

    def run(self, **kwargs) -> None:
        """Rewrite each bundle of formats of this page."""
        site = self.app.builder.format == "html" and self.app.builder.name != "epub"
        for bundle in list(self.document.findall(is_bundle)):
            formats = {child["mime_type"]: child for child in bundle.children}
            if any(kind in formats for kind in PICTURES):
                self.pair(bundle, formats, site)
            elif VIEW in formats and site:  # a quiz is words, and words stand in for it
                words = nodes.paragraph("", alternative(formats))
                bundle.replace_self(explorable(bundle, [words], formats[VIEW]))
            elif VIEW in formats:
                bundle.remove(formats[VIEW])

    def pair(self, bundle: nodes.container, formats: dict[str, nodes.container], site: bool) -> None:
        """Give the pictures of one bundle their words, and the site what it shows."""
        alt = alternative(formats)
        if not alt:
            complain(bundle, "a picture without alternative text: show it with plotting.show(figure, alt=…)")
        for kind in (*PICTURES, DARK):
            for image in formats[kind].findall(nodes.image) if kind in formats else ():
                image["alt"] = image.get("alt") or alt
        if VIEW not in formats and not isinstance(bundle.parent, nodes.figure):
            complain(bundle, "a picture without a caption: give its cell a `mystnb: figure: caption:`")
        if not site:
            for kind in (VIEW, DARK):
                if kind in formats:
                    bundle.remove(formats[kind])
            return
        pictures = shown(formats)
        bundle.replace_self(explorable(bundle, pictures, formats[VIEW]) if VIEW in formats else pictures)


def explorable(bundle: nodes.container, still: list[nodes.Node], view: nodes.container) -> nodes.container:
    """The markup around an explorable: what stands in for it, the place where it lives, and its view."""
    stands = nodes.container("", *still, classes=["explorable-still"])
    lives = nodes.container("", classes=["explorable-live"])
    box = nodes.container("", stands, lives, *view.children, classes=["explorable"])
    box.source, box.line = bundle.source, bundle.line
    return box


def is_bundle(node: nodes.Node) -> bool:
    """Whether a node holds the formats of one output."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "mime_bundle"


def alternative(formats: dict[str, nodes.container]) -> str:
    """The words that stand for the picture; nothing if all there is is an object's name."""
    given = [image.get("alt") for kind in formats.values() for image in kind.findall(nodes.image)]
    text = next(filter(None, given), "")
    if not text and "text/plain" in formats:
        text = formats["text/plain"].astext().strip()
    return "" if re.match(r"<.*>$|\w+\(.*\)$", text, re.DOTALL) else text


def shown(formats: dict[str, nodes.container]) -> list[nodes.Node]:
    """The picture, or the pair of which the stylesheet shows one."""
    best = next(kind for kind in PICTURES if kind in formats)
    light = list(formats[best].children)
    if best != LIGHT or DARK not in formats:
        return light
    dark = list(formats[DARK].children)
    for pictures, name in ((light, "only-light"), (dark, "only-dark")):
        for image in (i for node in pictures for i in node.findall(nodes.image)):
            image["classes"].append(name)
    return light + dark


def complain(node: nodes.Node, message: str) -> None:
    """A warning that names file and line; the book is built with warnings as errors."""
    while node is not None and not node.line:
        node = node.parent
    logger.warning(message, location=node, type="book", subtype="picture")


def check_written(app: Sphinx, document: nodes.document) -> None:
    """Pictures and figures that are written into the text, not computed."""
    for image in document.findall(nodes.image):
        if not is_computed(image) and not image.get("alt", "").strip():
            complain(image, f"picture {image.get('uri')} has no alternative text")
    for figure in document.findall(nodes.figure):
        if not any(isinstance(child, nodes.caption) and child.astext().strip() for child in figure.children):
            complain(figure, "a figure without a caption")


def is_computed(image: nodes.image) -> bool:
    """Whether a picture came from a cell."""
    node = image.parent
    while node is not None:
        if is_bundle(node):
            return True
        node = node.parent
    return False


def share_modules(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Replace the text of each library module, which the state repeats for every widget, by its name.

    The text goes into a classic script under `_static` (so that it also loads from disk), once for the whole
    site. A widget class that a page defines for itself keeps its text. Runs before myst-nb writes the state.
    """
    files = getattr(app.env, "nb_metadata", {}).get(pagename, {}).get("js_files", {})
    if app.builder.format != "html" or app.builder.name == "epub" or "ipywidgets_state" not in files:
        return
    address, options = files["ipywidgets_state"]
    state = json.loads(options["body"])
    used = {}
    for model in state["state"].values():
        name = library_module(model["state"])
        if name:
            model["state"]["_esm"] = f"#{name}"
            model["state"].pop("_css", None)
            used[name] = write_module(app, name)
    body = json.dumps(state, separators=(",", ":"), sort_keys=True).replace("</", "<\\/")
    files = {**files, "ipywidgets_state": (address, {**options, "body": body})}
    app.env.nb_metadata[pagename]["js_files"] = files
    context["book_modules"] = list(used.values())


def library_module(state: dict) -> str:
    """The module of the library that a widget's front-end comes from; nothing for a class of the page's own."""
    stored = re.match(r"#(\w+)$", state.get("_esm", ""))
    name = stored or OURS.match(state.get("_anywidget_id", ""))
    return name[1] if name and (DIST / f"{name[1]}.js").is_file() else ""


def write_module(app: Sphinx, name: str) -> str:
    """Write one module as a script that registers its text; returns its file name."""
    folder = Path(app.outdir, "_static", "explorables")
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps((DIST / f"{name}.js").read_text("utf-8"), ensure_ascii=False)
    script = f'(globalThis.bookModules ??= {{}})["{name}"] = {text};\n'
    (folder / f"{name}.js").write_text(script, "utf-8")
    return f"{name}.js"


def setup(app: Sphinx) -> None:
    """Connect the steps above to the build."""
    from myst_nb.core import render

    known = render.load_mime_renders
    if DarkPictures not in known():
        known().append(DarkPictures)  # what the entry point `myst_nb.mime_renderers` does for installed packages
    app.add_post_transform(PairPictures)
    app.connect("doctree-read", check_written)
    app.connect("html-page-context", share_modules, priority=100)
