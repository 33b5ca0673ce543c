"""From logits to a token: top-k, top-p, temperature and Gumbel noise, re-exported by :mod:`book_lib.sampling`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays
from book_lib.probability import log_softmax, sample_categorical, softmax
from book_lib.rng import RandomLike, as_generator, raw_uint32

_ROUNDING = 1e-12  # a sum of probabilities this close below p counts as p: ten tenths may sum to 1 − 1e-16


def top_k(logits: ArrayLike, k: int, min_tokens_to_keep: int = 1) -> NDArray[np.float64]:
    """Return the logits with −∞ for all but the k largest: all other words cost an infinite energy.

    Exactly k are kept: where several are as large as the k-th, those with the lowest ids. (``transformers``
    keeps all of these; without ties the two agree.) If k is not less than V, all are. See
    :cite:`fan2018hierarchical` and the section :ref:`sec-lm-top`.

    Args:
        logits: real scores or −∞, shape (…, V).
        k: how many to keep, ≥ 1.
        min_tokens_to_keep: keep so many even if k is less, ≥ 1.

    Returns:
        Shape (…, V).

    Raises:
        TypeError: if logits are no numbers, or k no integer.
        ValueError: for k < 1; for NaN or +∞; if nothing is possible.

    >>> top_k([1.0, 3.0, 2.0, 2.0], 2).tolist()
    [-inf, 3.0, 2.0, -inf]
    """
    z = possible("logits", logits)
    return _largest(z, max(*_numbers(k, min_tokens_to_keep)))


def _numbers(k: int, least: int) -> tuple[int, int]:
    return _checks.integer("k", k, 1), _checks.integer("min_tokens_to_keep", least, 1)


def possible(name: str, logits: ArrayLike) -> NDArray[np.float64]:
    """Return logits, shape (…, V), that leave something possible.

    Raises:
        TypeError: if they are no numbers.
        ValueError: for NaN or +∞; if nothing is possible.
    """
    z = arrays.logits(logits, -1, name)
    if (z.max(axis=-1) == -np.inf).any():
        raise ValueError(f"{name} must leave at least one token possible, got only -inf along the last axis")
    return z


def _largest(z: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Return −∞ for all but the k largest, ties by the lowest ids."""
    size = z.shape[-1]
    if k >= size:
        return z.copy()
    bar = np.partition(z, size - k, axis=-1)[..., size - k, None]  # the k-th largest
    above, level = z > bar, z == bar
    room = k - above.sum(axis=-1, keepdims=True)
    return np.where(above | (level & (level.cumsum(axis=-1) <= room)), z, -np.inf)


def top_p(logits: ArrayLike, p: float, min_tokens_to_keep: int = 1) -> NDArray[np.float64]:
    """Return the logits with −∞ outside the nucleus: the fewest tokens that have at least p of the mass.

    Tokens are taken from the likeliest down, ties by the lowest ids, until their sum reaches p (to 10⁻¹²); so
    the one that crosses p is in, and one at least always is. p = 1 changes nothing. ``transformers``
    draws the same line; which of several equally likely tokens it keeps is left to its sort. See
    :cite:`holtzman2020curious` and the section :ref:`sec-lm-top`.

    Args:
        logits: real scores or −∞, shape (…, V).
        p: 0 < p ≤ 1.
        min_tokens_to_keep: keep so many even if fewer have the mass, ≥ 1.

    Returns:
        Shape (…, V).

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: for p outside (0, 1]; for NaN or +∞; if nothing is possible.

    >>> top_p(np.log([0.5, 0.2, 0.3]), 0.8).round(2).tolist()
    [-0.69, -inf, -1.2]
    """
    z = possible("logits", logits)
    least = _checks.integer("min_tokens_to_keep", min_tokens_to_keep, 1)
    return np.where(_nucleus(z, softmax(z), _share("p", p), least), z, -np.inf)


def _share(name: str, p: float) -> float:
    """Return p, refusing what is not in (0, 1]."""
    share = _checks.finite(name, p)
    if not 0 < share <= 1:
        raise ValueError(f"{name} must be greater than 0 and at most 1, got {p!r}")
    return share


def _nucleus(z: NDArray, law: NDArray, p: float, least: int) -> NDArray[np.bool_]:
    """Return which tokens are in the nucleus of ``law``, which has the order of ``z``; both (…, V)."""
    if p == 1:
        return np.ones(z.shape, dtype=bool)
    order = np.argsort(-z, axis=-1, kind="stable")
    mass = np.take_along_axis(law, order, axis=-1).cumsum(axis=-1)
    inside = np.ones(z.shape, dtype=bool)
    inside[..., 1:] = mass[..., :-1] < p - _ROUNDING
    inside[..., :least] = True
    kept = np.empty_like(inside)
    np.put_along_axis(kept, order, inside, axis=-1)
    return kept


def check_settings(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Refuse what :func:`next_distribution` would refuse, before any work is done.

    Raises:
        TypeError, ValueError: as there.
    """
    arrays.temperature(temperature)
    if top_k is not None:
        _checks.integer("top_k", top_k, 1)
    if top_p is not None:
        _share("top_p", top_p)


def next_distribution(
    logits: ArrayLike, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> NDArray[np.float64]:
    """Return the law from which the next token is drawn: temperature, then top-k, then top-p.

    The order is that of ``transformers``, and matters for top-p alone: the nucleus is that of the law at T. A
    temperature does not change which k logits are largest.

    Args:
        logits: real scores or −∞, shape (…, V).
        temperature: 0 ≤ T ≤ ∞. At T = 0 the largest logits share the mass equally, at T = ``math.inf`` all
            tokens that top-k has left.
        top_k: how many tokens to keep; None for all.
        top_p: the mass to keep, in (0, 1]; None for all.

    Returns:
        Probabilities, shape (…, V).

    Raises:
        TypeError: if an argument is of the wrong kind.
        ValueError: for T < 0, top_k < 1, top_p outside (0, 1]; for NaN or +∞ among the logits; if nothing is
            possible.

    See the section :ref:`sec-lm-temperature`.

    >>> logits = np.log([0.5, 0.3, 0.2])
    >>> next_distribution(logits, temperature=0.5, top_k=2).round(3).tolist()
    [0.735, 0.265, 0.0]
    >>> next_distribution([1.0, 2.0, 2.0], temperature=0).tolist()
    [0.0, 0.5, 0.5]
    """
    z = possible("logits", logits)
    check_settings(temperature, top_k, top_p)
    if top_k is not None:
        z = _largest(z, top_k)
    law = softmax(z, temperature)
    if top_p is None:
        return law
    kept = np.where(_nucleus(z, law, _share("top_p", top_p), 1), law, 0.0)
    return kept / kept.sum(axis=-1, keepdims=True)


def sample(
    logits: ArrayLike,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    rng: RandomLike | None = None,
) -> int:
    """Draw one token from :func:`next_distribution`.

    Args:
        logits: shape (V,).
        temperature: as there, and so are the next two.
        top_k: as there.
        top_p: as there.
        rng: a seed or a generator, which gives one uniform number. It may be left out at T = 0 only: the
            largest logit wins, of several the one with the lowest id.

    Raises:
        TypeError: if an argument is of the wrong kind; without ``rng`` at T > 0.
        ValueError: as :func:`next_distribution`, or if logits are not of shape (V,).

    See the section :ref:`sec-lm-temperature`.

    >>> sample([0.0, 2.0, 1.0], temperature=0), sample([0.0, 2.0, 1.0], top_k=1, rng=0)
    (1, 1)
    """
    p = next_distribution(logits, temperature, top_k, top_p)
    if p.ndim != 1:
        raise ValueError(f"logits must have shape (V,), got {p.shape}")
    if rng is None and temperature == 0:
        return int(p.argmax())
    return sample_categorical(p, None, as_generator(rng))


def gumbel(size: int | tuple[int, ...] | None, rng: RandomLike) -> NDArray[np.float64] | float:
    """Return Gumbel noise g = −ln(−ln u), u uniform on the open interval (0, 1).

    u = (w + ½)/2³² for a 32-bit word w each, as ``core/softmax.js`` has it, so that with
    :class:`book_lib.rng.CounterRNG` the page draws the same; g lies between −3.13 and 22.88.

    Args:
        size: the shape; None for one number.
        rng: a seed or a generator.

    Raises:
        TypeError, ValueError: if ``size`` is no shape, or ``rng`` neither a seed nor a generator.

    >>> gumbel((2, 3), rng=0).shape
    (2, 3)
    """
    shape = arrays.shape(size)
    words = raw_uint32(as_generator(rng), int(np.prod(shape, dtype=np.int64)))
    noise = -np.log(-np.log(words / 2**32 + 2**-33)).reshape(shape)
    return float(noise) if size is None else noise


def gumbel_max(
    logits: ArrayLike,
    temperature: float = 1.0,
    rng: RandomLike | None = None,
    noise: ArrayLike | None = None,
) -> NDArray[np.int64] | int:
    """Return argmax(z/T + g), which is a draw from softmax(z/T) if g is Gumbel noise.

    With the noise kept and T turned, single tokens change their minds; at T = 0 the largest logit wins, and of
    several the one with the largest noise. Source: :cite:`maddison2014sampling`.

    Args:
        logits: real scores or −∞, shape (…, V).
        temperature: 0 ≤ T ≤ ∞.
        rng: a seed or a generator, for noise of the shape of the logits; or else
        noise: g, of a shape that broadcasts with that of the logits to (…, V).

    Returns:
        A token, or for several rows an array of them, shape (…).

    Raises:
        TypeError: if an argument is of the wrong kind, or both or neither of ``rng`` and ``noise`` are given.
        ValueError: for T < 0; for NaN or +∞ among the logits; if nothing is possible; for noise that is not
            finite or does not fit.

    See the section :ref:`sec-lm-temperature`.

    >>> gumbel_max([0.0, 1.0], 0.5, noise=[0.0, -1.5]), gumbel_max([0.0, 1.0], 2.0, noise=[0.0, -1.5])
    (1, 0)
    """
    z = possible("logits", logits)
    scores = log_softmax(z, temperature)  # z/T less a constant, and its limits at 0 and ∞
    if (rng is None) == (noise is None):
        raise TypeError("gumbel_max needs either rng or noise, got " + ("neither" if rng is None else "both"))
    g = gumbel(z.shape, rng) if noise is None else _checks.finite_array("noise", noise)
    if g.ndim == 0 or g.shape[-1] != z.shape[-1]:
        raise ValueError(f"noise must have shape (…, {z.shape[-1]}), got {g.shape}")
    try:
        chosen = (scores + g).argmax(axis=-1)
    except ValueError:
        raise ValueError(f"noise must fit logits of shape {z.shape}, got {g.shape}") from None
    return int(chosen) if chosen.ndim == 0 else chosen
