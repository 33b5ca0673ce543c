"""What every explorable is: an anywidget that computes in the browser, with a picture for readers without scripts."""

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import ipywidgets
import numpy as np
import traitlets

from book_lib import _checks
from book_lib._mime import DARK_SVG

HERE = Path(__file__).parent
DIST = HERE / "dist"
BUILDING = os.environ.get("BOOK_BUILD") == "1"
"""Whether the book is being built: then pictures are made and stored beside the live widget."""

Still = str | bytes | tuple | None


class ArgumentError(traitlets.TraitError, ValueError):
    """A bad value for a trait: names the argument, what came and what was expected."""


@contextmanager
def arguments() -> Iterator[None]:
    """Make what the guards of `_checks` raise an `ArgumentError`."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ArgumentError(str(error)) from None


class Real(traitlets.Float):
    """A finite number between limits.

    Args:
        default: the value at the start.
        above: the number must be greater than this.
        least, most: the smallest and the largest number allowed.

    Raises:
        ArgumentError: (a ValueError) when the value is no number, not finite or outside.

    >>> class Magnet(traitlets.HasTraits):
    ...     temperature = Real(2.0, above=0)
    >>> Magnet(temperature=-1)
    Traceback (most recent call last):
        ...
    book_lib.explorables.base.ArgumentError: temperature must be a finite number above 0, not -1
    """

    def __init__(self, default: float = 0.0, *, above: float | None = None, least: float | None = None,
                 most: float | None = None, **kwargs: Any) -> None:
        super().__init__(default, **kwargs)
        self.above, self.least, self.most = above, least, most

    def _expected(self) -> str:
        limits = [("above", self.above), ("of at least", self.least), ("of at most", self.most)]
        words = " and ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None)
        return f"a finite number {words}".strip()

    def validate(self, obj: Any, value: Any) -> float:
        try:
            number = _checks.finite(self.name, value)
            good = (self.above is None or number > self.above) and (self.least is None or number >= self.least)
            good = good and (self.most is None or number <= self.most)
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ArgumentError(f"{self.name} must be {self._expected()}, not {value!r}")
        return number


class Whole(traitlets.Int):
    """A whole number between limits, in steps of `step` counted from `least`.

    Raises:
        ArgumentError: (a ValueError) when the value is no whole number, outside, or between two steps.
    """

    def __init__(self, default: int = 0, *, least: int | None = None, most: int | None = None,
                 step: int = 1, **kwargs: Any) -> None:
        super().__init__(default, **kwargs)
        self.least, self.most, self.step = least, most, step

    def _expected(self) -> str:
        words = "" if self.least is None else f" of at least {self.least}"
        words += "" if self.most is None else f"{' and' if words else ''} of at most {self.most}"
        return f"a whole number{words}" + ("" if self.step == 1 else f", in steps of {self.step}")

    def validate(self, obj: Any, value: Any) -> int:
        try:
            number = _checks.integer(self.name, value, self.least, self.most)
            good = (number - (self.least or 0)) % self.step == 0
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ArgumentError(f"{self.name} must be {self._expected()}, not {value!r}")
        return number


class OneOf(traitlets.Enum):
    """One of several named values; an error lists them all."""

    def validate(self, obj: Any, value: Any) -> Any:
        plain = value.item() if isinstance(value, (np.generic, np.ndarray)) and value.ndim == 0 else value
        # subtle: 64.0 == 64 and True == 1, but the front-end and the alt text would write them otherwise.
        if not any(type(one) is type(plain) and one == plain for one in self.values):
            raise ArgumentError(f"{self.name} must be one of {', '.join(map(repr, self.values))}, not {value!r}")
        return plain


class Explorable(anywidget.AnyWidget):
    """An interactive figure: one Python class and one JavaScript module of the same name.

    A subclass declares its knobs as traits tagged `sync=True` and may define `still`. Its module is bundled into
    `dist/<module>.js` (see `book_lib.explorables.bundle`).

    Args:
        alt: what the picture shows, for readers who see none; a subclass may compute it in `describe`.
        link: {trait: key}; explorables of one notebook that name the same key share the value.

    Raises:
        TypeError: for a keyword that is no trait, naming those there are.
        ArgumentError: (a ValueError) for a bad value.
    """

    alt = traitlets.Unicode("")
    seed = Whole(0, least=0, most=2**32 - 1).tag(sync=True)
    readouts = traitlets.Dict().tag(sync=True)
    """What the explorable shows as numbers: name → number or text, written by the front-end after each step."""

    # A Layout model beside every widget is a kilobyte of nulls on every page; nothing of ours uses it.
    layout = traitlets.Any(None, allow_none=True).tag(sync=True)

    _hubs: ClassVar[dict[str, tuple["Explorable", str]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # subtle: adding a trait to an instance makes a subclass, which must inherit its module and not read it again
        if not hasattr(cls, "_esm"):
            cls._esm = _bundle(cls.__module__.rpartition(".")[2])
        if not hasattr(cls, "_css"):
            cls._css = DIST / "kit.css"
        super().__init_subclass__(**kwargs)

    def __init__(self, *, link: dict[str, str] | None = None, **traits: Any) -> None:
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            known = ", ".join(sorted(self._knobs()))
            raise TypeError(f"{type(self).__name__} has no argument {unknown[0]!r}; it takes {known}")
        try:
            super().__init__(**traits)
        except ArgumentError:
            raise
        except traitlets.TraitError as error:  # of a trait of traitlets' own, such as `alt`
            raise ArgumentError(str(error)) from None
        self.on_msg(_answer)
        self._links = [self._share(trait, key) for trait, key in (link or {}).items()]

    @classmethod
    def _knobs(cls) -> set[str]:
        own = {name for name in cls.class_trait_names() if not name.startswith("_")}
        return own - set(ipywidgets.DOMWidget.class_trait_names()) - {"readouts", "layout"}

    def _share(self, trait: str, key: str) -> Any:
        """One value for all explorables of this kernel that name `key`; works on the page without a kernel."""
        if trait not in self._knobs():
            raise ArgumentError(f"link must name a trait of {type(self).__name__}, not {trait!r}")
        hub, name = Explorable._hubs.setdefault(key, (self, trait))
        if hub is self:
            return None
        setattr(self, trait, getattr(hub, name))
        return ipywidgets.jslink((hub, name), (self, trait))

    def still(self) -> Still:
        """The picture in place of the explorable: SVG text, (light, dark) SVG texts, PNG bytes, or None."""
        return None

    def describe(self) -> str:
        """The alt text of the picture."""
        return self.alt

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["text/plain"] = self.describe() or type(self).__name__
        if BUILDING:
            data |= still_bundle(self.still())
        return data, metadata


def still_bundle(still: Still) -> dict[str, str]:
    """MIME types of a picture, as `book_ext` pairs them with the live place.

    >>> sorted(still_bundle(("<svg>day</svg>", "<svg>night</svg>")))
    ['application/vnd.book.dark+svg', 'image/svg+xml']
    """
    if still is None:
        return {}
    if isinstance(still, bytes):
        return {"image/png": base64.b64encode(still).decode()}
    if isinstance(still, str):
        return {"image/svg+xml": still}
    light, dark, *png = still
    data = {"image/svg+xml": light, DARK_SVG: dark}
    return data | ({"image/png": base64.b64encode(png[0]).decode()} if png else {})


def _answer(widget: Explorable, content: Any, buffers: list) -> None:
    """A front-end in Jupyter asks for a stored file (kit/assets.js)."""
    if isinstance(content, dict) and set(content) == {"asset"}:
        from book_lib.explorables.assets import answer  # here, so that few chapters depend on it

        answer(widget, content["asset"])


def _bundle(module: str) -> Path:
    path = DIST / f"{module}.js"
    if not path.exists():
        raise FileNotFoundError(
            f"{path.name}: the bundle of this explorable has not been built; "
            "run `python -m book_lib.explorables.bundle` (needs node_modules, see `make book`)"
        )
    return path
