"""A small GPT, trained and made to write: book_lib.transformer beside a plain loop, one thread.

Training is nanoGPT's documented run on a CPU: 65 characters, windows of 64, batches of 12, 4 layers, 4 heads, width
128, no biases, no dropout, AdamW, the gradient's norm held to 1. The peer does that work as one would write it with
torch's own modules, and takes from its optimizer what that gives unasked. Both start from the same weights and read
tokens drawn alike, so that their losses come down alike; what is compared is the time of a step.

Writing is done with the cache of keys and values, and by reading the whole context again for each token.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.timing import best_times, one_thread

VOCABULARY, CONTEXT, BATCH, STEPS, ROUNDS = 65, 64, 12, 20, 4
WINDOW, WRITTEN = 256, 16  # tokens of a model that writes, and how many of them without a cache
SIZES = {"context": CONTEXT, "width": 128, "layers": 4, "heads": 4}
OURS, PEER = "book_lib.transformer", "plain loop of torch's modules"
CACHED, UNCACHED = "with the cache", "reading all again"


def text(n: int = 100_000) -> np.ndarray:
    """Return tokens with something to learn: each is drawn from one of 65 laws, that of the token before."""
    rng = np.random.default_rng(0)
    bounds = rng.dirichlet(np.full(VOCABULARY, 0.1), VOCABULARY).cumsum(axis=1)
    ids = [0]
    for u in rng.random(n - 1):
        ids.append(min(int(np.searchsorted(bounds[ids[-1]], u)), VOCABULARY - 1))
    return np.array(ids)


def model():
    """Return ours at its start."""
    from book_lib.transformer import GPT, GPTConfig

    return GPT(GPTConfig(VOCABULARY, bias=False, **SIZES))


def ours(ids: np.ndarray) -> Callable[[], list[float]]:
    """Return what takes twenty steps with `book_lib.transformer.train` and tells the mean loss."""
    from book_lib.transformer import TrainConfig, train

    gpt = model()
    settings = {"optimizer": "adamw", "learning_rate": 1e-3, "warmup": 0, "schedule": "constant", "weight_decay": 0.1}
    seeds = iter(range(10_000))

    def some() -> list[float]:
        config = TrainConfig(STEPS, batch_tokens=BATCH * CONTEXT, seed=next(seeds), **settings)
        return train(gpt, ids, config).losses

    return some


def peer(ids: np.ndarray) -> Callable[[], list[float]]:
    """Return what takes twenty steps of a plain loop, from our first weights, and tells the mean loss."""
    import torch

    net, data = plain_model(), torch.from_numpy(ids)
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": 0.1},
         {"params": [p for p in net.parameters() if p.ndim < 2], "weight_decay": 0.0}], lr=1e-3, betas=(0.9, 0.95),
    )  # fmt: skip

    def some() -> list[float]:
        losses = []
        for _ in range(STEPS):
            starts = torch.randint(len(data) - CONTEXT, (BATCH,)).tolist()
            x = torch.stack([data[i : i + CONTEXT] for i in starts])
            y = torch.stack([data[i + 1 : i + 1 + CONTEXT] for i in starts])
            loss = torch.nn.functional.cross_entropy(net(x).view(-1, VOCABULARY), y.view(-1))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.item())
        return [float(np.mean(losses))]

    return some


def plain_model():
    """Return the same network put together from torch's modules, with our first weights."""
    import torch
    from torch import nn

    class Layer(nn.Module):
        def __init__(self, d: int, heads: int) -> None:
            super().__init__()
            self.heads, self.before, self.between = heads, nn.LayerNorm(d, bias=False), nn.LayerNorm(d, bias=False)
            self.into, self.out = nn.Linear(d, 3 * d, bias=False), nn.Linear(d, d, bias=False)
            self.feed = nn.Sequential(nn.Linear(d, 4 * d, bias=False), nn.GELU(), nn.Linear(4 * d, d, bias=False))

        def forward(self, x):
            B, T, d = x.shape
            q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.into(self.before(x)).split(d, 2))
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).contiguous().view(B, T, d))
            return x + self.feed(self.between(x))

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            d = SIZES["width"]
            self.token, self.place = nn.Embedding(VOCABULARY, d), nn.Embedding(CONTEXT, d)
            self.layers = nn.ModuleList(Layer(d, SIZES["heads"]) for _ in range(SIZES["layers"]))
            self.last, self.read = nn.LayerNorm(d, bias=False), nn.Linear(d, VOCABULARY, bias=False)
            self.read.weight = self.token.weight

        def forward(self, ids):
            x = self.token(ids) + self.place(torch.arange(ids.shape[1]))
            for layer in self.layers:
                x = layer(x)
            return self.read(self.last(x))

    net = Plain()
    ours = model().state_dict()
    theirs = [p for name, p in net.state_dict().items() if name != "read.weight"]
    for name, weight in zip(plain_names(), theirs, strict=True):
        weight.copy_(ours[name])
    return net


def plain_names() -> list[str]:
    """Return our names of the plain network's weights, in its order."""
    parts = ("norm1", "norm2", "attention.qkv", "attention.out", "mlp.up", "mlp.down")
    inside = [f"blocks.{i}.{part}.weight" for i in range(SIZES["layers"]) for part in parts]
    return ["token_embedding.weight", "position_embedding.weight", *inside, "final_norm.weight"]


class WithoutCache:
    """A model that is only ever asked for the logits after a whole text."""

    def __init__(self, gpt) -> None:
        self.next_logits, self.context = gpt.next_logits, gpt.context


def writing(context: int = WINDOW) -> dict[str, Callable[[], list[int]]]:
    """Return two ways to write: a whole context with the cache, and the last 16 tokens of one without."""
    from book_lib.sampling import generate
    from book_lib.transformer import GPT, GPTConfig

    gpt = GPT(GPTConfig(512, context, 128, 4, 4))
    prompt = generate(gpt, [0], context - WRITTEN, temperature=0)[:-1]
    return {
        CACHED: lambda: generate(gpt, [0], context, temperature=0),
        UNCACHED: lambda: generate(WithoutCache(gpt), prompt, WRITTEN, temperature=0),
    }


def run(rounds: int = ROUNDS) -> list[dict]:
    """Time all in turns and return the rows of the table: a step's or a token's time, and the ratio to the peer's."""
    import torch  # noqa: F401  # before `one_thread` looks for it

    ids = text()
    with one_thread():
        training = best_times({PEER: peer(ids), OURS: ours(ids)}, rounds)
        both = writing()
        tokens = best_times(both, rounds)
    tokens = {name: seconds / (WINDOW if name == CACHED else WRITTEN) for name, seconds in tokens.items()}
    rows = [_row("a step", name, seconds / STEPS, training[PEER] / seconds) for name, seconds in training.items()]
    return rows + [_row("a token", name, seconds, tokens[UNCACHED] / seconds) for name, seconds in tokens.items()]


def _row(work: str, name: str, seconds: float, ratio: float) -> dict:
    return {"work": work, "name": name, "milliseconds": round(1e3 * seconds, 2), "ratio": round(ratio, 2)}
