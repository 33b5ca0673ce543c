// A line through points, by closed form and by gradient descent: book_lib.explorables.hand_fit in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/line.json.

import { CounterRNG } from "./rng.js";

export const POINTS = 12;
export const LOW = -1; // the points lie from here …
export const HIGH = 3; // … to here
export const RATE = 0.1; // learning rate of the race
export const LONGEST = 400; // steps of a race

/** @typedef {{x: Float64Array, t: Float64Array}} Points */
/** @typedef {[number, number]} Line  slope and intercept */

/** @param {ArrayLike<number>} values */
const mean = (values) => Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;

/**
 * Twelve points about a line: one x in each twelfth, then its knobs, then the noise.
 * @param {number} seed @returns {Points}
 */
export function lineData(seed) {
  const rng = new CounterRNG(seed);
  const x = Float64Array.from({ length: POINTS }, (_, i) => LOW + ((HIGH - LOW) * (i + rng.random())) / POINTS);
  const slope = 0.4 + 1.2 * rng.random();
  const intercept = -0.5 + 2 * rng.random();
  const sign = rng.random() < 0.5 ? 1 : -1;
  return { x, t: x.map((v) => sign * slope * v + intercept + (1 - sign) + 0.6 * rng.standardNormal()) };
}

/** Mean squared error of a line. @param {Points} points @param {Line} line */
export function lineLoss({ x, t }, [slope, intercept]) {
  return mean(x.map((v, i) => (t[i] - slope * v - intercept) ** 2));
}

/**
 * The least-squares line: slope Σ(x − x̄)(t − t̄)/Σ(x − x̄)², intercept t̄ − slope·x̄.
 * @param {Points} points @returns {Line}
 */
export function bestLine({ x, t }) {
  const [mx, mt] = [mean(x), mean(t)];
  const slope = mean(x.map((v, i) => (v - mx) * (t[i] - mt))) / mean(x.map((v) => (v - mx) ** 2));
  return [slope, mt - slope * mx];
}

/** Gradient of the mean squared error. @param {Points} points @param {Line} line @returns {Line} */
export function gradient({ x, t }, [slope, intercept]) {
  const miss = x.map((v, i) => slope * v + intercept - t[i]);
  return [2 * mean(miss.map((m, i) => m * x[i])), 2 * mean(miss)];
}

/** One step downhill. @param {Points} points @param {Line} line @param {number} [rate] @returns {Line} */
export function descend(points, line, rate = RATE) {
  const slope = gradient(points, line);
  return [line[0] - rate * slope[0], line[1] - rate * slope[1]];
}

/**
 * The ellipse on which the loss is `more` above its least: (δ₀ δ₁) M (δ₀ δ₁)ᵀ = more, with M the means of x², x and 1.
 * @param {Points} points @param {number} more @param {number} [count]  corners
 * @returns {Line[]}
 */
export function contour(points, more, count = 96) {
  const [xx, x] = [mean(points.x.map((v) => v * v)), mean(points.x)];
  const best = bestLine(points);
  const spread = Math.sqrt(xx - x * x); // the quadratic form is spread²·δ₀² + (δ₁ + x·δ₀)²
  return Array.from({ length: count }, (_, k) => {
    const angle = (2 * Math.PI * k) / count;
    const slope = (Math.sqrt(more) * Math.cos(angle)) / spread;
    return [best[0] + slope, best[1] + Math.sqrt(more) * Math.sin(angle) - x * slope];
  });
}
