"""Numbers, and what only looks like one: graded without a traceback and without charity."""

from fractions import Fraction

import numpy as np
import pytest

from book_lib.exercises._grading import Case, Slip, grade_function, grade_number


class Silent:
    """Something that cannot even be written down."""

    def __repr__(self):
        raise RuntimeError("no words")


class Shy:
    """An array that does not want to be one, as a tensor that needs its gradient."""

    def __array__(self, *_, **__):
        raise RuntimeError("call detach() first")


NO_NUMBERS = [
    "2.0", b"2", 2 + 0j, ["2"], np.array([None]), np.array("2.0"), np.ma.array([2.0]), 10**400, [10**400],
    [[1], [1, 2]], True, np.True_, [True], Silent(), Shy(), np.datetime64("2020"),
]  # fmt: skip


@pytest.mark.parametrize("answer", NO_NUMBERS, ids=lambda value: type(value).__name__)
def test_what_only_looks_like_a_number_is_refused_in_words(answer):
    verdict = grade_number("x-1", answer, 2.0, what="the number")
    assert not verdict.right and verdict.message.startswith("Expected one number, the number; got ")
    graded = grade_function(
        "x-2", lambda x: answer, lambda x: 2.0, [Case("x = 1", (1.0,))], signature="f(x)", slips=[Slip(len, "?")][:0]
    )
    assert not graded.right and "not a number" in graded.failed[0]
    assert not grade_function("x-2", answer, abs, [Case("x", (2.0,))], signature="f(x)").right


@pytest.mark.parametrize("answer", [2, 2.0, Fraction(2), np.float32(2), np.array([2.0]), np.array(2), [2.0]])
def test_numbers_of_every_kind_pass(answer):
    assert grade_number("x-1", answer, 2.0, what="the number").right


def test_lists_of_text_are_no_lists_of_numbers():
    case = [Case("x = 1", (1.0,))]
    assert not grade_function("x", lambda x: ["1", "2"], lambda x: [1, 2], case, signature="f(x)").right
    assert grade_function("x", lambda x: [1, 2.0], lambda x: [1, 2], case, signature="f(x)").right
