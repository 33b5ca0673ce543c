"""The explorables of transformers in Python: what they take, refuse, compute and show."""

import math

import numpy as np
import pytest
import torch

from book_lib import transformer
from book_lib._transformer_costs import (
    BYTES,
    PRESETS,
    activations_per_token,
    flops,
    memory,
    preset,
    where_they_sit,
)
from book_lib.explorables import (
    ArchitectureTour,
    AttentionCalculator,
    ParameterCalculator,
    PositionalEncodings,
)
from book_lib.explorables.architecture_tour import LEVELS
from book_lib.explorables.parameter_calculator import NAMES, sized
from tests.lib.pictures import check_pictures, check_pictures_are_quick

BAD = [
    (AttentionCalculator, {"scores": [[1, 2], [3, 4]]}, "scores"),
    (AttentionCalculator, {"scores": [[1, 2, 3], [3, 4, 5]]}, "scores"),
    (AttentionCalculator, {"scores": np.full((3, 3), 51)}, "scores"),
    (AttentionCalculator, {"scores": np.full((3, 3), math.nan)}, "scores"),
    (AttentionCalculator, {"query_vectors": np.zeros((3, 3))}, "query_vectors"),
    (AttentionCalculator, {"values": np.full((3, 2), 2.5)}, "values"),
    (AttentionCalculator, {"size": 6}, "size"),
    (AttentionCalculator, {"d": 0}, "d"),
    (AttentionCalculator, {"d": 513}, "d"),
    (AttentionCalculator, {"temperature": 0}, "temperature"),
    (AttentionCalculator, {"row": 3}, "row"),
    (AttentionCalculator, {"source": "network"}, "source"),
    (PositionalEncodings, {"kind": "alibi"}, "kind"),
    (PositionalEncodings, {"width": 9}, "width"),
    (PositionalEncodings, {"pair": 16}, "pair"),
    (PositionalEncodings, {"position": 64}, "position"),
    (PositionalEncodings, {"base": 1}, "base"),
    (ParameterCalculator, {"preset": "gpt4"}, "preset"),
    (ParameterCalculator, {"heads": 7}, "heads"),
    (ParameterCalculator, {"width": 100}, "width"),
    (ParameterCalculator, {"tokens": 0}, "tokens"),
    (ParameterCalculator, {"cache": "int4"}, "cache"),
    (ParameterCalculator, {"batch": 0}, "batch"),
    (ArchitectureTour, {"preset": "gpt4"}, "preset"),
    (ArchitectureTour, {"level": "neuron"}, "level"),
    (ArchitectureTour, {"norm": "none"}, "norm"),
    (ArchitectureTour, {"chosen": "Q"}, "chosen"),
]


@pytest.mark.parametrize(("kind", "arguments", "named"), BAD)
def test_bad_arguments_are_named(kind: type, arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} must"):
        kind(**arguments)


WIDGETS = [
    AttentionCalculator(),
    AttentionCalculator(source="random", size=5, causal=True, row=-1),
    AttentionCalculator(source="vectors", size=4, scaled=True),
    *[PositionalEncodings(kind=kind, content=kind == "rotary") for kind in ("sinusoidal", "rotary", "none", "learned")],
    ParameterCalculator(),
    ParameterCalculator("gpt3", precision="bfloat16", tied=False),
    *[ArchitectureTour("xl", level=level) for level in LEVELS],
]


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_pictures_for_readers_without_scripts(widget) -> None:
    check_pictures(widget)


@pytest.mark.parametrize("widget", WIDGETS[::3], ids=lambda widget: type(widget).__name__)
def test_pictures_are_made_soon(widget) -> None:
    check_pictures_are_quick(widget)


def test_alt_text_can_be_given() -> None:
    kinds = (AttentionCalculator, PositionalEncodings, ParameterCalculator, ArchitectureTour)
    assert all(kind(alt="A figure.").describe() == "A figure." for kind in kinds)


# -- attention


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("source", ["scores", "vectors", "random"])
def test_weights_are_torchs(source: str, causal: bool) -> None:
    box = AttentionCalculator(source=source, size=4, d=64, scaled=True, causal=causal, temperature=1.7, seed=5)
    table = torch.tensor(box.table())
    hidden = torch.ones(4, 4).triu(1).bool() & causal
    scale = 1 / math.sqrt(2 if source == "vectors" else 64)
    wanted = torch.softmax((table * scale / 1.7).masked_fill(hidden, -math.inf), -1)
    np.testing.assert_allclose(box.weights(), wanted, rtol=1e-9, atol=1e-15)
    values = torch.tensor(box.values, dtype=torch.float64).reshape(5, 2)[:4]
    np.testing.assert_allclose(box.outputs(), wanted @ values, rtol=1e-9)
    np.testing.assert_allclose(box.entropies(), torch.distributions.Categorical(wanted).entropy(), atol=1e-6)


def test_the_jacobian_is_autograds() -> None:
    box = AttentionCalculator(temperature=2.0)
    for row, size in zip(box.logits(), box.jacobians(), strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda z: torch.softmax(z, 0), torch.tensor(row))
        assert size == pytest.approx(float(jacobian.norm()), rel=1e-9)


def test_tables_of_any_size_are_taken() -> None:
    box = AttentionCalculator(np.arange(16).reshape(4, 4), values=np.eye(4, 2), query_vectors=np.ones((4, 2)))
    assert (box.size, box.table()[3].tolist()) == (4, [12, 13, 14, 15])
    assert box.values[:8] == [1, 0, 0, 1, 0, 0, 0, 0]
    assert box.query_vectors[:8] == [1] * 8


def test_random_scores_spread_as_the_root_of_d() -> None:
    tables = [AttentionCalculator(source="random", size=5, d=512, seed=seed).table() for seed in range(60)]
    assert np.std(tables) == pytest.approx(math.sqrt(512), rel=0.1)


# -- positions


@pytest.mark.parametrize("seed", range(3))
def test_only_order_without_positions_does_not_count(seed: int) -> None:
    assert PositionalEncodings(kind="none", seed=seed).moves().max() < 1e-12
    for kind in ("learned", "sinusoidal", "rotary"):
        assert PositionalEncodings(kind=kind, seed=seed).moves().max() > 0.05


@pytest.mark.parametrize("content", [False, True])
def test_rotations_look_at_the_distance_only(content: bool) -> None:
    for position in (1, 20, 63):
        assert PositionalEncodings(kind="rotary", position=position, content=content).gap() < 1e-9
    assert (PositionalEncodings(content=content).gap() < 1e-9) is not content


def test_added_waves_score_a_sum_of_cosines() -> None:
    box = PositionalEncodings(width=16, pair=0, position=20)
    distance = np.arange(64)[:, None] - 20
    wanted = np.cos(distance * 10_000.0 ** (-np.arange(0, 16, 2) / 16)).sum(1)
    np.testing.assert_allclose(box.scores(), wanted, atol=1e-9)
    np.testing.assert_allclose(PositionalEncodings(kind="rotary", width=16, pair=0).scores(), wanted, atol=1e-9)


def test_a_wave_comes_back_after_its_length() -> None:
    box = PositionalEncodings(width=32, pair=4)
    n = box.wavelength()
    turned = transformer.rotate(np.tile([1.0, 0.0], (2, 16)), [3, 3 + n])[:, 8:10]
    np.testing.assert_allclose(turned[0], turned[1], atol=1e-9)


# -- costs


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tied", [True, False])
def test_parts_sum_to_the_model(name: str, tied: bool) -> None:
    config = preset(name, tied)
    counts = where_they_sit(config)
    assert sum(counts.values()) == sum(transformer.count_parameters(config).values())
    box = ParameterCalculator(name, tied=tied)
    assert box.counts() == counts
    assert box.config() == config


def test_counts_are_those_of_a_model_that_exists() -> None:
    model = transformer.GPT(preset("page"))
    state = model.state_dict()
    parts = where_they_sit(preset("page"))
    assert sum(parts.values()) == model.num_params() == 875_264
    assert parts["attention"] == sum(v.numel() for k, v in state.items() if ".attention." in k)
    assert parts["feed_forward"] == sum(v.numel() for k, v in state.items() if ".mlp." in k)
    assert parts["norms"] == sum(v.numel() for k, v in state.items() if "norm" in k)


def test_published_totals() -> None:
    totals = {name: ParameterCalculator(name).parameters() for name in NAMES[1:]}
    assert totals == {"page": 875_264, "small": 124_439_808, "xl": 1_557_611_200, "gpt3": 174_604_259_328}


def test_activations_are_what_autograd_keeps() -> None:
    """The storages that torch keeps for the backward pass, apart from parameters; log-sums and masks are small."""
    config = transformer.GPTConfig(64, 32, 64, 3, 4)
    model = transformer.GPT(config)
    ids = torch.randint(64, (2, 32), generator=torch.Generator().manual_seed(0))
    own = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and tensor.is_floating_point():
            kept[storage.data_ptr()] = storage.nbytes() // 4
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = model.loss(ids, ids)
    assert loss.requires_grad
    assert sum(kept.values()) == pytest.approx(2 * 32 * activations_per_token(config), rel=0.02)


def test_memory_by_precision() -> None:
    config = preset("small")
    n = 124_439_808
    single, mixed = memory(config), memory(config, "bfloat16", "int8", batch=4)
    assert single["weights"] + single["gradients"] + single["adam"] == 16 * n
    assert mixed["weights"] + mixed["gradients"] + mixed["adam"] == 16 * n  # what 16 bits save, Adam's copy takes
    assert single["cache"] == 2 * 12 * 768 * 1024 * BYTES["float32"]
    assert mixed["cache"] == single["cache"]  # four texts, a quarter of the bytes
    assert mixed["activations"] == 2 * single["activations"]
    more = memory(config, stored=True)["activations"] - single["activations"]
    assert more == 4 * 12 * 12 * 1024 * 1024
    for arguments in ({"precision": "int8"}, {"cache": "int4"}, {"batch": 0}):
        with pytest.raises(ValueError, match=f"^{next(iter(arguments))} must"):
            memory(config, **arguments)


def test_operations_of_gpt3_are_its_papers() -> None:
    work = flops(preset("gpt3"), 300e9)
    assert work["training"] == pytest.approx(3.14e23, rel=0.01)  # Brown and others, 2020, table D.1
    assert work["token"] == 2 * 174_604_259_328
    assert work["share"] == pytest.approx(4 * 96 * 2048 * 12288 / work["token"])
    with pytest.raises(ValueError, match="^tokens must"):
        flops(preset("toy"), 0)
    with pytest.raises(ValueError, match="^name must"):
        preset("gpt4")
    assert sized(3.14e23).endswith("PB")
    assert set(PRESETS) == set(NAMES)


# -- the tour


@pytest.mark.parametrize("name", NAMES)
def test_each_level_holds_what_the_box_above_says(name: str) -> None:
    def boxes(level: str) -> dict:
        return {box.id: box for row in ArchitectureTour(name, level=level).rows() for box in row}

    def held(level: str) -> int:
        return sum(box.parameters for box in boxes(level).values())

    config = preset(name)
    assert held("whole") == ArchitectureTour(name).total()
    assert config.layers * held("block") == boxes("whole")["block"].parameters
    assert held("attention") == boxes("block")["attention"].parameters
    assert config.heads * held("head") == boxes("attention")["qkv"].parameters
    assert boxes("head")["blend"].shape == boxes("attention")["heads"].shape[1:]


def test_shapes_are_those_of_a_model_that_runs() -> None:
    model = transformer.GPT(preset("page"))
    shapes = {}
    names = {"embedding": model.token_embedding, "block": model.blocks[0], "qkv": model.blocks[0].attention.qkv,
             "out": model.blocks[0].attention.out, "mlp": model.blocks[0].mlp, "final": model.final_norm}  # fmt: skip
    for name, module in names.items():
        module.register_forward_hook(lambda _, __, out, name=name: shapes.update({name: tuple(out.shape[1:])}))
    logits = model(torch.zeros(1, 128, dtype=torch.long))
    shapes["unembedding"] = tuple(logits.shape[1:])
    boxes = {box.id: box.shape for level in LEVELS for row in ArchitectureTour(level=level).rows() for box in row}
    assert {name: boxes[name] for name in shapes} == shapes
    weights = model.attention_weights(np.zeros(128, dtype=int))
    assert weights.shape[-2:] == boxes["weights"]


def test_post_norm_has_no_last_normalisation() -> None:
    pre, post = ArchitectureTour("small"), ArchitectureTour("small", norm="post")
    assert pre.total() - post.total() == 2 * 768
    assert [row[0].id for row in post.rows()] == ["ids", "embedding", "positions", "block", "unembedding", "softmax"]
    order = [row[0].id for row in ArchitectureTour(level="block", norm="post").rows()]
    assert order == ["stream", "attention", "add1", "norm1", "mlp", "add2", "norm2"]
