"""Melt a sentence in the page: the noise stays, the tokens are the library's, and heat is Var E/T²."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables.page_model import ASSET, prompt_ids
from book_lib.ising import onsager_entropy, onsager_specific_heat
from book_lib.probability import entropy, heat_capacity, softmax
from book_lib.quantization import from_page_arrays
from book_lib.rng import CounterRNG
from book_lib.sampling import gumbel, gumbel_max
from tests.site.driver import Live
from tests.site.models import arrays_of, asked

PAGE = "chapters/transformers.html"
NAME = "melt_sentence"
Opener = Callable[..., Page]
Finder = Callable[..., Live]


@pytest.fixture(scope="module")
def model(site_folder: Path):
    return from_page_arrays(arrays_of(site_folder, ASSET))


@pytest.fixture
def melt(open_page: Opener, live: Finder) -> Live:
    x = asked(live(open_page(PAGE, alone=NAME), NAME))
    return x.set(temperature=1, seed=0, prediction="skipped")


def wanted(model, x: Live, temperature: float, seed: int = 0) -> tuple[list[int], np.ndarray]:
    """Tokens and logits, one by one and without a cache."""
    gpt, tokenizer = model
    given = prompt_ids(tokenizer, gpt, x.get("prompt"))
    ids, rows = [], []
    for g in gumbel((x.get("length"), gpt.config.vocab_size), CounterRNG(seed)):
        rows.append(gpt.next_logits([*given, *ids]).astype(float))
        ids.append(gumbel_max(rows[-1], temperature, noise=g))
    return ids, np.array(rows)


def caption(x: Live) -> str:
    return x.box.locator(".xp-melt > .xp-caption").inner_text()


def ids_of(x: Live) -> list[int]:
    return [int(one) for one in x.readouts()["ids"].split()]


@pytest.mark.parametrize(("temperature", "seed"), [(1, 0), (0.5, 0), (0, 3), (2.5, 2**32 - 1)])
def test_tokens_and_heat_are_the_librarys(melt: Live, model, temperature: float, seed: int) -> None:
    melt.set(seed=seed).set(temperature=temperature)
    ids, rows = wanted(model, melt, temperature, seed)
    assert ids_of(melt) == ids
    shown = melt.readouts()
    assert shown["entropy"] == pytest.approx(np.mean([entropy(softmax(z, temperature)) for z in rows]), abs=1e-4)
    if temperature:
        heats = [heat_capacity(z.max() - z, temperature) for z in rows]
        assert shown["heat"] == pytest.approx(np.mean(heats), abs=1e-3)
        assert shown["spin_entropy"] == pytest.approx(onsager_entropy(temperature), abs=1e-9)
        assert shown["spin_heat"] == pytest.approx(onsager_specific_heat(temperature), abs=1e-9)
    energies = [-np.log(softmax(z)[token]) for z, token in zip(rows, ids, strict=True)]
    assert shown["energy"] == pytest.approx(np.mean(energies), abs=1e-4)


def test_a_nudge_flips_some_and_keeps_the_beginning(melt: Live) -> None:
    before = ids_of(melt)
    melt.set(temperature=1.3)
    after = ids_of(melt)
    flipped = [k for k, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    assert melt.readouts()["changed"] == len(flipped)
    if flipped:
        said = f"{len(flipped)} of {len(after)} tokens are others than at T = 1; the first at place {flipped[0] + 1}"
        assert said in caption(melt)
    expect(melt.box.locator(".xp-fresh")).to_have_count(len(flipped))
    melt.set(temperature=1)
    assert ids_of(melt) == before


def test_another_prompt_melts_and_a_long_one_is_told_not_cut(melt: Live, model) -> None:
    gpt, tokenizer = model
    first = ids_of(melt)
    box = melt.box.get_by_label("Your prompt")
    box.fill("If the argument is")
    box.press("Enter")
    melt.settle()
    assert ids_of(melt) == wanted(model, melt, 1)[0] != first
    long = "qxz" * gpt.context
    box.fill(long)
    box.press("Enter")
    melt.settle()
    error = melt.box.locator(".xp-gpt-field .xp-error")
    expect(error).to_contain_text(f"has {len(tokenizer.encode(long))} tokens")
    assert len(ids_of(melt)) == melt.get("length")
    melt.button("Return the").click()
    expect(error).to_be_empty()
    assert melt.get("prompt") == "Return the"
    box.fill("a b " * 50)  # fits, and leaves room for less than the length
    box.press("Enter")
    melt.settle()
    room = gpt.context - len(tokenizer.encode("a b " * 50))
    assert 4 <= len(ids_of(melt)) == room < melt.get("length")


def test_the_slider_stays_under_the_finger(melt: Live) -> None:
    slider = melt.box.get_by_role("slider", name="Temperature")
    places = set()
    for T in (0, 0.3, 0.5, 1, 2, 4):
        melt.set(temperature=T)
        places.add(slider.bounding_box()["y"])
        passage = melt.box.locator(".xp-passage")
        over = passage.evaluate("el => el.scrollHeight > el.clientHeight")
        assert (passage.get_attribute("tabindex") == "0") == over  # what is hidden, keys can reach
    assert max(places) - min(places) < 1
    assert slider.bounding_box()["y"] < melt.box.locator(".xp-plot").first.bounding_box()["y"]


def test_cold_it_is_the_likeliest_whatever_the_noise(melt: Live) -> None:
    melt.set(temperature=0)
    cold = ids_of(melt)
    assert "the likeliest token, whatever the noise" in caption(melt)
    melt.button("Next seed").click()
    assert melt.settle().get("seed") == 1
    assert ids_of(melt) == cold
    assert melt.readouts()["heat"] == 0
    melt.set(temperature=1.5)
    assert ids_of(melt) != cold


def test_steps_heat_and_reset_begins_again(melt: Live) -> None:
    first = ids_of(melt)
    melt.step(10)
    assert melt.get("temperature") == pytest.approx(1.2)
    melt.step(2000)
    assert melt.get("temperature") == 4
    melt.button("Reset").click()
    assert melt.settle().get("temperature") == 1
    assert ids_of(melt) == first


def test_the_bet_comes_first_and_is_answered(melt: Live, model) -> None:
    melt.set(prediction="")
    card = melt.box.locator(".xp-bet")
    expect(card).to_be_visible()
    assert "You bet" not in caption(melt)
    melt.button("It stays up to some word").click()
    expect(card).to_have_count(0)
    a, b = (wanted(model, melt, T)[0] for T in (1, 1.05))
    flipped = [k for k in range(len(a)) if a[k] != b[k]]
    melt.settle()
    assert melt.readouts()["nudged"] == len(flipped)
    assert ("You bet right." in caption(melt)) == bool(flipped and flipped[0] > 0)


def test_from_disk_too_and_the_address_keeps_it(open_page: Opener, live: Finder) -> None:
    x = asked(live(open_page(PAGE, disk=True), NAME))
    x.box.get_by_role("slider", name="Temperature").press("ArrowRight")
    heat = x.settle().get("temperature")
    x.page.wait_for_function("() => location.hash.includes('melt_sentence.temperature')")
    x.page.reload()
    again = asked(live(x.page, NAME))
    assert again.get("temperature") == heat
    assert again.readouts()["ids"] == x.readouts()["ids"]


def test_curves_are_drawn_beside_the_magnets(melt: Live) -> None:
    for one in melt.box.locator(".xp-plot").all():
        assert one.locator(".xp-plot-svg path.xp-line").count() == 2
        assert one.locator(".xp-marker").count() == 2
    expect(melt.box.locator(".xp-legend").first).to_contain_text("a spin of the magnet")
