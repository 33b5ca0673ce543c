"""The typefaces: Source Serif for reading, Source Sans for interface and figures, Source Code for programs.

The files come from npm's `@fontsource` packages and from KaTeX; nothing is fetched when a page is read. Each is
cut down to what an English page needs (a third of the weight), and kept under `_build/fonts` between builds.
Chinese is set in the reader's own fonts (`book.css`): a Chinese font would weigh more than the rest of the book.

`_build/fonts` also gets the sans as TrueType, under a name of its own, for `book_lib.plotting`.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import matplotlib
from fontTools import subset
from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "node_modules" / "@fontsource"
KEPT = ROOT / "_build" / "fonts"
DEJAVU = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
FIGURE_FONT = "Book Sans"
logging.getLogger("fontTools").setLevel(logging.ERROR)  # it reports each table that it drops

# (family, package, weight, style, alphabets); browsers fetch only those that a page uses. Greek in programs is left
# to the reader's own fonts, which all have it.
FACES = [
    ("Source Serif 4", "source-serif-4", 400, "normal", "basic latin greek"),
    ("Source Serif 4", "source-serif-4", 400, "italic", "basic latin greek"),
    ("Source Serif 4", "source-serif-4", 600, "normal", "basic latin greek"),
    ("Source Sans 3", "source-sans-3", 400, "normal", "basic latin greek"),
    ("Source Sans 3", "source-sans-3", 600, "normal", "basic latin greek"),
    ("Source Code Pro", "source-code-pro", 400, "normal", "basic latin"),
]
# What every English page of this book uses, spins included; then the rest of Latin and its punctuation, for the page
# that quotes a name. A font may lack some: the reader's own fonts have these, small digits for one.
BASIC = [*range(0x20, 0x7F), *map(ord, "\u00a0©°±¹²³·×÷¼½¾äçèéöøüßış–—‘’“”…′″−↑↓\u2009\u200b")]
LATIN = [*range(0xA1, 0x180), *range(0x2000, 0x2070), 0x20AC, 0x2122, 0xFFFD]
SIGNS = [*range(0x2190, 0x2196), *range(0x2200, 0x2300), 0x27E8, 0x27E9, 0x25C6, 0x25CF, 0x2605, 0x2113, 0x210F]
GREEK = [*map(ord, "ΓΔΘΛΞΠΣΦΨΩ"), *range(0x3B1, 0x3CA), 0x3D1, 0x3D5, 0x3F5]  # as symbols, not as a language
# name → (fontsource's file, characters, features); browsers fetch an alphabet only when a page needs a letter of it
ALPHABETS = {
    "basic": ("latin", BASIC, ("kern", "liga", "tnum")),
    "latin": ("latin", sorted(set(LATIN) - set(BASIC)), ("kern",)),
    "greek": ("greek", GREEK, ()),
}


def files() -> list[tuple[str, int, str, str, Path]]:
    """Every font file of the text: family, weight, style, alphabet, path."""
    found = []
    for family, package, weight, style, alphabets in FACES:
        for alphabet in alphabets.split():
            file = ALPHABETS[alphabet][0]
            path = SOURCE / package / "files" / f"{package}-{file}-{weight}-{style}.woff2"
            if path.is_file():
                found.append((family, weight, style, alphabet, path))
    if not found:
        raise FileNotFoundError("the typefaces are missing: run `npm ci` (make book does)")
    return found


def faces() -> str:
    """The `@font-face` rules."""
    return "".join(
        f'@font-face{{font-family:"{family}";font-style:{style};font-weight:{weight};font-display:swap;'
        f'src:url({name(path, alphabet)}) format("woff2");unicode-range:{ranges(shown(path, alphabet))}}}\n'
        for family, weight, style, alphabet, path in files()
    )


def shown(path: Path, alphabet: str) -> set[int]:
    """The code points of an alphabet that a font has: for any other its file would be fetched in vain."""
    return characters(path) & set(ALPHABETS[alphabet][1])


def name(path: Path, alphabet: str) -> str:
    """What the file of an alphabet is called on the site."""
    return re.sub(r"-(?:latin|greek)-", f"-{alphabet}-", path.name)


def ranges(characters: Iterable[int]) -> str:
    """Code points as CSS has them.

    >>> ranges([0x41, 0x42, 0x43, 0x61])
    'U+41-43,U+61'
    """
    runs: list[list[int]] = []
    for point in sorted(set(characters)):
        if runs and point == runs[-1][1] + 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return ",".join(f"U+{a:X}" if a == b else f"U+{a:X}-{b:X}" for a, b in runs)


def copy(folder: Path) -> None:
    """Put the fonts of the text, cut down, beside the stylesheet."""
    for *_, alphabet, path in files():
        shutil.copyfile(cut(path, *ALPHABETS[alphabet][1:]), folder / name(path, alphabet))


def characters(path: Path) -> set[int]:
    """The code points that a font can show."""
    return set(TTFont(path, lazy=True).getBestCmap())


def cut(path: Path, characters: Iterable[int], features: tuple[str, ...]) -> Path:
    """A copy of a font with only these characters and features, made once and kept.

    Args:
        path: a woff2 file.
        characters: code points; those that the font lacks are passed over.
        features: OpenType features to keep.
    """
    wanted = sorted(set(characters))
    key = hashlib.sha256(path.read_bytes() + repr((wanted, features)).encode()).hexdigest()[:16]
    kept = KEPT / f"{path.stem}-{key}.woff2"
    if not kept.is_file():
        KEPT.mkdir(parents=True, exist_ok=True)
        write_whole(kept, saved(subsetted(path, wanted, features, "woff2")))
    return kept


def subsetted(path: Path, characters: list[int], features: tuple[str, ...], flavor: str | None) -> TTFont:
    """The font with only these characters; no hints, which today's screens do not use."""
    options = subset.Options(
        flavor=flavor,
        layout_features=list(features),
        hinting=False,
        notdef_outline=True,
        recalc_timestamp=False,
        name_IDs=[1, 2],
    )
    font = subset.load_font(str(path), options)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=characters)
    worker.subset(font)
    font.flavor = flavor
    return font


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that another build, at the same moment perhaps, sees whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)


def saved(font: TTFont) -> bytes:
    """The bytes of a font file, the same each time."""
    data = io.BytesIO()
    font.save(data, reorderTables=False)
    return data.getvalue()


def make_figure_fonts() -> None:
    """Leave the sans, with Greek and the signs of mathematics, where `book_lib.plotting` looks for it."""
    KEPT.mkdir(parents=True, exist_ok=True)
    mark, key = KEPT / "BookSans.key", figure_key()
    if mark.is_file() and mark.read_text() == key:
        return
    for weight, style, cut_name in ((400, "normal", "Regular"), (400, "italic", "Italic"), (600, "normal", "Bold")):
        out = KEPT / f"BookSans-{cut_name}.ttf"
        parts = []
        for file, wanted in (("latin", [*BASIC, *LATIN]), ("greek", GREEK)):
            source = SOURCE / "source-sans-3" / "files" / f"source-sans-3-{file}-{weight}-{style}.woff2"
            parts.append(subsetted(source, wanted, (), None))
        parts.append(signs(set().union(*(font.getBestCmap() for font in parts)), parts[0]["head"].unitsPerEm))
        font = merged(parts)
        rename(font, FIGURE_FONT, cut_name, weight)
        write_whole(out, saved(font))
    write_whole(mark, key.encode())


def figure_key() -> str:
    """Changes with the fonts that the figures' one is made of, and with the characters taken from each."""
    files = [*sorted((SOURCE / "source-sans-3" / "files").glob("*.woff2")), DEJAVU]
    total = hashlib.sha256(repr((BASIC, LATIN, GREEK, SIGNS)).encode())
    for file in files:
        total.update(file.read_bytes())
    return total.hexdigest()


def signs(known: set[int], units: int) -> TTFont:
    """Signs of mathematics that the sans lacks, from the font that comes with matplotlib."""
    font = subsetted(DEJAVU, sorted(set(SIGNS) - known), (), None)
    scale_upem(font, units)
    return font


def merged(fonts: list[TTFont]) -> TTFont:
    """One font of several."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{number}.ttf") for number in range(len(fonts))]
        for path, font in zip(paths, fonts, strict=True):
            path.write_bytes(saved(font))
        return Merger().merge([str(path) for path in paths])


def rename(font: TTFont, family: str, style: str, weight: int) -> None:
    """Give a font a name: the licence keeps the original name for unchanged files."""
    font["name"].names = []
    for number, text in ((1, family), (2, style), (4, f"{family} {style}"), (6, f"{family}-{style}".replace(" ", ""))):
        font["name"].setName(text, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = 700 if style == "Bold" else weight
    font["head"].created = font["head"].modified = 3_600_000_000  # a date; any, but the same each time
