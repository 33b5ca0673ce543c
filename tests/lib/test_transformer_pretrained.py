"""Weights in and out: against transformers' own GPT-2, and files that are damaged, foreign or do not fit."""

import json
import os
import shutil
from dataclasses import asdict

import numpy as np
import pytest
import safetensors.torch
import torch

from book_lib import transformer
from book_lib.transformer import GPT, GPTConfig

transformers = pytest.importorskip("transformers")

SMALL = GPTConfig(vocab_size=23, context=16, width=24, layers=3, heads=4)
SIZES = {"vocab_size": 61, "n_positions": 20, "n_embd": 24, "n_layer": 3, "n_head": 4}


def gpt2(**changes):
    """transformers' GPT-2 with random weights, all of them far from their first values."""
    torch.manual_seed(0)
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(**(SIZES | changes))).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn(weight.shape))
    return model


def theirs_and_ours(folder, model, **options):
    """The logits of both, and our model."""
    model.save_pretrained(folder, **options)
    ours = GPT.from_pretrained(folder)
    ids = torch.from_numpy(np.random.default_rng(0).integers(61, size=(2, 20)))
    with torch.no_grad():
        return model(ids).logits.numpy(), ours(ids).numpy(), ours


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with a GPT-2 in it, to be copied."""
    folder = tmp_path_factory.mktemp("gpt2")
    gpt2().save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of it, to be spoilt."""
    return shutil.copytree(saved, tmp_path / "gpt2")


def edit(path, **changes):
    """Change a JSON file; None takes an entry away."""
    told = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in told.items() if value is not None}))


def rewrite(folder, change):
    """Change the tensors of a folder's file."""
    path = folder / "model.safetensors"
    tensors = change(safetensors.torch.load_file(path))
    safetensors.torch.save_file({name: value.contiguous() for name, value in tensors.items()}, path)


# ---------------------------------------------------------------------------- the same logits


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation_function": "gelu"},
        {"activation_function": "gelu_pytorch_tanh"},
        {"n_inner": 40},
        {"tie_word_embeddings": False},
        {"n_head": 1, "n_layer": 1},
        {"resid_pdrop": 0.0, "attn_pdrop": 0.0, "embd_pdrop": 0.0},
    ],
    ids=str,
)
def test_logits_are_those_of_transformers(tmp_path, changes):
    model = gpt2(**changes)
    theirs, ours, gpt = theirs_and_ours(tmp_path, model)
    assert np.abs(theirs - ours).max() < 1e-4 and theirs.std() > 0.3
    config = gpt.config
    assert config.activation == ("gelu" if changes.get("activation_function") == "gelu" else "gelu_tanh")
    assert config.hidden == changes.get("n_inner", 96) and config.tied == changes.get("tie_word_embeddings", True)
    assert config.dropout == changes.get("resid_pdrop", 0.1) and not gpt.training
    assert gpt.num_params() == sum(weight.numel() for weight in model.parameters())
    assert all(weight.requires_grad for weight in gpt.parameters())


def test_attention_weights_and_cached_steps_are_those_of_transformers(tmp_path):
    model = gpt2(attn_implementation="eager")
    _, _, ours = theirs_and_ours(tmp_path, model)
    ids = torch.arange(20)[None]
    with torch.no_grad():
        told = model(ids, output_attentions=True)
    expected = np.stack([weights[0].numpy() for weights in told.attentions])
    np.testing.assert_allclose(ours.attention_weights(ids[0]), expected, atol=1e-5)
    state = ours.start()
    for first, last in ((0, 7), (7, 8), (8, 20)):
        logits = state.append(ids[0, first:last])
        np.testing.assert_allclose(logits, told.logits[0, last - 1], atol=1e-4)


def test_greedy_text_is_that_of_transformers(tmp_path):
    model = gpt2(eos_token_id=None, bos_token_id=None)
    _, _, ours = theirs_and_ours(tmp_path, model)
    prompt = torch.tensor([[3, 1, 4]])
    expected = model.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=17, do_sample=False, pad_token_id=0
    )[0].tolist()
    state, written = ours.start(), [3, 1, 4]
    logits = state.append(written)
    while len(written) < 20:
        written.append(int(logits.argmax()))
        if len(written) < 20:
            logits = state.append(written[-1])
    assert written == expected


def test_parts_that_an_index_names(tmp_path):
    model = gpt2()
    theirs, ours, _ = theirs_and_ours(tmp_path, model, max_shard_size="20KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 2 and not (tmp_path / "model.safetensors").exists()
    assert np.abs(theirs - ours).max() < 1e-4


def test_names_without_their_prefix(tmp_path):
    """The model without its head, as in the files of gpt2 itself, calls its weights wte, wpe, h."""
    model = gpt2()
    model.transformer.save_pretrained(tmp_path)
    names = safetensors.torch.load_file(tmp_path / "model.safetensors")
    assert "wte.weight" in names
    ids = torch.arange(20)[None]
    with torch.no_grad():
        np.testing.assert_allclose(GPT.from_pretrained(tmp_path)(ids), model(ids).logits, atol=1e-4)


def test_old_masks_and_a_tied_head_are_passed_over(folder):
    expected = GPT.from_pretrained(folder).next_logits([1, 2, 3])

    def add(tensors):
        mask = torch.ones(20, 20).tril()[None, None]
        for layer in range(3):
            tensors[f"transformer.h.{layer}.attn.bias"] = mask.clone()
            tensors[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
        return tensors | {"lm_head.weight": tensors["transformer.wte.weight"].clone()}

    rewrite(folder, add)
    np.testing.assert_array_equal(GPT.from_pretrained(folder).next_logits([1, 2, 3]), expected)
    rewrite(folder, lambda tensors: {name.removeprefix("transformer."): value for name, value in tensors.items()})
    np.testing.assert_array_equal(GPT.from_pretrained(folder).next_logits([1, 2, 3]), expected)


@pytest.mark.parametrize(("dtype", "atol"), [(torch.float16, 0.02), (torch.bfloat16, 0.2), (torch.float64, 1e-4)])
def test_other_floating_types_become_float32(folder, dtype, atol):
    expected = GPT.from_pretrained(folder).next_logits([1, 2, 3])
    rewrite(folder, lambda tensors: {name: value.to(dtype) for name, value in tensors.items()})
    model = GPT.from_pretrained(folder)
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    np.testing.assert_allclose(model.next_logits([1, 2, 3]), expected, atol=atol)


def test_a_minimal_config_is_enough(folder):
    expected = GPT.from_pretrained(folder).next_logits([1, 2, 3])
    (folder / "config.json").write_text(json.dumps(SIZES))
    np.testing.assert_array_equal(GPT.from_pretrained(str(folder)).next_logits([1, 2, 3]), expected)


def test_what_is_read_can_be_trained_and_the_file_stays(folder):
    before = (folder / "model.safetensors").read_bytes()
    model = GPT.from_pretrained(folder)
    model.loss([[1, 2]], [[2, 3]]).backward()
    with torch.no_grad():
        for weight in model.parameters():
            weight -= weight.grad
    assert (folder / "model.safetensors").read_bytes() == before


# ---------------------------------------------------------------------------- files that are none


def drop(*names):
    return lambda tensors: {name: value for name, value in tensors.items() if name not in names}


def put(name, value):
    return lambda tensors: tensors | {name: value}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (drop("transformer.ln_f.bias"), "must not miss final_norm.bias"),
        (drop("transformer.h.1.mlp.c_fc.weight", "transformer.h.2.ln_1.bias"), "blocks.1.mlp.up.weight and 1 more"),
        (put("transformer.extra.weight", torch.ones(3)), "must not hold transformer.extra.weight"),
        (put("transformer.h.3.ln_1.bias", torch.ones(24)), "must not hold blocks.3.norm1.bias"),
        (put("transformer.wte.weight", torch.ones(60, 24)), r"token_embedding.weight must have shape \(61, 24\)"),
        (put("transformer.h.0.attn.c_attn.weight", torch.ones(72, 24)), r"qkv.weight must have shape \(72, 24\)"),
        (put("transformer.h.0.attn.c_attn.weight", torch.ones(3)), "qkv.weight must have shape"),
        (put("transformer.ln_f.bias", torch.full((24,), float("nan"))), "final_norm.bias must be finite"),
        (put("transformer.ln_f.bias", torch.ones(24, dtype=torch.int64)), "ln_f.bias must be floating-point"),
        (put("ln_f.bias", torch.ones(24)), "once"),
    ],
)
def test_weights_that_do_not_fit(folder, change, word):
    rewrite(folder, change)
    with pytest.raises(ValueError, match=word):
        GPT.from_pretrained(folder)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"model_type": "llama"}, "model_type must be 'gpt2', got 'llama'"),
        ({"n_embd": None}, "must tell n_embd"),
        ({"n_head": 5}, "width must be a multiple of heads"),
        ({"n_layer": "3"}, "layers must be an integer"),
        ({"n_layer": 4}, "must not miss blocks.3"),
        ({"n_positions": 30}, r"position_embedding.weight must have shape \(30, 24\)"),
        ({"n_inner": 50}, "mlp.down.weight must have shape|mlp.up"),
        ({"activation_function": "relu"}, "activation_function must be one of"),
        ({"layer_norm_epsilon": 1e-6}, "layer_norm_epsilon must be 1e-05"),
        ({"scale_attn_weights": False}, "scale_attn_weights must be True"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx must be False"),
        ({"add_cross_attention": True}, "add_cross_attention must be False"),
        ({"tie_word_embeddings": False}, "must not miss unembedding.weight"),
        ({"tie_word_embeddings": 1}, "tied must be True or False"),
        ({"resid_pdrop": 2.0}, "dropout"),
    ],
)
def test_configs_that_are_none_of_ours(folder, changes, word):
    edit(folder / "config.json", **changes)
    with pytest.raises(ValueError, match=word):
        GPT.from_pretrained(folder)


@pytest.mark.parametrize("size", [0, 5, 100, -100, -1])
def test_truncated_weights(folder, size):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match="must be a whole safetensors file"):
        GPT.from_pretrained(folder)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[1]", b"", b"[" * 200_000])
def test_config_that_is_no_json(folder, content):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"config\.json must (be|hold a) JSON"):
        GPT.from_pretrained(folder)


def test_other_formats_under_the_name(folder):
    torch.save({"wte.weight": torch.ones(3)}, folder / "model.safetensors")
    with pytest.raises(ValueError, match="safetensors"):
        GPT.from_pretrained(folder)


def test_files_that_are_not_there(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        GPT.from_pretrained(tmp_path / "nowhere")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        GPT.from_pretrained(folder)
    with pytest.raises(TypeError, match="folder must be a path"):
        GPT.from_pretrained(None)


def test_an_index_that_does_not_fit(tmp_path):
    gpt2().save_pretrained(tmp_path, max_shard_size="20KB")
    index = tmp_path / "model.safetensors.index.json"
    right = json.loads(index.read_text())["weight_map"]
    for wrong, error, word in (
        (right | {"transformer.ln_f.bias": "../elsewhere.safetensors"}, ValueError, "own folder"),
        (right | {"transformer.ln_f.bias": "none.safetensors"}, FileNotFoundError, "none.safetensors"),
        (right | {"transformer.lost": right["transformer.ln_f.bias"]}, ValueError, "holds transformer.lost"),
        ({"transformer.ln_f.bias": 3}, ValueError, "weight_map"),
        ([], ValueError, "weight_map"),
    ):
        index.write_text(json.dumps({"weight_map": wrong}))
        with pytest.raises(error, match=word):
            GPT.from_pretrained(tmp_path)
    index.write_text("{")
    with pytest.raises(ValueError, match="must be JSON"):
        GPT.from_pretrained(tmp_path)


# ---------------------------------------------------------------------------- our own file


@pytest.mark.parametrize(
    "config",
    [SMALL, GPTConfig(9, 5, 6, 2, 3, hidden=7, dropout=0.25, activation="gelu_tanh", bias=False, tied=False)],
    ids=str,
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_what_is_saved_is_loaded(tmp_path, config, dtype):
    model = GPT(config, seed=3).to(dtype)
    assert model.save(tmp_path / "deep" / "er") == tmp_path / "deep" / "er" / "gpt.safetensors"
    again = GPT.load(str(tmp_path / "deep" / "er"))
    assert again.config == config
    for (name, ours), (other, theirs) in zip(again.named_parameters(), model.named_parameters(), strict=True):
        assert name == other and ours.dtype == dtype and torch.equal(ours, theirs) and ours.requires_grad
    again.save(tmp_path / "deep" / "er")  # over the file that it came from
    assert os.listdir(tmp_path / "deep" / "er") == ["gpt.safetensors"]


def test_saving_is_atomic(tmp_path, monkeypatch):
    model = GPT(SMALL)
    path = model.save(tmp_path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        GPT(SMALL, seed=1).save(tmp_path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["gpt.safetensors"]


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(ValueError, match="seed=None"):
        GPT(SMALL, seed=None).save(tmp_path)
    with pytest.raises(ValueError, match="seed=None"):
        GPT(SMALL, seed=None).next_logits([1])
    model = GPT(SMALL)
    with torch.no_grad():
        model.final_norm.bias[3] = float("inf")
    with pytest.raises(ValueError, match="final_norm.bias must be finite"):
        model.save(tmp_path)
    with pytest.raises(TypeError, match="model must be a GPT"):
        transformer.save(torch.nn.Linear(1, 1), tmp_path)
    with pytest.raises(TypeError, match="folder must be a path"):
        GPT(SMALL).save(3)
    model = GPT(SMALL)
    model.final_norm.double()
    with pytest.raises(ValueError, match="model must have weights of one type to be saved"):
        model.save(tmp_path)
    assert not list(tmp_path.iterdir())


def ours(folder, **notes):
    """Write a file like ours, with other notes or tensors."""
    tensors = notes.pop("tensors", None) or GPT(SMALL).state_dict()
    GPT(SMALL).save(folder)
    path = folder / "gpt.safetensors"
    with safetensors.safe_open(path, framework="pt") as file:
        right = file.metadata()
    kept = {key: value for key, value in (right | notes).items() if value is not None}
    safetensors.torch.save_file(tensors, path, kept)
    return path


def test_files_that_are_not_ours(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gpt\.safetensors"):
        GPT.load(tmp_path)
    sizes = {"vocab_size": 23, "context": 16, "width": 24, "layers": 3, "heads": 4}
    weights = GPT(SMALL).state_dict()
    for notes, word in (
        ({"format": None}, "must be of the format 'book_lib.gpt.1', got None"),
        ({"format": "book_lib.gpt.9"}, "got 'book_lib.gpt.9'"),
        ({"config": None}, "sizes of a GPT: KeyError"),
        ({"config": "{"}, "sizes of a GPT: JSONDecodeError"),
        ({"config": "[]"}, "sizes of a GPT: TypeError"),
        ({"config": json.dumps(sizes)}, "KeyError: 'hidden'"),
        ({"config": "[" * 200_000}, "sizes of a GPT: RecursionError"),
        ({"config": json.dumps(asdict(SMALL) | {"layers": 2**40})}, "must hold the weights of 1099511627776 layers"),
        ({"config": json.dumps(asdict(SMALL) | {"width": 2**40})}, "must tell sizes that some memory holds"),
        ({"config": json.dumps(asdict(SMALL) | {"context": 2**80})}, "must tell sizes that some memory holds"),
        ({"tensors": weights | {"more": torch.ones(1)}}, "must not hold more"),
        ({"tensors": {name: value for name, value in weights.items() if "norm2" not in name}}, "miss blocks.0.norm2"),
        ({"tensors": weights | {"final_norm.bias": torch.ones(23)}}, r"final_norm.bias must have shape \(24,\)"),
        ({"tensors": weights | {"final_norm.bias": torch.ones(24, dtype=torch.int32)}}, "floating-point|one type"),
        ({"tensors": weights | {"final_norm.bias": torch.ones(24, dtype=torch.float16)}}, "one type"),
        ({"tensors": weights | {"final_norm.bias": torch.full((24,), float("nan"))}}, "must be finite"),
    ):
        ours(tmp_path, **notes)
        with pytest.raises(ValueError, match=word):
            GPT.load(tmp_path)
    path = ours(tmp_path)
    whole = path.read_bytes()
    assert GPT.load(tmp_path).config == SMALL
    for size in (0, 7, 50, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="must be a whole safetensors file"):
            GPT.load(tmp_path)
