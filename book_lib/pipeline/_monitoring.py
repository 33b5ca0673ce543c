"""What one watches while a model learns, and what one reckons before: spikes, arithmetic and memory."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks, _transformer_costs
from book_lib.transformer import GPTConfig

# Past values, and robust standard deviations above them from which a value is a spike: of normal noise five in a
# million, of the gradient norms of the chapter's clean run three in a thousand; its two faults have 7 and 18.
WINDOW, THRESHOLD = 50, 6.0
NORMAL = 1.4826  # σ of a normal law over its median distance from the median
ROUNDING = 1e-9  # of the median: a series that stands still has no spread, and its last digit is no spike
ROWS = 4096  # windows at a time: ten million of them would fill the memory


def spike_scores(values: ArrayLike, window: int = WINDOW) -> NDArray[np.float64]:
    """Return how far each value lies above what came before it, in robust standard deviations.

    z_t = (x_t − m)/(1.4826 · d), where m is the median of the ``window`` values before x_t and d the median of their
    distances from m. Medians, unlike means, are not moved by a spike that is still in the window; the factor makes
    the spread that of a normal law (Rousseeuw and Croux, "Alternatives to the median absolute deviation", 1993). See
    the section :ref:`sec-llm-monitoring`.

    Args:
        values: a loss, or a gradient's norm, step by step, shape (N,).
        window: how many past values are looked at, ≥ 3.

    Returns:
        Shape (N,); 0 for the first ``window`` values, of which nothing can be said.

    Raises:
        TypeError, ValueError: if the values are no finite numbers in a row, or the window is too small.

    >>> spike_scores([1.0, 3.0, 2.0, 5.0], window=3).round(2).tolist()
    [0.0, 0.0, 0.0, 2.02]
    """
    series = _checks.finite_array("values", values)
    if series.ndim != 1:
        raise ValueError(f"values must have shape (N,), got shape {series.shape}")
    window = _checks.integer("window", window, 3)
    scores = np.zeros(len(series))
    if len(series) <= window:
        return scores
    pasts = sliding_window_view(series[:-1], window)  # (N − window, window): row i is what came before i + window
    for first in range(0, len(pasts), ROWS):
        past = pasts[first : first + ROWS]
        middle = np.median(past, axis=1)
        spread = NORMAL * np.median(np.abs(past - middle[:, None]), axis=1)
        spread = np.maximum(spread, np.maximum(ROUNDING * np.abs(middle), np.finfo(float).tiny))
        here = slice(first + window, first + window + len(past))
        with np.errstate(over="ignore"):
            scores[here] = np.minimum((series[here] - middle) / spread, np.finfo(float).max)
    return scores


def find_spikes(values: ArrayLike, window: int = WINDOW, threshold: float = THRESHOLD) -> list[int]:
    """Return the places at which a series jumps up: its robust score (:func:`spike_scores`) exceeds the threshold.

    Only the past is asked, so that the same rule can watch a run that is under way. A level that has risen for good is
    reported until half of the window has seen it. See the section :ref:`sec-llm-monitoring`.

    Args:
        values: a loss, or a gradient's norm, step by step, shape (N,).
        window: how many past values are looked at, ≥ 3; the first ``window`` values are never reported.
        threshold: > 0, in standard deviations.

    Returns:
        Indices into ``values``, ascending.

    Raises:
        TypeError, ValueError: as :func:`spike_scores`, and if the threshold is not greater than 0.

    >>> quiet = np.sin(np.arange(100.0))
    >>> quiet[70] += 20
    >>> find_spikes(quiet)
    [70]
    """
    threshold = _checks.positive("threshold", threshold)
    return np.flatnonzero(spike_scores(values, window) > threshold).tolist()


def memory_estimate(model: GPTConfig, batch: int = 1, precision: str = "float32") -> dict[str, int]:
    """Return the bytes that training takes, by what they hold, and their sum.

    Args:
        model: the sizes.
        batch: windows of a whole context that are read at once, ≥ 1.
        precision: of weights, gradients and activations, "float32" or "bfloat16"; Adam's moments are float32.

    Returns:
        "weights", "gradients", "adam", "activations", "total", as `book_lib._transformer_costs.memory` counts them.

    Raises:
        TypeError, ValueError: if the model is no :class:`~book_lib.transformer.GPTConfig`, the precision unknown or the
            batch no positive integer.

    See the section :ref:`sec-llm-compute`.

    >>> page = GPTConfig(vocab_size=512, context=128, width=128, layers=4, heads=4)
    >>> {part: f"{size / 1e6:.1f} MB" for part, size in memory_estimate(page, batch=8).items()}["total"]
    '50.7 MB'
    """
    sizes = _transformer_costs.memory(model, precision, batch=_checks.integer("batch", batch, 1))
    del sizes["cache"]  # keys and values are kept while a model writes, not while it learns
    return {**sizes, "total": sum(sizes.values())}
