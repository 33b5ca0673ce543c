"""What every explorable's picture must be: the one that print, and readers without scripts, get."""

from book_lib.explorables.base import Explorable


def check_pictures(widget: Explorable) -> None:
    """Light, dark and PNG exist, light is the same bytes each time, and the description says something."""
    light, dark, png = widget.still()
    assert light.startswith("<svg")
    assert dark.startswith("<svg")
    assert light != dark
    assert png.startswith(b"\x89PNG")
    assert widget.still()[0] == light
    told = widget.describe()
    assert len(told.split()) > 15
    assert "nan" not in told
