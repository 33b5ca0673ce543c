// Perplexity of a model on draws from a known source: entropies, and the running exp of the mean surprise.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/perplexity.json.

import { crossEntropy } from "./divergence.js";
import { entropy } from "./softmax.js";

/** @typedef {{entropy: number, cross: number, gap: number, floor: number, limit: number}} Theory  nats; the last two are exp */

/**
 * Weights as probabilities.
 * @param {ArrayLike<number>} weights  at least 0, not all 0
 * @returns {number[]}
 */
export function normalised(weights) {
  const all = Array.from(weights);
  const total = all.reduce((sum, v) => sum + v, 0);
  if (!(total > 0) || all.some((v) => !(v >= 0))) throw new RangeError(`weights must be at least 0 and not all 0, got ${all.join(", ")}`);
  return all.map((v) => v / total);
}

/**
 * H(p), H(p, q), KL(p‖q) = H(p, q) − H(p), and the perplexities exp H(p) ≤ exp H(p, q).
 * @param {ArrayLike<number>} p @param {ArrayLike<number>} q
 * @returns {Theory}
 */
export function theory(p, q) {
  const [own, cross] = [entropy(p), crossEntropy(p, q)];
  return { entropy: own, cross, gap: Math.max(0, cross - own), floor: Math.exp(own), limit: Math.exp(cross) };
}

/**
 * The running perplexity exp(−(1/n) Σ ln q(x)) of a row of draws.
 * @param {ArrayLike<number>} draws  indices of symbols @param {ArrayLike<number>} q  of the model
 * @returns {Float64Array} for n = 1, 2, …; Infinity from the first draw that the model forbids
 */
export function running(draws, q) {
  const surprise = Array.from(q, (v) => -Math.log(v));
  let sum = 0;
  return Float64Array.from(draws, (x, i) => Math.exp((sum += surprise[x]) / (i + 1)));
}

/**
 * Whole numbers from 1 to `most`, equally far apart on a logarithmic scale, each once.
 * @param {number} most @param {number} [perDecade]
 */
export function logPlaces(most, perDecade = 40) {
  const count = Math.ceil(perDecade * Math.log10(Math.max(1, most)));
  const all = Array.from({ length: count + 1 }, (_, k) => Math.min(most, Math.round(10 ** (k / perDecade))));
  return [...new Set(all)].filter((n) => n >= 1);
}
