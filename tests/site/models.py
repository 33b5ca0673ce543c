"""Helps the tests of explorables that load a model when they are asked to."""

import base64
import gzip
import json
import re
from pathlib import Path

import numpy as np
from playwright.sync_api import expect

from tests.site.driver import Live


def _header(folder: Path, name: str) -> dict:
    text = (folder / "_static" / "assets" / f"{name}.js").read_text(encoding="utf-8")
    return json.loads(text.partition(" = ")[2].rstrip().rstrip(";"))


def arrays_of(folder: Path, name: str) -> dict[str, np.ndarray]:
    """The arrays of an asset, read from the scripts of a built site as its pages read them."""
    header = _header(folder, name)
    texts = [(folder / "_static" / "assets" / f"{part}.js").read_text() for part in header["parts"]]
    body = b"".join(base64.b64decode(re.search(r'= "([^"]*)"', text)[1]) for text in texts)
    if header["zipped"]:
        body = gzip.decompress(body)
    return {
        e["name"]: np.frombuffer(body, e["dtype"], int(np.prod(e["shape"])), e["offset"]).reshape(e["shape"])
        for e in header["arrays"]
    }


def transferred(folder: Path, name: str) -> int:
    """How many bytes the scripts of an asset have."""
    names = [name, *_header(folder, name)["parts"]]
    return sum((folder / "_static" / "assets" / f"{one}.js").stat().st_size for one in names)


def asked(x: Live) -> Live:
    """Press the button that loads the model, and wait until it is there."""
    x.box.locator(".xp-gpt-ask .xp-button").click()
    expect(x.box.locator(".xp-gpt-ask")).to_have_count(0)
    return x.settle()
