"""Going downhill: methods behind one interface, landscapes to try them on, and the heat of a learning rate.

* :func:`minimize` walks and returns the whole :class:`Trajectory`; :func:`descend` is the generator behind it. Where a
  learning rate is too large they raise :class:`Diverged`, which says so.
* :class:`GradientDescent`, :class:`Momentum`, :class:`Nesterov`, :class:`Adam`, :class:`AdamW` and :class:`Newton` are
  methods; :func:`constant`, :func:`inverse_time`, :func:`cosine` and :func:`step_decay` are learning rates that change;
  :func:`batches` deals mini-batches.
* :class:`Quadratic`, :func:`ravine`, :class:`Rosenbrock`, :class:`DoubleWell` and :class:`Saddle` are landscapes.
* :func:`noisy_descent` lets many walkers go at once; :func:`stationary_temperature` is the T of the law they end in.
* :func:`decimate` zooms out of a chain of spins.

>>> bowl = Quadratic([1.0, 4.0])
>>> way = minimize(bowl.value, bowl.gradient, [2.0, 1.0], Momentum(learning_rate=0.1, momentum=0.5))
>>> way.converged, way.loss < 1e-17
(True, True)
"""

from book_lib._optimization_descent import Diverged, Method, Step, Trajectory, descend, minimize
from book_lib._optimization_landscapes import DoubleWell, Quadratic, Rosenbrock, Saddle, ravine
from book_lib._optimization_methods import Adam, AdamW, GradientDescent, Momentum, Nesterov, Newton, State
from book_lib._optimization_noise import decimate, noisy_descent, stationary_temperature
from book_lib._optimization_schedules import Schedule, batches, constant, cosine, inverse_time, step_decay

__all__ = [
    "Adam",
    "AdamW",
    "Diverged",
    "DoubleWell",
    "GradientDescent",
    "Method",
    "Momentum",
    "Nesterov",
    "Newton",
    "Quadratic",
    "Rosenbrock",
    "Saddle",
    "Schedule",
    "State",
    "Step",
    "Trajectory",
    "batches",
    "constant",
    "cosine",
    "decimate",
    "descend",
    "inverse_time",
    "minimize",
    "noisy_descent",
    "ravine",
    "stationary_temperature",
    "step_decay",
]
