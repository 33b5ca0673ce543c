"""Faults that are planted with a label, so that what a filter finds can be counted: recall and precision are known.

Sentences come from small grammars, so that a hundred of them hardly share five words in a row, and no planted document
is a duplicate by accident. The insults are invented words, and as mild as a toxic sentence can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from book_lib import _checks
from book_lib.pipeline._minhash import words_of
from book_lib.pipeline._sources import Document, documents_of
from book_lib.rng import Generator, RandomLike, as_generator

INSULTS = (
    "flumpwit", "grobblehead", "snizzler", "dunderpuff", "crumpletoad", "pifflebrain", "gormsnoot", "bumblefluff",
    "wobblenoggin", "muddlefinch", "quibblesnort", "droopsock",
)  # fmt: skip
LISTED = 8  # of the insults stand on the word list; the others show what a list misses

JUNK = ("boilerplate", "letters", "language", "repeats", "toxic")
LABELS = ("good", "exact", "near", *JUNK, "mention")
FEWEST = 80  # words of a document that gets an edited copy: a word changes five shingles

ENGLISH = (
    ("The old miller", "The young teacher", "Our neighbour", "A small child", "My aunt", "The tired traveller",
     "A quiet sailor", "The village baker"),
    ("looks for", "finds", "sells", "describes", "forgets", "carries", "paints", "mends"),
    ("a red apple", "the lost book", "the heavy bag", "a long letter", "the last chair", "a green bottle",
     "an iron key", "the broken clock"),
    ("behind the house.", "on the bridge.", "early in the morning.", "in the dark wood.", "next to the church.",
     "before breakfast.", "with great care.", "and goes home to rest."),
)  # fmt: skip
FOREIGN = (
    (("Der alte Müller", "Die junge Lehrerin", "Unser Nachbar", "Das kleine Kind", "Meine Tante", "Der müde Wanderer"),
     ("sucht", "findet", "verkauft", "betrachtet", "vergisst", "trägt"),
     ("einen roten Apfel", "das verlorene Buch", "die schwere Tasche", "einen langen Brief", "den letzten Stuhl",
      "eine grüne Flasche"),
     ("hinter dem Haus.", "auf der Brücke.", "am frühen Morgen.", "im dunklen Wald.", "neben der Kirche.",
      "vor dem Frühstück.")),
    (("Le vieux meunier", "La jeune maîtresse", "Notre voisin", "Le petit enfant", "Ma tante", "Le voyageur fatigué"),
     ("cherche", "trouve", "vend", "regarde", "oublie", "porte"),
     ("une pomme rouge", "le livre perdu", "le sac lourd", "une longue lettre", "la dernière chaise",
      "une bouteille verte"),
     ("derrière la maison.", "sur le pont.", "tôt le matin.", "dans la forêt sombre.", "près de l'église.",
      "avant le petit déjeuner.")),
    (("El viejo molinero", "La joven maestra", "Nuestro vecino", "El niño pequeño", "Mi tía", "El viajero cansado"),
     ("busca", "encuentra", "vende", "mira", "olvida", "lleva"),
     ("una manzana roja", "el libro perdido", "la bolsa pesada", "una carta larga", "la última silla",
      "una botella verde"),
     ("detrás de la casa.", "en el puente.", "por la mañana temprano.", "en el bosque oscuro.", "junto a la iglesia.",
      "antes del desayuno.")),
    (("老磨坊主", "年轻的老师", "我们的邻居", "小孩子", "我的姑姑", "疲倦的旅人"),
     ("寻找", "发现了", "卖掉了", "看着", "忘记了", "拿着"),
     ("一个红苹果", "那本丢失的书", "沉重的袋子", "一封长信", "最后一把椅子", "一个绿瓶子"),
     ("在房子后面。", "在桥上。", "在清晨。", "在黑暗的树林里。", "在教堂旁边。", "在早饭之前。")),
)  # fmt: skip
SELLING = (
    ("Click here to", "Sign up now to", "Log in to", "Tap the button to", "Subscribe today to",
     "Accept all cookies to", "Register for free to", "Scroll down to"),
    ("read", "unlock", "share", "download", "rate", "compare", "win", "follow"),
    ("our newsletter", "the best offers of the week", "your personal discount", "more stories like this",
     "the full article", "our partners and their products", "hot deals near you", "the premium page"),
    ("and save {} percent.", "and earn {} points.", "with code {}.", "on all your {} devices.",
     "before the {}th of the month.", "and be one of {} winners."),
)  # fmt: skip
INSULTING = (
    ("You", "Nobody likes you, you", "Shut up, you", "Go away, you", "What a joke, you", "Listen, you",
     "Get lost, you", "Be quiet, you"),
    ("utter", "miserable", "hopeless", "stupid", "smelly", "worthless", "pathetic", "ridiculous"),
    INSULTS,
    ("and take your friends with you!", "because you ruin everything!", "and may your bicycle rust!",
     "nobody asked for your opinion!", "your whole family is a joke!", "everyone laughs at you!"),
)  # fmt: skip
MENTIONING = (
    ("The dictionary explains", "The crossword asks for", "A footnote translates", "The comedy is called",
     "The children invented", "The parrot repeats"),
    ("the odd word", "the title", "the old name", "the nonsense word"),
    INSULTS,
    ("in a single line.", "on page {}.", "in the third act.", "and nobody minds.", "for the number {}."),
)


@dataclass(frozen=True)
class Truth:
    """What is known of a document because it was planted.

    Args:
        label: "good" if it was there; "exact" or "near" for a copy; "boilerplate", "letters", "language", "repeats" or
            "toxic" for junk; "mention" for a harmless document that names an insult.
        original: the place of the document that it copies, −1 for none.
    """

    label: str
    original: int = -1


def seed_faults(
    documents: Iterable[Document], rng: RandomLike, exact: float = 0.05, near: float = 0.05, junk: float = 0.2
) -> tuple[list[Document], list[Truth]]:
    """Return documents with known faults among them, in random order, and the truth about each.

    Exact copies differ at most in their line breaks. Near copies have about one word in a hundred replaced, a line
    added, or capitals for the first words: by five-word shingles J stays above 0.8. Junk comes in five kinds of equal
    number, and as many documents that only mention an insult as there are toxic ones.

    Args:
        documents: the good ones, N of them, one at least of 80 words or more.
        rng: a seed or a generator.
        exact, near, junk: how many of each to plant, as a share of N; what is above 0 gives one at least, and one of
            each kind of junk.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if there is no document, none that is long enough to be edited, or a share is outside 0 … 1.

    See the section :ref:`sec-llm-sources`.

    >>> documents = [Document(" ".join(f"word{k}" for k in range(100)), "a"), Document("short", "b")]
    >>> planted, truth = seed_faults(documents, rng=0, junk=0)
    >>> sorted(one.label for one in truth)
    ['exact', 'good', 'good', 'near']
    """
    originals = documents_of("documents", documents)
    if not originals:
        raise ValueError("documents must hold at least one document, got none")
    shares = {"exact": exact, "near": near, "junk": junk}
    number = {name: _number(name, value, len(originals)) for name, value in shares.items()}
    rng = as_generator(rng)
    long = [k for k, document in enumerate(originals) if len(words_of(document.text)) >= FEWEST]
    if number["near"] and not long:
        raise ValueError(f"documents must hold one of {FEWEST} words or more, which can be edited")
    found, truth = list(originals), [Truth("good")] * len(originals)
    for label, pool, change in (("exact", range(len(originals)), _rewrapped), ("near", long, _edited)):
        for _ in range(number[label]):
            k = pool[int(rng.integers(0, len(pool)))]
            found.append(Document(change(originals[k].text, rng), f"{label} copy of {originals[k].source}", "planted"))
            truth.append(Truth(label, k))
    each = -(-number["junk"] // len(JUNK))
    for label in (*JUNK, "mention"):
        found += [Document(made(label, rng), f"{label} {k + 1}", "planted") for k in range(each)]
        truth += [Truth(label)] * each
    return _shuffled(found, truth, rng)


def _number(name: str, value: float, count: int) -> int:
    value = _checks.finite(name, value)
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must lie in 0 ... 1, got {value}")
    return max(1, round(value * count)) if value else 0


def _shuffled(
    documents: list[Document], truth: list[Truth], rng: Generator
) -> tuple[list[Document], list[Truth]]:
    order = [int(k) for k in rng.permutation(len(documents))]
    place = {old: new for new, old in enumerate(order)}
    moved = [Truth(truth[k].label, place.get(truth[k].original, -1)) for k in order]
    return [documents[k] for k in order], moved


# -------------------------------------------------------------------------------------------- copies


def _rewrapped(text: str, rng: Generator) -> str:
    """The same words, in every other case with another white space between paragraphs."""
    return text if rng.random() < 0.5 else text.replace("\n\n", "\n \n")


def _edited(text: str, rng: Generator) -> str:
    """A text that hardly differs, and does: without spaces no word can be replaced, without case none be shouted."""
    found = (_replaced, _headed, _shouted)[int(rng.integers(0, 3))](text, rng)
    return _headed(text, rng) if found == text else found


def _replaced(text: str, rng: Generator) -> str:
    """One word in a hundred is another."""
    words = text.split(" ")
    # subtle: between two spaces there may be nothing, or a line's end with the words beside it.
    plain = [k for k, word in enumerate(words) if word.isalnum()]
    for place in rng.permutation(len(plain))[: max(1, len(words_of(text)) // 100)]:
        words[plain[place]] = "elsewhere"
    return " ".join(words)


def _headed(text: str, rng: Generator) -> str:
    """One line more."""
    return f"Copied from page {int(rng.integers(1, 1000))} of the mirror.\n\n{text}"


def _shouted(text: str, rng: Generator) -> str:
    """Capitals at the beginning."""
    length = 40 + int(rng.integers(0, 40))
    return text[:length].upper() + text[length:]


# ---------------------------------------------------------------------------------------------- junk


def made(label: str, rng: Generator) -> str:
    """Return a planted document of one kind of junk, "mention", or "plain", which is harmless prose."""
    return _MAKERS[label](rng)


def sentence(grammar: Sequence[Sequence[str]], rng: Generator, between: str = " ") -> str:
    """Return one of the sentences of a grammar: a choice from each of its lists."""
    parts = (part[int(rng.integers(0, len(part)))] for part in grammar)
    return between.join(parts).replace("{}", str(int(rng.integers(2, 1000))))


def _prose(rng: Generator, grammar: Sequence[Sequence[str]] = ENGLISH) -> list[str]:
    return [sentence(grammar, rng) for _ in range(int(rng.integers(12, 30)))]


def _plain(rng: Generator) -> str:
    return " ".join(_prose(rng))


def _boilerplate(rng: Generator) -> str:
    year = int(rng.integers(1999, 2026))
    return "\n".join([*_prose(rng, SELLING), f"All rights reserved {year}."])


def _letters(rng: Generator) -> str:
    lengths = rng.integers(2, 10, int(rng.integers(60, 200)))
    letters = "".join(chr(ord("a") + k) for k in rng.integers(0, 26, int(lengths.sum())).tolist())
    ends = lengths.cumsum().tolist()
    return " ".join(letters[end - length : end] for length, end in zip(lengths.tolist(), ends, strict=True))


def _language(rng: Generator) -> str:
    grammar = FOREIGN[int(rng.integers(0, len(FOREIGN)))]
    between = "" if grammar is FOREIGN[-1] else " "  # Chinese has no spaces
    return between.join(sentence(grammar, rng, between) for _ in range(int(rng.integers(12, 30))))


def _repeats(rng: Generator) -> str:
    return "\n".join([f"{sentence(ENGLISH, rng)} {sentence(ENGLISH, rng)}"] * int(rng.integers(8, 40)))


def _among(grammar: Sequence[Sequence[str]]) -> Callable[[Generator], str]:
    """Harmless prose with two to four sentences of another kind in it."""

    def make(rng: Generator) -> str:
        sentences = _prose(rng)
        for _ in range(int(rng.integers(2, 5))):
            sentences.insert(int(rng.integers(0, len(sentences) + 1)), sentence(grammar, rng))
        return " ".join(sentences)

    return make


_MAKERS: dict[str, Callable[[Generator], str]] = {
    "plain": _plain,
    "boilerplate": _boilerplate,
    "letters": _letters,
    "language": _language,
    "repeats": _repeats,
    "toxic": _among(INSULTING),
    "mention": _among(MENTIONING),
}
