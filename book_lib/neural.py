"""Neural networks: modules, a loop that trains them, the perceptron, a neuron that fires, networks with a memory.

* :class:`Module` is what has parameters and a forward pass; :class:`Linear`, :class:`Sequential`, :class:`MLP` and
  :func:`activation` are such. They compute with :class:`book_lib.tensor.Tensor`, which knows the slopes.
* :func:`fit` trains a model by any method of :mod:`book_lib.optimization` and returns a :class:`History`; it can be
  interrupted and goes on from a checkpoint. A loss that is no number raises :class:`NotFinite`.
* :func:`perceptron` learns by mistakes, of which :func:`mistake_bound` says how many there can be.
* :func:`firing_rate` and :func:`integrate_and_fire` are the neuron in the brain, much simplified.
* :func:`relu_interpolant` is a network that goes through all points; :class:`RNN` and :class:`LSTM` read sequences.

>>> from book_lib.optimization import GradientDescent
>>> from book_lib.tensor import mse
>>> line = Linear(1, 1, rng=0)
>>> history = fit(line, [[0.0], [1.0], [2.0]], [[1.0], [3.0], [5.0]], mse, method=GradientDescent(0.2), epochs=300)
>>> line.weight.data.round(6), line.bias.data.round(6)
(array([[2.]]), array([1.]))
"""

from book_lib._neural_modules import MLP, Activation, Linear, Module, Sequential, activation
from book_lib._neural_neurons import SpikeTrain, firing_rate, integrate_and_fire
from book_lib._neural_perceptron import PerceptronRun, mistake_bound, perceptron, relu_interpolant
from book_lib._neural_recurrent import LSTM, RNN
from book_lib._neural_training import Epoch, History, NotFinite, fit

__all__ = [
    "LSTM",
    "MLP",
    "RNN",
    "Activation",
    "Epoch",
    "History",
    "Linear",
    "Module",
    "NotFinite",
    "PerceptronRun",
    "Sequential",
    "SpikeTrain",
    "activation",
    "firing_rate",
    "fit",
    "integrate_and_fire",
    "mistake_bound",
    "perceptron",
    "relu_interpolant",
]
