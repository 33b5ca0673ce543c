"""Hysteresis, the village and the magnet with words in Python: what they take, refuse, compute and show."""

import numpy as np
import pytest

from book_lib.explorables import Hysteresis, MagnetAndWords, Village
from book_lib.ising import grid_graph, ring_graph
from book_lib.probability import softmax

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
    assert f"{first.area:.2f}" in widget.describe()


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
    light, dark, png = widget.still()
    assert light.startswith("<svg")
    assert dark.startswith("<svg")
    assert light != dark
    assert png.startswith(b"\x89PNG")
    assert widget.still()[0] == light  # the same bytes each time
    assert len(widget.describe().split()) > 15


def test_alt_text_can_be_given() -> None:
    assert MagnetAndWords(alt="A magnet and words.").describe() == "A magnet and words."
