// Legendre polynomials and the least-squares fit in them: book_lib.polynomials in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/legendre.json.

import { finite, integer } from "./checks.js";
import { leastSquares } from "./regression.js";
import { CounterRNG } from "./rng.js";

/**
 * P₀(x) … P_degree(x) by (n + 1) P_{n+1} = (2n + 1) x P_n − n P_{n−1}.
 * @param {number} x @param {number} degree
 * @returns {Float64Array}
 */
export function legendre(x, degree) {
  const p = new Float64Array(integer("degree", degree, 0) + 1).fill(1);
  if (degree > 0) p[1] = finite("x", x);
  for (let n = 1; n < degree; n++) p[n + 1] = ((2 * n + 1) * x * p[n] - n * p[n - 1]) / (n + 1);
  return p;
}

/** Σ w_n P_n(x). @param {number} x @param {ArrayLike<number>} weights */
export function series(x, weights) {
  return legendre(x, weights.length - 1).reduce((sum, p, n) => sum + p * weights[n], 0);
}

/**
 * The weights with the least mean squared error, by Householder reflections of the matrix P_n(x_i).
 * @param {ArrayLike<number>} x @param {ArrayLike<number>} t @param {number} degree
 * @returns {Float64Array} degree + 1 of them
 */
export function fitLegendre(x, t, degree) {
  if (x.length !== t.length) throw new RangeError(`x and t must have the same length, got ${x.length} and ${t.length}`);
  const different = new Set(Array.from(x)).size;
  integer("degree", degree, 0, different - 1);
  const rows = Array.from(x, (v) => legendre(v, degree));
  return leastSquares(rows, t);
}

/**
 * n points of the wave sin πx with noise, x uniform in [−1, 1): first all x are drawn, then all the noise.
 * @param {number} n @param {CounterRNG} rng @param {number} noise
 */
export function noisyWave(n, rng, noise) {
  const x = Float64Array.from({ length: n }, () => 2 * rng.random() - 1);
  return { x, t: x.map((v) => Math.sin(Math.PI * v) + noise * rng.standardNormal()) };
}

/**
 * Mean squared error of weights on points.
 * @param {{x: Float64Array, t: Float64Array}} data @param {ArrayLike<number>} weights
 */
export function meanSquaredError({ x, t }, weights) {
  return x.reduce((sum, v, i) => sum + (t[i] - series(v, weights)) ** 2, 0) / x.length;
}
