"""book_lib.tokenizer against a rescan of our own, Hugging Face's `tokenizers`, `tiktoken`, and GPT-2's tokenizer."""

import copy
import json
import os
import pickle
import random
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import tiktoken
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import bpe
from book_lib import _tokenizer_merging as merging
from book_lib.datasets import corpus
from book_lib.tokenizer import GPT2_BYTE_IDS, GPT2_SPLIT, BPETokenizer

LEARNED = (  # enough of every kind of chunk
    "The cat sat on the mat; the cats that sat on the mats weren't sitting. It's 2026, 100 % 3 = 1.\n\n\n"
    "    def magnetization(spins):\n        return spins.mean()  # ⟨s⟩ = tanh(β(Jm + h))\n"
    "人工智能改变了我们的生活，人工智能也改变了我们的工作。 Größe, naïve café, Ελλάδα, привет привет 🙂🙂🙂\t\t\n"
) * 3
TEXTS = [
    "",
    " ",
    "  ",
    "\n",
    "a",
    "The cat sat on the mat.",
    "I'll say it's theirs, they've said; we'd 'em 'S 'LL",
    "    indented\n\tby  tabs \n\n\n and   spaces   ",
    "1234567890 3.14159 ½ ² Ⅷ 一二三 ٣",
    "人工智能改变了我们的生活。日本語 한국어",
    "naïve café Größe e\u0301 ﬁ ǅ ʰ",
    "🙂👩‍👩‍👧🏳️‍🌈 ∑∫√ ⟨s⟩ ±1",
    "\u00a0\u2003\u3000\u2028\u0085x\u200b\ufeff",
    "\x00\x01\x1c\x1f\x7f",
    "<|endoftext|> <|end|>",
    "aaaaaaaaaaaaaaaaaaaaaaaaa" * 3,
]
SMALL = st.text(alphabet="ab c'", max_size=60)
# Letters that Python's own tables know: newer ones are unknown to some of the peers.
ANY = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cn"]), max_size=40)


@pytest.fixture(scope="module")
def tokenizer():
    return BPETokenizer.train(LEARNED, 420, special_tokens=["<|endoftext|>"])


def by_hand(ids, merges):
    """The definition: each merge in turn, everywhere, from the left."""
    for new, pair in enumerate(merges, 256):
        ids = merging.merge_all(ids, pair, new)
    return ids


# ------------------------------------------------------------------------------------------------ training


def test_the_textbook_example():
    """aaabdaaabac: aa, then ab, then aaab; ties go to the smaller ids."""
    found = BPETokenizer.train("aaabdaaabac", 259)
    assert found.merges == [(97, 97), (97, 98), (256, 257)]
    assert found.encode("aaabdaaabac") == [258, 100, 258, 97, 99]
    assert [found.token_bytes(k) for k in (97, 256, 257, 258)] == [b"a", b"aa", b"ab", b"aaab"]


def test_ties_go_to_the_smallest_pair():
    assert BPETokenizer.train("zy xw zy xw", 257, split=None).merges == [(ord(" "), ord("x"))]
    assert BPETokenizer.train(["ac", "ab"], 257).merges == [(97, 98)]
    turned = [255 - byte for byte in range(256)]
    found = BPETokenizer.train(["ab", "ac"], 257, byte_ids=turned)
    assert found.merges == [(255 - 97, 255 - 99)] and found.token_bytes(256) == b"ac"


def most(text, split):
    """The largest vocabulary that a text can fill."""
    size = 257
    while True:
        try:
            BPETokenizer.train_by_rescan(text, size, split=split)
        except ValueError:
            return size - 1
        size += 1


@given(SMALL, st.sampled_from([GPT2_SPLIT, None]))
def test_the_fast_trainer_is_the_clear_one_until_no_pair_is_left(text, split):
    size = most(text, split)
    fast = BPETokenizer.train(text, size, split=split)
    assert fast.merges == BPETokenizer.train_by_rescan(text, size, split=split).merges
    assert fast.encode(text) == [token for chunk in chunks_of(text, split) for token in by_hand(chunk, fast.merges)]
    with pytest.raises(ValueError, match=f"vocab_size must be at most {size} for this text"):
        BPETokenizer.train(text, size + 1, split=split)


def chunks_of(text, split):
    import regex

    return [list(chunk.encode()) for chunk in (regex.findall(split, text) if split else [text])]


@given(st.lists(ANY, min_size=1, max_size=5), st.integers(0, 8))
def test_the_fast_trainer_is_the_clear_one_on_documents_of_any_letters(documents, merges):
    documents = [text * 2 for text in documents] + ["abcdefghij"]
    size = 256 + merges
    assert BPETokenizer.train(documents, size) == BPETokenizer.train_by_rescan(documents, size)


def test_the_trainers_agree_on_english():
    text = corpus().train_text[:8_000]
    for order in (None, GPT2_BYTE_IDS):
        fast = BPETokenizer.train(text, 360, byte_ids=order)
        assert fast == BPETokenizer.train_by_rescan(text, 360, byte_ids=order)


def test_a_pair_that_is_born_and_merged_away_in_one_pass_is_no_pair():
    """aaaa: joining aa from the left makes (aa, a), and then takes it away again."""
    assert BPETokenizer.train("aaaa", 258).merges == [(97, 97), (256, 256)]
    with pytest.raises(ValueError, match="at most 258"):
        BPETokenizer.train("aaaa", 259)


def test_counts_after_every_merge_are_those_of_a_recount():
    """The table of the fast trainer is never out of step with the text."""
    from book_lib._tokenizer_training import LinkedText

    rng = random.Random(0)
    chunks = Counter(bytes(rng.choices(b"abc", k=rng.randint(1, 12))) for _ in range(60))
    linked = LinkedText(chunks, range(256))
    texts = {chunk: list(chunk) for chunk in chunks}
    for new in range(256, 276):
        counts = Counter()
        for chunk, ids in texts.items():
            for pair in pairwise(ids):
                counts[pair] += chunks[chunk]
        assert {pair: n for pair, n in linked.counts.items() if n} == counts
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        linked.merge(best, new)
        texts = {chunk: merging.merge_all(ids, best, new) for chunk, ids in texts.items()}


def test_no_token_crosses_documents_or_chunks():
    assert BPETokenizer.train(["ab", "ab", "c", "c"], 257).merges == [(97, 98)]
    with pytest.raises(ValueError, match="at most 257"):
        BPETokenizer.train(["ab"] * 5, 258)
    joined = BPETokenizer.train("ab ab ab ab", 259, split=None)
    assert any(b" " in joined.token_bytes(k)[1:-1] or joined.token_bytes(k).endswith(b" ") for k in range(256, 259))
    split = BPETokenizer.train("ab ab ab ab", 258)
    assert [split.token_bytes(k) for k in (256, 257)] == [b"ab", b" ab"]


def test_documents_may_come_from_a_generator_and_as_bytes():
    documents = ["the cat", "the hat", "über"] * 4
    want = BPETokenizer.train(documents, 264)
    assert BPETokenizer.train((text for text in documents), 264) == want
    assert BPETokenizer.train([text.encode() for text in documents], 264) == want
    assert BPETokenizer.train(b"the cat" * 2, 260) == BPETokenizer.train("the catthe cat", 260)


def test_training_does_not_depend_on_the_hash_seed():
    program = (
        "from book_lib.tokenizer import BPETokenizer; from pydoc_data.topics import topics;"
        "print(BPETokenizer.train(topics['formatstrings'], 600).merges)"
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
    assert found[0] == found[1] and found[0].count("(") == 344


# ------------------------------------------------------------------------------------------------- encoding


@given(st.one_of(SMALL, ANY))
def test_text_comes_back(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text and tokenizer.decode(ids, errors="strict") == text
    assert b"".join(tokenizer.token_bytes(token) for token in ids) == text.encode()
    assert tokenizer.encode(text.encode()) == ids
    assert all(isinstance(token, int) and token < 419 for token in ids)


@given(st.binary(max_size=80))
def test_any_bytes_come_back(tokenizer, data):
    assert tokenizer.decode_bytes(tokenizer.encode_bytes(data)) == data
    assert tokenizer.decode_bytes(list(data)) == data


def test_bytes_that_are_text_are_encoded_as_text(tokenizer):
    for text in TEXTS:
        assert tokenizer.encode_bytes(text.encode()) == tokenizer.encode(text)


def test_tokens_are_applied_in_the_order_in_which_they_were_learned(tokenizer):
    for text in [*TEXTS, LEARNED]:
        chunks = chunks_of(text, GPT2_SPLIT)
        assert tokenizer.encode(text) == [token for ids in chunks for token in by_hand(ids, tokenizer.merges)]


@given(st.text(alphabet="abc", max_size=300), st.integers(0, 25))
def test_long_and_short_chunks_are_merged_alike(text, merges):
    trained = BPETokenizer.train("abcabcabaabbaabbccbbaacabacacbcbabcbabcb" * 2, 256 + merges, split=None)
    joins = {pair: 256 + k for k, pair in enumerate(trained.merges)}
    ids = list(text.encode())
    want = by_hand(ids, trained.merges)
    assert merging.merge_short(ids, joins) == merging.merge_long(ids, joins) == want == trained.encode(text)
    assert ids == list(text.encode())


def test_merges_that_no_text_would_teach_are_made_lowest_first_and_leftmost():
    """(256, 98) is learned before 256 can be followed by 98 in any other way; a heap and a search must agree."""
    joins = {(97, 97): 256, (256, 97): 257, (97, 256): 258, (257, 257): 259, (256, 256): 260}
    for n in range(1, 40):
        assert merging.merge_short([97] * n, joins) == merging.merge_long([97] * n, joins)


@pytest.mark.parametrize("text", ["a" * 300_000, "ab" * 150_000, "人" * 100_000, " " * 300_000])
def test_a_long_chunk_takes_no_quadratic_time(text):
    trained = BPETokenizer.train(text[:1000], 261)
    start = time.process_time()
    ids = trained.encode(text)
    assert time.process_time() - start < 15  # about 0.5; 300 times as much if it were quadratic
    assert trained.decode(ids) == text


def test_what_is_remembered_has_a_bound(monkeypatch):
    monkeypatch.setattr(merging, "CHUNKS", 10)
    trained = BPETokenizer.train("some words", 258)
    text = " ".join(f"word{k}" for k in range(200))
    first = trained.encode(text)
    assert len(trained._chunks) <= 10 and trained.encode(text) == first
    trained.encode("x" * 1000)
    assert "x" * 1000 not in trained._chunks


def test_steps_lead_from_bytes_to_tokens(tokenizer):
    text = "The cats sat on 人工智能."
    stages = tokenizer.steps(text)
    assert stages[0] == [bytes([byte]) for byte in text.encode()]
    assert stages[-1] == [tokenizer.token_bytes(token) for token in tokenizer.encode(text)]
    assert all(b"".join(stage) == text.encode() for stage in stages)
    assert all(len(later) < len(earlier) for earlier, later in pairwise(stages))
    assert tokenizer.steps("") == [[]]


# ------------------------------------------------------------------------------------------------- splitting


@given(ANY, st.sampled_from([r"\p{L}+", r"(a)|(b)", r"\w*", r"(?r)\w+", r"\b", r"x(?=y)", "", r".{1,3}", r"a\Kb"]))
def test_a_pattern_that_leaves_gaps_loses_nothing(text, split):
    trained = BPETokenizer([(97, 98)], split=split)
    assert trained.decode(trained.encode(text)) == text and trained.split == split
    text = f"xy ab {text} aab bxy"
    assert trained.decode(trained.encode(text)) == text


def test_a_pattern_that_searches_from_the_end_keeps_the_order():
    tokenizer = BPETokenizer([(97, 98)], split=r"(?r)\w+|\W+")
    assert tokenizer.decode(tokenizer.encode("ab, cd ab")) == "ab, cd ab"


def test_chunks_are_those_of_the_pattern():
    import regex

    text = "I'll have 12 cats,  they've 3... \n\n ok"
    chunks = ["I", "'ll", " have", " 12", " cats", ",", " ", " they", "'ve", " 3", "...", " \n\n", " ok"]
    assert regex.findall(GPT2_SPLIT, text) == chunks
    words = BPETokenizer.train(["low low low"], 258, split=r"\w+| ")
    assert [words.token_bytes(k) for k in (256, 257)] == [b"lo", b"low"]


# ---------------------------------------------------------------------------------------------------- peers


def hugging_face(text, size, specials=()):
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=alphabet, special_tokens=list(specials)
    )
    tokenizer.train_from_iterator([text] if isinstance(text, str) else text, trainer)
    return tokenizer


@pytest.mark.parametrize("size", [300, 420, 800])
def test_merges_and_ids_are_hugging_faces(size):
    """Under its order of the bytes, which is that of the letters it writes for them, even the ties agree."""
    documents = [LEARNED, *corpus().train[:4]]
    theirs, ours = hugging_face(documents, size), BPETokenizer.train(documents, size, byte_ids=GPT2_BYTE_IDS)
    assert ours.merges == bpe.merges_of(theirs) and ours.vocab_size == theirs.get_vocab_size() == size
    for text in [*TEXTS, corpus().held_out[0][:20_000]]:
        assert ours.encode(text) == theirs.encode(text).ids
        assert theirs.decode(ours.encode(text)) == ours.decode(ours.encode(text)) == text


@given(ANY)
def test_ids_are_hugging_faces_on_any_letters(text):
    ours, theirs = _pair()
    assert ours.encode(text) == theirs.encode(text).ids


@given(st.lists(SMALL, min_size=1, max_size=4), st.integers(0, 10))
def test_merges_are_hugging_faces_on_texts_full_of_ties(documents, merges):
    documents = [*documents, "abcdefghijk"]
    ours = BPETokenizer.train(documents, 256 + merges, byte_ids=GPT2_BYTE_IDS)
    assert ours.merges == bpe.merges_of(hugging_face(documents, 256 + merges))


_PAIRS = []


def _pair():
    if not _PAIRS:
        _PAIRS.append((BPETokenizer.train(LEARNED, 420, byte_ids=GPT2_BYTE_IDS), hugging_face(LEARNED, 420)))
    return _PAIRS[0]


def in_tiktoken(tokenizer):
    first = tokenizer.vocab_size - len(tokenizer.special_tokens)
    return tiktoken.Encoding(
        name="ours",
        pat_str=GPT2_SPLIT,
        mergeable_ranks={tokenizer.token_bytes(k): k for k in range(first)},
        special_tokens=tokenizer.special_tokens,
    )


def test_ids_are_tiktokens_on_our_ranks(tokenizer):
    theirs = in_tiktoken(tokenizer)
    assert theirs.n_vocab == tokenizer.vocab_size
    for text in [*TEXTS, LEARNED, corpus().held_out[0][:20_000]]:
        assert theirs.encode(text, disallowed_special=()) == tokenizer.encode(text)
        assert theirs.encode(text, allowed_special="all") == tokenizer.encode(text, allow_special=True)
        assert theirs.decode(tokenizer.encode(text)) == text


@given(st.one_of(ANY, SMALL, st.text(alphabet="<|endoftx>", max_size=60)))
def test_ids_are_tiktokens_on_any_letters(tokenizer, text):
    theirs = in_tiktoken(tokenizer)
    assert theirs.encode(text, disallowed_special=()) == tokenizer.encode(text)
    assert theirs.encode(text, allowed_special="all") == tokenizer.encode(text, allow_special=True)


def test_bytes_decode_as_in_tiktoken(tokenizer):
    theirs = in_tiktoken(tokenizer)
    ids = np.random.default_rng(0).integers(0, tokenizer.vocab_size, 500)
    assert tokenizer.decode_bytes(ids) == theirs.decode_bytes(ids.tolist())
    assert tokenizer.decode(ids) == theirs.decode(ids.tolist())


# -------------------------------------------------------------------------------------------- special tokens


def test_special_tokens_come_only_where_they_are_allowed(tokenizer):
    text = "one<|endoftext|>two <|endoftext|>"
    assert tokenizer.special_tokens == {"<|endoftext|>": 419} and tokenizer.vocab_size == 420
    assert 419 not in tokenizer.encode(text) and tokenizer.decode(tokenizer.encode(text)) == text
    ids = tokenizer.encode(text, allow_special=True)
    assert ids == [*tokenizer.encode("one"), 419, *tokenizer.encode("two "), 419]
    assert tokenizer.decode(ids) == text and tokenizer.token_bytes(419) == b"<|endoftext|>"


def test_the_longest_special_token_wins():
    special = BPETokenizer(special_tokens=["<|a|>", "<|a|>b", "(.*)", "é"])
    assert special.encode("<|a|>b<|a|>(.*)é", allow_special=True) == [257, 256, 258, 259]
    assert special.encode("<|a|", allow_special=True) == list(b"<|a|")


def test_special_tokens_are_not_looked_for_in_training():
    with_it = BPETokenizer.train("<|x|>" * 9, 260, special_tokens=["<|x|>"])
    assert with_it.merges == BPETokenizer.train("<|x|>" * 9, 259).merges and with_it.special_tokens == {"<|x|>": 259}


@pytest.mark.parametrize(
    ("special", "error", "message"),
    [
        ("<|end|>", TypeError, "special_tokens must be several texts, got '<|end|>'"),
        ([""], ValueError, "special_tokens[0] must be a text that is not empty and comes once, got ''"),
        (["a", "a"], ValueError, "special_tokens[1] must be a text that is not empty and comes once, got 'a'"),
        ([b"a"], TypeError, "special_tokens[0] must be text, got b'a' (bytes)"),
        (["\ud800"], ValueError, "special_tokens[0] must be text that UTF-8 can write"),
        (5, TypeError, "special_tokens must be several texts, got 5"),
        ({"a": 5}, ValueError, "ids must belong to one token each, and 5 belongs to 2"),
        ({"a": 300}, ValueError, "ids must be 0 … 256 for 257 tokens, got 300"),
        ({"a": True}, TypeError, "special_tokens['a'] must be an integer, got True (bool)"),
    ],
)
def test_special_tokens_that_are_none(special, error, message):
    with pytest.raises(error) as caught:
        BPETokenizer(special_tokens=special)
    assert str(caught.value).startswith(message)


# --------------------------------------------------------------------------------------------------- objects


def test_a_tokenizer_shows_itself_and_can_be_compared_copied_and_pickled(tokenizer):
    assert repr(tokenizer) == "BPETokenizer(vocab_size=420, special_tokens=['<|endoftext|>'])"
    assert repr(BPETokenizer()) == "BPETokenizer(vocab_size=256)"
    for other in (pickle.loads(pickle.dumps(tokenizer)), copy.deepcopy(tokenizer)):
        assert other == tokenizer and hash(other) == hash(tokenizer)
        assert other.encode("cats") == tokenizer.encode("cats")
    assert BPETokenizer() != BPETokenizer(split=None) and BPETokenizer() != BPETokenizer([(97, 98)])
    assert BPETokenizer() != "BPETokenizer" and BPETokenizer().token_ids is None
    assert BPETokenizer(special_tokens={"b": 257, "a": 256}) == BPETokenizer(special_tokens=["a", "b"])


def test_nobody_can_spoil_a_tokenizer(tokenizer):
    tokenizer.merges.clear()
    tokenizer.special_tokens.clear()
    assert len(tokenizer.merges) == 163 and tokenizer.special_tokens


def test_ids_may_be_any_order():
    ids = list(range(1, 257)) + [258, 257]
    moved = BPETokenizer([(98, 99), (258, 100)], special_tokens={"<s>": 0}, token_ids=ids)
    assert moved.encode("abc<s>", allow_special=True) == [257, 0]
    assert moved.decode([257, 0]) == "abc<s>" and moved.token_ids == ids


# ------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (b"ab\xff", ValueError, "text must be UTF-8, got byte 0xff at offset 2; encode_bytes takes any bytes"),
        ("ab\ud83d", ValueError, r"text must be text that UTF-8 can write, got '\ud83d', half of a "),
        (None, TypeError, "text must be text (str, or bytes in UTF-8), got NoneType"),
        (["a"], TypeError, "text must be text (str, or bytes in UTF-8), got list"),
    ],
)
def test_what_is_no_text_is_refused(tokenizer, text, error, message):
    for call in (tokenizer.encode, tokenizer.steps):
        with pytest.raises(error) as caught:
            call(text)
        assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (["good", b"\xff"], ValueError, "text[1] must be UTF-8, got byte 0xff at offset 0"),
        (["good", "\udc80"], ValueError, "text[1] must be text that UTF-8 can write"),
        (["good", 3], TypeError, "text[1] must be text (str, or bytes in UTF-8), got int"),
        (3, TypeError, "text must be a text or documents, got int"),
        ("", ValueError, "vocab_size must be at most 256 for this text, which has no more pairs, got 257"),
        ([], ValueError, "vocab_size must be at most 256 for this text"),
    ],
)
def test_training_on_what_is_no_text_is_refused(text, error, message):
    for train in (BPETokenizer.train, BPETokenizer.train_by_rescan):
        with pytest.raises(error) as caught:
            train(text, 257)
        assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"vocab_size": 255}, ValueError, "vocab_size must be at least 256, got 255"),
        ({"vocab_size": 256, "special_tokens": ["a"]}, ValueError, "vocab_size must be at least 257, got 256"),
        ({"vocab_size": 300.0}, TypeError, "vocab_size must be an integer, got 300.0 (float)"),
        ({"vocab_size": 257, "split": "("}, ValueError, "split must be a pattern for the package regex, got '('"),
        ({"vocab_size": 257, "split": 5}, TypeError, "split must be a pattern or None, got 5 (int)"),
        ({"vocab_size": 257, "byte_ids": [0] * 256}, ValueError, "byte_ids must hold 0 … 255, each once"),
        ({"vocab_size": 257, "byte_ids": "x"}, TypeError, "byte_ids must be a sequence of integers, got str"),
    ],
)
def test_training_with_strange_settings_is_refused(options, error, message):
    with pytest.raises(error) as caught:
        BPETokenizer.train("a text of some length", **options)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"merges": [(97, 256)]}, ValueError, "merges[0] must join bytes or what an earlier merge made, got (97, 256)"),
        ({"merges": [(97, 98), (97, 98)]}, ValueError, "merges[1] must make a new token, got b'ab', which"),
        ({"merges": [(97, 98), (98, 99), (256, 99), (97, 257)]}, ValueError, "merges[3] must make a new token"),
        ({"merges": [(97, 98, 99)]}, ValueError, "merges[0] must be a pair of ids, got (97, 98, 99)"),
        ({"merges": ["ab"]}, ValueError, "merges[0] must be a pair of ids, got 'ab'"),
        ({"merges": [(97, -1)]}, ValueError, "merges[0] must be at least 0, got -1"),
        ({"merges": [(97, 1.0)]}, TypeError, "merges[0] must be an integer, got 1.0 (float)"),
        ({"merges": [97]}, TypeError, "merges[0] must be a pair of ids, got 97"),
        ({"merges": 97}, TypeError, "merges must be pairs of ids, got int"),
        ({"merges": [(97, 97), *((k, k) for k in range(256, 300))]}, ValueError, "merges[20] must make a token of"),
        ({"token_ids": [0]}, ValueError, "token_ids must name 256 ids, for 256 bytes and 0 merges, got 1"),
        ({"token_ids": [*range(255), 3]}, ValueError, "ids must belong to one token each, and 3 belongs to 2"),
        ({"token_ids": [*range(255), 256]}, ValueError, "ids must be 0 … 255 for 256 tokens, got 256"),
    ],
)
def test_a_tokenizer_that_makes_no_sense_is_refused(arguments, error, message):
    with pytest.raises(error) as caught:
        BPETokenizer(**arguments)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([97, 420], ValueError, "ids must lie in 0 … 419, got 420 at index 1"),
        ([-1], ValueError, "ids must lie in 0 … 419, got -1 at index 0"),
        ([[97]], ValueError, "ids must be in one row, shape (T,), got shape (1, 1)"),
        (97, ValueError, "ids must be in one row, shape (T,), got shape ()"),
        ([97.0], TypeError, "ids must be integers, got float64 entries"),
        ([True], TypeError, "ids must be integers, got bool entries"),
        ("97", ValueError, "ids must be in one row"),
        ([97, [98]], ValueError, "ids must be an array"),
        ([None], TypeError, "ids must be integers"),
    ],
)
def test_unknown_tokens_are_refused(tokenizer, ids, error, message):
    for call in (tokenizer.decode, tokenizer.decode_bytes):
        with pytest.raises(error) as caught:
            call(ids)
        assert str(caught.value).startswith(message)


def test_ids_may_be_arrays_and_tensors(tokenizer):
    import torch

    ids = tokenizer.encode("The cats sat.")
    for same in (tuple(ids), np.array(ids), np.array(ids, np.uint16), torch.tensor(ids), range(97, 100)):
        assert tokenizer.decode(same) in ("The cats sat.", "abc")
    assert tokenizer.decode([]) == "" and tokenizer.decode(np.array([], dtype=np.int64)) == ""


def test_a_letter_cut_off_is_shown_as_asked():
    cut = list("日本".encode())[:-1]
    plain = BPETokenizer()
    assert plain.decode(cut) == "日\ufffd" and plain.decode(cut, errors="ignore") == "日"
    assert plain.decode(cut, errors="backslashreplace") == "日\\xe6\\x9c"
    with pytest.raises(ValueError, match="ids must stand for text in UTF-8 .* got byte 0xe6 at offset 3"):
        plain.decode(cut, errors="strict")
    with pytest.raises(ValueError, match="errors must be one of"):
        plain.decode(cut, errors="surrogateescape")


def test_other_arguments_of_the_wrong_kind(tokenizer):
    for call, message in [
        (lambda: tokenizer.encode("a", allow_special="all"), "allow_special must be True or False, got 'all'"),
        (lambda: tokenizer.encode_bytes("a"), "data must be bytes, got str"),
        (lambda: tokenizer.token_bytes("a"), "id must be an integer"),
        (lambda: tokenizer.save(5), "path must be a path, got 5"),
        (lambda: BPETokenizer.load(None), "path must be a path, got None"),
        (lambda: BPETokenizer.from_gpt2(5), "folder must be a path, got 5"),
    ]:
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value).startswith(message)
    for id in (-1, 420):
        with pytest.raises(ValueError, match="id must be at"):
            tokenizer.token_bytes(id)


# ----------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    "made",
    [
        BPETokenizer(),
        BPETokenizer(split=None),
        BPETokenizer.train(LEARNED, 300, special_tokens=["<|终|>", '"\\']),
        BPETokenizer.train(LEARNED, 300, byte_ids=GPT2_BYTE_IDS, split=r"\w+|\W"),
    ],
    ids=["bytes", "whole", "special", "other ids"],
)
def test_what_is_saved_is_what_is_loaded(tmp_path, made):
    path = tmp_path / "deep" / "tokenizer.json"
    made.save(path)
    again = BPETokenizer.load(str(path))
    assert again == made and again.encode(LEARNED) == made.encode(LEARNED)
    assert again.merges == made.merges and again.special_tokens == made.special_tokens and again.split == made.split
    data = json.loads(path.read_bytes())
    assert data["format"] == "book_lib.tokenizer" and data["version"] == 1
    assert [file.name for file in path.parent.iterdir()] == ["tokenizer.json"]


def test_an_interrupted_save_leaves_the_old_file(tmp_path, tokenizer, monkeypatch):
    path = tmp_path / "tokenizer.json"
    BPETokenizer().save(path)

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(KeyboardInterrupt):
        tokenizer.save(path)
    assert BPETokenizer.load(path) == BPETokenizer() and len(list(tmp_path.iterdir())) == 1


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    path = tmp_path / "tokenizer.json"
    BPETokenizer.train("abababab", 258, special_tokens=()).save(path)
    whole = path.read_bytes()
    for end in range(len(whole) - 2):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="a tokenizer that save wrote, as JSON, and is damaged") as caught:
            BPETokenizer.load(path)
        assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: [data], "must hold a tokenizer that save wrote, as a JSON object, got list"),
        (lambda data: {}, "must hold a tokenizer that save wrote ('format': 'book_lib.tokenizer'), got another file"),
        (lambda data: data | {"version": 2}, "must be of version 1 of book_lib.tokenizer, got 2"),
        (lambda data: data | {"extra": 1}, "missing or unknown: extra"),
        (lambda data: {key: data[key] for key in data if key != "merges"}, "missing or unknown: merges"),
        (lambda data: data | {"merges": {}}, "merges must be a list of pairs of ids"),
        (lambda data: data | {"merges": [1]}, "merges must be a list of pairs of ids"),
        (lambda data: data | {"merges": [[1, 999]]}, "must hold a tokenizer that is consistent: merges[0] must join"),
        (lambda data: data | {"merges": [[1, "2"]]}, "a tokenizer that is consistent: merges[0] must be an integer"),
        (lambda data: data | {"special_tokens": ["a"]}, "special_tokens must name an id for each token"),
        (lambda data: data | {"special_tokens": {"a": 7}}, "ids must belong to one token each, and 7 belongs to 2"),
        (lambda data: data | {"split": "("}, "split must be a pattern"),
        (lambda data: data | {"split": 3}, "split must be a pattern"),
        (lambda data: data | {"token_ids": 3}, "token_ids must be a sequence of integers, got int"),
    ],
)
def test_a_file_with_other_content_is_refused(tmp_path, change, message):
    path = tmp_path / "tokenizer.json"
    BPETokenizer.train("abababab", 258).save(path)
    path.write_text(json.dumps(change(json.loads(path.read_bytes()))), encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        BPETokenizer.load(path)
    assert str(caught.value).startswith(str(path)) and message in str(caught.value)


def test_files_that_are_no_text_or_not_there(tmp_path):
    path = tmp_path / "tokenizer.json"
    with pytest.raises(FileNotFoundError, match="tokenizer.json"):
        BPETokenizer.load(path)
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ValueError, match="must be text in UTF-8, got byte 0xff at offset 7"):
        BPETokenizer.load(path)
    path.write_bytes(b"[" * 100_000)
    with pytest.raises(ValueError, match="damaged"):
        BPETokenizer.load(path)


# ------------------------------------------------------------------------------------------- GPT-2's format


@pytest.fixture
def folder(tmp_path):
    """GPT-2's two files, written by Hugging Face from a training of its own: the special token is the last id."""
    theirs = hugging_face(LEARNED + " # # ## " * 9, 419)
    theirs.model.save(str(tmp_path))
    path = tmp_path / "vocab.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"<|endoftext|>": 419}), encoding="utf-8")
    return tmp_path


def test_gpt2s_files_give_the_ids_of_transformers(folder):
    import transformers

    theirs = transformers.GPT2Tokenizer(vocab=str(folder / "vocab.json"), merges=str(folder / "merges.txt"))
    ours = BPETokenizer.from_gpt2(folder)
    assert ours.vocab_size == len(theirs) == 420 and ours.special_tokens == {"<|endoftext|>": 419}
    assert ours.token_ids[:256] == list(GPT2_BYTE_IDS) and ours.token_ids[32] == 220 and ours.token_ids[33] == 0
    for text in [*TEXTS, LEARNED, "# ## ### #", "one<|endoftext|>two"]:
        ids = theirs.encode(text)
        assert ours.encode(text, allow_special=True) == ids
        assert ours.decode(ids) == theirs.decode(ids, clean_up_tokenization_spaces=False) == text


def test_a_tokenizer_of_gpt2s_format_is_saved_with_its_ids(folder, tmp_path):
    ours = BPETokenizer.from_gpt2(str(folder))
    ours.save(tmp_path / "own.json")
    again = BPETokenizer.load(tmp_path / "own.json")
    assert again == ours and again.encode(LEARNED) == ours.encode(LEARNED)
    assert pickle.loads(pickle.dumps(ours)) == ours


def test_ids_with_special_tokens_in_front_are_read(tmp_path):
    theirs = hugging_face(LEARNED, 400, specials=["<s>", "[PAD]"])
    theirs.model.save(str(tmp_path))
    ours = BPETokenizer.from_gpt2(tmp_path)
    assert ours.special_tokens == {"<s>": 0, "[PAD]": 1}
    for text in [*TEXTS, "<s>a[PAD]"]:
        assert ours.encode(text, allow_special=True) == theirs.encode(text).ids


def test_a_space_at_the_end_of_lines_or_windows_lines_do_not_matter(folder):
    want = BPETokenizer.from_gpt2(folder)
    path = folder / "merges.txt"
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert BPETokenizer.from_gpt2(folder) == want
    path.write_bytes(text.split("\n", 1)[1].encode())  # without the line that names the version
    assert BPETokenizer.from_gpt2(folder) == want


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("vocab.json", lambda text: text[:200], "vocab.json must hold GPT-2's vocabulary, token → id, as JSON"),
        ("vocab.json", lambda text: "[]", "vocab.json must hold GPT-2's vocabulary, token → id, as a JSON"),
        ("vocab.json", lambda text: '{"a": "b"}', "vocab.json must give each token an integer, got 'b' for 'a'"),
        ("vocab.json", lambda text: '{"a": 0}', "vocab.json must hold the letters of all 256 bytes, and lacks 255"),
        ("vocab.json", lambda text: text.replace('"!": 0', '"!": 1'), "ids must belong to one token each, and 1"),
        ("merges.txt", lambda text: text[: len(text) // 2].rsplit("\n", 1)[0], "is it cut off?"),
        ("merges.txt", lambda text: text + "abc", "expected two tokens with a space between, got 'abc'"),
        ("merges.txt", lambda text: text + "q x", "'qx' is not in vocab.json"),
        ("merges.txt", lambda text: text + "qqq x", "'qqq' is not in vocab.json"),
        ("merges.txt", lambda text: "\n".join(reversed(text.split("\n")[1:])), "must join bytes or what an earlier"),
    ],
)
def test_damaged_files_of_gpt2s_are_refused(folder, file, change, message):
    path = folder / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        BPETokenizer.from_gpt2(folder)
    assert message in str(caught.value) and str(folder) in str(caught.value)


def test_files_of_gpt2s_that_are_missing(folder):
    (folder / "merges.txt").unlink()
    with pytest.raises(FileNotFoundError, match="merges.txt"):
        BPETokenizer.from_gpt2(folder)
    with pytest.raises(FileNotFoundError, match="vocab.json"):
        BPETokenizer.from_gpt2(folder / "nowhere")


# ----------------------------------------------------------------------------------------------------- speed


def test_it_is_fast_beside_a_rescan_and_beside_hugging_face():
    """186 kB and 1 MB, as `python -m benchmarks` has them, take too long here; the peer is linear in the text."""
    peer, ours, theirs = bpe.run(rounds=3, trained=20_000, encoded=200_000)
    assert peer["train_ms"] >= 10 * ours["train_ms"], (peer, ours)
    assert ours["train_ratio"] <= 5 and ours["encode_ratio"] <= 10, (ours, theirs)
