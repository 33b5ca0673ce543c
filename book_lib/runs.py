"""Keep the result of long work, so that editing prose, a plot or an exercise never repeats it.

`cached` finds a result by what produced it: the code of the function's module and of the modules of the
same project that it imports (comments, docstrings and layout apart), the configuration, and the versions
of Python and of the distributions used. It writes a result in one step, so that a file is whole or absent,
and gives the function a `Checkpoint`, so that interrupted work goes on where it stopped.
"""

from __future__ import annotations

import inspect
import io
import json
import logging
import os
import re
import shutil
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from book_lib import _checks
from book_lib.recipes import describe, digest, plain

log = logging.getLogger(__name__)
KEEP = 3  # results of one name: an earlier configuration or branch need not be computed again
# What reading a damaged or foreign archive raises: a wrong tree, a flag for encryption, another compression.
DAMAGE = (zipfile.BadZipFile, zlib.error, LookupError, ValueError, EOFError, OSError, TypeError, AttributeError,
          RuntimeError)  # fmt: skip
SCALARS = "scalars.json"  # member of the archive beside the arrays
Result = dict[str, Any]


def cached(
    name: str,
    function: Callable[..., Mapping[str, Any]],
    config: Mapping[str, Any],
    folder: str | Path | None = None,
) -> Result:
    """The result of `function(**config)`, computed only if nothing stored answers for it.

    Args:
        name: lower-case words joined by hyphens, `"ising-susceptibility"`.
        function: a def that closes over nothing and returns a dict of NumPy arrays and JSON values. Defined
            in a module, so that edits of a chapter do not touch it; one defined in a notebook is known by its
            own source and what of the notebook it uses. If it has a parameter `checkpoint`, it is handed a
            `Checkpoint`.
        config: its keyword arguments: JSON values only. Everything that changes the result belongs here.
        folder: where results are kept; `_build/runs` of the book unless given. Outside the book, name one.

    Returns:
        The dict, with tuples as lists. The same whether computed now or read back.

    Raises:
        TypeError: a lambda or closure as `function`; a value in `config` or in the result that is not of
            these kinds, which is named by its key.
        ValueError: a bad `name`, or a configuration with the key `checkpoint`.

    Example:
        >>> import tempfile
        >>> def squares(n):
        ...     print("computing")
        ...     return {"squares": np.arange(n) ** 2, "n": n}
        >>> here = tempfile.mkdtemp()
        >>> cached("squares", squares, {"n": 4}, folder=here)["squares"]
        computing
        array([0, 1, 4, 9])
        >>> cached("squares", squares, {"n": 4}, folder=here)["n"]
        4
    """
    _checks.slug("name", name)
    if not isinstance(config, Mapping):
        raise TypeError(f"config must be a dict of keyword arguments, not {type(config).__name__}")
    config = plain(config, "config")
    if "checkpoint" in config:
        raise ValueError("config must not have the key 'checkpoint': the function gets it from cached")
    recipe = describe(function, config)
    place = Path(folder or default_folder()) / f"{name}-{digest(recipe)}"
    result = load(place / "result.npz")
    if result is None:
        log.info("computing %s", name)
        result = compute(function, config, place, recipe)
        prune(place.parent, name)
    return result


class Checkpoint:
    """Where a long computation leaves its state, so that it can go on after an interruption.

    Raises:
        TypeError: from `save`, for a state that a result could not be (see `cached`).

    >>> checkpoint = Checkpoint(Path(tempfile.mkdtemp()) / "state.npz")
    >>> checkpoint.load() is None
    True
    >>> checkpoint.save({"step": 3, "weights": np.ones(2)}, force=True)
    True
    >>> checkpoint.load()["step"]
    3

    Args:
        path: the file.
        every: seconds that pass, at the least, between two writings.
    """

    def __init__(self, path: Path, every: float = 10.0) -> None:
        self.path, self.every = path, _checks.finite("every", every)
        self.last = time.monotonic()

    def load(self) -> Result | None:
        """The state last saved for exactly this work, or None."""
        return load(self.path)

    def save(self, state: Mapping[str, Any] | Callable[[], Mapping[str, Any]], force: bool = False) -> bool:
        """Write the state (or what the function `state` returns) unless that was done a moment ago.

        Returns:
            Whether it was written.
        """
        if not force and time.monotonic() - self.last < self.every:
            return False
        save(self.path, state() if callable(state) else state)
        self.last = time.monotonic()
        return True


def compute(function: Callable, config: dict, place: Path, recipe: dict) -> Result:
    """Call the function, store what it returns, and hand back what was stored."""
    checkpoint = Checkpoint(place / "checkpoint.npz")
    wants = "checkpoint" in inspect.signature(function).parameters
    result = function(**config, **({"checkpoint": checkpoint} if wants else {}))
    if not isinstance(result, Mapping):
        kind = type(result).__name__
        raise TypeError(f"the function must return a dict of arrays and JSON values, not {kind}")
    place.mkdir(parents=True, exist_ok=True)
    (place / "recipe.json").write_text(json.dumps(recipe, indent=1), encoding="utf8")  # for curious people
    save(place / "result.npz", result)
    checkpoint.path.unlink(missing_ok=True)
    return load(place / "result.npz")


def default_folder() -> Path:
    """`_build/runs` of the book being built, or of the book (`_config.yml`, `_toc.yml`) we are in.

    Raises:
        FileNotFoundError: we are in no book, so that there is no sensible place.
    """
    root = os.environ.get("BOOK_ROOT")
    here = Path.cwd()
    for folder in [Path(root)] if root else [here, *here.parents]:
        if root or all((folder / name).is_file() for name in ("_config.yml", "_toc.yml")):
            return folder / "_build" / "runs"
    raise FileNotFoundError(f"{here} is in no book: say where results go, cached(..., folder=...)")


def prune(folder: Path, name: str) -> None:
    """Remove all but the newest results of a name."""
    places = [p for p in folder.glob(f"{name}-*") if re.fullmatch(r"[0-9a-f]{16}", p.name[len(name) + 1 :])]
    done = [p for p in places if (p / "result.npz").is_file()]
    for old in sorted(done, key=lambda p: (p / "result.npz").stat().st_mtime, reverse=True)[KEEP:]:
        shutil.rmtree(old, ignore_errors=True)


def save(path: Path, result: Mapping[str, Any]) -> None:
    """Write arrays and JSON values to one .npz file, in one step and without pickle.

    Raises:
        TypeError: a key is not text, or a value is neither an array of numbers or text nor a JSON value; the
            key is named.
    """
    arrays = {key: value for key, value in result.items() if isinstance(value, np.ndarray)}
    for key in result:
        if not isinstance(key, str):
            raise TypeError(f"result has the key {key!r}; expected keys of type str")
    for key, array in arrays.items():
        if isinstance(array, np.ma.MaskedArray):
            raise TypeError(f"result[{key!r}] is a masked array; store its data and its mask as two arrays")
        if array.dtype.hasobject:
            raise TypeError(f"result[{key!r}] holds Python objects; expected numbers, booleans or text")
    others = {k: v.item() if isinstance(v, np.generic) else v for k, v in result.items() if k not in arrays}
    scalars = plain(others, "result", finite=False)
    text = json.dumps({"values": scalars, "order": list(result)})
    buffer = io.BytesIO()
    # subtle: a zip, and not numpy.savez, because a key may be called "file" or "args".
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(SCALARS, text)
        for index, array in enumerate(arrays.values()):
            with archive.open(f"{index}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    replace(path, buffer.getvalue())


def replace(path: Path, content: bytes) -> None:
    """Write a file so that readers see the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(path: Path) -> Result | None:
    """What `save` wrote; None if there is nothing, or, with a warning, if it is damaged."""
    if not path.is_file():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            stored = json.loads(archive.read(SCALARS))
            values, order = stored["values"], stored["order"]
            names = [key for key in order if key not in values]
            # subtle: read the whole member first: the zip's checksum is compared at its end.
            members = [io.BytesIO(archive.read(f"{index}.npy")) for index in range(len(names))]
        arrays = [np.lib.format.read_array(member, allow_pickle=False) for member in members]
        found = {**values, **dict(zip(names, arrays, strict=True))}
        return {key: found[key] for key in order}
    except DAMAGE as error:
        log.warning("%s is damaged (%s); computing it again", path, error)
        return None
