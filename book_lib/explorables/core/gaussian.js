// A Gaussian in the plane around 0: `book_lib.probability.MultivariateNormal` for two variables, in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/laws.json.

/** @typedef {{s11: number, s12: number, s22: number}} Matrix  symmetric, 2 × 2 */
/** @typedef {{long: number, short: number, angle: number}} Axes  eigenvalues, and the direction of the longer axis */

/** Σ from standard deviations and a correlation. @param {number} a @param {number} b @param {number} rho @returns {Matrix} */
export function covariance(a, b, rho) {
  if (!(a > 0) || !(b > 0)) throw new RangeError(`standard deviations must be greater than 0, got ${a} and ${b}`);
  if (!(Math.abs(rho) < 1)) throw new RangeError(`covariance must be positive definite: |rho| < 1, got ${rho}`);
  return { s11: a * a, s12: rho * a * b, s22: b * b };
}

/** Eigenvalues of Σ and the angle of the first eigenvector, −π/2 to π/2. @param {Matrix} m @returns {Axes} */
export function eigen({ s11, s12, s22 }) {
  const middle = (s11 + s22) / 2;
  const half = Math.hypot((s11 - s22) / 2, s12);
  const long = middle + half;
  // subtle: det/long, since middle − half loses its digits when the ellipse is thin
  return { long, short: (s11 * s22 - s12 * s12) / long, angle: Math.atan2(2 * s12, s11 - s22) / 2 };
}

/** The matrix with these half axes, a along the angle. @param {number} a @param {number} b @param {number} angle @returns {Matrix} */
export function fromAxes(a, b, angle) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return { s11: (a * c) ** 2 + (b * s) ** 2, s12: (a * a - b * b) * c * s, s22: (a * s) ** 2 + (b * c) ** 2 };
}

/** L with L Lᵀ = Σ. @param {Matrix} m */
export function cholesky({ s11, s12, s22 }) {
  const l11 = Math.sqrt(s11);
  const l21 = s12 / l11;
  return { l11, l21, l22: Math.sqrt(s22 - l21 * l21) };
}

/**
 * Points L z from standard normal pairs z, so that the same noise makes any cloud.
 * @param {Matrix} m @param {ArrayLike<number>} noise  z₁, z₂ of the first point, then of the next …
 * @returns {[number, number][]}
 */
export function cloud(m, noise) {
  const { l11, l21, l22 } = cholesky(m);
  /** @type {[number, number][]} */
  const points = [];
  for (let i = 0; i + 1 < noise.length; i += 2) points.push([l11 * noise[i], l21 * noise[i] + l22 * noise[i + 1]]);
  return points;
}

/** ln of the density. @param {Matrix} m @param {number} x @param {number} y */
export function logDensity({ s11, s12, s22 }, x, y) {
  const det = s11 * s22 - s12 * s12;
  const distance = (s22 * x * x - 2 * s12 * x * y + s11 * y * y) / det;
  return -distance / 2 - Math.log(det) / 2 - Math.log(2 * Math.PI);
}

/** Mean and variance of x₂ where x₁ = c. @param {Matrix} m @param {number} c */
export function conditional({ s11, s12, s22 }, c) {
  return { mean: (s12 / s11) * c, variance: s22 - (s12 * s12) / s11 };
}

/** Sample covariance around the sample mean, divided by n. @param {ArrayLike<ArrayLike<number>>} points @returns {Matrix} */
export function sampleCovariance(points) {
  const n = points.length;
  let [sx, sy] = [0, 0];
  for (let i = 0; i < n; i++) [sx, sy] = [sx + points[i][0], sy + points[i][1]];
  const [mx, my] = [sx / n, sy / n];
  let [s11, s12, s22] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [dx, dy] = [points[i][0] - mx, points[i][1] - my];
    s11 += (dx * dx) / n;
    s12 += (dx * dy) / n;
    s22 += (dy * dy) / n;
  }
  return { s11, s12, s22 };
}
