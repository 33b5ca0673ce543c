// The village behind the explorable: who knows whom, who thinks what, and what one house makes of its friends.
// No DOM in here: a test can run it under Node.

import { Village, gridGraph, rewire, ringGraph } from "../core/ising.js";
import { Settled } from "../core/measure.js";
import { staggeredMagnetization } from "../core/observables.js";
import { CounterRNG } from "../core/rng.js";

export const SIDE = 10;
export const HOUSES = SIDE * SIDE;
const REWIRING = 1; // stream of the random numbers that choose new friends; opinions draw from stream 0

/** @typedef {import("../core/graph.js").Neighbors} Neighbors */
/**
 * @typedef {{friends: string, rewiring: number, temperature: number, coupling: number, field: number,
 *     seed: number}} Settings
 */

/** @param {Settings} settings @returns {Neighbors} who knows whom */
export function friendships({ friends, rewiring, seed }) {
  return rewire(friends === "grid" ? gridGraph(SIDE) : ringGraph(HOUSES, 4), rewiring, new CounterRNG(seed, REWIRING));
}

/** @param {Settings} settings */
function found({ temperature, coupling, field, seed, ...rest }) {
  const neighbors = friendships({ temperature, coupling, field, seed, ...rest });
  return new Village({ neighbors, temperature, coupling, field, seed });
}

export class Votes {
  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = { ...settings };
    this.village = found(settings);
    this.average = new Settled();
    this.days = 0;
  }

  /** Everybody tosses a coin; the clock goes back to day 0. @param {Settings} settings */
  restart(settings) {
    this.settings = { ...settings };
    this.village = found(settings);
    this.average.reset();
    this.days = 0;
  }

  get neighbors() {
    return this.village.neighbors;
  }

  /** New settings; opinions stay, and averaging begins anew. @param {Partial<Settings>} change */
  turn(change) {
    const before = this.settings;
    this.settings = { ...before, ...change };
    const { temperature, coupling, field, friends, rewiring } = this.settings;
    if (friends !== before.friends || rewiring !== before.rewiring) this.village.neighbors = friendships(this.settings);
    Object.assign(this.village, { temperature, coupling, field });
    this.average.reset();
  }

  /** Live n days: a day is as many second thoughts as there are houses, each at a random house. @param {number} n */
  live(n) {
    for (let k = 0; k < n; k++) {
      this.village.sweep(1);
      this.days++;
      this.average.add(this.mean());
    }
  }

  get opinions() {
    return this.village.opinions;
  }

  mean() {
    return this.village.magnetization();
  }

  /** Share of friendships whose two houses agree. */
  agreement() {
    return this.village.agreement();
  }

  /** |order| of the checkerboard, 0 … 1; it has a meaning on the grid only. @returns {number | null} */
  checkerboard() {
    return this.settings.friends === "grid" ? Math.abs(staggeredMagnetization(this.opinions, SIDE)) : null;
  }

  /** The mean opinion of a village without friends: tanh(h/T). */
  alone() {
    return Math.tanh(this.settings.field / this.settings.temperature);
  }

  /**
   * What a house would make of its friends and the campaign.
   * @param {number} i  from 0
   */
  reasons(i) {
    const { temperature, coupling, field } = this.settings;
    const friends = this.neighbors[i];
    const yes = friends.filter((j) => this.opinions[j] > 0).length;
    const pull = coupling * (2 * yes - friends.length) + field;
    const probability = 1 / (1 + Math.exp((-2 * pull) / temperature));
    return { says: this.opinions[i], friends: friends.length, yes, pull, probability };
  }
}

/** Where the houses stand, in a box of side 1. @param {string} friends @returns {[number, number][]} */
export function places(friends) {
  return Array.from({ length: HOUSES }, (_, i) => {
    if (friends === "grid") return [((i % SIDE) + 0.5) / SIDE, (Math.floor(i / SIDE) + 0.5) / SIDE];
    const angle = (2 * Math.PI * i) / HOUSES - Math.PI / 2;
    return [0.5 + 0.455 * Math.cos(angle), 0.5 + 0.455 * Math.sin(angle)];
  });
}

/** Every friendship once. @param {Neighbors} neighbors */
export function pairs(neighbors) {
  return neighbors.flatMap((friends, i) => friends.filter((j) => j > i).map((j) => [i, j]));
}

/**
 * Every friendship once, as a curve in a picture of side 100.
 * @param {Neighbors} neighbors @param {string} friends
 */
export function friendLines(neighbors, friends) {
  const spots = places(friends).map(([x, y]) => /** @type {[number, number]} */ ([100 * x, 100 * y]));
  const line = (/** @type {number} */ i, /** @type {number} */ j) =>
    friends === "grid" ? gridLine(spots[i], spots[j]) : ringLine(i, j, spots);
  return pairs(neighbors).map(([i, j]) => ({ i, j, d: line(i, j) }));
}

/** @typedef {[number, number]} Spot */
/** @param {...number} numbers */
const join = (...numbers) => numbers.map((v) => Number(v.toFixed(2))).join(" ");

/**
 * Straight to the next house, over the rim to the other side of the torus, in a bow to everybody else.
 * @param {Spot} a @param {Spot} b
 */
function gridLine([ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const step = 100 / SIDE;
  const length = Math.hypot(dx, dy);
  if (length < 1.01 * step) return `M${join(ax, ay)}L${join(bx, by)}`;
  if (length > 100 - 1.01 * step && Math.min(Math.abs(dx), Math.abs(dy)) < 0.01) {
    const [ux, uy] = [(dx / length) * 0.5 * step, (dy / length) * 0.5 * step];
    return `M${join(ax, ay)}L${join(ax - ux, ay - uy)}M${join(bx, by)}L${join(bx + ux, by + uy)}`;
  }
  return `M${join(ax, ay)}Q${join((ax + bx) / 2 - 0.12 * dy, (ay + by) / 2 + 0.12 * dx, bx, by)}`;
}

/**
 * Round the outside to the next but one, as a chord to everybody else.
 * @param {number} i @param {number} j @param {Spot[]} spots
 */
function ringLine(i, j, spots) {
  const [a, b] = [spots[i], spots[j]];
  const apart = Math.min(j - i, HOUSES - (j - i));
  if (apart !== 2) return `M${join(...a)}L${join(...b)}`;
  const [mx, my] = [(a[0] + b[0]) / 2 - 50, (a[1] + b[1]) / 2 - 50];
  return `M${join(...a)}Q${join(50 + 1.14 * mx, 50 + 1.14 * my, ...b)}`;
}
