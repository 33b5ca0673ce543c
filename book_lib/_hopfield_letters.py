"""Letters of 10 × 10 dots, drawn for the book: patterns that a reader can recognise.

See :mod:`book_lib.hopfield`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Letters side by side, a column of ten marks each.
_DRAWN = {
    "ACHJ": """
        ....##....  ...######.  ##......##  .....#####
        ...####...  .########.  ##......##  .....#####
        ...#..#...  .###....##  ##......##  .......##.
        ..##..##..  ###.......  ##......##  .......##.
        ..##..##..  ##........  ##########  .......##.
        .########.  ##........  ##########  .......##.
        .########.  ###.......  ##......##  ##.....##.
        .##....##.  .###....##  ##......##  ##.....##.
        ##......##  .########.  ##......##  .#######..
        ##......##  ...######.  ##......##  ..#####...
    """,
    "LTXZ": """
        ###.......  ##########  ##......##  ##########
        ###.......  ##########  .##....##.  ##########
        ###.......  ....##....  ..##..##..  .......##.
        ###.......  ....##....  ...####...  ......##..
        ###.......  ....##....  ....##....  .....##...
        ###.......  ....##....  ....##....  ...##.....
        ###.......  ....##....  ...####...  ..##......
        ###.......  ....##....  ..##..##..  .##.......
        ##########  ....##....  .##....##.  ##########
        ##########  ....##....  ##......##  ##########
    """,
}


def _read(block: str) -> list[list[bool]]:
    """Return where there is ink, letter by letter, row by row."""
    rows = [line.split() for line in block.split("\n") if line.strip()]
    return [[mark == "#" for part in letter for mark in part] for letter in zip(*rows, strict=True)]


_INK = {name: ink for names, block in _DRAWN.items() for name, ink in zip(names, _read(block), strict=True)}


def letters(names: str = "ACHJLTXZ") -> NDArray[np.int8]:
    """Return letters as patterns, rows of ten dots: +1 where there is ink, −1 elsewhere, shape (P, 100).

    Args:
        names: which ones, and in which order, of A C H J L T X Z.

    Raises:
        TypeError: if the names are no text.
        ValueError: for a letter that was not drawn, or none.

    See the section :ref:`sec-hop-memory`.

    >>> letters("HT").shape
    (2, 100)
    >>> for row in letters("L").reshape(10, 10)[7:]:
    ...     print("".join("#" if dot > 0 else "." for dot in row))
    ###.......
    ##########
    ##########
    """
    if not isinstance(names, str):
        raise TypeError(f"names must be a text such as 'HT', got {names!r} ({type(names).__name__})")
    if not names or not set(names) <= set(_INK):
        raise ValueError(f"names must be letters of {''.join(_INK)!r}, got {names!r}")
    return np.where([_INK[name] for name in names], 1, -1).astype(np.int8)
