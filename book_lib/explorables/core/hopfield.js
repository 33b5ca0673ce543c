// A Hopfield network of spins ±1: couplings that learn, and the way downhill. book_lib.hopfield in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/hopfield.json.

const TIE = 1e-12; // of the largest field a unit can feel: what rounding leaves of 1/3 − 1/3
const NOISE = 1e-12; // couplings below are what rounding leaves of 0

/** @typedef {ArrayLike<number>} State  ±1 */
/** @typedef {{permutation: (n: number) => ArrayLike<number>}} Order  a generator: each sweep in a new order */

/**
 * W of Hebb's rule, row by row: (1/N) Σ ξ_i ξ_j without the diagonal.
 * @param {State[]} patterns @returns {Float64Array}
 */
export function hebb(patterns) {
  const n = patterns[0].length;
  const sums = new Int32Array(n * n);
  for (const pattern of patterns) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) sums[i * n + j] += pattern[i] * pattern[j];
    }
  }
  return Float64Array.from(sums, (sum, k) => (k % (n + 1) ? sum / n : 0));
}

/**
 * W of the pseudo-inverse rule, row by row: the projection Ξ⁺Ξ onto the patterns, without the diagonal.
 * @param {State[]} patterns @returns {Float64Array}
 */
export function pseudoInverse(patterns) {
  const n = patterns[0].length;
  const w = new Float64Array(n * n);
  for (const q of orthonormal(patterns)) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) if (i !== j) w[i * n + j] += q[i] * q[j];
    }
  }
  return w.map((v) => (Math.abs(v) < NOISE ? 0 : v));
}

/** Orthonormal rows of the same span, by Gram and Schmidt, twice over against rounding. @param {State[]} rows @returns {Float64Array[]} */
function orthonormal(rows) {
  /** @type {Float64Array[]} */
  const basis = [];
  for (const row of rows) {
    const v = Float64Array.from(row);
    for (let turn = 0; turn < 2; turn++) {
      for (const q of basis) {
        const part = dot(q, v);
        for (let i = 0; i < v.length; i++) v[i] -= part * q[i];
      }
    }
    const length = Math.sqrt(dot(v, v));
    if (length > 1e-6) basis.push(v.map((x) => x / length)); // else it lies in the span of those before
  }
  return basis;
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** m = (1/N) Σ a_i b_i. @param {State} a @param {State} b */
export const overlap = (a, b) => dot(a, b) / a.length;

/** The majority of an odd number of patterns, unit by unit. @param {State[]} patterns @returns {Int8Array} */
export function mixture(patterns) {
  if (patterns.length % 2 === 0) throw new RangeError(`patterns must be odd in number, so that there is a majority, got ${patterns.length}`);
  return Int8Array.from(patterns[0], (_, i) => Math.sign(patterns.reduce((sum, pattern) => sum + pattern[i], 0)));
}

/** W and what it does to states; θ is 0. */
export class Network {
  /** @param {Float64Array} weights  symmetric with a zero diagonal, row by row */
  constructor(weights) {
    this.weights = weights;
    this.n = Math.sqrt(weights.length);
    this.ties = Float64Array.from({ length: this.n }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < this.n; j++) sum += Math.abs(weights[i * this.n + j]);
      return TIE * sum;
    });
  }

  /** h_i = Σ_j w_ij s_j. @param {State} state @param {number} i */
  feel(state, i) {
    let sum = 0;
    for (let j = 0, k = i * this.n; j < this.n; j++, k++) sum += this.weights[k] * state[j];
    return sum;
  }

  /** h = Ws. @param {State} state */
  field(state) {
    return Float64Array.from({ length: this.n }, (_, i) => this.feel(state, i));
  }

  /** E = −½ sᵀWs. @param {State} state */
  energy(state) {
    return -dot(state, this.field(state)) / 2;
  }

  /** What a unit that feels h becomes: the sign of h, or what it was where h is 0. @param {number} h @param {number} s @param {number} i */
  decide(h, s, i) {
    return Math.abs(h) <= this.ties[i] ? s : Math.sign(h);
  }

  /** What each unit would become now. @param {State} state @returns {Int8Array} */
  wishes(state) {
    return Int8Array.from(this.field(state), (h, i) => this.decide(h, state[i], i));
  }

  /** How many units want to turn. @param {State} state */
  unrest(state) {
    return this.wishes(state).reduce((count, s, i) => count + Number(s !== state[i]), 0);
  }
}

/** A recall on its way: one unit at a time in a random order, or all units at once. */
export class Recall {
  /**
   * @param {Network} network @param {State} start @param {Order | null} order  null: all units at once
   */
  constructor(network, start, order) {
    this.network = network;
    this.start = Int8Array.from(start);
    /** @type {Int8Array} */
    this.state = Int8Array.from(start);
    this.order = order;
    this.updates = 0; // of one unit, or of all at once
    this.turned = 0; // units, counted each time
    /** E at the start and after each update. */
    this.energies = [network.energy(start)];
    this.field = network.field(start);
    /** The update before: which unit (−1: all), what it felt, whether it turned. @type {{unit: number, field: number, turned: number} | null} */
    this.last = null;
    /** 1 at rest, 2 where two states alternate, 0 before either. */
    this.period = network.unrest(start) === 0 ? 1 : 0;
    /** @type {ArrayLike<number>} */
    this.units = [];
    /** @type {Int8Array | null} */
    this.before = null;
  }

  get done() {
    return this.period > 0;
  }

  get energy() {
    return this.energies[this.energies.length - 1];
  }

  get sweeps() {
    return this.order ? this.updates / this.network.n : this.updates;
  }

  /** @param {number} count */
  step(count) {
    for (let k = 0; k < count && !this.done; k++) {
      if (this.order) this.one();
      else this.all();
      this.updates++;
    }
  }

  /** On to rest, to a cycle, or to so many sweeps. @param {number} sweeps */
  finish(sweeps) {
    while (!this.done && this.sweeps < sweeps) this.step(1);
  }

  one() {
    const { network, state, field, updates } = this;
    const { n, weights } = network;
    if (updates % n === 0) this.units = /** @type {Order} */ (this.order).permutation(n);
    const i = this.units[updates % n];
    const turns = network.decide(field[i], state[i], i) !== state[i];
    this.last = { unit: i, field: field[i], turned: Number(turns) };
    if (!turns) return void this.energies.push(this.energy);
    state[i] = -state[i];
    for (let j = 0; j < n; j++) field[j] += 2 * state[i] * weights[i * n + j];
    this.turned++;
    this.energies.push(network.energy(state));
    if (network.unrest(state) === 0) this.period = 1;
  }

  all() {
    const { network, state, before } = this;
    const next = network.wishes(state);
    const turned = next.reduce((count, s, i) => count + Number(s !== state[i]), 0);
    this.last = { unit: -1, field: 0, turned };
    this.turned += turned;
    this.period = turned === 0 || network.unrest(next) === 0 ? 1 : before && next.every((s, i) => s === before[i]) ? 2 : 0;
    this.before = this.state;
    this.state = next;
    this.field = network.field(next);
    this.energies.push(network.energy(next));
  }
}
