// One search on a stair of cumulative sums, taken step by step, and the tally of many. No DOM in here.

import { chiSquare, comparisons, lowerBound, stair, upperBound } from "../core/cumulative.js";
import { CounterRNG } from "../core/rng.js";

/** @typedef {{p: number[], rule: string, bits: string, seed: number}} Settings  the traits of cumulative_sampler.py */

const COARSE = 16; // values of u when it has 4 bits

export class Search {
  /** @param {Settings} settings @param {number} u */
  constructor(settings, u) {
    this.rng = new CounterRNG(settings.seed);
    this.upper = settings.rule === "upper";
    this.coarse = settings.bits === "4";
    this.levels = stair(settings.p);
    const all = this.levels[this.levels.length - 1];
    this.p = settings.p.map((v) => v / all);
    this.counts = settings.p.map(() => 0);
    this.draws = 0;
    this.u = u;
    /** Whether u was drawn and is still to be counted. */
    this.pending = false;
    this.all = comparisons(this.levels, u, this.upper);
    this.shown = this.all.length;
  }

  /** Look u up, all comparisons at once, without counting it. @param {number} u */
  look(u) {
    this.u = u;
    this.pending = false;
    this.all = comparisons(this.levels, u, this.upper);
    this.shown = this.all.length;
  }

  /** The comparisons made so far. */
  get made() {
    return this.all.slice(0, this.shown);
  }

  get done() {
    return this.shown === this.all.length;
  }

  /** The outcome of u; −1 when no step is high enough. */
  get outcome() {
    return (this.upper ? upperBound : lowerBound)(this.levels, this.u);
  }

  uniform() {
    return this.coarse ? Math.floor(this.rng.random() * COARSE) / COARSE : this.rng.random();
  }

  /** One comparison; or the next u, when the search before it has ended. */
  step() {
    if (this.done) {
      this.look(this.uniform());
      this.pending = true;
      this.shown = 0;
    } else if (++this.shown === this.all.length) this.count();
  }

  count() {
    if (!this.pending) return;
    this.pending = false;
    this.draws++;
    this.counts[this.outcome]++;
  }

  /** @param {number} n whole searches */
  draw(n) {
    this.count();
    for (let k = 0; k < n; k++) {
      this.u = this.uniform();
      this.draws++;
      this.counts[this.outcome]++;
    }
    this.look(this.u);
  }

  get fit() {
    return chiSquare(this.counts, this.p);
  }
}
