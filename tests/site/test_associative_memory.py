"""The associative memory in the page: recalls are the library's, drawings are kept, and spurious states are named."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import AssociativeMemory
from book_lib.explorables.associative_memory import LETTERS, decode, encode
from book_lib.hopfield import critical_load, retrieval_overlap
from tests.site.driver import Live, wait_ready

PAGE = "chapters/hopfield.html"
NAME = "associative_memory"
FRESH = {
    "patterns": "letters", "own": "", "stored": [0, 1, 2], "extra": 0, "rule": "hebb", "chosen": 0,
    "corruption": "noise", "share": 0.2, "cue": "", "asynchronous": True, "seed": 0, "predict": "",
}  # fmt: skip
Opener = Callable[..., Page]
Finder = Callable[..., Live]


@pytest.fixture
def memory(open_page: Opener, live: Finder) -> Live:
    return start(live(open_page(PAGE, alone=NAME), NAME))


def start(x: Live, **settings: object) -> Live:
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


SCENES = [
    {},
    {"stored": list(range(8)), "chosen": 5},
    {"stored": list(range(8)), "chosen": 5, "rule": "pseudo-inverse", "share": 0.3, "seed": 2},
    {"patterns": "digits", "stored": list(range(10)), "chosen": 3, "rule": "pseudo-inverse"},
    {"stored": [0, 2, 5, 6], "chosen": 2, "corruption": "cover", "share": 0.5},
    {"stored": [0, 1], "share": 0.5, "seed": 5, "asynchronous": False},
    {"extra": 30, "seed": 2**32 - 1},
    {"share": 1.0},
]


@pytest.mark.parametrize("settings", SCENES, ids=str)
def test_recalls_are_the_librarys(memory: Live, settings: dict) -> None:
    wanted = AssociativeMemory(**settings)
    shown = start(memory, **settings).readouts()
    assert shown["start"] == encode(wanted.start())
    assert shown["load"] == pytest.approx(wanted.load())
    done = wanted.recall()
    assert shown["energy"] == pytest.approx(done.energies[0], rel=1e-9)
    if len(done.path) > 1:
        sweep = len(wanted.start()) if wanted.asynchronous else 1
        assert memory.step(sweep).readouts()["state"] == encode(done.path[1])
    shown = memory.step(20_000).readouts()
    assert (shown["state"], shown["period"]) == (encode(done.state), done.period)
    assert shown["energy"] == pytest.approx(done.energies[-1], rel=1e-9)
    assert shown["end"] == wanted.name().kind


def test_a_spurious_state_is_named_as_a_mixture(memory: Live) -> None:
    start(memory, share=0.3, seed=7).step(5000)
    assert "Nobody stored it: a spurious state, the mixture of A, not C and H" in caption(memory)
    assert memory.readouts()["of"] == "A C H"
    start(memory, stored=list(range(8)), chosen=5).step(5000)
    assert "no mixture of up to seven explains it; nearest is T, overlap 0.94" in caption(memory)


def test_the_prediction_is_answered_and_belongs_to_its_start(memory: Live) -> None:
    memory.box.get_by_text("at the picture", exact=True).click()
    assert "You foretold: at the picture." in caption(memory.settle())
    assert "Right." in caption(memory.step(5000))
    memory.set(share=0.3, seed=7)
    assert memory.get("predict") == ""
    memory.set(predict="pattern").step(5000)
    assert "It was otherwise." in caption(memory)
    start(memory).step(5000)
    memory.box.get_by_text("elsewhere", exact=True).click()
    assert "when it is known" in caption(memory.settle())


def test_two_states_alternate(memory: Live) -> None:
    memory.button("To and fro").click()
    memory.step(100)
    assert "Two states alternate for ever" in caption(memory)
    first = memory.readouts()["state"]
    wishes = AssociativeMemory(stored="AC").memory().wishes
    assert encode(wishes(wishes(decode(first)))) == first != encode(wishes(decode(first)))


def test_drawing_by_keys_and_by_pointer(memory: Live) -> None:
    before = memory.readouts()["start"]
    board = memory.box.get_by_role("application")
    board.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "Space"):
        memory.page.keyboard.press(key)
    state = decode(before)
    state[12] *= -1
    assert memory.settle().get("cue") == memory.readouts()["start"] == encode(state)
    assert "your drawing" in caption(memory)
    box = memory.box.locator(".xp-bm-picture").bounding_box()
    cell = box["width"] / 10
    x, y = box["x"] + 1.5 * cell, box["y"] + 9.5 * cell
    memory.page.mouse.move(x, y)
    memory.page.mouse.down()
    memory.page.mouse.move(x + 6 * cell, y, steps=6)
    memory.page.mouse.up()
    row = decode(memory.settle().get("cue"))[91:98]
    assert (row == -state[91]).all()
    memory.button("Spoil it again").click()
    assert memory.settle().get("cue") == ""


def test_what_happens_is_said(memory: Live) -> None:
    said = memory.box.get_by_role("status")
    memory.button("Step").press("Enter")
    expect(said).to_have_text(re.compile("^Update 1: the pixel in row"))
    board = memory.box.get_by_role("application")
    board.press("ArrowDown")
    expect(said).to_have_text("row 2, column 1: paper")
    board.press("Space")
    expect(said).to_have_text("row 2, column 1: ink")


def test_a_drawing_is_stored_recalled_and_removed(memory: Live) -> None:
    memory.button("Blank sheet").click()
    board = memory.box.get_by_role("application")
    board.focus()
    for key in ("Space", "ArrowRight", "Space", "ArrowRight", "Space", "ArrowDown", "Space"):
        memory.page.keyboard.press(key)
    drawn = memory.settle().get("cue")
    memory.button("Store this picture").click()
    assert memory.settle().get("patterns") == "own"
    assert (memory.get("stored"), memory.get("chosen")) == ([0, 1, 2, 3], 3)
    assert memory.get("own").split(".")[3] == drawn
    wanted = AssociativeMemory(own=memory.get("own"), stored=[0, 1, 2, 3], chosen=3)
    assert memory.step(5000).readouts()["state"] == encode(wanted.recall().state)
    memory.button("Remove it").click()
    assert len(memory.settle().get("own").split(".")) == 3
    assert memory.get("stored") == [0, 1, 2]
    memory.set(stored=[0])
    memory.button("Remove it").click()
    assert memory.settle().get("stored") == [0, 1]  # it was the only one stored: now the others are


def test_pictures_are_stored_and_forgotten_by_their_buttons(memory: Live) -> None:
    memory.button("Picture X").press("Enter")
    assert memory.settle().get("stored") == [0, 1, 2, 6]
    for name in "ACX":
        memory.button(f"Picture {name}").click()
    assert memory.settle().get("stored") == [2]
    assert memory.readouts()["load"] == pytest.approx(0.01)
    memory.button("Picture H").click()  # a memory holds something: without the only one, the others
    assert memory.settle().get("stored") == [0, 1, 3, 4, 5, 6, 7]


def test_another_set_begins_anew(memory: Live) -> None:
    memory.set(stored=[5, 6, 7], chosen=7)
    memory.box.get_by_text("Digits", exact=True).click()
    assert (memory.settle().get("stored"), memory.get("chosen")) == ([0, 1, 2], 0)
    assert len(memory.readouts()["state"]) == 16
    assert memory.box.get_by_label("Recall", exact=True).locator("option").count() == 10
    memory.box.get_by_label("Recall", exact=True).select_option(label="9")
    assert memory.settle().get("chosen") == 9


def test_twenty_seeds_lie_where_the_library_puts_them(memory: Live) -> None:
    start(memory, stored=list(range(len(LETTERS))), extra=12, share=0.1)
    memory.button("Try 20 seeds").click()
    wanted = AssociativeMemory(stored=LETTERS, extra=12, share=0.1).trials(20)
    assert memory.settle().readouts()["tried"] == pytest.approx(sum(wanted) / 20)
    assert f"mean overlap is {sum(wanted) / 20:.2f}" in caption(memory)


@pytest.mark.parametrize(("extra", "told"), [(9, "many units: 1.00."), (24, "no valley near the picture is left")])
def test_random_patterns_are_told_beside_the_theory(memory: Live, extra: int, told: str) -> None:
    memory.button("Capacity").click()
    memory.set(extra=extra)
    memory.button("Try 20 seeds").click()
    wanted = AssociativeMemory(stored="A", extra=extra, share=0).trials(20)
    assert memory.settle().readouts()["tried"] == pytest.approx(sum(wanted) / 20)
    assert f"mean overlap is {sum(wanted) / 20:.2f}" in caption(memory)
    assert told in caption(memory)


def test_the_curve_of_theory_is_the_librarys_and_hebbs_alone(memory: Live) -> None:
    memory.button("Show as table").click()
    table = memory.box.locator("table", has=memory.page.locator("caption", has_text="random patterns, N → ∞"))
    rows = table.locator("tbody tr").evaluate_all("rows => rows.map(r => [...r.cells].map(c => Number(c.textContent)))")
    checked = [row for row in rows if 0.02 < row[0] < 0.135]
    assert len(checked) > 20
    for load, m in checked:
        assert m == pytest.approx(retrieval_overlap(load), abs=2e-3)
    assert [row for row in rows if row[0] > 0.14] == [[0.3, 0]]
    legend = memory.box.locator(".xp-am-under .xp-legend")
    assert f"up to α = {critical_load():.3f}" in legend.inner_text()
    memory.set(rule="pseudo-inverse")
    assert "Hebb" not in legend.inner_text()


def test_play_step_and_reset(memory: Live) -> None:
    memory.button("Step").press("Enter")
    assert memory.settle().readouts()["updates"] == 1
    memory.button("Play").click()
    ended = "el => el.closest('.explorable-live').model.get('readouts').end === 'pattern'"
    memory.page.wait_for_function(ended, arg=memory.box.element_handle())
    memory.button("Reset").click()
    assert memory.settle().readouts()["updates"] == 0


@pytest.mark.parametrize(
    "address",
    [
        {"stored": "9", "chosen": "8"},
        {"own": "zz", "cue": "12"},
        {"share": "2", "rule": "oja"},
        {"stored": "0,0", "extra": "1.5"},
        {"stored": "", "patterns": "faces"},
    ],
    ids=str,
)
def test_a_foreign_address_changes_nothing(open_page: Opener, live: Finder, address: dict) -> None:
    plain = live(open_page(PAGE, alone=NAME), NAME)
    hash_ = "&".join(f"{NAME}.{name}={value}" for name, value in address.items())
    x = live(open_page(f"{PAGE}#xp:{hash_}", alone=NAME), NAME)
    assert {name: x.get(name) for name in FRESH} == {name: plain.get(name) for name in FRESH}
    assert x.step(5000).readouts() == plain.step(5000).readouts()


def test_a_reload_brings_back_what_was_drawn_and_stored(memory: Live) -> None:
    memory.button("Blank sheet").click()
    memory.button("Store this picture").click()
    memory.box.get_by_role("application").press("Space")
    memory.page.wait_for_function("() => location.hash.includes('cue') && location.hash.includes('own')")
    before = {name: memory.get(name) for name in FRESH}
    memory.page.reload()
    wait_ready(memory.page)
    assert {name: memory.get(name) for name in FRESH} == before


def test_it_fits_a_phone(open_page: Opener, live: Finder) -> None:
    x = start(live(open_page(PAGE, alone=NAME, width=360), NAME), stored=list(range(8)), extra=3)
    x.step(50)
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
    picture, play = x.box.locator(".xp-bm-picture").bounding_box(), x.button("Play").bounding_box()
    assert picture["width"] >= 200
    assert play["height"] >= 43.5
