"""n-gram models and perplexity, re-exported by :mod:`book_lib.ngram`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib._ngram_counts import Ids, Level, count_levels, token_sequences, trace

SMOOTHINGS = ("witten-bell", "add", "none")
MOST_TOKENS = 2**31 - 1  # a vocabulary: squared, it still fits a 64-bit word
_MOST = 1e12  # the largest amount: times a vocabulary it is far from overflow


class NGram:
    """A language model that looks back at n − 1 tokens: p(w | h) from how often w followed h.

    Where fewer than n − 1 tokens came before, all of them are the context; nothing is padded. Three ways to
    deal with what was never seen, with c(hw) the count of w after h, c(h) = Σ_w c(hw), and V tokens:

    * "none": p = c(hw)/c(h), which makes what was seen after n − 1 tokens as likely as can be. What was not seen
      after h is impossible, and after an h that was never continued there is no law at all.
    * "add": p = (c(hw) + k)/(c(h) + kV), the posterior mean of a Dirichlet prior; k = 1 is Laplace's rule.
    * "witten-bell": p(w|h) = (c(hw) + r(h) p(w|h′))/(c(h) + r(h)), where r(h) counts the different tokens seen
      after h, and h′ is h without its oldest token; the empty context is mixed with 1/V. Where much that is
      new has followed, more that is new is expected (:cite:`witten1991zero`, method C, in the
      interpolated form of :cite:`chen1999empirical`, section 2).

    Args:
        order: n, 1 … 100; 1 is a unigram model, without context.
        vocab_size: V, 1 … 2³¹ − 1; ids are 0 … V − 1.
        smoothing: "witten-bell", "add" or "none".
        amount: k of "add", greater than 0 and at most 10¹²; of no account otherwise.

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: if one is out of its range.

    See the section :ref:`sec-lm-ngrams`.

    >>> model = NGram(2, vocab_size=3, smoothing="none").fit([0, 1, 0, 2, 0, 1])
    >>> model.probabilities([0]).round(3).tolist()
    [0.0, 0.667, 0.333]
    >>> NGram(2, vocab_size=3).fit([0, 1, 0, 2, 0, 1]).probabilities([0]).round(3).tolist()
    [0.178, 0.533, 0.289]
    """

    def __init__(
        self, order: int, vocab_size: int, smoothing: str = "witten-bell", amount: float = 1.0
    ) -> None:
        self._order = _checks.integer("order", order, 1, 100)
        self._vocab_size = _checks.integer("vocab_size", vocab_size, 1, MOST_TOKENS)
        self._smoothing = _checks.one_of("smoothing", smoothing, SMOOTHINGS)
        self._amount = _checks.positive("amount", amount)
        if self._amount > _MOST:
            raise ValueError(f"amount must be at most {_MOST:g}, got {amount!r}")
        self._levels: list[Level] = []

    def __repr__(self) -> str:
        amount = f", amount={self.amount:g}" if self.smoothing == "add" else ""
        return f"NGram(order={self.order}, vocab_size={self.vocab_size}, smoothing={self.smoothing!r}{amount})"

    @property
    def order(self) -> int:
        """n, fixed: the model looks back at n − 1 tokens."""
        return self._order

    @property
    def vocab_size(self) -> int:
        """V, fixed."""
        return self._vocab_size

    @property
    def smoothing(self) -> str:
        """What is done about what was never seen, fixed."""
        return self._smoothing

    @property
    def amount(self) -> float:
        """k of "add", fixed."""
        return self._amount

    @property
    def num_contexts(self) -> int:
        """How many different contexts of n − 1 tokens were continued in what was fitted, of V^(n−1)."""
        return int(np.count_nonzero(self._fitted()[-1].totals))

    @property
    def num_ngrams(self) -> int:
        """How many different n-grams were seen, of V^n."""
        return len(self._fitted()[-1].keys)

    def fit(self, sequences: ArrayLike) -> NGram:
        """Count, in place of what was counted before, and return the model.

        Each level is one sort: 500,000 tokens at order 5 take a fraction of a second.

        Args:
            sequences: one sequence of ids, shape (N,), or several, of any lengths; no n-gram reaches
                from one into the next.

        Raises:
            TypeError: if they are text, or not of integers.
            ValueError: if an id is not in 0 … V − 1.
        """
        ids, places = token_sequences("sequences", sequences, self.vocab_size)
        self._levels = count_levels(ids, places, self.order, self.vocab_size)
        return self

    def _fitted(self) -> list[Level]:
        if not self._levels:
            raise ValueError("the n-gram model has counted nothing yet: call fit first")
        return self._levels

    def counts(self, context: ArrayLike) -> Ids:
        """Return how often each token followed the last n − 1 tokens of ``context``, shape (V,).

        A shorter context is counted as it is: that of no tokens gives the counts of the words.

        Raises:
            TypeError, ValueError: as :meth:`probabilities`, but a context that was never seen has zeros.

        >>> NGram(3, vocab_size=3).fit([0, 1, 0, 2, 0, 1]).counts([1, 0]).tolist()
        [0, 0, 1]
        """
        h, contexts = self._contexts(context)
        counts = np.zeros(self.vocab_size, dtype=np.int64)
        if contexts[-1] >= 0:
            tokens, seen = self._levels[len(h)].followers(contexts[-1])
            counts[tokens] = seen
        return counts

    def _contexts(self, context: ArrayLike) -> tuple[Ids, list[int]]:
        """Return the context that counts, and the numbers of its ends of 0, 1, … tokens; −1 if not seen."""
        levels = self._fitted()
        h = arrays.indices("context", context, self.vocab_size)
        if h.ndim != 1:
            raise ValueError(f"context must have shape (n,), got {h.shape}")
        h = h[max(0, len(h) - self.order + 1) :]
        seen = trace(levels[: len(h)], h, np.arange(len(h)))
        return h, [0, *(int(gram[-1]) for _, gram in seen)]

    def probabilities(self, context: ArrayLike) -> NDArray[np.float64]:
        """Return p(w | context) of every token, shape (V,), in time proportional to V.

        Args:
            context: ids, shape (m,), m ≥ 0; the last n − 1 of them count, as the model has it.

        Raises:
            TypeError: if they are not integers.
            ValueError: if an id is not in 0 … V − 1; before :meth:`fit`; without smoothing, if the context
                was never continued, as 0/0 is no law.
        """
        h, contexts = self._contexts(context)
        if self.smoothing == "witten-bell":
            return self._interpolated(contexts)
        counts = self.counts(h)
        total = counts.sum()
        if total == 0:
            if self.smoothing == "none":
                raise ValueError(f"context {h.tolist()} was never continued: without smoothing it has no law")
            return np.full(self.vocab_size, 1 / self.vocab_size)
        k = self.amount if self.smoothing == "add" else 0.0
        return (counts + k) / (total + k * self.vocab_size)

    def _interpolated(self, contexts: list[int]) -> NDArray[np.float64]:
        p = np.full(self.vocab_size, 1 / self.vocab_size)
        for level, context in zip(self._levels, contexts, strict=False):
            if context < 0 or level.totals[context] == 0:
                break  # nor will a longer one have been continued
            tokens, seen = level.followers(context)
            p *= len(tokens)
            p[tokens] += seen
            p /= level.totals[context] + len(tokens)
        return p

    def next_logits(self, ids: ArrayLike) -> NDArray[np.float64]:
        """Return ln p(w | ids) of every token, shape (V,): −∞ where p is 0. They are logits, as e^z sums to 1.

        Arguments and errors are those of :meth:`probabilities`.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.probabilities(ids))

    def log_probabilities(self, sequences: ArrayLike) -> NDArray[np.float64]:
        """Return ln p of each token after those before it, shape (N,), for all of them at once.

        Without smoothing a token whose n-gram was not seen has −∞, be its context known or not.

        Args:
            sequences: as in :meth:`fit`; several are joined in one row.

        Raises:
            TypeError, ValueError: as :meth:`fit`; ValueError before it.
        """
        levels = self._fitted()
        ids, places = token_sequences("sequences", sequences, self.vocab_size)
        p = np.full(len(ids), 1 / self.vocab_size)
        for length, (level, (contexts, grams)) in enumerate(
            zip(levels, trace(levels, ids, places), strict=True)
        ):
            if self.smoothing == "witten-bell":
                _interpolate(p, level, contexts, grams)
            else:  # one length is for each token to use: as long as can be
                used = (places == length) | ((places > length) & (length == self.order - 1))
                k = self.amount if self.smoothing == "add" else 0.0
                p[used] = _added(level, contexts[used], grams[used], k)
        with np.errstate(divide="ignore"):
            return np.log(p)

    def log_likelihood(self, sequences: ArrayLike) -> float:
        """Return ln p of a text, or of several together, in nats: the sum over the tokens; 0 for none.

        Arguments and errors are those of :meth:`log_probabilities`.
        """
        return float(self.log_probabilities(sequences).sum())

    def perplexity(self, sequences: ArrayLike) -> float:
        """Return :func:`perplexity` of a text, or of several together: e to the mean of −ln p.

        Raises:
            TypeError, ValueError: as :meth:`log_probabilities`; ValueError if there is no token.

        >>> NGram(1, vocab_size=2, smoothing="none").fit([0, 1]).perplexity([0, 0, 1])
        2.0
        """
        return perplexity(self.log_probabilities(sequences))


def _interpolate(p: NDArray, level: Level, contexts: Ids, grams: Ids) -> None:
    """Mix the counts of one level into the probabilities so far, in place."""
    known = np.flatnonzero(contexts >= 0)
    known = known[level.totals[contexts[known]] > 0]
    at, kinds = contexts[known], level.kinds
    p[known] = (_seen(level, grams[known]) + kinds[at] * p[known]) / (level.totals[at] + kinds[at])


def _added(level: Level, contexts: Ids, grams: Ids, k: float) -> NDArray[np.float64]:
    """Return (c(hw) + k)/(c(h) + kV) with its limits where h is new: 1/V, and 0 for k = 0."""
    totals = np.zeros(len(contexts))
    totals[contexts >= 0] = level.totals[contexts[contexts >= 0]]
    new = 1 / level.vocab_size if k > 0 else 0.0
    below = np.where(totals > 0, totals + k * level.vocab_size, 1.0)
    return np.where(totals > 0, (_seen(level, grams) + k) / below, new)


def _seen(level: Level, grams: Ids) -> NDArray[np.float64]:
    """Return the counts of continuations by their places, 0 for −1."""
    counts = np.zeros(len(grams))
    counts[grams >= 0] = level.counts[grams[grams >= 0]]
    return counts


def perplexity(log_probabilities: ArrayLike) -> float:
    """Return exp(−mean ln p), the size of the die that would surprise as much.

    A model that holds all V tokens for equally likely has V, one that is never surprised 1; no model of a
    source stays below e to the source's entropy rate for long (:cite:`jelinek1977perplexity`).

    Args:
        log_probabilities: ln p of each token, in nats, any shape; −∞ for one that was held impossible.

    Returns:
        1 … ∞; ``inf`` also where no float holds it.

    Raises:
        TypeError: if they are no numbers.
        ValueError: if there are none, for NaN, and for a logarithm above 0.

    See the section :ref:`sec-lm-perplexity`.

    >>> round(perplexity([np.log(0.5), np.log(0.125)]), 6)
    4.0
    """
    values: Any = _checks.real_array("log_probabilities", log_probabilities)
    if values.size == 0:
        raise ValueError("log_probabilities must hold at least one token, got none")
    if not (values <= arrays.TOLERANCE).all():
        raise ValueError(f"log_probabilities must be at most 0, got {values.max()}")
    with np.errstate(over="ignore"):
        return max(1.0, float(np.exp(-values.mean())))
