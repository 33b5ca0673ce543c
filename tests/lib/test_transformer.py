"""book_lib.transformer against torch's own attention, closed forms, finite differences and its own slow ways."""

import copy
import math
import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from book_lib import transformer
from book_lib.transformer import GPT, GPTConfig

NAN, INF = float("nan"), float("inf")
SEEDS = st.integers(0, 10_000)
SMALL = GPTConfig(vocab_size=23, context=16, width=24, layers=3, heads=4)
GPT2 = GPTConfig(vocab_size=50257, context=1024, width=768, layers=12, heads=12)
GPT2_XL = GPTConfig(vocab_size=50257, context=1024, width=1600, layers=48, heads=25)
GPT3 = GPTConfig(vocab_size=50257, context=2048, width=12288, layers=96, heads=96)


def varied(config=SMALL, seed=0, dtype=torch.float32):
    """A model whose every weight is far from its first value: norms that are no identity, biases that are not 0."""
    model = GPT(config, seed=seed).to(dtype)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.3 * torch.randn(weight.shape, generator=generator, dtype=dtype))
    return model


def random_ids(*shape, seed=0, vocab_size=23):
    return torch.from_numpy(np.random.default_rng(seed).integers(vocab_size, size=shape))


# ---------------------------------------------------------------------------- attention, step by step


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 5), st.integers(1, 5), SEEDS, st.booleans())
def test_attention_is_torchs(n, m, d, c, seed, masked):
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(2, 3, n, d)), rng.normal(size=(3, m, d)), rng.normal(size=(2, 1, m, c))
    mask = None
    if masked:
        mask = rng.random((n, m)) < 0.5
        mask[np.arange(n), rng.integers(m, size=n)] = True
    output, weights = transformer.attention(q, k, v, mask)
    shape = np.broadcast_shapes((2, 3), (3,), (2, 1))
    ours = [torch.from_numpy(np.broadcast_to(x, shape + x.shape[-2:]).copy()) for x in (q, k, v)]
    theirs = F.scaled_dot_product_attention(*ours, None if mask is None else torch.from_numpy(mask))
    np.testing.assert_allclose(output, theirs.numpy(), atol=1e-12)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-12)
    assert (weights >= 0).all()
    if masked:
        assert (weights[..., ~mask] == 0).all()


def test_attention_of_given_scores():
    """Scores 4.1, −1, 0.1 with and without 1/√512 (rows T-08 and T-09)."""
    scores = np.array([[4.1, -1.0, 0.1]])
    for scale, expected in ((1.0, [0.9762, 0.0060, 0.0179]), (1 / math.sqrt(512), [0.3793, 0.3028, 0.3179])):
        output, weights = transformer.attention(scores, np.eye(3), np.eye(3), scale=scale)
        np.testing.assert_allclose(weights[0], expected, atol=6e-5)
        np.testing.assert_array_equal(output, weights)
    wide = np.zeros((1, 512))
    wide[0, :3] = scores
    np.testing.assert_allclose(
        transformer.attention(wide, np.eye(3, 512), np.eye(3))[1][0], [0.3793, 0.3028, 0.3179], atol=6e-5
    )


def test_attention_stays_within_the_values_and_copies_when_it_is_sure():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 3))
    output, _ = transformer.attention(rng.normal(size=(4, 7)), rng.normal(size=(5, 7)), values)
    assert (output >= values.min(0)).all() and (output <= values.max(0)).all()
    output, weights = transformer.attention(1e9 * np.eye(5), np.eye(5), values)
    np.testing.assert_array_equal(weights, np.eye(5))
    np.testing.assert_array_equal(output, values)
    output, weights = transformer.attention(np.zeros((1, 7)), rng.normal(size=(5, 7)), values)
    np.testing.assert_allclose(output[0], values.mean(0))
    # the widest gap between scores is more than a float holds
    assert transformer.attention([[1.0]], [[1.7e308], [-1.7e308]], [[2.0], [1.0]])[0] == [[2.0]]


def test_masks():
    mask = transformer.causal_mask(4)
    assert mask.dtype == bool and mask.tolist() == [[j <= i for j in range(4)] for i in range(4)]
    for radius in range(5):
        band = transformer.local_mask(4, radius)
        assert band.tolist() == [[abs(i - j) <= radius for j in range(4)] for i in range(4)]
    assert transformer.causal_mask(1).tolist() == [[True]]


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ({"queries": [[NAN]]}, ValueError, "queries must be finite"),
        ({"queries": [["a"]]}, TypeError, "queries"),
        ({"queries": [1.0]}, ValueError, "queries must have shape"),
        ({"keys": [[1.0, 2.0]]}, ValueError, "keys must be as wide"),
        ({"values": [[1.0], [2.0]]}, ValueError, "values must be as many"),
        ({"keys": np.zeros((0, 1)), "values": np.zeros((0, 1))}, ValueError, "keys must have shape"),
        ({"queries": np.zeros((2, 1, 1)), "keys": np.zeros((3, 1, 1))}, ValueError, "broadcast"),
        ({"queries": [[1e200]], "keys": [[1e200]]}, ValueError, "too large"),
        ({"mask": [[1]]}, TypeError, "mask must hold True"),
        ({"mask": [[False]]}, ValueError, "row .* has none"),
        ({"mask": [[True, True]]}, ValueError, "mask must broadcast"),
        ({"mask": [[True], [True, True]]}, ValueError, "mask"),
        ({"scale": INF}, ValueError, "scale must be finite"),
        ({"scale": "1"}, TypeError, "scale"),
    ],
)
def test_attention_refuses(arguments, error, word):
    with pytest.raises(error, match=word):
        transformer.attention(**({"queries": [[1.0]], "keys": [[1.0]], "values": [[1.0]]} | arguments))


@pytest.mark.parametrize(
    ("call", "error", "word"),
    [
        (lambda: transformer.causal_mask(0), ValueError, "n must be at least 1"),
        (lambda: transformer.causal_mask(2.0), TypeError, "n must be an integer"),
        (lambda: transformer.local_mask(3, -1), ValueError, "radius"),
        (lambda: transformer.sinusoidal_positions(3, 5), ValueError, "width must be even"),
        (lambda: transformer.sinusoidal_positions(0, 4), ValueError, "n must be at least 1"),
        (lambda: transformer.sinusoidal_positions(3, 4, base=0), ValueError, "base"),
        (lambda: transformer.rotate(np.ones((3, 5)), np.arange(3)), ValueError, "last axis of x must be even"),
        (lambda: transformer.rotate(np.ones((3, 4)), np.arange(4)), ValueError, "positions must broadcast"),
        (lambda: transformer.rotate(np.ones((3, 4)), [0, 1, 1e10]), ValueError, "positions must lie"),
        (lambda: transformer.rotate([[NAN, 1.0]], [0]), ValueError, "x must be finite"),
        (lambda: transformer.rotate(1.0, [0]), ValueError, "x must have shape"),
    ],
)
def test_masks_and_positions_refuse(call, error, word):
    with pytest.raises(error, match=word):
        call()


# ---------------------------------------------------------------------------- positions


def test_sinusoids_are_those_of_the_paper():
    waves = transformer.sinusoidal_positions(7, 6)
    for p in range(7):
        for i in range(3):
            angle = p / 10000 ** (2 * i / 6)
            assert waves[p, 2 * i] == pytest.approx(math.sin(angle), abs=1e-15)
            assert waves[p, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-15)
    waves = transformer.sinusoidal_positions(50, 32)
    products = waves @ waves.T  # depend on the distance only
    for distance in (0, 1, 7, 40):
        np.testing.assert_allclose(np.diagonal(products, distance), products[0, distance])
    assert products[0, 0] == pytest.approx(16)


@given(st.integers(1, 4), st.integers(-50, 50), st.integers(-50, 50), st.integers(-50, 50), SEEDS)
def test_rotated_products_depend_on_the_distance_only(pairs, p, q, shift, seed):
    rng = np.random.default_rng(seed)
    query, key = rng.normal(size=(2, 1, 2 * pairs))

    def product(p, q):
        return (transformer.rotate(query, [p]) @ transformer.rotate(key, [q]).T).item()

    assert product(p, q) == pytest.approx(product(p + shift, q + shift), abs=1e-9)
    # as complex numbers: Re Σ q k* e^{i(p − q)θ}
    a, b = query[0, ::2] + 1j * query[0, 1::2], key[0, ::2] + 1j * key[0, 1::2]
    theta = 10000.0 ** (-np.arange(pairs) / pairs)
    assert product(p, q) == pytest.approx((a * b.conj() * np.exp(1j * (p - q) * theta)).real.sum(), abs=1e-9)


def test_rotation_keeps_lengths_and_broadcasts():
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 8))
    turned = transformer.rotate(x, np.arange(5))
    assert turned.shape == x.shape
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), np.linalg.norm(x, axis=-1))
    np.testing.assert_array_equal(turned[..., 0, :], x[..., 0, :])
    np.testing.assert_allclose(turned[1, 2, 3], transformer.rotate(x[1, 2, 3], 3))
    np.testing.assert_allclose(transformer.rotate(turned, -np.arange(5)), x)


def test_with_waves():
    model = GPT(SMALL)
    assert transformer.with_waves(model) is model
    waves = model.position_embedding.weight
    np.testing.assert_allclose(waves.detach(), 0.3 * transformer.sinusoidal_positions(16, 24), atol=1e-7)
    assert waves.requires_grad and waves.is_leaf
    assert torch.equal(model.token_embedding.weight, GPT(SMALL).token_embedding.weight)
    odd = GPT(GPTConfig(vocab_size=5, context=4, width=3, layers=1, heads=1))
    with pytest.raises(ValueError, match="width must be even"):
        transformer.with_waves(odd)
    with pytest.raises(ValueError, match="height must be finite"):
        transformer.with_waves(model, INF)
    with pytest.raises(TypeError, match="model must be a GPT"):
        transformer.with_waves(nn.Linear(2, 2))


# ---------------------------------------------------------------------------- sizes


@pytest.mark.parametrize(
    ("config", "total"), [(GPT2, 124_439_808), (GPT2_XL, 1_557_611_200), (GPT3, 174_604_259_328)]
)
def test_the_famous_sizes(config, total):
    counts = transformer.count_parameters(config)
    assert all(type(count) is int for count in counts.values())
    assert sum(counts.values()) == total == GPT(config, seed=None).num_params()
    d, layers = config.width, config.layers
    weights = sum(counts[f"attention.{part}"] for part in ("qkv", "out")) - layers * 4 * d
    assert weights == layers * 4 * d**2
    assert counts["mlp.up"] + counts["mlp.down"] - layers * 5 * d == layers * 8 * d**2
    assert counts["token_embedding"] == config.vocab_size * d


def test_gpt3s_blocks_hold_twelve_d_squared_each():
    counts = transformer.count_parameters(GPT3)
    biases = 96 * (3 + 1 + 4 + 1) * 12288
    assert sum(counts[x] for x in ("attention.qkv", "attention.out", "mlp.up", "mlp.down")) - biases == 173_946_175_488
    assert counts["token_embedding"] == 617_558_016


@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3),
    st.none() | st.integers(1, 9), st.booleans(), st.booleans(),
)
def test_parameters_are_counted_as_they_are(vocab_size, context, head_width, layers, heads, hidden, bias, tied):
    config = GPTConfig(vocab_size, context, head_width * heads, layers, heads, hidden, bias=bias, tied=tied)
    model = GPT(config, seed=None)
    counts = {}
    for name, weight in model.named_parameters():
        part = name.removeprefix("blocks.").rsplit(".", 1)[0].lstrip("0123456789.")
        counts[part] = counts.get(part, 0) + weight.numel()
    assert transformer.count_parameters(config) == counts
    assert model.num_params() == sum(counts.values())
    tables = [counts.get(name, 0) for name in ("token_embedding", "position_embedding", "unembedding")]
    assert model.num_params(embeddings=False) == sum(counts.values()) - sum(tables)


def test_the_pages_model_has_its_names_and_shapes():
    config = GPTConfig(vocab_size=512, context=128, width=128, layers=4, heads=4)
    model = GPT(config)
    assert model.num_params() == 875_264 and model.context == 128 and config.hidden == 512
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    assert shapes["token_embedding.weight"] == (512, 128) and shapes["position_embedding.weight"] == (128, 128)
    assert shapes["blocks.3.attention.qkv.weight"] == (384, 128)
    assert shapes["blocks.3.attention.out.weight"] == (128, 128)
    assert shapes["blocks.0.mlp.up.weight"] == (512, 128) and shapes["blocks.0.mlp.down.weight"] == (128, 512)
    assert {"blocks.0.norm1.weight", "blocks.0.norm2.bias", "final_norm.weight"} <= shapes.keys()
    assert "unembedding.weight" not in shapes
    assert tuple(GPT(GPTConfig(7, 4, 6, 1, 2, tied=False)).state_dict()["unembedding.weight"].shape) == (7, 6)


@pytest.mark.parametrize(
    ("changes", "error", "word"),
    [
        ({"vocab_size": 0}, ValueError, "vocab_size must be at least 1"),
        ({"context": 1.5}, TypeError, "context must be an integer"),
        ({"width": 25}, ValueError, "width must be a multiple of heads"),
        ({"layers": True}, TypeError, "layers"),
        ({"heads": 0}, ValueError, "heads"),
        ({"hidden": 0}, ValueError, "hidden"),
        ({"dropout": 1.0}, ValueError, "dropout must be at least 0 and less than 1"),
        ({"dropout": NAN}, ValueError, "dropout must be finite"),
        ({"activation": "relu"}, ValueError, "activation must be one of"),
        ({"bias": 1}, TypeError, "bias must be True or False"),
        ({"tied": None}, TypeError, "tied must be True or False"),
    ],
)
def test_sizes_that_are_none(changes, error, word):
    sizes = {"vocab_size": 23, "context": 16, "width": 24, "layers": 3, "heads": 4}
    with pytest.raises(error, match=word):
        GPTConfig(**(sizes | changes))


def test_numpy_sizes_are_sizes():
    config = GPTConfig(np.int64(23), np.int32(16), np.int64(24), np.int64(3), np.int64(4))
    assert config == SMALL and type(config.vocab_size) is int and hash(config) == hash(SMALL)


# ---------------------------------------------------------------------------- beginnings


def test_a_seed_is_a_model_and_torchs_generator_is_left_alone():
    before = torch.get_rng_state()
    first, again, other = GPT(SMALL, seed=5), GPT(SMALL, seed=5), GPT(SMALL, seed=6)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(first.token_embedding.weight, other.token_embedding.weight)
    for wrong in (-1, 1.5, "0"):
        with pytest.raises((TypeError, ValueError), match="seed must be"):
            GPT(SMALL, seed=wrong)
    with pytest.raises(TypeError, match="config must be a GPTConfig"):
        GPT({"vocab_size": 3})


def test_first_weights_are_gpt2s():
    model = GPT(GPTConfig(vocab_size=500, context=100, width=128, layers=8, heads=4, tied=False))
    for name, weight in model.named_parameters():
        if name.endswith("bias"):
            assert (weight == 0).all(), name
        elif "norm" in name:
            assert (weight == 1).all(), name
        else:
            expected = 0.02 / 4 if name.endswith(("out.weight", "down.weight")) else 0.02
            assert weight.std().item() == pytest.approx(expected, rel=0.05), name
            assert abs(weight.mean().item()) < 6 * expected / math.sqrt(weight.numel()), name


def test_the_first_loss_is_that_of_knowing_nothing():
    config = GPTConfig(vocab_size=512, context=64, width=64, layers=4, heads=4)
    ids = random_ids(16, 65, vocab_size=512)
    loss = GPT(config).loss(ids[:, :-1], ids[:, 1:])
    assert loss.item() == pytest.approx(math.log(512), abs=0.05)


# ---------------------------------------------------------------------------- the parts, by other means


@pytest.mark.parametrize("explicit", [False, True])
def test_attention_of_the_model_is_torchs_multihead(explicit):
    ours = varied(dtype=torch.float64).blocks[0].attention
    theirs = nn.MultiheadAttention(24, 4, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.qkv.weight)
        theirs.in_proj_bias.copy_(ours.qkv.bias)
        theirs.out_proj.weight.copy_(ours.out.weight)
        theirs.out_proj.bias.copy_(ours.out.bias)
    x = torch.randn(2, 9, 24, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    mask = torch.from_numpy(~transformer.causal_mask(9))
    expected, weights = theirs(x, x, x, attn_mask=mask, average_attn_weights=False)
    torch.testing.assert_close(ours(x, explicit=explicit), expected, atol=1e-12, rtol=0)
    torch.testing.assert_close(ours.weights(*ours.split(x)[:2]), weights, atol=1e-12, rtol=0)


def test_a_block_is_the_formula():
    """x ← x + Attention(norm x), x ← x + MLP(norm x), with the chapter's own attention for each head."""
    model = varied(dtype=torch.float64)
    block, width = model.blocks[0], 6
    x = np.random.default_rng(0).normal(size=(10, 24))

    def norm(x, layer):
        gain, shift = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * gain + shift

    def linear(x, layer):
        return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()

    q, k, v = np.split(linear(norm(x, block.norm1), block.attention.qkv), 3, axis=1)
    heads = [slice(width * h, width * (h + 1)) for h in range(4)]
    mask = transformer.causal_mask(10)
    contexts = [transformer.attention(q[:, h], k[:, h], v[:, h], mask)[0] for h in heads]
    y = x + linear(np.hstack(contexts), block.attention.out)
    hidden = linear(norm(y, block.norm2), block.mlp.up)
    gelu = np.vectorize(lambda z: z * 0.5 * (1 + math.erf(z / math.sqrt(2))))
    y = y + linear(gelu(hidden), block.mlp.down)
    with torch.no_grad():
        np.testing.assert_allclose(block(torch.from_numpy(x)[None])[0].numpy(), y, atol=1e-10)


@pytest.mark.parametrize("activation", ["gelu", "gelu_tanh"])
@pytest.mark.parametrize("bias", [False, True])
def test_flash_and_explicit_attention_agree(activation, bias):
    config = GPTConfig(23, 16, 24, 3, 4, activation=activation, bias=bias, tied=bias)
    model, ids = varied(config, dtype=torch.float64), random_ids(3, 16)
    gradients = []
    for explicit in (False, True):
        model.zero_grad()
        logits = model(ids, explicit=explicit)
        F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten()).backward()
        gradients.append([logits.detach(), *(weight.grad.clone() for weight in model.parameters())])
    for flash, slow in zip(*gradients, strict=True):
        torch.testing.assert_close(flash, slow, atol=1e-10, rtol=1e-8)
    single = copy.deepcopy(model).float()
    torch.testing.assert_close(single(ids), single(ids, explicit=True), atol=1e-4, rtol=1e-5)


def test_explicit_attention_is_computed_step_by_step(monkeypatch):
    def one_step(*_args, **_settings):
        raise AssertionError("in one step")

    model, ids = GPT(SMALL), torch.tensor([[3, 1, 4]])
    expected = model(ids)
    monkeypatch.setattr("torch.nn.functional.scaled_dot_product_attention", one_step)
    torch.testing.assert_close(model(ids, explicit=True), expected)
    with pytest.raises(AssertionError, match="in one step"):
        model(ids)


def test_gradients_are_finite_differences():
    config = GPTConfig(vocab_size=7, context=5, width=6, layers=2, heads=3)
    model = varied(config, dtype=torch.float64)
    ids, targets = random_ids(2, 5, vocab_size=7), random_ids(2, 5, seed=1, vocab_size=7)
    model.loss(ids, targets).backward()
    generator = torch.Generator().manual_seed(0)
    for name, weight in model.named_parameters():
        direction, step = torch.randn(weight.shape, generator=generator, dtype=torch.float64), 1e-5
        losses = []
        for sign in (1, -2, 1):
            with torch.no_grad():
                weight += sign * step * direction
            losses.append(model.loss(ids, targets).item())
        slope = (losses[0] - losses[1]) / (2 * step)
        assert (weight.grad * direction).sum().item() == pytest.approx(slope, rel=1e-5, abs=1e-8), name


def test_the_loss_is_the_mean_surprise_of_what_is_asked():
    model, ids, targets = varied(), random_ids(3, 8), random_ids(3, 8, seed=1)
    log_p = model(ids).log_softmax(-1)
    surprises = -log_p.gather(2, targets[..., None])[..., 0]
    assert model.loss(ids, targets).item() == pytest.approx(surprises.mean().item(), rel=1e-5)
    some = targets.clone()
    some[:, ::2] = -1
    assert model.loss(ids, some).item() == pytest.approx(surprises[:, 1::2].mean().item(), rel=1e-5)
    assert model.loss(ids.numpy(), targets.tolist()).item() == model.loss(ids, targets).item()


def test_small_batches_add_up_to_a_large_one():
    model, ids, targets = varied(dtype=torch.float64), random_ids(6, 8), random_ids(6, 8, seed=1)
    model.loss(ids, targets).backward()
    whole = [weight.grad.clone() for weight in model.parameters()]
    model.zero_grad()
    for part in range(3):
        (model.loss(ids[2 * part : 2 * part + 2], targets[2 * part : 2 * part + 2]) / 3).backward()
    for weight, expected in zip(model.parameters(), whole, strict=True):
        torch.testing.assert_close(weight.grad, expected, atol=1e-12, rtol=1e-9)


# ---------------------------------------------------------------------------- who sees whom


@given(st.integers(1, 15), SEEDS)
@settings(max_examples=20)
def test_the_past_does_not_hear_of_the_future(cut, seed):
    model, ids = varied(), random_ids(1, 16, seed=seed)
    other = ids.clone()
    other[:, cut:] = (ids[:, cut:] + 1 + random_ids(1, 16 - cut, seed=seed + 1, vocab_size=21)) % 23
    with torch.no_grad():
        for explicit in (False, True):
            before, after = model(ids, explicit), model(other, explicit)
            torch.testing.assert_close(before[:, :cut], after[:, :cut], atol=1e-5, rtol=0)
            assert (before[:, cut:] - after[:, cut:]).abs().amax(-1).min() > 1e-3


def test_without_positions_and_mask_attention_does_not_know_the_order():
    rng = np.random.default_rng(0)
    x, turns = rng.normal(size=(9, 24)), rng.permutation(9)
    q, k, v = rng.normal(size=(3, 24, 24))
    output, weights = transformer.attention(x @ q, x @ k, x @ v)
    moved, moved_weights = transformer.attention(x[turns] @ q, x[turns] @ k, x[turns] @ v)
    np.testing.assert_allclose(moved, output[turns], atol=1e-9)
    np.testing.assert_allclose(moved_weights, weights[turns][:, turns], atol=1e-9)


def test_without_positions_the_first_layer_sees_a_bag():
    """In a model of one layer, shuffling what comes before changes the last logits by way of positions only."""
    model = varied(GPTConfig(23, 16, 24, 1, 4))
    ids = random_ids(16).numpy()
    shuffled = np.append(np.random.default_rng(0).permutation(ids[:-1]), ids[-1])
    assert np.abs(model.next_logits(ids) - model.next_logits(shuffled)).max() > 0.01
    with torch.no_grad():
        model.position_embedding.weight.zero_()
    np.testing.assert_allclose(model.next_logits(ids), model.next_logits(shuffled), atol=1e-4)


def test_attention_weights_are_those_that_are_used():
    model, ids = varied(), random_ids(2, 11)
    weights = model.attention_weights(ids[0])
    assert weights.shape == (3, 4, 11, 11) and isinstance(weights, np.ndarray)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-5)
    assert (weights[..., ~transformer.causal_mask(11)] == 0).all() and (weights[..., 0, 0] == 1).all()
    both = model.attention_weights(ids)
    assert both.shape == (2, 3, 4, 11, 11)
    np.testing.assert_allclose(both[0], weights, atol=1e-5)
    used = []
    hooks = [
        block.attention.register_forward_pre_hook(lambda module, args: used.append(module.split(args[0])))
        for block in model.blocks
    ]
    with torch.no_grad():
        model(ids)
    for hook in hooks:
        hook.remove()
    for layer, (q, k, v) in enumerate(used):
        output = torch.from_numpy(both[:, layer]) @ v
        expected = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        torch.testing.assert_close(output, expected, atol=1e-5, rtol=1e-5)


# ---------------------------------------------------------------------------- the cache


@given(st.lists(st.integers(1, 16), min_size=1, max_size=8), st.integers(1, 3), SEEDS)
@settings(max_examples=40)
def test_cached_is_uncached(chunks, batch, seed):
    """Chunks of any size, onto an empty cache and a used one, up to the whole context."""
    model, ids = GPT(SMALL, seed=1), random_ids(batch, 16, seed=seed)
    with torch.no_grad():
        expected = model(ids).numpy()
    state = model.start(batch)
    for chunk in [*chunks, 16]:
        chunk = min(chunk, 16 - state.length)
        if chunk:
            logits = state.append(ids[:, state.length : state.length + chunk])
            assert logits.shape == (batch, 23)
            np.testing.assert_allclose(logits, expected[:, state.length - 1], atol=1e-5)
            np.testing.assert_allclose(logits, model.next_logits(ids[:, : state.length]), atol=1e-5)
    assert state.length == 16


def test_cached_is_uncached_in_double_precision_with_weights_that_matter():
    model, ids = varied(dtype=torch.float64), random_ids(2, 16)
    state = model.start(2)
    for first, last in ((0, 5), (5, 6), (6, 13), (13, 16)):
        logits = state.append(ids[:, first:last])
        np.testing.assert_allclose(logits, model(ids[:, :last])[:, -1].detach(), atol=1e-10)


def test_a_full_context_is_full():
    model, state = GPT(SMALL), GPT(SMALL).start()
    state.append(list(range(14)))
    with pytest.raises(ValueError, match="ids must fit into the context of 16, 2 of it left: got 3 tokens"):
        state.append([1, 2, 3])
    assert state.length == 14
    expected = model.next_logits([*range(14), 1, 2])
    np.testing.assert_allclose(state.append([1, 2]), expected, atol=1e-5)
    with pytest.raises(ValueError, match="0 of it left"):
        state.append(1)
    np.testing.assert_allclose(GPT(SMALL).start().append([*range(14), 1, 2]), expected, atol=1e-5)


def test_an_interrupted_or_refused_append_leaves_the_state_whole(monkeypatch):
    model = varied()
    state = model.start()
    state.append([1, 2, 3])
    for wrong, error in (([23], ValueError), ([-1], ValueError), ([0.5], TypeError), ([], ValueError)):
        with pytest.raises(error, match="ids must"):
            state.append(wrong)

    def interrupt(x):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(model.blocks[1], "forward", lambda *args: interrupt(args))
        state.append([9, 9])
    assert state.length == 3
    np.testing.assert_allclose(state.append([4]), model.next_logits([1, 2, 3, 4]), atol=1e-4)


def test_shapes_of_a_state():
    model = GPT(SMALL)
    assert model.start().append(3).shape == (23,)
    assert model.start().append([[3, 4]]).shape == (1, 23)
    assert model.start(2).append([[3], [4]]).shape == (2, 23)
    assert model.start(2).keys.shape == (3, 2, 4, 16, 6)
    for wrong in ([3, 4], [[3, 4]], [[1], [2], [3]], [[[3]], [[4]]]):
        with pytest.raises(ValueError, match="ids must have shape"):
            model.start(2).append(wrong)
    for wrong in (0, 1.0, True):
        with pytest.raises((TypeError, ValueError), match="batch must be"):
            model.start(wrong)
    logits = model.start().append([1, 2])
    assert isinstance(logits, np.ndarray) and logits.dtype == np.float32


def test_greedy_tokens_are_the_same_with_and_without_the_cache():
    model, context = varied(seed=3), 16
    state, cached = model.start(), [5, 2]
    logits = state.append(cached)
    plain = [5, 2]
    while len(cached) < context:
        cached.append(int(logits.argmax()))
        logits = state.append(cached[-1])
        plain.append(int(model.next_logits(plain).argmax()))
    assert cached == plain and len(set(cached)) > 2


def test_the_sampler_writes_the_same_with_and_without_the_cache():
    sampling = pytest.importorskip("book_lib.sampling")
    model = varied(seed=3)

    class Uncached:
        context = model.context
        next_logits = staticmethod(model.next_logits)

    for temperature in (0.0, 1.0):
        cached = sampling.generate(model, [5, 2], 14, temperature=temperature, rng=0)
        assert cached == sampling.generate(Uncached(), [5, 2], 14, temperature=temperature, rng=0)
        assert len(cached) in (14, 16)
    with pytest.raises(ValueError, match="16"):
        sampling.generate(model, list(range(17)), 1)


# ---------------------------------------------------------------------------- at rest and in training


def test_dropout_is_for_training_only():
    config = GPTConfig(23, 16, 24, 2, 4, dropout=0.5)
    model, ids = varied(config), random_ids(1, 8)
    assert model.training
    torch.manual_seed(0)
    assert not torch.equal(model(ids), model(ids))
    assert not torch.equal(model(ids, explicit=True), model(ids, explicit=True))
    answers = [model.next_logits(ids[0]), model.next_logits(ids[0]), model.start().append(ids[0])]
    np.testing.assert_array_equal(answers[0], answers[1])
    np.testing.assert_allclose(answers[0], answers[2], atol=1e-4)
    np.testing.assert_array_equal(model.attention_weights(ids), model.attention_weights(ids))
    assert model.training and model.blocks[1].mlp.training
    with pytest.raises(ValueError, match="vocabulary"):
        model.next_logits([99])
    assert model.training
    model.eval()
    np.testing.assert_allclose(model(ids)[0, -1].detach(), answers[0], atol=1e-4)
    model.next_logits(ids[0])
    assert not model.training


@pytest.mark.parametrize("explicit", [False, True])
def test_dropout_keeps_the_mean(explicit):
    """Attention with dropout: over many draws, the mean is what comes out without."""
    config = GPTConfig(5, 8, 8, 1, 2, dropout=0.2)
    torch.manual_seed(0)
    attention = varied(config, dtype=torch.float64).blocks[0].attention
    x = torch.randn(1, 6, 8, dtype=torch.float64).expand(4000, 6, 8)
    with torch.no_grad():
        mean, plain = attention(x, explicit=explicit).mean(0), attention.eval()(x[:1])[0]
    torch.testing.assert_close(mean, plain, atol=0.05, rtol=0)


def test_a_sentence_is_learnt_by_heart():
    text = list(b"to be or not to be, that is the question")
    symbols = sorted(set(text))
    ids = torch.tensor([[symbols.index(byte) for byte in text]])
    config = GPTConfig(vocab_size=len(symbols), context=len(text), width=32, layers=2, heads=2)
    model = transformer.with_waves(GPT(config))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(80):
        optimizer.zero_grad()
        loss = model.loss(ids[:, :-1], ids[:, 1:])
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    state, told = model.start(), [symbols[ids[0, 0]]]
    while len(told) < len(text):
        told.append(symbols[int(state.append(symbols.index(told[-1])).argmax())])
    assert told == text


def test_copies_and_pickles():
    model, ids = varied(), random_ids(5)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin.next_logits(ids), model.next_logits(ids))
        assert twin.config == model.config
    twin = GPT(SMALL, seed=9)
    twin.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(twin.next_logits(ids), model.next_logits(ids))


# ---------------------------------------------------------------------------- silenced heads


def test_ablated_heads_say_nothing():
    model, ids = varied(), random_ids(2, 9)
    silenced = copy.deepcopy(model)
    with torch.no_grad():
        for layer, head in ((0, 1), (2, 0), (2, 3)):
            silenced.blocks[layer].attention.out.weight[:, 6 * head : 6 * (head + 1)] = 0
    before = model(ids)
    with transformer.ablate(model, heads=[(0, 1), (2, 0), [2, 3]]):
        for explicit in (False, True):
            torch.testing.assert_close(model(ids, explicit), silenced(ids, explicit), atol=1e-5, rtol=1e-5)
        np.testing.assert_allclose(model.next_logits(ids), silenced.next_logits(ids), atol=1e-4)
        state = model.start(2)
        state.append(ids[:, :4])
        np.testing.assert_allclose(state.append(ids[:, 4:]), silenced.next_logits(ids), atol=1e-4)
        np.testing.assert_allclose(model.attention_weights(ids), silenced.attention_weights(ids), atol=1e-4)
    assert torch.equal(model(ids), before)


def test_ablation_ends_whatever_happens_and_can_be_nested():
    model, ids = varied(), random_ids(9)
    before = model.next_logits(ids)
    with pytest.raises(RuntimeError), transformer.ablate(model, [(1, 1)]):
        raise RuntimeError
    np.testing.assert_array_equal(model.next_logits(ids), before)
    with transformer.ablate(model, [(1, 1), (1, 1)]), transformer.ablate(model, [(1, 2)]):
        nested = model.next_logits(ids)
    with transformer.ablate(model, iter([(1, 2), (1, 1)])):
        np.testing.assert_array_equal(model.next_logits(ids), nested)
    with transformer.ablate(model, []):
        np.testing.assert_array_equal(model.next_logits(ids), before)


@pytest.mark.parametrize(
    ("heads", "error", "word"),
    [
        ([(3, 0)], ValueError, "heads: the layer must be at most 2"),
        ([(0, 4)], ValueError, "heads: the head must be at most 3"),
        ([(0, -1)], ValueError, "heads: the head must be at least 0"),
        ([(0.0, 1)], TypeError, "heads: the layer must be an integer"),
        ([1], TypeError, "pairs"),
        (1, TypeError, "pairs"),
        ([(1, 2, 3)], TypeError, "pairs"),
    ],
)
def test_heads_that_are_none(heads, error, word):
    with pytest.raises(error, match=word), transformer.ablate(GPT(SMALL), heads):
        pass


def test_ablation_and_counting_are_for_our_models():
    with pytest.raises(TypeError, match="model must be a GPT"), transformer.ablate(nn.Linear(1, 1), []):
        pass
    with pytest.raises(TypeError, match="config must be a GPTConfig"):
        transformer.count_parameters({"width": 3})


# ---------------------------------------------------------------------------- what is no text


@pytest.mark.parametrize(
    ("ids", "error", "word"),
    [
        ([[23]], ValueError, "ids must be in 0 ... 22 .the vocabulary., got 23"),
        ([[-1]], ValueError, "got -1"),
        ([[0.0]], TypeError, "ids must be integers, got float64"),
        ([[True]], TypeError, "ids must be integers, got bool"),
        ([["a"]], TypeError, "ids must be integers"),
        (torch.tensor([[0.5]]), TypeError, "ids must be integers, got torch.float32"),
        (torch.tensor([[True]]), TypeError, "ids must be integers, got torch.bool"),
        (np.array([[2**63]], dtype=np.uint64), ValueError, "vocabulary"),
        ([[]], ValueError, "at least one token"),
        (np.zeros((0, 3), dtype=int), ValueError, "at least one token"),
        ([list(range(17))], ValueError, "ids must fit into the context of 16: got 17 tokens"),
        ([[[1]]], ValueError, "ids must have shape"),
        ([[1, 2], [3]], ValueError, "unequal length"),
        (np.ma.masked_array([[1]], mask=[[True]]), TypeError, "masked"),
        (None, TypeError, "ids must be integers"),
    ],
)
def test_ids_that_are_none(ids, error, word):
    model = GPT(SMALL)
    for call in (model, model.next_logits, model.attention_weights, model.start().append):
        with pytest.raises(error, match=word):
            call(ids)


def test_a_row_is_no_batch_where_the_batch_matters():
    model = GPT(SMALL)
    with pytest.raises(ValueError, match=r"ids must have shape \(B, T\), got \(3,\)"):
        model([1, 2, 3])
    with pytest.raises(ValueError, match="at least one token"):
        model.next_logits([])
    for dtype in (torch.int32, torch.uint8, torch.int64):
        ids = torch.tensor([[1, 2, 3]], dtype=dtype)
        assert torch.equal(model(ids), model([[1, 2, 3]]))
        assert model.loss(ids, ids).item() == model.loss([[1, 2, 3]], [[1, 2, 3]]).item()


@pytest.mark.parametrize(
    ("targets", "error", "word"),
    [
        ([[1]], ValueError, "targets must have the ids' shape"),
        ([[1, 23]], ValueError, "targets must be in 0 ... 22 or -1"),
        ([[1, -2]], ValueError, "got -2"),
        ([[-1, -1]], ValueError, "targets must ask"),
        ([[1.0, 2.0]], TypeError, "targets must be integers"),
    ],
)
def test_targets_that_are_none(targets, error, word):
    with pytest.raises(error, match=word):
        GPT(SMALL).loss([[1, 2]], targets)
