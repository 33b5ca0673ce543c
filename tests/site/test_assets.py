"""Data beside a page, in a real browser: over HTTP and from the disk, under the site's policy."""

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from book_ext.assets import scripts
from book_ext.page import POLICY
from book_lib.explorables.assets import pack
from tests.site import driver

KIT = Path(__file__).resolve().parents[2] / "book_lib" / "explorables" / "kit" / "assets.js"
HTML = """<!DOCTYPE html>
<html lang="en" data-content_root="../">
<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">
<link rel="icon" href="data:,"><title>Assets</title><script src="../page.js" defer></script></head>
<body></body></html>
"""
# As host.js does: the module's text becomes a module by way of a Blob.
SCRIPT = """
document.loader = import(URL.createObjectURL(new Blob([{text}], {{ type: "text/javascript" }})));
"""
ASK = """async (name) => {
  const { loadAsset } = await document.loader;
  const seen = [];
  const { data, shape } = await loadAsset(name, { onProgress: (p) => seen.push({ ...p }) });
  const sum = data.reduce((a, b) => a + b, 0);
  return { shape, seen, ends: [data[0], data.at(-1)], sum, type: data.constructor.name };
}"""


@pytest.fixture
def small_site(tmp_path: Path) -> Path:
    """A site with one page and two assets: one compressible, one not, each of several parts."""
    folder = tmp_path / "_static" / "assets"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(2**32, size=130_000, dtype=np.uint32)
    for name, array in {"steps": np.arange(2_000_000).reshape(1000, 2000) // 10, "noise": noise}.items():
        header, body = pack(array)
        for file, text in scripts(name, json.dumps(header).encode() + b"\n" + body).items():
            (folder / file).write_text(text)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "page.html").write_text(HTML.format(policy=POLICY))
    (tmp_path / "page.js").write_text(SCRIPT.format(text=json.dumps(KIT.read_text(encoding="utf8"))))
    return tmp_path


@pytest.mark.parametrize("disk", [False, True], ids=["http", "file"])
def test_page_loads_its_data(browser: Browser, small_site: Path, disk: bool) -> None:
    context = browser.new_context()
    with driver.serve(small_site) as address:
        start = small_site.as_uri() + "/" if disk else address
        page = context.new_page()
        watch = driver.Watch(page, start)
        page.goto(start + "sub/page.html")
        steps, noise = page.evaluate(ASK, "steps"), page.evaluate(ASK, "noise")
        context.close()
    assert watch.complaints() == []
    assert (steps["type"], steps["shape"], steps["ends"]) == ("Int32Array", [1000, 2000], [0, 199_999])
    assert steps["sum"] == sum(range(200_000)) * 10
    assert (noise["type"], noise["shape"]) == ("Uint32Array", [130_000])
    assert noise["seen"][0]["loaded"] == 0 and noise["seen"][-1]["loaded"] == 520_000
    assert len(noise["seen"]) == 3
