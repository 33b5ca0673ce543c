// Softmax with a temperature, and the entropy of what it gives: book_lib.probability in JavaScript.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/softmax.json.

const HALF_A_DRAW = 2 ** -33; // keeps u off zero, where ln is not finite

/**
 * The logits less their largest, so that no exponential overflows; the checks of the Python twin.
 * @param {ArrayLike<number>} logits @param {number} temperature
 */
function shifted(logits, temperature) {
  if (!(temperature >= 0)) throw new RangeError(`temperature must be at least 0, got ${temperature}`);
  const z = Float64Array.from(logits);
  if (!z.length) throw new RangeError("logits must have at least one entry, got none");
  if (z.some((value) => Number.isNaN(value) || value === Infinity)) {
    throw new RangeError(`logits must be real numbers or -Infinity, got ${z.join(", ")}`);
  }
  const top = z.reduce((a, b) => Math.max(a, b));
  if (top === -Infinity) throw new RangeError("logits must leave at least one outcome possible");
  return z.map((value) => value - top);
}

/**
 * (z − max z)/T with its limits: at T = 0 the ties at the top alone stay, at T = Infinity all that is possible.
 * @param {Float64Array} z  from `shifted` @param {number} temperature
 */
function gaps(z, temperature) {
  if (temperature === 0) return z.map((value) => (value === 0 ? 0 : -Infinity));
  if (temperature === Infinity) return z.map((value) => (value === -Infinity ? -Infinity : 0));
  return z.map((value) => value / temperature);
}

/** @param {Float64Array} values */
const total = (values) => values.reduce((sum, value) => sum + value, 0);

/**
 * p_i = exp(z_i / T) / Σ_j exp(z_j / T): Boltzmann's law for energies −z. At T = 0 ties share the mass, at
 * T = Infinity all possible outcomes do.
 * @param {ArrayLike<number>} logits  −Infinity forbids an outcome
 * @param {number} [temperature]
 * @returns {Float64Array}
 */
export function softmax(logits, temperature = 1) {
  const z = shifted(logits, temperature);
  const weights = gaps(z, temperature).map(Math.exp);
  const sum = total(weights);
  return weights.map((weight) => weight / sum);
}

/**
 * ln softmax(z / T), without the logarithm of a number that has rounded to 0; −Infinity where p is 0.
 * @param {ArrayLike<number>} logits
 * @param {number} [temperature]
 * @returns {Float64Array}
 */
export function logSoftmax(logits, temperature = 1) {
  const scaled = gaps(shifted(logits, temperature), temperature);
  const logZ = Math.log(total(scaled.map(Math.exp)));
  return scaled.map((value) => value - logZ);
}

/**
 * H(p) = −Σ p ln p, in nats; `base` 2 gives bits. 0 ln 0 counts as 0.
 * @param {ArrayLike<number>} p
 * @param {number} [base]
 */
export function entropy(p, base = Math.E) {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    if (!(p[i] >= 0)) throw new RangeError(`p must be probabilities, got p[${i}] = ${p[i]}`);
    if (p[i] > 0) sum -= p[i] * Math.log(p[i]);
  }
  return base === Math.E ? sum : sum / Math.log(base);
}

/**
 * Gumbel noise −ln(−ln u) from 32-bit draws. argmax(z/T + g) is a draw from softmax(z/T); kept fixed, the same
 * noise lets a reader turn T and see single words change their mind.
 * @param {Uint32Array} draws
 * @returns {Float64Array}
 */
export function gumbel(draws) {
  return Float64Array.from(draws, (draw) => -Math.log(-Math.log(draw / 2 ** 32 + HALF_A_DRAW)));
}

/**
 * Index of the sample that noise g chooses at temperature T: argmax(z + T·g), the same choice as z/T + g but
 * with a limit at T = 0.
 * @param {ArrayLike<number>} logits @param {number} temperature @param {ArrayLike<number>} noise
 */
export function gumbelArgmax(logits, temperature, noise) {
  let best = 0;
  for (let i = 1; i < logits.length; i++) {
    if (logits[i] + temperature * noise[i] > logits[best] + temperature * noise[best]) best = i;
  }
  return best;
}
