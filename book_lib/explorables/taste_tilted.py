"""Your taste, tilted: a reward fitted to ten choices, and stored answers of a policy reweighted by e^(r/β)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from book_lib import _checks
from book_lib.explorables.base import ArgumentError, Explorable, OneOf, Real, arguments
from book_lib.explorables.lists import Numbers
from book_lib.rng import CounterRNG

KEYS = ("prompt", "answer", "logp", "names", "features")
PAIRS = 10
LEAST, MOST = 40, 400  # samples
MOST_FEATURES = 24
LONGEST = 200  # letters of an answer
LOWEST, HIGHEST = 0.02, 10.0  # β
TESTED = 0.1  # the β of the bet
DIGITS = 6  # significant, of what is shipped
# subtle: streams of their own: from that of the samples, pairs would come in the order of the samples' own numbers.
COIN, ORDER = 1, 2
SAME = 1e-9
ROUNDING = 1e-12
STEPS, HALVINGS = 60, 40  # of Newton's method, at most
BINS = 24
LADDER = 60


def count_features(answers: Sequence[str], words: Sequence[str]) -> dict[str, Any]:
    """Return what a simple reward may see of answers: how often each of some words occurs, and how long they are.

    Args:
        answers: N texts.
        words: single words, in lower case, that are counted whatever their case.

    Returns:
        "names" (the words, then "sentences" and "words") and "features", shape (N, K): a part of the ``samples`` of
        :class:`TasteTilted`.

    Raises:
        TypeError: if an answer or a word is no text.

    See the section :ref:`sec-align-tilt`.

    >>> count_features(["The list is fast. It is also fast."], ["fast", "slow"])["features"].tolist()
    [[2, 0, 2, 8]]
    """
    for name, texts in (("answers", answers), ("words", words)):
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise TypeError(f"{name} must be a list of texts, got {texts!r}")
    rows = []
    for answer in answers:
        found = re.findall(r"\w+", answer.lower())
        sentences = len(re.findall(r"[.!?]+(?=\s|$)", answer))
        rows.append([*(found.count(word) for word in words), sentences, len(found)])
    return {"names": [*words, "sentences", "words"], "features": np.array(rows, dtype=np.int64)}


def fit_taste(differences: ArrayLike, ridge: float = 1.0) -> NDArray[np.float64]:
    """Return the weights w of a Bradley–Terry reward r = w·φ: the smallest Σ ln(1 + e^(−w·Δ)) + λ/2 |w|².

    It is logistic regression without an intercept: a constant added to all rewards changes no choice. Mirrored in
    `core/tilt.js`.

    Args:
        differences: Δ, features of what was preferred less those of the other, shape (n, K).
        ridge: λ > 0; without it, choices that never contradict each other would have infinite weights.

    Returns:
        Shape (K,); 0 where there is no choice.

    Raises:
        TypeError, ValueError: if the differences are no finite table, or λ is not above 0.

    See the section :ref:`sec-align-preferences`.

    >>> fit_taste([[1.0, 0.0], [1.0, 0.0], [0.0, -1.0]]).round(3).tolist()
    [0.675, -0.401]
    """
    table, ridge = _checks.finite_array("differences", differences), _checks.positive("ridge", ridge)
    if table.ndim != 2 or not table.shape[1]:
        raise ValueError(f"differences must have shape (n, K), got {table.shape}")
    weights = np.zeros(table.shape[1])
    value = _loss(table, weights, ridge)
    for _ in range(STEPS):
        step, size = _newton_step(table, weights, ridge), 1.0
        for _ in range(HALVINGS):  # subtle: far from the end a whole step may climb
            if _loss(table, weights - size * step, ridge) <= value * (1 + ROUNDING):
                break
            size /= 2
        weights = weights - size * step
        value = _loss(table, weights, ridge)
        if np.abs(step).max() <= SAME:
            break
    return weights


def _loss(table: NDArray, weights: NDArray, ridge: float) -> float:
    return float(np.logaddexp(0, -table @ weights).sum() + ridge / 2 * weights @ weights)


def _newton_step(table: NDArray, weights: NDArray, ridge: float) -> NDArray[np.float64]:
    """Return H⁻¹g of the loss, shape (K,)."""
    doubt = np.exp(-np.logaddexp(0, table @ weights))  # σ(−w·Δ)
    gradient = ridge * weights - table.T @ doubt
    hessian = ridge * np.eye(len(weights)) + (table.T * (doubt * (1 - doubt))) @ table
    return np.linalg.solve(hessian, gradient)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Samples, the pairs of which some were ranked, and all that follows; no widget. See :class:`TasteTilted`."""

    samples: Mapping[str, Any]
    pairs: Sequence[tuple[int, int]]
    choices: Sequence[int]
    ridge: float

    @cached_property
    def features(self) -> NDArray[np.float64]:
        """As they were counted, shape (N, K)."""
        return np.array(self.samples["features"], dtype=float)

    @cached_property
    def rows(self) -> NDArray[np.float64]:
        """The features with mean 0 and standard deviation 1, shape (N, K); a column that never changes is 0."""
        centred = self.features - self.features.mean(axis=0)
        scale = centred.std(axis=0)
        return centred / np.where(scale > ROUNDING, scale, np.inf)

    @cached_property
    def differences(self) -> NDArray[np.float64]:
        """Δ of each choice, shape (n, K)."""
        rows, ranked = self.rows, zip(self.pairs, self.choices, strict=False)
        return np.array([rows[pair[c]] - rows[pair[1 - c]] for pair, c in ranked]).reshape(-1, rows.shape[1])

    @cached_property
    def coefficients(self) -> NDArray[np.float64]:
        """w, shape (K,)."""
        return fit_taste(self.differences, self.ridge)

    @cached_property
    def rewards(self) -> NDArray[np.float64]:
        """r, shape (N,)."""
        return self.rows @ self.coefficients

    def law(self, beta: float) -> NDArray[np.float64]:
        """Weights, shape (N,)."""
        powers = np.exp((self.rewards - self.rewards.max()) / beta)
        return powers / powers.sum()

    def kl(self, beta: float) -> float:
        """ln N − H(w), ≥ 0."""
        some = self.law(beta)
        some = some[some > 0]
        return max(0.0, math.log(len(self.rewards)) + float(some @ np.log(some)))

    def effective_size(self, beta: float) -> float:
        """1/Σw²."""
        return float(1 / (self.law(beta) ** 2).sum())

    def mean(self, what: str, beta: float) -> float | None:
        """Of "reward" or "oracle"."""
        values = self.rewards if what == "reward" else self.samples["oracle"]
        return None if values is None else float(self.law(beta) @ np.array(values))

    def winner(self, beta: float) -> int:
        """The sample whose text has most of the mass."""
        mass: dict[str, float] = {}
        for text, weight in zip(self.samples["answer"], self.law(beta), strict=True):
            mass[text] = mass.get(text, 0.0) + float(weight)
        largest = max(mass.values())
        first = {text: i for i, text in reversed(list(enumerate(self.samples["answer"])))}
        equal = [first[text] for text, value in mass.items() if value >= largest * (1 - SAME)]
        return min(equal, key=lambda i: (-self.samples["logp"][i], i))

    def beyond(self, beta: float) -> list[str]:
        """Features of the winner that raise its reward and lie beyond all answers that were ranked."""
        shown = [i for pair, _ in zip(self.pairs, self.choices, strict=False) for i in pair]
        if not shown:
            return []
        own = self.features[self.winner(beta)]
        inside = np.clip(own, self.features[shown].min(axis=0), self.features[shown].max(axis=0))
        gain = (own - inside) * self.coefficients
        return [name for name, value in zip(self.samples["names"], gain, strict=True) if value > SAME]

    def twins(self, beta: float) -> list[str]:
        """Other texts with the winner's features."""
        won, table = self.winner(beta), self.samples["features"]
        texts = dict.fromkeys(t for t, row in zip(self.samples["answer"], table, strict=True) if row == table[won])
        return [text for text in texts if text != self.samples["answer"][won]]


class TasteTilted(Explorable):
    """Ten pairs of stored answers to rank, the reward that follows, and the policy tilted by it, exactly.

    After each choice a reward r = w·φ, linear in the features brought to mean 0 and standard deviation 1, is fitted by
    :func:`fit_taste`. The answers were drawn from the reference, so that weights ∝ e^(r/β) turn averages over them
    into averages over π* ∝ π_ref e^(r/β), and ln N − H(w) into an estimate of KL(π*‖π_ref).

    Args:
        samples: a dict: "prompt", one text; "answer", N texts drawn from the reference at temperature 1, 40 to 400;
            "logp", ln π_ref of each whole answer, shape (N,), ≤ 0; "names" of K features and "features", shape (N, K),
            as :func:`count_features` gives them. Besides, if there is one: "oracle", shape (N,), the score of a judge
            whom nobody asks, shown beside. Numbers are kept to 6 significant digits.
        judges: somebody else who ranks, by name: what each feature is worth to them, by its name; features that are
            not named are worth nothing. "praise" and "short" have names in both languages. A coin comes by itself.
        choices: of the pairs so far, 0 for the first answer, 1 for the second; up to ten.
        ranker: whose choices these are: "" for the reader, else a judge's name, or "coin".
        beta: β, 0.02 to 10.
        ridge: λ of the fit, 0.01 to 100.
        prediction: the reader's bet on the effective sample size at β = 0.1: "", "most", "some", "few" or "skipped".
        seed: which pairs come, and how the coin falls.
        alt: text for readers who see no picture; made from the settings unless given.

    See the section :ref:`sec-align-tilt`.

    Raises:
        ValueError: for a bad value of one of these; it is named.

    >>> answers = ["It is fast.", "It is slow.", "It is fast and fast."] * 20
    >>> counted = count_features(answers, ["fast", "slow"])
    >>> samples = {"prompt": "And?", "answer": answers, "logp": [-1.1] * 60, **counted}
    >>> box = TasteTilted(samples, {"praise": {"fast": 1, "slow": -1}}, beta=0.1)
    >>> box.choices = box.rank("praise")
    >>> box.samples["answer"][box.winner()], box.effective_size() < 25
    ('It is fast and fast.', True)
    """

    samples = traitlets.Dict().tag(sync=True)
    judges = traitlets.Dict().tag(sync=True)
    choices = Numbers([], length=(0, PAIRS), least=0, most=1, whole=True).tag(sync=True)
    ranker = traitlets.Unicode("").tag(sync=True)
    beta = Real(1.0, least=LOWEST, most=HIGHEST).tag(sync=True)
    ridge = Real(1.0, least=0.01, most=100).tag(sync=True)
    prediction = OneOf(["", "most", "some", "few", "skipped"], default_value="").tag(sync=True)

    def __init__(self, samples: Mapping[str, Any], judges: Mapping[str, Mapping[str, float]] | None = None,
                 **traits: Any) -> None:  # fmt: skip
        with arguments():
            kept = _kept(samples)
            known = _judges(judges or {}, kept["names"])
        super().__init__(samples=kept, judges=known, **traits)

    @traitlets.validate("ranker")
    def _somebody(self, proposal: Any) -> str:
        known = ["", "coin", *self.judges]
        if proposal["value"] not in known:
            raise ArgumentError(f"ranker must be one of {', '.join(map(repr, known))}, not {proposal['value']!r}")
        return proposal["value"]

    # ------------------------------------------------------------------------------------------ choices

    def pairs(self) -> list[tuple[int, int]]:
        """The ten pairs: places of two samples each."""
        return _pairs(self.samples["features"], self.seed)

    def rank(self, judge: str) -> list[int]:
        """What a judge, or the "coin", chooses of each pair: 0 or 1. Where a judge sees no difference, the coin falls.

        Raises:
            ValueError: if there is no such judge.
        """
        with arguments():
            _checks.one_of("judge", judge, ["coin", *self.judges])
        fallen = (CounterRNG(self.seed, COIN).uint32(PAIRS) >> 31).tolist()
        table = np.array(self.samples["features"], dtype=float)
        worth = np.array(self.judges.get(judge, np.zeros(table.shape[1])))
        gaps = [float((table[a] - table[b]) @ worth) for a, b in self.pairs()]
        return [coin if abs(gap) <= SAME else int(gap < 0) for gap, coin in zip(gaps, fallen, strict=True)]

    @property
    def ranking(self) -> Ranking:
        """What has been chosen, to compute with."""
        return Ranking(self.samples, self.pairs(), tuple(self.choices), self.ridge)

    # ------------------------------------------------------------------------------------- what follows

    def coefficients(self) -> NDArray[np.float64]:
        """w, the reward of one standard deviation of each feature, shape (K,); 0 before the first choice."""
        return self.ranking.coefficients

    def agreement(self) -> int:
        """In how many of the choices the fitted reward sides with who chose."""
        ranking = self.ranking
        return int((ranking.differences @ ranking.coefficients > 0).sum())

    def rewards(self) -> NDArray[np.float64]:
        """r of each sample, shape (N,); their mean is 0."""
        return self.ranking.rewards

    def law(self) -> NDArray[np.float64]:
        """Weights of the samples, e^(r/β) over their sum, shape (N,)."""
        return self.ranking.law(self.beta)

    def kl(self) -> float:
        """ln N − H(w), which estimates KL(π*‖π_ref), in nats; it cannot be above ln N."""
        return self.ranking.kl(self.beta)

    def effective_size(self) -> float:
        """1/Σw²: as how many samples of equal weight they count."""
        return self.ranking.effective_size(self.beta)

    def mean(self, what: str = "reward") -> float | None:
        """The mean of "reward" or "oracle" over π*; None if there is no oracle.

        Raises:
            ValueError: for another name.
        """
        with arguments():
            _checks.one_of("what", what, ("reward", "oracle"))
        return self.ranking.mean(what, self.beta)

    def winner(self) -> int:
        """The sample whose text has most of the mass; of equals the more probable, then the first."""
        return self.ranking.winner(self.beta)

    def beyond(self) -> list[str]:
        """Features of the winner that raise its reward and lie beyond all answers that were ranked."""
        return self.ranking.beyond(self.beta)

    def twins(self) -> list[str]:
        """Other texts that have the winner's features, so that no reward of this kind can tell them apart."""
        return self.ranking.twins(self.beta)

    # ------------------------------------------------------------------------------------ without scripts

    def _shown(self) -> tuple[Ranking, str]:
        """What a picture shows: these choices, or the first judge's where there are none; and who chose."""
        # subtle: no second widget for the picture: the page would carry all of its state.
        judge = self.ranker if self.choices else next(iter(self.judges), "coin")
        who = {"": "a reader", "coin": "a coin"}.get(judge, f"a judge called {judge}")
        choices = self.choices or self.rank(judge)
        return Ranking(self.samples, self.pairs(), tuple(choices), self.ridge), who

    def describe(self) -> str:
        """What the picture shows, in words and numbers."""
        if self.alt:
            return self.alt
        (shown, who), beta = self._shown(), self.beta
        answers, oracle = self.samples["answer"], self.samples["oracle"]
        told = (
            f"{len(answers)} sampled answers to “{self.samples['prompt']}”, reweighted by e to the r over β with a "
            f"reward that was fitted to {len(shown.choices)} choices of {who}. At β = {beta:g} the divergence from the "
            f"reference is {shown.kl(beta):.2f} nats, {shown.effective_size(beta):.0f} answers count, and most of the "
            f"mass is on “{answers[shown.winner(beta)]}”."
        )
        if oracle is None:
            return told
        now, before = shown.mean("oracle", beta), float(np.mean(oracle))
        return f"{told} A judge whom nobody asked gives {now:.2f} on average, {before:.2f} before."

    def still(self) -> tuple:
        """How the rewards lie before and after, and reward and oracle against the divergence."""
        from book_lib import plotting

        shown, _ = self._shown()
        figure, (left, right) = plotting.figure(height=2.7, columns=2)
        _draw_rewards(left, shown, self.beta)
        _draw_path(right, shown)
        return plotting.still(figure)


def _draw_rewards(axes: Any, shown: Ranking, beta: float) -> None:
    """Histograms of the reward: of the reference as steps, of the tilt as columns."""
    from book_lib import plotting

    rewards, law = shown.rewards, shown.law(beta)
    most = max(1.0, math.ceil(np.abs(rewards).max()))
    edges = np.linspace(-most, most, BINS + 1)
    after, before = np.histogram(rewards, edges, weights=law)[0], np.histogram(rewards, edges)[0] / len(law)
    color = plotting.temperature_color(beta / (1 + beta), 0, 1)
    axes.bar(edges[:-1], after, np.diff(edges), align="edge", color=color, label=f"β = {beta:g}")
    axes.stairs(before, edges, color=plotting.COLORS.theory, baseline=None, label="reference")
    axes.set(xlabel="reward r", ylabel="share of the mass", xlim=(-most, most))
    axes.legend()


def _draw_path(axes: Any, shown: Ranking) -> None:
    """Mean reward, and what the oracle says, in standard deviations, as β falls."""
    from book_lib import plotting

    betas = np.geomspace(HIGHEST, LOWEST, LADDER)
    kl = [shown.kl(beta) for beta in betas]
    colors = plotting.COLORS
    for what, style, color in (("reward", "-", colors.theory), ("oracle", "-.", colors.mean_field)):
        values = shown.rewards if what == "reward" else shown.samples["oracle"]
        if values is not None:
            middle, spread = float(np.mean(values)), float(np.std(values)) or 1.0
            heights = [(shown.mean(what, beta) - middle) / spread for beta in betas]
            axes.plot(kl, heights, style, color=color, label="fitted reward" if what == "reward" else "oracle")
    axes.set(xlabel="KL, nats", ylabel="mean, in standard deviations")
    axes.legend()


def _pairs(features: list[list[float]], seed: int) -> list[tuple[int, int]]:
    """Return ten pairs of samples with different features, each sample used once; mirrored in `core/tilt.js`."""
    pairs: list[tuple[int, int]] = []
    waiting: list[int] = []
    for i in CounterRNG(seed, ORDER).permutation(len(features)).tolist():
        if len(pairs) == PAIRS:
            break
        at = next((k for k, j in enumerate(waiting) if features[j] != features[i]), None)
        if at is None:
            waiting.append(i)
        else:
            pairs.append((waiting.pop(at), i))
    return pairs


# ---------------------------------------------------------------------------------------------- what comes in


def _kept(samples: Any) -> dict[str, Any]:
    """The samples as the page reads them, checked."""
    if not isinstance(samples, Mapping) or not set(KEYS) <= set(samples) <= {*KEYS, "oracle"}:
        came = ", ".join(map(str, samples)) if isinstance(samples, Mapping) else repr(samples)
        raise ArgumentError(f"samples must be a dict of {', '.join(KEYS)}, perhaps oracle, not of {came}")
    prompt = samples["prompt"]
    if not isinstance(prompt, str) or not prompt.strip():
        raise ArgumentError(f"prompt of the samples must be one text: a law belongs to one prompt; not {prompt!r}")
    answers = _texts("answer", samples["answer"])
    if not LEAST <= len(answers) <= MOST:
        raise ArgumentError(f"answer of the samples must hold {LEAST} to {MOST} texts, not {len(answers)}")
    names = _texts("names", samples["names"])
    if not 1 <= len(names) <= MOST_FEATURES or len(set(names)) < len(names) or not all(map(str.strip, names)):
        raise ArgumentError(f"names of the samples must hold 1 to {MOST_FEATURES} different names, not {names}")
    logp = _column(samples, "logp", (len(answers),))
    if logp.max() > 0:
        raise ArgumentError(f"logp of the samples must not be above 0, got {logp.max():g}")
    features = _column(samples, "features", (len(answers), len(names)))
    _require_differences(features)
    oracle = samples.get("oracle")
    return {"prompt": prompt, "answer": answers, "names": names, "logp": _plain(logp),
            "features": [_plain(row) for row in features],
            "oracle": None if oracle is None else _plain(_column(samples, "oracle", (len(answers),)))}  # fmt: skip


def _texts(name: str, texts: Any) -> list[str]:
    """A list of texts of the samples."""
    if isinstance(texts, str) or not isinstance(texts, Sequence | np.ndarray):
        raise ArgumentError(f"{name} of the samples must be a list of texts, not {texts!r}")
    for i, text in enumerate(texts):
        if not isinstance(text, str) or len(text) > LONGEST:
            raise ArgumentError(
                f"{name} of the samples must hold texts of at most {LONGEST} letters, not {str(text)[:40]!r} at {i}"
            )
    return [str(text) for text in texts]


def _column(samples: Mapping, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Numbers of the samples, one or one row for each."""
    values = _checks.finite_array(f"{name} of the samples", samples[name])
    if values.shape != shape:
        raise ArgumentError(f"{name} of the samples must have shape {shape}, not {values.shape}")
    return values


def _plain(values: NDArray[np.float64]) -> list[float]:
    """As JSON holds it; whole numbers take the least room."""
    kept = [float(f"{value:.{DIGITS}g}") for value in values]
    return [int(value) if value.is_integer() else value for value in kept]


def _require_differences(features: NDArray[np.float64]) -> None:
    """Ten pairs must be found whatever the seed: enough samples differ from the commonest."""
    rows = [tuple(_plain(row)) for row in features]
    others = len(rows) - max(rows.count(row) for row in set(rows))
    if others < 2 * PAIRS:
        raise ArgumentError(
            f"features of the samples must differ: {2 * PAIRS} samples or more from the commonest, not {others}"
        )


def _judges(judges: Any, names: list[str]) -> dict[str, list[float]]:
    """What each feature is worth to each judge."""
    if not isinstance(judges, Mapping):
        raise ArgumentError(f"judges must be a dict of names and what features are worth, not {judges!r}")
    found = {}
    for judge, worth in judges.items():
        if not isinstance(judge, str) or not judge.strip() or judge == "coin":
            raise ArgumentError(f"judges must have names other than '' and 'coin', not {judge!r}")
        if not isinstance(worth, Mapping) or not set(worth) <= set(names) or not worth:
            came = list(worth) if isinstance(worth, Mapping) else worth
            raise ArgumentError(f"judges[{judge!r}] must be a dict of some of {', '.join(names)}, not {came!r}")
        found[judge] = [_checks.finite(f"judges[{judge!r}][{name!r}]", worth.get(name, 0.0)) for name in names]
    return found
