"""Modules: parameters and a forward pass; re-exported by :mod:`book_lib.neural`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.rng import Generator, RandomLike, as_generator
from book_lib.tensor import Tensor, no_grad


class Module:
    """What has parameters and a forward pass: the one abstraction behind every network of the book.

    A subclass sets its parameters (tensors with ``requires_grad=True``) and its parts (modules) as attributes, alone or
    in lists and tuples, and writes ``forward``; everything else follows. See the section :ref:`sec-net-modules`.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Tensor([2.0], requires_grad=True)
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(Tensor([3.0])).data, [name for name, _ in Scale().named_parameters()]
    (array([6.]), ['factor'])
    """

    def forward(self, *inputs: Any) -> Any:
        """Return the outputs for the inputs; each subclass says how."""
        raise NotImplementedError(f"{type(self).__name__} must define forward")

    def __call__(self, *inputs: Any) -> Any:
        """Return ``forward`` of the inputs; arrays become tensors on the way in.

        Raises:
            TypeError, ValueError: as ``forward``.
        """
        return self.forward(*(as_tensor(value) for value in inputs))

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Yield (name, parameter), in the order in which they were set, each tensor once even where it is shared."""
        seen: set[int] = set()
        for name, parameter in self._walk():
            if id(parameter) not in seen:
                seen.add(id(parameter))
                yield name, parameter

    def parameters(self) -> list[Tensor]:
        """Return the parameters, each once."""
        return [parameter for _, parameter in self.named_parameters()]

    def children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) for each part that is a module itself; those of a list are named "layers.0" …."""
        return ((name, value) for name, value in self._attributes() if isinstance(value, Module))

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: ``backward`` adds to what is there."""
        for parameter in self.parameters():
            parameter.grad = None

    def state_dict(self) -> dict[str, NDArray]:
        """Return name → a copy of the parameter's array."""
        return {name: parameter.data.copy() for name, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Write arrays into the parameters: all of them or, where something does not fit, none.

        Args:
            state: name → array, as :meth:`state_dict` returns it.

        Raises:
            ValueError: if a name is missing or unknown, a shape differs, or an entry is not finite.
            TypeError: if ``state`` is no mapping or an entry is not numeric.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"state must be a dict of arrays, got {type(state).__name__}")
        own = dict(self.named_parameters())
        for word, names in (("lacks", own.keys() - state.keys()), ("has unknown", state.keys() - own.keys())):
            if names:
                raise ValueError(f"state {word} {', '.join(sorted(map(repr, names)))}; expected {', '.join(own)}")
        arrays = {name: _checks.finite_array(f"state[{name!r}]", state[name]) for name in own}
        for name, array in arrays.items():
            if array.shape != own[name].data.shape:
                raise ValueError(f"state[{name!r}] must have shape {own[name].data.shape}, got {array.shape}")
        for name, array in arrays.items():
            own[name].data[...] = array

    def predict(self, inputs: ArrayLike | Tensor) -> NDArray:
        """Return the outputs as an array of their own, without noting how they came about.

        Of a module that gives outputs and a state, such as an RNN, these are the outputs.

        Raises:
            ValueError: if an input is not finite.
            TypeError: if it is not numeric.
        """
        with no_grad():
            outputs = self(Tensor(_checks.finite_array("inputs", as_array(inputs))))
        # subtle: a copy, for what only reshapes would hand out a view of the caller's inputs.
        return (outputs[0] if isinstance(outputs, tuple) else outputs).data.copy()

    def __repr__(self) -> str:
        parts = ", ".join(f"{name.rsplit('.')[-1]}: {part!r}" for name, part in self.children())
        return f"{type(self).__name__}({parts})"

    def _walk(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        for name, value in self._attributes():
            # subtle: an output that a module keeps for a look requires a gradient too, but something made it.
            if isinstance(value, Tensor) and value.requires_grad and not value.operation:
                yield prefix + name, value
            elif isinstance(value, Module):
                yield from value._walk(f"{prefix}{name}.")

    def _attributes(self) -> Iterator[tuple[str, Any]]:
        """Yield (name, value) of each attribute, and of a list's or tuple's entries instead of it."""
        for name, value in vars(self).items():
            if isinstance(value, (list, tuple)):
                yield from ((f"{name}.{i}", entry) for i, entry in enumerate(value))
            else:
                yield name, value


def as_tensor(value: Any) -> Any:
    """Return an array as a tensor, and anything else (a tensor, a state, None) as it came."""
    return Tensor(value) if isinstance(value, (np.ndarray, list, float, int)) else value


def as_array(value: Any) -> Any:
    """Return a tensor's array, and anything else as it came."""
    return value.data if isinstance(value, Tensor) else value


def require_tensor(name: str, value: Any) -> Tensor:
    """Return an array or a tensor as a tensor, refusing anything else that has come through the door of a module."""
    tensor = as_tensor(value)
    if not isinstance(tensor, Tensor):
        raise TypeError(f"{name} must be an array or a Tensor, got {type(value).__name__}")
    return tensor


def parameter(values: ArrayLike) -> Tensor:
    """Return a tensor that is to be learned."""
    return Tensor(np.array(values, dtype=np.float64), requires_grad=True)


def uniform(shape: tuple[int, ...], limit: float, rng: Generator) -> Tensor:
    """Return a parameter with entries even between −limit and +limit."""
    return parameter(limit * (2 * np.asarray(rng.random(shape)) - 1))


class Linear(Module):
    """The affine map z = Wx + c, for a batch Z = XWᵀ + c. It has no activation: that is a layer of its own.

    Weights and biases start even between ±1/√D, as torch's do. See the section :ref:`sec-net-layers`.

    Args:
        inputs: D ≥ 1.
        outputs: C ≥ 1, the number of units.
        bias: whether to add c; without it ``layer.bias`` is None.
        rng: a seed or a generator.

    Attributes:
        weight: W, shape (C, D), a row a unit.
        bias: c, shape (C,), or None.

    Raises:
        ValueError: if a size is below 1.
        TypeError: if an argument is of the wrong kind.

    >>> layer = Linear(3, 2, rng=0)
    >>> layer.weight.shape, layer(np.ones((5, 3))).shape
    ((2, 3), (5, 2))
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True, rng: RandomLike = 0) -> None:
        inputs, outputs = _checks.integer("inputs", inputs, 1), _checks.integer("outputs", outputs, 1)
        bias, rng = boolean("bias", bias), as_generator(rng)
        limit = 1 / math.sqrt(inputs)
        self.weight = uniform((outputs, inputs), limit, rng)
        self.bias = uniform((outputs,), limit, rng) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return XWᵀ + c, shape (…, C), for X of shape (…, D).

        Raises:
            ValueError: if the last axis of X is not D long.
            TypeError: if X is no array.
        """
        x, inputs = require_tensor("x", x), self.weight.shape[1]
        if not x.shape or x.shape[-1] != inputs:
            raise ValueError(f"x must have shape (…, {inputs}) for {self!r}, got {x.shape}")
        z = x @ self.weight.T
        return z if self.bias is None else z + self.bias

    def __repr__(self) -> str:
        outputs, inputs = self.weight.shape
        return f"Linear({inputs}, {outputs}{'' if self.bias is not None else ', bias=False'})"


def restart(layer: Any, gain: float, rng: Generator) -> None:
    """Draw the weights of a layer anew, normal with variance gain/fan-in, and put its biases to 0.

    ReLU lets half of a symmetric input through, hence the gain of 2 before it: the signals then stay as wide from
    layer to layer (:cite:`he2015delving`, equation 10).
    """
    shape = layer.weight.data.shape
    spread = math.sqrt(gain / math.prod(shape[1:]))
    layer.weight.data[...] = spread * np.asarray(rng.standard_normal(shape))
    layer.bias.data[...] = 0.0


class Activation(Module):
    """An activation function g, applied entry by entry: to a tensor, an array or a number, and giving the same kind.

    Made by :func:`activation`.

    Attributes:
        name: what it is called.
    """

    def __init__(self, name: str, function: Callable, on_tensors: Callable, derivative: Callable) -> None:
        self.name, self._function, self._on_tensors, self._derivative = name, function, on_tensors, derivative

    def __call__(self, z: Any) -> Any:
        """Return g(z), of the shape of z.

        Raises:
            ValueError: if an array holds what is not finite.
            TypeError: if it is not numeric.
        """
        return self.forward(z) if isinstance(z, Tensor) else plain(self._function(_checks.finite_array("z", z)))

    def forward(self, z: Tensor) -> Tensor:
        """Return g(z)."""
        return self._on_tensors(z)

    def derivative(self, z: ArrayLike) -> NDArray[np.float64] | float:
        """Return g′(z), of the shape of z; for ReLU, 0 at 0, as torch has it.

        Raises:
            ValueError: if z is not finite.
            TypeError: if it is not numeric.
        """
        return plain(self._derivative(_checks.finite_array("z", z)))

    def __repr__(self) -> str:
        return f"activation({self.name!r})"


def plain(values: NDArray) -> NDArray[np.float64] | float:
    """Return an array without axes as a float."""
    return values if values.ndim else float(values)


def _sigmoid(z: NDArray) -> NDArray[np.float64]:
    small = np.exp(-np.abs(z))  # never above 1, so that nothing overflows
    return np.where(z >= 0, 1.0, small) / (1 + small)


def _sigmoid_slope(z: NDArray) -> NDArray[np.float64]:
    small = np.exp(-np.abs(z))
    return small / (1 + small) ** 2


def _tanh_slope(z: NDArray) -> NDArray[np.float64]:
    # subtle: 1 − tanh² loses all its digits where tanh has rounded to 1; 4σ′(2z) is the same and does not.
    small = np.exp(-np.abs(z)) ** 2  # and not e^{−2|z|}, as 2z may be larger than any float
    return 4 * small / (1 + small) ** 2


_ACTIVATIONS: dict[str, tuple[Callable, Callable, Callable]] = {
    "identity": (lambda z: z + 0.0, lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: z.relu(), lambda z: (z > 0).astype(np.float64)),
    "sigmoid": (_sigmoid, lambda z: z.sigmoid(), _sigmoid_slope),
    "tanh": (np.tanh, lambda z: z.tanh(), _tanh_slope),
}


def activation(name: str) -> Activation:
    """Return an activation function with its derivative, which is also a layer for :class:`Sequential`.

    "identity" z, "relu" max(0, z), "sigmoid" 1/(1 + e^{−z}), "tanh" = 2σ(2z) − 1 (:cite:`goodfellow2016deep`,
    sections 6.2 and 6.3). See the section :ref:`sec-net-activations`.

    Raises:
        ValueError: if there is none of this name.

    >>> relu = activation("relu")
    >>> relu([-1.0, 2.0]), relu.derivative([-1.0, 2.0]), relu(Tensor([-1.0, 2.0])).data
    (array([0., 2.]), array([0., 1.]), array([0., 2.]))
    """
    return Activation(name, *_ACTIVATIONS[_checks.one_of("name", name, _ACTIVATIONS)])


class Sequential(Module):
    """Layers one after another: each takes what the one before it gave.

    Args:
        layers: modules, at least one.

    Raises:
        ValueError: if there is none.
        TypeError: if one is not a module.

    >>> Sequential(Linear(2, 3), activation("tanh"), Linear(3, 1))(np.zeros((4, 2))).shape
    (4, 1)
    """

    def __init__(self, *layers: Module) -> None:
        if not layers:
            raise ValueError("layers must hold at least one module, got none")
        for layer in layers:
            if not isinstance(layer, Module):
                raise TypeError(f"layers must be modules, such as Linear(2, 3), got {layer!r}")
        self.layers = tuple(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the last layer gives."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.layers))})"


class MLP(Sequential):
    """A multilayer perceptron: linear layers with an activation between them, and none after the last.

    The output is linear, so that it can take any value; a classifier reads it as logits. See the section
    :ref:`sec-net-depth`.

    Args:
        sizes: D, the widths of the hidden layers, C: at least two numbers.
        activation: "relu", "tanh", "sigmoid", or "identity", with which it is one linear map however deep.
        rng: a seed or a generator. Before ReLU weights are normal with variance 2/fan-in (:cite:`he2015delving`),
            otherwise 1/fan-in; biases start at 0.

    Attributes:
        sizes: as given, a tuple.
        layers: the linear layers and activations, in turn.

    Raises:
        ValueError: if there are fewer than two sizes, one is below 1, or the activation is unknown.
        TypeError: if an argument is of the wrong kind.

    >>> net = MLP([2, 8, 1], activation="tanh", rng=0)
    >>> net.predict([[0.5, -0.5]]).shape, sum(p.data.size for p in net.parameters())
    ((1, 1), 33)
    """

    def __init__(self, sizes: Sequence[int], activation: str = "relu", rng: RandomLike = 0) -> None:
        sizes = sizes.tolist() if isinstance(sizes, np.ndarray) else sizes
        if not isinstance(sizes, (list, tuple)) or len(sizes) < 2:
            raise ValueError(f"sizes must hold the inputs, any hidden widths and the outputs, got {sizes!r}")
        self.sizes = tuple(_checks.integer("sizes", size, 1) for size in sizes)
        _checks.one_of("activation", activation, _ACTIVATIONS)
        rng = as_generator(rng)
        layers: list[Module] = []
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            layers += [Linear(inputs, outputs, rng=rng), _activation(activation)]
        super().__init__(*layers[:-1])
        for layer in self.layers[::2]:
            restart(layer, 2.0 if activation == "relu" and layer is not self.layers[-1] else 1.0, rng)


_activation = activation  # MLP's argument of this name hides the function


def boolean(name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)
