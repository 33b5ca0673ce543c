"""The explorables' stylesheet, cut down to what one page can use.

Each explorable brings rules of its own, and every page would carry all of them. A rule is left out where it cannot
apply: it asks for a class that no script of the page can make, or for an explorable that is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import tinycss2

TOKEN = re.compile(r"[\w-]+")
PREFIX = "xp-"  # of all our classes
GROUPS = ("media", "container", "supports", "layer")


def needed(stylesheet: str, explorables: Iterable[str], texts: Iterable[str]) -> str:
    """The rules of a stylesheet that can apply on a page.

    Args:
        stylesheet: all rules.
        explorables: the names of those on the page, as in `data-explorable`.
        texts: scripts and body of the page. A class counts as made if it, or a beginning of it, occurs there
            (a script may write `xp-kl-${law}-top`), or what follows `xp-` (one may write `xp-${kind}`).

    >>> needed(".xp-a{top:0}.xp-b,.xp-kl-p-top{top:1px}@media print{.xp-b{top:0}}", [], ["`xp-kl-${law}-top`"])
    '.xp-b,.xp-kl-p-top{top:1px}'
    >>> needed('[data-explorable="zoom"] .xp-a{top:0}.xp-line{top:1px}', ["lattice"], ["'xp-a'", "['line']"])
    '.xp-line{top:1px}'
    """
    words = {word for text in texts for word in TOKEN.findall(text)}
    rules = tinycss2.parse_stylesheet(stylesheet, skip_comments=True, skip_whitespace=True)
    return _kept(rules, frozenset(explorables), words)


def _kept(rules: list, explorables: frozenset[str], words: set[str]) -> str:
    """Serialize the rules that can apply; a group, such as a media query, stays if one of its rules does."""
    starts = tuple(word for word in words if word.startswith(PREFIX) and len(word) > len(PREFIX))

    def makes(name: str) -> bool:
        if not name.startswith(PREFIX):
            return True
        return name.startswith(starts) or name.removeprefix(PREFIX) in words

    def keep(rule: tinycss2.ast.Node) -> str:
        if rule.type == "at-rule" and rule.lower_at_keyword in GROUPS and rule.content is not None:
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            body = "".join(map(keep, inner))
            return f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{body}}}" if body else ""
        if rule.type == "qualified-rule" and not _applies(rule.prelude, explorables, makes):
            return ""
        return rule.serialize()

    return "".join(map(keep, rules))


def _applies(prelude: list, explorables: frozenset[str], makes: Callable[[str], bool]) -> bool:
    """Whether one of the selectors, separated by commas, can match; what stands in parentheses is not asked."""
    possible, some = True, False
    for before, token in zip([None, *prelude], prelude, strict=False):
        if token == ",":
            possible, some = True, some or possible
        elif token.type == "ident" and before == ".":
            possible = possible and makes(token.value)
        elif token.type == "[] block":
            values = [part.value for part in token.content if part.type in ("ident", "string")]
            possible = possible and not (values[0] == "data-explorable" and set(values[1:]) - explorables)
    return some or possible
