"""The checks of the chapter on data and pre-training: right answers pass, typical slips get their replies."""

import itertools
import math
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from book_lib.exercises import check, names, variant

NAME = "llm_pipeline"
SEEDS = st.integers(min_value=0, max_value=10_000)


def candidate_by_binomial(similarity, bands, rows):
    """One minus the probability that none of b trials succeeds."""
    return stats.binom.sf(0, bands, math.prod([similarity] * rows))


def survivors_by_graph(count, pairs):
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(pairs)
    return sorted(min(part) for part in nx.connected_components(graph))


def precision_by_counting(base, recall, false_alarm):
    """Of a million documents."""
    toxic = 1e6 * base
    flagged = {"toxic": toxic * recall, "harmless": (1e6 - toxic) * false_alarm}
    return flagged["toxic"] / sum(flagged.values())


def days_by_passes(parameters, tokens, devices, speed, used):
    """Forth, and twice as much back, at two operations a parameter."""
    forth = 2 * parameters * tokens
    seconds = (forth + 2 * forth) / (speed * used) / devices
    return seconds / 60 / 60 / 24


def scores_by_sorting(values, window):
    def median(numbers):
        ranked = sorted(numbers)
        half = len(ranked) // 2
        return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2

    found = [0.0] * min(window, len(values))
    for t in range(window, len(values)):
        middle = median(values[t - window : t])
        distance = median([abs(x - middle) for x in values[t - window : t]])
        found.append((values[t] - middle) / (1.4826 * (distance or 1e-9)))
    return found


def batches_by_trying(stages, idle):
    """The bubble in whole numbers, one m after another."""
    allowed = Fraction(str(idle))
    return next(m for m in itertools.count(1) if Fraction(stages - 1, m + stages - 1) <= allowed)


RIGHT = {
    f"{NAME}-2": candidate_by_binomial,
    f"{NAME}-3": survivors_by_graph,
    f"{NAME}-4": precision_by_counting,
    f"{NAME}-6": days_by_passes,
    f"{NAME}-7": scores_by_sorting,
    f"{NAME}-8": batches_by_trying,
}


def test_the_chapter_registers_its_checks():
    assert names(NAME) == [f"{NAME}-{n}" for n in (1, 2, 3, 4, 6, 7, 8)]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass(name):
    verdict = check(name, RIGHT[name])
    assert verdict.right, str(verdict)
    assert not verdict.failed


def shingled(sentence):
    words = sentence.split()
    return {f"{a} {b}" for a, b in itertools.pairwise(words)}


@settings(max_examples=30)
@given(SEEDS)
def test_every_pair_has_its_similarity_and_shows_every_slip(seed):
    pair = variant(f"{NAME}-1", seed)
    a, b = shingled(pair.first), shingled(pair.second)
    common, all_of_them = len(a.intersection(b)), len(a.union(b))
    right = common / all_of_them
    assert 0 < right < 1 and len(a) < len(pair.first.split()) - 1  # one pair of neighbours comes twice
    assert check(f"{NAME}-1", right, seed=seed).right
    one, other = set(pair.first.split()), set(pair.second.split())
    slips = (
        (common / len(a), "first sentence's shingles"),
        (2 * common / (len(a) + len(b)), "Dice"),
        (len(one & other) / len(one | other), "single words"),
        (common / (len(a) + len(b)), "counts once in the union"),
        (1 - right, "how different"),
    )
    for wrong, words in slips:
        verdict = check(f"{NAME}-1", wrong, seed=seed)
        assert not verdict.right and words in verdict.message, (wrong, str(verdict))


def test_the_same_seed_gives_the_same_pair():
    assert variant(f"{NAME}-1", 5) == variant(f"{NAME}-1", 5)
    assert len({variant(f"{NAME}-1", seed) for seed in range(40)}) == 40


def kept(count, dropped):
    return [k for k in range(count) if k not in dropped]


def moved_one(count, pairs):
    """A pair's second takes the first's number, and its cluster does not follow."""
    home = list(range(count))
    for i, j in pairs:
        home[max(i, j)] = home[min(i, j)]
    return sorted(set(home))


def last_of_each(count, pairs):
    graph = nx.Graph(pairs)
    graph.add_nodes_from(range(count))
    return sorted(max(part) for part in nx.connected_components(graph))


def with_itself(values, window):
    found = np.zeros(len(values))
    for t in range(window, len(values)):
        past = np.array(values[t - window + 1 : t + 1])
        middle = np.median(past)
        found[t] = (values[t] - middle) / (1.4826 * (np.median(abs(past - middle)) or 1e-9))
    return found


def with_means(values, window):
    found = np.zeros(len(values))
    for t in range(window, len(values)):
        past = np.array(values[t - window : t])
        found[t] = (values[t] - past.mean()) / (past.std() or 1.4826e-9)
    return found


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        (2, lambda s, b, r: stats.binom.pmf(0, b, s**r), "it is missed"),
        (2, lambda s, b, r: candidate_by_binomial(s, r, b), "swapped"),
        (2, lambda s, b, r: s**r, "any of b is enough"),
        (2, lambda s, b, r: b * s**r, "do not add up"),
        (2, lambda s, b, r: (1 - (1 - s) ** b) ** r, "The order"),
        (2, lambda s, b, r: 1 - (1 - s) ** (b * r), "a whole band must agree"),
        (2, lambda s, b, r: s ** (b * r), "one band is enough"),
        (3, lambda n, p: kept(n, set(itertools.chain(*p))), "originals with their copies"),
        (3, lambda n, p: kept(n, {max(pair) for pair in p}), "not one of a pair"),
        (3, lambda n, p: kept(n, {j for _, j in p}), "written second"),
        (3, moved_one, "two clusters meet"),
        (3, last_of_each, "keeps the last"),
        (3, lambda n, p: [k for k in survivors_by_graph(n, p) if k in set(itertools.chain(*p))], "like no other"),
        (3, lambda n, p: list(range(n)), "Nothing was dropped"),
        (4, lambda b, r, f: r, "the recall"),
        (4, lambda b, r, f: r / (r + f), "use the base rate"),
        (4, lambda b, r, f: b * r / (b * r + f), "1 − base"),
        (4, lambda b, r, f: b * r + f - b * f, "flagged in all"),
        (4, lambda b, r, f: 1 - precision_by_counting(b, r, f), "wrongly accused"),
        (4, lambda b, r, f: b * r, "divide by the flagged"),
        (4, lambda b, r, f: 1 - f, "harmless ones pass"),
        (6, lambda n, d, k, v, u: 2 * n * d / (k * v * u) / 86_400, "4 N D more"),
        (6, lambda n, d, k, v, u: 4 * n * d / (k * v * u) / 86_400, "6 N D, not 4"),
        (6, lambda n, d, k, v, u: 6 * n * d / (k * v * u), "seconds"),
        (6, lambda n, d, k, v, u: 6 * n * d / (k * v * u) / 3600, "hours"),
        (6, lambda n, d, k, v, u: 6 * n * d / (k * v) / 86_400, "only a share"),
        (6, lambda n, d, k, v, u: 6 * n * d / (k * v) * u / 86_400, "takes longer"),
        (6, lambda n, d, k, v, u: 6 * n * d / (v * u) / 86_400, "by their number"),
        (6, lambda n, d, k, v, u: n * d / (k * v * u) / 86_400, "too few"),
        (7, with_itself, "in its window"),
        (7, lambda x, w: 1.4826 * np.array(scores_by_sorting(x, w)), "factor 1.4826 is missing"),
        (7, lambda x, w: 1.4826**2 * np.array(scores_by_sorting(x, w)), "is the larger one"),
        (7, with_means, "standard deviation"),
        (7, lambda x, w: np.abs(scores_by_sorting(x, w)), "keep the sign"),
        (7, lambda x, w: scores_by_sorting(x, w)[w:], "One score for each value"),
        (8, lambda p, b: max(1, math.ceil((p - 1) / b - 1e-9)), "all ticks"),
        (8, lambda p, b: max(1, math.ceil(p / b - p - 1e-9)), "not for p"),
        (8, lambda p, b: (p - 1) / b - (p - 1), "round up"),
        (8, lambda p, b: max(1, math.floor((p - 1) / b - (p - 1) + 1e-9)), "Rounded down"),
        (8, lambda p, b: math.floor((p - 1) / b - (p - 1) + 1e-9) + 1, "one too many"),
    ],
)
def test_each_typical_slip_gets_its_reply(name, answer, words):
    verdict = check(f"{NAME}-{name}", answer)
    assert not verdict.right
    assert words in verdict.message, str(verdict)


def test_a_whole_series_in_the_window_is_recognised():
    def hindsight(values, window):
        series = np.array(values)
        middle = np.median(series)
        spread = 1.4826 * (np.median(abs(series - middle)) or 1e-9)
        return np.where(np.arange(len(series)) < window, 0.0, (series - middle) / spread)

    assert "not the whole series" in check(f"{NAME}-7", hindsight).message


def test_a_series_that_stands_still_is_the_last_hurdle():
    def careless(values, window):
        found = np.zeros(len(values))
        for t in range(window, len(values)):
            past = np.array(values[t - window : t])
            middle = np.median(past)
            found[t] = (values[t] - middle) / (1.4826 * np.median(abs(past - middle)))
        return found

    verdict = check(f"{NAME}-7", careless)
    assert not verdict.right and len(verdict.passed) == 5 and "stands still" in verdict.failed[0]


def test_the_answers_of_the_text():
    assert candidate_by_binomial(0.8, 16, 8) == pytest.approx(0.947, abs=5e-4)
    assert candidate_by_binomial(0.5, 2, 2) == pytest.approx(0.4375)
    assert survivors_by_graph(5, [(0, 2), (1, 2)]) == [0, 3, 4]
    assert batches_by_trying(4, 0.2) == 12
    assert scores_by_sorting([3.0, 2.9, 3.1, 3.0, 2.8, 3.5], 5)[-1] == pytest.approx(3.37, abs=0.01)


@pytest.mark.parametrize("name", [f"{NAME}-1", *RIGHT])
@pytest.mark.parametrize("answer", [None, "two", [1, 2], math.nan, lambda: 1])
def test_what_is_no_answer_gets_a_reply_and_no_traceback(name, answer):
    assert not check(name, answer).right
