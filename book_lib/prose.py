"""Numbers that cells compute and sentences quote: no number of the text is typed twice.

    >>> note(critical=2.269)

A chapter then writes ``{glue:text}`critical:.2f``` in a sentence. This is myst-nb's `glue` for plain numbers,
without the seconds that importing myst-nb would cost each kernel.
"""

from __future__ import annotations

from book_lib import _checks

__all__ = ["note"]

PREFIX = "application/papermill.record/"  # what bears it is found by myst-nb and shown by nobody


def note(**numbers: float) -> None:
    """Keep numbers under their names for the text of the chapter.

    Args:
        numbers: finite real numbers; NumPy's are fine.

    Raises:
        TypeError: if a value is not a real number.
        ValueError: if it is not finite, since a sentence cannot quote it.

    >>> note(share=float("nan"))
    Traceback (most recent call last):
        ...
    ValueError: share must be finite, got nan
    """
    from IPython import get_ipython
    from IPython.display import display

    checked = {name: _checks.finite(name, value) for name, value in numbers.items()}  # all, before the first is shown
    if get_ipython() is None:
        return
    for name, value in checked.items():
        metadata = {"scrapbook": {"name": name, "mime_prefix": PREFIX}}
        display({f"{PREFIX}text/plain": repr(value)}, raw=True, metadata=metadata)
