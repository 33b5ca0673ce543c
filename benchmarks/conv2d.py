"""Convolution: the direct loops of the chapter, our product of matrices, torch's, all on the same images.

All compute one and the same sum in double precision, which is checked before anything is timed. Rivals take turns, the
best of several rounds of each counts, in processor time of one thread. The loops are Python's, over every product, as
the chapter writes them: most of the ratio is the price of an interpreted product, and none of it a better algorithm.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.timing import best_times, one_thread
from book_lib.vision import conv2d, cross_correlate

IMAGES, CHANNELS, SIDE, KERNELS, KERNEL, PADDING = 2, 3, 32, 4, 3, 1
ROUNDS = 5
LOOPS, OURS, THEIRS = "book_lib cross_correlate, loops", "book_lib conv2d, im2col", "torch conv2d, double"


def problem() -> tuple[np.ndarray, np.ndarray]:
    """Return images, shape (N, C, H, W), and kernels, shape (F, C, k, k)."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(IMAGES, CHANNELS, SIDE, SIDE)), rng.normal(size=(KERNELS, CHANNELS, KERNEL, KERNEL))


def loops(images: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """Return the convolution, image by image, kernel by kernel, channel by channel, pixel by pixel."""
    return np.array(
        [
            [
                sum(cross_correlate(plane, part, padding=PADDING) for plane, part in zip(image, kernel, strict=True))
                for kernel in kernels
            ]
            for image in images
        ]
    )


def rivals(images: np.ndarray, kernels: np.ndarray) -> dict[str, Callable[[], np.ndarray]]:
    """Return name → a convolution; torch's only where torch is."""
    calls = {
        LOOPS: lambda: loops(images, kernels),
        OURS: lambda: conv2d(images, kernels, padding=PADDING),
    }
    try:
        import torch
    except ImportError:
        return calls
    x, k = torch.from_numpy(images), torch.from_numpy(kernels)
    calls[THEIRS] = lambda: torch.nn.functional.conv2d(x, k, padding=PADDING).numpy()
    return calls


def run(rounds: int = ROUNDS) -> list[dict]:
    """Time all in turns and return the rows of the table, ratios of speed to the loops'."""
    calls = rivals(*problem())
    with one_thread():
        results = {name: call() for name, call in calls.items()}
        seconds = best_times(calls, rounds)
    for name, result in results.items():
        if not np.allclose(result, results[LOOPS], rtol=0, atol=1e-10):
            raise AssertionError(f"{name} does not compute the same")
    return [
        {"name": name, "milliseconds": round(1e3 * seconds[name], 3), "ratio": round(seconds[LOOPS] / seconds[name], 1)}
        for name in calls
    ]
