"""The transformer itself, from the top: what it is made of, how it reads, what it remembers.

See :mod:`book_lib.transformer`. In the comments B is the batch, T the tokens that come in, S those that may be
looked at (T, and before them what a cache remembers), d the width, h the heads, e = d/h a head's width, V the
vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from book_lib import _checks
from book_lib._transformer_ids import as_ids, as_targets

ACTIVATIONS = {"gelu": "none", "gelu_tanh": "tanh"}  # our name: what torch calls the way to compute it


@dataclass(frozen=True)
class GPTConfig:
    """How large a :class:`GPT` is; all that its shapes depend on.

    Args:
        vocab_size: V ≥ 1, tokens that there are.
        context: the most tokens that it sees at once.
        width: d, numbers a token becomes.
        layers: blocks, one after the other.
        heads: h in each block, each d/h wide.
        hidden: units in a block's feed-forward part; by default 4 d, and then an integer here, too.
        dropout: share of the activations that training silences at random, in [0, 1).
        activation: "gelu" (exact) or "gelu_tanh" (GPT-2's approximation).
        bias: whether linear maps and norms add one.
        tied: whether the embedding of tokens, transposed, reads the result off.

    Raises:
        TypeError, ValueError: if a size is not a positive integer, the heads do not divide the width, or the
            dropout or the activation is none.

    See the section :ref:`sec-tf-architecture`.

    >>> GPTConfig(vocab_size=512, context=128, width=128, layers=4, heads=4).hidden
    512
    """

    vocab_size: int
    context: int
    width: int
    layers: int
    heads: int
    hidden: int | None = None
    dropout: float = 0.0
    activation: str = "gelu"
    bias: bool = True
    tied: bool = True

    def __post_init__(self) -> None:
        for name in ("vocab_size", "context", "width", "layers", "heads"):
            self._set(name, _checks.integer(name, getattr(self, name), 1))
        self._set("hidden", 4 * self.width if self.hidden is None else _checks.integer("hidden", self.hidden, 1))
        if self.width % self.heads:
            raise ValueError(f"width must be a multiple of heads, got {self.width} for {self.heads} heads")
        self._set("dropout", _checks.finite("dropout", self.dropout))
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and less than 1, got {self.dropout}")
        _checks.one_of("activation", self.activation, ACTIVATIONS)
        for name in ("bias", "tied"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, got {getattr(self, name)!r}")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # subtle: the way past `frozen`, which also NumPy's integers need


class Linear(nn.Linear):
    """A linear map that begins at 0: :class:`GPT` draws its weights, from a generator of its own."""

    def reset_parameters(self) -> None:
        for weight in self.parameters():
            nn.init.zeros_(weight)


class Embedding(nn.Embedding):
    """A table that begins at 0, for the same reason."""

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.weight)


def drop(x: Tensor, share: float) -> Tensor:
    """Return x with this share of its numbers silenced at random, and the others raised to make up for it."""
    return F.dropout(x, share) if share else x


class Attention(nn.Module):
    """Each token asks those before it, and itself, and takes away an average of what they say."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.qkv = Linear(config.width, 3 * config.width, config.bias)
        self.out = Linear(config.width, config.width, config.bias)

    def forward(self, x: Tensor, explicit: bool = False, past: tuple[Tensor, Tensor, int] | None = None) -> Tensor:
        q, k, v = self.split(x)  # each (B, h, T, e)
        if past is not None:
            k, v = self.remember(k, v, *past)  # (B, h, S, e)
        dropout = self.dropout if self.training else 0.0
        if explicit:
            y = drop(self.weights(q, k), dropout) @ v  # (B, h, T, S) @ (B, h, S, e)
        else:  # the same in one step, which never writes the (T, S) table down: "flash" attention
            T, S = q.size(2), k.size(2)
            # subtle: `is_causal` lets query 0 see key 0 only; behind a cache it must see that as well.
            mask = None if T in (1, S) else self.may_see(T, S, q.device)
            y = F.scaled_dot_product_attention(q, k, v, mask, dropout, is_causal=T == S and T > 1)
        return drop(self.out(y.transpose(1, 2).flatten(2)), dropout)  # heads side by side: (B, T, d)

    def split(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, each (B, h, T, e), for x (B, T, d)."""
        B, T, d = x.shape
        parts = self.qkv(x).view(B, T, 3, self.heads, d // self.heads).unbind(2)  # each (B, T, h, e)
        return tuple(part.transpose(1, 2) for part in parts)

    def weights(self, q: Tensor, k: Tensor) -> Tensor:
        """Return softmax(QKᵀ/√e) below the diagonal, (B, h, T, S)."""
        scores = q @ k.transpose(2, 3) / math.sqrt(q.size(3))
        mask = self.may_see(q.size(2), k.size(2), q.device)
        return scores.masked_fill(~mask, -math.inf).softmax(dim=3)

    @staticmethod
    def may_see(queries: int, keys: int, device: torch.device) -> Tensor:
        """Return (T, S): the last query sees all keys, the one before all but one, and so on."""
        return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)

    @staticmethod
    def remember(k: Tensor, v: Tensor, keys: Tensor, values: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """Write k and v behind the first ``length`` of keys and values, and return all of them so far."""
        end = length + k.size(2)
        keys[:, :, length:end] = k
        values[:, :, length:end] = v
        return keys[:, :, :end], values[:, :, :end]


class MLP(nn.Module):
    """What a token does with what it has heard, by itself: up to four times the width, bend, and down."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.dropout, self.approximate = config.dropout, ACTIVATIONS[config.activation]
        self.up = Linear(config.width, config.hidden, config.bias)
        self.down = Linear(config.hidden, config.width, config.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.up(x), approximate=self.approximate)  # (B, T, 4d)
        return drop(self.down(x), self.dropout if self.training else 0.0)  # (B, T, d)


class Block(nn.Module):
    """Listen, then think; each adds its word to the stream that runs past (pre-norm)."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, bias=config.bias)
        self.attention = Attention(config)
        self.norm2 = nn.LayerNorm(config.width, bias=config.bias)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, explicit: bool = False, past: tuple[Tensor, Tensor, int] | None = None) -> Tensor:
        x = x + self.attention(self.norm1(x), explicit, past)  # (B, T, d)
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """A decoder-only transformer (:cite:`radford2019language`): from tokens to logits of the next, at each place.

    Args:
        config: its sizes.
        seed: of its first weights: N(0, 0.02²), biases 0, and the two maps of each block that write into the
            residual stream smaller by √(2 layers). ``None`` leaves the weights without memory, on torch's "meta"
            device: enough to count them, or to load others.

    Raises:
        TypeError, ValueError: if ``config`` is no :class:`GPTConfig`, or the seed no integer ≥ 0.

    See the section :ref:`sec-tf-assembled`.

    >>> model = GPT(GPTConfig(vocab_size=10, context=8, width=16, layers=2, heads=4))
    >>> model(torch.tensor([[3, 1, 4, 1, 5]])).shape
    torch.Size([1, 5, 10])
    """

    def __init__(self, config: GPTConfig, seed: int | None = 0) -> None:
        super().__init__()
        if not isinstance(config, GPTConfig):
            raise TypeError(f"config must be a GPTConfig, got {config!r}")
        self.config = config
        with torch.device("meta" if seed is None else "cpu"):
            self.token_embedding = Embedding(config.vocab_size, config.width)
            self.position_embedding = Embedding(config.context, config.width)
            self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
            self.final_norm = nn.LayerNorm(config.width, bias=config.bias)
            if not config.tied:
                self.unembedding = Linear(config.width, config.vocab_size, bias=False)
        if seed is not None:
            self.draw(seed)

    @torch.no_grad()
    def draw(self, seed: int) -> None:
        """Begin anew: draw all weights as GPT-2's were."""
        generator = torch.Generator().manual_seed(_checks.integer("seed", seed, 0, 2**63 - 1))
        for name, weight in self.named_parameters():
            if name.endswith("bias") or "norm" in name:
                nn.init.constant_(weight, float(name.endswith("weight")))
            else:  # 2 layers of independent additions to the stream: √(2 layers) keeps their sum's size
                writes = name.endswith(("attention.out.weight", "mlp.down.weight"))
                weight.normal_(0, 0.02 / math.sqrt(2 * self.config.layers) if writes else 0.02, generator=generator)

    # ------------------------------------------------------------------------------------------- reading

    def forward(self, ids: ArrayLike | Tensor, explicit: bool = False) -> Tensor:
        """Return logits (B, T, V) of what follows each of the tokens ``ids`` (B, T).

        Args:
            ids: integers in [0, V), 1 ≤ T ≤ context.
            explicit: whether attention is computed step by step, rather than in one; the result is the same.

        Raises:
            TypeError: if the ids are no integers.
            ValueError: if they have another shape, are none, too many, or not in the vocabulary.
        """
        ids = as_ids("ids", ids, self, shape="(B, T)")
        return self.unembed(self.stream(ids, explicit))

    def embed(self, ids: Tensor, start: int = 0) -> Tensor:
        """Return what each token is, plus where it is, (B, T, d); the first one stands at place ``start``."""
        x = self.token_embedding(ids) + self.position_embedding.weight[start : start + ids.size(1)]
        return drop(x, self.config.dropout if self.training else 0.0)

    def stream(self, ids: Tensor, explicit: bool = False, state: GPTState | None = None) -> Tensor:
        """Return what the last block leaves, (B, T, d), for checked ids; behind a state's tokens if there is one."""
        start = 0 if state is None else state.length
        x = self.embed(ids, start)
        for i, block in enumerate(self.blocks):
            past = None if state is None else (state.keys[i], state.values[i], start)
            x = block(x, explicit, past)
        return x

    def unembed(self, x: Tensor) -> Tensor:
        """Return logits (…, V) for the stream x (…, d)."""
        table = self.token_embedding if self.config.tied else self.unembedding
        return F.linear(self.final_norm(x), table.weight)

    def loss(self, ids: ArrayLike | Tensor, targets: ArrayLike | Tensor) -> Tensor:
        """Return the mean of −ln p(target) over all places, in nats, to differentiate.

        Args:
            ids: tokens, shape (B, T).
            targets: what follows each, shape (B, T); −1 where nothing is asked.

        Raises:
            TypeError, ValueError: as for a call, and if the targets are not of the ids' shape or ask nothing.
        """
        logits = self(ids)  # (B, T, V)
        targets = as_targets("targets", targets, logits)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1)

    def next_logits(self, ids: ArrayLike | Tensor) -> NDArray[np.floating]:
        """Return logits (V,) of the token after ``ids`` (T,), or (B, V) for (B, T); no dropout, no gradient.

        Raises:
            TypeError, ValueError: as for a call; what is longer than the context is not cut.
        """
        with at_rest(self):
            logits = self.unembed(self.stream(as_ids("ids", ids, self))[:, -1])  # (B, V)
            return to_numpy(logits if np.ndim(ids) == 2 else logits[0])

    def attention_weights(self, ids: ArrayLike | Tensor) -> NDArray[np.floating]:
        """Return what each head looks at, (layers, heads, T, T), for ids (T,); with a B in front for (B, T).

        Entry [l, h, i, j] is the weight that token i gives to token j; rows sum to 1, and j ≤ i.

        Raises:
            TypeError, ValueError: as for a call.
        """
        tables = []
        with at_rest(self):
            x = self.embed(as_ids("ids", ids, self))
            for block in self.blocks:
                q, k, _ = block.attention.split(block.norm1(x))
                tables.append(block.attention.weights(q, k))  # (B, h, T, T)
                x = block(x)
            weights = torch.stack(tables, dim=1)  # (B, layers, h, T, T)
            return to_numpy(weights if np.ndim(ids) == 2 else weights[0])

    def start(self, batch: int = 1) -> GPTState:
        """Return a :class:`GPTState` that has read nothing, for ``batch`` texts of equal length."""
        return GPTState(self, batch)

    # ------------------------------------------------------------------------------- sizes, and in and out

    @property
    def context(self) -> int:
        """The most tokens that the model sees at once."""
        return self.config.context

    def num_params(self, embeddings: bool = True) -> int:
        """Return how many numbers the model has learnt; without its tables of V or ``context`` rows if asked."""
        return sum(p.numel() for name, p in self.named_parameters() if embeddings or "embedding" not in name)

    def save(self, folder: str | Path) -> Path:
        """Write ``gpt.safetensors`` into the folder, in one step; see :func:`book_lib.transformer.save`."""
        from book_lib import _transformer_pretrained

        return _transformer_pretrained.save(self, folder)

    @classmethod
    def load(cls, folder: str | Path) -> GPT:
        """Read what :meth:`save` has written; see :func:`book_lib.transformer.load`."""
        from book_lib import _transformer_pretrained

        return _transformer_pretrained.load(folder)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> GPT:
        """Read GPT-2's weights; see :func:`book_lib.transformer.from_pretrained`."""
        from book_lib import _transformer_pretrained

        return _transformer_pretrained.from_pretrained(folder)


class GPTState:
    """What a model has read: the keys and values of all tokens, so that the next one costs no second reading.

    Args:
        model: a :class:`GPT`; the state holds only as long as its weights stay.
        batch: texts read side by side, all of the same length.

    Attributes:
        length: tokens read.
        keys, values: room for a whole context, shape (layers, B, h, context, e); what lies behind ``length`` is
            no number to be looked at.

    Raises:
        TypeError, ValueError: if ``batch`` is no positive integer.

    See the section :ref:`sec-tf-decoding`.

    >>> model = GPT(GPTConfig(vocab_size=10, context=8, width=16, layers=2, heads=4))
    >>> state = model.start()
    >>> state.append([3, 1, 4]).shape, state.append(1).shape, state.length
    ((10,), (10,), 4)
    """

    def __init__(self, model: GPT, batch: int = 1) -> None:
        self.model, self.batch = model, _checks.integer("batch", batch, 1)
        self.length = 0
        c, like = model.config, model.token_embedding.weight
        shape = (c.layers, self.batch, c.heads, c.context, c.width // c.heads)
        self.keys = torch.empty(shape, dtype=like.dtype, device=like.device)
        self.values = torch.empty_like(self.keys)

    def append(self, ids: ArrayLike | Tensor) -> NDArray[np.floating]:
        """Read on, and return the logits of what follows.

        Args:
            ids: one token or several, shape () or (T,); for a batch (B, T).

        Returns:
            Logits behind the last of them: (V,), or (B, V) for (B, T).

        Raises:
            TypeError, ValueError: as for a call, and if there are more than still fit into the context; the state
                is then as before.
        """
        with at_rest(self.model):
            rows = as_ids("ids", ids, self.model, read=self.length, batch=self.batch)
            x = self.model.stream(rows, state=self)  # (B, T, d)
            logits = self.model.unembed(x[:, -1])  # (B, V)
            self.length += rows.size(1)  # only now: after an interrupt the state is still whole
            return to_numpy(logits if np.ndim(ids) == 2 else logits[0])


@contextmanager
def at_rest(model: GPT) -> Iterator[None]:
    """Compute without gradients and without dropout, whatever mode the model is in."""
    wakes = model.training and model.config.dropout > 0
    if wakes:
        model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        if wakes:
            model.train()


def to_numpy(tensor: Tensor) -> NDArray[np.floating]:
    """Return the numbers, wherever they are."""
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).cpu().numpy()
