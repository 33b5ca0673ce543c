import assert from "node:assert/strict";
import { test } from "node:test";

import { CounterRNG, scaled, threefry2x32 } from "../../book_lib/explorables/core/rng.js";
import { close, golden } from "./golden.js";

const vectors = golden("rng");

test("Threefry-2x32 gives the published known answers", () => {
  for (const { counter, key, words } of vectors.known_answers) {
    const [c0, c1, k0, k1] = [...counter, ...key].map((word) => parseInt(word, 16));
    const drawn = threefry2x32(c0, c1, k0, k1).map((word) => word.toString(16).padStart(8, "0"));
    assert.deepEqual(drawn, words);
  }
  assert.deepEqual([0, 1, 2, 3].map((c) => threefry2x32(c, 0, 1, 2)[0]), vectors.avalanche);
});

test("streams are Python's, word by word and filled at once", () => {
  for (const { seed, stream, counter, words } of vectors.streams) {
    const rng = new CounterRNG(seed, stream);
    rng.counter = counter;
    assert.deepEqual(words.map(() => rng.uint32()), words);
    assert.equal(rng.counter, counter + words.length);
    rng.counter = counter;
    assert.deepEqual([...rng.fill(new Uint32Array(words.length))], words);
    assert.equal(rng.counter, counter + words.length);
  }
});

test("any cut of the stream gives the same words", () => {
  const whole = [...new CounterRNG(3).fill(new Uint32Array(40))];
  const rng = new CounterRNG(3);
  const cut = [];
  const buffer = new Uint32Array(16).fill(7);
  for (const count of [1, 3, 0, 4, 2, 5, 1, 1, 16, 7]) {
    rng.fill(buffer, count);
    cut.push(...buffer.subarray(0, count));
    if (count < 16) assert.equal(buffer[15], 7, "fill must leave what lies beyond its count");
    if (count === 16) buffer.fill(7);
  }
  assert.deepEqual(cut, whole);
});

test("methods agree with Python", () => {
  const at = (seed) => new CounterRNG(seed);
  let rng = at(11);
  assert.deepEqual(vectors.random.map(() => rng.random()), vectors.random);
  for (const { n, drawn } of vectors.integers) {
    rng = at(12);
    assert.deepEqual(drawn.map(() => rng.integers(n)), drawn, `n = ${n}`);
  }
  rng = at(13);
  vectors.standard_normal.forEach((value, i) => close(rng.standardNormal(), value, `normal ${i}`));
  assert.deepEqual([...at(14).permutation(12)], vectors.permutation);
});

test("scaled is exact where a double product is not", () => {
  for (const word of [0, 1, 65535, 65536, 2 ** 31, 2 ** 32 - 1]) {
    for (const n of [1, 3, 262144, 2 ** 31 + 1, 2 ** 32]) {
      assert.equal(scaled(word, n), Number((BigInt(word) * BigInt(n)) >> 32n));
    }
  }
});

test("bad seeds, streams and counters are named", () => {
  for (const bad of [-1, 1.5, NaN, 2 ** 32, "7"]) {
    assert.throws(() => new CounterRNG(bad), /seed must be a whole number from 0 to 4294967295, got/);
    assert.throws(() => new CounterRNG(0, bad), /stream must be/);
  }
  assert.throws(() => (new CounterRNG().counter = -1), /counter must be/);
});
