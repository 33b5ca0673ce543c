"""Attention as a calculator: scores to edit, a scale, a mask, a temperature, and the values that the weights blend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole
from book_lib.explorables.lists import Numbers
from book_lib.probability import entropy, softmax
from book_lib.rng import CounterRNG

LEAST, MOST = 3, 5  # tokens
EDGE = 2.0  # the plane of values
HIGHEST, LONGEST = 50.0, 10.0  # of a score, and of a number in a query or key
LARGEST = 512  # d
SLIP = [[4.1, -1.0, 0.1], [0.0, 0.0, 2.2], [0.0, 1.2, -4.1]]
"""Scores a slide once printed (0 where it left one out), with weights that were not their softmax."""
QUERIES = [2.0, 0.0, 0.0, 2.0, -1.5, 1.0, 1.0, 1.0, 0.5, -1.5]  # row after row
KEYS = [1.5, 0.5, 0.0, 2.0, -2.0, 0.5, 0.5, -1.0, 1.0, 1.0]
VALUES = [1.5, -1.0, -1.4, -0.6, 0.2, 1.5, -1.3, 1.1, 1.6, 1.0]


class AttentionCalculator(Explorable):
    """Three to five tokens that attend to one another: softmax(S · scale / T) V, with every number in sight.

    Args:
        scores: S, shape (n, n), n = 3 to 5, each −50 to 50; a slide's unless given. They fix the number of tokens.
        query_vectors, key_vectors: shape (n, 2), each number −10 to 10; used where `source` is "vectors".
        values: V, shape (n, 2), each number −2 to 2.
        source: where the scores come from: "scores" (as given), "vectors" (queries and keys of two numbers), "random"
            (queries and keys of d standard normal numbers, drawn with the seed).
        size: tokens, 3 to 5.
        d: numbers in each vector, 1 to 512; where `source` is "vectors" it is 2.
        scaled: whether the scores are divided by √d.
        causal: whether a query sees no later key.
        temperature: T, 0.1 to 100.
        row: the query whose blend is shown, from 0; −1 shows all.
        seed: of the random vectors.
        prediction: what the reader bets: "", "same", "even", "other", or "skipped".
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-tf-qkv`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> AttentionCalculator().weights()[0].round(4)
    array([0.9762, 0.006 , 0.0179])
    >>> AttentionCalculator(scaled=True, d=512).weights()[0].round(4)
    array([0.3793, 0.3028, 0.3179])
    """

    scores = Numbers([0.0] * MOST**2, length=MOST**2, least=-HIGHEST, most=HIGHEST).tag(sync=True)
    query_vectors = Numbers(QUERIES, length=2 * MOST, least=-LONGEST, most=LONGEST).tag(sync=True)
    key_vectors = Numbers(KEYS, length=2 * MOST, least=-LONGEST, most=LONGEST).tag(sync=True)
    values = Numbers(VALUES, length=2 * MOST, least=-EDGE, most=EDGE).tag(sync=True)
    source = OneOf(["scores", "vectors", "random"], default_value="scores").tag(sync=True)
    size = Whole(LEAST, least=LEAST, most=MOST).tag(sync=True)
    d = Whole(LARGEST, least=1, most=LARGEST).tag(sync=True)
    scaled = traitlets.Bool(False).tag(sync=True)
    causal = traitlets.Bool(False).tag(sync=True)
    temperature = Real(1.0, least=0.1, most=100.0).tag(sync=True)
    row = Whole(0, least=-1, most=MOST - 1).tag(sync=True)
    prediction = OneOf(["", "same", "even", "other", "skipped"], default_value="").tag(sync=True)

    def __init__(self, scores: Sequence | None = None, **traits: Any) -> None:
        scores = SLIP if scores is None else scores
        if np.ndim(scores) == 2:
            traits.setdefault("size", len(scores))
            scores = _padded("scores", scores, MOST)
        defaults = {"query_vectors": QUERIES, "key_vectors": KEYS, "values": VALUES}
        for name, usual in defaults.items():
            if name in traits and np.ndim(traits[name]) == 2:
                traits[name] = _padded(name, traits[name], 2, usual)
        super().__init__(scores=scores, **traits)
        if self.row >= self.size:
            raise ArgumentError(f"row must be below {self.size}, the number of tokens, not {self.row}")

    def vectors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Queries and keys, each of shape (n, 2), or (n, d) where they are drawn."""
        n = self.size
        if self.source == "random":
            drawn = CounterRNG(self.seed).standard_normal(2 * n * self.d).reshape(2, n, self.d)
            return drawn[0], drawn[1]
        return np.reshape(self.query_vectors, (MOST, 2))[:n], np.reshape(self.key_vectors, (MOST, 2))[:n]

    def table(self) -> NDArray[np.float64]:
        """The scores, shape (n, n): those given, or q·k."""
        if self.source == "scores":
            return np.reshape(self.scores, (MOST, MOST))[: self.size, : self.size]
        queries, keys = self.vectors()
        return queries @ keys.T

    def scale(self) -> float:
        """What multiplies the scores: 1/√d where they are scaled, else 1."""
        return 1 / math.sqrt(2 if self.source == "vectors" else self.d) if self.scaled else 1.0

    def logits(self) -> NDArray[np.float64]:
        """What softmax gets, shape (n, n); −∞ behind the mask."""
        table = self.table() * self.scale() / self.temperature
        return np.where(np.triu(np.ones_like(table), 1) > 0, -np.inf, table) if self.causal else table

    def weights(self) -> NDArray[np.float64]:
        """Softmax of each row, shape (n, n)."""
        return np.array([softmax(row) for row in self.logits()])

    def outputs(self) -> NDArray[np.float64]:
        """The blends of the values, shape (n, 2)."""
        return self.weights() @ np.reshape(self.values, (MOST, 2))[: self.size]

    def jacobians(self) -> NDArray[np.float64]:
        """‖diag(p) − ppᵀ‖ (Frobenius) for each row p, shape (n,)."""
        return np.array([np.linalg.norm(np.diag(p) - np.outer(p, p)) for p in self.weights()])

    def entropies(self) -> NDArray[np.float64]:
        """Of each row, in nats, shape (n,)."""
        return np.array([entropy(p) for p in self.weights()])

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        row = max(self.row, 0)
        told = [", ".join(f"{v:.{k}f}" for v in a[row]) for a, k in ((self.logits(), 2), (self.weights(), 4))]
        logits = told[0].replace("-inf", "minus infinity")
        x, y = self.outputs()[row]
        return (
            f"A table of {self.size} tokens that attend to one another, and the values in a plane. Query {row + 1} "
            f"turns the scores {logits} into the weights {told[1]}, with an entropy of "
            f"{self.entropies()[row]:.3f} nats and a softmax Jacobian of size {self.jacobians()[row]:.4f}; what comes "
            f"out is the blend ({x:.2f}, {y:.2f}) of the values."
        )

    def still(self) -> tuple:
        """The weights as a table of shades, and the values with the blends."""
        from book_lib import plotting

        figure, (left, right) = plotting.figure(6.4, 2.8, columns=2)
        _shades(left, self.weights())
        values, outputs = np.reshape(self.values, (MOST, 2))[: self.size], self.outputs()
        row = max(self.row, 0)
        for value, weight in zip(values, self.weights()[row], strict=True):
            line = np.array([value, outputs[row]])
            right.plot(*line.T, color=plotting.COLORS.simulation, alpha=0.6, linewidth=0.3 + 6 * weight, zorder=1)
        right.plot(*values.T, "s", color=plotting.COLORS.mean_field, label="values")
        right.plot(*outputs.T, "o", color=plotting.COLORS.simulation, label="blends")
        right.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), xticks=(-2, 0, 2), yticks=(-2, 0, 2), aspect="equal")
        right.legend(loc="upper left", fontsize=9)
        return plotting.still(figure)


def _padded(name: str, rows: Sequence, width: int, usual: list[float] | None = None) -> list[float]:
    """A table of 3 to 5 rows as the flat list of 5 rows that the front-end keeps."""
    try:
        array = np.array(rows, dtype=float)
    except (TypeError, ValueError):
        array = np.empty(0)
    good = array.ndim == 2 and LEAST <= len(array) <= MOST
    if not good or array.shape[1] != (len(array) if width == MOST else width):
        wanted = "n rows of n" if width == MOST else "n rows of 2"
        raise ArgumentError(f"{name} must hold {wanted} numbers, n from {LEAST} to {MOST}, not {rows!r}")
    whole = np.zeros((MOST, width)) if usual is None else np.reshape(usual, (MOST, width)).copy()
    whole[: array.shape[0], : array.shape[1]] = array
    return whole.ravel().tolist()


def _shades(axes: Any, weights: NDArray[np.float64]) -> None:
    """Weights as bars in a table, with their numbers."""
    from book_lib import plotting

    n = len(weights)
    flat = weights.ravel()
    columns, rows = np.tile(np.arange(n), n), np.repeat(np.arange(n), n)
    axes.barh(rows, 0.92 * flat, left=columns, height=0.8, color=plotting.COLORS.simulation, alpha=0.3)
    for x, y, weight in zip(columns, rows, flat, strict=True):
        axes.text(x + 0.46, y, f"{weight:.3f}", ha="center", va="center", fontsize=9)
    axes.set(xlim=(0, n), ylim=(n - 0.5, -0.5), title="weights")
    axes.set_xticks(np.arange(n) + 0.46, [f"v{j + 1}" for j in range(n)])
    axes.set_yticks(range(n), [f"q{i + 1}" for i in range(n)])
