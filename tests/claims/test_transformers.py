"""The claims of the chapter on transformers, against values that share no code with what they test."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import special, stats

from book_lib import _transformer_toys as toys
from book_lib import datasets, transformer
from book_lib.explorables import MeltSentence, PositionalEncodings
from book_lib.explorables.positional_encodings import KINDS
from book_lib.ngram import NGram
from book_lib.page_text import page_tokens
from book_lib.quantization import from_page_arrays, page_arrays
from book_lib.transformer import GPT, GPTConfig

CHAPTERS = Path(__file__).resolve().parents[2] / "chapters"
GPT_FILE = CHAPTERS.parent / "book_lib" / "_transformer_model.py"


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("transformers")


def torch_attention(q, k, v, mask=None, causal=False):
    """PyTorch's, in double precision."""
    q, k, v = (torch.tensor(np.asarray(part, dtype=float))[None] for part in (q, k, v))
    mask = None if mask is None else torch.tensor(mask)
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, mask, is_causal=causal)[0].numpy()


# ---------------------------------------------------------------------------- a weighted average


def test_a_kernel_smoother_is_a_softmax_of_dot_products(here):
    """The mean under bells equals the mean under dot products at T = h², if the places are equally long."""
    rng = np.random.default_rng(2)
    angles, values, h = rng.uniform(0, 6, 7), rng.normal(size=7), 0.4
    places = np.column_stack([np.cos(angles), np.sin(angles)])
    x = np.array([0.3, -0.8])
    bells = stats.norm.pdf(np.linalg.norm(x - places, axis=1) / h)
    assert bells @ values / bells.sum() == pytest.approx(special.softmax(places @ x / h**2) @ values)
    bells = stats.norm.pdf((2.3 - np.arange(5)) / 0.5)
    assert here.numbers["smooth_5"] == pytest.approx(bells @ [2, 3, 5, 4, 1] / bells.sum())
    assert here.numbers["smooth_1"] == pytest.approx(5, abs=0.01)
    assert here.numbers["smooth_500"] == pytest.approx(3, abs=0.01)
    assert "T = h^2" in here.prose("sec-tf-average")


@pytest.mark.claim("T-02")
def test_weights_are_a_softmax_of_scores(here):
    a = here.names["a"]
    assert a == pytest.approx(np.exp([2, 0, 2]) / (2 * math.exp(2) + 1)) and a.sum() == pytest.approx(1)
    assert here.answers("▢₁ is")[0] == 3
    assert here.answers("▢₂ is")[0] == pytest.approx(3 / 7) and here.answers("▢₃ is")[0] == pytest.approx(4 / 7)
    rng = np.random.default_rng(0)
    for score in ("dot", "additive"):
        model = toys.Reverser(score).double()
        x = torch.from_numpy(rng.integers(16, size=(3, 10)))
        with torch.no_grad():
            weights = model(x, x.flip(1))[1].numpy()
            s, h = (torch.from_numpy(rng.normal(size=(1, n, 16))) for n in (4, 5))
            scores = model.scores(s, h).numpy()[0]
        assert weights.sum(axis=2) == pytest.approx(np.ones((3, 10))) and (weights > 0).all()
        W, U, u = (layer.weight.detach().numpy() for layer in (model.of_state, model.of_input, model.sum_up))
        for t in range(4):
            for i in range(5):
                a, b = s[0, t].numpy(), h[0, i].numpy()
                wanted = a @ b if score == "dot" else (u @ np.tanh(W @ a + U @ b)).item()
                assert scores[t, i] == pytest.approx(wanted)


@pytest.mark.claim("T-03")
def test_the_context_lies_in_the_hull_and_one_hot_weights_copy(here):
    h, c = np.array([[1.0, 0], [0, 1], [1, 1]]), here.names["c"]
    assert c == pytest.approx(here.names["a"] @ h)
    # of the triangle (1,0), (0,1), (1,1): coordinates that add up to one and are not negative
    coordinates = np.linalg.solve(np.vstack([h.T, np.ones(3)]), [*c, 1])
    assert (coordinates > 0).all() and coordinates.sum() == pytest.approx(1)
    rng = np.random.default_rng(3)
    q, k, v = rng.normal(size=(4, 6)), rng.normal(size=(9, 6)), rng.normal(size=(9, 2))
    out, weights = transformer.attention(q, k, v)
    assert (weights >= 0).all() and out == pytest.approx(torch_attention(q, k, v))
    assert (out >= v.min(axis=0)).all() and (out <= v.max(axis=0)).all()
    cold, _ = transformer.attention(q, k, v, scale=1e6)
    assert cold == pytest.approx(v[(q @ k.T).argmax(axis=1)])
    assert here.names["one_hot"].tolist() == [0, 0.5, 0.5]  # a tie at T = 0


# ---------------------------------------------------------------------------- a sequence turned round


@pytest.mark.claim("T-04")
def test_the_alignment_of_a_reversal_is_the_anti_diagonal(here):
    for name in ("additive", "dot"):
        table = here.names["alignments"][name]
        assert table.sum(axis=1) == pytest.approx(np.ones(10), abs=1e-5)
        assert table.argmax(axis=1).tolist() == list(range(9, -1, -1))
        assert np.diag(table[:, ::-1]).min() > 0.3 and here.numbers[f"anti_{name}"] > 0.45
        assert here.numbers[f"right_{name}"] > 99
    assert here.numbers["right_none"] < 60


@pytest.mark.claim("T-04")
def test_a_recurrent_encoder_is_right_and_looks_elsewhere(here):
    assert here.numbers["right_recurrent"] > 98
    assert here.numbers["anti_recurrent"] < 0.3 < here.numbers["anti_additive"]
    table = here.names["alignments"]["recurrent"]
    beside = [table[t, 9 - t + 1] for t in range(1, 10)]  # the state that has read one symbol more
    assert here.numbers["beside"] == pytest.approx(np.mean(beside)) and np.mean(beside) > 0.4
    assert sum(table[t].argmax() == 9 - t for t in range(10)) <= 3
    assert "not what was used there" in here.prose("sec-tf-alignment")


@pytest.mark.claim("T-04")
def test_context_and_state_are_both_needed():
    """Another context changes what is said; and so does another state."""
    model = toys.train_reverser("dot", steps=150)
    x = torch.from_numpy(np.random.default_rng(1).integers(16, size=(64, 10)))
    with torch.no_grad():
        right = (model(x, x.flip(1))[0].argmax(dim=2) == x.flip(1)).float().mean()
        s = model.speaker(model.said(x))[0]
        h, _ = model.encode(x)
        blind = model.out(torch.tanh(model.combine(torch.cat([h.mean(dim=1, keepdim=True).expand_as(s), s], dim=2))))
    assert right > 0.9 and (blind.argmax(dim=2) == x.flip(1)).float().mean() < 0.5


# ---------------------------------------------------------------------------- masks


@pytest.mark.claim("T-01")
def test_masks(here):
    masks = here.names["masks"]
    for i in range(8):
        for j in range(8):
            assert masks["global"][i, j]
            assert masks["local"][i, j] == (abs(i - j) <= 2)
            assert masks["causal"][i, j] == (j <= i)
    band = transformer.local_mask(30, 4)
    rows, columns = np.nonzero(band)
    assert abs(rows - columns).max() == 4 and band.sum() == 9 * 30 - 2 * (4 + 3 + 2 + 1)
    assert here.numbers["seen_causal"] == 8 * 9 / 2 and here.numbers["seen_local"] == 5 * 8 - 2 * 3
    assert here.numbers["seen_both"] == 3 * 8 - 3
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 4)), rng.normal(size=(9, 4))
    assert transformer.attention(x, x, x)[1].shape == (6, 6)  # self-attention is square
    assert transformer.attention(x, y, y)[1].shape == (6, 9)  # cross-attention is not
    out, _ = transformer.attention(x, x, x, mask=transformer.local_mask(6, 1))
    assert out == pytest.approx(torch_attention(x, x, x, transformer.local_mask(6, 1)))


@pytest.mark.claim("T-01")
def test_the_stimulus_counts_for_every_task_and_the_task_for_one(here):
    keys, b = here.names["keys"], here.names["b"]
    for task, winner in (([1.5, 0, 0], 0), ([0, 1.5, 0], 1)):
        assert special.softmax(keys @ task).argmax() == winner
        assert special.softmax(keys @ task + keys @ b).argmax() == 2
    assert keys @ b == pytest.approx([0, 0, 4])  # the second term belongs to the key alone
    for words in ("bottom-up", "top-down", "self-attention", "cross-attention", "local", "global"):
        assert words in here.prose("sec-tf-masks")


# ---------------------------------------------------------------------------- embeddings and positions


@pytest.mark.claim("T-05")
def test_the_one_hot_matrix(here):
    assert here.numbers["one_hot"] == 102_926_336 == 2048 * 50_257
    X, ids = here.names["X"], here.names["ids"]
    assert here.prose("sec-tf-lookup").count("0 to 2047") == 1
    X = np.eye(50)[np.arange(20) % 7]
    assert (X.sum(axis=1) == 1).all() and ((X == 0) | (X == 1)).all()
    assert ids is not None and "rows 0 to 2048" in here.source  # the slip, in the exercise


@pytest.mark.claim("T-06")
def test_one_hot_times_a_table_is_a_look_up(here):
    assert here.numbers["table"] == 617_558_016 and here.numbers["result"] == 25_165_824
    assert here.numbers["products"] == pytest.approx(2048 * 617_558_016 / 1e12)
    assert here.numbers["lookup_gap"] == 0
    rng = np.random.default_rng(8)
    table, ids = rng.normal(size=(11, 5)), rng.integers(11, size=13)
    product = np.zeros((13, 5))
    for n, token in enumerate(ids):
        for word in range(11):
            product[n] += (word == token) * table[word]
    assert product == pytest.approx(torch.nn.functional.embedding(torch.tensor(ids), torch.tensor(table)).numpy())
    model = GPT(GPTConfig(11, 8, 12, 1, 2))  # its slope: only words that occur learn
    model.loss(torch.tensor([[1, 2, 1, 3]]), torch.tensor([[2, 1, 3, 1]])).backward()
    untied = GPT(GPTConfig(11, 8, 12, 1, 2, tied=False))
    untied.loss(torch.tensor([[1, 2, 1, 3]]), torch.tensor([[2, 1, 3, 1]])).backward()
    assert set(np.flatnonzero(untied.token_embedding.weight.grad.abs().sum(dim=1).numpy())) == {1, 2, 3}
    assert (model.token_embedding.weight.grad.abs().sum(dim=1) > 0).all()  # tied, the others learn as answers


@pytest.mark.claim("T-07")
def test_without_positions_attention_is_equivariant(here):
    assert here.numbers["order_gap"] < 1e-12 < 0.1 < here.numbers["order_broken"]
    rng = np.random.default_rng(4)
    x, order = rng.normal(size=(7, 8)), rng.permutation(7)
    W = rng.normal(size=(3, 8, 8))

    def layer(x):
        return torch_attention(*(x @ w for w in W))

    assert layer(layer(x)[order]) == pytest.approx(layer(layer(x))[order])
    waves = transformer.sinusoidal_positions(7, 8)
    assert np.abs(layer(x[order] + waves) - layer(x + waves)[order]).max() > 0.01


@pytest.mark.claim("T-07")
def test_what_there_is_to_see_in_the_four_kinds(here):
    """What is said beside the explorable, of its own numbers."""
    gaps = {kind: [PositionalEncodings(kind=kind, content=words).gap() for words in (False, True)] for kind in KINDS}
    assert max(*gaps["none"], *gaps["rotary"], gaps["sinusoidal"][0]) < 1e-9
    assert min(*gaps["learned"], gaps["sinusoidal"][1]) > 0.5
    least, most = (PositionalEncodings(base=base, pair=15).wavelength() for base in (10.0, 100_000.0))
    assert least < 64 < most
    assert "four kinds of positions" in here.prose("sec-tf-positions")


@pytest.mark.claim("T-07")
def test_waves_and_rotations_know_distances(here):
    waves = transformer.sinusoidal_positions(50, 12)
    for pair in range(6):
        omega = 10_000 ** (-2 * pair / 12)
        assert waves[:, 2 * pair] == pytest.approx(np.sin(omega * np.arange(50)))
        assert waves[:, 2 * pair + 1] == pytest.approx(np.cos(omega * np.arange(50)))
        step = here.names["step"](omega, 7)
        assert waves[7:, 2 * pair : 2 * pair + 2] == pytest.approx(waves[:-7, 2 * pair : 2 * pair + 2] @ step.T)
    gram = waves @ waves.T
    assert all(np.ptp(np.diag(gram, lag)) < 1e-10 for lag in range(49))
    assert here.numbers["wave_7"] == pytest.approx(np.cos(7 * 10_000 ** (-np.arange(32) / 32)).sum())
    assert here.numbers["wave_gap"] < 1e-10 and here.numbers["rotary_gap"] < 1e-10
    rng = np.random.default_rng(5)
    q, k = rng.normal(size=(2, 8))
    as_complex = [part[0::2] + 1j * part[1::2] for part in (q, k)]
    for p, p_key in ((3, 0), (10, 4), (100, 140)):
        omega = 10_000 ** (-np.arange(4) / 4)
        wanted = (as_complex[0] * np.conj(as_complex[1]) * np.exp(1j * omega * (p - p_key))).sum().real
        ours = transformer.rotate(q[None], [p]) @ transformer.rotate(k[None], [p_key]).T
        assert ours.item() == pytest.approx(wanted)


# ---------------------------------------------------------------------------- queries, keys, values


@pytest.mark.claim("T-08")
def test_the_printed_scores_and_their_true_weights(here):
    numbers = here.numbers
    e = np.exp([4.1, -1, 0.1])
    assert [numbers[f"plain_{i}"] for i in range(3)] == pytest.approx(e / e.sum())
    assert [round(numbers[f"plain_{i}"], 4) for i in range(3)] == [0.9762, 0.0060, 0.0179]
    assert [round(numbers[f"scaled_{i}"], 4) for i in range(3)] == [0.3793, 0.3028, 0.3179]
    assert numbers["printed_sum"] == pytest.approx(1.2)
    assert numbers["ratio"] == pytest.approx(math.exp(5.3)) and numbers["printed_ratio"] == pytest.approx(3)
    assert special.softmax([math.log(9), 0, math.log(2)]) == pytest.approx(np.array([0.9, 0.1, 0.2]) / 1.2)
    rng = np.random.default_rng(6)
    Q, K, V = rng.normal(size=(3, 5, 7))
    out, weights = transformer.attention(Q, K, V)
    assert weights.sum(axis=1) == pytest.approx(np.ones(5)) and out == pytest.approx(torch_attention(Q, K, V))
    assert max(numbers["attention_gap"], numbers["hopfield_gap"], numbers["row_gap"]) < 1e-12


@pytest.mark.claim("T-09")
def test_the_variance_of_scores(here):
    numbers = here.numbers
    assert numbers["root"] == pytest.approx(22.63, abs=0.005)
    assert abs(numbers["measured"] - numbers["root"]) < 4 * numbers["measured_error"]
    assert numbers["measured_error"] < 0.3
    rng = np.random.default_rng(7)
    for d in (4, 100):
        signs = rng.choice([-1, 1], size=(2, 40_000, d))  # any law of mean 0 and variance 1
        assert (signs[0] * signs[1]).sum(axis=1).var() == pytest.approx(d, rel=0.05)
    assert here.answers("▢₁ is")[1] == 16 * 4 and here.answers("▢₂ is")[1] == 8
    assert here.answers("▢₃ is")[1] == 0.5


@pytest.mark.claim("T-09")
def test_the_root_keeps_the_jacobian_alive(here):
    z = torch.tensor([0.3, -1.0, 2.0, 0.1], dtype=torch.float64)
    p = torch.softmax(z, 0)
    true = torch.autograd.functional.jacobian(lambda z: torch.softmax(z, 0), z)
    assert torch.allclose(true, torch.diag(p) - torch.outer(p, p))
    assert torch.trace(true).item() == pytest.approx(1 - (p**2).sum().item())
    plain, scaled = here.names["alive"]["plain"], here.names["alive"]["scaled"]
    assert min(scaled) > 0.9 and np.ptp(scaled) < 0.05
    assert (np.diff(plain) < 0).all() and plain[-1] < 0.01


@pytest.mark.claim("T-09")
def test_the_causal_mask_hides_the_future(here):
    assert here.numbers["causal_gap"] == 0 and here.numbers["open_gap"] > 0.1
    rng = np.random.default_rng(9)
    Q, K, V = rng.normal(size=(3, 9, 4))
    out, weights = transformer.attention(Q, K, V, mask=transformer.causal_mask(9))
    assert out == pytest.approx(torch_attention(Q, K, V, causal=True))
    assert weights[np.triu_indices(9, 1)].max() == 0 and weights[0, 0] == 1
    assert weights.sum(axis=1) == pytest.approx(np.ones(9))


@pytest.mark.claim("T-10")
def test_heads(here):
    assert here.numbers["heads_gap"] < 1e-5 and here.numbers["joined_width"] == 32 and 96 * 128 == 12_288
    assert "$96 \\cdot 128 = 12288$" in here.prose("sec-tf-heads")
    rng = np.random.default_rng(10)
    x = torch.tensor(rng.normal(size=(1, 6, 12)))
    one = torch.nn.MultiheadAttention(12, 1, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        q, k, v = (x @ one.in_proj_weight.T + one.in_proj_bias)[0].chunk(3, dim=1)
        ours = transformer.attention(q, k, v)[0] @ one.out_proj.weight.numpy().T + one.out_proj.bias.numpy()
        assert ours == pytest.approx(one(x, x, x)[0][0].numpy())
    for heads in (1, 3, 12):  # however many, the matrices are the same
        assert GPT(GPTConfig(9, 4, 12, 1, heads)).num_params() == GPT(GPTConfig(9, 4, 12, 1, 1)).num_params()


# ---------------------------------------------------------------------------- the block


@pytest.mark.claim("T-11")
def test_the_feed_forward_part(here):
    assert here.numbers["mlp_weights"] == here.numbers["mlp_theory"] == 2 * here.numbers["attention_weights"]
    for D in (8, 20):
        mlp = GPT(GPTConfig(5, 4, D, 1, 2)).blocks[0].mlp
        assert mlp.up.weight.numel() + mlp.down.weight.numel() == 8 * D**2
        x = torch.randn(1, 4, D)
        with torch.no_grad():
            z = x @ mlp.up.weight.T + mlp.up.bias
            wanted = (z * torch.tensor(stats.norm.cdf(z.numpy()))).float() @ mlp.down.weight.T + mlp.down.bias
            assert torch.allclose(mlp(x), wanted, atol=1e-6)
            assert torch.allclose(mlp(x)[:, 2:3], mlp(x[:, 2:3]), atol=1e-6)  # each place alone


@pytest.mark.claim("T-12")
def test_add_and_norm(here):
    numbers = here.numbers
    assert numbers["norm_mean"] < 1e-5 and numbers["norm_variance"] == pytest.approx(1, abs=1e-3)
    assert numbers["alike_none"] > 0.99 and numbers["alike_post"] > 0.95 and numbers["alike_pre"] < 0.9
    assert min(numbers[f"slopes_{kind}"] for kind in ("pre", "post", "none")) > 0.5  # none has lost them on the way
    blocks = GPT(GPTConfig(5, 4, 16, 3, 2)).blocks
    for block in blocks:
        for weight in (*block.attention.out.parameters(), *block.mlp.down.parameters()):
            torch.nn.init.zeros_(weight)
    x = 5 * torch.randn(2, 4, 16) + 3
    with torch.no_grad():
        passed = x
        for block in blocks:
            passed = block(passed)
        assert torch.equal(passed, x)  # parts that say nothing leave the pre-norm stream as it is
        through = here.names["through"](blocks, x, "pre")
        assert torch.allclose(through.mean(dim=2), torch.zeros(2, 4), atol=1e-5)
        assert torch.allclose(through.var(dim=2, correction=0), torch.ones(2, 4), atol=1e-3)
        post = blocks[0].norm1(x)
        assert (post - x).abs().max() > 1  # the post-norm stream is changed by every norm


@pytest.mark.claim("T-13")
def test_decoding(here):
    assert here.numbers["decoded"] < 1e-5 and here.numbers["sums"] < 1e-5
    model = GPT(GPTConfig(30, 8, 16, 2, 4), seed=5)
    ids = torch.tensor([[1, 2, 3]])
    with torch.no_grad():
        stream = model.stream(ids).numpy()
        normed = (stream - stream.mean(axis=2, keepdims=True)) / np.sqrt(stream.var(axis=2, keepdims=True) + 1e-5)
        logits = normed @ model.token_embedding.weight.numpy().T
        assert logits.shape == (1, 3, 30) and logits == pytest.approx(model(ids).numpy(), abs=1e-5)
    assert special.softmax(logits, axis=2).sum(axis=2) == pytest.approx(np.ones((1, 3)))
    assert here.numbers["uniform"] == pytest.approx(math.log(512))


# ---------------------------------------------------------------------------- the whole


@pytest.mark.claim("T-14")
def test_every_parameter_is_counted(here):
    numbers = here.numbers
    assert numbers["n_gpt3"] == 174_604_259_328 and numbers["n_gpt2_xl"] == 1_557_611_200
    assert numbers["n_gpt2"] == 124_439_808 and numbers["matrices_gpt3"] == 173_946_175_488
    assert numbers["n_toy"] == 568 and numbers["n_page"] == 875_264
    for sizes in ((10, 8, 4, 2, 2), (512, 128, 128, 4, 4), (7, 5, 6, 3, 3)):
        model = GPT(GPTConfig(*sizes))
        assert sum(weight.numel() for weight in model.state_dict().values()) == here.names["parameters"](*sizes[:4])
        assert sum(transformer.count_parameters(GPTConfig(*sizes)).values()) == model.num_params()
    assert here.answers("▢₁ is")[2] == 12 * 64 and here.answers("▢₂ is")[2] == 13 * 8
    assert here.answers("▢₃ is")[2] == 4
    assert numbers["bytes_gpt3"] == pytest.approx(349.2, abs=0.1)
    assert numbers["cache_token"] == pytest.approx(2 * 2 * 96 * 12_288 / 1e6)


@pytest.mark.claim("T-15")
def test_each_trait_leads_to_a_section(here):
    section = here.section("sec-tf-traits")
    labels = re.findall(r"<(sec-[\w-]+)>", section)
    known = {
        label for page in CHAPTERS.glob("*.md") for label in re.findall(r"^\(([\w-]+)\)=", page.read_text("utf8"), re.M)
    }
    assert len(labels) >= 6 and set(labels) <= known
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert len(rows) == 5
    for row, words in zip(rows, ("autoregressive", "decoder only", "code", "RLHF", "large"), strict=True):
        assert words in row and "sec-" in row


@pytest.mark.claim("T-16")
def test_the_assembled_model_passes_the_three_tests(here):
    numbers = here.numbers
    assert numbers["slope_gap"] < 1e-7 and numbers["tensors"] >= 25
    assert numbers["by_heart"] < 0.05 and numbers["past_change"] == 0 and numbers["last_change"] > 0.1
    letters, written = here.names["letters"], here.names["written"]
    assert "".join(letters[i] for i in written) == here.names["sentence"]
    code = "\n".join(line for line in GPT_FILE.read_text("utf8").splitlines() if line.strip())
    assert 100 < numbers["lines"] < numbers["file_lines"] < 250 and numbers["file_lines"] < len(code.splitlines())
    shown = here.names["source"](GPT).data
    assert shown.startswith("```python\nclass GPT(nn.Module):") and shown.endswith("\n```") and shown.count("```") == 2
    compile(shown[len("```python\n") : -len("```")], "shown", "exec")
    fresh = GPT(GPTConfig(40, 16, 24, 2, 3), seed=9)
    ids = torch.from_numpy(np.random.default_rng(2).integers(40, size=(8, 16)))
    assert fresh.loss(ids[:, :-1], ids[:, 1:]).item() == pytest.approx(math.log(40), abs=0.1)
    changed = ids.clone()
    changed[:, 9] = (changed[:, 9] + 1) % 40
    with torch.no_grad():
        change = (fresh(changed) - fresh(ids)).abs().amax(dim=(0, 2))
    assert change[:9].max() == 0 and change[9:].min() > 0


@pytest.mark.claim("T-16")
def test_the_words_of_the_page_s_model_are_words(here):
    numbers = here.numbers
    assert numbers["page_parameters"] == 875_264 and numbers["page_held_out"] < math.log(512) / 2
    assert numbers["table_loss"] == pytest.approx(2.80, abs=0.02)  # as in the chapter before
    assert 0.1 < numbers["table_gap"] == pytest.approx(numbers["table_loss"] - numbers["page_held_out"])
    read, apart = page_tokens()
    shorter = NGram(3, 512).fit(read)
    assert -shorter.log_likelihood(apart) / len(apart) > numbers["table_loss"]  # four is the better order
    assert numbers["words_said"] > 40 and numbers["words_real"] > 75
    text = datasets.corpus().train_text.lower()
    for word in here.names["real"][:20]:
        assert re.search(rf"(?<![a-z]){word}(?![a-z])", text)
    assert [here.names["write"](*one) for one in here.names["samples"]] == list(here.names["samples"].values())


def test_eight_bits_are_enough(here):
    numbers, part = here.numbers, here.names["part"]
    assert abs(numbers["q_loss"]) < 0.02
    assert numbers["q_typical"] < 0.1 < numbers["q_largest"] < 1 < numbers["logit_std"]
    tables = page_arrays(here.names["page"].model, here.names["page"].tokenizer)
    small, _ = from_page_arrays(tables)  # as a page reads them
    with torch.no_grad():
        moved = small(here.names["windows"]) - here.names["page"].model(here.names["windows"])
    assert len(part) == 20_000 and moved.abs().max().item() == pytest.approx(numbers["q_largest"])
    rows = tables["blocks.0.mlp.up.weight"]
    assert rows.dtype == np.int8 and (abs(rows.astype(int)).max(axis=1) == 127).all()  # 255 levels a row
    for name in ("position_embedding.weight", "final_norm.weight", "blocks.0.mlp.up.bias"):
        assert tables[name].dtype == np.float32


def test_a_little_warmer_and_the_sentence_stays_up_to_some_word(here):
    """From T = 1 to 1.05, with eight seeds: nothing, or all but a beginning."""
    page, firsts = here.names["page"], []
    arrays = page_arrays(page.model, page.tokenizer)
    for seed in range(8):
        melt = MeltSentence(asset="melted-by-the-claims", arrays=arrays, seed=seed)
        pairs = enumerate(zip(melt.sentence(1.0), melt.sentence(1.05), strict=True))
        firsts.append(next((place for place, (a, b) in pairs if a != b), None))
    assert firsts.count(None) >= 2 and len(firsts) - firsts.count(None) >= 2
    assert firsts.count(0) <= 1


# ---------------------------------------------------------------------------- looking inside


def test_two_layers_continue_what_they_have_never_seen(here):
    numbers = here.numbers
    assert numbers["chance"] == pytest.approx(math.log(32))
    assert numbers["again"] < 0.5 and numbers["fresh"] > 3.3 and numbers["single"] > 3 * numbers["again"]
    assert numbers["score"] > 0.5 and numbers["previous"] > 0.4
    assert here.names["offsets"][here.names["best"]] == numbers["place"]


def test_silence_shows_who_is_needed(here):
    numbers, without = here.numbers, here.names["without"]
    assert without["nobody"] == pytest.approx(numbers["again"])
    assert numbers["no_layer"] > numbers["again"] + 1.5
    assert numbers["no_previous"] > numbers["again"] + 1 > numbers["no_other"]
    assert min(numbers["no_first"], numbers["no_second"]) > numbers["again"]
    net, rows = here.names["net"], here.names["rows"]
    assert rows.shape == (300, 24) and (rows[:, :12] == rows[:, 12:]).all()  # two rounds, and no third
    kept = net.out[1].weight.detach().clone()
    try:
        with torch.no_grad():
            net.out[1].weight.zero_()  # another way to silence a layer: what it says counts nothing
            assert net.losses(rows)[:, 12:].mean() == pytest.approx(numbers["no_layer"], abs=1e-4)
    finally:
        net.out[1].weight.data = kept


def test_the_page_s_model_has_a_head_that_looks_one_back(here):
    assert here.numbers["page_prev"] > 3 * here.numbers["prev_blind"]
    assert here.numbers["prev_blind"] == pytest.approx((sum(1 / n for n in range(1, 129)) - 1) / 127)
    assert here.numbers["page_second"] > here.numbers["again"] + 1
    assert here.numbers["cost_prev"] > 5 * here.numbers["cost_median"] > 0
    costs = here.names["costs"]
    assert np.unravel_index(costs.argmax(), costs.shape) == here.names["where"]


def test_loss_against_size(here):
    sizes, losses = here.names["sizes"], here.names["heights"]
    assert (np.diff(sizes) > 0).all() and (np.diff(losses) < 0).all()
    fit = stats.linregress(np.log(sizes[:4]), np.log(losses[:4]))
    assert here.numbers["slope"] == pytest.approx(fit.slope) and fit.slope < 0
    assert here.numbers["far"] == pytest.approx(math.exp(fit.intercept + fit.slope * math.log(173_946_175_488)))
    assert "Nobody should believe it" in here.prose("sec-tf-size")


def test_the_bias_of_the_keys_does_nothing(here):
    assert here.numbers["bias_gap"] < 1e-4
    model = GPT(GPTConfig(20, 8, 12, 2, 3)).double()
    for block in model.blocks:
        torch.nn.init.normal_(block.attention.qkv.bias)
    before = model.next_logits([1, 2, 3, 4])
    for block in model.blocks:
        block.attention.qkv.bias.data = torch.from_numpy(
            here.names["without_it"](block.attention.qkv.bias.detach().numpy())
        )
    assert model.next_logits([1, 2, 3, 4]) == pytest.approx(before, abs=1e-12)
