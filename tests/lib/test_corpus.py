"""book_lib.datasets.corpus: Python's own text, the same each time, with nothing of the held-out part in training."""

import os
import re
import subprocess
import sys
import time

import pytest

from book_lib import _corpus, datasets
from book_lib.datasets import Corpus, corpus

SQUASHED = re.compile(r"\s+")


def passages(documents):
    found = [SQUASHED.sub(" ", part).strip() for text in documents for part in re.split(r"\n{2,}", text)]
    return [part for part in found if len(part) >= 80]


def test_there_are_two_million_characters_nine_tenths_of_them_to_train_on():
    text = corpus()
    size = len(text.train_text) + len(text.held_out_text)
    assert isinstance(text, Corpus) and 1.5e6 < size < 2.6e6
    assert 0.05 < len(text.held_out_text) / size < 0.16
    assert all(isinstance(part, str) and len(part) >= 200 for part in text.train + text.held_out)
    assert "docstrings" in text.origin and "Python" in text.origin and "License" in text.origin
    assert text.train_text == "\n\n".join(text.train) and text.held_out_text == "\n\n".join(text.held_out)
    assert max(map(len, text.held_out)) < 0.25 * len(text.held_out_text)


def test_no_long_paragraph_comes_twice():
    text = corpus()
    every = passages(text.train + text.held_out)
    assert len(every) > 5000 and len(every) == len(set(every))


def test_hardly_a_stretch_of_the_held_out_text_was_seen_in_training():
    train, held_out = (SQUASHED.sub(" ", part) for part in (corpus().train_text, corpus().held_out_text))
    seen = {train[k : k + 60] for k in range(len(train) - 59)}
    copied = [held_out[k : k + 60] in seen for k in range(0, len(held_out) - 59, 7)]
    assert sum(copied) / len(copied) < 0.01


def test_no_held_out_paragraph_shares_twelve_words_with_training():
    words = corpus().train_text.split()
    seen = {tuple(words[k : k + 12]) for k in range(len(words) - 11)}
    for passage in passages(corpus().held_out):
        words = passage.split()
        assert not any(tuple(words[k : k + 12]) in seen for k in range(len(words) - 11))


def test_it_is_english_that_utf8_can_write_and_names_no_address():
    for part in (corpus().train_text, corpus().held_out_text):
        assert part.encode().decode() == part
        assert all(letter == "\n" or letter.isprintable() for letter in set(part))
        assert not re.search(r"\w@\w+\.\w", part)
        assert part.count(" the ") / len(part.split()) > 0.02
        assert "\n\n\n" not in part and not re.search(r" \n", part)


def test_words_are_those_of_four_letters_or_more():
    words = corpus().words()
    assert {"python", "function", "returns", "iterator"} <= words and "the" not in words
    assert all(re.fullmatch("[a-z]{4,}", word) for word in words)
    assert words is corpus().words()
    small = Corpus(train=("Some Words, some_More x9abcd",), held_out=("other",), origin="")
    assert small.words() == {"some", "words", "more", "abcd"}


def test_it_is_read_once_in_a_process_and_cannot_be_changed():
    assert corpus() is corpus() and datasets.corpus is corpus
    with pytest.raises(AttributeError):
        corpus().train = ()
    assert isinstance(corpus().train, tuple) and isinstance(corpus().held_out, tuple)


def test_it_is_the_same_in_every_process_whatever_the_hash_seed():
    program = (
        "import hashlib; from book_lib.datasets import corpus; c = corpus();"
        "print(hashlib.sha256(repr((c.train, c.held_out)).encode()).hexdigest())"
    )
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
    assert found[0] == found[1] and len(found[0]) == 65


def test_it_takes_a_few_seconds():
    start = time.process_time()
    corpus.__wrapped__()
    assert time.process_time() - start < 15  # 1.4 on the machine it was written on


# ----------------------------------------------------------------------------------------------- the parts


SOURCE = b'''# -*- coding: utf-8 -*-
"""Module.

    Indented \\d here.
Flush.
"""

class First:
    """Class."""

    def method(self):
        "Method."

        def inner():
            """Inner."""

    async def coroutine(self):
        """Coroutine."""

def last():
    x = """No docstring."""
    return x
'''


def test_docstrings_come_in_their_order_without_indentation():
    found = list(_corpus.docstrings(SOURCE))
    assert found == ["Module.\n\n    Indented \\d here.\nFlush.", "Class.", "Method.", "Inner.", "Coroutine."]


@pytest.mark.parametrize("source", [b"def broken(:", b"x = '\xff'", b"\0", b"(" * 5000, b""])
def test_a_source_that_cannot_be_read_gives_nothing(source):
    assert list(_corpus.docstrings(source)) == []


def test_old_encodings_are_read():
    source = "# -*- coding: latin-1 -*-\n'''Café.'''\n".encode("latin-1")
    assert list(_corpus.docstrings(source)) == ["Café."]


LONG = "A sentence that is longer than eighty characters, so that it may come once in the whole text and no more."


def test_what_occurred_before_is_dropped_whatever_its_line_breaks():
    filler = "\n\n".join(f"Number {k} is short." for k in range(20))
    broken = "    " + LONG.replace(", so", ",\n    so")
    texts = [f"{LONG}\n\n{filler}", f"{filler}\n\n{broken}\n\n{LONG}", f"{filler}\n\n{LONG} Not quite."]
    first, second, third = _corpus.without_repeats(zip("abc", texts, strict=True))
    assert first == ("a", f"{LONG}\n\n{filler}")
    assert second == ("b", filler)  # short ones may come again
    assert third[1].endswith("Not quite.")
    assert list(_corpus.without_repeats([("a", "short")])) == []


def test_paragraphs_are_cleaned():
    text = "one  \r\ntwo\tthree\x00\u200b\ud800\r\n  \r\n\n\nfour\n"
    assert _corpus.paragraphs(text) == ["one\ntwo     three", "four"]
    assert _corpus.paragraphs("") == [] and _corpus.paragraphs("\n\n \n") == []


def test_what_quotes_the_training_text_is_dropped_from_the_held_out():
    own = "This paragraph is the held-out document's own, as nobody else says anything like it anywhere. " * 3
    quote = "Note: " + " ".join(LONG.split()[2:16]) + " or so."
    short = "Note: " + " ".join(LONG.split()[2:13]) + " or so."
    kept = _corpus.unseen([f"{own}\n\n{quote}\n\n{short}", quote], [f"Before.\n\n{LONG}"])
    assert kept == [f"{own.strip()}\n\n{short}"]


def test_a_paragraph_with_an_address_is_dropped():
    seen = set()
    assert not _corpus.is_new("Written by Nobody <nobody@example.org>", seen)
    assert _corpus.is_new("matrix @ vector", seen) and _corpus.is_new("@decorator.method", seen) and not seen


# ------------------------------------------------------------------------- Pythons that come without a part


def library(folder, names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sentences = [f"Sentence {k} of {name} says what no other one says, at some length." for k in range(9)]
        path.write_text('"""' + "\n\n".join(sentences) + '"""\n', encoding="utf-8")
    return folder


NAMES = [f"module{k}.py" for k in range(40)]


def test_only_the_librarys_own_modules_are_read(tmp_path):
    others = ["site-packages/a.py", "test/b.py", "x/tests/c.py", "idlelib/d.py", "lib2to3/e.py", "f.txt", "x/g.py"]
    found = [name for name, _ in _corpus.modules(library(tmp_path, ["b.py", "a/__init__.py", "a/z.py", *others]))]
    assert found == ["b", "a", "a.z", "x.g"]


def test_it_works_without_topics_and_without_sources(tmp_path):
    sources = _corpus.build({}, library(tmp_path, NAMES))
    assert len(sources.train) + len(sources.held_out) == 40 and sources.held_out
    topics = _corpus.build(_corpus.topics(), tmp_path / "nowhere")
    assert len(topics.train_text) > 200_000 and topics.held_out


def test_a_module_more_does_not_move_the_others(tmp_path):
    before = _corpus.build({}, library(tmp_path, NAMES))
    after = _corpus.build({}, library(tmp_path, ["aardvark.py"]))
    assert set(before.train) <= set(after.train) and set(before.held_out) <= set(after.held_out)


def test_a_file_that_cannot_be_read_is_left_out(tmp_path):
    library(tmp_path, NAMES)
    (tmp_path / "dangling.py").symlink_to(tmp_path / "gone.py")
    (tmp_path / "broken.py").write_bytes(b"def f(:\xff")
    assert len(_corpus.build({}, tmp_path).train) > 20


def test_a_python_without_any_text_says_so(tmp_path):
    with pytest.raises(RuntimeError, match="found 0 topics and 0 sources"):
        _corpus.build({}, tmp_path)


def test_topics_may_be_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    assert _corpus.topics() == {}
