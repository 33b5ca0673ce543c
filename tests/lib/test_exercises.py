"""A right answer passes, a typical wrong one gets its reply, nonsense gets a sentence, never a traceback."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from book_lib import exercises, ising
from book_lib.exercises import Verdict, check, exercise, names, variant
from book_lib.exercises import ising as chapter

SEEDS = st.integers(min_value=0, max_value=10_000)


# ---------------------------------------------------------------------------- the registry


def test_the_chapter_registers_its_checks():
    assert names("ising") == [f"ising-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)]
    for unknown in ("isng", 5):
        with pytest.raises(ValueError, match="chapter: expected one of .*ising"):
            names(unknown)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="no exercise 'ising-99'; known: ising-1, ising-2"):
        check("ising-99", 1)
    with pytest.raises(ValueError, match="none in a chapter of that name"):
        variant("potions-1", 0)
    with pytest.raises(TypeError, match="name: expected a text"):
        check(1, 1)


def test_a_name_is_registered_once():
    names("ising")
    with pytest.raises(ValueError, match="registered already"):
        exercise("ising-1")
    with pytest.raises(TypeError, match="name: expected a text"):
        exercise(5)


def test_seeds_are_checked():
    with pytest.raises(ValueError, match="'ising-2' has no variants"):
        variant("ising-2", 1)
    with pytest.raises(ValueError, match="takes no seed"):
        check("ising-2", chapter.ring_correlation, seed=1)
    with pytest.raises(TypeError, match="seed must be an integer"):
        variant("ising-1", 1.5)
    with pytest.raises(TypeError, match="seed must be an integer"):
        check("ising-1", 1.0, seed=True)
    with pytest.raises(ValueError, match="seed must be at least 0"):
        variant("ising-1", -1)


def test_a_verdict_reads_well():
    failed = ("J = −1: it returned 2, expected 3",)
    verdict = Verdict("x-1", False, "Half of it.", passed=("J = 1",), failed=failed)
    assert not verdict
    assert str(verdict).splitlines() == [
        "Not yet (x-1). Half of it.",
        "  not yet: J = −1: it returned 2, expected 3",
        "  right: J = 1",
    ]
    assert verdict._repr_markdown_().splitlines() == [
        "✗ **Not yet.** Half of it.",
        "",
        "- ✗ J = −1: it returned 2, expected 3",
        "- ✓ J = 1",
    ]
    assert Verdict("x-1", True, "Good.")._repr_markdown_() == "✓ **Right.** Good."


def test_the_package_imports_no_chapter():
    import subprocess
    import sys

    code = "import sys, book_lib.exercises; print('numpy' in sys.modules, 'book_lib.ising' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# ---------------------------------------------------------------------------- right answers


def independent_energy(spins, coupling, field):
    """Bond by bond, site by site: nothing shared with the check's own formula."""
    rows, columns = spins.shape
    total = 0.0
    for r in range(rows):
        for c in range(columns):
            s, below, right = (int(spins[i % rows, j % columns]) for i, j in ((r, c), (r + 1, c), (r, c + 1)))
            total -= coupling * s * (below + right) + field * s
    return total


def independent_ring(temperature, coupling):
    """Sum over the eight states."""
    z = mean = 0.0
    for code in range(8):
        a, b, c = (1 if code >> k & 1 else -1 for k in range(3))
        weight = np.exp(coupling * (a * b + b * c + c * a) / temperature)
        z, mean = z + weight, mean + weight * a * b
    return mean / z


def independent_decimation(coupling):
    """The ratio of the two sums over the middle spin."""
    same = sum(np.exp(coupling * s * 2) for s in (1, -1))
    return 0.5 * np.log(same / 2)


def independent_staggered(spins):
    return sum((-1) ** (r + c) * int(spins[r, c]) for r, c in np.ndindex(spins.shape)) / spins.size


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("ising-2", independent_ring),
        ("ising-3", independent_energy),
        ("ising-5", 0.85856),
        ("ising-7", independent_staggered),
        ("ising-8", 39.6),
        ("ising-9", independent_decimation),
        ("ising-9", lambda k: np.arctanh(np.tanh(k) ** 2)),
    ],
)
def test_right_answers_pass(name, answer):
    verdict = check(name, answer)
    assert verdict.right, str(verdict)
    assert not verdict.failed


@given(SEEDS)
def test_every_flip_puzzle_has_its_answer_and_shows_every_slip(seed):
    puzzle = variant("ising-1", seed)
    flipped = puzzle.spins.copy()
    flipped[puzzle.row, puzzle.column] *= -1
    cost = independent_energy(flipped, puzzle.coupling, puzzle.field)
    cost -= independent_energy(puzzle.spins, puzzle.coupling, puzzle.field)
    assert check("ising-1", cost, seed=seed).right
    for wrong, word in (
        (cost / 2, "factor 2"),
        (-cost, "sign is reversed"),
        (cost - 2 * int(puzzle.spins[puzzle.row, puzzle.column]) * puzzle.field, "field is missing"),
        (chapter.flip_cost(puzzle, wrap=False), "wraps around"),
    ):
        verdict = check("ising-1", wrong, seed=seed)
        assert not verdict.right and word in verdict.message


def test_the_same_seed_gives_the_same_data():
    one, other = variant("ising-1", 5), variant("ising-1", 5)
    assert (one.spins == other.spins).all() and one.field == other.field
    assert not np.array_equal(variant("ising-6", 5), variant("ising-6", 6))


@pytest.mark.parametrize("seed", range(12))
def test_an_honest_error_bar_passes_and_a_naive_one_is_recognised(seed):
    series = variant("ising-6", seed)
    blocks = series.reshape(-1, 128).mean(axis=1)
    assert check("ising-6", blocks.std(ddof=1) / np.sqrt(len(blocks)), seed=seed).right
    naive = check("ising-6", series.std(ddof=1) / np.sqrt(len(series)), seed=seed)
    assert not naive.right and "independent" in naive.message
    assert "spread of single" in check("ising-6", series.std(), seed=seed).message


def test_the_librarys_blocking_passes_for_every_student():
    for seed in range(100):
        assert check("ising-6", ising.blocking(variant("ising-6", seed)).error, seed=seed).right, seed


def test_blocks_that_are_too_short_are_recognised():
    series = variant("ising-6", 3)
    pairs = series.reshape(-1, 2).mean(axis=1)
    reply = check("ising-6", pairs.std(ddof=1) / np.sqrt(len(pairs)), seed=3)
    assert not reply.right and "blocks of 2" in reply.message


def test_the_error_of_the_series_is_the_one_that_many_series_show():
    means = [variant("ising-6", seed).mean() for seed in range(200)]
    ratio = np.std(means, ddof=1) / chapter.series_error()
    assert abs(ratio - 1) < 4 / np.sqrt(2 * 199)  # a standard deviation from 200 numbers, four of its errors


# ---------------------------------------------------------------------------- typical slips


def doubled_bonds(spins, coupling, field):
    return 2 * independent_energy(spins, coupling, 0) + independent_energy(spins, 0, field)


def open_edges(spins, coupling, field):
    bonds = sum(int(a) * int(b) for a, b in zip(spins[1:].flat, spins[:-1].flat, strict=True))
    bonds += sum(int(a) * int(b) for a, b in zip(spins[:, 1:].flat, spins[:, :-1].flat, strict=True))
    return -coupling * bonds - field * int(spins.sum(dtype=int))


def ring(temperature, coupling, odd_count, odd_product):
    alike, odd = np.exp(3 * coupling / temperature), odd_count * np.exp(-coupling / temperature)
    return (alike + odd_product * odd) / (alike + odd)


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("ising-2", lambda t, j: np.tanh(j / t), "two spins alone"),
        ("ising-2", lambda t, j: independent_ring(1.0, j), "temperature is missing"),
        ("ising-2", lambda t, j: independent_ring(t, -j), "sign of the energy"),
        ("ising-2", lambda t, j: ring(t, j, odd_count=1, odd_product=-1 / 3), "Count the arrangements"),
        ("ising-2", lambda t, j: ring(t, j, odd_count=3, odd_product=-1), "two cases of three"),
        ("ising-3", doubled_bonds, "counted twice"),
        ("ising-3", open_edges, "wraps around"),
        ("ising-3", lambda s, j, h: independent_energy(s, -j, h), "sign of J"),
        ("ising-3", lambda s, j, h: independent_energy(s, j, -h), "sign of the field"),
        ("ising-3", lambda s, j, h: -independent_energy(s, j, h), "Both signs"),
        ("ising-3", lambda s, j, h: independent_energy(s, j, 0), "field's part"),
        ("ising-3", lambda s, j, h: independent_energy(s, 1, h), "J is not used"),
        ("ising-3", lambda s, j, h: independent_energy(s, j, h) / s.size, "per spin"),
        ("ising-5", 0, "maximum of F"),
        ("ising-5", -0.8586, "positive one"),
        ("ising-5", np.tanh(1.5), "one step"),
        ("ising-7", lambda s: s.mean(), "That is the magnetisation"),
        ("ising-7", lambda s: -independent_staggered(s), "convention"),
        ("ising-7", lambda s: abs(independent_staggered(s)), "tells the two chessboards apart"),
        ("ising-7", lambda s: independent_staggered(s) * s.size, "sum over the sites"),
        ("ising-8", 89.88, "k_B T_c itself"),
        ("ising-8", 203.95, "do not multiply"),
        ("ising-8", 22.47, "mean-field value 4"),
        ("ising-8", 0.0396, "electronvolts"),
        ("ising-8", 29.23, "Celsius"),
        ("ising-8", 459.6, "multiply by k_B"),
        ("ising-9", lambda k: np.tanh(k) ** 2, "undo the tanh"),
        ("ising-9", lambda k: 2 * independent_decimation(k), "factor 2"),
        ("ising-9", lambda k: k * k, "small K"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_a_function_that_is_partly_right_is_told_where():
    verdict = check("ising-3", lambda s, j, h: independent_energy(s, abs(j), h))
    assert verdict.passed and len(verdict.failed) == 1
    assert verdict.failed[0].startswith("the same with J = −0.5, h = 0: it returned ")
    assert "expected" in verdict.failed[0]


def test_a_number_off_by_something_else_hears_the_direction():
    assert check("ising-8", 60.0).message.endswith("it is too large.")
    assert check("ising-8", 10.0).message.endswith("it is too small.")


# ---------------------------------------------------------------------------- nonsense


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("40", "got '40'"),
        (None, "got None"),
        (True, "got True"),
        ([1.0, 2.0], "got 2 numbers"),
        (float("nan"), "got nan"),
        (np.inf, "got inf"),
        ({"J": 40}, "got {'J': 40}"),
        (len, "got a function"),
    ],
)
def test_what_is_not_a_number_is_named(answer, words):
    verdict = check("ising-8", answer)
    assert not verdict.right and words in verdict.message


def overwrites(spins, coupling, field):
    value = independent_energy(spins, coupling, field)
    spins[0, 0] *= -1
    return value


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (3.0, "Expected the function energy(spins, coupling, field) itself"),
        (lambda s, j, h: None, "is there a `return`?"),
        (lambda s: 0.0, "it raised TypeError"),
        (lambda s, j, h: 1 / 0, "it raised ZeroDivisionError"),
        (overwrites, "it changed its input"),
        (lambda s, j, h: s, "it returned shape (6, 6), expected ()"),
        (lambda s, j, h: np.nan, "it returned nan"),
        (lambda s, j, h: "low", "not a number"),
    ],
)
def test_functions_that_misbehave_are_told_how(answer, words):
    verdict = check("ising-3", answer)
    assert not verdict.right
    assert words in verdict.message or words in verdict.failed[0], str(verdict)


def test_the_data_of_the_checks_survive_a_careless_answer():
    check("ising-3", overwrites)
    assert check("ising-3", independent_energy).right


def test_the_module_is_reached_as_chapters_reach_it():
    assert exercises.check("ising-9", lambda k: 0.5 * np.log(np.cosh(2 * k))).right
