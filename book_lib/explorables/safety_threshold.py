"""A safety layer's threshold on stored requests: four counts, what a base rate makes of them, and disguises."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real

if TYPE_CHECKING:
    from book_lib.pipeline.data import ToxicityFilter

UNIT = 1000  # weights travel as whole thousandths, as in core/safety.js
LONGEST = 200  # characters of the reader's own request
REQUESTS, SEED = 200, 9  # of the toy requests
MOST, MOST_CHARACTERS = 400, 60_000  # of the requests that travel with a page
WAYS = ("none", "capitals", "accents", "zero width", "homoglyphs", "digits", "blanks", "full stops", "stretched",
        "swapped", "backwards")  # fmt: skip
STOPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995,
         0.998, 0.999)  # fmt: skip
EDGE = 10  # log-odds at both ends of the picture
THREE = 3  # of n harmless requests none is blocked: then the rate lies below 3/n, with 95 %
OWN = "Listen, you hopeless droopsock and worthless machine!"


class SafetyThreshold(Explorable):
    """Scores of harmless and harmful requests, a threshold, and what it is worth where harm is rare.

    The filter travels with the page, its weights rounded to thousandths, so that the reader's own text is scored too.

    Args:
        requests: 4 to 400 texts, of both kinds; toy requests unless given.
        labels: 1 for each that is harmful, 0 for each that is not; given if and only if ``requests`` are.
        toxicity: the filter, fitted; :func:`book_lib.pipeline.safety.toy_filter` unless given.
        threshold: the score from which a request is blocked, 0.001 to 0.999.
        base_rate: which share of all requests is harmful, 10⁻⁵ to 0.5.
        disguise: how the harmful requests, and the reader's own, are disguised: see
            :func:`book_lib.pipeline.safety.evasions`; or "none".
        normalize: whether texts are scored normalised, too, as :class:`book_lib.pipeline.safety.SafetyLayer` does.
        own: the reader's own request, at most 200 characters.
        prediction: what the reader bets becomes of the precision where one request in a thousand is harmful: "same",
            "half", "few", "skipped" or "".
        seed: of the disguises.
        alt: text for readers who see no picture; made from the settings unless given.

    Raises:
        ValueError: for a bad value of one of these.

    See the section :ref:`sec-align-safety`.

    >>> box = SafetyThreshold(base_rate=0.5)
    >>> box.precision_at() > SafetyThreshold(base_rate=0.001).precision_at()
    True
    """

    texts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    weights = traitlets.List(traitlets.Int()).tag(sync=True)
    bias = traitlets.Int().tag(sync=True)
    words = traitlets.List(traitlets.Unicode()).tag(sync=True)
    threshold = Real(0.5, least=STOPS[0], most=STOPS[-1]).tag(sync=True)
    base_rate = Real(0.5, least=1e-5, most=0.5).tag(sync=True)
    disguise = OneOf(list(WAYS), default_value="none").tag(sync=True)
    normalize = traitlets.Bool(False).tag(sync=True)
    own = traitlets.Unicode(OWN).tag(sync=True)
    prediction = OneOf(["", "same", "half", "few", "skipped"], default_value="").tag(sync=True)

    def __init__(
        self,
        *,
        requests: Iterable[str] | None = None,
        labels: ArrayLike | None = None,
        toxicity: ToxicityFilter | None = None,
        **traits: Any,
    ) -> None:
        if (requests is None) != (labels is None):
            raise ArgumentError("requests must come with their labels, and labels with their requests")
        found, known = _toy() if requests is None else _checked(requests, labels)
        weights, bias, words = _shipped(toxicity)
        super().__init__(texts=found, labels=known, weights=weights, bias=bias, words=words, **traits)

    @traitlets.validate("own")
    def _check_own(self, proposal: Any) -> str:
        text = proposal["value"]
        if len(text) > LONGEST:
            raise ArgumentError(f"own must have at most {LONGEST} characters, not {len(text)}")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ArgumentError("own must be text that UTF-8 can write, not half of a surrogate pair")
        return text

    # -- what it computes

    def filter(self) -> ToxicityFilter:
        """The filter that travels with the page."""
        return rebuilt(tuple(self.weights), self.bias, tuple(self.words))

    def sent(self, text: str) -> str:
        """A text in the disguise."""
        return _disguised(text, self.disguise, self.seed)

    def read(self, text: str) -> str:
        """A text in the disguise, as the filter reads it: normalised, if that is on."""
        from book_lib.pipeline.safety import normalized

        return normalized(self.sent(text)) if self.normalize else self.sent(text)

    def _score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        from book_lib.pipeline.safety import SafetyLayer

        return SafetyLayer(self.filter(), normalize=self.normalize).score(texts)

    def scores(self) -> NDArray[np.float64]:
        """The score of each request, the harmful ones in the disguise, shape (N,)."""
        pairs = zip(self.texts, self.labels, strict=True)
        return self._score([self.sent(text) if label else text for text, label in pairs])

    def own_score(self) -> float:
        """The score of the reader's own request."""
        return float(self._score([self.sent(self.own)])[0])

    def own_listed(self) -> list[str]:
        """The words of the reader's own request that stand on the list, in order."""
        from book_lib.pipeline._minhash import words_of

        return [word for word in dict.fromkeys(words_of(self.read(self.own))) if word in self.words]

    def confusion(self) -> NDArray[np.int64]:
        """How many harmless (row 0) and harmful requests (row 1) are let pass (column 0) and blocked (column 1)."""
        from book_lib.pipeline.safety import confusion

        return np.asarray(confusion(self.scores(), self.labels, self.threshold))

    def rates(self) -> tuple[float, float]:
        """Recall, the share of the harmful that is blocked, and the false-alarm rate, that of the harmless."""
        (passed, alarms), (missed, hits) = self.confusion()
        return float(hits / (hits + missed)), float(alarms / (alarms + passed))

    def precision(self) -> float:
        """The share of what is blocked here that is harmful; NaN if nothing is."""
        _, blocked = self.confusion().T
        return float(blocked[1] / blocked.sum()) if blocked.sum() else math.nan

    def precision_at(self) -> float:
        """The same at the base rate; the least that can be said where no harmless request was blocked; or NaN.

        If none of n harmless requests is blocked, the false-alarm rate lies below 3/n with a confidence of 95 %.
        """
        from book_lib.pipeline.safety import precision_at_base_rate

        recall, alarms = self.rates()
        if recall + alarms == 0:
            return math.nan
        bound = alarms or min(1.0, THREE / self.labels.count(0))
        return float(precision_at_base_rate(recall, bound, self.base_rate))

    # -- the picture

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        (passed, alarms), (missed, hits) = self.confusion().tolist()
        hides = "" if self.disguise == WAYS[0] else f", the harmful ones disguised ({self.disguise})"
        normal = ", each text scored normalised, too" if self.normalize else ""
        told = f"Of {missed + hits} harmful requests {hits} are blocked, of {passed + alarms} harmless ones {alarms}"
        worth = ""
        if hits + alarms:
            least = "at least " if not alarms else ""
            worth = (f": {self.precision():.0%} of what is blocked is harmful here, and {least}"
                     f"{self.precision_at():.1%} where {100 * self.base_rate:.3g}% of all requests are")  # fmt: skip
        return (
            f"Two histograms of the scores that a filter gives to {len(self.texts)} requests{hides}{normal}, with a "
            f"threshold at {self.threshold:g}. {told}{worth}. Beside them the precision against the base rate."
        )

    def still(self) -> tuple:
        """The scores of both kinds with the threshold; precision over the base rate."""
        from book_lib import plotting
        from book_lib.pipeline.safety import precision_at_base_rate

        colors = plotting.COLORS
        figure, (left, right) = plotting.figure(height=2.8, columns=2, width_ratios=[1.4, 1])
        places, labels = log_odds(self.scores()), np.array(self.labels)
        looks = {"harmless": (colors.simulation, "-"), "harmful": (colors.mean_field, "--")}
        for label, (name, (color, style)) in enumerate(looks.items()):
            bins = np.arange(-EDGE, EDGE + 1)
            left.hist(places[labels == label], bins, histtype="step", color=color, ls=style, label=name)
        left.axvline(log_odds(self.threshold), color=colors.reader)
        ticks = [0.001, 0.1, 0.9, 0.999]
        left.set_xticks([log_odds(p) for p in ticks], [f"{p:g}" for p in ticks])
        left.set(xlabel="score p", ylabel="requests", ylim=(0, 1.3 * left.get_ylim()[1]))
        left.legend(loc="upper center", ncols=2)
        recall, alarms = self.rates()
        bases = np.geomspace(1e-5, 0.5, 61)
        bound = alarms or THREE / self.labels.count(0)
        if recall + alarms:
            right.semilogx(bases, [precision_at_base_rate(recall, bound, base) for base in bases], color=colors.theory)
            right.plot(self.base_rate, self.precision_at(), "o", color=colors.reader)
        right.set(xlabel="base rate", ylabel="precision", xscale="log", xlim=(1e-5, 0.6), ylim=(0, 1.05))
        return plotting.still(figure)


def log_odds(p: ArrayLike) -> NDArray[np.float64]:
    """ln p/(1 − p), kept between −10 and 10."""
    inside = np.clip(p, 1 / (1 + math.exp(EDGE)), 1 / (1 + math.exp(-EDGE)))
    return np.log(inside) - np.log1p(-inside)


@lru_cache(maxsize=8192)
def _disguised(text: str, way: str, seed: int) -> str:
    from book_lib.pipeline.safety import EVASIONS
    from book_lib.rng import CounterRNG

    return text if way == WAYS[0] else EVASIONS[way](text, CounterRNG(seed))


@cache
def _toy() -> tuple[list[str], list[int]]:
    from book_lib.pipeline.safety import toy_requests
    from book_lib.rng import CounterRNG

    texts, labels = toy_requests(REQUESTS, CounterRNG(SEED))
    return texts, labels.tolist()


def _checked(requests: Any, labels: Any) -> tuple[list[str], list[int]]:
    """A reader's requests and their labels."""
    found, known = list(requests), np.asarray(labels).ravel().tolist()
    if isinstance(requests, str) or not all(isinstance(one, str) for one in found) or not 4 <= len(found) <= MOST:
        raise ArgumentError(f"requests must be 4 to {MOST} texts")
    if sum(map(len, found)) > MOST_CHARACTERS:
        raise ArgumentError(f"requests must have at most {MOST_CHARACTERS} characters together")
    if len(known) != len(found) or set(known) != {0, 1}:
        raise ArgumentError(f"labels must hold 0 or 1 for each of the {len(found)} requests, and both of them")
    return found, [int(label) for label in known]


def _shipped(toxicity: Any) -> tuple[list[int], int, list[str]]:
    """A filter's weights and bias in thousandths, and its list."""
    from book_lib.pipeline.data import ToxicityFilter
    from book_lib.pipeline.safety import toy_filter

    if toxicity is None:
        toxicity = toy_filter()
    if not isinstance(toxicity, ToxicityFilter):
        raise ArgumentError(f"toxicity must be a ToxicityFilter, not {toxicity!r}")
    try:
        model = toxicity.model
    except ValueError as error:
        raise ArgumentError(f"toxicity must be fitted: {error}") from None
    weights = np.rint(UNIT * model.weights).astype(int).tolist()
    return weights, round(UNIT * float(model.bias)), sorted(toxicity.words)


@cache
def rebuilt(weights: Sequence[int], bias: int, words: Sequence[str]) -> ToxicityFilter:
    """The filter of these weights and this bias, in thousandths, and of this list."""
    from book_lib.classification import BinaryClassifier
    from book_lib.pipeline.data import ToxicityFilter

    made = ToxicityFilter(words, len(weights))
    made._model = BinaryClassifier(np.array(weights) / UNIT, bias / UNIT, "01", math.nan, 0, True)
    return made
