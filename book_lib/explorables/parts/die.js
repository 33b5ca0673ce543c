// Rolls of a three-faced die, in order, and the counts that are all the likelihood wants to know. No DOM in here.

import { stair, upperBound } from "../core/cumulative.js";
import { CounterRNG } from "../core/rng.js";

export const TRUE = [0.2, 0.5, 0.3]; // the hidden die, as in die_simplex.py
export const MOST = 999;
const ORDER = 1; // stream of the random numbers that shuffle; rolls draw from stream 0

export class Rolls {
  /** @param {ArrayLike<number>} counts @param {number} seed */
  constructor(counts, seed) {
    this.rng = new CounterRNG(seed);
    this.cards = new CounterRNG(seed, ORDER);
    /** Faces 0, 1 or 2, the first roll first. @type {number[]} */
    this.order = [];
    this.follow(counts);
  }

  get counts() {
    return [0, 1, 2].map((face) => this.order.filter((one) => one === face).length);
  }

  /** Make the rolls agree with new counts: more come last, in any order, fewer lose the latest. @param {ArrayLike<number>} counts */
  follow(counts) {
    const late = [];
    for (let face = 0; face < 3; face++) {
      for (let missing = counts[face] - this.counts[face]; missing > 0; missing--) late.push(face);
      for (let extra = this.counts[face] - counts[face]; extra > 0; extra--) this.order.splice(this.order.lastIndexOf(face), 1);
    }
    for (const i of this.cards.permutation(late.length)) this.order.push(late[i]);
  }

  /** Roll the hidden die; stops where a count would pass its limit. @param {number} n */
  roll(n) {
    const counts = this.counts;
    for (; n > 0; n--) {
      const face = upperBound(stair(TRUE), this.rng.random());
      if (counts[face] === MOST) return;
      counts[face]++;
      this.order.push(face);
    }
  }

  shuffle() {
    this.order = Array.from(this.cards.permutation(this.order.length), (i) => this.order[i]);
  }

  /** −Σ ln p of the rolls, one after the other. @param {ArrayLike<number>} p */
  nll(p) {
    return this.order.reduce((sum, face) => sum - Math.log(p[face]), 0);
  }
}
