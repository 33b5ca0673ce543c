// Drawing from a list of probabilities by inverting its cumulative sum: `sample_categorical` in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/laws.json.

/** @typedef {import("./rng.js").CounterRNG} CounterRNG */
/** @typedef {{i: number, level: number, place: number, passes: boolean}} Comparison */

/**
 * The cumulative sums s_0 … s_{K−1} of weights that need not sum to 1.
 * @param {ArrayLike<number>} p
 * @returns {Float64Array}
 */
export function stair(p) {
  let sum = 0;
  const levels = Float64Array.from(p, (v, i) => {
    if (!(v >= 0) || v === Infinity) throw new RangeError(`p must be finite and at least 0, got p[${i}] = ${v}`);
    return (sum += v);
  });
  if (!(sum > 0)) throw new RangeError("p must hold at least one number above 0");
  return levels;
}

/**
 * The smallest i with s_i > u·s_{K−1}. An outcome without probability has no u: its step has no height.
 * @param {ArrayLike<number>} levels  from `stair`
 * @param {number} u  in [0, 1)
 * @returns {number} −1 when there is none, which happens for u = 1 alone
 */
export function upperBound(levels, u) {
  const place = u * levels[levels.length - 1];
  for (let i = 0; i < levels.length; i++) if (levels[i] > place) return i;
  return -1;
}

/**
 * The slip: ≥ in place of >. At u = 0 it gives the first outcome even when that has probability 0.
 * @param {ArrayLike<number>} levels @param {number} u
 */
export function lowerBound(levels, u) {
  const place = u * levels[levels.length - 1];
  for (let i = 0; i < levels.length; i++) if (levels[i] >= place) return i;
  return -1;
}

/**
 * What the search compares, in order, until it has found its outcome.
 * @param {ArrayLike<number>} levels @param {number} u @param {boolean} upper
 * @returns {Comparison[]}
 */
export function comparisons(levels, u, upper) {
  const place = u * levels[levels.length - 1];
  const all = [];
  for (let i = 0; i < levels.length; i++) {
    const passes = upper ? levels[i] > place : levels[i] >= place;
    all.push({ i, level: levels[i], place, passes });
    if (passes) break;
  }
  return all;
}

/**
 * n outcomes, one word of the generator each.
 * @param {ArrayLike<number>} p @param {number} n @param {CounterRNG} rng
 * @returns {Int32Array}
 */
export function sampleCategorical(p, n, rng) {
  const levels = stair(p);
  return Int32Array.from({ length: n }, () => upperBound(levels, rng.random()));
}

/**
 * Pearson's χ² = Σ (n_i − N p_i)² / (N p_i); Infinity when something came that cannot.
 * @param {ArrayLike<number>} counts @param {ArrayLike<number>} p  sums to 1
 * @returns {{chi2: number, freedom: number}} freedom: possible outcomes less one
 */
export function chiSquare(counts, p) {
  let [total, chi2, freedom] = [0, 0, -1];
  for (let i = 0; i < counts.length; i++) total += counts[i];
  for (let i = 0; i < p.length; i++) {
    if (p[i] > 0) {
      chi2 += (counts[i] - total * p[i]) ** 2 / (total * p[i]);
      freedom += 1;
    } else if (counts[i]) chi2 = Infinity;
  }
  return { chi2: total ? chi2 : NaN, freedom };
}

/** χ² that 95 % of fair samplers stay below, for 1 … 5 degrees of freedom. */
export const CHI2_95 = [3.841, 5.991, 7.815, 9.488, 11.07];
