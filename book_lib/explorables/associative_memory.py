"""An associative memory to draw in: store pictures, spoil one, and watch it go downhill to what it remembers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole, arguments
from book_lib.explorables.lists import Numbers
from book_lib.hopfield import Hopfield, Recall, corrupt, letters, mixture, overlap
from book_lib.rng import CounterRNG

State = NDArray[np.int8]

LETTERS = "ACHJLTXZ"
MOST = 12  # pictures of the reader's own
EXTRA = 40  # random patterns beside the pictures
NOISE, RANDOM, ORDER = 0, 1, 2  # streams of the seed
NEAR = 0.95  # overlap from which a state counts as a pattern with slips
LIKE = 0.9  # overlap from which it counts as a mixture
PARTS = 7  # patterns that a mixture is looked for among
LONGEST = 200  # sweeps
SETTINGS = ("patterns", "own", "stored", "extra", "rule", "chosen", "corruption", "share", "cue", "asynchronous")
PICTURE = re.compile("[0-9a-f]{16}|[0-9a-f]{25}")  # 8 × 8 or 10 × 10
_HEART = ".##....##. ####..#### ########## ########## ########## .########. ..######.. ...####... ....##.... .........."
_HOUSE = "....##.... ...####... ..######.. .########. ########## .#......#. .#.##...#. .#.##...#. .#.##...#. .########."
_KEY = ".......... .####..... ##..##.... #....##### #....##### ##..##.#.# .####..#.# .......... .......... .........."


@dataclass(frozen=True)
class Named:
    """What a state is called.

    Args:
        kind: "pattern", "negative", "near" (a pattern with slips, or its negative), "mixture" or "unknown".
        of: which patterns, in order; the nearest one where it is "unknown".
        signs: +1, or −1 for a pattern that takes part as its negative.
        overlap: with the pattern or with the mixture, its sign kept.
    """

    kind: str
    of: tuple[int, ...]
    signs: tuple[int, ...]
    overlap: float


def encode(state: ArrayLike) -> str:
    """A picture of ±1 as hexadecimal digits, four pixels a digit, row by row.

    >>> encode([1, -1, -1, 1, 1, 1, 1, 1])
    '9f'
    """
    bits = "".join("1" if s > 0 else "0" for s in np.ravel(state))
    return "".join(f"{int(bits[k : k + 4], 2):x}" for k in range(0, len(bits), 4))


def decode(text: str) -> State:
    """The picture of ±1 that hexadecimal digits stand for, four pixels a digit.

    >>> decode("9f")
    array([ 1, -1, -1,  1,  1,  1,  1,  1], dtype=int8)
    """
    bits = "".join(f"{int(digit, 16):04b}" for digit in text)
    return np.array([1 if bit == "1" else -1 for bit in bits], dtype=np.int8)


def drawn(text: str) -> str:
    """A drawing of # and . as hexadecimal digits."""
    return encode([1 if mark == "#" else -1 for mark in text.replace(" ", "")])


@cache
def bank() -> dict[str, dict[str, str]]:
    """The pictures there are: letters of 10 × 10, digits of 8 × 8, and three that stand where the reader may draw.

    A digit is black where the 180 or so of its kind in :func:`book_lib.datasets.digits` have, on average, more than
    half of the ink.
    """
    from book_lib.datasets import digits  # here, so that only what shows digits depends on them

    data = digits()
    ink = {str(k): np.where(data.inputs[data.targets == k].mean(0) > 0.5, 1, -1) for k in range(10)}
    return {
        "letters": {name: encode(letters(name)) for name in LETTERS},
        "digits": {name: encode(pixels) for name, pixels in ink.items()},
        "own": {str(k + 1): drawn(text) for k, text in enumerate((_HEART, _HOUSE, _KEY))},
    }


class AssociativeMemory(Explorable):
    """Pictures in a Hopfield network: store some, spoil one or draw, and see what the network makes of it.

    Python recalls with :class:`book_lib.hopfield.Hopfield`, unit by unit in the same order as the page.

    Args:
        patterns: "letters" (10 × 10 dots), "digits" (8 × 8) or "own"; "own" where pictures are given.
        own: the reader's pictures, ±1, shape (P, 100) or (P, 64), or as the address writes them; 12 at most. Without
            any, "own" begins with three.
        stored: which of them the memory holds: places 0, 1, …, or names such as "ACH".
        extra: random patterns stored beside them, 0 to 40.
        rule: "hebb" or "pseudo-inverse".
        chosen: the picture to recall, by place or name; it need not be stored.
        corruption: "noise" (pixels turned at random) or "cover" (the lowest rows left blank).
        share: of the pixels that are turned, or of the rows that are covered, 0 to 1.
        cue: a start of the reader's own, ±1 or as the address writes it, in place of the spoilt picture; "" for none.
        asynchronous: one unit after the other in random order; otherwise all at once, which may end in a cycle of two.
        predict: where the reader expects it to end: "pattern" (at the picture), "other" (elsewhere), "cycle" (it does
            not); "" before they say.
        seed: of the noise, the random patterns and the order.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-hop-memory`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> memory = AssociativeMemory(stored="ACH", chosen="H", share=0.2)
    >>> memory.name().kind, memory.names()[memory.name().of[0]]
    ('pattern', 'H')
    """

    patterns = OneOf(["letters", "digits", "own"], default_value="letters").tag(sync=True)
    own = traitlets.Unicode("").tag(sync=True)
    stored = Numbers([0, 1, 2], length=(1, MOST), least=0, most=MOST - 1, whole=True).tag(sync=True)
    extra = Whole(0, least=0, most=EXTRA).tag(sync=True)
    rule = OneOf(["hebb", "pseudo-inverse"], default_value="hebb").tag(sync=True)
    chosen = Whole(0, least=0, most=MOST - 1).tag(sync=True)
    corruption = OneOf(["noise", "cover"], default_value="noise").tag(sync=True)
    share = Real(0.2, least=0, most=1).tag(sync=True)
    cue = traitlets.Unicode("").tag(sync=True)
    asynchronous = traitlets.Bool(True).tag(sync=True)
    predict = OneOf(["", "pattern", "other", "cycle"], default_value="").tag(sync=True)
    bank = traitlets.Dict().tag(sync=True)
    """The pictures, for the front-end."""

    def __init__(self, **traits: Any) -> None:
        with arguments():
            for name in ("own", "cue"):
                if name in traits and not isinstance(traits[name], str):
                    traits[name] = _text(name, traits[name])
        if traits.get("own"):
            traits.setdefault("patterns", "own")
        known = list(_known(traits.get("patterns", "letters"), traits.get("own", "")))
        if isinstance(traits.get("stored"), str):
            traits["stored"] = [_place("stored", one, known) for one in traits["stored"]]
        if isinstance(traits.get("chosen"), str):
            traits["chosen"] = _place("chosen", traits["chosen"], known)
        traits.setdefault("stored", list(range(min(3, len(known)))))
        super().__init__(**traits | {"bank": bank()})
        self._check_places()

    @traitlets.validate("own")
    def _valid_own(self, proposal: dict) -> str:
        texts = proposal["value"].split(".") if proposal["value"] else []
        good = len(texts) <= MOST and all(PICTURE.fullmatch(text) for text in texts)
        if not good or len({len(text) for text in texts}) > 1:
            raise ArgumentError(
                f"own must hold at most {MOST} pictures of one size, 16 or 25 hexadecimal digits each with dots "
                f"between, not {proposal['value']!r}"
            )
        return proposal["value"]

    @traitlets.validate("cue")
    def _valid_cue(self, proposal: dict) -> str:
        if proposal["value"] and not PICTURE.fullmatch(proposal["value"]):
            raise ArgumentError(f"cue must be 16 or 25 hexadecimal digits, or empty, not {proposal['value']!r}")
        return proposal["value"]

    def _check_places(self) -> None:
        """What is asked for must be there, and of one size."""
        count, names = len(self.names()), ", ".join(self.names())
        for name, places in (("stored", self.stored), ("chosen", [self.chosen])):
            if max(places) >= count:
                raise ArgumentError(f"{name} must name pictures 0 … {count - 1} ({names}), not {max(places)}")
        if len(set(self.stored)) < len(self.stored):
            raise ArgumentError(f"stored must name each picture once, not {self.stored}")
        if self.cue and 4 * len(self.cue) != self.pictures().shape[1]:
            raise ArgumentError(
                f"cue must have {self.pictures().shape[1]} pixels, as the pictures have, not {4 * len(self.cue)}"
            )

    # -- the memory

    def names(self) -> list[str]:
        """What the pictures are called."""
        return list(_known(self.patterns, self.own))

    def pictures(self) -> State:
        """All pictures, stored or not, ±1, shape (number of names, N)."""
        return np.array([decode(text) for text in _known(self.patterns, self.own).values()])

    def kept(self) -> State:
        """What is stored: the pictures in the order of `stored`, then the random patterns, shape (P, N)."""
        pictures = self.pictures()
        rng = CounterRNG(self.seed, RANDOM)
        words = rng.uint32(self.extra * pictures.shape[1]).reshape(self.extra, pictures.shape[1])
        return np.concatenate([pictures[self.stored], np.where(words < 2**31, 1, -1)]).astype(np.int8)

    def memory(self) -> Hopfield:
        """The library's network that holds them."""
        kept = self.kept()
        return Hopfield(kept.shape[1]).store(kept, self.rule)

    def load(self) -> float:
        """α = P/N."""
        kept = self.kept()
        return kept.shape[0] / kept.shape[1]

    def target(self) -> State:
        """The picture to recall, shape (N,)."""
        return self.pictures()[self.chosen]

    def start(self) -> State:
        """What the network is shown, shape (N,)."""
        if self.cue:
            return decode(self.cue)
        if self.corruption == "noise":
            return corrupt(self.target(), self.share, CounterRNG(self.seed, NOISE))
        return cover(self.target(), self.share)

    def recall(self) -> Recall:
        """What the library makes of the start."""
        return self.memory().recall(
            self.start(), "random", LONGEST, not self.asynchronous, CounterRNG(self.seed, ORDER)
        )

    def trials(self, count: int) -> list[float]:
        """The overlaps with the picture at which recalls with this seed and the next ones end."""
        overlaps = []
        for k in range(count):
            other = AssociativeMemory(**{name: getattr(self, name) for name in SETTINGS}, seed=(self.seed + k) % 2**32)
            overlaps.append(overlap(other.recall().state, self.target()))
        return overlaps

    def name(self) -> Named:
        """What the end of the recall is called; places count what is stored, random patterns last."""
        return name_state(self.recall().state, self.kept())

    # -- the picture that stands in

    def words(self, named: Named) -> str:
        """The name of a state in words."""
        labels = [self.names()[k] for k in self.stored] + [f"random {k + 1}" for k in range(self.extra)]
        first = labels[named.of[0]]
        if named.kind == "pattern":
            return f"the stored {first}"
        if named.kind == "negative":
            return f"the negative of {first}"
        if named.kind == "near":
            return f"{first} with slips (overlap {named.overlap:.2f})"
        if named.kind == "mixture":
            signed = zip(named.of, named.signs, strict=True)
            parts = ", ".join(("" if sign > 0 else "not ") + labels[k] for k, sign in signed)
            return f"a spurious state, the mixture of {parts} (overlap {named.overlap:.2f})"
        return f"a spurious state, nearest to {first} (overlap {named.overlap:.2f})"

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        start, done, kept = self.start(), self.recall(), self.kept()
        told = (
            f"A memory of {kept.shape[1]} units holds {len(kept)} patterns by the rule {self.rule}, a load of "
            f"{self.load():.3f}. It is shown the picture {self.names()[self.chosen]} with an overlap of "
            f"{overlap(start, self.target()):.2f} and goes from the energy {done.energies[0]:.2f} to "
            f"{done.energies[-1]:.2f}. "
        )
        if done.period == 2:
            return told + "It ends nowhere: two states alternate."
        return told + f"It ends at {self.words(name_state(done.state, kept))}."

    def still(self) -> tuple:
        """The picture, what the network was shown, and where it ended."""
        from book_lib import plotting

        figure, panels = plotting.figure(height=2.5, columns=3)
        side = int(np.sqrt(len(self.target())))
        shown = (self.target(), "picture"), (self.start(), "shown"), (self.recall().state, "recalled")
        for axes, (state, title) in zip(panels, shown, strict=True):
            plotting.lattice(axes, state.reshape(side, side))
            axes.set_title(title)
        return plotting.still(figure)


def cover(picture: State, share: float) -> State:
    """A copy whose lowest rows are blank: round(share · rows) of them, shape (N,)."""
    side = int(np.sqrt(len(picture)))
    state = picture.copy()
    state[(side - round(share * side)) * side :] = -1
    return state


def name_state(state: State, patterns: State) -> Named:
    """What to call a state among patterns, shapes (N,) and (P, N). Mirrored in `core/recall.js`.

    A mixture is the majority of three, five or seven of them, some perhaps as their negatives, looked for among the
    seven that overlap most: see :func:`book_lib.hopfield.mixture`.
    """
    m = np.atleast_1d(overlap(patterns, state))
    best = int(np.argmax(np.abs(m)))
    sign = -1 if m[best] < 0 else 1
    nearest = Named("unknown", (best,), (sign,), float(m[best]))
    if abs(m[best]) == 1:
        return Named("pattern" if sign > 0 else "negative", (best,), (sign,), float(m[best]))
    if abs(m[best]) >= NEAR:
        return Named("near", (best,), (sign,), float(m[best]))
    blend = _blend(state, patterns, m)
    return blend if blend is not None and blend.overlap >= LIKE and blend.overlap > abs(m[best]) else nearest


def _blend(state: State, patterns: State, m: NDArray[np.float64]) -> Named | None:
    """The mixture that overlaps most with a state; of equal ones that of fewest patterns."""
    among = np.argsort(-np.abs(m), kind="stable")[:PARTS]
    signs = np.where(m < 0, -1, 1)
    found = None
    for size in range(3, len(among) + 1, 2):
        for chosen in combinations(among, size):
            of = np.sort(chosen)
            q = overlap(mixture(signs[of, None] * patterns[of]), state)
            if found is None or q > found.overlap + 1e-9:
                found = Named("mixture", tuple(map(int, of)), tuple(map(int, signs[of])), float(q))
    return found


def _known(patterns: str, own: str) -> dict[str, str]:
    """The pictures of a set by name; of the reader's own, by number."""
    if patterns == "own" and own:
        return {str(k + 1): text for k, text in enumerate(own.split("."))}
    return bank().get(patterns, bank()["letters"])  # the trait refuses a bad name


def _place(name: str, one: str, known: list[str]) -> int:
    if one not in known:
        raise ArgumentError(f"{name} must name pictures of {', '.join(known)}, not {one!r}")
    return known.index(one)


def _text(name: str, pictures: ArrayLike) -> str:
    """Pictures of ±1 as the address writes them."""
    from book_lib._hopfield_network import spins

    rows = spins(name, pictures, rows=np.ndim(pictures) == 2)
    rows = rows[None] if rows.ndim == 1 else rows
    if rows.shape[1] not in (64, 100):
        raise ValueError(f"{name} must hold pictures of 64 or 100 pixels, got {rows.shape[1]}")
    return ".".join(encode(row) for row in rows)
