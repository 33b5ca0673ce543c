"""Models by date in the page: ratios are the library's, every point is reached by keys, and each row has a source."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from book_lib.explorables import Timeline
from tests.site.driver import Live

PAGE = "chapters/landscape.html"
NAME = "timeline"
Opener, Finder = Callable[..., Page], Callable[..., Live]


@pytest.fixture
def line(open_page: Opener, live: Finder) -> Live:
    return live(open_page(PAGE, alone=NAME), NAME)


def rows(x: Live) -> list[dict]:
    """The page's models, as they were handed over."""
    names = ("name", "date", "parameters", "source", "maker", "active", "checked", "remark")
    return [{name: row[name] for name in names} | {"open": row["weights"]} for row in x.get("models")]


def caption(x: Live) -> str:
    return x.box.locator(".xp-tl > .xp-caption").inner_text()


def test_ratios_are_the_librarys(line: Live) -> None:
    models = rows(line)
    line.set(prediction="skipped")
    names = [one["name"] for one in models]
    for base, chosen in zip(names, names[1:] + names[:1], strict=True):
        wanted = Timeline(models, base=base, chosen=chosen)
        shown = line.set(base=base, chosen=chosen).readouts()
        for name, value in (("ratio", wanted.ratio()), ("doubling", wanted.doubling())):
            assert shown[name] == ("–" if value is None else pytest.approx(value, rel=1e-9))
        assert shown["months"] == pytest.approx(wanted.months(), abs=1e-9)
        assert f"Source: {wanted.model(chosen)['source']}" in caption(line)


def test_the_slides_two_ratios(line: Live) -> None:
    line.set(prediction="skipped", base="GPT-2", chosen="GPT-3")
    assert "GPT-3 has 116.7 times the parameters of GPT-2" in caption(line)
    assert "PaLM has 3.09 times" in caption(line.set(base="GPT-3", chosen="PaLM"))


def test_every_point_is_reached_by_keys(line: Live) -> None:
    models = rows(line)
    points = line.box.get_by_role("listbox")
    points.press("Home")
    seen = []
    for _ in models:
        seen.append(line.settle().get("chosen"))
        spoken = line.box.locator(f"#{points.get_attribute('aria-activedescendant')}")
        assert spoken.get_attribute("aria-label").startswith(seen[-1])
        expect(spoken).to_have_attribute("aria-selected", "true")
        points.press("ArrowRight")
    assert seen == [one["name"] for one in models]
    points.press("Enter")
    assert line.settle().get("base") == seen[-1]


def test_up_and_down_go_by_size(line: Live) -> None:
    models = rows(line)
    points = line.box.get_by_role("listbox")
    for _ in models:
        points.press("ArrowDown")
    sizes = []
    for _ in models:
        sizes.append(Timeline(models).model(line.settle().get("chosen"))["parameters"] or 0)
        points.press("ArrowUp")
    assert sizes == sorted(one["parameters"] or 0 for one in models)


def test_points_lie_by_date_and_size(line: Live) -> None:
    """Against the axes: the gridlines are whole powers of ten, and dates ascend from left to right."""
    models = rows(line)
    boxes = [one.bounding_box() for one in line.box.locator("[role=option] .xp-tl-mark").all()]
    across = [box["x"] + box["width"] / 2 for box in boxes]
    assert across == sorted(across)
    up = {one["parameters"]: box["y"] + box["height"] / 2 for one, box in zip(models, boxes, strict=True)}
    known = sorted(size for size in up if size)
    assert [up[size] for size in known] == sorted((up[size] for size in known), reverse=True)
    if None in up:
        assert up[None] > max(up[size] for size in known)


def test_a_press_chooses_and_a_second_compares(line: Live) -> None:
    mark = line.box.locator("[role=option] .xp-tl-mark").first
    mark.click(force=True)
    first = rows(line)[0]["name"]
    assert line.settle().get("chosen") == first
    line.set(base=rows(line)[-1]["name"])
    mark.click(force=True)
    assert line.settle().get("base") == first


def test_the_bet_is_answered_and_hides_the_ratio_before(line: Live) -> None:
    assert line.readouts()["ratio"] == "?" and "times" not in caption(line)
    card = line.box.locator(".xp-bet")
    ratio = Timeline(rows(line), base=line.get("base"), chosen=line.get("chosen")).ratio()
    assert f"about {float(f'{ratio:.2g}'):g} times" == card.get_by_role("button").nth(2).inner_text()
    card.get_by_role("button").first.press("Enter")
    expect(card).to_have_count(0)
    assert "You bet on about" in caption(line.settle())
    assert line.readouts()["ratio"] == pytest.approx(ratio)
    assert "You bet right" in caption(line.set(prediction="many"))


def test_what_is_active_for_a_token_counts_if_asked(line: Live) -> None:
    models = rows(line)
    sparse = next(one["name"] for one in reversed(models) if one["active"])
    line.set(prediction="skipped", base="GPT-3", chosen=sparse)
    before = line.readouts()
    line.box.get_by_text("active for a token", exact=True).first.click()
    after = line.settle().readouts()
    wanted = Timeline(models, base="GPT-3", chosen=sparse, count="active")
    assert after["ratio"] == pytest.approx(wanted.ratio()) and after["ratio"] < before["ratio"]
    assert after["parameters"] == wanted.size(sparse)


def test_some_stand_out(line: Live) -> None:
    dim = line.box.locator(".xp-tl-off")
    expect(dim).to_have_count(0)
    line.box.get_by_text("closed weights", exact=True).last.click()
    wanted = sum(one["open"] != "closed" for one in rows(line))
    expect(dim).to_have_count(wanted)


def test_the_table_has_a_source_and_a_date_in_every_row(line: Live) -> None:
    line.button("Show as table").click()
    body = line.box.locator(".xp-table table").first.locator("tbody tr")
    cells = body.evaluate_all("all => all.map(row => [...row.cells].map(cell => cell.textContent))")
    assert len(cells) == len(rows(line))
    assert all(row[2][:4].isdigit() and row[6].strip() for row in cells)


@pytest.mark.parametrize("address", ["chosen=GPT-9", "base=", "weights=half", "count=few", "prediction=lots"])
def test_a_foreign_address_changes_nothing(open_page: Opener, live: Finder, address: str) -> None:
    names = ("chosen", "base", "count", "weights", "prediction")
    plain = live(open_page(PAGE, alone=NAME), NAME)
    x = live(open_page(f"{PAGE}#xp:{NAME}.{address}", alone=NAME), NAME)
    assert {name: x.get(name) for name in names} == {name: plain.get(name) for name in names}


def test_it_fits_a_phone(open_page: Opener, live: Finder) -> None:
    x = live(open_page(PAGE, alone=NAME, width=360), NAME)
    assert x.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert x.box.locator(".xp-tl .xp-plot-svg").bounding_box()["width"] > 280


def test_what_is_not_closed_stands_out(line: Live) -> None:
    """Models on request stand out with the open ones, and the control says so."""
    asked = sum(one["open"] == "on request" for one in rows(line))
    opened = sum(one["open"] == "open" for one in rows(line))
    assert asked and opened
    line.box.get_by_text("not closed", exact=True).click()
    expect(line.box.locator("[role=option]:not(.xp-tl-off)")).to_have_count(asked + opened)


CLASHES = """box => {
  const inner = (e, d) => { const r = e.getBoundingClientRect(); return {l: r.left + 1, r: r.right - 1, t: r.top + d, b: r.bottom - d}; };
  const names = [...box.querySelectorAll('.xp-tl-name')].map(e => [e.textContent, inner(e, 3)]);
  const marks = [...box.querySelectorAll('[role=option] .xp-tl-mark')].map((e, i) => [`mark ${i}`, inner(e, 1)]);
  const hit = (a, b) => a.l < b.r && b.l < a.r && a.t < b.b && b.t < a.b;
  const all = [...names, ...marks];
  return names.flatMap(([name, a], i) => all.filter(([, b], k) => k > i && hit(a, b)).map(([other]) => `${name} on ${other}`));
}"""  # noqa: E501


@pytest.mark.parametrize(("width", "most_unnamed"), [(1280, 3), (360, 8)])
def test_names_hide_nothing(open_page: Opener, live: Finder, width: int, most_unnamed: int) -> None:
    x = live(open_page(PAGE, alone=NAME, width=width), NAME)
    names = [one["name"] for one in rows(x)]
    for chosen, base in (("GPT-3", "GPT-2"), (names[-1], names[0]), ("Llama 3.1", names[-1])):
        box = x.set(chosen=chosen, base=base).box
        assert box.evaluate(CLASHES) == []
        named = box.locator(".xp-tl-name").all_text_contents()
        assert len(named) >= len(names) - most_unnamed and "Kimi K2" in named
