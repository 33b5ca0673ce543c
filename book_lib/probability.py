"""Probability: the handful of formulas on which the whole book stands.

One law carries everything here, p ∝ exp(−E/T). :func:`boltzmann` states it for energies,
:func:`softmax` for scores (logits z = −E), at every temperature from 0 to ∞ with both ends.

* :func:`entropy`, :func:`cross_entropy` and :func:`kl_divergence` measure how spread a law is, and how far
  from another; natural logarithms unless ``base`` says otherwise.
* :func:`logsumexp`, :func:`log_partition`, :func:`mean_energy`, :func:`heat_capacity`,
  :func:`free_energy` and :func:`temperature_of` are its thermodynamics.
* :class:`Normal`, :class:`MultivariateNormal`, :class:`Uniform`, :class:`Bernoulli`,
  :class:`Categorical`, :class:`Beta` and :class:`Dirichlet` are laws with ``log_prob``, ``sample``,
  ``mean``, ``variance`` and ``entropy``; where they are conjugate priors they have ``update`` and
  ``predictive`` as well. A density outside the support is 0 (−inf as a logarithm); a face that a coin or
  die does not have is an error.
* :func:`one_hot`, :func:`face_counts` and the ``categorical_…`` functions estimate a loaded die,
  :func:`marginals` and :func:`conditional` take a joint table apart.
* :func:`sample_categorical` draws, :func:`monte_carlo_integral` integrates by drawing.

>>> p = boltzmann([0.0, 1.0, 3.0], temperature=2.0)
>>> round(free_energy(p, [0.0, 1.0, 3.0], 2.0), 6), round(-2.0 * log_partition([0.0, 1.0, 3.0], 2.0), 6)
(-1.208261, -1.208261)
"""

from book_lib._probability_counts import (
    categorical_log_likelihood,
    categorical_map,
    categorical_mle,
    conditional,
    face_counts,
    marginals,
    one_hot,
)
from book_lib._probability_energies import (
    boltzmann,
    free_energy,
    heat_capacity,
    log_partition,
    log_softmax,
    logsumexp,
    mean_energy,
    softmax,
    temperature_of,
)
from book_lib._probability_information import cross_entropy, entropy, kl_divergence
from book_lib._probability_laws import Bernoulli, Categorical, Normal, Uniform
from book_lib._probability_multivariate import MultivariateNormal
from book_lib._probability_priors import Beta, Dirichlet
from book_lib._probability_sampling import Estimate, monte_carlo_integral, sample_categorical

__all__ = [
    "Bernoulli",
    "Beta",
    "Categorical",
    "Dirichlet",
    "Estimate",
    "MultivariateNormal",
    "Normal",
    "Uniform",
    "boltzmann",
    "categorical_log_likelihood",
    "categorical_map",
    "categorical_mle",
    "conditional",
    "cross_entropy",
    "entropy",
    "face_counts",
    "free_energy",
    "heat_capacity",
    "kl_divergence",
    "log_partition",
    "log_softmax",
    "logsumexp",
    "marginals",
    "mean_energy",
    "monte_carlo_integral",
    "one_hot",
    "sample_categorical",
    "softmax",
    "temperature_of",
]
