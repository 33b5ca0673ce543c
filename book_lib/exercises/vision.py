"""Checks and data for the exercises of the chapter on vision and convolution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..rng import CounterRNG
from . import Verdict, exercise
from ._grading import Case, Slip, grade_function, grade_number

# --- vision-1: how far a unit sees (with variants) ----------------------------------------------------------


@dataclass(frozen=True)
class Stack:
    """Data of ``vision-1``: three layers, each a pair (kernel, stride), the first one first."""

    layers: tuple[tuple[int, int], ...]


def stack_puzzle(seed: int) -> Stack:
    """Draw three layers such that every typical slip gives another number."""
    rng = CounterRNG(seed, stream=1)
    while True:
        layers = tuple((int(rng.integers(2, 8)), int(rng.integers(1, 4))) for _ in range(3))
        puzzle = Stack(layers)
        values = [field_of_view(layers), *(slip.answer for slip in _field_slips(puzzle))]
        if len(set(values)) == len(values):
            return puzzle


def field_of_view(layers: tuple[tuple[int, int], ...]) -> int:
    """Return 1 + Σ (k_l − 1) Π_{m<l} s_m."""
    across, apart = 1, 1
    for kernel, stride in layers:
        across, apart = across + (kernel - 1) * apart, apart * stride
    return across


def _with_own_stride(layers: tuple[tuple[int, int], ...]) -> int:
    """Each layer's own stride counted with those before it."""
    across, apart = 1, 1
    for kernel, stride in layers:
        apart *= stride
        across += (kernel - 1) * apart
    return across


def _field_slips(puzzle: Stack) -> tuple[Slip, ...]:
    layers = puzzle.layers
    sizes = [kernel for kernel, _ in layers]
    return (
        Slip(sum(sizes), "that is the sum of the kernels; each widens by its size less one."),
        Slip(
            1 + sum(size - 1 for size in sizes),
            "that is with strides of 1; a stride makes all later steps longer.",
        ),
        Slip(_with_own_stride(layers), "the stride of a layer counts for those after it, not for itself."),
        Slip(field_of_view(layers[::-1]), "that is for the layers in the other order; begin with the first."),
        Slip(field_of_view(layers) - 1, "one is missing: before the first layer a unit sees one pixel."),
        Slip(field_of_view(layers) ** 2, "that is the number of pixels in the square; asked is its side."),
    )


@exercise("vision-1", variant=stack_puzzle)
def check_field(answer: Any, puzzle: Stack) -> Verdict:
    """The side of the receptive field of three layers."""
    return grade_number(
        "vision-1",
        answer,
        field_of_view(puzzle.layers),
        what="the side of the receptive field",
        rtol=1e-9,
        slips=_field_slips(puzzle),
        right="Each layer adds its kernel less one, in steps as long as all strides before it together.",
    )


# --- vision-2: the cross-correlation ------------------------------------------------------------------------


def slid(image: NDArray, kernel: NDArray) -> NDArray:
    """Return y_rc = Σ_ij k_ij x_{r+i, c+j}, shape (H − h + 1, W − w + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum(axis=(2, 3))


def _padded(image: NDArray, kernel: NDArray) -> NDArray:
    """The result made as large as the image, with zeros around it."""
    h, w = kernel.shape
    wide = np.pad(image, [((h - 1) // 2, h // 2), ((w - 1) // 2, w // 2)])
    return slid(wide, kernel)


def _one_short(image: NDArray, kernel: NDArray) -> NDArray:
    """The last row and the last column of places left out."""
    return slid(image, kernel)[:-1, :-1]


CORRELATE_SLIPS = (
    Slip(lambda x, k: slid(x, k[::-1, ::-1]), "That is the convolution: here the kernel is not turned."),
    Slip(lambda x, k: -slid(x, k), "The sign."),
    Slip(_padded, "The size: without padding there are H − h + 1 places, not H."),
    Slip(_one_short, "The size: H − h + 1 places; the last row and column are missing."),
    Slip(lambda x, k: slid(x, k) / k.size, "That is a mean; sum up, the kernel brings its own weights."),
)


@exercise("vision-2")
def check_correlate(answer: Any) -> Verdict:
    """The cross-correlation of an image with a kernel, as a function."""
    rng = np.random.default_rng(22)
    image = rng.normal(size=(7, 9))
    cases = [
        Case("7 × 9 pixels, kernel 3 × 3", (image, rng.normal(size=(3, 3)))),
        Case("the row of the text", (np.array([[0.0, 0, 1, 1, 1, 0]]), np.array([[-1.0, 1]]))),
        Case("a kernel of 2 × 4", (image, rng.normal(size=(2, 4)))),
        Case("a kernel that moves the picture", (image, np.array([[0.0, 0, 1], [0, 0, 0], [0, 0, 0]]))),
        Case("a kernel as large as the image", (image[:3, :3], rng.normal(size=(3, 3)))),
    ]
    return grade_function(
        "vision-2",
        answer,
        slid,
        cases,
        slips=CORRELATE_SLIPS,
        signature="correlate(image, kernel)",
        right="A kernel is a weighted sum of moved images.",
    )


# --- vision-3: the slope of the image -----------------------------------------------------------------------


def slope_of_image(kernel: NDArray, bars: NDArray) -> NDArray:
    """Return x̄_mn = Σ_rc ȳ_rc k_{m−r, n−c}, shape (H′ + h − 1, W′ + w − 1)."""
    h, w = kernel.shape
    wide = np.pad(bars, [(h - 1, h - 1), (w - 1, w - 1)])
    return slid(wide, kernel[::-1, ::-1])


def _not_turned(kernel: NDArray, bars: NDArray) -> NDArray:
    return slope_of_image(kernel[::-1, ::-1], bars)


SLOPE_SLIPS = (
    Slip(_not_turned, "The kernel is not turned: pixel (r + i, c + j) was used with the weight k_ij."),
    Slip(lambda k, b: -slope_of_image(k, b), "The sign: no minus is needed."),
    Slip(
        lambda k, b: slope_of_image(np.ones_like(k), b),
        "The weights are missing: each bar goes back times k_ij.",
    ),
    Slip(
        lambda k, b: slope_of_image(k, np.ones_like(b)),
        "The bars are missing: that is the slope of the plain sum of all outputs.",
    ),
    Slip(
        lambda k, b: slope_of_image(k, b)[: b.shape[0], : b.shape[1]],
        "The shape: an image has h − 1 rows and w − 1 columns more than the output.",
    ),
)


@exercise("vision-3")
def check_slope(answer: Any) -> Verdict:
    """The slope of the loss by the image, from the kernel and the bars of the output, as a function."""
    rng = np.random.default_rng(33)
    cases = [
        Case("kernel 3 × 3, output 4 × 5", (rng.normal(size=(3, 3)), rng.normal(size=(4, 5)))),
        Case("the worked row", (np.array([[1.0, -1]]), np.array([[1.0, -1, 2]]))),
        Case("a kernel of 2 × 4", (rng.normal(size=(2, 4)), rng.normal(size=(3, 3)))),
        Case("one output", (rng.normal(size=(3, 2)), np.array([[2.0]]))),
        Case("a kernel of one pixel", (np.array([[3.0]]), rng.normal(size=(3, 4)))),
    ]
    return grade_function(
        "vision-3",
        answer,
        slope_of_image,
        cases,
        slips=SLOPE_SLIPS,
        signature="image_slope(kernel, bars)",
        right="Forward without a turn, backward with one.",
    )


# --- vision-5: two kernels in a row -------------------------------------------------------------------------


def one_kernel(first: NDArray, second: NDArray) -> NDArray:
    """Return the full convolution of two kernels, which slides as the first and then the second do."""
    return slope_of_image(first, second)


def _correlated(first: NDArray, second: NDArray) -> NDArray:
    return one_kernel(first, second[::-1, ::-1])


COMPOSE_SLIPS = (
    Slip(_correlated, "That is their correlation: what stands before x_{r+m} is Σ k′_{i′} k_{m−i′}."),
    Slip(
        lambda a, b: _correlated(b, a),
        "That is their correlation: what stands before x_{r+m} is Σ k′_{i′} k_{m−i′}.",
    ),
    Slip(
        lambda a, b: one_kernel(a, b)[::-1, ::-1],
        "It is turned by 180°: sliding needs k_m before x_{r+m}.",
    ),
)


@exercise("vision-5")
def check_compose(answer: Any) -> Verdict:
    """The one kernel that does what two do in a row, as a function."""
    rng = np.random.default_rng(55)
    cases = [
        Case("two kernels of 3 × 3", (rng.normal(size=(3, 3)), rng.normal(size=(3, 3)))),
        Case("the pair (−1, 1), twice", (np.array([[-1.0, 1]]), np.array([[-1.0, 1]]))),
        Case("2 × 4, then 3 × 2", (rng.normal(size=(2, 4)), rng.normal(size=(3, 2)))),
        Case("a column, then a row", (np.array([[1.0], [2], [1]]), np.array([[-1.0, 0, 1]]))),
        Case("one pixel", (np.array([[2.0]]), rng.normal(size=(3, 3)))),
    ]
    return grade_function(
        "vision-5",
        answer,
        one_kernel,
        cases,
        slips=COMPOSE_SLIPS,
        signature="compose(first, second)",
        right="The convolution of both; in which order they come does not matter.",
    )


# --- vision-6: a quarter turn -------------------------------------------------------------------------------


def turned_with(kernel: NDArray) -> NDArray:
    """Return the kernel turned by a quarter against the clock, as ``np.rot90`` turns an image."""
    return np.rot90(kernel)


TURN_SLIPS = (
    Slip(lambda k: np.rot90(k, -1), "Turned the other way: turn it as the image is turned, with np.rot90."),
    Slip(lambda k: np.rot90(k, 2), "That is a half turn."),
    Slip(lambda k: k, "The same kernel does it only if it looks the same after a quarter turn."),
    Slip(lambda k: k.T, "Transposing mirrors at the diagonal; a turn is no mirror."),
)


@exercise("vision-6")
def check_turn(answer: Any) -> Verdict:
    """The kernel that does on a turned image what another does on the image, as a function."""
    rng = np.random.default_rng(66)
    cases = [
        Case("any 3 × 3", (rng.normal(size=(3, 3)),)),
        Case("vertical edges", (np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),)),
        Case("a row of two", (np.array([[-1.0, 1]]),)),
        Case("a blur", (np.ones((3, 3)) / 9,)),
    ]
    return grade_function(
        "vision-6",
        answer,
        turned_with,
        cases,
        slips=TURN_SLIPS,
        signature="partner(kernel)",
        right="Kernel and image turn together.",
    )


# --- vision-7: no false alarm yet ---------------------------------------------------------------------------


def highest_share(n: int, confidence: float) -> float:
    """Return the share f at which n trials without an alarm have the probability 1 − confidence."""
    return -math.expm1(math.log1p(-confidence) / n)


SHARE_SLIPS = (
    Slip(lambda n, c: (1 - c) ** (1 / n), "That is 1 − f: the root gives the share without an alarm."),
    Slip(lambda n, c: 1 - c ** (1 / n), "The chance of such luck is 1 − confidence: 0.05, not 0.95."),
    Slip(lambda n, c: -math.log(1 - c) / n, "That is the rule for large n; asked is the exact share."),
    Slip(lambda n, c: 3 / n, "That is the rule of thumb for 95 % and large n."),
    Slip(lambda n, c: 0.0, "Nought in n does not prove nought."),
    Slip(lambda n, c: 1 / n, "One over n is a guess: luck at f = 1/n has a probability of about 37 %."),
)


@exercise("vision-7")
def check_share(answer: Any) -> Verdict:
    """The highest share of false alarms that n trials without one leave possible, as a function."""
    inputs = ((100, 0.95), (10, 0.95), (1, 0.95), (2, 0.5), (1000, 0.99), (1_000_000, 0.95))
    return grade_function(
        "vision-7",
        answer,
        highest_share,
        [Case(f"{n:,} trials, confidence {c:g}", (n, c)) for n, c in inputs],
        slips=SHARE_SLIPS,
        signature="highest(n, confidence)",
        rtol=1e-6,
        atol=0.0,
        right="For 95 % and many trials it is three over n.",
    )


# --- vision-8: pooling of noise -----------------------------------------------------------------------------


def black_share(p: float, side: int, times: int) -> float:
    """Return 1 − (1 − p)^(side^(2·times))."""
    return 1 - (1 - p) ** (side ** (2 * times))


POOL_SLIPS = (
    Slip(
        lambda p, side, times: 1 - (1 - p) ** (side**2 * times),
        "Windows of windows: the pixels below multiply from step to step, they do not add up.",
    ),
    Slip(
        lambda p, side, times: 1 - (1 - p) ** (side**times),
        "A window has side² pixels, not side.",
    ),
    Slip(
        lambda p, side, times: p ** (side ** (2 * times)),
        "That is the chance that all are black, pooling by the minimum; one is enough.",
    ),
    Slip(
        lambda p, side, times: (1 - p) ** (side ** (2 * times)),
        "That is the chance of white.",
    ),
    Slip(
        lambda p, side, times: min(1.0, p * side ** (2 * times)),
        "Chances do not simply add: two black pixels in a window make one black one.",
    ),
)


@exercise("vision-8")
def check_pool(answer: Any) -> Verdict:
    """How black noise is after pooling by the maximum, as a function."""
    inputs = (
        (0.1, 2, 1),
        (0.1, 2, 2),
        (0.01, 3, 2),
        (0.5, 2, 3),
        (0.2, 3, 1),
        (0.3, 2, 0),
        (0.0, 2, 4),
        (1.0, 2, 1),
    )
    return grade_function(
        "vision-8",
        answer,
        black_share,
        [
            Case(f"p = {p:g}, windows of {side} × {side}, {times} times", (p, side, times))
            for p, side, times in inputs
        ],
        slips=POOL_SLIPS,
        signature="black(p, side, times)",
        right="All pixels below must be white.",
    )


# --- vision-9: a gate that remembers ------------------------------------------------------------------------


def bias_for_half(n: float) -> float:
    """Return the log-odds of f = 2^(−1/n)."""
    return -math.log(math.expm1(math.log(2) / n))


GATE_SLIPS = (
    Slip(lambda n: 2 ** (-1 / n), "That is the gate f; asked is its score, the log-odds of f."),
    Slip(lambda n: -bias_for_half(n), "The sign: a gate that is nearly open has a large positive score."),
    Slip(lambda n: math.log(n / math.log(2)), "That is the rule for large n; asked is the exact score."),
    Slip(lambda n: math.log(2) / n, "That is −ln f; the score is ln f/(1 − f)."),
    Slip(
        lambda n: math.log(1 - 0.5 / n) - math.log(0.5 / n),
        "The gate multiplies at each step: f to the power n is one half.",
    ),
)


@exercise("vision-9")
def check_gate(answer: Any) -> Verdict:
    """The bias of a forget gate that keeps one half for n steps, as a function."""
    return grade_function(
        "vision-9",
        answer,
        bias_for_half,
        [Case(f"{n:,} steps", (n,)) for n in (1, 2, 20, 400, 10_000)],
        slips=GATE_SLIPS,
        signature="forget_bias(n)",
        rtol=1e-6,
        right="Ten times as long takes ln 10 more.",
    )
