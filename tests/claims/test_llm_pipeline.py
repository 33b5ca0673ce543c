"""The claims of the chapter on data and pre-training, against values that share no code with what they test."""

import math
import re
from collections import Counter

import networkx as nx
import numpy as np
import pytest
import torch
from scipy import stats

from book_lib.pipeline import data
from book_lib.pipeline.data import FilterConfig
from book_lib.pipeline.pretrain import PretrainConfig, find_spikes, memory_estimate, pretrain, training_flops
from book_lib.transformer import GPTConfig, count_parameters


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("llm_pipeline")


def words_of(text):
    """Words as the chapter counts them; no Chinese among these texts."""
    return re.findall(r"\w+", text.lower())


def shingle_set(text, length=5):
    words = words_of(text)
    return {tuple(words[k : k + length]) for k in range(len(words) - length + 1)}


def overlap(a, b):
    return len(a & b) / len(a | b)


# ---------------------------------------------------------------------------- L-07: labels for nothing


@pytest.mark.claim("L-07")
def test_labels_come_from_the_text_alone(here):
    next_word, hidden_word = here.names["next_word"], here.names["hidden_word"]
    words = "to be or not to be".split()
    pairs = next_word(words)
    assert [" ".join([*before, word]) for before, word in pairs] == [
        "to be", "to be or", "to be or not", "to be or not to", "to be or not to be"
    ]  # fmt: skip
    for seed in range(20):
        seen, wanted = hidden_word(words, np.random.default_rng(seed))
        assert [wanted.get(t, word) for t, word in enumerate(seen)] == words
        assert all(seen[t] == "▢" for t in wanted) and seen.count("▢") == len(wanted)
    assert here.numbers["free_labels"] == len(here.names["sentence"]) - 1 == 10
    prose = here.prose("sec-llm-foundation")
    assert "$10^8$ to $10^{11}$, was fair in 2021" in prose
    assert "Models of $10^{12}$ were published by July 2025" in prose
    for trait in ("pre-training", "self-supervision", "generalisation", "size"):
        assert trait in prose


# ---------------------------------------------------------------------------- L-08: the data


@pytest.mark.claim("L-08")
def test_the_rules_find_what_they_can_and_accuse_some(here):
    labels, flagged, numbers = here.names["labels"], here.names["flagged"], here.numbers
    truth = Counter(labels.tolist())
    assert numbers["raw_docs"] == len(labels) and numbers["good_docs"] == truth["good"]
    assert numbers["copies"] == truth["exact"] + truth["near"] > 30
    tp = sum(flagged[k] for k, label in enumerate(labels) if label in ("letters", "language", "repeats"))
    assert numbers["rules_recall"] == pytest.approx(100 * tp / (3 * truth["letters"])) and numbers["rules_recall"] > 95
    assert numbers["rules_blind"] < 20
    assert numbers["false_rules"] == sum(flagged[labels == "good"]) < 0.1 * truth["good"]
    junk = sum(flagged[k] for k, label in enumerate(labels) if label in data.JUNK)
    assert numbers["rules_precision"] == pytest.approx(100 * junk / sum(flagged)) and junk < sum(flagged)
    for document, reasons in zip(here.names["documents"][:40], here.names["reasons"], strict=False):
        words = words_of(document.text)
        rules = {reason.rule for reason in reasons}
        common = {"the", "be", "to", "of", "and", "that", "have", "with"} & set(words)
        assert ("min_stop_words" in rules) == (len(common) < 2)
        lines = [line.strip() for line in document.text.split("\n")]
        sizes = [sum(not sign.isspace() for sign in line) for line in lines]
        again = sum(size for k, size in enumerate(sizes) if lines[k] in lines[:k])
        assert ("max_repeated_lines" in rules) == (again / sum(sizes) > 0.3)
        assert all(str(reason).startswith(reason.rule) for reason in reasons)


@pytest.mark.claim("L-08")
def test_a_stricter_bound_on_the_language_takes_english(here):
    """The answer to the prediction: no other language is left above the usual bound."""
    numbers, labels = here.numbers, here.names["labels"]
    scores = [data.measure(document)["language"] for document in here.names["documents"]]
    gone = Counter(label for label, score in zip(labels, scores, strict=True) if 0.04 <= score < 0.1)
    assert gone["language"] == numbers["between_foreign"] == 0
    assert numbers["foreign_best"] < 0.04 == FilterConfig().min_language
    assert gone["good"] == numbers["between_good"] > 0 and gone["mention"] == numbers["between_mention"] > 0
    assert sum(gone[kind] for kind in ("boilerplate", "letters", "repeats", "toxic")) == numbers["between_junk"] > 0


@pytest.mark.claim("L-08")
def test_minhash_estimates_what_brute_force_finds(here):
    names, numbers = here.names, here.numbers
    k, original = names["k"], names["original"]
    by_tuples = overlap(*(shingle_set(names["documents"][i].text) for i in (k, original)))
    assert numbers["near_j"] == pytest.approx(by_tuples) and 0.7 < by_tuples < 1
    error = math.sqrt(by_tuples * (1 - by_tuples) / 1000)
    assert numbers["hash_error"] == pytest.approx(error)
    for estimate in ("by_shuffle", "by_hash"):
        assert abs(numbers[estimate] - by_tuples) < 4 * error
    for common in (10, 60, 110):
        a, b = set(range(120)), set(range(120 - common, 240 - common))
        true = common / (240 - common)
        estimate = data.estimated_jaccard(*data.minhash([a, b], num_hashes=4000, seed=common))
        assert abs(estimate - true) < 4.5 * math.sqrt(true * (1 - true) / 4000)


@pytest.mark.claim("L-08")
def test_the_s_curve_is_what_bands_do(here):
    assert data.s_curve(0.8, 16, 8) == pytest.approx(stats.binom.sf(0, 16, 0.8**8)) == pytest.approx(0.947, abs=5e-4)
    assert data.s_curve(0.3, 16, 8) == pytest.approx(0.001, abs=1e-4)
    measured, theory = here.names["measured"], here.names["theory"]
    for s, found, curve in zip(here.names["similarity"], measured, theory, strict=True):
        assert curve == pytest.approx(stats.binom.sf(0, 16, s**8))
        assert stats.binomtest(round(200 * found), 200, curve).pvalue > 1e-4
    assert here.numbers["curve_gap"] == pytest.approx(np.abs(measured - theory).max())
    assert measured[-1] > measured[0] + 0.8
    for bands, rows in ((16, 8), (32, 4)):
        assert here.numbers[f"found_{bands}"] == pytest.approx(100 * stats.binom.sf(0, bands, 0.6**rows))
        assert here.numbers[f"vain_{bands}"] == pytest.approx(100 * stats.binom.sf(0, bands, 0.3**rows))
    assert here.numbers["steep"] ** 8 == pytest.approx(1 / 16)
    assert here.answers("▢₁ is")[0] == 0.5**2 and here.answers("▢₂ is")[0] == 1 - 0.5**2
    assert here.answers("▢₃ is")[0] == pytest.approx(stats.binom.sf(0, 2, 0.25))


@pytest.mark.claim("L-08")
def test_one_of_each_cluster_survives(here):
    names, numbers = here.names, here.numbers
    copies = names["copies"]
    graph = nx.Graph(copies)
    groups = [set(part) for part in nx.connected_components(graph)]
    found = [set(cluster) for cluster in names["clusters"]]
    assert sum(any(group <= cluster for cluster in found) for group in groups) >= 0.95 * len(groups)
    for cluster in names["clusters"]:
        assert sum(k in set(names["kept"]) for k in cluster) == 1 and min(cluster) in names["kept"]
    assert numbers["least_survivors"] == numbers["most_survivors"] == 1
    assert numbers["dropped"] == sum(len(cluster) - 1 for cluster in found)
    assert numbers["dup_recall"] >= 95 and numbers["innocent"] <= 2
    assert numbers["torn"] == pytest.approx(100 * 2 * 0.1 * 0.9, abs=2)


@pytest.mark.claim("L-08")
def test_quality_and_toxicity_with_their_errors(here):
    names, numbers = here.names, here.numbers
    labels, quality = names["labels"], names["quality"]
    ads, good = quality[labels == "boilerplate"], quality[labels == "good"]
    assert stats.mannwhitneyu(good, ads).statistic / (len(good) * len(ads)) > 0.95  # the area under the curve
    assert numbers["ads_found"] == 100 * np.mean(ads < 0.2) and numbers["good_lost"] == np.sum(good < 0.2)
    # what the words of four lines tell: their order nothing, and a manual's words more than honesty
    assert numbers["taste_sorted"] == pytest.approx(numbers["taste_manual"], abs=1e-12)
    assert sorted(names["lines"]["sorted"].split()) == sorted(names["lines"]["manual"].split())
    assert names["lines"]["sorted"] != names["lines"]["manual"]
    assert numbers["taste_fraud"] > numbers["taste_recipe"] + 0.05 and numbers["taste_manual"] > 0.9
    assert all(np.mean(quality[labels == kind]) > 0.8 for kind in ("repeats", "toxic"))
    toxic = labels == "toxic"
    for method in ("words", "classifier", "either"):
        assert numbers[f"tox_{method}_found"] + numbers[f"tox_{method}_missed"] == toxic.sum()
    listed = [any(word in words_of(document.text) for word in data.INSULTS[:8]) for document in names["documents"]]
    assert numbers["tox_words_found"] == np.sum(np.array(listed) & toxic)
    assert numbers["tox_words_accused"] == np.sum(np.array(listed) & ~toxic) >= numbers["mention_words"] > 5
    assert numbers["tox_classifier_accused"] < numbers["tox_words_accused"]
    assert numbers["tox_classifier_found"] > numbers["tox_words_found"]
    assert numbers["precise"] == pytest.approx(100 * 950 / (950 + 19_980))


@pytest.mark.claim("L-08")
def test_what_is_left_is_prepared(here):
    text, numbers = here.names["text"], here.numbers
    counts = [documents for _, documents, _ in text.funnel]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[-1]) == (numbers["raw_docs"], numbers["left_docs"])
    ids = text.tokenizer.encode("Return a list.")
    assert text.tokenizer.decode(ids) == "Return a list." and text.tokenizer.vocab_size == 512
    assert numbers["junk_left"] <= 0.1 * (np.isin(here.names["labels"], data.JUNK)).sum()
    assert numbers["train_k"] > 5 * numbers["held_k"] > 0
    good = [k for k, label in enumerate(here.names["labels"]) if label == "good"]
    rules = [text.reasons[k] for k in good if k in text.reasons]
    copies = [broken for broken in rules if broken in (("exact_duplicate",), ("near_duplicate",))]
    assert (numbers["good_gone"], numbers["replaced"]) == (len(rules), len(copies)) and 0 < len(copies) < len(rules)


# ---------------------------------------------------------------------------- L-09: pre-training


@pytest.mark.claim("L-09")
def test_six_n_d_and_its_instance(here):
    numbers = here.numbers
    assert numbers["gpt3_flops"] == pytest.approx(6 * 175 * 300 * 1e18 / 1e23) == pytest.approx(3.15)
    assert training_flops(175e9, 300e9) == pytest.approx(6 * 175 * 300 * 10**18)
    assert round(numbers["gpt3_ratio"], 2) == 1.71
    exact = sum(count_parameters(GPTConfig(50_257, 2048, 12_288, 96, 96)).values())
    assert training_flops(exact, 300e9) == pytest.approx(3.14e23, rel=2e-3)
    assert numbers["flop_ratio"] == pytest.approx(1, abs=0.15)  # as PyTorch counts the products that it makes
    assert numbers["back_ratio"] == pytest.approx(2, abs=0.15)
    assert numbers["days"] == pytest.approx(3.15e23 / (1e17 * 0.4) / 3600 / 24)
    assert numbers["kept_one_in"] == pytest.approx(45_000 / 570)


@pytest.mark.claim("L-09")
def test_the_loop_by_hand_is_the_librarys(here):
    numbers, names = here.numbers, here.names
    assert numbers["loop_gap"] < 1e-4 and numbers["first_loss"] == pytest.approx(math.log(512), abs=0.4)
    run = names["run"]
    assert numbers["run_pp"] == pytest.approx(math.exp(numbers["run_loss"]))
    assert run.loss[-20:].mean() < run.loss[:20].mean() - 1.5
    assert numbers["run_n"] == sum(p.numel() for p in run.model.parameters())
    assert numbers["run_d"] == 1000 * 8 * 128 / 1e3
    rates = run.learning_rate
    top = int(np.argmax(rates))
    assert top == 99 and rates[0] == pytest.approx(rates[top] / 100)
    assert rates[-1] == pytest.approx(rates[top] / 10, rel=0.01)
    assert (np.diff(rates[:100]) > 0).all() and (np.diff(rates[100:]) <= 0).all()
    ids = torch.from_numpy(names["text"].held_out[:1281]).view(-1)
    rows = torch.stack([ids[k : k + 129] for k in range(0, 1152, 128)])
    with torch.no_grad():
        logits = run.model(rows[:, :-1])
    nats = -torch.log_softmax(logits, dim=2).gather(2, rows[:, 1:, None]).mean().item()
    assert nats == pytest.approx(numbers["run_loss"], abs=0.5)  # a piece of what was judged


@pytest.mark.claim("L-09")
def test_good_learning_rates_lie_close_together(here):
    numbers, grid = here.numbers, here.names["grid"]
    ends = {(rate, warmup): np.mean(loss[-10:]) for rate, warmup, loss in
            zip(grid["learning_rate"].tolist(), grid["warmup"].tolist(), grid["loss"], strict=True)}  # fmt: skip
    (rate, warmup), end = min(ends.items(), key=lambda one: one[1])
    assert (numbers["best_rate"], numbers["best_warmup"]) == (rate, warmup)
    assert numbers["best_end"] == pytest.approx(end) and len(ends) == numbers["grid_runs"]
    good = [one for (one, _), loss in ends.items() if loss < end + 0.3]
    assert max(good) <= 10 * min(good)
    assert numbers["ten_0"] == ends[10 * rate, 0] > end + 0.2 and numbers["ten_20"] == ends[10 * rate, 20] > end + 0.2
    assert (numbers["best_0"], numbers["best_20"]) == (ends[rate, 0], ends[rate, 20])
    assert np.isfinite(grid["loss"]).all()  # none broke off
    counts = Counter(here.names["text"].train.tolist())
    share = np.array(list(counts.values())) / sum(counts.values())
    alone = -sum(share * np.log(share))  # how frequent each token is, and nothing else
    assert numbers["single"] == pytest.approx(alone, abs=0.1) and numbers["stuck_end"] == pytest.approx(alone, abs=0.2)
    assert numbers["slow_end"] > alone and numbers["highest"] > 2 * math.log(512)


@pytest.mark.claim("L-09")
def test_a_run_that_was_cut_short_goes_on_to_the_same_bits(here):
    assert here.numbers["differ"] == 0 and here.numbers["same_rows"] == 24
    assert here.numbers["cut_at"] == 13 and here.numbers["kept_at"] == 10  # a checkpoint every five steps
    whole, again = here.names["whole"], here.names["again"]
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name])
    other = pretrain(here.names["text"], PretrainConfig(**{**vars(here.names["tiny"]), "seed": 1}))
    assert not np.allclose(other.column("loss"), whole.column("loss"))


@pytest.mark.claim("L-09")
def test_memory_is_counted_part_by_part(here):
    config = GPTConfig(50_257, context=2048, width=12_288, layers=96, heads=96)
    n = sum(count_parameters(config).values())
    parts = memory_estimate(config, 1, "bfloat16")
    assert parts["weights"] == parts["gradients"] == 2 * n and parts["adam"] == 12 * n
    assert parts["total"] == 16 * n + parts["activations"]
    assert here.numbers["gpt3_total"] == pytest.approx(parts["total"] / 1e9)
    assert here.numbers["gpt3_weights"] == pytest.approx(349.2, abs=0.1)


# ---------------------------------------------------------------------------- L-10: three ways to cut


@pytest.mark.claim("L-10")
def test_sharded_is_full_and_the_bubble_is_counted(here):
    names, numbers = here.names, here.numbers
    x, W, V = names["x"], names["W"], names["V"]
    hidden = [[max(sum(x[i, a] * W[a, b] for a in range(8)), 0) for b in range(32)] for i in range(5)]
    full = np.array([[sum(hidden[i][b] * V[b, c] for b in range(32)) for c in range(8)] for i in range(5)])
    assert names["full"] == pytest.approx(full, abs=1e-9) and names["sharded"] == pytest.approx(full, abs=1e-9)
    assert numbers["shard_gap"] < 1e-12 and numbers["data_gap"] < 1e-5 * max(1, numbers["slope_size"])
    for p, m in ((4, 1), (4, 4), (4, 12), (8, 12)):
        plan = names["schedule_of"](p, m)
        done = {}  # when each stage has done each small batch
        for stage, tick in zip(*np.nonzero(plan >= 0), strict=True):
            done[int(stage), int(plan[stage, tick])] = int(tick)
        assert len(done) == p * m
        # never before what it needs is there
        assert all(done[s, k] > done[s - 1, k] for s in range(1, p) for k in range(m))
        idle = numbers[f"idle_{p}_{m}"]
        assert idle == pytest.approx(100 * (plan.size - p * m) / plan.size) == numbers[f"formula_{p}_{m}"]
        assert idle == pytest.approx(100 * (p - 1) / (m + p - 1))
    assert (here.answers("▢₁ is")[1], here.answers("▢₂ is")[1], here.answers("▢₃ is")[1]) == (15, 3, 0.2)
    assert r"\frac{p - 1}{m + p - 1}" in here.prose("sec-llm-parallel")


# ---------------------------------------------------------------------------- L-15, L-16


@pytest.mark.claim("L-15")
def test_the_first_column_of_the_triangle(here):
    assert here.right_option("Which data does pre-training need?") == "Text, as it is"
    assert here.right_option("What is the task in pre-training?") == "To predict the next token"
    prose = here.prose("sec-llm-triangle")
    assert "huge amounts of text, without labels" in prose and "| **task** | the next token |" in prose


def robust_z(values, window):
    """In loops, from sorted values of the past only."""
    found = []
    for t in range(window, len(values)):
        past = np.sort(values[t - window : t])
        middle = (past[(window - 1) // 2] + past[window // 2]) / 2
        away = np.sort(np.abs(past - middle))
        found.append((values[t] - middle) / (1.4826 * (away[(window - 1) // 2] + away[window // 2]) / 2))
    return np.array(found)


@pytest.mark.claim("L-16")
def test_the_injected_faults_are_flagged_and_little_else(here):
    numbers, found = here.numbers, here.names["found"]
    stored_run, fault_at = here.names["stored_run"], here.names["FAULT_AT"]
    assert fault_at in found["targets"]["loss"] and numbers["targets_step"] == fault_at
    assert fault_at + 1 in found["learning_rate"]["gradient_norm"] and fault_at in found["targets"]["gradient_norm"]
    places = [step for by_name in found.values() for steps in by_name.values() for step in steps if step > 60]
    assert all(fault_at <= step <= fault_at + 30 for step in places)
    assert numbers["clean_loss"] + numbers["clean_norm"] <= 10  # of two thousand values
    assert (numbers["threshold"], numbers["fault_factor"]) == (6, 30) and numbers["learning_rate_loss_n"] == 0
    for fault in ("targets", "learning_rate"):
        loss = stored_run(fault).loss
        z = robust_z(loss, 50)
        assert numbers[f"{fault}_z"] == pytest.approx(z.max(), rel=1e-6)
        assert found[fault]["loss"] == [51 + k for k in np.flatnonzero(z > 6)]
        assert loss[: fault_at - 1] == pytest.approx(stored_run("targets").loss[: fault_at - 1], rel=1e-6)
        assert numbers[f"{fault}_after"] == pytest.approx(np.mean(loss[180:200]))
        assert numbers[f"{fault}_later"] == pytest.approx(np.mean(loss[200:220]))
    assert numbers["learning_rate_after"] > max(numbers["before"], numbers["targets_after"] + 0.1)
    assert numbers["targets_after"] < numbers["before"]  # nothing stays
    assert numbers["learning_rate_later"] < numbers["learning_rate_after"] - 0.1


@pytest.mark.claim("L-16")
def test_the_detector_on_a_synthetic_run(here):
    rng = np.random.default_rng(9)
    falling = 2 + 4 * np.exp(-np.arange(400) / 60) + 0.05 * rng.normal(size=400)
    assert find_spikes(falling) == []
    for place in (200, 300, 390):
        spoilt = falling.copy()
        spoilt[place] += 1.0
        assert find_spikes(spoilt) == [place]
    assert here.numbers["z_hand"] == pytest.approx(0.5 / 0.14826) == pytest.approx(here.numbers["z_library"])
    assert here.numbers["quarter"] == pytest.approx(1 / stats.norm.ppf(0.75)) == pytest.approx(1.4826, abs=5e-5)
