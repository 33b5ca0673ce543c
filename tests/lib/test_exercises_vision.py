"""The checks of the chapter on vision: right answers pass, typical slips get their replies."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, signal, special, stats

from book_lib.exercises import check, names, variant

SEEDS = st.integers(min_value=0, max_value=10_000)


def correlate(image, kernel):
    return signal.correlate2d(image, kernel, mode="valid")


def image_slope(kernel, bars):
    return signal.convolve2d(bars, kernel, mode="full")


def compose(first, second):
    return signal.convolve2d(first, second, mode="full")


def partner(kernel):
    """Entry by entry: the last column becomes the first row."""
    h, w = kernel.shape
    return np.array([[kernel[c, w - 1 - r] for c in range(h)] for r in range(w)])


def highest(n, confidence):
    """By bisection: the share at which the chance of no alarm is 1 − confidence."""
    return optimize.brentq(
        lambda f: n * math.log1p(-f) - math.log1p(-confidence), 1e-12, 1 - 1e-12, xtol=1e-16, rtol=1e-14
    )


def black(p, side, times):
    """Pooling after pooling."""
    for _ in range(times):
        p = stats.binom.sf(0, side**2, p)
    return float(p)


def forget_bias(n):
    return special.logit(0.5 ** (1 / n))


RIGHT = {
    "vision-2": correlate,
    "vision-3": image_slope,
    "vision-5": compose,
    "vision-6": partner,
    "vision-7": highest,
    "vision-8": black,
    "vision-9": forget_bias,
}


def test_the_chapter_registers_its_checks():
    assert names("vision") == [f"vision-{n}" for n in (1, 2, 3, 5, 6, 7, 8, 9)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


def test_the_slope_of_the_image_is_a_difference_quotient():
    rng = np.random.default_rng(3)
    image, kernel, bars = rng.normal(size=(5, 4)), rng.normal(size=(2, 3)), rng.normal(size=(4, 2))
    quotients = np.zeros(image.shape)
    for place in np.ndindex(image.shape):
        step = np.zeros(image.shape)
        step[place] = 1e-6
        change = correlate(image + step, kernel) - correlate(image - step, kernel)
        quotients[place] = (change * bars).sum() / 2e-6
    assert image_slope(kernel, bars) == pytest.approx(quotients, abs=1e-8)


def test_two_kernels_in_a_row_are_their_convolution():
    rng = np.random.default_rng(4)
    image, first, second = rng.normal(size=(9, 8)), rng.normal(size=(3, 2)), rng.normal(size=(2, 3))
    in_turn = correlate(correlate(image, first), second)
    assert correlate(image, compose(first, second)) == pytest.approx(in_turn)
    assert compose(first, second) == pytest.approx(compose(second, first))


def test_a_turned_kernel_on_a_turned_image():
    rng = np.random.default_rng(5)
    image, kernel = rng.normal(size=(6, 8)), rng.normal(size=(3, 2))
    turned = correlate(np.rot90(image), partner(kernel))
    assert turned == pytest.approx(np.rot90(correlate(image, kernel)))


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_every_stack_has_its_answer_and_shows_every_slip(seed):
    layers = variant("vision-1", seed).layers
    assert len(layers) == 3 and all(2 <= k <= 7 and 1 <= s <= 3 for k, s in layers)
    seen = {0}  # which pixels the unit at place 0 sees, from the last layer back
    for kernel, stride in reversed(layers):
        seen = {place * stride + i for place in seen for i in range(kernel)}
    across = max(seen) - min(seen) + 1
    assert check("vision-1", across, seed=seed).right
    (k1, s1), (k2, s2), (k3, s3) = layers
    slips = (
        (k1 + k2 + k3, "sum of the kernels"),
        (k1 + k2 + k3 - 2, "strides of 1"),
        (1 + (k1 - 1) * s1 + (k2 - 1) * s1 * s2 + (k3 - 1) * s1 * s2 * s3, "those after it"),
        (k3 + (k2 - 1) * s3 + (k1 - 1) * s3 * s2, "other order"),
        (across - 1, "one is missing"),
        (across**2, "number of pixels"),
    )
    for answer, words in slips:
        verdict = check("vision-1", answer, seed=seed)
        assert not verdict.right and words in verdict.message, (answer, str(verdict))


def test_the_same_seed_gives_the_same_stack():
    assert variant("vision-1", 5) == variant("vision-1", 5)
    assert len({variant("vision-1", seed) for seed in range(40)}) > 30


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("vision-2", lambda x, k: signal.convolve2d(x, k, mode="valid"), "not turned"),
        ("vision-2", lambda x, k: -correlate(x, k), "The sign"),
        ("vision-2", lambda x, k: correlate(x, k)[:-1, :-1], "last row and column are missing"),
        ("vision-2", lambda x, k: correlate(x, k) / k.size, "a mean"),
        ("vision-3", lambda k, b: signal.correlate2d(b, k, mode="full"), "The kernel is not turned"),
        ("vision-3", lambda k, b: -image_slope(k, b), "The sign"),
        ("vision-3", lambda k, b: image_slope(np.ones_like(k), b), "weights are missing"),
        ("vision-3", lambda k, b: image_slope(k, np.ones_like(b)), "bars are missing"),
        ("vision-3", lambda k, b: image_slope(k, b)[: b.shape[0], : b.shape[1]], "The shape"),
        ("vision-5", lambda a, b: signal.correlate2d(a, b, mode="full"), "their correlation"),
        ("vision-5", lambda a, b: signal.correlate2d(b, a, mode="full"), "their correlation"),
        ("vision-5", lambda a, b: compose(a, b)[::-1, ::-1], "turned by 180°"),
        ("vision-6", lambda k: np.rot90(k, 3), "other way"),
        ("vision-6", lambda k: np.rot90(k, 2), "half turn"),
        ("vision-6", lambda k: k, "looks the same"),
        ("vision-6", lambda k: k.T, "no mirror"),
        ("vision-7", lambda n, c: 1 - highest(n, c), "1 − f"),
        ("vision-7", lambda n, c: highest(n, 1 - c), "0.05, not 0.95"),
        ("vision-7", lambda n, c: 3 / n, "rule of thumb"),
        ("vision-7", lambda n, c: -math.log(1 - c) / n, "rule for large n"),
        ("vision-7", lambda n, c: 0.0, "does not prove"),
        ("vision-7", lambda n, c: 1 / n, "37 %"),
        ("vision-8", lambda p, side, times: 1 - (1 - p) ** (side**2 * times), "do not add up"),
        ("vision-8", lambda p, side, times: 1 - (1 - p) ** (side**times), "side² pixels"),
        ("vision-8", lambda p, side, times: p ** (side ** (2 * times)), "one is enough"),
        ("vision-8", lambda p, side, times: 1 - black(p, side, times), "chance of white"),
        ("vision-8", lambda p, side, times: min(1.0, p * side ** (2 * times)), "do not simply add"),
        ("vision-9", lambda n: 0.5 ** (1 / n), "the gate f"),
        ("vision-9", lambda n: -forget_bias(n), "The sign"),
        ("vision-9", lambda n: math.log(n / math.log(2)), "large n"),
        ("vision-9", lambda n: math.log(2) / n, "−ln f"),
        ("vision-9", lambda n: special.logit(1 - 0.5 / n), "multiplies at each step"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(name, answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_an_output_as_large_as_the_image_is_told():
    def same(image, kernel):
        h, w = kernel.shape
        wide = np.pad(image, [((h - 1) // 2, h // 2), ((w - 1) // 2, w // 2)])
        return correlate(wide, kernel)

    verdict = check("vision-2", same)
    assert not verdict.right and "without padding" in verdict.message, str(verdict)


@pytest.mark.parametrize("name", [*RIGHT, "vision-1"])
@pytest.mark.parametrize("nonsense", [None, "seven", 1.5j, float("nan"), [1, [2]]])
def test_nonsense_is_answered_and_not_raised(name, nonsense):
    assert not check(name, nonsense).right
