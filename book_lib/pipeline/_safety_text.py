"""How a text is dressed up so that a filter does not know it, and how it is undressed again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from types import MappingProxyType

from book_lib.pipeline import _faults as faults
from book_lib.pipeline._sources import text_of
from book_lib.rng import Generator, RandomLike, as_generator

ACCENT, ZERO_WIDTH = "\u0301", "\u200b"
# Letters of other alphabets that look like ours: Cyrillic а е о р с у х і ѕ ј ԁ һ, then Greek α ε ο ρ ν ι κ τ υ χ.
CYRILLIC = "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u0501\u04bb"
GREEK = "\u03b1\u03b5\u03bf\u03c1\u03bd\u03b9\u03ba\u03c4\u03c5\u03c7"
LATIN = ("aeopcyxisjdh", "aeopviktux")
# Capitals that do, of which the small letters may look otherwise: АВЕКМНОРСТУХЅІЈ, then ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ.
CAPITALS = ("\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408"
            "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7")
LARGE = str.maketrans(CAPITALS, "ABEKMHOPCTYXSIJABEZHIKMNOPTYX")
ALIKE = str.maketrans(CYRILLIC + GREEK, "".join(LATIN))
FOREIGN = str.maketrans(LATIN[0], CYRILLIC)
DIGITS = str.maketrans("aeiost", "431057")
LETTERS = str.maketrans("431057@$!", "aeiostasi")
WORD = re.compile(r"[^\W\d_]{2,}")
LONG = 4  # letters of a word whose inside is touched
MARKS = re.compile("[\u0300-\u036f\ufe00-\ufe0f]")  # accents, once they stand by themselves, and what picks a glyph
APART = re.compile(r"(?<![^\W_])[^\W_]([ ._*\-])[^\W_](?:\1[^\W_])+(?![^\W_])")  # three letters or more: i n s, i.n.s
MIXED = re.compile(r"[\w@$!]+")  # letters, perhaps with digits or signs among them
LETTER = re.compile(r"[^\W\d_]")
STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
BLANKS = re.compile(r"[^\S\n]+")
ENDS = ".!?"
AROUND = 3  # harmless sentences on either side of one that hides among them


def normalized(text: str) -> str:
    """Return a text as a filter should read it: small letters of one alphabet, without what only disguises.

    In this order: signs that look the same become the same (Unicode's NFKC), accents and signs without width fall
    away, Cyrillic and Greek letters become the Latin ones that they resemble, letters that stand apart are joined,
    digits and signs inside a word become the letters that they stand for, a letter three times or more becomes one,
    and blanks become one. It is meant for a filter of English: the meaning of other texts may be lost.

    Args:
        text: any.

    Returns:
        A text; normalizing it once more may change it again.

    Raises:
        TypeError, ValueError: if it is no text, or holds half of a surrogate pair.

    Source: what evades filters, :cite:`hosseini2017deceiving`. See the section :ref:`sec-align-safety`.

    >>> normalized("You  D.R.0.0.P.s.o.c.k, 24 times!"), normalized("You fluuuuumpwit!")
    ('you droopsock, 24 times!', 'you flumpwit!')
    """
    text = MARKS.sub("", unicodedata.normalize("NFKD", text_of("text", text)))
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    # subtle: capitals first. A Greek capital nu looks like N, and the small one like v.
    text = unicodedata.normalize("NFC", text).translate(LARGE).casefold().translate(ALIKE)
    text = APART.sub(lambda found: found[0].replace(found[1], ""), text)
    text = MIXED.sub(lambda found: _spelt(found[0]), text)
    return BLANKS.sub(" ", STRETCHED.sub(r"\1", text)).strip()


def _spelt(word: str) -> str:
    """Return a word with letters for the digits and signs inside it; signs behind the last of those are no letters."""
    # subtle: no expression that looks ahead does this, as ten thousand signs in a row would cost it a minute.
    inside = word.rstrip("@$!")
    return inside.translate(LETTERS) + word[len(inside) :] if LETTER.search(inside) else word


# --------------------------------------------------------------------------------------------- disguises


def _capitals(text: str, rng: Generator) -> str:
    """Each letter large or small by chance."""
    return "".join(one.upper() if rng.random() < 0.5 else one.lower() for one in text)


def _accents(text: str, rng: Generator) -> str:
    """An accent on one letter of each word."""

    def change(word: str) -> str:
        place = int(rng.integers(1, len(word) + 1))
        return word[:place] + ACCENT + word[place:]

    return _each_word(text, change)


def _zero_width(text: str, rng: Generator) -> str:
    """A blank that nobody sees, inside each word."""

    def change(word: str) -> str:
        place = int(rng.integers(1, len(word)))
        return word[:place] + ZERO_WIDTH + word[place:]

    return _each_word(text, change)


def _homoglyphs(text: str, rng: Generator) -> str:
    """Small Cyrillic letters in place of Latin ones that look like them."""
    return text.translate(FOREIGN)


def _leet(text: str, rng: Generator) -> str:
    """Digits that look like letters."""
    return _each_word(text, lambda word: word[0] + word[1:].translate(DIGITS))


def _spaced(text: str, rng: Generator) -> str:
    """A blank between all letters, more between words."""
    return "   ".join(_each_word(word, " ".join) for word in text.split())


def _dotted(text: str, rng: Generator) -> str:
    """A full stop between all letters."""
    return _each_word(text, ".".join)


def _stretched(text: str, rng: Generator) -> str:
    """One letter of each longer word four times."""

    def change(word: str) -> str:
        place = int(rng.integers(0, len(word)))
        return word[:place] + 4 * word[place] + word[place + 1 :]

    return _each_word(text, change, LONG)


def _swapped(text: str, rng: Generator) -> str:
    """Two neighbours inside each longer word change places."""

    def change(word: str) -> str:
        place = int(rng.integers(1, len(word) - 2))
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]

    return _each_word(text, change, LONG)


def _backwards(text: str, rng: Generator) -> str:
    """Each word from behind."""
    return _each_word(text, lambda word: word[::-1])


def _hidden(text: str, rng: Generator) -> str:
    """In the middle of a long harmless sentence."""
    before, behind = ([faults.sentence(faults.ENGLISH, rng).rstrip(ENDS) for _ in range(AROUND)] for _ in range(2))
    inside = re.sub(rf"[{ENDS}]+(?=\s|$)", "", text)
    return f"{', '.join(before)}, {inside}, {', '.join(behind)}."


EVASIONS: MappingProxyType[str, Callable[[str, Generator], str]] = MappingProxyType({
    "capitals": _capitals,
    "accents": _accents,
    "zero width": _zero_width,
    "homoglyphs": _homoglyphs,
    "digits": _leet,
    "blanks": _spaced,
    "full stops": _dotted,
    "stretched": _stretched,
    "swapped": _swapped,
    "backwards": _backwards,
    "hidden": _hidden,
})  # fmt: skip
"""The disguises by name, each a function of a text and a generator."""


def evasions(text: str, rng: RandomLike) -> dict[str, str]:
    """Return a text in each of the disguises of :data:`EVASIONS`, by name.

    They are the plain ones that everybody tries. Some a filter of words does not even notice, some
    :func:`normalized` takes off, and some neither; which, `book_lib.pipeline.safety.evasion_rates` measures.

    Args:
        text: any.
        rng: a seed or a generator.

    Raises:
        TypeError, ValueError: if it is no text, or ``rng`` no generator.

    Source: :cite:`hosseini2017deceiving`. See the section :ref:`sec-align-evasion`.

    >>> found = evasions("Be quiet, you droopsock!", rng=0)
    >>> found["digits"], found["full stops"], found["backwards"]
    ('B3 qu137, y0u dr00p50ck!', 'B.e q.u.i.e.t, y.o.u d.r.o.o.p.s.o.c.k!', 'eB teiuq, uoy kcospoord!')
    """
    text, rng = text_of("text", text), as_generator(rng)
    return {name: change(text, rng) for name, change in EVASIONS.items()}


def _each_word(text: str, change: Callable[[str], str], fewest: int = 2) -> str:
    """Return a text whose words of so many letters at least have been changed."""
    return WORD.sub(lambda found: change(found[0]) if len(found[0]) >= fewest else found[0], text)
