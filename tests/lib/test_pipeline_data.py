"""book_lib.pipeline.data against brute force, closed forms, datasketch, scikit-learn, and faults of known number."""

import itertools
import json
import math
import os
import random
import re
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import linear_model

from benchmarks import __main__ as command
from benchmarks import minhash as bench
from benchmarks.timing import best_times, machine, one_thread
from book_lib.classification import precision_recall
from book_lib.datasets import corpus
from book_lib.pipeline import _faults, _minhash, _quality, _sources, _stored, data
from book_lib.pipeline._prepare import Sources, counted
from book_lib.pipeline._settings import descriptions
from book_lib.pipeline.data import (
    END,
    INSULTS,
    JUNK,
    LABELS,
    Document,
    FilterConfig,
    PrepareConfig,
    QualityClassifier,
    Rejection,
    ToxicityFilter,
    candidate_pairs,
    deduplicate,
    estimated_jaccard,
    funnel,
    jaccard,
    judge,
    language_score,
    measure,
    minhash,
    prepare,
    read_folder,
    s_curve,
    seed_faults,
    shingles,
    standard_documents,
    standard_quality,
    standard_toxicity,
    word_features,
)
from book_lib.pipeline.run import RunFolder
from book_lib.rng import CounterRNG, as_generator

PRIME = 2**31 - 1
COPIES = ("exact", "near")
PROSE = (
    "The village on the hill had two clocks, and they never told the same time. One was in the tower of the church, "
    "and the other hung over the door of the baker, who trusted it more. When the two of them disagreed by more than "
    "an hour, the mayor would walk from the one to the other with a notebook, and write down what he saw. "
)


@pytest.fixture(scope="module")
def planted():
    """The standard documents with faults among them, and the truth."""
    return seed_faults(standard_documents(), rng=7)


@pytest.fixture(scope="module")
def prepared(planted):
    return prepare(planted[0])


def numbers(count, seed):
    return set(np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64).tolist())


def overlapping(similarity, size, seed):
    """Two sets whose Jaccard similarity is that, or nearly."""
    values = sorted(numbers(2 * size, seed))
    common = round(2 * size * similarity / (1 + similarity))
    return set(values[:size]), set(values[size - common : 2 * size - common])


def prose(count, seed=0):
    rng = as_generator(seed)
    return [Document(_faults.made("plain", rng), f"prose {k}") for k in range(count)]


# ---------------------------------------------------------------------------------------------- sources


def test_a_folder_is_read_in_order_with_what_lies_below_it(tmp_path):
    names = ["b.txt", "a/z.md", "a/.hidden/x.txt", ".secret.txt", "A.TXT", "picture.png", "c.rst"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"This is {name}.", encoding="utf-8")
    found = list(read_folder(tmp_path))
    assert [one.source for one in found] == ["A.TXT", "b.txt", "c.rst", "a/z.md"]
    assert found[1] == Document("This is b.txt.", "b.txt", "file")
    assert [one.source for one in read_folder(str(tmp_path), suffixes=[".PNG"])] == ["picture.png"]
    assert len(list(read_folder(tmp_path, suffixes=None))) == 5


def test_a_single_file_is_read_whatever_its_suffix_and_line_breaks_are_alike(tmp_path):
    path = tmp_path / "notes.log"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert [(one.text, one.source) for one in read_folder(path)] == [("one\ntwo\nthree\n", "notes.log")]
    path.write_bytes("Größe".encode("latin-1"))
    assert next(read_folder(path, encoding="latin-1")).text == "Größe"
    path.write_bytes("Größe".encode("utf-16"))
    assert next(read_folder(path, encoding="utf-16")).text == "Größe"


def test_a_long_file_becomes_documents_and_loses_nothing(tmp_path):
    paragraphs = [f"Paragraph {k}. " + "word " * (k % 37) for k in range(200)] + ["x" * 900]
    (tmp_path / "book.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    found = list(read_folder(tmp_path, longest=500))
    assert found[1].source == "book.txt, part 2" and len(found) > 20
    assert "\n\n".join(one.text for one in found) == "\n\n".join(paragraphs)
    assert max(len(one.text) for one in found[:-1]) <= 500 and found[-1].text == "x" * 900
    assert len(list(read_folder(tmp_path, longest=None))) == 1
    with pytest.raises(ValueError, match="longest must be at least 1"):
        read_folder(tmp_path, longest=0)


def test_a_paragraph_that_is_too_long_is_cut_at_its_lines(tmp_path):
    novel = "\n".join(f"Line {k} of a novel without empty lines." for k in range(500))
    (tmp_path / "novel.txt").write_text(f"Title\n\n{novel}\n\n{'x' * 900}\n\nEnd", encoding="utf-8")
    found = [one.text for one in read_folder(tmp_path, longest=600)]
    assert found[-2:] == ["x" * 900, "End"] and max(map(len, found[:-2])) <= 600
    assert "\n".join(found[:-2]).split("\n") == ["Title", "", *novel.split("\n")]
    # Neighbours would not have found room together.
    assert all(len(a) + 1 + len(b.split("\n")[0]) > 600 for a, b in itertools.pairwise(found[:-2]))
    assert _sources.cut("ab\n\ncd\n\nef", 6) == ["ab\n\ncd", "ef"] and _sources.cut("\n" * 8, 4) == [""]


def test_a_folder_that_may_not_be_listed_is_not_passed_over(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    (tmp_path / "shut").mkdir()
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="shut"):
        read_folder(tmp_path)


def test_links_do_not_lead_round_in_a_ring_and_pipes_are_not_waited_for(tmp_path):
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    (tmp_path / "ring").symlink_to(tmp_path)
    assert [one.source for one in read_folder(tmp_path)] == ["a.txt"]
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")
    assert [one.source for one in read_folder(tmp_path)] == ["a.txt", "b.txt"]
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(ValueError, match=r"pipe\.txt must be a plain file"):
        read_folder(tmp_path)
    (tmp_path / "pipe.txt").unlink()
    (tmp_path / "self.txt").symlink_to(tmp_path / "self.txt")
    with pytest.raises(OSError, match=r"self\.txt"):
        list(read_folder(tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.txt", b"caf\xe9 au lait", r"bad\.txt must be utf-8, got byte 0xe9 at offset 3; say encoding"),
        ("bad.txt", b"\x89PNG\r\n\x1a\n\x00\x00", r"bad\.txt must be text, and is binary: byte 0 at offset 8"),
        ("bad.txt", "wide".encode("utf-16"), r"bad\.txt must be utf-8, and begins as UTF-16 does"),
        ("bad.txt", "wide".encode("utf-16-be"), r"bad\.txt must be text, and is binary: byte 0 at offset 0"),
        ("bad.txt", "wide".encode("utf-32"), r"begins as UTF-32 does: say encoding='utf-32'"),
        ("bad.txt", b"\xff", r"bad\.txt must be utf-8, got byte 0xff at offset 0"),
    ],
)
def test_a_file_that_is_no_text_is_named(tmp_path, name, content, message):
    (tmp_path / "good.txt").write_text("good", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list(read_folder(tmp_path))


def test_what_cannot_be_a_source_is_said_at_once(tmp_path):
    with pytest.raises(FileNotFoundError, match="path must be a folder or a file, and there is nothing at"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"must hold text files ending in .txt, .*holds none at all"):
        read_folder(tmp_path)
    (tmp_path / "x.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"holds only others, such as x.png"):
        read_folder(tmp_path)
    for encoding in ("klingon", "hex", "", "a\0b"):
        with pytest.raises(ValueError, match="encoding must be one that Python knows"):
            read_folder(tmp_path, encoding=encoding)
    with pytest.raises(ValueError, match="suffixes must hold one at least"):
        read_folder(tmp_path, suffixes=[])
    for arguments in ({"path": 3}, {"suffixes": ".txt"}, {"suffixes": 3}, {"encoding": 8}, {"longest": 2.5}):
        with pytest.raises(TypeError, match=next(iter(arguments))):
            read_folder(**{"path": tmp_path, **arguments})
    with pytest.raises(TypeError, match="encoding must be the name of one"):
        Sources(encoding=8)


def test_a_wrong_width_is_told(tmp_path):
    (tmp_path / "a.txt").write_bytes("wide".encode("utf-32"))
    assert [one.text for one in read_folder(tmp_path, encoding="utf-32")] == ["wide"]
    with pytest.raises(ValueError, match=r"a\.txt must be utf-16, and is not: character 0 at place 0"):
        list(read_folder(tmp_path, encoding="utf-16"))
    (tmp_path / "a.txt").write_bytes(b"odd")
    with pytest.raises(ValueError, match=r"a\.txt must be utf-16-le, got byte 0x64 at offset 2"):
        list(read_folder(tmp_path, encoding="utf-16-le"))


def test_an_empty_file_is_an_empty_document(tmp_path):
    for name, content in (("a.txt", b""), ("b.txt", b"\xef\xbb\xbf"), ("c.txt", b"\n" * 30_000)):
        (tmp_path / name).write_bytes(content)
    assert [(one.source, one.text) for one in read_folder(tmp_path)] == [("a.txt", ""), ("b.txt", ""), ("c.txt", "")]


def test_a_document_is_text_with_a_source():
    assert repr(Document("abc", "x", "y")) == "Document(source='x', kind='y', 3 characters)"
    for arguments in (("a", 3), (b"a", "x"), ("a", "x", None)):
        with pytest.raises(TypeError, match="must be text"):
            Document(*arguments)
    with pytest.raises(ValueError, match="source must say"):
        Document("a", "")
    with pytest.raises(ValueError, match="surrogate"):
        Document("\ud800", "x")


def test_the_standard_documents_are_the_corpus():
    documents = standard_documents()
    assert [one.text for one in documents] == [*corpus().train, *corpus().held_out]
    kinds = Counter(one.kind for one in documents)
    assert kinds["reference"] > 40 and kinds["docstrings"] > 200 and len(kinds) == 2
    assert len({one.source for one in documents}) == len(documents)
    assert any('The "try" statement' in one.source for one in documents if one.kind == "reference")


# ----------------------------------------------------------------------------------------------- faults


def test_planted_faults_are_what_their_labels_say(planted):
    documents, truth = planted
    count = Counter(one.label for one in truth)
    good = count["good"]
    assert set(count) == set(LABELS) and len(documents) == len(truth)
    assert count["exact"] == count["near"] == round(0.05 * good)
    assert {count[label] for label in (*JUNK, "mention")} == {math.ceil(round(0.2 * good) / 5)}
    assert sorted(one.text for one, t in zip(documents, truth, strict=True) if t.label == "good") == sorted(
        one.text for one in standard_documents()
    )
    for one, t in zip(documents, truth, strict=True):
        assert (t.original >= 0) == (t.label in COPIES)
        if t.label == "exact":
            assert one.text.split() == documents[t.original].text.split()
        if t.label == "near":
            assert one.text != documents[t.original].text and truth[t.original].label == "good"
            assert jaccard(shingles(one), shingles(documents[t.original])) > 0.8


def test_junk_is_of_its_kind(planted):
    documents, truth = planted
    of = {label: [d.text for d, t in zip(documents, truth, strict=True) if t.label == label] for label in LABELS}
    assert all(len(set(text.split("\n"))) == 1 and text.count("\n") > 5 for text in of["repeats"])
    assert all(any(word in text for word in INSULTS) for text in of["toxic"] + of["mention"])
    assert all(language_score(text) < 0.02 for text in of["letters"] + of["language"])
    assert any(re.search("[\u4e00-\u9fff]", text) for text in of["language"])
    assert all("{}" not in text for texts in of.values() for text in texts[:50] if texts is not of["good"])


def test_planting_is_repeatable_and_the_order_is_by_chance():
    documents = prose(40)
    first, second = (seed_faults(documents, rng=3) for _ in range(2))
    assert first == second != seed_faults(documents, rng=4)
    assert seed_faults(documents, CounterRNG(1)) == seed_faults(documents, CounterRNG(1))
    labels = [one.label for one in first[1]]
    assert labels != sorted(labels) and documents == prose(40)
    none, truth = seed_faults(documents, 0, exact=0, near=0, junk=0)
    assert sorted(one.source for one in none) == sorted(one.source for one in documents)
    assert {one.label for one in truth} == {"good"}


@pytest.mark.parametrize("text", ["\n".join(f"word{k}" for k in range(90)), "人工智能改变生活的故事" * 9, "12 " * 90])
def test_a_near_copy_differs_even_where_no_word_can_be_replaced_or_shouted(text):
    documents = [Document(text, "a")]
    for seed in range(20):
        planted, truth = seed_faults(documents, seed, exact=0, junk=0)
        (k,) = [k for k, one in enumerate(truth) if one.label == "near"]
        assert planted[k].text != text and planted[truth[k].original].text == text


def test_faults_refuse_what_they_cannot_plant():
    with pytest.raises(ValueError, match="documents must hold at least one"):
        seed_faults([], 0)
    with pytest.raises(ValueError, match="80 words or more"):
        seed_faults([Document("short", "x")], 0)
    with pytest.raises(TypeError, match=r"documents\[1\] must be a Document"):
        seed_faults([Document("short", "x"), "text"], 0)
    for name in ("exact", "near", "junk"):
        with pytest.raises(ValueError, match=f"{name} must lie in 0"):
            seed_faults(prose(2), 0, **{name: 1.5})
    with pytest.raises(TypeError, match="rng must be a seed"):
        seed_faults(prose(2), None)


# ---------------------------------------------------------------------------------------------- filters


def plain_measure(text):
    """The same numbers, letter by letter."""
    words = re.findall(r"[^\W\u3400-\u9fff]+|[\u3400-\u9fff]", text.lower())
    visible = [sign for sign in text if not sign.isspace()]
    lines = [line.strip() for line in text.split("\n")]
    markup = set("#*/\\_@&%[]{}<>|~^+=$`")
    again = sum(len("".join(line.split())) for k, line in enumerate(lines) if line in lines[:k])
    stop = {"the", "be", "to", "of", "and", "that", "have", "with"}
    return {
        "words": len(words),
        "letters": sum(s.isalpha() for s in visible) / max(1, len(visible)),
        "word_length": sum(map(len, words)) / max(1, len(words)),
        "repeated_lines": again / max(1, len(visible)),
        "symbols": sum(s in markup for s in visible) / max(1, len(visible)),
        "stop_words": len({word for word in words if word in stop}),
    }


@given(st.text(alphabet="ab the\n.#=é一\t12", max_size=200))
def test_measurements_are_those_of_a_plain_count(text):
    found = measure(text)
    found.pop("language")
    assert found == pytest.approx(plain_measure(text))


def test_measurements_of_real_documents_are_those_of_a_plain_count():
    for one in standard_documents()[::40]:
        found = measure(one)
        found.pop("language")
        assert found == pytest.approx(plain_measure(one.text))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("min_words", "The cat is with the dog and that is to be."),
        ("max_words", PROSE * 4),
        ("min_letters", PROSE + "1234567890 " * 60),
        ("min_word_length", PROSE + "a b c d e f " * 60),
        ("max_word_length", PROSE + "incomprehensibilities " * 200),
        ("max_repeated_lines", "\n".join([PROSE] * 5)),
        ("max_symbols", PROSE + "{#} [@] " * 40),
        ("min_stop_words", "Cats chase small mice while dogs sleep under old trees near rivers " * 3),
        ("min_language", "Der Zug fährt heute nicht, weil der Schaffner sein Pferd verloren hat. " * 4),
    ],
)
def test_each_rule_rejects_what_it_is_for_and_says_why(rule, text):
    config = FilterConfig(max_words=200 if rule == "max_words" else 10_000)
    found = judge(text, config)
    assert rule in [reason.rule for reason in found]
    reason = next(reason for reason in found if reason.rule == rule)
    assert reason.bound == getattr(config, rule)
    assert reason.value == measure(text)[rule.split("_", 1)[1]]
    assert (reason.value < reason.bound) == rule.startswith("min")
    assert str(reason).startswith(f"{rule}: ") and (" is below " in str(reason)) == rule.startswith("min")
    off = {"max_words": 10**9, "max_word_length": 1e9}.get(rule, 0 if rule.startswith("min") else 1)
    assert rule not in [reason.rule for reason in judge(text, replace(config, **{rule: off}))]


def test_prose_passes_all_rules_and_nothing_passes_an_empty_text():
    assert judge(PROSE) == []
    assert [reason.rule for reason in judge(Document("", "x"))] == [
        "min_words", "min_language", "min_letters", "min_word_length", "min_stop_words",
    ]  # fmt: skip
    assert measure("") == dict.fromkeys(measure(""), 0)
    assert str(Rejection("exact_duplicate", 1.0, 1.0)) == "exact_duplicate: 1 is at 1"


@pytest.mark.parametrize(
    ("value", "bound", "told"),
    [
        (0.1 + 0.2, 0.3, "0.30000000000000004 is above 0.3"),
        (0.2996, 0.3, "0.2996 is below 0.3"),
        (0.30049, 0.3, "0.3005 is above 0.3"),
        (0.123456, 0.3, "0.123 is below 0.3"),
        (0.04, 0.0399999, "0.04 is above 0.0399999"),
        (0.8, 0.8, "0.8 is at 0.8"),
        (123_456, 100_000, "123456 is above 100000"),
        (1_000_001, 1_000_000, "1000001 is above 1000000"),
        (1234.5, 10.0, "1234 is above 10"),
        (24, 25, "24 is below 25"),
        (0.0, 0.6, "0 is below 0.6"),
        (math.inf, 10, "inf is above 10"),
    ],
)
def test_a_reason_shows_as_many_digits_as_make_it_true(value, bound, told):
    assert str(Rejection("rule", value, bound)) == f"rule: {told}"


@given(st.floats(0, 1e6), st.one_of(st.floats(-1e-6, 1e-6), st.floats(-10, 10)))
def test_a_reason_is_true_as_it_stands(bound, difference):
    reason = Rejection("rule", bound + difference, bound)
    left, side, right = re.fullmatch(r"rule: (\S+) is (\w+) (\S+)", str(reason)).groups()
    assert float(right) == bound
    assert side == ("below" if float(left) < float(right) else "above" if float(left) > float(right) else "at")
    assert float(left) == pytest.approx(reason.value, rel=0.005)


def test_repeated_lines_are_counted_by_their_characters():
    assert measure("ab\nab\ncd c\n  ab\t\n")["repeated_lines"] == 4 / 9
    assert measure("a b\nab\n\n\n \n")["repeated_lines"] == 0  # empty lines are no repeats, and "a b" is not "ab"
    code = "\n".join(f"The cell of number {k} is to be read and run:\n```\ncall({k})\n```\n}}" for k in range(30))
    lines = [line for line in code.split("\n") if line]
    assert 1 - len(set(lines)) / len(lines) > 0.5  # by lines, it would be thrown away
    assert measure(code)["repeated_lines"] < 0.15 and judge(code) == []


def test_a_share_that_is_the_bound_does_not_break_it():
    # 1 − 7/10 is more than 0.3 in floating point, 3/10 is not.
    text = "\n".join("abcdefgaaa")
    assert measure(text)["repeated_lines"] == 0.3
    assert "max_repeated_lines" not in [one.rule for one in judge(text)]


def test_the_books_own_chapters_are_not_thrown_away():
    root = Path(__file__).resolve().parents[2]
    found = [one for folder in ("chapters", "appendix") for one in read_folder(root / folder, [".md"])]
    rejected = [(one.source, str(reason)) for one in found for reason in judge(one) if reason.rule != "min_words"]
    assert len(found) > 60 and rejected == []


def test_what_help_says_of_a_setting_stands_by_itself():
    for kind in (PrepareConfig, FilterConfig):
        told = descriptions(kind)
        assert set(told) == {one.name for one in fields(kind)}
        for name, text in told.items():
            assert len(text) > 10 and not re.search(r"as in|deduplicate|language_score|minhash|:\w+:", text), name
    several = [descriptions(PrepareConfig)[name] for name in ("shingle_words", "num_hashes", "bands", "rows")]
    assert len(set(several)) == 4


def test_language_scores_order_texts_by_how_english_they_are():
    english = language_score(PROSE)
    others = [language_score(_faults.made("language", as_generator(k))) for k in range(40)]
    assert english > 0.07 and max(others) < 0.03
    assert language_score(_faults.made("letters", as_generator(0))) < 0.002
    assert language_score("") == language_score("12 34, 56!") == 0.0
    assert language_score(PROSE.upper()) == pytest.approx(english)
    scores = [language_score(one) for one in standard_documents()]
    assert np.mean(np.array(scores) > 0.04) == 1


def test_the_language_score_is_the_geometric_mean_of_the_models_own_probabilities():
    from book_lib.pipeline._filters import _english, spelled

    ids = spelled("Two clocks.")
    assert ids.tolist() == [0, 20, 23, 15, 0, 3, 12, 15, 3, 11, 19, 0]
    p = [_english().probabilities(ids[:k])[ids[k]] for k in range(len(ids))]
    assert language_score("Two clocks.") == pytest.approx(stats.gmean(p), rel=1e-9)
    assert spelled("aé一  Б").tolist() == [0, 1, 27, 27, 0, 27, 0]
    assert spelled("a—b… “c”").tolist() == [0, 1, 0, 2, 0, 3, 0]  # other signs stand between words, and are no letters


def test_the_funnel_counts_each_document_at_the_first_rule_that_rejects_it(planted):
    documents, _ = planted
    stages = funnel(documents)
    names = ["raw", *(bound.name for bound in fields(FilterConfig))]
    assert [stage.name for stage in stages] == names
    left = list(documents)
    for name, stage in zip(names, stages, strict=True):
        left = [one for one in left if name not in [reason.rule for reason in judge(one)]]
        assert (stage.documents, stage.characters) == (len(left), sum(len(one.text) for one in left))
    assert stages[-1].documents == sum(not judge(one) for one in documents)


def test_the_rules_find_junk_of_known_number(planted):
    documents, truth = planted
    rejected = np.array([bool(judge(one)) for one in documents])
    caught = np.isin([one.label for one in truth], ["letters", "language", "repeats"])
    precision, recall = precision_recall(caught, rejected)
    assert recall == 1 and precision > 0.7  # tables of signs and very short modules are rejected, too
    good = np.array([one.label in ("good", "mention") for one in truth])
    assert rejected[good].mean() < 0.06
    # What the rules cannot see is left for the classifiers.
    assert not rejected[np.isin([one.label for one in truth], ["boilerplate", "toxic"])].any()


def test_filters_refuse_bounds_that_are_none():
    for name in ("min_words", "max_words", "min_stop_words"):
        with pytest.raises(TypeError, match=f"{name} must be an integer"):
            FilterConfig(**{name: 2.5})
    for name in ("min_letters", "max_repeated_lines", "max_symbols", "min_language"):
        with pytest.raises(ValueError, match=f"{name} must lie in 0"):
            FilterConfig(**{name: 1.5})
        with pytest.raises(ValueError, match=f"{name} must be finite"):
            FilterConfig(**{name: math.nan})
    with pytest.raises(ValueError, match="min_words must be at least 0"):
        FilterConfig(min_words=-1)
    with pytest.raises(ValueError, match="max_word_length must be at least 0"):
        FilterConfig(max_word_length=-1.0)
    with pytest.raises(ValueError, match="min_words must be at most max_words, 10, got 20"):
        FilterConfig(min_words=20, max_words=10)
    with pytest.raises(ValueError, match="min_word_length must be at most max_word_length"):
        FilterConfig(min_word_length=20)
    with pytest.raises(TypeError, match="config must be a FilterConfig"):
        judge("x", {"min_words": 3})
    for call in (measure, judge, language_score, shingles):
        with pytest.raises(TypeError, match="must be a Document or text"):
            call(b"bytes")
    with pytest.raises(TypeError, match=r"documents\[1\] must be a Document or text"):
        funnel(["a", 3])
    with pytest.raises(TypeError, match="documents must be several"):
        funnel("one text")


# ----------------------------------------------------------------------------------- shingles and Jaccard


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(1, 6))
def test_shingles_are_the_runs_of_words(words, size):
    runs = {tuple(words[k : k + size]) for k in range(max(1, len(words) - size + 1))} if words else set()
    found = shingles(" ".join(words), size)
    assert len(found) == len(runs) and all(isinstance(one, int) and 0 <= one < 2**64 for one in found)
    again = shingles("  " + ", ".join(words).upper() + "!", size)
    assert again == found


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_jaccard_of_shingles_is_that_of_the_runs_themselves(first, second):
    runs = [{tuple(w[k : k + 3]) for k in range(max(1, len(w) - 2))} if w else set() for w in (first, second)]
    both = runs[0] | runs[1]
    expected = len(runs[0] & runs[1]) / len(both) if both else 1.0
    found = jaccard(shingles(" ".join(first), 3), shingles(" ".join(second), 3))
    assert found == expected == jaccard(shingles(" ".join(second), 3), shingles(" ".join(first), 3))


def test_a_chinese_sign_is_a_word():
    assert len(shingles("人工智能改变生活", 5)) == 4
    assert len(shingles("word 人工", 1)) == 3
    assert jaccard(shingles("人工智能改变了我们的生活"), shingles("人工智能改变了我们的工作")) > 0.3


def test_many_texts_together_have_the_shingles_of_each_alone():
    texts = ["", "one", "one two three four", "one two three four five", "", PROSE, "five six", "!?"]
    values, starts = _minhash.shingle_rows(texts, 5)
    alone = [shingles(text) for text in texts]
    assert [set(values[a:b].tolist()) for a, b in itertools.pairwise(starts)] == alone
    assert [len(one) for one in alone[:5]] == [0, 1, 1, 1, 0]
    values, starts = _minhash.shingle_rows([], 5)
    assert len(values) == 0 and starts.tolist() == [0]


def test_shingles_are_the_same_in_every_process():
    program = "from book_lib.pipeline.data import shingles; print(sorted(shingles('the spins of a magnet align')))"
    found = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1] and json.loads(found[0]) == sorted(shingles("the spins of a magnet align"))


def test_shingles_and_jaccard_refuse_what_they_are_not():
    with pytest.raises(ValueError, match="words must be at least 1"):
        shingles("a", 0)
    with pytest.raises(TypeError, match="words must be an integer"):
        shingles("a", 2.0)
    with pytest.raises(ValueError, match="surrogate"):
        shingles("\ud800")
    for name, arguments in (("a", ([1], {1})), ("b", ({1}, "text"))):
        with pytest.raises(TypeError, match=f"{name} must be a set"):
            jaccard(*arguments)
    assert jaccard(set(), set()) == 1.0 and jaccard(set(), {1}) == 0.0 and jaccard(frozenset({1}), {1}) == 1.0


# ---------------------------------------------------------------------------------------------- MinHash


def stirred(value):
    """SplitMix64's last steps in whole numbers of any size."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) % 2**64
    return value ^ (value >> 31)


def test_signatures_are_the_smallest_hashes_in_exact_arithmetic():
    sets = [numbers(count, count) for count in (1, 2, 40, 3)] + [set(), {0, 1, 2**64 - 1}]
    rng = CounterRNG(3)
    a, b = rng.integers(1, PRIME, 16).tolist(), rng.integers(0, PRIME, 16).tolist()
    expected = [
        [min(((i * (stirred(x) % PRIME) + j) % PRIME for x in one), default=PRIME) for i, j in zip(a, b, strict=True)]
        for one in sets
    ]
    found = minhash(sets, num_hashes=16, seed=3)
    assert found.dtype == np.uint32 and found.tolist() == expected


@given(st.lists(st.integers(0, PRIME - 1), max_size=20), st.integers(1, PRIME - 1), st.integers(0, PRIME - 1))
def test_products_are_reduced_without_overflow(values, a, b):
    values = [*values, 0, PRIME - 1]  # the largest product of all
    words = [np.array(one, dtype=np.uint64) for one in (values, [a], [b])]
    found = _minhash._minima(words[0], np.arange(len(values)), words[1], words[2])
    assert found[0].tolist() == [(a * value + b) % PRIME for value in values]


def test_the_worst_product_of_all_does_not_wrap():
    worst = np.array([PRIME - 1], dtype=np.uint64)
    assert _minhash._minima(worst, np.array([0]), worst, worst)[0, 0] == ((PRIME - 1) ** 2 + PRIME - 1) % PRIME


def test_blocks_do_not_change_a_signature(monkeypatch):
    texts = [PROSE[:k] for k in (0, 5, 40, 300, 0, 200)] + [PROSE * 3, ""]
    whole = minhash(texts, 32)
    for block in (1, 7, 60):
        monkeypatch.setattr(_minhash, "BLOCK", block)
        assert (minhash(texts, 32) == whole).all()
    assert (whole[0] == PRIME).all() and whole[4].tolist() == whole[0].tolist()
    assert (minhash([shingles(text) for text in texts], 32) == whole).all()
    assert (minhash([Document(text, "x") for text in texts], 32) == whole).all()
    assert minhash([], 4).shape == (0, 4)


@pytest.mark.parametrize("similarity", [0.0, 0.1, 0.5, 0.8, 0.95])
def test_estimates_are_unbiased_and_as_exact_as_they_should_be(similarity):
    a, b = overlapping(similarity, 300, seed=1)
    true, num_hashes = jaccard(a, b), 128
    found = np.array([estimated_jaccard(*minhash([a, b], num_hashes, seed=k)) for k in range(200)])
    spread = math.sqrt(true * (1 - true) / num_hashes)
    assert abs(found.mean() - true) <= 4 * spread / math.sqrt(200) + 1e-9
    assert found.std() == pytest.approx(spread, rel=0.25)


def test_neighbouring_numbers_are_shuffled_fairly():
    # (ax + b) mod p by itself keeps the order of long stretches: without stirring this would be far off.
    a, b = set(range(300)), set(range(100, 400))
    found = [estimated_jaccard(*minhash([a, b], 256, seed=k)) for k in range(50)]
    assert np.mean(found) == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / 256 / 50))


def test_each_shingle_of_a_union_is_as_likely_to_be_the_smallest():
    one = numbers(10, 5)
    wins = Counter()
    for number in one:
        others = one - {number}
        whole, rest = minhash([one, others], 4000, seed=2)
        wins[number] = int((whole < rest).sum())
    assert sum(wins.values()) == 4000
    assert stats.chisquare(list(wins.values())).pvalue > 1e-4


def test_estimates_agree_with_those_of_datasketch():
    datasketch = pytest.importorskip("datasketch")
    pairs = [overlapping(similarity, 200, seed) for seed, similarity in enumerate(np.linspace(0, 1, 41))]
    ours, theirs = [], []
    for a, b in pairs:
        ours.append(estimated_jaccard(*minhash([a, b], 512)))
        first, second = (datasketch.MinHash(num_perm=512) for _ in range(2))
        for sketch, values in ((first, a), (second, b)):
            sketch.update_batch(value.to_bytes(8, "little") for value in values)
        theirs.append(first.jaccard(second))
    true = np.array([jaccard(a, b) for a, b in pairs])
    spread = np.sqrt(true * (1 - true) / 512)
    difference = np.abs(np.array(ours) - theirs)
    assert (difference <= 5 * math.sqrt(2) * spread + 1e-12).all()
    errors = [np.sqrt(np.mean((np.array(found) - true) ** 2)) for found in (ours, theirs)]
    assert errors[0] < 1.6 * errors[1]  # as good an estimate


def test_minhash_refuses_what_it_cannot_hash():
    for arguments, message in (
        ({"num_hashes": 0}, "num_hashes must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"words": 0}, "words must be at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            minhash(["a"], **arguments)
    for documents in ("text", {1, 2}, 3, Document("a", "x")):
        with pytest.raises(TypeError, match="documents must be several"):
            minhash(documents)
    with pytest.raises(TypeError, match=r"documents\[1\] must be a Document or text"):
        minhash(["a", 3])
    with pytest.raises(TypeError, match="all texts or all sets, got str among sets"):
        minhash([{1}, "a"])
    for wrong in (-1, 2**64, 0.5, "a"):
        with pytest.raises(ValueError, match=r"documents\[0\] must hold whole numbers"):
            minhash([{wrong}])
    for a, b in (([1, 2], [1, 2, 3]), (1, 1), ([], [])):
        with pytest.raises(ValueError, match="signatures of one length"):
            estimated_jaccard(a, b)
    assert estimated_jaccard(np.ones((3, 4)), np.ones(4)).tolist() == [1, 1, 1]


# ------------------------------------------------------------------------------------------------- bands


@pytest.mark.parametrize(("bands", "rows"), [(16, 8), (32, 4), (5, 20), (1, 1), (128, 1)])
def test_the_s_curve_is_that_of_coins(bands, rows):
    s = np.linspace(0, 1, 21)
    expected = [float(stats.binom.sf(0, bands, one**rows)) for one in s]
    assert s_curve(s, bands, rows) == pytest.approx(expected, abs=1e-12)
    assert s_curve(0, bands, rows) == 0 and s_curve(1, bands, rows) == 1
    assert (np.diff(s_curve(s, bands, rows)) >= 0).all()
    assert s_curve(1e-3, 10, 4) == pytest.approx(1e-11, rel=1e-9, abs=0)  # a small chance is not lost in 1 − 1


@pytest.mark.parametrize(("bands", "rows"), [(16, 8), (32, 4), (8, 3)])
def test_the_s_curve_is_what_is_measured(bands, rows):
    seeds, found, true = 60, [], []
    for similarity in (0.3, 0.5, 0.65, 0.8, 0.9):
        pairs = [overlapping(similarity, 100, seed) for seed in range(20)]
        hits = 0
        for seed in range(seeds):
            signatures = minhash([one for pair in pairs for one in pair], bands * rows, seed=seed)
            candidates = set(map(tuple, candidate_pairs(signatures, bands, rows).tolist()))
            hits += sum((2 * k, 2 * k + 1) in candidates for k in range(len(pairs)))
        found.append(hits / (seeds * len(pairs)))
        true.append(jaccard(*pairs[0]))
    expected = s_curve(true, bands, rows)
    # A seed serves all pairs, which makes them no more alike than chance: the sets have nothing in common.
    spread = np.sqrt(expected * (1 - expected) / (seeds * 20))
    assert (np.abs(np.array(found) - expected) <= 5 * spread + 0.005).all(), (found, expected)


@given(st.integers(0, 30), st.integers(1, 4), st.integers(1, 3), st.integers(0, 10_000))
def test_candidates_are_the_pairs_that_share_a_band(count, bands, rows, seed):
    table = np.random.default_rng(seed).integers(0, 3, (count, 12)).astype(np.uint32)
    expected = [
        [i, j]
        for i, j in itertools.combinations(range(count), 2)
        if any((table[i, k * rows : (k + 1) * rows] == table[j, k * rows : (k + 1) * rows]).all() for k in range(bands))
    ]
    assert candidate_pairs(table, bands, rows).tolist() == expected


def test_rows_in_another_order_are_no_candidates():
    table = np.array([[1, 2, 3, 4], [2, 1, 4, 3], [1, 2, 9, 9]], dtype=np.uint32)
    assert candidate_pairs(table, bands=2, rows=2).tolist() == [[0, 2]]
    assert candidate_pairs(table, bands=1, rows=4).tolist() == []


def test_bands_refuse_what_does_not_fit():
    table = np.zeros((3, 8), np.uint32)
    with pytest.raises(ValueError, match="bands · rows must be at most 8"):
        candidate_pairs(table, 3, 3)
    with pytest.raises(ValueError, match="signatures must have shape"):
        candidate_pairs(table[0], 1, 1)
    with pytest.raises(TypeError, match="signatures must be integers"):
        candidate_pairs(table.astype(float), 1, 1)
    for name in ("bands", "rows"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1"):
            s_curve(0.5, **{"bands": 1, "rows": 1, name: 0})
    for wrong in (-0.1, 1.1):
        with pytest.raises(ValueError, match="similarity must lie in 0"):
            s_curve([0.5, wrong], 2, 2)
    with pytest.raises(ValueError, match="similarity must be finite"):
        s_curve(math.nan, 2, 2)


# --------------------------------------------------------------------------------------------- duplicates


def brute_force(texts, threshold, words=5):
    """Clusters by comparing every pair, and the components of a graph."""
    import networkx

    sets = [shingles(text, words) for text in texts]
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(texts)))
    for i, j in itertools.combinations(range(len(texts)), 2):
        same = texts[i].split() == texts[j].split()
        if same or (sets[i] and jaccard(sets[i], sets[j]) >= threshold):
            graph.add_edge(i, j)
    return sorted(sorted(part) for part in networkx.connected_components(graph) if len(part) > 1)


def edited(seed, count=60):
    """Texts of which many are copies of copies."""
    rng = random.Random(seed)
    words = [f"w{k}" for k in range(400)]
    texts = [" ".join(rng.choices(words, k=rng.randint(3, 80))) for _ in range(count // 3)]
    while len(texts) < count:
        parts = rng.choice(texts).split()
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            parts[rng.randrange(len(parts))] = rng.choice(words)
        texts.append(" ".join(parts))
    rng.shuffle(texts)
    return texts


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("threshold", [0.5, 0.8, 1.0])
def test_duplicates_are_those_of_brute_force(seed, threshold):
    texts = edited(seed)
    # Many narrow bands: no similar pair is missed, so that what is found is decided by the true similarity.
    kept, clusters = deduplicate(texts, threshold, num_hashes=256, bands=128, rows=2)
    assert sorted(clusters) == brute_force(texts, threshold)
    gone = {k for cluster in clusters for k in cluster[1:]}
    assert kept == [k for k in range(len(texts)) if k not in gone]


def test_exactly_one_of_each_cluster_survives_the_first(planted):
    documents, _ = planted
    kept, clusters = deduplicate(documents)
    assert all(cluster == sorted(set(cluster)) for cluster in clusters)
    assert len({k for cluster in clusters for k in cluster}) == sum(map(len, clusters))
    assert all([k for k in cluster if k in set(kept)] == cluster[:1] for cluster in clusters)
    assert len(kept) + sum(len(cluster) - 1 for cluster in clusters) == len(documents)
    again, none = deduplicate([documents[k] for k in kept])
    assert again == list(range(len(kept))) and none == []


def test_planted_duplicates_are_found_and_nothing_else(planted):
    documents, truth = planted
    _, clusters = deduplicate(documents)
    cluster_of = {k: number for number, cluster in enumerate(clusters) for k in cluster}
    together = [
        cluster_of.get(k, -1) == cluster_of.get(one.original, -2)
        for k, one in enumerate(truth)
        if one.label in COPIES
    ]
    assert np.mean(together) > 0.97  # recall
    exact = [k for k, one in enumerate(truth) if one.label == "exact"]
    assert all(cluster_of[k] == cluster_of[truth[k].original] for k in exact)
    roots = [{truth[k].original if truth[k].original >= 0 else k for k in cluster} for cluster in clusters]
    assert all(len(found) == 1 for found in roots)  # precision: no cluster joins two documents of their own


def test_a_candidate_that_is_not_similar_enough_stays():
    one = " ".join(f"w{k}" for k in range(60))
    other = " ".join(f"w{k}" if k < 30 else f"v{k}" for k in range(60))
    candidates = candidate_pairs(minhash([one, other], 128), bands=128, rows=1)
    assert candidates.tolist() == [[0, 1]]
    assert deduplicate([one, other], 0.8, bands=128, rows=1) == ([0, 1], [])
    assert deduplicate([one, other], 0.2, bands=128, rows=1) == ([0], [[0, 1]])


def test_texts_without_words_are_duplicates_only_if_they_are_equal():
    assert deduplicate(["...", "!!!", "", " ", "..."]) == ([0, 1, 2], [[0, 4], [2, 3]])
    assert deduplicate([]) == ([], []) and deduplicate(["a"]) == ([0], [])
    assert deduplicate(["a b", "a  b\n", "A B"]) == ([0], [[0, 1, 2]])


def test_many_that_are_alike_are_not_compared_pair_by_pair(monkeypatch):
    words = [f"w{k}" for k in range(200)]
    texts = [" ".join([*words[:k], "other", *words[k + 1 :]]) for k in range(60)]
    calls = []
    monkeypatch.setattr(_minhash, "jaccard", lambda a, b: calls.append(1) or jaccard(a, b))
    monkeypatch.setattr(_minhash, "BLOCK", 7)  # pairs at a time, too
    kept, clusters = deduplicate(texts, num_hashes=128, bands=128, rows=1)
    assert (kept, clusters) == ([0], [list(range(60))]) and len(calls) == 59


def test_what_hangs_together_is_one_cluster():
    words = [f"w{k}" for k in range(100)]
    chain = [" ".join([*(f"x{j}" for j in range(3 * k)), *words[3 * k :]]) for k in range(6)]
    sets = [shingles(text) for text in chain]
    assert jaccard(sets[0], sets[1]) > 0.8 > jaccard(sets[0], sets[5])
    assert deduplicate(chain, 0.8, num_hashes=256, bands=128, rows=2) == ([0], [[0, 1, 2, 3, 4, 5]])


def test_deduplicating_refuses_arguments_out_of_range():
    for threshold in (0, 1.1, -1):
        with pytest.raises(ValueError, match="threshold must be above 0 and at most 1"):
            deduplicate(["a"], threshold)
    with pytest.raises(ValueError, match="bands · rows must be at most 16"):
        deduplicate(["a"], num_hashes=16)
    for name in ("words", "num_hashes", "bands", "rows"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1"):
            deduplicate(["a"], **{name: 0})
    with pytest.raises(TypeError, match="documents must be several"):
        deduplicate("a text")


# ----------------------------------------------------------------------------------------------- quality


def test_features_are_counts_of_hashed_words():
    texts = ["the cat and the dog and the end", "", "dog"]
    table = word_features(texts, 4096)
    column = {w: int(_minhash.WordHashes()[w] % 4096) for w in "the cat and dog end".split()}
    assert len(set(column.values())) == 5
    expected = np.zeros(4096)
    for word, count in Counter(texts[0].split()).items():
        expected[column[word]] = 1 + math.log(count)
    assert table[0] == pytest.approx(expected / np.linalg.norm(expected))
    assert not table[1].any() and table[2, column["dog"]] == 1 == table[2].sum()
    assert word_features(texts, 1).tolist() == [[1.0], [0.0], [1.0]]
    assert word_features([], 8).shape == (0, 8)


def halves(documents, truth, wanted, seed=1):
    """The places of documents of either kind, each in two halves."""
    rng = np.random.default_rng(seed)
    good = [k for k, one in enumerate(truth) if one.label == "good"]
    junk = [k for k, one in enumerate(truth) if one.label in wanted]
    parts = [list(map(int, rng.permutation(one))) for one in (good, junk)]
    return [(part[: len(part) // 2], part[len(part) // 2 :]) for part in parts]


def test_the_quality_classifier_is_scikit_learns(planted):
    documents, truth = planted
    (good, _), (junk, _) = halves(documents, truth, JUNK[:4])
    pick = [[documents[k].text for k in part] for part in (good, junk)]
    ours = QualityClassifier(256, penalty=0.5).fit(*pick)
    X = word_features(pick[0] + pick[1], 256)
    t = np.repeat([1, 0], [len(good), len(junk)])
    theirs = linear_model.LogisticRegression(C=1 / 0.5, tol=1e-10, max_iter=10_000).fit(X, t)
    assert ours.model.weights == pytest.approx(theirs.coef_[0], abs=1e-4)
    assert ours.model.bias == pytest.approx(theirs.intercept_[0], abs=1e-4)
    unseen = [documents[k].text for k in range(0, len(documents), 5)]
    expected = theirs.predict_proba(word_features(unseen, 256))[:, 1]
    assert ours.score(unseen) == pytest.approx(expected, abs=1e-4)
    assert ours.score(unseen) == pytest.approx(ours.model.predict_proba(word_features(unseen, 256)), abs=1e-12)


def test_quality_tells_unseen_junk_from_unseen_documents(planted):
    documents, truth = planted
    (good, more_good), (junk, more_junk) = halves(documents, truth, JUNK[:4])
    model = QualityClassifier().fit([documents[k] for k in good], [documents[k] for k in junk])
    scores = model.score([documents[k] for k in more_good + more_junk])
    labels = np.repeat([1, 0], [len(more_good), len(more_junk)])
    precision, recall = precision_recall(labels, scores >= 0.5)
    assert precision > 0.95 and recall > 0.95
    order = model.rank([documents[k] for k in more_good + more_junk])
    assert (np.diff(scores[order]) <= 0).all()
    assert labels[order[-len(more_junk) :]].mean() < 0.1


def test_the_standard_classifier_likes_prose_and_no_boilerplate():
    model = standard_quality()
    assert model is standard_quality()
    kinds = ("boilerplate", "letters", "language")
    junk = [_faults.made(kind, as_generator(900 + k)) for k in range(50) for kind in kinds]
    assert model.score(junk).max() < 0.2 < model.score([PROSE])[0]
    assert model.score(standard_documents()).min() > 0.2
    assert model.score(prose(50, seed=900)).min() > 0.9
    # Twenty times one line has the words of that line: the rules see what a bag of words does not.
    again = [_faults.made("repeats", as_generator(900 + k)) for k in range(50)]
    assert model.score(again).min() > 0.5
    assert all("max_repeated_lines" in [one.rule for one in judge(text, FilterConfig())] for text in again)
    assert model.score([]).shape == (0,)


def test_classifiers_refuse_what_they_cannot_learn_from():
    with pytest.raises(ValueError, match="call fit first"):
        QualityClassifier().score(["a"])
    with pytest.raises(ValueError, match="good must hold at least one example"):
        QualityClassifier().fit([], ["a"])
    with pytest.raises(ValueError, match="junk must hold at least one example"):
        QualityClassifier().fit(["a"], [])
    with pytest.raises(TypeError, match=r"junk\[0\] must be a Document or text"):
        QualityClassifier().fit(["a"], [3])
    for kind in (QualityClassifier, ToxicityFilter):
        with pytest.raises(ValueError, match="features must be at least 1"):
            kind(features=0)
        with pytest.raises(ValueError, match="penalty must be greater than 0"):
            kind(penalty=0)
        with pytest.raises(TypeError, match="texts must be several"):
            kind().score("a text")
    with pytest.raises(ValueError, match="features must be at most"):
        word_features(["a"], 2**30)
    assert "features=1024" in repr(QualityClassifier()) and "8 words" in repr(ToxicityFilter())


# ---------------------------------------------------------------------------------------------- toxicity


@pytest.fixture(scope="module")
def sentences():
    """Planted documents that the filter has not seen: harmless, toxic, and such as only mention an insult."""
    rng = as_generator(4321)
    kinds = [kind for kind in ("plain", "toxic", "mention") for _ in range(60)]
    return [_faults.made(kind, rng) for kind in kinds], np.array([kind == "toxic" for kind in kinds]), kinds


def test_the_confusion_counts_are_those_of_counting(sentences):
    texts, labels, _ = sentences
    model = standard_toxicity()
    for method in ToxicityFilter.METHODS:
        flags = model.flag(texts, method)
        expected = [[sum((labels == a) & (flags == b)) for b in (False, True)] for a in (False, True)]
        assert model.confusion(texts, labels, method).tolist() == expected
        assert model.confusion(texts, labels.astype(int), method).tolist() == expected
    either = model.flag(texts, "words") | model.flag(texts)
    assert (model.flag(texts, "either") == either).all()


def test_the_word_list_errs_on_both_sides_and_the_classifier_less(sentences):
    texts, labels, kinds = sentences
    model = standard_toxicity()
    flags = model.flag(texts, "words")
    missed = [text for text, t, flag in zip(texts, labels, flags, strict=True) if t and not flag]
    listed, unlisted = INSULTS[: _faults.LISTED], INSULTS[_faults.LISTED :]
    assert missed and all(any(w in text for w in unlisted) and not any(w in text for w in listed) for text in missed)
    accused = [kind for kind, t, flag in zip(kinds, labels, flags, strict=True) if flag and not t]
    assert len(accused) > 30 and set(accused) == {"mention"}
    precision, recall = precision_recall(labels, model.flag(texts))
    assert precision > 0.95 and recall > 0.95


def test_the_classifier_errs_on_real_documents_and_the_list_does_not():
    model, documents = standard_toxicity(), standard_documents()
    assert not model.flag(documents, "words").any()
    assert model.flag(documents).mean() < 0.03
    assert np.mean(model.score(documents) > 0.9) < 0.01


def test_one_bad_sentence_is_enough():
    model = standard_toxicity()
    insult = "Shut up, you hopeless flumpwit because you ruin everything!"
    clean, dirty = model.score([PROSE * 20, PROSE * 10 + insult + " " + PROSE * 10])
    assert clean < 0.5 < dirty and dirty == pytest.approx(model.score([insult])[0])
    assert model.score(["", "..."]).tolist() == [0, 0] and model.score([]).shape == (0,)


def test_a_text_is_cut_into_its_sentences():
    text = "No. This is one\nsentence of more words. And this is\n\nanother one, is it? Yes! 你好。再见了，我的朋友。"
    assert _quality.sentences_of(text) == [
        "No. This is one\nsentence of more words.", "And this is another one, is it?", "Yes! 你好。 再见了，我的朋友。",
    ]  # fmt: skip
    four = ["These are four words.", "And here are four."]
    assert _quality.sentences_of(" ".join(four)) == four
    assert _quality.sentences_of("...\n\n!") == [] and _quality.sentences_of("one word") == ["one word"]
    for one in standard_documents()[::60]:
        assert "".join("".join(_quality.sentences_of(one.text)).split()).startswith("".join(one.text.split())[:50])


def test_toxicity_refuses_what_it_cannot_use():
    for words in (["two words"], ["semi;colon"], [""]):
        with pytest.raises(ValueError, match="words must be single words"):
            ToxicityFilter(words)
    with pytest.raises(TypeError, match="words must be several"):
        ToxicityFilter("word")
    with pytest.raises(ValueError, match="threshold must lie in 0"):
        ToxicityFilter(threshold=2)
    model = ToxicityFilter(["Bad"])
    assert model.flag(["a BAD day", "badly"], "words").tolist() == [True, False]
    with pytest.raises(ValueError, match="call fit first"):
        model.flag(["a"])
    with pytest.raises(ValueError, match="method must be one of"):
        model.flag(["a"], "magic")
    with pytest.raises(ValueError, match="one label for each"):
        model.fit(["a", "b"], [1, 0, 1])
    with pytest.raises(ValueError, match="both classes"):
        model.fit(["a", "b"], [1, 1])
    with pytest.raises(ValueError, match="labels must be finite, got nan"):
        model.fit(["a", "b"], [1, math.nan])
    with pytest.raises(ValueError, match="sentences must hold at least one"):
        model.fit([], [])
    with pytest.raises(ValueError):
        model.confusion(["a", "b"], [1], "words")


# ----------------------------------------------------------------------------------------------- prepare


def test_every_document_is_used_or_explained(planted, prepared):
    documents, _ = planted
    rejected = [one.index for one in prepared.rejected]
    used = {*prepared.train_documents, *prepared.held_out_documents}
    assert rejected == sorted(set(rejected)) and not used & set(rejected)
    assert set(rejected) | used == set(range(len(documents)))
    assert all(one.reasons and documents[one.index].source == one.source for one in prepared.rejected)
    assert str(prepared.rejected[0]).startswith(prepared.rejected[0].source)


def test_planted_faults_are_removed_and_little_else(planted, prepared):
    documents, truth = planted
    rejected = {one.index for one in prepared.rejected}
    removed = np.array([k in rejected for k in range(len(truth))])
    junk = np.array([one.label in JUNK for one in truth])
    assert removed[junk].mean() == 1  # recall, over all stages
    good = [one for one in prepared.rejected if truth[one.index].label in ("good", "mention")]
    own = [one for one in good if not one.reasons[0].rule.endswith("duplicate")]
    assert len(own) < 0.06 * sum(one.label == "good" for one in truth)
    # Of a copy and its original, one is used; both only fall to a rule that both break.
    used = {*prepared.train_documents, *prepared.held_out_documents}
    for k, one in enumerate(truth):
        if one.label in COPIES:
            assert len({k, one.original} & used) <= 1
    assert all(r.reasons[0].rule == "max_toxicity" for r in prepared.rejected if truth[r.index].label == "toxic")
    assert {r.reasons[0].rule for r in prepared.rejected if truth[r.index].label == "boilerplate"} == {"min_quality"}


def test_the_funnel_goes_on_where_the_rules_end(planted, prepared):
    documents, _ = planted
    names = [stage.name for stage in prepared.funnel]
    rules = [bound.name for bound in fields(FilterConfig)]
    assert names == ["raw", *rules, "exact_duplicate", "near_duplicate", "min_quality", "max_toxicity"]
    assert prepared.funnel[: len(rules) + 1] == funnel(documents)
    counts = Counter(one.reasons[0].rule for one in prepared.rejected)
    drops = {b.name: a.documents - b.documents for a, b in itertools.pairwise(prepared.funnel)}
    assert {name: drop for name, drop in drops.items() if drop} == dict(counts)
    left = {*prepared.train_documents, *prepared.held_out_documents}
    assert prepared.funnel[-1].documents == len(left)
    assert prepared.funnel[-1].characters == sum(len(documents[k].text) for k in left)


def test_near_duplicates_are_explained_by_their_true_similarity(planted, prepared):
    documents, _ = planted
    first = {k: cluster[0] for cluster in prepared.clusters for k in cluster}
    near = [one for one in prepared.rejected if one.reasons[0].rule == "near_duplicate"]
    assert len(near) > 10
    for one in near:
        true = jaccard(shingles(documents[one.index]), shingles(documents[first[one.index]]))
        assert one.reasons[0] == Rejection("near_duplicate", true, 0.8)


def test_all_settings_of_the_search_for_duplicates_arrive(monkeypatch):
    found = []
    monkeypatch.setattr(data, "deduplicate", lambda texts, *rest: found.append(rest) or deduplicate(texts, *rest))
    settings = {"threshold": 0.3, "shingle_words": 2, "num_hashes": 60, "bands": 20, "rows": 3, "seed": 11}
    one, other = PROSE, PROSE.replace("village", "town").replace("baker", "miller").replace("hour", "inch")
    documents = [*prose(20), Document(one, "one"), Document(other, "other")]
    result = prepare(documents, PrepareConfig(vocab_size=257, min_quality=0, max_toxicity=1, **settings))
    assert found == [tuple(settings.values())]
    (reason,) = next(gone.reasons for gone in result.rejected if gone.source == "other")
    assert reason == Rejection("near_duplicate", jaccard(shingles(one, 2), shingles(other, 2)), 0.3)


def test_a_score_that_is_the_bound_does_not_break_it():
    class Even(QualityClassifier):
        def score(self, texts):
            return np.full(len(list(texts)), 0.5)

    class Calm(ToxicityFilter):
        def score(self, texts):
            return np.full(len(list(texts)), 0.5)

    config = PrepareConfig(vocab_size=257, min_quality=0.5, max_toxicity=0.5)
    assert not prepare(prose(5), config, quality=Even(), toxicity=Calm()).rejected
    for change in ({"min_quality": 0.51}, {"max_toxicity": 0.49}):
        with pytest.raises(ValueError, match=f"{next(iter(change))} rejected 5"):
            prepare(prose(5), replace(config, **change), quality=Even(), toxicity=Calm())
    assert Calm(threshold=0.5).flag(["a"]).tolist() == [True]  # it flags from its threshold on
    assert Calm(threshold=0.51).flag(["a"]).tolist() == [False]


def test_texts_of_equal_score_keep_their_order():
    model = QualityClassifier(64).fit(["the spins align"], ["buy now"])
    better, worse = "the spins", "buy now"
    order = model.rank([better if k % 3 else worse for k in range(900)])
    assert order.tolist() == [k for k in range(900) if k % 3] + list(range(0, 900, 3))


def test_quality_ranks_what_is_left(prepared):
    scores = list(prepared.quality.values())
    assert scores == sorted(scores, reverse=True) and min(scores) >= 0.2
    assert set(prepared.quality) == {*prepared.train_documents, *prepared.held_out_documents}


def test_the_ids_are_the_documents(planted, prepared):
    documents, _ = planted
    tokenizer, end = prepared.tokenizer, prepared.tokenizer.special_tokens[END]
    assert tokenizer.vocab_size == 512 and end == 511
    assert prepared.train.dtype == prepared.held_out.dtype == np.int64
    text = tokenizer.decode(prepared.train)
    assert text == "".join(documents[k].text + END for k in prepared.train_documents)
    assert (prepared.train == end).sum() == len(prepared.train_documents)
    assert (prepared.held_out == end).sum() == len(prepared.held_out_documents)
    # Learned from the training part alone
    alone = type(tokenizer).train([documents[k].text for k in prepared.train_documents], 512, special_tokens=[END])
    assert tokenizer == alone


def twelve_words(text):
    words = text.split()
    return [tuple(words[k : k + 12]) for k in range(len(words) - 11)]


def test_what_is_held_out_is_a_tenth_and_was_not_seen(planted, prepared):
    documents, _ = planted
    sizes = [sum(len(documents[k].text) for k in part)
             for part in (prepared.train_documents, prepared.held_out_documents)]  # fmt: skip
    assert 0.06 < sizes[1] / sum(sizes) <= 0.1
    train, held_out = (prepared.tokenizer.decode(ids).split(END) for ids in (prepared.train, prepared.held_out))
    seen = {run for text in train for run in twelve_words(text)}
    for passage in re.split(r"\n{2,}", "\n\n".join(held_out)):
        assert seen.isdisjoint(twelve_words(passage))


def test_sentences_that_were_seen_are_cut_out_and_the_rest_stays_as_it_was():
    seen = "These dozen words stand in the other part, one after the other, as they are."
    own = "Nobody else says this.\nNor does anybody\nsay that."
    text = f"{own} {seen} Still more of its own.\n\nA paragraph of its own. {seen}\n\n{seen}"
    assert data._unseen([text, seen, own, ""], ["Before. " + seen + " After."]) == [
        f"{own}\n\nStill more of its own.\n\nA paragraph of its own.", "", own, "",
    ]  # fmt: skip


def test_what_is_quoted_as_a_whole_is_rejected_and_not_lost():
    texts = [_faults.made("plain", as_generator(k)) for k in range(30)]
    passage = " ".join(texts[0].split()[:60])
    documents = [Document(text, f"{k}") for k, text in enumerate([*texts, passage])]
    for seed in range(40):
        found = prepare(documents, PrepareConfig(vocab_size=257, min_quality=0, max_toxicity=1, seed=seed))
        used = [*found.train_documents, *found.held_out_documents]
        gone = {one.index: one.reasons[0].rule for one in found.rejected}
        assert sorted([*used, *gone]) == list(range(31)) and set(found.quality) <= set(used)
        if gone:
            assert gone == {30: "quoted"} and found.funnel[-1].documents == 31
            return
    pytest.fail("no seed held out the passage")


def test_the_checksum_tells_where_documents_end():
    texts = [[Document(text, "x") for text in cut] for cut in (["ab", "c"], ["a", "bc"], ["abc"])]
    assert len({counted(one)["crc32"] for one in texts}) == 3
    assert [counted(one)["characters"] for one in texts] == [3, 3, 3]


def test_an_empty_document_is_not_what_is_held_out():
    filters = dict.fromkeys(("min_words", "min_language", "min_letters", "min_word_length", "min_stop_words"), 0)
    config = PrepareConfig(vocab_size=257, filters=filters, min_quality=0, max_toxicity=1)
    texts = ["one two", "", "three four", "five six!"]
    found = prepare([Document(text, f"{k}") for k, text in enumerate(texts)], config)
    assert found.held_out_documents == (0,) and found.train_documents == (1, 2, 3)


def test_what_is_stored_comes_back_and_what_is_damaged_is_told(tmp_path):
    found = prepare(prose(12), PrepareConfig(vocab_size=280))
    run = RunFolder(tmp_path / "run")
    with pytest.raises(FileNotFoundError, match="holds no prepared text: run 'python -m book_lib.pipeline prepare"):
        _stored.load(run)
    with run:
        _stored.save(run, found, {"told": [1]})
    back = _stored.load(run)
    assert back.train.tolist() == found.train.tolist() and back.held_out.tolist() == found.held_out.tolist()
    assert back.train.dtype == back.held_out.dtype == np.int32  # 16 bits are too few for a large vocabulary
    assert back.tokenizer == found.tokenizer and back.about == {"told": [1]}
    ids, tokenizer = (run.path / "data" / name for name in ("tokens.safetensors", "tokenizer.json"))
    whole = ids.read_bytes()
    for length in (0, 5, 100, len(whole) - 1):
        ids.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="damaged or cut off.*prepare it again with --restart"):
            _stored.load(run)
    ids.write_bytes(whole)
    text = tokenizer.read_text(encoding="utf-8")
    tokenizer.write_text(text + " ", encoding="utf-8")
    with pytest.raises(ValueError, match="the tokenizer that it was prepared with, and holds others"):
        _stored.load(run)
    tokenizer.unlink()
    with pytest.raises(ValueError, match=r"must hold tokenizer\.json, and it is gone; prepare it again"):
        _stored.load(run)


def test_preparing_is_repeatable_and_the_seed_moves_the_split():
    documents = prose(60)
    config = PrepareConfig(vocab_size=300)
    first, second = (prepare(documents, config) for _ in range(2))
    assert (first.train == second.train).all() and (first.held_out == second.held_out).all()
    assert first.tokenizer == second.tokenizer and first.rejected == second.rejected
    assert prepare(documents, replace(config, seed=1)).held_out_documents != first.held_out_documents


def test_a_readers_own_folder_can_be_prepared(tmp_path, capsys):
    rng = as_generator(0)
    book = "\n\n".join(_faults.made("plain", rng) for _ in range(40))
    (tmp_path / "novel.txt").write_text(book, encoding="utf-8")
    found = prepare(read_folder(tmp_path, longest=2000), PrepareConfig(vocab_size=300), progress=True)
    assert found.funnel[0].documents > 15 and len(found.held_out) > 100 and not found.rejected
    assert "filters" in capsys.readouterr().err
    quiet = prepare(read_folder(tmp_path, longest=2000), PrepareConfig(vocab_size=300))
    assert (quiet.train == found.train).all() and capsys.readouterr().err == ""


def test_classifiers_of_ones_own_are_asked_and_bounds_turn_them_off(monkeypatch):
    backwards = " ".join(reversed(PROSE.split()))  # the same words, and hardly five in a row
    documents = prose(30) + [Document(PROSE, "clock"), Document(backwards, "clock, backwards")]
    quality = QualityClassifier(256).fit([one.text for one in prose(20, seed=9)], [PROSE])
    found = prepare(documents, PrepareConfig(vocab_size=280, min_quality=0.5), quality=quality)
    disliked = {one.source for one in found.rejected if one.reasons[0].rule == "min_quality"}
    assert disliked == {"clock", "clock, backwards"}
    bad, good = "the mayor with a notebook is bad", "the miller finds a red apple"
    toxicity = ToxicityFilter().fit([bad, good] * 9, [1, 0] * 9)
    found = prepare(documents, PrepareConfig(vocab_size=280, min_quality=0, max_toxicity=0.5), toxicity=toxicity)
    assert {"clock", "clock, backwards"} <= {one.source for one in found.rejected} and found.quality == {}
    for name in ("standard_quality", "standard_toxicity"):
        monkeypatch.setattr(data, name, lambda: pytest.fail("nobody asked for it"))
    found = prepare(documents, PrepareConfig(vocab_size=280, min_quality=0, max_toxicity=1))
    assert [stage.name for stage in found.funnel][-2:] == ["exact_duplicate", "near_duplicate"]


def test_other_languages_pass_once_the_rules_for_english_are_off():
    rng, grammar = as_generator(2), _faults.FOREIGN[0]
    german = [Document(" ".join(_faults.sentence(grammar, rng) for _ in range(30)), f"{k}") for k in range(30)]
    with pytest.raises(ValueError, match=r"0 of 30 is left: min_language rejected 30, such as 0: min_language: 0\.\d+"):
        prepare(german)
    filters = {"min_language": 0, "min_stop_words": 0}
    found = prepare(german, PrepareConfig(vocab_size=300, filters=filters, min_quality=0, max_toxicity=1))
    assert not found.rejected and "Müller" in found.tokenizer.decode(found.train)


def test_preparing_refuses_what_cannot_be_prepared():
    for few in ([], prose(1)):
        with pytest.raises(ValueError, match=f"documents must be two at least.*got {len(few)}"):
            prepare(few)
    with pytest.raises(ValueError, match="0 of 3 is left: min_words rejected 3, such as a: min_words: 1 is below 25"):
        prepare([Document(text, text) for text in "abc"])
    with pytest.raises(ValueError, match=r"1 of 3 is left: exact_duplicate rejected 2"):
        prepare(prose(1) * 3)
    for wrong in (["text", "text"], "text", 3, [prose(1)[0], None]):
        with pytest.raises(TypeError, match="documents.* must be"):
            prepare(wrong)
    documents = prose(8)
    with pytest.raises(TypeError, match="config must be a PrepareConfig"):
        prepare(documents, {"vocab_size": 300})
    with pytest.raises(TypeError, match="quality must be a QualityClassifier"):
        prepare(documents, quality=3)
    with pytest.raises(TypeError, match="toxicity must be a ToxicityFilter"):
        prepare(documents, toxicity=3)
    with pytest.raises(ValueError, match="vocab_size"):
        prepare(documents, PrepareConfig(vocab_size=50_000))
    same = "These twelve words are in both of the documents and in no other one. " * 3
    pair = [Document(same + PROSE.replace("village", name), name) for name in ("town", "city")]
    with pytest.raises(ValueError, match="held_out must be larger, or the text"):
        prepare(pair, PrepareConfig(vocab_size=257, threshold=1.0, min_quality=0))


def test_settings_are_checked():
    for name, value in {
        "vocab_size": 256, "shingle_words": 0, "num_hashes": 0, "bands": 0, "rows": 0, "seed": -1,
        "threshold": 0, "held_out": 0.6, "min_quality": 1.5, "max_toxicity": -0.1,
    }.items():  # fmt: skip
        with pytest.raises(ValueError, match=name):
            PrepareConfig(**{name: value})
        with pytest.raises(TypeError, match=name):
            PrepareConfig(**{name: "3"})
    with pytest.raises(ValueError, match="held_out must be above 0"):
        PrepareConfig(held_out=0)
    with pytest.raises(ValueError, match="bands · rows must be at most num_hashes, 100, got 16 · 8"):
        PrepareConfig(num_hashes=100)
    with pytest.raises(TypeError, match="filters must be a FilterConfig"):
        PrepareConfig(filters=3)
    with pytest.raises(TypeError, match="fewest_words"):
        PrepareConfig(filters={"fewest_words": 3})
    config = PrepareConfig(filters={"min_words": 3})
    assert PrepareConfig(**asdict(config)) == config


def test_neither_torch_nor_scikit_learn_is_imported():
    program = (
        "import sys; from book_lib.pipeline import data; data.language_score('the spins of a magnet');"
        "print([name for name in ('torch', 'sklearn', 'matplotlib', 'skimage') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_every_name_that_is_public_is_there():
    assert all(hasattr(data, name) for name in data.__all__) and len(set(data.__all__)) == len(data.__all__)
    assert _sources.texts_of("x", iter(["a"])) == ["a"]


# --------------------------------------------------------------------------------------------- benchmark


def test_both_rivals_estimate_as_well():
    pytest.importorskip("datasketch")
    rows = {(row["work"], row["name"]): row for row in bench.run(rounds=1, count=2000)}
    ours, theirs = rows[bench.TEXT, bench.OURS], rows[bench.TEXT, bench.THEIRS]
    assert 0 < ours["error"] < 0.05 and ours["error"] < 1.3 * theirs["error"]


def test_minhash_takes_at_most_three_times_as_long_as_datasketch():
    pytest.importorskip("datasketch")
    calls = bench.rivals(bench.documents(10_000))
    with one_thread():
        seconds = best_times(calls, rounds=2)
    for work in (bench.TEXT, bench.NUMBERS):
        assert seconds[work, bench.OURS] <= 3 * seconds[work, bench.THEIRS], seconds


def test_the_table_of_signatures_shows_time_ratio_and_error():
    row = {"work": "from text", "name": "a", "milliseconds": 1234.5, "ratio": 0.31, "error": 0.0214}
    missing = {"work": "from text", "name": "b", "milliseconds": None, "ratio": None, "error": None}
    when = {"date": "x", "machine": machine(), "documents": 100_000, "hashes": 128}
    text = command.report({"minhash": {**when, "rows": [row, missing]}})
    assert "MinHash of 100,000 short documents, 128 hash functions (x)" in text
    assert "| from text | a | 1234 | 0.31 | 0.021 |" in text and "| from text | b | – | – | – |" in text


def test_the_table_that_is_kept_is_of_100_000_documents_and_within_what_was_asked():
    results = json.loads(command.RESULTS.read_text(encoding="utf-8"))
    entry = results["minhash"]
    assert (entry["documents"], entry["hashes"]) == (bench.DOCUMENTS, bench.HASHES) == (100_000, 128)
    rows = {(row["work"], row["name"]): row for row in entry["rows"]}
    assert set(rows) == set(itertools.product((bench.TEXT, bench.NUMBERS), (bench.OURS, bench.THEIRS)))
    for (work, name), row in rows.items():
        peer = rows[work, bench.THEIRS]
        assert row["ratio"] == pytest.approx(row["milliseconds"] / peer["milliseconds"], abs=0.006)
        assert row["ratio"] <= 3 and row["error"] <= 1.3 * peer["error"], name
    table = "\n".join(command.minhash_table(entry["rows"]))
    assert table in command.README.read_text(encoding="utf-8")


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_what_is_planted_is_never_a_duplicate_by_accident(seed):
    rng = as_generator(seed)
    made = [_faults.made(label, rng) for label in (*JUNK, "mention", "plain") for _ in range(4)]
    assert deduplicate(made)[1] == []
