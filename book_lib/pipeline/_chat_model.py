"""What is done with a model that talks: new tokens, the loss of answers, forgetting, replies."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from book_lib import _checks
from book_lib.pipeline._chat_messages import Message
from book_lib.pipeline._chat_template import SPECIAL, ChatTemplate
from book_lib.pipeline._pretrain_loop import logits_on_cpu
from book_lib.rng import Generator, RandomLike, as_generator
from book_lib.sampling import generate, next_distribution
from book_lib.transformer import GPT, evaluate

NOISE = 0.1  # of a new row, in units of the spread of the old ones
TABLES = ("token_embedding.weight", "unembedding.weight")
TOGETHER = 64  # prompts that are answered side by side


def extend_vocabulary(model: GPT, vocab_size: int, rng: RandomLike) -> GPT:
    """Return a copy of a model that knows more tokens.

    Each new row of the tables is the mean of the old ones and a little noise: 0.1 of the old rows' standard deviation,
    column by column. A new token then gets, at first, about the logit that the others have on average, and hardly
    any probability is taken away from them (:cite:`hewitt2021initializing`); a row of zeros or of large noise could
    take nearly all.

    Args:
        model: V tokens; it stays as it is.
        vocab_size: V′ ≥ V of the copy.
        rng: a seed or a generator, for the noise.

    Returns:
        The copy, whose logits of the old tokens are the model's.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if there are to be fewer tokens, or the model has no weights.

    See the section :ref:`sec-align-template`.

    >>> from book_lib.transformer import GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=10, context=8, width=16, layers=1, heads=2))
    >>> extend_vocabulary(model, 13, rng=0)([[3, 1, 4]]).shape
    torch.Size([1, 3, 13])
    """
    as_gpt(model)
    size = _checks.integer("vocab_size", vocab_size, model.config.vocab_size)
    rng = as_generator(rng)
    longer = GPT(replace(model.config, vocab_size=size), seed=0)
    weights = dict(model.state_dict())
    for name in filter(weights.__contains__, TABLES):
        weights[name] = _longer(weights[name], size, rng)
    longer.to(weights[TABLES[0]]).load_state_dict(weights)
    return longer.train(model.training)


def _longer(table: Tensor, size: int, rng: Generator) -> Tensor:
    """Return a table (V, d) with rows behind it, (V′, d)."""
    noise = torch.from_numpy(np.asarray(rng.standard_normal((size - len(table), table.size(1)))))
    new = table.mean(0) + NOISE * table.std(0, correction=0) * noise.to(table)
    return torch.cat([table, new])


def fitted(model: GPT, template: ChatTemplate, seed: int) -> GPT:
    """Return a copy of a model that knows a template's tokens: as it is if it knows them, otherwise extended.

    Raises:
        ValueError: if its vocabulary is neither the template's nor that before the five were added.
    """
    as_gpt(model)
    have, want = model.config.vocab_size, template.vocab_size
    if have == want:
        return deepcopy(model)
    if have != want - len(SPECIAL):
        raise ValueError(f"model must have the {want} tokens of the template, or the {want - len(SPECIAL)} of the "
                         f"tokenizer before it, got {have}")  # fmt: skip
    return extend_vocabulary(model, want, seed)


def require_fit(model: GPT, template: ChatTemplate) -> None:
    """See to it that a model and a template know the same tokens.

    Raises:
        TypeError: if they are none.
        ValueError: if they do not.
    """
    as_gpt(model)
    as_template(template)
    if model.config.vocab_size != template.vocab_size:
        raise ValueError(f"model must have the template's vocabulary, {template.vocab_size} tokens, "
                         f"got {model.config.vocab_size}")  # fmt: skip


def as_gpt(model: GPT, name: str = "model") -> GPT:
    """Return the model if it is a GPT with weights."""
    if not isinstance(model, GPT):
        raise TypeError(f"{name} must be a GPT, got {model!r}")
    if model.token_embedding.weight.is_meta:
        raise ValueError(f"{name} must have weights; this one was made with seed=None")
    return model


def as_template(template: ChatTemplate) -> ChatTemplate:
    """Return the template if it is one."""
    if not isinstance(template, ChatTemplate):
        raise TypeError(f"template must be a ChatTemplate, got {template!r}")
    return template


# ---------------------------------------------------------------------------------------------- measures


def answer_loss(model: GPT, ids: ArrayLike | Tensor, targets: ArrayLike | Tensor) -> Tensor:
    """Return the mean of −ln p(token) over the tokens of the answers, in nats, to differentiate.

    Where nothing is asked, and where a row is filled up, the gradient with respect to the logits is exactly 0.

    Args:
        model: a :class:`GPT`.
        ids: shape (B, T), of :func:`pad_batch`.
        targets: shape (B, T); −1 where nothing is asked.

    Raises:
        TypeError, ValueError: as :meth:`GPT.loss`.

    See the section :ref:`sec-align-mask`.

    >>> from book_lib.transformer import GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=10, context=8, width=16, layers=1, heads=2))
    >>> loss = answer_loss(model, [[3, 1, 4]], [[-1, 4, -1]])
    >>> bool(loss == -model([[3, 1, 4]])[0, 1].log_softmax(0)[4])
    True
    """
    return as_gpt(model).loss(ids, targets)


def forgetting(before: GPT, after: GPT, ids: ArrayLike) -> float:
    """Return by how much a model's loss on a text of its past has risen, in nats a token.

    Args:
        before: the model as it was.
        after: what has become of it; it may know more tokens.
        ids: the text, shape (N,), three tokens at least.

    Raises:
        TypeError, ValueError: if one is no model, or the text does not fit them.

    New tasks wipe out old ones where both use the same weights (:cite:`mccloskey1989catastrophic`). See the section
    :ref:`sec-align-forgetting`.

    >>> from book_lib.transformer import GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=10, context=8, width=16, layers=1, heads=2))
    >>> forgetting(model, model, [3, 1, 4, 1, 5])
    0.0
    """
    return text_loss(as_gpt(after, "after"), ids) - text_loss(as_gpt(before, "before"), ids)


def text_loss(model: GPT, ids: ArrayLike) -> float:
    """Return a model's loss on a text, nats a token, wherever it runs; see :func:`book_lib.transformer.evaluate`."""
    with logits_on_cpu(model):
        return evaluate(model, ids)


# ----------------------------------------------------------------------------------------------- replies


def reply(
    model: GPT,
    template: ChatTemplate,
    messages: Sequence[Message],
    rng: RandomLike | None = None,
    temperature: float = 1.0,
    max_new_tokens: int = 40,
) -> str:
    """Return what a model answers to a prompt.

    Args:
        model: of the template's vocabulary.
        template: of the conversation.
        messages: a prompt, which ends with the user's message.
        rng: a seed or a generator; it may be left out at T = 0 only.
        temperature: 0 ≤ T ≤ ∞, of each token.
        max_new_tokens: after which the answer is cut off, ≥ 1; the context may cut it off before.

    Returns:
        The answer up to ``<|end|>``, without it. Other special tokens in it are written as they are called.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if the messages are no prompt or fill the context, or the vocabularies differ.

    See the section :ref:`sec-align-sft`.

    >>> from book_lib.tokenizer import BPETokenizer
    >>> from book_lib.transformer import GPTConfig
    >>> template = ChatTemplate(BPETokenizer())
    >>> model = GPT(GPTConfig(template.vocab_size, context=32, width=16, layers=1, heads=2))
    >>> len(reply(model, template, [Message("user", "Hello?")], rng=0, max_new_tokens=5)) > 0
    True
    """
    require_fit(model, template)
    prompt = with_room("messages", template.prompt(messages), model)
    length = _checks.integer("max_new_tokens", max_new_tokens, 1)
    written = generate(model, prompt, length, temperature, rng=rng, stop=template.end)[len(prompt) :]
    return _said(template, written)


def replies(
    model: GPT,
    template: ChatTemplate,
    prompts: Sequence[Sequence[Message]],
    rng: RandomLike,
    temperature: float = 1.0,
    max_new_tokens: int = 40,
) -> list[str]:
    """Return an answer to each of many prompts, as :func:`reply`, but those of equal length side by side.

    Raises:
        TypeError, ValueError: as :func:`reply`; the prompt is named by its index.
    """
    require_fit(model, template)
    rng, length = as_generator(rng), _checks.integer("max_new_tokens", max_new_tokens, 1)
    rows = [with_room(f"prompts[{index}]", template.prompt(one), model) for index, one in enumerate(prompts)]
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
    answers = [""] * len(rows)
    while order:
        size = len(rows[order[0]])
        part = [index for index in order[:TOGETHER] if len(rows[index]) == size]
        order = order[len(part) :]
        written = _side_by_side(model, np.stack([rows[index] for index in part]), rng, temperature, length, template)
        for index, ids in zip(part, written, strict=True):
            answers[index] = _said(template, ids.tolist())
    return answers


def _side_by_side(
    model: GPT, rows: NDArray[np.int64], rng: Generator, temperature: float, length: int, template: ChatTemplate
) -> NDArray[np.int64]:
    """Return what is written behind prompts (B, T), shape (B, L); what follows an end is no answer any more."""
    state = model.start(len(rows))
    logits, written = state.append(rows), []
    open_ = np.ones(len(rows), dtype=bool)
    for left in reversed(range(length)):
        law = next_distribution(logits, temperature)  # (B, V)
        below = law.cumsum(axis=1) <= rng.random(len(rows))[:, None] * law.sum(axis=1, keepdims=True)
        token = np.minimum(below.sum(axis=1), law.shape[1] - 1)
        token[~open_] = template.end
        written.append(token)
        open_ &= token != template.end
        if not left or not open_.any() or state.length == model.context:
            break
        logits = state.append(token[:, None])
    return np.stack(written, axis=1)


def with_room(name: str, ids: NDArray[np.int64], model: GPT) -> NDArray[np.int64]:
    """Return the tokens of a prompt if the model has room for an answer behind them."""
    if len(ids) >= model.context:
        raise ValueError(f"{name} must leave room for an answer in the context of {model.context} tokens, "
                         f"got {len(ids)}")  # fmt: skip
    return ids


def _said(template: ChatTemplate, ids: list[int]) -> str:
    """Return the text of an answer up to its end."""
    stop = ids.index(template.end) if template.end in ids else len(ids)
    return template.tokenizer.decode(ids[:stop])
