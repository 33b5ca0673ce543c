"""Golden vectors of the explorables of chance: what `book_lib.probability` says, for core/*.js to repeat."""

from __future__ import annotations

from typing import Any

import numpy as np

from book_lib import probability
from book_lib.rng import CounterRNG


def laws() -> dict[str, Any]:
    """The laws one by one, the Gaussian in the plane, the Beta law, and the counts of a die."""
    return {
        "normal": [
            one_law(probability.Normal(m, s), [m, m - 2.5 * s, 4.0]) for m, s in [(0, 1), (-1.5, 0.2)]
        ],
        "uniform": [
            one_law(probability.Uniform(a, b), [(a + b) / 2, a, 9.0]) for a, b in [(0, 0.5), (-3, 2)]
        ],
        "bernoulli": [one_law(probability.Bernoulli(p), [0, 1]) for p in (0.0, 0.3, 1.0)],
        "categorical": [categorical(p) for p in ([0.2, 0.5, 0.3], [0.0, 0.25, 0.75], [0.1] * 5 + [0.5])],
        "gaussian": [gaussian(*case) for case in [(1.5, 1.0, 0.6), (0.3, 2.0, -0.99), (1.2, 1.2, 0.0)]],
        "beta": [beta(*case) for case in [(1, 1), (2, 10), (0.5, 0.5), (9.5, 3.0), (730, 271)]],
        "die": [die(*case) for case in DICE],
    }


DICE = [
    ([2, 5, 3], [1 / 3, 1 / 3, 1 / 3], 0.0),
    ([3, 4, 0], [0.1, 0.6, 0.3], 1.0),
    ([0, 0, 7], [0.25, 0.25, 0.5], 2.5),
    ([999, 1, 20], [0.98, 0.001, 0.019], 20.0),
]


def finite(values: Any) -> list:
    """Numbers as JSON takes them: None for infinities."""
    return [float(v) if np.isfinite(v) else None for v in np.ravel(values)]


def one_law(law: Any, at: list[float]) -> dict[str, Any]:
    """Arguments, moments, ln p at some places, and the first draws of one law over numbers."""
    return {
        "arguments": list(vars(law).values()),
        "mean": law.mean,
        "variance": law.variance,
        "entropy": law.entropy(),
        "at": at,
        "log_prob": finite(law.log_prob(at)),
        "seed": 5,
        "sample": law.sample(12, CounterRNG(5)).tolist(),
    }


def categorical(p: list[float]) -> dict[str, Any]:
    """A law over outcomes 0 … K − 1."""
    law = probability.Categorical(p)
    return {
        "p": p,
        "entropy": law.entropy(),
        "log_prob": finite(law.log_prob(np.arange(len(p)))),
        "seed": 6,
        "sample": law.sample(40, CounterRNG(6)).tolist(),
    }


def gaussian(sigma1: float, sigma2: float, rho: float) -> dict[str, Any]:
    """Two Gaussian variables: the matrix, its eigenvalues, densities and points."""
    both = rho * sigma1 * sigma2
    covariance = np.array([[sigma1**2, both], [both, sigma2**2]])
    law = probability.MultivariateNormal([0.0, 0.0], covariance)
    at = [[0.0, 0.0], [0.3, -0.2], [1.0, 1.0]]
    return {
        "sigma1": sigma1,
        "sigma2": sigma2,
        "rho": rho,
        "covariance": covariance.tolist(),
        "eigenvalues": np.linalg.eigvalsh(covariance)[::-1].tolist(),
        "at": at,
        "log_prob": law.log_prob(at).tolist(),
        "seed": 7,
        "sample": law.sample(6, CounterRNG(7)).tolist(),
    }


def beta(a: float, b: float) -> dict[str, Any]:
    """A belief about a coin."""
    law, at = probability.Beta(a, b), [0.05, 0.3, 0.5, 0.97]
    return {
        "a": a,
        "b": b,
        "mean": law.mean,
        "variance": law.variance,
        "at": at,
        "log_prob": law.log_prob(at).tolist(),
        "cdf": [float(law.cdf(x)) for x in at],
        "interval": list(law.interval(0.95)),
        "predictive": law.predictive().mean,
    }


def die(counts: list[int], p: list[float], pseudo: float) -> dict[str, Any]:
    """Counts of a die, and what they say about its law."""
    return {
        "counts": counts,
        "p": p,
        "pseudo": pseudo,
        "log_likelihood": probability.categorical_log_likelihood(counts, p),
        "mle": probability.categorical_mle(counts).tolist(),
        "map": probability.categorical_map(counts, np.full(3, 1 + pseudo)).tolist(),
    }
