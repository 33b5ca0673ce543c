"""The book's explorables in a real JupyterLab with a real kernel: both directions, and `explore` between its values."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tasks import LAB_SETTINGS

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 90.0  # seconds for the server and for the first page on a busy machine
KERNEL_TIMEOUT = 60.0

HEAD = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter in small
"""
CELLS = [
    "from pathlib import Path",
    "from book_lib.explorables import Lattice, explore\n"
    "heard = lambda change: Path(f'{change.name}.txt').write_text(str(change.new))\n"
    "w = Lattice(size=32, temperature=1.5, predict=False)\n"
    "w.observe(heard, ['temperature', 'readouts'])\n"
    "w",
    "def line(slope):\n"
    "    if slope == 3: raise ValueError('three is out of order')\n"
    "    Path('slope.txt').write_text(str(slope))\n"
    "    return [0, 1], [0, slope]\n"
    "e = explore(line, alt='A line of slope {slope}', xlabel='x', ylabel='y', slope=[1.0, 2.0, 4.0],\n"
    "            start={'slope': 1.0})\n"
    "e",
    "wish = Path('wish.txt')\n"
    "if wish.exists(): w.temperature = float(wish.read_text())",
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(home: Path) -> dict[str, str]:
    """Jupyter's own folders, so that neither the user's settings nor a running server take part."""
    folders = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "user-settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
        "PYTHONPATH": ROOT,
    }
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "BOOK_"))}
    return kept | {key: str(value) for key, value in folders.items()}


def wait_for(check: Callable[[], Any], what: str, seconds: float = KERNEL_TIMEOUT) -> Any:
    """The first true value of `check`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := check():
            return value
        time.sleep(0.1)
    pytest.fail(f"{what} did not happen within {seconds:.0f} s")


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab and the folder it shows."""
    home = tmp_path_factory.mktemp("home")
    folder = tmp_path_factory.mktemp("chapters")
    settings = home / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(LAB_SETTINGS)
    cells = [f"\n```{{code-cell}} ipython3\n{cell}\n```\n" for cell in CELLS]
    (folder / "small.md").write_text(HEAD + "".join(cells))
    port = free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", f"--LabApp.app_settings_dir={settings}",
        "--IdentityProvider.token=", "--ServerApp.password=", "--LabApp.expose_app_in_browser=True",
        "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with (home / "log.txt").open("w") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=environment(home), stdout=log, stderr=log, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}/"
    try:
        wait_for(lambda: server.poll() is not None or answers(f"{address}api"), "JupyterLab's start", START_TIMEOUT)
        assert server.poll() is None, (home / "log.txt").read_text()[-2000:]
        yield address, folder
    finally:
        stop(server)


def stop(server: subprocess.Popen) -> None:
    """End the server and its kernels, which share its process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.fixture(scope="module")
def notebook(browser: Browser, lab: tuple[str, Path]) -> Iterator[tuple[Page, Path]]:
    """The chapter, opened by a double click as a reader does, with all cells run."""
    address, folder = lab
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(f"{address}lab")
    page.wait_for_function("globalThis.jupyterapp?.commands.hasCommand('notebook:run-all-cells')", timeout=60_000)
    page.get_by_role("listitem", name="small.md").dblclick()
    page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell")
    page.wait_for_function(
        "jupyterapp.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'", timeout=60_000
    )
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(".xp[data-explorable=lattice]", timeout=60_000)
    page.wait_for_selector(".xp[data-explorable=explore] svg")
    yield page, folder
    context.close()


def heard(folder: Path, name: str) -> str:
    path = folder / f"{name}.txt"
    return path.read_text() if path.exists() else ""


def range_of(page: Page, explorable: str, trait: str) -> Locator:
    return page.locator(f".xp[data-explorable={explorable}] [data-trait={trait}] input[type=range]")


def test_slider_moves_the_trait_in_python(notebook):
    page, folder = notebook
    slider = range_of(page, "lattice", "temperature")
    slider.focus()
    page.keyboard.press("End")
    highest = float(slider.get_attribute("max"))
    wait_for(lambda: heard(folder, "temperature") == str(highest), "the change of w.temperature in the kernel")
    page.keyboard.press("ArrowDown")  # which JupyterLab, left to itself, takes to go to the next cell
    one_less = highest - float(slider.get_attribute("step"))
    wait_for(lambda: float(heard(folder, "temperature")) == pytest.approx(one_less), "one step down")


def test_readouts_arrive_in_python(notebook):
    page, folder = notebook
    page.locator(".xp[data-explorable=lattice]").evaluate(
        "el => el.dispatchEvent(new CustomEvent('xp:step', {detail: {n: 3}}))"
    )
    wait_for(lambda: "'sweeps': 3" in heard(folder, "readouts"), "three sweeps in w.readouts")


def test_python_moves_the_slider(notebook):
    page, folder = notebook
    (folder / "wish.txt").write_text("3.21")
    page.locator(".jp-CodeCell").last.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    slider = range_of(page, "lattice", "temperature")
    expect(slider).to_have_value("3.21")
    box = page.locator(".xp[data-explorable=lattice] [data-trait=temperature] input[type=number]")
    expect(box).to_have_value("3.21")


def test_explore_computes_between_its_values(notebook):
    page, folder = notebook
    box = page.locator(".xp[data-explorable=explore]")
    number = box.locator("[data-trait=slope] input[type=number]")
    number.fill("2.5")
    number.press("Enter")
    wait_for(lambda: heard(folder, "slope") == "2.5", "the call of the function at 2.5")
    expect(box.locator("svg title")).to_have_text("y")
    wait_for(lambda: box.locator("path.xp-line").get_attribute("d"), "the curve")


def test_explore_shows_what_went_wrong_and_recovers(notebook):
    page, folder = notebook
    box = page.locator(".xp[data-explorable=explore]")
    number = box.locator("[data-trait=slope] input[type=number]")
    number.fill("3")
    number.press("Enter")
    error = box.locator("[role=alert]", has_text="three is out of order")
    expect(error).to_be_visible()
    number.fill("4")
    number.press("Enter")
    expect(error).to_have_count(0)
    wait_for(lambda: heard(folder, "slope") == "4.0", "the call of the function at 4")


def test_dark_theme_reaches_explorables(notebook):
    page, _ = notebook
    ink = "el => getComputedStyle(el).color"
    box = page.locator(".xp[data-explorable=lattice]")
    before = box.evaluate(ink)
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
    wait_for(lambda: box.evaluate(ink) != before, "the change of the ink")


def test_sliders_are_tall_enough_in_lab(notebook):
    page, _ = notebook
    ranges = page.locator(".xp input[type=range]")
    heights = ranges.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert heights and min(heights) >= 44
