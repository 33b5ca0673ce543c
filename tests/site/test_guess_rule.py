"""Guess my rule: the rounds are Python's, an answer rules out exactly the rules that miss it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables.guess_rule import KINDS, Round
from tests.site.driver import Live

FRESH = {"fresh": False, "x": 4, "asked": [], "rule": 0, "bend": 2, "revealed": False, "seed": 0}


@pytest.fixture
def game(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/data_model_task.html", alone="guess_rule"), "guess_rule")


def start(x: Live, **settings: object) -> Live:
    """A round of its own, nothing asked; what the seed resets comes last."""
    settings = FRESH | settings
    x.set(seed=settings.pop("seed"), fresh=settings.pop("fresh"))
    return x.set(**settings)


def standing(x: Live) -> list[str]:
    """Kinds of the rules on the shelf that are not struck out."""
    out = x.box.evaluate(
        "el => [...el.querySelectorAll('.xp-gr-shelf .xp-segment')].map(s => s.classList.contains('xp-gr-out'))"
    )
    return [kind for kind, gone in zip(KINDS, out, strict=True) if not gone]


def seed_of(kind: str) -> int:
    """The first seed that hides this rule behind the printed pairs."""
    return next(seed for seed in range(200) if KINDS[Round.draw(seed, False).hidden] == kind)


def test_answers_rule_out_what_misses_them(game: Live) -> None:
    for seed, fresh in ((0, False), (1, True), (7, True), (2**32 - 1, True)):
        follow_round(game, seed, fresh)


def follow_round(game: Live, seed: int, fresh: bool) -> None:
    """Ask three questions by the controls; count as the library does."""
    start(game, seed=seed, fresh=fresh)
    here, asked = Round.draw(seed, fresh), []
    for x in (4.0, 1.0, 2.5):
        before = game.set(x=x).readouts()
        left = here.left(asked)
        assert before["left"] == len(left)
        assert before["answers"] == len(here.answers(left, x))
        assert before["expected_left"] == pytest.approx(here.expected_left(left, x), rel=1e-12)
        game.button("Ask").click()
        asked.append(x)
        assert game.settle().get("asked") == asked
        assert standing(game) == here.left(asked)
        assert KINDS[here.hidden] in standing(game)


def test_a_known_answer_cannot_be_asked_for_and_teaches_nothing(game: Live) -> None:
    start(game)
    for x in (2, 3):
        assert game.set(x=x).readouts()["answers"] == 1
        assert game.readouts()["expected_left"] == len(KINDS)
        expect(game.button("Ask")).to_be_disabled()
        expect(game.box.locator(".xp-caption")).to_contain_text("nothing to learn")
    game.set(x=4)
    expect(game.button("Ask")).to_be_enabled()


def test_a_good_question_leaves_the_fewest(game: Live) -> None:
    start(game)
    here = Round.draw(0, False)
    game.button("Find a good question").click()
    least = min(here.expected_left(KINDS, x) for x in here.questions())
    assert game.settle().readouts()["expected_left"] == pytest.approx(least)


def test_the_straight_line_is_the_family_at_minus_one(game: Live) -> None:
    """Two pairs leave every c; 5x − 6 hidden, a third answer leaves c = −1; a wave leaves none."""
    start(game, seed=seed_of("line"))
    assert game.readouts()["fitting_bend"] == "all"
    for x in (4.0, 0.5):
        game.set(x=x).button("Ask").click()
        assert game.settle().readouts()["fitting_bend"] == pytest.approx(-1, abs=1e-12)
    start(game, seed=seed_of("wave"), asked=[4.0, 0.5])
    assert game.readouts()["fitting_bend"] == "none"


def test_whole_numbers_never_tell_the_square_from_the_wave(game: Live) -> None:
    start(game, seed=seed_of("quadratic"), asked=[float(x) for x in range(-1, 6) if x not in (2, 3)])
    assert standing(game) == ["quadratic", "wave"]


def test_a_chosen_rule_that_is_out_is_drawn_as_such(game: Live) -> None:
    start(game, seed=seed_of("line"))
    legend = game.box.locator(".xp-legend").first
    expect(legend).not_to_contain_text("ruled out")
    assert game.box.locator(".xp-plot-svg .xp-line.xp-muted.xp-dashed").count() == 0
    game.set(asked=[4.0])
    expect(legend).to_contain_text("x², ruled out")
    assert game.box.locator(".xp-plot-svg .xp-line.xp-muted.xp-dashed").count() == 1


def test_every_c_that_fits_an_answer_at_four_can_be_set(game: Live) -> None:
    """Two pairs leave one c for each third answer at 4, whatever rule is hidden: the slider reaches it."""
    slider = game.box.get_by_role("slider", name="Bend")
    low, high = (float(slider.get_attribute(side)) for side in ("min", "max"))
    needed = [(Round(2, 4, 5, 0).value(kind, 4.0) - 16) / 2 for kind in KINDS]
    assert low <= min(needed) and max(needed) <= high


def test_reveal_tells_luck_from_knowledge(game: Live) -> None:
    start(game, seed=seed_of("quadratic"), asked=[4.0])
    caption = game.box.locator(".xp-caption")
    game.button("Reveal").click()
    expect(caption).to_contain_text("but")  # x² and x² + 3 sin πx still fit: a guess
    game.box.get_by_text("5x − 6", exact=True).click()
    expect(caption).to_contain_text("misses a known answer")
    game.set(rule=0, asked=[4.0, 0.5, -0.5, -1.0, 4.5])
    expect(caption).to_contain_text("the one you chose.")
    game.button("Reset").click()
    assert game.settle().get("asked") == []


def test_bend_and_question_by_keyboard_and_pointer(game: Live) -> None:
    start(game)
    line = game.box.locator(".xp-line.xp-reader").first
    curve = line.get_attribute("d")
    game.box.get_by_role("slider", name="Bend").press("End")
    assert game.settle().get("bend") == 8
    assert line.get_attribute("d") != curve
    plot = game.box.locator(".xp-plot-svg").first
    box = plot.bounding_box()
    plot.click(position={"x": 0.3 * box["width"], "y": 0.5 * box["height"]})
    assert game.settle().get("x") < 2
