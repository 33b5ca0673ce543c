"""The logo: one small lattice, frozen at the left and molten at the right.

Each column has its own temperature, from well below the critical one to far above it. The spins are sampled,
not drawn by hand, and coloured by the book's temperature scale: the one place where the scale decorates is the
place that introduces it. `python -m book_ext.logo` writes `static/logo.svg` and `static/favicon.svg` again;
they are committed, and a test holds them equal to what this module makes.
"""

from __future__ import annotations

import math
from pathlib import Path

from book_lib.plotting import temperature_color
from book_lib.rng import CounterRNG

STATIC = Path(__file__).resolve().parent / "static"


def sample(rows: int, columns: int, seed: int, cold: float = 0.6, hot: float = 9.0, sweeps: int = 60) -> list[list]:
    """Spins of a lattice whose temperature rises from left to right (heat bath, rows periodic, all up at first)."""
    draws = iter(CounterRNG(seed).random(rows * columns * sweeps).tolist())
    spins = [[1] * columns for _ in range(rows)]
    for _ in range(sweeps):
        for row in range(rows):
            for column in range(columns):
                temperature = cold * (hot / cold) ** (column / (columns - 1))
                pull = spins[row - 1][column] + spins[(row + 1) % rows][column]
                pull += spins[row][max(column - 1, 0)] + spins[row][min(column + 1, columns - 1)]
                up = 1 / (1 + math.exp(-2 * pull / temperature))
                spins[row][column] = 1 if next(draws) < up else -1
    return spins


def drawing(spins: list[list[int]], step: int, site: int) -> str:
    """The lattice as SVG: an up spin is a square, a down spin a small dot, the colour its column's temperature."""
    rows, columns = len(spins), len(spins[0])
    marks = []
    for row in range(rows):
        for column in range(columns):
            color = temperature_color(column, 0, columns - 1)
            x, y = column * step + step / 2, row * step + step / 2
            if spins[row][column] == 1:
                corner = f'x="{x - site / 2:g}" y="{y - site / 2:g}"'
                marks.append(f'<rect {corner} width="{site}" height="{site}" fill="{color}"/>')
            else:
                marks.append(f'<circle cx="{x:g}" cy="{y:g}" r="{site / 6:g}" fill="{color}"/>')
    size = f'viewBox="0 0 {columns * step} {rows * step}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>' + "".join(marks) + "</svg>\n"


def logo() -> str:
    """The large one, for the title page."""
    return drawing(sample(8, 32, seed=14), step=10, site=8)


def favicon() -> str:
    """The small one, for the bar and the browser's tab."""
    return drawing(sample(6, 6, seed=35, hot=30.0), step=10, site=9)


if __name__ == "__main__":
    (STATIC / "logo.svg").write_text(logo(), "utf-8")
    (STATIC / "favicon.svg").write_text(favicon(), "utf-8")
