"""A chapter as its readers get it: its words by section, and the numbers that its cells keep."""

import ast
import contextlib
import io
import re
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jupytext
import pytest

ROOT = Path(__file__).resolve().parents[2]
LABEL = re.compile(r"^\((?P<label>[\w-]+)\)=\n(?P<hashes>#+) ", re.M)
CODE = re.compile(r"^(?P<fence>`{3,}|:{3,})\{code-cell\}.*?^(?P=fence)$", re.M | re.S)
ONLY_SHOWS = ("book_lib.explorables", "book_lib.plotting", "book_lib.prose")


class Shown:
    """Stands for what only shows: takes any arguments, and remembers them."""

    def __init__(self, name: str, made: list) -> None:
        self.name, self.made = name, made

    def __call__(self, *arguments: Any, **options: Any) -> str:
        self.made.append((self.name, arguments, options))
        return self.name


class Chapter:
    """A chapter's text, and, when asked for, what its cells compute."""

    def __init__(self, path: Path) -> None:
        self.path, self.source = path, path.read_text(encoding="utf-8")
        self.made: list[tuple[str, tuple, dict]] = []

    def section(self, label: str) -> str:
        """The source from a labelled heading to the next one of the same or a higher level."""
        found = [match for match in LABEL.finditer(self.source) if match["label"] == label]
        assert len(found) == 1, f"{self.path.name} has {len(found)} sections labelled {label}"
        rest = self.source[found[0].end() :]
        # subtle: a comment in a code cell looks like a heading, so cells are blanked before the search
        plain = CODE.sub(lambda cell: re.sub(r"[^\n]", " ", cell.group()), rest)
        end = re.search(rf"^#{{1,{len(found[0]['hashes'])}}} ", plain, re.M)
        return rest[: end.start()] if end else rest

    def prose(self, label: str) -> str:
        """The words of a section, without its cells, on one line."""
        return " ".join(CODE.sub("", self.section(label)).split())

    @cached_property
    def names(self) -> dict[str, Any]:
        """Every name after all cells have run; drawing is left out, and explorables are only remembered."""
        names: dict[str, Any] = {"numbers": {}}
        names["note"] = lambda **numbers: names["numbers"].update({k: float(v) for k, v in numbers.items()})
        for cell in jupytext.read(self.path).cells:
            if cell.cell_type == "code" and "show(fig" not in cell.source:
                exec(compile(self._without_shows(cell.source, names), str(self.path), "exec"), names)
        return names

    @property
    def numbers(self) -> dict[str, float]:
        """The numbers that the text quotes, by name."""
        return self.names["numbers"]

    def calls(self, name: str) -> list[tuple[str, tuple, dict]]:
        """What the chapter made of an explorable or question of this name: (name, arguments, options) each."""
        assert self.names
        return [one for one in self.made if one[0] == name]

    def right_options(self, question: str) -> list[str]:
        """The right answers of the chapter's quick questions that begin so, in order."""
        asked = [arguments[1] for _, arguments, _ in self.calls("Choice") if arguments[0].startswith(question)]
        return [text for options in asked for text, verdict in options.items() if _is_right(verdict)]

    def right_option(self, question: str) -> str:
        """The right answer of the one quick question that begins so."""
        (right,) = self.right_options(question)
        return right

    def answers(self, question: str) -> list[float]:
        """The answers of the chapter's questions for a number that begin so, in order."""
        asked = [one for one in self.calls("Numeric") if one[1][0].startswith(question)]
        return [options["answer"] for _, _, options in asked]

    def cell(self, words: str) -> str:
        """The one code cell that holds these words."""
        cells = (one.source for one in jupytext.read(self.path).cells if one.cell_type == "code")
        (found,) = (source for source in cells if words in source)
        return found

    def printed(self, words: str) -> list[float]:
        """The numbers that the cell with these words prints, when it is run again."""
        said, names = io.StringIO(), dict(self.names)  # what the other cells print is not meant
        with contextlib.redirect_stdout(said):
            exec(compile(self.cell(words), "cell", "exec"), names)
        return [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", said.getvalue())]

    def drawn(self, words: str) -> dict[str, Any]:
        """The names of the cell with these words just before it begins to draw."""
        names, source = dict(self.names), self.cell(words)
        exec(compile(source[: source.index("fig, ")], "cell", "exec"), names)
        return names

    def _without_shows(self, source: str, names: dict[str, Any]) -> ast.Module:
        tree = ast.parse(source)
        for node in list(tree.body):
            if isinstance(node, ast.ImportFrom) and node.module in ONLY_SHOWS:
                tree.body.remove(node)
                for alias in node.names:
                    names.setdefault(alias.name, Shown(alias.name, self.made))
        return tree


def _is_right(verdict: Any) -> bool:
    return verdict is True or (isinstance(verdict, tuple) and verdict[0] is True)


@cache
def _chapter(slug: str) -> Chapter:
    return Chapter(ROOT / "chapters" / f"{slug}.md")


@pytest.fixture(scope="session")
def chapter() -> Callable[[str], Chapter]:
    """`chapter("ising")` is the chapter of that name; the first look at its `.numbers` runs its cells."""
    return _chapter
