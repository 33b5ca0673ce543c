"""The page: our templates, styles and scripts in place of the theme's, a strict policy, and proof of both.

sphinx-book-theme stays the theme: it numbers, it resolves the contents, it brings `{margin}` and friends. What
it puts on a page (some 2 MB of scripts, styles and icons, much of it inline) is replaced by `templates/` and
`static/`, so that there is nothing to clean away afterwards. What remains is checked page by page: a script,
a style or a handler written into the page would be blocked by the policy, so the build ends instead.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from bs4 import BeautifulSoup
from markupsafe import Markup
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.jinja2glue import SphinxFileSystemLoader

from . import fonts, katex, styles

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STATIC = HERE / "static"
DIST = ROOT / "book_lib" / "explorables" / "dist"
OUT = "_static/book"

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' blob:",
        "worker-src 'self' blob:",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",  # KaTeX and docutils place things with style attributes
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "object-src 'none'",
    ]
)

# What other extensions put on every page, and ours does without or does itself.
UNUSED_SCRIPTS = re.compile(
    r"documentation_options|doctools|sphinx_highlight|clipboard|copybutton|togglebutton|design-tabs"
    r"|sphinx-book-theme|pydata-sphinx-theme|bootstrap|fontawesome|searchtools|language_data|searchindex"
)
UNUSED_STYLES = re.compile(
    r"pygments|basic\.css|sphinx-book-theme|pydata-sphinx-theme|theme\.css|mystnb|togglebutton|copybutton"
    r"|exercise|sphinx-design|design-style"
)
# sphinx-design's stylesheet is large: only pages that use more of it than a fold (ours) link it.
DESIGN = re.compile(r'class="[^"]*\bsd-(?:row|tab-set|badge|btn|cards-carousel)\b')
DESIGN_TABS = re.compile(r'class="[^"]*\bsd-tab-set\b')
WIDGET = "application/vnd.jupyter.widget-view+json"
SAFE_TYPES = re.compile(r'\btype="(?:application/[\w.+-]*json|text/plain)"')


class PageError(SphinxError):
    """A page that would not work under the policy."""

    category = "Page error"


def is_site(app: Sphinx) -> bool:
    """Whether this build writes the website (and not a PDF, an EPUB or a test's doctree)."""
    return app.builder.format == "html" and app.builder.name != "epub"


def hide_paths(app: Sphinx, config) -> None:
    """Keep this machine's folders out of the configuration, which `.buildinfo` hashes: same commit, same bytes."""
    app.book_template_paths = [p for p in config.templates_path if Path(p).is_absolute()]
    config.templates_path = [p for p in config.templates_path if not Path(p).is_absolute()]


def keep_year(app: Sphinx, config) -> None:
    """Note the year before Sphinx replaces it by that of SOURCE_DATE_EPOCH, which is 1970 here."""
    app.book_copyright = config.copyright


def use_templates(app: Sphinx) -> None:
    """Put our templates before the theme's, and ask the theme for none of its parts."""
    if not is_site(app):
        return
    bridge = app.builder.templates
    paths = [str(HERE / "templates"), *app.book_template_paths]
    bridge.loaders[0:0] = [SphinxFileSystemLoader(path) for path in paths]
    bridge.pathchain[0:0] = paths
    bridge.templatepathlen += len(paths)
    for name in list(app.builder.theme_options):
        if re.search(r"^(navbar|article|footer|content_footer|sidebar|primary_sidebar|secondary_sidebar)_", name):
            app.builder.theme_options[name] = []
    app.builder.theme_options["use_download_button"] = False
    app.builder.theme_options["use_fullscreen_button"] = False
    guard(app)


def guard(app: Sphinx) -> None:
    """Look at every page as it is written; raise if it carries inline code or leaves the site for a file."""
    render = app.builder.templates.render

    def checked(template: str, context: dict) -> str:
        html = render(template, context)
        if html.lstrip().startswith("<!DOCTYPE html>"):
            name = context.get("pagename", template)
            for fault in inline_code(html) + foreign_files(html):
                raise PageError(f"{name}: {fault}")
        return html

    app.builder.templates.render = checked


def inline_code(html: str) -> list[str]:
    """Everything on the page that the policy would block.

    >>> inline_code('<p style="color:red">fine</p><script src="a.js"></script>')
    []
    >>> inline_code('<a onclick="go()">x</a>')
    ['inline handler: <a onclick="go()">']
    """
    found = []
    for tag in re.findall(r"<script\b[^>]*>", html):
        if " src=" not in tag and not SAFE_TYPES.search(tag):
            found.append(f"inline script: {tag}")
    found += [f"inline style sheet: {tag}" for tag in re.findall(r"<style\b[^>]*>", html)]
    # Code shown on the page is escaped, so a "<" opens a tag; JSON inside script elements is not markup.
    markup = re.sub(r"(<script\b[^>]*>).*?</script>", r"\1", html, flags=re.DOTALL)
    for tag in re.findall(r"""<[a-z](?:[^<>"']|"[^"]*"|'[^']*')*>""", markup):
        bare = re.sub(r"""=\s*(?:"[^"]*"|'[^']*')""", "=", tag)
        if re.search(r"\son[a-z]+\s*=", bare):
            found.append(f"inline handler: {tag}")
        if re.search(r"""=\s*["']\s*javascript:""", tag):
            found.append(f"javascript: address: {tag}")
    return found


def foreign_files(html: str) -> list[str]:
    """Scripts, styles, pictures and frames that come from another host."""
    tags = re.findall(r"<(?:script|link|img|iframe|audio|video|source|object|embed)\b[^>]*>", html)
    return [
        f"file of another host: {tag}"
        for tag in tags
        if re.search(r"""\b(?:src|srcset|href|data)=["'](?:https?:)?//""", tag) and 'rel="canonical"' not in tag
    ]


def digest(path: Path) -> str:
    """Eight characters that change with the file, so that a browser never shows a stale one."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]


class Dress:
    """What a page's template asks about the book: addresses, contents, which files the page needs."""

    policy = POLICY

    def __init__(self, app: Sphinx, pagename: str, context: dict) -> None:
        self.out = Path(app.outdir)
        self.root = context["content_root"]
        body = context.get("body") or ""
        self.has_mathematics = 'class="katex' in body
        self.has_widgets = WIDGET in body
        self.contents = contents(app, pagename, context)
        self.styles = [self.url("book.css")]
        self.scripts = []
        if self.has_mathematics:
            self.styles.insert(0, self.url("katex.css"))
        if self.has_widgets:
            modules = context.get("book_modules", [])
            self.styles.append(self.url(self.write_styles(pagename, modules, body), "explorables"))
            self.scripts += [self.url(name, "explorables") for name in (*modules, "host.js")]
        if DESIGN.search(body):
            self.styles.insert(0, f"{self.root}_static/sphinx-design.min.css")
        if DESIGN_TABS.search(body):
            self.scripts.append(f"{self.root}_static/design-tabs.js")

    def write_styles(self, pagename: str, modules: list[str], body: str) -> str:
        """Write the explorables' stylesheet of this page; returns its file name."""
        scripts = [(DIST / name).read_text("utf-8") for name in (*modules, "host.js")]
        texts = [*scripts, (STATIC / "book.js").read_text("utf-8"), *re.findall(r'class="([^"]*)"', body)]
        shown = [Path(name).stem for name in modules]
        name = f"{pagename.replace('/', '-')}.css"
        text = styles.needed((DIST / "kit.css").read_text("utf-8"), shown, texts)
        (self.out / "_static" / "explorables" / name).write_text(text, "utf-8")
        return name

    def url(self, name: str, folder: str = "book") -> str:
        """The address of one of our files, as seen from this page."""
        path = self.out / "_static" / folder / name
        version = f"?v={digest(path)}" if path.is_file() else ""
        return f"{self.root}_static/{folder}/{name}{version}"


def contents(app: Sphinx, pagename: str, context: dict) -> Markup:
    """The contents of the book, with the sections of this page under its own entry."""
    tree = context["toctree"](collapse=False, includehidden=True, titles_only=True, maxdepth=-1)
    soup = BeautifulSoup(tree or "", "html.parser")
    for caption in soup.select("p.caption"):
        caption.name = "h2"
        caption["class"] = "contents-part"
        caption.string = caption.get_text()
    here = soup.select_one("li.current > a.current")
    for link in soup.select("a"):
        del link["class"]
    if here is not None:
        here["aria-current"] = "page"
        here["href"] = "#"
        sections = BeautifulSoup(context.get("toc") or "", "html.parser").select_one("li > ul")
        if sections is not None:
            for link in sections.select("a"):
                del link["class"]
            sections["class"] = "contents-sections"
            here.insert_after(sections)
    for item in soup.select("li"):
        item["class"] = [c for c in item.get("class", []) if c == "current"]
        if not item["class"]:
            del item["class"]
    return Markup(str(soup))


def dress(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Give the template what it needs and drop the files that it does without."""
    if not is_site(app):
        return
    context["script_files"][:] = [f for f in context["script_files"] if wanted_script(f)]
    context["book"] = Dress(app, pagename, context)
    extra = [css for css in context["css_files"] if not UNUSED_STYLES.search(file_name(css))]
    context["book"].styles += [f"{context['content_root']}{file_name(css)}" for css in extra]
    context["author"] = app.config.author
    context["copyright"] = app.book_copyright
    context.setdefault("book_downloads", [])
    context.setdefault("book_launch", [])


def file_name(asset) -> str:
    """The address of an asset, which Sphinx keeps as text or as an object."""
    return str(getattr(asset, "filename", asset) or "")


def wanted_script(script) -> bool:
    """Data that a page carries, and scripts of ours; not those of `UNUSED_SCRIPTS`."""
    attributes = getattr(script, "attributes", {})
    if attributes.get("body"):
        return bool(SAFE_TYPES.search(f'type="{attributes.get("type", "")}"'))
    return not UNUSED_SCRIPTS.search(file_name(script))


def lay_out_files(app: Sphinx) -> None:
    """Write our own files before the first page is: their digests are part of the pages."""
    fonts.make_figure_fonts()
    if not is_site(app):
        return
    out = Path(app.outdir, OUT)
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("source-*.woff2"):
        old.unlink()
    for name in ("book.js", "search.js", "favicon.svg", "logo.svg"):
        shutil.copyfile(STATIC / name, out / name)
    (out / "book.css").write_text(fonts.faces() + (STATIC / "book.css").read_text("utf-8"), "utf-8")
    (out / "katex.css").write_text(katex.stylesheet(), "utf-8")
    fonts.copy(out)
    box = out.parent / "explorables"
    box.mkdir(exist_ok=True)
    if (DIST / "host.js").is_file():
        shutil.copyfile(DIST / "host.js", box / "host.js")


# What the theme and other extensions copy into `_static` and no page of ours asks for.
LEFTOVERS = (
    "styles scripts vendor locales images *webpack-macros.html basic.css pygments.css mystnb.*.css exercise.css "
    "togglebutton.* copybutton*.* clipboard.min.js check-solid.svg copy-button.svg file.png minus.png plus.png "
    "sphinx_highlight.js doctools.js documentation_options.js searchtools.js"
).split()


ASKED = ("sphinx-design.min.css", "design-tabs.js")  # of use where a page has tabs or cards


def tidy(app: Sphinx, error: Exception | None) -> None:
    """After the pages are written: KaTeX's fonts with the letters in use, and nothing that nobody asks for."""
    if error or not is_site(app):
        return
    out = Path(app.outdir)
    pages = [page.read_text("utf-8") for page in sorted(out.rglob("*.html"))]
    katex.copy_fonts(out / OUT, pages)
    static = out / "_static"
    unused = [path for pattern in LEFTOVERS for path in static.glob(pattern)]
    unused += [static / name for name in ASKED if not any(name in page for page in pages)]
    for path in unused:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def setup(app: Sphinx) -> None:
    """Connect the steps above to the build."""
    app.connect("config-inited", keep_year, priority=100)
    app.connect("config-inited", hide_paths, priority=950)
    app.connect("builder-inited", lay_out_files, priority=900)
    app.connect("builder-inited", use_templates, priority=950)
    app.connect("html-page-context", dress, priority=900)
    app.connect("build-finished", tidy, priority=950)
