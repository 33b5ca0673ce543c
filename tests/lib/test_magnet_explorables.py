"""Hysteresis, the village and the magnet with words in Python: what they take, refuse, compute and show."""

import re

import numpy as np
import pytest

from book_lib import ising, plotting
from book_lib.explorables import Hysteresis, Lattice, MagnetAndWords, Village, base
from book_lib.explorables.lattice import theory
from book_lib.ising import grid_graph, ring_graph
from book_lib.probability import softmax
from tests.lib.pictures import check_pictures

BAD = [
    (Hysteresis, {"temperature": 0.4}, "temperature"),
    (Hysteresis, {"temperature": float("nan")}, "temperature"),
    (Hysteresis, {"sweeps_per_step": 0}, "sweeps_per_step"),
    (Hysteresis, {"repeats": 21}, "repeats"),
    (Hysteresis, {"size": 2}, "size"),
    (Hysteresis, {"amplitude": float("inf")}, "amplitude"),
    (Village, {"friends": "family"}, "friends"),
    (Village, {"rewiring": 1.5}, "rewiring"),
    (Village, {"house": 0}, "house"),
    (Village, {"coupling": "strong"}, "coupling"),
    (Village, {"seed": -1}, "seed"),
    (MagnetAndWords, {"temperature": 0}, "temperature"),
    (MagnetAndWords, {"size": 9}, "size"),
    (MagnetAndWords, {"words": ["one"]}, "words"),
    (MagnetAndWords, {"words": ["same", "same"]}, "words"),
    (MagnetAndWords, {"words": "text"}, "words"),
    (MagnetAndWords, {"logits": [1.0]}, "logits"),
    (MagnetAndWords, {"words": ["a", "b"], "logits": [0.0, float("nan")]}, "logits"),
    (MagnetAndWords, {"words": ["a", "b"], "logits": ["0", "1"]}, "logits"),
    (MagnetAndWords, {"words": 5}, "words"),
    (Hysteresis, {"steps": 11, "start_at": 33}, "start_at"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        kind(**arguments)


def test_unknown_arguments_are_named() -> None:
    with pytest.raises(TypeError, match="no argument 'speed'"):
        Hysteresis(speed=3)


def test_hysteresis_magnets_draw_from_streams_of_their_own() -> None:
    widget = Hysteresis(seed=2, repeats=3)
    first, again, second = widget.loop(), widget.loop(), widget.loop(1)
    assert first.area == again.area
    assert first.area != second.area
    assert len(first.field) == widget.steps
    for magnet in (-1, 3):
        with pytest.raises(ValueError, match="magnet must be at "):
            widget.loop(magnet)
    assert Hysteresis(steps=11).start_at == 22


def test_hysteresis_runs_for_its_words_only_where_there_is_a_picture(monkeypatch) -> None:
    widget, runs = Hysteresis(seed=5), []
    real = ising.hysteresis
    monkeypatch.setattr(ising, "hysteresis", lambda *given: runs.append(given) or real(*given))
    assert "temperature 1.5" in widget.describe() and not runs
    monkeypatch.setattr(base, "BUILDING", True)
    widget.still()
    assert f"an area of {widget.loop().area:.2f}" in widget.describe() and len(runs) == 1


def test_village_is_the_one_that_its_settings_name() -> None:
    assert Village().poll().neighbors == grid_graph(10)
    assert Village(friends="ring").poll().neighbors == ring_graph(100, 4)
    few, more = (Village(friends="ring", rewiring=p).poll().neighbors for p in (0.05, 0.2))
    moved = [
        {(i, j) for i, near in enumerate(ring_graph(100, 4)) for j in near if j not in graph[i]}
        for graph in (few, more)
    ]
    assert len(moved[0] - moved[1]) <= 4  # a chance new friend apart, the first short cuts stay
    assert len(moved[1]) > len(moved[0])


def test_magnet_melts_at_one() -> None:
    cold, hot = MagnetAndWords(temperature=0.5), MagnetAndWords(temperature=5.0)
    assert abs(cold.magnet().magnetization) > 0.95
    assert abs(hot.magnet().magnetization) < 0.15
    np.testing.assert_allclose(hot.probabilities(), softmax(hot.logits, 5.0))


@pytest.mark.parametrize(
    "widget",
    [Hysteresis(), Village(), Village(friends="ring", rewiring=0.1), MagnetAndWords()],
    ids=["hysteresis", "grid", "ring", "magnet and words"],
)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


def test_far_apart_logits_have_a_picture() -> None:
    assert MagnetAndWords(words=["a", "b"], logits=[1000, 0], size=8).still()[0].startswith("<svg")


def test_words_and_logits_are_checked_on_assignment() -> None:
    widget = MagnetAndWords()
    with pytest.raises(ValueError, match="words must be 2 to 12"):
        widget.words = ["same", "same"]
    with pytest.raises(ValueError, match="logits must be finite"):
        widget.logits = [float("inf")] * 8
    widget.words = ["yes", "no"]
    with pytest.raises(ValueError, match="each of the 2 words, got 8"):
        widget.probabilities()
    widget.logits = [0, 1]
    assert widget.probabilities().shape == (2,)


@pytest.mark.parametrize(
    ("settings", "words", "curves"),
    [
        ({}, "magnetisation against temperature with the exact curve, which falls to zero at 2.269, .* at 4, and", 2),
        ({"coupling": 2}, "zero at 4.538, .* at 8, beyond the end of the axis, and the point", 2),
        ({"coupling": 0.5}, "zero at 1.135, .* at 2, and the point", 2),
        ({"field": 0.5}, "with the curve of mean field in this field and the point", 1),
        ({"coupling": -1}, "of staggered magnetisation against temperature with the exact curve, .* at 2.269", 2),
        ({"coupling": -1, "field": 1}, "temperature with the point", 0),
        ({"coupling": 0, "field": 1}, "with the exact curve of spins without neighbours and the point", 1),
    ],
)
def test_lattice_says_what_it_draws(settings, words, curves) -> None:
    widget = Lattice(size=32, **settings)
    assert re.search(words, widget.describe())
    drawn = theory(np.array([1.0, 2.0]), widget.field, widget.coupling)
    assert sum(one is not None for one in drawn) == curves


def test_cold_antiferromagnet_shows_its_staggered_order(monkeypatch) -> None:
    points = []
    real = plotting.figure

    def figure(*given, **named):
        drawn, axes = real(*given, **named)
        points.append(axes[1])
        return drawn, axes

    monkeypatch.setattr(plotting, "figure", figure)
    Lattice(size=32, coupling=-1, temperature=0.5, start="ordered").still()
    assert points[0].lines[-1].get_ydata() == [1.0] and points[0].get_ylabel() == "staggered $|m|$"


def test_alt_text_can_be_given() -> None:
    assert MagnetAndWords(alt="A magnet and words.").describe() == "A magnet and words."
