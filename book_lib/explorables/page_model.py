"""A language model that travels beside a page: what the explorables that run it share on Python's side."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from book_lib.explorables import assets
from book_lib.explorables.base import ArgumentError

if TYPE_CHECKING:
    from book_lib.tokenizer import BPETokenizer
    from book_lib.transformer import GPT

ASSET = "page-gpt"
PROMPT = "Return the"  # subtle: no space at the end, for tokens bring their own before a word
LONGEST = 2000  # letters of a prompt, as in parts/prompt_box.js
HOT = 6.0  # nats at which a token is drawn in the hottest colour, as in parts/passage.js
WORTH = 0.9  # compressed data is shipped if it is smaller than this fraction, as in book_ext/assets.py
ACROSS = 62  # letters in a line of a picture

Piece = tuple[str, float | None]


def ship(name: str, arrays: Mapping[str, NDArray] | None) -> str:
    """Ship the arrays of `book_lib.quantization.page_arrays` under a name, or find what this kernel has shipped.

    Raises:
        ArgumentError: (a ValueError) if nothing is there by this name, or no model.
    """
    if arrays is not None:
        assets.asset(name, dict(arrays))
    if name not in assets._shipped:
        raise ArgumentError(
            f"asset must name a model that this kernel has shipped by asset(name, page_arrays(model, tokenizer)), "
            f"not {name!r}"
        )
    try:
        load(name)
    except ValueError as error:
        raise ArgumentError(f"asset {name!r} must be a model from page_arrays: {error}") from None
    return name


def load(name: str) -> tuple[GPT, BPETokenizer]:
    """The model and the tokenizer as the page has them, read from what was shipped."""
    header, body = assets._shipped[name]
    entries = tuple((e["name"], e["dtype"], tuple(e["shape"]), e["offset"]) for e in header.get("arrays", ()))
    return _read(entries, body)


@lru_cache(maxsize=4)
def _read(entries: tuple[tuple[str, str, tuple[int, ...], int], ...], body: bytes) -> tuple[GPT, BPETokenizer]:
    from book_lib.quantization import from_page_arrays

    return from_page_arrays(
        {
            name: np.frombuffer(body, dtype, int(np.prod(shape)), offset).reshape(shape)
            for name, dtype, shape, offset in entries
        }
    )


@lru_cache(maxsize=4)
def _packed(body: bytes) -> int:
    small = len(gzip.compress(body, 9, mtime=0))
    return small if small < WORTH * len(body) else len(body)


def transfer(name: str) -> int:
    """About how many bytes the page loads: compressed if that helps, and as base64, four letters for three bytes."""
    return 4 * -(-_packed(assets._shipped[name][1]) // 3)


def prompt_ids(tokenizer: BPETokenizer, model: GPT, prompt: str) -> list[int]:
    """The tokens of a prompt; of an empty one the first special token, with which a document ends and begins.

    Raises:
        ArgumentError: (a ValueError) if there is none, if the prompt is longer than a page takes, or if it leaves
            no room in the context.
    """
    if len(prompt) > LONGEST:
        raise ArgumentError(f"prompt must have at most {LONGEST} letters, not {len(prompt)}")
    ids = tokenizer.encode(prompt) or list(tokenizer.special_tokens.values())[:1]
    if not 0 < len(ids) < model.context:
        raise ArgumentError(f"prompt must have 1 to {model.context - 1} tokens, not {len(ids)}")
    return ids


def energies(model: GPT, ids: list[int]) -> NDArray[np.float64]:
    """−ln p of each token but the first, given those before it, at T = 1, shape (len(ids) − 1,)."""
    import torch

    from book_lib.probability import log_softmax

    with torch.inference_mode():
        logits = model(torch.tensor([ids[:-1]]))[0].double().numpy()
    return -log_softmax(logits)[np.arange(len(ids) - 1), ids[1:]]


def pieces(model: GPT, tokenizer: BPETokenizer, ids: list[int], given: int) -> list[Piece]:
    """Tokens as text with their energies; those that were given, the first ones, have none."""
    energy = energies(model, ids) if len(ids) > given else []
    return [
        (shown(tokenizer.token_bytes(token)), float(energy[i - 1]) if i >= given else None)
        for i, token in enumerate(ids)
    ]


def shown(content: bytes) -> str:
    """A token's bytes as text where they are whole letters; else byte by byte, as core/bpe.js shows them.

    >>> shown(b"the"), shown(b"a\\xe6")
    ('the', 'a<E6>')
    """
    try:
        return content.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 128 else f"<{byte:X}>" for byte in content)


# ---------------------------------------------------------------------------------------------------- pictures


def write_out(axes: Any, lines: list[Piece], top: float = 0.0) -> float:
    """Set tokens in a typewriter's letters, underlined by energy on the temperature scale; returns the next line."""
    column, row = 0, top
    for text, energy in lines:
        for rest in text:
            if column == ACROSS:
                column, row = 0, row + 1
            if not rest.isspace() or rest == "\n":
                axes.text(column + 0.5, row, _sign(rest), family="DejaVu Sans Mono", fontsize=8, ha="center",
                          va="baseline", parse_math=False)  # fmt: skip
            column += 1
            if energy is not None:
                _underline(axes, column, row, energy)
    return row + 1


def _sign(letter: str) -> str:
    """The letter if every typewriter has it; an arrow for the end of a line, which a picture does not end."""
    return "↵" if letter == "\n" else letter if letter.isascii() and letter.isprintable() else "·"


def _underline(axes: Any, column: int, row: float, energy: float) -> None:
    from book_lib import plotting

    heat = min(1.0, max(0.0, energy / HOT))
    color = plotting.temperature_color(energy, 0, HOT)
    axes.plot([column - 1, column], [row + 0.3] * 2, color=color, linewidth=1 + 2 * heat, solid_capstyle="butt")


def paper(axes: Any, rows: float) -> None:
    """Axes without marks, lines counted from the top."""
    axes.set(xlim=(0, ACROSS), ylim=(max(rows, 7) - 0.2, -1.2))
    axes.set_axis_off()
