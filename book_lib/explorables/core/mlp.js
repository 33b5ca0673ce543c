// A multilayer perceptron with one logit, its training and its temperature: book_lib/explorables/mlp_playground.py, that
// is book_lib.neural.MLP, optimization.batches and the tensor engine, in JavaScript. Typed arrays throughout.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/mlp.json.

import { CounterRNG } from "./rng.js";

export const EDGE = 3; // the plane reaches from −3 to 3
const FAR = 2.95;
/** What a network sees of a point: its coordinates, or their products too, divided by 3. */
export const INPUTS = ["x₁", "x₂", "x₁²/3", "x₂²/3", "x₁x₂/3"];
export const SAMPLE = 200; // the first half to train on, the second half to test
const BLOW_UP = 1e10; // growth of the loss that counts as divergence
const [WEIGHTS, POINTS, BATCHES] = [0, 1, 2]; // streams of the seed

/** @typedef {{x: Float64Array, t: Uint8Array, n: number}} Examples  x: (n, 2) row by row; t: classes 0 and 1 */
/** @typedef {"tanh" | "relu" | "sigmoid" | "identity"} ActivationName */
/** @typedef {{data: string, points: number[], noise: number, seed: number}} Source */
/** @typedef {{train: Examples, test: Examples}} Sets */
/** @typedef {{regularization: number, penalty: string}} Penalty */

/** 1/(1 + e^−z). @param {number} z */
export const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** ln(1 + e^z), without overflow. @param {number} z */
export const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/**
 * g of the first n numbers of an array, in place, and the slope g′ at h = g(z): loops of their own, for speed.
 * @type {Record<string, {all: (z: Float64Array, n: number) => void, slope: (h: number) => number}>}
 */
const ACTIVATIONS = {
  tanh: {
    all: (z, n) => {
      for (let i = 0; i < n; i++) z[i] = Math.tanh(z[i]);
    },
    slope: (h) => 1 - h * h,
  },
  relu: {
    all: (z, n) => {
      for (let i = 0; i < n; i++) if (z[i] < 0) z[i] = 0; // subtle: asked so, NaN stays NaN and is caught
    },
    slope: (h) => (h > 0 ? 1 : 0),
  },
  sigmoid: {
    all: (z, n) => {
      for (let i = 0; i < n; i++) z[i] = 1 / (1 + Math.exp(-z[i]));
    },
    slope: (h) => h * (1 - h),
  },
  identity: { all: () => {}, slope: () => 1 },
};

/**
 * Z = XWᵀ + c for n rows of D numbers.
 * @param {Float64Array} W @param {Float64Array} c @param {Float64Array} X @param {Float64Array} Z @param {number} n @param {number} D
 */
function affine(W, c, X, Z, n, D) {
  const C = c.length;
  for (let i = 0; i < n; i++) {
    const row = i * D;
    for (let u = 0; u < C; u++) {
      let z = 0;
      for (let k = 0, w = u * D; k < D; k++, w++) z += W[w] * X[row + k];
      Z[i * C + u] = z + c[u];
    }
  }
}

// ---------------------------------------------------------------------------------------------------------- data

/**
 * 200 points of a data set and their classes, in turn 0 and 1.
 * @param {string} data @param {number} noise @param {number} seed
 * @returns {Examples}
 */
export function sample(data, noise, seed) {
  const rng = new CounterRNG(seed, POINTS);
  const uniform = Float64Array.from({ length: 2 * SAMPLE }, () => rng.random());
  const jitter = Float64Array.from({ length: 2 * SAMPLE }, () => rng.standardNormal());
  const scatter = noise + (data === "bells" ? 0.4 : 0);
  const x = new Float64Array(2 * SAMPLE);
  const t = Uint8Array.from({ length: SAMPLE }, (_, i) => i % 2);
  for (let i = 0; i < SAMPLE; i++) {
    clean(data, i, uniform[2 * i], uniform[2 * i + 1]).forEach((v, k) => {
      x[2 * i + k] = Math.min(FAR, Math.max(-FAR, v + scatter * jitter[2 * i + k]));
    });
  }
  return { x, t, n: SAMPLE };
}

/** Where point i of a data set lies without noise. @param {string} data @param {number} i @param {number} u @param {number} v */
function clean(data, i, u, v) {
  const one = i % 2 === 1;
  const sign = (i >> 1) % 2 ? -1 : 1;
  if (data === "circles") {
    const radius = one ? 1.1 * Math.sqrt(u) : 1.8 + 0.8 * u;
    return [radius * Math.cos(2 * Math.PI * v), radius * Math.sin(2 * Math.PI * v)];
  }
  if (data === "xor") return [sign * (0.25 + 2.25 * u), (one ? -sign : sign) * (0.25 + 2.25 * v)];
  if (data === "bells") return one ? [1.2, 1.2] : [-1.2, -1.2];
  const turn = 3 * Math.PI * u + Math.PI * (i % 2);
  return [(0.2 + 2.4 * u) * Math.sin(turn), (0.2 + 2.4 * u) * Math.cos(turn)];
}

/** What to train on and what is held out: every fourth of own points, the second half of others. @param {Source} source @returns {Sets} */
export function sets({ data, points, noise, seed }) {
  if (data !== "own") {
    const { x, t } = sample(data, noise, seed);
    const part = (/** @type {number} */ from) => ({ x: x.slice(2 * from, 2 * from + SAMPLE), t: t.slice(from, from + SAMPLE / 2), n: SAMPLE / 2 });
    return { train: part(0), test: part(SAMPLE / 2) };
  }
  const rows = Array.from({ length: Math.floor(points.length / 3) }, (_, i) => points.slice(3 * i, 3 * i + 3));
  const of = (/** @type {number[][]} */ some) => ({ x: Float64Array.from(some.flatMap(([a, b]) => [a, b])), t: Uint8Array.from(some, (row) => row[2]), n: some.length });
  return { train: of(rows.filter((_, i) => i % 4 !== 3)), test: of(rows.filter((_, i) => i % 4 === 3)) };
}

// ------------------------------------------------------------------------------------------------------- network

/** Weights and activations of a network; `theta` holds everything in one row, layer by layer, weights before biases. */
export class Network {
  /** @param {number[]} sizes @param {string} activation @param {number} seed */
  constructor(sizes, activation, seed) {
    this.sizes = sizes;
    this.g = ACTIVATIONS[activation];
    const depth = sizes.length - 1;
    const starts = [0];
    for (let l = 0; l < depth; l++) starts.push(starts[l] + (sizes[l] + 1) * sizes[l + 1]);
    this.theta = new Float64Array(starts[depth]);
    /** W of each layer, a row a unit. */
    this.weights = Array.from({ length: depth }, (_, l) => this.theta.subarray(starts[l], starts[l] + sizes[l] * sizes[l + 1]));
    this.biases = Array.from({ length: depth }, (_, l) => this.theta.subarray(starts[l] + sizes[l] * sizes[l + 1], starts[l + 1]));
    this.draw(activation, seed);
    this.room = 0; // examples for which there is room
    /** Activations of all layers, row by row. @type {Float64Array[]} */
    this.h = [];
    /** Error signals z̄, likewise. @type {Float64Array[]} */
    this.bars = [];
    this.reserve(1);
  }

  /** Normal weights of variance gain/fan-in, biases 0. @param {string} activation @param {number} seed */
  draw(activation, seed) {
    const rng = new CounterRNG(seed, WEIGHTS);
    rng.counter = this.theta.length; // subtle: the library's layers draw even weights first, which MLP then replaces
    this.weights.forEach((weights, l) => {
      const gain = activation === "relu" && l < this.weights.length - 1 ? 2 : 1;
      const spread = Math.sqrt(gain / this.sizes[l]);
      for (let k = 0; k < weights.length; k++) weights[k] = spread * rng.standardNormal();
    });
  }

  /** @param {number} n */
  reserve(n) {
    if (n <= this.room) return;
    this.room = n;
    this.h = this.sizes.map((size) => new Float64Array(size * n));
    this.bars = this.sizes.map((size) => new Float64Array(size * n));
  }

  /**
   * Activations of all layers for n examples: `h[0]` the inputs … `h[L]` the logits, row by row.
   * @param {Float64Array} x @param {number} n @param {ArrayLike<number> | null} [rows]  which of x; all in order if null
   */
  forward(x, n, rows = null) {
    this.reserve(n);
    const { h, sizes, g } = this;
    for (let i = 0; i < n; i++) {
      const from = rows ? rows[i] : i;
      const [a, b] = [x[2 * from], x[2 * from + 1]];
      const at = sizes[0] * i;
      h[0][at] = a;
      h[0][at + 1] = b;
      if (sizes[0] < 5) continue;
      h[0][at + 2] = (a * a) / EDGE;
      h[0][at + 3] = (b * b) / EDGE;
      h[0][at + 4] = (a * b) / EDGE;
    }
    const last = sizes.length - 2;
    for (let l = 0; l <= last; l++) {
      affine(this.weights[l], this.biases[l], h[l], h[l + 1], n, sizes[l]);
      if (l < last) g.all(h[l + 1], n * sizes[l + 1]);
    }
    return h[last + 1];
  }

  /**
   * Loss on some examples with its penalty, and its gradient into `slope`; the error signals stay in `bars`.
   * @param {Examples} examples @param {ArrayLike<number> | null} rows @param {Penalty} penalty @param {Float64Array} slope
   */
  gradient({ x, t, n: all }, rows, penalty, slope) {
    const n = rows ? rows.length : all;
    const z = this.forward(x, n, rows);
    const top = this.sizes.length - 1;
    let loss = 0;
    for (let i = 0; i < n; i++) {
      const label = t[rows ? rows[i] : i];
      loss += softplus(label ? -z[i] : z[i]);
      this.bars[top][i] = (sigmoid(z[i]) - label) / n;
    }
    slope.fill(0);
    this.backward(n, slope);
    return loss / n + this.shrink(penalty, slope);
  }

  /** z̄ of each layer from that above, and what they make of the weights. @param {number} n @param {Float64Array} slope */
  backward(n, slope) {
    const { h, bars, sizes, g } = this;
    let end = slope.length;
    for (let l = sizes.length - 2; l >= 0; l--) {
      const [D, C, W, below, bar, lower] = [sizes[l], sizes[l + 1], this.weights[l], h[l], bars[l + 1], bars[l]];
      const c = end - C;
      const w = c - C * D;
      if (l) lower.fill(0, 0, n * D);
      for (let i = 0; i < n; i++) {
        for (let u = 0; u < C; u++) {
          const zbar = bar[i * C + u];
          slope[c + u] += zbar;
          for (let k = 0; k < D; k++) {
            slope[w + u * D + k] += zbar * below[i * D + k];
            if (l) lower[i * D + k] += W[u * D + k] * zbar;
          }
        }
      }
      if (l) for (let k = 0; k < n * D; k++) lower[k] *= g.slope(below[k]);
      end = w;
    }
  }

  /** The penalty's share of loss and gradient. @param {Penalty} penalty @param {Float64Array} slope */
  shrink({ regularization, penalty }, slope) {
    if (!regularization) return 0;
    let size = 0;
    for (const weights of this.weights) {
      const first = weights.byteOffset / 8 - this.theta.byteOffset / 8;
      for (let k = 0; k < weights.length; k++) {
        const w = weights[k];
        size += penalty === "l2" ? (w * w) / 2 : Math.abs(w);
        slope[first + k] += regularization * (penalty === "l2" ? w : Math.sign(w));
      }
    }
    return regularization * size;
  }

  /** Length of all weights, biases apart. */
  get norm() {
    return Math.sqrt(this.weights.reduce((sum, weights) => sum + weights.reduce((part, w) => part + w * w, 0), 0));
  }
}

// ------------------------------------------------------------------------------------------------------ training

/**
 * @typedef {object} Settings
 * @property {string} data @property {number[]} points @property {string} inputs @property {number[]} hidden @property {string} activation
 * @property {string} method @property {number} learning_rate @property {string} penalty @property {number} regularization
 * @property {number} batch_size @property {number} noise @property {number} seed
 */

/** A training, step by step: the same steps as the library makes. */
export class Training {
  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    this.sets = sets(settings);
    this.network = new Network([settings.inputs === "products" ? 5 : 2, ...settings.hidden.filter((width) => width > 0), 1], settings.activation, settings.seed);
    const size = this.network.theta.length;
    this.slope = new Float64Array(size);
    this.mean = new Float64Array(size); // Adam's
    this.square = new Float64Array(size);
    this.moments = 0; // steps behind the two means
    this.rng = new CounterRNG(settings.seed, BATCHES);
    /** @type {Uint32Array} */
    this.order = new Uint32Array(0);
    this.at = 0; // place in the order
    this.steps = 0;
    this.dealt = 0; // rounds through the examples, a batch being its share of one
    this.first = NaN; // the loss of the first step
    /** @type {"" | "loss" | "gradient" | "growth"} */
    this.diverged = "";
  }

  /** Whole rounds through the examples, whatever the batches were on the way. */
  get rounds() {
    return Math.floor(this.dealt + 1e-9);
  }

  /** Other knobs for the same weights. @param {Settings} settings */
  turn(settings) {
    if (settings.method !== this.settings.method) {
      this.moments = 0; // Adam begins afresh: old means would be corrected for the wrong number of steps
      this.mean.fill(0);
      this.square.fill(0);
    }
    this.settings = settings;
    this.at = this.order.length; // deal anew: the batches may be of another size
  }

  /** The rows of the next batch; null: all, in their order. @returns {Uint32Array | null} */
  deal() {
    const [n, size] = [this.sets.train.n, this.settings.batch_size];
    if (size >= n) return null;
    if (this.at >= this.order.length) {
      this.order = this.rng.permutation(n);
      this.at = 0;
    }
    const rows = this.order.subarray(this.at, this.at + size);
    this.at += rows.length;
    return rows;
  }

  /** One step downhill on the next batch, unless it diverges. @returns {number} the loss of that batch before the step */
  step() {
    const { network, slope, settings } = this;
    if (this.diverged || !this.sets.train.n) return NaN;
    const rows = this.deal();
    const loss = network.gradient(this.sets.train, rows, settings, slope);
    if (Number.isNaN(this.first)) this.first = loss;
    if (!Number.isFinite(loss)) this.diverged = "loss";
    else if (loss > BLOW_UP * Math.max(1, this.first)) this.diverged = "growth";
    else if (!slope.every(Number.isFinite)) this.diverged = "gradient";
    if (this.diverged) return loss;
    if (settings.method === "adam") this.adam();
    else for (let k = 0; k < slope.length; k++) network.theta[k] -= settings.learning_rate * slope[k];
    this.steps++;
    this.dealt += rows ? rows.length / this.sets.train.n : 1;
    return loss;
  }

  /** Adam with β₁ = 0.9, β₂ = 0.999, ε = 1e-8. */
  adam() {
    const { slope, mean, square, network, settings } = this;
    this.moments++;
    const [a, b] = [1 - 0.9 ** this.moments, 1 - 0.999 ** this.moments];
    for (let k = 0; k < slope.length; k++) {
      mean[k] = 0.9 * mean[k] + (1 - 0.9) * slope[k];
      square[k] = 0.999 * square[k] + (1 - 0.999) * slope[k] * slope[k];
      network.theta[k] -= (settings.learning_rate * (mean[k] / a)) / (Math.sqrt(square[k] / b) + 1e-8);
    }
  }
}

// ------------------------------------------------------------------------------------------------------ measures

/** @typedef {{logits: Float64Array, t: Uint8Array, n: number}} Answers */

/** The logits of all examples, in an array of their own. @param {Network} network @param {Examples} examples @returns {Answers} */
export function answers(network, { x, t, n }) {
  return { logits: network.forward(x, n).slice(0, n), t, n };
}

/** Mean of −ln p(label) for σ(z/T); NaN for nobody. @param {Answers} answers @param {number} [temperature] */
export function crossEntropy({ logits, t, n }, temperature = 1) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += softplus((t[i] ? -logits[i] : logits[i]) / temperature);
  return n ? sum / n : NaN;
}

/** Share of examples on their side of 0; NaN for nobody. @param {Answers} answers */
export function accuracy({ logits, t, n }) {
  let right = 0;
  for (let i = 0; i < n; i++) right += Number(logits[i] > 0 === t[i] > 0);
  return n ? right / n : NaN;
}

/**
 * The T with the least loss: where ⟨z⟩ under p is what it is under the labels. 0 where colder is always better, ∞ where
 * hotter is, NaN for nobody.
 * @param {Answers} answers
 */
export function bestTemperature({ logits, t, n }) {
  if (!n) return NaN;
  const right = (/** @type {number} */ z, /** @type {number} */ i) => (t[i] ? z : -z);
  if (logits.every((z, i) => right(z, i) > 0)) return 0;
  const scale = logits.reduce((most, z) => Math.max(most, Math.abs(z)), 0);
  if (scale === 0 || logits.reduce((sum, z, i) => sum + right(z, i), 0) <= 0) return Infinity;
  const slope = (/** @type {number} */ beta) => logits.reduce((sum, z, i) => sum + z * (sigmoid(Math.max(-700, Math.min(700, beta * z))) - t[i]), 0);
  let [low, high] = [0, 1 / scale];
  while (slope(high) < 0 && high < 1e12 / scale) [low, high] = [high, 2 * high];
  for (let k = 0; k < 200 && high - low > 1e-15 * high; k++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return 2 / (low + high);
}

/**
 * L, the largest curvature of the loss on all training examples, by the power method on differences of gradients.
 * Where a negative curvature is as large in size, or larger, a second run with all curvatures lifted finds the largest.
 * @param {Network} network @param {Examples} examples @param {Penalty} penalty @param {number} [rounds]
 */
export function sharpness(network, examples, penalty, rounds = 100) {
  const start = network.theta.slice();
  const [plus, minus] = [new Float64Array(start.length), new Float64Array(start.length)];
  const times = (/** @type {Float64Array} */ v) => {
    const h = 1e-6; // subtle: short, or a ReLU that bends within reach of the difference looks like curvature
    for (const [sign, into] of /** @type {[number, Float64Array][]} */ ([[h, plus], [-h, minus]])) {
      for (let k = 0; k < v.length; k++) network.theta[k] = start[k] + sign * v[k];
      network.gradient(examples, null, penalty, into);
    }
    return plus.map((a, k) => (a - minus[k]) / (2 * h));
  };
  let { top, stretch } = dominant(times, start.length, 0, rounds);
  if (top < 0.99 * stretch) ({ top } = dominant(times, start.length, stretch, rounds));
  network.theta.set(start);
  return top;
}

/** v·Hv and |Hv| for the v that H + lift·1 stretches most. @param {(v: Float64Array) => Float64Array} times @param {number} size @param {number} lift @param {number} rounds */
function dominant(times, size, lift, rounds) {
  let v = Float64Array.from({ length: size }, (_, k) => Math.cos(1 + k)); // not orthogonal to anything in particular
  let [top, stretch] = [0, 0];
  for (let k = 0; k < rounds; k++) {
    const norm = Math.sqrt(v.reduce((sum, one) => sum + one * one, 0));
    if (!(norm > 0)) return { top: 0, stretch: 0 };
    v = v.map((one) => one / norm);
    const Hv = times(v);
    const next = Hv.reduce((sum, one, i) => sum + one * v[i], 0);
    const settled = k > 5 && Math.abs(next - top) < 1e-6 * Math.abs(next);
    [top, stretch] = [next, Math.sqrt(Hv.reduce((sum, one) => sum + one * one, 0))];
    if (settled) break;
    const own = v;
    v = Hv.map((one, i) => one + lift * own[i]);
  }
  return { top, stretch };
}
