"""The library reference, made from the docstrings: `{library-reference}`.

Modules are read, not imported: the page does not need torch, and cannot be changed by what an import does. A
name is public if the module's `__all__` has it or, where there is none, if it has a docstring and no leading
underscore. What a module takes from private ones and lists in `__all__` is shown as its own. Every entry can be
linked to: {py:class}`book_lib.ising.Ising`.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .fresh import note_listing

ROOT = Path(__file__).resolve().parents[1]
FIRST = ["probability", "rng", "ising", "plotting", "runs", "exercises", "explorables"]
FIELDS = re.compile(r"^(Args|Arguments|Attributes|Returns|Yields|Raises|Example|Examples|Note|See also):\s*$")
HEADINGS = {"Args": "Arguments", "Example": "Examples"}


class LibraryReference(SphinxDirective):
    """`{library-reference} book_lib.ising …`; without names, every module that has something public.

    `book_lib.exercises.*` stands for all below a package. `:except:` leaves modules out, named alike: so two pages
    can share the library, and a new module is on one of them by itself.
    """

    optional_arguments = 100
    option_spec = {"except": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """A section for each module."""
        sections = []
        note_listing(self.env, ROOT / "book_lib", "*.py")
        for name, path in modules(self.arguments, self.options.get("except", "").split()):
            self.env.note_dependency(str(path))
            tree = ast.parse(path.read_text("utf-8"), str(path))
            offers = [(node, str(path)) for node in public(tree)]
            for other in private_sources(tree):
                self.env.note_dependency(str(other))
                offers += [(node, str(other)) for node in taken(tree, other)]
            if offers:
                sections.append(self.module(name, tree, str(path), offers))
        return sections

    def module(
        self, name: str, tree: ast.Module, source: str, offers: list[tuple[ast.AST, str]]
    ) -> nodes.section:
        """A module: what it is for, then what it offers, each with the file that it is written in."""
        anchor = nodes.make_id(name)
        title = nodes.title("", "", nodes.literal("", name))
        section = nodes.section("", title, ids=[anchor], names=[name])
        section += self.prose(ast.get_docstring(tree) or "", source)
        for node, written_in in offers:
            section += self.entry(f"{name}.{node.name}", node, written_in)
        return section

    def entry(self, name: str, node: ast.AST, source: str) -> nodes.container:
        """A function or class, with its methods."""
        kind = "class" if isinstance(node, ast.ClassDef) else "function"
        if kind == "function" and name.rsplit(".", 1)[0].rsplit(".", 1)[-1][:1].isupper():
            kind = "property" if is_property(node) else "method"
        self.env.get_domain("py").note_object(name, kind, name, location=(self.env.docname, self.lineno))
        entry = nodes.container(ids=[name], classes=["api", f"api-{kind}"])
        entry += nodes.literal_block(signature(node), signature(node), language="python", classes=["api-signature"])
        body = nodes.container(classes=["api-text"])
        body += self.prose(ast.get_docstring(node) or "", source)
        if isinstance(node, ast.ClassDef):
            for method in public_methods(node):
                body += self.entry(f"{name}.{method.name}", method, source)
        entry += body
        return entry

    def prose(self, docstring: str, source: str) -> list[nodes.Node]:
        """A docstring as nodes."""
        box = nodes.container()
        lines = as_markdown(docstring).splitlines()
        self.state.nested_parse(StringList(lines, source), 0, box)
        return box.children


def modules(names: list[str], without: Iterable[str] = ()) -> list[tuple[str, Path]]:
    """The modules asked for, or all of the library's, less those left out, in the order of `FIRST`."""
    every = every_module()
    wanted = [pair for name in names for pair in matching(name, every)] if names else every
    left_out = {pair for name in without for pair in matching(name, every)}
    return [pair for pair in wanted if pair not in left_out]


def every_module() -> list[tuple[str, Path]]:
    """All modules whose names do not begin with an underscore, in the order of `FIRST`."""
    paths = [p for p in sorted((ROOT / "book_lib").rglob("*.py")) if "node_modules" not in p.parts]
    found = []
    for path in paths:
        parts = path.relative_to(ROOT).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if not any(part.startswith("_") for part in parts):
            found.append((".".join(parts), path))
    return sorted(found, key=lambda pair: rank(pair[0]))


def matching(name: str, every: list[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """The module of that name, or all below a package, `package.*`.

    Raises:
        ValueError: if there is none.
    """
    found = [pair for pair in every if pair[0] == name or (name.endswith(".*") and pair[0].startswith(name[:-1]))]
    if not found:
        raise ValueError(f"library-reference: there is no module {name!r}")
    return found


def rank(name: str) -> tuple[int, str]:
    """Where a module stands in the reference."""
    head = (name.split(".") + [""])[1]
    return (FIRST.index(head) if head in FIRST else len(FIRST) - 1.5 if head else -1), name


def find(name: str) -> Path:
    """The file of a module, private ones among them.

    Raises:
        ValueError: if the library has no such module.
    """
    base = ROOT.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    raise ValueError(f"library-reference: there is no module {name!r}")


def public(tree: ast.Module) -> Iterator[ast.AST]:
    """The functions and classes that a module offers, in the order of its text."""
    listed = exported(tree)
    for node in documented(tree):
        if node.name in listed if listed is not None else not node.name.startswith("_"):
            yield node


def exported(tree: ast.Module) -> set[str] | None:
    """The names in `__all__`, or None where a module has no such list."""
    listed = None
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = set(ast.literal_eval(node.value)) if is_literal(node.value) else None
    return listed


def documented(tree: ast.Module) -> Iterator[ast.AST]:
    """The functions and classes of a module that have a docstring."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            yield node


def imports(tree: ast.Module) -> Iterator[ast.ImportFrom]:
    """The lines `from book_lib._private import …` of a module."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("book_lib."):
            if node.module.rsplit(".", 1)[-1].startswith("_"):
                yield node


def private_sources(tree: ast.Module) -> list[Path]:
    """The files of the private modules from which a module takes what it lists in `__all__`."""
    listed = exported(tree) or set()
    return [find(node.module) for node in imports(tree) if listed & {alias.name for alias in node.names}]


def taken(tree: ast.Module, source: Path) -> Iterator[ast.AST]:
    """What a module takes from one private file and lists in `__all__`, in the order of that file's text."""
    names = {a.name for node in imports(tree) if find(node.module) == source for a in node.names}
    for node in documented(ast.parse(source.read_text("utf-8"), str(source))):
        if node.name in names & (exported(tree) or set()):
            yield node


def is_literal(node: ast.AST) -> bool:
    """Whether an expression is a plain list of strings."""
    return isinstance(node, ast.List | ast.Tuple) and all(isinstance(item, ast.Constant) for item in node.elts)


def public_methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """The documented methods and properties of a class; of a property, only the getter."""
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_") and ast.get_docstring(method):
            if not any(ast.unparse(mark).endswith(".setter") for mark in method.decorator_list):
                yield method


def is_property(node: ast.FunctionDef) -> bool:
    """Whether a method is read like an attribute."""
    return any("property" in ast.unparse(mark) for mark in node.decorator_list)


def signature(node: ast.AST, width: int = 76) -> str:
    """How a function or class is called, one argument a line where it would not fit.

    >>> signature(ast.parse("def f(x: float, *, rng=0) -> float: 'doc'").body[0])
    'f(x: float, *, rng=0) -> float'
    """
    name, returns, arguments = node.name, "", None
    if isinstance(node, ast.ClassDef):
        start = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        if start:
            arguments = start[0].args
        elif any("dataclass" in ast.unparse(mark) for mark in node.decorator_list):
            fields = [ast.unparse(n) for n in node.body if isinstance(n, ast.AnnAssign)]
            return call(f"class {name}", fields, "", width)
        name = f"class {name}"
    else:
        arguments = node.args
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        if is_property(node):
            return name + returns
    if arguments is None:
        return name
    return call(name, parameters(arguments), returns, width)


def parameters(arguments: ast.arguments) -> list[str]:
    """The parameters as they are written, without `self`."""
    text = ast.unparse(ast.FunctionDef("f", arguments, [ast.Pass()], [], lineno=0))
    inside = ast.parse(text).body[0].args
    words = []
    positional = [*inside.posonlyargs, *inside.args]
    defaults = [None] * (len(positional) - len(inside.defaults)) + inside.defaults
    for argument, default in zip(positional, defaults, strict=True):
        words.append(written(argument, default))
    if inside.vararg:
        words.append("*" + ast.unparse(inside.vararg))
    elif inside.kwonlyargs:
        words.append("*")
    for argument, default in zip(inside.kwonlyargs, inside.kw_defaults, strict=True):
        words.append(written(argument, default))
    if inside.kwarg:
        words.append("**" + ast.unparse(inside.kwarg))
    return [word for word in words if word not in ("self", "cls")]


def written(argument: ast.arg, default: ast.expr | None) -> str:
    """One parameter with its type and default."""
    if default is None:
        return ast.unparse(argument)
    equals = " = " if argument.annotation else "="
    return ast.unparse(argument) + equals + ast.unparse(default)


def call(name: str, words: list[str], returns: str, width: int) -> str:
    """A call on one line, or on as many as it needs."""
    line = f"{name}({', '.join(words)}){returns}"
    if len(line) <= width:
        return line
    return f"{name}(\n" + "".join(f"    {word},\n" for word in words) + f"){returns}"


def as_markdown(docstring: str) -> str:
    r"""A docstring in the text of the page: fields as definition lists, examples as code.

    >>> print(as_markdown("One line.\n\nArgs:\n    x: a number,\n        or two."))
    One line.
    <BLANKLINE>
    *Arguments*
    <BLANKLINE>
    `x`
    : a number, or two.
    """
    out: list[str] = []
    for block in re.split(r"\n\s*\n", inspect.cleandoc(docstring)):
        lines = block.splitlines()
        field = FIELDS.match(lines[0]) if lines else None
        if field and len(lines) > 1:
            out += [f"*{HEADINGS.get(field[1], field[1])}*", "", *definitions(lines[1:], field[1])]
        elif lines and inspect.cleandoc(block).startswith(">>>"):
            out += ["```python", *inspect.cleandoc(block).splitlines(), "```"]
        elif lines and lines[0].startswith("    "):
            out += ["```text", *inspect.cleandoc("\n" + block).splitlines(), "```"]
        else:
            out += [plain(line) for line in lines]
        out.append("")
    return "\n".join(out).strip()


def definitions(lines: list[str], field: str) -> list[str]:
    """The entries of a field: `name: text`, with text that may run on."""
    text = inspect.cleandoc("\n" + "\n".join(lines))
    entries = re.split(r"\n(?=\S)", text)
    out = []
    for entry in entries:
        entry = " ".join(part.strip() for part in entry.splitlines())
        named = re.match(r"([\w*, ./]+?)\s*:\s+(.*)", entry)
        if named and field not in ("Returns", "Yields"):
            names = ", ".join(f"`{name.strip()}`" for name in named[1].split(","))
            out += [names, f": {plain(named[2])}", ""]
        else:
            out += [plain(entry), ""]
    return out[:-1]


def plain(line: str) -> str:
    """A line of prose made safe for Markdown: roles become code, and nothing becomes mathematics or HTML.

    >>> plain("see :class:`Ising` and ``x < 1``, |m| > 0 (:cite:`onsager1944`)")
    'see `Ising` and ``x < 1``, |m| > 0 ({cite}`onsager1944`)'
    """
    line = re.sub(r":cite(?::\w+)?:`([^`]+)`", "\ue000`\\1`", line)
    line = re.sub(r":(?:py:)?(?:class|func|meth|mod|attr|data|ref|doc|obj):`~?([^`]+)`", r"`\1`", line)
    parts = re.split(r"(``.+?``(?!`)|`[^`]+`)", line)
    parts[::2] = [re.sub(r"([$<\\*_\[\]{}])", r"\\\1", part) for part in parts[::2]]
    # A literal that holds a backtick needs spaces inside its fence in Markdown.
    parts[1::2] = [f"`` {p[2:-2]} ``" if "`" in p[2:-2] and p.startswith("``") else p for p in parts[1::2]]
    return "".join(parts).replace("\ue000", "{cite}")


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("library-reference", LibraryReference)
