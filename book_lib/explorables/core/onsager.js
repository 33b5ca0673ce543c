/**
 * What is known exactly about the infinite square lattice, and what mean field makes of it.
 * The mirror of `book_lib/_ising_exact.py`, where the formulas and their sources are written out.
 *
 *   CRITICAL_TEMPERATURE                                     2/ln(1 + √2), for J = 1
 *   onsagerMagnetization(T, J = 1)                           spontaneous m; 0 from T_c upwards and for J < 0
 *   onsagerEnergy(T, J = 1)                                  u per spin
 *   onsagerSpecificHeat(T, J = 1)                            c per spin
 *   onsagerFreeEnergy(T, J = 1), onsagerEntropy(T, J = 1)    f per spin; s = (u − f)/T in nats
 *   meanFieldMagnetization(T, h = 0, J = 1, neighbors = 4, start = 1)
 *   meanFieldFreeEnergy(m, T, h = 0, J = 1, neighbors = 4)
 */

import { finite, integer, positive } from "./checks.js";

export const CRITICAL_TEMPERATURE = 2 / Math.log(1 + Math.sqrt(2));
export const MEAN_FIELD_CRITICAL_TEMPERATURE = 4;

/** @param {number} temperature @param {number} [coupling] @returns {number} */
export function onsagerMagnetization(temperature, coupling = 1) {
  positive("temperature", temperature);
  if (finite("coupling", coupling) <= 0) return 0;
  const inverse = Math.exp((-2 * coupling) / temperature);
  const ratio = (2 * inverse) / (1 - inverse * inverse); // 1/sinh 2K
  return Math.max(0, 1 - ratio ** 4) ** 0.125;
}

/**
 * K, tanh 2K, κ″ = 2 tanh² 2K − 1, K₁ − E₁ and 1 + (2/π)κ″K₁, the integrals by Gauss's mean of 1 and |κ″|.
 *
 * @param {number} temperature @param {number} coupling
 */
function symbols(temperature, coupling) {
  const k = Math.abs(finite("coupling", coupling)) / positive("temperature", temperature);
  const tanh = Math.tanh(2 * k);
  const modulus = 2 * tanh * tanh - 1;
  if (modulus === 0) return { k, tanh, modulus, difference: Infinity, bracket: 1 };
  const cold = Math.exp(-4 * k);
  // Half of 1 − |κ″|, without the digits that the subtraction would lose when hot or cold.
  const first = modulus < 0 ? tanh * tanh : (4 * cold) / (1 + cold) ** 2;
  let [a, b, c, rest, power] = [1 - first, Math.sqrt(Math.abs(modulus)), first, 0, 1];
  let total = 2 * c * (1 - c) + c * c;
  for (let i = 0; i < 12; i++) {
    [a, b] = [(a + b) / 2, Math.sqrt(a * b)];
    c = (c * c) / (4 * a);
    rest += c;
    power *= 2;
    total += power * c * c;
  }
  const difference = (Math.PI / (2 * a)) * total;
  return { k, tanh, modulus, difference, bracket: modulus < 0 ? (first - rest) / a : 1 + modulus / a };
}

/** @param {number} temperature @param {number} [coupling] @returns {number} */
export function onsagerEnergy(temperature, coupling = 1) {
  const { k, tanh, bracket } = symbols(temperature, coupling);
  return k === 0 ? 0 : (-Math.abs(coupling) / tanh) * bracket;
}

/** @param {number} temperature @param {number} [coupling] @returns {number} */
export function onsagerSpecificHeat(temperature, coupling = 1) {
  const { k, tanh, modulus, difference, bracket } = symbols(temperature, coupling);
  if (k === 0) return 0;
  return (2 / Math.PI) * (k / tanh) ** 2 * (2 * difference - ((1 - modulus) * Math.PI * bracket) / 2);
}

/** @param {number} temperature @param {number} [coupling] @returns {number} */
export function onsagerFreeEnergy(temperature, coupling = 1) {
  const { k, modulus } = symbols(temperature, coupling);
  const step = 0.05;
  let integral = 0;
  for (let i = -64; i <= 64; i++) {
    // Double-exponential quadrature on (0, π/2): nodes crowd where the integrand may have a kink.
    const inner = (Math.PI / 2) * Math.sinh(i * step);
    const angle = (Math.PI / 4) * (1 + Math.tanh(inner));
    const weight = ((Math.PI / 4) * (Math.PI / 2) * Math.cosh(i * step) * step) / Math.cosh(inner) ** 2;
    const root = Math.sqrt((modulus * Math.cos(angle)) ** 2 + Math.sin(angle) ** 2);
    integral += weight * Math.log((1 + root) / 2);
  }
  const logCosh = 2 * k + Math.log1p(Math.exp(-4 * k));
  return -temperature * (logCosh + integral / Math.PI);
}

/** @param {number} temperature @param {number} [coupling] @returns {number} nats per spin */
export function onsagerEntropy(temperature, coupling = 1) {
  return (onsagerEnergy(temperature, coupling) - onsagerFreeEnergy(temperature, coupling)) / temperature;
}

/**
 * The solution of m = tanh((zJm + h)/T) that iteration from `start` would approach.
 *
 * @param {number} temperature @param {number} [field] @param {number} [coupling]
 * @param {number} [neighbors] @param {number} [start] from −1 to 1
 * @returns {number}
 */
export function meanFieldMagnetization(temperature, field = 0, coupling = 1, neighbors = 4, start = 1) {
  const a = (finite("coupling", coupling) * integer("neighbors", neighbors, 1)) / positive("temperature", temperature);
  const b = finite("field", field) / temperature;
  if (!(Math.abs(start) <= 1)) throw new RangeError(`start must lie between -1 and 1, got ${start}`);
  const residual = (/** @type {number} */ m) => Math.tanh(a * m + b) - m;
  if (residual(start) === 0) return start;
  const turning = [-1, 1, start];
  if (a > 1) {
    const bend = Math.acosh(Math.sqrt(a));
    turning.push(...[(-bend - b) / a, (bend - b) / a].filter((m) => Math.abs(m) < 1));
  }
  const rising = residual(start) > 0;
  const path = turning
    .filter((m) => (rising ? m >= start : m <= start))
    .sort((x, y) => (rising ? x - y : y - x));
  for (let i = 1; i < path.length; i++) {
    const end = residual(path[i]);
    if (end === 0 || end > 0 !== rising) return bisect(residual, path[i - 1], path[i]);
  }
  return path[path.length - 1];
}

/**
 * @param {(x: number) => number} f @param {number} low @param {number} high
 * @returns {number} where f changes sign, to the last bit
 */
function bisect(f, low, high) {
  const rising = f(low) > 0;
  for (;;) {
    const middle = (low + high) / 2;
    const value = f(middle);
    if (value === 0 || middle === low || middle === high) return middle;
    if (value > 0 === rising) low = middle;
    else high = middle;
  }
}

/**
 * −zJm²/2 − hm − T S(m) per spin.
 *
 * @param {number} m −1 … 1
 * @param {number} temperature @param {number} [field] @param {number} [coupling] @param {number} [neighbors]
 * @returns {number}
 */
export function meanFieldFreeEnergy(m, temperature, field = 0, coupling = 1, neighbors = 4) {
  if (!(Math.abs(m) <= 1)) throw new RangeError(`m must lie between -1 and 1, got ${m}`);
  if (finite("temperature", temperature) < 0) {
    throw new RangeError(`temperature must be at least 0, got ${temperature}`);
  }
  let entropy = 0;
  for (const share of [(1 + m) / 2, (1 - m) / 2]) if (share > 0) entropy -= share * Math.log(share);
  return (-neighbors * coupling * m * m) / 2 - field * m - temperature * entropy;
}
