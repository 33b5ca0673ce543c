"""Backpropagation for arrays: the rules of :mod:`book_lib.autograd`, applied to whole matrices at once.

* :class:`Tensor` is a NumPy array that remembers how it was made; :meth:`Tensor.backward` finds its gradients. Shapes
  broadcast as NumPy's do, and gradients are summed back to the shape they belong to.
* :func:`relu`, :func:`tanh`, :func:`sigmoid`, :func:`exp`, :func:`log` and :func:`maximum` work entry by entry;
  :func:`stack` joins.
* :func:`softmax_cross_entropy` and :func:`mse` are losses; :func:`conv2d` and :func:`max_pool2d` are for images.
* Inside ``with no_grad():`` nothing is remembered.

>>> W, x = Tensor([[1.0, -2.0]], requires_grad=True), Tensor([[3.0, 1.0], [0.0, 2.0]])
>>> loss = (x @ W.T).relu().sum()
>>> loss.backward()
>>> W.grad
array([[3., 1.]])
"""

from book_lib._tensor_core import Tensor, as_tensor, no_grad
from book_lib._tensor_functions import (
    conv2d,
    exp,
    log,
    max_pool2d,
    maximum,
    mse,
    relu,
    sigmoid,
    softmax_cross_entropy,
    stack,
    tanh,
)

__all__ = [
    "Tensor",
    "as_tensor",
    "conv2d",
    "exp",
    "log",
    "max_pool2d",
    "maximum",
    "mse",
    "no_grad",
    "relu",
    "sigmoid",
    "softmax_cross_entropy",
    "stack",
    "tanh",
]
