"""Tokens by byte-pair encoding: text becomes integers, and comes back to the last byte.

Every byte is a token, so that there is no text which cannot be written. Training joins the pair of neighbours that is
most frequent into a new token, again and again; encoding repeats these merges in the order in which they were learned.

* :class:`BPETokenizer` trains, encodes, decodes, saves and loads, and reads GPT-2's files.
* :data:`GPT2_SPLIT` cuts text into words, numbers, signs and spaces, which no merge crosses.

>>> tokenizer = BPETokenizer.train("low lower lowest, new newer newest", 260)
>>> [tokenizer.token_bytes(token) for token in tokenizer.encode("the newest slow")]
[b't', b'h', b'e', b' ne', b'we', b's', b't', b' ', b's', b'lo', b'w']
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
import regex
from numpy.typing import ArrayLike

from book_lib import _checks, _tokenizer_files, _tokenizer_training
from book_lib._tokenizer_files import GPT2_BYTE_IDS
from book_lib._tokenizer_merging import Pair, Remembered, merge, merge_all
from book_lib._tokenizer_text import as_path, as_text, compiled, documents, pieces
from book_lib._tokenizer_vocabulary import (
    as_pairs,
    known_ids,
    numbered,
    products,
    require_each_once,
    symbols_of,
    whole_numbers,
)

__all__ = ["GPT2_BYTE_IDS", "GPT2_SPLIT", "BPETokenizer"]

GPT2_SPLIT = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""How GPT-2 cuts a text: endings such as 's; letters, digits or signs, with a space before; spaces."""


class BPETokenizer:
    """Byte-level byte-pair encoding (:cite:`sennrich2016neural`, on bytes as in :cite:`radford2019language`).

    The ids 0 … 255 are the bytes in order, then come the merges in theirs, then the special tokens; ``token_ids`` can
    say otherwise. A tokenizer does not change once it is made. See the section :ref:`sec-lm-bpe`.

    Args:
        merges: pairs of ids, in the order in which they are made.
        special_tokens: texts that stand for something outside the text, such as ``"<|endoftext|>"``; in the order of
            their ids, or with their ids.
        split: a pattern for the package `regex`; no token crosses from one match to the next. What it does not match
            is left in one piece. None leaves all text in one piece.
        token_ids: the ids of the 256 bytes and of what the merges make; 0, 1, 2, … unless given.

    Raises:
        ValueError: if a merge names a token that is not made yet, is repeated, or makes a token again; if special
            tokens are empty or repeated; if the ids are not 0 … V − 1, each once; if ``split`` is no pattern.
        TypeError: if an argument is of another kind.

    >>> tokenizer = BPETokenizer([(97, 98), (256, 99)], special_tokens=["<|end|>"])
    >>> tokenizer.encode("abcab"), tokenizer.decode([257, 258])
    ([257, 256], 'abc<|end|>')
    """

    def __init__(
        self,
        merges: Iterable[Sequence[int]] = (),
        special_tokens: Iterable[str] | Mapping[str, int] = (),
        split: str | None = GPT2_SPLIT,
        token_ids: Sequence[int] | None = None,
    ) -> None:
        self._pattern = compiled(split)
        pairs = as_pairs(merges)
        size = 256 + len(pairs)
        self._ids = range(size) if token_ids is None else whole_numbers("token_ids", token_ids)
        if len(self._ids) != size:
            raise ValueError(f"token_ids must name {size} ids, for 256 bytes and {len(pairs)} merges, "
                             f"got {len(self._ids)}")  # fmt: skip
        self._specials = numbered(special_tokens, size)
        require_each_once([*self._ids, *self._specials.values()])
        if self._ids == list(range(size)):
            self._ids = range(size)
        self._merges = pairs
        # subtle: inside, symbol b is the byte b and 256 + k what merge k makes, whatever their ids are.
        symbols = symbols_of(pairs, self._ids)
        self._joins = {pair: 256 + k for k, pair in enumerate(symbols)}
        self._table = self._bytes_by_id(symbols)
        self._chunks = Remembered(self._encode_chunk)

    def _bytes_by_id(self, symbols: Sequence[Pair]) -> list[bytes]:
        made = products(symbols)
        table = [b""] * (len(made) + len(self._specials))
        for number, content in zip(self._ids, made, strict=True):
            table[number] = content
        for name, number in self._specials.items():
            table[number] = name.encode()
        return table

    # ------------------------------------------------------------------------------------------- learning

    @classmethod
    def train(
        cls,
        text: str | bytes | Iterable[str | bytes],
        vocab_size: int,
        *,
        split: str | None = GPT2_SPLIT,
        special_tokens: Iterable[str] = (),
        byte_ids: Sequence[int] | None = None,
    ) -> Self:
        """Learn merges from a text or from documents, always the most frequent pair of neighbours.

        Of pairs that are equally frequent, the one with the smallest ids is joined, as in Hugging Face's `tokenizers`;
        nothing else decides, so that the same text gives the same tokenizer everywhere. Distinct chunks are looked at
        once, with their counts, and after a merge only what it changed is counted anew. See the section
        :ref:`sec-lm-bpe`.

        Args:
            text: a text or several, as str or as UTF-8; no token crosses from one document to the next. Special tokens
                are not looked for in it.
            vocab_size: V = 256 + merges + special tokens.
            split: as for the class.
            special_tokens: in the order of their ids, which are the last.
            byte_ids: the ids of the 256 bytes, 0 … 255 in any order. With :data:`GPT2_BYTE_IDS`, ties fall as they do
                in Hugging Face's.

        Raises:
            ValueError: if ``vocab_size`` is too small for the bytes and the special tokens, or larger than the text
                can fill; if text is not UTF-8 or holds half of a surrogate pair; otherwise as the class.
            TypeError: if an argument is of another kind.

        >>> BPETokenizer.train("aaabdaaabac", 259).merges
        [(97, 97), (97, 98), (256, 257)]
        """
        return cls._learn(_train_counted, text, vocab_size, split, special_tokens, byte_ids)

    @classmethod
    def train_by_rescan(
        cls,
        text: str | bytes | Iterable[str | bytes],
        vocab_size: int,
        *,
        split: str | None = GPT2_SPLIT,
        special_tokens: Iterable[str] = (),
        byte_ids: Sequence[int] | None = None,
    ) -> Self:
        """Learn the merges of :meth:`train` by counting all pairs of the whole text before each: clear, and slow.

        Raises:
            ValueError, TypeError: as :meth:`train`.

        >>> BPETokenizer.train_by_rescan("aaabdaaabac", 259) == BPETokenizer.train("aaabdaaabac", 259)
        True
        """
        return cls._learn(_train_by_rescan, text, vocab_size, split, special_tokens, byte_ids)

    @classmethod
    def _learn(
        cls,
        trainer: Callable[[Iterator[str], Sequence[int]], Iterator[Pair]],
        text: str | bytes | Iterable[str | bytes],
        vocab_size: int,
        split: str | None,
        special_tokens: Iterable[str],
        byte_ids: Sequence[int] | None,
    ) -> Self:
        pattern, names = compiled(split), list(numbered(special_tokens, 0))
        size = _checks.integer("vocab_size", vocab_size, 256 + len(names))
        order = list(range(256)) if byte_ids is None else whole_numbers("byte_ids", byte_ids)
        if sorted(order) != list(range(256)):
            raise ValueError("byte_ids must hold 0 … 255, each once")
        wanted = size - 256 - len(names)
        chunks = chain.from_iterable(pieces(pattern, document) for document in documents(text))
        merges = list(islice(trainer(chunks, order), wanted))
        if len(merges) < wanted:
            most = size - wanted + len(merges)
            raise ValueError(f"vocab_size must be at most {most} for this text, which has no more pairs, got {size}")
        return cls(merges, names, split, [*order, *range(256, 256 + wanted)])

    # ------------------------------------------------------------------------------------------ what it is

    @property
    def vocab_size(self) -> int:
        """V, how many ids there are."""
        return len(self._table)

    @property
    def merges(self) -> list[Pair]:
        """Pairs of ids, in the order in which they are made."""
        return list(self._merges)

    @property
    def special_tokens(self) -> dict[str, int]:
        """Special token → id."""
        return dict(self._specials)

    @property
    def split(self) -> str | None:
        """The pattern that cuts text into chunks, or None."""
        return self._pattern.pattern if self._pattern else None

    @property
    def token_ids(self) -> list[int] | None:
        """The ids of the bytes and of what the merges make, or None if they are 0, 1, 2, …"""
        return None if isinstance(self._ids, range) else list(self._ids)

    def token_bytes(self, id: int) -> bytes:
        """Return what a token stands for, which need not be whole letters.

        Raises:
            ValueError: if there is no such token.
            TypeError: if ``id`` is not an integer.

        >>> BPETokenizer([(0xE2, 0x82)]).token_bytes(256)
        b'\\xe2\\x82'
        """
        return self._table[_checks.integer("id", id, 0, self.vocab_size - 1)]

    def _definition(self) -> dict[str, Any]:
        return {
            "special_tokens": self.special_tokens,
            "split": self.split,
            "token_ids": self.token_ids,
            "merges": self.merges,
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BPETokenizer):
            return NotImplemented
        return self._definition() == other._definition()

    def __hash__(self) -> int:
        return hash((tuple(self._merges), tuple(self._specials.items()), self.split))

    def __repr__(self) -> str:
        specials = f", special_tokens={list(self._specials)}" if self._specials else ""
        return f"BPETokenizer(vocab_size={self.vocab_size}{specials})"

    def __reduce__(self) -> tuple:
        # What it remembers of texts stays behind.
        return type(self), (self.merges, self.special_tokens, self.split, self.token_ids)

    # ----------------------------------------------------------------------------------- there and back

    def encode(self, text: str | bytes, allow_special: bool = False) -> list[int]:
        """Return the ids of a text.

        Args:
            text: str, or bytes that are UTF-8.
            allow_special: whether a special token written in the text becomes its id; otherwise it is text like any
                other, so that nobody can end a conversation by writing so.

        Raises:
            ValueError: if ``text`` is not UTF-8, or holds half of a surrogate pair, which UTF-8 cannot write.
            TypeError: if it is neither str nor bytes, or ``allow_special`` neither True nor False.

        >>> tokenizer = BPETokenizer(special_tokens=["<|end|>"])
        >>> len(tokenizer.encode("Hi<|end|>")), tokenizer.encode("Hi<|end|>", allow_special=True)
        (9, [72, 105, 256])
        """
        text = as_text("text", text)
        if not isinstance(allow_special, (bool, np.bool_)):
            raise TypeError(f"allow_special must be True or False, got {allow_special!r}")
        if not allow_special or not self._specials:
            return self._encode_plain(text)
        ids: list[int] = []
        for part in self._special_pattern.split(text):
            ids += [self._specials[part]] if part in self._specials else self._encode_plain(part)
        return ids

    def encode_bytes(self, data: bytes) -> list[int]:
        """Return the ids of any bytes; what is not UTF-8 among them is split as if each byte were a sign.

        Raises:
            TypeError: if ``data`` is not bytes.

        >>> BPETokenizer().decode_bytes(BPETokenizer().encode_bytes(b"\\xff\\x00 caf\\xc3"))
        b'\\xff\\x00 caf\\xc3'
        """
        if not isinstance(data, (bytes, bytearray)):
            raise TypeError(f"data must be bytes, got {type(data).__name__}")
        # subtle: the bytes that are no text become halves of surrogate pairs, which no text holds, and back again.
        return self._encode_plain(data.decode(errors="surrogateescape"))

    def _encode_plain(self, text: str) -> list[int]:
        return list(chain.from_iterable(map(self._chunks.__getitem__, pieces(self._pattern, text))))

    def _encode_chunk(self, chunk: str) -> tuple[int, ...]:
        symbols = merge(list(chunk.encode(errors="surrogateescape")), self._joins)
        return tuple(map(self._ids.__getitem__, symbols))

    @cached_property
    def _special_pattern(self) -> regex.Pattern:
        # subtle: the longest first, or "<|end|>" would hide "<|end|>2".
        names = sorted(self._specials, key=len, reverse=True)
        return regex.compile(f"({'|'.join(map(regex.escape, names))})")

    def steps(self, text: str | bytes) -> list[list[bytes]]:
        """Return the tokens of a text before the first merge, after each, and so in the end what :meth:`encode` finds.

        Raises:
            ValueError, TypeError: as :meth:`encode`.

        >>> for tokens in BPETokenizer([(97, 98), (256, 99)]).steps("abc"):
        ...     print(tokens)
        [b'a', b'b', b'c']
        [b'ab', b'c']
        [b'abc']
        """
        chunks = [list(chunk.encode()) for chunk in pieces(self._pattern, as_text("text", text))]
        stages = [chunks]
        while True:
            possible = [self._joins[pair] for ids in chunks for pair in pairwise(ids) if pair in self._joins]
            if not possible:
                return [[self._table[self._ids[k]] for ids in stage for k in ids] for stage in stages]
            new = min(possible)
            pair = next(pair for pair, joined in self._joins.items() if joined == new)
            chunks = [merge_all(ids, pair, new) for ids in chunks]
            stages.append(chunks)

    def decode_bytes(self, ids: ArrayLike) -> bytes:
        """Return the bytes that tokens stand for, one after the other.

        Args:
            ids: integers, shape (T,).

        Raises:
            ValueError: if an id is not in the vocabulary, or they are not in one row.
            TypeError: if they are not integers.

        >>> BPETokenizer([(104, 105)]).decode_bytes([256, 33])
        b'hi!'
        """
        return b"".join(map(self._table.__getitem__, known_ids("ids", ids, self.vocab_size)))

    def decode(self, ids: ArrayLike, errors: str = "replace") -> str:
        """Return the text that tokens stand for; special tokens are written as they are called.

        Args:
            ids: integers, shape (T,).
            errors: what becomes of bytes that are not UTF-8, such as a letter cut off in the middle: "replace" writes
                �, "ignore" nothing, "backslashreplace" their number; "strict" refuses.

        Raises:
            ValueError: as :meth:`decode_bytes`, if ``errors`` is none of these, or if it is "strict" and there are any.
            TypeError: as :meth:`decode_bytes`.

        >>> BPETokenizer().decode([0xE6, 0x97, 0xA5, 0xE6])
        '日�'
        """
        _checks.one_of("errors", errors, ("replace", "ignore", "backslashreplace", "strict"))
        data = self.decode_bytes(ids)
        try:
            return data.decode(errors=errors)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"ids must stand for text in UTF-8 if errors is 'strict', got byte {data[error.start]:#04x} "
                f"at offset {error.start}"
            ) from None

    # --------------------------------------------------------------------------------------------- files

    def save(self, path: str | Path) -> None:
        """Write the tokenizer to one JSON file, in one step: who reads it sees all of it or none.

        Raises:
            OSError: if that cannot be done.

        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "tokenizer.json"
        >>> tokenizer = BPETokenizer.train("abababab", 258)
        >>> tokenizer.save(path)
        >>> BPETokenizer.load(path) == tokenizer
        True
        """
        _tokenizer_files.write(as_path("path", path), self._definition())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is cut off, of another format or inconsistent, naming the file and what was expected.
        """
        path = as_path("path", path)
        return cls._from(path, _tokenizer_files.read(path))

    @classmethod
    def from_gpt2(cls, folder: str | Path) -> Self:
        """Read a tokenizer in GPT-2's format: ``vocab.json`` (token → id) and ``merges.txt`` (a merge a line).

        Ids are those of ``vocab.json``: GPT-2's bytes are not in order, see :data:`GPT2_BYTE_IDS`. What the merges do
        not make must be written as ``<…>`` or ``[…]`` and is taken for a special token.

        Raises:
            FileNotFoundError: if one of the files is missing.
            ValueError: if one is damaged, or they do not belong together, naming the file and what was expected.
        """
        folder = as_path("folder", folder)
        return cls._from(folder, _tokenizer_files.read_gpt2(folder))

    @classmethod
    def _from(cls, path: Path, definition: dict[str, Any]) -> Self:
        try:
            return cls(**definition)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} must hold a tokenizer that is consistent: {error}") from None


# --------------------------------------------------------------------------------------------------- trainers


def _train_counted(chunks: Iterator[str], byte_ids: Sequence[int]) -> Iterator[Pair]:
    counts = {chunk.encode(): count for chunk, count in Counter(chunks).items()}
    return _tokenizer_training.incremental(counts, byte_ids)


def _train_by_rescan(chunks: Iterator[str], byte_ids: Sequence[int]) -> Iterator[Pair]:
    return _tokenizer_training.rescan((chunk.encode() for chunk in chunks), byte_ids)
