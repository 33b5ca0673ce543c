"""Pre-training a small GPT: `book_lib.pipeline.pretrain` beside the plain loop of `benchmarks.gpt`, one thread.

Both are nanoGPT's documented run on a CPU, as there: the same network from the same first weights, windows drawn alike,
AdamW, the gradient's norm held to 1. Ours does it twice, in memory and into a run folder: there each step leaves a line
in a file, and there are two checkpoints. What is compared is tokens per second, of whole calls.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmarks import gpt
from benchmarks.timing import best_times, one_thread

STEPS, ROUNDS = 2 * gpt.STEPS, 4
PEER, OURS, KEPT = gpt.PEER, "book_lib.pipeline", "book_lib.pipeline, run folder"
TOKENS = STEPS * gpt.BATCH * gpt.CONTEXT


def prepared(ids: np.ndarray) -> SimpleNamespace:
    """Return what stands in for prepared text: the ids, nothing held out, and a tokenizer of as many tokens."""
    from book_lib.tokenizer import BPETokenizer

    class Letters(BPETokenizer):
        vocab_size = gpt.VOCABULARY

    return SimpleNamespace(train=ids, held_out=ids[:0], tokenizer=Letters())


def ours(ids: np.ndarray, folder: bool = False) -> Callable[[], list[float]]:
    """Return what trains from the start for forty steps, and tells the losses."""
    from book_lib.pipeline.pretrain import PretrainConfig, pretrain
    from book_lib.pipeline.run import RunFolder

    text = prepared(ids)
    config = PretrainConfig(STEPS, batch=gpt.BATCH, bias=False, learning_rate=1e-3, warmup=0, min_learning_rate=1e-3,
                            checkpoint_every=STEPS // 2, evaluate_every=0, device="cpu", **gpt.SIZES)  # fmt: skip

    def some() -> list[float]:
        with tempfile.TemporaryDirectory() as place:
            run = RunFolder(Path(place, "run")) if folder else None
            return pretrain(text, config, run).column("loss").tolist()

    return some


def peer(ids: np.ndarray) -> Callable[[], list[float]]:
    """Return what takes forty steps more of the plain loop; its network is made once, which costs it nothing here."""
    twenty = gpt.peer(ids)
    return lambda: twenty() + twenty()


def run(rounds: int = ROUNDS) -> list[dict]:
    """Time all in turns and return the rows of the table: tokens per second, and the ratio to the plain loop's."""
    import torch  # noqa: F401  # before `one_thread` looks for it

    ids = gpt.text()
    with one_thread():
        times = best_times({PEER: peer(ids), OURS: ours(ids), KEPT: ours(ids, folder=True)}, rounds)
    return [
        {"name": name, "tokens_per_second": round(TOKENS / seconds), "ratio": round(times[PEER] / seconds, 2)}
        for name, seconds in times.items()
    ]
