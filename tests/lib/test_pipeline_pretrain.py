"""Pre-training: against torch's own steps, its monitors, its faults, and what a kill at any step leaves behind."""

import dataclasses
import itertools
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import median_abs_deviation

from benchmarks import __main__ as benchmarks
from benchmarks import gpt
from benchmarks import pretrain as speed
from book_lib.pipeline import _checkpoints
from book_lib.pipeline import run as run_module
from book_lib.pipeline._pretrain_loop import Training
from book_lib.pipeline.pretrain import (
    DivergedError,
    PretrainConfig,
    find_spikes,
    load_model,
    memory_estimate,
    pick_device,
    pretrain,
    spike_scores,
    training_flops,
)
from book_lib.pipeline.run import RunFolder, RunInUseError
from book_lib.tokenizer import BPETokenizer
from book_lib.transformer import GPT, GPTConfig, evaluate

ROOT = Path(__file__).resolve().parents[2]
RNG = np.random.default_rng(0)
PREPARED = SimpleNamespace(
    train=RNG.integers(97, 123, 600), held_out=RNG.integers(97, 123, 150), tokenizer=BPETokenizer()
)
CYCLE = SimpleNamespace(
    train=np.tile(np.arange(97, 114), 40), held_out=np.tile(np.arange(97, 114), 5), tokenizer=BPETokenizer()
)
SIZES = {"batch": 3, "context": 8, "width": 16, "layers": 1, "heads": 2, "device": "cpu", "threads": 1}
TINY = PretrainConfig(steps=12, checkpoint_every=5, evaluate_every=4, learning_rate=0.01, **SIZES)
TESTS = f"""
import json, os, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.lib import test_pipeline_pretrain as tests
"""
# One process that forks for each training, so that torch is imported once; its first optimizer imports half of it.
FORKS = TESTS + """
from book_lib.pipeline._pretrain_loop import adamw
adamw(tests.GPT(tests.TINY.model(256), seed=0), tests.TINY)
for line in sys.stdin:
    child = os.fork()
    if not child:
        tests.killed(*json.loads(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
ONE = TESTS + """
tests.pretrain(tests.PREPARED, tests.PretrainConfig(**json.loads(sys.argv[2])), tests.RunFolder(sys.argv[1]))
"""


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def timeless(rows):
    return [{key: value for key, value in row.items() if key != "tokens_per_second"} for row in rows]


@pytest.fixture(scope="module")
def unbroken():
    return pretrain(PREPARED, TINY)


# ---------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"batch": 0}, "batch"),
        ({"context": 1}, "context must be at least 2"),
        ({"width": 10, "heads": 4}, "width must be a multiple of heads"),
        ({"layers": 0}, "layers"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"learning_rate": math.inf}, "learning_rate must be finite"),
        ({"steps": 10, "warmup": 10}, "warmup must be less than steps, 10"),
        ({"min_learning_rate": 1.0}, "min_learning_rate must lie between 0"),
        ({"min_learning_rate": 0.0020000001}, "learning_rate, 0.002, got 0.0020000001"),
        ({"min_learning_rate": -1e-9}, "min_learning_rate must lie between 0"),
        ({"weight_decay": -1}, "weight_decay"),
        ({"clip": 0}, "clip"),
        ({"seed": -1}, "seed"),
        ({"threads": -1}, "threads"),
        ({"evaluate_tokens": 2}, "evaluate_tokens"),
        ({"fault": "gamma ray"}, "fault must be one of 'targets', 'learning_rate'"),
        ({"fault_at": 1001}, "fault_at must be at most 1000"),
        ({"fault_factor": 0}, "fault_factor"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        PretrainConfig(**settings)


@pytest.mark.parametrize("settings", [{"steps": 1.5}, {"bias": 1}, {"device": None}, {"clip": "1"}, {"batch": True}])
def test_settings_of_another_kind_are_named(settings):
    with pytest.raises(TypeError, match=next(iter(settings))):
        PretrainConfig(**settings)


def test_the_schedule_climbs_and_falls_along_a_cosine():
    config = PretrainConfig(steps=300, learning_rate=0.4, warmup=100, min_learning_rate=0.04)
    steps = np.arange(300)
    expected = np.where(steps < 100, 0.4 * (steps + 1) / 100,
                        0.04 + 0.36 * np.cos(np.pi * (steps - 100) / 400) ** 2)  # fmt: skip
    assert np.allclose([config.schedule(step) for step in steps], expected)
    plain = PretrainConfig(steps=5000, learning_rate=0.4)
    assert plain.schedule(99) == plain.schedule(100) == 0.4 > plain.schedule(98)
    assert plain.schedule(5000) == pytest.approx(0.04)
    assert [PretrainConfig(steps=1).schedule(0), PretrainConfig(steps=5).schedule(0)] == [2e-3, 2e-3]


def test_devices():
    assert pick_device("cpu").type == "cpu"
    assert pick_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
    for name in ("gpu", "cuda:77", "meta"):
        with pytest.raises(ValueError, match="device must be 'auto', 'cpu'"):
            pick_device(name)


# ---------------------------------------------------------------------------------------------- one step


def test_two_steps_are_those_of_torch():
    config = dataclasses.replace(TINY, steps=2, warmup=0, clip=0.3, weight_decay=0.2, min_learning_rate=0.01)
    ours = pretrain(PREPARED, config)
    model, rng = GPT(GPTConfig(256, 8, 16, 1, 2), seed=0), np.random.default_rng(0)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": 0.2}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.01, betas=(0.9, 0.95), fused=False)
    steps = [row for row in ours.rows if "loss" in row]
    for row in steps:
        starts = rng.integers(0, 600 - 8, 3)
        windows = torch.tensor(np.stack([PREPARED.train[s : s + 9] for s in starts]))
        loss = torch.nn.functional.cross_entropy(model(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        norm = math.sqrt(sum(float((p.grad.double() ** 2).sum()) for p in model.parameters()))
        for parameter in model.parameters():
            parameter.grad *= min(1, 0.3 / norm)
        optimizer.step()
        assert row["loss"] == pytest.approx(loss.item(), rel=1e-5)
        assert row["gradient_norm"] == pytest.approx(norm, rel=1e-4)
    for name, value in ours.model.state_dict().items():
        assert torch.allclose(value, model.state_dict()[name], atol=1e-5), name


def test_the_metrics_say_what_they_mean(unbroken):
    steps = [row for row in unbroken.rows if "loss" in row]
    assert [row["step"] for row in steps] == unbroken.column("step").tolist() == list(range(1, 13))
    assert unbroken.column("learning_rate").tolist() == [TINY.schedule(step) for step in range(12)]
    assert np.allclose(unbroken.column("perplexity"), np.exp(unbroken.column("loss")))
    assert unbroken.column("tokens").tolist() == [24 * number for number in range(1, 13)]
    assert TINY.tokens == 12 * 24 and (unbroken.column("tokens_per_second") > 0).all()
    assert steps[0]["loss"] == pytest.approx(math.log(256), abs=0.1)  # as if all tokens were equally likely
    assert [step for step, _ in unbroken.held_out] == [0, 4, 8, 12]
    assert unbroken.held_out_loss == evaluate(unbroken.model, PREPARED.held_out)
    assert unbroken.held_out[-1][1] == unbroken.held_out_loss and not unbroken.model.training
    for name in ("speed", "stage", "final"):
        with pytest.raises(ValueError, match=f"name must be one of .*loss.*, got '{name}'"):
            unbroken.column(name)


def test_a_cycle_is_learned():
    done = pretrain(CYCLE, dataclasses.replace(TINY, steps=150, learning_rate=0.02))
    losses = done.column("loss")
    assert losses[0] > 5 and losses[-10:].mean() < 0.6 and done.held_out_loss < 0.6


@pytest.mark.parametrize("context", [8, 7, 2])
def test_held_out_text_may_be_short_or_missing(context):
    config = dataclasses.replace(TINY, context=context, steps=2)
    for length in (0, 2):
        done = pretrain(SimpleNamespace(**{**vars(PREPARED), "held_out": PREPARED.held_out[:length]}), config)
        assert done.held_out_loss is None and done.held_out == []
    for length in (3, 6, 150):
        done = pretrain(SimpleNamespace(**{**vars(PREPARED), "held_out": PREPARED.held_out[:length]}), config)
        assert 5 < done.held_out_loss < 6


def test_a_look_on_the_way_reads_no_more_than_it_should_and_the_last_reads_all():
    done = pretrain(PREPARED, dataclasses.replace(TINY, evaluate_tokens=60, evaluate_every=12))
    looks = [row for row in done.rows if "held_out_loss" in row]
    assert [(row["step"], row["held_out_tokens"]) for row in looks] == [(0, 60), (12, 60), (12, 150)]
    assert done.held_out[-1][1] == evaluate(done.model, PREPARED.held_out[:60]) != done.held_out_loss
    assert not done.model._forward_hooks  # of the looks


def test_the_seed_decides_and_nothing_global_does(unbroken):
    torch.manual_seed(1)
    np.random.default_rng(5)
    assert same(weights(pretrain(PREPARED, TINY).model), weights(unbroken.model))
    assert not same(weights(pretrain(PREPARED, dataclasses.replace(TINY, seed=1)).model), weights(unbroken.model))


def test_looks_checkpoints_and_callbacks_change_no_weight(unbroken, tmp_path):
    rows = []
    config = dataclasses.replace(TINY, checkpoint_every=1, evaluate_every=0)
    done = pretrain(PREPARED, config, RunFolder(tmp_path / "mine"), each=rows.append)
    assert same(weights(done.model), weights(unbroken.model))
    assert tuple(rows) == done.rows and len(rows) == 13


def test_threads_are_put_back():
    before = torch.get_num_threads()
    seen = []
    pretrain(PREPARED, dataclasses.replace(TINY, threads=3), each=lambda row: seen.append(torch.get_num_threads()))
    assert set(seen) == {3} and torch.get_num_threads() == before


def test_what_torch_was_told_about_repeatability_is_left_alone():
    try:
        for strict, warns in ((True, True), (True, False), (False, False)):
            torch.use_deterministic_algorithms(strict, warn_only=warns)
            pretrain(PREPARED, dataclasses.replace(TINY, steps=1))
            assert torch.are_deterministic_algorithms_enabled() == strict
            assert torch.is_deterministic_algorithms_warn_only_enabled() == warns
    finally:
        torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": PREPARED.train[:8]}, "prepared.train must hold more than 8 tokens, the context; got 8"),
        ({"train": PREPARED.train + 200}, r"prepared.train must lie in 0 ... 255"),
        ({"held_out": np.array([-1, 3])}, "prepared.held_out must lie in 0"),
        ({"train": np.zeros((4, 40), int)}, "must be token ids in a row"),
        ({"train": np.zeros(40)}, "must be token ids in a row"),
    ],
)
def test_bad_text_is_refused_before_a_folder_is_made(changes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        pretrain(SimpleNamespace(**{**vars(PREPARED), **changes}), TINY, RunFolder(tmp_path / "mine"))
    assert list(tmp_path.iterdir()) == []


def test_other_kinds_are_refused(tmp_path):
    with pytest.raises(TypeError, match="prepared must have train"):
        pretrain("text", TINY)
    with pytest.raises(TypeError, match="config must be a PretrainConfig"):
        pretrain(PREPARED, {"steps": 3})
    with pytest.raises(TypeError, match="run must be a RunFolder"):
        pretrain(PREPARED, TINY, tmp_path)


# ---------------------------------------------------------------------------------------------- monitors


def naive_spikes(values, window, threshold):
    found = []
    for t in range(window, len(values)):
        past = np.array(values[t - window : t])
        spread = max(1.4826 * median_abs_deviation(past), 1e-9 * abs(np.median(past)), np.finfo(float).tiny)
        if (values[t] - np.median(past)) / spread > threshold:
            found.append(t)
    return found


@pytest.mark.parametrize("threshold", [0.5, 3.0, 8.0])
def test_spikes_are_those_of_a_plain_loop(threshold):
    rng, found = np.random.default_rng(7), 0
    for length in range(0, 60, 2):
        window = int(rng.integers(3, 11))
        series = rng.standard_cauchy(length).cumsum().round(int(rng.integers(0, 4)))
        assert find_spikes(series, window, threshold) == naive_spikes(series, window, threshold)
        found += len(find_spikes(series, window, threshold))
    assert found > 10


def test_spike_scores_do_not_depend_on_units():
    values = np.random.default_rng(1).normal(3, 1, 300)
    assert np.allclose(spike_scores(5 * values + 2), spike_scores(values), rtol=1e-6, atol=1e-9)
    assert np.std(spike_scores(values)[50:]) == pytest.approx(1, abs=0.25)


def test_noise_hardly_ever_spikes_and_seven_deviations_do():
    """With the detector's own window and threshold; five deviations would be too few: 37 false alarms in a million."""
    noise = np.random.default_rng(4).normal(size=300_000)
    assert len(find_spikes(noise)) <= 6 < len(find_spikes(noise, threshold=5))
    quiet = np.tile([-1.0, 0.0, 1.0, 0.6, -0.6], 12)  # median 0, median distance 0.6
    for height, found in ((5.9, []), (6.1, [60])):
        assert find_spikes([*quiet, height * 1.4826 * 0.6]) == found
    highest = spike_scores(noise[:1000]).max()
    assert find_spikes(noise[:1000], threshold=highest) == []  # what exceeds it, not what reaches it


def test_a_long_series_is_looked_at_in_parts(monkeypatch):
    values = np.random.default_rng(2).normal(size=700).cumsum()
    whole = spike_scores(values, 20)
    monkeypatch.setattr("book_lib.pipeline._monitoring.ROWS", 64)
    assert np.array_equal(spike_scores(values, 20), whole)


def test_a_spike_does_not_hide_the_next_and_falls_are_none():
    values = np.random.default_rng(3).normal(5, 0.1, 200)
    values[[80, 82, 90]] += 3
    values[100] -= 3
    assert find_spikes(values) == [80, 82, 90]
    assert find_spikes(np.ones(100)) == find_spikes([]) == find_spikes(np.linspace(5, 2, 100)) == []
    assert find_spikes([0.0] * 60 + [1.0]) == [60]


def test_spikes_need_finite_numbers_in_a_row():
    for values, message in (([1, math.nan], "finite"), (np.ones((3, 4)), "shape")):
        with pytest.raises(ValueError, match=message):
            find_spikes(values)
    with pytest.raises(ValueError, match="window must be at least 3"):
        find_spikes([1, 2], window=2)
    with pytest.raises(ValueError, match="threshold must be greater than 0"):
        find_spikes([1, 2], threshold=0)


def test_shuffled_targets_are_found_in_loss_and_gradient():
    config = dataclasses.replace(TINY, steps=150, learning_rate=0.02, evaluate_every=0)
    clean, spoilt = (pretrain(CYCLE, dataclasses.replace(config, fault_at=at)) for at in (None, 120))
    assert clean.column("loss")[:119].tolist() == spoilt.column("loss")[:119].tolist()
    assert clean.column("loss")[119] + 1 < spoilt.column("loss")[119]
    assert 120 not in clean.spikes() and 120 in spoilt.spikes()
    assert 120 in spoilt.spikes("gradient_norm")


@pytest.mark.parametrize("fault", ["targets", "learning_rate"])
def test_a_fault_changes_nothing_of_what_is_read(fault, monkeypatch):
    windows, read = Training.windows, []
    monkeypatch.setattr(Training, "windows", lambda self: read.append(windows(self)) or read[-1])
    for place in (None, 4):
        pretrain(PREPARED, dataclasses.replace(TINY, fault_at=place, fault=fault))
    for (ids, targets), (again, wanted) in zip(read[:12], read[12:], strict=True):
        assert torch.equal(ids, again) and torch.equal(targets, wanted)


def test_a_learning_rate_that_is_too_high_once_shows_afterwards():
    config = dataclasses.replace(TINY, steps=140, learning_rate=0.02, evaluate_every=0, fault="learning_rate")
    # AdamW's step is the mean gradient over its usual size: of a model that has learned, so little that fifty times as
    # much is forgotten at once. A thousand times as much is not.
    clean, spoilt = (
        pretrain(CYCLE, dataclasses.replace(config, fault_at=at, fault_factor=1000)) for at in (None, 110)
    )
    rates = spoilt.column("learning_rate") / clean.column("learning_rate")
    assert rates[109] == pytest.approx(1000) and (np.delete(rates, 109) == 1).all()
    assert clean.column("loss")[:110].tolist() == spoilt.column("loss")[:110].tolist()  # the step itself shows nothing
    assert clean.column("loss")[110] + 1 < spoilt.column("loss")[110]
    assert clean.spikes() == [] and spoilt.spikes()[:3] == [111, 112, 113]
    assert spoilt.spikes("gradient_norm")[0] == 111


def test_a_training_that_diverges_says_when(tmp_path):
    run = RunFolder(tmp_path / "mine")
    config = dataclasses.replace(TINY, learning_rate=1e30, warmup=0)
    with pytest.raises(DivergedError, match="is (nan|inf) at step .*begin anew with a lower learning_rate") as caught:
        pretrain(PREPARED, config, run)
    error = caught.value
    assert 2 <= error.step <= 12 and [row["step"] for row in error.rows if "loss" in row] == list(range(1, error.step))
    assert run.metrics() == error.rows and not (run.path / "model").exists()


def test_the_arithmetic_and_the_memory_of_gpt3():
    assert training_flops(175e9, 300e9) == pytest.approx(3.15e23)
    for arguments in ((0, 1), (1, -1), (math.nan, 1)):
        with pytest.raises(ValueError):
            training_flops(*arguments)
    model = GPTConfig(50_257, 2048, 12_288, 96, 96)
    memory = memory_estimate(model, precision="bfloat16")
    assert memory["weights"] == 2 * sum(p.numel() for p in GPT(model, seed=None).parameters())
    assert memory["total"] == sum(size for part, size in memory.items() if part != "total")
    assert memory["adam"] == 6 * memory["weights"] and "cache" not in memory
    assert memory_estimate(model, 2)["activations"] == 2 * memory_estimate(model)["activations"]


# ---------------------------------------------------------------------------------------------- run folders


def test_a_run_folder_holds_everything(unbroken, tmp_path):
    run = RunFolder(tmp_path / "mine")
    done = pretrain(PREPARED, TINY, run)
    assert run.config["pretrain"] == dataclasses.asdict(TINY)
    assert timeless(run.metrics("pretrain")) == timeless(done.rows) == timeless(unbroken.rows)
    assert [path.name[9:17] for path in run.checkpoints("pretrain")] == ["00000010", "00000012"]
    model, tokenizer = load_model(run)
    assert same(weights(model), weights(done.model)) and tokenizer == PREPARED.tokenizer
    assert load_model(str(run.path))[1] == tokenizer
    assert not list(run.path.rglob("*.part"))


def test_a_finished_training_is_read_back(tmp_path):
    run, rows = RunFolder(tmp_path / "mine"), []
    first = pretrain(PREPARED, TINY, run)
    again = pretrain(PREPARED, TINY, run, each=rows.append)
    assert rows == [] and again.rows == first.rows and same(weights(first.model), weights(again.model))


def test_a_model_that_is_not_there_is_told(tmp_path):
    with RunFolder(tmp_path / "mine") as run:
        with pytest.raises(FileNotFoundError, match="pre-training has not been finished"):
            load_model(run)


def test_where_it_runs_may_change_and_how_it_learns_may_not(tmp_path):
    run = RunFolder(tmp_path / "mine")
    pretrain(PREPARED, TINY, run)
    pretrain(PREPARED, dataclasses.replace(TINY, checkpoint_every=3, evaluate_every=2), run)
    before = run.config
    for changes, message in (({"clip": 2.0}, "clip was 1.0, now it is 2.0"), ({"seed": 3}, "seed was 0")):
        with pytest.raises(ValueError, match=message):
            pretrain(PREPARED, dataclasses.replace(TINY, **changes), run)
    other = SimpleNamespace(**{**vars(PREPARED), "train": [*PREPARED.train[:-1], 97 + (PREPARED.train[-1] == 97)]})
    with pytest.raises(ValueError, match="with another text: crc32 was"):
        pretrain(other, TINY, run)
    assert run.config == before


def test_a_run_in_use_is_refused(tmp_path):
    with RunFolder(tmp_path / "mine") as run:
        with pytest.raises(RunInUseError, match=str(os.getpid())):
            pretrain(PREPARED, TINY, RunFolder(run.path))
        assert pretrain(PREPARED, TINY, run).rows  # one that is held already may be handed over


class Stop(Exception):
    """What cuts a training short."""


def stop_at(number):
    def each(row):
        if row["step"] == number and "loss" in row:
            raise Stop

    return each


def cut_short(path, number):
    run = RunFolder(path)
    with pytest.raises(Stop):
        pretrain(PREPARED, TINY, run, each=stop_at(number))
    return run


def test_one_that_was_cut_short_goes_on_from_its_checkpoint(unbroken, tmp_path):
    run, rows = cut_short(tmp_path / "mine", 8), []
    assert len(run.checkpoints("pretrain")) == 1
    done = pretrain(PREPARED, TINY, run, each=rows.append)
    assert rows[0]["step"] == 6 and done.held_out == unbroken.held_out
    assert timeless(done.rows) == timeless(unbroken.rows) == timeless(run.metrics())
    assert same(weights(done.model), weights(unbroken.model))


def test_one_that_was_cut_short_goes_on_with_as_many_threads(tmp_path):
    before, seen, config = torch.get_num_threads(), [], dataclasses.replace(TINY, threads=0)
    try:
        torch.set_num_threads(3)
        with pytest.raises(Stop):
            pretrain(PREPARED, config, RunFolder(tmp_path / "mine"), each=stop_at(8))
        torch.set_num_threads(1)
        each = lambda row: seen.append(torch.get_num_threads())  # noqa: E731
        pretrain(PREPARED, config, RunFolder(tmp_path / "mine"), each=each)
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {3}


def test_one_without_a_checkpoint_begins_anew_with_any_settings(tmp_path):
    run = cut_short(tmp_path / "mine", 3)
    config = dataclasses.replace(TINY, seed=4)
    done = pretrain(PREPARED, config, run)
    assert timeless(run.metrics()) == timeless(done.rows) and run.config["pretrain"]["seed"] == 4


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_checkpoint_that_is_cut_off_is_named_and_nothing_is_changed(tmp_path, share):
    run = cut_short(tmp_path / "mine", 12)
    path = run.checkpoints("pretrain")[-1]
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    before = {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    with pytest.raises(ValueError, match=f"{path.name} must be a whole checkpoint.*delete it.*from pretrain-00000005"):
        pretrain(PREPARED, TINY, run)
    assert {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()} == before
    path.unlink()
    assert pretrain(PREPARED, TINY, run).rows[-1]["final"]


def test_a_checkpoint_of_another_kind_is_named(tmp_path, unbroken):
    run = cut_short(tmp_path / "mine", 8)
    path = run.checkpoints("pretrain")[-1]
    tensors = {f"model.{name}": value for name, value in unbroken.model.state_dict().items()}
    notes = {"format": _checkpoints.FORMAT, "text": "{}", "settings": "{}"}
    for about, message in (({}, "format"), (notes, "must tell settings, text, progress"),
                           ({**notes, "progress": "3"}, "must tell"),
                           ({**notes, "progress": "{}"}, "with another text")):  # fmt: skip
        path.write_bytes(_checkpoints.safetensors.torch.save(tensors, about))
        with pytest.raises(ValueError, match=f"{path.name}.*{message}"):
            pretrain(PREPARED, TINY, run)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda name, value: None if name.startswith("optimizer.") and name.endswith("mlp.up.weight") else value,
         "optimizer's memory of each weight, and lacks some"),
        (lambda name, value: None if name == "model.blocks.0.mlp.up.weight" else value, "weights of this model"),
        (lambda name, value: value[:-1] if name == "model.final_norm.weight" else value, "weights of this model"),
    ],
)  # fmt: skip
def test_a_checkpoint_that_lacks_something_is_named_and_nothing_is_changed(tmp_path, spoil, message):
    run = cut_short(tmp_path / "mine", 8)
    path = run.checkpoints("pretrain")[-1]
    with _checkpoints.safetensors.safe_open(path, framework="pt") as file:
        about, tensors = file.metadata(), {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    kept = {name: spoilt.contiguous() for name, value in tensors.items() if (spoilt := spoil(name, value)) is not None}
    path.write_bytes(_checkpoints.safetensors.torch.save(kept, about))
    before = {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}
    with pytest.raises(ValueError, match=f"{path.name} must hold the {message}"):
        pretrain(PREPARED, TINY, run)
    assert {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()} == before


def test_a_model_whose_checkpoints_are_gone_is_not_overwritten(tmp_path):
    run = RunFolder(tmp_path / "mine")
    pretrain(PREPARED, TINY, run)
    for path in run.checkpoints("pretrain"):
        path.unlink()
    with pytest.raises(ValueError, match="whose checkpoints are gone"):
        pretrain(PREPARED, TINY, run)
    assert load_model(run)


# ---------------------------------------------------------------------------------------------- being killed


def killed(how, path, number):
    """Train in this process, until it kills itself with SIGKILL."""

    def die():
        os.kill(os.getpid(), 9)

    def each(row):
        if how == "step" and row["step"] == number and "loss" in row:
            die()

    replace, calls = os.replace, []

    def replaced(source, target):
        calls.append(target)
        if how == "before" and len(calls) == number:
            die()
        replace(source, target)
        if how == "after" and len(calls) == number:
            die()

    if how in ("before", "after"):
        run_module.os.replace = replaced
    if how == "line":
        sys.settrace(counting(lambda count: count == number and die()))
    pretrain(PREPARED, TINY, RunFolder(path), each=each)


def counting(each):
    """Return what `sys.settrace` needs to tell the number of every line of the pipeline's code that is reached."""
    count = itertools.count(1)

    def trace(frame, event, argument):
        if "pipeline" not in frame.f_code.co_filename:
            return None
        if event == "line":
            each(next(count))
        return trace

    return trace


def forked(jobs):
    """Run `killed` in one process for each job, and return how each ended."""
    lines = "\n".join(json.dumps(job) for job in jobs)
    done = subprocess.run([sys.executable, "-c", FORKS], input=lines, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.split()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL there")
def test_killed_at_any_step_it_resumes_to_the_same_bits(unbroken, tmp_path):
    jobs = [("step", str(tmp_path / f"step-{number}"), number) for number in range(1, 13)]
    assert forked(jobs) == [-9] * len(jobs)
    for _, path, _ in jobs:
        done = pretrain(PREPARED, TINY, RunFolder(path))
        assert same(weights(done.model), weights(unbroken.model)), path
        assert timeless(done.rows) == timeless(unbroken.rows)
        assert timeless(RunFolder(path).metrics()) == timeless(unbroken.rows)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL there")
def test_killed_while_it_writes_it_leaves_nothing_half_written(unbroken, tmp_path):
    kinds = [(how, number) for how in ("before", "after") for number in range(1, 10)]
    jobs = [(how, str(tmp_path / f"{how}-{number}"), number) for how, number in kinds]
    assert forked(jobs) == [-9] * len(jobs)
    for _, path, _ in jobs:
        done = pretrain(PREPARED, TINY, RunFolder(path))
        assert same(weights(done.model), weights(unbroken.model)), path
        assert same(weights(load_model(path)[0]), weights(unbroken.model))
        assert not list(Path(path).rglob("*.part"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no SIGKILL there")
def test_killed_at_any_line_of_our_code_it_comes_to_the_same_bits(unbroken, tmp_path):
    """Between a step and its metrics, a checkpoint and the next, the last step and the model: wherever it may be."""
    seen, before = [], sys.gettrace()
    sys.settrace(counting(seen.append))
    try:
        pretrain(PREPARED, TINY, RunFolder(tmp_path / "whole"))
    finally:
        sys.settrace(before)
    places = np.random.default_rng(6).choice(seen[:-40], 30, replace=False).tolist() + seen[-40::4]
    jobs = [("line", str(tmp_path / f"line-{number}"), number) for number in places]
    assert set(forked(jobs)) == {-9}
    for _, path, _ in jobs:
        done = pretrain(PREPARED, TINY, RunFolder(path))
        assert same(weights(done.model), weights(unbroken.model)), path
        assert same(weights(load_model(path)[0]), weights(unbroken.model)), path
        assert timeless(done.rows) == timeless(unbroken.rows) == timeless(RunFolder(path).metrics()), path
    assert not list(tmp_path.rglob("*.part"))


def test_what_a_power_cut_must_not_take_is_on_the_disk_in_time(tmp_path, monkeypatch):
    """The metrics, then the checkpoint, and only then its name."""
    run, events = RunFolder(tmp_path / "mine"), []
    replace, fsync = os.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (events.append(os.fstat(handle).st_ino), fsync(handle)))
    monkeypatch.setattr(
        os, "replace",
        lambda source, target: (events.append((os.stat(source).st_ino, Path(target).name)), replace(source, target)),
    )  # fmt: skip
    pretrain(PREPARED, TINY, run)
    places = [k for k, event in enumerate(events) if isinstance(event, tuple) and event[1].startswith("pretrain-")]
    assert len(places) == 3
    for place in places:
        assert events[place - 2 : place] == [(run.path / "metrics.jsonl").stat().st_ino, events[place][0]]
    for path in (run.path / "model").iterdir():
        assert path.stat().st_ino in events


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_killed_from_outside_again_and_again_it_comes_to_the_same_bits(tmp_path):
    config = dataclasses.replace(TINY, steps=1500, checkpoint_every=7, evaluate_every=50, width=32)
    run = RunFolder(tmp_path / "mine")
    command = [sys.executable, "-c", ONE, str(run.path), json.dumps(dataclasses.asdict(config))]
    for goal in (30, 300):
        with subprocess.Popen(command, cwd=ROOT) as process:
            while process.poll() is None and len(run.metrics() if run.exists else []) < goal:
                time.sleep(0.005)
            process.kill()
        assert process.returncode == -9 and not (run.path / "model").exists()
    done, whole = pretrain(PREPARED, config, run), pretrain(PREPARED, config)
    assert same(weights(done.model), weights(whole.model)) and timeless(done.rows) == timeless(whole.rows)


# ---------------------------------------------------------------------------------------------- speed


@pytest.mark.slow
def test_it_reads_at_least_as_many_tokens_a_second_as_a_plain_loop():
    rows = {row["name"]: row["ratio"] for row in speed.run(rounds=3)}
    assert min(rows[speed.OURS], rows[speed.KEPT]) >= 0.9, rows  # at least as many, but for a busy machine's noise
    entry = {"date": "x", "machine": {}, "rows": [{"name": "a", "tokens_per_second": 12345, "ratio": 1.04}]}
    assert "| a | 12,345 | 1.04 |" in benchmarks.report({"pretrain": entry})


def test_the_table_that_is_kept_is_within_what_was_asked():
    entry = json.loads(benchmarks.RESULTS.read_text(encoding="utf-8"))["pretrain"]
    rows = {row["name"]: row for row in entry["rows"]}
    assert list(rows) == [speed.PEER, speed.OURS, speed.KEPT]
    for row in rows.values():
        ratio = row["tokens_per_second"] / rows[speed.PEER]["tokens_per_second"]
        assert row["ratio"] == pytest.approx(ratio, abs=0.006)
    assert rows[speed.OURS]["ratio"] >= 1  # of the one in the folder, checkpoints have their share
    assert rows[speed.KEPT]["ratio"] >= 0.95
    assert "\n".join(benchmarks.pretrain_table(entry["rows"])) in benchmarks.README.read_text(encoding="utf-8")


def test_the_plain_loop_learns_alike():
    ids = gpt.text(20_000)
    ours, plain = speed.ours(ids)(), speed.peer(ids)()
    assert len(ours) == speed.STEPS and ours[0] > 4 > ours[-1]
    assert abs(np.mean(ours[:20]) - plain[0]) < 0.3 and abs(np.mean(ours[20:]) - plain[1]) < 0.3
