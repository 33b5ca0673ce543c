import assert from "node:assert/strict";
import { test } from "node:test";

import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { entropy, gumbel, gumbelArgmax, logSoftmax, softmax } from "../../book_lib/explorables/core/softmax.js";
import { close, golden } from "./golden.js";

for (const { logits, temperature, ...expected } of golden("softmax").cases) {
  test(`softmax of [${logits}] at T=${temperature} is Python's`, () => {
    const p = softmax(logits, temperature);
    p.forEach((value, i) => close(value, expected.softmax[i], `p[${i}]`, 1e-12, 0));
    logSoftmax(logits, temperature).forEach((value, i) => {
      const wanted = expected.log_softmax[i];
      if (wanted === null) assert.equal(value, -Infinity);
      else close(value, wanted, `log p[${i}]`);
    });
    close(entropy(p), expected.entropy, "entropy");
    close(entropy(p, 2), expected.bits, "bits");
  });
}

test("bad input is named", () => {
  assert.throws(() => softmax([], 1), /logits must have at least one entry/);
  assert.throws(() => softmax([1, NaN], 1), /logits must be real numbers/);
  assert.throws(() => softmax([-Infinity], 1), /at least one outcome possible/);
  assert.throws(() => softmax([1], -1), /temperature must be at least 0, got -1/);
  assert.throws(() => logSoftmax([1], NaN), /temperature/);
  assert.throws(() => entropy([0.5, -0.5]), /p must be probabilities, got p\[1\] = -0.5/);
});

test("argmax of logits plus Gumbel noise draws from the softmax", () => {
  const [logits, temperature, n] = [[0, -1, -2.5], 1.7, 40_000];
  const rng = new CounterRNG(5);
  const counts = [0, 0, 0];
  const words = new Uint32Array(3);
  for (let k = 0; k < n; k++) {
    rng.fill(words);
    counts[gumbelArgmax(logits, temperature, gumbel(words))]++;
  }
  softmax(logits, temperature).forEach((p, i) => {
    const z = (counts[i] - n * p) / Math.sqrt(n * p * (1 - p));
    assert.ok(Math.abs(z) < 4, `outcome ${i}: ${counts[i]} of ${n}, z = ${z}`);
  });
});

test("Gumbel noise is finite at both ends of the draws, and without temperature it decides nothing", () => {
  const noise = gumbel(Uint32Array.of(0, 2 ** 32 - 1));
  assert.ok(noise.every(Number.isFinite), String(noise));
  assert.equal(gumbelArgmax([1, 2], 0, [100, -100]), 1);
});
