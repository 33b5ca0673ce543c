"""Answers as a policy gives them, and how probable they were: what learning from rewards is fed with.

See :mod:`book_lib.pipeline.ppo`. In the comments N is the answers, T the tokens of a row, M those of all answers,
S the keys that may be looked at, V the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from book_lib import _checks
from book_lib._transformer_ids import as_ids
from book_lib._transformer_model import Attention, at_rest
from book_lib.pipeline._align_config import AlignConfig, as_config
from book_lib.pipeline._chat_messages import Conversation
from book_lib.pipeline._chat_model import require_fit
from book_lib.pipeline._chat_template import ChatTemplate
from book_lib.rng import RandomLike, as_generator
from book_lib.transformer import GPT

TOGETHER = 256  # prompts that are answered side by side
Rows = Sequence[NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Rollout:
    """Answers to N prompts. Rows are prompt, answer, and filling up to the longest.

    Args:
        prompts: what was asked.
        answers: what was said, without ``<|end|>``.
        ids: int64, shape (N, T).
        mask: True at the tokens of the answers, with the ``<|end|>`` that closes them; bool, shape (N, T).
        ended: whether there is such an end, shape (N,); without it the answer was cut off.
        logps: ln π of each of these tokens, as it was drawn, shape (N, T); 0 elsewhere.
    """

    prompts: tuple[Conversation, ...] = field(repr=False)
    answers: tuple[str, ...]
    ids: Tensor = field(repr=False)
    mask: Tensor = field(repr=False)
    ended: NDArray[np.bool_] = field(repr=False)
    logps: Tensor = field(repr=False)

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens in each answer, with its end, shape (N,)."""
        return self.mask.sum(1).numpy()


def rollout(
    policy: GPT, template: ChatTemplate, prompts: Sequence[Conversation], config: AlignConfig, rng: RandomLike
) -> Rollout:
    """Let a policy answer each of N prompts, all side by side.

    Tokens are drawn from softmax(z/T), whole: with top-k or top-p the answers would come from another law than the one
    whose probabilities are looked up, and a divergence estimated from them could be negative. What a prompt is answered
    does not depend on the others.

    Args:
        policy: of the template's vocabulary; it remembers keys and values while it writes.
        template: of the conversations.
        prompts: N of them, each ending with the user's message.
        config: its ``max_new_tokens`` and ``temperature`` count.
        rng: a seed or a generator; N × ``max_new_tokens`` uniform numbers are drawn.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if there is no prompt, one is none or leaves too little room in the context, which is named by its
            index, or the vocabularies differ.

    See the section :ref:`sec-align-rollouts`.

    >>> from book_lib.pipeline.chat import Message
    >>> from book_lib.tokenizer import BPETokenizer
    >>> from book_lib.transformer import GPTConfig
    >>> template = ChatTemplate(BPETokenizer())
    >>> policy = GPT(GPTConfig(template.vocab_size, context=32, width=16, layers=1, heads=2))
    >>> said = rollout(policy, template, [(Message("user", "Hello?"),)], AlignConfig(max_new_tokens=4), rng=0)
    >>> said.ids.shape, said.lengths.tolist(), said.ended.tolist()
    (torch.Size([1, 13]), [4], [False])
    """
    rows = prompt_rows(policy, template, prompts, as_config(config).max_new_tokens)
    uniform = as_generator(rng).random((len(rows), config.max_new_tokens))
    parts = []
    for first in range(0, len(rows), TOGETHER):
        here = slice(first, first + TOGETHER)
        parts.append(_write(policy, rows[here], uniform[here], template.end, config.temperature))
    written, logps = (np.concatenate(part) for part in zip(*parts, strict=True))  # (N, max_new_tokens)
    return _gathered(template, tuple(prompts), rows, written, logps)


def prompt_rows(policy: GPT, template: ChatTemplate, prompts: Sequence[Conversation], room: int) -> Rows:
    """Return the tokens of each prompt if so many more fit behind them into the context; errors as :func:`rollout`."""
    require_fit(policy, template)
    if isinstance(prompts, (str, bytes)) or not isinstance(prompts, Sequence):
        raise TypeError(f"prompts must be a sequence of conversations, got {type(prompts).__name__}")
    if not prompts:
        raise ValueError("prompts must hold at least one conversation, got none")
    rows = []
    for index, prompt in enumerate(prompts):
        try:
            rows.append(template.prompt(prompt))
        except (TypeError, ValueError) as error:
            raise type(error)(f"prompts[{index}]: {error}") from None
        if len(rows[-1]) + room > policy.context:
            raise ValueError(f"prompts[{index}] must leave room for max_new_tokens, {room}, in the context of "
                             f"{policy.context} tokens, got a prompt of {len(rows[-1])}")  # fmt: skip
    return rows


def _write(
    policy: GPT, rows: Rows, uniform: NDArray[np.float64], end: int, temperature: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return what is written behind prompts, and ln π of it, shape (N, L); what follows an end is −1."""
    written = np.full(uniform.shape, -1)
    logps = np.zeros(uniform.shape, dtype=np.float32)
    with at_rest(policy):
        reader = Reader(policy, rows, uniform.shape[1])
        read, going = np.arange(len(rows)), np.ones(len(rows), dtype=bool)  # who is in the reader, and has not ended
        for step in range(uniform.shape[1]):
            log_law = (reader.logits.cpu().double() / temperature).log_softmax(1)  # (N', V)
            token = _drawn(log_law, torch.from_numpy(uniform[read, step]))  # (N',)
            written[read[going], step] = token.numpy()[going]
            logps[read[going], step] = log_law.gather(1, token[:, None])[:, 0].numpy()[going]
            going = going & (token.numpy() != end)
            if not going.any() or step == uniform.shape[1] - 1:
                break
            if 2 * going.sum() <= len(going):  # moving what is remembered costs about as much as reading on
                reader.keep(going)
                read, token, going = read[going], token[torch.from_numpy(going)], going[going]
            reader.append(token)
    return written, logps


def _drawn(log_law: Tensor, uniform: Tensor) -> Tensor:
    """Return a token for each row of ln p, shape (N, V), by inverting the cumulative sum at u in [0, 1)."""
    edges = log_law.exp().cumsum(1)
    # subtle: scaled by the last edge, which may be 1 − 1e-16, so that no draw falls past the end.
    found = torch.searchsorted(edges, (uniform * edges[:, -1])[:, None], right=True)[:, 0]
    return found.clamp(max=log_law.size(1) - 1)


def _gathered(
    template: ChatTemplate, prompts: tuple, rows: Rows, written: NDArray[np.int64], logps: NDArray[np.float32]
) -> Rollout:
    """Return prompts and answers as rows that are filled up behind."""
    sizes = np.array([len(row) for row in rows])
    lengths = (written >= 0).sum(1)
    ids = np.full((len(rows), int((sizes + lengths).max())), template.pad)
    mask, placed = np.zeros(ids.shape, dtype=bool), np.zeros(ids.shape, dtype=np.float32)
    answers, ended = [], written[np.arange(len(rows)), lengths - 1] == template.end
    for index, row in enumerate(rows):
        here = slice(sizes[index], sizes[index] + lengths[index])
        said = written[index, : lengths[index]]
        ids[index, : sizes[index]], ids[index, here] = row, said
        mask[index, here], placed[index, here] = True, logps[index, : lengths[index]]
        answers.append(template.tokenizer.decode(said[: lengths[index] - int(ended[index])]))
    return Rollout(prompts, tuple(answers), torch.from_numpy(ids), torch.from_numpy(mask), ended,
                   torch.from_numpy(placed))  # fmt: skip


class Reader:
    """What a model has read of texts of different lengths side by side, with its keys and values.

    :class:`book_lib.transformer.GPTState` wants texts of one length. Here the shorter ones are filled up in front, so
    that all end at the same place; nobody looks at the filling, and each text's places count from its own beginning.

    Args:
        model: a GPT, at rest.
        rows: the texts, N of them.
        room: tokens that will be appended at most.

    Attributes:
        logits: of what follows each text, shape (N, V).
    """

    def __init__(self, model: GPT, rows: Rows, room: int) -> None:
        c, like = model.config, model.token_embedding.weight
        sizes = torch.tensor([len(row) for row in rows], device=like.device)
        longest = int(sizes.max())
        ids = torch.zeros(len(rows), longest, dtype=torch.int64)
        for index, row in enumerate(rows):
            ids[index, longest - len(row) :] = torch.from_numpy(row)
        self.model, self.length, self.filling = model, 0, longest - sizes  # (N,)
        shape = (c.layers, len(rows), c.heads, longest + room, c.width // c.heads)
        self.keys, self.values = (torch.empty(shape, dtype=like.dtype, device=like.device) for _ in range(2))
        self.logits = self._read(ids.to(like.device))

    def keep(self, going: NDArray[np.bool_]) -> None:
        """Forget the texts that do not go on; ``going`` has shape (N,)."""
        stays = torch.from_numpy(going).to(self.filling.device)
        self.filling = self.filling[stays]
        self.keys, self.values = self.keys[:, stays], self.values[:, stays]

    def append(self, tokens: Tensor) -> None:
        """Read one more token of each text, shape (N,)."""
        self.logits = self._read(tokens.to(self.filling.device)[:, None])

    def _read(self, ids: Tensor) -> Tensor:
        """Return the logits behind ids (N, T)."""
        model, start, end = self.model, self.length, self.length + ids.size(1)
        keys = torch.arange(end, device=ids.device)  # (S,)
        queries = keys[start:, None]  # (T, 1)
        places = (queries[:, 0] - self.filling[:, None]).clamp(min=0)  # (N, T)
        # subtle: filling sees itself, as a softmax over nothing is NaN, and 0 · NaN would spoil the others.
        mask = (keys <= queries) & (keys >= self.filling[:, None, None]) | (keys == queries)  # (N, T, S)
        x = model.token_embedding(ids) + model.position_embedding(places)  # (N, T, d)
        for block, k, v in zip(model.blocks, self.keys, self.values, strict=True):
            x = self._through(block, x, mask[:, None], (k, v, start))
        self.length = end
        return model.unembed(x[:, -1])

    @staticmethod
    def _through(block: torch.nn.Module, x: Tensor, mask: Tensor, past: tuple[Tensor, Tensor, int]) -> Tensor:
        """Return what a block makes of x (N, T, d), with a mask (N, 1, T, S); see `_transformer_model.Block`."""
        q, k, v = block.attention.split(block.norm1(x))  # (N, h, T, e)
        k, v = Attention.remember(k, v, *past)  # (N, h, S, e)
        y = F.scaled_dot_product_attention(q, k, v, mask)
        x = x + block.attention.out(y.transpose(1, 2).flatten(2))
        return x + block.mlp(block.norm2(x))


# --------------------------------------------------------------------------------------------- probabilities


def sequence_logprobs(model: GPT, ids: ArrayLike | Tensor, answer_mask: ArrayLike | Tensor,
                      temperature: float = 1.0) -> Tensor:  # fmt: skip
    """Return ln π of each token of the answers, to differentiate: one reading of rows that are there already.

    Args:
        model: a :class:`GPT`.
        ids: rows filled up behind, shape (B, T).
        answer_mask: True at the tokens that are asked for, shape (B, T); never the first of a row, before which there
            is nothing.
        temperature: T > 0, by which logits are divided; the one at which the answers were drawn.

    Returns:
        Shape (B, T); 0 where the mask is False. A row's sum is ln π(answer | prompt).

    Raises:
        TypeError, ValueError: if the ids do not fit the model, or the mask does not fit the ids.

    See the section :ref:`sec-align-rollouts`.

    >>> from book_lib.transformer import GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=10, context=8, width=16, layers=1, heads=2))
    >>> found = sequence_logprobs(model, [[3, 1, 4]], [[False, False, True]])
    >>> bool(torch.isclose(found[0, 2], model([[3, 1]])[0, 1].log_softmax(0)[4]))
    True
    """
    ids = as_ids("ids", ids, model, shape="(B, T)")
    mask = torch.as_tensor(answer_mask, device=ids.device)
    if mask.dtype != torch.bool or mask.shape != ids.shape:
        raise ValueError(f"answer_mask must be True or False for each of the ids, shape {tuple(ids.shape)}, got "
                         f"{mask.dtype} of shape {tuple(mask.shape)}")  # fmt: skip
    if bool(mask[:, 0].any()):
        raise ValueError("answer_mask must be False for the first token of a row: there is nothing before it")
    log_law = answer_law(model, answer_stream(model, ids, mask), _checks.positive("temperature", temperature))
    return scattered(picked(log_law, ids, mask), mask)


def answer_stream(model: GPT, ids: Tensor, mask: Tensor) -> Tensor:
    """Return what the last block leaves at the places before the tokens asked for, (M, d), for checked ids (N, T)."""
    return model.stream(ids[:, :-1])[mask[:, 1:]]  # the place before a token predicts it


def answer_law(model: GPT, stream: Tensor, temperature: float) -> Tensor:
    """Return ln of the law of the next token, (M, V), for a stream (M, d)."""
    return (model.unembed(stream) / temperature).log_softmax(1)


def picked(log_law: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
    """Return what the law (M, V) says of the tokens that are there, (M,)."""
    return log_law.gather(1, ids[mask][:, None])[:, 0]


def scattered(flat: Tensor, mask: Tensor) -> Tensor:
    """Return M numbers at their places, (N, T), and 0 elsewhere."""
    return torch.zeros(mask.shape, dtype=flat.dtype, device=flat.device).masked_scatter(mask, flat)
