"""What the checks of all chapters share: grading a number, grading a function, naming the typical slip."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from book_lib import _checks

from . import Verdict

__all__ = ["Case", "Slip", "grade_function", "grade_number"]

SLIP_TOLERANCE = 0.01  # a wide tolerance on the right answer must not widen what counts as a known slip


@dataclass(frozen=True)
class Slip:
    """A typical wrong answer (a number, or a function that gives it) and the reply it deserves."""

    answer: Any
    reply: str


@dataclass(frozen=True)
class Case:
    """One input of a function that is being graded, and its name in words."""

    words: str
    arguments: tuple


def grade_number(
    name: str,
    answer: Any,
    expected: float,
    *,
    what: str,
    rtol: float = 1e-3,
    atol: float = 0.0,
    slips: Sequence[Slip] = (),
    right: str = "",
) -> Verdict:
    """Grade one number, within a tolerance, and recognise typical slips.

    Args:
        name: The exercise.
        answer: What the reader gave.
        expected: The right value.
        what: What the number is, in words ("the change of energy").
        rtol: Allowed relative difference.
        atol: Allowed absolute difference, for right values near zero.
        slips: Wrong numbers and their replies; the first that matches (to 1 %) is told.
        right: What to say when the answer is right.
    """
    problem = _not_a_number(answer)
    if problem:
        return Verdict(name, False, f"Expected one number, {what}; {problem}.")
    value = float(_number(answer).reshape(()))
    if _close(value, expected, rtol, atol):
        return Verdict(name, True, right or f"{value:g} is {what}.")
    for slip in slips:
        if _close(value, float(slip.answer), min(rtol, SLIP_TOLERANCE), atol):
            return Verdict(name, False, f"{value:g} is not {what}: {slip.reply}")
    size = "large" if value > expected else "small"
    return Verdict(name, False, f"{value:g} is not {what}: it is too {size}.")


def grade_function(
    name: str,
    answer: Any,
    reference: Callable,
    cases: Sequence[Case],
    *,
    signature: str,
    rtol: float = 1e-9,
    atol: float = 1e-9,
    slips: Sequence[Slip] = (),
    right: str = "",
) -> Verdict:
    """Grade a function by calling it on every case and comparing with a reference.

    Args:
        name: The exercise.
        answer: What the reader gave.
        reference: A function that is right.
        cases: The inputs, ordinary ones first, edge cases last.
        signature: What to write, such as ``"energy(spins, coupling, field)"``.
        rtol, atol: Allowed differences, elementwise.
        slips: Functions that make a typical mistake, and the replies; told if they explain every result.
        right: What to add when every case is right.
    """
    if not callable(answer):
        came = f"got {_brief(answer)}"
        return Verdict(name, False, f"Expected the function {signature} itself, not its value; {came}.")
    results = [_call(answer, case) for case in cases]
    expected = [np.asarray(_run(reference, case)) for case in cases]
    problems = [
        problem or _difference(value, wanted, rtol, atol)
        for (value, problem), wanted in zip(results, expected, strict=True)
    ]
    judged = list(zip(cases, problems, strict=True))
    passed = [case.words for case, problem in judged if not problem]
    failed = [f"{case.words}: {problem}" for case, problem in judged if problem]
    if not failed:
        return Verdict(name, True, right or f"{signature} agrees on all {len(cases)} inputs.", tuple(passed))
    message = f"{signature} is right on {len(passed)} of {len(cases)} inputs."
    reply = _recognise(results, cases, slips, rtol, atol)
    return Verdict(name, False, f"{message} {reply}".strip(), tuple(passed), tuple(failed))


def _recognise(
    results: Sequence, cases: Sequence[Case], slips: Sequence[Slip], rtol: float, atol: float
) -> str:
    """Return the reply of the first slip that explains every result that came back, or nothing."""
    for slip in slips:
        wrong = [np.asarray(_run(slip.answer, case)) for case in cases]
        pairs = [(value, other) for (value, bad), other in zip(results, wrong, strict=True) if not bad]
        if pairs and all(not _difference(value, other, rtol, atol) for value, other in pairs):
            return slip.reply
    return ""


def _run(function: Callable, case: Case) -> Any:
    with np.errstate(all="ignore"):
        return function(*copy.deepcopy(case.arguments))


def _call(function: Callable, case: Case) -> tuple[Any, str]:
    """Call the reader's function on a copy of the input; return its value and what went wrong."""
    arguments = copy.deepcopy(case.arguments)
    try:
        with np.errstate(all="ignore"):
            value = function(*arguments)
    except Exception as error:  # whatever the reader's code raises becomes a reply, never a traceback of ours
        return None, f"it raised {type(error).__name__}: {error}"
    if not _same(arguments, case.arguments):
        return None, "it changed its input; work on a copy"
    if value is None:
        return None, "it returned nothing; is there a `return`?"
    return value, ""


def _same(one: Sequence, other: Sequence) -> bool:
    return all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(one, other, strict=True))


def _difference(value: Any, wanted: np.ndarray, rtol: float, atol: float) -> str:
    """Say how a value differs from the one that was wanted; nothing if it does not."""
    got = _number(value)
    if got is None:
        return f"it returned {_brief(value)}, not a number"
    if got.shape != wanted.shape:
        return f"it returned shape {got.shape}, expected {wanted.shape}"
    if not np.all(np.isfinite(got)):
        return f"it returned {_brief(value)}; too large a number on the way? expected {_brief(wanted)}"
    if np.allclose(got, wanted, rtol=rtol, atol=atol):
        return ""
    return f"it returned {_brief(value)}, expected {_brief(wanted)}"


def _not_a_number(answer: Any) -> str:
    if callable(answer):
        return "got a function; call it and pass what it returns"
    value = _number(answer)
    if value is None:
        return f"got {_brief(answer)}"
    if value.size != 1:
        return f"got {value.size} numbers"
    return "" if np.isfinite(value).all() else f"got {float(value.reshape(()))}"


def _number(value: Any) -> np.ndarray | None:
    """Return a number or an array of numbers as floats; None for anything else: text and 1+0j are no answers."""
    try:
        return _checks.real_array("answer", value)
    except Exception:  # whatever the reader hands in becomes a reply, never a traceback of ours
        return None


def _close(value: float, expected: float, rtol: float, atol: float) -> bool:
    return abs(value - expected) <= atol + rtol * abs(expected)


def _brief(value: Any) -> str:
    number = None if isinstance(value, (list, tuple)) else _number(value)
    if number is not None and number.ndim == 0:
        return f"{float(number):.6g}"
    try:
        text = np.array2string(value, threshold=12) if isinstance(value, np.ndarray) else repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."
