"""The KL knob in the page: draw first, then the runs; ends, fates and the gap are the library's."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import KLKnob
from tests.site.driver import Live

PAGE = "chapters/alignment.html"
NAME = "kl_knob"


@pytest.fixture
def knob(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone=NAME), NAME)


def mirrored(x: Live) -> KLKnob:
    return KLKnob(x.get("runs"), beta=x.get("beta"))


def caption(x: Live) -> str:
    return x.box.locator(".xp-kk > .xp-caption").inner_text()


def places(box: KLKnob) -> np.ndarray:
    """Where the 61 points of the sketch stand, on the axis of powers of ten."""
    betas = box.runs["beta"]
    return np.linspace(box.place(betas[0]), box.place(betas[-1]), 61)


def level(x: Live, height: float) -> list[float]:
    """A level sketch, at a height between the limits: 0 the lowest."""
    low, high = mirrored(x).limits()
    return [low + height * (high - low)] * 61


def test_every_run_is_the_librarys(knob: Live) -> None:
    box = mirrored(knob)
    knob.set(revealed=True)
    for run, beta in enumerate(box.runs["beta"]):
        shown = knob.set(beta=beta).readouts()
        for name in ("reward", "oracle", "kl", "entropy", "clip_fraction"):
            end = box.ends(name)[run]
            assert shown[name] == ("–" if math.isnan(end) else pytest.approx(end, rel=1e-12)), name
        assert shown["best"] == box.best() and shown["fates"].split() == box.fates()
    assert f"{len(box.runs['beta'])} runs" in knob.box.locator(".xp-kk-draw .xp-question").inner_text()


def test_the_oracle_is_hidden_until_the_reader_has_drawn(knob: Live) -> None:
    assert knob.readouts()["oracle"] == "?"
    assert "comes with your drawing" in caption(knob)
    points = knob.box.locator(".xp-kk-draw .xp-plot-svg path.xp-points.xp-simulation")
    expect(points).to_have_count(0)
    cells = knob.box.locator(".xp-kk-answers tbody td:last-child")
    assert set(cells.all_inner_texts()) <= {"?"}
    knob.button("Reveal").press("Enter")
    assert "Draw over the whole width first" in knob.box.locator(".xp-kk-draw > .xp-error").inner_text()
    assert not knob.settle().get("revealed")


def test_drawn_by_keys_then_revealed_and_measured(knob: Live) -> None:
    box = mirrored(knob)
    low, high = box.limits()
    handles = knob.box.locator(".xp-kk-draw .xp-handle")
    assert handles.count() == 13
    handles.first.focus()
    for i in range(13):
        knob.page.keyboard.press("End" if i < 5 else "Home")
        knob.page.keyboard.press("ArrowRight")
    knob.button("Reveal").press("Enter")
    assert knob.settle().get("revealed")
    verdict = knob.box.locator(".xp-kk-draw .xp-verdict")
    expect(verdict).to_contain_text("Your sketch is off by")
    drawn = np.array(knob.get("sketch"))
    assert (drawn[0], drawn[-1]) == (high, low)
    ends = box.ends()
    known = ~np.isnan(ends)
    truth = np.interp(places(box), np.array([box.place(b) for b in box.runs["beta"]])[known], ends[known])
    shown = knob.readouts()
    assert shown["mean_gap"] == pytest.approx(np.abs(drawn - truth).mean(), rel=1e-9)
    assert shown["max_gap"] == pytest.approx(np.abs(drawn - truth).max(), rel=1e-9)
    text = verdict.inner_text()
    assert f"{shown['mean_gap']:.2f} on average" in text
    assert ("reward hacking" in text) == ("hacked" in box.fates())
    expect(knob.box.locator(".xp-kk-draw .xp-plot-svg path.xp-points.xp-simulation")).to_have_count(1)
    assert all(handle.get_attribute("aria-disabled") == "true" for handle in handles.all())


def test_points_are_named_by_beta(knob: Live) -> None:
    box = mirrored(knob)
    handles = knob.box.locator(".xp-kk-draw .xp-handle")
    first, last = box.runs["beta"][0], box.runs["beta"][-1]
    for handle, beta in ((handles.first, first), (handles.last, last)):
        handle.focus()
        knob.page.keyboard.press("ArrowUp")
        assert handle.get_attribute("aria-label") == f"Your guess at β = {beta:g}"
    knob.button("As numbers").press("Enter")
    rows = knob.box.locator(".xp-sketch-numbers tbody tr")
    assert rows.first.locator("th").inner_text() == f"{first:g}"
    entry = knob.box.get_by_label(f"Your guess at β = {last:g}").last
    entry.fill("0")
    entry.press("Enter")
    assert knob.settle().get("sketch")[-1] == 0


def test_the_top_of_the_sketch_is_compared(knob: Live) -> None:
    box = mirrored(knob)
    place = box.place(box.best())
    hill = [-abs(float(x) - place) for x in places(box)]
    low, high = box.limits()
    hill = [low + (high - low) * (1 + v / 10) for v in hill]
    knob.set(sketch=hill, revealed=True)
    expect(knob.box.locator(".xp-verdict")).to_contain_text("and there it is")
    near = float(places(box)[int(np.argmax(hill))])
    assert knob.readouts()["own_top"] == pytest.approx(10**near, rel=1e-9)


def test_reset_forgets_the_drawing(knob: Live) -> None:
    first = knob.get("beta")
    knob.set(sketch=level(knob, 0.5), revealed=True, beta=mirrored(knob).runs["beta"][1], watch="entropy")
    expect(knob.box.locator(".xp-verdict")).to_contain_text("off by")
    knob.button("Reset").press("Enter")
    knob.settle()
    assert not knob.get("revealed") and knob.readouts()["oracle"] == "?"
    assert set(knob.get("sketch")) <= {None}
    assert (knob.get("beta"), knob.get("watch")) == (first, "kl")
    expect(knob.box.locator(".xp-verdict")).to_have_text("")
    assert knob.readouts()["mean_gap"] == ""


def test_the_slider_walks_over_the_stored_runs(knob: Live) -> None:
    box = mirrored(knob)
    slider = knob.box.get_by_role("slider", name="Price of KL")
    slider.press("Home")
    seen = [knob.settle().get("beta")]
    for _ in box.runs["beta"][1:]:
        slider.press("ArrowRight")
        seen.append(knob.settle().get("beta"))
    assert seen == box.runs["beta"]
    assert slider.get_attribute("aria-valuetext") == f"β = {box.runs['beta'][-1]:g}"  # what became of it is not told
    knob.set(revealed=True)
    fate = {"held": "held back", "best": "highest oracle"}[box.fates()[-1]]
    assert slider.get_attribute("aria-valuetext").endswith(f": {fate}")


def test_answers_are_those_of_the_policy(knob: Live) -> None:
    box = mirrored(knob)
    knob.set(revealed=True)
    for run, beta in enumerate(box.runs["beta"][:3]):
        knob.set(beta=beta)
        told = knob.box.locator(".xp-kk-answers tbody th").all_inner_texts()
        assert told == [one["answer"] for one in box.runs["samples"][run]]


def test_no_way_leads_far_above_the_tilt(knob: Live) -> None:
    box = mirrored(knob)
    if not box.runs["reference"]:
        pytest.skip("the page's runs came without answers of the reference")
    assert knob.box.get_by_text("the most there is").count() == 1
    most = box.frontier()
    for kl, reward in zip(box.ends("kl"), box.ends("reward"), strict=True):
        if kl < most[-1, 0]:
            assert reward < np.interp(kl, most[:, 0], most[:, 1]) + 0.5


def test_the_drawing_is_remembered_in_this_browser(knob: Live, live: Callable[..., Live]) -> None:
    handle = knob.box.locator(".xp-kk-draw .xp-handle").nth(3)
    handle.focus()
    handle.press("End")
    drawn = knob.settle().get("sketch")
    knob.page.reload()
    assert live(knob.page, NAME).settle().get("sketch") == drawn


@pytest.mark.parametrize("address", ["beta=0.123", "watch=loss", "revealed=true"])
def test_a_foreign_address_changes_nothing(open_page: Callable, live: Callable, address: str) -> None:
    names = ("beta", "watch", "revealed")
    plain = live(open_page(PAGE, alone=NAME), NAME)
    other = live(open_page(f"{PAGE}#xp:{NAME}.{address}", alone=NAME), NAME)
    assert {name: other.get(name) for name in names} == {name: plain.get(name) for name in names}


def test_it_fits_a_phone(open_page: Callable, live: Callable) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME)
    x.set(sketch=level(x, 0.5), revealed=True)
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert x.box.locator(".xp-kk-draw .xp-plot").bounding_box()["width"] > 250
