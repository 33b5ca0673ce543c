"""The divergence both ways: the numbers are the library's, pulled bars stay laws, and each fit seeks its own."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page
from scipy.integrate import quad
from scipy.stats import norm

from book_lib.probability import cross_entropy, entropy, kl_divergence
from tests.site.driver import Live

PAGE = "chapters/information.html"
FRESH = {
    "view": "bars",
    "p": [0.7, 0.2, 0.1],
    "q": [0.3, 0.3, 0.4],
    "units": "nats",
    "mean": 1,
    "width": 1,
    "distance": 2,
}


@pytest.fixture
def kl(open_page: Callable[..., Page], live: Callable[..., Live]) -> Live:
    return live(open_page(PAGE, alone="kl_both_ways"), "kl_both_ways")


def start(x: Live, **settings: object) -> Live:
    return x.set(**FRESH | settings)


LAWS = [
    ([0.7, 0.2, 0.1], [0.3, 0.3, 0.4]),
    ([1, 0, 0, 0], [0.91, 0.03, 0.03, 0.03]),
    ([0.5, 0.5], [0.5, 0.5]),
    ([0.5, 0.3, 0.2], [0.6, 0.4, 0]),
    ([0.1, 0.2, 0.3, 0.15, 0.05, 0.2], [0.2, 0.1, 0.05, 0.15, 0.3, 0.2]),
]


def test_readouts_are_the_librarys(kl: Live) -> None:
    for p, q in LAWS:
        for units, base in (("nats", math.e), ("bits", 2)):
            shown = start(kl, p=p, q=q, units=units).readouts()
            expected = {
                "kl_pq": kl_divergence(p, q, base), "kl_qp": kl_divergence(q, p, base),
                "entropy_p": entropy(p, base), "entropy_q": entropy(q, base),
                "cross_pq": cross_entropy(p, q, base), "cross_qp": cross_entropy(q, p, base),
            }  # fmt: skip
            for name, value in expected.items():
                assert shown[name] == pytest.approx(value, rel=1e-12, abs=1e-12), (name, p, q)


def test_the_syllabus_values(kl: Live) -> None:
    shown = start(kl).readouts()
    assert (round(shown["kl_pq"], 5), round(shown["kl_qp"], 5)) == (0.37339, 0.42197)
    kl.button("One-hot").click()
    assert kl.settle().readouts()["cross_pq"] == pytest.approx(0.13606, abs=5e-6)


def test_a_pulled_bar_leaves_a_law(kl: Live) -> None:
    """By pointer and by keys: the others share the rest in the proportions they had."""
    start(kl)
    top = kl.box.get_by_role("slider", name="p of outcome 1")
    top.press("ArrowUp")
    p = kl.settle().get("p")
    assert p[0] == pytest.approx(0.71)
    assert sum(p) == pytest.approx(1, abs=1e-12)
    assert p[1] / p[2] == pytest.approx(2)
    spot = kl.box.get_by_role("slider", name="q of outcome 3").bounding_box()
    x, y = spot["x"] + spot["width"] / 2, spot["y"] + spot["height"] / 2
    kl.page.mouse.move(x, y)
    kl.page.mouse.down()
    kl.page.mouse.move(x, y - 40, steps=3)
    kl.page.mouse.up()
    q = kl.settle().get("q")
    assert q[2] > 0.5
    assert sum(q) == pytest.approx(1, abs=1e-12)
    assert q[0] == pytest.approx(q[1])
    assert kl.readouts()["kl_pq"] == pytest.approx(kl_divergence(p, q), rel=1e-12)


def test_what_q_forbids_costs_infinity_one_way_only(kl: Live) -> None:
    start(kl).box.get_by_role("slider", name="q of outcome 2").press("Home")
    shown = kl.settle().readouts()
    assert shown["kl_pq"] == math.inf
    assert shown["cross_pq"] == math.inf
    assert math.isfinite(shown["kl_qp"])
    text = kl.box.locator(".xp-caption").inner_text()
    assert "outcome 2" in text
    assert "infinite" in text
    assert kl.box.locator(".xp-kl-endless").count() == 2  # the part and the sum


def columns(x: Live) -> np.ndarray:
    """Signed heights of the columns of the right-hand plot, in its units."""
    return np.array(
        x.box.evaluate(
            """el => {
                const svg = el.querySelectorAll('.xp-kl .xp-plot-svg')[1];
                const axis = svg.querySelector('.xp-layer .xp-axis').getAttribute('d');
                const zero = Number(/M\\S+ (\\S+?)H/.exec(axis)[1]);
                return [...svg.querySelectorAll('.xp-layer rect')].map(r => {
                    const y = Number(r.getAttribute('y')), height = Number(r.getAttribute('height'));
                    return y + height <= zero + 0.8 ? height : -height;
                });
            }"""
        )
    )


def test_the_columns_are_the_terms_and_their_sums(kl: Live) -> None:
    start(kl)
    p, q = np.array(FRESH["p"]), np.array(FRESH["q"])
    terms = np.stack([p * np.log(p / q), q * np.log(q / p)], axis=1)
    expected = np.concatenate([terms, terms.sum(axis=0, keepdims=True)]).ravel()
    seen = columns(kl)
    scale = seen @ expected / (expected @ expected)
    np.testing.assert_allclose(seen / scale, expected, atol=0.01)


def log_humps(x: float, distance: float) -> float:
    return np.logaddexp(norm.logpdf(x, -distance, 0.6), norm.logpdf(x, distance, 0.6)) - math.log(2)


def test_bells_against_quadrature(kl: Live) -> None:
    for mean, width, distance in ((1.0, 1.0, 2.0), (-0.5, 2.0, 1.0), (2.0, 0.6, 3.0), (0.0, 4.0, 0.0)):
        shown = start(kl, view="fit", mean=mean, width=width, distance=distance).readouts()

        def forward(x: float, law: tuple = (mean, width, distance)) -> float:
            log = log_humps(x, law[2])
            return math.exp(log) * (log - norm.logpdf(x, law[0], law[1]))

        def reverse(x: float, law: tuple = (mean, width, distance)) -> float:
            log = norm.logpdf(x, law[0], law[1])
            return math.exp(log) * (log - log_humps(x, law[2]))

        ends = (-40, 40)
        stops = [-distance, 0, distance, mean]
        assert shown["kl_pq"] == pytest.approx(quad(forward, *ends, points=stops, limit=400)[0], abs=1e-7)
        assert shown["kl_qp"] == pytest.approx(quad(reverse, *ends, points=stops, limit=400)[0], abs=1e-7)
        assert shown["cross_pq"] == pytest.approx(shown["entropy_p"] + shown["kl_pq"])


def test_mean_seeking_takes_over_the_moments(kl: Live) -> None:
    start(kl, view="fit", mean=-1.5, width=0.5)
    kl.button("Minimise KL(p‖q)").click()
    assert kl.settle().get("mean") == pytest.approx(0, abs=1e-9)
    assert kl.get("width") == pytest.approx(math.hypot(2, 0.6), abs=6e-5)
    assert "mean and the variance" in kl.box.locator(".xp-caption").inner_text()


def test_mode_seeking_finds_the_near_hump(kl: Live) -> None:
    for mean, side in ((1, 1), (-1, -1)):
        start(kl, view="fit", mean=mean)
        kl.button("Minimise KL(q‖p)").press("Enter")
        assert kl.settle().get("mean") == pytest.approx(2 * side, abs=0.01)
        assert kl.get("width") == pytest.approx(0.6, abs=0.01)
        assert kl.readouts()["kl_qp"] == pytest.approx(math.log(2), abs=0.005)
        assert "one hump" in kl.box.locator(".xp-caption").inner_text()
    start(kl, view="fit", mean=0, width=2)
    kl.button("Minimise KL(q‖p)").click()
    assert kl.settle().get("mean") == pytest.approx(0, abs=1e-3)
    assert kl.readouts()["kl_qp"] == pytest.approx(1.1384, abs=1e-3)
    assert "from the middle" in kl.box.locator(".xp-caption").inner_text()


def test_the_bell_can_be_pulled(kl: Live) -> None:
    start(kl, view="fit")
    kl.box.get_by_role("slider", name="Top of q").press("ArrowLeft")
    assert kl.settle().get("mean") == pytest.approx(0.95)
    kl.box.get_by_role("slider", name="Flank of q").press("ArrowUp")
    assert kl.settle().get("width") == pytest.approx(1.05)


def test_a_lively_reader_sees_the_bell_glide(
    open_page: Callable[..., Page], live: Callable[..., Live]
) -> None:
    x = live(open_page(PAGE, reduced=False, alone="kl_both_ways"), "kl_both_ways")
    start(x, view="fit", mean=-3, width=0.4)
    x.button("Minimise KL(p‖q)").click()
    handle = x.box.element_handle()
    x.page.wait_for_function(
        "el => Math.abs(el.closest('.explorable-live').model.get('mean')) < 1e-9", arg=handle
    )
    assert x.get("width") == pytest.approx(math.hypot(2, 0.6), abs=6e-5)
