// The thermodynamics of a few energy levels: `boltzmann`, `mean_energy` and `heat_capacity` of book_lib.probability.
// Pure mathematics: no DOM, no clock, no Math.random. Golden vectors: tests/golden/thermal.json.

import { entropy, softmax } from "./softmax.js";

/** @typedef {{p: Float64Array, entropy: number, energy: number, heat: number}} Thermal  entropy in nats */

/**
 * p_i ∝ exp(−E_i/T) at 0 ≤ T ≤ Infinity.
 * @param {ArrayLike<number>} energies  Infinity forbids a state @param {number} temperature
 */
export function boltzmann(energies, temperature) {
  return softmax(Float64Array.from(energies, (e) => -e), temperature);
}

/**
 * Law, entropy, mean energy and heat capacity Var E/T² at one temperature.
 * @param {ArrayLike<number>} energies @param {number} temperature
 * @returns {Thermal}
 */
export function thermal(energies, temperature) {
  const p = boltzmann(energies, temperature);
  const mean = (/** @type {(e: number) => number} */ fn) => p.reduce((sum, v, i) => (v > 0 ? sum + v * fn(energies[i]) : sum), 0);
  const energy = mean((e) => e);
  // subtle: the variance of E/T, since T² underflows before anything else does; at T = 0 only ties are left
  const heat = temperature === 0 ? 0 : mean((e) => ((e - energy) / temperature) ** 2);
  return { p, entropy: entropy(p), energy, heat };
}

/**
 * Energies that belong to scores, counted from the lowest: max z − z. A constant added to all scores changes none.
 * @param {ArrayLike<number>} logits
 */
export function energiesOf(logits) {
  const top = Math.max(...Array.from(logits));
  return Float64Array.from(logits, (z) => top - z);
}
