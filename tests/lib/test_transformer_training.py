"""Training a GPT: Muon against a singular value decomposition, AdamW against torch's own loop, resuming, judging."""

import dataclasses

import numpy as np
import pytest
import torch

from book_lib._transformer_training import optimizers, orthogonalized
from book_lib.runs import Checkpoint, save
from book_lib.transformer import GPT, GPTConfig, Muon, TrainConfig, evaluate, train

CONFIG = GPTConfig(vocab_size=17, context=16, width=16, layers=2, heads=2)
TEXT = np.random.default_rng(0).integers(0, 17, 400)
PERIODIC = np.tile(np.arange(17), 40)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


# ------------------------------------------------------------------------------------------------- Muon


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 24, 6), (2, 6, 24)])
def test_orthogonalized_keeps_directions_and_evens_out_singular_values(shape):
    matrices = torch.randn(shape, generator=torch.manual_seed(0))
    u, _, vh = torch.linalg.svd(matrices, full_matrices=False)
    found = orthogonalized(matrices)
    values = u.mT @ found @ vh.mT  # diagonal if, and only if, the singular vectors stay
    diagonal = values.diagonal(dim1=-2, dim2=-1)
    assert torch.allclose(values, torch.diag_embed(diagonal), atol=1e-3)
    assert diagonal.min() > 0.3 and diagonal.max() < 1.3
    assert ((diagonal > 0.65).float().mean()) > 0.8


@pytest.mark.parametrize("shape", [(8, 4), (4, 8)])
def test_muon_steps_as_its_formula_says(shape):
    generator = torch.manual_seed(1)
    start, gradients = torch.randn(shape, generator=generator), torch.randn(3, *shape, generator=generator)
    weight = torch.nn.Parameter(start.clone())
    optimizer, momentum, expected = Muon([weight], lr=0.1, momentum=0.9, weight_decay=0.5), torch.zeros(shape), start
    for gradient in gradients:
        weight.grad = gradient
        optimizer.step()
        momentum = 0.9 * momentum + 0.1 * gradient
        ahead = 0.9 * momentum + 0.1 * gradient
        change = orthogonalized(ahead[None])[0] * (2**0.5 if shape == (8, 4) else 1)  # √max(1, rows/columns)
        expected = (1 - 0.1 * 0.5) * expected - 0.1 * change
    assert torch.allclose(weight, expected, atol=1e-5)


def test_stacked_matrices_are_stepped_one_by_one():
    gradient = torch.randn(12, 4, generator=torch.manual_seed(2))
    whole = torch.nn.Parameter(torch.zeros(12, 4))
    parts = [torch.nn.Parameter(torch.zeros(4, 4)) for _ in range(3)]
    whole.grad = gradient
    for part, rows in zip(parts, gradient.split(4), strict=True):
        part.grad = rows.clone()
    Muon([whole], stacked=3).step()
    Muon(parts).step()
    assert torch.allclose(whole, torch.cat(parts), atol=1e-6)


def test_muon_refuses_what_is_no_matrix():
    with pytest.raises(ValueError, match="params must be matrices"):
        Muon([torch.nn.Parameter(torch.zeros(3))])
    with pytest.raises(ValueError, match="multiple of 3 rows"):
        Muon([torch.nn.Parameter(torch.zeros(4, 2))], stacked=3)


# --------------------------------------------------------------------------------------------- settings


def test_heights_and_windows():
    config = TrainConfig(steps=100, warmup=10, doublings=2)
    heights = [config.height(step) for step in range(100)]
    assert heights[:10] == [(i + 1) / 10 for i in range(10)] and heights[10] == 1
    assert np.allclose(np.diff(heights[10:]), -1 / 90) and heights[-1] == pytest.approx(1 / 90)
    cosine = dataclasses.replace(config, schedule="cosine")
    assert cosine.height(55) == pytest.approx(0.5) and cosine.height(99) < 1e-3
    assert dataclasses.replace(config, schedule="constant").height(99) == 1
    windows = [config.window(step, 64) for step in range(100)]
    assert sorted(set(windows)) == [16, 32, 64] and windows == sorted(windows)
    assert {w: windows.count(w) for w in (16, 32, 64)} == {16: 34, 32: 33, 64: 33}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps"),
        ({"batch_tokens": 0}, "batch_tokens"),
        ({"doublings": -1}, "doublings"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"rest_learning_rate": -1}, "rest_learning_rate"),
        ({"weight_decay": -1}, "weight_decay"),
        ({"optimizer": "sgd"}, "optimizer"),
        ({"schedule": "step"}, "schedule"),
        ({"clip": 0}, "clip"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**{"steps": 10, **settings})


def test_numbers_of_numpy_are_plain_numbers():
    config = TrainConfig(np.int64(3), batch_tokens=np.int32(32), learning_rate=np.float32(0.5), seed=np.uint8(1))
    assert config == TrainConfig(3, batch_tokens=32, learning_rate=0.5, seed=1)
    assert {type(value) for value in dataclasses.asdict(config).values()} == {int, float, str}


def test_every_weight_has_its_optimizer():
    model = GPT(CONFIG)
    names = {id(weight): name for name, weight in model.named_parameters()}
    settings = TrainConfig(1, learning_rate=0.02, rest_learning_rate=0.004, weight_decay=0.1)

    def groups(optimizer):
        keys = ("lr", "weight_decay", "stacked", "betas")
        return [({names[id(p)] for p in g["params"]}, *(g.get(key) for key in keys)) for g in optimizer.param_groups]

    blocks = [f"blocks.{i}" for i in range(2)]
    joined = {f"{block}.attention.qkv.weight" for block in blocks}
    others = {f"{block}.{part}.weight" for block in blocks for part in ("attention.out", "mlp.up", "mlp.down")}
    rest = set(names.values()) - joined - others
    muon, adamw = optimizers(model, settings)
    assert groups(muon) == [(others, 0.02, 0.1, 1, None), (joined, 0.02, 0.1, 3, None)]
    assert groups(adamw) == [(rest, 0.004, 0.0, None, (0.9, 0.95))]
    (alone,) = optimizers(model, dataclasses.replace(settings, optimizer="adamw"))
    assert groups(alone) == [(joined | others, 0.02, 0.1, None, (0.9, 0.95)), (rest, 0.02, 0.0, None, (0.9, 0.95))]


# --------------------------------------------------------------------------------------------- training


def test_one_step_of_adamw_is_torchs():
    ours, theirs = GPT(CONFIG), GPT(CONFIG)
    train(ours, TEXT, TrainConfig(1, batch_tokens=32, optimizer="adamw", learning_rate=0.01, warmup=0, clip=0.5))
    starts = np.random.default_rng(0).integers(0, len(TEXT) - 16, 2)
    rows = torch.tensor(np.stack([TEXT[s : s + 17] for s in starts]))
    torch.nn.functional.cross_entropy(theirs(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten()).backward()
    torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    torch.optim.AdamW(theirs.parameters(), lr=0.01, betas=(0.9, 0.95), weight_decay=0, fused=False).step()
    for name, value in ours.state_dict().items():
        assert torch.allclose(value, theirs.state_dict()[name], atol=1e-5), name


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_a_cycle_is_learned(optimizer):
    model = GPT(CONFIG)
    rates = {"learning_rate": 0.01, "rest_learning_rate": 0.02}
    settings = TrainConfig(120, batch_tokens=64, optimizer=optimizer, doublings=1, **rates)
    history = train(model, PERIODIC, settings, held_out=PERIODIC[3:200], every=30)
    assert history.steps == [30, 60, 90, 120]
    assert history.losses[0] > 1 > 0.3 > history.losses[-1]
    step, loss = history.held_out[0]
    assert step == 120 and loss == evaluate(model, PERIODIC[3:200]) < 0.2
    assert not model.training


def test_a_training_cut_short_ends_where_an_unbroken_one_does(tmp_path):
    settings = TrainConfig(30, batch_tokens=32, doublings=1)
    whole = GPT(CONFIG)
    history = train(whole, TEXT, settings, every=5)

    class Cut(Exception):
        pass

    class Stops(Checkpoint):
        def save(self, state, force=False):
            super().save(state, force=True)
            if state()["step"] == 15:
                raise Cut

    path = tmp_path / "state.npz"
    with pytest.raises(Cut):
        train(GPT(CONFIG), TEXT, settings, checkpoint=Stops(path), every=5)
    again = GPT(CONFIG, seed=9)  # its own weights do not matter: the stored ones are put in
    resumed = train(again, TEXT, settings, checkpoint=Checkpoint(path), every=5)
    assert same(weights(whole), weights(again))
    assert resumed == history
    with pytest.raises(ValueError, match="checkpoint belongs to a training"):
        train(again, TEXT, dataclasses.replace(settings, steps=31), checkpoint=Checkpoint(path))


def test_a_checkpoint_of_another_model_or_text_is_refused(tmp_path):
    class Always(Checkpoint):
        def save(self, state, force=False):
            return super().save(state, force=True)

    path, settings = tmp_path / "state.npz", TrainConfig(2, batch_tokens=32)
    train(GPT(CONFIG), TEXT, settings, checkpoint=Always(path))
    # Weights of these shapes fit a model with other heads; what it then says is not what was trained.
    for changes in ({"heads": 4}, {"layers": 1}, {"vocab_size": 18}, {"activation": "gelu_tanh"}):
        model = GPT(dataclasses.replace(CONFIG, **changes), seed=4)
        before = weights(model)
        with pytest.raises(ValueError, match="checkpoint belongs to a training with"):
            train(model, TEXT, settings, checkpoint=Checkpoint(path))
        assert same(before, weights(model))
    with pytest.raises(ValueError, match="checkpoint belongs to a training with"):
        train(GPT(CONFIG), TEXT[::-1], settings, checkpoint=Checkpoint(path))
    save(path, {"weights": np.ones(3)})
    with pytest.raises(ValueError, match="checkpoint belongs to a training with {'config': None"):
        train(GPT(CONFIG), TEXT, settings, checkpoint=Checkpoint(path))
    path.write_bytes(path.read_bytes()[:100])
    assert train(GPT(CONFIG), TEXT, settings, checkpoint=Checkpoint(path)).steps == [2]  # damaged: from the beginning


def test_the_rates_rise_and_fall_as_the_schedule_says():
    # Adam's first step is as long as its rate: a fifth of it in the first of five steps of warmup.
    moved = []
    for warmup in (0, 5):
        model = GPT(CONFIG)
        before = weights(model)["token_embedding.weight"]
        train(model, TEXT, TrainConfig(1, batch_tokens=32, warmup=warmup))
        moved.append(model.token_embedding.weight.detach() - before)
    torch.testing.assert_close(moved[1], moved[0] / 5, atol=1e-6, rtol=1e-3)


def test_the_history_holds_means_since_the_entry_before():
    each, some = (train(GPT(CONFIG), TEXT, TrainConfig(7, batch_tokens=32), every=n) for n in (1, 5))
    assert each.steps == list(range(1, 8)) and some.steps == [5, 7]
    assert some.losses == pytest.approx([np.mean(each.losses[:5]), np.mean(each.losses[5:])])


def test_shorter_windows_come_in_larger_batches():
    shapes = []

    class Watched(GPT):
        def loss(self, ids, targets):
            shapes.append(tuple(ids.shape))
            return super().loss(ids, targets)

    train(Watched(CONFIG), TEXT, TrainConfig(6, batch_tokens=32, doublings=2))
    assert shapes == [(8, 4)] * 2 + [(4, 8)] * 2 + [(2, 16)] * 2


def test_the_seed_decides_and_nothing_global_does():
    found = []
    for noise, seed in ((1, 0), (2, 0), (1, 5)):
        torch.manual_seed(noise)
        model = GPT(CONFIG)
        train(model, TEXT, TrainConfig(3, batch_tokens=32, seed=seed))
        found.append(weights(model))
    assert same(found[0], found[1]) and not same(found[0], found[2])


def test_a_loss_that_is_no_number_stops_the_training():
    model = GPT(CONFIG)
    with torch.no_grad():
        model.final_norm.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="loss is nan at step 0"):
        train(model, TEXT, TrainConfig(3, batch_tokens=32))


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (TEXT[:16], "more than 16 tokens"),
        (np.full(100, 17), r"\[0, 17\)"),
        (np.full(100, -1), r"\[0, 17\)"),
        (np.zeros((4, 100), int), "sequence"),
        (np.zeros(100), "sequence"),
        ([[1], [1, 2]], "ids must be an array, got lists of unequal length"),
    ],
)
def test_bad_texts_are_refused(ids, message):
    with pytest.raises(ValueError, match=message):
        train(GPT(CONFIG), ids, TrainConfig(3, batch_tokens=32))


def test_what_cannot_be_judged_is_refused_before_the_training():
    model, settings = GPT(CONFIG), TrainConfig(2, batch_tokens=32)
    before = weights(model)
    for held_out, message in (([1, 2], "held_out must hold at least 3 tokens"), ([], "held_out must be a sequence"),
                              ([1, 17, 2], r"held_out must lie in \[0, 17\)")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            train(model, TEXT, settings, held_out=held_out)
    with pytest.raises(TypeError, match="config must be a TrainConfig"):
        train(model, TEXT, {"steps": 2})
    with pytest.raises(TypeError, match="model must be a GPT"):
        train(None, TEXT, settings)
    assert same(before, weights(model))


def test_batches_must_hold_whole_windows():
    with pytest.raises(ValueError, match="batch_tokens=40"):
        train(GPT(CONFIG), TEXT, TrainConfig(3, batch_tokens=40))
    with pytest.raises(ValueError, match="2\\*\\*doublings"):
        train(GPT(CONFIG), TEXT, TrainConfig(3, batch_tokens=32, doublings=5))


# ---------------------------------------------------------------------------------------------- judging


def test_evaluate_counts_each_token_once_behind_half_a_window():
    model, ids = GPT(CONFIG, seed=3), TEXT[:57]
    expected = []
    for place in range(1, 57):
        start = max(0, (place - 1) // 8 * 8 - 8) if place > 16 else 0
        logits = torch.from_numpy(model.next_logits(ids[start:place]))
        expected.append(-torch.log_softmax(logits, 0)[ids[place]].item())
    assert evaluate(model, ids, batch=2) == pytest.approx(np.mean(expected), abs=1e-5)
    assert evaluate(model, TEXT[:62], batch=2) == pytest.approx(np.mean(expected), abs=1e-5)  # no half window more
    assert evaluate(model, ids, batch=2) == pytest.approx(evaluate(model, ids, batch=7), abs=1e-6)


def test_a_context_may_be_odd():
    model = GPT(dataclasses.replace(CONFIG, context=7))
    assert evaluate(model, TEXT) == evaluate(model, TEXT, 6)
    history = train(model, TEXT, TrainConfig(1, batch_tokens=14), held_out=TEXT)
    assert history.held_out == [(1, evaluate(model, TEXT, 6))]


def test_evaluate_is_without_dropout_and_leaves_the_mode_alone():
    plain, model = GPT(CONFIG), GPT(dataclasses.replace(CONFIG, dropout=0.5))
    for mode in (True, False):
        assert evaluate(model.train(mode), TEXT) == evaluate(plain, TEXT)
        assert model.training is mode
    assert not train_one(model).training


def train_one(model):
    train(model, TEXT, TrainConfig(1, batch_tokens=32))
    return model


def test_evaluate_refuses_bad_windows():
    model = GPT(CONFIG)
    with pytest.raises(ValueError, match="ids must hold at least 3 tokens, and the model see 2 at once"):
        evaluate(model, TEXT[:2])
    with pytest.raises(ValueError, match="got 400 and 1"):
        evaluate(GPT(dataclasses.replace(CONFIG, context=1)), TEXT)
    with pytest.raises(ValueError, match="batch must be at least 1"):
        evaluate(model, TEXT, batch=0)
    with pytest.raises(TypeError, match="model must be a GPT"):
        evaluate(None, TEXT)
    for window in (1, 18):
        with pytest.raises(ValueError, match="window"):
            evaluate(model, TEXT, window)
    with pytest.raises(ValueError, match="even"):
        evaluate(model, TEXT, 7)
