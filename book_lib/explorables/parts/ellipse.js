// The half axes of an ellipse as two grips that keep who they are while the ellipse turns. No DOM in here.

import { eigen, fromAxes } from "../core/gaussian.js";

/** @typedef {import("../core/gaussian.js").Matrix} Matrix */
/** @typedef {{sigma1: number, sigma2: number, rho: number}} Spread */

/** Standard deviations and correlation of a matrix, rounded as a reader sets them. @param {Matrix} m @returns {Spread} */
export function spreadOf({ s11, s12, s22 }) {
  const round = (/** @type {number} */ v) => Math.round(100 * v) / 100 + 0; // + 0: no −0
  const [sigma1, sigma2] = [Math.sqrt(s11), Math.sqrt(s22)];
  return { sigma1: round(sigma1), sigma2: round(sigma2), rho: round(s12 / (sigma1 * sigma2)) };
}

/** Whether the explorable takes them. @param {Spread} s */
export const allowed = ({ sigma1, sigma2, rho }) =>
  [sigma1, sigma2].every((v) => v >= 0.3 && v <= 2) && Math.abs(rho) <= 0.99;

export class Grips {
  angle = 0;
  /** Half axes: of the first grip, and of the second, a right angle further. */
  lengths = [1, 1];

  /** Find the two axes of a new matrix, each by the grip that was nearest to it. @param {Matrix} m */
  follow(m) {
    const { long, short, angle } = eigen(m);
    const [a, b] = [Math.sqrt(long), Math.sqrt(short)];
    if (a - b < 1e-6) {
      this.lengths = [a, b];
      return;
    }
    const quarters = Math.round((this.angle - angle) / (Math.PI / 2));
    this.angle = angle + (quarters * Math.PI) / 2;
    this.lengths = quarters % 2 ? [b, a] : [a, b];
  }

  /** Where a grip is. @param {number} i @returns {[number, number]} */
  tip(i) {
    const angle = this.angle + (i * Math.PI) / 2;
    return [this.lengths[i] * Math.cos(angle), this.lengths[i] * Math.sin(angle)];
  }

  /** The matrix when grip i is pulled to a point. @param {number} i @param {number} x @param {number} y @returns {Matrix} */
  pull(i, x, y) {
    const lengths = this.lengths.map((v, k) => (k === i ? Math.hypot(x, y) : v));
    return fromAxes(lengths[0], lengths[1], Math.atan2(y, x) - (i * Math.PI) / 2);
  }
}
