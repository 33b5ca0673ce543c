/**
 * Chances as integer thresholds: an event of probability p happens when a uniform 32-bit word lies
 * below ⌊p·2^32⌋. The mirror of the head of `book_lib/_ising_kernels.py`.
 *
 * `exp` may differ between Python and V8 in the last bit; the threshold then differs by one only if
 * p·2^32 lies within 1e-6 of an integer, and a draw hits that one value once in 2^32 times.
 */

export const ALWAYS = 2 ** 32;

/** @param {number} probability @returns {number} ⌊p·2^32⌋, at most 2^32 */
export function threshold(probability) {
  return Math.floor(Math.min(probability, 1) * ALWAYS);
}

/** @param {number} x @returns {number} 1/(1 + e^−x) without overflow */
export function sigmoid(x) {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/**
 * Thresholds of a Metropolis flip, at index 5·(spin is up) + (number of agreeing neighbours).
 *
 * @param {number} temperature @param {number} field @param {number} coupling
 * @returns {Float64Array} 10 thresholds (a double holds 2^32, a 32-bit integer does not)
 */
export function metropolisThresholds(temperature, field, coupling) {
  const table = new Float64Array(10);
  for (const up of [0, 1]) {
    for (let agreeing = 0; agreeing < 5; agreeing++) {
      const change = 2 * (coupling * (2 * agreeing - 4) + field * (2 * up - 1));
      table[5 * up + agreeing] = threshold(Math.exp(Math.min(0, -change / temperature)));
    }
  }
  return table;
}

/**
 * Thresholds of "the new spin is up", at index (neighbour sum + degree) / 2.
 *
 * @param {number} temperature @param {number} field @param {number} coupling @param {number} [degree]
 * @returns {Float64Array} degree + 1 thresholds
 */
export function heatBathThresholds(temperature, field, coupling, degree = 4) {
  return Float64Array.from({ length: degree + 1 }, (_, k) =>
    threshold(sigmoid((2 * (coupling * (2 * k - degree) + field)) / temperature)),
  );
}
