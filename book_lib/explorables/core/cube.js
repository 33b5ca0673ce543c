// Three units that store one pattern by Hebb's rule: eight states, their energies, and every update. The twin of hopfield_cube.py.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/cube.json.

import { hebb } from "./hopfield.js";

const TIE = 1e-12;
const DENOMINATOR = 60; // the largest that a number is written with
const EQUAL = 1e-9; // energies nearer than this are one

/** @typedef {[number, number, number]} Spins */
/** @typedef {{pattern: ArrayLike<number>, theta: number[], sign: string, tie: string, order: string}} Rules */
/** @typedef {{from: Spins, to: Spins, unit: number, change: number}} Arrow  change: of the energy */

/** (−−−), (−−+), … (+++). @type {Spins[]} */
export const STATES = Array.from({ length: 8 }, (_, k) => /** @type {Spins} */ ([k & 4 ? 1 : -1, k & 2 ? 1 : -1, k & 1 ? 1 : -1]));

/** A number as a fraction where it is one with a small denominator, else with three decimals. @param {number} value */
export function fraction(value) {
  for (let d = 1; d <= DENOMINATOR; d++) {
    const n = Math.round(value * d);
    if (Math.abs(value - n / d) < EQUAL) return `${n < 0 ? "−" : ""}${Math.abs(n)}${d === 1 ? "" : `/${d}`}`;
  }
  return value.toFixed(3).replace("-", "−");
}

/** @param {ArrayLike<number>} state */
export const signs = (state) => Array.from(state, (s) => (s > 0 ? "+" : "−")).join("");

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export const same = (a, b) => Array.from(a).every((s, i) => s === b[i]);

/** Where a corner is drawn: s₁ to the right, s₂ up, s₃ away. @param {ArrayLike<number>} s @returns {[number, number]} */
export const place = (s) => [0.9 * s[0] + 0.45 * s[2], 0.8 * s[1] + 0.4 * s[2]];

export class Cube {
  /** @param {Rules} rules */
  constructor({ pattern, theta, sign, tie, order }) {
    this.weights = hebb([pattern]);
    this.theta = theta;
    this.way = sign === "plus" ? 1 : -1;
    this.tie = tie;
    this.order = Array.from(order, (digit) => Number(digit) - 1);
  }

  /** −½ sᵀWs − way·θ·s: the energy that the rule of this sign lowers. @param {ArrayLike<number>} state @param {number} way */
  landscape(state, way) {
    let sum = 0;
    for (let i = 0; i < 3; i++) {
      sum -= way * this.theta[i] * state[i];
      for (let j = 0; j < 3; j++) sum -= (this.weights[3 * i + j] * state[i] * state[j]) / 2;
    }
    return sum;
  }

  /** E, whatever the update does with θ. @param {ArrayLike<number>} state */
  energy(state) {
    return this.landscape(state, 1);
  }

  /** What a unit feels. @param {ArrayLike<number>} state @param {number} unit */
  field(state, unit) {
    const [a, b, c] = [0, 1, 2].map((j) => this.weights[3 * unit + j] * state[j]);
    return a + b + c + this.way * this.theta[unit];
  }

  /** Whether the field of a unit is 0. @param {ArrayLike<number>} state @param {number} unit */
  tied(state, unit) {
    return Math.abs(this.field(state, unit)) <= TIE * (2 / 3 + Math.abs(this.theta[unit]));
  }

  /** The state after one unit has followed its field. @param {ArrayLike<number>} state @param {number} unit @returns {Spins} */
  update(state, unit) {
    const tied = this.tie === "keep" ? state[unit] : this.tie === "plus" ? 1 : -1;
    const turned = this.tied(state, unit) ? tied : this.field(state, unit) > 0 ? 1 : -1;
    return /** @type {Spins} */ (Array.from(state, (s, i) => (i === unit ? turned : s)));
  }

  /** Every update that changes a state. @returns {Arrow[]} */
  arrows() {
    return STATES.flatMap((from) => [0, 1, 2].map((unit) => {
      const to = this.update(from, unit);
      return { from, to, unit, change: this.energy(to) - this.energy(from) };
    })).filter(({ from, to }) => !same(from, to));
  }

  /** How many of them raise E. */
  rises() {
    return this.arrows().filter(({ change }) => change > EQUAL).length;
  }

  /** The states that no update changes. */
  atRest() {
    return STATES.filter((state) => [0, 1, 2].every((unit) => same(this.update(state, unit), state)));
  }
}

/** Updates in turn, until three have changed nothing. */
export class Walk {
  /** @param {Cube} cube @param {ArrayLike<number>} start */
  constructor(cube, start) {
    this.cube = cube;
    /** @type {Spins[]} */
    this.path = [/** @type {Spins} */ (Array.from(start))];
    this.calm = 0;
  }

  get state() {
    return this.path[this.path.length - 1];
  }

  get updates() {
    return this.path.length - 1;
  }

  /** The unit whose turn it is. */
  get unit() {
    return this.cube.order[this.updates % 3];
  }

  get done() {
    return this.calm === 3;
  }

  /** Whether this update is one of those made. @param {Arrow} arrow */
  made({ from, to }) {
    return this.path.some((state, k) => k > 0 && same(this.path[k - 1], from) && same(state, to));
  }

  /** @param {number} count */
  step(count) {
    for (let k = 0; k < count && !this.done; k++) {
      const next = this.cube.update(this.state, this.unit);
      this.calm = same(next, this.state) ? this.calm + 1 : 0;
      this.path.push(next);
    }
  }
}
