"""The host and the kit on a bare page under the book's policy: controls, clock, address, sketch, quiz, explore."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import pytest
import traitlets
from playwright.sync_api import Browser, Locator, Page, expect

from book_lib.explorables import Choice, Numeric, Quiz, Series, Sketch, base, explore
from tests.site import bare, driver
from tests.site.checks import check_explorable
from tests.site.conftest import PATIENCE
from tests.site.driver import Live

HERE = Path(__file__).parent
AXE = HERE.parents[1] / "node_modules" / "axe-core" / "axe.min.js"


class Demo(anywidget.AnyWidget):
    """The widget of kit_demo.js."""

    _esm = bare.bundled(HERE / "kit_demo.js")
    temperature = traitlets.Float(2.0).tag(sync=True)
    rate = traitlets.Float(0.1).tag(sync=True)
    size = traitlets.Int(16).tag(sync=True)
    rule = traitlets.Unicode("metropolis").tag(sync=True)
    shade = traitlets.Int(2).tag(sync=True)
    theory = traitlets.Bool(True).tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    readouts = traitlets.Dict().tag(sync=True)


class Plain(anywidget.AnyWidget):
    """Any other anywidget a chapter may use: text and style inline, a binary trait, a factory as its default."""

    _esm = """export default () => ({
      initialize({model}) { model.set("started", model.get("started") + 1); },
      render({model, el}) {
        const view = model.get("data"), p = document.createElement("p");
        p.className = "plain";
        const write = () => { p.textContent = `${view.constructor.name} ${view.byteLength} ${view.getUint8(1)} `
          + `${model.get("number")} ${model.get("started")} ${model.isStatic}`; };
        model.on("change:number", write);
        write();
        el.append(p);
      }})"""
    _css = ".plain { outline: 3px solid rgb(1, 2, 3); }"
    number = traitlets.Int(1).tag(sync=True)
    started = traitlets.Int(0).tag(sync=True)
    data = traitlets.Bytes(b"\x07\x08\x09").tag(sync=True)


class Broken(anywidget.AnyWidget):
    """One that fails as it starts."""

    _esm = "export default { render() { throw new Error('out of order'); } }"


def landscape(temperature: float, kind: str) -> tuple:
    x = np.linspace(-1, 1, 21)
    return x, temperature * (x**2 if kind == "valley" else -(x**2))


def portrait(level: int):
    from book_lib import plotting

    figure, axes = plotting.figure()
    axes.plot([0, 1], [0, level], color=plotting.COLORS.simulation)
    return figure


def sketch() -> Sketch:
    x = np.linspace(0, 5, 51)
    return Sketch(
        "test", x=(0, 5, "temperature T"), y=(0, 1, "|m|"), question="How does |m| depend on T?",
        series=[
            Series("simulation", [1.0, 2.0, 3.0], [0.9, 0.6, 0.1], error=[0.01, 0.02, 0.03]),
            Series("theory", x, 1 - x / 5, kind="theory"),
        ],
    )  # fmt: skip


def quiz() -> Quiz:
    return Quiz(
        [
            Choice(
                "At T = 4 the lattice is",
                {"frozen": ("Hot for cold", "Look at `T_c`."), "disordered": (True, "Far above.")},
            ),
            Numeric("T_c / J?", answer=2.269, tolerance=0.01, slips={4: "That is mean field."}, unit="J/k"),
        ]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a page for each test below."""
    folder = tmp_path_factory.mktemp("kit")
    bare.write_site(folder, [Demo()], name="demo.html")
    bare.write_site(folder, [Demo(), Demo()], name="two.html")
    bare.write_site(folder, [Demo(), sketch(), quiz()], name="zh.html", lang="zh-Hans")
    bare.write_site(folder, [sketch()], name="sketch.html")
    bare.write_site(folder, [quiz()], name="quiz.html")
    first, second = Plain(number=3), Plain(number=5)
    link = ipywidgets.jslink((first, "number"), (second, "number"))
    bare.write_site(folder, [first, Broken(), second, link], name="host.html", twice=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "BUILDING", True)
        curves = explore(landscape, alt="{kind} at {temperature}", xlabel="m", ylabel="f", temperature=[1.0, 2.0, 4.0],
                         kind=["valley", "hill"])  # fmt: skip
        pictures = explore(portrait, alt="A line up to {level}", level=[1, 2, 3], start={"level": 1})
    bare.write_site(folder, [curves, pictures], name="explore.html")
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with driver.serve(folder) as address:
        yield address


@pytest.fixture
def opened(browser: Browser, address: str, folder: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page of the bare site; fails the test on any complaint of the page."""
    contexts, watches = [], []

    def start(name: str, *, width: int = 1280, reduced: bool = True, disk: bool = False, **options) -> Page:
        motion = "reduce" if reduced else "no-preference"
        context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion=motion, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.watch = driver.Watch(page, address, folder.as_uri())
        watches.append(page.watch)
        page.goto((folder.as_uri() + "/" if disk else address) + name)
        driver.wait_ready(page)
        return page

    yield start
    for context in contexts:
        context.close()
    complaints = [line for watch in watches for line in watch.complaints()]
    assert not complaints, complaints


def demo(page: Page, index: int = 0) -> Live:
    return driver.live(page, "demo", index)


def slider(box: Locator, trait: str) -> Locator:
    return box.locator(f"[data-trait={trait}] input[type=range]")


def number(box: Locator, trait: str) -> Locator:
    return box.locator(f"[data-trait={trait}] input[type=number]")


# -- the host


def test_host_mounts_any_anywidget_and_one_failure_stops_no_other(opened):
    page = opened("host.html")
    page.watch.allowed += ["out of order"]
    texts = page.locator(".plain").all_text_contents()
    assert texts == ["DataView 3 8 3 1 true", "DataView 3 8 3 1 true"]  # linked from the start, initialised once
    assert page.locator(".plain").first.evaluate("el => getComputedStyle(el).outlineColor") == "rgb(1, 2, 3)"
    boxes = page.locator(".explorable")
    states = [box.get_attribute("class").removeprefix("explorable ") for box in boxes.all()]
    assert states == ["is-live", "is-failed", "is-live"]
    expect(boxes.nth(1).locator(".explorable-still")).to_be_visible()
    expect(boxes.nth(1).get_by_role("status")).to_contain_text("did not start")


def test_links_between_widgets_work_both_ways(opened):
    page = opened("host.html")
    page.watch.allowed += ["out of order"]
    lives = page.locator(".explorable-live")
    lives.nth(0).evaluate("el => el.model.set('number', 8)")
    assert "8 1 true" in page.locator(".plain").nth(1).text_content()
    lives.nth(2).evaluate("el => el.model.set('number', 9)")
    assert "9 1 true" in page.locator(".plain").nth(0).text_content()


def test_model_tells_listeners_once_and_after_all_values_are_set(opened):
    page = opened("demo.html")
    seen = page.locator(".explorable-live").evaluate("""el => {
      const { model } = el, seen = [];
      const hear = () => seen.push([model.get("temperature"), model.get("rate")]);
      model.on("change:temperature", hear);
      model.set({ temperature: 3, rate: 0.5 });
      model.set("temperature", 3);
      model.off("change:temperature", hear);
      model.set("temperature", 4);
      return seen; }""")
    assert seen == [[3, 0.5]]


@pytest.mark.parametrize("how", ["keyboard", "pointer"])
@pytest.mark.parametrize("name", ["demo", "explore", "quiz", "sketch"])
def test_every_control_has_an_effect(opened, name, how):
    page = opened(f"{name}.html", permissions=["clipboard-read", "clipboard-write"])
    for box in page.locator(".xp").all():
        assert check_explorable(box, how) == []


@pytest.mark.parametrize("name", ["demo", "explore", "quiz", "sketch", "zh"])
@pytest.mark.parametrize("width", [360, 1280])
def test_accessible_and_fits(browser, folder, name, width):
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce", bypass_csp=True)
    page = context.new_page()
    page.goto(f"{folder.as_uri()}/{name}.html")
    driver.wait_ready(page)
    for button in page.locator(".xp-toolbar [aria-expanded=false]").element_handles():
        if button.is_visible():
            button.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.locator(".xp button, .xp input:not([type=radio], [type=checkbox]), .xp select, .xp label:has(> input)")
    sizes = small.evaluate_all(
        "all => all.filter(e => e.offsetParent).map(e => [e.outerHTML.slice(0, 90), e.offsetHeight])"
    )
    assert [size for size in sizes if size[1] < 44] == []
    page.add_script_tag(path=AXE)
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        found = page.evaluate("axe.run(document, {rules: {'page-has-heading-one': {enabled: true}}})")["violations"]
        assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []
    context.close()


# -- controls


def test_slider_by_keyboard_moves_trait_box_and_words(opened):
    page = opened("demo.html")
    live = demo(page)
    control = slider(live.box, "temperature")
    control.focus()
    for key, value in [("End", 5), ("ArrowLeft", 4.99), ("Home", 0.1), ("ArrowUp", 0.11)]:
        page.keyboard.press(key)
        assert live.get("temperature") == pytest.approx(value)
        assert float(number(live.box, "temperature").input_value()) == pytest.approx(value)
    assert control.get_attribute("aria-valuetext") == "T = 0.11, cold"
    live.set(temperature=4.2)
    assert control.get_attribute("aria-valuetext") == "T = 4.20, hot"
    assert control.input_value() == "4.2"
    log = slider(live.box, "rate")
    log.focus()
    page.keyboard.press("Home")
    assert live.get("rate") == 0.001
    page.keyboard.press("End")
    assert live.get("rate") == 10


def test_a_bad_number_is_answered_in_words_and_changes_nothing(opened):
    page = opened("demo.html")
    live = demo(page)
    box = number(live.box, "temperature")
    field = live.box.locator("[data-trait=temperature]")
    height = live.box.bounding_box()["height"]
    for text in ["9", "-1", ""]:
        box.fill(text)
        box.press("Enter")
        expect(field.get_by_role("alert")).to_have_text("Temperature: enter a number from 0.1 to 5.")
        assert box.get_attribute("aria-invalid") == "true"
        assert live.get("temperature") == 2
        assert live.box.bounding_box()["height"] == height
    box.fill("2.2691")
    box.press("Enter")
    expect(field.get_by_role("alert")).to_have_text("")
    assert live.get("temperature") == 2.2691
    size = number(live.box, "size")
    size.fill("9")
    size.press("Tab")
    expect(live.box.locator("[data-trait=size]").get_by_role("alert")).to_contain_text("8, 16, 64")
    slider(live.box, "size").press("End")
    expect(live.box.locator("[data-trait=size]").get_by_role("alert")).to_have_text("")
    seed = number(live.box, "seed")
    seed.fill("1.5")
    seed.press("Enter")
    expect(live.box.locator("[data-trait=seed]").get_by_role("alert")).to_contain_text("whole number from 0")


def test_presets_tell_which_one_holds(opened):
    page = opened("demo.html")
    live = demo(page)
    cold, hot = live.button("Cold"), live.button("Hot")
    hot.click()
    assert (live.get("temperature"), live.get("rule")) == (4, "heat_bath")
    expect(hot).to_have_attribute("aria-pressed", "true")
    expect(cold).to_have_attribute("aria-pressed", "false")
    slider(live.box, "temperature").press("ArrowLeft")
    expect(hot).to_have_attribute("aria-pressed", "false")


# -- the clock


def test_paused_until_asked_then_plays_steps_and_resets(opened):
    page = opened("demo.html", reduced=False)
    live = demo(page)
    page.wait_for_timeout(200)
    assert live.readouts()["steps"] == 0
    live.button("Step").click()
    assert live.readouts()["steps"] == 1
    live.button("Play").click()
    place = page.locator(".explorable-live").element_handle()
    page.wait_for_function("el => el.model.get('readouts').steps > 5", arg=place)
    live.button("Pause").click()
    page.wait_for_timeout(50)
    steps = live.readouts()["steps"]
    page.wait_for_timeout(150)
    assert live.readouts()["steps"] == steps
    live.button("Reset").click()
    assert live.readouts() == {"steps": 0, "mean": 1}
    live.step(7)
    assert live.readouts()["steps"] == 7


def test_rests_while_nobody_can_see_it(opened):
    page = opened("demo.html", reduced=False)
    live = demo(page)
    live.button("Play").click()
    page.locator("#end").scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(200)
    steps = live.readouts()["steps"]
    page.wait_for_timeout(200)
    assert live.readouts()["steps"] == steps
    expect(live.button("Pause")).to_have_count(1)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function("([el, n]) => el.model.get('readouts').steps > n",
                           arg=[page.locator(".explorable-live").element_handle(), steps])  # fmt: skip


def test_reduced_motion_means_four_frames_a_second(opened):
    page = opened("demo.html", reduced=True)
    live = demo(page)
    live.button("Play").click()
    begun = page.evaluate("performance.now()")
    page.wait_for_timeout(1500)
    seconds = (page.evaluate("performance.now()") - begun) / 1000
    assert 1 <= live.readouts()["steps"] <= 4 * seconds + 2


# -- the address


def test_state_is_in_the_address_and_comes_back(opened):
    page = opened("two.html")
    second = demo(page, 1)
    slider(second.box, "temperature").press("End")
    second.box.get_by_text("heat bath").click()
    page.wait_for_function("() => location.hash === '#xp:demo2.temperature=5&demo2.rule=heat_bath'")
    page.reload()
    driver.wait_ready(page)
    assert demo(page, 1).get("temperature") == 5
    assert demo(page, 0).get("temperature") == 2
    assert slider(demo(page, 1).box, "temperature").input_value() == "5"
    demo(page, 1).button("Cold").click()
    number(demo(page, 1).box, "temperature").fill("2")
    number(demo(page, 1).box, "temperature").press("Enter")
    demo(page, 1).box.get_by_text("Metropolis").click()
    page.wait_for_function("() => !location.hash")


def test_nonsense_in_the_address_is_left_alone(opened):
    page = opened("demo.html#xp:demo.temperature=99&demo.rule=magic&demo.size=16.5&demo.theory=perhaps&other.x=1")
    live = demo(page)
    kept = [live.get(trait) for trait in ("temperature", "rule", "size", "theory")]
    assert kept == [2, "metropolis", 16, True]
    page = opened("demo.html#end")
    slider(demo(page).box, "temperature").focus()
    page.wait_for_timeout(400)
    assert page.evaluate("location.hash") == "#end"


# -- theme, tables, full screen, words


def test_canvas_follows_the_theme(opened):
    page = opened("demo.html")
    canvas = demo(page).box.locator("canvas")
    before = canvas.evaluate("c => c.toDataURL()")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    driver.settle(page)
    assert canvas.evaluate("c => c.toDataURL()") != before


def test_table_holds_what_is_drawn_and_read_out(opened):
    page = opened("demo.html")
    live = demo(page)
    live.set(temperature=1)
    live.button("Show as table").click()
    region = live.box.get_by_role("region", name="Data")
    expect(region.get_by_role("table")).to_have_count(4)
    row = region.get_by_role("row", name="Steps")
    expect(row.get_by_role("cell")).to_have_text("0")
    expect(region.get_by_role("row", name="1 0.36788").first).to_be_visible()
    live.step(3)
    expect(row.get_by_role("cell")).to_have_text("3")
    live.button("Hide table").click()
    expect(region).to_be_hidden()


def test_escape_leaves_full_screen(opened):
    page = opened("demo.html")
    live = demo(page)
    for native in (True, False):
        if not native:
            live.box.evaluate("el => { el.requestFullscreen = () => Promise.reject(new Error('refused')); }")
        live.button("Full screen").click()
        expect(live.button("Leave full screen")).to_be_visible()
        assert live.box.bounding_box()["width"] == 1280
        if native:  # the browser itself hears Escape, which a driver cannot press for it
            page.evaluate("document.exitFullscreen()")
        else:
            for _ in range(20):  # what lies behind the box cannot be reached
                page.keyboard.press("Tab")
                inside = "el => el.contains(document.activeElement) || document.activeElement === document.body"
                assert live.box.evaluate(inside)
            page.keyboard.press("Escape")
            assert page.locator("[inert]").count() == 0
        expect(live.button("Full screen")).to_be_visible()
        assert live.box.bounding_box()["width"] < 1280


def test_summary_follows_the_picture(opened):
    page = opened("demo.html")
    live = demo(page)
    live.step(12)
    expect(live.box.get_by_role("img", name="12 steps at T = 2")).to_be_visible()
    expect(live.box.locator("[role=status]").first).to_have_text("12 steps at T = 2")


def test_chinese_page_has_chinese_words(opened):
    page = opened("zh.html")
    assert demo(page).box.get_by_role("button", name="运行").is_visible()
    assert page.get_by_role("button", name="揭晓").is_visible()
    assert page.get_by_role("button", name="检查").count() == 2


def test_cleanup_releases_everything(opened):
    page = opened("demo.html", reduced=False)
    left = page.evaluate("""async () => {
      const el = document.querySelector(".explorable-live"), { model } = el;
      const on = model.on.bind(model), off = model.off.bind(model);
      let count = 0;
      model.on = (...a) => { count++; on(...a); };
      model.off = (...a) => { count--; off(...a); };
      const text = model.get("_esm");
      const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      const widget = (await import(url)).default;
      const place = document.createElement("div");
      document.body.append(place);
      const cleanup = widget.render({ model, el: place });
      place.querySelector(".xp-play").click();
      const held = count;
      cleanup();
      model.set("temperature", 3.3);
      await new Promise((done) => setTimeout(done, 100));
      return { held, count, children: place.childElementCount }; }""")
    assert left["held"] > 5 and left["count"] == 0 and left["children"] == 0


# -- draw it, then reveal


def draw(page: Page, box: Locator, points: list[tuple[float, float]]) -> None:
    """Draw through points given as parts of the axes' width and height."""
    spot = box.locator("svg.xp-plot-svg").bounding_box()
    axis = box.locator(".xp-axis").first.bounding_box()
    for i, (x, y) in enumerate(points):
        page.mouse.move(axis["x"] + x * axis["width"], spot["y"] + 12 + (1 - y) * (axis["y"] - spot["y"] - 12), steps=8)
        if i == 0:
            page.mouse.down()
    page.mouse.up()


def test_sketch_by_pointer_then_reveal_then_again(opened):
    page = opened("sketch.html")
    live = driver.live(page, "sketch")
    live.button("Reveal").click()
    expect(live.box.get_by_role("alert")).to_contain_text("13 of 13")
    draw(page, live.box, [(0, 0.5), (1, 0.5)])
    assert live.get("sketch") == pytest.approx([0.5] * 61, abs=0.02)
    live.button("Reveal").click()
    verdict = live.box.locator(".xp-verdict")
    expect(verdict).to_contain_text("off by 0.25 on average and by 0.50 at most, at temperature T")
    readouts = live.readouts()
    assert readouts["mean_gap"] == pytest.approx(0.5 * 31 / 61, abs=0.01)  # mean of |x − ½| over 61 points
    assert live.box.locator(".xp-plot-svg .xp-points.xp-simulation").count() == 1
    assert live.box.locator(".xp-plot-svg .xp-line.xp-theory").count() == 1
    draw(page, live.box, [(0, 1), (1, 1)])
    assert live.get("sketch")[5] == pytest.approx(0.5, abs=0.02)  # committed
    page.reload()
    driver.wait_ready(page)
    live = driver.live(page, "sketch")
    expect(live.box.locator(".xp-verdict")).to_contain_text("0.25")
    live.button("Draw again").click()
    assert live.get("sketch") == [None] * 61
    assert live.box.locator(".xp-plot-svg .xp-line").count() == 0


def test_sketch_by_keys_and_by_numbers(opened):
    page = opened("sketch.html")
    live = driver.live(page, "sketch")
    handles = live.box.get_by_role("slider")
    expect(handles).to_have_count(13)
    expect(handles.first).to_have_attribute("aria-valuetext", "not drawn yet")
    handles.first.focus()
    for _ in range(12):
        page.keyboard.press("End")
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    expect(handles.first).to_have_attribute("aria-valuetext", "|m| 1.00")
    expect(handles.last).to_have_attribute("aria-valuetext", "|m| 0.00")
    live.button("As numbers").click()
    box = live.box.get_by_role("spinbutton", name="Your guess at temperature T 2.5")
    box.fill("0.25")
    box.press("Enter")
    assert live.get("sketch")[30] == 0.25
    box.fill("7")
    box.press("Enter")
    expect(live.box.get_by_role("alert").filter(has_text="from 0 to 1")).to_be_visible()
    assert live.get("sketch")[30] == 0.25
    live.button("Reveal").click()
    expect(live.box.locator(".xp-verdict")).to_contain_text("off by")


def test_python_can_set_and_reveal_a_sketch(opened):
    page = opened("sketch.html")
    live = driver.live(page, "sketch")
    exact = [1 - i / 60 for i in range(61)]
    live.set(sketch=exact, revealed=True)
    expect(live.box.locator(".xp-verdict")).to_contain_text("follows it closely")
    assert live.readouts()["max_gap"] == pytest.approx(0, abs=1e-6)


def test_points_arrive_one_by_one_unless_motion_is_reduced(opened):
    page = opened("sketch.html", reduced=False)
    live = driver.live(page, "sketch")
    live.set(sketch=[0.5] * 61, revealed=True)
    points = live.box.locator(".xp-plot-svg .xp-points")
    counts = set()
    for _ in range(200):
        counts.add((points.get_attribute("d") if points.count() else "").count("M"))
        if live.box.locator(".xp-plot-svg .xp-theory").count():
            break
        page.wait_for_timeout(20)
    assert points.get_attribute("d").count("M") == 3
    assert counts & {0, 1, 2}, "the points did not come one by one"


# -- quiz


def test_quiz_by_keyboard_replies_and_remembers(opened):
    page = opened("quiz.html")
    live = driver.live(page, "quiz")
    check = live.box.get_by_role("button", name="Check")
    replies = live.box.locator(".xp-reply")
    check.first.click()
    expect(replies.first).to_have_text("Choose an answer first.")
    live.box.get_by_role("radio", name="frozen").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(replies.first).to_have_text("Not yet. Hot for cold. Look at T_c.")
    expect(replies.first.locator("code")).to_have_text("T_c")
    page.keyboard.press("ArrowDown")
    expect(replies.first).to_have_text("")
    page.keyboard.press("Enter")
    expect(replies.first).to_have_text("Right. Far above.")
    box = live.box.get_by_role("textbox", name="Your answer (in J/k)")
    for text, reply in [("x", "Enter a number first."), ("4", "Not 4. That is mean field."), ("2,27", "Right.")]:
        box.fill(text)
        box.press("Enter")
        expect(replies.last).to_have_text(reply)
    assert live.readouts() == {"answered": 2, "right": 2}
    page.reload()
    driver.wait_ready(page)
    live = driver.live(page, "quiz")
    assert live.get("answers") == [1, "2,27"]
    expect(live.box.get_by_role("radio", name="disordered")).to_be_checked()
    expect(live.box.locator(".xp-reply").first).to_have_text("Right. Far above.")


def test_quiz_works_without_storage(opened, browser, address):
    context = browser.new_context()
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no'); } })"
    )
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}quiz.html")
    driver.wait_ready(page)
    page.get_by_role("radio", name="disordered").check()
    page.get_by_role("button", name="Check").first.click()
    expect(page.locator(".xp-reply").first).to_contain_text("Right.")
    assert errors == []
    context.close()


# -- explore


@pytest.mark.parametrize("disk", [False, True])
def test_explore_shows_the_stored_result(opened, disk):
    page = opened("explore.html", disk=disk)
    live = driver.live(page, "explore")
    assert live.readouts()["shown"] == "temperature=2, kind=hill"
    slider(live.box, "temperature").press("End")
    live.box.get_by_text("valley", exact=True).click()
    assert live.readouts()["shown"] == "temperature=4, kind=valley"
    live.button("Show as table").click()
    rows = live.box.get_by_role("region", name="Data").locator("tbody tr")
    texts = [row.locator("th, td").all_text_contents() for row in rows.all()]
    cells = [[float(cell.replace("−", "-")) for cell in row] for row in texts]
    x, f = landscape(4.0, "valley")
    np.testing.assert_allclose(cells, np.column_stack([x, f]), atol=1e-4)


def test_explore_typed_values_are_those_it_holds(opened):
    page = opened("explore.html")
    live = driver.live(page, "explore")
    box = number(live.box, "temperature")
    box.fill("3")
    box.press("Enter")
    expect(live.box.locator("[data-trait=temperature]").get_by_role("alert")).to_contain_text("1, 2, 4")
    assert live.get("temperature") == 2


def test_explore_pictures_change_with_value_and_theme(opened):
    page = opened("explore.html")
    live = driver.live(page, "explore", 1)
    image = live.box.locator("img")
    assert image.get_attribute("alt") == "A line up to 1"
    assert image.evaluate("img => img.decode().then(() => img.naturalWidth)") > 100
    first = image.get_attribute("src")
    slider(live.box, "level").press("End")
    expect(image).to_have_attribute("alt", "A line up to 3")
    assert image.get_attribute("src") != first
    light = pixels(image)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    driver.settle(page)
    assert pixels(image) != light


def pixels(image: Locator) -> str:
    """The picture as data."""
    return image.evaluate("""async img => {
      await img.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [img.naturalWidth, img.naturalHeight];
      canvas.getContext("2d").drawImage(img, 0, 0);
      return canvas.toDataURL(); }""")


def test_no_reader_s_answer_leaves_the_page(opened, address):
    page = opened("quiz.html")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("radio", name="disordered").check()
    page.get_by_role("button", name="Check").first.click()
    page.wait_for_timeout(200)
    assert asked == []
    stored = json.loads(page.evaluate("JSON.stringify(localStorage)"))
    assert [key for key in stored if not key.startswith("xp.quiz.")] == []
