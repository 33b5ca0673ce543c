// The tail of the standard normal law, with all its digits: Python's math.erfc in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/detector.json.

import { erf } from "./laws.js";

/**
 * erfc(x) = 1 − erf(x); far out by a continued fraction (DLMF 7.9.3), since 1 − erf has no digits left there.
 * @param {number} x
 * @returns {number}
 */
export function erfc(x) {
  if (x < 2) return 1 - erf(x);
  let tail = x;
  for (let n = 120; n >= 1; n--) tail = x + n / 2 / tail; // from the bottom of the fraction up
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}

/** The probability that a standard normal variable exceeds z. @param {number} z */
export const upperTail = (z) => erfc(z / Math.SQRT2) / 2;

/** Density of the standard normal law. @param {number} z */
export const bell = (z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
