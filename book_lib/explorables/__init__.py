"""Interactive figures of the book: the same picture on the static site and in Jupyter.

Nothing is imported until a name is asked for, so that a chapter depends on the explorables it uses and no more.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_HOME = {
    "AlexNetCalculator": "alexnet_calculator",
    "AnnealedTour": "annealed_tour",
    "ArchitectureTour": "architecture_tour",
    "AssociativeMemory": "associative_memory",
    "AttentionCalculator": "attention_calculator",
    "BetaCoin": "beta_coin",
    "Boundaries": "boundaries",
    "BpeSteps": "bpe_steps",
    "Choice": "quiz",
    "ComputationGraph": "computation_graph",
    "CovarianceEllipse": "covariance_ellipse",
    "CumulativeSampler": "cumulative_sampler",
    "Darts": "darts",
    "DataFunnel": "data_funnel",
    "DescentRace": "descent_race",
    "DieSimplex": "die_simplex",
    "DegreeFit": "degree_fit",
    "Explorable": "base",
    "FourLaws": "four_laws",
    "GuessRule": "guess_rule",
    "HandFit": "hand_fit",
    "HingeLab": "hinge_lab",
    "HopfieldCube": "hopfield_cube",
    "HousePrices": "house_prices",
    "Hysteresis": "hysteresis",
    "KernelEditor": "kernel_editor",
    "KLBothWays": "kl_both_ways",
    "Lattice": "lattice",
    "Leakage": "leakage",
    "LearningRateRuns": "learning_rate_runs",
    "LearningRateTemperature": "learning_rate_temperature",
    "MagnetAndWords": "magnet_words",
    "MeltSentence": "melt_sentence",
    "MinHashCurve": "minhash_curve",
    "MlpPlayground": "mlp_playground",
    "ModernHopfield": "modern_hopfield",
    "Neuron": "neuron",
    "NextToken": "next_token",
    "NgramText": "ngram_text",
    "Numeric": "quiz",
    "PageGPT": "page_gpt",
    "ParameterCalculator": "parameter_calculator",
    "PerceptronSteps": "perceptron_steps",
    "PerplexityMeter": "perplexity_meter",
    "PositionalEncodings": "positional_encodings",
    "PredictiveBand": "predictive_band",
    "Quiz": "quiz",
    "RbmDreams": "rbm_dreams",
    "ReceptiveField": "receptive_field",
    "RidgePath": "ridge_path",
    "Series": "series",
    "Sketch": "sketch",
    "SoftmaxTemperature": "softmax_temperature",
    "StochasticUnits": "stochastic_units",
    "Threshold": "threshold",
    "Timeline": "timeline",
    "TrainingCalculator": "training_calculator",
    "Village": "village",
    "WidthAndApproximation": "width_approximation",
    "ZoomOut": "zoom",
    "asset": "assets",
    "explore": "explore",
}

__all__ = sorted(_HOME)


class _Package(ModuleType):
    """Importing the submodule `explore` would bind it to the name of the function that it holds: not here."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"book_lib.explorables has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
