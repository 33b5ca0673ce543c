"""Logistic and softmax regression in the plane: points that can be dragged, boundaries that gradient descent moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real
from book_lib.explorables.lists import Rows

POINTS = 12
EDGE = 3.0  # the plane reaches from −3 to 3
FAR = 2.9  # points drawn by the seed are kept within the plane
SPREAD = 0.7
CENTERS = {
    "two": np.array([[-0.9, -0.4], [0.9, 0.4]]),
    "three": np.array([[0.0, 1.0], [-0.87, -0.5], [0.87, -0.5]]),
}
LONGEST = 20_000  # steps of a run


class Boundaries(Explorable):
    """Labelled points in the plane and the law p(class | x) that gradient descent fits to them.

    The loss is the mean of −ln p(label | x), plus λ/2N times the sum of the squared weights; biases go free. That is
    1/N of what `book_lib.classification` minimises at the same λ. "two" is logistic regression, "three" softmax
    regression.

    Args:
        view: "two" or "three" classes.
        points: rows (x₁, x₂, class), up to 24, or none: then twelve points are drawn by the seed.
        separation: how far these lie apart, 0 to 2.
        penalty: λ, 0 to 10.
        learning_rate: η, 0.01 to 100.
        seed: of the counter-based generator that draws the points.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-class-gradient`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> widget = Boundaries(learning_rate=1.0)
    >>> bool(widget.loss(widget.descend(1)[-1]) < widget.loss(widget.descend(0)[-1]))
    True
    """

    view = OneOf(["two", "three"], default_value="two").tag(sync=True)
    points = Rows(width=3, rows=(0, 24), limits=[(-EDGE, EDGE), (-EDGE, EDGE), (0, 2)]).tag(sync=True)
    separation = Real(1.2, least=0, most=2).tag(sync=True)
    penalty = Real(0.0, least=0, most=10).tag(sync=True)
    learning_rate = Real(1.0, least=0.01, most=100).tag(sync=True)

    def __init__(self, **traits) -> None:
        super().__init__(**traits)
        if self.points and max(self.points[2::3]) >= self.classes:
            raise ArgumentError(f"points must bear classes below {self.classes} in this view, not {self.points}")

    @property
    def classes(self) -> int:
        """How many classes there are, K."""
        return len(CENTERS[self.view])

    def data(self) -> tuple[NDArray, NDArray]:
        """Inputs, shape (N, 2), and labels 0 … K−1, shape (N,)."""
        if not self.points:
            return cloud(self.view, self.separation, self.seed)
        table = np.array(self.points, dtype=np.float64).reshape(-1, 3)
        return table[:, :2], table[:, 2].astype(np.int64)

    def probabilities(self, weights: NDArray, inputs: NDArray) -> NDArray:
        """p(class | x), shape (M, K), for weights as `descend` gives them."""
        from book_lib.probability import softmax

        return softmax(with_bias(inputs) @ weights.T)

    def loss(self, weights: NDArray) -> float:
        """Mean negative log-likelihood with its penalty."""
        inputs, labels = self.data()
        return penalized_loss(weights, inputs, labels, self.penalty)

    def descend(self, steps: int) -> NDArray:
        """Weights along gradient descent from 0, shape (steps + 1, K, 3), of a row bias, w₁, w₂; see `gradient`."""
        inputs, labels = self.data()
        way = np.zeros((steps + 1, self.classes, 3))
        for k in range(steps):
            slope = gradient(way[k], inputs, labels, self.penalty)
            way[k + 1] = way[k] - self.learning_rate * slope
        return way

    def largest_step(self) -> float:
        """2/L: below this learning rate gradient descent cannot raise the loss. L bounds the curvature everywhere."""
        inputs = with_bias(self.data()[0])
        most = np.linalg.eigvalsh(inputs.T @ inputs / len(inputs))[-1]
        return float(2 / (most / (4 if self.view == "two" else 2) + self.penalty / len(inputs)))

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        inputs, labels = self.data()
        weights = self.descend(200)[-1]
        right = (self.probabilities(weights, inputs).argmax(axis=1) == labels).sum()
        return (
            f"{len(labels)} points of {self.view} classes in the plane and the straight boundaries between the classes "
            f"after 200 steps of gradient descent with learning rate {self.learning_rate:g} and penalty "
            f"{self.penalty:g}: the loss has come from {np.log(self.classes):.3f} to {self.loss(weights):.3f}, and "
            f"{right} points lie on their own side."
        )

    def still(self) -> tuple:
        """The plane after 200 steps; the loss on the way."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, (left, right) = plotting.figure(height=2.8, columns=2)
        (inputs, labels), way = self.data(), self.descend(200)
        side = np.linspace(-EDGE, EDGE, 121)
        plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        p = self.probabilities(way[-1], plane).reshape(121, 121, -1)
        for k, (color, mark) in enumerate(
            zip((colors.simulation, colors.mean_field, colors.theory), "os^", strict=True)
        ):
            left.plot(*inputs[labels == k].T, mark, color=color)
            if k < self.classes:
                lead = p[..., k] - np.delete(p, k, axis=-1).max(axis=-1)  # 0 on the boundary
                left.contour(side, side, lead, [0.0], colors=colors.theory, linewidths=1.2)
                left.contour(side, side, p[..., k], [0.9], colors=color, linewidths=0.8)
        left.set(xlabel="x₁", ylabel="x₂", aspect="equal")
        losses = [penalized_loss(weights, inputs, labels, self.penalty) for weights in way]
        right.plot(losses, color=colors.simulation)
        right.set(xlabel="step", ylabel="loss", ylim=(0, None))
        return plotting.still(figure)


def cloud(view: str, separation: float, seed: int) -> tuple[NDArray, NDArray]:
    """Twelve points, the classes in turn, normal about their centres and kept within the plane."""
    from book_lib.rng import CounterRNG

    centers = CENTERS[view]
    labels = np.arange(POINTS) % len(centers)
    noise = np.asarray(CounterRNG(seed).standard_normal(2 * POINTS)).reshape(-1, 2)
    return np.clip(separation * centers[labels] + SPREAD * noise, -FAR, FAR), labels


def with_bias(inputs: NDArray) -> NDArray:
    """Inputs with a column of ones in front, shape (N, 3)."""
    return np.column_stack([np.ones(len(inputs)), inputs])


def penalized_loss(weights: NDArray, inputs: NDArray, labels: NDArray, penalty: float) -> float:
    """(1/N) (Σ −ln p(label | x) + λ/2 Σ w²), biases apart; weights of shape (K, 3)."""
    from book_lib.probability import log_softmax

    log_p = log_softmax(with_bias(inputs) @ weights.T)
    squares = (weights[:, 1:] ** 2).sum()
    return float(-log_p[np.arange(len(labels)), labels].sum() + penalty / 2 * squares) / len(labels)


def gradient(weights: NDArray, inputs: NDArray, labels: NDArray, penalty: float) -> NDArray:
    """Gradient of the loss, shape (K, 3): the mean of (p − t) x, plus λ/N w. Mirrored in `core/classify.js`.

    With two classes the weights of class 0 stay 0, since only the difference of two logits counts: this is logistic
    regression, whose logit is that of class 1.
    """
    from book_lib.probability import softmax

    features, classes = with_bias(inputs), len(weights)
    misses = softmax(features @ weights.T) - np.eye(classes)[labels]
    slope = misses.T @ features / len(labels)
    slope[:, 1:] += penalty / len(labels) * weights[:, 1:]
    if classes == 2:
        slope[0] = 0
    return slope
