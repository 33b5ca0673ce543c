// The Beta law of an unknown probability, and what it predicts: `book_lib.probability.Beta` in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/laws.json.

import { positive } from "./checks.js";

// Lanczos' approximation with g = 7 and nine terms, good to 1e-15 relative for x > 0 (Numerical Recipes, section 6.1).
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** ln Γ(x) for x > 0. @param {number} x @returns {number} */
export function logGamma(x) {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const y = x - 1;
  const sum = LANCZOS.reduce((all, c, i) => all + (i ? c / (y + i) : c), 0);
  const t = y + 7.5;
  return Math.log(2 * Math.PI) / 2 + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** ln B(a, b). @param {number} a @param {number} b */
export const logBeta = (a, b) => logGamma(a) + logGamma(b) - logGamma(a + b);

/** x ln y with 0 ln 0 = 0. @param {number} x @param {number} y */
const xlogy = (x, y) => (x === 0 ? 0 : x * Math.log(y));

/** ln of the density at μ. @param {number} a @param {number} b @param {number} mu */
export function logDensity(a, b, mu) {
  return xlogy(a - 1, mu) + xlogy(b - 1, 1 - mu) - logBeta(a, b);
}

/** Mean, variance, and the place of the maximum (NaN when the density has none inside or at one end). @param {number} a @param {number} b */
export function summary(a, b) {
  positive("a", a);
  positive("b", b);
  const n = a + b;
  return { mean: a / n, variance: (a * b) / (n * n * (n + 1)), mode: mode(a, b) };
}

/** @param {number} a @param {number} b */
function mode(a, b) {
  if (a === 1 && b === 1) return NaN; // flat: every bias is as probable as any other
  if (a < 1 && b < 1) return NaN; // two ends without bound
  if (a <= 1) return b <= 1 && a > b ? 1 : 0;
  return b <= 1 ? 1 : (a - 1) / (a + b - 2);
}

/**
 * P(μ ≤ x): the regularised incomplete beta function by its continued fraction (Numerical Recipes, section 6.4).
 * @param {number} a @param {number} b @param {number} x @returns {number}
 */
export function cdf(a, b, x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b));
  return x < (a + 1) / (a + b + 2) ? (front * fraction(a, b, x)) / a : 1 - (front * fraction(b, a, 1 - x)) / b;
}

/** Lentz's method. @param {number} a @param {number} b @param {number} x */
function fraction(a, b, x) {
  const tiny = 1e-300;
  const safe = (/** @type {number} */ v) => (Math.abs(v) < tiny ? tiny : v);
  let c = 1;
  let d = 1 / safe(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < 1000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const step of [even, odd]) {
      d = 1 / safe(1 + step * d);
      c = safe(1 + step / c);
      change = c * d;
      value *= change;
    }
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return value;
}

/** μ with P(μ' ≤ μ) = q, by bisection. @param {number} a @param {number} b @param {number} q */
export function quantile(a, b, q) {
  let [low, high] = [0, 1];
  for (let n = 0; n < 60; n++) {
    const middle = (low + high) / 2;
    if (cdf(a, b, middle) < q) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The interval with equal tails that holds this share. @param {number} a @param {number} b @param {number} [share] @returns {[number, number]} */
export function interval(a, b, share = 0.95) {
  return [quantile(a, b, (1 - share) / 2), quantile(a, b, (1 + share) / 2)];
}

/** ln of n choose k. @param {number} n @param {number} k */
const logChoose = (n, k) => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);

/** P(k heads in the next n flips), the bias unknown. @param {number} a @param {number} b @param {number} n @param {number} k */
export function betaBinomial(a, b, n, k) {
  return Math.exp(logChoose(n, k) + logBeta(a + k, b + n - k) - logBeta(a, b));
}

/** P(k heads in n flips of a coin with bias p). @param {number} p @param {number} n @param {number} k */
export function binomial(p, n, k) {
  return Math.exp(logChoose(n, k) + xlogy(k, p) + xlogy(n - k, 1 - p));
}

/** Variance of the number of heads in the next n flips. @param {number} a @param {number} b @param {number} n */
export function predictiveVariance(a, b, n) {
  const m = a / (a + b);
  return (n * m * (1 - m) * (a + b + n)) / (a + b + 1);
}
