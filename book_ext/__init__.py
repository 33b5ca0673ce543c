"""The book's Sphinx extension: honest execution, mathematics, pictures, search, claims, and the page itself.

`setup` only gathers the parts; each module says what it is for. Nothing here is needed by a reader of the
library, so none of it is in the wheel.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
PARTS = (
    ("fresh", "numbering", "execute", "assets", "download")  # what is computed, and what readers take with them
    + ("katex", "text", "pictures", "search", "claims", "reference")  # what stands on the page
    + ("page",)  # the page itself: it asks the others, so it comes last
)


def setup(app: Sphinx) -> dict:
    """Set up every part, and the environment that the chapters' kernels inherit."""
    os.environ["BOOK_BUILD"] = "1"
    os.environ["BOOK_ROOT"] = str(ROOT)
    # Jupyter Book always passes this value, and sphinx-comments, which would declare it, is not loaded.
    app.add_config_value("comments_config", {}, "html")
    for part in PARTS:
        import_module(f"{__name__}.{part}").setup(app)
    return {"version": "1.0", "parallel_read_safe": False, "parallel_write_safe": False}
