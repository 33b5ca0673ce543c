// Landscapes to race on: `Quadratic`, `ravine`, `Rosenbrock`, `DoubleWell` and `Saddle` of book_lib.optimization.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/descent.json.

/** @typedef {[number, number]} Point */
/** @typedef {[number, number, number]} Hessian  xx, xy, yy */
/**
 * @typedef {object} Landscape
 * @property {(w: Point) => number} value
 * @property {(w: Point) => Point} gradient
 * @property {(w: Point) => Hessian} hessian
 * @property {Point} minimum  the lowest point, or one of two
 */

/** @param {number} a @param {number} b @returns {Landscape} ½(ax² + by²) */
function quadratic(a, b) {
  return {
    value: ([x, y]) => 0.5 * (a * (x * x) + b * (y * y)),
    gradient: ([x, y]) => [a * x, b * y],
    hessian: () => [a, 0, b],
    minimum: [0, 0],
  };
}

/** @type {Landscape} (1 − x)² + 100(y − x²)² */
const rosenbrock = {
  value: ([x, y]) => (1 - x) ** 2 + 100 * (y - x * x) ** 2,
  gradient([x, y]) {
    const across = 100 * (y - x * x);
    return [2 * (x - 1) - 4 * x * across, 2 * across];
  },
  hessian: ([x, y]) => [2 - 400 * (y - 3 * (x * x)), -400 * x, 200],
  minimum: [1, 1],
};

const TILT = 0.1;

/** @type {Landscape} ¼(x² − 1)² + 0.1x + ½y²: the left well is the deeper one */
const doubleWell = {
  value: ([x, y]) => 0.25 * (x * x - 1) ** 2 + TILT * x + (y * y) / 2,
  gradient: ([x, y]) => [x * (x * x - 1) + TILT, y],
  hessian: ([x]) => [0.25 * (12 * (x * x) - 4), 0, 1],
  minimum: [leftWell(), 0],
};

/** The smallest root of x³ − x + 0.1, by Newton from beyond it. */
function leftWell() {
  let x = -1.1;
  for (let k = 0; k < 20; k++) x -= (x * x * x - x + TILT) / (3 * x * x - 1);
  return x;
}

/** @type {Landscape} ½(x² − y²) + ¼y⁴: a saddle at the origin, minima at (0, ±1) */
const saddle = {
  value: ([x, y]) => (x * x - y * y) / 2 + (y * y * (y * y)) / 4,
  gradient: ([x, y]) => [x, y * y * y - y],
  hessian: ([, y]) => [1, 0, 3 * (y * y) - 1],
  minimum: [0, 1],
};

/** @type {Record<string, Landscape>} */
export const LANDSCAPES = { quadratic: quadratic(1, 4), ravine: quadratic(1, 100), rosenbrock, double_well: doubleWell, saddle };

/**
 * Curvatures of a symmetric 2 × 2 matrix, the larger first, and the unit axis of the larger.
 * @param {Hessian} hessian @returns {{large: number, small: number, axis: Point}}
 */
export function eigen([xx, xy, yy]) {
  const middle = (xx + yy) / 2;
  const radius = Math.hypot((xx - yy) / 2, xy);
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
  return { large: middle + radius, small: middle - radius, axis: [Math.cos(angle), Math.sin(angle)] };
}

/** L: the largest curvature, at the minimum unless a point is given. @param {Landscape} landscape @param {Point} [at] */
export function largestCurvature(landscape, at = landscape.minimum) {
  return eigen(landscape.hessian(at)).large;
}
