// A function on 0 … 2π and the network of n hidden units that is built to meet it: width_approximation.py in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/width.json.

export const END = 2 * Math.PI;
export const FINE = 4096; // pieces of the grid on which the largest error is looked for
const STEEP = 24; // σ(24u), u in pieces: a step of about a fifth of a piece

/** @typedef {{base: number, places: Float64Array, heights: Float64Array}} Units */

/** @type {Record<string, (x: number) => number>} */
export const FUNCTIONS = {
  sin: Math.sin,
  corner: (x) => Math.abs(x - Math.PI) / Math.PI,
  root: (x) => Math.sqrt(Math.max(x, 0) / END),
};

/** One hidden unit at a distance u from its place, pieces being h long. @param {string} activation @param {number} u @param {number} h */
export function unit(activation, u, h) {
  if (activation === "relu") return Math.max(u, 0);
  return 1 / (1 + Math.exp(-Math.min(700, Math.max(-700, (STEEP * u) / h))));
}

/** The constant, and place and outer weight of each hidden unit. @param {string} name @param {number} n @param {string} activation @returns {Units} */
export function units(name, n, activation) {
  const h = END / n;
  const f = FUNCTIONS[name];
  const values = Float64Array.from({ length: n + 1 }, (_, k) => f(h * k));
  const places = Float64Array.from({ length: n }, (_, k) => h * (activation === "relu" ? k : k + 0.5));
  const rise = (/** @type {number} */ k) => values[k + 1] - values[k];
  const heights = Float64Array.from({ length: n }, (_, k) => (activation === "sigmoid" ? rise(k) : (rise(k) - (k ? rise(k - 1) : 0)) / h));
  return { base: values[0], places, heights };
}

/** What the network gives. @param {Units} made @param {string} activation @param {number} x */
export function network({ base, places, heights }, activation, x) {
  const h = END / places.length;
  let y = base;
  for (let k = 0; k < places.length; k++) y += heights[k] * unit(activation, x - places[k], h);
  return y;
}

/** The largest |f − network| on the grid, and where. @param {string} name @param {number} n @param {string} activation */
export function largestError(name, n, activation) {
  const made = units(name, n, activation);
  let [most, at] = [0, 0];
  for (let i = 0; i <= FINE; i++) {
    const x = (END * i) / FINE;
    const gap = Math.abs(FUNCTIONS[name](x) - network(made, activation, x));
    if (gap > most) [most, at] = [gap, x];
  }
  return { error: most, at };
}

/** What the error cannot exceed. @param {string} name @param {number} n @param {string} activation */
export function bound(name, n, activation) {
  const h = END / n;
  if (name === "corner") return h / 2 / Math.PI;
  if (activation === "relu") return name === "sin" ? (h * h) / 8 : Math.sqrt(1 / n) / 4;
  return name === "sin" ? h / 2 : Math.sqrt(1 / (2 * n));
}
