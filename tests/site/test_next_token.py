"""The next token in the page: law, cuts and draws are the library's; the magnet is Ising's, under the same slider."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import NextToken
from book_lib.ising import onsager_magnetization
from book_lib.probability import entropy
from tests.site.driver import Live

PAGE = "chapters/language_models.html"
FRESH = {"table": "heroes", "temperature": 1, "top_k": 8, "top_p": 1, "prediction": "skipped", "seed": 0}
LECTURE = {
    0.7: [0.9726, 0.0157, 0.0042, 0.0075],
    1: [0.9, 0.05, 0.02, 0.03],
    1.5: [0.7529, 0.1096, 0.0595, 0.0780],
}


@pytest.fixture
def token(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="next_token"), "next_token")


def start(x: Live, **settings: object) -> Live:
    """Known settings, before any draw."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def caption(x: Live) -> str:
    return x.box.locator(".xp-caption").inner_text()


def numbers(text: str) -> list[float]:
    return [float(one) for one in text.split()]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"table": "cat", "temperature": 1.5, "top_k": 4, "seed": 2},
        {"table": "animal", "temperature": 0.7, "top_p": 0.5},
        {"table": "sum", "temperature": 3, "top_k": 3, "top_p": 0.99, "seed": 7},
        {"table": "cat", "temperature": 0},
    ],
)
def test_law_and_draws_are_the_librarys(token: Live, settings: dict) -> None:
    wanted = NextToken(**FRESH | settings)
    shown = start(token, **settings).step(300).readouts()
    np.testing.assert_allclose(numbers(shown["probabilities"]), wanted.law(), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(numbers(shown["energies"]), wanted.energies(), rtol=1e-12)
    assert (
        numbers(shown["counts"]) == np.bincount(wanted.draw(300), minlength=len(wanted.energies())).tolist()
    )
    assert shown["entropy_bits"] == pytest.approx(entropy(wanted.law(), 2), abs=1e-12)
    assert shown["mean_energy"] == pytest.approx(float(wanted.law() @ wanted.energies()), abs=1e-12)


def test_the_lectures_three_temperatures(token: Live) -> None:
    start(token)
    for temperature, law in LECTURE.items():
        button = token.box.get_by_role("button", name=f"T = {temperature}", exact=True)
        button.click()
        np.testing.assert_allclose(numbers(token.settle().readouts()["probabilities"]), law, atol=5e-5)
        expect(button).to_have_attribute("aria-pressed", "true")


def test_zero_is_a_limit_and_every_draw_the_same(token: Live) -> None:
    start(token, table="cat")
    token.box.get_by_role("slider", name="Temperature").press("Home")
    token.step(50)
    assert numbers(token.readouts()["counts"]) == [50] + [0] * 7
    assert "T = 0 is a limit" in caption(token)
    assert token.readouts()["entropy_bits"] == 0
    near = numbers(token.set(temperature=0.05).readouts()["probabilities"])
    assert near[0] > 0.9999


def test_what_is_cut_has_an_infinite_energy(token: Live) -> None:
    start(token, table="cat", top_k=3)
    rows = token.box.locator(".xp-nt-table tbody tr")
    cells = [rows.nth(i).locator("td").first.inner_text() for i in range(8)]
    assert cells[3:] == ["∞"] * 5 and "∞" not in cells[:3]
    p = numbers(token.readouts()["probabilities"])
    assert p[0] / p[1] == pytest.approx(0.42 / 0.24)
    assert "leave 3 of 8 tokens" in caption(token) and token.readouts()["kept"] == 3
    slider = token.box.get_by_role("slider", name="top-p")
    slider.press("Home")
    assert token.settle().readouts()["kept"] == 1


def test_one_slider_two_systems(token: Live) -> None:
    """The magnet's spins are `book_lib.ising`'s, and it is in order below T = 1 and out of it above."""
    for temperature in (0.6, 2.0):
        start(token, temperature=temperature).step(30)
        shown = token.readouts()
        magnet = NextToken(**FRESH | {"temperature": temperature}).magnet(30)
        assert shown["sweeps"] == 30
        assert shown["abs_magnetization"] == pytest.approx(abs(magnet.magnetization), abs=1e-12)
    exact = float(onsager_magnetization(0.6, math.log(1 + math.sqrt(2)) / 2))
    assert start(token, temperature=0.6).readouts()["abs_magnetization"] == pytest.approx(exact, abs=0.03)
    before = token.box.locator("canvas").evaluate("el => el.toDataURL()")
    token.box.get_by_role("slider", name="Temperature").press("End")
    assert token.settle().box.locator("canvas").evaluate("el => el.toDataURL()") != before


def test_draws_meet_the_law(token: Live) -> None:
    start(token, table="animal", temperature=2).step(5000)
    counts, law = (np.array(numbers(token.readouts()[name])) for name in ("counts", "probabilities"))
    np.testing.assert_allclose(counts / 5000, law, atol=0.03)
    shares = token.box.locator(".xp-nt-table tbody tr td:last-child").all_inner_texts()
    np.testing.assert_allclose([float(one) for one in shares], counts / 5000, atol=6e-4)


def test_the_bet_moves_the_slider(token: Live) -> None:
    start(token, prediction="")
    ask = token.box.locator(".xp-bet")
    expect(ask).to_be_visible()
    token.button("75 %").click()
    assert (token.settle().get("prediction"), token.get("temperature")) == ("less", 1.5)
    expect(ask).to_have_count(0)
    assert "You bet right: 75.3 %" in caption(token)
    assert "You bet 97 %" in caption(token.set(prediction="more"))


def test_another_text_is_another_question(token: Live) -> None:
    start(token, prediction="")
    menu = token.box.get_by_role("combobox", name="Text")
    menu.select_option(label="The cat slept on the …")
    ask = token.settle().box.locator(".xp-bet")
    expect(ask).to_contain_text("“sofa” has 42.0 %")
    ask.get_by_role("button").nth(1).click()
    share = f"{100 * NextToken(table='cat', temperature=1.5).law()[0]:.1f} %"
    assert f"You bet right: {share}" in caption(token.settle())
    menu.select_option(label="2 + 2 = …")
    assert "bet" not in caption(token.settle())


@pytest.mark.parametrize("by", ["slider", "button"])
def test_heating_before_the_bet_declines_it(token: Live, by: str) -> None:
    start(token, prediction="")
    if by == "slider":
        token.box.get_by_role("slider", name="Temperature").press("ArrowRight")
    else:
        token.box.get_by_role("button", name="T = 1.5", exact=True).click()
    assert token.settle().get("prediction") == "skipped"
    expect(token.box.locator(".xp-bet")).to_have_count(0)


def test_only_at_one_is_it_said_to_be_as_the_model_has_it(token: Live) -> None:
    start(token)
    for temperature, said in (
        (0.95, "Cold"),
        (1, "T = 1: the probabilities as the model has them"),
        (1.05, "Hot"),
    ):
        assert caption(token.set(temperature=temperature)).startswith(said)
    alone = caption(token.set(temperature=2, top_k=1))
    assert alone.count("“capes”") == 1


def test_a_table_is_chosen_by_keyboard(token: Live) -> None:
    menu = start(token).box.get_by_role("combobox", name="Text")
    menu.press("End")
    assert token.settle().get("table") == "sum"
    assert token.box.locator(".xp-nt-table tbody th").all_inner_texts() == ["4", "5", "22", "fish"]
    menu.press("Home")
    assert token.settle().get("table") == "heroes"
