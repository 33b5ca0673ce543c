"""The toys that the chapter on transformers trains: their mathematics by another way, and each documented error."""

import math

import numpy as np
import pytest
import torch

from book_lib import _transformer_toys as toys


def symbols(count, length, size, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(size, size=(count, length)))


# ------------------------------------------------------------------------------------------- the reverser


@pytest.mark.parametrize("score", ["dot", "additive"])
def test_a_reverser_learns_in_seconds_and_aligns(score):
    model = toys.train_reverser(score, steps=300)
    x = symbols(200, 10, 16, seed=3)
    with torch.no_grad():
        logits, weights = model(x, x.flip(1))
    assert (logits.argmax(dim=2) == x.flip(1)).float().mean() > 0.97
    assert torch.allclose(weights.sum(dim=2), torch.ones(200, 10))
    table = weights.mean(dim=0)
    assert table.argmax(dim=1).tolist() == list(range(9, -1, -1))
    assert (model.reverse(x) == x.flip(1)).float().mean() > 0.97


def test_a_reverser_does_not_peek():
    """What is said at place t depends on targets before t only."""
    model, x = toys.Reverser("additive"), symbols(4, 10, 16)
    other = x.clone()
    other[:, 6] = (other[:, 6] + 1) % 16
    with torch.no_grad():
        change = (model(x, x)[0] - model(x, other)[0]).abs().amax(dim=(0, 2))
    assert change[:7].max() == 0 and change[7:].max() > 0


def test_without_attention_all_has_to_pass_through_one_state():
    model, x = toys.Reverser("none"), symbols(3, 10, 16)
    with torch.no_grad():
        logits, weights = model(x, x)
        _, last = model.reader(model.read(x))
        s, _ = model.speaker(model.said(torch.cat([torch.full((3, 1), 16), x[:, :-1]], 1)), last)
        wanted = model.out(torch.tanh(model.combine(torch.cat([torch.zeros_like(s), s], dim=2))))
    assert weights.abs().max() == 0 and torch.allclose(logits, wanted)


def test_the_same_seed_gives_the_same_reverser_and_leaves_torch_s_generator_alone():
    before = torch.get_rng_state()
    one, two = (toys.train_reverser(steps=3, seed=4) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    other = toys.train_reverser(steps=3, seed=5)
    assert not torch.equal(one.places, other.places)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"score": "cosine"}, ValueError, "score"),
        ({"encoder": "deaf"}, ValueError, "encoder"),
        ({"symbols": 1}, ValueError, "symbols"),
        ({"length": 0}, ValueError, "length"),
        ({"width": 2.5}, TypeError, "width"),
        ({"seed": -1}, ValueError, "seed"),
    ],
)
def test_a_reverser_refuses(options, error, words):
    with pytest.raises(error, match=words):
        toys.Reverser(**options)


def test_training_needs_steps():
    with pytest.raises(ValueError, match="steps"):
        toys.train_reverser(steps=0)
    with pytest.raises(ValueError, match="steps"):
        toys.train_repeater(1, steps=0)
    with pytest.raises(TypeError, match="steps"):
        toys.ladder(steps=1.5)
    with pytest.raises(ValueError, match="layers"):
        toys.induction_toy(layers=0)


# ------------------------------------------------------------------------------------------- the repeater


def test_rows_repeat_with_their_periods():
    rows, periods = toys.repeats(200, 20, (3, 8), 50, rng=1)
    assert rows.shape == (200, 20) and set(periods) == set(range(3, 9))
    for row, period in zip(rows, periods, strict=True):
        assert all(row[t] == row[t - period] for t in range(period, 20))
        fresh = row[:period]
        assert all(0 <= symbol < 50 for symbol in fresh)
    again, _ = toys.repeats(200, 20, (3, 8), 50, rng=1)
    assert (again == rows).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 5, (2, 3), 9), "count"),
        ((1, 0, (2, 3), 9), "length"),
        ((1, 5, (0, 3), 9), r"periods\[0\]"),
        ((1, 5, (4, 3), 9), r"periods\[1\]"),
        ((1, 5, (2, 3), 0), "symbols"),
    ],
)
def test_repeats_refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        toys.repeats(*arguments, rng=0)


def by_loops(model, ids, without=()):
    """The repeater once more, head by head and place by place, in complex numbers."""
    weights = {name: value.detach().double().numpy() for name, value in model.state_dict().items()}
    x = weights["embedding.weight"][ids]  # (T, d)
    T, d = x.shape
    e = d // model.heads

    def norm(x, layer):
        x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        return x * weights[f"norms.{layer}.weight"] + weights[f"norms.{layer}.bias"]

    turn = np.exp(1j * np.arange(T)[:, None] * 100.0 ** (-np.arange(0, e, 2) / e))
    for layer in range(len(model.qkv)):
        q, k, v = np.split(norm(x, layer) @ weights[f"qkv.{layer}.weight"].T + weights[f"qkv.{layer}.bias"], 3, axis=1)
        heard = np.zeros((T, d))
        for head in range(model.heads):
            part = slice(head * e, (head + 1) * e)
            qc, kc = ((z[:, part][:, 0::2] + 1j * z[:, part][:, 1::2]) * turn for z in (q, k))
            for t in range(T):
                scores = np.array([(qc[t] * kc[s].conj()).sum().real / math.sqrt(e) for s in range(t + 1)])
                p = np.exp(scores - scores.max())
                if (layer, head) not in without:
                    heard[t, part] = p / p.sum() @ v[: t + 1, part]
        x = x + heard @ weights[f"out.{layer}.weight"].T + weights[f"out.{layer}.bias"]
    return norm(x, len(model.qkv)) @ weights["unembedding.weight"].T


@pytest.mark.parametrize("without", [(), [(0, 1)], [(1, 0), (1, 1)]])
def test_a_repeater_is_what_its_loops_say(without):
    model = toys.Repeater(layers=2, symbols=9, width=12, heads=2, seed=3)
    ids = np.random.default_rng(2).integers(9, size=7)
    with torch.no_grad():
        logits = model(torch.from_numpy(ids)[None], without)[0].numpy()
    assert logits == pytest.approx(by_loops(model, ids, without), abs=1e-4)


def test_losses_and_attention_of_a_repeater():
    model = toys.Repeater(symbols=9, width=12, seed=1)
    rows, _ = toys.repeats(5, 11, (3, 4), 9, rng=3)
    losses, maps = model.losses(rows), model.attention(rows)
    assert losses.shape == (5, 10) and maps.shape == (5, 2, 2, 11, 11)
    assert maps.sum(axis=4) == pytest.approx(np.ones((5, 2, 2, 11)), abs=1e-5)
    assert maps[..., *np.triu_indices(11, 1)].max() == 0
    logits = by_loops(model, rows[0])
    wanted = [-(z[s] - np.log(np.exp(z).sum())) for z, s in zip(logits[:-1], rows[0, 1:], strict=True)]
    assert losses[0] == pytest.approx(wanted, abs=1e-4)


def test_scores_depend_on_the_distance_only():
    """The same vector at all places: a score is the same along each diagonal."""
    x = torch.randn(1, 16, generator=torch.manual_seed(1)).expand(20, 16)
    gram = toys.turned(x) @ toys.turned(x).T
    assert all(torch.diag(gram, lag).std() < 1e-4 for lag in range(-15, 16))
    assert toys.turned(x).norm(dim=1) == pytest.approx(x.norm(dim=1).numpy(), rel=1e-5)


def test_a_width_that_cannot_be_cut_into_pairs_is_refused():
    with pytest.raises(ValueError, match="width must be a multiple of"):
        toys.Repeater(width=10, heads=2)


def test_training_a_repeater_lowers_its_loss_and_is_the_same_each_time():
    one, two = (toys.train_repeater(1, steps=25, length=12, batch=8, seed=2) for _ in range(2))
    assert all((one[name] == two[name]).all() for name in one)
    assert one["curve"][-5:].mean() < one["curve"][:5].mean()


# ------------------------------------------------------------------------------------------- the ladder


def test_the_ladder_counts_and_measures(monkeypatch):
    """On a text of alternating tokens, which every size learns at once."""
    text = np.tile([1, 2, 3, 4], 600)
    monkeypatch.setattr(toys, "page_tokens", lambda: (text, text[:500]))
    found = toys.train_ladder(widths=[8, 16], steps=6, seed=0)
    for width, size, whole in zip((8, 16), found["sizes"], found["all_sizes"], strict=True):
        assert whole == (512 + 64) * width + 2 * (12 * width**2 + 13 * width) + 2 * width
        assert whole - size == (512 + 64) * width
    assert found["losses"].shape == (2,) and (found["losses"] < math.log(512) + 0.1).all()
