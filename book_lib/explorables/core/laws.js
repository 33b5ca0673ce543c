// Four laws of chance, one at a time: `book_lib.probability`'s Normal, Bernoulli, Categorical and Uniform in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/laws.json.

import { finite, positive } from "./checks.js";
import { stair, upperBound } from "./cumulative.js";

/** @typedef {import("./rng.js").CounterRNG} CounterRNG */

/**
 * @typedef {object} Law
 * @property {boolean} discrete  masses at `values`, or a density
 * @property {number[]} values  what can come, of a discrete law
 * @property {number} mean
 * @property {number} variance
 * @property {number} entropy  in nats; of a density it can be negative
 * @property {(x: number) => number} prob  the mass or the density at x
 * @property {(x: number) => number} logProb  −Infinity where nothing can come
 * @property {(rng: CounterRNG) => number} sample
 * @property {(a: number, b: number) => number} between  probability of a ≤ x ≤ b
 */

const TAU = 2 * Math.PI;

/**
 * The error function: 2/√π e^{−x²} Σ 2ⁿ x^{2n+1} / (2n + 1)!!, all of whose terms have one sign.
 * @param {number} x
 */
export function erf(x) {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x); // 1 − erf(6) is 2e-17
  let term = size;
  let sum = size;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * size * size) / (2 * n + 1);
    sum += term;
  }
  return (Math.sign(x) * 2 * Math.exp(-size * size) * sum) / Math.sqrt(Math.PI);
}

/** 𝒩(μ, σ²). @param {number} mean @param {number} sd @returns {Law} */
export function normal(mean, sd) {
  finite("mean", mean);
  positive("standard_deviation", sd);
  const logProb = (/** @type {number} */ x) => -(((x - mean) / sd) ** 2) / 2 - Math.log(sd) - Math.log(TAU) / 2;
  const below = (/** @type {number} */ x) => erf((x - mean) / (sd * Math.SQRT2)) / 2;
  return {
    discrete: false, values: [], mean, variance: sd * sd, entropy: (1 + Math.log(TAU)) / 2 + Math.log(sd),
    logProb, prob: (x) => Math.exp(logProb(x)), sample: (rng) => mean + sd * rng.standardNormal(),
    between: (a, b) => below(b) - below(a),
  };
}

/** The same density everywhere from low to high. @param {number} low @param {number} high @returns {Law} */
export function uniform(low, high) {
  const width = positive("high - low", high - low);
  const inside = (/** @type {number} */ x) => x >= low && x <= high;
  return {
    discrete: false, values: [], mean: (low + high) / 2, variance: width ** 2 / 12, entropy: Math.log(width),
    prob: (x) => (inside(x) ? 1 / width : 0), logProb: (x) => (inside(x) ? -Math.log(width) : -Infinity),
    sample: (rng) => low + width * rng.random(),
    between: (a, b) => Math.max(0, Math.min(b, high) - Math.max(a, low)) / width,
  };
}

/** 1 with probability p, else 0. @param {number} p @returns {Law} */
export function bernoulli(p) {
  return discrete([0, 1], [1 - p, p], (rng) => Number(rng.random() < p));
}

/**
 * Values `first`, `first` + 1, … with probabilities p.
 * @param {ArrayLike<number>} p @param {number} [first] @returns {Law}
 */
export function categorical(p, first = 0) {
  const edges = stair(p);
  return discrete(Array.from(p, (_, i) => first + i), Array.from(p), (rng) => first + upperBound(edges, rng.random()));
}

/**
 * @param {number[]} values @param {number[]} p @param {(rng: CounterRNG) => number} sample
 * @returns {Law}
 */
function discrete(values, p, sample) {
  if (p.some((v) => !(v >= 0 && v <= 1))) throw new RangeError(`p must be probabilities, got ${p.join(", ")}`);
  const over = (/** @type {(x: number, i: number) => number} */ fn) =>
    values.reduce((sum, x, i) => (p[i] > 0 ? sum + p[i] * fn(x, i) : sum), 0);
  const mean = over((x) => x);
  const prob = (/** @type {number} */ x) => p[values.indexOf(x)] ?? 0;
  return {
    discrete: true, values, mean, variance: over((x) => (x - mean) ** 2), entropy: over((_, i) => -Math.log(p[i])),
    prob, logProb: (x) => Math.log(prob(x)), sample,
    between: (a, b) => values.reduce((sum, x, i) => (x >= a && x <= b ? sum + p[i] : sum), 0),
  };
}
