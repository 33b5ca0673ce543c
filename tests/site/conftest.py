"""Fixtures of the browser tests: the built site, Chromium, and pages that are watched.

``open_page("chapters/ising.html")`` opens a page and, when the test ends, fails it if the page asked
another host, logged anything or threw. ``live(page, "lattice")`` is a handle on an explorable. BOOK_SITE
names another folder with a built site, for work on a fixture book.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tasks import find_chromium
from tests.site import driver
from tests.site.driver import Live, Watch

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(os.environ.get("BOOK_SITE") or ROOT / "_build" / "html")
PATIENCE = 60_000  # ms for anything a page does, before a test gives up: a busy machine is no fault of the page
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def site_folder() -> Path:
    """The folder of the built site."""
    if not (SITE / "index.html").is_file():
        pytest.fail(f"There is no built site in {SITE}: run `make book` first.", pytrace=False)
    return SITE


@pytest.fixture(scope="session")
def site(site_folder: Path) -> Iterator[str]:
    """The address of the built site, served on the loopback interface."""
    with driver.serve(site_folder) as address:
        yield address


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver process."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for the whole session; each page has a context, that is a profile, of its own."""
    path = find_chromium()
    if path is None:
        message = "Chromium is missing: apt install chromium-headless-shell, or python -m playwright install chromium"
        pytest.fail(message, pytrace=False)
    running = playwright.chromium.launch(executable_path=path, args=driver.FLAGS)
    yield running
    running.close()


@pytest.fixture
def watched_page(browser: Browser, site: str, site_folder: Path) -> Iterator[Callable[..., Page]]:
    """Makes blank pages that are watched; what they did wrong fails the test at its end."""
    contexts, watches = [], []

    def make(width: int = 1280, scheme: str = "light", reduced: bool = True, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce" if reduced else "no-preference",
            java_script_enabled=scripts,
            bypass_csp=False,
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.rstrip("/"))
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.watch = Watch(page, site, site_folder.resolve().as_uri())
        watches.append(page.watch)
        return page

    yield make
    for context in contexts:
        context.close()
    complaints = sorted({line for watch in watches for line in watch.complaints()})
    assert not complaints, "the page misbehaved:\n  " + "\n  ".join(complaints)


@pytest.fixture
def page(watched_page: Callable[..., Page]) -> Page:
    """A blank watched page, 1280 wide, light, with reduced motion."""
    return watched_page()


@pytest.fixture
def open_page(watched_page: Callable[..., Page], site: str, site_folder: Path) -> Callable[..., Page]:
    """Opens a page of the site, named relative to it, and waits until its explorables live.

    Keywords: ``width``, ``scheme`` ("light" or "dark"), ``reduced`` (motion), ``scripts``,
    ``disk`` (open from ``file://``), ``alone`` (leave only this explorable on the page: see `driver.alone`).
    """

    def start(path: str, disk: bool = False, alone: int | str | None = None, **options: object) -> Page:
        page = watched_page(**options)
        if alone is not None:
            file, _, _ = path.partition("#")
            html = driver.alone(site_folder / file, alone)
            page.route(
                lambda url: url.partition("#")[0] == site + file,
                lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"),
            )
        page.goto((site_folder.resolve().as_uri() + "/" if disk else site) + path)
        if options.get("scripts", True):
            driver.wait_ready(page)
        return page

    return start


@pytest.fixture
def live() -> Callable[..., Live]:
    """``live(page, name, index=0)``: a handle on an explorable, see `tests.site.driver.Live`."""
    return driver.live
