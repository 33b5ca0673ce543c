// Attention from its scores on: mask, scale, temperature, softmax, and the blend of values.
// Twin: book_lib.transformer.attention, and book_lib/explorables/attention_calculator.py.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/attention.json.

import { CounterRNG } from "./rng.js";
import { entropy, softmax } from "./softmax.js";

/** @typedef {number[][]} Matrix */
/** @typedef {{logits: Matrix, weights: Matrix, outputs: Matrix, sums: number[], entropies: number[], jacobians: number[]}} Attended */

/** @param {ArrayLike<number>} flat @param {number} columns @returns {Matrix} */
export const rowsOf = (flat, columns) => Array.from({ length: flat.length / columns }, (_, i) => Array.from({ length: columns }, (_, j) => flat[i * columns + j]));

/** a·b. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** S = QKᵀ. @param {ArrayLike<number>[]} queries @param {ArrayLike<number>[]} keys @returns {Matrix} */
export const scoresOf = (queries, keys) => queries.map((q) => keys.map((k) => dot(q, k)));

/** ‖diag(p) − ppᵀ‖, the root of the sum of squares: how far the weights still move when a logit does. @param {ArrayLike<number>} p */
export function jacobianSize(p) {
  let [two, three] = [0, 0];
  for (let i = 0; i < p.length; i++) {
    two += p[i] ** 2;
    three += p[i] ** 3;
  }
  return Math.sqrt(Math.max(0, two - 2 * three + two * two)); // subtle: where p is one-hot, rounding may go below 0
}

/**
 * softmax(scale·S/T) V, row by row.
 * @param {Matrix} scores @param {Matrix} values
 * @param {{scale?: number, temperature?: number, causal?: boolean}} [options]  causal: a query sees no later key
 * @returns {Attended}
 */
export function attend(scores, values, { scale = 1, temperature = 1, causal = false } = {}) {
  const logits = scores.map((row, i) => row.map((s, j) => (causal && j > i ? -Infinity : (s * scale) / temperature)));
  const weights = logits.map((row) => Array.from(softmax(row)));
  return {
    logits,
    weights,
    outputs: weights.map((p) => values[0].map((_, c) => p.reduce((sum, w, j) => sum + w * values[j][c], 0))),
    sums: weights.map((p) => p.reduce((a, b) => a + b, 0)),
    entropies: weights.map((p) => entropy(p)),
    jacobians: weights.map(jacobianSize),
  };
}

/** n queries, then n keys, of d standard normal numbers each. @param {number} n @param {number} d @param {number} seed @returns {{queries: Matrix, keys: Matrix}} */
export function drawnVectors(n, d, seed) {
  const rng = new CounterRNG(seed);
  const draw = () => Array.from({ length: n }, () => Array.from({ length: d }, () => rng.standardNormal()));
  return { queries: draw(), keys: draw() };
}

/** Root of the mean square: what 1/√d keeps near 1. @param {Matrix} scores */
export function spread(scores) {
  const all = scores.flat();
  return Math.sqrt(dot(all, all) / all.length);
}
