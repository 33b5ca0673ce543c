"""The safety layer: a filter before the model, a filter behind it, and what both cost.

* :class:`SafetyLayer` checks what is asked and what is answered, and refuses; :class:`Verdict` and :class:`Guarded`
  say what it found.
* :func:`confusion` counts its mistakes at a threshold, :func:`threshold_curve` at many of them, and
  :func:`precision_at_base_rate` tells what an alarm means where harm is rare.
* :func:`evasions` disguises a text, :func:`normalized` takes disguises off, and :func:`evasion_rates` measures how
  often either succeeds.
* :func:`save_safety` puts a layer into a run folder, :func:`load_safety` reads it back.
* :func:`toy_requests` and :func:`toy_filter` are a small world to try it in; :func:`load_requests` reads a file.

See the section :ref:`sec-align-safety`.

>>> layer = SafetyLayer(toy_filter())
>>> layer.check_input("Tell me about the list.").allowed, layer.check_input("Shut up, you smelly snizzler!").allowed
(True, False)
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib import _classification_labels as guard
from book_lib.classification import BinaryClassifier, confusion_matrix, precision_at
from book_lib.pipeline._chat_messages import Message, check_conversation
from book_lib.pipeline._filters import share
from book_lib.pipeline._quality import ToxicityFilter
from book_lib.pipeline._safety_requests import load_requests, toy_filter, toy_requests
from book_lib.pipeline._safety_text import EVASIONS, evasions, normalized
from book_lib.pipeline._sources import text_of, texts_of
from book_lib.pipeline.run import RunFolder
from book_lib.rng import RandomLike, as_generator

__all__ = [
    "EVASIONS",
    "Evasion",
    "Guarded",
    "SafetyLayer",
    "Verdict",
    "confusion",
    "evasion_rates",
    "evasions",
    "load_requests",
    "load_safety",
    "normalized",
    "precision_at_base_rate",
    "save_safety",
    "threshold_curve",
    "toy_filter",
    "toy_requests",
]

STAGE = "safety"
FORMAT, LAYER = "book_lib.pipeline.safety.1", "layer.safetensors"
REFUSAL = "I would rather not talk about that."
SETTINGS = ("input_threshold", "output_threshold", "refusal", "normalize")
Reply = Callable[[Sequence[Message]], str]


@dataclass(frozen=True)
class Verdict:
    """What a filter thinks of a text.

    Args:
        allowed: whether it may pass.
        score: the probability of harm that the filter gives it, 0 … 1.
        reason: why not, in words; empty if it may pass.
    """

    allowed: bool
    score: float
    reason: str = ""


@dataclass(frozen=True)
class Guarded:
    """What a user gets from a guarded model.

    Args:
        text: the model's answer, or the refusal.
        verdicts: on what was asked, and on what the model answered if it came to that.
    """

    text: str
    verdicts: tuple[Verdict, ...] = field(repr=False)

    @property
    def refused(self) -> bool:
        """Whether the text is the refusal."""
        return not all(verdict.allowed for verdict in self.verdicts)


@dataclass(frozen=True, eq=False)
class SafetyLayer:
    """Checks around a model: what is harmful neither reaches it nor leaves it.

    The layer knows nothing of the model, and the model nothing of it. What is asked is judged by the user's last
    message alone, so that what is spread over several messages is not seen.

    Args:
        toxicity: a fitted :class:`book_lib.pipeline.data.ToxicityFilter`.
        input_threshold: the score from which a message is refused, 0 … 1.
        output_threshold: the score from which an answer is withheld, 0 … 1.
        refusal: what is said instead.
        normalize: whether a text is judged as :func:`normalized`, too; the higher score counts.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if a threshold is out of its range, the refusal empty, or the filter has learnt nothing yet.

    See the section :ref:`sec-align-safety`.

    >>> layer = SafetyLayer(toy_filter(), input_threshold=0.8)
    >>> layer.guard(lambda messages: "The list is fast.")([Message("user", "And the list?")]).text
    'The list is fast.'
    """

    toxicity: ToxicityFilter
    input_threshold: float = 0.5
    output_threshold: float = 0.5
    refusal: str = REFUSAL
    normalize: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.toxicity, ToxicityFilter):
            raise TypeError(f"toxicity must be a ToxicityFilter, got {self.toxicity!r}")
        _ = self.toxicity.model  # complains if it has not been fitted
        for name in ("input_threshold", "output_threshold"):
            share(name, getattr(self, name))
        if not isinstance(self.refusal, str):
            raise TypeError(f"refusal must be text, got {self.refusal!r}")
        if not self.refusal.strip():
            raise ValueError(f"refusal must not be empty, got {self.refusal!r}")
        if not isinstance(self.normalize, bool):
            raise TypeError(f"normalize must be True or False, got {self.normalize!r}")

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability of harm of N texts, shape (N,).

        Raises:
            TypeError, ValueError: if they are no texts.
        """
        texts = texts_of("texts", texts)
        scores = self.toxicity.score(texts)
        if not self.normalize:
            return scores
        return np.maximum(scores, self.toxicity.score([normalized(text) for text in texts]))

    def check_input(self, text: str) -> Verdict:
        """Return whether a user's message may reach the model.

        Raises:
            TypeError, ValueError: if it is no text.
        """
        return self._verdict("the message", text, self.input_threshold)

    def check_output(self, text: str) -> Verdict:
        """Return whether an answer may reach the user; errors as in :meth:`check_input`."""
        return self._verdict("the answer", text, self.output_threshold)

    def _verdict(self, what: str, text: str, threshold: float) -> Verdict:
        score = float(self.score([text_of("text", text)])[0])
        if score < threshold:
            return Verdict(True, score)
        return Verdict(False, score, f"{what} scores {score:.3f}, at least the threshold of {threshold:g}")

    def guard(self, reply: Reply) -> Callable[[Sequence[Message]], Guarded]:
        """Return a function that answers as a model does, unless something is refused.

        Args:
            reply: a function of messages that returns an answer. What was refused is not shown to it.

        Returns:
            A function of messages, which end with the user's. It raises TypeError or ValueError if they are in
            disorder, or the answer is no text.

        Raises:
            TypeError: if ``reply`` is no function.
        """
        if not callable(reply):
            raise TypeError(f"reply must be a function of messages, got {reply!r}")

        def answer(messages: Sequence[Message]) -> Guarded:
            asked = self.check_input(check_conversation(messages, for_training=False)[-1].content)
            if not asked.allowed:
                return Guarded(self.refusal, (asked,))
            text = text_of("reply", reply(messages))
            said = self.check_output(text)
            return Guarded(text if said.allowed else self.refusal, (asked, said))

        return answer


# --------------------------------------------------------------------------------------- what it gets wrong


def confusion(scores: ArrayLike, labels: ArrayLike, threshold: float) -> NDArray[np.int64]:
    """Return how often what is harmless (row 0) and harmful (row 1) was let pass (column 0) and flagged (column 1).

    Args:
        scores: probabilities of harm, shape (N,), N ≥ 1.
        labels: 1 for harmful, 0 for harmless, shape (N,).
        threshold: the score from which there is an alarm, 0 … 1.

    Returns:
        Shape (2, 2): [[true negatives, false positives], [false negatives, true positives]].

    Raises:
        TypeError, ValueError: if the shapes differ, or a number is out of its range.

    See the section :ref:`sec-align-safety`.

    >>> confusion([0.1, 0.7, 0.4, 0.9], [0, 0, 1, 1], threshold=0.5).tolist()
    [[1, 1], [1, 1]]
    """
    judged, truth = _scored(scores, labels)
    return confusion_matrix(truth, (judged >= share("threshold", threshold)).astype(np.int64), classes=2)


def threshold_curve(scores: ArrayLike, labels: ArrayLike, thresholds: ArrayLike) -> NDArray[np.int64]:
    """Return :func:`confusion` at each of K thresholds, shape (K, 2, 2); arguments and errors as there.

    >>> threshold_curve([0.1, 0.7, 0.4, 0.9], [0, 0, 1, 1], [0.0, 1.0])[:, 1].tolist()
    [[0, 2], [2, 0]]
    """
    places = _checks.finite_array("thresholds", thresholds)
    if places.ndim != 1:
        raise ValueError(f"thresholds must have shape (K,), got {places.shape}")
    found = [confusion(scores, labels, float(place)) for place in places]
    return np.array(found, dtype=np.int64).reshape(-1, 2, 2)


def _scored(scores: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    judged = _checks.finite_array("scores", scores)
    if judged.ndim != 1 or not len(judged):
        raise ValueError(f"scores must have shape (N,), N at least 1, got {judged.shape}")
    if not 0 <= judged.min() <= judged.max() <= 1:
        raise ValueError(f"scores must lie in 0 ... 1, got {judged.min():g} ... {judged.max():g}")
    return judged, guard.binary("labels", labels, "01", judged.shape).astype(np.int64)


def precision_at_base_rate(recall: float, false_alarm: float, base: float) -> float:
    """Return P(harmful | alarm) = πr/(πr + (1 − π)f), by Bayes' rule.

    Args:
        recall: r, the share of the harmful that is flagged.
        false_alarm: f, the share of the harmless that is flagged.
        base: π, the share of the harmful among all that is asked.

    Returns:
        A number 0 … 1; NaN where there is never an alarm.

    Raises:
        TypeError, ValueError: if one is no number of 0 … 1; it is named.

    See the section :ref:`sec-align-safety`.

    >>> round(precision_at_base_rate(recall=0.95, false_alarm=0.02, base=0.001), 4)
    0.0454
    """
    rates = (share(name, value) for name, value in (("base", base), ("recall", recall), ("false_alarm", false_alarm)))
    return precision_at(*rates)


@dataclass(frozen=True)
class Evasion:
    """How often a disguise succeeds; see :func:`evasion_rates`.

    Args:
        name: of the disguise; "none" for the texts as they are.
        caught: share of the texts that is flagged as it stands.
        caught_normalized: share that is flagged if it is judged as :func:`normalized`, too.
        example: the first text, disguised.
    """

    name: str
    caught: float
    caught_normalized: float
    example: str = field(repr=False)


def evasion_rates(toxicity: ToxicityFilter, texts: Sequence[str], threshold: float, rng: RandomLike) -> list[Evasion]:
    """Return how many harmful texts are caught in each of the disguises, with and without :func:`normalized`.

    Args:
        toxicity: fitted.
        texts: harmful ones, N ≥ 1.
        threshold: of the layer, 0 … 1.
        rng: a seed or a generator, for the disguises.

    Returns:
        First the texts as they are, then each of :data:`EVASIONS`.

    Raises:
        TypeError, ValueError: if an argument is of another kind or out of its range, or there is no text.

    See the section :ref:`sec-align-evasion`.

    >>> found = evasion_rates(toy_filter(), ["Shut up, you smelly snizzler!"], 0.5, rng=0)
    >>> [(one.name, one.caught, one.caught_normalized) for one in found if one.name in ("none", "homoglyphs")]
    [('none', 1.0, 1.0), ('homoglyphs', 0.0, 1.0)]
    """
    rng, texts = as_generator(rng), texts_of("texts", texts)
    if not texts:
        raise ValueError("texts must hold at least one, got none")
    layers = [SafetyLayer(toxicity, threshold, threshold, normalize=normalize) for normalize in (False, True)]
    disguised = {"none": texts, **{name: [change(text, rng) for text in texts] for name, change in EVASIONS.items()}}
    found = []
    for name, changed in disguised.items():
        rates = [float((layer.score(changed) >= threshold).mean()) for layer in layers]
        found.append(Evasion(name, *rates, changed[0]))
    return found


def rates_of(table: NDArray[np.int64]) -> tuple[float, float]:
    """Return recall and the share of false alarms of a confusion table, (2, 2); NaN where there is none of a kind."""
    harmless, harmful = table.sum(axis=1).tolist()
    return (table[1, 1] / harmful if harmful else math.nan, table[0, 1] / harmless if harmless else math.nan)


# ------------------------------------------------------------------------------------------------ in and out


def save_safety(run: RunFolder, layer: SafetyLayer, folder: str = STAGE) -> None:
    """Write a safety layer, with its filter, into a folder of a run that is held, all of it at once.

    Raises:
        TypeError: if it is none.
    """
    if not isinstance(layer, SafetyLayer):
        raise TypeError(f"layer must be a SafetyLayer, got {layer!r}")
    toxicity, model = layer.toxicity, layer.toxicity.model
    about = {
        "layer": {name: getattr(layer, name) for name in SETTINGS},
        "filter": {"words": sorted(toxicity.words), "features": toxicity.features, "penalty": toxicity.penalty,
                   "threshold": toxicity.threshold},
        "model": {"bias": float(model.bias), "convention": model.convention, "loss": float(model.loss),
                  "steps": int(model.steps), "converged": bool(model.converged)},
    }  # fmt: skip
    notes = {"format": FORMAT, "about": json.dumps(about)}
    with run.folder(folder) as path:
        weights = np.ascontiguousarray(model.weights, dtype=np.float64)
        (path / LAYER).write_bytes(safetensors.numpy.save({"weights": weights}, notes))


def load_safety(run: RunFolder | str | os.PathLike[str], folder: str = STAGE) -> SafetyLayer:
    """Read the safety layer that a run folder holds.

    Args:
        run: the run folder, or its path.
        folder: in which it lies.

    Raises:
        FileNotFoundError: if that stage has not been finished there.
        ValueError: if the file is damaged.

    See the section :ref:`sec-align-safety`.
    """
    path = (run.path if isinstance(run, RunFolder) else Path(run)) / _checks.slug("folder", folder) / LAYER
    if not path.is_file():
        raise FileNotFoundError(f"there is no safety layer {path}: that stage has not been finished there")
    try:
        with safetensors.safe_open(path, framework="np") as file:
            notes, weights = file.metadata() or {}, file.get_tensor("weights").copy()
        if notes.get("format") != FORMAT:
            raise ValueError(f"its format is {notes.get('format')!r}, not {FORMAT!r}")
        about = json.loads(notes["about"])
        toxicity = ToxicityFilter(**about["filter"])
        toxicity._model = BinaryClassifier(weights, **about["model"])  # what `fit` would have found
        return SafetyLayer(toxicity, **about["layer"])
    except (safetensors.SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} must be a safety layer, and is damaged or something else ({error})") from None
