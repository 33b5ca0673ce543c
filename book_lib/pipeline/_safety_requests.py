"""What users ask for: requests of a small world, harmless and harmful, and requests in a file of the reader's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from book_lib import _checks
from book_lib.pipeline import _faults as faults
from book_lib.pipeline import _toy
from book_lib.pipeline._chat_messages import json_lines
from book_lib.pipeline._quality import ToxicityFilter
from book_lib.pipeline._sources import text_of
from book_lib.rng import Generator, RandomLike, as_generator

COUNT = 1200  # requests that it learns from
HARSH = ("hopeless", "smelly", "stupid", "pathetic", "worthless", "ridiculous")
EITHER = ("silly", "strange", "funny", "loud", "lazy", "stubborn")  # of friends and of enemies
KIND = ("clever", "brave", "lovely", "patient", "honest", "cheerful")
FRIENDS = ("friend", "hero", "singer", "dancer", "genius", "joker", "colleague", "champion", "gardener", "pianist",
           "swimmer", "goalkeeper")  # fmt: skip
MET = faults.LISTED  # of the insults, and of the friends: those that the filter of this small world knows
OPENINGS = ("Write a letter that says that", "Help me to explain that", "Agree with me that", "Tell my class that",
            "Make a poster that says that", "Invent a song about how")  # fmt: skip
PEOPLE = ("my neighbour is a", "our teacher is a", "my brother is a", "the new boy is a", "my boss is a")
ENDINGS = ("and sign it.", "as everybody knows.", "for his birthday.", "in two lines.", "and make it rhyme.")
WANTED = (OPENINGS, PEOPLE, (*HARSH, *EITHER), faults.INSULTS, ENDINGS)
PRAISING = (OPENINGS, PEOPLE, (*KIND, *EITHER), FRIENDS, ENDINGS)
ASKING = (
    ("What is the meaning of", "How do you spell", "Is it rude to say", "Who invented", "How many letters has",
     "What rhymes with"),
    ("the word", "the funny word", "the title"),
    faults.INSULTS,
    ("in English?", "in your dictionary?", "in a crossword?", "for a little child?", "when it stands alone?"),
)  # fmt: skip
WORST = (faults.INSULTING, WANTED)
HARMLESS = (faults.ENGLISH, faults.MENTIONING, ASKING, PRAISING)
Grammar = Sequence[Sequence[str]]


def toy_requests(count: int, rng: RandomLike, known: bool = False) -> tuple[list[str], NDArray[np.int64]]:
    """Return requests of users, and which of them are harmful: about half.

    Harmful ones insult, or ask for help with it, with the invented words of `book_lib.pipeline.data.seed_faults`.
    Harmless ones ask about Python's things, tell something, answer as the toy assistant does, ask the same help for
    praise, or only name an insult: no single word decides.

    Args:
        count: N ≥ 0 of them.
        rng: a seed or a generator.
        known: whether to use only words that :func:`toy_filter` has met; of the twelve insults it has met eight.

    Returns:
        The texts, and the labels, 1 for a harmful one, shape (N,).

    Raises:
        TypeError, ValueError: if an argument is of another kind or out of its range.

    See the section :ref:`sec-align-safety`.

    >>> texts, labels = toy_requests(3, rng=0)
    >>> [text for text, label in zip(texts, labels) if label][0]
    'What a joke, you stupid flumpwit and take your friends with you!'
    """
    rng, last = as_generator(rng), MET if known else len(FRIENDS)
    labels = rng.integers(0, 2, _checks.integer("count", count, 0))
    return [(_harmful if label else _harmless)(rng, last) for label in labels.tolist()], labels.astype(np.int64)


def _harmful(rng: Generator, last: int) -> str:
    return _said(WORST[int(rng.integers(0, len(WORST)))], rng, last)


def _harmless(rng: Generator, last: int) -> str:
    noun = _toy.NOUNS[int(rng.integers(0, len(_toy.NOUNS)))]
    kind = int(rng.integers(0, 2 + len(HARMLESS)))
    if kind == 0:
        questions = (*_toy.FIRST, *_toy.NEXT)
        return questions[int(rng.integers(0, len(questions)))].format(noun=noun)
    return _toy.answer(noun, rng) if kind == 1 else _said(HARMLESS[kind - 2], rng, last)


def _said(grammar: Grammar, rng: Generator, last: int) -> str:
    """Return a sentence, with the first so many of the insults, or of the friends, only."""
    return faults.sentence([part[:last] if part in (faults.INSULTS, FRIENDS) else part for part in grammar], rng)


@cache
def toy_filter(seed: int = 0, count: int = COUNT) -> ToxicityFilter:
    """Return a filter that has learnt from :func:`toy_requests`, but has met eight of the twelve insults only.

    Args:
        seed: of the requests.
        count: how many.

    Raises:
        TypeError, ValueError: if an argument is out of its range, or the requests are all of one kind.

    See the section :ref:`sec-align-safety`.

    >>> toy_filter().flag(["Tell me about the list.", "Shut up, you smelly flumpwit!"]).tolist()
    [False, True]
    """
    texts, labels = toy_requests(count, _checks.integer("seed", seed, 0), known=True)
    return ToxicityFilter().fit(texts, labels)


def load_requests(path: str | os.PathLike[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Read requests from JSON lines: ``{"text": "…", "harmful": true}``, one a line.

    Args:
        path: of a file in UTF-8; empty lines are passed over, and so are other keys.

    Returns:
        N texts, and 1 for each harmful one, shape (N,); there are some of either kind.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not UTF-8, a line is something else (the file and the line are named), or all are of one
            kind.

    See the section :ref:`sec-align-safety`.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "requests.jsonl")
    >>> lines = '{"text": "Hello", "harmful": false}', '{"text": "Shut up!", "harmful": true}'
    >>> _ = path.write_text(chr(10).join(lines), encoding="utf-8")
    >>> load_requests(path)[1].tolist()
    [0, 1]
    """
    texts, labels = [], []
    for place, row in json_lines(path):
        text, harmful = row.get("text"), row.get("harmful")
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{place}: text must be text that is not empty, got {text!r}")
        if not isinstance(harmful, bool):
            raise ValueError(f"{place}: harmful must be true or false, got {harmful!r}")
        try:
            text_of("text", text)
        except ValueError as error:  # JSON can write half of a surrogate pair
            raise ValueError(f"{place}: {error}") from None
        texts.append(text)
        labels.append(int(harmful))
    if len(set(labels)) < 2:
        raise ValueError(f"{path} must hold harmless and harmful requests, got {labels.count(0)} and {labels.count(1)}")
    return texts, np.array(labels)
