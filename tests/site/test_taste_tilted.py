"""Your taste, tilted, in the page: pairs, fit and weights are the library's; undo, judges, the bet, and hacking."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import TasteTilted
from tests.site.driver import Live

PAGE = "chapters/alignment.html"
NAME = "taste_tilted"
FRESH = {"choices": [], "ranker": "", "beta": 1, "prediction": "", "seed": 0}


@pytest.fixture
def taste(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone=NAME), NAME).set(**FRESH)


def mirrored(x: Live) -> TasteTilted:
    """The page's settings in Python."""
    samples = {name: value for name, value in x.get("samples").items() if value is not None}
    judges = {
        judge: dict(zip(samples["names"], worth, strict=True)) for judge, worth in x.get("judges").items()
    }
    names = ("choices", "ranker", "beta", "ridge", "seed")
    return TasteTilted(samples, judges, **{name: x.get(name) for name in names})


def caption(x: Live) -> str:
    return x.box.locator(".xp-tt > .xp-caption").inner_text()


def pair(x: Live) -> list:
    return x.box.locator(".xp-tt-pair button").all()


def check(x: Live) -> None:
    """What the page shows is what the library says."""
    box, shown = mirrored(x), x.readouts()
    assert shown["pairs"] == " ".join(f"{a}-{b}" for a, b in box.pairs())
    assert [float(v) for v in shown["coefficients"].split()] == pytest.approx(box.coefficients(), rel=1e-7, abs=1e-9)
    assert shown["ranked"] == len(box.choices)
    assert shown["kl"] == pytest.approx(box.kl(), rel=1e-7, abs=1e-9)
    assert shown["effective_size"] == pytest.approx(box.effective_size(), rel=1e-7)
    assert shown["mean_reward"] == pytest.approx(box.mean(), rel=1e-7, abs=1e-9)
    if box.samples["oracle"] is not None:
        assert shown["oracle"] == pytest.approx(box.mean("oracle"), rel=1e-7, abs=1e-9)
    assert shown["winner"] == box.winner()
    assert shown["beyond"] == " ".join(box.beyond())
    assert shown["twins"] == len(box.twins())
    assert shown["agree"] == box.agreement()


def test_each_choice_is_fitted_as_the_library_does(taste: Live) -> None:
    check(taste)
    for choice in (0, 1, 1, 0, 1):
        box = mirrored(taste)
        asked = [box.samples["answer"][i] for i in box.pairs()[len(box.choices)]]
        assert [button.inner_text() for button in pair(taste)] == asked
        pair(taste)[choice].press("Enter")
        taste.settle()
        check(taste)
    assert taste.get("choices") == [0, 1, 1, 0, 1]
    for beta in (10, 0.3, 0.02):
        check(taste.set(beta=beta))
    check(taste.set(seed=77))


def test_ten_pairs_and_undo_by_keyboard_only(taste: Live) -> None:
    taste.box.locator(".xp-tt-pair button").first.focus()
    for _ in range(10):
        taste.page.keyboard.press("Enter")
    assert taste.settle().get("choices") == [0] * 10
    assert all(button.is_disabled() for button in pair(taste))
    undo = taste.button("Undo")
    expect(undo).to_be_focused()  # the focus is not lost with the pair
    taste.page.keyboard.press("Enter")
    assert taste.settle().get("choices") == [0] * 9
    assert not pair(taste)[0].is_disabled()
    check(taste)
    taste.button("Reset").press("Enter")
    assert taste.settle().get("choices") == [] and undo.is_disabled()


JUDGES = [("Likes praise", "praise"), ("Likes short ones", "short"), ("Tosses a coin", "coin")]


@pytest.mark.parametrize(("label", "judge"), JUDGES)
def test_somebody_else_ranks(taste: Live, label: str, judge: str) -> None:
    taste.button(label).press("Enter")
    assert taste.settle().get("choices") == mirrored(taste).rank(judge)
    assert taste.button(label).get_attribute("aria-pressed") == "true"
    check(taste)
    assert "10 pairs" in caption(taste)
    taste.button("Undo").click()
    taste.settle()
    assert caption(taste).startswith("You have ranked 9 of 10 pairs")


def test_the_bet_is_answered_at_its_beta(taste: Live) -> None:
    card = taste.box.locator(".xp-bet")
    expect(card).to_have_count(0)  # nothing to bet on before a reward is there
    taste.button("Likes praise").click()
    expect(card).to_be_visible()
    lines = taste.box.locator(".xp-plot-svg path.xp-line.xp-theory")
    assert not lines.nth(1).get_attribute("d")  # the way is not told yet
    card.get_by_role("button", name="More than half").press("Enter")
    expect(card).to_have_count(0)
    assert "Lower β to 0.1" in caption(taste.settle())
    assert lines.nth(1).get_attribute("d")
    taste.set(beta=0.1)
    size = mirrored(taste).effective_size()
    said = "You bet right" if size > 100 else "You bet on another number"
    assert said in caption(taste)
    assert f"{size:.0f} of 200" in caption(taste) or f"{size:.1f} of 200" in caption(taste)


def test_a_low_beta_hacks_the_readers_own_reward(taste: Live) -> None:
    taste.button("Likes praise").click()
    high = taste.settle().readouts()
    taste.box.get_by_role("slider", name="Temperature of the tilt").press("Home")
    low = taste.settle().readouts()
    assert taste.get("beta") == 0.02
    assert low["mean_reward"] > high["mean_reward"] and low["kl"] > high["kl"]
    assert low["effective_size"] < high["effective_size"] / 2
    box = mirrored(taste)
    missed = taste.box.locator(".xp-tt-missed").inner_text()
    assert box.samples["answer"][box.winner()] in missed
    assert ("More than in any answer that was ranked" in missed) == bool(box.beyond())
    table = taste.box.locator(".xp-tt-answers tbody tr")
    best = int(box.rewards().argmax())
    assert f"{box.rewards()[best]:.2f}".replace("-", "−") in table.first.inner_text()


def test_a_moved_slider_declines_the_bet(taste: Live) -> None:
    slider = taste.box.get_by_role("slider", name="Temperature of the tilt")
    slider.press("ArrowLeft")
    assert taste.settle().get("prediction") == ""  # no reward yet, no bet
    taste.button("Likes praise").click()
    slider.press("ArrowLeft")
    assert taste.settle().get("prediction") == "skipped"
    assert "answers count" in slider.get_attribute("aria-valuetext")


def test_other_pairs_begin_anew(taste: Live) -> None:
    taste.button("Likes praise").click()
    before = taste.settle().readouts()["pairs"]
    taste.button("Next seed").click()
    assert taste.settle().get("choices") == [] and taste.readouts()["pairs"] != before
    check(taste)


def test_columns_wear_the_colours_of_temperature(taste: Live) -> None:
    heats = []
    for beta in (0.02, 10):
        layer = taste.set(beta=beta).box.locator(".xp-layer-columns")
        heats.append(float(layer.evaluate("el => el.style.getPropertyValue('--heat')")))
    assert heats[0] < 0.1 and heats[1] > 0.9


def test_what_is_spoken_is_short(taste: Live) -> None:
    taste.button("Likes praise").click()
    live = taste.box.locator(".xp-hidden[role=status]")
    expect(live).to_contain_text("10 of 10 pairs ranked")
    assert len(live.inner_text()) < 90


def test_a_link_carries_choices_and_seed(taste: Live, live: Callable[..., Live]) -> None:
    taste.button("Next seed").click()
    pair(taste)[1].click()
    pair(taste)[0].click()
    taste.page.wait_for_function("() => location.hash.includes('choices')")
    taste.page.reload()
    again = live(taste.page, NAME).settle()
    assert (again.get("seed"), again.get("choices")) == (1, [1, 0])
    check(again)


BAD = ["choices=2", "choices=0,0,0,0,0,0,0,0,0,0,0", "beta=0", "ranker=nobody", "prediction=all", "seed=-1"]


@pytest.mark.parametrize("address", BAD)
def test_a_foreign_address_changes_nothing(open_page: Callable, live: Callable, address: str) -> None:
    names = ("choices", "beta", "ranker", "prediction", "seed")
    plain = live(open_page(PAGE, alone=NAME), NAME)
    other = live(open_page(f"{PAGE}#xp:{NAME}.{address}", alone=NAME), NAME)
    assert {name: other.get(name) for name in names} == {name: plain.get(name) for name in names}


def test_it_fits_a_phone_and_nothing_jumps(open_page: Callable, live: Callable) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME).set(**FRESH)
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
    where = [x.box.locator(".xp-stage").bounding_box()["y"]]
    for _ in range(4):
        pair(x)[1].press("Enter")
        x.set(prediction="skipped")
        where.append(x.box.locator(".xp-stage").bounding_box()["y"])
    assert max(where) - min(where) < 1
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
