// How well Hebb's rule recalls random patterns, for many units at T = 0: book_lib.hopfield.retrieval_overlap in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/hopfield.json.

import { erf } from "./laws.js";

/** The load at which the theory's fixed point is y: √(2α) = erf(y)/y − (2/√π) e^{−y²}. @param {number} y */
function loadAt(y) {
  const root = erf(y) / y - (2 / Math.sqrt(Math.PI)) * Math.exp(-y * y);
  return (root * root) / 2;
}

/** The y of the largest load, by golden-section search. */
function peak() {
  let [low, high] = [0.5, 4];
  const ratio = (Math.sqrt(5) - 1) / 2;
  while (high - low > 1e-9) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (loadAt(a) < loadAt(b)) low = a;
    else high = b;
  }
  return (low + high) / 2;
}

const PEAK = peak();

/** α_c ≈ 0.1379: above it no state near a pattern is stable. */
export const CRITICAL_LOAD = loadAt(PEAK);

/** The overlap m = erf(y) at which recall ends; 0 above α_c. @param {number} load  α > 0 */
export function retrievalOverlap(load) {
  if (!(load > 0)) throw new RangeError(`load must be greater than 0, got ${load}`);
  if (load > CRITICAL_LOAD) return 0;
  let [low, high] = [PEAK, 40];
  for (let k = 0; k < 100; k++) {
    const middle = (low + high) / 2;
    if (loadAt(middle) > load) low = middle;
    else high = middle;
  }
  return erf(low);
}
