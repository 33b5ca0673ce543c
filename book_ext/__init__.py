"""The book's Sphinx extension: honest execution, mathematics, pictures, search, claims, and the page itself.

`setup` only gathers the parts; each module says what it is for. Nothing here is needed by a reader of the
library, so none of it is in the wheel.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("numbering", "execute", "assets", "download", "katex", "text", "pictures", "search", "claims", "reference", "page")


def setup(app: Sphinx) -> dict:
    """Set up every part, and the environment that the chapters' kernels inherit."""
    os.environ["BOOK_BUILD"] = "1"
    os.environ["BOOK_ROOT"] = str(ROOT)
    # Jupyter Book always passes this value, and sphinx-comments, which would declare it, is not loaded.
    app.add_config_value("comments_config", {}, "html")
    for part in PARTS:
        name = f"{__name__}.{part}"
        if find_spec(name):  # TEMPORARY: while the parts are being written
            import_module(name).setup(app)
    return {"version": "1.0", "parallel_read_safe": False, "parallel_write_safe": False}
