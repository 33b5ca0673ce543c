"""Counting: one-hot codes, the die's likelihood, tables; re-exported by :mod:`book_lib.probability`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _probability_arrays as arrays


def one_hot(indices: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return the one-hot code: a 1 in the place that the index names, 0 elsewhere.

    See the section :ref:`sec-prob-categorical`.

    Args:
        indices: outcomes 0 … K − 1, any shape.
        classes: K ≥ 1.

    Returns:
        Integers of shape (…, K).

    Raises:
        ValueError: if an index lies outside 0 … K − 1 or is not whole, or K < 1.
        TypeError: if the indices are not numbers.

    >>> one_hot([0, 3], classes=4)
    array([[1, 0, 0, 0],
           [0, 0, 0, 1]])
    """
    classes = _checks.integer("classes", classes, 1, _checks.LONGEST)
    indices = arrays.indices("indices", indices, classes)
    return (indices[..., None] == np.arange(classes)).astype(np.int64)


def face_counts(rolls: ArrayLike, classes: int) -> NDArray[np.int64]:
    """Return how often each outcome came: the sum of the one-hot codes, the die's sufficient statistic.

    Source: :cite:`bishop2006pattern`, equation 2.30. See the section :ref:`sec-prob-die`.

    Args:
        rolls: outcomes 0 … K − 1, any shape; a die's face v is outcome v − 1.
        classes: K ≥ 1.

    Returns:
        Counts s, shape (K,).

    Raises:
        ValueError: as :func:`one_hot`, or if there are no rolls.
        TypeError: if the rolls are not numbers.

    >>> face_counts([0, 1, 1, 3], classes=4)
    array([1, 2, 0, 1])
    """
    classes = _checks.integer("classes", classes, 1, _checks.LONGEST)
    rolls = arrays.indices("rolls", rolls, classes)
    if rolls.size == 0:
        raise ValueError("rolls must hold at least one outcome, got an empty sample")
    return np.bincount(rolls.ravel(), minlength=classes)


def categorical_log_likelihood(counts: ArrayLike, p: ArrayLike) -> NDArray[np.float64] | float:
    """Return ln Π p_v^{s_v} = Σ s_v ln p_v of rolls with counts s, in the order in which they fell.

    Source: :cite:`bishop2006pattern`, equation 2.29. See the section :ref:`sec-prob-die`.

    Args:
        counts: s, shape (…, K), not negative; fractions are allowed, as data may carry weights.
        p: probabilities, shape (…, K); what never came may have p = 0 (0 ln 0 = 0), what came may not
            (the result is −inf).

    Raises:
        ValueError: for negative or non-finite counts, p that is not a distribution, or shapes that do
            not match.

    >>> round(float(np.exp(categorical_log_likelihood([1, 2, 0, 1], [0.1, 0.2, 0.3, 0.4]))), 6)
    0.0016
    """
    counts, p = arrays.counts("counts", counts), arrays.distribution("p", p)
    arrays.matching("counts", counts, "p", p, axis=-1)
    return arrays.result(arrays.xlogy(counts, p).sum(axis=-1))


def categorical_mle(counts: ArrayLike) -> NDArray[np.float64]:
    """Return p_v = s_v / Σ s, which makes the counts most likely.

    Source: :cite:`bishop2006pattern`, equation 2.33. See the section :ref:`sec-prob-lagrange`.

    Args:
        counts: s, shape (…, K), not negative.

    Raises:
        ValueError: for negative or non-finite counts, or if they are all 0: an empty sample prefers nothing.

    >>> categorical_mle([1, 2, 0, 1])
    array([0.25, 0.5 , 0.  , 0.25])
    """
    counts = arrays.counts("counts", counts)
    total = arrays.total("counts", counts)
    if (total == 0).any():
        raise ValueError("counts must hold at least one observation, got only zeros")
    return counts / total


def categorical_map(counts: ArrayLike, concentration: ArrayLike) -> NDArray[np.float64]:
    """Return the mode of the posterior under a Dirichlet prior: p_v ∝ s_v + α_v − 1.

    A prior with α = 1 + m acts like m rolls of each face seen beforehand; α = 1 gives the MLE. See the
    section :ref:`sec-prob-bayes`.

    Args:
        counts: s, shape (…, K), not negative.
        concentration: α > 0, shape (…, K) or a number for all faces.

    Raises:
        ValueError: for negative or non-finite counts, α that is not above 0 or does not fit, or if some
            s_v + α_v < 1, or all are 1: then the posterior has no single mode inside.

    >>> categorical_map([1, 2, 0, 1], concentration=2).round(3)
    array([0.25 , 0.375, 0.125, 0.25 ])
    """
    counts = arrays.counts("counts", counts)
    alpha = _checks.finite_array("concentration", concentration)
    if (alpha <= 0).any():
        raise ValueError(f"concentration must be greater than 0, got {alpha.min():g}")
    if alpha.ndim:
        arrays.matching("counts", counts, "concentration", alpha, axis=-1)
    weights = counts + alpha - 1
    total = arrays.total("counts and concentration", np.maximum(weights, 0))
    if (weights < 0).any() or (total == 0).any():
        raise ValueError(
            "concentration is too small for these counts: no s + α - 1 may be below 0, nor all be 0"
        )
    return weights / total


def marginals(joint: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """Return the law of each variable of a joint table, summed over all the others.

    See the section :ref:`sec-prob-joint`.

    Args:
        joint: p(x, y, …), any number of axes; the whole table sums to 1.

    Returns:
        One distribution for each axis: for p(x, y), the tuple (p(x), p(y)).

    Raises:
        ValueError: if the table has negative or non-finite entries or does not sum to 1.

    >>> marginals([[0.1, 0.3], [0.2, 0.4]])
    (array([0.4, 0.6]), array([0.3, 0.7]))
    """
    joint = _table(joint)
    axes = range(joint.ndim)
    return tuple(joint.sum(axis=tuple(other for other in axes if other != axis)) for axis in axes)


def conditional(joint: ArrayLike, axis: int = -1) -> NDArray[np.float64]:
    """Return the conditional law along ``axis``, given the variables of all other axes.

    See the section :ref:`sec-prob-joint`.

    Args:
        joint: p(x, y, …), as in :func:`marginals`.
        axis: the axis of the variable that stays uncertain, along which the result sums to 1. For a
            table p(x, y), axis 1 gives rows p(y | x) and axis 0 gives columns p(x | y).

    Raises:
        ValueError: as :func:`marginals`, or if a condition has probability 0: it never happens, so
            nothing can be said about what would follow.

    >>> conditional([[0.1, 0.3], [0.3, 0.3]], axis=1)
    array([[0.25, 0.75],
           [0.5 , 0.5 ]])
    """
    joint = _table(joint)
    arrays.require_entries("joint", joint, axis)
    given = joint.sum(axis=axis, keepdims=True)
    if (given == 0).any():
        place = tuple(int(i) for i in np.argwhere(given.squeeze(axis) == 0)[0])
        raise ValueError(f"joint must give each condition some probability, got 0 in all of {place}")
    return joint / given


def _table(joint: ArrayLike) -> NDArray[np.float64]:
    array = _checks.finite_array("joint", joint)
    if array.ndim == 0:
        raise ValueError("joint must be a table with at least one axis, got a number")
    with np.errstate(over="ignore"):
        total = array.sum()
    if array.size and (array >= 0).all() and abs(total - 1) > arrays.TOLERANCE:
        raise ValueError(f"joint must sum to 1, got {total:.9g}")
    return arrays.distribution("joint", array.ravel()).reshape(array.shape)
