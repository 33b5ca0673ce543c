// Coin-flip data, features chosen with or without a leak, and the nearest class mean: book_lib.explorables.leakage in
// JavaScript. Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/leakage.json.
//
// A bit is a toss of a coin and a word of the generator holds 32 samples, so that a feature is compared with the label
// by counting bits. All numbers are whole up to one division: Python and JavaScript rank and decide alike.

import { integer } from "./checks.js";
import { CounterRNG } from "./rng.js";

const WORD = 32;
export const NEW = 256; // fresh samples, drawn after everything else is settled

/**
 * @typedef {{seed: number, train: number, validation: number, test: number, features: number, kept: number,
 *     leak: boolean}} Settings
 */
/** @typedef {{chosen: number[], scores: [number, number, number]}} Trial  scores: validation, test, new samples */

/** How many bits of a word are set. @param {number} word */
export function popcount(word) {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return (((v + (v >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** Words in which the first n bits are set. @param {number} n @param {number} words */
function mask(n, words) {
  return Uint32Array.from({ length: words }, (_, w) => {
    const bits = Math.min(WORD, Math.max(0, n - w * WORD));
    return bits === WORD ? 0xffffffff : 2 ** bits - 1;
  });
}

/** @param {Uint32Array} words @param {number} sample */
const bit = (words, sample) => (words[sample >>> 5] >>> (sample & 31)) & 1;

/**
 * Of the samples in `seen`: how often the feature is 1, and how often feature and label both are.
 * @param {Uint32Array} feature @param {Uint32Array} labels @param {Uint32Array} seen
 */
function counts(feature, labels, seen) {
  let count = 0;
  let both = 0;
  for (let w = 0; w < seen.length; w++) {
    const here = feature[w] & seen[w];
    count += popcount(here);
    both += popcount(here & labels[w]);
  }
  return { count, both };
}

/**
 * The squared correlation of each feature with the label on the first n samples; 0 where one never changes.
 * @param {Uint32Array[]} data  one array of bits a feature
 * @param {Uint32Array} labels
 * @param {number} n
 */
export function association(data, labels, n) {
  const seen = mask(n, labels.length);
  const ones = counts(labels, labels, seen).count;
  return Float64Array.from(data, (feature) => {
    const { count, both } = counts(feature, labels, seen);
    const spread = count * (n - count) * ones * (n - ones);
    return spread > 0 ? (n * both - count * ones) ** 2 / spread : 0;
  });
}

/**
 * Learn the two class means on the first `train` samples. The answer for a sample is the class whose mean is nearer;
 * ties, and a training set of one class only, answer as in Python.
 * @param {Uint32Array[]} data @param {Uint32Array} labels @param {number} train
 * @returns {(values: ArrayLike<number>) => number}  values: 0 or 1 for each feature
 */
export function nearestMean(data, labels, train) {
  const seen = mask(train, labels.length);
  const ones = counts(labels, labels, seen).count;
  const zeros = train - ones;
  if (!ones || !zeros) return () => Number(ones > 0);
  const parts = data.map((feature) => {
    const { count, both: up } = counts(feature, labels, seen);
    const down = count - up;
    // |x − down/zeros|² − |x − up/ones|², times (ones·zeros)²
    return { slope: 2 * (up * zeros - down * ones) * ones * zeros, level: (up * zeros) ** 2 - (down * ones) ** 2 };
  });
  return (values) => Number(parts.reduce((sum, { slope, level }, j) => sum + slope * values[j] - level, 0) >= 0);
}

/**
 * Share of right answers on samples from … to − 1.
 * @param {(values: number[]) => number} answer @param {Uint32Array[]} data @param {Uint32Array} labels
 * @param {number} from @param {number} to
 */
function accuracy(answer, data, labels, from, to) {
  let right = 0;
  for (let i = from; i < to; i++) right += Number(answer(data.map((feature) => bit(feature, i))) === bit(labels, i));
  return right / (to - from);
}

/** @param {Settings} settings */
function check({ train, validation, test, features, kept }) {
  for (const [name, value] of Object.entries({ train, validation, test, features, kept })) integer(name, value, 1);
  integer("kept", kept, 1, features);
}

/**
 * One data set: drawn, features chosen, the nearest mean learned and scored.
 * @param {Settings} settings
 * @param {number} repeat  stream of the generator
 * @returns {Trial}
 */
export function trial(settings, repeat) {
  check(settings);
  const { seed, train, validation, test, features, kept, leak } = settings;
  const rng = new CounterRNG(seed, repeat);
  const total = train + validation + test;
  const words = Math.ceil(total / WORD);
  const labels = rng.fill(new Uint32Array(words));
  const all = rng.fill(new Uint32Array(features * words));
  const data = Array.from({ length: features }, (_, j) => all.subarray(j * words, (j + 1) * words));
  // Samples are tossed one like the other: the first n are as good a random training set as any.
  const chosen = best(association(data, labels, leak ? total : train), kept);
  const picked = chosen.map((j) => data[j]);
  const answer = nearestMean(picked, labels, train);
  const freshLabels = rng.fill(new Uint32Array(NEW / WORD));
  const fresh = picked.map(() => rng.fill(new Uint32Array(NEW / WORD)));
  return { chosen, scores: [
    accuracy(answer, picked, labels, train, train + validation),
    accuracy(answer, picked, labels, train + validation, total),
    accuracy(answer, fresh, freshLabels, 0, NEW),
  ] };
}

/**
 * Places of the largest values, the largest first; of equals the earlier.
 * @param {Float64Array} values @param {number} count
 */
function best(values, count) {
  /** @type {number[]} */
  const top = [];
  for (let j = 0; j < values.length; j++) {
    if (top.length === count && values[j] <= values[top[count - 1]]) continue;
    let at = Math.min(top.length, count - 1);
    for (; at > 0 && values[top[at - 1]] < values[j]; at--) top[at] = top[at - 1];
    top[at] = j;
  }
  return top;
}

/**
 * Mean and standard error of numbers; no error of fewer than two.
 * @param {number[]} values
 */
export function meanError(values) {
  const n = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const spread = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1);
  return { mean, error: n > 1 ? Math.sqrt(spread / n) : NaN };
}
