"""Sources of text whose entropy is known, re-exported by :mod:`book_lib.ngram`."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib._ngram_counts import Ids
from book_lib._ngram_model import perplexity
from book_lib._probability_sampling import invert_cumulative
from book_lib.probability import entropy
from book_lib.rng import RandomLike, as_generator

MOST_STATES = 2048  # their table of steps has as many squared entries


class MarkovSource:
    """A source that draws each token from a law of the k tokens before it: a text with a known price.

    Its entropy rate h = Σ_s π(s) H(p(· | s)), π being the law in which the states settle, is what a token costs on
    average (:cite:`cover2006elements`, theorem 4.2.4), so that no model stays below a perplexity of e^h for
    long; and the source itself, which is a model too, comes down to it.

    Args:
        transition: p(next | the k before), shape (V,)·(k + 1) with k ≥ 1; the last axis sums to 1. For k = 1
            it is a matrix, a row a law. At most 2048 states V^k.
        start: the law of the first k tokens, shape (V,)·k; π if not given.

    Raises:
        TypeError: if they are no numbers.
        ValueError: for another shape, a law that is none, too many states, or several closed sets of
            states, each of which would settle in a law of its own.

    See the section :ref:`sec-lm-perplexity`.

    >>> source = MarkovSource([[0.9, 0.1], [0.5, 0.5]])
    >>> source.stationary.round(4).tolist(), round(source.entropy_rate, 4)
    ([0.8333, 0.1667], 0.3864)
    """

    def __init__(self, transition: ArrayLike, start: ArrayLike | None = None) -> None:
        table = arrays.distribution("transition", transition)
        if table.ndim < 2 or len(set(table.shape)) != 1:
            raise ValueError(f"transition must have shape (V, V) or (V, …, V), got {table.shape}")
        states = int(np.prod(table.shape[:-1]))
        if states > MOST_STATES:
            raise ValueError(f"transition must have at most {MOST_STATES} states, got {states}")
        self._transition = arrays.frozen(table)
        settled = _stationary(_steps(table)).reshape(table.shape[:-1])
        self._stationary = arrays.frozen(settled)
        self._start = self._stationary if start is None else self._starting(start)

    def _starting(self, start: ArrayLike) -> NDArray[np.float64]:
        law = _checks.finite_array("start", start)
        if law.shape != self._stationary.shape:
            raise ValueError(f"start must have shape {self._stationary.shape}, got {law.shape}")
        return arrays.frozen(arrays.distribution("start", law.ravel()).reshape(law.shape))

    def __repr__(self) -> str:
        return f"MarkovSource(vocab_size={self.vocab_size}, memory={self.memory})"

    @property
    def vocab_size(self) -> int:
        """V, fixed."""
        return self._transition.shape[-1]

    @property
    def memory(self) -> int:
        """k, fixed: an n-gram model with n = k + 1 can learn the law."""
        return self._transition.ndim - 1

    @property
    def transition(self) -> NDArray[np.float64]:
        """p(next | the k before), shape (V,)·(k + 1), read-only."""
        return self._transition

    @property
    def stationary(self) -> NDArray[np.float64]:
        """π, the law of k neighbouring tokens in the long run, shape (V,)·k, read-only."""
        return self._stationary

    @property
    def entropy_rate(self) -> float:
        """h = Σ_s π(s) H(p(· | s)), in nats a token."""
        return float((self._stationary * entropy(self._transition)).sum())

    def sample(self, n: int, rng: RandomLike) -> Ids:
        """Draw a text of n tokens, shape (n,).

        Args:
            n: how many, ≥ 0.
            rng: a seed or a generator; it gives one number for the first k tokens and one for each later one.

        Raises:
            TypeError, ValueError: if n is no integer of 0 or more, or ``rng`` neither seed nor generator.

        >>> MarkovSource([[0.0, 1.0], [1.0, 0.0]], start=[1.0, 0.0]).sample(5, rng=0).tolist()
        [0, 1, 0, 1, 0]
        """
        n = _checks.integer("n", n, 0, _checks.LONGEST)
        uniform = as_generator(rng).random(1 + max(0, n - self.memory))
        states, size = self._start.size, self.vocab_size
        state = int(invert_cumulative(np.cumsum(self._start), uniform[:1])[0])
        text = [int(token) for token in np.unravel_index(state, self._start.shape)]
        rows = np.cumsum(self._transition.reshape(states, size), axis=1).tolist()
        for u in uniform[1:].tolist():
            # subtle: scaled by the last edge, as in sample_categorical, so that no draw falls past the end.
            token = bisect_right(rows[state], u * rows[state][-1])
            text.append(token)
            state = (state * size + token) % states
        return np.array(text[:n], dtype=np.int64)

    def probabilities(self, context: ArrayLike) -> NDArray[np.float64]:
        """Return p(w | context) of every token, shape (V,).

        Args:
            context: ids, shape (m,); the last k count. A shorter one is the beginning of a text.

        Raises:
            TypeError: if they are not integers.
            ValueError: if an id is not in 0 … V − 1, or no text begins like that.
        """
        h = self._text("context", context)
        if len(h) >= self.memory:
            return self._transition[tuple(h[len(h) - self.memory :])].copy()
        weights = self._beginnings(len(h) + 1)[tuple(h)]
        if weights.sum() == 0:
            raise ValueError(f"context {h.tolist()} begins no text of this source")
        return weights / weights.sum()

    def next_logits(self, ids: ArrayLike) -> NDArray[np.float64]:
        """Return ln p(w | ids) of every token, shape (V,), −∞ where p is 0.

        Arguments and errors are those of :meth:`probabilities`.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.probabilities(ids))

    def log_probabilities(self, ids: ArrayLike) -> NDArray[np.float64]:
        """Return ln p of each token of a text after those before it, shape (N,); −∞ for impossible ones.

        Raises:
            TypeError, ValueError: if the text is not made of ids 0 … V − 1.
        """
        text = self._text("ids", ids)
        first = min(self.memory, len(text))
        chances = [1.0, *(self._beginnings(m)[tuple(text[:m])] for m in range(1, first + 1))]
        opening = [after / before if before > 0 else 0.0 for before, after in zip(chances, chances[1:], strict=False)]
        windows = tuple(text[j : len(text) - self.memory + j] for j in range(self.memory + 1))
        rest = self._transition[windows] if len(text) > first else []
        with np.errstate(divide="ignore"):
            return np.log(np.concatenate([opening, rest]))

    def log_likelihood(self, ids: ArrayLike) -> float:
        """Return ln p of a text, in nats. Arguments and errors are those of :meth:`log_probabilities`."""
        return float(self.log_probabilities(ids).sum())

    def perplexity(self, ids: ArrayLike) -> float:
        """Return :func:`perplexity` of a text, which comes down to e^h as the source's own texts grow.

        Raises:
            TypeError, ValueError: as :meth:`log_probabilities`; ValueError if there is no token.
        """
        return perplexity(self.log_probabilities(ids))

    def _text(self, name: str, ids: ArrayLike) -> Ids:
        text = arrays.indices(name, ids, self.vocab_size)
        if text.ndim != 1:
            raise ValueError(f"{name} must have shape (N,), got {text.shape}")
        return text

    def _beginnings(self, m: int) -> NDArray[np.float64]:
        """Return the law of the first m ≤ k tokens, shape (V,)·m."""
        return self._start.sum(axis=tuple(range(m, self.memory)))


def _steps(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the law of the next state of k tokens, shape (V^k, V^k): the oldest goes, a new one comes."""
    size = table.shape[-1]
    rows = table.reshape(-1, size)
    states = len(rows)
    after = (np.arange(states)[:, None] * size + np.arange(size)) % states
    steps = np.zeros((states, states))
    np.put_along_axis(steps, after, rows, axis=1)
    return steps


def _stationary(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the one law π with π = π·steps, shape (S,).

    States that are left for ever have none of it. Of the others one after another is taken out, its chance
    shared among those it leads to, and put back: nothing is subtracted, so that small chances keep their digits
    (:cite:`grassmann1985regenerative`).
    """
    lasting = np.flatnonzero(_lasting(steps > 0))
    rest = steps[np.ix_(lasting, lasting)]
    for state in range(len(rest) - 1, 0, -1):
        rest[:state, state] /= rest[state, :state].sum()
        rest[:state, :state] += np.outer(rest[:state, state], rest[state, :state])
    weights = np.ones(len(rest))
    for state in range(1, len(rest)):
        weights[state] = weights[:state] @ rest[:state, state]
    law = np.zeros(len(steps))
    law[lasting] = weights / weights.sum()
    return law


def _lasting(step: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which states are never left for good, shape (S,), refusing more than one set of them."""
    reach = step | np.eye(len(step), dtype=bool)
    for _ in range(len(step).bit_length()):  # paths of twice the length each time
        reach = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
    lasting = (reach <= reach.T).all(axis=1)
    if not reach[np.ix_(lasting, lasting)].all():
        raise ValueError("transition must have one closed set of states, got several: none reaches another")
    return lasting
