"""Every page of the built site, in Chromium: the rows of the design's table that hold for all explorables.

Each control is tried by keyboard and by pointer over HTTP at 1280, on a page that holds its explorable alone.
Whole pages are loaded three times: as they come, on a phone in the dark, and from disk with motion; in each, one
control of each explorable is tried. No setting may log, ask another host (the fixtures see to that), scroll
sideways or break a rule of axe.
"""

import gzip
import json
import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from playwright.sync_api import Locator, Page, Response

from tests.site.checks import check_explorable, check_one_control
from tests.site.conftest import ROOT, SITE
from tests.site.driver import settle

Open = Callable[..., Page]
KB = 1000
INDEX = "searchindex.js"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
BOX = ".explorable-live [data-explorable]"
# Formulas keep their text and their place and lose their thousands of spans: axe knows no rule about these spans,
# and takes its time over each.
LIGHTEN = """() => {
    const formulas = [...document.querySelectorAll(".katex-html")].map(el => [el, el.getBoundingClientRect()]);
    for (const [el, { width, height }] of formulas) {
        el.textContent = el.textContent;
        el.style = `display: inline-block; overflow: hidden; width: ${width}px; height: ${height}px`;
    }
    for (const el of document.querySelectorAll(".katex-mathml")) el.textContent = el.textContent;
}"""
SETTINGS = {
    "desktop": {},
    "dark-phone": {"scheme": "dark", "width": 360},
    "disk-motion": {"disk": True, "reduced": False},
}


def pages() -> list[str]:
    """Every page of the site, relative to it."""
    return sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html"))


def explorables() -> list[tuple[str, int]]:
    """Page and number of every explorable."""
    found = []
    for path in pages():
        count = len(re.findall(r'<div class="explorable-live', (SITE / path).read_text(encoding="utf-8")))
        found += [(path, index) for index in range(count)]
    return found


every_page = pytest.mark.parametrize("path", pages() or ["index.html"])
every_explorable = pytest.mark.parametrize(
    ("path", "index"), explorables() or [("index.html", 0)], ids=lambda value: str(value)
)


def test_the_site_has_explorables() -> None:
    """Without this, an empty list above would pass in silence."""
    assert ("index.html", 0) in explorables()


# ------------------------------------------------------------------------------------------------ controls


@every_explorable
@pytest.mark.parametrize("how", ["keyboard", "pointer"])
def test_every_control_has_an_effect(open_page: Open, path: str, index: int, how: str) -> None:
    """To both ends, with an effect beyond the control's own number; on a busy machine, at the second try."""
    for _ in range(2):  # what is broken is broken twice; what was only not drawn in time is not
        page = open_page(path, alone=index)
        complaints = check_explorable(page.locator(BOX).first, how)
        if not complaints:
            return
        page.close()
    pytest.fail("\n".join(complaints))


def test_the_checker_sees_a_dead_control(open_page: Open) -> None:
    """The negative control, on a real page: a control that is cut off from its explorable is reported."""
    page = open_page("index.html")
    box = page.locator(BOX).first
    assert check_one_control(box) == []
    page = open_page("index.html")
    box = page.locator(BOX).first
    box.evaluate(
        """box => {
            const stop = (e) => box.contains(e.target) && e.stopImmediatePropagation();
            for (const kind of ["input", "change"]) document.addEventListener(kind, stop, true);
        }"""
    )
    assert any("no effect" in line for line in check_one_control(box))


# ------------------------------------------------------------------------------------------------ settings


@every_page
@pytest.mark.parametrize("setting", SETTINGS)
def test_page_in_setting(open_page: Open, path: str, setting: str) -> None:
    """One load: everything is in place, nothing sticks out, axe has nothing to say, one control works."""
    page = open_page(path, **SETTINGS[setting])
    settle(page)
    assert page.locator(".is-failed").count() == 0
    assert page.locator(".explorable-live").count() == page.locator(BOX).count()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, wide_elements(page)
    if setting == "dark-phone":
        assert page.locator("html").get_attribute("data-theme") == "dark"
        assert not (small := small_targets(page)), small
        assert not (torn := torn_punctuation(page)), torn
    if setting == "desktop":
        assert not (strange := strange_letters(page)), strange
    if not setting.startswith("disk"):
        violations = axe(page)
        assert not violations, "\n".join(violations)
    for box in page.locator(BOX).all():
        assert check_one_control(box, "pointer" if setting.startswith("disk") else "keyboard") == []
    if setting == "desktop":
        check_paper(page)


def torn_punctuation(page: Page) -> list[str]:
    """Formulas whose comma, stop or bracket begins the next line."""
    return page.evaluate(
        """() => [...document.querySelectorAll("span.math")].flatMap(math => {
            const next = math.nextSibling;
            if (next?.nodeType !== Node.TEXT_NODE || !/^[)\\],.;:!?’”]/.test(next.data)) return [];
            const mark = document.createRange();
            mark.setStart(next, 0);
            mark.setEnd(next, 1);
            const base = [...math.querySelectorAll(".katex-base")].at(-1)?.getBoundingClientRect();
            const torn = base?.width && mark.getBoundingClientRect().left < base.right - 20;
            return torn ? [`${math.textContent.slice(-20)} and ${next.data.slice(0, 10)}`] : [];
        })"""
    )


def wide_elements(page: Page) -> str:
    """Names of elements that stick out of the window on the right."""
    found = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter(el => el.getBoundingClientRect().right > innerWidth + 1)
            .slice(0, 8).map(el => `${el.tagName}.${el.className}`)"""
    )
    return f"the page scrolls sideways; these stick out: {found}"


def axe(page: Page) -> list[str]:
    """A line for each violation that axe finds, with where it is."""
    if not AXE.is_file():
        pytest.fail(f"{AXE} is missing: run `make test`, which installs it.", pytrace=False)
    page.evaluate(LIGHTEN)
    page.evaluate(AXE.read_text(encoding="utf-8") + "; undefined")
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{found['id']}: {found['help']}: "
        + "; ".join(f"{node['target']} {node['html'][:100]}" for node in found["nodes"][:4])
        for found in result["violations"]
    ]


def small_targets(page: Page) -> list[str]:
    """Controls too small for a finger: 44 pixels, for the control or the label that is pressed in its place."""
    return page.locator(BOX).evaluate_all(
        """boxes => boxes.flatMap(box => {
            const size = (el) => { const r = el.getBoundingClientRect(); return [r.width, r.height]; };
            const fits = (el) => size(el).every(s => s >= 43.5);
            return [...box.querySelectorAll("button, input, select, summary")]
                .filter(el => el.checkVisibility({visibilityProperty: true}))
                .filter(el => ![el, ...(el.labels ?? [])].some(fits))
                .map(el => `${el.type ?? el.tagName} ${el.ariaLabel ?? el.textContent} ${size(el)}`);
        })"""
    )


def strange_letters(page: Page) -> list[str]:
    """Letters of formulas that KaTeX's fonts, which the build cuts down, do not show; one of a kind is asked."""
    page.evaluate(
        """() => {
            const known = new Set();
            const other = /[\u200b\u3000-\u9fff]/; // KaTeX's own filler, and Chinese
            for (const leaf of document.querySelectorAll(".katex-html span")) {
                if (leaf.childElementCount || !leaf.textContent.trim() || other.test(leaf.textContent)) continue;
                const kind = `${leaf.className} ${leaf.parentElement.className} ${leaf.textContent}`;
                if (!known.has(kind) && known.add(kind)) leaf.setAttribute("data-probe", "");
            }
        }"""
    )
    session = page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        session.send(f"{domain}.enable")
    root = session.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    leaves = session.send("DOM.querySelectorAll", {"nodeId": root, "selector": "[data-probe]"})["nodeIds"]
    strange = []
    for leaf in leaves:
        fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": leaf})["fonts"]
        if any(not font["familyName"].startswith("KaTeX") for font in fonts):
            html = session.send("DOM.getOuterHTML", {"nodeId": leaf})["outerHTML"]
            strange.append(f"{html} in {[font['familyName'] for font in fonts]}")
    session.detach()
    return strange


# --------------------------------------------------------------------------- without scripts, and on paper


@every_page
def test_without_scripts_pictures_stand_in(open_page: Open, path: str) -> None:
    """Each explorable has a picture with a description, and the page says no more than it can do."""
    page = open_page(path, scripts=False)
    for still in page.locator(".explorable-still").all():
        assert stands_in(still), "nothing stands in for an explorable without scripts"
    mute = page.locator("img:not([alt]), .bd-article img[alt='']")  # only the logo has nothing to say
    assert mute.count() == 0, mute.first.evaluate("image => image.outerHTML")
    assert page.locator(".explorable-live:visible [data-explorable]").count() == 0


def check_paper(page: Page) -> None:
    """Print shows pictures instead of controls."""
    page.emulate_media(media="print")
    for still in page.locator(".explorable-still").all():
        assert stands_in(still), "nothing stands in for an explorable on paper"
    assert page.locator(f"{BOX}:visible").count() == 0


def stands_in(still: Locator) -> bool:
    """Whether one picture can be seen; or, in place of a quiz, its questions as text."""
    pictures = still.locator("img:visible").count()
    return pictures == 1 or (pictures == 0 and still.is_visible() and len(still.inner_text()) > 20)


# ------------------------------------------------------------------------------------- budgets and sources


@every_page
def test_budget(watched_page: Open, site: str, path: str) -> None:
    """What a page loads, gzipped: 200 kB, of it script 60 kB, pictures, explorables and the search's index apart."""
    page = watched_page()
    sizes: dict[str, int] = {}

    def add(response: Response) -> None:
        if response.url.startswith(site):
            sizes[response.url.removeprefix(site).split("?")[0]] = len(
                gzip.compress(response.body(), 6, mtime=0)
            )

    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.goto(site + path, wait_until="networkidle")
    for response in responses:
        add(response)
    apart = {name: size for name, size in sizes.items() if is_apart(name)}
    counted = {name: size for name, size in sizes.items() if name not in apart}
    script = sum(size for name, size in counted.items() if name.endswith(".js"))
    table = "\n".join(f"{size:8} {name}" for name, size in sorted(sizes.items(), key=lambda row: -row[1]))
    assert script <= 60 * KB, f"{script} bytes of script\n{table}"
    assert sum(counted.values()) <= 200 * KB, f"{sum(counted.values())} bytes in all\n{table}"


def is_apart(name: str) -> bool:
    """Whether a file has a budget of its own: pictures, explorables' modules, and data that are loaded on demand."""
    picture = name.endswith((".svg", ".png", ".jpg", ".webp"))
    return picture or "_static/assets/" in name or is_module(name) or name == INDEX


def is_module(name: str) -> bool:
    """Whether a file is the bundle of one explorable (host.js and the stylesheet are the page's)."""
    return "_static/explorables/" in name and name.endswith(".js") and not name.endswith("/host.js")


def test_budget_of_the_search_index(site_folder: Path) -> None:
    """The index grows with the book, and only who searches loads it: 100 kB gzipped."""
    text = (site_folder / INDEX).read_text(encoding="utf-8")
    size = len(gzip.compress(text.encode(), 6, mtime=0))
    assert 10 * KB < size <= 100 * KB, f"{INDEX} has {size} bytes"
    words = json.loads(text[text.index("(") + 1 : text.rindex(")")])["terms"]
    assert "boltzmann" in words and "1944" in words
    noise = [word for word, pages in words.items() if pages == [] or re.match(r"test_|\d{5}", word)]
    assert not noise, noise


def test_budget_of_explorables(site_folder: Path) -> None:
    """One explorable: 60 kB gzipped."""
    sizes = {
        path.name: len(gzip.compress(path.read_bytes(), 6, mtime=0))
        for path in site_folder.rglob("*.js")
        if is_module(path.as_posix())
    }
    assert sizes, "no explorable's module was found"
    assert max(sizes.values()) <= 60 * KB, sizes


@every_page
def test_source_of_page(site_folder: Path, path: str) -> None:
    """150 kB gzipped; a policy without unsafe-inline for scripts; nothing that the policy would block."""
    text = (site_folder / path).read_text(encoding="utf-8")
    assert len(gzip.compress(text.encode(), 6, mtime=0)) <= 150 * KB
    policy = re.search(r'<meta[^>]*Content-Security-Policy[^>]*content="([^"]*)"', text)
    assert policy, "no Content-Security-Policy"
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";") if rule.strip())
    scripts = rules.get("script-src", rules["default-src"])
    assert "unsafe" not in scripts and "unsafe" not in rules["style-src"]
    assert not re.search(r"<script(?![^>]*(\bsrc=|application/|text/plain))[^>]*>", text), "an inline script"
    assert not re.search(r"<[^>]+\son[a-z]+\s*=\s*[\"']", text), "an inline handler"
    assert str(ROOT) not in text, "the page names a folder of the machine that built it"


class Links(HTMLParser):
    """Collects what a page links to and what can be linked to on it."""

    def __init__(self) -> None:
        super().__init__()
        self.to: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        link = values.get("href") or values.get("src")
        if link is not None:
            self.to.append(link)


@cache
def links(path: Path) -> Links:
    """The links and anchors of a page."""
    parser = Links()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


@every_page
def test_links_lead_somewhere(site_folder: Path, path: str) -> None:
    """Every link inside the site is relative and reaches a file and an anchor that exist."""
    broken = []
    for link in links(site_folder / path).to:
        if re.match(r"(https:|mailto:|data:|#$)", link):
            continue
        target, anchor = urldefrag(link)
        file = (site_folder / path).parent / unquote(target.split("?")[0]) if target else site_folder / path
        if target.startswith("/") or re.match(r"[a-z]+:", target) or not file.is_file():
            broken.append(link)
        elif anchor and file.suffix == ".html" and unquote(anchor) not in links(file).anchors:
            if not anchor.startswith("xp:"):  # an explorable's state
                broken.append(link)
    assert not broken, broken


# --------------------------------------------------------------------------------------------------- speed


def test_report_frames_per_second(open_page: Open, live: Callable, record_property: Callable) -> None:
    """Runs the largest lattice for two seconds and reports frames and sweeps a second; asserts no seconds."""
    page = open_page("chapters/ising.html", reduced=False)
    lattice = live(page, "lattice")
    lattice.set(size=512)
    lattice.button("Play").click()
    page.wait_for_timeout(500)
    before = lattice.readouts()
    frames = page.evaluate(
        """() => new Promise(done => { let n = 0; const start = performance.now();
            const tick = now => {
                if (now - start > 2000) return done(1000 * n / (now - start));
                n++;
                requestAnimationFrame(tick);
            };
            requestAnimationFrame(tick); })"""
    )
    after = lattice.readouts()
    sweeps = after.get("sweeps_per_second", float("nan"))
    record_property("report", f"512² lattice in Chromium: {frames:.0f} frames, {sweeps:.0f} sweeps a second")
    assert before != after, "the lattice does not run"
