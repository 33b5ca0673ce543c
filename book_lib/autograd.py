"""Backpropagation, one number at a time: values that remember how they were made.

* :class:`Value` is a number with a gradient; arithmetic on values builds a graph, and :meth:`Value.backward` sends the
  error signal from its end to its leaves.
* :func:`dot` is a neuron's weighted sum as a single node; :class:`ScalarMLP` a network made of them.
* :func:`topological_order` is the order of the forward pass; :func:`zero_gradients` makes ready for the next step.
* :func:`trace` exports the graph, with every value, gradient and local derivative, as a :class:`Graph` of
  :class:`Node` and :class:`Edge`.

Arrays in place of numbers, by the same rules, are in :mod:`book_lib.tensor`.

>>> w, x, b = Value(0.5), Value(2.0), Value(-1.0)
>>> loss = ((w * x + b).sigmoid() - 1) ** 2
>>> loss.backward()
>>> loss.data, w.grad, b.grad
(0.25, -0.5, -0.25)
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from book_lib import _checks
from book_lib._autograd_graph import Edge, Graph, Node, topological_order, trace
from book_lib.rng import RandomLike, as_generator

__all__ = [
    "Edge",
    "Graph",
    "Node",
    "ScalarMLP",
    "Value",
    "dot",
    "topological_order",
    "trace",
    "zero_gradients",
]

ACTIVATIONS = ("tanh", "relu", "sigmoid")
_next_number = itertools.count().__next__


class Value:
    """A number, its gradient, and the values that it was computed from.

    Operators + − * / ** and the methods below make new values. Each keeps its **local derivatives** as plain numbers,
    found during the forward pass, so that the backward pass is nothing but multiplication and addition. See the
    section :ref:`sec-bp-engine`; source: :cite:`rumelhart1986learning`.

    Args:
        data: a finite number.
        label: a name, for pictures of the graph.

    Attributes:
        data: the number.
        grad: ∂output/∂self after ``output.backward()``; 0 before.
        operation: what made it: "+", "tanh", …; "" for a leaf.
        number: how many values were made before it, in this process; a copy is counted as made when it is copied.

    Raises:
        ValueError: if data is NaN or infinite.
        TypeError: if it is no real number.

    >>> x = Value(3.0)
    >>> y = x * x + 2 * x
    >>> y.backward()
    >>> y.data, x.grad
    (15.0, 8.0)
    """

    # Nearly every operation has one or two inputs. They stand in slots: a tuple or a closure each would be one more
    # object for Python's collector of garbage to visit, which is where engines of this kind spend most of their time.
    # Only a `dot` has its inputs, and their slopes, in two tuples.
    __slots__ = (
        "_left",
        "_left_slope",
        "_many",
        "_many_slopes",
        "_right",
        "_right_slope",
        "data",
        "grad",
        "label",
        "number",
        "operation",
    )
    __array_ufunc__ = None  # NumPy's numbers then leave the arithmetic to us

    def __init__(self, data: float, label: str = "") -> None:
        # What comes from outside is checked here, once; values inside a graph are made by _node, unchecked.
        self.data = _checks.finite("data", data)
        if not isinstance(label, str):
            raise TypeError(f"label must be a string, got {label!r} ({type(label).__name__})")
        self.grad, self.label, self.operation, self.number = 0.0, label, "", _next_number()
        self._left = self._right = None
        self._left_slope = self._right_slope = 0.0
        self._many: tuple[Value, ...] = ()
        self._many_slopes: tuple[float, ...] = ()

    @staticmethod
    def of(data: float, operation: str, *inputs: tuple[Value, float]) -> Value:
        """Return a value computed from others, with its slope in each: this is how a new operation is made.

        Args:
            data: the number computed.
            operation: its name, not empty.
            inputs: pairs of a value and the local derivative in it, at least one.

        Raises:
            ValueError: if a number is not finite, the name empty, or there are no inputs.
            TypeError: if something is of the wrong kind.

        >>> def cos(x):
        ...     return Value.of(math.cos(x.data), "cos", (x, -math.sin(x.data)))
        >>> t = Value(0.0)
        >>> cos(t).data
        1.0
        """
        if not isinstance(operation, str) or not operation:
            raise ValueError(f"operation must be a name, which a leaf has not, got {operation!r}")
        if not inputs:
            raise ValueError("inputs must be at least one pair of a Value and a slope; a leaf is made by Value(data)")
        for pair in inputs:
            if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], Value):
                raise TypeError(f"inputs must be pairs of a Value and a slope, got {pair!r}")
        node = _node(_checks.finite("data", data), operation)
        node._many = tuple(parent for parent, _ in inputs)
        node._many_slopes = tuple(_checks.finite("a slope", slope) for _, slope in inputs)
        return node

    @property
    def parents(self) -> tuple[Value, ...]:
        """The values it was computed from; a value used twice stands there twice."""
        if self._right is not None:
            return (self._left, self._right)
        return self._many if self._left is None else (self._left,)

    @property
    def slopes(self) -> tuple[float, ...]:
        """The local derivatives, ∂self/∂parent for each of the parents."""
        if self._right is not None:
            return (self._left_slope, self._right_slope)
        return self._many_slopes if self._left is None else (self._left_slope,)

    def backward(self) -> None:
        """Set ``grad`` of all that this value was computed from to ∂self/∂it.

        Gradients **accumulate in the leaves**: a second call adds to what is there, so that the gradients of several
        losses can be summed, and :func:`zero_gradients` is due before the next step. Values in between start afresh.
        See the section :ref:`sec-bp-algorithm`.

        Raises:
            ValueError: if a value on the way is not finite, even one that a later operation hides, as tanh does; the
                message names the operation where that began, and nothing has changed. Also if a product of slopes is
                too large for a float; then all gradients are of no use.

        >>> x = Value(2.0)
        >>> y = (x + 1) * x
        >>> for _ in range(2):
        ...     y.backward()
        ...     print(x.grad, y.grad)
        5.0 1.0
        10.0 1.0
        """
        order = topological_order(self)
        _require_finite(order)
        made = [node for node in order if node.operation]
        for node in made:
            node.grad = 0.0
        self.grad += 1.0
        for node in reversed(made):
            gradient = node.grad
            if node._left is not None:
                node._left.grad += node._left_slope * gradient
            if node._right is not None:
                node._right.grad += node._right_slope * gradient
            if node._many:
                for parent, slope in zip(node._many, node._many_slopes, strict=True):
                    parent.grad += slope * gradient
        for node in order:
            if not (node.operation or math.isfinite(node.grad)):  # what is lost on the way arrives at a leaf
                raise ValueError(f"backward must find a finite bar for every leaf, got {node!r}: slopes are too large")

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        for name, value in state[1].items():
            setattr(self, name, value)
        # subtle: counted afresh, parents first. By the numbers of the process that pickled it, it might be younger
        # than what is now made from it, and `topological_order` would be none.
        self.number = _next_number()

    def __add__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return _node(self.data + other.data, "+", self, 1.0, other, 1.0)

    def __sub__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return _node(self.data - other.data, "-", self, 1.0, other, -1.0)

    def __mul__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return _node(self.data * other.data, "*", self, other.data, other, self.data)

    def __truediv__(self, other: Value | float) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        if other.data == 0:
            raise ValueError("the divisor must not be 0")
        quotient = self.data / other.data
        return _node(quotient, "/", self, 1.0 / other.data, other, -quotient / other.data)

    def __neg__(self) -> Value:
        return _node(-self.data, "-", self, -1.0)

    def __pow__(self, exponent: float) -> Value:
        power = _checks.finite("exponent", exponent)
        if self.data < 0 and not power.is_integer():
            raise ValueError(f"a power of the negative number {self.data:g} is real for integers only, got {power:g}")
        try:
            result = self.data**power
            slope = power * self.data ** (power - 1) if power else 0.0
        except ZeroDivisionError:
            raise ValueError(f"the power {power:g} has no finite value or slope at 0") from None
        except OverflowError:
            raise ValueError(f"the power {power:g} of {self.data:g} is too large for a float") from None
        return _node(result, f"**{power:g}", self, slope)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: float) -> Value:
        return Value(other) - self

    def __rtruediv__(self, other: float) -> Value:
        return Value(other) / self

    def __rpow__(self, base: float) -> Value:
        """base ** self for a positive number: e^{self · ln base}."""
        return (self * math.log(_checks.positive("base", base))).exp()

    def exp(self) -> Value:
        """e^x, which is its own slope. Raises ValueError above 709.78, where no float holds it."""
        try:
            power = math.exp(self.data)
        except OverflowError:
            raise ValueError(f"exp needs a number of at most 709.78, got {self.data:g}") from None
        return _node(power, "exp", self, power)

    def log(self) -> Value:
        """ln x, of slope 1/x. Raises ValueError unless x > 0."""
        if not self.data > 0:
            raise ValueError(f"log needs a number greater than 0, got {self.data:g}")
        return _node(math.log(self.data), "log", self, 1.0 / self.data)

    def tanh(self) -> Value:
        """tanh x, of slope 1 − tanh² x."""
        y = math.tanh(self.data)
        return _node(y, "tanh", self, 1.0 - y * y)

    def sigmoid(self) -> Value:
        """σ(x) = 1/(1 + e^{−x}), of slope σ(1 − σ), which is never above ¼."""
        small = math.exp(-abs(self.data))  # never above 1, so that nothing overflows
        y = (1.0 if self.data >= 0 else small) / (1.0 + small)
        return _node(y, "sigmoid", self, y * (1.0 - y))

    def relu(self) -> Value:
        """max(x, 0), of slope 1 above 0 and 0 elsewhere: at the kink itself too, as everybody has agreed."""
        on = self.data > 0
        return _node(self.data if on else 0.0, "relu", self, 1.0 if on else 0.0)

    def __repr__(self) -> str:
        named = f", label={self.label!r}" if self.label else ""
        return f"Value({self.data}{named}, grad={self.grad})"


_bare = object.__new__


def _node(
    data: float,
    operation: str,
    left: Value | None = None,
    left_slope: float = 0.0,
    right: Value | None = None,
    right_slope: float = 0.0,
) -> Value:
    """Make a value from up to two others and its slopes in them, unchecked: this is where all the time goes."""
    node = _bare(Value)
    node.data, node.grad = data, 0.0  # in pairs: Python packs longer assignments into a tuple first
    node.label, node.operation = "", operation
    node.number = _next_number()
    node._left, node._left_slope = left, left_slope
    node._right, node._right_slope = right, right_slope
    node._many = node._many_slopes = ()
    return node


def _require_finite(order: list[Value]) -> None:
    """Refuse values that are not finite, naming the operation where that began."""
    # One sum is several times as quick as a question to each; it may overflow by itself, and then all are asked.
    if math.isfinite(sum([node.data for node in order])):
        return
    for node in order:
        if not math.isfinite(node.data):
            raise ValueError(f"backward needs finite values, got {node.data} from {node.operation or 'a leaf'!r}")


def dot(weights: Sequence[Value], inputs: Sequence[Value | float], bias: Value | float = 0.0) -> Value:
    """Return b + Σ wᵢxᵢ as one node, whose slopes are the inputs, the weights, and 1 for the bias.

    The same number and gradients as ``sum(w * x …) + b``, which makes two nodes for each term: a node may be as large
    as its local derivatives are easy. See the section :ref:`sec-bp-engine`.

    Args:
        weights: n values.
        inputs: n values or numbers.
        bias: one value or number.

    Raises:
        ValueError: if the numbers of weights and inputs differ, or something is not finite.
        TypeError: if something is neither a value nor a number.

    >>> w = [Value(2.0), Value(-1.0)]
    >>> z = dot(w, [3.0, 4.0], Value(0.5))
    >>> z.backward()
    >>> z.data, w[0].grad, w[1].grad
    (2.5, 3.0, 4.0)
    """
    weights, inputs = _values("weights", weights), _values("inputs", inputs)
    if len(weights) != len(inputs):
        raise ValueError(f"inputs must be {len(weights)}, one for each weight, got {len(inputs)}")
    (bias,) = _values("bias", [bias])
    w, x = [v.data for v in weights], [v.data for v in inputs]
    node = _node(sum(map(operator.mul, w, x), bias.data), "dot")
    node._many, node._many_slopes = (*weights, *inputs, bias), (*x, *w, 1.0)
    return node


def _values(name: str, numbers: Iterable[Value | float]) -> list[Value]:
    return [v if isinstance(v, Value) else Value(v) for v in _several(name, numbers)]


def _several(name: str, things: Iterable[Any]) -> Iterator[Any]:
    try:
        return iter(things)
    except TypeError:
        raise TypeError(f"{name} must be several, got {things!r} ({type(things).__name__})") from None


def zero_gradients(values: Iterable[Value]) -> None:
    """Set the gradients of ``values`` to 0, as is due between one backward pass and the next.

    Raises:
        TypeError: if one of them is no :class:`Value`.

    >>> x = Value(2.0)
    >>> (x * x).backward()
    >>> zero_gradients([x])
    >>> x.grad
    0.0
    """
    for value in [values] if isinstance(values, Value) else _several("values", values):
        if not isinstance(value, Value):
            raise TypeError(f"values must hold Values, got {value!r} ({type(value).__name__})")
        value.grad = 0.0


class ScalarMLP:
    """A network of layers, each unit g(w·h + b) a :func:`dot` and an activation; the last layer has no activation.

    Slow, for every number is an object, but nothing is hidden: see the section :ref:`sec-bp-engine`.

    Args:
        sizes: inputs, units of each hidden layer, outputs.
        activation: "tanh", "relu" or "sigmoid", of the hidden units.
        rng: a seed or a generator: weights are normal, of standard deviation 1/√inputs of the layer; biases 0.

    Attributes:
        weights: one list a layer, of one list of values a unit.
        biases: one list of values a layer.

    Raises:
        ValueError: if there are fewer than two sizes, one is below 1, or the activation is not known.
        TypeError: if an argument is of the wrong kind.

    >>> network = ScalarMLP([2, 3, 1], rng=0)
    >>> len(network.parameters()), network([0.5, -1.0]).operation
    (13, 'dot')
    """

    def __init__(self, sizes: Sequence[int], activation: str = "tanh", rng: RandomLike | None = 0) -> None:
        self.sizes = tuple(_checks.integer("sizes", size, 1) for size in _several("sizes", sizes))
        if len(self.sizes) < 2:
            raise ValueError(f"sizes must hold the inputs and the outputs at least, got {list(self.sizes)}")
        self.activation = _checks.one_of("activation", activation, ACTIVATIONS)
        generator = as_generator(rng)
        self.weights = [
            [[Value(w) for w in row] for row in generator.standard_normal((units, inputs)) / math.sqrt(inputs)]
            for inputs, units in itertools.pairwise(self.sizes)
        ]
        self.biases = [[Value(0.0) for _ in layer] for layer in self.weights]

    def parameters(self) -> list[Value]:
        """Return all weights and biases, layer by layer."""
        return [
            value
            for layer, biases in zip(self.weights, self.biases, strict=True)
            for value in [*itertools.chain.from_iterable(layer), *biases]
        ]

    def __call__(self, inputs: Sequence[Value | float]) -> Any:
        """Return the output for one example, a value, or a list of values where there are several outputs."""
        hidden = _values("inputs", inputs)
        for k, (layer, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = [dot(unit, hidden, bias) for unit, bias in zip(layer, biases, strict=True)]
            if k < len(self.weights) - 1:
                hidden = [getattr(z, self.activation)() for z in hidden]
        return hidden[0] if len(hidden) == 1 else hidden
