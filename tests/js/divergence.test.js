import assert from "node:assert/strict";
import { test } from "node:test";

import {
  crossEntropy, descend, forward, humpEntropy, klDivergence, klTerms, moments, reverse, slope,
} from "../../book_lib/explorables/core/divergence.js";
import { CounterRNG } from "../../book_lib/explorables/core/rng.js";
import { close, golden } from "./golden.js";

const { pairs, bells } = golden("divergence");
const number = (value) => (value === "inf" ? Infinity : value);
const same = (a, b, label) => (b === Infinity ? assert.equal(a, b, label) : close(a, b, label));

test("divergences and cross-entropies are Python's", () => {
  for (const { p, q, pq, qp, cross } of pairs) {
    same(klDivergence(p, q), number(pq), `KL(${p} || ${q})`);
    same(klDivergence(q, p), number(qp), `KL(${q} || ${p})`);
    same(crossEntropy(p, q), number(cross), `H(${p}, ${q})`);
  }
});

test("Gibbs' inequality on random pairs, and H(p, q) = H(p) + KL(p||q)", () => {
  const rng = new CounterRNG(3);
  const law = () => {
    const w = Array.from({ length: 4 }, () => rng.random());
    const sum = w.reduce((a, b) => a + b);
    return w.map((v) => v / sum);
  };
  for (let k = 0; k < 200; k++) {
    const [p, q] = [law(), law()];
    assert.ok(klDivergence(p, q) > 0);
    assert.equal(klDivergence(p, p), 0);
    close(crossEntropy(p, q), crossEntropy(p, p) + klDivergence(p, q));
  }
});

test("a term is 0 where p is 0, infinite where only q is, and may be negative", () => {
  assert.deepEqual(klTerms([0, 1], [0.5, 0.5])[0], 0);
  assert.deepEqual(klTerms([0.5, 0.5], [0, 1]), [Infinity, 0.5 * Math.log(0.5)]);
});

test("bells against two humps are Python's", () => {
  for (const { distance, slope: expected, end, ...one } of bells) {
    const label = JSON.stringify({ ...one, distance });
    close(forward(one, distance), one.forward, `forward ${label}`, 1e-11);
    close(reverse(one, distance), one.reverse, `reverse ${label}`, 1e-11);
    slope(one, distance).forEach((value, i) => close(value, expected[i], `slope ${label}`, 1e-10, 1e-10));
    const last = descend(one, distance).at(-1);
    close(last.mean, end[0], `end ${label}`, 1e-6, 1e-6);
    close(last.width, end[1], `end ${label}`, 1e-6, 1e-6);
  }
});

test("the descent never climbs and ends where it is flat", () => {
  for (const { distance, ...start } of bells) {
    const way = descend(start, distance);
    const values = way.map((bell) => reverse(bell, distance));
    values.forEach((value, i) => assert.ok(!i || value <= values[i - 1] + 1e-12, `step ${i}`));
    assert.ok(Math.hypot(...slope(way.at(-1), distance)) < 1e-7);
  }
});

test("the slopes are those of the divergence", () => {
  const [bell, h] = [{ mean: 0.7, width: 1.3 }, 1e-5];
  const byMean = (reverse({ ...bell, mean: 0.7 + h }, 2) - reverse({ ...bell, mean: 0.7 - h }, 2)) / (2 * h);
  const byLog = (reverse({ ...bell, width: 1.3 * Math.exp(h) }, 2) - reverse({ ...bell, width: 1.3 * Math.exp(-h) }, 2)) / (2 * h);
  slope(bell, 2).forEach((value, i) => close(value, [byMean, byLog][i], `slope ${i}`, 1e-8));
});

test("mean-seeking takes over mean and variance: no neighbour is better", () => {
  for (const d of [0, 1, 2, 3]) {
    const best = moments(d);
    for (const [a, b] of [[0.01, 1], [-0.01, 1], [0, 1.01], [0, 0.99]]) {
      assert.ok(forward({ mean: best.mean + a, width: best.width * b }, d) > forward(best, d));
    }
  }
});

test("mode-seeking on far humps costs ln 2, the half that is left out; one hump is a bell", () => {
  close(reverse(descend({ mean: 1, width: 1 }, 3).at(-1), 3), Math.LN2, "ln 2", 1e-5);
  close(humpEntropy(0), Math.log(0.6 * Math.sqrt(2 * Math.PI * Math.E)), "entropy of one hump");
  close(forward({ mean: 0, width: 0.6 }, 0), 0, "the same bell");
});

test("bad input is named", () => {
  assert.throws(() => klDivergence([0.5, 0.6], [0.5, 0.5]), /p must be probabilities that sum to 1, got 0.5, 0.6/);
  assert.throws(() => klDivergence([0.5, 0.5], [1.5, -0.5]), /q must be probabilities/);
  assert.throws(() => klDivergence([0.5, 0.5], [1]), /q must have 2 entries, got 1/);
});
