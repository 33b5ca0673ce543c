"""Tries every control of an explorable, by keyboard or by pointer, and tells which do nothing.

A control has an effect if something else than its own row, or an echo of its own number, looks different at
its two ends: a curve, a canvas, a readout, another control. Where nothing differs at once (the seed of a
paused simulation), the explorable is reset and takes the same few steps at each end: those must differ, and
the first, repeated, must not.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import ElementHandle, Error, JSHandle, Locator, Page

from tests.site.driver import settle

SCRIPT = (Path(__file__).parent / "checks.js").read_text(encoding="utf-8")
STEPS = 3
MANY = 2000  # steps after which whatever a simulation shows at its end has appeared
SOON = 0.4  # seconds until a change must show
LOOKS = 12  # and looks, of two frames each: on a busy machine a second holds few
LATER = 4.0  # seconds until a running simulation must have moved
RUNNING = "el => el.matches('[aria-pressed=true], .xp-running .xp-play')"  # a button that has set something going
MOST = 120  # controls of one explorable; more means that controls breed


@dataclass(frozen=True)
class Look:
    """What a reader sees of an explorable apart from one control: see ``look`` in checks.js."""

    picture: str
    texts: list[str]
    value: float | None

    def differs(self, other: "Look") -> bool:
        """Whether the two look different by more than an echo of the control's number in a text."""
        if self.picture != other.picture or len(self.texts) != len(other.texts):
            return True
        pairs = [(a, b) for a, b in zip(self.texts, other.texts, strict=True) if a != b]
        return any(self._no_echo(a) != other._no_echo(b) for a, b in pairs)

    def _no_echo(self, text: str) -> str:
        def blank(match: re.Match) -> str:
            number = float(match.group().replace("−", "-"))
            return "•" if self.value is not None and abs(number - self.value) < 1e-9 else match.group()

        return re.sub(r"[-−]?\d+(\.\d+)?", blank, text)


class Checker:
    """Tries the controls of one explorable.

    Args:
        box: Locator of the explorable's own element (``[data-explorable]``).
        how: "keyboard" or "pointer".
    """

    def __init__(self, box: Locator, how: str) -> None:
        self.box = box.element_handle()
        self.page: Page = box.page
        self.how = how
        self.js: JSHandle = self.page.evaluate_handle(SCRIPT)
        self.complaints: list[str] = []
        self.tried = 0

    # -- asking the page

    def _ask(self, body: str, **arguments: object) -> object:
        """Evaluate a piece of JavaScript that sees ``js``, ``box`` and the arguments."""
        names = ", ".join(["js", "box", *arguments])
        script = f"({{{names}}}) => {body}"
        return self.page.evaluate(script, {"js": self.js, "box": self.box, **arguments})

    def look(self, own: ElementHandle | None) -> Look:
        """What a reader sees now, apart from this control."""
        return Look(**self._ask("js.fingerprint({box, own})", own=own))

    def changes(self, own: ElementHandle | None, old: Look, patience: float = SOON) -> bool:
        """Whether the look becomes another one than ``old`` in time."""
        end, looks = time.monotonic() + patience, 1
        while not self.look(own).differs(old):
            if time.monotonic() > end and looks >= LOOKS:
                return False
            looks += 1
        return True

    def event(self, kind: str, steps: int = STEPS) -> None:
        """Reset, or step some steps."""
        self._ask("js.event({box, type, n})", type=kind, n=steps)
        settle(self.page)

    def next(self) -> ElementHandle | None:
        """The next control to try."""
        return self.page.evaluate_handle("({js, box}) => js.next(box)", self._scope).as_element()

    @property
    def _scope(self) -> dict:
        return {"js": self.js, "box": self.box}

    # -- the run

    def run(self, most: int = MOST) -> list[str]:
        """Try all controls; returns one line for each that fails."""
        self._try_all(most)
        if self._ask("js.untried(box)"):  # some controls come only at the end of a run
            self.event("xp:step", MANY)
            self._try_all(most)
        if self.tried >= most:
            self.complaints.append(f"more than {most} controls")
        else:
            self.complaints += self._ask("js.untried(box)")
        return self.complaints

    def _try_all(self, most: int = MOST) -> None:
        """Try what can be tried now."""
        while self.tried < most and (control := self.next()):
            self.try_one(control)

    def try_one(self, control: ElementHandle) -> None:
        """Try one control, according to its kind."""
        self.tried += 1
        facts = self._ask("js.describe(own)", own=control)
        name = f"{facts['kind']} {facts['name']!r} by {self.how}"
        if not facts["name"]:
            self.complaints.append(f"{name}: has no name")
        try:
            control.scroll_into_view_if_needed()
            fault = getattr(self, f"_{facts['kind']}")(control, facts)
        except Error as error:
            fault = str(error).splitlines()[0]
        if fault:
            self.complaints.append(f"{name}: {fault}")

    # -- kinds of control: each returns what is wrong, or ""

    def _ends(self, control: ElementHandle, ends: list) -> str:
        """Go through settings of a control, each of which must look different from the one before."""
        looks = []
        for go in ends:
            go()
            looks.append(self.look(control))
        alike = [i for i in range(1, len(looks)) if not looks[i].differs(looks[i - 1])]
        for i in alike:
            ends[i - 1]()
            before = self.look(control)
            ends[i]()
            if self.changes(control, before):
                continue
            fault = self._after_steps(control, ends[i - 1], ends[i])
            if fault:
                return fault
        return ""

    def _after_steps(
        self, control: ElementHandle, first: Callable[[], None], second: Callable[[], None]
    ) -> str:
        """Compare two settings after a reset and the same steps; then after a press of Step instead."""

        def run(go: Callable[[], None], advance: Callable[[], None]) -> Look:
            go()
            self.event("xp:reset")
            go()  # a reset may have set it back
            advance()
            return self.look(control)

        for advance in (lambda: self.event("xp:step"), self._press_step):
            one, two, again = run(first, advance), run(second, advance), run(first, advance)
            if one.differs(again):
                return "not reproducible after a reset"
            if one.differs(two):
                return ""
        return "no effect"

    def _press_step(self) -> None:
        """Press the button that takes a step, if there is one."""
        for button in self.box.query_selector_all(".xp-toolbar button"):
            if button.text_content() == "Step" and button.is_enabled():
                button.click()
                settle(self.page)

    def _range(self, control: ElementHandle, facts: dict) -> str:
        start = facts["value"]
        go = {"keyboard": self._range_keys, "pointer": self._range_drag}[self.how]
        reached: list[str] = []

        def end(last: bool) -> None:
            go(control, last)
            value, limit = float(control.input_value()), float(facts["max" if last else "min"])
            if abs(value - limit) > 0.02 * (float(facts["max"]) - float(facts["min"])):
                reached.append(f"stops at {value} instead of {limit}")

        fault = self._ends(control, [lambda: end(False), lambda: end(True)])
        control.evaluate(
            "(el, v) => { el.value = v; el.dispatchEvent(new Event('input', {bubbles: true}));"
            " el.dispatchEvent(new Event('change', {bubbles: true})); }",
            start,
        )
        return (reached or [fault])[0]

    def _range_keys(self, control: ElementHandle, last: bool) -> None:
        control.focus()
        self.page.keyboard.press("End" if last else "Home")

    def _range_drag(self, control: ElementHandle, last: bool) -> None:
        spot = control.bounding_box()
        x, y = spot["x"], spot["y"] + spot["height"] / 2
        near, far = x + 2, x + spot["width"] - 2
        self.page.mouse.move(near if last else far, y)
        self.page.mouse.down()
        self.page.mouse.move(far if last else near, y, steps=4)
        self.page.mouse.up()

    def _number(self, control: ElementHandle, facts: dict) -> str:
        if facts["min"] == "" or facts["max"] == "":
            return "has no min or max"
        low, high = facts["min"], facts["max"]
        fault = self._ends(control, [lambda: self._type(control, low), lambda: self._type(control, high)])
        fault = fault or self._bad_number(control, float(high))
        self._type(control, facts["value"])
        return fault

    def _type(self, control: ElementHandle, text: str) -> None:
        """Type into a box that is reached by keyboard or by pointer, and confirm."""
        typed = self.how == "keyboard"  # key by key; else all at once, as pasted
        control.focus() if typed else control.click()
        self.page.keyboard.press("Control+A")
        (self.page.keyboard.type if typed else self.page.keyboard.insert_text)(str(text))
        self.page.keyboard.press("Enter")

    def _bad_number(self, control: ElementHandle, high: float, last: bool = False) -> str:
        """A number out of range must be answered by words, and must change nothing; asked twice before it fails."""
        before = self._calm_look(control)
        self._type(control, f"{high * 2 + 1:.10g}")
        settle(self.page)
        if not control.evaluate("el => el.matches('[aria-invalid=true]')"):
            return "a number out of range is not marked as wrong"
        message = control.evaluate(
            "el => document.getElementById(el.getAttribute('aria-describedby'))?.textContent ?? ''"
        )
        if not message.strip():
            return "a number out of range is refused without a word"
        if not self.look(control).differs(before):
            return ""
        if last:
            return "a number out of range changed the picture"
        self._type(control, f"{high:.10g}")  # what came late on a busy machine may have followed from the number before
        return self._bad_number(control, high, last=True)

    def _calm_look(self, control: ElementHandle) -> Look:
        """The look once nothing follows any more from what was done before."""
        look, calm = self.look(control), 0
        for _ in range(100):
            self.page.wait_for_timeout(50)
            last, look = look, self.look(control)
            calm = 0 if look.differs(last) else calm + 1
            if calm == 3:
                break
        return look

    def _select(self, control: ElementHandle, facts: dict) -> str:
        last = facts["options"] - 1

        def go(index: int) -> None:
            if self.how == "pointer":  # the list itself belongs to the system; Playwright picks for us
                control.select_option(index=index)
                return
            control.focus()
            self.page.keyboard.press("End" if index else "Home")

        fault = self._ends(control, [lambda: go(0), lambda: go(last)])
        control.select_option(value=facts["value"])
        return fault

    def _radio(self, control: ElementHandle, facts: dict) -> str:
        radios = [
            self.page.evaluate_handle(
                "({js, own, i}) => js.group(own)[i]", {"js": self.js, "own": control, "i": i}
            )
            for i in range(facts["options"])
        ]
        radios = [radio.as_element() for radio in radios]
        start = next((i for i, radio in enumerate(radios) if radio.is_checked()), 0)
        missed: list[str] = []

        def go(index: int) -> None:
            if self.how == "pointer":
                self._click_label(radios[index])
            else:
                self._arrow_to(radios, index)
            if not radios[index].is_checked():
                missed.append(f"option {index + 1} cannot be chosen")

        order = [*range(len(radios)), start]
        order = [i for k, i in enumerate(order) if k == 0 or order[k - 1] != i]
        fault = self._ends(control, [lambda i=i: go(i) for i in order])
        return (missed or [fault])[0]

    def _click_label(self, control: ElementHandle) -> None:
        """Click what a reader clicks: the middle of the label, or of the control where it shows itself."""
        label = control.evaluate_handle("el => el.labels?.[0] ?? el").as_element()
        label.scroll_into_view_if_needed()
        spot = label.bounding_box()
        self.page.mouse.click(spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2)

    def _arrow_to(self, radios: list[ElementHandle], index: int) -> None:
        """Move within a radio group as a keyboard does: to the checked one, then by arrows, or by Space."""
        for _ in radios:
            at = next((i for i, radio in enumerate(radios) if radio.is_checked()), None)
            if at == index:
                return
            radios[at or 0].focus()
            self.page.keyboard.press("Space" if at is None else "ArrowDown")

    def _checkbox(self, control: ElementHandle, facts: dict) -> str:
        def flip() -> None:
            if self.how == "keyboard":
                control.focus()
                self.page.keyboard.press("Space")
            else:
                self._click_label(control)

        def go(on: bool) -> None:
            if control.is_checked() != on:
                flip()

        start = control.is_checked()
        return self._ends(control, [lambda: go(start), lambda: go(not start), lambda: go(start)])

    def _text(self, control: ElementHandle, facts: dict) -> str:
        return self._ends(control, [lambda: self._type(control, "1"), lambda: self._type(control, "0.25")])

    def _area(self, control: ElementHandle, facts: dict) -> str:
        """A board to draw on, a point to drag: some arrow key, or a drag, must change it."""
        before = self.look(None)
        if self.how == "keyboard":
            control.focus()
            for key in ("ArrowUp", "ArrowUp", "ArrowRight", "ArrowUp", "ArrowRight", "Enter", "Space"):
                self.page.keyboard.press(key)
        else:
            self._drag(control)
        return "" if self.changes(None, before) else "no effect"

    def _drag(self, control: ElementHandle) -> None:
        spot = control.bounding_box()
        at = [(0.5, 0.5), (0.3, 0.6), (0.5, 0.45), (0.75, 0.3)]
        points = [(spot["x"] + u * spot["width"], spot["y"] + v * spot["height"]) for u, v in at]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=3)
        self.page.mouse.up()

    def _button(self, control: ElementHandle, facts: dict) -> str:
        if facts["name"].startswith("Copy"):
            return self._copies(control)
        if any(self._press_shows(control, ready) for ready in self._occasions()):
            self._calm(control)
            return ""

        def press() -> None:
            self._press(control)

        return self._after_steps(control, lambda: None, press)

    def _copies(self, control: ElementHandle) -> str:
        """A button that copies has its effect in the clipboard."""
        self.page.evaluate("navigator.clipboard.writeText('nothing')")
        self._press(control)
        end = time.monotonic() + LATER
        while time.monotonic() < end:
            if self.page.evaluate("navigator.clipboard.readText()") != "nothing":
                return ""
            self.page.wait_for_timeout(50)
        return "no effect"

    def _occasions(self) -> Iterator[str]:
        """States in which a button may have something to do; each is set up when it is asked for."""
        yield "as it is"
        self.event("xp:step")
        yield "after some steps"
        for box in self.box.query_selector_all("input[type=text]"):  # an answer that was not checked before
            box.fill("7")
            yield "with another answer"
        ranges = self.box.query_selector_all("input[type=range]")
        for slider in [handle for handle in ranges if handle.is_visible() and handle.is_enabled()][:2]:
            for last in (False, True):
                self._range_keys(slider, last)
                settle(self.page)
                yield "with a slider moved"

    def _press_shows(self, control: ElementHandle, occasion: str) -> bool:
        if not (control.is_visible() and control.is_enabled()):
            return False
        before = self.look(control)
        self._press(control)
        starts = control.evaluate(RUNNING) and occasion == "as it is"
        return self.changes(control, before, LATER if starts else SOON)

    def _press(self, control: ElementHandle) -> None:
        if self.how == "pointer":
            control.click()
            return
        control.focus()
        self.page.keyboard.press("Enter")

    def _calm(self, control: ElementHandle) -> None:
        """Switch off again what a button switched on: a running simulation, a table, the full screen."""
        self.page.evaluate("() => document.fullscreenElement && document.exitFullscreen()")
        settle(self.page)
        on = "el => el.matches('.xp-toolbar [aria-pressed=true], .xp-toolbar [aria-expanded=true]')"
        if control.evaluate(on) or control.evaluate(RUNNING):
            if control.evaluate("el => el.matches('[aria-expanded=true]')"):
                self._try_all()  # what it has opened
            self._press(control)
            settle(self.page)


def check_explorable(box: Locator, how: str) -> list[str]:
    """Try every control of an explorable; returns a line for each fault."""
    checker = Checker(box, how)
    complaints = checker.run()
    if not checker.tried:
        complaints.append("has no control")
    return complaints


def check_one_control(box: Locator, how: str = "keyboard") -> list[str]:
    """Try the first control of an explorable; returns a line if it is at fault."""
    checker = Checker(box, how)
    control = checker.next()
    if control is None:
        return ["has no control"]
    checker.try_one(control)
    return checker.complaints
