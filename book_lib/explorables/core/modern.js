// The modern Hopfield network, whose update is attention: book_lib.hopfield.modern_update in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/modern.json.

import { softmax } from "./softmax.js";

export const CLOSE = 1e-9; // a step so short is none
const SURE = 0.95; // weight from which one pattern is recalled

/** @typedef {ArrayLike<number>} Vector */

/** x·ξ for each pattern. @param {Vector[]} patterns @param {Vector} state */
const scores = (patterns, state) => patterns.map((x) => {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * state[i];
  return sum;
});

/** p = softmax(βXξ). @param {Vector[]} patterns @param {Vector} state @param {number} beta */
export const weights = (patterns, state, beta) => softmax(scores(patterns, state), 1 / beta);

/** ξ′ = Xᵀ softmax(βXξ). @param {Vector[]} patterns @param {Vector} state @param {number} beta @returns {number[]} */
export function update(patterns, state, beta) {
  const p = weights(patterns, state, beta);
  return Array.from(state, (_, i) => patterns.reduce((sum, x, k) => sum + p[k] * x[i], 0));
}

/** E = −(1/β) ln Σ e^{βx·ξ} + ½|ξ|². @param {Vector[]} patterns @param {Vector} state @param {number} beta */
export function energy(patterns, state, beta) {
  const z = scores(patterns, state).map((v) => beta * v);
  const top = Math.max(...z);
  const sum = z.reduce((total, v) => total + Math.exp(v - top), 0);
  return Array.from(state).reduce((total, v) => total + v * v, 0) / 2 - (top + Math.log(sum)) / beta;
}

/** On from a state: one update after the other, until it rests. */
export class Descent {
  /** @param {Vector[]} patterns @param {Vector} start @param {number} beta */
  constructor(patterns, start, beta) {
    this.patterns = patterns;
    this.beta = beta;
    /** @type {number[][]} */
    this.path = [Array.from(start)];
    this.rest = false;
  }

  get state() {
    return this.path[this.path.length - 1];
  }

  get updates() {
    return this.path.length - 1;
  }

  /** @param {number} count @param {number} [most]  updates in all */
  step(count, most = Infinity) {
    for (let k = 0; k < count && !this.rest && this.updates < most; k++) {
      const next = update(this.patterns, this.state, this.beta);
      this.rest = Math.hypot(...next.map((v, i) => v - this.state[i])) < CLOSE;
      this.path.push(next);
    }
  }
}

/** "one" where a pattern has 0.95 or more, "mean" where all are within a fifth of equal shares, else "between". @param {ArrayLike<number>} p */
export function verdict(p) {
  const all = Array.from(p);
  if (Math.max(...all) >= SURE) return "one";
  return Math.max(...all.map((v) => Math.abs(v * all.length - 1))) <= 0.2 ? "mean" : "between";
}
