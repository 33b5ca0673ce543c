// A Boltzmann machine of a few units: `BoltzmannMachine` of book_lib.boltzmann, exact and by Gibbs sampling.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/boltzmann.json.

import { finite, integer, oneOf } from "./checks.js";
import { CounterRNG } from "./rng.js";

/** @typedef {"binary" | "spin"} Units */

const PLENTY = 500; // draws expected of a state, from which the expansion is right to 10⁻⁵

/** 1/(1 + e^(−x)) without overflow. @param {number} x */
export const sigmoid = (x) => 0.5 * (1 + Math.tanh(0.5 * x));

/** Where the pair (i, j), i < j, stands in a list that begins with the pairs of fewer units. @param {number} i @param {number} j */
export const pairIndex = (i, j) => (j * (j - 1)) / 2 + i;

/** The symmetric matrix of a list of pairs, row by row. @param {ArrayLike<number>} pairs @param {number} n */
export function matrix(pairs, n) {
  const w = new Float64Array(n * n);
  for (let j = 1; j < n; j++) for (let i = 0; i < j; i++) w[i * n + j] = w[j * n + i] = pairs[pairIndex(i, j)];
  return w;
}

/** p(x) = e^(−E(x)/T)/Z with E = −½ xᵀWx − b·x; at T = 0 the lowest states share everything. */
export class Machine {
  /** @param {ArrayLike<number>} weights  n × n, row by row @param {ArrayLike<number>} bias @param {Units} units @param {number} temperature  ≥ 0 */
  constructor(weights, bias, units, temperature) {
    this.n = integer("n", bias.length, 1, 12);
    if (weights.length !== this.n ** 2) throw new RangeError(`weights must hold ${this.n ** 2} numbers, got ${weights.length}`);
    this.weights = Float64Array.from(weights);
    this.bias = Float64Array.from(bias);
    this.low = oneOf("units", units, ["binary", "spin"]) === "spin" ? -1 : 0;
    if (finite("temperature", temperature) < 0) throw new RangeError(`temperature must be at least 0, got ${temperature}`);
    this.T = temperature;
    this.energies = Float64Array.from({ length: 2 ** this.n }, (_, k) => this.energy(this.state(k)));
  }

  /** State number k: unit 0 changes slowest. @param {number} k */
  state(k) {
    return Int8Array.from({ length: this.n }, (_, i) => ((k >> (this.n - 1 - i)) & 1 ? 1 : this.low));
  }

  /** The number of a state. @param {ArrayLike<number>} x */
  index(x) {
    let k = 0;
    for (let i = 0; i < this.n; i++) k = 2 * k + Number(x[i] > 0);
    return k;
  }

  /** h = Σ_j w_ij x_j + b_i. @param {ArrayLike<number>} x @param {number} i */
  field(x, i) {
    let sum = 0;
    for (let j = 0; j < this.n; j++) sum += this.weights[i * this.n + j] * x[j];
    return sum + this.bias[i];
  }

  /** @param {ArrayLike<number>} x */
  energy(x) {
    let [pairs, bias] = [0, 0];
    for (let i = 0; i < this.n; i++) {
      for (let j = 0; j < this.n; j++) pairs += x[i] * this.weights[i * this.n + j] * x[j];
      bias += this.bias[i] * x[i];
    }
    return -0.5 * pairs - bias;
  }

  /** The chance of 1 for a unit in the field h: σ(h/T), or σ(2h/T) for spins; NaN for a tie at T = 0, which keeps its state. @param {number} h */
  chance(h) {
    if (this.T > 0) return sigmoid(((1 - this.low) * h) / this.T);
    return h > 0 ? 1 : h < 0 ? 0 : NaN;
  }

  /** ln Z; of the energies above the lowest at T = 0 it is the logarithm of how many are lowest. */
  get logPartition() {
    const { base, sum } = this.weighed();
    return this.T > 0 ? Math.log(sum) - base / this.T : Math.log(sum);
  }

  weighed() {
    const base = this.energies.reduce((a, b) => Math.min(a, b));
    const weights = this.energies.map((e) => (this.T > 0 ? Math.exp(-(e - base) / this.T) : Number(e - base < 1e-9)));
    return { base, weights, sum: weights.reduce((a, b) => a + b, 0) };
  }

  /** p of every state. */
  distribution() {
    const { weights, sum } = this.weighed();
    return weights.map((w) => w / sum);
  }
}

/** Many chains of Gibbs sampling beside each other, and how often they met each state: `BoltzmannMachine.sample`. */
export class Sampler {
  /** @param {Machine} machine @param {number} chains @param {number} seed */
  constructor(machine, chains, seed) {
    this.rng = new CounterRNG(seed);
    this.machine = machine;
    this.chains = integer("chains", chains, 1);
    const { low, n } = machine;
    this.x = Int8Array.from({ length: chains * n }, () => (this.rng.integers(2) ? 1 : low));
    this.words = new Uint32Array(chains);
    this.counts = new Float64Array(2 ** n);
    this.sweeps = 0;
  }

  /** Another law for the same units: they keep their states, the histogram begins anew. @param {Machine} machine */
  turn(machine) {
    if (machine.n !== this.machine.n || machine.low !== this.machine.low) throw new RangeError("turn needs a machine of the same units");
    this.machine = machine;
    this.counts.fill(0);
    this.sweeps = 0;
  }

  /** The units of one chain, a view. @param {number} c */
  chain(c) {
    return this.x.subarray(c * this.machine.n, (c + 1) * this.machine.n);
  }

  /** Every unit of every chain once, in order. */
  sweep() {
    const { machine, chains, words, counts } = this;
    for (let i = 0; i < machine.n; i++) {
      this.rng.fill(words);
      for (let c = 0; c < chains; c++) {
        const x = this.chain(c);
        const chance = machine.chance(machine.field(x, i));
        if (!Number.isNaN(chance)) x[i] = words[c] / 2 ** 32 < chance ? 1 : machine.low;
      }
    }
    for (let c = 0; c < chains; c++) counts[machine.index(this.chain(c))]++;
    this.sweeps++;
  }

  /** The share of each state among all that were met. */
  get shares() {
    const all = this.sweeps * this.chains;
    return this.counts.map((count) => (all ? count / all : NaN));
  }
}

/**
 * KL(histogram ‖ law) of so many independent draws from the law, on average, in nats. By nE(n) = NpE(m + 1), m one draw fewer,
 * it is Σ p (E ln((m + 1)/N) − ln p), m binomial of N − 1 draws; where Np is large, two terms of its expansion in 1/N.
 * @param {ArrayLike<number>} law @param {number} draws  N ≥ 1
 */
export function fairDivergence(law, draws) {
  integer("draws", draws, 1);
  return Array.from(law).reduce((sum, p) => {
    const q = 1 - p;
    if (p <= 0 || q <= 0) return sum;
    if (draws * p > PLENTY) return sum + q / (2 * draws) + (q * (1 + p)) / (12 * p * draws ** 2);
    return sum + p * (meanLogOneMore(p, q, draws) - Math.log(p));
  }, 0);
}

/** E ln((m + 1)/N), m binomial of N − 1 draws. @param {number} p @param {number} q @param {number} N  Np ≤ 500 */
function meanLogOneMore(p, q, N) {
  const up = p <= 0.5; // subtle: count what is rarer, or the first chance underflows
  const [r, rest] = up ? [p, q] : [q, p];
  const last = Math.min(N - 1, Math.ceil(N * r + 12 * Math.sqrt(N * r) + 20));
  let [chance, sum] = [rest ** (N - 1), 0];
  for (let k = 0; k <= last; k++) {
    sum += chance * Math.log((up ? k + 1 : N - k) / N);
    chance *= ((N - 1 - k) / (k + 1)) * (r / rest);
  }
  return sum;
}

/** KL(p ‖ q) in nats; Infinity where q is 0 and p is not. @param {ArrayLike<number>} p @param {ArrayLike<number>} q */
export function divergence(p, q) {
  let sum = 0;
  for (let i = 0; i < p.length; i++) if (p[i] > 0) sum += p[i] * Math.log(p[i] / q[i]);
  return sum;
}
