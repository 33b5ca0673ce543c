// The two systems behind one temperature: a magnet and a next word. No DOM in here: a test can run it under Node.

import { Ising, onsagerEntropy, onsagerMagnetization } from "../core/ising.js";
import { CounterRNG } from "../core/rng.js";
import { entropy, gumbel, gumbelArgmax, logSoftmax, softmax } from "../core/softmax.js";

/** J that puts the critical temperature of the square lattice at T = 1: ½ ln(1 + √2). */
export const COUPLING = Math.log(1 + Math.SQRT2) / 2;
export const WARM_UP = 400; // sweeps before the first picture
const NOISE = 1; // stream of the words' noise; the magnet draws from stream 0

/** @typedef {{size: number, temperature: number, seed: number}} Settings */

export class Magnet {
  /** @param {Settings} settings */
  constructor(settings) {
    this.sweeps = 0; // since the warm-up
    this.ising = warm(settings);
  }

  /** @param {Settings} settings */
  restart(settings) {
    this.sweeps = 0;
    this.ising = warm(settings);
  }

  /** @param {number} n */
  sweep(n) {
    this.ising.sweep(n);
    this.sweeps += n;
  }
}

/** From all spins up, warmed up at the temperature. @param {Settings} settings */
function warm({ size, temperature, seed }) {
  return new Ising({ size, temperature, coupling: COUPLING, algorithm: "heat_bath", seed, start: "up" }).sweep(WARM_UP);
}

/**
 * Entropy per spin of the infinite lattice, in bits: 0 when frozen, 1 when each spin tosses a coin.
 * @param {number} temperature
 */
export const spinEntropy = (temperature) => onsagerEntropy(temperature, COUPLING) / Math.LN2;

/** |m| of the infinite lattice. @param {number} temperature */
export const order = (temperature) => onsagerMagnetization(temperature, COUPLING);

export class Words {
  /** @param {{words: string[], logits: number[], seed: number}} settings */
  constructor({ words, logits, seed }) {
    this.words = words;
    this.logits = Float64Array.from(logits);
    /** Energy of a word: −ln p at T = 1. So p ∝ exp(−E/T) at every T. */
    this.energies = logSoftmax(this.logits, 1).map((p) => -p);
    this.rng = new CounterRNG(seed, NOISE);
  }

  /** @param {number} temperature */
  probabilities(temperature) {
    return softmax(this.logits, temperature);
  }

  /** In bits. @param {number} temperature */
  entropy(temperature) {
    return entropy(this.probabilities(temperature), 2);
  }

  /** Mean energy. @param {number} temperature */
  energy(temperature) {
    return this.probabilities(temperature).reduce((sum, p, i) => sum + p * this.energies[i], 0);
  }

  /**
   * The word drawn at a place in the stream. Its noise belongs to the place, so that another temperature is another
   * answer to the same toss.
   * @param {number} place @param {number} temperature @returns {number} index of the word
   */
  sample(place, temperature) {
    const draws = new Uint32Array(this.words.length);
    this.rng.counter = place * draws.length;
    this.rng.fill(draws);
    return gumbelArgmax(this.logits, temperature, gumbel(draws));
  }
}
