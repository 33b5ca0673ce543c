"""The command line as a new user meets it: help, the three stages, settings from files and flags, and bad input."""

import argparse
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from book_lib.datasets import corpus
from book_lib.pipeline import _cli, _prepare, _report, _settings, _stored
from book_lib.pipeline.data import FilterConfig, PrepareConfig
from book_lib.pipeline.pretrain import PretrainConfig, load_model
from book_lib.pipeline.run import RunFolder

ROOT = Path(__file__).resolve().parents[2]
SIZES = ("--batch 4 --context 16 --width 16 --layers 1 --heads 2 --learning-rate 0.01 "
         "--device cpu --threads 1 --checkpoint-every 10 --evaluate-every 15").split()  # fmt: skip
TINY = ["--steps", "30", *SIZES]


def say(*words):
    return _cli.main([str(word) for word in words])


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A folder of texts as a reader's might be: files below folders, one with bytes that say that it is UTF-8."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "more").mkdir()
    for number, text in enumerate(corpus().train[:30]):
        place = folder / "more" if number % 3 else folder
        (place / f"{number}.{'md' if number % 2 else 'txt'}").write_text(text[:6000], encoding="utf-8-sig")
    (folder / "picture.png").write_bytes(b"\x89PNG\0\0")  # passed over: no suffix of a text
    return folder


@pytest.fixture(scope="module")
def prepared(texts, tmp_path_factory):
    """A run folder whose text is prepared; copy it before you write."""
    run = tmp_path_factory.mktemp("runs") / "first"
    assert say("prepare", run, "--text", texts, "--vocab-size", 300) == 0
    return run


@pytest.fixture
def mine(prepared, tmp_path):
    """A copy of one's own."""
    return Path(shutil.copytree(prepared, tmp_path / "mine"))


@pytest.fixture(scope="module")
def trained(prepared, tmp_path_factory):
    """A run folder with a trained model."""
    run = Path(shutil.copytree(prepared, tmp_path_factory.mktemp("runs") / "trained"))
    assert say("pretrain", run, *TINY) == 0
    return run


def weights(run):
    return load_model(run)[0].state_dict()


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


# --------------------------------------------------------------------------------------------------- help


def test_help_lists_the_stages_that_are_there_and_no_others(capsys):
    with pytest.raises(SystemExit) as ended:
        say("--help")
    told = capsys.readouterr().out
    assert ended.value.code == 0
    for stage in ("prepare", "pretrain", "report"):
        assert f"\n    {stage} " in told
    for stage in ("sft", "reward", "ppo", "dpo", "safety"):
        assert stage not in told.split()


@pytest.mark.parametrize(
    ("stage", "classes"),
    [("prepare", (PrepareConfig, FilterConfig, _prepare.Sources)), ("pretrain", (PretrainConfig,))],
)
def test_each_setting_has_a_flag_a_description_and_its_default(stage, classes, capsys):
    with pytest.raises(SystemExit):
        say(stage, "--help")
    told = " ".join(capsys.readouterr().out.split())
    for cls in classes:
        described = _settings.descriptions(cls)
        for field in dataclasses.fields(cls):
            if field.name != "filters":
                assert f"--{field.name.replace('_', '-')}" in told, field.name
                assert described[field.name] in told, field.name
    assert "[pretrain]" in told and "--restart" in told and "--config" in told
    assert f"python -m book_lib.pipeline {stage} runs/mine" in told  # an example


@pytest.mark.parametrize("stage", _cli.STAGES, ids=lambda stage: stage.name)
def test_the_examples_of_the_help_are_understood(stage):
    assert stage.examples
    for typed, _ in stage.examples:
        words = [stage.name, *typed.split()]
        _settings.given(_cli.parser_of(words).parse_args(words))


@pytest.mark.parametrize("words", [[], ["sft", "x"], ["pretrain"], ["pretrain", "x", "--step", "3"],
                                   ["pretrain", "x", "--steps", "three"]])  # fmt: skip
def test_what_is_not_understood_ends_with_the_usage(words, capsys):
    with pytest.raises(SystemExit) as ended:
        say(*words)
    assert ended.value.code == 2 and "usage:" in capsys.readouterr().err


def test_the_programs_help_needs_no_torch():
    code = "import sys\nfrom book_lib.pipeline._cli import main\ntry:\n main(['--help'])\nexcept SystemExit:\n pass\n"
    code += "print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert told.endswith("False\n")


# ----------------------------------------------------------------------------------------------- the stages


def test_prepare_leaves_text_settings_and_a_report(prepared, texts):
    run = RunFolder(prepared)
    stored = _stored.load(run)
    assert len(stored.train) > 5 * len(stored.held_out) > 0 and stored.tokenizer.vocab_size == 300
    settings = run.config["prepare"]
    assert settings["sources"]["text"] == [str(texts)] and settings["vocab_size"] == 300
    assert stored.about["documents"] == 30 and stored.about["funnel"][0]["documents"] == 30
    report = (prepared / "report.md").read_text(encoding="utf-8")
    assert "## The text" in report and "figures/funnel.svg" in report and "| documents read | 30 |" in report
    assert (prepared / "figures" / "funnel.svg").read_text(encoding="utf-8").startswith("<svg")
    for one in stored.about["rejected"]:
        assert one["source"] and one["reasons"]


def test_pretrain_leaves_a_model_metrics_and_a_report(trained):
    run = RunFolder(trained)
    lines = (trained / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["step"] for row in rows if "loss" in row] == list(range(1, 31))
    assert {row["stage"] for row in rows} == {"pretrain"}
    report = (trained / "report.md").read_text(encoding="utf-8")
    for words in ("## Pre-training", "6 N D", "Spikes", "### What it writes", "figures/loss.svg", '"steps": 30'):
        assert words in report, words
    model, tokenizer = load_model(run)
    assert model.config.vocab_size == tokenizer.vocab_size == 300 and model.context == 16


def test_a_finished_run_is_read_back_and_reported_again(trained, capsys):
    before = weights(trained)
    (trained / "report.md").unlink()
    assert say("pretrain", trained) == 0  # with the settings that it began with
    assert say("report", trained) == 0
    assert same(before, weights(trained)) and "## Pre-training" in (trained / "report.md").read_text(encoding="utf-8")
    assert str(trained / "report.md") in capsys.readouterr().out


def test_a_run_without_anything_has_a_report(tmp_path):
    with RunFolder(tmp_path / "mine"):
        pass
    assert say("report", tmp_path / "mine") == 0
    assert "Nothing has been done yet" in (tmp_path / "mine" / "report.md").read_text()


def test_preparing_again_does_nothing_or_says_what_differs(mine, texts, capsys):
    before = (mine / "data" / "tokens.safetensors").read_bytes()
    assert say("prepare", mine) == 0 and "prepared already" in capsys.readouterr().out
    assert say("prepare", mine, "--seed", 3) == 2
    assert "prepared otherwise: seed was 0, now it is 3" in capsys.readouterr().err
    assert say("prepare", mine, "--text", texts / "more") == 2
    assert "prepared from another text" in capsys.readouterr().err
    assert (mine / "data" / "tokens.safetensors").read_bytes() == before


def test_restart_throws_away_what_builds_on_it(mine, texts):
    assert say("pretrain", mine, *TINY) == 0
    assert say("prepare", mine, "--restart", "--text", texts, "--vocab-size", 280) == 0
    assert _stored.load(RunFolder(mine)).tokenizer.vocab_size == 280
    assert not (mine / "model").exists() and list(RunFolder(mine).config) == ["prepare"]
    assert RunFolder(mine).metrics() == [] and not list((mine / "checkpoints").iterdir())


def test_a_restart_killed_on_its_way_leaves_no_settings_of_another_text(mine, texts, monkeypatch):
    save = _stored.save

    def killed(*arguments):
        save(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(_stored, "save", killed)
    assert say("prepare", mine, "--restart", "--text", texts, "--vocab-size", 280) == 130
    assert "prepare" not in RunFolder(mine).config
    monkeypatch.undo()
    assert say("prepare", mine, "--text", texts, "--vocab-size", 280) == 0  # it only writes the settings down
    assert RunFolder(mine).config["prepare"]["vocab_size"] == 280


def test_pretrain_begins_anew_only_if_asked(trained, tmp_path, capsys):
    run = Path(shutil.copytree(trained, tmp_path / "mine"))
    assert say("pretrain", run, "--seed", 3) == 2
    assert "seed was 0, now it is 3" in capsys.readouterr().err and same(weights(run), weights(trained))
    assert say("pretrain", run, *TINY, "--restart", "--context", 100_000) == 2  # refused before anything is thrown away
    assert same(weights(run), weights(trained))
    assert say("pretrain", run, *TINY, "--restart", "--seed", 3) == 0
    assert not same(weights(run), weights(trained))


def test_who_begins_anew_begins_with_the_defaults(trained):
    for flags, steps in (([], 30), (["--restart"], None)):
        typed = ["pretrain", str(trained), "--seed", "3", *flags]
        table = _cli.table_of(_cli.parser_of(typed).parse_args(typed), "pretrain", RunFolder(trained))
        assert table["seed"] == 3 and table.get("steps") == steps


# ------------------------------------------------------------------------------------------------ settings


def test_settings_come_from_the_file_and_flags_win(mine, tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text("[prepare]\nseed = 9\n[pretrain]\nsteps = 4\nwidth = 8\nheads = 2\nlayers = 1\ncontext = 8\n"
                    'threads = 1\ndevice = "cpu"\n')  # fmt: skip
    assert say("pretrain", mine, "--config", file, "--width", 12) == 0
    config = RunFolder(mine).config["pretrain"]
    assert (config["steps"], config["width"], config["context"]) == (4, 12, 8)
    sizes = {"width": 12, "heads": 2, "layers": 1, "context": 8}
    assert config == dataclasses.asdict(PretrainConfig(steps=4, threads=1, device="cpu", **sizes))


def test_a_runs_own_settings_do_the_same_again(trained, tmp_path):
    config = trained / "config.json"
    assert say("prepare", tmp_path / "again", "--config", config) == 0
    assert say("pretrain", tmp_path / "again", "--config", config) == 0
    assert same(weights(tmp_path / "again"), weights(trained))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.toml", "[pretrain]\nstep = 3", "pretrain: 'step' is no setting; there are .*steps"),
        ("a.toml", "[pretrain]\nsteps = 'many'", "pretrain: steps must be an integer, got 'many'"),
        ("a.toml", "[pretrain]\nsteps = 0", "pretrain: steps must be at least 1"),
        ("a.toml", "steps = 3", r"a table for each stage \(prepare, pretrain, report\), got 'steps'"),
        ("a.toml", "[training]\nsteps = 3", "got 'training'"),
        ("a.toml", "[pretrain", "must be TOML in UTF-8"),
        ("a.json", "{", "must be JSON in UTF-8"),
        ("a.json", "[]", "must hold a table for each stage"),
        ("a.yaml", "", "ends in .toml or .json"),
        ("a.toml", None, "there is no"),
    ],
)
def test_a_bad_file_of_settings_is_named(mine, tmp_path, name, content, message, capsys):
    file = tmp_path / name
    if content is not None:
        file.write_text(content)
    assert say("pretrain", mine, "--config", file) == 2
    told = capsys.readouterr().err
    assert told.startswith("python -m book_lib.pipeline pretrain: error: ") and told.count("\n") == 1
    assert re.search(message, told), told
    assert list(RunFolder(mine).config) == ["prepare"]


def test_a_file_may_begin_by_saying_that_it_is_utf_8(tmp_path):
    for name, content in (("a.toml", "[pretrain]\nsteps = 3"), ("a.json", '{"pretrain": {"steps": 3}}')):
        (tmp_path / name).write_text(content, encoding="utf-8-sig")
        assert _settings.read_file(tmp_path / name, ["pretrain"]) == {"pretrain": {"steps": 3}}


def test_settings_of_settings_are_built_and_named():
    built = _settings.build(PrepareConfig, {"filters": {"min_words": 3}, "seed": 2}, "prepare")
    assert built.filters.min_words == 3 and built.seed == 2
    with pytest.raises(ValueError, match="prepare, filters: 'words' is no setting"):
        _settings.build(PrepareConfig, {"filters": {"words": 3}}, "prepare")
    with pytest.raises(ValueError, match="filters must be a table"):
        _settings.build(PrepareConfig, {"filters": 3}, "prepare")


def test_flags_are_read_as_what_they_set():
    @dataclasses.dataclass(frozen=True)
    class Inner:
        """Inner.

        Args:
            seed: of the inner.
        """

        seed: int = 1

    @dataclasses.dataclass(frozen=True)
    class Outer:
        """Outer.

        Args:
            seed: of the outer, in 50 %.
            low, high: bounds.
        """

        inner: Inner = dataclasses.field(default_factory=Inner)
        seed: int = 1
        low: float | None = None
        high: float = 2.0
        names: tuple[str, ...] = ("a",)
        loud: bool = False
        strange: dict = dataclasses.field(default_factory=dict)

    parser = argparse.ArgumentParser()
    _settings.add_flags(parser, Outer)
    assert "of the outer, in 50 % (1)" in parser.format_help() and "bounds (not given)" in parser.format_help()
    words = "--seed 5 --low 1e-3 --names x y --loud --inner-seed 7".split()
    found = _settings.given(parser.parse_args(words))
    expected = {"low": 1e-3, "names": ("x", "y"), "loud": True}
    assert {key: found[key] for key in expected} == expected
    assert found["seed"] == 5 and found["inner"] == {"seed": 7}
    assert _settings.given(parser.parse_args([])) == {}


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("files", "flags", "message"),
    [
        ({}, (), "holds none at all"),
        ({"a.png": b"\x89PNG"}, (), "only others, such as a.png"),
        ({"a.txt": b"", "b.txt": b""}, (), "documents must be two at least"),
        ({"a.txt": b"one two three"}, (), "documents must be two at least"),
        ({"a.txt": b"text\0\1\2", "b.txt": b"x"}, (), "a.txt must be text, and is binary"),
        ({"a.txt": "Grüße".encode("latin-1")}, (), "a.txt must be utf-8, got byte 0xfc at offset 2"),
        ({"a.txt": b"x"}, ("--encoding", "klingon"), "encoding must be one that Python knows"),
        ({"a.txt": b"x"}, ("--vocab-size", "3"), "vocab_size must be at least 257"),
    ],
)
def test_bad_texts_are_told_and_leave_nothing(tmp_path, files, flags, message, capsys):
    (tmp_path / "texts").mkdir()
    for name, content in files.items():
        (tmp_path / "texts" / name).write_bytes(content)
    assert say("prepare", tmp_path / "mine", "--text", tmp_path / "texts", *flags) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["texts"]


def test_what_is_not_there_is_told(tmp_path, mine, capsys):
    assert say("prepare", tmp_path / "new", "--text", tmp_path / "none") == 2
    assert "there is nothing at" in capsys.readouterr().err and not (tmp_path / "new").exists()
    for stage in ("pretrain", "report"):
        assert say(stage, tmp_path / "none") == 2
        told = capsys.readouterr().err
        assert "there is no run folder" in told and told.endswith(f"prepare {tmp_path / 'none'}\n")
        assert say(stage, tmp_path / "no ne") == 2
        assert capsys.readouterr().err.endswith(f"prepare '{tmp_path / 'no ne'}'\n")
    with RunFolder(tmp_path / "empty"):
        pass
    assert say("pretrain", tmp_path / "empty", *TINY) == 2
    assert "holds no prepared text: run" in capsys.readouterr().err
    assert say("pretrain", mine, "--device", "cuda:99") == 2
    assert "device must be" in capsys.readouterr().err


def test_a_folder_of_something_else_is_told_before_the_texts_are_read(tmp_path, texts, monkeypatch, capsys):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    monkeypatch.setattr(_prepare, "prepare", lambda *arguments: pytest.fail("work was done"))
    for stage in ("prepare", "pretrain", "report"):
        assert say(stage, tmp_path / "home") == 2
        assert "home must be a run folder, or not be there yet" in capsys.readouterr().err


def test_a_run_in_use_is_told(mine, capsys):
    with RunFolder(mine):
        for words in (("prepare", mine), ("pretrain", mine, *TINY), ("report", mine)):
            assert say(*words) == 2
            assert f"in use by process {os.getpid()}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["tokens.safetensors", "tokenizer.json"])
def test_prepared_text_that_is_damaged_is_told(mine, name, capsys):
    path = mine / "data" / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert say("pretrain", mine, *TINY) == 2
    assert name in capsys.readouterr().err


def test_a_tokenizer_of_another_text_is_told(mine, capsys):
    path = mine / "data" / "tokenizer.json"
    path.write_text(path.read_text().replace('"special_tokens"', '"special_tokens" '))
    assert say("pretrain", mine, *TINY) == 2
    assert "the tokenizer that it was prepared with" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------- cut short


def test_ctrl_c_is_no_error_and_the_same_command_goes_on(mine, trained, monkeypatch, capsys):
    from book_lib.pipeline import _pretrain_loop

    once = _pretrain_loop.Training.once

    def interrupted(self):
        if self.step == 17:
            raise KeyboardInterrupt
        return once(self)

    with monkeypatch.context() as patch:
        patch.setattr(_pretrain_loop.Training, "once", interrupted)
        assert say("pretrain", mine, *TINY) == 130
    assert "the same command, without --restart, goes on" in capsys.readouterr().err
    told = (mine / "report.md").read_text()
    assert "17 of 30 steps" in told and "goes on from the checkpoint of step 10." in told
    assert say("pretrain", mine, *TINY) == 0
    assert same(weights(mine), weights(trained))


def test_ctrl_c_before_a_stage_has_begun_is_no_error_either(monkeypatch, capsys):
    def interrupted(typed):
        raise KeyboardInterrupt

    monkeypatch.setattr(_cli, "parser_of", interrupted)
    assert say("prepare", "x") == 130 and "the same command begins again" in capsys.readouterr().err


def test_a_training_that_diverges_is_told_with_what_to_do(mine, capsys):
    assert say("pretrain", mine, *TINY, "--learning-rate", "1e30", "--warmup", 0) == 2
    assert "begin anew (with --restart) with a lower learning_rate" in capsys.readouterr().err
    assert "goes on from the beginning." in (mine / "report.md").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_command_that_is_killed_goes_on_to_the_same_bits(mine, prepared, tmp_path):
    whole = Path(shutil.copytree(prepared, tmp_path / "whole"))
    flags = ["--steps", "600", *SIZES]
    command = [sys.executable, "-m", "book_lib.pipeline", "pretrain", str(mine), *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and len(RunFolder(mine).metrics()) < 100:
            time.sleep(0.005)
        process.kill()
    assert process.returncode == -9 and not (mine / "model").exists()
    assert say("pretrain", mine) == 0  # the settings are remembered
    assert say("pretrain", whole, *flags) == 0
    assert same(weights(mine), weights(whole))


def test_prepared_text_without_its_settings_is_whole(mine, texts):
    """A kill between the text and its settings leaves this."""
    with RunFolder(mine) as run:
        run.forget("prepare")
    assert say("prepare", mine, "--text", texts, "--vocab-size", 300) == 0
    assert list(RunFolder(mine).config) == ["prepare"]


# ------------------------------------------------------------------------------------------------ the report


def test_thinning_keeps_the_peaks():
    y = np.zeros(10_000)
    y[[3, 7777]] = 5
    x, thin = _report.thinned(list(range(10_000)), list(y))
    assert len(x) <= _report.POINTS and set(x[thin == 5]) == {3, 7777} and (np.diff(x) > 0).all()


def test_what_was_measured_is_told_with_its_numbers():
    rows = [{"step": k, "loss": 1.0 if k > 20 else 5.0, "tokens_per_second": 300.0 if k % 2 else 100.0}
            for k in range(1, 71)]  # fmt: skip
    rows += [{"step": 70, "held_out_loss": 2.0, "held_out_tokens": 10}]
    rows += [{"step": 70, "held_out_loss": 1.5, "held_out_tokens": 1234, "final": True}]
    assert _report.results(rows) == [
        ("loss, mean of the last 50 steps", "1.000 nats a token, perplexity 2.7"),
        ("speed", "150 tokens a second"),  # twice as long for a third as many
        ("loss on 1,234 held-out tokens", "1.500 nats a token, perplexity 4.5"),
    ]
    assert _report.results([]) == []
    looks = []
    with pytest.MonkeyPatch.context() as patch:
        figure = _report.plotting.figure
        patch.setattr(_report.plotting, "figure", lambda *size: looks.append(figure(*size)) or looks[-1])
        _report.loss_figure(rows)
    assert looks[0][1].lines[1].get_ydata().tolist() == [2.0]  # the final one reads more text than the others


def picture(rows):
    """Return what is written in the figure of the losses."""
    return set(re.findall(r"<!-- (.*?) -->", _report.loss_figure(rows)))


def test_a_dot_that_stands_for_several_steps_says_so():
    rows = [{"step": step, "loss": 1.0 + 1 / step} for step in range(1, 4001)]
    assert "each step" in picture(rows[:2000]) and "highest of 2 steps" in picture(rows)


def test_markdown_is_not_broken_by_what_a_model_writes():
    assert _report.fenced("a ``` b", "text") == "````text\na ``` b\n````"
    assert _report.table([("a|b", "1")]).endswith("| a\\|b | 1 |")


def test_spikes_are_in_the_report(mine):
    fault = ("--fault-at", 100, "--fault", "learning_rate", "--fault-factor", 1000)
    assert say("pretrain", mine, "--steps", 120, *SIZES, *fault) == 0
    assert "loss: step 101, " in (mine / "report.md").read_text(encoding="utf-8")
