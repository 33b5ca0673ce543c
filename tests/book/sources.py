"""Reads the book's sources and tells what is missing in them, with file and line.

Each check takes texts and returns complaints, so that it can be tried on sources that are wrong on purpose.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

FENCE = re.compile(r"^(\s*)(`{3,}|:{3,})\{([\w-]+)\}\s*(.*?)\s*$")
LONGEST_CELL = 15


@dataclass(frozen=True)
class Block:
    """A directive: where it begins, its name, its argument, its options and its body."""

    file: str
    line: int
    name: str
    argument: str
    body: str
    options: dict = field(default_factory=dict)

    def complain(self, message: str) -> str:
        """A complaint with the place."""
        return f"{self.file}:{self.line}: {message}"


def blocks(file: str, text: str) -> Iterator[Block]:
    """Every directive of a page, nested ones after the one that holds them."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = FENCE.match(line)
        if not match:
            continue
        fence, name, argument = match[2], match[3], match[4]
        end = next((n for n in range(number + 1, len(lines)) if is_end(lines[n], fence)), len(lines))
        options, body = split_options(lines[number + 1 : end])
        yield Block(file, number + 1, name, argument, "\n".join(body), options)


def is_end(line: str, fence: str) -> bool:
    """Whether a line closes a fence."""
    line = line.strip()
    return len(line) >= len(fence) and set(line) == {fence[0]}


def split_options(lines: list[str]) -> tuple[dict, list[str]]:
    """Options, in either of MyST's two spellings, and what follows them."""
    if lines and lines[0].strip() == "---":
        end = next((n for n in range(1, len(lines)) if lines[n].strip() == "---"), len(lines))
        return yaml.safe_load("\n".join(lines[1:end])) or {}, lines[end + 1 :]
    count = next((n for n, line in enumerate(lines) if not re.match(r"\s*:[\w-]+:", line)), len(lines))
    pairs = [re.match(r"\s*:([\w-]+):\s*(.*)", line).groups() for line in lines[:count]]
    return {key: yaml.safe_load(value) if value else "" for key, value in pairs}, lines[count:]


# ------------------------------------------------------------------------------------------------- figures


def check_figures(file: str, text: str) -> list[str]:
    """Every picture, computed or written, has a number, a caption and a description."""
    complaints = []
    for block in blocks(file, text):
        if block.name == "code-cell":
            complaints += check_cell_figure(block)
        elif block.name in ("figure", "image"):
            if not str(block.options.get("alt", "")).strip():
                complaints.append(block.complain(f"{block.name} without :alt:"))
            if block.name == "figure" and not block.body.strip():
                complaints.append(block.complain("figure without a caption"))
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"!\[\s*\]\(", line):
            complaints.append(f"{file}:{number}: picture without a description")
    return complaints


def check_cell_figure(cell: Block) -> list[str]:
    """A cell that shows a figure or an explorable has a name and a caption; a figure has its description."""
    tree = parse(cell)
    shows = [call for call in calls(tree) if name_of(call) == "show"]
    complaints = [
        cell.complain("show(…) without alt=")
        for call in shows
        if not any(keyword.arg == "alt" for keyword in call.keywords)
    ]
    if not shows and not is_explorable(tree):
        return complaints
    figure = ((cell.options.get("mystnb") or {}).get("figure")) or {}
    for key in ("name", "caption"):
        if not str(figure.get(key) or "").strip():
            complaints.append(cell.complain(f"a figure without a {key}: `mystnb: figure: {key}:`"))
    return complaints


def parse(cell: Block) -> ast.Module:
    """A cell's program; magics do not parse, and no chapter uses them."""
    try:
        return ast.parse(cell.body)
    except SyntaxError as error:
        raise ValueError(cell.complain(f"the cell is not Python: {error}")) from None


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    """Every call in a program."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    """The last part of the name that is called."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_explorable(tree: ast.Module) -> bool:
    """Whether a cell ends in an explorable; quizzes are text with buttons and carry no caption."""
    last = tree.body[-1] if tree.body else None
    if not (isinstance(last, ast.Expr) and isinstance(last.value, ast.Call)):
        return False
    name = name_of(last.value)
    return name in explorable_names() - {"Quiz", "Choice", "Numeric", "Series", "asset"}


def explorable_names() -> set[str]:
    """The public names of book_lib.explorables."""
    import book_lib.explorables as package

    return set(getattr(package, "__all__", ())) | {"explore"}


# ------------------------------------------------------------------------------------------------ the rest


def check_exercises(file: str, text: str) -> list[str]:
    """Every exercise has a label, kind, difficulty, minutes, hint and solution, and the other way round."""
    found = list(blocks(file, text))
    exercises = [block for block in found if block.name == "exercise"]
    solutions = {block.argument: block for block in found if block.name in ("solution", "solution-start")}
    complaints = []
    for exercise in exercises:
        label = exercise.options.get("label", "")
        if not label:
            complaints.append(exercise.complain("exercise without a label"))
        elif label not in solutions:
            complaints.append(exercise.complain(f"exercise {label} has no solution"))
        if not re.search(r"\*[^*]*difficulty [1-5] · \d+ minutes[^*]*\*", exercise.body):
            complaints.append(
                exercise.complain(f"exercise {label} does not say kind, difficulty and minutes")
            )
        if "slip" not in label and "Hint" not in exercise.body:
            complaints.append(exercise.complain(f"exercise {label} has no hint"))
    labels = {exercise.options.get("label") for exercise in exercises}
    for label, solution in solutions.items():
        if label not in labels:
            complaints.append(solution.complain(f"solution of {label}, which is no exercise"))
    starts, ends = (sum(block.name == f"solution-{end}" for block in found) for end in ("start", "end"))
    if starts != ends:
        complaints.append(f"{file}: {starts} solution-start and {ends} solution-end")
    return complaints


def check_cells(file: str, text: str) -> list[str]:
    """Visible cells are short, none installs or downloads, and a quiz does not show its answers."""
    complaints = []
    for block in blocks(file, text):
        if block.name != "code-cell":
            continue
        tags = block.options.get("tags") or []
        lines = [line for line in block.body.strip().splitlines() if line.strip()]
        if len(lines) > LONGEST_CELL and not {"hide-input", "remove-input", "remove-cell"} & set(tags):
            complaints.append(block.complain(f"a visible cell of {len(lines)} lines; {LONGEST_CELL} at most"))
        if re.search(r"^\s*[!%]|\b(urllib|requests|httpx)\b|\bpip\s+install", block.body, re.MULTILINE):
            complaints.append(block.complain("a cell that installs, downloads or uses a magic"))
        if block.body.lstrip().startswith("Quiz(") and not {"remove-input", "remove-cell"} & set(tags):
            complaints.append(block.complain("a quiz whose cell, with its answers, can be unfolded: remove-input"))
    return complaints


def glossary(text: str) -> set[str]:
    """The terms that the glossary defines, in lower case as Sphinx compares them."""
    body = next(block.body for block in blocks("glossary", text) if block.name == "glossary")
    return {line.strip().lower() for line in body.splitlines() if line and not line[0].isspace()}


def check_terms(file: str, text: str, known: set[str]) -> list[str]:
    """Every term that is linked stands in the glossary."""
    complaints = []
    for number, line in enumerate(text.splitlines(), 1):
        for term in re.findall(r"\{term\}`([^`]*)`", line):
            target = re.search(r"<(.*)>$", term)
            target = target[1] if target else term
            if target.lower() not in known:
                complaints.append(f"{file}:{number}: the glossary has no '{target}'")
    return complaints


def check_links(file: str, text: str, root: Path) -> list[str]:
    """Links within the book are relative and reach a file; others go over https."""
    complaints = []
    for number, line in enumerate(text.splitlines(), 1):
        for link in re.findall(r"(?<!['\"])\]\(([^)\s]+)\)", line):  # a["b"](4) is Python
            if link.startswith(("https://", "mailto:", "#")):
                continue
            target = (root / file).parent / link.split("#")[0]
            if re.match(r"[a-z]+:", link) or link.startswith("/"):
                complaints.append(f"{file}:{number}: {link} is neither relative nor https")
            elif not target.is_file():
                complaints.append(f"{file}:{number}: {link} leads nowhere")
    return complaints


# ------------------------------------------------------------------------------------------------- claims


def claimed_in_tests(sources: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """For each row, the tests that carry its mark, as file::test."""
    found: dict[str, list[str]] = {}
    for file, text in sources:
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.claim":
                    for argument in mark.args:
                        found.setdefault(ast.literal_eval(argument), []).append(f"{file}::{node.name}")
    return found


def check_claims(
    rows: list[str], claims: list[dict], tested: dict[str, list[str]], labels: set[str]
) -> list[str]:
    """Each row of a chapter is claimed once, in a section that exists, and tested; nothing else is."""
    complaints = []
    ids = [claim.get("id") for claim in claims]
    for row in rows:
        if row not in ids:
            complaints.append(f"{row} is not claimed in claims.yml")
        if row not in tested:
            complaints.append(f'{row} has no test marked @pytest.mark.claim("{row}")')
    for claim in claims:
        for key in ("section", "statement"):
            if not str(claim.get(key, "")).strip():
                complaints.append(f"claim {claim.get('id')} has no {key}")
        if claim.get("section") not in labels:
            complaints.append(f"claim {claim.get('id')}: no chapter has the label {claim.get('section')}")
    complaints += [
        f"{row} is claimed {ids.count(row)} times" for row in sorted(set(ids)) if ids.count(row) > 1
    ]
    complaints += [
        f"{row} is claimed or tested, but in no chapter" for row in sorted({*ids, *tested} - set(rows))
    ]
    return complaints


def labels_of(text: str) -> set[str]:
    """Labels of sections: lines such as ``(sec-ising-energy)=``."""
    return set(re.findall(r"^\(([\w-]+)\)=\s*$", text, re.MULTILINE))
