"""Writing token by token, re-exported by :mod:`book_lib.sampling`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib import _sampling_laws as laws
from book_lib.rng import RandomLike, as_generator

WHEN_FULL = ("stop", "slide", "error")


def generate(
    model: Any,
    ids: ArrayLike,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    rng: RandomLike | None = None,
    stop: int | Iterable[int] | None = None,
    when_full: str = "stop",
) -> list[int]:
    """Continue a prompt, token by token, each drawn from the model's law after all that is there.

    A model is anything with ``next_logits(ids)``, which returns shape (V,). If it has ``context``, it can see
    that many tokens and no more; if it has ``start()``, this returns a state with ``length`` and
    ``append(ids)``, which takes the tokens that are new and returns the logits after the last: each
    token then passes through the model once. Both ways give the same text.

    Args:
        model: an n-gram model, a GPT, or anything else of that kind.
        ids: the prompt, shape (N,); for a model with a cache or a context N ≥ 1.
        max_new_tokens: how many tokens to add at most, ≥ 0.
        temperature: 0 ≤ T ≤ ∞, and so on as in :func:`book_lib.sampling.sample`.
        top_k: as there.
        top_p: as there.
        rng: a seed or a generator, which gives one number a token; as there, it may be left out at T = 0 only.
        stop: the token, or the tokens, after which to end; the one that ended is part of the result.
        when_full: what to do when the model cannot see the whole text any more: "stop" there, which is after
            context + 1 tokens; "slide", and show it the last ``context`` tokens, for which a cache begins
            anew each time; or "error" before the first token if the text may become so long.

    Returns:
        The prompt and what was added, as a list of integers.

    Raises:
        TypeError: if an argument is of the wrong kind; without ``rng`` at T > 0; if the model is none.
        ValueError: if the prompt is longer than the context, empty where it must not be, or holds ids that the
            model does not know, or ``stop`` does; for settings as in :func:`book_lib.sampling.sample`; for
            logits that are NaN, or all −∞; under "error" as said.

    See the section :ref:`sec-lm-generation`.

    >>> from book_lib.ngram import NGram
    >>> generate(NGram(3, vocab_size=4).fit([0, 1, 2, 3] * 9), [0, 1], 6, temperature=0)
    [0, 1, 2, 3, 0, 1, 2, 3]
    """
    reader = _Reader(model)
    text = reader.prompt(ids)
    steps = _checks.integer("max_new_tokens", max_new_tokens, 0)
    laws.check_settings(temperature, top_k, top_p)
    generator = None if rng is None and temperature == 0 else as_generator(rng)
    ends, context = _ends(stop, reader.vocab_size), reader.context
    _checks.one_of("when_full", when_full, WHEN_FULL)
    if when_full == "error" and len(text) + steps - 1 > context:
        raise ValueError(
            f"max_new_tokens must be at most {context + 1 - len(text)} after {len(text)} tokens, "
            f"as the model's context is {context}, got {steps}"
        )
    for _ in range(steps):
        if len(text) > context and when_full == "stop":
            break
        text.append(laws.sample(reader.logits(text), temperature, top_k, top_p, generator))
        if text[-1] in ends:
            break
    return text


def _ends(stop: int | Iterable[int] | None, vocab_size: int | None) -> set[int]:
    if stop is None:
        return set()
    # subtle: an array without a shape calls itself iterable, and is not.
    several = isinstance(stop, Iterable) and not isinstance(stop, (str, bytes)) and getattr(stop, "ndim", 1)
    most = None if vocab_size is None else vocab_size - 1
    return {_checks.integer("stop", token, 0, most) for token in (stop if several else [stop])}


class _Reader:
    """What shows a text to a model: all of it, the end that it can see, or only what is new."""

    def __init__(self, model: Any) -> None:
        self.cached = callable(getattr(model, "start", None))
        if not self.cached and not callable(getattr(model, "next_logits", None)):
            raise TypeError(f"model must have next_logits(ids) or start(), got {type(model).__name__}")
        context = _feature(model, "context")
        self.context = math.inf if context is None else _checks.integer("model.context", context, 1)
        self.vocab_size = _feature(model, "vocab_size")
        self.model, self.state = model, None

    def prompt(self, ids: ArrayLike) -> list[int]:
        """Return the prompt as a new list, refusing what the model cannot begin with."""
        text = arrays.indices("ids", ids, _checks.LONGEST if self.vocab_size is None else self.vocab_size)
        if text.ndim != 1:
            raise ValueError(f"ids must have shape (N,), got {text.shape}")
        if len(text) > self.context:
            raise ValueError(f"ids must hold at most {self.context} tokens, the model's context, got {len(text)}")
        if len(text) == 0 and (self.cached or self.context < math.inf):
            raise ValueError("ids must hold at least one token, from which this model can go on, got none")
        return text.tolist()

    def logits(self, text: list[int]) -> NDArray[np.float64]:
        """Return the logits after the last token, shape (V,)."""
        slides = len(text) > self.context
        seen = text[-int(self.context) :] if slides else text
        if not self.cached:
            return _row(self.model.next_logits(seen))
        # subtle: when the window moves, every token in it changes its place, and what was kept is worthless.
        if self.state is None or slides:
            self.state = self.model.start()
        return _row(self.state.append(seen[int(self.state.length) :]))


def _feature(model: Any, name: str) -> Any:
    """Return an attribute of the model or of its configuration; None if neither has it."""
    return getattr(model, name, getattr(getattr(model, "config", None), name, None))


def _row(logits: Any) -> NDArray:
    """Return logits of shape (V,) or (1, V), an array or a tensor, as an array of shape (V,)."""
    array = np.asarray(logits.detach().cpu() if hasattr(logits, "detach") else logits)
    return array[0] if array.ndim == 2 and len(array) == 1 else array
