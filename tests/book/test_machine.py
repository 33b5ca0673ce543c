"""The commands, the pins and continuous integration: what a reader's machine and ours rely on."""

import ast
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

import tasks
from tests.conftest import unit

ROOT = Path(__file__).resolve().parents[2]


def read(name: str) -> str:
    """A file's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def pins(name: str) -> dict[str, str]:
    """Package and version of each line of a requirements file."""
    lines = [line.split("#")[0].strip() for line in read(name).splitlines()]
    rows = [line for line in lines if line and not line.startswith("-r ")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", row) for row in rows), rows
    return {re.sub(r"[-_.]+", "-", name).lower(): value for name, value in (row.split("==") for row in rows)}


def installed(name: str) -> bool:
    """Whether a package is on this machine (some of those pinned belong to other systems)."""
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


# ---------------------------------------------------------------------------------------------------- pins


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_requirements_are_pinned_as_in_the_constraints(name):
    constraints = pins("constraints.txt")
    assert {package: constraints.get(package) for package in pins(name)} == pins(name)


def test_constraints_hold_no_local_version_and_no_graphics_card():
    constraints = pins("constraints.txt")  # the pattern there has no room for a "+cpu"
    assert not [package for package in constraints if package.startswith(("nvidia", "triton", "cuda"))]
    assert "from-magnets-to-language-models" not in constraints


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_what_is_installed_is_what_is_pinned(name):
    wrong = {p: version(p) for p, pinned in pins(name).items() if version(p).split("+")[0] != pinned}
    assert not wrong


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0", "3.14.0"])
def test_every_pinned_version_installs_from_the_oldest_python_on(python):
    """Debian's Python is 3.11.2; a package that asks for 3.11.5 fails its set-up as "conflicting dependencies"."""
    from importlib.metadata import distribution

    from packaging.specifiers import SpecifierSet

    here = filter(installed, pins("constraints.txt"))
    asks = {name: distribution(name).metadata.get("Requires-Python") for name in here}
    assert len(asks) > 100
    assert not {name: spec for name, spec in asks.items() if python not in SpecifierSet(spec or "")}


def test_everything_installed_is_constrained():
    """What the requirements bring along on this machine, followed through their own requirements."""
    from importlib.metadata import distribution

    from packaging.requirements import Requirement

    constraints, seen, todo = pins("constraints.txt"), set(), []
    todo += [
        Requirement(name) for file in ("requirements.txt", "requirements-test.txt") for name in pins(file)
    ]
    while todo:
        wanted = todo.pop()
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        if (name, *sorted(wanted.extras)) in seen:
            continue
        seen.add((name, *sorted(wanted.extras)))
        try:
            further = distribution(name).requires or []
        except PackageNotFoundError:  # a graphics-card package that the build for processors does without
            continue
        extras = [{"extra": extra} for extra in wanted.extras] or [{"extra": ""}]
        rows = [Requirement(row) for row in further]
        todo += [row for row in rows if not row.marker or any(row.marker.evaluate(extra) for extra in extras)]
        assert constraints.get(name) == version(name).split("+")[0], name


def test_build_requirements_are_the_constraints():
    block = re.search(r"requires = \[(.*?)\]", read("pyproject.toml"))[1]
    for package, pinned in re.findall(r'"([\w-]+)==([\w.]+)"', block):
        assert pins("constraints.txt")[package] == pinned
    assert len(re.findall(r"==", block)) == len(re.findall(r'"[^"]+"', block)) == 2


def test_npm_packages_are_pinned():
    import json

    package = json.loads(read("package.json"))
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", pinned) for pinned in package["devDependencies"].values())
    assert "dependencies" not in package


# ------------------------------------------------------------------------------------------------ commands


def test_tasks_parse_on_old_pythons_and_use_the_standard_library():
    tree = ast.parse(read("tasks.py"), feature_version=(3, 7))
    imports = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imports |= {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imports <= sys.stdlib_module_names


def test_an_old_python_is_told_so(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18, "final", 0))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SystemExit) as stop:
        exec(
            compile(read("tasks.py"), "tasks.py", "exec"),
            {"__name__": "tasks", "__file__": str(ROOT / "tasks.py")},
        )
    assert "This is Python 3.8; the book needs Python 3.11 or newer" in str(stop.value)
    assert "make book PYTHON=" in str(stop.value)


def test_an_old_python_hands_over_to_a_newer_one(monkeypatch):
    class Handed(Exception):
        pass

    def execute(path, words):
        raise Handed(path, words)

    monkeypatch.setattr(sys, "version_info", (3, 8, 18, "final", 0))
    monkeypatch.setattr(sys, "argv", ["tasks.py", "book"])
    monkeypatch.setattr(shutil, "which", lambda name: sys.executable if name == "python3.12" else None)
    monkeypatch.setattr("os.execv", execute)
    with pytest.raises(Handed) as handed:
        exec(
            compile(read("tasks.py"), "tasks.py", "exec"),
            {"__name__": "tasks", "__file__": str(ROOT / "tasks.py")},
        )
    assert handed.value.args == (sys.executable, [sys.executable, str(ROOT / "tasks.py"), "book"])


def test_a_full_disk_is_told_before_it_hurts(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1.2e9))
    with pytest.raises(tasks.Failure, match=r"Only 1\.2 GB are free .* need 3"):
        tasks.check_space()
    monkeypatch.setattr(tasks, "set_up", lambda *words: None)
    assert tasks.main(["book"]) == 1
    assert "make clean" in capsys.readouterr().err


def test_a_disk_that_fills_up_on_the_way_is_no_traceback(monkeypatch, capsys):
    def full(*words):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tasks, "set_up", full)
    assert tasks.main(["book"]) == 1
    assert "The disk is full" in capsys.readouterr().err


def test_a_missing_chromium_is_told_with_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(tasks, "set_up", lambda *words: None)
    monkeypatch.setattr(tasks, "find_chromium", lambda: None)
    assert tasks.main(["test"]) == 1
    said = capsys.readouterr().err
    for words in ("apt install chromium", "playwright install chromium", "CHROMIUM=", "--no-site"):
        assert words in said


def test_the_chromium_without_windows_is_taken_first(monkeypatch, tmp_path):
    for name in ("chromium", "chromium-headless-shell"):
        (tmp_path / name).touch(0o755)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tasks.find_chromium() == str(tmp_path / "chromium-headless-shell")


def test_chromium_is_taken_from_the_variable(monkeypatch, tmp_path):
    browser = tmp_path / "chrome"
    browser.touch()
    monkeypatch.setenv("CHROMIUM", str(browser))
    assert tasks.find_chromium() == str(browser)
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    assert tasks.find_chromium() is None


def test_a_step_is_done_once_and_again_when_its_input_changes(monkeypatch, tmp_path):
    for name in ("constraints.txt", "requirements.txt", "requirements-test.txt"):
        (tmp_path / name).write_text("a==1\n")
    done = []
    monkeypatch.setattr(tasks, "ROOT", tmp_path)
    monkeypatch.setattr(tasks, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(tasks, "check_space", lambda: None)
    monkeypatch.setattr(tasks, "must", lambda what, *command, **options: done.append(command))
    for _ in range(2):
        tasks.install_packages("requirements.txt")
    assert len(done) == 1
    (tmp_path / "constraints.txt").write_text("a==2\n")
    tasks.install_packages("requirements.txt")
    assert len(done) == 2


def test_two_commands_wait_for_each_other(monkeypatch, tmp_path):
    monkeypatch.setattr(tasks, "BUILD", tmp_path / "_build")
    with tasks.lock():
        other = f"import tasks, pathlib; tasks.BUILD = pathlib.Path({str(tmp_path / '_build')!r})\n"
        other += "with open(tasks.BUILD / '.build.lock', 'a+') as handle: print(tasks.take(handle))"
        done = subprocess.run(
            [sys.executable, "-c", other], cwd=ROOT, capture_output=True, text=True, check=True
        )
    assert done.stdout.strip() == "False"
    done = subprocess.run([sys.executable, "-c", other], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_a_failing_command_stops_with_its_last_words(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(tasks, "BUILD", tmp_path)
    monkeypatch.setattr(tasks, "ROOT", tmp_path)
    with pytest.raises(tasks.Failure, match="Greeting failed"):
        tasks.must(
            "Greeting", sys.executable, "-c", "print('no network'); raise SystemExit(3)", log="greeting.log"
        )
    assert "no network" in capsys.readouterr().out


def test_a_files_tests_stay_in_one_process_and_a_pages_too():
    assert unit("tests/book/test_execution.py::test_a[x]") == unit("tests/book/test_execution.py::test_b")
    pages = [f"tests/site/test_site.py::test_page[{p}]" for p in ("dark-chapters/ising.html", "index.html")]
    assert unit(pages[0]) == unit("tests/site/test_site.py::test_budget[chapters/ising.html]") != unit(pages[1])


def test_the_summary_counts_what_failed(tmp_path, capsys):
    case = '<testcase name="{}">{}</testcase>'
    cases = case.format("a", "") + case.format("b", "<failure/>") + case.format("c", "<skipped/>")
    (tmp_path / "pytest.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    tasks.summarize([("book", 0, 1.0), ("ruff", 1, 1.0), ("pytest", 1, 1.0)], tmp_path)
    assert capsys.readouterr().out.splitlines()[-1] == "2 passed, 2 failed, 1 skipped"


def test_a_step_that_dies_without_counts_is_a_failure(tmp_path, capsys):
    tasks.summarize([("pytest", 3, 1.0)], tmp_path)
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_two_trees_are_compared_byte_by_byte(tmp_path):
    for name, text in (("one", "a"), ("two", "a")):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "same").write_text(text)
        (tmp_path / name / "other").write_text(name)
    (tmp_path / "two" / "more").touch()
    assert tasks.differences(tmp_path / "one", tmp_path / "two") == ["more", "other"]


def test_the_makefile_only_calls_tasks():
    commands = set(tasks.parser()._subparsers._group_actions[0].choices)
    recipes = [line for line in read("Makefile").splitlines() if line.startswith("\t")]
    assert recipes == ["\t@$(PYTHON) -m tasks $@ $(ARGS)"]
    targets = re.search(r"^(.*):$", read("Makefile"), re.MULTILINE)[1].split()
    assert set(targets) == commands


# ------------------------------------------------------------------------------------------------- serving


def test_the_workflow_is_pinned_and_asks_for_little():
    text = read(".github/workflows/book.yml")
    workflow = yaml.safe_load(text)
    uses = re.findall(r"uses: (\S+)", text)
    assert uses and all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", use) for use in uses)
    assert workflow["permissions"] == {"contents": "read"}
    extra = {name: job.get("permissions") for name, job in workflow["jobs"].items() if "permissions" in job}
    assert extra == {"deploy": {"pages": "write", "id-token": "write"}, "attach": {"contents": "write"}}
    assert "bash .ci/run" in text
    assert "${{ github.event" not in "".join(re.findall(r"run: \|\n((?: {10}.*\n)+)", text))


def test_ci_calls_the_readmes_command():
    script = read(".ci/run")
    assert script.rstrip().endswith("exec make test")
    assert "set -euo pipefail" in script
    assert subprocess.run(["bash", "-n", str(ROOT / ".ci" / "run")], check=False).returncode == 0
    assert "make test" in read("README.md") and "make book" in read("README.md")
