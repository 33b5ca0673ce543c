"""Chapters carry the number of their part in the syllabus (book_ext/numbering.py)."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from docutils import nodes

from book_ext.numbering import renumber, shift, with_parts

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("number", "expected"), [((1,), (9,)), ([1, 3, 2], (9, 3, 2)), ((), ()), (None, ())]
)
def test_shift_replaces_the_first_place_alone(number, expected):
    assert shift(number, 9) == expected
    assert shift(number, "2b") == tuple("2b" if place == 9 else place for place in expected)


def book():
    """What Sphinx keeps of a chapter that it has counted as the first."""
    reference = nodes.reference("", "", secnumber=[1, 2])
    return SimpleNamespace(
        config=SimpleNamespace(book_parts={"chapters/ising": 9, "chapters/absent": 3}),
        toc_secnumbers={"chapters/ising": {"": (1,), "#village": (1, 2)}, "appendix": {"": ()}},
        tocs={"chapters/ising": nodes.bullet_list("", nodes.list_item("", reference))},
        titles={"chapters/ising": nodes.title("", "", secnumber=[1])},
    )


def test_all_three_places_change():
    env = book()
    renumber(env, "chapters/ising", 9)
    assert env.toc_secnumbers["chapters/ising"] == {"": (9,), "#village": (9, 2)}
    assert [r["secnumber"] for r in env.tocs["chapters/ising"].findall(nodes.reference)] == [[9, 2]]
    assert env.titles["chapters/ising"]["secnumber"] == [9]


def test_pages_are_rewritten_only_when_their_numbers_change():
    env = book()
    counted = env.toc_secnumbers

    def assign(self, env):
        env.toc_secnumbers = dict(counted)

    numbering = with_parts(assign)
    env.toc_secnumbers = {}
    assert numbering(None, env) == ["chapters/ising", "appendix"]
    assert numbering(None, env) == []


def test_parts_agree_with_the_route_on_the_landing_page():
    """The number of each chapter, in the configuration, is the one that index.md gives its part."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    parts = config["sphinx"]["config"]["book_parts"]
    rows = re.findall(r"^\| (\d+) (.*?) \|", (ROOT / "index.md").read_text("utf-8"), re.M)
    route = {name: number for number, row in rows for name in re.findall(r"\]\((chapters/[\w-]+)\.md\)", row)}
    assert {name: re.match(r"\d+", str(part))[0] for name, part in parts.items()} == route
    assert len(set(parts.values())) == len(parts), "two chapters share a number"
