"""Drives the built site in Chromium: a server, a watched page, and a handle on an explorable.

Tests reach all of it by the fixtures of ``conftest.py``.
"""

import copy
import functools
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Locator, Page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",  # else the browser without windows rounds the widths of letters, as no other does
]
READY = "html[data-explorables=ready]"


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a page asks for its files at once; a full queue costs it seconds

    def handle_error(self, *_: object) -> None:
        """A page that closes while it loads breaks the pipe: no fault of the site."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder on the loopback interface; gives its address, which ends in a slash."""
    server = _Server(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@functools.lru_cache(maxsize=2)
def _parsed(file: Path) -> BeautifulSoup:
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


@functools.lru_cache(maxsize=64)
def alone(file: Path, which: int | str) -> str:
    """The page of a built file with nothing in its text but one explorable: quicker to load, and to draw at each step.

    Args:
        file: A page of the built site.
        which: The explorable's number on the page, from 0, or its name: then all of that name stay.
    """
    whole = _parsed(file)
    boxes = whole.select(".explorable")
    chosen = [boxes[which]] if isinstance(which, int) else [box for box in boxes if _name(whole, box) == which]
    assert chosen, f"{file.name} has no explorable {which!r}"
    kept = [copy.copy(box) for box in chosen]
    article = whole.select_one("article")
    text = list(article.contents)
    try:
        article.clear()
        article.extend(kept)
        return str(whole)
    finally:
        article.clear()
        article.extend(text)


def _name(page: BeautifulSoup, box: Tag) -> str:
    """What an explorable is called: the module of its class, from the widget state that the page carries."""
    state = json.loads(page.select_one('script[type="application/vnd.jupyter.widget-state+json"]').string)
    view = json.loads(box.select_one('script[type="application/vnd.jupyter.widget-view+json"]').string)
    return state["state"][view["model_id"]]["state"]["_anywidget_id"].split(".")[-2]


class Watch:
    """Collects what a page must never do: ask another host, fail a request, log, or throw.

    Args:
        page: The page, before it is sent anywhere.
        own: Addresses that the page may ask, as prefixes.
    """

    def __init__(self, page: Page, *own: str) -> None:
        self.trouble: list[str] = []
        self.allowed: list[str] = []
        allowed = (*own, "data:", "blob:", "about:")
        page.on("request", lambda r: r.url.startswith(allowed) or self._note("other host", r.url))
        page.on("response", lambda r: r.status >= 400 and self._note(f"status {r.status}", r.url))
        page.on("requestfailed", lambda r: self._failed(r.url, r.failure))
        page.on("console", lambda m: self._note(f"console {m.type}", m.text))
        page.on("pageerror", lambda e: self._note("page error", str(e)))
        page.on("dialog", lambda d: (self._note("dialog", d.message), d.dismiss()))

    def _note(self, kind: str, text: str) -> None:
        self.trouble.append(f"{kind}: {text}")

    def _failed(self, url: str, failure: str | None) -> None:
        if "ERR_ABORTED" not in (failure or ""):  # a request that a navigation cut short is no fault
            self._note("request failed", f"{url} ({failure})")

    def complaints(self) -> list[str]:
        """What was seen, apart from lines that hold one of ``allowed``."""
        return [line for line in self.trouble if not any(word in line for word in self.allowed)]


class Live:
    """One explorable on an open page, driven through its model rather than its looks.

    Args:
        box: Locator of the explorable's own element (``.xp``).
    """

    def __init__(self, box: Locator) -> None:
        self.box = box
        self.page = box.page

    def _model(self, body: str, argument: Any = None) -> Any:
        script = "(el, arg) => { const model = el.closest('.explorable-live').model; " + body + " }"
        return self.box.evaluate(script, argument)

    def get(self, trait: str) -> Any:
        """The value of a trait of the model."""
        return self._model("return model.get(arg);", trait)

    def set(self, **traits: Any) -> "Live":
        """Set traits of the model, as a control would, and wait until the page has drawn."""
        body = "for (const [k, v] of Object.entries(arg)) model.set(k, v); model.save_changes();"
        self._model(body, traits)
        return self.settle()

    def step(self, steps: int = 1) -> "Live":
        """Take that many steps now, whether or not the explorable runs."""
        self.box.evaluate("(el, n) => el.dispatchEvent(new CustomEvent('xp:step', {detail: {n}}))", steps)
        return self.settle()

    def readouts(self) -> dict[str, Any]:
        """What the explorable shows in numbers, by name."""
        return self._model("return {...model.get('readouts')};")

    def settle(self) -> "Live":
        """Wait for two frames: by then a change has reached the screen."""
        settle(self.page)
        return self

    def control(self, label: str) -> Locator:
        """A control by its visible name."""
        return self.box.get_by_label(label, exact=False).first

    def button(self, name: str) -> Locator:
        """A button by its visible name."""
        return self.box.get_by_role("button", name=name, exact=False).first


def settle(page: Page, frames: int = 2) -> None:
    """Let the page draw some frames."""
    page.evaluate(
        """n => new Promise(done => {
            const next = k => k ? requestAnimationFrame(() => next(k - 1)) : done();
            next(n);
        })""",
        frames,
    )


def live(page: Page, name: str, index: int = 0) -> Live:
    """The explorable of that name on an open page; ``index`` counts those of the same name from 0."""
    box = page.locator(f'.explorable-live [data-explorable="{name}"]').nth(index)
    box.wait_for(state="attached")
    box.scroll_into_view_if_needed()
    return Live(box)


def wait_ready(page: Page) -> None:
    """Wait until every explorable of the page, if it has any, is mounted."""
    if page.locator(".explorable").count():
        page.wait_for_selector(READY, state="attached")
