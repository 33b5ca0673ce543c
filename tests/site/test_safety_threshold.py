"""The safety layer in the page: it scores, disguises, normalises and counts as the library does, on any text."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import SafetyThreshold
from book_lib.explorables.safety_threshold import LONGEST, OWN, WAYS, rebuilt
from tests.site.driver import Live

PAGE = "chapters/alignment.html"
FRESH = {"threshold": 0.5, "base_rate": 0.5, "disguise": "none", "normalize": False, "own": OWN, "seed": 0,
         "prediction": "skipped"}  # fmt: skip


@pytest.fixture
def layer(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="safety_threshold"), "safety_threshold")


def start(x: Live, **settings: object) -> Live:
    """Known settings."""
    return x.set(**FRESH | settings)


def twin(x: Live, **settings: object) -> SafetyThreshold:
    """The library's answer on the page's own requests, with the page's own filter."""
    known = rebuilt(tuple(x.get("weights")), x.get("bias"), tuple(x.get("words")))
    return SafetyThreshold(requests=x.get("texts"), labels=x.get("labels"), toxicity=known, **FRESH | settings)


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


def nothing(value: object) -> bool:
    """NaN as a page's model keeps it."""
    return value in (None, "NaN") or math.isnan(value)


def agree(shown: object, wanted: float) -> bool:
    return nothing(shown) if math.isnan(wanted) else shown == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"threshold": 0.02, "base_rate": 0.001},
        {"threshold": 0.999, "disguise": "digits", "base_rate": 1e-5},
        {"disguise": "homoglyphs", "normalize": True},
        {"disguise": "swapped", "normalize": True, "seed": 4, "own": "你这个没用的东西，闭嘴！"},
        {"disguise": "accents", "own": ""},
    ],
)
def test_scores_and_counts_are_the_librarys(layer: Live, settings: dict) -> None:
    shown = start(layer, **settings).readouts()
    wanted = twin(layer, **settings)
    scores = np.array([float(one) for one in shown["scores"].split()])
    np.testing.assert_allclose(scores, wanted.scores(), rtol=1e-9)
    (passed, alarms), (missed, hits) = wanted.confusion().tolist()
    counts = [shown[name] for name in ("trueNegative", "falsePositive", "falseNegative", "truePositive")]
    assert counts == [passed, alarms, missed, hits]
    assert agree(shown["recall"], wanted.rates()[0]) and agree(shown["false_alarm"], wanted.rates()[1])
    assert agree(shown["precision"], wanted.precision()) and agree(shown["precision_at"], wanted.precision_at())
    assert shown["own_score"] == pytest.approx(wanted.own_score(), abs=1e-9)
    assert shown["own_text"] == wanted.read(wanted.own)
    assert shown["own_listed"].split() == wanted.own_listed()
    cells = layer.box.locator(".xp-small-table tbody td").all_inner_texts()
    assert cells[:4] == [str(one) for one in (hits, missed, alarms, passed)]


def test_the_bet_comes_first(layer: Live) -> None:
    start(layer, prediction="")
    ask = layer.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    assert nothing(layer.readouts()["precision_at"]) and "of all requests" not in caption(layer)
    assert layer.box.locator(".xp-small-table tbody td").all_inner_texts()[4:] == ["–"] * 4
    layer.button("Less than one in ten").click()
    assert (layer.settle().get("prediction"), layer.get("base_rate"), layer.get("threshold")) == ("few", 0.001, 0.5)
    expect(ask).to_have_count(0)
    at = twin(layer, base_rate=0.001).precision_at()
    assert layer.readouts()["precision_at"] == pytest.approx(at)
    assert "You bet" in caption(layer)
    assert "You bet" not in caption(layer.set(threshold=0.2))


def test_a_look_at_the_base_rate_declines_the_bet(layer: Live) -> None:
    start(layer, prediction="")
    slider = layer.box.get_by_role("slider", name="Base rate")
    slider.press("Home")
    assert layer.settle().get("prediction") == "skipped"
    assert layer.get("base_rate") == 1e-5
    assert slider.get_attribute("aria-valuetext") == "0.001 % of all requests are harmful"


def test_the_base_rate_changes_precision_and_nothing_else(layer: Live) -> None:
    rows = [start(layer, base_rate=base, threshold=0.05).readouts() for base in (0.5, 0.01, 1e-4)]
    assert len({(row["recall"], row["false_alarm"], row["precision"]) for row in rows}) == 1
    assert rows[0]["precision_at"] > rows[1]["precision_at"] > rows[2]["precision_at"]


def test_the_threshold_trades_one_error_for_the_other(layer: Live) -> None:
    slider = start(layer).box.get_by_role("slider", name="Block from")
    slider.press("Home")
    low = layer.settle().readouts()
    slider.press("End")
    high = layer.settle().readouts()
    assert (layer.get("threshold"), slider.get_attribute("aria-valuetext")) == (0.999, "blocked from p = 0.999")
    assert low["recall"] >= high["recall"] and low["false_alarm"] > high["false_alarm"]


def test_a_disguise_evades_and_normalising_takes_it_off(layer: Live) -> None:
    start(layer, own="Shut up, you miserable flumpwit!")
    whole = layer.readouts()
    menu = layer.box.get_by_role("combobox", name="All harmful requests are disguised")
    menu.select_option(label="look-alikes of another alphabet")
    hidden = layer.settle().readouts()
    assert hidden["recall"] < 0.5 * whole["recall"] and hidden["own_score"] < 0.5 < whole["own_score"]
    assert hidden["false_alarm"] == whole["false_alarm"] and hidden["own_listed"] == ""
    assert "let pass" in layer.box.locator(".xp-sf-said").inner_text()
    layer.box.get_by_role("checkbox", name="Score each text normalised").press("Space")
    found = layer.settle().readouts()
    assert found["recall"] >= whole["recall"] and found["own_score"] >= whole["own_score"]
    assert "On the list: flumpwit." in layer.box.locator(".xp-sf-said").inner_text()


def test_a_sign_without_width_is_seen(layer: Live) -> None:
    start(layer, own="hopeless machine", disguise="zero width")
    assert layer.readouts()["own_text"].count("\u200b") == 2
    assert layer.box.locator(".xp-sf-read").inner_text().count("·") == 2
    assert "sign of no width" in layer.box.locator(".xp-sf-said").inner_text()


def test_errors_can_be_read(layer: Live) -> None:
    start(layer, threshold=0.02)
    wanted = twin(layer, threshold=0.02)
    scores, labels = wanted.scores(), np.array(wanted.labels)
    alarms = sorted(np.flatnonzero((labels == 0) & (scores >= 0.02)), key=lambda k: (-scores[k], k))
    shown = layer.box.locator(".xp-sf-list").first.locator("li").all_inner_texts()
    assert len(alarms) > 0
    for text, place in zip(shown[:4], alarms[:4], strict=False):
        assert text.startswith(wanted.texts[place].replace("  ", " "))
    start(layer, threshold=0.001)
    assert layer.readouts()["falseNegative"] == 0
    assert layer.box.locator(".xp-sf-list").nth(1).locator("li").all_inner_texts() == ["none"]


def test_typing_is_scored_at_once(layer: Live) -> None:
    start(layer)
    area = layer.box.get_by_role("textbox", name="Your own request")
    area.fill("You worthless quibblesnort, nobody likes you!")
    shown = layer.settle().readouts()
    assert shown["own_score"] == pytest.approx(twin(layer, own=area.input_value()).own_score(), abs=1e-9)
    area.evaluate(
        """(el) => {
            el.value = "xue";
            el.dispatchEvent(new CompositionEvent("compositionstart"));
            el.dispatchEvent(new InputEvent("input", {isComposing: true, data: "xue"}));
        }"""
    )
    assert layer.settle().get("own").startswith("You worthless")
    area.evaluate("el => { el.value = '学'; el.dispatchEvent(new CompositionEvent('compositionend', {data: '学'})); }")
    assert layer.settle().get("own") == "学"
    area.fill("🙂" * (LONGEST + 5))
    assert layer.settle().get("own") == "🙂" * LONGEST == area.input_value()
    area.fill("")
    assert layer.settle().readouts()["own_score"] == 0
    assert "Nothing to read" in layer.box.locator(".xp-sf-read").inner_text()


def test_what_words_add_makes_the_score(layer: Live) -> None:
    start(layer, own="Shut up, you smelly flumpwit!")
    parts = layer.box.locator(".xp-sf-parts li").all_inner_texts()
    total = sum(float(one.split()[-1].replace("−", "-")) for one in parts)
    p = layer.readouts()["own_score"]
    assert total == pytest.approx(math.log(p / (1 - p)), abs=0.05 * len(parts))


def test_reset_and_examples(layer: Live) -> None:
    shipped = {name: layer.get(name) for name in ("threshold", "base_rate", "disguise", "normalize", "own")}
    start(layer, threshold=0.02, disguise="backwards", normalize=True, own="x")
    layer.button("Reset").press("Enter")
    layer.settle()
    assert {name: layer.get(name) for name in shipped} == shipped
    layer.button("A mention").click()
    assert "flumpwit" in layer.settle().get("own")
    expect(layer.box.get_by_role("button", name="A mention", exact=True)).to_have_attribute("aria-pressed", "true")


def test_every_disguise_has_a_name(layer: Live) -> None:
    options = start(layer).box.get_by_role("combobox", name="All harmful requests are disguised").locator("option")
    assert len(set(options.all_inner_texts())) == len(WAYS)


def test_the_address_keeps_a_text(layer: Live) -> None:
    start(layer).box.get_by_role("textbox", name="Your own request").fill("学 & =?")
    layer.page.wait_for_function("() => location.hash.includes('safety_threshold.own=')")
    layer.page.reload()
    layer.page.wait_for_selector("[data-explorable=safety_threshold]")
    assert layer.settle().get("own") == "学 & =?"
