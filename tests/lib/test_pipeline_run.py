"""Run folders: made in one step, held by one at a time, and never half-written, whatever is killed when."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from book_lib.pipeline import run as module
from book_lib.pipeline.run import RunFolder, RunInUseError, first_difference

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, time
from book_lib.pipeline.run import RunFolder
with RunFolder(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def everything(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def holder(path):
    command = [sys.executable, "-c", HOLDER, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout.readline() == "held\n"
    return process


# ----------------------------------------------------------------------------------------------- being made


def test_a_new_folder_has_all_its_parts(tmp_path):
    run = RunFolder(tmp_path / "runs" / "mine")
    assert not run.exists and not run.path.exists()  # the name alone makes nothing
    with run:
        assert run.exists and run.config == {} and run.metrics() == []
    assert everything(run.path) == {"checkpoints", "figures", "config.json", "metrics.jsonl", "report.md", "lock"}
    assert everything(tmp_path / "runs") == {"mine", *(f"mine/{name}" for name in everything(run.path))}


def test_an_empty_folder_will_do_and_a_string_names_it(tmp_path):
    (tmp_path / "mine").mkdir()
    with RunFolder(str(tmp_path / "mine")) as run:
        assert run.exists


@pytest.mark.parametrize("step", ["_write", "_as_json"])
def test_a_folder_whose_making_fails_is_not_there(tmp_path, monkeypatch, step):
    def fails(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(module, step, fails)
    with pytest.raises(OSError, match="disk full"), RunFolder(tmp_path / "mine"):
        pass
    assert everything(tmp_path) == set()


def test_what_is_no_run_folder_is_left_alone(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    (tmp_path / "file").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text("{}")
    before = everything(tmp_path)
    for name, message in (("home", "has no config.json"), ("file", "must be a run folder"), ("other", "'format'")):
        with pytest.raises(ValueError, match=message), RunFolder(tmp_path / name):
            pass
    assert everything(tmp_path) == before


@pytest.mark.parametrize("path", [".", "..", "/", ""])
def test_a_path_must_name_a_folder(path):
    with pytest.raises(ValueError, match="must name a folder"):
        RunFolder(path)
    with pytest.raises(TypeError, match="must be a path"):
        RunFolder(3)


# ----------------------------------------------------------------------------------------------- being held


def test_a_second_object_is_refused_and_the_process_is_named(tmp_path):
    with RunFolder(tmp_path / "mine"):
        with pytest.raises(RunInUseError, match=f"in use by process {os.getpid()}, which is this one"):
            RunFolder(tmp_path / "mine").__enter__()
    with RunFolder(tmp_path / "mine"):  # given back
        pass


def test_one_object_may_hold_it_several_times_over(tmp_path):
    run = RunFolder(tmp_path / "mine")
    with run:
        with run:
            pass
        run.append({"step": 1})  # still held
        with pytest.raises(RunInUseError):
            RunFolder(run.path).__enter__()
    with pytest.raises(RuntimeError, match="must be held"):
        run.append({"step": 2})


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_another_process_keeps_us_out_until_it_is_killed(tmp_path):
    process = holder(tmp_path / "mine")
    try:
        with pytest.raises(RunInUseError, match=f"in use by process {process.pid}: wait"):
            RunFolder(tmp_path / "mine").__enter__()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    with RunFolder(tmp_path / "mine") as run:
        assert run.exists


def test_of_many_that_come_at_once_one_gets_it(tmp_path):
    barrier, outcomes = threading.Barrier(8), []

    def comes():
        run = RunFolder(tmp_path / "mine")
        barrier.wait()
        try:
            run.__enter__()
            outcomes.append(run)
        except RunInUseError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=comes) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    holders = [outcome for outcome in outcomes if isinstance(outcome, RunFolder)]
    assert len(outcomes) == 8 and len(holders) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    holders[0].__exit__()


@pytest.mark.parametrize("when", ["rmdir", "iterdir"])
def test_one_that_comes_between_two_looks_is_not_taken_for_a_foreign_folder(tmp_path, monkeypatch, when):
    folder = tmp_path / "mine"
    folder.mkdir()
    real = getattr(Path, when)

    def another_is_quicker(path):
        monkeypatch.undo()
        with RunFolder(folder) as other:
            other.append({"stage": "pretrain", "step": 1})
        return real(path)

    monkeypatch.setattr(Path, when, another_is_quicker)
    with RunFolder(folder) as run:
        assert run.metrics() == [{"stage": "pretrain", "step": 1}]


# ----------------------------------------------------------------------------------------------- settings


def test_settings_are_written_down_and_compared(tmp_path):
    with RunFolder(tmp_path / "mine") as run:
        run.settle("pretrain", {"steps": 10, "device": "cpu", "sizes": (1, 2)})
        run.settle("pretrain", {"steps": 10, "device": "cuda", "sizes": [1, 2]}, free=("device",))
        assert run.config == {"pretrain": {"steps": 10, "device": "cuda", "sizes": [1, 2]}}
        with pytest.raises(ValueError, match="another run of pretrain: steps was 10, now it is 20"):
            run.settle("pretrain", {"steps": 20, "device": "cuda", "sizes": [1, 2]})
        assert run.config["pretrain"]["steps"] == 10
        run.settle("pretrain", {"steps": 20}, anew=True)
        run.settle("prepare", {"seed": 0})
        assert run.config == {"pretrain": {"steps": 20}, "prepare": {"seed": 0}}
        with pytest.raises(ValueError, match="lower-case words"):
            run.settle("../x", {})


def test_differences_are_told_in_words():
    assert first_difference({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}) == "a: c was 2, now it is 3"
    assert first_difference({}, {"a": 1}) == "a was None, now it is 1"
    assert first_difference({"a": 1}, {"a": 2}, free=("a",)) is None


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b'{"format": "x"}'])
def test_damaged_settings_are_named(tmp_path, content):
    with RunFolder(tmp_path / "mine"):
        pass
    (tmp_path / "mine" / "config.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"config\.json must be"):
        _ = RunFolder(tmp_path / "mine").config
    with pytest.raises(FileNotFoundError, match="must be a run folder"):
        _ = RunFolder(tmp_path / "none").config


def test_a_stage_is_forgotten_with_all_it_made(tmp_path):
    with RunFolder(tmp_path / "mine") as run:
        for stage in ("prepare", "pretrain"):
            run.settle(stage, {"seed": 1})
            run.append({"stage": stage, "step": 1})
            run.write(f"checkpoints/{stage}-00000001.safetensors", b"x")
        with run.folder("model") as folder:
            (folder / "weights").write_bytes(b"x")
        run.forget("pretrain", "model")
        assert run.config == {"prepare": {"seed": 1}} and run.checkpoints("pretrain") == []
        assert [row["stage"] for row in run.metrics()] == ["prepare"] and len(run.checkpoints("prepare")) == 1
        assert not (run.path / "model").exists()


# ----------------------------------------------------------------------------------------------- measurements


def test_metrics_come_back_as_they_went(tmp_path):
    rows = [{"stage": "pretrain", "step": 1, "loss": 0.1 + 0.2}, {"stage": "prepare", "text": "größer\n"}]
    with RunFolder(tmp_path / "mine") as run:
        for row in rows:
            run.append(row)
        assert run.metrics() == rows and run.metrics("prepare") == rows[1:]
        run.keep(lambda row: "loss" in row)
        assert run.metrics() == rows[:1]
    lines = (run.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == rows[:1]


def test_a_line_that_was_cut_off_does_not_count(tmp_path):
    with RunFolder(tmp_path / "mine") as run:
        run.append({"step": 1})
    path = run.path / "metrics.jsonl"
    path.write_bytes(path.read_bytes() + b'{"step": 2, "lo')
    assert run.metrics() == [{"step": 1}]
    with run:
        run.append({"step": 2})
    assert run.metrics() == [{"step": 1}, {"step": 2}]


@pytest.mark.parametrize("line", [b"{", b"3", b"\xff\xff"])
def test_a_damaged_line_is_named(tmp_path, line):
    with RunFolder(tmp_path / "mine") as run:
        run.append({"step": 1})
    path = run.path / "metrics.jsonl"
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(ValueError, match="line 2, must be a JSON object"):
        run.metrics()


def test_what_json_has_not_is_refused(tmp_path):
    with RunFolder(tmp_path / "mine") as run:
        with pytest.raises(ValueError, match="JSON"):
            run.append({"loss": float("nan")})
        assert run.metrics() == []


# ----------------------------------------------------------------------------------------------- writing


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    with RunFolder(tmp_path / "mine") as run:
        run.write("figures/a.svg", "old")

        def fails(*arguments):
            raise OSError("no space")

        monkeypatch.setattr(os, "replace", fails)
        with pytest.raises(OSError, match="no space"):
            run.write("figures/a.svg", b"new")
        monkeypatch.undo()
        assert (run.path / "figures" / "a.svg").read_text() == "old"
        assert not list(run.path.rglob("*.part"))
        for name in ("../a", "/a", "figures/../../a"):
            with pytest.raises(ValueError, match="inside the run folder"):
                run.write(name, "x")
    with pytest.raises(RuntimeError, match="must be held"):
        run.write("a", "x")


def test_a_folder_inside_is_whole_or_as_it_was(tmp_path):
    with RunFolder(tmp_path / "mine") as run:
        for content in ("one", "two"):
            with run.folder("model") as folder:
                (folder / "weights").write_text(content)
                assert not (run.path / "model" / "weights").exists() or content == "two"
            assert (run.path / "model" / "weights").read_text() == content
        with pytest.raises(KeyError), run.folder("model") as folder:
            (folder / "weights").write_text("three")
            raise KeyError
        assert (run.path / "model" / "weights").read_text() == "two"
    assert not list(run.path.rglob("*.part"))


def test_what_a_killed_process_had_begun_is_cleared_away(tmp_path):
    with RunFolder(tmp_path / "mine") as run:
        pass
    (run.path / "model.part").mkdir()
    (run.path / "model.part" / "weights").write_text("half")
    (run.path / "checkpoints" / "pretrain-00000003.safetensors.part").write_bytes(b"half")
    assert run.checkpoints("pretrain") == []
    with run:
        assert not list(run.path.rglob("*.part"))


@pytest.mark.parametrize("until", [1, 2, 3])
def test_killed_while_a_folder_is_replaced_one_of_the_two_is_there(tmp_path, monkeypatch, until):
    """Before the old one gives up its name, between, and before the old one is removed."""
    with RunFolder(tmp_path / "mine") as run, run.folder("model") as folder:
        (folder / "weights").write_text("old")
    calls = []

    def call(real):
        def counted(*arguments, **named):
            calls.append(arguments)
            if len(calls) == until:
                raise SystemExit
            return real(*arguments, **named)

        return counted

    with pytest.raises(SystemExit), RunFolder(tmp_path / "mine") as run, run.folder("model") as folder:
        (folder / "weights").write_text("new")
        monkeypatch.setattr(Path, "rename", call(Path.rename))
        monkeypatch.setattr(module.shutil, "rmtree", call(module.shutil.rmtree))
        if until == 1:  # as if killed: nothing is cleared away
            monkeypatch.setattr(module, "_remove", lambda path: None)
    monkeypatch.undo()
    with RunFolder(tmp_path / "mine") as run:
        assert (run.path / "model" / "weights").read_text() == ("new" if until == 3 else "old")
        assert not list(tmp_path.rglob("*.part"))


def test_what_was_killed_while_it_made_the_folder_is_cleared_away(tmp_path):
    for name in (".mine.0123abcd.part", ".mine.x.part", ".other.0123abcd.part"):
        (tmp_path / name / "figures").mkdir(parents=True)
    with RunFolder(tmp_path / "mine"):
        assert sorted(path.name for path in tmp_path.iterdir()) == [".mine.x.part", ".other.0123abcd.part", "mine"]


def test_the_newest_checkpoint_is_that_of_the_last_step_and_nothing_else_is_one(tmp_path):
    with RunFolder(tmp_path / "mine") as run:
        for name in ("pretrain-99999999", "pretrain-100000000", "pretrain-00000007", "pretrain-00000008-mine",
                     "pretrain-mine", "pretrain-00000009 (copy)", "pretrain-two-00000010"):  # fmt: skip
            run.write(f"checkpoints/{name}.safetensors", b"x")
        assert [path.stem[9:] for path in run.checkpoints("pretrain")] == ["00000007", "99999999", "100000000"]
        run.forget("pretrain")
        assert len(list((run.path / "checkpoints").iterdir())) == 4


class AlmostFull:
    """A file on a disk that takes some bytes more."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, content):
        written = self.file.write(content[: self.room])
        self.room -= written
        if not written or not isinstance(self.file, io.RawIOBase):  # which tells that it took a part
            raise OSError(errno.ENOSPC, "No space left on device")
        return written


def test_a_full_disk_leaves_no_part_of_a_line_and_is_named(tmp_path, monkeypatch):
    opened = Path.open
    with RunFolder(tmp_path / "mine") as run:
        run.append({"step": 1})
        for name, call in (("metrics.jsonl", lambda: run.append({"step": 2})),
                           ("report.md", lambda: run.write("report.md", "long enough"))):  # fmt: skip
            before = (run.path / name).read_bytes()
            with monkeypatch.context() as patch:
                patch.setattr(Path, "open", lambda path, *a, **k: AlmostFull(opened(path, *a, **k), 5))
                with pytest.raises(OSError, match=f"No space left on device: .*{name}"):
                    call()
            assert (run.path / name).read_bytes() == before
        run.append({"step": 3})
        assert run.metrics() == [{"step": 1}, {"step": 3}] and not list(run.path.rglob("*.part"))


def test_a_slow_disk_gets_the_whole_line(tmp_path, monkeypatch):
    class Slow(AlmostFull):
        def write(self, content):
            return self.file.write(content[:3])

    opened = Path.open
    with RunFolder(tmp_path / "mine") as run, monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda path, *a, **k: Slow(opened(path, *a, **k), 0))
        run.append({"text": "größer"})
    assert run.metrics() == [{"text": "größer"}]


def test_a_lock_that_cannot_be_signed_is_given_back(tmp_path, monkeypatch):
    with RunFolder(tmp_path / "mine"):
        pass
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda *arguments: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(OSError, match="full"):
            RunFolder(tmp_path / "mine").__enter__()
    with RunFolder(tmp_path / "mine") as run:
        assert run.exists


def test_a_place_is_looked_at_before_long_work(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "new", tmp_path / "deep" / "new", tmp_path / "empty"):
        RunFolder(path).check()
    with pytest.raises(NotADirectoryError, match="file must be a folder"):
        RunFolder(tmp_path / "file" / "new").check()
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(PermissionError, match="must be a folder that you may write to"):
        RunFolder(tmp_path / "deep" / "new").check()
    assert {path.name for path in tmp_path.iterdir()} == {"file", "empty"}


def test_the_package_imports_nothing():
    code = "import book_lib.pipeline, sys; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    ours = [name for name in told.split() if name.split(".")[0] == "book_lib"]
    assert ours == ["book_lib", "book_lib.pipeline"] and "numpy" not in told.split()
