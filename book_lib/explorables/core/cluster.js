// Swendsen–Wang cluster updates of the Ising model: the mirror of book_lib.ising.swendsen_wang.
// Pure mathematics: no DOM, no clock, no Math.random.
//
// A local update needs some L^2.17 sweeps to forget a critical lattice; a cluster update needs a few dozen at any
// size a page shows. Its outcome does not depend on the order in which sites are visited, which is why NumPy and
// this file can agree spin by spin.

import { threshold } from "./thresholds.js";

/** @typedef {{fill(draws: Uint32Array): unknown}} Draws */

const TOP_BIT = 0x80000000;

/** Draws in the order right bonds, down bonds, clusters: each row by row. */
export class SwendsenWang {
  /** @param {{size: number, temperature: number, rng: Draws, coupling?: number}} options */
  constructor({ size, temperature, rng, coupling = 1 }) {
    if (!Number.isInteger(size) || size < 3) throw new RangeError(`size must be a whole number of at least 3, got ${size}`);
    if (!(temperature > 0 && Number.isFinite(temperature))) {
      throw new RangeError(`temperature must be positive and finite, got ${temperature}`);
    }
    this.size = size;
    this.coupling = coupling;
    this.rng = rng;
    this.spins = new Int8Array(size * size).fill(1);
    this.threshold = threshold(1 - Math.exp((-2 * Math.abs(coupling)) / temperature)); // that an agreeing bond freezes
    this.parent = new Int32Array(size * size);
    this.turn = new Int8Array(size * size); // at a root: whether its cluster turns over (−1) or stays (1)
    this.draws = new Uint32Array(size * size);
  }

  /** @param {number} [n] */
  sweep(n = 1) {
    for (let k = 0; k < n; k++) {
      for (let i = 0; i < this.parent.length; i++) this.parent[i] = i;
      this.#freeze(1);
      this.#freeze(this.size);
      this.#flip();
    }
    return this;
  }

  /** Join every site with its neighbour to the right (stride 1) or below (stride L) where the bond freezes. @param {number} stride */
  #freeze(stride) {
    const { size, spins, parent, draws, threshold } = this;
    const sign = Math.sign(this.coupling);
    const total = size * size;
    this.rng.fill(draws);
    for (let i = 0; i < total; i++) {
      const j = stride === 1 ? (i % size === size - 1 ? i + 1 - size : i + 1) : i + size < total ? i + size : i + size - total;
      if (spins[i] * spins[j] === sign && draws[i] < threshold) union(parent, i, j);
    }
  }

  /** The first site of a cluster takes the sign of its draw, and the others turn along with it. */
  #flip() {
    const { spins, parent, draws, turn } = this;
    this.rng.fill(draws);
    for (let i = 0; i < parent.length; i++) {
      const root = parent[parent[i]]; // a parent never has a larger index, so the parent's own entry is final by now
      parent[i] = root;
      if (root === i) turn[i] = draws[i] >= TOP_BIT === spins[i] > 0 ? -1 : 1;
      spins[i] *= turn[root];
    }
  }
}

/** @param {Int32Array} parent @param {number} i */
function find(parent, i) {
  while (parent[i] !== i) {
    parent[i] = parent[parent[i]]; // path halving
    i = parent[i];
  }
  return i;
}

/** The smaller index becomes the root: the cluster's draw is that of its first site. @param {Int32Array} parent @param {number} i @param {number} j */
function union(parent, i, j) {
  const a = find(parent, i);
  const b = find(parent, j);
  if (a < b) parent[b] = a;
  else parent[a] = b;
}
