"""Checks for the exercises, and data of one's own for those that have variants.

    >>> from book_lib import exercises
    >>> flip = exercises.variant("ising-1", seed=7)
    >>> exercises.check("ising-1", 1000.0, seed=7).right
    False

A chapter's exercises live in a module of the chapter's name (``ising-1`` in ``ising.py``), which is imported
only when one of its exercises is asked for. There, ``@exercise("ising-1")`` registers a check: a function
that takes the answer (and, where the exercise has variants, their data) and returns a :class:`Verdict`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Exercise", "Verdict", "check", "exercise", "names", "variant"]

_REGISTRY: dict[str, Exercise] = {}


@dataclass(frozen=True)
class Verdict:
    """What a check found: right or not, why, and on which inputs.

    Args:
        name: The exercise, such as ``"ising-1"``.
        right: Whether the whole answer is right.
        message: One or two sentences for the reader.
        passed: Inputs on which the answer was right, in words.
        failed: Inputs on which it was not, each with what came and what was expected.
    """

    name: str
    right: bool
    message: str
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        lines = [f"{'Right' if self.right else 'Not yet'} ({self.name}). {self.message}"]
        lines += [f"  not yet: {text}" for text in self.failed]
        lines += [f"  right: {text}" for text in self.passed]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        mark = "✓ **Right.**" if self.right else "✗ **Not yet.**"
        lines = [f"{mark} {self.message}"]
        items = [f"- ✗ {text}" for text in self.failed] + [f"- ✓ {text}" for text in self.passed]
        return "\n".join([*lines, "", *items] if items else lines)


@dataclass(frozen=True)
class Exercise:
    """One registered exercise: its check and, if it has variants, the function that makes their data."""

    name: str
    check: Callable[..., Verdict]
    variant: Callable[[int], Any] | None = None


def exercise(name: str, variant: Callable[[int], Any] | None = None) -> Callable:
    """Register the decorated function as the check of an exercise.

    Args:
        name: ``"<chapter module>-<number or word>"``.
        variant: Makes the data of the variant with a given seed; the check gets them as its second argument.

    Raises:
        TypeError: If the name is not a text.
        ValueError: If it is taken.
    """
    if not isinstance(name, str):
        raise TypeError(f"name: expected a text such as 'ising-1', got {name!r}")
    if name in _REGISTRY:
        raise ValueError(f"name: an exercise called {name!r} is registered already")

    def register(function: Callable[..., Verdict]) -> Callable[..., Verdict]:
        _REGISTRY[name] = Exercise(name, function, variant)
        return function

    return register


def names(chapter: str) -> list[str]:
    """Return the names of a chapter's registered exercises, in the order of registration.

    Raises:
        ValueError: If no chapter of that name has exercises.

    >>> "ising-1" in names("ising")
    True
    """
    if chapter not in _chapters():
        raise ValueError(f"chapter: expected one of {', '.join(_chapters())}, got {chapter!r}")
    return _registered(chapter)


def _chapters() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]


def _registered(chapter: str) -> list[str]:
    """As `names`, and nothing for a chapter without a module."""
    if chapter in _chapters():
        importlib.import_module(f"{__name__}.{chapter}")
    return [name for name in _REGISTRY if name.rsplit("-", 1)[0] == chapter]


def variant(name: str, seed: int = 0) -> Any:
    """Return the data of an exercise for one seed; the same seed gives the same data to everybody.

    Raises:
        ValueError: If there is no such exercise, if it has no variants, or if the seed is not in 0 … 2³² − 1.
        TypeError: If the seed is not an integer.

    >>> variant("ising-1", seed=7).coupling == variant("ising-1", seed=7).coupling
    True
    """
    found = _find(name)
    if found.variant is None:
        raise ValueError(f"name: {name!r} has no variants; everybody gets the same data")
    return found.variant(_checked_seed(seed))


def check(name: str, answer: Any, seed: int = 0) -> Verdict:
    """Check an answer and say what is right, what is wrong and on which input.

    Args:
        name: The exercise, such as ``"ising-3"``.
        answer: What the exercise asks for: a number, an array or a function.
        seed: The seed given to :func:`variant`, for exercises that have variants.

    Raises:
        ValueError: If there is no such exercise, or if it has no variants and a seed is given.
        TypeError: If the seed is not an integer.

    >>> check("ising-2", 0.5).right   # it asks for a function
    False
    """
    found = _find(name)
    seed = _checked_seed(seed)
    if found.variant is not None:
        return found.check(answer, found.variant(seed))
    if seed != 0:
        raise ValueError(f"seed: {name!r} has no variants, so it takes no seed (got {seed})")
    return found.check(answer)


def _find(name: str) -> Exercise:
    if not isinstance(name, str):
        raise TypeError(f"name: expected a text such as 'ising-1', got {type(name).__name__}")
    known = _registered(name.rsplit("-", 1)[0])
    if name not in _REGISTRY:
        listed = ", ".join(known) if known else "none in a chapter of that name"
        raise ValueError(f"name: there is no exercise {name!r}; known: {listed}")
    return _REGISTRY[name]


def _checked_seed(seed: Any) -> int:
    from book_lib import _checks  # here, so that the package needs no NumPy until an exercise does

    return _checks.integer("seed", seed, 0, 2**32 - 1)
