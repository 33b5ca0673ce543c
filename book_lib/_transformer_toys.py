"""What the chapter on transformers trains besides the page's model: three toys that take seconds each.

A network that turns a sequence round shows what attention aligns (`sec-tf-alignment`); two layers of attention
that continue repetitions show an induction head (`sec-tf-induction`); five language models of different size show
how the loss falls (`sec-tf-size`).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from book_lib import _checks
from book_lib._transformer_model import GPT, GPTConfig
from book_lib._transformer_training import TrainConfig, evaluate, train
from book_lib.page_text import page_tokens
from book_lib.rng import RandomLike, as_generator
from book_lib.runs import cached

__all__ = ["Repeater", "Reverser", "induction_toy", "ladder", "repeats", "train_repeater", "train_reverser"]

SCORES = ("dot", "additive", "none")
ENCODERS = ("places", "recurrent")

# ----------------------------------------------------------------------------- a sequence turned round


class Reverser(nn.Module):
    """An encoder and a recurrent decoder with attention between them, after :cite:`bahdanau2015neural`.

    The encoder makes a vector h_i of each symbol that comes in. The decoder has a state s_t after the symbols it
    has said so far, scores all h_i against it, and says the next symbol from s_t and the context Σ_i a_ti h_i.
    See the section :ref:`sec-tf-alignment`.

    Args:
        score: "dot" for s·h, "additive" for v·tanh(W s + U h), "none" for no attention: then the decoder begins
            with the last state of a recurrent encoder, through which everything has to pass.
        encoder: "places": h_i says which symbol stands at which place; "recurrent": h_i is the state of a
            recurrent network that has read up to i.
        symbols: how many different ones there are.
        length: n, of every sequence.
        width: d of all vectors.
        seed: of the first weights.

    Raises:
        ValueError, TypeError: an argument out of its range, which is named.

    >>> logits, alignment = Reverser()(torch.zeros(3, 10, dtype=torch.int64), torch.zeros(3, 10, dtype=torch.int64))
    >>> logits.shape, alignment.shape
    (torch.Size([3, 10, 16]), torch.Size([3, 10, 10]))
    """

    def __init__(
        self,
        score: str = "additive",
        encoder: str = "places",
        symbols: int = 16,
        length: int = 10,
        width: int = 16,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.score = _checks.one_of("score", score, SCORES)
        self.encoder = _checks.one_of("encoder", encoder, ENCODERS)
        self.symbols = _checks.integer("symbols", symbols, 2)
        self.length, d = _checks.integer("length", length, 1), _checks.integer("width", width, 1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_checks.integer("seed", seed, 0))
            self.read, self.said = nn.Embedding(symbols, d), nn.Embedding(symbols + 1, d)  # the last one: "begin"
            self.places = nn.Parameter(torch.randn(length, d) / 2)
            self.reader, self.speaker = nn.GRU(d, d, batch_first=True), nn.GRU(d, d, batch_first=True)
            self.of_state, self.of_input = nn.Linear(d, d, bias=False), nn.Linear(d, d, bias=False)
            self.sum_up = nn.Linear(d, 1, bias=False)
            self.combine, self.out = nn.Linear(2 * d, d), nn.Linear(d, symbols)

    def encode(self, sources: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the h_i, (B, n, d), and the state with which the decoder begins, or None for zeros."""
        x = self.read(sources)
        if self.score == "none" or self.encoder == "recurrent":
            h, last = self.reader(x)
            return h, last if self.score == "none" else None
        return x + self.places, None

    def scores(self, s: Tensor, h: Tensor) -> Tensor:
        """Return score(s_t, h_i), (B, t, i), for states s (B, t, d) and inputs h (B, i, d)."""
        if self.score == "dot":
            return s @ h.transpose(1, 2)
        both = self.of_state(s)[:, :, None] + self.of_input(h)[:, None]  # (B, t, i, d)
        return self.sum_up(torch.tanh(both)).squeeze(3)

    def forward(self, sources: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of each target, (B, n, symbols), and the alignment a_ti, (B, t, i).

        Args:
            sources: symbols, shape (B, n).
            targets: what is to be said, (B, n); at place t only those before t are looked at.
        """
        begin = torch.full_like(targets[:, :1], self.symbols)
        h, first = self.encode(sources)
        s, _ = self.speaker(self.said(torch.cat([begin, targets[:, :-1]], dim=1)), first)  # (B, t, d)
        if self.score == "none":
            weights, context = s.new_zeros(*s.shape[:2], h.size(1)), torch.zeros_like(s)
        else:
            weights = self.scores(s, h).softmax(dim=2)  # (B, t, i)
            context = weights @ h  # (B, t, d)
        return self.out(torch.tanh(self.combine(torch.cat([context, s], dim=2)))), weights

    @torch.no_grad()
    def reverse(self, sources: Tensor) -> Tensor:
        """Return what it says, symbol by symbol, the likeliest each time, (B, n)."""
        said = torch.zeros_like(sources)
        for t in range(sources.size(1)):
            said[:, t] = self(sources, said)[0][:, t].argmax(dim=1)
        return said


def train_reverser(
    score: str = "additive", encoder: str = "places", steps: int = 400, seed: int = 0, **sizes: int
) -> Reverser:
    """Return a :class:`Reverser` that has learnt to turn random sequences round, in a second or two.

    Args:
        score, encoder, sizes: see :class:`Reverser`.
        steps: of Adam, 64 fresh sequences each; the rate falls from 0.01 to 0 over the second half.
        seed: of the first weights and of the sequences.

    Raises:
        ValueError, TypeError: an argument out of its range, which is named.

    >>> train_reverser(steps=1).score
    'additive'
    """
    model = Reverser(score, encoder, seed=seed, **sizes)
    rng, steps = as_generator(seed), _checks.integer("steps", steps, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.01 * min(1, 2 * (1 - step / steps))
        sources = torch.from_numpy(rng.integers(model.symbols, size=(64, model.length)))
        targets = sources.flip(1)
        loss = F.cross_entropy(model(sources, targets)[0].transpose(1, 2), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


# ----------------------------------------------------------------------------- what came once, comes again


def repeats(
    count: int, length: int, periods: tuple[int, int], symbols: int, rng: RandomLike
) -> tuple[NDArray, NDArray]:
    """Return fresh random symbols that repeat themselves, and after how many places each row does.

    Args:
        count: rows.
        length: symbols in a row.
        periods: the least and the largest; each row draws its own, evenly.
        symbols: how many different ones there are.
        rng: a seed or a generator.

    Returns:
        ids, shape (count, length), and periods, shape (count,).

    Raises:
        ValueError, TypeError: an argument out of its range, which is named.

    >>> rows, period = repeats(1, 6, (2, 2), 10, rng=0)
    >>> bool((rows[0, 2:] == rows[0, :-2]).all()), int(period[0])
    (True, 2)
    """
    low, high = _checks.integer("periods[0]", periods[0], 1), _checks.integer("periods[1]", periods[1], periods[0])
    count, length = _checks.integer("count", count, 1), _checks.integer("length", length, 1)
    rng = as_generator(rng)
    period = rng.integers(low, high + 1, size=count)
    fresh = rng.integers(_checks.integer("symbols", symbols, 1), size=(count, max(length, high)))
    return np.take_along_axis(fresh, np.arange(length) % period[:, None], axis=1), period


class Repeater(nn.Module):
    """A transformer of attention alone: embedding, some layers of heads, unembedding; positions are turned in.

    Queries and keys are rotated by their place (:cite:`su2024roformer`), so that a score depends on how far back
    a key lies and not on where. No feed-forward parts: what it can do, its heads do. See the section
    :ref:`sec-tf-induction`.

    Args:
        layers: how many.
        symbols: size of the vocabulary.
        width: d.
        heads: of each layer.
        seed: of the first weights.

    Raises:
        ValueError, TypeError: an argument out of its range, which is named.

    >>> Repeater()(torch.zeros(1, 5, dtype=torch.int64)).shape
    torch.Size([1, 5, 32])
    """

    def __init__(self, layers: int = 2, symbols: int = 32, width: int = 64, heads: int = 2, seed: int = 0) -> None:
        super().__init__()
        self.heads, d = _checks.integer("heads", heads, 1), _checks.integer("width", width, 1)
        layers = _checks.integer("layers", layers, 1)
        if d % (2 * self.heads):
            raise ValueError(f"width must be a multiple of 2 * heads = {2 * self.heads}, got {d}")
        self.embedding = nn.Embedding(_checks.integer("symbols", symbols, 2), d)
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(layers + 1))
        self.qkv = nn.ModuleList(nn.Linear(d, 3 * d) for _ in range(layers))
        self.out = nn.ModuleList(nn.Linear(d, d) for _ in range(layers))
        self.unembedding = nn.Linear(d, symbols, bias=False)
        generator = torch.Generator().manual_seed(_checks.integer("seed", seed, 0))
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                size = {"embedding.weight": 1.0}.get(name, d**-0.5 * (0.5 if name.startswith("out") else 1))
                nn.init.normal_(weight, std=size, generator=generator)
            elif "norm" not in name:
                nn.init.zeros_(weight)

    def forward(self, ids: Tensor, without: Collection[tuple[int, int]] = (), keep: list | None = None) -> Tensor:
        """Return logits (B, T, symbols) of what follows each symbol of ids (B, T).

        Args:
            ids: symbols.
            without: heads that are silenced, as pairs (layer, head).
            keep: a list to which each layer's weights, (B, heads, T, T), are added.
        """
        x, T = self.embedding(ids), ids.size(1)
        later = torch.ones(T, T, dtype=torch.bool).triu(1)
        for layer, (norm, qkv, out) in enumerate(zip(self.norms, self.qkv, self.out, strict=False)):
            q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in qkv(norm(x)).chunk(3, 2))
            scores = turned(q) @ turned(k).transpose(2, 3) / math.sqrt(q.size(3))  # (B, heads, T, T)
            weights = scores.masked_fill(later, -math.inf).softmax(dim=3)
            if keep is not None:
                keep.append(weights.detach())
            heard = weights @ v  # (B, heads, T, d/heads)
            silent = [(layer, head) in without for head in range(self.heads)]
            heard = heard.masked_fill(torch.tensor(silent)[:, None, None], 0.0)
            x = x + out(heard.transpose(1, 2).flatten(2))
        return self.unembedding(self.norms[-1](x))

    @torch.no_grad()
    def losses(self, ids: NDArray, without: Collection[tuple[int, int]] = ()) -> NDArray:
        """Return −ln p of each symbol but the first, in nats, (B, T − 1)."""
        tokens = torch.from_numpy(ids)
        logits = self(tokens[:, :-1], without)
        return F.cross_entropy(logits.transpose(1, 2), tokens[:, 1:], reduction="none").numpy()

    @torch.no_grad()
    def attention(self, ids: NDArray) -> NDArray:
        """Return what each head looks at, (B, layers, heads, T, T)."""
        keep: list[Tensor] = []
        self(torch.from_numpy(ids), keep=keep)
        return torch.stack(keep, dim=1).numpy()


def turned(x: Tensor) -> Tensor:
    """Return x (…, T, e) with the pair of numbers 2m, 2m + 1 at place t turned by the angle t·100^(−2m/e)."""
    T, e = x.shape[-2:]
    angle = torch.arange(T)[:, None] * 100.0 ** (-torch.arange(0, e, 2) / e)  # (T, e/2)
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], -1).flatten(-2)


def train_repeater(layers: int, steps: int = 600, length: int = 32, batch: int = 48, seed: int = 0) -> dict[str, Any]:
    """Return the weights of a :class:`Repeater` that has seen only fresh random symbols, repeated, and its losses.

    It is asked for every next symbol, those that nobody can know among them.

    Args:
        layers: of the model.
        steps: of AdamW, at a rate that rises to 0.003 in 30 steps and falls to 0 over the last third.
        length: symbols in a row; periods are drawn from 4 … length/2.
        batch: rows a step.
        seed: of the weights and of the rows.

    Returns:
        A dict of arrays: the weights by name, and under "curve" the loss of each step, in nats, of the symbols
        that have come before.

    Raises:
        ValueError, TypeError: an argument out of its range, which is named.

    >>> train_repeater(1, steps=2)["curve"].shape
    (2,)
    """
    steps = _checks.integer("steps", steps, 1)
    model, rng, curve = Repeater(layers, seed=seed), as_generator(seed), np.zeros(steps)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1, betas=(0.9, 0.98))
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 3e-3 * min((step + 1) / 30, 3 * (1 - step / steps), 1)
        rows, period = repeats(batch, length, (4, length // 2), 32, rng)
        ids, asked = torch.from_numpy(rows), torch.from_numpy(np.arange(1, length) > period[:, None])
        losses = F.cross_entropy(model(ids[:, :-1]).transpose(1, 2), ids[:, 1:], reduction="none")
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
        curve[step] = losses[asked].mean().item()
    return {**{name: weight.numpy() for name, weight in model.state_dict().items()}, "curve": curve}


def induction_toy(layers: int = 2, steps: int = 600) -> tuple[Repeater, NDArray]:
    """Return a trained :class:`Repeater` and its losses; trained once, some ten seconds, and kept.

    Args:
        layers: 2 for one that learns the trick, 1 for one that cannot.
        steps: see :func:`train_repeater`.

    Raises:
        ValueError, TypeError: an argument out of its range, which is named.

    Example: ``model, curve = induction_toy()``
    """
    config = {"layers": _checks.integer("layers", layers, 1), "steps": _checks.integer("steps", steps, 1)}
    stored = dict(cached(f"induction-{layers}", train_repeater, config))
    curve, model = stored.pop("curve"), Repeater(layers)
    model.load_state_dict({name: torch.from_numpy(weight) for name, weight in stored.items()})
    return model.eval(), curve


# ----------------------------------------------------------------------------- loss against size

WIDTHS = (8, 16, 32, 64, 96)


def train_ladder(widths: list[int], steps: int, seed: int) -> dict[str, Any]:
    """Return sizes and held-out losses of models that differ in width alone, all trained alike on the page's text.

    Args:
        widths: of the models, two layers each, context 64.
        steps: of 1,024 tokens.
        seed: of weights and windows.

    Returns:
        ``sizes``, parameters without the embeddings; ``all_sizes``, with them; ``losses``, nats a token on
        20,000 tokens held out.
    """
    text, apart = page_tokens()
    sizes, whole, losses = [], [], []
    for width in widths:
        config = GPTConfig(512, context=64, width=width, layers=2, heads=max(1, width // 16))
        model = GPT(config, seed=seed)
        train(model, text, TrainConfig(steps=steps, batch_tokens=1024, seed=seed))
        sizes.append(model.num_params(embeddings=False))
        whole.append(model.num_params())
        losses.append(evaluate(model, apart[:20_000]))
    return {"sizes": np.array(sizes), "all_sizes": np.array(whole), "losses": np.array(losses)}


def ladder(steps: int = 300) -> dict[str, NDArray]:
    """Return what :func:`train_ladder` finds for five widths; computed once, some half a minute, and kept.

    Raises:
        ValueError, TypeError: if ``steps`` is no positive integer.

    Example: ``ladder()["losses"]``
    """
    config = {"widths": list(WIDTHS), "steps": _checks.integer("steps", steps, 1), "seed": 0}
    return cached("ladder-of-sizes", train_ladder, config)
