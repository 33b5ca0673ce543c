// Closed tours shortened by turning pieces of them round: `anneal_tour` and `geometric_schedule` of
// book_lib.hopfield, and `cities`, `scheduled` and `mean_length` of book_lib/explorables/annealed_tour.py.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/tours.json.

import { finite, integer } from "./checks.js";
import { CounterRNG } from "./rng.js";

/** @typedef {[number, number]} Place */

export const SIDE = 100; // of the map
export const BRUTE = 9; // cities whose 8!/2 tours are soon tried
export const COOLING = 100; // a geometric schedule ends at so many parts of where it began
const NEAREST = 8; // cities of a map are no nearer to one another
const MARGIN = 4;
const MAPS = 2; // stream of the places; moves draw from streams 0 and 1

/** Places drawn by the number of the map, none nearer than 8 to another. @param {number} count @param {number} map @returns {Place[]} */
export function cities(count, map) {
  const rng = new CounterRNG(map, MAPS);
  /** @type {Place[]} */
  const places = [];
  while (places.length < count) {
    const [x, y] = [rng, rng].map((one) => MARGIN + one.integers(SIDE - 2 * MARGIN + 1));
    if (places.every(([a, b]) => (a - x) ** 2 + (b - y) ** 2 >= NEAREST ** 2)) places.push([x, y]);
  }
  return places;
}

/** All distances, row by row. @param {Place[]} places */
export function distances(places) {
  const n = places.length;
  const d = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const [dx, dy] = [places[i][0] - places[j][0], places[i][1] - places[j][1]];
      d[i * n + j] = Math.sqrt(dx * dx + dy * dy);
    }
  }
  return d;
}

/** @param {Float64Array} d @param {ArrayLike<number>} tour */
export function tourLength(d, tour) {
  const n = tour.length;
  let sum = 0;
  for (let k = 0; k < n; k++) sum += d[tour[k] * n + tour[(k + 1) % n]];
  return sum;
}

/** How many different closed tours there are: (n − 1)!/2. @param {number} n */
export function tourCount(n) {
  let product = 0.5;
  for (let k = 2; k < n; k++) product *= k;
  return Math.max(1, product);
}

/** Temperatures that fall by the same factor each sweep. @param {number} sweep @param {number} start @param {number} end @param {number} sweeps  ≥ 2 */
export function geometric(sweep, start, end, sweeps) {
  integer("sweeps", sweeps, 2);
  return start > 0 ? start * (end / start) ** (sweep / (sweeps - 1)) : 0;
}

/**
 * The temperature of one sweep of a drawn schedule: straight lines between evenly spread points, the first at sweep 0, the
 * last at sweep `sweeps`.
 * @param {ArrayLike<number>} drawn @param {number} sweep @param {number} sweeps
 */
export function scheduled(drawn, sweep, sweeps) {
  const at = (sweep * (drawn.length - 1)) / sweeps;
  const low = Math.min(drawn.length - 2, Math.floor(at));
  return drawn[low] + (at - low) * (drawn[low + 1] - drawn[low]);
}

/** By how much the tour grows when the stops i … j are turned round. @param {Float64Array} d @param {ArrayLike<number>} tour @param {number} i @param {number} j */
export function change(d, tour, i, j) {
  const n = tour.length;
  const [a, b, c, e] = [tour[(i + n - 1) % n], tour[i], tour[j], tour[(j + 1) % n]];
  return d[a * n + c] + d[b * n + e] - d[a * n + b] - d[c * n + e];
}

/** A tour under Metropolis's rule. */
export class Annealer {
  /**
   * @param {Float64Array} d  distances, row by row
   * @param {CounterRNG} rng
   * @param {ArrayLike<number>} start  each city once
   */
  constructor(d, rng, start) {
    this.rng = rng;
    this.tour = Int32Array.from(start);
    this.d = d;
    this.length = tourLength(d, this.tour);
    this.best = this.tour.slice();
    this.bestLength = this.length;
    this.accepted = 0; // moves of the last sweep that were made
  }

  /** Two words choose a piece, a third whether it is turned. @param {number} T */
  move(T) {
    const { rng, tour, d } = this;
    const n = tour.length;
    let [i, j] = [rng.integers(n), rng.integers(n)];
    if (i > j) [i, j] = [j, i];
    const chance = rng.random();
    if (i === j || (i === 0 && j === n - 1)) return; // nothing, or the whole tour backwards: the same tour
    const by = change(d, tour, i, j);
    if (by > 0 && (T === 0 || chance >= Math.exp(-by / T))) return;
    tour.subarray(i, j + 1).reverse();
    this.length += by;
    this.accepted++;
  }

  /** As many tries as there are cities. @param {number} T */
  sweep(T) {
    if (finite("temperature", T) < 0) throw new RangeError(`temperature must be at least 0, got ${T}`);
    this.accepted = 0;
    for (let k = 0; k < this.tour.length; k++) this.move(T);
    if (this.length < this.bestLength - 1e-12) {
      this.best.set(this.tour);
      this.bestLength = this.length;
    }
  }

  /** Whether no turned piece would make the tour shorter. */
  get isLocalMinimum() {
    const { tour, d } = this;
    const n = tour.length;
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        if ((i > 0 || j < n - 1) && change(d, tour, i, j) < -1e-9) return false;
      }
    }
    return true;
  }
}

/**
 * The lengths of all (n − 1)!/2 closed tours.
 * @param {Float64Array} d @param {number} n  3 … 9
 */
export function tourLengths(d, n) {
  const lengths = new Float64Array(tourCount(integer("n", n, 3, BRUTE)));
  const left = Array.from({ length: n }, (_, i) => i > 0);
  let found = 0;
  const visit = (/** @type {number} */ first, /** @type {number} */ last, /** @type {number} */ stops, /** @type {number} */ sum) => {
    if (stops === n) {
      if (first < last) lengths[found++] = sum + d[last * n]; // of a tour and the same one backwards
      return;
    }
    for (let city = 1; city < n; city++) {
      if (!left[city]) continue;
      left[city] = false;
      visit(first || city, city, stops + 1, sum + d[last * n + city]);
      left[city] = true;
    }
  };
  visit(0, 0, 1, 0);
  return lengths;
}

/** Σ L e^(−L/T) / Σ e^(−L/T), the mean length in equilibrium; the shortest at T = 0. @param {Float64Array} lengths @param {number} T */
export function meanLength(lengths, T) {
  const least = lengths.reduce((a, b) => Math.min(a, b));
  if (T === 0) return least;
  let [sum, above] = [0, 0];
  for (const length of lengths) {
    const weight = Math.exp(-(length - least) / T);
    sum += weight;
    above += weight * (length - least);
  }
  return least + above / sum;
}

/**
 * Final lengths of many runs from the same start, cooled and at T = 0, each with random numbers of its own.
 * @param {Float64Array} d @param {number} n @param {(sweep: number) => number} temperature @param {number} sweeps
 * @param {number} runs @param {number} seed
 * @returns {{cooled: number[], downhill: number[]}}  the best length of each run
 */
export function race(d, n, temperature, sweeps, runs, seed) {
  const start = Array.from({ length: n }, (_, i) => i);
  const end = (/** @type {number} */ stream, /** @type {(sweep: number) => number} */ T) => {
    const one = new Annealer(d, new CounterRNG(seed, stream), start);
    for (let k = 0; k < sweeps; k++) one.sweep(T(k));
    return tourLength(d, one.best);
  };
  const all = Array.from({ length: runs }, (_, r) => [end(10 + 2 * r, temperature), end(11 + 2 * r, () => 0)]);
  return { cooled: all.map(([a]) => a), downhill: all.map(([, b]) => b) };
}
