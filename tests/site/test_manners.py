"""Small manners of the built pages: what an address restores, where the focus goes, what a press costs."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.site.driver import Live, settle

Opener = Callable[..., Page]
Finder = Callable[..., Live]
CHAPTER = "chapters/ising.html"
FOCUS = "document.activeElement"


def test_an_address_with_strange_names_breaks_nothing_and_sliders_take_what_presets_lack(
    open_page: Opener, live: Finder
) -> None:
    page = open_page(CHAPTER + "#xp:__proto__._css=article{display:none}&__proto__.into=x&village.temperature=3.3")
    assert live(page, "village").get("temperature") == 3.3
    assert page.locator("article").is_visible()
    assert page.evaluate("({}).into") is None


def test_an_address_followed_on_an_open_page_sets_all_it_says(open_page: Opener, live: Finder) -> None:
    page = open_page(CHAPTER)
    zoom = live(page, "zoom").step(0)
    page.evaluate("location.hash = '#xp:zoom.level=2&zoom.seed=9&zoom.guess=B'")
    zoom.step(0)
    assert (zoom.get("seed"), zoom.get("level"), zoom.get("guess")) == (9, 2, "B")


def test_a_link_within_the_page_loses_nobodys_state(open_page: Opener, live: Finder) -> None:
    page = open_page(CHAPTER)
    village, loops = live(page, "village"), live(page, "hysteresis")
    village.control("Temperature").or_(village.box.get_by_role("slider").first).first.press("End")
    page.wait_for_function("() => location.hash.includes('village')")
    page.evaluate("location.hash = '#sec-ising-zoom'")
    loops.box.get_by_role("slider").first.press("End")
    page.wait_for_function("() => location.hash.includes('village') && location.hash.includes('hysteresis')")


def test_an_address_copied_on_a_phone_keeps_its_small_lattice(open_page: Opener, live: Finder) -> None:
    page = open_page(CHAPTER, width=360)
    lattice = live(page, "lattice")
    assert lattice.get("size") == 64
    lattice.box.get_by_role("slider").first.press("ArrowRight")
    page.wait_for_function("() => location.hash.includes('lattice.size=64')")


def test_only_a_click_chooses_a_house(open_page: Opener, live: Finder) -> None:
    village = live(open_page(CHAPTER, alone="village"), "village")
    box = village.box.locator(".xp-vi-svg").bounding_box()
    village.page.mouse.click(box["x"] + 5, box["y"] + 5, button="right")
    assert village.settle().get("house") == 45


def test_the_last_zoom_hands_the_focus_on(open_page: Opener, live: Finder) -> None:
    zoom = live(open_page(CHAPTER, alone="zoom"), "zoom").step(0)
    out = zoom.button("Zoom out")
    for _ in range(4):
        out.press("Enter")
        zoom.settle()
    expect(out).to_be_disabled()
    assert zoom.box.evaluate(f"el => el.contains({FOCUS})")


def test_skipping_the_question_keeps_the_focus_in_the_explorable(open_page: Opener, live: Finder) -> None:
    lattice = live(open_page(CHAPTER, alone="lattice"), "lattice")
    lattice.button("Just show me").press("Enter")
    lattice.settle()
    assert lattice.box.evaluate(f"el => el.contains({FOCUS})")


def test_copying_a_table_that_grows_keeps_the_focus(open_page: Opener, live: Finder) -> None:
    village = live(open_page(CHAPTER, alone="village"), "village")
    village.button("Show as table").click()
    village.button("Copy").press("Enter")
    village.step(40)
    village.page.wait_for_timeout(1200)
    assert village.page.evaluate(f"{FOCUS}.textContent").startswith(("Copy", "Copied"))


def test_reset_stops_a_magnet_that_is_still_settling(open_page: Opener, live: Finder) -> None:
    both = live(open_page("index.html", reduced=False), "magnet_words")
    both.box.get_by_role("slider", name="Temperature").press("End")
    both.button("Reset").click()
    start = both.readouts()["sweeps"]
    both.page.wait_for_timeout(500)
    assert both.readouts()["sweeps"] == start


def test_reset_throws_a_long_measurement_away_instead_of_finishing_it(open_page: Opener, live: Finder) -> None:
    """A ratio within one run: what was pending at Reset is forty field steps, and Reset costs less than five."""
    loops = live(open_page(CHAPTER, reduced=False, alone="hysteresis"), "hysteresis")
    loops.step(40)
    loops.set(sweeps_per_step=1000, repeats=20)
    timed = """(el, event) => {
        const start = performance.now();
        el.dispatchEvent(new CustomEvent(event, {detail: {n: 5}}));
        return performance.now() - start;
    }"""
    reset = loops.box.evaluate(timed, "xp:reset")
    shown = loops.settle().readouts()
    assert (shown["field"], shown["loops"]) == (-2.5, 0)
    assert reset < loops.box.evaluate(timed, "xp:step")


def test_search_names_the_place_in_plain_words(open_page: Opener) -> None:
    page = open_page("index.html")
    page.keyboard.press("/")
    page.keyboard.type("test_x 2w_1 0000001 village that votes")  # the index has no such numbers, nor names of tests
    hits = page.locator("#search-box .search-found")
    expect(hits.locator("li", has_text=" in ").first).to_be_visible()
    assert not re.search(r"</?\w", hits.inner_text())
    box = page.locator("#search-box").bounding_box()
    page.mouse.click(box["x"] + 4, box["y"] + 4)  # its padding
    assert page.locator("#search-box").is_visible()
    page.mouse.click(2, 2)
    settle(page)
    assert page.locator("#search-box").is_hidden()
