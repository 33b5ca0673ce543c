"""What the text asks of the page: matter that folds without scripts, and Chinese that is marked as Chinese.

- An admonition with the class `dropdown` (a folded solution, a ◆ Deeper block) becomes a native `<details>`.
- Exercises lose the parentheses around their titles, their kind and length get a line of their own, and a
  folded solution is simply called so.
- The button over hidden code says what it does, and stands after the picture that the code makes.
- Runs of Chinese characters get `lang="zh-Hans"`, so that browsers pick the right font and screen readers the
  right voice. Authors write the characters and nothing else.
- Pasted numbers below nought get a true minus sign.
- No line ends between a formula and the bracket or comma that belongs to it.
"""

from __future__ import annotations

import re
from html import escape

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import is_exercise_node, is_solution_node

# CJK punctuation, ideographs (with extension A and compatibility forms), full-width forms.
CHINESE = re.compile("[\u3001-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff65]+")


class fold(nodes.General, nodes.Element):  # noqa: N801 (docutils names its nodes so)
    """Matter behind a heading; the reader opens it."""


class fold_title(nodes.TextElement):  # noqa: N801
    """The heading of a `fold`, always visible."""


class chinese(nodes.Inline, nodes.TextElement):  # noqa: N801
    """A run of Chinese characters."""


class FoldAdmonitions(SphinxPostTransform):
    """After sphinx-exercise has resolved its titles."""

    default_priority = 250
    formats = ("html",)

    def run(self, **kwargs) -> None:
        """Replace each admonition of the class `dropdown`, innermost last."""
        for box in list(self.document.findall(nodes.Admonition)):
            if "dropdown" not in box["classes"]:
                continue
            title, *rest = box.children
            if not isinstance(title, nodes.title):
                title, rest = nodes.title("", box.tagname.capitalize()), box.children
            summary = fold_title("", "", *title.children, origin=box)
            folded = fold("", summary, *rest, ids=box["ids"], classes=[c for c in box["classes"] if c != "dropdown"])
            if isinstance(box, nodes.admonition) is False:
                folded["classes"].append(box.tagname.removesuffix("_node"))
            box.replace_self(folded)


class TidyExercises(SphinxPostTransform):
    """After sphinx-exercise has resolved its titles (21), before folding."""

    default_priority = 240
    formats = ("html",)

    def run(self, **kwargs) -> None:
        """Mend the exercises and solutions of this page."""
        for box in self.document.findall(is_exercise_node):
            title = box[0]
            ends = [str(child) for child in (*title.children[:1], *title.children[-1:])]
            if ends == [" (", ")"]:
                title.children = title.children[1:-1]
            first = next(iter(box.findall(nodes.paragraph)), None)
            if first is not None and isinstance(first[0], nodes.emphasis) and " · " in first[0].astext():
                self.set_apart(first)
        for box in self.document.findall(is_solution_node):
            if "dropdown" in box["classes"]:
                box[0].children = [nodes.Text("Solution")]

    @staticmethod
    def set_apart(paragraph: nodes.paragraph) -> None:
        """Give the words that an exercise begins with (kind, difficulty, minutes) a line of their own."""
        kind = nodes.Text(paragraph[0].astext().rstrip("."))
        place = paragraph.parent.index(paragraph)
        paragraph.parent.insert(place, nodes.paragraph("", "", kind, classes=["exercise-kind"]))
        rest = paragraph.children[1:]
        if rest and isinstance(rest[0], nodes.Text):
            rest[0] = nodes.Text(rest[0].lstrip())
        paragraph.children = rest
        if not paragraph.astext().strip():
            paragraph.parent.remove(paragraph)


class CodeAfterPicture(SphinxPostTransform):
    """After myst-nb has wrapped hidden code (199)."""

    default_priority = 260
    formats = ("html",)

    def run(self, **kwargs) -> None:
        """Move the folded code of a cell below its figure or explorable."""
        for code in list(self.document.findall(HideCodeCellNode)):
            cell = code.parent
            after = cell.children[cell.index(code) + 1 :]
            if "above-input" in code["classes"] and any(is_picture(n) for part in after for n in part.findall()):
                cell.remove(code)
                cell.append(code)


def is_picture(node: nodes.Node) -> bool:
    """Whether a node is a figure or an explorable."""
    return isinstance(node, nodes.figure) or "explorable" in getattr(node, "attributes", {}).get("classes", ())


class MarkChinese(SphinxPostTransform):
    """Last of all, so that no other transform meets the new nodes."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs) -> None:
        """Wrap each run of Chinese in the text of this page."""
        for text in list(self.document.findall(nodes.Text)):
            inside_code = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, chinese)
            if not CHINESE.search(text) or isinstance(text.parent, inside_code):
                continue
            parts = []
            for part in re.split(f"({CHINESE.pattern})", str(text)):
                if CHINESE.match(part):
                    parts.append(chinese("", part))
                elif part:
                    parts.append(nodes.Text(part))
            at = text.parent.index(text)
            text.parent[at : at + 1] = parts


class TrueMinus(SphinxPostTransform):
    """A number that was pasted into prose has a minus sign, not a hyphen."""

    default_priority = 890

    def run(self, **kwargs) -> None:
        """Mend the numbers of this page."""
        for number in self.document.findall(nodes.inline):
            if "pasted-text" in number["classes"] and re.match(r"-[\d.]", number.astext()):
                text = next(iter(number.findall(nodes.Text)))
                text.parent.replace(text, nodes.Text("\u2212" + text[1:]))


class HoldPunctuation(SphinxPostTransform):
    """A formula is a box to the browser, and lines may break beside a box: its punctuation goes with it.

    A word joiner would do by the rules of Unicode; Chromium breaks all the same. `book.css` knows `held`.
    """

    default_priority = 895
    formats = ("html",)

    def run(self, **kwargs) -> None:
        """Put each formula of this page into one span with the punctuation that touches it."""
        for formula in list(self.document.findall(nodes.math)):
            parent, at = formula.parent, formula.parent.index(formula)
            before = parent[at - 1] if at > 0 else None
            after = parent[at + 1] if at + 1 < len(parent) else None
            opening = re.search("[([“‘–-]+$", before) if isinstance(before, nodes.Text) else None
            closing = re.match("[]),.;:!?’”\\-–]+", after) if isinstance(after, nodes.Text) else None
            if not (opening or closing):
                continue
            held = nodes.inline(classes=["held"])
            parent.replace(formula, held)
            held += [nodes.Text(opening[0]), formula] if opening else [formula]
            if opening:
                parent.replace(before, nodes.Text(before[: opening.start()]))
            if closing:
                held += nodes.Text(closing[0])
                parent.replace(after, nodes.Text(after[closing.end() :]))


def visit_fold(self, node: fold) -> None:
    """Open the element, folded unless its class says `open`."""
    extra = {"open": "open"} if "open" in node["classes"] else {}
    self.body.append(self.starttag(node, "details", "", CLASS="fold", **extra))


def depart_fold(self, node: fold) -> None:
    """Close the element."""
    self.body.append("</details>\n")


def visit_fold_title(self, node: fold_title) -> None:
    """The heading; a folded exercise keeps its number."""
    self.body.append(self.starttag(node, "summary", ""))
    self.body.append("<span>")
    self.add_fignumber(node["origin"])


def depart_fold_title(self, node: fold_title) -> None:
    """Close the heading."""
    self.body.append("</span></summary>\n")


def visit_hidden_code(self, node: HideCodeCellNode) -> None:
    """A fold whose heading changes when it is opened."""
    self.body.append(self.starttag(node, "details", "", CLASS="hide"))
    shown, hidden = escape(node["prompt_show"]), escape(node["prompt_hide"])
    self.body.append(f'<summary><span class="collapsed">{shown}</span>')
    self.body.append(f'<span class="expanded">{hidden}</span></summary>\n')


def depart_hidden_code(self, node: HideCodeCellNode) -> None:
    """Close the fold."""
    self.body.append("</details>\n")


def visit_citation(self, node: nodes.citation) -> None:
    """An entry of the bibliography, without docutils' roles: one is deprecated, the other misplaced."""
    self.body.append(self.starttag(node, "div", CLASS="citation"))


def depart_citation(self, node: nodes.citation) -> None:
    """Close the entry."""
    self.body.append("</div>\n")


def visit_chinese(self, node: chinese) -> None:
    """Mark the language."""
    self.body.append('<span lang="zh-Hans">')


def depart_chinese(self, node: chinese) -> None:
    """Close the mark."""
    self.body.append("</span>")


def setup(app: Sphinx) -> None:
    """Register the nodes and the transforms that make them."""
    plain = (lambda self, node: None, lambda self, node: None)
    app.add_node(fold, html=(visit_fold, depart_fold), latex=plain, text=plain)
    app.add_node(fold_title, html=(visit_fold_title, depart_fold_title), latex=plain, text=plain)
    app.add_node(chinese, html=(visit_chinese, depart_chinese))
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_code, depart_hidden_code))
    app.add_post_transform(TidyExercises)
    app.add_post_transform(FoldAdmonitions)
    app.add_post_transform(CodeAfterPicture)
    app.add_post_transform(TrueMinus)
    app.add_post_transform(HoldPunctuation)
    app.add_post_transform(MarkChinese)
