"""Stored results: when they are found again, what they may hold, and what happens to damaged ones."""

import importlib
import json
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from book_lib import runs
from book_lib.recipes import describe, imports, strip

EXPERIMENT = '''
"""An experiment."""
import numpy as np

from study import tools
from study.deep.rules import rule

def measure(n, checkpoint=None):
    """Measure."""
    import study.late
    tools.calls.append(n)
    return {"squares": tools.square(np.arange(n)), "rule": rule(n), "name": "measured"}
'''


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """A package `study` on the module path; call it with edits (file → text) to get its experiment afresh."""
    package = tmp_path / "project" / "study"
    texts = {
        "__init__.py": "",
        "deep/__init__.py": "",
        "deep/rules.py": "def rule(n):\n    return n + 1\n",
        "tools.py": "calls = []\n\ndef square(x):\n    return x * x\n",
        "late.py": "LATE = 1\n",
        "plots.py": "COLOR = 'red'\n",
        "experiment.py": EXPERIMENT,
    }
    monkeypatch.syspath_prepend(package.parent)

    def afresh(**edits: str) -> ModuleType:
        for name, text in {**texts, **{k.replace("__", "/") + ".py": v for k, v in edits.items()}}.items():
            path = package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for name in [name for name in sys.modules if name.partition(".")[0] == "study"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        sys.dont_write_bytecode, old = True, sys.dont_write_bytecode
        try:
            return importlib.import_module("study.experiment")
        finally:
            sys.dont_write_bytecode = old

    return afresh


def calls(module: ModuleType) -> list[int]:
    """The arguments that the experiment was called with since it was imported."""
    return module.tools.calls


def test_second_call_reads_what_the_first_computed(study: Callable, tmp_path: Path) -> None:
    module = study()
    first = runs.cached("squares", module.measure, {"n": 4}, folder=tmp_path)
    second = runs.cached("squares", module.measure, {"n": 4}, folder=tmp_path)
    assert calls(module) == [4]
    for result in (first, second):
        assert list(result) == ["squares", "rule", "name"]
        assert result["squares"].tolist() == [0, 1, 4, 9] and result["squares"].dtype == np.arange(1).dtype
        assert (result["rule"], result["name"]) == (5, "measured")


@pytest.mark.parametrize(
    ("edits", "again"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"plots": "COLOR = 'blue'\n"}, False, id="module-not-imported"),
        pytest.param({"experiment": EXPERIMENT.replace("Measure.", "Other words.")}, False, id="words"),
        pytest.param({"experiment": EXPERIMENT.replace("(n)),", "(0, n)),")}, True, id="its-module"),
        pytest.param({"tools": "calls = []\ndef square(x):\n    return x**2\n"}, True, id="imported"),
        pytest.param({"deep__rules": "def rule(n):\n    return 1 + n\n"}, True, id="nested-module"),
        pytest.param({"late": "LATE = 2\n"}, True, id="imported-inside-a-function"),
    ],
)
def test_a_result_holds_while_its_code_does(
    study: Callable, tmp_path: Path, edits: dict, again: bool
) -> None:
    runs.cached("squares", study().measure, {"n": 4}, folder=tmp_path)
    module = study(**edits)
    runs.cached("squares", module.measure, {"n": 4}, folder=tmp_path)
    assert calls(module) == ([4] if again else [])


def test_configuration_and_versions_are_part_of_the_recipe(
    study: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = study().measure
    recipe = describe(measure, {"n": 4})
    assert set(recipe["versions"]) == {"numpy"}
    assert set(recipe["sources"]) == {
        "study", "study.deep", "study.deep.rules", "study.experiment", "study.late", "study.tools",
    }  # fmt: skip
    assert describe(measure, {"n": 5}) != recipe
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.0")
    assert describe(measure, {"n": 4}) != recipe


def test_old_results_stay_within_reason(study: Callable, tmp_path: Path) -> None:
    module = study()
    for n in range(6):
        runs.cached("squares", module.measure, {"n": n}, folder=tmp_path)
        runs.cached("squares-two", module.measure, {"n": n}, folder=tmp_path)
    assert len(list(tmp_path.glob("squares-[0-9a-f]*"))) == runs.KEEP
    assert len(list(tmp_path.glob("squares-two-*"))) == runs.KEEP


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:90] + b"?" + b[91:]]
)
def test_damaged_file_is_computed_again(
    study: Callable, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[bytes], bytes]
) -> None:
    module = study()
    runs.cached("squares", module.measure, {"n": 4}, folder=tmp_path)
    (path,) = tmp_path.glob("*/result.npz")
    path.write_bytes(damage(path.read_bytes()))
    assert runs.cached("squares", module.measure, {"n": 4}, folder=tmp_path)["rule"] == 5
    assert calls(module) == [4, 4]
    assert "damaged" in caplog.text and str(path) in caplog.text


def test_interrupted_work_goes_on(tmp_path: Path) -> None:
    """The function stops after two of five steps the first time, and does only the other three after."""
    program = textwrap.dedent("""
        import sys, numpy as np
        from book_lib import runs
        def long(steps, checkpoint):
            state = checkpoint.load() or {"step": 0, "sum": np.zeros(2)}
            for step in range(state["step"], steps):
                state = {"step": step + 1, "sum": state["sum"] + step}
                checkpoint.save(state, force=True)
                print(step)
                if step == 1 and "stop" in sys.argv:
                    raise SystemExit(7)
            return {"sum": state["sum"]}
        print(runs.cached("long", long, {"steps": 5}, folder=sys.argv[1])["sum"].tolist())
    """)
    script = tmp_path / "program.py"
    script.write_text(program)
    run = lambda *words: subprocess.run(  # noqa: E731
        [sys.executable, str(script), str(tmp_path / "runs"), *words],
        capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2],
        env={"PYTHONPATH": ".", "PATH": ""},
    )  # fmt: skip
    first = run("stop")
    assert (first.returncode, first.stdout) == (7, "0\n1\n"), first.stderr
    assert run().stdout == "2\n3\n4\n[10.0, 10.0]\n"
    assert run().stdout == "[10.0, 10.0]\n"
    assert not list(tmp_path.glob("runs/*/checkpoint.npz"))


def test_checkpoint_is_written_now_and_then(tmp_path: Path) -> None:
    checkpoint = runs.Checkpoint(tmp_path / "state.npz", every=1000)
    assert not checkpoint.save({"step": 1})
    assert checkpoint.save(lambda: {"step": 2}, force=True)
    assert checkpoint.load() == {"step": 2}


def test_nothing_is_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.npz"
    runs.save(path, {"x": 1})

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        runs.save(path, {"x": 2})
    assert runs.load(path) == {"x": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["result.npz"]


def test_what_a_result_may_hold(tmp_path: Path) -> None:
    result = {
        "file": np.array([[1.5, np.nan]]), "words": np.array(["one", "two"]), "flags": np.array([True]),
        "empty": np.zeros((0, 3), np.float32), "mean": np.float64(0.25), "count": np.int64(3),
        "nested": {"sizes": [8, 16], "none": None}, "nothing": float("nan"),
    }  # fmt: skip
    runs.save(tmp_path / "r.npz", result)
    back = runs.load(tmp_path / "r.npz")
    assert list(back) == list(result)
    for key in ("file", "words", "flags", "empty"):
        np.testing.assert_array_equal(back[key], result[key])
        assert back[key].dtype == result[key].dtype
    assert (back["mean"], back["count"], back["nested"]) == (0.25, 3, result["nested"])
    assert np.isnan(back["nothing"])


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        ({"rates": [1, {"a": {1, 2}}]}, TypeError, r"config\['rates'\]\[1\]\['a'\] is of type set"),
        ({"n": np.int64(3)}, TypeError, r"config\['n'\] is of type int64.*\.item\(\)"),
        ({"x": np.zeros(2)}, TypeError, r"config\['x'\] is of type ndarray"),
        ({"f": len}, TypeError, r"config\['f'\]"),
        ({"d": {1: 2}}, TypeError, r"config\['d'\] has the key 1"),
        ({"x": float("inf")}, ValueError, r"config\['x'\] is inf"),
        ([1], TypeError, "config must be a dict"),
        ({"checkpoint": 1}, ValueError, "checkpoint"),
    ],
)
def test_configuration_must_be_json(
    study: Callable, tmp_path: Path, config: object, error: type, words: str
) -> None:
    with pytest.raises(error, match=words):
        runs.cached("squares", study().measure, config, folder=tmp_path)


def three() -> int:
    return 3


def objects() -> dict:
    return {"x": np.array([None])}


def power(n: int) -> Callable:
    def work() -> dict:
        return {"x": n}

    return work


@pytest.mark.parametrize("function", [power(2), lambda: {"x": 2}])
def test_functions_that_share_source_and_name_with_others_are_refused(tmp_path: Path, function: Callable) -> None:
    with pytest.raises(TypeError, match="function must be a def that closes over nothing, .* in config"):
        runs.cached("a", function, {}, folder=tmp_path)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({1: np.ones(2)}, "result has the key 1; expected keys of type str"),
        ({1: 2}, "result has the key 1; expected keys of type str"),
        ({"x": np.ma.array([1, 2], mask=[0, 1])}, r"result\['x'\] is a masked array"),
    ],
)
def test_results_that_would_come_back_changed_are_refused(tmp_path: Path, result: dict, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        runs.save(tmp_path / "r.npz", result)


@pytest.mark.parametrize("scalars", ["[1]", '{"values": 3, "order": ["a"]}', '{"values": {}, "order": 3}', "null"])
def test_an_archive_of_another_kind_is_damaged(tmp_path: Path, scalars: str) -> None:
    with zipfile.ZipFile(tmp_path / "r.npz", "w") as archive:
        archive.writestr(runs.SCALARS, scalars)
    assert runs.load(tmp_path / "r.npz") is None


def test_an_archive_that_asks_for_a_password_or_a_new_compression_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    for offset, value in ((8, 1), (10, 99)):  # flags and method, in the central directory
        runs.save(path, {"x": 1})
        content = bytearray(path.read_bytes())
        content[content.index(b"PK\x01\x02") + offset] = value
        path.write_bytes(content)
        assert runs.load(path) is None


def test_other_bad_input(study: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = study().measure
    for name in ("", "Two Words", "../up", "a--b", None):
        with pytest.raises(ValueError, match="name must be lower-case words"):
            runs.cached(name, measure, {"n": 1}, folder=tmp_path)
    with pytest.raises(TypeError, match="function must be a Python function, not builtin"):
        runs.cached("a", len, {}, folder=tmp_path)
    with pytest.raises(TypeError, match="must return a dict .* not int"):
        runs.cached("a", three, {}, folder=tmp_path)
    with pytest.raises(TypeError, match=r"result\['x'\] holds Python objects"):
        runs.cached("a", objects, {}, folder=tmp_path)
    monkeypatch.delenv("BOOK_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="folder=..."):
        runs.cached("a", measure, {"n": 1})


def test_results_of_the_book_lie_in_its_build_folder(
    study: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_config.yml", "_toc.yml"):
        (tmp_path / name).touch()
    (tmp_path / "chapters").mkdir()
    monkeypatch.delenv("BOOK_ROOT", raising=False)
    monkeypatch.chdir(tmp_path / "chapters")
    assert runs.default_folder() == tmp_path / "_build" / "runs"
    monkeypatch.setenv("BOOK_ROOT", str(tmp_path / "elsewhere"))
    assert runs.default_folder() == tmp_path / "elsewhere" / "_build" / "runs"


NOTEBOOK = """
import json, sys, numpy as np, book_lib.rng
from book_lib.recipes import describe
{scale}
def helper(x):
    return x + {one}
def work(n):
    def inner(array):  # a parameter, not the notebook's array
        return array
    return {{"x": helper(n) * SCALE, "r": inner(np.ones(n)), "g": book_lib.rng}}
array = np.ones(2)
print(json.dumps(describe(work, {{"n": 1}})))
"""


def test_function_of_a_notebook_is_known_by_what_it_uses(tmp_path: Path) -> None:
    def recipe(**parts: str) -> dict:
        (tmp_path / "cells.py").write_text(NOTEBOOK.format(**{"scale": "SCALE = 2", "one": "1", **parts}))
        done = subprocess.run(
            [sys.executable, "cells.py"], cwd=tmp_path, capture_output=True, text=True,
            env={"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "PATH": ""},
        )  # fmt: skip
        return json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr}

    plain = recipe()
    assert {"", "helper", "SCALE"} < set(plain["sources"]) and "numpy" in plain["versions"]
    assert any(name.startswith("book_lib") for name in plain["sources"])
    assert recipe() == plain
    assert recipe(one="2") != plain and recipe(scale="SCALE = 3") != plain
    assert "variable 'SCALE': hand it over in config" in recipe(scale="SCALE = np.ones(2)")["error"]


def test_relative_imports_are_followed() -> None:
    import ast

    tree = ast.parse("from . import a\nfrom ..b import c\nimport d.e")
    assert set(imports(tree, "top.sub")) == {"top.sub", "top.sub.a", "top.b", "top.b.c", "d.e"}


def test_strip_keeps_what_matters() -> None:
    assert strip('def f():\n    """A"""\n    return 1') == strip("def f():\n    '''B'''\n    return 1  # one")
    assert strip("x = 'a'") != strip("x = 'b'")
