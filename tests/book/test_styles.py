"""The stylesheet of the explorables on a page: all that applies there, and less than all there is."""

import re

import pytest
from bs4 import BeautifulSoup

from book_ext.page import DIST
from book_ext.styles import needed

RULES = {
    "class of the page": (".xp .xp-mine{top:0}", True),
    "class of another": (".xp .xp-other{top:0}", False),
    "one selector of two": (".xp-other,.xp-mine{top:0}", True),
    "both classes needed": (".xp-mine .xp-other{top:0}", False),
    "negated": (".xp-mine:not(.xp-other){top:0}", True),
    "any of": (":is(.xp-other,.xp-mine){top:0}", True),
    "no class of ours": ("figure>div{top:0}", True),
    "this explorable": ('.xp[data-explorable="zoom"] .xp-mine{top:0}', True),
    "another explorable": ('.xp[data-explorable="lattice"] .xp-mine{top:0}', False),
    "any explorable": (".xp[data-explorable] .xp-mine{top:0}", True),
    "a name in two parts": (".xp-kl-p-top{top:0}", True),
    "a kind": (".xp-theory{top:0}", True),
    "key frames": ("@keyframes turn{to{rotate:1turn}}", True),
    "a group that applies": ("@container (width > 30rem){.xp-mine{top:0}}", True),
    "a group that does not": ("@media print{.xp-other{top:0}}", False),
}


@pytest.mark.parametrize("rule, kept", RULES.values(), ids=RULES)
def test_a_rule_stays_where_it_can_apply(rule, kept):
    texts = ['h("p", {class: "xp-mine"})', "`xp-kl-${law}-top`", 'line({kind: "theory"})']
    assert bool(needed(rule, ["zoom"], texts)) is kept


def test_a_group_keeps_only_what_applies():
    css = "@media (width<9rem){.xp-a{top:0}.xp-b{top:0}@supports (top:0){.xp-b{top:1px}}}"
    assert needed(css, [], ['"xp-a"']) == "@media (width<9rem){.xp-a{top:0}}"


def test_nothing_is_lost_where_everything_is_shown():
    """No rule of the book is for a class that no explorable makes."""
    css = (DIST / "kit.css").read_text("utf-8")
    modules = sorted(DIST.glob("*.js"))
    whole = needed(css, [path.stem for path in modules], [path.read_text("utf-8") for path in modules])
    assert set(re.findall(r"\.xp-[\w-]+", css)) == set(re.findall(r"\.xp-[\w-]+", whole))
    assert len(whole) >= 0.999 * len(css.strip())


def test_the_order_stays():
    css = ".xp-a{top:0}.xp-b{top:0}.xp-a{top:1px}"
    assert needed(css, [], ['"xp-a xp-b"']) == css


@pytest.mark.parametrize("markup", ['<p class="xp-mine">', "<p>"])
def test_what_is_kept_is_what_matches(markup):
    """Against a selector engine of others: each rule that matches in the page is kept."""
    html = f'<div class="xp" data-explorable="zoom">{markup}<i class="xp-other"></i></div>'
    page = BeautifulSoup(html, "html.parser")
    texts = [markup, 'class: "xp-other"']
    selectors = (".xp .xp-mine", ".xp-mine + .xp-other", '[data-explorable="zoom"] p', ".xp-gone, .xp-other")
    for selector in selectors:
        if page.select(selector):
            assert needed(f"{selector}{{top:0}}", ["zoom"], texts)
