"""The first chapter's checks: right answers in other words pass, each typical slip gets its own reply."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import legendre as peer

from book_lib.exercises import check, names, variant
from book_lib.exercises import data_model_task as chapter

SEEDS = st.integers(0, 10_000)


def test_the_chapter_registers_its_checks():
    assert names("data_model_task") == [f"data_model_task-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)]


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        (2, lambda x, r: float(np.average(x, weights=r))),
        (3, lambda n, x: float(peer.legval(x, [0] * n + [1]))),
        (5, lambda a, b: (b - np.mean(a, axis=0)) / np.sqrt(np.mean((a - np.mean(a, axis=0)) ** 2, axis=0))),
        (6, dict(chapter.TRIANGLES)),
        (6, {task: list(pair) for task, pair in chapter.TRIANGLES.items()}),
        (8, lambda inputs, x, fitted, wish: (wish - fitted) / math.prod(x - np.array(inputs))),
    ],
)
def test_right_answers_pass(number, answer):
    verdict = check(f"data_model_task-{number}", answer)
    assert verdict.right, str(verdict)


@given(SEEDS)
def test_every_variant_has_its_answer_and_shows_every_slip(seed):
    puzzle = variant("data_model_task-1", seed)
    errors = [
        puzzle.intercept + puzzle.slope * x - t for x, t in zip(puzzle.inputs, puzzle.targets, strict=True)
    ]
    loss = sum(e * e for e in errors) / 4
    assert check("data_model_task-1", loss, seed=seed).right
    for wrong, word in (
        (4 * loss, "the sum"),
        (loss / 2, "½"),
        (math.sqrt(loss), "root"),
        (loss * 4 / 3, "N − 1"),
    ):
        verdict = check("data_model_task-1", wrong, seed=seed)
        assert not verdict.right and word in verdict.message


@given(SEEDS)
def test_every_list_of_errors_has_its_margin(seed):
    errors = variant("data_model_task-7", seed)
    sizes = sorted(abs(e) for e in errors)
    assert len(sizes) == 19
    assert check("data_model_task-7", sizes[17], seed=seed).right
    assert "largest of all" in check("data_model_task-7", sizes[18], seed=seed).message
    assert "number 17" in check("data_model_task-7", sizes[16], seed=seed).message


@given(SEEDS)
def test_every_heap_has_its_temperature(seed):
    points = variant("data_model_task-9", seed)
    high = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[0] ** 2 / len(points)
    assert check("data_model_task-9", 2 * high, seed=seed).right
    for wrong in (high, 4 * high, 2 * math.sqrt(high), 2 * np.var(points[:, 0]), 0.0):
        assert not check("data_model_task-9", wrong, seed=seed).right


@pytest.mark.parametrize(
    ("number", "slips"),
    [
        (2, chapter.CENTER_SLIPS),
        (3, chapter.LEGENDRE_SLIPS),
        (5, chapter.STANDARD_SLIPS),
        (8, chapter.SHIFT_SLIPS),
    ],
)
def test_every_slip_gets_its_own_reply(number, slips):
    replies = []
    for slip in slips:
        verdict = check(f"data_model_task-{number}", slip.answer)
        assert not verdict.right and slip.reply in verdict.message, verdict.message
        replies.append(slip.reply)
    assert len(set(replies)) == len(replies)


@pytest.mark.parametrize("number", [1, 2, 3, 5, 6, 7, 8, 9])
@pytest.mark.parametrize(
    "nonsense", [None, "x", math.nan, [], {}, lambda: None, lambda *a: "x", lambda *a: 1 / 0]
)
def test_nonsense_gets_a_sentence(number, nonsense):
    verdict = check(f"data_model_task-{number}", nonsense)
    assert not verdict.right and len(verdict.message) > 10


def test_triangles_are_judged_one_by_one():
    answer = dict(chapter.TRIANGLES)
    answer["next word"] = ("text", "supervised")
    answer["object detection"] = ("purchases", "supervised")
    del answer["face recognition"]
    verdict = check("data_model_task-6", answer)
    assert len(verdict.passed) == 3 and len(verdict.failed) == 3
    assert "cut from the data themselves" in str(verdict) and "also where" in str(verdict)
    assert "no answer yet" in str(verdict)
    assert "no task 'poetry'" in check("data_model_task-6", {"poetry": ("text", "supervised")}).message
    for no_pair in ("text", {"text", "supervised"}, ("text",), 5):
        assert "expected a pair" in str(check("data_model_task-6", {"next word": no_pair}))


def test_the_same_seed_gives_the_same_data():
    assert (variant("data_model_task-9", 3) == variant("data_model_task-9", 3)).all()
    assert (variant("data_model_task-9", 3) != variant("data_model_task-9", 4)).any()
