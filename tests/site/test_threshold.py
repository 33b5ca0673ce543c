"""The threshold: rates, counts and draws are the library's; the base rate moves precision, and not the ROC curve."""

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import Threshold
from tests.site.driver import Live

FRESH = {"threshold": 1, "base_rate": 0.1, "separation": 2, "temperature": 1, "curve": "roc", "people": 1000, "seed": 0}
CURVE = """el => [...el.querySelectorAll('.xp-plot-svg')[1].querySelectorAll('path.xp-line')]
    .map(p => p.getAttribute('d'))"""


@pytest.fixture
def detector(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/classification.html", alone="threshold"), "threshold")


def start(x: Live, **settings: object) -> Live:
    return x.set(**FRESH | settings)


CASES = [
    {},
    {"threshold": -4, "base_rate": 0.5, "seed": 2},
    {"threshold": 9, "separation": 6, "base_rate": 1e-6},
    {"threshold": 2.409, "separation": 4.818, "base_rate": 1e-6, "people": 10_000},
    {"threshold": 0.3, "separation": 0, "temperature": 2.5, "people": 100, "seed": 2**32 - 1},
]


def test_readouts_are_the_librarys(detector: Live) -> None:
    for settings in CASES:
        shown = start(detector, **settings).readouts()
        expected = Threshold(**FRESH | settings)
        recall, alarms = expected.rates()
        (tn, fp), (fn, tp) = expected.confusion()
        assert shown["recall"] == pytest.approx(recall, rel=1e-11)
        assert shown["false_alarms"] == pytest.approx(alarms, rel=1e-11)
        assert shown["precision"] == pytest.approx(expected.precision(), rel=1e-11)
        assert shown["accuracy"] == pytest.approx(tn + tp, rel=1e-11)
        assert shown["auc"] == pytest.approx(expected.auc(), rel=1e-11)
        assert shown["falseNegative"] == pytest.approx(fn, rel=1e-9, abs=1e-12)
        assert shown["falsePositive"] == pytest.approx(fp, rel=1e-9)
        names = (("trueNegative", "falsePositive"), ("falseNegative", "truePositive"))
        cells = [[shown[f"sample_{name}"] for name in row] for row in names]
        np.testing.assert_array_equal(cells, expected.counts())
        z = expected.log_odds(np.array(expected.threshold)) / expected.temperature
        assert shown["reported"] == pytest.approx(1 / (1 + np.exp(-z)), rel=1e-9)


def test_the_base_rate_moves_precision_and_not_the_roc_curve(detector: Live) -> None:
    theory = "el => el.querySelectorAll('.xp-plot-svg')[1].querySelector('path.xp-line.xp-theory').getAttribute('d')"
    even = start(detector, base_rate=0.5).readouts()
    before = detector.box.evaluate(theory)
    rare = detector.set(base_rate=0.001).readouts()
    assert detector.box.evaluate(theory) == before
    assert (even["recall"], even["auc"]) == (rare["recall"], rare["auc"])
    assert rare["precision"] < 0.01 < even["precision"]
    detector.box.locator(".xp-segment label", has_text="Precision").click()
    assert detector.settle().get("curve") == "precision"
    rare_curve = detector.box.evaluate(theory)
    detector.set(base_rate=0.5)
    assert detector.box.evaluate(theory) != rare_curve


def test_a_face_among_a_million(detector: Live) -> None:
    start(detector).button("A face among a million").click()
    shown = detector.settle().readouts()
    assert 1e6 * shown["falsePositive"] == pytest.approx(8000, abs=5)
    assert shown["recall"] == pytest.approx(0.992, abs=1e-4)
    assert shown["precision"] < 1.3e-4
    expect(detector.box.locator(".xp-caption")).to_contain_text("only one alarm in")
    row = detector.box.locator("table.xp-small-table tbody tr").nth(1).locator("td")
    assert float(row.first.inner_text()) == pytest.approx(8000, abs=5)


def test_temperature_moves_reports_and_not_the_order(detector: Live) -> None:
    before = start(detector).readouts()
    curves = detector.box.evaluate(CURVE)
    slider = detector.box.get_by_role("slider", name="Temperature of the report")
    slider.press("End")
    after = detector.settle().readouts()
    assert detector.box.evaluate(CURVE) == curves
    assert after["precision"] == before["precision"]
    assert abs(after["reported"] - 0.5) < abs(before["reported"] - 0.5)
    expect(detector.box.locator(".xp-caption")).to_contain_text("creep towards one half")
    detector.box.locator(".xp-segment label", has_text="Calibration").click()
    hot = detector.settle().box.evaluate(CURVE)
    detector.set(temperature=1)
    assert detector.box.evaluate(CURVE) != hot


def test_at_temperature_one_reports_are_honest(detector: Live) -> None:
    """Theory lies on the diagonal."""
    start(detector, curve="calibration")
    d = detector.box.evaluate(CURVE)
    honest, theory = d[0], d[1]
    ends = [honest.replace("M", "").split("L")[i].split() for i in (0, 1)]
    (x0, y0), (x1, y1) = ([float(v) for v in end] for end in ends)
    for piece in theory.replace("M", "").split("L"):
        x, y = map(float, piece.split())
        assert y == pytest.approx(y0 + (x - x0) / (x1 - x0) * (y1 - y0), abs=0.3)


def test_calibration_bins_are_the_samples_with_binomial_bars(detector: Live) -> None:
    bars = """el => [...el.querySelector('path.xp-errorbars').getAttribute('d')
        .matchAll(/M([\\d.-]+) ([\\d.-]+)V([\\d.-]+)/g)].map(m => m.slice(1).map(Number))"""
    width = detector.box.locator(".xp-plot-svg").nth(1).evaluate("svg => svg.width.baseVal.value - 72")
    settings = {"people": 10_000, "base_rate": 0.3, "separation": 1.5}
    for temperature in (1, 2.5):
        start(detector, curve="calibration", temperature=temperature, **settings)
        widget = Threshold(temperature=temperature, **settings)
        scores, labels = widget.sample()
        report = 1 / (1 + np.exp(-widget.log_odds(scores) / temperature))
        which = np.minimum((10 * report).astype(int), 9)
        drawn = np.array(detector.box.evaluate(bars))
        assert len(drawn) == len(set(which))
        for k, (x, low, high) in zip(sorted(set(which)), drawn, strict=True):
            inside = which == k
            mean, share = report[inside].mean(), labels[inside].mean()
            truth = 1 / (1 + ((1 - mean) / mean) ** temperature)
            reach = 2 * np.sqrt(truth * (1 - truth) / inside.sum())
            down, up = (1 - (np.array([low, high]) - 12) / (300 - 58)).tolist()
            seen = ((x - 56) / width, down, up)
            assert seen == pytest.approx((mean, share - reach, share + reach), abs=0.002)


def test_nearly_always_is_not_always(detector: Live) -> None:
    start(detector).button("A face among a million").click()
    caption = detector.box.locator(".xp-caption")
    expect(caption).to_contain_text("right in 99.9999 % of the cases, and this detector is in 99.2 %")


def test_the_threshold_by_keyboard_and_pointer(detector: Live) -> None:
    grip = start(detector).box.get_by_role("slider", name="Threshold in the picture")
    grip.press("ArrowRight")
    assert detector.settle().get("threshold") == pytest.approx(1.1)
    grip.press("End")
    assert detector.settle().get("threshold") == 9
    start(detector)
    plot = detector.box.locator(".xp-plot-svg").first
    box = plot.bounding_box()
    plot.click(position={"x": 56 + (box["width"] - 72) * (3 + 4) / 13, "y": 200})
    assert detector.settle().get("threshold") == pytest.approx(3, abs=0.1)


def test_draws_depend_on_the_seed_and_their_number(detector: Live) -> None:
    cells = ("truePositive", "falsePositive", "falseNegative", "trueNegative")
    drawn = [start(detector, seed=seed).readouts() for seed in range(5)]
    assert len({tuple(shown[f"sample_{cell}"] for cell in cells) for shown in drawn}) > 2
    shown = start(detector, people=100).readouts()
    assert sum(shown[f"sample_{cell}"] for cell in cells) == 100
