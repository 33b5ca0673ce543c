// An area by darts: `monte_carlo_integral` of a shape in the unit square, with the same darts.
// Mirrors book_lib/explorables/darts.py. Pure mathematics: no DOM, no clock, no Math.random.
// Golden vectors: tests/golden/darts.json.

import { oneOf } from "./checks.js";
import { CounterRNG } from "./rng.js";

/** @typedef {"quarter" | "flower"} Shape */

export const PETAL = 0.36; // the flower is r = PETAL·(1 + WAVE·cos 5φ) around the middle
export const WAVE = 0.3;
const SHAPES = /** @type {const} */ (["quarter", "flower"]);
const WORD = 2 ** 32;
const BLOCK = 4096; // words at a time

/** @type {Record<Shape, number>} */
export const AREA = { quarter: Math.PI / 4, flower: Math.PI * PETAL ** 2 * (1 + WAVE ** 2 / 2) };

/** @param {Shape} shape @param {number} x @param {number} y */
export function inside(shape, x, y) {
  if (shape === "quarter") return x * x + y * y <= 1;
  const [u, v] = [x - 0.5, y - 0.5];
  const r = Math.sqrt(u * u + v * v);
  const c = r > 0 ? u / r : 1;
  const square = c * c;
  return r <= PETAL * (1 + WAVE * (c * ((16 * square - 20) * square + 5))); // cos 5φ without a cosine
}

/** A board: darts thrown one after another, and what they say about the area. */
export class Board {
  /** @param {Shape} shape @param {number} seed @param {number} [stream] */
  constructor(shape, seed, stream = 0) {
    this.shape = /** @type {Shape} */ (oneOf("shape", shape, SHAPES));
    this.rng = new CounterRNG(seed, stream);
    this.n = 0;
    this.hits = 0;
    this.words = new Uint32Array(BLOCK);
  }

  /**
   * Throw n darts: x and then y of each, one word of the generator for either.
   * @param {number} n @param {(x: number, y: number, hit: boolean) => void} [onDart]
   */
  throw(n, onDart) {
    for (let left = 2 * n; left > 0; left -= BLOCK) {
      const count = Math.min(left, BLOCK);
      this.rng.fill(this.words, count);
      for (let i = 0; i < count; i += 2) {
        const [x, y] = [this.words[i] / WORD, this.words[i + 1] / WORD];
        const hit = inside(this.shape, x, y);
        if (hit) this.hits++;
        onDart?.(x, y, hit);
      }
    }
    this.n += n;
    return this;
  }

  /** The estimate of the area, NaN before the first dart. */
  get mean() {
    return this.n ? this.hits / this.n : NaN;
  }

  /** Its standard error s/√N, with the sample's own standard deviation s; needs two darts. */
  get error() {
    const { n, mean } = this;
    return n > 1 ? Math.sqrt((mean * (1 - mean)) / (n - 1)) : NaN;
  }
}
