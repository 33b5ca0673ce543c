/**
 * The Ising model on a periodic square lattice, E = −J Σ_<ij> s s′ − h Σ s, k_B = 1.
 * The mirror of `book_lib/ising.py`: pure mathematics, no DOM, no clock, no Math.random. With the same
 * seed it makes the same flips as Python's `Ising(…, rng=CounterRNG(seed))`.
 *
 *   new Ising({ size, temperature, field = 0, coupling = 1, algorithm = "metropolis",
 *               seed = 0, rng, start = "random" })
 *     size ≥ 3, even unless algorithm is "glauber"; algorithm "metropolis", "heat_bath" (checkerboard) or
 *     "glauber" (random sites); start "random", "up", "down" or ±1 for each site; rng replaces seed
 *     .spins              Int8Array(size²), row by row, ±1; writable in place
 *     .sweep(n = 1)       n sweeps; returns the model; allocates nothing
 *     .temperature .field .coupling .algorithm    settable at any time; the spins stay
 *     .energyPerSpin() .magnetization() .staggeredMagnetization()     from the spins, O(size²)
 *     .energyChange(site)                         ΔE of flipping spins[site]
 *     .fill(start)                                start again with these spins
 *     .rng                                        the CounterRNG
 *   new HysteresisSweep({ size, temperature, amplitude, steps, sweepsPerStep, seed = 0, rng, coupling = 1 })
 *     .step()             set the next field, sweep (random-site Glauber), note m; returns the point
 *                         { field, magnetization, branch: "up" | "down" } or null when done
 *     .index .done .field .fields .up .down .spins .area() .restart()
 *   majorityRule(spins, size, block = 3)          Int8Array((size/block)²)
 *   energy(spins, size, coupling = 1, field = 0)  total energy
 *   energyChange(spins, size, site, coupling, field)
 * and everything of onsager.js, graph.js and village.js.
 *
 * Order of draws: start "random" one word a site, row by row, up if below 2^31; checkerboard: black sites
 * (row + column even) row by row, one word each, then white ones; random-site: one word for the site,
 * one for its new spin. A word below the threshold ⌊p·2^32⌋ is a yes.
 */

import { finite, integer, oneOf, positive } from "./checks.js";
import { staggeredMagnetization } from "./observables.js";
import { CounterRNG, scaled } from "./rng.js";
import { heatBathThresholds, metropolisThresholds } from "./thresholds.js";
import { startSpins } from "./village.js";

export * from "./graph.js";
export * from "./onsager.js";
export { Village } from "./village.js";

export const ALGORITHMS = ["metropolis", "heat_bath", "glauber"];

const CHUNK = 1024;

export class Ising {
  /**
   * @param {object} options
   * @param {number} options.size
   * @param {number} options.temperature
   * @param {number} [options.field]
   * @param {number} [options.coupling]
   * @param {string} [options.algorithm]
   * @param {number} [options.seed]
   * @param {CounterRNG} [options.rng]
   * @param {string | ArrayLike<number>} [options.start]
   */
  constructor({
    size,
    temperature,
    field = 0,
    coupling = 1,
    algorithm = "metropolis",
    seed = 0,
    rng,
    start = "random",
  }) {
    this.size = integer("size", size, 3);
    this._temperature = positive("temperature", temperature);
    this._field = finite("field", field);
    this._coupling = finite("coupling", coupling);
    this._algorithm = this._checked(algorithm);
    this.rng = rng ?? new CounterRNG(seed);
    this.spins = startSpins(start, size * size, this.rng);
    /** @type {Float64Array | null} thresholds, made when needed */
    this._table = null;
    this._words = new Uint32Array(Math.max(2 * CHUNK, (size * size) >> 1));
  }

  get temperature() {
    return this._temperature;
  }

  set temperature(value) {
    this._temperature = positive("temperature", value);
    this._table = null;
  }

  get field() {
    return this._field;
  }

  set field(value) {
    this._field = finite("field", value);
    this._table = null;
  }

  get coupling() {
    return this._coupling;
  }

  set coupling(value) {
    this._coupling = finite("coupling", value);
    this._table = null;
  }

  get algorithm() {
    return this._algorithm;
  }

  set algorithm(value) {
    this._algorithm = this._checked(value);
    this._table = null;
  }

  /** @param {string} algorithm @returns {string} the algorithm, if it can serve this size */
  _checked(algorithm) {
    oneOf("algorithm", algorithm, ALGORITHMS);
    if (algorithm !== "glauber" && this.size % 2) {
      throw new RangeError(`size must be even for algorithm ${algorithm}, got ${this.size}; glauber takes odd sizes`);
    }
    return algorithm;
  }

  /** @param {string | ArrayLike<number>} start @returns {this} */
  fill(start) {
    this.spins.set(startSpins(start, this.spins.length, this.rng));
    return this;
  }

  /** @param {number} [n] @returns {this} */
  sweep(n = 1) {
    integer("n", n, 0);
    const make = this._algorithm === "metropolis" ? metropolisThresholds : heatBathThresholds;
    const table = (this._table ??= make(this._temperature, this._field, this._coupling));
    for (let i = 0; i < n; i++) {
      if (this._algorithm === "glauber") {
        this._randomSites(table);
      } else {
        this._colour(0, table);
        this._colour(1, table);
      }
    }
    return this;
  }

  /** @param {number} colour 0 for black, 1 for white @param {Float64Array} table */
  _colour(colour, table) {
    const { size, spins, _words: words } = this;
    const count = spins.length >> 1;
    this.rng.fill(words, count);
    const update = this._algorithm === "metropolis" ? metropolisRow : heatBathRow;
    for (let row = 0, at = 0; row < size; row++, at += size >> 1) {
      const above = (row === 0 ? size - 1 : row - 1) * size;
      const below = (row === size - 1 ? 0 : row + 1) * size;
      update(spins, table, words, at, row * size, above, below, size, (row + colour) & 1);
    }
  }

  /** @param {Float64Array} table */
  _randomSites(table) {
    const { size, spins, _words: words } = this;
    for (let left = spins.length; left > 0; left -= CHUNK) {
      const count = Math.min(left, CHUNK);
      this.rng.fill(words, 2 * count);
      for (let i = 0; i < count; i++) {
        const site = scaled(words[2 * i], spins.length);
        const sum = neighbourSum(spins, size, site);
        spins[site] = words[2 * i + 1] < table[(sum + 4) >> 1] ? 1 : -1;
      }
    }
  }

  /** @returns {number} */
  energyPerSpin() {
    return energy(this.spins, this.size, this._coupling, this._field) / this.spins.length;
  }

  /** @returns {number} */
  magnetization() {
    return spinSum(this.spins) / this.spins.length;
  }

  /** @returns {number} mean of (−1)^{row + column} s */
  staggeredMagnetization() {
    return staggeredMagnetization(this.spins, this.size);
  }

  /** @param {number} site row · size + column @returns {number} ΔE = 2s(J Σ neighbours + h) */
  energyChange(site) {
    return energyChange(this.spins, this.size, site, this._coupling, this._field);
  }
}

/**
 * Update every second site of a row, from column `first` on.
 *
 * @callback RowUpdate
 * @param {Int8Array} spins
 * @param {Float64Array} table thresholds
 * @param {Uint32Array} words draws; `words[at]` belongs to the first site
 * @param {number} at
 * @param {number} start where the row begins
 * @param {number} above @param {number} below where its neighbours begin
 * @param {number} size
 * @param {number} first 0 or 1
 * @returns {void}
 */

/** @type {RowUpdate} */
function metropolisRow(spins, table, words, at, start, above, below, size, first) {
  for (let column = first; column < size; column += 2, at++) {
    const spin = spins[start + column];
    const left = spins[start + (column === 0 ? size - 1 : column - 1)];
    const right = spins[start + (column === size - 1 ? 0 : column + 1)];
    const sum = left + right + spins[above + column] + spins[below + column];
    // Index 5·(spin is up) + agreeing neighbours = (5 + 5·spin + 4 + spin·sum) / 2.
    if (words[at] < table[(9 + spin * (5 + sum)) >> 1]) spins[start + column] = -spin;
  }
}

/** @type {RowUpdate} */
function heatBathRow(spins, table, words, at, start, above, below, size, first) {
  for (let column = first; column < size; column += 2, at++) {
    const left = spins[start + (column === 0 ? size - 1 : column - 1)];
    const right = spins[start + (column === size - 1 ? 0 : column + 1)];
    const sum = left + right + spins[above + column] + spins[below + column];
    spins[start + column] = words[at] < table[(sum + 4) >> 1] ? 1 : -1;
  }
}

/** @param {Int8Array} spins @param {number} size @param {number} site */
function neighbourSum(spins, size, site) {
  const column = site % size;
  const last = size - 1;
  const left = spins[column === 0 ? site + last : site - 1];
  const right = spins[column === last ? site - last : site + 1];
  const above = spins[site < size ? site + size * last : site - size];
  const below = spins[site >= size * last ? site - size * last : site + size];
  return left + right + above + below;
}

/**
 * @param {Int8Array} spins @param {number} size @param {number} site row · size + column
 * @param {number} coupling @param {number} field
 * @returns {number} ΔE = 2s(J Σ neighbours + h)
 */
export function energyChange(spins, size, site, coupling, field) {
  integer("site", site, 0, spins.length - 1);
  return 2 * spins[site] * (coupling * neighbourSum(spins, size, site) + field);
}

/** @param {Int8Array} spins */
function spinSum(spins) {
  let sum = 0;
  for (let i = 0; i < spins.length; i++) sum += spins[i];
  return sum;
}

/**
 * @param {Int8Array} spins @param {number} size @param {number} [coupling] @param {number} [field]
 * @returns {number} −J Σ_<ij> s s′ − h Σ s
 */
export function energy(spins, size, coupling = 1, field = 0) {
  let bonds = 0;
  for (let row = 0; row < size; row++) {
    const start = row * size;
    const below = (row === size - 1 ? 0 : row + 1) * size;
    let right = spins[start];
    for (let column = size - 1; column >= 0; column--) {
      const spin = spins[start + column];
      bonds += spin * (right + spins[below + column]);
      right = spin;
    }
  }
  return -coupling * bonds - field * spinSum(spins);
}

/** A field that goes from −amplitude to amplitude and back, and a magnet that follows late. */
export class HysteresisSweep {
  /**
   * @param {object} options
   * @param {number} options.size @param {number} options.temperature
   * @param {number} options.amplitude largest field, > 0
   * @param {number} options.steps fields on each branch, ≥ 2
   * @param {number} options.sweepsPerStep ≥ 1
   * @param {number} [options.seed] @param {CounterRNG} [options.rng] @param {number} [options.coupling]
   */
  constructor({ size, temperature, amplitude, steps, sweepsPerStep, seed = 0, rng, coupling = 1 }) {
    positive("amplitude", amplitude);
    integer("steps", steps, 2);
    this.sweepsPerStep = integer("sweepsPerStep", sweepsPerStep, 1);
    this.steps = steps;
    /** h of each step, ascending. */
    this.fields = Float64Array.from({ length: steps }, (_, i) => amplitude * ((2 * i + 1 - steps) / (steps - 1)));
    this.model = new Ising({
      size, temperature, field: -amplitude, coupling, algorithm: "glauber", seed, rng, start: "down",
    });
    this.index = 0; // steps made so far, 0 … 2·steps
    /** @type {number[]} magnetisation on the way up, at fields[0], fields[1], … */
    this.up = [];
    /** @type {number[]} on the way down, in order of time: at fields[steps − 1], … fields[0] */
    this.down = [];
  }

  get done() {
    return this.index === 2 * this.steps;
  }

  get field() {
    return this.model.field;
  }

  get spins() {
    return this.model.spins;
  }

  /** Begin again with all spins down; the generator moves on, so that the loop differs. */
  restart() {
    this.model.fill("down");
    this.model.field = this.fields[0];
    this.index = 0;
    this.up = [];
    this.down = [];
  }

  /** @returns {{ field: number, magnetization: number, branch: "up" | "down" } | null} */
  step() {
    if (this.done) return null;
    const rising = this.index < this.steps;
    const field = this.fields[rising ? this.index : 2 * this.steps - 1 - this.index];
    this.model.field = field;
    const magnetization = this.model.sweep(this.sweepsPerStep).magnetization();
    (rising ? this.up : this.down).push(magnetization);
    this.index++;
    return { field, magnetization, branch: rising ? "up" : "down" };
  }

  /** @returns {number} ∮ m dh of what has been drawn so far: ∫ down − ∫ up, by trapezoids */
  area() {
    return integral(this.down, this.fields.toReversed()) - integral(this.up, this.fields);
  }
}

/**
 * ∫ values d|x| by trapezoids, over as many points as there are values.
 *
 * @param {number[]} values @param {Float64Array} x
 */
function integral(values, x) {
  let sum = 0;
  for (let i = 1; i < values.length; i++) {
    sum += ((values[i] + values[i - 1]) / 2) * Math.abs(x[i] - x[i - 1]);
  }
  return sum;
}

/**
 * Zoom out: each block × block square becomes the sign of its sum.
 *
 * @param {ArrayLike<number>} spins size² of ±1 @param {number} size @param {number} [block] odd
 * @returns {Int8Array} (size/block)² of ±1
 */
export function majorityRule(spins, size, block = 3) {
  integer("block", block, 3);
  if (block % 2 === 0) throw new RangeError(`block must be odd, so that every square has a majority, got ${block}`);
  if (integer("size", size, 3) % block) throw new RangeError(`block must divide the size ${size}, got ${block}`);
  if (spins.length !== size * size) throw new RangeError(`spins must hold ${size * size}, got ${spins.length}`);
  const count = size / block;
  const sums = new Int32Array(count * count);
  for (let row = 0, i = 0; row < size; row++) {
    const start = Math.floor(row / block) * count;
    for (let column = 0; column < size; column++, i++) sums[start + Math.floor(column / block)] += spins[i];
  }
  return Int8Array.from(sums, Math.sign);
}
