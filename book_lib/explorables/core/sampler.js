/**
 * From logits to the next token: `book_lib.sampling` in JavaScript.
 * Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/sampler.json.
 *
 * The order is temperature, top-k, top-p, as in Python: each cuts what the one before has left.
 */

import { stair, upperBound } from "./cumulative.js";
import { CounterRNG } from "./rng.js";
import { logSoftmax, softmax } from "./softmax.js";

const HALF_A_DRAW = 2 ** -33; // keeps u off zero, where ln is not finite
const ROUNDING = 1e-12; // a sum of probabilities this close below p counts as p

/** Places from the largest logit down; of equal ones the lowest first. @param {ArrayLike<number>} logits */
export function order(logits) {
  return Uint32Array.from({ length: logits.length }, (_, i) => i).sort((a, b) => logits[b] - logits[a] || a - b);
}

/**
 * Logits with −Infinity at all places but the k largest; of ties at the edge the lowest ids stay.
 * @param {ArrayLike<number>} logits @param {number} k  at least 1
 */
export function topK(logits, k) {
  if (!(Number.isInteger(k) && k >= 1)) throw new RangeError(`k must be a whole number of at least 1, got ${k}`);
  return only(logits, order(logits).subarray(0, k));
}

/**
 * Logits with −Infinity outside the nucleus: the fewest of the likeliest tokens that have at least p of the mass.
 * @param {ArrayLike<number>} logits @param {number} p  above 0, at most 1
 */
export function topP(logits, p) {
  return only(logits, nucleus(logits, softmax(logits), p));
}

/**
 * The places of the nucleus of a law that has the order of the logits.
 * @param {ArrayLike<number>} logits @param {ArrayLike<number>} law @param {number} p
 */
function nucleus(logits, law, p) {
  if (!(p > 0 && p <= 1)) throw new RangeError(`p must be above 0 and at most 1, got ${p}`);
  const places = order(logits);
  if (p === 1) return places;
  let [count, sum] = [1, law[places[0]]];
  while (count < places.length && sum < p - ROUNDING) sum += law[places[count++]];
  return places.subarray(0, count);
}

/** @param {ArrayLike<number>} logits @param {Uint32Array} places */
function only(logits, places) {
  const left = new Float64Array(logits.length).fill(-Infinity);
  for (const place of places) left[place] = logits[place];
  return left;
}

/**
 * The law of the next token. At T = 0 the largest logits share it.
 * @param {ArrayLike<number>} logits
 * @param {{temperature?: number, topK?: number | null, topP?: number | null}} [options]
 * @returns {Float64Array}
 */
export function nextDistribution(logits, { temperature = 1, topK: k = null, topP: p = null } = {}) {
  const z = k === null ? logits : topK(logits, k);
  const law = softmax(z, temperature);
  if (p === null) return law;
  const kept = new Float64Array(law.length);
  let sum = 0;
  for (const place of nucleus(z, law, p)) sum += kept[place] = law[place];
  return kept.map((v) => v / sum);
}

/** A draw from a law, by one uniform number. @param {ArrayLike<number>} p @param {number} u  in [0, 1) */
export const choose = (p, u) => upperBound(stair(p), u);

/**
 * Gumbel noise −ln(−ln u) for every token of the vocabulary at one place of a text. Place after place takes the
 * generator's next words, so that the noise there is the same whatever was written before.
 * @param {number} seed @param {number} place @param {number} size  of the vocabulary @param {number} [stream]
 * @returns {Float64Array}
 */
export function noiseAt(seed, place, size, stream = 0) {
  const rng = new CounterRNG(seed, stream);
  rng.counter = place * size;
  return Float64Array.from(rng.fill(new Uint32Array(size)), (word) => -Math.log(-Math.log(word / 2 ** 32 + HALF_A_DRAW)));
}

/**
 * −ln p of one token under the plain softmax: its energy, but for a constant.
 * @param {ArrayLike<number>} logits @param {number} id
 */
export const surprise = (logits, id) => -logSoftmax(logits)[id];

/**
 * Entropy in nats and heat capacity Var E/T² of p ∝ e^{z/T}, with E = −z.
 * @param {ArrayLike<number>} logits @param {number} temperature
 * @returns {{entropy: number, heat: number}}
 */
export function thermalOf(logits, temperature) {
  let top = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i] > top) top = logits[i];
  if (temperature === 0) {
    let ties = 0;
    for (let i = 0; i < logits.length; i++) ties += Number(logits[i] === top);
    return { entropy: Math.log(ties), heat: 0 };
  }
  let [sum, first, second] = [0, 0, 0]; // of e^{−ε}, ε e^{−ε} and ε² e^{−ε} with ε = (top − z)/T
  for (let i = 0; i < logits.length; i++) {
    const gap = (top - logits[i]) / temperature;
    const weight = Math.exp(-gap);
    if (!(weight > 0)) continue;
    sum += weight;
    first += weight * gap;
    second += weight * gap * gap;
  }
  const mean = first / sum;
  return { entropy: mean + Math.log(sum), heat: Math.max(0, second / sum - mean * mean) };
}
