"""Honest execution, tested on a book of three pages that is really built (`jupyter-book build`).

The builds share folders to keep this short: `book` is built once, then each case edits it and builds again.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = Path(__file__).with_name("fixture")
LEAF, BASE = "chapters/leaf", "chapters/base"


@dataclass
class Built:
    """How a build went."""

    status: int
    text: str

    @property
    def executed(self) -> set[str]:
        """The pages that the build executed."""
        return set(re.findall(r"^\[\d+/\d+\] (\S+) +[\d.]+ s of", self.text, re.MULTILINE))


@dataclass
class Book:
    """A copy of the fixture book, a distribution of its own beside it, and how to build it."""

    root: Path
    site_packages: Path

    @classmethod
    def copy(cls, folder: Path) -> "Book":
        """A fresh copy in a folder."""
        book = cls(folder / "book", folder / "site-packages")
        shutil.copytree(FIXTURE, book.root)
        bogus = folder / "jupyter" / "kernels" / "python3"
        bogus.mkdir(parents=True)
        (bogus / "kernel.json").write_text('{"argv": ["false"], "display_name": "no", "language": "python"}')
        book.install("1.0")
        return book

    def install(self, version: str) -> None:
        """Pretend to install a version of the distribution `toydist`."""
        shutil.rmtree(self.site_packages, ignore_errors=True)
        info = self.site_packages / f"toydist-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: toydist\nVersion: {version}\n")
        (info / "top_level.txt").write_text("toydist\n")
        (self.site_packages / "toydist.py").write_text(f"VERSION = {version!r}\n")

    def start(self) -> subprocess.Popen:
        """Begin to build, warnings being errors."""
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(self.site_packages)]),
            "JUPYTER_PATH": str(self.root.parent / "jupyter"),  # a kernel "python3" that must not be used
            "NO_COLOR": "1",
            "BOOK_JOBS": "2",
        }
        jupyter_book = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
        command = [*jupyter_book, "build", str(self.root), "-W", "--keep-going"]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def build(self) -> Built:
        """Build, and say how it went."""
        process = self.start()
        text, _ = process.communicate(timeout=300)
        return Built(process.returncode, re.sub(r"\x1b\[[\d;]*m", "", text))

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text in a file of the book."""
        path = self.root / name
        text = path.read_text(encoding="utf8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf8")

    def html(self, page: str) -> str:
        """A page of the site."""
        return (self.root / "_build" / "html" / f"{page}.html").read_text(encoding="utf8")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Built]:
    """A book, and how its first build went."""
    book = Book.copy(tmp_path_factory.mktemp("first"))
    return book, book.build()


@pytest.fixture(scope="module")
def book(first: tuple[Book, Built]) -> Book:
    """A book that has been built."""
    assert first[1].status == 0, first[1].text[-4000:]
    return first[0]


@pytest.fixture(scope="module")
def site(book: Book) -> dict[str, bytes]:
    """The files of the site as the first build wrote it."""
    found = files(book.root / "_build" / "html")
    assert "index.html" in found
    return found


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder: name → content."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# --- The first build --------------------------------------------------------------------------------


def test_first_build_executes_every_page(first: tuple[Book, Built], book: Book) -> None:
    assert first[1].executed == {LEAF, BASE}
    assert "doubled: 2" in book.html(LEAF)


def test_time_stands_beside_its_budget(first: tuple[Book, Built], book: Book) -> None:
    assert re.search(rf"\] {BASE} +[\d.]+ s of 0.01 s   OVER BUDGET$", first[1].text, re.MULTILINE)
    assert re.search(rf"\] {LEAF} +[\d.]+ s of 600 s$", first[1].text, re.MULTILINE)


def test_a_page_gets_the_threads_it_asks_for(book: Book) -> None:
    assert "threads: 2" in book.html(BASE)
    assert "threads: 1" in book.html(LEAF)


def test_outputs_are_steady(book: Book) -> None:
    assert book.html(LEAF).count("terminal only") == 1  # in the code, not in the output
    assert "&lt;object object&gt;" in book.html(LEAF)
    assert re.search(r'"model_id": ?"0{31}\d"', book.html(BASE))


def test_notebooks_are_offered(book: Book) -> None:
    folder = book.root / "_build" / "html" / "_downloads"
    notebook = nbformat.read(folder / f"{LEAF}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert "pip install" in notebook.cells[0].source
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    assert (folder / f"{LEAF}.md").read_bytes() == (book.root / f"{LEAF}.md").read_bytes()
    assert f'href="../_downloads/{LEAF}.ipynb"' in book.html(LEAF)
    assert "mybinder" not in book.html(LEAF)  # no repository is configured


# --- What executes, and what does not ---------------------------------------------------------------


def test_from_the_cache_come_the_same_bytes(book: Book, site: dict[str, bytes]) -> None:
    """Nothing changed: nothing executes; a site made anew has all that the first had, assets too."""
    shutil.rmtree(book.root / "_build" / "html")
    shutil.rmtree(book.root / "_build" / ".doctrees")
    built = book.build()
    assert (built.status, built.executed) == (0, set())
    again = files(book.root / "_build" / "html")
    assert "_static/assets/toy-squares.js" in again
    assert [name for name in site.keys() | again.keys() if site.get(name) != again.get(name)] == []


def edit(*edits: tuple[str, str, str]) -> Callable[[Book], None]:
    """Edits of files (name, old, new), as a case of the table below."""
    return lambda book: [book.edit(*one) for one in edits] and None


WORDS = [
    (f"{LEAF}.md", "This page uses", "It uses"),
    (f"{BASE}.md", "caption: A line", "caption: One line"),
    (f"{LEAF}.md", "hide-input", "hide-output"),
]


def add(name: str) -> Callable[[Book], None]:
    """A new file."""
    return lambda book: (book.root / name).write_text("new\n") and None


def damage(book: Book) -> None:
    """Cut the stored outputs of the base page short."""
    for path in (book.root / "_build" / ".jupyter_cache" / "executed").glob("*/base.ipynb"):
        if "numbers:" in path.read_text(encoding="utf8"):
            path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(edit(*WORDS), set(), id="prose-caption-tag"),
        pytest.param(edit(("toy/leaf.py", "2 * one()", "one() + one()")), {LEAF}, id="leaf-module"),
        pytest.param(edit(("toy/base.py", "return 1", "return 2 - 1")), {LEAF, BASE}, id="base-module"),
        pytest.param(edit(("data/numbers.csv", "2", "20")), {BASE}, id="undeclared-data"),
        pytest.param(edit(("declared/one.txt", "found", "seen")), {LEAF}, id="declared-file"),
        pytest.param(add("data/more.csv"), {LEAF}, id="new-name-in-a-listed-folder"),
        pytest.param(lambda book: book.install("1.1"), {LEAF}, id="version"),
        pytest.param(edit((f"{BASE}.md", '"one:"', '"One:"')), {BASE}, id="code"),
        pytest.param(damage, {BASE}, id="damaged-cache"),
    ],
)
def test_exactly_the_pages_concerned_execute(
    book: Book, site: dict, change: Callable[[Book], None], expected: set[str]
) -> None:
    change(book)
    built = book.build()
    assert built.status == 0, built.text[-4000:]
    assert built.executed == expected
    assert "numbers:" in book.html(BASE) and "doubled: 2" in book.html(LEAF)


def test_pages_show_what_is_new(book: Book, site: dict) -> None:
    """Prose, caption, data and version of the cases above have reached the pages."""
    assert "It uses the leaf" in book.html(LEAF) and "1.1" in book.html(LEAF)
    assert "One line that rises" in book.html(BASE) and "20" in book.html(BASE)


# --- When things go wrong ---------------------------------------------------------------------------


def test_failure_names_the_place_and_keeps_the_rest(book: Book, site: dict) -> None:
    book.edit(f"{LEAF}.md", "print(object())", "1 / 0")
    book.edit(f"{BASE}.md", '"One:"', '"ONE:"')
    built = book.build()
    line = 1 + (book.root / f"{LEAF}.md").read_text().splitlines().index("1 / 0")
    assert built.status == 1
    where = f"{book.root}/{LEAF}.md:{line}: code cell 2 of {LEAF} failed: ZeroDivisionError: division by zero"
    assert where in built.text
    assert "----> " in built.text and "Traceback (most recent call last):\n  File" not in built.text
    assert built.executed == {BASE}  # and kept: the next build does not repeat it
    book.edit(f"{LEAF}.md", "1 / 0", "print(object())")


def test_warning_of_a_cell_is_a_warning_of_every_build(book: Book, site: dict) -> None:
    book.edit(f"{LEAF}.md", "print(object())", 'import warnings; warnings.warn("careful")')
    for executed in ({LEAF}, set()):
        built = book.build()
        assert (built.status, built.executed) == (1, executed)
        assert f"{LEAF}.md:" in built.text and "UserWarning: careful" in built.text
    book.edit(f"{LEAF}.md", 'import warnings; warnings.warn("careful")', "print(object())")


def test_warning_of_a_page_fails_every_build_until_it_is_mended(book: Book, site: dict) -> None:
    book.edit("index.md", "# ", "![](nowhere.png)\n\n# ")
    for _ in range(2):
        built = book.build()
        assert built.status == 1 and "nowhere.png" in built.text
    book.edit("index.md", "![](nowhere.png)\n\n# ", "# ")
    assert book.build().status == 0


def test_a_page_that_leaves_the_contents_leaves_the_site(book: Book, site: dict) -> None:
    pages = [book.root / "_build" / "html" / name for name in (f"{LEAF}.html", f"_downloads/{LEAF}.md")]
    assert all(page.is_file() for page in pages)
    book.edit("_toc.yml", f"  - file: {LEAF}\n", "")
    book.build()
    assert not any(page.exists() for page in pages)
    book.edit("_toc.yml", "chapters:\n", f"chapters:\n  - file: {LEAF}\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_no_kernel_outlives_the_build(book: Book, site: dict, number: int) -> None:
    mark = book.root / "_build" / f"mark-{int(number)}"
    nap = f"Path({str(mark)!r}).write_text(str(os.getpid())); import time; time.sleep(100)"
    book.edit(f"{LEAF}.md", "print(object())", nap)
    process = book.start()
    try:
        wait(lambda: mark.is_file() and mark.read_text())
        process.send_signal(number)
        text, _ = process.communicate(timeout=180)
    finally:
        process.kill()
        book.edit(f"{LEAF}.md", nap, "print(object())")
    wait(lambda: not alive(int(mark.read_text())))
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted" in text


def wait(condition: Callable[[], object], seconds: float = 180) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def alive(process: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


# --- The same commit, the same bytes ----------------------------------------------------------------


def test_another_folder_gives_the_same_site(site: dict[str, bytes], tmp_path: Path) -> None:
    other = Book.copy(tmp_path / "a" / "longer" / "path")
    built = other.build()
    assert built.status == 0, built.text[-4000:]
    again = files(other.root / "_build" / "html")
    assert [name for name in site.keys() | again.keys() if site.get(name) != again.get(name)] == []
