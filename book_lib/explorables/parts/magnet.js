// The simulation behind the lattice: an Ising model, what is measured on it, and the schedule that heats it.
// No DOM in here: a test can run it under Node.

import { meanFieldMagnetization, onsagerEnergy, onsagerMagnetization } from "../core/ising.js";
import { isingFor, suited } from "../core/ising_packed.js";
import { Settled } from "../core/measure.js";

/**
 * @typedef {{temperature: number, field: number, coupling: number, size: number, algorithm: string, start: string,
 *     seed: number}} Settings
 * @typedef {{temperature: number, order: number, orderError: number, energy: number, energyError: number,
 *     sweeps: number}} Measured
 * @typedef {[number, number]} Pair  order parameter, energy per spin
 */

export const FEWEST_SWEEPS = 64; // an average over fewer is not worth a point
export const PER_TEMPERATURE = 256; // sweeps at each temperature of the heating run: averaged are the last 128

/** Temperatures of the heating run, in units of |J|: closer together where something happens. */
export const LADDER = [
  0.4, 0.8, 1.2, 1.5, 1.7, 1.9, 2, 2.1, 2.15, 2.2, 2.25, 2.3, 2.35, 2.4, 2.5, 2.6, 2.8, 3, 3.3, 3.6, 4, 4.5, 5,
];

export class Magnet {
  /** @param {Settings} settings */
  constructor(settings) {
    this.order = new Settled();
    this.energy = new Settled();
    this.state = { order: 0, energy: 0 };
    /** @type {Measured[]} */
    this.points = [];
    this.settings = { ...settings };
    this.ising = fresh(settings);
    this.sweeps = 0;
    this.look();
  }

  /** Back to the start, with these settings. @param {Settings} settings */
  restart(settings) {
    this.settings = { ...settings };
    this.ising = fresh(settings);
    this.sweeps = 0;
    this.unsettle();
    this.look();
  }

  /** Forget the averages: the law has changed under them. */
  unsettle() {
    this.order.reset();
    this.energy.reset();
  }

  /** @param {Partial<Settings>} change  temperature, field, coupling: the spins stay as they are */
  turn(change) {
    this.keepPoint();
    const before = { ...this.settings };
    Object.assign(this.settings, change);
    const { temperature, field, coupling } = this.settings;
    if (field !== before.field || coupling !== before.coupling) this.points = []; // points of another curve
    this.ising = suited(this.ising, { temperature, field, coupling });
    this.unsettle();
    this.look();
  }

  /** @param {number} n */
  sweep(n) {
    for (let k = 0; k < n; k++) {
      this.ising.sweep(1);
      this.sweeps++;
      const { order, energy } = this.look();
      this.order.add(order);
      this.energy.add(energy);
    }
  }

  /** The present state; call it after changing spins by hand. */
  look() {
    this.state.order = this.orderParameter();
    this.state.energy = this.ising.energyPerSpin();
    return this.state;
  }

  /** |m|; below J = 0, where neighbours prefer to differ, the same of every second spin turned over. */
  orderParameter() {
    const { ising, settings } = this;
    return Math.abs(settings.coupling < 0 ? ising.staggeredMagnetization() : ising.magnetization());
  }

  /** The average of now, worth a point or not yet. @returns {Measured | null} */
  measured() {
    if (!(this.order.n >= FEWEST_SWEEPS)) return null;
    return {
      temperature: this.settings.temperature,
      order: this.order.mean, orderError: this.order.error,
      energy: this.energy.mean, energyError: this.energy.error,
      sweeps: this.order.n,
    };
  }

  /** Leave the average of now on the plots, in place of an older one at the same temperature. */
  keepPoint() {
    const point = this.measured();
    if (!point) return;
    this.points = this.points.filter((p) => p.temperature !== point.temperature);
    this.points.push(point);
    this.points.sort((a, b) => a.temperature - b.temperature);
  }
}

/** @param {Settings} settings */
function fresh(settings) {
  const { size, temperature, field, coupling, algorithm, seed } = settings;
  const start = settings.start === "random" ? "random" : "up";
  const ising = isingFor({ size, temperature, field, coupling, algorithm, seed, start });
  if (settings.start === "ordered" && coupling < 0) checkerboard(ising.spins, size);
  return ising;
}

/** The ground state of J < 0. @param {Int8Array} spins @param {number} size */
export function checkerboard(spins, size) {
  for (let i = 0; i < spins.length; i++) spins[i] = (Math.floor(i / size) + (i % size)) % 2 ? -1 : 1;
}

/**
 * What theory says about the order parameter and the energy per spin, at one temperature.
 * @param {number} temperature @param {number} field @param {number} coupling
 * @returns {{exact: Pair | null, meanField: Pair | null}} null where no formula holds
 */
export function theory(temperature, field, coupling) {
  if (coupling === 0) {
    const m = Math.tanh(field / temperature); // free spins: mean field is exact
    return { exact: [Math.abs(m), -field * m], meanField: null };
  }
  const J = Math.abs(coupling);
  const onsager = () => /** @type {Pair} */ ([onsagerMagnetization(temperature, J), onsagerEnergy(temperature, J)]);
  const exact = field === 0 ? onsager() : null;
  if (coupling < 0 && field !== 0) return { exact, meanField: null };
  const m = Math.abs(meanFieldMagnetization(temperature, Math.abs(field), J));
  return { exact, meanField: [m, -2 * J * m * m - Math.abs(field) * m] };
}
