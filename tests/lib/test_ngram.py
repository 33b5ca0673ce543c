"""book_lib.ngram against counting by dictionaries, closed forms and the properties of its laws."""

import itertools
import math
import pickle
import time
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from book_lib import ngram
from book_lib.ngram import MarkovSource, NGram
from book_lib.rng import CounterRNG

NAN, INF = math.nan, math.inf
SEEDS = st.integers(0, 10_000)


class Plain:
    """The same models with dictionaries, recursion and exact fractions."""

    def __init__(self, order, vocab_size, sequences):
        self.order, self.vocab_size = order, vocab_size
        self.after = defaultdict(Counter)
        for text in sequences:
            for i in range(len(text)):
                for length in range(min(i, order - 1) + 1):
                    self.after[tuple(text[i - length : i])][text[i]] += 1

    def cut(self, context):
        return tuple(context[max(0, len(context) - self.order + 1) :])

    def witten_bell(self, h, w):
        shorter = self.witten_bell(h[1:], w) if h else Fraction(1, self.vocab_size)
        seen = self.after[h]
        if not seen:
            return shorter
        return (seen[w] + len(seen) * shorter) / (sum(seen.values()) + len(seen))

    def add(self, h, w, k):
        seen = self.after[h]
        return (seen[w] + Fraction(k)) / (sum(seen.values()) + Fraction(k) * self.vocab_size)

    def p(self, context, w, smoothing, amount):
        h = self.cut(context)
        if smoothing == "witten-bell":
            return self.witten_bell(h, w)
        if smoothing == "add":
            return self.add(h, w, amount)
        total = sum(self.after[h].values())
        return Fraction(self.after[h][w], total) if total else None


@st.composite
def corpora(draw):
    """A vocabulary, a few short sequences (some empty), and a text to score."""
    size = draw(st.integers(1, 4))
    token = st.integers(0, size - 1)
    sequences = draw(st.lists(st.lists(token, max_size=12), min_size=1, max_size=4))
    return size, sequences, draw(st.lists(token, max_size=8))


SMOOTHINGS = st.sampled_from([("witten-bell", 1.0), ("add", 1.0), ("add", 0.25), ("none", 1.0)])


# ------------------------------------------------------------------------------------- against dictionaries


@given(corpora(), st.integers(1, 5), SMOOTHINGS)
def test_laws_and_texts_are_those_of_plain_counting(corpus, order, smoothing):
    size, sequences, text = corpus
    model = NGram(order, size, *smoothing).fit(sequences)
    plain = Plain(order, size, sequences)
    found = model.log_probabilities(text)
    assert found.shape == (len(text),)
    for i in range(len(text) + 1):
        context = text[:i]
        wanted = [plain.p(context, w, *smoothing) for w in range(size)]
        assert model.counts(context).tolist() == [plain.after[plain.cut(context)][w] for w in range(size)]
        if wanted[0] is None:
            with pytest.raises(ValueError, match="was never continued: without smoothing it has no law"):
                model.probabilities(context)
        else:
            p = model.probabilities(context)
            assert p == pytest.approx([float(x) for x in wanted], abs=1e-14) and p.shape == (size,)
            assert p.sum() == pytest.approx(1, abs=1e-12)
            logits = model.next_logits(context)
            assert np.exp(logits) == pytest.approx(p) and (np.isneginf(logits) == (p == 0)).all()
        if i < len(text):
            p = float(wanted[text[i]] or 0)
            assert found[i] == pytest.approx(math.log(p) if p else -INF, abs=1e-12)
    assert model.log_likelihood(text) == pytest.approx(found.sum())


@given(corpora(), st.integers(1, 4))
def test_contexts_and_ngrams_are_counted_within_sequences(corpus, order):
    size, sequences, _ = corpus
    model = NGram(order, size).fit(sequences)
    grams = [tuple(s[i : i + order]) for s in sequences for i in range(len(s) - order + 1)]
    assert model.num_ngrams == len(set(grams))
    assert model.num_contexts == len({gram[:-1] for gram in grams})
    assert sum(
        model.counts(h).sum() for h in itertools.product(range(size), repeat=order - 1)
    ) == len(grams)


@given(corpora(), st.integers(1, 4), SMOOTHINGS)
def test_several_sequences_are_scored_each_from_its_beginning(corpus, order, smoothing):
    size, sequences, text = corpus
    model = NGram(order, size, *smoothing).fit(sequences)
    together = model.log_probabilities([text, *sequences])
    apart = np.concatenate([model.log_probabilities(s) for s in [text, *sequences]])
    assert np.array_equal(together, apart)


@given(st.integers(2, 6), st.integers(1, 5), SEEDS, st.sampled_from(["witten-bell", "add"]))
def test_smoothed_laws_sum_to_one_and_leave_nothing_out(size, order, seed, smoothing):
    rng = np.random.default_rng(seed)
    model = NGram(order, size, smoothing, 0.5).fit(rng.integers(0, size, 40))
    p = model.probabilities(rng.integers(0, size, rng.integers(0, 8)))
    assert p.sum() == pytest.approx(1, abs=1e-12) and (p > 0).all()


@given(st.integers(2, 4), SEEDS)
def test_texts_of_one_length_have_one_unit_of_probability(size, seed):
    model = NGram(3, size).fit(np.random.default_rng(seed).integers(0, size, 30))
    texts = list(itertools.product(range(size), repeat=4))
    assert sum(math.exp(model.log_likelihood(text)) for text in texts) == pytest.approx(1)


def test_witten_bell_by_hand():
    """0 1 0 2 0 1: at the root 3, 2, 1 of 6 with 3 kinds; after 0 none, 2, 1 of 3 with 2 kinds."""
    p = NGram(2, 3).fit([0, 1, 0, 2, 0, 1]).probabilities([0])
    root = [Fraction(n + 1, 9) for n in (3, 2, 1)]
    assert p == pytest.approx([float((c + 2 * r) / 5) for c, r in zip((0, 2, 1), root, strict=True)])


# ------------------------------------------------------------------------------------- what the laws are for


@given(st.integers(2, 4), st.integers(1, 3), SEEDS)
def test_counting_maximises_the_likelihood(size, order, seed):
    """No other table of conditionals, near or far, makes tokens with a whole context before them likelier."""
    rng = np.random.default_rng(seed)
    text = rng.integers(0, size, 60).tolist()
    grams = [(tuple(text[i - order + 1 : i]), text[i]) for i in range(order - 1, len(text))]
    model = NGram(order, size, "none").fit(text)
    best = model.log_probabilities(text)[order - 1 :].sum()
    for _ in range(5):
        far = {h: rng.dirichlet(np.ones(size)) for h in sorted({h for h, _ in grams})}
        near = {h: 0.95 * model.probabilities(h) + 0.05 * law for h, law in far.items()}
        for rival in (far, near):
            assert best >= sum(math.log(rival[h][w]) for h, w in grams) - 1e-9
    for smoothing in ("add", "witten-bell"):
        smooth = NGram(order, size, smoothing).fit(text)
        assert smooth.log_probabilities(text)[order - 1 :].sum() <= best + 1e-9


def test_higher_orders_fit_better_and_fail_sooner():
    """Without smoothing: the fitted text is likelier at each order, and another text soon impossible."""
    rng = np.random.default_rng(0)
    train, held_out = rng.zipf(1.5, (2, 3000)) % 50
    fitted = [NGram(n, 50, "none").fit(train).perplexity(train) for n in range(1, 6)]
    assert sorted(fitted, reverse=True) == fitted
    assert NGram(1, 50, "none").fit(train).perplexity(held_out) < 50
    assert NGram(4, 50, "none").fit(train).perplexity(held_out) == INF
    assert NGram(4, 50).fit(train).perplexity(held_out) < 50


def test_add_k_goes_from_counting_to_the_uniform_law():
    text = [0, 1, 0, 2, 0, 1, 1, 2, 2, 0]
    none = NGram(2, 3, "none").fit(text).probabilities([0])
    assert NGram(2, 3, "add", 1e-12).fit(text).probabilities([0]) == pytest.approx(none, abs=1e-9)
    assert NGram(2, 3, "add", 1e12).fit(text).probabilities([0]) == pytest.approx([1 / 3] * 3, abs=1e-9)
    assert NGram(2, 3, "add", 5e-324).fit([0, 0]).probabilities([1]).tolist() == [1 / 3] * 3  # never seen


def test_fit_counts_anew_and_models_are_their_own():
    model = NGram(2, 3).fit([0, 1, 2])
    again = NGram(2, 3).fit([0, 0, 0]).fit([0, 1, 2])
    copy = pickle.loads(pickle.dumps(model))
    for other in (again, copy, NGram(2, 3).fit([[0, 1, 2]]), NGram(2, 3).fit(np.array([[0, 1, 2]])),
                  NGram(2, 3).fit(iter([(0, 1, 2)])), NGram(2, 3).fit(np.array([0, 1, 2], np.uint16))):  # fmt: skip
        assert np.array_equal(other.probabilities([0]), model.probabilities([0]))
    for empty in ([], [[]], [[], []]):
        model.fit(empty)
        assert model.probabilities([1]).tolist() == [1 / 3] * 3 and model.num_contexts == 0
        assert model.log_likelihood([]) == 0 and model.log_probabilities([0, 1]).tolist() == [-math.log(3)] * 2
    assert repr(NGram(3, 9, "add", 0.5)) == "NGram(order=3, vocab_size=9, smoothing='add', amount=0.5)"
    assert repr(NGram(3, 9)) == "NGram(order=3, vocab_size=9, smoothing='witten-bell')"


def test_large_vocabularies_do_not_overflow():
    top = 2**31 - 2
    text = [top, 0, top - 1, top, 0, top, top, 0, top - 1]
    model = NGram(5, 2**31 - 1).fit(text)
    plain = Plain(5, 2**31 - 1, [text])
    found = model.log_probabilities(text)
    wanted = [math.log(plain.witten_bell(plain.cut(text[:i]), w)) for i, w in enumerate(text)]
    assert found == pytest.approx(wanted, abs=1e-12)


def test_half_a_million_tokens_at_order_five_are_quick():
    """A tenth of a second here to count and four to score; the bounds leave room for a slow machine."""
    text = np.random.default_rng(0).zipf(1.3, 500_000) % 512
    begin = time.perf_counter()
    model = NGram(5, 512).fit(text)
    counted = time.perf_counter()
    score = model.log_likelihood(text)
    scored = time.perf_counter()
    for i in range(200):
        model.probabilities(text[i : i + 4])
    asked = (time.perf_counter() - scored) / 200
    assert counted - begin < 3 and scored - counted < 6 and asked < 3e-3
    some = sum(math.log(model.probabilities(text[max(0, i - 9) : i])[text[i]]) for i in range(100))
    assert model.log_probabilities(text[:100]).sum() == pytest.approx(some) and score < 0


# --------------------------------------------------------------------------------------------- perplexity


@given(st.integers(1, 10**6), st.integers(1, 50))
def test_the_uniform_law_has_perplexity_v(size, n):
    assert ngram.perplexity(np.full(n, -math.log(size))) == pytest.approx(size)


@given(st.lists(st.floats(1e-3, 1), min_size=1, max_size=30))
def test_perplexity_is_the_inverse_geometric_mean(p):
    found = ngram.perplexity(np.log(p))
    assert found == pytest.approx(math.prod(1 / x for x in p) ** (1 / len(p))) and found >= 1


def test_perplexity_at_its_ends():
    assert ngram.perplexity([0.0, 0.0]) == 1 and ngram.perplexity([1e-9]) == 1
    assert ngram.perplexity([-1.0, -INF]) == INF == ngram.perplexity([-1e300])
    assert round(math.log(ngram.perplexity([-math.log(50257)])), 3) == 10.825  # row S-15
    assert NGram(3, 7, "add").fit([]).perplexity([1, 2, 3]) == pytest.approx(7)


# -------------------------------------------------------------------------------------- sources of known entropy

TWO = np.array([[0.9, 0.1], [0.5, 0.5]])


def bits(p):
    return -sum(x * math.log(x) for x in p if x > 0)


def test_the_two_state_source_by_hand():
    source = MarkovSource(TWO)
    assert source.stationary == pytest.approx([5 / 6, 1 / 6])
    assert source.entropy_rate == pytest.approx(5 / 6 * bits(TWO[0]) + 1 / 6 * bits(TWO[1]))
    assert (source.vocab_size, source.memory) == (2, 1)
    assert repr(source) == "MarkovSource(vocab_size=2, memory=1)"


@given(st.integers(1, 4), st.integers(1, 3), SEEDS)
def test_the_stationary_law_stays(size, memory, seed):
    rng = np.random.default_rng(seed)
    source = MarkovSource(rng.dirichlet(np.ones(size), (size,) * memory))
    pi, p = source.stationary, source.transition
    joint = pi[..., None] * p
    assert joint.sum(axis=0) == pytest.approx(pi, abs=1e-12) and pi.sum() == pytest.approx(1)
    rate = sum(pi[s] * bits(p[s]) for s in itertools.product(range(size), repeat=memory))
    assert source.entropy_rate == pytest.approx(rate, abs=1e-12)
    texts = itertools.product(range(size), repeat=4)
    logs = np.array([source.log_likelihood(text) for text in texts])
    assert np.exp(logs).sum() == pytest.approx(1)
    # H(X_1 … X_n) = H(X_1 … X_k) + (n − k) h, the chain rule.
    assert -(np.exp(logs) * logs).sum() == pytest.approx(bits(pi.ravel()) + (4 - memory) * rate)


def test_small_chances_keep_their_digits():
    tiny = 1e-200
    source = MarkovSource([[1 - tiny, tiny], [1.0, 0.0]])
    assert source.stationary.tolist() == [1.0, tiny]


def test_states_that_are_left_for_ever_weigh_nothing():
    source = MarkovSource([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], start=[1.0, 0.0, 0.0])
    assert source.stationary.tolist() == [0.0, 0.5, 0.5] and source.entropy_rate == 0
    text = source.sample(50, rng=0)
    assert text[0] == 0 and set(np.diff(text[text > 0])) == {-1, 1}


@given(st.integers(2, 3), st.integers(1, 2), SEEDS)
def test_a_source_knows_its_own_texts(size, memory, seed):
    rng = np.random.default_rng(seed)
    law = rng.dirichlet(np.ones(size), (size,) * memory) * (rng.random((size,) * (memory + 1)) < 0.8)
    law[..., 0] += 1e-3
    law /= law.sum(axis=-1, keepdims=True)
    start = rng.dirichlet(np.ones(size**memory)).reshape((size,) * memory)
    source = MarkovSource(law, start)
    for text in (source.sample(12, seed).tolist(), rng.integers(0, size, 8).tolist()):
        logs = source.log_probabilities(text)
        walked = [source.next_logits(text[:i])[w] for i, w in enumerate(text)]
        assert logs == pytest.approx(walked, abs=1e-9)
        begun = math.log(start[tuple(text[:memory])])
        steps = [law[tuple(text[i - memory : i + 1])] for i in range(memory, len(text))]
        wanted = begun + sum(math.log(p) if p else -INF for p in steps)
        assert source.log_likelihood(text) == pytest.approx(wanted, abs=1e-9)


def test_samples_have_the_laws_frequencies():
    source = MarkovSource([[[0.7, 0.3], [0.2, 0.8]], [[0.5, 0.5], [0.9, 0.1]]])
    text = source.sample(60_000, rng=3)
    windows = text[:-2] * 4 + text[1:-1] * 2 + text[2:]
    wanted = (source.stationary[..., None] * source.transition).ravel() * len(windows)
    # Every fourth window: those share no token, and their dependence is weak.
    seen = np.bincount(windows[::4], minlength=8)
    assert stats.chisquare(seen, wanted * seen.sum() / wanted.sum()).pvalue > 1e-3


def test_the_largest_draw_is_the_last_token(monkeypatch):
    # Ten tenths sum to 1 - 1e-16, and the largest number below 1 lies not below that.
    class Highest:
        def random(self, n):
            return np.full(n, np.nextafter(1, 0))

    monkeypatch.setattr("book_lib._ngram_markov.as_generator", lambda _: Highest())
    assert MarkovSource(np.full((10, 10), 0.1)).sample(3, rng=0).tolist() == [9, 9, 9]


def test_samples_from_each_kind_of_generator():
    source = MarkovSource(TWO)
    for make in (lambda: 5, lambda: np.random.default_rng(5), lambda: CounterRNG(5)):
        assert np.array_equal(source.sample(30, make()), source.sample(30, make()))
    assert source.sample(0, 1).tolist() == [] and source.sample(1, 1).shape == (1,)
    longer = MarkovSource(np.full((2, 2, 2), 0.5))
    assert longer.sample(1, 4).tolist() == longer.sample(9, 4)[:1].tolist()
    generator = CounterRNG(1)
    source.sample(10, generator)
    assert generator.counter == 10


def test_the_models_perplexity_comes_down_to_the_entropy_rate():
    """A source's own law reaches e^h; a trigram model of it comes close, a unigram model cannot."""
    rng = np.random.default_rng(2)
    source = MarkovSource(rng.dirichlet(np.full(5, 0.4), (5, 5)))
    train, held_out = source.sample(60_000, 0), source.sample(60_000, 1)
    floor = math.exp(source.entropy_rate)
    assert source.perplexity(held_out) == pytest.approx(floor, rel=0.01)
    logs = source.log_probabilities(held_out)
    assert abs(-logs.mean() - source.entropy_rate) < 5 * logs.std() / math.sqrt(len(logs))
    reached = {n: NGram(n, 5).fit(train).perplexity(held_out) for n in (1, 2, 3)}
    assert source.perplexity(held_out) < reached[3] < 1.01 * floor < reached[2] < reached[1]
    # The best that one token's, or two tokens', look back can do, in closed form:
    pi = source.stationary
    single = pi.sum(axis=0)
    pair = (pi[..., None] * source.transition).sum(axis=0) / single[:, None]
    assert reached[1] == pytest.approx(math.exp(bits(single)), rel=0.01)
    assert reached[2] == pytest.approx(math.exp(sum(single * [bits(row) for row in pair])), rel=0.01)


# ------------------------------------------------------------------------------------------------ bad input

FITTED = NGram(2, 3).fit([0, 1, 2])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: NGram(0, 3), ValueError, "order must be at least 1, got 0"),
        (lambda: NGram(101, 3), ValueError, "order must be at most 100"),
        (lambda: NGram(2.0, 3), TypeError, "order must be an integer"),
        (lambda: NGram(2, 0), ValueError, "vocab_size must be at least 1"),
        (lambda: NGram(2, 2**31), ValueError, "vocab_size must be at most"),
        (lambda: NGram(2, 3, "kneser-ney"), ValueError, "smoothing must be one of 'witten-bell', 'add', 'none'"),
        (lambda: NGram(2, 3, "add", 0), ValueError, "amount must be greater than 0"),
        (lambda: NGram(2, 3, "add", NAN), ValueError, "amount must be finite"),
        (lambda: NGram(2, 3, "add", 1e13), ValueError, r"amount must be at most 1e\+12"),
        (lambda: NGram(2, 3).fit(np.array(1)), TypeError, "sequences must be ids or sequences of ids, got ndarray"),
        (lambda: NGram(2, 3).probabilities([0]), ValueError, "call fit first"),
        (lambda: NGram(2, 3).log_likelihood([0]), ValueError, "call fit first"),
        (lambda: NGram(2, 3).counts([0]), ValueError, "call fit first"),
        (lambda: NGram(2, 3).num_contexts, ValueError, "call fit first"),
        (lambda: FITTED.fit("abc"), TypeError, "sequences must be ids or sequences of ids, got str"),
        (lambda: FITTED.fit(3), TypeError, "sequences must be ids or sequences of ids, got int"),
        (lambda: FITTED.fit(["abc"]), TypeError, "sequences must be integers"),
        (lambda: FITTED.fit([0, 3]), ValueError, r"sequences must lie in 0 \.\.\. 2, got 3"),
        (lambda: FITTED.fit([[0], [-1]]), ValueError, "sequences must lie in"),
        (lambda: FITTED.fit([0.5]), ValueError, "sequences must be integers, got 0.5"),
        (lambda: FITTED.fit([True]), TypeError, "sequences must be integers"),
        (lambda: FITTED.fit([0, [1]]), TypeError, "sequences must be integers"),
        (lambda: FITTED.fit([[0, [1]]]), TypeError, "sequences must be integers"),
        (lambda: FITTED.fit([[[0]]]), ValueError, r"ids or sequences of ids, got one of shape \(1, 1\)"),
        (lambda: FITTED.probabilities([3]), ValueError, r"context must lie in 0 \.\.\. 2, got 3"),
        (lambda: FITTED.next_logits([[0]]), ValueError, r"context must have shape \(n,\), got \(1, 1\)"),
        (lambda: FITTED.counts("a"), TypeError, "context must be integers"),
        (lambda: FITTED.log_likelihood([9]), ValueError, "sequences must lie in"),
        (lambda: FITTED.perplexity([]), ValueError, "at least one token, got none"),
        (lambda: NGram(2, 3, "none").fit([0, 1]).next_logits([1]),
         ValueError, r"context \[1\] was never continued"),
        (lambda: ngram.perplexity([]), ValueError, "at least one token"),
        (lambda: ngram.perplexity([NAN]), ValueError, "log_probabilities must be at most 0, got nan"),
        (lambda: ngram.perplexity([0.5]), ValueError, "log_probabilities must be at most 0, got 0.5"),
        (lambda: ngram.perplexity(["a"]), TypeError, "log_probabilities must be an array of real numbers"),
        (lambda: MarkovSource([0.5, 0.5]), ValueError, r"transition must have shape \(V, V\)"),
        (lambda: MarkovSource([[0.5, 0.5]]), ValueError, r"transition must have shape .* got \(1, 2\)"),
        (lambda: MarkovSource([[0.5, 0.6], [1, 0]]), ValueError, "transition must sum to 1"),
        (lambda: MarkovSource([[NAN, 1], [1, 0]]), ValueError, "transition must be finite"),
        (lambda: MarkovSource(np.full((2,) * 13, 0.5)), ValueError, "at most 2048 states, got 4096"),
        (lambda: MarkovSource(np.eye(2)), ValueError, "one closed set of states, got several"),
        (lambda: MarkovSource(TWO, [0.5, 0.4]), ValueError, "start must sum to 1"),
        (lambda: MarkovSource(TWO, [1.0]), ValueError, r"start must have shape \(2,\), got \(1,\)"),
        (lambda: MarkovSource(TWO).sample(-1, 0), ValueError, "n must be at least 0"),
        (lambda: MarkovSource(TWO).sample(3, None), TypeError, "rng must be a seed"),
        (lambda: MarkovSource(TWO).next_logits([2]), ValueError, "context must lie in"),
        (lambda: MarkovSource(TWO).log_likelihood([[0]]), ValueError, r"ids must have shape \(N,\)"),
        (lambda: MarkovSource(np.full((2, 2, 2), 0.5), [[0, 0], [0.5, 0.5]]).probabilities([0]),
         ValueError, r"context \[0\] begins no text"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_refused_fit_changes_nothing():
    model = NGram(2, 3).fit([0, 1, 2])
    before = model.probabilities([0])
    with pytest.raises(ValueError):
        model.fit([0, 3])
    assert np.array_equal(model.probabilities([0]), before)
    for array in (MarkovSource(TWO).transition, MarkovSource(TWO).stationary):
        with pytest.raises(ValueError):
            array[0] = 1
