import assert from "node:assert/strict";
import { test } from "node:test";

import { sampleCategorical } from "../../book_lib/explorables/core/cumulative.js";
import { Bpe, characters, chunksOf, mergeAll, merged } from "../../book_lib/explorables/core/bpe_steps.js";
import { NGram, Survey, countLevels } from "../../book_lib/explorables/core/ngram.js";
import { logPlaces, normalised, running, theory } from "../../book_lib/explorables/core/perplexity.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { sentence as bpeWords, stateOf as bpeState, written } from "../../book_lib/explorables/bpe_steps.js";
import { energiesOf, nextOf, sentence as tokenWords, stateOf as tokenState } from "../../book_lib/explorables/next_token.js";
import { Corpus, Writer, sentence as ngramWords, stateOf as ngramState } from "../../book_lib/explorables/ngram_text.js";
import { sentence as meterWords, stateOf as meterState } from "../../book_lib/explorables/perplexity_meter.js";
import { close, golden } from "./golden.js";

/** Settings as an explorable's model gives them. */
const getter = (settings) => (trait) => settings[trait];

/** A number of the golden file, which has none for ∞. */
const number = (value) => value ?? Infinity;

function near(actual, expected, label) {
  if (expected === Infinity) assert.equal(actual, Infinity, label);
  else close(actual, expected, label, 1e-11);
}

// -- byte pairs

for (const one of golden("bpe_steps").cases) {
  test(`merges, tokens and counts are the library's: ${JSON.stringify(one.text.slice(0, 20))}, ${one.split}, ${one.asked}`, () => {
    const bpe = merged(one.text, one.split, one.asked);
    assert.deepEqual(bpe.merges.map(({ a, b }) => [a, b]), one.merges);
    assert.deepEqual(bpe.chunks, one.chunks);
    assert.deepEqual(bpe.pairs().slice(0, 12).map(({ a, b, count }) => [a, b, count]), one.pairs);
    assert.deepEqual(bpe.chunks.flat().slice(0, 40).map((id) => bpe.bytes[id]), one.bytes);
    assert.equal(bpe.length, one.chunks.flat().length);
  });
}

test("no byte is lost, whatever is merged", () => {
  for (const { text, split } of golden("bpe_steps").cases) {
    const bpe = merged(text, split, 30);
    const bytes = bpe.chunks.flat().flatMap((id) => bpe.bytes[id]);
    assert.deepEqual(bytes, [...new TextEncoder().encode(text)]);
    assert.equal(chunksOf(text, split).join(""), text);
  }
});

test("merging goes from the left, and stops when nothing is left", () => {
  assert.deepEqual(mergeAll([1, 1, 1, 2], 1, 1, 9), [9, 1, 2]);
  const bpe = new Bpe("ab", false);
  assert.equal(bpe.step(), true);
  assert.equal(bpe.step(), false);
  assert.equal(characters("学🙂a"), 3);
});

test("tokens are written so that they can be seen", () => {
  const bytes = (text) => [...new TextEncoder().encode(text)];
  assert.equal(written(bytes(" the")), "␣the");
  assert.equal(written(bytes("\n\t")), "↵⇥");
  assert.equal(written(bytes("学").slice(0, 2)), "e5·ad");
});

test("what is said of the merges", () => {
  const say = (settings) => bpeWords(bpeState(getter({ text: "abab abab", split: true, merges: 0, prediction: "", ...settings })));
  assert.match(say({}), /each byte is a token/);
  assert.match(say({ text: "学而" }), /6 bytes make 2 characters, 3.00 a character/);
  assert.match(say({ text: "" }), /No text/);
  assert.match(say({ merges: 1 }), /Merge 1: a and b, counted 4 ×, became ab\. 5 tokens are left of 9 bytes/);
  assert.match(say({ merges: 60 }), /no pair is left/);
  assert.match(say({ prediction: "97,98" }), /You bet right/);
  assert.match(say({ prediction: "98,97" }), /You bet on b a, 2 times; a b comes 4 times and merges first/);
  assert.match(say({ text: "ab cd", prediction: "99,100" }), /of equals the smaller ids/);
  assert.doesNotMatch(say({ prediction: "1,2" }), /bet/);
});

// -- n-grams

const ngram = golden("ngram");

for (const one of ngram.models) {
  test(`laws and perplexities are the library's: order ${one.order}, ${one.smoothing} ${one.amount}`, () => {
    const model = new NGram({ order: one.order, vocabSize: ngram.vocab_size, smoothing: one.smoothing, amount: one.amount }).fit(ngram.ids);
    one.contexts.forEach((h, k) => {
      const p = model.probabilities(h);
      one.laws[k].forEach((v, w) => close(p[w], v, `p(${w} | ${h})`));
      close(p.reduce((a, b) => a + b), 1);
    });
    assert.equal(model.numContexts, one.num_contexts);
    near(model.surprise(ngram.ids), one.surprise, "counted");
    near(model.surprise(ngram.held), number(one.held_surprise), "held out");
  });
}

for (const one of ngram.written) {
  test(`the explorable writes what the library writes: order ${one.order}, ${one.smoothing}`, () => {
    const corpus = new Corpus(ngram.box.train_text, ngram.box.held_out_text);
    const model = corpus.model(one.order, one.smoothing, one.amount);
    const writer = new Writer(model, corpus.ids(ngram.box.start), one.seed).reach(60);
    assert.equal(writer.ids.slice(writer.first).map((i) => corpus.letters[i]).join(""), one.text);
    const [train, held] = corpus.perplexities(one.smoothing, one.amount);
    one.perplexities.forEach(([a, b], i) => {
      near(train[i], a, `counted, ${i + 1}`);
      near(held[i], number(b), `held out, ${i + 1}`);
    });
  });
}

test("without smoothing a new context has no law", () => {
  const model = new NGram({ order: 2, vocabSize: 3, smoothing: "none" }).fit([0, 1, 0, 1]);
  assert.equal(model.hasLaw([2]), false);
  assert.throws(() => model.probabilities([2]), /no law/);
  assert.deepEqual([...model.probabilities([1])], [1, 0, 0]);
  assert.throws(() => countLevels([0], 12, 100), /2\^53/);
  assert.throws(() => new NGram({ order: 0, vocabSize: 3 }), /order/);
});

test("a survey counts what was never seen", () => {
  const survey = new Survey(countLevels([0, 1, 0, 2], 2, 3), [0, 2, 1], 3);
  assert.deepEqual([survey.unseen(1), survey.unseen(2)], [0, 1]);
});

test("what is said of orders", () => {
  const corpus = new Corpus(ngram.box.train_text, ngram.box.held_out_text);
  const say = (settings) => ngramWords(ngramState(corpus, getter({ order: 3, smoothing: "add", amount: 0.1, prediction: "", ...settings })));
  const least = ngramState(corpus, getter({ order: 3, smoothing: "add", amount: 0.1, prediction: "" })).held;
  const best = least.indexOf(Math.min(...least)) + 1;
  assert.match(say({}), /see after your bet/);
  assert.match(say({ prediction: String(best) }), /You bet right/);
  assert.match(say({ prediction: best === 1 ? "2" : "1" }), /You bet on order/);
  assert.match(say({ smoothing: "none", prediction: "skipped" }), /perplexity ∞/);
  assert.match(say({ order: 1 }), /nothing of their order/);
});

// -- perplexity

for (const one of golden("perplexity").cases) {
  test(`entropies and the running perplexity are the library's: ${one.source} by ${one.model}`, () => {
    const state = meterState(getter({ ...one, prediction: "above" }), 50);
    assert.deepEqual([...state.draws], one.draws);
    one.running.forEach((v, i) => close(state.path[i], v, `n = ${i + 1}`));
    close(state.theory.floor, one.floor);
    close(state.theory.limit, one.limit);
    close(state.theory.gap, one.gap, "KL", 1e-10, 1e-12);
    close(state.theory.limit, state.theory.floor * Math.exp(state.theory.gap));
  });
}

test("a model that forbids what comes is infinitely surprised for good", () => {
  assert.deepEqual([...running([0, 0, 1, 0], [1, 0])], [1, 1, Infinity, Infinity]);
  assert.equal(theory([0.5, 0.5], [1, 0]).limit, Infinity);
  assert.throws(() => normalised([0, 0]), /not all 0/);
});

test("many draws meet exp H(p, q)", () => {
  const { path, theory: law } = meterState(getter({ source: [0.5, 0.25, 0.125, 0.125], model: [1, 2, 3, 4], seed: 1, prediction: "" }), 10_000);
  close(path[9_999], law.limit, "perplexity", 0.03);
});

test("places on a logarithmic scale", () => {
  const places = logPlaces(1000);
  assert.equal(places[0], 1);
  assert.equal(places.at(-1), 1000);
  assert.ok(places.every((n, i) => i === 0 || n > places[i - 1]));
});

test("what is said of the meter", () => {
  const say = (settings, n) => meterWords(meterState(getter({ source: [2, 1, 1], model: [1, 1, 1], seed: 0, prediction: "", ...settings }), n));
  assert.match(say({}, 0), /Nothing is drawn yet.*1.500 bits/);
  assert.match(say({}, 9), /once you have bet/);
  assert.match(say({ prediction: "above" }, 9), /You bet right/);
  assert.match(say({ prediction: "below" }, 9), /You bet otherwise/);
  assert.match(say({ prediction: "floor", model: [2, 1, 1] }, 9), /the gap is 0.*You bet right/);
  assert.match(say({ prediction: "skipped", model: [0, 1, 1] }, 20), /forbids A/);
});

// -- the next token

const next = golden("next_token");

for (const one of next.cases) {
  const { table, temperature, top_k, top_p } = one.settings;
  test(`the law and its draws are the library's: ${table}, T = ${temperature}, k = ${top_k}, p = ${top_p}`, () => {
    const state = tokenState(getter({ ...one.settings, tables: next.tables, prediction: "" }), 40);
    one.energies.forEach((e, i) => close(state.energies[i], e));
    one.law.forEach((p, i) => {
      close(state.next.p[i], p, `p ${i}`);
      if (p > 0) assert.ok(state.next.kept[i]);
    });
    assert.deepEqual([...state.draws], one.draws);
    assert.deepEqual(state.counts, one.count.slice(0, state.counts.length));
  });
}

test("the lecture's table at three temperatures", () => {
  const z = energiesOf(next.tables.heroes).map((e) => -e);
  for (const [T, expected] of [[0.7, [0.9726, 0.0157, 0.0042, 0.0075]], [1, [0.9, 0.05, 0.02, 0.03]], [1.5, [0.7529, 0.1096, 0.0595, 0.078]]]) {
    expected.forEach((p, i) => close(nextOf(z, T, 8, 1).p[i], p, `T = ${T}`, 0, 5e-5));
  }
});

test("what is cut is lost to the others", () => {
  const { p, kept, lost } = nextOf([2, 1, 0].map((v) => Math.log(v + 1)), 1, 2, 1);
  assert.deepEqual(kept, [true, true, false]);
  close(lost, 1 / 6);
  close(p[0], 0.6);
  assert.deepEqual(nextOf([0, 1, 2], 0, 8, 0.9).kept, [false, false, true]);
  assert.deepEqual(nextOf([0, 1, 2], 0, 8, 1).kept, [true, true, true]);
});

test("what is said of the next token", () => {
  const settings = { table: "heroes", tables: next.tables, temperature: 1, top_k: 8, top_p: 1, seed: 0, prediction: "" };
  const say = (changed, n = 0) => tokenWords(tokenState(getter({ ...settings, ...changed }), n));
  assert.match(say({}), /as the model has them; “capes” has 90.0 %/);
  assert.match(say({ temperature: 0 }, 10), /T = 0 is a limit.*10 were “capes”/);
  assert.match(say({ temperature: 1.5, prediction: "less" }), /You bet right: 75.3 %/);
  assert.match(say({ temperature: 1.5, prediction: "more" }), /You bet 97 %/);
  assert.match(say({ top_k: 1 }), /leave 1 of 4 tokens.*10.0 %/);
});

test("a writer's luck is its seed's", () => {
  const p = [0.5, 0.3, 0.2];
  const rng = new CounterRNG(4);
  const one = Array.from({ length: 30 }, () => sampleCategorical(p, 1, rng)[0]);
  assert.deepEqual(one, [...sampleCategorical(p, 30, new CounterRNG(4))]);
});
