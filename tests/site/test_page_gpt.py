"""The GPT in the page: the model that is shipped computes there what torch computes here, and its controls mean it."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from book_lib.explorables.page_model import ASSET, prompt_ids
from book_lib.probability import entropy
from book_lib.quantization import from_page_arrays
from book_lib.rng import CounterRNG
from book_lib.sampling import generate, next_distribution
from tests.site.driver import Live
from tests.site.models import arrays_of, asked, transferred

PAGE = "chapters/transformers.html"
NAME = "page_gpt"
FRESH = {"prompt": "Return the ", "temperature": 1, "top_p": 1, "layer": 1, "head": 1, "seed": 0}
Opener = Callable[..., Page]
Finder = Callable[..., Live]


@pytest.fixture(scope="module")
def arrays(site_folder: Path) -> dict[str, np.ndarray]:
    return arrays_of(site_folder, ASSET)


@pytest.fixture(scope="module")
def model(arrays: dict[str, np.ndarray]):
    return from_page_arrays(arrays)


@pytest.fixture
def page_gpt(open_page: Opener, live: Finder, model) -> Live:
    x = asked(live(open_page(PAGE, alone=NAME), NAME))
    return start(x, top_k=model[0].config.vocab_size)


def start(x: Live, **settings: object) -> Live:
    """Known settings, nothing written."""
    x.set(**FRESH | settings)
    x.box.evaluate("el => el.dispatchEvent(new CustomEvent('xp:reset'))")
    return x.settle()


def numbers(text: str) -> list[float]:
    return [float(one) for one in text.split()]


def caption(x: Live) -> str:
    return x.box.locator(".xp-gpt > .xp-caption").first.inner_text()


def test_what_is_loaded_is_small_and_its_size_is_said(open_page: Opener, live: Finder, site_folder: Path) -> None:
    x = live(open_page(PAGE, alone=NAME), NAME)
    size = transferred(site_folder, ASSET)
    assert size <= 1_500_000
    said = x.box.locator(".xp-gpt-ask .xp-button").inner_text()
    assert abs(float(said.partition("(")[2].split()[0]) - size / 1e6) < 0.03
    expect(x.box.locator(".xp-passage")).to_contain_text(x.get("prompt").strip())
    assert x.box.locator(".xp-token.xp-warm").count() > 3
    assert x.page.evaluate("() => performance.getEntriesByType('resource').every(r => !r.name.includes('page-gpt.'))")


@pytest.mark.parametrize("prompt", ["Return the ", "x", "class Stack:\n    def push(self, item):\n        ", "温度"])
def test_logits_are_torchs_on_the_same_weights(page_gpt: Live, model, prompt: str) -> None:
    gpt, tokenizer = model
    start(page_gpt, prompt=prompt)
    shown = page_gpt.step(12).readouts()
    ids = [int(one) for one in shown["ids"].split()]
    assert ids[: len(tokenizer.encode(prompt))] == tokenizer.encode(prompt)
    np.testing.assert_allclose(numbers(shown["logits"]), gpt.next_logits(ids), atol=1e-3, rtol=0)


def test_cached_is_uncached_up_to_a_full_context(page_gpt: Live, model) -> None:
    gpt, _ = model
    shown = page_gpt.step(2000).readouts()
    ids = [int(one) for one in shown["ids"].split()]
    if len(ids) == gpt.context:
        assert f"context of {gpt.context} tokens is full" in caption(page_gpt)
        expect(page_gpt.button("Step")).to_be_visible()
    else:
        assert "ended the document" in caption(page_gpt)
    with torch.inference_mode():
        whole = gpt.double()(torch.tensor([ids]))[0, -1].numpy()
    gpt.float()
    np.testing.assert_allclose(numbers(shown["logits"]), whole, atol=1e-5, rtol=0)
    assert page_gpt.step(3).readouts()["tokens"] == len(ids)


WRITTEN = [
    {},
    {"temperature": 0},
    {"temperature": 0.7, "top_k": 20, "seed": 5},
    {"top_p": 0.6, "seed": 2**32 - 1},
]


@pytest.mark.parametrize("settings", WRITTEN, ids=str)
def test_it_writes_what_generate_writes(page_gpt: Live, model, settings: dict) -> None:
    gpt, tokenizer = model
    start(page_gpt, **{"top_k": gpt.config.vocab_size} | settings)
    given = prompt_ids(tokenizer, gpt, FRESH["prompt"])
    sampler = [settings.get("temperature", 1), settings.get("top_k"), settings.get("top_p")]
    ends = tokenizer.special_tokens.values()
    wanted = generate(gpt, given, 25, *sampler, CounterRNG(settings.get("seed", 0)), ends)
    shown = page_gpt.step(25).readouts()
    assert [int(one) for one in shown["ids"].split()] == wanted
    assert shown["text"] == tokenizer.decode(wanted[len(given) :])


def test_the_sampler_moves_over_the_same_logits(page_gpt: Live, model) -> None:
    gpt, _ = model
    before = page_gpt.step(4).readouts()
    z = numbers(before["logits"])
    for settings in ({"temperature": 0.5}, {"top_k": 5}, {"top_p": 0.5}, {"temperature": 2, "top_k": 40, "top_p": 0.8}):
        page_gpt.set(**{"temperature": 1, "top_k": gpt.config.vocab_size, "top_p": 1} | settings)
        shown = page_gpt.readouts()
        assert shown["logits"] == before["logits"]
        p = next_distribution(z, **settings)
        assert shown["left"] == (p > 0).sum()
        assert shown["entropy"] == pytest.approx(entropy(p), abs=1e-6)
        values = [float(v) for v in page_gpt.box.locator(".xp-bar-value").all_inner_texts()]
        assert values == pytest.approx(sorted(p, reverse=True)[:10], abs=6e-4)


def test_sliders_reach_the_sampler(page_gpt: Live) -> None:
    page_gpt.box.get_by_role("slider", name="Temperature").press("Home")
    assert page_gpt.settle().readouts()["left"] == 1
    page_gpt.box.get_by_role("slider", name="Temperature").press("End")
    page_gpt.box.get_by_role("slider", name="Top-k").press("Home")
    assert page_gpt.settle().get("top_k") == 1
    assert page_gpt.readouts()["left"] == 1


@pytest.mark.parametrize(("layer", "head"), [(1, 1), (2, 3), (4, 4)])
def test_attention_is_torchs(page_gpt: Live, model, layer: int, head: int) -> None:
    gpt, _ = model
    layer, head = min(layer, gpt.config.layers), min(head, gpt.config.heads)
    ids = [int(one) for one in page_gpt.step(6).readouts()["ids"].split()]
    page_gpt.set(layer=layer, head=head)
    wanted = gpt.attention_weights(ids)[layer - 1, head - 1]
    passage = page_gpt.box.get_by_role("listbox")
    passage.press("Home")
    for _ in range(3):
        passage.press("ArrowRight")
    assert page_gpt.settle().readouts()["token"] == 4
    read = "all => all.map(t => parseInt(t.style.getPropertyValue('--shade')))"
    shades = page_gpt.box.locator(".xp-token").evaluate_all(read)
    np.testing.assert_allclose(np.array(shades[:4]) / 40, wanted[3, :4], atol=0.02)
    assert not any(shades[4:])
    said = page_gpt.box.locator(".xp-gpt-attends").inner_text()
    assert f"Layer {layer}, head {head}: token 4," in said
    assert f"{wanted[3].max():.2f}" in said


def test_a_token_is_followed_to_a_single_number(page_gpt: Live, model) -> None:
    gpt, _ = model
    page_gpt.step(3)
    page_gpt.set(layer=2)
    page_gpt.box.locator("summary").click()
    area = page_gpt.box.get_by_role("application")
    seen = {}
    for _ in range(26):
        area.press("ArrowRight")
        shown = page_gpt.settle().readouts()
        assert shown["made"] == pytest.approx(shown["entry"], rel=1e-9, abs=1e-12)
        seen.setdefault(shown["tensor"], shown)
        area.press("ArrowDown")
    assert {"tokens", "positions", "x", "q", "scores", "weights", "gelu", "final", "logits", "p"} <= set(seen)
    ids = [int(one) for one in shown["ids"].split()]
    row = seen["tokens"]["number"] - 1
    assert seen["tokens"]["entry"] == pytest.approx(float(gpt.token_embedding.weight[ids[-1], row].detach()), abs=1e-7)
    z = numbers(shown["logits"])
    assert seen["logits"]["entry"] == pytest.approx(z[seen["logits"]["number"] - 1], abs=1e-6)
    area.press("End")
    area.press("ArrowUp")
    assert page_gpt.settle().readouts()["tensor"] == "logits"
    expect(page_gpt.box.locator(".xp-made-table")).to_contain_text("sum of all")
    streams = [f"layer {one + 1}: stream x" for one in range(gpt.config.layers)]  # the road has no gap
    names = page_gpt.box.locator(".xp-strip-name").all_inner_texts()
    assert [name for name in names if name.endswith(": stream x")] == streams
    assert "layer 2: queries q" in names
    assert "layer 1: queries q" not in names


def test_the_map_frames_the_chosen_row_and_a_press_chooses_another(page_gpt: Live) -> None:
    page_gpt.step(7)
    n = page_gpt.readouts()["tokens"]
    canvas = page_gpt.box.locator(".xp-gpt-map")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    canvas.click(position={"x": 5, "y": box["height"] * 3.5 / n})
    assert page_gpt.settle().readouts()["token"] == 4
    ring = page_gpt.box.locator(".xp-gpt-map-box .xp-strip-ring").bounding_box()
    assert ring["y"] - box["y"] == pytest.approx(3 * box["height"] / n, abs=1.5)
    canvas.click(position={"x": 5, "y": box["height"] * 3.5 / n})
    assert page_gpt.settle().readouts()["token"] == n


def test_keys_stop_at_the_first_token(page_gpt: Live) -> None:
    passage = page_gpt.step(4).box.get_by_role("listbox")
    for key in ("Home", "Home", "ArrowLeft", "PageUp"):
        passage.press(key)
        assert page_gpt.settle().readouts()["token"] == 1


def test_play_stays_under_the_finger_while_the_text_grows(page_gpt: Live) -> None:
    places = {page_gpt.button("Play").bounding_box()["y"]}
    for _ in range(4):
        page_gpt.step(30)
        places.add(page_gpt.button("Play").bounding_box()["y"])
    assert max(places) - min(places) < 1
    passage = page_gpt.box.locator(".xp-passage")
    seen = passage.bounding_box()
    latest = page_gpt.box.locator(".xp-token").last.bounding_box()
    assert seen["y"] < latest["y"] < seen["y"] + seen["height"]
    page_gpt.box.get_by_role("listbox").press("Home")
    first = page_gpt.settle().box.locator(".xp-token").first.bounding_box()
    assert first["y"] > seen["y"]
    assert page_gpt.button("Play").bounding_box()["y"] < page_gpt.box.locator(".xp-bars").bounding_box()["y"]


@pytest.mark.parametrize("prompt", ["🙂👩‍🔬", "今天天气很好。", "<|endoftext|>", "\x00\x7f", "   ", "\n\n"])
def test_odd_prompts_are_read(page_gpt: Live, model, prompt: str) -> None:
    gpt, tokenizer = model
    box = page_gpt.box.get_by_label("Your prompt")
    box.fill(prompt)
    box.press("Enter")
    shown = page_gpt.step(5).readouts()
    assert [int(one) for one in shown["ids"].split()][: shown["tokens"] - 5] == prompt_ids(tokenizer, gpt, prompt)
    said = caption(page_gpt)
    assert "undefined" not in said
    assert "NaN" not in said


def test_an_empty_prompt_begins_a_document_or_is_told(page_gpt: Live, model) -> None:
    _, tokenizer = model
    start(page_gpt, prompt="")
    shown = page_gpt.readouts()
    assert [int(one) for one in shown["ids"].split()] == list(tokenizer.special_tokens.values())[:1]
    if not tokenizer.special_tokens:
        expect(page_gpt.box.locator(".xp-gpt-field .xp-error")).to_have_text("Type a prompt first.")
        assert page_gpt.step(3).readouts()["tokens"] == 0


def test_loading_leaves_the_focus_on_a_button_that_opens_no_keyboard(page_gpt: Live) -> None:
    focused = "el => el.contains(document.activeElement) && document.activeElement.tagName"
    assert page_gpt.box.evaluate(focused) == "BUTTON"


def test_a_space_at_the_end_is_told(page_gpt: Live) -> None:
    start(page_gpt, prompt="The function ")
    assert "ends with a space" in caption(page_gpt)
    assert "ends with a space" not in caption(start(page_gpt, prompt="The function"))


def test_half_a_letter_is_left_out(page_gpt: Live) -> None:
    box = page_gpt.box.get_by_label("Your prompt")
    box.evaluate("el => { el.value = 'ab\\ud83d'; el.dispatchEvent(new Event('change')); }")
    assert page_gpt.settle().get("prompt") == "ab"


def test_a_number_is_chosen_by_pointer(page_gpt: Live) -> None:
    page_gpt.box.locator("summary").click()
    strip = page_gpt.box.locator(".xp-strip").nth(2)
    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    page_gpt.page.mouse.click(box["x"] + box["width"] * 0.999, box["y"] + box["height"] / 2)
    shown = page_gpt.settle().readouts()
    assert (shown["tensor"], shown["number"]) == ("x", 128)
    expect(page_gpt.box.locator(".xp-made-line")).to_contain_text("token embedding")


def test_a_typed_prompt_is_read_and_a_long_one_is_told_not_cut(page_gpt: Live, model) -> None:
    gpt, tokenizer = model
    box = page_gpt.box.get_by_label("Your prompt")
    box.fill("for i in range(")
    box.press("Enter")
    assert page_gpt.settle().readouts()["tokens"] == len(tokenizer.encode("for i in range("))
    long = "qxz" * gpt.context
    box.fill(long)
    box.press("Enter")
    page_gpt.settle()
    expect(page_gpt.box.locator(".xp-gpt-field .xp-error")).to_contain_text(f"has {len(tokenizer.encode(long))} tokens")
    assert "Nothing has been cut off" in caption(page_gpt)
    assert page_gpt.step(2).readouts()["tokens"] == 0
    page_gpt.button("Return the").click()
    assert page_gpt.settle().readouts()["tokens"] == len(tokenizer.encode("Return the"))
    expect(page_gpt.box.locator(".xp-gpt-field .xp-error")).to_be_empty()


def test_it_is_fast_enough(page_gpt: Live, record_property: Callable) -> None:
    for seed in range(3):  # at first the browser has yet to compile it
        start(page_gpt, seed=seed).step(120)
    speed = page_gpt.readouts()["tokens_per_second"]
    record_property("report", f"the page's GPT: {speed:.0f} tokens a second")
    assert speed >= 100


def test_from_disk_too(open_page: Opener, live: Finder) -> None:
    x = asked(live(open_page(PAGE, disk=True), NAME))
    assert x.step(2).readouts()["written"] == 2


def test_a_failed_load_can_be_tried_again(open_page: Opener, live: Finder) -> None:
    page = open_page(PAGE, alone=NAME)
    page.watch.allowed += [ASSET, "ERR_FAILED"]
    page.route(f"**/{ASSET}*", lambda route: route.abort())
    x = live(page, NAME)
    x.box.locator(".xp-gpt-ask .xp-button").click()
    expect(x.box.locator(".xp-gpt-ask [role=status]")).to_contain_text("could not be loaded")
    page.unroute(f"**/{ASSET}*")
    assert asked(x).step().readouts()["written"] == 1


def test_state_in_the_address_comes_back(page_gpt: Live, live: Finder) -> None:
    box = page_gpt.box.get_by_label("Your prompt")
    box.fill("a = b & c")
    box.press("Enter")
    page_gpt.box.get_by_role("slider", name="Temperature").press("ArrowRight")
    heat = page_gpt.settle().get("temperature")
    page_gpt.page.wait_for_function("() => location.hash.includes('page_gpt.prompt=')")
    page_gpt.page.reload()
    again = asked(live(page_gpt.page, NAME))
    assert (again.get("prompt"), again.get("temperature")) == ("a = b & c", heat)
    expect(again.box.locator(".xp-passage")).to_contain_text("a = b & c")


def test_energies_are_those_of_temperature_one(page_gpt: Live, model) -> None:
    gpt, tokenizer = model
    given = len(tokenizer.encode(FRESH["prompt"]))
    shown = start(page_gpt, temperature=2).step(8).readouts()
    ids = [int(one) for one in shown["ids"].split()]
    wanted = [-math.log(next_distribution(gpt.next_logits(ids[:k]))[ids[k]]) for k in range(given, len(ids))]
    assert shown["energy"] == pytest.approx(np.mean(wanted), abs=1e-4)
