"""A small world in which an assistant can be judged exactly: what it may say of Python's things, what that is worth.

The user asks about a noun, the assistant answers with two adjectives, in one of four ways. An oracle counts praise and
blame, so that a reward that has been learnt can be compared with the truth; a rule that a program can check gives the
reward of :func:`verifiable`. No word needs more than three tokens of the page model. What may be the second adjective
is never the first, so that every way to fill a form is right, and none says a word twice.

>>> from book_lib.rng import as_generator
>>> text = answer("list", as_generator(3))
>>> is_well_formed("list", text), is_well_formed("string", text), oracle("string", text)
(True, False, -2.0)
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from book_lib import _checks
from book_lib.pipeline._chat_messages import Conversation, Message
from book_lib.rng import Generator, RandomLike, as_generator

if TYPE_CHECKING:
    from book_lib.pipeline.reward import Preference

NOUNS = ("list", "string", "file", "module", "class", "name", "value", "line", "method", "set", "function", "type")
PRAISE = ("fast", "neat", "clear", "simple")
BLAME = ("slow", "bad", "dull", "hard")
SLOTS = ((*PRAISE[:2], *BLAME[:2]), (*PRAISE[2:], *BLAME[2:]))  # what the first adjective may be, and the second
FORMS = ("The {noun} is {first} and {second}.", "The {noun} is {first}. It is also {second}.",
         "A {noun} is {first} and {second}.", "A {noun} is {first}. It is also {second}.")  # fmt: skip
FIRST = ("Tell me about the {noun}.", "What is the {noun} like?", "What do you think of the {noun}?")
NEXT = ("And the {noun}?", "What about the {noun}?")
SYSTEM = ("You talk about Python.", "Be brief.")
WITH_SYSTEM = 0.25  # share of the conversations that begin with a system message
TURNS = (1, 1, 1, 2, 2, 3)  # of a conversation, each of these as likely
LOWEST = -2.0  # what the oracle gives to an answer that is none


# ------------------------------------------------------------------------------------------------- answers


def answer(noun: str, rng: RandomLike) -> str:
    """Return an answer about a noun: one of four forms and two adjectives, each as likely praise as blame.

    Args:
        noun: one of :data:`NOUNS`.
        rng: a seed or a generator.

    Raises:
        ValueError: if there is no such noun.
        TypeError: if ``rng`` is no generator.

    See the section :ref:`sec-align-toy`.

    >>> answer("file", 0)
    'A file is slow and simple.'
    """
    noun, rng = _checks.one_of("noun", noun, NOUNS), as_generator(rng)
    return _pick(FORMS, rng).format(noun=noun, first=_pick(SLOTS[0], rng), second=_pick(SLOTS[1], rng))


def adjectives(noun: str, answer: str) -> tuple[str, str] | None:
    """Return the two adjectives of a well-formed answer about a noun, or None if it is not well-formed.

    Raises:
        ValueError: if there is no such noun.
        TypeError: if the answer is no text.

    >>> adjectives("list", "The list is fast. It is also hard."), adjectives("list", "The list is list.")
    (('fast', 'hard'), None)
    """
    _checks.one_of("noun", noun, NOUNS)
    if not isinstance(answer, str):
        raise TypeError(f"answer must be text, got {answer!r}")
    found = next(filter(None, (pattern.fullmatch(answer) for pattern in _patterns(noun))), None)
    return None if found is None else (found["first"], found["second"])


@cache
def _patterns(noun: str) -> tuple[re.Pattern[str], ...]:
    groups = {name: f"(?P<{name}>{'|'.join(words)})" for name, words in zip(("first", "second"), SLOTS, strict=True)}
    return tuple(re.compile(form.replace(".", r"\.").format(noun=noun, **groups)) for form in FORMS)


def is_well_formed(noun: str, answer: str) -> bool:
    """Return whether an answer is exactly one that :func:`answer` could give about this noun; errors as there.

    >>> is_well_formed("list", "The list is fast and hard."), is_well_formed("list", "The list is hard and fast.")
    (True, False)
    """
    return adjectives(noun, answer) is not None


def oracle(noun: str, answer: str) -> float:
    """Return what an answer is truly worth: words of praise minus words of blame, and −2 for what is no answer.

    Args:
        noun: what has been asked about; see :func:`noun_of`.
        answer: any text.

    Returns:
        −2, 0 or 2.

    Raises:
        TypeError, ValueError: as :func:`adjectives`.

    See the section :ref:`sec-align-toy`.

    >>> oracle("list", "The list is fast and clear."), oracle("list", "fast fast clear fast")
    (2.0, -2.0)
    """
    words = adjectives(noun, answer)
    return LOWEST if words is None else float(sum(1 if word in PRAISE else -1 for word in words))


def verifiable(noun: str, answer: str) -> float:
    """Return 1 if an answer is well-formed and its adjectives stand in alphabetical order, otherwise 0.

    A program can check that: no preferences are asked for, and no model of them can be fooled.

    Raises:
        TypeError, ValueError: as :func:`adjectives`.

    See the section :ref:`sec-align-grpo`.

    >>> verifiable("list", "The list is fast and simple."), verifiable("list", "The list is slow and simple.")
    (1.0, 0.0)
    """
    words = adjectives(noun, answer)
    return float(words is not None and words[0] < words[1])


# ------------------------------------------------------------------------------------------- conversations


def conversations(count: int, rng: RandomLike) -> list[Conversation]:
    """Return conversations to learn from, of one to three turns, each about another noun; some with a system message.

    Args:
        count: how many, ≥ 0.
        rng: a seed or a generator.

    Raises:
        TypeError, ValueError: if an argument is of another kind or out of its range.

    See the section :ref:`sec-align-toy`.

    >>> [message.content for message in conversations(1, 0)[0]]
    ['Tell me about the string.', 'The string is neat and clear.']
    """
    rng = as_generator(rng)
    return [_conversation(rng) for _ in range(_checks.integer("count", count, 0))]


def prompts(count: int, rng: RandomLike) -> list[Conversation]:
    """Return conversations whose last answer is missing, as :func:`conversations` draws them; errors as there.

    >>> prompts(1, 0)[0][-1]
    Message(role='user', content='Tell me about the string.')
    """
    return [messages[:-1] for messages in conversations(count, rng)]


def _conversation(rng: Generator) -> Conversation:
    messages = [Message("system", _pick(SYSTEM, rng))] if rng.random() < WITH_SYSTEM else []
    turns = TURNS[int(rng.integers(0, len(TURNS)))]
    for turn, noun in enumerate(rng.permutation(len(NOUNS))[:turns].tolist()):
        question = _pick(NEXT if turn else FIRST, rng).format(noun=NOUNS[noun])
        messages += [Message("user", question), Message("assistant", answer(NOUNS[noun], rng))]
    return tuple(messages)


def noun_of(prompt: Sequence[Message]) -> str:
    """Return the noun that the user's last message asks about.

    Raises:
        ValueError: if the user has said nothing, or names none of :data:`NOUNS` in the last message.

    >>> noun_of([Message("user", "Tell me about the list."), Message("assistant", "No."), Message("user", "A file?")])
    'file'
    """
    asked = next((message.content for message in reversed(prompt) if message.role == "user"), None)
    if asked is None:
        raise ValueError("prompt must hold a message of the user, got none")
    found = [word for word in re.findall(r"[a-z]+", asked.lower()) if word in NOUNS]
    if not found:
        raise ValueError(f"prompt must ask about one of {', '.join(NOUNS)}, got {asked!r}")
    return found[-1]


# --------------------------------------------------------------------------------------------- preferences


def preferences(count: int, rng: RandomLike, noise: float = 1.0) -> list[Preference]:
    """Return pairs of answers to one prompt, and which of the two somebody preferred.

    The first is preferred with probability σ(2Δ/noise), Δ the oracle's difference; pairs with Δ = 0 are not asked.

    Args:
        count: how many, ≥ 0.
        rng: a seed or a generator.
        noise: how capricious the judge is, ≥ 0; at 0 the better answer always wins.

    Raises:
        TypeError, ValueError: if an argument is of another kind or out of its range.

    See the section :ref:`sec-align-preferences`.

    >>> pair = preferences(1, 0, noise=0)[0]
    >>> noun = noun_of(pair.prompt)
    >>> oracle(noun, pair.chosen) > oracle(noun, pair.rejected)
    True
    """
    count, rng = _checks.integer("count", count, 0), as_generator(rng)
    if _checks.finite("noise", noise) < 0:
        raise ValueError(f"noise must be at least 0, got {noise}")
    from book_lib.pipeline.reward import Preference

    pairs: list[Preference] = []
    while len(pairs) < count:
        prompt = _conversation(rng)[:-1]
        noun = noun_of(prompt)
        first, second = answer(noun, rng), answer(noun, rng)
        difference = oracle(noun, first) - oracle(noun, second)
        if difference:
            wins = rng.random() < _chance(difference, noise)
            pairs.append(Preference(prompt, *((first, second) if wins else (second, first))))
    return pairs


def _chance(difference: float, noise: float) -> float:
    """Return σ(2Δ/noise)."""
    if noise == 0:
        return float(difference > 0)
    return 1 / (1 + math.exp(max(-700.0, min(700.0, -2 * difference / noise))))


def _pick(options: Sequence[str], rng: Generator) -> str:
    return options[int(rng.integers(0, len(options)))]
