"""What every explorable's picture must be: the one that print, and readers without scripts, get."""

import time

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


def check_pictures_are_quick(widget: Explorable) -> None:
    """The pictures take 0.3 s of processor time on a quiet machine; a busy one is allowed half a second."""
    widget.still()  # the first one imports matplotlib
    times = []
    for _ in range(3):
        begun = time.process_time()
        widget.still()
        times.append(time.process_time() - begun)
    assert min(times) < 0.5
