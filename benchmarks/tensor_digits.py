"""An MLP, 64-32-10 with relu, trained on scikit-learn's 1,797 digits: book_lib.tensor beside torch, one thread each.

All start from the same weights, see the same batches in the same order and take the same plain steps, so that their
last losses must agree to rounding; what is compared is the time on the clock. The peer makes its steps by hand, as ours
does; with the optimizer that one would write, `torch.optim.SGD`, torch takes up to twice as long, so that this row
stands beside, and the ratios are to the quicker. At this size an operation is over before it has begun, and what is
timed is mostly what each engine does around it: there torch, made for larger things, has little advantage. `wide`,
64-512-10 in batches of 256, is the other case.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.timing import one_thread
from book_lib.tensor import Tensor, softmax_cross_entropy

ROUNDS, RATE = 5, 0.2
CASES = {"digits": (32, 32, 3), "wide": (512, 256, 3)}  # hidden units, batch, epochs
OURS, THEIRS, OPTIMIZER = "book_lib.tensor", "torch, steps by hand", "torch, torch.optim.SGD"


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the pictures, 64 pixels from 0 to 1 each, and what they show."""
    from sklearn.datasets import load_digits

    pictures, labels = load_digits(return_X_y=True)
    return pictures / 16, labels


def start(hidden: int, dtype: type) -> list[np.ndarray]:
    """Return the first weights and biases of two layers."""
    rng = np.random.default_rng(0)
    shapes = [(hidden, 64), (10, hidden)]
    layers = [(rng.normal(0, (2 / n) ** 0.5, (m, n)), np.zeros(m)) for m, n in shapes]
    return [array.astype(dtype) for layer in layers for array in layer]


def batches(n: int, size: int, epochs: int) -> list[np.ndarray]:
    """Return the indices of every batch, in order."""
    rng = np.random.default_rng(1)
    return [part for _ in range(epochs) for part in np.split(rng.permutation(n), range(size, n, size))]


def ours(X: np.ndarray, labels: np.ndarray, hidden: int, batch: int, epochs: int) -> float:
    """Train with book_lib.tensor and return the last batch's loss."""
    parameters = [Tensor(array, requires_grad=True) for array in start(hidden, X.dtype.type)]
    W1, b1, W2, b2 = parameters
    for rows in batches(len(X), batch, epochs):
        loss = softmax_cross_entropy((Tensor(X[rows]) @ W1.T + b1).relu() @ W2.T + b2, labels[rows])
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data -= RATE * p.grad
    return loss.item()


def theirs(
    X: np.ndarray, labels: np.ndarray, hidden: int, batch: int, epochs: int, optimizer: bool = False
) -> float:
    """Train with torch, steps by hand or by its optimizer, and return the last batch's loss."""
    import torch

    parameters = [torch.tensor(array, requires_grad=True) for array in start(hidden, X.dtype.type)]
    W1, b1, W2, b2 = parameters
    descent = torch.optim.SGD(parameters, lr=RATE)
    pictures, answers = torch.from_numpy(X), torch.from_numpy(labels)
    for rows in batches(len(X), batch, epochs):
        rows = torch.from_numpy(rows)
        logits = torch.nn.functional.linear(pictures[rows], W1, b1).relu()
        logits = torch.nn.functional.linear(logits, W2, b2)
        loss = torch.nn.functional.cross_entropy(logits, answers[rows])
        for p in parameters:
            p.grad = None
        loss.backward()
        if optimizer:
            descent.step()
            continue
        with torch.no_grad():
            for p in parameters:
                p.sub_(p.grad, alpha=RATE)
    return loss.item()


def rivals() -> dict[str, Callable[..., float]]:
    """Return name → a training."""
    return {THEIRS: theirs, OPTIMIZER: partial(theirs, optimizer=True), OURS: ours}


def run(rounds: int = ROUNDS, cases: tuple[str, ...] = tuple(CASES)) -> list[dict]:
    """Time all in turns and return the rows of the table, ratios of time to the first's in the same case."""
    import torch  # noqa: F401  # before `one_thread` looks for it

    X, labels = digits()
    rows = []
    with one_thread():
        for case in cases:
            for dtype in ("float64", "float32"):
                rows += _compare(X.astype(dtype), labels, case, rounds)
    return rows


def _compare(X: np.ndarray, labels: np.ndarray, case: str, rounds: int) -> list[dict]:
    seconds, losses = dict.fromkeys(rivals(), float("inf")), {}
    for turn in range(rounds + 1):  # the first is not counted
        for name, train in rivals().items():
            began = time.perf_counter()
            losses[name] = train(X, labels, *CASES[case])
            if turn:
                seconds[name] = min(seconds[name], time.perf_counter() - began)
    return [
        {
            "name": name,
            "case": case,
            "dtype": X.dtype.name,
            "milliseconds": round(1e3 * seconds[name], 1),
            "ratio": round(seconds[name] / seconds[THEIRS], 2),
            "loss": losses[name],
        }
        for name in rivals()
    ]
