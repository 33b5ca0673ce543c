"""Boltzmann machines: Hopfield's network at a temperature above zero, and how it learns what it sees.

* :class:`BoltzmannMachine` has units that choose by chance, p ∝ e^{−E/T}; up to 20 of them all is exact.
* :class:`RBM` is the restricted one, two layers; it learns by contrastive divergence.
* :func:`pseudo_likelihood_fit` goes the other way, from states to couplings.
* :func:`annealed_log_partition` estimates the Z that nobody can sum.

>>> machine = RBM([[1.0, -1.0], [0.5, 0.0]], visible_bias=[0.0, -1.0])
>>> round(machine.log_likelihood([[1, 0], [0, 1]]), 4)
-1.4773
"""

from book_lib._boltzmann_machine import BoltzmannMachine, Moments, Slope, pseudo_likelihood_fit
from book_lib._boltzmann_restricted import RBM, LogPartition, RBMHistory, RBMSlope, annealed_log_partition

__all__ = [
    "BoltzmannMachine",
    "LogPartition",
    "Moments",
    "RBM",
    "RBMHistory",
    "RBMSlope",
    "Slope",
    "annealed_log_partition",
    "pseudo_likelihood_fit",
]
