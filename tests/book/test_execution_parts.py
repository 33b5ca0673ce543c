"""The parts of execution, each by itself: what a build of the fixture book cannot show, or only slowly."""

import asyncio
import base64
import errno
import gzip
import json
import os
import re
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from sqlalchemy.exc import OperationalError

from book_ext import assets, download, execute, inputs, outputs, run, store
from book_ext.run import Chapter, Failed
from book_lib.explorables.assets import SUFFIX, pack


def chapter(folder: Path, *cells: str, **options: object) -> Chapter:
    """A page of code cells, in a file of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "page.md"
    lines, starts = ["# Page", ""], []
    for cell in cells:
        lines.append("```{code-cell}")
        starts.append(len(lines))
        lines += [":tags: [hide-input]", "", *cell.split("\n"), "```", ""]
    path.write_text("\n".join(lines), encoding="utf8")
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    notebook.metadata.update(source_map=starts, book=options)
    return Chapter("page", path, notebook)


def execute_it(page: Chapter, tmp_path: Path) -> run.Result:
    """Run a page in a kernel."""
    scratch = tmp_path / "_build"
    (scratch / "assets").mkdir(parents=True, exist_ok=True)
    return asyncio.run(run.run(page, tmp_path, scratch, scratch / "assets"))


# --- Runs -------------------------------------------------------------------------------------------


def test_run_reports_what_it_read_and_where(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("X = 1")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.txt").write_text("one")
    code = """\
import glob, os, pathlib, sys, module
here = pathlib.Path.cwd()
os.chdir("/")
text = open(here / "data" / "one.txt").read(), glob.glob(str(here / "data" / "*"))
open(here / "written.txt", "w").close()
print(sys.executable)
print(sys.flags.hash_randomization, os.environ["BOOK_BUILD"], sys.path.count(os.environ["BOOK_ROOT"]))"""
    page = chapter(tmp_path, code, "import sys\nprint('warn', file=sys.stderr)")
    result = execute_it(page, tmp_path)
    record = inputs.Inputs(tmp_path).record(result.report, [], result.started)
    assert set(record["files"]) == {"module.py", "data/one.txt"}
    assert set(record["folders"]) == {"data"}
    assert "ipykernel" in record["versions"] and "numpy" not in record["versions"]
    import sys

    assert page.notebook.cells[0].outputs[0].text == f"{sys.executable}\n0 1 1\n"
    assert page.notebook.cells[1].outputs == []


def test_error_names_the_line_of_the_page(tmp_path: Path) -> None:
    page = chapter(tmp_path, "def f():\n    raise KeyError('inner')", "x = 1\n\nf()")
    with pytest.raises(Failed) as failure:
        execute_it(page, tmp_path)
    line = page.path.read_text().splitlines().index("f()") + 1
    assert str(failure.value).startswith(
        f"{page.path}:{line}: code cell 2 of page failed: KeyError: 'inner'\n"
    )
    assert "Cell In[1], line 2" in str(failure.value)
    assert len(str(failure.value).splitlines()) < 2 + run.SHOWN


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = 1\nx = (", "SyntaxError: "),
        ("import time\ntime.sleep(60)", "it took longer than 1 s (cell_timeout_s)"),
        ("import os\nos._exit(3)", "its kernel died"),
    ],
)
def test_other_ways_to_fail(tmp_path: Path, code: str, words: str) -> None:
    page = chapter(tmp_path, code, cell_timeout_s=1)
    with pytest.raises(Failed, match=re.escape(f"code cell 1 of page failed: {words}")):
        execute_it(page, tmp_path)


def test_processes_of_a_chapter_end_with_it(tmp_path: Path) -> None:
    code = "import subprocess, sys\nprint(subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1).pid)"
    page = chapter(tmp_path, code)
    execute_it(page, tmp_path)
    process = int(page.notebook.cells[0].outputs[0].text)
    end = time.monotonic() + 10
    while (
        Path(f"/proc/{process}").exists() and "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    ):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_expected_warnings_stay_quiet(tmp_path: Path) -> None:
    warn = "import warnings\nwarnings.warn('{}')"
    page = chapter(tmp_path, warn.format("loud"), warn.format("quiet"))
    page.notebook.cells[1].metadata.tags = [run.EXPECTED]
    (warning,) = execute_it(page, tmp_path).warnings
    assert re.match(rf"{re.escape(str(page.path))}:\d+: code cell 1 of page: .*UserWarning: loud", warning)


def test_a_file_edited_while_a_chapter_waits_is_recorded_as_the_run_saw_it(tmp_path):
    module = tmp_path / "a.py"
    module.write_text("x = 1")
    book = inputs.Inputs(tmp_path)
    book.sha(module)  # as when the chapters to execute are chosen
    module.write_text("x = 2")
    os.utime(module, (time.time() - 60,) * 2)
    record = book.record({"files": [str(module)], "folders": [], "modules": []}, [], time.time())
    assert inputs.Inputs(tmp_path).changed(record, []) is None


# --- Inputs -----------------------------------------------------------------------------------------


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, dict]:
    """A folder with a few files, and the record of a run that read them."""
    for name in ("a.py", "d/one.txt", "_build/x.txt", "explorables/kit.js", "explorables/kit.css", "own.js"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (1, 1))
    names = [str(path) for path in tmp_path.rglob("*")] + ["/etc/hostname", str(tmp_path / "gone")]
    report = {"files": names, "folders": [str(tmp_path / "d"), "/etc"], "modules": ["numpy", "json"]}
    return tmp_path, inputs.Inputs(tmp_path).record(report, [], time.time())


def test_record_lists_the_sources_of_the_book(recorded: tuple[Path, dict]) -> None:
    """Not what is built, nor bundles of explorables (pages take them from disk), nor files elsewhere."""
    _, record = recorded
    assert set(record["files"]) == {"a.py", "d/one.txt", "own.js"}
    assert (set(record["folders"]), set(record["versions"])) == ({"d"}, {"numpy"})


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("python", "3.0.1", "Python is .*, was 3.0.1"),
        ("versions", {"numpy": "0.1"}, "the version of numpy changed"),
        ("versions", {"no-such-distribution": "1"}, "the version of no-such-distribution changed"),
        ("book_ext", {"kernel.py": "0"}, "book_ext/kernel.py changed"),
        ("files", {"gone.py": "0"}, "gone.py changed"),
        ("folders", {"d": "0"}, "the names in d changed"),
        ("folders", {"gone": "0"}, "the names in gone changed"),
    ],
)
def test_whatever_changed_is_named(recorded: tuple[Path, dict], key: str, value: object, words: str) -> None:
    root, record = recorded
    assert inputs.Inputs(root).changed(record, []) is None
    assert re.fullmatch(words, inputs.Inputs(root).changed({**record, key: value}, []))


def test_new_declared_file_counts(recorded: tuple[Path, dict]) -> None:
    root, record = recorded
    assert inputs.Inputs(root).changed(record, ["d/*.txt"]) is None
    (root / "d" / "two.csv").touch()
    assert inputs.Inputs(root).changed({**record, "folders": {}}, ["**/*.csv"]) == (
        "d/two.csv is new among the declared files"
    )


def test_file_changed_during_the_run_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("new")
    report = {"files": [str(tmp_path / "a.py")], "folders": [], "modules": []}
    early = time.time() - 10
    record = inputs.Inputs(tmp_path).record(report, [], early)
    assert inputs.Inputs(tmp_path).changed(record, []) == "a.py changed"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"budget": 3}, "unknown option 'budget'; there are budget_s, cell_timeout_s, files, threads"),
        ({"threads": 3}, "threads must be 1 or 2, not 3"),
        ({"budget_s": "long"}, "budget_s must be a number of seconds above 0, not 'long'"),
        ({"cell_timeout_s": 0}, "cell_timeout_s must be a number of seconds above 0, not 0"),
        ({"files": "data.csv"}, "files must be a list of names and globs, not 'data.csv'"),
    ],
)
def test_bad_front_matter(tmp_path: Path, options: dict, words: str) -> None:
    with pytest.raises(Failed, match=re.escape(f"page.md: front matter, book: {words}")):
        execute.check_options(chapter(tmp_path, "1", **options))


@pytest.mark.parametrize("pattern", ["*.cvs", "_build/*", "/etc/hostname", "d"])
def test_declared_files_must_exist(recorded: tuple[Path, dict], pattern: str) -> None:
    state = inputs.Inputs(recorded[0])
    execute.check_files(chapter(recorded[0] / "text", "1", files=["d/*.txt"]), state)
    with pytest.raises(Failed, match=re.escape(f"files: {pattern!r} is no file of the book")):
        execute.check_files(chapter(recorded[0] / "text", "1", files=["d/*.txt", pattern]), state)


def test_same_code_in_two_folders_is_an_error(tmp_path: Path) -> None:
    build = execute.Build(tmp_path, store.Store(tmp_path / "cache"), inputs.Inputs(tmp_path))
    a, b, c = (chapter(tmp_path / name, "1 + 1") for name in ("x", "x", "y"))
    assert build.twins([a, b]) is None
    assert (
        build.twins([a, c]) == f"{c.path}: its code is that of {a.path} in another folder; change one of them"
    )
    assert build.twins([chapter(tmp_path / "x"), chapter(tmp_path / "y")]) is None


@pytest.mark.parametrize("text", ["0", "two", "-1", "1.5"])
def test_bad_number_of_jobs(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("BOOK_JOBS", text)
    with pytest.raises(SystemExit):
        execute.jobs()


# --- Outputs ----------------------------------------------------------------------------------------


def test_outputs_lose_what_is_of_this_run_only(tmp_path: Path) -> None:
    cell = new_code_cell("print('at 0x12>')")
    text = f"<A object at 0x7f00aa> {tmp_path}/a.py\n10%\r20%\r\n"
    cell.outputs = [
        new_output("stream", name="stdout", text="one "),
        new_output("stream", name="stdout", text=text),
        new_output("execute_result", data={"text/plain": "<B at 0x1F>", "image/svg+xml": " at 0x1>"}),
    ]
    notebook = new_notebook(cells=[cell])
    outputs.steady(notebook, tmp_path)
    assert cell.source == "print('at 0x12>')"
    assert cell.outputs[0].text == "one <A object> a.py\n20%\r\n"
    assert cell.outputs[1].data == {"text/plain": "<B>", "image/svg+xml": " at 0x1>"}


def model(identity: str, **values: object) -> dict:
    """A widget's entry in the state."""
    return {"model_name": values.pop("name", "AnyModel"), "state": {"_anywidget_id": identity, **values}}


def test_widget_state_is_slim_and_steady(tmp_path: Path) -> None:
    def notebook(prefix: str) -> nbformat.NotebookNode:
        a, b, c, link, slider = (f"{prefix}{n}" * 4 for n in range(5))
        state = {
            c: {"model_name": "LayoutModel", "state": {}},
            a: model(
                "book_lib.explorables.lattice.Lattice", _esm="long", _css="long", layout=f"IPY_MODEL_{c}"
            ),
            b: model("__main__.Mine", _esm="own text", _css="own", friend=f"IPY_MODEL_{a}"),
            link: {"model_name": "LinkModel", "state": {"source": [f"IPY_MODEL_{a}", "t"]}},
            slider: {"model_name": "IntSliderModel", "state": {}},
        }
        cells = [new_markdown_cell("text")]
        for shown in (a, slider):
            view = {"model_id": shown, "version_major": 2}
            out = new_output("display_data", data={outputs.VIEW: view, "text/plain": "words"})
            cells.append(new_code_cell("show", outputs=[out]))
        made = new_notebook(cells=cells)
        made.metadata.widgets = {outputs.STATE: {"state": state}}
        return nbformat.from_dict(made)

    first, second = notebook("aabbccdd"), notebook("11223344")
    assert [(i, name) for i, _, name in outputs.dead_views(first)] == [(2, "IntSliderModel")]
    for made in (first, second):
        outputs.steady(made, tmp_path)
        for cell in made.cells:
            del cell["id"]
    assert first == second
    lattice, mine, link = first.metadata.widgets[outputs.STATE]["state"].values()
    assert lattice["state"] == {"_anywidget_id": "book_lib.explorables.lattice.Lattice", "_esm": "#lattice"}
    assert (mine["state"]["_esm"], mine["state"]["_css"]) == ("own text", "own")
    assert mine["state"]["friend"] == link["state"]["source"][0] == f"IPY_MODEL_{1:032x}"
    assert first.cells[1].outputs[0].data[outputs.VIEW]["model_id"] == f"{1:032x}"
    assert first.cells[2].outputs[0].data == {"text/plain": "words"}


# --- The store --------------------------------------------------------------------------------------


def test_full_disk_leaves_the_old_result_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = chapter(tmp_path, "1")
    kept = store.Store(tmp_path / "cache")
    kept.save("page", page.notebook, {"run": 1}, None)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError) as error:
        kept.save("page", page.notebook, {"run": 2}, None)
    assert kept.find(page.notebook).data["run"] == 1
    assert [p.name for p in (tmp_path / "cache" / "executed").iterdir()] == [kept.key(page.notebook)]
    assert store.is_full(error.value)


def test_errors_of_a_full_disk_are_known() -> None:
    try:
        try:
            raise OperationalError("INSERT", {}, Exception("database or disk is full"))
        except OperationalError as cause:
            raise RuntimeError("Unexpected error accessing jupyter cache") from cause
    except RuntimeError as error:
        assert store.is_full(error)
    assert not store.is_full(PermissionError(errno.EACCES, "no"))
    assert not store.is_full(RuntimeError("another"))


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100])
def test_broken_database_is_made_anew(tmp_path: Path, content: bytes) -> None:
    page = chapter(tmp_path, "1")
    store.Store(tmp_path / "cache").save("page", page.notebook, {}, None)
    (tmp_path / "cache" / "global.db").write_bytes(content)
    again = store.Store(tmp_path / "cache")
    assert again.find(page.notebook) is None
    again.save("page", page.notebook, {}, None)
    assert again.find(page.notebook) is not None


def test_store_keeps_assets_and_few_old_results(tmp_path: Path) -> None:
    kept = store.Store(tmp_path / "cache")
    shipped = tmp_path / "assets"
    shipped.mkdir()
    (shipped / "weights.asset").write_bytes(b"{}\n123")
    for number in range(5):
        page = chapter(tmp_path, f"{number}")
        record = kept.save("page", page.notebook, {}, shipped)
    assert len(kept.earlier("page")) == store.KEEP
    assert len(list((tmp_path / "cache" / "executed").iterdir())) == store.KEEP
    assert (kept.assets(record) / "weights.asset").read_bytes() == b"{}\n123"
    (kept.assets(record) / "weights.asset").unlink()
    assert kept.find(page.notebook) is None


# --- Assets and downloads ---------------------------------------------------------------------------


def registered(texts: dict[str, str]) -> dict[str, object]:
    """What a set of scripts would register."""
    pattern = re.compile(r'\(globalThis\.bookAssets \?\?= \{\}\)\["([^"]+)"\] = (.*);\n')
    return {m[1]: json.loads(m[2]) for m in (pattern.fullmatch(text) for text in texts.values())}


@pytest.mark.parametrize(
    "data", [np.arange(300_000) % 7, np.random.default_rng(0).bytes(900_000), {"a": [1]}]
)
def test_scripts_hold_the_data(data: object) -> None:
    header, body = pack(data)
    content = json.dumps(header).encode() + b"\n" + body
    texts = assets.scripts("some-data", content)
    found = registered(texts)
    head = found["some-data"]
    joined = b"".join(base64.b64decode(found[part]) for part in head["parts"])
    assert (gzip.decompress(joined) if head["zipped"] else joined) == body
    assert {f"{name}.js" for name in found} == set(texts)
    assert all(len(text) < 600_000 for text in texts.values())
    assert texts == assets.scripts("some-data", content)


def test_folder_of_scripts_is_brought_up_to_date(tmp_path: Path) -> None:
    for page, values in (("a", [1]), ("b", [2])):
        (tmp_path / page).mkdir()
        (tmp_path / page / f"data-{page}{SUFFIX}").write_bytes(b'{"kind":"json"}\n' + str(values).encode())
    folders = {"a": str(tmp_path / "a"), "b": str(tmp_path / "b"), "c": str(tmp_path / "none")}
    assets.write(tmp_path / "out", assets.collect(folders))
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"data-a.js", "data-b.js"} < names and len(names) == 4
    (tmp_path / "b" / f"data-b{SUFFIX}").rename(tmp_path / "b" / f"data-a{SUFFIX}")
    with pytest.raises(assets.AssetError, match="'data-a': a and b ship different data"):
        assets.collect(folders)
    assets.write(tmp_path / "out", assets.collect({"a": folders["a"]}))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {n for n in names if "data-a" in n}


def test_downloaded_notebook() -> None:
    text = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3}
---
# Title

```{code-cell} ipython3
:tags: [hide-input]
1 + 1
```
"""
    source = {"url": "https://example.org/book", "branch": "main"}
    notebook = download.notebook(text, download.introduction("A Book", source))
    nbformat.validate(notebook)
    assert "pip install git+https://example.org/book@main" in notebook.cells[0].source
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "markdown", "code"]
    assert notebook.cells[2].metadata.jupyter["source_hidden"] is True
    quiz = download.notebook(text.replace("hide-input", "remove-input"), download.introduction("A Book", source))
    assert quiz.cells[2].metadata.jupyter["source_hidden"] is True, "answers are folded in the notebook too"
    assert notebook == download.notebook(text, download.introduction("A Book", source))
    assert download.launch(source, "a.md") == []
