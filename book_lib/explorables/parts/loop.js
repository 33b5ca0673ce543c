// The experiment behind hysteresis: one or more magnets in the same swept field, and what their loops enclose.
// No DOM in here: a test can run it under Node.

import { HysteresisSweep } from "../core/ising.js";
import { CounterRNG } from "../core/rng.js";

/**
 * @typedef {{size: number, temperature: number, sweeps_per_step: number, repeats: number, amplitude: number,
 *     steps: number, seed: number}} Settings
 */
/** @typedef {{up: number[], down: number[]}} Loop  up at rising, down at falling fields: both in order of time */
/** @typedef {{temperature: number, sweeps_per_step: number, loops: number, area: number, error: number | null}} Row */

export class Run {
  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = { ...settings };
    this.magnets = sweeps(settings);
    /** @type {number[]} of all loops finished since the start */
    this.areas = [];
  }

  /** Begin anew: the same settings and seed give the same loops again. @param {Settings} settings */
  restart(settings) {
    this.settings = { ...settings };
    this.magnets = sweeps(settings);
    this.areas = [];
  }

  /** All fields of a branch, rising. */
  get fields() {
    return this.magnets[0].fields;
  }

  /**
   * One step of the field, for all magnets. After the end of a loop it is the first step of the next.
   * @returns {boolean} whether it closed the loops
   */
  step() {
    if (this.done) for (const magnet of this.magnets) magnet.restart();
    for (const magnet of this.magnets) magnet.step();
    if (this.done) this.areas.push(...this.magnets.map((magnet) => this.gap(magnet)));
    return this.done;
  }

  /** Steps taken in the present loop, 0 … 2·steps. */
  get taken() {
    return this.magnets[0].index;
  }

  get done() {
    return this.magnets[0].done;
  }

  get spins() {
    return this.magnets[0].spins;
  }

  /** The field now; at the start the lowest. */
  get field() {
    return this.magnets[0].field;
  }

  /** Mean spin now, over all magnets. */
  get magnetization() {
    const { up, down } = this.mean();
    return down.at(-1) ?? up.at(-1) ?? -1;
  }

  /** Mean over the magnets, as far as the field has come. @returns {Loop} */
  mean() {
    const n = this.magnets.length;
    const average = (/** @type {"up" | "down"} */ branch) =>
      this.magnets[0][branch].map((_, i) => this.magnets.reduce((sum, magnet) => sum + magnet[branch][i], 0) / n);
    return { up: average("up"), down: average("down") };
  }

  /**
   * ∫ (down − up) dh by trapezoids, as far as the falling branch has come.
   * @param {Loop} loop
   */
  gap({ up, down }) {
    const last = this.settings.steps - 1;
    const gaps = down.map((m, i) => m - up[last - i]);
    return gaps.reduce((sum, g, i) =>
      (i ? sum + ((g + gaps[i - 1]) / 2) * (this.fields[last - i + 1] - this.fields[last - i]) : 0), 0);
  }

  /** Area of the mean loop, as far as it has closed. */
  get area() {
    return this.gap(this.mean());
  }

  /** All finished loops as one line of the reader's table. @returns {Row | null} */
  row() {
    const n = this.areas.length;
    if (!n) return null;
    const { temperature, sweeps_per_step } = this.settings;
    const area = this.areas.reduce((a, b) => a + b, 0) / n;
    const spread = this.areas.reduce((sum, a) => sum + (a - area) ** 2, 0) / (n - 1);
    return { temperature, sweeps_per_step, loops: n, area, error: n > 1 ? Math.sqrt(spread / n) : null };
  }
}

/** One magnet for each repeat, with a stream of random numbers of its own. @param {Settings} settings */
function sweeps({ size, temperature, sweeps_per_step: sweepsPerStep, amplitude, steps, seed, repeats }) {
  return Array.from({ length: repeats }, (_, stream) =>
    new HysteresisSweep({ size, temperature, amplitude, steps, sweepsPerStep, rng: new CounterRNG(seed, stream) }));
}

/**
 * The reader's table with a line put in: one line for each temperature and rate, in order.
 * @param {Row[]} rows @param {Row} row @returns {Row[]}
 */
export function collect(rows, row) {
  const same = (/** @type {Row} */ r) => r.temperature === row.temperature && r.sweeps_per_step === row.sweeps_per_step;
  return [...rows.filter((r) => !same(r)), row].sort(
    (a, b) => a.temperature - b.temperature || a.sweeps_per_step - b.sweeps_per_step);
}
