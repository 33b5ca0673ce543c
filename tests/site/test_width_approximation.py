"""Width and approximation in the page: errors and bounds are the library's, and the guess is judged by them."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from book_lib.explorables import WidthAndApproximation
from tests.site.driver import Live

FRESH = {"function": "sin", "width": 4, "activation": "relu", "outside": False, "guess": ""}


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
    assert "Right" in caption.inner_text()
    net.set(activation="sigmoid")
    assert "Right" not in caption.inner_text()
    net.set(guess="half")
    assert "Right" in caption.inner_text()


def test_a_corner_is_met_by_an_even_number_of_pieces(net: Live) -> None:
    assert net.set(**FRESH | {"function": "corner", "width": 8}).readouts()["error"] == pytest.approx(0, abs=1e-12)
    assert "right on the corner" in net.box.locator(".xp-caption").inner_text()
    assert net.set(width=9).readouts()["error"] == pytest.approx(1 / 9)


def test_beyond_the_domain_nothing_is_promised(net: Live) -> None:
    net.set(**FRESH)
    net.box.get_by_text("Look beyond the domain").click()
    assert net.settle().get("outside") is True
    assert "nothing is promised" in net.box.locator(".xp-caption").inner_text()
