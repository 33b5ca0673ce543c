"""Width and approximation in the page: errors and bounds are the library's, and the guess is judged by them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from book_lib.explorables import WidthAndApproximation
from tests.site.driver import Live

FRESH = {"function": "sin", "width": 4, "activation": "relu", "outside": False, "guess": "half"}


@pytest.fixture
def net(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page("chapters/neural_networks.html", alone="width_approximation"), "width_approximation")


def test_errors_and_bounds_are_the_librarys(net: Live) -> None:
    for function in ("sin", "corner", "root"):
        for activation in ("relu", "sigmoid"):
            for width in (1, 5, 16):
                settings = {"function": function, "activation": activation, "width": width}
                shown = net.set(**FRESH | settings).readouts()
                wanted = WidthAndApproximation(**settings)
                assert shown["error"] == pytest.approx(wanted.error(), rel=1e-9, abs=1e-12)
                assert shown["bound"] == pytest.approx(wanted.bound())
                assert shown["error"] <= shown["bound"] * (1 + 1e-9)
                assert shown["error_doubled"] == pytest.approx(wanted.error(2 * width), rel=1e-9, abs=1e-12)


def test_twice_the_width_is_a_quarter_for_sin_and_a_half_for_steps(net: Live) -> None:
    caption = net.box.locator(".xp-caption")
    net.set(**FRESH | {"width": 16, "guess": "quarter"})
    assert ": right." in caption.inner_text()
    net.set(activation="sigmoid")
    assert ": no." in caption.inner_text()
    net.set(guess="half")
    assert ": right." in caption.inner_text()
    net.set(function="root", guess="root")
    assert ": right." in caption.inner_text()
    net.set(function="sin", activation="relu", width=4, guess="quarter")
    assert "divided by 2.99. You foretold 4, which comes nearest here" in caption.inner_text()
    net.set(width=1)
    assert "not yet, but so it is for short pieces" in caption.inner_text()


def test_the_guess_comes_before_the_plot_and_again_for_another_function(net: Live) -> None:
    net.set(**FRESH | {"guess": ""})
    shown = net.readouts()
    assert (shown["error_doubled"], shown["factor"]) == ("?", "?")
    assert "0.0704" not in net.box.inner_text()
    assert "Foretell" in net.box.locator(".xp-caption").inner_text()
    net.box.locator(".xp-segment label").get_by_text("4", exact=True).click()
    assert net.settle().readouts()["factor"] == pytest.approx(0.2105 / 0.0704, abs=0.01)
    net.box.get_by_text("Root", exact=True).click()
    assert net.settle().get("guess") == ""
    assert net.readouts()["factor"] == "?"


def test_the_table_holds_errors_and_widths_not_their_logarithms(net: Live) -> None:
    net.set(**FRESH | {"guess": "quarter"})
    net.button("Show as table").click()
    table = net.box.locator(".xp-table table", has_text="The largest error against the width")
    rows = [row.split("\t") for row in table.locator("tbody tr").all_inner_texts()]
    assert [row[0] for row in rows][:4] == ["1", "2", "3", "4"]
    assert rows[3] == ["4", "0.21051", "0.30843"]


def test_a_corner_is_met_by_an_even_number_of_pieces(net: Live) -> None:
    assert net.set(**FRESH | {"function": "corner", "width": 8}).readouts()["error"] == pytest.approx(0, abs=1e-12)
    assert "right on the corner" in net.box.locator(".xp-caption").inner_text()
    assert net.set(width=9).readouts()["error"] == pytest.approx(1 / 9)


def test_beyond_the_domain_nothing_is_promised(net: Live) -> None:
    net.set(**FRESH)
    net.box.get_by_text("Look beyond the domain").click()
    assert net.settle().get("outside") is True
    assert "nothing is promised" in net.box.locator(".xp-caption").inner_text()
