"""Give each chapter the number of its part in the syllabus, whatever else the book holds by now.

Sphinx counts the chapters of the table of contents. The book is written part by part, so the ninth part may be
the first to appear; it is chapter 9 all the same, and its first figure is 9.1, today and when all are there.
`book_parts` in `_config.yml` names the number of each chapter; a part in two files has letters, 2a and 2b.
"""

from __future__ import annotations

from collections.abc import Callable

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx_external_toc.collectors import TocTreeCollectorWithStyles as Collector

Numbers = dict[str, dict[str, tuple[int | str, ...]]]


def shift(number: list[int] | tuple[int, ...] | None, part: int | str) -> tuple[int | str, ...]:
    """Return a section number with its first place replaced: (1, 3) in part 9 is (9, 3), in 2b it is (2b, 3)."""
    return (part, *number[1:]) if number else ()


def renumber(env: BuildEnvironment, docname: str, part: int | str) -> None:
    """Put the part's number into all three places where Sphinx keeps the numbers of a document."""
    sections = env.toc_secnumbers[docname]
    env.toc_secnumbers[docname] = {anchor: shift(number, part) for anchor, number in sections.items()}
    for reference in env.tocs[docname].findall(nodes.reference):
        if reference.get("secnumber"):
            reference["secnumber"] = list(shift(reference["secnumber"], part))
    title = env.titles[docname]
    if title.get("secnumber"):
        title["secnumber"] = list(shift(title["secnumber"], part))


def with_parts(assign: Callable) -> Callable:
    """Wrap the numbering of sphinx-external-toc; figures are numbered after sections, so they follow."""

    def assign_section_numbers(self: Collector, env: BuildEnvironment) -> list[str]:
        before: Numbers = env.toc_secnumbers
        assign(self, env)
        for docname, part in env.config.book_parts.items():
            if docname in env.toc_secnumbers:
                renumber(env, docname, part)
        return [name for name, numbers in env.toc_secnumbers.items() if numbers != before.get(name)]

    assign_section_numbers.numbers_parts = True  # type: ignore[attr-defined]
    return assign_section_numbers


def setup(app: Sphinx) -> None:
    """Declare `book_parts` and wrap the collector, once per process."""
    app.add_config_value("book_parts", {}, "env", [dict])
    if not hasattr(Collector.assign_section_numbers, "numbers_parts"):
        Collector.assign_section_numbers = with_parts(Collector.assign_section_numbers)
