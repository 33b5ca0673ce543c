// MinHash: signatures, bands, the S-curve, and pairs of documents to measure it on: book_lib.pipeline.data in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/minhash.json.

import { finite, integer } from "./checks.js";
import { CounterRNG } from "./rng.js";
import { jaccard, shinglesOf } from "./shingles.js";

/** @typedef {{a: Float64Array, b: Float64Array}} Family  hash functions h(x) = (ax + b) mod p */
/** @typedef {{similarity: number, agree: Uint8Array}} Pair  Jaccard similarity, and where the signatures agree */
/** @typedef {{mean: number, share: number, count: number}} Bin */
/** @typedef {{found: number, missed: number, idle: number, spared: number}} Counts  idle: compared, and not alike enough */

export const PRIME = 2 ** 31 - 1;
export const HASHES = 512; // of a pair, as in minhash_curve.py
export const BINS = 20;
const RUN = 5; // words of a shingle of the pairs
const SLICES = 1000;

/** As many hash functions, as the library's `minhash` draws them. @param {number} seed @param {number} [count] @returns {Family} */
export function familyOf(seed, count = HASHES) {
  integer("count", count, 1, 65_536);
  const rng = new CounterRNG(seed);
  const a = Float64Array.from({ length: count }, () => 1 + rng.integers(PRIME - 1));
  return { a, b: Float64Array.from({ length: count }, () => rng.integers(PRIME)) };
}

/** All bits mixed into all others: the last steps of SplitMix64. @param {bigint} x */
export function stirred(x) {
  x ^= x >> 30n;
  x = BigInt.asUintN(64, x * 0xbf58476d1ce4e5b9n);
  x ^= x >> 27n;
  x = BigInt.asUintN(64, x * 0x94d049bb133111ebn);
  return x ^ (x >> 31n);
}

/** The remainder modulo p of a whole number below 2^53. @param {number} v */
function reduced(v) {
  const high = Math.floor(v / 2 ** 31); // 2^31 ≡ 1 (mod p)
  const sum = v - high * 2 ** 31 + high;
  return sum >= PRIME ? sum - PRIME : sum;
}

/**
 * The smallest (ax + b) mod p under each function; p for no shingles.
 * @param {Iterable<bigint>} shingles @param {Family} family
 * @returns {Float64Array}
 */
export function signatureOf(shingles, { a, b }) {
  const x = Float64Array.from([...shingles], (one) => Number(stirred(one) % BigInt(PRIME)));
  const high = x.map((v) => Math.floor(v / 65536)); // a product of two numbers of 31 bits does not fit into a double
  const low = x.map((v, i) => v - 65536 * high[i]);
  const minima = new Float64Array(a.length).fill(PRIME);
  for (let k = 0; k < a.length; k++) {
    let least = PRIME;
    for (let i = 0; i < x.length; i++) {
      const value = reduced(reduced(a[k] * high[i]) * 65536 + a[k] * low[i] + b[k]);
      if (value < least) least = value;
    }
    minima[k] = least;
  }
  return minima;
}

/** 1 where two signatures are the same. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export const agreement = (a, b) => Uint8Array.from(a, (v, k) => (v === b[k] ? 1 : 0));

/** The share of equal entries among the first `count`: it estimates J. @param {Uint8Array} agree @param {number} count */
export const estimated = (agree, count) => agree.subarray(0, count).reduce((sum, v) => sum + v, 0) / count;

/** Which of b bands agree in all r entries. @param {Uint8Array} agree @param {number} bands @param {number} rows @returns {boolean[]} */
export function fullBands(agree, bands, rows) {
  if (bands * rows > agree.length) throw new RangeError(`bands · rows must be at most ${agree.length}, got ${bands} · ${rows}`);
  return Array.from({ length: bands }, (_, k) => agree.subarray(k * rows, (k + 1) * rows).every((v) => v === 1));
}

/** Whether one band agrees as a whole: then the pair is compared. @param {Uint8Array} agree @param {number} bands @param {number} rows */
export function isCandidate(agree, bands, rows) {
  for (let start = 0; start < bands * rows; start += rows) {
    let k = start;
    while (k < start + rows && agree[k] === 1) k += 1;
    if (k === start + rows) return true;
  }
  return false;
}

/** 1 − (1 − s^r)^b. @param {number} s @param {number} bands @param {number} rows */
export function sCurve(s, bands, rows) {
  if (finite("s", s) < 0 || s > 1) throw new RangeError(`s must lie in 0 ... 1, got ${s}`);
  return -Math.expm1(integer("bands", bands, 1) * Math.log1p(-(s ** integer("rows", rows, 1))));
}

/** Near where the curve is steepest: (1/b)^(1/r). @param {number} bands @param {number} rows */
export const steepest = (bands, rows) => (1 / bands) ** (1 / rows);

/**
 * Of pairs whose similarity is spread evenly: which share at or above t is never compared, and which below t is.
 * @param {number} bands @param {number} rows @param {number} t  between 0 and 1
 */
export function errorsOf(bands, rows, t) {
  let [missed, idle] = [0, 0];
  for (let k = 0; k < SLICES; k++) {
    const at = (k + 0.5) / SLICES;
    idle += sCurve(t * at, bands, rows);
    missed += 1 - sCurve(t + (1 - t) * at, bands, rows);
  }
  return { missed: missed / SLICES, idle: idle / SLICES };
}

/**
 * The words of pair number k: a passage, and a copy whose end is another's, so that c of n shingles stay.
 * @param {string[][]} passages  as many words each @param {number} seed @param {number} k
 */
export function pairOf(passages, seed, k) {
  const rng = new CounterRNG(seed, k);
  const i = rng.integers(passages.length);
  const other = rng.integers(passages.length - 1);
  const percent = rng.integers(101); // the similarity aimed at
  const [first, second] = [passages[i], passages[other + (other >= i ? 1 : 0)]];
  const n = first.length - RUN + 1;
  const common = Math.floor((4 * n * percent + 100 + percent) / (2 * (100 + percent))); // J = c/(2n − c), rounded
  const kept = common ? common + RUN - 1 : 0;
  return { first, second: [...first.slice(0, kept), ...second.slice(kept)], hashSeed: rng.uint32() };
}

/** A growing sample of pairs, each with hash functions of its own. */
export class Pairs {
  /** @param {string[][]} passages @param {number} seed */
  constructor(passages, seed) {
    this.passages = passages;
    this.seed = seed;
    /** @type {Pair[]} */
    this.all = [];
  }

  /** @param {number} count */
  reach(count) {
    while (this.all.length < count) {
      const { first, second, hashSeed } = pairOf(this.passages, this.seed, this.all.length);
      const sets = [first, second].map((words) => new Set(shinglesOf(words, RUN)));
      const family = familyOf(hashSeed);
      const [a, b] = sets.map((set) => signatureOf(set, family));
      this.all.push({ similarity: jaccard(sets[0], sets[1]), agree: agreement(a, b) });
    }
    return this;
  }
}

/**
 * What became of pairs: the share of candidates by similarity, and the four counts at a threshold.
 * @param {Pair[]} pairs @param {number} bands @param {number} rows @param {number} threshold
 * @returns {{bins: Bin[], counts: Counts}}
 */
export function measured(pairs, bands, rows, threshold) {
  const bins = Array.from({ length: BINS }, () => ({ sum: 0, hits: 0, count: 0 }));
  const counts = { found: 0, missed: 0, idle: 0, spared: 0 };
  for (const { similarity, agree } of pairs) {
    const hit = isCandidate(agree, bands, rows);
    const bin = bins[Math.min(BINS - 1, Math.floor(similarity * BINS))];
    bin.sum += similarity;
    bin.hits += hit ? 1 : 0;
    bin.count += 1;
    counts[similarity >= threshold ? (hit ? "found" : "missed") : hit ? "idle" : "spared"] += 1;
  }
  return { bins: bins.filter(({ count }) => count).map(({ sum, hits, count }) => ({ mean: sum / count, share: hits / count, count })), counts };
}
