"""The explorables of data preparation in Python: what they take, refuse, compute and show."""

import math
import time

import matplotlib.pyplot as plt
import numpy as np
import pytest

from book_lib import plotting
from book_lib.explorables import DataFunnel, MinHashCurve
from book_lib.explorables.data_funnel import LONGEST, REAL, SHORTEST, passages, planted, trimmed
from book_lib.explorables.minhash_curve import HASHES, RUN, SHOWN, WORDS, pair
from book_lib.pipeline import data
from book_lib.pipeline.data import Document, FilterConfig, Truth
from book_lib.rng import CounterRNG
from tests.lib.pictures import check_pictures

GOOD = "The miller and the baker have to be early on the bridge, for that is where the flour of the morning stops."
TWO = [Document(f"{GOOD} {GOOD}", "mill"), Document("xq zzv kw " * 20, "noise")]
KNOWN = [Truth("good"), Truth("letters")]
OFF = {
    "min_words": 0, "max_words": 100_000, "min_language": 0, "min_letters": 0, "min_word_length": 0,
    "max_word_length": 20, "max_repeated_lines": 1, "max_symbols": 1, "min_stop_words": 0,
}  # fmt: skip
STRICT = {
    "min_words": 35, "max_words": 80, "min_language": 0.1, "min_letters": 0.8, "min_word_length": 3.5,
    "max_word_length": 7, "max_repeated_lines": 0, "max_symbols": 0.05, "min_stop_words": 3,
}  # fmt: skip
SMALL = [" ".join(f"w{i}x{k}" for k in range(40)) for i in range(4)]

BAD = [
    (DataFunnel, {"min_words": 61}, "min_words must"),
    (DataFunnel, {"max_words": 59}, "max_words must"),
    (DataFunnel, {"min_language": 0.31}, "min_language must"),
    (DataFunnel, {"min_letters": math.nan}, "min_letters must"),
    (DataFunnel, {"max_symbols": -0.1}, "max_symbols must"),
    (DataFunnel, {"rule": "min_spins"}, "rule must be one of"),
    (DataFunnel, {"show": "all"}, "show must be one of"),
    (DataFunnel, {"passage": -1}, "passage must"),
    (DataFunnel, {"prediction": "perhaps"}, "prediction must"),
    (DataFunnel, {"documents": TWO}, "documents must come with their truth"),
    (DataFunnel, {"truth": KNOWN}, "documents must come with their truth"),
    (DataFunnel, {"documents": TWO[:1], "truth": KNOWN[:1]}, "documents must be 2 to 400"),
    (DataFunnel, {"documents": ["a", "b"], "truth": KNOWN}, "documents must be 2 to 400"),
    (DataFunnel, {"documents": TWO, "truth": KNOWN[:1]}, "truth must hold a Truth for each of the 2"),
    (DataFunnel, {"documents": TWO, "truth": ["good", "letters"]}, "truth must hold a Truth"),
    (DataFunnel, {"documents": TWO, "truth": [KNOWN[0]] * 2}, "truth must name a good passage and a piece of junk"),
    (
        DataFunnel,
        {"documents": [Document("a" * 150_000, "a"), Document("b" * 50_001, "b")], "truth": KNOWN},
        "documents must have at most 200000 characters",
    ),
    (MinHashCurve, {"text_a": "x" * 401}, "text_a must have at most 400 characters, not 401"),
    (MinHashCurve, {"text_b": "\ud800"}, "text_b must be text that UTF-8 can write"),
    (MinHashCurve, {"words": 0}, "words must"),
    (MinHashCurve, {"bands": 33}, "bands must"),
    (MinHashCurve, {"rows": 0}, "rows must"),
    (MinHashCurve, {"threshold": 1}, "threshold must"),
    (MinHashCurve, {"prediction": "perhaps"}, "prediction must"),
    (MinHashCurve, {"documents": SMALL[:2]}, "documents must be 3 to 40 texts, not 2"),
    (MinHashCurve, {"documents": "one text"}, "documents must be 3 to 40 texts"),
    (MinHashCurve, {"documents": [*SMALL, "too few"]}, r"documents\[4\] must have at least 30 words, not 2"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "arguments", "message"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


WIDGETS = [
    DataFunnel(),
    DataFunnel(**OFF),
    DataFunnel(documents=TWO, truth=KNOWN, min_words=60),
    MinHashCurve(),
    MinHashCurve(bands=32, rows=16, threshold=0.95, words=1, seed=4),
    MinHashCurve(documents=SMALL, text_a="", text_b="学而时习之", bands=1, rows=1, threshold=0.05),
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


@pytest.mark.parametrize("kind", [DataFunnel, MinHashCurve])
def test_alt_text_can_be_given(kind: type) -> None:
    assert kind(alt="A figure.").describe() == "A figure."


@pytest.mark.parametrize("widget", WIDGETS[::3], ids=lambda widget: type(widget).__name__)
def test_pictures_are_made_soon(widget) -> None:
    widget.still()
    times = []
    for _ in range(3):
        begun = time.process_time()
        widget.still()
        times.append(time.process_time() - begun)
    assert min(times) < 0.5  # 0.2 s on a quiet machine


def test_one_is_no_more_than_one() -> None:
    said = MinHashCurve(documents=SMALL, text_a="a b", text_b="a b", bands=1, rows=1).describe()
    assert "found by 1 band of 1 row, against" in said and said.endswith("agree in 1 whole band.")
    assert "16 bands of 8 rows" in MinHashCurve().describe()


# -- the funnel


def test_the_passages_are_the_corpus_with_junk_of_known_truth() -> None:
    documents, truth = planted()
    corpus = "\n".join(document.text for document in data.standard_documents())
    real = [one.text for one, known in zip(documents, truth, strict=True) if known.label == "good"]
    assert len(real) == REAL
    assert all(paragraph in corpus for text in real for paragraph in text.split("\n\n"))
    assert all(SHORTEST <= len(text) <= LONGEST for text in real)
    for label in (*data.JUNK, "mention"):
        own = [one.text for one, known in zip(documents, truth, strict=True) if known.label == label]
        assert len(own) == 8
        assert all(len(text) <= LONGEST for text in own)
        if label in ("toxic", "mention"):
            assert all(any(word in text for word in data.INSULTS) for text in own)
        if label == "repeats":
            assert all(data.measure(text)["repeated_lines"] > 0.3 for text in own)


def test_a_page_can_carry_it() -> None:
    """It is the largest part of its chapter, of whose 150 kB it may take a fifth."""
    import gzip
    import json

    state = {name: value for name, value in DataFunnel().get_state().items() if not name.startswith("_")}
    assert len(gzip.compress(json.dumps(state).encode(), 6)) < 32_000


def test_the_library_judges() -> None:
    box = DataFunnel(min_stop_words=3, max_repeated_lines=0.1)
    config = FilterConfig(min_stop_words=3, max_repeated_lines=0.1)
    assert box.config() == config
    assert box.reasons() == [data.judge(text, config) for text in box.texts]
    assert box.stages() == data.funnel(box.texts, config)
    np.testing.assert_allclose(box.languages, [data.language_score(text) for text in box.texts], atol=1e-6)


def test_counts_meet_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    box = DataFunnel(min_words=40)
    truth, gone = box.junk(), [bool(found) for found in box.reasons()]
    scores = box.scores()
    assert scores["precision"] == pytest.approx(metrics.precision_score(truth, gone))
    assert scores["recall"] == pytest.approx(metrics.recall_score(truth, gone))
    tn, fp, _, tp = metrics.confusion_matrix(truth, gone).ravel()
    assert scores["lost"] == pytest.approx(fp / (fp + tn))
    assert sum(gone for _, gone in box.kinds().values()) == fp + tp
    assert sum(count for count, _ in box.kinds().values()) == len(box.texts)


def test_the_usual_bounds_find_three_kinds_of_five_and_cost_good_text() -> None:
    """What the bet asks, and what the chapter says of it."""
    box = DataFunnel()
    found = {label: gone / count for label, (count, gone) in box.kinds().items()}
    assert [found[label] for label in ("letters", "language", "repeats")] == [1, 1, 1]
    assert found["boilerplate"] < 0.5 and found["toxic"] < 0.5
    scores = box.scores()
    assert 0.5 < scores["recall"] < 0.75 and 0.3 < scores["precision"] < 0.8 and scores["lost"] > 0.03
    strict = DataFunnel(**STRICT).scores()
    assert strict["recall"] > scores["recall"] and strict["precision"] < scores["precision"]


def test_lists_of_passages() -> None:
    everything = set(range(len(DataFunnel().texts)))
    rejected, lost, missed = (set(DataFunnel(show=show).listed()) for show in ("rejected", "lost", "missed"))
    junk = {k for k, one in enumerate(DataFunnel().junk()) if one}
    assert lost == rejected - junk and missed == junk - rejected and rejected < everything
    assert DataFunnel(**OFF).listed() == [] and math.isnan(DataFunnel(**OFF).scores()["precision"])


def test_own_documents() -> None:
    box = DataFunnel(documents=TWO, truth=KNOWN)
    assert box.kinds() == {"good": (1, 0), "letters": (1, 1)}
    assert box.scores() == {"precision": 1.0, "recall": 1.0, "lost": 0.0}
    assert "2 passages" in box.describe() and "1 of 1 random letters" in box.describe()


def test_passages_are_whole_paragraphs() -> None:
    text = "\n\n".join(["short", "a" * 120, "b" * 200, "c" * 500, "d" * 150, "e" * 300])
    found = [one.text for one in passages(Document(text, "x"))]
    assert found == ["short\n\n" + "a" * 120 + "\n\n" + "b" * 200, "d" * 150, "e" * 300]


def test_what_is_planted_is_cut_at_an_end() -> None:
    lines = "\n".join(["a line of some length for this test"] * 30)
    cut = trimmed(lines, "repeats", CounterRNG(1))
    assert len(cut) <= LONGEST and set(cut.split("\n")) == {"a line of some length for this test"}
    prose = "It is late. " * 40 + "You utter flumpwit! " + "It is late. " * 40
    assert trimmed(prose, "toxic", CounterRNG(1)).startswith("It is late. You utter flumpwit! It is")
    assert trimmed("short", "good", CounterRNG(1)) == "short"


def test_the_picture_draws_what_is_left_and_what_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plotting, "still", lambda figure: figure)
    box = DataFunnel(min_words=40)
    left, right = box.still().axes
    assert [bar.get_width() for bar in left.patches] == [stage.documents for stage in box.stages()]
    kinds = list(box.kinds().values())
    grounds, shares = right.containers
    assert [bar.get_width() for bar in grounds] == [1] * len(kinds)
    assert [bar.get_width() for bar in shares] == pytest.approx([gone / count for count, gone in kinds])


# -- the curve


def test_longer_documents_are_cut_to_the_shortest() -> None:
    box = MinHashCurve(documents=[*SMALL[:3], " ".join(f"v{k}" for k in range(60))])
    assert [len(text.split()) for text in box.passages] == [40] * 4


def test_the_picture_draws_the_curve_its_errors_and_the_bands() -> None:
    box = MinHashCurve(documents=SMALL, bands=8, rows=4, threshold=0.6)
    figure, (left, right) = plotting.figure(columns=2)
    box._draw_curve(left)
    idle, missed = (area.get_paths()[0].vertices for area in left.collections)
    assert idle[:, 0].max() == pytest.approx(0.6) and idle[:, 0].min() == 0 and idle[:, 1].min() == 0
    assert missed[:, 0].min() == pytest.approx(0.6) and missed[:, 0].max() == 1 and missed[:, 1].max() == 1
    line, _, points = left.lines
    np.testing.assert_allclose(line.get_ydata(), 1 - (1 - line.get_xdata() ** 4) ** 8, atol=1e-12)
    np.testing.assert_allclose(np.transpose(points.get_data()), box.points(SHOWN)[:, :2])
    box._draw_bands(right)
    drawn = [(patch.get_x(), patch.get_y(), patch.get_height()) for patch in right.patches]
    agree = box.agreement()[:32].reshape(8, 4)
    cells = [(band, row, 1) for band, row in np.argwhere(agree).tolist()]
    assert drawn == cells + [(band, 0, 4) for band in range(8) if agree[band].all()]
    plt.close(figure)



def test_pairs_have_the_similarity_that_is_drawn() -> None:
    box = MinHashCurve()
    texts = tuple(box.passages)
    n = WORDS - RUN + 1
    for k in range(40):
        first, second, _ = pair(texts, 0, k)
        sets = [data.shingles(text, RUN) for text in (first, second)]
        common = len(sets[0] & sets[1])
        assert len(first.split()) == len(second.split()) == WORDS and len(sets[0]) == n
        assert box.pairs(k + 1)[k].similarity == common / (2 * n - common)
    similarities = [one.similarity for one in MinHashCurve(documents=SMALL, seed=1).pairs(200)]
    assert np.histogram(similarities, bins=5, range=(0, 1))[0].min() > 15


def test_entries_agree_as_often_as_shingles_are_shared() -> None:
    """Broder's theorem, over 150 pairs, each with functions of its own."""
    pairs = MinHashCurve(documents=SMALL, seed=2).pairs(150)
    gaps = [
        (agree.mean() - s) / math.sqrt(max(s * (1 - s), 1 / HASHES) / HASHES) for s, agree in pairs if s < 1
    ]
    assert abs(np.mean(gaps)) < 4 / math.sqrt(len(gaps))
    assert 0.7 < np.std(gaps) < 1.3
    assert all(agree.all() for s, agree in pairs if s == 1)


@pytest.mark.parametrize(("bands", "rows"), [(16, 8), (32, 4), (4, 2)])
def test_the_measurement_meets_the_curve(bands: int, rows: int) -> None:
    box = MinHashCurve(documents=SMALL, bands=bands, rows=rows, seed=3)
    pairs = box.pairs(300)
    p = np.array([float(box.curve(one.similarity)) for one in pairs])
    hits = np.array([box._bands(one.agree).any() for one in pairs])
    assert abs(hits.sum() - p.sum()) < 4 * math.sqrt((p * (1 - p)).sum())
    points = box.points(300)
    assert points[:, 2].sum() == 300 and (np.diff(points[:, 0]) > 0).all()
    assert points[:, 1] @ points[:, 2] == pytest.approx(hits.sum())


def test_errors_are_integrals_of_the_curve() -> None:
    integrate = pytest.importorskip("scipy.integrate")
    for bands, rows, t in ((16, 8, 0.8), (5, 3, 0.3), (32, 16, 0.95)):
        box = MinHashCurve(documents=SMALL, bands=bands, rows=rows, threshold=t)
        idle = integrate.quad(lambda s: 1 - (1 - s**rows) ** bands, 0, t)[0] / t  # noqa: B023
        missed = integrate.quad(lambda s: (1 - s**rows) ** bands, t, 1)[0] / (1 - t)  # noqa: B023
        assert box.errors()["idle"] == pytest.approx(idle, abs=1e-5)
        assert box.errors()["missed"] == pytest.approx(missed, abs=1e-5)


def test_counts_at_the_threshold() -> None:
    box = MinHashCurve(documents=SMALL, bands=4, rows=4, threshold=0.5, seed=5)
    counts = box.counts(120)
    above = sum(one.similarity >= 0.5 for one in box.pairs(120))
    assert counts["found"] + counts["missed"] == above and sum(counts.values()) == 120
    assert box.counts(0) == {"found": 0, "missed": 0, "idle": 0, "spared": 0}
    equal = next(one.similarity for one in box.pairs(120) if 0.1 < one.similarity < 0.9)
    box.threshold = equal  # as similar as that is similar enough
    counts = box.counts(120)
    assert counts["found"] + counts["missed"] == sum(one.similarity >= equal for one in box.pairs(120))
    with pytest.raises(ValueError, match="count must be at most 400"):
        box.counts(401)


def test_two_texts_are_what_the_library_says() -> None:
    box = MinHashCurve(text_a="a b c d e f g h", text_b="a b c d e f g i", words=2, seed=9, documents=SMALL)
    assert box.similarity() == 6 / 8
    a, b = data.minhash([box.text_a, box.text_b], HASHES, 9, 2)
    assert box.estimate() == data.estimated_jaccard(a[:128], b[:128])
    candidates = data.candidate_pairs(np.stack([a, b])[:, :128], 16, 8)
    assert bool(box.full_bands().any()) == (len(candidates) == 1)
    assert box.curve(0.5) == pytest.approx(1 - (1 - 0.5**8) ** 16)


def test_a_seed_gives_other_pairs() -> None:
    first, again, other = (MinHashCurve(documents=SMALL, seed=seed).pairs(5) for seed in (1, 1, 2))
    assert [one.similarity for one in first] == [one.similarity for one in again]
    assert any((x.agree != y.agree).any() for x, y in zip(first, other, strict=True))
