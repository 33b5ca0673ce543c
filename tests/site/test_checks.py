"""The checker is tried on a small page of its own, with one control of each kind, sound and broken."""

from pathlib import Path

import pytest

from tests.site import driver
from tests.site.checks import check_explorable, check_one_control

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>controls</title>
<link rel="icon" href="data:,">
<style>.xp { width: 600px } canvas { width: 100px; height: 100px }</style>
<div class="xp" data-explorable="toy">
  <canvas width="10" height="10"></canvas>
  <svg width="20" height="20"><rect width="5" height="5"></rect></svg>
  <output></output>
  <p class="xp-field"><label>T <input type="range" id="range" min="1" max="5" step="0.1" value="2">
    <span id="own">2</span></label></p>
  <p class="xp-field"><label>N <input type="number" id="number" min="1" max="9" value="2"></label>
    <span role="alert" id="error"></span></p>
  <p class="xp-field"><label>seed <input type="number" id="seed" min="0" max="99" value="2"></label>
    <span role="alert" id="error2"></span></p>
  <p class="xp-field"><label>kind
    <select id="select"><option>a<option>b<option>c</select></label></p>
  <fieldset class="xp-field"><legend>start</legend>
    <label><input type="radio" name="r" id="r0" checked>up</label>
    <label><input type="radio" name="r" id="r1">down</label></fieldset>
  <p class="xp-field"><label><input type="checkbox" id="box">show</label></p>
  <div class="xp-toolbar"><button id="play">Play</button> <button id="reset">Reset</button></div>
</div>
<script src="@SCRIPT@"></script>"""

TOY = """
const $ = (id) => document.getElementById(id);
const box = document.querySelector(".xp"), ink = box.querySelector("canvas").getContext("2d");
const BROKEN = "@BROKEN@";
let steps = 0, timer = 0;
const value = () => BROKEN === "range" ? 2 : $("range").value;
function draw() {
  ink.clearRect(0, 0, 10, 10);
  ink.fillRect(0, 0, BROKEN === "number" ? 1 : $("number").value, value());
  box.querySelector("rect").setAttribute("x", BROKEN === "radio" ? 0 : $("r0").checked ? 0 : 9);
  const seed = BROKEN === "seed" ? 1 : BROKEN === "random" ? Math.random() : $("seed").value;
  box.querySelector("output").textContent =
    `${BROKEN === "select" ? "" : $("select").value} ${steps ? (steps * 7919 * seed) % 101 : 0} ` +
    (BROKEN === "box" || !$("box").checked ? "" : "shown");
  $("own").textContent = $("range").value;
}
for (const [id, error] of [["number", "error"], ["seed", "error2"]]) {
  const input = $(id);
  let good = input.value;
  input.addEventListener("change", () => {
    const bad = Number(input.value) > Number(input.max) && BROKEN !== "words";
    $(error).textContent = bad ? `${id} is from ${input.min} to ${input.max}` : "";
    input.setAttribute("aria-invalid", bad);
    input.setAttribute("aria-describedby", error);
    if (bad) { const shown = input.value; input.value = good; draw(); input.value = shown; return; }
    good = input.value;
    draw();
  });
}
for (const id of ["range", "select", "r0", "r1", "box"]) $(id).addEventListener("input", draw);
$("play").addEventListener("click", () => {
  if (BROKEN === "play") return $("play").setAttribute("aria-pressed", true);
  clearInterval(timer);
  const on = $("play").getAttribute("aria-pressed") !== "true";
  $("play").setAttribute("aria-pressed", on);
  if (on) timer = setInterval(() => { steps++; draw(); }, 50);
});
const reset = () => { if (BROKEN !== "reset") steps = 0; draw(); };
$("reset").addEventListener("click", reset);
box.addEventListener("xp:reset", () => { steps = 0; draw(); });
box.addEventListener("xp:step", (e) => { steps += e.detail.n; draw(); });
draw();
"""

BROKEN = {
    "range": "range 'T",
    "number": "number 'N",
    "words": "not marked as wrong",
    "seed": "number 'seed",
    "random": "not reproducible",
    "select": "select 'kind",
    "radio": "radio 'up",
    "box": "checkbox 'show",
    "play": "button 'Play",
    "reset": "button 'Reset",
}


@pytest.fixture
def toy(tmp_path: Path, browser, watched_toy):
    """Opens the toy page, whole or with one broken control."""

    def start(broken: str = ""):
        script = f"toy-{broken}.js"  # a name of its own: the browser keeps what it has seen
        (tmp_path / "index.html").write_text(PAGE.replace("@SCRIPT@", script), encoding="utf-8")
        (tmp_path / script).write_text(TOY.replace("@BROKEN@", broken), encoding="utf-8")
        watched_toy.goto(f"{watched_toy.base}?{broken}")
        return watched_toy.locator(".xp")

    return start


@pytest.fixture
def watched_toy(tmp_path: Path, browser):
    """A page with the toy's server."""
    with driver.serve(tmp_path) as base:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(5000)
        page = context.new_page()
        page.base = base
        page.watch = driver.Watch(page, base)
        yield page
        context.close()


@pytest.mark.parametrize("how", ["keyboard", "pointer"])
def test_sound_controls_pass(toy, how):
    assert check_explorable(toy(), how) == []


@pytest.mark.parametrize(
    ("broken", "how"),
    [(name, "keyboard") for name in BROKEN] + [(name, "pointer") for name in ("range", "radio")],
)
def test_a_broken_control_is_reported(toy, broken, how):
    complaints = check_explorable(toy(broken), how)
    assert any(BROKEN[broken] in line for line in complaints), complaints
    if broken != "random":
        assert len(complaints) == (2 if broken == "words" else 1), complaints


def test_one_control_is_enough_for_a_glance(toy):
    assert check_one_control(toy()) == []
    assert check_one_control(toy("range"))


def test_the_watch_sees_other_hosts_messages_and_errors(tmp_path, watched_toy):
    text = "<!doctype html><link rel=icon href='data:,'><img src='http://localhost:9/x.png'>"
    text += "<script src=a.js></script>"
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    (tmp_path / "a.js").write_text("console.log('hello'); missing();", encoding="utf-8")
    watched_toy.goto(watched_toy.base)
    watched_toy.wait_for_timeout(300)
    complaints = "\n".join(watched_toy.watch.complaints())
    for word in (
        "other host: http://localhost:9",
        "console log: hello",
        "page error: missing is not defined",
    ):
        assert word in complaints
