"""Byte-pair encoding: 256 merges learned from 186,000 characters of the corpus, and a million of them encoded.

The peer is the trainer that one writes first, in our own words: it counts the pairs of the whole text, joins the most
frequent everywhere, and begins again; its encoder looks for the earliest merge in each chunk, again and again. The
other is Hugging Face's `tokenizers`, in Rust, with all the threads that it takes. All cut the text by GPT-2's pattern
and settle ties alike, so that their merges and their ids are the same, which is checked. What is compared is the time
on the clock, rivals in turns, the best of several rounds; the peer has one turn, as it takes many seconds.

An encoder that has seen a text remembers its words, ours and Hugging Face's. Each round encodes with a new one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import regex

from book_lib.datasets import corpus
from book_lib.tokenizer import GPT2_BYTE_IDS, GPT2_SPLIT, BPETokenizer

TRAINED, ENCODED, MERGES, ROUNDS = 186_000, 1_000_000, 256, 7
PEER, OURS, THEIRS = "rescan for each merge", "book_lib BPETokenizer", "Hugging Face tokenizers (Rust)"
Ids = list[int]


def joined(ids: Ids, pair: tuple[int, int], new: int) -> Ids:
    """Return ``ids`` with ``new`` wherever ``pair`` was."""
    out, k = [], 0
    while k < len(ids):
        if ids[k] == pair[0] and k < len(ids) - 1 and ids[k + 1] == pair[1]:
            out.append(new)
            k += 2
        else:
            out.append(ids[k])
            k += 1
    return out


def peer_train(text: str, merges: int = MERGES) -> list[tuple[int, int]]:
    """Return merges, each found by counting all pairs of the text."""
    chunks = [[GPT2_BYTE_IDS[byte] for byte in chunk.encode()] for chunk in regex.findall(GPT2_SPLIT, text)]
    found = []
    for new in range(256, 256 + merges):
        counts: dict[tuple[int, int], int] = {}
        for ids in chunks:
            for pair in zip(ids, ids[1:], strict=False):
                counts[pair] = counts.get(pair, 0) + 1
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        chunks = [joined(ids, best, new) for ids in chunks]
        found.append(best)
    return found


def peer_encode(merges: list[tuple[int, int]], text: str) -> Ids:
    """Return ids, found in each chunk by itself."""
    made = {pair: 256 + k for k, pair in enumerate(merges)}
    out: Ids = []
    for chunk in regex.findall(GPT2_SPLIT, text):
        ids = [GPT2_BYTE_IDS[byte] for byte in chunk.encode()]
        while len(ids) > 1:
            pair = min(zip(ids, ids[1:], strict=False), key=lambda pair: made.get(pair, 10**9))
            if pair not in made:
                break
            ids = joined(ids, pair, made[pair])
        out += ids
    return out


def ours(text: str, merges: int = MERGES) -> BPETokenizer:
    """Return our tokenizer, which breaks ties by the ids that Hugging Face gives to the bytes."""
    return BPETokenizer.train(text, 256 + merges, byte_ids=GPT2_BYTE_IDS)


def theirs(text: str, merges: int = MERGES) -> Any:
    """Return Hugging Face's tokenizer."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=256 + merges, show_progress=False, initial_alphabet=alphabet)
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


def merges_of(tokenizer: Any) -> list[tuple[int, int]]:
    """Return the merges of Hugging Face's tokenizer as pairs of ids."""
    ids = tokenizer.get_vocab()
    return [(ids[left], ids[right]) for left, right in json.loads(tokenizer.to_str())["model"]["merges"]]


def run(rounds: int = ROUNDS, trained: int = TRAINED, encoded: int = ENCODED) -> list[dict]:
    """Time all in turns and return the rows of the table, ratios of time to Hugging Face's."""
    learn, text = corpus().train_text[:trained], corpus().train_text[:encoded]
    best: dict[tuple[str, str], float] = {}

    def timed(name: str, work: str, call: Callable, *arguments: Any) -> Any:
        start = time.perf_counter()
        result = call(*arguments)
        best[name, work] = min(best.get((name, work), float("inf")), time.perf_counter() - start)
        return result

    merges = timed(PEER, "train", peer_train, learn)
    ids = timed(PEER, "encode", peer_encode, merges, text)
    for _ in range(rounds):
        mine, other = timed(OURS, "train", ours, learn), timed(THEIRS, "train", theirs, learn)
        found = timed(OURS, "encode", mine.encode, text), timed(THEIRS, "encode", other.encode, text).ids
        if not merges == mine.merges == merges_of(other) or not ids == found[0] == found[1]:
            raise AssertionError("the three do not find the same merges and ids")
    return [_row(name, best) for name in (PEER, OURS, THEIRS)]


def _row(name: str, best: dict[tuple[str, str], float]) -> dict:
    row: dict = {"name": name}
    for work in ("train", "encode"):
        row[f"{work}_ms"] = round(1e3 * best[name, work], 1)
        row[f"{work}_ratio"] = round(best[name, work] / best[THEIRS, work], 2)
    return row
