"""Networks with a memory, the same weights at each step; re-exported by :mod:`book_lib.neural`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from book_lib import _checks
from book_lib._neural_modules import Module, boolean, require_tensor, uniform
from book_lib.rng import RandomLike, as_generator
from book_lib.tensor import Tensor, stack


class _Recurrent(Module):
    """What both kinds share: weights for the input and for the state, and the walk along a sequence."""

    gates = 1

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, rng: RandomLike = 0) -> None:
        self.input_size = _checks.integer("input_size", input_size, 1)
        self.hidden_size = _checks.integer("hidden_size", hidden_size, 1)
        bias, rng = boolean("bias", bias), as_generator(rng)
        rows, limit = self.gates * self.hidden_size, 1 / math.sqrt(self.hidden_size)
        self.weight_ih = uniform((rows, self.input_size), limit, rng)
        self.weight_hh = uniform((rows, self.hidden_size), limit, rng)
        self.bias_ih = uniform((rows,), limit, rng) if bias else None
        self.bias_hh = uniform((rows,), limit, rng) if bias else None

    def __call__(self, sequence: Any, state: Any = None) -> tuple[Tensor, Any]:
        """Return :meth:`forward` of a sequence, an array or a tensor, and a state; here a list may be a pair."""
        return self.forward(sequence, state)

    def forward(self, sequence: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Go along a sequence.

        Args:
            sequence: shape (T, N, D), T ≥ 1.
            state: what :meth:`step` takes, or None for zeros.

        Returns:
            The hidden vectors after each step, shape (T, N, H), and the state after the last.

        Raises:
            ValueError: if a shape does not fit.
            TypeError: if something is no array.
        """
        sequence = require_tensor("sequence", sequence)
        if len(sequence.shape) != 3 or sequence.shape[2] != self.input_size or not sequence.shape[0]:
            raise ValueError(f"sequence must have shape (T, N, {self.input_size}), T ≥ 1, got {sequence.shape}")
        hidden = []
        for t in range(sequence.shape[0]):
            state = self.step(sequence[t], state)
            hidden.append(self._visible(state))
        return stack(hidden), state

    def _drive(self, x: Tensor, h: Tensor) -> Tensor:
        """Return W_ih x + b_ih + W_hh h + b_hh for each row, shape (N, gates·H)."""
        z = x @ self.weight_ih.T + h @ self.weight_hh.T
        return z if self.bias_ih is None else z + self.bias_ih + self.bias_hh

    def _check(self, x: Any, *parts: Any) -> tuple[Tensor, ...]:
        """Return input and state as tensors, zeros for a state that is None."""
        x = require_tensor("x", x)
        if len(x.shape) != 2 or x.shape[1] != self.input_size:
            raise ValueError(f"x must have shape (N, {self.input_size}), got {x.shape}")
        shape = (x.shape[0], self.hidden_size)
        tensors = [require_tensor("state", np.zeros(shape) if part is None else part) for part in parts]
        for part in tensors:
            if part.shape != shape:
                raise ValueError(f"state must have shape {shape}, got {part.shape}")
        return x, *tensors

    @staticmethod
    def _visible(state: Any) -> Tensor:
        return state

    def __repr__(self) -> str:
        bias = "" if self.bias_ih is not None else ", bias=False"
        return f"{type(self).__name__}({self.input_size}, {self.hidden_size}{bias})"


class RNN(_Recurrent):
    """Elman's recurrent layer: h ← tanh(W_ih x + b_ih + W_hh h + b_hh), the same weights at each step.

    Unrolled in time it is a deep network whose layers share their weights (:cite:`elman1990finding`; two biases as in
    torch, whose weights fit). See the section :ref:`sec-vis-recurrent`.

    Args:
        input_size: D ≥ 1.
        hidden_size: H ≥ 1.
        bias: whether to add the biases.
        rng: a seed or a generator; weights start even between ±1/√H.

    Raises:
        ValueError: if a size is below 1.
        TypeError: if an argument is of the wrong kind.

    >>> outputs, state = RNN(3, 4, rng=0)(np.ones((5, 2, 3)))
    >>> outputs.shape, bool((outputs.data[-1] == state.data).all())
    ((5, 2, 4), True)
    """

    def step(self, x: Any, state: Any = None) -> Tensor:
        """Return the next h, shape (N, H), from x, shape (N, D), and h (None: zeros).

        Raises:
            ValueError: if a shape does not fit.
            TypeError: if something is no array.
        """
        x, h = self._check(x, state)
        return self._drive(x, h).tanh()


class LSTM(_Recurrent):
    """Long short-term memory: a cell c that keeps what the gates let it, and h = o ∘ tanh c.

    i, f, o = σ(…), g = tanh(…) of W_ih x + b_ih + W_hh h + b_hh, cut in the order i, f, g, o; c ← f∘c + i∘g
    (:cite:`hochreiter1997long`, with the forget gate of :cite:`gers2000learning`; torch's weights fit). See the section
    :ref:`sec-vis-recurrent`.

    Args and errors are those of :class:`RNN`; the state is the pair (h, c).

    >>> outputs, (h, c) = LSTM(3, 4, rng=0)(np.ones((5, 2, 3)))
    >>> outputs.shape, h.shape, c.shape
    ((5, 2, 4), (2, 4), (2, 4))
    """

    gates = 4

    def step(self, x: Any, state: Any = None) -> tuple[Tensor, Tensor]:
        """Return the next (h, c), shapes (N, H), from x, shape (N, D), and (h, c) (None: zeros).

        Raises:
            ValueError: if a shape does not fit, or the state is no pair.
            TypeError: if something is no array.
        """
        if state is not None and (not isinstance(state, (tuple, list)) or len(state) != 2):
            raise ValueError(f"state must be a pair (h, c), got {type(state).__name__}")
        x, h, c = self._check(x, *(state or (None, None)))
        z, width = self._drive(x, h), self.hidden_size
        i, f, g, o = (z[:, k * width : (k + 1) * width] for k in range(4))
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    @staticmethod
    def _visible(state: Any) -> Tensor:
        return state[0]
