"""The explorables of pre-training in Python: what they take, refuse, compute and show."""

import inspect
import math
from datetime import date

import numpy as np
import pytest

from book_lib import _transformer_costs as costs
from book_lib import landscape
from book_lib.explorables import LearningRateRuns, Timeline, TrainingCalculator
from book_lib.explorables.timeline import year_of
from book_lib.explorables.training_calculator import lasting, shortened
from book_lib.pipeline.pretrain import find_spikes, training_flops
from tests.golden.training_runs import MODELS, RATES, WARMUPS, made_up
from tests.lib.pictures import check_pictures

RUNS = made_up()


def changed(**columns: object) -> dict:
    """The runs with other columns."""
    return {"runs": {**RUNS, **columns}}


def models(**changes: object) -> dict:
    """The models, the first of them changed."""
    return {"models": [{**MODELS[0], **changes}, *MODELS[1:]]}


BAD = [
    (LearningRateRuns, {"runs": [1, 2]}, "runs"),
    (LearningRateRuns, {"runs": {"loss": [[1.0]]}}, "runs"),
    (LearningRateRuns, changed(extra=1), "runs"),
    (LearningRateRuns, changed(learning_rate=[0.1] * 8), "runs"),
    (LearningRateRuns, changed(learning_rate=[-0.1, *RUNS["learning_rate"][1:]]), "learning_rate"),
    (LearningRateRuns, changed(learning_rate=[math.nan] * 8), "learning_rate"),
    (LearningRateRuns, changed(warmup=[0.5] * 8), "warmup"),
    (LearningRateRuns, changed(warmup=[0] * 7), "runs"),
    (LearningRateRuns, changed(steps=RUNS["steps"][::-1]), "runs"),
    (LearningRateRuns, changed(loss=RUNS["loss"][:-1]), "loss"),
    (LearningRateRuns, changed(norm=-np.ones((8, 60))), "norm"),
    (LearningRateRuns, changed(loss=np.full((8, 60), np.nan)), "runs"),
    (LearningRateRuns, changed(loss="loss"), "loss"),
    (LearningRateRuns, changed(level=0), "level"),
    (LearningRateRuns, {"runs": RUNS, "learning_rate": 0.5}, "learning_rate"),
    (LearningRateRuns, {"runs": RUNS, "warmup": 7}, "warmup"),
    (LearningRateRuns, {"runs": RUNS, "watch": "rate"}, "watch"),
    (LearningRateRuns, {"runs": RUNS, "threshold": 1}, "threshold"),
    (LearningRateRuns, {"runs": RUNS, "window": 2}, "window"),
    (LearningRateRuns, {"runs": RUNS, "prediction": "0.5"}, "prediction"),
    (LearningRateRuns, {"runs": RUNS, "prediction": "low"}, "prediction"),
    (TrainingCalculator, {"parameters": 1}, "parameters"),
    (TrainingCalculator, {"tokens": 1e15}, "tokens"),
    (TrainingCalculator, {"peak": 0}, "peak"),
    (TrainingCalculator, {"utilization": 1.1}, "utilization"),
    (TrainingCalculator, {"devices": 3}, "devices"),
    (TrainingCalculator, {"price": math.nan}, "price"),
    (TrainingCalculator, {"precision": "int8"}, "precision"),
    (TrainingCalculator, {"device_memory": 0}, "device_memory"),
    (TrainingCalculator, {"prediction": "years"}, "prediction"),
    (Timeline, {"models": "GPT-2"}, "models"),
    (Timeline, {"models": MODELS[:1]}, "models"),
    (Timeline, {"models": [*MODELS, MODELS[0]]}, "models"),
    (Timeline, {"models": [{"name": "A"}, *MODELS]}, r"models\[0\]"),
    (Timeline, models(name=" "), r"models\[0\]\['name'\]"),
    (Timeline, models(date="28 May 2020"), "date of Big"),
    (Timeline, models(date="2020-13"), "date of Big"),
    (Timeline, models(date="20200528"), "date of Big"),
    (Timeline, models(parameters=0), "parameters of Big"),
    (Timeline, models(parameters="175B"), "parameters of Big"),
    (Timeline, models(active=1e12), "active of Big"),
    (Timeline, models(parameters=None, active=1e9), "active of Big"),
    (Timeline, models(source=""), "source of Big"),
    (Timeline, models(open="half"), "open of Big"),
    (Timeline, models(checked="yes"), "checked of Big"),
    (Timeline, {"models": MODELS, "chosen": "GPT-5"}, "chosen"),
    (Timeline, {"models": MODELS, "base": ""}, "base"),
    (Timeline, {"models": MODELS, "weights": "half"}, "weights"),
    (Timeline, {"models": MODELS, "count": "few"}, "count"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} (of the runs )?(must|may)"):
        kind(**arguments)


WIDGETS = [
    LearningRateRuns(RUNS),
    LearningRateRuns(changed(clip=None)["runs"], learning_rate=0.03, warmup=20),
    LearningRateRuns(changed(level=0.1)["runs"]),
    TrainingCalculator(),
    TrainingCalculator(parameters=4e5, tokens=4e5, peak=5e10, devices=1),
    Timeline(),
    Timeline(MODELS),
    Timeline([{**one, "parameters": None, "active": None} for one in MODELS]),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


def test_alt_text_can_be_given() -> None:
    widgets = (
        LearningRateRuns(RUNS, alt="A figure."),
        TrainingCalculator(alt="A figure."),
        Timeline(alt="A figure."),
    )
    assert all(widget.describe() == "A figure." for widget in widgets)


# -- stored runs


def test_runs_are_kept_as_they_came_but_for_rounding() -> None:
    box = LearningRateRuns(RUNS)
    assert (box.rates, box.warmups) == ([1e-4, 1e-3, 0.00316228, 0.03], [0, 20])
    assert box.runs["clip"] == 1 and box.runs["level"] is None
    for run, (loss, norm) in enumerate(zip(RUNS["loss"], RUNS["norm"], strict=True)):
        for name, row in (("loss", loss), ("norm", norm)):
            np.testing.assert_allclose(box.curve(name, run), row[np.isfinite(row)], rtol=1e-4)
    assert LearningRateRuns(RUNS, learning_rate=10**-2.5).learning_rate == 0.00316228


def test_the_shown_run_is_the_one_of_the_sliders() -> None:
    box = LearningRateRuns(RUNS)
    for warmup in WARMUPS:
        for rate in RATES:
            box.learning_rate, box.warmup = rate, warmup
            pair = (box.runs["learning_rate"][box.index()], box.runs["warmup"][box.index()])
            assert pair == (pytest.approx(rate, rel=1e-5), warmup)
    for between in (0.002, 0.00317):
        with pytest.raises(ValueError, match="^learning_rate must be one of 0.0001, 0.001, "):
            box.learning_rate = between


def test_ends_divergence_and_the_best() -> None:
    box = LearningRateRuns(RUNS)
    wanted = [np.mean(row[-6:]) for row in np.array(RUNS["loss"])]
    np.testing.assert_allclose(box.ends(), wanted, rtol=1e-4)
    assert np.flatnonzero(box.diverged()).tolist() == [3, 7]  # one broke off, one has risen
    best = int(np.nanargmin(wanted))
    assert box.best() == (box.runs["learning_rate"][best], box.runs["warmup"][best])
    assert box.fates() == ["diverged" if run in (3, 7) else "learns" for run in range(8)]
    level = sorted(wanted)[2]
    fates = LearningRateRuns({**RUNS, "level": level}).fates()
    assert {fate for fate, end in zip(fates, wanted, strict=True) if end > level} == {"counts", "diverged"}
    assert {fate for fate, end in zip(fates, wanted, strict=True) if end < level} == {"learns"}
    rising = np.array(RUNS["loss"])
    rising[:, 5] = 9.0
    assert LearningRateRuns({**RUNS, "loss": rising}).diverged().all()
    assert LearningRateRuns({**RUNS, "loss": rising}).best() is None


def test_a_run_may_break_off_with_an_infinite_norm_first() -> None:
    norm = np.array(RUNS["norm"])
    norm[0, 10] = np.inf
    box = LearningRateRuns({**RUNS, "norm": norm})
    assert len(box.curve("loss", 0)) == len(box.curve("norm", 0)) == 10
    assert box.diverged()[0] and None in box.runs["loss"][0]


@pytest.mark.parametrize("watch", ["loss", "norm"])
@pytest.mark.parametrize("threshold", [2.5, 8.0])
def test_spikes_are_find_spikes(watch: str, threshold: float) -> None:
    box = LearningRateRuns(RUNS, learning_rate=1e-3, watch=watch, threshold=threshold)
    assert box.window == 15  # a quarter of what is kept
    usual = inspect.signature(find_spikes).parameters
    assert LearningRateRuns(RUNS).threshold == usual["threshold"].default
    steps = np.arange(400)
    longer = {name: np.ones((8, 400)) for name in ("loss", "norm")}
    assert LearningRateRuns({**RUNS, **longer, "steps": steps}).window == usual["window"].default
    places = find_spikes(box.curve(watch), 15, threshold)
    assert box.spikes() == [int(RUNS["steps"][place]) for place in places]
    assert int(RUNS["steps"][40]) in box.spikes()


def test_too_many_numbers_are_refused() -> None:
    steps = np.arange(1500)
    rows = {name: np.ones((8, 1500)) for name in ("loss", "norm")}
    with pytest.raises(ValueError, match="8000 numbers, not 12000: keep fewer steps"):
        LearningRateRuns({**RUNS, **rows, "steps": steps})


# -- what a training costs


def test_the_instance_of_gpt3() -> None:
    box = TrainingCalculator()
    assert box.compute() == pytest.approx(3.15e23, rel=1e-12)
    assert box.tokens_per_parameter() == pytest.approx(1.714, abs=5e-4)
    assert sum(box.memory().values()) == 16 * 175e9
    assert box.devices_to_hold() == math.ceil(16 * 175 / 80)
    assert TrainingCalculator(device_memory=40).devices_to_hold() == 70
    wanted = 6 * 175e9 * 300e9 / (1024 * 0.4 * 1e14)
    assert box.seconds() == pytest.approx(wanted)
    assert box.cost() == pytest.approx(wanted / 3600 * 1024 * 2)
    alone = TrainingCalculator(devices=1)
    assert alone.seconds() == pytest.approx(1024 * wanted)
    assert costs.training_cost(3600, 1, 0) == 0  # devices of one's own
    assert alone.cost() == pytest.approx(box.cost())  # twice the devices, half the time
    assert lasting(alone.seconds()) == "250 years"
    assert "250 years on 1 device at" in alone.describe() and "on 1,024 devices at" in box.describe()


def test_bytes_are_those_of_the_literature() -> None:
    """Rajbhandari and others: 2N + 2N + 12N; Korthikanti and others: 34 bytes, 2 of them masks, and 5as/h."""
    assert costs.state_bytes(1, "bfloat16") == {"weights": 2, "gradients": 2, "adam": 12}
    assert costs.state_bytes(1) == {"weights": 4, "gradients": 4, "adam": 8}
    for name in costs.PRESETS:
        config = costs.preset(name)
        d, layers, top = config.width, config.layers, 2 * config.width + config.vocab_size
        assert (costs.activations_per_token(config) - top) * 2 == layers * 32 * d
        rows = costs.activations_per_token(config, stored=True) - costs.activations_per_token(config)
        assert 2 * rows == layers * 2 * config.heads * config.context


def test_sums_have_one_home() -> None:
    assert costs.training_flops(1e9, 2e10) == training_flops(1e9, 2e10) == 1.2e20
    for name in costs.PRESETS:
        config = costs.preset(name)
        total = sum(costs.where_they_sit(config).values())
        assert costs.flops(config, 1e9)["training"] == costs.training_flops(total, 1e9)
        for precision in ("float32", "bfloat16"):
            whole = costs.memory(config, precision)
            assert costs.state_bytes(total, precision) == {
                k: whole[k] for k in ("weights", "gradients", "adam")
            }
            assert sum(costs.state_bytes(total, precision).values()) == 16 * total


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (costs.training_flops, (0, 1), "parameters"),
        (costs.training_flops, (1, math.inf), "tokens"),
        (costs.state_bytes, (-1,), "parameters"),
        (costs.state_bytes, (1, "int8"), "precision"),
        (costs.training_seconds, (0, 1), "flops"),
        (costs.training_seconds, (1, 0), "peak"),
        (costs.training_seconds, (1, 1, 0), "utilization"),
        (costs.training_seconds, (1, 1, 1.5), "utilization"),
        (costs.training_seconds, (1, 1, 1, 0), "devices"),
        (costs.training_cost, (0, 1, 1), "seconds"),
        (costs.training_cost, (1, 0, 1), "devices"),
        (costs.training_cost, (1, 1, -1), "price"),
        (costs.devices_to_hold, (1, 0), "memory"),
        (costs.devices_to_hold, (0, 1), "bytes_"),
    ],
)
def test_bad_sums_are_refused(function, arguments: tuple, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        function(*arguments)


def test_times_in_words() -> None:
    year = 365.25 * 86_400
    assert [lasting(t) for t in (1, 60, 3600, 86_400, year)] == [
        "1 second", "1 minute", "1 hour", "1 day", "1 year"]  # fmt: skip
    assert lasting(365.2 * 86_400) == "365 days"
    assert [lasting(t) for t in (0.1, 11, 2 * year)] == ["0.1 seconds", "11 seconds", "2 years"]
    assert (shortened(12.6), shortened(0.126), lasting(1e9 * year)) == ("13", "0.13", "1e+09 years")
    for bad in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="^seconds must"):
            lasting(bad)


# -- models by date


def test_the_books_own_list_is_in_order_and_has_sources() -> None:
    box = Timeline()
    assert [one["name"] for one in box.models] == [
        one.name for one in sorted(landscape.RELEASES, key=lambda r: r.day)
    ]
    assert all(one["source"] and one["date"] for one in box.models)
    assert {one["name"]: one["checked"] for one in box.models} == {
        r.name: r.looked_up for r in landscape.RELEASES
    }
    assert (box.base, box.chosen) == ("GPT-2", "GPT-3")
    assert box.ratio() == pytest.approx(landscape.ratio("GPT-3", "GPT-2")) == pytest.approx(116.67, abs=0.01)
    box.base, box.chosen = "GPT-3", "PaLM"
    assert box.ratio() == pytest.approx(3.0857, abs=1e-4)


def test_models_come_in_any_order_and_form() -> None:
    box = Timeline([{**MODELS[0], "date": date(2020, 5, 28)}, *MODELS[1:]])
    assert [one["name"] for one in box.models] == ["First", "Big", "Silent", "Sparse", "Small"]
    assert [one["weights"] for one in box.models] == ["open", "closed", "on request", "open", "open"]
    assert (box.base, box.chosen) == ("First", "Big")
    with pytest.raises(ValueError, match="^name must be one of 'First'"):
        box.model("GPT-2")


def test_ratios_months_and_doublings() -> None:
    box = Timeline(MODELS, base="Big", chosen="Sparse")
    days = (date(2024, 2, 29) - date(2020, 5, 28)).days
    assert box.months() == pytest.approx(days / 365.2425 * 12, abs=0.05)
    assert 2 ** (box.months() / box.doubling()) == pytest.approx(box.ratio()) == pytest.approx(671 / 175)
    box.count = "active"
    assert (box.size("Sparse"), box.ratio()) == (37e9, pytest.approx(37 / 175))
    box.count, box.chosen = "all", "Silent"
    assert box.ratio() is None and box.doubling() is None
    box.base, box.chosen = "Sparse", "Small"
    assert box.ratio() < 1 and box.doubling() is None


@pytest.mark.parametrize("year", [1999, 2000, 2023, 2024])
def test_years_are_whole_on_new_years_day_and_ascend(year: int) -> None:
    assert year_of(f"{year}-01-01") == year
    months = [year_of(f"{year}-{month:02}") for month in range(1, 13)]
    assert months == sorted(months) and year < months[0] and months[-1] < year + 1
    assert year_of(f"{year}-03") == year_of(f"{year}-03-15")
