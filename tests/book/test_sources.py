"""The book's sources are complete: figures, exercises, terms, links, claims; and hold nothing they must not."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.book import sources

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = ROOT / "tests" / "claims"


def toc_files() -> list[str]:
    """Every file of _toc.yml, without its suffix, in order."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [toc["root"]]

    def collect(entries: list[dict]) -> None:
        for entry in entries:
            files.extend([entry["file"]] if "file" in entry else [])
            collect(entry.get("sections", []))

    for part in [toc, *toc.get("parts", [])]:
        collect(part.get("chapters", []))
    return files


def tracked() -> list[str]:
    """Every file that is, or would be, committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted({name for name in listed.stdout.splitlines() if (ROOT / name).is_file()})


def read(name: str) -> str:
    """A source file's text."""
    return (ROOT / name).read_text(encoding="utf-8")


PAGES = [f"{name}.md" for name in toc_files()]
every_page = pytest.mark.parametrize("page", PAGES)


# --------------------------------------------------------------------------------------------------- pages


@every_page
def test_every_figure_is_captioned_and_described(page):
    assert sources.check_figures(page, read(page)) == []


@every_page
def test_every_exercise_has_a_solution(page):
    assert sources.check_exercises(page, read(page)) == []


@every_page
def test_cells_are_short_and_install_nothing(page):
    assert sources.check_cells(page, read(page)) == []


@every_page
def test_every_term_is_in_the_glossary(page):
    known = sources.glossary(read("appendix/glossary.md"))
    assert sources.check_terms(page, read(page), known) == []


@pytest.mark.parametrize("page", [*PAGES, "README.md", "CONTRIBUTING.md"])
def test_links_are_relative(page):
    assert sources.check_links(page, read(page), ROOT) == []


def test_every_page_is_in_the_table_of_contents():
    there = {
        str(path.relative_to(ROOT))
        for folder in ("chapters", "appendix")
        for path in (ROOT / folder).glob("*.md")
    }
    assert there <= set(PAGES)


def test_the_glossary_is_in_order_and_in_both_languages():
    body = next(
        b.body for b in sources.blocks("glossary", read("appendix/glossary.md")) if b.name == "glossary"
    )
    terms = [line for line in body.splitlines() if line and not line[0].isspace()]
    assert terms == sorted(terms, key=str.lower)
    definitions = re.findall(r"^  (\S.*?) · ", body, re.MULTILINE)
    assert len(definitions) == len(terms)
    assert all(re.search(r"[\u4e00-\u9fff]", name) for name in definitions)


def test_no_page_names_a_lecturer_or_a_deck():
    for page in PAGES:
        assert not re.search(r"\b(Prof\.|Professor|Dr\.) ?[A-Z]|教授|老师", read(page)), page


# -------------------------------------------------------------------------------------------------- claims


def required_rows() -> list[str]:
    """The rows of the chapters that are in the table of contents."""
    table = yaml.safe_load((CLAIMS / "syllabus.yml").read_text(encoding="utf-8"))
    chapters = [name for name in toc_files() if name.startswith("chapters/")]
    missing = [name for name in chapters if name not in table]
    assert not missing, f"tests/claims/syllabus.yml has no rows for {missing}"
    return [row for name in chapters for row in table[name]]


def test_every_row_is_claimed_and_tested():
    claims = yaml.safe_load((CLAIMS / "claims.yml").read_text(encoding="utf-8"))
    tests = [
        (str(path.relative_to(ROOT)), read(str(path.relative_to(ROOT))))
        for path in ROOT.glob("tests/**/test_*.py")
    ]
    labels = set().union(*(sources.labels_of(read(page)) for page in PAGES if page.startswith("chapters/")))
    tested = sources.claimed_in_tests((file, text) for file, text in tests if "fixture" not in file)
    assert sources.check_claims(required_rows(), claims, tested, labels) == []


# --------------------------------------------------------------------------------- what must not be there

# Written in pieces, so that this file does not hold what it looks for.
HOSTS = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "registry." + "npmjs",
    "download." + "pytorch",
    "deb." + "debian",
]
PLACES = [
    "/" + place + "/" for place in ("work", "root", "home", "Users", "opt/py" + "pi", "opt/wh" + "eels")
]


def test_no_registry_host_and_no_path_of_a_machine():
    found = []
    for name in tracked():
        try:
            text = read(name)
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            hosts = [host for host in HOSTS if host in line]
            places = [place for place in PLACES if re.search(rf"(?<![\w.~*-]){place}\w", line)]
            found += [f"{name}:{number}: {word}" for word in hosts + places]
    assert not found, "\n".join(found)


def test_the_lock_file_names_no_download_address():
    lock = json.loads(read("package-lock.json"))
    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_nothing_built_is_tracked():
    built = [
        name for name in tracked() if re.match(r"(_build|\.venv|node_modules|dist)/|.*/dist/|.*\.pyc$", name)
    ]
    assert not built


# ---------------------------------------------------------- the checks themselves, on sources that are wrong

CELL = """```{{code-cell}} ipython3
---
{options}
---
{code}
```
"""
CAPTION = "mystnb:\n  figure:\n    name: fig-a\n    caption: What to see."


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (CAPTION, "show(fig, alt='A curve.')", ""),
        (CAPTION, "show(fig)", "without alt="),
        ("tags: [hide-input]", "show(fig, alt='A curve.')", "without a caption"),
        ("mystnb: {figure: {name: fig-a}}", "show(fig, alt='A curve.')", "without a caption"),
        ("tags: []", "Lattice()", "without a caption"),
        ("tags: []", "Quiz([])", ""),
        ("tags: []", "a = 1", ""),
    ],
)
def test_a_figure_without_words_is_found(options, code, message):
    complaints = sources.check_figures("page.md", CELL.format(options=options, code=code))
    assert (
        any(message in line and line.startswith("page.md:1") for line in complaints)
        if message
        else not complaints
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```{figure} a.svg\n:alt: A curve.\nWhat to see.\n```", ""),
        ("```{figure} a.svg\nWhat to see.\n```", "without :alt:"),
        ("```{figure} a.svg\n:alt: A curve.\n```", "without a caption"),
        ("![](a.svg)", "without a description"),
    ],
)
def test_a_written_figure_without_words_is_found(text, message):
    complaints = sources.check_figures("page.md", text)
    assert any(message in line for line in complaints) if message else not complaints


EXERCISE = """````{exercise} A
:label: ex-a

*code · difficulty 2 · 5 minutes.* Do.

```{dropdown} Hint
Think.
```
````
"""
SOLUTION = "```{solution} ex-a\nDone.\n```\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (EXERCISE + SOLUTION, ""),
        (EXERCISE + "```{solution-start} ex-a\n```\nDone.\n```{solution-end}\n```\n", ""),
        (EXERCISE, "has no solution"),
        (SOLUTION, "which is no exercise"),
        (EXERCISE.replace(":label: ex-a\n", "") + SOLUTION, "without a label"),
        (EXERCISE.replace("Hint", "More") + SOLUTION, "has no hint"),
        (EXERCISE.replace("difficulty 2", "hard") + SOLUTION, "does not say"),
        (EXERCISE + "```{solution-start} ex-a\n```\nDone.\n", "solution-end"),
    ],
)
def test_an_unfinished_exercise_is_found(text, message):
    complaints = sources.check_exercises("page.md", text)
    assert any(message in line for line in complaints) if message else not complaints


def test_an_unknown_term_and_a_dead_link_are_found(tmp_path):
    known = sources.glossary("```{glossary}\nspin\n  自旋 · Up or down.\n```")
    assert sources.check_terms("page.md", "{term}`Spins <spin>` and {term}`spin`", known) == []
    assert sources.check_terms("page.md", "\n{term}`spins`", known) == [
        "page.md:2: the glossary has no 'spins'"
    ]
    (tmp_path / "there.md").touch()
    text = "[a](there.md) [b](gone.md) [c](/there.md) [d](http://host/x)"
    assert len(sources.check_links("page.md", text, tmp_path)) == 3


def test_long_cells_and_downloads_are_found():
    long = CELL.format(options="tags: []", code="\n".join(f"a = {n}" for n in range(16)))
    assert "16 lines" in sources.check_cells("page.md", long)[0]
    assert sources.check_cells("page.md", long.replace("tags: []", "tags: [hide-input]")) == []
    quiz = CELL.format(options="tags: [hide-input]", code="Quiz([])")
    assert any("with its answers" in line for line in sources.check_cells("page.md", quiz))
    assert sources.check_cells("page.md", quiz.replace("hide-input", "remove-input")) == []
    for code in ("!ls", "%pip install x", "import urllib.request"):
        assert sources.check_cells("page.md", CELL.format(options="tags: []", code=code))


def test_missing_claims_are_found():
    claims = [{"id": "I-01", "section": "sec-a", "statement": "It is so."}]
    tests = {"I-01": ["test_a.py::test_a"]}
    assert sources.check_claims(["I-01"], claims, tests, {"sec-a"}) == []
    assert "not claimed" in sources.check_claims(["I-01"], [], tests, {"sec-a"})[0]
    assert "has no test" in sources.check_claims(["I-01"], claims, {}, {"sec-a"})[0]
    assert "no chapter has the label" in sources.check_claims(["I-01"], claims, tests, set())[0]
    assert "2 times" in sources.check_claims(["I-01"], claims * 2, tests, {"sec-a"})[0]
    assert "in no chapter" in sources.check_claims([], claims, tests, {"sec-a"})[0]
    source = '@pytest.mark.claim("I-01", "I-02")\ndef test_a():\n    pass\n'
    assert sources.claimed_in_tests([("t.py", source)]) == {
        "I-01": ["t.py::test_a"],
        "I-02": ["t.py::test_a"],
    }
