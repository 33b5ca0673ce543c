"""The text that the book's own language models learn from, cut into the tokens that they share.

Byte-pair encoding of 512 tokens, learned from the corpus (`book_lib.datasets.corpus`), and the ids of both its
parts, found once and kept by `book_lib.runs`. The n-grams of one chapter and the transformer of the next read the
same tokens, so that their losses can be compared.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from book_lib._corpus import corpus
from book_lib.runs import cached
from book_lib.tokenizer import BPETokenizer

__all__ = ["VOCABULARY", "page_tokenizer", "page_tokens"]

VOCABULARY = 512


@cache
def page_tokenizer() -> BPETokenizer:
    """The byte-pair encoding of 512 tokens, learned from the corpus's training documents.

    >>> page_tokenizer().decode(page_tokenizer().encode("a list of integers"))
    'a list of integers'
    """
    merges = cached("page-tokenizer", learn_merges, {"vocab_size": VOCABULARY})["merges"]
    return BPETokenizer([tuple(pair) for pair in merges.tolist()])


def learn_merges(vocab_size: int) -> dict:
    """The merges of the page's tokenizer, shape (vocab_size − 256, 2)."""
    return {"merges": np.array(BPETokenizer.train(corpus().train, vocab_size).merges)}


def page_tokens() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The ids of the corpus's training text and of what was held out, one document after the other."""
    stored = cached("page-tokens", encode_corpus, {"vocab_size": VOCABULARY})
    return stored["train"].astype(np.int64), stored["held_out"].astype(np.int64)


def encode_corpus(vocab_size: int) -> dict:
    """Both texts in tokens, as uint16."""
    tokenizer = BPETokenizer([tuple(pair) for pair in learn_merges(vocab_size)["merges"].tolist()])
    texts = {"train": corpus().train_text, "held_out": corpus().held_out_text}
    return {name: np.array(tokenizer.encode(text), np.uint16) for name, text in texts.items()}
