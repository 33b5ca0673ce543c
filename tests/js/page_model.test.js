import assert from "node:assert/strict";
import { test } from "node:test";

import { chunks, createTokenizer, tokenizerOf } from "../../book_lib/explorables/core/bpe.js";
import { GPT, gelu, geluTanh, normalBelow } from "../../book_lib/explorables/core/gpt.js";
import { trace } from "../../book_lib/explorables/core/gpt_trace.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { choose, nextDistribution, noiseAt, surprise, thermalOf, topK, topP } from "../../book_lib/explorables/core/sampler.js";
import { gumbelArgmax, logSoftmax } from "../../book_lib/explorables/core/softmax.js";
import { erfc } from "../../book_lib/explorables/core/normal.js";
import { Run as MeltRun, sentence as meltSentence } from "../../book_lib/explorables/melt_sentence.js";
import { Run as PageRun, sentence as pageSentence } from "../../book_lib/explorables/page_gpt.js";
import { close, golden } from "./golden.js";

const TYPES = { int8: Int8Array, uint8: Uint8Array, int32: Int32Array, float32: Float32Array };
/** Arrays as `loadAsset` gives them. */
const unpacked = (packed) => Object.fromEntries(Object.entries(packed).map(([name, { dtype, shape, data }]) => [name, { shape, data: TYPES[dtype].from(data) }]));
/** @param {Record<string, any>} settings */
const of = (settings) => (/** @type {string} */ name) => settings[name];

const models = golden("gpt");
const words = golden("bpe");
const laws = golden("sampler");
const shipped = (kind = "int8") => unpacked(models[kind].arrays);

// -- model

for (const kind of ["int8", "float32"]) {
  const { logits, attention } = models[kind];
  const model = GPT.fromArrays(shipped(kind));

  test(`logits and attention are torch's on the same weights: ${kind}`, () => {
    [0, 6, 15].forEach((last, k) => {
      const state = model.start();
      state.append(models.ids.slice(0, last + 1)).forEach((z, i) => close(z, logits[k][i], `z ${i} after ${last}`, 1e-8, 1e-7));
    });
    const state = model.start();
    state.append(models.ids);
    attention.forEach((heads, layer) => heads.forEach((row, head) =>
      state.attentionRow(layer, head, 15).forEach((w, s) => close(w, row[s], `weight ${layer} ${head} ${s}`, 1e-8, 1e-8))));
    const square = state.attention(1, 0);
    assert.equal(square[3], 0); // the causal mask
    close(square.slice(16, 32).reduce((a, b) => a + b, 0), 1);
  });

  test(`with and without the cache, in one block and in several: ${kind}`, () => {
    const whole = model.start();
    const wanted = whole.append(models.ids);
    for (const cuts of [[16], [1, 15], [5, 4, 7], Array(16).fill(1)]) {
      const state = model.start();
      let [at, z] = [0, new Float64Array(0)];
      for (const n of cuts) z = state.append(models.ids.slice(at, (at += n)));
      z.forEach((v, i) => close(v, wanted[i], `${cuts}: z ${i}`, 1e-12, 1e-12));
    }
    whole.truncate(6);
    whole.append([7, 8]);
    whole.truncate(6);
    whole.append(models.ids.slice(6)).forEach((v, i) => close(v, wanted[i], `after a change: z ${i}`, 1e-12, 1e-12));
  });

  test(`every number of every tensor is explained: ${kind}`, () => {
    const state = model.start();
    state.append(models.ids);
    for (const position of [0, 9]) {
      const all = trace(state, position);
      assert.deepEqual(all[0].shape, [model.config.width]);
      assert.equal(all.length, 3 + 14 * model.config.layers + 3);
      for (const { name, data, shape, explain } of all) {
        assert.equal(shape.reduce((a, b) => a * b), data.length, name);
        data.forEach((v, i) => close(explain(i).value, v, `${name} ${i}`, 1e-9, 1e-12));
      }
      const alone = model.start();
      const z = alone.append(models.ids.slice(0, position + 1));
      all.find(({ name }) => name === "logits").data.forEach((v, i) => close(v, z[i], `z ${i}`, 1e-12, 1e-12));
    }
  });
}

test("a long context goes through in chunks", () => {
  const arrays = shipped();
  const long = 70; // more than two chunks
  arrays.config.data[2] = long;
  arrays["position_embedding.weight"] = { shape: [long, 8], data: Float32Array.from({ length: long * 8 }, (_, i) => Math.sin(i)) };
  const model = GPT.fromArrays(arrays);
  const ids = Array.from({ length: long }, (_, i) => (i * i * 7) % 300);
  const [block, single] = [model.start(), model.start()];
  const wanted = block.append(ids);
  let z = new Float64Array(0);
  for (const id of ids) z = single.append([id]);
  z.forEach((v, i) => close(v, wanted[i], `z ${i}`, 1e-11, 1e-11));
});

test("GELU is exact to float32", () => {
  for (const [x, y] of models.gelu) close(gelu(x), y, `gelu(${x})`, 0, 1e-9);
  for (let x = -7; x <= 7; x += 0.0137) close(normalBelow(x), erfc(-x / Math.SQRT2) / 2, `Φ(${x})`, 0, 1e-9);
  close(geluTanh(1), 0.8411919906082768);
});

test("bad ids, lengths and arrays are named; nothing is read then", () => {
  const state = GPT.fromArrays(shipped()).start();
  state.append(models.ids.slice(0, 10));
  assert.throws(() => state.append(models.ids.slice(0, 7)), /must fit into the context of 16 tokens: 10 are there, 7 more came/);
  assert.throws(() => state.append([1, 300]), /from 0 to 299, got 300/);
  assert.throws(() => state.append([1.5]), /got 1.5/);
  assert.throws(() => state.append([]), /at least one token/);
  assert.throws(() => state.truncate(11), /from 0 to 10, got 11/);
  assert.equal(state.length, 10);
  const without = (name) => {
    const arrays = shipped();
    delete arrays[name];
    return () => GPT.fromArrays(arrays);
  };
  assert.throws(without("blocks.1.mlp.up.weight"), /no array "blocks.1.mlp.up.weight"/);
  assert.throws(without("config"), /format must be 1, not unknown/);
  const other = shipped();
  other["final_norm.weight"].shape = [4, 2];
  assert.throws(() => GPT.fromArrays(other), /"final_norm.weight" must have shape \(8\), not \(4, 2\)/);
  const strange = shipped();
  strange.config.data[0] = 2;
  assert.throws(() => GPT.fromArrays(strange), /format must be 1, not 2/);
});

// -- tokens

test("tokens are Python's, there and back", () => {
  const tokenizer = createTokenizer(words);
  for (const { text, ids } of words.sentences) {
    assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
    assert.equal(tokenizer.decode(ids), text);
    assert.equal(chunks(text).join(""), text);
  }
  for (const { ids, text } of words.broken) assert.equal(tokenizer.decode(ids), text);
  const same = tokenizerOf(unpacked(words.packed));
  assert.equal(same.size, 300);
  assert.deepEqual(same.encode(words.sentences[1].text), words.sentences[1].ids);
  assert.equal(same.show(299), "<|end|>");
  assert.equal(same.show(0xe6), "<E6>");
  assert.throws(() => same.decode([300]), /from 0 to 299, got 300/);
  assert.throws(() => createTokenizer({ merges: [[300, 1]] }), /merge 0 joins 300 and 1/);
});

test("any bytes come back", () => {
  const tokenizer = createTokenizer(words);
  const rng = new CounterRNG(3);
  for (let k = 0; k < 20; k++) {
    const bytes = Array.from({ length: 50 }, () => rng.integers(256));
    assert.deepEqual([...tokenizer.decodeBytes(tokenizer.encodeBytes(bytes))], bytes);
  }
  assert.deepEqual(createTokenizer({ merges: [[97, 97]], split: false }).encode("aaa a"), [256, 97, 32, 97]);
});

// -- sampler

test("laws, their supports and draws are Python's", () => {
  for (const { logits, temperature, top_k, top_p, p, drawn } of laws.cases) {
    const law = nextDistribution(logits, { temperature, topK: top_k, topP: top_p });
    law.forEach((v, i) => {
      assert.equal(v > 0, p[i] > 0, `support of ${logits} at ${temperature}, ${top_k}, ${top_p}`);
      close(v, p[i], `p ${i}`);
    });
    assert.deepEqual(drawn.map((_, seed) => choose(law, new CounterRNG(seed).random())), drawn);
  }
});

test("noise and races are Python's", () => {
  laws.noise.forEach((row, place) => noiseAt(9, place, 10).forEach((g, i) => close(g, row[i], `g ${place} ${i}`)));
  for (const { logits, temperature, chosen } of laws.races) {
    chosen.forEach((id, place) => assert.equal(gumbelArgmax(logits, temperature, noiseAt(4, place, 10)), id));
  }
  for (const { logits, temperature, entropy, heat } of laws.thermal) {
    const now = thermalOf(logits, temperature);
    close(now.entropy, entropy, "S", 1e-11);
    close(now.heat, heat, "C", 1e-9, 1e-11);
  }
  close(thermalOf([1, 1, 0], 0).entropy, Math.LN2);
  close(surprise([0, 1], 1), -logSoftmax([0, 1])[1]);
});

test("settings that the sampler refuses", () => {
  assert.throws(() => topK([1, 2], 0), /k must be a whole number of at least 1, got 0/);
  assert.throws(() => topP([1, 2], 0), /p must be above 0 and at most 1, got 0/);
  assert.throws(() => nextDistribution([1, 2], { topP: 1.1 }), /got 1.1/);
  assert.throws(() => nextDistribution([1, 2], { temperature: -1 }), /temperature must be at least 0/);
  assert.deepEqual([...topK([1, 1, 1, 0], 2)], [1, 1, -Infinity, -Infinity]);
  assert.deepEqual([...topP([0, 5, 5], 0.4)], [-Infinity, 5, -Infinity]);
});

// -- explorables

const PAGE = { prompt: "the cat", temperature: 1, top_k: 300, top_p: 1, seed: 3 };

test("the page writes until the context is full, and says so", () => {
  const run = new PageRun(of(PAGE), shipped());
  assert.match(pageSentence(run.now(), run), /tokens read\. The next one: .* 300 of 300 tokens are possible/);
  run.step(1);
  assert.match(pageSentence(run.now(), run), /It drew .* with −ln p = /);
  const again = new PageRun(of(PAGE), shipped());
  run.step(100);
  again.step(100);
  assert.deepEqual(run.state.ids, again.state.ids);
  const now = run.now();
  assert.ok(now.full || now.ended);
  assert.match(pageSentence(now, run), /context of 16 tokens is full|ended the document/);
});

test("a prompt that does not fit is told and not cut; an empty one begins a document", () => {
  const long = new PageRun(of({ ...PAGE, prompt: "QWERTYUIOPASDFGHJKL" }), shipped());
  assert.equal(long.problem, "tooLong");
  long.step(3);
  assert.equal(long.state.length, 0);
  assert.match(pageSentence(long.now(), long), /This prompt has 19 tokens, and the model sees 16 at once\. Nothing has been cut off/);
  const empty = new PageRun(of({ ...PAGE, prompt: "" }), shipped());
  assert.deepEqual(empty.state.ids, [299]);
  empty.step(2);
  assert.ok(empty.state.length > 1);
});

test("a prefix that has not changed is not read again, and gives the same sentence", () => {
  const settings = { prompt: "the cat", temperature: 1, length: 9, seed: 2 };
  const run = new MeltRun(of(settings), shipped());
  const first = [...run.ids];
  const path = [];
  for (const T of [1.3, 0, 2.5, 1, 4]) {
    settings.temperature = T;
    run.turn();
    const fresh = new MeltRun(of(settings), shipped());
    assert.deepEqual(run.ids, fresh.ids, `T = ${T}`);
    fresh.rows.forEach((row, place) => row.forEach((z, i) => close(run.rows[place][i], z, "z", 1e-10, 1e-10)));
    path.push([...run.ids]);
  }
  assert.deepEqual(path[3], first);
  settings.temperature = 0;
  run.turn();
  run.ids.forEach((id, place) => assert.equal(run.rows[place][id], Math.max(...run.rows[place])));
  const before = [...run.ids];
  const { count, first: where } = run.nudge();
  assert.deepEqual(run.ids, before);
  assert.equal(count === 0, where === -1);
});

test("the melted sentence's words", () => {
  const now = { T: 1.2, before: 1, changed: [3, 5], length: 9, S: 2.5, C: 0.5 };
  assert.match(meltSentence(now, ""), /T = 1\.2: 2 of 9 tokens are others than at T = 1; the first at place 4.*S = 2\.50 nats and Var E\/T² = 0\.50/);
  assert.match(meltSentence({ ...now, changed: [] }, ""), /no token has changed its mind since T = 1/);
  assert.match(meltSentence({ ...now, before: null }, ""), /Turn it: the noise stays/);
  assert.match(meltSentence({ ...now, T: 0 }, ""), /the likeliest token, whatever the noise/);
  assert.match(meltSentence(now, "some", { count: 2, first: 4 }), /2 of 9 tokens changed, the first at place 5.*You bet right/);
  assert.match(meltSentence(now, "all", { count: 0, first: -1 }), /no token changed\. You bet otherwise/);
  assert.match(meltSentence(now, "all", { count: 9, first: 0 }), /very first token changed\. You bet right/);
});
