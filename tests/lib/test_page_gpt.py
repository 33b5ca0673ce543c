"""The page's model: what it was promised to be. Trains it, for some minutes, where the book was not built before."""

import numpy as np
import pytest
import torch

from book_lib.datasets import corpus
from book_lib.page_gpt import page_gpt
from book_lib.page_text import page_tokenizer, page_tokens
from book_lib.quantization import from_page_arrays, page_arrays, quantized
from book_lib.sampling import generate
from book_lib.transformer import evaluate

LETTERS = 4
pytestmark = pytest.mark.timeout(1500)


def test_the_tokenizer_is_of_512_and_loses_nothing():
    tokenizer = page_tokenizer()
    assert tokenizer.vocab_size == 512
    train, held_out = page_tokens()
    assert tokenizer.decode(held_out.tolist()) == corpus().held_out_text
    assert len(train) < 0.55 * len(corpus().train_text.encode())  # a token is two letters or more, in the mean


def test_the_models_size_and_loss_are_what_its_report_says():
    page = page_gpt()
    assert page.report["parameters"] == page.model.num_params() == 875_264
    _, held_out = page_tokens()
    loss = evaluate(page.model, held_out)
    assert loss == pytest.approx(page.report["held_out_loss"], abs=1e-3)
    assert loss < 2.6  # the aim, in nats a token
    assert len(held_out) == page.report["held_out_tokens"] > 50_000
    # The loss in a way of its own: some windows, each token behind all that the window holds.
    windows = torch.from_numpy(held_out[: 129 * 60].reshape(60, 129))
    with torch.no_grad():
        logits = page.model(windows[:, :-1])
    plain = torch.nn.functional.cross_entropy(logits[:, 64:].flatten(0, 1), windows[:, 65:].flatten()).item()
    assert abs(plain - loss) < 0.25


def test_quantisation_costs_next_to_nothing(record_property):
    """At most 0.02 nats a token; and the largest change of a logit, reported, is small against their spread."""
    page = page_gpt()
    small, _ = from_page_arrays(page_arrays(page.model, page.tokenizer))
    _, held_out = page_tokens()
    part = held_out[:20_000]
    assert abs(evaluate(small, part) - evaluate(page.model, part)) < 0.02
    windows = torch.from_numpy(part[: 40 * 128].reshape(40, 128))
    with torch.no_grad():
        exact, rounded, twin = page.model(windows), small(windows), quantized(page.model)(windows)
    change = (rounded - exact).abs()
    largest, spread = change.max().item(), exact.std().item()
    record_property("largest_logit_change", largest)
    print(f"largest change of {change.numel():,} logits by eight bits: {largest:.3f}; they spread by {spread:.1f}")
    assert torch.equal(rounded, twin)  # what the chapter rounds is what the page loads
    assert 0 < largest < 0.1 * spread, (largest, spread)
    assert change.mean() < 0.01 * spread


def test_most_long_words_that_it_writes_are_words_of_its_corpus():
    page, known, written = page_gpt(), corpus().words(), []
    for seed in range(8):
        ids = generate(page.model, page.tokenizer.encode("The "), 120, temperature=0.7, rng=seed, when_full="slide")
        text = page.tokenizer.decode(ids).rpartition(" ")[0].lower()
        written += [w for w in "".join(c if c.isalpha() else " " for c in text).split() if len(w) >= LETTERS]
    share = np.mean([word in known for word in written])
    assert len(written) > 100 and share > 0.7, share
