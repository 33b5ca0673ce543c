"""A multilayer perceptron that trains before one's eyes: data to choose or to draw, weights, units and surface seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, Whole
from book_lib.explorables.lists import Numbers, Rows

if TYPE_CHECKING:
    from book_lib.neural import MLP
    from book_lib.tensor import Tensor

EDGE = 3.0  # the plane reaches from −3 to 3
FAR = 2.95  # points of the seed are kept within the plane
SAMPLE = 200  # points of a data set: the first half to train on, the second half to test
MOST = 80  # points drawn by the reader; every fourth is held out
STILL = 200  # steps behind the picture that stands in
BLOW_UP = 1e10  # growth of the loss that counts as divergence, as in `book_lib.neural.fit`
PLANS = ("circles", "xor", "bells", "spiral")
WEIGHTS, POINTS, BATCHES = 0, 1, 2  # streams of the seed


@dataclass(frozen=True, eq=False)
class Training:
    """What some steps have made of the network.

    Args:
        network: with the weights of now.
        losses: the loss of each step on its batch, before the step and with the penalty, shape (steps,).
        diverged: the step at which the loss or a gradient was no number any more, or 10¹⁰ times the first; or None.
        why: "loss", "gradient" or "growth" of a training that diverged, else "".
    """

    network: MLP = field(repr=False)
    losses: NDArray[np.float64] = field(repr=False)
    diverged: int | None
    why: str = ""

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.losses)


class MlpPlayground(Explorable):
    """A multilayer perceptron with one logit, trained live on labelled points of the plane.

    The loss is the mean of −ln p(label | x), p = σ(z), plus λ/2 Σw² ("l2") or λ Σ|w| ("l1") over the weights; biases go
    free. Python trains with the library: :class:`book_lib.neural.MLP`, :func:`book_lib.optimization.batches` and the
    same generator, step by step what the page does.

    Args:
        data: "circles", "xor", "bells", "spiral", or "own" points; "own" where points are given.
        points: rows (x₁, x₂, class), up to 80, classes 0 and 1; every fourth is held out as a test.
        inputs: "plain" x₁ and x₂, or "products": x₁²/3, x₂²/3 and x₁x₂/3 beside them, features made by hand.
        hidden: widths of up to three hidden layers, each 1 to 8; [] for none, which is logistic regression.
        activation: "tanh", "relu", "sigmoid" or "identity".
        method: "descent" or "adam".
        learning_rate: η, 0.001 to 30.
        penalty: "l2" or "l1".
        regularization: λ, 0 to 1.
        batch_size: examples to a step, 1 to 100.
        noise: standard deviation by which points are scattered, 0 to 1.
        temperature: T > 0 by which the logit is divided when the output is read as a probability, 0.1 to 10.
        predict: what the reader expects: "fails", "partly" or "solves"; "" before they say.
        seed: of the counter-based generator; its streams 0, 1, 2 draw weights, points and batches.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-net-training`.

    Raises:
        ValueError: for a bad value of one of these.

    >>> play = MlpPlayground(data="xor", hidden=[4], learning_rate=0.5)
    >>> play.parameters, play.train(400).diverged
    (17, None)
    >>> bool(play.loss(play.train(400).network) < play.loss(play.network()))
    True
    """

    data = OneOf([*PLANS, "own"], default_value="circles").tag(sync=True)
    points = Rows(width=3, rows=(0, MOST), limits=[(-EDGE, EDGE), (-EDGE, EDGE), (0, 1)]).tag(sync=True)
    inputs = OneOf(["plain", "products"], default_value="plain").tag(sync=True)
    hidden = Numbers([4], length=(0, 3), least=0, most=8, whole=True).tag(sync=True)
    activation = OneOf(["tanh", "relu", "sigmoid", "identity"], default_value="tanh").tag(sync=True)
    method = OneOf(["descent", "adam"], default_value="descent").tag(sync=True)
    learning_rate = Real(0.6, least=0.001, most=30).tag(sync=True)
    penalty = OneOf(["l2", "l1"], default_value="l2").tag(sync=True)
    regularization = Real(0.0, least=0, most=1).tag(sync=True)
    batch_size = Whole(10, least=1, most=100).tag(sync=True)
    noise = Real(0.2, least=0, most=1).tag(sync=True)
    temperature = Real(1.0, least=0.1, most=10).tag(sync=True)
    predict = OneOf(["", "fails", "partly", "solves"], default_value="").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        points, hidden = traits.get("points"), traits.get("hidden")
        if hasattr(points, "__len__") and len(points):
            traits.setdefault("data", "own")
        if hasattr(hidden, "__len__") and len(hidden) == 0:
            traits["hidden"] = [0]  # the address of a page can hold this, and not an empty list
        super().__init__(**traits)
        if 0 in self.hidden and self.hidden != [0]:
            raise ArgumentError(f"hidden must hold widths of 1 to 8, or nothing at all, not {self.hidden}")

    # -- the model

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths of all layers, the inputs and the one logit included."""
        return (2 if self.inputs == "plain" else 5, *(width for width in self.hidden if width), 1)

    @property
    def parameters(self) -> int:
        """How many weights and biases there are."""
        return sum((a + 1) * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))

    def network(self) -> MLP:
        """The network before the first step."""
        from book_lib.neural import MLP
        from book_lib.rng import CounterRNG

        return MLP(self.sizes, self.activation, rng=CounterRNG(self.seed, WEIGHTS))

    def sets(self) -> tuple[tuple[NDArray, NDArray], tuple[NDArray, NDArray]]:
        """(X, t) to train on and (X, t) held out; X of shape (N, 2), t of 0 and 1, shape (N,)."""
        if self.data != "own":
            X, t = sample(self.data, self.noise, self.seed)
            return (X[: SAMPLE // 2], t[: SAMPLE // 2]), (X[SAMPLE // 2 :], t[SAMPLE // 2 :])
        table = np.array(self.points, dtype=np.float64).reshape(-1, 3)
        held = np.arange(len(table)) % 4 == 3
        return tuple((part[:, :2], part[:, 2].astype(np.int64)) for part in (table[~held], table[held]))

    def features(self, X: NDArray) -> NDArray:
        """What the network sees of points, shape (N, 2) or (N, 5)."""
        return np.column_stack([X, X**2 / EDGE, X[:, :1] * X[:, 1:] / EDGE]) if self.inputs == "products" else X

    def objective(self, network: MLP, inputs: NDArray, labels: NDArray) -> Tensor:
        """The penalised loss on some examples, as a tensor to go backward from."""
        loss = cross_entropy(network(self.features(inputs)), labels)
        if not self.regularization:
            return loss
        for name, weight in network.named_parameters():
            if name.endswith("weight"):
                size = (weight**2).sum() / 2 if self.penalty == "l2" else (weight.relu() + (-weight).relu()).sum()
                loss = loss + self.regularization * size
        return loss

    def train(self, steps: int) -> Training:
        """So many steps from the start, or until it diverges."""
        run, network = _trained(self._settings(), steps), self.network()
        write(network.parameters(), flat(run.network))  # a copy: no reader's change may come back from the cache
        return replace(run, network=network)

    def loss(self, network: MLP, held_out: bool = False) -> float:
        """The mean of −ln p(label | x) at temperature T, without the penalty; NaN where there are no points."""
        inputs, labels = self.sets()[int(held_out)]
        if not len(labels):
            return math.nan
        z = self.logits(network, inputs) / self.temperature
        return float(np.mean(np.logaddexp(0, np.where(labels == 1, -z, z))))

    def logits(self, network: MLP, X: NDArray) -> NDArray:
        """z at points of the plane, shape (N,)."""
        return network.predict(self.features(X))[:, 0]

    def accuracy(self, network: MLP, held_out: bool = False) -> float:
        """The share of points whose class has the larger probability; NaN where there are none."""
        inputs, labels = self.sets()[int(held_out)]
        return float(np.mean((self.logits(network, inputs) > 0) == (labels == 1))) if len(labels) else math.nan

    def best_temperature(self, network: MLP) -> float:
        """The T with the least loss on the held-out points; 0 or ∞ where colder or hotter is always better."""
        inputs, labels = self.sets()[1]
        return cheapest_temperature(self.logits(network, inputs), labels) if len(labels) else math.nan

    def sharpness(self, network: MLP) -> float:
        """L, the largest curvature of the penalised loss on the training points; see :ref:`sec-opt-descent`."""
        inputs, labels = self.sets()[0]
        names = network.parameters()
        start = flat(network)

        def slope(weights: NDArray) -> NDArray:
            write(names, weights)
            network.zero_grad()
            self.objective(network, inputs, labels).backward()
            return np.concatenate([p.grad.ravel() for p in names])

        h = 1e-5
        hessian = np.array([(slope(start + h * e) - slope(start - h * e)) / (2 * h) for e in np.eye(len(start))])
        write(names, start)
        return float(np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1])

    def _settings(self) -> tuple:
        names = ("data", "inputs", "activation", "method", "learning_rate", "penalty", "regularization", "batch_size")
        plain = {name: getattr(self, name) for name in (*names, "noise", "seed")}
        return tuple((plain | {"points": tuple(self.points), "hidden": tuple(self.hidden)}).items())

    # -- pictures

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        run = self.train(STILL if len(self.sets()[0][1]) else 0)
        layers = " and ".join(str(width) for width in self.hidden if width) or "no"
        told = (
            f"A network with {layers} hidden {self.activation} units and {self.parameters} parameters on the data set "
            f"{self.data!r}, noise {self.noise:g}, after {run.steps} steps with learning rate {self.learning_rate:g}"
        )
        if run.diverged is not None:
            return f"{told}: it diverged at step {run.diverged}."
        if not len(self.sets()[0][1]):
            return f"{told}: the plane is empty, and waits for points of the reader's own."
        start, now = self.network(), run.network
        held = f", and {100 * self.accuracy(now, True):.0f} % of the held-out ones" if len(self.sets()[1][1]) else ""
        return (
            f"{told}: the loss on the training points has come from {self.loss(start):.3f} to {self.loss(now):.3f}, "
            f"{100 * self.accuracy(now):.0f} % of them lie on their side of the decision boundary{held}."
        )

    def still(self) -> tuple:
        """The decision surface with its points, and the loss on the way."""
        from book_lib import plotting

        colors, (train, test) = plotting.COLORS, self.sets()
        run = self.train(STILL if len(train[1]) else 0)
        figure, (left, right) = plotting.figure(height=2.8, columns=2)
        side = np.linspace(-EDGE, EDGE, 61)
        plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        z = self.logits(run.network, plane).reshape(61, 61)
        sides = (colors.mean_field, colors.mean_field, colors.simulation, colors.simulation)
        shades = list(zip(sides, (0.26, 0.12, 0.12, 0.26), strict=True))
        sure = math.log(9)  # odds of 9 to 1
        left.contourf(side, side, z, [-np.inf, -sure, 0.0, sure, np.inf], colors=shades)
        if z.min() < 0 < z.max():
            left.contour(side, side, z, [0.0], colors=colors.theory, linewidths=1.2)
        for (X, t), full in ((train, "full"), (test, "none")):
            for k, (color, mark) in enumerate(((colors.mean_field, "s"), (colors.simulation, "o"))):
                left.plot(*X[t == k].T, mark, color=color, markersize=2.6, fillstyle=full, markeredgewidth=0.7)
        left.set(xlabel="x₁", ylabel="x₂", aspect="equal", xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE))
        right.plot(smooth(run.losses), color=colors.simulation)
        right.set(xlabel="step", ylabel="loss, mean of 10 steps", ylim=(0, None))
        return plotting.still(figure)


@lru_cache(maxsize=16)
def _trained(settings: tuple, steps: int) -> Training:
    """The run of a playground with these settings: its picture and its description ask for the same one."""
    from book_lib import optimization

    play = MlpPlayground(**{k: list(v) if isinstance(v, tuple) else v for k, v in settings})
    network, (inputs, labels) = play.network(), play.sets()[0]
    parameters = list(network.parameters())  # looked up once: the search for them is a sixth of a step
    method = {"descent": optimization.GradientDescent, "adam": optimization.Adam}[play.method](play.learning_rate)
    state, deal = method.begin(flat(network)), dealt(len(labels), play.batch_size, play.seed)
    losses: list[float] = []
    for k in range(steps):
        batch = next(deal)
        with np.errstate(all="ignore"):
            loss = play.objective(network, inputs[batch], labels[batch])
            value = loss.item()
            why = "" if math.isfinite(value) else "loss"
            if not why and value > BLOW_UP * max(1.0, losses[0] if losses else value):
                why = "growth"
            if not why:
                for p in parameters:
                    p.grad = None
                loss.backward()
                slope = np.concatenate([p.grad.ravel() for p in parameters])
                why = "" if np.isfinite(slope).all() else "gradient"
        if why:
            return Training(network, np.array(losses), k, why)
        state = method.step(state, slope, k)
        losses.append(value)
        write(parameters, state.weights)
    return Training(network, np.array(losses), None)


def dealt(n: int, size: int, seed: int) -> Iterator[NDArray | slice]:
    """Batches for ever: dealt anew for each epoch, or everything at once and in order where it fits."""
    from book_lib.optimization import batches
    from book_lib.rng import CounterRNG

    rng = CounterRNG(seed, BATCHES)
    while True:
        yield from [slice(None)] if size >= n else batches(n, size, rng)


def cross_entropy(outputs: Tensor, labels: NDArray) -> Tensor:
    """Mean of −ln p(label | x) for one logit z, shape (N, 1): two classes with the logits 0 and z."""
    from book_lib.tensor import softmax_cross_entropy, stack

    z = outputs[:, 0]
    return softmax_cross_entropy(stack([np.zeros(z.shape), z], axis=1), labels)


def flat(network: MLP) -> NDArray[np.float64]:
    """All weights and biases in one row, layer by layer."""
    return np.concatenate([p.data.ravel() for p in network.parameters()])


def write(parameters: list[Tensor], weights: NDArray) -> None:
    """Put such a row back."""
    first = 0
    for p in parameters:
        p.data[...] = weights[first : first + p.data.size].reshape(p.data.shape)
        first += p.data.size


def sample(data: str, noise: float, seed: int) -> tuple[NDArray, NDArray]:
    """200 points of a data set and their classes, in turn 0 and 1. Mirrored in `core/mlp.js`."""
    from book_lib.rng import CounterRNG

    rng, i = CounterRNG(seed, POINTS), np.arange(SAMPLE)
    u, v = np.asarray(rng.random((SAMPLE, 2))).T
    jitter = np.asarray(rng.standard_normal((SAMPLE, 2)))
    t = i % 2
    sign = np.where(i // 2 % 2, -1.0, 1.0)
    if data == "circles":
        radius = np.where(t == 1, 1.1 * np.sqrt(u), 1.8 + 0.8 * u)
        clean = radius * np.array([np.cos(2 * np.pi * v), np.sin(2 * np.pi * v)])
    elif data == "xor":
        clean = np.array([sign * (0.25 + 2.25 * u), np.where(t == 1, -sign, sign) * (0.25 + 2.25 * v)])
    elif data == "bells":
        clean = np.where(t == 1, 1.2, -1.2) * np.ones((2, SAMPLE))
    else:
        angle = 3 * np.pi * u + np.pi * t
        clean = (0.2 + 2.4 * u) * np.array([np.sin(angle), np.cos(angle)])
    scatter = noise + (0.4 if data == "bells" else 0.0)
    return np.clip(clean.T + scatter * jitter, -FAR, FAR), t


def cheapest_temperature(z: NDArray, labels: NDArray) -> float:
    """The T > 0 that makes the mean of −ln p(label | z/T) least: where ⟨z⟩ under p is what it is under the labels.

    0 where every point is on its side, so that colder is always better; ∞ where the logits are of no use at all.
    """
    t = labels == 1
    if (np.where(t, z, -z) > 0).all():
        return 0.0
    scale = np.abs(z).max()
    if scale == 0 or (z * (t - 0.5)).sum() <= 0:
        return math.inf

    def slope(beta: float) -> float:  # of the loss in β = 1/T, which is convex
        return float((z * (1 / (1 + np.exp(-np.clip(beta * z, -700, 700))) - t)).sum())

    low, high = 0.0, 1 / scale
    while slope(high) < 0 and high < 1e12 / scale:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 2 / (low + high)


def smooth(losses: NDArray, over: int = 10) -> NDArray:
    """The mean over so many steps before each, where there are as many."""
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    k = np.arange(1, len(sums))
    first = np.maximum(0, k - over)
    return (sums[k] - sums[first]) / (k - first)
