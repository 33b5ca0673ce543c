// Two wells and walkers under noisy gradient descent: `Wells` and `scheduled` of book_lib/explorables/learning_rate_temperature.py
// and `noisy_descent` of book_lib.optimization.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/wells.json.

import { finite, integer, positive } from "./checks.js";
import { CounterRNG } from "./rng.js";

/** @typedef {{depth: number, width: number}} Shape  how much deeper the narrow well is, and its half-width */

export const WIDE = 3; // half-width of the wide well, whose depth is 1
export const LENGTH = 40_000; // steps of a run under a drawn schedule
export const NOISE = 16; // standard deviation of the gradient of a single example
const WORD = 2 ** 32;
const FROM = -24;
const CELL = 0.01;
const CELLS = 4801; // of the grid on which e^(−E/T) is summed

/** E(w) of two wells that meet at w = 0 with energy 0; outside their bottoms they are parabolas. @param {number} w @param {Shape} shape */
export function energy(w, { depth, width }) {
  const [h, x] = w > 0 ? [1 + depth, width] : [1, WIDE];
  const u = Math.abs(w) / x;
  return u < 1 ? h * (u * u * (u * u - 2)) : 4 * h * ((u - 1) * (u - 1)) - h;
}

/** dE/dw. @param {number} w @param {Shape} shape */
export function slope(w, { depth, width }) {
  const h = w > 0 ? 1 + depth : 1;
  const x = w > 0 ? width : WIDE;
  const u = w / x;
  return Math.abs(u) < 1 ? ((4 * h) / x) * (u * (u * u - 1)) : ((8 * h) / x) * (u - Math.sign(u));
}

/** Curvatures 8h/x² at the bottom of the wide and of the narrow well. @param {Shape} shape @returns {[number, number]} */
export function curvatures({ depth, width }) {
  return [8 / WIDE ** 2, (8 * (1 + depth)) / width ** 2];
}

/**
 * T = ησ²/(2 − ηa), the exact stationary temperature on a parabola of curvature a; Infinity where ηa ≥ 2.
 * @param {number} rate @param {number} noise  σ, the standard deviation of the gradient @param {number} [curvature]  0: of small steps
 */
export function stationaryTemperature(rate, noise, curvature = 0) {
  positive("rate", rate);
  return rate * curvature < 2 ? (rate * noise ** 2) / (2 - rate * curvature) : Infinity;
}

/**
 * The law e^(−E/T) summed over cells: `share` of the narrow well, `between(a, b)` of an interval. And `relaxation`: the
 * time, in steps times η, in which small steps forget in which well they began (see `Wells.relaxation` in Python).
 * @param {Shape} shape @param {number} temperature
 */
export function law(shape, temperature) {
  positive("temperature", temperature);
  const weight = (/** @type {number} */ w) => Math.exp(-(energy(w, shape) + 1 + shape.depth) / temperature);
  const running = new Float64Array(CELLS + 1); // running[i]: all cells before the i-th
  let right = 0;
  for (let i = 0; i < CELLS; i++) {
    const one = weight(FROM + i * CELL);
    running[i + 1] = running[i] + one;
    if (2 * i >= CELLS - 1) right += 2 * i === CELLS - 1 ? one / 2 : one; // half of the cell at w = 0 lies on each side
  }
  const all = running[CELLS];
  const hop = Math.exp(-(1 + shape.depth) / temperature); // 0 where it is too cold for numbers, and for walkers
  const cell = (/** @type {number} */ w) => Math.round((w - FROM) / CELL);
  let barrier = 0;
  for (let i = cell(-WIDE); i <= cell(shape.width); i++) barrier += Math.exp(energy(FROM + i * CELL, shape) / temperature);
  const below = (/** @type {number} */ w) => {
    const at = Math.min(CELLS, Math.max(0, (w - FROM) / CELL + 0.5));
    const whole = Math.min(CELLS - 1, Math.floor(at));
    return running[whole] + (at - whole) * (running[whole + 1] - running[whole]);
  };
  return {
    share: right / all,
    relaxation: hop ? (barrier * CELL * CELL) / (temperature * hop * (1 / (all - right) + 1 / right)) : Infinity,
    between: (/** @type {number} */ a, /** @type {number} */ b) => (below(b) - below(a)) / all,
  };
}

/**
 * The learning rate of one step of a drawn schedule: straight lines between evenly spread points.
 * @param {ArrayLike<number>} drawn @param {number} step  0 … LENGTH − 1
 */
export function scheduledRate(drawn, step) {
  const at = (step * (drawn.length - 1)) / LENGTH;
  const low = Math.floor(at);
  return drawn[low] + (at - low) * (drawn[low + 1] - drawn[low]);
}

/** Walkers that take noisy steps down the energy: w ← w − η(E′(w) + σξ), with one normal number a walker and step. */
export class Walkers {
  /** @param {{shape: Shape, count: number, seed: number}} options */
  constructor({ shape, count, seed }) {
    finite("depth", shape.depth);
    positive("width", shape.width);
    this.shape = shape;
    this.rng = new CounterRNG(seed);
    this.words = new Uint32Array(2 * integer("count", count, 1));
    this.steps = 0;
    const [low, high] = [-1.5 * WIDE, 1.5 * shape.width];
    this.w = Float64Array.from({ length: count }, (_, i) => low + ((high - low) * (i + 0.5)) / count);
  }

  /** One step of all. @param {number} rate  η @param {number} noise  σ */
  step(rate, noise) {
    const { w, words, shape } = this;
    this.rng.fill(words);
    for (let i = 0; i < w.length; i++) {
      const radius = Math.sqrt(-2 * Math.log((words[2 * i] + 1) / WORD));
      const xi = radius * Math.cos(2 * Math.PI * (words[2 * i + 1] / WORD));
      w[i] -= rate * (slope(w[i], shape) + noise * xi);
    }
    this.steps++;
  }

  /** Part of the walkers in the narrow well. */
  get deep() {
    return this.w.reduce((sum, w) => sum + Number(w > 0), 0) / this.w.length;
  }

  /** Parts in cells of equal width from `from`; those outside are in none. @param {number} from @param {number} width @param {number} count */
  histogram(from, width, count) {
    const parts = new Float64Array(count);
    for (const w of this.w) {
      const at = Math.floor((w - from) / width);
      if (at >= 0 && at < count) parts[at] += 1 / this.w.length;
    }
    return parts;
  }
}

/**
 * Half the sum of |p − q|: what of one law must be moved to make the other.
 * @param {ArrayLike<number>} p @param {ArrayLike<number>} q
 */
export function distance(p, q) {
  return Array.from(p).reduce((sum, v, i) => sum + Math.abs(v - q[i]), 0) / 2;
}

/** What `distance` is on average between a law and n fair draws from it. @param {ArrayLike<number>} p @param {number} n */
export function fairDistance(p, n) {
  return Array.from(p).reduce((sum, v) => sum + Math.sqrt((2 * v * (1 - v)) / (Math.PI * n)), 0) / 2;
}
