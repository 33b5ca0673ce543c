// A law tilted by a reward, π* ∝ π_ref e^{r/β}; a reward that is linear in features, fitted to choices; pairs to choose from.
// Twin: book_lib/pipeline/_tilt.py (the tilt) and book_lib/explorables/taste_tilted.py (the rest).
// Pure mathematics: no DOM. Golden vectors: tests/golden/tilt.json.

import { entropy } from "./softmax.js";
import { CounterRNG } from "./rng.js";

const STEPS = 60; // of Newton's method, at most; it needs six or so
const ENOUGH = 1e-9; // a step so small was the last but one: the next would be its square
const HALVINGS = 40;
const ROUNDING = 1e-12;
// subtle: streams of their own: from that of the samples, pairs would come in the order of the samples' own numbers.
const [COIN, ORDER] = [1, 2];

/** Σ a b. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * π* = π_ref e^{r/β}/Z. At β = ∞ it is the reference; at 0 the outcomes with the largest reward share the mass as they
 * do in the reference. What the reference forbids stays forbidden.
 * @param {ArrayLike<number>} reference  a law @param {ArrayLike<number>} reward @param {number} beta  0 ≤ β ≤ ∞
 * @returns {Float64Array}
 */
export function tilt(reference, reward, beta) {
  const allowed = Array.from(reference, (p) => p > 0);
  const highest = Math.max(...Array.from(reward).filter((_, i) => allowed[i]));
  const weights = Float64Array.from(reference, (p, i) => {
    if (!allowed[i]) return 0;
    const gap = reward[i] - highest;
    if (beta === 0) return gap === 0 ? p : 0;
    return p * Math.exp(gap / beta);
  });
  const total = weights.reduce((sum, w) => sum + w, 0);
  return weights.map((w) => w / total);
}

/** β ln Σ π_ref e^{r/β}, the largest ⟨r⟩ − β KL(π‖π_ref). @param {ArrayLike<number>} reference @param {ArrayLike<number>} reward @param {number} beta  0 < β < ∞ */
export function tiltedValue(reference, reward, beta) {
  const highest = Math.max(...Array.from(reward).filter((_, i) => reference[i] > 0));
  let sum = 0;
  for (let i = 0; i < reward.length; i++) sum += reference[i] * Math.exp((reward[i] - highest) / beta);
  return highest + beta * Math.log(sum);
}

/** Draws from the reference, reweighted: weights that add up to 1. @param {ArrayLike<number>} rewards  of the draws @param {number} beta */
export const reweighted = (rewards, beta) => tilt(new Float64Array(rewards.length).fill(1 / rewards.length), rewards, beta);

/** KL(π‖π_ref) as reweighted draws estimate it: ln N − H(w), in nats. @param {ArrayLike<number>} weights */
export const divergence = (weights) => Math.max(0, Math.log(weights.length) - entropy(weights));

/** As how many equal weights these count: 1/Σw². @param {ArrayLike<number>} weights */
export const effectiveSize = (weights) => 1 / dot(weights, weights);

/**
 * Columns brought to mean 0 and standard deviation 1; one that never changes becomes 0.
 * @param {number[][]} features  a row each
 */
export function standardized(features) {
  const count = features.length;
  const names = features[0].map((_, k) => k);
  const mean = names.map((k) => features.reduce((sum, row) => sum + row[k], 0) / count);
  const scale = names.map((k) => Math.sqrt(features.reduce((sum, row) => sum + (row[k] - mean[k]) ** 2, 0) / count));
  const rows = features.map((row) => row.map((v, k) => (scale[k] > ROUNDING ? (v - mean[k]) / scale[k] : 0)));
  return { rows, mean, scale };
}

/**
 * The weights of a Bradley–Terry reward w·φ: the smallest Σ ln(1 + e^{−w·Δ}) + λ/2 |w|², by Newton's method.
 * @param {number[][]} differences  features of what was preferred less those of the other, a row for each choice
 * @param {number} ridge  λ > 0
 * @param {number} width  K
 * @returns {Float64Array} K of them; 0 without a choice
 */
export function fitTaste(differences, ridge, width) {
  let w = new Float64Array(width);
  if (!differences.length) return w;
  let value = loss(differences, w, ridge);
  for (let step = 0; step < STEPS; step++) {
    const move = newtonStep(differences, w, ridge);
    let size = 1;
    let next = w.map((v, k) => v - move[k]);
    for (let k = 0; k < HALVINGS && loss(differences, next, ridge) > value * (1 + ROUNDING); k++) {
      size /= 2; // subtle: far from the end a whole step may climb
      next = w.map((v, j) => v - size * move[j]);
    }
    w = next;
    value = loss(differences, w, ridge);
    if (Math.max(...move.map(Math.abs)) <= ENOUGH) break;
  }
  return w;
}

/** @param {number[][]} differences @param {Float64Array} w @param {number} ridge */
function loss(differences, w, ridge) {
  return differences.reduce((sum, row) => sum + softplus(-dot(row, w)), (ridge / 2) * dot(w, w));
}

/** ln(1 + e^x) without overflow. @param {number} x */
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** σ(x). @param {number} x */
export const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** H⁻¹g of the loss. @param {number[][]} differences @param {Float64Array} w @param {number} ridge */
function newtonStep(differences, w, ridge) {
  const width = w.length;
  const gradient = Float64Array.from(w, (v) => ridge * v);
  const hessian = Array.from({ length: width }, (_, i) => Float64Array.from({ length: width }, (_, j) => (i === j ? ridge : 0)));
  for (const row of differences) {
    const doubt = sigmoid(-dot(row, w));
    for (let i = 0; i < width; i++) {
      gradient[i] -= doubt * row[i];
      for (let j = 0; j < width; j++) hessian[i][j] += doubt * (1 - doubt) * row[i] * row[j];
    }
  }
  return solve(hessian, gradient);
}

/** The solution of a positive definite system, by Cholesky's factors, which take the place of the matrix. @param {Float64Array[]} a @param {Float64Array} b */
function solve(a, b) {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i][j];
      for (let k = 0; k < j; k++) sum -= a[i][k] * a[j][k];
      a[i][j] = i === j ? Math.sqrt(sum) : sum / a[j][j];
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= a[i][k] * x[k];
    x[i] /= a[i][i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= a[k][i] * x[k];
    x[i] /= a[i][i];
  }
  return x;
}

/**
 * Pairs of different answers, each used once: in random order, an answer meets the first that waits and has other features.
 * @param {number[][]} features @param {number} seed @param {number} count
 * @returns {[number, number][]}
 */
export function choosePairs(features, seed, count) {
  /** @type {[number, number][]} */
  const pairs = [];
  /** @type {number[]} */
  const waiting = [];
  for (const i of new CounterRNG(seed, ORDER).permutation(features.length)) {
    if (pairs.length === count) break;
    const at = waiting.findIndex((j) => features[j].some((v, k) => v !== features[i][k]));
    if (at < 0) waiting.push(i);
    else pairs.push([waiting.splice(at, 1)[0], i]);
  }
  return pairs;
}

/** A coin for each pair: 0 the first, 1 the second. @param {number} seed @param {number} count */
export const coins = (seed, count) => Array.from(new CounterRNG(seed, COIN).fill(new Uint32Array(count)), (word) => word >>> 31);

/**
 * What a judge chooses who counts features: of each pair the one with more, or by coin if they are equal.
 * @param {number[][]} features @param {[number, number][]} pairs @param {number[] | null} worth  of each feature; null: by coin @param {number} seed
 */
export function judged(features, pairs, worth, seed) {
  const coin = coins(seed, pairs.length);
  return pairs.map(([a, b], i) => {
    const gap = worth ? dot(features[a], worth) - dot(features[b], worth) : 0;
    return Math.abs(gap) <= ENOUGH ? coin[i] : gap > 0 ? 0 : 1;
  });
}

/**
 * Divergence and means along the tilt, one for each β.
 * @param {ArrayLike<number>} rewards  of the reference's draws @param {ArrayLike<number>[]} values  what is averaged @param {number[]} betas
 */
export function along(rewards, values, betas) {
  return betas.map((beta) => {
    const weights = reweighted(rewards, beta);
    return { beta, kl: divergence(weights), size: effectiveSize(weights), means: values.map((one) => dot(weights, one)) };
  });
}

/** Numbers from high to low whose ratios are equal. @param {number} high @param {number} low @param {number} count */
export const ladder = (high, low, count) => Array.from({ length: count }, (_, i) => high * (low / high) ** (i / (count - 1)));
