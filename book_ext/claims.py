"""What is tested: the claims of the book, where each is made, and the test that holds it.

`tests/claims/claims.yml` lists rows of `id`, `section` (a label) and `statement`; a test says which row it
holds by `@pytest.mark.claim("I-06")`. From these two this module makes

- the pages *What is tested*, by the directive `{claims}`: per chapter, each statement with a link to its section
  and the source of its tests; `{claims} G P` takes the rows whose ids begin with these letters;
- one quiet mark at the end of each section that carries rows, which leads there.

A row without a test, a test without a row, a row whose section does not exist or that is listed twice: each is
a warning that names file and line.
"""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .fresh import note_listing
from .text import fold, fold_title

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """A row of `claims.yml`, and where it stands there (`file:line`)."""

    id: str
    section: str
    statement: str
    place: str


@dataclass(frozen=True)
class Proof:
    """A test that names a claim: its source, and where it stands."""

    claim: str
    name: str
    source: str
    file: str
    place: str


class Rows(yaml.SafeLoader):
    """YAML whose mappings remember their line."""


def _mapping(loader: Rows, node: yaml.MappingNode) -> dict:
    return {**yaml.SafeLoader.construct_mapping(loader, node, deep=True), "line": node.start_mark.line + 1}


Rows.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_claims(path: Path) -> list[Claim]:
    """The rows of a file, in its order.

    Raises:
        ValueError: if a row lacks an id, a section or a statement; the message names file and line.
    """
    rows = yaml.load(path.read_text("utf-8"), Rows) or []  # a safe loader: see Rows
    if isinstance(rows, dict):
        rows = rows.get("claims") or []
    claims = []
    for row in rows:
        place = f"{path}:{row['line']}"
        for key in ("id", "section", "statement"):
            if not str(row.get(key) or "").strip():
                raise ValueError(f"{place}: a claim needs {key!r}; got {sorted(set(row) - {'line'})}")
        claims.append(Claim(str(row["id"]), str(row["section"]), str(row["statement"]).strip(), place))
    return claims


def read_proofs(folder: Path) -> list[Proof]:
    """The tests below a folder that name claims, by reading them: nothing is imported."""
    proofs = []
    for path in sorted(folder.glob("test_*.py")):
        text = path.read_text("utf-8")
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text, str(path))):
            if not isinstance(node, ast.FunctionDef):
                continue
            for claim in claim_names(node):
                start = node.decorator_list[0].lineno
                source = "\n".join(lines[start - 1 : node.end_lineno])
                proofs.append(Proof(claim, node.name, source, path.name, f"{path}:{start}"))
    return proofs


def claim_names(function: ast.FunctionDef) -> list[str]:
    """The ids in a function's `@pytest.mark.claim(…)`."""
    found = []
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("mark.claim"):
            found += [word.value for word in mark.args if isinstance(word, ast.Constant)]
    return found


def folder_of(env: BuildEnvironment) -> Path:
    """Where the claims and their tests are."""
    return Path(env.srcdir, env.config.book_claims)


def sources(env: BuildEnvironment) -> list[Path]:
    """Every file that the claims depend on."""
    folder = folder_of(env)
    return [path for path in (folder / "claims.yml", *sorted(folder.glob("test_*.py"))) if path.is_file()]


def digest(env: BuildEnvironment) -> str:
    """Changes with any of these files."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources(env))).hexdigest()


@cache
def _read(folder: Path, version: str) -> tuple[list[Claim], list[Proof]]:
    path = folder / "claims.yml"
    return (read_claims(path) if path.is_file() else []), read_proofs(folder)


def read(env: BuildEnvironment) -> tuple[list[Claim], list[Proof]]:
    """Claims and tests as they are now."""
    return _read(folder_of(env), digest(env))


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Say which rows and tests do not fit together."""
    claims, proofs = read(env)
    labels = env.get_domain("std").anonlabels
    seen: dict[str, str] = {}
    for claim in claims:
        if claim.id in seen:
            warn(claim.place, f"claim {claim.id} is listed twice (first at {seen[claim.id]})")
        seen[claim.id] = claim.place
        if claim.section not in labels:
            warn(claim.place, f"claim {claim.id}: there is no section labelled {claim.section!r}")
        if not any(proof.claim == claim.id for proof in proofs):
            warn(claim.place, f'claim {claim.id} has no test marked @pytest.mark.claim("{claim.id}")')
    pages = getattr(env, "book_claims_pages", None)
    for claim in claims if pages else ():
        if claim.id not in pages:
            warn(claim.place, f"claim {claim.id} is on no page: no {{claims}} asks for {letters(claim)!r}")
    for proof in proofs:
        if proof.claim not in seen:
            warn(proof.place, f"{proof.name} tests claim {proof.claim}, which claims.yml does not list")


def warn(place: str, message: str) -> None:
    """A warning at a place; the book is built with warnings as errors."""
    logger.warning(message, location=place, type="book", subtype="claim")


def letters(claim: Claim) -> str:
    """What a claim's id begins with: the letter of its chapter."""
    return claim.id.partition("-")[0]


class Claims(SphinxDirective):
    """`{claims} G P …`: the claims whose ids begin with these letters; without any, all of them."""

    optional_arguments = 100

    def run(self) -> list[nodes.Node]:
        """A section per chapter, in the order of `claims.yml`."""
        for path in sources(self.env):
            self.env.note_dependency(str(path))
        note_listing(self.env, folder_of(self.env), "test_*.py")
        claims, proofs = read(self.env)
        claims = [claim for claim in claims if not self.arguments or letters(claim) in self.arguments]
        pages = self.env.__dict__.setdefault("book_claims_pages", {})
        pages.update({claim.id: self.env.docname for claim in claims})
        chapters: dict[str, list[Claim]] = {}
        for claim in claims:
            chapters.setdefault(chapter_of(self.env, claim.section), []).append(claim)
        return [self.chapter(title, rows, proofs) for title, rows in chapters.items()]

    def chapter(self, title: str, claims: list[Claim], proofs: list[Proof]) -> nodes.section:
        """The claims of one chapter."""
        name = nodes.make_id(f"tested-{title}")
        section = nodes.section("", nodes.title("", title), ids=[name], names=[name])
        for claim in claims:
            section += self.entry(claim, [proof for proof in proofs if proof.claim == claim.id])
        return section

    def entry(self, claim: Claim, proofs: list[Proof]) -> nodes.container:
        """One claim: what it says, where, and how it is tested."""
        entry = nodes.container(ids=[f"claim-{claim.id}"], classes=["claim"])
        said = nodes.container(classes=["claim-statement"])
        self.state.nested_parse(StringList(claim.statement.splitlines(), claim.place), self.content_offset, said)
        link = addnodes.pending_xref(
            "",
            nodes.inline("", claim.section),
            refdomain="std",
            reftype="ref",
            reftarget=claim.section,
            refexplicit=False,
            refwarn=False,
            refdoc=self.env.docname,
        )
        entry += nodes.paragraph("", "", nodes.strong("", claim.id), nodes.Text(" · "), link, classes=["claim-id"])
        entry += said
        for proof in proofs:
            words = f"{proof.name.removeprefix('test_').replace('_', ' ')} ({proof.file})"
            box = fold("", fold_title("", words, origin=entry), classes=["claim-test"])
            box += nodes.literal_block(proof.source, proof.source, language="python")
            entry += box
        return entry


def chapter_of(env: BuildEnvironment, label: str) -> str:
    """The title of the page in which a label is written (labels are resolved only after all pages are read)."""
    for docname in sorted(env.found_docs):
        path = Path(env.doc2path(docname))
        text = path.read_text("utf-8") if path.suffix == ".md" else ""
        if re.search(rf"^\({re.escape(label)}\)=", text, re.MULTILINE):
            body = re.sub(r"\A---\n.*?^---\n", "", text, flags=re.DOTALL | re.MULTILINE)
            heading = re.search(r"^# +(.+)$", body, re.MULTILINE)
            return heading[1].strip() if heading else docname
    return "Elsewhere"


def mark_sections(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Put the mark at the end of each section of a page that carries rows."""
    pages = getattr(app.env, "book_claims_pages", {})
    if app.builder.format != "html" or not pages:
        return
    labels = app.env.get_domain("std").anonlabels
    rows: dict[str, list[Claim]] = {}
    for claim in read(app.env)[0]:
        home, place = labels.get(claim.section, (None, None))[:2]
        if home == docname and claim.id in pages:
            rows.setdefault(place, []).append(claim)
    ends: dict[nodes.section, list[Claim]] = {}
    for section in document.findall(nodes.section):
        here = [claim for place in section["ids"] for claim in rows.pop(place, ())]
        if here:
            ends.setdefault(end_of(section), []).extend(here)
    for section, here in ends.items():
        section += mark(app, docname, pages[here[0].id], here)


def end_of(section: nodes.section) -> nodes.section:
    """The section in which a section ends: two that end together share one mark."""
    while isinstance(section[-1], nodes.section):
        section = section[-1]
    return section


def mark(app: Sphinx, docname: str, page: str, claims: list[Claim]) -> nodes.paragraph:
    """The mark of one section."""
    address = f"{app.builder.get_relative_uri(docname, page)}#claim-{claims[0].id}"
    title = "How this section is tested: " + ", ".join(claim.id for claim in claims)
    link = nodes.reference("", "", nodes.Text("tested"), refuri=address, internal=True, reftitle=title)
    return nodes.paragraph("", "", link, classes=["tested"])


def pages_to_write(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Pages whose marks may have changed with the claims though their text did not."""
    now = digest(env)
    if getattr(env, "book_claims_digest", None) == now:
        return []
    env.book_claims_digest = now
    labels = env.get_domain("std").anonlabels
    return sorted({labels[claim.section][0] for claim in read(env)[0] if claim.section in labels})


def setup(app: Sphinx) -> None:
    """Connect the steps above to the build."""
    app.add_config_value("book_claims", "tests/claims", "env")
    app.add_directive("claims", Claims)
    app.connect("env-check-consistency", check)
    app.connect("env-updated", pages_to_write)
    app.connect("doctree-resolved", mark_sections)
