"""The data sets of the book: two small tables, three real sets, two synthetic ones, some photographs, and a text.

The tables of houses and rents are the numbers of a lecture: made to teach, not measured. Real data come
from scikit-learn and scikit-image, which ship them, so nothing is downloaded. What is synthetic says so in ``origin``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks, learning
from book_lib._corpus import Corpus, corpus
from book_lib.rng import RandomLike, as_generator

__all__ = [
    "Corpus",
    "Dataset",
    "Scores",
    "corpus",
    "diabetes",
    "digits",
    "faces",
    "homes",
    "houses",
    "photograph",
    "photographs",
    "rents",
    "scores",
]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples with their answers, and what the columns mean.

    Args:
        inputs: X, shape (N, D).
        targets: t, shape (N,): numbers, or class labels 0 … K−1 as integers.
        features: what each column of X is, with its unit, D of them.
        target: what t is, with its unit.
        origin: who measured or made the numbers.
        rows: a name for each example, or nothing.
        question: an input of which the answer is asked, shape (D,), or None.

    Raises:
        ValueError: if the shapes do not belong together or an entry is not finite.
        TypeError: if an entry is not a number.
    """

    inputs: NDArray[np.float64] = field(repr=False)
    targets: NDArray = field(repr=False)
    features: tuple[str, ...] = field(repr=False)
    target: str
    origin: str
    rows: tuple[str, ...] = ()
    question: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        inputs, targets = _checks.finite_array("inputs", self.inputs), _checks.regular("targets", self.targets)
        _checks.finite_array("targets", targets)
        if inputs.ndim != 2 or targets.shape != (len(inputs),):
            raise ValueError(
                f"inputs and targets must have shapes (N, D) and (N,), got {inputs.shape} and {targets.shape}"
            )
        if len(self.features) != inputs.shape[1]:
            raise ValueError(f"features must name {inputs.shape[1]} columns, got {len(self.features)}")
        if len(self.rows) not in (0, len(inputs)):
            raise ValueError(f"rows must name {len(inputs)} examples or none, got {len(self.rows)}")
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "targets", targets)

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: ArrayLike) -> Dataset:
        """Return the examples with these indices, in this order.

        Raises:
            TypeError: if an index is not an integer.
            ValueError: if an index is outside 0 … N−1.
        """
        chosen = _checks.regular("indices", indices)
        if chosen.dtype.kind not in "iu" and chosen.size:
            raise TypeError(f"indices must be integers, got {chosen.dtype} entries")
        chosen = chosen.astype(np.int64)
        # subtle: NumPy reads −1 as the last example, and so would hide an example counted from the wrong end.
        if chosen.size and not 0 <= chosen.min() <= chosen.max() < len(self):
            raise ValueError(f"indices must lie in 0 … {len(self) - 1}, got {chosen.min()} … {chosen.max()}")
        rows = tuple(self.rows[i] for i in chosen) if self.rows else ()
        return Dataset(
            self.inputs[chosen], self.targets[chosen], self.features, self.target, self.origin, rows, self.question
        )

    def split(
        self, fractions: Sequence[float] = (0.6, 0.2, 0.2), rng: RandomLike = 0
    ) -> tuple[Dataset, ...]:
        """Deal the examples at random into parts that do not overlap, by :func:`learning.split`.

        See the section :ref:`sec-model-splits`.

        Raises:
            ValueError, TypeError: as :func:`learning.split`.

        >>> [len(part) for part in diabetes().split(rng=0)]
        [265, 89, 88]
        """
        return tuple(self.take(part) for part in learning.split(len(self), fractions, rng))


@dataclass(frozen=True, eq=False)
class Scores:
    """What :func:`scores` drew.

    Args:
        scores: what some detector says of each example, shape (N,); larger means more likely positive.
        labels: the truth, 0 or 1, shape (N,).
        base_rate: the probability of a positive.
        separation: how far the two bells of scores lie apart, in their standard deviation.
    """

    scores: NDArray[np.float64] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    base_rate: float
    separation: float

    def log_odds(self, scores: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return ln P(1 | s)/P(0 | s) = d (s − d/2) + ln b/(1 − b), which Bayes' rule makes of the two bells.

        Args:
            scores: s, any shape; without it, those drawn.

        Raises:
            ValueError, TypeError: if a score is not a finite number.

        >>> float(scores(10, base_rate=0.5, separation=2.0, rng=0).log_odds(1.0))
        0.0
        """
        values = self.scores if scores is None else _checks.finite_array("scores", scores)
        middle = values - self.separation / 2
        return self.separation * middle + math.log(self.base_rate) - math.log1p(-self.base_rate)


_HOUSES = (
    ("Xicheng", 60, 2, 900),
    ("Haidian", 70, 8, 700),
    ("Shunyi", 220, 25, 1100),
    ("Changping", 80, 20, 400),
    ("Xicheng, large", 200, 2, 4000),
)


def houses(rows: int = 4) -> Dataset:
    """Return four houses, or five: area in m², distance to the centre in km, price in 10⁴ yuan.

    A lecture's numbers, made to teach; the units are the ones that fit them. See the section
    :ref:`sec-reg-houses`.

    Args:
        rows: 4, or 5 with the large house in the centre.

    Raises:
        ValueError: if ``rows`` is neither.
        TypeError: if it is not an integer.

    >>> houses().inputs[0], houses().targets[0]
    (array([60.,  2.]), np.float64(900.0))
    """
    rows = _checks.integer("rows", rows, 4, 5)
    names, *columns = zip(*_HOUSES[:rows], strict=True)
    table = np.array(columns, dtype=np.float64).T  # (rows, 3)
    return Dataset(
        inputs=table[:, :2],
        targets=table[:, 2],
        features=("area (m²)", "distance to the centre (km)"),
        target="price (10⁴ yuan)",
        origin="a lecture's table, made to teach",
        rows=names,
    )


def rents() -> Dataset:
    """Return four flats with four features and their rents, and a fifth flat as the ``question``.

    A lecture's numbers, made to teach: area in m², a score for the location, the share of green, a score for the
    decoration, and the rent. As many unknown weights as rows: see the section :ref:`sec-reg-rents`.

    >>> rents().inputs.shape
    (4, 4)
    """
    table = np.array(
        [
            [80, 8, 0.20, 6, 10_000],
            [60, 10, 0.30, 8, 9_000],
            [100, 5, 0.20, 5, 9_000],
            [70, 10, 0.25, 9, 12_000],
        ]
    )
    return Dataset(
        inputs=table[:, :4],
        targets=table[:, 4],
        features=("area (m²)", "location (score)", "green share", "decoration (score)"),
        target="rent",
        origin="a lecture's table, made to teach",
        question=np.array([100, 8, 0.35, 8]),
    )


def homes(n: int = 15, rng: RandomLike = 0) -> Dataset:
    """Return made-up homes: area in square feet, price in 1000 dollars, t = 50 + 0.2 x + noise of 30.

    Synthetic, so that the rule behind the data is known. See the section :ref:`sec-reg-homes`.

    Args:
        n: how many.
        rng: a seed or a generator.

    Returns:
        Areas between 400 and 2000, and the question 800.

    Raises:
        ValueError: if ``n`` is below 1.
        TypeError: if ``n`` is not an integer or ``rng`` neither a seed nor a generator.

    >>> homes(15, rng=0).question
    array([800.])
    """
    n, rng = _checks.integer("n", n, 1, _checks.LONGEST), as_generator(rng)
    area = np.round(400 + 1600 * np.asarray(rng.random(n)))
    price = np.round(50 + 0.2 * area + 30 * np.asarray(rng.standard_normal(n)), 1)
    return Dataset(
        inputs=area[:, None],
        targets=price,
        features=("area (square feet)",),
        target="price (1000 dollars)",
        origin="synthetic: 50 + 0.2 x and normal noise of standard deviation 30",
        question=np.array([800.0]),
    )


def diabetes() -> Dataset:
    """Return 442 patients: ten measurements, and how far their diabetes had progressed a year later.

    Real data of :cite:`efron2004least`, which scikit-learn ships. They come in their own units: scikit-learn's
    default would have centred and scaled all 442 at once, the test set included.

    >>> diabetes().inputs.shape
    (442, 10)
    """
    from sklearn.datasets import load_diabetes  # takes a second, so only whoever wants it pays

    bunch = load_diabetes(scaled=False)
    names = (
        "age (years)",
        "sex (1 or 2)",
        "body mass index",
        "mean blood pressure",
        "s1: total cholesterol",
        "s2: low-density lipoproteins",
        "s3: high-density lipoproteins",
        "s4: total cholesterol over HDL",
        "s5: probably the logarithm of triglycerides",
        "s6: blood sugar",
    )
    return Dataset(
        inputs=np.array(bunch.data, dtype=np.float64),
        targets=np.array(bunch.target, dtype=np.float64),
        features=names,
        target="progression after one year",
        origin="442 patients, measured; Efron, Hastie, Johnstone and Tibshirani 2004, from scikit-learn",
    )


def digits() -> Dataset:
    """Return 1797 handwritten digits: 8 × 8 pixels of ink from 0 to 1, row by row, and their labels 0 … 9.

    Real data of :cite:`alpaydin1998cascading`, which scikit-learn ships. A pixel counts the dark ones of a 4 × 4
    block of the scan; we divide by 16, which is known beforehand and so leaks nothing.

    >>> digits().inputs.shape, digits().targets[:3]
    ((1797, 64), array([0, 1, 2]))
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return Dataset(
        inputs=np.array(bunch.data, dtype=np.float64) / 16,
        targets=np.array(bunch.target, dtype=np.int64),
        features=tuple(f"pixel {row}, {column}" for row in range(8) for column in range(8)),
        target="digit",
        origin="handwritten by 13 people; Alpaydin and Kaynak 1998, test part, from scikit-learn",
    )


def scores(n: int, base_rate: float = 0.5, separation: float = 2.0, rng: RandomLike = 0) -> Scores:
    """Draw scores of a made-up detector: normal of width 1, about 0 for negatives, ``separation`` for positives.

    Synthetic, so that the right probabilities are known (:meth:`Scores.log_odds`), and nobody's face is used.

    Args:
        n: how many examples.
        base_rate: the probability that an example is positive, between 0 and 1.
        separation: d ≥ 0; at 0 the scores say nothing.
        rng: a seed or a generator.

    Raises:
        ValueError: if a number is out of its range.
        TypeError: if ``n`` is not an integer, another is not a number, or ``rng`` neither a seed nor a generator.

    >>> drawn = scores(1000, base_rate=0.1, separation=3.0, rng=0)
    >>> bool(drawn.scores[drawn.labels == 1].mean() > 2)
    True
    """
    n = _checks.integer("n", n, 1, _checks.LONGEST)
    base_rate = _checks.finite("base_rate", base_rate)
    if not 0 < base_rate < 1:
        raise ValueError(f"base_rate must lie between 0 and 1, got {base_rate!r}")
    separation = _checks.finite("separation", separation)
    if separation < 0:
        raise ValueError(f"separation must be at least 0, got {separation!r}")
    rng = as_generator(rng)
    labels = (np.asarray(rng.random(n)) < base_rate).astype(np.int64)
    values = np.asarray(rng.standard_normal(n)) + separation * labels
    return Scores(values, labels, base_rate, separation)


def faces() -> Dataset:
    """Return 200 small photographs, 25 × 25 pixels of light from 0 to 1, row by row: 100 faces, then 100 others.

    Real data, cut from "Labeled Faces in the Wild" (:cite:`huang2007labeled`) without the names, and shipped by
    scikit-image; the others are cut from the backgrounds of the same data set. They are too few to say much about faces
    in general. See the section :ref:`sec-vis-faces`.

    >>> faces().inputs.shape, faces().targets.sum()
    ((200, 625), np.int64(100))
    """
    from skimage.data import lfw_subset  # half a second, so only whoever wants it pays

    pictures = np.array(lfw_subset(), dtype=np.float64)
    return Dataset(
        inputs=pictures.reshape(200, 625),
        targets=np.repeat([1, 0], 100),
        features=tuple(f"pixel {row}, {column}" for row in range(25) for column in range(25)),
        target="face (1) or not (0)",
        origin="press photographs, cropped; Huang, Ramesh, Berg and Learned-Miller 2007, from scikit-image",
    )


photographs: Mapping[str, str] = MappingProxyType(
    {
        "brick": "a wall; CC0Textures, public domain (CC0)",
        "cat": "Chelsea; Stefan van der Walt, public domain (CC0)",
        "coins": "Greek coins from Pompeii; Brooklyn Museum, no known copyright restrictions",
        "moon": "the surface of the Moon; from scikit-image",
    }
)
"""What :func:`photograph` can show, and whose it is."""


def photograph(name: str, color: bool = False) -> NDArray[np.float64]:
    """Return a photograph that scikit-image ships, as light from 0 (black) to 1 (white).

    Grey is 0.2125 R + 0.7154 G + 0.0721 B, the brightness of Rec. 709, as scikit-image mixes it.

    Args:
        name: "brick", "cat", "coins" or "moon"; :data:`photographs` says whose they are.
        color: whether to keep red, green and blue, which only the cat has.

    Returns:
        Shape (H, W), or (H, W, 3) with ``color``.

    Raises:
        ValueError: if there is none of this name, or none of it in colour.
        TypeError: if ``color`` is neither True nor False.

    >>> photograph("coins").shape, photograph("cat", color=True).shape
    ((303, 384), (300, 451, 3))
    """
    from skimage import data

    _checks.one_of("name", name, photographs)
    if not isinstance(color, (bool, np.bool_)):
        raise TypeError(f"color must be True or False, got {color!r}")
    light = np.asarray(getattr(data, name)(), dtype=np.float64) / 255
    if color and light.ndim == 2:
        raise ValueError(f"color must be False for {name!r}, which is grey")
    return light if color or light.ndim == 2 else light @ [0.2125, 0.7154, 0.0721]
