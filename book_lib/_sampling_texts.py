"""Tempering words against tempering texts, by enumeration, re-exported by :mod:`book_lib.sampling`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib.probability import log_softmax, softmax

Text: TypeAlias = tuple[int, ...]
Conditional: TypeAlias = Mapping[Text, ArrayLike] | Callable[[Text], ArrayLike | None]
MOST_TEXTS = 2**17  # some seconds


def log_joint(conditional: Conditional, length: int | None = None) -> dict[Text, float]:
    """Return ln p of every possible text by the chain rule: ln p(text) = Σ_t ln p(x_t | x_1 … x_{t−1}).

    Args:
        conditional: the law of the next token after each beginning, of any number of tokens: a table such as
            ``{(): [0.6, 0.4], (0,): [0.5, 0.5]}``, in which a text ends where there is no entry; or
            a function of the beginning, a tuple, that returns None where the text ends.
        length: end texts at this many tokens at the latest, ≥ 1; needed with a function.

    Returns:
        A dictionary from texts, tuples of tokens, to ln p. Impossible texts are not listed.

    Raises:
        TypeError: if ``conditional`` is neither, or a law holds no numbers; for a function without ``length``.
        ValueError: if a law is none, the table has no entry for (), or there are more than 2¹⁷ texts.

    See the section :ref:`sec-lm-analogy`.

    >>> table = {(): [0.6, 0.4], (0,): [0.5, 0.5]}
    >>> {text: round(float(np.exp(value)), 6) for text, value in log_joint(table).items()}
    {(1,): 0.4, (0, 0): 0.3, (0, 1): 0.3}
    """
    return _enumerate(conditional, 1.0, length)


def temper_tokens(
    conditional: Conditional, temperature: float, length: int | None = None
) -> dict[Text, float]:
    """Return the law of texts whose tokens are drawn one by one at temperature T: what a sampler does.

    p_T(text) = Π_t p(x_t|…)^{1/T}/Z_t with a Z for each beginning. It is not the law of :func:`temper_texts`,
    which has one Z for all.

    Args:
        conditional: as in :func:`log_joint`.
        temperature: 0 ≤ T ≤ ∞; at T = 0 the likeliest tokens share, at T = ``math.inf`` all possible ones.
        length: as there.

    Returns:
        A dictionary from texts to probabilities; those that T = 0 makes impossible are not listed.

    Raises:
        TypeError, ValueError: as :func:`log_joint`; ValueError for T < 0.

    See the section :ref:`sec-lm-analogy`.

    >>> tree = {(): [0.6, 0.4], (0,): [0.1] * 10, (1,): [1.0]}
    >>> round(prefix_probability(temper_tokens(tree, 0.5), (0,)), 3)
    0.692
    >>> round(prefix_probability(temper_texts(log_joint(tree), 0.5), (0,)), 3)
    0.184
    """
    texts = _enumerate(conditional, arrays.temperature(temperature), length)
    return {text: float(np.exp(value)) for text, value in texts.items()}


def temper_texts(
    log_joint: Mapping[Text, float] | ArrayLike, temperature: float
) -> dict[Text, float] | NDArray[np.float64]:
    """Return the law of whole texts at temperature T: p(text)^{1/T}/Z, one Z for all.

    This is Boltzmann's law for the energy −ln p(text), and the Z that nobody can afford for long texts.

    Args:
        log_joint: ln p of each text, up to a constant: a dictionary as of :func:`log_joint`, or a table of any
            shape, such as (V,)·T; −∞ for an impossible text.
        temperature: 0 ≤ T ≤ ∞; at T = 0 the likeliest texts share, at T = ``math.inf`` all possible ones.

    Returns:
        Probabilities, in a dictionary or a table as they came.

    Raises:
        TypeError: if they are no numbers.
        ValueError: for T < 0; for NaN or +∞; if no text is possible or there is none.

    See the section :ref:`sec-lm-analogy`.

    >>> temper_texts(np.log([[0.5, 0.25], [0.125, 0.125]]), temperature=0).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    if isinstance(log_joint, Mapping):
        p = softmax(_possible_texts(list(log_joint.values())), temperature)
        return dict(zip(log_joint, p.tolist(), strict=True))
    z = _possible_texts(log_joint)
    return softmax(z.ravel(), temperature).reshape(z.shape)


def _possible_texts(values: ArrayLike) -> NDArray[np.float64]:
    z = _checks.real_array("log_joint", values)
    if z.size == 0 or np.isnan(z).any() or z.max() in (np.inf, -np.inf):
        raise ValueError("log_joint must hold ln p of at least one possible text, and neither NaN nor +inf")
    return z


def prefix_probability(texts: Mapping[Text, float], prefix: ArrayLike = ()) -> float:
    """Return the probability that a text begins with these tokens: the sum over all that do.

    Args:
        texts: probabilities of texts, as of :func:`temper_tokens`.
        prefix: tokens, shape (m,), m ≥ 0.

    Raises:
        TypeError: if they are no integers.
        ValueError: if they are of another shape.

    >>> prefix_probability({(0, 0): 0.25, (0, 1): 0.5, (1,): 0.25}, (0,))
    0.75
    """
    start = arrays.indices("prefix", prefix, _checks.LONGEST)
    if start.ndim != 1:
        raise ValueError(f"prefix must have shape (m,), got {start.shape}")
    wanted = tuple(start.tolist())
    return float(sum(p for text, p in texts.items() if text[: len(wanted)] == wanted))


def _enumerate(conditional: Conditional, temperature: float, length: int | None) -> dict[Text, float]:
    """Return ln of every possible text's probability, each conditional law tempered by itself."""
    law_after = _laws(conditional, length)
    growing: dict[Text, float] = {(): 0.0}
    ended: dict[Text, float] = {}
    while growing:
        longer: dict[Text, float] = {}
        for text, log_p in growing.items():
            law = None if len(text) == length else law_after(text)
            if law is None:
                ended[text] = log_p
                continue
            steps = _log_law(text, law, temperature)
            longer |= {(*text, int(token)): log_p + float(steps[token]) for token in np.flatnonzero(steps > -np.inf)}
            if len(ended) + len(longer) > MOST_TEXTS:
                raise ValueError(f"conditional must make at most {MOST_TEXTS} texts; take a smaller length")
        growing = longer
    return ended


def _laws(conditional: Conditional, length: int | None) -> Callable[[Text], ArrayLike | None]:
    """Return the table or function as a function of the beginning."""
    if length is not None:
        _checks.integer("length", length, 1)
    if isinstance(conditional, Mapping):
        if () not in conditional:
            raise ValueError("conditional must hold the law of the first token under ()")
        return conditional.get
    if not callable(conditional):
        raise TypeError(f"conditional must be a table or a function, got {type(conditional).__name__}")
    if length is None:
        raise TypeError("length must be given with a function, whose texts may never end")
    return conditional


def _log_law(text: Text, law: ArrayLike, temperature: float) -> NDArray[np.float64]:
    name = f"conditional after {text}"
    p = arrays.distribution(name, law)
    if p.ndim != 1:
        raise ValueError(f"{name} must have shape (V,), got {p.shape}")
    with np.errstate(divide="ignore"):
        return log_softmax(np.log(p), temperature)
