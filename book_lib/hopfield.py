"""Hopfield networks: magnets whose couplings learn, so that what they fall into is a memory.

Spins s = ±1 have the energy E = −½ sᵀWs − θ·s, W symmetric with a zero diagonal, and each unit follows the
sign of its field h = Ws + θ. Downhill is the direction of remembering.

* :class:`Hopfield` stores by Hebb's rule or the pseudo-inverse, and recalls; :func:`overlap`,
  :func:`corrupt` and :func:`mixture` ask how well; :func:`letters` are patterns to try.
* :func:`capacity_experiment` measures how much fits; :func:`bit_error`, :func:`retrieval_overlap` and
  :func:`critical_load` say how much should.
* :func:`max_cut_network`, :func:`coloring_network` and :func:`tour_network` turn questions into energies;
  :func:`anneal` and :func:`anneal_tour` cool them; brute force says how good the answers are.
* :func:`modern_update` is the network of real numbers whose update is attention.

>>> memory = Hopfield(100).store(letters("HT"))
>>> overlap(memory.recall(corrupt(letters("H")[0], 0.15, rng=0)).state, letters("H")[0])
1.0
"""

from book_lib._hopfield_letters import letters
from book_lib._hopfield_modern import modern_energy, modern_update
from book_lib._hopfield_network import Hopfield, Recall, corrupt, mixture, overlap
from book_lib._hopfield_optimization import (
    Annealing,
    anneal,
    anneal_tour,
    brute_force_max_cut,
    brute_force_tour,
    coloring_network,
    cut_size,
    decode_coloring,
    decode_tour,
    geometric_schedule,
    max_cut_network,
    tour_length,
    tour_network,
)
from book_lib._hopfield_theory import (
    bit_error,
    bit_error_gauss,
    capacity_experiment,
    critical_load,
    retrieval_overlap,
)

__all__ = [
    "Annealing",
    "Hopfield",
    "Recall",
    "anneal",
    "anneal_tour",
    "bit_error",
    "bit_error_gauss",
    "brute_force_max_cut",
    "brute_force_tour",
    "capacity_experiment",
    "coloring_network",
    "corrupt",
    "critical_load",
    "cut_size",
    "decode_coloring",
    "decode_tour",
    "geometric_schedule",
    "letters",
    "max_cut_network",
    "mixture",
    "modern_energy",
    "modern_update",
    "overlap",
    "retrieval_overlap",
    "tour_length",
    "tour_network",
]
