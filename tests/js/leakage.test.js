import assert from "node:assert/strict";
import { test } from "node:test";

import { association, meanError, nearestMean, popcount, trial } from "../../book_lib/explorables/core/leakage.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { close, golden } from "./golden.js";

for (const { settings, repeat, chosen, scores } of golden("leakage").trials) {
  test(`${settings.leak ? "leaky" : "honest"} trial of ${settings.features} features is Python's`, () => {
    const done = trial(settings, repeat);
    assert.deepEqual(done.chosen, chosen);
    assert.deepEqual(done.scores, scores);
  });
}

test("bits are counted", () => {
  const rng = new CounterRNG(4);
  for (const word of [0, 1, 0xffffffff, 0x80000000, ...Array.from({ length: 50 }, () => rng.uint32())]) {
    assert.equal(popcount(word), [...word.toString(2)].filter((c) => c === "1").length);
  }
});

test("association is the squared correlation", () => {
  const labels = Uint32Array.of(0b00111);
  const data = [0b00111, 0b11000, 0b00001, 0b11111].map((bits) => Uint32Array.of(bits));
  const [same, opposite, weak, never] = association(data, labels, 5);
  assert.deepEqual([same, opposite, never], [1, 1, 0]);
  close(weak, 1 / 6, "r² of (1,0,0,0,0) with (1,1,1,0,0)");
});

test("the nearer class mean wins", () => {
  const answer = nearestMean([Uint32Array.of(0b0011), Uint32Array.of(0b0001)], Uint32Array.of(0b0011), 4);
  assert.deepEqual([answer([1, 1]), answer([1, 0]), answer([0, 0])], [1, 1, 0]);
  assert.equal(nearestMean([Uint32Array.of(1)], Uint32Array.of(0), 3)([1]), 0);
  assert.equal(nearestMean([Uint32Array.of(1)], Uint32Array.of(7), 3)([0]), 1);
});

test("noise cannot be learned, but a leak makes it look so", () => {
  const settings = { seed: 8, train: 40, validation: 20, test: 20, features: 1000, kept: 10 };
  const mean = (leak, k) => {
    const all = Array.from({ length: 200 }, (_, r) => trial({ ...settings, leak }, r).scores[k]);
    return meanError(all);
  };
  for (const k of [0, 1, 2]) {
    const { mean: honest, error } = mean(false, k);
    assert.ok(Math.abs(honest - 0.5) < 4 * error, `honest score ${k}: ${honest} ± ${error}`);
  }
  assert.ok(mean(true, 0).mean > 0.75);
  const fresh = mean(true, 2);
  assert.ok(Math.abs(fresh.mean - 0.5) < 4 * fresh.error);
});

test("bad settings are named", () => {
  const good = { seed: 0, train: 40, validation: 20, test: 20, features: 5, kept: 3, leak: false };
  assert.throws(() => trial({ ...good, kept: 6 }, 0), /kept must be at most 5, got 6/);
  assert.throws(() => trial({ ...good, train: 0 }, 0), /train must be at least 1, got 0/);
});
