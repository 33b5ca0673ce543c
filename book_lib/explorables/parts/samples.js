// The three lattices of zoom out, grown from a seed: just below, at and just above the critical temperature.
// No DOM in here. The mirror of `samples`, `arrangement` and `levels` in book_lib/explorables/zoom.py.

import { SwendsenWang } from "../core/cluster.js";
import { majorityRule } from "../core/ising.js";
import { neighborCorrelation } from "../core/observables.js";
import { CounterRNG } from "../core/rng.js";

export const CRITICAL = 2 / Math.log(1 + Math.SQRT2);
export const TEMPERATURES = [2.21, CRITICAL, 2.33];
/** Cluster sweeps from all up until the lattice has forgotten it: a critical one takes longest. */
export const SWEEPS = [24, 45, 30];
export const AT = 1; // the place of the critical one in these lists
const SMALLEST = 6;

/** @typedef {{spins: Int8Array, size: number, magnetization: number, correlation: number}} Level */

/**
 * Grow the three lattices; yields the share that is done after every sweep.
 * @param {number} seed @param {number} size
 * @returns {Generator<number, Int8Array[], void>}
 */
export function* grow(seed, size) {
  const all = SWEEPS.reduce((sum, n) => sum + n, 0);
  const lattices = [];
  let done = 0;
  for (const [k, temperature] of TEMPERATURES.entries()) {
    const sampler = new SwendsenWang({ size, temperature, rng: new CounterRNG(seed, k) });
    for (let n = 0; n < SWEEPS[k]; n++) {
      sampler.sweep();
      yield ++done / all;
    }
    lattices.push(sampler.spins);
  }
  return lattices;
}

/** Which of the three stands at A, B and C. @param {number} seed */
export function arrangement(seed) {
  return [...new CounterRNG(seed, TEMPERATURES.length).permutation(TEMPERATURES.length)];
}

/**
 * A lattice and what the majority of each 3 × 3 block makes of it, again and again.
 * @param {Int8Array} spins @param {number} size
 * @returns {Level[]}
 */
export function levels(spins, size) {
  const all = [];
  for (;;) {
    let sum = 0;
    for (let i = 0; i < spins.length; i++) sum += spins[i];
    all.push({ spins, size, magnetization: sum / spins.length, correlation: neighborCorrelation(spins, size) });
    if (size / 3 < SMALLEST) return all;
    spins = majorityRule(spins, size);
    size /= 3;
  }
}

/**
 * The middle of a lattice, so that every zoom shows equally many spins.
 * @param {Level} level @param {number} window
 * @returns {{spins: Int8Array, size: number}}
 */
export function crop({ spins, size }, window) {
  if (size <= window) return { spins, size };
  const part = new Int8Array(window * window);
  const edge = (size - window) / 2;
  for (let r = 0; r < window; r++) part.set(spins.subarray((edge + r) * size + edge, (edge + r) * size + edge + window), r * window);
  return { spins: part, size: window };
}
