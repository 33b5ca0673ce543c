"""Quick questions on the page: choices whose wrong options are named misconceptions, and numbers with a tolerance."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import traitlets

from book_lib import _checks
from book_lib.explorables.base import ArgumentError, Explorable, arguments

See = tuple[str, str] | None


@dataclass(frozen=True)
class Choice:
    """A question with one right answer among several.

    Args:
        question: Unicode mathematics and `code` in backticks; no LaTeX.
        options: {answer: verdict} in the order shown. The verdict of the right answer is True, or (True, reply);
            that of a wrong one is (misconception, reply), which names what a reader who picks it believes, or the
            reply alone.
        see: (text, href) of a link that goes with every reply, such as the section that explains it.

    Raises:
        ValueError: unless exactly one option is right, one at least is wrong, and every wrong one has a reply.

    >>> Choice("2 + 2?", {"4": True, "22": ("Sum as text", "That joins the digits.")}).state()["options"][0]["right"]
    True
    """

    question: str
    options: Mapping[str, bool | str | tuple]
    see: See = None

    def __post_init__(self) -> None:
        _check_words(question=self.question)
        _link(self.see)
        if not isinstance(self.options, Mapping):
            raise ArgumentError(f"options of {self.question!r} must be {{answer: verdict}}, not {self.options!r}")
        states = [_option(text, verdict) for text, verdict in self.options.items()]
        right = sum(option["right"] for option in states)
        if right != 1 or len(states) < 2:
            raise ArgumentError(
                f"options of {self.question!r} must hold one right answer and a wrong one, not {right} right "
                f"of {len(states)}"
            )

    def state(self) -> dict[str, Any]:
        """As the front-end reads it."""
        options = [_option(text, verdict) for text, verdict in self.options.items()]
        return {"kind": "choice", "text": self.question, "options": options, **_link(self.see)}


@dataclass(frozen=True)
class Numeric:
    """A question whose answer is a number.

    Args:
        question: as in `Choice`.
        answer: the right number.
        tolerance: largest absolute deviation that counts as right.
        reply: to a right answer.
        unit: shown beside the box.
        slips: {value: reply} for typical wrong numbers, taken within the same tolerance.
        other: the reply to any other number.
        see: as in `Choice`.

    Raises:
        ValueError: when a number is not finite, the tolerance is negative, or a slip would count as right.

    >>> Numeric("T_c of mean field, J = 1?", answer=4, tolerance=0.01, slips={2.269: "Exact."}).state()["unit"]
    ''
    """

    question: str
    answer: float
    tolerance: float
    reply: str = ""
    unit: str = ""
    slips: Mapping[float, str] = field(default_factory=dict)
    other: str = "Work it through once more."
    see: See = None

    def __post_init__(self) -> None:
        _check_words(question=self.question, reply=self.reply, unit=self.unit, other=self.other)
        _link(self.see)
        if not isinstance(self.slips, Mapping):
            raise ArgumentError(f"slips of {self.question!r} must be {{value: reply}}, not {self.slips!r}")
        with arguments():
            for number in (self.answer, self.tolerance, *self.slips):
                _checks.finite(f"each number of {self.question!r}", number)
        if self.tolerance < 0:
            raise ArgumentError(f"tolerance of {self.question!r} must be at least 0, not {self.tolerance}")
        for value, reply in self.slips.items():
            if abs(value - self.answer) <= self.tolerance:
                raise ArgumentError(f"slips of {self.question!r} must lie outside the tolerance, not at {value}")
            if not isinstance(reply, str) or not reply.strip():
                raise ArgumentError(f"the slip {value} of {self.question!r} must have a reply in words, not {reply!r}")

    def state(self) -> dict[str, Any]:
        """As the front-end reads it."""
        answer, tolerance = _plain(self.answer), _plain(self.tolerance)
        slips = [{"value": _plain(v), "tolerance": tolerance, "reply": text} for v, text in self.slips.items()]
        return {
            "kind": "numeric", "text": self.question, "answer": answer, "tolerance": tolerance,
            "unit": self.unit, "reply": self.reply, "slips": slips, "other": self.other, **_link(self.see),
        }


class Quiz(Explorable):
    """A short list of questions. Works without a kernel; the browser remembers the answers and sends nothing.

    Args:
        questions: `Choice` and `Numeric`.
        name: under which answers are remembered; else made from the questions.

    Raises:
        ValueError: when there is no list of questions, or none in it.
        TypeError: when one is neither kind.
    """

    name = traitlets.Unicode().tag(sync=True)
    questions = traitlets.List().tag(sync=True)
    answers = traitlets.List().tag(sync=True)
    """For each question the index of the chosen option, the typed number as text, or None."""

    def __init__(self, questions: Sequence[Choice | Numeric], *, name: str = "", **traits: Any) -> None:
        if not isinstance(questions, (list, tuple)):
            raise ArgumentError(f"questions must be a list of Choice and Numeric, not {type(questions).__name__}")
        if not questions:
            raise ArgumentError("questions must hold at least one Choice or Numeric")
        for one in questions:
            if not isinstance(one, (Choice, Numeric)):
                raise TypeError(f"questions must be Choice or Numeric, not {type(one).__name__}")
        states = [one.state() for one in questions]
        digest = hashlib.sha256(json.dumps(states, sort_keys=True).encode()).hexdigest()
        super().__init__(questions=states, name=name or digest[:12], **traits)

    def describe(self) -> str:
        """The questions as text, for print and for readers without scripts."""
        lines = []
        for number, one in enumerate(self.questions, 1):
            number_wanted = f"a number, in {one['unit']}" if one.get("unit") else "a number"
            options = "; ".join(option["text"] for option in one.get("options", [])) or number_wanted
            lines.append(f"{number}. {one['text']} ({options})")
        return self.alt or " ".join(lines)


def _option(text: str, verdict: bool | str | tuple) -> dict[str, Any]:
    _check_words(answer=text)
    if verdict is True:
        return {"text": text, "right": True, "reply": ""}
    parts = verdict if isinstance(verdict, tuple) else ("", verdict)
    right = parts[0] is True
    words = parts[1:] if right else parts
    if len(parts) != 2 or not all(isinstance(word, str) for word in words) or not parts[1].strip():
        raise ArgumentError(
            f"the verdict on {text!r} must be True, (True, reply), (misconception, reply) or a reply, not {verdict!r}"
        )
    return {"text": text, "right": right, "reply": parts[1]} | ({} if right else {"misconception": parts[0]})


def _check_words(**texts: Any) -> None:
    for name, text in texts.items():
        if not isinstance(text, str):
            raise ArgumentError(f"{name} must be a text, not {text!r}")


def _plain(number: Any) -> int | float:
    """The number as JSON takes it."""
    return int(number) if isinstance(number, Integral) else float(number)


def _link(see: See) -> dict[str, Any]:
    if see is not None and not (
        isinstance(see, (tuple, list)) and len(see) == 2 and all(isinstance(one, str) for one in see)
    ):
        raise ArgumentError(f"see must be (text, href), not {see!r}")
    return {} if see is None else {"see": {"text": see[0], "href": see[1]}}
