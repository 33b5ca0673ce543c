"""book_lib.sampling against transformers' warpers, brute force, chi-square tests and texts by enumeration."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from book_lib import sampling
from book_lib.ngram import MarkovSource, NGram
from book_lib.probability import entropy, heat_capacity, softmax
from book_lib.rng import CounterRNG
from book_lib.sampling import generate

NAN, INF = math.nan, math.inf
SEEDS = st.integers(0, 10_000)


def scores(ties=True):
    """Logits, with ties and impossible tokens among them, but never only such."""
    value = st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0, -INF]) if ties else st.floats(-8, 8)
    return arrays(np.float64, st.integers(1, 8), elements=value).filter(lambda z: z.max() > -INF)


def support(z):
    return set(np.flatnonzero(np.asarray(z) > -INF).tolist())


def ranked(z):
    """The possible tokens, the likeliest first, ties by their ids."""
    return sorted(support(z), key=lambda i: (-z[i], i))


# ---------------------------------------------------------------------------------------------- top-k and top-p


@given(scores(), st.integers(1, 10), st.integers(1, 3))
def test_top_k_keeps_the_first_k_of_a_sorted_list(z, k, least):
    kept = sampling.top_k(z, k, min_tokens_to_keep=least)
    assert support(kept) == set(ranked(z)[: max(k, least)])
    assert all(kept[i] == z[i] for i in support(kept)) and kept.shape == z.shape


@given(scores(), st.sampled_from([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1.0]), st.integers(1, 3))
def test_top_p_keeps_the_fewest_with_the_mass(z, p, least):
    kept, law = sampling.top_p(z, p, min_tokens_to_keep=least), softmax(z)
    order = ranked(z)
    needed = next(
        (n for n in range(1, len(order) + 1) if math.fsum(law[order[:n]]) >= p - 1e-12), len(order)
    )
    assert support(kept) == set(order[: len(order) if p == 1 else max(needed, least)])
    assert all(kept[i] == z[i] for i in support(kept))


@given(st.integers(1, 40), st.integers(1, 50), st.floats(0.01, 1), st.integers(1, 4), SEEDS)
def test_supports_are_those_of_transformers(size, k, p, least, seed):
    torch = pytest.importorskip("torch")
    warpers = pytest.importorskip("transformers.generation.logits_process")
    z = np.random.default_rng(seed).normal(scale=2, size=(3, size))
    ours = sampling.top_k(z, k, least), sampling.top_p(z, p, least)
    tensor = torch.tensor(z)
    theirs = (
        warpers.TopKLogitsWarper(k, min_tokens_to_keep=least)(None, tensor).numpy(),
        warpers.TopPLogitsWarper(p, min_tokens_to_keep=least)(None, tensor).numpy(),
    )
    assert np.array_equal(ours[0], theirs[0]) and np.array_equal(ours[1], theirs[1])
    temperature = 0.3 + 2 * p
    chain = tensor / temperature
    for warper in (warpers.TopKLogitsWarper(k), warpers.TopPLogitsWarper(p)):
        chain = warper(None, chain)
    wanted = torch.softmax(chain, -1).numpy()
    assert sampling.next_distribution(z, temperature, k, p) == pytest.approx(wanted, abs=1e-12)


def test_ties_go_to_the_lowest_ids_where_transformers_keeps_all():
    torch = pytest.importorskip("torch")
    warpers = pytest.importorskip("transformers.generation.logits_process")
    z = [0.0, 1.0, 0.0, 0.0, 1.0]
    assert support(sampling.top_k(z, 3)) == {0, 1, 4}
    assert support(warpers.TopKLogitsWarper(3)(None, torch.tensor([z]))[0]) == {0, 1, 2, 3, 4}
    equal = np.zeros(10)
    for n in range(1, 10):  # n tenths, although their sum may round to less
        assert support(sampling.top_p(equal, n / 10)) == set(range(n))
        assert len(support(warpers.TopPLogitsWarper(n / 10)(None, torch.tensor(equal[None]))[0])) in (n, n + 1)


def test_the_ends_of_both():
    z = np.array([1.0, -INF, 2.0, 1.5])
    for kept in (sampling.top_k(z, 4), sampling.top_k(z, 10**9), sampling.top_p(z, 1.0)):
        assert np.array_equal(kept, z) and not np.shares_memory(kept, z)
    assert support(sampling.top_k(z, 1)) == support(sampling.top_p(z, 1e-300)) == {2}
    assert support(sampling.top_p([700.0, 0.0], 1.0)) == {0, 1}  # p = 1 keeps what weighs 1e-304
    assert sampling.top_k([1, 2, 3], 2).dtype == np.float64
    rows = np.random.default_rng(0).normal(size=(2, 3, 5))
    for function, setting in ((sampling.top_k, 2), (sampling.top_p, 0.6)):
        one_by_one = [[function(row, setting) for row in part] for part in rows]
        assert np.array_equal(function(rows, setting), one_by_one)


# ------------------------------------------------------------------------------------------------ temperature


@given(scores(ties=False), st.floats(0.05, 20))
def test_the_law_is_boltzmanns_with_the_energy_minus_log_p(z, temperature):
    p = softmax(z)
    powers = p ** (1 / temperature)
    assert sampling.next_distribution(z, temperature) == pytest.approx(powers / powers.sum(), abs=1e-9)
    assert sampling.next_distribution(np.log(p), temperature) == pytest.approx(powers / powers.sum(), abs=1e-9)


def test_row_s_11():
    z = np.log([0.90, 0.05, 0.02, 0.03])
    cold, warm = sampling.next_distribution(z, 0.7), sampling.next_distribution(z, 1.5)
    assert cold.round(4).tolist() == [0.9726, 0.0157, 0.0042, 0.0075]
    assert warm.round(4).tolist() == [0.7529, 0.1096, 0.0595, 0.0780]
    bits = [entropy(sampling.next_distribution(z, t), base=2) for t in (0.7, 1, 1.5)]
    assert [round(b, 3) for b in bits] == [0.219, 0.618, 1.187]


@given(scores(), st.integers(1, 9), st.floats(0.01, 1))
def test_zero_and_infinity_are_limits(z, k, p):
    """Ties share at T = 0, as in the book's softmax; and near each end the law is near its limit."""
    assert np.array_equal(sampling.next_distribution(z, 0), softmax(z, 0))
    assert np.array_equal(sampling.next_distribution(z, INF), softmax(z, INF))
    for limit, near in ((0, 1e-4), (INF, 1e16)):
        assert sampling.next_distribution(z, limit, k) == pytest.approx(sampling.next_distribution(z, near, k))
        law = sampling.next_distribution(z, limit, k, p)
        kept = [i for i in ranked(z) if sampling.next_distribution(z, limit, k)[i] > 0][: np.count_nonzero(law)]
        assert set(np.flatnonzero(law).tolist()) == set(kept) and law[kept] == pytest.approx(1 / len(kept))


@given(scores(ties=False).filter(lambda z: np.ptp(z) > 0.1), st.floats(0.2, 5))
def test_entropy_rises_with_temperature_by_the_lemma(z, temperature):
    """dS/dT = Var E/T³ with E = −z: the slope between two temperatures, and its sign at any two."""
    p = sampling.next_distribution(z, temperature)
    variance = p @ z**2 - (p @ z) ** 2
    h = 1e-4 * temperature
    ends = [entropy(sampling.next_distribution(z, temperature + sign * h)) for sign in (-1, 1)]
    slope = (ends[1] - ends[0]) / (2 * h)
    assert slope == pytest.approx(variance / temperature**3, rel=1e-4, abs=1e-6)
    assert slope == pytest.approx(heat_capacity(-z, temperature) / temperature, rel=1e-4, abs=1e-6)
    ladder = sorted([0, 0.1, temperature / 2, temperature, 2 * temperature, 50, INF])
    climbed = [entropy(sampling.next_distribution(z, t)) for t in ladder]
    assert (np.diff(climbed) >= -1e-12).all() and climbed[0] < climbed[-1]


def test_the_nucleus_is_that_of_the_warmed_law():
    """Temperature first, then top-p: the order that transformers has, and not the other one."""
    z = np.log([0.6, 0.3, 0.1])
    assert np.count_nonzero(sampling.next_distribution(z, 1, top_p=0.6)) == 1
    assert np.count_nonzero(sampling.next_distribution(z, 3, top_p=0.6)) == 2
    assert np.count_nonzero(sampling.next_distribution(z, 1, top_p=0.65)) == 2
    assert np.count_nonzero(sampling.next_distribution(z, 1, top_k=2, top_p=0.65)) == 1  # 0.6/0.9 is enough


# ------------------------------------------------------------------------------------------------- one token


def fits(counts, p):
    """Whether counts may well have come from p, by chi-square; what is impossible must not have come."""
    counts, p = np.asarray(counts), np.asarray(p)
    assert counts[p == 0].sum() == 0
    return stats.chisquare(counts[p > 0], counts.sum() * p[p > 0]).pvalue > 1e-3


@pytest.mark.parametrize("settings", [(1.0, None, None), (0.7, 4, None), (1.5, None, 0.8), (INF, 3, 0.5)])
def test_samples_follow_their_law(settings):
    z, rng = np.array([2.0, 0.5, -INF, 1.0, 0.0, 1.0]), np.random.default_rng(7)
    counts = np.bincount([sampling.sample(z, *settings, rng=rng) for _ in range(4000)], minlength=6)
    assert fits(counts, sampling.next_distribution(z, *settings))


def test_a_sample_costs_one_number_and_none_at_zero():
    generator = CounterRNG(3)
    assert isinstance(sampling.sample([0.0, 1.0], rng=generator), int) and generator.counter == 1
    assert sampling.sample([1.0, 3.0, 3.0], temperature=0) == 1
    tied = {sampling.sample([1.0, 3.0, 3.0], temperature=0, rng=seed) for seed in range(20)}
    assert tied == {1, 2}
    for make in (lambda: 5, lambda: np.random.default_rng(5), lambda: CounterRNG(5)):
        assert sampling.sample(np.zeros(99), rng=make()) == sampling.sample(np.zeros(99), rng=make())


@pytest.mark.parametrize("temperature", [0.0, 0.4, 1.0, 3.0, INF])
def test_gumbel_max_is_a_draw_from_the_softmax(temperature):
    z, n = np.array([1.0, 2.0, -INF, 0.0, 2.0]), 40_000
    for seed in (0, CounterRNG(1)):
        chosen = sampling.gumbel_max(np.broadcast_to(z, (n, 5)), temperature, rng=seed)
        assert chosen.shape == (n,)
        assert fits(np.bincount(chosen, minlength=5), softmax(z, temperature))


def test_gumbel_noise():
    noise = sampling.gumbel(50_000, rng=1)
    assert stats.kstest(noise, stats.gumbel_r.cdf).pvalue > 1e-3
    assert noise.mean() == pytest.approx(np.euler_gamma, abs=0.03)
    assert sampling.gumbel((2, 0), 0).shape == (2, 0) and isinstance(sampling.gumbel(None, 0), float)
    generator, words = CounterRNG(4), CounterRNG(4).uint32(6)  # as core/softmax.js has it
    wanted = [-math.log(-math.log(w / 2**32 + 2**-33)) for w in words.tolist()]
    assert sampling.gumbel((2, 3), generator).ravel() == pytest.approx(wanted, rel=1e-14)
    assert generator.counter == 6

    class Ends(CounterRNG):
        def uint32(self, n=None):
            return np.array([0, 2**32 - 1], np.uint32)

    assert sampling.gumbel(2, Ends()) == pytest.approx([-math.log(33 * math.log(2)), 33 * math.log(2)], rel=1e-9)


@given(scores(ties=False), SEEDS)
def test_kept_noise_and_a_turned_temperature(z, seed):
    """As T falls the choice comes to the largest logit; as it rises, to the largest noise."""
    noise = sampling.gumbel(len(z), seed)
    assert sampling.gumbel_max(z, 1.0, noise=noise) == (z + noise).argmax()
    assert sampling.gumbel_max(z, 1.0, rng=seed) == (z + noise).argmax()
    assert sampling.gumbel_max(z, 0, noise=noise) in np.flatnonzero(z == z.max())
    assert sampling.gumbel_max(z, INF, noise=noise) == np.where(z > -INF, noise, -INF).argmax()
    assert isinstance(sampling.gumbel_max(z, 2.0, noise=noise), int)
    rows = sampling.gumbel_max(z, 2.0, noise=np.stack([noise, noise[::-1]]))
    assert rows.tolist() == [(z / 2 + noise).argmax(), (z / 2 + noise[::-1]).argmax()]


# ------------------------------------------------------------------------------------------------ many tokens


class Plainly:
    """A model whose logits depend on every token it is shown and on its place, like a GPT's."""

    def __init__(self, context, vocab_size=7):
        self.context, self.vocab_size, self.seen = context, vocab_size, []

    def step(self, memory, place, token):
        return np.tanh(0.9 * memory + np.sin(np.arange(1, self.vocab_size + 1) * (token + 1.3) + place))

    def next_logits(self, ids):
        assert 1 <= len(ids) <= self.context
        self.seen.append(len(ids))
        memory = np.zeros(self.vocab_size)
        for place, token in enumerate(ids):
            memory = self.step(memory, place, token)
        return 4 * memory


class Cached(Plainly):
    """The same model with a cache, which counts the tokens that pass through it."""

    def start(self):
        return Cache(self)

    def next_logits(self, ids):
        raise AssertionError("the cache is to be used")


class Cache:
    def __init__(self, model):
        self.model, self.length, self.memory = model, 0, np.zeros(model.vocab_size)

    def append(self, ids):
        assert len(ids) >= 1 and self.length + len(ids) <= self.model.context
        for token in ids:
            self.memory = self.model.step(self.memory, self.length, token)
            self.length += 1
        self.model.seen.append(len(ids))
        return 4 * self.memory


@given(
    st.integers(1, 6), st.integers(1, 6), st.integers(0, 14), SEEDS, st.sampled_from(["stop", "slide"]),
    st.sampled_from([(0, None, None), (1.0, None, None), (0.8, 3, 0.9), (INF, None, None)]),
)  # fmt: skip
def test_cached_is_uncached(context, prompt, steps, seed, when_full, settings):
    ids = np.random.default_rng(seed).integers(0, 7, min(prompt, context)).tolist()
    plain, cached = Plainly(context), Cached(context)
    texts = [generate(m, ids, steps, *settings, rng=seed, when_full=when_full) for m in (plain, cached)]
    assert texts[0] == texts[1] and texts[0][: len(ids)] == ids
    full = context + 1 - len(ids)  # the model can see all but the last token of such a text
    assert len(texts[0]) == len(ids) + (steps if when_full == "slide" else min(steps, full))
    fits_in = min(steps, full)
    assert cached.seen == [len(ids)][:steps] + [1] * (fits_in - 1) + [context] * (len(cached.seen) - max(fits_in, 0))
    # Token by token, as said:
    generator, walked = np.random.Generator(np.random.SFC64(seed)), list(ids)
    while len(walked) < len(texts[0]):
        logits = Plainly(context).next_logits(walked[-context:])
        walked.append(sampling.sample(logits, *settings, rng=generator))
    assert walked == texts[0]


def test_when_the_context_is_full():
    model = Cached(4)
    assert generate(model, [1, 2], 3, rng=0, when_full="error") == generate(model, [1, 2], 3, rng=0)
    assert len(generate(model, [1, 2], 99, rng=0)) == 5
    assert len(generate(model, [1, 2], 99, rng=0, when_full="slide")) == 101
    model.seen.clear()
    with pytest.raises(ValueError, match="max_new_tokens must be at most 3 after 2 tokens, as the model's"):
        generate(model, [1, 2], 4, rng=0, when_full="error")
    for made in (Plainly(4), model):
        for when_full in ("stop", "slide", "error"):
            with pytest.raises(ValueError, match="ids must hold at most 4 tokens, the model's context, got 5"):
                generate(made, [1] * 5, 0, rng=0, when_full=when_full)
            with pytest.raises(ValueError, match="ids must hold at least one token"):
                generate(made, [], 1, rng=0, when_full=when_full)
    assert model.seen == []  # refused before any work


def test_stop_tokens_end_the_text_and_stay_in_it():
    law = NGram(2, 4).fit([0, 1, 2, 3] * 20)
    assert generate(law, [0], 9, temperature=0, stop=2) == [0, 1, 2]
    assert generate(law, [0], 9, temperature=0, stop=[3, 2]) == [0, 1, 2]
    assert generate(law, [2], 3, temperature=0, stop=iter([2])) == [2, 3, 0, 1]  # one in the prompt ends nothing
    assert generate(law, [0], 2, temperature=0, stop=()) == [0, 1, 2]
    assert generate(law, [0], 0, temperature=0) == [0]


def test_ngram_models_write_like_their_sources():
    source = MarkovSource([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.5, 0.4, 0.1]])
    text = generate(source, [], 4000, rng=5)
    assert len(text) == 4000
    assert source.perplexity(text) == pytest.approx(math.exp(source.entropy_rate), rel=0.05)
    model = NGram(2, 3, "none").fit(source.sample(4000, 1))
    written = generate(model, np.array([0]), 3000, rng=CounterRNG(5))
    for token in range(3):
        after = np.bincount([b for a, b in itertools.pairwise(written) if a == token], minlength=3)
        assert fits(after, model.probabilities([token]))
    for seed in (3, np.int64(3)):
        assert generate(model, [], 9, rng=seed) == generate(model, [], 9, rng=3)
    assert all(type(token) is int for token in written)


def test_temperature_zero_repeats_itself_and_needs_no_seed():
    model = NGram(3, 5).fit(np.random.default_rng(0).integers(0, 5, 300))
    greedy = [generate(model, [1, 2], 40, temperature=0) for _ in range(2)]
    assert greedy[0] == greedy[1]
    cold = generate(model, [1, 2], 40, temperature=1e-9, rng=0)
    assert cold == greedy[0] == generate(model, [1, 2], 40, top_k=1, rng=1)


def test_a_models_configuration_and_tensors_will_do():
    torch = pytest.importorskip("torch")

    class Wrapped:
        class config:
            context, vocab_size = 3, 4

        def next_logits(self, ids):
            return torch.nn.Parameter(torch.tensor([[0.0, 0.0, 9.0, float(len(ids))]]))

    assert generate(Wrapped(), [0], 2, temperature=0) == [0, 2, 2]
    with pytest.raises(ValueError, match=r"ids must lie in 0 \.\.\. 3, got 4"):
        generate(Wrapped(), [4], 1, rng=0)
    with pytest.raises(ValueError, match="ids must hold at most 3"):
        generate(Wrapped(), [0] * 4, 1, rng=0)


# ------------------------------------------------------------------------------- texts against their tokens

TREE = {(): [0.6, 0.4], (0,): [0.1] * 10, (1,): [1.0]}


def test_where_the_analogy_breaks():
    """A (0.6) with ten equal endings, B (0.4) with one, at T = ½: 9/13 against 9/49."""
    tokens = sampling.temper_tokens(TREE, 0.5)
    texts = sampling.temper_texts(sampling.log_joint(TREE), 0.5)
    squares = Fraction(36, 100), Fraction(16, 100)
    by_token = squares[0] / sum(squares)
    by_text = 10 * Fraction(6, 100) ** 2 / (10 * Fraction(6, 100) ** 2 + squares[1])
    assert (by_token, by_text) == (Fraction(9, 13), Fraction(9, 49))
    assert sampling.prefix_probability(tokens, (0,)) == pytest.approx(float(by_token), abs=1e-14)
    assert sampling.prefix_probability(texts, [0]) == pytest.approx(float(by_text), abs=1e-14)
    assert len(tokens) == len(texts) == 11 and tokens.keys() == texts.keys()
    assert sampling.prefix_probability(texts) == pytest.approx(1)


@st.composite
def trees(draw):
    """A random tree of laws, three tokens at most, some of them impossible, texts of 1 to 3 tokens."""
    rng = np.random.default_rng(draw(SEEDS))
    tree = {}

    def grow(prefix):
        law = rng.dirichlet(np.ones(rng.integers(1, 4)))
        if len(law) > 1 and rng.random() < 0.3:
            law[0] = 0
        tree[prefix] = law / law.sum()
        for token in np.flatnonzero(law):
            if len(prefix) < 2 and rng.random() < 0.7:
                grow((*prefix, int(token)))

    grow(())
    return tree


def spelled(tree, prefix=()):
    """Every possible text and its probability, by recursion."""
    if prefix not in tree:
        return {prefix: 1.0}
    return {
        text: p * rest
        for token, p in enumerate(tree[prefix]) if p > 0
        for text, rest in spelled(tree, (*prefix, token)).items()
    }  # fmt: skip


@given(trees(), st.floats(0.2, 5))
def test_both_laws_by_recursion(tree, temperature):
    joint = spelled(tree)
    logs = sampling.log_joint(tree)
    assert logs.keys() == joint.keys() and np.exp(list(logs.values())).sum() == pytest.approx(1)
    assert all(logs[text] == pytest.approx(math.log(p), abs=1e-9) for text, p in joint.items())
    powers = {text: p ** (1 / temperature) for text, p in joint.items()}
    texts = sampling.temper_texts(logs, temperature)
    assert all(texts[t] == pytest.approx(powers[t] / sum(powers.values()), rel=1e-6) for t in joint)
    warmed = spelled({h: softmax(np.log(np.maximum(p, 1e-300)), temperature) * (p > 0) for h, p in tree.items()})
    tokens = sampling.temper_tokens(tree, temperature)
    assert all(tokens[t] == pytest.approx(warmed[t], rel=1e-6) for t in joint)
    for same in (sampling.temper_tokens(tree, 1), sampling.temper_texts(logs, 1)):
        assert all(same[t] == pytest.approx(joint[t]) for t in joint)


def test_functions_tables_and_models_give_the_same():
    model = NGram(2, 3).fit([0, 1, 2, 0, 0, 1])
    logs = sampling.log_joint(model.probabilities, length=4)
    assert len(logs) == 81 and all(value == pytest.approx(model.log_likelihood(t)) for t, value in logs.items())
    table = np.reshape([logs[t] for t in itertools.product(range(3), repeat=4)], (3, 3, 3, 3))
    tempered, whole = sampling.temper_texts(logs, 0.7), sampling.temper_texts(table, 0.7)
    assert whole.shape == (3, 3, 3, 3) and all(whole[t] == pytest.approx(p) for t, p in tempered.items())
    ending = sampling.log_joint(lambda h: None if h and h[-1] == 1 else [0.5, 0.5], length=3)
    assert {t: round(math.exp(v), 9) for t, v in ending.items()} == {
        (1,): 0.5, (0, 1): 0.25, (0, 0, 0): 0.125, (0, 0, 1): 0.125,
    }  # fmt: skip
    assert sampling.log_joint(TREE, length=1).keys() == {(0,), (1,)}


def test_tempered_tokens_are_what_generate_draws():
    """2,000 texts from the sampler at T = ½, against the enumeration, and not against tempered texts."""

    class Story:
        def next_logits(self, ids):
            law = np.zeros(10)
            law[: len(TREE[tuple(ids)])] = TREE[tuple(ids)]
            return np.log(law, where=law > 0, out=np.full(10, -INF))

    rng, tokens = np.random.default_rng(0), sampling.temper_tokens(TREE, 0.5)
    drawn = [tuple(generate(Story(), [], 2, temperature=0.5, rng=rng)) for _ in range(2000)]
    order = sorted(tokens)
    counts = [drawn.count(text) for text in order]
    assert fits(counts, [tokens[text] for text in order])
    texts = sampling.temper_texts(sampling.log_joint(TREE), 0.5)
    assert not fits(counts, [texts[text] for text in order])


def test_the_limits_of_both():
    logs = sampling.log_joint(TREE)
    assert sampling.temper_texts(logs, 0)[(1, 0)] == 1  # the one text that is likelier than any other
    assert sampling.prefix_probability(sampling.temper_tokens(TREE, 0), (0,)) == pytest.approx(1)  # greedy
    assert set(sampling.temper_texts(logs, INF).values()) == {1 / 11}
    assert sampling.prefix_probability(sampling.temper_tokens(TREE, INF), (0,)) == pytest.approx(0.5)


# ------------------------------------------------------------------------------------------------- bad input

GOOD = [0.0, 1.0]
MODEL = NGram(2, 3).fit([0, 1, 2])


class Broken:
    def __init__(self, logits):
        self.logits = logits

    def next_logits(self, ids):
        return self.logits


@pytest.mark.parametrize("logits", [[NAN, 0.0], [INF, 0.0], [-INF, -INF], [], [[0.0, 1.0], [-INF, -INF]]])
def test_bad_logits_are_refused_everywhere(logits):
    for call in (
        lambda: sampling.top_k(logits, 1),
        lambda: sampling.top_p(logits, 0.5),
        lambda: sampling.next_distribution(logits),
        lambda: sampling.sample(logits, rng=0),
        lambda: sampling.sample(logits, temperature=0),
        lambda: sampling.gumbel_max(logits, rng=0),
        lambda: generate(Broken(logits), [0], 1, rng=0),
    ):
        with pytest.raises(ValueError, match="logits must"):
            call()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: sampling.top_k(GOOD, 0), ValueError, "k must be at least 1, got 0"),
        (lambda: sampling.top_k(GOOD, 1.5), TypeError, "k must be an integer"),
        (lambda: sampling.top_k(GOOD, True), TypeError, "k must be an integer"),
        (lambda: sampling.top_k(GOOD, 1, 0), ValueError, "min_tokens_to_keep must be at least 1"),
        (lambda: sampling.top_k(["a"], 1), TypeError, "logits must be an array of real numbers"),
        (lambda: sampling.top_k(1.0, 1), ValueError, "logits must have at least one entry"),
        (lambda: sampling.top_p(GOOD, 0), ValueError, "p must be greater than 0 and at most 1, got 0"),
        (lambda: sampling.top_p(GOOD, 1.01), ValueError, "p must be greater than 0 and at most 1, got 1.01"),
        (lambda: sampling.top_p(GOOD, NAN), ValueError, "p must be finite"),
        (lambda: sampling.top_p(GOOD, "0.9"), TypeError, "p must be a real number"),
        (lambda: sampling.top_p(GOOD, 0.5, 0), ValueError, "min_tokens_to_keep must be at least 1"),
        (lambda: sampling.next_distribution(GOOD, -0.1), ValueError, "temperature must be at least 0, got -0.1"),
        (lambda: sampling.next_distribution(GOOD, NAN), ValueError, "temperature must be finite"),
        (lambda: sampling.next_distribution(GOOD, 1, 0), ValueError, "top_k must be at least 1, got 0"),
        (lambda: sampling.next_distribution(GOOD, 1, None, 0),
         ValueError, r"top_p must be greater than 0 and at most 1, got 0"),
        (lambda: sampling.sample(GOOD), TypeError, "rng must be a seed"),
        (lambda: sampling.sample(GOOD, rng=-1), ValueError, "rng must be at least 0"),
        (lambda: sampling.sample([GOOD], rng=0), ValueError, r"logits must have shape \(V,\), got \(1, 2\)"),
        (lambda: sampling.gumbel(-1, 0), ValueError, "size must be at least 0"),
        (lambda: sampling.gumbel(1, None), TypeError, "rng must be a seed"),
        (lambda: sampling.gumbel_max(GOOD), TypeError, "either rng or noise, got neither"),
        (lambda: sampling.gumbel_max(GOOD, 1, 0, GOOD), TypeError, "either rng or noise, got both"),
        (lambda: sampling.gumbel_max(GOOD, -1, 0), ValueError, "temperature must be at least 0"),
        (lambda: sampling.gumbel_max(GOOD, noise=[0.0]), ValueError, r"noise must have shape \(…, 2\), got"),
        (lambda: sampling.gumbel_max(GOOD, noise=[NAN, 0]), ValueError, "noise must be finite"),
        (lambda: sampling.gumbel_max([GOOD] * 2, noise=[GOOD] * 3), ValueError, "noise must fit logits of shape"),
        (lambda: generate(MODEL, [0], 1), TypeError, "rng must be a seed"),
        (lambda: generate(MODEL, [0], -1, rng=0), ValueError, "max_new_tokens must be at least 0"),
        (lambda: generate(MODEL, [0], 0, -1, rng=0), ValueError, "temperature must be at least 0, got -1"),
        (lambda: generate(MODEL, [0], 0, top_k=0, rng=0), ValueError, "top_k must be at least 1"),
        (lambda: generate(MODEL, [0], 0, top_p=2, rng=0), ValueError, "top_p must be greater than 0"),
        (lambda: generate(MODEL, [0], 0, rng=0, when_full="crop"), ValueError, "when_full must be one of 'stop'"),
        (lambda: generate(MODEL, [0], 0, rng=0, stop="."), TypeError, "stop must be an integer"),
        (lambda: generate(MODEL, [0], 0, rng=0, stop=[-1]), ValueError, "stop must be at least 0"),
        (lambda: generate(MODEL, [0], 0, rng=0, stop=[2, 3]), ValueError, "stop must be at most 2, got 3"),
        (lambda: generate(MODEL, [0], 0, rng=0, stop=np.array(2)), TypeError, "stop must be an integer"),
        (lambda: generate(MODEL, [3], 1, rng=0), ValueError, r"ids must lie in 0 \.\.\. 2, got 3"),
        (lambda: generate(MODEL, [-1], 1, rng=0), ValueError, "ids must lie in"),
        (lambda: generate(MODEL, "abc", 1, rng=0), TypeError, "ids must be integers"),
        (lambda: generate(MODEL, [[0]], 1, rng=0), ValueError, r"ids must have shape \(N,\)"),
        (lambda: generate("model", [0], 1, rng=0), TypeError, r"model must have next_logits\(ids\) or start"),
        (lambda: generate(Plainly(2.5), [0], 1, rng=0), TypeError, "model.context must be an integer"),
        (lambda: generate(Broken([GOOD] * 2), [0], 1, rng=0), ValueError, r"logits must have shape \(V,\)"),
        (lambda: sampling.temper_tokens(TREE, -1), ValueError, "temperature must be at least 0"),
        (lambda: sampling.temper_tokens({}, 1), ValueError, r"law of the first token under \(\)"),
        (lambda: sampling.temper_tokens([0.5, 0.5], 1), TypeError, "must be a table or a function, got list"),
        (lambda: sampling.temper_tokens(lambda h: [1.0], 1), TypeError, "length must be given"),
        (lambda: sampling.temper_tokens(TREE, 1, 0), ValueError, "length must be at least 1"),
        (lambda: sampling.log_joint({(): [0.5, 0.6]}), ValueError, r"conditional after \(\) must sum to 1"),
        (lambda: sampling.log_joint({(): [1.0], (0,): [NAN]}), ValueError, r"conditional after \(0,\) must be fin"),
        (lambda: sampling.log_joint({(): [[1.0]]}), ValueError, r"conditional after \(\) must have shape \(V,\)"),
        (lambda: sampling.log_joint(lambda h: np.full(1000, 1e-3), 2), ValueError, "at most 131072 texts"),
        (lambda: sampling.log_joint(lambda h: np.full(363, 1 / 363), 2), ValueError, "at most 131072 texts"),
        (lambda: sampling.temper_texts({}, 1), ValueError, "log_joint must hold ln p of at least one"),
        (lambda: sampling.temper_texts([-INF], 1), ValueError, "log_joint must hold"),
        (lambda: sampling.temper_texts([NAN, 0.0], 1), ValueError, "log_joint must hold"),
        (lambda: sampling.temper_texts({(0,): "a"}, 1), TypeError, "log_joint must be an array of real"),
        (lambda: sampling.temper_texts([0.0], -1), ValueError, "temperature must be at least 0"),
        (lambda: sampling.prefix_probability({}, [0.5]), ValueError, "prefix must be integers"),
        (lambda: sampling.prefix_probability({}, [[0]]), ValueError, r"prefix must have shape \(m,\)"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_refused_call_uses_up_no_numbers():
    generator = CounterRNG(0)
    for call in (
        lambda: sampling.sample([NAN], rng=generator),
        lambda: sampling.gumbel_max(GOOD, 1, generator, GOOD),
        lambda: generate(MODEL, [9], 3, rng=generator),
        lambda: generate(MODEL, [0], 3, top_p=0, rng=generator),
    ):
        with pytest.raises((ValueError, TypeError)):
            call()
    assert generator.counter == 0
