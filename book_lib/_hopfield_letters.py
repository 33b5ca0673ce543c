"""Letters of 10 × 10 dots, drawn for the book: patterns that a reader can recognise; see :mod:`book_lib.hopfield`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 10
_DRAWN = {
    "A": "....##.... ...####... ...#..#... ..##..##.. ..##..##.. .########. .########. .##....##. ##......## ##......##",
    "C": "...######. .########. .###....## ###....... ##........ ##........ ###....... .###....## .########. ...######.",
    "H": "##......## ##......## ##......## ##......## ########## ########## ##......## ##......## ##......## ##......##",
    "J": ".....##### .....##### .......##. .......##. .......##. .......##. ##.....##. ##.....##. .#######.. ..#####...",
    "L": "###....... ###....... ###....... ###....... ###....... ###....... ###....... ###....... ########## ##########",
    "T": "########## ########## ....##.... ....##.... ....##.... ....##.... ....##.... ....##.... ....##.... ....##....",
    "X": "##......## .##....##. ..##..##.. ...####... ....##.... ....##.... ...####... ..##..##.. .##....##. ##......##",
    "Z": "########## ########## .......##. ......##.. .....##... ...##..... ..##...... .##....... ########## ##########",
}


def letters(names: str = "ACHJLTXZ") -> NDArray[np.int8]:
    """Return letters as patterns: +1 where there is ink, −1 elsewhere, shape (P, 100), rows of ten dots.

    Args:
        names: which ones, and in which order, of A C H J L T X Z.

    Raises:
        ValueError: for a letter that was not drawn, or none.

    >>> letters("HT").shape
    (2, 100)
    """
    unknown = [name for name in names if name not in _DRAWN]
    if unknown or not names:
        raise ValueError(f"names must be letters of {''.join(_DRAWN)!r}, got {names!r}")
    ink = [[mark == "#" for mark in _DRAWN[name].replace(" ", "")] for name in names]
    return np.where(ink, 1, -1).astype(np.int8)
