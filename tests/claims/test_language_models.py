"""The claims of the chapter on language models, against values that share no code with what they test."""

import itertools
import math
import re
from collections import Counter, defaultdict

import numpy as np
import pytest
import regex

from book_lib import datasets, ngram, sampling, tokenizer

ROWS_SHOWN = {"a": 1, "abandon": 2, "day": 3000, "good": 10_000, "It's": 15_000, "today": 50_000, ".": 80_000}


@pytest.fixture(scope="module")
def here(chapter):
    return chapter("language_models")


def witten_bell(text, order, size):
    """ln p of a token given a beginning, with counts in plain dictionaries and exact backing off."""
    counts = defaultdict(Counter)
    for t, token in enumerate(text):
        for length in range(min(order, t + 1)):
            counts[tuple(text[t - length : t])][token] += 1

    def probability(token, before):
        p = 1 / size
        for length in range(min(order - 1, len(before)) + 1):
            row = counts.get(tuple(before[len(before) - length :]))
            if not row:
                break
            p = (row[token] + len(row) * p) / (row.total() + len(row))
        return p

    return probability


def entropy_bits(p):
    return -sum(share * math.log2(share) for share in p if share > 0)


def law_at(p, temperature):
    weights = [share ** (1 / temperature) for share in p]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


# ---------------------------------------------------------------------------- S-01: the probability of a text


@pytest.mark.claim("S-01")
def test_fluent_above_misspelt_above_gibberish(here):
    numbers, names = here.numbers, here.names
    assert len({names["fluent"], names["misspelt"], names["shuffled"]}) == 3
    for other in (names["misspelt"], names["shuffled"]):
        assert sorted(other.replace("teh", "the")) == sorted(other) and len(other) == len(names["fluent"])
    assert sorted(names["shuffled"]) == sorted(names["fluent"]) == sorted(names["misspelt"])
    assert numbers["fluent"] > numbers["misspelt"] + 20 > numbers["gibberish"] + 30
    for name, sentence in zip(("fluent", "misspelt", "gibberish"), ("fluent", "misspelt", "shuffled"), strict=True):
        letters = list(names[sentence].encode())
        p = [names["scorer"].probabilities(letters[:t])[v] for t, v in enumerate(letters)]
        assert numbers[name] == pytest.approx(math.fsum(map(math.log10, p)))
        assert numbers[f"{name}_letter"] == pytest.approx(numbers[name] / 39)
    text = list(names["corpus"].train_text.encode())[:60_000]
    slow, fast = witten_bell(text, 5, 256), ngram.NGram(5, 256).fit(text)
    for sentence in (names["fluent"], names["misspelt"], names["shuffled"]):
        letters = list(sentence.encode())
        by_hand = math.fsum(math.log(slow(v, letters[:t])) for t, v in enumerate(letters))
        assert fast.log_likelihood(letters) == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.claim("S-01")
def test_products_vanish_and_logarithms_do_not(here):
    assert float("1e-500") == 0.0 and float("1e-120") > 0
    for name, bits, each in (("a", 332.2, 1.82), ("b", 398.6, 2.07), ("c", 1661.0, 8.33)):
        assert round(here.numbers[f"bits_{name}"], 1) == bits and round(here.numbers[f"each_{name}"], 2) == each
    assert here.numbers["bits_c"] == pytest.approx(500 / math.log10(2))
    letters, page = int(here.numbers["underflow"]), here.names["page"]
    scorer = here.names["scorer"]
    assert scorer.log_likelihood(page[:letters]) < math.log(5e-324) + 1
    assert scorer.log_likelihood(page[: letters - 1]) > math.log(5e-324) - 1
    assert math.isfinite(here.numbers["page_nats"]) and math.exp(here.numbers["page_nats"]) == 0.0
    assert "sixty of them $10^{-300}$" in here.prose("sec-lm-logs") and 60 * 5 == 300
    assert here.numbers["gibberish_letter"] < here.numbers["uniform_letter"] < here.numbers["misspelt_letter"]


# ---------------------------------------------------------------------------- S-02, S-03: tokens


@pytest.mark.claim("S-02")
def test_the_sentence_becomes_numbers_and_comes_back(here):
    assert here.names["pieces"] == ["It's", "a", "good", "day", "today", "."]
    one_hot, back = here.names["one_hot"], here.names["back"]
    assert one_hot.shape == (6, 100_000) and (one_hot.sum(axis=1) == 1).all()
    assert [int(np.flatnonzero(row)[0]) + 1 for row in one_hot] == [15_000, 1, 10_000, 3000, 50_000, 80_000]
    assert back == here.names["pieces"] and here.numbers["entries"] == 600_000
    printed = here.printed("vocabulary = {")
    assert printed[:6] == [15_000, 1, 10_000, 3000, 50_000, 80_000]


@pytest.mark.claim("S-03")
def test_the_list_of_the_chapter(here):
    listed = here.names["vocabulary"]
    assert {word: listed[word] for word in ROWS_SHOWN} == ROWS_SHOWN and listed["<EOS>"] == 100_000
    known = set(re.findall(r"\w+", here.names["corpus"].train_text))
    asked = re.findall(r"\w+", here.names["corpus"].held_out_text)
    assert here.numbers["strange"] == pytest.approx(100 * sum(word not in known for word in asked) / len(asked))
    assert 1 < here.numbers["strange"] < 15


def merges_by_rescanning(text, count):
    """Byte-pair encoding on a list of lists, all pairs counted anew each time."""
    words = [list(piece.encode()) for piece in regex.findall(tokenizer.GPT2_SPLIT, text)]
    merges = []
    for new in range(256, 256 + count):
        pairs = Counter(pair for word in words for pair in itertools.pairwise(word))
        best = sorted(pairs, key=lambda pair: (-pairs[pair], *pair))[0]
        merges.append(best)
        for word in words:
            i = 0
            while i < len(word) - 1:
                if (word[i], word[i + 1]) == best:
                    word[i : i + 2] = [new]
                i += 1
    return merges


@pytest.mark.claim("S-03")
def test_byte_pairs_by_hand_and_in_the_library(here):
    expected = merges_by_rescanning(here.names["text_learnt"], 8)
    assert here.names["merges"] == expected and here.numbers["same_merges"] == 8
    assert [tuple(pair) for pair in here.names["ours"].merges] == expected
    longer = here.names["corpus"].train_text[:3000]
    found = tokenizer.BPETokenizer.train(longer, 300)
    assert [tuple(pair) for pair in found.merges] == merges_by_rescanning(longer, 44)
    assert found.merges == tokenizer.BPETokenizer.train(longer, 300).merges


@pytest.mark.claim("S-03")
def test_any_text_comes_back_and_chinese_costs_bytes(here):
    known, mixed = here.names["tokenizer"], here.names["mixed"]
    for text in (here.names["chinese"], here.names["english"], "naïve ½ 🧲\n\ttab", "\x00"):
        for one in (known, mixed):
            ids = one.encode(text)
            assert one.decode(ids) == text and one.decode_bytes(ids) == text.encode()
    numbers = here.numbers
    assert numbers["chinese_bytes"] == len(here.names["chinese"].encode()) == 3 * numbers["chinese_signs"]
    assert numbers["chinese_cost"] == numbers["chinese_bytes"]  # every byte a token
    assert numbers["chinese_cost"] > 1.3 * numbers["english_cost"] and numbers["chinese_signs"] < 20
    assert numbers["chinese_mixed"] < numbers["chinese_cost"] / 2
    assert numbers["english_cost"] < numbers["english_mixed"] < 1.5 * numbers["english_cost"]
    assert mixed.vocab_size == known.vocab_size == 512
    assert here.names["chinese"] not in here.names["sentences"]


# ---------------------------------------------------------------------------- S-04: padding


@pytest.mark.claim("S-04")
def test_rows_are_filled_and_the_mask_counts(here):
    padded, mask, texts = here.names["padded"], here.names["mask"], here.names["texts_to_pad"]
    assert padded.shape == mask.shape == (3, 1 + max(map(len, texts)))
    for row, kept, words in zip(padded, mask, texts, strict=True):
        assert kept.sum() == len(words) + 1 and (np.diff(kept) <= 0).all()
        assert row[: len(words)].tolist() == [here.names["vocabulary"][word] for word in words]
        assert (row[len(words) :] == 100_000).all() and kept[len(words)] == 1  # the true end counts
    assert here.numbers["counted"] == sum(len(words) + 1 for words in texts)
    assert here.numbers["filled"] == padded.size - mask.sum() == 7


# ---------------------------------------------------------------------------- S-05, S-06: the price


@pytest.mark.claim("S-05")
def test_nobody_can_write_the_joint_table(here):
    for V, name in ((10**6, "table_6"), (10**5, "table_5")):
        assert 10 ** int(here.numbers[name]) == V**8192
    assert here.numbers["table_6"] == 49_152 and here.numbers["table_5"] == 40_960
    assert 10 ** int(here.numbers["rounded_off"]) * (10**6) ** 8192 == 10**50_000
    assert "$10^{49152}$" in here.prose("sec-lm-table")


@pytest.mark.claim("S-06")
def test_the_chain_rule_is_exact_and_saves_no_number(here):
    joint, tables = here.names["joint"], here.names["tables"]
    assert joint.sum() == pytest.approx(1) and joint.shape == (3,) * 4
    for text in itertools.product(range(3), repeat=4):
        product = 1.0
        for t in range(4):
            longer, shorter = joint[text[: t + 1]].sum(), joint[text[:t]].sum()
            assert tables[t][text[: t + 1]] == pytest.approx(longer / shorter)
            product *= tables[t][text[: t + 1]]
        assert product == pytest.approx(joint[text], rel=1e-12)
    assert here.names["free"] == [2, 6, 18, 54]
    assert here.numbers["free_chain"] == here.numbers["free_joint"] == 80 == 3**4 - 1
    assert here.numbers["rebuilt_gap"] < 1e-15
    for V, L in itertools.product((2, 5, 10), (1, 3, 6)):
        assert sum(V ** (t - 1) * (V - 1) for t in range(1, L + 1)) == V**L - 1
    assert here.answers("▢₁ is")[0] == 2 and here.answers("▢₂ is")[0] == 4 and here.answers("▢₃ is")[0] == 7


# ---------------------------------------------------------------------------- counting (no row of its own)


def test_rows_smoothing_and_the_order_that_pays(here):
    names, numbers = here.names, here.numbers
    assert numbers["same_row"] == pytest.approx(0, abs=1e-14) == numbers["wb_gap"]
    assert numbers["wb_sum"] == pytest.approx(1)
    slow = witten_bell(names["train_ids"][:20_000].tolist(), 4, 512)
    fast = ngram.NGram(4, 512).fit(names["train_ids"][:20_000])
    some = names["held_ids"][:60].tolist()
    by_hand = math.fsum(math.log(slow(v, some[:t])) for t, v in enumerate(some))
    assert fast.log_likelihood(some) == pytest.approx(by_hand, rel=1e-9)
    seen, exam = ([numbers[f"{kind}_{n}"] for n in range(1, 7)] for kind in ("seen", "exam"))
    assert all(a > b for a, b in itertools.pairwise(seen))
    best = int(np.argmin(exam)) + 1
    assert numbers["best_order"] == best in (3, 4) and exam[5] > exam[best - 1] + 0.1
    assert numbers["unseen_2"] < numbers["unseen_3"] < numbers["unseen_5"] and numbers["unseen_5"] > 40
    held = names["held_ids"]
    pairs = {(int(a), int(b)) for a, b in itertools.pairwise(names["train_ids"].tolist())}
    new = sum((int(held[t - 1]), int(held[t])) not in pairs for t in range(4, 3004)) / 3000
    assert numbers["unseen_2"] == pytest.approx(100 * new)
    learnt = names["train_ids"].tolist()
    fives = set(zip(*(learnt[k:] for k in range(5)), strict=False))
    unknown = [tuple(held[t - 5 : t].tolist()) not in fives for t in range(5, 3005)]
    assert numbers["five_new"] == pytest.approx(100 * np.mean(unknown), abs=0.05)
    assert numbers["rows_6"] == pytest.approx(len(fives), abs=1)  # the last five tokens may have no follower
    assert round((3 + 2 / 4) / 6, 9) == round(7 / 12, 9) and r"\frac7{12}" in here.prose("sec-lm-smoothing")


def test_a_repetition_goes_unnoticed(here):
    assert here.numbers["repeat_second"] > here.numbers["repeat_first"] - 0.3
    assert here.numbers["repeat_first"] > math.log(512)  # no better than a guess


# ---------------------------------------------------------------------------- S-07, S-08: tables to read


@pytest.mark.claim("S-07")
def test_what_the_printed_table_hides(here):
    listed = [1e-7, 1e-7, 0.01, 1e-4, 1e-7, 1e-7, 1e-7, 1e-7]
    assert sorted(here.names["slide"].values()) == sorted(listed)
    assert here.numbers["table_listed"] == pytest.approx(0.0101006, abs=1e-12)
    assert here.numbers["table_missing"] == pytest.approx(0.9898994, abs=1e-12)
    prose = here.prose("sec-lm-next")
    assert 'The table fits the beginning "It\'s a good"' in prose
    p = np.cumsum([*listed, 1 - math.fsum(listed)])  # drawn from as a list, with the rest as one entry
    draws = np.searchsorted(p, np.random.default_rng(1).random(100_000), side="right")
    assert np.mean(draws == 8) == pytest.approx(0.9899, abs=2e-3) and draws.max() == 8


@pytest.mark.claim("S-08")
def test_the_card_lists_97_per_cent(here):
    assert here.names["card"] == {"capes": 0.90, "pants": 0.05, "socks": 0.02}
    assert here.numbers["card_listed"] == pytest.approx(0.97)
    assert here.numbers["card_missing"] == pytest.approx(0.03)
    assert "`<s>` (the sign for a beginning) at position 0 and *wear* at position 4" in here.prose("sec-lm-next")
    assert "<s> not all heroes wear".split().index("wear") == 4
    assert here.numbers["sum_ours"] == pytest.approx(1)
    assert here.numbers["listed_ours"] + here.numbers["rest_ours"] == pytest.approx(1)


# ---------------------------------------------------------------------------- S-09: generation


@pytest.mark.claim("S-09")
def test_each_turn_adds_one_and_moves_the_window(here):
    story, followers = here.names["story"], here.names["followers"]
    assert story[:5] == "<s> not all heroes wear".split() and story[-1] == "<EOS>"
    for a, b, c in zip(story[3:], story[4:], story[5:], strict=False):
        assert c in followers[a, b]
    chain = "heroes wear capes but all villains do".split()
    assert all(c in followers[a, b] for a, b, c in zip(chain, chain[1:], chain[2:], strict=False))

    seen = []

    class Echo:
        """Always favours the token after the last one, and keeps what it was shown."""

        def next_logits(self, ids):
            seen.append(list(ids))
            return np.where(np.arange(10) == (ids[-1] + 1) % 10, 5.0, 0.0)

    assert sampling.generate(Echo(), [3], 5, temperature=0) == [3, 4, 5, 6, 7, 8]
    assert seen == [[3, 4, 5, 6, 7][: k + 1] for k in range(5)]
    assert here.names["written"][: int(here.numbers["prompt_length"])] == here.names["prompt"]
    assert here.numbers["written"] == here.numbers["prompt_length"] + 30


# ---------------------------------------------------------------------------- S-10, S-11, S-12: temperature


@pytest.mark.claim("S-10")
def test_cold_is_one_text_and_entropy_rises(here):
    numbers, names = here.numbers, here.names
    assert numbers["different_0"] == 1 and numbers["different_7"] == numbers["different_15"] == 8
    assert numbers["known_15"] < numbers["known_7"] - 5 and numbers["known_cut"] > numbers["known_15"] + 5
    model, prompt = names["model"], names["prompt"]
    greedy = list(prompt)
    for _ in range(40):
        p = model.probabilities(greedy)
        greedy.append(int(np.flatnonzero(p == p.max())[0]))
    assert sampling.generate(model, prompt, 40, temperature=0) == greedy
    spread, price, grid = names["spread"], names["price"], names["grid"]
    assert all(a < b for a, b in itertools.pairwise(spread))
    assert 1 < numbers["best_T"] <= 1.5 and min(price) == numbers["price_best"]  # "a little above T = 1"
    assert numbers["price_cold"] > numbers["price_1"] + 1 < numbers["price_hot"] + 1
    for name, T in (("cold", 0.2), ("1", 1.0), ("hot", 3.0)):  # as the text says
        laws = [law_at(np.exp(row), T) for row in names["logits"]]
        surprise = [-math.log(law[came]) for law, came in zip(laws, names["truth"], strict=True)]
        assert numbers[f"price_{name}"] == pytest.approx(np.mean(surprise))
        assert numbers[f"spread_{name}"] == pytest.approx(np.mean([entropy_bits(law) for law in laws]) * math.log(2))
    row = names["logits"][0]
    for T, k in ((0.5, 3), (2.0, 9)):
        law = law_at(np.exp(row), T)
        assert grid[k] == T
        assert sampling.next_distribution(row, temperature=T) == pytest.approx(law)


@pytest.mark.claim("S-11")
def test_the_formula_at_three_temperatures(here):
    said = [0.90, 0.05, 0.02, 0.03]
    expected = {0.7: [0.9726, 0.0157, 0.0042, 0.0075], 1.0: said, 1.5: [0.7529, 0.1096, 0.0595, 0.0780]}
    for T, law in expected.items():
        assert law_at(said, T) == pytest.approx(law, abs=5e-5)
        assert sampling.next_distribution(np.log(said), temperature=T) == pytest.approx(law_at(said, T))
    assert round(here.numbers["capes_7"], 4) == 0.9726 and round(here.numbers["capes_15"], 4) == 0.7529
    assert sampling.next_distribution(np.log(said), temperature=0).tolist() == [1, 0, 0, 0]
    assert sampling.next_distribution([1.0, 2.0, 2.0], temperature=0).tolist() == [0, 0.5, 0.5]
    with pytest.raises(ValueError, match="temperature"):
        sampling.next_distribution(np.log(said), temperature=-1)
    assert r"\frac{p_v^{1/T}}{\sum_u p_u^{1/T}}" in here.prose("sec-lm-formula")
    assert r"\frac{e^{-E_v/T}}{\sum_u e^{-E_u/T}}" in here.prose("sec-lm-formula")
    assert here.answers("▢₁ is")[1] == pytest.approx(0.2**2)
    assert here.answers("▢₂ is")[1] == pytest.approx(law_at([0.8, 0.2], 0.5)[0])
    assert here.answers("▢₃ is")[1] == pytest.approx(math.sqrt(4))


@pytest.mark.claim("S-12")
def test_it_is_boltzmanns_law_and_entropy_is_measured(here):
    said = [0.90, 0.05, 0.02, 0.03]
    for T, bits in ((0.7, 0.219), (1.0, 0.618), (1.5, 1.187)):
        weights = [math.exp(math.log(p) / T) for p in said]  # e^{−E/T} with E = −ln p
        law = [weight / sum(weights) for weight in weights]
        assert law == pytest.approx(law_at(said, T))
        assert here.numbers[f"bits_{10 * T:.0f}"] == pytest.approx(entropy_bits(law))
        assert round(entropy_bits(law), 3) == bits
        assert here.numbers[f"formula_gap_{10 * T:.0f}"] < 1e-12
    lattices = list(itertools.product((1, -1), repeat=9))
    energies = np.array([magnet_energy(s) for s in lattices])
    drawn = here.drawn("panels[1].plot(warm")
    weights = np.exp(-energies / 2.0)
    p = weights / weights.sum()
    assert 9 * drawn["ising"].enumerate_torus(3, 2.0).entropy_per_spin == pytest.approx(-(p * np.log(p)).sum())


def magnet_energy(flat):
    s = np.reshape(flat, (3, 3))
    return -float((s * np.roll(s, 1, 0) + s * np.roll(s, 1, 1)).sum())


@pytest.mark.claim("S-12")
def test_walls_cost_minus_ln_of_what_was_kept(here):
    said = np.array([0.90, 0.05, 0.02, 0.03])
    for name, kept in (("cut_12", [0, 1]), ("cut_15", [0, 1, 3])):
        mass = said[kept].sum()
        q = said[kept] / mass
        assert here.numbers[name] == pytest.approx((q * np.log(q / said[kept])).sum()) == pytest.approx(-math.log(mass))
    assert np.isfinite(sampling.top_k(np.log(said), 2)).tolist() == [True, True, False, False]
    assert np.isfinite(sampling.top_p(np.log(said), 0.96)).tolist() == [True, True, False, True]
    melts = here.numbers["melts"]
    crowd = 50_000 * (0.03 / 50_000) ** (1 / melts)
    assert crowd == pytest.approx(0.9 ** (1 / melts))
    at_15 = law_at([0.9, 0.05, 0.02, *[0.03 / 50_000] * 50_000], 1.5)
    assert here.numbers["crowd_15"] == pytest.approx(100 * sum(at_15[3:])) and here.names["crowd"][3:].max() < 1e-6
    sizes = [here.numbers[f"nucleus_{k}"] for k in (7, 10, 15)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    row = np.exp(here.names["logits"][0])
    ranked = sorted(law_at(row, 1.5), reverse=True)
    assert sizes[2] == next(k for k in range(1, 513) if sum(ranked[:k]) >= 0.9)


@pytest.mark.claim("S-12")
def test_tempering_tokens_is_not_tempering_texts(here):
    texts = [("A", 0.06)] * 10 + [("B", 0.4)]
    squares = {kind: sum(p**2 for name, p in texts if name == kind) for kind in "AB"}
    assert here.numbers["whole_a"] == pytest.approx(squares["A"] / sum(squares.values()))
    assert here.numbers["token_a"] == pytest.approx(0.36 / 0.52)
    assert (round(here.numbers["token_a"], 3), round(here.numbers["whole_a"], 3)) == (0.692, 0.184)
    assert here.numbers["tree_whole_5"] == pytest.approx(here.numbers["whole_a"])
    assert here.numbers["tree_token_5"] == pytest.approx(here.numbers["token_a"])
    for T in (2, 10, 20):
        p = 0.6 ** (10 / T), 0.4 ** (10 / T)
        assert here.numbers[f"tree_token_{T}"] == pytest.approx(p[0] / sum(p))
    # the ratio of both laws on 81 texts, text by text
    joint, token, whole = here.names["joint"], here.names["token"], here.names["everything"]
    Z = sum(joint[text] ** 2 for text in itertools.product(range(3), repeat=4))
    for text in itertools.product(range(3), repeat=4):
        one, local = 1.0, 1.0
        for t in range(4):
            row = [joint[(*text[:t], v)].sum() / joint[text[:t]].sum() for v in range(3)]
            z = sum(share**2 for share in row)
            one, local = one * row[text[t]] ** 2 / z, local * z
        assert token[text] == pytest.approx(one) and whole[text] == pytest.approx(joint[text] ** 2 / Z)
        assert whole[text] / token[text] == pytest.approx(local / Z)
    assert here.numbers["ratio_gap"] < 1e-15 and here.numbers["token_sum"] == pytest.approx(1)
    assert here.numbers["texts_kl"] == pytest.approx((whole * np.log(whole / token)).sum())
    assert r"\frac{\prod_{t} Z_t(T)}{Z(T)}" in here.prose("sec-lm-analogy")
    half = here.numbers["half_T"]
    assert 0.6 ** (1 / half) * 10 ** (1 - 1 / half) == pytest.approx(0.4 ** (1 / half))


@pytest.mark.claim("S-12")
def test_the_two_misconceptions_are_answered(here):
    assert here.right_option("At T = 0 a model gives") == "the most probable next token at each step"
    assert "wrong ones too" in here.right_option("A model does not know a fact")
    assert len(here.calls("NextToken")) == 1


# ---------------------------------------------------------------------------- S-13, S-14: choosing and asking


@pytest.mark.claim("S-13")
def test_the_best_of_k_never_falls(here):
    scores, best = here.names["scores"], here.names["best_of"]
    assert len(scores) == 10 and best.tolist() == [max(scores[:k]) for k in range(1, 11)]
    assert all(a <= b for a, b in itertools.pairwise(best)) and here.numbers["best_10"] > here.numbers["mean_score"]
    known = set(re.findall(r"[a-z]{4,}", here.names["corpus"].train_text.lower()))
    for draft, score in zip(here.names["drafts"], scores, strict=True):
        words = re.findall(r"[a-z]{4,}", draft.lower())
        assert score == pytest.approx(sum(word in known for word in words) / max(len(words), 1))


@pytest.mark.claim("S-14")
def test_tasks_are_texts_with_right_answers(here):
    tasks = here.names["tasks"]
    assert set(tasks) == {"unscramble", "multiply", "translate"}
    assert tasks["unscramble"][1] == "defeat" and sorted("taefed") == sorted("defeat")
    assert tasks["multiply"][1] == str(sum(95 for _ in range(45))) == "4275"
    for (prompt, _), question in zip(tasks.values(), ("taefed", "95 times 45", "chaud"), strict=True):
        head, *examples, last = prompt.split("\n")
        assert head.endswith(":") and last == f"{question} ->" and all(" -> " in line for line in examples)
    assert here.numbers["spelling_wins"] > 90
    assert abs(here.numbers["multiply_wins"] - 50) < 12  # three and a half standard errors of a coin
    read = set(re.findall(r"\w+", here.names["corpus"].train_text))
    for right, wrong in here.names["spelling_task"]:
        assert sorted(right) == sorted(wrong) and right != wrong and right.strip() not in read
    assert here.numbers["spelling_cases"] == len(here.names["spelling_task"]) > 100
    assert all(abs(a * b - wrong) == 10 for a, b, wrong in here.names["sums"])


# ---------------------------------------------------------------------------- S-15: perplexity


@pytest.mark.claim("S-15")
def test_perplexity_of_a_guess_and_of_a_source(here):
    assert round(here.numbers["gpt2_nats"], 3) == 10.825 and round(here.numbers["gpt2_bits"], 3) == 15.617
    assert here.numbers["gpt2_pp"] == pytest.approx(50_257)
    assert ngram.perplexity(np.log([0.5, 0.125])) == pytest.approx(4)
    follows = np.array([[0.8, 0.15, 0.05], [0.1, 0.6, 0.3], [0.5, 0.0, 0.5]])
    shares = np.linalg.matrix_power(follows, 200)[0]
    steps = [(shares[a], p) for a in range(3) for p in follows[a] if p > 0]
    floor = -sum(share * p * math.log(p) for share, p in steps)
    assert here.numbers["floor"] == pytest.approx(floor)
    assert here.numbers["floor_pp"] == pytest.approx(math.exp(floor))
    alone = -sum(p * math.log(p) for p in shares)
    assert here.numbers["source_1"] == pytest.approx(alone, abs=0.02)
    for n in (2, 3, 4):
        assert here.numbers[f"source_{n}"] == pytest.approx(floor, abs=0.02)
    assert here.numbers["pp_best"] == pytest.approx(math.exp(here.numbers["best_loss"]))


@pytest.mark.claim("S-15")
def test_units_before_comparisons(here):
    size = len(here.names["corpus"].held_out_text.encode())
    assert here.numbers["bytes_a_token"] == pytest.approx(size / here.numbers["held_tokens"])
    loss = here.numbers["best_loss"] * here.numbers["held_tokens"]
    assert here.numbers["tokens_bits"] == pytest.approx(loss / math.log(2) / size)
    assert here.numbers["letters_pp"] == pytest.approx(2 ** here.numbers["letters_bits"])
    assert here.numbers["letters_pp"] < here.numbers["pp_best"]
    assert here.numbers["tokens_bits"] < here.numbers["letters_bits"]  # the larger perplexity, the better model
    assert "cannot say" in here.right_option("Model A has perplexity 13")


# ---------------------------------------------------------------------------- the whole


def test_the_model_has_not_seen_what_it_is_examined_on():
    corpus = datasets.corpus()
    seen = {line for line in corpus.train_text.split("\n\n") if len(line) >= 80}
    assert not seen & {line for line in corpus.held_out_text.split("\n\n") if len(line) >= 80}
    read = corpus.train_text.split()
    runs = {" ".join(read[t : t + 12]) for t in range(len(read) - 11)}
    for passage in corpus.held_out_text.split("\n\n"):
        words = passage.split()
        assert not any(" ".join(words[t : t + 12]) in runs for t in range(len(words) - 11))


def test_the_tokens_are_learnt_from_training_texts_alone(here):
    corpus = here.names["corpus"]
    assert here.names["tokenizer"].merges == tokenizer.BPETokenizer.train(corpus.train, 512).merges
    assert here.names["tokenizer"].merges != tokenizer.BPETokenizer.train(corpus.train + corpus.held_out, 512).merges


def test_the_four_explorables_stand_in_the_text(here):
    for name in ("BpeSteps", "NgramText", "PerplexityMeter", "NextToken"):
        assert len(here.calls(name)) == 1, name
        before = here.source.split(f"\n{name}()")[0]
        assert "**Predict first.**" in before[-1500:], name
        assert "**What to try**" in here.source.split(f"\n{name}()")[1][:60], name
