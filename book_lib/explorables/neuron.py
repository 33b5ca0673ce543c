"""One neuron in the plane: two weights, a bias and an activation, against a table of truth or five houses."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import Explorable, OneOf, Real, Whole

ACTIVATIONS = ("step", "sigmoid", "tanh", "relu", "identity")
LOW, HIGH = -0.5, 1.5  # the plane
CORNERS = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
TRUTHS = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "xor": (0, 1, 1, 0)}
AREA, DISTANCE = 200.0, 25.0  # m² and km: units of the two inputs of a house


class Neuron(Explorable):
    """A neuron h = g(w₁x₁ + w₂x₂ + c), its half-plane, and the examples it should fire for.

    It says yes where its pre-activation z is positive, whatever g is: g says how loudly.

    Args:
        w1, w2: weights, −10 to 10.
        bias: c, −20 to 20.
        activation: g: "step", "sigmoid", "tanh", "relu" or "identity".
        data: "and", "or", "xor", or "house": five houses, of which the one that is large AND near is looked for; x₁ is
            the area in units of 200 m², x₂ the nearness, 1 − distance/25 km.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-net-neuron`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> Neuron(w1=1.0, w2=1.0, bias=-1.5, data="and").right()
    4
    >>> Neuron(data="house").inputs().shape
    (5, 2)
    """

    w1 = Real(1.0, least=-10, most=10).tag(sync=True)
    w2 = Real(1.0, least=-10, most=10).tag(sync=True)
    bias = Real(-0.5, least=-20, most=20).tag(sync=True)
    activation = OneOf(list(ACTIVATIONS), default_value="sigmoid").tag(sync=True)
    data = OneOf([*TRUTHS, "house"], default_value="and").tag(sync=True)
    guess = Whole(0, least=0, most=4).tag(sync=True)
    """How many of xor's four rows a single neuron can get right at most, as the reader expects; 0 before they say."""

    def inputs(self) -> NDArray:
        """X, shape (4, 2), or (5, 2) for the houses."""
        if self.data != "house":
            return np.array(CORNERS)
        from book_lib.datasets import houses

        return np.column_stack([houses(5).inputs[:, 0] / AREA, 1 - houses(5).inputs[:, 1] / DISTANCE])

    def targets(self) -> NDArray:
        """For which rows it should fire, 0 or 1; of the houses for those of at least 150 m² within 5 km."""
        if self.data != "house":
            return np.array(TRUTHS[self.data])
        from book_lib.datasets import houses

        area, distance = houses(5).inputs.T
        return ((area >= 150) & (distance <= 5)).astype(np.int64)

    def pre_activations(self) -> NDArray:
        """z = w₁x₁ + w₂x₂ + c of each row."""
        return self.inputs() @ np.array([self.w1, self.w2]) + self.bias

    def outputs(self) -> NDArray:
        """h = g(z) of each row."""
        return activate(self.activation, self.pre_activations())

    def right(self) -> int:
        """How many rows are answered as they should be: yes where z > 0."""
        return int(((self.pre_activations() > 0) == (self.targets() == 1)).sum())

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        rows = "; ".join(f"({a:.2g}, {b:.2g}) gives {h:.2f}, wanted {t}" for (a, b), h, t in
                         zip(self.inputs(), self.outputs(), self.targets(), strict=True))  # fmt: skip
        return (
            f"A {self.activation} neuron with weights {self.w1:g} and {self.w2:g} and bias {self.bias:g}, and the line "
            f"where its pre-activation is 0. {rows}. {self.right()} of {len(self.targets())} rows are right."
        )

    def still(self) -> tuple:
        """The half-plane with the examples; the activation with where they fall on it."""
        from book_lib import plotting

        colors = plotting.COLORS
        figure, (left, right) = plotting.figure(height=2.7, columns=2)
        side = np.linspace(LOW, HIGH, 81)
        z = self.w1 * side + self.w2 * side[:, None] + self.bias
        if z.min() < 0 < z.max():
            left.contourf(side, side, z, [0, np.inf], colors=[colors.simulation], alpha=0.18)
            left.contour(side, side, z, [0.0], colors=colors.theory, linewidths=1.2)
        for k, (color, mark) in enumerate(((colors.mean_field, "s"), (colors.simulation, "o"))):
            here = self.targets() == k
            left.plot(*self.inputs()[here].T, mark, color=color)
            right.plot(self.pre_activations()[here], self.outputs()[here], mark, color=color)
        left.set(xlabel="x₁", ylabel="x₂", aspect="equal", xlim=(LOW, HIGH), ylim=(LOW, HIGH))
        reach = max(4.0, float(np.abs(self.pre_activations()).max()))
        grid = np.linspace(-reach, reach, 401)
        right.plot(grid, activate(self.activation, grid), color=colors.theory, zorder=0)
        right.axvline(0, color=colors.rule)
        right.set(xlabel="z", ylabel="h = g(z)")
        return plotting.still(figure)


def activate(name: str, z: NDArray) -> NDArray:
    """g(z), entry by entry. Mirrored in `core/neuron.js`."""
    z = np.asarray(z, dtype=np.float64)
    functions = {
        "step": lambda: (z > 0).astype(np.float64),
        "sigmoid": lambda: np.array([1 / (1 + math.exp(-v)) if v > -700 else 0.0 for v in z.ravel()]).reshape(z.shape),
        "tanh": lambda: np.tanh(z),
        "relu": lambda: np.maximum(z, 0),
        "identity": lambda: z,
    }
    return functions[name]()
