"""The array that remembers how it was made; see :mod:`book_lib.tensor`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib._autograd_graph import topological_order

Rule = Callable[[NDArray], NDArray]
Axis = int | tuple[int, ...] | None

_next_number = itertools.count().__next__
_recording: ContextVar[bool] = ContextVar("recording", default=True)


@contextmanager
def no_grad() -> Iterator[None]:
    """Make tensors in this block that remember nothing: for predictions, which need no gradients.

    >>> w = Tensor(2.0, requires_grad=True)
    >>> with no_grad():
    ...     y = w * w
    >>> y.requires_grad
    False
    """
    token = _recording.set(False)
    try:
        yield
    finally:
        _recording.reset(token)


class Tensor:
    """An array, its gradient, and for each tensor it was computed from the rule that sends the gradient back.

    A rule takes ∂L/∂self and gives ∂L/∂parent: the transposed Jacobian, never written out, times a vector. See the
    section :ref:`sec-bp-matrices`.

    Args:
        data: finite numbers of any shape. float32 and float64 stay what they are, all else becomes float64; an array
            of these two is not copied. Of a tensor its array is taken, without its history.
        requires_grad: whether to find its gradient.

    Attributes:
        data: the array. A change in place is seen by all that is computed later, and must not come between a forward
            and a backward pass.
        grad: ∂L/∂self, an array of the same shape, after ``L.backward()``; None before. A leaf's is its own; those
            of tensors in between may share their memory, and are for looking at.
        requires_grad: true of what is asked for, and of all that is computed from it.
        parents: the tensors it was computed from, those without a gradient left out.
        operation: what made it, "" for a leaf.
        number: how many tensors were made before it, in this process; a copy is counted as made when it is copied.

    Raises:
        ValueError: if an entry is NaN or infinite.
        TypeError: if data are no real numbers.

    >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> (x * [10.0, 1.0]).sum().backward()  # the row broadcasts
    >>> x.grad
    array([[10.,  1.],
           [10.,  1.]])
    """

    __slots__ = ("__weakref__", "data", "grad", "number", "operation", "parents", "requires_grad", "rules")
    __array_ufunc__ = None  # array * tensor is then left to Tensor.__rmul__

    def __init__(self, data: ArrayLike | Tensor, requires_grad: bool = False) -> None:
        self.data = _array("data", data)
        self.requires_grad = bool(requires_grad)
        self._become("", (), ())

    def _become(self, operation: str, parents: tuple[Tensor, ...], rules: tuple[Rule, ...]) -> None:
        self.grad: NDArray | None = None
        self.operation, self.parents, self.rules, self.number = operation, parents, rules, _next_number()

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        for name, value in state[1].items():
            setattr(self, name, value)
        self.number = _next_number()  # subtle: counted afresh, for the same reason as a Value

    @classmethod
    def of(cls, data: NDArray, operation: str, *inputs: tuple[Tensor, Rule]) -> Tensor:
        """Return a tensor computed from others: data, the operation's name, and pairs of an input and its rule.

        This is how a new operation is made. A rule may give its gradient in the broadcast shape: what broadcasting
        has repeated is summed up again in :meth:`backward`. Integers become floats, so that no gradient is cut.

        >>> def cube(x):
        ...     return Tensor.of(x.data**3, "cube", (x, lambda gradient: 3 * x.data**2 * gradient))
        >>> x = Tensor(2.0, requires_grad=True)
        >>> cube(x).backward()
        >>> x.grad
        array(12.)
        """
        made = cls.__new__(cls)
        made.data = np.asarray(data)  # a full sum of an array is a NumPy number, and no array
        if made.data.dtype.char not in "fd":
            made.data = made.data.astype(np.float64)
        kept = [pair for pair in inputs if pair[0].requires_grad] if _recording.get() else []
        made.requires_grad = bool(kept)
        made._become(operation, tuple(x for x, _ in kept), tuple(rule for _, rule in kept))
        return made

    def backward(self, gradient: ArrayLike | None = None) -> None:
        """Set ``grad`` of all that this tensor was computed from, as far as it requires gradients.

        As for :class:`book_lib.autograd.Value`, gradients **accumulate in the leaves** until they are set to None, and
        start afresh everywhere else. A gradient too large for a float becomes infinite, with NumPy's warning.

        Args:
            gradient: ∂L/∂self, of the tensor's shape, for some L; may be left out for a single number, L = self.

        Raises:
            ValueError: if there is more than one number and no gradient, if the gradient has another shape or is not
                finite, if nothing requires a gradient, if a rule gives a gradient that does not fit, or if the tensor
                is not finite; then the message names the operation where that began.
            TypeError: if the gradient is no array of real numbers.
        """
        seed = self._seed(gradient)
        order = topological_order(self)
        if not np.isfinite(self.data).all():
            first = next(node for node in order if not np.isfinite(node.data).all())
            where = f"{first.operation or 'a leaf'!r} of shape {first.shape}"
            raise ValueError(f"backward needs finite numbers; NaN or infinity came first from {where}")
        for node in order:
            if node.operation:
                node.grad = None
        self._receive(seed)
        for node in reversed(order):
            for parent, rule in zip(node.parents, node.rules, strict=True):
                parent._receive(rule(node.grad))

    def _seed(self, gradient: ArrayLike | None) -> NDArray:
        if not self.requires_grad:
            raise ValueError("backward needs a tensor that was computed from one with requires_grad=True")
        if gradient is None:
            if self.data.size != 1:
                raise ValueError(
                    f"backward of a tensor of shape {self.shape} needs a gradient of that shape; "
                    "or reduce it to one number first, by .sum() or .mean()"
                )
            return np.ones_like(self.data)
        seed = _array("gradient", gradient)
        if seed.shape != self.shape:
            raise ValueError(f"gradient must have the shape of the tensor, {self.shape}, got {seed.shape}")
        return seed.copy()  # what the caller does to it afterwards does not change self.grad

    def _receive(self, gradient: NDArray) -> None:
        """Add a gradient that has come back, summed to this shape."""
        gradient = np.asarray(unbroadcast(np.asarray(gradient), self.data.shape), dtype=self.data.dtype)
        if self.grad is not None:
            # subtle: not in place. What came first may be a view, or the very array another tensor was sent. And the
            # sum of two arrays of shape () is no array, if not made one.
            self.grad = np.asarray(self.grad + gradient)
        elif self.operation:
            self.grad = gradient
        else:
            self.grad = gradient.copy()  # a leaf's gradient is the caller's own

    # ------------------------------------------------------------------ arithmetic

    def __add__(self, other: Tensor | ArrayLike) -> Tensor:
        other = as_tensor(other, self.dtype)
        data = _broadcast(np.add, "+", self, other)
        return Tensor.of(data, "+", (self, lambda g: g), (other, lambda g: g))

    def __sub__(self, other: Tensor | ArrayLike) -> Tensor:
        other = as_tensor(other, self.dtype)
        data = _broadcast(np.subtract, "-", self, other)
        return Tensor.of(data, "-", (self, lambda g: g), (other, lambda g: -g))

    def __mul__(self, other: Tensor | ArrayLike) -> Tensor:
        other = as_tensor(other, self.dtype)
        data = _broadcast(np.multiply, "*", self, other)
        return Tensor.of(data, "*", (self, lambda g: g * other.data), (other, lambda g: g * self.data))

    def __truediv__(self, other: Tensor | ArrayLike) -> Tensor:
        other = as_tensor(other, self.dtype)
        if not other.data.all():
            raise ValueError("the divisor must not be 0 anywhere")
        data = _broadcast(np.divide, "/", self, other)
        return Tensor.of(data, "/", (self, lambda g: g / other.data), (other, lambda g: -g * data / other.data))

    def __neg__(self) -> Tensor:
        return Tensor.of(-self.data, "-", (self, lambda g: -g))

    def __pow__(self, exponent: float) -> Tensor:
        power = _checks.finite("exponent", exponent)
        if not power.is_integer() and (self.data < 0).any():
            raise ValueError(f"powers of negative numbers are real for integers only, got the exponent {power:g}")
        if power < 1 and power != 0 and not self.data.all():
            raise ValueError(f"the power {power:g} has no finite value or slope at 0")
        if power == 0:
            return Tensor.of(np.ones_like(self.data), "**0", (self, np.zeros_like))
        return Tensor.of(
            self.data**power, f"**{power:g}", (self, lambda g: g * power * self.data ** (power - 1))
        )

    def __matmul__(self, other: Tensor | ArrayLike) -> Tensor:
        other = as_tensor(other, self.dtype)
        a, b = self.data, other.data
        if a.ndim == 0 or b.ndim == 0:
            raise ValueError(f"@ needs vectors or matrices, got shapes {a.shape} and {b.shape}; * scales by a number")
        data = _broadcast(np.matmul, "@", self, other)
        # A vector counts as a row on the left and as a column on the right: then one rule serves all.
        left, right = (a[None, :] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
        full = (*np.broadcast_shapes(left.shape[:-2], right.shape[:-2]), left.shape[-2], right.shape[-1])

        def to_left(g: NDArray) -> NDArray:
            return unbroadcast(g.reshape(full) @ right.swapaxes(-1, -2), left.shape).reshape(a.shape)

        def to_right(g: NDArray) -> NDArray:
            return unbroadcast(left.swapaxes(-1, -2) @ g.reshape(full), right.shape).reshape(b.shape)

        return Tensor.of(data, "@", (self, to_left), (other, to_right))

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: ArrayLike) -> Tensor:
        return as_tensor(other, self.dtype) - self

    def __rtruediv__(self, other: ArrayLike) -> Tensor:
        return as_tensor(other, self.dtype) / self

    def __rmatmul__(self, other: ArrayLike) -> Tensor:
        return as_tensor(other, self.dtype) @ self

    # ------------------------------------------------------------------ entry by entry

    def relu(self) -> Tensor:
        """max(x, 0), of slope 0 at the kink."""
        return Tensor.of(np.maximum(self.data, 0), "relu", (self, lambda g: g * (self.data > 0)))

    def tanh(self) -> Tensor:
        """tanh x, of slope 1 − tanh² x."""
        y = np.tanh(self.data)
        return Tensor.of(y, "tanh", (self, lambda g: g * (1 - y * y)))

    def sigmoid(self) -> Tensor:
        """1/(1 + e^{−x}), of slope σ(1 − σ)."""
        small = np.exp(-np.abs(self.data))  # never above 1, so that nothing overflows
        y = np.where(self.data >= 0, 1, small) / (1 + small)
        return Tensor.of(y, "sigmoid", (self, lambda g: g * y * (1 - y)))

    def exp(self) -> Tensor:
        """e^x, its own slope."""
        y = np.exp(self.data)
        return Tensor.of(y, "exp", (self, lambda g: g * y))

    def log(self) -> Tensor:
        """ln x, of slope 1/x. Raises ValueError unless every entry is greater than 0."""
        if not (self.data > 0).all():
            raise ValueError(f"log needs numbers greater than 0, got {self.data.min():g}")
        return Tensor.of(np.log(self.data), "log", (self, lambda g: g / self.data))

    # ------------------------------------------------------------------ sums and shapes

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Sum over all entries, or along one axis or several; each entry gets the gradient of its sum."""
        axes = self._axes(axis)
        kept = tuple(1 if k in axes else n for k, n in enumerate(self.shape))
        data = self.data.sum(axis=axes, keepdims=keepdims)
        return Tensor.of(data, "sum", (self, lambda g: np.broadcast_to(g.reshape(kept), self.shape)))

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Mean of all entries, or along one axis or several. Raises ValueError if there are none."""
        count = int(np.prod([self.shape[k] for k in self._axes(axis)]))
        if count == 0:
            raise ValueError(f"mean needs at least one entry, got shape {self.shape} along axis {axis}")
        return self.sum(axis, keepdims) * (1 / count)

    def _axes(self, axis: Axis) -> tuple[int, ...]:
        """Return axes as numbers from 0, refusing those that are not there or stand twice."""
        if axis is None:
            return tuple(range(self.ndim))
        wanted = axis if isinstance(axis, tuple) else (axis,)
        for k in wanted:
            _checks.integer("axis", k)
            if not -self.ndim <= k < self.ndim:
                raise ValueError(f"axis must be one of the {self.ndim} axes of shape {self.shape}, got {k}")
        axes = tuple(int(k) % self.ndim for k in wanted)
        if len(set(axes)) < len(axes):
            raise ValueError(f"axis must not name an axis twice, got {axis}")
        return axes

    def reshape(self, *shape: Any) -> Tensor:
        """The same entries, row by row, in another shape: ``reshape(2, -1)`` or ``reshape((2, -1))``."""
        if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
            (shape,) = shape
        shape = tuple(_checks.integer("shape", n, -1) for n in shape)
        try:
            data = self.data.reshape(shape)
        except ValueError:
            raise ValueError(f"shape {shape} does not fit the {self.size} entries of shape {self.shape}") from None
        return Tensor.of(data, "reshape", (self, lambda g: g.reshape(self.shape)))

    def transpose(self, *axes: int) -> Tensor:
        """The axes in another order, reversed if none is given."""
        order = self._axes(tuple(axes[0]) if len(axes) == 1 and isinstance(axes[0], (tuple, list)) else axes)
        if not axes:
            order = tuple(reversed(range(self.ndim)))
        if len(order) != self.ndim:
            raise ValueError(f"axes must name all {self.ndim} axes of shape {self.shape}, got {axes}")
        back = tuple(order.index(k) for k in range(self.ndim))
        return Tensor.of(self.data.transpose(order), "transpose", (self, lambda g: g.transpose(back)))

    @property
    def T(self) -> Tensor:
        """The axes reversed: a matrix transposed."""
        return self.transpose()

    def __getitem__(self, index: Any) -> Tensor:
        if isinstance(index, Tensor):
            raise TypeError("index must be made of integers, slices or arrays of them, got a Tensor; use its .data")
        data = self.data[index]

        def back(g: NDArray) -> NDArray:
            whole = np.zeros(self.shape, dtype=g.dtype)
            if _is_basic(index):
                whole[index] = g
            else:
                np.add.at(whole, index, g)  # subtle: an entry asked for twice gets both gradients; = would keep one
            return whole

        return Tensor.of(data, "index", (self, back))

    def __iter__(self) -> Iterator[Tensor]:
        return (self[k] for k in range(len(self)))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a tensor of shape () has no length and no entries to go through; .item() is its number")
        return len(self.data)

    # ------------------------------------------------------------------ what it looks like

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of its axes."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self.data.size

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64."""
        return self.data.dtype

    def item(self) -> float:
        """Return the one number of a tensor of size 1. Raises ValueError for other sizes."""
        if self.size != 1:
            raise ValueError(f"item needs a tensor of one number, got shape {self.shape}")
        return float(self.data.reshape(()))

    def __repr__(self) -> str:
        inner = np.array2string(self.data, precision=4, separator=", ", prefix="Tensor(")
        made = f", made by {self.operation!r}" if self.operation else ""
        return f"Tensor({inner}{made}{', requires_grad=True' if self.requires_grad else ''})"


def as_tensor(value: Tensor | ArrayLike, dtype: np.dtype | None = None) -> Tensor:
    """Return a tensor as it is, and anything else as a new tensor without gradient.

    Args:
        value: a tensor, or finite numbers.
        dtype: of numbers that bring none themselves: Python's own, and lists of them; float64 if None.

    Raises:
        ValueError: if an entry is NaN or infinite.
        TypeError: if it is neither a tensor nor real numbers.
    """
    if isinstance(value, Tensor):
        return value
    made = Tensor(value)
    if dtype is not None and dtype != made.dtype and not isinstance(value, (np.ndarray, np.generic)):
        with np.errstate(over="ignore"):  # the door complains of what is too large for float32
            made = Tensor(made.data.astype(dtype))
    return made


def unbroadcast(gradient: NDArray, shape: tuple[int, ...]) -> NDArray:
    """Return a gradient summed over what broadcasting had repeated, so that it has ``shape`` again.

    An entry that was used many times gets the sum of the gradients of its uses: fan-out again, of the section
    :ref:`sec-bp-fanout`. Raises ValueError if ``shape`` does not broadcast to the gradient's.

    >>> unbroadcast(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    >>> unbroadcast(np.ones((2, 3)), (2, 1))
    array([[3.],
           [3.]])
    """
    if gradient.shape == shape:
        return gradient
    new = gradient.ndim - len(shape)  # axes that broadcasting has put in front
    if new < 0 or any(n not in (1, gradient.shape[new + k]) for k, n in enumerate(shape)):
        raise ValueError(f"a rule must give a gradient to which shape {shape} broadcasts, got shape {gradient.shape}")
    stretched = tuple(new + k for k, n in enumerate(shape) if n == 1)
    return gradient.sum(axis=(*range(new), *stretched)).reshape(shape)


def _is_basic(index: Any) -> bool:
    """Whether an index is made of integers, slices, None and … alone, so that no entry can be asked for twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, slice) or type(part) is int or isinstance(part, np.integer)
        for part in parts
    )


def _broadcast(function: Callable[..., NDArray], sign: str, a: Tensor, b: Tensor) -> NDArray:
    """Apply a NumPy function of two arrays; where shapes do not fit, say so in the terms of the caller."""
    try:
        return function(a.data, b.data)
    except ValueError:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit together in {sign!r}") from None


def _array(name: str, values: Any) -> NDArray:
    """Return values as an array of float32 or float64, finite; not copied where it is one."""
    if isinstance(values, Tensor):
        values = values.data
    single = isinstance(values, (np.ndarray, np.generic)) and values.dtype == np.float32
    if single and not isinstance(values, np.ma.MaskedArray):
        array = np.asarray(values)
        if not np.isfinite(array).all():
            _checks.finite_array(name, array)  # says which entry
        return array
    return _checks.finite_array(name, values)
