// A growing sample from one of four laws: its histogram and its moments. No DOM in here.

import { bernoulli, categorical, normal, uniform } from "../core/laws.js";
import { CounterRNG } from "../core/rng.js";

/** @typedef {import("../core/laws.js").Law} Law */
/** @typedef {Record<string, any>} Settings  the traits of four_laws.py */

export const MOST = 100_000; // draws that are kept, as in four_laws.py
const BINS_PER_SPREAD = 4;

/** The law that the settings name. @param {Settings} s @returns {Law} */
export function lawOf(s) {
  if (s.law === "normal") return normal(s.mean, s.standard_deviation);
  if (s.law === "uniform") return uniform(s.low, s.low + s.width);
  return s.law === "bernoulli" ? bernoulli(s.heads) : categorical(s.faces, 1);
}

/**
 * Change one of several probabilities; the others share what is left in the proportions they had.
 * @param {number[]} p @param {number} i @param {number} value
 */
export function share(p, i, value) {
  const rest = 1 - p[i];
  return p.map((v, k) => (k === i ? value : rest > 1e-9 ? (v / rest) * (1 - value) : (1 - value) / (p.length - 1)));
}

/** Draws of one law by one seed. */
export class Sample {
  /** @param {Law} law @param {number} seed */
  constructor(law, seed) {
    this.law = law;
    this.rng = new CounterRNG(seed);
    this.values = new Float64Array(MOST);
    this.n = 0;
    this.sum = 0; // of x − μ, with the law's μ: so no digits are lost
    this.squares = 0;
    this.surprise = 0;
    /** Width of a bin of the histogram; whole bins fit between the ends of a box. */
    this.bin = law.discrete ? 1 : Math.sqrt(law.variance * 12) / (4 * BINS_PER_SPREAD);
    this.origin = law.discrete ? -0.5 : law.mean - 2 * BINS_PER_SPREAD * this.bin;
    /** @type {Map<number, number>} */
    this.counts = new Map();
  }

  /** @param {number} count */
  draw(count) {
    const { law, rng, counts, origin, bin } = this;
    for (let k = Math.min(count, MOST - this.n); k > 0; k--) {
      const x = law.sample(rng);
      this.values[this.n++] = x;
      this.sum += x - law.mean;
      this.squares += (x - law.mean) ** 2;
      this.surprise -= law.logProb(x);
      const at = Math.floor((x - origin) / bin);
      counts.set(at, (counts.get(at) ?? 0) + 1);
    }
  }

  get mean() {
    return this.n ? this.law.mean + this.sum / this.n : NaN;
  }

  /** Around the sample's mean, divided by n. */
  get variance() {
    return this.n ? this.squares / this.n - (this.sum / this.n) ** 2 : NaN;
  }

  /** Mean surprise −ln p(x) of the draws, which the law of large numbers takes to the entropy. */
  get entropy() {
    return this.n ? this.surprise / this.n : NaN;
  }

  /** Share of the draws with a ≤ x ≤ b. @param {number} a @param {number} b */
  between(a, b) {
    let inside = 0;
    for (let i = 0; i < this.n; i++) if (this.values[i] >= a && this.values[i] <= b) inside++;
    return this.n ? inside / this.n : NaN;
  }

  /** [left end, width, height] of the bins: areas, or heights of masses, that sum to 1. @returns {[number, number, number][]} */
  histogram() {
    const { bin, origin, n } = this;
    return [...this.counts].sort(([a], [b]) => a - b).map(([at, count]) => [origin + at * bin, bin, count / (n * bin)]);
  }
}
