"""One pass forward and backward of a 2-16-16-1 network on 100 examples, number by number.

The peer is an engine as it is usually written for teaching, in our own words: each value keeps a set of its parents
and a closure that knows the way back, and the order is found by recursion. Each value so made is in a circle of
references (it holds the closure, the closure holds it), which only Python's collector of garbage can take apart, and
the collector is where most of the time goes. So every row stands twice: as one would run it, and with the collector
off. Throwing the graph away is timed with the pass backward: ours is freed at once and pays there, the peer's circles
wait for the collector, who finds most of them during the pass forward.

`book_lib, the same operations` makes one node for each + and × as the peer does; `book_lib, dot` makes one for each
neuron's sum. All three compute the same loss and the same 337 gradients, which the tests compare.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np

from book_lib.autograd import Value, dot

SIZES, EXAMPLES, ROUNDS = (2, 16, 16, 1), 100, 5
REFERENCE, SAME, FUSED = "closures and sets, recursive", "book_lib, the same operations", "book_lib, dot"


class Closure:
    """A number of the peer: it remembers a function that sends its gradient to its parents."""

    def __init__(self, data: float, parents: tuple = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.parents = set(parents)
        self.send_back: Callable[[], None] = lambda: None

    def __add__(self, other: Any) -> Closure:
        other = other if isinstance(other, Closure) else Closure(other)
        out = Closure(self.data + other.data, (self, other))

        def send_back() -> None:
            self.grad += out.grad
            other.grad += out.grad

        out.send_back = send_back
        return out

    def __mul__(self, other: Any) -> Closure:
        other = other if isinstance(other, Closure) else Closure(other)
        out = Closure(self.data * other.data, (self, other))

        def send_back() -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.send_back = send_back
        return out

    def tanh(self) -> Closure:
        t = math.tanh(self.data)
        out = Closure(t, (self,))

        def send_back() -> None:
            self.grad += (1 - t * t) * out.grad

        out.send_back = send_back
        return out

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        order, seen = [], set()

        def visit(value: Closure) -> None:
            if value not in seen:
                seen.add(value)
                for parent in value.parents:
                    visit(parent)
                order.append(value)

        visit(self)
        self.grad = 1.0
        for value in reversed(order):
            value.send_back()


def weights(make: Callable[[float], Any]) -> list[list[tuple[list, Any]]]:
    """Return the layers, lists of (weights, bias) of a unit, the same numbers for every engine."""
    rng = np.random.default_rng(0)
    return [
        [([make(float(w)) for w in rng.normal(0, n**-0.5, n)], make(0.1)) for _ in range(units)]
        for n, units in pairwise(SIZES)
    ]


def terms(unit: list, inputs: list, bias: Any) -> Any:
    """Return b + Σ wx, one product and one sum a term."""
    return sum((w * x for w, x in zip(unit, inputs, strict=True)), bias)


def loss(layers: list, make: Callable[[float], Any], neuron: Callable = terms, examples: int = EXAMPLES) -> Any:
    """Return the mean squared error over the examples: is the point inside the circle?"""
    total = make(0.0)
    for point in np.random.default_rng(1).uniform(-1, 1, (examples, 2)).tolist():
        hidden = [make(x) for x in point]
        for layer in layers:
            hidden = [neuron(unit, hidden, bias).tanh() for unit, bias in layer]
        error = hidden[0] + (-1.0 if math.hypot(*point) < 0.7 else 1.0)
        total = total + error * error
    return total * (1 / examples)


def engines() -> dict[str, tuple[Callable, Callable]]:
    """Return name → (what makes a number, what makes a neuron's sum)."""
    return {REFERENCE: (Closure, terms), SAME: (Value, terms), FUSED: (Value, dot)}


def gradients(name: str) -> tuple[float, list[float]]:
    """Return the loss and all gradients that an engine finds."""
    make, neuron = engines()[name]
    layers = weights(make)
    with _collector() as switch:
        switch(False)  # it would take most of the time, and is of no interest here
        found = loss(layers, make, neuron)
        found.backward()
    return found.data, [w.grad for layer in layers for unit, bias in layer for w in (*unit, bias)]


def timed(make: Callable, neuron: Callable, examples: int = EXAMPLES) -> tuple[float, float]:
    """Return the processor seconds of the pass forward, and of the pass backward and throwing the graph away."""
    layers = weights(make)
    gc.collect()  # so that nobody clears up after a rival
    start = time.process_time()
    found = loss(layers, make, neuron, examples)
    middle = time.process_time()
    found.backward()
    del found
    return middle - start, time.process_time() - middle


def common_loop() -> float:
    """Return the processor seconds of a million multiplications and additions: how fast this machine's Python is."""
    start, total = time.process_time(), 0.0
    for k in range(1_000_000):
        total += k * 0.5
    return time.process_time() - start


@contextmanager
def _collector() -> Iterator[Callable[[bool], None]]:
    """Give a switch for Python's collector, which sees nothing of what lived in this process before."""
    was = gc.isenabled()
    gc.collect()
    gc.freeze()
    try:
        yield lambda on: gc.enable() if on else gc.disable()
    finally:
        gc.unfreeze()
        (gc.enable if was else gc.disable)()


def _best(rounds: int) -> dict[tuple[str, bool], tuple[float, float]]:
    """Return (engine, with the collector?) → the best of several rounds in turns, after one of two examples."""
    best: dict[tuple[str, bool], tuple[float, float]] = {}
    with _collector() as switch:
        for turn in range(rounds + 1):
            for name, engine in engines().items():
                for collecting in (True, False):
                    switch(collecting)
                    pair = timed(*engine, EXAMPLES if turn else 2)
                    if turn:
                        best[name, collecting] = min(best.get((name, collecting), pair), pair, key=sum)
    return best


def run(rounds: int = ROUNDS) -> list[dict]:
    """Time all in turns and return the rows of the table, ratios of speed to the peer's."""
    best = _best(rounds)
    loop = min(common_loop() for _ in range(max(rounds, 3)))
    return [
        {
            "name": name,
            "forward_ms": round(1e3 * best[name, True][0], 1),
            "backward_ms": round(1e3 * best[name, True][1], 1),
            "ratio": round(sum(best[REFERENCE, True]) / sum(best[name, True]), 1),
            "ratio_without_collector": round(sum(best[REFERENCE, False]) / sum(best[name, False]), 1),
            "common_loops": round(sum(best[name, True]) / loop, 1),
        }
        for name in engines()
    ]
