// A restricted Boltzmann machine of units 0 and 1: `RBM` of book_lib.boltzmann, whose Gibbs steps it repeats.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/rbm.json.

import { sigmoid } from "./boltzmann.js";
import { positive } from "./checks.js";

/** Two layers; no couplings within one. */
export class Rbm {
  /** @param {ArrayLike<number>} weights  V × H, row by row @param {ArrayLike<number>} visibleBias @param {ArrayLike<number>} hiddenBias */
  constructor(weights, visibleBias, hiddenBias) {
    this.visible = visibleBias.length;
    this.hidden = hiddenBias.length;
    if (weights.length !== this.visible * this.hidden) {
      throw new RangeError(`weights must hold ${this.visible} × ${this.hidden} numbers, got ${weights.length}`);
    }
    this.weights = Float64Array.from(weights);
    this.a = Float64Array.from(visibleBias);
    this.b = Float64Array.from(hiddenBias);
  }

  /** What each hidden unit feels: (vW + b)_j. @param {ArrayLike<number>} v */
  hiddenFields(v) {
    const field = this.b.slice();
    for (let i = 0; i < this.visible; i++) {
      if (!v[i]) continue;
      for (let j = 0; j < this.hidden; j++) field[j] += v[i] * this.weights[i * this.hidden + j];
    }
    return field;
  }

  /** p(h_j = 1 | v). @param {ArrayLike<number>} v @param {number} T */
  hiddenGiven(v, T) {
    return this.hiddenFields(v).map((field) => sigmoid(field / T));
  }

  /** p(v_i = 1 | h). @param {ArrayLike<number>} h @param {number} T */
  visibleGiven(h, T) {
    return this.a.map((bias, i) => {
      let field = 0;
      for (let j = 0; j < this.hidden; j++) field += h[j] * this.weights[i * this.hidden + j];
      return sigmoid((field + bias) / T);
    });
  }

  /** F(v) = −a·v − T Σ_j ln(1 + e^{(vW + b)_j/T}). @param {ArrayLike<number>} v @param {number} T */
  freeEnergy(v, T) {
    positive("temperature", T);
    let free = 0;
    for (let i = 0; i < this.visible; i++) free -= this.a[i] * v[i];
    for (const field of this.hiddenFields(v)) free -= T * softplus(field / T);
    return free;
  }
}

/** ln(1 + e^x) without overflow. @param {number} x */
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** One chain: hidden given visible, visible given hidden. */
export class Dream {
  /** @param {Rbm} rbm @param {ArrayLike<number>} start @param {import("./rng.js").CounterRNG} rng */
  constructor(rbm, start, rng) {
    this.rbm = rbm;
    this.rng = rng;
    this.start = Uint8Array.from(start);
    this.v = this.start.slice();
    this.h = new Uint8Array(rbm.hidden);
    /** p(v = 1 | h) of the last step. */
    this.p = Float64Array.from(start);
    this.steps = 0;
  }

  /** @param {number} T @param {(i: number) => boolean} [held]  pixels that stay as they were at the start */
  step(T, held = () => false) {
    const draw = (/** @type {number} */ p) => Number(this.rng.random() < p);
    this.h = Uint8Array.from(this.rbm.hiddenGiven(this.v, positive("temperature", T)), draw);
    this.p = this.rbm.visibleGiven(this.h, T);
    const next = Uint8Array.from(this.p, draw);
    for (let i = 0; i < next.length; i++) {
      if (!held(i)) continue;
      next[i] = this.start[i];
      this.p[i] = this.start[i];
    }
    this.v = next;
    this.steps++;
  }
}
