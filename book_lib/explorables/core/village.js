/**
 * Spins on a graph of friendships: a village that votes. The mirror of `book_lib.ising.Village`.
 *
 *   new Village({ neighbors, temperature, coupling = 1, field = 0, seed = 0, rng, start = "random" })
 *     .opinions       Int8Array of ±1, one a person (writable in place)
 *     .sweep(n = 1)   n occasions for everyone, on average, to reconsider; returns the village
 *     .temperature .coupling .field      settable
 *     .neighbors                         settable to another graph of as many people; opinions stay
 *     .magnetization()                   mean opinion
 *     .agreement()                       share of friendships whose ends agree (NaN without any)
 *     .energy()                          −J Σ s s′ − h Σ s
 *
 * `rng` (a CounterRNG) takes the place of `seed`. An occasion draws one word for the person and one for
 * the opinion; start "random" draws one word a person first.
 */

import { finite, oneOf, positive, spinArray } from "./checks.js";
import { checkNeighbors } from "./graph.js";
import { CounterRNG, scaled } from "./rng.js";
import { heatBathThresholds } from "./thresholds.js";

/**
 * The spins a model starts from.
 *
 * @param {string | ArrayLike<number>} start "random", "up", "down" or ±1 for each
 * @param {number} count @param {CounterRNG} rng
 * @returns {Int8Array}
 */
export function startSpins(start, count, rng) {
  if (typeof start !== "string") return spinArray("start", start, count);
  const spins = new Int8Array(count);
  if (oneOf("start", start, ["random", "up", "down"]) !== "random") return spins.fill(start === "up" ? 1 : -1);
  const words = rng.fill(new Uint32Array(count));
  for (let i = 0; i < count; i++) spins[i] = words[i] < 2 ** 31 ? 1 : -1;
  return spins;
}

const CHUNK = 1024; // occasions drawn for at a time

export class Village {
  /**
   * @param {object} options
   * @param {import("./graph.js").Neighbors} options.neighbors
   * @param {number} options.temperature
   * @param {number} [options.coupling]
   * @param {number} [options.field]
   * @param {number} [options.seed]
   * @param {CounterRNG} [options.rng]
   * @param {string | ArrayLike<number>} [options.start]
   */
  constructor({ neighbors, temperature, coupling = 1, field = 0, seed = 0, rng, start = "random" }) {
    this._neighbors = neighbors;
    this._friends = new Int32Array(0); // all lists end to end: a friend costs one memory access
    this._first = new Int32Array(0); // where each list begins
    this._join(neighbors);
    this._temperature = positive("temperature", temperature);
    this._coupling = finite("coupling", coupling);
    this._field = finite("field", field);
    this.rng = rng ?? new CounterRNG(seed);
    this.opinions = startSpins(start, neighbors.length, this.rng);
    this._words = new Uint32Array(2 * CHUNK);
    /** @type {Float64Array[] | null} thresholds by degree, made when needed */
    this._tables = null;
  }

  /**
   * Take a graph.
   *
   * @param {import("./graph.js").Neighbors} neighbors
   */
  _join(neighbors) {
    this._neighbors = checkNeighbors(neighbors);
    this._friends = Int32Array.from(neighbors.flat());
    this._first = new Int32Array(neighbors.length + 1);
    for (let i = 0; i < neighbors.length; i++) this._first[i + 1] = this._first[i] + neighbors[i].length;
  }

  get neighbors() {
    return this._neighbors;
  }

  set neighbors(value) {
    if (value.length !== this.opinions.length) {
      throw new RangeError(`neighbors must list ${this.opinions.length} people, got ${value.length}`);
    }
    this._join(value);
    this._tables = null;
  }

  get temperature() {
    return this._temperature;
  }

  set temperature(value) {
    this._temperature = positive("temperature", value);
    this._tables = null;
  }

  get coupling() {
    return this._coupling;
  }

  set coupling(value) {
    this._coupling = finite("coupling", value);
    this._tables = null;
  }

  get field() {
    return this._field;
  }

  set field(value) {
    this._field = finite("field", value);
    this._tables = null;
  }

  /** The thresholds of every degree that occurs, at [degree]. */
  _thresholds() {
    /** @type {Float64Array[]} */
    const tables = [];
    for (const near of this._neighbors) {
      tables[near.length] ??= heatBathThresholds(this._temperature, this._field, this._coupling, near.length);
    }
    return tables;
  }

  /** @param {number} [n] @returns {this} */
  sweep(n = 1) {
    if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`n must be a whole number, at least 0, got ${n}`);
    const tables = (this._tables ??= this._thresholds());
    let left = n * this.opinions.length;
    while (left > 0) {
      const count = Math.min(left, CHUNK);
      this.rng.fill(this._words, 2 * count);
      this._reconsider(count, tables);
      left -= count;
    }
    return this;
  }

  /** @param {number} count @param {Float64Array[]} tables */
  _reconsider(count, tables) {
    const { opinions, _first: first, _friends: friends, _words: words } = this;
    for (let i = 0; i < count; i++) {
      const person = scaled(words[2 * i], opinions.length);
      const end = first[person + 1];
      let sum = end - first[person];
      const table = tables[sum];
      for (let at = first[person]; at < end; at++) sum += opinions[friends[at]];
      opinions[person] = words[2 * i + 1] < table[sum >> 1] ? 1 : -1;
    }
  }

  /** @returns {number} */
  magnetization() {
    let sum = 0;
    for (const opinion of this.opinions) sum += opinion;
    return sum / this.opinions.length;
  }

  /** Σ s s′ over friendships, each counted once. */
  _bonds() {
    let sum = 0;
    this._neighbors.forEach((near, person) => {
      for (const other of near) sum += this.opinions[person] * this.opinions[other];
    });
    return sum / 2;
  }

  /** @returns {number} */
  agreement() {
    const friendships = this._friends.length / 2;
    return friendships ? (1 + this._bonds() / friendships) / 2 : NaN;
  }

  /** @returns {number} */
  energy() {
    return -this._coupling * this._bonds() - this._field * this.magnetization() * this.opinions.length;
  }
}
