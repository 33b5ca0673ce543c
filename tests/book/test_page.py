"""The page: a small book is built once, with the real configuration, and read as files and in Chromium.

What must fail is built too: one book full of faults that are warnings, one with a formula that is not.
"""

import ast
import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from playwright.sync_api import sync_playwright

from book_ext import fonts, logo, page, reference
from book_lib import plotting
from tasks import find_chromium
from tests.site import driver

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = Path(__file__).with_name("fixture_page")
STATIC = ROOT / "book_ext" / "static"


def configure(folder: Path) -> None:
    """Give a book the real configuration, without execution."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    config["sphinx"]["local_extensions"] = {"book_ext": str(ROOT)}
    config["sphinx"]["config"]["book_claims"] = "claims"
    config["execute"] = {"execute_notebooks": "off"}
    config["exclude_patterns"] = ["claims"]
    (folder / "_config.yml").write_text(yaml.safe_dump(config), "utf-8")


def build(folder: Path) -> tuple[int, str]:
    """Build a book as `make book` does; its exit status and what it said."""
    command = [sys.executable, "-m", "jupyter_book", "build", str(folder), "-W", "--keep-going"]
    if not shutil.which("jupyter-book", path=str(Path(sys.executable).parent)):
        pytest.fail("jupyter-book is missing: make test installs it", pytrace=False)
    command[1:3] = [str(Path(sys.executable).with_name("jupyter-book"))]
    run = subprocess.run(
        command[1:],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)},
        timeout=300,
    )
    return run.returncode, re.sub(r"\x1b\[[\d;]*m", "", run.stdout + run.stderr)


def output(data: dict, **metadata) -> nbformat.NotebookNode:
    """A cell's output, as a kernel would have left it."""
    return nbformat.v4.new_output("display_data", data, metadata=metadata)


def figure_cell(caption: str, data: dict) -> nbformat.NotebookNode:
    """A cell that shows a figure."""
    cell = nbformat.v4.new_code_cell("show(figure)", outputs=[output(data)])
    cell.metadata = {"tags": ["hide-input"]}
    if caption:
        cell.metadata["mystnb"] = {"figure": {"name": "fig-fall", "caption": caption}}
    return cell


def bundle(alt: str) -> dict:
    """A small figure in all formats, without the paper's."""
    drawn, axes = plotting.figure()
    axes.plot([1, 2, 3], [1, 0.9, 0], color=plotting.COLORS.theory)
    light, dark = plotting.svg(drawn), plotting.svg(drawn, dark=True)
    return {"image/svg+xml": light, plotting.DARK_SVG: dark, "text/plain": alt}


WIDGET = {
    "model_id": "0" * 31 + "1",
    "version_major": 2,
    "version_minor": 0,
}
STATE = {
    "version_major": 2,
    "version_minor": 0,
    "state": {
        "0" * 31 + "1": {
            "model_name": "AnyModel",
            "model_module": "anywidget",
            "model_module_version": "~0.11.*",
            "state": {
                "_esm": "export default {render({model, el}) { el.append(Object.assign("
                "document.createElement('p'), {textContent: 'alive ' + model.get('n')})); }};",
                "n": 7,
            },
        }
    },
}


def write_pictures(folder: Path) -> None:
    """A notebook with stored outputs: a figure, an explorable with a picture, and one of words only."""
    view = "application/vnd.jupyter.widget-view+json"
    words = nbformat.v4.new_code_cell("quiz", outputs=[output({view: WIDGET, "text/plain": "Which is colder?"})])
    lives = figure_cell("An explorable.", {**bundle("A curve that can be turned."), view: WIDGET})
    lives.metadata["mystnb"]["figure"]["name"] = "fig-live"
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Pictures\n\nSee {numref}`fig-fall` and {numref}`fig-live`."),
            figure_cell("It falls.", bundle("A line that falls from one to nought.")),
            lives,
            words,
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
            "widgets": {"application/vnd.jupyter.widget-state+json": STATE},
        },
    )
    nbformat.write(book, folder / "pictures.ipynb")


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The built fixture book."""
    folder = tmp_path_factory.mktemp("page") / "book"
    shutil.copytree(FIXTURE, folder)
    configure(folder)
    write_pictures(folder)
    status, said = build(folder)
    assert status == 0, said
    return folder / "_build" / "html"


@pytest.fixture(scope="session")
def pages(site) -> dict[str, str]:
    """Every page's text by name."""
    return {path.stem: path.read_text("utf-8") for path in sorted(site.glob("*.html"))}


@pytest.fixture(scope="module")
def browser():
    """Chromium."""
    with sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=find_chromium(), args=driver.FLAGS)
        yield chromium
        chromium.close()


# --- What is in the files ------------------------------------------------------------------------------


def test_every_page_has_the_policy_and_no_inline_code(pages):
    assert {"index", "tour", "pictures", "search", "genindex"} <= set(pages)
    for name, html in pages.items():
        assert f'http-equiv="Content-Security-Policy" content="{page.POLICY}"' in html, name
        assert html.index("Content-Security-Policy") < html.index("<script"), name
        assert page.inline_code(html) == [], name
        assert page.foreign_files(html) == [], name


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<script>go()</script>", "inline script"),
        ('<script type="module">go()</script>', "inline script"),
        ("<style>p {}</style>", "inline style sheet"),
        ("<p class='a' onclick='go()'>", "inline handler"),
        ('<a href="javascript:go()">', "javascript: address"),
        ('<img src="https://example.org/a.png">', "another host"),
        ('<link rel="stylesheet" href="//example.org/a.css">', "another host"),
    ],
)
def test_the_guard_sees(html, fault):
    assert any(fault in found for found in page.inline_code(html) + page.foreign_files(html))


def test_the_guard_lets_data_and_shown_code_pass():
    fine = '<script type="application/json">{"a": "<b onclick=1>"}</script><p title="x onclick=y">&lt;script&gt;</p>'
    assert page.inline_code(fine) == []


def test_theme_leaves_nothing_behind(site, pages):
    names = {path.name for path in site.rglob("*") if path.is_file()}
    for junk in ("fontawesome.js", "bootstrap.js", "pydata-sphinx-theme.css", "require.min.js", "clipboard.min.js"):
        assert junk not in names
    for html in pages.values():
        assert not re.search(r"mathjax@|thebe|require\.js|html-manager|fontawesome", html)


def test_mathematics_is_linked_only_where_there_is_some(pages):
    assert "katex.css" in pages["tour"]
    assert "katex.css" not in pages["index"]
    assert "host.js" in pages["pictures"]
    assert "host.js" not in pages["tour"]


def test_links_are_relative_and_lead_somewhere(site, pages):
    for name, html in pages.items():
        for address in re.findall(r'(?:href|src)="([^"#?]+)', html):
            assert not address.startswith("/"), (name, address)
            if not re.match(r"[a-z]+:", address):
                assert (site / address).exists(), (name, address)


def test_budgets(site, pages):
    """What a page loads, gzipped: at most 200 kB, 60 kB of it script; chapters' HTML at most 150 kB."""
    for name, html in pages.items():
        assert len(gzip.compress(html.encode())) < 150_000
        files = {site / a for a in re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"?]+\.(?:js|css))', html)}
        weight = {path: len(gzip.compress(path.read_bytes())) for path in files}
        script = sum(size for path, size in weight.items() if path.suffix == ".js")
        faces = sum(path.stat().st_size for path in (site / "_static/book").glob("*basic*.woff2"))
        if "katex.css" in html:
            usual = "Main-Regular Main-Bold Math-Italic AMS-Regular Size1-Regular Size2-Regular Size3-Regular"
            faces += sum((site / f"_static/book/fonts/KaTeX_{face}.woff2").stat().st_size for face in usual.split())
        assert script < 60_000, name
        # As if each page used every face of the text and all of KaTeX's usual ones; tests/site weighs what loads.
        assert sum(weight.values()) + faces < 200_000, name


def test_two_pages_of_one_build_share_their_files(pages):
    versions = {re.search(r"book\.css\?v=\w+", html)[0] for html in pages.values()}
    assert len(versions) == 1


def test_folds_exercises_and_marks(pages):
    tour = pages["tour"]
    assert re.search(r'<details class="[^"]*fold[^"]*"><summary><span>◆ Deeper: a fold', tour)
    assert re.search(r"<summary><span>Solution</span></summary>", tour)
    assert '<p class="exercise-kind">compute · ★ · difficulty 1 · 5 minutes</p>' in tour
    assert re.search(r'Exercise 1\.?1? ?</span>Count by hand</p>', tour), "no parentheses around the title"
    marks = re.findall(r'<p class="tested"><a [^>]*href="tested.html#claim-(T-\d+)"', tour)
    assert marks == ["T-01"], "one mark for a section with two claims"


def test_chinese_is_marked(pages):
    assert '<span lang="zh-Hans">温度参数</span>' in pages["tour"]
    assert '<span lang="zh-Hans">熵</span>' in pages["words"]


def test_what_is_tested_shows_statement_section_and_source(pages):
    tested = pages["tested"]
    assert 'id="claim-T-01"' in tested
    assert re.search(r'href="tour.html#sec-tour-law"', tested)
    assert re.search(r'<h2>.*The tour', tested)
    assert "test_weights_add_up" in re.sub(r"<[^>]+>", "", tested)


def test_library_reference_reads_docstrings(pages):
    library = pages["library"]
    assert 'id="book_lib.plotting.figure"' in library
    assert "temperature_color" in library
    assert "DARK_SVG" not in library


def test_pages_of_the_library_share_its_modules_without_gap_or_double():
    every, apart = reference.modules([]), ["book_lib.exercises", "book_lib.exercises.*", "book_lib.explorables.*"]
    here, there = reference.modules([], apart), reference.modules(apart)
    assert sorted(here + there) == sorted(every) and len(there) > 20
    assert "book_lib.ising" in dict(here) and "book_lib.explorables.lattice" in dict(there)
    with pytest.raises(ValueError, match="no module 'book_lib.nothing'"):
        reference.modules([], ["book_lib.nothing"])


def test_library_reference_shows_what_a_module_takes_from_private_ones():
    for module, names in (("probability", {"softmax", "Normal", "Beta"}), ("ising", {"onsager_energy", "Ising"})):
        path = reference.find(f"book_lib.{module}")
        tree = ast.parse(path.read_text("utf-8"))
        shown = {node.name for node in reference.public(tree)}
        for source in reference.private_sources(tree):
            shown |= {node.name for node in reference.taken(tree, source)}
        constants = {name for name in reference.exported(tree) if name.isupper()}
        assert names <= shown == reference.exported(tree) - constants


def test_figures_come_twice_and_explorables_with_a_picture(pages):
    html = pages["pictures"]
    for name in ("only-light", "only-dark"):
        tags = re.findall(rf"<img[^>]*{name}[^>]*>", html)
        assert len(tags) == 2
        assert all(re.search(r'alt="A [^"]+"', tag) for tag in tags)
    assert html.count('class="explorable docutils container"') == 2
    assert "Which is colder?" in html
    figure = html.index("It falls.")
    assert html.index("Show the code", figure) > figure, "folded code stands below its figure"


def test_logo_is_what_its_module_makes():
    assert (STATIC / "logo.svg").read_text("utf-8") == logo.logo()
    assert (STATIC / "favicon.svg").read_text("utf-8") == logo.favicon()


# --- Colours -------------------------------------------------------------------------------------------


def palettes() -> dict[str, dict[str, str]]:
    """The custom properties of the stylesheet that are colours, light and dark."""
    css = (STATIC / "book.css").read_text("utf-8")
    light, dark = re.findall(r":root(?:\[data-theme=\"dark\"\])? \{(.*?)\n *\}", css, re.DOTALL)[:2]
    read = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in (light, dark)]
    return {"light": read[0], "dark": {**read[0], **read[1]}}


def luminance(color: str) -> float:
    """Relative luminance, as WCAG defines it."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_contrast_is_computed_right():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_and_graphics_have_contrast(mode):
    colors = palettes()[mode]
    words = ["xp-ink", "xp-muted", "xp-sim", "xp-theory", "xp-mf", "xp-reader", "xp-accent", "xp-right", "xp-error"]
    for name in [*words, "code-name", "code-text"]:
        for ground in ("xp-paper", "xp-tint"):
            assert contrast(colors[name], colors[ground]) >= 4.5, (mode, name, ground)
    for name in ("t-cold", "t-hot"):
        assert contrast(colors[name], colors["xp-paper"]) >= 4.5, (mode, name)
    assert contrast(colors["t-mid"], colors["xp-paper"]) >= 3
    # Spins: apart in grey too, and in the same order in both modes.
    assert contrast(colors["spin-up"], colors["spin-down"]) >= 3
    assert luminance(colors["spin-up"]) < luminance(colors["spin-down"])


def test_figures_share_the_palette():
    names = {
        "ink": "xp-ink", "muted": "xp-muted", "rule": "xp-rule", "paper": "xp-paper", "simulation": "xp-sim",
        "theory": "xp-theory", "mean_field": "xp-mf", "reader": "xp-reader", "accent": "xp-accent",
        "spin_up": "spin-up", "spin_down": "spin-down", "cold": "t-cold", "mild": "t-mid", "hot": "t-hot",
    }  # fmt: skip
    for mode, colors in (("light", plotting.COLORS), ("dark", plotting.DARK_COLORS)):
        for ours, css in names.items():
            assert getattr(colors, ours) == palettes()[mode][css], (mode, ours)


def test_fonts_have_the_letters_they_claim():
    for *_, alphabet, path in fonts.files():
        cut = fonts.cut(path, *fonts.ALPHABETS[alphabet][1:])
        assert cut.stat().st_size < 13_000
        letters = {"greek": "αωΔΣ", "basic": "aZ09é–—“”−½↑", "latin": "ñŒ"}[alphabet]
        assert set(map(ord, letters)) <= fonts.characters(cut), path.name


# --- In Chromium ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("over", ["http", "file"])
@pytest.mark.parametrize(
    ("query", "wanted"),
    [("温度", {"The tour", "Words"}), ("熵", {"The tour", "Words"}), ("参数", {"The tour"}), ("magnets", set()),
     ("weights tempera", {"The tour"}), ("entropy", {"entropy", "The tour"}), ("smaller point", {"A smaller point"})],
)  # fmt: skip
def test_search_finds(site, browser, over, query, wanted):
    with driver.serve(site) as served:
        base = served if over == "http" else site.as_uri() + "/"
        context = browser.new_context()
        tab = context.new_page()
        watch = driver.Watch(tab, base)
        tab.goto(f"{base}search.html?q={query}")
        tab.wait_for_selector("#search-results :is(ol, p)")
        found = set(tab.locator("#search-results li > a").all_inner_texts())
        strip = {re.sub(r"^[\d.]+ ", "", title) for title in found}
        assert wanted <= strip, (found, query)
        if not wanted:
            assert not found
        assert watch.complaints() == []
        context.close()


def test_search_opens_by_key_and_leads_to_a_page(site, browser):
    with driver.serve(site) as served:
        tab = browser.new_page()
        watch = driver.Watch(tab, served)
        tab.goto(served + "index.html")
        tab.keyboard.press("/")
        tab.keyboard.type("boltzmann")
        tab.wait_for_selector("#search-box .search-found li")
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/tour.html*")
        assert watch.complaints() == []
        tab.close()


def test_theme_is_remembered_and_forgotten(site, browser):
    with driver.serve(site) as served:
        context = browser.new_context(color_scheme="light")
        tab = context.new_page()
        tab.goto(served + "tour.html")
        theme = "document.documentElement.dataset.theme"
        assert tab.evaluate(theme) == "light"
        tab.get_by_role("button", name="Dark mode").click()
        tab.goto(served + "index.html")
        assert tab.evaluate(theme) == "dark"
        tab.get_by_role("button", name="Dark mode").click()
        assert tab.evaluate("localStorage.length") == 0
        context.close()


@pytest.mark.parametrize("name", ["index", "tour", "pictures", "tested", "library", "search", "words", "genindex"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(site, browser, name, width, scheme):
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    tab = context.new_page()
    with driver.serve(site) as served:
        watch = driver.Watch(tab, served)
        tab.goto(f"{served}{name}.html")
        driver.wait_ready(tab)
        tab.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        tab.wait_for_timeout(100)
        tab.evaluate((ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8"))
        faults = tab.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
        assert faults == []
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert watch.complaints() == []
    context.close()


def test_measure_is_66_to_72_characters(site, browser):
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.goto((site / "tour.html").as_uri())
    per_line = tab.evaluate(
        """async () => {
            await document.fonts.ready; // with another face the lines have other lengths
            const p = document.createElement("p");
            p.textContent = "the quick brown fox jumps over a lazy dog and the magnet keeps its north. ".repeat(12);
            document.querySelector("article section").append(p);
            const lines = Math.round(p.getBoundingClientRect().height / parseFloat(getComputedStyle(p).lineHeight));
            return p.textContent.length / lines;
        }"""
    )
    assert 64 <= per_line <= 74
    tab.close()


def test_paper_shows_pictures_and_opens_folds(site, browser):
    context = browser.new_context(color_scheme="dark")
    tab = context.new_page()
    tab.goto((site / "pictures.html").as_uri())
    driver.wait_ready(tab)
    assert tab.locator(".explorable-live p").first.inner_text() == "alive 7"
    tab.emulate_media(media="print", color_scheme="dark")
    assert not tab.locator(".explorable-live").first.is_visible()
    assert tab.locator(".explorable-still .only-light").first.is_visible()
    assert not tab.locator(".explorable-still .only-dark").first.is_visible()
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(34, 33, 31)"
    tab.goto((site / "tour.html").as_uri())
    assert tab.evaluate("document.querySelector('details.deeper').checkVisibility({contentVisibilityAuto: true})")
    height = "document.querySelector('details.deeper > p').getBoundingClientRect().height"
    assert tab.evaluate(height) > 10
    context.close()


def test_pages_read_without_scripts(site, browser):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto((site / "pictures.html").as_uri())
    assert tab.locator(".explorable-still img.only-light").first.is_visible()
    assert not tab.get_by_role("button", name="Search").is_visible()
    context.close()


# --- What must fail ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def faulty(tmp_path_factory) -> str:
    """What the build of a book full of faults says."""
    folder = tmp_path_factory.mktemp("faulty") / "book"
    shutil.copytree(FIXTURE, folder)
    configure(folder)
    (folder / "_toc.yml").write_text("format: jb-book\nroot: tour\nchapters: [{file: pictures}, {file: tested}]\n")
    (folder / "dot.svg").write_text((STATIC / "favicon.svg").read_text("utf-8"), "utf-8")
    tour = (folder / "tour.md").read_text("utf-8")
    extra = "\n![](dot.svg)\n\n```{figure} dot.svg\n:alt: A dot.\n```\n"
    (folder / "tour.md").write_text(tour + extra, "utf-8")
    cells = [
        nbformat.v4.new_markdown_cell("# Pictures"),
        figure_cell("It falls.", {**bundle("x"), "text/plain": "<Figure size 640x480 with 1 Axes>"}),
        figure_cell("", bundle("A line that falls.")),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "pictures.ipynb")
    rows = yaml.safe_load((folder / "claims/claims.yml").read_text("utf-8"))
    rows += [rows[0], {"id": "T-03", "section": "sec-nowhere", "statement": "Nobody tests this."}]
    rows += [{"id": "U-01", "section": "sec-tour-law", "statement": "No page asks for the letter U."}]
    (folder / "tested.md").write_text("# What is tested\n\n```{claims} T\n```\n", "utf-8")
    (folder / "claims/claims.yml").write_text(yaml.safe_dump(rows, sort_keys=False), "utf-8")
    with (folder / "claims/test_tour.py").open("a") as tests:
        tests.write('\n\n@pytest.mark.claim("T-99")\ndef test_of_nothing():\n    """No such claim."""\n')
    status, said = build(folder)
    assert status != 0
    return said


@pytest.mark.parametrize(
    "complaint",
    [
        r"tour\.md:\d+: WARNING: picture dot\.svg has no alternative text",
        r"tour\.md:\d+: WARNING: a figure without a caption",
        r"pictures\.ipynb:\d+: WARNING: a picture without alternative text",
        r"pictures\.ipynb:\d+: WARNING: a picture without a caption",
        r"claims\.yml:\d+: WARNING: claim T-01 is listed twice",
        r"claims\.yml:\d+: WARNING: claim T-03: there is no section labelled 'sec-nowhere'",
        r"claims\.yml:\d+: WARNING: claim T-03 has no test",
        r"claims\.yml:\d+: WARNING: claim U-01 is on no page: no \{claims\} asks for 'U'",
        r"test_tour\.py:\d+: WARNING: test_of_nothing tests claim T-99, which claims\.yml does not list",
    ],
)
def test_a_fault_fails_the_build_and_says_where(faulty, complaint):
    assert re.search(complaint, faulty), faulty


def test_a_formula_that_katex_rejects_ends_the_build_and_names_the_line(tmp_path):
    folder = tmp_path / "book"
    folder.mkdir()
    configure(folder)
    (folder / "references.bib").write_text("")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (folder / "index.md").write_text("# A book\n\nA line.\n\nAnother with $\\undefinedcommand{x}$ in it.\n")
    status, said = build(folder)
    assert status != 0
    assert re.search(r"index\.md:5: KaTeX parse error: Undefined control sequence: \\undefinedcommand", said), said
