"""The whole chain as a new user meets it: from a text of one's own to an aligned toy model and its report."""

import dataclasses
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from book_lib.pipeline import _cli, _cli_stage, _report_chat, _settings
from book_lib.pipeline._align_loop import Alignment
from book_lib.pipeline._chat_training import Tuning
from book_lib.pipeline._dpo_loop import Direct
from book_lib.pipeline._reward_loop import Judging
from book_lib.pipeline.chat import load_chat
from book_lib.pipeline.reward import load_reward
from book_lib.pipeline.run import RunFolder

ROOT = Path(__file__).resolve().parents[2]
ON = "--device cpu --threads 1".split()
FLAGS = {
    "prepare": "--vocab-size 290 --min-quality 0".split(),
    "pretrain": "--steps 20 --batch 4 --context 128 --width 16 --layers 1 --heads 2".split() + ON,
    "sft": "--steps 30 --batch 8 --learning-rate 0.02 --toy-conversations 100".split() + ON,
    "reward": "--steps 6 --batch 4 --toy-preferences 60".split() + ON,
    "ppo": "--iterations 6 --batch 4 --max-new-tokens 12 --count 30 --final-answers 4".split() + ON,
    "dpo": "--steps 6 --batch 4 --count 30".split() + ON,
    "safety": ["--toy-requests", "60"],
}
LEARNERS = {"sft": Tuning, "reward": Judging, "ppo": Alignment, "dpo": Direct}
USER = {"role": "user", "content": "Which bird sings at night?"}
SAID = {"role": "assistant", "content": "The nightingale."}


def say(*words):
    return _cli.main([str(word) for word in words])


def go(run, *stages):
    """Do these stages, with the flags above."""
    for stage in stages:
        assert say(stage, run, *FLAGS[stage]) == 0, stage


def begun(run):
    return set(RunFolder(run).config)


def weights(run, stage):
    if stage == "reward":
        return load_reward(run).model.state_dict()
    return load_chat(run, stage)[0].state_dict()


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module", autouse=True)
def few_answers():
    """Let reports count a few answers: a hundred cost more than all the learning here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_report_chat, "ASKED", 8)
        yield


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A folder of Markdown as a reader's might be."""
    folder = tmp_path_factory.mktemp("notes")
    (folder / "birds").mkdir()
    for number, bird in enumerate(("nightingale", "blackbird", "robin", "wren", "lark", "thrush", "finch", "owl")):
        text = "\n\n".join(
            f"On day {day} of the month the {bird} sat on branch {day * (number + 3) % 17} of the old tree, and sang "
            f"for {day + number} minutes, while it rained in the {('north', 'south', 'east', 'west')[day % 4]}."
            for day in range(1, 16)
        )
        (folder / "birds" / f"{bird}.md").write_text(f"# The {bird}\n\n{text}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def tuned(texts, tmp_path_factory):
    """A run with a fine-tuned model; copy it before you write."""
    run = tmp_path_factory.mktemp("runs") / "tuned"
    assert say("prepare", run, "--text", texts, *FLAGS["prepare"]) == 0
    go(run, "pretrain", "sft")
    return run


@pytest.fixture(scope="module")
def aligned(tuned, tmp_path_factory):
    """A run in which all stages have been done; copy it before you write."""
    run = Path(shutil.copytree(tuned, tmp_path_factory.mktemp("runs") / "aligned"))
    go(run, "reward", "ppo", "dpo", "safety")
    return run


@pytest.fixture
def mine(tuned, tmp_path):
    """A copy of one's own, fine-tuned."""
    return Path(shutil.copytree(tuned, tmp_path / "mine"))


@pytest.fixture
def ours(aligned, tmp_path):
    """A copy of one's own, with all stages."""
    return Path(shutil.copytree(aligned, tmp_path / "ours"))


# ---------------------------------------------------------------------------------------------------- help


def test_the_stages_stand_in_the_order_in_which_they_are_needed(capsys):
    assert tuple(stage.name for stage in _cli.STAGES) == _cli_stage.NAMES
    with pytest.raises(SystemExit):
        say("--help")
    told = capsys.readouterr().out
    places = [told.index(f"\n    {stage} ") for stage in _cli_stage.NAMES]
    assert places == sorted(places)
    for word in ("--text", "--chats", "--preferences", "--prompts", "toy", '"messages"', '"chosen"'):
        assert word in told, word


def test_the_files_that_the_help_shows_are_understood(capsys, tmp_path):
    from book_lib.pipeline._cli_ppo import load_prompts
    from book_lib.pipeline.chat import load_chats
    from book_lib.pipeline.reward import load_preferences

    with pytest.raises(SystemExit):
        say("--help")
    shown = dict(re.findall(r"^ +(\w+)\.jsonl +(\{.*\})$", capsys.readouterr().out, flags=re.MULTILINE))
    for name, load in (("chats", load_chats), ("preferences", load_preferences), ("prompts", load_prompts)):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(shown[name])
        assert len(load(path)) == 1


def test_what_the_readme_shows_is_understood(tmp_path):
    from book_lib.pipeline._cli_ppo import load_prompts
    from book_lib.pipeline._safety_requests import load_requests
    from book_lib.pipeline.chat import load_chats
    from book_lib.pipeline.reward import load_preferences

    for page in ("README.md", "appendix/running.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        typed = re.findall(r"^\.venv/bin/python -m book_lib\.pipeline (\w+) runs/mine", text, flags=re.MULTILINE)
        assert sorted(typed, key=_cli_stage.NAMES.index) == list(_cli_stage.NAMES), page
    rows = re.findall(r"^\| `--(\w+)` \| (.+?) \| `(\{.+?\})`", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    shown = {flag: (stages, line) for flag, stages, line in rows}
    load = {"chats": load_chats, "preferences": load_preferences, "prompts": load_prompts, "requests": load_requests}
    assert set(shown) == set(load)
    for flag, (stages, line) in shown.items():
        path = tmp_path / f"{flag}.jsonl"
        path.write_text(line + ('\n{"text": "Hi.", "harmful": false}' if flag == "requests" else ""), encoding="utf-8")
        assert len(load[flag](path)) in (1, 2)
        for stage in re.findall(r"`(\w+)`", stages):
            told = _cli.parser_of([stage])._subparsers._group_actions[0].choices[stage].format_help()
            assert f"--{flag} " in told, (stage, flag)


def test_the_settings_that_the_help_shows_are_understood(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("\n".join(line[2:] for line in _cli.SETTINGS.splitlines() if line.startswith("  ")))
    tables = _settings.read_file(path, _cli_stage.NAMES)
    assert tables["sft"] == {"sources": {"chats": "chats.jsonl"}} and tables["pretrain"]["steps"] == 2000


@pytest.mark.parametrize("stage", [stage for stage in _cli_stage.NAMES if stage not in ("prepare", "report")])
def test_each_flag_says_what_it_sets_and_what_it_is_by_default(stage):
    typed = _cli.parser_of([stage])._subparsers._group_actions[0].choices[stage]
    found = [one for one in typed._actions if one.dest.startswith("setting:")]
    assert len(found) > 5
    for one in found:
        assert re.fullmatch(r"[^ (].* \([^()]+(\([^()]*\))?[^()]*\)", one.help), one.help
    told = typed.format_help()
    assert f"python -m book_lib.pipeline {stage} runs/mine" in told and "--restart" in told and "--config" in told


# --------------------------------------------------------------------------------------------- the whole chain


def test_the_whole_chain_leaves_models_metrics_and_a_report(aligned):
    run = RunFolder(aligned)
    assert set(run.config) == set(_cli_stage.FOLDERS)
    for stage, folder in _cli_stage.FOLDERS.items():
        assert (aligned / folder).is_dir(), stage
    for stage, total in (("sft", 30), ("reward", 6), ("ppo", 6), ("dpo", 6)):
        rows = [row for row in run.metrics(stage) if not row.get("final")]
        assert max(row["step"] for row in rows) == total, stage
    models = [weights(aligned, stage) for stage in ("sft", "ppo", "dpo")]
    assert not any(same(models[0], model) for model in models[1:])


def test_the_report_tells_of_each_stage_in_turn_and_its_pictures_are_there(aligned):
    text = (aligned / "report.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert headings == ["The text", "Pre-training", "Fine-tuning", "The reward model", "Learning from preferences",
                        "Learning from rewards", "The safety layer", "Settings"]  # fmt: skip
    pictures = re.findall(r"!\[(.+)\]\((figures/.+?)\)", text)
    assert len(pictures) >= 6
    for words, name in pictures:
        assert words.endswith(".") and (aligned / name).read_text(encoding="utf-8").startswith("<svg"), name
    assert '"ppo": {' in text
    assert "| asked | before | after |\n| --- | --- | --- |" in text and "| documents read | 8 |" in text


def test_each_stage_names_the_next_one(texts, tmp_path, capsys):
    """Who copies what stands behind "next:" comes to the end of the chain, also if a folder's name has a space."""
    run, words, seen = tmp_path / "my run", ["prepare"], []
    flags = {**FLAGS, "prepare": ["--text", str(texts), *FLAGS["prepare"]]}
    flags["pretrain"] = [*FLAGS["pretrain"], "--steps", "4"]
    while words:
        stage = words[0]
        seen.append(stage)
        assert say(stage, run, *flags.get(stage, ())) == 0
        told = capsys.readouterr().out
        assert f"report: {run / 'report.md'}" in told
        following = re.search(r"^next: python -m book_lib.pipeline (.*)$", told, flags=re.MULTILINE)
        words = shlex.split(following[1]) if following else []
        assert not words or words[1] == str(run)
    assert seen == ["prepare", "pretrain", "sft", "reward", "ppo", "safety"]


def test_what_is_finished_is_read_back(ours, capsys):
    before = {stage: weights(ours, stage) for stage in LEARNERS}
    metrics = (ours / "metrics.jsonl").read_bytes()
    for stage in (*LEARNERS, "safety", "report"):
        assert say(stage, ours) == 0, capsys.readouterr().err
    assert all(same(before[stage], weights(ours, stage)) for stage in LEARNERS)
    assert (ours / "metrics.jsonl").read_bytes() == metrics


def test_a_runs_own_settings_do_the_same_again(aligned, tmp_path):
    run = tmp_path / "again"
    for stage in _cli_stage.FOLDERS:
        assert say(stage, run, "--config", aligned / "config.json") == 0, stage
    for stage in LEARNERS:
        assert same(weights(run, stage), weights(aligned, stage)), stage


def test_a_file_of_settings_with_all_tables_does_the_chain(texts, tmp_path):
    file, run = tmp_path / "settings.toml", tmp_path / "run"
    on = 'device = "cpu"\nthreads = 1\nbatch = 4\n'
    file.write_text(
        f"[prepare]\nvocab_size = 280\nmin_quality = 0.0\n[prepare.sources]\ntext = [{json.dumps(str(texts))}]\n"
        "[prepare.filters]\nmin_words = 20\n"
        f"[pretrain]\n{on}steps = 3\ncontext = 128\nwidth = 16\nlayers = 1\nheads = 2\n"
        f"[sft]\n{on}steps = 3\n[sft.sources]\ntoy_conversations = 40\n"
        f"[reward]\n{on}steps = 2\n"
        f'[ppo]\n{on}iterations = 2\nmethod = "grpo"\ngroup = 2\nmax_new_tokens = 8\nfinal_answers = 0\n'
        f'[ppo.sources]\ncount = 20\nreward = "rule"\n'
        f"[dpo]\n{on}steps = 2\n[dpo.sources]\ncount = 20\n[safety]\n"
    )
    for stage in _cli_stage.FOLDERS:
        assert say(stage, run, "--config", file) == 0, stage
    config = RunFolder(run).config
    assert config["ppo"]["method"] == "grpo" and config["ppo"]["sources"]["reward"] == "rule"
    assert config["sft"]["sources"]["toy_conversations"] == 40 and config["reward"]["steps"] == 2


def test_a_setting_in_the_wrong_table_is_told_where_it_belongs(aligned, tmp_path, capsys):
    file = tmp_path / "settings.toml"
    for stage, name in (("sft", "chats"), ("reward", "preferences"), ("ppo", "start"), ("safety", "requests")):
        file.write_text(f'[{stage}]\n{name} = "x"\n')
        assert say(stage, aligned, "--config", file) == 2
        assert f"{stage}: {name!r} must stand in the table [{stage}.sources]" in capsys.readouterr().err


def test_a_flag_that_is_none_is_told_with_where_they_are_listed(capsys):
    with pytest.raises(SystemExit):
        say("sft", "x", "--chat", "y")
    assert "not understood: --chat y; python -m book_lib.pipeline sft --help tells" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------ wrong orders


@pytest.mark.parametrize(
    ("there", "words", "message"),
    [
        ([], "sft", "sft builds on pretrain, and {run} lacks prepare and pretrain; next: {program} prepare {run}"),
        (["data"], "sft", "sft builds on pretrain, and {run} lacks pretrain; next: {program} pretrain {run}"),
        (["data"], "reward", "reward builds on sft, and {run} lacks pretrain and sft; next: {program} pretrain {run}"),
        (["data", "model"], "reward", "reward builds on sft, and {run} lacks sft; next: {program} sft {run}"),
        (["data", "model"], "ppo", "ppo builds on sft and reward, and {run} lacks sft and reward; next: "
                                   "{program} sft {run}"),
        (["data", "model"], "ppo --reward rule", "ppo builds on sft, and {run} lacks sft; next: {program} sft {run}"),
        (["data", "model", "sft"], "ppo --reward model", "{run} lacks reward; next: {program} reward {run}, or "
                                                         "--reward rule, which needs none"),
        (["data", "model", "sft"], "ppo --prompts x", "{run} lacks reward; next: {program} reward {run}"),
        (["data", "model", "sft"], "ppo --start dpo --reward rule", "ppo builds on dpo, and {run} lacks dpo; next: "
                                                                    "{program} dpo {run}"),
        (["data", "model"], "dpo", "dpo builds on sft, and {run} lacks sft; next: {program} sft {run}"),
        (["data", "model", "sft"], "dpo --start ppo", "lacks reward and ppo; next: {program} reward {run}"),
    ],
)  # fmt: skip
def test_a_stage_before_its_time_names_the_one_that_is_next(tuned, tmp_path, there, words, message, capsys):
    run = tmp_path / "mine"
    with RunFolder(run):
        pass
    for folder in there:
        shutil.copytree(tuned / folder, run / folder)
    stage, *flags = words.split()
    assert say(stage, run, *flags) == 2
    told = capsys.readouterr().err
    whole = message.format(run=run, program=_cli_stage.PROGRAM)
    assert told.startswith(f"python -m book_lib.pipeline {stage}: error: ") and told.endswith(f"{whole}\n"), told
    assert RunFolder(run).config == {}


@pytest.mark.parametrize("stage", [*LEARNERS, "safety"])
def test_a_run_that_is_not_there_or_in_use_is_told(stage, mine, tmp_path, capsys):
    assert say(stage, tmp_path / "none") == 2
    assert f"there is no run folder {tmp_path / 'none'}; what makes it is: " in capsys.readouterr().err
    go(mine, *(["reward"] if stage == "ppo" else []))
    capsys.readouterr()
    with RunFolder(mine):
        assert say(stage, mine) == 2
        assert f"in use by process {os.getpid()}" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------- files of the reader's


def test_the_chain_on_conversations_of_ones_own(mine, tmp_path, capsys):
    chats, pairs, prompts = (tmp_path / f"{name}.jsonl" for name in ("chats", "preferences", "prompts"))
    birds = ("owl", "lark", "wren", "robin", "finch", "thrush")
    asked = [{"role": "user", "content": f"Who is the {bird}?"} for bird in birds]
    chats.write_text(lines(*({"messages": [one, {"role": "assistant", "content": f"The {bird} sings."}]}
                             for one, bird in zip(asked, birds, strict=True))))  # fmt: skip
    pairs.write_text(lines(*({"prompt": [one] if k % 2 else one["content"], "chosen": "It sings.", "rejected": "No."}
                             for k, one in enumerate(asked))))  # fmt: skip
    prompts.write_text(lines(*({"messages": [one]} for one in asked)))
    assert say("sft", mine, "--restart", *FLAGS["sft"], "--chats", chats) == 0
    assert say("reward", mine, *FLAGS["reward"], "--preferences", pairs) == 0
    assert say("ppo", mine, *FLAGS["ppo"], "--prompts", prompts) == 0
    assert say("dpo", mine, *FLAGS["dpo"], "--preferences", pairs) == 0
    rows = [row for row in RunFolder(mine).metrics("ppo") if not row.get("final")]
    assert len(rows) == 6 and not any("oracle" in row for row in rows)  # nobody knows the truth about birds
    text = (mine / "report.md").read_text(encoding="utf-8")
    for words in (f"`{chats}`", f"`{pairs}`", f"`{prompts}`", "Who is the "):
        assert words in text, words
    assert "toy world" not in text and "Tell me about the" not in text
    for path in (chats, pairs, prompts):
        path.unlink()
    assert say("report", mine) == 0  # the files may be gone by then
    capsys.readouterr()
    for stage, path in (("sft", chats), ("reward", pairs), ("ppo", prompts), ("dpo", pairs)):
        assert say(stage, mine) == 2
        assert f"there is no file {path}" in capsys.readouterr().err


CHAT, PAIR = {"messages": [USER, SAID]}, {"prompt": [USER], "chosen": "Yes.", "rejected": "No."}


@pytest.mark.parametrize(
    ("stage", "flag", "content", "message"),
    [
        ("sft", "--chats", lines(CHAT) + "{", "line 2: must be a JSON object: "),
        ("sft", "--chats", lines(CHAT, [CHAT]), "line 2: must be a JSON object, got list"),
        ("sft", "--chats", lines(CHAT, {"messages": [SAID, USER]}), "line 2: messages[0].role must be 'system' or"),
        ("sft", "--chats", "\n" + lines(CHAT, {"messages": [USER]}), "line 3: messages[0] must be followed by"),
        ("sft", "--chats", lines({"messages": [USER, {**SAID, "content": " "}]}), "line 1: messages[1].content must"),
        ("sft", "--chats", "", " must hold at least one conversation, got none"),
        ("reward", "--preferences", lines(PAIR, {"prompt": [USER], "chosen": "Yes."}),
         "line 2: there must be a field 'rejected', got 'prompt', 'chosen'"),
        ("reward", "--preferences", lines(PAIR, {**PAIR, "rejected": "Yes."}), "line 2: chosen and rejected must"),
        ("reward", "--preferences", lines({**PAIR, "prompt": [USER, SAID]}), "line 1: "),
        ("reward", "--preferences", lines({**PAIR, "chosen": ""}), "line 1: chosen must not be empty"),
        ("dpo", "--preferences", lines(PAIR, {**PAIR, "chosen": 3}), "line 2: chosen must be text, got 3"),
        ("dpo", "--preferences", "\n", " must hold at least one preference, got none"),
        ("ppo", "--prompts", lines({"messages": [USER]}, CHAT), "line 2: "),
        ("ppo", "--prompts", lines({"messages": [USER]}, {"prompt": "Hi"}), "line 2: there must be a field 'messages'"),
        ("ppo", "--prompts", "", " must hold at least one prompt, got none"),
    ],
)
def test_a_bad_file_is_named_with_its_line(aligned, tmp_path, stage, flag, content, message, capsys):
    path = tmp_path / "mine.jsonl"
    path.write_text(content, encoding="utf-8")
    before = (aligned / "config.json").read_bytes()
    assert say(stage, aligned, "--restart", *FLAGS[stage], flag, path) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and str(path) in told and message in told, told
    assert (aligned / "config.json").read_bytes() == before and (aligned / stage).is_dir()  # nothing thrown away


@pytest.mark.parametrize(
    ("stage", "flag", "row"),
    [
        ("sft", "--chats", {"messages": [USER, {**SAID, "content": "tweet " * 200}]}),
        ("reward", "--preferences", {**PAIR, "chosen": "tweet " * 200}),
        ("dpo", "--preferences", {**PAIR, "rejected": "tweet " * 200}),
        ("ppo", "--prompts", {"messages": [{**USER, "content": "tweet " * 200}]}),
    ],
)
def test_what_does_not_fit_into_the_context_is_told_with_its_place(aligned, tmp_path, stage, flag, row, capsys):
    path = tmp_path / "mine.jsonl"
    good = {"sft": CHAT, "ppo": {"messages": [USER]}}.get(stage, PAIR)
    path.write_text(lines(good) + "\n" + lines(row), encoding="utf-8")
    assert say(stage, aligned, "--restart", *FLAGS[stage], flag, path) == 2
    told = capsys.readouterr().err
    if stage == "ppo":
        assert re.search(r"\[1\].* context (of|with)?.*got (a prompt of )?\d+", told), told
    else:
        assert re.search(rf"error: {re.escape(str(path))}, line 3: .* at most 128 tokens", told), told
    assert (aligned / stage).is_dir()


def test_a_line_that_does_not_fit_is_named_wherever_the_split_puts_it(aligned, tmp_path, capsys):
    """The order in which conversations are drawn is nothing that a reader can count by."""
    path, long = tmp_path / "mine.jsonl", {"messages": [USER, {**SAID, "content": "tweet " * 200}]}
    path.write_text(lines(*[CHAT] * 20, long, *[CHAT] * 20), encoding="utf-8")
    for seed in range(3):
        flags = ["--held-out-share", 0.5, "--seed", seed, "--chats", path]
        assert say("sft", aligned, "--restart", *FLAGS["sft"], *flags) == 2
        assert f"{path}, line 21: the conversation must have at most 128 tokens" in capsys.readouterr().err


@pytest.mark.parametrize(("stage", "flag", "row"), [
    ("sft", "--chats", {"messages": [USER, {**SAID, "content": "\ud800"}]}),
    ("reward", "--preferences", {**PAIR, "chosen": "\ud800"}),
    ("dpo", "--preferences", {**PAIR, "rejected": "\ud800"}),
    ("safety", "--requests", {"text": "\ud800", "harmful": True}),
])  # fmt: skip
def test_half_of_a_surrogate_pair_in_a_file_is_named_with_its_line(aligned, tmp_path, stage, flag, row, capsys):
    path = tmp_path / "mine.jsonl"
    good = {"sft": CHAT, "safety": {"text": "Hi", "harmful": False}}.get(stage, PAIR)
    path.write_text(lines(good, row), encoding="utf-8")  # JSON writes it as an escape
    assert say(stage, aligned, *(["--restart"] if stage != "safety" else []), *FLAGS[stage], flag, path) == 2
    told = capsys.readouterr().err
    assert f"error: {path}, line 2: " in told and told.count("\n") == 1, told


def test_one_preference_is_enough_though_none_is_left_to_be_judged_by(mine, tmp_path, capsys):
    path = tmp_path / "mine.jsonl"
    path.write_text(lines(PAIR), encoding="utf-8")
    assert say("reward", mine, *FLAGS["reward"], "--preferences", path) == 0, capsys.readouterr().err
    told = capsys.readouterr().out
    assert "pairs of answers: 1, 0 more held out" in told and "ranked right, mean of the last 6 steps" in told
    assert "## The reward model" in (mine / "report.md").read_text(encoding="utf-8")


def test_a_path_counts_from_where_the_command_is_typed(mine, tmp_path, monkeypatch):
    (tmp_path / "chats.jsonl").write_text(lines(CHAT))
    monkeypatch.chdir(tmp_path)
    assert say("sft", mine, "--restart", *FLAGS["sft"], "--chats", "chats.jsonl") == 0
    monkeypatch.chdir(ROOT)
    assert say("sft", mine) == 0  # and is remembered as it was then


# ------------------------------------------------------------------------------------------- once more, anew


@pytest.mark.parametrize(
    ("stage", "left"),
    [
        ("prepare", "prepare"),
        ("pretrain", "prepare pretrain"),
        ("sft", "prepare pretrain sft"),
        ("reward", "prepare pretrain sft reward dpo"),
        ("ppo", "prepare pretrain sft reward ppo dpo"),
        ("dpo", "prepare pretrain sft reward ppo dpo safety"),  # what is guarded is the model of ppo
    ],
)
def test_restart_of_a_stage_forgets_what_builds_on_it(ours, texts, stage, left, capsys):
    text = ["--text", texts] if stage == "prepare" else []
    assert say(stage, ours, "--restart", *text, *FLAGS[stage]) == 0
    left = set(left.split())
    assert begun(ours) == left
    for name, folder in _cli_stage.FOLDERS.items():
        assert (ours / folder).is_dir() == (name in begun(ours)), name
    rows = {row["stage"] for row in RunFolder(ours).metrics()}
    assert rows <= begun(ours)
    assert {path.name.split("-")[0] for path in (ours / "checkpoints").iterdir()} <= begun(ours)
    headings = re.findall(r"^## (.*)$", (ours / "report.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert ("Learning from rewards" in headings) == ("ppo" in left)


def test_what_was_learnt_from_another_start_falls_with_it(mine):
    go(mine, "dpo")
    rule = ["--reward", "rule"]
    assert say("ppo", mine, *FLAGS["ppo"], *rule, "--start", "dpo") == 0
    assert say("dpo", mine, *FLAGS["dpo"], "--restart") == 0
    assert begun(mine) == {"prepare", "pretrain", "sft", "dpo"} and not (mine / "ppo").exists()


def test_a_stage_cannot_start_from_what_has_started_from_it(mine, capsys):
    assert say("ppo", mine, *FLAGS["ppo"], "--reward", "rule") == 0
    assert say("dpo", mine, *FLAGS["dpo"], "--start", "ppo") == 0
    assert say("ppo", mine, *FLAGS["ppo"], "--reward", "rule", "--start", "dpo", "--restart") == 2
    assert "ppo cannot start from dpo, which itself has started from ppo" in capsys.readouterr().err
    assert (mine / "ppo").is_dir() and (mine / "dpo").is_dir() and {"ppo", "dpo"} < begun(mine)


@pytest.mark.parametrize("stage", LEARNERS)
def test_other_settings_are_refused_until_one_begins_anew(aligned, stage, capsys):
    assert say(stage, aligned, "--learning-rate", 0.5) == 2
    assert re.search(r"learning_rate was .*, now it is 0.5; .*begin anew \(with --restart\)", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("stage", "flags", "message"),
    [
        ("reward", ["--noise", "4"], "noise was 1.0, now it is 4.0"),
        ("ppo", ["--start", "dpo"], "start was 'sft', now it is 'dpo'"),
        ("ppo", ["--reward", "rule"], "reward was 'model', now it is 'rule'"),
        ("dpo", ["--count", "7"], "count was 30, now it is 7"),
    ],
)
def test_other_sources_are_refused_in_words(aligned, stage, flags, message, capsys):
    assert say(stage, aligned, *flags) == 2
    told = capsys.readouterr().err
    assert f"holds another run of {stage}: {message}; take another folder, or begin anew (with --restart)" in told


# ---------------------------------------------------------------------------------------------- cut short


@pytest.mark.parametrize("stage", LEARNERS)
def test_ctrl_c_is_no_error_and_the_same_command_goes_on(aligned, ours, stage, monkeypatch, capsys):
    with RunFolder(ours) as run:
        _cli_stage.forget(run, stage)
    once = LEARNERS[stage].once

    def interrupted(self):
        if self.step == 5:
            raise KeyboardInterrupt
        return once(self)

    flags = [*FLAGS[stage], "--checkpoint-every", "2"]
    with monkeypatch.context() as patch:
        patch.setattr(LEARNERS[stage], "once", interrupted)
        assert say(stage, ours, *flags) == 130
    assert "stopped; the same command, without --restart, goes on" in capsys.readouterr().err
    assert not (ours / stage).exists()
    assert re.search(rf"`python -m book_lib.pipeline {stage} \S+` goes on", (ours / "report.md").read_text("utf-8"))
    assert say(stage, ours) == 0
    assert same(weights(ours, stage), weights(aligned, stage))
    rows = [row["step"] for row in RunFolder(ours).metrics(stage) if "gradient_norm" in row]
    assert rows == list(range(1, len(rows) + 1))


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_command_that_is_killed_goes_on_to_the_same_bits(mine, tuned, tmp_path):
    whole = Path(shutil.copytree(tuned, tmp_path / "whole"))
    flags = [*FLAGS["ppo"], "--reward", "rule", "--iterations", "40"]
    command = [sys.executable, "-m", "book_lib.pipeline", "ppo", str(mine), *flags]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and len(RunFolder(mine).metrics("ppo")) < 11:
            time.sleep(0.005)
        process.kill()
    assert process.returncode == -9 and not (mine / "ppo").exists()
    assert say("ppo", mine) == 0  # the settings are remembered
    assert say("ppo", whole, *flags) == 0
    assert same(weights(mine, "ppo"), weights(whole, "ppo"))


def test_a_kill_on_the_way_of_a_restart_leaves_nothing_without_its_ground(ours, monkeypatch):
    forget, gone = RunFolder.forget, []

    def noted(self, stage, *folders):
        gone.append(stage)
        forget(self, stage, *folders)

    monkeypatch.setattr(RunFolder, "forget", noted)
    with RunFolder(ours) as run:
        tables = run.config
        _cli_stage.forget(run, "pretrain")
    assert gone[-1] == "pretrain" and set(gone) == set(tables) - {"prepare"}
    for place, stage in enumerate(gone):
        assert not set(_cli_stage.parents(stage, tables[stage])) & set(gone[:place]), stage


def test_a_reward_that_is_no_number_stops_and_keeps_what_was_learnt(ours, monkeypatch, capsys):
    with RunFolder(ours) as run:
        _cli_stage.forget(run, "ppo")
    scores = Alignment.scores

    def broken(self, said):
        if self.step == 4:
            monkeypatch.setattr(self, "reward", lambda prompts, answers: [float("nan")] * len(answers))
        return scores(self, said)

    with monkeypatch.context() as patch:
        patch.setattr(Alignment, "scores", broken)
        assert say("ppo", ours, *FLAGS["ppo"], "--checkpoint-every", 2) == 2
    assert re.search(r"the reward of the answer .* is nan at step 5", capsys.readouterr().err)
    kept = RunFolder(ours).checkpoints("ppo")[-1]
    assert kept.name == "ppo-00000004.safetensors" and not (ours / "ppo").exists()
    assert say("ppo", ours) == 0  # the reward has been mended


# ------------------------------------------------------------------------------------------- what builds on what


def test_what_builds_on_what_follows_from_the_settings():
    assert [_cli_stage.parents(stage, {}) for stage in ("prepare", "pretrain", "sft", "reward", "report")] == [
        (), ("prepare",), ("pretrain",), ("sft",), ()]  # fmt: skip
    assert _cli_stage.parents("ppo", {}) == ("sft", "reward")
    assert _cli_stage.parents("ppo", {"sources": {"start": "dpo"}}) == ("dpo", "reward")
    assert _cli_stage.parents("dpo", {"sources": {"start": "ppo"}}) == ("ppo",)


def test_settings_and_their_defaults_agree_with_what_builds_on_what():
    from book_lib.pipeline._cli_ppo import DPOSources, PPOSources

    for stage, cls in (("ppo", PPOSources), ("dpo", DPOSources)):
        table = {"sources": dataclasses.asdict(cls())}
        assert _cli_stage.parents(stage, table) == _cli_stage.parents(stage, {})
